"""How each style of line is set in type. Law: every word of the page is in the composition, whole.

| style    | how it looks                                                                        |
|----------|-------------------------------------------------------------------------------------|
| headline | large, in the accent; in a notice beside or below its sign                          |
| row      | label left, value right, a hairline below while there is air                        |
| strong   | a band with the label left and the amount large and right, its currency smaller     |
| prompt   | the question, bold                                                                  |
| value    | the digits so far in a frame with a caret (ui/fields.py); the seconds of a progress |
| item     | a numbered choice; the whole of it can be tapped                                    |
| text     | a sentence                                                                          |
| stars    | dots in a frame, and the reason why there are none yet (ui/fields.py)               |
| code     | a QR code in the middle                                                             |
"""

from __future__ import annotations

import re
from collections.abc import Callable

from ui import fields
from ui.composition import Composition
from ui.device_class import DeviceClass, Rect, Step
from ui.fonts import Fonts
from ui.page import Page, PageLine
from ui.pieces import Picture, Plate
from ui.qr import dark_runs, modules
from ui.theme import CODE_DARK, CODE_LIGHT, Theme

AMOUNT = re.compile(r"([-+]?(?:¥|[A-Z]{3} ?))([\d,]+(?:\.\d+)?)")
ABOVE_TEXT = 125  # per cent of the text: no amount gets smaller to stand beside its label
LEAST_AMOUNT = 70  # per cent: so much smaller it is set before its label goes above it
CURRENCY, CURRENCY_GAP = 58, 12  # the sign, and the gap after it, per cent of the size of an amount
DETAIL = 88  # per cent of the size of a choice
BADGE = 118  # the side of a number's badge, per cent of its text's height
SECOND, SECOND_GAP = 60, 25  # the unit of a counter, per cent of it; the gap before it, per cent of the unit
MANY = 6  # choices
AIRY = 12  # a gap of so many per cent of a row has room for a hairline
Column = tuple[int, int]  # pixels: its left, its width
LEAST_MODULE = 2  # pixels: a smaller one is not photographed from a 3 inch screen


def composed(
    fonts: Fonts, device: DeviceClass, step: Step, width: int, theme: Theme, page: Page, accepts: tuple[str, ...] = ()
) -> Composition:
    """Every line of the page, below the pictures of what the card slot accepts."""
    body = Composition(fonts, device, step, width, theme, page.tone)
    if accepts and step.picture:
        _cards(body, accepts)
    columns = _columns(body, page)
    for at, line in enumerate(page.lines):
        if line.style == "item" and columns:
            continue
        follows = page.lines[at + 1].style if at + 1 < len(page.lines) else ""
        _STYLES[line.style](body, line, page.kind, follows)
        body.end_line()
    if columns:
        _in_columns(body, [line for line in page.lines if line.style == "item"], columns)
    return body


