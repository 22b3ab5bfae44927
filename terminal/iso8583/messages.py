"""Typed requests -> messages, messages -> typed replies (cup.md 2). Law: a table row per kind of message.

What silence after a message means is the exchange's business (terminal/exchange/stages.py), not the wire's.
"""

from __future__ import annotations

from enum import Enum

import msgspec

from terminal.iso8583.codec import Message
from terminal.money import Money


class Kind(Enum):
    """A money message by the word of the house."""

    SALE = "sale"  # 消费
    VOID = "void"  # 消费撤销
    REFUND = "refund"  # 退货


class Form(msgspec.Struct, frozen=True):
    """What is fixed in a kind of message: MTI, F3, F25 and F60.1."""

    mti: str
    processing_code: str
    condition_code: str
    type_code: str


FORMS: dict[Kind, Form] = {
    Kind.SALE: Form("0200", "000000", "00", "22"),
    Kind.VOID: Form("0200", "200000", "00", "23"),
    Kind.REFUND: Form("0220", "200000", "00", "25"),
}
INQUIRY = Form("0200", "330000", "00", "01")  # ours, see docs/protocol.md: not in the public text
REVERSAL_MTI = "0400"
SIGN_IN_DOUBLE_LENGTH = "003"  # F60.3, double-length keys without a track key
ECHO = "301"  # F60.3
READS_CHIP, LAST_CHIP_READ_WORKED, NO_PARTIAL_APPROVAL = "5", "0", "0"  # F60.4, F60.5, F60.6
UNKNOWN_CARD_ORGANISATION = "000"  # F63.1 of a refund
NO_PIN_PLAIN_TRACK = "0600000000000000"  # F53: no PIN, double-length keys, plain track
REVERSED_CHIP_TAGS = ("95", "9F1E", "9F10", "9F36", "DF31")  # F55 of a 0400, cup.md 2.10
APPROVED = frozenset({"00", "11", "A2", "A4", "A5", "A6"})  # cup.md 4.10
REVERSAL_CLEARED = frozenset({"00", "25", "12"})  # cup.md 4.4
SIGN_IN_AGAIN = frozenset({"77", "99", "A0"})  # cup.md 4.10


class Identity(msgspec.Struct, frozen=True):
    """Who the terminal is to its acquirer."""

    terminal_id: str  # F41
    merchant_id: str  # F42
    tpdu: str = "6000030000"
    header: str = "603100311108"


class Plastic(msgspec.Struct, frozen=True):
    """What was read from the card. Lives in memory for one exchange; on disk only sealed by the vault."""

    pan: str  # F2
    entry_mode: str  # F22: 052 chip, 022 stripe, 012 from the records
    expiry: str = ""  # F14, YYMM
    psn: str = ""  # F23
    track2: str = ""  # F35
    icc_data: str = ""  # F55, hex

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


def financial(facts: Facts, plastic: Plastic, me: Identity) -> Message:
    """Sale, void or refund, without its MAC (cup.md 2.2-2.4)."""
    form = FORMS[facts.kind]
    fields = {
        **_common(form, facts, plastic, me),
        35: plastic.track2,
        55: plastic.icc_data if facts.kind is Kind.SALE else "",
        53: NO_PIN_PLAIN_TRACK if plastic.track2 else "",
        37: facts.original_rrn,
        38: facts.original_approval_code,
        61: _original(facts),
        63: UNKNOWN_CARD_ORGANISATION if facts.kind is Kind.REFUND else "",
    }
    return _message(form.mti, fields)


def reversal(facts: Facts, plastic: Plastic, me: Identity, reason: str, approval_code: str = "") -> Message:
    """0400 for a sale or a void: the same F11, F39 the reason, no track, no RRN (cup.md 2.10)."""
    form = FORMS[facts.kind]
    fields = {
        **_common(form, facts, plastic, me),
        38: facts.original_approval_code or approval_code,
        39: reason,
        55: _only(plastic.icc_data, REVERSED_CHIP_TAGS),
        61: _original(facts),
    }
    return _message(REVERSAL_MTI, fields)


def inquiry(facts: Facts, stan: str, date: str, me: Identity) -> Message:
    """Asks what became of a refund: F61 names its batch, F11 and date MMDD (docs/protocol.md)."""
    fields = {
        3: INQUIRY.processing_code,
        4: _amount(facts.amount),
        11: stan,
        25: INQUIRY.condition_code,
        41: me.terminal_id,
        42: me.merchant_id,
        49: facts.amount.numeric,
        60: f"{INQUIRY.type_code}{facts.batch}000",
        61: f"{facts.batch}{facts.stan}{date}",
    }
    return _message(INQUIRY.mti, fields)


