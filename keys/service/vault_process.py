"""`yuanlu-vault`: the vault as a process of its own. Law: what it cannot be sure of stops its start, and says so.

| at its start                              | happens                                                             |
|-------------------------------------------|---------------------------------------------------------------------|
| a measure of process_guard.py fails       | said on stderr; the vault runs                                      |
| the vault file does not open, or is old   | said on stderr, exit 78 (EX_CONFIG): no restart, no new file        |
| the device key cannot be had              | the same                                                            |
| the tamper line is open                   | the keys are erased, then it runs                                   |

Here, and only here, drivers meet keys: the keypad, the touch panel, the card slots and the tamper line of this process.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pwd
import re
import secrets
import signal
import sys
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any, NoReturn

import click
import msgspec

from drivers.service import ALIVE, READY, STOPPING, notify, watchdog_interval
from keys.at_rest.device_key import DeviceKey, device_key
from keys.at_rest.key_file import KeyFile
from keys.at_rest.rollback import Anchor, TpmCounter, Witness
from keys.loading import Loading
from keys.safe import Safe
from keys.service.process_guard import guard
from keys.service.vault_server import VaultServer, tell
from keys.service.vault_wire import Listener, SocketRefused
from keys.vault import Vault
from terminal import log, ports
from terminal.pad_link import PadLink
from terminal.ports import CardSlots, DeviceError, KeyRefused, SecretKeypad

BAD_CONFIGURATION = 78  # EX_CONFIG of sysexits.h: systemd does not restart on it
PLACE = click.Path(path_type=Path, readable=False)  # a credential is read from another place
TAMPER = re.compile(r"(/dev/[^:]+):(\d+)(:low)?")
LOOK_AGAIN = 0.1  # seconds, at a line that stays open: keys loaded meanwhile are erased too
ROOT = 0  # may ask too: `yuanlu keys`


class Told(msgspec.Struct, frozen=True):
    """The command line."""

    vault: Path
    device_key: str
    socket: Path
    anchor: str = ""
    caller: str = ""
    keypad: str = ""
    keymap: Path | None = None
    calibration: str = ""
    rotation: int = 0
    key_authority: Path | None = None
    tamper: str = ""
    front: str = ""
    glass: Path | None = None
    shuffle: bool = False


class Opened:
    """Both rooms over one safe (calls.py, Rooms)."""

    def __init__(
        self, safe: Safe, keypad: SecretKeypad | None, slots: CardSlots | None, authority: Path | None = None
    ) -> None:
        self._own = Vault(safe, keypad, slots)
        self.vault: ports.Vault = self._own
        self.loading: ports.KeyLoading = Loading(safe, keypad, authority)

    def hung_up(self) -> None:
        """(calls.py, Rooms)."""
        self._own.forget_card_pin()


class LazySlots:
    """The CardSlots port, plugged in when the first card is to be shown a PIN: PC/SC takes its time to load."""

    def __init__(self, plugged_in: Callable[[], CardSlots]) -> None:
        self._plugged_in = plugged_in
        self._slots: CardSlots | None = None

    async def transmit(self, slot: str, apdu: bytes) -> bytes:
        """(CardSlots port)."""
        self._slots = self._slots or self._plugged_in()
        return await self._slots.transmit(slot, apdu)


async def serve(
    rooms: Opened, listener: Listener, uids: Iterable[int], switch: ports.TamperSwitch | None = None
) -> None:
    """Run until SIGTERM or SIGINT; systemd hears that the vault listens, and that its loop turns.

    Raises DeviceError when the tamper line is lost: a vault that cannot tell whether it was opened answers nobody.
    """
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_only_the_place)
    watching = asyncio.ensure_future(_erased_when_opened(switch, rooms.loading))  # before the first call is heard
    running = asyncio.ensure_future(VaultServer(rooms, listener, uids).run())
    watching.add_done_callback(lambda done: running.cancel() if not done.cancelled() and done.exception() else None)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, running.cancel)
    log.write("vault-started")
    notify(READY)
    beating = asyncio.ensure_future(_heartbeat())
    try:
        with contextlib.suppress(asyncio.CancelledError):
            await running
    finally:
        beating.cancel()
        log.write("vault-stopped")
        notify(STOPPING)
        watching.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watching


async def _erased_when_opened(switch: ports.TamperSwitch | None, loading: ports.KeyLoading) -> None:
    if switch is None:
        await asyncio.Event().wait()
        return
    while True:
        await switch.opened()  # at once, when it is open already
        if (await loading.facts()).state != "erased":
            tell("the device was opened: every key is erased")
            with contextlib.suppress(KeyRefused):  # the memory is empty, and the disk has zeros at least
                await loading.erase("tamper")
        await asyncio.sleep(LOOK_AGAIN)


async def _with_glass(told: Told, link: PadLink | None, serving: Coroutine[Any, Any, None]) -> None:
    """The front's socket first, where there is one: a front may come as soon as systemd hears READY."""
    if link is None or told.glass is None:
        return await serving
    await link.listen(told.glass, {_uid(told.front)})
    try:
        await serving
    finally:
        await link.close()


