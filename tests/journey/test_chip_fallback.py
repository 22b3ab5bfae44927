"""Stripes and typed numbers where a chip is expected. Law: only a chip that cannot be read opens the stripe."""

import asyncio

import pytest

from terminal.config import CardsConfig
from terminal.iso8583.kinds import Kind
from tests.journey.chip_desk import last, play, refund_prompt, requests, sale_prompt
from tests.journey.shop import Bank


@pytest.fixture
def bank():
    bank = Bank()
    yield bank
    bank.ledger.close()


async def three_unreadable(shop):
    """A chip that does not answer, to its third and last bad news."""
    for news in ("卡片没有反应", "卡片没有反应", "芯片读不出来，请刷卡"):
        await shop.see("请插卡")
        await shop.insert("unionpay-debit", mute_at=1)
        await shop.see(news)
        await shop.pull()
        await shop.press("enter")


# --- chips that cannot be read ---------------------------------------------------------------------------------------
def test_after_three_unreadable_chips_the_stripe_is_taken(tmp_path, bank):
    async def script(shop):
        await sale_prompt(shop)
        await shop.swipe("unionpay-debit")
        await shop.see("这张卡有芯片，请插卡")
        await shop.press("enter")
        await three_unreadable(shop)
        await shop.see("刷卡")
        await shop.swipe("unionpay-debit")
        await shop.see("¥10.00")
        await shop.press("enter")
        await shop.see("消费成功")
        await shop.press("enter")
        await shop.tear()
        assert "/F" in shop.paper()
        asked = requests(shop)[-1]
        assert asked["entry_mode"] == "022"
        assert asked["private_60"][11:13] == "52"  # reads chips; this one's failed
        assert (await last(shop)).request.is_fallback

    play(tmp_path, bank, script)
    assert bank.balance() == 999_000


def test_a_refund_falls_back_too_and_only_to_the_card_of_the_sale(tmp_path, bank):
    async def script(shop):
        await shop.sell("1000")
        await refund_prompt(shop)
        await three_unreadable(shop)
        await shop.swipe("unionpay-debit-other")
        await shop.see("不是原交易的卡")
        assert bank.balance() == 999_000
        await shop.press("enter")
        await refund_prompt(shop)
        await three_unreadable(shop)
        await shop.swipe("unionpay-debit")
        await shop.see("再核对一遍")
        await shop.press("enter")
        await shop.see("撤销已受理")
        assert requests(shop)[-1]["private_60"][12] == "2"

    play(tmp_path, bank, script)
    assert bank.balance() == 1_000_000


# --- what opens no chip's stripe -------------------------------------------------------------------------------------
def test_a_shop_that_forbids_fallback_never_takes_the_stripe_of_a_chip(tmp_path, bank):
    async def script(shop):
        await sale_prompt(shop)
        for _ in range(5):
            await shop.see("请插卡")
            await shop.insert("unionpay-debit", mute_at=1)
            await shop.see("卡片没有反应")
            await shop.pull()
            await shop.press("enter")
        await shop.see("请插卡")
        await shop.swipe("unionpay-debit")
        await shop.see("这张卡有芯片，请插卡")

    play(tmp_path, bank, script, cards=CardsConfig(chip_tries=0))
    assert bank.balance() == 1_000_000


def test_unreadable_chips_do_not_count_for_the_next_prompt(tmp_path, bank):
    async def two(shop):
        await sale_prompt(shop)
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
        await refund_prompt(shop)
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


@pytest.mark.parametrize("card", ["blocked", "blocked-application", "not-accepted", "answers-aac", "refuses-start"])
def test_a_chip_that_speaks_for_itself_opens_no_stripe(tmp_path, bank, card):
    async def script(shop):
        await sale_prompt(shop)
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
        await sale_prompt(shop)
        await three_unreadable(shop)
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


def test_a_stuck_slot_is_no_unreadable_chip(tmp_path, bank):
    """The reader does not say whether a card is in: that is no failure of a chip, and opens no chip's stripe."""

    async def script(shop):
        async def stuck():
            await asyncio.sleep(60)

        shop.reader.is_card_present = stuck
        await sale_prompt(shop)
        for _ in range(4):
            await shop.see("请插卡")
            await shop.swipe("unionpay-debit")
            await shop.see("这张卡有芯片")
            await shop.press("enter")

    play(tmp_path, bank, script)


# --- cards without a chip, cards without a card ----------------------------------------------------------------------
def test_a_stripe_without_chip_after_a_stripe_with_one(tmp_path, bank):
    """The cardholder puts away the card with a chip and takes another one."""

    async def script(shop):
        await sale_prompt(shop)
        await shop.swipe("unionpay-debit")
        await shop.see("这张卡有芯片，请插卡")
        await shop.press("enter")
        await shop.see("请插卡")
        await shop.swipe("stripe-only")
        await shop.settle(1)
        assert "确认继续" in shop.text(), shop.text()

    play(tmp_path, bank, script)


def test_a_number_is_typed_only_where_the_policy_says_so(tmp_path, bank):
    pan = bank.tray["unionpay-debit"].pan

    async def typed(shop, pan, expiry):
        await sale_prompt(shop)
        await shop.see("请插卡", "也可以直接按数字输入卡号")
        await shop.press(pan[0])
        await shop.see("请输入卡号", pan[0])
        await shop.enter(pan[1:])
        if expiry:
            await shop.see("请输入有效期")
            await shop.enter(expiry)

    async def script(shop):
        await shop.idle()
        await typed(shop, pan[:-1] + "0", "")
        await shop.see("卡号或有效期不对")
        await shop.press("cancel")
        await shop.idle()
        await typed(shop, pan, "1335")
        await shop.see("卡号或有效期不对")
        await shop.press("cancel")
        await shop.idle()
        await typed(shop, pan, "1235")
        await shop.see("¥10.00")
        await shop.press("enter")
        await shop.see("57")  # this acquirer takes no typed numbers: it said so, the terminal did not guess
        asked = requests(shop)[-1]
        assert (asked["entry_mode"], asked["expiry"]) == ("012", "3512")
        await shop.press("enter")
        await shop.sell("1000")
        await refund_prompt(shop)
        assert "按数字" not in shop.text()  # a refund is never typed
        await shop.press("6")
        await shop.settle(1)
        assert "请插卡" in shop.text()

    play(tmp_path, bank, script, cards=CardsConfig(manual_entry=(Kind.SALE,)))


def test_the_policy_cannot_name_a_kind_that_gives_back():
    with pytest.raises(ValueError, match="manual_entry"):
        CardsConfig(manual_entry=(Kind.REFUND,))
