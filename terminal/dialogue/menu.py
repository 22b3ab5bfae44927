"""The main menu, and the one place where a dialogue that ends early is caught. Law: whatever happens, back to idle."""

from __future__ import annotations

import asyncio
from functools import partial

from terminal.dialogue.applications import now_of, tidy
from terminal.dialogue.approval import review_queue
from terminal.dialogue.balance import ask_balance
from terminal.dialogue.desk import Scanned, Scene, TimedOut
from terminal.dialogue.guarded import Dialogue, guarded
from terminal.dialogue.help import help_on
from terminal.dialogue.management import manage
from terminal.dialogue.manner import take_up
from terminal.dialogue.morning import morning
from terminal.dialogue.practice import practise
from terminal.dialogue.pre_auth import pre_authorisation
from terminal.dialogue.printing import tell_trouble
from terminal.dialogue.ready import self_check, signed_in
from terminal.dialogue.records import look_up
from terminal.dialogue.refund import give_back
from terminal.dialogue.room import Room
from terminal.dialogue.sale import sell
from terminal.dialogue.screen_lock import lock
from terminal.dialogue.settlement import settle, settlement_due
from terminal.dialogue.tracker import track
from terminal.events import DIGITS
from terminal.screens import Item, Menu, Notice, Say, Status, Tone, say

FOREVER = 365 * 24 * 3600.0  # idle waits for the next merchant
LANGUAGES = {"zh_CN": "en", "en": "zh_CN"}


async def run(room: Room) -> None:
    """From power-on to power-off."""
    await guarded(room, _switch_on)
    while True:
        await guarded(room, _log_in)
        if room.operator:
            await guarded(room, signed_in)
            await guarded(room, morning)
        while room.operator:
            await guarded(room, _idle)


async def _switch_on(room: Room) -> None:
    """First what is owed from before a power cut."""
    await take_up(room)
    await room.staff.seed()
    await room.refresh_kernel()
    if await room.journal.open_stages():
        await room.desk.work(say("desk.product"), room.runner.resume(), lambda: say("stage.resuming"))
    await tidy(room)
    await self_check(room)


async def _log_in(room: Room) -> None:
    operator = await room.staff.log_in()
    room.operator, room.shift_began = operator.id, now_of(room)
    await room.journal.record("logged-in", {"operator": operator.id})


async def _log_out(room: Room) -> None:
    await room.journal.record("logged-out", {"operator": room.operator})
    room.operator, room.is_signed_in = "", False


async def _idle(room: Room) -> None:
    """One choice; the refund key and a scanned receipt work from here too. Down shows the second page."""
    page, due = 0, await settlement_due(room)
    while True:
        try:
            with room.desk.hearing_codes():
                key = await _key(room, partial(_main_menu, room, page, due))
        except TimedOut:
            return await lock(room)
        except Scanned as code:
            return await give_back(room, code.text)
        if not key:  # a paper of before cannot come out
            await tell_trouble(room)
            continue
        entries = ENTRIES[page]
        if key in ("up", "down"):
            page = max(0, min(len(ENTRIES) - 1, page + (1 if key == "down" else -1)))
        elif key == "refund":
            return await give_back(room)
        elif key in DIGITS and 1 <= int(key) <= len(entries):
            return await entries[int(key) - 1][0](room)


async def _key(room: Room, menu: Scene) -> str:
    """The next key; "" when a paper that was on its way out is in trouble that nobody was told yet."""
    asking = asyncio.ensure_future(room.desk.key(menu, room.policy.lock_seconds or FOREVER))
    halting = asyncio.ensure_future(room.papers.stands_still())
    try:
        await asyncio.wait({asking, halting}, return_when=asyncio.FIRST_COMPLETED)
        if asking.done():
            return asking.result()
        halting.result()
        return ""
    finally:
        for task in (asking, halting):
            task.cancel()
        await asyncio.gather(asking, halting, return_exceptions=True)


def _main_menu(room: Room, page: int, due: str, status: Status) -> Menu:
    count = str(status.open_refunds)
    lines: tuple[Say, ...] = (say("menu.open_refunds", count=count),) if status.open_refunds else ()
    if room.papers.trouble and room.papers.waiting:
        lines = (*lines, say("menu.papers_waiting", count=str(room.papers.waiting)))
    if room.papers.left_out:
        lines = (*lines, say("menu.papers_left_out", count=str(room.papers.left_out)))
    if due:
        lines = (*lines, say(f"settlement.due.{due}"))
    if status.keys_erased:
        lines = (say("menu.keys_erased", why=say(f"erased.{status.keys_erased}")),)  # the bar has the open refunds
    items = tuple(Item(say(label)) for _, label in ENTRIES[page])
    title = say("menu.shop", name=room.config.merchant.name)
    return Menu(title, items, lines, page + 1, len(ENTRIES), hint=say("hint.main"))


async def _open_ones(room: Room) -> None:
    await look_up(room, only_open=True)


async def _sign_in_again(room: Room) -> None:
    room.is_signed_in = False
    await signed_in(room)
    await room.desk.tell(Notice(say("sign_in.title"), Tone.OK, say("sign_in.done")), 3.0)


async def _change_code(room: Room) -> None:
    me = next(operator for operator in await room.journal.operators() if operator.id == room.operator)
    if await room.staff.prove(me, say("staff.ask_code", id=me.id)):
        await room.staff.replace_code(me)


async def _switch_language(room: Room) -> None:
    room.desk.language = LANGUAGES[room.desk.language]
    await room.journal.remember("language", room.desk.language)


async def _help(room: Room) -> None:
    await help_on(room, "")


async def _back_office(room: Room) -> None:
    from terminal.dialogue.back_office import back_office  # a megabyte that most shops open once a day

    await back_office(room)


ENTRIES: tuple[tuple[tuple[Dialogue, str], ...], ...] = (
    (
        (sell, "menu.sale"),
        (give_back, "menu.refund"),
        (look_up, "menu.records"),
        (_open_ones, "menu.open"),
        (_sign_in_again, "menu.sign_in"),
        (_change_code, "menu.code"),
        (_switch_language, "menu.language"),
        (_help, "menu.help"),
        (_log_out, "menu.log_out"),
    ),
    (
        (settle, "menu.settlement"),
        (pre_authorisation, "menu.pre_auth"),
        (ask_balance, "menu.balance"),
        (manage, "menu.management"),
        (review_queue, "menu.reviews"),
        (track, "menu.tracker"),
        (_back_office, "menu.office"),
        (practise, "menu.practice"),
        (lock, "menu.lock"),
    ),
)
