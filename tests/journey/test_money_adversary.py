"""An adversary of the money and of the books: pays twice, agrees to his own refund, alters files, cuts the current.

Law: whatever he does by keys, codes, scanner, files and mains, no sale is given back more than once, nobody agrees to
what he asked for, and the terminal says of the money what the bank has.
"""

from datetime import timedelta

import msgspec
import pytest

from simulator.acquirer.branch import MERCHANT_ID, TERMINAL_ID
from simulator.acquirer.reconciliation import reconciliation
from terminal.dialogue.daily_file import read_inbox
from terminal.exchange.stages import Accepted, Refused, Unknown
from terminal.iso8583.answers import Reply
from terminal.iso8583.dialect import Choices
from terminal.iso8583.kinds import Kind
from terminal.money import Money
from terminal.refund.application import OPEN, Act, State
from terminal.refund.receipt_code import text
from terminal.refund.rules import Documents, Level, OtherCard, Rule, Velocity
from terminal.refund.sale import sold_elsewhere
from tests.journey.shop import Bank, day
from tests.journey.test_approval import BARE, BIG, code, people, queue, reviewer, verdict
from tests.journey.test_approval import ask as ask_for_all
from tests.journey.test_find_sale import Books, begin, found, news, scan
from tests.journey.test_tracker import open_tracker, say_it, to_actions

YESTERDAY, TODAY, TOMORROW = "2026-11-22", "2026-11-23", "2026-11-24"
OTHER = "99999999"  # another terminal of the shop
NO_INQUIRY = Choices()
LETTERS = "AB1234567890"  # an RRN (F37 is AN12)


@pytest.fixture
def bank():
    bank = Bank()
    yield bank
    bank.ledger.close()


def play(tmp_path, bank, script, policy=BARE, **settings):
    async def whole(shop):
        await people(shop)
        await shop.sell("100")
        await shop.press("refund")
        await shop.supervisor_code()
        await shop.press("cancel")
        await shop.idle()
        await script(shop)

    return day(tmp_path, bank, whole, policy, **settings)


# --- one sale under two names ----------------------------------------------------------------------------------------
async def given_back_elsewhere(shop, rrn=LETTERS, minor=8000, back=7000):
    """Another terminal's sale of yesterday, of which a part went back here."""
    books = Books(shop)
    at = shop.clock.now().date() - timedelta(days=1)
    original = sold_elsewhere(rrn, at, Money(minor), "+08:00").original
    request = books.request(back, YESTERDAY, Kind.REFUND, original=original)
    await books.enter(Accepted(request, Reply("0230", "00", rrn="777788889999")))


@pytest.mark.parametrize("spelling", [str.lower, str.upper, str.swapcase, lambda rrn: rrn[0].lower() + rrn[1:]])
def test_an_rrn_in_other_letters_is_the_same_sale(tmp_path, bank, spelling):
    """A scanner with caps lock on writes every letter otherwise."""

    async def script(shop):
        await given_back_elsewhere(shop)
        await begin(shop)
        scan(shop, text(OTHER, MERCHANT_ID, YESTERDAY, spelling(LETTERS), ""))
        await shop.see("其他终端签购单上的消费金额")
        await shop.enter("8000")
        await found(shop, "最多可退 ¥10.00")
        await begin(shop)
        scan(shop, text(OTHER, MERCHANT_ID, YESTERDAY, spelling(LETTERS), ""))
        await shop.see("其他终端签购单上的消费金额")
        await shop.enter("9000")
        await news(shop, "R46", "¥80.00")

    play(tmp_path, bank, script)


@pytest.mark.parametrize("spelling", [str.lower, str.swapcase])
@pytest.mark.parametrize("terminal", ["", TERMINAL_ID, OTHER])
def test_a_sale_of_ours_is_ours_in_whatever_letters(tmp_path, bank, spelling, terminal):
    async def script(shop):
        await Books(shop).sold(5000, rrn=LETTERS, day=YESTERDAY)
        await begin(shop)
        rrn = spelling(LETTERS)
        scan(shop, text(terminal, MERCHANT_ID, YESTERDAY, rrn, "") if terminal else rrn)
        await found(shop, "最多可退 ¥50.00")

    play(tmp_path, bank, script)


