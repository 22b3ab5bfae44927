"""交易记录: what was done, how it ended, its paper again, and asking about what nobody knows.

The newest, or any that is looked for; the supervisor's desk tells the whole story of one (office/story.py).
"""

from __future__ import annotations

from functools import partial

from terminal.dialogue.bad_news import Stopped
from terminal.dialogue.follow_up import ask_about
from terminal.dialogue.office.search import TITLE, item, search
from terminal.dialogue.outcome import notice, progress, word
from terminal.dialogue.printing import print_outcome
from terminal.dialogue.ready import fit_to_ask
from terminal.dialogue.room import Room
from terminal.exchange.runner import ReversalOwed
from terminal.exchange.settling import LOST
from terminal.exchange.stages import Accepted, Open, Refused, Stage, Unknown
from terminal.screens import Item, Notice, Row, Sheet, Tone, say

NEWEST = 8  # on the first page, beside the entry that searches


async def look_up(room: Room, only_open: bool = False) -> None:
    """A list, then one exchange with what can be done about it. Raises Cancelled, TimedOut, Stopped."""
    stages: list[Stage] = list(await room.journal.open_stages()) if only_open else await room.journal.recent(NEWEST)
    if not stages:
        none = "records.none_open" if only_open else "records.none"
        await room.desk.tell(Notice(TITLE, Tone.OK, say(none)))
        return
    choices: list[tuple[Stage | None, Item]] = [(stage, item(stage)) for stage in stages]
    if not only_open:
        choices.append((None, Item(say("records.search"))))
    stage = await room.desk.choose(TITLE, choices)
    await (search(room, partial(_detail, room)) if stage is None else _detail(room, stage))


async def _detail(room: Room, stage: Stage) -> None:
    hint = (
        "hint.ask_now" if isinstance(stage, Open) else "hint.print_again" if isinstance(stage, Accepted) else "hint.any"
    )
    await room.desk.agree(Sheet(TITLE, await facts(room, stage), hint=say(hint)))
    await again(room, stage)


async def again(room: Room, stage: Stage) -> None:
    """Its paper once more; of one that is open it is asked first."""
    if not isinstance(stage, Open):
        await print_outcome(room, stage, is_reprint=True)
        return
    after = await _ask_now(room, stage)
    await print_outcome(room, after, notice(after, room))


async def facts(room: Room, stage: Stage) -> tuple[Row, ...]:
    """What is known of an exchange, the outcome second."""
    request = stage.request
    amount = stage.amount if isinstance(stage, Accepted) else request.amount
    return (
        Row(say("row.kind"), say(f"kind.{request.kind.value}")),
        Row(say("row.outcome"), word(stage), is_strong=True),
        Row(say("row.amount"), f"¥{amount}"),
        Row(say("row.card"), request.card.masked_pan),
        Row(say("row.at"), request.at[:16].replace("T", " ")),
        Row(say("row.voucher"), f"{request.batch}-{request.stan}"),
        *([Row(say("row.rrn"), stage.reply.rrn)] if isinstance(stage, Accepted) else []),
        *([Row(say("desk.code"), stage.response_code)] if isinstance(stage, Refused) else []),
        *([Row(say("row.original"), request.original.exchange_id)] if request.original else []),
        *([Row(say("row.reason"), say(f"reason.{request.reason}"))] if request.reason else []),
        *([Row(say("row.upload"), say("fault.card-lost"))] if await _is_untold(room, stage) else []),
        Row(say("row.operator"), request.operator),
    )


async def _is_untold(room: Room, stage: Stage) -> bool:
    """The upload of its batch could not name it: its card is lost."""
    id = stage.request.id
    items = await room.journal.settlements.items(stage.request.batch)
    return any(listed.code == LOST and id in listed.item.exchange_ids for listed in items)


async def _ask_now(room: Room, stage: Open) -> Stage:
    title = say(f"kind.{stage.request.kind.value}")
    if isinstance(stage, Unknown):
        await fit_to_ask(room)
        after = await room.desk.work(title, ask_about(room, stage), lambda: progress(stage))
    else:
        try:
            await room.desk.work(title, room.runner.pay_debts(), lambda: progress(stage))
        except ReversalOwed:
            raise Stopped("reversal-owed") from None
        finally:
            await room.refresh_status()
        after = await room.journal.exchange(stage.request.id) or stage
    await room.refresh_status()
    return after
