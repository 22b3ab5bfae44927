"""Key to pixels: from a key in the front to the whole new picture at the panel, through the real core's process.

The core is its own process, the front and its panel are here: key -> socket -> dialogue -> Screen -> socket ->
painter -> panel, in one clock. The panel copies each picture into memory as a framebuffer driver does. Digits of an
amount are typed and taken back. What a key needs from the kernel's evdev is not in it.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path

from simulator.counter.back_room import BackRoom
from simulator.counter.play import Player, first_log_in
from simulator.counter.shop import Shop
from terminal.events import FrontAttached
from ui.front_at_work import Front
from ui.painter import Painter
from ui.senses import Senses

ROUNDS = 150
LIMITS_MS = {"touch-480x800": 33.0, "lcd-128x64": 10.0, "touch-720x1280": 0.0, "keypad-320x240": 0.0}  # 0: no limit


class Panel:
    """A Display that says when a picture is there."""

    def __init__(self) -> None:
        self.memory = bytearray(720 * 1280 * 4)
        self._news = asyncio.Event()

    def show(self, pixels: bytes, width: int, height: int) -> None:
        self.memory[: len(pixels)] = pixels
        self._news.set()

    async def shown(self) -> None:
        self._news.clear()
        await self._news.wait()


async def measure(device: str) -> list[float]:
    """Milliseconds per key, sorted."""
    with tempfile.TemporaryDirectory() as folder:
        async with BackRoom(Path(folder)) as room:
            shop = Shop(room, "keypad-320x240")
            helping = asyncio.create_task(shop.attend())
            await first_log_in(Player(shop, is_quiet=True))
            helping.cancel()
            panel, painter = Panel(), Painter(device)
            senses = Senses(slides=painter.device.is_touch)
            front = Front(FrontAttached("bench", has_glass=False), panel, painter, senses=senses)
            following = asyncio.create_task(front.follow(Path(folder) / "front.sock"))
            await asyncio.sleep(1.0)
            found = [await _timed(front, panel, key) for _ in range(ROUNDS // 6) for key in ("1", *"2345", "cancel")]
            following.cancel()
    return sorted(found)


async def _timed(front: Front, panel: Panel, key: str) -> float:
    waiting = asyncio.ensure_future(panel.shown())
    await asyncio.sleep(0.25)  # a merchant's pace: transitions are over
    begun = time.perf_counter()
    front.press(key)
    await asyncio.wait_for(waiting, 5.0)
    return (time.perf_counter() - begun) * 1000


def main() -> None:
    sys.stdout.write(f"\nKey to pixels, {ROUNDS} keys each, milliseconds\n")
    sys.stdout.write(f"{'device':<18}{'median':>10}{'p99':>10}{'limit':>10}\n")
    for device, limit in LIMITS_MS.items():
        found = asyncio.run(measure(device))
        p99 = found[int(len(found) * 0.99)]
        told = f"{limit:.0f}" if limit else "-"
        sys.stdout.write(f"{device:<18}{found[len(found) // 2]:>10.1f}{p99:>10.1f}{told:>10}\n")


if __name__ == "__main__":
    main()
