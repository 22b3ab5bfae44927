"""Settlement: the day's books against the bank's, by keys; cut at every moment; with items nobody answers."""

from datetime import timedelta

import msgspec
import pytest

from simulator.acquirer.settlement_desk import MISSING, settlement_of
from terminal.dialogue.settlement import settlement_due
from terminal.exchange.settler import SettlementStuck
from terminal.exchange.settling import Item, ItemsDue, Settled, Totalling, What, told_totals
from terminal.exchange.stages import Accepted, AwaitingReply, Refused, Unknown
from terminal.iso8583.cup import CUP
from terminal.iso8583.dialect import Choices
from terminal.iso8583.kinds import Kind
from terminal.iso8583.settlement import Totals
from terminal.journal.journal import Operator
from terminal.journal.store import JournalFailed
from terminal.screens import Sheet
from tests.journey.shop import TERMINAL_ID, Bank, day
from tests.journey.teller import Teller
from ui.page import page
from ui.text import words

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
        await shop.see("显示与声音")
        await shop.press("4")
        await shop.see("重打印上次结算单")
        await shop.press("1")
        await shop.settle(5)
        await shop.idle()
        assert shop.paper().count("结算总计单") == before + 1

    day(tmp_path, bank, script)


# --- why it is not balanced ------------------------------------------------------------------------------------------
def test_a_mismatch_is_explained_in_both_directions(tmp_path, bank):
    """The bank has a refund whose end nobody here knows: ours, theirs, the difference, and what it probably is."""

    async def script(shop):
        await a_day(shop)
        bank.spoil("lost", "0220")
        await shop.refund("1000", card="stripe-only", way="swipe")
        await shop.see("结果未知")
        await shop.press("enter", "enter")
        await shop.settle_batch()
        await shop.see("结算完成，对账不平", "未决，另行处理 1")
        await shop.press("enter")
        await shop.see("本机消费类 3 笔 ¥175.00", "收单消费类 3 笔 ¥175.00", "本机退款类 0 笔 ¥0.00")
        await shop.see("收单退款类 1 笔 ¥10.00", "退款类：收单机构比本机多 ¥10.00", "正好等于 1 笔结果未定的交易")
        await shop.see("由收单机构查明差额", "不要重退", "未确认 0 笔")
        assert "消费类：" not in shop.text().replace("退款类：", "")
        await shop.press("enter")
        await shop.idle()
        for text in ("收单退款类 1 笔", "对账不平", "未决，不计入总额", "退货"):
            assert text in shop.paper()
        stage = await settled(shop)
        assert stage.theirs is not None
        assert (stage.theirs.credit, [each.state for each in stage.waiting]) == (1_000, ["unknown"])

    day(tmp_path, bank, script, choices=NO_INQUIRY)


def test_what_the_terminal_alone_has_is_said_of_the_terminal(tmp_path, bank):
    async def script(shop):
        await a_day(shop)
        bank.ledger.run("UPDATE entry SET state = 'refused' WHERE amount = 2500")
        await shop.settle_batch()
        await shop.see("结算完成，对账不平")
        await shop.press("enter")
        await shop.see("消费类：本机比收单机构多 ¥25.00")
        assert "正好等于" not in shop.text()

    day(tmp_path, bank, script)


def test_an_acquirer_that_gives_our_own_sums_back_has_told_none():
    ours = Totals(17_500, 3, 1_000, 1)
    assert told_totals(ours, ours.text(2, 1)) is None
    assert told_totals(ours, "what is this") is None
    theirs = Totals(17_500, 3, 2_000, 2)
    assert told_totals(ours, theirs.text(2, 1)) == theirs


