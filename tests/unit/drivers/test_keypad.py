"""Keypad: events to keys, a keymap refused with its line, a device that goes and comes back."""

import asyncio
from pathlib import Path

import evdev
import pytest

from drivers.keypad import DOWN, EV_KEY, HELD, UP, EvdevKeypad, KeymapRefused, Presses, key_of, load_keymap
from terminal.events import KEYS
from tests.unit.drivers.fake_kernel import PATIENCE, Kernel

ENTER, ESC, FIVE, ARROW_UP, UNKNOWN = 28, 1, 6, 103, 500
KEYMAP = {ENTER: "enter", ESC: "cancel", FIVE: "5", ARROW_UP: "up"}


@pytest.mark.parametrize(
    ("event", "key"),
    [
        ((EV_KEY, ENTER, DOWN), "enter"),
        ((EV_KEY, ENTER, UP), None),
        ((EV_KEY, ENTER, HELD), None),
        ((EV_KEY, ESC, HELD), None),
        ((EV_KEY, FIVE, HELD), None),
        ((EV_KEY, ARROW_UP, HELD), "up"),
        ((EV_KEY, UNKNOWN, DOWN), None),
        ((EV_KEY, UNKNOWN, HELD), None),
        ((4, 4, ENTER), None),
    ],
)
def test_events_to_keys(event: tuple[int, int, int], key: str | None):
    assert key_of(*event, KEYMAP) == key


async def keys_of(keypad: EvdevKeypad, count: int) -> list[str]:
    async with asyncio.timeout(PATIENCE):
        return [(await keypad.pressed()).key for _ in range(count)]


async def test_contract_keys_in_order_grabbed_and_waited_for():
    kernel = Kernel()
    kernel.is_there = False
    with EvdevKeypad("pad", KEYMAP, opener=kernel.open, reopen_after=0) as keypad:
        typed = asyncio.ensure_future(keys_of(keypad, 3))
        await asyncio.sleep(0.01)
        kernel.is_there = True
        await kernel.until(lambda kernel: kernel.files)
        assert kernel.holder
        for code in (FIVE, UNKNOWN, ENTER):
            kernel.press(code)
        await asyncio.sleep(0.01)
        kernel.pull_out()
        await asyncio.sleep(0.01)
        kernel.is_there = True
        await kernel.until(lambda kernel: kernel.files)
        kernel.press(ESC)
        assert await typed == ["5", "enter", "cancel"]
    assert not kernel.files
    assert not kernel.holder


async def test_a_keypad_may_be_shared():
    kernel = Kernel()
    with EvdevKeypad("pad", KEYMAP, grab=False, opener=kernel.open) as keypad:
        typed = asyncio.ensure_future(keys_of(keypad, 1))
        await kernel.until(lambda kernel: kernel.files)
        assert not kernel.holder
        kernel.press(FIVE)
        assert await typed == ["5"]


async def test_a_keypad_that_is_let_go_is_closed_at_once_and_forgets():
    kernel = Kernel()
    with EvdevKeypad("pad", KEYMAP, opener=kernel.open) as keypad:
        typed = asyncio.ensure_future(keys_of(keypad, 2))
        await kernel.until(lambda kernel: kernel.files)
        kernel.press(FIVE)
        keypad.let_go()
        assert not kernel.files, "it is closed when let_go returns"
        other = kernel.open("pad")
        other.grab()
        kernel.press(ESC)
        await asyncio.sleep(0.01)
        assert kernel.files == [other], "it is not opened while it is another's"
        keypad.take()
        await asyncio.sleep(0.06)
        kernel.press(ESC)
        other.close()
        await kernel.until(lambda kernel: kernel.holder)
        kernel.press(ENTER)
        kernel.press(FIVE)
        assert await typed == ["enter", "5"]


async def test_let_go_and_taken_at_once_loses_no_time():
    kernel = Kernel()
    with EvdevKeypad("pad", KEYMAP, opener=kernel.open, reopen_after=60) as keypad:
        typed = asyncio.ensure_future(keys_of(keypad, 1))
        await kernel.until(lambda kernel: kernel.files)
        keypad.let_go()
        keypad.take()
        await kernel.until(lambda kernel: kernel.files)
        kernel.press(ENTER)
        assert await typed == ["enter"]


async def test_whoever_gives_up_waiting_loses_no_key():
    kernel = Kernel()
    with EvdevKeypad("pad", KEYMAP, opener=kernel.open) as keypad:
        for _ in range(3):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.001):
                    await keypad.pressed()
        kernel.press(FIVE)
        kernel.press(ENTER)
        assert await keys_of(keypad, 2) == ["5", "enter"]


def test_a_key_that_was_down_before_counts_when_it_goes_down_again():
    presses = Presses(KEYMAP)
    assert presses.on(EV_KEY, ARROW_UP, HELD) is None
    assert presses.on(EV_KEY, ARROW_UP, UP) is None
    assert presses.on(EV_KEY, ARROW_UP, HELD) is None
    assert presses.on(EV_KEY, ARROW_UP, DOWN) == "up"
    assert presses.on(EV_KEY, ARROW_UP, HELD) == "up"
    assert presses.on(0, ARROW_UP, 0) is None
    assert presses.on(EV_KEY, ARROW_UP, UP) is None
    assert presses.on(EV_KEY, ARROW_UP, HELD) is None


def test_the_default_keymap_has_every_key():
    assert set(load_keymap().values()) == set(KEYS)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('# keys\nKEY_1 = "1"\nKEY_NONSENSE = "2"\n', r"map\.toml:3: KEY_NONSENSE is not a key"),
        ('KEY_1 = "1"\n\nKEY_2 = "two"\n', r"map\.toml:3: 'two' is not one of"),
        ("KEY_1 = \n", r"map\.toml: .*line 1"),
        ("KEY_1 = 1\n", r"map\.toml:1: 1 is not one of"),
        ('ABS_X = "1"\n', r"map\.toml:1: ABS_X is not a key"),
    ],
)
def test_a_keymap_is_refused_with_its_line(tmp_path: Path, text: str, said: str):
    file = tmp_path / "map.toml"
    file.write_text(text)
    with pytest.raises(KeymapRefused, match=said):
        load_keymap(file)


@pytest.mark.parametrize("name", ["fileno", "read", "grab", "ungrab", "absinfo", "close"])
def test_what_is_used_of_a_device_is_what_evdev_has(name: str):
    assert callable(getattr(evdev.InputDevice, name))
