"""What users of other terminals complain of: one test each, in the order in which they are listed.

Law: each complaint is impossible here, or answered; where only answered, the docstring says so. Source: the section on
complaints of the description of the refund desk that issue 6 was written from. Sums are the bank's, to the fen.
"""

from __future__ import annotations

import asyncio
import re
import sys
from datetime import timedelta

import msgspec
import pytest

from terminal.dialogue import findings
from terminal.dialogue.morning import morning
from terminal.events import CodeScanned, FrontAttached, KeyPressed
from terminal.exchange.stages import Accepted, AwaitingReply, Refused, Unknown
from terminal.iso8583.dialect import Choices
from terminal.iso8583.kinds import Kind
from terminal.iso8583.response_codes import APPROVED, ISSUER_SILENT, PARTLY_APPROVED, TABLE, lookup
from terminal.refund.application import State
from terminal.refund.policy import NO_VOID, Policy
from terminal.refund.receipt_code import text as receipt_text
from terminal.refund.rules import Level, NoRecord, Rule, Velocity
from terminal.screens import CardPrompt, Menu
from tests.journey.shop import MERCHANT_ID, TERMINAL_ID, Bank, day
from tests.journey.steps import (
    BOSS,
    CODES,
    REFUND,
    VOID_OR_SALE,
    bank_file,
    books_agree,
    leave,
    open_shop,
    play,
    sent,
    to_card,
    to_confirm,
    was_asked_for_a_card,
)
from ui.page import page
from ui.text import words

NO_INQUIRY = Choices()
COMPLAINTS = 19


@pytest.fixture
def bank():
    bank = Bank()
    yield bank
    bank.ledger.close()


def test_every_complaint_has_a_test():
    """Nineteen clauses; each is a number here, none is left out."""
    numbers = {int(found[1]) for name in dir(sys.modules[__name__]) if (found := re.match(r"test_(\d\d)_", name))}
    assert numbers == set(range(1, COMPLAINTS + 1))


async def lose_the_answer(shop, amount="4000"):
    """A sale of 100.00; of its refund only the answer is lost: the bank has paid."""
    await shop.sell("10000")
    shop.bank.line("answer_lost")
    await shop.refund(amount)
    await shop.see("结果未知", "不要再退一次，也不要付现金")
    await shop.press("enter", "enter")
    await shop.idle()
    (stage,) = await shop.journal.open_stages()
    return stage


async def paper_code(shop, stage):
    """What the QR of its receipt says."""
    return receipt_text(TERMINAL_ID, MERCHANT_ID, stage.request.at[:10], stage.reply.rrn, stage.request.id)


# --- 1 ---------------------------------------------------------------------------------------------------------------
def test_01_unknown_after_a_time_out_is_never_paid_twice(tmp_path, bank):
    """Nobody knew how it ended after a time-out, so it was paid a second time. Here: UNKNOWN is a state with a paper of
    its own; the sale is locked on every way to it; the terminal asks, and never sends the refund again."""

    async def script(shop):
        lost = await lose_the_answer(shop)
        assert "结果待确认" in shop.paper()
        assert "不要重做退款，不要付现金" in shop.paper()
        sale = (await shop.journal.sales())[0]
        await shop.see("有 1 笔交易结果未定")
        for way in ("list", "scan"):
            if way == "list":
                await shop.press("refund")
                await shop.see("退哪一笔", "处理中")
                await shop.press("1")
            else:
                shop.front.report(CodeScanned(await paper_code(shop, sale)))
            await shop.see("有一笔退款结果未知", "查清之前不能再退，否则可能付两次", "R05")
            await shop.press("enter")
            await shop.idle()
        bank.line("up")
        await shop.settle(40)
        assert isinstance(await shop.journal.exchange(lost.request.id), Accepted)
        assert sent(shop, REFUND) == 1
        await books_agree(shop)

    play(tmp_path, bank, script)
    assert list(bank.credited().values()) == [4_000]
    assert bank.balance() == 1_000_000 - 6_000


# --- 2 ---------------------------------------------------------------------------------------------------------------
def test_02_no_clock_marks_a_pending_refund_as_failed(tmp_path, bank):
    """A nightly job declared what was pending for a day to have failed. Here no time ends an UNKNOWN: not a day, not a
    month, not a restart; it is asked after, stays listed, and ends by what the bank says."""

    async def evening(shop):
        await open_shop(shop)
        shop.lost = await lose_the_answer(shop)
        await shop.settle(26 * 3600)
        (stage,) = await shop.journal.open_stages()
        assert isinstance(stage, Unknown)

    async def a_month_later(shop):
        shop.clock.offset += timedelta(days=30)
        shop.switch_on()
        await shop.see("自检")
        await shop.press("enter")
        await shop.log_in()
        await shop.see("早间清单", "1 笔结果未知")
        await shop.press("cancel")
        await shop.idle()
        (stage,) = await shop.journal.open_stages()
        assert isinstance(stage, Unknown)
        await shop.press("refund")
        await shop.see("退哪一笔")
        await shop.press("1")
        await shop.see("R05")
        await shop.press("enter")
        bank.inbox.files["november.csv"] = bank_file(bank)
        await shop.settle(60)
        assert isinstance(await shop.journal.exchange(stage.request.id), Accepted)
        await books_agree(shop)

    first = day(tmp_path, bank, evening, choices=NO_INQUIRY)
    assert sent(first, REFUND) == 1
    bank.line("up")
    day(tmp_path, bank, a_month_later, choices=NO_INQUIRY)
    assert list(bank.credited().values()) == [4_000]


