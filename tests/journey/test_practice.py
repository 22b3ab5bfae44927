"""练习: a cashier who refunds twice a year learns it, and nothing of it is real (guide G13)."""

import dataclasses
import subprocess
import sys
from contextlib import asynccontextmanager
from datetime import timedelta

import msgspec
import pytest

from terminal.dialogue.lessons import LEARNT, LESSONS, REFUSALS
from terminal.dialogue.practice import BEGAN, ENDED
from terminal.events import FrontAttached
from terminal.screens import CardPrompt, Shown
from tests.journey.shop import Bank, Shop, day
from ui.layout import DEVICE_CLASSES
from ui.page import page
from ui.painter import Painter
from ui.text import words

PAPER_MARK = "演示"
DEMO = "演示 DEMO"


@pytest.fixture
def bank():
    return Bank()


class Untouchable:
    """A real device: whoever uses any of it in practice is caught."""

    def __init__(self, name, columns=32):
        self.columns = columns
        self._name = name

    def __getattr__(self, name):
        raise AssertionError(f"the practice touched the real {self._name}: {name}")


REAL = ("card_reader", "stripe", "printer", "line", "vault", "loading", "inbox", "tap")


def practising(tmp_path, bank, lesson, script=None, has_glass=False) -> Shop:
    """From the main menu into a lesson, through it, and out; everything real is out of bounds meanwhile."""

    async def whole(shop):
        await shop.first_day()
        shop.desk.has_glass = has_glass
        seq = await last(shop)
        real, sent, books = shop.room.hardware, len(shop.line.sent), repr(bank.ledger.report())
        async with out_of_bounds(shop):
            await enter(shop)
            if script is not None:
                await shop.press(lesson)
                await shop.see("确认：开始")
                await shop.press("enter")
                await script(shop)
                await shop.see("学会了")
                await shop.press("enter")
            await shop.see("练习（演示，不是真的）", "普通退款")
            await shop.press("cancel")
            await shop.idle()
        assert shop.room.hardware is real
        await only_two_records(shop, seq)
        assert len(shop.line.sent) == sent
        assert repr(bank.ledger.report()) == books
        assert shop.printer.papers == []
        shop.practised = practised(shop)

    shop = day(tmp_path, bank, whole)
    assert shop.practised
    for shown in shop.practised:
        assert shown.status.is_test, shown.screen  # 演示 DEMO on each screen
    fits(shop.practised)
    return shop


async def enter(shop):
    await shop.idle()
    await shop.press("down")
    await shop.see("练习")
    await shop.press("8")
    await shop.see("练习（演示，不是真的）", "普通退款", "主管同意和审核")


@asynccontextmanager
async def out_of_bounds(shop):
    """The real devices raise if touched, and the real money too."""
    room, real = shop.room, shop.room.hardware
    room.hardware = dataclasses.replace(real, **{name: Untouchable(name) for name in REAL})
    line, vault = room.acquirer._line, room.acquirer._vault
    room.acquirer._line, room.acquirer._vault = Untouchable("line"), Untouchable("vault")
    try:
        yield
    finally:
        room.hardware = real
        room.acquirer._line, room.acquirer._vault = line, vault


async def last(shop):
    return (await shop.journal.rows("SELECT max(seq) FROM event"))[0][0]


async def only_two_records(shop, before):
    rows = await shop.journal.rows("SELECT kind FROM event WHERE seq > ? ORDER BY seq", before)
    assert [kind for (kind,) in rows] == [BEGAN, ENDED]


def practised(shop) -> list[Shown]:
    """The screens between entering and leaving."""
    return [shown for shown in shop.front.screens if shown.status.is_test]


def fits(screens):
    seen = {repr((shown.screen, shown.status)): shown for shown in screens}.values()
    for device in DEVICE_CLASSES:
        painter = Painter(device)
        for shown in seen:
            for language in ("zh_CN", "en"):
                told = msgspec.structs.replace(shown, language=language)
                page(told, words(language, is_strict=True))  # every sentence there, every hole filled
                assert not painter.overflows(told), (device, language, shown.screen)


# --- the lessons -----------------------------------------------------------------------------------------------------
async def form(shop, how="1"):
    """From the list of sales to the fee sheet."""
    await shop.see("教练")
    await shop.see("88.00" if how == "1" else "¥")
    await shop.see("选那笔消费")
    await shop.press("1")
    await shop.see("选一个原因")
    await shop.press("1")
    await shop.see("退多少")
    await shop.press(how)


async def to_the_wire(shop):
    """The tutor inserts the card."""
    await shop.see("退款明细", "按确认")
    await shop.press("enter")
    await shop.see("请插卡")
    await shop.see("再核对一遍", "确认发送")
    await shop.press("enter")


