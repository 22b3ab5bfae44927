"""A person as the journal keeps him. Law: the hash of his code is shown nowhere."""

from __future__ import annotations

import msgspec

from terminal.journal.store import JournalFailed


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


def decoded(row: tuple[object, ...]) -> Operator:
    """Of a row of its table. Raises JournalFailed."""
    *plain, lock = row
    try:
        kept = msgspec.json.decode(str(lock), type=Lock) if lock else None
        return msgspec.convert(
            dict(zip(Operator.__struct_fields__, (*plain, kept), strict=True)), Operator, strict=False
        )
    except msgspec.DecodeError as error:
        raise JournalFailed(f"an operator in the journal cannot be read: {error}") from None
