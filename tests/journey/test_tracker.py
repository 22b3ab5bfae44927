"""退款追踪 and the end of UNKNOWN (guide G12, G6): followed until it is there, ended by people, overruled by the bank.

The bank's file and its answers come late, twice, at midnight and between power cuts; people are told what they were
told wrongly, once and loudly.
"""

import asyncio
from datetime import timedelta

import msgspec
import pytest

from simulator.acquirer.manner import Manner
from simulator.acquirer.reconciliation import reconciliation
from terminal.dialogue import findings
from terminal.dialogue.daily_file import read_inbox
from terminal.dialogue.desk import Cancelled
from terminal.dialogue.morning import left_over, morning
from terminal.exchange.comparison import Finding
from terminal.exchange.overruling import rests_on
from terminal.exchange.request import FeeSheet
from terminal.exchange.signatures import owe_signature
from terminal.exchange.stages import Accepted, GivenUp, Refused, Reversed, Unknown
from terminal.iso8583.dialect import Choices
from terminal.iso8583.kinds import Kind
from terminal.journal.journal import Operator
from terminal.money import Money
from terminal.refund.application import Act, Application, State, moved
from terminal.refund.policy import Need, Needed
from terminal.refund.sale import sold_here
from terminal.screens import Shown
from tests.journey.shop import INQUIRY, MERCHANT_ID, Bank, PlainPasswords, day
from tests.journey.teller import Teller
from ui.layout import DEVICE_CLASSES
from ui.page import page
from ui.painter import Painter
from ui.text import words

NO_INQUIRY = Choices()
DAY, NEXT = "2026-11-23", "2026-11-24"
PAINTERS = [Painter(name) for name in DEVICE_CLASSES]
SAID = ("stranger", "altered", "booked", "not-booked", "missing")
OVERRULED = (("refused", "accepted"), ("reversed", "accepted"), ("accepted", "refused"), ("accepted", "reversed"))
OF_PEOPLE = (Needed(Need.REVIEW, "amount"),)
CODES = {"00": "135790", "02": "1470"}


@pytest.fixture
def bank():
    bank = Bank()
    yield bank
    bank.ledger.close()


def file_of(bank, first=DAY, last=NEXT):
    return reconciliation(bank.ledger, first, MERCHANT_ID, last)


def with_row(text, row):
    """The same file with one row more, whole again."""
    *lines, end = text.splitlines()
    _, count, total = end.split(",")
    amount = int(row.split(",")[5])
    return "\n".join([*lines, row, f"#end,{int(count) + 1},{int(total) + amount}"]) + "\n"


async def second_operator(shop):
    digest = await PlainPasswords().digest(CODES["02"])
    await shop.journal.keep_operator(Operator("02", "operator", digest, is_factory=False), "test", "test")


async def lose_a_refund(shop, fault="lost", amount="4000"):
    """A sale of 100.00, and a refund of it that nobody knows the end of; idle again."""
    await second_operator(shop)
    await shop.sell("10000")
    shop.bank.spoil(fault, "0220")
    await shop.refund(amount)
    await shop.see("结果未知")
    await shop.press("enter", "enter")
    await shop.idle()
    (stage,) = await shop.journal.open_stages()
    return stage


async def open_tracker(shop):
    await shop.press("down")
    await shop.see("退款追踪")
    await shop.press("6")


async def to_actions(shop, *texts):
    """The first one of the list, past its story."""
    await shop.see("退款追踪", *texts)
    await shop.press("1")
    await shop.see("按确认看能做什么")
    await shop.press(*["enter"])
    await shop.see("银行查询信息", "打印查询信息")


async def say_it(shop, answer, how="1", number="20261124"):
    """From the actions to the codes: 1 is booked, 2 is never received."""
    await shop.press("4")
    await shop.see("银行怎么说这笔退货")
    await shop.press(answer)
    await shop.see("电话", "书面答复", "账单或流水")
    await shop.press(how)
    await shop.enter(number)
    await shop.see("结论", "凭据编号", number)
    await shop.press("enter")
    await shop.see("主管")
    await shop.enter(CODES["00"])


async def second_says_so(shop, who="02"):
    await shop.see("第二个人的操作员号")
    await shop.enter(who)
    await shop.see(f"请输入操作员 {who} 的密码")
    await shop.enter(CODES[who])


