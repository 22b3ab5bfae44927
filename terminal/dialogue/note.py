"""A short note: digits typed, or a code scanned. Law: what may be a card's or a person's number is not written down.

| looks like  | known by                                                             |
|-------------|----------------------------------------------------------------------|
| card number | 13-19 digits in a row whose last is the check digit of ISO/IEC 7812-1 |
| ID number   | 17 digits and a digit or X, with a day of birth in it (GB 11643)      |

Whatever is no letter between digits is looked through. In doubt it is refused: an order number has other ends.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from terminal.dialogue.bad_news import tell
from terminal.dialogue.desk import Scanned
from terminal.dialogue.room import Room
from terminal.events import DIGITS
from terminal.screens import Ask, Say, say
from terminal.swipe import has_check_digit

MOST = 40  # characters
TITLE = say("papers.note")
_BETWEEN = re.compile(r"(?<=[0-9])[^0-9A-Za-z]+(?=[0-9Xx])")
_RUN = re.compile(r"[0-9]+[Xx]?")


async def short_note(room: Room, prompt: Say) -> str:
    """At least one character, at most MOST. Raises Cancelled, TimedOut."""
    typed, pressed = "", ""
    while not (pressed == "enter" and typed):
        try:
            with room.desk.hearing_codes():
                pressed = await room.desk.key(Ask(TITLE, prompt, typed, lines=(say("note.how"),)))
        except Scanned as scanned:
            pressed, typed = "", _plain(scanned.text)
        if pressed == "clear":
            typed = typed[:-1]
        elif pressed in (*DIGITS, "00"):
            typed += pressed
        if pressed in ("", "enter") and looks_secret(typed):
            typed = ""
            await tell(room.desk, room.journal, "note-secret", TITLE)
        typed = typed[:MOST]
    return typed


def looks_secret(text: str) -> bool:
    """Whether a card's or a person's number may be in it.

    >>> [looks_secret(text) for text in ("6250 0000 0000 0001 0", "order 4111-1111-1111-1111")]  # TEST CARD
    [False, True]
    >>> [looks_secret(text) for text in ("11010519491231002X", "110105194912310021", "20261123000000417")]
    [True, True, False]
    """
    plain = unicodedata.normalize("NFKC", text)  # digits of full width are digits
    runs = _RUN.findall(_BETWEEN.sub("", plain))
    return any(_is_card(run) or _is_identity(run) for run in runs)


def _is_card(run: str) -> bool:
    return run.isdigit() and 13 <= len(run) <= 19 and has_check_digit(run)


def _is_identity(run: str) -> bool:
    """The check digit is not looked at: one that was mistyped is a person's number too."""
    if len(run) != 18:
        return False
    try:
        born = date(int(run[6:10]), int(run[10:12]), int(run[12:14]))
    except ValueError:
        return False
    return 1900 <= born.year <= 2100


def _plain(text: str) -> str:
    return "".join(char for char in text if char.isprintable()).strip()
