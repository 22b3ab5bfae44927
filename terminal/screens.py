"""What a front may be asked to show. Law: a Screen is a value; it holds ids of words, never pixels or language.

| screen     | one question                                   | keys that answer            |
|------------|------------------------------------------------|-----------------------------|
| Menu       | which of these?                                | 1-9, up, down, cancel       |
| Ask        | which digits (amount, number, code)?           | 0-9, 00, clear, enter       |
| Sheet      | is all of this right?                          | enter, cancel, up, down     |
| Notice     | have you seen this?                            | enter, cancel               |
| Progress   | (none: the terminal is at work)                | cancel where it is offered  |
| CardPrompt | where is the card?                             | cancel; 0-9 if it says so    |
| SignPad    | will you sign?                                 | strokes, clear, enter       |
| PinPad     | which secret digits?                           | none here: the vault hears  |
"""

from __future__ import annotations

from enum import Enum

import msgspec


class Say(msgspec.Struct, frozen=True):
    """A sentence by its id in ui/text, with what fills its {holes}; a filling may be a Say itself."""

    id: str
    args: dict[str, str | Say] = {}


def say(id: str, /, **args: str | Say) -> Say:
    """Short for Say(id, args)."""
    return Say(id, args)


class Tone(Enum):
    """What a screen means; the front gives it colour, sign and sound together."""

    PLAIN = "plain"
    OK = "ok"
    LOOK = "look"
    WRONG = "wrong"
    UNKNOWN = "unknown"


class Row(msgspec.Struct, frozen=True):
    """A label and its value, the value right-aligned."""

    label: Say
    value: str | Say
    is_strong: bool = False


class Item(msgspec.Struct, frozen=True):
    """One line of a menu; its number is its place on the page, from 1."""

    label: str | Say
    detail: str | Say = ""


class Menu(msgspec.Struct, frozen=True, tag="menu"):
    """At most nine items a page; a digit acts at once."""

    title: Say
    items: tuple[Item, ...]
    lines: tuple[Say, ...] = ()
    page: int = 1
    pages: int = 1
    hint: Say = Say("hint.menu")


class Ask(msgspec.Struct, frozen=True, tag="ask"):
    """Digits as they are typed. A secret arrives here as stars already."""

    title: Say
    prompt: Say
    value: str
    unit: str = ""
    rows: tuple[Row, ...] = ()
    lines: tuple[Say, ...] = ()
    hint: Say = Say("hint.ask")


class Sheet(msgspec.Struct, frozen=True, tag="sheet"):
    """A page of rows to read and to agree to; `qr` is drawn as a QR code under them."""

    title: Say
    rows: tuple[Row, ...]
    lines: tuple[Say, ...] = ()
    page: int = 1
    pages: int = 1
    hint: Say = Say("hint.confirm")
    qr: str = ""


class Notice(msgspec.Struct, frozen=True, tag="notice"):
    """What happened (headline), who must act and what is next (lines); `qr` is drawn as a QR code under them."""

    title: Say
    tone: Tone
    headline: Say
    lines: tuple[Say, ...] = ()
    rows: tuple[Row, ...] = ()
    hint: Say = Say("hint.any")
    qr: str = ""
    topic: str = ""  # what 功能 opens the help on (terminal/dialogue/help.py)


class Progress(msgspec.Struct, frozen=True, tag="progress"):
    """An honest stage and the whole seconds it has lasted."""

    title: Say
    stage: Say
    seconds: int = 0
    rows: tuple[Row, ...] = ()
    lines: tuple[Say, ...] = ()
    hint: Say = Say("hint.wait")


class CardPrompt(msgspec.Struct, frozen=True, tag="card"):
    """Asks for a card; `accepts` holds of "insert", "swipe", "tap", "remove". `has_keys`: or for a typed number."""

    title: Say
    accepts: tuple[str, ...]
    rows: tuple[Row, ...] = ()
    lines: tuple[Say, ...] = ()
    hint: Say = Say("hint.cancel")
    has_keys: bool = False


class PinPrompt(msgspec.Struct, frozen=True):
    """What stands above the stars while a PIN is typed; `may_skip`: confirm on nothing goes on without one."""

    title: Say
    rows: tuple[Row, ...] = ()
    lines: tuple[Say, ...] = ()
    may_skip: bool = True


class PinPad(msgspec.Struct, frozen=True, tag="pin"):
    """Stars for what somebody types into the vault: a PIN, a component of a key (`is_hex`). Never a digit of it.

    `count` None: the keys are being handed over, and nothing may be typed yet. `size`: so many digits are wanted,
    0 when that is not said. The front lets go of keypad and touch panel while this is shown.
    """

    title: Say
    count: int | None
    rows: tuple[Row, ...] = ()
    lines: tuple[Say, ...] = ()
    hint: Say = Say("hint.pin")
    is_hex: bool = False
    size: int = 0


class SignPad(msgspec.Struct, frozen=True, tag="sign"):
    """A writing area with the amount and the 8-digit feature code as watermark; strokes in per mille of the pad."""

    title: Say
    amount: str
    feature_code: str
    strokes: tuple[tuple[tuple[int, int], ...], ...] = ()
    hint: Say = Say("hint.sign")


Screen = Menu | Ask | Sheet | Notice | Progress | CardPrompt | SignPad | PinPad


class Status(msgspec.Struct, frozen=True):
    """The status bar: `line` is "ok", "bad" or "" (not known yet); `paper` also "low": the roll is nearly over."""

    line: str = ""
    paper: str = ""
    is_signed_in: bool = False
    operator: str = ""
    open_refunds: int = 0
    reviews: int = 0  # applications that wait for review
    is_test: bool = False
    keys_erased: str = ""  # a word of ui/text (erased.<why>)


class Manner(msgspec.Struct, frozen=True):
    """How people here want to be shown and told things, on whatever front. `theme` is "day" or "night"."""

    theme: str = "day"
    is_large: bool = False  # digits and amounts as large as the glass allows
    is_still: bool = False  # a new screen stands at once, without a transition
    is_spoken: bool = False  # prompts and amounts are read aloud, for who cannot see them; never a digit of a secret
    is_quiet: bool = False  # keys do not click; what a screen means is sounded all the same


class Shown(msgspec.Struct, frozen=True):
    """What goes over the link: a screen, the bar above it, the language, the manner. What sounds follows from two of
    these, one after the other (ui/sound.py). It is step `step` of `steps` of what is being done; 0 where that is not
    known."""

    screen: Screen
    status: Status = Status()
    language: str = "zh_CN"
    serial: int = 0
    step: int = 0
    steps: int = 0
    manner: Manner = Manner()