def test_items_of_an_upload_before_are_not_those_of_this_one(tmp_path, bank):
    """A batch that was ended by force, and is settled after all: what it uploaded then does not count again."""

    async def script(shop):
        book = shop.journal.settlements
        stage = ItemsDue("000001", Totals(), 1, 1)
        await book.enter(stage, [Item(What.DETAILS, (f"000001-00000{at}",), "000001") for at in range(3)])
        await book.enter(stage)
        assert len(await book.items("000001")) == 3
        await book.enter(stage, [Item(What.NOTICE, ("000001-000009",), "000009")])
        assert [listed.item.what for listed in await book.items("000001")] == [What.NOTICE]

    day(tmp_path, bank, script)


def test_offline_money_that_does_not_go_up_is_said_and_named_and_holds_nothing_up(tmp_path, bank):
    async def script(shop):
        await a_day(shop)
        teller = Teller(shop)
        await teller.do(Kind.OFFLINE_SETTLEMENT)
        for _ in range(30):
            bank.spoil("request_lost", "0220")
        await shop.settle_batch()
        await shop.see("结算完成")
        await shop.settle(100)
        await shop.idle()
        assert [each.state for each in (await settled(shop)).waiting] == ["uploading"]
        assert "未决，不计入总额" in shop.paper()
        assert any("笔离线交易还没有上送" in line for line in said(shop))

    day(tmp_path, bank, script, issuer=None)


def said(shop):
    """Every line of every sheet that was shown."""
    shown = [page(each, words(each.language)) for each in shop.front.screens if isinstance(each.screen, Sheet)]
    return [line for one in shown for line in one.plain_lines()]


# --- what holds it up ------------------------------------------------------------------------------------------------
def test_a_reversal_that_cannot_be_delivered_holds_it_up(tmp_path, bank):
    async def script(shop):
        await a_day(shop)
        bank.line("answer_lost")
        await shop.pay("100", "stripe-only", "swipe")
        await shop.see("冲正还没有完成")
        await shop.press("enter")
        await shop.idle()
        await shop.press("down", "1")
        await shop.see("冲正还没有完成")
        await shop.press("enter")
        await shop.idle()
        assert await shop.journal.settlements.last() is None
        assert not [frame for frame in shop.line.sent if frame[11:13].hex() == "0500"]

    day(tmp_path, bank, script)


def test_what_was_left_in_flight_is_ended_before_the_totals_are_taken(tmp_path, bank):
    async def script(shop):
        await a_day(shop)
        newest = (await shop.journal.recent())[0]
        await shop.journal.enter(AwaitingReply(newest.request, newest.address))  # as a power cut leaves it
        await shop.settle_batch()
        await shop.see("结算完成，对账平")
        stage = await settled(shop)
        assert (stage.totals.debits, stage.waiting) == (2, ())

    day(tmp_path, bank, script)


# --- it is due -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("days", "due"), [(0, ""), (1, "yesterday"), (2, "earlier"), (40, "earlier")])
def test_a_batch_of_an_earlier_day_is_said_in_the_menu_until_it_is_settled(tmp_path, bank, days, due):
    async def script(shop):
        await shop.first_day()
        await shop.sell("100")
        shop.clock.offset += timedelta(days=days)
        await shop.press("cancel")
        await shop.idle()
        assert await settlement_due(shop.room) == due
        line = {"": "", "yesterday": "昨天的交易还没有结算", "earlier": "有几天没有结算了"}[due]
        await shop.see(line)
        assert due or "结算" not in shop.text()
        await shop.settle_batch()
        await shop.see("结算完成")
        await shop.press("enter")
        await shop.idle()
        assert await settlement_due(shop.room) == ""
        assert "没有结算" not in shop.text()

    day(tmp_path, bank, script)


def test_one_that_has_not_ended_is_due_at_once(tmp_path, bank):
    async def script(shop):
        await a_day(shop)
        bank.spoil("lost", "0500")
        await shop.settle_batch()
        await shop.see("结算没有完成")
        assert await settlement_due(shop.room) == "open"

    day(tmp_path, bank, script)


