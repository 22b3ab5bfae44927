"""A chip that has a say: applications, PINs, documents, scripts, fallback, tap; the sale's account at its refund."""

import pytest

from keys.issuer_script import BLOCK_APPLICATION, UNBLOCK_PIN, ScriptCommand
from simulator.acquirer.issuer import Script, TestIssuer
from simulator.cards.chip import Misbehaving
from simulator.cards.contactless_card import ContactlessCard, ContactlessSettings
from terminal.config import EmvConfig
from terminal.emv import tags, tlv
from terminal.emv.terminal_data import RefundRule
from terminal.emv.verification import Tvr
from terminal.exchange.stages import Accepted, Refused, Reversed
from terminal.iso8583.codec import decode
from terminal.iso8583.cup import cup
from terminal.iso8583.frame import unpack
from terminal.iso8583.kinds import Kind
from terminal.ports import PinpadLost
from terminal.refund.policy import Policy
from tests.journey.shop import PIN, Bank, day

CUP = cup()
WRONG = "111111"


@pytest.fixture
def bank():
    bank = Bank()
    yield bank
    bank.ledger.close()


async def sale(shop, card, amount="1000"):
    """Up to the card in the slot."""
    await shop.idle()
    await shop.press("1")
    await shop.see("请输入消费金额")
    await shop.enter(amount)
    await shop.present(card)


async def agreed(shop, word="消费成功"):
    """From the page to agree to until the papers are done and the card is out."""
    await shop.see("请勿拔卡，直到")
    await shop.press("enter")
    await shop.see(word)
    await shop.press("enter")
    await shop.settle(5)
    await shop.press("enter")
    await shop.pull()
    await shop.idle()


async def last(shop):
    return (await shop.journal.recent())[0]


def sent(shop):
    return [decode(unpack(frame, CUP.frame).body, CUP.layout) for frame in shop.line.sent]


def requests(shop, mti="0200"):
    return [message for message in sent(shop) if message.mti == mti]


def play(folder, bank, script, **settings):
    async def whole(shop):
        await shop.first_day()
        await script(shop)

    return day(folder, bank, whole, **settings)


# --- PINs ------------------------------------------------------------------------------------------------------------
def test_an_online_pin_goes_to_the_issuer(tmp_path, bank):
    async def script(shop):
        await sale(shop, "unionpay-debit-pin")
        await shop.see("请持卡人输入密码", "没有密码请直接按确认", "¥10.00")
        await shop.enter(PIN)
        await agreed(shop)
        assert isinstance(await last(shop), Accepted)

    play(tmp_path, bank, script)
    assert bank.balance("unionpay-debit-pin") == 999_000


def test_a_wrong_online_pin_is_asked_for_again_and_the_card_makes_a_new_cryptogram(tmp_path, bank):
    async def script(shop):
        await sale(shop, "unionpay-debit-pin")
        await shop.see("请持卡人输入密码")
        await shop.enter(WRONG)
        await shop.see("请勿拔卡，直到")
        await shop.press("enter")
        await shop.see("请持卡人输入密码")
        await shop.enter(PIN)
        await shop.see("消费成功")
        stages = await shop.journal.recent()
        assert [type(stage) for stage in stages] == [Accepted, Refused]
        assert stages[0].request.stan != stages[1].request.stan

    play(tmp_path, bank, script)
    assert bank.balance("unionpay-debit-pin") == 999_000


def test_no_pin_is_an_answer_too_and_the_paper_is_signed(tmp_path, bank):
    async def script(shop):
        await sale(shop, "unionpay-debit-pin")
        await shop.see("请持卡人输入密码")
        await shop.press("enter")
        await agreed(shop)

    play(tmp_path, bank, script)
    assert bank.balance("unionpay-debit-pin") == 999_000


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


@pytest.mark.parametrize(("key", "word"), [("1", "消费成功"), ("2", "消费成功")])
def test_the_merchant_compares_a_document(tmp_path, bank, key, word):
    """A document that differs is a method that failed: the card's list goes on with a signature."""

    async def script(shop):
        await sale(shop, "unionpay-identity")
        await shop.see("身份证号码 110101199001010015", "号码一致", "不一致")
        await shop.press(key)
        await agreed(shop, word)
        await shop.journal.record("flush", {})
        assert "110101199001010015" not in str(shop.journal._store.rows("SELECT body FROM event"))

    play(tmp_path, bank, script)


# --- applications ----------------------------------------------------------------------------------------------------
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


# --- fallback, stripe, keys ------------------------------------------------------------------------------------------
async def fail(shop, times):
    """A chip that does not answer, so many times, to its last bad news."""
    for turn in range(times):
        await shop.see("请插卡")
        await shop.insert("unionpay-debit", mute_at=1)
        await shop.see("芯片读不出来，请刷卡" if turn == 2 else "卡片没有反应")
        await shop.pull()
        await shop.press("enter")


