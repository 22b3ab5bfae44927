"""What is not written into a note: card numbers and persons' numbers, however they are spelled."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.dialogue.note import looks_secret
from terminal.swipe import has_check_digit

AROUND = st.text(alphabet="abc订单：/", max_size=6)
BETWEEN = st.sampled_from(("", " ", "-", "  ", "."))


def with_check_digit(body: str) -> str:
    return next(body + digit for digit in "0123456789" if has_check_digit(body + digit))


@given(st.from_regex(r"[0-9]{12,18}", fullmatch=True).map(with_check_digit), AROUND, AROUND, BETWEEN)
def test_a_card_number_is_seen_in_any_spelling(pan, before, after, between):
    spelled = between.join(pan[at : at + 4] for at in range(0, len(pan), 4))
    assert looks_secret(before + spelled + after)


@given(
    st.from_regex(r"[1-9][0-9]{5}", fullmatch=True),
    st.dates(date(1900, 1, 1), date(2026, 12, 31)),
    st.from_regex(r"[0-9]{3}[0-9Xx]", fullmatch=True),
    AROUND,
)
def test_a_persons_number_is_seen_even_with_a_slip_in_its_check_digit(place, born, end, before):
    assert looks_secret(f"{before}{place}{born:%Y%m%d}{end}")


@pytest.mark.parametrize("text", ["６２１７００００００００００００1", "4111 1111 1111 1111", "11010519491231002x"])
def test_full_width_digits_and_small_letters_hide_nothing(text):
    digits = "".join(str(int(char)) if char.isdigit() else char for char in text)
    assert looks_secret(text) is looks_secret(digits)
    if "4111" in text or text.endswith("x"):
        assert looks_secret(text)


def test_full_width_digits_of_a_test_card_are_seen():
    assert looks_secret("".join(chr(ord(digit) + 0xFEE0) for digit in "4111111111111111"))  # TEST CARD


@pytest.mark.parametrize(
    "text", ["", "123456789012", "4200002345202611231234567890", "ORDER-778", "110105209913310021"]
)
def test_an_order_number_is_not_taken_for_one(text):
    """Of another length than a card's, or without its check digit, or with no day in it."""
    assert not looks_secret(text)
