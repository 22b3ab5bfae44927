"""The driver's bytes, its targets, and who leaves while it prints."""

from __future__ import annotations

import asyncio
import errno
from itertools import pairwise
from pathlib import Path

import pytest

from drivers.printer import EscposPrinter
from drivers.printer_bytes import escpos_bands, escpos_bytes, picture
from drivers.printer_font import text_picture
from drivers.printer_profile import profile, shipped
from drivers.printer_talk import Wired, cause
from drivers.printer_ways import LPGETSTATUS, FileWay
from simulator.counter.escpos_decoder import Decoder
from simulator.counter.printer import PtyPrinter
from terminal.paper import ImageRow, Paper, QrRow, TextRow
from terminal.ports import PaperOut, PrinterLost

PAPER: Paper = (TextRow("持卡人存根"),)
SIGNED: Paper = (*(TextRow(f"第 {row} 行") for row in range(12)), QrRow("8" * 60), ImageRow(384, 160, b"\x18" * 7680))


def test_bytes_of_a_paper() -> None:
    data = escpos_bytes((TextRow("退货"), TextRow("A", is_large=True), ImageRow(8, 1, b"\x81")), 32)
    assert data.hex(" ") == (
        "1b 40 1c 26 1d 21 00 cd cb bb f5 0a 1d 21 11 41 0a 1b 61 01 1d 76 30 00 01 00 01 00 81 1b 61 00"
        " 1b 64 06 1d 56 00"
    )


def test_text_never_speaks_to_the_printer() -> None:
    decoded = Decoder().feed(escpos_bytes((TextRow("a\x1b@\x10\x04\x01\n\x1dV\x00b\ud800"),), 32))
    assert decoded.status_requests == ()
    assert len(decoded.papers) == 1
    assert decoded.papers[0][0] == TextRow("a @     V b?")


@pytest.mark.parametrize("order", [b"\x10\x04\x01", b"\x10\x05\x01", b"\x10\x14\x08"])
def test_a_picture_never_speaks_to_the_printer(order: bytes) -> None:
    """Printers obey DLE EOT, ENQ and DC4 wherever they stand (Citizen CBM-1000 manual, DLE EOT)."""
    image = ImageRow(384, 4, (order * 64)[: 48 * 4])
    data = escpos_bytes((image,), 32)
    assert order[:2] not in data
    decoded = Decoder().feed(data)
    assert decoded.questions == ()
    drawn = decoded.papers[0][0]
    assert isinstance(drawn, ImageRow)
    lost = sum((ours & ~theirs).bit_count() for ours, theirs in zip(image.bits, drawn.bits, strict=True))
    assert lost == 0  # dots may be added, none is taken away


@pytest.mark.parametrize(("columns", "length"), [(32, 30), (32, 600), (48, 30), (48, 1000)])
def test_a_code_is_never_wider_than_the_paper(columns: int, length: int) -> None:
    decoded = Decoder().feed(escpos_bytes((QrRow("8" * length),), columns))
    pictures = [row for row in decoded.papers[0] if isinstance(row, ImageRow)]
    assert len(pictures) == 1
    assert 100 < pictures[0].width <= columns * 12
    assert decoded.unknown == ()


