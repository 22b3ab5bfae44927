"""The simulated printer's inside: what it answers and prints in every state. Bits: Epson's and SPRT's manuals."""

from __future__ import annotations

import pytest

from drivers.printer_bytes import CLEAR, CLEARED
from simulator.counter.print_engine import LIES, STATES, Engine

NOW = b"\x10\x04\x01\x10\x04\x02\x10\x04\x03\x10\x04\x04"
CUT = b"\x1dV\x00"
ANSWERS = {
    "ok": "12 12 12 12",
    "low": "12 12 12 1e",
    "out": "1a 32 12 7e",
    "open": "1a 16 12 12",
    "hot": "1a 52 52 12",
    "off": "",
}


@pytest.mark.parametrize("state", STATES)
def test_answers_by_state(state: str) -> None:
    printer = Engine()
    printer.set_state(state)
    assert printer.take(NOW).hex(" ") == ANSWERS[state]


@pytest.mark.parametrize(("state", "answer"), [("ok", b"\x00"), ("low", b"\x03"), ("out", b""), ("hot", b"")])
def test_gs_r_is_answered_when_its_turn_comes(state: str, answer: bytes) -> None:
    printer = Engine()
    printer.set_state(state)
    assert printer.take(b"text\n\x1dr\x01") == answer


def test_a_state_or_lie_that_is_none_is_refused() -> None:
    printer = Engine()
    with pytest.raises(ValueError, match="ok, low, out, open, hot, off"):
        printer.set_state("burning")
    with pytest.raises(ValueError, match="no-turn"):
        printer.set_lie("always")
    for lie in LIES:
        printer.set_lie(lie)


def test_a_lid_that_is_opened_keeps_what_came_and_goes_on() -> None:
    """Who does not clear the buffer finds the rest of the paper before on the next one."""
    said: list[bytes] = []
    printer = Engine()
    printer.say = said.append
    printer.change_after(1, state="open")
    assert printer.take(b"one\ntwo\nthree\n" + CUT + b"\x1dr\x01") == b""
    assert printer.count == 0
    printer.set_state("ok")
    assert printer.scraps == ["one\ntwo\nthree"]
    assert said[-1] == b"\x00"
    assert printer.count == 0


def test_what_waits_is_forgotten_when_it_is_told_to() -> None:
    printer = Engine()
    printer.change_after(1, state="open")
    printer.take(b"one\ntwo\nthree\n")
    assert printer.take(CLEAR + b"\x10\x04\x02") == CLEARED + b"\x16"
    printer.set_state("ok")
    printer.take(CUT + b"next\n" + CUT)
    assert printer.scraps == ["one\ntwo"]
    assert [paper["text"] for paper in printer.papers()] == ["next"]


def test_a_new_roll_tears_off_what_was_begun() -> None:
    printer = Engine()
    printer.run_out_after(1)
    printer.take(b"one\ntwo\n")
    printer.take(CLEAR)
    printer.set_state("ok")
    assert printer.scraps == ["one\ntwo"]
    printer.take(b"next\n" + CUT)
    assert [paper["text"] for paper in printer.papers()] == ["next"]


def test_a_roll_ends_so_many_dot_lines_into_a_picture() -> None:
    strip = b"\x1dv0\x00\x01\x00\x02\x00ab"
    printer = Engine()
    printer.run_out_after(1, dots=4)
    printer.take(b"one\n" + strip * 2)
    assert printer.state == "ok"
    printer.take(strip)
    assert printer.state == "out"


def test_order_of_answers_is_order_of_questions() -> None:
    assert Engine().take(b"a\n\x1dr\x01\x10\x04\x01b\n\x1dr\x01") == b"\x00\x12\x00"


def test_a_piece_of_white_paper_is_no_receipt() -> None:
    printer = Engine()
    printer.take(b"\x1bd\x06" + CUT)
    assert (printer.count, printer.scraps) == (0, [])


def test_flicker_has_no_paper_every_second_time() -> None:
    printer = Engine()
    printer.set_lie("flicker")
    assert printer.take(b"\x10\x04\x04" * 4) == b"\x12\x72\x12\x72"
