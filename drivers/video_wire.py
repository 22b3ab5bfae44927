"""What the kernel and a camera say to each other: structures and ioctl numbers of linux/videodev2.h. Law: a table.

| number   | structure      | what                               |
|----------|----------------|------------------------------------|
| QUERYCAP | Capability     | what the device can                |
| S_FMT    | Format         | asked; answered with what it takes |
| REQBUFS  | RequestBuffers | room for so many frames            |
| QUERYBUF | Buffer         | where one is                       |
| QBUF     | Buffer         | to be filled                       |
| DQBUF    | Buffer         | filled                             |
| STREAMON, STREAMOFF | Int | begin, end                         |

Sizes are those of this machine: the numbers hold them (asm-generic/ioctl.h), on 32 and on 64 bits.
"""

from __future__ import annotations

import ctypes

Struct = ctypes.Structure | ctypes.c_int
Int = ctypes.c_int
U8, U32, LONG = ctypes.c_uint8, ctypes.c_uint32, ctypes.c_long


class Capability(ctypes.Structure):
    """struct v4l2_capability"""

    _fields_ = (
        ("driver", U8 * 16),
        ("card", U8 * 32),
        ("bus_info", U8 * 32),
        ("version", U32),
        ("capabilities", U32),
        ("device_caps", U32),
        ("reserved", U32 * 3),
    )


class PixFormat(ctypes.Structure):
    """struct v4l2_pix_format: sizes in pixels and bytes"""

    _fields_ = tuple(
        (name, U32)
        for name in (
            *("width", "height", "pixelformat", "field", "bytesperline", "sizeimage", "colorspace", "priv"),
            *("flags", "ycbcr_enc", "quantization", "xfer_func"),
        )
    )


class _FormatUnion(ctypes.Union):
    _fields_ = (("pix", PixFormat), ("raw", U8 * 200), ("aligned", ctypes.c_void_p))


class Format(ctypes.Structure):
    """struct v4l2_format"""

    _anonymous_ = ("fmt",)
    _fields_ = (("type", U32), ("fmt", _FormatUnion))


class RequestBuffers(ctypes.Structure):
    """struct v4l2_requestbuffers"""

    _fields_ = (
        ("count", U32),
        ("type", U32),
        ("memory", U32),
        ("capabilities", U32),
        ("flags", U8),
        ("reserved", U8 * 3),
    )


class _Place(ctypes.Union):
    _fields_ = (("offset", U32), ("userptr", ctypes.c_ulong))


class Buffer(ctypes.Structure):
    """struct v4l2_buffer; time and timecode are not looked at"""

    _fields_ = (
        ("index", U32),
        ("type", U32),
        ("bytesused", U32),
        ("flags", U32),
        ("field", U32),
        ("timestamp", LONG * 2),
        ("timecode", U32 * 4),
        ("sequence", U32),
        ("memory", U32),
        ("m", _Place),
        ("length", U32),
        ("reserved2", U32),
        ("request_fd", U32),
    )


_WRITE, _READ = 1, 2


def _number(way: int, number: int, structure: type[ctypes._CData]) -> int:
    """asm-generic/ioctl.h: way, size, 'V', number

    >>> hex(_number(_READ, 0, Capability))
    '0x80685600'
    """
    return way << 30 | ctypes.sizeof(structure) << 16 | ord("V") << 8 | number


def fourcc(name: str) -> int:
    """
    >>> hex(fourcc("MJPG"))
    '0x47504a4d'
    """
    return int.from_bytes(name.encode("ascii"), "little")


QUERYCAP = _number(_READ, 0, Capability)
S_FMT = _number(_READ | _WRITE, 5, Format)
REQBUFS = _number(_READ | _WRITE, 8, RequestBuffers)
QUERYBUF = _number(_READ | _WRITE, 9, Buffer)
QBUF = _number(_READ | _WRITE, 15, Buffer)
DQBUF = _number(_READ | _WRITE, 17, Buffer)
STREAMON = _number(_WRITE, 18, Int)
STREAMOFF = _number(_WRITE, 19, Int)

HAS_DEVICE_CAPS = 0x80000000
NEEDED = 0x00000001 | 0x04000000  # V4L2_CAP_VIDEO_CAPTURE, V4L2_CAP_STREAMING
CAPTURE, MMAP = 1, 1  # V4L2_BUF_TYPE_VIDEO_CAPTURE, V4L2_MEMORY_MMAP
FLAG_ERROR = 0x0040  # V4L2_BUF_FLAG_ERROR: the frame may be spoiled
MJPEG, JPEG, YUYV, GREY = map(fourcc, ("MJPG", "JPEG", "YUYV", "GREY"))
COMPRESSED = (MJPEG, JPEG)
PIXELS = (MJPEG, JPEG, YUYV, GREY)  # as they are asked for
