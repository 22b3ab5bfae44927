"""What a screen says aloud, for who cannot see it. Law: a function of two screens; never a digit of a secret.

| of a screen                                      | is read                                                     |
|--------------------------------------------------|-------------------------------------------------------------|
| its title                                        | when it changes                                             |
| headline, prompt, text, a row that matters most  | as they stand                                               |
| items of a menu                                  | each with the key for it                                    |
| of a sheet and a signature the hint              | it tells which key agrees                                   |
| other rows and hints, the bar, QR codes, seconds | not at all                                                  |
| ¥1,256.50                                        | in words: 一千二百五十六元五角                              |
| digits as they are typed                         | each new one; what is left, when some were deleted          |
| stars, a card's number as it is typed            | how many there are                                          |
| a card's number anywhere else                    | its last four digits, one by one                            |
| any other long number                            | digit by digit                                              |

A screen that stays and only changes says what is new. It is off unless Manner.is_spoken (terminal/screens.py).
"""

from __future__ import annotations

import re
from functools import partial, reduce

import msgspec

from terminal.money import Money
from terminal.screens import Ask, Menu, Notice, PinPad, Sheet, Shown, SignPad, say
from ui.page import PageLine, page
from ui.text import Words, words

STYLES = ("headline", "strong", "prompt", "text")
PAGED = (Menu, Sheet, Notice)  # these are read anew when anything of them changes
AGREED_TO = (Sheet, SignPad)
CARD_PROMPTS = "card.ask_"  # what such a prompt asks for is card data: counted, not read
TYPED_AMOUNT = "desk.in_words"  # the amount that is being typed, once more
PLAIN = str.maketrans("壹贰叁肆伍陆柒捌玖拾佰仟", "一二三四五六七八九十百千")  # a synthesizer knows these better
AFTER = r"(?![ -]?[0-9*])"
NUMBERS = re.compile(
    rf"""(?P<minus>[-−])?[¥￥](?P<units>[0-9]{{1,3}}(?:,[0-9]{{3}}){{1,3}}|[0-9]{{1,12}})(?:\.(?P<fen>[0-9]{{2}}))?{AFTER}
      | (?P<masked>[0-9]*\*[0-9*]*)
      | (?P<date>[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}(?:\ [0-9]{{2}}(?::[0-9]{{2}}){{1,2}})?){AFTER}
      | (?P<run>[0-9](?:[ -]?[0-9])*)
    """,
    re.VERBOSE,
)
LONGEST_NUMBER, SHORTEST_PAN, LAST = 4, 13, 4  # digits; the second: ISO/IEC 7812, as drivers/scanner.py
ENDS = " 　。.，,；;…"


class Spoken(msgspec.Struct, frozen=True):
    """A screen as it is read. Of what has been `typed` only the length may be told where `is_hidden`."""

    title: str
    sentences: tuple[str, ...]
    typed: str = ""
    is_amount: bool = False
    is_hidden: bool = False


def spoken(before: Shown | None, now: Shown) -> str | None:
    """What is to be read as `now` takes the place of `before` (None: nothing was shown); None: nothing.

    >>> from terminal.screens import Manner, Row, Tone
    >>> amount = Row(say("row.amount"), "¥30.00", is_strong=True)
    >>> told = Notice(say("desk.product"), Tone.OK, say("desk.starting"), rows=(amount,))
    >>> spoken(None, Shown(told, language="en", manner=Manner(is_spoken=True)))
    'yuanlu. Starting. Amount, thirty yuan'
    >>> spoken(None, Shown(told))
    """
    if not now.manner.is_spoken:
        return None
    told = words(now.language)
    new, old = _read(now, told), None
    if before is not None and before.manner.is_spoken and before.language == now.language:
        old = _read(before, told)
    if before is None or old is None or new.title != old.title:
        return _joined([new.title, *new.sentences, *_whole(new, told)], told)
    if type(before.screen) is not type(now.screen) or (isinstance(now.screen, PAGED) and new != old):
        return _joined([*new.sentences, *_whole(new, told)], told)
    added = [sentence for sentence in new.sentences if sentence not in old.sentences]
    return _joined([*added, *_whole(new, told)] if added else _typed(old, new, told), told)


