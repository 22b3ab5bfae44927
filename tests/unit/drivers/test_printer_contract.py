"""What every Printer does: the real driver on a pty, and the in-process twin."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from drivers.printer import EscposPrinter
from simulator.counter.printer import PtyPrinter, SimulatedPrinter
from terminal.paper import Paper, TextRow
from terminal.ports import PaperOut, Printer, PrinterLost

PAPER: Paper = (
    TextRow("退货 REFUND", is_tall=True),
    TextRow("金额  RMB -30.00", is_large=True),
    TextRow("原交易 ￥88.00"),
)
SECONDS = 0.3  # for a status: only a printer that is off makes a test wait for it


class OnPty:
    """The driver, and the printer at the other end of its line."""

    def __init__(self, device: PtyPrinter) -> None:
        self._device = device
        self.port: Printer = EscposPrinter(f"serial:{device.path}@115200", 32, SECONDS)

    def set(self, state: str) -> None:
        self._device.set_state(state)

    def run_out_after(self, rows: int) -> None:
        self._device.run_out_after(rows)

    def texts(self) -> list[str]:
        assert self._device.unknown == []
        return [paper["text"] for paper in self._device.papers()]


class Twin:
    """The simulated printer, in-process."""

    def __init__(self) -> None:
        self._printer = SimulatedPrinter()
        self.port: Printer = self._printer

    def set(self, state: str) -> None:
        self._printer.is_out, self._printer.is_lost = state == "out", state == "off"

    def run_out_after(self, rows: int) -> None:
        self._printer.out_at_row = rows

    def texts(self) -> list[str]:
        return ["\n".join(row.text for row in paper if isinstance(row, TextRow)) for paper in self._printer.papers]


@pytest.fixture(params=["pty", "twin"])
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[OnPty | Twin]:
    if request.param == "twin":
        yield Twin()
        return
    async with PtyPrinter() as device:
        yield OnPty(device)


async def test_prints_whole_papers_in_order(bench: OnPty | Twin) -> None:
    assert bench.port.columns == 32
    assert await bench.port.paper_left() == "ok"
    await bench.port.print(PAPER)
    await bench.port.print((TextRow("second"),))
    assert bench.texts() == ["退货 REFUND\n金额  RMB -30.00\n原交易 ￥88.00", "second"]


async def test_no_paper_is_told_before_anything_is_printed(bench: OnPty | Twin) -> None:
    bench.set("out")
    assert await bench.port.paper_left() == "out"
    with pytest.raises(PaperOut):
        await bench.port.print(PAPER)
    assert bench.texts() == []


async def test_paper_that_runs_out_in_the_middle_is_told_and_printed_again_whole(bench: OnPty | Twin) -> None:
    bench.run_out_after(2)
    with pytest.raises(PaperOut):
        await bench.port.print(PAPER)
    assert await bench.port.paper_left() == "out"
    assert bench.texts() == []
    bench.set("ok")
    await bench.port.print(PAPER)
    assert len(bench.texts()) == 1


async def test_a_printer_that_is_off_is_lost_and_found_again(bench: OnPty | Twin) -> None:
    bench.set("off")
    with pytest.raises(PrinterLost):
        await bench.port.paper_left()
    with pytest.raises(PrinterLost):
        await bench.port.print(PAPER)
    bench.set("ok")
    await bench.port.print(PAPER)
    assert len(bench.texts()) == 1


async def test_papers_asked_for_together_do_not_mix(bench: OnPty | Twin) -> None:
    await asyncio.gather(*(bench.port.print((TextRow(f"{number}" * 20),)) for number in range(4)))
    assert sorted(bench.texts()) == [f"{number}" * 20 for number in range(4)]
