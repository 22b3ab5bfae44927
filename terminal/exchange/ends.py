"""How an exchange can end. Law: an ended stage takes no events; what is kept of an answer holds nobody's secrets."""

from __future__ import annotations

import msgspec

from terminal.exchange.events import Testimony
from terminal.exchange.request import Request
from terminal.iso8583.answers import Reply
from terminal.iso8583.kinds import Silence
from terminal.iso8583.response_codes import PARTLY_APPROVED
from terminal.money import Money

LATE_MTI = {Silence.REVERSE: "0210"}  # of an answer that never came; a notification's is 0230


class Accepted(msgspec.Struct, frozen=True, tag="accepted"):
    """The acquirer took it (已受理); for a refund this does not mean credited. `certificate`: F55 with the TC."""

    request: Request
    reply: Reply
    is_late: bool = False
    certificate: str = ""
    address: str = ""  # who took it
    testimony: Testimony | None = None  # two people say so, and the acquirer has not yet

    @property
    def amount(self) -> Money:
        """What was approved: all that was asked, or a part of it (39 = 10)."""
        part = self.reply.amount
        return part if part is not None and self.reply.response_code == PARTLY_APPROVED else self.request.amount


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """The acquirer said no, or (`not-received`) that it never had it and never will book it."""

    request: Request
    response_code: str
    testimony: Testimony | None = None


class NotSent(msgspec.Struct, frozen=True, tag="not-sent"):
    """Nothing left the terminal; `why` is "line" or "power"."""

    request: Request
    why: str


class Reversed(msgspec.Struct, frozen=True, tag="reversed"):
    """The reversal was acknowledged (已冲正): the money is where it was."""

    request: Request
    reason: str
    fault: str = "no-answer"
    testimony: Testimony | None = None


def kept(reply: Reply) -> Reply:
    """What the records keep of an answer: neither the cardholder's balance nor what was for the chip."""
    return msgspec.structs.replace(reply, balance=None, private="", icc_data="")


def said_accepted(request: Request, testimony: Testimony) -> Accepted:
    """By people: no answer was heard, so nothing of one is made up but that it approved."""
    answer = Reply(LATE_MTI.get(request.terms.silence, "0230"), "00")
    return Accepted(request, answer, is_late=True, address=testimony.address, testimony=testimony)
