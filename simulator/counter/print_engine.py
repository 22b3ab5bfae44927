"""A printer's inside: bytes in, answers out, papers in the tray. Law: it does what printers do, lies included.

| state | answers                         | prints                                                                 |
|-------|---------------------------------|------------------------------------------------------------------------|
| ok    | well                            | yes                                                                    |
| low   | near end                        | yes                                                                    |
| out   | paper end, off line             | no: what is sent waits in its buffer; a paper begun is torn off        |
| open  | cover open, off line            | no: what is sent waits, and goes on when the lid is down               |
| hot   | mends itself, off line          | no: what is sent waits, and goes on when the head is cool              |
| off   | nothing                         | no: what is sent is lost                                               |

| lie     | what it does                                                                                 |
|---------|----------------------------------------------------------------------------------------------|
| no-turn | is well, and never answers GS r                                                              |
| garbage | answers every question with bytes that are no answer                                         |
| double  | answers every question twice                                                                 |
| flicker | every second time it is asked for its paper it has none                                      |
| late    | answers a while after whoever asked gave up                                                  |
| stuck   | stops reading, as behind an XOFF that no XON follows                                         |

A paper that was interrupted and then cut off goes to `scraps`, not to the papers.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from simulator.counter.escpos_decoder import CLEARED, IN_TURN, NOW, Decoded, Decoder
from simulator.counter.paper import as_png, as_text
from terminal.paper import PaperRow, TextRow

STATES = ("ok", "low", "out", "open", "hot", "off")
LIES = ("", "no-turn", "garbage", "double", "flicker", "late", "stuck")
PRINTS = frozenset(("ok", "low"))
FIXED_BITS = 0x12  # of an answer to DLE EOT
BITS: dict[str, dict[int, int]] = {  # state -> n of DLE EOT -> bits
    "low": {4: 0x0C},
    "out": {1: 0x08, 2: 0x20, 4: 0x6C},
    "open": {1: 0x08, 2: 0x04},
    "hot": {1: 0x08, 2: 0x40, 3: 0x40},
}
ROLL, ROLL_END = 4, 0x60
IN_TURN_BITS = {"low": 0x03}
CLEAR_ANSWER = b"\x37\x25\x00"
GARBAGE = b"\xff\x9c"
# what is obeyed while nothing is printed, or in the middle of a picture; the start of one may be all that has come yet
REAL_TIME = re.compile(rb"\x10\x04([\x01-\x04])|(\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08)")


class Engine:
    """Everything but the line to it."""

    def __init__(self, columns: int = 32, has_knife: bool = True) -> None:
        self.columns, self.state, self.lie = columns, "ok", ""
        self.unknown: list[str] = []
        self.scraps: list[str] = []
        self._decoder, self._papers = Decoder(has_knife), list[tuple[PaperRow, ...]]()
        self._drawn: dict[int, dict[str, Any]] = {}
        self._held = b""
        self._is_broken = False  # the paper being printed was interrupted
        self._at: tuple[int, int, str, str] | None = None
        self._asked_for_roll = 0
        self.say: Callable[[bytes], object] = len  # who is told what nobody waits for

    def set_state(self, state: str) -> None:
        """Raises ValueError for what is not in STATES. A new roll is a new beginning."""
        if state not in STATES:
            raise ValueError(f"a printer is one of {', '.join(STATES)}")
        self._at = None
        self._enter(state)
        self.say(self.take(b""))  # what waited goes on

    def set_lie(self, lie: str) -> None:
        """Raises ValueError for what is not in LIES."""
        if lie not in LIES:
            raise ValueError(f"a printer lies in one of these ways: {', '.join(LIES)}")
        self.lie = lie

    def run_out_after(self, rows: int, dots: int = 0) -> None:
        """The roll ends when a paper has more rows than this, and `dots` lines of the picture that comes after them."""
        self._at = (rows, dots, "out", self.lie)

    def change_after(self, rows: int, dots: int = 0, state: str = "ok", lie: str = "") -> None:
        """The same with any state or lie."""
        self._at = (rows, dots, state, lie)

    @property
    def count(self) -> int:
        """How many papers have come out."""
        return len(self._papers)

    def papers(self) -> list[dict[str, Any]]:
        """Every paper up to its cut: {"text", "png"}, oldest first; each is drawn once."""
        return [self._paper(number) for number in range(len(self._papers))]

    def rows(self) -> list[tuple[PaperRow, ...]]:
        """The same as rows."""
        return list(self._papers)

    def take(self, data: bytes) -> bytes:
        """What comes on the line, and what is answered to it."""
        if self.state == "off":
            return b""
        answers = b""
        if self._decoder.is_in_raster:
            answers, data = self._obeyed_at_once(data)
        self._held += data
        while self.state in PRINTS and self._held:
            fed, self._held = self._held, b""
            self._decoder.is_enough = self._is_enough
            decoded = self._decoder.feed(fed)
            answers += self._printed(decoded)
            has_changed = self._has_come_to_it()
            if has_changed or decoded.questions:  # there may be more to read
                self._held = self._decoder.taken()
            if has_changed and self._at:
                _, _, state, self.lie = self._at
                self._at = None
                self._enter(state)
        if self.state not in PRINTS:
            more, self._held = self._obeyed_at_once(self._held)
            answers += more
        return answers

    def _enter(self, state: str) -> None:
        before, self.state = self.state, state
        if state not in PRINTS:
            self._held = self._decoder.taken() + self._held
            self._is_broken = self._is_broken or self._decoder.rows > 0
        if before == "out" != state and (torn := self._decoder.torn()):
            self.scraps.append(as_text(torn))
            self._is_broken = False
        if state == "off":
            self._decoder.restart()
            self._held = b""

    def _is_enough(self) -> bool:
        return self._decoder.is_asked or self._has_come_to_it()

    def _has_come_to_it(self) -> bool:
        if self._at is None:
            return False
        rows, dots = self._at[:2]
        if self._decoder.rows != rows + 1:
            return self._decoder.rows > rows
        return not 0 < self._decoder.picture <= dots

    def _printed(self, decoded: Decoded) -> bytes:
        self.unknown.extend(decoded.unknown)
        for paper in decoded.papers:
            self._into_tray(paper)
        return b"".join(self._answer(kind, number) for kind, number in decoded.questions)

    def _into_tray(self, paper: tuple[PaperRow, ...]) -> None:
        if self._is_broken:
            self.scraps.append(as_text(paper))
        elif any(not isinstance(row, TextRow) or row.text.strip() for row in paper):
            self._papers.append(paper)
        self._is_broken = False

    def _obeyed_at_once(self, data: bytes) -> tuple[bytes, bytes]:
        """Answers to what is asked and ordered in the middle of something, and what is left to be printed in turn."""
        answers, at, kept = b"", 0, b""
        for found in REAL_TIME.finditer(data):
            kept += data[at : found.start()]
            at = found.end()
            if found[1]:
                answers += self._answer(NOW, found[1][0])
            else:
                kept = b""
                self._decoder.restart()
                answers += self._answer(CLEARED, 0)
        return answers, kept + data[at:]

    def _answer(self, kind: str, number: int) -> bytes:
        if self.lie == "garbage":
            return GARBAGE
        if kind == IN_TURN:
            answer = b"" if self.lie == "no-turn" else bytes([IN_TURN_BITS.get(self.state, 0)])
        elif kind == CLEARED:
            answer = CLEAR_ANSWER
        else:
            bits = BITS.get(self.state, {}).get(number, 0)
            self._asked_for_roll += number == ROLL
            is_out = self.lie == "flicker" and number == ROLL and not self._asked_for_roll % 2
            answer = bytes([FIXED_BITS | bits | (ROLL_END if is_out else 0)])
        return answer * (2 if self.lie == "double" else 1)

    def _paper(self, number: int) -> dict[str, Any]:
        if number not in self._drawn:
            rows = self._papers[number]
            self._drawn[number] = {"text": as_text(rows), "png": as_png(rows, self.columns)}
        return self._drawn[number]
