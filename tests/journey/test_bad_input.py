"""Every bad input of the main path: a sentence that says what happened, who must act and the next key; nothing lost."""

import dataclasses
import sqlite3
from datetime import timedelta

import pytest

from terminal.refund.policy import Policy
from terminal.refund.rules import Elsewhere
from tests.journey.shop import Bank, day


@pytest.fixture
def bank():
    return Bank()


def play(tmp_path, bank, script, policy=None, is_new=True):
    async def whole(shop):
        await (shop.first_day() if is_new else shop.another_day())
        await script(shop)

    return day(tmp_path, bank, whole, policy)


def recorded(shop, code) -> bool:
    db = sqlite3.connect(shop.folder / "journal")
    try:
        rows = db.execute("SELECT CAST(body AS TEXT) FROM event WHERE kind = 'bad-news'").fetchall()
    finally:
        db.close()
    return any(f'"{code}"' in body for (body,) in rows)


def test_wrong_password_three_times_locks_and_the_supervisor_unlocks(tmp_path, bank):
    async def script(shop):
        shop.switch_on()
        await shop.see("自检")
        await shop.press("enter")
        for left in ("2", "1"):
            await shop.log_in("1111") if left == "2" else await shop.enter("1111")
            await shop.see(f"还可试 {left} 次")
            await shop.press("enter")
            await shop.see("请输入操作员 01 的密码")
        await shop.enter("1111")
        await shop.see("操作员 01 已锁定", "主管解锁")
        await shop.press("enter")
        await shop.see("请主管输入密码")
        await shop.enter("123456")
        await shop.see("操作员 00 须先修改")  # a factory code opens nothing but the change of itself
        await shop.press("enter")
        await shop.new_code("135790")
        await shop.see("请输入操作员 01 的密码")
        await shop.enter("0000")
        await shop.see("须先修改出厂密码")

    shop = day(tmp_path, bank, script)
    assert recorded(shop, "P01")
    assert recorded(shop, "P02")


def test_the_lock_survives_a_restart_and_the_supervisors_runs_out(tmp_path, bank):
    async def lock(shop):
        await shop.sell("100")
        await shop.press("refund")
        await shop.see("操作员 00 仍在用出厂密码")
        await shop.press("enter")
        for _ in range(3):
            await shop.see("请输入操作员 00 的密码")
            await shop.enter("999999")
            await shop.press("enter")
        await shop.see("操作员 00 已锁定")

    async def still(shop):
        await shop.press("refund")
        await shop.see("操作员 00 仍在用出厂密码")
        await shop.press("enter")
        await shop.see("操作员 00 已锁定")
        await shop.press("enter")
        await shop.settle(31 * 60)
        await shop.press("enter")
        await shop.idle()
        await shop.press("refund")
        await shop.supervisor_code()
        await shop.see("退哪一笔")

    play(tmp_path, bank, lock)
    play(tmp_path, bank, still, is_new=False)


@pytest.mark.parametrize(("code", "why"), [("0000", "太简单"), ("7777", "太简单")])
def test_a_weak_new_code_is_refused(tmp_path, bank, code, why):
    async def script(shop):
        shop.switch_on()
        await shop.see("自检")
        await shop.press("enter")
        await shop.log_in("0000")
        await shop.press("enter")
        await shop.see("新密码")
        await shop.enter(code)
        await shop.see(why)
        await shop.press("enter")
        await shop.see("新密码")
        await shop.enter("2580")
        await shop.see("再输入一次")
        await shop.enter("2581")
        await shop.see("两次输入不一致")

    day(tmp_path, bank, script)


def test_no_network_at_sign_in(tmp_path, bank):
    async def script(shop):
        bank.line("down")
        shop.switch_on()
        await shop.see("自检")
        await shop.press("enter")
        await shop.log_in("0000")
        await shop.press("enter")
        await shop.new_code("2580")
        await shop.see("连不上收单机构", "检查网络", "L02")
        await shop.press("enter")
        await shop.idle()
        await shop.press("1")
        await shop.see("连不上收单机构")
        bank.line("up")
        await shop.press("enter")
        await shop.sell("100")

    shop = day(tmp_path, bank, script)
    assert recorded(shop, "L02")


