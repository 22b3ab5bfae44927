"""Does what a stage commands, and tells what happened. Law: one command, one event; nothing is decided here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from terminal.exchange.acquirer import Acquirer, Unanswered
from terminal.exchange.events import (
    KEYS_MISSING,
    OTHER_FAULT,
    Answered,
    CardApproved,
    CardFailed,
    Command,
    Connected,
    Event,
    InquiryAnswered,
    LineFailed,
    Silent,
)
from terminal.exchange.request import Request
from terminal.exchange.stages import NOT_KNOWN, Completing, Open, Reversing
from terminal.exchange.talk import Talk
from terminal.iso8583.answers import Reply
from terminal.iso8583.cup_management import told
from terminal.iso8583.facts import Plastic
from terminal.iso8583.message import Message
from terminal.iso8583.messages import financial, form_of, reversal
from terminal.iso8583.response_codes import APPROVED, CONFIGURATION, SIGN_IN_AGAIN
from terminal.journal.journal import Journal
from terminal.key_facts import SealedPin
from terminal.ports import KeyMissing, KeyRefused, LinkDown

Completion = Callable[[Reply], Awaitable[str | None]]  # the chip's last word on a sale: F55 with its TC, hex, or None
NO_PLASTIC = Plastic("", "")


class Round:
    """What lives only while one exchange is carried out; nothing of it is ever written down."""

    def __init__(
        self, talk: Talk, plastic: Plastic, completion: Completion | None = None, pin: SealedPin | None = None
    ) -> None:
        self.talk, self.plastic, self.completion, self.pin = talk, plastic, completion, pin


class Performer:
    """One per terminal. `is_sign_in_due`: the acquirer wants a new sign-in before anything else."""

    def __init__(self, journal: Journal, acquirer: Acquirer) -> None:
        self._journal, self.acquirer = journal, acquirer
        self.is_sign_in_due = False

    def request_message(self, request: Request, plastic: Plastic, pin: SealedPin | None = None) -> Message:
        """The request as it goes, and goes again. Raises WireError for what cannot be sent."""
        return financial(self.acquirer.dialect, request.facts(), plastic, self.acquirer.me, pin)

    async def perform(self, command: Command, stage: Open, round: Round) -> Event:
        match command:
            case Command.CONNECT:
                return await self._connect(round)
            case Command.SEND_REQUEST:
                return await self._request(stage, round)
            case Command.SEND_AGAIN:
                return await self._again(stage, round)
            case Command.COMPLETE_CARD:
                return await self._complete(stage, round)
            case Command.SEND_REVERSAL:
                return await self._reverse(stage, round)
            case Command.SEND_INQUIRY:
                return await self._inquire(stage, round)

    async def _connect(self, round: Round) -> Event:
        try:
            return Connected(await round.talk.connect())
        except LinkDown:
            return LineFailed()

    async def _request(self, stage: Open, round: Round) -> Event:
        message = self.request_message(stage.request, round.plastic, round.pin)
        return await self._event(round.talk.ask(message))

    async def _again(self, stage: Open, round: Round) -> Event:
        """The same bytes but for KSN and MAC of newer keys: what is repeated (refunds, offline money) has no PIN."""
        event = await self._event(round.talk.ask(self.request_message(stage.request, round.plastic)))
        return self._late(stage) or event

    async def _complete(self, stage: Open, round: Round) -> Event:
        assert isinstance(stage, Completing)
        certificate = await round.completion(stage.reply) if round.completion is not None else None
        return CardFailed() if certificate is None else CardApproved(certificate)

    async def _reverse(self, stage: Open, round: Round) -> Event:
        assert isinstance(stage, Reversing)
        facts, me = stage.request.facts(), self.acquirer.me
        message = reversal(self.acquirer.dialect, facts, round.plastic, me, stage.reason, stage.approval_code)
        return await self._event(round.talk.ask(message))

    async def _inquire(self, stage: Open, round: Round) -> Event:
        make = self.acquirer.dialect.inquiry
        if make is None:
            return Silent()
        stan = await self._journal.next_stan()
        message = make(self.acquirer.dialect, self.acquirer.me, stage.request.facts(), stan)
        event = await self._event(round.talk.ask(message))
        return self._late(stage) or (_word(event.reply) if isinstance(event, Answered) else event)

    async def _event(self, asking: Awaitable[Reply]) -> Event:
        try:
            reply = await asking
        except Unanswered as error:
            self.is_sign_in_due |= error.reason in SIGN_IN_AGAIN
            return Silent(error.reason, error.fault)
        except LinkDown:
            return Silent(fault="line-down")
        except (KeyMissing, KeyRefused):
            self.is_sign_in_due = True
            return Silent(fault=KEYS_MISSING)
        self.is_sign_in_due |= reply.response_code in SIGN_IN_AGAIN | CONFIGURATION  # cup.md 4.10
        return Answered(reply)

    def _late(self, stage: Open) -> Event | None:
        """An acceptance of this stage's request that came late, while something else was asked."""
        request = stage.request
        mti = form_of(self.acquirer.dialect, request.kind).mti
        mine = [late for late in self.acquirer.late if (late.mti, late.stan) == (mti, request.stan)]
        self.acquirer.late.clear()
        approved = [late.reply for late in mine if late.reply.response_code in APPROVED]
        return Answered(approved[0]) if approved else None


def _word(reply: Reply) -> Event:
    """What an inquiry's answer says of the refund it asks about."""
    if reply.response_code == NOT_KNOWN:
        return InquiryAnswered(is_known=False)
    of_it = told(reply.private)
    if reply.response_code != "00" or of_it is None:
        return Silent(OTHER_FAULT, "inquiry-unclear")
    return InquiryAnswered(True, *of_it)
