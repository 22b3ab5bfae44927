"""Readers that are missing, cards too early, questions left. Law: one reader stops no other; no card keeps power."""

import pytest

from terminal.ports import KeyRefused
from tests.journey.chip_desk import ONLINE_PIN, opened, play, ruled, sale, sale_prompt
from tests.journey.shop import PIN, Bank


@pytest.fixture
def bank():
    bank = Bank()
    yield bank
    bank.ledger.close()


# --- missing readers -------------------------------------------------------------------------------------------------
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
        await sale_prompt(shop)
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
        await sale_prompt(shop)
        shop.reader.unplug()
        await shop.settle(3)
        assert "插卡" not in shop.text(), shop.text()

    play(tmp_path, bank, script)


# --- the wrong moment ------------------------------------------------------------------------------------------------
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


# --- the slot's power ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("how", ["cancel", "time"])
@pytest.mark.parametrize(
    "card", [ONLINE_PIN, "unionpay-credit-offline-pin", "unionpay-identity", "two-accounts", "unionpay-debit"]
)
def test_left_at_any_question_the_slot_has_no_power(tmp_path, bank, card, how):
    async def script(shop):
        cards = opened(shop.reader)
        await sale(shop, card)
        await shop.settle(1)
        assert "读卡中" not in shop.text()
        if how == "cancel":
            await shop.press("cancel")
        else:
            await shop.settle(70)
        await shop.settle(5)
        assert cards
        assert not any(card._is_open for card in cards)
        assert await shop.journal.recent() == []
        await shop.pull()
        await shop.idle()
        await shop.sell("500", "unionpay-credit")

    play(tmp_path, bank, script)


def test_a_card_whose_number_cannot_be_sealed_loses_its_power(tmp_path, bank):
    async def script(shop):
        await shop.sell("1000")

        async def fails(*_):
            raise KeyRefused("gone")

        cards = opened(shop.reader)
        await shop.refund_until_card()
        await shop.see("退款明细")
        shop.hardware.vault.seal = fails
        await shop.press("enter")
        await shop.present("unionpay-debit")
        await shop.settle(5)
        assert cards
        assert not any(card._is_open for card in cards)

    play(tmp_path, bank, script, emv=ruled("FULL"))