# --- 3 ---------------------------------------------------------------------------------------------------------------
def test_03_a_refund_is_not_refunded(tmp_path, bank):
    """Refunds could be refunded. Here the list has sales only, and the paper of a refund, read or typed in any way,
    names what it is and goes no further."""

    async def script(shop):
        await shop.sell("10000")
        await shop.refund("4000")
        await shop.see("退货已受理")
        await shop.done()
        (refund,) = [stage for stage in await shop.journal.recent() if stage.request.kind is Kind.REFUND]
        await shop.press("refund")
        await shop.see("退哪一笔", "¥100.00")
        assert "¥40.00" not in shop.text()
        shop.front.report(CodeScanned(await paper_code(shop, refund)))
        await shop.see("不是消费", "R43")
        await shop.press("enter")
        for way, typed in (("7", refund.reply.rrn), ("8", refund.request.id.replace("-", ""))):
            if way == "7":
                await shop.see("退哪一笔")
                await shop.press("2")
            await shop.see("怎样查找")
            await shop.press({"7": "6", "8": "7"}[way])
            await shop.enter(typed)
            await shop.see("不是消费", "R43")
            await shop.press("enter")
            await shop.see("退哪一笔")
            if way == "7":
                await shop.press("2")
        await leave(shop)
        assert sent(shop, REFUND) == 1
        await books_agree(shop)

    play(tmp_path, bank, script)


# --- 4 ---------------------------------------------------------------------------------------------------------------
def test_04_two_screens_open_on_one_sale_pay_once(tmp_path, bank):
    """Two screens were open on one sale, and both paid. Here two fronts are two views of one dialogue: what is pressed
    on both at once is answered once; and what two people begin on one sale is one application."""

    async def script(shop):
        await shop.sell("60000")
        shop.front.report(FrontAttached("counter", has_glass=False))
        await shop.refund_until_card()
        await shop.see("退款明细")
        await shop.press("enter")
        await shop.see("请主管输入密码")
        await shop.press("cancel")
        await shop.see("主管不在")
        await shop.press("1")  # it waits for its review; the first screen leaves
        await shop.see("已交待审核", "申请 000001")
        await shop.press("enter")
        await shop.press("9")
        await shop.see("请输入操作员号")
        await shop.enter("02")
        await shop.see("请输入操作员 02 的密码")
        await shop.enter(CODES["02"])
        await shop.idle()
        await shop.press("refund")
        await shop.see("退哪一笔")
        await shop.press("1")
        await shop.see("申请 000001", "现在审核", "撤回申请")  # another screen gets that one, and no second
        await shop.press("1")
        await shop.see("请输入审核人号码")
        await shop.enter("03")
        await shop.see("请输入操作员 03 的密码")
        await shop.enter(CODES["03"])
        await shop.see("审核退款申请")
        await shop.press("enter")
        await shop.see("同意")
        await shop.press("1")
        await shop.present("unionpay-debit")
        await shop.see("再核对一遍")
        await shop.pull()
        for _ in range(4):  # both screens, twice, in one moment
            shop.front.report(KeyPressed("enter"))
        await shop.see("撤销已受理")
        assert sent(shop, VOID_OR_SALE) == 2  # the sale and one void
        assert len(await shop.journal.applications.recent()) == 1
        await shop.done()
        await books_agree(shop)

    play(tmp_path, bank, script)
    assert list(bank.credited().values()) == [60_000]


def test_04b_what_was_given_back_meanwhile_is_not_given_back_again(tmp_path, bank):
    """The other screen is another terminal's: this one cannot see it, and the bank's no is said with its reason."""

    async def script(shop):
        await shop.sell("10000")
        await to_confirm(shop, amount="4000")
        bank.spoil("refused_with", REFUND, "61")  # as a bank says when the rest was given back elsewhere
        await shop.press("enter")
        await shop.see("被拒绝", "金额超限", "61")
        await shop.press("enter")
        await shop.idle()
        await books_agree(shop)

    play(tmp_path, bank, script)
    assert bank.credited() == {}


# --- 5 ---------------------------------------------------------------------------------------------------------------
def test_05_there_is_a_refund_on_the_terminal(tmp_path, bank):
    """Refunds needed a web page, a PC or a call. Here it is a key of its own and an entry of the first menu, also for a
    sale of a settled batch of last month, from finding it to the paper."""

    async def script(shop):
        await shop.idle()
        assert any(line.startswith("2 退款") for line in shop.text().splitlines())
        assert "退款键直接退款" in shop.text()
        await shop.sell("10000")
        await shop.settle_batch()
        await shop.see("结算完成")
        await shop.press("enter")
        await shop.idle()
        shop.clock.offset += timedelta(days=30)
        await shop.press("2")
        await shop.see("退哪一笔")
        await shop.press("1")
        await shop.see("退款原因")
        await shop.press("1")
        await shop.see("退多少")
        await shop.press("1")
        await shop.see("退款明细", "退货")
        await shop.press("enter")
        await shop.present("unionpay-debit")
        await shop.see("再核对一遍")
        await shop.pull()
        await shop.press("enter")
        await shop.see("退货已受理")
        await shop.done()

    shop = play(tmp_path, bank, script)
    assert "RMB -100.00" in shop.paper()
    assert bank.balance() == 1_000_000


