"""The Inbox port over a folder. Law: a file appears whole, is read once, and stays beside with its verdict."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from terminal.ports import DeviceError

T = TypeVar("T")

SUFFIX, COMING, WHY = ".csv", ".coming", ".why"
LONGEST_NAME = 200  # bytes; with verdict and reason behind it a name must still be one
MOST_BYTES = 32 * 1024 * 1024  # a larger one is no day of one merchant; it is read as too short


class InboxFailed(DeviceError):
    """The folder cannot be read or written (rights, disk)."""


class FolderInbox:
    """`folder` "" is none: nothing ever waits."""

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder) if folder else None
        self._places: dict[str, Path] = {}  # by the name that is told, which is always text

    async def waiting(self) -> list[tuple[str, str]]:
        """Raises InboxFailed."""
        return await self._done(self._read) if self._folder is not None else []

    async def put_by(self, name: str, verdict: str, why: str) -> None:
        """Raises InboxFailed."""
        await self._done(lambda: self._put_by(name, verdict, why))

    async def _done(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(work)
        except OSError as error:
            raise InboxFailed(f"the inbox cannot be used: {error.strerror}") from None

    def _read(self) -> list[tuple[str, str]]:
        assert self._folder is not None
        if not self._folder.is_dir():
            return []
        found = []
        for path in sorted(self._folder.glob(f"*{SUFFIX}")):
            with contextlib.suppress(OSError):  # one that cannot be read must not hide the others
                if path.is_file():  # a pipe would be waited for, for ever
                    name = path.name.encode("utf-8", "replace").decode()
                    found.append((name, _text(path)))
                    self._places[name] = path
        return found

    def _put_by(self, name: str, verdict: str, why: str) -> None:
        assert self._folder is not None
        path = self._places.pop(name, self._folder / name)
        kept = next(kept for kept in _names(path, verdict) if not kept.exists())  # evidence is never overwritten
        path.replace(kept)
        if why:
            kept.with_name(f"{kept.name}{WHY}").write_text(why + "\n", "utf-8")


def hand_in(folder: Path, file: Path) -> Path:
    """Copy a file into an inbox, so that it appears there whole. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / f"{file.stem}{SUFFIX}"
    coming = place.with_suffix(COMING)
    shutil.copyfile(file, coming)
    descriptor = os.open(coming, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return coming.replace(place)


def _names(path: Path, verdict: str) -> Iterator[Path]:
    name = os.fsdecode(os.fsencode(path.name)[:LONGEST_NAME])
    yield path.with_name(f"{name}.{verdict}")
    for number in itertools.count(2):
        yield path.with_name(f"{name}.{number}.{verdict}")


def _text(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(MOST_BYTES).decode("utf-8", "replace")
