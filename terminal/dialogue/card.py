"""Asking for a card. Law: the slot is empty first (the last customer's card), and what is read is sealed at once.

| way     | when                                                     | F22 |
|---------|----------------------------------------------------------|-----|
| insert  | always                                                   | 05x |
| swipe   | a card without a chip; with one, after CHIP readings failed (fallback, F60.5 = 2) | 02x |
| tap     | where a card is only compared: what gives back            | 07x |
| keys    | payments that the policy names, never a refund            | 01x |

Bad cards end in one of emv.md's outcomes; nothing is sent, and the next customer's card works.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from terminal.dialogue import bad_news
from terminal.dialogue.awaiting import Ways, awaited, empty_slot
from terminal.dialogue.bad_news import Stopped
from terminal.dialogue.chip import Chip
from terminal.dialogue.desk import Cancelled
from terminal.dialogue.presented import KEYED, STRIPE, Handed, of_tap
from terminal.dialogue.room import Room
from terminal.dialogue.stretch import timed
from terminal.dialogue.tap import read_tap
from terminal.emv.errors import CardFaulty, EmvError
from terminal.iso8583.facts import Plastic
from terminal.ports import CardMute, CardRemoved, NoCard, ReaderMissing, TwoCards
from terminal.screens import Row, Say, say
from terminal.swipe import Swipe, has_check_digit

T = TypeVar("T")
CHIP_SERVICE_CODES = frozenset("26")  # first digit of the service code, ISO/IEC 7813
PAN_DIGITS, EXPIRY_DIGITS = (12, 19), (4, 4)
PAN_SHOWN = 4  # digits of a typed number that can be read; its check digit finds a slip (ISO/IEC 7812-1)
TROUBLE: tuple[tuple[type[Exception], str], ...] = (  # of the devices
    (CardMute, "card-mute"),
    (TimeoutError, "card-mute"),
    (CardRemoved, "card-removed"),
    (NoCard, "card-removed"),
    (TwoCards, "two-cards"),
    (ReaderMissing, "reader-missing"),
)
UNREADABLE = (CardMute, TimeoutError, CardFaulty)  # failures of the chip itself, that open the way to its stripe


@dataclass
class _Tried:
    """How many chips in a row could not be read at this prompt; one that speaks for itself begins the count anew."""

    unreadable: int = 0


async def present(
    room: Room,
    title: Say,
    rows: Sequence[Row],
    talk: Callable[[Chip], Awaitable[T]],
    ways: Ways = Ways(),  # noqa: B008 - frozen
) -> T | Handed:
    """Ask for a card until one is read. A chip gives what `talk` makes of it, all else is Handed."""
    tried = _Tried()
    while True:
        try:
            await empty_slot(room, title, ways)
            match await awaited(room, title, rows, ways):
                case Swipe() as swipe:
                    return _swiped(room, swipe, tried)
                case "tap":
                    assert room.hardware.tap is not None
                    return of_tap(await read_tap(room, title, room.hardware.tap, ways.aid))
                case "insert":
                    return await _talk(room, title, talk, tried)
                case digit:
                    return await _keyed(room, title, digit)
        except Stopped as stop:
            name, args = stop.name, stop.args_
        except (CardMute, CardRemoved, NoCard, TwoCards, EmvError, ReaderMissing, TimeoutError) as error:
            name, args = _name(error), {}
        if _may_fall_back(room, tried) and name in ("card-mute", "card-faulty"):
            name = "swipe-instead"
        if await bad_news.tell(room.desk, room.journal, name, title, **args) != "enter":
            raise Cancelled


def _name(error: Exception) -> str:
    """The piece of bad news; the kernel's errors carry it themselves."""
    if isinstance(error, EmvError):
        return error.code
    return next(name for kind, name in TROUBLE if isinstance(error, kind))


async def _talk(room: Room, title: Say, talk: Callable[[Chip], Awaitable[T]], tried: _Tried) -> T:
    """Power the chip up and have the conversation; whatever ends it early powers the chip down."""
    try:
        connecting = timed(room.hardware.card_reader.connect())
        chip = Chip(room, title, await room.desk.work(title, connecting, lambda: say("card.reading")))
        try:
            return await talk(chip)
        except BaseException:  # a dialogue that is left too must not leave the chip powered
            await chip.close()
            raise
    except UNREADABLE:
        tried.unreadable += 1
        raise
    except (EmvError, Stopped):  # blocked, not accepted, declined: this chip was read
        tried.unreadable = 0
        raise


def _swiped(room: Room, swipe: Swipe, tried: _Tried) -> Handed:
    """A stripe, unless it says that there is a chip to be read (service code 2xx, 6xx). Raises Stopped."""
    if not swipe.track2:
        raise Stopped("stripe-unreadable")
    has_chip = swipe.track2.partition("=")[2][EXPIRY_DIGITS[0]] in CHIP_SERVICE_CODES
    if has_chip and not _may_fall_back(room, tried):
        raise Stopped("card-has-chip")
    return Handed(of_stripe(swipe), "F" if has_chip else "S", is_fallback=has_chip)


def of_stripe(swipe: Swipe) -> Plastic:
    """PAN and expiry from track 2 (ISO/IEC 7813): PAN = YYMM service code, discretionary data."""
    pan, _, rest = swipe.track2.partition("=")
    return Plastic(pan, STRIPE, expiry=rest[:4], track2=swipe.track2, track3=swipe.track3)


def _may_fall_back(room: Room, tried: _Tried) -> bool:
    """Whether a chip was tried often enough that its stripe will do; cards.chip_tries 0 is never."""
    return 0 < room.config.cards.chip_tries <= tried.unreadable


async def _keyed(room: Room, title: Say, digit: str) -> Handed:
    """Number and expiry by hand (F22 01x), where the policy allows it; `digit` was the first.

    Raises Stopped, Cancelled, TimedOut.
    """
    pan = await room.desk.digits(title, say("card.ask_number"), PAN_DIGITS, typed=digit, shows_last=PAN_SHOWN)
    if not has_check_digit(pan):
        raise Stopped("number-wrong")
    printed = await room.desk.digits(title, say("card.ask_expiry"), EXPIRY_DIGITS, say("card.as_printed"))
    month, year = printed[:2], printed[2:]
    if not 1 <= int(month) <= 12:
        raise Stopped("number-wrong")
    return Handed(Plastic(pan, KEYED, expiry=year + month), "M")
