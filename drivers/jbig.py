"""Signatures as JBIG1 (ITU-T T.82), through libjbig. Law: nothing reaches the library but what its header allows.

libjbig (JBIG-KIT, Debian's libjbig0) is under the GPL: it is looked for on the system and never shipped; without it
the coder is missing and signatures stay on paper.

| what is written            | what is read                                                                        |
|----------------------------|-------------------------------------------------------------------------------------|
| one layer, one plane,      | one layer, one plane, at most LARGEST each way, no private table, the height final; |
| stripes of 128 rows, TPBON | any stripe height, order and adaptive template                                      |

What is written is the fax profile (ITU-T T.85, basic): the narrowest there is, so that every decoder reads it; the
acquirer's own options are not public (cup.md 5.3). The library ends the process when memory runs out, and its code
for layers and private tables is no place for bytes from a line: both are kept out by looking at the header first.
"""

from __future__ import annotations

import ctypes
import threading

from terminal.ports import DeviceError
from terminal.signature import Picture

LIBRARY = "libjbig.so.0"
LARGEST = 1024  # dots each way: 128 KiB in memory
HEADER = 20  # bytes, T.82 6.2: DL D P - XD(4) YD(4) L0(4) MX MY order options
ONE_LAYER_ONE_PLANE = bytes((0, 0, 1))
LRLTWO, TPDON, TPBON, DPON = 0x40, 0x10, 0x08, 0x04
READ = LRLTWO | TPDON | TPBON | DPON  # options without a private table and without a height that comes later
ORDER, STRIPE_ROWS, NO_TEMPLATE_MOVES = 0, 128, 0  # T.85, basic
OK, WANTS_MORE = 0x00, 0x20  # JBG_EOK, JBG_EAGAIN
# sizeof(struct jbg_enc_state) is 192 and of jbg_dec_state 1320 (libjbig 2.1, amd64); they are opaque here, so six
# times the larger is set aside, as 64-bit words for the sake of alignment
STATE_WORDS = 1024

Bytes = ctypes.POINTER(ctypes.c_ubyte)
DataOut = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)
State, Long, Int = ctypes.c_void_p, ctypes.c_ulong, ctypes.c_int
FUNCTIONS: dict[str, tuple[type | None, tuple[type, ...]]] = {  # jbig.h
    "jbg_enc_init": (None, (State, Long, Long, Int, ctypes.POINTER(Bytes), DataOut, ctypes.c_void_p)),
    "jbg_enc_options": (None, (State, Int, Int, Long, Int, Int)),
    "jbg_enc_out": (None, (State,)),
    "jbg_enc_free": (None, (State,)),
    "jbg_dec_init": (None, (State,)),
    "jbg_dec_in": (Int, (State, ctypes.c_char_p, ctypes.c_size_t, ctypes.POINTER(ctypes.c_size_t))),
    "jbg_dec_getimage": (ctypes.c_void_p, (State, Int)),
    "jbg_dec_getsize": (Long, (State,)),
    "jbg_dec_free": (None, (State,)),
}


class CoderMissing(DeviceError):
    """libjbig is not installed: no picture can be sent, signatures stay on paper."""


class PictureRefused(DeviceError):
    """A picture too large to send, or bytes that are not a whole picture of the kind that is read."""


class JbigCoder:
    """The PictureCoder port; under a millisecond for a signature. One call at a time, from any thread."""

    def __init__(self, library: str = LIBRARY) -> None:
        """Raises CoderMissing."""
        try:
            self._library = ctypes.CDLL(library)
            for name, (result, arguments) in FUNCTIONS.items():
                function = getattr(self._library, name)
                function.restype, function.argtypes = result, arguments
        except (OSError, AttributeError):
            raise CoderMissing(f"{LIBRARY} is not installed") from None
        self._turn = threading.Lock()

    def encode(self, picture: Picture) -> bytes:
        """The picture as one bi-level image entity (T.82). Raises PictureRefused when it is larger than LARGEST."""
        if max(picture.width, picture.height) > LARGEST:
            raise PictureRefused(f"a picture of {picture.width} x {picture.height} dots is not sent")
        state, written = _state(), bytearray()
        plane = (ctypes.c_ubyte * len(picture.bits)).from_buffer_copy(picture.bits)
        planes = (Bytes * 1)(ctypes.cast(plane, Bytes))
        take = DataOut(lambda start, length, file: written.extend(ctypes.string_at(start, length)))
        library = self._library
        with self._turn:
            library.jbg_enc_init(state, picture.width, picture.height, 1, planes, take, None)
            try:
                library.jbg_enc_options(state, ORDER, TPBON, STRIPE_ROWS, NO_TEMPLATE_MOVES, NO_TEMPLATE_MOVES)
                library.jbg_enc_out(state)
            finally:
                library.jbg_enc_free(state)
        return bytes(written)

    def decode(self, raw: bytes) -> Picture:
        """The picture of one whole bi-level image entity, with nothing after it. Raises PictureRefused."""
        width, height = _size(raw)
        state, taken, library = _state(), ctypes.c_size_t(), self._library
        with self._turn:
            library.jbg_dec_init(state)
            try:
                status = library.jbg_dec_in(state, raw, len(raw), ctypes.byref(taken))
                if status != OK:
                    raise PictureRefused("the picture ends early" if status == WANTS_MORE else "not a picture")
                if taken.value != len(raw):
                    raise PictureRefused("bytes after the picture")
                bits = ctypes.string_at(library.jbg_dec_getimage(state, 0), library.jbg_dec_getsize(state))
            finally:
                library.jbg_dec_free(state)
        return Picture(width, height, bits)


def _state() -> ctypes.Array[ctypes.c_uint64]:
    return (ctypes.c_uint64 * STATE_WORDS)()


def _size(raw: bytes) -> tuple[int, int]:
    """Width and height by the header, when it is one that may be given to the library."""
    if len(raw) < HEADER:
        raise PictureRefused("the picture ends early")
    width, height = int.from_bytes(raw[4:8]), int.from_bytes(raw[8:12])
    if raw[:3] != ONE_LAYER_ONE_PLANE or raw[19] & ~READ:
        raise PictureRefused("a picture in layers, planes or options that are not read")
    if not (1 <= width <= LARGEST and 1 <= height <= LARGEST):
        raise PictureRefused("a picture of no size or too large")
    return width, height
