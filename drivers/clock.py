"""The time of day. Law: the acquirer's time is an offset of ours; deadlines never depend on it."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo


class SystemClock:
    """The Clock port over the system's clock. Setting that one is the system's own business (NTP)."""

    def __init__(self, zone: str) -> None:
        self._zone, self._offset = ZoneInfo(zone), timedelta()

    def now(self) -> datetime:
        return datetime.now(self._zone) + self._offset

    def adopt(self, now: datetime) -> None:
        self._offset = now - datetime.now(self._zone)
