"""Backlight: a folder as sysfs has it; per cent to steps; rights that are missing are told, not raised."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.backlight import SysfsBacklight, backlight


def light(root: Path, name: str = "lcd", most: int = 255, **files: str) -> Path:
    """A light of sysfs."""
    folder = root / name
    folder.mkdir(parents=True)
    for file, text in {"max_brightness": str(most), "brightness": "200", "bl_power": "0", **files}.items():
        (folder / file).write_text(text + "\n")
    return folder


def says(folder: Path) -> tuple[str, str]:
    return (folder / "brightness").read_text(), (folder / "bl_power").read_text()


def test_per_cent_to_steps_and_dark(tmp_path: Path):
    folder = light(tmp_path, most=8)
    lamp = SysfsBacklight(folder)
    said = []
    for per_cent in (100, 50, 1, 0, 30, 250, -1):
        lamp.shine(per_cent)
        said.append(says(folder))
    assert said == [("8", "0"), ("4", "0"), ("1", "0"), ("0", "4"), ("2", "0"), ("8", "0"), ("0", "4")]
    assert lamp.trouble == ""


@given(st.integers(1, 5000), st.integers(0, 100), st.integers(0, 100))
def test_more_is_never_darker(most: int, one: int, other: int):
    import tempfile

    with tempfile.TemporaryDirectory() as root:
        folder, steps = light(Path(root), most=most), []
        for per_cent in sorted((one, other)):
            SysfsBacklight(folder).shine(per_cent)
            steps.append(int(says(folder)[0]))
        assert 0 <= steps[0] <= steps[1] <= most
        assert (steps[0] == 0) == (min(one, other) == 0)


def test_it_is_put_back_as_it_was_found(tmp_path: Path):
    folder = light(tmp_path, bl_power="4")
    with SysfsBacklight(folder) as lamp:
        lamp.shine(10)
        assert says(folder) == ("26", "0")
    assert says(folder) == ("200", "4")


def test_a_light_without_a_switch(tmp_path: Path):
    folder = light(tmp_path)
    (folder / "bl_power").unlink()
    with SysfsBacklight(folder) as lamp:
        lamp.shine(0)
        assert ((folder / "brightness").read_text(), lamp.trouble) == ("0", "")
    assert not (folder / "bl_power").exists()


@pytest.mark.parametrize("text", ["", "bright", "\u00e9"])
def test_what_sysfs_should_not_say(tmp_path: Path, text: str):
    folder = light(tmp_path)
    (folder / "max_brightness").write_text(text)
    lamp = SysfsBacklight(folder)
    lamp.shine(50)
    assert "lcd" in lamp.trouble
    assert says(folder)[0] == "200\n"


def test_pulled_out_and_put_back(tmp_path: Path):
    with SysfsBacklight(tmp_path / "lcd") as lamp:
        lamp.shine(50)
        assert "No such file" in lamp.trouble
        assert not (tmp_path / "lcd").exists()
        folder = light(tmp_path)
        lamp.shine(50)
        assert (says(folder)[0], lamp.trouble) == ("128", "")


def test_a_light_without_a_dimmer_gets_none(tmp_path: Path):
    folder = light(tmp_path)
    (folder / "brightness").unlink()
    lamp = SysfsBacklight(folder)
    lamp.shine(50)
    assert "brightness" in lamp.trouble
    assert not (folder / "brightness").exists()


def test_rights_are_missing(tmp_path: Path):
    folder = light(tmp_path)
    (folder / "brightness").unlink()
    (folder / "brightness").mkdir()  # root may write every file, but no folder
    lamp = SysfsBacklight(folder)
    lamp.shine(50)
    assert os.strerror(21) in lamp.trouble


def test_which_light_is_meant(tmp_path: Path):
    assert backlight("auto", tmp_path) is None
    for name, kind in (
        ("acpi", "raw"),
        ("intel", "platform"),
        ("old", "odd"),
        ("bios", "firmware"),
        ("zoo", "firmware"),
    ):
        light(tmp_path, name, type=kind)
    found = backlight("auto", tmp_path)
    assert found is not None
    assert found.folder.name == "bios"
    named = backlight("intel", tmp_path)
    assert named is not None
    assert named.folder.name == "intel"
