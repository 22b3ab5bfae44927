"""Every screen as a cashier sees it. Law: whole on every glass, in his own language, with the key that works next.

| journey           | screens of                                                                  |
|-------------------|-----------------------------------------------------------------------------|
| a_day             | sale, refund of all, of a part, with costs, wrong amount, wrong card, undo  |
| nothing_yet       | lists of a day on which nothing was done                                    |
| nobody_answers    | line down, answer lost, UNKNOWN, asked again, found not to have arrived     |
| out_of_paper      | no paper, help from the error, paper again                                  |
| a_strange_code    | a scan that is no receipt's, and the help on it                             |
| the_office        | tracker and bank line, records, applications, finance, every page of audit  |
"""

import re

import msgspec
import pytest

from terminal.events import CodeScanned
from terminal.screens import Menu, Progress, Shown
from tests.journey.shop import Bank, Shop, day
from ui.layout import DEVICE_CLASSES
from ui.page import Page, page
from ui.painter import Painter
from ui.text import words

LANGUAGES = ("zh_CN", "en")
LATIN = re.compile(r"[A-Za-z]*[a-z]{2}[A-Za-z]*")  # a word, no abbreviation
FOREIGN = {"yuanlu", "English", "Wi", "Fi", "tel"}  # our name, a language in its own name, a radio, a link to a phone
HAN = re.compile("[\u4e00-\u9fff]")
KEYS = {
    "zh_CN": ("确认", "取消", "数字", "清除", "请稍候"),
    "en": ("onfirm", "ancel", "igit", "lear", "wait", "umber"),
}
OWN_NAME = "中文"  # the language, on the key that changes to it


@pytest.fixture
def bank():
    bank = Bank()
    yield bank
    bank.ledger.close()


# --- what he sees ----------------------------------------------------------------------------------------------------
def screens_of(shop: Shop) -> list[Shown]:
    """Each that was shown, once."""
    return list({repr((shown.screen, shown.status)): shown for shown in shop.front.screens}.values())


def told(shown: Shown, language: str) -> Page:
    """The page in strict words: a sentence or a hole that is missing raises."""
    return page(msgspec.structs.replace(shown, language=language), words(language, is_strict=True))


def faults_of(shown: Shown, painters: list[Painter]) -> list[str]:
    """What is wrong with a screen, in words."""
    found = []
    for language in LANGUAGES:
        seen = told(shown, language)
        text = "\n".join((seen.title, *seen.plain_lines(), seen.hint))
        if language == "zh_CN":
            plain = [line.label if line.style == "code" else line.plain() for line in seen.lines]
            strange = set(LATIN.findall("\n".join((seen.title, *plain, seen.hint)))) - FOREIGN
            found += [f"{word} in {text}" for word in strange if not _is_a_file(text, word)]
        elif shown.language == "zh_CN":
            found += [f"Chinese in {text}" for line in text.splitlines() if HAN.search(_without_what_was_typed(line))]
        if not any(key in seen.hint for key in KEYS[language]):
            found.append(f"no key in the hint {seen.hint!r} of {text}")
        if not seen.title or (isinstance(shown.screen, Menu) and not shown.screen.items):
            found.append(f"no title, or a menu of nothing: {text}")
        again = msgspec.structs.replace(shown, language=language)
        found += [f"cut off on {painter.device.name}: {text}" for painter in painters if painter.overflows(again)]
    return found


def _is_a_file(text: str, word: str) -> bool:
    """A name of a file is what it is, and so is its fingerprint."""
    return bool(re.search(rf"[\w-]*{re.escape(word)}[\w-]*\.(csv|json)|[0-9a-f]*{re.escape(word)}[0-9a-f]*…", text))


def _without_what_was_typed(line: str) -> str:
    """The shop's name, the amount in words, the other language's own name: data, and not our words."""
    return "" if line.endswith(("整", "角", "分")) else line.replace("测试商户", "").replace(OWN_NAME, "")


# --- journeys --------------------------------------------------------------------------------------------------------
async def a_day(shop: Shop) -> None:
    await shop.first_day()
    await shop.sell("8800")
    await shop.refund()
    await shop.see("撤销已受理")
    await shop.done()
    await shop.sell("10000")
    await shop.refund_until_card("2")
    await shop.see("请输入退款金额")
    await shop.enter("20000")  # too much
    await shop.see("R10")
    await shop.press("enter")
    await shop.see("退多少")  # the way back: sale and reason stay
    await shop.press("3")
    await shop.see("保留的成本")
    await shop.enter("1500")
    await shop.see("手续费（")
    await shop.enter("250")
    await shop.see("退款明细", "剩余可退", "¥82.50")
    await shop.press("func")
    await shop.see("本店退款政策")
    await shop.press("cancel")
    await shop.see("退款明细")
    await shop.press("enter")
    await shop.present("unionpay-credit")  # the neighbour's
    await shop.see("不是原交易的卡", "钱没有动")
    await shop.press("func")
    await shop.see("C07", "没有发送交易")
    await shop.press("cancel")
    await shop.see("不是原交易的卡")
    await shop.press("enter")
    await shop.see("请取走卡片")
    await shop.pull()
    await shop.present("unionpay-debit")
    await shop.see("再核对一遍", "11/23")
    await shop.press("enter")
    await shop.see("秒后发送")
    await shop.press("cancel")
    await shop.see("已撤回", "没有发送交易")
    await shop.press("enter")
    await shop.see("再核对一遍")
    await shop.press("enter")
    await shop.see("退货已受理")


