"""Framebuffer: every layout and turn shows the picture; only what changed is moved; what goes away comes back."""

import asyncio
import os
import random
import struct
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.canvas import Canvas, packed
from drivers.framebuffer import FramebufferPanel, MappedMemory
from drivers.pixels import FIXED, FIXED_SIZE, VARIABLE, VARIABLE_SIZE, Geometry, PanelMissing, geometry
from tests import virtual_time
from tests.unit.drivers.framebuffers import LAYOUTS, Bench, as_file, is_as, pixel, shaped, shapes

RED, GREEN, BLUE, WHITE = 0xFF0000, 0x00FF00, 0x0000FF, 0xFFFFFF
PICTURE = struct.pack("<4I", RED, GREEN, BLUE, WHITE)  # 2 x 2
TURNS = st.sampled_from((0, 90, 180, 270))
SEEDS = st.integers(0, 2**32)


def noise(width: int, height: int, seed: int) -> bytes:
    return random.Random(seed).randbytes(width * height * 4)


def picture_size(draw: st.DataObject, shape: Geometry, rotation: int) -> tuple[int, int]:
    wide, high = Canvas(shape, rotation).room
    return draw.draw(st.integers(1, wide)), draw.draw(st.integers(1, high))


@given(shapes(), TURNS, SEEDS, st.data())
def test_what_is_read_back_is_the_picture(shape: Geometry, rotation: int, seed: int, data: st.DataObject):
    width, height = picture_size(data, shape, rotation)
    picture = noise(width, height, seed)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), shape, rotation, filled=b"\xa5")
        with bench.panel as panel:
            panel.show(picture, width, height)
        assert bench.wrong(picture, width, height) == []
        assert bench.path.read_bytes()[: shape.start] == b"\xa5" * shape.start


@given(shapes(), TURNS, SEEDS, st.data())
def test_changed_rows_and_nothing_else_are_moved(shape: Geometry, rotation: int, seed: int, data: st.DataObject):
    width, height = picture_size(data, shape, rotation)
    first, rows = noise(width, height, seed), data.draw(st.sets(st.integers(0, height - 1)))
    second = bytearray(first)
    for row in rows:
        second[row * width * 4] ^= 0x80
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), shape, rotation)
        with bench.panel as panel:
            panel.show(first, width, height)
            assert bench.taken() == [(0, shape.size)]
            panel.show(bytes(second), width, height)
            moved = bench.taken()
        assert bench.wrong(bytes(second), width, height) == []
    assert len({at for span in moved for at in range(*span)}) == sum(stop - begin for begin, stop in moved)
    if shape.bits > 1:
        turned = rotation in (90, 270)
        count = max(rows) - min(rows) + 1 if turned and rows else len(rows)
        assert sum(stop - begin for begin, stop in moved) == count * width * shape.bits // 8
    else:
        assert bool(moved) == bool(rows)
        assert sum(stop - begin for begin, stop in moved) <= shape.row_bytes * (width if rotation % 180 else len(rows))


@given(st.sampled_from(sorted(name for name, shape in LAYOUTS.items() if shape.bits > 1)), SEEDS)
def test_both_ways_of_packing_agree(layout: str, seed: int):
    shape, pixels = shaped(layout, 8, 1), noise(8, 1, seed)
    canvas = Canvas(shape)
    canvas.draw(pixels, 8, 1)
    slow = packed(pixels, shape)
    for x in range(8):
        colours = tuple(pixels[x * 4 : x * 4 + 3][::-1])
        assert is_as(pixel(slow, shape, x, 0), colours, shape)
        assert is_as(pixel(bytes(canvas.memory), shape, x, 0), colours, shape)


def test_one_bit_as_ssd1307fb_reads_it(tmp_path: Path):
    """`byte = vmem[y * line_length + x / 8]; bit = (byte >> (x % 8)) & 1` (drivers/video/fbdev/ssd1307fb.c)."""
    bench = Bench(tmp_path, shaped("mono10", 16, 1))
    with bench.panel as panel:
        panel.show(struct.pack("<16I", WHITE, *[0] * 8, WHITE, WHITE, *[0] * 5), 16, 1)
    assert bench.path.read_bytes() == bytes([0b00000001, 0b00000110])


def test_padding_of_rows_and_a_middle(tmp_path: Path):
    bench = Bench(tmp_path, shaped("rgb565", 4, 4, start=8))
    with bench.panel as panel:
        panel.show(PICTURE, 2, 2)
    words = struct.unpack("<20H", bench.path.read_bytes())
    lit = {place: word for place, word in enumerate(words) if word}
    assert lit == {9: 0xF800, 10: 0x07E0, 13: 0x001F, 14: 0xFFFF}


