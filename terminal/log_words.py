"""What may be said in the log, and how it looks there. Law: nothing gets into the log that was not let in.

An event is a row of EVENTS, a field a row of FIELDS with what it may be:

| what comes                                     | what is written                                           |
|------------------------------------------------|-----------------------------------------------------------|
| a known field, and its value is as FIELDS says | the value                                                 |
| a known field with anything else               | MARK                                                      |
| a known field with ""                          | nothing: it is the house's word for "not known"           |
| a field that FIELDS does not know              | how many there were (UNKNOWN): not its name, not its value |
| an exception                                   | its type, and file:line of our own frames: never its words |
| an unknown event; anything, and letting in fails | {"event": "log-refused"}                                |

No method of a value is ever called, so none can lie. What no pattern can tell: six digits that are passed as `stan` or
`batch` are believed, and lower-case letters that are passed as a word. No amounts: they help nobody to repair a
terminal, and the log is read by more people than the journal.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, MutableMapping
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

MARK = "(not shown)"
REFUSED = "log-refused"
UNKNOWN = "unknown"  # the count of fields with unknown names
INFO, WARNING, ERROR = "info", "warning", "error"

EVENTS = {  # what `journalctl -u yuanlu-terminal` tells a technician, and how loudly
    "started": INFO,
    "stopped": INFO,
    "not-started": ERROR,  # journal or vault does not open; a technician must act
    "self-check": INFO,
    "self-check-failed": WARNING,
    "signed-in": INFO,
    "sign-in-failed": WARNING,
    "line-up": INFO,
    "line-down": WARNING,
    "exchange": INFO,  # how it ended
    "exchange-open": WARNING,  # it still owes an ending
    "exchange-stuck": WARNING,  # after a power cut: it could not go on
    "unanswered": WARNING,
    "bad-news": WARNING,  # what the merchant was told, by its code (docs/errors.md)
    "journal-failed": ERROR,
    "device-failed": WARNING,
    "program-fault": ERROR,
    "practice-began": INFO,  # until it ends, what is told is of a practice
    "practice-ended": INFO,
    "library": WARNING,  # a package of others had something to say
    "printed": WARNING,
    "vault-started": INFO,
    "vault-stopped": INFO,
    "vault-refused": ERROR,
    "connection-cut": WARNING,
    REFUSED: ERROR,
}

OURS = ("terminal", "drivers", "ui", "keys", "simulator")
ROOT = str(Path(__file__).parent.parent) + os.sep
FRAMES = 8  # innermost ones of ours that are named
FILE = re.compile(rf"(?:{'|'.join(OURS)})(?:/[a-z_][a-z0-9_]*)+\.py")
TRACEBACK: Any = vars(BaseException)["__traceback__"]  # a class of exceptions may have another of that name
MTIS = frozenset(f"0{kind}{way}0" for kind in "123458" for way in "0123")
NAME = re.compile(r"[A-Za-z_]{2,60}")
# a PAN begins with more digits, a key with more hexadecimal than anything that is let in, whatever stands between them
TOO_MUCH = re.compile(r"(?:[0-9][\W_]*){9}|(?:[0-9A-Fa-f][\W_]*){16}", re.ASCII)


# --- what a field may be: the value to write, or MARK ----------------------------------------------------------------
Let = Callable[[object], object]


def _text(pattern: str) -> Let:
    shape = re.compile(pattern)
    return lambda value: value if type(value) is str and shape.fullmatch(value) and not TOO_MUCH.search(value) else MARK


def _count(value: object) -> object:
    return value if type(value) is int and 0 <= value <= 999 else MARK


def _seconds(value: object) -> object:
    return round(float(value), 1) if type(value) in (int, float) and 0 <= value <= 999 else MARK  # type: ignore[operator,arg-type]


def _mti(value: object) -> object:
    return value if type(value) is str and value in MTIS else MARK


def _version(value: object) -> object:
    """Ours, and no other."""
    return value if type(value) is str and value == version() else MARK


def _error(value: object) -> object:
    """The type of an exception that is found by its name in its module: then the name is a program's, not data."""
    kind = value if type(value) is type else type(value)
    if not issubclass(kind, BaseException):
        return MARK
    name, home = type.__getattribute__(kind, "__name__"), type.__getattribute__(kind, "__module__")
    if type(name) is not str or type(home) is not str or home not in sys.modules or not NAME.fullmatch(name):
        return MARK
    return name if vars(sys.modules[home]).get(name) is kind else MARK


def _package(value: object) -> object:
    """A package that is loaded: the first part of a logger's name."""
    first = value.partition(".")[0] if type(value) is str else ""
    return first if first in sys.modules and NAME.fullmatch(first) else MARK


WORD = _text(r"(?=.{1,40}\Z)[a-z]+(?:[-_][a-z]+)*")
SIX = _text("[0-9]{6}")
CODE = _text("[0-9A-Z]{2}")

FIELDS: dict[str, Let] = {
    "kind": WORD,  # of a request (terminal/iso8583/kinds.py)
    "stage": WORD,  # terminal/exchange/stages.py
    "fault": WORD,  # why an answer could not be used (ui/text fault.<word>)
    "name": WORD,  # of bad news (terminal/dialogue/bad_news.py)
    "code": _text("[A-Z][0-9]{2}"),  # the same, as printed
    "why": WORD,
    "dialect": WORD,
    "records": WORD,
    "reader": WORD,
    "printer": WORD,
    "keys": WORD,
    "mti": _mti,
    "stan": SIX,  # F11
    "batch": SIX,
    "response_code": CODE,  # F39
    "reason": CODE,  # F39 of a 0400
    "operator": _text("[0-9]{2}"),
    "count": _count,
    "seconds": _seconds,
    "error": _error,
    "by": _package,
    "version": _version,
}


def version() -> str:
    """Of the installed product; "" where it runs without being installed."""
    from importlib.metadata import PackageNotFoundError  # 5 ms
    from importlib.metadata import version as of

    try:
        return of("yuanlu")
    except PackageNotFoundError:
        return ""


# --- letting in ------------------------------------------------------------------------------------------------------
def redact(_: object, __: str, said: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The processor of structlog between what is said and what is written. It never raises; it refuses."""
    try:
        return _let_in(said)
    except Exception:  # noqa: BLE001 - whatever it is, it is not let in
        return {"event": REFUSED}


def _let_in(said: MutableMapping[str, Any]) -> dict[str, object]:
    event = said["event"]
    if type(event) is not str or event not in EVENTS:
        return {"event": REFUSED}
    written: dict[str, object] = {"event": event}
    strange = 0
    for name, value in said.items():
        if type(name) is not str or (name != "event" and name not in FIELDS):
            strange += 1
        elif name != "event" and not (type(value) is str and value == ""):
            written[name] = FIELDS[name](value)
            if name == "error" and written[name] is not MARK and issubclass(type(value), BaseException):
                written["where"] = _where(TRACEBACK.__get__(value))
    return written | ({UNKNOWN: strange} if strange else {})


def _where(traceback: TracebackType | None) -> list[str]:
    """file:line of our own frames, the innermost last."""
    places = []
    while traceback is not None:
        places.append(_place(traceback.tb_frame, traceback.tb_lineno))
        traceback = traceback.tb_next
    return [place for place in places if place][-FRAMES:]


def _place(frame: FrameType, line: int) -> str:
    file = frame.f_code.co_filename
    inside = file.removeprefix(ROOT)
    return f"{inside}:{line}" if inside != file and FILE.fullmatch(inside) and not TOO_MUCH.search(inside) else ""
