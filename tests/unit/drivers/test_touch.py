"""Touch: one finger, scaled to the picture; a second finger writes nothing."""

import asyncio

from drivers.touch import (
    ABS_MT_SLOT,
    ABS_MT_TRACKING_ID,
    BTN_TOUCH,
    EV_ABS,
    EV_KEY,
    EvdevTouch,
    Finger,
    Point,
    scaled,
)
from tests.unit.drivers.fake_kernel import PATIENCE, SYN, Kernel

TABLET = {0: (0, 32767), 1: (0, 32767)}


async def reports(count: int, kernel: Kernel, *scripts: tuple[tuple[int, int, int], ...]) -> list[Point]:
    """What is heard while scripts are played; between them the panel is pulled out and put back."""
    with EvdevTouch("panel", 480, 800, opener=kernel.open, reopen_after=0) as touch:
        hearing = asyncio.ensure_future(heard(touch, count))
        for place, script in enumerate(scripts):
            if place:
                await asyncio.sleep(0.01)
                kernel.pull_out()
                kernel.is_there = True
            await kernel.until(lambda kernel: kernel.files)
            kernel.events(*script)
        return await hearing


async def heard(touch: EvdevTouch, count: int) -> list[Point]:
    async with asyncio.timeout(PATIENCE):
        return [await touch.touched() for _ in range(count)]


async def test_a_tap_on_a_tablet():
    tap = (EV_ABS, 0, 16384), (EV_ABS, 1, 32767), (EV_KEY, BTN_TOUCH, 1), SYN, SYN, (EV_KEY, BTN_TOUCH, 0), SYN
    assert await reports(2, Kernel(TABLET), tap) == [(240, 799, True), (240, 799, False)]


async def test_a_stroke_on_a_multitouch_panel():
    stroke = (
        *((EV_ABS, ABS_MT_TRACKING_ID, 7), (EV_ABS, 0x35, 100), (EV_ABS, 0x36, 200), SYN),
        *((EV_ABS, ABS_MT_SLOT, 1), (EV_ABS, 0x35, 9), (EV_ABS, ABS_MT_SLOT, 0), SYN),
        *((EV_ABS, 0x35, 110), SYN, (EV_ABS, ABS_MT_TRACKING_ID, -1), SYN),
    )
    panel = Kernel({0x35: (0, 479), 0x36: (0, 799)})
    assert await reports(3, panel, stroke) == [(100, 200, True), (110, 200, True), (110, 200, False)]


async def test_a_panel_that_vanishes_is_waited_for():
    down = ((EV_ABS, 0, 0), (EV_KEY, BTN_TOUCH, 1), SYN)
    assert await reports(2, Kernel(TABLET), down, down) == [(0, 0, True), (0, 0, True)]


async def test_where_the_finger_was_last_is_known_when_the_panel_is_taken_back():
    kernel = Kernel(TABLET)
    with EvdevTouch("panel", 480, 800, opener=kernel.open) as touch:
        touch.let_go()
        kernel.events((EV_ABS, 0, 16384), (EV_ABS, 1, 32767), SYN)  # another's touch
        touch.take()
        hearing = asyncio.ensure_future(heard(touch, 1))
        await asyncio.sleep(0.01)
        kernel.events((EV_ABS, 0, 16384), (EV_KEY, BTN_TOUCH, 1), SYN)  # the kernel tells no axis that did not change
        assert await hearing == [(240, 799, True)]


def test_a_finger_is_a_value():
    finger = Finger().on(EV_ABS, 0, 5).on(EV_KEY, BTN_TOUCH, 1)
    assert (finger.x, finger.is_down, finger.is_changed) == (5, True, True)
    assert finger.on(EV_KEY, 0x110, 1) == finger


def test_the_edges_are_on_the_picture():
    assert [scaled(value, 100, 900, 480) for value in (0, 100, 900, 5000)] == [0, 0, 479, 479]
