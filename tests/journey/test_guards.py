"""Guards (issue 6, point 8): undo, the interrupter, the device in strange hands, lock, clock, the empty slot."""

import asyncio
from datetime import datetime, timedelta

import msgspec
import pytest

from simulator.acquirer.faults import LineState
from simulator.acquirer.host import Host
from terminal.dialogue.desk import Cancelled, Desk
from terminal.events import CodeScanned, KeyPressed
from terminal.exchange.stages import Accepted, Unknown
from terminal.iso8583.kinds import Kind
from terminal.refund.policy import Policy
from terminal.screens import Menu
from tests.journey.shop import PIN, Bank, ScriptedFront, Shop, day
from tests.virtual_time import START, VirtualClock, run

BOSS = "135790"  # the supervisor's, as Shop.supervisor_code sets it; TEST CODE
GIVE_BACK = "请将终端交还收银员"
MONEY = {"0200", "0220", "0400"}


@pytest.fixture
def bank():
    bank = Bank()
    yield bank
    bank.ledger.close()


def play(tmp_path, bank, script, policy=None, **settings):
    async def whole(shop):
        await shop.first_day()
        await script(shop)

    return day(tmp_path, bank, whole, policy, **settings)


def sent(shop):
    """Money messages that left the terminal."""
    return [frame for frame in shop.line.sent if frame[11:13].hex() in MONEY]


async def told(shop, kind):
    """Facts of a kind in the journal, oldest first."""
    rows = await shop.journal.rows("SELECT body FROM event WHERE kind = ? ORDER BY seq", kind)
    return [msgspec.json.decode(body) for (body,) in rows]


def seen_since(shop, start):
    """Titles of the menus shown since; a door that holds shows none but its own."""
    return {shown.screen.title.id for shown in shop.front.screens[start:] if isinstance(shown.screen, Menu)}


async def boss_has_his_code(shop):
    """The supervisor has replaced the factory's."""
    await shop.press("refund")
    await shop.supervisor_code()
    await shop.press("cancel")
    await shop.idle()


# --- undo hold -------------------------------------------------------------------------------------------------------
async def to_confirm(shop):
    await shop.sell("8800")
    await shop.refund_until_card()
    await shop.see("退款明细")
    await shop.press("enter")
    await shop.present("unionpay-debit")
    await shop.see("再核对一遍")
    await shop.pull()


def test_what_is_undone_in_time_is_not_sent_and_the_page_to_check_comes_back(tmp_path, bank):
    async def script(shop):
        await to_confirm(shop)
        before = len(sent(shop))
        await shop.press("enter")
        await shop.see("5 秒后发送", "取消：撤回", "88.00")
        await shop.see("2 秒后发送")
        await shop.press("cancel")
        await shop.see("已撤回", "钱没有动")
        await shop.settle(1)
        assert len(sent(shop)) == before
        await shop.press("enter")
        await shop.see("再核对一遍", "88.00")
        await shop.settle(30)
        assert len(sent(shop)) == before
        assert bank.balance() == 1_000_000 - 8800
        await shop.press("enter")
        await shop.see("撤销已受理")

    play(tmp_path, bank, script, Policy(undo_seconds=5))
    assert bank.balance() == 1_000_000


@pytest.mark.parametrize("keys", [(), ("enter",) * 40, ("clear", "1", "refund", "up", "func")])
def test_nothing_sends_earlier_or_later_and_no_key_outlasts_the_hold(tmp_path, bank, keys):
    async def script(shop):
        await to_confirm(shop)
        before, began = len(sent(shop)), asyncio.get_running_loop().time()
        await shop.press("enter", *keys)
        await shop.settle(began + 6.99 - asyncio.get_running_loop().time())
        assert len(sent(shop)) == before
        await shop.settle(0.05)
        assert len(sent(shop)) == before + 1
        await shop.see("撤销已受理")
        await shop.settle(5)
        await shop.see("撤销已受理")  # what was pressed before did not answer it

    play(tmp_path, bank, script, Policy(undo_seconds=7))


