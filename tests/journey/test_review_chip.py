"""What a review tried on the chip's dialogues: money, secrets, the wrong moment. Law: each test is a reproduction."""

import asyncio

import msgspec
import pytest

from keys.issuer_script import UNBLOCK_PIN
from simulator.acquirer.downloads import applications, capks
from simulator.acquirer.host import Host
from simulator.acquirer.issuer import Script, TestIssuer
from simulator.cards.chip import Misbehaving
from terminal.config import EmvConfig
from terminal.exchange.stages import Accepted, Open, Reversed
from terminal.iso8583.codec import decode
from terminal.iso8583.cup import cup
from terminal.iso8583.frame import unpack
from terminal.iso8583.kinds import Kind
from terminal.iso8583.message import Message
from terminal.refund.policy import Policy
from tests.journey.shop import PIN, Bank, day
from ui.layout import DEVICE_CLASSES
from ui.page import page
from ui.painter import Painter
from ui.text import words

CUP = cup()
WRONG = "111111"
ONLINE_PIN = "unionpay-debit-pin"


@pytest.fixture
def bank():
    bank = Bank()
    yield bank
    bank.ledger.close()


def requests(shop, mti="0200"):
    sent = [decode(unpack(frame, CUP.frame).body, CUP.layout) for frame in shop.line.sent]
    return [message for message in sent if message.mti == mti]


def play(folder, bank, script, **settings):
    async def whole(shop):
        await shop.first_day()
        await script(shop)

    return day(folder, bank, whole, **settings)


async def sale(shop, card, amount="1000", **behaviour):
    await shop.idle()
    await shop.press("1")
    await shop.see("请输入消费金额")
    await shop.enter(amount)
    await shop.see("请插卡")
    await shop.insert(card, **behaviour)


class Listening(Misbehaving):
    """A chip that remembers what it was told."""

    def __init__(self, chip):
        super().__init__(chip)
        self.heard = []

    def respond(self, command):
        self.heard.append(command)
        return super().respond(command)

    def generated(self):
        return [command[2] & 0xC0 for command in self.heard if command[1] == 0xAE]


# --- 1. money ---------------------------------------------------------------------------------------------------------
def test_another_card_put_in_after_a_wrong_pin_is_not_charged(tmp_path, bank):
    async def script(shop):
        await sale(shop, ONLINE_PIN)
        await shop.see("请持卡人输入密码")
        await shop.enter(WRONG)
        await shop.see("请勿拔卡，直到", "0201")
        bank.line("slow")
        await shop.press("enter")
        await shop.settle(1)
        await shop.pull()
        await shop.insert("unionpay-credit")  # no PIN of its own: nobody is asked anything
        await shop.settle(30)
        await shop.press("enter")
        await shop.settle(30)

    play(tmp_path, bank, script)
    assert bank.balance("unionpay-credit") == 1_000_000


def test_a_listed_card_put_in_after_a_wrong_pin_is_not_charged(tmp_path, bank):
    async def script(shop):
        await shop.journal.parameters.replace("blocked-bin", {"625094": b""})
        await sale(shop, ONLINE_PIN)
        await shop.see("请持卡人输入密码")
        await shop.enter(WRONG)
        await shop.see("请勿拔卡，直到")
        bank.line("slow")
        await shop.press("enter")
        await shop.settle(1)
        await shop.pull()
        await shop.insert("unionpay-credit")
        await shop.settle(30)

    play(tmp_path, bank, script)
    assert bank.balance("unionpay-credit") == 1_000_000


@pytest.mark.parametrize("fault", ["lost", "wrong_mac"])
def test_a_card_of_a_reversed_sale_is_not_asked_for_a_tc(tmp_path, bank, fault):
    chips = []

    async def script(shop):
        chips.append(Listening(bank.tray["unionpay-debit"].virtual()))
        await shop.press("1")
        await shop.see("请输入消费金额")
        await shop.enter("1000")
        await shop.see("请插卡")
        shop.reader.insert(chips[0])
        await shop.see("请勿拔卡，直到")
        bank.spoil(fault, "0200")
        await shop.press("enter")
        await shop.see("已冲正")
        assert isinstance((await shop.journal.recent())[0], Reversed)

    play(tmp_path, bank, script)
    assert bank.balance() == 1_000_000
    assert chips[0].generated() in ([0x80], [0x80, 0x00]), "a TC for money that was reversed"


def test_a_card_pulled_and_swapped_while_its_offline_pin_is_typed(tmp_path, bank):
    async def script(shop):
        await sale(shop, "unionpay-credit-offline-pin")
        await shop.see("请持卡人输入密码")
        await shop.pull()
        await shop.insert("unionpay-credit-enciphered-pin")
        await shop.enter(PIN)
        await shop.see("卡片拔得太早", "没有发送交易")
        assert await shop.journal.recent() == []

    play(tmp_path, bank, script)


def test_a_card_swapped_before_the_page_is_agreed_to(tmp_path, bank):
    async def script(shop):
        await sale(shop, "unionpay-debit")
        await shop.see("请勿拔卡，直到")
        await shop.pull()
        await shop.insert("unionpay-credit")
        await shop.press("enter")
        await shop.see("已冲正")

    play(tmp_path, bank, script)
    assert bank.balance() == bank.balance("unionpay-credit") == 1_000_000


