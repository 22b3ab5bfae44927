"""The real driver alone: its bytes, its targets, and who leaves while it prints."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import pytest

from drivers.printer import EscposPrinter, escpos_bytes
from simulator.counter.escpos_decoder import Decoder
from simulator.counter.printer import PtyPrinter
from terminal.paper import ImageRow, Paper, QrRow, TextRow
from terminal.ports import PaperOut, PrinterLost

PAPER: Paper = (TextRow("持卡人存根"),)


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


@pytest.mark.parametrize(("columns", "length"), [(32, 30), (32, 600), (48, 30), (48, 1000)])
def test_a_code_is_never_wider_than_the_paper(columns: int, length: int) -> None:
    decoded = Decoder().feed(escpos_bytes((QrRow("8" * length),), columns))
    pictures = [row for row in decoded.papers[0] if isinstance(row, ImageRow)]
    assert len(pictures) == 1
    assert 100 < pictures[0].width <= columns * 12
    assert decoded.unknown == ()


@pytest.mark.parametrize("target", ["", "serial", "bluetooth:x", "file:"])
def test_a_target_that_is_none_is_refused_at_once(target: str) -> None:
    with pytest.raises(ValueError, match="none of serial:"):
        EscposPrinter(target, 32)


@pytest.mark.parametrize("target", ["serial:/dev/none", "usb-lp:/dev/none", "net:127.0.0.1:1", "net:nowhere"])
async def test_what_cannot_be_opened_is_lost(target: str) -> None:
    printer = EscposPrinter(target, 32)
    with pytest.raises(PrinterLost):
        await printer.paper_left()
    with pytest.raises(PrinterLost):
        await printer.print(PAPER)


async def test_a_file_takes_one_paper_after_another(tmp_path: Path) -> None:
    printer = EscposPrinter(f"file:{tmp_path / 'paper'}", 32)
    assert await printer.paper_left() == "ok"
    await printer.print(PAPER)
    await printer.print(PAPER)
    assert (tmp_path / "paper").read_bytes() == escpos_bytes(PAPER, 32) * 2


async def test_a_network_printer() -> None:
    decoder, states, papers = Decoder(), [0x12], list[object]()

    async def printing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(4096):
                decoded = decoder.feed(data)
                papers.extend(decoded.papers)
                writer.write(bytes(states[-1] for _ in decoded.status_requests) + bytes(len(decoded.requests_in_turn)))
        writer.close()

    async with await asyncio.start_server(printing, "127.0.0.1", 0) as server:
        printer = EscposPrinter(f"net:127.0.0.1:{server.sockets[0].getsockname()[1]}", 32)
        await printer.print(PAPER)
        assert len(papers) == 1
        states.append(0x12 | 0x60)
        with pytest.raises(PaperOut):
            await printer.print(PAPER)
        states.append(0x12 | 0x08)
        with pytest.raises(PrinterLost):  # paper is in, and the cover is open
            await printer.print(PAPER)
    assert len(papers) == 1


class Deaf(PtyPrinter):
    """A printer that does not know GS r."""

    def _answer(self, status: object) -> None:
        answers = [byte for byte in status if byte]  # type: ignore[attr-defined]
        super()._answer(answers)


async def test_a_printer_that_answers_only_now_is_waited_for_once() -> None:
    async with Deaf() as device:
        printer = EscposPrinter(f"serial:{device.path}", 32, 0.1, 0.3)
        loop = asyncio.get_running_loop()
        await printer.print(PAPER)
        start = loop.time()
        await printer.print(PAPER)
        assert loop.time() - start < 0.2
        assert device.count == 2


async def test_who_leaves_while_it_prints_leaves_a_whole_paper() -> None:
    async with PtyPrinter() as device:
        printer = EscposPrinter(f"serial:{device.path}", 32, 0.3)
        leaving = asyncio.create_task(printer.print(PAPER))
        waiting = asyncio.create_task(printer.print((TextRow("never"),)))
        staying = asyncio.create_task(printer.print((TextRow("last"),)))
        await asyncio.sleep(0)
        leaving.cancel()
        waiting.cancel()
        await staying
        assert [paper["text"] for paper in device.papers()] == ["持卡人存根", "last"]
