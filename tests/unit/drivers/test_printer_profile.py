"""What a profile says, and how a bad one is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.printer import EscposPrinter
from drivers.printer_profile import ANY, PaperWidth, ProfileRefused, profile, read, shipped

GOOD = """model = "mine"
text = "raster"

[[paper]]
mm = 58
dots = 384
columns = 32
"""


def test_what_is_shipped_reads_and_is_named() -> None:
    assert {"generic-58", "generic-80", "head-58-raster", "mute-58", "epson-tm-t88iii"} <= set(shipped())
    for name in shipped():
        model = profile(name)
        assert model.paper, name
        EscposPrinter("file:/x", model.paper[0].columns, profile=name)


def test_a_model_that_its_maker_describes_names_its_source() -> None:
    folder = Path(str(__import__("drivers").__file__)).parent / "printers"
    for name in shipped():
        if not name.startswith(("generic-", "head-", "mute-")):
            assert "read at" in (folder / f"{name}.toml").read_text("utf-8"), name


def test_an_unknown_profile_names_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"'tm-t88' is none of epson-tm-t20, .*generic-58, generic-80"):
        EscposPrinter("file:/x", 32, profile="tm-t88")


def test_any_printer_has_every_width() -> None:
    assert profile("") is ANY
    assert (ANY.grid(32), ANY.grid(48)) == (12, 12)


def test_columns_are_of_the_narrowest_roll_that_has_them() -> None:
    model = profile("generic-80")
    assert (model.grid(32), model.grid(48)) == (12, 12)
    with pytest.raises(ValueError, match=r"printer\.columns 49 is more than 80 mm, any maker has: 48, 32"):
        EscposPrinter("file:/x", 49, profile="generic-80")
    with pytest.raises(ValueError, match="columns 48 is more than"):
        EscposPrinter("file:/x", 48, profile="generic-58")


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD, "utf-8")
    assert profile(str(path)).paper == (PaperWidth(58, 384, 32),)


@pytest.mark.parametrize(
    ("change", "line", "reason"),
    [
        (("columns = 32", "columns = 33\nspeeed = 5"), 8, "unknown field `speeed`"),
        (("columns = 32", 'columns = "32"'), 7, "Expected `int`, got `str`"),
        (('text = "raster"', 'text = "utf-8"'), 2, "Invalid enum value 'utf-8'"),
        (('text = "raster"', "buffer = 100"), 2, "buffer: 256 or more"),
        (('text = "raster"', "band_dots = 4"), 2, "band_dots: 8 to 2048"),
        (('text = "raster"', "speed = 0"), 2, "speed: 5 to 1000"),
        (('text = "raster"', "feed_rows = 300"), 2, "feed_rows: 0 to 255"),
        (("columns = 32", "columns = 50"), 4, "paper: a column is 8 dots or more"),
        (("dots = 384", "dots = 385"), 4, "paper: dots are a multiple of 4"),
        (('model = "mine"', ""), 1, "missing required field `model`"),
        (("mm = 58", "mm = = 58"), 5, ""),
    ],
)
def test_a_bad_file_is_refused_by_line(tmp_path: Path, change: tuple[str, str], line: int, reason: str) -> None:
    path = tmp_path / "bad.toml"
    text = GOOD.replace(*change)
    assert text != GOOD
    path.write_text(text, "utf-8")
    with pytest.raises(ProfileRefused) as told:
        read(path)
    assert str(told.value).startswith(f"{path}:{line}: ")
    assert reason in str(told.value)


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProfileRefused, match=r"none\.toml:1: it cannot be read: FileNotFoundError"):
        profile(str(tmp_path / "none.toml"))
    (tmp_path / "raw.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ProfileRefused, match="cannot be read"):
        read(tmp_path / "raw.toml")