def test_after_three_unreadable_chips_the_stripe_is_taken(tmp_path, bank):
    async def script(shop):
        await shop.idle()
        await shop.press("1")
        await shop.see("请输入消费金额")
        await shop.enter("1000")
        await shop.see("请插卡")
        await shop.swipe("unionpay-debit")
        await shop.see("这张卡有芯片，请插卡")
        await shop.press("enter")
        await fail(shop, 3)
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


def test_a_shop_that_forbids_fallback_never_takes_the_stripe_of_a_chip(tmp_path, bank):
    async def script(shop):
        await shop.idle()
        await shop.press("1")
        await shop.see("请输入消费金额")
        await shop.enter("1000")
        for _ in range(5):
            await shop.see("请插卡")
            await shop.insert("unionpay-debit", mute_at=1)
            await shop.see("卡片没有反应")
            await shop.pull()
            await shop.press("enter")
        await shop.see("请插卡")
        await shop.swipe("unionpay-debit")
        await shop.see("这张卡有芯片，请插卡")

    play(tmp_path, bank, script, policy=Policy(chip_tries=0))
    assert bank.balance() == 1_000_000


def test_a_refund_falls_back_too_and_only_to_the_card_of_the_sale(tmp_path, bank):
    async def script(shop):
        await shop.sell("1000")
        await shop.refund_until_card()
        await shop.see("退款明细")
        await shop.press("enter")
        await fail(shop, 3)
        await shop.swipe("unionpay-debit-other")
        await shop.see("不是原交易的卡")
        assert bank.balance() == 999_000
        await shop.press("enter")
        await shop.refund_until_card()
        await shop.see("退款明细")
        await shop.press("enter")
        await fail(shop, 3)
        await shop.swipe("unionpay-debit")
        await shop.see("再核对一遍")
        await shop.press("enter")
        await shop.see("撤销已受理")
        assert requests(shop)[-1]["private_60"][12] == "2"

    play(tmp_path, bank, script)
    assert bank.balance() == 1_000_000


def test_a_number_is_typed_only_where_the_policy_says_so(tmp_path, bank):
    pan = bank.tray["unionpay-debit"].pan

    async def typed(shop, pan, expiry):
        await shop.press("1")
        await shop.see("请输入消费金额")
        await shop.enter("1000")
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
        await shop.refund_until_card()
        await shop.see("退款明细")
        await shop.press("enter")
        await shop.see("请插卡")
        assert "按数字" not in shop.text()  # a refund is never typed
        await shop.press("6")
        await shop.settle(1)
        assert "请插卡" in shop.text()

    play(tmp_path, bank, script, policy=Policy(manual_entry=(Kind.SALE,)))


def test_the_policy_cannot_name_a_kind_that_gives_back():
    with pytest.raises(ValueError, match="manual_entry"):
        Policy(manual_entry=(Kind.REFUND,))


# --- parameters ------------------------------------------------------------------------------------------------------
def test_without_the_acquirer_s_applications_and_keys_no_chip_is_sold_to(tmp_path, bank):
    async def script(shop):
        await shop.journal.parameters.replace("capk", {})
        await shop.room.refresh_kernel()
        await sale(shop, "unionpay-debit")
        await shop.see("终端还没有芯片卡参数和公钥", "没有发送交易")
        await shop.press("cancel")
        await shop.pull()
        assert await shop.journal.recent() == []
        await shop.idle()
        await shop.press("down")
        await shop.see("终端管理")
        await shop.press("4")
        await shop.see("下载参数")
        await shop.press("2")
        await shop.see("参数已下载")
        await shop.press("enter")
        await shop.sell("100")

    play(tmp_path, bank, script)


def test_lists_of_an_earlier_version_that_cannot_be_used_are_fetched_anew(tmp_path, bank):
    async def first(shop):
        await shop.first_day()
        await shop.journal.parameters.replace("capk", {"A00000033308": b"not a key"})

    async def second(shop):
        await shop.another_day()
        assert shop.room.kernel.is_downloaded
        await shop.sell("100")

    day(tmp_path, bank, first)
    day(tmp_path, bank, second)


# --- the issuer's word -----------------------------------------------------------------------------------------------
def issuer(card, *commands, is_before=False):
    return TestIssuer(scripts={card.pan: Script(commands, is_before)})


@pytest.mark.parametrize(("command", "is_before"), [(UNBLOCK_PIN, True), (BLOCK_APPLICATION, False)])
def test_what_an_issuer_s_script_did_is_told_before_the_next_money(tmp_path, bank, command, is_before):
    card = bank.tray["unionpay-debit"]

    async def script(shop):
        await shop.sell("1000")
        assert sent(shop)[-1].mti == "0200"
        await shop.sell("500", "unionpay-credit")
        notice = requests(shop, "0620")[0]
        results = notice["icc_data"]
        assert "DF3105" + "20" in results  # done
        before = [message.mti for message in sent(shop)]
        assert before.index("0620") > before.index("0200")
        assert before[-1] == "0200"

    play(tmp_path, bank, script, issuer=issuer(card, command, is_before=is_before))


