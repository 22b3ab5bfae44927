"""结算: the day's books compared with the acquirer's, and the batch closed. Law: nothing else until it has ended.

signatures -> totals to agree to -> 0500, upload, end -> what came of it -> paper
"""

from __future__ import annotations

from terminal.dialogue.bad_news import Stopped
from terminal.dialogue.outcome import sentence, tell_given_up
from terminal.dialogue.printing import print_receipt, print_unsent_signatures, shop, style
from terminal.dialogue.ready import nothing_owed, signed_in
from terminal.dialogue.room import Room
from terminal.exchange.settler import SettlementStuck
from terminal.exchange.settling import Settled, totals_of
from terminal.exchange.signatures import TRIES, send_signatures
from terminal.iso8583.response_codes import SIGN_IN_AGAIN
from terminal.iso8583.settlement import Totals
from terminal.money import Money
from terminal.screens import Notice, Row, Say, Sheet, Tone, say
from terminal.settlement_paper import settlement_paper

TITLE = say("menu.settlement")


async def settle(room: Room) -> None:
    """The whole dialogue. Raises Cancelled, TimedOut, Stopped, ReversalOwed."""
    if "settlement" not in room.acquirer.dialect.offers:
        raise Stopped("not-offered")
    is_resumed = await room.journal.settlements.open() is not None
    await (signed_in if is_resumed else nothing_owed)(room)
    await tell_given_up(room)
    await signatures_first(room)
    if not is_resumed:
        stages = await room.journal.of_batch(await room.journal.batch())
        totals = totals_of(stages, room.acquirer.dialect.forms)
        unclear = len(await room.journal.open_stages())
        lines = (say("settlement.unclear", count=str(unclear)),) if unclear else ()
        await room.desk.agree(Sheet(TITLE, rows(totals), lines, hint=say("hint.send")))
    settled = await _carried_out(room)
    room.is_signed_in = False  # the acquirer's batch begins with a new sign-in (cup.md 2.7)
    await room.refresh_status()
    await room.desk.tell(_notice(settled))
    await print_last(room)


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


async def _carried_out(room: Room) -> Settled:
    latest = [say("settlement.totals")]

    def watch(what: str, done: int, of: int) -> None:
        latest.append(say(f"settlement.{what}", done=str(done + 1), of=str(of)))

    try:
        return await room.desk.work(TITLE, room.settler.settle(room.operator, watch), lambda: latest[-1])
    except SettlementStuck as stuck:
        room.is_signed_in = room.is_signed_in and stuck.fault not in SIGN_IN_AGAIN
        raise Stopped("settlement-stuck", why=_why(stuck.fault)) from None
    finally:
        await room.refresh_status()


def _why(fault: str) -> Say:
    if len(fault) == 2:
        return say(sentence(fault), code=fault)
    return say(f"fault.{fault}")


def _notice(settled: Settled) -> Notice:
    word = "settlement.balanced" if settled.is_balanced else "settlement.not_balanced"
    is_clean = settled.is_balanced and not (settled.missing or settled.refused or settled.lost)
    more: tuple[Row, ...] = ()
    if settled.missing:
        more = (*more, Row(say("settlement.missing"), str(settled.missing)))
    if settled.refused:
        more = (*more, Row(say("settlement.refused"), str(settled.refused)))
    if settled.lost:
        more = (*more, Row(say("settlement.lost"), str(len(settled.lost))))
    line = "settlement.do.lost" if settled.lost else "settlement.do" if is_clean else "settlement.do.check"
    return Notice(TITLE, Tone.OK if is_clean else Tone.LOOK, say(word), (say(line),), (*rows(settled.totals), *more))


def _now(room: Room) -> str:
    return room.hardware.clock.now().isoformat(timespec="seconds")
