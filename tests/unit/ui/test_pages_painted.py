"""Pages painted: every screen fits on every device class, longer ones are in views; steps, themes, large digits."""

import io
import itertools

import msgspec
import pytest
from PIL import Image, ImageChops

from terminal.screens import Manner, Notice, Row, Say, Sheet, Shown, Tone, say
from tests.unit.ui.pictures import key_centres, picture_of
from tests.unit.ui.screen_samples import BUSY, CALM, LARGE, PLAIN, samples, shown
from ui import theme
from ui.composition import Composition
from ui.device_class import Rect
from ui.drawing import keycap
from ui.painter import Painter
from ui.pieces import Ink
from ui.theme import DAY, NIGHT


@pytest.mark.parametrize("name", samples("en"))
@pytest.mark.parametrize("language", ["zh_CN", "en"])
@pytest.mark.parametrize("manner", [PLAIN, LARGE], ids=["plain", "large"])
def test_every_screen_fits(painter: Painter, manner: Manner, language: str, name: str):
    for status in (BUSY, CALM):
        for step in (0, 3):
            at = shown(language, name, status, step=step, steps=7, manner=manner)
            assert not painter.overflows(at)
            assert painter.views(at) == 1


@pytest.mark.parametrize("name", samples("en"))
def test_no_ink_is_outside_of_the_body_and_none_on_another(painter: Painter, name: str):
    for language, manner in itertools.product(("zh_CN", "en"), (PLAIN, LARGE)):
        plan = painter._plan(shown(language, name, BUSY, manner=manner))
        inks = []
        for piece, (top, bottom) in plan.composed.placed():
            if isinstance(piece, Ink):
                wide = painter._fonts.width(piece.text, piece.size, piece.is_bold)
                inks.append(Rect(piece.x, top, wide, bottom - top))
                assert piece.x >= 0, piece
                assert piece.x + wide <= plan.body.w, piece
                assert bottom <= plan.body.h, piece
        for one, other in itertools.combinations(inks, 2):
            across = one.x < other.x + other.w and other.x < one.x + one.w
            assert not (across and one.y < other.y + other.h - 2 and other.y < one.y + one.h - 2), (one, other)


@pytest.mark.parametrize("name", samples("en"))
def test_the_bars_hold_their_words(painter: Painter, name: str):
    width, fonts = painter.device.width, painter._fonts
    for language in ("zh_CN", "en"):
        plan = painter._plan(shown(language, name, BUSY, step=3, steps=7))
        for bar in (plan.title, plan.hint):
            assert fonts.height(bar.size) * len(bar.rows) <= bar.height + 2
            assert all(fonts.width(row, bar.size, True) < width for row in bar.rows)
        assert plan.body.y + plan.body.h <= plan.hint.top
        assert plan.hint.top + plan.hint.height <= min((box.rect.y for box in plan.keys), default=10**4)


ENDLESS = Shown(Sheet(Say("hint.menu"), tuple(Row(Say("hint.ask"), str(n)) for n in range(60))), language="en")


def test_a_grid_of_characters_scrolls_by_rule_and_stands_still():
    lcd, at = Painter("lcd-128x64"), shown("zh_CN", "fees")
    assert lcd.views(at) > 1
    assert not lcd.overflows(at)
    assert len({lcd.png(at, view=view) for view in range(lcd.views(at))}) == lcd.views(at)
    still = picture_of(lcd.paint(at))
    assert still.size == (128, 64)
    assert {colour for _, colour in still.getcolors()} == {(0, 0, 0), (255, 255, 255)}
    assert picture_of(lcd.paint(at, pressed="1", slide=40)).tobytes() == still.tobytes()
    assert lcd.hit(at, 60, 30) is None
    assert lcd.stroke(shown("zh_CN", "sign"), [(60, 30)]) is None


def test_what_does_not_fit_is_in_views_and_no_line_is_lost_or_cut(painter: Painter):
    assert painter.overflows(ENDLESS)
    plan = painter._plan(ENDLESS)
    assert painter.views(ENDLESS) == len(plan.views) > 2
    for piece, (top, bottom) in plan.composed.placed():
        if isinstance(piece, Ink):
            assert sum(first <= top and bottom <= last for first, last in plan.views) == 1, piece
    assert all(last - first <= plan.body.h for first, last in plan.views)
    pictures = {painter.png(ENDLESS, view=view) for view in range(len(plan.views))}
    assert len(pictures) == len(plan.views)
    assert painter.png(ENDLESS, view=99) == painter.png(ENDLESS, view=len(plan.views) - 1)


