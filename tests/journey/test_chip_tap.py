"""Taps. Law: a tap is read where a card is only compared, and never where it would be charged."""

import pytest

from simulator.cards.contactless_card import ContactlessCard, ContactlessSettings
from tests.journey.chip_desk import agreed, play, refund_prompt, requests, sale, sale_prompt
from tests.journey.shop import PIN, Bank


@pytest.fixture
def bank():
    bank = Bank()
    yield bank
    bank.ledger.close()


@pytest.mark.parametrize(
    "card", ["unionpay-debit", "unionpay-credit", "unionpay-debit-other", "international-credit", "international-debit"]
)
def test_a_refund_and_a_void_by_tap(tmp_path, bank, card):
    async def sold(shop):
        await sale(shop, card)
        if card == "international-debit":
            await shop.see("请持卡人输入密码")
            await shop.enter(PIN)
        await agreed(shop)

    async def script(shop):
        await sold(shop)
        await refund_prompt(shop, "400")
        await shop.tap(card)
        await shop.see("再核对一遍")
        shop.field.pull()
        await shop.press("enter")
        await shop.see("退货已受理")
        asked = requests(shop, "0220")[-1]
        assert (asked["entry_mode"], asked["private_60"][11:13]) == ("072", "60")
        assert (asked["track2"] != "", asked["icc_data"]) == (True, "")
        await shop.done()
        assert "/C" in shop.paper()
        await sold(shop)
        await refund_prompt(shop)
        await shop.tap(card)
        await shop.see("再核对一遍")
        shop.field.pull()
        await shop.press("enter")
        await shop.see("撤销已受理")

    play(tmp_path, bank, script)
    assert bank.balance(card) == 999_400


def test_one_card_only(tmp_path, bank):
    async def script(shop):
        await shop.sell("1000")
        await refund_prompt(shop)
        shop.field.tap(bank.tray["unionpay-debit-other"].tapped())
        await shop.tap("unionpay-debit")
        await shop.see("感应区有两张卡", "没有发送交易")
        await shop.press("enter")
        await shop.see("请取走卡片")
        shop.field.pull()
        await shop.see("拍卡")
        await shop.tap("unionpay-debit")
        await shop.see("再核对一遍")

    play(tmp_path, bank, script)


@pytest.mark.parametrize("order", ["tap insert swipe", "insert tap swipe", "swipe insert tap", "swipe tap insert"])
def test_two_ways_at_once_are_one_card(tmp_path, bank, order):
    async def script(shop):
        await shop.sell("1000")
        await refund_prompt(shop)
        card = bank.tray["unionpay-debit"]
        ways = {
            "tap": lambda: shop.field.tap(card.tapped()),
            "insert": lambda: shop.reader.insert(card.virtual()),
            "swipe": lambda: shop.stripe.swipe(card.track2.encode()),
        }
        for way in order.split():
            ways[way]()
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


def test_another_card_tapped_is_not_the_card_of_the_sale(tmp_path, bank):
    async def script(shop):
        await shop.sell("1000")
        await refund_prompt(shop)
        await shop.tap("unionpay-debit-other")
        await shop.see("不是原交易的卡")

    play(tmp_path, bank, script)
    assert bank.balance() == 999_000


@pytest.mark.parametrize(
    ("refuses", "words"), [("6984", "这张卡不能拍，请插卡"), ("6985", "这张卡不能拍，请插卡"), ("6986", "手机需要解锁")]
)
def test_what_cannot_be_tapped_says_what_to_do(tmp_path, bank, refuses, words):
    settings = ContactlessSettings("visa", "4761730000001019", "3512", "4761730000001019=3512201", refuses=refuses)

    async def script(shop):
        await shop.sell("1000")
        await refund_prompt(shop)
        shop.field.tap(ContactlessCard(settings))
        await shop.see(words, "没有发送交易")
        await shop.press("enter")
        shop.field.pull()
        await shop.present("unionpay-debit")
        await shop.see("再核对一遍")

    play(tmp_path, bank, script)


def test_a_sale_takes_no_tap(tmp_path, bank):
    async def script(shop):
        await sale_prompt(shop, "100")
        assert "拍卡" not in shop.text()
        await shop.tap("unionpay-debit")
        await shop.settle(1)
        assert "请插卡" in shop.text()

    play(tmp_path, bank, script)


def test_a_completion_is_not_a_card_only_compared(tmp_path, bank):
    """A completion takes money: its card is charged, not compared."""

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