# --- 6 ---------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("way", ["insert", "swipe", "tap"])
def test_06_a_wrong_card_gets_nothing(tmp_path, bank, way):
    """Money went to a wrong card. Here the card is compared by its keyed fingerprint, whichever way it is read; nothing
    is sent for another, and the sale stays whole."""

    async def script(shop):
        await shop.sell("10000")
        await to_card(shop, amount="4000")
        await getattr(shop, way)("stripe-only" if way == "swipe" else "unionpay-credit")
        await shop.see("不是原交易的卡", "C07")
        assert sent(shop, REFUND) == 0
        await shop.press("enter")
        await shop.pull()
        shop.field.pull()
        await leave(shop)
        await shop.refund("4000")
        await shop.see("退货已受理")
        await shop.done()
        await books_agree(shop)

    play(tmp_path, bank, script)
    assert (bank.balance(), bank.balance("unionpay-credit"), bank.balance("stripe-only")) == (
        *(1_000_000 - 6_000, 1_000_000, 1_000_000),
    )


def test_06b_the_card_of_the_last_customer_is_not_read(tmp_path, bank):
    """His card was still in the slot, and was paid. Here the slot must be empty first; a card that was in it before is
    not even powered, be it the right one."""

    async def script(shop):
        await shop.sell("10000")
        await shop.insert("unionpay-debit")
        connected = []
        connect = shop.reader.connect

        async def counted():
            connected.append(shop.text())
            return await connect()

        shop.reader.connect = counted  # the twin's, not ours
        await shop.refund_until_card()
        await shop.see("退款明细")
        await shop.press("enter")
        await shop.see("请先取走")
        await shop.settle(30)
        assert connected == []
        await shop.pull()
        await shop.see("请插卡")
        await shop.insert("unionpay-debit")
        await shop.see("再核对一遍")
        assert len(connected) == 1

    play(tmp_path, bank, script)


# --- 7 ---------------------------------------------------------------------------------------------------------------
def test_07_staff_who_refund_to_their_own_card_meet_the_supervisor(tmp_path, bank):
    """Staff refunded to a card of their own: the same card, small amounts, the same operator. Here, as shipped, the
    fourth refund to one card in thirty days asks for the supervisor, whoever sends it and however small it is, he is
    not the one who asks, and the morning list says who gave how much back. A refund of no sale is not offered."""

    async def script(shop):
        for number in range(4):
            await shop.sell("500")
            await shop.refund_until_card()
            await shop.see("退款明细")
            assert ("需要：主管同意" in shop.text()) is (number == 3)
            await shop.press("enter")
            if number == 3:
                await shop.see("请主管输入密码", "同一张卡多次退款")
                await shop.enter("258025")  # he does not know it
                await shop.see("密码错误")
                assert "请插卡" not in shop.text()
                await shop.press("enter")
                await shop.see("请主管输入密码")
                await shop.enter(BOSS)
            await shop.present("unionpay-debit")
            await shop.see("再核对一遍")
            await shop.pull()
            await shop.press("enter")
            await shop.see("撤销已受理")
            await shop.done()
        (newest, *before) = await shop.journal.applications.recent()
        assert newest.agreed == ("00",)
        assert all(each.agreed == () for each in before)
        await shop.press("refund")
        await shop.see("退哪一笔")
        await shop.press(str(len(shop.front.screens[-1].screen.items)))
        await shop.see("怎样查找")
        assert "没有原交易" not in shop.text()
        await leave(shop)
        await books_agree(shop)

    async def dawn(shop):
        shop.room.operator = "01"
        shop.clock.offset += timedelta(days=1)
        shop.terminal = asyncio.ensure_future(morning(shop.room))
        await shop.see("早间清单", "11/23 共退款 4 笔")
        place = next(line[0] for line in shop.text().splitlines() if "共退款" in line)
        await shop.press(place)
        await shop.see("操作员 01：4 笔 ¥20.00")

    play(tmp_path, bank, script)
    day(tmp_path, bank, dawn)


# --- 8 ---------------------------------------------------------------------------------------------------------------
def test_08_there_are_velocity_limits(tmp_path, bank):
    """There were no limits of how often and how much. Here, as shipped, the eleventh refund of an hour by one operator
    asks for the supervisor, offline, before the card; an hour later it does not."""
    cards = ("unionpay-debit", "unionpay-credit", "stripe-only", "unionpay-debit-other")

    async def one(shop, card, is_last=False):
        way = "swipe" if card == "stripe-only" else "insert"
        await shop.sell("700", card, way)
        await shop.refund_until_card()
        await shop.see("退款明细")
        await shop.press("enter")
        if is_last:
            await shop.see("请主管输入密码", "一小时内退款次数多")
            await shop.press("cancel")
            await shop.see("不退了", "钱没有动")
            await shop.press("2")
            await shop.idle()
            return
        await shop.present(card, way)
        await shop.see("再核对一遍")
        await shop.pull()
        await shop.press("enter")
        await shop.see("撤销已受理")
        await shop.done()

    async def script(shop):
        for number in range(10):
            await one(shop, cards[number % 4])
        since = len(shop.front.screens)
        await one(shop, cards[2], is_last=True)
        shown = [each.screen for each in shop.front.screens[since:] if isinstance(each.screen, CardPrompt)]
        assert all(screen.title.id == "kind.sale" for screen in shown), "the limit is said before the card"
        await shop.settle(3700)
        await to_card(shop)
        await leave(shop)
        await books_agree(shop)

    play(tmp_path, bank, script)


