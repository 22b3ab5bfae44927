"""Receipts on paper, through python-escpos. Law: one function makes bytes, another moves them; status is asked first.

| target                       | device                              | answers status |
|------------------------------|-------------------------------------|----------------|
| serial:/dev/ttyUSB0@115200   | serial and USB-serial printers      | yes            |
| net:host:port                | network printers (raw, port 9100)   | yes            |
| usb-lp:/dev/usb/lp0          | USB printers of the kernel's usblp  | no             |
| file:/path                   | a file, for looking at              | no             |

python-escpos takes half a second to import, so that is done with the first paper, in the worker thread.
Chinese goes out as GB18030 in the printers' Chinese mode (FS &). QR codes go out as raster: most receipt printers in
China draw no QR of their own, and those that do disagree about size and place; dots are the same everywhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import termios
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any, Protocol, TypeVar

from drivers.own_thread import apart
from terminal.paper import ImageRow, Paper, QrRow, TextRow
from terminal.ports import PaperLeft, PaperOut, PrinterLost

T = TypeVar("T")

CHINESE_MODE = b"\x1c&"  # FS &
NORMAL, TALL, LARGE = b"\x1d!\x00", b"\x1d!\x01", b"\x1d!\x11"  # GS ! n: size of the characters
LEFT, CENTRE = b"\x1ba\x00", b"\x1ba\x01"  # ESC a n
ROW_FEED = b"\n"
COLUMN_DOTS = 12  # a column of text, at 203 dpi
QR_DOTS, QR_QUIET = 5, 4  # dots per module, and modules of white around (ISO/IEC 18004, 5.3.8)
CONTROLS = dict.fromkeys((*range(0x20), 0x7F), " ")  # text never speaks to the printer

# answered at once, whatever waits in the buffer (DLE EOT n), or after all that was sent before (GS r n)
PAPER_NOW, PRINTER_NOW, PAPER_IN_TURN = b"\x10\x04\x04", b"\x10\x04\x01", b"\x1dr\x01"
NOW_BITS, NOW = 0b1001_0011, 0b0001_0010  # which bits are fixed in an answer to DLE EOT, and how
IN_TURN_BITS = 0b1001_0000  # the same of GS r: all of them 0
PAPER_END, OFF_LINE = 0b0110_0000, 0b0000_1000
SERIAL_SPEED = 115_200


class Way(Protocol):
    """Bytes to a printer and back; `read` gives what came, or nothing when the time is over. All may raise OSError."""

    answers: bool

    def write(self, data: bytes) -> None: ...
    def read(self, seconds: float) -> bytes: ...
    def close(self) -> None: ...


def escpos_bytes(paper: Paper, columns: int) -> bytes:
    """What the printer is sent for one paper, from reset to cut."""
    printer = _escpos().Dummy()
    # without a width python-escpos prints advice to standard output
    media = {"width": {"pixels": columns * COLUMN_DOTS, "mm": 58}}
    printer.profile.profile_data = {**printer.profile.profile_data, "media": media}
    printer.hw("INIT")
    printer._raw(CHINESE_MODE)
    for row in paper:
        match row:
            case TextRow(text, is_large, is_tall):
                size = LARGE if is_large else TALL if is_tall else NORMAL
                printer._raw(size + text.translate(CONTROLS).encode("gb18030", "replace") + ROW_FEED)
            case QrRow(content):
                printer._raw(CENTRE)
                printer.image(_qr(content, columns * COLUMN_DOTS))
                printer._raw(LEFT)
            case ImageRow():
                printer._raw(CENTRE)
                printer.image(_picture(row))
                printer._raw(LEFT)
    printer.cut()
    return bytes(printer.output)


class EscposPrinter:
    """The Printer port. `status_seconds` is how long a status may take, `print_seconds` how long a whole paper may."""

    def __init__(self, target: str, columns: int, status_seconds: float = 1.0, print_seconds: float = 15.0) -> None:
        kind, separator, place = target.partition(":")
        if not separator or not place or kind not in WAYS:
            raise ValueError(f"printer.target {target!r} is none of {', '.join(f'{name}:' for name in WAYS)}")
        self.columns = columns
        self._kind, self._place = kind, place
        self._status_seconds, self._print_seconds = status_seconds, print_seconds
        self._answers_in_turn = True  # until a printer shows that it does not know the question
        self._turn = asyncio.Lock()

    async def print(self, paper: Paper) -> None:
        """Raises PaperOut, PrinterLost; paper may run out in the middle, and then it is told too."""
        await self._alone(lambda: self._print(paper))

    async def paper_left(self) -> PaperLeft:
        """Raises PrinterLost."""
        return "ok" if await self._alone(self._has_paper) else "out"

    async def _alone(self, work: Callable[[], T]) -> T:
        """In a thread, one by one. Who leaves before its turn prints nothing; who leaves later gets a whole paper."""
        await self._turn.acquire()
        working = asyncio.ensure_future(apart(work))
        working.add_done_callback(self._finished)
        return await asyncio.shield(working)

    def _finished(self, working: asyncio.Future[Any]) -> None:
        self._turn.release()
        if not working.cancelled():
            working.exception()  # whoever waited for it may have left

    def _print(self, paper: Paper) -> None:
        data = escpos_bytes(paper, self.columns)
        with self._opened() as way:
            if way.answers and not self._is_ready(way):
                raise PaperOut("the printer has no paper")
            way.write(data)
            if way.answers:
                self._see_it_out(way)

    def _has_paper(self) -> bool:
        with self._opened() as way:
            return not way.answers or self._is_ready(way)

    @contextlib.contextmanager
    def _opened(self) -> Iterator[Way]:
        with contextlib.ExitStack() as stack:
            try:
                way: Way = WAYS[self._kind](self._place, self._print_seconds)
                stack.callback(way.close)
                yield way
            except (OSError, ValueError, termios.error) as error:
                raise PrinterLost(f"the printer is lost: {type(error).__name__}") from None

    def _is_ready(self, way: Way) -> bool:
        """Whether there is paper. Raises PrinterLost when it is off line for another reason."""
        if self._asked(way, PAPER_NOW) & PAPER_END:
            return False
        if self._asked(way, PRINTER_NOW) & OFF_LINE:
            raise PrinterLost("the printer is off line: its cover is open or it is in error")
        return True

    def _asked(self, way: Way, question: bytes) -> int:
        way.write(question)
        for byte in self._heard(way):
            if byte & NOW_BITS == NOW:
                return byte
        raise PrinterLost("the printer does not answer its status")

    def _see_it_out(self, way: Way) -> None:
        """Wait until all that was sent is on paper. Raises PaperOut, PrinterLost."""
        if not self._answers_in_turn:
            _refuse_paper_end(self._asked(way, PAPER_NOW))
            return
        way.write(PAPER_IN_TURN)
        end = time.monotonic() + self._print_seconds
        while time.monotonic() < end:
            way.write(PAPER_NOW)
            is_alive = False
            for byte in self._heard(way):
                if byte & IN_TURN_BITS == 0:
                    return
                if byte & NOW_BITS == NOW:
                    is_alive = True
                    _refuse_paper_end(byte)
            if not is_alive:
                raise PrinterLost("the printer fell silent while printing")
        self._answers_in_turn = False

    def _heard(self, way: Way) -> Iterator[int]:
        """Byte by byte until the printer has been given its time."""
        end = time.monotonic() + self._status_seconds
        while (left := end - time.monotonic()) > 0:
            yield from way.read(left)


class PortWay:
    """A serial line or a TCP connection: pyserial opens and times both alike."""

    answers = True

    def __init__(self, url: str, speed: int, seconds: float) -> None:
        import serial

        self._port = serial.serial_for_url(url, baudrate=speed, write_timeout=seconds)

    def write(self, data: bytes) -> None:
        self._port.write(data)

    def read(self, seconds: float) -> bytes:
        self._port.timeout = seconds
        return bytes(self._port.read(1))

    def close(self) -> None:
        self._port.close()


def _serial_way(place: str, seconds: float) -> Way:
    """path@speed"""
    path, _, speed = place.partition("@")
    return PortWay(path, int(speed or SERIAL_SPEED), seconds)


def _net_way(place: str, seconds: float) -> Way:
    """host:port"""
    host, _, port = place.rpartition(":")
    return PortWay(f"socket://{host}:{int(port)}", 0, seconds)


class FileWay:
    """A device file or a file: papers are added to what is there."""

    answers = False

    def __init__(self, place: str, seconds: float) -> None:
        # usblp holds a writer up for as long as its printer has no paper; a deadline needs O_NONBLOCK
        flags = os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
        self._seconds = seconds
        self._fd = os.open(place, flags if place.startswith("/dev/") else flags | os.O_CREAT, 0o600)

    def write(self, data: bytes) -> None:
        end = time.monotonic() + self._seconds
        while data:
            if not select.select([], [self._fd], [], max(0.0, end - time.monotonic()))[1]:
                raise TimeoutError
            data = data[os.write(self._fd, data) :]

    def read(self, seconds: float) -> bytes:
        return b""

    def close(self) -> None:
        os.close(self._fd)


WAYS: dict[str, Callable[[str, float], Way]] = {
    "serial": _serial_way,
    "net": _net_way,
    "usb-lp": FileWay,
    "file": FileWay,
}


def _refuse_paper_end(status: int) -> None:
    if status & PAPER_END:
        raise PaperOut("the paper ran out while printing")


def _escpos() -> Any:
    """python-escpos, its deprecation warnings kept out of the service's log."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import escpos.printer as module
    return module


def _qr(content: str, dots: int) -> Any:
    """The code as a picture no wider than the paper, its modules as large as QR_DOTS where they fit."""
    import qrcode  # type: ignore[import-untyped]

    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=QR_QUIET)
    code.add_data(content)
    code.make()
    code.box_size = max(1, min(QR_DOTS, dots // (code.modules_count + 2 * QR_QUIET)))
    return code.make_image().get_image()


def _picture(row: ImageRow) -> Any:
    from PIL import Image

    # mode 1 has 1 for white, and our rows have 1 for ink
    inverted = bytes(byte ^ 0xFF for byte in row.bits)
    return Image.frombytes("1", (row.width, row.height), inverted)
