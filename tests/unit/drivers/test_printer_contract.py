"""What every Printer does: the real driver on a pty and on a socket, and the in-process twin, in every state."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from drivers.printer import EscposPrinter
from simulator.counter.printer import NetPrinter, PtyPrinter, SimulatedPrinter
from terminal.paper import Paper, TextRow
from terminal.ports import CoverOpen, DeviceError, Overheated, PaperOut, Printer, PrinterLost

PAPER: Paper = (
    TextRow("退货 REFUND", is_tall=True),
    TextRow("金额  RMB -30.00", is_large=True),
    TextRow("原交易 ￥88.00"),
)
TEXT = "退货 REFUND\n金额  RMB -30.00\n原交易 ￥88.00"
SECONDS = 0.4  # for a status, and twice that without a sign of life: only a printer that is off makes a test wait
FAILURES: dict[str, type[DeviceError]] = {"out": PaperOut, "open": CoverOpen, "hot": Overheated, "off": PrinterLost}
LINES: dict[str, type[PtyPrinter] | type[NetPrinter]] = {"pty": PtyPrinter, "net": NetPrinter}


class OnLine:
    """The driver, and the printer at the other end of its line."""

    def __init__(self, device: PtyPrinter | NetPrinter) -> None:
        self._device = device
        self.port: Printer = EscposPrinter(device.target, 32, SECONDS, 2 * SECONDS)

    def set(self, state: str) -> None:
        self._device.set_state(state)

    def change_after(self, rows: int, state: str) -> None:
        self._device.change_after(rows, 0, state)

    def texts(self) -> list[str]:
        assert self._device.unknown == []
        return [paper["text"] for paper in self._device.papers()]


class Twin:
    """The simulated printer, in-process."""

    def __init__(self) -> None:
        self._printer = SimulatedPrinter()
        self.port: Printer = self._printer

    def set(self, state: str) -> None:
        self._printer.set_state(state)

    def change_after(self, rows: int, state: str) -> None:
        self._printer.change_after(rows, state)

    def texts(self) -> list[str]:
        return ["\n".join(row.text for row in paper if isinstance(row, TextRow)) for paper in self._printer.papers]


@pytest.fixture(params=["pty", pytest.param("net", marks=pytest.mark.campaign), "twin"])
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[OnLine | Twin]:
    if request.param == "twin":
        yield Twin()
        return
    async with LINES[request.param]() as device:
        yield OnLine(device)


async def test_prints_whole_papers_in_order(bench: OnLine | Twin) -> None:
    assert bench.port.columns == 32
    assert await bench.port.paper_left() == "ok"
    await bench.port.print(PAPER)
    await bench.port.print((TextRow("second"),))
    assert bench.texts() == [TEXT, "second"]


async def test_a_roll_that_is_nearly_over_still_prints(bench: OnLine | Twin) -> None:
    bench.set("low")
    assert await bench.port.paper_left() == "low"
    await bench.port.print(PAPER)
    assert bench.texts() == [TEXT]
    bench.set("ok")
    assert await bench.port.paper_left() == "ok"


@pytest.mark.parametrize("state", FAILURES)
async def test_what_is_wrong_is_told_before_anything_is_printed(bench: OnLine | Twin, state: str) -> None:
    bench.set(state)
    if state == "out":
        assert await bench.port.paper_left() == "out"
    else:
        with pytest.raises(FAILURES[state]) as told:
            await bench.port.paper_left()
        assert type(told.value) is FAILURES[state]
    with pytest.raises(FAILURES[state]) as told:
        await bench.port.print(PAPER)
    assert type(told.value) is FAILURES[state]
    assert isinstance(told.value, PaperOut | PrinterLost)
    assert not told.value.has_begun
    bench.set("ok")
    await bench.port.print(PAPER)
    assert bench.texts() == [TEXT]


@pytest.mark.parametrize("state", FAILURES)
async def test_what_goes_wrong_in_the_middle_is_told_and_printed_again_whole(bench: OnLine | Twin, state: str) -> None:
    bench.change_after(1, state)
    with pytest.raises(FAILURES[state]) as told:
        await bench.port.print(PAPER)
    assert type(told.value) is FAILURES[state]
    assert isinstance(told.value, PaperOut | PrinterLost)
    assert told.value.has_begun
    assert bench.texts() == []
    bench.set("ok")
    await bench.port.print(PAPER)
    assert await bench.port.paper_left() == "ok"
    assert bench.texts() == [TEXT]


async def test_papers_asked_for_together_do_not_mix(bench: OnLine | Twin) -> None:
    await asyncio.gather(*(bench.port.print((TextRow(f"{number}" * 20),)) for number in range(4)))
    assert sorted(bench.texts()) == [f"{number}" * 20 for number in range(4)]