def test_network_lost_before_a_refund_moves_nothing(tmp_path, bank):
    async def script(shop):
        await shop.sell("100")
        bank.line("down")
        await shop.press("refund")
        await shop.supervisor_code()
        await shop.see("连不上收单机构", "L02")  # before anything is typed
        await shop.press("enter")
        bank.line("up")
        await shop.refund_until_card()
        await shop.see("退款明细")
        await shop.press("enter")
        await shop.present("unionpay-debit")
        await shop.see("再核对一遍")
        await shop.pull()
        bank.line("down")
        await shop.press("enter")
        await shop.see("没有发送：连不上收单机构", "钱没有动")
        await shop.press("enter")
        await shop.idle()
        bank.line("up")
        await shop.refund()
        await shop.see("撤销已受理")

    play(tmp_path, bank, script)
    assert bank.ledger.sum_of_postings() == 0


def test_silence_after_a_refund_is_unknown_locked_asked_about_and_ends_by_an_answer(tmp_path, bank):
    async def script(shop):
        await shop.sell("10000")
        bank.line("answer_lost")
        await shop.refund("4000")
        await shop.see("已发送，等待应答")
        await shop.see("结果未知", "不要再退一次")
        await shop.press("enter")
        await shop.idle()
        await shop.see("有 1 笔交易结果未定")
        await shop.press("refund")
        await shop.see("退哪一笔")
        await shop.press("1")
        await shop.see("有一笔退款结果未知", "可能付两次")
        await shop.press("enter")
        bank.line("up")
        await shop.settle(700)
        await shop.idle()
        assert "结果未定" not in shop.text()
        await shop.press("3")
        await shop.see("交易记录", "已受理")

    shop = play(tmp_path, bank, script)
    assert "结果待确认" in shop.paper()
    assert list(bank.credited().values()) == [4000]


def test_a_refund_that_never_arrived_may_be_done_again(tmp_path, bank):
    async def script(shop):
        await shop.sell("10000")
        bank.line("request_lost")
        await shop.refund("4000")
        await shop.see("结果未知")
        await shop.press("enter")
        await shop.idle()
        bank.line("up")
        await shop.press("4")
        await shop.see("结果未知")
        await shop.press("1")
        await shop.see("立即查询")
        await shop.press("enter")
        await shop.see("银行没有收到这笔退款", "可以重新退款")
        await shop.press("enter")
        await shop.settle(61)
        await shop.refund("4000")
        await shop.see("退货已受理")

    play(tmp_path, bank, script)
    assert list(bank.credited().values()) == [4000]


def test_silence_after_a_void_is_reversed_until_acknowledged(tmp_path, bank):
    async def script(shop):
        await shop.sell("10000")
        bank.line("answer_lost")
        await shop.refund()
        await shop.see("正在冲正")
        await shop.see("冲正还没有完成")
        await shop.press("enter")
        await shop.idle()
        await shop.press("1")
        await shop.see("冲正还没有完成", "不能做新的联机交易")
        await shop.press("enter")
        bank.line("up")
        await shop.press("4")
        await shop.see("冲正未完成")
        await shop.press("1")
        await shop.press("enter")
        await shop.see("撤销未成功，已冲正", "原消费仍然有效")
        await shop.press("enter")
        await shop.idle()
        await shop.refund()
        await shop.see("撤销已受理")

    play(tmp_path, bank, script)
    assert bank.balance() == 1_000_000


@pytest.mark.parametrize("spoiler", ["wrong_mac", "wrong_stan", "wrong_amount", "garbage", "truncated"])
def test_a_bad_answer_to_a_refund_is_no_answer(tmp_path, bank, spoiler):
    async def script(shop):
        await shop.sell("10000")
        bank.spoil(spoiler, "0220")
        await shop.refund("4000")
        # the inquiry that follows at once is answered: the bank did take it
        await shop.see("退货已受理")

    play(tmp_path, bank, script)
    assert list(bank.credited().values()) == [4000]


@pytest.mark.parametrize("spoiler", ["wrong_mac", "wrong_stan", "garbage"])
def test_a_bad_answer_to_a_void_is_reversed(tmp_path, bank, spoiler):
    async def script(shop):
        await shop.sell("10000")
        bank.spoil(spoiler, "0200")
        await shop.refund()
        await shop.see("撤销未成功，已冲正", "原消费仍然有效")

    play(tmp_path, bank, script)
    assert bank.balance() == 1_000_000 - 10_000