def test_without_seconds_there_is_no_such_screen(tmp_path, bank):
    async def script(shop):
        await to_confirm(shop)
        start = len(shop.front.screens)
        await shop.press("enter")
        await shop.see("撤销已受理")
        stages = [getattr(shown.screen, "stage", None) for shown in shop.front.screens[start:]]
        assert "hold.sending" not in [stage.id for stage in stages if stage is not None]

    play(tmp_path, bank, script, Policy(undo_seconds=0))


def test_an_undo_that_was_pressed_and_not_heard_yet_still_counts():
    async def script():
        front = ScriptedFront()
        desk = Desk(front)
        front.report(KeyPressed("enter"))
        await desk.forget_keys()
        front.report(KeyPressed("1"))
        front.report(KeyPressed("cancel"))
        with pytest.raises(Cancelled):
            await desk.forget_keys()
        assert front._inbox.empty()

    run(script())


def test_nothing_is_scanned_or_drawn_open_while_the_desk_is_shut():
    async def script():
        front = ScriptedFront()
        desk = Desk(front)
        desk.is_shut = True
        for event in (CodeScanned("whatever"), KeyPressed("refund"), KeyPressed("func"), KeyPressed("7")):
            front.report(event)
        assert await desk.event() == KeyPressed("7")

    run(script())


# --- scam interrupter ------------------------------------------------------------------------------------------------
CAREFUL = Policy(pause_above=1000, pause_seconds=10)


async def to_question(shop):
    await shop.sell("8800")
    await shop.refund_until_card()
    await shop.see("退款明细")
    await shop.press("enter")
    await shop.see("有人正在电话里指导您退款吗", "收单机构不会来电要求退款", "金额较大")


@pytest.mark.parametrize("key", ["1", "2", "enter", "refund", "clear"])
def test_who_hammers_one_key_gets_no_refund(tmp_path, bank, key):
    async def script(shop):
        await to_question(shop)
        before = len(sent(shop))
        await shop.press(*[key] * 3)
        await shop.settle(40)
        assert "请插卡" not in shop.text()
        assert len(sent(shop)) == before
        assert await told(shop, "scam-passed") == []
        if key in "12":
            assert [fact["at"] for fact in await told(shop, "scam-stopped")] == [
                "scam.phone" if key == "1" else "scam.told"
            ]

    play(tmp_path, bank, script, CAREFUL)


def test_who_is_talked_into_it_is_told_what_to_do(tmp_path, bank):
    async def script(shop):
        await to_question(shop)
        await shop.press("1")
        await shop.see("请挂断电话，不要退款", "自己打给收单机构核实")
        await shop.press("enter")
        await shop.idle()

    play(tmp_path, bank, script, CAREFUL)


def test_the_calm_wait_and_go_on_and_it_is_recorded(tmp_path, bank):
    async def script(shop):
        await to_question(shop)
        await shop.press("2")
        await shop.see("是收单机构或银行要您退款吗")
        await shop.press("1")
        await shop.see("请再想一想", "收单机构不会来电要求退款")
        began = asyncio.get_running_loop().time()
        for _ in range(9):
            await shop.press("enter")
            await shop.settle(0.9)
            await shop.see("请再想一想")
        await shop.see("请插卡")
        assert asyncio.get_running_loop().time() - began == pytest.approx(10, abs=0.1)
        assert await told(shop, "scam-passed") == [{"operator": "01", "rules": "amount"}]

    play(tmp_path, bank, script, CAREFUL)


def test_cancel_in_the_pause_leaves_and_is_recorded(tmp_path, bank):
    async def script(shop):
        await to_question(shop)
        await shop.press("2", "1")
        await shop.see("请再想一想")
        await shop.press("cancel")
        await shop.idle()
        assert [fact["at"] for fact in await told(shop, "scam-stopped")] == ["scam.pause"]

    play(tmp_path, bank, script, CAREFUL)


