"""Messages -> typed answers, and the checks every answer must pass (cup.md 2.17). Law: a bad answer is no answer."""

from __future__ import annotations

import msgspec

from terminal.iso8583.dialect import Dialect
from terminal.iso8583.message import Message
from terminal.iso8583.response_codes import APPROVED, PARTLY_APPROVED, REVERSAL_CLEARED
from terminal.money import Money

ORGANISATION_SIZE, TEXT_SIZES = 3, (20, 20, 20, 60)  # F63.1, 63.2.1-4
# What an answer must repeat of its request (cup.md 2.17), in the order in which a difference is named.
ECHOED = ((3, False), (11, True), (41, True), (42, True), (4, False))  # field, and whether it may not be left out
NO_RESPONSE_CODE = "0510"  # judged by its F48
INQUIRY = ("0200", "330000")  # MTI, F3: ours, not in the public text (docs/protocol.md)
ANY_AMOUNT = frozenset({"0330", "0630"})  # uploads and script notices


class Reply(msgspec.Struct, frozen=True):
    """An answer, typed. Empty strings are absent fields; `private` and `icc_data` are hex."""

    mti: str
    response_code: str = ""  # F39
    amount: Money | None = None  # F4
    time: str = ""  # F12
    date: str = ""  # F13
    settlement_date: str = ""  # F15
    acquirer_id: str = ""  # F32
    rrn: str = ""  # F37
    approval_code: str = ""  # F38
    issuer: str = ""  # F44, first half
    acquirer: str = ""  # F44, second half
    batch: str = ""  # F60.2
    icc_data: str = ""  # F55
    private: str = ""  # F62, hex
    totals: str = ""  # F48
    balance: Money | None = None  # F54
    card_organisation: str = ""  # F63.1
    remark: str = ""  # F63.2, what is printed
    demand: int = 0  # the header's 处理要求


class Difference(msgspec.Struct, frozen=True):
    """Where an answer does not fit its request: `name` is the field's, or "mti"."""

    name: str
    field: int


def reply(dialect: Dialect, message: Message, demand: int = 0) -> Reply:
    """Parse once, at the edge."""
    amount = message["amount"]
    parties = message["additional_response"]
    return Reply(
        mti=message.mti,
        response_code=message["response_code"],
        amount=Money(int(amount)) if amount else None,
        time=message["time"],
        date=message["date"],
        settlement_date=message["settlement_date"],
        acquirer_id=message["acquirer_id"],
        rrn=message["rrn"],
        approval_code=message["approval_code"],
        issuer=parties[:11].strip(),
        acquirer=parties[11:].strip(),
        batch=dialect.batch_of(message),
        icc_data=message["icc_data"],
        private=message["private_62"],
        totals=message["additional_data"],
        balance=_balance(message["balance"]),
        card_organisation=message["private_63"][:ORGANISATION_SIZE],
        remark=_remark(message["private_63"][ORGANISATION_SIZE:]),
        demand=demand,
    )


def difference(request: Message, answer: Message) -> Difference | None:
    """The first thing by which `answer` does not answer `request`."""
    if answer.mti != f"{int(request.mti) + 10:04d}":
        return Difference("mti", 0)
    code = answer["response_code"]
    for number, is_needed in ECHOED:
        sent, got = request.fields.get(number), answer.fields.get(number)
        if sent is None or (got is None and not is_needed):
            continue
        if got != sent and not (number == 4 and _may_differ(answer, code)):
            return Difference(_name(number), number)
    if not code and answer.mti != NO_RESPONSE_CODE:
        return Difference("response_code", 39)
    if code == PARTLY_APPROVED and not _is_part(request, answer):
        return Difference("amount", 4)
    return None


def must_be_signed(dialect: Dialect, request: Message, answer: Message) -> bool:
    """Whether a wrong or missing MAC makes it no answer.

    An approval is signed always (cup.md 3.4); so is what clears a reversal, and any answer to an inquiry, for "not
    known" ends an UNKNOWN (docs/adr/0002). A refusal need not be, but a MAC that is there must be right.
    """
    if not request.mac:
        return False
    code, choices = answer["response_code"], dialect.choices
    is_reversal = request.mti == dialect.reversal_mti
    if is_reversal or is_inquiry(request):
        ends = REVERSAL_CLEARED if is_reversal else {code}
        return bool(answer.mac) or (code in ends and (choices.is_refusal_signed or code in APPROVED))
    return bool(answer.mac) or code in APPROVED or code == PARTLY_APPROVED


def is_inquiry(request: Message) -> bool:
    """Our question about a refund: a 0200 with F3 of no sale (docs/protocol.md)."""
    return (request.mti, request["processing_code"]) == INQUIRY


def _may_differ(answer: Message, code: str) -> bool:
    return code == PARTLY_APPROVED or answer.mti in ANY_AMOUNT


def _is_part(request: Message, answer: Message) -> bool:
    part = answer["amount"]
    return bool(part) and 0 < int(part) < int(request["amount"] or "0")


def _name(number: int) -> str:
    return {3: "processing_code", 4: "amount", 11: "stan", 41: "terminal_id", 42: "merchant_id"}[number]


def _balance(text: str) -> Money | None:
    """F54: account type 2, amount type 2 (02 is the available balance), currency 3, C or D, 12 digits."""
    if len(text) < 20 or text[2:4] != "02" or not text[8:20].isdecimal():
        return None
    return Money(-int(text[8:20]) if text[7] == "D" else int(text[8:20]))


def _remark(text: str) -> str:
    """63.2.1-3, for the receipt: GBK in fixed places; what is not text is left out."""
    parts, rest = [], text.encode("latin-1", "replace")
    for size in TEXT_SIZES[:3]:
        part, rest = rest[:size], rest[size:]
        parts.append(part.decode("gbk", "ignore").strip(" \x00"))
    return " ".join(part for part in parts if part)
