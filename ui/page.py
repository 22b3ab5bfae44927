"""A Screen as words, before it has a size. Law: a pure function of Shown and Words; nothing is left out.

| style    | label            | value               | number        |
|----------|------------------|---------------------|---------------|
| headline | the sentence     |                     |               |
| row      | what it is       | how much, which     |               |
| strong   | the same, the one that matters most            |               |
| prompt   | the question     |                     |               |
| value    | the unit         | the digits so far   |               |
| item     | the choice       | its detail          | the key for it|
| text     | the sentence     |                     |               |
| stars    | how many of how many | as many stars   |               |
| wait     | why not yet: it stands where stars will   |               |
| code     | that it is a QR code | what is in it   |               |

Stars of a component of a key stand in groups of four, as its digits do on paper.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import singledispatch

import msgspec

from terminal.screens import (
    Ask,
    CardPrompt,
    Menu,
    Notice,
    PinPad,
    Progress,
    Row,
    Say,
    Screen,
    Sheet,
    Shown,
    SignPad,
    Status,
)
from terminal.screens import say as _say
from ui.text import Words

MONEY_OUT = frozenset({"kind.give_back", "kind.refund", "kind.void", "fees.title", "refund.confirm", "customer.check"})
GROUP = 4  # digits of a component, as they are printed
CURRENCY = "¥"


class PageLine(msgspec.Struct, frozen=True):
    """One line; see the table above for what each style holds. `room`: so many stars may come, 0 when it is open."""

    style: str
    label: str = ""
    value: str = ""
    number: str = ""
    room: int = 0

    def plain(self) -> str:
        """The line as one string, left to right."""
        if self.style == "code":
            return f"{self.label}: {self.value}"
        first, second = (self.value, self.label) if self.style in ("value", "stars") else (self.label, self.value)
        return " ".join(part for part in (self.number, first, second) if part)


class Page(msgspec.Struct, frozen=True):
    """A whole page. `alerts` are the words of `status` that ask for attention; `place` is the page of a long sheet.

    `tone` is that of a notice, "out" while money is being given back, else "plain". It is step `step` of `steps`.
    """

    kind: str
    title: str
    lines: tuple[PageLine, ...]
    hint: str
    status: tuple[str, ...]
    language: str
    alerts: tuple[str, ...] = ()
    place: str = ""
    tone: str = "plain"
    step: int = 0
    steps: int = 0

    def plain_lines(self) -> list[str]:
        """The lines as strings, top to bottom, for the counter and for tests."""
        return [line.plain() for line in self.lines]


def page(shown: Shown, words: Words) -> Page:
    """What a Shown says, in the language of the words."""
    screen = shown.screen
    bar = tuple(_bar(shown.status, words))
    return Page(
        kind=screen.__struct_config__.tag if isinstance(screen.__struct_config__.tag, str) else "",
        title=_clean(words.text(screen.title)),
        lines=tuple(_lines(screen, words)),
        hint=_clean(words.text(_hint(screen))),
        status=tuple(word for word, _ in bar),
        language=words.language,
        alerts=tuple(word for word, is_alert in bar if is_alert),
        place=_place(screen, words),
        tone=_tone(shown),
        step=shown.step,
        steps=shown.steps if shown.step else 0,
    )


def _tone(shown: Shown) -> str:
    if isinstance(shown.screen, Notice):
        return shown.screen.tone.value
    return "out" if _is_money_out(shown.screen.title) else "plain"


def _is_money_out(title: Say) -> bool:
    """Whether a title says that money is being given back, by itself or by what fills it."""
    within = (each for each in title.args.values() if isinstance(each, Say))
    return title.id in MONEY_OUT or any(map(_is_money_out, within))


def _hint(screen: Screen) -> Say:
    """No key is offered while none is heard; a page with a topic has help on it."""
    if isinstance(screen, Notice) and screen.topic and screen.hint == _say("hint.any"):
        return _say("hint.any_help")
    return _say("hint.wait") if isinstance(screen, PinPad) and screen.count is None else screen.hint


def _bar(status: Status, words: Words) -> Iterable[tuple[str, bool]]:
    if status.is_test:
        yield words.text(_say("status.test")), True
    if status.line:
        yield words.text(_say(f"status.line.{status.line}")), status.line == "bad"
    signed = (
        "status.keys_erased"
        if status.keys_erased
        else "status.signed_in"
        if status.is_signed_in
        else "status.signed_out"
    )
    yield words.text(_say(signed)), signed != "status.signed_in"
    if status.operator:
        yield _clean(words.text(_say("status.operator", operator=status.operator))), False
    if status.paper:
        yield words.text(_say(f"status.paper.{status.paper}")), status.paper != "ok"
    if status.open_refunds:
        yield words.text(_say("status.open", count=str(status.open_refunds))), True
    if status.reviews:
        yield words.text(_say("status.reviews", count=str(status.reviews))), True


def _place(screen: Screen, words: Words) -> str:
    if isinstance(screen, Menu | Sheet) and screen.pages > 1:
        return words.text(_say("page.place", page=str(screen.page), pages=str(screen.pages)))
    return ""


@singledispatch
def _lines(screen: Screen, words: Words) -> Iterable[PageLine]:
    raise TypeError(f"no page for {type(screen).__name__}")


@_lines.register
def _menu(screen: Menu, words: Words) -> Iterable[PageLine]:
    yield from _texts(screen.lines, words)
    for number, item in enumerate(screen.items, start=1):
        yield PageLine("item", _clean(words.text(item.label)), _clean(words.text(item.detail)), str(number))


@_lines.register
def _ask(screen: Ask, words: Words) -> Iterable[PageLine]:
    yield from _rows(screen.rows, words)
    yield PageLine("prompt", _clean(words.text(screen.prompt)))
    yield PageLine("value", screen.unit, _clean(screen.value))
    yield from _texts(screen.lines, words)


@_lines.register
def _sheet(screen: Sheet, words: Words) -> Iterable[PageLine]:
    yield from _rows(screen.rows, words)
    yield from _texts(screen.lines, words)
    yield from _code(screen.qr, words)


@_lines.register
def _notice(screen: Notice, words: Words) -> Iterable[PageLine]:
    yield PageLine("headline", _clean(words.text(screen.headline)))
    yield from _texts(screen.lines, words)
    yield from _rows(screen.rows, words)
    yield from _code(screen.qr, words)


@_lines.register
def _progress(screen: Progress, words: Words) -> Iterable[PageLine]:
    yield PageLine("headline", _clean(words.text(screen.stage)))
    yield PageLine("value", words.text(_say("page.second")), str(screen.seconds))
    yield from _rows(screen.rows, words)
    yield from _texts(screen.lines, words)


@_lines.register
def _card(screen: CardPrompt, words: Words) -> Iterable[PageLine]:
    yield PageLine("headline", words.text(_card_words(screen.accepts)))
    yield from _rows(screen.rows, words)
    yield from _texts(screen.lines, words)


@_lines.register
def _sign(screen: SignPad, words: Words) -> Iterable[PageLine]:
    yield PageLine("strong", words.text(_say("sign.amount")), _clean(screen.amount))
    yield PageLine("row", words.text(_say("sign.code")), _clean(screen.feature_code))


@_lines.register
def _pin(screen: PinPad, words: Words) -> Iterable[PageLine]:
    yield from _rows(screen.rows, words)
    for first in screen.lines[:1]:
        yield PageLine("prompt", _clean(words.text(first)))
    if screen.count is None:
        yield PageLine("wait", words.text(_say("pin.wait")), room=screen.size)
    else:
        yield PageLine("stars", _of(screen.count, screen.size), _stars(screen.count, screen.is_hex), room=screen.size)
    if screen.is_hex:
        yield PageLine("text", words.text(_say("pin.hex")))
    yield from _texts(screen.lines[1:], words)


def stands_before(unit: str) -> bool:
    """The sign of the money stands before its digits, as in any amount; other units stand after.

    >>> stands_before("¥"), stands_before("%")
    (True, False)
    """
    return unit == CURRENCY


def _stars(count: int, is_hex: bool) -> str:
    """
    >>> _stars(10, True), _stars(6, False)
    ('**** **** **', '******')
    """
    return " ".join("*" * min(GROUP, count - at) for at in range(0, count, GROUP)) if is_hex else "*" * count


def _of(count: int, size: int) -> str:
    return f"{count}/{size}" if size else ""


def _card_words(accepts: tuple[str, ...]) -> Say:
    if len(accepts) < 2:
        return _say(f"card.{accepts[0] if accepts else 'insert'}")
    spoken = _say(f"card.{accepts[0]}.short")
    for way in accepts[1:-1]:
        spoken = _say("card.list", first=spoken, second=_say(f"card.{way}.short"))
    return _say("card.either", first=spoken, second=_say(f"card.{accepts[-1]}.short"))


def _rows(rows: tuple[Row, ...], words: Words) -> Iterable[PageLine]:
    for row in rows:
        style = "strong" if row.is_strong else "row"
        yield PageLine(style, _clean(words.text(row.label)), _clean(words.text(row.value)))


def _code(content: str, words: Words) -> Iterable[PageLine]:
    if content:
        yield PageLine("code", words.text(_say("page.qr")), content)


def _texts(lines: tuple[Say, ...], words: Words) -> Iterable[PageLine]:
    for line in lines:
        yield PageLine("text", _clean(words.text(line)))


def _clean(text: str) -> str:
    """Without control characters: a font has no picture of them, and a null would stop the painter."""
    return "".join(char if char.isprintable() else " " for char in text).strip()
