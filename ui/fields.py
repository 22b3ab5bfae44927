"""What is being typed, as it looks. Law: a secret is dots; its frame is as tall at the first dot as at the last."""

from __future__ import annotations

from ui.composition import Composition
from ui.device_class import Rect
from ui.page import GROUP, PageLine, stands_before
from ui.pieces import Plate

MOST = 12  # digits of a PIN (ISO 9564-1, 4.1)
GROUPS = 4  # of digits of a component on one row
PER_ROW = GROUPS * (GROUP + 1) - 1  # dots, and the room between groups
DOT = 56  # per cent of its cell
LEAST_DOT = 3  # pixels
LONG_CELL = 70  # the cell of a component's dot, per cent of a PIN's
PITCH, ONE_ROW_PITCH = 110, 150  # from one row of dots to the next, per cent of a cell: a single row has more air
CARET_TALL, CARET_WIDE = 74, 7  # per cent of the height of the digits


def typed(body: Composition, line: PageLine) -> None:
    """The digits so far, right-aligned in a framed field, with a caret where the next one comes."""
    measures, fonts, theme = body.device.measures, body.fonts, body.theme
    inset, air, unit = body.px(measures.inset), body.px(measures.air) // 2, body.px(body.step.text)
    wanted = body.px(body.step.value)
    caret = max(2, wanted * CARET_WIDE // 100)
    unit_wide = fonts.width(line.label, unit) + inset // 2 if line.label else 0
    before, after = (unit_wide, 0) if stands_before(line.label) else (0, unit_wide)
    end = body.width - inset - after - 2 * caret
    size, rows = body.fitted(line.value, wanted, end - inset - before, is_bold=True)
    tall = fonts.height(size)
    frame = Rect(0, body.height, body.width, max(tall * len(rows), fonts.height(wanted)) + 2 * air)
    body.frame(frame)
    top = frame.y + (frame.h - tall * len(rows)) // 2
    for at, row in enumerate(rows):
        body.ink(end - fonts.width(row, size, True), top + at * tall, row, size, theme.ink, is_bold=True)
    last = top + tall * (len(rows) - 1)
    if line.label:
        x = end - fonts.width(rows[0], size, True) - before if before else body.width - inset - unit_wide + inset // 2
        body.ink(x, (top if before else last) + body.baseline(size, unit), line.label, unit, theme.muted)
    high = tall * CARET_TALL // 100
    body.put(Plate(Rect(end + caret // 2, last + (tall - high) // 2, caret, high), body.accent))
    body.height = frame.y + frame.h


def stars(body: Composition, line: PageLine, kind: str, follows: str) -> None:
    """A dot for each star, in its groups, in a frame as tall as it will be at the end."""
    frame, cell = _frame(body, line.room)
    pitch = _pitch(cell, _rows(line.room))
    per_row = PER_ROW if line.room > MOST else len(line.value)
    left, dot = (body.width - per_row * cell) // 2, max(LEAST_DOT, cell * DOT // 100)
    top = frame.y + (frame.h - pitch * (_rows(line.room) - 1) - dot) // 2
    for at, star in enumerate(line.value):
        row, column = divmod(at, PER_ROW + 1)  # the room after a row's last group is no place
        if star.strip():
            where = Rect(left + column * cell + (cell - dot) // 2, top + pitch * row, dot, dot)
            body.put(Plate(where, body.theme.ink, None, dot // 2))
    if line.label:
        body.centred(line.label, body.px(body.step.text), body.theme.muted)


def wait(body: Composition, line: PageLine, kind: str, follows: str) -> None:
    """Why nothing may be typed yet, where the stars will be."""
    frame, _ = _frame(body, line.room)
    room = frame.w - 2 * body.px(body.device.measures.inset)
    size, rows = body.fitted(line.label, body.px(body.step.text), room, is_bold=False)
    tall = body.fonts.height(size)
    top = frame.y + (frame.h - tall * len(rows)) // 2
    for row in rows:
        body.ink((body.width - body.fonts.width(row, size)) // 2, top, row, size, body.theme.muted)
        top += tall


def _frame(body: Composition, room: int) -> tuple[Rect, int]:
    """The frame, and the side of a star's cell, of which a whole row fits it."""
    most, share = (PER_ROW, LONG_CELL) if room > MOST else (MOST, 100)
    inner = body.width - 2 * body.px(body.device.measures.inset)
    cell = min(body.px(body.step.value * share // 100), inner // most)
    rows = _rows(room)
    frame = Rect(0, body.height, body.width, _pitch(cell, rows) * rows + cell // 2)
    body.frame(frame)
    body.height += frame.h + body.px(body.device.measures.air) // 2
    return frame, cell


def _rows(room: int) -> int:
    return max(1, -(-room // (GROUPS * GROUP)))


def _pitch(cell: int, rows: int) -> int:
    return cell * (ONE_ROW_PITCH if rows == 1 else PITCH) // 100
