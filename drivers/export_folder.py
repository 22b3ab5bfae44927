"""The Export port over a folder or a USB stick. Law: a file appears whole and is on the medium, or there is none.

temporary name -> written -> synced -> renamed -> folder synced -> is the stick still there?

Everything goes through one handle of the folder, so that a stick that is pulled and unmounted meanwhile gets nothing
written into the empty folder below it. A file that is there already is never overwritten.

| `place`           | what it is                                                                            |
|-------------------|---------------------------------------------------------------------------------------|
| /path             | a folder; it is made if it is not there                                               |
| usb:/path         | where a stick is mounted (automount, systemd/): without a stick there is nothing there |
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from terminal.ports import ExportFailed

USB, COMING = "usb:", ".coming"
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
LARGEST = 64 * 1024 * 1024  # bytes


class FolderExport:
    """One place for all that is taken away."""

    def __init__(self, place: str) -> None:
        self._is_stick = place.startswith(USB)
        self._folder = Path(place.removeprefix(USB))

    async def put(self, name: str, content: bytes) -> str:
        """Raises ExportFailed. `name` is a plain file name."""
        if not name or Path(name).name != name or name.startswith(".") or len(content) > LARGEST:
            raise ValueError("not a file to be exported")
        return await asyncio.to_thread(self._put, name, content)

    def _put(self, name: str, content: bytes) -> str:
        folder = self._opened()
        try:
            return _kept(folder, name, content, self._is_there)
        finally:
            with contextlib.suppress(OSError):
                os.close(folder)

    def _opened(self) -> int:
        try:
            if not self._is_stick:
                self._folder.mkdir(parents=True, exist_ok=True)
            folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:
            raise ExportFailed("missing") from None
        if self._is_there(folder):
            return folder
        os.close(folder)
        raise ExportFailed("missing")

    def _is_there(self, folder: int) -> bool:
        """The open folder is what the path leads to now, and a stick is mounted on it."""
        try:
            here, now = os.fstat(folder), os.stat(self._folder)
            is_mounted = not self._is_stick or os.path.ismount(self._folder)
        except OSError:
            return False
        return is_mounted and (here.st_dev, here.st_ino) == (now.st_dev, now.st_ino)


def _kept(folder: int, name: str, content: bytes, is_there: Callable[[int], bool]) -> str:
    """The whole way; what is half done is taken away again where that can still be done."""
    coming = f".{name}{COMING}"
    try:
        _write(folder, coming, content)
        kept = next(free for free in _names(name) if not _exists(folder, free))
        os.rename(coming, kept, src_dir_fd=folder, dst_dir_fd=folder)
        os.fsync(folder)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(coming, dir_fd=folder)
        raise ExportFailed("full" if error.errno in FULL else "lost") from None
    if not is_there(folder):
        raise ExportFailed("lost")
    return kept


def _write(folder: int, name: str, content: bytes) -> None:
    """A rest of an earlier try goes first; a pipe that somebody put on the stick is not waited for."""
    how = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    file = os.open(name, how, 0o600, dir_fd=folder)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(file, rest) :]
        os.fsync(file)
    finally:
        os.close(file)


def _exists(folder: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _names(name: str) -> Iterator[str]:
    """The name, then the same with a number."""
    yield name
    path = Path(name)
    for number in itertools.count(2):
        yield f"{path.stem}-{number}{path.suffix}"
