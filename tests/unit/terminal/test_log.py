"""The log. Law: what is let in can be read, and each line is whole; nothing else is there (test_log_secrets.py)."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
import tempfile
import threading
import warnings
from pathlib import Path
from typing import NoReturn

import pytest

from terminal import log
from terminal.dialogue.bad_news import CODES
from terminal.exchange.events import NO_ANSWER
from terminal.exchange.request import CardOnFile, Request, Terms
from terminal.exchange.runner import _facts
from terminal.exchange.stages import Ended, Open, Unknown
from terminal.iso8583.kinds import Kind, Silence
from terminal.log_words import EVENTS, FIELDS, FILE, MARK, OURS, REFUSED, TOO_MUCH, UNKNOWN
from terminal.money import Money
from tests.unit.terminal.log_lines import heard, said

TREE = Path(__file__).resolve().parents[3]


# --- what is let in can be read --------------------------------------------------------------------------------------
def test_an_exchange_is_told_by_kind_stan_and_end() -> None:
    request = Request(
        "000001-000123",
        Kind.REFUND,
        "000123",
        "000001",
        Money(1250),
        "2026-11-24T10:00:00+08:00",
        "01",
        CardOnFile("digest", "fingerprint", "621094******0009", "I"),
        Terms(Silence.QUERY),
    )
    line = said("exchange-open", **_facts(Unknown(request, NO_ANSWER)), response_code="", seconds=60.04)
    assert line == {
        "event": "exchange-open",
        "kind": "refund",
        "stan": "000123",
        "batch": "000001",
        "stage": "unknown",
        "fault": "no-answer",
        "seconds": 60.0,
        "level": "warning",
    }


def test_each_line_is_json_with_its_time_in_utc() -> None:
    with heard() as lines:
        log.write("signed-in", batch="000007", operator="01")
        log.write("stopped")
        first, second = map(json.loads, lines.raw.splitlines())
    assert (first["event"], first["batch"], first["operator"], first["level"]) == ("signed-in", "000007", "01", "info")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", second["at"])


@pytest.mark.parametrize("name", sorted(CODES))
def test_all_bad_news_can_be_told(name: str) -> None:
    line = said("bad-news", name=name, code=CODES[name])
    assert (line["name"], line["code"]) == (name, CODES[name])


def test_every_kind_and_every_stage_can_be_told() -> None:
    tags = [stage.__struct_config__.tag for stage in (*Open.__args__, *Ended.__args__)]
    for field, words in (("kind", [kind.value for kind in Kind]), ("stage", tags)):
        assert [FIELDS[field](word) for word in words] == words


def test_every_file_of_ours_can_be_named() -> None:
    files = [str(file.relative_to(TREE)) for folder in OURS for file in (TREE / folder).rglob("*.py")]
    assert len(files) > 100
    assert [file for file in files if not FILE.fullmatch(file) or TOO_MUCH.search(file)] == []


@pytest.mark.parametrize(
    ("field", "value", "written"),
    [
        ("mti", "0220", "0220"),
        ("mti", "4123", MARK),
        ("response_code", "A0", "A0"),
        ("count", 0, 0),
        ("count", True, MARK),
        ("count", 1000, MARK),
        ("count", "12", MARK),
        ("seconds", 3, 3.0),
        ("seconds", float("nan"), MARK),
        ("seconds", float("inf"), MARK),
        ("version", "9.9.9", MARK),
        ("stan", "12345", MARK),
        ("stan", "１２３４５６", MARK),  # digits, but not ours
        ("stan", "123456\n", MARK),
        ("kind", "refund-", MARK),
        ("kind", "a" * 41, MARK),
        ("kind", "dead-beef-dead-beef-f", MARK),  # letters, and hexadecimal
        ("by", "asyncio.tasks", "asyncio"),
        ("by", "nosuchpackage", MARK),
    ],
)
def test_a_field_is_what_its_row_says(field: str, value: object, written: object) -> None:
    assert said("library", **{field: value})[field] == written


def test_the_installed_version_is_told() -> None:
    from importlib.metadata import version

    assert said("started", version=version("yuanlu"))["version"] == version("yuanlu")


def test_what_is_not_known_is_left_out() -> None:
    assert said("exchange", stan="000001", fault="") == {"event": "exchange", "stan": "000001", "level": "info"}


def test_unknown_fields_are_counted() -> None:
    line = said("stopped", pan="4111111111111111", level="x", at="y", where="z", count=3)
    assert line == {"event": "stopped", "count": 3, UNKNOWN: 4, "level": "info"}


def test_an_exception_is_its_type_and_our_frames() -> None:
    try:
        Money(1) + Money(1, "USD")
    except ValueError as error:
        line = said("program-fault", error=error)
    assert line["error"] == "ValueError"
    assert line["where"]
    assert all(re.fullmatch(r"terminal/money\.py:\d+", place) for place in line["where"])


def test_levels_are_for_journald_only_where_it_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.NamedTemporaryFile() as file:
        there = os.fstat(file.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{there.st_dev}:{there.st_ino}")
        log.configure(file.fileno())
        for event in ("stopped", "line-down", "program-fault"):
            log.write(event)
        log.release()
        assert [line[:4] for line in Path(file.name).read_bytes().splitlines()] == [b"<6>{", b"<4>{", b"<3>{"]


def test_without_a_log_nothing_is_written_and_nothing_fails(capfd: pytest.CaptureFixture[str]) -> None:
    log.write("stopped")
    assert capfd.readouterr() == ("", "")


def test_a_log_that_cannot_be_written_stops_no_shop() -> None:
    with tempfile.TemporaryFile() as file:
        fd = os.dup(file.fileno())
    log.configure(fd)
    os.close(fd)
    try:
        log.write("stopped")
        log.write("stopped", error=ZeroDivisionError())
    finally:
        log.release()


def test_what_fails_while_it_is_let_in_is_refused_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> NoReturn:
        raise ValueError("4111111111111111")

    monkeypatch.setitem(FIELDS, "stan", fail)
    line = said("exchange", stan="000001", kind="refund")
    assert line == {"event": REFUSED, "level": "info"}


@pytest.mark.parametrize(
    "text", ["411111111", "4111 1111 1", "4-1_1.1/1:1,1;1|1", "0123456789abcdeF", "de ad be ef de ad be ef"]
)
def test_too_much_is_seen_through_separators(text: str) -> None:
    assert TOO_MUCH.search(f"kind {text} of")


# --- the process -----------------------------------------------------------------------------------------------------
def _run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program], cwd=TREE, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_process_that_dies_says_where_and_no_more() -> None:
    ended = _run(
        "from terminal import log; from terminal.money import Money\n"
        "log.configure(); print('4111111111111111'); Money('4111111111111111') + Money(1, 'USD')"
    )
    assert ended.returncode == 1
    assert ended.stdout == ""
    printed, fault = map(json.loads, ended.stderr.splitlines())
    assert (printed["event"], fault["event"]) == ("printed", "program-fault")
    assert fault["where"][0].startswith("terminal/money.py:")


def test_start_up_does_not_wait_for_structlog() -> None:
    ended = _run("import sys; from terminal import log; log.configure(); sys.exit(3 * ('structlog' in sys.modules))")
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_crash_is_told_by_places_alone() -> None:
    ended = _run(
        "import faulthandler; from terminal import log; log.configure()\n"
        "def crash(pan): faulthandler._sigabrt()\n"
        "crash('4111' + '111111111111')"
    )
    assert ended.returncode < 0
    assert "in crash" in ended.stderr
    assert "1111" not in ended.stderr


def test_release_puts_back_what_was_there() -> None:
    own = logging.getLogger("one.with.a.handler")
    own.handlers, own.propagate = [logging.NullHandler()], False

    def doors() -> list[object]:
        hooks = [sys.excepthook, threading.excepthook, sys.unraisablehook, warnings.showwarning]
        return [sys.stdout, sys.stderr, *hooks, logging.root.handlers[:], own.handlers[:], own.propagate]

    before = doors()
    log.configure(os.dup(2))
    assert own.handlers == []
    assert all(one is not other for one, other in zip(before[:6], doors()[:6], strict=True))
    log.configure(2)  # twice is as once
    log.release()
    assert doors() == before


def test_every_event_has_a_level() -> None:
    assert set(EVENTS.values()) == {"info", "warning", "error"}
