"""DUKPT's counter through every power cut: no KSN twice, none that is skipped, none after the last."""

import contextlib
import random
from collections.abc import Callable

import msgspec
import pytest

from keys.algorithms import dukpt_aes, dukpt_tdes
from keys.algorithms.dukpt import RULES, DukptDevice, FutureKeys, Ksn, NextKey, TransactionKey, derived, loaded, spend
from terminal.ports import KeyRefused

TDES, AES = Ksn(bytes.fromhex("FFFF9876543210E00000")), Ksn(bytes.fromhex("123456789012345600000000"))
IMAGES = 15_000  # of each of seven starts
# what is held near the end and near the skips is as good a start as the beginning
STARTS = {TDES: (0, 0x003FC, 0x0FF600, 0x1FE000), AES: (0, 0x1FFF0, 0xFFFE0000)}


class PowerCut(Exception):
    """In the middle of `store`, or just before the key is used."""


def model(key: bytes, ksn: Ksn) -> bytes:
    """A cheap next_key, which tells the KSN it is for."""
    return ksn.encoded()


def held_after(counter: int, initial: Ksn, next_key: NextKey = model, first: bytes = b"first") -> FutureKeys:
    """What a terminal holds after `counter`, from the host's way."""
    keys = []
    for bit in range(initial.rule.bits):
        above = counter >> bit << bit
        is_to_come = not counter >> bit & 1 and above.bit_count() < initial.rule.most_ones
        keys.append(derived(next_key, first, Ksn(initial.initial, above | 1 << bit)).key if is_to_come else b"")
    return FutureKeys(Ksn(initial.initial, counter), tuple(keys))


def last(initial: Ksn) -> int:
    """As many ones as there may be, all on the left."""
    return (1 << initial.rule.bits) - (1 << initial.rule.bits - initial.rule.most_ones)


class Terminal:
    """A disk, what was used, and a supply that fails at a chosen moment."""

    def __init__(self, device: Callable[..., DukptDevice], start: FutureKeys, chance: random.Random) -> None:
        self.disk, self.used, self.twice, self.most_ones = start, set[int](), list[int](), 0
        self._device, self._chance, self._cut = device, chance, ""

    def run(self) -> None:
        """From power-up to power cut."""
        self._cut = self._chance.choice(("before", "after", "used"))
        device = self._device(model, self.disk, self._store)
        steps = self._chance.randrange(3)
        for step in range(steps + 1):
            self._is_last = step == steps
            try:
                spent = device.advance()
            except PowerCut:
                return
            assert spent.key == spent.ksn.encoded()  # it is the key of that KSN
            self.twice += [spent.ksn.counter] * (spent.ksn.counter in self.used)
            self.used.add(spent.ksn.counter)
            self.most_ones = max(self.most_ones, spent.ksn.counter.bit_count())

    def _store(self, future: FutureKeys) -> None:
        if self._is_last and self._cut == "before":
            raise PowerCut
        self.disk = future
        if self._is_last and self._cut == "after":
            raise PowerCut


def images(device: Callable[..., DukptDevice], initial: Ksn, counter: int, count: int) -> Terminal:
    terminal = Terminal(device, held_after(counter, initial), random.Random(counter))
    for _ in range(count):
        try:
            terminal.run()
        except KeyRefused:  # again from the start, with a new initial key
            assert terminal.disk.spent.counter == last(initial)
            terminal.disk, terminal.used = held_after(counter, initial), set()
    return terminal


@pytest.mark.parametrize(("initial", "counter"), [(initial, at) for initial in STARTS for at in STARTS[initial]])
def test_no_ksn_is_used_twice_whenever_the_power_fails(initial: Ksn, counter: int) -> None:
    terminal = images(DukptDevice, initial, counter, IMAGES)
    assert terminal.twice == []
    assert terminal.most_ones <= initial.rule.most_ones


def test_a_device_that_stores_too_late_is_caught() -> None:
    """The control of the test above."""

    class Late(DukptDevice):
        def advance(self) -> TransactionKey:
            key, self._future = spend(self._next_key, self._future)
            with contextlib.suppress(PowerCut):
                self._store(self._future)
            return key

    assert images(Late, TDES, 0, 1000).twice


