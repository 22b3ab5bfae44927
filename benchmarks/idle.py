"""Idle: what core and front hold in memory and burn, as their own processes, after the whole guide was played.

RSS counts shared pages in full for each process; PSS divides them among those who share. structlog imports rich where
it is installed, which is in a development environment only: about 4 MB of the core that a device does not have.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path

from simulator.counter.back_room import ALLOCATOR, BackRoom
from simulator.counter.play import Player, guide
from simulator.counter.shop import Shop

SETTLE, WATCH = 2.0, 20.0  # seconds
LIMIT_MB, LIMIT_CPU = 60, 0.5


async def measure() -> list[tuple[str, float, float, float]]:
    """Name, RSS and PSS in MB, CPU in per cent of one core."""
    with tempfile.TemporaryDirectory() as folder:
        async with BackRoom(Path(folder)) as room:
            front = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "ui.front",
                "--socket",
                f"{folder}/front.sock",
                "--device-class",
                "touch-480x800",
                env={**os.environ, **ALLOCATOR},
            )
            shop = Shop(room, "keypad-320x240")
            attending = asyncio.create_task(shop.attend())
            await guide(Player(shop, is_quiet=True))
            attending.cancel()
            await asyncio.sleep(SETTLE)
            pids = {"core": room.core_pid, "front": front.pid}
            before = {name: _ticks(pid) for name, pid in pids.items()}
            await asyncio.sleep(WATCH)
            rows = [
                (name, *_memory(pid), (_ticks(pid) - before[name]) / os.sysconf("SC_CLK_TCK") / WATCH * 100)
                for name, pid in pids.items()
            ]
            front.terminate()
            await front.wait()
    return rows


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def _memory(pid: int) -> tuple[float, float]:
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()[1:])
    return tuple(int(lines[name].split()[0]) / 1024 for name in ("Rss", "Pss"))  # type: ignore[return-value]


def main() -> None:
    rows = asyncio.run(measure())
    sys.stdout.write(
        f"\nIdle, {WATCH:.0f} s watched (limits: {LIMIT_MB} MB RSS each, {LIMIT_CPU} % CPU both together)\n"
    )
    sys.stdout.write(f"{'process':<10}{'RSS MB':>10}{'PSS MB':>10}{'CPU %':>10}\n")
    for name, rss, pss, cpu in rows:
        sys.stdout.write(f"{name:<10}{rss:>10.1f}{pss:>10.1f}{cpu:>10.2f}\n")


if __name__ == "__main__":
    main()
