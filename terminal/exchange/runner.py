"""Carries exchanges out. Law: the stage is on disk before its command is done; what is owed is paid before new debts.

`carry_out` is the one call between dialogue and exchange. It may take minutes and must not be cancelled half way:
the dialogue awaits it shielded.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import msgspec

from terminal.exchange.acquirer import Acquirer, Unanswered
from terminal.exchange.request import Request
from terminal.exchange.stages import (
    NOT_KNOWN,
    OTHER_FAULT,
    Answered,
    CardApproved,
    CardFailed,
    Command,
    Connected,
    Connecting,
    Event,
    InquiryAnswered,
    LineFailed,
    Open,
    PowerReturned,
    Reversing,
    Silent,
    Stage,
    Step,
    TryDue,
    Unknown,
)
from terminal.iso8583.codec import encode
from terminal.iso8583.messages import SIGN_IN_AGAIN, Kind, Plastic, Reply, financial, inquiry, reversal
from terminal.journal.journal import Journal
from terminal.ports import Connection, DeviceError, KeyMissing, LinkDown, Vault

TOLD_SIZE = 14  # F62 of an inquiry's answer: F39 (2) and F37 (12)
Completion = Callable[[Reply], Awaitable[bool]]  # the chip's last word on a sale: True for a TC
Watcher = Callable[[Stage], None]
NO_PLASTIC = Plastic("", "")


class ReversalOwed(Exception):
    """A reversal could not be delivered: no new online message before it is."""


class Runner:
    """One per terminal."""

    def __init__(self, journal: Journal, acquirer: Acquirer, vault: Vault, *, has_inquiry: bool) -> None:
        """`has_inquiry`: the acquirer answers ours, and its "not known" binds it (docs/adr/0002)."""
        self._journal, self._acquirer, self._vault, self._has_inquiry = journal, acquirer, vault, has_inquiry
        self.is_sign_in_due = False
        self._turn = asyncio.Lock()  # one exchange at a time, one message in flight

    async def carry_out(
        self, request: Request, sealed: bytes, completion: Completion | None = None, watch: Watcher | None = None
    ) -> Stage:
        """From wanted to ended, Unknown, or a Reversing that is stuck. Raises ReversalOwed, JournalFailed."""
        async with self._turn:
            await self._pay(watch)
            plastic = msgspec.json.decode(await self._vault.unseal(sealed), type=Plastic)
            encode(financial(request.facts(), plastic, self._acquirer.me))  # what cannot be sent fails here, not later
            await self._journal.begin(request, sealed)
            return await self._run(Step(Connecting(request), Command.CONNECT), _Round(plastic, completion, watch))

    async def resume(self) -> list[Stage]:
        """After a power cut: every open exchange goes on from its stage. One that cannot does not stop the others."""
        async with self._turn:
            after: list[Stage] = []
            for stage in await self._journal.open_stages():
                try:
                    after.append(await self._go_on(stage, PowerReturned()))
                except DeviceError:
                    after.append(stage)
            return after

    async def pay_debts(self) -> None:
        """Before anything new: reversals (cup.md 4.4), and exchanges whose stage could not be written when their answer
        came. Raises ReversalOwed."""
        async with self._turn:
            await self._pay()

    async def _pay(self, watch: Watcher | None = None) -> None:
        for stage in await self._journal.open_stages():
            if isinstance(stage, Unknown):
                continue  # asked about in its own time; it blocks its sale, not the shop
            # nothing is in flight while the turn is ours: another open stage was left behind, as by a power cut
            event = TryDue() if isinstance(stage, Reversing) else PowerReturned()
            after = await self._go_on(stage, event, watch)
            if isinstance(after, Reversing):
                raise ReversalOwed

    async def ask_about(self, stage: Unknown) -> Stage:
        """One inquiry about a refund nobody knows about; if it ended meanwhile, how."""
        async with self._turn:
            now = await self._journal.exchange(stage.request.id)
            return await self._go_on(now, TryDue()) if isinstance(now, Unknown) else now or stage

    async def _go_on(self, stage: Open, event: Event, watch: Watcher | None = None) -> Stage:
        plastic = NO_PLASTIC
        if stage.request.kind is not Kind.REFUND:  # a reversal names the card; an inquiry does not
            sealed = await self._journal.sealed_card(stage.request.card.digest)
            plastic = msgspec.json.decode(await self._vault.unseal(sealed), type=Plastic)
        return await self._run(stage.on(event), _Round(plastic, None, watch))

    async def _run(self, step: Step, round: _Round) -> Stage:
        async with AsyncExitStack() as stack:
            while True:
                await self._journal.enter(step.stage)
                if round.watch is not None:
                    round.watch(step.stage)
                if step.command is None:
                    return step.stage
                stage = step.stage
                assert isinstance(stage, Open)  # only an open stage has a command
                step = stage.on(await self._perform(step.command, stage, round, stack))

    async def _perform(self, command: Command, stage: Open, round: _Round, stack: AsyncExitStack) -> Event:
        match command:
            case Command.CONNECT:
                return await self._connect(round, stack)
            case Command.SEND_REQUEST:
                return await self._request(stage, round)
            case Command.COMPLETE_CARD:
                return await self._complete(stage, round)
            case Command.SEND_REVERSAL:
                return await self._reverse(stage, round)
            case Command.SEND_INQUIRY:
                return await self._inquire(stage)

    async def _connect(self, round: _Round, stack: AsyncExitStack) -> Event:
        try:
            round.connection = await self._acquirer.connect(stack)
        except LinkDown:
            return LineFailed()
        return Connected()

    async def _request(self, stage: Open, round: _Round) -> Event:
        assert round.connection is not None
        message = financial(stage.request.facts(), round.plastic, self._acquirer.me)
        try:
            return self._answered(await self._acquirer.ask(round.connection, message))
        except (Unanswered, KeyMissing) as error:
            return self._silent(error)

    async def _complete(self, stage: Open, round: _Round) -> Event:
        assert not isinstance(stage, Connecting | Unknown)
        reply = getattr(stage, "reply", None)
        if round.completion is None or reply is None:
            return CardFailed()
        return CardApproved() if await round.completion(reply) else CardFailed()

    async def _reverse(self, stage: Open, round: _Round) -> Event:
        assert isinstance(stage, Reversing)
        request = stage.request
        message = reversal(request.facts(), round.plastic, self._acquirer.me, stage.reason, stage.approval_code)
        try:
            return self._answered(await self._acquirer.ask_once(message))
        except (Unanswered, LinkDown, KeyMissing) as error:
            return self._silent(error)

    async def _inquire(self, stage: Open) -> Event:
        request = stage.request
        if not self._has_inquiry:
            return Silent()
        stan = await self._journal.next_stan()
        date = request.at[5:7] + request.at[8:10]
        try:
            reply = await self._acquirer.ask_once(inquiry(request.facts(), stan, date, self._acquirer.me))
        except (Unanswered, LinkDown, KeyMissing) as error:
            return self._silent(error)
        if reply.response_code == NOT_KNOWN:
            return InquiryAnswered(is_known=False)
        told = bytes.fromhex(reply.private).decode("ascii", "replace")  # F62: F39 and F37 of the refund's own answer
        if reply.response_code != "00" or len(told) != TOLD_SIZE or not told[:2].isalnum():
            return Silent(OTHER_FAULT)
        return InquiryAnswered(is_known=True, response_code=told[:2], rrn=told[2:].strip())

    def _answered(self, reply: Reply) -> Event:
        self.is_sign_in_due |= reply.response_code in SIGN_IN_AGAIN
        return Answered(reply)

    def _silent(self, error: Exception) -> Event:
        reason = error.reason if isinstance(error, Unanswered) else "98"
        self.is_sign_in_due |= reason in SIGN_IN_AGAIN or isinstance(error, KeyMissing)
        return Silent(reason)


class _Round:
    """What lives only while one exchange is carried out; nothing of it is ever written down."""

    def __init__(self, plastic: Plastic, completion: Completion | None, watch: Watcher | None) -> None:
        self.plastic, self.completion, self.watch = plastic, completion, watch
        self.connection: Connection | None = None
