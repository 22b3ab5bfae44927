"""A page on a display of four lines, as views one below the other. Law: every word of the page is in some view, whole.

| line | holds                                                                                        |
|------|----------------------------------------------------------------------------------------------|
| 1    | the title, inverted; at its end alerts, the step, and arrows where there is more              |
| 2-4  | the page: strips in order, a label with its value; then its place, the hint, the status words |

| page              | differs                                                                               |
|-------------------|---------------------------------------------------------------------------------------|
| Ask               | question and digits on the first view; on the others the digits stay on the last line  |
| PinPad            | the stars stay on the last line, when there are any                                     |
| Sheet, Notice, PinPad | the amount comes first                                                              |
| Progress          | seconds doubled, unless that costs a view                                               |
| Menu              | alone has the words of the status                                                       |

A title that is too long goes on below itself on the first view; on Ask, PinPad and Menu it stands again at the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from terminal.screens import Menu, Sheet, Shown
from ui.device_class import Rect
from ui.grid_lines import GAP, LARGE, SIZE, Block, Letters, Setter, Strip, placed
from ui.grid_marks import BLACK, MARK_WIDE, WHITE, arrows, mark, step_bars
from ui.page import Page, PageLine
from ui.pieces import Ink, Piece, Plate

AIR = 2  # pixels between marks
MORE = "…"
TITLE_LAST = ("ask", "pin", "menu")  # the first view has no line to spare for a title

SORTED = ("sheet", "notice", "pin")  # on these, who sees the first view only must have seen the amount
ORDER, LAST = {"headline": 0, "wait": 0, "strong": 1, "prompt": 2}, 3

View = tuple[Piece, ...]


class Glass(Protocol):
    """The pixels there are."""

    @property
    def width(self) -> int: ...

    @property
    def height(self) -> int: ...


@dataclass(frozen=True)
class Title:
    """The first line: its text on the first view and on the others, what did not fit, which marks have room."""

    first: str
    other: str
    rest: str
    has_place: bool
    step: str


@dataclass(frozen=True)
class Flow:
    """What goes into the views: blocks in order, and what stays on the last lines, on the first view too or not.

    `is_titled`: the first block is the rest of the title, and does not stand alone.
    """

    blocks: tuple[Block, ...]
    pinned: Block = ()
    is_pinned_first: bool = False
    is_titled: bool = False


def grid(told: Page, device: Glass, fonts: Letters, shown: Shown) -> tuple[View, ...]:
    """The pieces of each view, over the whole glass; at least one view. Colours are BLACK and WHITE of grid_marks."""
    can_turn = isinstance(shown.screen, Menu | Sheet) and shown.screen.pages > 1
    setter = Setter(fonts, device.width, device.height, shown.manner.is_large and told.kind != "pin")
    lines = device.height // SIZE - 1
    for has_arrows in (can_turn, True):
        title = _title(told, setter, shown, has_arrows=has_arrows)
        flowed = min((_flowed(flow, lines) for flow in _flows(told, setter, title, lines)), key=len)
        if has_arrows or len(flowed) == 1:
            break
    return tuple(_view(at, flowed, title, told, setter, shown) for at in range(len(flowed)))


# -- the title ----------------------------------------------------------------------------------------------------


def _alerts(shown: Shown) -> list[str]:
    status = shown.status
    return [name for name, is_bad in (("line", status.line == "bad"), ("paper", status.paper == "bad")) if is_bad]


def _title(told: Page, setter: Setter, shown: Shown, *, has_arrows: bool) -> Title:
    """The step in digits if that leaves room for the title, else as bars; then the title goes on elsewhere."""
    width = setter.fonts.width
    fixed = (MARK_WIDE["arrows"] if has_arrows else 0) + sum(MARK_WIDE[name] + AIR for name in _alerts(shown))
    digits = f"{shown.step}/{shown.steps}" if shown.step > 0 and shown.steps > 0 else ""
    room = setter.width - fixed
    wide, place = width(told.title, SIZE), GAP + width(told.place, SIZE) if told.place else 0
    for step in dict.fromkeys((digits, digits and "bars")):
        left = room - (GAP + width(step, SIZE) if step == digits and step else 0)
        left -= AIR + MARK_WIDE["steps"] if step == "bars" else 0
        if wide + place <= left:
            return Title(told.title, told.title, "", bool(place), step)
        if wide <= left:
            return Title(told.title, told.title, "", False, step)
    first = setter.rows(told.title, left - width(MORE, SIZE))[0]
    if told.kind in TITLE_LAST:
        return Title(first + MORE, first + MORE, told.title, False, step)
    return Title(first, first + MORE, told.title.removeprefix(first).strip(), False, step)


def _bar(title: Title, text: str, told: Page, setter: Setter, shown: Shown, ends: tuple[bool, bool]) -> Iterable[Piece]:
    """The first line; `ends`: there is more above, more below."""
    yield Plate(Rect(0, 0, setter.width, SIZE), BLACK)
    yield Ink(0, 0, text, SIZE, WHITE)
    right = setter.width
    if any(ends):
        right -= MARK_WIDE["arrows"]
        yield from arrows(right, WHITE, is_above=ends[0], is_below=ends[1])
    for name in reversed(_alerts(shown)):
        right -= MARK_WIDE[name] + AIR
        yield Plate(Rect(right, 1, MARK_WIDE[name] + 1, SIZE - 2), WHITE)
        yield from mark(name, right + 1, 2, BLACK)
    if title.step == "bars":
        right -= MARK_WIDE["steps"] + AIR
        yield from step_bars(right, shown.step, shown.steps)
    elif title.step:
        right -= setter.fonts.width(title.step, SIZE) + AIR
        yield Ink(right, 0, title.step, SIZE, WHITE)
        right -= GAP - AIR
    if title.has_place:
        yield Ink(right - setter.fonts.width(told.place, SIZE), 0, told.place, SIZE, WHITE)


# -- the flow -----------------------------------------------------------------------------------------------------


def _flows(told: Page, setter: Setter, title: Title, lines: int) -> Iterable[Flow]:
    """The ways to set this page, best first."""
    page = sorted(told.lines, key=lambda line: ORDER.get(line.style, LAST)) if told.kind in SORTED else told.lines
    tail = _tail(told, setter, title)
    if told.kind == "ask":
        yield _ask_flow(page, setter, lines, tail)
    elif told.kind == "pin":
        yield _pin_flow(page, setter, lines, tail)
    else:
        head = () if told.kind in TITLE_LAST else setter.inverted(title.rest)
        for size in (LARGE, SIZE) if told.kind == "progress" else (SIZE,):
            yield Flow((head, *_blocks(page, setter, lines, told.tone, size), *tail), is_titled=bool(head))


def _blocks(page: Iterable[PageLine], setter: Setter, lines: int, tone: str, size: int = SIZE) -> list[Block]:
    blocks: list[Block] = []
    for line in page:
        if line.style == "value":
            blocks.append(setter.seconds(blocks.pop(), line, size))
        else:
            blocks += setter.line(line, tone, lines)
    return blocks


def _tail(told: Page, setter: Setter, title: Title) -> tuple[Block, ...]:
    """What stands last on any page."""
    return (
        setter.inverted(title.rest) if told.kind in TITLE_LAST else (),
        () if title.has_place else setter.text(told.place),
        setter.hint(told.hint),
        *((strip,) for strip in (setter.status(told.status, told.alerts) if told.kind == "menu" else ())),
    )


def _ask_flow(page: Sequence[PageLine], setter: Setter, lines: int, tail: tuple[Block, ...]) -> Flow:
    prompt = next((line.label for line in page if line.style == "prompt"), "")
    typed = next((line for line in page if line.style == "value"), PageLine("value"))
    others = (line for line in page if line.style not in ("prompt", "value"))
    blocks = (setter.value(prompt, typed, lines), *_blocks(others, setter, lines - 1, "plain"), *tail)
    return Flow(blocks, setter.tail(typed))


def _pin_flow(page: Sequence[PageLine], setter: Setter, lines: int, tail: tuple[Block, ...]) -> Flow:
    """While nothing may be typed yet there are no stars, and nothing has to stay."""
    stars = next((line for line in page if line.style == "stars"), None)
    pinned = setter.stars(stars) if stars else ()
    others = (line for line in page if line.style != "stars")
    blocks = _blocks(others, setter, lines - len(pinned), "plain")
    return Flow((*blocks, *tail), pinned, is_pinned_first=True)


def _flowed(flow: Flow, lines: int) -> list[list[Strip]]:
    """Strips of each view: a block that does not fit any more begins a view, unless none would hold it."""
    if len(flow.pinned) >= lines:
        flow = Flow((flow.pinned, *flow.blocks))
    room = lines - len(flow.pinned)
    views: list[list[Strip]] = [[]]
    left = room if flow.is_pinned_first else lines
    for block in flow.blocks:
        whole = _height(block)
        for at, strip in enumerate(block):
            is_whole = at == 0 and whole <= room and not (flow.is_titled and views == [list(flow.blocks[0])])
            needed = whole if is_whole else strip.lines
            if views[-1] and needed > left:
                views.append([])
                left = room
            views[-1].append(strip)
            left -= strip.lines
    for view in views[0 if flow.is_pinned_first else 1 :]:
        view += [*(Strip(()) for _ in range(room - _height(view))), *flow.pinned]
    return views


def _height(strips: Iterable[Strip]) -> int:
    return sum(strip.lines for strip in strips)


def _view(at: int, views: list[list[Strip]], title: Title, told: Page, setter: Setter, shown: Shown) -> View:
    screen = shown.screen
    page, pages = (screen.page, screen.pages) if isinstance(screen, Menu | Sheet) else (1, 1)
    ends = (at > 0 or page > 1, at < len(views) - 1 or page < pages)
    strips = views[at]
    if strips and strips[0].is_glass:
        left = setter.width - MARK_WIDE["arrows"]
        return (*strips[0].pieces, *arrows(left, BLACK, is_above=ends[0], is_below=ends[1]))
    pieces = list(_bar(title, title.other if at else title.first, told, setter, shown, ends))
    top = SIZE
    for strip in strips:
        pieces += placed(strip, top)
        top += strip.lines * SIZE
    return tuple(pieces)
