"""管理后台 (G8, issue 6 point 5): the supervisor's desk, by keys, screens and paper; its sums are the bank's."""

import csv
import dataclasses
import io
import json

import msgspec
import pytest

from terminal.day_report import DayReport
from terminal.dialogue.office.finance import report_of_day, report_of_shift
from terminal.dialogue.office.story import messages_of
from terminal.exchange.stages import Accepted, Unknown
from terminal.iso8583.kinds import Kind
from terminal.journal.report_book import ReportBook, Span
from terminal.ports import ExportFailed
from terminal.refund.application import Act, State, moved
from tests.journey.shop import Bank, Shop, day
from ui.layout import DEVICE_CLASSES
from ui.page import page
from ui.painter import Painter
from ui.text import words

BOSS = "135790"  # TEST code
EVERY = Span()
OURS = ("office", "records", "finance", "applied", "story", "search", "audit", "people")
PAINTERS = {name: Painter(name) for name in DEVICE_CLASSES}


@pytest.fixture
def bank():
    bank = Bank()
    yield bank
    bank.ledger.close()


class Stick:
    """The Export port: a USB stick that does what `moods` say, one mood a try, and then works."""

    def __init__(self, *moods: str) -> None:
        self.files: dict[str, bytes] = {}
        self.moods = list(moods)

    async def put(self, name: str, content: bytes) -> str:
        mood = self.moods.pop(0) if self.moods else ""
        if mood:
            raise ExportFailed(mood)
        self.files[name] = content
        return name


def play(tmp_path, bank, script, stick=None, policy=None) -> Shop:
    """A first day with grown-up codes; afterwards no page of it may have been too small for any device."""

    async def whole(shop):
        shop.room.hardware = dataclasses.replace(shop.room.hardware, export=stick)
        await shop.first_day()
        await shop.press("refund")
        await shop.supervisor_code()
        await shop.press("cancel")
        await shop.idle()
        await script(shop)

    shop = day(tmp_path, bank, whole, policy)
    assert not (crowded := list(too_full(shop)))[:3], crowded[:3]
    assert not (wordless := [text for text in all_texts(shop) if "[" in text])[:3], wordless[:3]
    return shop


def too_full(shop):
    """Pages of the office that do not fit a device, in either language; each is looked at once."""
    seen = {}
    for shown in shop.front.screens:
        if shown.screen.title.id.partition(".")[0] in OURS or shown.screen.title.id == "menu.office":
            seen[msgspec.json.encode(shown.screen)] = shown
    for shown in seen.values():
        for name, painter in PAINTERS.items():
            for language in ("zh_CN", "en"):
                if painter.overflows(msgspec.structs.replace(shown, language=language)):
                    yield name, language, shown.screen


def all_texts(shop):
    """Every page of the office in both languages: what has no words stands in brackets (ui/text)."""
    for shown in shop.front.screens:
        if shown.screen.title.id.partition(".")[0] in OURS:
            for language in ("zh_CN", "en"):
                yield "\n".join(page(shown, words(language)).plain_lines())


async def enter(shop, *way):
    """From idle into the office as the supervisor; `way` is pressed there."""
    await shop.idle()
    await shop.press("down")
    await shop.see("管理后台")
    await shop.press("7")
    await shop.see("谁进入管理后台")
    await shop.press("enter")
    await shop.see("请主管输入密码")
    await shop.enter(BOSS)
    await shop.see("退款管理", "交易记录", "财务处理", "操作员", "退款政策", "审计")
    await shop.press(*way)


async def leave(shop):
    """Back to idle, wherever in the office it is."""
    for _ in range(9):
        if "退款键" in shop.text():
            break
        await shop.press("cancel")
    await shop.idle()


async def some_business(shop):
    """Two sales, of one a part is given back."""
    await shop.sell("8800")
    await shop.sell("10000", "unionpay-credit")
    await shop.refund("3000", "unionpay-credit")
    await shop.see("退货已受理")
    await shop.done()