def test_a_backup_comes_first_and_one_that_fails_holds_nothing_up(tmp_path, bank):
    async def script(shop):
        await a_day(shop)
        came = []

        async def back_up(room):
            came.append(await room.journal.settlements.open())
            return False

        shop.room.back_up = back_up
        await shop.idle()
        await shop.press("down", "1")
        await shop.see("净额")
        await shop.press("enter")
        await shop.see("结算完成，对账平")
        assert came == [None]

    day(tmp_path, bank, script)


# --- the acquirer never takes it -------------------------------------------------------------------------------------
BOSS, SECOND = "135790", "3691"  # TEST CODES


async def try_again(shop, hours=13):
    """One more attempt, some time later; the sheet to agree to comes with the first only."""
    shop.clock.offset += timedelta(hours=hours)
    await shop.idle()
    await shop.press("down", "1")
    await shop.see("结算没有完成")
    await shop.press("enter")
    await shop.settle(1)


async def second_person(shop):
    await shop.room.staff.proof.keep(
        Operator("02", "operator", await shop.room.hardware.passwords.digest(SECOND), is_factory=False), "seeded"
    )


async def refused_thrice(shop):
    await a_day(shop)
    await second_person(shop)
    for _ in range(3):
        bank_says(shop, "96")
    await shop.settle_batch()
    await shop.see("结算没有完成")
    await shop.press("enter")
    await try_again(shop)
    await try_again(shop)
    await shop.see("不接受结算", "3 次", "强制结束不动任何一笔钱")


def bank_says(shop, code):
    shop.bank.spoil("says", "0500", code)


def test_two_people_end_what_the_acquirer_never_takes_and_no_money_moves(tmp_path, bank):
    async def script(shop):
        await refused_thrice(shop)
        books, sent = bank.ledger.report()["transactions"], len(shop.line.sent)
        stages = await shop.journal.recent()
        cards = [stage.request.card.digest for stage in stages]
        await shop.press("2")
        await shop.see("请主管输入密码")
        await shop.enter(BOSS)
        await shop.see("第二人")
        for id in ("01", "00"):
            await shop.enter(id)
            await shop.see("P07")
            await shop.press("enter")
        await shop.enter("02")
        await shop.see("请输入操作员 02 的密码")
        await shop.enter(SECOND)
        await shop.see("本批次已强制结束，未对平", "收单机构未确认 3", "没有动任何一笔钱")
        assert len(shop.line.sent) == sent
        await shop.press("enter")
        await shop.see("对账不平说明", "收单机构没有给出它的金额", "未确认 3 笔")
        await shop.press("enter")
        await shop.idle()
        stage = await settled(shop)
        assert not stage.is_balanced
        assert (stage.forced_by, stage.fault, len(stage.unproven)) == (("00", "02"), "96", 3)
        assert await shop.journal.recent() == stages
        assert bank.ledger.report()["transactions"] == books
        for text in ("未对平（强制结束）", "00 02", "96", "100.00", "50.00", "25.00", "收单机构未对账"):
            assert text in shop.paper()
        assert bank.tray["stripe-only"].pan not in shop.paper()
        for digest in cards:
            assert await shop.journal.sealed_card(digest)  # the acquirer may still ask for it
        assert await shop.journal.verify() is None
        assert await shop.journal.settlements.open() is None

    day(tmp_path, bank, script)


def test_what_was_ended_by_force_is_settled_where_the_acquirer_kept_the_batch(tmp_path, bank):
    """Its sign-in names its batch; then the totals are of all of it, old and new, and the cards are let go."""

    async def script(shop):
        await by_force(shop)
        await shop.idle()
        await shop.sell("300")
        newest = (await shop.journal.recent())[0]
        assert newest.request.batch == "000001"
        await shop.settle_batch()
        await shop.see("结算完成，对账平", "¥178.00")
        await shop.press("enter")
        await shop.idle()
        assert await shop.journal.owed.all("upload", "owed") == []
        with pytest.raises(JournalFailed):
            await shop.journal.sealed_card(newest.request.card.digest)
        assert len({stage.request.id for stage in await shop.journal.recent()}) == 4

    day(tmp_path, bank, script)
    assert settlement_of(bank.ledger, TERMINAL_ID, "000001").is_closed


