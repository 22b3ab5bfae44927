"""帮助, as a merchant in trouble lives it: from any prompt and any error, with checks that are true (guide G13)."""

import asyncio
import dataclasses
from datetime import timedelta

import msgspec
import pytest

from terminal.dialogue.bad_news import CODES
from terminal.dialogue.checks import ALL, CHECKS, look
from terminal.dialogue.help import CODE, MENU, MORE, help_on
from terminal.dialogue.help_pages import PAGES, page_of
from terminal.dialogue.look import BUSY, NO_ROW, Verdict
from terminal.events import KeyPressed
from terminal.iso8583.response_codes import TABLE
from terminal.screens import Menu
from tests.journey.shop import Bank, Shop, day
from ui.layout import DEVICE_CLASSES
from ui.page import page
from ui.painter import Painter
from ui.text import words


@pytest.fixture
def bank():
    return Bank()


def play(tmp_path, bank, script, **settings) -> Shop:
    async def whole(shop):
        await shop.first_day()
        await script(shop)

    return day(tmp_path, bank, whole, **settings)


def fits(shop: Shop) -> None:
    """Every screen that was shown, on every glass, in both languages."""
    seen = {repr((shown.screen, shown.status)): shown for shown in shop.front.screens}.values()
    for device in DEVICE_CLASSES:
        painter = Painter(device)
        for shown in seen:
            for language in ("zh_CN", "en"):
                told = msgspec.structs.replace(shown, language=language)
                page(told, words(language, is_strict=True))  # every sentence there, every hole filled
                assert not painter.overflows(told), (device, language, shown.screen)


def test_help_opens_on_any_prompt_and_goes_back_to_the_same_question(tmp_path, bank):
    async def script(shop):
        await shop.press("1")
        await shop.see("请输入消费金额")
        await shop.type("88")
        await shop.see("0.88")
        await shop.press("func")
        await shop.see("怎样退款", "客服电话")
        await shop.press("9")
        await shop.see("95516", "终端号 10000001", "不要报卡号")
        assert shop.front.screens[-1].screen.qr == "tel:95516"
        await shop.press("enter")
        await shop.see("怎样退款")
        await shop.press("cancel")
        await shop.see("请输入消费金额", "0.88")  # what was typed is still there
        await shop.press("cancel")
        await shop.idle()

    fits(play(tmp_path, bank, script))


def test_the_walk_shows_keys_step_by_step_and_back(tmp_path, bank):
    async def script(shop):
        await shop.press("8")
        await shop.see("怎样退款")
        await shop.press("1")
        await shop.see("主菜单", "［退款］")
        await shop.press("enter")
        await shop.see("退哪一笔", "［1］…［8］")
        await shop.press("up")
        await shop.see("［退款］")
        for _ in range(8):
            await shop.press("down")
        await shop.see("结果", "撕签购单")
        await shop.press("enter")
        await shop.see("退款被拒绝")
        await shop.press("cancel")
        await shop.idle()

    fits(play(tmp_path, bank, script))


def test_the_line_is_down_and_then_it_is_not(tmp_path, bank):
    """From the error itself; a digit looks again."""

    async def script(shop):
        bank.line("down")
        await shop.press("5")
        await shop.see("连不上收单机构", "L02")
        await shop.press("func")
        await shop.see("看天线", "错误代码 L02", "网络 不通过 连不上", "收单机构 不通过 连不上")
        bank.line("up")
        await shop.press("1")
        await shop.see("网络 通过")
        await shop.press("2")
        await shop.see("收单机构 通过", "时钟 通过 与银行一致")
        await shop.press("cancel")
        await shop.see("连不上收单机构")  # the same screen again
        await shop.press("enter")
        await shop.idle()

    fits(play(tmp_path, bank, script))


