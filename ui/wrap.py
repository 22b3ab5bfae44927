"""A sentence on several rows. Law: nothing is cut; Latin words stay whole while a row can hold them.

>>> wrap("退货已受理，请保存凭证", 8, lambda text: 2 * len(text))
['退货已受', '理，请保', '存凭证']
>>> wrap("no paper left", 8, len)
['no paper', 'left']
>>> wrap("银行说（没有）收到", 8, lambda text: 2 * len(text))
['银行说', '（没有）', '收到']
>>> wrap("Pre-authorisation", 14, len)
['Pre-', 'authorisation']
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from unicodedata import east_asian_width

NEVER_FIRST = "，。、；：！？）》」』】］”’…,.;:!?)]}%"  # kinsoku: these hang on to what stands before them
NEVER_LAST = "（《“‘「『【［([{"  # and these to what stands behind them
HYPHEN = "-"
NARROWER = 85  # per cent of the width, to leave no wide character alone
_PARTS = re.compile(r"\s+|[^\s]")


def wrap(text: str, width: int, measure: Callable[[str], int]) -> list[str]:
    """Rows no wider than `width` by `measure`; a single character wider than that stands alone."""
    rows: list[str] = []
    row = ""
    for word in _words(text):
        if measure((row + word).rstrip()) <= width:
            row += word
            continue
        if row.strip():
            rows.append(row.rstrip())
        row = ""
        for piece in _pieces(word.lstrip(), width, measure):
            if row:
                rows.append(row)
            row = piece
    if row.strip() or not rows:
        rows.append(row.rstrip())
    return rows


def evenly(text: str, width: int, measure: Callable[[str], int]) -> list[str]:
    """The same, but no wide character is left alone on the last row, if that costs no row.

    >>> evenly("须先修改出厂密码", 14, lambda text: 2 * len(text))
    ['须先修改出', '厂密码']
    """
    rows = wrap(text, width, measure)
    if len(rows) > 1 and len(rows[-1].rstrip(NEVER_FIRST)) == 1 and not _is_narrow(rows[-1]):
        narrower = wrap(text, width * NARROWER // 100, measure)
        return narrower if len(narrower) == len(rows) else rows
    return rows


def _words(text: str) -> Iterable[str]:
    """What must not be parted: a Latin word, or one wide character, each with the punctuation that belongs to it."""
    word = ""
    for part in _PARTS.findall(text):
        is_glued = part in NEVER_FIRST or (
            word and not word[-1].isspace() and (word[-1] in NEVER_LAST or (_is_narrow(part) and _is_narrow(word[-1])))
        )
        if word and not is_glued:
            yield word
            word = ""
        word += part
    if word:
        yield word


def _is_narrow(part: str) -> bool:
    return not part.isspace() and east_asian_width(part[0]) not in "WF"


def _pieces(word: str, width: int, measure: Callable[[str], int]) -> Iterable[str]:
    """A word that no row holds: cut at its hyphen, if it has one, else where the row is full."""
    piece = ""
    for char in word:
        if piece and measure(piece + char) > width:
            cut = piece.rfind(HYPHEN) + 1
            cut = cut if cut > len(HYPHEN) else len(piece)
            yield piece[:cut]
            piece = piece[cut:]
        piece += char
    if piece:
        yield piece
