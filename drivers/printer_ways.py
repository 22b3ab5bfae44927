"""Ways to a printer: serial line, network, USB line printer, file. Law: they move bytes, each within its time.

| target                       | device                              | answers                           |
|------------------------------|-------------------------------------|-----------------------------------|
| serial:/dev/ttyUSB0@115200   | serial and USB-serial printers      | what it is asked                  |
| net:host:port                | network printers (raw, port 9100)   | what it is asked                  |
| usb-lp:/dev/usb/lp0          | USB printers of the kernel's usblp  | three wires, through LPGETSTATUS  |
| file:/path                   | a file, for looking at              | nothing                           |
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import select
import stat
import termios
import time
from collections.abc import Callable
from typing import Literal, Protocol

SERIAL_SPEED = 115_200
LPGETSTATUS = 0x060B  # linux/lp.h
POLL = 0.02  # seconds between two looks at a line that is being emptied
FOREIGN = (OSError, ValueError, termios.error)  # pyserial's own are OSErrors

Flow = Literal["none", "rts-cts", "xon-xoff"]


class Way(Protocol):
    """Bytes to a printer and back, each call within so many seconds. All but `close` may raise one of FOREIGN."""

    answers: bool  # whether it can be asked with bytes

    def write(self, data: bytes, seconds: float) -> None: ...
    def read(self, seconds: float) -> bytes:
        """What came, or nothing when the time is over."""
        ...

    def drain(self, seconds: float) -> None:
        """Until what was written has left. Raises TimeoutError."""
        ...

    def wires(self) -> int | None:
        """LPGETSTATUS: the status byte of the USB printer class (7.3.2); None where there is no such thing."""
        ...

    def close(self, is_lost: bool = False) -> None:
        """`is_lost`: what has not left yet shall not leave, and is not waited for."""
        ...


class PortWay:
    """A serial line or a TCP connection: pyserial opens and times both alike."""

    answers = True

    def __init__(self, url: str, speed: int, flow: Flow) -> None:
        import serial

        is_wired, is_told = flow == "rts-cts", flow == "xon-xoff"
        self._port = serial.serial_for_url(url, baudrate=speed, rtscts=is_wired, xonxoff=is_told)

    def write(self, data: bytes, seconds: float) -> None:
        self._port.write_timeout = max(POLL, seconds)
        self._port.write(data)

    def read(self, seconds: float) -> bytes:
        self._port.timeout = max(0.0, seconds)
        return bytes(self._port.read(1))

    def drain(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while getattr(self._port, "out_waiting", 0):  # a connection has no such number
            if time.monotonic() > end:
                raise TimeoutError
            time.sleep(POLL)

    def wires(self) -> int | None:
        return None

    def close(self, is_lost: bool = False) -> None:
        with contextlib.suppress(*FOREIGN):
            if is_lost:
                self._port.reset_output_buffer()  # else the kernel may hold the close up for half a minute
            self._port.close()


class FileWay:
    """A device file or a file: papers are added to what is there. `ask_kernel` is fcntl.ioctl."""

    answers = False

    def __init__(self, place: str, ask_kernel: Callable[[int, int, bytes], bytes] = fcntl.ioctl) -> None:
        # usblp holds a writer up for as long as its printer has no paper; a deadline needs O_NONBLOCK
        flags = os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
        self._ask_kernel = ask_kernel
        self._fd = os.open(place, flags if place.startswith("/dev/") else flags | os.O_CREAT, 0o600)
        self._is_device = stat.S_ISCHR(os.fstat(self._fd).st_mode)

    def write(self, data: bytes, seconds: float) -> None:
        end = time.monotonic() + seconds
        while data:
            self._ready(end)
            with contextlib.suppress(BlockingIOError):  # another look, until the time is over
                data = data[os.write(self._fd, data) :]

    def read(self, seconds: float) -> bytes:
        return b""

    def drain(self, seconds: float) -> None:
        self._ready(time.monotonic() + seconds)  # usblp can be written to when its last transfer is over

    def wires(self) -> int | None:
        if not self._is_device:
            return None
        try:
            return self._ask_kernel(self._fd, LPGETSTATUS, bytes(4))[0]
        except OSError as error:
            if error.errno in NO_SUCH_QUESTION:
                return None
            raise

    def close(self, is_lost: bool = False) -> None:
        os.close(self._fd)

    def _ready(self, end: float) -> None:
        if not select.select([], [self._fd], [], max(0.0, end - time.monotonic()))[1]:
            raise TimeoutError


NO_SUCH_QUESTION = frozenset((errno.ENOTTY, errno.EINVAL, errno.ENOSYS))  # a device that is no line printer


def _serial_way(place: str, flow: Flow) -> Way:
    """path@speed"""
    path, _, speed = place.partition("@")
    return PortWay(path, int(speed or SERIAL_SPEED), flow)


def _net_way(place: str, flow: Flow) -> Way:
    """host:port"""
    host, _, port = place.rpartition(":")
    return PortWay(f"socket://{host}:{int(port)}", 0, "none")


def _file_way(place: str, flow: Flow) -> Way:
    return FileWay(place)


WAYS: dict[str, Callable[[str, Flow], Way]] = {
    "serial": _serial_way,
    "net": _net_way,
    "usb-lp": _file_way,
    "file": _file_way,
}
