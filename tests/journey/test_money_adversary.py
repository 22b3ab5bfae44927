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
from terminal.refund.receipt_code import text
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
        bank.inbox.files["a.csv"] = reconciliation(bank.ledger, TODAY, MERCHANT_ID, TOMORROW)
        await read_inbox(shop.room)
        assert isinstance(await shop.journal.exchange(stage.request.id), Refused)

    play(tmp_path, bank, script, choices=NO_INQUIRY)
