"""Receipts on paper, through python-escpos. Law: one function makes the bytes, another moves them; status is asked first.

| target                       | device                              | answers status |
|------------------------------|-------------------------------------|----------------|
| serial:/dev/ttyUSB0@115200   | serial and USB-serial printers      | yes            |
| net:host:port                | network printers (raw, port 9100)   | yes            |
| usb-lp:/dev/usb/lp0          | USB printers of the kernel's usblp  | no             |
| file:/path                   | a file, for looking at              | no             |

python-escpos takes a quarter to half a second to import, so that is done with the first paper, in the worker thread.
Chinese goes out as GB18030 in the printers' Chinese mode (FS &); QR codes go out as raster, because most receipt
printers in China draw no QR of their own.
"""

from __future__ import annotations

import asyncio
import warnings
from typing import Any

from terminal.paper import ImageRow, Paper, QrRow, TextRow
from terminal.ports import PaperOut, PrinterLost

CHINESE_MODE = b"\x1c&"  # FS &
NORMAL, TALL, LARGE = b"\x1d!\x00", b"\x1d!\x01", b"\x1d!\x11"  # GS ! n: size of the characters
LEFT, CENTRE = b"\x1ba\x00", b"\x1ba\x01"  # ESC a n
PAPER_STATUS, PRINTER_STATUS = b"\x10\x04\x04", b"\x10\x04\x01"  # DLE EOT n
FIXED_BITS, FIXED = 0b1001_0011, 0b0001_0010  # every status byte has these
PAPER_END = 0b0110_0000
COLUMN_DOTS = 12  # a column of text, at 203 dpi
QR_DOTS = 5  # dots per module
ROW_FEED = b"\n"


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
                printer._raw(size + text.encode("gb18030", "replace") + ROW_FEED)
            case QrRow(content):
                printer._raw(NORMAL + CENTRE)
                printer.qr(content, size=QR_DOTS, native=False)
                printer._raw(LEFT)
            case ImageRow():
                printer._raw(CENTRE)
                printer.image(_picture(row))
                printer._raw(LEFT)
    printer.cut()
    return bytes(printer.output)


class EscposPrinter:
    """The Printer port. `status_seconds` is how long the printer may take to answer a status request."""

    def __init__(self, target: str, columns: int, status_seconds: float = 1.0) -> None:
        kind, separator, place = target.partition(":")
        if not separator or kind not in ("serial", "net", "usb-lp", "file"):
            raise ValueError(f"printer.target {target!r} is none of serial:, net:, usb-lp:, file:")
        self.columns = columns
        self._kind, self._place, self._seconds = kind, place, status_seconds
        self._turn = asyncio.Lock()

    async def print(self, paper: Paper) -> None:
        """Raises PaperOut, PrinterLost; paper may run out in the middle, and then it is told too."""
        async with self._turn:
            await asyncio.to_thread(self._print, paper)

    async def has_paper(self) -> bool:
        """Raises PrinterLost."""
        async with self._turn:
            return await asyncio.to_thread(self._has_paper)

    def _print(self, paper: Paper) -> None:
        data = escpos_bytes(paper, self.columns)
        if not self._has_paper():
            raise PaperOut("the printer has no paper")
        device = self._open()
        try:
            device._raw(data)
            if self._answers and not self._paper_in(device):
                raise PaperOut("the paper ran out while printing")
        except (OSError, ValueError) as error:
            raise PrinterLost(f"the printer was lost while printing: {type(error).__name__}") from None
        finally:
            device.close()

    def _has_paper(self) -> bool:
        if not self._answers:
            self._open().close()
            return True
        device = self._open()
        try:
            return self._paper_in(device)
        except (OSError, ValueError) as error:
            raise PrinterLost(f"the printer does not answer: {type(error).__name__}") from None
        finally:
            device.close()

    @property
    def _answers(self) -> bool:
        return self._kind in ("serial", "net")

    def _paper_in(self, device: Any) -> bool:
        status = self._status(device, PAPER_STATUS)
        return not status & PAPER_END

    def _status(self, device: Any, request: bytes) -> int:
        device._raw(request)
        answer: bytes = device.device.read(1) if self._kind == "serial" else device.device.recv(1)
        if not answer or answer[0] & FIXED_BITS != FIXED:
            raise PrinterLost("the printer does not answer its status")
        return answer[0]

    def _open(self) -> Any:
        """An escpos device, open. Raises PrinterLost."""
        escpos = _escpos()
        try:
            if self._kind == "serial":
                path, _, speed = self._place.partition("@")
                device = escpos.Serial(path, baudrate=int(speed or 9600), timeout=self._seconds, dsrdtr=False)
            elif self._kind == "net":
                host, _, port = self._place.rpartition(":")
                device = escpos.Network(host, port=int(port), timeout=self._seconds)
            else:
                device = escpos.File(self._place, auto_flush=True)
            device.open()
        except Exception as error:  # escpos wraps whatever its transports raise in errors of its own
            raise PrinterLost(f"the printer cannot be opened: {type(error).__name__}") from None
        return device


def _escpos() -> Any:
    """python-escpos, its deprecation warnings kept out of the service's log."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import escpos.printer as module
    return module


def _picture(row: ImageRow) -> Any:
    from PIL import Image

    # mode 1 has 1 for white, and our rows have 1 for ink
    inverted = bytes(byte ^ 0xFF for byte in row.bits)
    return Image.frombytes("1", (row.width, row.height), inverted)
