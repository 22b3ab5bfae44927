"""A person as the journal keeps him. Law: the hash of his code is shown nowhere."""

from __future__ import annotations

import msgspec


class Lock(msgspec.Struct, frozen=True):
    """Since when of which start of the device ("": of none yet), and for how long; None: until somebody unlocks."""

    boot: str
    since: float  # seconds of Clock.uptime
    seconds: float | None


class Operator(msgspec.Struct, frozen=True):
    """`role` is one of terminal/dialogue/codes.py; a `password_hash` of "" is no code's; `failures` in a row."""

    id: str
    role: str
    password_hash: str
    is_factory: bool
    failures: int = 0
    lock: Lock | None = None

    def __repr__(self) -> str:
        """Without the hash."""
        return f"Operator({self.id!r}, {self.role!r})"
