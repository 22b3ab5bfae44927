"""What a pad on glass shows, told by the vault to the front alone, over a socket. Law: points never leave the vault.

| from  | says    | when                                                                            |
|-------|---------|---------------------------------------------------------------------------------|
| front | `Pad`   | first, once: where its cells are                                                |
| vault | `Face`  | an entry begins: what each cell is; no labels: it is over, nothing is shown      |
| front | `Drawn` | that face is on the glass                                                       |

One JSON value a line. The vault listens; the front that came last is the one. The core is not let in: where digits
are shuffled, a face is as good as half a PIN, and is in no log and no repr.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Annotated

import msgspec

from terminal.device_errors import PinpadLost
from terminal.events import DIGITS, KEYS

Chance = Callable[[int], int]  # n -> one of 0 .. n-1, all as likely: secrets.randbelow
Pixel = Annotated[int, msgspec.Meta(ge=0, le=4095)]
NEEDED = (*DIGITS, "cancel", "clear", "enter")
LONGEST_LINE = 1 << 14
FIRST_SECONDS = 5.0  # for a front to say its pad
CREDENTIALS = struct.Struct("3i")  # unix(7), SO_PEERCRED: pid, uid, gid


class Cell(msgspec.Struct, frozen=True):
    """One key's place, in pixels; `key` is what it is where digits are not shuffled."""

    key: str
    x: Pixel
    y: Pixel
    w: Pixel
    h: Pixel

    def has(self, x: int, y: int) -> bool:
        return self.x <= x < self.x + self.w and self.y <= y < self.y + self.h

    def meets(self, other: Cell) -> bool:
        return (
            self.x < other.x + other.w
            and other.x < self.x + self.w
            and self.y < other.y + other.h
            and other.y < self.y + self.h
        )


class Pad(msgspec.Struct, frozen=True):
    """The cells on a panel of `width` by `height` pixels. Raises ValueError for a pad that nobody could type on."""

    width: Pixel
    height: Pixel
    cells: Annotated[tuple[Cell, ...], msgspec.Meta(max_length=len(KEYS))]

    def __post_init__(self) -> None:
        keys = [cell.key for cell in self.cells]
        if len(set(keys)) < len(keys) or not set(NEEDED) <= set(keys) <= set(KEYS):
            raise ValueError("a pad has each digit, cancel, clear and enter, and no key twice")
        if any(cell.x + cell.w > self.width or cell.y + cell.h > self.height for cell in self.cells):
            raise ValueError("a cell is not on the panel")
        if any(one.meets(other) for at, one in enumerate(self.cells) for other in self.cells[:at]):
            raise ValueError("two cells share a place")


class Face(msgspec.Struct, frozen=True):
    """The key that each cell is, in the order of the pad's cells."""

    labels: tuple[str, ...] = ()
    serial: int = 0

    def __repr__(self) -> str:
        """Without the labels."""
        return f"Face({self.serial})"


class Drawn(msgspec.Struct, frozen=True):
    """The face of this serial can be seen."""

    serial: int


def laid_out(pad: Pad, chance: Chance | None) -> tuple[str, ...]:
    """The labels: as the pad has them, or its digits in any order (Fisher and Yates) among the places of digits."""
    labels = [cell.key for cell in pad.cells]
    if chance is not None:
        places = [place for place, key in enumerate(labels) if key in DIGITS]
        for last in range(len(places) - 1, 0, -1):
            one, other = places[last], places[chance(last + 1)]
            labels[one], labels[other] = labels[other], labels[one]
    return tuple(labels)


def key_at(pad: Pad, labels: tuple[str, ...], x: int, y: int) -> str | None:
    """The key under a point in pixels of the panel."""
    return next((label for cell, label in zip(pad.cells, labels, strict=True) if cell.has(x, y)), None)


class PadFace:
    """A face that a front shows; `when_gone` is called when the front goes away."""

    def __init__(self, pad: Pad, labels: tuple[str, ...]) -> None:
        self.pad, self.labels = pad, labels
        self.when_gone: Callable[[], None] = lambda: None

    def key_at(self, x: int, y: int) -> str | None:
        return key_at(self.pad, self.labels, x, y)


class _Attached:
    """One front."""

    def __init__(self, pad: Pad, writer: asyncio.StreamWriter) -> None:
        self.pad, self._writer = pad, writer
        self.face: PadFace | None = None
        self.drawn: asyncio.Future[None] | None = None
        self.serial = 0
        self.is_gone = False

    def tell(self, labels: tuple[str, ...]) -> None:
        self.serial += 1
        if not self._writer.is_closing():
            self._writer.write(_line(Face(labels, self.serial)))

    def hears(self, drawn: Drawn) -> None:
        if self.drawn is not None and not self.drawn.done() and drawn.serial == self.serial:
            self.drawn.set_result(None)

    def goes(self) -> None:
        self.is_gone = True
        self._writer.close()
        if self.drawn is not None and not self.drawn.done():
            self.drawn.set_exception(PinpadLost("the front is gone"))
        if self.face is not None:
            self.face.when_gone()


