"""The merchant's guide, row by row (G1-G16): each played as a merchant lives it, by keys, cards, screens and paper.

Law: a row's test says what the row promises and sees it kept; details have tests of their own elsewhere. Source: the
table of the guide in the description of the refund desk that issue 6 was written from; what a row leaves to a later
issue is said in its test.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import zipfile
from datetime import timedelta

import msgspec
import pytest
from click.testing import CliRunner

from keys.passwords import ArgonPasswords
from simulator.acquirer.faults import Spoil
from simulator.acquirer.host import Host
from simulator.acquirer.manner import Manner
from terminal.__main__ import main
from terminal.dialogue.approval import overdue
from terminal.dialogue.morning import morning
from terminal.events import CodeScanned
from terminal.exchange.stages import Accepted, Refused, Reversed, Unknown
from terminal.iso8583.codec import decode
from terminal.iso8583.cup import CUP
from terminal.iso8583.frame import unpack
from terminal.iso8583.kinds import Kind
from terminal.iso8583.message import Message
from terminal.journal.journal import Journal
from terminal.paper import QrRow
from terminal.refund.application import Act, State
from terminal.refund.policy import Policy
from terminal.refund.receipt_code import OfReceipt, read
from terminal.refund.rules import Documents, Fee, Reason, Tier
from terminal.screens import Menu, Progress, Shown, Tone
from tests.journey.shop import Bank, day
from tests.journey.steps import (
    BOSS,
    CODES,
    PAINTERS,
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
from tests.journey.test_backup import Inline
from tests.journey.test_evidence import CONFIG
from tests.virtual_time import VirtualClock, inline
from ui.layout import NAMES
from ui.page import page
from ui.text import words

ROWS = 16
LONG_CODE = "135790"  # TEST code of the supervisor


@pytest.fixture
def bank():
    bank = Bank()
    yield bank
    bank.ledger.close()


def test_every_row_has_a_test():
    numbers = {int(found[1]) for name in dir(sys.modules[__name__]) if (found := re.match(r"test_g(\d+)_", name))}
    assert numbers == set(range(1, ROWS + 1))


async def office(shop, *way):
    """From idle into 管理后台 as the supervisor."""
    await shop.idle()
    await shop.press("down")
    await shop.see("管理后台")
    await shop.press("7")
    await shop.see("谁进入管理后台")
    await shop.press("enter")
    await shop.see("请主管输入密码")
    await shop.enter(BOSS)
    await shop.see("退款管理", "交易记录", "财务处理")
    await shop.press(*way)


async def proven(shop, id):
    await shop.see(f"请输入操作员 {id} 的密码")
    await shop.enter(CODES[id])


async def reviewer(shop, id="03"):
    await shop.see("请输入审核人号码")
    await shop.enter(id)
    await proven(shop, id)


async def verdict(shop, key):
    await shop.see("审核退款申请", "申请人 01")
    await shop.press("enter")
    await shop.see("同意", "退回", "要求补材料")
    await shop.press(key)


async def send_it(shop, word="已受理", card="unionpay-debit"):
    """From the card prompt to idle."""
    await shop.present(card)
    await shop.see("再核对一遍")
    await shop.pull()
    await shop.press("enter")
    await shop.see(word)
    await shop.done()


# --- G1 --------------------------------------------------------------------------------------------------------------
class Odd(Host):
    """A bank with a clock of its own, whose working keys are wrong while `spoils_keys`."""

    spoils_keys = False

    def __init__(self, ledger, clock, *rest):
        super().__init__(ledger, VirtualClock(), *rest)

    def answer(self, frame, *more, **named):
        if self.spoils_keys and decode(unpack(frame, CUP.frame).body, CUP.layout).mti == "0800":
            named["alter"] = lambda told: Message(told.mti, {**told.fields, 62: "00" * 40})
        return super().answer(frame, *more, **named)


async def line_goes(shop):
    shop.bank.line("down")


async def line_comes(shop):
    shop.bank.line("up")


async def signed_out(shop):
    shop.bank.spoil("says", "0800", "96")
    await shop.press("5")
    await shop.see("收单机构拒绝签到（96）")
    await shop.press("enter")
    await shop.idle()
    shop.bank.spoil("says", "0800", "96")


async def keys_go(shop):
    shop.host.spoils_keys = True
    shop.host.expire_keys("10000001")
    shop.room.is_signed_in = False


async def keys_come(shop):
    shop.host.spoils_keys = False


async def nothing(shop):
    pass


PARTS = {  # part -> what fails, the words and the code of it, what its page finds, what mends it, what it finds then
    "link": (line_goes, "连不上收单机构", "L02", "网络 不通过", line_comes, "网络 通过"),
    "signed in": (signed_out, "收单机构拒绝签到", "L07", "签到 不通过", nothing, "签到 通过"),
    "keys": (keys_go, "工作密钥校验不对", "L04", "签到 不通过", keys_come, "签到 通过"),
}


@pytest.mark.parametrize("part", PARTS)
def test_g1_what_is_not_fit_is_named_before_a_refund_and_put_right_from_that_screen(tmp_path, bank, part):
    """Link, sign-in and keys: the pre-check names the one that fails, before a sale is looked for and a card is asked
    for; 功能 on that screen opens its live checks, where a digit puts it right (or looks again); then 退款 goes on."""
    fails, said, code, found, mended, better = PARTS[part]

    async def script(shop):
        await shop.sell("10000")
        await fails(shop)
        since = len(shop.front.screens)
        await shop.press("refund")
        await shop.see(said, code)
        assert not was_asked_for_a_card(shop, since)
        assert not any("find." in repr(shown.screen) for shown in shop.front.screens[since:])
        if part == "link":
            assert shop.front.screens[-1].status.line == "bad"  # and the bar says so too
        await shop.press("func")
        await shop.see(found)
        await mended(shop)
        place = next(line[0] for line in shop.text().splitlines() if found in line)
        await shop.press(place)
        await shop.see(better)
        await shop.press("cancel")
        await shop.see(said)
        await shop.press("enter")
        await shop.idle()
        await shop.refund()
        await shop.see("撤销已受理")
        await shop.done()
        await books_agree(shop)

    play(tmp_path, bank, script, host=Odd)


def test_g1_a_clock_out_of_step_and_a_batch_half_settled_are_named_and_put_right(tmp_path, bank):
    """The clock is put right by the same key that the screen names. A batch whose settlement is half done is named with
    the keys that finish it: from the main menu, not from that screen itself."""

    async def script(shop):
        await shop.sell("10000")
        status = shop.front.screens[-1].status
        assert (status.line, status.paper, status.is_signed_in, status.operator) == ("ok", "ok", True, "01")
        shop.clock.offset -= timedelta(days=40)
        await shop.press("refund")
        await shop.see("终端时间比之前的记录还早", "重新签到", "G01")
        await shop.press("enter")
        await shop.see("退哪一笔")
        assert abs(shop.clock.offset) < timedelta(seconds=5)
        await leave(shop)
        bank.spoil("lost", "0500")
        await shop.settle_batch()
        await shop.see("结算没有完成")
        await shop.press("enter")
        await shop.idle()
        await shop.press("refund")
        await shop.see("上次结算没有完成", "主菜单按 ↓，再按 1 结算", "S01")
        await shop.press("enter")
        await shop.idle()
        await shop.press("down", "1")
        await shop.see("结算完成")
        await shop.press("enter")
        await shop.refund()
        await shop.see("退货已受理")

    play(tmp_path, bank, script, host=Odd)


# --- G2 --------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("when", "amount", "why", "sees", "word"),
    [
        ("today", "", "当日同批次全额，按消费撤销处理", "原消费会消失", "撤销已受理"),
        ("today", "4000", "只退一部分，按退货处理", "会看到一笔退货", "退货已受理"),
        ("settled", "", "按退货处理", "会看到一笔退货", "退货已受理"),
    ],
)
def test_g2_one_key_and_the_terminal_decides_void_or_refund_and_says_why(tmp_path, bank, when, amount, why, sees, word):
    """The cashier presses 退款 and never chooses between the two; the fee sheet says which, why, and what the
    cardholder will see; the wire and the paper are of that kind."""

    async def script(shop):
        await shop.sell("10000")
        if when == "settled":
            await shop.settle_batch()
            await shop.see("结算完成")
            await shop.press("enter")
        since = len(shop.front.screens)
        await shop.refund_until_card("2" if amount else "1")
        if amount:
            await shop.see("请输入退款金额")
            await shop.enter(amount)
        await shop.see("退款明细", why, sees)
        asked = [shown.screen.title.id for shown in shop.front.screens[since:] if isinstance(shown.screen, Menu)]
        assert not [title for title in asked if "void" in title or "kind" in title]
        await shop.press("enter")
        await send_it(shop, word)
        await books_agree(shop)

    shop = play(tmp_path, bank, script)
    is_void = word == "撤销已受理"
    assert (sent(shop, VOID_OR_SALE), sent(shop, REFUND)) == ((2, 0) if is_void else (1, 1))
    assert ("消费撤销" if is_void else "退货") in shop.paper()
    assert list(bank.credited().values()) == [int(amount or 10_000)]


# --- G3 --------------------------------------------------------------------------------------------------------------
COSTS = Policy(
    fees={"restocking": Fee((Tier(permille=50, fixed=100),))},
    reasons=(Reason("returned", fee="restocking"), Reason("other")),
    lock_seconds=0,
    undo_seconds=0,
)


def test_g3_the_amount_is_the_original_less_what_was_given_back_kept_and_charged(tmp_path, bank):
    """original - already refunded - kept cost - handling fee = refund: each line by policy or typed; shown to the
    cardholder and signed on glass, printed, sent; and never above what remains, whichever way it is asked for."""

    async def script(shop):
        await shop.sell("10000")
        await shop.refund_until_card("2")  # a part of 40.00: the policy takes 5 % and 1.00
        await shop.see("请输入退款金额", "可退余额 ¥100.00")
        await shop.enter("4000")
        await shop.see("退款明细", "原交易金额 ¥100.00", "手续费 −¥3.00", "本次退款 ¥37.00", "剩余可退 ¥63.00")
        await shop.press("enter")
        await send_it(shop)
        await shop.settle(61)
        await shop.refund_until_card("3", reason="2")  # later: costs are looked for and typed
        await shop.see("保留的成本", "已退 −¥37.00", "可退余额 ¥63.00")
        await shop.enter("1500")
        await shop.see("手续费")
        await shop.enter("4801")
        await shop.see("最多 ¥63.00", "R17")  # more than remains: said, and asked again
        await shop.press("enter")
        await shop.see("退多少")
        await shop.press("3")
        await shop.see("保留的成本")
        await shop.enter("1500")
        await shop.see("手续费")
        await shop.enter("250")
        await shop.see(
            "退款明细", "已退 −¥37.00", "保留成本 −¥15.00", "手续费 −¥2.50", "本次退款 ¥45.50", "剩余可退 ¥17.50"
        )
        await shop.press("enter")
        await shop.present("unionpay-debit")
        await shop.see("再核对一遍", "45.50", "17.50")
        await shop.pull()
        shop.desk.has_glass = True
        await shop.press("enter")
        await shop.see("退货已受理", "45.50")
        await shop.press("enter")
        await shop.see("请持卡人核对", "100.00", "37.00", "15.00", "2.50", "45.50")
        await shop.press("enter")
        await shop.see("请持卡人签名", "45.50")
        shop.sign()
        await shop.press("enter")
        await shop.see("请将终端交还收银员")
        await shop.enter(CODES["01"])
        await shop.tear()
        await shop.idle()
        assert len(await shop.journal.owed.all("signature", "owed")) == 1
        shop.desk.has_glass = False
        await shop.settle(61)
        await shop.refund_until_card("2", reason="2")
        await shop.see("请输入退款金额", "17.50")
        await shop.enter("1751")
        await shop.see("超过可退余额 ¥17.50", "R10")
        await shop.press("enter")
        await leave(shop)
        await books_agree(shop)

    shop = play(tmp_path, bank, script, COSTS)
    assert list(bank.credited().values()) == [3_700 + 4_550]
    paper = " ".join(shop.paper().split())
    for line in ("保留成本 15.00", "手续费 2.50", "本次退款 45.50", "手续费 3.00", "交易特征码"):
        assert line in paper


# --- G4 --------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("way", "card"), [("insert", "unionpay-debit"), ("swipe", "stripe-only"), ("tap", "unionpay-debit")]
)
def test_g4_the_amount_is_confirmed_then_the_sales_own_card_is_read(tmp_path, bank, way, card):
    """By chip, stripe or tap, after the amount is agreed to and not before; another card is refused; the page to
    confirm shows the card masked."""

    async def script(shop):
        await shop.sell("10000", card, "swipe" if way == "swipe" else "insert")
        since = len(shop.front.screens)
        await shop.refund_until_card("2")
        await shop.see("请输入退款金额")
        await shop.enter("4000")
        await shop.see("退款明细", "40.00")
        assert not was_asked_for_a_card(shop, since)
        await shop.press("enter")
        await shop.see("请插卡", "40.00")
        await shop.insert("unionpay-credit")
        await shop.see("不是原交易的卡", "C07")
        await shop.press("enter")
        await shop.pull()
        await leave(shop)
        await to_card(shop, amount="4000")
        await getattr(shop, way)(card)
        pan = bank.tray[card].pan
        await shop.see("再核对一遍", f"{pan[:6]}{'*' * (len(pan) - 10)}{pan[-4:]}", "40.00")
        assert pan not in shop.text()
        await shop.pull()
        await shop.press("enter")
        await shop.see("退货已受理")
        await shop.done()
        await books_agree(shop)

    shop = play(tmp_path, bank, script)
    assert {"insert": "/I", "swipe": "/S", "tap": "/C"}[way] in shop.paper()
    assert bank.balance(card) == 1_000_000 - 6_000


# --- G5 --------------------------------------------------------------------------------------------------------------
def test_g5_one_page_has_all_that_will_be_sent_confirm_sends_cancel_changes(tmp_path, bank):
    """What stands on the page is what is in the message: kind, amount, card, original sale; 取消 leads to another
    amount and nothing has been sent by then."""

    async def script(shop):
        await shop.sell("10000")
        sale = (await shop.journal.sales())[0]
        await to_confirm(shop, amount="4000")
        await shop.see(
            "类型 退货", "金额 ¥40.00", "卡号 621094", f"原交易 #{sale.request.stan}", "顾客退货", "确认：发送"
        )
        assert sent(shop, REFUND) == 0
        await shop.press("cancel")
        await shop.see("改金额", "还没有发送，钱没有动")
        await shop.press("2")
        await shop.see("退多少")
        await shop.press("2")
        await shop.see("请输入退款金额")
        await shop.enter("3000")
        await shop.see("退款明细", "30.00")
        await shop.press("enter")
        await shop.present("unionpay-debit")
        await shop.see("再核对一遍", "金额 ¥30.00")
        await shop.pull()
        assert sent(shop, REFUND) == 0
        await shop.press("enter")
        await shop.see("退货已受理", "30.00")
        (frame,) = [frame for frame in shop.line.sent if frame[11:13].hex() == REFUND]
        message = decode(unpack(frame, CUP.frame).body, CUP.layout)
        assert (message["amount"], message["rrn"]) == ("000000003000", sale.reply.rrn)
        assert message["original"].endswith(sale.request.at[5:7] + sale.request.at[8:10])
        await shop.done()
        await books_agree(shop)

    play(tmp_path, bank, script)
    assert list(bank.credited().values()) == [3_000]


# --- G6 --------------------------------------------------------------------------------------------------------------
ENDS = {  # how it is asked for, what happens to it, the headline, the one word of the records, the stage, the tone
    "accepted": ("4000", "", "退货已受理", "已受理", Accepted, Tone.OK),
    "refused": ("4000", "refused_with", "被拒绝", "被拒绝", Refused, Tone.WRONG),
    "unknown": ("4000", "answer_lost", "结果未知", "结果未知", Unknown, Tone.UNKNOWN),
    "reversed": ("", "lost", "撤销未成功，已冲正", "已冲正", Reversed, Tone.LOOK),
}


@pytest.mark.parametrize("end", ENDS)
def test_g6_the_wait_is_honest_and_the_result_is_one_word(tmp_path, bank, end):
    """While it lasts the screen says what is going on, with seconds that count; then one of four words, with a tone of
    its own; the records have the same word, and the bank's books say the same."""
    amount, fault, headline, word, stage, tone = ENDS[end]

    async def script(shop):
        await shop.sell("10000")
        if fault == "answer_lost":
            bank.line(fault)
        elif fault:
            bank.spoil(fault, REFUND if amount else VOID_OR_SALE, "61" if end == "refused" else "")
        if end == "reversed":
            bank.faults.spoil_next(Spoil.DELAY, "0400", number=8.0)
        if end in ("accepted", "refused"):
            bank.line("slow")
        since = len(shop.front.screens)
        await shop.refund(amount)
        await shop.see(headline)
        assert shop.front.screens[-1].screen.tone is tone
        shown = [each.screen for each in shop.front.screens[since:] if isinstance(each.screen, Progress)]
        stages = list(dict.fromkeys(screen.stage.id for screen in shown))
        at = stages.index("stage.recording") if "stage.recording" in stages else stages.index("stage.connecting")
        expected = {"unknown": "stage.asking", "reversed": "stage.reversing"}.get(end, "stage.awaiting-reply")
        assert "stage.awaiting-reply" in stages[at:]
        assert expected in stages[at:]
        waits = [screen.seconds for screen in shown if screen.stage.id == "stage.awaiting-reply"]
        assert waits == sorted(waits)
        assert waits[-1] > 5
        if end == "accepted":
            assert "不是已到账" in shop.text()
        (newest, *_) = await shop.journal.recent()
        assert isinstance(newest, stage)
        for _ in range(4):
            if "退款键" in shop.text():
                break
            await shop.press("enter")
            await shop.settle(3)
        await shop.press("3")
        await shop.see("交易记录", word)
        await shop.press("cancel")
        bank.line("up")
        await shop.settle(700)
        await books_agree(shop)

    play(tmp_path, bank, script)
    given = {"accepted": [4_000], "unknown": [4_000]}.get(end, [])
    assert list(bank.credited().values()) == given


