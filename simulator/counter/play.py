"""The guide, played by keys and cards alone: every screen and every paper as text. Green only if the money is back.

What is waited for is the screen itself; nothing sleeps to give it time.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from typing import Any, Protocol

PATIENCE = 30.0  # seconds for one screen
CARD = "unionpay-trace"  # the real UnionPay test card of the published trace
FACTORY, CODE = "0000", "2580"
FIRST_REFUND = (("00", "123456", "135790"), ("99", "88888888", "24681357"))  # who, factory code, own code


class Played(Protocol):
    """The part of a CounterDesk that a play needs."""

    serial: int

    def screen(self) -> dict[str, Any]: ...
    async def changed(self, serial: int, timeout: float) -> int: ...
    def press(self, key: str) -> None: ...
    async def insert(self, id: str) -> None: ...
    async def remove(self) -> None: ...
    def papers(self) -> list[dict[str, Any]]: ...
    def ledger(self) -> dict[str, Any]: ...


class NeverCame(Exception):
    """A screen that the guide promises did not come."""


class Player:
    """Sees and presses, and writes down what it saw."""

    def __init__(self, desk: Played, *, is_quiet: bool = False) -> None:
        self._desk, self._is_quiet = desk, is_quiet
        self._last, self._papers = "", 0

    def text(self) -> str:
        screen = self._desk.screen()
        return "\n".join((screen["title"], *screen["lines"], screen["hint"]))

    async def see(self, *texts: str) -> None:
        """Wait for a screen with all of these. Raises NeverCame."""
        await self._until(lambda text: all(part in text for part in texts), texts)

    async def see_any(self, *texts: str) -> str:
        """Wait for a screen with one of these; which one. Raises NeverCame."""
        await self._until(lambda text: any(part in text for part in texts), texts)
        return next(part for part in texts if part in self.text())

    async def _until(self, is_it: Callable[[str], bool], texts: tuple[str, ...]) -> None:
        serial = self._desk.serial
        try:
            async with asyncio.timeout(PATIENCE):
                while not is_it(self.text()):
                    serial = await self._desk.changed(serial, PATIENCE)
        except TimeoutError:
            raise NeverCame(f"{texts} never came; the screen is\n{self.text()}") from None
        self._write_down()

    async def press(self, *keys: str) -> None:
        """Each key is pressed once the screen has taken the one before."""
        for key in keys:
            serial = self._desk.serial
            self._desk.press(key)
            await self._desk.changed(serial, PATIENCE)
        self._write(f"    [{' '.join(keys)}]")

    async def enter(self, digits: str, is_secret: bool = False) -> None:
        for key in (*digits, "enter"):
            serial = self._desk.serial
            self._desk.press(key)
            await self._desk.changed(serial, PATIENCE)
        self._write(f"    [{'*' * len(digits) if is_secret else digits} enter]")

    async def insert(self) -> None:
        self._write("    [card in]")
        await self._desk.insert(CARD)

    async def pull(self) -> None:
        await self._desk.remove()
        self._write("    [card out]")

    async def papers(self, count: int) -> None:
        """Wait for so many papers and write the new ones down."""
        async with asyncio.timeout(PATIENCE):
            while len(self._desk.papers()) < count:
                await self._desk.changed(self._desk.serial, 0.05)
        for paper in self._desk.papers()[self._papers : count]:
            self._write("\n" + "\n".join(f"        | {row}" for row in paper["text"].splitlines()))
        self._papers = count

    def _write_down(self) -> None:
        screen = self._desk.screen()
        now = "\n".join([f"  {screen['title']}", *(f"    {line}" for line in screen["lines"]), f"  ({screen['hint']})"])
        if now != self._last:
            self._last = now
            self._write("\n" + now)

    def heading(self, text: str) -> None:
        self._write(f"\n=== {text}")

    def _write(self, text: str) -> None:
        if not self._is_quiet:
            _write(text)


async def play_refund(desk: Played) -> int:
    """0 when the bank's ledger shows the money back, 1 when not or when a screen never came."""
    player = Player(desk)
    try:
        await guide(player)
    except NeverCame as missing:
        _write(f"\nFAILED: {missing}")
        return 1
    return _verdict(desk.ledger())