async def nobody_answers(shop: Shop) -> None:
    await shop.first_day()
    await shop.sell("8800")
    await shop.refund_until_card()
    shop.bank.line("down")
    await shop.press("enter")
    await shop.present("unionpay-debit")
    await shop.see("再核对一遍")
    await shop.press("enter")
    await shop.see("没有发送", "钱没有动")
    shop.bank.line("up")
    await shop.press("enter")
    await shop.pull()
    await shop.idle()
    shop.bank.line("request_lost")
    await shop.refund("3000")
    await shop.see("结果未知", "不要再退一次")
    await shop.press("func")
    await shop.see("收单机构")
    await shop.press("cancel")
    await shop.see("不要再退一次")
    shop.bank.line("up")
    await shop.press("enter")
    await shop.see("结果未定")
    await shop.press("4")
    await shop.see("结果未知")
    await shop.press("1")
    await shop.see("确认：立即查询")
    await shop.press("enter")
    await shop.see("银行没有收到这笔退款")
    assert "代码" not in shop.text()  # there is none that anybody could be told


async def nothing_yet(shop: Shop) -> None:
    await shop.first_day()
    for key, said in (("4", "没有未决交易"), ("3", "还没有交易")):  # and not that he looked for the wrong one
        await shop.press(key)
        await shop.see(said)
        await shop.press("enter")
        await shop.idle()


async def out_of_paper(shop: Shop) -> None:
    await shop.first_day()
    await shop.sell("8800")
    shop.printer.is_out = True
    await shop.refund()
    await shop.see("撤销已受理")
    await shop.press("enter")
    await shop.see("打印机缺纸", "不要重做")
    await shop.press("func")
    await shop.see("缺纸", "D01")
    shop.printer.is_out = False
    await shop.press("cancel")
    await shop.see("打印机缺纸")
    await shop.press("enter")
    await shop.tear()
    await shop.idle()


async def a_strange_code(shop: Shop) -> None:
    await shop.first_day()
    await shop.sell("8800")
    await shop.press("refund")
    await shop.supervisor_code()
    await shop.see("退哪一笔")
    shop.front.report(CodeScanned("https://example.com/"))
    await shop.see("这不是签购单上的码", "R40")
    await shop.press("func")
    await shop.see("找不到交易", "R40")  # the page of the error, not a response code that nobody sent
    await shop.press("cancel")
    await shop.see("这不是签购单上的码")


async def the_office(shop: Shop) -> None:
    await shop.first_day()
    await shop.sell("8800")
    await shop.refund("3000")
    await shop.see("退货已受理")
    await shop.done()
    await shop.press("down")
    await shop.see("退款追踪")
    await shop.press("6")
    await shop.see("应于")
    await shop.press("1")
    await shop.see("预计到账")
    await shop.press("enter")
    await shop.see("银行查询信息", "打印查询信息")
    await shop.press("1")
    await shop.see("可以念给银行")
    await shop.press("enter")
    await shop.see("二维码")
    for _ in range(4):
        await shop.press("cancel")
    await shop.idle()
    await shop.press("down")
    await shop.see("管理后台")
    await shop.press("7")
    await shop.see("谁进入管理后台")
    await shop.press("enter")
    await shop.see("请主管输入密码")
    await shop.enter("135790")
    await shop.see("60 秒无操作")
    for entry in "123":
        await shop.press(entry)
        await shop.settle(1)
        await shop.press("1")
        await shop.settle(1)
        await shop.press("enter")
        await shop.settle(1)
        await leave_to(shop, "60 秒无操作")
    await shop.press("6")
    await shop.see("记录链完好")
    for group in "123456":
        await shop.press(group)
        await every_event(shop)
    await leave_to(shop, "60 秒无操作")


async def leave_to(shop: Shop, text: str) -> None:
    for _ in range(8):
        if text in shop.text():
            return
        await shop.press("cancel")
        await shop.settle(1)
    await shop.see(text)


async def every_event(shop: Shop) -> None:
    """Of a group of the audit: each page, each event, all its rows; then back."""
    while True:
        await shop.settle(1)
        if isinstance(shop.front.screens[-1].screen, Progress) or "记录链完好" in shop.text():
            return
        before = shop.text()
        screen = shop.front.screens[-1].screen
        for place in range(1, len(screen.items) + 1 if isinstance(screen, Menu) else 1):
            await shop.press(str(place))
            await shop.settle(1)
            for _ in range(8):
                if shop.text() == before:
                    break
                await shop.press("enter")
                await shop.settle(1)
        await shop.press("down")
        await shop.settle(1)
        if shop.text() == before:
            await leave_to(shop, "记录链完好")
            return


JOURNEYS = (a_day, nothing_yet, nobody_answers, out_of_paper, a_strange_code, the_office)


@pytest.mark.parametrize("script", JOURNEYS, ids=lambda script: script.__name__)
def test_every_screen_of(tmp_path, bank, script):
    shop = day(tmp_path, bank, script)
    painters = [Painter(device) for device in DEVICE_CLASSES]
    faults = [fault for shown in screens_of(shop) for fault in faults_of(shown, painters)]
    assert not faults, "\n\n".join(faults)
