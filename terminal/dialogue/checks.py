"""Live checks: what works at this moment, a row each. Law: a check looks; it moves no money and hangs no screen.

| check      | passes when                                              | seconds | what it touches               |
|------------|----------------------------------------------------------|---------|-------------------------------|
| network    | a connection comes about                                 | 10      | the line, in the runner's turn |
| acquirer   | the echo test is answered                                | 10      | the same connection           |
| clock      | not before the last record, in step with that answer     | 10      | the same                      |
| signed     | signed in, and no new sign-in is due                     | 2       | nothing                       |
| keys       | the keys of this acquirer are there                      | 3       | the vault, asked for facts    |
| reader     | it answers; a card in it is neither powered nor read     | 3       | its service, never a card     |
| printer    | it answers, and has paper                                | 3       | its status                    |
| journal    | the chain is whole, and a record can be written          | 10      | the journal                   |
| disk       | room for some days is left                               | 2       | nothing                       |
| policy     | one is in force                                          | 2       | nothing                       |
| backup     | there is one that is not old (none wanted: no row)       | 3       | its folder                    |
| reviews    | none waits longer than the policy says                   | 2       | the journal                   |
| returned   | no form waits to be put right                            | 2       | the journal                   |
| late       | no refund is over its day                                | 2       | the journal                   |
| unknown    | there is no refund of which nobody knows                 | 2       | the journal                   |
| reversal   | none is owed                                             | 2       | the journal                   |
| settlement | none is half done                                        | 2       | the journal                   |

While an exchange has the runner's turn, what would need the line or hold the journal is passed over, and says so.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from shutil import disk_usage

from terminal.dialogue.backup import backup_state
from terminal.dialogue.look import BUSY, NO_ROW, Check, Found, Look, failed, passed
from terminal.dialogue.policy_view import version_words
from terminal.dialogue.room import Room
from terminal.exchange.stages import Reversing, Unknown
from terminal.refund.application import WAITING, State
from terminal.refund.arrival import expected
from terminal.screens import say

IN_STEP = timedelta(minutes=5)
DISK_LEFT = 50_000_000  # bytes: some weeks of records
ASKED_SOON = timedelta(minutes=10)  # refund.md 3: every half minute as long, then hourly
ANSWERED = ("", "00")  # F39 of an echo test


# --- the acquirer ----------------------------------------------------------------------------------------------------
async def _network(look: Look) -> Found:
    end = (await look.echo()).end
    if end == "busy":
        return BUSY
    look.room.desk.set_status(line="bad" if end == "down" else "ok")
    return failed("live.network.bad") if end == "down" else passed()


async def _acquirer(look: Look) -> Found:
    echo = await look.echo()
    if echo.end == "busy":
        return BUSY
    if echo.reply is None:
        return failed(f"live.acquirer.{echo.end}")
    code = echo.reply.response_code
    return passed() if code in ANSWERED else failed("live.acquirer.code", code=code)


async def _clock(look: Look) -> Found:
    now = look.room.hardware.clock.now()
    last = await look.room.journal.rows("SELECT at FROM event ORDER BY seq DESC LIMIT 1")
    if last and datetime.fromisoformat(str(last[0][0])) > now + IN_STEP:
        return failed("live.clock.back", at=str(last[0][0])[:16].replace("T", " "))
    reply = (await look.echo()).reply
    off = _difference(now, reply.date, reply.time) if reply is not None else None
    if off is not None and off > IN_STEP:
        return failed("live.clock.off", minutes=str(int(off.total_seconds() // 60)))
    return passed("live.clock.ok" if off is not None else "live.clock.not_told")


def _difference(now: datetime, day: str, time: str) -> timedelta | None:
    """F13 has no year: it is the nearest one. None for what is no time.

    >>> _difference(datetime(2026, 1, 1, 0, 2), "1231", "235900")
    datetime.timedelta(seconds=180)
    """
    found = []
    for year in (now.year - 1, now.year, now.year + 1):
        try:
            there = datetime.strptime(f"{year}{day}{time}", "%Y%m%d%H%M%S").replace(tzinfo=now.tzinfo)
        except ValueError:
            continue
        found.append(abs(there - now))
    return min(found, default=None) if len(day) == 4 and len(time) == 6 else None


async def _signed(look: Look) -> Found:
    if not look.room.is_signed_in:
        return failed("live.signed.no")
    return failed("live.signed.due") if look.room.runner.is_sign_in_due else passed()


async def _keys(look: Look) -> Found:
    room = look.room
    facts = await room.hardware.loading.facts()
    if facts.erased:
        return failed("live.keys.erased", why=say(f"erased.{facts.erased}"))
    wanted = f"tmk.{room.config.keys.tmk_slot}" if room.acquirer.dialect.has_working_keys else "dukpt"
    return passed() if wanted in {fact.place for fact in facts.keys} else failed("live.keys.none")


# --- devices ---------------------------------------------------------------------------------------------------------
async def _reader(look: Look) -> Found:
    is_there = await look.room.hardware.card_reader.is_card_present()
    return passed("live.reader.card") if is_there else passed()


async def _printer(look: Look) -> Found:
    return failed("live.printer.out") if await look.room.hardware.printer.paper_left() == "out" else passed()


async def _journal(look: Look) -> Found:
    if look.room.runner.turn.locked():  # a long chain takes its time, and the exchange must write
        return BUSY
    broken = await look.room.journal.verify()
    if broken is not None:
        return failed("live.journal.broken", seq=str(broken.seq))
    await look.room.journal.record("checked", {"operator": look.room.operator})
    return passed()


async def _disk(look: Look) -> Found:
    try:
        left = disk_usage(Path(look.room.config.files.journal).parent).free
    except OSError:
        return failed("live.no_device")
    return (passed if left >= DISK_LEFT else failed)("live.disk.left", megabytes=str(left // 1_000_000))


async def _backup(look: Look) -> Found:
    state, now = await backup_state(look.room), look.room.hardware.clock.now()
    if not state.is_configured:
        return NO_ROW
    if not state.at:
        return failed("live.backup.none")
    hours = int((now - datetime.fromisoformat(state.at)).total_seconds() // 3600)
    return (passed if state.is_fresh(now) else failed)("live.backup.age", hours=str(max(0, hours)))


# --- what waits ------------------------------------------------------------------------------------------------------
async def _policy(look: Look) -> Found:
    policy, today = look.room.policy, look.room.hardware.clock.now().date()
    if look.room.policy_trouble:
        return failed("live.policy.refused")
    if today < policy.effective or (policy.expires is not None and today > policy.expires):
        return failed("live.policy.out", first=str(policy.effective), last=str(policy.expires or ""))
    if not policy.is_refund_on:
        return failed("live.policy.off")
    if look.room.calendar_trouble:
        return failed("live.policy.calendar")
    return passed("live.policy.ok", version=version_words(policy.version))


async def _reviews(look: Look) -> Found:
    waiting = await look.room.journal.applications.in_state(WAITING)
    if not waiting:
        return passed("live.none")
    age = look.room.hardware.clock.now() - datetime.fromisoformat(min(each.at for each in waiting))
    hours = int(age.total_seconds() // 3600)
    verdict = failed if hours >= look.room.policy.nag_hours else passed
    return verdict("live.reviews.some", count=str(len(waiting)), hours=str(hours))


async def _returned(look: Look) -> Found:
    found = await look.room.journal.applications.in_state((State.RETURNED,))
    return failed("live.returned.some", count=str(len(found)), id=found[0].id) if found else passed("live.none")


async def _late(look: Look) -> Found:
    room, today = look.room, look.room.hardware.clock.now().date()
    late = []
    for each in await room.journal.applications.in_state((State.ACCEPTED,)):
        _, last = expected(date.fromisoformat(each.at[:10]), each.sale.card, room.policy.arrival, room.calendar)
        late += [each] if last < today else []
    return failed("live.late.some", count=str(len(late)), day=late[0].at[5:10]) if late else passed("live.none")


async def _unknown(look: Look) -> Found:
    room = look.room
    found = [stage for stage in await room.journal.open_stages() if isinstance(stage, Unknown)]
    if not found:
        return passed("live.none")
    age = room.hardware.clock.now() - datetime.fromisoformat(max(stage.request.at for stage in found))
    word = "file" if room.acquirer.dialect.inquiry is None else "soon" if age < ASKED_SOON else "hourly"
    return failed("live.unknown.some", count=str(len(found)), next=say(f"live.unknown.{word}"))


async def _reversal(look: Look) -> Found:
    owed = [stage for stage in await look.room.journal.open_stages() if isinstance(stage, Reversing)]
    return failed("live.reversal.some", count=str(len(owed))) if owed else passed("live.none")


async def _settlement(look: Look) -> Found:
    is_open = await look.room.journal.settlements.open() is not None
    return failed("live.settlement.open") if is_open else passed("live.none")


CHECKS: dict[str, Check] = {
    "network": (10.0, _network),
    "acquirer": (10.0, _acquirer),
    "clock": (10.0, _clock),
    "signed": (2.0, _signed),
    "keys": (3.0, _keys),
    "reader": (3.0, _reader),
    "printer": (3.0, _printer),
    "journal": (10.0, _journal),
    "disk": (2.0, _disk),
    "policy": (2.0, _policy),
    "backup": (3.0, _backup),
    "reviews": (2.0, _reviews),
    "returned": (2.0, _returned),
    "late": (2.0, _late),
    "unknown": (2.0, _unknown),
    "reversal": (2.0, _reversal),
    "settlement": (2.0, _settlement),
}
ALL = tuple(CHECKS)


def look(room: Room, names: tuple[str, ...] = ALL, changed: Callable[[], None] = lambda: None) -> Look:
    """By these checks; `changed` is called as each ends."""
    return Look(room, {name: CHECKS[name] for name in names}, changed)
