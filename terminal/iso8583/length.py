"""The length in front of a frame on a stream. Law: it counts the bytes that follow it and belongs to the line.

>>> BINARY_2.packed(114).hex(), ASCII_4.packed(114)
('0072', b'0114')
>>> ASCII_4.parsed(b'0114')
114
"""

from __future__ import annotations

import msgspec


class LengthWrong(ValueError):
    """The bytes are no length of this form, or the frame is longer than it can say."""


class LengthForm(msgspec.Struct, frozen=True):
    """`size` bytes, big-endian binary or decimal ASCII digits."""

    size: int
    is_ascii: bool = False

    @property
    def most(self) -> int:
        """The longest frame that can be announced."""
        return int(10**self.size - 1 if self.is_ascii else 256**self.size - 1)

    def packed(self, length: int) -> bytes:
        """Raises LengthWrong when it cannot be said."""
        if length > self.most:
            raise LengthWrong(f"a frame of {length} bytes is longer than its length can say")
        return f"{length:0{self.size}d}".encode() if self.is_ascii else length.to_bytes(self.size)

    def parsed(self, raw: bytes) -> int:
        """Raises LengthWrong."""
        if len(raw) != self.size or (self.is_ascii and not raw.isdigit()):
            raise LengthWrong("the length of the frame is not a number")
        return int(raw) if self.is_ascii else int.from_bytes(raw)


BINARY_2 = LengthForm(2)  # cup.md 1.1
ASCII_4 = LengthForm(4, is_ascii=True)  # the international dialect
