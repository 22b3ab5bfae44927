"""Is the terminal fit to move money? Law: what fails is named and put right from the same screen (guide G1)."""

from __future__ import annotations

import contextlib
from datetime import datetime

from terminal import log
from terminal.dialogue import bad_news, parts
from terminal.dialogue.backup import backup_state, drop_old_evidence
from terminal.dialogue.backup import row as backup_row
from terminal.dialogue.bad_news import Stopped, device_trouble
from terminal.dialogue.desk import Cancelled
from terminal.dialogue.room import Room
from terminal.exchange.acquirer import Unanswered
from terminal.exchange.downloads import AID, CAPK, SORTS, DownloadRefused, Sort, fetch
from terminal.exchange.runner import ReversalOwed
from terminal.iso8583.answers import Reply
from terminal.iso8583.cup_management import status
from terminal.iso8583.dialect import SignIn
from terminal.iso8583.message import Message
from terminal.iso8583.response_codes import SIGN_IN_AGAIN
from terminal.journal.store import JournalFailed
from terminal.ports import KeyMissing, KeyRefused, LinkDown
from terminal.screens import Notice, Row, Say, Tone, say

TITLE = say("sign_in.title")
MOST_IN_BATCH = 500  # cup.md 4.2: then "流水记录已满，请先结算"
CHECKED = ("records", "reader", "printer", "keys")  # as the log names them, in the order of the screen
LATEST = (
    "SELECT max(at) FROM event WHERE seq >= coalesce("
    "(SELECT seq FROM event WHERE kind = 'signed-in' ORDER BY seq DESC LIMIT 1), 0)"
)
SIGN_IN_DEMAND, STATUS_DEMAND = 3, 2  # digit 6 of the header, cup.md 1.3


async def self_check(room: Room) -> None:
    """At power-on: each part by name, pass or fail. Nothing here stops the start: a merchant must get to help."""
    rows = (
        Row(say("check.records"), await parts.records(room)),
        Row(say("check.reader"), await parts.reader(room)),
        Row(say("check.printer"), await parts.printer(room)),
        Row(say("check.keys"), await parts.keys(room)),
    )
    await _drop_old(room)
    state, now = await backup_state(room), room.hardware.clock.now()
    await room.refresh_status()
    is_fine = all(isinstance(row.value, Say) and row.value.id == "check.ok" for row in rows)
    found = [row.value.id.removeprefix("check.") if isinstance(row.value, Say) else "" for row in rows]
    log.write("self-check" if is_fine else "self-check-failed", **dict(zip(CHECKED, found, strict=True)))
    tone = Tone.OK if is_fine and state.is_fresh(now) else Tone.LOOK
    shown = (*rows, backup_row(state, now))
    await room.desk.tell(Notice(say("check.title"), tone, say("desk.product"), rows=shown), 5.0)


async def fit_to_ask(room: Room) -> None:
    """Before a question to the acquirer that it would answer by wanting a sign-in; one that fails stops no question."""
    if room.operator and room.runner.is_sign_in_due:
        with contextlib.suppress(Stopped):
            await signed_in(room)


async def signed_in(room: Room) -> None:
    """Sign in with the acquirer, if that is due: working keys, batch, clock (cup.md 2.6). Raises Stopped."""
    room.is_signed_in = room.is_signed_in and not room.runner.is_sign_in_due
    if room.is_signed_in:
        return
    try:
        await room.desk.work(TITLE, _sign_in(room), lambda: say("sign_in.busy"))
    except Stopped as stop:
        log.write("sign-in-failed", name=stop.name, response_code=stop.args_.get("code", ""))
        raise
    finally:
        await room.refresh_status()
    if needs_parameters(room):
        for sort in (AID, CAPK):
            await _fetch_demanded(room, sort)


def needs_parameters(room: Room) -> bool:
    """Whether the acquirer has applications and keys that this terminal has not: no chip sale then (cup.md 2.13)."""
    return "downloads" in room.acquirer.dialect.offers and not room.kernel.is_downloaded


async def fit_for_money(room: Room) -> None:
    """No settlement half done, signed in, demands met, no reversal owed. What is not right is put right here, or stops
    with its reason (cup.md 4.2). Raises Stopped."""
    if await room.journal.settlements.open() is not None:
        raise Stopped("settlement-open")
    if await room.journal.count(await room.journal.batch()) >= MOST_IN_BATCH:
        raise Stopped("batch-full")
    await nothing_owed(room)


async def line_is_up(room: Room) -> None:
    """A connection comes about, before anything is typed and a card is asked for (guide G1). Raises Stopped."""
    if room.runner.turn.locked():  # it is in use
        return
    try:
        await room.desk.work(say("check.title"), _connect(room), lambda: say("stage.connecting"))
    except LinkDown:
        raise Stopped("line-down") from None
    finally:
        await room.refresh_status()


async def _connect(room: Room) -> None:
    async with room.runner.turn, contextlib.AsyncExitStack() as stack:
        await room.acquirer.connect(stack)


async def nothing_owed(room: Room) -> None:
    """Signed in, demands met, no reversal owed. Raises Stopped."""
    await signed_in(room)
    await _meet_demands(room)
    try:
        await room.desk.work(say("check.title"), room.runner.pay_debts(), lambda: say("stage.owed"))
    except ReversalOwed:
        raise Stopped("reversal-owed") from None
    finally:
        await room.refresh_status()


async def no_factory_codes(room: Room) -> None:
    """Money goes back only on a terminal whose factory codes are all replaced (guide G16). Raises Cancelled."""
    for id in await room.staff.factory_codes():
        key = await bad_news.tell(room.desk, room.journal, "factory-password", say("staff.title"), id=id)
        if key != "enter":
            raise Cancelled
        await room.staff.replace_factory_code(id)


