"""`yuanlu-vault`: the vault as a process of its own. Law: it answers one user only, and says nothing of what it holds.

| comes                                    | happens                                                              |
|------------------------------------------|----------------------------------------------------------------------|
| a connection of another user             | cut without an answer                                                |
| one more than MOST connections           | cut without an answer                                                |
| what is no request, half of one, too long| that connection is cut; the others go on                             |
| a request that fails in an unknown way   | KeyRefused with the kind of the error, never its words               |
| a vault file that does not open          | said on stderr, exit 78 (EX_CONFIG): no restart, no new file         |
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pwd
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn

import click

from drivers.service import ALIVE, READY, STOPPING, notify, watchdog_interval
from keys.credential import device_key
from keys.process_guard import guard
from keys.vault import Vault
from keys.vault_wire import (
    Answer,
    Done,
    Listener,
    Missing,
    Refused,
    Request,
    SocketRefused,
    Wire,
    WireLost,
    as_request,
    framed,
)
from terminal import ports
from terminal.ports import KeyMissing, KeyRefused

BAD_CONFIGURATION = 78  # EX_CONFIG of sysexits.h: systemd does not restart on it
MOST = 8  # connections at once
PLACE = click.Path(path_type=Path, readable=False)  # a credential is read from another place
FRAME_SECONDS = 5.0  # for a frame that has begun, and for an answer to be taken


class VaultServer:
    """Every connection of user `uid` to `listener` speaks to `vault`."""

    def __init__(self, vault: ports.Vault, listener: Listener, uid: int, frame_seconds: float = FRAME_SECONDS) -> None:
        self._vault, self._listener, self._uid, self._frame_seconds = vault, listener, uid, frame_seconds
        self._talks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                self._admit(await self._listener.accept())
        finally:
            self._listener.close()
            for talk in self._talks:
                talk.cancel()
            await asyncio.gather(*self._talks, return_exceptions=True)

    def _admit(self, wire: Wire) -> None:
        if wire.peer_uid != self._uid or len(self._talks) >= MOST:
            tell(f"a connection of user {wire.peer_uid} was cut")
            wire.close()
            return
        talk = asyncio.create_task(self._talk(wire))
        self._talks.add(talk)
        talk.add_done_callback(self._talks.discard)

    async def _talk(self, wire: Wire) -> None:
        try:
            while True:
                request = as_request(await wire.receive(self._frame_seconds))
                await wire.send(_frame_of(await answer(self._vault, request)), self._frame_seconds)
        except WireLost:
            pass
        finally:
            wire.close()


async def answer(vault: ports.Vault, request: Request) -> Answer:
    """Carry the request out. Never raises: what goes wrong is an answer."""
    try:
        return Done(await request.put_to(vault))
    except KeyMissing as error:
        return Missing(str(error))
    except KeyRefused as error:
        return Refused(str(error))
    except Exception as error:  # noqa: BLE001 - its words may hold what it was asked with
        return Refused(f"the vault has a fault: {type(error).__name__}")


def tell(sentence: str) -> None:
    """To the service's log. No word of a request is ever in it."""
    sys.stderr.write(f"yuanlu-vault: {sentence}\n")


def _frame_of(said: Answer) -> bytearray:
    try:
        return framed(said)
    except ValueError as error:
        return framed(Refused(str(error)))


async def serve(vault: Vault, listener: Listener, uid: int) -> None:
    """Run until SIGTERM or SIGINT; systemd hears that the vault listens, and that its loop turns."""
    loop, running = asyncio.get_running_loop(), asyncio.ensure_future(VaultServer(vault, listener, uid).run())
    loop.set_exception_handler(_only_the_kind)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, running.cancel)
    notify(READY)
    beating = asyncio.create_task(_heartbeat())
    try:
        with contextlib.suppress(asyncio.CancelledError):
            await running
    finally:
        beating.cancel()
        notify(STOPPING)


def _only_the_kind(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    tell(f"a fault of the program: {type(context.get('exception')).__name__}")


async def _heartbeat() -> None:
    seconds = watchdog_interval()
    while seconds:
        notify(ALIVE)
        await asyncio.sleep(seconds)


def _uid(name: str) -> int:
    if not name:
        return os.getuid()
    try:
        return int(name) if name.isdigit() else pwd.getpwnam(name).pw_uid
    except KeyError:
        _refuse(f"there is no user {name}")


def _refuse(why: str) -> NoReturn:
    tell(why)
    sys.exit(BAD_CONFIGURATION)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--vault", type=PLACE, required=True, help="The file of keys.")
@click.option("--device-key", "key_path", type=PLACE, required=True, help="What opens it.")
@click.option("--socket", type=PLACE, required=True, help="Where the terminal asks.")
@click.option("--caller", default="", help="The one user that may ask, name or number; else the vault's own.")
def main(vault: Path, key_path: Path, socket: Path, caller: str) -> None:
    """The only holder of keys: bytes in, bytes out, never a key."""
    for missing in guard():
        tell(f"could not be had: {missing}")
    uid = _uid(caller)
    try:
        opened = Vault(vault, device_key(key_path))
        listener = Listener(socket)
    except (KeyRefused, SocketRefused) as error:
        _refuse(str(error))
    except OSError as error:
        _refuse(f"{vault}: {error.strerror}")
    asyncio.run(serve(opened, listener, uid))


if __name__ == "__main__":
    main()
