"""Painter: the same Shown is the same picture; a touch is a key, a stroke is per mille; a secret is only dots."""

import io
import itertools

import pytest
import qrcode
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from terminal.screens import Item, Menu, Notice, PinPad, Say, Shown, Tone
from tests.unit.ui.pictures import SHARED, key_centres, picture_of
from tests.unit.ui.screen_samples import BANK_LINE, CALM, samples, shown
from ui import theme
from ui.device_class import Rect
from ui.layout import DEVICE_CLASSES, DeviceClassUnknown, pad, pin_cells
from ui.painter import Painter
from ui.pieces import Plate
from ui.theme import CODE_DARK, CODE_LIGHT, DAY


def test_the_serial_is_not_seen():
    glass = Painter("touch-480x800", SHARED)
    glass.paint(shown("en", "ask")).set_at((0, 0), (255, 0, 255))
    again = Shown(shown("en", "ask").screen, CALM, "en", serial=77)
    assert glass.paint(again).get_at((0, 0))[:3] == (255, 0, 255)


def test_a_png_of_the_device(painter: Painter):
    picture = Image.open(io.BytesIO(painter.png(shown("zh_CN", "sheet"))))
    assert picture.size == (painter.device.width, painter.device.height)
    assert len(picture.convert("RGB").getcolors(1 << 20) or []) > 10


def test_it_is_painted_again_only_when_it_changed(glass: Painter, monkeypatch: pytest.MonkeyPatch):
    first = bytes(glass.paint(shown("en", "ask")).get_buffer().raw)
    glass.paint(shown("en", "ask")).set_at((0, 0), (255, 0, 255))
    assert glass.paint(shown("en", "ask")).get_at((0, 0))[:3] == (255, 0, 255)
    glass.paint(shown("en", "ok"))
    assert bytes(glass.paint(shown("en", "ask")).get_buffer().raw) == first


@pytest.mark.parametrize("name", ["sheet-code", "notice-code"])
def test_a_code_is_drawn_module_by_module_with_its_quiet_zone(painter: Painter, name: str):
    """As zxing-cpp 2.3 read it of these pictures on 2026-11-24; here against qrcode's own matrix."""
    at = shown("zh_CN", name)
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_L, border=4)
    code.add_data(BANK_LINE)
    code.make()
    matrix, plan = code.get_matrix(), painter._plan(at)
    plate = next(
        piece.rect
        for piece in plan.composed.pieces
        if isinstance(piece, Plate) and piece.colour == CODE_LIGHT and piece.rect.w == piece.rect.h
    )
    module, rest = divmod(plate.w, len(matrix))
    assert rest == 0
    assert module >= 3, "a camera sees these, with this content, on the smallest glass"
    picture = Image.open(io.BytesIO(painter.png(at))).convert("RGB")
    left, top = plan.body.x + plate.x, plan.top + plate.y
    for down, row in enumerate(matrix):
        for across, is_dark in enumerate(row):
            for inset in (0, module - 1):
                seen = picture.getpixel((left + across * module + inset, top + down * module + inset))
                assert seen == (CODE_DARK if is_dark else CODE_LIGHT), (across, down)
    assert not any(any(row[:4]) or any(row[-4:]) for row in matrix)
    assert not any(any(row) for row in (*matrix[:4], *matrix[-4:]))
    assert theme.contrast(CODE_DARK, CODE_LIGHT) > 7


def test_unknown_is_its_own_colour_and_sign(painter: Painter):
    """The same words in every tone: no two pictures are alike, not even without colour."""
    pictures, greys = set(), set()
    for tone in Tone:
        notice = Notice(Say("hint.menu"), tone, Say("hint.menu"))
        picture = Image.open(io.BytesIO(painter.png(Shown(notice)))).convert("RGB")
        pictures.add(picture.tobytes())
        shape = picture.convert("L").point(lambda grey: 255 * (grey > 128)).tobytes()
        greys.add(shape)
    assert len(pictures) == len(greys) == len(Tone)


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("ask", {*"0123456789", "00", "cancel", "clear", "enter", "func"}),
        ("menu-short", {*"0123456789", "cancel", "enter", "func", "refund", "up", "down"}),
        ("menu", {*"123456789", "cancel", "func", "refund", "up", "down"}),
        ("sheet", {"cancel", "func", "enter"}),
        ("sheet-long", {"cancel", "func", "enter", "up", "down"}),
        ("ok", {"cancel", "func", "enter"}),
        ("progress", set()),
        ("progress-late", {"cancel"}),
        ("card", {"cancel"}),
        ("sign", {"cancel", "clear", "enter"}),
    ],
)
def test_the_keys_on_glass(glass: Painter, name: str, keys: set[str]):
    assert set(key_centres(glass, shown("zh_CN", name))) == keys


