"""Applications, schemes and refund profiles of a chip. Law: a refund finds the account that its sale was made with."""

import pytest

from simulator.cards.chip import Misbehaving
from terminal.config import EmvConfig
from terminal.emv import tags, tlv
from terminal.emv.verification import Tvr
from tests.journey.chip_desk import (
    ONLINE_PIN,
    Listening,
    agreed,
    play,
    refund_prompt,
    requests,
    ruled,
    sale,
    sale_prompt,
)
from tests.journey.shop import PIN, Bank


@pytest.fixture
def bank():
    bank = Bank()
    yield bank
    bank.ledger.close()


# --- which application -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("choice", "pan"), [("1", "6210948000000227"), ("2", "6250946000000222")])
def test_the_cardholder_chooses_and_the_refund_finds_the_same_account(tmp_path, bank, choice, pan):
    async def script(shop):
        await sale(shop, "two-accounts")
        await shop.see("请持卡人选择应用", "UICC DEBIT", "UICC CREDIT")
        await shop.press(choice)
        await agreed(shop)
        assert bank.ledger.card_balance(pan) == 999_000
        await shop.refund("400", "two-accounts")  # nobody is asked: the sale's application is selected at once
        await shop.see("退货已受理")

    play(tmp_path, bank, script)
    assert bank.ledger.card_balance(pan) == 999_400


def test_the_refund_of_one_account_by_the_stripe_of_the_other(tmp_path, bank):
    """two-accounts: the stripe is the debit account's, the sale the credit account's."""

    async def script(shop):
        await shop.sell("1000", "two-accounts", choice="2")
        await refund_prompt(shop)
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


@pytest.mark.parametrize("card", ["international-credit", "international-debit"])
def test_other_schemes_are_sold_to_and_given_back(tmp_path, bank, card):
    async def script(shop):
        await sale(shop, card)
        if card == "international-debit":
            await shop.see("请持卡人输入密码")
            await shop.enter(PIN)
        await agreed(shop)
        await shop.refund("400", card)
        await shop.see("退货已受理")

    play(tmp_path, bank, script)
    assert bank.balance(card) == 999_400


# --- what the card or its scheme says against it ---------------------------------------------------------------------
def test_a_certificate_that_was_taken_back_proves_nothing(tmp_path, bank):
    async def script(shop):
        await sale(shop, "unionpay-debit")
        await shop.see("请勿拔卡，直到")
        await shop.press("enter")
        await shop.see("消费成功")
        said = dict(tlv.parse(bytes.fromhex(requests(shop)[0]["icc_data"])))
        assert Tvr.DDA_FAILED in Tvr.from_bytes(said[tags.TVR])

    play(tmp_path, bank, script, emv=EmvConfig(revoked=("A000000333D7000001",)))


def test_an_aac_that_says_service_not_allowed_is_not_accepted(tmp_path, bank):
    class Reasoned(Misbehaving):
        def respond(self, command):
            answer = super().respond(command)
            return answer[:2] + b"\x01" + answer[3:] if command[1] == 0xAE else answer

    async def script(shop):
        await sale_prompt(shop, "100")
        shop.reader.insert(Reasoned(bank.tray["answers-aac"].virtual()))
        await shop.see("不受理这张卡", "没有发送交易")

    play(tmp_path, bank, script)


# --- refund profiles -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("profile", "asked"),
    [("READ_ONLY", []), ("AAC_CLOSE", [0x00]), ("ARQC", [0x80]), ("FULL", [0x90, 0x50])],  # CDA asked for: 10
)
def test_a_refund_asks_the_card_for_what_its_profile_says(tmp_path, bank, profile, asked):
    chip = Listening(bank.tray["unionpay-debit-other"].virtual())

    async def script(shop):
        await shop.sell("1000", "unionpay-debit-other")
        await refund_prompt(shop, "400")
        shop.reader.insert(chip)
        await shop.see("再核对一遍")
        await shop.press("enter")
        await shop.see("退货已受理")
        assert requests(shop, "0220")[-1]["icc_data"] == ""

    play(tmp_path, bank, script, emv=ruled(profile))
    assert chip.generated() == asked
    assert bank.balance("unionpay-debit-other") == 999_400


def test_a_full_refund_asks_for_the_pin_and_sends_it(tmp_path, bank):
    async def script(shop):
        await sale(shop, ONLINE_PIN)
        await shop.see("请持卡人输入密码")
        await shop.enter(PIN)
        await agreed(shop)
        await refund_prompt(shop, "400")
        await shop.insert(ONLINE_PIN)
        await shop.see("请持卡人输入密码", "¥4.00")
        await shop.enter(PIN)
        await shop.see("再核对一遍")
        await shop.press("enter")
        await shop.see("退货已受理")
        assert requests(shop, "0220")[-1]["entry_mode"] == "051"

    play(tmp_path, bank, script, emv=ruled("FULL"))
    assert bank.balance(ONLINE_PIN) == 999_400


def test_a_full_refund_does_not_say_that_the_card_may_be_taken(tmp_path, bank):
    async def script(shop):
        await shop.sell("1000")
        await refund_prompt(shop)
        await shop.present("unionpay-debit")
        await shop.see("再核对一遍")
        assert "可以取走" not in shop.text(), shop.text()

    play(tmp_path, bank, script, emv=ruled("FULL"))


def test_a_card_that_declines_its_full_refund_gives_nothing_back(tmp_path, bank):
    async def script(shop):
        await shop.sell("1000")
        await refund_prompt(shop, "400")
        await shop.insert("unionpay-debit", spoils="answers-aac")
        await shop.see("卡片拒绝了交易", "没有发送交易")

    play(tmp_path, bank, script, emv=ruled("FULL"))
    assert bank.balance() == 999_000


def test_a_close_that_fails_changes_nothing_for_the_refund(tmp_path, bank):
    class Tired(Misbehaving):
        def respond(self, command):
            return bytes.fromhex("6985") if command[1] == 0xAE else super().respond(command)

    async def script(shop):
        await shop.sell("1000")
        await refund_prompt(shop, "400")
        shop.reader.insert(Tired(bank.tray["unionpay-debit"].virtual()))
        await shop.see("再核对一遍")
        await shop.press("enter")
        await shop.see("退货已受理")
        assert "chip-not-closed" in str(shop.journal._store.rows("SELECT kind FROM event"))

    play(tmp_path, bank, script, emv=ruled("AAC_CLOSE"))
    assert bank.balance() == 999_400
