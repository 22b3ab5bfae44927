"""What else the acquirer takes part in, by keys: balance, holds, PINs, parts, signatures, parameters, demands."""

import random

import pytest

from simulator.acquirer.manner import Manner
from terminal.events import StrokeDrawn
from terminal.exchange.scripts import owe_script_notice
from terminal.exchange.stages import Accepted, Refused
from terminal.iso8583.dialect import Choices
from terminal.iso8583.kinds import Kind
from terminal.signature import SIGNATURE_MOST, decoded
from tests.journey.shop import PIN, TERMINAL_ID, Bank, day
from tests.journey.teller import Teller

PARTS = Choices(accepts_partial=True)


@pytest.fixture
def bank():
    bank = Bank()
    yield bank
    bank.ledger.close()


async def page_two(shop, entry):
    await shop.idle()
    await shop.press("down")
    await shop.see("结算", "预授权", "余额查询", "终端管理")
    await shop.press(entry)


async def done_with_paper(shop):
    await shop.press("enter")
    await shop.settle(5)
    await shop.press("enter")


# --- balance ---------------------------------------------------------------------------------------------------------
def test_a_balance_is_shown_after_the_right_pin_and_kept_nowhere(tmp_path, bank):
    async def script(shop):
        await shop.first_day()
        await page_two(shop, "3")
        await shop.present("unionpay-debit")
        await shop.see("请持卡人输入密码", "没有密码请直接按确认")
        await shop.type("12")
        await shop.press("enter")
        await shop.see("密码至少 4 位")
        assert "12" not in shop.text()
        await shop.press("clear", "clear")
        await shop.enter(PIN)
        await shop.see("可用余额", "¥10000.00")
        await shop.journal.record("flush", {})
        events = str(shop.journal._store.rows("SELECT body FROM event"))
        assert '"54":"<20>"' in events
        assert "000001000000" not in events

    day(tmp_path, bank, script)


def test_a_wrong_pin_is_refused_by_the_bank(tmp_path, bank):
    async def script(shop):
        await shop.first_day()
        await page_two(shop, "3")
        await shop.present("unionpay-debit")
        await shop.see("请持卡人输入密码")
        await shop.enter("1111")
        await shop.see("密码", "55")

    day(tmp_path, bank, script)


def test_a_wrong_pin_of_a_payment_is_asked_for_again_with_a_new_number(tmp_path, bank):
    async def script(shop):
        await shop.first_day()
        await shop.press("1")
        await shop.see("请输入消费金额")
        await shop.enter("1000")
        await shop.present("stripe-only", "swipe")
        await shop.see("请持卡人输入密码")
        await shop.enter("1111")
        await shop.see("确认")
        await shop.press("enter")
        await shop.see("密码错误，请重新输入")
        await shop.enter(PIN)
        await shop.see("消费成功")
        first, second = reversed((await shop.journal.recent())[:2])
        assert isinstance(first, Refused)
        assert isinstance(second, Accepted)
        assert int(second.request.stan) == int(first.request.stan) + 1
        assert PIN not in str(shop.journal._store.rows("SELECT body FROM event"))

    day(tmp_path, bank, script, pin_for=(Kind.SALE,))


# --- holds -----------------------------------------------------------------------------------------------------------
async def hold(shop, amount="20000"):
    await page_two(shop, "2")
    await shop.pay(amount, "unionpay-debit")
    await shop.see("预授权成功")
    await shop.pull()
    await done_with_paper(shop)


def test_a_hold_is_completed_once_and_for_no_more_than_it_allows(tmp_path, bank):
    async def script(shop):
        await shop.first_day()
        await hold(shop)
        await page_two(shop, "2")
        await shop.press("3", "1")
        await shop.see("最多可完成", "¥230.00")
        await shop.enter("23001")
        await shop.see("超过预授权金额的上限")
        await shop.press("enter")
        await page_two(shop, "2")
        await shop.press("3", "1")
        await shop.see("请输入完成金额")
        await shop.enter("15000")
        await shop.present("unionpay-debit")
        await shop.see("原交易")
        await shop.press("enter")
        await shop.see("预授权完成成功")
        await shop.pull()
        await done_with_paper(shop)
        assert bank.balance() == 1_000_000 - 15_000
        await page_two(shop, "2")
        await shop.press("3")
        await shop.see("没有可用的预授权")

    day(tmp_path, bank, script)


