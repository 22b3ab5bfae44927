"""A whole terminal and its bank in one process on virtual time, driven by keys and cards, read by screens and paper.

Everything is the product's own but the devices, which are their simulated twins. `cut_at` switches the power off at
the n-th moment: before and after every write of the journal, connection, send, receive and print.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from drivers.jbig import JbigCoder
from keys.algorithms.check_value import check_value
from keys.at_rest.key_file import KeyFile
from keys.loading import Loading
from keys.safe import Safe
from keys.vault import Vault
from simulator.acquirer.branch import MERCHANT_ID, TERMINAL_ID, TEST_TMK, open_test_branch
from simulator.acquirer.faults import Faults, LineState, Spoil
from simulator.acquirer.host import Host
from simulator.acquirer.issuer import Issuer, TestIssuer
from simulator.acquirer.ledger import Ledger
from simulator.acquirer.line import SimulatedLine
from simulator.acquirer.manner import Manner
from simulator.cards.reader import SimulatedReader, SimulatedStripe, SimulatedTap
from simulator.cards.tray import CardDescription, load_tray
from simulator.counter.printer import SimulatedPrinter
from simulator.secret_keypad import QueueSecretKeypad
from terminal import app
from terminal.config import Config, DialectConfig, Files, LineConfig, Merchant, PrinterConfig
from terminal.dialogue.desk import Desk
from terminal.events import Event, FrontAttached, KeyPressed, StrokeDrawn
from terminal.furnish import furnish
from terminal.iso8583.dialect import Choices
from terminal.iso8583.dialects import by_name
from terminal.journal.journal import Journal
from terminal.policy_file import Rules
from terminal.ports import Hardware
from terminal.refund.policy import Policy
from terminal.screens import Shown
from tests.virtual_time import VirtualClock, inline, run
from ui.page import page
from ui.paper import typeset
from ui.text import words

PATIENCE = 400.0  # virtual seconds to wait for a screen
PIN = "246801"  # TEST PIN of every card
POLICY = Policy(lock_seconds=0)  # as shipped, but that the menu waits for ever
FORGETS_NOTHING = Manner()
ISSUER = TestIssuer()  # verifies the ARQC of our cards; None believes any
INQUIRY = Choices(has_inquiry=True)
DEVICE_KEY = bytes(range(32))  # TEST KEY


WATCHING: list[Callable[[Shop], None]] = []  # each sees every terminal that is switched off


class PowerCut(BaseException):
    """The current is gone: nothing after this line happened."""


class ScriptedFront:
    """The Front port: a front that is a test."""

    def __init__(self) -> None:
        self.screens: list[Shown] = []
        self._changed = asyncio.Event()
        self._inbox: asyncio.Queue[Event] = asyncio.Queue()

    def show(self, shown: Shown) -> None:
        self.screens.append(shown)
        self._changed.set()

    async def event(self) -> Event:
        return await self._inbox.get()

    def report(self, event: Event) -> None:
        self._inbox.put_nowait(event)

    async def until(self, is_it: Callable[[Shown], bool]) -> None:
        while not (self.screens and is_it(self.screens[-1])):
            self._changed.clear()
            await self._changed.wait()


class PlainPasswords:
    """The Passwords port without the work factor (and without its thread)."""

    async def digest(self, code: str) -> str:
        return hashlib.sha256(b"test" + code.encode()).hexdigest()

    async def matches(self, digest: str, code: str) -> bool:
        return digest == await self.digest(code)


class Current:
    """The mains: counts moments, and fails at one of them for good."""

    def __init__(self, cut_at: int | None) -> None:
        self.moments, self.cut_at, self.is_armed = 0, cut_at, False

    def moment(self) -> None:
        if not self.is_armed:
            return
        self.moments += 1
        if self.cut_at is not None and self.moments >= self.cut_at:
            raise PowerCut

    def wrapped(self, thing: Any, *names: str) -> Any:
        """The same object, with a moment before and after each of the named coroutine methods."""
        current = self

        class Wrapped:
            def __getattr__(self, name: str) -> Any:
                method = getattr(thing, name)
                if name not in names:
                    return method

                async def watched(*arguments: Any) -> Any:
                    current.moment()
                    result = await method(*arguments)
                    current.moment()
                    return result

                return watched

        return Wrapped()


class WiredLine:
    """The Line port with moments in it."""

    def __init__(self, line: SimulatedLine, current: Current) -> None:
        self._line, self._current = line, current

    @asynccontextmanager
    async def connect(self, address: str = "") -> AsyncIterator[Any]:
        self._current.moment()
        async with self._line.connect(address) as connection:
            self._current.moment()
            yield self._current.wrapped(connection, "send", "receive")


class MemoryInbox:
    """The Inbox port without a disk: `put_by` keeps what became of each file."""

    def __init__(self) -> None:
        self.files: dict[str, str] = {}
        self.verdicts: dict[str, tuple[str, str]] = {}

    async def waiting(self) -> list[tuple[str, str]]:
        return sorted(self.files.items())

    async def put_by(self, name: str, verdict: str, why: str) -> None:
        del self.files[name]
        self.verdicts[name] = (verdict, why)


class Bank:
    """The bank outlives every power cut of the terminal."""

    def __init__(self, manner: Manner = FORGETS_NOTHING) -> None:
        self.ledger, self.manner = Ledger(":memory:"), manner
        open_test_branch(self.ledger)
        self.tray = {card.id: card for card in load_tray()}
        for card in self.tray.values():
            for pan in card.pans:
                self.ledger.add_account(pan, card.name_en, 10_000_00, pin=PIN, points=1_000_00)
        self.faults, self.inbox = Faults(), MemoryInbox()

    def credited(self) -> dict[str, int]:
        """Minor units given back per sale (by its RRN), as the bank's books have it."""
        given: dict[str, int] = {}
        for entry in self.ledger.report()["transactions"]:
            if entry["kind"] in ("refund", "void") and entry["state"] == "approved":
                given[entry["original_rrn"]] = given.get(entry["original_rrn"], 0) + entry["amount"]
        return given

    def line(self, state: str) -> None:
        """up, down, slow, answer_lost or request_lost."""
        self.faults.state = LineState(state)

    def spoil(self, what: str, mti: str, response_code: str = "") -> None:
        """What happens to the next answer to this kind of request."""
        self.faults.spoil_next(Spoil(what), mti, response_code)

    def balance(self, card: str = "unionpay-debit") -> int:
        """Minor units on a card's account; each begins with 1,000,000."""
        balance = self.ledger.card_balance(self.tray[card].pan)
        assert balance is not None
        return balance


