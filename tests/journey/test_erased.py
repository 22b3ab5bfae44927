"""Keys are erased while something is owed: each debt has a named ending, the shop goes on, and the books agree.

Erased is erased: the record key that sealed the cards of the journal is gone, and the keys that are loaded anew come
with another one (docs/adr/0009). While no keys are there at all, nothing is concluded.
"""

import shutil
from datetime import timedelta

import pytest

from keys.algorithms.mac import kcv
from simulator.acquirer.branch import TEST_TMK
from simulator.acquirer.settlement_desk import settlement_of
from terminal.dialogue.bad_news import Stopped
from terminal.dialogue.follow_up import read_inbox
from terminal.dialogue.presented import from_records
from terminal.exchange.scripts import owe_script_notice
from terminal.exchange.settling import LOST, ItemsDue, Settled, Totalling, Untold
from terminal.exchange.stages import Accepted, GivenUp, Refused, Reversed, Reversing, Unknown, Uploading
from terminal.iso8583.cup import CUP
from terminal.iso8583.dialect import Choices
from terminal.iso8583.kinds import Kind
from terminal.ports import KeyMissing
from tests.journey.shop import TERMINAL_ID, Bank, day
from tests.journey.teller import TC, Teller, agrees
from tests.journey.test_unknown import file_of

NO_INQUIRY = Choices()
FULL = 1_000_000  # what every account begins with
SILENCE = {kind: form.silence for kind, form in CUP.forms.items()}


@pytest.fixture
def bank():
    bank = Bank()
    yield bank
    bank.ledger.close()


def load(shop):
    """What custodians, a bundle or a key host do, without their ceremony."""
    shop.hardware.vault.install_tmk(TEST_TMK, kcv(TEST_TMK))
    shop.room.is_signed_in = False


async def erased_and_loaded(shop):
    await shop.hardware.loading.erase("tamper")
    await shop.settle(1)
    load(shop)


async def the_file_tells(shop, bank):
    shop.clock.offset += timedelta(days=2)  # its days are over
    bank.inbox.files["a.csv"] = file_of(bank)
    await read_inbox(shop.room)
    assert bank.inbox.verdicts["a.csv"] == ("done", "")


async def books_agree(shop, bank):
    """The whole journal, ended, against the bank's books."""
    assert await shop.journal.open_stages() == []
    assert await shop.journal.verify() is None
    agrees(bank, await shop.journal.recent(), SILENCE)


# --- a reversal that is owed -----------------------------------------------------------------------------------------
async def owed_and_erased(shop, fault="answer_lost", card="stripe-only", way="swipe"):
    """A payment of 1.00 without an answer, and then, when no round of reversals is under way, the case is opened."""
    await shop.first_day()
    shop.bank.line(fault)
    await shop.pay("100", card, way)
    await not_reversed(shop)
    await shop.hardware.loading.erase("tamper")
    shop.bank.line("up")
    await shop.see("密钥已清除")


async def not_reversed(shop):
    """Three went out in vain, and whatever the background tried after them."""
    await shop.see("冲正还没有完成")
    await shop.press("enter")
    await shop.pull()
    await shop.settle(300)
    await shop.idle()


@pytest.mark.parametrize(
    ("fault", "card", "way"),
    [
        ("answer_lost", "stripe-only", "swipe"),  # the reversals came, only their answers did not
        ("request_lost", "unionpay-debit", "insert"),
    ],
)
def test_it_is_given_up_once_keys_are_loaded_and_the_shop_goes_on(tmp_path, bank, fault, card, way):
    async def script(shop):
        await owed_and_erased(shop, fault, card, way)
        (stage,) = await shop.journal.open_stages()
        await shop.press("1")
        await shop.see("K01")
        await shop.press("enter")
        await shop.idle()
        assert await shop.journal.open_stages() == [stage], "without keys it waits, and is not given up"
        load(shop)
        await shop.press("1")
        await shop.see("结果未知", "卡号随密钥清除已失", stage.request.stan)
        (given_up,) = await shop.journal.open_stages()
        assert given_up == GivenUp(stage.request, stage.reason, "card-lost")
        await shop.press("enter")
        await shop.see("请输入消费金额")  # it is said once, and then the sale goes on
        await shop.press("cancel")
        await shop.sell("1000", "stripe-only", "swipe")
        await the_file_tells(shop, bank)
        assert isinstance(await shop.journal.exchange(stage.request.id), Reversed)
        await books_agree(shop, bank)

    day(tmp_path, bank, script)
    assert bank.balance("stripe-only") == FULL - 1_000
    assert bank.balance() == FULL


