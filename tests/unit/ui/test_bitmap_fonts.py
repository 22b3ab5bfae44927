"""Bitmap fonts: whole cells, two colours, nothing that cannot be seen."""

from pathlib import Path

import pygame
import pytest

from ui.bitmap_fonts import BitmapFonts, bitmap_font_file
from ui.text import languages, words
from ui.theme import FontMissing

BLACK = (0, 0, 0)
# Of /usr/share/unifont/unifont.hex, Debian package unifont 1:15.0.01-2: the bitmap, row by row, in hexadecimal.
HEX = {
    "0": "00000000182442464A52624224180000",
    "A": "0000000018242442427E424242420000",
}


@pytest.fixture(scope="module")
def fonts() -> BitmapFonts:
    return BitmapFonts()


def dots(surface: pygame.Surface) -> list[str]:
    wide, tall = surface.get_size()
    return ["".join(".#"[surface.get_at((x, y))[3] == 255] for x in range(wide)) for y in range(tall)]


def gb2312() -> list[str]:
    chars = []
    for lead in range(0xA1, 0xF8):
        for trail in range(0xA1, 0xFF):
            chars.append(bytes((lead, trail)).decode("gb2312", errors="ignore"))
    return [char for char in chars if char]


def test_every_character_that_is_said_has_its_cell(fonts: BitmapFonts):
    said = {char for language in languages() for text in words(language).sentences.values() for char in text}
    said -= {"\n"}
    ours = [*map(chr, range(32, 127)), *gb2312()]
    assert len(ours) == 95 + 7445
    assert [char for char in {*said, *ours} if not fonts._cell(char)[1]] == []
    assert {fonts.width(char, 16) for char in ours} == {8, 16}
    assert {fonts.width(char, 16) for char in gb2312() if "\u4e00" <= char <= "\u9fff"} == {16}
    assert {fonts.width(chr(code), 16) for code in range(32, 127)} == {8}


@pytest.mark.parametrize("char", HEX)
def test_a_character_is_drawn_as_its_bitmap(fonts: BitmapFonts, char: str):
    wanted = [f"{int(HEX[char][at : at + 2], 16):08b}".translate({48: ".", 49: "#"}) for at in range(0, 32, 2)]
    assert dots(fonts.draw(char, 16, BLACK, False)) == wanted


def test_there_are_two_colours_only(fonts: BitmapFonts):
    for text, is_bold in (("退款金额 1,256.50", False), ("Refund", True), ("\U0001f600", False)):
        surface = fonts.draw(text, 16, (200, 10, 30), is_bold)
        wide, tall = surface.get_size()
        seen = {tuple(surface.get_at((x, y))) for x in range(wide) for y in range(tall)}
        assert {colour for colour in seen if colour[3]} == {(200, 10, 30, 255)}
        assert {colour[3] for colour in seen} == {0, 255}


def test_what_is_measured_is_what_is_drawn(fonts: BitmapFonts):
    for text in ("退款", "1,256.50", "A退.:", "e\u0301", "\u200b\U0001f600"):
        for size in (16, 32):
            for is_bold in (False, True):
                surface = fonts.draw(text, size, BLACK, is_bold)
                assert surface.get_size() == (fonts.width(text, size, is_bold), fonts.height(size))


def test_a_large_character_is_the_same_pixels_doubled(fonts: BitmapFonts):
    small = dots(fonts.draw("退9", 16, BLACK, False))
    doubled = ["".join(dot * 2 for dot in row) for row in small for _ in range(2)]
    assert dots(fonts.draw("退9", 32, BLACK, False)) == doubled


def test_an_amount_fits_in_large_digits_with_its_unit(fonts: BitmapFonts):
    assert fonts.width("1,256.50", 32) + fonts.width("元", 16) == 128
    for mark in ".,:":
        assert "".join(dots(fonts.draw(mark, 32, BLACK, False))).count("#") == 4 * "".join(
            dots(fonts.draw(mark, 16, BLACK, False))
        ).count("#")


@pytest.mark.parametrize(("text", "wide"), [("\U0001f600", 16), ("\u0301", 8), ("\u200b", 8), ("\U0001d538", 8)])
def test_what_the_font_lacks_is_a_box(fonts: BitmapFonts, text: str, wide: int):
    rows = dots(fonts.draw(text, 16, BLACK, False))
    assert rows[2] == rows[13] == "." + "#" * (wide - 2) + "."
    assert rows[8] == "." + "#" + "." * (wide - 4) + "#" + "."


def test_bold_stays_in_its_cell(fonts: BitmapFonts):
    plain, bold = (dots(fonts.draw("8退", 16, BLACK, is_bold)) for is_bold in (False, True))
    assert [row[8:] for row in plain] == [row[8:] for row in bold]
    for before, after in zip(plain, bold, strict=True):
        assert after[:8] == "".join("#" if "#" in before[max(0, x - 1) : x + 1] else "." for x in range(8))


def test_what_was_drawn_is_kept(fonts: BitmapFonts):
    first = fonts.draw("kept", 16, BLACK, False)
    assert fonts.draw("kept", 16, BLACK, False) is first
    for number in range(200):
        fonts.draw(str(number), 16, BLACK, False)
    assert len(fonts._drawn) <= 160


def test_a_missing_font_names_the_package(tmp_path: Path):
    with pytest.raises(FontMissing, match="fonts-unifont"):
        BitmapFonts((tmp_path,))


@pytest.mark.parametrize("content", [b"", b"not a font", b"OTTO", bitmap_font_file().read_bytes()[:5000]])
def test_a_broken_font_names_the_package(tmp_path: Path, content: bytes):
    (tmp_path / "unifont.otf").write_bytes(content)
    with pytest.raises(FontMissing, match=r"cannot be opened.*fonts-unifont"):
        BitmapFonts((tmp_path,))
