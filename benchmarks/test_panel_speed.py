"""The panel: a whole picture and one changed row, in plain memory (a real bus is slower, by as much for both)."""

import random
from dataclasses import replace
from pathlib import Path

import pytest

from drivers.framebuffer import FramebufferPanel
from drivers.pixels import Geometry

SIZES = {"480x800": (480, 800), "720x1280": (720, 1280)}


def panel_and_pictures(folder: Path, size: str, bits: int, rotation: int, is_whole: bool):
    """A panel in a file, and two pictures that take turns."""
    width, height = SIZES[size]
    wide, high = (width, height) if rotation % 180 == 0 else (height, width)
    shape = Geometry(wide, high, bits, 1)
    shape = replace(shape, stride=shape.row_bytes)
    (folder / "fb").write_bytes(bytes(shape.size))
    one = random.Random(1).randbytes(width * height * 4)
    other = bytearray(random.Random(2).randbytes(width * height * 4) if is_whole else one)
    other[height // 2 * width * 4] ^= 0x80
    return FramebufferPanel(folder / "fb", shape, rotation=rotation), (one, bytes(other)), (width, height)


@pytest.mark.benchmark(group="push a picture")
@pytest.mark.parametrize("what", ["whole", "one row"])
@pytest.mark.parametrize("rotation", [0, 90])
@pytest.mark.parametrize("bits", [32, 16, 1])
@pytest.mark.parametrize("size", SIZES)
def test_push(benchmark, tmp_path, size, bits, rotation, what):
    panel, pictures, (width, height) = panel_and_pictures(tmp_path, size, bits, rotation, what == "whole")
    turns = iter(range(10**9))
    with panel:
        benchmark(lambda: panel.show(pictures[next(turns) % 2], width, height))


@pytest.mark.benchmark(group="push a picture")
@pytest.mark.parametrize("size", SIZES)
def test_push_nothing(benchmark, tmp_path, size):
    panel, (one, _), (width, height) = panel_and_pictures(tmp_path, size, 32, 0, True)
    pictures, turns = (one, bytes(bytearray(one))), iter(range(10**9))
    with panel:
        benchmark(lambda: panel.show(pictures[next(turns) % 2], width, height))


@pytest.mark.benchmark(group="look after the panel")
def test_tend(benchmark, tmp_path):
    panel, (one, _), (width, height) = panel_and_pictures(tmp_path, "720x1280", 32, 0, True)
    with panel:
        panel.show(one, width, height)
        benchmark(panel.tend)