# --- G7 --------------------------------------------------------------------------------------------------------------
ASKING = Policy(documents=(Documents(0, ("receipt", "form", "note")),), lock_seconds=0)


def test_g7_before_it_reason_papers_contact_and_amount_are_there(tmp_path, bank):
    """A list of reasons and free words (digits or a scan on this keypad); the checklist of the policy holds 确认 up
    until every paper is there; the support's phone is digits and QR, from any prompt; the amount is known to the
    fen."""

    async def script(shop):
        await shop.sell("10000")
        await shop.press("refund")
        await shop.see("退哪一笔")
        await shop.press("1")
        await shop.see("退款原因", "顾客退货", "取消订单", "商品有问题", "其他")
        await shop.press("func")
        await shop.see("客服电话")
        await shop.press("9")
        await shop.see("95516", "终端号 10000001")
        assert shop.front.screens[-1].screen.qr == "tel:95516"
        await shop.press("cancel", "cancel")
        await shop.see("退款原因")
        await shop.press("4")
        await shop.see("退多少", "最多可退 ¥100.00")
        await shop.press("1")
        await shop.see("退款明细", "本次退款 ¥100.00", "需要：凭证材料")
        since = len(shop.front.screens)
        await shop.press("enter")
        await shop.see("退款材料", "1 原签购单 缺", "2 退款申请表 缺", "3 备注 缺", "还缺 3 项")
        await shop.press("enter")
        await shop.see("还不能继续，缺：原签购单")
        await shop.press("1", "2")
        await shop.see("请持卡人在申请表上签字")
        await shop.press("1")
        await shop.see("2 退款申请表 有")
        await shop.press("3")
        await shop.see("订单号等")
        shop.front.report(CodeScanned("ORDER-4711 broken lid"))
        await shop.see("ORDER-4711 broken lid")
        await shop.press("enter")
        await shop.see("材料齐了")
        assert not was_asked_for_a_card(shop, since)
        await shop.press("enter")
        await send_it(shop)
        (application,) = await shop.journal.applications.recent()
        assert application.reason == "defective"
        assert {each.kind: each.text for each in application.documents}["note"] == "ORDER-4711 broken lid"

    shop = play(tmp_path, bank, script, ASKING)
    assert "退款申请表" in shop.paper()