def test_a_charge_that_nobody_could_reverse_is_found_by_the_file(tmp_path, bank):
    """The sale was booked, its reversal never came: the cardholder is charged, and the terminal learns that he is."""

    async def script(shop):
        await shop.first_day()
        bank.spoil("lost", "0200")
        await shop.pay("100", "stripe-only", "swipe")
        await shop.settle(10)
        bank.line("request_lost")
        await not_reversed(shop)
        (stage,) = await shop.journal.open_stages()
        assert isinstance(stage, Reversing)
        await erased_and_loaded(shop)
        bank.line("up")
        await shop.press("1")
        await shop.see("结果未知", "卡号随密钥清除已失")
        assert bank.balance("stripe-only") == FULL - 100
        await the_file_tells(shop, bank)
        ended = await shop.journal.exchange(stage.request.id)
        assert isinstance(ended, Accepted)
        assert ended.is_late
        await books_agree(shop, bank)

    day(tmp_path, bank, script)
    assert bank.balance("stripe-only") == FULL - 100


@pytest.mark.parametrize("is_loaded_before", [False, True])
def test_over_a_restart(tmp_path, bank, is_loaded_before):
    """Switched off without keys: it still waits. Keys are loaded before, or after, it is switched on again."""
    day(tmp_path, bank, owed_and_erased)

    async def next_day(shop):
        if is_loaded_before:
            load(shop)
        shop.switch_on()
        await shop.see("自检")
        (stage,) = await shop.journal.open_stages()
        assert isinstance(stage, GivenUp if is_loaded_before else Reversing)
        load(shop)
        await shop.press("enter")
        await shop.log_in()
        await shop.idle()
        await shop.press("1")
        await shop.see("卡号随密钥清除已失")
        await shop.press("enter")
        await shop.see("请输入消费金额")
        await shop.press("cancel")
        await shop.sell("1000", "stripe-only", "swipe")

    day(tmp_path, bank, next_day)

    async def third_day(shop):
        await shop.another_day()
        await shop.sell("1000", "stripe-only", "swipe")
        await shop.settle_batch()
        await shop.see("结算完成")
        await the_file_tells(shop, bank)
        await books_agree(shop, bank)

    day(tmp_path, bank, third_day)
    assert bank.balance("stripe-only") == FULL - 2_000


@pytest.mark.parametrize("keeps", [True, False])
def test_keys_that_are_away_are_no_attempt(tmp_path, bank, keeps):
    """Also where an acquirer wants a reversal given up after three: without keys not one was made."""

    async def script(shop):
        teller = Teller(shop)
        await teller.sign_in()
        sent = shop.line.sent
        bank.line("answer_lost")
        erased = shop.hardware.vault.mac

        async def cut_off(block, rule="cup"):
            if any(frame[11:13].hex() == "0200" for frame in sent):  # what was sent was sent
                raise KeyMissing("TEST: the keys are away")
            return await erased(block, rule)

        shop.hardware.vault.mac = cut_off
        stage = await teller.do(Kind.SALE, 10_000)
        assert isinstance(stage, Reversing), stage
        shop.hardware.vault.mac = erased
        bank.line("up")
        await teller.put_right()
        assert isinstance(await teller.now(stage), Reversed)
        await books_agree(shop, bank)

    day(tmp_path, bank, script, choices=Choices(keeps_reversal=keeps))
    assert bank.balance() == FULL