def test_a_sale_of_ours_is_not_another_terminals_on_a_forged_paper(tmp_path, bank):
    """Its own number on a paper of another terminal and another day: it would be given back beside itself."""

    async def script(shop):
        books = Books(shop)
        sale = await books.sold(5000, rrn="123456789012", day=YESTERDAY)
        await books.back(sale, 5000)
        await begin(shop)
        scan(shop, text(OTHER, MERCHANT_ID, "2026-11-20", "123456789012", ""))
        await shop.see("其他终端签购单上的消费金额")
        await shop.enter("5000")
        await news(shop, "R46", "11/22", "¥50.00")

    play(tmp_path, bank, script)


def test_the_same_paper_with_another_year_is_not_another_sale(tmp_path, bank):
    async def script(shop):
        await given_back_elsewhere(shop)
        await begin(shop)
        scan(shop, text(OTHER, MERCHANT_ID, "2025-11-22", LETTERS, ""))
        await shop.see("其他终端签购单上的消费金额")
        await shop.enter("8000")
        await news(shop, "R46", "11/22", "¥80.00")

    play(tmp_path, bank, script, msgspec.structs.replace(BARE, days=400))


# --- two people who are one ------------------------------------------------------------------------------------------
async def handed_in(shop):
    """01 asks for all of a large sale, and leaves it to be reviewed."""
    await ask_for_all(shop, BIG)
    await shop.see("现在审核", "稍后审核")
    await shop.press("2")
    await shop.see("已交待审核")
    await shop.press("enter")


async def log_in_as(shop, id):
    await shop.idle()
    await shop.press("9")
    await shop.see("请输入操作员号")
    await shop.enter(id)
    await code(shop, id)
    await shop.idle()


async def reviewed_and_sent(shop, expected):
    """Reviewed by 03 and carried out by who is logged in."""
    await queue(shop)
    await shop.press("1")
    await shop.see("现在审核")
    await shop.press("1")
    await reviewer(shop, "03")
    await verdict(shop, "1")
    await shop.see("现在退", "同意人 03")
    await shop.press("1")
    await shop.present("unionpay-debit")
    await shop.see("再核对一遍")
    await shop.pull()
    await shop.press("enter")
    await shop.see(expected)
    await shop.press("enter", "enter")
    await shop.idle()


def test_who_asked_for_a_refund_that_another_sent_is_no_witness_of_its_end(tmp_path, bank):
    async def script(shop):
        await handed_in(shop)
        await log_in_as(shop, "02")
        shop.clock.offset += timedelta(days=1)  # a refund, not a void: a void would be reversed
        bank.spoil("lost", "0220")
        await reviewed_and_sent(shop, "结果未知")
        await open_tracker(shop)
        await to_actions(shop, "结果未知")
        await say_it(shop, "2")
        for id in ("02", "01", "00"):  # who sent it, who asked for it, who agrees first
            await shop.see("第二个人的操作员号")
            await shop.enter(id)
            await shop.see("须由不同的人操作")
            await shop.press("enter")
        await shop.see("第二个人的操作员号")
        await shop.enter("03")
        await code(shop, "03")
        await shop.see("凭据编号")

    play(tmp_path, bank, script, choices=NO_INQUIRY)


# --- what is decided, and changes before it is sent ------------------------------------------------------------------
def test_an_answer_that_comes_while_the_page_is_confirmed_stops_the_second_refund(tmp_path, bank):
    """Two people said that the bank never had it; it had it, and says so between the card and 确认."""

    async def script(shop):
        await shop.sell("10000")
        bank.spoil("lost", "0220")
        await shop.refund("4000")
        await shop.see("结果未知")
        await shop.press("enter", "enter")
        await open_tracker(shop)
        await to_actions(shop, "结果未知")
        await say_it(shop, "2")
        await shop.see("第二个人的操作员号")
        await shop.enter("02")
        await code(shop, "02")
        await shop.see("凭据编号")
        await shop.press("enter", "enter")
        await shop.press("cancel", "cancel")
        await shop.idle()
        await shop.refund_until_card("2")
        await shop.see("请输入退款金额")
        await shop.enter("7000")
        await shop.see("退款明细")
        await shop.press("enter")
        await shop.present("unionpay-debit")
        await shop.see("再核对一遍")
        await shop.pull()
        bank.inbox.files["a.csv"] = reconciliation(bank.ledger, TODAY, MERCHANT_ID, TOMORROW)
        await shop.settle(40)
        sent = len(shop.line.sent)
        await shop.press("enter")
        await shop.see("R10", "¥60.00")
        assert len(shop.line.sent) == sent, "nothing more left the terminal"
        assert sum(bank.credited().values()) == 4000

    play(tmp_path, bank, script, choices=NO_INQUIRY)


