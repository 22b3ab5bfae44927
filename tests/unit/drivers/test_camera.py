"""The camera: one contract for the driver and its twin, and the driver's ioctls against the kernel's own header.

There is no camera here, and no kernel module that plays one: the driver is run on a played kernel (PlayedVideo), and
its numbers and sizes are compared with what gcc makes of linux/videodev2.h.
"""

import asyncio
import ctypes
import errno
import io
import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from drivers import video_wire as wire
from drivers.camera import MOST_BYTES, SETTLE, SIZE, V4l2Camera
from simulator.camera import SimulatedCamera
from terminal.ports import Camera, CameraLost

HEADER = Path("/usr/include/linux/videodev2.h")
EXIF = b"\xff\xe1\x00\x20Exif\x00\x00SERIAL-NUMBER-0123456"
NAMES = {
    "VIDIOC_QUERYCAP": wire.QUERYCAP,
    "VIDIOC_S_FMT": wire.S_FMT,
    "VIDIOC_REQBUFS": wire.REQBUFS,
    "VIDIOC_QUERYBUF": wire.QUERYBUF,
    "VIDIOC_QBUF": wire.QBUF,
    "VIDIOC_DQBUF": wire.DQBUF,
    "VIDIOC_STREAMON": wire.STREAMON,
    "VIDIOC_STREAMOFF": wire.STREAMOFF,
    "V4L2_CAP_DEVICE_CAPS": wire.HAS_DEVICE_CAPS,
    "(V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING)": wire.NEEDED,
    "V4L2_BUF_TYPE_VIDEO_CAPTURE": wire.CAPTURE,
    "V4L2_MEMORY_MMAP": wire.MMAP,
    "V4L2_BUF_FLAG_ERROR": wire.FLAG_ERROR,
    "V4L2_PIX_FMT_MJPEG": wire.MJPEG,
    "V4L2_PIX_FMT_JPEG": wire.JPEG,
    "V4L2_PIX_FMT_YUYV": wire.YUYV,
    "V4L2_PIX_FMT_GREY": wire.GREY,
    "sizeof(struct v4l2_buffer)": ctypes.sizeof(wire.Buffer),
    "offsetof(struct v4l2_buffer, bytesused)": wire.Buffer.bytesused.offset,
    "offsetof(struct v4l2_buffer, flags)": wire.Buffer.flags.offset,
    "offsetof(struct v4l2_buffer, memory)": wire.Buffer.memory.offset,
    "offsetof(struct v4l2_buffer, m.offset)": wire.Buffer.m.offset,
    "offsetof(struct v4l2_buffer, length)": wire.Buffer.length.offset,
    "offsetof(struct v4l2_format, fmt.pix)": wire.Format.fmt.offset,
    "offsetof(struct v4l2_pix_format, pixelformat)": wire.PixFormat.pixelformat.offset,
    "offsetof(struct v4l2_pix_format, bytesperline)": wire.PixFormat.bytesperline.offset,
    "offsetof(struct v4l2_capability, capabilities)": wire.Capability.capabilities.offset,
    "offsetof(struct v4l2_capability, device_caps)": wire.Capability.device_caps.offset,
}


def picture(size=SIZE, shade=0):
    raw = io.BytesIO()
    Image.new("RGB", size, (shade, 40, 200)).save(raw, "JPEG")
    return raw.getvalue()


def yuyv(shade, width, height, pitch):
    row = bytes((shade, 128)) * width
    return (row + bytes(pitch - len(row))) * height


