"""The application form: every figure of the fee sheet, the sale as it is known, room to sign, and no number in full."""

from datetime import date

import pytest

from terminal.application_paper import application_paper
from terminal.exchange.request import CardOnFile, FeeSheet, Original
from terminal.iso8583.kinds import Kind
from terminal.money import Money
from terminal.refund.application import Application
from terminal.refund.rules import Arrival
from terminal.refund.sale import Origin, Sale, sold_elsewhere
from terminal.voucher import Shop, Style
from ui.paper import typeset

SHOP = Shop("测试商户", "123456789012345", "12345678", "95516", Arrival())
CARD = CardOnFile("digest", "fingerprint", "625000******0001", "I")
ORIGINAL = Original("000001-000007", "000007", "000001", "123456789012", "654321", "1123", Money(10_000))
HERE = Sale(ORIGINAL, "2026-11-23T10:00:00+08:00", card=CARD, operator="01")
NAKED = Sale(Original("", "", "", "", "", "", Money(10_000)), "2026-11-23T10:00:00+08:00", origin=Origin.NAKED)
FEES = FeeSheet(Money(10_000), Money(1_000), Money(1_500), Money(250), part=Money(8_000))


def text(sale=HERE, language="zh_CN", is_demo=False, **changes):
    application = Application(
        "000012", sale, FEES, "defective", Kind.REFUND, "02", "2026-11-24T09:30:00+08:00", "v7", **changes
    )
    paper = typeset(application_paper(application, SHOP, Style(language=language, is_demo=is_demo)), 32)
    return "\n".join(row.text for row in paper if hasattr(row, "text"))


def test_every_figure_of_the_fee_sheet_is_on_it():
    paper = text()
    for figure in ("100.00", "10.00", "80.00", "15.00", "2.50", "RMB 62.50"):
        assert figure in paper
    for fact in (
        "退款申请表",
        "000012",
        "000007",
        "123456789012",
        "2026/11/23",
        "02",
        "v7",
        "6250 00** **** 0001",
        "商品有问题",
    ):
        assert fact in paper
    for line in ("持卡人签名", "联系电话", "商户经办人签名"):
        assert line in paper


@pytest.mark.parametrize("language", ["zh_CN", "en"])
@pytest.mark.parametrize(
    "sale", [HERE, NAKED, sold_elsewhere("123456789012", date(2026, 11, 20), Money(10_000), "+08:00")]
)
def test_whatever_is_known_of_the_sale_every_word_is_there(sale, language):
    assert "[" not in text(sale, language)


def test_what_is_not_known_is_not_printed():
    elsewhere = text(sold_elsewhere("123456789012", date(2026, 11, 20), Money(10_000), "+08:00"))
    assert "原参考号" in elsewhere
    assert "原凭证号" not in elsewhere
    assert "没有原交易记录" in text(NAKED)
    assert "没有原交易记录" not in text()


def test_another_card_is_agreed_to_in_words():
    assert "原卡不能使用" in text(is_other_card=True)
    assert "原卡不能使用" not in text()


def test_practice_is_marked_at_both_ends():
    assert text(is_demo=True).count("演示 DEMO") == 2


@pytest.mark.parametrize(("sale", "changes"), [(HERE, {"is_other_card": True}), (NAKED, {})])
def test_nobody_signs_for_the_way_it_came_where_it_goes_another_way(sale, changes):
    assert "按原路退回" in text().replace("\n", "")
    told = text(sale, **changes).replace("\n", "")
    assert "按原路退回" not in told
    assert ("另一张卡" in told) == bool(changes)