async def guide(player: Player) -> None:
    """From the first power-on to the second receipt. Raises NeverCame."""
    player.heading("switch on, operator 01, a new code, sign-in (G1, G16)")
    await first_log_in(player)

    player.heading("a sale, so that there is something to give back")
    await sell(player, "8800")
    await player.press("enter")
    await _papers(player, 0)
    await player.pull()

    player.heading("a part goes back: a refund (G2-G6)")
    await player.see("消费", "退款", "交易记录")
    await player.press("refund")
    await replace_factory_codes(player)
    await _choose_sale(player, "2")
    await player.see("请输入退款金额")
    await player.enter("3000")
    await _send(player, "按退货处理")
    await player.see("退货已受理", "不是已到账")
    await player.press("enter")
    await _papers(player, 2)

    player.heading("another sale, and all of it goes back: a void")
    await sell(player, "1250")
    await player.press("enter")
    await _papers(player, 4)
    await player.pull()
    await player.see("消费", "退款", "交易记录")
    await player.press("refund")
    await _choose_sale(player, "1")
    await _send(player, "按消费撤销处理")
    await player.see("撤销已受理")
    await player.press("enter")
    await _papers(player, 6)
    await player.see("消费", "退款", "交易记录")


async def sell(player: Player, amount: str) -> None:
    """From the main menu to the approved sale; the card stays in."""
    await player.see("消费", "退款", "交易记录")
    await player.press("1")
    await player.see("请输入消费金额")
    await player.enter(amount)
    await player.see("请插卡")
    await player.insert()
    await player.see("请持卡人选择应用", "1 UICC CREDIT")
    await player.press("1")
    await player.see("请勿拔卡，直到显示结果")
    await player.press("enter")
    await player.see("消费成功")


async def log_in(player: Player, code: str) -> None:
    """Past the self-check, by number and code."""
    if await player.see_any("自检", "请输入操作员号") == "自检":
        await player.press("enter")
    await player.see("请输入操作员号")
    await player.enter("01")
    await player.see("请输入操作员 01 的密码")
    await player.enter(code, is_secret=True)


async def first_log_in(player: Player) -> None:
    """The factory code, and a new one in its place."""
    await log_in(player, FACTORY)
    await player.see("须先修改出厂密码")
    await player.press("enter")
    await new_code(player, CODE)
    await player.see("消费", "退款", "交易记录")


async def replace_factory_codes(player: Player) -> None:
    """What the first refund asks for."""
    for id, factory, code in FIRST_REFUND:
        await player.see(f"操作员 {id} 仍在用出厂密码")
        await player.press("enter")
        await player.see(f"请输入操作员 {id} 的密码")
        await player.enter(factory, is_secret=True)
        await new_code(player, code)


async def new_code(player: Player, code: str) -> None:
    """Typed twice."""
    await player.see("新密码（")
    await player.enter(code, is_secret=True)
    await player.see("再输入一次")
    await player.enter(code, is_secret=True)
    await player.see("密码已修改")
    await player.press("enter")


async def _choose_sale(player: Player, how: str) -> None:
    await player.see("退哪一笔")
    await player.press("1")
    await player.see("退款原因")
    await player.press("1")
    await player.see("退多少")
    await player.press(how)


async def _send(player: Player, why: str) -> None:
    await player.see("退款明细", why)
    await player.press("enter")
    await player.see("请插卡")
    await player.insert()
    await player.see("再核对一遍")
    await player.pull()
    await player.press("enter")


async def _papers(player: Player, before: int) -> None:
    """On glass the cardholder is asked to sign; the play signs on paper."""
    await tear_off(player)
    await player.papers(before + 2)


async def tear_off(player: Player) -> None:
    """Sign on paper, hand the terminal back, and take the merchant copy."""
    asked: tuple[str, ...] = ("请持卡人核对", "请持卡人签名", "请将终端交还收银员", "撕下商户存根")
    while (seen := await player.see_any(*asked)) != "撕下商户存根":
        asked = asked[asked.index(seen) + 1 :]
        if seen == "请将终端交还收银员":
            await player.enter(CODE, is_secret=True)
        else:
            await player.press("enter")
    await player.press("enter")


def _verdict(ledger: dict[str, Any]) -> int:
    entries = [entry for entry in ledger["transactions"] if entry["state"] == "approved"]
    back = sum(entry["amount"] for entry in entries if entry["kind"] in ("refund", "void"))
    is_balanced = ledger["sum_of_postings"] == 0
    _write("\n=== the bank's ledger")
    for entry in reversed(ledger["transactions"]):
        _write(f"    {entry['kind']:<8} {entry['amount'] / 100:>10.2f}  {entry['state']:<9} RRN {entry['rrn']}")
    is_back = back == 3000 + 1250 and is_balanced
    _write(
        f"\n{'OK' if is_back else 'FAILED'}: {back / 100:.2f} went back, postings sum to {ledger['sum_of_postings']}"
    )
    return 0 if is_back else 1


def _write(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
