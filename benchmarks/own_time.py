"""Own time of a refund through the real processes: 确认 to the bank, and the answer to the painted result.

Both ends of each span are in this process (front and bank), so that one clock measures them. The first span holds the
key's way to the core, two synced journal writes, connection and TLS handshake on loopback, MAC and encoding; the second
holds MAC check, a synced journal write, the screen's way to the front, and painting. So both are upper bounds.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

from simulator.counter.back_room import BackRoom
from simulator.counter.play import Player
from simulator.counter.shop import Shop

ROUNDS = 12
LIMIT_MS = 50.0
CARD = "unionpay-debit"


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
            await _first_day(player)
            for number in range(ROUNDS):
                await _sale(room, player)
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


async def _first_day(player: Player) -> None:
    if await player.see_any("自检", "请输入操作员号") == "自检":
        await player.press("enter")
    await player.see("请输入操作员号")
    await player.enter("01")
    await player.see("请输入操作员 01 的密码")
    await player.enter("0000", is_secret=True)
    await _new_code(player, "2580")


async def _new_code(player: Player, code: str) -> None:
    await player.see("须先修改出厂密码")
    await player.press("enter")
    await player.see("新密码（")
    await player.enter(code, is_secret=True)
    await player.see("再输入一次")
    await player.enter(code, is_secret=True)
    await player.see("密码已修改")
    await player.press("enter")


async def _sale(room: BackRoom, player: Player) -> None:
    await player.see("消费", "退款", "交易记录")
    await player.press("1")
    await player.see("请输入消费金额")
    await player.enter("100")
    await player.see("请插卡")
    await room.insert(CARD)
    await player.see("请勿拔卡，直到显示结果")
    await player.press("enter")
    await player.see("消费成功")
    await _papers(player)
    await room.remove()


async def _papers(player: Player) -> None:
    await player.press("enter")
    if await player.see_any("请持卡人签名", "撕下商户存根") == "请持卡人签名":
        await player.press("enter")
        await player.see("撕下商户存根")
    await player.press("enter")


async def _refund(room: BackRoom, shop: Shop, player: Player, stamps: Stamps, *, is_first: bool) -> tuple[float, float]:
    await player.see("消费", "退款", "交易记录")
    await player.press("refund")
    if is_first:
        await player.see("操作员 00 仍在用出厂密码")
        await player.press("enter")
        await player.see("请输入操作员 00 的密码")
        await player.enter("123456", is_secret=True)
        await _new_code(player, "135790")
    for text, key in (("退哪一笔", "1"), ("退款原因", "1"), ("退多少", "1"), ("退款明细", "enter")):
        await player.see(text)
        await player.press(key)
    await player.see("请插卡")
    await room.insert(CARD)
    await player.see("再核对一遍")
    await room.remove()
    stamps.confirmed = time.perf_counter()
    shop.press("enter")
    await player.see("撤销已受理")
    shop.screen_png()
    stamps.painted = time.perf_counter()
    spans = (stamps.arrived - stamps.confirmed) * 1e3, (stamps.painted - stamps.answered) * 1e3
    await _papers(player)
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
