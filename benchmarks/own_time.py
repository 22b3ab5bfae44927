"""Own time of a refund through the real processes: 确认 to the bank, and the answer to the painted result.

Both ends of each span are in this process (front and bank), so that one clock measures them. The first span holds the
key's way to the core, two synced journal writes, connection and TLS handshake on loopback, MAC and encoding; the second
holds MAC check, a synced journal write, the screen's way to the front, and painting. So both are upper bounds. The
seconds in which a refund may be taken back are the policy's, and not counted.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

from simulator.counter.back_room import BackRoom
from simulator.counter.play import FIRST_REFUND, Player, first_log_in, replace_factory_codes, sell, tear_off
from simulator.counter.shop import Shop
from terminal.refund.policy import Policy

ROUNDS = 12
LIMIT_MS = 50.0
SUPERVISOR = FIRST_REFUND[0][2]


class Stamps:
    """When things happened, in seconds of one clock."""

    def __init__(self) -> None:
        self.confirmed = self.arrived = self.answered = self.painted = 0.0


async def measure() -> list[tuple[float, float]]:
    """Milliseconds of both spans, per refund."""
    stamps, spans = Stamps(), []
    with tempfile.TemporaryDirectory() as folder:
        async with BackRoom(Path(folder)) as room:
            _watch_bank(room, stamps)
            shop = Shop(room, "touch-480x800")
            front = asyncio.create_task(shop.attend())
            player = Player(shop, is_quiet=True)
            await first_log_in(player)
            for number in range(ROUNDS):
                await sell(player, "100")
                await player.press("enter")
                await tear_off(player)
                await room.remove()
                spans.append(await _refund(room, shop, player, stamps, is_first=number == 0))
            front.cancel()
    return spans


def _watch_bank(room: BackRoom, stamps: Stamps) -> None:
    host = room.host
    answer = host.answer

    def watched(frame: bytes, *more: object) -> bytes:
        stamps.arrived = time.perf_counter()
        reply = answer(frame, *more)  # type: ignore[arg-type]
        stamps.answered = time.perf_counter()
        return reply

    host.answer = watched  # type: ignore[method-assign,assignment]


async def _refund(room: BackRoom, shop: Shop, player: Player, stamps: Stamps, *, is_first: bool) -> tuple[float, float]:
    await player.see("消费", "退款", "交易记录")
    await player.press("refund")
    if is_first:
        await replace_factory_codes(player)
    for text, key in (("退哪一笔", "1"), ("退款原因", "1"), ("退多少", "1"), ("退款明细", "enter")):
        await player.see(text)
        await player.press(key)
    if await player.see_any("请主管输入密码", "请插卡") == "请主管输入密码":  # one card, again and again
        await player.enter(SUPERVISOR, is_secret=True)
        await player.see("请插卡")
    await player.insert()
    await player.see("再核对一遍")
    await room.remove()
    stamps.confirmed = time.perf_counter()
    shop.press("enter")
    await player.see("撤销已受理")
    shop.screen_png()
    stamps.painted = time.perf_counter()
    sent = stamps.confirmed + Policy().undo_seconds
    spans = (stamps.arrived - sent) * 1e3, (stamps.painted - stamps.answered) * 1e3
    await player.press("enter")
    await tear_off(player)
    return spans


def main() -> None:
    spans = asyncio.run(measure())
    sys.stdout.write(f"\nOwn time of a refund, {len(spans)} refunds, milliseconds (limit {LIMIT_MS:.0f})\n")
    sys.stdout.write(f"{'span':<46}{'median':>8}{'max':>8}\n")
    for name, column in (
        ("确认 -> request at the bank (with TLS)", [first for first, _ in spans]),
        ("answer leaves the bank -> result painted", [second for _, second in spans]),
    ):
        sys.stdout.write(f"{name:<46}{statistics.median(column):>8.1f}{max(column):>8.1f}\n")


if __name__ == "__main__":
    main()
