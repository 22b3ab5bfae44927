"""A process that runs: its memory as a core dump would have it, its files. Law: it stands still while it is read.

What a file lies behind and nobody can write is left out: that is the file. All else that can be read is read: heap,
stacks, anonymous and shared maps, data of libraries. What the kernel holds (socket buffers, registers) is not here.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

STOP_SECONDS = 5.0
LOOK = 0.002
NOT_MEMORY = ("[vvar", "[vsyscall", "[vdso", "/dev/")


class Region(msgspec.Struct, frozen=True):
    """Neighbours of one name are one region: a secret may lie across two of them."""

    start: int
    end: int
    name: str


def image(pid: int) -> Iterator[tuple[str, bytes]]:
    """Each region's name and bytes. Raises OSError for a process that is gone."""
    with _standing_still(pid), open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for region in regions(Path(f"/proc/{pid}/maps").read_text("utf-8")):
            with contextlib.suppress(OSError):  # a page that cannot be had is none
                yield region.name, os.pread(memory.fileno(), region.end - region.start, region.start)


def regions(maps: str) -> list[Region]:
    """proc(5), /proc/pid/maps.

    >>> first, second = "1000-2000 rw-p 0 00:00 0 [heap]", "2000-3000 rwxp 0 00:00 0 [heap]"
    >>> regions(chr(10).join((first, second, "5000-6000 r--p 0 08:01 7 /lib/x.so")))
    [Region(start=4096, end=12288, name='[heap]')]
    """
    found: list[Region] = []
    for line in maps.splitlines():
        extent, rights, _, _, inode, *path = line.split(maxsplit=5)
        name = path[0] if path else "anonymous"
        if rights[0] != "r" or name.startswith(NOT_MEMORY) or ("w" not in rights and inode != "0"):
            continue
        start, end = (int(one, 16) for one in extent.split("-"))
        if found and (found[-1].end, found[-1].name) == (start, name):
            found[-1] = Region(found[-1].start, end, name)
        else:
            found.append(Region(start, end, name))
    return found


def open_files(pid: int) -> Iterator[tuple[str, bytes]]:
    """Every file that it holds open, also one that has no name any more: proc(5), /proc/pid/fd."""
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):  # closed meanwhile
            if descriptor.is_file():
                yield os.readlink(descriptor), descriptor.read_bytes()


@contextlib.contextmanager
def _standing_still(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        until = time.monotonic() + STOP_SECONDS
        while Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
            if time.monotonic() > until:
                raise OSError(f"process {pid} does not stop")
            time.sleep(LOOK)
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
