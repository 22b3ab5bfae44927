"""What a film says of a hand: which key, which act with a card. Law: no digit is named that may be part of a secret.

A digit has a name only where it chooses from a menu; anywhere else it stands on the screen, or is nobody's business.
"""

from __future__ import annotations

from terminal.screens import Menu, Shown
from ui.text import words

ARROWS, DOT = {"up": "▲", "down": "▼"}, "•"
CARD_ACTS = {
    "insert": ("插卡", "card in"),
    "swipe": ("刷卡", "card swiped"),
    "tap": ("拍卡", "card tapped"),
    "remove": ("拔卡", "card out"),
}


def of_key(key: str, shown: Shown) -> str:
    """A key pressed while this is shown, in the language of the screen.

    >>> from terminal.screens import Ask, say
    >>> menu, ask = Shown(Menu(say("a"), ())), Shown(Ask(say("a"), say("b"), ""))
    >>> of_key("2", menu), of_key("2", ask), of_key("00", ask), of_key("enter", ask), of_key("up", ask)
    ('2', '•', '•', '确认', '▲')
    """
    if key in ARROWS:
        return ARROWS[key]
    if key.isdigit():
        return key if isinstance(shown.screen, Menu) else DOT
    return words(shown.language).sentences.get(f"key.{key}", key)


def of_card(act: str, shown: Shown) -> str:
    """
    >>> from terminal.screens import say
    >>> of_card("insert", Shown(Menu(say("a"), ()), language="en"))
    'card in'
    """
    return CARD_ACTS[act][0 if shown.language == "zh_CN" else 1]
