"""The socket that terminal and vault speak on (calls.py is what they say). Law: whole frames, in order.

A frame is a 4-byte big-endian length and a msgpack body of at most MAX_FRAME bytes. What was in a frame is overwritten
as soon as it was sent or decoded. Python itself cannot overwrite more: a PIN is a `str` and a card's data are `bytes`
while they are worked with. The allocator overwrites those when they are free again, in a process that was started so
(keys/service/process_guard.py); the kernel copies frames through the socket's buffers too.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
from pathlib import Path
from typing import TypeVar

import msgspec

LENGTH = struct.Struct(">I")
MAX_FRAME = 1 << 16  # a request is a message of an acquirer at most, a few kilobytes
LONGEST_PATH = 107  # unix(7): sun_path holds 108 bytes with its null
PROBE_SECONDS = 1.0
WAITING = 8  # connections that wait to be accepted
CREDENTIALS = struct.Struct("3i")  # unix(7), SO_PEERCRED: pid, uid, gid
T = TypeVar("T")


class WireLost(Exception):
    """The other side is gone, too slow, or says what is no frame."""


class SocketRefused(Exception):
    """The vault cannot listen where it was told to."""


_encoder = msgspec.msgpack.Encoder()


def wipe(buffer: bytearray) -> None:
    """Overwrite in place."""
    buffer[:] = bytes(len(buffer))


def framed(said: object) -> bytearray:
    """The whole frame. Raises ValueError when it is longer than the other side takes."""
    frame = bytearray(LENGTH.size)
    _encoder.encode_into(said, frame, LENGTH.size)
    size = len(frame) - LENGTH.size
    if size > MAX_FRAME:
        wipe(frame)
        raise ValueError(f"{size} bytes are too long for one frame of {MAX_FRAME}")
    LENGTH.pack_into(frame, 0, size)
    return frame


def decoded(decoder: msgspec.msgpack.Decoder[T], body: bytearray) -> T:
    """Decode and wipe. Raises WireLost for what says nothing."""
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise WireLost("a frame that says nothing") from None
    finally:
        wipe(body)


class Wire:
    """One connection. Nothing is buffered here: bytes go from the frame to the kernel and back."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected

    @classmethod
    async def connected(cls, path: Path) -> Wire:
        """Raises OSError while nobody listens."""
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        made.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(made, str(path))
        except BaseException:  # a cancelled caller too leaves no socket open
            made.close()
            raise
        return cls(made)

    @property
    def peer_uid(self) -> int:
        """Whose process connected, as the kernel knows it (unix(7), SO_PEERCRED)."""
        _, uid, _ = CREDENTIALS.unpack(self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size))
        return int(uid)

    async def send(self, frame: bytearray, seconds: float) -> None:
        """The whole frame within `seconds`; it is wiped in any case. Raises WireLost."""
        try:
            async with asyncio.timeout(seconds):
                await asyncio.get_running_loop().sock_sendall(self._socket, frame)
        except OSError:  # TimeoutError is one
            raise WireLost("the other side does not take a frame") from None
        finally:
            wipe(frame)

    async def receive(self, seconds: float) -> bytearray:
        """The body of the next frame, which may take for ever to begin and `seconds` from there. Raises WireLost."""
        head = bytearray(LENGTH.size)
        body = bytearray()
        try:
            got = await self._more(memoryview(head))
            async with asyncio.timeout(seconds):
                await self._fill(memoryview(head)[got:])
                (size,) = LENGTH.unpack(head)
                if size > MAX_FRAME:
                    raise WireLost("a frame too long")
                body = bytearray(size)
                await self._fill(memoryview(body))
        except BaseException as error:  # a cancelled one too leaves nothing in memory
            wipe(body)
            if isinstance(error, OSError):  # TimeoutError is one
                raise WireLost("the other side is gone in the middle of a frame") from None
            raise
        return body

    def close(self) -> None:
        """Never raises."""
        with contextlib.suppress(OSError):
            self._socket.close()

    async def _fill(self, rest: memoryview) -> None:
        while rest:
            rest = rest[await self._more(rest) :]

    async def _more(self, room: memoryview) -> int:
        got = await asyncio.get_running_loop().sock_recv_into(self._socket, room)
        if not got:
            raise WireLost("the other side hung up")
        return got


class Listener:
    """Where the vault is asked. The socket file has mode 0660."""

    def __init__(self, path: Path) -> None:
        """Raises SocketRefused. A file that an earlier vault left behind is replaced, one that answers is not."""
        if len(os.fsencode(path)) > LONGEST_PATH:
            raise SocketRefused(f"{path}: a socket's path has {LONGEST_PATH} bytes at most")
        self._path, self._socket = path, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.setblocking(False)
        mask = os.umask(0o117)
        try:
            _make_way(path)
            self._socket.bind(str(path))
            self._socket.listen(WAITING)
        except OSError as error:
            self._socket.close()
            raise SocketRefused(f"{path}: {error.strerror or error}") from None
        except SocketRefused:
            self._socket.close()
            raise
        finally:
            os.umask(mask)

    async def accept(self) -> Wire:
        """The next that connects."""
        connected, _ = await asyncio.get_running_loop().sock_accept(self._socket)
        return Wire(connected)

    def close(self) -> None:
        """Stop, and take the file away."""
        self._socket.close()
        self._path.unlink(missing_ok=True)


def _make_way(path: Path) -> None:
    if not path.is_socket():
        if path.exists():
            raise SocketRefused(f"{path}: is there and is no socket")
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(PROBE_SECONDS)
        with contextlib.suppress(ConnectionRefusedError):
            probe.connect(str(path))
            raise SocketRefused(f"{path}: another vault answers there")
    path.unlink()