def test_g7_the_data_is_backed_up_on_demand_and_before_settlement_and_the_self_check_says_so(tmp_path):
    """By keys: 终端管理, 备份; then a settlement makes another one first; the self-check of the next start has its
    age."""
    (tmp_path / "stick").mkdir()
    bank = Bank()

    def with_stick(shop):
        asyncio.get_running_loop().set_default_executor(Inline(1))
        files = msgspec.structs.replace(shop.config.files, backup=str(tmp_path / "stick"))
        shop.room.config = msgspec.structs.replace(shop.config, files=files)

    async def evening(shop):
        with_stick(shop)
        await open_shop(shop)
        await shop.sell("10000")
        await shop.press("down")
        await shop.see("终端管理")
        await shop.press("4")
        await shop.see("备份")
        await shop.press(next(line[0] for line in shop.text().splitlines() if line.endswith("备份")))
        await shop.see("备份完成")
        await shop.press("enter")
        await leave(shop)
        shop.first = {path.name for path in (tmp_path / "stick").iterdir()}
        await shop.settle(3600)
        await shop.settle_batch()
        await shop.see("结算完成")
        shop.then = {path.name for path in (tmp_path / "stick").iterdir()}

    async def next_start(shop):
        with_stick(shop)
        shop.switch_on()
        await shop.see("自检", "备份", "小时前")

    shop = day(tmp_path, bank, evening)
    assert len(shop.first) == 1
    assert len(shop.then - shop.first) == 1
    day(tmp_path, bank, next_start)
    bank.ledger.close()


