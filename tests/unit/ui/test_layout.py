"""Layout: what a file says is what is built, what it lacks is named with its line; a key on glass is 9 mm."""

import re
from pathlib import Path

import pytest

from tests.unit.ui.screen_samples import samples
from ui.device_class import FOLDER, KEY_MM, LayoutRefused, read
from ui.layout import DEVICE_CLASSES, NAMES, DeviceClassUnknown, device_class, keyboards, pin_cells, with_arrows

GLASS = [name for name in NAMES if DEVICE_CLASSES[name].is_touch]
WHOLE = (FOLDER / "touch-480x800.toml").read_text("utf-8")


def test_every_file_is_a_class_of_that_name():
    assert {path.stem for path in FOLDER.glob("*.toml")} == set(NAMES)
    assert list(DEVICE_CLASSES) == list(NAMES)
    assert len(DEVICE_CLASSES) == len(NAMES)
    for name, device in DEVICE_CLASSES.items():
        assert name == device.name == device_class(name).name
        assert re.fullmatch(rf"\w+-{device.width}x{device.height}", name)


def test_a_class_is_read_when_it_is_asked_for_and_once():
    assert device_class("keypad-320x240") is device_class("keypad-320x240")
    with pytest.raises(KeyError):
        DEVICE_CLASSES["watch-40x40"]
    assert "watch-40x40" not in DEVICE_CLASSES


@pytest.mark.parametrize("name", ["watch-40x40", "", "touch", "__init__"])
def test_an_unknown_name_is_refused(name: str):
    with pytest.raises(DeviceClassUnknown, match="lcd-128x64, keypad-320x240"):
        device_class(name)


def test_a_layout_file_of_ones_own(tmp_path: Path):
    file = tmp_path / "mine.toml"
    file.write_text(WHOLE.replace('name = "touch-480x800"', 'name = "mine"').replace("rows = 24", "rows = 23"))
    assert (device_class(str(file)).name, device_class(str(file)).rows) == ("mine", 23)


@pytest.mark.parametrize("name", GLASS)
def test_every_key_on_glass_is_nine_millimetres_both_ways(name: str):
    device, seen = DEVICE_CLASSES[name], set()
    boards = [pin_cells(device)]
    for language in ("zh_CN", "en"):
        for screen in samples(language).values():
            for has_pad in (False, True):
                boards += [keys for keys, _ in keyboards(device, screen, has_pad)]
                boards.append(with_arrows(device, screen, has_pad))
    for keys in boards:
        for at, (key, rect) in enumerate(keys):
            seen.add(key)
            assert min(rect.w, rect.h) >= KEY_MM * device.pixels_per_mm, (key, rect)
            assert 0 <= rect.x < rect.x + rect.w <= device.width
            assert 0 <= rect.y < rect.y + rect.h <= device.height
            for _, other in keys[:at]:
                assert not (
                    rect.x < other.x + other.w
                    and other.x < rect.x + rect.w
                    and rect.y < other.y + other.h
                    and other.y < rect.y + rect.h
                )
    assert seen == {*"0123456789", "00", "cancel", "clear", "enter", "func", "refund", "up", "down"}


@pytest.mark.parametrize("name", [name for name in NAMES if name not in GLASS])
def test_without_glass_there_are_no_keys(name: str):
    device = DEVICE_CLASSES[name]
    assert all(keyboards(device, screen, True)[0][0] == () for screen in samples("en").values())


@pytest.mark.parametrize("name", GLASS)
def test_a_longer_page_has_both_arrows(name: str):
    device = DEVICE_CLASSES[name]
    for what in ("sheet", "sheet-long", "ok", "menu", "sign", "card"):
        assert {"up", "down"} <= {box.key for box in with_arrows(device, samples("en")[what], False)}


def _refused(tmp_path: Path, text: str) -> str:
    file = tmp_path / "layout.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(LayoutRefused) as refusal:
        read(file)
    assert isinstance(refusal.value, ValueError)
    assert str(refusal.value).startswith(f"{file}:")
    return str(refusal.value)[len(str(file)) + 1 :]