def test_08b_a_limit_may_forbid(tmp_path, bank):
    """The owner's choice per rule: off, warn, supervisor, forbid."""

    async def script(shop):
        await shop.sell("10000")
        await shop.refund("1000")
        await shop.see("退货已受理")
        await shop.done()
        await shop.settle(61)
        since = len(shop.front.screens)
        await shop.refund_until_card()
        await shop.see("您一小时内退款次数太多", "R24")
        assert not was_asked_for_a_card(shop, since)

    play(tmp_path, bank, script, Policy(velocity=Velocity(per_hour=Rule(1, Level.FORBID))))


# --- 9 ---------------------------------------------------------------------------------------------------------------
def test_09_factory_codes_do_not_stay(tmp_path, bank):
    """Default passwords were never changed. Here the first sign-in takes none but a new code, a code that anybody would
    guess is refused, and no money goes back while the factory's of anybody stands."""

    async def script(shop):
        shop.switch_on()
        await shop.see("自检")
        await shop.press("enter")
        await shop.log_in("0000")
        await shop.see("须先修改出厂密码")
        await shop.press("enter")
        for weak in ("0000", "1234", "1111"):
            await shop.see("新密码")
            await shop.enter(weak)
            await shop.see("新密码太简单", "P03")
            await shop.press("enter")
        await shop.see("新密码")
        await shop.press("cancel")
        await shop.settle(5)
        assert shop.room.operator == "", "without a new code nobody is signed in"
        await shop.log_in("0000")
        await shop.see("须先修改出厂密码")
        await shop.press("enter")
        await shop.new_code("2580")
        await shop.sell("10000")
        for id in ("00", "99"):
            await shop.press("refund")
            await shop.see(f"操作员 {id} 仍在用出厂密码，不能退款", "P06")
            await shop.press("enter")
            await shop.see(f"请输入操作员 {id} 的密码")
            await shop.enter({"00": "123456", "99": "88888888"}[id])
            await shop.new_code({"00": BOSS, "99": "24681357"}[id])
            if id == "00":
                await shop.see("操作员 99 仍在用出厂密码")
                await shop.press("cancel")
                await shop.idle()
        await shop.see("退哪一笔")
        assert await shop.room.staff.factory_codes() == []

    day(tmp_path, bank, script)


# --- 10 --------------------------------------------------------------------------------------------------------------
def test_10_who_holds_the_device_to_sign_refunds_nothing(tmp_path, bank):
    """A customer cancelled and refunded himself while he held the device. Here it hears only his signature, confirm,
    clear and cancel; leaving the pad asks for the operator's code, and no time, key, scan or guess opens it."""

    async def script(shop):
        shop.desk.has_glass = True
        await shop.pay("10000", "unionpay-debit")
        await shop.see("消费成功")
        await shop.press("enter")
        await shop.see("请持卡人签名")
        await shop.pull()
        sale = (await shop.journal.sales())[0]
        since = len(shop.front.screens)
        await shop.press("refund", "func", "2", "up", "down", "00")
        shop.front.report(CodeScanned(await paper_code(shop, sale)))
        await shop.see("请持卡人签名")
        await shop.press("cancel")
        await shop.see("请将终端交还收银员", "请输入操作员 01 的密码")
        for code in ("0000", "1234", "123456"):
            await shop.enter(code)
            await shop.settle(1)
            await shop.press("enter", "cancel", "refund")
            await shop.settle(40)
        titles = {each.screen.title.id for each in shop.front.screens[since:] if isinstance(each.screen, Menu)}
        assert titles <= {"customer.give_back"}, "no menu but that of the door"
        assert not was_asked_for_a_card(shop, since)
        assert shop.desk.is_shut
        assert sent(shop, REFUND) == 0
        assert len(await shop.journal.recent()) == 1

    play(tmp_path, bank, script)
    assert bank.balance() == 1_000_000 - 10_000


# --- 11 --------------------------------------------------------------------------------------------------------------
SCAMS = "SELECT kind FROM event WHERE kind LIKE 'scam%' ORDER BY seq"


def test_11_who_is_called_and_told_to_refund_is_stopped(tmp_path, bank):
    """Callers had cashiers refund ("your POS must refund now"). Here, as shipped, a refund of more than 5,000.00 is
    interrupted before anybody is asked to agree: two questions whose calm answers lie on different keys, and ten
    seconds in which nothing goes on. Hammering one key stops it; what happened is in the journal."""

    async def to_question(shop):
        await shop.refund_until_card()
        await shop.see("退款明细")
        await shop.press("enter")
        await shop.see("退款材料", "原签购单")
        await shop.press("1")
        await shop.see("1 原签购单 有")
        await shop.press("2")
        await shop.see("请持卡人在申请表上签字")
        await shop.press("1")
        await shop.see("材料齐了")
        await shop.press("enter")
        await shop.see("有人正在电话里指导您退款吗", "收单机构不会来电要求退款", "金额较大")

    async def script(shop):
        await shop.sell("600000")
        for key, then in (("1", "请挂断电话，不要退款"), ("2", "请挂断电话，不要退款")):
            since = len(shop.front.screens)
            await to_question(shop)
            await shop.press(key)
            if key == "2":
                await shop.see("是收单机构或银行要您退款吗")
                await shop.press(key)
            await shop.see(then, "自己打给收单机构核实")
            await shop.press("enter")
            await shop.idle()
            assert not was_asked_for_a_card(shop, since)
        await to_question(shop)
        await shop.press("2")
        await shop.see("是收单机构或银行要您退款吗")
        await shop.press("1")
        await shop.see("请再想一想")
        await shop.press("enter", "enter", "1")
        await shop.settle(9)
        await shop.see("请再想一想")
        await shop.see("须他人审核")
        kinds = [kind for (kind,) in await shop.journal.rows(SCAMS)]
        assert kinds == ["scam-stopped", "scam-stopped", "scam-passed"]
        assert sent(shop, REFUND) == 0

    play(tmp_path, bank, script)
    assert bank.balance() == 1_000_000 - 600_000