# --- the device in the cardholder's hands ----------------------------------------------------------------------------
async def to_pad(shop, amount="900"):
    shop.desk.has_glass = True
    await shop.idle()
    await shop.pay(amount, "unionpay-debit")
    await shop.see("消费成功")
    await shop.press("enter")
    await shop.see("请持卡人签名")
    await shop.pull()


def test_a_thief_with_the_device_gets_no_further_than_its_door(tmp_path, bank):
    """A customer who cancels and refunds himself while he holds it (refund.md 6)."""

    async def script(shop):
        await boss_has_his_code(shop)
        await to_pad(shop)
        start = len(shop.front.screens)
        await shop.press("refund", "func", "up", "down", "1", "00")
        shop.front.report(CodeScanned("whatever"))
        await shop.see("请持卡人签名")
        await shop.press("cancel")
        await shop.see(GIVE_BACK, "请输入操作员 01 的密码")
        await shop.press("refund", "func", "cancel")
        await shop.see(GIVE_BACK, "主管接手")
        await shop.press("refund", "func", "cancel")
        await shop.see("请输入操作员 01 的密码")
        for code in ("1111", "2222", "3333"):
            await shop.enter(code)
            await shop.settle(1)
            await shop.press("enter")
        await shop.see("请主管输入密码")
        for code in ("111111", "222222", "123456"):
            await shop.enter(code)
            await shop.settle(1)
            await shop.press("enter")
        for _ in range(20):
            await shop.press("cancel", "refund", "1", "enter", "func", "2")
            await shop.settle(35)
        assert seen_since(shop, start) <= {"customer.give_back"}
        assert len(await shop.journal.recent()) == 1
        assert shop.printer.papers == []
        assert shop.desk.is_shut

    play(tmp_path, bank, script)


def test_idle_for_hours_it_stays_shut_and_the_code_lets_the_paper_out(tmp_path, bank):
    async def script(shop):
        await to_pad(shop)
        shop.sign()
        await shop.press("enter")
        await shop.see(GIVE_BACK)
        start = len(shop.front.screens)
        await shop.settle(3 * 3600)
        await shop.see(GIVE_BACK)
        assert seen_since(shop, start) == set()
        assert shop.printer.papers == []
        await shop.enter("2580")
        await shop.tear()
        await shop.idle()
        assert "交易特征码" in shop.paper()
        assert not shop.desk.is_shut

    play(tmp_path, bank, script)


def test_a_pad_that_nobody_signs_does_not_fall_open(tmp_path, bank):
    async def script(shop):
        await to_pad(shop)
        await shop.settle(61)
        await shop.see(GIVE_BACK)
        await shop.enter("2580")
        await shop.tear()
        await shop.idle()
        assert "持卡人签名" in shop.paper()

    play(tmp_path, bank, script)


def test_a_supervisor_takes_over_and_the_operator_is_logged_out(tmp_path, bank):
    async def script(shop):
        await boss_has_his_code(shop)
        await to_pad(shop)
        await shop.press("enter")
        await shop.see(GIVE_BACK)
        await shop.press("cancel", "2")
        await shop.see("请主管输入密码", "原操作员退出登录")
        await shop.enter(BOSS)
        await shop.tear()
        await shop.see("请输入操作员号")
        assert (await told(shop, "logged-out"))[-1] == {"operator": "01", "by": "00"}

    play(tmp_path, bank, script)


def test_the_factorys_code_of_a_supervisor_takes_nothing_over(tmp_path, bank):
    async def script(shop):
        await to_pad(shop)
        await shop.press("cancel", "cancel")
        await shop.see(GIVE_BACK, "操作员 01 输入密码")
        assert "主管接手" not in shop.text()
        await shop.press("2")
        await shop.see(GIVE_BACK)
        await shop.press("1")
        for code in ("1111", "2222", "3333"):
            await shop.see("请输入操作员 01 的密码")
            await shop.enter(code)
            await shop.settle(1)
            await shop.press("enter")
        await shop.settle(1)
        assert "请主管输入密码" not in shop.text()
        assert shop.desk.is_shut

    play(tmp_path, bank, script)


