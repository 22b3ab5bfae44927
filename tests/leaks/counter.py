"""A counter whose every card, PIN and code is a marker, and somebody who works there. TEST CARDS AND TEST KEYS ONLY.

The bank is in this process, where the markers are made: nobody looks here. Everything else is the real thing.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from simulator.acquirer.branch import TERMINAL_ID
from simulator.acquirer.faults import LineState, Spoil
from simulator.counter.back_room import BackRoom
from simulator.counter.escpos_decoder import Decoded, Decoder
from simulator.counter.paper import as_text
from simulator.counter.play import Player, log_in
from simulator.counter.shop import Shop
from terminal.dialogue.codes import FACTORY, FIRST_OPERATOR
from terminal.screens import PinPad, Progress, Shown
from tests.leaks.markers import Markers

MENU = ("消费", "退款", "交易记录")
PIN_ASKED = "持卡人输入密码"
ANSWERS = {  # what a screen says -> the key that goes on from there
    "请持卡人选择应用": "1",
    "号码一致": "1",
    "请持卡人签名": "enter",
    "撕下商户存根": "enter",
    "请勿拔卡，直到": "enter",
    "确认": "enter",
}
CARDS = (
    "unionpay-debit",
    "unionpay-debit-pin",
    "unionpay-credit-offline-pin",
    "unionpay-credit-enciphered-pin",
    "stripe-only",
)
DEVICE = "keypad-320x240"
FACTORY_CODES = {id: code for id, _, code in FACTORY}
STILL_FACTORY = {f"操作员 {id} 仍在用出厂密码": id for id in FACTORY_CODES}
TAKE_OUT = ("拔", "取走")
DRAWN = 0.7  # seconds after which a stripe is drawn again: one that comes before the prompt is forgotten


class Tape(Decoder):
    """A printer's decoder that keeps the bytes."""

    def __init__(self) -> None:
        super().__init__()
        self.raw = bytearray()

    def feed(self, data: bytes) -> Decoded:
        self.raw += data
        return super().feed(data)


class Watched(Shop):
    """A shop whose every screen is kept, as a value and as text."""

    def __init__(self, room: BackRoom, device: str) -> None:
        super().__init__(room, device)
        self.seen: list[str] = []

    def _show(self, shown: Shown) -> None:
        super()._show(shown)
        self.seen.append(f"{shown} {self.screen()}")


