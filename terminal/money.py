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
        """The amount in capital Chinese numerals (大写金额), as written on Chinese vouchers.

        Source: 支付结算办法, annex 1 (People's Bank of China, 1997), rules for writing amounts.
        """
        units, rest = divmod(abs(self.minor), 100)
        jiao, fen = divmod(rest, 10)
        words = _integer_words(units) + "元" if units else ""
        if jiao:
            words += DIGITS[jiao] + "角"
        elif fen and units:
            words += "零"
        if fen:
            words += DIGITS[fen] + "分"
        if not words:
            return "零元整"
        return words if fen else words + "整"


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
