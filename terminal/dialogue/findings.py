"""What the acquirer's file found, until somebody has seen it. Law: found once, told loudly, kept whether seen or not.

What overrules what people were told interrupts the next log-in, refund and settlement; the rest waits in the morning
list. Each is in the chain with the file that it came from (terminal/dialogue/daily_file.py).
"""

from __future__ import annotations

import msgspec

from terminal.dialogue import bad_news
from terminal.dialogue.room import Room
from terminal.exchange.comparison import NOT_BOOKED, OVERRULED, Finding
from terminal.iso8583.kinds import Kind
from terminal.journal.owed import Owed
from terminal.money import Money
from terminal.screens import Notice, Row, say

KIND, TO_SEE, SEEN = "finding", "to-see", "seen"
ACCEPTED = "accepted"  # the state after which money has moved
KINDS = frozenset(kind.value for kind in Kind)  # another's may be of no kind that is known here
_decode = msgspec.json.Decoder(Finding).decode


async def keep(room: Room, finding: Finding) -> bool:
    """Whether it is new: what was found before, by the same file or another, stays as it is."""
    if await room.journal.owed.one(KIND, finding.id) is not None:
        return False
    await room.journal.record("finding", {key: str(value) for key, value in msgspec.to_builtins(finding).items()})
    await room.journal.owed.keep(Owed(KIND, finding.id, TO_SEE, 0, msgspec.json.encode(finding)))
    return True


async def is_not_booked(room: Room, id: str, kind: Kind) -> bool:
    """Whether a file of the acquirer's ever said so of an exchange that is accepted here, seen by somebody or not."""
    return await room.journal.owed.one(KIND, f"{id}-{kind.value}-{NOT_BOOKED}") is not None


async def unseen(room: Room) -> list[Finding]:
    """Oldest first."""
    return [_decode(owed.body) for owed in await room.journal.owed.all(KIND, TO_SEE)]


async def tell_overruled(room: Room) -> None:
    """Each one, until somebody presses a key at it."""
    for finding in await unseen(room):
        if finding.what == OVERRULED:
            await show(room, finding)


async def show(room: Room, finding: Finding) -> None:
    """One on its own screen; seen when a key was pressed."""
    if await room.desk.tell(notice(finding), 60.0) not in ("", "cancel"):
        await _seen(room, finding)


def notice(finding: Finding) -> Notice:
    """What was found, what it means, who must act."""
    is_overruled = finding.what == OVERRULED
    end = ("-accepted" if finding.after == ACCEPTED else "-refused") if is_overruled else ""
    label = say(f"kind.{finding.kind}") if finding.kind in KINDS else say("row.amount")
    rows = (
        Row(label, f"¥{Money(finding.amount)}", is_strong=True),
        Row(say("row.voucher"), f"{finding.batch}-{finding.stan} {finding.day[5:]}"),
        *([Row(say("row.rrn"), finding.rrn)] if finding.rrn else []),
    )
    told = bad_news.notice(f"file-{finding.what}{end}", say("finding.title"))
    return msgspec.structs.replace(told, rows=(*rows, *told.rows))


async def _seen(room: Room, finding: Finding) -> None:
    owed = await room.journal.owed.one(KIND, finding.id)
    if owed is not None:
        await room.journal.owed.keep(msgspec.structs.replace(owed, state=SEEN))