# --- files that say what is not so -----------------------------------------------------------------------------------
@pytest.mark.parametrize("altered", ["stan", "batch"])
def test_a_row_whose_number_was_altered_does_not_say_never_received(tmp_path, bank, altered):
    """Its own row is gone under a number that nothing here has: to call it never received would pay it twice."""

    async def script(shop):
        await shop.sell("10000")
        bank.spoil("lost", "0220")
        await shop.refund("4000")
        await shop.see("结果未知")
        await shop.press("enter", "enter")
        (stage,) = await shop.journal.open_stages()
        whole = reconciliation(bank.ledger, TODAY, MERCHANT_ID, TOMORROW)
        request = stage.request
        number = f"{request.batch},{request.stan},refund"
        other = {"stan": f"{request.batch},{int(request.stan)},refund", "batch": f"1,{request.stan},refund"}[altered]
        assert number in whole
        bank.inbox.files["a.csv"] = whole.replace(number, other)
        await read_inbox(shop.room)
        after = await shop.journal.exchange(request.id)
        assert isinstance(after, Unknown), after
        shop.clock.offset += timedelta(days=2)
        bank.inbox.files["b.csv"] = whole
        await read_inbox(shop.room)
        assert isinstance(await shop.journal.exchange(request.id), Accepted)

    play(tmp_path, bank, script, choices=NO_INQUIRY)


def test_control_a_refund_that_no_row_could_be_is_never_received(tmp_path, bank):
    """The law above is no excuse: a file without it, and with nothing that could be it, ends it."""

    async def script(shop):
        await shop.sell("10000")
        bank.spoil("request_lost", "0220")
        await shop.refund("4000")
        await shop.see("结果未知")
        await shop.press("enter", "enter")
        (stage,) = await shop.journal.open_stages()
        shop.clock.offset += timedelta(days=2)
        bank.inbox.files["a.csv"] = reconciliation(bank.ledger, TODAY, MERCHANT_ID, TOMORROW)
        await read_inbox(shop.room)
        assert isinstance(await shop.journal.exchange(stage.request.id), Refused)

    play(tmp_path, bank, script, choices=NO_INQUIRY)


# --- a void that the bank will not have, with everything that was agreed to ------------------------------------------
TWO_DOCUMENTS = msgspec.structs.replace(
    BARE,
    second_person_above=50_000,
    pause_above=10_000_000,
    documents=(Documents(0, ("receipt", "note")),),
    other_card=OtherCard(is_on=True, hours=0, documents=("identity",)),
    seconds_between=0,
)


async def morning(shop):
    await people(shop)
    await shop.sell("60000")
    await shop.press("refund")
    await shop.supervisor_code()
    await shop.press("cancel")
    await shop.idle()


async def void_refused(shop):
    """Documents, two people, a void that is refused with 48, and the refund in its place."""
    await shop.another_day()
    shop.current.is_armed = True
    shop.bank.spoil("refused_with", "0200", "48")
    await ask_for_all(shop, 60_000, sell=False)
    await papers(shop)
    await two_people(shop)
    await shop.present("unionpay-debit")
    await shop.see("再核对一遍", "消费撤销")
    await shop.pull()
    await shop.press("enter")
    await shop.see("只能当日全额撤销")
    await shop.press("enter")
    await shop.see("可以改按退货")
    await shop.press("enter")
    await shop.see("再核对一遍", "退货", "00 02")
    await shop.press("enter")
    await shop.see("已受理")
    await shop.done()


async def papers(shop):
    await shop.see("退款材料")
    await shop.press("1", "2")
    await shop.see("备注")
    await shop.enter("77")
    await shop.see("退款材料")
    await shop.press("enter")


async def two_people(shop):
    await shop.see("请主管输入密码")
    await shop.enter("135790")
    await shop.see("请第二个人输入号码")
    await shop.enter("02")
    await code(shop, "02")


@pytest.mark.campaign  # 17 s; test_power_cut.py cuts a void and a refund in each run
def test_cut_at_every_moment_of_a_void_that_is_refused_and_refunded_instead(tmp_path):
    """Once at most, whatever is agreed to is on the request, and the books are the bank's."""
    moment, is_cut, ends = 0, True, set()
    while is_cut:
        moment += 1
        folder = tmp_path / str(moment)
        folder.mkdir()
        bank = Bank()
        day(folder, bank, morning, TWO_DOCUMENTS)
        cut = day(folder, bank, void_refused, TWO_DOCUMENTS, moment)
        is_cut = cut.current.moments >= moment

        async def after(shop, bank=bank):
            await shop.another_day()
            await shop.settle(120)
            assert await shop.journal.open_stages() == []
            ends.add(await books(shop, bank))

        day(folder, bank, after, TWO_DOCUMENTS)
        bank.ledger.close()
        assert moment < 400
    assert moment > 50
    assert ends == {0, 60_000}