def test_a_picture_wider_than_the_paper_is_made_smaller_and_nothing_is_cut() -> None:
    """A frame three dots thick, half as wide again as the paper: all four sides are still there."""
    wide, high = 576, 200
    side = b"\xe0" + bytes(wide // 8 - 2) + b"\x07"
    bits = b"\xff" * (wide // 8) * 3 + side * (high - 6) + b"\xff" * (wide // 8) * 3
    small = picture(ImageRow(wide, high, bits), 384)
    assert small.size == (384, 133)
    assert all(small.getpixel((x, y)) == 0 for x in range(384) for y in (0, 132))
    assert all(small.getpixel((x, y)) == 0 for y in range(133) for x in (0, 383))
    assert small.getpixel((192, 66)) == 255


@pytest.mark.parametrize("name", ["", *shipped()])
def test_no_band_is_larger_than_the_buffer(name: str) -> None:
    model = profile(name)
    bands = escpos_bands(SIGNED, 32, model)
    assert all(len(band.data) <= model.buffer for band in bands)
    assert len(bands) > 1
    decoder = Decoder(model.cutter != "none")
    papers = [paper for band in bands for paper in decoder.feed(band.data).papers]
    assert len(papers) == 1
    heights = sum(row.height for row in papers[0] if isinstance(row, ImageRow))
    texts = [row.text for row in papers[0] if isinstance(row, TextRow) and row.text]
    if model.text == "raster":  # a row is 30 dots high, also where a column is 12 of 180 dpi
        assert (heights, texts) == (12 * 30 + 165 + 160, [])
    else:
        assert (heights, len(texts)) == (165 + 160, 12)


def test_our_font_stands_on_the_printers_grid() -> None:
    """What is drawn row by row has its ink where a printer with a font sets it: cell by cell."""
    rows = (TextRow("退A货"), TextRow("大", is_large=True), TextRow("T", is_tall=True), TextRow("  |"))
    decoded = Decoder(has_knife=False).feed(escpos_bytes(rows, 32, profile("head-58-raster")))
    (sheet,) = (row for row in decoded.papers[0] if isinstance(row, ImageRow))
    assert (sheet.width, sheet.height) == (384, 30 + 60 + 60 + 30)

    def cells(top: int, bottom: int) -> set[int]:
        lines = [sheet.bits[y * 48 : y * 48 + 48] for y in range(top, bottom)]
        return {x // 12 for line in lines for x in range(384) if line[x // 8] & 0x80 >> x % 8}

    assert cells(0, 30) == {0, 1, 2, 3, 4}
    assert cells(30, 90) == {0, 1, 2, 3}
    assert cells(90, 150) == {0}
    assert cells(150, 180) == {2}


def test_our_font_wraps_a_row_that_is_too_long() -> None:
    """As printers do: a yen sign takes two columns in GB18030 and one in our count. Nothing is cut."""
    assert text_picture(TextRow("¥" * 16), 32, 12).size == (384, 30)
    long = text_picture(TextRow("9" * 31 + "¥"), 32, 12)
    assert long.size == (384, 60)
    assert long.crop((0, 30, 24, 60)).getextrema() == (0, 255)


@pytest.mark.parametrize("target", ["", "serial", "bluetooth:x", "file:"])
def test_a_target_that_is_none_is_refused_at_once(target: str) -> None:
    with pytest.raises(ValueError, match="none of serial:"):
        EscposPrinter(target, 32)


@pytest.mark.parametrize("target", ["serial:/dev/none", "usb-lp:/dev/none", "net:127.0.0.1:1", "net:nowhere"])
async def test_what_cannot_be_opened_is_lost(target: str) -> None:
    printer = EscposPrinter(target, 32)
    with pytest.raises(PrinterLost):
        await printer.paper_left()
    with pytest.raises(PrinterLost) as told:
        await printer.print(PAPER)
    assert not told.value.has_begun


async def test_a_file_takes_one_paper_after_another(tmp_path: Path) -> None:
    printer = EscposPrinter(f"file:{tmp_path / 'paper'}", 32)
    assert await printer.paper_left() == "ok"
    await printer.print(PAPER)
    await printer.print(PAPER)
    assert (tmp_path / "paper").read_bytes() == escpos_bytes(PAPER, 32) * 2


async def test_a_device_that_is_no_line_printer_is_only_written_to() -> None:
    printer = EscposPrinter("usb-lp:/dev/null", 32)
    assert await printer.paper_left() == "ok"
    await printer.print(PAPER)


@pytest.mark.parametrize(
    ("status", "left"), [(0x18, "ok"), (0x38, "out"), (0x30, "out"), (0x20, "out"), (0x10, None), (0x08, None)]
)
def test_a_line_printer_is_asked_through_the_kernel(status: int, left: str | None) -> None:
    """Bits of the USB printer class, 7.3.2: 3 no error, 4 selected, 5 paper empty."""
    asked = []

    def kernel(fd: int, request: int, room: bytes) -> bytes:
        asked.append(request)
        return bytes([status]) + room[1:]

    way = FileWay("/dev/null", kernel)
    talk = Wired(way, 0.1)
    if left is None:
        with pytest.raises(PrinterLost):
            talk.left()
    else:
        assert talk.left() == left
    if left == "out":
        with pytest.raises(PaperOut):
            talk.see_out(0.1)
    way.close()
    assert set(asked) == {LPGETSTATUS}


@pytest.mark.parametrize(("status", "kind"), [(0x38, PaperOut), (0x10, TimeoutError), (0x18, TimeoutError)])
def test_a_line_printer_that_takes_no_more_is_asked_why(status: int, kind: type[Exception]) -> None:
    way = FileWay("/dev/null", lambda fd, request, room: bytes([status]) + room[1:])
    assert type(cause(Wired(way, 0.1), TimeoutError())) is kind
    way.close()


def test_a_line_printer_that_was_unplugged_is_not_taken_for_one_that_tells_nothing() -> None:
    def kernel(fd: int, request: int, room: bytes) -> bytes:
        raise OSError(errno.ENODEV, "No such device")

    way = FileWay("/dev/null", kernel)
    with pytest.raises(OSError, match="No such device"):
        Wired(way, 0.1).left()
    way.close()


async def test_the_first_paper_does_not_wait_for_imports() -> None:
    async with PtyPrinter() as device:
        printer = EscposPrinter(device.target, 32)
        await printer.paper_left()
        assert printer._warming is not None
        await printer._warming
        import sys

        assert {"escpos.printer", "PIL.Image", "qrcode"} <= set(sys.modules)


@pytest.mark.parametrize("cut", [9, 40, 700])
async def test_after_a_power_cut_the_rest_of_a_picture_is_not_made_of_the_next_paper(cut: int) -> None:
    """The terminal went down in the middle of a picture: the printer still waits for dots."""
    async with PtyPrinter() as device:
        whole = escpos_bytes(SIGNED, 32)
        device.take(whole[: whole.index(b"\x1dv0") + cut])
        printer = EscposPrinter(device.target, 32, 0.3)
        await printer.print(PAPER)
        assert printer._memory.knows_in_turn
        texts = [paper["text"] for paper in device.papers()]
    assert texts[0].endswith("持卡人存根")
    assert device.unknown == []


async def test_who_leaves_while_it_prints_leaves_a_whole_paper() -> None:
    async with PtyPrinter() as device:
        printer = EscposPrinter(device.target, 32, 0.3)
        leaving = asyncio.create_task(printer.print(PAPER))
        waiting = asyncio.create_task(printer.print((TextRow("never"),)))
        staying = asyncio.create_task(printer.print((TextRow("last"),)))
        await asyncio.sleep(0)
        leaving.cancel()
        waiting.cancel()
        await staying
        assert [paper["text"] for paper in device.papers()] == ["持卡人存根", "last"]


async def test_the_status_is_asked_between_bands() -> None:
    """Wherever a long paper stops, not a band more is sent: what is lost is less than two buffers."""
    model = profile("head-58-raster")
    sizes = [len(band.data) for band in escpos_bands(SIGNED, 32, model)]
    async with PtyPrinter(has_knife=False) as device:
        taken: list[int] = []
        take = device.take

        def counted(data: bytes) -> bytes:
            taken.append(len(data))
            return take(data)

        device.take = counted  # type: ignore[method-assign]
        printer = EscposPrinter(device.target, 32, 0.4, 0.8, profile="head-58-raster")
        device.run_out_after(0, dots=200)
        with pytest.raises(PaperOut) as told:
            await printer.print(SIGNED)
    assert told.value.has_begun
    assert sum(taken) < sum(sizes)
    assert all(small <= model.buffer for small, _ in pairwise(sizes))
