"""Themes: words can be read by day and by night, a meaning has its own colour; the one font is there or is named."""

from dataclasses import fields
from pathlib import Path

import pytest

from terminal.screens import Tone
from ui.fonts import Fonts
from ui.shapes import LINES
from ui.theme import DAY, NIGHT, THEMES, FontMissing, contrast, font_file, mixed, theme

BOTH = pytest.mark.parametrize("colours", THEMES.values(), ids=THEMES)


@BOTH
def test_words_can_be_read(colours):
    too_faint = [(ground, ink) for ground, ink in colours.read_on() if contrast(ground, ink) < 7]
    assert too_faint == []


@BOTH
def test_every_colour_that_carries_words_is_in_the_list(colours):
    """A colour that is in no pair is one that nobody writes with or on."""
    listed = {colour for pair in colours.read_on() for colour in pair}
    apart = {"hairline", "tray", "watermark"}
    plain = {f.name: getattr(colours, f.name) for f in fields(colours)}
    assert {name for name, value in plain.items() if isinstance(value, tuple) and value not in listed} == apart


@BOTH
def test_each_meaning_has_its_own_accent_and_sign(colours):
    tones = {"out", *(tone.value for tone in Tone)}
    assert set(colours.accent) == set(colours.banner) == tones == set(LINES)
    assert len(set(colours.accent.values())) == len(set(colours.banner.values())) == len(tones)


@BOTH
def test_a_key_that_is_pressed_can_be_read_too(colours):
    assert all(contrast(ink, ground) >= 7 for ground, ink in colours.keycap.values())


def test_the_night_is_dark():
    assert contrast(NIGHT.ground, (0, 0, 0)) < 1.3 < 15 < contrast(DAY.ground, (0, 0, 0))
    assert (theme("day"), theme("night"), theme(""), theme("noon")) == (DAY, NIGHT, DAY, DAY)


def test_mixing():
    assert (mixed((0, 0, 0), (255, 255, 255), 0), mixed((9, 9, 9), (5, 6, 7), 100)) == ((0, 0, 0), (5, 6, 7))


def test_a_missing_font_names_the_package(tmp_path: Path):
    with pytest.raises(FontMissing, match="fonts-wqy-microhei"):
        font_file((tmp_path,))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no font",
        b"\0\1\0\0" + b"\xff" * 400,
        b"ttcf\0\1\0\0\0\0\0\1\xff\xff\0\0",
        font_file().read_bytes()[:100_000],
    ],
    ids=["empty", "words", "no tables", "no font in it", "half of it"],
)
def test_a_font_that_cannot_be_opened_names_its_file_and_the_package(tmp_path: Path, content: bytes):
    file = tmp_path / "wqy-microhei.ttc"
    file.write_bytes(content)
    with pytest.raises(FontMissing, match=r"wqy-microhei\.ttc .*fonts-wqy-microhei"):
        Fonts(file)


def test_a_bold_row_is_as_wide_as_it_is_measured():
    fonts = Fonts()
    for size in (12, 23, 60):
        assert fonts.draw("1,256.50 元", size, DAY.ink, True).get_width() == fonts.width("1,256.50 元", size, True)
        assert fonts.width("1,256.50 元", size, True) > fonts.width("1,256.50 元", size)
        assert 0 < fonts.ascent(size) < fonts.height(size)