def test_the_refund_of_one_account_by_the_stripe_of_the_other(tmp_path, bank):
    """two-accounts: the stripe is the debit account's, the sale the credit account's."""

    async def script(shop):
        await shop.sell("1000", "two-accounts", choice="2")
        await shop.refund_until_card()
        await shop.see("退款明细")
        await shop.press("enter")
        for _ in range(3):
            await shop.see("请插卡")
            await shop.insert("two-accounts", mute_at=1)
            await shop.settle(9)
            await shop.pull()
            await shop.press("enter")
        await shop.see("刷卡")
        await shop.swipe("two-accounts")
        await shop.see("不是原交易的卡")

    play(tmp_path, bank, script)
    assert bank.balance("two-accounts") == 1_000_000


# --- 2. a card pulled at each command -----------------------------------------------------------------------------
GOOD = [
    "unionpay-debit",
    "unionpay-credit",
    ONLINE_PIN,
    "unionpay-credit-offline-pin",
    "unionpay-credit-enciphered-pin",
    "unionpay-identity",
    "two-accounts",
    "international-credit",
    "international-debit",
]


async def drift(shop, hold=""):
    """Answer whatever is asked until the menu or a result is back."""
    for _ in range(25):
        text = shop.text()
        if "退款键" in text:
            return
        if "输入密码" in text and "操作员" not in text:
            await shop.enter(PIN)
        elif "请插卡" in text:
            await shop.press("cancel")
        elif "应用" in text or "号码一致" in text:
            await shop.press("1")
        else:
            await shop.press("enter")
        await shop.settle(3)
    raise AssertionError(shop.text())


@pytest.mark.parametrize("card", GOOD)
def test_pulled_at_each_command_of_a_sale(tmp_path, card):
    words = {}
    for at in range(1, 60):
        folder = tmp_path / str(at)
        folder.mkdir()
        bank = Bank()
        seen = []

        async def script(shop, at=at, seen=seen):
            await sale(shop, card, pull_at=at)
            await shop.settle(1)
            await drift(shop)
            await shop.pull()
            assert await shop.journal.open_stages() == []
            stages = await shop.journal.recent()
            seen.append(stages)
            await shop.sell("500", "unionpay-credit" if card != "unionpay-credit" else "unionpay-debit")

        play(folder, bank, script)
        stages = seen[-1]
        taken = sum(stage.amount.minor for stage in stages if isinstance(stage, Accepted))
        assert bank.balance(card) == 1_000_000 - taken, (at, stages)
        assert not any(isinstance(stage, Open) for stage in stages)
        words[at] = [type(stage).__name__ for stage in stages]
        bank.ledger.close()
        if taken:
            break
    print(card, words)
    assert taken, "it never came through"


@pytest.mark.parametrize("card", GOOD)
def test_pulled_at_each_command_of_a_refund(tmp_path, card):
    for at in range(1, 60):
        folder = tmp_path / str(at)
        folder.mkdir()
        bank = Bank()
        done = []

        async def script(shop, at=at, done=done):
            await sale(shop, card)
            await shop.settle(1)
            await drift(shop)
            await shop.pull()
            await shop.refund_until_card()
            await shop.see("退款明细")
            await shop.press("enter")
            await shop.see("请插卡")
            await shop.insert(card, pull_at=at)
            await shop.settle(1)
            if "再核对" in shop.text():
                done.append(True)
            else:
                assert "卡片拔得太早" in shop.text()
                await shop.press("enter")
                await shop.see("请插卡")
                await shop.insert(card)
                await shop.see("再核对一遍")
            await shop.press("enter")
            await shop.see("撤销已受理")

        play(folder, bank, script)
        assert bank.balance(card) == 1_000_000
        bank.ledger.close()
        if done:
            return
    raise AssertionError("never read")


# --- 3. secrets ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "card", [ONLINE_PIN, "unionpay-credit-offline-pin", "unionpay-credit-enciphered-pin", "unionpay-identity"]
)
def test_nothing_secret_lies_on_the_disk(tmp_path, bank, card, caplog):
    caplog.set_level(0)

    async def script(shop):
        await sale(shop, card)
        await shop.settle(1)
        if card == ONLINE_PIN:
            await shop.enter(WRONG)
            await shop.see("请勿拔卡，直到")
            await shop.press("enter")
            await shop.see("请持卡人输入密码")
        elif "密码" in shop.text():
            await shop.enter(WRONG)
            await shop.see("密码错误")
        await drift(shop)
        await shop.pull()
        await shop.refund_until_card()
        await shop.see("退款明细")
        await shop.press("enter")
        await shop.tap(card) if bank.tray[card].tap else await shop.insert(card)
        await shop.see("再核对一遍")
        await shop.press("enter")
        await shop.see("撤销已受理")
        screens.extend(str(shown) for shown in shop.front.screens)
        blocks.extend(
            message["pin_block"] for message in requests(shop) if "pin_block" in message.fields or 52 in message.fields
        )

    screens, blocks = [], []
    play(tmp_path, bank, script)
    if card == ONLINE_PIN:
        assert [block for block in blocks if block], "the detector is dead"
    described = bank.tray[card]
    secrets = [described.pan, described.track2, "110101199001010015"]
    needles = [s.encode() for s in secrets] + [
        bytes.fromhex(described.pan),
        PIN.encode(),
        bytes.fromhex(PIN)[:3],
        WRONG.encode(),
        bytes.fromhex("26246801"),
        bytes.fromhex("26111111"),
        described.track2.replace("=", "D").encode(),
    ]
    needles += [bytes.fromhex(b) for b in blocks if b] + [b.encode() for b in blocks if b]
    for path in tmp_path.rglob("*"):
        if path.is_file():
            raw = path.read_bytes()
            for needle in needles:
                if len(needle) > 3:
                    assert needle not in raw, (path.name, needle[:2])
    text = "\n".join(screens)
    for secret in (described.pan, described.track2, PIN, WRONG):
        assert secret not in text
        assert secret not in caplog.text


