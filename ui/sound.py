"""What a screen and a key sound like: tones for a buzzer. Law: a function of two screens; shown again is silent.

| tone of a notice | sound                               | refund.md 4     |
|------------------|-------------------------------------|-----------------|
| ok               | one short                           | one: ok         |
| look             | two short                           | two: look       |
| wrong            | three short                         | three: wrong    |
| unknown          | long, short, long: like no other    | its own         |
| plain            | none                                |                 |
| a key            | a click, if keys are to be heard    |                 |

A key that the screen has no answer to clicks too: it was heard, and a front does not know what answers. While a secret
is typed the front hears no key, and nothing clicks.

Told apart by length and number alone, for a buzzer of one pitch. A front that has one plays `tones` of what it showed
before and what it shows now, as the counter's page does; the core says nothing else. A changed status bar is no new
screen.
"""

from __future__ import annotations

from terminal.screens import Notice, PinPad, Shown

SHORT, LONG, PAUSE = 120, 500, 120  # milliseconds
Tones = tuple[int, ...]  # milliseconds of each tone, PAUSE between

SOUNDS: dict[str, Tones] = {
    "plain": (),
    "ok": (SHORT,),
    "look": (SHORT, SHORT),
    "wrong": (SHORT, SHORT, SHORT),
    "unknown": (LONG, SHORT, LONG),
}


def tones(before: Shown | None, now: Shown) -> Tones:
    """What is to be played as `now` takes the place of `before` (None: nothing was shown).

    >>> from terminal.screens import Say, Tone
    >>> told = Shown(Notice(Say("desk.product"), Tone.UNKNOWN, Say("result.unknown")))
    >>> tones(None, told), tones(told, told)
    ((500, 120, 500), ())
    """
    screen = now.screen
    if not isinstance(screen, Notice) or (before is not None and before.screen == screen):
        return ()
    return SOUNDS[screen.tone.value]


def clicks(now: Shown | None) -> bool:
    """Whether a key that is heard while `now` is shown is to be heard by who pressed it (None: nothing is shown).

    >>> from terminal.screens import Manner, Say, Tone
    >>> told = Notice(Say("desk.product"), Tone.OK, Say("desk.starting"))
    >>> clicks(Shown(told)), clicks(Shown(told, manner=Manner(is_quiet=True)))
    (True, False)
    """
    return now is not None and not now.manner.is_quiet and not isinstance(now.screen, PinPad)
