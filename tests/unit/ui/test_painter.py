"""Painter: everything fits on every device class, a touch is a key, a stroke is per mille; readable without colour."""

import io
import itertools

import pytest
import qrcode
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from terminal.screens import Item, Menu, Notice, PinPad, Row, Say, Sheet, Shown, Tone
from tests.unit.ui.screen_samples import BANK_LINE, BUSY, CALM, samples, shown
from ui import theme
from ui.composition import Plate
from ui.fonts import Fonts
from ui.layout import DEVICE_CLASSES, DeviceClassUnknown, Rect, pad, pin_cells
from ui.painter import Painter

SHARED = Fonts()


@pytest.fixture(scope="module", params=[*DEVICE_CLASSES, "touch-480x800 with a pad"])
def painter(request: pytest.FixtureRequest) -> Painter:
    name, _, pad = request.param.partition(" ")
    return Painter(name, has_pad=bool(pad))


@pytest.fixture(scope="module")
def glass() -> Painter:
    return Painter("touch-480x800")


@pytest.mark.parametrize("name", samples("en"))
@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_every_screen_fits(painter: Painter, language: str, name: str):
    for status in (BUSY, CALM):
        assert not painter.overflows(shown(language, name, status))


def test_what_does_not_fit_is_said(painter: Painter):
    endless = Shown(Sheet(Say("hint.menu"), tuple(Row(Say("hint.ask"), str(n)) for n in range(60))), language="en")
    assert painter.overflows(endless)
    device = painter.device
    picture = Image.open(io.BytesIO(painter.png(endless)))
    assert theme.ALERT in {picture.getpixel((device.width - 1, y)) for y in range(device.height)}


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
        if isinstance(piece, Plate) and piece.colour == theme.FIELD and piece.rect.w == piece.rect.h
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
                assert seen == (theme.INK if is_dark else theme.FIELD), (across, down)
    assert not any(any(row[:4]) or any(row[-4:]) for row in matrix)
    assert not any(any(row) for row in (*matrix[:4], *matrix[-4:]))
    assert theme.contrast(theme.INK, theme.FIELD) > 7


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


def _key_centres(painter: Painter, at: Shown) -> dict[str, tuple[int, int]]:
    device = painter.device
    found: dict[str, list[tuple[int, int]]] = {}
    for y in range(0, device.height, 6):
        for x in range(0, device.width, 6):
            if key := painter.hit(at, x, y):
                found.setdefault(key, []).append((x, y))
    return {key: points[len(points) // 2] for key, points in found.items()}


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
    assert set(_key_centres(glass, shown("zh_CN", name))) == keys


SECRET = [name for name in samples("en") if name.startswith(("pin", "component"))]
CELLS = pin_cells(DEVICE_CLASSES["touch-480x800"])
LABELS = tuple(box.key for box in CELLS)


def _cell(painter: Painter, at: Shown, labels: tuple[str, ...], place: int) -> bytes:
    picture = Image.open(io.BytesIO(painter.png(at, labels)))
    x, y, w, h = CELLS[place].rect
    return picture.crop((x, y, x + w, y + h)).convert("RGB").tobytes()


@pytest.mark.parametrize("name", SECRET)
def test_a_secret_is_not_typed_here(painter: Painter, name: str):
    assert _key_centres(painter, shown("en", name)) == {}
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
        assert set(_cell(pad, at, (), place)) == set(bytes(theme.GROUND))
    assert glass.png(at, LABELS) == glass.png(at)
    assert glass.png(at) != pad.png(at), "without a pad the page has all of the glass"


def test_func_is_shown_where_it_types_something():
    pad, place = Painter("touch-480x800", SHARED, has_pad=True), LABELS.index("func")
    assert set(_cell(pad, shown("en", "pin"), LABELS, place)) == set(bytes(theme.GROUND))
    assert set(_cell(pad, shown("en", "component"), LABELS, place)) != set(bytes(theme.GROUND))


@pytest.mark.parametrize("count", [0, 1, 6, 12])
def test_as_many_dots_as_digits_and_no_digit(glass: Painter, count: int):
    with_stars = Shown(PinPad(Say("hint.ask"), count), language="en")
    found = Image.open(io.BytesIO(glass.png(with_stars))).convert("RGB")
    row = next(y for y in range(100, 400) if found.getpixel((30, y)) == theme.FIELD) + 33
    line = [found.getpixel((x, row)) == theme.INK for x in range(480)]
    assert sum(now and not before for before, now in itertools.pairwise(line)) == count


def test_the_dots_of_a_component_stand_in_columns(painter: Painter):
    plan = painter._plan(Shown(PinPad(Say("hint.ask"), 64, is_hex=True, size=64), language="en"))
    dots = [piece.rect for piece in plan.composed.pieces if isinstance(piece, Plate) and piece.colour == theme.INK]
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
    assert _key_centres(lcd, shown("en", "ask")) == {}
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
    at = shown("en", "sign")
    calm = bytes(glass.paint(at).get_buffer().raw)
    assert bytes(glass.trace(at, [(100, 450), (300, 460)]).get_buffer().raw) != calm
    assert bytes(glass.paint(at).get_buffer().raw) == calm


def test_the_pad_has_the_proportions_of_the_paper():
    area = pad(DEVICE_CLASSES["touch-480x800"], Rect(0, 0, 456, 600))
    assert abs(area.w / area.h - 384 / 160) < 0.02


@pytest.mark.parametrize("pair", theme.READ_ON)
def test_words_can_be_read(pair: tuple[theme.Colour, theme.Colour]):
    assert theme.contrast(*pair) >= 7


def test_tones_differ_without_colour(glass: Painter):
    greys = {
        bytes(Image.open(io.BytesIO(glass.png(shown("en", name)))).convert("L").tobytes()) for name in ("look", "plain")
    }
    assert len(greys) == 2


def test_an_unknown_device_class_is_refused():
    with pytest.raises(DeviceClassUnknown, match="keypad-320x240"):
        Painter("watch-40x40")


def test_a_missing_font_names_the_package(tmp_path):
    with pytest.raises(theme.FontMissing, match="fonts-wqy-microhei"):
        theme.font_file((tmp_path,))