def test_11b_a_refund_of_no_sale_is_interrupted_whatever_its_amount(tmp_path, bank):
    """Where the owner allows it at all."""

    async def script(shop):
        await shop.sell("100")
        await shop.press("refund")
        await shop.see("退哪一笔")
        await shop.press("2")
        await shop.see("怎样查找", "没有原交易")
        await shop.press("9")
        await shop.see("没有原交易")
        await shop.enter("500")
        await shop.see("退款原因")
        await shop.press("1")
        await shop.see("退多少")
        await shop.press("1")
        await shop.see("退款明细")
        await shop.press("enter")
        await shop.see("退款材料", "原签购单")
        await shop.press("1")
        await shop.see("有人正在电话里指导您退款吗", "没有原交易")
        await shop.press("1")
        await shop.see("请挂断电话，不要退款")

    play(tmp_path, bank, script, Policy(naked=NoRecord(is_on=True, documents=("receipt",), cap=1_000)))


# --- 12 --------------------------------------------------------------------------------------------------------------
LISTED = [row.code for row in TABLE]
NOBODY_KNOWS = ISSUER_SILENT | {"09", "94"}  # these answers say that nobody knows (yet)


def in_language(shop, language):
    """The last screen as it reads in this language, every word there."""
    shown = msgspec.structs.replace(shop.front.screens[-1], language=language)
    told = page(shown, words(language, is_strict=True))
    return "\n".join((told.title, *told.plain_lines(), told.hint))


def why_and_what_to_do(shop, code):
    """In both languages: the code's own sentence, who must act and which key is next."""
    name = f"code.{code}" if lookup(code).is_listed else "code.other"
    for language in ("zh_CN", "en"):
        sentences, told = words(language).sentences, in_language(shop, language)
        for id in (name, f"{name}.do"):
            assert sentences[id].format(code=code) in told, (language, id, told)
        assert code in told


async def who_acts(shop, code):
    """功能 opens the page of this code: it says who must act, in both languages; 取消 is back on the result."""
    await shop.press("func")
    await shop.see("谁来处理")
    for language in ("zh_CN", "en"):
        assert words(language).sentences[f"help.who.{lookup(code).who.value}"] in in_language(shop, language)
    await shop.press("cancel")


async def told(shop, mti, code):
    """What the screen says to this answer, until it is read."""
    if code in APPROVED:
        await shop.see("已受理")
        if code != "00":  # a success with a message says it too
            assert words("zh_CN").sentences[f"code.{code}"] in shop.text()
    elif code in NOBODY_KNOWS and mti == REFUND:  # asked about at once, and never told as refused
        await shop.settle(40)
        assert not [shown for shown in shop.front.screens if "result.refused" in repr(shown.screen)]
    elif code in ISSUER_SILENT | {"09"}:
        await shop.see("撤销未成功，已冲正")
    elif code == PARTLY_APPROVED:  # of a refund the whole is accepted; a part of a void is taken back
        await shop.see("退货已受理" if mti == REFUND else "撤销未成功，已冲正")
    else:
        await shop.see("被拒绝", code)
        why_and_what_to_do(shop, code)
        if not (mti == VOID_OR_SALE and code in NO_VOID):  # there the page of the refund instead is next
            await who_acts(shop, code)
            await shop.see("被拒绝", code)


@pytest.mark.parametrize("code", [*LISTED, "Q9"])
@pytest.mark.parametrize("mti", [REFUND, VOID_OR_SALE])
def test_12_a_refusal_has_its_reason(tmp_path, bank, mti, code):
    """Refusals came without a reason. Here every code that an acquirer may answer, and any other, is told in words of
    its own: what happened, who must act, the next key, zh and en; then the terminal is idle, the books agree, and the
    rest can be given back."""

    async def script(shop):
        await shop.sell("10000")
        is_booked = code in APPROVED | NOBODY_KNOWS | {PARTLY_APPROVED} and (mti, code) != (VOID_OR_SALE, "94")
        bank.spoil("says" if is_booked else "refused_with", mti, code)
        await shop.refund("4000" if mti == REFUND else "")
        await told(shop, mti, code)
        for _ in range(9):  # confirm leads on, and home
            if "退款键" in shop.text():
                break
            await shop.press("enter")
            await shop.settle(6)
        await shop.idle()
        await shop.settle(70)
        await books_agree(shop)
        if isinstance((await shop.journal.recent())[0], Refused):
            await shop.refund("1000")
            await shop.see("退货已受理")

    play(tmp_path, bank, script)
    assert bank.ledger.sum_of_postings() == 0


def test_12b_no_code_borrows_the_words_of_another():
    """Only the four that mean the same to a merchant share theirs; none has the words of a code that nobody knows."""
    for language in ("zh_CN", "en"):
        sentences = words(language).sentences
        said = {}
        for code in (*LISTED, "other"):
            assert sentences[f"code.{code}"]
            said.setdefault(sentences[f"code.{code}"], set()).add(code)
        assert [codes for codes in said.values() if len(codes) > 1] == [{"A2", "A4", "A5", "A6"}]


