"""Carries a settlement out (cup.md 2.11, 4.7). Law: what is not acknowledged stays owed; the batch closes once.

One connection for the whole of it. Silence ends the attempt, not the settlement: it goes on from its stage. So does a
vault that is away; but what names a card that was lost with its key is marked and passed over (docs/adr/0009). One that
is ended by force sends nothing more, and lets go of no card that the acquirer might still ask for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

import msgspec

from terminal.exchange.acquirer import Acquirer, Unanswered
from terminal.exchange.runner import Runner
from terminal.exchange.sealed_card import SealLost
from terminal.exchange.settling import (
    LOST,
    NO_VERDICT,
    ROUNDS,
    UPLOAD,
    Ending,
    Item,
    ItemsDue,
    Settled,
    Settling,
    Totalling,
    What,
    address_of,
    is_balanced,
    items_of,
    told_totals,
    totals_of,
    untold,
    waiting_of,
)
from terminal.exchange.stages import Accepted
from terminal.exchange.talk import Talk
from terminal.iso8583 import cup_management as cup
from terminal.iso8583.answers import Reply
from terminal.iso8583.message import Message, WireError
from terminal.iso8583.messages import financial
from terminal.iso8583.response_codes import ITEM_ACCEPTED, SIGN_IN_AGAIN
from terminal.iso8583.settlement import Detail, verdict
from terminal.journal.batch_book import Listed
from terminal.journal.journal import Journal
from terminal.journal.owed import Owed
from terminal.ports import LinkDown

Progress = Callable[[str, int, int], None]  # what is going on, how far, of how many
SEND_THE_REST = "95"  # F39 of the end: the acquirer counted another number of items
HOPELESS = frozenset({"line-lost", "line-down"})
OWED, SENT = "owed", "sent"  # states of journal/owed.py


class SettlementStuck(Exception):
    """It could not go on now; it is kept. `fault` is a word of ui/text, or F39 of what the acquirer said."""

    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.fault = fault


class Settler:
    """One per terminal."""

    def __init__(self, journal: Journal, acquirer: Acquirer, runner: Runner) -> None:
        self._journal, self._acquirer, self._runner = journal, acquirer, runner
        self._book = journal.settlements

    async def settle(self, operator: str, watch: Progress) -> Settled:
        """Begin, or go on with, the settlement of the open batch. Raises SettlementStuck, ReversalOwed."""
        async with self._runner.turn:
            await self._runner.pay()
            stage = await self._book.open() or await self._begin(operator)
            assert not isinstance(stage, Settled)  # the book gives open ones only
            talk = Talk(self._acquirer, stage.address)
            async with talk.stack:
                while not isinstance(stage, Settled):
                    stage = await self._step(stage, talk, watch)
            return stage

    async def _begin(self, operator: str) -> Settling:
        batch = await self._journal.batch()
        stages = await self._journal.of_batch(batch)
        totals = totals_of(stages, self._acquirer.dialect.forms)
        totals.text()  # what cannot be said fails here, before anything is owed
        stage = Totalling(batch, await self._journal.next_stan(), totals, operator, address_of(stages))
        await self._book.enter(stage)
        return stage

    async def _step(self, stage: Settling, talk: Talk, watch: Progress) -> Settling:
        match stage:
            case Totalling():
                watch("totals", 0, 0)
                return await self._totals(stage, talk)
            case ItemsDue():
                return await self._items(stage, talk, watch)
            case Ending():
                watch("ending", 0, 0)
                return await self._end(stage, talk)
        return stage

    async def _totals(self, stage: Totalling, talk: Talk) -> Settling:
        dialect, me = self._acquirer.dialect, self._acquirer.me
        message = cup.totals(dialect, me, stage.stan, stage.batch, stage.operator, stage.totals)
        reply = await self._ask(message, talk)
        if reply.response_code not in ("", "00"):
            raise SettlementStuck(reply.response_code)
        try:
            mine, foreign = verdict(reply.totals)
        except WireError:
            raise SettlementStuck("unreadable") from None
        theirs = told_totals(stage.totals, reply.totals)
        after = ItemsDue(stage.batch, stage.totals, mine, foreign, address=stage.address, theirs=theirs)
        await self._book.enter(after, await self._numbered(after))
        return after

    async def _numbered(self, stage: ItemsDue) -> list[Item]:
        """The items with their F11: kept when one is sent again (cup.md 4.3)."""
        stages = await self._journal.of_batch(stage.batch)
        items = items_of(stages, stage.mine, stage.foreign, stage.address)
        packed = [id for item in items if item.what is What.DETAILS for id in item.exchange_ids]
        lost = frozenset([id for id in packed if await self._is_lost(id)])
        items = items_of(stages, stage.mine, stage.foreign, stage.address, lost)
        fresh = iter(await self._journal.next_stans(sum(not item.stan for item in items)))
        return [item if item.stan else msgspec.structs.replace(item, stan=next(fresh)) for item in items]

    async def _items(self, stage: ItemsDue, talk: Talk, watch: Progress) -> Settling:
        due = await self._book.items(stage.batch, is_missing=True)
        for index, listed in enumerate(due):
            watch("items", index, len(due))
            await self._item(stage, listed, talk)
        missing = len(await self._book.items(stage.batch, is_missing=True))
        after: Settling
        if missing and stage.round < ROUNDS:
            after = msgspec.structs.replace(stage, round=stage.round + 1)
        else:
            after = await self._ending(stage, missing)
        await self._book.enter(after)
        return after

    async def _item(self, stage: ItemsDue, listed: Listed, talk: Talk) -> None:
        """One item; silence leaves it for the next round (cup.md 2.11)."""
        try:
            message = await self._message(stage, listed.item)
        except SealLost:
            await self._book.answered(stage.batch, listed.position, LOST)
            return
        try:
            reply = await self._ask(message, talk)
        except SettlementStuck as stuck:
            if stuck.fault in HOPELESS:
                raise
            return
        if reply.response_code in SIGN_IN_AGAIN:
            raise SettlementStuck(reply.response_code)
        await self._book.answered(stage.batch, listed.position, reply.response_code)

    async def _ending(self, stage: ItemsDue, missing: int) -> Ending:
        count = await self._uploaded(stage.batch)
        stan = await self._journal.next_stan()
        return Ending(
            *(stage.batch, stage.totals, stage.mine, stage.foreign, stan, count, missing, stage.address, stage.theirs)
        )

    async def _uploaded(self, batch: str, codes: Collection[str] = ITEM_ACCEPTED) -> int:
        """Transactions (not messages) that were acknowledged: N4 of the end (cup.md 2.11, order 9)."""
        return sum(len(listed.item.exchange_ids) for listed in await self._book.items(batch) if listed.code in codes)

    async def _end(self, stage: Ending, talk: Talk) -> Settling:
        dialect, me, balanced = self._acquirer.dialect, self._acquirer.me, is_balanced(stage.mine, stage.foreign)
        message = cup.upload_end(dialect, me, stage.stan, stage.batch, stage.count, balanced)
        reply = await self._ask(message, talk)
        if reply.response_code == SEND_THE_REST and stage.missing:
            again = (stage.batch, stage.totals, stage.mine, stage.foreign, ROUNDS, stage.address, stage.theirs)
            await self._book.enter(ItemsDue(*again))
        elif reply.response_code == SEND_THE_REST and (count := await self._next_count(stage)) != stage.count:
            next_count = msgspec.structs.replace(stage, stan=await self._journal.next_stan(), count=count)
            await self._book.enter(next_count)
            if count > stage.count:
                return next_count
        if reply.response_code not in ITEM_ACCEPTED:
            raise SettlementStuck(reply.response_code)
        after = await self._settled(stage)
        await self._let_go(stage.batch)
        await self._book.close(after)
        return after

    async def _next_count(self, stage: Ending) -> int:
        """One more, up to the most; after that the least again, at the next attempt: the acquirer's may have lagged."""
        if stage.count < await self._most(stage.batch):
            return stage.count + 1
        return await self._uploaded(stage.batch)

    async def _most(self, batch: str) -> int:
        """What the acquirer may have at most: a lost item may have come before, and only its answer not. The acquirer
        says which number is right."""
        return await self._uploaded(batch, {*ITEM_ACCEPTED, LOST})

    async def _settled(self, stage: Ending) -> Settled:
        items = await self._book.items(stage.batch)
        refused = sum(listed.code not in ("", LOST, *ITEM_ACCEPTED) for listed in items)
        is_all_there = stage.count == await self._most(stage.batch)  # the acquirer counts the lost ones too
        lost_items = [] if is_all_there else [listed for listed in items if listed.code == LOST]
        ids = dict.fromkeys(id for listed in lost_items for id in listed.item.exchange_ids)
        return Settled(
            *(stage.batch, stage.totals, stage.mine, stage.foreign, stage.count, stage.missing, refused),
            lost=untold([await self._accepted(id) for id in ids]),
            theirs=stage.theirs,
            waiting=waiting_of(await self._journal.of_batch(stage.batch)),
        )

    # --- by force ------------------------------------------------------------------------------------------------
    async def force(self, by: tuple[str, ...], fault: str) -> Settled:
        """End the open settlement here, unsettled; `by` are the numbers of who answers for it, `fault` as in
        SettlementStuck. Nothing is sent, nothing is taken back: what is owed beside it stays owed."""
        async with self._runner.turn:
            stage = await self._book.open()
            assert stage is not None
            assert not isinstance(stage, Settled)  # the book gives open ones only
            stages = await self._journal.of_batch(stage.batch)
            items = await self._book.items(stage.batch)
            done = {id for listed in items if listed.code in ITEM_ACCEPTED for id in listed.item.exchange_ids}
            after = _forced(stage, len(done), by, fault)
            after = msgspec.structs.replace(after, unproven=untold(stages, done), waiting=waiting_of(stages))
            for one in stages:
                if isinstance(one, Accepted) and one.request.id not in done:
                    await self._journal.owed.keep(Owed(UPLOAD, one.request.id, OWED, 0, b""))
            await self._book.close(after)
            return after

    async def _let_go(self, batch: str) -> None:
        """The acquirer kept this batch open after it was ended by force here, and has taken it now."""
        for owed in await self._journal.owed.all(UPLOAD, OWED):
            if owed.id.startswith(f"{batch}-"):
                await self._journal.owed.keep(msgspec.structs.replace(owed, state=SENT))

    # --- messages ------------------------------------------------------------------------------------------------

    async def _message(self, stage: ItemsDue, item: Item) -> Message:
        dialect, me, batch = self._acquirer.dialect, self._acquirer.me, stage.batch
        if item.what is What.DETAILS:
            rows = [await self._detail(id) for id in item.exchange_ids]
            return cup.details(dialect, me, item.stan, batch, tuple(rows))
        accepted = await self._accepted(item.exchange_ids[0])
        plastic = await self._acquirer.protected(await self._runner.plastic_of(accepted.request))
        request = financial(dialect, accepted.request.facts(), plastic, me)
        if item.what not in (What.CERTIFICATE, What.AGAINST_ISSUER):
            return cup.notice_again(request)
        request = request.with_fields({4: f"{accepted.amount.minor:012d}", 55: accepted.certificate})
        told = cup.certificate if item.what is What.CERTIFICATE else cup.against_issuer
        return told(dialect, me, item.stan, batch, request, is_balanced(stage.mine, stage.foreign))

    async def _is_lost(self, id: str) -> bool:
        try:
            await self._runner.plastic_of((await self._accepted(id)).request)
        except SealLost:
            return True
        return False

    async def _detail(self, id: str) -> Detail:
        accepted = await self._accepted(id)
        plastic = await self._runner.plastic_of(accepted.request)
        return Detail(accepted.request.stan, plastic.pan, accepted.amount.minor)

    async def _accepted(self, id: str) -> Accepted:
        stage = await self._journal.exchange(id)
        assert isinstance(stage, Accepted)  # items are made of accepted exchanges, and those never change
        return stage

    async def _ask(self, message: Message, talk: Talk) -> Reply:
        """Raises SettlementStuck."""
        try:
            return await talk.ask(message)
        except Unanswered as error:
            raise SettlementStuck(error.fault) from None
        except LinkDown:
            raise SettlementStuck("line-down") from None


def _forced(stage: Totalling | ItemsDue | Ending, count: int, by: tuple[str, ...], fault: str) -> Settled:
    """`count` transactions were acknowledged."""
    if isinstance(stage, Totalling):
        return Settled(stage.batch, stage.totals, NO_VERDICT, NO_VERDICT, 0, 0, forced_by=by, fault=fault)
    verdicts = (stage.mine, stage.foreign)
    return Settled(stage.batch, stage.totals, *verdicts, count, 0, theirs=stage.theirs, forced_by=by, fault=fault)
