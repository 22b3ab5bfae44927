"""结算: the day's books compared with the acquirer's, and the batch closed. Law: nothing else until it has ended.

backup -> signatures -> totals to agree to -> 0500, upload, end -> what came of it, and why not balanced -> paper

| open in the batch                     | settled over it? | why (cup.md)                                           |
|---------------------------------------|------------------|--------------------------------------------------------|
| Connecting, AwaitingReply, Completing | no               | its answer would change the totals: ended first        |
| Reversing                             | no               | 4.4: before any online message; 2.10: not afterwards   |
| Unknown                               | yes, and named   | 2.4: nothing but a query or the file ends it, any day  |
| Uploading (offline money)             | yes, and named   | 4.7: tried once more first, then it may wait           |
| GivenUp                               | yes, and named   | only the file or two people end it                     |
"""

from __future__ import annotations

from datetime import timedelta

from terminal.dialogue.bad_news import Stopped
from terminal.dialogue.forced_end import TITLE, ended_after, forget_failures
from terminal.dialogue.mismatch import explanation
from terminal.dialogue.outcome import tell_given_up
from terminal.dialogue.printing import print_receipt, print_unsent_signatures, shop, style
from terminal.dialogue.ready import nothing_owed, signed_in
from terminal.dialogue.room import Room
from terminal.exchange.settler import SettlementStuck
from terminal.exchange.settling import Settled, totals_of
from terminal.exchange.signatures import TRIES, send_signatures
from terminal.exchange.stages import Uploading
from terminal.iso8583.response_codes import SIGN_IN_AGAIN
from terminal.iso8583.settlement import Totals
from terminal.money import Money
from terminal.screens import Notice, Row, Say, Sheet, Tone, say
from terminal.settlement_paper import settlement_paper

FIRST_DAY = "SELECT min(day) FROM exchange WHERE batch = ? AND state = 'accepted'"
OPEN, YESTERDAY, EARLIER = "open", "yesterday", "earlier"


async def settle(room: Room) -> None:
    """The whole dialogue. Raises Cancelled, TimedOut, Stopped, ReversalOwed."""
    if "settlement" not in room.acquirer.dialect.offers:
        raise Stopped("not-offered")
    is_resumed = await room.journal.settlements.open() is not None
    await (signed_in if is_resumed else nothing_owed)(room)
    await tell_given_up(room)
    if not is_resumed and room.back_up is not None:  # G7; one that fails is said, and holds up no settlement
        await room.back_up(room)
    await signatures_first(room)
    if not is_resumed:
        await _agreed(room)
    try:
        settled = await _carried_out(room)
    except SettlementStuck as stuck:
        settled = await ended_after(room, stuck.fault)
    await forget_failures(room)
    room.is_signed_in = False  # the acquirer's batch begins with a new sign-in (cup.md 2.7)
    await room.refresh_status()
    await room.desk.tell(_notice(settled))
    if not settled.is_balanced:
        await room.desk.read(explanation(settled, room.acquirer.dialect.forms))
    await print_last(room)


async def settlement_due(room: Room) -> str:
    """ "" while the open batch is of today; else "yesterday", "earlier", or "open" for a settlement that has not ended.

    Words: settlement.due.<it>.
    """
    if "settlement" not in room.acquirer.dialect.offers:
        return ""
    if await room.journal.settlements.open() is not None:
        return OPEN
    rows = await room.journal.rows(FIRST_DAY, await room.journal.batch())
    today = room.hardware.clock.now().date()
    first = str(rows[0][0] or today.isoformat())
    if first >= today.isoformat():
        return ""
    return YESTERDAY if first == (today - timedelta(days=1)).isoformat() else EARLIER


async def print_last(room: Room) -> None:
    """The slip of the last settlement, as often as it is wanted. Raises Stopped."""
    settled = await room.journal.settlements.last()
    if not isinstance(settled, Settled):
        raise Stopped("no-settlement")
    await print_receipt(room, settlement_paper(settled, room.operator, shop(room), style(room), _now(room)))


async def signatures_first(room: Room) -> None:
    """All that are owed, three rounds; what the acquirer will not have is signed on paper (cup.md 5.4)."""
    name = room.config.merchant.name
    for _ in range(TRIES):
        sending = send_signatures(room.journal, room.acquirer, name)
        await room.desk.work(TITLE, sending, lambda: say("settlement.signatures"))
    await print_unsent_signatures(room)


def rows(totals: Totals) -> tuple[Row, ...]:
    """Both sides, for a sheet or a notice."""
    debit, credit = totals.debit + totals.foreign_debit, totals.credit + totals.foreign_credit
    return (
        Row(say("settlement.debits"), str(totals.debits + totals.foreign_debits)),
        Row(say("settlement.debit"), f"¥{Money(debit)}"),
        Row(say("settlement.credits"), str(totals.credits + totals.foreign_credits)),
        Row(say("settlement.credit"), f"−¥{Money(credit)}" if credit else "¥0.00"),
        Row(say("settlement.net"), f"¥{Money(debit - credit)}", is_strong=True),
    )


async def _agreed(room: Room) -> None:
    """The totals, and what is not in them. Raises Cancelled, TimedOut."""
    stages = await room.journal.of_batch(await room.journal.batch())
    waiting = await room.journal.open_stages()
    stored = sum(isinstance(stage, Uploading) for stage in waiting)
    unclear = len(waiting) - stored
    lines = (
        *((say("settlement.unclear", count=str(unclear)),) if unclear else ()),
        *((say("settlement.stored", count=str(stored)),) if stored else ()),
    )
    totals = totals_of(stages, room.acquirer.dialect.forms)
    await room.desk.agree(Sheet(TITLE, rows(totals), lines, hint=say("hint.send")))


async def _carried_out(room: Room) -> Settled:
    """Raises SettlementStuck, ReversalOwed."""
    latest = [say("settlement.totals")]

    def watch(what: str, done: int, of: int) -> None:
        latest.append(say(f"settlement.{what}", done=str(done + 1), of=str(of)))

    try:
        return await room.desk.work(TITLE, room.settler.settle(room.operator, watch), lambda: latest[-1])
    except SettlementStuck as stuck:
        room.is_signed_in = room.is_signed_in and stuck.fault not in SIGN_IN_AGAIN
        raise
    finally:
        await room.refresh_status()


def _notice(settled: Settled) -> Notice:
    is_clean = settled.is_balanced and not (settled.missing or settled.refused or settled.lost)
    counts = (
        (settled.missing, "settlement.missing"),
        (settled.refused, "settlement.refused"),
        (len(settled.lost), "settlement.lost"),
        (len(settled.unproven), "settlement.unproven"),
        (len(settled.waiting), "settlement.waiting"),
    )
    more = tuple(Row(say(label), str(count)) for count, label in counts if count)
    tone = Tone.OK if is_clean else Tone.LOOK
    return Notice(TITLE, tone, _word(settled), (_what_to_do(settled, is_clean),), (*rows(settled.totals), *more))


def _word(settled: Settled) -> Say:
    if settled.forced_by:
        return say("settlement.forced")
    return say("settlement.balanced" if settled.is_balanced else "settlement.not_balanced")


def _what_to_do(settled: Settled, is_clean: bool) -> Say:
    if settled.forced_by:
        return say("settlement.do.forced")
    return say("settlement.do.lost" if settled.lost else "settlement.do" if is_clean else "settlement.do.check")


def _now(room: Room) -> str:
    return room.hardware.clock.now().isoformat(timespec="seconds")