async def books(shop, bank) -> int:
    """The terminal's and the bank's, and what every refund that was sent must have; what went back."""
    assert bank.ledger.sum_of_postings() == 0
    assert await shop.journal.verify() is None
    done = [one for one in await shop.journal.recent() if one.request.original and isinstance(one, Accepted)]
    told = sum(one.amount.minor for one in done)
    assert told == sum(bank.credited().values())
    assert 1_000_000 - bank.balance() == 60_000 - told
    applications = await shop.journal.applications.recent()
    assert sum(one.state is State.ACCEPTED for one in applications) == len(done)
    for one in applications:
        if any(mark.act is Act.CARRY_OUT for mark in one.marks):
            assert not one.missing
            assert len(set(one.agreed)) == 2
            stage = await shop.journal.exchange(one.exchange_id)
            assert stage is None or stage.request.supervisor == " ".join(one.agreed)
    assert sum(one.state in OPEN for one in applications) <= 1
    return told


# --- another card ----------------------------------------------------------------------------------------------------
async def to_another_card(shop):
    """The sale's card is gone: the application of before is over, and all is asked for anew, and more."""
    await shop.another_day()
    shop.current.is_armed = True
    shop.clock.offset += timedelta(days=1)
    await ask_for_all(shop, 60_000, sell=False)
    await papers(shop)
    await two_people(shop)
    await shop.present("unionpay-credit")
    await shop.see("不是原交易的卡")
    await shop.press("enter")
    await shop.see("原卡不能用了吗")
    await shop.pull()
    await shop.press("2")
    await shop.see("退款明细", "退货")
    await shop.press("enter")
    await shop.see("退款材料")
    await shop.press("3")
    await shop.see("身份证")
    await shop.press("1")
    await shop.enter("1234")
    await papers(shop)
    await two_people(shop)
    await shop.present("unionpay-credit")
    await shop.see("再核对一遍", "00 02")
    await shop.pull()
    await shop.press("enter")
    await shop.settle(30)
    await shop.press("enter", "enter", "enter")


def test_cut_in_a_refund_to_another_card_nobodys_consent_is_used_twice(tmp_path):
    """What was agreed to for the sale's card is over; for the other card there are new documents and consents."""
    moment, is_cut = 0, True
    while is_cut:
        moment += 3
        folder = tmp_path / str(moment)
        folder.mkdir()
        bank = Bank()
        day(folder, bank, morning, TWO_DOCUMENTS)
        cut = day(folder, bank, to_another_card, TWO_DOCUMENTS, moment)
        is_cut = cut.current.moments >= moment

        async def after(shop, bank=bank):
            shop.clock.offset += timedelta(days=1)
            await shop.another_day()
            await shop.settle(120)
            assert await shop.journal.open_stages() == []
            await books(shop, bank)
            for one in await shop.journal.applications.recent():
                if one.is_other_card and one.state is not State.DRAFT:
                    assert {document.kind for document in one.documents} == {"receipt", "note", "identity"}

        day(folder, bank, after, TWO_DOCUMENTS)
        bank.ledger.close()
        assert moment < 400
    assert moment > 50


# --- who is counted --------------------------------------------------------------------------------------------------
def test_who_asks_is_counted_whoever_sends_it(tmp_path, bank):
    """Two in an hour are forbidden; a colleague who presses the keys makes them no fewer."""
    policy = msgspec.structs.replace(BARE, velocity=Velocity(per_hour=Rule(1, Level.FORBID)))

    async def script(shop):
        await handed_in(shop)
        await handed_in(shop)
        await log_in_as(shop, "02")
        await reviewed_and_sent(shop, "已受理")
        await queue(shop)
        await shop.press("1")
        await shop.see("现在审核")
        await shop.press("1")
        await reviewer(shop, "03")
        await verdict(shop, "1")
        await shop.see("现在退")
        await shop.press("1")
        await shop.see("一小时内退款次数太多")

    play(tmp_path, bank, script, policy)
    assert list(bank.credited().values()) == [BIG]