async def by_two_people(shop, answer):
    await open_tracker(shop)
    await to_actions(shop, "结果未知")
    await say_it(shop, answer)
    await second_says_so(shop)


def play(tmp_path, bank, script, choices=NO_INQUIRY):
    async def whole(shop):
        await shop.first_day()
        await script(shop)

    fits(day(tmp_path, bank, whole, choices=choices))


def fits(shop):
    """Every screen that was shown has its place on every glass, in both languages."""
    shown = {msgspec.json.encode(each.screen): each.screen for each in shop.front.screens}
    for painter in PAINTERS:
        for language in ("zh_CN", "en"):
            for screen in shown.values():
                assert not painter.overflows(Shown(screen, language=language)), (painter.device.name, language, screen)


# --- two people ------------------------------------------------------------------------------------------------------
def test_never_received_by_two_people_lets_it_be_made_again_and_the_bank_overrules_loudly(tmp_path, bank):
    async def script(shop):
        lost = await lose_a_refund(shop)
        await shop.press("refund", "1")
        await shop.see("有一笔退款结果未知")  # the lock on the sale
        await shop.press("enter")
        await shop.idle()
        sent = len(shop.line.sent)
        await by_two_people(shop, "2")
        await shop.see("没有入账（按证据）", "可以重新办理", "以银行为准")
        assert len(shop.line.sent) == sent, "nothing is sent by it"
        stage = await shop.journal.exchange(lost.request.id)
        assert isinstance(stage, Refused)
        said = rests_on(stage)
        assert (said.how, said.reference, said.supervisor, said.second) == ("phone", "20261124", "00", "02")
        assert (await shop.journal.applications.of_exchange(lost.request.id)).state is State.REFUSED
        await shop.press("enter", "cancel", "cancel")
        await shop.idle()
        await shop.settle(61)
        await shop.refund("4000")
        await shop.see("退货已受理")
        await shop.done()
        bank.inbox.files["1123.csv"] = file_of(bank)  # the bank had the first one all the time
        await shop.settle(60)
        stage = await shop.journal.exchange(lost.request.id)
        assert isinstance(stage, Accepted)
        assert rests_on(stage) is None
        assert (await shop.journal.applications.of_exchange(lost.request.id)).state is State.ACCEPTED
        await shop.press("refund")
        await shop.see("其实已经入账", "付了两次", "U10")
        await shop.press("enter")
        await shop.see("退哪一笔")
        await shop.press("cancel")
        assert await findings.unseen(shop.room) == []
        assert await shop.journal.verify() is None

    play(tmp_path, bank, script)
    assert bank.balance() == 1_000_000 - 10_000 + 8_000


def test_neither_who_asked_nor_the_supervisor_is_the_second_person(tmp_path, bank):
    async def script(shop):
        stage = await lose_a_refund(shop)
        await open_tracker(shop)
        await to_actions(shop)
        await say_it(shop, "2")
        for who in ("01", "00"):
            await shop.see("第二个人的操作员号")
            await shop.enter(who)
            await shop.see("须由不同的人操作")
            await shop.press("enter")
        await shop.see("第二个人的操作员号")
        await shop.enter("77")
        await shop.see("请输入操作员 77 的密码")
        await shop.enter("1111")
        await shop.see("密码错误")
        await shop.press("cancel", "cancel")
        await shop.settle(1)
        assert await shop.journal.exchange(stage.request.id) == stage

    play(tmp_path, bank, script)


@pytest.mark.parametrize(("fault", "is_told"), [("lost", False), ("request_lost", True)])
def test_booked_by_two_people_is_confirmed_in_silence_and_overruled_aloud(tmp_path, bank, fault, is_told):
    async def script(shop):
        lost = await lose_a_refund(shop, fault)
        await by_two_people(shop, "1")
        await shop.see("退货已受理", "凭据编号", "20261124")
        await shop.press("enter")
        await shop.settle(5)
        await shop.press("enter", "enter", "enter")
        assert "两人凭银行答复认定" in shop.paper()
        stage = await shop.journal.exchange(lost.request.id)
        assert isinstance(stage, Accepted)
        assert rests_on(stage) is not None
        shop.clock.offset += timedelta(days=2)
        bank.inbox.files["a.csv"] = file_of(bank)
        await shop.settle(90)
        stage = await shop.journal.exchange(lost.request.id)
        assert isinstance(stage, Refused if is_told else Accepted)
        assert rests_on(stage) is None
        told = [finding.after for finding in await findings.unseen(shop.room)]
        assert told == (["refused"] if is_told else [])
        await shop.settle(60)
        assert await shop.journal.owed.all("testimony", "unconfirmed") == []

    play(tmp_path, bank, script)