def test_a_text_longer_than_the_glass_is_cut_between_its_rows(painter: Painter):
    long = Shown(Notice(Say("hint.menu"), Tone.LOOK, say("verbatim", text="words and " * 400)), language="en")
    plan = painter._plan(long)
    inks = [(top, bottom) for piece, (top, bottom) in plan.composed.placed() if isinstance(piece, Ink)]
    assert len(plan.views) > 2
    assert all(sum(first <= top and bottom <= last for first, last in plan.views) == 1 for top, bottom in inks)


def test_a_cut_between_rows_goes_through_no_larger_row_beside_it(glass: Painter):
    body = Composition(glass._fonts, glass.device, glass.device.steps[0], 400, DAY, "plain")
    body.ink(0, 0, "first", 20, DAY.ink)
    top = glass._fonts.height(20)
    body.ink(0, top, "small", 20, DAY.ink)
    body.ink(100, top, "large", 60, DAY.ink)
    body.height = top + glass._fonts.height(60)
    body.end_line()
    room = body.ends[0] - 5
    assert body.views(room) == ((0, top), (top, body.ends[0]))


def test_the_hint_bar_says_that_there_is_more(glass: Painter):
    last = glass.views(ENDLESS) - 1

    def found(view: int) -> set[str]:
        hint = glass._plan(ENDLESS).hint
        row = hint.top + hint.height // 2
        return {glass.hit(ENDLESS, x, row, view=view) or "" for x in range(glass.device.width)} - {""}

    assert [found(view) for view in (0, 1, last)] == [{"down"}, {"up", "down"}, {"up"}]
    assert {"up", "down"} <= set(key_centres(glass, ENDLESS))


