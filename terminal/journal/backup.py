"""The journal on another medium: one sealed file. Law: whole or not there; only its own vault opens it.

    yuanlu backup 1 LF                          what it is, and which form
    {terminal_id, at, head, hash, size, pieces, salt} LF     JSON: what it holds; readable without the vault
    pieces times: length (4 bytes, big endian), sealed piece
    end LF SHA-256 of all before "end"          the mark: a file without it was cut

A sealed piece is what Vault.seal makes (AES-256-GCM under the record key) of

    SHA-256 of both lines above (32) | number of the piece, from 0 (4) | zlib of up to 48 KiB of the snapshot

so no piece can be altered, moved, left out, or taken from another backup; and the head's number and hash tell which
journal it is. The snapshot is SQLite's own (VACUUM INTO): of one moment, beside whoever writes, and without free
pages, where cards that were destroyed may still lie.
"""

from __future__ import annotations

import hashlib
import os
import re
import struct
import zlib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import msgspec

from terminal.journal.look import looked_into
from terminal.journal.store import JournalFailed, head
from terminal.ports import DeviceError, SealBroken, Vault

MAGIC = b"yuanlu backup 1\n"
END = b"end\n"
PIECE = 48 * 1024  # bytes of the snapshot; with what is around it a frame of the vault's socket
MOST_SEALED = 1 << 16
MOST_HEADER = 4096
LENGTH = struct.Struct(">I")
KEPT = 7  # of this terminal, the newest
NAME = re.compile(r"yuanlu-([A-Za-z0-9]{8})-([0-9]{8}T[0-9]{6})-([0-9]{9})\.backup")
PARTIAL = ".partial"
UNSETTLED = ("connecting", "awaiting-reply", "completing")  # of these a later reversal would undo what was accepted

Beside = Callable[[Callable[[], object]], Awaitable[object]]  # blocking work, off the loop
Watch = Callable[[int, int], None]  # pieces done, of how many


class BackupFailed(DeviceError):
    """Nothing was written that could be taken for a backup; `why` is missing, full, lost or busy."""

    def __init__(self, why: str, sentence: str = "") -> None:
        super().__init__(sentence or why)
        self.why = why


class BackupRefused(Exception):
    """This file is not restored; the sentence says why."""


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`head` and `hash` are the last event's; `size` of the snapshot in bytes; `salt` makes two backups differ."""

    terminal_id: str
    at: str
    head: int
    hash: str
    size: int
    pieces: int
    salt: str

    @property
    def name(self) -> str:
        """Of the file."""
        at = self.at[:19].replace("-", "").replace(":", "")
        return f"yuanlu-{self.terminal_id}-{at}-{self.head:09d}.backup"


