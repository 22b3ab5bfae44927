"""People's codes through nights, power cuts and wrong clocks: a lock is half an hour of power, whatever else."""

from datetime import timedelta

import pytest

from terminal.refund.policy import Policy
from tests.journey.shop import Bank, Shop, day

WAITS = Policy(lock_seconds=0)
SUPERVISOR, WRONG = "135790", "864200"  # TEST codes
MINUTE = 60.0
DAYS = (400, -400, 1, -1, 30, -30, 3650, -3650, 7, -7)  # what the time of day is set to, from one start to the next


@pytest.fixture
def bank():
    bank = Bank()
    yield bank
    bank.ledger.close()


async def morning(shop: Shop) -> None:
    """A sale to give back, and no factory code left."""
    await shop.first_day()
    await shop.sell("10000")
    await shop.press("refund")
    await shop.supervisor_code()
    await shop.press("cancel")
    await shop.idle()


async def until_supervisor(shop: Shop) -> None:
    """From idle to where the supervisor proves himself, or cannot: a refund would mind a clock that was set back."""
    await shop.idle()
    await shop.press("down")
    await shop.see("终端管理")
    await shop.press("4")
    await shop.see("人员管理")
    await shop.press("5")
    await shop.see("操作员一览")
    await shop.press("1")


def started(tmp_path, bank, script, *, boot="", since=0.0, days=0) -> float:
    """One start of the program; `boot` and `since`: the device was not restarted. Its uptime at the end."""
    ends = []

    async def whole(shop):
        if boot:
            shop.clock.boot, shop.clock.since = boot, since
        shop.clock.offset = timedelta(days=days)
        await shop.another_day()
        await script(shop)
        ends.append(shop.clock.uptime()[1])

    day(tmp_path, bank, whole, WAITS)
    return ends[0]


async def guess(shop: Shop) -> None:
    """A wrong code where one is asked, and nothing where the lock holds. The program is killed at the answer."""
    await until_supervisor(shop)
    await shop.see("操作员")  # asked, or locked
    if "已锁定" not in shop.text():
        await shop.see("请主管输入密码")
        await shop.enter(WRONG)
        await shop.see("密码错误")


async def holds(shop: Shop) -> None:
    await until_supervisor(shop)
    await shop.see("操作员 00 已锁定", "还须等", "P02")


def test_ten_wrong_codes_lock_for_half_an_hour_of_power_whatever_the_clock_says(tmp_path, bank):
    day(tmp_path, bank, morning)
    uptime, asked = 0.0, []

    async def attempt(shop):
        await guess(shop)
        asked.append("已锁定" not in shop.text())

    for number, days in enumerate(DAYS):
        is_restart = number % 2 == 1  # of the program only: the device stays on
        boot = f"device {number // 2}"
        uptime = started(tmp_path, bank, attempt, boot=boot, since=uptime if is_restart else 0.0, days=days)
    assert asked == [True] * 3 + [False] * 7

    async def nearly(shop):
        await shop.settle(30 * MINUTE - shop.clock.uptime()[1] - 60)
        shop.clock.offset += timedelta(days=1000)
        await holds(shop)
        await shop.see("还须等 1 分钟")

    async def over(shop):
        await shop.settle(3 * MINUTE)
        await until_supervisor(shop)
        await shop.see("请主管输入密码")
        await shop.enter(SUPERVISOR)
        await shop.see("操作员 01")

    uptime = started(tmp_path, bank, nearly, boot="device 9")  # another start: all of it anew, from there
    started(tmp_path, bank, over, boot="device 9", since=uptime, days=-5000)


def test_a_lock_begins_anew_with_the_device_and_goes_on_with_the_program(tmp_path, bank):
    day(tmp_path, bank, morning)

    async def wait(shop):
        await shop.settle(20 * MINUTE)

    for _ in range(3):
        started(tmp_path, bank, guess)
    started(tmp_path, bank, wait, boot="a")
    started(tmp_path, bank, holds, boot="b", since=40 * MINUTE)
    uptime = started(tmp_path, bank, wait, boot="c")
    uptime = started(tmp_path, bank, holds, boot="c", since=uptime)

    async def opens(shop):
        await until_supervisor(shop)
        await shop.see("请主管输入密码")

    started(tmp_path, bank, opens, boot="c", since=30 * MINUTE + 1)


