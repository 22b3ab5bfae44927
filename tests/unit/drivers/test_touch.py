"""Touch: one finger, scaled to the picture; a second finger writes nothing."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace

from drivers.touch import (
    ABS_MT_SLOT,
    ABS_MT_TRACKING_ID,
    BTN_TOUCH,
    EV_ABS,
    EV_KEY,
    EV_SYN,
    EvdevTouch,
    Finger,
    scaled,
)

SYN = (EV_SYN, 0, 0)


class FakePanel:
    """An evdev panel with a script; at its end it is pulled out. `axes` are code to (lowest, highest)."""

    def __init__(self, *script: tuple[int, int, int], axes: dict[int, tuple[int, int]] | None = None) -> None:
        self.script, self.axes = script, axes or {0: (0, 32767), 1: (0, 32767)}

    def absinfo(self, axis: int) -> SimpleNamespace:
        if axis not in self.axes:
            raise OSError(22, "Invalid argument")
        low, high = self.axes[axis]
        return SimpleNamespace(min=low, max=high)

    def close(self) -> None:
        self.script = ()

    async def async_read_loop(self) -> AsyncIterator[SimpleNamespace]:
        for kind, code, value in self.script:
            yield SimpleNamespace(type=kind, code=code, value=value)
        raise OSError(19, "No such device")


async def reports(count: int, *panels: FakePanel) -> list[tuple[int, int, bool]]:
    left = list(panels)
    with EvdevTouch("panel", 480, 800, opener=lambda name: left.pop(0), reopen_after=0) as touch:
        async with asyncio.timeout(5):
            return [await touch.touched() for _ in range(count)]


async def test_a_tap_on_a_tablet():
    tap = (EV_ABS, 0, 16384), (EV_ABS, 1, 32767), (EV_KEY, BTN_TOUCH, 1), SYN, SYN, (EV_KEY, BTN_TOUCH, 0), SYN
    assert await reports(2, FakePanel(*tap)) == [(240, 799, True), (240, 799, False)]


async def test_a_stroke_on_a_multitouch_panel():
    stroke = (
        *((EV_ABS, ABS_MT_TRACKING_ID, 7), (EV_ABS, 0x35, 100), (EV_ABS, 0x36, 200), SYN),
        *((EV_ABS, ABS_MT_SLOT, 1), (EV_ABS, 0x35, 9), (EV_ABS, ABS_MT_SLOT, 0), SYN),
        *((EV_ABS, 0x35, 110), SYN, (EV_ABS, ABS_MT_TRACKING_ID, -1), SYN),
    )
    panel = FakePanel(*stroke, axes={0x35: (0, 479), 0x36: (0, 799)})
    assert await reports(3, panel) == [(100, 200, True), (110, 200, True), (110, 200, False)]


async def test_a_panel_that_vanishes_is_waited_for():
    first = FakePanel((EV_KEY, BTN_TOUCH, 1), SYN)
    second = FakePanel((EV_ABS, 0, 0), (EV_KEY, BTN_TOUCH, 1), SYN)
    assert await reports(2, first, second) == [(0, 0, True), (0, 0, True)]


def test_a_finger_is_a_value():
    finger = Finger().on(EV_ABS, 0, 5).on(EV_KEY, BTN_TOUCH, 1)
    assert (finger.x, finger.is_down, finger.is_changed) == (5, True, True)
    assert finger.on(EV_KEY, 0x110, 1) == finger


def test_the_edges_are_on_the_picture():
    assert [scaled(value, 100, 900, 480) for value in (0, 100, 900, 5000)] == [0, 0, 479, 479]