def test_g8_day_totals_are_the_banks_and_go_to_paper_and_stick(tmp_path, bank):
    stick = Stick()

    async def script(shop):
        await some_business(shop)
        await enter(shop, "3")
        await shop.see("看哪一天")
        await shop.press("1")
        await shop.see("2026-11-23 汇总", "消费 2 笔", "¥188.00", "退货 1 笔", "¥30.00", "净额", "¥158.00")
        await shop.press("enter")
        await shop.see("按操作员", "按退款原因", "打印", "导出")
        await shop.press("1")
        await shop.see("操作员 01", "¥158.00")
        await shop.press("enter")
        await shop.press("2")
        await shop.see("顾客退货", "退货 1 笔")
        await shop.press("enter")
        await shop.press("3")
        await shop.see("借记卡", "贷记卡")
        await shop.press("enter")
        await shop.press("4")
        await shop.see("导出到 U 盘")
        await shop.press("5")
        await shop.see("请主管输入密码", "导出报表")
        await shop.enter(BOSS)
        await shop.see("已导出", "可以拔出")
        await shop.press("enter")
        await leave(shop)
        return await report_of_day(shop.room, shop.clock.now().date())

    shop = play(tmp_path, bank, script, stick)
    for text in ("日汇总单", "消费 2 笔", "188.00", "退货 1 笔", "净额", "158.00", "按卡种"):
        assert text in shop.paper()
    assert [name.rpartition("-")[2] for name in stick.files] == ["totals.csv", "entries.csv", stick_json(stick)]
    report = msgspec.json.decode(
        next(body for name, body in stick.files.items() if name.endswith(".json")), type=DayReport
    )
    given = sum(entry["amount"] for entry in bank.ledger.report()["transactions"] if entry["kind"] == "refund")
    assert (report.version, report.sums.refunds.minor, report.net) == (1, given, 15_800)
    assert sum(bank.credited().values()) == report.sums.refunds.minor + report.sums.voids.minor
    everything = b"".join(stick.files.values()).decode()
    assert not [card.pan for card in bank.tray.values() if card.pan in everything]
    rows = list(csv.DictReader(io.StringIO(next(iter(stick.files.values())).decode("utf-8-sig"))))
    assert (rows[0]["part"], rows[0]["sales"], rows[0]["refunds"], rows[0]["net"]) == (
        "day",
        "188.00",
        "30.00",
        "158.00",
    )
    assert json.loads(list(stick.files.values())[2])["net"] == 15_800


def stick_json(stick):
    return next(name for name in stick.files if name.endswith(".json")).rpartition("-")[2]


def test_the_days_books_are_the_banks_sale_by_sale(tmp_path, bank):
    """A void, a part, a part with costs, a refusal, and a silence that ended later: kept apart and added up."""
    reports = []

    async def script(shop):
        for amount in ("8800", "10000", "5000"):
            await shop.sell(amount)
        await shop.refund()  # the newest, whole: a void
        await shop.see("撤销已受理")
        await shop.done()
        await shop.refund_until_card("3", sale="2")
        await shop.see("保留的成本")
        await shop.enter("1500")
        await shop.see("手续费")
        await shop.enter("250")
        await shop.see("退款明细")
        await shop.press("enter")
        await shop.present("unionpay-debit")
        await shop.see("再核对一遍")
        await shop.pull()
        await shop.press("enter")
        await shop.see("退货已受理")
        await shop.done()
        await shop.settle(61)
        await shop.sell("7000", "unionpay-credit")
        bank.line("answer_lost")
        await shop.refund("2000", "unionpay-credit")
        await shop.see("结果未知")
        await shop.press("enter")
        await shop.idle()
        reports.append(await report_of_day(shop.room, shop.clock.now().date()))
        bank.line("up")
        await shop.settle(120)
        reports.append(await report_of_day(shop.room, shop.clock.now().date()))

    play(tmp_path, bank, script)
    before, after = reports
    assert (before.unknown.refunds.count, before.unknown.refunds.minor, after.unknown.all.count) == (1, 2000, 0)
    assert (after.kept_costs.minor, after.handling_fees.minor) == (1500, 250)
    given = {}
    for entry in after.entries:
        if entry.state == "accepted" and entry.kind in ("void", "refund"):
            given[entry.original_rrn] = given.get(entry.original_rrn, 0) + entry.amount
    assert given == bank.credited()
    booked = [entry for entry in bank.ledger.report()["transactions"] if entry["kind"] == "sale"]
    assert after.sums.sales.minor == sum(entry["amount"] for entry in booked)
    assert after.net == after.sums.sales.minor - sum(bank.credited().values())


async def other_operator(shop, id="02", code="7539"):
    """The supervisor adds one, who sets his own code."""
    await enter(shop, "4")
    await shop.see("操作员 01", "添加操作员")
    await shop.press("2")
    await shop.see("新操作员的号码", id)
    await shop.press("enter")
    await shop.new_code(code)
    await shop.see(f"操作员 {id}", "添加操作员")