# --- making one ------------------------------------------------------------------------------------------------------
def header_of(snapshot: Path, terminal_id: str, at: str) -> Header:
    """Of a snapshot. Raises BackupFailed "busy" while an exchange or a settlement is under way; JournalFailed."""
    with looked_into(snapshot) as db:
        marks = ",".join("?" * len(UNSETTLED))
        under_way = db.execute(f"SELECT 1 FROM exchange WHERE is_open AND state IN ({marks})", UNSETTLED).fetchone()  # noqa: S608 - only marks
        if under_way or db.execute("SELECT 1 FROM settlement WHERE is_open").fetchone():
            raise BackupFailed("busy")
        seq, hash = head(db)
    size = snapshot.stat().st_size
    return Header(terminal_id, at, seq, hash.hex(), size, -(-size // PIECE), os.urandom(16).hex())


async def sealed_copy(
    snapshot: Path, header: Header, folder: Path, vault: Vault, beside: Beside, watch: Watch = lambda done, of: None
) -> Path:
    """Write the backup into `folder`, drop the oldest above KEPT. Raises BackupFailed, KeyMissing, KeyRefused.

    What was there before is there until the new one is on the medium.
    """
    partial = folder / (header.name + PARTIAL)
    lines = MAGIC + msgspec.json.encode(header) + b"\n"
    try:
        with await _opened(snapshot, partial, beside) as work:
            await beside(lambda: work.put(lines))
            for number in range(header.pieces):
                watch(number, header.pieces)
                await work.add(number, hashlib.sha256(lines).digest(), vault, beside)
            await beside(work.end)
        return await _put_in_place(partial, folder / header.name, beside)
    except OSError as error:
        raise BackupFailed("full" if error.errno in FULL else "lost", error.strerror or str(error)) from None
    finally:
        with suppress(OSError):
            await beside(lambda: partial.unlink(missing_ok=True))


FULL = (28, 122)  # ENOSPC, EDQUOT of errno(3)


class _Copy:
    """Both files while one is copied into the other."""

    def __init__(self, source: BinaryIO, target: BinaryIO) -> None:
        self._source, self._target, self._digest = source, target, hashlib.sha256()

    def __enter__(self) -> _Copy:
        return self

    def __exit__(self, *_: object) -> None:
        self._source.close()
        with suppress(OSError):  # a stick that is gone was told by the write before
            self._target.close()

    def put(self, part: bytes) -> None:
        self._digest.update(part)
        self._target.write(part)

    async def add(self, number: int, bound: bytes, vault: Vault, beside: Beside) -> None:
        """One piece, from here into the vault and back."""
        part = await beside(lambda: self._source.read(PIECE))
        assert isinstance(part, bytes)
        sealed = await vault.seal(bound + LENGTH.pack(number) + zlib.compress(part, 1))
        await beside(lambda: self.put(LENGTH.pack(len(sealed)) + sealed))

    def end(self) -> None:
        """The mark, and all of it on the medium."""
        self._target.write(END + self._digest.digest())
        self._target.flush()
        os.fsync(self._target.fileno())


async def _opened(snapshot: Path, partial: Path, beside: Beside) -> _Copy:
    def both() -> _Copy:
        return _Copy(snapshot.open("rb"), partial.open("wb"))

    work = await beside(both)
    assert isinstance(work, _Copy)
    return work


async def _put_in_place(partial: Path, place: Path, beside: Beside) -> Path:
    def put() -> None:
        os.replace(partial, place)
        synced(place.parent)
        for old in kept(place.parent, place.name.split("-")[1])[KEPT:]:
            if old != place:
                old.unlink(missing_ok=True)

    await beside(put)
    return place


def synced(folder: Path) -> None:
    """The names in a folder are on the medium. Raises OSError."""
    there = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(there)
    finally:
        os.close(there)


def kept(folder: Path, terminal_id: str) -> list[Path]:
    """Backups of this terminal, the newest first. Raises OSError."""
    named = [(NAME.fullmatch(path.name), path) for path in folder.iterdir()]
    ours = [(found[2], found[3], path) for found, path in named if found and found[1] == terminal_id]
    return [path for _, _, path in sorted(ours, reverse=True)]


# --- reading one -----------------------------------------------------------------------------------------------------
def header_at(file: Path) -> Header:
    """What it says of itself, once all of it is there. Raises BackupRefused; OSError."""
    return next(_parts(file))[0]


async def opened_into(file: Path, snapshot: Path, vault: Vault, watch: Watch = lambda done, of: None) -> Header:
    """Write the journal that it holds to `snapshot`. Raises BackupRefused, KeyMissing, KeyRefused; OSError."""
    with snapshot.open("wb") as target:
        for header, bound, number, sealed in _parts(file):
            if not sealed:
                continue
            watch(number, header.pieces)
            target.write(await _opened_piece(sealed, bound + LENGTH.pack(number), vault))
        target.flush()
        os.fsync(target.fileno())
    _check_snapshot(snapshot, header)
    return header


async def _opened_piece(sealed: bytes, bound: bytes, vault: Vault) -> bytes:
    try:
        plain = await vault.unseal(sealed)
        if not plain.startswith(bound):
            raise BackupRefused("a piece of the backup is not in its place: it was altered")
        return zlib.decompress(plain[len(bound) :], bufsize=PIECE)
    except (SealBroken, zlib.error):
        raise BackupRefused(
            "this vault does not open the backup: it is altered, of another terminal, or of before keys were erased"
        ) from None


def _check_snapshot(snapshot: Path, header: Header) -> None:
    try:
        with looked_into(snapshot) as db:
            seq, hash = head(db)
    except JournalFailed as error:
        raise BackupRefused(f"what the backup holds is no journal: {error}") from None
    if (seq, hash.hex(), snapshot.stat().st_size) != (header.head, header.hash, header.size):
        raise BackupRefused("what the backup holds is not what it says of itself")


def _parts(file: Path) -> Iterator[tuple[Header, bytes, int, bytes]]:
    """(header, what binds a piece to it, number, sealed piece); first once without a piece. Raises BackupRefused."""
    with file.open("rb") as source:
        _check_whole(source)
        source.seek(0)
        lines = source.readline(MOST_HEADER) + source.readline(MOST_HEADER)
        try:
            header = msgspec.json.decode(lines[len(MAGIC) :], type=Header)
        except (ValueError, RecursionError):
            raise BackupRefused("the first lines of the backup cannot be read") from None
        if not lines.startswith(MAGIC) or header.pieces != -(-header.size // PIECE):
            raise BackupRefused("this is no backup of a form that this program knows")
        bound = hashlib.sha256(lines).digest()
        yield header, bound, 0, b""
        for number in range(header.pieces):
            (size,) = LENGTH.unpack(_exactly(source, LENGTH.size))
            if not 0 < size <= MOST_SEALED:
                raise BackupRefused("a piece of the backup has no length that it can have")
            yield header, bound, number, _exactly(source, size)
        if _exactly(source, len(END)) != END or len(source.read()) != hashlib.sha256().digest_size:
            raise BackupRefused("there is more in the backup than it says")


def _check_whole(source: BinaryIO) -> None:
    """The mark at the end, over all that is before it."""
    length = source.seek(0, os.SEEK_END) - len(END) - hashlib.sha256().digest_size
    source.seek(0)
    if source.readline(MOST_HEADER) != MAGIC:
        raise BackupRefused("this is no backup of a form that this program knows")
    source.seek(0)
    digest, rest = hashlib.sha256(), max(0, length)
    while part := source.read(min(rest, 1 << 20)):
        digest.update(part)
        rest -= len(part)
    source.seek(max(0, length))
    if source.read() != END + digest.digest():
        raise BackupRefused("the backup was cut or damaged: it does not end as it must")


def _exactly(source: BinaryIO, size: int) -> bytes:
    part = source.read(size)
    if len(part) != size:
        raise BackupRefused("the backup was cut in the middle of a piece")
    return part
