"""The TEST keys of the virtual cards, by name. Law: read from test_keys.json once; no key is ever made here."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import msgspec

from keys.card_certificates import RsaKey

KEYS = Path(__file__).parent / "test_keys.json"


class StoredKey(msgspec.Struct, frozen=True):
    """An RSA key by its primes, in hex."""

    p: str
    q: str
    exponent: int

    @property
    def rsa(self) -> RsaKey:
        return RsaKey(int(self.p, 16), int(self.q, 16), self.exponent)

    def __repr__(self) -> str:
        """Never the key."""
        return f"StoredKey({self.rsa!r})"


class Authority(msgspec.Struct, frozen=True):
    """`index` is 8F, in hex."""

    index: str
    key: StoredKey


class KeyRing(msgspec.Struct, frozen=True):
    """Authorities and issuers by RID, chips by the name that a card's file gives."""

    note: str
    authorities: Mapping[str, Authority]
    issuers: Mapping[str, StoredKey]
    chips: Mapping[str, StoredKey]
    pin: StoredKey


@cache
def key_ring() -> KeyRing:
    """The shipped keys."""
    return msgspec.json.decode(KEYS.read_bytes(), type=KeyRing)