@pytest.mark.parametrize(("code", "text"), [("51", "可用余额不足"), ("48", "只能当日全额撤销"), ("Q9", "代码 Q9")])
def test_a_refusal_says_why_and_what_next(tmp_path, bank, code, text):
    async def script(shop):
        await shop.sell("10000")
        bank.spoil("refused_with", "0220", code)
        await shop.refund("4000")
        await shop.see("被拒绝", text, "钱没有动", code)

    play(tmp_path, bank, script)
    assert bank.credited() == {}


def test_sign_in_is_asked_for_again_and_done_by_itself(tmp_path, bank):
    async def script(shop):
        await shop.sell("10000")
        bank.spoil("refused_with", "0220", "77")
        await shop.refund("4000")
        await shop.see("需重新签到")
        await shop.press("enter")
        await shop.settle(61)
        await shop.refund("4000")
        await shop.see("退货已受理")

    play(tmp_path, bank, script)


def test_another_card_is_refused_and_the_right_one_works(tmp_path, bank):
    async def script(shop):
        await shop.sell("10000")
        await shop.refund_until_card()
        await shop.see("退款明细")
        await shop.press("enter")
        await shop.present("unionpay-debit-other")
        await shop.see("不是原交易的卡", "只能退回原卡")
        await shop.press("enter")
        await shop.pull()
        await shop.refund()
        await shop.see("撤销已受理")

    shop = play(tmp_path, bank, script)
    assert recorded(shop, "C07")
    assert bank.balance("unionpay-debit-other") == 1_000_000


def test_the_last_customers_card_must_leave_first(tmp_path, bank):
    async def script(shop):
        await shop.sell("10000")
        await shop.insert("unionpay-debit-other")
        await shop.refund_until_card()
        await shop.press("enter")
        await shop.see("请先取走卡槽中的卡")
        await shop.pull()
        await shop.present("unionpay-debit")
        await shop.see("再核对一遍")

    play(tmp_path, bank, script)


@pytest.mark.parametrize(
    ("card", "text"),
    [
        ("mute", "卡片没有反应"),
        ("wrong-way", "卡片没有反应"),
        ("blocked", "卡已锁"),
        ("blocked-application", "卡已锁"),
    ],
)
def test_a_bad_card_is_named_nothing_is_sent_and_the_next_card_works(tmp_path, bank, card, text):
    async def script(shop):
        await shop.sell("10000")
        sent = len(shop.line.sent)
        await shop.refund_until_card()
        await shop.press("enter")
        await shop.present(card)
        await shop.see(text, "没有发送交易")
        assert len(shop.line.sent) == sent
        await shop.pull()
        await shop.press("enter")
        await shop.present("unionpay-debit")
        await shop.see("再核对一遍")

    play(tmp_path, bank, script)


@pytest.mark.parametrize("apdu", range(1, 9))
def test_a_card_pulled_at_any_apdu_of_a_refund(tmp_path, bank, apdu):
    async def script(shop):
        await shop.sell("10000")
        await shop.refund_until_card()
        await shop.press("enter")
        await shop.see("请插卡")
        await shop.insert("unionpay-debit", pull_at=apdu)
        await shop.settle(1)
        if "再核对一遍" not in shop.text():
            await shop.see("卡片拔得太早", "没有发送交易")
            await shop.press("enter")
            await shop.present("unionpay-debit")
        await shop.see("再核对一遍")
        await shop.press("enter")
        await shop.see("撤销已受理")

    play(tmp_path, bank, script)
    assert bank.balance() == 1_000_000


@pytest.mark.parametrize("apdu", range(1, 12))
def test_a_card_pulled_at_any_apdu_of_a_sale_costs_nothing(tmp_path, bank, apdu):
    async def script(shop):
        await shop.idle()
        await shop.press("1")
        await shop.see("请输入消费金额")
        await shop.enter("5000")
        await shop.see("请插卡")
        await shop.insert("unionpay-debit", pull_at=apdu)
        await shop.settle(1)
        if "请勿拔卡" in shop.text():
            await shop.press("enter")
            await shop.settle(5)
            assert "消费未成功，已冲正" in shop.text() or "消费成功" in shop.text()
        else:
            await shop.see("卡片拔得太早")

    play(tmp_path, bank, script)
    ended = bank.balance()
    assert ended in (1_000_000, 1_000_000 - 5000)
    assert bank.ledger.sum_of_postings() == 0