# --- G8 --------------------------------------------------------------------------------------------------------------
def test_g8_the_back_office_in_the_hand_has_applications_records_and_finance(tmp_path, bank):
    """The supervisor signs in to 管理后台: 退款管理 with the application that waits, its review with a decision
    there, 交易记录 with the whole story, 财务处理 whose sums are the bank's. The web back office is a later issue: it
    is to find the same applications, of which there is one set, in the journal."""

    async def script(shop):
        await shop.sell("400000")
        await shop.refund_until_card()
        await shop.see("退款明细")
        await shop.press("enter")
        await shop.see("退款材料")
        await shop.press("1", "2")
        await shop.see("请持卡人在申请表上签字")
        await shop.press("1")
        await shop.see("材料齐了")
        await shop.press("enter")
        await shop.see("须他人审核")
        await shop.press("2")
        await shop.see("已交待审核", "申请 000001")
        await shop.press("enter")
        await office(shop, "1")
        await shop.see("待处理 1", "结果未知 0", "逾期未到账 0", "全部申请 1", "去审核")
        await shop.press("1")
        await shop.see("¥4000.00", "000001 待审核")
        await leave(shop)
        await office(shop, "1")
        await shop.see("去审核")
        await shop.press(next(line[0] for line in shop.text().splitlines() if line.endswith("去审核")))
        await shop.see("¥4000.00 操作员 01")
        await shop.press("1")
        await shop.see("现在审核")
        await shop.press("1")
        await reviewer(shop, "00")
        await verdict(shop, "1")
        await shop.see("现在退", "同意人 00")
        await shop.press("1")
        await send_it(shop, "撤销已受理")
        await leave(shop)
        await office(shop, "2")
        await shop.see("日期", "凭证号", "类型", "查看结果")
        await shop.press("8", "1")
        await shop.see("¥4000.00", "消费撤销")
        await shop.press("enter")
        await shop.see("经过", "报文", "退款申请", "相关交易")
        await leave(shop)
        await office(shop, "3", "1")
        await shop.see("消费 1 笔", "¥4000.00", "撤销 1 笔", "净额")
        await leave(shop)
        await books_agree(shop)

    play(tmp_path, bank, script)
    assert bank.balance() == 1_000_000