def test_a_hold_is_released_by_its_own_card_only(tmp_path, bank):
    async def script(shop):
        await shop.first_day()
        await hold(shop)
        await page_two(shop, "2")
        await shop.press("2", "1")
        await shop.present("unionpay-credit")
        await shop.see("不是原交易的卡")
        await shop.press("enter")
        await shop.pull()
        await page_two(shop, "2")
        await shop.press("2", "1")
        await shop.present("unionpay-debit")
        await shop.see("原交易")
        await shop.press("enter")
        await shop.see("预授权撤销成功")

    day(tmp_path, bank, script)
    assert bank.balance() == 1_000_000


def test_a_completion_is_undone_from_the_records(tmp_path, bank):
    async def script(shop):
        await shop.first_day()
        await hold(shop)
        await page_two(shop, "2")
        await shop.press("3", "1")
        await shop.see("请输入完成金额")
        await shop.enter("20000")
        await shop.present("unionpay-debit")
        await shop.see("原交易")
        await shop.press("enter")
        await shop.see("预授权完成成功")
        await shop.pull()
        await done_with_paper(shop)
        await page_two(shop, "2")
        await shop.press("5")
        await shop.supervisor_code()
        await shop.see("预授权完成撤销")
        await shop.press("1")
        await shop.see("原交易")
        await shop.press("enter")
        await shop.see("预授权完成撤销成功")

    day(tmp_path, bank, script)


# --- a part ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("is_kept", [True, False])
def test_a_part_is_kept_or_voided_at_once(tmp_path, is_kept):
    bank = Bank(Manner(accepts_partial=True))

    async def script(shop):
        await shop.first_day()
        await shop.pay("1500000", "stripe-only", "swipe")  # 15,000.00 of 10,000.00
        await shop.see("银行只批准了 ¥10000.00，还差 ¥5000.00")
        await shop.press("1" if is_kept else "2")
        await shop.see("消费成功" if is_kept else "撤销已受理", "¥10000.00")
        await done_with_paper(shop)
        await shop.idle()
        assert "10000.00" in shop.paper()
        assert "15000.00" not in shop.paper()

    day(tmp_path, bank, script, choices=PARTS)
    assert bank.balance("stripe-only") == (0 if is_kept else 1_000_000)
    bank.ledger.close()


def test_a_part_that_nobody_answers_for_is_told_and_printed(tmp_path):
    """It was charged: time-out and cancel keep it, and never say that nothing was done."""
    bank = Bank(Manner(accepts_partial=True))

    async def script(shop):
        await shop.first_day()
        await shop.pay("1500000", "stripe-only", "swipe")
        await shop.see("银行只批准了")
        await shop.settle(62)
        await shop.see("消费成功", "¥10000.00")
        await done_with_paper(shop)
        assert "10000.00" in shop.paper()

    day(tmp_path, bank, script, choices=PARTS)
    bank.ledger.close()


# --- signatures ------------------------------------------------------------------------------------------------------
async def sell_signed(shop, amount):
    await shop.idle()
    await shop.pay(amount, "unionpay-debit")
    await shop.see("消费成功")
    await shop.press("enter")
    await shop.see("签名")
    shop.sign()
    await shop.press("enter")
    await shop.see("请将终端交还收银员")
    await shop.enter("2580")
    await shop.pull()
    await shop.settle(10)
    await shop.idle()


def signatures(bank):
    return bank.ledger.report()["signatures"]


async def with_glass(shop):
    await shop.first_day()
    shop.desk.has_glass = True


def test_a_signature_goes_with_the_next_transaction(tmp_path, bank):
    async def script(shop):
        await with_glass(shop)
        await sell_signed(shop, "1000")
        assert signatures(bank) == []
        await sell_signed(shop, "2000")
        assert len(signatures(bank)) == 1
        (row,) = bank.ledger.run("SELECT elements FROM signature").fetchall()
        elements = decoded(bytes(row[0]))
        assert (elements.kind_text, elements.merchant_name, elements.operator) == ("消费", "测试商户", "01")
        await shop.settle_batch()
        await shop.see("结算完成")
        assert len(signatures(bank)) == 2

    day(tmp_path, bank, script)