def test_what_two_people_said_is_still_asked_about_and_a_late_answer_overrules(tmp_path, bank):
    async def script(shop):
        await second_operator(shop)
        await shop.sell("10000")
        bank.line("answer_lost")
        await shop.refund("4000")
        await shop.see("结果未知")
        await shop.press("enter", "enter")
        await shop.idle()
        (lost,) = await shop.journal.open_stages()
        await by_two_people(shop, "2")
        await shop.see("没有入账（按证据）")
        await shop.press("enter", "cancel", "cancel")
        assert await shop.journal.open_stages() == []
        refunds = sum(frame[11:13].hex() == "0220" for frame in shop.line.sent)
        bank.line("up")
        await shop.settle(3700)
        stage = await shop.journal.exchange(lost.request.id)
        assert isinstance(stage, Accepted)
        assert rests_on(stage) is None
        assert sum(frame[11:13].hex() == "0220" for frame in shop.line.sent) == refunds, "asked, never sent again"
        (finding,) = await findings.unseen(shop.room)
        assert (finding.before, finding.after) == ("refused", "accepted")
        inquiries = len(shop.line.sent)
        await shop.settle(8000)
        assert len(shop.line.sent) == inquiries, "once the bank has spoken it is not asked any more"

    play(tmp_path, bank, script, INQUIRY)


def test_a_reversal_that_was_given_up_ends_by_two_people_too(tmp_path, bank):
    async def script(shop):
        await second_operator(shop)
        teller = Teller(shop)
        await teller.sign_in()
        bank.line("answer_lost")
        stage = await teller.do(Kind.SALE, 10_000)
        bank.line("up")
        assert isinstance(stage, GivenUp)
        await shop.press("refund")
        await shop.supervisor_code()
        await shop.press("cancel")
        await shop.idle()
        await open_tracker(shop)
        await shop.see("结果未知")
        await shop.press("1")
        await shop.see("按确认看能做什么")
        await shop.press("enter")
        await shop.see("打印查询信息")
        await shop.press("3")  # it is not asked about: its reversal is given up
        await shop.see("银行怎么说这笔消费")
        await shop.press("2", "2")
        await shop.enter("4711")
        await shop.see("书面答复", "4711")
        await shop.press("enter")
        await shop.see("主管")
        await shop.enter(CODES["00"])
        await second_says_so(shop)
        await shop.see("已冲正", "以银行为准")
        stage = await teller.now(stage)
        assert isinstance(stage, Reversed)
        assert rests_on(stage).how == "letter"
        shop.clock.offset += timedelta(days=2)
        bank.inbox.files["a.csv"] = file_of(bank)
        await shop.settle(60)
        assert rests_on(await teller.now(stage)) is None
        assert await findings.unseen(shop.room) == []

    play(tmp_path, bank, script, Choices(keeps_reversal=False))


# --- power cuts ------------------------------------------------------------------------------------------------------
def test_cut_at_every_moment_of_a_testimony_it_is_said_whole_or_not_at_all(tmp_path):
    seen, moment = set(), 0
    while True:
        moment += 1
        folder = tmp_path / str(moment)
        folder.mkdir()
        bank, ids = Bank(), []

        async def script(shop, ids=ids):
            await shop.first_day()
            ids.append((await lose_a_refund(shop)).request.id)
            await open_tracker(shop)
            await to_actions(shop)
            await say_it(shop, "2")
            await shop.see("第二个人的操作员号")
            await shop.enter("02")
            await shop.see("请输入操作员 02 的密码")
            shop.current.is_armed = True
            await shop.enter(CODES["02"])
            await shop.settle(20)

        async def afterwards(shop, ids=ids, bank=bank):
            await shop.another_day()
            stage = await shop.journal.exchange(ids[0])
            application = await shop.journal.applications.of_exchange(ids[0])
            assert isinstance(stage, Unknown | Refused)
            assert application.state is (State.UNKNOWN if isinstance(stage, Unknown) else State.REFUSED)
            seen.add(type(stage))
            shop.clock.offset += timedelta(days=2)
            bank.inbox.files["a.csv"] = file_of(bank)
            await shop.settle(60)
            assert isinstance(await shop.journal.exchange(ids[0]), Accepted)
            told = await findings.unseen(shop.room)
            assert len(told) == isinstance(stage, Refused), "told exactly when it was said otherwise"

        cut = day(folder, bank, script, cut_at=moment, choices=NO_INQUIRY)
        day(folder, bank, afterwards, choices=NO_INQUIRY)
        bank.ledger.close()
        if cut.current.moments < moment:
            break
        assert moment < 100
    assert seen == {Unknown, Refused}


