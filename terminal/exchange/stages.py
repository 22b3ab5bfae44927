"""The exchange as a machine you can read. Law: a stage is a value; `on(event)` gives the next stage and one command.

    Connecting --Connected--> AwaitingReply --Answered--> Accepted | Refused
        |                        |     \\--(chip sale)--> Completing --CardApproved--> Accepted
        | LineFailed             | Silent, 68, 98            | CardFailed
        v                        v                           v
     NotSent        REVERSE: Reversing --> Reversed      Reversing
                    QUERY:   Unknown  --InquiryAnswered--> Accepted | Refused

No I/O, no clock, no chance here. The runner writes each stage to the journal before it carries its command out, so
that after a power cut the same stage is found and told `PowerReturned`.
"""

from __future__ import annotations

from enum import Enum

import msgspec

from terminal.exchange.request import Request
from terminal.iso8583.messages import APPROVED, REVERSAL_CLEARED, Kind, Reply


class Silence(Enum):
    """What no answer means, per message (a property of the dialect)."""

    REVERSE = "reverse"
    QUERY = "query"


ON_SILENCE = {  # cup.md 2.1, column 冲正
    Kind.SALE: Silence.REVERSE,
    Kind.VOID: Silence.REVERSE,
    Kind.REFUND: Silence.QUERY,
}
ISSUER_SILENT = frozenset({"68", "98"})  # an answer that says: nobody knows
REVERSAL_ATTEMPTS = 3
# F39 of a 0400, cup.md 2.10
NO_ANSWER, TERMINAL_FAULT, MAC_WRONG, OTHER_FAULT = "98", "96", "A0", "06"
NOT_KNOWN = "25"  # F39: the acquirer has no such request
DUPLICATE = "94"  # F39: this F11 was had before
NOT_RECEIVED = "not-received"


# --- events: what has happened ---------------------------------------------------------------------------------------
class Connected(msgspec.Struct, frozen=True):
    """The line is up; nothing of the request has left."""


class LineFailed(msgspec.Struct, frozen=True):
    """The line could not be had; nothing of the request has left."""


class Answered(msgspec.Struct, frozen=True):
    """A valid answer to the message of this stage."""

    reply: Reply


class InquiryAnswered(msgspec.Struct, frozen=True):
    """The acquirer's word on a request it was asked about: `response_code` is the request's own, once."""

    is_known: bool
    response_code: str = ""
    rrn: str = ""


class Silent(msgspec.Struct, frozen=True):
    """No valid answer; `reason` as in F39 of a 0400."""

    reason: str = NO_ANSWER


class CardApproved(msgspec.Struct, frozen=True):
    """The chip gave its TC."""


class CardFailed(msgspec.Struct, frozen=True):
    """The chip gave an AAC, or is gone."""


class PowerReturned(msgspec.Struct, frozen=True):
    """The terminal was switched off in this stage."""


class TryDue(msgspec.Struct, frozen=True):
    """Time to try again: to reverse, or to ask."""


Event = (
    Connected | LineFailed | Answered | InquiryAnswered | Silent | CardApproved | CardFailed | PowerReturned | TryDue
)


class Command(Enum):
    """What the runner is to do next; its result comes back as an event."""

    CONNECT = "connect"
    SEND_REQUEST = "send request"
    COMPLETE_CARD = "complete card"
    SEND_REVERSAL = "send reversal"
    SEND_INQUIRY = "send inquiry"


class Misplaced(Exception):
    """An event that cannot happen in this stage: a fault of the program, never of the line."""


class Step(msgspec.Struct, frozen=True):
    """Where it goes and what is to be done; no command means that nothing more is done now."""

    stage: Stage
    command: Command | None = None


# --- stages: what is known there -------------------------------------------------------------------------------------
class Connecting(msgspec.Struct, frozen=True, tag="connecting"):
    """Wanted, and nothing sent."""

    request: Request

    def on(self, event: Event) -> Step:
        match event:
            case Connected():
                return Step(AwaitingReply(self.request), Command.SEND_REQUEST)
            case LineFailed():
                return Step(NotSent(self.request, "line"))
            case PowerReturned():
                return Step(NotSent(self.request, "power"))
        raise Misplaced(type(event).__name__)


