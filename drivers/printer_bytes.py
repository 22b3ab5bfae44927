"""A paper as ESC/POS, through python-escpos. Law: bytes here, movement elsewhere; text never speaks to the printer.

A paper goes out in bands that fit the printer's buffer, so that its status can be asked between them: paper that runs
out in the middle of a picture is known at once. Pictures (QR, signature, logo) are raster: most receipt printers in
China draw no QR of their own, and those that do disagree about size and place; dots are the same everywhere.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from drivers.printer_profile import ANY, RASTER_HEAD, Profile
from terminal.paper import ImageRow, Paper, PaperRow, QrRow, TextRow

if TYPE_CHECKING:
    from PIL import Image

CHINESE_MODE = b"\x1c&"  # FS &
NORMAL, TALL, LARGE = b"\x1d!\x00", b"\x1d!\x01", b"\x1d!\x11"  # GS ! n: size of the characters
LEFT, CENTRE = b"\x1ba\x00", b"\x1ba\x01"  # ESC a n
ROW_FEED = b"\n"
ROW_DOTS = 30  # of a row of text
CLEAR = b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08"  # DLE DC4 8: forget what was received, at once, in error too
CLEARED = b"\x37\x25\x00"  # what is answered to it
CANCEL, FILLER = b"\x18", b"\x00"  # CAN; NUL, of which printers take no notice outside of a picture
QR_DOTS, QR_QUIET = 5, 4  # dots per module, and modules of white around (ISO/IEC 18004, 5.3.8)
CONTROLS = dict.fromkeys((*range(0x20), 0x7F), " ")
REAL_TIME = (b"\x10\x04", b"\x10\x05", b"\x10\x14")  # DLE EOT, ENQ, DC4: obeyed even in the middle of a picture
INK_SHARE = 170  # of 255: a dot of a smaller picture is ink when a third of it was


class Band(NamedTuple):
    """What is sent at once, and how many dot lines of paper it makes."""

    data: bytes
    dots: int


def escpos_bands(paper: Paper, columns: int, profile: Profile = ANY) -> tuple[Band, ...]:
    """One paper from reset to cut, none of the bands larger than the printer's buffer."""
    return tuple(_packed(_atoms(paper, columns, profile), profile.buffer))


def escpos_bytes(paper: Paper, columns: int, profile: Profile = ANY) -> bytes:
    """The same in one piece."""
    return b"".join(band.data for band in escpos_bands(paper, columns, profile))


def filler(profile: Profile) -> bytes:
    """Ends whatever command a printer may still be reading after an interruption."""
    return FILLER * profile.buffer + CANCEL


def scrap_cut(profile: Profile) -> bytes:
    """Resets, and parts what came out of an interrupted paper from the next one."""
    printer = escpos().Dummy()
    printer.hw("INIT")
    return bytes(printer.output) + _cut(profile).data