def test_a_larger_picture_is_refused_and_the_one_before_stays(tmp_path: Path):
    bench = Bench(tmp_path, shaped("xrgb32", 2, 3), rotation=90)
    with bench.panel as panel:
        panel.show(PICTURE, 2, 2)
        with pytest.raises(PanelMissing, match="3x2 pixels, the picture 2x4"):
            panel.show(PICTURE * 2, 2, 4)
        panel.tend()
    assert bench.wrong(PICTURE, 2, 2) == []


def test_what_is_no_panel_is_refused(tmp_path: Path):
    with pytest.raises(PanelMissing, match="12 bits"):
        FramebufferPanel(as_file(tmp_path, Geometry(2, 2, 12, 8)), Geometry(2, 2, 12, 8)).__enter__()
    with pytest.raises(PanelMissing, match="nowhere"):
        FramebufferPanel(tmp_path / "nowhere").__enter__()
    with pytest.raises(PanelMissing, match="ioctl"):
        FramebufferPanel(tmp_path / "fb").__enter__()
    with pytest.raises(PanelMissing, match="greater than file"):
        FramebufferPanel(tmp_path / "fb", shaped("xrgb32", 9, 9)).__enter__()
    with pytest.raises(ValueError, match="45"):
        Canvas(shaped("xrgb32", 2, 2), 45)


def test_no_file_stays_open(tmp_path: Path):
    before = os.listdir("/proc/self/fd")
    for shape in (shaped("xrgb32", 2, 2), Geometry(2, 2, 12, 8)):
        as_file(tmp_path, shaped("xrgb32", 2, 2))
        for _ in range(3):
            try:
                with FramebufferPanel(tmp_path / "fb", shape) as panel:
                    panel.show(PICTURE, 2, 2)
                    (tmp_path / "fb").unlink()
                    panel.tend()
                    as_file(tmp_path, shape)
                    panel.tend()
            except PanelMissing:
                pass
    assert os.listdir("/proc/self/fd") == before


# --- away and back ---


def test_unplugged_and_put_back(tmp_path: Path):
    bench = Bench(tmp_path, shaped("xrgb32", 2, 2))
    with bench.panel as panel:
        panel.show(bytes(16), 2, 2)
        bench.path.unlink()
        panel.show(PICTURE, 2, 2)
        assert "fb" in panel.trouble
        panel.tend()
        as_file(tmp_path, bench.shape, b"\x55")
        panel.tend()
        assert panel.trouble == ""
        assert bench.wrong(PICTURE, 2, 2) == []
        assert len(bench.opened) == 2


def test_another_node_in_its_place_is_found_by_the_next_picture(tmp_path: Path):
    bench = Bench(tmp_path, shaped("rgb565", 2, 2))
    with bench.panel as panel:
        panel.show(PICTURE, 2, 2)
        (tmp_path / "new").write_bytes(bytes(8))
        (tmp_path / "new").rename(bench.path)
        panel.show(PICTURE, 2, 2)
    assert bench.wrong(PICTURE, 2, 2) == []


def test_memory_that_shrank_ends_nothing(tmp_path: Path):
    """Where this process itself would write there SIGBUS would end it."""
    bench = Bench(tmp_path, shaped("xrgb32", 2000, 3))
    with bench.panel as panel:
        panel.show(noise(2000, 3, 1), 2000, 3)
        memory = bench.opened[-1]
        for left in (4096, 0):
            os.truncate(bench.path, left)
            with pytest.raises(OSError, match=r"Bad address|went away"):
                memory.put(bytearray(24000), [(0, 24000)])
            with pytest.raises(OSError, match=r"Bad address|went away"):
                memory.get([(0, 24000)])
        memory.is_here = lambda is_mode_asked: True  # the look comes just before it shrinks
        panel.show(noise(2000, 3, 2), 2000, 3)
        assert "fb: " in panel.trouble
        panel.tend()
        os.truncate(bench.path, 24000)
        panel.tend()
        assert bench.wrong(noise(2000, 3, 2), 2000, 3) == []


def test_our_own_access_would_be_sigbus(tmp_path: Path):
    """The test above means something: the same place, touched by the process itself."""
    program = (
        "import mmap, os, sys; f = os.open(sys.argv[1], os.O_RDWR); os.truncate(f, 8192);"
        "m = mmap.mmap(f, 8192); os.truncate(f, 0); m[0] = 1"
    )
    done = subprocess.run([sys.executable, "-c", program, as_file(tmp_path, shaped("xrgb32", 2, 2))], check=False)
    assert done.returncode == -7  # SIGBUS