@pytest.mark.parametrize("way", ["resume", "pay_debts"])
def test_cut_at_every_moment_of_giving_up(tmp_path, way):
    ends, moment = set(), 0
    while True:
        moment += 1
        folder, bank = tmp_path / str(moment), Bank()
        folder.mkdir()
        day(folder, bank, owed_and_erased)

        async def cut(shop):
            load(shop)
            await Teller(shop).sign_in()
            shop.current.is_armed = True
            await getattr(shop.room.runner, way)()
            shop.end = True

        first = day(folder, bank, cut, cut_at=moment)

        async def afterwards(shop, bank=bank):
            await shop.another_day()
            (stage,) = await shop.journal.open_stages()
            assert isinstance(stage, GivenUp)
            await the_file_tells(shop, bank)
            ends.add(type(await shop.journal.exchange(stage.request.id)))
            await books_agree(shop, bank)

        day(folder, bank, afterwards)
        assert bank.balance("stripe-only") == FULL
        bank.ledger.close()
        shutil.rmtree(folder)
        if hasattr(first, "end"):
            break
    assert moment > 2, "it has more moments than that: the cutter did not cut"
    assert ends == {Reversed}


# --- what else goes on with a card -----------------------------------------------------------------------------------
def test_a_refund_that_would_be_repeated_waits_for_the_file(tmp_path, bank):
    async def script(shop):
        teller = Teller(shop)
        await teller.sign_in()
        sale = await teller.do(Kind.SALE, 10_000)
        bank.line("answer_lost")
        stage = await teller.do(Kind.REFUND, 4_000, sale)
        bank.line("up")
        await erased_and_loaded(shop)
        await teller.sign_in()
        sent = len(shop.line.sent)
        after = await shop.room.runner.ask_about(stage)
        assert (type(after), after.fault) == (Unknown, "card-lost")
        written = await shop.journal.rows("SELECT COUNT(*) FROM event")
        assert await shop.room.runner.ask_about(stage) == after
        assert len(shop.line.sent) == sent, "nothing is said about it any more"
        assert await shop.journal.rows("SELECT COUNT(*) FROM event") == written, "nor written, every half minute"
        await the_file_tells(shop, bank)
        assert isinstance(await teller.now(stage), Accepted)
        await books_agree(shop, bank)

    day(tmp_path, bank, script, choices=Choices(refund_silence="repeat"))
    assert bank.balance() == FULL - 6_000


def test_a_refund_that_is_asked_about_needs_no_card(tmp_path, bank):
    async def script(shop):
        teller = Teller(shop)
        await teller.sign_in()
        sale = await teller.do(Kind.SALE, 10_000)
        bank.line("answer_lost")
        stage = await teller.do(Kind.REFUND, 4_000, sale)
        await erased_and_loaded(shop)
        await teller.put_right()
        assert isinstance(await teller.now(stage), Accepted)
        await books_agree(shop, bank)

    day(tmp_path, bank, script)
    assert bank.balance() == FULL - 6_000


@pytest.mark.parametrize("was_sent", [False, True])
def test_offline_money_that_cannot_be_told_waits_for_the_file(tmp_path, bank, was_sent):
    async def script(shop):
        teller = Teller(shop)
        await teller.sign_in()
        stage = await teller.do(Kind.OFFLINE_SETTLEMENT, 3_000)
        if was_sent:
            bank.line("answer_lost")
            await shop.room.runner.pay_debts()
            bank.line("up")
        assert isinstance(await teller.now(stage), Uploading)
        await erased_and_loaded(shop)
        await teller.sign_in()
        assert isinstance(await teller.do(Kind.SALE, 5_000), Accepted)
        assert isinstance(await teller.now(stage), Unknown)
        await the_file_tells(shop, bank)
        assert isinstance(await teller.now(stage), Accepted if was_sent else Refused)
        await books_agree(shop, bank)

    day(tmp_path, bank, script)
    assert bank.balance() == FULL - 5_000 - (3_000 if was_sent else 0)


def test_a_script_notice_waits_for_keys_and_is_dropped_when_its_card_is_lost(tmp_path, bank):
    async def script(shop):
        teller = Teller(shop)
        await teller.sign_in()
        sale = await teller.do(Kind.SALE, 100)
        await owe_script_notice(shop.journal, sale.request.id, TC)
        await shop.hardware.loading.erase("tamper")
        for _ in range(5):
            with pytest.raises(KeyMissing):
                await shop.room.runner.pay_debts()
        (owed,) = await shop.journal.owed.all("script", "owed")
        assert owed.tries == 0, "without keys there was no attempt"
        load(shop)
        await teller.sign_in()
        for _ in range(3):
            await shop.room.runner.pay_debts()
        assert [owed.tries for owed in await shop.journal.owed.all("script", "given-up")] == [3]
        assert not [frame for frame in shop.line.sent if frame[11:13].hex() == "0620"]

    day(tmp_path, bank, script)