def _only_the_place(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    log.write("program-fault", error=context.get("exception"))


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


def _anchor(said: str, device: DeviceKey) -> Anchor | None:
    kind, _, place = said.partition(":")
    if not said:
        return None
    if kind == "witness" and place:
        return Witness(Path(place), device.secret)
    if kind == "tpm" and place:
        return TpmCounter(Path(place), device.secret)
    _refuse(f"anchor {said!r}: it is witness:/path or tpm:/folder")


def _keypad(told: Told, link: PadLink | None) -> SecretKeypad | None:
    kind, _, place = told.keypad.partition(":")
    if not told.keypad:
        return None
    if kind == "evdev" and place:
        from drivers.keymap import load_keymaps
        from drivers.secret_keypad import EvdevSecretKeypad

        return EvdevSecretKeypad(place, load_keymaps(told.keymap) if told.keymap else load_keymaps())
    if kind == "socket" and place:
        from simulator.secret_keypad import SocketSecretKeypad

        return SocketSecretKeypad(Path(place))
    if kind == "glass" and place and link:
        from drivers.secret_glass import EvdevSecretGlass
        from drivers.touch import matrix_of

        chance = secrets.randbelow if told.shuffle else None
        try:
            matrix = matrix_of(told.calibration)
            return EvdevSecretGlass(place, link, chance, matrix=matrix, rotation=told.rotation)
        except ValueError as reason:
            _refuse(f"calibration or rotation: {reason}")
    _refuse(f"keypad {told.keypad!r}: it is evdev:PATH or NAME, glass:PATH or NAME with --front, or socket:PATH (TEST)")


def _switch(said: str) -> ports.TamperSwitch | None:
    found = TAMPER.fullmatch(said)
    if not said:
        return None
    if found is None:
        _refuse(f"tamper {said!r}: it is /dev/gpiochipN:LINE or /dev/gpiochipN:LINE:low")
    from drivers.tamper import GpioTamper, TamperLine

    return GpioTamper(TamperLine(found[1], int(found[2]), found[3] is not None))


def _slots() -> CardSlots:
    from drivers.card_slots import PcscCardSlots

    return PcscCardSlots()


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--vault", type=PLACE, required=True, help="The file of keys.")
@click.option("--device-key", required=True, help="What opens it: tpm:/dir, credential:NAME, file:/path ...")
@click.option("--anchor", default="", help="What notices an old file put back: tpm:/dir or witness:/path.")
@click.option("--socket", type=PLACE, required=True, help="Where the terminal asks.")
@click.option("--caller", default="", help="The one user that may ask, name or number; else the vault's own.")
@click.option("--keypad", default="", help="Where a PIN is typed: evdev:PATH, evdev:NAME, or glass:PATH (touch).")
@click.option("--key-authority", type=PLACE, help="Who vouches for key distribution hosts: PEM.")
@click.option("--tamper", default="", help="A line that tells when the device is opened: /dev/gpiochip0:12[:low].")
@click.option("--glass", type=PLACE, help="Where the front is told what is drawn on a keypad of glass.")
@click.option("--front", default="", help="The one user that is told.")
@click.option("--shuffle", is_flag=True, help="On glass the digits stand in another order each time.")
@click.option("--calibration", default="", help="Of the glass, as yuanlu-front has it.")
@click.option("--rotation", type=int, default=0, help="Of the picture on the glass, as yuanlu-front has it.")
@click.option("--keymap", type=click.Path(path_type=Path), help="Linux key names to keys, as yuanlu-front has it.")
def main(**options: Any) -> None:
    """The only holder of keys: bytes in, bytes out, never a key."""
    for missing in guard():
        tell(f"could not be had: {missing}")
    told = Told(**options)
    uid, link = _uid(told.caller), PadLink() if told.glass and told.front else None
    try:
        device = device_key(told.device_key)
        safe = Safe(KeyFile(told.vault, device.secret, _anchor(told.anchor, device)), device.protection)
        rooms = Opened(safe, _keypad(told, link), LazySlots(_slots), told.key_authority)
        listener = Listener(told.socket)
    except (DeviceError, SocketRefused) as error:
        _refuse(str(error))
    except OSError as error:
        _refuse(f"{told.vault}: {error.strerror}")
    log.configure()  # what libraries print is kept out of the log from here on
    try:
        asyncio.run(_with_glass(told, link, serve(rooms, listener, {uid, ROOT}, _switch(told.tamper))))
    except DeviceError as error:
        _refuse(str(error))


if __name__ == "__main__":
    main()
