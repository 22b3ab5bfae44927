"""A sentence on several rows. Law: nothing is cut; Latin words stay whole while a row can hold them.

>>> wrap("退货已受理，请保存凭证", 8, lambda text: 2 * len(text))
['退货已受', '理，请保', '存凭证']
>>> wrap("no paper left", 8, len)
['no paper', 'left']
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from unicodedata import east_asian_width

NEVER_FIRST = "，。、；：！？）》」』】”’…,.;:!?)]}%"  # kinsoku: these hang on to what stands before them
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


def _words(text: str) -> Iterable[str]:
    """What must not be parted: a Latin word, or one wide character, each with the punctuation that follows it."""
    word = ""
    for part in _PARTS.findall(text):
        is_glued = part in NEVER_FIRST or (
            word and not word[-1].isspace() and _is_narrow(part) and _is_narrow(word[-1])
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
    piece = ""
    for char in word:
        if piece and measure(piece + char) > width:
            yield piece
            piece = ""
        piece += char
    if piece:
        yield piece
