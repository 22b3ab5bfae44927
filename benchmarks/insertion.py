"""From PC/SC's report of a card to 正在读卡 on the screen, and to the page after it; insert and tap, real processes.

    python -m benchmarks.insertion

A second client of the same pcscd waits in this process for the same report as the terminal's core; the front is here
too, so one clock measures. Issue 4: <= 100 ms to "reading" after an insertion; 500 ms from a tap to the account data,
and here that begins when the hand taps (pcscd polls a virtual reader every 400 ms).
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from drivers.card_reader import PcscReader
from simulator.cards.pcscd import READER_NAME, TAP_NAME
from simulator.counter.back_room import BackRoom
from simulator.counter.play import Player, first_log_in, replace_factory_codes, tear_off
from simulator.counter.shop import Shop

ROUNDS = 10
CARD = "unionpay-debit"
READING, CONFIRM = "正在读卡", "再核对一遍"


class Screens:
    """When which words first came to the front."""

    def __init__(self, shop: Shop) -> None:
        self._shop, self._show = shop, shop._show
        self.at: dict[str, float] = {}
        shop._show = self._shown  # type: ignore[method-assign]

    def _shown(self, shown: object) -> None:
        self._show(shown)  # type: ignore[arg-type]
        text = "".join((self._shop.screen()["title"], *self._shop.screen()["lines"]))
        for word in (READING, CONFIRM):
            if word in text:
                self.at.setdefault(word, time.perf_counter())


async def measure() -> dict[str, list[tuple[float, float, float]]]:
    """By way: milliseconds from the hand to the report, from the report to "reading", from the hand to the page."""
    found: dict[str, list[tuple[float, float, float]]] = {"insert": [], "tap": []}
    with tempfile.TemporaryDirectory() as folder:
        async with BackRoom(Path(folder)) as room:
            if room.card_path != "pcscd":
                sys.exit(f"this needs a real pcscd: {room.card_path}")
            os.environ.update({"PCSCLITE_CSOCK_NAME": room._environment["PCSCLITE_CSOCK_NAME"]})
            shop = Shop(room, "touch-480x800")
            attending = asyncio.create_task(shop.attend())
            screens, player = Screens(shop), Player(shop, is_quiet=True)
            await first_log_in(player)
            await _sell(room, player)
            readers = {"insert": PcscReader(READER_NAME), "tap": PcscReader(TAP_NAME, is_contactless=True)}
            for turn in range(2 * ROUNDS):
                way = ("insert", "tap")[turn % 2]
                await _to_prompt(player, is_first=turn == 0)
                found[way].append(await _presented(room, shop, screens, readers[way], way))
                await player.see(CONFIRM)
                await player.press("cancel")
                await player.see("消费", "退款", "交易记录")
                await room.remove()
                await asyncio.sleep(2.5)  # the hand is away again
            attending.cancel()
    return found


async def _presented(
    room: BackRoom, shop: Shop, screens: Screens, reader: PcscReader, way: str
) -> tuple[float, float, float]:
    screens.at.clear()
    reported = asyncio.ensure_future(reader.wait(True))
    await asyncio.sleep(0.2)
    start = time.perf_counter()
    act = room.insert if way == "insert" else room.tap
    await act(CARD)
    await reported
    report = time.perf_counter()
    while CONFIRM not in screens.at:
        await shop.changed(shop.serial, 1.0)
    return (
        (report - start) * 1e3,
        (screens.at[READING] - report) * 1e3,
        (screens.at[CONFIRM] - start) * 1e3,
    )


async def _sell(room: BackRoom, player: Player) -> None:
    await player.press("1")
    await player.see("请输入消费金额")
    await player.enter("8800")
    await player.see("请插卡")
    await room.insert(CARD)
    await player.see("请勿拔卡，直到显示结果")
    await player.press("enter")
    await player.see("消费成功")
    await player.press("enter")
    await tear_off(player)
    await room.remove()
    await player.see("消费", "退款", "交易记录")


async def _to_prompt(player: Player, *, is_first: bool) -> None:
    await player.press("refund")
    if is_first:
        await replace_factory_codes(player)
    for text, key in (("退哪一笔", "1"), ("退款原因", "1"), ("退多少", "1"), ("退款明细", "enter")):
        await player.see(text)
        await player.press(key)
    await player.see("插卡", "拍卡")


def main() -> None:
    """Two lines per way."""
    for way, rows in asyncio.run(measure()).items():
        seen, reading, page = zip(*rows, strict=True)
        sys.stdout.write(
            f"{way:8} PC/SC reports after {statistics.median(seen):6.0f} ms (max {max(seen):.0f}); "
            f"reading shown {statistics.median(reading):6.1f} ms after that (max {max(reading):.1f}, limit 100); "
            f"hand to page {statistics.median(page):6.0f} ms (max {max(page):.0f})\n"
        )


if __name__ == "__main__":
    main()