@pytest.mark.parametrize("state", ["sheet", "menu", "ok", "sign"])
def test_the_body_slides_and_nothing_else(painter: Painter, state: str):
    at, device = shown("en", state), painter.device
    plan = painter._plan(at)
    still = Image.open(io.BytesIO(painter.png(at))).convert("RGB")
    moved = picture_of(painter.paint(at, slide=device.width // 3))
    gone = picture_of(painter.paint(at, slide=device.width))
    top, foot = plan.title.top + plan.title.height, plan.hint.top
    for picture in (moved, gone):
        assert picture.tobytes() != still.tobytes()
        for first, last in ((0, top), (foot, device.height)):
            place = (0, first, device.width, last)
            assert picture.crop(place).tobytes() == still.crop(place).tobytes()
    assert gone.crop((0, top, device.width, foot)).getcolors() == [(device.width * (foot - top), DAY.ground)]
    wide = device.width - device.width // 3
    assert moved.crop((device.width // 3, top, device.width, foot)).tobytes() == (
        still.crop((0, top, wide, foot)).tobytes()
    )


def test_a_key_that_is_pressed_is_seen_and_only_it(glass: Painter):
    at = shown("en", "ask")
    boxes = {box.key: box.rect for box in glass._plan(at).keys}
    calm = picture_of(glass.paint(at))
    for key, rect in boxes.items():
        lit = picture_of(glass.paint(at, pressed=key))
        foot = (rect.x + rect.w // 2, rect.y + rect.h - 8)
        assert (calm.getpixel(foot), lit.getpixel(foot)) == keycap(DAY, key), "it is inverted"
        changed = ImageChops.difference(calm, lit).getbbox()
        assert changed is not None
        assert rect.x <= changed[0] < changed[2] <= rect.x + rect.w
        assert rect.y <= changed[1] < changed[3] <= rect.y + rect.h
    assert picture_of(glass.paint(at)).tobytes() == calm.tobytes()


def test_a_choice_that_is_pressed_is_lit(painter: Painter):
    at = shown("en", "menu-short")
    calm, lit = picture_of(painter.paint(at)), picture_of(painter.paint(at, pressed="2"))
    plan = painter._plan(at)
    tap = next(tap.rect for tap in plan.composed.taps if tap.key == "2")
    assert lit.getpixel((plan.body.x + tap.w // 2, plan.top + tap.y + 1)) == DAY.lit
    assert calm.getpixel((plan.body.x + tap.w // 2, plan.top + tap.y + 1)) == DAY.ground


def test_large_digits_are_larger_and_amounts_are_the_largest_on_every_sheet(painter: Painter):
    def sizes(name: str, manner: Manner) -> tuple[int, int]:
        """The digits that matter, and the largest of what else is in the body."""
        inks = [p for p in painter._plan(shown("en", name, manner=manner)).composed.pieces if isinstance(p, Ink)]
        big = max(ink.size for ink in inks if ink.text in ("1,256.50", "12,345,678.90", "11,999,976.50"))
        return big, max(ink.size for ink in inks if ink.size != big)

    for name in ("sheet", "fees", "holder", "confirm", "tracker", "accepted", "ok", "pin", "ask"):
        plain, other = sizes(name, PLAIN)
        assert plain * 100 >= other * 120, (name, plain, other)
        assert sizes(name, LARGE)[0] >= plain, name
    assert sizes("confirm", LARGE)[0] > sizes("confirm", PLAIN)[0]
    assert sizes("ask", LARGE)[0] > sizes("ask", PLAIN)[0]


def test_the_currency_stands_small_before_its_digits(painter: Painter):
    inks = [piece for piece in painter._plan(shown("en", "confirm")).composed.pieces if isinstance(piece, Ink)]
    sign, digits = (next(ink for ink in inks if ink.text == text) for text in ("¥", "12,345,678.90"))
    fonts = painter._fonts
    assert sign.size * 100 < digits.size * 70
    assert sign.x + fonts.width("¥", sign.size, True) < digits.x
    assert sign.y + fonts.ascent(sign.size) == digits.y + fonts.ascent(digits.size), "on one line"


def test_so_it_does_while_an_amount_is_typed(painter: Painter):
    typing = shown("en", "ask")
    typing = msgspec.structs.replace(typing, screen=msgspec.structs.replace(typing.screen, value="77.31", unit="¥"))
    inks = [piece for piece in painter._plan(typing).composed.pieces if isinstance(piece, Ink)]
    digits = next(ink for ink in inks if ink.text == "77.31")
    sign = next(ink for ink in inks if ink.text == "¥" and 0 <= ink.y - digits.y < digits.size)
    assert sign.x + painter._fonts.width("¥", sign.size) < digits.x


def test_steps_are_told_apart_without_colour(painter: Painter):
    """Of each step three pictures of its mark: done, now, to come; all unlike, in black and white too."""
    title = painter._plan(shown("en", "confirm", step=1, steps=3)).title
    place = (painter.device.width // 2, title.top, painter.device.width, title.top + title.height)
    found = set()
    for step in range(4):
        at = shown("en", "confirm", step=step, steps=3 if step else 0)
        seen = Image.open(io.BytesIO(painter.png(at))).convert("L").crop(place)
        found.add(seen.point(lambda grey: 255 * (grey > 160)).tobytes())
    assert len(found) == 4


def test_while_money_goes_out_the_title_says_so_by_colour_and_by_sign(painter: Painter):
    out, other = (Shown(Sheet(say(id), ()), language="en") for id in ("kind.refund", "kind.sale"))
    assert (painter._plan(out).page.tone, painter._plan(other).page.tone) == ("out", "plain")
    title = painter._plan(out).title
    seen = Image.open(io.BytesIO(painter.png(out))).convert("RGB")
    assert seen.getpixel((painter.device.width // 2, title.top + 1)) == DAY.banner["out"] != DAY.banner["plain"]
    mark = seen.crop((0, title.top, title.height, title.top + title.height)).getcolors(1 << 16)
    assert max(mark)[1] == DAY.banner["out"]
    assert sum(count for count, colour in mark if colour == DAY.on_banner) > title.height * 4


@pytest.mark.parametrize("screen", ["sheet", "ask", "menu", "ok", "sign", "card", "progress", "sheet-code", "pin"])
def test_at_night_the_ground_is_dark_and_an_unknown_theme_is_the_day(painter: Painter, screen: str):
    def ground(name: str) -> theme.Colour:
        picture = Image.open(io.BytesIO(painter.png(shown("en", screen, manner=Manner(theme=name))))).convert("RGB")
        return picture.getpixel((1, painter._plan(shown("en", screen)).hint.top - 2))

    assert [ground(name) for name in ("day", "night", "dusk")] == [DAY.ground, NIGHT.ground, DAY.ground]
