"""Finding the sale: each way by hard keys or by the scanner, and what is no sale, as the cashier meets it."""

from datetime import timedelta
from types import SimpleNamespace

import msgspec
import pytest

from simulator.acquirer.branch import MERCHANT_ID, TERMINAL_ID
from terminal.dialogue.no_record import naked
from terminal.events import CodeScanned
from terminal.exchange.request import CardOnFile, FeeSheet, Request, Terms
from terminal.exchange.stages import Accepted, AwaitingReply, Refused, Reversed, Unknown
from terminal.iso8583.answers import Reply
from terminal.iso8583.dialect import Choices
from terminal.iso8583.dialects import by_name
from terminal.iso8583.facts import Identity, Plastic
from terminal.iso8583.kinds import Kind, Silence
from terminal.iso8583.messages import financial
from terminal.money import Money
from terminal.refund.policy import Policy
from terminal.refund.receipt_code import text
from terminal.refund.rules import NoRecord
from terminal.refund.sale import Origin, original_of, sold_elsewhere
from tests.journey.shop import Bank, day
from tests.virtual_time import START
from ui.layout import DEVICE_CLASSES
from ui.painter import Painter

TODAY, YESTERDAY = "2026-11-23", "2026-11-22"
OFF = Policy(elsewhere=NoRecord())
DAY, VOUCHER, AMOUNT, LAST_FOUR, CARD, RRN, CODE, ELSEWHERE, NAKED = "123456789"


@pytest.fixture
def bank():
    return Bank()


def play(tmp_path, bank, script, policy=None):
    """From the factory codes replaced to the end of the script; then every screen of it must fit every glass."""

    async def whole(shop):
        await shop.first_day()
        await shop.sell("100")
        await shop.press("refund")
        await shop.supervisor_code()
        await shop.press("cancel")
        await shop.idle()
        await script(shop)

    shop = day(tmp_path, bank, whole, policy)
    for painter in map(Painter, DEVICE_CLASSES):
        for language in ("zh_CN", "en"):
            screens = [msgspec.structs.replace(shown, language=language) for shown in shop.front.screens]
            assert not [shown for shown in screens if painter.overflows(shown)]
    return shop


def scan(shop, code):
    shop.front.report(CodeScanned(code))


async def begin(shop):
    await shop.idle()
    await shop.press("refund")
    await shop.see("退哪一笔", "其他方式查找", "可直接扫")


async def other_way(shop, way):
    """From idle to a way; the menu of ways is reached by the last number of the first page."""
    await begin(shop)
    await shop.press(str(len(shop.front.screens[-1].screen.items)))
    await shop.see("怎样查找")
    await shop.press(way)


async def news(shop, code, *texts):
    """Bad news, and 确认 leads back to the list."""
    await shop.see(code, *texts)
    await shop.press("enter")
    await shop.see("退哪一笔", "其他方式查找")


async def found(shop, *texts):
    """It is this one: confirmed by what is asked next."""
    await shop.see("退款原因")
    await shop.press("1")
    await shop.see("退多少", *texts)
    await shop.press("cancel", "cancel")
    await shop.idle()


class Books:
    """Exchanges put into the journal as if they had been."""

    def __init__(self, shop):
        self.shop, self.stan = shop, 900

    def request(self, minor, day=TODAY, kind=Kind.SALE, batch="000001", last="0009", original=None):
        self.stan += 1
        stan = f"{self.stan:06d}"
        card = CardOnFile("d" * 64, f"print-{last}", f"625000******{last}", "S")
        at = f"{day}T09:{self.stan // 60 % 60:02d}:{self.stan % 60:02d}+08:00"
        fees = FeeSheet(original.amount) if original else None
        return Request(
            f"{batch}-{stan}", kind, stan, batch, Money(minor), at, "01", card, Terms(Silence.REVERSE), original, fees
        )

    async def enter(self, stage):
        await self.shop.journal.enter(stage)
        return stage

    async def sold(self, minor, rrn="", **more):
        request = self.request(minor, **more)
        return await self.enter(Accepted(request, Reply("0210", "00", rrn=rrn or f"8{request.stan:0>11}")))

    async def back(self, sale, minor, kind=Kind.REFUND, of=None):
        request = self.request(minor, kind=kind, original=of or original_of(sale))
        return await self.enter(Accepted(request, Reply("0230", "00", rrn=f"7{request.stan:0>11}")))