def _columns(body: Composition, page: Page) -> tuple[Column, ...]:
    """Many short choices stand in two columns on a wide display: halves, or as wide as each needs; () for one."""
    items = [line for line in page.lines if line.style == "item"]
    if body.device.is_tall or len(items) < MANY or page.lines[-1].style != "item" or any(line.value for line in items):
        return ()
    size, space, down = body.px(body.step.text), body.px(body.device.measures.space), -(-len(items) // 2)
    longest = [max(body.fonts.width(line.label, size) for line in half) for half in (items[:down], items[down:])]
    first, second = (_item_left(body, size) + wide for wide in longest)
    left = (body.width - space) // 2
    if max(first, second) > left:
        left = first
    return ((0, left), (left + space, body.width - left - space)) if left + space + second <= body.width else ()


def _in_columns(body: Composition, items: list[PageLine], columns: tuple[Column, ...]) -> None:
    """From top to bottom, then from left to right, as they are counted."""
    down = -(-len(items) // len(columns))
    for row in range(down):
        top = body.height
        for (x, width), line in zip(columns, items[row::down], strict=False):
            body.height = top
            _choice(body, line, x, width)
        body.end_line()


def _cards(body: Composition, accepts: tuple[str, ...]) -> None:
    tall, wide = body.px(body.step.picture), body.width // len(accepts)
    for place, way in enumerate(accepts):
        body.put(Picture("card", way, Rect(place * wide, body.height, wide, tall)))
    body.height += tall + body.px(body.device.measures.inset)
    body.end_line()


def _headline(body: Composition, line: PageLine, kind: str, follows: str) -> None:
    size = body.px(body.step.headline)
    if kind != "notice":
        return body.centred(line.label, size, body.accent, is_bold=True)
    if body.device.is_tall:
        side = body.px(body.step.sign)
        body.put(Picture("sign", body.tone, Rect((body.width - side) // 2, body.height, side, side)))
        body.height += side + body.px(body.device.measures.inset)
        return body.centred(line.label, size, body.accent, is_bold=True)
    side, top = body.px(body.step.sign), body.height
    left = side + body.px(body.device.measures.inset)
    rows = body.rows(line.label, size, body.width - left, is_bold=True)
    tall = body.fonts.height(size) * len(rows)
    body.height += max(0, side - tall) // 2
    body.put(Picture("sign", body.tone, Rect(0, top + max(0, tall - side) // 2, side, side)))
    body.left(left, line.label, size, body.accent, is_bold=True)
    body.height = max(body.height, top + side)
    return None


def _row(body: Composition, line: PageLine, kind: str, follows: str) -> None:
    size, fonts, theme = body.px(body.step.text), body.fonts, body.theme
    room = body.width - fonts.width(line.label, size) - body.px(body.device.measures.space)
    if fonts.width(line.value, size) <= room:
        body.ink(0, body.height, line.label, size, theme.muted)
        body.ink(body.width - fonts.width(line.value, size), body.height, line.value, size, theme.ink)
        body.height += fonts.height(size)
    else:
        body.left(0, line.label, size, theme.muted)
        for row in body.rows(line.value, size, body.width):
            body.ink(body.width - fonts.width(row, size), body.height, row, size, theme.ink)
            body.height += fonts.height(size)
    if body.step.gap >= AIRY and follows == "row":
        body.hairline(0, body.height + body.px(body.step.gap) // 2)


def _strong(body: Composition, line: PageLine, kind: str, follows: str) -> None:
    """A band across the body. Words are not set as large as an amount: they only say which."""
    measures, fonts, theme = body.device.measures, body.fonts, body.theme
    inset, air = body.px(measures.inset), min(body.px(measures.air), body.px(body.step.gap))
    at, top = len(body.pieces), body.height
    is_amount = bool(re.search(r"\d", line.value))
    size = body.px(body.step.strong if is_amount else body.step.prompt)
    label = min(size, body.px(body.step.text))
    inner = body.width - 2 * inset
    room = inner - fonts.width(line.label, label) - body.px(measures.space)
    body.height += air
    fitting = next((tried for tried in _sizes(size, body) if _amount_width(body, line.value, tried) <= room), 0)
    if fitting:
        body.ink(inset, body.height + body.baseline(fitting, label), line.label, label, theme.muted)
        _amount(body, line.value, fitting, inset + inner)
    else:
        for row in body.rows(line.label, label, inner):
            body.ink(inset, body.height, row, label, theme.muted)
            body.height += fonts.height(label)
        fitting = next((tried for tried in _sizes(size, body) if _amount_width(body, line.value, tried) <= inner), 0)
        if fitting:
            _amount(body, line.value, fitting, inset + inner)
        else:
            body.right(inset + inner, line.value, size, inner, theme.ink, is_bold=True)
    body.height += air
    band = Rect(0, top, body.width, body.height - top)
    body.pieces.insert(at, Plate(band, theme.band, None, body.px(measures.radius)))


def _sizes(size: int, body: Composition) -> tuple[int, ...]:
    """An amount gives way to its label, but stays well above the text."""
    least = body.px(body.step.text) * ABOVE_TEXT // 100
    tried = (size * per_cent // 100 for per_cent in range(100, LEAST_AMOUNT, -3))
    return tuple(each for each in tried if each >= least) or (size,)


def _amount_width(body: Composition, value: str, size: int) -> int:
    small = size * CURRENCY // 100
    if parts := AMOUNT.fullmatch(value):
        return (
            body.fonts.width(parts[1].strip(), small, True)
            + size * CURRENCY_GAP // 100
            + body.fonts.width(parts[2], size, True)
        )
    return body.fonts.width(value, size, True)


def _amount(body: Composition, value: str, size: int, end: int) -> None:
    """One row that ends at `end`; a currency stands smaller before its digits, on the same line."""
    fonts, parts, small = body.fonts, AMOUNT.fullmatch(value), size * CURRENCY // 100
    digits = parts[2] if parts else value
    x = end - fonts.width(digits, size, True)
    body.ink(x, body.height, digits, size, body.theme.ink, is_bold=True)
    if parts:
        sign = parts[1].strip()
        drop = body.baseline(size, small)
        before = x - size * CURRENCY_GAP // 100 - fonts.width(sign, small, True)
        body.ink(before, body.height + drop, sign, small, body.theme.ink, is_bold=True)
    body.height += fonts.height(size)


def _prompt(body: Composition, line: PageLine, kind: str, follows: str) -> None:
    body.left(0, line.label, body.px(body.step.prompt), body.theme.ink, is_bold=True)


def _text(body: Composition, line: PageLine, kind: str, follows: str) -> None:
    size = body.px(body.step.text)
    if kind in ("notice", "card", "progress") and body.device.is_tall:
        return body.centred(line.label, size, body.theme.ink)
    return body.left(0, line.label, size, body.theme.ink)


def _value(body: Composition, line: PageLine, kind: str, follows: str) -> None:
    if kind == "progress":
        _counter(body, line)
    else:
        fields.typed(body, line)


def _counter(body: Composition, line: PageLine) -> None:
    fonts, size = body.fonts, body.px(body.step.counter)
    unit = min(size * SECOND // 100, body.px(body.step.headline))
    gap = unit * SECOND_GAP // 100
    wide = fonts.width(line.value, size)
    left = (body.width - wide - gap - fonts.width(line.label, unit)) // 2
    body.ink(left, body.height, line.value, size, body.accent)
    body.ink(left + wide + gap, body.height + body.baseline(size, unit), line.label, unit, body.theme.muted)
    body.height += fonts.height(size)


def _item(body: Composition, line: PageLine, kind: str, follows: str) -> None:
    _choice(body, line, 0, body.width)
    if body.step.gap and follows == "item":
        left = _item_left(body, body.px(body.step.text))
        body.hairline(left, body.height + body.px(body.step.gap) // 2)


def _item_left(body: Composition, size: int) -> int:
    return body.fonts.height(size) * BADGE // 100 + body.px(body.device.measures.inset)


def _choice(body: Composition, line: PageLine, x: int, width: int) -> None:
    """A numbered choice in a column of that width."""
    fonts, theme, measures = body.fonts, body.theme, body.device.measures
    size, top = body.px(body.step.text), body.height
    detail, tall, left = size * DETAIL // 100, fonts.height(size), _item_left(body, size)
    badge = min(tall * BADGE // 100, max(tall, body.px(body.step.item)))
    rows = body.rows(line.label, size, width - left)
    beside = body.px(measures.space) + fonts.width(line.value, detail) if line.value else 0
    is_below = left + fonts.width(rows[-1], size) + beside > width
    below = body.rows(line.value, detail, width - left) if is_below else []
    whole = tall * len(rows) + fonts.height(detail) * len(below)
    above = max(0, max(body.px(body.step.item), badge) - whole) // 2
    middle = top + above + (whole - badge) // 2
    body.put(Plate(Rect(x, middle, badge, badge), theme.badge, None, body.px(measures.radius)))
    number = x + (badge - fonts.width(line.number, size, True)) // 2
    body.ink(number, middle + (badge - tall) // 2, line.number, size, theme.ink, is_bold=True)
    body.height += above
    for row in rows:
        body.ink(x + left, body.height, row, size, theme.ink)
        body.height += tall
    for row in below:
        body.ink(x + left, body.height, row, detail, theme.muted)
        body.height += fonts.height(detail)
    if line.value and not is_below:
        drop = body.baseline(size, detail) - tall
        body.ink(x + width - fonts.width(line.value, detail), body.height + drop, line.value, detail, theme.muted)
    body.height += above
    body.tap(x, top, width, line.number)


def _code(body: Composition, line: PageLine, kind: str, follows: str) -> None:
    """Dark on light with its quiet zone; rows of modules as plates."""
    rows = modules(line.value)
    module = max(LEAST_MODULE, min(body.px(body.step.code), body.width) // len(rows))
    side = module * len(rows)
    left, top = (body.width - side) // 2, body.height
    body.put(Plate(Rect(left, top, side, side), CODE_LIGHT))
    for down, row in enumerate(rows):
        for start, length in dark_runs(row):
            where = Rect(left + start * module, top + down * module, length * module, module)
            body.put(Plate(where, CODE_DARK))
    body.height += side


_STYLES: dict[str, Callable[[Composition, PageLine, str, str], None]] = {
    "headline": _headline,
    "row": _row,
    "strong": _strong,
    "prompt": _prompt,
    "value": _value,
    "item": _item,
    "text": _text,
    "stars": fields.stars,
    "wait": fields.wait,
    "code": _code,
}
