"""What a screen sounds like: tones for a buzzer. Law: a function of two screens; what is shown again is silent.

| tone of a notice | sound                               | refund.md 4     |
|------------------|-------------------------------------|-----------------|
| ok               | one short                           | one: ok         |
| look             | two short                           | two: look       |
| wrong            | three short                         | three: wrong    |
| unknown          | long, short, long: like no other    | its own         |
| plain            | none                                |                 |

Told apart by length and number alone, for a buzzer of one pitch. A front that has one plays `tones` of what it showed
before and what it shows now, as the counter's page does; the core says nothing else. A changed status bar is no new
screen.
"""

from __future__ import annotations

from terminal.screens import Notice, Shown

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
