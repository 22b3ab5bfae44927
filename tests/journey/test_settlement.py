"""Settlement: the day's books against the bank's, by keys; cut at every moment; with items nobody answers."""

import msgspec
import pytest

from simulator.acquirer.settlement_desk import MISSING, settlement_of
from terminal.exchange.settling import Settled
from terminal.exchange.stages import Accepted, Refused, Unknown
from terminal.iso8583.cup import CUP
from terminal.iso8583.dialect import Choices
from terminal.iso8583.kinds import Kind
from terminal.journal.store import JournalFailed
from tests.journey.shop import TERMINAL_ID, Bank, day
from tests.journey.teller import Teller

NO_INQUIRY = Choices()


@pytest.fixture
def bank():
    bank = Bank()
    yield bank
    bank.ledger.close()


def disputes(bank: Bank) -> list[str]:
    """What the bank found different in the first batch."""
    rows = bank.ledger.run("SELECT what FROM dispute WHERE terminal_id = ? AND batch = ?", TERMINAL_ID, "000001")
    return [str(row[0]) for row in rows]


async def a_day(shop):
    """Two chip sales, one swiped; one voided, one refunded in part."""
    await shop.first_day()
    await shop.sell("10000")
    await shop.sell("5000", card="unionpay-credit")
    await shop.sell("2500", card="stripe-only", way="swipe")
    await shop.press("refund")
    await shop.supervisor_code()
    await shop.press("cancel")


async def settled(shop) -> Settled:
    stage = await shop.journal.settlements.last()
    assert isinstance(stage, Settled), stage
    return stage


def test_a_balanced_day_is_closed_and_the_next_batch_begins(tmp_path, bank):
    async def script(shop):
        await a_day(shop)
        card = (await shop.journal.recent())[-1].request.card.digest
        assert await shop.journal.sealed_card(card)
        await shop.settle_batch()
        await shop.see("结算完成，对账平", "¥175.00")
        await shop.press("enter")
        await shop.idle()
        assert "结算总计单" in shop.paper()
        assert "对账平" in shop.paper()
        stage = await settled(shop)
        assert (stage.totals.debits, stage.totals.debit, stage.count) == (3, 17_500, 2)  # two chip sales with their TC
        with pytest.raises(JournalFailed):  # card data that nothing is owed for is gone
            await shop.journal.sealed_card(card)
        await shop.sell("100")
        newest = (await shop.journal.recent())[0]
        assert newest.request.batch == "000002"

    day(tmp_path, bank, script)
    assert settlement_of(bank.ledger, TERMINAL_ID, "000001").is_closed
    assert bank.ledger.terminal(TERMINAL_ID).batch == "000002"
    assert bank.ledger.sum_of_postings() == 0


def test_an_unbalanced_day_is_uploaded_whole_and_closed(tmp_path, bank):
    """A refund that only the bank knows of: its books differ, everything is uploaded, the difference is listed."""

    async def script(shop):
        await a_day(shop)
        bank.spoil("lost", "0220")
        await shop.refund("1000", card="stripe-only", way="swipe")
        await shop.see("结果未知")
        await shop.press("enter", "enter")
        await shop.settle_batch()
        await shop.see("结算完成，对账不平")
        await shop.press("enter")
        await shop.idle()
        stage = await settled(shop)
        assert (stage.is_balanced, stage.missing, stage.refused) == (False, 0, 0)
        (unknown,) = await shop.journal.open_stages()
        assert isinstance(unknown, Unknown)
        assert await shop.journal.sealed_card(unknown.request.card.digest)

    day(tmp_path, bank, script, choices=NO_INQUIRY)
    assert disputes(bank) == [MISSING]
    assert bank.ledger.sum_of_postings() == 0


def test_a_refund_that_the_bank_never_had_is_not_carried_out_by_the_settlement(tmp_path, bank):
    """The upload names what was accepted and nothing else: an unknown refund is never sent again."""

    async def script(shop):
        await a_day(shop)
        before = bank.balance()
        bank.line("request_lost")
        await shop.refund("1000", card="stripe-only", way="swipe")
        await shop.see("结果未知")
        bank.line("up")
        await shop.press("enter", "enter")
        await shop.settle_batch()
        await shop.see("结算完成")
        assert bank.balance() == before

    day(tmp_path, bank, script, choices=NO_INQUIRY)