@pytest.mark.parametrize(("answer", "key"), [("agreed", "enter"), ("left", "cancel")])
def test_the_holder_sees_what_is_deducted_before_he_signs_it(tmp_path, bank, answer, key):
    async def script(shop):
        await shop.sell("10000")
        await shop.refund_until_card("3")
        shop.desk.has_glass = True
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
        await shop.press("enter")
        await shop.see("请持卡人核对", "100.00", "15.00", "2.50", "82.50")
        await shop.press("refund", "func")
        await shop.see("请持卡人核对")
        await shop.press(key)
        await shop.see("请持卡人签名", "82.50")
        shop.sign()
        await shop.press("enter")
        await shop.see(GIVE_BACK)
        await shop.enter("2580")
        await shop.tear()
        assert [fact["answer"] for fact in await told(shop, "fees-shown")] == [answer]

    play(tmp_path, bank, script)


@pytest.mark.parametrize("has_glass", [True, False])
def test_where_no_device_is_handed_over_no_code_is_asked(tmp_path, bank, has_glass):
    async def script(shop):
        shop.desk.has_glass = has_glass
        await shop.pay("900", "unionpay-debit")
        await shop.see("消费成功")
        await shop.press("enter")
        if has_glass:
            await shop.see("请持卡人签名")
            await shop.press("enter")
        await shop.tear()
        await shop.pull()
        await shop.idle()

    play(tmp_path, bank, script, Policy(is_handed_over=not has_glass))


def test_a_journal_that_fails_in_strange_hands_logs_the_operator_out(tmp_path, bank):
    """No code can be counted then, so none can be proven: the next screen is for who has one, not the menu."""

    async def script(shop):
        await to_pad(shop)
        await shop.press("enter")
        await shop.see(GIVE_BACK)
        start = len(shop.front.screens)
        await shop.journal.rows("PRAGMA query_only = 1")
        await shop.enter("2580")
        await shop.see("密码无法核对，操作员已退出")
        await shop.settle(120)
        assert shop.room.operator == ""
        assert seen_since(shop, start) == set()
        await shop.journal.rows("PRAGMA query_only = 0")

    play(tmp_path, bank, script)


def test_a_signature_is_kept_before_the_device_is_handed_back(tmp_path, bank):
    async def script(shop):
        await to_pad(shop)
        shop.sign()
        await shop.press("enter")
        await shop.see(GIVE_BACK)
        assert len(await shop.journal.owed.all("signature", "owed")) == 1

    play(tmp_path, bank, script)


# --- while he types his PIN ------------------------------------------------------------------------------------------
async def to_pin(shop):
    shop.desk.has_glass = True
    await shop.idle()
    await shop.press("1")
    await shop.see("请输入消费金额")
    await shop.enter("10000")
    await shop.present("stripe-only", "swipe")
    await shop.see("请持卡人输入密码")


def test_who_types_a_pin_reaches_nothing_but_the_pin(tmp_path, bank):
    async def script(shop):
        await to_pin(shop)
        start = len(shop.front.screens)
        for key in ("refund", "func", "up", "down"):
            await shop.press(key)
            shop.front.report(KeyPressed(key))
        await shop.see("请持卡人输入密码")
        await shop.press("cancel")
        await shop.see(GIVE_BACK)  # not the menu
        await shop.press("refund", "1")
        await shop.settle(200)
        await shop.see(GIVE_BACK)
        assert seen_since(shop, start) <= {"customer.give_back"}
        await shop.enter("2580")
        await shop.idle()

    play(tmp_path, bank, script, pin_for=(Kind.SALE,))


