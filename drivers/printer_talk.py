"""Asking a printer, and hearing it out. Law: what is not proved printed is not called printed; every wait has its end.

| talk    | who                                   | a paper is printed when                                            |
|---------|---------------------------------------|--------------------------------------------------------------------|
| Asked   | DLE EOT, and GS r where it knows it   | every GS r is answered; without GS r it was well for the time      |
|         |                                       | that the paper takes                                               |
| Wired   | usblp                                 | all bytes left, and it was well for the time that the paper takes  |
| Unasked | files, printers that answer nothing   | all bytes left                                                     |

A byte that comes late looks like the answer to the next question. So a round of DLE EOT counts only when not a byte is
left over after it, and GS r is asked once more than answers are still owed: as many answers as questions then prove
that one of the new ones was reached.
"""

from __future__ import annotations

import time
from typing import Protocol

from drivers.printer_bytes import CLEAR, CLEARED
from drivers.printer_profile import Profile
from drivers.printer_status import (
    CAUSE,
    END_IN_TURN,
    ERROR,
    FLOW,
    IN_TURN,
    OFF_LINE,
    PAPER_END,
    PRINTER,
    ROLL,
    is_in_turn,
    is_now,
    paper_left,
    paper_left_by_wires,
)
from drivers.printer_ways import FOREIGN, Way
from terminal.ports import CoverOpen, Overheated, PaperLeft, PaperOut, PrinterLost

ROUNDS = 3  # tries to get answers and nothing else
SETTLED = 0.04  # seconds of silence after the answers of an idle printer (USB-serial holds bytes back for 0.016)
PAUSE = 0.05  # seconds between two questions while it prints
OWED_MOST = 32  # late answers that are reckoned with
DROP_MOST = 4096  # bytes of a printer that never stops talking
RAN_OUT = "the paper ran out while printing"


class Memory:
    """What is known of a printer from one connection to the next."""

    def __init__(self, status: str = "") -> None:
        # GS r; None: not found out yet
        self.knows_in_turn: bool | None = {"gs-r": True, "": None}.get(status, False)
        self.unanswered: set[bytes] = set()  # causes it does not tell
        self.is_late = False  # a question got no answer: it may still come
        self.owed = 0  # bytes that may still come and look like answers to GS r

    def owe(self, count: int) -> None:
        """So many more."""
        self.owed = max(0, min(OWED_MOST, self.owed + count))


class Talk(Protocol):
    """Raises one of FOREIGN besides, of the way."""

    def left(self) -> PaperLeft:
        """Raises PrinterLost (CoverOpen, Overheated)."""

    def ready(self) -> None:
        """Before a paper, when nothing else waits in the printer. Raises PrinterLost."""

    def between(self) -> None:
        """In the middle of a paper. Raises PaperOut, PrinterLost (CoverOpen, Overheated)."""

    def see_out(self, seconds: float) -> None:
        """Until the paper is printed, which takes `seconds` from now. Raises as `between`."""

    def forget(self) -> None:
        """Let it throw away what it has not printed yet, and be silent."""


class Unasked:
    """A way without a way back."""

    def __init__(self, way: Way, patience: float) -> None:
        self._way, self._patience = way, patience

    def left(self) -> PaperLeft:
        return "ok"

    def ready(self) -> None:
        self._way.drain(self._patience)

    def between(self) -> None:
        self._way.drain(self._patience)

    def see_out(self, seconds: float) -> None:
        self._way.drain(self._patience)

    def forget(self) -> None:
        self._way.write(CLEAR, self._patience)


class Wired(Unasked):
    """A line printer of the kernel."""

    def left(self) -> PaperLeft:
        status = self._way.wires()
        return "ok" if status is None else paper_left_by_wires(status)

    def between(self) -> None:
        _refuse(self.left())
        self._way.drain(self._patience)
        _refuse(self.left())

    def see_out(self, seconds: float) -> None:
        if self._way.wires() is None:
            return super().see_out(seconds)
        end = time.monotonic() + seconds
        self.between()
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(PAUSE, left))
            self.between()
        return None