def test_a_signature_that_the_bank_will_not_have_is_signed_on_paper(tmp_path, bank):
    async def script(shop):
        await with_glass(shop)
        await sell_signed(shop, "1000")
        before = len(shop.printer.papers)
        bank.spoil("says", "0820", "55")
        await shop.settle_batch()
        await shop.see("结算完成")
        assert len(shop.printer.papers) == before + 1
        assert "重打印" in shop.paper()

    day(tmp_path, bank, script)


def test_a_signature_is_tried_three_times_before_it_is_paper(tmp_path, bank):
    async def script(shop):
        await with_glass(shop)
        await sell_signed(shop, "1000")
        before = len(shop.printer.papers)
        for _ in range(3):
            bank.spoil("request_lost", "0820")
        await shop.idle()
        await shop.press("down", "1")
        await shop.see("净额")
        assert len(shop.printer.papers) == before + 1
        assert [owed.tries for owed in await shop.journal.owed.all("signature", "on-paper")] == [3]

    day(tmp_path, bank, script)


# --- parameters and demands ------------------------------------------------------------------------------------------
def test_all_parameters_are_downloaded(tmp_path, bank):
    async def script(shop):
        await shop.first_day()
        await page_two(shop, "4")
        await shop.press("2")
        await shop.see("参数已下载", "公钥", "黑名单")
        kinds = ("capk", "aid", "stripe", "contactless", "blocked-bin")
        found = {kind: await shop.journal.parameters.all(kind) for kind in kinds}
        assert all(found.values())
        assert "A00000033308" in found["capk"]

    day(tmp_path, bank, script)


def test_a_card_of_a_blocked_bin_is_not_charged(tmp_path, bank):
    async def script(shop):
        await shop.first_day()
        pan = bank.tray["stripe-only"].pan
        await shop.journal.parameters.replace("blocked-bin", {pan[:6]: b""})
        await shop.press("1")
        await shop.see("请输入消费金额")
        await shop.enter("100")
        await shop.present("stripe-only", "swipe")
        await shop.see("收单机构不受理这类卡")
        assert await shop.journal.recent() == []

    day(tmp_path, bank, script)


@pytest.mark.parametrize(("code", "kind"), [("4", "capk"), ("5", "aid"), ("1", "stripe"), ("7", "blocked-bin")])
def test_what_the_bank_demands_is_done_before_the_next_money(tmp_path, bank, code, kind):
    async def script(shop):
        await shop.first_day()
        await shop.journal.parameters.replace(kind, {})  # the first sign-in had fetched applications and keys
        shop.host.demand(TERMINAL_ID, code)
        await shop.sell("1000")
        assert await shop.journal.parameters.all(kind) == {}
        await shop.sell("2000")
        assert await shop.journal.parameters.all(kind)
        assert shop.room.acquirer.demands == set()

    day(tmp_path, bank, script)


def test_a_demand_that_the_bank_refuses_to_serve_does_not_close_the_shop(tmp_path, bank):
    async def script(shop):
        await shop.first_day()
        shop.host.demand(TERMINAL_ID, "4")
        await shop.sell("1000")
        bank.spoil("says", "0820", "96")
        await shop.press("1")
        await shop.see("公钥下载失败")
        await shop.press("enter")
        await shop.see("请输入消费金额")

    day(tmp_path, bank, script)


def test_a_demanded_sign_in_is_done_before_the_next_money(tmp_path, bank):
    async def script(shop):
        await shop.first_day()
        shop.host.demand(TERMINAL_ID, "3")
        await shop.sell("1000")
        before = bank.ledger.terminal(TERMINAL_ID).mak
        await shop.sell("2000")
        assert bank.ledger.terminal(TERMINAL_ID).mak != before

    day(tmp_path, bank, script)


def test_the_line_can_be_tested(tmp_path, bank):
    async def script(shop):
        await shop.first_day()
        await page_two(shop, "4")
        await shop.press("1")
        await shop.see("线路正常，收单机构有应答")

    day(tmp_path, bank, script)


def test_keys_that_expired_are_renewed_by_a_sign_in(tmp_path, bank):
    async def script(shop):
        await shop.first_day()
        shop.host.expire_keys(TERMINAL_ID)
        await shop.pay("100", "unionpay-debit")
        await shop.see("77")
        await shop.press("enter")
        await shop.pull()
        await shop.sell("1000")

    day(tmp_path, bank, script)


