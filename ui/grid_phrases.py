"""Sentences on very short lines. Law: nothing is cut or lost; a line ends where one breathes, if that costs no line.

>>> phrased("清除可改，确认完成", 14, lambda text: 2 * len(text))
['清除可改，', '确认完成']
>>> phrased("退款被拒绝（61）", 15, lambda text: sum(1 + (char > "~") for char in text))
['退款被拒绝', '（61）']
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from ui.wrap import NEVER_FIRST, wrap

_GLUED = rf"(?![{re.escape(NEVER_FIRST)}])"
_SENTENCE = re.compile(rf"(?<=[。！？]){_GLUED}|(?<=[.!?] )")
_CLAUSE = re.compile(rf"(?<=[，；：、]){_GLUED}|(?<=[,;:] )")
_PHRASE = re.compile(
    rf"(?<=[。！？，；、]){_GLUED}|(?<=[.!?,;] )|(?=· )|(?<=[^\x00-\x7f] )(?=[^\x00-\x7f])|(?=[（《“])"
)


def phrased(text: str, width: int, measure: Callable[[str], int]) -> list[str]:
    """Rows no wider than `width` by `measure`, as many as ui.wrap.wrap makes, parted between phrases if they can be."""
    plain = wrap(text, width, measure)
    if len(plain) == 1:
        return plain
    rows = [""]
    for phrase in _PHRASE.split(text):
        if measure((rows[-1] + phrase).rstrip()) <= width:
            rows[-1] += phrase
        else:
            rows += wrap(phrase.strip(), width, measure)
            rows[-1] += phrase[len(phrase.rstrip()) :]
    rows = [row.rstrip() for row in rows if row.strip()]
    return rows if len(rows) <= len(plain) else plain


def parts(text: str, is_held: Callable[[str], bool]) -> Iterable[str]:
    """The text in parts that are held, parted after sentences, and within a longer sentence after clauses.

    A clause that is not held by itself comes whole all the same.

    >>> list(parts("没有应答。可能已退，也可能未退：请勿再退。", lambda text: len(text) <= 10))
    ['没有应答。', '可能已退，', '也可能未退：', '请勿再退。']
    """
    if is_held(text):
        yield text
        return
    for sentence in _SENTENCE.split(text):
        held = ""
        for clause in (sentence,) if is_held(sentence) else _CLAUSE.split(sentence):
            if held and not is_held(held + clause):
                yield held
                held = ""
            held += clause
        if held:
            yield held
