"""What stands on the papers of a refund: days that are worked, who agreed, what it was not; the line for the bank."""

import re
from datetime import date

import msgspec
import pytest

from terminal.bank_line import bank_line, bank_paper
from terminal.emv import tags, tlv
from terminal.exchange import events as happened
from terminal.exchange.request import CardOnFile, FeeSheet, Original, Request, Terms
from terminal.exchange.stages import Accepted, GivenUp, Reversed, Unknown
from terminal.iso8583.answers import Reply
from terminal.iso8583.kinds import Kind, Silence
from terminal.money import Money
from terminal.receipt import Copy, Receipt, Text, again
from terminal.refund import receipt_code
from terminal.refund.arrival import Calendar
from terminal.refund.rules import Arrival
from terminal.screens import say
from terminal.voucher import Shop, Style, reversed_paper, unknown_paper, voucher
from ui.paper import typeset

DEBIT, CREDIT = "A000000333010101", "A000000333010102"
CARD = CardOnFile("digest", "fingerprint", "621094******0003", "I", aid=DEBIT)
ORIGINAL = Original("000001-000001", "000001", "000001", "091947145060", "123456", "1123", Money(10_000))
FEES = FeeSheet(Money(10_000), Money(1_000), Money(300), Money(100), part=Money(4_400))
REQUEST = Request(
    "000001-000002",
    Kind.REFUND,
    "000002",
    "000001",
    Money(4_000),
    "2026-11-27T10:00:00+08:00",  # a Friday
    "01",
    CARD,
    Terms(Silence.QUERY),
    ORIGINAL,
    FEES,
    "defective",
    "00 02",
    "000017",
)
SHOP = Shop("测试商户", "898310000000001", "10000001", "95516", Arrival())
RRN = "263270000009"


def accepted(**changes) -> Accepted:
    return Accepted(msgspec.structs.replace(REQUEST, **changes), Reply("0230", "00", rrn=RRN))


def rows(receipt) -> list[str]:
    """The paper's rows, spaces folded."""
    return [re.sub(r"\s+", " ", row.text).strip() for row in typeset(receipt, 48) if hasattr(row, "text")]


def printed(stage, shop=SHOP, **style) -> list[str]:
    return rows(voucher(stage, shop, Style(**style)))


@pytest.mark.parametrize(
    ("aid", "calendar", "span"),
    [
        (DEBIT, Calendar(), "2026/11/30-12/02"),
        (CREDIT, Calendar(), "2026/12/02-12/08"),
        ("", Calendar(), "2026/11/30-12/08"),
        (DEBIT, Calendar(holidays=frozenset({date(2026, 11, 30)})), "2026/12/01-12/03"),
        (DEBIT, Calendar(workdays=frozenset({date(2026, 11, 28)})), "2026/11/28-12/01"),
    ],
)
def test_the_days_are_those_that_are_worked(aid, calendar, span):
    stage = accepted(card=msgspec.structs.replace(CARD, aid=aid))
    shop = msgspec.structs.replace(SHOP, calendar=calendar)
    assert f"预计到账 {span}" in printed(stage, shop)
    assert "预计到账 当日恢复" in printed(accepted(kind=Kind.VOID), shop)


def test_who_agreed_what_for_and_which_part():
    paper = printed(accepted())
    for row in ("本次要退的部分 44.00", "批准人 00 02", "申请号 000017", "参考号 263270000009", "手续费 1.00"):
        assert row in paper, row
    whole = printed(accepted(fee_sheet=msgspec.structs.replace(FEES, part=None), supervisor="", application=""))
    assert not any(row.startswith(("本次要退的部分", "批准人", "申请号")) for row in whole)


@pytest.mark.parametrize(
    ("changes", "style", "mark"),
    [
        ({"original": msgspec.structs.replace(ORIGINAL, exchange_id="elsewhere-1-2026-11-23")}, {}, "其他终端"),
        ({"original": msgspec.structs.replace(ORIGINAL, exchange_id="naked-0011")}, {}, "无原交易退款"),
        ({"card": msgspec.structs.replace(CARD, entry="M")}, {}, "卡号为手工输入"),
        ({}, {"is_other_card": True}, "退至另一张卡"),
    ],
)
def test_what_was_not_as_usual_is_on_the_paper(changes, style, mark):
    assert any(mark in row for row in printed(accepted(**changes), **style))
    assert not any(mark in row for row in printed(accepted()))


def test_a_result_that_rests_on_people_says_so():
    said = happened.Testimony("phone", "20261124", "00", "02", "01", "2026-11-28T09:00:00+08:00")
    stage = msgspec.structs.replace(accepted(), testimony=said)
    assert any("两人凭银行答复认定" in row for row in printed(stage))