def test_signed_out_is_put_right_from_the_page(tmp_path, bank):
    async def script(shop):
        bank.line("down")
        await shop.press("5")
        await shop.see("连不上收单机构")
        await shop.press("enter")
        await shop.idle()
        bank.line("up")
        assert not shop.room.is_signed_in
        await shop.press("8")
        await shop.see("怎样退款")
        await shop.press("down", "2")
        await shop.see("签到 不通过 未签到，按数字签到", "网络 通过")
        await shop.press("1")
        await shop.see("签到 通过")
        assert shop.room.is_signed_in

    play(tmp_path, bank, script)


def test_an_unknown_refund_is_asked_about_from_the_page(tmp_path, bank):
    async def script(shop):
        await shop.sell("10000")
        bank.line("answer_lost")
        await shop.refund("3000")
        await shop.see("结果未知")
        await shop.press("enter")
        await shop.idle()
        bank.line("up")
        await shop.press("8")
        await shop.see("怎样退款")
        await shop.press("6")
        await shop.see("不要重做", "结果未知 不通过 1 笔，每半分钟查")
        await shop.press("1")
        await shop.see("结果未知 通过 没有")
        assert not await shop.journal.open_stages()

    play(tmp_path, bank, script)
    assert list(bank.credited().values()) == [3000]


def test_help_in_the_middle_of_a_refund_disturbs_nothing(tmp_path, bank):
    """On the last page before sending: line, keys and reader are looked at, the card stays as it is, and 确认 sends."""

    async def script(shop):
        await shop.sell("10000")
        await shop.refund_until_card("2")
        await shop.see("请输入退款金额")
        await shop.enter("3000")
        await shop.see("退款明细")
        await shop.press("enter")
        await shop.present("unionpay-debit")
        await shop.see("再核对一遍")
        powered, keys = shop.reader._powered, await shop.hardware.vault.mac(b"0", "cup")
        await shop.press("func")
        await shop.see("怎样退款")
        await shop.press("8")
        await shop.see("网络 通过", "收单机构 通过", "读卡器 通过 有卡在槽里")
        await shop.press("cancel", "cancel")
        await shop.see("再核对一遍")
        assert shop.reader._powered is powered
        assert await shop.hardware.vault.mac(b"0", "cup") == keys  # no new sign-in
        await shop.press("enter")
        await shop.see("退货已受理")

    play(tmp_path, bank, script)
    assert list(bank.credited().values()) == [3000]


def test_a_refusal_says_what_its_code_means_and_who_acts(tmp_path, bank):
    async def script(shop):
        await shop.sell("10000")
        bank.spoil("refused_with", "0220", "61")
        await shop.refund("3000")
        await shop.see("61")
        await shop.press("enter")
        await shop.idle()
        await shop.press("8")
        await shop.see("退款被拒绝")
        await shop.press("2")
        await shop.see("61 金额超限", "¥30.00", "输入代码")
        await shop.press("1")
        await shop.see("金额超限", "谁来处理：打电话给收单机构", "95516")
        await shop.press("cancel")
        await shop.see("怎样退款")
        await shop.press("2", "2")
        await shop.see("拒绝代码")
        await shop.enter("51")
        await shop.see("51 可用余额不足", "谁来处理：持卡人")

    fits(play(tmp_path, bank, script))


def test_a_result_opens_its_own_page(tmp_path, bank):
    """功能 on a refusal is its code, on an unknown result what to do about it."""

    async def script(shop):
        await shop.sell("10000")
        bank.spoil("refused_with", "0220", "61")
        await shop.refund("3000")
        await shop.see("61")
        await shop.press("func")
        await shop.see("金额超限", "谁来处理：打电话给收单机构")
        await shop.press("cancel", "enter")
        await shop.idle()
        bank.line("answer_lost")
        await shop.refund("3000")
        await shop.see("结果未知")
        await shop.press("func")
        await shop.see("不要重做", "结果未知 不通过 1 笔")

    play(tmp_path, bank, script)