# --- G9 --------------------------------------------------------------------------------------------------------------
def test_g9_an_application_lives_from_submitted_to_closed_and_every_step_is_recorded(tmp_path):
    """Submitted, sent back with the reason, handed in again, reviewed, approved by another person, carried out,
    accepted, credited by the bank, closed: who, when and why at each step, in a chain that shows what is altered."""
    bank = Bank(Manner(credit_seconds=2 * 86_400.0))

    async def script(shop):
        await shop.sell("400000")
        await shop.settle_batch()
        await shop.see("结算完成")
        await shop.press("enter")
        await shop.refund_until_card()
        await shop.see("退款明细", "需要：", "审核")
        await shop.press("enter")
        await shop.see("现在审核")
        await shop.press("1")
        await shop.see("请输入审核人号码")
        await shop.enter("01")  # he who asks is not he who reviews
        await shop.see("须由不同的人操作", "P07")
        await shop.press("enter")
        await reviewer(shop)
        await verdict(shop, "2")
        await shop.see("退回：金额不对", "退回：原因不清")
        await shop.press("2")
        await shop.see("退回：原因不清", "补材料并重新提交")
        await shop.press("1")
        await shop.see("现在审核")
        await shop.press("1")
        await reviewer(shop)
        await verdict(shop, "1")
        await send_it(shop, "退货已受理")
        shop.clock.offset += timedelta(days=2)
        shop.host.credit_due()
        bank.inbox.files["1125.csv"] = bank_file(bank, "2026-11-25", "2026-11-25")
        await shop.settle(60)
        (application,) = await shop.journal.applications.recent()
        assert application.state is State.CLOSED
        marks = [(mark.act, mark.by) for mark in application.marks]
        assert marks == [
            (Act.SUBMIT, "01"),
            (Act.REVIEW, "03"),
            (Act.SEND_BACK, "03"),
            (Act.SUBMIT, "01"),
            (Act.REVIEW, "03"),
            (Act.APPROVE, "03"),
            (Act.CARRY_OUT, "01"),
            *((mark.act, mark.by) for mark in application.marks[7:]),
        ]
        assert [mark.act for mark in application.marks[7:]] == [Act.ACCEPT, Act.CREDIT, Act.CLOSE]
        assert application.marks[2].why == "returned.reason"
        assert all(mark.at for mark in application.marks)
        assert await shop.journal.verify() is None
        shop.journal._store.db.execute(
            'UPDATE event SET body = replace(body, \'"by":"03"\', \'"by":"01"\') '
            "WHERE seq = (SELECT max(seq) FROM event WHERE kind = 'application')"
        )
        assert await shop.journal.verify() is not None, "who approved it cannot be altered unseen"

    play(tmp_path, bank, script, Policy(documents=(), lock_seconds=0))
    bank.ledger.close()


# --- G10 -------------------------------------------------------------------------------------------------------------
def test_g10_the_policy_is_in_plain_words_and_checked_before_the_card(tmp_path, bank):
    """Days, caps per refund, operator and day, reasons, documents, fees, thresholds: read on the fee sheet by 功能,
    zh and en, by merchant and cardholder; a rule that is broken is said before a card is asked for."""
    policy = Policy(
        cap=20_000,
        day_cap=30_000,
        review_above=20_000,
        second_person_above=20_000,
        pause_above=20_000,
        operator_day_cap=30_000,
        fees=COSTS.fees,
        reasons=COSTS.reasons,
        documents=(Documents(15_000, ("receipt",)),),
        lock_seconds=0,
    )
    said = {
        "zh_CN": ("180 天", "¥200.00", "¥300.00", "签购单", "5%", "¥1.00", "出厂", "2026-01-01"),
        "en": ("180", "¥200.00", "¥300.00", "receipt", "5%", "¥1.00", "built in", "2026-01-01"),
    }

    async def script(shop):
        await shop.sell("50000")
        await shop.refund_until_card("2")
        await shop.see("请输入退款金额")
        await shop.enter("1000")
        await shop.see("退款明细", "功能")
        await shop.press("func")
        await shop.see("本店退款政策")
        read = dict.fromkeys(said, "")
        for _ in range(9):
            for language in said:
                shown = msgspec.structs.replace(shop.front.screens[-1], language=language)
                read[language] += "\n".join(page(shown, words(language, is_strict=True)).plain_lines())
            await shop.press("down")
        for language, texts in said.items():
            assert not [text for text in texts if text not in read[language]], language
        assert not re.search(r"\[[a-z]+\.", "".join(read.values()))
        await leave(shop)
        for amount, code in (("20001", "R11"),):
            since = len(shop.front.screens)
            await shop.refund_until_card("2", reason="2")
            await shop.see("请输入退款金额")
            await shop.enter(amount)
            await shop.see("超过单笔限额 ¥200.00", code)
            assert not was_asked_for_a_card(shop, since)
            await shop.press("enter")
            await leave(shop)
        await to_card(shop, amount="14000")
        await send_it(shop)
        await shop.settle(61)
        since = len(shop.front.screens)
        await shop.refund_until_card("2", reason="2")
        await shop.see("请输入退款金额")
        await shop.enter("19000")
        await shop.see("R12", "300.00")
        assert not was_asked_for_a_card(shop, since)

    play(tmp_path, bank, script, policy)