def test_the_paper_of_what_nobody_knows_says_what_to_do_and_what_not():
    lost = "".join(rows(unknown_paper(Unknown(REQUEST, "98"), SHOP, Style())))
    for text in ("结果待确认", "会继续查询", "不要重做退款，不要付现金"):
        assert text in lost
    sale = msgspec.structs.replace(REQUEST, kind=Kind.SALE, original=None, fee_sheet=None)
    given_up = "".join(rows(unknown_paper(GivenUp(sale, "98", "card-lost"), SHOP, Style())))
    for text in (
        "结果待确认",
        "这笔消费没有得到银行应答",
        "冲正也没有送达",
        "以银行对账为准",
        "不要当作已完成，不要付现金",
    ):
        assert text in given_up
    assert "重做退款" not in given_up, "a sale is no refund"
    assert "会继续查询" not in given_up, "nothing more is sent"


def test_the_code_on_every_paper_finds_it_again():
    for receipt, name in (
        (voucher(accepted(), SHOP, Style()), RRN),
        (unknown_paper(Unknown(REQUEST, "98"), SHOP, Style()), "000001-000002"),
    ):
        (content,) = [row.content for row in typeset(receipt, 32) if hasattr(row, "content")]
        found = receipt_code.read(content)
        assert (found.terminal_id, found.day, found.rrn or found.exchange_id) == ("10000001", "2026-11-27", name)


def test_the_line_for_the_bank():
    line = bank_line(accepted(), SHOP)
    assert line == f"RRN {RRN} 2026-11-27 40.00 621094******0003 T10000001 M898310000000001 V000001-000002"
    assert bank_line(Unknown(REQUEST, "98"), SHOP).startswith("RRN - 2026-11-27 40.00")
    paper = typeset(bank_paper(accepted(), SHOP, Style()), 32)
    assert [row.content for row in paper if hasattr(row, "content")] == [line]
    text = " ".join(rows(bank_paper(accepted(), SHOP, Style())))
    for word in ("退款查询单", RRN, "6210 94** **** 0003", "898310000000001", "RMB 40.00"):
        assert word in text


@pytest.mark.parametrize("minor", [1, 99_999_999_99])
def test_the_line_fits_the_smallest_code(minor):
    """ISO/IEC 18004: alphanumeric, version 4, level L holds 114 characters."""
    line = bank_line(accepted(amount=Money(minor)), SHOP)
    assert set(line) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")
    assert len(line) <= 114


# --- what a voucher says line by line (refund.md 5) ------------------------------------------------------------------
def sold(cvm: str = "", **changes) -> Accepted:
    """A chip sale whose card's last word has these results of its cardholder check."""
    values = {tags.CRYPTOGRAM: "A1B2C3D4E5F60718", tags.TVR: "0080008000", tags.ATC: "0042", tags.CVM_RESULTS: cvm}
    certificate = tlv.build((tag, bytes.fromhex(value)) for tag, value in values.items()) if cvm else b""
    request = msgspec.structs.replace(REQUEST, kind=Kind.SALE, original=None, fee_sheet=None, **changes)
    return Accepted(request, Reply("0210", "00", rrn=RRN, settlement_date="1127"), certificate=certificate.hex())


def test_the_order_is_that_of_the_guide():
    reply = Reply("0230", "00", rrn=RRN, approval_code="123456", issuer="发卡测试行", acquirer="收单测试行")
    stage = Accepted(msgspec.structs.replace(REQUEST, card=msgspec.structs.replace(CARD, label="DEBIT")), reply)
    wanted = (
        *(
            "签购单",
            "商户存根",
            "商户名称",
            "商户编号",
            "终端编号",
            "操作员号",
            "发卡行",
            "卡号",
            "收单行",
            "退货 REFUND",
        ),
        *("批次号", "凭证号", "授权码", "日期时间", "参考号", "金额 RMB -40.00", "大写金额 人民币肆拾元整"),
        *(
            "原交易日期",
            "原参考号",
            "原凭证号",
            "原授权码",
            "原交易金额",
            "已退",
            "本次要退的部分",
            "保留成本",
            "手续费",
        ),
        *("本次退款", "剩余可退", "原因", "预计到账", "批准人", "申请号", "AID", "应用标签", "短码", "持卡人签名"),
        *("本人确认以上", "***重打印凭证/DUPLICATED***", "客服电话", "*** 演示 DEMO"),
    )
    paper = printed(stage, copy=Copy.MERCHANT, is_reprint=True, is_demo=True)
    places = [next(at for at, row in enumerate(paper[1:]) if row.startswith(word)) for word in wanted]
    assert places == sorted(places)
    assert len(set(places)) == len(places)


@pytest.mark.parametrize(
    ("changes", "flag"),
    [
        *(({"card": msgspec.structs.replace(CARD, entry=entry)}, entry) for entry in "ISCMN"),
        ({"card": msgspec.structs.replace(CARD, entry="S"), "is_fallback": True}, "F"),
    ],
)
def test_how_the_card_came_in_is_said(changes, flag):
    assert f"卡号 6210 94** **** 0003 /{flag}" in printed(accepted(**changes))


def test_a_chip_sale_says_what_the_card_said_last():
    paper = printed(sold("1E0302"))
    assert {"TVR 0080008000", "ATC 0042", "交易证书 TC A1B2C3D4E5F60718"} <= set(paper)
    for stage in (sold(), msgspec.structs.replace(sold(), certificate="9F26"), accepted()):
        assert not any(row.startswith(("TVR", "ATC", "交易证书")) for row in printed(stage))


