"""帮助: what is wrong, who must act, the next key, with checks that run on the spot (guide G13).

| opened by                       | topic              | shows                                                   |
|---------------------------------|--------------------|---------------------------------------------------------|
| 功能 on any prompt, the menu    | ""                 | the menu of all pages                                   |
| 功能 on bad news                | its name           | its page (terminal/dialogue/help_pages.py)              |
| 功能 on a refusal               | "code-" and F39    | what this code means, who acts, the next key            |
| 功能 on any other result        | a page's id        | that page                                               |

A page may be opened in the middle of a refund. So its checks look and change nothing, and a digit puts right only what
may be put right at any time: what the terminal does by itself in the background (asking, reversing), a sign-in that is
due (no PIN is typed under keys that are gone), a paper to test the printer. Leaving goes back to the same question.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Iterator
from functools import partial

from terminal.dialogue import bad_news
from terminal.dialogue.bad_news import Stopped
from terminal.dialogue.checks import ALL, look
from terminal.dialogue.desk import Cancelled
from terminal.dialogue.follow_up import ask_about
from terminal.dialogue.help_pages import page_of
from terminal.dialogue.look import NO_ROW, Verdict
from terminal.dialogue.outcome import sentence
from terminal.dialogue.papers import print_self_test
from terminal.dialogue.ready import signed_in
from terminal.dialogue.room import Room
from terminal.events import DIGITS
from terminal.exchange.runner import ReversalOwed
from terminal.exchange.stages import Refused, Unknown
from terminal.iso8583.response_codes import Next, lookup
from terminal.screens import Item, Menu, Row, Say, Sheet, Status, say

TITLE = say("help.title")
CODE = "code-"  # of a topic
MENU = ("walk", "refused", "late", "form", "slow", "unknown", "log-in", "all", "call")
MORE = ("network", "sign-in", "reversal", "keys", "card", "reader", "paper", "printer", "policy")
WALK = ("key", "sale", "reason", "amount", "sheet", "card", "confirm", "wait", "result")
CHECKS_PAGE = 7  # so many checks a page: 8 turns, 9 is the phone
RECENT = 8  # refusals that can be chosen; 9 types a code
CHECKS_OF = {  # of a response code, by the next thing to do
    Next.SIGN_IN: ("signed", "network", "acquirer"),
    Next.WAIT: ("network", "acquirer"),
    Next.RECORDS: ("unknown", "network", "acquirer"),
    Next.SETTLE: ("settlement",),
}
Act = Callable[[Room], Awaitable[None]]


async def help_on(room: Room, topic: str) -> None:
    """The page for a topic; "" is the menu of all. Raises Cancelled, TimedOut."""
    if topic == "":
        await _menu(room)
    else:
        with contextlib.suppress(Cancelled):
            await _topic(room, topic)


async def _menu(room: Room) -> None:
    """Leaving a page is back in the menu, leaving the menu is out."""
    choices = [(topic, Item(say(f"help.{topic}"))) for topic in (*MENU, *MORE)]
    while True:
        topic = await room.desk.choose(TITLE, choices)
        with contextlib.suppress(Cancelled):
            await _topic(room, topic)


async def _topic(room: Room, topic: str) -> None:
    match topic:
        case "walk":
            await _walk(room)
        case "refused":
            await _refused(room)
        case "all":
            await _all_checks(room)
        case "call":
            await _call(room)
        case _ if topic.startswith(CODE) and topic not in bad_news.CODES:  # code-unreadable is of a scan
            await _code(room, topic.removeprefix(CODE))
        case _:
            page = page_of(topic)
            lines = (say(f"help.{page.id}.what"), say(f"help.{page.id}.do"))
            code = bad_news.CODES.get(topic, "")
            more = (say("help.code", code=code),) if code else ()
            acts = [(ACTS[act], say(f"help.act.{act}")) for act in page.acts]
            await _Page(room, say(f"help.{page.id}"), (*lines, *more), page.checks, acts).show()


# --- a live page -----------------------------------------------------------------------------------------------------
class _Page:
    """Lines that say it, then rows with a digit each: checks as they end, acts, the acquirer's phone."""

    def __init__(
        self, room: Room, title: Say, lines: tuple[Say, ...], checks: tuple[str, ...], acts: list[tuple[Act, Say]]
    ) -> None:
        self._room, self._title, self._lines, self._acts = room, title, lines, acts
        self._look = look(room, checks, self._changed)
        self._is_shown = False

    async def show(self) -> None:
        """Until it is left. Raises Cancelled, TimedOut."""
        async with self._look:
            while True:
                self._is_shown = True
                try:
                    key = await self._room.desk.key(self._scene, has_func=True)
                finally:
                    self._is_shown = False
                if key == "enter":
                    return
                rows = list(self._rows())
                if key in DIGITS and 1 <= int(key) <= len(rows):
                    await rows[int(key) - 1][1]()

    def _changed(self) -> None:
        """Only while nothing else is on the screen."""
        if self._is_shown:
            self._room.desk.show(self._scene)

    def _scene(self, status: Status) -> Menu:
        del status
        items = tuple(item for item, _ in self._rows())
        return Menu(self._title, items, self._lines, hint=say("help.hint"))

    def _rows(self) -> Iterator[tuple[Item, Callable[[], Awaitable[None]]]]:
        for name, found in self._look.found.items():
            if found is not NO_ROW:
                yield Item(say(f"live.{name}"), found.said), partial(self._again, name)
        for act, label in self._acts:
            yield Item(label), partial(_done, self._room, act)
        phone = self._room.config.merchant.support_phone
        yield Item(say("help.call"), phone), partial(_call, self._room)

    async def _again(self, name: str) -> None:
        """Put right what failed, where that can be done here; then look at the whole page anew: rows hang together."""
        if self._look.found[name].verdict is Verdict.FAIL and (act := _remedy(self._room, name)) is not None:
            await _done(self._room, act)
        self._look.begin(*self._look.found)