# --- G11 -------------------------------------------------------------------------------------------------------------
@pytest.fixture
def kept(tmp_path, bank):
    """The folder of a terminal after a signed refund; the supervisor's code is as a real terminal keeps it."""

    async def script(shop):
        await shop.sell("10000")
        await to_confirm(shop, amount="4000")
        shop.desk.has_glass = True
        await shop.press("enter")
        await shop.see("退货已受理")
        await shop.press("enter")
        await shop.see("请持卡人签名")
        shop.sign()
        await shop.press("enter")
        await shop.see("请将终端交还收银员")
        await shop.enter(CODES["01"])
        await shop.tear()
        await shop.idle()
        shop.desk.has_glass = False
        await shop.sell("500", "stripe-only", "swipe")  # the signature goes with it
        await books_agree(shop)

    place = tmp_path / "shop"
    place.mkdir()
    shop = play(place, bank, script)

    async def real_code():
        journal = Journal(place / "journal", VirtualClock(), inline)
        boss = next(each for each in await journal.operators() if each.id == "00")
        digest = await ArgonPasswords(memory_kib=64, passes=1).digest(LONG_CODE)
        await journal.keep_operator(msgspec.structs.replace(boss, password_hash=digest), "code changed", "00")
        await journal.close()

    asyncio.run(real_code())
    text = CONFIG.format(folder=place, terminal="10000001", merchant="898100012345678")
    (place / "terminal.toml").write_text(text, "utf-8")
    return place, shop


def spelled(pan):
    """A card number as text, hex of text, BCD, and BCD shifted by a nibble."""
    even, odd = pan + "F" * (len(pan) % 2), "0" + pan + "F" * (1 - len(pan) % 2)
    return {pan.encode(), pan.encode().hex().encode(), bytes.fromhex(even), bytes.fromhex(odd)}


def test_g11_evidence_is_kept_exported_and_checked_and_no_card_number_is_anywhere(kept, tmp_path, bank):
    """Signature, receipts, masked messages and decisions of a refund are one folder; the supervisor's code exports it
    as PDF and bundle; the bundle proves itself, and an altered one does not. No card number, track or code is on
    disk, on a screen, on paper, or in what was exported."""
    place, shop = kept
    run, out = CliRunner(), tmp_path / "out"
    out.mkdir()
    config = ["--config", str(place / "terminal.toml")]
    (refund,) = json.loads(run.invoke(main, ["evidence", "list", *config, "--json"]).output)
    export = ["evidence", "export", refund["id"], *config, "--out", str(out)]
    refused = run.invoke(main, export, input="864200\n" * 3)
    assert refused.exit_code != 0
    assert not list(out.iterdir()), "without the supervisor nothing leaves"

    async def unlocked():
        journal = Journal(place / "journal", VirtualClock(), inline)
        boss = next(each for each in await journal.operators() if each.id == "00")
        await journal.keep_operator(msgspec.structs.replace(boss, failures=0, lock=None), "unlocked", "00")
        await journal.close()

    asyncio.run(unlocked())
    done = run.invoke(main, export, input=f"{LONG_CODE}\n")
    assert done.exit_code == 0, done.output
    (bundle,) = out.glob("*.zip")
    with zipfile.ZipFile(bundle) as zip:
        files = {name: zip.read(name) for name in zip.namelist()}
    assert files["evidence.pdf"].startswith(b"%PDF")
    index = files["evidence.json"].decode()
    for fact in ('"signature"', '"paper"', '"application"', '"messages"', "621094******"):
        assert fact in index.replace('\\"', '"'), fact
    check = ["evidence", "check", str(bundle), "--journal", str(place / "journal")]
    assert run.invoke(main, check).exit_code == 0
    with zipfile.ZipFile(out / "altered.zip", "w") as zip:
        for name, content in files.items():
            zip.writestr(name, content.replace(b"4000", b"4001") if name == "evidence.json" else content)
    assert run.invoke(main, ["evidence", "check", str(out / "altered.zip")]).exit_code != 0
    held = [path.read_bytes() for path in place.iterdir() if path.is_file()] + list(files.values())
    held.append((repr(shop.front.screens) + shop.paper()).encode())
    for pan in {pan for card in bank.tray.values() for pan in card.pans}:
        assert not [one for one in spelled(pan) for where in held if one in where]
    assert not [where for where in held for code in (BOSS, "24681357") if code.encode() in where]
    planted = b"..." + next(iter(bank.tray.values())).pan.encode()
    assert any(one in planted for one in spelled(next(iter(bank.tray.values())).pan)), "the search is alive"


