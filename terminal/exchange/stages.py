"""The exchange as a machine you can read. Law: a stage is a value; `on(event)` gives the next stage and one command.

    Connecting --Connected--> AwaitingReply --Answered--> Accepted | Refused
        |                        |     \\--(chip sale)--> Completing --CardApproved--> Accepted
        | LineFailed             | Silent, 68, 98            | CardFailed
        v                        v                           v
     NotSent        REVERSE: Reversing --> Reversed | GivenUp   Reversing
                    QUERY:   Unknown --InquiryAnswered, Reconciled, Testified--> Accepted | Refused
                    REPEAT:  Unknown --the same bytes again, Answered--> Accepted | Refused
     Uploading (offline money) --the same bytes until answered--> Accepted | Refused
     CardLost: Reversing --> GivenUp, Uploading --> Unknown, and a repeated Unknown is not repeated any more
     GivenUp --Reconciled, Testified--> Accepted | Refused | Reversed
     What ended by Testified is still listened for: terminal/exchange/overruling.py

No I/O, no clock, no chance here; which of REVERSE, QUERY and REPEAT it is stands in the request's terms. The runner
writes each stage to the journal before it carries its command out, so that after a power cut the same stage is found
and told `PowerReturned`. `address` is where the request went: what is owed goes there and nowhere else, for another
address might not know it, and "not known" would let it be paid twice.
"""

from __future__ import annotations

import msgspec

from terminal.exchange.ends import Accepted as Accepted
from terminal.exchange.ends import NotSent as NotSent
from terminal.exchange.ends import Refused as Refused
from terminal.exchange.ends import Reversed as Reversed
from terminal.exchange.ends import kept, said_accepted
from terminal.exchange.events import (
    CARD_LOST,
    KEYS_MISSING,
    NO_ANSWER,
    OTHER_FAULT,
    TERMINAL_FAULT,
    Answered,
    CardApproved,
    CardFailed,
    CardLost,
    Command,
    Connected,
    Event,
    InquiryAnswered,
    LineFailed,
    Misplaced,
    PowerReturned,
    Reconciled,
    Silent,
    Testified,
    TryDue,
)
from terminal.exchange.request import Request
from terminal.exchange.verdicts import DUPLICATE, NOT_DECIDED, is_passing
from terminal.iso8583.answers import Reply
from terminal.iso8583.kinds import Silence
from terminal.iso8583.response_codes import APPROVED, PARTLY_APPROVED, REVERSAL_CLEARED

DOUBLED = "duplicate"  # the fault of a first answer 94: another 94 then proves nothing
NOT_KNOWN = "25"  # F39: the acquirer has no such request
NOT_RECEIVED = "not-received"
UPLOAD_ATTEMPTS = 3  # 离线上送次数, cup.md 4.3


class Step(msgspec.Struct, frozen=True):
    """Where it goes and what is to be done; no command means that nothing more is done now."""

    stage: Stage
    command: Command | None = None


class Connecting(msgspec.Struct, frozen=True, tag="connecting"):
    """Wanted, and nothing sent."""

    request: Request

    def on(self, event: Event) -> Step:
        match event:
            case Connected(address):
                return Step(AwaitingReply(self.request, address), Command.SEND_REQUEST)
            case LineFailed():
                return Step(NotSent(self.request, "line"))
            case PowerReturned():
                return Step(NotSent(self.request, "power"))
        raise Misplaced(type(event).__name__)


class AwaitingReply(msgspec.Struct, frozen=True, tag="awaiting-reply"):
    """The request may have left."""

    request: Request
    address: str = ""

    def on(self, event: Event) -> Step:
        match event:
            case Answered(reply) if reply.response_code in APPROVED or self._is_welcome_part(reply):
                return _approved(self, reply)
            case Answered(reply) if reply.response_code in NOT_DECIDED:
                return _silent(self, NO_ANSWER, "issuer-silent")
            case Answered(reply) if self._is_doubled(reply):
                return _silent(self, NO_ANSWER, DOUBLED)
            case Answered(reply) if reply.response_code == PARTLY_APPROVED:
                return _silent(self, OTHER_FAULT, "part-not-asked")
            case Answered(reply):
                return Step(Refused(self.request, reply.response_code))
            case Silent(reason, fault):
                return _silent(self, reason, fault)
            case PowerReturned():
                return _silent(self, NO_ANSWER, "power")
        raise Misplaced(type(event).__name__)

    def _is_welcome_part(self, reply: Reply) -> bool:
        return reply.response_code == PARTLY_APPROVED and self.request.terms.may_be_partial

    def _is_doubled(self, reply: Reply) -> bool:
        """94 where nothing is reversed: a line that doubled the request may bring the second answer first, so it is
        asked about. A void or sale with 94 is refused: were its F11 used before, a reversal would undo that other."""
        return reply.response_code == DUPLICATE and self.request.terms.silence is not Silence.REVERSE


