"""终端管理: sign-off, line test, parameters, keys. Law: none of them moves money, and each says what came of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from terminal.dialogue.backup import manage_backup
from terminal.dialogue.bad_news import Stopped
from terminal.dialogue.key_room import manage_keys
from terminal.dialogue.manner import choose_manner
from terminal.dialogue.papers import print_papers
from terminal.dialogue.people import people
from terminal.dialogue.ready import asked_once, fetched, signed_in
from terminal.dialogue.room import Room
from terminal.exchange.downloads import SORTS
from terminal.exchange.stages import Accepted
from terminal.iso8583.cup_management import sign_off
from terminal.screens import Item, Notice, Row, Tone, say

TITLE = say("menu.management")


async def manage(room: Room) -> None:
    """One entry. Raises Cancelled, TimedOut, Stopped."""
    entries: tuple[tuple[Callable[[Room], Awaitable[None]], str], ...] = (
        (_test_line, "manage.echo"),
        (_download, "manage.download"),
        (_sign_off, "manage.sign_off"),
        (print_papers, "papers.menu"),
        (people, "people.title"),
        (manage_keys, "keys.title"),
        (manage_backup, "backup.title"),
        (choose_manner, "manner.title"),
    )
    act = await room.desk.choose(TITLE, [(act, Item(say(label))) for act, label in entries])
    await act(room)


async def _test_line(room: Room) -> None:
    """回响测试 (cup.md 2.8)."""
    acquirer = room.acquirer
    message = acquirer.dialect.echo(acquirer.dialect, acquirer.me, await room.journal.batch())
    reply = await room.desk.work(TITLE, asked_once(room, message), lambda: say("stage.awaiting-reply"))
    if reply.response_code not in ("", "00"):
        raise Stopped("acquirer-refused", code=reply.response_code)
    await room.desk.tell(Notice(TITLE, Tone.OK, say("manage.echo.done")))


async def _download(room: Room) -> None:
    """All parameters (cup.md 2.13)."""
    if "downloads" not in room.acquirer.dialect.offers:
        raise Stopped("not-offered")
    await signed_in(room)
    counts = {sort.kind: await fetched(room, sort) for sort in SORTS}
    rows = tuple(Row(say(f"manage.{kind}"), str(count)) for kind, count in counts.items())
    await room.desk.tell(Notice(TITLE, Tone.OK, say("manage.download.done"), rows=rows))


async def _sign_off(room: Room) -> None:
    """签退: not while the batch holds anything (cup.md 2.7)."""
    acquirer, journal = room.acquirer, room.journal
    if "sign-off" not in acquirer.dialect.offers:
        raise Stopped("not-offered")
    batch = await journal.batch()
    if any(isinstance(stage, Accepted) for stage in await journal.of_batch(batch)):
        raise Stopped("settle-first")
    message = sign_off(acquirer.dialect, acquirer.me, await journal.next_stan(), batch)
    reply = await room.desk.work(TITLE, asked_once(room, message), lambda: say("stage.awaiting-reply"))
    if reply.response_code != "00":
        raise Stopped("acquirer-refused", code=reply.response_code)
    room.is_signed_in = False
    await journal.record("signed-off", {"batch": batch, "operator": room.operator})
    await room.refresh_status()
    await room.desk.tell(Notice(TITLE, Tone.OK, say("manage.sign_off.done")))
