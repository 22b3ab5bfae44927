"""What stands behind the counter's page: bank, card reader, printer, stripe, and the terminal's processes.

Core and vault are started as on a device, from a configuration file; only the devices at the other ends are simulated.
TEST CARDS AND TEST KEYS ONLY.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import sys
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from keys.at_rest.rollback import Witness
from keys.certificates import make_test_authority
from keys.vault import Vault
from simulator.acquirer.branch import MERCHANT_ID, TERMINAL_ID, TEST_TMK, TEST_TMK_KCV, open_test_branch
from simulator.acquirer.faults import Faults
from simulator.acquirer.host import Host
from simulator.acquirer.issuer import TestIssuer
from simulator.acquirer.ledger import Ledger
from simulator.acquirer.server import serve
from simulator.cards.description import CardDescription
from simulator.cards.pcscd import READER_NAME, TAP_NAME, PcscUnavailable, PrivatePcscd, free_pair
from simulator.cards.tray import load_tray
from simulator.cards.vpcd import VpcdCard
from simulator.counter.printer import PtyPrinter
from terminal.iso8583.cup import cup
from terminal.iso8583.dialect import Choices

ZONE = "Asia/Shanghai"
HAND = 0.5  # seconds between two cards: a hand is not faster, and pcscd looks at a virtual slot every 0.4 s
TAP_SLOTS, TAP_SECONDS = (0, 1), 2.0
ALLOCATOR = {  # as in the units
    "MALLOC_MMAP_THRESHOLD_": "131072",
    "MALLOC_TRIM_THRESHOLD_": "131072",
    "PYTHONMALLOC": "malloc",
    "MALLOC_PERTURB_": "165",
    "GLIBC_TUNABLES": "glibc.malloc.tcache_count=0",
}
VAULT_ALLOCATOR = {"PYTHONMALLOC": "malloc_debug"}
STOP_SECONDS = 5.0
OPENING_BALANCE = 1_000_000  # minor units on each test account
CONFIG = """\
# Written by the counter. TEST TERMINAL.
language = "zh_CN"
zone = "{zone}"
[merchant]
name = "原路测试商店"
terminal_id = "{terminal_id}"
merchant_id = "{merchant_id}"
is_test = true
[line]
addresses = ["127.0.0.1:{port}"]
authority = "{folder}/tls/ca.pem"
answer_seconds = {answer_seconds}
[dialect.choices]
has_inquiry = true
[printer]
target = "serial:{printer}@115200"
columns = 32
[reader]
name = "{reader}"
tap = "{tap}"
stripe = "{folder}/stripe"
[files]
journal = "{folder}/journal.db"
vault = ""
device_key = ""
vault_socket = "{folder}/vault.sock"
front_socket = "{folder}/front.sock"
inbox = "{folder}/inbox"
backup = "{folder}/backup"
export = "{folder}/export"
"""


async def _stopped(process: asyncio.subprocess.Process | None) -> None:
    if process is None or process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


class BankClock:
    """The bank's time of day."""

    def now(self) -> datetime:
        return datetime.now(ZoneInfo(ZONE))


