"""What an answer says (cup.md 2.2, 2.15). Law: the dialect says which fields, this file what is in them."""

from __future__ import annotations

import msgspec

from simulator.acquirer.entry import Entry
from simulator.acquirer.request import Visit
from terminal.iso8583.dialect import Shape
from terminal.iso8583.message import MAC_FIELDS, Message

ACQUIRER_ID = "03060000"  # F32, and the second half of F44
ISSUER_ID = "01020000"  # F44, first half
CARD_ORGANISATION = "CUP"  # F63.1
REMARK_SIZES = (20, 20, 20, 60)  # F63.2.1-4, cup.md 1.8
ECHOED = (2, 3, 4, 7, 11, 14, 23, 24, 25, 41, 42, 49, 53, 60, 70, 90)  # present in the request -> in the answer
ECHOED_BY_MANAGEMENT = (3, 7, 11, 24, 41, 42, 60, 70)
NO_RESPONSE_CODE = "0510"  # judged by its F48, cup.md 2.11


class Verdict(msgspec.Struct, frozen=True):
    """What the answer says beyond what it echoes. `private` and `icc_data` are hex; `told` may be an old decision."""

    response_code: str
    told: Entry | None = None
    private: str = ""  # F62
    icc_data: str = ""  # F55
    totals: str = ""  # F48
    balance: str = ""  # F54
    batch: str = ""  # F60 of a sign-in
    obeys: str = ""  # which demand of the header is done with

    def __repr__(self) -> str:
        """Never keys or what a chip says."""
        return f"Verdict({self.response_code})"


def answer_mti(mti: str) -> str:
    """MTI + 10; the repeat of an advice (0421) is answered as the advice.

    >>> answer_mti("0220"), answer_mti("0421")
    ('0230', '0430')
    """
    return f"{(int(mti) // 10 * 10 + 10) % 10_000:04d}"


def composed(visit: Visit, verdict: Verdict, shape: Shape | None, is_money: bool, remarks: tuple[str, ...]) -> Message:
    """The answer, without its MAC; only fields of the table when there is one for what was asked."""
    message, told, now = visit.message, verdict.told, visit.now
    at = told.at if told else now.isoformat()
    echoed = ECHOED if is_money else ECHOED_BY_MANAGEMENT
    fields = {number: message.fields[number] for number in echoed if number in message.fields}
    fields |= {
        12: at[11:13] + at[14:16] + at[17:19],
        13: at[5:7] + at[8:10],
        32: ACQUIRER_ID,
        37: told.rrn if told else visit.number,
        39: verdict.response_code,
        48: verdict.totals,
        54: verdict.balance,
        55: verdict.icc_data,
        62: verdict.private,
    }
    if is_money:
        day = told.date if told else visit.day
        fields |= {
            2: message["pan"] or message["track2"].partition("=")[0],
            15: day[5:7] + day[8:10],
            44: f"{ISSUER_ID:<11}{ACQUIRER_ID:<11}",
            63: card_text(told.organisation if told else CARD_ORGANISATION, remarks),
        }
    if told is not None:
        fields[38] = told.approval_code
        if told.amount != told.asked:
            fields[4] = f"{told.amount:012d}"
    if verdict.batch:
        fields[60] = verdict.batch
    mti = answer_mti(message.mti)
    if mti == NO_RESPONSE_CODE and verdict.response_code == "00":
        del fields[39]
    return Message(mti, {number: value for number, value in fields.items() if value and _has(shape, number)})


def card_text(organisation: str, remarks: tuple[str, ...]) -> str:
    """F63: the card's organisation, and texts for the receipt as GBK in fixed places, the blank rest left out."""
    organisation = organisation if organisation.isalpha() else CARD_ORGANISATION
    texts = b"".join(text.encode("gbk")[:size].ljust(size) for text, size in zip(remarks, REMARK_SIZES, strict=True))
    return organisation + texts.rstrip().decode("latin-1")


def _has(shape: Shape | None, number: int) -> bool:
    return shape is None or number in shape.answer or number in MAC_FIELDS
