"""Response codes: the table against cup.md 4.10, and what the terminal does by itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.iso8583 import response_codes as codes
from terminal.iso8583.response_codes import TABLE, Class, Next, Who, lookup
from tests.vectors import response_codes as vectors

LISTED = (*vectors.CATEGORIES, *vectors.OWN)


@pytest.mark.parametrize("code", vectors.CATEGORIES)
def test_a_code_has_the_class_of_the_first_column_that_gives_one(code):
    std, other = vectors.CATEGORIES[code]
    assert lookup(code).kind.value == (std if std != "-" else other)


def test_the_table_has_each_code_once_in_order_and_no_other():
    assert [row.code for row in TABLE] == sorted(LISTED)


@pytest.mark.parametrize("code", LISTED)
def test_a_listed_code_is_found(code):
    assert lookup(code).code == code
    assert lookup(code).is_listed


@given(st.text(max_size=4).filter(lambda text: text not in LISTED))
def test_any_other_code_is_a_refusal_the_acquirer_must_explain(code):
    row = lookup(code)
    assert (row.code, row.kind, row.who, row.next) == (code, Class.NO_RETRY, Who.ACQUIRER, Next.CALL)
    assert not row.is_listed
    assert code not in codes.APPROVED


def test_approved_is_00_and_success_with_message_and_a_part_is_not():
    assert {"00", *vectors.SUCCESS_WITH_MESSAGE} == codes.APPROVED
    assert vectors.PARTIAL_APPROVAL == codes.PARTLY_APPROVED
    assert lookup(codes.PARTLY_APPROVED).kind is Class.SUCCESS


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (codes.KEEP_CARD, vectors.KEPT_CARD),
        (codes.SIGN_IN_AGAIN, vectors.SIGN_IN_AGAIN),
        (codes.CONFIGURATION, vectors.CONFIGURATION_ERRORS),
        (codes.REVERSAL_CLEARED, ("00", *vectors.CLEAR_A_REVERSAL)),
        (codes.ITEM_ACCEPTED, vectors.ACCEPTED_ITEM),
        (codes.ISSUER_SILENT, vectors.NO_AUTOMATIC_RETRY),
    ],
)
def test_what_the_terminal_does_by_itself(ours, theirs):
    assert ours == set(theirs)


def test_the_actions_agree_with_the_table():
    assert {lookup(code).next for code in codes.SIGN_IN_AGAIN} == {Next.SIGN_IN}
    assert {lookup(code).next for code in codes.ISSUER_SILENT} == {Next.RECORDS}
    assert {lookup(code).who for code in codes.CONFIGURATION} == {Who.ACQUIRER}
    assert {lookup(code).kind for code in codes.KEEP_CARD - {"67"}} == {Class.OPERATOR}  # 67 is C in the text


def test_nobody_acts_exactly_when_nothing_is_to_be_done():
    assert {row.code for row in TABLE if row.who is Who.NOBODY} == {"00", "11"}
    assert {row.code for row in TABLE if row.next is Next.NONE} == {"00", "11"}


def test_no_word_of_the_table_is_idle():
    assert {row.kind for row in TABLE} == set(Class)
    assert {row.who for row in TABLE} == set(Who)
    assert {row.next for row in TABLE} == set(Next)
