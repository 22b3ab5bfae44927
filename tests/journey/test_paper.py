"""Paper on its way: begun while the result stands there; the last copy holds nobody up; what broke off comes out whole.

The printer here takes its time, in virtual seconds.
"""

import asyncio

import pytest

from simulator.counter.printer import SimulatedPrinter
from terminal.dialogue.paper_queue import MOST
from terminal.ports import PaperOut, PrinterLost
from terminal.receipt import Receipt, Text
from tests.journey.chip_desk import play
from tests.journey.shop import Bank

DUPLICATED = "重打印凭证"


@pytest.fixture
def bank():
    bank = Bank()
    yield bank
    bank.ledger.close()


class Slow:
    """A printer of `seconds` a paper; `begun` counts papers whose printing began."""

    def __init__(self, printer: SimulatedPrinter, seconds: float):
        self.begun, self._print, self._seconds = 0, printer.print, seconds
        printer.print = self.print

    async def print(self, paper):
        self.begun += 1
        await asyncio.sleep(self._seconds)
        await self._print(paper)


async def pay(shop, fen="5000"):
    await shop.press("1")
    await shop.see("请输入消费金额")
    await shop.enter(fen)
    await shop.present("unionpay-debit")
    await shop.see("请勿拔卡")
    await shop.press("enter")
    await shop.see("消费成功")


def copies(shop):
    return [line for line in shop.paper().splitlines() if "存根" in line]


def test_printing_starts_while_the_result_is_shown(tmp_path, bank):
    async def script(shop):
        await shop.idle()
        slow = Slow(shop.printer, 1.0)
        await pay(shop)
        assert slow.begun == 1
        await asyncio.sleep(3)
        assert "消费成功" in shop.text(), "nobody pressed a key: the result stands"
        assert len(copies(shop)) == 1
        await shop.tear()

    play(tmp_path, bank, script)


def test_the_last_copy_does_not_hold_the_next_customer_up(tmp_path, bank):
    async def script(shop):
        await shop.idle()
        Slow(shop.printer, 20.0)
        await pay(shop)
        await shop.press("enter")
        await shop.see("正在打印")
        await shop.see("撕下商户存根")
        await shop.press("enter")
        await shop.idle()
        assert len(copies(shop)) == 1
        await shop.press("1")
        await shop.see("请输入消费金额")
        assert len(copies(shop)) == 1
        await asyncio.sleep(21)
        assert len(copies(shop)) == 2

    play(tmp_path, bank, script)


def test_two_customers_papers_keep_their_order(tmp_path, bank):
    async def script(shop):
        await shop.idle()
        Slow(shop.printer, 9.0)
        await pay(shop, "1100")
        await shop.press("enter")
        await shop.see("撕下商户存根")
        await shop.press("enter")
        await shop.idle()
        await shop.pull()
        await pay(shop, "2200")
        await shop.press("enter")
        await shop.see("撕下商户存根")
        assert [line.split()[-1] for line in shop.paper().splitlines() if "RMB" in line] == ["11.00", "11.00", "22.00"]

    play(tmp_path, bank, script)


def test_a_last_copy_without_paper_is_told_at_the_menu_and_tried_again(tmp_path, bank):
    async def script(shop):
        await shop.idle()
        await pay(shop)
        await shop.press("enter")
        await shop.see("撕下商户存根")
        shop.printer.is_out = True
        await shop.press("enter")
        await shop.see("打印机缺纸", "不要重做")
        shop.printer.is_out = False
        await shop.press("enter")
        await shop.idle()
        await asyncio.sleep(0.1)
        assert len(copies(shop)) == 2
        assert DUPLICATED not in shop.paper(), "nothing of it had come out"

    play(tmp_path, bank, script)


@pytest.mark.parametrize("error", [PaperOut, PrinterLost])
def test_what_broke_off_is_printed_again_whole_and_marked(tmp_path, bank, error):
    async def script(shop):
        await shop.idle()
        whole, tries = shop.printer.print, []

        async def once(paper):
            tries.append(paper)
            if len(tries) == 1:
                raise error("in the middle", has_begun=True)
            await whole(paper)

        shop.printer.print = once
        await pay(shop)
        await shop.press("enter")
        await shop.see("打印机", "不要重做")
        await shop.press("enter")
        await shop.tear()
        await asyncio.sleep(0.1)
        first, second = shop.printer.papers
        texts = ["\n".join(getattr(row, "text", "") for row in paper) for paper in (first, second)]
        assert texts[0].count(DUPLICATED) == 2
        assert DUPLICATED not in texts[1]
        assert len(first) == len(tries[0]) + 2, "all of it, and the mark at head and foot"

    play(tmp_path, bank, script)


def test_nobody_is_there_and_it_comes_out_when_there_is_paper(tmp_path, bank):
    async def script(shop):
        await shop.idle()
        await pay(shop)
        await shop.press("enter")
        await shop.see("撕下商户存根")
        shop.printer.is_out = True
        await shop.press("enter")
        await shop.see("打印机缺纸")
        await shop.see("有 1 张纸没有打印出来")
        assert len(copies(shop)) == 1
        shop.printer.is_out = False
        await asyncio.sleep(6)
        assert len(copies(shop)) == 2
        assert "没有打印" not in shop.text()

    play(tmp_path, bank, script)


def test_cancel_gives_up_the_paper_that_was_asked_for_and_no_other(tmp_path, bank):
    async def script(shop):
        await shop.idle()
        await pay(shop, "1100")
        await shop.press("enter")
        await shop.see("撕下商户存根")
        shop.printer.is_out = True
        await shop.press("enter")
        await shop.see("有 1 张纸没有打印出来")  # nobody was there: the cardholder's copy waits
        await shop.pull()
        await pay(shop, "2200")
        await shop.press("enter")
        await shop.see("打印机缺纸")
        await shop.press("cancel")
        await shop.see("有 1 张纸没有打印出来")
        shop.printer.is_out = False
        await asyncio.sleep(6)
        assert [line.split()[-1] for line in shop.paper().splitlines() if "RMB" in line] == ["11.00", "11.00"]

    play(tmp_path, bank, script)


def test_of_a_day_without_a_printer_the_older_papers_are_left_to_the_records_and_that_is_said(tmp_path, bank):
    async def script(shop):
        await shop.idle()
        shop.printer.is_out = True
        for number in range(MOST + 3):
            shop.room.papers.put(Receipt((Text(f"paper {number}"),)))
            await asyncio.sleep(0.1)
        await shop.see("打印机缺纸")
        await shop.see("有 20 张纸没有打印出来", "另有 3 张")
        shop.printer.is_out = False
        await asyncio.sleep(6)
        texts = [line for line in shop.paper().splitlines() if line.startswith("paper")]
        assert texts == [f"paper {number}" for number in range(3, MOST + 3)]
        await shop.press("down", "up")
        assert "另有 3 张" in shop.text()

    play(tmp_path, bank, script)


def test_a_test_of_the_printer_brings_out_what_waits(tmp_path, bank):
    async def script(shop):
        await shop.idle()
        shop.printer.is_out = True
        await pay(shop)
        await shop.press("enter")
        await shop.see("打印机缺纸")
        await shop.press("func")
        await shop.see("打印测试")
        shop.printer.is_out = False
        await shop.press("2")
        await asyncio.sleep(0.1)
        assert len(copies(shop)) == 1
        await shop.press("cancel", "cancel")
        await shop.see("撕下商户存根")

    play(tmp_path, bank, script)