# --- the list --------------------------------------------------------------------------------------------------------
def test_a_recent_sale_is_ten_keys_away_at_most(tmp_path, bank):
    async def script(shop):
        pressed = []
        for key, then in (
            ("refund", "退哪一笔"),
            ("1", "退款原因"),
            ("1", "退多少"),
            ("1", "退款明细"),
            ("enter", "请插卡"),
        ):
            pressed.append(key)
            await shop.press(key)
            await shop.see(then)
        await shop.insert("unionpay-debit")
        await shop.see("再核对一遍")
        pressed.append("enter")
        await shop.press("enter")
        await shop.see("撤销已受理")
        assert len(pressed) <= 10

    play(tmp_path, bank, script)


def test_the_list_goes_over_batches_and_days_and_says_what_is_past(tmp_path, bank):
    async def script(shop):
        books = Books(shop)
        for number in range(19):
            await books.sold(1000 + number, day=f"2026-11-{22 - number:02d}", batch=f"{100 - number:06d}")
        await begin(shop)
        await shop.see("¥1.00", "¥10.00", "11/22 09:15 *0009 #000901", "¥10.06")
        assert "¥10.07" not in shop.text()
        await shop.press("down")
        await shop.see("¥10.07", "11/15", "¥10.14")
        await shop.press("down", "down")
        await shop.see("¥10.15", "¥10.18")
        await shop.press("up")
        await shop.see("¥10.07")
        await shop.press("2")
        await found(shop, "¥10.08")

    play(tmp_path, bank, script)


def test_a_sale_of_another_year_says_so(tmp_path, bank):
    async def script(shop):
        await Books(shop).sold(777, day="2025-12-24")
        await begin(shop)
        await shop.see("2025/12/24 *0009")

    play(tmp_path, bank, script)


def test_what_went_back_already_stands_beside_the_amount(tmp_path, bank):
    async def script(shop):
        books = Books(shop)
        whole, part, voided, unknown, plain = [await books.sold(minor) for minor in (1100, 1200, 1300, 1400, 1500)]
        await books.back(whole, 600)
        await books.back(whole, 500)
        await books.back(part, 200)
        await books.back(voided, 1300, Kind.VOID)
        await books.enter(Unknown(books.request(100, kind=Kind.REFUND, original=original_of(unknown)), "98"))
        await books.enter(Refused(books.request(1500, kind=Kind.REFUND, original=original_of(plain)), "61"))
        await begin(shop)
        await shop.see("¥11.00 已全退", "¥12.00 已退部分", "¥13.00 已撤销", "¥14.00 处理中")
        assert "¥15.00 11/23" in shop.text()
        place = next(line[0] for line in shop.text().splitlines() if "¥11.00" in line)
        await shop.press(place)
        await shop.see("已经全部退完", "R03")

    play(tmp_path, bank, script)


def test_large_amounts_in_part_given_back_fit(tmp_path, bank):
    async def script(shop):
        books = Books(shop)
        for _ in range(8):
            await books.back(await books.sold(9_999_999_99), 8_888_888_88)
        await begin(shop)
        await shop.see("¥9999999.99 已退部分")

    play(tmp_path, bank, script)


def test_a_completion_is_found_and_a_hold_is_not(tmp_path, bank):
    async def script(shop):
        books = Books(shop)
        await books.sold(2100, kind=Kind.COMPLETION)
        await books.sold(2200, kind=Kind.COMPLETION_NOTICE)
        await books.sold(2300, kind=Kind.PRE_AUTH)
        await begin(shop)
        await shop.see("¥21.00", "¥22.00")
        assert "¥23.00" not in shop.text()

    play(tmp_path, bank, script)


# --- by what the cardholder has --------------------------------------------------------------------------------------
async def three_sales(shop):
    books = Books(shop)
    await books.sold(5000, day=YESTERDAY, batch="000077", last="1234", rrn="AB1234567890")
    await books.sold(5000, day="2026-10-05", batch="000078", last="5678", rrn="123456789012")
    return await books.sold(6000, day=YESTERDAY, batch="000079", last="1234")


@pytest.mark.parametrize(
    ("way", "keys", "shown", "hidden"),
    [
        (DAY, "2", ("¥50.00", "¥60.00"), ("¥1.00", "10/05")),
        (DAY, "1122", ("¥50.00", "¥60.00"), ("¥1.00", "10/05")),
        (DAY, "1005", ("10/05",), ("¥60.00",)),
        (VOUCHER, "901", ("*1234 #000901",), ("¥60.00",)),
        (LAST_FOUR, "1234", ("¥50.00", "¥60.00"), ("*5678",)),
    ],
)
def test_by_typing(tmp_path, bank, way, keys, shown, hidden):
    async def script(shop):
        await three_sales(shop)
        await other_way(shop, way)
        await shop.enter(keys)
        await shop.see("退哪一笔", *shown)
        assert not [text for text in hidden if text in shop.text()]
        await shop.press("1")
        await found(shop)

    play(tmp_path, bank, script)