async def papers(shop):
    await shop.press("enter")
    await shop.see("撕下商户存根")
    await shop.press("enter")


def test_1_an_ordinary_refund_of_today_is_a_void(tmp_path, bank):
    async def script(shop):
        await form(shop)
        await to_the_wire(shop)
        await shop.see("撤销已受理")
        await papers(shop)
        await shop.see("学会了", "终端账：退回 ¥88.00", "银行账：退回 ¥88.00（1 笔）")

    practising(tmp_path, bank, "1", script)


def test_2_a_part_with_costs(tmp_path, bank):
    async def script(shop):
        await form(shop, "3")
        await shop.see("保留的成本", "输入金额")
        await shop.enter("1500")
        await shop.see("手续费")
        await shop.enter("250")
        await to_the_wire(shop)
        await shop.see("退货已受理")
        await papers(shop)
        await shop.see("学会了", "银行账：退回 ¥82.50（1 笔）")

    practising(tmp_path, bank, "2", script)


@pytest.mark.parametrize("number", range(1, len(REFUSALS) + 1))
def test_3_every_refusal_that_can_be_chosen(tmp_path, bank, number):
    async def whole(shop):
        await shop.first_day()
        await enter(shop)
        await shop.press("3")
        await shop.see("金额超限")
        await shop.press(str(number))
        await shop.see("银行会拒绝")
        await shop.press("enter")
        await form(shop, "1" if number else "")
        await to_the_wire(shop)
        code = REFUSALS[number - 1]
        await shop.see(words("zh_CN").sentences[f"code.{code}"], code)
        await shop.press("enter")
        await shop.see("学会了", "银行账：退回 ¥0.00（0 笔）")

    async def form(shop, how):
        await shop.see("选那笔消费")
        await shop.press("1")
        await shop.see("选一个原因")
        await shop.press("1")
        await shop.see("退多少")
        await shop.press(how)

    day(tmp_path, bank, whole)


def test_4_no_answer_is_unknown_and_is_asked_about(tmp_path, bank):
    async def script(shop):
        await shop.see("选那笔消费")
        await shop.press("1")
        await shop.see("选一个原因")
        await shop.press("1")
        await shop.see("退多少")
        await shop.press("1")
        await to_the_wire(shop)
        began = shop.clock.now()
        await shop.see("结果未知", "不要重做")
        assert (shop.clock.now() - began).total_seconds() < 15  # nobody waits a minute to learn it
        await shop.press("enter")
        await shop.see("还没做到", "看未决交易")
        await shop.press("1")
        await shop.see("¥60.00")
        await shop.press("1")
        await shop.see("立即查询")
        await shop.press("enter")
        await shop.see("退货已受理")
        await papers(shop)
        await shop.see("学会了", "银行账：退回 ¥60.00（1 笔）", "只退了一次")

    practising(tmp_path, bank, "4", script)


def test_5_a_void_without_an_answer_is_reversed(tmp_path, bank):
    async def script(shop):
        await form(shop)
        await to_the_wire(shop)
        await shop.see("冲正")
        await shop.press("enter")
        await shop.see("学会了", "终端账：退回 ¥0.00", "银行账：退回 ¥0.00（0 笔）")

    practising(tmp_path, bank, "5", script)


def test_6_the_wrong_card_is_not_taken(tmp_path, bank):
    async def script(shop):
        await form(shop)
        await shop.see("退款明细")
        await shop.press("enter")
        await shop.see("不是原交易的卡", "拿错卡了")
        await shop.press("enter")  # the form is kept; the right card is asked for
        await shop.see("再核对一遍")
        await shop.press("enter")
        await shop.see("退货已受理")
        await papers(shop)
        await shop.see("学会了", "只退回付款的那张卡")

    practising(tmp_path, bank, "6", script)


def test_7_the_last_customers_card_leaves_first(tmp_path, bank):
    async def script(shop):
        await form(shop)
        await shop.see("退款明细")
        await shop.press("enter")
        await shop.see("先请上一位顾客拿走他的卡")
        await shop.see("再核对一遍")
        await shop.press("enter")
        await shop.see("退货已受理")
        await papers(shop)
        await shop.see("学会了")

    shop = practising(tmp_path, bank, "7", script)
    asked = [shown.screen.accepts for shown in shop.practised if isinstance(shown.screen, CardPrompt)]
    assert asked.index(("remove",)) < asked.index(next(accepts for accepts in asked if "insert" in accepts))


