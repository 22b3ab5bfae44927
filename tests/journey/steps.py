"""What the journeys of the guide and of the complaints share: who is in the shop, and whose books are compared.

Law: a step is keys, cards and screens; only people are put straight into the journal, and books are read, never made.
"""

from __future__ import annotations

from typing import Any

import msgspec

from simulator.acquirer.reconciliation import reconciliation
from terminal.exchange.stages import Open
from terminal.journal.journal import Operator
from terminal.refund.policy import Policy
from terminal.screens import CardPrompt, Progress
from tests.journey.shop import MERCHANT_ID, Bank, PlainPasswords, Script, Shop, day
from tests.journey.teller import agrees
from ui.layout import DEVICE_CLASSES
from ui.page import page
from ui.painter import Painter
from ui.text import words

BOSS = "135790"  # TEST code of the supervisor, as Shop.supervisor_code sets it
CODES = {"00": BOSS, "01": "2580", "02": "1470", "03": "3690"}  # TEST codes
DAY, NEXT = "2026-11-23", "2026-11-24"
REFUND, VOID_OR_SALE = "0220", "0200"
PAINTERS = [Painter(device) for device in DEVICE_CLASSES]
FITTED: set[bytes] = set()


async def open_shop(shop: Shop) -> None:
    """A terminal in use: no factory code stands, 02 is an operator, 03 a senior."""
    await shop.first_day()
    await shop.press("refund")
    await shop.supervisor_code()
    await shop.press("cancel")
    await shop.idle()
    for id, role in (("02", "operator"), ("03", "senior")):
        digest = await PlainPasswords().digest(CODES[id])
        await shop.journal.keep_operator(Operator(id, role, digest, is_factory=False), "enrolled", "00")


def play(folder: Any, bank: Bank, script: Script, policy: Policy | None = None, **settings: Any) -> Shop:
    """The script on a terminal in use; afterwards every screen of it must fit every glass, zh and en."""

    async def whole(shop: Shop) -> None:
        await open_shop(shop)
        await script(shop)

    shop = day(folder, bank, whole, policy, **settings)
    fits(shop)
    return shop


def fits(shop: Shop) -> None:
    """Every word is there, every hole is filled, nothing is cut off, on every device class and in both languages."""
    for shown in shop.front.screens:
        raw = msgspec.json.encode(shown.screen)
        if isinstance(shown.screen, Progress) or raw in FITTED:
            continue
        FITTED.add(raw)
        for language in ("zh_CN", "en"):
            told = msgspec.structs.replace(shown, language=language)
            page(told, words(language, is_strict=True))
            for painter in PAINTERS:
                assert not painter.overflows(told), (painter.device.name, language, shown.screen)


def sent(shop: Shop, mti: str) -> int:
    """How many messages of this kind left the terminal in this start."""
    return sum(frame[11:13].hex() == mti for frame in shop.line.sent)


def was_asked_for_a_card(shop: Shop, since: int) -> bool:
    """Whether any screen since asked for one."""
    return any(isinstance(shown.screen, CardPrompt) for shown in shop.front.screens[since:])


async def books_agree(shop: Shop) -> None:
    """Exchange by exchange, and to the fen, the terminal and the bank say the same; nothing is open; the chain
    holds."""
    stages = await shop.journal.recent(500)
    assert not [stage for stage in stages if isinstance(stage, Open)]
    agrees(shop.bank, stages, {kind: form.silence for kind, form in shop.room.acquirer.dialect.forms.items()})
    assert await shop.journal.verify() is None


async def to_card(shop: Shop, how: str = "1", amount: str = "", sale: str = "1") -> None:
    """From idle to the card prompt."""
    await shop.refund_until_card("2" if amount else how, sale=sale)
    if amount:
        await shop.see("请输入退款金额")
        await shop.enter(amount)
    await shop.see("退款明细")
    await shop.press("enter")
    await shop.see("请插卡")


async def to_confirm(shop: Shop, card: str = "unionpay-debit", amount: str = "", sale: str = "1") -> None:
    """From idle to the page that says everything; the card is back in its holder's hand."""
    await to_card(shop, amount=amount, sale=sale)
    await shop.insert(card)
    await shop.see("再核对一遍")
    await shop.pull()


async def leave(shop: Shop) -> None:
    """Back to idle, however deep."""
    for _ in range(9):
        if "退款键" in shop.text():
            break
        await shop.press("cancel")
        await shop.settle(1)
    await shop.idle()


def bank_file(bank: Bank, first: str = DAY, last: str = NEXT) -> str:
    """The acquirer's daily file."""
    return reconciliation(bank.ledger, first, MERCHANT_ID, last)
