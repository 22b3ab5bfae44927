"""An issuer and a chip: scripts, ARPC, refusals, endings. Law: the card hears how its money ended, once."""

import asyncio

import pytest

from keys.algorithms.issuer_script import BLOCK_APPLICATION, UNBLOCK_PIN, ScriptCommand
from terminal.exchange.stages import Reversed
from terminal.journal.store import JournalFailed
from tests.journey.chip_desk import Listening, Wrong, issuer, last, play, requests, sale, sale_prompt, sent
from tests.journey.shop import Bank


@pytest.fixture
def bank():
    bank = Bank()
    yield bank
    bank.ledger.close()


# --- scripts ---------------------------------------------------------------------------------------------------------
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


def test_a_failed_journal_after_a_script_does_not_hide_an_accepted_sale(tmp_path, bank):
    card = bank.tray["unionpay-debit"]

    async def script(shop):
        async def fails(*_):
            raise JournalFailed("full")

        shop.journal.owed.keep = fails
        await sale(shop, "unionpay-debit")
        await shop.see("请勿拔卡，直到")
        await shop.press("enter")
        await shop.see("消费成功")

    play(tmp_path, bank, script, issuer=issuer(card, UNBLOCK_PIN, is_before=True))


def test_a_refusal_can_block_the_card(tmp_path, bank):
    """The card hears a refusal with its scripts: the next time it says that it is blocked."""
    card = bank.tray["unionpay-debit"]

    async def script(shop):
        chip = card.virtual()
        await sale_prompt(shop, "99999999")
        shop.reader.insert(chip)
        await shop.see("请勿拔卡，直到")
        await shop.press("enter")
        await shop.see("51")
        await shop.press("enter")
        await shop.settle(5)
        await shop.pull()
        await sale_prompt(shop, "100")
        shop.reader.insert(chip)
        await shop.see("卡已锁")

    play(tmp_path, bank, script, issuer=issuer(card, BLOCK_APPLICATION))
    assert bank.balance() == 1_000_000


# --- the ARPC --------------------------------------------------------------------------------------------------------
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


# --- the second cryptogram -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("fault", ["lost", "wrong_mac"])
def test_a_card_of_a_reversed_sale_is_not_asked_for_a_tc(tmp_path, bank, fault):
    chip = Listening(bank.tray["unionpay-debit"].virtual())

    async def script(shop):
        await sale_prompt(shop)
        shop.reader.insert(chip)
        await shop.see("请勿拔卡，直到")
        bank.spoil(fault, "0200")
        await shop.press("enter")
        await shop.see("已冲正")
        assert isinstance(await last(shop), Reversed)

    play(tmp_path, bank, script)
    assert bank.balance() == 1_000_000
    kinds = [p1 & 0xC0 for p1 in chip.generated()]
    assert kinds in ([0x80], [0x80, 0x00]), "a TC for money that was reversed"


@pytest.mark.parametrize("card", ["declines", "unionpay-debit"])
def test_a_card_is_asked_for_two_cryptograms_at_most(tmp_path, bank, card):
    """Book 3, 10.11: the second GENERATE AC is the last; a reversal's answer is not the card's business."""
    chip = Listening(bank.tray[card].virtual())

    async def script(shop):
        await sale_prompt(shop)
        shop.reader.insert(chip)
        await shop.see("请勿拔卡，直到")
        await shop.press("enter")
        await shop.settle(10)

    play(tmp_path, bank, script)
    assert len(chip.generated()) == 2, chip.generated()


def test_a_card_that_nobody_could_be_asked_about_hears_that_too(tmp_path, bank):
    """Unable to go online: an AAC, so that the card's own counters are right (Book 3, 10.11)."""
    chip = Listening(bank.tray["unionpay-debit"].virtual())

    async def script(shop):
        await sale_prompt(shop, "100")
        shop.reader.insert(chip)
        await shop.see("请勿拔卡，直到")
        bank.line("down")
        await shop.press("enter")
        await shop.see("没有发送")
        await shop.settle(1)

    play(tmp_path, bank, script)
    assert chip.heard[-1][1:3] == b"\xae\x00"


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
