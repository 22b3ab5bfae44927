"""What this vault has seen before. Law: a key that was one thing is never another; a spent KSN never comes back.

F62 has no usage in it, and a delivery may come twice. So a keyed hash of each key is kept with its usage, and of each
initial key of DUKPT how far its counter went. Neither is a secret, and both outlive erasing.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

import msgspec

from keys.algorithms.block_cipher import DES
from keys.algorithms.dukpt import FutureKeys
from terminal.ports import KeyRefused

MOST = 256  # keys that are remembered, the newest: 85 sign-ins with three keys
PARITY = 0xFE  # DES knows no lowest bit (FIPS 46-3)


class History(msgspec.Struct, frozen=True):
    """`usages` by tag of a key, oldest first; `counters` by initial KSN, hex; `salt` makes tags this vault's own."""

    salt: bytes = b""
    usages: dict[str, str] = {}
    counters: dict[str, int] = {}

    def __repr__(self) -> str:
        """How much, not what."""
        return f"History({len(self.usages)} keys)"

    def with_keys(self, keys: Iterable[tuple[str, str, bytes]]) -> History:
        """Of (usage, cipher, secret). Raises KeyRefused for a key that is, or was, for something else."""
        seen = dict(self.usages)
        for usage, cipher, secret in keys:
            tag = self._tag(significant(cipher, secret))
            if seen.get(tag, usage) != usage:
                raise KeyRefused(f"a key for {usage} is or was one for {seen[tag]}: a key does one thing")
            seen.pop(tag, None)
            seen[tag] = usage
        return msgspec.structs.replace(self, usages=dict(list(seen.items())[-MOST:]))

    def with_future(self, old: FutureKeys | None, new: FutureKeys | None) -> History:
        """`old` is given up for `new`. Raises KeyRefused for an initial key whose KSNs were used."""
        counters = dict(self.counters)
        if old is not None and old.spent.counter:
            counters[old.spent.initial.hex()] = old.spent.counter
        if new is not None and not new.spent.counter and new.spent.initial.hex() in counters:
            raise KeyRefused("the KSNs of this DUKPT key were used before: the bank must send another")
        return msgspec.structs.replace(self, counters=counters)

    def _tag(self, secret: bytes) -> str:
        return hmac.new(self.salt, secret, hashlib.sha256).hexdigest()[:32]


def significant(cipher: str, secret: bytes) -> bytes:
    """What of a key makes a difference.

    >>> significant("des", bytes.fromhex("0123FF")).hex(), significant("aes", bytes.fromhex("0123FF")).hex()
    ('0022fe', '0123ff')
    """
    return bytes(byte & PARITY for byte in secret) if cipher == DES.name else secret