def test_it_comes_back_smaller(tmp_path: Path):
    shape = shaped("xrgb32", 2, 2)
    panel = FramebufferPanel(as_file(tmp_path, shape), open_memory=lambda path, _: MappedMemory(path, shape))
    with panel:
        panel.show(PICTURE, 2, 2)
        (tmp_path / "fb").unlink()
        shape = shaped("xrgb32", 1, 1)
        as_file(tmp_path, shape)
        panel.tend()
        assert "1x1" in panel.trouble
        with pytest.raises(PanelMissing):
            panel.show(PICTURE, 2, 2)
        panel.show(PICTURE[:4], 1, 1)
        assert (tmp_path / "fb").read_bytes() == PICTURE[:4]
        assert panel.trouble == ""


def test_drawn_over_is_drawn_again(tmp_path: Path):
    bench = Bench(tmp_path, shaped("xrgb32", 4, 40))
    picture = noise(4, 40, 3)
    with bench.panel as panel:
        panel.show(picture, 4, 40)
        bench.taken()
        for _ in range(16):
            panel.tend()
        assert bench.taken() == []
        with bench.path.open("r+b") as file:
            file.seek(11 * 16)
            file.write(b"login: ")
        for _ in range(16):
            panel.tend()
        assert bench.taken() == [(0, bench.shape.size)]
    assert bench.wrong(picture, 4, 40) == []


def test_memory_for_writing_only_is_not_drawn_for_ever(tmp_path: Path):
    class Deaf(MappedMemory):
        def get(self, spans):
            return bytes(len(super().get(spans)))

        def put(self, canvas, spans):
            put.append(spans)

    put: list[object] = []
    shape = shaped("xrgb32", 1, 40)
    with FramebufferPanel(as_file(tmp_path, shape), shape, open_memory=Deaf) as panel:
        panel.show(b"\xff" * 160, 1, 40)
        for _ in range(3):
            panel.tend()
    assert len(put) == 1


def test_resting_draws_nothing(tmp_path: Path):
    bench = Bench(tmp_path, shaped("bgr565", 2, 2))
    with bench.panel as panel:
        panel.show(bytes(16), 2, 2)
        for _ in range(2):  # the second time nothing has changed, but on the panel
            panel.rest()
            bench.taken()
            panel.show(PICTURE, 2, 2)
            panel.tend()
            assert bench.taken() == []
            panel.resume()
            assert bench.taken() == [(0, 8)]
    assert bench.wrong(PICTURE, 2, 2) == []


def test_watching(tmp_path: Path):
    async def watched() -> None:
        bench = Bench(tmp_path, shaped("xrgb32", 2, 2))
        with bench.panel as panel:
            panel.show(PICTURE, 2, 2)
            watching = asyncio.ensure_future(panel.watch())
            bench.path.unlink()
            await asyncio.sleep(1.5)
            assert panel.trouble
            as_file(tmp_path, bench.shape)
            await asyncio.sleep(1)
            assert panel.trouble == ""
            watching.cancel()
        assert bench.wrong(PICTURE, 2, 2) == []

    virtual_time.run(watched())


def test_dark_without_a_light(tmp_path: Path):
    told: list[bool] = []

    class Blanks(MappedMemory):
        def blank(self, is_dark):
            told.append(is_dark)

    shape = shaped("xrgb32", 2, 2)
    with FramebufferPanel(as_file(tmp_path, shape), shape, open_memory=Blanks) as panel:
        panel.show(PICTURE, 2, 2)
        panel.shine(0)
        (tmp_path / "fb").write_bytes(bytes(16))
        panel.shine(40)
        assert (tmp_path / "fb").read_bytes() == PICTURE
    assert told == [True, False]
    panel.shine(0)
    with FramebufferPanel(tmp_path / "fb", shape) as plain:
        plain.shine(0)  # a file cannot be blanked: ENOTTY


# --- what the kernel says ---


def answers(shape: Geometry, **others: int) -> tuple[bytes, bytes]:
    """The ioctl answers of a panel, laid out as linux/fb.h has them."""
    says = {"left": 0, "top": 0, "grey": 0, "nonstd": 0, "memory": 0, "length": 0, "kind": 0, "visual": 2, "msb": 0}
    says |= others
    fields = [word for field in (shape.red, shape.green, shape.blue, shape.opaque) for word in (*field, says["msb"])]
    size = shape.width, shape.height, shape.width, shape.height * 2, says["left"], says["top"]
    variable = VARIABLE.pack(*size, shape.bits, says["grey"], *fields, says["nonstd"])
    parts = says["memory"], says["length"], says["kind"], 0, says["visual"], 0, 1, 0, shape.stride
    return variable.ljust(VARIABLE_SIZE, b"\0"), FIXED.pack(b"bochs-drm", *parts).ljust(FIXED_SIZE, b"\0")


