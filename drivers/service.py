"""Words to the service supervisor (systemd's sd_notify). Law: without a supervisor nothing is said and nothing fails.

Protocol: sd_notify(3): one datagram of KEY=VALUE lines to the socket that NOTIFY_SOCKET names.
"""

from __future__ import annotations

import contextlib
import os
import socket

READY, STOPPING, ALIVE = "READY=1", "STOPPING=1", "WATCHDOG=1"


def notify(state: str) -> None:
    """Send one state, e.g. READY."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):  # sd_notify(3): an abstract socket, written with @ for its leading null
        address = "\0" + address[1:]
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
        out.connect(address)
        out.send(state.encode())


def watchdog_interval() -> float | None:
    """Seconds between signs of life, half of what the supervisor allows; None when it does not watch."""
    allowed = os.environ.get("WATCHDOG_USEC", "")
    watched = os.environ.get("WATCHDOG_PID", "")
    if not allowed.isdigit() or (watched and watched != str(os.getpid())):
        return None
    return int(allowed) / 2_000_000
