"""The main path and its branches, as the merchant lives them: keys and cards in, screens, paper and books out."""

import pytest

from terminal.refund.policy import Policy
from tests.journey.shop import Bank, Shop, day


@pytest.fixture
def bank():
    return Bank()


def play(tmp_path, bank, script, policy=None) -> Shop:
    async def whole(shop):
        await shop.first_day()
        await script(shop)

    return day(tmp_path, bank, whole, policy)


def test_whole_sale_of_today_is_voided_and_says_why(tmp_path, bank):
    async def script(shop):
        await shop.sell("8800")
        assert bank.balance() == 1_000_000 - 8800
        await shop.refund_until_card()
        await shop.see("按消费撤销处理", "持卡人账单上原消费会消失", "本次退款", "88.00")
        await shop.press("enter")
        await shop.present("unionpay-debit")
        await shop.see("再核对一遍", "消费撤销", "88.00", "可以取走")
        await shop.pull()
        await shop.press("enter")
        await shop.see("撤销已受理")
        await shop.done()

    shop = play(tmp_path, bank, script)
    assert bank.balance() == 1_000_000
    assert bank.ledger.sum_of_postings() == 0
    paper = shop.paper()
    for text in ("签购单", "商户存根", "持卡人存根", "消费撤销", "RMB -88.00", "原参考号", "持卡人签名", "剩余可退"):
        assert text in paper
    assert bank.tray["unionpay-debit"].pan not in paper


def test_a_part_is_refunded_and_another_and_never_more_than_remains(tmp_path, bank):
    async def script(shop):
        await shop.sell("10000")
        await shop.refund("3000")
        await shop.see("退货已受理", "不是已到账")
        await shop.done()
        await shop.refund_until_card("2")
        await shop.see("刚刚退过")  # against the double press
        await shop.press("enter")

    async def too_soon(shop):
        await shop.sell("10000")
        await shop.refund("3000")
        await shop.see("退货已受理", "不是已到账")
        await shop.done()
        await shop.press("refund")
        await shop.see("退哪一笔")
        await shop.press("1")
        await shop.see("刚刚退过")
        await shop.press("enter")
        await shop.idle()
        await shop.settle(61)
        await shop.refund_until_card("2")
        await shop.see("30.00", "可退余额", "70.00")
        await shop.enter("7001")
        await shop.see("超过可退余额 ¥70.00")
        await shop.press("enter")
        await shop.refund("7000")
        await shop.see("退货已受理")
        await shop.done()
        await shop.settle(61)
        await shop.press("refund")
        await shop.see("退哪一笔")
        await shop.press("1")
        await shop.see("已经全部退完")

    del script
    play(tmp_path, bank, too_soon)
    assert bank.balance() == 1_000_000
    assert list(bank.credited().values()) == [10_000]


def test_costs_are_kept_shown_signed_and_sent(tmp_path, bank):
    async def script(shop):
        await shop.sell("10000")
        await shop.refund_until_card("3")
        await shop.see("保留的成本")
        await shop.enter("1500")
        await shop.see("手续费")
        await shop.enter("250")
        await shop.see("退款明细", "100.00", "15.00", "2.50", "82.50", "17.50")
        await shop.press("enter")
        await shop.present("unionpay-debit")
        await shop.see("再核对一遍", "82.50", "17.50")
        await shop.press("enter")
        await shop.see("退货已受理")
        await shop.done()

    shop = play(tmp_path, bank, script)
    assert bank.balance() == 1_000_000 - 10_000 + 8_250
    for text in ("保留成本", "15.00", "手续费", "2.50", "82.50"):
        assert text in shop.paper()


def test_above_the_limit_a_supervisor_agrees(tmp_path, bank):
    async def script(shop):
        await shop.sell("60000")
        await shop.refund_until_card()
        await shop.see("退款明细")
        await shop.press("enter")
        await shop.see("请主管输入密码", "超过 ¥500.00")
        await shop.enter("135790")
        await shop.present("unionpay-debit")
        await shop.see("再核对一遍")
        await shop.press("enter")
        await shop.see("撤销已受理")
        await shop.done()

    shop = play(tmp_path, bank, script)
    assert "批准人" in shop.paper()


def test_by_stripe(tmp_path, bank):
    async def script(shop):
        await shop.sell("500", "stripe-only", "swipe")
        await shop.refund("", "stripe-only", "swipe")
        await shop.see("撤销已受理")
        await shop.done()

    shop = play(tmp_path, bank, script)
    assert "/S" in shop.paper()
    assert bank.balance("stripe-only") == 1_000_000