def test_the_card_of_a_sale_of_before_is_not_called_another(tmp_path, bank):
    """Its fingerprint was made with a key that is gone: nothing is proven, and nothing is sent."""

    async def script(shop):
        await shop.first_day()
        await shop.sell("1000")
        await erased_and_loaded(shop)
        await shop.idle()
        for card, code in (("unionpay-debit", "C17"), ("unionpay-credit", "C07")):
            await shop.refund_until_card("1")
            await shop.see("退款明细")
            await shop.press("enter")
            await shop.present(card)
            await shop.see(code)
            await shop.press("enter")
            await shop.pull()
        await books_agree(shop, bank)

    day(tmp_path, bank, script)
    assert bank.balance() == FULL - 1_000


def test_a_card_that_only_the_records_had_is_not_made_up(tmp_path, bank):
    async def script(shop):
        teller = Teller(shop)
        await teller.sign_in()
        hold = await teller.do(Kind.PRE_AUTH, 3_000)
        completion = await teller.do(Kind.COMPLETION, 3_000, hold)
        await erased_and_loaded(shop)
        with pytest.raises(Stopped, match="card-unproven"):
            await from_records(shop.room, completion.request)

    day(tmp_path, bank, script)


# --- the batch -------------------------------------------------------------------------------------------------------
async def a_day(shop):
    """Sold by chip and by stripe; erased; sold again."""
    await shop.first_day()
    await shop.sell("10000")
    await shop.sell("2500", "stripe-only", "swipe")
    await erased_and_loaded(shop)
    await shop.idle()
    await shop.sell("300")
    await shop.sell("70", "stripe-only", "swipe")


async def settled(shop):
    stage = await shop.journal.settlements.last()
    assert isinstance(stage, Settled), stage
    return stage


def lost(stages, *amounts):
    """How the settlement names these sales."""
    stans = {stage.amount.minor: stage.request.stan for stage in stages}
    return tuple(Untold(stans[amount], Kind.SALE, amount) for amount in amounts)


def test_a_batch_is_closed_and_names_what_it_could_not_upload(tmp_path, bank):
    async def script(shop):
        await a_day(shop)
        stages = await shop.journal.recent()
        await shop.settle_batch()
        await shop.see("结算完成，对账平", "卡号已失", "收单机构对账文件")
        await shop.press("enter")
        await shop.idle()
        end = await settled(shop)
        assert end.lost == lost(stages, 10_000)  # a balanced batch uploads its chip sales only
        assert (end.is_balanced, end.count, end.missing, end.refused) == (True, 1, 0, 0)
        assert f"消费 {end.lost[0].stan}" in shop.paper()
        assert "100.00" in shop.paper()
        assert "以其对账文件为准" in shop.paper()
        await shop.press("3")
        await shop.see("¥100.00", "¥3.00")
        await shop.press("4")
        await shop.see("¥100.00", "卡号随密钥清除已失")
        await shop.press("cancel")
        await shop.idle()
        await shop.press("3")
        await shop.press("2")
        await shop.see("¥3.00")
        assert "卡号随密钥清除已失" not in shop.text()
        await shop.press("cancel")
        await shop.sell("1000")  # the next batch
        await books_agree(shop, bank)

    day(tmp_path, bank, script)
    assert settlement_of(bank.ledger, TERMINAL_ID, "000001").is_closed
    assert bank.balance() == FULL - 10_000 - 300 - 1_000
    assert bank.balance("stripe-only") == FULL - 2_500 - 70


def test_an_unbalanced_batch_uploads_what_it_can(tmp_path, bank):
    """Stripe sales of before the erasure share no message with those of after it, which can be told."""

    async def script(shop):
        await a_day(shop)
        stages = await shop.journal.recent()
        bank.ledger.run("UPDATE entry SET amount = amount + 1 WHERE amount = 70")  # the books of both differ
        await shop.settle_batch()
        await shop.see("对账不平", "卡号已失")
        end = await settled(shop)
        assert end.lost == lost(stages, 2_500, 10_000)
        assert (end.count, end.missing, end.refused) == (2, 0, 0)

    day(tmp_path, bank, script)
    assert settlement_of(bank.ledger, TERMINAL_ID, "000001").is_closed