def escpos() -> Any:
    """python-escpos, its deprecation warnings kept out of the service's log."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import escpos.printer as module
    return module


def _packed(atoms: Iterable[Band], most: int) -> Iterator[Band]:
    data, dots = b"", 0
    for atom in atoms:
        if data and len(data) + len(atom.data) > most:
            yield Band(data, dots)
            data, dots = b"", 0
        data, dots = data + atom.data, dots + atom.dots
    yield Band(data, dots)


def _atoms(paper: Paper, columns: int, profile: Profile) -> Iterator[Band]:
    """What must not be parted: a row, a strip of a picture, reset, cut."""
    dots = columns * profile.grid(columns)
    printer = escpos().Dummy()
    # without a width python-escpos prints advice to standard output
    media = {"width": {"pixels": dots, "mm": 58}}
    printer.profile.profile_data = {**printer.profile.profile_data, "media": media}
    printer.hw("INIT")
    if profile.text == "raster":
        yield Band(bytes(printer.output), 0)
        yield from _strips(printer, _sheet(paper, columns, dots, profile), profile)
    else:
        yield Band(bytes(printer.output) + CHINESE_MODE, 0)
        for row in paper:
            yield from _row(printer, row, dots, profile)
    yield _cut(profile)


def _row(printer: Any, row: PaperRow, dots: int, profile: Profile) -> Iterator[Band]:
    if isinstance(row, TextRow):
        size = LARGE if row.is_large else TALL if row.is_tall else NORMAL
        height = ROW_DOTS * (2 if row.is_large or row.is_tall else 1)
        yield Band(size + row.text.translate(CONTROLS).encode("gb18030", "replace") + ROW_FEED, height)
        return
    yield Band(CENTRE, 0)
    yield from _strips(printer, picture(row, dots), profile)
    yield Band(LEFT, 0)


def _sheet(paper: Paper, columns: int, dots: int, profile: Profile) -> Image.Image:
    """The whole paper as one picture."""
    from PIL import Image

    from drivers.printer_font import text_picture

    cell = profile.grid(columns)
    parts = [text_picture(row, columns, cell) if isinstance(row, TextRow) else picture(row, dots) for row in paper]
    sheet, y = Image.new("1", (dots, max(1, sum(part.height for part in parts))), 1), 0
    for part in parts:
        sheet.paste(part, ((dots - part.width) // 2, y))
        y += part.height
    return sheet


def _strips(printer: Any, image: Image.Image, profile: Profile) -> Iterator[Band]:
    """GS v 0 for as many dot lines at once as the profile wants and the buffer takes."""
    pitch = (image.width + 7) // 8
    height = max(1, min(profile.band_dots, (profile.buffer - RASTER_HEAD) // pitch))
    for top in range(0, image.height, height):
        strip = image.crop((0, top, image.width, min(image.height, top + height)))
        printer.clear()
        printer.image(strip)
        yield Band(_unheard(bytes(printer.output)), strip.height)


def _unheard(data: bytes) -> bytes:
    """One dot more here and there: a picture must not look like a question or an order to the printer."""
    for order in REAL_TIME:
        data = data[:RASTER_HEAD] + data[RASTER_HEAD:].replace(order, b"\x30" + order[1:])
    return data


def _cut(profile: Profile) -> Band:
    printer = escpos().Dummy()
    if profile.feed_rows:
        printer.print_and_feed(profile.feed_rows)
    fed = bytes(printer.output)
    printer.clear()
    if profile.cutter != "none":
        printer.cut("PART" if profile.cutter == "partial" else "FULL")
    return Band(fed + bytes(printer.output)[3:], profile.feed_rows * ROW_DOTS)  # [3:]: ESC d 6, which is not ours


def picture(row: PaperRow, dots: int) -> Image.Image:
    """A code or an image as dots, no wider than the paper: what is wider is made smaller, never cut."""
    from PIL import Image

    if isinstance(row, QrRow):
        return _qr(row.content, dots)
    if not isinstance(row, ImageRow):
        raise TypeError(f"no picture of {type(row).__name__}")
    # mode 1 has 1 for white, and our rows have 1 for ink
    inverted = bytes(byte ^ 0xFF for byte in row.bits)
    image = Image.frombytes("1", (row.width, row.height), inverted)
    if row.width <= dots:
        return image
    smaller = image.convert("L").resize((dots, max(1, row.height * dots // row.width)), Image.Resampling.BOX)
    return smaller.point(lambda grey: 255 if grey > INK_SHARE else 0).convert("1")


@lru_cache(maxsize=4)
def _qr(content: str, dots: int) -> Image.Image:
    """The code, its modules as large as QR_DOTS where they fit. Both copies of a receipt carry the same."""
    import qrcode  # type: ignore[import-untyped]

    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=QR_QUIET)
    code.add_data(content)
    code.make()
    code.box_size = max(1, min(QR_DOTS, dots // (code.modules_count + 2 * QR_QUIET)))
    image: Image.Image = code.make_image().get_image()
    return image
