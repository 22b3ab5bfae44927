"""The CUP dialect's field table (cup.md 1.4, 1.5). Law: one line a field; everything else is derived from the line.

A pad nibble is sent as 0 and accepted as anything: some acquirers pad with F.

| form | on the wire                                                                     |
|------|---------------------------------------------------------------------------------|
| N    | BCD; a variable one is left-justified with one trailing pad nibble when odd     |
| NL   | BCD, fixed and left-justified (F22: 021 is 02 10)                               |
| NR   | BCD, fixed and right-justified (F23: 001 is 00 01)                              |
| Z    | track: as N, with = as nibble D; an encrypted one holds any nibble              |
| A    | ASCII; fixed ones space-padded                                                  |
| B    | raw bytes, written as hex in a Message                                          |

Lengths of variable fields are one (LL) or two (LLL) BCD bytes; they count digits for N and Z, bytes for A and B.
"""

from __future__ import annotations

import msgspec


class Field(msgspec.Struct, frozen=True):
    """`prefix` is the number of BCD length bytes (0: fixed); `size` is in digits (N, NL, Z) or bytes (A, B)."""

    number: int
    name: str
    form: str
    prefix: int
    size: int
    is_secret: bool = False


FIELDS: tuple[Field, ...] = (
    Field(2, "pan", "N", 1, 19, is_secret=True),
    Field(3, "processing_code", "N", 0, 6),
    Field(4, "amount", "N", 0, 12),
    Field(11, "stan", "N", 0, 6),
    Field(12, "time", "N", 0, 6),
    Field(13, "date", "N", 0, 4),
    Field(14, "expiry", "N", 0, 4, is_secret=True),
    Field(15, "settlement_date", "N", 0, 4),
    Field(22, "entry_mode", "NL", 0, 3),
    Field(23, "psn", "NR", 0, 3),
    Field(25, "condition_code", "N", 0, 2),
    Field(26, "pin_capture_code", "N", 0, 2),
    Field(32, "acquirer_id", "N", 1, 11),
    Field(35, "track2", "Z", 1, 37, is_secret=True),
    Field(36, "track3", "Z", 2, 104, is_secret=True),
    Field(37, "rrn", "A", 0, 12),
    Field(38, "approval_code", "A", 0, 6),
    Field(39, "response_code", "A", 0, 2),
    Field(41, "terminal_id", "A", 0, 8),
    Field(42, "merchant_id", "A", 0, 15),
    Field(44, "additional_response", "A", 1, 25),
    Field(48, "additional_data", "N", 2, 322),
    Field(49, "currency", "A", 0, 3),
    Field(52, "pin_block", "B", 0, 8, is_secret=True),
    Field(53, "security_control", "N", 0, 16),
    Field(54, "balance", "A", 2, 40),
    Field(55, "icc_data", "B", 2, 255, is_secret=True),
    Field(57, "terminal_serial", "A", 2, 999),
    Field(58, "purse_data", "A", 2, 100),
    Field(59, "private_59", "A", 2, 600, is_secret=True),
    Field(60, "private_60", "N", 2, 21),
    Field(61, "original", "N", 2, 29),
    Field(62, "private_62", "B", 2, 999, is_secret=True),
    Field(63, "private_63", "A", 2, 163),
    Field(64, "mac", "B", 0, 8),
)
BY_NUMBER = {field.number: field for field in FIELDS}
BY_NAME = {field.name: field for field in FIELDS}