async def _done(room: Room, act: Act) -> None:
    """What goes wrong is said here: the page stays."""
    try:
        await act(room)
    except Stopped as stop:
        await room.desk.tell(bad_news.notice(stop.name, TITLE, **stop.args_), 30.0)
    except ReversalOwed:
        await room.desk.tell(bad_news.notice("reversal-owed", TITLE), 30.0)


# --- what can be put right here --------------------------------------------------------------------------------------
def _remedy(room: Room, check: str) -> Act | None:
    """None: looking again is all. Nobody signs in who is not logged in."""
    return REMEDIES.get(check) if room.operator else None


async def _sign_in(room: Room) -> None:
    """Only ever where none stands or a new one is due, which is what the check found."""
    if not room.is_signed_in or room.runner.is_sign_in_due:
        await signed_in(room)


async def _ask_now(room: Room) -> None:
    for stage in await room.journal.open_stages():
        if isinstance(stage, Unknown):
            await room.desk.work(TITLE, ask_about(room, stage), lambda: say("stage.asking"))
    await room.refresh_status()


async def _pay(room: Room) -> None:
    try:
        await room.desk.work(TITLE, room.runner.pay_debts(), lambda: say("stage.reversing"))
    finally:
        await room.refresh_status()


REMEDIES: dict[str, Act] = {"signed": _sign_in, "unknown": _ask_now, "reversal": _pay}
ACTS: dict[str, Act] = {"print": print_self_test}


# --- pages of their own kind -----------------------------------------------------------------------------------------
async def _refused(room: Room) -> None:
    """The refusals of late, newest first, or a code from a paper."""
    recent = [stage for stage in await room.journal.recent() if isinstance(stage, Refused)][:RECENT]
    choices = [(stage.response_code, _refusal(stage)) for stage in recent]
    code = await room.desk.choose(say("help.refused"), [*choices, ("", Item(say("help.type_code")))])
    if not code:
        code = await room.desk.digits(say("help.refused"), say("help.ask_code"), (2, 2), say("help.ask_code.hint"))
    await _code(room, code)


def _refusal(stage: Refused) -> Item:
    request, code = stage.request, stage.response_code
    detail = f"{request.at[5:7]}/{request.at[8:10]} {request.at[11:16]} ¥{request.amount}"
    return Item(say("help.refusal", code=code, why=say(sentence(code), code=code)), detail)


async def _code(room: Room, code: str) -> None:
    """What a response code means (cup.md 4.10)."""
    word, known = sentence(code), lookup(code)
    lines = (say(f"{word}.do", code=code), say("help.who", who=say(f"help.who.{known.who.value}")))
    title = say("help.refusal", code=code, why=say(word, code=code))
    await _Page(room, title, lines, CHECKS_OF.get(known.next, ()), []).show()


async def _all_checks(room: Room) -> None:
    """Every check there is, page by page."""
    page, pages = 0, [ALL[at : at + CHECKS_PAGE] for at in range(0, len(ALL), CHECKS_PAGE)]

    async def turn(_: Room) -> None:
        nonlocal page
        page = (page + 1) % len(pages)
        raise _Turned

    while True:
        with contextlib.suppress(_Turned):
            return await _Page(room, say("help.all"), (), pages[page], [(turn, say("help.act.more"))]).show()


class _Turned(Exception):
    """To another page of checks."""


async def _call(room: Room) -> None:
    """The acquirer's phone as digits and as a code that a phone dials."""
    phone, merchant = room.config.merchant.support_phone, room.config.merchant
    told = say("help.call.do", terminal=merchant.terminal_id)
    rows = (Row(say("help.phone"), phone, is_strong=True),)  # beside the code there is room for no more
    await room.desk.read(Sheet(say("help.call"), rows, (told,), hint=say("hint.any"), qr=f"tel:{phone}"))


async def _walk(room: Room) -> None:
    """怎样退款, a step a page: what the screen asks, and the keys that answer it."""
    at = 0
    while at < len(WALK):
        step = say(f"help.walk.{WALK[at]}")
        rows = (
            Row(say("help.walk.screen"), step),
            Row(say("help.walk.keys"), say(f"help.walk.{WALK[at]}.keys"), is_strong=True),
        )
        told = (say(f"help.walk.{WALK[at]}.do"),)
        sheet = Sheet(say("help.walk"), rows, told, at + 1, len(WALK), hint=say("help.walk.hint"))
        key = await room.desk.key(sheet, has_func=True)
        at = max(0, at + {"enter": 1, "down": 1, "up": -1}.get(key, 0))