async def log_in_as(shop, id, code):
    """From idle, out and in."""
    await shop.idle()
    await shop.press("9")
    await shop.see("请输入操作员号")
    await shop.enter(id)
    await shop.see(f"请输入操作员 {id} 的密码")
    await shop.enter(code)
    await shop.idle()


def test_a_shift_is_one_operators_from_log_in_to_log_out(tmp_path, bank):
    async def script(shop):
        await some_business(shop)
        await other_operator(shop)
        await leave(shop)
        await log_in_as(shop, "02", "7539")
        await shop.sell("700")
        await log_in_as(shop, "01", "2580")
        await shop.sell("900")
        await enter(shop, "3")
        await shop.see("看哪一天")
        await shop.press("4")
        await shop.see("操作员 01", "操作员 02", "现在")
        await shop.press("2")
        await shop.see("操作员 02", "消费 1 笔", "¥7.00", "净额")
        await leave(shop)
        book = ReportBook(shop.journal.rows)
        shifts = [await report_of_shift(shop.room, each) for each in await book.shifts(9)]
        whole = await report_of_day(shop.room, shop.clock.now().date())
        assert [report.net for report in shifts] == [900, 700, 15_800]
        assert sum(report.net for report in shifts) == whole.net
        assert [part.key for part in whole.by_operator] == ["01", "02"]
        assert (shifts[0].scope.last, bool(shifts[1].scope.last)) == ("", True)

    play(tmp_path, bank, script)


@pytest.mark.parametrize(("mood", "word"), [("missing", "没有找到 U 盘"), ("full", "U 盘已满"), ("lost", "U 盘断开")])
def test_a_stick_in_trouble_is_named_and_confirm_tries_again(tmp_path, bank, mood, word):
    stick = Stick("", mood)

    async def script(shop):
        await shop.sell("8800")
        await enter(shop, "3", "1", "enter", "5")
        await shop.see("请主管输入密码")
        await shop.enter(BOSS)
        await shop.see(word, "按取消放弃")
        assert len(stick.files) == 1
        await shop.press("enter")
        await shop.see("已导出")

    play(tmp_path, bank, script, stick)
    assert len(stick.files) == 3


def test_an_export_that_is_given_up_says_so_and_ends(tmp_path, bank):
    stick = Stick("", "lost", "lost")

    async def script(shop):
        await enter(shop, "3", "1", "enter", "5")
        await shop.see("请主管输入密码")
        await shop.enter(BOSS)
        await shop.see("U 盘断开")
        await shop.press("enter")
        await shop.see("U 盘断开")
        await shop.press("cancel")
        await shop.see("导出到 U 盘", "打印")

    shop = play(tmp_path, bank, script, stick)
    assert [name.rpartition("-")[2] for name in stick.files] == ["totals.csv"]
    assert not any("已导出" in str(shown) for shown in shop.front.screens)


def test_nothing_is_exported_without_the_supervisor_or_without_a_place(tmp_path, bank):
    stick = Stick()

    async def script(shop):
        await enter(shop, "3", "1", "enter", "5")
        await shop.see("请主管输入密码")
        await shop.enter("111111")
        await shop.see("密码")
        await shop.press("enter", "cancel")
        await shop.see("导出到 U 盘", "打印")
        assert stick.files == {}
        shop.room.hardware = dataclasses.replace(shop.room.hardware, export=None)
        await shop.press("5")
        await shop.see("没有设置导出位置")

    play(tmp_path, bank, script, stick)