class BackRoom:
    """`async with BackRoom(folder) as room:`; everything it started ends with it."""

    def __init__(self, folder: Path, answer_seconds: float = 60.0) -> None:
        self.folder, self._answer_seconds = folder, answer_seconds
        self.tray: dict[str, CardDescription] = {card.id: card for card in load_tray()}
        self.faults, self.printer = Faults(), PtyPrinter()
        self.card_path, self.inserted = "", ""
        self._card: VpcdCard | None = None
        self._pulled_at = 0.0
        self._reader_port = self._tap_port = 0
        self._taps: dict[int, asyncio.Task[None]] = {}  # by slot of the contactless reader
        self._environment = {**os.environ, **ALLOCATOR}
        self._core: asyncio.subprocess.Process | None = None
        self._vault: asyncio.subprocess.Process | None = None
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> BackRoom:
        for folder in (self.folder, self.folder / "backup"):  # a backup's medium is never made by the terminal
            folder.mkdir(parents=True, exist_ok=True)
        port = await self._open_bank()
        self._make_keys()
        reader, tap = self._start_reader()
        await self._stack.enter_async_context(self.printer)
        self._make_stripe()
        text = CONFIG.format(
            zone=ZONE,
            terminal_id=TERMINAL_ID,
            merchant_id=MERCHANT_ID,
            port=port,
            folder=self.folder,
            printer=self.printer.path,
            reader=reader,
            tap=tap,
            answer_seconds=self._answer_seconds,
        )
        (self.folder / "terminal.toml").write_text(text, "utf-8")
        await self._start_vault()
        await self.start_core()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.remove()
        for held in self._taps.values():
            held.cancel()
        await self.stop_core()
        await _stopped(self._vault)
        await self._stack.aclose()

    # --- the core ------------------------------------------------------------------------------------------------
    @property
    def core_pid(self) -> int:
        """0 while no core runs."""
        return self._core.pid if self._core is not None else 0

    @property
    def vault_pid(self) -> int:
        """0 while no vault runs."""
        return self._vault.pid if self._vault is not None else 0

    @property
    def keypad_path(self) -> Path:
        """Where a key goes while the vault holds the keypad."""
        return self.folder / "keypad.sock"

    async def start_core(self) -> None:
        """`yuanlu terminal`, as systemd would start it."""
        self._core = await self._started("terminal", "terminal", "--config", str(self.folder / "terminal.toml"))

    async def _start_vault(self) -> None:
        """`yuanlu-vault`, whose keypad is a socket."""
        options = {
            "vault": self.folder / "vault",
            "device-key": f"file:{self.folder / 'device.key'}",
            "anchor": f"witness:{self.folder / 'witness'}",
            "socket": self.folder / "vault.sock",
            "keypad": f"socket:{self.keypad_path}",
        }
        said = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        self._vault = await self._started("keys.service.vault_process", *said, **VAULT_ALLOCATOR)

    async def _started(self, module: str, *options: str, **more: str) -> asyncio.subprocess.Process:
        with (self.folder / "terminal.log").open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *("setpriv", "--pdeathsig", "KILL"),  # no process outlives its counter
                *(sys.executable, "-m", module, *options),
                env=self._environment | more,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    async def stop_core(self) -> None:
        """In order, as a shutdown does."""
        await _stopped(self._core)
        self._core = None

    async def cut_power(self) -> None:
        """Not in order at all: SIGKILL, then the current comes back. What lies in the slot stays there."""
        for process in (self._core, self._vault):
            if process is not None and process.returncode is None:
                process.kill()
                await process.wait()
        await self._start_vault()
        await self.start_core()

    # --- cards ---------------------------------------------------------------------------------------------------
    async def insert(self, id: str) -> None:
        """Put a card of the tray into the slot; the one in there comes out first. Raises KeyError, ValueError."""
        chip = self.tray[id].virtual()
        await self.remove()
        await asyncio.sleep(self._pulled_at + HAND - asyncio.get_running_loop().time())
        self._card = VpcdCard(chip, self._reader_port)
        await self._card.insert()
        self.inserted = id

    async def remove(self) -> None:
        """Pull the card."""
        if self._card is not None:
            await self._card.pull()
            self._pulled_at = asyncio.get_running_loop().time()
        self._card, self.inserted = None, ""

    async def tap(self, id: str) -> None:
        """Hold a card to the contactless reader, as long as a hand does; one more meanwhile is a second card in the
        field. Raises KeyError, ValueError (it cannot be tapped, or two are there)."""
        slot = next((slot for slot in TAP_SLOTS if slot not in self._taps), None)
        if slot is None:
            raise ValueError("two cards are held to the reader already")
        card = VpcdCard(self.tray[id].tapped(), self._tap_port + slot)
        await card.insert()
        self._taps[slot] = asyncio.create_task(self._let_go(slot, card))

    async def _let_go(self, slot: int, card: VpcdCard) -> None:
        try:
            await asyncio.sleep(TAP_SECONDS)
        finally:
            await card.pull()
            del self._taps[slot]

    def swipe(self, id: str) -> None:
        """Draw the stripe of a card of the tray. Raises KeyError."""
        line = f";{self.tray[id].track2}?\n".encode("ascii")
        descriptor = os.open(self.folder / "stripe", os.O_RDWR | os.O_NONBLOCK)
        try:
            os.write(descriptor, line)
        finally:
            # the reader holds the other end; the bytes stay in the pipe
            os.close(descriptor)

    # --- building ------------------------------------------------------------------------------------------------
    async def _open_bank(self) -> int:
        self.ledger = self._stack.enter_context(Ledger(self.folder / "bank.db"))
        open_test_branch(self.ledger)
        for card in self.tray.values():
            for pan in card.pans:
                if self.ledger.card_balance(pan) is None:
                    self.ledger.add_account(pan, f"{card.holder_zh} {card.holder_en}", OPENING_BALANCE)
        make_test_authority(self.folder / "tls")
        dialect = cup(Choices(has_inquiry=True))
        self.host = Host(self.ledger, BankClock(), secrets.token_bytes, dialect, issuer=TestIssuer())
        self.bank = await self._stack.enter_async_context(await serve(self.host, self.faults, self.folder / "tls"))
        return self.bank.port

    def _make_keys(self) -> None:
        key = self.folder / "device.key"
        if not key.exists():
            key.touch(mode=0o600)
            key.write_bytes(secrets.token_bytes(32))
            witness = Witness(self.folder / "witness", key.read_bytes())
            Vault.at(self.folder / "vault", key.read_bytes(), witness).install_tmk(TEST_TMK, TEST_TMK_KCV)

    def _start_reader(self) -> tuple[str, str]:
        """The configuration's reader.name and tap: real PC/SC readers where pcscd runs, else the in-process ones."""
        try:
            pcscd = self._stack.enter_context(PrivatePcscd(self.folder))
        except PcscUnavailable as error:
            self.card_path = f"in-process ({error})"
            self._reader_port = free_pair()
            self._tap_port = free_pair(self._reader_port)
            return f"vpcd:{self._reader_port}", f"vpcd:{self._tap_port}"
        self.card_path, self._reader_port, self._tap_port = "pcscd", pcscd.port, pcscd.tap_port
        self._environment.update(pcscd.environment)
        return READER_NAME, TAP_NAME

    def _make_stripe(self) -> None:
        path = self.folder / "stripe"
        path.unlink(missing_ok=True)
        os.mkfifo(path, 0o600)