class PoweredCard:
    """The CardSlots port of a vault in this process: the card in the terminal's reader."""

    def __init__(self, reader: SimulatedReader) -> None:
        self._reader = reader

    async def transmit(self, slot: str, apdu: bytes) -> bytes:
        return await self._reader.powered().transmit(apdu)


class Shop:
    """One start of the terminal, from power-on to power-off."""

    def __init__(
        self,
        folder: Path,
        bank: Bank,
        policy: Policy | None = None,
        cut_at: int | None = None,
        host: type[Host] = Host,
        choices: Choices = INQUIRY,
        issuer: Issuer | None = ISSUER,
        dialect: str = "cup",
        **settings: Any,
    ) -> None:
        self.bank, self.folder = bank, folder
        self.current = Current(cut_at)
        self.clock = VirtualClock()
        self.front = ScriptedFront()
        self.reader, self.stripe, self.printer = SimulatedReader(), SimulatedStripe(), SimulatedPrinter()
        self.field = SimulatedTap()
        self.host = host(bank.ledger, self.clock, _chance(), by_name(dialect, choices), bank.manner, issuer)
        self.line = SimulatedLine(self.host, bank.faults)
        self.config = _config(folder, DialectConfig(dialect, choices), settings)
        self.keypad = QueueSecretKeypad()
        safe = Safe(KeyFile(folder / "vault", DEVICE_KEY))
        vault, loading = Vault(safe, self.keypad, PoweredCard(self.reader)), Loading(safe, self.keypad)
        if not (folder / "vault").exists():
            cipher = choices.cipher
            vault.install_tmk(TEST_TMK, check_value(cipher, TEST_TMK), cipher)
        self.hardware = Hardware(
            self.reader,
            self.stripe,
            self.current.wrapped(self.printer, "print"),
            WiredLine(self.line, self.current),
            vault,
            loading,
            PlainPasswords(),
            self.front,
            self.clock,
            typeset,
            bank.inbox,
            JbigCoder(),
            self.field,
        )
        self.journal = Journal(folder / "journal", self.clock, inline)
        store = self.journal._store
        store.write = self._written(store.write)  # type: ignore[method-assign]
        self.desk = Desk(self.front)
        self.room = furnish(self.config, self.hardware, self.journal, self.desk, Rules(policy or POLICY))
        self.terminal: asyncio.Task[None] | None = None

    def _written(self, write: Callable[..., None]) -> Callable[..., None]:
        """A write of the journal, with a moment before and after; a read changes nothing that a cut could leave."""

        def watched(*arguments: Any) -> None:
            self.current.moment()
            write(*arguments)
            self.current.moment()

        return watched

    # --- the script's words --------------------------------------------------------------------------------------
    def switch_on(self, has_glass: bool = False) -> None:
        self.front.report(FrontAttached("script", has_glass))
        self.terminal = asyncio.ensure_future(app.run(self.room))

    def text(self) -> str:
        if not self.front.screens:
            return "(dark)"
        shown = page(self.front.screens[-1], words(self.front.screens[-1].language))
        return "\n".join((shown.title, *shown.plain_lines(), shown.hint))

    async def see(self, *texts: str) -> None:
        """Wait until the screen holds all of these."""
        assert self.terminal is not None
        seen = asyncio.ensure_future(self.front.until(lambda _: all(text in self.text() for text in texts)))
        try:
            async with asyncio.timeout(PATIENCE):
                await asyncio.wait({seen, self.terminal}, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            raise AssertionError(f"never saw {texts}; the screen is\n{self.text()}") from None
        finally:
            seen.cancel()
        if not (seen.done() and not seen.cancelled()):
            self.terminal.result()
            raise AssertionError("the terminal has ended")

    async def press(self, *keys: str) -> None:
        """Keys one after the other; each is taken before the next is pressed. The vault has those of a secret."""
        for key in keys:
            if not self.keypad.press(key):
                self.front.report(KeyPressed(key))
            await asyncio.sleep(0.01)

    async def type(self, digits: str) -> None:
        await self.press(*digits)

    async def enter(self, digits: str) -> None:
        await self.press(*digits, "enter")

    def sign(self) -> None:
        self.front.report(StrokeDrawn(((100, 100), (900, 900))))

    async def insert(self, id: str, **behaviour: Any) -> None:
        card: CardDescription = self.bank.tray[id]
        self.reader.insert(card.virtual(**behaviour))
        await asyncio.sleep(0.01)

    async def pull(self) -> None:
        self.reader.pull()
        await asyncio.sleep(0.01)

    async def swipe(self, id: str) -> None:
        self.stripe.swipe(self.bank.tray[id].track2.encode())
        await asyncio.sleep(0.01)

    async def tap(self, id: str) -> None:
        self.field.tap(self.bank.tray[id].tapped())
        await asyncio.sleep(0.01)

    def paper(self) -> str:
        """All that was printed, as text."""
        return "\n".join("\n".join(row.text for row in paper if hasattr(row, "text")) for paper in self.printer.papers)

    # --- common ground -------------------------------------------------------------------------------------------
    async def first_day(self) -> None:
        """Switch on a new terminal: self-check, new codes, sign-in, main menu."""
        self.switch_on()
        await self.see("自检")
        await self.press("enter")
        await self.log_in("0000")
        await self.see("须先修改出厂密码")
        await self.press("enter")
        await self.new_code("2580")
        await self.idle()

    async def log_in(self, code: str = "2580") -> None:
        await self.see("请输入操作员号")
        await self.enter("01")
        await self.see("请输入操作员 01 的密码")
        await self.enter(code)

    async def new_code(self, code: str) -> None:
        await self.see("新密码")
        await self.enter(code)
        await self.see("再输入一次")
        await self.enter(code)
        await self.see("密码已修改")
        await self.press("enter")

    async def another_day(self) -> None:
        """Switch on a terminal that has been in use."""
        self.switch_on()
        await self.see("自检")
        await self.press("enter")
        await self.log_in()
        await self.idle()

    async def idle(self) -> None:
        await self.see("消费", "退款", "交易记录")

    async def supervisor_code(self) -> None:
        """Supervisor and administrator replace their factory codes when a first refund asks for it."""
        for id, factory, code in (("00", "123456", "135790"), ("99", "88888888", "24681357")):
            await self.see(f"操作员 {id} 仍在用出厂密码")
            await self.press("enter")
            await self.see(f"请输入操作员 {id} 的密码")
            await self.enter(factory)
            await self.new_code(code)

    async def sell(self, amount: str, card: str = "unionpay-debit", way: str = "insert", choice: str = "") -> None:
        """A whole sale, from idle to idle; `choice` is the application where the card has several."""
        await self.idle()
        await self.press("1")
        await self.see("请输入消费金额")
        await self.enter(amount)
        await self.present(card, way)
        if choice:
            await self.see("请持卡人选择应用")
            await self.press(choice)
        await self.see(f"¥{int(amount) / 100:.2f}")
        await self.see("确认")
        await self.press("enter")
        await self.see("消费成功")
        await self.press("enter")
        await self.tear()
        if way == "insert":
            await self.pull()
        await self.idle()

    async def present(self, card: str, way: str = "insert") -> None:
        await self.see("请插卡")
        if way == "insert":
            await self.insert(card)
        else:
            await self.swipe(card)

    async def tear(self) -> None:
        await self.see("撕下商户存根")
        await self.press("enter")

    async def refund_until_card(self, how: str = "1", reason: str = "1", sale: str = "1") -> None:
        """From idle to the card prompt: `how` is 1 for all of it."""
        await self.idle()
        await self.press("refund")
        if "00" in await self.room.staff.factory_codes():
            await self.supervisor_code()
        await self.see("退哪一笔")
        await self.press(sale)
        await self.see("退款原因")
        await self.press(reason)
        await self.see("退多少")
        await self.press(how)

    async def refund(self, amount: str = "", card: str = "unionpay-debit", way: str = "insert") -> None:
        """From idle until the request is sent: all of it, or an amount."""
        await self.refund_until_card("2" if amount else "1")
        if amount:
            await self.see("请输入退款金额")
            await self.enter(amount)
        await self.see("退款明细")
        await self.press("enter")
        await self.present(card, way)
        await self.see("再核对一遍")
        await self.pull() if way == "insert" else None
        await self.press("enter")

    async def pay(self, amount: str, card: str, way: str = "insert") -> None:
        """From idle until a payment is sent."""
        await self.press("1")
        await self.see("请输入消费金额")
        await self.enter(amount)
        await self.present(card, way)
        await self.see("确认")
        await self.press("enter")

    async def settle_batch(self) -> None:
        """From idle to the settlement under way."""
        await self.idle()
        await self.press("down")
        await self.see("结算", "预授权", "余额查询")
        await self.press("1")
        await self.see("净额")
        await self.press("enter")

    async def done(self) -> None:
        """Past the papers, back to idle."""
        await self.press("enter")
        await self.tear()
        await self.idle()

    async def settle(self, seconds: float) -> None:
        """Let virtual time pass."""
        await asyncio.sleep(seconds)

    async def switch_off(self) -> None:
        if self.terminal is not None:
            self.terminal.cancel()
            with suppress(asyncio.CancelledError, PowerCut):
                await self.terminal
        self.journal._store.close()
        for see in WATCHING:
            see(self)


Script = Callable[[Shop], Awaitable[None]]


def day(folder: Path, bank: Bank, script: Script, *more: Any, **settings: Any) -> Shop:
    """Run a script against one start of the terminal (settings as Shop's); a power cut ends it early."""
    shops: list[Shop] = []

    async def work() -> None:
        shop = Shop(folder, bank, *more, **settings)
        shops.append(shop)
        try:
            with suppress(PowerCut):
                await script(shop)
        finally:
            await shop.switch_off()

    run(work())
    return shops[0]


def _chance() -> Callable[[int], bytes]:
    counter = iter(range(1, 1 << 30))

    def draw(size: int) -> bytes:
        return hashlib.sha512(str(next(counter)).encode()).digest()[:size]

    return draw


def _config(folder: Path, dialect: DialectConfig, settings: dict[str, Any]) -> Config:
    return Config(
        merchant=Merchant("测试商户", TERMINAL_ID, MERCHANT_ID),
        line=LineConfig(("bank.test:1",), "ca.pem"),
        printer=PrinterConfig("none"),
        files=Files(str(folder / "journal"), str(folder / "vault"), "key", "front.sock", str(folder / "inbox")),
        dialect=dialect,
        **settings,
    )