# --- 13 --------------------------------------------------------------------------------------------------------------
def test_13_the_deadline_is_told_before_the_card(tmp_path, bank):
    """The deadline was told after the card had been read. Here the day after the last day, choosing the sale says so;
    on the last day it goes on; the days stand in the shop's policy that can be read before."""

    async def script(shop):
        await shop.sell("10000")
        await shop.settle_batch()
        await shop.see("结算完成")
        await shop.press("enter")
        await shop.idle()
        shop.clock.offset += timedelta(days=180)
        await shop.refund_until_card()
        await shop.see("退款明细", "功能")
        await shop.press("func")
        await shop.see("本店退款政策", "180 天")
        await shop.press("cancel")
        await leave(shop)
        shop.clock.offset += timedelta(days=1)
        since, messages = len(shop.front.screens), len(shop.line.sent)
        await shop.press("refund")
        await shop.see("退哪一笔")
        await shop.press("1")
        await shop.see("交易太久，超过 180 天", "2026-11-23", "收单机构人工处理", "R02")
        assert not was_asked_for_a_card(shop, since)
        assert len(shop.line.sent) == messages

    play(tmp_path, bank, script)


def test_13b_the_acquirers_own_deadline_is_told_when_it_says_so(tmp_path, bank):
    """Answered, not impossible: an acquirer that takes fewer days than the shop's policy says so only in its answer
    (49), which is after the card. The remedy is to write its days into the policy; the words send to the acquirer."""

    async def script(shop):
        await shop.sell("10000")
        bank.spoil("refused_with", REFUND, "49")
        await shop.refund("4000")
        await shop.see("超过可退天数", "收单机构人工处理", "49")

    play(tmp_path, bank, script)
    assert bank.credited() == {}


# --- 14 --------------------------------------------------------------------------------------------------------------
def test_14_a_wrong_amount_can_be_put_right_at_every_step(tmp_path, bank):
    """There was no way back after a wrong amount. Here 清除 takes a digit, 取消 goes one question back, the page to
    check can be changed, and for three seconds after 确认 it can be taken back: nothing is sent before."""

    async def script(shop):
        await shop.sell("10000")
        await shop.refund_until_card("2")
        await shop.see("请输入退款金额")
        await shop.type("4001")
        await shop.press("clear")
        await shop.type("0")
        await shop.see("40.00")
        await shop.press("cancel")
        await shop.see("退多少")
        await shop.press("2")
        await shop.see("请输入退款金额")
        await shop.enter("999900")
        await shop.see("超过可退余额 ¥100.00", "R10")
        await shop.press("enter")
        await shop.see("退多少")
        await shop.press("2")
        await shop.see("请输入退款金额")
        await shop.enter("4100")
        await shop.see("退款明细", "41.00")
        await shop.press("cancel")
        await shop.see("退多少")
        await shop.press("2")
        await shop.see("请输入退款金额")
        await shop.enter("4200")
        await shop.see("退款明细", "42.00")
        await shop.press("enter")
        await shop.present("unionpay-debit")
        await shop.see("再核对一遍", "42.00")
        await shop.press("cancel")
        await shop.see("回到核对页", "改金额", "还没有发送，钱没有动")
        await shop.press("2")
        await shop.see("退多少")
        await shop.press("2")
        await shop.see("请输入退款金额")
        await shop.enter("4300")
        await shop.see("退款明细", "43.00")
        await shop.press("enter")
        await shop.see("请先取走")
        await shop.pull()
        await shop.present("unionpay-debit")
        await shop.see("再核对一遍", "43.00")
        await shop.press("enter")
        await shop.see("秒后发送", "取消：撤回")
        await shop.press("cancel")
        await shop.see("已撤回", "钱没有动")
        await shop.press("enter")
        await shop.see("再核对一遍", "43.00")
        assert sent(shop, REFUND) == 0
        await shop.pull()
        await shop.press("enter")
        await shop.see("退货已受理", "43.00")
        await shop.done()
        await books_agree(shop)

    play(tmp_path, bank, script)
    assert list(bank.credited().values()) == [4_300]


# --- 15 --------------------------------------------------------------------------------------------------------------
WAYS = {  # place in the menu of ways -> what is typed there of the sale
    "1": lambda stage: "1",
    "2": lambda stage: stage.request.stan,
    "3": lambda stage: str(stage.amount.minor),
    "4": lambda stage: stage.request.card.masked_pan[-4:],
    "6": lambda stage: stage.reply.rrn,
    "7": lambda stage: stage.request.id.replace("-", ""),
}


def test_15_a_lost_receipt_is_no_reason_to_give_up(tmp_path, bank):
    """The receipt was lost, and looking up was slow. Here a sale is found by day, voucher, amount, last four digits,
    the card itself, RRN, short code or QR, each in at most two questions and without the network. How fast that is with
    100,000 sales is measured by `make bench`, not here."""

    async def script(shop):
        for amount in ("1100", "1200", "1300"):
            await shop.sell(amount, "unionpay-credit")
        await shop.sell("2500")
        await shop.settle_batch()
        await shop.see("结算完成")
        await shop.press("enter")
        await shop.sell("1400", "unionpay-credit")
        (sale,) = [stage for stage in await shop.journal.sales() if stage.amount.minor == 2_500]
        messages = len(shop.line.sent)
        for way in ("1", "2", "3", "4", "5", "6", "7", "scan", "list"):
            await shop.idle()
            await shop.press("refund")
            await shop.see("退哪一笔", "其他方式查找", "¥25.00")
            if way == "scan":
                shop.front.report(CodeScanned(await paper_code(shop, sale)))
            elif way != "list":
                await shop.press(str(len(shop.front.screens[-1].screen.items)))
                await shop.see("怎样查找")
                await shop.press(way)
                if way == "5":
                    await shop.present("unionpay-debit")
                else:
                    await shop.enter(WAYS[way](sale))
                await shop.pull()
            await shop.settle(1)
            if "退哪一笔" in shop.text():  # by list, or where it is one of several
                place = next(line[0] for line in shop.text().splitlines() if "¥25.00" in line)
                await shop.press(place)
            await shop.see("退款原因")
            await shop.press("1")
            await shop.see("退多少", "¥25.00")
            await leave(shop)
        assert len(shop.line.sent) == messages

    play(tmp_path, bank, script)