def test_8_out_of_paper_is_no_reason_to_repeat(tmp_path, bank):
    async def script(shop):
        await form(shop)
        await to_the_wire(shop)
        await shop.see("退货已受理")
        await shop.press("enter")
        await shop.see("打印机缺纸", "纸已装好")
        await shop.press("enter")
        await shop.see("撕下商户存根")
        await shop.press("enter")
        await shop.see("学会了", "银行账：退回 ¥88.00（1 笔）")

    practising(tmp_path, bank, "8", script)


def test_9_two_people_with_codes_of_practice(tmp_path, bank):
    async def script(shop):
        await shop.see("选那笔消费")
        await shop.press("1")
        await shop.see("选一个原因")
        await shop.press("1")
        await shop.see("退多少")
        await shop.press("1")
        await shop.see("退款明细")
        await shop.press("enter")
        await shop.see("主管 00 135790")
        await shop.enter("135790")
        await shop.see("请插卡")
        await shop.see("再核对一遍")
        await shop.press("enter")
        await shop.see("退货已受理")
        await papers(shop)
        await shop.see("学会了")

    practising(tmp_path, bank, "9", script)


def test_the_pad_is_signed_and_taken_back_with_a_code_of_practice(tmp_path, bank):
    async def script(shop):
        await form(shop)
        await to_the_wire(shop)
        await shop.see("撤销已受理")
        await shop.press("enter")
        await shop.see("签名")
        shop.sign()
        await shop.press("enter")
        await shop.see("操作员 2580")
        await shop.enter("2580")
        await shop.see("撕下商户存根")
        await shop.press("enter")

    practising(tmp_path, bank, "1", script, has_glass=True)


def test_every_lesson_has_its_words_and_its_end():
    for language in ("zh_CN", "en"):
        known = words(language).sentences
        for lesson in LESSONS:
            assert {f"practice.{lesson.id}{end}" for end in ("", ".task", ".learnt")} <= known.keys()
    assert LEARNT.keys() == {lesson.id for lesson in LESSONS}
    assert len(LESSONS) == 9


# --- what must not happen --------------------------------------------------------------------------------------------
def test_entering_and_leaving_is_all_the_real_terminal_knows(tmp_path, bank):
    practising(tmp_path, bank, "")


def test_a_practice_hardware_holds_no_real_device(tmp_path, bank):
    from terminal.practice import Practice, School

    async def whole(shop):
        await shop.first_day()
        school = School(shop.room, shop.front)
        practice = Practice(shop.room, school._tutor, school.desk, LESSONS[0], None)
        ours, theirs = practice.room.hardware, shop.room.hardware
        for field in dataclasses.fields(ours):
            mine = getattr(ours, field.name)
            if field.name not in ("passwords", "coder") and mine is not None:
                assert mine is not getattr(theirs, field.name), field.name
        assert practice.room.acquirer is not shop.room.acquirer
        assert practice.room.journal is not shop.room.journal
        assert practice.room.config.line.addresses == ("practice.invalid:1",)
        assert not any(
            getattr(practice.room.config.files, name) for name in ("vault", "inbox", "backup", "vault_socket")
        )
        await practice.close()

    day(tmp_path, bank, whole)


def test_every_practice_paper_is_marked_on_the_real_printer(tmp_path, bank):
    """Whatever is printed: a receipt, an unknown paper, a paper that nobody marked."""
    from terminal.practice_devices import marked
    from terminal.receipt import Receipt, Text
    from terminal.screens import say

    async def whole(shop):
        await shop.first_day()
        await enter(shop)
        await shop.press("down")
        await shop.see("练习纸打在真打印机上", "关")
        await shop.press("1")
        await shop.see("普通退款")
        await shop.press("1")
        await shop.see("确认：开始")
        await shop.press("enter")
        await form(shop)
        await to_the_wire(shop)
        await shop.see("撤销已受理")
        await papers(shop)
        await shop.see("学会了")
        assert len(shop.printer.papers) == 2
        for paper in shop.printer.papers:
            assert PAPER_MARK in "\n".join(row.text for row in paper if hasattr(row, "text"))
        plain = marked(shop.hardware.typeset)(Receipt((Text(say("paper.agree.sale")),)), 32)
        assert PAPER_MARK in "\n".join(row.text for row in plain if hasattr(row, "text"))

    day(tmp_path, bank, whole)