def test_the_pin_block_is_in_no_repr():
    from terminal.dialogue import chip as chips

    said = chips.Talked(None, "AABBCCDDEEFF0011")
    assert "AABBCCDDEEFF0011" not in repr(said)


# --- 4. state -------------------------------------------------------------------------------------------------------
def test_a_missing_tap_reader_does_not_stop_a_sale(tmp_path, bank):
    async def script(shop):
        shop.field.unplug()
        await shop.sell("1000")

    play(tmp_path, bank, script)
    assert bank.balance() == 999_000


def test_a_missing_slot_does_not_stop_a_tapped_refund(tmp_path, bank):
    async def script(shop):
        await shop.sell("1000")
        shop.reader.unplug()
        await shop.refund_until_card()
        await shop.see("退款明细")
        await shop.press("enter")
        await shop.settle(1)
        await shop.tap("unionpay-debit")
        await shop.see("再核对一遍")

    play(tmp_path, bank, script)


def test_a_missing_slot_does_not_stop_a_stripe(tmp_path, bank):
    async def script(shop):
        shop.reader.unplug()
        await shop.press("1")
        await shop.see("请输入消费金额")
        await shop.enter("1000")
        await shop.settle(1)
        await shop.swipe("stripe-only")
        await shop.see("¥10.00", "确认")

    play(tmp_path, bank, script)


def test_a_reader_that_comes_back_while_a_card_is_awaited_is_heard(tmp_path, bank):
    async def script(shop):
        await shop.press("1")
        await shop.see("请输入消费金额")
        await shop.enter("1000")
        await shop.see("请插卡")
        shop.reader.unplug()
        await shop.settle(2)
        shop.reader.plug()
        await shop.settle(1)
        if "读卡器" in shop.text():  # it said so: then enter asks again
            await shop.press("enter")
        await shop.insert("unionpay-debit")
        await shop.settle(5)
        assert "请勿拔卡" in shop.text(), shop.text()

    play(tmp_path, bank, script)


def test_a_reader_unplugged_while_waiting_is_said(tmp_path, bank):
    async def script(shop):
        await shop.press("1")
        await shop.see("请输入消费金额")
        await shop.enter("1000")
        await shop.see("请插卡")
        shop.reader.unplug()
        await shop.settle(3)
        assert "插卡" not in shop.text(), shop.text()

    play(tmp_path, bank, script)


def test_a_stripe_without_chip_after_a_stripe_with_one(tmp_path, bank):
    """The first customer put away the card with a chip and takes another one."""

    async def script(shop):
        await shop.press("1")
        await shop.see("请输入消费金额")
        await shop.enter("1000")
        await shop.see("请插卡")
        await shop.swipe("unionpay-debit")
        await shop.see("这张卡有芯片，请插卡")
        await shop.press("enter")
        await shop.see("请插卡")
        await shop.swipe("stripe-only")
        await shop.settle(1)
        assert "确认继续" in shop.text(), shop.text()

    play(tmp_path, bank, script)


@pytest.mark.parametrize("at", ["idle", "amount", "reading", "agree", "pin", "result"])
def test_a_swipe_or_tap_at_the_wrong_moment_is_not_used_later(tmp_path, bank, at):
    async def wave(shop, now):
        if now == at:
            await shop.swipe("unionpay-debit-other")
            await shop.swipe("stripe-only")
            shop.field.tap(bank.tray["unionpay-debit-other"].tapped())
            await shop.settle(0.5)
            shop.field.pull()

    async def script(shop):
        await wave(shop, "idle")
        await shop.press("1")
        await wave(shop, "amount")
        await shop.see("请输入消费金额")
        await shop.enter("1000")
        await shop.see("请插卡")
        await shop.insert(ONLINE_PIN, slow_at=3, seconds=0.1)
        await wave(shop, "reading")
        await shop.see("请持卡人输入密码")
        await wave(shop, "pin")
        await shop.enter(PIN)
        await shop.see("请勿拔卡，直到")
        await wave(shop, "agree")
        await shop.press("enter")
        await shop.see("消费成功")
        await wave(shop, "result")
        await shop.press("enter")
        await shop.tear()
        await shop.pull()
        await shop.idle()
        await shop.press("1")
        await shop.see("请输入消费金额")
        await shop.enter("100")
        await shop.see("请插卡")
        await shop.settle(5)
        assert "请插卡" in shop.text()

    play(tmp_path, bank, script)
    assert bank.balance(ONLINE_PIN) == 999_000