def test_one_code_is_enough_for_pin_and_signature(tmp_path, bank):
    async def script(shop):
        await to_pin(shop)
        await shop.enter(PIN)
        await shop.see("确认")
        await shop.press("refund", "func")
        await shop.press("enter")
        await shop.see("消费成功")
        await shop.press("enter")
        await shop.see("请持卡人签名")
        shop.sign()
        await shop.press("enter")
        await shop.see(GIVE_BACK)
        await shop.enter("2580")
        await shop.tear()
        await shop.idle()

    play(tmp_path, bank, script, pin_for=(Kind.SALE,))


def test_a_device_without_glass_is_not_handed_over_for_a_pin(tmp_path, bank):
    async def script(shop):
        await shop.press("1")
        await shop.see("请输入消费金额")
        await shop.enter("10000")
        await shop.present("stripe-only", "swipe")
        await shop.see("请持卡人输入密码")
        await shop.press("cancel")
        await shop.idle()

    play(tmp_path, bank, script, pin_for=(Kind.SALE,))


def test_who_cancels_after_his_pin_does_not_get_at_the_menu(tmp_path, bank):
    async def script(shop):
        await to_pin(shop)
        await shop.enter(PIN)
        await shop.see("确认")
        await shop.press("cancel")
        await shop.see(GIVE_BACK)
        await shop.enter("2580")
        await shop.idle()
        assert await shop.journal.recent() == []

    play(tmp_path, bank, script, pin_for=(Kind.SALE,))


# --- screen lock -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("way", ["idle", "entry"])
def test_a_locked_menu_opens_by_one_code(tmp_path, bank, way):
    async def script(shop):
        if way == "idle":
            await shop.settle(119)
            await shop.idle()
            await shop.settle(2)
        else:
            await shop.press("down")
            await shop.see("锁屏")
            await shop.press("9")
        await shop.see("锁屏", "终端已锁", "请输入操作员 01 的密码")
        start = len(shop.front.screens)
        await shop.press("refund", "func", "clear")
        await shop.settle(7200)
        await shop.enter("1234")
        await shop.see("密码错误")
        await shop.press("enter")
        assert seen_since(shop, start) == set()
        await shop.enter("2580")
        await shop.idle()
        await shop.sell("100")

    play(tmp_path, bank, script, Policy(lock_seconds=120))


def test_it_is_never_locked_where_the_policy_says_so(tmp_path, bank):
    async def script(shop):
        await shop.settle(30 * 3600)
        await shop.idle()

    play(tmp_path, bank, script, Policy(lock_seconds=0))


def test_a_supervisor_opens_a_locked_terminal_and_logs_the_other_out(tmp_path, bank):
    async def script(shop):
        await boss_has_his_code(shop)
        await shop.settle(121)
        await shop.see("终端已锁")
        await shop.press("cancel", "2")
        await shop.see("请主管输入密码")
        await shop.enter(BOSS)
        await shop.see("请输入操作员号")
        assert shop.room.operator == ""

    play(tmp_path, bank, script, Policy(lock_seconds=120))


def test_what_is_open_goes_on_behind_the_lock(tmp_path, bank):
    async def script(shop):
        await shop.sell("10000")
        bank.line("answer_lost")
        await shop.refund("1000")
        await shop.see("结果未知")
        await shop.press("enter")
        await shop.settle(200)
        await shop.see("终端已锁")
        (unknown,) = await shop.journal.open_stages()
        assert isinstance(unknown, Unknown)
        bank.faults.state = LineState.UP
        await shop.settle(3700)
        await shop.see("终端已锁")
        assert await shop.journal.open_stages() == []
        assert isinstance(await shop.journal.exchange(unknown.request.id), Accepted)

    play(tmp_path, bank, script, Policy(lock_seconds=60))


# --- the clock -------------------------------------------------------------------------------------------------------
class RightClock(Host):
    """A bank whose clock is its own."""

    def __init__(self, ledger, clock, *rest):
        super().__init__(ledger, VirtualClock(), *rest)


async def with_codes(shop):
    await shop.sell("8800")
    await boss_has_his_code(shop)