def _read(shown: Shown, told: Words) -> Spoken:
    screen = shown.screen
    if isinstance(screen, Ask):
        lines = tuple(line for line in screen.lines if line.id != TYPED_AMOUNT)
        shown = msgspec.structs.replace(shown, screen=msgspec.structs.replace(screen, lines=lines))
    seen = page(shown, told)
    sentences = [sentence for line in seen.lines if (sentence := _sentence(line, told))]
    sentences += [seen.hint] if isinstance(screen, AGREED_TO) else []
    read = Spoken(seen.title, (*sentences, *filter(None, [seen.place])))
    if isinstance(screen, PinPad):
        return msgspec.structs.replace(read, typed="*" * (screen.count or 0), is_hidden=True)
    if isinstance(screen, Ask):
        is_hidden = "*" in screen.value or screen.prompt.id.startswith(CARD_PROMPTS)
        is_amount = screen.unit == "¥"
        return msgspec.structs.replace(read, typed=screen.value, is_amount=is_amount, is_hidden=is_hidden)
    return read


def _sentence(line: PageLine, told: Words) -> str:
    """One line of a page; "" where it is not read."""
    row = partial(say, "speech.row")
    if line.style == "item":
        label = told.text(row(label=line.label, value=line.value)) if line.value else line.label
        return told.text(say("speech.item", number=line.number, label=label))
    if line.style not in STYLES:
        return ""
    return told.text(row(label=line.label, value=line.value)) if line.value else line.label


def _whole(new: Spoken, told: Words) -> list[str]:
    """All that has been typed."""
    if new.is_hidden:
        return [told.text(say("speech.typed", count=str(len(new.typed))))] if new.typed else []
    digits = _digits(new)
    return [f"¥{new.typed}" if new.is_amount else digits] if digits else []


def _typed(old: Spoken, new: Spoken, told: Words) -> list[str]:
    """What has been typed since."""
    if new.typed == old.typed:
        return []
    if new.is_hidden:
        return [told.text(say("speech.typed", count=str(len(new.typed))))]
    had, has = _digits(old), _digits(new)
    if len(has) > len(had) and has.startswith(had):
        return [" ".join(has[len(had) :])]
    return _whole(new, told) or [told.text(say("speech.deleted"))]


def _digits(typed: Spoken) -> str:
    """
    >>> _digits(Spoken("", (), "0.05", is_amount=True)), _digits(Spoken("", (), "0012"))
    ('5', '0012')
    """
    digits = "".join(char for char in typed.typed if char.isascii() and char.isdigit())
    return digits.lstrip("0") if typed.is_amount else digits


def _joined(sentences: list[str], told: Words) -> str | None:
    read = [NUMBERS.sub(partial(_number, told), sentence).strip(ENDS) for sentence in sentences]
    read = [sentence for sentence in read if sentence]
    return (
        reduce(lambda first, second: told.text(say("speech.then", first=first, second=second)), read) if read else None
    )


def _number(told: Words, found: re.Match[str]) -> str:
    """A number as it is read: see the table."""
    if found["units"]:
        money = Money(int(found["units"].replace(",", "") + (found["fen"] or "00")))
        return _amount(Money(-money.minor) if found["minus"] else money, told.language)
    if found["date"]:
        return found[0]
    digits = "".join(filter(str.isdigit, found[0].rpartition("*")[2]))
    if found["masked"] is not None or len(digits) >= SHORTEST_PAN:
        last = " ".join(digits[-LAST:])
        return told.text(say("speech.card", digits=last)) if last else ""
    return " ".join(digits) if len(digits) > LONGEST_NUMBER else found[0]


def _amount(money: Money, language: str) -> str:
    """
    >>> _amount(Money(1234), "zh_CN"), _amount(Money(3000), "zh_CN"), _amount(Money(3000), "en")
    ('十二元三角四分', '三十元整', 'thirty yuan')
    """
    if language != "zh_CN":
        return money.in_english()
    return re.sub("^(负?)一十", r"\1十", money.in_words().translate(PLAIN))
