"""A pcscd of our own with virtual readers. Law: private socket, private ports, and it dies with whoever started it.

The machine's pcscd is not touched: ours is socket-activated on <folder>/pcscd.comm (LISTEN_FDS), and clients find it
by the environment variable PCSCLITE_CSOCK_NAME. libpcsclite reads that variable once per process, so one process
has one folder for its whole life; the service in it may be stopped and started again.

There are two readers in one file (pcscd sorts no folder, and a nameless wish gets the first): a contact one, and a
contactless one whose two slots are two cards in its field. vpcd has room for one reader, so the second loads a copy
of it.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

DAEMON = "/usr/sbin/pcscd"
READER_LIBRARY = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so"  # Debian: vsmartcard-vpcd
ENVIRONMENT = "PCSCLITE_CSOCK_NAME"
READER_NAME, TAP_NAME = "Virtual PCD", "Virtual Tap"
READER_FILE = """FRIENDLYNAME "{name}"
DEVICENAME   /dev/null:0x{port:04X}
LIBPATH      {library}
CHANNELID    0x{port:04X}
"""
# The listening socket comes as descriptor 0 and must be 3; setpriv keeps the process id that LISTEN_PID names.
# PR_SET_PDEATHSIG follows the thread that starts us: start it from one that lives as long as the reader is needed.
START = 'exec 3<&0 0</dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec setpriv --pdeathsig KILL -- "$@"'
START_SECONDS = 10.0
LOOK_SECONDS = 0.005
LISTENING = "0A"  # /proc/net/tcp, column st
HIGHEST_PORT = 65_534


class PcscUnavailable(Exception):
    """A private pcscd cannot be had here; the message says what to install or what the log says."""


class PrivatePcscd:
    """A context manager. `environment` is for clients.

    `port` takes a VpcdCard that is inserted; `tap_port` and the next one take what is tapped, a card each.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = self.tap_port = 0
        self.socket_name = folder / "pcscd.comm"
        self.log = folder / "pcscd.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What a client's environment must hold before its first PC/SC call."""
        return {ENVIRONMENT: str(self.socket_name)}

    def start(self) -> None:
        """Return when the virtual readers take cards. Raises PcscUnavailable."""
        _require_installed()
        self.port = self.port or free_pair()
        self.tap_port = self.tap_port or free_pair(self.port)
        settings = self._write_settings()
        self.socket_name.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX) as listening, self.log.open("ab") as log:
            listening.bind(str(self.socket_name))
            listening.listen()
            command = ("sh", "-c", START, "sh", DAEMON, "--foreground", "--config", str(settings.resolve()))
            self._process = subprocess.Popen(command, stdin=listening.fileno(), stdout=log, stderr=log)
        self._await_reader()

    def _write_settings(self) -> Path:
        settings, copy = self.folder / "reader.conf.d", self.folder / "libifdvpcd-tap.so"
        settings.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(READER_LIBRARY, copy)
        readers = ((READER_NAME, self.port, Path(READER_LIBRARY)), (TAP_NAME, self.tap_port, copy.resolve()))
        text = "\n".join(READER_FILE.format(name=name, port=port, library=path) for name, port, path in readers)
        (settings / "vpcd").write_text(text, "utf-8")
        return settings

    def stop(self) -> None:
        """Kill it; its clients see a service that is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        self.socket_name.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _await_reader(self) -> None:
        assert self._process is not None
        until = time.monotonic() + START_SECONDS
        while not (_is_listening(self.port) and _is_listening(self.tap_port + 1)):
            if self._process.poll() is not None or time.monotonic() > until:
                self.stop()
                said = self.log.read_text("utf-8", "replace").strip()[-500:]
                raise PcscUnavailable(f"pcscd did not start its virtual readers: {said or 'it said nothing'}")
            time.sleep(LOOK_SECONDS)


def _require_installed() -> None:
    for program, package in ((DAEMON, "pcscd"), (READER_LIBRARY, "vsmartcard-vpcd")):
        if not Path(program).exists():
            raise PcscUnavailable(f"{program} is missing: install the package {package}")
    if shutil.which("setpriv") is None:
        raise PcscUnavailable("setpriv is missing: install the package util-linux")


def free_pair(but: int = 0) -> int:
    """A loopback port whose successor is free too: vpcd has two slots. `but` begins a pair that is spoken for."""
    while True:
        with socket.socket() as first, socket.socket() as second, contextlib.suppress(OSError):
            first.bind(("", 0))
            port: int = first.getsockname()[1]
            if port < HIGHEST_PORT and abs(port - but) > 1:
                second.bind(("", port + 1))
                return port


def _is_listening(port: int) -> bool:
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        for line in table.read_text("ascii").splitlines()[1:] if table.exists() else ():
            columns = line.split()
            if columns[3] == LISTENING and columns[1].endswith(f":{port:04X}"):
                return True
    return False