@pytest.mark.parametrize("turn", range(4))
def test_two_ways_at_once_are_one_card(tmp_path, bank, turn):
    async def script(shop):
        await shop.sell("1000")
        await shop.refund_until_card()
        await shop.see("退款明细")
        await shop.press("enter")
        await shop.see("插卡", "拍卡")
        shop.field.tap(bank.tray["unionpay-debit"].tapped())
        shop.reader.insert(bank.tray["unionpay-debit"].virtual())
        shop.stripe.swipe(bank.tray["unionpay-debit"].track2.encode())
        await shop.settle(2)
        for _ in range(4):
            if "再核对" in shop.text():
                break
            shop.field.pull()
            shop.reader.pull()
            await shop.press("enter")
            await shop.settle(1)
            if "请插卡" in shop.text():
                await shop.insert("unionpay-debit")
                await shop.settle(2)
        await shop.see("再核对一遍")
        await shop.press("enter")
        await shop.see("撤销已受理")

    play(tmp_path, bank, script)
    assert bank.balance() == 1_000_000


@pytest.mark.parametrize("how", ["cancel", "time"])
@pytest.mark.parametrize(
    "card", [ONLINE_PIN, "unionpay-credit-offline-pin", "unionpay-identity", "two-accounts", "unionpay-debit"]
)
def test_left_at_any_question_the_slot_has_no_power(tmp_path, bank, card, how):
    open_cards = []

    async def script(shop):
        connect = shop.reader.connect

        async def connected():
            card = await connect()
            open_cards.append(card)
            return card

        shop.reader.connect = connected
        await sale(shop, card)
        await shop.settle(1)
        assert "读卡中" not in shop.text()
        if how == "cancel":
            await shop.press("cancel")
        else:
            await shop.settle(70)
        await shop.settle(5)
        assert open_cards
        assert not any(card._is_open for card in open_cards)
        assert await shop.journal.recent() == []
        await shop.pull()
        await shop.idle()
        await shop.sell("500", "unionpay-credit")

    play(tmp_path, bank, script)


# --- 5. fallback ----------------------------------------------------------------------------------------------------
def test_taps_that_fail_do_not_open_the_stripe_of_a_chip(tmp_path, bank):
    class Mute:
        def __init__(self, chip):
            self.atr, self.protocol = chip.atr, chip.protocol

        def reset(self):
            pass

        def respond(self, command):
            return b"\x6f\x03\x84\x05\x90\x00"  # no TLV

    async def script(shop):
        await shop.sell("1000")
        await shop.refund_until_card()
        await shop.see("退款明细")
        await shop.press("enter")
        for _ in range(3):
            await shop.see("拍卡")
            shop.field.tap(Mute(bank.tray["unionpay-debit"].tapped()))
            await shop.settle(1)
            assert "请刷卡" not in shop.text(), shop.text()
            shop.field.pull()
            await shop.press("enter")
        await shop.see("插卡")
        await shop.swipe("unionpay-debit")
        await shop.settle(1)
        assert "这张卡有芯片" in shop.text(), shop.text()

    play(tmp_path, bank, script)


def test_unreadable_chips_do_not_count_for_the_next_prompt(tmp_path, bank):
    async def two(shop):
        await shop.press("1")
        await shop.see("请输入消费金额")
        await shop.enter("1000")
        for _ in range(2):
            await shop.see("请插卡")
            await shop.insert("unionpay-debit", mute_at=1)
            await shop.see("卡片没有反应")
            await shop.pull()
            await shop.press("enter")
        await shop.see("请插卡")

    async def script(shop):
        await two(shop)
        await shop.press("cancel")
        await shop.idle()
        await two(shop)
        await shop.swipe("unionpay-debit")
        await shop.see("这张卡有芯片")

    play(tmp_path, bank, script)


@pytest.mark.parametrize("card", ["blocked", "blocked-application", "not-accepted", "answers-aac", "refuses-start"])
def test_a_chip_that_speaks_for_itself_opens_no_stripe(tmp_path, bank, card):
    async def script(shop):
        await shop.press("1")
        await shop.see("请输入消费金额")
        await shop.enter("1000")
        for _ in range(4):
            await shop.see("请插卡")
            await shop.insert(card)
            await shop.settle(1)
            assert "没有发送交易" in shop.text()
            await shop.pull()
            await shop.press("enter")
        await shop.see("请插卡")
        await shop.swipe("unionpay-debit")
        await shop.see("这张卡有芯片")

    play(tmp_path, bank, script)


def test_a_blocked_card_s_stripe_after_others_could_not_be_read(tmp_path, bank):
    """Three unreadable cards of anybody's, then a blocked one: its stripe must not be taken."""

    async def script(shop):
        await shop.press("1")
        await shop.see("请输入消费金额")
        await shop.enter("1000")
        for _ in range(3):
            await shop.see("请插卡")
            await shop.insert("unionpay-debit", mute_at=1)
            await shop.settle(9)
            await shop.pull()
            await shop.press("enter")
        await shop.see("刷卡")
        await shop.insert("blocked")
        await shop.see("卡已锁")
        await shop.pull()
        await shop.press("enter")
        await shop.see("请插卡")
        await shop.swipe("blocked")
        await shop.settle(1)
        assert "确认" not in shop.text() or "芯片" in shop.text(), shop.text()

    play(tmp_path, bank, script)