# --- 16 --------------------------------------------------------------------------------------------------------------
def test_16_a_sale_that_was_disputed_is_not_refunded_beside_it(tmp_path, bank):
    """A dispute and a refund were both paid. Answered, not impossible: a terminal is told of a dispute only by the
    acquirer. Here, when its file says that a sale is reversed there, that is said and the sale is locked; when it knows
    and refuses, its reason is said. What it does not tell, nobody here can know: then the evidence of the refund (RRN,
    signature, messages) is what the merchant answers the dispute with."""

    async def script(shop):
        await shop.sell("10000")
        await shop.sell("5000", "unionpay-credit")
        text = bank_file(bank)
        row = next(line for line in text.splitlines() if ",sale," in line and ",10000," in line)
        bank.inbox.files["1123.csv"] = text.replace(row, row.replace(",approved,", ",reversed,"))
        await shop.settle(60)
        (finding,) = await findings.unseen(shop.room)
        assert (finding.what, finding.kind, finding.amount) == ("not-booked", "sale", 10_000)
        for is_seen in (False, True):
            since = len(shop.front.screens)
            await shop.press("refund")
            await shop.see("退哪一笔")
            place = next(line[0] for line in shop.text().splitlines() if "¥100.00" in line)
            await shop.press(place)
            await shop.see("银行说这笔消费没有入账", "争议", "R48")
            assert not was_asked_for_a_card(shop, since)
            await shop.press("enter")
            await shop.idle()
            if not is_seen:  # that somebody has read it unlocks nothing
                shop.terminal.cancel()
                await asyncio.gather(shop.terminal, return_exceptions=True)
                shop.terminal = asyncio.ensure_future(findings.show(shop.room, finding))
                await shop.see("本机已受理，银行没有入账", "U15")
                await shop.press("enter")
                await shop.terminal
                assert await findings.unseen(shop.room) == []
                shop.switch_on()
                await shop.see("自检")
                await shop.press("enter")
                await shop.log_in()
                await shop.idle()
        await shop.refund(card="unionpay-credit")  # the other sale is not touched by it
        await shop.see("撤销已受理")

    play(tmp_path, bank, script)
    assert bank.balance() == 1_000_000 - 10_000, "nothing was given back beside the dispute"


def test_16b_a_dispute_that_comes_after_the_refund_is_answered_with_its_evidence(tmp_path, bank):
    """What is in the records of the refund: the sale it gives back, its RRN, what went and what came."""

    async def script(shop):
        await shop.sell("10000")
        await shop.refund("4000")
        await shop.see("退货已受理")
        await shop.done()
        (refund,) = [stage for stage in await shop.journal.recent() if stage.request.kind is Kind.REFUND]
        sale = (await shop.journal.sales())[0]
        assert refund.request.original.exchange_id == sale.request.id
        paper = shop.paper()
        for text in (refund.reply.rrn, sale.reply.rrn, "原参考号", "RMB -40.00"):
            assert text in paper
        assert len(await shop.journal.attachments.of(refund.request.id)) == 2, "both copies are kept"

    play(tmp_path, bank, script)


# --- 17 --------------------------------------------------------------------------------------------------------------
def test_17_out_of_paper_is_no_reason_to_refund_again(tmp_path, bank):
    """Out of paper, the cashier repeated the refund. Here the result is on the screen first; the paper's page says that
    the money is over and only printing is left; the same refund is not taken again; the paper comes later."""

    async def script(shop):
        await shop.sell("10000")
        printed = len(shop.printer.papers)
        shop.printer.is_out = True
        await shop.refund("4000")
        await shop.see("退货已受理")
        await shop.press("enter")
        await shop.see("打印机缺纸", "交易已成功，仅需重打，不要重做", "D01")
        await shop.press("enter")  # still no paper
        await shop.see("打印机缺纸")
        await shop.press("cancel")
        await shop.idle()
        await shop.press("refund")
        await shop.see("退哪一笔", "已退部分")
        await shop.press("1")
        await shop.see("刚刚退过这笔交易", "R08")
        await shop.press("enter")
        await shop.idle()
        assert sent(shop, REFUND) == 1
        assert len(shop.printer.papers) == printed
        shop.printer.is_out = False
        await shop.press("3")
        await shop.see("交易记录", "退货 已受理")
        await shop.press("1")
        await shop.see("¥40.00")
        await shop.press("enter")
        await shop.tear()
        assert "重打印凭证" in shop.paper()
        assert "RMB -40.00" in shop.paper()
        await books_agree(shop)

    play(tmp_path, bank, script)
    assert list(bank.credited().values()) == [4_000]