class Completing(msgspec.Struct, frozen=True, tag="completing"):
    """The acquirer approved a chip sale; the card has the last word."""

    request: Request
    reply: Reply
    address: str = ""

    def on(self, event: Event) -> Step:
        match event:
            case CardApproved(certificate):
                return Step(Accepted(self.request, kept(self.reply), False, certificate, self.address))
            case CardFailed() | PowerReturned():
                return _reversing(self, TERMINAL_FAULT, "card-failed", self.reply.approval_code)
        raise Misplaced(type(event).__name__)


class Reversing(msgspec.Struct, frozen=True, tag="reversing"):
    """A reversal is owed; `attempts` counts those of this round."""

    request: Request
    reason: str
    attempts: int
    approval_code: str = ""
    address: str = ""
    fault: str = "no-answer"

    def on(self, event: Event) -> Step:
        terms = self.request.terms
        match event:
            case Answered(reply) if reply.response_code in REVERSAL_CLEARED:
                return Step(Reversed(self.request, self.reason, self.fault))
            case CardLost():
                return Step(GivenUp(self.request, self.reason, CARD_LOST))
            case Silent(_, fault) if fault == KEYS_MISSING:  # no attempt: it waits for the keys
                return Step(self)
            case Answered() | Silent() if self.attempts < terms.reversal_attempts:
                return Step(msgspec.structs.replace(self, attempts=self.attempts + 1), Command.SEND_REVERSAL)
            case Answered() | Silent() if not terms.keeps_reversal:  # cup.md 4.4: some acquirers want it so
                return Step(GivenUp(self.request, self.reason, self.fault))
            case Answered() | Silent():
                return Step(self)
            case TryDue() | PowerReturned():
                return Step(msgspec.structs.replace(self, attempts=1), Command.SEND_REVERSAL)
        raise Misplaced(type(event).__name__)


class Unknown(msgspec.Struct, frozen=True, tag="unknown"):
    """Nobody knows. Ends by an answer, the acquirer's file or two people; never by a clock (refund.md 2, rule 6)."""

    request: Request
    reason: str
    asked: int = 0
    address: str = ""
    fault: str = "no-answer"

    def on(self, event: Event) -> Step:
        match event:
            case InquiryAnswered(False) | Reconciled(False):
                return Step(Refused(self.request, NOT_RECEIVED))
            case InquiryAnswered(_, code, rrn) | Reconciled(_, code, rrn):
                return self._told(code, rrn)
            case Testified(is_accepted, testimony):
                addressed = msgspec.structs.replace(testimony, address=self.address)
                refused = Refused(self.request, NOT_RECEIVED, addressed)
                return Step(said_accepted(self.request, addressed) if is_accepted else refused)
            case Answered(reply):
                return self._answered(reply)
            case Silent():
                return Step(self)
            case CardLost():
                return Step(msgspec.structs.replace(self, fault=CARD_LOST))
            case TryDue() | PowerReturned():
                return self._again()
        raise Misplaced(type(event).__name__)

    def _told(self, code: str, rrn: str) -> Step:
        if code in APPROVED:
            return Step(Accepted(self.request, Reply("0230", code, rrn=rrn), is_late=True, address=self.address))
        if code in NOT_DECIDED or code in (DUPLICATE, PARTLY_APPROVED):
            return Step(self)  # the acquirer does not know either
        return Step(Refused(self.request, code))

    def _answered(self, reply: Reply) -> Step:
        """The answer to the request itself, late; or to a repeat of it, where repeats are known for what they are.

        A refusal ends nothing: a repeat may be refused *because* the first one was booked (61), or before anybody
        looked for a first one. Nor does 94 when the very first answer was 94: that F11 may be another one's."""
        is_known = self.request.terms.silence is Silence.REPEAT and self.fault not in (DOUBLED, CARD_LOST, KEYS_MISSING)
        if reply.response_code in APPROVED or (is_known and reply.response_code == DUPLICATE):
            return Step(Accepted(self.request, kept(reply), is_late=True, address=self.address))
        return Step(self)

    def _again(self) -> Step:  # no command: only the file can tell
        commands = {Silence.QUERY: Command.SEND_INQUIRY, Silence.REPEAT: Command.SEND_AGAIN}
        command = None if self.fault == CARD_LOST else commands.get(self.request.terms.silence)
        return Step(msgspec.structs.replace(self, asked=self.asked + 1), command) if command else Step(self)