def test_the_other_account_chosen_after_a_wrong_pin_is_agreed_to_first(tmp_path, bank):
    """One card, two accounts, an online PIN on both: again() asks for the application anew."""
    described = bank.tray["two-accounts"]
    applications = tuple(msgspec.structs.replace(one) for one in described.chip.applications)
    chip = msgspec.structs.replace(described.chip, cvm_list="000000000000000042031E031F00", applications=applications)
    bank.tray["two-pins"] = msgspec.structs.replace(described, id="two-pins", chip=chip)

    async def script(shop):
        await sale(shop, "two-pins")
        await shop.see("请持卡人选择应用")
        await shop.press("1")
        await shop.see("请持卡人输入密码")
        await shop.enter(WRONG)
        await shop.see("请勿拔卡，直到", "0227")
        await shop.press("enter")
        await shop.settle(2)
        if "请持卡人选择应用" in shop.text():
            await shop.press("2")
        await shop.see("请持卡人输入密码")
        await shop.enter(PIN)
        await shop.settle(20)
        stages = await shop.journal.recent()
        assert "0222" not in stages[0].request.card.masked_pan, "an account that nobody agreed to"

    play(tmp_path, bank, script)


# --- 1. power cuts ----------------------------------------------------------------------------------------------------
async def sold_with_pin(shop, pins, fault):
    await shop.another_day()
    await sale(shop, ONLINE_PIN)
    await shop.see("请持卡人输入密码")
    await shop.enter(pins[0])
    await shop.see("请勿拔卡，直到")
    bank_pin = iter(pins[1:])
    shop.current.is_armed = True
    if fault:
        shop.bank.spoil(fault, "0200")
    await shop.press("enter")
    for _ in range(60):
        if "密码" in shop.text() and "持卡人" in shop.text():
            if (pin := next(bank_pin, "")) == "":
                break
            await shop.enter(pin)
        await shop.settle(3)
        if "消费成功" in shop.text() or "退款键" in shop.text():
            break
    await shop.press("enter", "enter")
    await shop.settle(10)


@pytest.mark.parametrize("pins", [(PIN,), (WRONG, PIN), (WRONG, WRONG, WRONG)])
@pytest.mark.parametrize("fault", ["", "lost", "request_lost"])
def test_a_chip_sale_cut_at_every_moment(tmp_path, pins, fault):
    moment, outcomes = 0, set()
    while True:
        moment += 1
        folder = tmp_path / str(moment)
        folder.mkdir()
        bank = Bank()
        pan = bank.tray[ONLINE_PIN]
        issuer = TestIssuer(scripts={pan.pan: Script((UNBLOCK_PIN,), True)})

        async def first(shop):
            await shop.first_day()

        day(folder, bank, first, issuer=issuer)
        cut = day(folder, bank, lambda shop: sold_with_pin(shop, pins, fault), cut_at=moment, issuer=issuer)
        bank.faults.clear()
        found = []

        async def afterwards(shop, found=found):
            await shop.another_day()
            await shop.settle(100)
            assert await shop.journal.open_stages() == []
            assert await shop.journal.verify() is None
            found += await shop.journal.recent()
            await shop.sell("500", "unionpay-debit")

        day(folder, bank, afterwards, issuer=issuer)
        taken = sum(stage.amount.minor for stage in found if isinstance(stage, Accepted))
        assert taken in (0, 1000)
        assert bank.balance(ONLINE_PIN) == 1_000_000 - taken, (moment, found)
        assert bank.ledger.sum_of_postings() == 0
        outcomes.add(taken)
        bank.ledger.close()
        if cut.current.moments < moment:
            break
        assert moment < 250
    print(pins == (PIN,), fault, moment, outcomes)
    assert moment > 10


@pytest.mark.parametrize("fault", ["", "lost", "request_lost"])
@pytest.mark.parametrize("amount", ["400", ""])
def test_a_tapped_refund_cut_at_every_moment(tmp_path, fault, amount):
    moment, outcomes = 0, set()
    while True:
        moment += 1
        folder = tmp_path / str(moment)
        folder.mkdir()
        bank = Bank()

        async def morning(shop):
            await shop.first_day()
            await shop.sell("1000")
            await shop.press("refund")
            await shop.supervisor_code()
            await shop.press("cancel")
            await shop.idle()

        async def tapped(shop, bank=bank):
            await shop.another_day()
            await shop.refund_until_card("2" if amount else "1")
            if amount:
                await shop.see("请输入退款金额")
                await shop.enter(amount)
            await shop.see("退款明细")
            await shop.press("enter")
            await shop.see("拍卡")
            shop.current.is_armed = True
            await shop.tap("unionpay-debit")
            await shop.see("再核对一遍")
            shop.field.pull()
            if fault:
                bank.spoil(fault, "0220" if amount else "0200")
            await shop.press("enter")
            await shop.settle(200)
            await shop.press("enter", "enter")
            await shop.settle(20)

        day(folder, bank, morning)
        cut = day(folder, bank, tapped, cut_at=moment)
        bank.faults.clear()
        found = []

        async def afterwards(shop, found=found):
            await shop.another_day()
            await shop.settle(100)
            assert await shop.journal.open_stages() == []
            found += await shop.journal.recent()

        day(folder, bank, afterwards)
        back = sum(s.amount.minor for s in found if isinstance(s, Accepted) and s.request.kind is not Kind.SALE)
        assert bank.balance() == 999_000 + back, (moment, found)
        outcomes.add(back)
        bank.ledger.close()
        if cut.current.moments < moment:
            break
        assert moment < 250
    print(amount, fault, moment, outcomes)


