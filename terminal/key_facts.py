"""What may be known of keys and of typed secrets. Law: values only; no key, no PIN and no component is in any."""

from __future__ import annotations

import msgspec


class SecretEntry(msgspec.Struct, frozen=True):
    """What may be typed, and how long it may take. `may_skip`: confirm on nothing is an answer too."""

    least: int = 4  # ISO 9564-1, 4.1
    most: int = 12
    may_skip: bool = True
    first_seconds: float = 60.0
    between_seconds: float = 20.0


class SealedPin(msgspec.Struct, frozen=True):
    """F52: 8 bytes, or 16 (SM4, ISO format 4). `ksn` where its key is one of DUKPT."""

    block: bytes
    ksn: bytes = b""

    def __repr__(self) -> str:
        """Never the block."""
        return "SealedPin()"


class KeyFact(msgspec.Struct, frozen=True):
    """`place` and `usage` as in keys/places.py; `check_value` hex, "" where there is none; `made` ISO 8601.

    `source`: "components", "bundle", "remote", "sign-in", "test", "own".
    """

    place: str
    usage: str
    cipher: str
    check_value: str
    made: str
    source: str


class VaultFacts(msgspec.Struct, frozen=True):
    """`state`: "ready", "empty" (no master key) or "erased"; `protection`: "tpm", "credential", "passphrase", "file".

    `erased` says why and when; `generation` counts every change of the file.
    """

    state: str
    protection: str
    generation: int
    keys: tuple[KeyFact, ...] = ()
    erased: str = ""
    erased_at: str = ""