class Uploading(msgspec.Struct, frozen=True, tag="uploading"):
    """Money that has moved offline: the acquirer is told, same F11, until it answers (cup.md 4.8).

    `attempts` counts those of this round, `sent` all of them; `address` is where the first went."""

    request: Request
    attempts: int = 0
    sent: int = 0
    address: str = ""

    def on(self, event: Event) -> Step:
        match event:
            case Answered(reply):
                return self._answered(reply)
            case Silent(_, fault):  # what could not be signed has not left, as far as is known
                return msgspec.structs.replace(self, sent=self.sent - (fault == KEYS_MISSING))._again()
            case CardLost():
                return Step(Unknown(self.request, NO_ANSWER, address=self.address, fault=CARD_LOST))
            case PowerReturned() | LineFailed():
                return Step(self)
            case TryDue():
                return self._sending(1) if self.address else Step(self, Command.CONNECT)
            case Connected(address):
                return msgspec.structs.replace(self, address=address)._sending(1)
        raise Misplaced(type(event).__name__)

    def _answered(self, reply: Reply) -> Step:
        """A 94 to the very first sending proves nothing: that F11 may be another one's."""
        code = reply.response_code
        if code in APPROVED or (code == DUPLICATE and self.sent > 1):
            return Step(Accepted(self.request, kept(reply), is_late=True, address=self.address))
        if code == DUPLICATE:
            return Step(Unknown(self.request, NO_ANSWER, address=self.address, fault=DOUBLED))
        return self._again() if is_passing(code) else Step(Refused(self.request, code))

    def _again(self) -> Step:
        return self._sending(self.attempts + 1) if 0 < self.attempts < UPLOAD_ATTEMPTS else Step(self)

    def _sending(self, attempt: int) -> Step:
        return Step(msgspec.structs.replace(self, attempts=attempt, sent=self.sent + 1), Command.SEND_AGAIN)


class GivenUp(msgspec.Struct, frozen=True, tag="reversal-given-up"):
    """No more of the reversal is sent: the acquirer wants none, or the card is lost. Its file or two people tell."""

    request: Request
    reason: str
    fault: str = "no-answer"

    def on(self, event: Event) -> Step:
        match event:
            case Reconciled(False):
                return Step(Reversed(self.request, self.reason, self.fault))
            case Reconciled(_, code, rrn) if code in APPROVED:
                return Step(Accepted(self.request, Reply("0210", code, rrn=rrn), is_late=True))
            case Reconciled(_, code):
                return Step(Refused(self.request, code))
            case Testified(True, testimony):
                return Step(said_accepted(self.request, testimony))
            case Testified(_, testimony):
                return Step(Reversed(self.request, self.reason, self.fault, testimony))
            case TryDue() | PowerReturned():
                return Step(self)
        raise Misplaced(type(event).__name__)


Open = Connecting | AwaitingReply | Completing | Reversing | Unknown | Uploading | GivenUp
Ended = Accepted | Refused | NotSent | Reversed
Stage = Open | Ended


def state(stage: Stage) -> str:
    """The stage's word, as the journal and the records name it."""
    tag = type(stage).__struct_config__.tag
    assert isinstance(tag, str)
    return tag


def _approved(stage: AwaitingReply, reply: Reply) -> Step:
    if stage.request.needs_completion:
        return Step(Completing(stage.request, reply, stage.address), Command.COMPLETE_CARD)
    return Step(Accepted(stage.request, kept(reply), address=stage.address))


def _silent(stage: AwaitingReply, reason: str, fault: str) -> Step:
    terms = stage.request.terms
    is_answered = reason == OTHER_FAULT  # by something that is no answer to this
    if terms.silence is Silence.REVERSE and (terms.reverses_mismatch or not is_answered):
        return _reversing(stage, reason, fault)
    return Unknown(stage.request, reason, 0, stage.address, fault).on(TryDue())


def _reversing(stage: AwaitingReply | Completing, reason: str, fault: str, approval_code: str = "") -> Step:
    return Step(Reversing(stage.request, reason, 1, approval_code, stage.address, fault), Command.SEND_REVERSAL)