# --- 6. parameters ----------------------------------------------------------------------------------------------------
def answering(code, change):
    """A bank that changes its answer to one kind of 0800 (F60.3)."""
    asked = []

    class Changed(Host):
        def answer(self, frame, *more, **named):
            request = decode(unpack(frame, CUP.frame).body, CUP.layout)
            if request.mti in ("0800", "0820") and request["private_60"][8:11] == code:
                asked.append(code)
                named["alter"] = change
            return super().answer(frame, *more, **named)

    return Changed, asked


def refused(answer):
    return Message(answer.mti, {**answer.fields, 39: "96"})


def wrong_sum(answer):
    body = bytearray.fromhex(answer.fields[62])
    at = bytes(body).find(bytes.fromhex("DF03"))
    if at >= 0:
        body[at + 5] ^= 1
    return Message(answer.mti, {**answer.fields, 62: bytes(body).hex().upper()})


def garbage(answer):
    return Message(answer.mti, {**answer.fields, 62: "31" + "FF" * 40})


def endless(answer):
    body = bytearray.fromhex(answer.fields[62])
    body[0] = 0x32
    return Message(answer.mti, {**answer.fields, 62: bytes(body).hex().upper()})


@pytest.mark.parametrize("code", ["382", "380", "372", "370"])
@pytest.mark.parametrize("change", [refused, wrong_sum, garbage, endless], ids=lambda change: change.__name__)
def test_a_download_that_fails_at_the_first_sign_in(tmp_path, bank, code, change):
    host, asked = answering(code, change)

    async def script(shop):
        shop.switch_on()
        await shop.see("自检")
        await shop.press("enter")
        await shop.log_in("0000")
        await shop.see("须先修改出厂密码")
        await shop.press("enter")
        await shop.new_code("2580")
        for _ in range(6):
            await shop.settle(3)
            if "退款键" in shop.text():
                break
            assert "下载失败" in shop.text(), shop.text()
            await shop.press("enter")
        await shop.idle()
        assert asked
        times = len(asked)
        if shop.room.kernel.is_downloaded:
            return
        await shop.press("1")
        await shop.see("请输入消费金额")
        await shop.enter("1000")
        await shop.see("请插卡")
        await shop.insert("unionpay-debit")
        await shop.see("终端还没有芯片卡参数和公钥")
        assert len(asked) == times, "the line is asked at every sale"
        await shop.press("cancel")
        await shop.pull()
        await shop.idle()
        await shop.pay("1000", "stripe-only", "swipe")
        await shop.see("消费成功")
        await shop.done()

    day(tmp_path, bank, script, host=host)


@pytest.mark.parametrize("fault", ["lost", "garbage", "wrong_mac", "truncated"])
def test_the_line_breaks_in_the_first_download(tmp_path, bank, fault):
    async def script(shop):
        shop.switch_on()
        await shop.see("自检")
        await shop.press("enter")
        await shop.log_in("0000")
        await shop.see("须先修改出厂密码")
        await shop.press("enter")
        await shop.see("新密码")
        await shop.enter("2580")
        await shop.see("再输入一次")
        await shop.enter("2580")
        await shop.see("密码已修改")
        asked = shop.room.acquirer.ask_once
        count = [0]

        async def ask(message):
            count[0] += 1
            if count[0] == 2:
                bank.spoil(fault, "0800")
            return await asked(message)

        shop.room.acquirer.ask_once = ask
        await shop.press("enter")
        for _ in range(8):
            await shop.settle(70)
            if "退款键" in shop.text():
                break
            await shop.press("enter")
        await shop.idle()
        before = count[0]
        await shop.settle(300)
        assert count[0] == before
        await shop.press("1")
        await shop.see("请输入消费金额")
        assert count[0] - before <= 1
        await shop.enter("1000")
        await shop.see("请插卡")
        await shop.insert("unionpay-debit")
        await shop.settle(3)
        said.append(shop.text())

    said = []
    day(tmp_path, bank, script)
    print(fault, said)


def test_an_international_shop_has_no_lists_and_sells(tmp_path, bank):
    async def script(shop):
        await shop.press("1")
        await shop.see("请输入消费金额")
        await shop.enter("1000")
        await shop.see("请插卡")
        await shop.insert("international-credit")
        await shop.settle(3)
        assert "确认继续，取消返回" in shop.text(), shop.text()
        await shop.press("enter")
        await shop.see("消费成功")
        await shop.press("enter")
        await shop.tear()
        await shop.pull()
        await shop.refund_until_card()
        await shop.see("退款明细")
        await shop.press("enter")
        await shop.present("international-credit")
        await shop.see("再核对一遍")

    rows, keys = (row.hex() for row in applications().values()), (key.whole().hex() for key in capks())
    play(tmp_path, bank, script, dialect="international", emv=EmvConfig(applications=tuple(rows), keys=tuple(keys)))


# --- 7. words ---------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def painters():
    return [Painter(device) for device in DEVICE_CLASSES]