def test_the_real_card_of_the_trace(tmp_path, bank):
    async def script(shop):
        await shop.sell("1200", "unionpay-trace", choice="1")
        await shop.refund("200", "unionpay-trace")
        await shop.see("退货已受理")
        await shop.done()

    shop = play(tmp_path, bank, script)
    assert "6210 94** **** 0011 /I" in shop.paper()
    assert bank.balance("unionpay-trace") == 1_000_000 - 1000


def test_a_signature_on_glass_is_printed_and_none_means_paper(tmp_path, bank):
    async def script(shop):
        shop.desk.has_glass = True
        await shop.idle()
        await shop.press("1")
        await shop.see("请输入消费金额")
        await shop.enter("900")
        await shop.present("unionpay-debit")
        await shop.see("请勿拔卡")
        await shop.press("enter")
        await shop.see("消费成功")
        await shop.press("enter")
        await shop.see("请持卡人签名")
        shop.sign()
        await shop.press("enter")
        await shop.see("请将终端交还收银员")
        await shop.enter("2580")
        await shop.tear()

    shop = play(tmp_path, bank, script)
    assert "交易特征码" in shop.paper()
    assert any(hasattr(row, "bits") and row.width > 200 for row in shop.printer.papers[0])


@pytest.mark.parametrize(("way", "what"), [("2", "2"), ("3", "2500"), ("4", None)])
def test_the_sale_is_found_another_way(tmp_path, bank, way, what):
    async def script(shop):
        await shop.sell("1100")
        await shop.sell("2500", "unionpay-credit")
        await shop.idle()
        await shop.press("refund")
        await shop.supervisor_code()
        await shop.see("退哪一笔")
        await shop.press("3")
        await shop.see("怎样查找")
        await shop.press(way)
        stan = (await shop.journal.sales())[0].request.stan
        typed = {"2": stan, "3": "2500", "4": bank.tray["unionpay-credit"].pan[-4:]}[way]
        await shop.enter(typed)
        await shop.see("退哪一笔", "¥25.00")
        assert "¥11.00" not in shop.text()
        await shop.press("1")
        await shop.see("退款原因")

    assert what is None or what
    play(tmp_path, bank, script)


def test_english_from_screen_to_paper(tmp_path, bank):
    async def script(shop):
        await shop.sell("700")
        await shop.press("refund")
        await shop.supervisor_code()
        await shop.press("cancel")
        await shop.idle()
        await shop.press("7")
        await shop.see("Give money back", "Records")
        await shop.press("refund")
        await shop.see("Which sale?")
        await shop.press("1")
        await shop.see("Reason")
        await shop.press("1")
        await shop.see("How much?")
        await shop.press("1")
        await shop.see("Fee sheet", "Void")
        await shop.press("enter")
        await shop.see("Insert, swipe or tap")
        await shop.insert("unionpay-debit")
        await shop.see("Check everything again")
        await shop.press("enter")
        await shop.see("Void accepted")
        await shop.press("enter")
        await shop.see("Tear off")
        await shop.press("enter")
        await shop.see("Records")

    shop = play(tmp_path, bank, script)
    assert "SALES SLIP" in shop.paper()
    assert "CARDHOLDER COPY" in shop.paper()


def test_policy_is_told_before_the_card_is_asked_for(tmp_path, bank):
    async def script(shop):
        await shop.sell("6000")
        await shop.refund_until_card("1")
        await shop.see("超过单笔限额 ¥50.00")

    play(tmp_path, bank, script, Policy(cap=5000))


def test_keys_from_idle_to_confirm_are_few(tmp_path, bank):
    """refund key, sale, reason, all, fee sheet, [card], confirm: six besides amount and codes."""

    async def script(shop):
        await shop.sell("100")
        await shop.press("refund")
        await shop.supervisor_code()
        await shop.press("cancel")
        await shop.idle()
        for key, then in (
            ("refund", "退哪一笔"),
            ("1", "退款原因"),
            ("1", "退多少"),
            ("1", "退款明细"),
            ("enter", "请插卡"),
        ):
            await shop.press(key)
            await shop.see(then)
        await shop.insert("unionpay-debit")
        await shop.see("再核对一遍")
        await shop.press("enter")
        await shop.see("撤销已受理")

    play(tmp_path, bank, script)
