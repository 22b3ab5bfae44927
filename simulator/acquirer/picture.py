"""A signature as the bank got it, as a picture file. Law: what is sent in is shown as it is, dot for dot."""

from __future__ import annotations

import io

from PIL import Image

from drivers.jbig import JbigCoder
from terminal.signature import Picture


def decoded(image: bytes) -> Picture:
    """F62 of an electronic signature (cup.md 5.1). Raises CoderMissing, PictureRefused (drivers/jbig.py)."""
    return JbigCoder().decode(image)


def png(picture: Picture) -> bytes:
    """Ink is black."""
    sheet = Image.frombytes("1", (picture.width, picture.height), picture.bits, "raw", "1;I")
    out = io.BytesIO()
    sheet.save(out, "PNG", optimize=True)
    return out.getvalue()


def pbm(picture: Picture) -> bytes:
    """A raw portable bitmap, P4: its rows are a Picture's rows."""
    return f"P4\n{picture.width} {picture.height}\n".encode() + picture.bits
