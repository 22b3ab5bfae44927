"""The log: JSON lines on stderr, which journald keeps. Law: nothing gets into the log that was not let in.

`write(event, **fields)` is the one way in; terminal/log_words.py says what is let in. What else speaks in this process:

| who                                                | what is written                                           |
|----------------------------------------------------|-----------------------------------------------------------|
| `logging` of any package (asyncio's lost tasks)    | "library": the package, and an exception's type and place |
| a warning                                          | "library": its type                                       |
| an exception nobody caught, in thread or finaliser | "program-fault": its type and place                       |
| whoever prints to stdout or stderr                 | "printed", once; nothing of it                            |
| a crash of the interpreter                         | faulthandler: files, lines, names of functions; no value  |

Until `configure` nothing is written. Not held: what C code writes to fd 2 by itself.
"""

from __future__ import annotations

import faulthandler
import io
import logging
import os
import sys
import threading
import warnings
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any

from terminal.log_words import ERROR, EVENTS, INFO, REFUSED, redact


# --- writing ---------------------------------------------------------------------------------------------------------
class Sink:
    """Where lines end: one write(2) each, without a lock. A finaliser may speak while a line is being written."""

    def __init__(self, fd: int) -> None:
        self._fd, self._has_levels = fd, _is_journald(fd)

    def info(self, line: bytes) -> None:
        self._put(line, b"<6>")

    def warning(self, line: bytes) -> None:
        self._put(line, b"<4>")

    def error(self, line: bytes) -> None:
        self._put(line, b"<3>")

    def _put(self, line: bytes, level: bytes) -> None:
        os.write(self._fd, (level if self._has_levels else b"") + line + b"\n")


def _is_journald(fd: int) -> bool:
    """Whether this is the stream that journald reads: it takes levels from <N> (systemd.exec(5), sd-daemon(3))."""
    try:
        there = os.fstat(fd)
    except OSError:
        return False
    return os.environ.get("JOURNAL_STREAM", "") == f"{there.st_dev}:{there.st_ino}"


def write(event: str, /, **fields: object) -> None:
    """One line, if there is a log. It never raises: a log that cannot be written stops no shop."""
    if _open.sink is None:
        return
    with suppress(OSError, ValueError):
        try:
            level = EVENTS[event] if type(event) is str and event in EVENTS else ERROR
            getattr(_open.speaker(), level)(event, **fields)
        except OSError:
            raise
        except Exception:  # noqa: BLE001 - the law: refused, as a whole
            _open.sink.error(f'{{"event":"{REFUSED}"}}'.encode())


class _Open:
    """The one log of this process: where it goes, its logger once it spoke, and what puts back what was before."""

    def __init__(self) -> None:
        self.sink: Sink | None = None
        self.before: Callable[[], None] | None = None
        self.has_printed = False
        self._speaker: Any = None

    def speaker(self) -> Any:
        if self._speaker is None:
            import structlog  # 7 to 40 ms

            self._speaker = structlog.wrap_logger(
                self.sink,
                processors=[
                    redact,
                    structlog.processors.add_log_level,
                    structlog.processors.TimeStamper(fmt="iso", key="at"),
                    structlog.processors.JSONRenderer(serializer=_rendered),
                ],
                wrapper_class=structlog.make_filtering_bound_logger(INFO),
                context_class=dict,
            )
        return self._speaker

    def close(self) -> None:
        self.sink = self._speaker = self.before = None
        self.has_printed = False


def _rendered(written: dict[str, object], **_: object) -> bytes:
    """Without structlog's fallback to repr(): what is no JSON by itself is refused."""
    import msgspec

    return msgspec.json.encode(written)


_open = _Open()


# --- the doors -------------------------------------------------------------------------------------------------------
class Deaf(io.TextIOBase):
    """Stands for stdout and stderr: what is printed goes nowhere; that somebody printed is said once."""

    def write(self, text: str) -> int:
        if not _open.has_printed:
            _open.has_printed = True
            write("printed")
        return len(text)

    def writable(self) -> bool:
        return True


class Door(logging.Handler):
    """Every record of `logging`: what asyncio and other packages have to say."""

    def emit(self, record: logging.LogRecord) -> None:
        match record.exc_info:
            case (_, error, _) if error is not None:
                write("library", by=record.name, error=error)
            case _:
                write("library", by=record.name)


def _uncaught(_: type[BaseException], error: BaseException, __: TracebackType | None) -> None:
    write("program-fault", error=error)


def _uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_type is not SystemExit:
        write("program-fault", error=args.exc_type if args.exc_value is None else args.exc_value)


def _unraisable(args: sys.UnraisableHookArgs) -> None:
    write("program-fault", error=args.exc_type if args.exc_value is None else args.exc_value)


def _warned(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
    write("library", by="warnings", error=message if issubclass(type(message), Warning) else category)


def configure(fd: int = 2) -> None:
    """From now on there is a log, and everything that speaks in this process speaks through it or is not heard."""
    release()
    _open.sink, _open.before = Sink(fd), _doors()
    if not faulthandler.is_enabled():
        faulthandler.enable(fd)
    sys.stdout = sys.stderr = Deaf()
    sys.excepthook, threading.excepthook, sys.unraisablehook = _uncaught, _uncaught_in_thread, _unraisable
    warnings.showwarning = _warned
    for logger in list(logging.root.manager.loggerDict.values()):
        if isinstance(logger, logging.Logger):
            logger.handlers, logger.propagate = [], True
    logging.root.handlers = [Door(logging.WARNING)]


def release() -> None:
    """The doors as they were before: the command line speaks for itself again."""
    if _open.before is not None:
        _open.before()
    _open.close()


def _doors() -> Callable[[], None]:
    """Puts back what stands there now."""
    streams, hooks = (sys.stdout, sys.stderr), (sys.excepthook, threading.excepthook, sys.unraisablehook)
    shown = warnings.showwarning
    named = [one for one in logging.root.manager.loggerDict.values() if isinstance(one, logging.Logger)]
    loggers = [(logger, logger.handlers, logger.propagate) for logger in (logging.root, *named)]

    def put_back() -> None:
        sys.stdout, sys.stderr = streams
        sys.excepthook, threading.excepthook, sys.unraisablehook = hooks
        warnings.showwarning = shown
        for logger, handlers, propagate in loggers:
            logger.handlers, logger.propagate = handlers, propagate

    return put_back