class PlayedVideo:
    """The kernel's side of a camera (drivers/media/v4l2-core): buffers go round, what is asked for in wrong order is
    refused. `takes` is the one format it has; `frames` come one after the other, the last over and over."""

    def __init__(self, frames, takes=wire.MJPEG, size=SIZE, pitch=0, can=wire.NEEDED, spoiled=()):
        self.frames, self.takes, self.size, self.pitch, self.can = frames, takes, size, pitch, can
        self.spoiled = spoiled
        self.queued, self.memory = [], {}
        self.is_open, self.is_on, self.taken, self.fails_at = True, False, 0, {}

    def ioctl(self, number, value):
        assert self.is_open
        if number in self.fails_at:
            raise OSError(self.fails_at[number], "played")
        {
            wire.QUERYCAP: self._capability,
            wire.S_FMT: self._format,
            wire.REQBUFS: self._room,
            wire.QUERYBUF: self._place,
            wire.QBUF: lambda value: self.queued.append(value.index),
            wire.DQBUF: self._filled,
            wire.STREAMON: lambda _: setattr(self, "is_on", True),
            wire.STREAMOFF: lambda _: setattr(self, "is_on", False),
        }[number](value)

    def _capability(self, value):
        value.capabilities, value.device_caps = wire.HAS_DEVICE_CAPS | wire.NEEDED, self.can

    def _format(self, value):
        assert value.type == wire.CAPTURE
        value.pix.pixelformat, (value.pix.width, value.pix.height) = self.takes, self.size
        value.pix.bytesperline = self.pitch

    def _room(self, value):
        assert (value.type, value.memory) == (wire.CAPTURE, wire.MMAP)
        value.count = 2  # fewer than were asked for
        self.length = max(map(len, self.frames)) or 1

    def _place(self, value):
        value.length, value.m.offset = self.length, value.index * 4096

    def map(self, length, offset):
        self.memory[offset // 4096] = bytearray(length)
        return memoryview(self.memory[offset // 4096])

    def wait(self, seconds):
        return self.is_on and bool(self.queued) and bool(self.frames[min(self.taken, len(self.frames) - 1)])

    def _filled(self, value):
        assert self.is_on
        frame = self.frames[min(self.taken, len(self.frames) - 1)]
        index = self.queued.pop(0)
        self.memory[index][: len(frame)] = frame
        value.index, value.bytesused = index, len(frame)
        value.flags = wire.FLAG_ERROR if self.taken in self.spoiled else 0
        self.taken += 1

    def close(self):
        assert not self.is_on, "the stream was left on"
        self.is_open = False


def driver(video):
    return V4l2Camera("/dev/video-played", lambda path: video)


def seen(raw):
    image = Image.open(io.BytesIO(raw))
    image.load()
    return image


# --- the contract ----------------------------------------------------------------------------------------------------
@pytest.fixture(params=["driver", "twin"])
def port(request) -> Camera:
    return SimulatedCamera() if request.param == "twin" else driver(PlayedVideo([picture()]))


async def test_a_photo_is_a_jpeg_of_at_most_a_mebibyte(port):
    raw = await port.photo()
    assert raw[:2] == b"\xff\xd8"
    assert len(raw) <= MOST_BYTES
    assert seen(raw).format == "JPEG"


@pytest.mark.parametrize("which", ["driver", "twin"])
async def test_a_camera_that_is_gone_is_lost(which):
    port = driver(PlayedVideo([picture()]))
    if which == "driver":
        video = PlayedVideo([picture()])
        video.fails_at[wire.QUERYCAP] = errno.ENODEV
        port = driver(video)
    else:
        port = SimulatedCamera()
        port.is_lost = True
    with pytest.raises(CameraLost):
        await port.photo()


@pytest.mark.parametrize("which", ["driver", "twin"])
async def test_whoever_waits_may_leave(which):
    video = PlayedVideo([b""])
    port = driver(video) if which == "driver" else SimulatedCamera()
    if which == "twin":
        port.is_mute = True
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await port.photo()
    for _ in range(100):
        if which == "twin" or not video.is_open:
            return
        await asyncio.sleep(0.02)
    pytest.fail("the camera is still open")


# --- the driver ------------------------------------------------------------------------------------------------------
@pytest.mark.skipif(not (HEADER.exists() and shutil.which("gcc")), reason="no gcc, or no header of the kernel's")
def test_numbers_and_sizes_are_the_kernels(tmp_path):
    prints = "".join(f'printf("%llu\\n", (unsigned long long)({name}));' for name in NAMES)
    source = f"#include <stdio.h>\n#include <stddef.h>\n#include <linux/videodev2.h>\nint main(){{{prints}}}"
    (tmp_path / "sizes.c").write_text(source)
    subprocess.run(["gcc", "-w", "-o", tmp_path / "sizes", tmp_path / "sizes.c"], check=True)
    told = subprocess.run([tmp_path / "sizes"], check=True, capture_output=True, text=True).stdout.split()
    assert dict(zip(NAMES, map(int, told), strict=True)) == NAMES


@pytest.mark.parametrize("path", ["/dev/video-not-there", "/dev/null"])
async def test_what_is_no_camera_is_lost(path):
    """The real ioctl: ENOTTY of /dev/null."""
    with pytest.raises(CameraLost):
        await V4l2Camera(path).photo()


async def test_the_picture_is_of_after_it_settled_and_the_camera_is_let_go():
    video = PlayedVideo([picture(shade=0)] * SETTLE + [picture(shade=250)])
    red, _, _ = seen(await driver(video).photo()).getpixel((10, 10))
    assert red > 200
    assert not video.is_open


async def test_what_stands_beside_the_picture_stays_behind():
    with_exif = picture()[:2] + EXIF + picture()[2:]
    assert b"SERIAL" in with_exif
    raw = await driver(PlayedVideo([with_exif])).photo()
    assert b"SERIAL" not in raw
    assert b"Exif" not in raw


async def test_a_spoiled_frame_is_passed_over():
    bad = [picture()[:900], b"no picture at all", picture((64, 64))]
    video = PlayedVideo([picture()] * SETTLE + bad + [picture(shade=250)], spoiled=(SETTLE + 3,))
    red, _, _ = seen(await driver(video).photo()).getpixel((10, 10))
    assert red > 200
    assert video.taken >= SETTLE + 5


async def test_one_that_gives_only_spoiled_frames_gives_no_picture():
    with pytest.raises(CameraLost):
        await driver(PlayedVideo([b"no picture"])).photo()


@pytest.mark.parametrize("pitch", [0, 8, 16])
async def test_one_without_jpeg_gives_brightness_row_by_row(pitch):
    width, height = 4, 4
    frame = yuyv(200, width, height, pitch or 2 * width)
    image = seen(await driver(PlayedVideo([frame], wire.YUYV, (width, height), pitch)).photo())
    assert (image.size, image.mode) == ((width, height), "L")
    assert abs(image.getpixel((3, 3)) - 200) < 3


async def test_a_frame_that_is_too_short_is_none():
    with pytest.raises(CameraLost):
        await driver(PlayedVideo([bytes(10)], wire.YUYV, (4, 4))).photo()


async def test_an_unknown_format_or_a_device_that_cannot_stream_is_said():
    for video in (PlayedVideo([picture()], wire.fourcc("H264")), PlayedVideo([picture()], can=1)):
        with pytest.raises(CameraLost):
            await driver(video).photo()
        assert not video.is_open


@pytest.mark.parametrize("number", [wire.S_FMT, wire.REQBUFS, wire.QUERYBUF, wire.QBUF, wire.STREAMON, wire.DQBUF])
async def test_pulled_out_at_any_moment_it_is_lost_and_closed(number):
    video = PlayedVideo([picture()])
    video.fails_at[number] = errno.ENODEV
    with pytest.raises(CameraLost):
        await driver(video).photo()
    assert not video.is_open


async def test_noise_that_does_not_compress_is_still_short_enough():
    import random

    width, height = 2048, 1536
    noise = random.Random(1).randbytes(width * height)
    raw = await driver(PlayedVideo([noise], wire.GREY, (width, height))).photo()
    assert len(raw) <= MOST_BYTES