def test_a_script_that_a_card_refuses_is_told_as_failed_and_the_sale_stands(tmp_path, bank):
    card = bank.tray["unionpay-debit"]

    async def script(shop):
        await shop.sell("1000")
        await shop.sell("500", "unionpay-credit")
        assert "DF3105" + "11" in requests(shop, "0620")[0]["icc_data"]  # its first command failed

    play(tmp_path, bank, script, issuer=issuer(card, ScriptCommand(bytes.fromhex("84FF0000"))))
    assert bank.balance() == 999_000


def test_a_refusal_can_block_the_card(tmp_path, bank):
    """The card hears a refusal with its scripts: the next time it says that it is blocked."""
    card = bank.tray["unionpay-debit"]

    async def script(shop):
        chip = card.virtual()
        await shop.idle()
        await shop.press("1")
        await shop.see("请输入消费金额")
        await shop.enter("99999999")
        await shop.see("请插卡")
        shop.reader.insert(chip)
        await shop.see("请勿拔卡，直到")
        await shop.press("enter")
        await shop.see("51")
        await shop.press("enter")
        await shop.settle(5)
        await shop.pull()
        await shop.idle()
        await shop.press("1")
        await shop.see("请输入消费金额")
        await shop.enter("100")
        await shop.see("请插卡")
        shop.reader.insert(chip)
        await shop.see("卡已锁")

    play(tmp_path, bank, script, issuer=issuer(card, BLOCK_APPLICATION))
    assert bank.balance() == 1_000_000


class Wrong(TestIssuer):
    """Its ARPC is never right."""

    def authenticate(self, pan, psn, icc_data, response_code):
        answer = super().authenticate(pan, psn, icc_data, response_code)
        return answer[:-3] + bytes((answer[-3] ^ 1,)) + answer[-2:]


def test_a_card_that_minds_a_wrong_issuer_has_the_sale_reversed(tmp_path, bank):
    async def script(shop):
        await sale(shop, "minds-issuer")
        await shop.see("请勿拔卡，直到")
        await shop.press("enter")
        await shop.see("消费未成功，已冲正")
        assert isinstance(await last(shop), Reversed)

    play(tmp_path, bank, script, issuer=Wrong())
    assert bank.balance("minds-issuer") == 1_000_000


def test_one_that_does_not_mind_is_told_of_at_the_settlement(tmp_path, bank):
    async def script(shop):
        await shop.sell("1000")
        await shop.settle_batch()
        await shop.see("对账平")
        codes = [message["private_60"][8:11] for message in requests(shop, "0320")]
        assert codes == ["203", "204", "207"]
        told = requests(shop, "0320")[1]
        assert bytes.fromhex(told["private_62"]).decode() == "720000" + "000000001000" + "156" + "00"

    play(tmp_path, bank, script, issuer=Wrong())


def test_a_card_pulled_after_its_arqc_has_the_sale_reversed(tmp_path, bank):
    async def script(shop):
        await sale(shop, "unionpay-debit")
        await shop.see("请勿拔卡，直到")
        await shop.pull()
        await shop.press("enter")
        await shop.see("消费未成功，已冲正")

    play(tmp_path, bank, script)
    assert bank.balance() == 1_000_000


def test_a_card_that_nobody_could_be_asked_about_hears_that_too(tmp_path, bank):
    """Unable to go online: an AAC, so that the card's own counters are right (Book 3, 10.11)."""
    chip = Listening(bank.tray["unionpay-debit"].virtual())

    async def script(shop):
        await shop.idle()
        await shop.press("1")
        await shop.see("请输入消费金额")
        await shop.enter("100")
        await shop.see("请插卡")
        shop.reader.insert(chip)
        await shop.see("请勿拔卡，直到")
        bank.line("down")
        await shop.press("enter")
        await shop.see("没有发送")
        await shop.settle(1)

    play(tmp_path, bank, script)
    assert chip.heard[-1] == "ae00"


# --- tap -------------------------------------------------------------------------------------------------------------
async def tapped_refund(shop, amount=""):
    """Up to the prompt of a refund, whole or in part."""
    await shop.refund_until_card("2" if amount else "1")
    if amount:
        await shop.see("请输入退款金额")
        await shop.enter(amount)
    await shop.see("退款明细")
    await shop.press("enter")
    await shop.see("插卡", "拍卡", "刷卡")


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
        await tapped_refund(shop, "400")
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
        await tapped_refund(shop)
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
        await tapped_refund(shop)
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