@pytest.mark.parametrize("back", [timedelta(minutes=6), timedelta(days=40), timedelta(days=730)])
def test_a_clock_that_went_back_is_named_and_put_right_by_a_sign_in(tmp_path, bank, back):
    async def script(shop):
        await with_codes(shop)
        shop.clock.offset -= back
        await shop.press("refund")
        await shop.see("终端时间比之前的记录还早", "重新签到", "G01")
        await shop.press("cancel")
        await shop.idle()
        await shop.press("refund")
        await shop.see("终端时间比之前的记录还早")  # what was recorded meanwhile does not make it right
        await shop.press("enter")
        await shop.see("退哪一笔")
        assert abs(shop.clock.offset) < timedelta(seconds=5)

    play(tmp_path, bank, script, host=RightClock)


@pytest.mark.parametrize("year", [2000, 2024, 2025])
def test_a_dead_clock_at_power_on_gets_its_year_from_the_records(tmp_path, bank, year):
    """F13 of the sign-in has no year."""
    day(tmp_path, bank, Shop.first_day, host=RightClock)

    async def next_morning(shop):
        shop.clock.offset = datetime(year, 1, 1, tzinfo=START.tzinfo) - START
        await shop.another_day()
        assert abs(shop.clock.offset) < timedelta(seconds=15)

    day(tmp_path, bank, next_morning, host=RightClock)


def test_a_clock_that_went_back_to_after_the_sign_in_is_named_too(tmp_path, bank):
    async def script(shop):
        await shop.settle(3600)
        await with_codes(shop)
        shop.clock.offset -= timedelta(minutes=30)
        await shop.press("refund")
        await shop.see("终端时间比之前的记录还早")

    play(tmp_path, bank, script, Policy(lock_seconds=0), host=RightClock)


def test_a_small_step_back_stops_nobody(tmp_path, bank):
    async def script(shop):
        await with_codes(shop)
        shop.clock.offset -= timedelta(minutes=4)
        await shop.press("refund")
        await shop.see("退哪一笔")

    play(tmp_path, bank, script, host=RightClock)


def test_a_clock_that_was_ahead_and_was_put_right_stops_nobody(tmp_path, bank):
    async def script(shop):
        shop.clock.offset += timedelta(days=30)
        await with_codes(shop)
        await shop.press("5")  # 重新签到 sets it back by a month
        await shop.see("签到成功")
        await shop.idle()
        await shop.press("refund")
        await shop.see("退哪一笔")

    play(tmp_path, bank, script, host=RightClock)


def test_a_clock_that_cannot_be_asked_about_gives_nothing_back(tmp_path, bank):
    async def script(shop):
        await with_codes(shop)
        shop.clock.offset -= timedelta(hours=1)
        bank.line("down")
        await shop.press("refund")
        await shop.see("终端时间比之前的记录还早")
        await shop.press("enter")
        await shop.see("L02")
        await shop.press("enter")
        await shop.idle()

    play(tmp_path, bank, script, host=RightClock)


# --- the last customer's card ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("left", ["unionpay-credit", "unionpay-debit"])
def test_a_card_that_was_in_the_slot_before_is_never_read(tmp_path, bank, left):
    """refund.md 2, rule 3: not even the right one: who left it is not here to agree."""

    async def script(shop):
        await shop.sell("8800")
        await shop.insert(left)
        asked = []
        connect = shop.reader.connect

        async def counted():
            asked.append(shop.text())
            return await connect()

        shop.reader.connect = counted  # the twin's, not ours
        await shop.refund_until_card()
        await shop.see("退款明细")
        await shop.press("enter")
        await shop.see("请先取走")
        await shop.settle(20)
        assert asked == []
        await shop.pull()
        await shop.see("请插卡")
        assert asked == []
        await shop.insert("unionpay-debit")
        await shop.see("再核对一遍")
        assert len(asked) == 1

    play(tmp_path, bank, script)