def overflowing(shop, painters):
    """The screens that do not fit, on any device, in any language."""
    found = set()
    for shown in shop.front.screens:
        for language in ("zh_CN", "en"):
            other = msgspec.structs.replace(shown, language=language)
            for painter in painters:
                if painter.overflows(other):
                    text = page(other, words(language))
                    found.add((language, painter.device.width, text.title, *text.plain_lines()))
    return found


@pytest.mark.parametrize("number", ["110101199001010015", "W" * 20, "8" * 40])
def test_a_document_fits(tmp_path, bank, painters, number):
    described = bank.tray["unionpay-identity"]
    chip = msgspec.structs.replace(described.chip, identity_number=number)
    bank.tray["longer"] = msgspec.structs.replace(described, id="longer", chip=chip)

    async def script(shop):
        await sale(shop, "longer")
        await shop.settle(1)
        await shop.press("1")
        await shop.settle(1)

    shop = play(tmp_path, bank, script)
    assert overflowing(shop, painters) == set()


@pytest.mark.parametrize("count", [2, 5, 9, 12])
def test_many_applications_with_long_names_fit(tmp_path, bank, painters, count):
    described = bank.tray["two-accounts"]
    one = described.chip.applications[1]
    many = tuple(
        msgspec.structs.replace(one, aid=f"A00000033301010{1 + n % 3}" + f"{n:02X}", label="WWWWWWWWWWWWWWWW")
        for n in range(count)
    )
    chip = msgspec.structs.replace(described.chip, applications=many)
    bank.tray["many"] = msgspec.structs.replace(described, id="many", chip=chip)

    async def script(shop):
        await sale(shop, "many")
        await shop.settle(1)
        assert "请持卡人选择应用" in shop.text(), shop.text()

    shop = play(tmp_path, bank, script)
    assert overflowing(shop, painters) == set()


def test_every_prompt_with_everything_fits(tmp_path, bank, painters):
    async def script(shop):
        await sale(shop, "unionpay-credit-offline-pin", "9999999999")
        await shop.see("请持卡人输入密码")
        await shop.enter(WRONG)
        await shop.see("密码错误")
        await shop.enter("12")
        await shop.settle(1)
        await shop.press("cancel")
        await shop.pull()
        await shop.idle()
        await shop.press("1")
        await shop.see("请输入消费金额")
        await shop.enter("9999999999")
        await shop.see("请插卡")
        await shop.swipe("unionpay-debit")
        await shop.press("enter")
        for _ in range(3):
            await shop.see("请插卡")
            await shop.insert("unionpay-debit", mute_at=1)
            await shop.settle(9)
            await shop.press("enter")
            await shop.settle(1)
            await shop.pull()
        await shop.settle(1)

    shop = play(tmp_path, bank, script, policy=Policy(manual_entry=(Kind.SALE,)))
    assert overflowing(shop, painters) == set()


def test_bad_news_fits(painters):
    from terminal.dialogue.bad_news import CODES, notice
    from terminal.screens import Shown, say

    class Front:
        screens = [
            Shown(
                notice(
                    name,
                    say("kind.sale"),
                    card="621094******0110",
                    other="621094******0128",
                    what=say("manage.capk"),
                    seconds="60",
                    days="180",
                    date="2026-01-01",
                    id="01",
                    code="96",
                    remaining="1",
                    cap="1",
                    day_cap="1",
                    most="1",
                    count="1",
                    kind="x",
                ),
                language="zh_CN",
            )
            for name in CODES
        ]

    class Shop:
        front = Front

    assert overflowing(Shop, painters) == set()


# --- second round -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("card", ["declines", "unionpay-debit"])
def test_a_card_is_asked_for_two_cryptograms_at_most(tmp_path, bank, card):
    """Book 3, 10.11: the second GENERATE AC is the last; a reversal's answer is not the card's business."""
    chips = []

    async def script(shop):
        chips.append(Listening(bank.tray[card].virtual()))
        await shop.press("1")
        await shop.see("请输入消费金额")
        await shop.enter("1000")
        await shop.see("请插卡")
        shop.reader.insert(chips[0])
        await shop.see("请勿拔卡，直到")
        await shop.press("enter")
        await shop.settle(10)

    play(tmp_path, bank, script)
    assert len(chips[0].generated()) == 2, chips[0].generated()


def test_a_mute_card_after_the_arqc_costs_one_deadline_before_the_reversal_is_told(tmp_path, bank):
    spent = []

    async def script(shop):
        await sale(shop, "unionpay-debit", mute_at=12)
        await shop.see("请勿拔卡，直到")
        loop = asyncio.get_running_loop()
        began = loop.time()
        await shop.press("enter")
        await shop.see("消费未成功，已冲正")
        spent.append(loop.time() - began)

    play(tmp_path, bank, script)
    assert spent[0] < 12, spent


def test_leaving_at_the_second_pin_tells_how_the_first_request_ended(tmp_path, bank):
    async def script(shop):
        await sale(shop, ONLINE_PIN)
        await shop.see("请持卡人输入密码")
        await shop.enter(WRONG)
        await shop.see("请勿拔卡，直到")
        await shop.press("enter")
        await shop.see("请持卡人输入密码")
        await shop.press("cancel")
        await shop.settle(2)
        assert "55" in shop.text(), shop.text()

    play(tmp_path, bank, script)