async def asked_once(room: Room, message: Message) -> Reply:
    """A question that owes nothing, with its own way to fail. Raises Stopped."""
    try:
        return await room.acquirer.ask_once(message)
    except LinkDown:
        raise Stopped("line-down") from None
    except (KeyMissing, KeyRefused) as error:
        room.runner.is_sign_in_due = True
        raise device_trouble(error) from None
    except Unanswered as error:
        room.runner.is_sign_in_due |= error.reason in SIGN_IN_AGAIN
        raise Stopped("no-answer") from None


async def fetched(room: Room, sort: Sort) -> int:
    """One sort of parameters, downloaded; how many (cup.md 2.13). Raises Stopped."""
    latest = [say("manage.fetching", what=say(f"manage.{sort.kind}"), done="0", of="?")]

    def watch(kind: str, done: int, of: int) -> None:
        latest.append(say("manage.fetching", what=say(f"manage.{kind}"), done=str(done + 1), of=str(of or "?")))

    try:
        count = await room.desk.work(TITLE, fetch(room.acquirer, room.journal, sort, watch), lambda: latest[-1])
    except DownloadRefused:
        raise Stopped("download-refused", what=say(f"manage.{sort.kind}")) from None
    except LinkDown:
        raise Stopped("line-down") from None
    except Unanswered:
        raise Stopped("no-answer") from None
    room.acquirer.demands.discard(sort.demand)
    await room.refresh_kernel()
    return count


async def _meet_demands(room: Room) -> None:
    """处理要求 of the header (cup.md 1.3): what the acquirer wants is done before the next money. Raises Stopped."""
    demands = room.acquirer.demands
    if SIGN_IN_DEMAND in demands:
        demands.discard(SIGN_IN_DEMAND)
        room.is_signed_in = False
        await signed_in(room)
    if STATUS_DEMAND in demands:
        demands.discard(STATUS_DEMAND)
        await _report_status(room)
    for sort in SORTS:
        if sort.demand in demands:
            await _fetch_demanded(room, sort)
    demands.clear()  # the rest (TMS, exchange rates) is not this terminal's


async def _fetch_demanded(room: Room, sort: Sort) -> None:
    """A demand that the acquirer itself refuses to serve is said and dropped: it will ask again; the shop goes on."""
    try:
        await fetched(room, sort)
    except Stopped as stop:
        if stop.name != "download-refused":
            raise
        await bad_news.tell(room.desk, room.journal, stop.name, TITLE, **stop.args_)


async def _report_status(room: Room) -> None:
    """0820/362: what works here, in the order reader, printer, keys; 1 is well."""
    found = (await parts.reader(room), await parts.printer(room), await parts.keys(room))
    report = "".join(str(int(part.id == "check.ok")) for part in found)
    acquirer = room.acquirer
    message = status(acquirer.dialect, acquirer.me, await room.journal.batch(), report)
    await room.desk.work(TITLE, asked_once(room, message), lambda: say("stage.awaiting-reply"))


async def _sign_in(room: Room) -> None:
    journal, acquirer = room.journal, room.acquirer
    at = room.hardware.clock.now().isoformat(timespec="seconds")
    said = SignIn(await journal.next_stan(), await journal.batch(), room.operator, at)
    reply = await asked_once(room, acquirer.dialect.sign_in(acquirer.dialect, acquirer.me, said))
    if reply.response_code != "00":
        raise Stopped("acquirer-refused", code=reply.response_code)
    if acquirer.dialect.has_working_keys:  # DUKPT brings none
        await _take_keys(room, bytes.fromhex(reply.private))
    if reply.batch.strip("0"):
        await journal.remember("batch", reply.batch)
    _adopt_clock(room, reply.date, reply.time, max(room.hardware.clock.now(), await latest_written(room)))
    acquirer.demands.discard(SIGN_IN_DEMAND)
    room.is_signed_in, room.runner.is_sign_in_due = True, False
    await journal.record("signed-in", {"batch": reply.batch, "operator": room.operator})
    log.write("signed-in", batch=reply.batch, operator=room.operator)


async def _take_keys(room: Room, block: bytes) -> None:
    cipher, slot = room.acquirer.dialect.choices.cipher, room.config.keys.tmk_slot
    try:
        await room.hardware.vault.load_working_keys(block, cipher, slot)
    except (KeyRefused, KeyMissing) as error:
        raise device_trouble(error) from None


async def latest_written(room: Room) -> datetime:
    """The latest time in the journal since the acquirer last set the clock: it is not earlier than that now."""
    rows = await room.journal.rows(LATEST)
    return datetime.fromisoformat(str(rows[0][0])) if rows[0][0] else room.hardware.clock.now()


def _adopt_clock(room: Room, date: str, time: str, now: datetime) -> None:
    """F13 has no year: it is the one that brings the date nearest to `now`."""
    if len(date) != 4 or len(time) != 6:
        return
    clock = room.hardware.clock
    candidates = []
    for year in (now.year - 1, now.year, now.year + 1):
        try:
            candidates.append(
                now.replace(
                    year=year,
                    month=int(date[:2]),
                    day=int(date[2:]),
                    hour=int(time[:2]),
                    minute=int(time[2:4]),
                    second=int(time[4:]),
                    microsecond=0,
                )
            )
        except ValueError:
            continue  # 29 February of another year
    if candidates:
        clock.adopt(min(candidates, key=lambda there: abs(there - now)))


async def _drop_old(room: Room) -> None:
    """Every day: a terminal starts anew each night (refund.md 3). A journal that fails is said by its own row."""
    try:
        await drop_old_evidence(room)
    except JournalFailed as error:
        log.write("journal-failed", error=error)
