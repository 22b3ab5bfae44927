"""ESC/POS bytes -> what would be on the paper. Law: what is not in the table is reported, never guessed.

Only the subset that every receipt printer understands. Each command's length comes from the table, so that one cannot
shift the meaning of what follows; of an unknown command two bytes are taken and named, and what follows is text. Strips
of raster that follow each other are one picture. DLE EOT is heard in the middle of a picture too, as printers hear it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from terminal.paper import ImageRow, PaperRow, TextRow

LF = 0x0A
CANCEL, IGNORED = 0x18, frozenset((0x00, 0x0D))  # CAN; NUL and CR
FIRST_PRINTABLE = 0x20
TALL_MODE, WIDE_MODE = 0x10, 0x20  # bits of ESC ! n
WIDE, TALL = 0x10, 0x01  # doubled in GS ! n
CUT_ONLY = frozenset((0, 1, 48, 49))  # GS V m; every other m has one more byte
RASTER = b"\x1dv0"
NORMAL_RASTER = frozenset((0, 48))  # GS v 0 m: one dot is one dot
ASKED_IN_PICTURE = re.compile(rb"\x10\x04([\x01-\x04])")
CLEAR_BUFFER = b"\x08\x01\x03\x14\x01\x06\x02\x08"  # DLE DC4 fn d1...d7
NOW, IN_TURN, CLEARED = "now", "in turn", "cleared"  # what must be answered


def _fixed(size: int) -> Callable[[bytes], int]:
    return lambda argument: size


def _cut(argument: bytes) -> int:
    return 1 if argument[:1] and argument[0] in CUT_ONLY else 2


def _raster(argument: bytes) -> int:
    """GS v 0 m xL xH yL yH d1...dk"""
    stride, height = int.from_bytes(argument[1:3], "little"), int.from_bytes(argument[3:5], "little")
    return 5 + stride * height if len(argument) >= 5 else 5


def _counted(argument: bytes) -> int:
    """pL pH d1...dk"""
    return 2 + int.from_bytes(argument[:2], "little") if len(argument) >= 2 else 2


def _order(argument: bytes) -> int:
    """DLE DC4 fn: a pulse has two more bytes, the clearing of the buffers seven."""
    return len(CLEAR_BUFFER) if argument[:1] == CLEAR_BUFFER[:1] else 3


# command -> (name, bytes of argument by what is there of them); a name that starts with "not" is only reported
COMMANDS: dict[bytes, tuple[str, Callable[[bytes], int]]] = {
    b"\x1b@": ("reset", _fixed(0)),
    b"\x1ba": ("align", _fixed(1)),
    b"\x1b!": ("mode", _fixed(1)),
    b"\x1bE": ("bold", _fixed(1)),
    b"\x1bM": ("font", _fixed(1)),
    b"\x1bd": ("feed", _fixed(1)),
    b"\x1bt": ("code page", _fixed(1)),
    b"\x1bR": ("character set", _fixed(1)),
    b"\x1b2": ("line spacing", _fixed(0)),
    b"\x1b3": ("line spacing", _fixed(1)),
    b"\x1c&": ("chinese", _fixed(0)),
    b"\x1c.": ("latin", _fixed(0)),
    b"\x1d!": ("size", _fixed(1)),
    b"\x1dB": ("invert", _fixed(1)),
    b"\x1dV": ("cut", _cut),
    b"\x1dr": ("asked in turn", _fixed(1)),
    RASTER: ("raster", _raster),
    b"\x1d(k": ("not drawn: a code of the printer's own", _counted),
    b"\x1d(L": ("not drawn: graphics", _counted),
    b"\x10\x04": ("asked now", _fixed(1)),
    b"\x10\x14": ("order", _order),
}
LEADS = frozenset(command[0] for command in COMMANDS)


class Decoded(msgspec.Struct, frozen=True):
    """Papers up to each cut, what must be answered, what was not understood, and the bytes still to come."""

    papers: tuple[tuple[PaperRow, ...], ...] = ()
    questions: tuple[tuple[str, int], ...] = ()  # NOW n of DLE EOT, IN_TURN n of GS r, CLEARED
    unknown: tuple[str, ...] = ()
    rest: bytes = b""

    @property
    def status_requests(self) -> tuple[int, ...]:
        """The n of every DLE EOT."""
        return tuple(number for kind, number in self.questions if kind == NOW)

    @property
    def requests_in_turn(self) -> tuple[int, ...]:
        """The n of every GS r."""
        return tuple(number for kind, number in self.questions if kind == IN_TURN)


class Decoder:
    """Fed as the bytes come; keeps what is not complete yet. Without a knife a paper ends where it is fed out."""

    def __init__(self, has_knife: bool = True) -> None:
        self.is_enough: Callable[[], bool] = bool  # asked after every command; says no unless it is set
        self._has_knife = has_knife
        self._rest, self._text, self._size, self._is_chinese = b"", bytearray(), 0, False
        self._is_in_picture = False
        self._rows: list[PaperRow] = []
        self._papers: list[tuple[PaperRow, ...]] = []
        self._questions: list[tuple[str, int]] = []
        self._unknown: list[str] = []

    @property
    def rows(self) -> int:
        """Rows on paper since the last cut."""
        return len(self._rows)

    @property
    def picture(self) -> int:
        """Dot lines of the picture that is being printed, 0 for none."""
        return self._rows[-1].height if self._is_in_picture and isinstance(self._rows[-1], ImageRow) else 0

    @property
    def is_asked(self) -> bool:
        """Whether something of what was read must be answered."""
        return bool(self._questions)

    @property
    def is_in_raster(self) -> bool:
        """Whether dots of a picture are still to come."""
        return self._rest.startswith(RASTER)

    def feed(self, data: bytes) -> Decoded:
        """Everything that is complete by now, or until `is_enough` says so."""
        raw, at = self._rest + data, 0
        while at < len(raw):
            used = self._one(raw, at)
            if not used:
                break
            at += used
            if self.is_enough():
                break
        self._rest = raw[at:]
        told = Decoded(tuple(self._papers), tuple(self._questions), tuple(self._unknown), self._rest)
        for each in (self._papers, self._questions, self._unknown):
            each.clear()
        return told

    def restart(self) -> bytes:
        """What was not complete is dropped and given back; what is on paper stays there."""
        dropped, self._rest = self._rest, b""
        self._text.clear()
        self._size, self._is_chinese, self._is_in_picture = 0, False, False
        return dropped

    def taken(self) -> bytes:
        """What was fed and not read, which is to be fed again."""
        left, self._rest = self._rest, b""
        return left

    def torn(self) -> tuple[PaperRow, ...]:
        """What is on paper since the last cut, torn off."""
        rows, self._rows, self._is_in_picture = tuple(self._rows), [], False
        return rows

    def _one(self, raw: bytes, at: int) -> int:
        """Bytes used by what stands at `at`; 0 when it is not complete."""
        byte = raw[at]
        if byte in LEADS:
            return self._command(raw, at)
        if byte == LF:
            self._end_of_row()
        elif byte >= FIRST_PRINTABLE:
            self._text.append(byte)
        elif byte == CANCEL:
            self._text.clear()
        elif byte not in IGNORED:
            self._unknown.append(f"{byte:02x}")
        return 1

    def _command(self, raw: bytes, at: int) -> int:
        for size in (2, 3):
            command = raw[at : at + size]
            if command in COMMANDS:
                return self._known(command, raw, at + size)
        is_begun = any(known.startswith(command) for known in COMMANDS)
        if len(command) < 2 or is_begun:
            return 0
        self._unknown.append(command[:2].hex())
        return 2

    def _known(self, command: bytes, raw: bytes, start: int) -> int:
        name, length = COMMANDS[command]
        size = length(raw[start : start + 5])
        if len(raw) < start + size:
            return 0
        argument = raw[start : start + size]
        if name not in ("raster", "asked now", "asked in turn"):
            self._is_in_picture = False
        if name.startswith("not"):
            self._unknown.append(f"{command.hex()} {name}")
        elif size:
            self._obey(name, argument)
        else:
            self._switch(name)
        return len(command) + size

    def _switch(self, name: str) -> None:
        if name == "reset":
            self._text.clear()
            self._size, self._is_chinese = 0, False
        elif name in ("chinese", "latin"):
            self._is_chinese = name == "chinese"

    def _obey(self, name: str, argument: bytes) -> None:
        first = argument[0]
        if name == "asked now":
            self._questions.append((NOW, first))
        elif name == "asked in turn":
            self._questions.append((IN_TURN, first))
        elif name == "order":
            self._order(argument)
        elif name == "size":
            self._size = first
        elif name == "mode":
            self._size = (WIDE if first & WIDE_MODE else 0) | (TALL if first & TALL_MODE else 0)
        elif name == "raster":
            self._picture(argument)
        elif name == "feed":
            self._end_of_begun_row()
            self._rows.extend(TextRow("") for _ in range(first))
            if not self._has_knife:
                self._papers.append(self.torn())
        elif name == "cut":
            self._end_of_begun_row()
            self._papers.append(self.torn())

    def _order(self, argument: bytes) -> None:
        if argument != CLEAR_BUFFER:
            self._unknown.append("1014 not obeyed: an order of no use here")
            return
        self._text.clear()
        self._questions.append((CLEARED, 0))

    def _picture(self, argument: bytes) -> None:
        if argument[0] not in NORMAL_RASTER:
            self._unknown.append(f"{argument[0]:02x} not drawn: stretched raster")
            return
        self._end_of_begun_row()
        self._questions.extend((NOW, number[0]) for number in ASKED_IN_PICTURE.findall(argument[5:]))
        stride, height = int.from_bytes(argument[1:3], "little"), int.from_bytes(argument[3:5], "little")
        strip = ImageRow(stride * 8, height, argument[5:])
        above = self._rows[-1] if self._is_in_picture else None
        if isinstance(above, ImageRow) and above.width == strip.width:
            self._rows[-1] = ImageRow(strip.width, above.height + height, above.bits + strip.bits)
        else:
            self._rows.append(strip)
        self._is_in_picture = True

    def _end_of_begun_row(self) -> None:
        if self._text:
            self._end_of_row()

    def _end_of_row(self) -> None:
        text = self._text.decode("gb18030" if self._is_chinese else "cp437", "replace")
        self._is_in_picture = False
        is_wide, is_tall = bool(self._size & 0xF0), bool(self._size & 0x0F)
        self._rows.append(TextRow(text, is_large=is_wide and is_tall, is_tall=is_tall and not is_wide))
        self._text.clear()