def test_an_exchange_tells_its_whole_story(tmp_path, bank):
    async def script(shop):
        await some_business(shop)
        await enter(shop, "2")
        await shop.see("日期", "金额", "卡号后四位", "凭证号", "参考号", "操作员", "类型", "查看结果")
        await shop.press("7")
        await shop.see("不限", "消费", "撤销", "退货")
        await shop.press("4")
        await shop.see("类型", "退货", "查看结果 1")
        await shop.press("8")
        await shop.see("¥30.00", "退货 已受理")
        await shop.press("1")
        await shop.see("类型 退货", "金额 ¥30.00", "卡号")
        await shop.press("down")
        await shop.see("签名 纸质")
        await shop.press("enter")
        await shop.see("经过", "报文", "退款申请", "相关交易")
        await shop.press("1")
        await shop.see("正在连接收单机构", "已发送，等待应答", "已受理")
        await shop.press("enter")
        await shop.press("2")
        await shop.see("发出 0220", "收到 0230", "应答码 00")
        await shop.press("1")
        await shop.see("0220", "域11", "域4")
        await shop.press("enter")
        await shop.press("cancel")
        await shop.press("3")
        await shop.see("申请 000001", "状态 已受理", "顾客退货")
        await shop.press("enter")
        await shop.see("经过 4", "材料 0")
        await shop.press("1")
        await shop.see("提交", "批准", "按政策", "受理", "收单机构")
        await shop.press("cancel", "cancel")
        await shop.see("相关交易")
        await shop.press("4")
        await shop.see("¥100.00", "消费 已受理")
        await shop.press("1")
        await shop.see("类型 消费", "¥100.00")
        await shop.press("enter")
        await shop.see("相关交易")
        await shop.press("4")
        await shop.see("¥30.00")
        await shop.press("cancel", "cancel", "cancel")
        await shop.see("重打印")
        before = len(shop.printer.papers)
        await shop.press("5")
        await shop.see("撕下")
        await shop.press("enter")
        await shop.see("重打印 / 查询")
        assert len(shop.printer.papers) == before + 2

    shop = play(tmp_path, bank, script)
    assert "重打印凭证" in shop.paper()


@pytest.mark.parametrize(
    ("key", "typed", "count"),
    [
        ("2", "8800", 1),
        ("2", "8801", 0),
        ("3", "", 2),
        ("4", "1", 0),
        ("6", "01", 3),
        ("6", "09", 0),
    ],
)
def test_a_search_by_one_thing(tmp_path, bank, key, typed, count):
    async def script(shop):
        await some_business(shop)
        await enter(shop, "2", key)
        await shop.see("输入")
        await shop.enter(typed or bank.tray["unionpay-credit"].pan[-4:])
        await shop.see(f"查看结果 {count}")
        await shop.press("8")
        await shop.see(*(["没有符合的记录"] if not count else ["已受理"]))

    play(tmp_path, bank, script)


def test_a_search_by_voucher_rrn_and_day(tmp_path, bank):
    async def script(shop):
        await some_business(shop)
        sale = (await shop.journal.sales())[0]
        await enter(shop, "2", "4")
        await shop.see("凭证号", "不限")
        await shop.enter(sale.request.stan.lstrip("0"))
        await shop.see(f"凭证号 {sale.request.stan}", "查看结果 1")
        await shop.press("5")
        await shop.see("参考号")
        await shop.enter(sale.reply.rrn)
        await shop.see(sale.reply.rrn, "查看结果 1")
        await shop.press("1")
        await shop.see("今天", "昨天", "其他日期")
        await shop.press("2")
        await shop.see("2026-11-22", "查看结果 0")
        await shop.press("1", "3")
        await shop.see("请输入日期")
        await shop.enter("20261399")
        await shop.see("没有这一天")
        await shop.press(*["clear"] * 8)
        await shop.enter("20261123")
        await shop.see("2026-11-23", "查看结果 1")

    play(tmp_path, bank, script)


def test_the_story_of_what_nobody_knew_has_its_inquiries_and_those_of_no_other(tmp_path, bank):
    async def script(shop):
        await shop.sell("10000")
        bank.line("answer_lost")
        await shop.refund("3000")
        await shop.see("结果未知")
        await shop.press("enter")
        await shop.idle()
        stage = (await shop.journal.open_stages())[0]
        assert isinstance(stage, Unknown)
        bank.line("up")
        await shop.sell("500")  # its messages stand between the request and the inquiry
        await shop.settle(120)
        stage = await shop.journal.exchange(stage.request.id)
        assert isinstance(stage, Accepted)
        found = await messages_of(ReportBook(shop.journal.rows), stage)
        told = [(event.kind, msgspec.json.decode(event.body)["what"]) for event in found]
        assert told[0] == ("sent", "0220")
        assert ("received", "0210") in told
        assert ("received", "0230") not in told
        sale = (await shop.journal.sales())[0]
        own = await messages_of(ReportBook(shop.journal.rows), sale)
        assert [event.kind for event in own] == ["sent", "received"]
        assert not {event.seq for event in own} & {event.seq for event in found}
        assert found[0].seq < own[0].seq < found[-1].seq

    play(tmp_path, bank, script)