class Counter:
    """One day at the counter; `shop.seen` is all that was shown, `tape` all that was printed."""

    def __init__(self, room: BackRoom, markers: Markers, front_pid: int) -> None:
        self.room, self.markers, self.tape = room, markers, Tape()
        self.front_pid, self.codes = front_pid, dict(FACTORY_CODES)
        room.printer._decoder = self.tape
        self.shop = Watched(room, DEVICE)
        self.player = Player(self.shop, is_quiet=True)
        self._front = asyncio.create_task(self.shop.attend())

    async def close(self) -> None:
        self._front.cancel()
        with suppress(asyncio.CancelledError):
            await self._front

    def keys(self) -> dict[str, bytes]:
        """The terminal's working keys, as the bank has them now."""
        known = self.room.bank.do(lambda: self.room.ledger.terminal(TERMINAL_ID))
        assert known is not None
        return {"PIK": known.pik, "MAK": known.mak, "TDK": known.tdk}

    def paper(self) -> str:
        return "\n".join(as_text(rows) for rows in self.room.printer._papers)

    # --- what is done there, each from idle to idle --------------------------------------------------------------
    async def open(self) -> None:
        await log_in(self.player, self.codes[FIRST_OPERATOR])
        await self.choose_code(FIRST_OPERATOR)
        await self.idle()

    async def idle(self) -> None:
        await self.player.see(*MENU)

    async def sell(self, card: str, way: str = "insert", pins: Iterable[str] = (), end: str = "消费成功") -> None:
        await self.ask_for_card()
        await self._pay(card, way, pins, end)

    async def ask_for_card(self) -> None:
        """From idle to the request for a card."""
        await self.idle()
        await self.player.press("1")
        await self._amount()

    async def hold(self, card: str, way: str = "insert", pins: Iterable[str] = ()) -> None:
        """A pre-authorisation."""
        await self.second_page("2")
        await self.player.see("预授权完成")
        await self.player.press("1")
        await self._amount()
        await self._pay(card, way, pins, "预授权成功")

    async def ask_balance(self, card: str, way: str = "insert", pins: Iterable[str] = ()) -> None:
        await self.second_page("3")
        await self.player.see("请插卡")
        await self._pay(card, way, pins, "可用余额")

    async def second_page(self, entry: str) -> None:
        """From idle to an entry of the menu's second page."""
        await self.idle()
        await self.player.press("down")
        await self.player.see("结算", "预授权", "余额查询", "终端管理")
        await self.player.press(entry)

    async def lose_a_sale(self, card: str) -> None:
        """The bank booked it, the answer was lost: a reversal is owed, and sent with the next sign of life."""
        self.room.faults.state = LineState.ANSWER_LOST
        await self.ask_for_card()
        await self.present(card, "insert")
        await self._until("冲正", ())
        self.room.faults.state = LineState.UP
        await self._leave()

    def refuse_next_pin(self) -> None:
        """The bank says that the next online PIN is wrong."""
        self.room.faults.spoil_next(Spoil.REFUSED_WITH, "0200", "55")

    async def give_back(self, card: str, way: str = "insert", amount: str = "") -> None:
        """The newest sale: a void of all of it, or a refund of an amount."""
        await self.idle()
        await self.player.press("refund")
        await self._replace_factory_codes()
        for question in ("退哪一笔", "退款原因"):
            await self.player.see(question)
            await self.player.press("1")
        await self.player.see("退多少")
        await self.player.press("2" if amount else "1")
        if amount:
            await self.player.see("请输入退款金额")
            await self.player.enter(amount)
        await self.player.see("退款明细")
        await self.player.press("enter")
        await self.player.see("请插卡")
        await self.present(card, way)
        await self.player.see("再核对一遍")
        await self.room.remove()
        await self.player.press("enter")
        await self.player.see("已受理")
        await self._leave()

    async def settle(self) -> None:
        await self.second_page("1")
        await self.player.see("净额")
        await self.player.press("enter")
        await self.player.see("结算完成")
        await self._leave()

    async def _replace_factory_codes(self) -> None:
        """Of whoever still has one, and each is told so."""
        while (asked := await self.player.see_any("退哪一笔", *STILL_FACTORY)) in STILL_FACTORY:
            id = STILL_FACTORY[asked]
            await self.player.press("enter")
            await self.player.see(f"请输入操作员 {id} 的密码")
            await self.player.enter(self.codes[id])
            await self.choose_code(id)

    async def choose_code(self, id: str) -> None:
        """In place of the factory's, or as a custodian's first."""
        if await self.player.see_any("须先修改出厂密码", "新密码（") == "须先修改出厂密码":
            await self.player.press("enter")
        for question in ("新密码（", "再输入一次"):
            await self.player.see(question)
            await self.player.enter(self.markers.codes[id])
        self.codes[id] = self.markers.codes[id]
        await self.player.see("密码已修改")
        await self.player.press("enter")

    async def _amount(self) -> None:
        await self.player.see("请输入消费金额")
        await self.player.enter("8800")
        await self.player.see("请插卡")

    async def _pay(self, card: str, way: str, pins: Iterable[str], end: str) -> None:
        """From the request for a card to idle."""
        await self.present(card, way)
        await self._until(end, pins)
        await self._leave()

    async def present(self, card: str, way: str) -> None:
        if way == "insert":
            await self.room.insert(card)
        elif way == "tap":
            await self.room.tap(card)
        else:
            asked = self.player.text()
            while self.player.text() == asked:
                self.room.swipe(card)
                await self.shop.changed(self.shop.serial, DRAWN)

    async def _until(self, end: str, pins: Iterable[str]) -> None:
        """Answer what is asked, with these PINs one after the other, until a screen says `end`; each is asked for."""
        typed = iter(pins)
        while (asked := await self.player.see_any(end, PIN_ASKED, *ANSWERS)) != end:
            if asked == PIN_ASKED:
                await self.pad_ready()
                await self.player.enter(next(typed))
            else:
                await self.player.press(ANSWERS[asked])
        assert not list(typed), "a PIN was not asked for"

    async def pad_ready(self) -> None:
        """Wait until the vault has the keypad."""
        while isinstance(pad := self.shop._shown.screen, PinPad) and pad.count is None:
            await self.shop.changed(self.shop.serial, DRAWN)

    async def _leave(self) -> None:
        """Past the papers; the card is taken out where one is in."""
        while not all(text in self.player.text() for text in MENU):
            if any(word in self.player.text() for word in TAKE_OUT):
                await self.room.remove()
            if isinstance(self.shop._shown.screen, Progress):
                await self.shop.changed(self.shop.serial, DRAWN)
            else:
                await self.player.press("enter")
        await self.room.remove()
        await self.idle()


@asynccontextmanager
async def opened(folder: Path, chance: random.Random, answer_seconds: float = 2.0) -> AsyncIterator[Counter]:
    """A counter whose tray holds marked cards only."""
    markers = Markers(chance)
    room = BackRoom(folder, answer_seconds)
    room.tray = {id: markers.marked(room.tray[id]) for id in CARDS}
    async with room:
        front = await room._started("ui.front", "--socket", str(folder / "front.sock"), "--device-class", DEVICE)
        counter = Counter(room, markers, front.pid)
        try:
            yield counter
        finally:
            await counter.close()
            front.terminate()
            await front.wait()