def test_a_key_pressed_while_the_card_hears_the_end_does_not_answer_the_result(tmp_path, bank):
    async def script(shop):
        await sale(shop, "unionpay-debit", mute_at=12)
        await shop.see("请勿拔卡，直到")
        bank.line("down")
        await shop.press("enter")
        await shop.settle(2)
        await shop.press("enter", "enter")
        await shop.see("没有发送")
        await shop.settle(2)
        assert "没有发送" in shop.text(), shop.text()

    play(tmp_path, bank, script)


def test_a_completion_is_not_a_card_only_compared(tmp_path, bank):
    """card.py: tap "where a card is only compared: refund, void". A completion takes money."""

    async def script(shop):
        await shop.press("down")
        await shop.see("预授权")
        await shop.press("2")
        await shop.see("预授权")
        await shop.press("1")
        await shop.see("金额")
        await shop.enter("1000")
        await shop.see("请插卡")
        await shop.insert("unionpay-debit")
        await shop.see("请勿拔卡，直到")
        await shop.press("enter")
        await shop.settle(5)
        await shop.press("enter")
        await shop.settle(5)
        await shop.press("enter")
        await shop.pull()
        await shop.settle(5)
        await shop.idle()
        await shop.press("down")
        await shop.see("预授权")
        await shop.press("2")
        await shop.settle(1)
        await shop.press("3")
        await shop.settle(1)
        await shop.press("1")
        await shop.settle(1)
        await shop.enter("1000")
        await shop.settle(1)
        assert "插卡" in shop.text(), shop.text()
        assert "拍卡" not in shop.text(), shop.text()

    play(tmp_path, bank, script)


def test_a_card_whose_number_cannot_be_sealed_loses_its_power(tmp_path, bank):
    from terminal.ports import KeyRefused

    opened = []

    async def script(shop):
        from terminal.emv.terminal_data import RefundRule

        kernel = shop.room.kernel
        rows = tuple(msgspec.structs.replace(row, refund=RefundRule(profile="FULL")) for row in kernel.applications)
        await shop.sell("1000")
        connect = shop.reader.connect

        async def connected():
            card = await connect()
            opened.append(card)
            return card

        async def fails(*_):
            raise KeyRefused("gone")

        shop.reader.connect = connected
        await shop.refund_until_card()
        await shop.see("退款明细")
        shop.room.kernel = msgspec.structs.replace(kernel, applications=rows)
        shop.hardware.vault.seal = fails
        await shop.press("enter")
        await shop.present("unionpay-debit")
        await shop.settle(5)
        assert opened
        assert not any(card._is_open for card in opened)

    play(tmp_path, bank, script)


def test_a_stuck_slot_is_no_unreadable_chip(tmp_path, bank):
    """The reader does not say whether a card is in: that is no failure of a chip, and opens no chip's stripe."""

    async def script(shop):

        async def stuck():
            await asyncio.sleep(60)

        shop.reader.is_card_present = stuck
        await shop.press("1")
        await shop.see("请输入消费金额")
        await shop.enter("1000")
        for _ in range(4):
            await shop.see("请插卡")
            await shop.swipe("unionpay-debit")
            await shop.see("这张卡有芯片")
            await shop.press("enter")

    play(tmp_path, bank, script)


def test_a_full_refund_does_not_say_that_the_card_may_be_taken(tmp_path, bank):
    async def script(shop):
        from terminal.emv.terminal_data import RefundRule

        kernel = shop.room.kernel
        rows = tuple(msgspec.structs.replace(row, refund=RefundRule(profile="FULL")) for row in kernel.applications)
        await shop.sell("1000")
        shop.room.kernel = msgspec.structs.replace(kernel, applications=rows)
        await shop.refund_until_card()
        await shop.see("退款明细")
        await shop.press("enter")
        await shop.present("unionpay-debit")
        await shop.see("再核对一遍")
        assert "可以取走" not in shop.text(), shop.text()

    play(tmp_path, bank, script)


@pytest.mark.parametrize("number", ["\n" * 40, "\x1b[2J" * 8, "1{0}{number}"])
def test_a_document_number_of_anything_fits(tmp_path, bank, painters, number):
    described = bank.tray["unionpay-identity"]
    chip = msgspec.structs.replace(described.chip, identity_number="1" + number + "1")
    bank.tray["odd"] = msgspec.structs.replace(described, id="odd", chip=chip)

    async def script(shop):
        await sale(shop, "odd")
        await shop.settle(1)
        await shop.press("1")
        await shop.settle(1)
        assert "程序" not in shop.text(), shop.text()

    shop = play(tmp_path, bank, script)
    assert overflowing(shop, painters) == set()


def test_a_failed_journal_after_a_script_does_not_hide_an_accepted_sale(tmp_path, bank):
    from terminal.journal.store import JournalFailed

    card = bank.tray["unionpay-debit"]

    async def script(shop):
        async def fails(*_):
            raise JournalFailed("full")

        shop.journal.owed.keep = fails
        await sale(shop, "unionpay-debit")
        await shop.see("请勿拔卡，直到")
        await shop.press("enter")
        await shop.see("消费成功")

    play(tmp_path, bank, script, issuer=TestIssuer(scripts={card.pan: Script((UNBLOCK_PIN,), True)}))
