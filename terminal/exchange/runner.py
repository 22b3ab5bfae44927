"""Carries exchanges out. Law: the stage is on disk before its command is done; what is owed is paid before new debts.

`carry_out` is the one call between dialogue and exchange. It may take minutes and must not be cancelled half way:
the dialogue awaits it shielded.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from terminal import log
from terminal.exchange.acquirer import Acquirer
from terminal.exchange.events import (
    CARD_LOST,
    Answered,
    CardLost,
    Command,
    Event,
    InquiryAnswered,
    Misplaced,
    PowerReturned,
    Reconciled,
    Testified,
    TryDue,
)
from terminal.exchange.overruling import asked_again, heard
from terminal.exchange.performer import NO_PLASTIC, Completion, Performer, Round
from terminal.exchange.request import Request
from terminal.exchange.scripts import send_scripts
from terminal.exchange.sealed_card import SealLost, plastic_of
from terminal.exchange.stages import (
    Accepted,
    AwaitingReply,
    Connecting,
    GivenUp,
    NotSent,
    Open,
    Refused,
    Reversing,
    Stage,
    Step,
    Unknown,
    Uploading,
    state,
)
from terminal.exchange.talk import Talk
from terminal.iso8583.answers import Reply
from terminal.iso8583.codec import encode
from terminal.iso8583.facts import Plastic
from terminal.iso8583.kinds import Silence
from terminal.iso8583.message import WireError
from terminal.journal.journal import Journal
from terminal.journal.store import JournalFailed
from terminal.key_facts import SealedPin
from terminal.ports import DeviceError, Vault

Watcher = Callable[[Stage], None]
Hearing = Callable[[Stage, Stage], Awaitable[None]]  # an exchange before and after the acquirer's word
WITHOUT_CARD = frozenset({None, Command.SEND_INQUIRY})  # what a recovered stage wants done that names no card
PIN_OVERTAKEN = "pin"  # why NotSent: what was owed had to be sent first, so the PIN must be typed again (DUKPT)


class ReversalOwed(Exception):
    """A reversal could not be delivered: no new online message before it is."""


class Runner:
    """One per terminal."""

    def __init__(self, journal: Journal, acquirer: Acquirer, vault: Vault) -> None:
        self._journal, self._acquirer, self._vault = journal, acquirer, vault
        self._performer = Performer(journal, acquirer)
        self.turn = asyncio.Lock()  # one exchange, one settlement at a time

    @property
    def is_sign_in_due(self) -> bool:
        """The acquirer wants a new sign-in (cup.md 4.10: 77, 99, A0)."""
        return self._performer.is_sign_in_due

    @is_sign_in_due.setter
    def is_sign_in_due(self, is_due: bool) -> None:
        self._performer.is_sign_in_due = is_due

    async def carry_out(
        self,
        request: Request,
        sealed: bytes,
        completion: Completion | None = None,
        watch: Watcher | None = None,
        pin: SealedPin | None = None,
    ) -> Stage:
        """From wanted to ended, Unknown, or a Reversing that is stuck. Raises ReversalOwed, JournalFailed."""
        async with self.turn:
            await self.pay(watch)
            plastic = await self._checked(request, sealed, pin)
            await self._journal.begin(request, sealed)
            round, first = Round(Talk(self._acquirer), plastic, completion, pin), Step(NotSent(request, PIN_OVERTAKEN))
            if self._acquirer.serves(pin):
                first = Step(Connecting(request), Command.CONNECT)
            return await self._run(first, round, watch)

    async def store(self, request: Request, sealed: bytes) -> Stage:
        """Money that moved offline: kept, and told to the acquirer with the next online message (cup.md 4.8)."""
        async with self.turn:
            await self._checked(request, sealed, None)
            await self._journal.begin(request, sealed)
            stage = Uploading(request)
            await self._journal.enter(stage)
            return stage

    async def resume(self) -> list[Stage]:
        """After a power cut: every open exchange goes on from its stage. One that cannot does not stop the others."""
        async with self.turn:
            after: list[Stage] = []
            for stage in await self._journal.open_stages():
                if isinstance(stage, Unknown) and not self._can_ask(stage):
                    continue
                try:
                    after.append(await self._go_on(stage, PowerReturned()))
                except (DeviceError, WireError, JournalFailed) as error:
                    log.write("exchange-stuck", **_facts(stage), error=error)
                    after.append(stage)
            return after

    async def pay_debts(self) -> None:
        """Before anything new. Raises ReversalOwed."""
        async with self.turn:
            await self.pay()

    async def pay(self, watch: Watcher | None = None) -> None:
        """Within the turn: script notices, then reversals and what was left behind, then offline money (cup.md 4.4).

        An exchange is left behind when its stage could not be written as its answer came. Raises ReversalOwed."""
        await send_scripts(self._journal, self._acquirer, self._vault)
        stages = await self._journal.open_stages()
        for stage in stages:
            if isinstance(stage, Unknown | Uploading | GivenUp):
                continue  # asked about in its own time; it blocks its sale, not the shop
            # nothing is in flight while the turn is ours: another open stage was left behind, as by a power cut
            event = TryDue() if isinstance(stage, Reversing) else PowerReturned()
            if isinstance(await self._go_on(stage, event, watch), Reversing):
                raise ReversalOwed
        for stage in stages:
            if isinstance(stage, Uploading):
                await self._go_on(stage, TryDue(), watch)

    async def ask_about(self, stage: Stage, hearing: Hearing | None = None) -> Stage:
        """One inquiry about (or repeat of) a request nobody knows about, or only two people; else how it ended."""
        async with self.turn:
            now = await self._journal.exchange(stage.request.id)
            if isinstance(now, Unknown) and self._can_ask(now):
                return await self._go_on(now, TryDue())
            asked = asked_again(now) if now is not None else None
            if now is not None and asked is not None and self._can_ask(asked):
                return await self._heard(now, await self._inquired(asked), hearing)
            return now or stage

    async def reconcile(
        self, told: Sequence[tuple[str, Reconciled]], hearing: Hearing | None = None
    ) -> list[tuple[Stage, Stage]]:
        """What the acquirer's file says of exchanges, by their ids; what changed, before and after."""
        async with self.turn:
            changed: list[tuple[Stage, Stage]] = []
            for id, event in told:
                before = await self._journal.exchange(id)
                if before is not None:
                    after = await self._heard(before, event, hearing)
                    changed += [] if after == before else [(before, after)]
            return changed

    async def testify(self, id: str, event: Testified) -> Stage:
        """Two people say how an exchange ended. Nothing is sent. The stage; another one when it had ended meanwhile."""
        async with self.turn:
            stage = await self._journal.exchange(id)
            if stage is None:
                raise Misplaced("Testified")
            if not isinstance(stage, Unknown | GivenUp):
                return stage
            after = stage.on(event).stage
            await self._journal.enter(after)
            log.write("exchange", **_facts(after))
            return after

    async def _inquired(self, asked: Unknown) -> Event:
        talk = Talk(self._acquirer, asked.address)
        async with talk.stack:
            return await self._performer.perform(Command.SEND_INQUIRY, asked, Round(talk, NO_PLASTIC))

    async def _heard(self, before: Stage, event: Event, hearing: Hearing | None) -> Stage:
        """`hearing` is told before the stage is written, so that a power cut between the two loses no news."""
        if isinstance(event, Answered):  # its own answer, late: the performer lets only acceptances through
            event = InquiryAnswered(True, event.reply.response_code, event.reply.rrn)
        after = heard(before, event) if isinstance(event, InquiryAnswered | Reconciled) else before
        if after != before:
            if hearing is not None:
                await hearing(before, after)
            await self._journal.enter(after)
        return after

    async def plastic_of(self, request: Request) -> Plastic:
        """The card of a request out of the journal. Raises as terminal/exchange/sealed_card.py."""
        return await plastic_of(self._journal, self._vault, request)

    async def _checked(self, request: Request, sealed: bytes, pin: SealedPin | None) -> Plastic:
        """What cannot be sent fails here, not later."""
        plastic = msgspec.json.decode(await self._vault.unseal(sealed), type=Plastic)
        plastic = await self._acquirer.protected(plastic)
        encode(self._performer.request_message(request, plastic, pin), self._acquirer.dialect.layout)
        return plastic

    def _can_ask(self, stage: Unknown) -> bool:
        """By inquiry, or by repeat while its card can be read; else only the acquirer's file can tell."""
        silence = stage.request.terms.silence
        if stage.fault == CARD_LOST:
            return False
        return silence is Silence.REPEAT or (silence is Silence.QUERY and self._acquirer.dialect.inquiry is not None)

    async def _go_on(self, stage: Open, event: Event, watch: Watcher | None = None) -> Stage:
        """From an open stage. A card that is lost with its key is an event like others; one that is away is raised."""
        step, plastic = stage.on(event), NO_PLASTIC
        if step.command not in WITHOUT_CARD:
            assert isinstance(step.stage, Open)
            try:
                plastic = await self._acquirer.protected(await self.plastic_of(stage.request))
            except SealLost:
                step = step.stage.on(CardLost())
        talk = Talk(self._acquirer, getattr(stage, "address", ""))
        return await self._run(step, Round(talk, plastic), watch)

    async def _run(self, step: Step, round: Round, watch: Watcher | None) -> Stage:
        answer: Reply | None = None
        began = asyncio.get_running_loop().time()
        async with round.talk.stack:
            while True:
                await self._journal.enter(step.stage)
                if watch is not None:
                    watch(step.stage)
                if step.command is None:
                    break
                stage = step.stage
                assert isinstance(stage, Open)  # only an open stage has a command
                event = await self._performer.perform(step.command, stage, round)
                if isinstance(stage, AwaitingReply) and isinstance(event, Answered):
                    answer = event.reply
                step = stage.on(event)
        word = "exchange-open" if isinstance(step.stage, Open) else "exchange"
        code, seconds = answer.response_code if answer else "", asyncio.get_running_loop().time() - began
        log.write(word, **_facts(step.stage), response_code=code, seconds=seconds)
        await _tell_card(step.stage, answer, round.completion)
        return step.stage


def _facts(stage: Stage) -> dict[str, str]:
    """What the log tells of an exchange; no amount, no card."""
    request, fault = stage.request, getattr(stage, "fault", "")
    return {
        "kind": request.kind.value,
        "stan": request.stan,
        "batch": request.batch,
        "stage": state(stage),
        "fault": fault,
    }


async def _tell_card(stage: Stage, answer: Reply | None, completion: Completion | None) -> None:
    """The card hears what it had no say in: a refusal may carry scripts; an accepted refund (FULL) is its own end.

    A sale that was completed has heard it, and one that is reversed has no answer to hear.
    """
    had_no_say = isinstance(stage, Refused) or (isinstance(stage, Accepted) and not stage.request.needs_completion)
    if completion is not None and answer is not None and had_no_say:
        await completion(answer)