def test_a_card_that_declines_after_the_bank_approved_is_reversed(tmp_path, bank):
    async def script(shop):
        await shop.idle()
        await shop.press("1")
        await shop.see("请输入消费金额")
        await shop.enter("5000")
        await shop.present("declines")
        await shop.see("请勿拔卡")
        await shop.press("enter")
        await shop.see("消费未成功，已冲正", "没有付款")

    play(tmp_path, bank, script)
    assert bank.balance("declines") == 1_000_000


def test_an_expired_card_is_the_acquirers_to_decide(tmp_path, bank):
    async def script(shop):
        await shop.idle()
        await shop.press("1")
        await shop.see("请输入消费金额")
        await shop.enter("5000")
        await shop.present("expired")
        await shop.settle(2)
        if "请勿拔卡" in shop.text():
            await shop.press("enter")
            await shop.see("卡已过期", "钱没有动")
        else:
            await shop.see("卡片拒绝了交易")

    play(tmp_path, bank, script)
    assert bank.balance("expired") == 1_000_000


def test_a_chip_card_may_not_be_swiped_and_a_bad_stripe_is_swiped_again(tmp_path, bank):
    async def script(shop):
        await shop.idle()
        await shop.press("1")
        await shop.see("请输入消费金额")
        await shop.enter("5000")
        await shop.see("请插卡")
        shop.stripe.swipe(b"62500=")
        await shop.see("磁条没有读好", "再刷一次")
        await shop.press("enter")
        await shop.see("请插卡")
        await shop.swipe("unionpay-debit")
        await shop.see("这张卡有芯片，请插卡")
        await shop.press("enter")
        await shop.present("unionpay-debit")
        await shop.see("请勿拔卡")

    play(tmp_path, bank, script)


def test_amount_zero_and_no_sale_to_refund(tmp_path, bank):
    async def script(shop):
        await shop.idle()
        await shop.press("1")
        await shop.see("请输入消费金额")
        await shop.press("enter")
        await shop.see("金额不能是 0")
        await shop.press("enter")
        await shop.press("refund")
        await shop.supervisor_code()
        await shop.see("找不到这样的交易")
        await shop.press("enter")
        await shop.sell("100")
        await shop.press("refund")
        await shop.see("退哪一笔")
        await shop.press("2")
        await shop.press("2")
        await shop.enter("424242")
        await shop.see("找不到这样的交易", "R01")

    play(tmp_path, bank, script, Policy(elsewhere=Elsewhere(is_on=False), lock_seconds=0))


def test_a_sale_too_old_is_told_before_the_card(tmp_path, bank):
    async def later(shop):
        shop.clock.offset += timedelta(days=200)
        await shop.another_day()
        await shop.press("refund")
        await shop.see("退哪一笔")
        await shop.press("1")
        await shop.see("交易太久，超过 180 天")

    async def first(shop):
        await shop.sell("100")
        await shop.press("refund")
        await shop.supervisor_code()
        await shop.press("cancel")
        await shop.idle()

    play(tmp_path, bank, first)
    day(tmp_path, bank, later)


def test_out_of_paper_never_reopens_the_money(tmp_path, bank):
    async def script(shop):
        await shop.sell("10000")
        shop.printer.is_out = True
        await shop.refund()
        await shop.see("撤销已受理")
        await shop.press("enter")
        await shop.see("缺纸", "仅需重打，不要重做")
        shop.printer.is_out = False
        await shop.press("enter")
        await shop.tear()
        await shop.idle()
        await shop.press("3")
        await shop.see("交易记录")
        await shop.press("1")
        await shop.see("重打印")
        await shop.press("enter")
        await shop.tear()

    shop = play(tmp_path, bank, script)
    assert "***重打印凭证/DUPLICATED***" in shop.paper()
    assert bank.balance() == 1_000_000


