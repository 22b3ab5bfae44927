"""Typeset: a receipt on 32 or 48 columns. Law: no row is wider than the paper."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.money import Money
from terminal.paper import ImageRow, QrRow, TextRow
from terminal.receipt import (
    Bar,
    Blank,
    Code,
    Heading,
    InWords,
    Logo,
    Pair,
    Receipt,
    Rule,
    Ruler,
    Signature,
    Text,
    Type,
)
from terminal.screens import Say, say
from ui.paper import columns_of, signature_image, typeset

BOTH = "zh_CN+en"


def told(text: str) -> Say:
    return say("verbatim", text=text)


def kind(name: str) -> Say:
    return say(f"kind.{name}")


def rows(*lines, columns: int = 32, language: str = "zh_CN") -> list[str]:
    return [row.text for row in typeset(Receipt(tuple(lines), language=language), columns)]


def test_a_pair_on_one_row():
    assert rows(Pair(told("终端号"), "10000001")) == ["终端号                  10000001"]


def test_a_pair_that_does_not_fit_takes_two():
    found = rows(Pair(told("商户名称"), "原路百货商店有限责任公司第一门店"))
    assert found == ["商户名称", "原路百货商店有限责任公司第一门店"]


def test_a_large_pair_counts_double():
    (row,) = typeset(Receipt((Pair(told("RMB"), "-1256.50", is_large=True),)), 32)
    assert row == TextRow("RMB     -1256.50", is_large=True)
    label, value = typeset(Receipt((Pair(told("退货金额"), "RMB -1256.50", is_large=True),)), 32)
    assert (label.text, label.is_large) == ("退货金额", False)
    assert (value.text, value.is_large) == ("    RMB -1256.50", True)


def test_an_amount_too_wide_for_large_rows_stays_whole():
    _, value = typeset(Receipt((Pair(told("金额"), "RMB -123456789.00", is_large=True),)), 32)
    assert (value.text.strip(), value.is_large, value.is_tall) == ("RMB -123456789.00", False, True)


def test_headings_rules_room_and_code():
    paper = typeset(Receipt((Heading(told("签购单")), Rule(), Blank(2), Code("rrn=1"), Text(told("谢谢"), True))), 32)
    assert paper == (
        TextRow(" " * 13 + "签购单", is_tall=True),
        TextRow("-" * 32),
        TextRow(""),
        TextRow(""),
        QrRow("rrn=1"),
        TextRow(" " * 14 + "谢谢"),
    )


def test_no_control_character_reaches_the_printer():
    assert rows(Pair(told("名"), "a\x1b@b\nc")) == ["名" + " " * 24 + "a @b c"]


def test_a_signature_is_three_dots_thick():
    image = signature_image((((0, 500), (1000, 500)),))
    ink = [sum(byte.bit_count() for byte in image.bits[row * 48 : row * 48 + 48]) for row in range(image.height)]
    assert [count for count in ink if count] == [384, 384, 384]
    assert ink[78:81] == [384, 384, 384]


def test_a_dot_is_a_signature_too():
    (row,) = typeset(Receipt((Signature((((500, 500),),)),)), 32)
    assert isinstance(row, ImageRow)
    assert (row.width, row.height, len(row.bits)) == (384, 160, 48 * 160)
    assert sum(byte.bit_count() for byte in row.bits) == 9


WORDS = st.text(max_size=70)
LINES = st.one_of(
    st.builds(Heading, WORDS.map(told)),
    st.builds(Text, WORDS.map(told), st.booleans()),
    st.builds(Pair, WORDS.map(told), WORDS, st.booleans()),
    st.builds(Type, st.sampled_from(["sale", "pre-authorisation-void", "moto-completion-notice"]).map(kind)),
    st.builds(InWords, WORDS.map(told), st.integers(-(10**12), 10**12).map(Money)),
    st.just(Rule()),
    st.just(Ruler()),
)


@pytest.mark.parametrize("language", ["zh_CN", "en", BOTH])
@pytest.mark.parametrize("columns", [32, 48])
@given(lines=st.lists(LINES, max_size=6))
def test_no_row_is_wider_than_the_paper(columns: int, language: str, lines: list):
    for row in typeset(Receipt(tuple(lines), language=language), columns):
        assert isinstance(row, TextRow)
        assert columns_of(row.text) * (2 if row.is_large else 1) <= columns
        assert row.text.isprintable()


@given(text=st.text(alphabet=st.characters(categories=("L", "N", "P")), min_size=1, max_size=90))
def test_nothing_is_cut(text: str):
    found = "".join(row.text for row in typeset(Receipt((Text(told(text)),)), 32))
    assert found == text


# --- the type, the words, the head -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("language", "name", "shown"),
    [
        ("zh_CN", "refund", [("退货 REFUND", "large")]),
        ("en", "refund", [("REFUND", "large")]),
        (BOTH, "void", [("消费撤销 VOID", "large")]),
        ("en", "pre-authorisation-void", [("PRE-AUTHORISATION VOID", "tall")]),
        ("zh_CN", "completion-void", [("预授权完成撤销", "large"), ("COMPLETION VOID", "large")]),
        (
            "zh_CN",
            "moto-pre-authorisation-void",
            [("电话/邮购预授权撤销", "tall"), ("MAIL/PHONE PRE-AUTHORISATION", "tall"), ("VOID", "tall")],
        ),
    ],
)
def test_the_type_is_as_large_as_it_fits_and_a_chinese_paper_has_it_in_english_too(language, name, shown):
    paper = typeset(Receipt((Type(kind(name)),), language=language), 32)
    found = [(row.text.strip(), "large" if row.is_large else "tall" if row.is_tall else "") for row in paper]
    assert found == shown


def test_an_amount_is_written_out_in_the_language_of_the_paper():
    line = InWords(say("paper.in_words"), Money(125_650))
    assert rows(line, columns=48) == ["大写金额              人民币壹仟贰佰伍拾陆元伍角"]
    assert rows(line) == ["大写金额", "人民币壹仟贰佰伍拾陆元伍角"]
    english = ["IN WORDS", "one thousand two hundred and", "fifty-six yuan and fifty fen"]
    assert rows(line, language="en") == english
    assert rows(line, language=BOTH) == ["大写金额", "人民币壹仟贰佰伍拾陆元伍角", *english]


def test_the_ruler_ends_with_the_paper_and_the_bar_is_all_ink():
    for columns, dots in ((32, 384), (48, 576)):
        ruler, bar = typeset(Receipt((Ruler(), Bar(8))), columns)
        assert (ruler.text[:11], len(ruler.text), ruler.text[-1]) == ("12345678901", columns, str(columns % 10))
        assert (bar.width, bar.height, set(bar.bits), len(bar.bits)) == (dots, 8, {0xFF}, dots // 8 * 8)


def test_a_logo_is_printed_dot_by_dot():
    assert typeset(Receipt((Logo(9, 2, b"\xff\x80\x00\x80"),)), 32) == (ImageRow(9, 2, b"\xff\x80\x00\x80"),)


# --- two languages on one paper --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (Pair(say("paper.batch"), "000001"), ["批次号 BATCH NO           000001"]),
        (Pair(say("paper.aid"), "A0"), ["AID                           A0"]),
        (Pair(say("paper.kind"), say("kind.sale")), ["交易类型 TYPE          消费 Sale"]),
        (Pair(say("paper.merchant_id"), "898310000000001"), ["商户编号", "MERCHANT NO      898310000000001"]),
        (
            Pair(say("paper.original_voucher"), say("reason.defective")),
            ["原凭证号 ORIGINAL VOUCHER", "                      商品有问题", "                 Goods defective"],
        ),
        (Text(say("paper.not_signed"), True), ["        本笔交易无需签名", "     NO SIGNATURE REQUIRED"]),
        (Text(say("paper.short_code", code="1-2"), True), ["      短码 SHORT CODE 1-2"]),
        (Text(say("paper.duplicated"), True), ["  ***重打印凭证/DUPLICATED***"]),
        (Text(told("once")), ["once"]),
        (Heading(say("paper.title")), ["       签购单 SALES SLIP"]),
    ],
)
def test_labels_say_both_sentences_stand_below_each_other_values_stand_once(line, shown):
    assert rows(line, language=BOTH) == shown


def test_an_amount_is_not_doubled_and_not_parted():
    label, value = typeset(Receipt((Pair(say("paper.amount"), "RMB -1256.50", is_large=True),), language=BOTH), 32)
    assert (label.text, value.text, value.is_large) == ("金额 AMOUNT", "    RMB -1256.50", True)