def test_one_voucher_number_in_several_batches_is_a_list(tmp_path, bank):
    async def script(shop):
        books = Books(shop)
        for batch in ("000011", "000012"):
            books.stan = 41
            await books.sold(4200, batch=batch, day=YESTERDAY)
        await other_way(shop, VOUCHER)
        await shop.enter("42")
        await shop.see("退哪一笔", "1 ¥42.00", "2 ¥42.00")

    play(tmp_path, bank, script)


def test_by_amount_the_day_is_asked_only_where_it_tells_them_apart(tmp_path, bank):
    async def script(shop):
        await three_sales(shop)
        await other_way(shop, AMOUNT)
        await shop.enter("6000")
        await shop.see("退哪一笔", "¥60.00")
        await shop.press("cancel", "cancel", "cancel")
        await other_way(shop, AMOUNT)
        await shop.enter("5000")
        await shop.see("哪一天的消费", "所有日期")
        await shop.enter("1005")
        await shop.see("退哪一笔", "10/05")
        assert "11/22" not in shop.text()
        await shop.press("cancel", "cancel", "cancel")
        await other_way(shop, AMOUNT)
        await shop.enter("5000")
        await shop.press("enter")
        await shop.see("退哪一笔", "10/05", "11/22")

    play(tmp_path, bank, script)


@pytest.mark.parametrize(
    ("keys", "code", "said"),
    [
        ("1124", "R45", "11/24"),
        ("1225", "R45", "12/25"),
        ("0229", "R44", "02/29"),
        ("1301", "R44", "13/01"),
        ("0", "R44", "0"),
        ("123", "R44", "123"),
    ],
)
def test_a_day_that_is_none_or_not_yet_is_asked_again(tmp_path, bank, keys, code, said):
    async def script(shop):
        await three_sales(shop)
        await other_way(shop, DAY)
        await shop.enter(keys)
        await shop.see(code, said)
        await shop.press("enter")
        await shop.see("哪一天的消费")
        await shop.enter("2")
        await shop.see("¥60.00")

    play(tmp_path, bank, script)


def test_by_the_card_itself(tmp_path, bank):
    async def script(shop):
        await shop.sell("2500", "unionpay-credit")
        await shop.sell("3500")
        await other_way(shop, CARD)
        await shop.present("unionpay-credit")
        await shop.see("退哪一笔", "¥25.00")
        assert "¥35.00" not in shop.text()
        assert bank.tray["unionpay-credit"].pan not in shop.text()
        await shop.press("1")
        await shop.pull()
        await found(shop, "¥25.00")
        await other_way(shop, CARD)
        await shop.present("stripe-only", "swipe")
        await news(shop, "R01")

    play(tmp_path, bank, script)


@pytest.mark.parametrize(("way", "keys"), [(RRN, "123456789012"), (CODE, "000078000902")])
def test_by_what_stands_on_the_receipt(tmp_path, bank, way, keys):
    async def script(shop):
        await three_sales(shop)
        await other_way(shop, way)
        await shop.enter(keys)
        await found(shop, "¥50.00")

    play(tmp_path, bank, script)


# --- the scanner -----------------------------------------------------------------------------------------------------
QR = text(TERMINAL_ID, MERCHANT_ID, YESTERDAY, "AB1234567890", "")


@pytest.mark.parametrize(
    "code",
    [
        QR,
        text(TERMINAL_ID, MERCHANT_ID, "2026-10-05", "123456789012", ""),
        "123456789012",
        QR.upper().replace("F", "f"),
        QR.rpartition(":")[0],
        "000077-000901",
        "000077000901",
        "AB1234567890",
        text(TERMINAL_ID, MERCHANT_ID, YESTERDAY, "", "000077-000901"),
    ],
)
def test_the_cashier_just_scans(tmp_path, bank, code):
    async def script(shop):
        await three_sales(shop)
        await begin(shop)
        scan(shop, code)
        await found(shop, "¥50.00")

    play(tmp_path, bank, script)


@pytest.mark.parametrize("way", [None, DAY, VOUCHER, LAST_FOUR, RRN, CODE, ELSEWHERE])
def test_a_scan_is_heard_at_every_question(tmp_path, bank, way):
    async def script(shop):
        await three_sales(shop)
        await other_way(shop, way or "0")
        await shop.press("3" if way else "0")
        scan(shop, QR)
        await found(shop, "¥50.00")

    play(tmp_path, bank, script)