def test_cut_at_every_moment_of_a_file_that_overrules_it_is_told_once(tmp_path):
    moment, overruled = 0, set()
    while True:
        moment += 1
        folder = tmp_path / str(moment)
        folder.mkdir()
        bank, ids = Bank(), []

        async def script(shop, ids=ids, bank=bank):
            await shop.first_day()
            ids.append((await lose_a_refund(shop)).request.id)
            await by_two_people(shop, "2")
            await shop.see("没有入账（按证据）")
            await shop.press("enter", "cancel", "cancel")
            await shop.idle()
            shop.clock.offset += timedelta(days=2)
            bank.inbox.files["a.csv"] = file_of(bank)
            shop.current.is_armed = True
            await read_inbox(shop.room)

        async def afterwards(shop, ids=ids):
            await shop.another_day()
            overruled.add(type(await shop.journal.exchange(ids[0])))
            await shop.settle(60)
            assert isinstance(await shop.journal.exchange(ids[0]), Accepted)
            assert (await shop.journal.applications.of_exchange(ids[0])).state is State.ACCEPTED
            assert len(await findings.unseen(shop.room)) == 1
            assert await shop.journal.verify() is None

        cut = day(folder, bank, script, cut_at=moment, choices=NO_INQUIRY)
        day(folder, bank, afterwards, choices=NO_INQUIRY)
        bank.ledger.close()
        if cut.current.moments < moment:
            break
        assert moment < 100
    assert overruled == {Refused, Accepted}


# --- followed until it is there --------------------------------------------------------------------------------------
async def accepted_refund(shop, amount="4000"):
    await shop.sell("10000")
    await shop.refund(amount)
    await shop.see("退货已受理")
    await shop.done()
    (application,) = await shop.journal.applications.in_state((State.ACCEPTED,))
    return application


def test_a_refund_is_followed_late_and_on_a_line_for_the_bank(tmp_path, bank):
    async def script(shop):
        application = await accepted_refund(shop)
        assert "预计到账" in shop.paper()
        assert "2026/11/24-11/26" in shop.paper()  # a debit card: 1 to 3 working days from a Monday
        assert f"申请号{application.id:>24}".replace(" ", "") in shop.paper().replace(" ", "")
        stage = await shop.journal.exchange(application.exchange_id)
        await open_tracker(shop)
        await shop.see("¥40.00", "应于 11/26 前到账")
        assert "逾期" not in shop.text()
        await shop.press("1")
        await shop.see("11/24 至 11/26", stage.reply.rrn)
        await shop.press("down")
        await shop.see("执行", "已受理")
        await shop.press("enter")
        await shop.see("银行查询信息")
        await shop.press("1")
        await shop.see(stage.reply.rrn, "商户编号", stage.request.card.masked_pan)
        await shop.press("enter")
        rrn = stage.reply.rrn
        line = (
            f"RRN {rrn} 2026-11-23 40.00 {stage.request.card.masked_pan} T10000001 M{MERCHANT_ID} V{stage.request.id}"
        )
        await shop.see(f"二维码: {line}")
        await shop.press("enter")
        await shop.see("打印查询信息")
        await shop.press("2")
        await shop.settle(1)
        assert "退款查询单" in shop.paper()
        assert bank.tray["unionpay-debit"].pan not in shop.paper()
        await shop.press("cancel", "cancel")
        await shop.idle()
        shop.clock.offset += timedelta(days=4)  # Friday: its last day was Thursday
        await open_tracker(shop)
        await shop.see("其中 1 笔逾期", "逾期，应于 11/26 前到账")
        await shop.press("1")
        await shop.see("逾期未到账")
        await shop.press("enter")
        await shop.see("持卡人说已到账")
        await shop.press("3")
        await shop.see("不再追踪")
        await shop.press("enter")
        await shop.idle()
        closed = await shop.journal.applications.one(application.id)
        assert closed.state is State.CLOSED
        assert closed.marks[-2].by == "01"
        await open_tracker(shop)
        await shop.see("没有要追踪的退款", "U01")

    play(tmp_path, bank, script)