def test_out_of_paper_is_helped_and_the_printer_tested(tmp_path, bank):
    async def script(shop):
        shop.printer.is_out = True
        await shop.press("1")
        await shop.see("请输入消费金额")
        await shop.enter("100")
        await shop.present("unionpay-debit")
        await shop.see("确认")
        await shop.press("enter")
        await shop.see("消费成功")
        await shop.press("enter")
        await shop.see("打印机缺纸")
        await shop.press("func")
        await shop.see("不要重做", "打印机 不通过 缺纸", "打印测试")
        shop.printer.is_out = False
        await shop.press("1")
        await shop.see("打印机 通过")
        await shop.press("2")
        await shop.see("打印机 通过")
        assert "自检打印" in shop.paper()
        await shop.press("cancel")
        await shop.see("打印机缺纸")
        await shop.press("enter")
        await shop.tear()

    fits(play(tmp_path, bank, script))


def test_every_piece_of_bad_news_opens_a_page_of_its_own_and_every_page_fits(tmp_path, bank):
    """G13: whatever the code, 功能 says what happened, who acts and what key; nothing is left out on any glass."""

    async def script(shop):
        asked = len(shop.front.screens)
        for topic in (*CODES, *(each.id for each in PAGES), *(f"{CODE}{row.code}" for row in TABLE)):
            if topic == "refused":
                continue  # a list, which has a test of its own
            asyncio.get_running_loop().call_later(20, shop.front.report, KeyPressed("cancel"))
            await help_on(shop.room, topic)
            told = [shown.screen for shown in shop.front.screens[asked:] if isinstance(shown.screen, Menu)]
            asked = len(shop.front.screens)
            assert told, topic
            title = told[0].title
            if topic.startswith(CODE) and topic not in CODES:
                assert topic.removeprefix(CODE) == title.args["code"]
            else:
                assert title.id == f"help.{page_of(topic).id}", topic
                assert told[0].lines[0].id == f"help.{page_of(topic).id}.what"
            assert "live.running" not in {getattr(item.detail, "id", "") for item in told[-1].items}, topic

    shop = play_bare(tmp_path, bank, script)
    fits(shop)


def play_bare(tmp_path, bank, script):
    """A terminal whose dialogues are the test's own."""

    async def whole(shop):
        await shop.first_day()
        shop.terminal.cancel()
        await asyncio.gather(shop.terminal, return_exceptions=True)
        await script(shop)

    return day(tmp_path, bank, whole)


def test_no_name_is_without_a_page_and_no_page_without_words():
    for language in ("zh_CN", "en"):
        known = words(language, is_strict=False).sentences
        for each in PAGES:
            assert {f"help.{each.id}", f"help.{each.id}.what", f"help.{each.id}.do"} <= known.keys()
        for topic in (*MENU, *MORE):
            assert f"help.{topic}" in known
        for check in ALL:
            assert f"live.{check}" in known
    assert "other" not in {page_of(name).id for name in CODES}
    assert all(len(each.checks) + len(each.acts) < 9 for each in PAGES)  # a digit each, and one for the phone


# --- checks ----------------------------------------------------------------------------------------------------------
def looked(tmp_path, bank, prepare, *names):
    """What the checks find on a terminal that `prepare` has done something to."""
    found = {}

    async def script(shop):
        await prepare(shop)
        async with look(shop.room, names or ALL) as looking:
            found.update(await looking.done())

    play(tmp_path, bank, script)
    return found


async def nothing(shop):
    await shop.idle()


def test_all_is_well(tmp_path, bank):
    found = looked(tmp_path, bank, nothing)
    assert {name for name, each in found.items() if each.verdict is not Verdict.PASS} == {"backup"}
    assert found["backup"] is NO_ROW


