"""The log. Law: no card data, PIN or key gets into it by any door, in any form.

Secrets here are random TEST markers; tests/leaks/encodings.py knows the forms in which they are looked for.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import re
import sys
import threading
import warnings
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal import log
from terminal.log_words import FIELDS, MARK, MTIS, REFUSED
from tests.leaks import encodings
from tests.leaks.encodings import Secret
from tests.unit.terminal.log_lies import Event, Liar, Text, Wordy, WordyWarning, shapes
from tests.unit.terminal.log_lines import heard, said

AT = re.compile(rb'"at":"[^"]*"')


def digits(least: int, most: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=least, max_size=most)


PANS = digits(13, 19).map(lambda pan: (pan, encodings.number("pan", pan)))
TRACKS = digits(29, 35).map(lambda data: (f"{data[:16]}={data[16:]}", encodings.number("account", data[:16])))
PINS = digits(4, 12).map(
    lambda pin: (pin, encodings.pin("pin", pin) if len(pin) < 10 else encodings.number("pin", pin))
)
KEYS = st.sampled_from((8, 16, 24, 32)).flatmap(
    lambda size: st.binary(min_size=size, max_size=size).map(lambda key: (key.hex(), encodings.key("key", key)))
)
SECRETS = st.one_of(PANS, TRACKS, PINS, KEYS)


def leaks(secret: Secret, raw: bytes) -> list[str]:
    """The forms in which it is there; the time of a line is no secret."""
    views = encodings.views(AT.sub(b"", raw))
    return [needle.form for needle in secret.needles if _is_there(needle, views[needle.view])]


def _is_there(needle: encodings.Needle, view: bytes) -> bool:
    if not needle.is_whole:
        return needle.bytes in view
    return re.search(rb"(?<![0-9])" + re.escape(needle.bytes) + rb"(?![0-9])", view) is not None


def _is_believed(field: str, text: str) -> bool:
    """What no pattern can tell (terminal/log_words.py), and a PIN that is an MTI."""
    return (field in ("stan", "batch") and len(text) == 6) or (field == "mti" and text in MTIS)


NAMES = sorted({*FIELDS, "pan", "level", "at", "where", "exc_info", "stack_info", "self", "method_name"})


@settings(max_examples=40, deadline=None)
@given(SECRETS)
def test_no_secret_gets_in_by_a_field(marked: tuple[str, Secret]) -> None:
    text, secret = marked
    put = [(field, shape) for field in NAMES if not _is_believed(field, text) for shape in shapes(text)]
    with heard() as lines:
        for field, shape in put:
            log.write("exchange", **{field: shape})
        assert leaks(secret, lines.raw) == []
        assert len(lines.events) == len(put)
        assert {line["event"] for line in lines.events} <= {"exchange", REFUSED}


@settings(max_examples=40, deadline=None)
@given(SECRETS)
def test_no_secret_gets_in_as_event_or_name(marked: tuple[str, Secret]) -> None:
    text, secret = marked
    with heard() as lines:
        for shape in shapes(text):
            log.write(shape)  # type: ignore[arg-type]
            log.write("stopped", **{text: 1, Text(text): text, "event": shape})
            log.write("stopped", **{text: 1, Text(text): text})
        assert leaks(secret, lines.raw) == []
        assert len(lines.events) == 3 * len(shapes(text))


def _by_logger(name: str) -> Callable[[str, object], None]:
    def speak(text: str, shape: object) -> None:
        logger = logging.getLogger(name)
        logger.error("%s and %r", text, shape)
        logger.warning(shape, extra={"secret": shape})
        logger.error(text, exc_info=(ValueError, ValueError(text), None))
        logger.error(text, exc_info=(Wordy, Wordy(text), None))
        logger.error("%d", text)  # an error of whoever logs: Python would print its arguments
        logger.error("%s", shape, stack_info=True)
        logger.handle(logging.LogRecord(text, logging.ERROR, text, 1, shape, (shape,), None, text, text))

    return speak


def _by_warning(text: str, shape: object) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(text, stacklevel=1)
        warnings.warn(WordyWarning(shape), stacklevel=1)
        warnings.warn_explicit(text, UserWarning, text, 1, text)


def _by_printing(text: str, shape: object) -> None:
    print(text, repr(shape) if not isinstance(shape, Wordy) else text)
    print(text, file=sys.stderr)
    sys.stdout.writelines([text])
    logging.StreamHandler().emit(logging.LogRecord(text, logging.ERROR, text, 1, text, (), None))


def _uncaught(text: str, shape: object) -> None:
    for error in (ValueError(text), Wordy(text), shape if isinstance(shape, Exception) else KeyError(shape)):
        sys.excepthook(type(error), error, None)


def _by_thread(text: str, shape: object) -> None:
    def work() -> None:
        raise Wordy(text)

    thread = threading.Thread(target=work, name=text)
    thread.start()
    thread.join()


def _by_finaliser(text: str, shape: object) -> None:
    class Fails:
        def __del__(self) -> None:
            raise Wordy(text)

    Fails()
    gc.collect()


def _by_lost_task(text: str, shape: object) -> None:
    async def fail() -> None:
        raise Wordy(text)

    async def lose() -> None:
        asyncio.get_running_loop().call_soon(Liar(text).__bool__)
        task = asyncio.create_task(fail(), name=text)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        del task
        gc.collect()

    asyncio.run(lose())


DOORS: tuple[tuple[Callable[[str, object], None], str], ...] = (
    (_by_logger("uvicorn.error"), "library"),
    (_by_logger("asyncio"), "library"),
    (_by_logger("a.logger.of.nobody"), "library"),
    (_by_warning, "library"),
    (_by_printing, "printed"),
    (_uncaught, "program-fault"),
    (_by_thread, "program-fault"),
    (_by_finaliser, "program-fault"),
    (_by_lost_task, "library"),
)


@pytest.mark.parametrize(("door", "event"), DOORS)
def test_no_secret_gets_in_by_the_other_doors(door: Callable[[str, object], None], event: str) -> None:
    @settings(max_examples=20, deadline=None)
    @given(SECRETS, st.data())
    def holds(marked: tuple[str, Secret], data: st.DataObject) -> None:
        text, secret = marked
        shape = shapes(text)[data.draw(st.sampled_from(range(len(shapes(text)))))]
        with heard() as lines:
            door(text, shape)
            assert leaks(secret, lines.raw) == []
            assert {line["event"] for line in lines.events} == {event}  # that somebody spoke is said

    holds()


def test_the_hunt_finds_what_is_there() -> None:
    """The control: a log that let everything in."""
    for text, secret in (
        ("6210948000000029", encodings.number("pan", "6210948000000029")),
        ("4711", encodings.pin("p", "4711")),
    ):
        assert leaks(secret, json.dumps({"event": "x", "pan": text}).encode())


def test_a_name_made_of_data_is_no_type() -> None:
    """Base64 of a TEST card number may be all letters; so may the name of a class that somebody makes."""
    made = type("NDExMTExMTExMTExMTExMQ", (Exception,), {"__module__": "builtins"})
    assert said("program-fault", error=made()) == {"event": "program-fault", "error": MARK, "level": "error"}


def test_a_string_of_another_kind_is_not_believed() -> None:
    assert said("exchange", stan=Text("123456"))["stan"] == MARK
    assert said(Event("stopped")) == {"event": REFUSED, "level": "error"}