# --- another terminal's sale, to the end of the day -------------------------------------------------------------------
async def give_back_elsewhere(shop, rrn, sale, back):
    await begin(shop)
    scan(shop, text(OTHER, MERCHANT_ID, TODAY, rrn, ""))
    await shop.see("其他终端签购单上的消费金额")
    await shop.enter(str(sale))
    await shop.see("退款原因")
    await shop.press("1")
    await shop.see("退多少")
    await shop.press("2")
    await shop.see("请输入退款金额")
    await shop.enter(str(back))
    await shop.see("退款明细")
    await shop.press("enter")
    await shop.see("退款材料")
    await shop.press("1")
    await two_people(shop)
    await shop.present("unionpay-debit")
    await shop.see("再核对一遍")
    await shop.pull()
    await shop.press("enter")
    await shop.see("已受理")
    await shop.done()


def test_another_terminals_sale_is_given_back_once_and_the_settlement_is_even(tmp_path, bank):
    """Sold by one terminal, given back in parts by another that never sold it, beside a void and a part of its own."""
    sold = {}
    for name in ("one", "other"):
        (tmp_path / name).mkdir()

    async def one(shop):
        await shop.first_day()
        await shop.sell("8000")
        (stage,) = await shop.journal.sales()
        sold["rrn"] = stage.reply.rrn
        await shop.settle_batch()
        await shop.see("结算")
        await shop.settle(60)

    async def other(shop):
        await shop.sell("5000")
        await shop.refund()  # a void
        await shop.see("撤销已受理")
        await shop.done()
        await shop.sell("6000")
        await shop.refund("1000")
        await shop.see("已受理")
        await shop.done()
        await give_back_elsewhere(shop, sold["rrn"], 8000, 3000)
        await shop.settle(60)
        await give_back_elsewhere(shop, sold["rrn"], 8000, 5000)
        await shop.settle(60)
        await begin(shop)
        scan(shop, text(OTHER, MERCHANT_ID, TODAY, sold["rrn"], ""))
        await shop.see("其他终端签购单上的消费金额")
        await shop.enter("8000")
        await shop.see("R0")  # nothing is left
        await shop.press("cancel")
        await shop.idle()
        assert bank.credited()[sold["rrn"]] == 8000
        await shop.settle_batch()
        await shop.see("对账平")

    day(tmp_path / "one", bank, one)
    play(tmp_path / "other", bank, other, msgspec.structs.replace(BARE, seconds_between=1))
    assert bank.ledger.sum_of_postings() == 0
    assert bank.balance() == 1_000_000 - 100 - 5_000  # play() sells 1.00


def test_midnight_while_the_page_is_read_makes_a_refund_of_a_void_and_it_is_confirmed_anew(tmp_path, bank):
    async def script(shop):
        await shop.sell("10000")
        await ask_for_all(shop, 10_000, sell=False)
        await shop.present("unionpay-debit")
        await shop.see("再核对一遍", "消费撤销")
        await shop.pull()
        shop.clock.offset += timedelta(hours=14)
        sent = len(shop.line.sent)
        await shop.press("enter")
        await shop.see("再核对一遍", "退货")
        assert len(shop.line.sent) == sent
        await shop.press("enter")
        await shop.see("退货已受理")

    play(tmp_path, bank, script)
    assert bank.balance() == 1_000_000 - 100


# --- an answer that is there is had -----------------------------------------------------------------------------------
@pytest.mark.parametrize("way", ["records", "tracker"])
def test_who_asks_about_an_unknown_is_signed_in_first_where_the_bank_wants_that(tmp_path, bank, way):
    """The bank answers nothing to old keys: asking with them again and again would leave it unknown."""

    async def script(shop):
        await shop.sell("10000")
        bank.line("answer_lost")
        await shop.refund("4000")
        await shop.see("结果未知")
        await shop.press("enter", "enter")
        await shop.idle()
        shop.room.runner.is_sign_in_due = True
        if way == "tracker":
            await open_tracker(shop)
            await to_actions(shop, "结果未知")
        else:
            await shop.press("4")
            await shop.see("交易记录")
            await shop.press("1")
            await shop.see("结果未知")
        bank.line("up")
        before = len(shop.line.sent)
        await shop.press("3" if way == "tracker" else "enter")
        await shop.see("退货已受理")
        assert [frame[11:13].hex() for frame in shop.line.sent[before:]][:1] == ["0800"]
        (application,) = await shop.journal.applications.recent()
        assert application.state is State.ACCEPTED

    play(tmp_path, bank, script)
