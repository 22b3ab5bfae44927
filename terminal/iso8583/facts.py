"""What is said on the wire, before it is a message of any dialect. Law: typed, and silent about the card."""

from __future__ import annotations

import msgspec

from terminal.iso8583.kinds import Kind
from terminal.money import Money


class Identity(msgspec.Struct, frozen=True):
    """Who the terminal is to its acquirer."""

    terminal_id: str  # F41
    merchant_id: str  # F42


class Plastic(msgspec.Struct, frozen=True):
    """What was read from the card. Lives in memory for one exchange; on disk only sealed by the vault."""

    pan: str  # F2
    entry_mode: str  # F22: 052 chip, 022 stripe, 012 from the records; the last digit becomes 1 with a PIN
    expiry: str = ""  # F14, YYMM
    psn: str = ""  # F23
    track2: str = ""  # F35
    icc_data: str = ""  # F55, hex
    track3: str = ""  # F36

    def __repr__(self) -> str:
        """Never the card's data."""
        return f"Plastic(entry_mode={self.entry_mode!r})"


class Facts(msgspec.Struct, frozen=True):
    """A money message before it is a message: amounts in minor units, dates MMDD."""

    kind: Kind
    stan: str  # F11
    batch: str  # F60.2
    amount: Money  # F4
    original_stan: str = ""
    original_batch: str = ""
    original_rrn: str = ""  # F37
    original_approval_code: str = ""  # F38
    original_date: str = ""  # MMDD
    original_terminal_id: str = ""  # F62 of a refund of offline money
    at: str = ""  # ISO 8601, the terminal's clock
    operator: str = ""
    is_fallback: bool = False  # F60.5: the chip could not be read, so the stripe was
