"""A TPM of libtpms (package swtpm), as real as it can be without the chip: own state, own seeds, own power switch."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from keys.at_rest.tpm import Tpm

PORTS = (10_000, 32_000)  # below those the kernel gives away itself (ip_local_port_range)
TOUCHES = ("open", "os.rename", "os.link", "os.remove", "os.mkdir", "subprocess.Popen")  # docs.python.org, Audit events
WRITES = os.O_WRONLY | os.O_RDWR
ENDED, CUT, FAILED = range(3)


class SoftwareTpm:
    """Its state lies in `folder`; a second start of the same folder is the same TPM after a restart of the device."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._pid = folder, folder / "pid"
        folder.mkdir(exist_ok=True)
        self.tcti = ""

    def __enter__(self) -> SoftwareTpm:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def tpm(self) -> Tpm:
        return Tpm(self.tcti)

    def start(self) -> None:
        """--daemon returns when the sockets listen. Two ports in a row are wanted; another's may be between."""
        for _ in range(20):
            port = random.randrange(*PORTS)
            ports = [f"--server=type=tcp,port={port}", f"--ctrl=type=tcp,port={port + 1}"]
            state = [f"--tpmstate=dir={self._folder}", "--flags=startup-clear,not-need-init", f"--pid=file={self._pid}"]
            command = ["swtpm", "socket", "--tpm2", "--daemon", *ports, *state]
            if subprocess.run(command, capture_output=True, check=False).returncode == 0:
                self.tcti = f"swtpm:host=127.0.0.1,port={port}"
                return
        raise OSError("swtpm does not start")

    def stop(self) -> None:
        """As the power goes."""
        with suppress(FileNotFoundError, ProcessLookupError):
            os.kill(int(self._pid.read_text()), signal.SIGKILL)
            self._pid.unlink()

    def restart(self) -> None:
        self.stop()
        self.start()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """It hears, and says nothing."""
        pid = int(self._pid.read_text())
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def extend(self, pcr: int = 7) -> None:
        """Something else was started."""
        self.tpm.run("pcrextend", f"{pcr}:sha256={'ab' * 32}")


def cut(step: int, act: Callable[[], object]) -> bool:
    """Do `act` in a process that dies before it touches disk or programs for the `step`th time; True when it ended.

    What the process had written but not synced is kept by the kernel: a cut of the disk's own is not made here.
    """
    child = os.fork()
    if child:
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert code in (ENDED, CUT), "what was to be cut failed by itself"
        return code == ENDED
    signal.alarm(60)  # seconds; a child that hangs is a failure, not a wait
    touched = 0

    def count(event: str, of: tuple[Any, ...]) -> None:
        nonlocal touched
        if event in TOUCHES and not (event == "open" and not of[2] & WRITES) and "flushcontext" not in str(of):
            touched += 1
            if touched > step:
                os._exit(CUT)

    try:
        sys.addaudithook(count)
        act()
        os._exit(ENDED)
    finally:
        os._exit(FAILED)