def test_a_printer_that_is_gone_is_said_and_may_be_left(tmp_path, bank):
    async def script(shop):
        await shop.idle()
        shop.printer.is_lost = True
        await shop.press("1")
        await shop.see("请输入消费金额")
        await shop.enter("5000")
        await shop.present("unionpay-debit")
        await shop.see("请勿拔卡")
        await shop.press("enter")
        await shop.see("消费成功")
        await shop.press("enter")
        await shop.see("打印机没有反应", "不要重做")
        await shop.press("cancel")
        await shop.idle()
        assert shop.paper() == "", "who leaves the first copy is not asked about the second"

    play(tmp_path, bank, script)


def test_a_full_disk_stops_before_anything_is_sent(tmp_path, bank):
    async def script(shop):
        await shop.sell("10000")
        await shop.refund_until_card()
        await shop.press("enter")
        await shop.present("unionpay-debit")
        await shop.see("再核对一遍")
        sent = len(shop.line.sent)
        shop.journal._store.db.execute("PRAGMA max_page_count = 1")  # the disk is full, as SQLite sees it
        shop.journal.note("sent", "0200", {"3": "x" * 90_000})
        await shop.press("enter")
        await shop.see("无法记录，交易已停止", "不要重做", "D03")
        assert len(shop.line.sent) == sent
        shop.journal._store.db.execute("PRAGMA max_page_count = 100000")
        await shop.press("enter")
        await shop.pull()
        await shop.refund()
        await shop.see("撤销已受理")

    play(tmp_path, bank, script)


@pytest.mark.parametrize(("amount", "word"), [("4000", "退货 已受理"), ("", "消费撤销 已冲正")])
def test_a_disk_that_fills_up_before_the_answer_is_written_loses_nothing(tmp_path, bank, amount, word):
    """The answer came and could not be recorded: it is asked about (refund) or reversed (void) when writing works."""

    async def script(shop):
        await shop.sell("10000")
        bank.line("slow")
        await shop.refund(amount)
        await shop.see("已发送，等待应答")
        shop.journal._store.db.execute("PRAGMA max_page_count = 1")
        shop.journal.note("sent", "0200", {"3": "x" * 90_000})
        await shop.see("无法记录，交易已停止", "不要重做")
        shop.journal._store.db.execute("PRAGMA max_page_count = 100000")
        bank.line("up")
        await shop.press("enter")
        await shop.settle(40)
        await shop.press("3")
        await shop.see("交易记录", word)

    play(tmp_path, bank, script)
    assert bank.balance() == 1_000_000 - 10_000 + int(amount or 0)


def test_cancel_and_walking_away_owe_nothing(tmp_path, bank):
    async def script(shop):
        await shop.sell("10000")
        await shop.refund_until_card()
        await shop.see("退款明细")
        await shop.press("cancel")
        await shop.idle()
        await shop.refund_until_card()
        await shop.press("enter")
        await shop.see("请插卡")
        await shop.see("操作超时")
        await shop.idle()
        sent = len(shop.line.sent)
        await shop.settle(120)
        assert len(shop.line.sent) == sent

    play(tmp_path, bank, script)


def test_keys_pressed_in_impatience_answer_nothing(tmp_path, bank):
    async def script(shop):
        await shop.sell("10000")
        bank.line("slow")
        await shop.refund()
        await shop.see("已发送，等待应答")
        await shop.press("cancel", "enter", "refund", "1")
        await shop.see("撤销已受理")

    play(tmp_path, bank, script)


def test_the_reader_is_missing(tmp_path, bank):
    async def script(shop):
        await shop.idle()
        shop.reader.unplug()
        await shop.press("1")
        await shop.see("请输入消费金额")
        await shop.enter("100")
        await shop.see("请刷卡", "有一个读卡器不能用，请联系维护人员")  # the other way is open all the same

    play(tmp_path, bank, script)


def test_the_only_reader_is_missing(tmp_path, bank):
    async def script(shop):
        shop.room.hardware = dataclasses.replace(shop.room.hardware, stripe=None)
        await shop.idle()
        shop.reader.unplug()
        await shop.press("1")
        await shop.see("请输入消费金额")
        await shop.enter("100")
        await shop.see("读卡器不能用", "C01")
        shop.reader.plug()
        await shop.press("enter")
        await shop.present("unionpay-debit")
        await shop.see("请勿拔卡，直到")

    play(tmp_path, bank, script)