def test_an_item_without_an_answer_goes_again_in_the_next_round(tmp_path, bank):
    async def script(shop):
        await a_day(shop)
        bank.spoil("lost", "0320")
        await shop.settle_batch()
        await shop.see("结算完成，对账平")
        stage = await settled(shop)
        assert (stage.missing, stage.count) == (0, 2)
        sent = [frame for frame in shop.line.sent if frame[11:13].hex() == "0320"]
        assert len(sent) == 4  # two certificates, one of them twice, and the end
        assert len(set(sent)) == 3  # the second time with the same number

    day(tmp_path, bank, script)


def test_items_that_came_though_nobody_answered_are_sent_until_both_sides_count_the_same(tmp_path, bank):
    async def script(shop):
        await a_day(shop)
        for _ in range(6):
            bank.spoil("lost", "0320")
        await shop.settle_batch()
        await shop.see("结算没有完成")  # the bank counted two, the terminal none
        await shop.press("enter")
        await shop.idle()
        await shop.press("down", "1")
        await shop.see("结算完成，对账平")
        stage = await settled(shop)
        assert (stage.missing, stage.count) == (0, 2)

    day(tmp_path, bank, script)


def test_an_item_that_no_round_delivers_is_listed_and_the_batch_closes(tmp_path, bank):
    async def script(shop):
        await a_day(shop)
        for _ in range(6):
            bank.spoil("request_lost", "0320")
        await shop.settle_batch()
        await shop.see("结算完成", "未送达")
        stage = await settled(shop)
        assert (stage.missing, stage.count) == (2, 0)
        await shop.press("enter")
        await shop.idle()
        assert "未送达" in shop.paper()

    day(tmp_path, bank, script)


def test_while_it_is_open_nothing_else_is_sent(tmp_path, bank):
    async def script(shop):
        await a_day(shop)
        bank.spoil("lost", "0500")
        await shop.settle_batch()
        await shop.see("结算没有完成", "没有应答")
        await shop.press("enter")
        for key in ("1", "refund"):
            await shop.idle()
            await shop.press(key)
            await shop.see("上次结算没有完成")
            await shop.press("enter")
        await shop.idle()
        await shop.press("down", "1")  # gone on with, without asking again
        await shop.see("结算完成，对账平")

    day(tmp_path, bank, script)


def test_a_reversal_that_is_owed_goes_before(tmp_path, bank):
    async def script(shop):
        await a_day(shop)
        bank.line("answer_lost")
        await shop.pay("100", "stripe-only", "swipe")
        await shop.see("冲正还没有完成")
        bank.line("up")
        await shop.press("enter")
        await shop.settle_batch()
        await shop.see("结算完成，对账平")
        assert await shop.journal.open_stages() == []

    day(tmp_path, bank, script)


def test_nothing_to_sign_off_while_the_batch_holds_anything(tmp_path, bank):
    async def script(shop):
        await a_day(shop)
        await shop.press("down", "4")
        await shop.see("测试线路", "签退")
        await shop.press("3")
        await shop.see("有交易未结算")
        await shop.press("enter")
        await shop.settle_batch()
        await shop.see("结算完成")
        await shop.press("enter")
        await shop.idle()
        await shop.press("5")
        await shop.see("签到")
        await shop.idle()
        await shop.press("down", "4")
        await shop.see("签退")
        await shop.press("3")
        await shop.see("已签退")

    day(tmp_path, bank, script)


async def before_settling(shop):
    """One of each that is uploaded, without keys: it is quicker, and the settlement is what is looked at."""
    teller = Teller(shop)
    await teller.sign_in()
    sale = await teller.do(Kind.SALE)
    await teller.do(Kind.REFUND, 1_000, sale)
    await teller.do(Kind.VOID, original=await teller.do(Kind.SALE))
    await teller.do(Kind.OFFLINE_SETTLEMENT)
    await shop.room.runner.pay_debts()
    bank_only = await teller.do(Kind.SALE)  # the bank will have it, the terminal's row is taken out below
    await shop.journal.write([], lambda db: db.execute("DELETE FROM exchange WHERE id = ?", (bank_only.request.id,)))