def test_another_card_tapped_is_not_the_card_of_the_sale(tmp_path, bank):
    async def script(shop):
        await shop.sell("1000")
        await tapped_refund(shop)
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
        await tapped_refund(shop)
        shop.field.tap(ContactlessCard(settings))
        await shop.see(words, "没有发送交易")
        await shop.press("enter")
        shop.field.pull()
        await shop.present("unionpay-debit")
        await shop.see("再核对一遍")

    play(tmp_path, bank, script)


def test_a_sale_takes_no_tap(tmp_path, bank):
    async def script(shop):
        await shop.idle()
        await shop.press("1")
        await shop.see("请输入消费金额")
        await shop.enter("100")
        await shop.see("请插卡")
        assert "拍卡" not in shop.text()
        await shop.tap("unionpay-debit")
        await shop.settle(1)
        assert "请插卡" in shop.text()

    play(tmp_path, bank, script)


# --- profiles --------------------------------------------------------------------------------------------------------
def ruled(profile, **more):
    return EmvConfig({"A000000333": RefundRule(profile, **more)})


class Listening(Misbehaving):
    """A good card whose commands are written down."""

    def __init__(self, chip):
        super().__init__(chip)
        self.heard = []

    def respond(self, command):
        self.heard.append(command[1:3].hex())
        return super().respond(command)


@pytest.mark.parametrize(
    ("profile", "asked"),
    [("READ_ONLY", []), ("AAC_CLOSE", ["ae00"]), ("ARQC", ["ae80"]), ("FULL", ["ae90", "ae50"])],  # CDA asked for: 10
)
def test_a_refund_asks_the_card_for_what_its_profile_says(tmp_path, bank, profile, asked):
    chip = Listening(bank.tray["unionpay-debit-other"].virtual())

    async def script(shop):
        await shop.sell("1000", "unionpay-debit-other")
        await tapped_refund(shop, "400")
        shop.reader.insert(chip)
        await shop.see("再核对一遍")
        await shop.press("enter")
        await shop.see("退货已受理")
        assert requests(shop, "0220")[-1]["icc_data"] == ""

    play(tmp_path, bank, script, emv=ruled(profile))
    assert [command for command in chip.heard if command.startswith("ae")] == asked
    assert bank.balance("unionpay-debit-other") == 999_400


def test_a_full_refund_asks_for_the_pin_and_sends_it(tmp_path, bank):
    async def script(shop):
        await sale(shop, "unionpay-debit-pin")
        await shop.see("请持卡人输入密码")
        await shop.enter(PIN)
        await agreed(shop)
        await tapped_refund(shop, "400")
        await shop.insert("unionpay-debit-pin")
        await shop.see("请持卡人输入密码", "¥4.00")
        await shop.enter(PIN)
        await shop.see("再核对一遍")
        await shop.press("enter")
        await shop.see("退货已受理")
        assert requests(shop, "0220")[-1]["entry_mode"] == "051"

    play(tmp_path, bank, script, emv=ruled("FULL"))
    assert bank.balance("unionpay-debit-pin") == 999_400


def test_a_card_that_declines_its_full_refund_gives_nothing_back(tmp_path, bank):
    async def script(shop):
        await shop.sell("1000")
        await tapped_refund(shop, "400")
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
        await tapped_refund(shop, "400")
        shop.reader.insert(Tired(bank.tray["unionpay-debit"].virtual()))
        await shop.see("再核对一遍")
        await shop.press("enter")
        await shop.see("退货已受理")
        assert "chip-not-closed" in str(shop.journal._store.rows("SELECT kind FROM event"))

    play(tmp_path, bank, script, emv=ruled("AAC_CLOSE"))
    assert bank.balance() == 999_400


# --- a pad that breaks -----------------------------------------------------------------------------------------------
def test_a_broken_pin_pad_is_a_bit_of_the_tvr_and_the_list_goes_on(tmp_path, bank):
    class Broken:
        async def online(self, prompt, pan):
            raise PinpadLost("it does not answer")

        offline = online

    async def script(shop):
        shop.room.pinpad = Broken()
        await sale(shop, "unionpay-debit-pin")
        await agreed(shop)  # by signature
        said = dict(tlv.parse(bytes.fromhex(requests(shop)[0]["icc_data"])))
        assert Tvr.PIN_PAD_MISSING in Tvr.from_bytes(said[tags.TVR])
        assert said[tags.CVM_RESULTS].hex() == "1e0300"

    play(tmp_path, bank, script)


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
        await shop.idle()
        await shop.press("1")
        await shop.see("请输入消费金额")
        await shop.enter("100")
        await shop.see("请插卡")
        shop.reader.insert(Reasoned(bank.tray["answers-aac"].virtual()))
        await shop.see("不受理这张卡", "没有发送交易")

    play(tmp_path, bank, script)