ROWS = [line.split(" = ")[0] for line in WHOLE.splitlines() if " = " in line]


@pytest.mark.parametrize("at", [n for n, line in enumerate(WHOLE.splitlines()) if " = " in line])
def test_a_missing_row_is_named(tmp_path: Path, at: int):
    """Whichever row of the file it is."""
    lines = WHOLE.splitlines()
    key = lines.pop(at).split(" = ")[0]
    told = _refused(tmp_path, "\n".join(lines))
    if key == "pixels_per_mm":  # only glass needs it
        assert "keys: it is on glass, and pixels_per_mm" in told
    else:
        assert f"`{key}`" in told


def _line(text: str) -> int:
    return WHOLE[: WHOLE.index(text)].count("\n") + 1


@pytest.mark.parametrize(
    ("was", "becomes", "told"),
    [
        ("rows = 24", "rows = 1", "`int` >= 2"),
        ("height = 800", "height = 240", "10 pixels high"),
        ("rows = 24", "rows = 24\ncolumns = 3", "unknown field `columns`"),
        ("rows = 24", 'rows = "24"', "Expected `int`, got `str`"),
        ("rows = 24", "rows = 24.5", "Expected `int`, got `float`"),
        ("width = 480", "width = -480", ">= 16"),
        ("margin = ", "margin = -", ">= 0"),
        ("status_sizes = [58, 52, 46, 42]", "status_sizes = []", "length >= 1"),
        ("status_sizes = [58, 52, 46, 42]", "status_sizes = [58, 70]", "from large to small"),
        ("keypad = 1100", "keypad = 1050", "less than 9 mm"),
        ("buttons = 285", "buttons = 250", "less than 9 mm"),
        ("pixels_per_mm = 9.18", "pixels_per_mm = 20.0", "less than 9 mm"),
        ("pixels_per_mm = 9.18", "pixels_per_mm = 40.5", "<= 40"),
        ("keypad = 1100", "keypad = 1800", "less than a quarter"),
        ("is_touch = true", "is_touch = 1", "Expected `bool`"),
    ],
)
def test_what_cannot_be_is_refused_with_its_line(tmp_path: Path, was: str, becomes: str, told: str):
    assert was in WHOLE
    said = _refused(tmp_path, WHOLE.replace(was, becomes, 1))
    assert told in said
    line = int(said.split(":")[0])
    assert 1 <= line <= len(WHOLE.splitlines()) + 1
    if was not in ("pixels_per_mm = 9.18", "keypad = 1100", "buttons = 285", "status_sizes = [58, 52, 46, 42]"):
        assert line in (_line(was), _line(was) + 1), said


@pytest.mark.parametrize("table", ["bars", "measures", "keys"])
def test_a_missing_table_is_named(tmp_path: Path, table: str):
    without = re.sub(rf"\[{table}\].*?\n\n", "", WHOLE, count=1, flags=re.DOTALL)
    assert without != WHOLE
    assert f"{table}: " in _refused(tmp_path, without)


@pytest.mark.parametrize("table", ["steps", "large"])
def test_densities_are_wanted(tmp_path: Path, table: str):
    without = re.sub(rf"\[\[{table}\]\]\n(?:\w+ = \d+\n)+", "", WHOLE)
    assert f"{table}: " in _refused(tmp_path, without)


@pytest.mark.parametrize("text", ["rows = ", "[bars\n", "", "\x00"])
def test_what_is_no_layout_is_refused(tmp_path: Path, text: str):
    _refused(tmp_path, text)


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path):
    with pytest.raises(LayoutRefused, match="cannot be read"):
        device_class(str(tmp_path / "none.toml"))
    (tmp_path / "odd.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(LayoutRefused, match="cannot be read"):
        device_class(str(tmp_path / "odd.toml"))
    with pytest.raises(LayoutRefused, match="cannot be read"):
        device_class(f"{tmp_path}/")
