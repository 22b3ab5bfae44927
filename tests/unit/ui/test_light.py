"""Light: full while somebody is there, dimmed and dark after him, and never dark while something is waited for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.screens import CardPrompt, Menu, PinPad, Progress, Say, SignPad
from ui.light import DARK, DIMMED, FULL, Light

MENU = Menu(Say("menu.title"), ())


def test_it_goes_down_and_out_and_comes_back():
    light = Light(60, 300, now=1000.0)
    assert [light.level(1000 + after, MENU) for after in (0, 59, 60, 299, 300)] == [FULL, FULL, DIMMED, DIMMED, DARK]
    light.wake(2000.0)
    assert light.level(2001.0, MENU) == FULL


@pytest.mark.parametrize(
    "screen",
    [
        CardPrompt(Say("a"), ("insert",)),
        PinPad(Say("a"), 0),
        Progress(Say("a"), Say("b")),
        SignPad(Say("a"), "1.00", "00000000"),
    ],
)
def test_it_stays_while_something_is_waited_for_and_what_comes_then_begins_light(screen):
    light = Light(60, 300)
    assert light.level(1000.0, screen) == FULL
    assert light.level(1010.0, MENU) == FULL


def test_never_is_never():
    assert Light(0, 0).level(1e9, MENU) == FULL
    assert Light(60, 0).level(1e9, MENU) == DIMMED


def test_the_power_key_makes_it_dark_whatever_is_shown():
    light = Light(0, 0)
    light.turn_off()
    assert light.level(1.0, PinPad(Say("a"), 0)) == DARK
    light.wake(2.0)
    assert light.level(2.0, MENU) == FULL


@given(st.lists(st.floats(0.1, 1000), min_size=2))
def test_without_a_hand_it_never_grows_lighter(steps: list[float]):
    light, now, levels = Light(60, 300), 0.0, []
    for step in steps:
        now += step
        levels.append(light.level(now, MENU))
    assert levels == sorted(levels, reverse=True)
