"""What keeps other processes and the disk away from this one's memory. Law: what could not be had is said, not hidden.

| measure         | against                                                    | by                                    |
|-----------------|------------------------------------------------------------|---------------------------------------|
| no new rights   | a set-uid program started from here                        | prctl(2), PR_SET_NO_NEW_PRIVS         |
| not readable    | ptrace and /proc/PID/mem by another process of this user   | prctl(2), PR_SET_DUMPABLE = 0         |
| no core file    | a crash that writes memory to the disk                     | setrlimit(2), RLIMIT_CORE = 0         |
| not swapped     | memory written to a swap partition                         | mlockall(2)                           |
| overwritten     | what was freed lies about until it is used again           | the environment, see below            |

The last is how Python can wipe at all: a PIN is a `str`, a key `bytes`, and neither can be overwritten in place.

| in the environment                            | does                                                           |
|-----------------------------------------------|----------------------------------------------------------------|
| PYTHONMALLOC=malloc                           | every object goes back to the C library when it is freed       |
| PYTHONMALLOC=malloc_debug                     | and is overwritten by Python before, to its last byte          |
| MALLOC_PERTURB_=165 (mallopt(3))              | glibc overwrites what is freed, but for the last 8 bytes       |
| GLIBC_TUNABLES=glibc.malloc.tcache_count=0    | also what would go into a thread's cache                       |

The last 8 bytes are where a `str` of 4 to 7 characters has them: hence the second for the vault, which hears PINs.

Root, the kernel and hibernation are above all of these.
"""

from __future__ import annotations

import ctypes
import errno
import os
import resource
from collections.abc import Callable

PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 4, 38  # linux/prctl.h
MCL_CURRENT, MCL_FUTURE, MCL_ONFAULT = 1, 2, 4  # asm-generic/mman.h; the last: what is touched, not what is reserved
WIPING = {
    "PYTHONMALLOC": "malloc_debug",
    "MALLOC_PERTURB_": "165",
    "GLIBC_TUNABLES": "glibc.malloc.tcache_count=0",
}
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


def _overwritten() -> None:
    """Set before the process starts, or not at all."""
    lacking = [name for name, value in WIPING.items() if os.environ.get(name) != value]
    if lacking:
        raise OSError(errno.EINVAL, f"{', '.join(lacking)} not as it must be in the environment")


def _checked(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


MEASURES: tuple[tuple[str, Callable[[], None]], ...] = (
    ("no new rights", _no_new_rights),
    ("not readable", _not_readable),
    ("no core file", _no_core_file),
    ("not swapped", _not_swapped),
    ("overwritten", _overwritten),
)
