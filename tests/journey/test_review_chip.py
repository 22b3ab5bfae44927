"""What an independent review tried on the chip's dialogues: money, secrets, the wrong moment. Law: each is a reproduction."""

import asyncio
import re

import msgspec
import pytest

from keys.issuer_script import UNBLOCK_PIN
from simulator.acquirer.issuer import Script, TestIssuer
from simulator.cards.chip import Misbehaving
from terminal.exchange.stages import Accepted, Open, Refused, Reversed
from terminal.iso8583.codec import decode
from terminal.iso8583.cup import cup
from terminal.iso8583.frame import unpack
from terminal.iso8583.kinds import Kind
from terminal.refund.policy import Policy
from tests.journey.shop import PIN, Bank, day

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
GOOD = ["unionpay-debit", "unionpay-credit", ONLINE_PIN, "unionpay-credit-offline-pin",
        "unionpay-credit-enciphered-pin", "unionpay-identity", "two-accounts", "international-credit",
        "international-debit"]


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
@pytest.mark.parametrize("card", [ONLINE_PIN, "unionpay-credit-offline-pin", "unionpay-credit-enciphered-pin",
                                  "unionpay-identity"])
def test_nothing_secret_lies_on_the_disk(tmp_path, bank, card, caplog):
    caplog.set_level(0)

    async def script(shop):
        await sale(shop, card)
        await shop.settle(1)
        if card == ONLINE_PIN:
            await shop.enter(WRONG)
            await shop.see("请勿拔卡")
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
        blocks.extend(message["pin_block"] for message in requests(shop) if "pin_block" in message.fields or 52 in message.fields)

    screens, blocks = [], []
    play(tmp_path, bank, script)
    described = bank.tray[card]
    secrets = [described.pan, described.track2, "110101199001010015"]
    needles = [s.encode() for s in secrets] + [bytes.fromhex(described.pan), PIN.encode(), bytes.fromhex(PIN)[:3],
                                               WRONG.encode(), bytes.fromhex("26246801"), bytes.fromhex("26111111"),
                                               described.track2.replace("=", "D").encode()]
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
        assert "¥10.00" in shop.text() and "确认" in shop.text(), shop.text()

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
        await shop.see("请勿拔卡")
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
@pytest.mark.parametrize("card", [ONLINE_PIN, "unionpay-credit-offline-pin", "unionpay-identity", "two-accounts",
                                  "unionpay-debit"])
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
        assert open_cards and not any(card._is_open for card in open_cards)
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
