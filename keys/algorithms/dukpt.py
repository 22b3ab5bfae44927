"""DUKPT's counter: every KSN has a key of its own. Law: a KSN is spent in the store before its key is used.

What a terminal holds between two uses cannot give back a key that was used (ANSI X9.24-1:2009, A.3; X9.24-3:2017, 6):
one future key for each counter bit. A host, which has the initial key, derives straight to the KSN.

The KSN after EFF800, X9.24-1:2009, A.4.3, and the last one of all:

>>> Ksn.of(bytes.fromhex("FFFF9876543210EFF800")).following().encoded().hex().upper()
'FFFF9876543210EFF801'
>>> Ksn.of(bytes.fromhex("FFFF9876543210FFF800")).following()
Traceback (most recent call last):
    ...
terminal.device_errors.KeyRefused: the last KSN of this initial key is spent
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from terminal.ports import KeyRefused


class CounterRule(msgspec.Struct, frozen=True):
    """The last `bits` of a KSN count; a counter with more than `most_ones` of them set is skipped."""

    bits: int
    most_ones: int


RULES = {10: CounterRule(21, 10), 12: CounterRule(32, 16)}  # by bytes of a KSN: X9.24-1, X9.24-3


class Ksn(msgspec.Struct, frozen=True):
    """`initial` is the KSN with a counter of zero: 10 bytes (TDES), 12 (AES). Raises KeyRefused."""

    initial: bytes
    counter: int = 0

    def __post_init__(self) -> None:
        """A counter that would have been skipped is none."""
        rule = RULES.get(len(self.initial))
        if rule is None:
            raise KeyRefused(f"a KSN of {len(self.initial)} bytes is none")
        if int.from_bytes(self.initial) % (1 << rule.bits) or not 0 <= self.counter < 1 << rule.bits:
            raise KeyRefused(f"the counter of this KSN is not {rule.bits} bits")
        if self.counter.bit_count() > rule.most_ones:
            raise KeyRefused(f"the counter of this KSN has more than {rule.most_ones} ones")

    @classmethod
    def of(cls, encoded: bytes) -> Ksn:
        """As it stands in a message. Raises KeyRefused."""
        rule = RULES.get(len(encoded))
        if rule is None:
            raise KeyRefused(f"a KSN of {len(encoded)} bytes is none")
        identifier, counter = divmod(int.from_bytes(encoded), 1 << rule.bits)
        return cls((identifier << rule.bits).to_bytes(len(encoded)), counter)

    def encoded(self) -> bytes:
        """As it stands in a message."""
        return (int.from_bytes(self.initial) | self.counter).to_bytes(len(self.initial))

    @property
    def rule(self) -> CounterRule:
        """Of this length of KSN."""
        return RULES[len(self.initial)]

    @property
    def has_children(self) -> bool:
        """Whether a counter with one more bit is still one."""
        return self.counter.bit_count() < self.rule.most_ones

    def following(self) -> Ksn:
        """The next one in use (X9.24-1, A.3, New Key). Raises KeyRefused after the last."""
        counter = self.counter + (1 if self.has_children else lowest_bit(self.counter))
        if counter >> self.rule.bits:
            raise KeyRefused("the last KSN of this initial key is spent")
        return Ksn(self.initial, counter)


class TransactionKey(msgspec.Struct, frozen=True):
    """What the working keys of one KSN are made from."""

    ksn: Ksn
    key: bytes

    def __repr__(self) -> str:
        """The KSN only."""
        return f"TransactionKey({self.ksn.encoded().hex().upper()})"


class FutureKeys(msgspec.Struct, frozen=True):
    """What a terminal holds after `spent`: by counter bit, lowest first, the key to come or nothing."""

    spent: Ksn
    keys: tuple[bytes, ...]

    def __repr__(self) -> str:
        """The KSN only."""
        return f"FutureKeys(after {self.spent.encoded().hex().upper()})"


NextKey = Callable[[bytes, Ksn], bytes]  # a key, and the KSN with one more bit: the key of that KSN
Store = Callable[[FutureKeys], None]  # returns when they are where a power cut cannot reach them


def derived(next_key: NextKey, initial_key: bytes, ksn: Ksn) -> TransactionKey:
    """The host's way: from the highest counter bit down. Raises KeyRefused."""
    if not ksn.counter:
        raise KeyRefused("the initial KSN has no key to work with")
    key, counter = initial_key, 0
    for bit in reversed(range(ksn.rule.bits)):
        if ksn.counter >> bit & 1:
            counter |= 1 << bit
            key = next_key(key, Ksn(ksn.initial, counter))
    return TransactionKey(ksn, key)


def loaded(next_key: NextKey, initial_key: bytes, initial: Ksn) -> FutureKeys:
    """What a terminal keeps of its initial key, which it then forgets. Raises KeyRefused."""
    if initial.counter:
        raise KeyRefused("a terminal starts with the initial KSN")
    return FutureKeys(initial, _children(next_key, initial_key, initial, initial.rule.bits))


def spend(next_key: NextKey, future: FutureKeys) -> tuple[TransactionKey, FutureKeys]:
    """The next key, and what is held after it: neither that key nor one before it follows. Raises KeyRefused."""
    ksn = future.spent.following()
    bit = lowest_bit(ksn.counter).bit_length() - 1
    if len(future.keys) != ksn.rule.bits or not future.keys[bit]:
        raise KeyRefused("the future keys do not belong to their KSN")
    key = future.keys[bit]
    fresh = _children(next_key, key, ksn, bit) if ksn.has_children else (b"",) * bit
    return TransactionKey(ksn, key), FutureKeys(ksn, (*fresh, b"", *future.keys[bit + 1 :]))


class DukptDevice:
    """A terminal's DUKPT: every key once. `store` takes what to start from after a power cut."""

    def __init__(self, next_key: NextKey, future: FutureKeys, store: Store) -> None:
        self._next_key, self._future, self._store = next_key, future, store

    def __repr__(self) -> str:
        """The KSN only."""
        return f"DukptDevice({self._future!r})"

    def advance(self) -> TransactionKey:
        """The key of a KSN that was never used. Raises KeyRefused when there is none left, and what `store` raises."""
        key, future = spend(self._next_key, self._future)
        self._store(future)
        self._future = future
        return key


def lowest_bit(counter: int) -> int:
    """The lowest one of `counter` alone; 0 of 0."""
    return counter & -counter


def _children(next_key: NextKey, key: bytes, ksn: Ksn, bits: int) -> tuple[bytes, ...]:
    return tuple(next_key(key, Ksn(ksn.initial, ksn.counter | 1 << bit)) for bit in range(bits))