def test_what_cannot_be_stored_is_not_used() -> None:
    full = True

    def store(future: FutureKeys) -> None:
        if full:
            raise OSError("no space left on device")
        stored.append(future.spent.counter)

    stored: list[int] = []
    device = DukptDevice(model, loaded(model, b"first", TDES), store)
    for _ in range(3):
        with pytest.raises(OSError, match="no space"):
            device.advance()
    full = False
    assert [device.advance().ksn.counter for _ in range(3)] == stored == [1, 2, 3]


@pytest.mark.parametrize(("initial", "before_last"), [(TDES, 0x1FF400), (AES, 0xFFFE8000)])
def test_after_the_last_ksn_there_is_none(initial: Ksn, before_last: int) -> None:
    stored: list[FutureKeys] = []
    device = DukptDevice(model, held_after(before_last, initial), stored.append)
    assert device.advance().ksn.counter == last(initial)
    for _ in range(3):
        with pytest.raises(KeyRefused):
            device.advance()
    assert len(stored) == 1


def test_every_counter_of_a_tdes_ksn() -> None:
    """X9.24-1:2009, A.1: over a million; exactly those with one to ten ones, in order."""
    counters, ksn = 0, TDES
    expected = (counter for counter in range(1, 1 << 21) if counter.bit_count() <= 10)
    for counter in expected:
        ksn = ksn.following()
        counters += 1
        assert ksn.counter == counter
    assert counters == (1 << 20) - 1
    with pytest.raises(KeyRefused):
        ksn.following()


@pytest.mark.parametrize(
    ("before", "after"),
    [(0x0001FFFE, 0x00020000), (0xFFFE2000, 0xFFFE4000), (0xFFFE4000, 0xFFFE8000), (0xFFFE8000, 0xFFFF0000)],
)
def test_skips_of_an_aes_ksn(before: int, after: int) -> None:
    """The counters of X9.24-3's vectors (github.com/openemv/dukpt, test/dukpt_aes256_test.c)."""
    assert Ksn(AES.initial, before).following().counter == after


@pytest.mark.parametrize("size", [*range(10), 11, *range(13, 20)])
def test_a_ksn_of_another_length(size: int) -> None:
    for make in (Ksn.of, Ksn):
        with pytest.raises(KeyRefused):
            make(bytes(size))


@pytest.mark.parametrize("initial", [TDES, AES])
def test_a_counter_that_is_none(initial: Ksn) -> None:
    size, rule = len(initial.initial), RULES[len(initial.initial)]
    for counter in (-1, 1 << rule.bits, (1 << rule.bits) - 1, (1 << rule.most_ones + 1) - 1):
        with pytest.raises(KeyRefused):
            Ksn(initial.initial, counter)
    with pytest.raises(KeyRefused):
        Ksn.of(b"\xff" * size)
    with pytest.raises(KeyRefused):
        Ksn(initial.initial[:-1] + b"\x01")


def test_an_initial_ksn_has_no_key_and_only_it_is_loaded() -> None:
    with pytest.raises(KeyRefused):
        derived(model, b"first", TDES)
    with pytest.raises(KeyRefused):
        loaded(model, b"first", Ksn(TDES.initial, 1))


def test_future_keys_of_another_ksn() -> None:
    whole = loaded(model, b"first", TDES)
    for keys in ((), whole.keys[:-1], (b"", *whole.keys[1:]), loaded(model, b"first", AES).keys):
        with pytest.raises(KeyRefused):
            spend(model, FutureKeys(TDES, keys))


@pytest.mark.parametrize(("rules", "initial"), [(dukpt_tdes, TDES), (dukpt_aes, AES)])
def test_what_is_stored_is_what_is_read_and_nothing_shows_a_key(rules: object, initial: Ksn) -> None:
    next_key: NextKey = rules.next_key  # type: ignore[attr-defined]
    first: bytes = rules.initial_key(rules.BDK_TEST, initial)  # type: ignore[attr-defined]
    future = loaded(next_key, first, initial)
    assert msgspec.json.decode(msgspec.json.encode(future), type=FutureKeys) == future
    device = DukptDevice(next_key, future, lambda _: None)
    spent = device.advance()
    said = initial.following().encoded().hex().upper()
    assert repr(spent) == f"TransactionKey({said})"
    assert repr(device) == f"DukptDevice(FutureKeys(after {said}))"
    assert held_after(1, initial, next_key, first) == spend(next_key, future)[1]