# --- G12 -------------------------------------------------------------------------------------------------------------
def test_g12_open_unknown_and_late_refunds_are_followed_with_their_day_and_a_line_for_the_bank(tmp_path, bank):
    """退款追踪: each with the day by which it should be there; the line that the cardholder gives to his bank (RRN,
    date, amount, masked card) is shown, is a QR, and is printed; who is late is said, also in the morning."""

    async def script(shop):
        await shop.sell("10000")
        await shop.refund("4000")
        await shop.see("退货已受理", "1-3 个工作日")
        await shop.done()
        await shop.sell("5000", "unionpay-credit")
        bank.line("answer_lost")
        await shop.refund("2000", "unionpay-credit")
        await shop.see("结果未知")
        await shop.press("enter", "enter")
        await shop.idle()
        refund = next(
            stage
            for stage in await shop.journal.recent()
            if stage.request.kind is Kind.REFUND and isinstance(stage, Accepted)
        )
        await shop.press("down")
        await shop.see("退款追踪")
        await shop.press("6")
        await shop.see("¥20.00", "结果未知", "¥40.00", "应于 11/26 前到账")
        place = next(line[0] for line in shop.text().splitlines() if "¥40.00" in line)
        await shop.press(place)
        await shop.see("按确认看能做什么")
        await shop.press("enter")
        await shop.see("银行查询信息", "打印查询信息")
        await shop.press("1")
        await shop.see(refund.reply.rrn, refund.request.card.masked_pan)
        await shop.press("enter")
        await shop.see("二维码")
        line = shop.front.screens[-1].screen.qr
        for part in (refund.reply.rrn, "2026-11-23", "40.00", refund.request.card.masked_pan):
            assert part in line
        await shop.press("enter")
        await shop.see("打印查询信息")
        await shop.press("2")
        await shop.settle(2)
        assert "退款查询单" in shop.paper()
        await leave(shop)
        assert "2026/11/24-11/26" in shop.paper()

    async def friday(shop):
        shop.room.operator = "01"
        shop.clock.offset += timedelta(days=4)
        shop.terminal = asyncio.ensure_future(morning(shop.room))
        await shop.see("早间清单", "1 笔退款逾期未到账", "1 笔结果未知")
        place = next(line[0] for line in shop.text().splitlines() if "逾期" in line)
        await shop.press(place)
        await shop.see("退款追踪", "逾期，应于 11/26 前到账")

    play(tmp_path, bank, script)
    day(tmp_path, bank, friday)


# --- G13 -------------------------------------------------------------------------------------------------------------
def test_g13_each_trouble_has_a_page_with_live_checks_from_the_error_itself(tmp_path, bank):
    """Cannot log in, refund refused, late, form returned, review slow: from the error by 功能 where there is one, from
    the help menu where there is none; what happened, who must act, the next key; checks run on the spot; the age of
    what waits for review is shown; an illustrated walk for who does not know the steps."""

    async def script(shop):
        await shop.sell("60000")
        bank.spoil("refused_with", REFUND, "61")
        await shop.refund("4000")
        await shop.see("金额超限", "61")
        await shop.press("func")  # from the error itself
        await shop.see("金额超限", "谁来处理：打电话给收单机构", "95516")
        await shop.press("cancel", "enter")
        await shop.idle()
        await shop.settle(61)
        await shop.refund_until_card()
        await shop.see("退款明细")
        await shop.press("enter")
        await shop.see("请主管输入密码")
        await shop.press("cancel")
        await shop.see("主管不在")
        await shop.press("1")
        await shop.see("已交待审核")
        await shop.press("enter")
        await shop.settle(5 * 3600)
        assert [one.id for one in await overdue(shop.room)] == ["000002"]
        for key, texts in {
            "1": ("怎样退款", "［退款］"),
            "3": ("退款没到账", "结果未知 通过"),
            "4": ("申请被退回", "待审核 不通过 1 件"),
            "5": ("审核太慢", "请主管", "不通过 1 件，最久 5 小时"),
            "6": ("结果未知", "不要重做"),
            "7": ("不能登录", "解锁"),
            "8": ("网络 通过", "收单机构 通过", "密钥 通过"),
            "9": ("95516", "终端号"),
        }.items():
            await shop.idle()
            await shop.press("8")
            await shop.see("怎样退款", "退款被拒绝")
            await shop.press(key)
            await shop.see(*texts)
            await leave(shop)
        await shop.press("9")
        await shop.see("请输入操作员号")
        await shop.enter("01")
        await shop.enter("9999")
        await shop.see("密码错误", "P01")
        await shop.press("func")  # cannot log in: from the error, signed in to nothing
        await shop.see("不能登录", "主管 00 解锁")

    play(tmp_path, bank, script)


def test_g13_the_practice_is_marked_and_reaches_no_acquirer(tmp_path, bank):
    """练习: a refund with the tutor's card and bank; 演示 DEMO is on each of its screens, and nothing real hears of
    it."""

    async def script(shop):
        await shop.idle()
        messages, since = len(shop.line.sent), len(shop.front.screens)
        await shop.press("down")
        await shop.see("练习")
        await shop.press("8")
        await shop.see("练习（演示，不是真的）", "普通退款")
        await shop.press("1")
        await shop.see("确认：开始")
        await shop.press("enter")
        for seen, key in (("选那笔消费", "1"), ("选一个原因", "1"), ("退多少", "1"), ("退款明细", "enter")):
            await shop.see(seen)
            await shop.press(key)
        await shop.see("再核对一遍")
        await shop.press("enter")
        await shop.see("撤销已受理")
        await shop.press("enter")
        await shop.see("撕下商户存根")
        await shop.press("enter")
        await shop.see("学会了")
        await shop.press("enter")
        await shop.see("练习（演示，不是真的）")
        await shop.press("cancel")
        await shop.idle()
        marked = [shown for shown in shop.front.screens[since:] if shown.status.is_test]
        assert len(marked) > 10
        titles = {shown.screen.title.id for shown in shop.front.screens[since:] if not shown.status.is_test}
        assert titles == {"menu.shop"}
        assert len(shop.line.sent) == messages
        assert shop.printer.papers == []

    play(tmp_path, bank, script)
    assert bank.credited() == {}


