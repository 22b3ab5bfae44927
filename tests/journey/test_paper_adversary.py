"""Paper in bad days: a paper that cannot be set, a printer lost for hours, paper that ends while the next sale runs.

Law: no paper is lost in silence and none comes out twice as new; no trouble of a paper takes the menu away. The time is
virtual.
"""

import asyncio

import pytest

from terminal.events import FrontAttached, FrontDetached
from terminal.ports import PrinterLost
from tests.journey.chip_desk import play
from tests.journey.shop import Bank
from tests.journey.test_paper import DUPLICATED, Slow, copies, pay


@pytest.fixture
def bank():
    bank = Bank()
    yield bank
    bank.ledger.close()


class Gone:
    """A printer that nobody answers for, until `is_back`."""

    def __init__(self, printer):
        self.is_back, self._print, self._left = False, printer.print, printer.paper_left
        printer.print, printer.paper_left = self.print, self.paper_left

    async def print(self, paper):
        if not self.is_back:
            raise PrinterLost("pulled out")
        await self._print(paper)

    async def paper_left(self):
        if not self.is_back:
            raise PrinterLost("pulled out")
        return await self._left()


def amounts(shop):
    return [line.split()[-1] for line in shop.paper().splitlines() if "RMB" in line]


async def left_alone(shop):
    """Nobody presses a key at the trouble page."""
    await shop.see("打印机")
    await shop.settle(31)
    await shop.pull()
    await shop.idle()


def test_a_paper_that_cannot_be_set_is_said_and_the_menu_comes_back(tmp_path, bank):
    async def script(shop):
        await shop.idle()
        whole, tries = shop.printer.print, []

        async def poisoned(paper):
            tries.append(paper)
            if len(tries) == 1:
                raise ValueError("a fault of the program")
            await whole(paper)

        shop.printer.print = poisoned
        await pay(shop, "1100")
        await shop.press("enter")
        await shop.pull()
        await shop.see("程序出错", "不要重做")
        await shop.press("enter")
        await shop.idle()
        await pay(shop, "2200")
        await shop.press("enter")
        await shop.tear()
        await shop.pull()
        await shop.idle()
        await shop.settle(1)
        assert amounts(shop) == ["22.00", "22.00"]

    play(tmp_path, bank, script)


def test_a_last_copy_that_cannot_be_set_does_not_take_the_menu_away(tmp_path, bank):
    async def script(shop):
        await shop.idle()
        whole, tries = shop.printer.print, []

        async def poisoned(paper):
            tries.append(paper)
            if len(tries) == 2:
                raise ValueError("a fault of the program")
            await whole(paper)

        shop.printer.print = poisoned
        await pay(shop)
        await shop.press("enter")
        await shop.tear()
        await shop.pull()
        await shop.see("程序出错")
        await shop.settle(31)
        await shop.idle()
        await shop.settle(60)
        await shop.press("1")
        await shop.see("请输入消费金额")
        assert len(tries) == 2, "it is not tried again and again"

    play(tmp_path, bank, script)


def test_paper_that_ends_in_the_second_copy_while_the_next_sale_runs(tmp_path, bank):
    async def script(shop):
        await shop.idle()
        Slow(shop.printer, 9.0)
        await pay(shop, "1100")
        await shop.press("enter")
        await shop.see("撕下商户存根")
        await shop.press("enter")
        await shop.idle()
        await shop.pull()
        shop.printer.is_out = True
        await pay(shop, "2200")
        await shop.press("enter")
        await shop.see("打印机缺纸", "不要重做")
        assert amounts(shop) == ["11.00"]
        shop.printer.is_out = False
        await shop.press("enter")
        await shop.see("撕下商户存根")
        await shop.press("enter")
        await shop.pull()
        await shop.idle()
        await shop.settle(30)
        assert amounts(shop) == ["11.00", "11.00", "22.00", "22.00"]
        assert DUPLICATED not in shop.paper()

    play(tmp_path, bank, script)