class Hanging:
    """A device that never answers, and does not let go when it is told to."""

    def __init__(self):
        self.release = asyncio.Event()

    async def is_card_present(self):
        return await self._hang()

    async def paper_left(self):
        return await self._hang()

    async def facts(self):
        return await self._hang()

    async def _hang(self):
        while not self.release.is_set():
            try:
                await self.release.wait()
            except asyncio.CancelledError:
                continue
        return False


def test_a_hanging_device_does_not_hang_the_page(tmp_path, bank):
    async def script(shop):
        hanging = Hanging()
        replaced = dataclasses.replace(shop.hardware, card_reader=hanging, printer=hanging, loading=hanging)
        shop.room.hardware = replaced
        began = asyncio.get_running_loop().time()
        asyncio.get_running_loop().call_later(100, hanging.release.set)  # or a page that hangs would hang this test
        async with look(shop.room, ALL) as looking:
            found = dict(await looking.done())
        assert asyncio.get_running_loop().time() - began <= max(seconds for seconds, _ in CHECKS.values())
        assert {name for name, each in found.items() if each.verdict is Verdict.FAIL} == {"reader", "printer", "keys"}
        assert found["reader"].why.id == "live.no_end"
        hanging.release.set()
        shop.room.hardware = shop.hardware

    play(tmp_path, bank, script)


@pytest.mark.parametrize(
    ("state", "network", "acquirer"),
    [("down", "live.network.bad", "live.acquirer.down"), ("answer_lost", "live.fine", "live.acquirer.silent")],
)
def test_line_and_acquirer_are_told_apart(tmp_path, bank, state, network, acquirer):
    async def prepare(shop):
        bank.line(state)

    found = looked(tmp_path, bank, prepare, "network", "acquirer", "clock")
    assert (found["network"].why.id, found["acquirer"].why.id) == (network, acquirer)
    assert found["clock"].verdict is Verdict.PASS  # by the records alone


def test_nothing_is_sent_while_an_exchange_has_its_turn(tmp_path, bank):
    async def script(shop):
        await shop.idle()
        sent, last = len(shop.line.sent), await _last(shop)
        async with shop.room.runner.turn, look(shop.room, ALL) as looking:
            found = dict(await looking.done())
        assert len(shop.line.sent) == sent
        assert await _last(shop) == last
        busy = {name for name, each in found.items() if each is BUSY}
        assert busy == {"network", "acquirer", "journal"}

    play(tmp_path, bank, script)


async def _last(shop):
    return (await shop.journal.rows("SELECT max(seq) FROM event"))[0][0]


def test_a_card_in_the_reader_is_not_touched(tmp_path, bank):
    """Help may be opened while a chip waits for its answer: it is neither powered nor spoken to."""

    async def script(shop):
        await shop.insert("unionpay-debit")
        async with look(shop.room, ("reader",)) as looking:
            found = dict(await looking.done())
        assert found["reader"].why.id == "live.reader.card"
        assert shop.reader._powered is None

    play(tmp_path, bank, script)


def test_faults_of_the_terminal_itself_are_found(tmp_path, bank):
    async def prepare(shop):
        shop.room.policy_trouble = "policy.toml:3: no"
        shop.reader.unplug()
        shop.printer.is_lost = True
        shop.room.runner.is_sign_in_due = True
        shop.journal._store.db.execute("UPDATE event SET body = '{}' WHERE seq = 3")

    found = looked(tmp_path, bank, prepare, "policy", "reader", "printer", "signed", "journal")
    assert {name: each.why.id for name, each in found.items()} == {
        "policy": "live.policy.refused",
        "reader": "live.no_device",
        "printer": "live.no_device",
        "signed": "live.signed.due",
        "journal": "live.journal.broken",
    }
    assert found["journal"].why.args == {"seq": "3"}


def test_a_clock_that_went_back_or_is_off_is_found(tmp_path, bank):
    async def back(shop):
        shop.clock.offset -= timedelta(hours=2)

    assert looked(tmp_path, bank, back, "clock")["clock"].why.id == "live.clock.back"
