"""Framebuffers as plain files: every layout, and an eye that reads pixels back one by one, as linux/fb.h says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from hypothesis import strategies as st

from drivers.framebuffer import FramebufferPanel, MappedMemory
from drivers.pixels import Geometry

LAYOUTS = {
    "xrgb32": Geometry(1, 1, 32, 4, red=(16, 8), green=(8, 8), blue=(0, 8)),
    "xbgr32": Geometry(1, 1, 32, 4, red=(0, 8), green=(8, 8), blue=(16, 8)),
    "rgbx32": Geometry(1, 1, 32, 4, red=(24, 8), green=(16, 8), blue=(8, 8)),
    "argb32": Geometry(1, 1, 32, 4, red=(16, 8), green=(8, 8), blue=(0, 8), opaque=(24, 8)),
    "rgb666": Geometry(1, 1, 32, 4, red=(12, 6), green=(6, 6), blue=(0, 6)),
    "rgb101010": Geometry(1, 1, 32, 4, red=(20, 10), green=(10, 10), blue=(0, 10), opaque=(30, 2)),
    "rgb24": Geometry(1, 1, 24, 3, red=(16, 8), green=(8, 8), blue=(0, 8)),
    "bgr24": Geometry(1, 1, 24, 3, red=(0, 8), green=(8, 8), blue=(16, 8)),
    "rgb565": Geometry(1, 1, 16, 2, red=(11, 5), green=(5, 6), blue=(0, 5)),
    "bgr565": Geometry(1, 1, 16, 2, red=(0, 5), green=(5, 6), blue=(11, 5)),
    "rgb555": Geometry(1, 1, 16, 2, red=(10, 5), green=(5, 5), blue=(0, 5)),
    "argb4444": Geometry(1, 1, 16, 2, red=(8, 4), green=(4, 4), blue=(0, 4), opaque=(12, 4)),
    "mono10": Geometry(1, 1, 1, 1),
    "mono01": Geometry(1, 1, 1, 1, is_one_white=False),
    "mono10 reversed": Geometry(1, 1, 1, 1, is_leftmost_high=True),
    "mono01 reversed": Geometry(1, 1, 1, 1, is_one_white=False, is_leftmost_high=True),
}
Colour = tuple[int, int, int]


def shaped(layout: str, width: int, height: int, padding: int = 0, start: int = 0) -> Geometry:
    """A panel of this size."""
    shape = replace(LAYOUTS[layout], width=width, height=height)
    return replace(shape, stride=shape.row_bytes + padding, start=start)


@st.composite
def shapes(draw: st.DrawFn, most: int = 21) -> Geometry:
    """Any layout and size."""
    size = st.integers(1, most)
    return shaped(draw(st.sampled_from(sorted(LAYOUTS))), draw(size), draw(size), draw(st.integers(0, 5)), draw(size))


def as_file(folder: Path, shape: Geometry, filled: bytes = b"\0") -> Path:
    """A file with memory for this panel."""
    (folder / "fb").write_bytes(filled * (shape.start + shape.stride * shape.height))
    return folder / "fb"


def colour(pixels: bytes, width: int, x: int, y: int) -> Colour:
    """Red, green and blue of a pixel of a picture."""
    blue, green, red, _ = pixels[(y * width + x) * 4 :][:4]
    return red, green, blue


def is_as(found: int, wanted: Colour, shape: Geometry) -> bool:
    """Whether a pixel of the panel is this colour, as well as the panel can show it."""
    if shape.bits == 1:
        light = 0.299 * wanted[0] + 0.587 * wanted[1] + 0.114 * wanted[2]
        is_white = bool(found) == shape.is_one_white
        return abs(light - 127.5) < 1.5 or is_white == (light > 127.5)
    if found >> shape.opaque[0] & (1 << shape.opaque[1]) - 1 != (1 << shape.opaque[1]) - 1:
        return False
    fields = zip(shape.colours, wanted, strict=True)
    return all(found >> at & (1 << bits) - 1 == (level * 257) >> (16 - bits) for (at, bits), level in fields)


def pixel(memory: bytes, shape: Geometry, x: int, y: int) -> int:
    """The value of one pixel of the panel."""
    row = memory[shape.start + y * shape.stride :]
    if shape.bits == 1:
        return row[x // 8] >> (7 - x % 8 if shape.is_leftmost_high else x % 8) & 1
    return int.from_bytes(row[x * shape.bits // 8 :][: shape.bits // 8], "little")


def on_panel(x: int, y: int, width: int, height: int, shape: Geometry, rotation: int) -> tuple[int, int]:
    """Where a pixel of the picture is to be, turned clockwise about the middle of the panel."""
    wide, high = (width, height) if rotation % 180 == 0 else (height, width)
    turned = {
        0: (x, y),
        90: (height - 1 - y, x),
        180: (width - 1 - x, height - 1 - y),
        270: (y, width - 1 - x),
    }[rotation]
    return turned[0] + (shape.width - wide) // 2, turned[1] + (shape.height - high) // 2


def wrong(memory: bytes, shape: Geometry, rotation: int, pixels: bytes, width: int, height: int) -> list[str]:
    """Every pixel of the panel that is not as the picture says, black around it."""
    places = {
        on_panel(x, y, width, height, shape, rotation): colour(pixels, width, x, y)
        for x in range(width)
        for y in range(height)
    }
    return [
        f"{x},{y}: {found:#x}"
        for x in range(shape.width)
        for y in range(shape.height)
        if not is_as(found := pixel(memory, shape, x, y), places.get((x, y), (0, 0, 0)), shape)
        and ((x, y) in places or shape.bits == 1 or any(found >> at & (1 << n) - 1 for at, n in shape.colours))
    ]


class CountingMemory(MappedMemory):
    """Tells which bytes are put and read."""

    def __init__(self, path: Path, shape: Geometry | None = None) -> None:
        super().__init__(path, shape)
        self.was_put: list[tuple[int, int]] = []

    def put(self, canvas: bytearray, spans: Sequence[tuple[int, int]]) -> None:
        self.was_put += spans
        super().put(canvas, spans)

    def taken(self) -> list[tuple[int, int]]:
        """What was put since the last call."""
        spans, self.was_put = self.was_put, []
        return spans


class Bench:
    """A framebuffer in a file, and what is moved to it."""

    def __init__(self, folder: Path, shape: Geometry, rotation: int = 0, filled: bytes = b"\0") -> None:
        self.path, self.shape, self.rotation = as_file(folder, shape, filled), shape, rotation
        self.opened: list[CountingMemory] = []
        self.panel = FramebufferPanel(self.path, shape, rotation=rotation, open_memory=self._open)

    def _open(self, path: Path, shape: Geometry | None) -> CountingMemory:
        self.opened.append(CountingMemory(path, shape))
        return self.opened[-1]

    def taken(self) -> list[tuple[int, int]]:
        return self.opened[-1].taken() if self.opened else []

    def wrong(self, pixels: bytes, width: int, height: int) -> list[str]:
        return wrong(self.path.read_bytes(), self.shape, self.rotation, pixels, width, height)