def test_another_mode_is_found_by_the_watch(tmp_path: Path):
    """A device that is asked: played answers over a file that is large enough for both modes."""
    says = [b"".join(answers(shaped("xrgb32", 2, 2)))]

    def opened(path: Path, shape: Geometry | None) -> MappedMemory:
        return MappedMemory(path, shape, lambda file: says[0])

    with FramebufferPanel(as_file(tmp_path, shaped("xrgb32", 2, 2)), open_memory=opened) as panel:
        panel.show(PICTURE, 2, 2)
        panel.tend()
        assert (tmp_path / "fb").read_bytes() == PICTURE
        says[0] = b"".join(answers(shaped("bgr565", 2, 2)))
        panel.tend()
        assert (tmp_path / "fb").read_bytes()[:8] == struct.pack("<4H", 0x001F, 0x07E0, 0xF800, 0xFFFF)
        says[0] = bytes(240)
        panel.tend()
        assert "0 bits per pixel" in panel.trouble
        says[0] = b"".join(answers(shaped("xrgb32", 2, 2)))
        panel.tend()
        assert (tmp_path / "fb").read_bytes() == PICTURE


def test_more_pieces_than_one_system_call_takes(tmp_path: Path):
    bench = Bench(tmp_path, shaped("rgb565", 3, 2500), rotation=90)
    before, after = bytes(2500 * 3 * 4), bytes(2500 * 4) + b"\xff" * 2500 * 4 + bytes(2500 * 4)
    with bench.panel as panel:
        panel.show(before, 2500, 3)
        bench.taken()
        panel.show(after, 2500, 3)
        assert len(bench.taken()) == 2500
        assert bench.path.read_bytes() == b"\0\0\xff\xff\0\0" * 2500
        assert bench.opened[-1].get([(at, at + 1) for at in range(0, 15000, 3)]) == b"\0\xff" * 2500


@pytest.mark.parametrize("layout", [name for name, shape in LAYOUTS.items() if shape.bits > 1])
def test_colours_are_where_the_kernel_says(layout: str):
    shape = shaped(layout, 480, 800, padding=32)
    assert geometry(*answers(shape)) == shape
    assert geometry(*answers(shape, visual=4)) == shape


def test_one_bit_is_what_the_kernel_says():
    shape = shaped("mono10", 128, 64)
    for visual, nonstd, layout in (
        (1, 0, "mono10"),
        (0, 0, "mono01"),
        (1, 2, "mono10 reversed"),
        (0, 2, "mono01 reversed"),
    ):
        assert geometry(*answers(shape, visual=visual, nonstd=nonstd)) == shaped(layout, 128, 64)


def test_where_the_first_visible_pixel_is():
    shape = shaped("xrgb32", 480, 800)
    said = geometry(*answers(shape, left=2, top=800, memory=4096 * 5 + 16, length=1920 * 1600 + 8))
    assert said.start == 16 + 800 * 1920 + 8
    assert geometry(*answers(replace(shape, stride=0))).stride == 1920
    assert geometry(*answers(Geometry(480, 800, 32, 1920))).colours == ((16, 8), (8, 8), (0, 8))


@pytest.mark.parametrize(
    ("shape", "others", "why"),
    [
        (shaped("xrgb32", 4, 4), {"kind": 1}, "planes"),
        (shaped("xrgb32", 4, 4), {"visual": 3}, "FB_VISUAL 3"),
        (shaped("mono10", 8, 4), {"visual": 2}, "FB_VISUAL 2"),
        (shaped("mono10", 8, 4), {"visual": 1, "left": 3}, "3 bits into"),
        (shaped("xrgb32", 4, 4), {"grey": 0x34325258}, "FOURCC"),
        (shaped("xrgb32", 4, 4), {"msb": 1}, "reversed"),
        (shaped("xrgb32", 4, 4), {"length": 63}, "63 bytes of memory for 64"),
        (Geometry(4, 4, 8, 4), {}, "8 bits per pixel"),
        (Geometry(4, 4, 32, 15), {}, "rows of 15 bytes"),
        (Geometry(0, 4, 32, 15), {}, "0x4"),
        (replace(shaped("rgb565", 4, 4), red=(12, 5)), {}, "of 16 bits"),
        (replace(shaped("rgb565", 4, 4), red=(0, 0)), {}, "of 16 bits"),
    ],
)
def test_layouts_that_are_not_known(shape: Geometry, others: dict[str, int], why: str):
    with pytest.raises(PanelMissing, match=why):
        geometry(*answers(shape, **others))


@settings(max_examples=300)
@given(st.binary(min_size=VARIABLE_SIZE, max_size=VARIABLE_SIZE), st.binary(min_size=80, max_size=80))
def test_no_answer_breaks_it(variable: bytes, fixed: bytes):
    try:
        geometry(variable, fixed)
    except PanelMissing:
        return
