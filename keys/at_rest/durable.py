"""A file on the disk, whole. Law: after a power cut there is what was before, or what was wanted; never half of it.

| step                         | cut after it                                   |
|------------------------------|------------------------------------------------|
| NAME.new is written          | what was before; NAME.new is removed next time |
| its bytes are on the disk    | the same                                       |
| NAME is made or replaced     | before or after, as the disk has it            |
| the folder is on the disk    | what was wanted                                |
"""

from __future__ import annotations

import os
from pathlib import Path


def put(path: Path, content: bytes, *, is_first: bool = False) -> None:
    """For the folder's owner only. Raises OSError; `is_first`: FileExistsError too, where there is one.

    After an error there is what was before, or, where the folder could not be brought to the disk, what was wanted.
    """
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    try:
        _write(fresh, content)
        if is_first:
            os.link(fresh, path)  # unlike rename(2) it never replaces
        else:
            fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _write(fresh: Path, content: bytes) -> None:
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        if os.geteuid() == 0:  # a tech prepares as root what a service reads
            owner = fresh.parent.stat()
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