@pytest.mark.parametrize(
    ("cvm", "is_signed"),
    [
        ("1F0302", False),  # no CVM required, successful (Book 4, A4)
        ("1F0300", False),
        ("5F0302", False),  # the same, with "apply the next rule"
        ("1F0301", True),  # failed: nobody has been proven
        ("1E0302", True),
        ("020302", True),  # an online PIN: signed all the same (cup.md 4.9)
        ("3F0000", True),
        ("", True),
    ],
)
def test_what_needs_no_signature_says_so_and_has_no_line_for_it(cvm, is_signed):
    paper = printed(sold(cvm), copy=Copy.MERCHANT)
    assert any(row.startswith("持卡人签名") for row in paper) is is_signed
    assert ("本笔交易无需签名" in paper) is not is_signed
    assert any(row.startswith("本人确认") for row in paper) is is_signed


def test_the_cardholders_copy_has_no_line_to_sign():
    for copy, is_there in ((Copy.MERCHANT, True), (Copy.CARDHOLDER, False)):
        assert any("签名" in row for row in printed(accepted(), copy=copy)) is is_there


def test_a_signature_on_glass_has_its_feature_code():
    """cup.md 5.3: 04270919 and 47145060 folded."""
    stage = msgspec.structs.replace(sold(), reply=Reply("0210", "00", rrn="091947145060", settlement_date="0427"))
    paper = printed(stage, strokes=(((0, 0), (9, 9)),), copy=Copy.MERCHANT)
    assert "交易特征码 43335979" in paper
    assert not any(row.startswith("交易特征码") for row in printed(stage, copy=Copy.MERCHANT))


@pytest.mark.parametrize(
    ("kind", "agreed"),
    [
        (Kind.SALE, "同意将其记入本卡账户"),
        (Kind.COMPLETION, "同意将其记入本卡账户"),
        (Kind.REFUND, "以上退款及扣除费用"),
        (Kind.COMPLETION_VOID, "以上退款及扣除费用"),
        (Kind.PRE_AUTH, "冻结此金额"),
        (Kind.PRE_AUTH_VOID, "撤销以上预授权"),
    ],
)
def test_what_is_agreed_to_is_what_was_done(kind, agreed):
    stage = accepted(kind=kind)
    assert agreed in "".join(printed(stage, copy=Copy.MERCHANT)).replace(" ", "")


@pytest.mark.parametrize(
    ("day", "shown"),
    [("2025-11-23", "2025/11/23"), ("2025-11-22", "11/23"), ("", "11/23"), ("2026-11-23", "2026/11/23")],
)
def test_the_year_of_the_sale_is_the_records_or_none(day, shown):
    assert f"原交易日期 {shown}" in printed(accepted(), original_day=day)


def test_a_sale_of_another_terminal_has_its_day_and_no_numbers_that_nobody_knows():
    original = Original("elsewhere-091947145060-2025-12-31", "000000", "000000", RRN, "", "1231", Money(10_000))
    paper = printed(accepted(original=original))
    assert "原交易日期 2025/12/31" in paper
    assert not any(row.startswith(("原凭证号", "原授权码")) for row in paper)


def test_the_last_day_has_its_year_when_it_is_the_next():
    assert "预计到账 2026/12/31-2027/01/04" in printed(accepted(at="2026-12-30T10:00:00+08:00"))


@pytest.mark.parametrize("kind", [Kind.SALE, Kind.PRE_AUTH, Kind.COMPLETION, Kind.VOID, Kind.PRE_AUTH_VOID])
def test_a_reversed_one_owes_nothing_and_says_what_becomes_of_a_message_of_the_bank(kind):
    original = None if kind in (Kind.SALE, Kind.PRE_AUTH) else ORIGINAL
    request = msgspec.structs.replace(REQUEST, kind=kind, original=original, fee_sheet=None)
    paper = "".join(rows(reversed_paper(Reversed(request, "98"), SHOP, Style())))
    is_back = kind in (Kind.VOID, Kind.PRE_AUTH_VOID)
    for text in ("已冲正", "银行已确认", "互不欠款", "若收到过银行的"):
        assert text in paper
    assert ("原交易仍然有效" in paper) is is_back
    assert ("不收钱" in paper) is not is_back
    assert "持卡人签名" not in paper, "there is nothing to agree to"


def test_one_that_broke_off_is_marked_at_both_ends_and_once_each():
    for receipt in (voucher(accepted(), SHOP, Style(is_reprint=True)), Receipt((Text(say("help.title")),))):
        found = [row for row in rows(again(again(receipt))) if "DUPLICATED" in row]
        assert found == ["***重打印凭证/DUPLICATED***"] * 2
        lines = again(receipt).lines
        assert lines[0] == lines[-1] == Text(say("paper.duplicated"), is_centred=True)
        assert [line for line in lines if line != lines[0]] == [line for line in receipt.lines if line != lines[0]]
