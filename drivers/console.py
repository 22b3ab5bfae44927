"""The virtual terminal under a framebuffer. Law: while another has the console nothing of ours is drawn on it.

| signal  | the kernel          | we                                      |
|---------|---------------------|-----------------------------------------|
| SIGUSR1 | wants the console   | rest, then give it (VT_RELDISP 1)       |
| SIGUSR2 | gives it back       | take it (VT_ACKACQ), draw all of it     |

In between it is in KD_GRAPHICS, where the kernel draws neither text nor cursor. What it was is put back at the end.
Where there is no virtual terminal nothing happens; `trouble` says why.
Source: linux/vt.h, linux/kd.h, ioctl_console(2).
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import struct
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Protocol

KDSETMODE, KDGETMODE, KD_GRAPHICS = 0x4B3A, 0x4B3B, 1
VT_GETMODE, VT_SETMODE, VT_GETSTATE, VT_RELDISP = 0x5601, 0x5602, 0x5603, 0x5605
VT_PROCESS, RELEASE, ACKNOWLEDGE = 1, 1, 2
MODE = struct.Struct("@bbhhh")  # vt_mode: mode waitv relsig acqsig frsig
STATE = struct.Struct("@HHH")  # vt_stat: v_active v_signal v_state
LEAVE, ENTER = signal.SIGUSR1, signal.SIGUSR2
Ioctl = Callable[[int, int, int | bytes], int | bytes]  # file, request, value; the answer


class Drawing(Protocol):
    """A panel that can be told to draw nothing for a while."""

    def rest(self) -> None: ...

    def resume(self) -> None: ...


class Console:
    """Holds a virtual terminal for a panel, within a running loop of the main thread. Never raises."""

    def __init__(self, path: Path, panel: Drawing, ioctl: Ioctl | None = None) -> None:
        self._path, self._panel, self._ioctl = path, panel, ioctl or fcntl.ioctl
        self._file = -1
        self._opened = contextlib.ExitStack()
        self.trouble = ""

    def __enter__(self) -> Console:
        with contextlib.ExitStack() as opened:
            try:
                self._take(opened)
            except (OSError, struct.error) as reason:
                self.trouble = f"{self._path}: {reason}"
            else:
                self._opened = opened.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._opened.close()

    def _take(self, opened: contextlib.ExitStack) -> None:
        self._file = os.open(self._path, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
        opened.callback(os.close, self._file)
        drawn = int.from_bytes(_bytes(self._ioctl(self._file, KDGETMODE, bytes(4))), "little")
        mode = _bytes(self._ioctl(self._file, VT_GETMODE, bytes(MODE.size)))
        active = STATE.unpack(_bytes(self._ioctl(self._file, VT_GETSTATE, bytes(STATE.size))))[0]
        loop = asyncio.get_running_loop()
        for number, answer in ((LEAVE, self._left), (ENTER, self._entered)):
            loop.add_signal_handler(number, answer)
            opened.callback(loop.remove_signal_handler, number)
        self._set(VT_SETMODE, MODE.pack(VT_PROCESS, 0, LEAVE, ENTER, 0))
        opened.callback(self._put_back, VT_SETMODE, mode)
        self._set(KDSETMODE, KD_GRAPHICS)
        opened.callback(self._put_back, KDSETMODE, drawn)
        if os.minor(os.fstat(self._file).st_rdev) not in (0, active):  # 0: /dev/tty0, whichever is active
            self._panel.rest()

    def _left(self) -> None:
        self._panel.rest()
        self._put_back(VT_RELDISP, RELEASE)

    def _entered(self) -> None:
        self._put_back(VT_RELDISP, ACKNOWLEDGE)
        self._panel.resume()

    def _set(self, request: int, value: int | bytes) -> None:
        self._ioctl(self._file, request, value)

    def _put_back(self, request: int, value: int | bytes) -> None:
        with contextlib.suppress(OSError):
            self._set(request, value)


def _bytes(answer: int | bytes) -> bytes:
    if isinstance(answer, int):
        raise OSError("no answer")
    return answer
