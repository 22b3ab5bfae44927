"""Printers that are interrupted, stuck, or lie. Law: what is not proved printed is not called printed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from drivers.printer import EscposPrinter
from simulator.counter.escpos_decoder import IN_TURN
from simulator.counter.printer import LATE_SECONDS, NetPrinter, PtyPrinter
from terminal.paper import ImageRow, Paper, TextRow
from terminal.ports import PaperOut, PrinterLost

PAPER: Paper = (TextRow("退货 REFUND"), TextRow("-30.00", is_large=True), TextRow("完"))
SIGNED: Paper = (*PAPER, ImageRow(384, 160, b"\x18" * 48 * 160), TextRow("持卡人签名"))
SIGNED_TEXT = "退货 REFUND\n-30.00\n完\n[384x160]\n持卡人签名"
STATUS, PRINT = 0.2, 0.6  # seconds; LATE_SECONDS is more than STATUS
Device = PtyPrinter | NetPrinter
LINES: dict[str, type[Device]] = {"pty": PtyPrinter, "net": NetPrinter}


# over TCP each question takes 0.3 s more: every test holds on a pty in each run, and on both in `make campaign`
@pytest.fixture(params=["pty", pytest.param("net", marks=pytest.mark.campaign)])
async def device(request: pytest.FixtureRequest) -> AsyncIterator[Device]:
    async with LINES[request.param]() as printer:
        yield printer


def driver(device: Device, profile: str = "") -> EscposPrinter:
    return EscposPrinter(device.target, 32, STATUS, PRINT, profile)


async def test_paper_out_in_the_middle_of_the_signature(device: Device) -> None:
    printer = driver(device)
    device.run_out_after(3, dots=64)
    with pytest.raises(PaperOut) as told:
        await printer.print(SIGNED)
    assert told.value.has_begun
    device.set_state("ok")
    assert device.scraps == ["退货 REFUND\n-30.00\n完\n[384x128]"]
    await printer.print(SIGNED)
    assert [paper["text"] for paper in device.papers()] == [SIGNED_TEXT]


async def test_wherever_it_stops_the_next_paper_is_whole_and_alone() -> None:
    """Every row, every strip of the picture, each state that keeps what it was sent."""
    async with PtyPrinter() as device:
        printer = driver(device)
        places = [(0, 0), (1, 0), (2, 0), (3, 0), (3, 64), (3, 128), (4, 0)]
        for state in ("out", "open", "hot"):
            for rows, dots in places:
                device.change_after(rows, dots, state)
                with pytest.raises((PaperOut, PrinterLost)) as told:
                    await printer.print(SIGNED)
                assert told.value.has_begun, (state, rows, dots)  # type: ignore[attr-defined]
                device.set_state("ok")
                before = device.count
                await printer.print(SIGNED)
                assert device.count == before + 1, (state, rows, dots)
        assert {paper["text"] for paper in device.papers()} == {SIGNED_TEXT}
        assert len(device.scraps) == 3 * len(places)
        assert device.unknown == []


@pytest.mark.parametrize("lie", ["garbage", "double", "late", "stuck"])
async def test_a_liar_from_the_beginning_prints_nothing(device: Device, lie: str) -> None:
    printer = driver(device)
    device.set_lie(lie)
    for _ in range(3):
        with pytest.raises(PrinterLost):
            await printer.paper_left()
        with pytest.raises(PrinterLost) as told:
            await printer.print(PAPER)
        assert not told.value.has_begun
    assert device.count == 0
    device.set_lie("")
    await asyncio.sleep(2 * LATE_SECONDS)
    await printer.print(PAPER)
    assert device.count == 1


@pytest.mark.parametrize("lie", ["double", "late"])
async def test_what_is_called_printed_is_printed(device: Device, lie: str) -> None:
    """Answers twice, or late but in time, are still answers: only the tray tells whether they were understood right."""
    printer = driver(device)
    await printer.print(PAPER)
    for rows in (0, 2):
        before = device.count
        device.change_after(rows, lie=lie)
        try:
            await printer.print(SIGNED)
        except PrinterLost:
            pass
        else:
            assert device.count == before + 1
        device.set_state("ok")
        device.set_lie("")
        await asyncio.sleep(2 * LATE_SECONDS)
    await printer.print(SIGNED)
    assert device.papers()[-1]["text"] == SIGNED_TEXT


@pytest.mark.parametrize("lie", ["no-turn", "garbage", "stuck"])
async def test_one_that_begins_to_lie_in_the_middle_has_printed_nothing_for_sure(device: Device, lie: str) -> None:
    printer = driver(device)
    await printer.print(PAPER)
    device.change_after(1, lie=lie)
    start = asyncio.get_running_loop().time()
    with pytest.raises(PrinterLost) as told:
        await printer.print(SIGNED)
    assert told.value.has_begun
    assert asyncio.get_running_loop().time() - start < 10 * PRINT
    device.set_lie("")
    await asyncio.sleep(2 * LATE_SECONDS)
    await printer.print(SIGNED)
    assert device.papers()[-1]["text"] == SIGNED_TEXT


async def test_out_and_well_by_turns_is_out(device: Device) -> None:
    """It is called printed only when all of it came out."""
    printer, printed = driver(device), 0
    device.set_lie("flicker")
    for _ in range(6):
        try:
            await printer.print(SIGNED)
        except PaperOut:
            continue
        printed += 1
        assert device.papers()[-1]["text"] == SIGNED_TEXT
    assert printed <= device.count
    assert printed < 6


async def test_it_must_answer_in_turn_where_its_profile_says_so(device: Device, tmp_path: Path) -> None:
    path = tmp_path / "sure.toml"
    path.write_text('model = "sure"\nstatus = "gs-r"\n', "utf-8")
    printer = driver(device, str(path))
    device.set_lie("no-turn")
    assert await printer.paper_left() == "ok"
    with pytest.raises(PrinterLost) as told:
        await printer.print(PAPER)
    assert told.value.has_begun


async def test_one_that_knows_no_gs_r_has_printed_when_it_was_well_for_long_enough(device: Device) -> None:
    printer = driver(device)
    device.set_lie("no-turn")
    assert await printer.paper_left() == "ok"
    loop = asyncio.get_running_loop()
    start = loop.time()
    await printer.print(PAPER)
    assert loop.time() - start > 300 / 203 * 25.4 / 50  # rows and feed, at 50 mm/s
    assert device.count == 1
    task = asyncio.create_task(printer.print(PAPER))
    await asyncio.sleep(0.3)
    device.set_state("out")
    with pytest.raises(PaperOut) as told:
        await task
    assert told.value.has_begun


class Forgetful(PtyPrinter):
    """Keeps its answer to GS r back, gives it when it is asked about the next paper, and then answers none."""

    kept = b""
    is_keeping = is_late = False

    def _answer(self, kind: str, number: int) -> bytes:
        answer = super()._answer(kind, number)
        if kind == IN_TURN and self.is_keeping:
            late, self.kept = self.kept, answer
            answer = late if self.is_late else b""
            self.is_late = False
        return answer


async def test_an_answer_that_belongs_to_the_paper_before_proves_nothing() -> None:
    async with Forgetful() as device:
        printer = driver(device)
        assert await printer.paper_left() == "ok"
        device.is_keeping = True
        with pytest.raises(PrinterLost):
            await printer.print(PAPER)
        assert device.kept
        device.is_late = True
        with pytest.raises(PrinterLost) as told:
            await printer.print(SIGNED)
        assert told.value.has_begun
        assert not device.is_late
        device.is_keeping = False
        await printer.print(SIGNED)


class Odd(PtyPrinter):
    """Answers GS r in its own way once it has printed something."""

    odd = b""

    def _answer(self, kind: str, number: int) -> bytes:
        return self.odd if kind == IN_TURN and self.odd else super()._answer(kind, number)


@pytest.mark.parametrize(("odd", "kind"), [(b"\x0c", PaperOut), (b"\xff\x00", PrinterLost)])
async def test_an_answer_in_turn_that_is_no_good_news(odd: bytes, kind: type[PaperOut | PrinterLost]) -> None:
    """Paper end in GS r 1 (bits 2-3), and a byte among the answers that is none."""
    async with Odd() as device:
        printer = driver(device)
        await printer.print(PAPER)
        device.odd = odd
        with pytest.raises(kind) as told:
            await printer.print(PAPER)
        assert isinstance(told.value, PaperOut | PrinterLost)
        assert told.value.has_begun


class Holding(PtyPrinter):
    """Sends XOFF when it has begun to print, and never XON."""

    def take(self, data: bytes) -> bytes:
        super().take(data)
        return b"\x13" if self._decoder.rows else b""


async def test_an_xoff_without_an_xon_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "xoff.toml"
    path.write_text('model = "xoff"\nstatus = "none"\nflow = "xon-xoff"\n', "utf-8")
    async with Holding() as device:
        printer = driver(device, str(path))
        start = asyncio.get_running_loop().time()
        with pytest.raises(PrinterLost) as told:
            await printer.print(SIGNED * 4)
        assert told.value.has_begun
        assert asyncio.get_running_loop().time() - start < 10 * PRINT


@pytest.mark.parametrize("line", LINES)
async def test_a_mute_printer_that_stops_reading_is_noticed(line: str) -> None:
    long: Paper = (ImageRow(384, 4000, b"\x55" * 48 * 4000),) * (1 if line == "pty" else 40)
    async with LINES[line]() as device:
        device.set_lie("stuck")
        printer = EscposPrinter(device.target, 32, STATUS, PRINT, "mute-58")
        assert await printer.paper_left() == "ok"
        with pytest.raises(PrinterLost) as told:
            await printer.print(long)
        assert told.value.has_begun
        device.set_lie("")
