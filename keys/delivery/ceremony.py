"""A key brought in parts by several custodians. Law: nobody of them learns the key, and one person is not two.

Dual control and split knowledge (PCI PIN, requirements 6-1 and 12; ANSI X9.24-1): components of full length, combined
by XOR. Nothing of it is on the disk before the combined key is confirmed.
"""

from __future__ import annotations

from functools import reduce

import msgspec

from keys.algorithms.block_cipher import AES, DES, SM4, xor
from keys.algorithms.check_value import check_value
from keys.history import significant
from keys.places import LOADED, usage_of
from terminal.ports import CeremonyRefused

LEAST, MOST = 2, 3  # components
SECONDS = 900.0  # from its beginning to the key confirmed
SIZES = {DES.name: (16, 24), SM4.name: (16,), AES.name: (16, 24, 32)}  # no single DES is loaded by hand


class Ceremony(msgspec.Struct, frozen=True):
    """`components` by custodian, in the order they were entered."""

    place: str
    cipher: str
    size: int
    components: tuple[tuple[str, bytes], ...] = ()

    def __post_init__(self) -> None:
        """Raises CeremonyRefused."""
        if usage_of(self.place) not in LOADED:
            raise CeremonyRefused("no-such-key")
        if self.size not in SIZES.get(self.cipher, ()):
            raise CeremonyRefused("no-such-key")

    def __repr__(self) -> str:
        """Who was here, and nothing of what he brought."""
        return f"Ceremony({self.place}, {', '.join(who for who, _ in self.components) or 'nobody yet'})"

    def check_custodian(self, custodian: str) -> None:
        """Raises CeremonyRefused: the same person twice, or one too many."""
        if custodian in dict(self.components):
            raise CeremonyRefused("same-custodian")
        if len(self.components) == MOST:
            raise CeremonyRefused("too-many")

    def with_component(self, custodian: str, component: bytes) -> Ceremony:
        """Raises CeremonyRefused: a person twice, a wrong length, a component that adds nothing."""
        self.check_custodian(custodian)
        if len(component) != self.size:
            raise CeremonyRefused("length")
        part = significant(self.cipher, component)
        if not any(part) or part in (significant(self.cipher, held) for _, held in self.components):
            raise CeremonyRefused("no-protection")
        return msgspec.structs.replace(self, components=(*self.components, (custodian, component)))

    def without_last(self) -> Ceremony:
        """Its custodian may enter it anew. Raises CeremonyRefused."""
        if not self.components:
            raise CeremonyRefused("too-few")
        return msgspec.structs.replace(self, components=self.components[:-1])

    def component_check_value(self) -> str:
        """Of the component entered last, hex."""
        return check_value(self.cipher, self.components[-1][1]).hex().upper()

    def key(self) -> bytes:
        """All components together. Raises CeremonyRefused: too few, or a key that is none."""
        if len(self.components) < LEAST:
            raise CeremonyRefused("too-few")
        key = reduce(xor, (component for _, component in self.components))
        whole = significant(self.cipher, key)
        parts = [whole[start : start + DES.block] for start in range(0, self.size, DES.block)]
        if not any(whole) or (self.cipher == DES.name and len(set(parts)) < len(parts)):
            raise CeremonyRefused("weak")
        return key

    def check_value(self) -> str:
        """Of the key, hex. Raises CeremonyRefused."""
        return check_value(self.cipher, self.key()).hex().upper()