# --- 18 --------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("how", ["unsigned", "no answer", "no glass"])
def test_18_a_missing_signature_does_not_reopen_the_money(tmp_path, bank, how):
    """The signature was missing. Here, without one on glass, the merchant's copy has the line to sign on; the money is
    over, and nothing is sent again."""

    async def script(shop):
        await shop.sell("10000")
        await to_confirm(shop, amount="4000")
        shop.desk.has_glass = how != "no glass"
        await shop.press("enter")
        await shop.see("退货已受理")
        await shop.press("enter")
        if shop.desk.has_glass:
            await shop.see("请持卡人签名")
            await (shop.press("enter") if how == "unsigned" else shop.settle(61))
            await shop.see("请将终端交还收银员")
            await shop.enter(CODES["01"])
        await shop.tear()
        await shop.idle()
        merchants, holders = (
            "\n".join(row.text for row in paper if hasattr(row, "text")) for paper in shop.printer.papers[-2:]
        )
        assert "商户存根" in merchants
        assert "持卡人签名" in merchants
        assert "持卡人存根" in holders
        assert "持卡人签名" not in holders
        assert sent(shop, REFUND) == 1
        await books_agree(shop)

    play(tmp_path, bank, script)


def test_18b_a_signature_that_is_there_is_not_lost(tmp_path, bank):
    """It is on disk before the device is handed back; a power cut there loses nothing, and it goes to the acquirer with
    what is sent next."""

    async def signed(shop):
        await open_shop(shop)
        await shop.sell("10000")
        await to_confirm(shop, amount="4000")
        shop.desk.has_glass = True
        await shop.press("enter")
        await shop.see("退货已受理")
        await shop.press("enter")
        await shop.see("请持卡人签名")
        shop.sign()
        await shop.press("enter")
        await shop.see("请将终端交还收银员")  # and the current fails

    async def afterwards(shop):
        await shop.another_day()
        assert len(await shop.journal.owed.all("signature", "owed")) == 1
        await shop.sell("500", "unionpay-credit")
        await shop.settle(30)

    day(tmp_path, bank, signed)
    assert bank.ledger.report()["signatures"] == []
    day(tmp_path, bank, afterwards)
    assert len(bank.ledger.report()["signatures"]) == 1


# --- 19 --------------------------------------------------------------------------------------------------------------
async def next_start(shop):
    """Switched on again and left alone: nothing is open, and the books agree."""
    await shop.another_day()
    await shop.settle(100)
    await books_agree(shop)
    shop.accepted = [stage for stage in await shop.journal.recent() if isinstance(stage, Accepted)]


@pytest.mark.parametrize("moment", range(1, 40, 3))
@pytest.mark.parametrize("fault", ["up", "answer_lost"])
def test_19_a_restart_in_the_middle_loses_no_refund_and_pays_none_twice(tmp_path, bank, moment, fault):
    """A forced restart came in the middle. Here the power fails at many moments between 确认 and the paper (every one
    of them in test_power_cut.py): at the next start what was owed is finished, once. The terminal's own daily restart
    does not exist yet (issue 8); when it does, it may not happen while an exchange is open."""

    async def cut(shop):
        await open_shop(shop)
        await shop.sell("10000")
        await to_confirm(shop, amount="4000")
        shop.bank.line(fault)
        shop.current.is_armed = True
        await shop.press("enter")
        await shop.settle(200)

    day(tmp_path, bank, cut, cut_at=moment)
    bank.line("up")
    shop = day(tmp_path, bank, next_start)
    told = [stage.amount.minor for stage in shop.accepted if stage.request.kind is Kind.REFUND]
    assert told in ([], [4_000])
    assert sum(bank.credited().values()) == sum(told)


@pytest.mark.parametrize("seconds", [0.5, 3.05, 5, 30, 59, 61])
def test_19b_a_program_that_is_told_to_end_leaves_no_doubt(tmp_path, bank, seconds):
    """Not the current but the program ends, as systemd ends it: in the undo hold, while the answer is awaited,
    after."""

    async def ended(shop):
        await open_shop(shop)
        await shop.sell("10000")
        await to_confirm(shop, amount="4000")
        bank.line("answer_lost")
        await shop.press("enter")
        await shop.settle(seconds)
        stages = await shop.journal.open_stages()
        assert all(isinstance(stage, AwaitingReply | Unknown) for stage in stages)
        shop.was_open = len(stages)

    first = day(tmp_path, bank, ended)
    assert first.was_open == (seconds > 3)
    bank.line("up")
    second = day(tmp_path, bank, next_start)
    told = [stage.amount.minor for stage in second.accepted if stage.request.kind is Kind.REFUND]
    assert told == [4_000] * first.was_open
    assert list(bank.credited().values()) == told
    assert sent(first, REFUND) + sent(second, REFUND) == first.was_open, "asked about, and not sent again"


def test_19c_what_people_had_agreed_to_outlives_a_restart(tmp_path, bank):
    """The supervisor need not come again: his agreement is on disk before the card is asked for."""

    async def evening(shop):
        await open_shop(shop)
        await shop.sell("60000")
        await shop.refund_until_card()
        await shop.see("退款明细")
        await shop.press("enter")
        await shop.see("请主管输入密码")
        await shop.enter(BOSS)
        await shop.see("请插卡")  # and the current fails

    async def morning_after(shop):
        await shop.another_day()
        await shop.press("refund")
        await shop.see("退哪一笔")
        await shop.press("1")
        await shop.see("同意人 00", "现在退")
        await shop.press("1")
        await shop.present("unionpay-debit")
        await shop.see("再核对一遍")
        await shop.pull()
        await shop.press("enter")
        await shop.see("撤销已受理")
        await shop.done()
        (application,) = await shop.journal.applications.recent()
        assert (application.state, application.agreed) == (State.ACCEPTED, ("00",))
        await books_agree(shop)

    day(tmp_path, bank, evening)
    day(tmp_path, bank, morning_after)
    assert bank.balance() == 1_000_000
