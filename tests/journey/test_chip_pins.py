"""PINs and documents at a chip sale. Law: what was typed or agreed to counts for that card alone, and only now."""

import msgspec
import pytest

from terminal.emv import tags, tlv
from terminal.emv.verification import Tvr
from terminal.exchange.stages import Accepted, Refused
from terminal.ports import EntryLost, PinpadLost
from tests.journey.chip_desk import ONLINE_PIN, WRONG, agreed, last, play, requests, sale
from tests.journey.shop import PIN, Bank


@pytest.fixture
def bank():
    bank = Bank()
    yield bank
    bank.ledger.close()


# --- online ----------------------------------------------------------------------------------------------------------
def test_an_online_pin_goes_to_the_issuer(tmp_path, bank):
    async def script(shop):
        await sale(shop, ONLINE_PIN)
        await shop.see("请持卡人输入密码", "没有密码请直接按确认", "¥10.00")
        await shop.enter(PIN)
        await agreed(shop)
        assert isinstance(await last(shop), Accepted)

    play(tmp_path, bank, script)
    assert bank.balance(ONLINE_PIN) == 999_000


def test_a_wrong_online_pin_is_asked_for_again_and_the_card_makes_a_new_cryptogram(tmp_path, bank):
    async def script(shop):
        await sale(shop, ONLINE_PIN)
        await shop.see("请持卡人输入密码")
        await shop.enter(WRONG)
        await shop.see("请勿拔卡，直到")
        await shop.press("enter")
        await shop.see("请持卡人输入密码", "密码错误，请重新输入")
        assert "没有密码" not in shop.text()
        await shop.press("enter")  # to go on without one is no way out of a wrong one
        await shop.see("密码至少 4 位")
        await shop.enter(PIN)
        await shop.see("消费成功")
        stages = await shop.journal.recent()
        assert [type(stage) for stage in stages] == [Accepted, Refused]
        assert stages[0].request.stan != stages[1].request.stan

    play(tmp_path, bank, script)
    assert bank.balance(ONLINE_PIN) == 999_000


def test_no_pin_is_an_answer_too_and_the_paper_is_signed(tmp_path, bank):
    async def script(shop):
        await sale(shop, ONLINE_PIN)
        await shop.see("请持卡人输入密码")
        await shop.press("enter")
        await agreed(shop)

    play(tmp_path, bank, script)
    assert bank.balance(ONLINE_PIN) == 999_000


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


def test_a_broken_pin_pad_is_a_bit_of_the_tvr_and_the_list_goes_on(tmp_path, bank):
    class Broken:
        async def online(self, prompt, pan):
            raise PinpadLost("it does not answer")

        offline = online

    async def script(shop):
        shop.room.pinpad = Broken()
        await sale(shop, ONLINE_PIN)
        await agreed(shop)  # by signature
        said = dict(tlv.parse(bytes.fromhex(requests(shop)[0]["icc_data"])))
        assert Tvr.PIN_PAD_MISSING in Tvr.from_bytes(said[tags.TVR])
        assert said[tags.CVM_RESULTS].hex() == "1e0300"

    play(tmp_path, bank, script)


# --- another card or account after a wrong PIN -----------------------------------------------------------------------
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


def test_the_other_account_chosen_after_a_wrong_pin_is_agreed_to_first(tmp_path, bank):
    """One card, two accounts, an online PIN on both: the next try asks for the application anew."""
    described = bank.tray["two-accounts"]
    chip = msgspec.structs.replace(described.chip, cvm_list="000000000000000042031E031F00")
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


# --- offline ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("card", ["unionpay-credit-offline-pin", "unionpay-credit-enciphered-pin"])
def test_an_offline_pin_is_between_the_pad_and_the_card(tmp_path, bank, card):
    async def script(shop):
        await sale(shop, card)
        await shop.see("请持卡人输入密码", "还可以试 3 次")
        await shop.enter(WRONG)
        await shop.see("密码错误", "还可以试 2 次")
        await shop.enter(PIN)
        await agreed(shop)
        screens = [str(shown) for shown in shop.front.screens]
        assert not any(PIN in screen or WRONG in screen for screen in screens)
        await shop.journal.record("flush", {})
        assert PIN not in str(shop.journal._store.rows("SELECT body FROM event"))

    play(tmp_path, bank, script)
    assert bank.balance(card) == 999_000


@pytest.mark.parametrize("card", ["unionpay-credit-offline-pin", "unionpay-credit-enciphered-pin"])
def test_after_three_wrong_offline_pins_the_next_method_is_asked(tmp_path, bank, card):
    async def script(shop):
        await sale(shop, card)
        for left in ("3", "2", "1"):
            await shop.see("请持卡人输入密码", f"还可以试 {left} 次")
            await shop.enter(WRONG)
        await shop.see("请持卡人输入密码", "没有密码请直接按确认")  # its list goes on with an online PIN
        await shop.enter(PIN)
        await agreed(shop)

    play(tmp_path, bank, script)
    assert bank.balance(card) == 999_000


def test_leaving_at_the_pin_leaves_nothing_behind(tmp_path, bank):
    async def script(shop):
        await sale(shop, "unionpay-credit-offline-pin")
        await shop.see("请持卡人输入密码")
        await shop.press("cancel")
        await shop.idle()
        assert await shop.journal.recent() == []
        await shop.pull()
        await shop.sell("100")

    play(tmp_path, bank, script)
    assert bank.balance("unionpay-credit-offline-pin") == 1_000_000


def test_a_card_pulled_while_its_pin_is_typed_is_a_card_pulled_too_early(tmp_path, bank):
    async def script(shop):
        await sale(shop, "unionpay-credit-offline-pin")
        await shop.see("请持卡人输入密码")
        await shop.pull()
        await shop.enter(PIN)
        await shop.see("卡片拔得太早", "没有发送交易")

    play(tmp_path, bank, script)


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


# --- documents -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("key", ["1", "2"])
def test_the_merchant_compares_a_document(tmp_path, bank, key):
    """A document that differs is a method that failed: the card's list goes on with a signature."""

    async def script(shop):
        await sale(shop, "unionpay-identity")
        await shop.see("身份证号码 110101199001010015", "号码一致", "不一致")
        await shop.press(key)
        await agreed(shop)
        await shop.journal.record("flush", {})
        assert "110101199001010015" not in str(shop.journal._store.rows("SELECT body FROM event"))

    play(tmp_path, bank, script)


def test_a_pin_that_the_vault_forgot_is_a_broken_pad_and_nobodys_keys_are_to_blame(tmp_path, bank):
    """It was started again between the PIN and the card's challenge: the kernel goes on as without a pad."""

    async def script(shop):
        async def just_started(*_):
            raise EntryLost("no PIN was typed for a card")

        shop.hardware.vault.encipher_card_pin = just_started
        await sale(shop, "unionpay-credit-enciphered-pin")
        await shop.see("请持卡人输入密码")
        await shop.enter(PIN)
        await shop.enter(PIN)  # the next method of the card's list
        await agreed(shop)
        sent = dict(tlv.parse(bytes.fromhex(requests(shop)[-1]["icc_data"])))
        assert Tvr.PIN_PAD_MISSING in Tvr.from_bytes(sent[tags.TVR])

    play(tmp_path, bank, script)
