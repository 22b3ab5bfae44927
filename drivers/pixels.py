"""How a framebuffer lays out its pixels, as the kernel says it. Law: what cannot be shown rightly is refused in words.

| bits       | a pixel is                                                                             |
|------------|----------------------------------------------------------------------------------------|
| 32, 24, 16 | red, green and blue where fb_var_screeninfo has them, little-endian; transparency full |
| 1          | one bit, the leftmost lowest (as ssd1307fb has it); FB_NONSTD_REV_PIX_IN_B: highest    |

Source: linux/fb.h. fb_var_screeninfo: 32-bit words from xres on; fb_fix_screeninfo: native alignment.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from mmap import PAGESIZE

from terminal.ports import DeviceError

VARIABLE = struct.Struct("=21I")  # xres .. bits_per_pixel, grayscale, red green blue transp (3 each), nonstd
VARIABLE_SIZE = 160
FIXED = struct.Struct("@16sLIIIIHHHI")  # id smem_start smem_len type type_aux visual pans line_length
FIXED_SIZE = 80
PACKED_PIXELS = 0  # FB_TYPE_PACKED_PIXELS
MONO01, MONO10, TRUECOLOR, DIRECTCOLOR = 0, 1, 2, 4  # FB_VISUAL_*
REVERSED_IN_BYTE = 2  # FB_NONSTD_REV_PIX_IN_B
Field = tuple[int, int]  # offset of the lowest bit, bits
USUAL: dict[int, tuple[Field, Field, Field]] = {
    16: ((11, 5), (5, 6), (0, 5)),
    24: ((16, 8), (8, 8), (0, 8)),
    32: ((16, 8), (8, 8), (0, 8)),
}
NO_FIELD: Field = (0, 0)


class PanelMissing(DeviceError):
    """The panel is not there, or cannot show this picture."""


@dataclass(frozen=True)
class Geometry:
    """Visible pixels, bits of each, bytes from one row to the next, and bytes before the first visible pixel.

    Fields that are not given are the usual ones. `is_one_white`, `is_leftmost_high`: for one bit only.
    """

    width: int
    height: int
    bits: int
    stride: int
    start: int = 0
    red: Field = NO_FIELD
    green: Field = NO_FIELD
    blue: Field = NO_FIELD
    opaque: Field = NO_FIELD
    is_one_white: bool = True
    is_leftmost_high: bool = False

    @property
    def row_bytes(self) -> int:
        """Bytes of a row that are seen."""
        return (self.width * self.bits + 7) // 8

    @property
    def size(self) -> int:
        """Bytes from the first visible pixel to the last."""
        return self.stride * (self.height - 1) + self.row_bytes

    @property
    def colours(self) -> tuple[Field, Field, Field]:
        """Red, green, blue."""
        given = self.red, self.green, self.blue
        return given if any(bits for _, bits in given) else USUAL[self.bits]


def geometry(variable: bytes, fixed: bytes) -> Geometry:
    """What the answers to FBIOGET_VSCREENINFO and FBIOGET_FSCREENINFO say. Raises PanelMissing for unknown layouts."""
    width, height, virtual, _, left, top, bits, grey, *rest = VARIABLE.unpack_from(variable)
    _, memory, length, kind, _, visual, _, _, _, stride = FIXED.unpack_from(fixed)
    stride = stride or (virtual * bits + 7) // 8
    page = memory % PAGESIZE  # a mapping begins with the page in which the memory begins
    start = page + top * stride + left * bits // 8
    if is_bare := bits == 1:
        is_high = bool(rest[12] & REVERSED_IN_BYTE)
        shape = Geometry(width, height, 1, stride, start, is_one_white=visual == MONO10, is_leftmost_high=is_high)
    else:
        red, green, blue, opaque = ((rest[at], rest[at + 1]) for at in (0, 3, 6, 9))
        shape = Geometry(width, height, bits, stride, start, red, green, blue, opaque)
    complaint = unshowable(shape) or _unknown(shape, kind, visual, grey, rest)
    if not complaint and is_bare and left % 8:
        complaint = f"begins {left} bits into a row; whole bytes are known"
    if not complaint and length and start - page + shape.size > length:
        complaint = f"has {length} bytes of memory for {start - page + shape.size} bytes of pixels"
    if complaint:
        raise PanelMissing(complaint)
    return shape


def _unknown(shape: Geometry, kind: int, visual: int, grey: int, rest: list[int]) -> str:
    if kind != PACKED_PIXELS:
        return f"keeps its pixels in planes (FB_TYPE {kind}); packed pixels are known"
    if visual not in ((MONO01, MONO10) if shape.bits == 1 else (TRUECOLOR, DIRECTCOLOR)):
        return f"has colours of FB_VISUAL {visual} at {shape.bits} bits per pixel, which is not known"
    if grey > 1 or any(rest[at] for at in (2, 5, 8)):
        return "describes its colours in a way that is not known (FOURCC or reversed fields)"
    return ""


def unshowable(shape: Geometry) -> str:
    """Why nothing can be shown in this layout; "" when it can."""
    if shape.bits not in (1, *USUAL):
        return f"has {shape.bits} bits per pixel; 32, 24, 16 and 1 are known"
    if shape.width < 1 or shape.height < 1 or shape.stride < shape.row_bytes:
        return f"says {shape.width}x{shape.height} pixels in rows of {shape.stride} bytes"
    if shape.bits > 1 and any(not 1 <= bits <= 16 or offset + bits > shape.bits for offset, bits in shape.colours):
        return f"has its colours at {shape.colours} of {shape.bits} bits"
    return ""
