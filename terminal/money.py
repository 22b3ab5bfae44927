"""Money: an integer of minor units and its currency. Law: no float, ever; sums are exact to the fen.

>>> Money(1234) + Money(66)
Money(minor=1300, currency='CNY')
>>> str(Money(1234))
'12.34'
>>> Money(10_500_000).in_words()
'壹拾万零伍仟元整'
"""

from __future__ import annotations

import msgspec

NUMERIC = {"CNY": "156"}  # ISO 4217: alphabetic to numeric code, as F49 wants it
EXPONENT = 2  # ISO 4217: both CNY and every currency of the dialect here has two
DIGITS = "零壹贰叁肆伍陆柒捌玖"
PLACES = ("", "拾", "佰", "仟")
GROUPS = ("", "万", "亿", "万亿")
BELOW_TWENTY = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
THOUSANDS = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"))


class Money(msgspec.Struct, frozen=True, order=True):
    """`minor` is in fen for CNY; `currency` is the ISO 4217 alphabetic code."""

    minor: int
    currency: str = "CNY"

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __str__(self) -> str:
        sign = "-" if self.minor < 0 else ""
        units, rest = divmod(abs(self.minor), 10**EXPONENT)
        return f"{sign}{units}.{rest:0{EXPONENT}d}"

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise ValueError(f"cannot mix {self.currency} and {other.currency}")

    @property
    def numeric(self) -> str:
        """The ISO 4217 numeric code."""
        return NUMERIC[self.currency]

    def in_words(self) -> str:
        """The amount in capital Chinese numerals (大写金额), as written on Chinese vouchers, without 人民币 before it.

        Source: 支付结算办法, annex 1 (People's Bank of China, 1997): 整 after 元, and neither after 角 nor after 分.
        """
        units, rest = divmod(abs(self.minor), 10**EXPONENT)
        jiao, fen = divmod(rest, 10)
        words = _integer_words(units) + "元" if units else ""
        if jiao:
            words += DIGITS[jiao] + "角"
        elif fen and units:
            words += "零"
        words += DIGITS[fen] + "分" if fen else "" if jiao else "整"
        words = words if self.minor else "零元整"
        return f"负{words}" if self.minor < 0 else words

    def in_english(self) -> str:
        """The same in English words.

        >>> Money(125_650).in_english()
        'one thousand two hundred and fifty-six yuan and fifty fen'
        """
        units, fen = divmod(abs(self.minor), 10**EXPONENT)
        parts = [f"{_english(units)} yuan"] if units or not fen else []
        parts += [f"{_english(fen)} fen"] if fen else []
        return ("minus " if self.minor < 0 else "") + " and ".join(parts)


def _integer_words(number: int) -> str:
    words, zero = "", False
    groups: list[int] = []
    while number:
        number, group = divmod(number, 10_000)
        groups.append(group)
    for index in reversed(range(len(groups))):
        group = groups[index]
        if not group:
            zero = bool(words)
            continue
        for place in reversed(range(4)):
            digit = group // 10**place % 10
            if digit:
                words += ("零" if zero else "") + DIGITS[digit] + PLACES[place]
                zero = False
            else:
                zero = bool(words)
        words += GROUPS[index]
        zero = zero and group % 10 == 0
    return words


def _english(number: int) -> str:
    """Of a whole number, with "and" before its last two digits."""
    if number < 100:
        tens, ones = divmod(number, 10)
        return BELOW_TWENTY[number] if number < 20 else TENS[tens] + (f"-{BELOW_TWENTY[ones]}" if ones else "")
    words = []
    for size, name in THOUSANDS:
        many, number = divmod(number, size)
        words += [_english(many), name] if many else []
    hundreds, rest = divmod(number, 100)
    words += [BELOW_TWENTY[hundreds], "hundred"] if hundreds else []
    words += ["and", _english(rest)] if rest else []
    return " ".join(words)