async def by_force(shop):
    await refused_thrice(shop)
    await shop.press("2")
    await shop.see("请主管输入密码")
    await shop.enter(BOSS)
    await shop.see("第二人")
    await shop.enter("02")
    await shop.see("请输入操作员 02 的密码")
    await shop.enter(SECOND)
    await shop.see("本批次已强制结束")
    await shop.press("enter")
    await shop.see("对账不平说明")
    await shop.press("enter")


def test_a_sale_of_a_batch_ended_by_force_can_still_be_given_back_and_only_once(tmp_path, bank):
    async def script(shop):
        await by_force(shop)
        await shop.refund(card="stripe-only", way="swipe")
        await shop.see("已受理")
        await shop.press("enter")
        await shop.tear()
        await shop.idle()
        await shop.settle(61)
        await shop.press("refund")
        await shop.see("退哪一笔")
        await shop.press("1")
        await shop.see("已经全部退完")

    day(tmp_path, bank, script)
    assert list(bank.credited().values()) == [2_500]


@pytest.mark.parametrize(("hours", "more"), [(0, 5), (11, 2), (30, 1)])
def test_not_before_a_day_has_gone_nor_before_three_attempts(tmp_path, bank, hours, more):
    async def script(shop):
        await a_day(shop)
        for _ in range(6):
            bank_says(shop, "96")
        await shop.settle_batch()
        await shop.see("结算没有完成")
        await shop.press("enter")
        for _ in range(more):
            await try_again(shop, hours)
            assert "强制" not in shop.text()
        assert isinstance(await shop.journal.settlements.open(), Totalling)

    day(tmp_path, bank, script)


def test_not_where_nobody_was_reached(tmp_path, bank):
    async def script(shop):
        await a_day(shop)
        bank.spoil("lost", "0500")
        await shop.settle_batch()
        await shop.see("结算没有完成")
        await shop.press("enter")
        bank.line("down")
        for _ in range(5):
            await try_again(shop)
            assert "强制" not in shop.text()
        bank.line("up")
        await shop.press("down", "1")
        await shop.see("结算完成，对账平")

    day(tmp_path, bank, script)


def test_who_tries_later_has_ended_nothing(tmp_path, bank):
    async def script(shop):
        await refused_thrice(shop)
        await shop.press("1")
        await shop.see("结算没有完成")
        await shop.press("enter")
        await shop.idle()
        await shop.press("down", "1")
        await shop.see("结算完成，对账平")
        await shop.press("enter")
        await shop.idle()
        assert await shop.journal.setting("settlement-failures", "") == ""

    day(tmp_path, bank, script)


def test_cut_at_every_moment_of_a_forced_end_no_card_is_lost_and_it_ends_once(tmp_path):
    moment = 0
    while True:
        moment += 1
        folder = tmp_path / str(moment)
        folder.mkdir()
        bank = Bank()
        day(folder, bank, before_settling)

        async def cut(shop):
            await Teller(shop).sign_in()
            bank_says(shop, "96")
            with pytest.raises(SettlementStuck):
                await shop.room.settler.settle("01", lambda *_: None)
            shop.current.is_armed = True
            await shop.room.settler.force(("00", "02"), "96")

        first = day(folder, bank, cut, cut_at=moment)

        async def afterwards(shop):
            if await shop.journal.settlements.open() is not None:
                await shop.room.settler.force(("00", "02"), "96")
            stage = await settled(shop)
            assert stage.forced_by == ("00", "02")
            assert await shop.journal.batch() == "000002"
            for one in await shop.journal.recent():
                assert not isinstance(one, Accepted) or await shop.journal.sealed_card(one.request.card.digest)
            assert await shop.journal.verify() is None

        day(folder, bank, afterwards)
        assert bank.ledger.sum_of_postings() == 0
        bank.ledger.close()
        if first.current.moments < moment:
            break
    assert moment > 5