@pytest.mark.parametrize(
    ("code", "news_code"),
    [
        ("", "R40"),
        ("https://example.test/?x=yuanlu:", "R40"),
        ("x" * 4000, "R40"),
        ("yuanlu:10000001:2026-02-30:091947145060", "R40"),
        ("yuanlu:10000001:2026-11-22:09194714506:f8582d", "R40"),
        (text(TERMINAL_ID, "898310000009999", YESTERDAY, "AB1234567890", ""), "R41"),
        (text("99999999", "898310000009999", YESTERDAY, "AB0000000000", ""), "R41"),
        (text("99999999", MERCHANT_ID, YESTERDAY, "AB0000000000", ""), "R42"),
        (text("99999999", MERCHANT_ID, YESTERDAY, "", "000077-000901"), "R01"),
        (text(TERMINAL_ID, MERCHANT_ID, TODAY, "AB1234567890", ""), "R01"),  # another day
        ("000099-000901", "R01"),
        ("AB9999999999", "R01"),
    ],
)
def test_what_names_no_sale_of_ours_is_said_and_the_next_scan_works(tmp_path, bank, code, news_code):
    async def script(shop):
        await three_sales(shop)
        await begin(shop)
        scan(shop, code)
        await news(shop, news_code)
        scan(shop, QR)
        await found(shop, "¥50.00")
        await begin(shop)
        scan(shop, code)
        await shop.see(news_code)
        await shop.press("cancel")
        await shop.idle()

    play(tmp_path, bank, script, OFF)


def test_a_refund_is_never_given_back(tmp_path, bank):
    async def script(shop):
        books = Books(shop)
        sale = await books.sold(5000)
        other = await books.sold(6000)
        refund, void = await books.back(sale, 5000), await books.back(other, 6000, Kind.VOID)
        for stage, what in ((refund, "退货"), (void, "消费撤销")):
            for code in (
                text(TERMINAL_ID, MERCHANT_ID, TODAY, stage.reply.rrn, stage.request.id),
                stage.request.id,
                stage.reply.rrn,
            ):
                await begin(shop)
                scan(shop, code)
                await news(shop, "R43", "不是消费", what)
                await shop.press("cancel")
            for way, typed in (
                (RRN, stage.reply.rrn),
                (CODE, stage.request.id.replace("-", "")),
                (ELSEWHERE, stage.reply.rrn),
            ):
                await other_way(shop, way)
                await shop.enter(typed)
                await news(shop, "R43", "不能再退")
                await shop.press("cancel")

    play(tmp_path, bank, script)


def test_a_sale_that_did_not_come_about_is_not_given_back(tmp_path, bank):
    async def script(shop):
        books = Books(shop)
        stages = (
            Refused(books.request(100), "51"),
            Reversed(books.request(100), "98"),
            AwaitingReply(books.request(100)),
        )
        for stage in stages:
            await begin(shop)
            await books.enter(stage)
            scan(shop, stage.request.id)
            await news(shop, "R47")
            await shop.press("cancel")
            await books.enter(Refused(stage.request, "51"))

    play(tmp_path, bank, script)


async def test_a_refund_of_no_sale_is_told_the_wire_as_not_known():
    """cup.md 2.3, 2.4: what is not known of the original is zeros; each such refund has a name of its own."""

    async def typed(*_):
        return Money(3000)

    clock = SimpleNamespace(now=lambda: START)
    room = SimpleNamespace(desk=SimpleNamespace(amount=typed), hardware=SimpleNamespace(clock=clock))
    sale, another = await naked(room), await naked(room)
    assert sale.id != another.id
    assert (sale.origin, sale.amount, sale.day) == (Origin.NAKED, Money(3000), START.date())
    facts = msgspec.structs.replace(Books(None).request(3000), kind=Kind.REFUND, original=sale.original).facts()
    plastic = Plastic("6210940000000003", "022", "3012", track2="6210940000000003=30122201")  # TEST CARD
    for dialect in ("cup", "international"):
        message = financial(by_name(dialect, Choices()), facts, plastic, Identity(TERMINAL_ID, MERCHANT_ID))
        assert message["rrn"] == "0" * 12
        if dialect == "cup":
            assert message["original"] == "0" * 16
        else:
            assert message["original_elements"][4:20] == "0" * 16


