"""What keeps other processes and the disk away from this one's memory. Law: what could not be had is said, not hidden.

| measure         | against                                                    | by                                    |
|-----------------|------------------------------------------------------------|---------------------------------------|
| no new rights   | a set-uid program started from here                        | prctl(2), PR_SET_NO_NEW_PRIVS         |
| not readable    | ptrace and /proc/PID/mem by another process of this user   | prctl(2), PR_SET_DUMPABLE = 0         |
| no core file    | a crash that writes memory to the disk                     | setrlimit(2), RLIMIT_CORE = 0         |
| not swapped     | memory written to a swap partition                         | mlockall(2)                           |

Root, the kernel and hibernation are above all of these.
"""

from __future__ import annotations

import ctypes
import os
import resource
from collections.abc import Callable

PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 4, 38  # linux/prctl.h
MCL_CURRENT, MCL_FUTURE, MCL_ONFAULT = 1, 2, 4  # asm-generic/mman.h; the last: what is touched, not what is reserved
_libc = ctypes.CDLL(None, use_errno=True)


def guard() -> tuple[str, ...]:
    """Take every measure that can be had; a sentence for each that cannot."""
    missing = []
    for name, take in MEASURES:
        try:
            take()
        except (OSError, ValueError) as error:
            missing.append(f"{name}: {getattr(error, 'strerror', None) or error}")
    return tuple(missing)


def _no_new_rights() -> None:
    _checked(_libc.prctl(PR_SET_NO_NEW_PRIVS, *map(ctypes.c_ulong, (1, 0, 0, 0))))


def _not_readable() -> None:
    _checked(_libc.prctl(PR_SET_DUMPABLE, *map(ctypes.c_ulong, (0, 0, 0, 0))))


def _no_core_file() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _not_swapped() -> None:
    """Only where there is no limit: under one, a later allocation would fail in the middle of a payment."""
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    _checked(_libc.mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT))


def _checked(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


MEASURES: tuple[tuple[str, Callable[[], None]], ...] = (
    ("no new rights", _no_new_rights),
    ("not readable", _not_readable),
    ("no core file", _no_core_file),
    ("not swapped", _not_swapped),
)