# --- G14 -------------------------------------------------------------------------------------------------------------
def test_g14_the_receipts_code_brings_the_consumer_back_to_his_sale_at_the_counter(tmp_path, bank):
    """At the counter: the QR on his receipt names shop, day and sale and no card, and held before the scanner it begins
    the refund of that sale at once. An application online comes later, with a service that this code can lead to."""

    async def script(shop):
        await shop.sell("7000", "unionpay-credit")
        await shop.sell("10000")
        (holders,) = shop.printer.papers[-1:]
        (code,) = [row.content for row in holders if isinstance(row, QrRow)]
        named = read(code)
        assert isinstance(named, OfReceipt)
        assert (named.terminal_id, str(named.day)) == ("10000001", "2026-11-23")
        assert bank.tray["unionpay-debit"].pan not in code
        shop.front.report(CodeScanned(code))
        await shop.see("退款原因")
        await shop.press("1")
        await shop.see("退多少", "¥100.00")
        await shop.press("1")
        await shop.see("退款明细")
        await shop.press("enter")
        await send_it(shop, "撤销已受理")
        await books_agree(shop)

    play(tmp_path, bank, script)
    assert bank.balance() == 1_000_000


# --- G15 -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("has_glass", [True, False], ids=["electronic-signature", "traditional"])
def test_g15_the_same_screens_serve_glass_and_keypad(tmp_path, bank, has_glass):
    """What exists of the row: the screens of one refund fit every device class, zh and en, whole (on four lines they
    scroll); the device with glass takes the signature on it, the traditional one prints the line to sign on. SIM card
    and Wi-Fi are issue 8's."""
    assert {painter.device.name for painter in PAINTERS} == set(NAMES)

    async def script(shop):
        shop.desk.has_glass = has_glass
        await shop.sell("60000") if not has_glass else await sold_on_glass(shop)
        await shop.refund_until_card("3")
        await shop.see("保留的成本")
        await shop.enter("1500")
        await shop.see("手续费")
        await shop.enter("250")
        await shop.see("退款明细")
        await shop.press("enter")
        await shop.see("请主管输入密码")
        await shop.enter(BOSS)
        await shop.present("unionpay-debit")
        await shop.see("再核对一遍")
        await shop.pull()
        await shop.press("enter")
        await shop.see("退货已受理")
        await shop.press("enter")
        if has_glass:
            await shop.see("请持卡人核对")
            await shop.press("enter")
            await shop.see("请持卡人签名")
            shop.sign()
            await shop.press("enter")
            await shop.see("请将终端交还收银员")
            await shop.enter(CODES["01"])
        await shop.tear()
        await shop.idle()

    async def sold_on_glass(shop):
        await shop.pay("60000", "unionpay-debit")
        await shop.see("消费成功")
        await shop.press("enter")
        await shop.see("请持卡人签名")
        shop.sign()
        await shop.press("enter")
        await shop.see("请将终端交还收银员")
        await shop.enter(CODES["01"])
        await shop.tear()
        await shop.pull()
        await shop.idle()

    shop = play(tmp_path, bank, script)
    for shown in {repr(each.screen): each for each in shop.front.screens}.values():
        for language in ("zh_CN", "en"):
            assert not [p.device.name for p in PAINTERS if p.overflows(Shown(shown.screen, shown.status, language))]
    merchants = shop.printer.papers[-2]
    is_picture = any(hasattr(row, "bits") and row.width > 200 for row in merchants)
    assert is_picture is has_glass
    assert any("持卡人签名" in getattr(row, "text", "") for row in merchants)


# --- G16 -------------------------------------------------------------------------------------------------------------
def test_g16_switch_on_first_codes_main_menu_by_numbers_card_and_sign(tmp_path, bank):
    """Operator 01 with 0000 gets no further than a new code; the main page is numbered, and its number is the key; a
    sale is a number, an amount, a card and a signature; a refund is impossible while the factory code of anybody
    stands. Binding by a provisioning bundle is the keys' ceremony (docs/key-loading.md); registering by real name is
    the acquirer's, not the terminal's."""

    async def script(shop):
        shop.switch_on()
        await shop.see("自检", "读卡器 正常", "打印机 正常", "密钥 正常")
        await shop.press("enter")
        await shop.log_in("0000")
        await shop.see("操作员 01 须先修改出厂密码")
        await shop.press("enter")
        await shop.see("新密码")
        await shop.enter("0000")
        await shop.see("新密码太简单", "P03")
        await shop.press("enter")
        assert shop.room.operator == ""
        await shop.new_code("2580")
        await shop.idle()
        numbers = [line.split()[0] for line in shop.text().splitlines() if line[:1].isdigit()]
        assert numbers == [str(number) for number in range(1, 10)]
        shop.desk.has_glass = True
        await shop.press("1")
        await shop.see("请输入消费金额")
        await shop.enter("10000")
        await shop.present("unionpay-debit")
        await shop.see("请勿拔卡")
        await shop.press("enter")
        await shop.see("消费成功")
        await shop.press("enter")
        await shop.see("请持卡人签名")
        shop.sign()
        await shop.press("enter")
        await shop.see("请将终端交还收银员")
        await shop.enter("2580")
        await shop.tear()
        await shop.pull()
        await shop.idle()
        shop.desk.has_glass = False
        since = len(shop.front.screens)
        for way in ("refund", "2"):
            await shop.press(way)
            await shop.see("操作员 00 仍在用出厂密码，不能退款", "P06")
            await shop.press("cancel")
            await shop.idle()
        assert not was_asked_for_a_card(shop, since)
        assert "退哪一笔" not in "".join(str(shown.screen) for shown in shop.front.screens[since:])
        await shop.press("refund")
        await shop.supervisor_code()
        await shop.see("退哪一笔")
        assert await shop.room.staff.factory_codes() == []

    day(tmp_path, bank, script)
    assert bank.credited() == {}
