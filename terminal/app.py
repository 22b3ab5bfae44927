"""The composition root: config -> devices -> journal -> acquirer -> menu. Law: wiring only, no rule of the business."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from drivers.clock import SystemClock
from drivers.export_folder import FolderExport
from drivers.inbox import FolderInbox
from drivers.line import TcpLine
from drivers.magstripe import tty_stripe
from drivers.service import ALIVE, READY, STOPPING, notify, watchdog_interval
from drivers.stripe_keyboard import keyboard_stripe
from drivers.tls import Proof, add_identity, client_context
from keys.passwords import ArgonPasswords
from terminal import log
from terminal.config import Config, ConfigRefused, Files, LineConfig
from terminal.dialogue import bad_news, menu
from terminal.dialogue.desk import Desk
from terminal.dialogue.follow_up import follow_up
from terminal.dialogue.key_watch import watch_keys
from terminal.dialogue.room import Room
from terminal.front_link import FrontLink
from terminal.furnish import furnish
from terminal.iso8583.dialects import by_name
from terminal.journal.journal import Journal, Run
from terminal.journal.store import JournalFailed
from terminal.log_words import version
from terminal.paper import Paper
from terminal.policy_commands import is_signed
from terminal.policy_file import load_rules
from terminal.ports import Camera, CardReader, Hardware, KeyLoading, KeyRefused, PictureCoder, Printer, Stripe, Vault
from terminal.receipt import Receipt
from terminal.screens import say
from terminal.signature import Picture

SIMULATED_READER = "vpcd:"  # reader.name of the counter where no PC/SC service can run


async def serve(config: Config) -> None:
    """Run until cancelled: the whole core of a terminal."""
    log.configure()
    front = FrontLink()
    await front.listen(Path(config.files.front_socket))
    try:
        async with _tended(), contextlib.AsyncExitStack() as stack:
            worker = stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="journal"))
            desk = Desk(front, config.language)
            try:
                hardware = await plug_in(config, front, stack)
                journal = Journal(Path(config.files.journal), hardware.clock, in_thread(worker))
            except (JournalFailed, KeyRefused) as error:
                log.write("not-started", error=error)
                name = "journal-failed" if isinstance(error, JournalFailed) else "keys-missing"
                desk.show(bad_news.notice(name, say("desk.product")))
                await asyncio.Event().wait()  # a tech must act; a restart would show the same
                return
            stack.push_async_callback(journal.close)
            with contextlib.suppress(JournalFailed):  # the menu says so; a language does not stop the start
                desk.language = await journal.setting("language", config.language)
            log.write("started", version=version(), dialect=config.dialect.name)
            room = furnish(config, hardware, journal, desk, load_rules(config.files, is_signed))
            room.logo = _logo(config.printer.logo)
            await run(room)
    except ConfigRefused:
        log.release()  # the command line says which line of the file
        raise
    finally:
        await front.close()
        log.write("stopped")


async def run(room: Room) -> None:
    """The merchant, and beside him asking about unknown refunds and whether the keys are still there."""
    beside = [asyncio.create_task(work(room)) for work in (follow_up, watch_keys)]
    try:
        await menu.run(room)
    finally:
        for task in beside:
            task.cancel()
        await room.papers.close()


async def plug_in(config: Config, front: FrontLink, stack: contextlib.AsyncExitStack) -> Hardware:
    """The devices that the configuration names. Raises KeyRefused for a vault that does not open."""
    vault, loading = opened_vault(config.files, stack)
    return Hardware(
        card_reader=await _card_reader(config.reader.name, stack),
        stripe=_stripe(config.reader.stripe, stack),
        printer=_printer(config),
        line=_line(config),
        vault=vault,
        loading=loading,
        passwords=ArgonPasswords(),
        front=front,
        clock=SystemClock(config.zone),
        typeset=_typeset,
        inbox=FolderInbox(config.files.inbox),
        coder=_coder(),
        tap=await _card_reader(config.reader.tap, stack, is_contactless=True) if config.reader.tap else None,
        camera=_camera(config.reader.camera),
        export=FolderExport(config.files.export) if config.files.export else None,
    )


def in_thread(worker: ThreadPoolExecutor) -> Run[object]:
    """Blocking work in one thread, in order."""

    async def run_it(work: Callable[[], object]) -> object:
        return await asyncio.get_running_loop().run_in_executor(worker, work)

    return run_it


def opened_vault(files: Files, stack: contextlib.AsyncExitStack) -> tuple[Vault, KeyLoading]:
    """In a process of its own where `vault_socket` names one; else here, where nothing can be typed unseen."""
    if files.vault_socket:
        from keys.service.vault_client import VaultClient

        client = VaultClient(Path(files.vault_socket))
        stack.callback(client.close)
        return client, client
    from keys.at_rest.device_key import device_key
    from keys.at_rest.key_file import KeyFile
    from keys.loading import Loading
    from keys.safe import Safe
    from keys.vault import Vault as OwnVault

    key = device_key(files.device_key)
    safe = Safe(KeyFile(Path(files.vault), key.secret), key.protection)
    return OwnVault(safe), Loading(safe)


async def _card_reader(name: str, stack: contextlib.AsyncExitStack, is_contactless: bool = False) -> CardReader:
    if name.startswith(SIMULATED_READER):
        from simulator.cards.vpcd_reader import VpcdReader

        port = int(name.removeprefix(SIMULATED_READER))
        return await stack.enter_async_context(VpcdReader.listening(port, is_contactless))
    from drivers.card_reader import PcscReader

    return PcscReader(name, is_contactless)


def _camera(path: str) -> Camera | None:
    if not path:
        return None
    from drivers.camera import V4l2Camera

    return V4l2Camera(path)


def _stripe(target: str, stack: contextlib.AsyncExitStack) -> Stripe | None:
    """`target` as terminal/config.py takes it. The reader is held from now on."""
    kind, _, place = target.partition(":")
    if not target:
        return None
    if kind == "keyboard":
        return stack.enter_context(keyboard_stripe(place))
    if kind == "serial":
        path, _, baud = place.rpartition(":")
        return stack.enter_context(tty_stripe(path, int(baud)))
    return stack.enter_context(tty_stripe(target))


def _line(config: Config) -> TcpLine:
    line = config.line
    proof = _proof(line) if line.security == "tls" else None
    path = line.http_path if line.wrap == "http" else ""
    length = by_name(config.dialect.name, config.dialect.choices).frame.length
    return TcpLine(line.addresses, proof, length=length, http_path=path, connect_seconds=line.connect_seconds)


def _proof(line: LineConfig) -> Proof:
    with _readable("line.authority", line.authority):
        context = client_context(Path(line.authority), line.tls_floor)
    if line.certificate:
        with _readable("line.certificate, line.private_key", f"{line.certificate}, {line.private_key}"):
            add_identity(context, Path(line.certificate), Path(line.private_key))
    if not line.pins:
        return Proof(context)
    from keys.certificates import public_key_pin  # x509 takes its time to import

    return Proof(context, frozenset(line.pins), public_key_pin)


@contextlib.contextmanager
def _readable(key: str, path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:  # ssl.SSLError is one
        raise ConfigRefused(f"{key}: {path}: {error.strerror or error}") from None


def _printer(config: Config) -> Printer:
    from drivers.printer import EscposPrinter

    told = config.printer
    try:
        return EscposPrinter(told.target, told.columns, profile=told.profile)
    except ValueError as error:
        raise ConfigRefused(f"printer: {error}") from None


def _logo(path: str) -> Picture | None:
    """Raises ConfigRefused."""
    if not path:
        return None
    from terminal.logo import LogoRefused, logo

    try:
        return logo(Path(path))
    except LogoRefused as error:
        raise ConfigRefused(f"printer.logo: {error}") from None


def _coder() -> PictureCoder | None:
    from drivers.jbig import CoderMissing, JbigCoder

    try:
        return JbigCoder()
    except CoderMissing:
        return None


def _typeset(receipt: Receipt, columns: int) -> Paper:
    from ui.paper import typeset

    return typeset(receipt, columns)


@contextlib.asynccontextmanager
async def _tended() -> AsyncIterator[None]:
    """Tell systemd that the service is ready, and that the loop still turns."""
    notify(READY)
    beating = asyncio.create_task(_heartbeat())
    try:
        yield
    finally:
        beating.cancel()
        notify(STOPPING)


async def _heartbeat() -> None:
    seconds = watchdog_interval()
    while seconds:
        notify(ALIVE)
        await asyncio.sleep(seconds)