def test_the_real_terminal_goes_on_behind_and_draws_nothing(tmp_path, bank):
    """A refund that nobody knows about is asked about on its schedule while somebody practises."""

    async def whole(shop):
        await shop.first_day()
        await shop.sell("10000")
        bank.line("answer_lost")
        await shop.refund("3000")
        await shop.see("结果未知")
        await shop.press("enter")
        await shop.idle()
        bank.line("up")
        await enter(shop)
        shown = len(shop.front.screens)
        for _ in range(4):
            await shop.settle(40)
            await shop.press("up")  # somebody is there
        assert await shop.journal.open_stages() == []
        assert all(each.status.is_test for each in shop.front.screens[shown:])
        await shop.press("cancel")
        await shop.idle()
        assert not shop.front.screens[-1].status.is_test
        assert shop.front.screens[-1].status.open_refunds == 0

    day(tmp_path, bank, whole)


def test_the_real_clock_is_not_set_by_the_bank_of_the_practice(tmp_path, bank):
    async def whole(shop):
        await shop.first_day()
        offset = shop.clock.offset
        await enter(shop)
        await shop.press("2")
        await shop.see("确认：开始")
        assert shop.clock.offset == offset

    day(tmp_path, bank, whole)


def test_cancel_twice_leaves_from_anywhere(tmp_path, bank):
    async def whole(shop):
        await shop.first_day()
        await enter(shop)
        await shop.press("1")
        await shop.see("确认：开始")
        await shop.press("enter")
        await shop.see("选那笔消费")
        began = shop.clock.now()
        await shop.press("cancel", "cancel")
        await shop.idle()
        assert shop.clock.now() - began < timedelta(seconds=5)  # not because nobody pressed anything more
        assert not shop.front.screens[-1].status.is_test
        await shop.sell("100")  # a real one
        assert bank.balance() == 1_000_000 - 100

    day(tmp_path, bank, whole)


def test_one_cancel_goes_back_one_step(tmp_path, bank):
    async def whole(shop):
        await shop.first_day()
        await enter(shop)
        await shop.press("1")
        await shop.see("确认：开始")
        await shop.press("enter")
        await shop.see("选那笔消费")
        await shop.press("cancel")
        await shop.see("还没做到")
        await shop.settle(2)
        await shop.press("cancel")
        await shop.see("练习（演示，不是真的）")
        await shop.settle(2)
        await shop.press("cancel")
        await shop.idle()

    day(tmp_path, bank, whole)


@pytest.mark.parametrize("lesson", ["", "1"])
def test_nobody_there_is_the_real_terminal_again(tmp_path, bank, lesson):
    async def whole(shop):
        await shop.first_day()
        await enter(shop)
        if lesson:
            await shop.press(lesson)
            await shop.see("确认：开始")
        await shop.idle()
        assert not shop.front.screens[-1].status.is_test

    day(tmp_path, bank, whole)


def test_help_in_a_lesson_looks_at_the_practice(tmp_path, bank):
    async def whole(shop):
        await shop.first_day()
        await enter(shop)
        await shop.press("1")
        await shop.see("确认：开始")
        await shop.press("enter")
        await shop.see("选那笔消费")
        async with out_of_bounds(shop):
            await shop.press("func")
            await shop.see("怎样退款")
            await shop.press("8")
            await shop.see("网络 通过", "收单机构 通过", "签到 通过", "读卡器 通过")
            await shop.press("cancel")
            await shop.see("怎样退款")
            await shop.press("cancel")
            await shop.see("选那笔消费")

    day(tmp_path, bank, whole)


def test_a_power_cut_in_a_lesson_is_the_real_terminal_again(tmp_path, bank):
    async def lesson(shop):
        await shop.first_day()
        await enter(shop)
        await shop.press("5")
        await shop.see("确认：开始")
        await shop.press("enter")
        await form(shop)
        await shop.see("退款明细")

    async def after(shop):
        await shop.another_day()
        assert await shop.journal.recent() == []
        assert await shop.journal.open_stages() == []
        assert await shop.journal.verify() is None
        assert not shop.front.screens[-1].status.is_test

    before = day(tmp_path, bank, lesson)
    assert sorted(path.name for path in before.folder.iterdir() if path.name.startswith("practice")) == []
    day(tmp_path, bank, after)


def test_a_front_that_comes_meanwhile_is_known_to_the_real_desk(tmp_path, bank):
    async def whole(shop):
        await shop.first_day()
        await enter(shop)
        shop.front.report(FrontAttached("glass", True))
        await shop.settle(1)
        await shop.press("cancel")
        await shop.idle()
        assert shop.desk.has_glass

    day(tmp_path, bank, whole)


def test_the_simulator_is_not_imported_before_somebody_practises():
    """Start-up and idle memory: neither bank nor cards nor keys' loading are there for nothing."""
    code = "import sys; import terminal.app; print([name for name in sys.modules if name.startswith('simulator')])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
    assert "terminal.practice" not in said.stdout