def sign_in(stan: str, batch: str, operator: str, me: Identity) -> Message:
    """0800 for double-length working keys; no MAC (cup.md 2.6)."""
    fields = {
        11: stan,
        41: me.terminal_id,
        42: me.merchant_id,
        60: f"00{batch}{SIGN_IN_DOUBLE_LENGTH}",
        63: f"{operator:<3}",
    }
    return _message("0800", fields)


def echo(batch: str, me: Identity) -> Message:
    """0820/301: is anybody there? No F11, no MAC (cup.md 2.8)."""
    return _message("0820", {41: me.terminal_id, 42: me.merchant_id, 60: f"00{batch}{ECHO}"})


class Reply(msgspec.Struct, frozen=True):
    """An answer, typed. Empty strings are absent fields; `keys` and `icc_data` are hex."""

    mti: str
    response_code: str = ""  # F39
    amount: Money | None = None  # F4
    time: str = ""  # F12
    date: str = ""  # F13
    settlement_date: str = ""  # F15
    rrn: str = ""  # F37
    approval_code: str = ""  # F38
    issuer: str = ""  # F44, first half
    acquirer: str = ""  # F44, second half
    batch: str = ""  # F60.2
    icc_data: str = ""  # F55
    private: str = ""  # F62, hex
    card_organisation: str = ""  # F63.1
    demand: int = 0  # the header's 处理要求


def reply(message: Message, demand: int = 0) -> Reply:
    """Parse once, at the edge."""
    amount = message["amount"]
    return Reply(
        mti=message.mti,
        response_code=message["response_code"],
        amount=Money(int(amount)) if amount else None,
        time=message["time"],
        date=message["date"],
        settlement_date=message["settlement_date"],
        rrn=message["rrn"],
        approval_code=message["approval_code"],
        issuer=message["additional_response"][:11].strip(),
        acquirer=message["additional_response"][11:].strip(),
        batch=message["private_60"][2:8],
        icc_data=message["icc_data"],
        private=message["private_62"],
        card_organisation=message["private_63"][:3],
        demand=demand,
    )


# What an answer must repeat of its request (cup.md 2.17), in the order in which a mismatch is named.
ECHOED = (("processing_code", 3), ("stan", 11), ("terminal_id", 41), ("merchant_id", 42), ("amount", 4))


def mismatch(request: Message, answer: Message) -> str:
    """ "" when `answer` answers `request`, else the name of the first thing that does not fit."""
    if answer.mti != f"{int(request.mti) + 10:04d}":
        return "mti"
    for name, number in ECHOED:
        sent, got = request.fields.get(number), answer.fields.get(number)
        is_needed = number in (11, 41, 42)
        if sent is not None and (got != sent if got is not None else is_needed):
            return name
    if not answer["response_code"]:
        return "response_code"
    return ""


def signed(message: Message, mac: bytes) -> Message:
    """The message with F64; `mac` is 8 bytes."""
    return Message(message.mti, {**message.fields, 64: mac.hex().upper()})


def _common(form: Form, facts: Facts, plastic: Plastic, me: Identity) -> dict[int, str]:
    return {
        2: plastic.pan,
        3: form.processing_code,
        4: _amount(facts.amount),
        11: facts.stan,
        14: plastic.expiry,
        22: plastic.entry_mode,
        23: plastic.psn,
        25: form.condition_code,
        41: me.terminal_id,
        42: me.merchant_id,
        49: facts.amount.numeric,
        60: f"{form.type_code}{facts.batch}000{READS_CHIP}{LAST_CHIP_READ_WORKED}{NO_PARTIAL_APPROVAL}",
    }


def _original(facts: Facts) -> str:
    """F61 (cup.md 1.7): a void names batch and F11; a refund the date, and zeros."""
    if facts.kind is Kind.VOID:
        return facts.original_batch + facts.original_stan
    return "0" * 12 + facts.original_date if facts.kind is Kind.REFUND else ""


def _amount(amount: Money) -> str:
    return f"{amount.minor:012d}"


def _message(mti: str, fields: dict[int, str]) -> Message:
    return Message(mti, {number: value for number, value in fields.items() if value})


def _only(icc_data: str, tags: tuple[str, ...]) -> str:
    """The given tags of a flat BER-TLV string of hex, in its own order; lengths are one byte here (F55 <= 255)."""
    kept, rest = "", bytes.fromhex(icc_data)
    while rest:
        size = 2 if rest[0] & 0x1F == 0x1F else 1
        end = size + 1 + rest[size]
        if rest[:size].hex().upper() in tags:
            kept += rest[:end].hex().upper()
        rest = rest[end:]
    return kept