def test_the_last_day_is_not_late_before_its_midnight(tmp_path, bank):
    async def script(shop):
        await accepted_refund(shop)
        shop.clock.adopt(shop.clock.now().replace(day=26, hour=23, minute=58))
        assert "morning.late" not in [line.words.id for line in await left_over(shop.room)]
        await shop.settle(180)
        assert "morning.late" in [line.words.id for line in await left_over(shop.room)]

    play(tmp_path, bank, script)


def test_the_bank_says_credited_in_its_file_and_it_is_closed(tmp_path):
    bank = Bank(Manner(credit_seconds=2 * 86_400.0))

    async def script(shop):
        application = await accepted_refund(shop)
        bank.inbox.files["1123.csv"] = file_of(bank, DAY, NEXT)
        await shop.settle(40)
        assert (await shop.journal.applications.one(application.id)).state is State.ACCEPTED  # pending is not credited
        shop.clock.offset += timedelta(days=2)
        assert shop.host.credit_due() == 1
        text = file_of(bank, "2026-11-25", "2026-11-25")
        assert ",credited," in text
        bank.inbox.files["1125.csv"] = text
        await shop.settle(40)
        closed = await shop.journal.applications.one(application.id)
        assert [mark.act.value for mark in closed.marks[-2:]] == ["credit", "close"]
        assert bank.inbox.verdicts["1125.csv"] == ("done", "")
        bank.inbox.files["again.csv"] = text  # the same once more
        await shop.settle(40)
        assert await shop.journal.applications.one(application.id) == closed

    play(tmp_path, bank, script)
    bank.ledger.close()


# --- what does not fit -----------------------------------------------------------------------------------------------
def test_a_refund_in_our_name_that_was_made_elsewhere_is_said_until_it_is_seen(tmp_path, bank):
    row = f"10000001,000009,000321,refund,0220,7000,999999999999,00,approved,{DAY}T12:00:00,{DAY},"

    async def script(shop):
        await accepted_refund(shop)
        bank.inbox.files["a.csv"] = with_row(file_of(bank), row)
        bank.inbox.files["b.csv"] = with_row(file_of(bank), row)
        await shop.settle(40)
        (finding,) = await findings.unseen(shop.room)
        assert (finding.what, finding.amount, finding.rrn) == ("stranger", 7000, "999999999999")
        assert "morning.findings" in [line.words.id for line in await left_over(shop.room)]
        reported = await shop.journal.rows("SELECT body FROM event WHERE kind = 'finding'")
        assert len(reported) == 1
        await findings.show(shop.room, finding)
        assert await findings.unseen(shop.room) == [finding], "nobody pressed a key"

    play(tmp_path, bank, script)


def test_a_refund_held_refused_that_the_bank_booked_is_accepted_and_told(tmp_path, bank):
    async def script(shop):
        await shop.sell("10000")
        bank.spoil("says", "0220", "61")  # booked, and answered with a refusal
        await shop.refund("4000")
        await shop.see("61")
        await shop.press("enter")
        await shop.idle()
        (refused,) = [stage for stage in await shop.journal.recent() if stage.request.kind is Kind.REFUND]
        assert isinstance(refused, Refused)
        shop.clock.offset += timedelta(days=2)
        bank.inbox.files["a.csv"] = file_of(bank)
        await shop.settle(40)
        assert isinstance(await shop.journal.exchange(refused.request.id), Accepted)
        (finding,) = await findings.unseen(shop.room)
        assert (finding.what, finding.after) == ("overruled", "accepted")
        await shop.press("refund")
        await shop.see("其实已经入账")

    play(tmp_path, bank, script)


# --- the morning list ------------------------------------------------------------------------------------------------
async def come_in(shop):
    """The next morning, as after the first log-in."""
    shop.room.operator = "01"
    shop.clock.offset += timedelta(days=1)
    shop.terminal = asyncio.ensure_future(morning(shop.room))


