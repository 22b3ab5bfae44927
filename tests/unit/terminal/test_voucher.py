"""What stands on the papers of a refund: days that are worked, who agreed, what it was not; the line for the bank."""

import re
from datetime import date

import msgspec
import pytest

from terminal.bank_line import bank_line, bank_paper
from terminal.exchange import events as happened
from terminal.exchange.request import CardOnFile, FeeSheet, Original, Request, Terms
from terminal.exchange.stages import Accepted, GivenUp, Unknown
from terminal.iso8583.answers import Reply
from terminal.iso8583.kinds import Kind, Silence
from terminal.money import Money
from terminal.refund import receipt_code
from terminal.refund.arrival import Calendar
from terminal.refund.rules import Arrival
from terminal.voucher import Shop, Style, unknown_paper, voucher
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
    for word in ("退款查询单", RRN, "621094******0003", "898310000000001", "¥40.00"):
        assert word in text


@pytest.mark.parametrize("minor", [1, 99_999_999_99])
def test_the_line_fits_the_smallest_code(minor):
    """ISO/IEC 18004: alphanumeric, version 4, level L holds 114 characters."""
    line = bank_line(accepted(amount=Money(minor)), SHOP)
    assert set(line) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")
    assert len(line) <= 114
