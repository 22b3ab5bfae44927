"""How long a lock holds: pure. Law: only time with the power on counts, and only since the last start of the device.

| the lock was begun       | what is left of its seconds                             |
|--------------------------|---------------------------------------------------------|
| at this start            | all, less the time since then                           |
| at another start, or none| all, from now on: nobody knows how long the power was off|
| until somebody unlocks   | it has no end                                           |

The time of day has no part in it: the acquirer sets it at each sign-in, and a thief could.
"""

from __future__ import annotations

import math

import msgspec

from terminal.journal.journal import Lock

Uptime = tuple[str, float]  # Clock.uptime


def begun(uptime: Uptime, seconds: float | None) -> Lock:
    """A lock from now on."""
    boot, now = uptime
    return Lock(boot, now, seconds)


def standing(lock: Lock | None, uptime: Uptime) -> Lock | None:
    """The same lock as it stands now; None when it has run out."""
    if lock is None or lock.seconds is None:
        return lock
    boot, now = uptime
    if lock.boot != boot or now < lock.since:
        return msgspec.structs.replace(lock, boot=boot, since=now)
    return lock if now - lock.since < lock.seconds else None


def minutes_left(lock: Lock, uptime: Uptime) -> int:
    """Of a lock that stands and ends, rounded up."""
    assert lock.seconds is not None
    return math.ceil((lock.seconds - (uptime[1] - lock.since)) / 60)
