"""What terminal and vault say to each other, and the socket they say it on. Law: one request, one answer, in order.

A frame is a 4-byte big-endian length and a msgpack body of at most MAX_FRAME bytes. What was in a frame is overwritten
as soon as it was sent or decoded. Python cannot overwrite more than that: a PIN is a `str` and a key's or a card's
bytes are `bytes` while they are worked with, both immutable; their memory is free again after use, not clean. The
kernel copies frames through the socket's buffers too. What remains is held back by keys/process_guard.py.
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

from terminal.emv.oda.capk import PublicKey
from terminal.ports import Vault

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


class Request(msgspec.Struct, frozen=True, tag=True, array_like=True, forbid_unknown_fields=True):
    """One call of the Vault port."""

    def __repr__(self) -> str:
        """Never what is in it."""
        return f"{type(self).__name__}()"

    async def put_to(self, vault: Vault) -> bytes:
        """Carry the call out; text comes as ASCII."""
        raise NotImplementedError


class LoadWorkingKeys(Request, frozen=True):
    block: bytes
    cipher: str

    async def put_to(self, vault: Vault) -> bytes:
        await vault.load_working_keys(self.block, self.cipher)
        return b""


class Mac(Request, frozen=True):
    block: bytes
    rule: str

    async def put_to(self, vault: Vault) -> bytes:
        return await vault.mac(self.block, self.rule)


class PinBlock(Request, frozen=True):
    pin: str
    pan: str
    cipher: str

    async def put_to(self, vault: Vault) -> bytes:
        return await vault.pin_block(self.pin, self.pan, self.cipher)


class OfflinePin(Request, frozen=True):
    pin: str
    key: PublicKey | None
    challenge: bytes

    async def put_to(self, vault: Vault) -> bytes:
        return await vault.offline_pin(self.pin, self.key, self.challenge)


class EncryptTrack(Request, frozen=True):
    track: str
    cipher: str

    async def put_to(self, vault: Vault) -> bytes:
        return (await vault.encrypt_track(self.track, self.cipher)).encode("ascii")


class Seal(Request, frozen=True):
    secret: bytes

    async def put_to(self, vault: Vault) -> bytes:
        return await vault.seal(self.secret)


class Unseal(Request, frozen=True):
    sealed: bytes

    async def put_to(self, vault: Vault) -> bytes:
        return await vault.unseal(self.sealed)


class Fingerprint(Request, frozen=True):
    pan: bytes

    async def put_to(self, vault: Vault) -> bytes:
        return (await vault.fingerprint(self.pan)).encode("ascii")


class Done(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """What the call returned; text as ASCII."""

    value: bytes

    def __repr__(self) -> str:
        """Never what is in it."""
        return "Done()"


class Missing(msgspec.Struct, frozen=True, tag="KeyMissing", array_like=True):
    """The call raised KeyMissing with this sentence."""

    sentence: str


class Refused(msgspec.Struct, frozen=True, tag="KeyRefused", array_like=True):
    """The call raised KeyRefused with this sentence."""

    sentence: str


Answer = Done | Missing | Refused
AnyRequest = LoadWorkingKeys | Mac | PinBlock | OfflinePin | EncryptTrack | Seal | Unseal | Fingerprint
_encoder = msgspec.msgpack.Encoder()
_requests: msgspec.msgpack.Decoder[AnyRequest] = msgspec.msgpack.Decoder(AnyRequest)
_answers: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)


def wipe(buffer: bytearray) -> None:
    """Overwrite in place."""
    buffer[:] = bytes(len(buffer))


def framed(said: Request | Answer) -> bytearray:
    """The whole frame. Raises ValueError when it is longer than the other side takes."""
    frame = bytearray(LENGTH.size)
    _encoder.encode_into(said, frame, LENGTH.size)
    size = len(frame) - LENGTH.size
    if size > MAX_FRAME:
        wipe(frame)
        raise ValueError(f"{size} bytes are too long for one frame of {MAX_FRAME}")
    LENGTH.pack_into(frame, 0, size)
    return frame


def as_request(body: bytearray) -> AnyRequest:
    """Decode and wipe. Raises WireLost for what is no request."""
    return _decoded(_requests, body)


def as_answer(body: bytearray) -> Answer:
    """Decode and wipe. Raises WireLost for what is no answer."""
    return _decoded(_answers, body)


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


def _decoded(decoder: msgspec.msgpack.Decoder[T], body: bytearray) -> T:
    try:
        return decoder.decode(body)
    except msgspec.DecodeError:
        raise WireLost("a frame that says nothing") from None
    finally:
        wipe(body)