SECRET = [name for name in samples("en") if name.startswith(("pin", "component"))]
CELLS = pin_cells(DEVICE_CLASSES["touch-480x800"])
LABELS = tuple(box.key for box in CELLS)


def _cell(painter: Painter, at: Shown, labels: tuple[str, ...], place: int) -> bytes:
    picture = Image.open(io.BytesIO(painter.png(at, labels)))
    x, y, w, h = CELLS[place].rect
    return picture.crop((x, y, x + w, y + h)).convert("RGB").tobytes()


@pytest.mark.parametrize("name", SECRET)
def test_a_secret_is_not_typed_here(painter: Painter, name: str):
    assert key_centres(painter, shown("en", name)) == {}
    assert painter.stroke(shown("en", name), [(240, 400)]) is None


@settings(max_examples=10, deadline=None)
@given(st.permutations("0123456789"))
def test_each_cell_shows_what_the_vault_says_it_is(digits: list[str]):
    left = iter(digits)
    labels = tuple(next(left) if key.isdigit() else key for key in LABELS)
    pad, at = Painter("touch-480x800", SHARED, has_pad=True), shown("en", "component")
    for place, label in enumerate(labels):
        assert _cell(pad, at, labels, place) == _cell(pad, at, LABELS, LABELS.index(label)), label
    assert len({_cell(pad, at, labels, place) for place in range(len(labels))}) == len(labels)


def test_without_a_face_the_pad_is_empty_and_without_a_pad_there_is_no_face(glass: Painter):
    pad, at = Painter("touch-480x800", SHARED, has_pad=True), shown("en", "pin")
    for place in range(len(CELLS)):
        assert set(_cell(pad, at, (), place)) == set(bytes(DAY.tray))
    assert glass.png(at, LABELS) == glass.png(at)
    assert glass.png(at) != pad.png(at), "without a pad the page has all of the glass"


def test_func_is_shown_where_it_types_something():
    pad, place = Painter("touch-480x800", SHARED, has_pad=True), LABELS.index("func")
    assert set(_cell(pad, shown("en", "pin"), LABELS, place)) == set(bytes(DAY.tray))
    assert set(_cell(pad, shown("en", "component"), LABELS, place)) != set(bytes(DAY.tray))


@pytest.mark.parametrize("count", [0, 1, 6, 12])
def test_as_many_dots_as_digits_and_no_digit(glass: Painter, count: int):
    with_stars = Shown(PinPad(Say("hint.ask"), count), language="en")
    found = Image.open(io.BytesIO(glass.png(with_stars))).convert("RGB")
    plan = glass._plan(with_stars)
    frame = next(piece.rect for piece in plan.composed.pieces if isinstance(piece, Plate) and piece.edge)
    row = plan.top + frame.y + frame.h // 2
    line = [found.getpixel((x, row)) == DAY.ink for x in range(480)]
    assert sum(now and not before for before, now in itertools.pairwise(line)) == count


def test_the_dots_of_a_component_stand_in_columns(painter: Painter):
    plan = painter._plan(Shown(PinPad(Say("hint.ask"), 64, is_hex=True, size=64), language="en"))
    dots = [piece.rect for piece in plan.composed.pieces if isinstance(piece, Plate) and piece.colour == DAY.ink]
    assert len(dots) == 64
    assert (len({dot.x for dot in dots}), len({dot.y for dot in dots})) == (16, 4)
    assert all(dot.x >= 0 and dot.x + dot.w <= plan.body.w for dot in dots)


