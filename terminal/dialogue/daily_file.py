"""The acquirer's daily file, read from the inbox. Law: read again it changes nothing, wherever the power failed.

file -> whole and ours? -> what does not fit is kept as a finding -> exchanges as the file says -> applications follow
-> credited ones are credited, and closed when nothing is owed any more -> put by with its verdict

A testimony is owed its confirmation by the acquirer; it is written down as owed before the exchange ends by it.
"""

from __future__ import annotations

import hashlib
from functools import partial

import msgspec

from terminal.dialogue import findings
from terminal.dialogue.applications import follow_one, now_of
from terminal.dialogue.room import Room
from terminal.exchange.comparison import Comparison, compared, overruling, rows_of
from terminal.exchange.overruling import is_reversal_of_fortune, rests_on
from terminal.exchange.reconciliation import File, FileRefused, ours
from terminal.exchange.signatures import KIND as SIGNATURE
from terminal.exchange.signatures import OWED, TO_PRINT
from terminal.exchange.stages import GivenUp, Stage, Unknown
from terminal.journal.owed import Owed
from terminal.refund.application import ACQUIRER, TERMINAL, Act, State, moved

DONE, REFUSED = "done", "refused"
TESTIMONY, UNCONFIRMED, CONFIRMED = "testimony", "unconfirmed", "confirmed"
AT_ONCE = 500  # ids in one query
MOST_FINDINGS = 2_000  # a batch has 500 transactions at most (cup.md 4.2); more is another's file, or a forged one


async def read_inbox(room: Room) -> None:
    """Every reconciliation file that waits, oldest name first."""
    for name, text in await room.hardware.inbox.waiting():
        digest = hashlib.sha256(text.encode()).hexdigest()
        try:
            file = ours(text, room.acquirer.me, room.hardware.clock.now().date())
            comparison = compared(file, await _held(room, file), room.acquirer.me)
            if len(comparison.findings) > MOST_FINDINGS:
                raise FileRefused(1, f"{len(comparison.findings)} rows are not what this terminal sent")
        except FileRefused as refused:
            await room.journal.record("reconciliation-refused", {"file": name, "sha256": digest, "why": str(refused)})
            await room.hardware.inbox.put_by(name, REFUSED, str(refused))
            continue
        body = {"file": name, "sha256": digest, **await _taken(room, comparison)}
        await room.journal.record("reconciled", body)
        await room.hardware.inbox.put_by(name, DONE, "")


async def hearing(room: Room, before: Stage, after: Stage) -> None:
    """Before a stage that ends otherwise than people were told is written: so that they will be told."""
    if is_reversal_of_fortune(before, after):
        await findings.keep(room, overruling(before, after))


async def follow_exchange(room: Room, id: str) -> None:
    """Its application, whatever state it was in: what was filed away may come back."""
    application = await room.journal.applications.of_exchange(id)
    if application is not None:
        await follow_one(room, application)


async def attested(room: Room) -> list[Stage]:
    """Exchanges that rest on what two people said; of those that do not any more the book is brought in step."""
    resting = []
    for owed in await room.journal.owed.all(TESTIMONY, UNCONFIRMED):
        stage = await room.journal.exchange(owed.id)
        if rests_on(stage) is not None and stage is not None:
            resting.append(stage)
        elif not isinstance(stage, Unknown | GivenUp):
            await room.journal.owed.keep(msgspec.structs.replace(owed, state=CONFIRMED))
    return resting


async def owe_confirmation(room: Room, id: str) -> None:
    """Before an exchange ends by testimony."""
    await room.journal.owed.keep(Owed(TESTIMONY, id, UNCONFIRMED, 0, b""))


async def close_credited(room: Room) -> None:
    """What is credited and owes no signature any more is closed."""
    for application in await room.journal.applications.in_state((State.CREDITED,)):
        owed = await room.journal.owed.one(SIGNATURE, application.exchange_id)
        if owed is None or owed.state not in (OWED, TO_PRINT):
            await room.journal.applications.keep(moved(application, Act.CLOSE, now_of(room), TERMINAL))


async def _taken(room: Room, comparison: Comparison) -> dict[str, str]:
    """What the file changed, for the chain."""
    found = [finding.id for finding in comparison.findings if await findings.keep(room, finding)]
    changed = await room.runner.reconcile(comparison.told, partial(hearing, room))
    for _, after in changed:
        await follow_exchange(room, after.request.id)
    credited = [id for id in comparison.credited if await _credit(room, id)]
    await close_credited(room)
    ended = [after.request.id for _, after in changed]
    return {"ended": " ".join(ended), "credited": " ".join(credited), "findings": " ".join(found)}


async def _credit(room: Room, exchange_id: str) -> bool:
    application = await room.journal.applications.of_exchange(exchange_id)
    if application is None or application.state is not State.ACCEPTED:
        return False
    await room.journal.applications.keep(moved(application, Act.CREDIT, now_of(room), ACQUIRER))
    return True


async def _held(room: Room, file: File) -> dict[str, Stage]:
    """Everything that the file may speak of."""
    accepted = await room.journal.applications.in_state((State.ACCEPTED,))
    ids = [*rows_of(file, room.acquirer.me), *(one.exchange_id for one in accepted)]
    held = {stage.request.id: stage for stage in (*await room.journal.open_stages(), *await attested(room))}
    for start in range(0, len(ids), AT_ONCE):
        stages = await room.journal.stages(ids[start : start + AT_ONCE])
        held |= {stage.request.id: stage for stage in stages}
    return held