def test_a_lock_that_ran_out_does_not_come_back_with_the_next_start(tmp_path, bank):
    """It is taken away when anybody is asked for a code, or money goes back."""
    day(tmp_path, bank, morning)
    for _ in range(3):
        started(tmp_path, bank, guess, boot="a")

    async def log_in_later(shop):
        pass

    started(tmp_path, bank, log_in_later, boot="a", since=31 * MINUTE)

    async def opens(shop):
        await until_supervisor(shop)
        await shop.see("请主管输入密码")

    started(tmp_path, bank, opens, boot="b")


@pytest.mark.parametrize("cut_at", range(1, 12))
def test_no_moment_of_a_power_cut_gives_a_try_back(tmp_path, bank, cut_at):
    """Compared tries are counted ones, wherever the current fails between the last digit and the answer."""
    day(tmp_path, bank, morning)
    compared, counted = [], []

    async def cut(shop):
        await shop.another_day()
        await until_supervisor(shop)
        await shop.see("请主管输入密码")
        matches = shop.hardware.passwords.matches

        async def watched(digest, code):
            compared.append(code)
            return await matches(digest, code)

        shop.hardware.passwords.matches = watched
        await shop.type(WRONG)
        shop.current.is_armed = True
        await shop.press("enter")
        await shop.see("密码错误")
        counted.append("answered")

    async def look(shop):
        await shop.another_day()
        boss = await shop.room.staff.proof.find("00")
        counted.append(boss.failures)

    day(tmp_path, bank, cut, WAITS, cut_at)
    day(tmp_path, bank, look)
    assert counted[-1] >= len(compared)
    if counted[0] == "answered":
        assert len(compared) == 1


def test_a_refund_is_impossible_while_any_factory_code_stands(tmp_path, bank):
    async def script(shop):
        await shop.first_day()
        await shop.sell("10000")
        await shop.press("refund")
        await shop.see("操作员 00 仍在用出厂密码", "出厂密码人人皆知", "P06")
        await shop.press("cancel")
        await shop.idle()
        await shop.press("refund")
        await shop.see("操作员 00 仍在用出厂密码")
        await shop.press("enter")
        await shop.see("请输入操作员 00 的密码", "先输入出厂密码")
        await shop.enter("123456")
        await shop.new_code(SUPERVISOR)
        await shop.see("操作员 99 仍在用出厂密码")
        await shop.press("cancel")
        await shop.idle()
        await shop.press("refund")
        await shop.see("操作员 99 仍在用出厂密码")
        await shop.press("enter")
        await shop.see("请输入操作员 99 的密码")
        await shop.enter("88888888")
        await shop.new_code("24681357")
        await shop.see("退哪一笔")
        await shop.press("cancel")
        await shop.idle()
        await shop.press("refund")
        await shop.see("退哪一笔")

    day(tmp_path, bank, script)


def test_a_supervisor_with_a_factory_code_changes_it_before_he_unlocks(tmp_path, bank):
    async def script(shop):
        shop.switch_on()
        await shop.see("自检")
        await shop.press("enter")
        await shop.log_in("1111")
        for _ in range(2):
            await shop.see("密码错误")
            await shop.press("enter")
            await shop.see("请输入操作员 01 的密码")
            await shop.enter("1111")
        await shop.see("操作员 01 已锁定", "主管解锁")
        await shop.press("enter")
        await shop.see("请主管输入密码")
        await shop.enter("123456")
        await shop.see("操作员 00 须先修改")
        await shop.press("enter")
        await shop.new_code(SUPERVISOR)
        await shop.see("请输入操作员 01 的密码")
        await shop.enter("0000")
        await shop.see("操作员 01 须先修改")

    day(tmp_path, bank, script)


def test_a_locked_operator_stays_locked_over_any_time(tmp_path, bank):
    async def lock(shop):
        shop.switch_on()
        await shop.see("自检")
        await shop.press("enter")
        await shop.log_in("1111")
        for _ in range(2):
            await shop.press("enter")
            await shop.see("请输入操作员 01 的密码")
            await shop.enter("1111")
        await shop.see("操作员 01 已锁定")

    async def still(shop):
        shop.clock.offset += timedelta(days=30)
        shop.switch_on()
        await shop.see("自检")
        await shop.press("enter")
        await shop.settle(10 * 3600)
        await shop.see("请输入操作员号")
        await shop.enter("01")
        await shop.see("操作员 01 已锁定", "主管解锁")

    day(tmp_path, bank, lock)
    day(tmp_path, bank, still)