class AwaitingReply(msgspec.Struct, frozen=True, tag="awaiting-reply"):
    """The request may have left."""

    request: Request

    def on(self, event: Event) -> Step:
        match event:
            case Answered(reply) if reply.response_code in APPROVED:
                return _approved(self.request, reply)
            case Answered(reply) if reply.response_code in ISSUER_SILENT or self._may_be_doubled(reply):
                return _silent(self.request, NO_ANSWER)
            case Answered(reply):
                return Step(Refused(self.request, reply.response_code))
            case Silent(reason):
                return _silent(self.request, reason)
            case PowerReturned():
                return _silent(self.request, NO_ANSWER)
        raise Misplaced(type(event).__name__)

    def _may_be_doubled(self, reply: Reply) -> bool:
        """94 on a refund: a line that doubled the request may bring the second answer first, so it is asked about.

        A void or sale is refused instead: were its F11 used before, a reversal would undo that other one."""
        return reply.response_code == DUPLICATE and ON_SILENCE[self.request.kind] is Silence.QUERY


class Completing(msgspec.Struct, frozen=True, tag="completing"):
    """The acquirer approved a chip sale; the card has the last word."""

    request: Request
    reply: Reply

    def on(self, event: Event) -> Step:
        match event:
            case CardApproved():
                return Step(Accepted(self.request, self.reply))
            case CardFailed() | PowerReturned():
                return _reversing(self.request, TERMINAL_FAULT, self.reply.approval_code)
        raise Misplaced(type(event).__name__)


class Reversing(msgspec.Struct, frozen=True, tag="reversing"):
    """A reversal is owed; `attempts` counts those of this round."""

    request: Request
    reason: str
    attempts: int
    approval_code: str = ""

    def on(self, event: Event) -> Step:
        match event:
            case Answered(reply) if reply.response_code in REVERSAL_CLEARED:
                return Step(Reversed(self.request, self.reason))
            case Answered() | Silent() if self.attempts < REVERSAL_ATTEMPTS:
                return Step(msgspec.structs.replace(self, attempts=self.attempts + 1), Command.SEND_REVERSAL)
            case Answered() | Silent():
                return Step(self)
            case TryDue() | PowerReturned():
                return Step(msgspec.structs.replace(self, attempts=1), Command.SEND_REVERSAL)
        raise Misplaced(type(event).__name__)


class Unknown(msgspec.Struct, frozen=True, tag="unknown"):
    """Nobody knows. Ends only by an answer; never by a clock, never by sending again (refund.md 2, rule 6)."""

    request: Request
    reason: str
    asked: int = 0

    def on(self, event: Event) -> Step:
        match event:
            case InquiryAnswered(is_known=True, response_code=code, rrn=rrn) if code in APPROVED:
                return Step(Accepted(self.request, Reply("0230", code, rrn=rrn), is_late=True))
            case InquiryAnswered(is_known=True, response_code=code) if code in (*ISSUER_SILENT, DUPLICATE):
                return Step(self)  # the acquirer does not know either
            case InquiryAnswered(is_known=True, response_code=code):
                return Step(Refused(self.request, code))
            case InquiryAnswered():
                return Step(Refused(self.request, NOT_RECEIVED))
            case Answered(reply) if reply.response_code in APPROVED:  # a late acceptance overrules
                return Step(Accepted(self.request, reply, is_late=True))
            case Answered() | Silent():
                return Step(self)
            case TryDue() | PowerReturned():
                return Step(msgspec.structs.replace(self, asked=self.asked + 1), Command.SEND_INQUIRY)
        raise Misplaced(type(event).__name__)


class Accepted(msgspec.Struct, frozen=True, tag="accepted"):
    """The acquirer took it (已受理); for a refund this does not mean credited."""

    request: Request
    reply: Reply
    is_late: bool = False


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """The acquirer said no, or (`not-received`) that it never had it and never will book it."""

    request: Request
    response_code: str


class NotSent(msgspec.Struct, frozen=True, tag="not-sent"):
    """Nothing left the terminal; `why` is "line" or "power"."""

    request: Request
    why: str


class Reversed(msgspec.Struct, frozen=True, tag="reversed"):
    """The reversal was acknowledged (已冲正): the money is where it was."""

    request: Request
    reason: str


Open = Connecting | AwaitingReply | Completing | Reversing | Unknown
Ended = Accepted | Refused | NotSent | Reversed
Stage = Open | Ended


def state(stage: Stage) -> str:
    """The stage's word, as the journal and the records name it."""
    tag = type(stage).__struct_config__.tag
    assert isinstance(tag, str)
    return tag


def _approved(request: Request, reply: Reply) -> Step:
    if request.needs_completion:
        return Step(Completing(request, reply), Command.COMPLETE_CARD)
    return Step(Accepted(request, reply))


def _silent(request: Request, reason: str) -> Step:
    if ON_SILENCE[request.kind] is Silence.REVERSE:
        return _reversing(request, reason)
    return Step(Unknown(request, reason, asked=1), Command.SEND_INQUIRY)


def _reversing(request: Request, reason: str, approval_code: str = "") -> Step:
    return Step(Reversing(request, reason, 1, approval_code), Command.SEND_REVERSAL)
