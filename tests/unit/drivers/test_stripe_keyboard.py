"""The keyboard wedge: its layout, who else sees its keys, what is no character. The rest is in the contract test."""

from __future__ import annotations

import asyncio
import errno

import pytest
from evdev import ecodes

from drivers.stripe_keyboard import TypedCharacters, keyboard_stripe
from terminal.ports import ReaderMissing
from terminal.swipe import Swipe
from tests.unit.drivers.wedge import SHIFT, Wedge

TRACK2 = "6210948000000110=35121010000000000"  # TEST CARD
ALL = "".join(map(chr, range(0x20, 0x60)))  # ISO/IEC 7811-2: all that a stripe may hold
DOWN, HELD = 1, 2


@pytest.fixture
def wedge():
    return Wedge("/dev/input/event0")


def typed(wedge):
    return TypedCharacters(wedge.device)


def everything(characters):
    heard = b""
    try:
        while True:
            heard += characters.read()
    except BlockingIOError:
        return heard.decode()


def test_every_character_of_a_stripe_can_be_typed(wedge):
    characters = typed(wedge)
    heard = ""
    for character in ALL + "\r":
        wedge.type(character)
        heard += everything(characters)
    assert heard == ALL + "\r"


def test_the_number_block_types_too(wedge):
    characters = typed(wedge)
    for name in ("KP0", "KP1", "KP2", "KP3", "KP4", "KP5", "KP6", "KP7", "KP8", "KP9", "KPSLASH", "KPPLUS", "KPENTER"):
        wedge.press(ecodes.ecodes[f"KEY_{name}"])
    wedge.press(ecodes.KEY_KPASTERISK)
    wedge.press(ecodes.KEY_KPMINUS)
    wedge.press(ecodes.KEY_KPDOT)
    assert everything(characters) == "0123456789/+\r*-."


def test_either_shift_both_and_letters_with_caps_lock(wedge):
    characters = typed(wedge)
    wedge.events((1, SHIFT, DOWN), (1, SHIFT, HELD), (1, ecodes.KEY_RIGHTSHIFT, DOWN), (1, SHIFT, 0))
    wedge.events((1, ecodes.KEY_RIGHTSHIFT, HELD))
    wedge.press(ecodes.KEY_5)
    wedge.events((1, ecodes.KEY_RIGHTSHIFT, 0))
    wedge.press(ecodes.KEY_5)
    wedge.press(ecodes.KEY_CAPSLOCK)
    wedge.press(ecodes.KEY_B)
    assert everything(characters) == "%5B"


def test_a_shift_whose_end_was_lost_is_over(wedge):
    characters = typed(wedge)
    wedge.events((1, SHIFT, DOWN), (0, ecodes.SYN_DROPPED, 0))
    wedge.press(ecodes.KEY_5)
    assert everything(characters) == "\x005"


def test_what_is_no_character(wedge):
    characters = typed(wedge)
    wedge.events(
        (1, ecodes.KEY_1, HELD), (1, ecodes.KEY_1, 0), (1, ecodes.KEY_F1, DOWN), (1, 700, DOWN), (4, 4, 30), (2, 2, 1)
    )
    assert characters.read() == b""


async def test_it_is_grabbed_as_soon_as_it_is_held_and_let_go_at_the_end(wedge):
    with wedge.stripe:
        assert wedge.device.is_grabbed
        wedge.type(f";{TRACK2}?\r")  # nobody asked
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(wedge.stripe.swiped(), 0.3)
    assert wedge.device.is_closed


async def test_a_keyboard_that_another_process_holds_is_missing(wedge):
    def grab():
        raise OSError(errno.EBUSY, "Device or resource busy")

    wedge.device.grab = grab
    with pytest.raises(ReaderMissing, match="busy"):
        await wedge.stripe.swiped()
    assert wedge.device.is_closed


async def test_lost_events_make_a_line_unreadable(wedge):
    waiting = asyncio.create_task(wedge.stripe.swiped())
    await asyncio.sleep(0.01)
    wedge.type(f"%E?;{TRACK2[:10]}")
    wedge.events((0, ecodes.SYN_DROPPED, 0))
    wedge.type(f"{TRACK2[10:]}?\r")
    assert await asyncio.wait_for(waiting, 2) == Swipe()


async def test_a_device_that_is_not_there():
    with pytest.raises(ReaderMissing, match="No such file"):
        await keyboard_stripe("/dev/input/event-none").swiped()
