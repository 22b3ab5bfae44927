"""A money message as the bank's rules see it. Law: parsed once; what is missing or does not fit is Refusal 30."""

from __future__ import annotations

from datetime import datetime

import msgspec

from simulator.acquirer.entry import Terminal
from simulator.acquirer.message_keys import MessageKeys
from terminal.emv.errors import TlvError
from terminal.emv.tlv import parse as parse_tlv
from terminal.iso8583.dialect import Dialect, Form, Original, Shape
from terminal.iso8583.kinds import Kind
from terminal.iso8583.message import MAC_FIELDS, Message

PARTIAL = "1"  # F60.6


class Refusal(Exception):
    """The answer is no; the argument is F39."""

    def __init__(self, response_code: str) -> None:
        super().__init__(response_code)
        self.response_code = response_code


class Visit(msgspec.Struct, frozen=True):
    """A message that came: `body` as it came, from the MTI; `number` is F37 of its answer, `day` YYYY-MM-DD.

    `keys` are those it is served with; those of a KSN only if its MAC is right.
    """

    message: Message
    body: bytes
    terminal: Terminal | None
    keys: MessageKeys
    number: str
    now: datetime
    day: str

    def __repr__(self) -> str:
        """Never the card's data."""
        return f"Visit({self.message.mti}, {self.number})"


class Request(msgspec.Struct, frozen=True):
    """`at` is ISO 8601, `date` the clearing day YYYY-MM-DD, `month` YYMM; `amount` minor; `icc_data` hex."""

    kind: Kind
    mti: str
    terminal_id: str
    merchant_id: str
    stan: str
    batch: str
    amount: int
    pan: str
    expiry: str  # YYMM, or "" when neither F14 nor a track tells
    entry_mode: str
    psn: str
    rrn: str  # F37: the original's
    approval_code: str  # F38: the original's
    original: Original  # F61
    private: str  # F62 as text: the terminal of an offline refund, the other card of a load
    icc_data: str
    organisation: str  # F63.1
    accepts_partial: bool
    rrn_here: str  # the number this request's own answer carries
    at: str
    date: str
    month: str
    pin: str = ""

    def __repr__(self) -> str:
        """Never the card's data."""
        return f"Request({self.kind.value}, {self.terminal_id}, {self.stan})"


def held_to(shape: Shape | None, message: Message) -> None:
    """Every mandatory field is there; a MAC is somebody else's affair. Raises Refusal 30."""
    if shape is None:
        return
    for number, presence in shape.request.items():
        if presence == "M" and number not in MAC_FIELDS and not message.fields.get(number):
            raise Refusal("30")


def original_of(dialect: Dialect, form: Form, message: Message) -> Original:
    """F61, with every part that this kind must say. Raises Refusal 30."""
    batch, stan, date = dialect.original_of(message)
    wanted = {"batch": len(batch) == 6, "stan": len(stan) == 6, "date": len(date) == 4}
    if not all(wanted.get(part, True) for part in form.original):
        raise Refusal("30")
    return batch, stan, date


def parsed(dialect: Dialect, kind: Kind, visit: Visit, track2: str, currency: str) -> Request:
    """`track2` is in clear. Raises Refusal: 30, or 14 when F2 and the track name two cards."""
    message, form = visit.message, dialect.forms[kind]
    track_pan, _, after = track2.partition("=")
    pan = message["pan"] or track_pan
    if not pan or (message["currency"] and message["currency"] != currency):
        raise Refusal("30")
    if track_pan and pan != track_pan:
        raise Refusal("14")
    private = bytes.fromhex(message["private_62"]).decode("ascii", "replace")
    return Request(
        kind=kind,
        mti=form.mti,
        terminal_id=message["terminal_id"],
        merchant_id=message["merchant_id"],
        stan=message["stan"],
        batch=dialect.batch_of(message) or (visit.terminal.batch if visit.terminal else ""),
        amount=int(message["amount"] or "0"),
        pan=pan,
        expiry=message["expiry"] or after[:4],
        entry_mode=message["entry_mode"],
        psn=message["psn"],
        rrn=message["rrn"],
        approval_code=message["approval_code"],
        original=original_of(dialect, form, message),
        private=private.strip(),
        icc_data=message["icc_data"],
        organisation=message["private_63"][:3],
        accepts_partial=message["private_60"][13:14] == PARTIAL,  # F60.6, cup.md 1.6
        rrn_here=visit.number,
        at=visit.now.isoformat(),
        date=visit.day,
        month=f"{visit.now:%y%m}",
    )


def tags(icc_data: str) -> dict[int, bytes]:
    """F55 by tag. Raises Refusal 30."""
    try:
        return dict(parse_tlv(bytes.fromhex(icc_data)))
    except TlvError:
        raise Refusal("30") from None
