"""The values in the bank's books. Law: frozen, whole minor units, silent about cards and keys."""

from __future__ import annotations

from enum import Enum

import msgspec

from terminal.iso8583.kinds import Kind


class State(Enum):
    """What became of an entry."""

    APPROVED = "approved"
    REFUSED = "refused"
    VOIDED = "voided"
    REVERSED = "reversed"
    ADJUSTED = "adjusted"  # another entry stands for it now: 结算调整, 追加小费
    PENDING = "pending"  # a refund that is accepted and not yet with the cardholder
    CREDITED = "credited"  # a refund that was pending


GOOD = frozenset({State.APPROVED, State.PENDING, State.CREDITED})


class Terminal(msgspec.Struct, frozen=True):
    """A terminal as the bank knows it; keys are plain bytes, TEST KEYS ONLY. `demands` is a row of hex digits."""

    terminal_id: str
    merchant_id: str
    tmk: bytes
    pik: bytes
    mak: bytes
    tdk: bytes
    cipher: str  # of the working keys: "des", "sm4", "aes"
    mac_rule: str  # of keys/algorithms/mac.py
    batch: str
    is_signed_in: bool
    is_disabled: bool
    demands: str
    script: bytes  # 71 or 72, for the next approved chip sale

    def __repr__(self) -> str:
        """Never a key."""
        return f"Terminal({self.terminal_id}, batch {self.batch})"


class Account(msgspec.Struct, frozen=True):
    """A card's account: what is available, its TEST PIN ("" is none) and how often that was wrong in a row."""

    balance: int
    pin: str
    pin_wrong: int
    organisation: str  # F63.1

    def __repr__(self) -> str:
        """Never a PIN."""
        return f"Account({self.organisation})"


class Entry(msgspec.Struct, frozen=True):
    """A decided money message; `at` is ISO 8601, `date` the clearing day YYYY-MM-DD, amounts minor units.

    `amount` is what was booked, `asked` what F4 said: they differ in a partial approval. `copy` counts repeats that a
    bank of the manner "booked twice" took for new ones. `due` is when a pending refund is credited.
    """

    rrn: str
    kind: Kind
    mti: str
    stan: str
    batch: str
    terminal_id: str
    merchant_id: str
    amount: int
    asked: int
    pan: str
    approval_code: str
    response_code: str
    state: State
    original_rrn: str
    at: str
    date: str
    organisation: str  # F63.1, "000" for a refund that did not know it
    refunded: int = 0  # of a sale: what was given back of it
    copy: int = 0
    due: str = ""

    def __repr__(self) -> str:
        """Never the card number."""
        return f"Entry({self.kind.value}, {self.rrn}, {self.state.value})"
