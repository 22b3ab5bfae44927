"""How a dialect spells a message in bytes: its field table and the coding of everything else. Law: a row a field.

| form | BCD dialects (is_ascii = False)                                     | ASCII dialects                |
|------|----------------------------------------------------------------------|-------------------------------|
| N    | BCD; a variable one is left-justified, one trailing pad nibble if odd | digits                        |
| NL   | BCD, fixed and left-justified (F22: 021 is 02 10)                    | digits                        |
| NR   | BCD, fixed and right-justified (F23: 001 is 00 01)                   | digits                        |
| Z    | track: as N, with = as nibble D; an encrypted one holds any nibble   | characters                    |
| A    | text; fixed ones space-padded                                        | the same                      |
| B    | raw bytes, written as hex in a Message                               | the same                      |

A length is `length_digits` digits: BCD in whole bytes (LL one, LLL two), or so many characters. It counts digits for
N and Z, bytes for A and B. A pad nibble is sent as 0 and accepted as anything: some acquirers pad with F.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class Field(msgspec.Struct, frozen=True):
    """`length_digits` is 0 for a fixed field; `size` is in digits (N, NL, NR, Z) or bytes (A, B)."""

    number: int
    form: str
    length_digits: int
    size: int


class Layout(msgspec.Struct, frozen=True):
    """The table by number. The bitmap is 8 bytes, or 16 with a second one; spelled as hex where `is_bitmap_hex`."""

    fields: Mapping[int, Field]
    is_ascii: bool = False
    is_bitmap_hex: bool = False
    last_field: int = 64

    @property
    def mti_size(self) -> int:
        """In bytes."""
        return 4 if self.is_ascii else 2

    @property
    def bitmap_size(self) -> int:
        """One bitmap, in bytes on the wire."""
        return 16 if self.is_bitmap_hex else 8


def table(*rows: tuple[int, str, int, int]) -> dict[int, Field]:
    """Rows of (number, form, length digits, size) as a field table."""
    return {number: Field(number, form, digits, size) for number, form, digits, size in rows}