class PadLink:
    """The vault's end."""

    def __init__(self) -> None:
        self._front: _Attached | None = None
        self._came = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._uids: frozenset[int] = frozenset()

    async def listen(self, path: Path, uids: Iterable[int]) -> None:
        """Open the socket (mode 0660); only processes of these users are heard. A stale file is replaced."""
        self._uids = frozenset(uids)
        path.unlink(missing_ok=True)
        mask = os.umask(0o117)
        try:
            self._server = await asyncio.start_unix_server(self._attached, path=str(path), limit=LONGEST_LINE)
        finally:
            os.umask(mask)

    async def close(self) -> None:
        """Stop listening and let the front go."""
        if self._server is not None:
            self._server.close()
        self._leave(self._front)

    @contextlib.asynccontextmanager
    async def faced(self, chance: Chance | None, seconds: float) -> AsyncIterator[PadFace]:
        """A face that can be seen, until this is left. Raises PinpadLost: no front shows one within `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                front, face = await self._shown(chance)
        except TimeoutError:
            raise PinpadLost("no front shows the pad") from None
        try:
            yield face
        finally:
            front.face = None
            front.tell(())

    async def _shown(self, chance: Chance | None) -> tuple[_Attached, PadFace]:
        """By the front that is there, or the one that comes when it goes."""
        while True:
            front = await self._a_front()
            with contextlib.suppress(PinpadLost):
                return front, await _seen_on(front, laid_out(front.pad, chance))

    async def _a_front(self) -> _Attached:
        while self._front is None:
            self._came.clear()
            await self._came.wait()
        return self._front

    async def _attached(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        front: _Attached | None = None
        try:
            if _uid_of(writer) not in self._uids:
                return
            async with asyncio.timeout(FIRST_SECONDS):
                front = _Attached(_pads.decode(await reader.readline()), writer)
            self._welcome(front)
            async for line in reader:
                front.hears(_drawns.decode(line))
        except (OSError, ValueError):  # not a front: a line too long, or one that says nothing, is a ValueError
            pass
        finally:
            self._leave(front)
            writer.close()

    def _welcome(self, front: _Attached) -> None:
        if self._front is not None:
            self._front.goes()
        self._front = front
        self._came.set()

    def _leave(self, front: _Attached | None) -> None:
        if front is not None and not front.is_gone:
            front.goes()
        if self._front is front:
            self._front = None


async def _seen_on(front: _Attached, labels: tuple[str, ...]) -> PadFace:
    """Tell the front, and wait until it is seen; a face that is not seen is taken back."""
    front.drawn = asyncio.get_running_loop().create_future()
    front.tell(labels)
    try:
        await front.drawn
    except BaseException:
        front.tell(())
        raise
    finally:
        front.drawn = None
    if front.is_gone:
        raise PinpadLost("the front is gone")
    front.face = PadFace(front.pad, labels)
    return front.face


def _uid_of(writer: asyncio.StreamWriter) -> int:
    peer = writer.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
    _, uid, _ = CREDENTIALS.unpack(peer)
    return int(uid)


class VaultLink:
    """The front's end. `async with VaultLink.attach(path, pad) as link: async for face in link.faces(): ...`"""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    @contextlib.asynccontextmanager
    async def attach(cls, path: Path, pad: Pad) -> AsyncIterator[VaultLink]:
        """Raises OSError while the vault does not listen."""
        reader, writer = await asyncio.open_unix_connection(str(path), limit=LONGEST_LINE)
        try:
            writer.write(_line(pad))
            yield cls(reader, writer)
        finally:
            writer.close()

    async def faces(self) -> AsyncIterator[Face]:
        """Every face until the vault goes away. Raises OSError, msgspec.DecodeError."""
        async for line in self._reader:
            yield _faces.decode(line)

    def drawn(self, face: Face) -> None:
        """This face can be seen; never blocks."""
        if not self._writer.is_closing():
            self._writer.write(_line(Drawn(face.serial)))


_pads: msgspec.json.Decoder[Pad] = msgspec.json.Decoder(Pad)
_faces: msgspec.json.Decoder[Face] = msgspec.json.Decoder(Face)
_drawns: msgspec.json.Decoder[Drawn] = msgspec.json.Decoder(Drawn)


def _line(said: Pad | Face | Drawn) -> bytes:
    return msgspec.json.encode(said) + b"\n"
