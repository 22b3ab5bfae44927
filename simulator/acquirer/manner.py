"""What kind of acquirer the bank plays. Law: a manner changes what is decided, never that the books balance.

| repeats        | the same number again (terminal, MTI, batch, F11)                     |
|----------------|-----------------------------------------------------------------------|
| "94"           | refused as a repeat; nothing is booked                                  |
| "same answer"  | recognised: the stored decision again; 94 when the second is not as the first |
| "booked twice" | the dangerous one: decided and booked anew                            |
"""

from __future__ import annotations

from typing import Literal

import msgspec


class Manner(msgspec.Struct, frozen=True):
    """Amounts in minor units; 0 is no limit unless said otherwise."""

    repeats: Literal["94", "same answer", "booked twice"] = "94"
    credit_seconds: float = (
        0.0  # a refund is pending so long by the bank's clock, then the cardholder has it; 0: at once
    )
    accepts_partial: bool = False  # F39 10 and what there is, to a terminal whose F60.6 is 1 (cup.md 4.5)
    limit_per_sale: int = 0  # above it 61
    allows_late_reversal: bool = False  # of an original of an earlier clearing day; else 22 (undoing.py says why)
    refund_days: int = 0  # older sales are 49 (refund.md 3)
    completion_percent: int = 115  # of the hold
    tip_percent: int = 20  # of the sale
    pin_tries: int = 3  # the last wrong one is 75, and so is every one after it
    currency: str = "156"  # F49
    remarks: tuple[str, str, str, str] = ("测试银行", "", "", "")  # F63.2.1-4, for the receipt (cup.md 1.8)
