"""Keypad: events to keys, a keymap refused with its line, a device that goes and comes back."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from drivers.keypad import DOWN, EV_KEY, HELD, EvdevKeypad, KeymapRefused, key_of, load_keymap
from terminal.events import KEYS, KeyPressed

UP = 0
ENTER, ESC, FIVE, ARROW_UP, UNKNOWN = 28, 1, 6, 103, 500
KEYMAP = {ENTER: "enter", ESC: "cancel", FIVE: "5", ARROW_UP: "up"}


class FakeDevice:
    """An evdev device with a script; at its end it is pulled out."""

    def __init__(self, *script: tuple[int, int, int]) -> None:
        self.script, self.is_grabbed, self.is_closed = script, False, False

    def grab(self) -> None:
        self.is_grabbed = True

    def close(self) -> None:
        self.is_closed = True

    async def async_read_loop(self) -> AsyncIterator[SimpleNamespace]:
        for kind, code, value in self.script:
            yield SimpleNamespace(type=kind, code=code, value=value)
        raise OSError(19, "No such device")


class Bus:
    """Opens one device after the other; None is a moment without one."""

    def __init__(self, *devices: FakeDevice | None) -> None:
        self.devices = list(devices)

    def __call__(self, name: str) -> FakeDevice:
        device = self.devices.pop(0)
        if device is None:
            raise FileNotFoundError(name)
        return device


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


async def test_contract_keys_in_order_grabbed_and_waited_for():
    first = FakeDevice(
        (EV_KEY, FIVE, DOWN), (0, 0, 0), (EV_KEY, FIVE, UP), (EV_KEY, UNKNOWN, DOWN), (EV_KEY, ENTER, DOWN)
    )
    second = FakeDevice((EV_KEY, ESC, DOWN))
    with EvdevKeypad("pad", KEYMAP, opener=Bus(None, first, None, second), reopen_after=0) as keypad:
        async with asyncio.timeout(5):
            assert [await keypad.pressed() for _ in range(3)] == [
                KeyPressed("5"),
                KeyPressed("enter"),
                KeyPressed("cancel"),
            ]
        assert first.is_grabbed
        assert first.is_closed
    assert second.is_closed


async def test_a_keypad_may_be_shared():
    device = FakeDevice((EV_KEY, FIVE, DOWN))
    with EvdevKeypad("pad", KEYMAP, grab=False, opener=Bus(device)) as keypad:
        await keypad.pressed()
    assert not device.is_grabbed


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