def test_nothing_moves_while_it_is_typed(painter: Painter):
    heights = {
        painter._plan(Shown(PinPad(Say("hint.ask"), count, is_hex=True, size=64), language="en")).composed.height
        for count in range(65)
    }
    assert len(heights) == 1


def test_a_menu_item_can_be_tapped(glass: Painter):
    at = Shown(Menu(Say("hint.menu"), tuple(Item(f"item {n}") for n in range(3))), language="en")
    hits = [glass.hit(at, 240, y) for y in range(100, 320)]
    assert [key for key in dict.fromkeys(hits) if key in {"1", "2", "3"}][:3] == ["1", "2", "3"]


def test_a_device_without_glass_has_no_keys_and_no_pad():
    lcd = Painter("keypad-320x240")
    assert key_centres(lcd, shown("en", "ask")) == {}
    assert lcd.stroke(shown("en", "sign"), [(160, 150)]) is None


def test_a_stroke_is_per_mille_of_the_pad(glass: Painter):
    at = shown("en", "sign")
    inside = [(x, y) for y in range(0, 800, 4) for x in range(0, 480, 4) if glass.stroke(at, [(x, y)])]
    (left, top), (right, bottom) = inside[0], inside[-1]
    drawn = glass.stroke(at, [(left, top), (right, bottom), (-50, 5000)])
    assert drawn is not None
    assert all(
        abs(x - a) < 30 and abs(y - b) < 30
        for (x, y), (a, b) in zip(drawn.points, [(0, 0), (1000, 1000), (0, 1000)], strict=True)
    )
    assert glass.stroke(at, [(5, 5), (left, top)]) is None
    assert glass.stroke(shown("en", "ask"), [(left, top)]) is None


def test_the_stroke_being_drawn_is_seen(glass: Painter):
    at = shown("en", "sign-refund")
    calm = bytes(glass.paint(at).get_buffer().raw)
    area = glass._pad(at)
    assert area is not None
    middle = area.y + area.h // 2
    assert bytes(glass.trace(at, [(area.x + 10, middle), (area.x + 200, middle)]).get_buffer().raw) != calm
    assert bytes(glass.paint(at).get_buffer().raw) == calm


def test_a_stroke_that_grows_looks_as_if_drawn_at_once(glass: Painter):
    at = shown("en", "sign-refund")
    area = glass._pad(at)
    assert area is not None
    points = [(area.x + 10 + 9 * n, area.y + area.h // 2 + (n * 37) % 60 - 30) for n in range(40)]
    at_once = bytes(glass.trace(at, points).get_buffer().raw)
    glass.trace(at, [(area.x + 1, area.y + 1)])
    for so_far in range(1, len(points) + 1):
        grown = glass.trace(at, points[:so_far])
    assert bytes(grown.get_buffer().raw) == at_once
    other = bytes(glass.trace(at, [*points[:20], (area.x + 5, area.y + 5)]).get_buffer().raw)
    assert other != at_once, "a stroke that does not go on from the last one is drawn anew"
    assert other == bytes(
        Painter("touch-480x800", SHARED).trace(at, [*points[:20], (area.x + 5, area.y + 5)]).get_buffer().raw
    )


def test_ink_stays_on_the_pad(glass: Painter):
    at = shown("en", "sign-refund")
    area = glass._pad(at)
    assert area is not None
    calm = picture_of(glass.paint(at))
    drawn = picture_of(glass.trace(at, [(area.x + 5, area.y + 5), (0, 0), (479, 799)]))
    left, top, right, bottom = ImageChops.difference(calm, drawn).getbbox()
    assert area.x <= left < right <= area.x + area.w
    assert area.y <= top < bottom <= area.y + area.h


def test_the_pad_has_the_proportions_of_the_paper():
    area = pad(DEVICE_CLASSES["touch-480x800"], Rect(0, 0, 456, 600))
    assert abs(area.w / area.h - 384 / 160) < 0.02


def test_tones_differ_without_colour(glass: Painter):
    greys = {
        bytes(Image.open(io.BytesIO(glass.png(shown("en", name)))).convert("L").tobytes()) for name in ("look", "plain")
    }
    assert len(greys) == 2


def test_an_unknown_device_class_is_refused():
    with pytest.raises(DeviceClassUnknown, match="keypad-320x240"):
        Painter("watch-40x40")
