"""What a secret may be when it is handed to a log: each type, encoding and lie we thought of. TEST ONLY."""

from __future__ import annotations

import base64
import re
from enum import Enum
from typing import Any, NoReturn


class Liar:
    """Raises, or says what it is not, whatever is asked of it."""

    def __init__(self, secret: str) -> None:
        self.secret = secret

    def __str__(self) -> str:
        return self.secret

    __repr__ = __format__ = __json__ = __structlog__ = lambda self, *_: self.secret

    @property
    def __class__(self) -> Any:
        return str

    @__class__.setter
    def __class__(self, _: object) -> None: ...

    def __eq__(self, _: object) -> bool:
        return True

    def __hash__(self) -> int:
        return hash("stopped")

    def __bool__(self) -> NoReturn:
        raise ValueError(self.secret)

    __len__ = __iter__ = __int__ = __float__ = __index__ = __bool__


class Text(str):
    """A string of a kind of its own, which calls itself by what the log knows."""

    __slots__ = ()

    def __eq__(self, _: object) -> bool:
        return True

    def __hash__(self) -> int:
        return hash("stan")


class Event(Text):
    """The same, as an event."""

    __slots__ = ()
    __hash__ = lambda self: hash("stopped")  # noqa: E731


class Wordy(Exception):
    """Lies about itself in every way that an exception has."""

    def __init__(self, secret: str) -> None:
        super().__init__(secret)
        self.secret = secret
        self.add_note(secret)

    def __str__(self) -> str:
        return self.secret

    __repr__ = __str__

    def __bool__(self) -> NoReturn:
        raise ValueError(self.secret)

    @property
    def __traceback__(self) -> Any:  # type: ignore[override]
        raise ValueError(self.secret)


class WordyWarning(UserWarning):
    """One that repeats what it was told."""


def groups(digits: str, between: str) -> str:
    return between.join(digits[start : start + 4] for start in range(0, len(digits), 4))


def shapes(secret: str) -> list[object]:
    """Everything that a secret may be when it is handed to a log."""
    raw = secret.encode()
    even = secret if len(secret) % 2 == 0 else secret + "0"
    packed = bytes.fromhex(even) if re.fullmatch("[0-9A-Fa-f]+", even) else raw
    words: list[str] = [secret, secret.lower(), secret.upper(), raw.hex(), raw.hex().upper(), packed.decode("latin-1")]
    words += [base64.b64encode(part).decode() for part in (raw, packed)]
    words += [raw.decode("utf-16-le", "replace"), secret.encode("utf-16-le").decode("latin-1")]
    words += [groups(secret, between) for between in (" ", "-", "_", ".", "\u00a0", "\n")]
    named = type(base64.b64encode(raw).decode().strip("=") or "X", (Exception,), {})
    plain: list[object] = [*words, raw, packed, bytearray(packed), memoryview(raw), Text(secret), Liar(secret)]
    nested: list[object] = [
        [secret],
        {secret: 1},
        {"pan": {"pan": (secret,)}},
        {secret},
        Enum("E", {"A": secret}).A,  # type: ignore[attr-defined]
    ]
    failed: list[object] = [ValueError(secret), Wordy(secret), named(secret), KeyError({secret: secret})]
    numbers = [int(secret), float(secret), complex(int(secret))] if secret.isdigit() else []
    return [*plain, *nested, *failed, type("K", (), {"__repr__": lambda _: secret})(), *numbers]