# --- script notices --------------------------------------------------------------------------------------------------
def test_a_script_notice_goes_before_the_next_money_and_once(tmp_path, bank):
    async def script(shop):
        await shop.first_day()
        await shop.sell("1000")
        (sale,) = await shop.journal.recent()
        await owe_script_notice(shop.journal, sale.request.id, "DF310500000000009F36020001")
        bank.spoil("lost", "0620")
        await shop.sell("2000")
        await shop.sell("3000")
        sent = [frame for frame in shop.line.sent if frame[11:13].hex() == "0620"]
        assert len(sent) == 2
        assert len(set(sent)) == 1  # the second time unchanged
        assert len(bank.ledger.run("SELECT * FROM script_notice").fetchall()) == 1
        assert await shop.journal.owed.all("script", "owed") == []

    day(tmp_path, bank, script)


# --- national algorithms, tracks under a key, single-length keys -----------------------------------------------------
@pytest.mark.parametrize("sign_in", ["001", "003", "004", "005", "006"])
def test_every_sort_of_sign_in_carries_a_sale_with_pin_and_a_refund(tmp_path, bank, sign_in):
    async def script(shop):
        await shop.first_day()
        await shop.press("1")
        await shop.see("请输入消费金额")
        await shop.enter("10000")
        await shop.present("stripe-only", "swipe")
        await shop.see("请持卡人输入密码")
        await shop.enter(PIN)
        await shop.see("确认")
        await shop.press("enter")
        await shop.see("消费成功")
        await done_with_paper(shop)
        await shop.refund("4000", card="stripe-only", way="swipe")
        await shop.see("退货已受理")
        track = bank.tray["stripe-only"].track2.replace("=", "D")
        on_the_wire = any(track in frame.hex().upper() for frame in shop.line.sent)
        assert on_the_wire == (sign_in not in ("004", "006"))

    day(tmp_path, bank, script, choices=Choices(sign_in=sign_in, has_inquiry=True), pin_for=(Kind.SALE,))
    assert bank.balance("stripe-only") == 1_000_000 - 6_000


# --- success with a message ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("code", "word"), [("11", "贵宾"), ("A2", "发卡行"), ("A4", "发卡行"), ("A6", "发卡行")])
def test_a_success_with_a_message_is_a_success_and_says_it(tmp_path, bank, code, word):
    async def script(shop):
        await shop.first_day()
        bank.spoil("says", "0200", code)
        await shop.pay("1000", "stripe-only", "swipe")
        await shop.see("消费成功", word)
        (stage,) = await shop.journal.recent()
        assert isinstance(stage, Accepted)

    day(tmp_path, bank, script)
    assert bank.balance("stripe-only") == 1_000_000 - 1_000


def test_what_is_owed_goes_in_order_before_the_next_money(tmp_path, bank):
    """Script notice, reversal, offline money, then the transaction (cup.md 4.4)."""

    async def script(shop):
        teller = Teller(shop)
        await teller.sign_in()
        sale = await teller.do(Kind.SALE)
        bank.line("answer_lost")
        await teller.do(Kind.SALE)
        await teller.do(Kind.OFFLINE_SETTLEMENT)
        await owe_script_notice(shop.journal, sale.request.id, "DF310500000000009F36020001")
        bank.line("up")
        before = len(shop.line.sent)
        assert isinstance(await teller.do(Kind.SALE), Accepted)
        assert [frame[11:13].hex() for frame in shop.line.sent[before:]] == ["0620", "0400", "0220", "0200"]

    day(tmp_path, bank, script, issuer=None)


def test_a_signature_too_long_to_send_is_signed_again(tmp_path, bank):
    dice = random.Random(5)
    scrawl = [((dice.randrange(1000), dice.randrange(1000)),) for _ in range(1500)]  # dots: JBIG cannot fold them

    async def script(shop):
        await with_glass(shop)
        await shop.pay("1000", "unionpay-debit")
        await shop.see("消费成功")
        await shop.press("enter")
        await shop.see("签名")
        for dot in scrawl:
            shop.front.report(StrokeDrawn(dot))
        await shop.settle(1)
        await shop.press("enter")
        await shop.see("签名太长，发不出去")
        await shop.press("enter")
        await shop.see("签名")
        shop.sign()
        await shop.press("enter")
        await shop.settle(3)
        (owed,) = await shop.journal.owed.all("signature", "owed")
        assert len(owed.body) <= SIGNATURE_MOST

    day(tmp_path, bank, script)