def test_g9_applications_by_where_they_are_and_late_ones(tmp_path, bank):
    async def script(shop):
        await some_business(shop)
        await enter(shop, "1")
        await shop.see("待处理 0", "已批准未办 0", "结果未知 0", "逾期未到账 0", "全部申请 1", "去审核")
        await shop.press("5")
        await shop.see("¥30.00", "000001 已受理")
        await shop.press("1")
        await shop.see("申请 000001", "状态 已受理", "申请人 01")
        await shop.press("down")
        await shop.see("批准人 按政策", "原交易金额")
        await leave(shop)
        shop.clock.adopt(shop.clock.now().replace(month=12, day=20))
        await enter(shop, "1")
        await shop.see("逾期未到账 1")
        await shop.press("4")
        await shop.see("000001 已受理")
        await leave(shop)
        report = await report_of_day(shop.room, shop.clock.start.date())
        assert (report.late.count, report.late.minor, report.entries[-1].is_late) == (1, 3000, True)

    play(tmp_path, bank, script)


def test_a_locked_operator_neither_logs_in_nor_opens_the_office(tmp_path, bank):
    async def script(shop):
        await other_operator(shop)
        await shop.press("2")
        await shop.see("操作员 02", "锁定", "重设密码", "组长", "删除")
        await shop.press("3")
        await shop.see("为什么", "岗位变动")
        await shop.press("4")
        await shop.see("现在是组长")
        await shop.press("enter")
        await shop.see("操作员 02 组长")
        await shop.press("2", "1")
        await shop.see("为什么")
        await shop.press("3")
        await shop.see("已锁定，不能登录和审核")
        await shop.press("enter")
        await leave(shop)
        await shop.press("9")
        await shop.see("请输入操作员号")
        await shop.enter("02")
        await shop.see("须主管解锁")
        await shop.press("cancel")
        await shop.see("请输入操作员号")
        await shop.enter("01")
        await shop.see("操作员 01 的密码")
        await shop.enter("2580")
        await shop.idle()
        await shop.press("down", "7")
        await shop.see("谁进入")
        await shop.press("clear", "clear")
        await shop.enter("02")
        await shop.see("须主管解锁")
        await shop.press("cancel")
        await shop.idle()
        events = await ReportBook(shop.journal.rows).events(msgspec.structs.replace(EVERY, kinds=("operator",)), 99)
        return [msgspec.json.decode(event.body) for event in events]

    said = []

    async def kept(shop):
        said.extend(await script(shop))

    play(tmp_path, bank, kept)
    assert {"id": "02", "role": "senior", "why": "locked, suspicion", "by": "00"} in said
    assert {"id": "02", "role": "senior", "why": "role senior, duty", "by": "00"} in said


def test_nobody_changes_himself_and_who_is_logged_in_stays(tmp_path, bank):
    async def script(shop):
        await other_operator(shop)
        for act in ("1", "3", "4"):
            await shop.press("1", act)
            await shop.see("为什么")
            await shop.press("6")
            await shop.see("不能改自己")
            await shop.press("enter")
            await shop.see("操作员 01", "操作员 02")
        await shop.press("2", "4", "1")
        await shop.see("以往的交易记录不变")
        await shop.press("enter")
        await shop.see("02 已删除")
        await shop.press("enter")
        await shop.see("操作员 01", "添加操作员")
        assert "操作员 02" not in shop.text()

    play(tmp_path, bank, script)


def test_a_senior_reads_and_changes_nothing(tmp_path, bank):
    stick = Stick()

    async def script(shop):
        await other_operator(shop)
        await shop.press("2", "3", "4")
        await shop.see("现在是组长")
        await shop.press("enter")
        await leave(shop)
        await shop.press("down", "7")
        await shop.see("谁进入")
        await shop.press("clear", "clear")
        await shop.enter("02")
        await shop.see("操作员 02 的密码")
        await shop.enter("7539")
        await shop.see("财务处理", "02 已进入")
        await shop.press("4")
        await shop.see("需要主管或组长")
        await shop.press("enter")
        await shop.press("3", "1", "enter", "5")
        await shop.see("请主管输入密码")
        await shop.enter("753900")
        await shop.see("密码")
        assert stick.files == {}

    play(tmp_path, bank, script, stick)