async def settle_again(shop):
    teller = Teller(shop)
    await teller.sign_in()
    if await shop.journal.settlements.last() is None or await shop.journal.settlements.open() is not None:
        await shop.room.settler.settle("01", lambda *_: None)


def test_cut_at_every_moment_it_resumes_and_ends_with_the_same_books(tmp_path):
    ends, moment = set(), 0
    while True:
        moment += 1
        folder = tmp_path / str(moment)
        folder.mkdir()
        bank = Bank()
        day(folder, bank, before_settling)

        async def cut(shop):
            await Teller(shop).sign_in()
            shop.current.is_armed = True
            await shop.room.settler.settle("01", lambda *_: None)

        first = day(folder, bank, cut, cut_at=moment)

        async def afterwards(shop):
            await settle_again(shop)
            shop.end = await settled(shop)
            shop.batch = await shop.journal.batch()
            assert await shop.journal.verify() is None

        shop = day(folder, bank, afterwards)
        assert shop.batch == "000002"
        assert settlement_of(bank.ledger, TERMINAL_ID, "000001").is_closed
        ends.add((shop.end, bank.balance(), len(disputes(bank))))
        assert bank.ledger.sum_of_postings() == 0
        bank.ledger.close()
        if first.current.moments < moment:
            break
    assert moment > 30, "the settlement has more moments than that: the cutter did not cut"
    assert len(ends) == 1, f"it must end the same way whenever it is cut: {ends}"
    ((end, _, different),) = ends
    assert (end.is_balanced, end.missing, end.refused, different) == (False, 0, 0, 1)


def test_every_accepted_exchange_of_the_day_is_in_the_totals_or_counts_nothing(tmp_path, bank):
    """The terminal's totals against the bank's own, over every kind there is."""

    async def script(shop):
        teller = Teller(shop)
        await teller.sign_in()
        for kind in CUP.forms:
            if CUP.forms[kind].silence.value != "nothing":
                await teller.do(kind, original=await teller.before(kind))
        await shop.room.runner.pay_debts()
        assert all(isinstance(stage, Accepted) for stage in await shop.journal.recent(1000))
        shop.end = await shop.room.settler.settle("01", lambda *_: None)

    shop = day(tmp_path, bank, script, issuer=None)
    assert shop.end.is_balanced
    assert shop.end.totals.debit > 0
    assert shop.end.totals.credit > 0


def test_an_item_that_the_bank_refuses_is_listed_and_the_batch_closes(tmp_path, bank):
    async def script(shop):
        await a_day(shop)
        bank.spoil("refused_with", "0320", "30")
        await shop.settle_batch()
        await shop.see("结算")
        await shop.settle(30)
        shop.end = await shop.journal.settlements.last()

    shop = day(tmp_path, bank, script)
    assert isinstance(shop.end, Settled), shop.end


def test_a_full_batch_must_be_settled_first(tmp_path, bank):
    async def script(shop):
        await a_day(shop)
        (newest, *_) = await shop.journal.recent()
        for number in range(500):
            stan = f"{900_000 + number:06d}"
            request = msgspec.structs.replace(newest.request, id=f"000001-{stan}", stan=stan)
            await shop.journal.enter(Refused(request, "51"))
        await shop.press("1")
        await shop.see("流水记录已满，请先结算")
        await shop.press("enter")
        await shop.settle_batch()
        await shop.see("结算完成，对账平")

    day(tmp_path, bank, script)


def test_the_last_slip_can_be_printed_again(tmp_path, bank):
    async def script(shop):
        await a_day(shop)
        await shop.settle_batch()
        await shop.see("结算完成")
        await shop.press("enter")
        await shop.idle()
        before = shop.paper().count("结算总计单")
        await shop.press("down", "4")
        await shop.see("重打印上次结算单")
        await shop.press("4")
        await shop.settle(5)
        await shop.idle()
        assert shop.paper().count("结算总计单") == before + 1

    day(tmp_path, bank, script)
