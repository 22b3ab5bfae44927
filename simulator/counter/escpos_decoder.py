"""ESC/POS bytes -> what would be on the paper. Law: what is not in the table is reported, never guessed.

Only the subset that every receipt printer understands; sizes of arguments come from the table, so that an unknown
command can never shift the meaning of what follows without being noticed.
"""

from __future__ import annotations

import msgspec

from terminal.paper import ImageRow, PaperRow, TextRow

ESC, FS, GS, DLE, LF, CR = 0x1B, 0x1C, 0x1D, 0x10, 0x0A, 0x0D
# command -> (name, number of argument bytes)
COMMANDS: dict[bytes, tuple[str, int]] = {
    b"\x1b@": ("reset", 0),
    b"\x1ba": ("align", 1),
    b"\x1b!": ("mode", 1),
    b"\x1bE": ("bold", 1),
    b"\x1bd": ("feed", 1),
    b"\x1bt": ("code page", 1),
    b"\x1bR": ("character set", 1),
    b"\x1b2": ("line spacing", 0),
    b"\x1b3": ("line spacing", 1),
    b"\x1c&": ("chinese", 0),
    b"\x1c.": ("latin", 0),
    b"\x1d!": ("size", 1),
    b"\x1dB": ("invert", 1),
    b"\x1dV": ("cut", 1),
    b"\x10\x04": ("status", 1),
}
RASTER = b"\x1dv0"  # GS v 0 m xL xH yL yH data
RASTER_HEAD = 5
CUT_WITH_FEED = frozenset((65, 66))  # GS V 65 n, GS V 66 n take one more byte


class Decoded(msgspec.Struct, frozen=True):
    """Papers up to each cut, status requests seen, what was not understood, and the bytes still to come."""

    papers: tuple[tuple[PaperRow, ...], ...]
    status_requests: tuple[int, ...]
    unknown: tuple[str, ...]
    rest: bytes


class Decoder:
    """Fed as the bytes come; keeps what is not complete yet."""

    def __init__(self) -> None:
        self._rest, self._text, self._size = b"", b"", 0
        self._rows: list[PaperRow] = []

    def feed(self, data: bytes) -> Decoded:
        """Everything that is complete by now."""
        raw, at = self._rest + data, 0
        papers: list[tuple[PaperRow, ...]] = []
        status: list[int] = []
        unknown: list[str] = []
        while at < len(raw):
            used = self._one(raw[at:], papers, status, unknown)
            if not used:
                break
            at += used
        self._rest = raw[at:]
        return Decoded(tuple(papers), tuple(status), tuple(unknown), self._rest)

    def _one(self, raw: bytes, papers: list[tuple[PaperRow, ...]], status: list[int], unknown: list[str]) -> int:
        """Bytes used by the first thing in `raw`; 0 when it is not complete."""
        if raw[0] not in (ESC, FS, GS, DLE, LF, CR):
            self._text += raw[:1]
            return 1
        if raw[0] in (LF, CR):
            if raw[0] == LF:
                self._end_of_row()
            return 1
        if raw.startswith(RASTER):
            return self._raster(raw)
        if len(raw) < 2 or RASTER.startswith(raw[:3]):
            return 0
        return self._command(raw, papers, status, unknown)

    def _command(self, raw: bytes, papers: list[tuple[PaperRow, ...]], status: list[int], unknown: list[str]) -> int:
        known = COMMANDS.get(raw[:2])
        if known is None:
            unknown.append(raw[:2].hex())
            return 2
        name, size = known
        if len(raw) < 2 + size:
            return 0
        argument = raw[2] if size else 0
        if name == "cut":
            if argument in CUT_WITH_FEED and len(raw) < 4:
                return 0
            papers.append(tuple(self._rows))
            self._rows = []
            return 4 if argument in CUT_WITH_FEED else 3
        if name == "status":
            status.append(argument)
        elif name == "feed":
            self._rows.extend(TextRow("") for _ in range(argument))
        elif name == "size":
            self._size = argument
        elif name == "reset":
            self._text, self._size = b"", 0
        return 2 + size

    def _raster(self, raw: bytes) -> int:
        start = len(RASTER) + RASTER_HEAD
        if len(raw) < start:
            return 0
        stride, height = int.from_bytes(raw[4:6], "little"), int.from_bytes(raw[6:8], "little")
        if len(raw) < start + stride * height:
            return 0
        self._rows.append(ImageRow(stride * 8, height, raw[start : start + stride * height]))
        return start + stride * height

    def _end_of_row(self) -> None:
        text = self._text.decode("gb18030", "replace")
        wide, tall = self._size >> 4 & 1, self._size & 1
        self._rows.append(TextRow(text, is_large=bool(wide and tall), is_tall=bool(tall and not wide)))
        self._text = b""