# --- no record of it here --------------------------------------------------------------------------------------------
def test_a_sale_of_another_terminal_is_typed_from_its_paper(tmp_path, bank):
    async def script(shop):
        await other_way(shop, "1")
        await shop.press("cancel")
        await shop.see("怎样查找", "其他终端的交易")
        assert "没有原交易" not in shop.text()
        await shop.press(ELSEWHERE)
        await shop.enter("555566667777")
        await shop.see("其他终端签购单上的日期")
        await shop.enter("1122")
        await shop.see("其他终端签购单上的消费金额", "555566667777", YESTERDAY)
        await shop.press("enter")
        await shop.see("金额不能是 0")
        await shop.press("enter")
        await shop.see("退哪一笔")
        scan(shop, text("99999999", MERCHANT_ID, YESTERDAY, "555566667777", ""))
        await shop.see("其他终端签购单上的消费金额")
        await shop.enter("8000")
        await found(shop, "¥80.00")

    play(tmp_path, bank, script)


@pytest.mark.parametrize(
    ("typed_day", "amount", "is_told"), [("2", "8000", False), ("2", "8001", True), ("3", "8000", True)]
)
@pytest.mark.parametrize("is_refused", [False, True])
def test_what_was_said_of_it_before_holds(tmp_path, bank, typed_day, amount, is_told, is_refused):
    async def script(shop):
        books = Books(shop)
        at = shop.clock.now().date() - timedelta(days=1)
        original = sold_elsewhere("555566667777", at, Money(8000), "+08:00").original
        request = books.request(1000, YESTERDAY, Kind.REFUND, original=original)
        reply = Reply("0230", "00", rrn="777788889999")
        await books.enter(Refused(request, "25") if is_refused else Accepted(request, reply))
        await other_way(shop, ELSEWHERE)
        await shop.enter("555566667777")
        await shop.enter(typed_day)
        await shop.enter(amount)
        if is_told and not is_refused:
            await news(shop, "R46", "11/22", "¥80.00", "555566667777")
        else:
            left = int(amount) - (0 if is_refused else 1000)
            await found(shop, f"最多可退 ¥{left / 100:.2f}")

    play(tmp_path, bank, script)


def test_ours_is_ours_wherever_its_number_was_typed(tmp_path, bank):
    async def script(shop):
        await three_sales(shop)
        await other_way(shop, ELSEWHERE)
        await shop.enter("123456789012")
        await found(shop, "¥50.00")
        await begin(shop)
        scan(shop, text("99999999", MERCHANT_ID, YESTERDAY, "AB1234567890", ""))
        await found(shop, "¥50.00")

    play(tmp_path, bank, script)


def test_a_day_ahead_on_another_terminals_paper(tmp_path, bank):
    async def script(shop):
        await begin(shop)
        scan(shop, text("99999999", MERCHANT_ID, "2026-11-24", "555566667777", ""))
        await news(shop, "R45", "2026-11-24")

    play(tmp_path, bank, script)


def test_what_the_policy_has_not_is_not_offered(tmp_path, bank):
    async def script(shop):
        await other_way(shop, "0")
        await shop.see("怎样查找", "签购单短码")
        assert "其他终端" not in shop.text()
        assert "没有原交易" not in shop.text()

    play(tmp_path, bank, script, OFF)


def test_without_an_original_only_by_policy_and_each_time_another(tmp_path, bank):
    policy = Policy(naked=NoRecord(is_on=True))

    async def script(shop):
        for amount in ("3000", "3000"):
            await other_way(shop, NAKED)
            await shop.see("没有原交易")
            await shop.enter(amount)
            await found(shop, "¥30.00")

    play(tmp_path, bank, script, policy)


def test_a_new_terminal_can_give_back_what_another_sold(tmp_path, bank):
    async def script(shop):
        await shop.first_day()
        await shop.press("refund")
        await shop.supervisor_code()
        await shop.see("怎样查找", "1 其他终端的交易")
        await shop.press("cancel")
        await shop.idle()

    day(tmp_path, bank, script)


def test_cancel_goes_one_question_back(tmp_path, bank):
    async def script(shop):
        await other_way(shop, VOUCHER)
        await shop.see("凭证号")
        await shop.press("cancel")
        await shop.see("怎样查找")
        await shop.press("cancel")
        await shop.see("退哪一笔")
        await shop.press("cancel")
        await shop.idle()

    play(tmp_path, bank, script)


def test_help_is_there_and_leads_back(tmp_path, bank):
    async def script(shop):
        await begin(shop)
        await shop.press("func")
        assert "退哪一笔" not in shop.text()
        await shop.press("cancel")
        await shop.see("退哪一笔")
        scan(shop, "000099-000901")
        await shop.see("R01")

    play(tmp_path, bank, script)