@pytest.mark.parametrize("number", ["01", "17", "91"])
def test_who_has_no_rank_does_not_come_in(tmp_path, bank, number):
    async def script(shop):
        await shop.press("down", "7")
        await shop.see("谁进入")
        await shop.press("clear", "clear")
        await shop.enter(number)
        if number != "91":
            await shop.see(f"操作员 {number} 的密码")
            await shop.enter("2580")
        await shop.see("需要主管或组长的密码" if number != "17" else "密码错误")

    play(tmp_path, bank, script)


def test_idle_hands_close_the_office_wherever_it_is(tmp_path, bank):
    async def script(shop):
        await enter(shop, "3", "1")
        await shop.see("汇总")
        await shop.settle(59)
        await shop.see("汇总")
        await shop.press("down")
        await shop.settle(59)
        await shop.press("enter")
        await shop.see("按操作员")
        await shop.settle(61)
        await shop.idle()

    shop = play(tmp_path, bank, script)
    assert not any("desk.timed_out" in str(shown) for shown in shop.front.screens)  # "nothing was done" would be a lie


def test_the_audit_view_tells_all_in_words_and_knows_a_broken_chain(tmp_path, bank):
    async def script(shop):
        await some_business(shop)
        await shop.press("3")
        await shop.see("查找其他交易")
        await shop.press("cancel")
        await enter(shop, "6")
        await shop.see("记录链完好", "全部", "资金", "退款申请", "人员", "密钥和签到", "故障和拒绝", "日期 不限")
        await shop.press("4")
        await shop.see("00 进入管理后台", "人员 99：改了密码，由 99")
        await shop.press("1")
        await shop.see("序号")
        await shop.press("enter")
        await shop.press("cancel")
        for group, word in (("1", "进入管理后台"), ("2", "退货 ¥30.00"), ("3", "申请 000001"), ("5", "已签到")):
            await shop.press(group)
            await shop.see(word)
            await walk(shop)
        await shop.press("7", "2")
        await shop.see("2026-11-22")
        await shop.press("1")
        await shop.see("没有符合的记录")
        await shop.press("enter", "7")
        await shop.see("日期 不限")
        await leave(shop)
        shop.journal._store.db.execute("UPDATE event SET at = replace(at, '11-23', '11-22') WHERE seq = 5")
        await enter(shop, "6")
        await shop.see("记录链在第 5 条断开")

    play(tmp_path, bank, script)


async def walk(shop):
    """Every page of a list, every page of every detail on it, and back."""
    for _ in range(4):
        for digit in "123456789":
            before = shop.text()
            await shop.press(digit)
            if shop.text() != before:
                await shop.press("down", "cancel")
                await shop.see(before.splitlines()[0])
        await shop.press("down")
    await shop.press("cancel")


def test_the_policy_is_read_in_the_office(tmp_path, bank):
    async def script(shop):
        await enter(shop, "5")
        await shop.see("退款政策", "可退期限")

    play(tmp_path, bank, script)


def test_an_older_exchange_is_found_from_the_main_menu_too(tmp_path, bank):
    async def script(shop):
        for amount in range(1, 11):
            await shop.sell(str(amount * 100))
        await shop.press("3")
        await shop.see("¥10.00", "查找其他交易")
        assert "¥1.00" not in shop.text()
        await shop.press("9", "2")
        await shop.see("金额")
        await shop.enter("100")
        await shop.press("8", "1")
        await shop.see("类型 消费", "¥1.00")
        assert (await shop.journal.recent(1))[0].request.kind is Kind.SALE

    play(tmp_path, bank, script)


def test_a_returned_application_says_who_and_why(tmp_path, bank):
    """The reviewer's word is in it: an id of words of his (terminal/dialogue/reviewing.py), or what the policy said."""

    async def script(shop):
        await some_business(shop)
        first = await shop.journal.applications.one("000001")
        one = msgspec.structs.replace(first, id="000002", state=State.DRAFT, marks=(), exchange_id="")
        for act, by, why in (
            (Act.SUBMIT, "01", ""),
            (Act.REVIEW, "00", ""),
            (Act.SEND_BACK, "00", "returned.amount"),
            (Act.SUBMIT, "01", ""),
            (Act.REVIEW, "00", ""),
            (Act.SEND_BACK, "00", "wants.photo"),
            (Act.WITHDRAW, "terminal", "stale"),
        ):
            one = moved(one, act, first.at, by, why)
        await shop.journal.applications.keep(one)
        await enter(shop, "1", "5", "1", "enter", "1")
        await shop.see("退回", "开始审核", "提交")
        await shop.press("down")
        await shop.see("放得太久")

    play(tmp_path, bank, script)