def test_the_morning_list_leads_to_what_is_left_over_and_is_seen_once_a_day(tmp_path, bank):
    async def evening(shop):
        await shop.first_day()
        await lose_a_refund(shop)
        await shop.settle(61)

    async def dawn(shop):
        await come_in(shop)
        await shop.see("早间清单", "1 笔结果未知", "昨日未结算（1 笔）", "11/23 共退款 1 笔")
        await shop.press("1")
        await shop.see("退款追踪", "结果未知")
        await shop.press("cancel")
        await shop.see("早间清单")
        await shop.press("3")
        await shop.see("2026-11-23 各操作员退款", "操作员 01：1 笔 ¥40.00")
        await shop.press("enter")
        await shop.see("早间清单")
        await shop.press("cancel")
        await shop.terminal
        assert await shop.journal.setting("morning", "") == NEXT
        screens = len(shop.front.screens)
        await morning(shop.room)  # the next log-in of the same day
        assert len(shop.front.screens) == screens

    day(tmp_path, bank, evening, choices=NO_INQUIRY)
    fits(day(tmp_path, bank, dawn, choices=NO_INQUIRY))


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_every_finding_is_said_whole_on_every_glass(language):
    known = [Finding(what, "000001", "000002", "refund", 100_000_00, DAY, "263270000009") for what in SAID]
    told = [Finding("overruled", "000001", "000002", "refund", 100_000_00, DAY, "", *ends) for ends in OVERRULED]
    for finding in (*known, *told, Finding("stranger", "000001", "000002", "of-another-kind", 1, DAY)):
        shown = Shown(findings.notice(finding), language=language)
        assert "[" not in "".join(page(shown, words(language, is_strict=True)).plain_lines())
        for painter in PAINTERS:
            assert not painter.overflows(shown), (painter.device.name, finding)


def test_a_morning_with_nothing_left_over_has_no_screen(tmp_path, bank):
    async def script(shop):
        await shop.first_day()
        screens = len(shop.front.screens)
        await morning(shop.room)
        assert len(shop.front.screens) == screens
        assert await shop.journal.setting("morning", "") == DAY

    day(tmp_path, bank, script)


async def aged_application(shop):
    """One that was handed in five hours ago and that nobody has looked at."""
    sale = await Teller(shop).do(Kind.SALE, 10_000)
    at = (shop.clock.now() - timedelta(hours=5)).isoformat(timespec="seconds")
    fees, me = FeeSheet(Money(10_000)), "02"
    draft = Application("000041", sold_here(sale), fees, "defective", Kind.REFUND, me, at, "test", OF_PEOPLE)
    await shop.journal.applications.keep(moved(draft, Act.SUBMIT, at, me))


def test_at_every_log_in_first_what_the_bank_says_otherwise_and_then_what_waits_too_long(tmp_path, bank):
    async def script(shop):
        await Teller(shop).sign_in()
        await aged_application(shop)
        told = Finding("overruled", "000001", "000002", "refund", 4000, DAY, "263270000009", "refused", "accepted")
        assert await findings.keep(shop.room, told)
        assert not await findings.keep(shop.room, told)
        await shop.journal.remember("morning", DAY)  # the list of today was seen
        shop.terminal = asyncio.ensure_future(morning(shop.room))
        await shop.see("其实已经入账", "U10")
        await shop.press("enter")
        await shop.see("1 笔申请久等未审", "000041")
        await shop.press("cancel")
        await shop.terminal
        shop.terminal = asyncio.ensure_future(morning(shop.room))
        await shop.see("1 笔申请久等未审")
        await shop.press("enter")
        await shop.see("待审核")
        await shop.press("cancel")
        with pytest.raises(Cancelled):
            await shop.terminal
        shop.terminal = None

    fits(day(tmp_path, bank, script, choices=NO_INQUIRY))


def test_signatures_of_days_before_are_a_line_that_sends_them(tmp_path, bank):
    async def script(shop):
        teller = Teller(shop)
        await teller.sign_in()
        sale = await teller.do(Kind.SALE, 10_000)
        await owe_signature(shop.journal, sale, bytes(40))
        assert "morning.signatures" not in [line.words.id for line in await left_over(shop.room)]
        await come_in(shop)
        await shop.see("1 个签名未上送", "昨日未结算（1 笔）")
        await shop.press("1")
        await shop.settle(5)
        assert await shop.journal.owed.all("signature", "owed") == []
        await shop.see("早间清单", "昨日未结算")
        assert "签名" not in shop.text()
        await shop.press("cancel")
        await shop.terminal

    fits(day(tmp_path, bank, script, choices=NO_INQUIRY))