class Asked:
    """`status_seconds` for an answer when it is idle, `patience` without any sign of life when it prints."""

    def __init__(self, way: Way, profile: Profile, memory: Memory, status_seconds: float, patience: float) -> None:
        self._way, self._profile, self._memory = way, profile, memory
        self._idle, self._patience = status_seconds, patience
        self._in_turn: list[int] = []
        self._has_stray = False

    def left(self) -> PaperLeft:
        if self._memory.is_late:
            self._until_silent()
        wanted = [ROLL, PRINTER, *(each for each in (CAUSE, ERROR) if each not in self._memory.unanswered)]
        found = paper_left(self._round(wanted, self._idle, SETTLED), self._profile.near_end)
        # a printer without paper answers nothing in turn; one that is silent may have taken the question for dots
        if self._memory.knows_in_turn is None and found != "out" and self._is_answered_in_turn():
            self._memory.knows_in_turn = True
        return found

    def ready(self) -> None:
        if self._memory.knows_in_turn is None:
            is_known = self._is_answered_in_turn()
            self._round([ROLL, PRINTER], self._idle)  # it was asked, and is still there
            self._memory.knows_in_turn = is_known

    def between(self) -> None:
        self._refuse_trouble(self._round([ROLL, PRINTER], self._patience))

    def see_out(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        if not self._memory.knows_in_turn:
            self.between()
            while (left := end - time.monotonic()) > 0:
                time.sleep(min(PAUSE, left))
                self.between()
            return
        needed = self._memory.owed + 1
        self._ask_in_turn(needed)
        while len(self._in_turn) < needed:
            if time.monotonic() > end + self._patience:
                raise PrinterLost("the printer never said that it had printed")
            self._is_well_so_far(needed)
        if any(answer & END_IN_TURN for answer in self._in_turn):
            raise PaperOut(RAN_OUT)
        if self._has_stray:
            raise PrinterLost("the printer answers what it was not asked")

    def forget(self) -> None:
        self._way.write(CLEAR, self._patience)
        self._memory.owe(2)  # of the three bytes of its answer two look like GS r's
        if self._until_silent(CLEARED):
            self._memory.owe(-2)

    def _is_answered_in_turn(self) -> bool:
        """Asked with nothing to print: whoever knows the question answers at once."""
        self._ask_in_turn(1)
        end = time.monotonic() + self._idle
        while not self._in_turn and (left := end - time.monotonic()) > 0:
            self._hear(left)
        is_answered = bool(self._in_turn)
        self._in_turn.clear()
        return is_answered

    def _ask_in_turn(self, times: int) -> None:
        self._drop()
        self._in_turn.clear()
        self._has_stray = False
        self._way.write(IN_TURN * times, self._patience)
        self._memory.owe(times)

    def _is_well_so_far(self, needed: int) -> None:
        """A question of now while GS r is waited for."""
        answers = {}
        for question in (ROLL, PRINTER):
            answer = self._asked(question, self._patience, needed)
            if answer is None:
                return
            answers[question] = answer
        self._refuse_trouble(answers)
        self._hear(PAUSE)

    def _refuse_trouble(self, answers: dict[bytes, int]) -> None:
        """Asked again for the cause; a printer that says now that it is well is not believed."""
        is_out = bool(answers[ROLL] & PAPER_END)
        if not is_out and not answers[PRINTER] & OFF_LINE:
            return
        if self.left() == "out" or is_out:
            raise PaperOut(RAN_OUT)
        raise PrinterLost("the printer was not well while printing")

    def _round(self, questions: list[bytes], seconds: float, settled: float = 0.0) -> dict[bytes, int]:
        """One answer to each, and nothing else within `settled` seconds after. Raises PrinterLost."""
        for _ in range(ROUNDS):
            self._drop()
            self._has_stray = False
            answers = {}
            for question in questions:
                answer = self._asked(question, seconds)
                if answer is not None:
                    answers[question] = answer
                elif question in (CAUSE, ERROR):
                    self._memory.unanswered.add(question)
                else:
                    raise PrinterLost("the printer does not answer its status")
            if not self._drop(settled) and not self._has_stray:
                self._memory.is_late = False
                return answers
        raise PrinterLost("the printer answers what it was not asked")

    def _asked(self, question: bytes, seconds: float, needed: int = 0) -> int | None:
        """None when the time is over, or when as many answers in turn as are needed came first."""
        self._way.write(question, seconds)
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            answer = self._hear(left)
            if answer is not None:
                return answer
            if needed and len(self._in_turn) >= needed:
                return None
        self._memory.is_late = True
        if needed:
            raise PrinterLost("the printer fell silent while printing")
        return None

    def _hear(self, seconds: float) -> int | None:
        """One byte: an answer of now is given back, one in turn is kept."""
        for byte in self._way.read(seconds):
            if is_now(byte):
                return byte
            if is_in_turn(byte):
                self._in_turn.append(byte)
                self._memory.owe(-1)
            elif byte not in FLOW:
                self._has_stray = True
        return None

    def _until_silent(self, wanted: bytes = b"") -> bool:
        """Whether what is wanted was heard; else all that came until it was silent is thrown away."""
        heard, end = b"", time.monotonic() + ROUNDS * self._idle
        while time.monotonic() < end and (byte := self._way.read(self._idle)):
            heard += byte
            if wanted and heard.endswith(wanted):
                return True
        return False

    def _drop(self, seconds: float = 0.0) -> bool:
        """Whether anything had come that nobody waits for, or comes within so many seconds."""
        has_come = False
        for _ in range(DROP_MOST):
            if not (byte := self._way.read(seconds)):
                break
            has_come = has_come or byte[0] not in FLOW
        return has_come


def cause(talk: Talk, error: Exception) -> Exception:
    """A printer that takes nothing any more may still say why."""
    if not isinstance(error, FOREIGN):
        return error
    try:
        left = talk.left()
    except (CoverOpen, Overheated) as told:
        return told
    except (*FOREIGN, PrinterLost):
        return error
    return PaperOut(RAN_OUT) if left == "out" else error


def _refuse(left: PaperLeft) -> None:
    if left == "out":
        raise PaperOut(RAN_OUT)
