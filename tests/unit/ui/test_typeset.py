"""Typeset: a receipt on 32 or 48 columns. Law: no row is wider than the paper."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.paper import ImageRow, QrRow, TextRow
from terminal.receipt import Blank, Code, Heading, Pair, Receipt, Rule, Signature, Text
from terminal.screens import Say, say
from ui.paper import columns_of, signature_image, typeset


def told(text: str) -> Say:
    return say("verbatim", text=text)


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
    st.just(Rule()),
)


@pytest.mark.parametrize("columns", [32, 48])
@given(lines=st.lists(LINES, max_size=6))
def test_no_row_is_wider_than_the_paper(columns: int, lines: list):
    for row in typeset(Receipt(tuple(lines)), columns):
        assert isinstance(row, TextRow)
        assert columns_of(row.text) * (2 if row.is_large else 1) <= columns
        assert row.text.isprintable()


@given(text=st.text(alphabet=st.characters(categories=("L", "N", "P")), min_size=1, max_size=90))
def test_nothing_is_cut(text: str):
    found = "".join(row.text for row in typeset(Receipt((Text(told(text)),)), 32))
    assert found == text
