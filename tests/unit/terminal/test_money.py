"""Money in words. Law: what is written out, read again, is the amount; the examples of the rule are written its way."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.money import Money

# 支付结算办法 (People's Bank of China, 银发〔1997〕393号), annex 1 正确填写票据和结算凭证的基本规定, rules 1
# and 3: each example with all the forms that it allows.
EXAMPLES = {
    140_950: {"壹仟肆佰零玖元伍角"},
    600_714: {"陆仟零柒元壹角肆分"},
    168_032: {"壹仟陆佰捌拾元零叁角贰分", "壹仟陆佰捌拾元叁角贰分"},
    10_700_053: {"壹拾万柒仟元零伍角叁分", "壹拾万零柒仟元伍角叁分"},
    1_640_902: {"壹万陆仟肆佰零玖元零贰分"},
    32_504: {"叁佰贰拾伍元零肆分"},
    # by the same rules
    100: {"壹元整"},
    1_000: {"壹拾元整"},
    10: {"壹角"},
    1: {"壹分"},
    0: {"零元整"},
    10_000_000_000: {"壹亿元整"},
    10_000_000_100: {"壹亿零壹元整"},
    10_500_000: {"壹拾万零伍仟元整"},
    -12_345: {"负壹佰贰拾叁元肆角伍分"},
}
ENGLISH = {
    125_650: "one thousand two hundred and fifty-six yuan and fifty fen",
    100: "one yuan",
    1: "one fen",
    0: "zero yuan",
    1_001_900: "ten thousand and nineteen yuan",
    99_999: "nine hundred and ninety-nine yuan and ninety-nine fen",
    100_000_000: "one million yuan",
    -5: "minus five fen",
}
DIGITS = {digit: at for at, digit in enumerate("零壹贰叁肆伍陆柒捌玖")}
GROUPS = {"亿": 10**8, "万": 10**4}
PLACES = {"拾": 10, "佰": 100, "仟": 1000}
ONES = "zero one two three four five six seven eight nine"
TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
NAMES = {
    **{name: at for at, name in enumerate(f"{ONES} {TEENS}".split())},
    **{name: 10 * at for at, name in enumerate(TENS.split(), 2)},
}
SCALES = {"thousand": 1_000, "million": 10**6, "billion": 10**9, "trillion": 10**12}
MOST = 999_999_999_999  # F4: twelve digits
AMOUNTS = st.integers(-MOST, MOST) | st.integers(0, 10**7) | st.integers(0, MOST // 100).map(lambda yuan: yuan * 100)


@pytest.mark.parametrize("minor", EXAMPLES)
def test_the_examples_of_the_rule(minor: int):
    assert Money(minor).in_words() in EXAMPLES[minor]


@pytest.mark.parametrize("minor", ENGLISH)
def test_english_words(minor: int):
    assert Money(minor).in_english() == ENGLISH[minor]


def read_chinese(words: str) -> int:
    """Another way than it was written: group by group, place by place."""
    found = re.fullmatch(r"(负?)(?:(\w+)元)?零?(?:(\w)角)?零?(?:(\w)分)?整?", words)
    assert found, words
    *above, ones = re.split("[亿万]", found[2] or "")
    marks = re.findall("[亿万]", found[2] or "")
    whole = _group(ones) + sum(_group(group) * GROUPS[mark] for group, mark in zip(above, marks, strict=True))
    minor = whole * 100 + 10 * DIGITS[found[3] or "零"] + DIGITS[found[4] or "零"]
    return -minor if found[1] else minor


def _group(words: str) -> int:
    value, digit = 0, 0
    for char in words:
        if char in PLACES:
            value, digit = value + digit * PLACES[char], 0
        else:
            digit = DIGITS[char]
    return value + digit


def read_english(words: str) -> int:
    units, _, rest = words.removeprefix("minus ").partition(" yuan")
    whole, fen = (_number(units), rest.removeprefix(" and ")) if "yuan" in words else (0, units)
    minor = whole * 100 + (_number(fen.removesuffix(" fen")) if fen else 0)
    return -minor if words.startswith("minus") else minor


def _number(words: str) -> int:
    whole = part = 0
    for word in words.replace("-", " ").split():
        if word in SCALES:
            whole, part = whole + part * SCALES[word], 0
        elif word == "hundred":
            part *= 100
        elif word != "and":
            part += NAMES[word]
    return whole + part


@given(AMOUNTS)
def test_what_is_written_out_reads_as_the_amount(minor: int):
    assert read_chinese(Money(minor).in_words()) == minor
    assert read_english(Money(minor).in_english()) == minor


@given(st.integers(1, MOST))
def test_whole_yuan_end_with_整_and_nothing_else_does(minor: int):
    words = Money(minor).in_words()
    assert words.endswith("整") is (minor % 100 == 0)
    assert "零零" not in words
    assert not re.search("零[元万亿拾佰仟整角分]", words)
    assert not words.startswith(("零", "元"))
    if minor % 100 and minor % 100 < 10 and minor > 100:
        assert "元零" in words  # rule 3.4: 角位是 0 而分位不是 0