def test_a_printer_that_is_lost_for_a_day_brings_each_paper_out_once(tmp_path, bank):
    async def script(shop):
        await shop.idle()
        gone = Gone(shop.printer)
        for sale in range(1, 9):
            await pay(shop, f"{sale}00")
            await shop.press("enter")
            await left_alone(shop)
            assert shop.room.papers.waiting == sale, "the first of each: nobody waited for the others"
        await shop.see("有 8 张纸没有打印出来")
        await shop.settle(8 * 3600)
        gone.is_back = True
        await shop.settle(10)
        assert amounts(shop) == [f"{sale}.00" for sale in range(1, 9)]
        assert "没有打印" not in shop.text()

    play(tmp_path, bank, script)


def test_a_settlement_comes_after_the_papers_that_wait(tmp_path, bank):
    async def script(shop):
        await shop.idle()
        gone = Gone(shop.printer)
        await pay(shop, "1100")
        await shop.press("enter")
        await left_alone(shop)
        gone.is_back = True
        await shop.settle_batch()
        for _ in range(12):
            await shop.settle(3)
            if "消费" in shop.text() and "退款键" in shop.text():
                break
            await shop.press("enter")
        texts = ["\n".join(getattr(row, "text", "") for row in paper) for paper in shop.printer.papers]
        assert "存根" in texts[0]
        assert any("结算" in text for text in texts[1:])
        assert shop.room.papers.waiting == 0

    play(tmp_path, bank, script)


def test_a_locked_terminal_still_brings_out_what_waits_and_stays_locked(tmp_path, bank):
    async def script(shop):
        await shop.idle()
        gone = Gone(shop.printer)
        await pay(shop, "1100")
        await shop.press("enter")
        await left_alone(shop)
        await shop.press("down")
        await shop.see("结算", "预授权")
        await shop.press("9")
        await shop.see("锁")
        gone.is_back = True
        await shop.settle(12)
        assert "锁" in shop.text()
        assert amounts(shop) == ["11.00"]
        await shop.press("enter", "1", "func", "refund")
        assert "退款键" not in shop.text()

    play(tmp_path, bank, script)


def test_a_paper_keeps_the_language_in_which_it_was_asked_for(tmp_path, bank):
    async def script(shop):
        await shop.idle()
        gone = Gone(shop.printer)
        await pay(shop, "1100")
        await shop.press("enter")
        await left_alone(shop)
        await shop.press("7")
        await shop.see("Sale")
        gone.is_back = True
        await shop.settle(12)
        assert "商户存根" in shop.paper()
        assert "MERCHANT COPY" not in shop.paper()
        await shop.press("7")
        await shop.idle()

    play(tmp_path, bank, script)


def test_a_front_that_dies_and_comes_back_while_it_prints_costs_no_paper(tmp_path, bank):
    async def script(shop):
        await shop.idle()
        Slow(shop.printer, 9.0)
        await pay(shop)
        await shop.press("enter")
        await shop.see("正在打印")
        shop.front.report(FrontDetached("panel"))
        await shop.settle(1)
        shop.front.report(FrontAttached("panel"))
        await shop.see("撕下商户存根")
        shop.front.report(FrontDetached("panel"))
        shop.front.report(FrontAttached("panel"))
        await shop.press("enter")
        await shop.pull()
        await shop.idle()
        await shop.settle(10)
        assert len(copies(shop)) == 2
        assert DUPLICATED not in shop.paper()

    play(tmp_path, bank, script)


def test_keys_pressed_while_it_prints_give_no_paper_up(tmp_path, bank):
    async def script(shop):
        await shop.idle()
        Slow(shop.printer, 9.0)
        await pay(shop)
        await shop.press("enter")
        await shop.see("正在打印")
        for key in ("cancel", "clear", "cancel", "enter", "1", "refund"):
            await shop.press(key)
            await asyncio.sleep(0.3)
        await shop.see("撕下商户存根")
        await shop.press("enter")
        await shop.pull()
        await shop.idle()
        await shop.settle(10)
        assert len(copies(shop)) == 2

    play(tmp_path, bank, script)


def test_a_printer_that_says_it_is_ready_and_is_not_is_left_in_peace(tmp_path, bank):
    async def script(shop):
        await shop.idle()
        tries = []

        async def lies(paper):
            tries.append(paper)
            raise PrinterLost("in the middle", has_begun=True)

        shop.printer.print = lies
        await pay(shop)
        await shop.press("enter")
        await left_alone(shop)
        await shop.settle(3600)
        assert 5 < len(tries) < 25, "each is a scrap of paper, and a page over the menu"

    play(tmp_path, bank, script)
