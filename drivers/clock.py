"""The time of day, and the time since power-on. Law: the acquirer's time is an offset of ours; no deadline and no
lock depends on a time that somebody can set.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")  # random(4): drawn at each start of the kernel


class SystemClock:
    """The Clock port over the system's clock. Setting that one is the system's own business (NTP)."""

    def __init__(self, zone: str) -> None:
        self._zone, self._offset = ZoneInfo(zone), timedelta()

    def now(self) -> datetime:
        return datetime.now(self._zone) + self._offset

    def adopt(self, now: datetime) -> None:
        self._offset = now - datetime.now(self._zone)

    def uptime(self) -> tuple[str, float]:
        return self._boot, time.clock_gettime(time.CLOCK_BOOTTIME)

    @cached_property
    def _boot(self) -> str:
        return BOOT_ID.read_text("ascii").strip()
