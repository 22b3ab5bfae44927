"""A message: an MTI and its fields by number. Law: what may be shown of a field is listed here; all else is hidden.

>>> Message("0220", {2: "6225000000000014", 4: "000000005000", 52: "1122334455667788"})
Message(0220: 2='622500******0014', 4='000000005000', 52='<16>')
"""

from __future__ import annotations

import msgspec

NAMES: dict[int, str] = {  # ISO 8583:1987 in the words of the house; 48 and 57-63 are the dialects' own
    2: "pan",
    3: "processing_code",
    4: "amount",
    7: "transmission_time",
    11: "stan",
    12: "time",
    13: "date",
    14: "expiry",
    15: "settlement_date",
    18: "merchant_type",
    22: "entry_mode",
    23: "psn",
    24: "network_id",
    25: "condition_code",
    26: "pin_capture_code",
    32: "acquirer_id",
    35: "track2",
    36: "track3",
    37: "rrn",
    38: "approval_code",
    39: "response_code",
    41: "terminal_id",
    42: "merchant_id",
    44: "additional_response",
    48: "additional_data",
    49: "currency",
    52: "pin_block",
    53: "security_control",
    54: "balance",
    55: "icc_data",
    57: "terminal_serial",
    58: "purse_data",
    59: "private_59",
    60: "private_60",
    61: "original",
    62: "private_62",
    63: "private_63",
    64: "mac",
    70: "network_code",
    90: "original_elements",
    128: "mac_128",
}
NUMBERS = {name: number for number, name in NAMES.items()}
MAC_FIELDS = (64, 128)  # the last bit of the last bitmap
HIDDEN = frozenset({2, 14, 35, 36, 48, 52, 54, 55, 57, 58, 59, 62})  # card, PIN, keys, and what may hold them
SECURITY_CONTROL, CONTROL_SIZE = 53, 16  # digits (cup.md 3.5); what is longer is a KSN, and in no record


class WireError(Exception):
    """The bytes are not a message of this dialect; `field` is 0 outside the fields, `offset` counts from the MTI."""

    def __init__(self, what: str, field: int = 0, offset: int = 0) -> None:
        super().__init__(f"{what} (field {field}, offset {offset})")
        self.what, self.field, self.offset = what, field, offset


class Message(msgspec.Struct, frozen=True):
    """A number or track is digits, text is text, binary is upper-case hex."""

    mti: str
    fields: dict[int, str] = {}

    def __repr__(self) -> str:
        """Show what may be shown; everything else, and everything unknown, by its length only."""
        shown = ", ".join(f"{number}={masked(number, value)!r}" for number, value in sorted(self.fields.items()))
        return f"Message({self.mti}: {shown})"

    def __getitem__(self, name: str) -> str:
        """A field by its name; "" when absent."""
        return self.fields.get(NUMBERS[name], "")

    @property
    def mac(self) -> str:
        """F64 or F128, hex; "" when there is none."""
        return self.fields.get(128) or self.fields.get(64, "")

    def with_fields(self, fields: dict[int, str]) -> Message:
        """The same with these fields changed or added; "" takes one out."""
        return Message(self.mti, {number: value for number, value in {**self.fields, **fields}.items() if value})

    def masked_fields(self) -> dict[str, str]:
        """The message as the journal may keep it."""
        return {str(number): masked(number, value) for number, value in sorted(self.fields.items())}


def masked(number: int, value: str) -> str:
    """A field as a log or journal may show it: a PAN as 6+4, other secrets and unknown fields by length only."""
    if number == 2:
        return mask_pan(value)
    is_ksn = number == SECURITY_CONTROL and len(value) > CONTROL_SIZE
    return f"<{len(value)}>" if number in HIDDEN or number not in NAMES or is_ksn else value


def mask_pan(pan: str) -> str:
    """First 6 and last 4; what is too short to hide anything behind them is hidden whole."""
    return pan[:6] + "*" * (len(pan) - 10) + pan[-4:] if len(pan) >= 13 else "*" * len(pan)