def test_without_keys_the_settlement_waits(tmp_path, bank):
    async def script(shop):
        await shop.first_day()
        await shop.sell("10000")
        bank.spoil("lost", "0500")
        await shop.settle_batch()
        await shop.see("结算没有完成")
        await shop.press("enter")
        await shop.idle()
        assert isinstance(await shop.journal.settlements.open(), Totalling)
        away = shop.hardware.vault.unseal

        async def gone(sealed):
            raise KeyMissing("TEST: the vault is away")

        shop.hardware.vault.unseal = gone
        await shop.press("down", "1")
        await shop.settle(30)
        await shop.press("enter")
        await shop.idle()
        assert isinstance(await shop.journal.settlements.open(), ItemsDue)
        assert [item.code for item in await shop.journal.settlements.items("000001")] == [""]
        shop.hardware.vault.unseal = away
        await shop.press("down", "1")
        await shop.see("结算完成，对账平")
        assert (await settled(shop)).lost == ()

    day(tmp_path, bank, script)
    assert bank.balance() == FULL - 10_000


def test_items_that_came_before_the_keys_were_erased_are_counted_as_the_acquirer_has_them(tmp_path, bank):
    """Both certificates came, neither answer: then the case is opened. The acquirer says which count is right."""

    async def script(shop):
        await shop.first_day()
        await shop.sell("10000")
        await shop.sell("5000", "unionpay-credit")
        for _ in range(2):
            bank.spoil("lost", "0320")
        await shop.settle_batch()
        while len(list(bank.ledger.run("SELECT * FROM upload"))) < 2:
            await shop.settle(5)
        await shop.hardware.loading.erase("tamper")
        await shop.settle(400)
        load(shop)
        await shop.press("enter")
        await shop.idle()
        assert isinstance(await shop.journal.settlements.open(), ItemsDue)
        await shop.press("down", "1")
        await shop.see("结算完成")
        end = await settled(shop)
        assert (len(end.lost), end.count, end.missing) == (0, 2, 0), "the acquirer has both"
        assert end.is_balanced

    day(tmp_path, bank, script)
    assert settlement_of(bank.ledger, TERMINAL_ID, "000001").is_closed
    assert bank.balance() == FULL - 10_000


def test_cut_at_every_moment_the_batch_ends_the_same_way(tmp_path):
    ends, moment = set(), 0
    while True:
        moment += 1
        folder, bank = tmp_path / str(moment), Bank()
        folder.mkdir()

        async def morning(shop):
            await shop.first_day()
            await shop.sell("10000")
            await erased_and_loaded(shop)
            await shop.idle()
            await shop.sell("300")

        day(folder, bank, morning)

        async def cut(shop):
            await Teller(shop).sign_in()
            shop.current.is_armed = True
            await shop.room.settler.settle("01", lambda *_: None)
            shop.is_whole = True

        first = day(folder, bank, cut, cut_at=moment)

        async def afterwards(shop, bank=bank):
            await shop.another_day()
            if await shop.journal.settlements.open() is not None or await shop.journal.settlements.last() is None:
                await Teller(shop).sign_in()
                await shop.room.settler.settle("01", lambda *_: None)
            end = await settled(shop)
            assert [each.amount for each in end.lost] == [10_000]
            assert sum(item.code == LOST for item in await shop.journal.settlements.items("000001")) == 1
            ends.add((end, await shop.journal.batch()))
            await books_agree(shop, bank)

        day(folder, bank, afterwards)
        assert settlement_of(bank.ledger, TERMINAL_ID, "000001").is_closed
        assert bank.balance() == FULL - 10_300
        bank.ledger.close()
        shutil.rmtree(folder)
        if hasattr(first, "is_whole"):
            break
    assert moment > 20, "the settlement has more moments than that: the cutter did not cut"
    assert len(ends) == 1, f"it must end the same way whenever it is cut: {ends}"
