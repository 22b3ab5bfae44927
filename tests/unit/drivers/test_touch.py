"""Touch: one finger, on the picture as it is turned; a second finger writes nothing; what was lost is not guessed."""

from __future__ import annotations

import asyncio
import errno
import struct
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.fingers import (
    ABS_MT_SLOT,
    ABS_MT_TRACKING_ID,
    BTN_TOUCH,
    EV_ABS,
    EV_KEY,
    EV_SYN,
    MOST_CONTACTS,
    SYN_DROPPED,
    SYN_MT_REPORT,
)
from drivers.touch import (
    EVIOCGMTSLOTS,
    IDENTITY,
    ROTATIONS,
    EvdevTouch,
    Glass,
    Mounting,
    Panel,
    Point,
    evdev_slots,
    matrix_of,
    pixel,
    share,
    turned,
)
from tests.unit.drivers.fake_kernel import PATIENCE, SYN, Kernel

ABS_X, ABS_Y, ABS_PRESSURE, MT_X, MT_Y, MT_PRESSURE = 0x00, 0x01, 0x18, 0x35, 0x36, 0x3A
TABLET = {ABS_X: (0, 32767), ABS_Y: (0, 32767)}
SLOTTED = {MT_X: (0, 479), MT_Y: (0, 799), ABS_MT_SLOT: (0, 9), ABS_MT_TRACKING_ID: (0, 65535)}
PACKETS = {MT_X: (0, 479), MT_Y: (0, 799)}
MT_SYN, DROPPED = (EV_SYN, SYN_MT_REPORT, 0), (EV_SYN, SYN_DROPPED, 0)
PRESSED, LIFTED = (EV_KEY, BTN_TOUCH, 1), (EV_KEY, BTN_TOUCH, 0)
Event = tuple[int, int, int]


class Axes:
    """A panel that answers what it is asked: code to lowest, highest and where it is."""

    def __init__(self, axes: dict[int, tuple[int, int]], places: dict[int, int] | None = None) -> None:
        self.axes, self.places = axes, places or {}
        self.slots: dict[int, list[int]] = {}  # by code, as EVIOCGMTSLOTS tells them
        self.is_there = True

    def absinfo(self, axis: int) -> Any:
        if not self.is_there:
            raise OSError(errno.ENODEV, "No such device")
        low, high = self.axes.get(axis, (0, 0))  # the kernel answers zeros for an axis that there is not
        return SimpleNamespace(min=low, max=high, value=self.places.get(axis, 0))

    def read_slots(self, panel: Panel, code: int, many: int) -> list[int]:
        assert many <= MOST_CONTACTS
        if not self.slots:
            raise OSError(errno.EINVAL, "Invalid argument")
        return [*self.slots.get(code, [])[:many], *[0] * (many - len(self.slots.get(code, [])))]

    def glass(self, mounting: Mounting | None = None) -> Glass:
        return Glass(self, 480, 800, mounting or Mounting(), read_slots=self.read_slots)


def said(glass: Glass, *events: Event) -> list[Point]:
    return [point for event in events for point in glass.on(*event)]


def at(x: int, y: int) -> tuple[Event, Event]:
    return (EV_ABS, MT_X, x), (EV_ABS, MT_Y, y)


def slot(number: int) -> Event:
    return EV_ABS, ABS_MT_SLOT, number


def finger(tracking_id: int) -> Event:
    return EV_ABS, ABS_MT_TRACKING_ID, tracking_id


# --- a device that comes and goes ------------------------------------------------------------------------------------
async def reports(count: int, kernel: Kernel, *scripts: tuple[Event, ...], **options: Any) -> list[Point]:
    """What is heard while scripts are played; between them the panel is pulled out and put back."""
    with EvdevTouch("panel", 480, 800, opener=kernel.open, reopen_after=0, **options) as touch:
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


async def test_a_tap_on_a_tablet() -> None:
    tap = (EV_ABS, ABS_X, 16384), (EV_ABS, ABS_Y, 32767), PRESSED, SYN, SYN, LIFTED, SYN
    assert await reports(2, Kernel(TABLET), tap) == [(240, 799, True), (240, 799, False)]


async def test_a_stroke_on_a_multitouch_panel() -> None:
    stroke = (
        *(finger(7), *at(100, 200), SYN),
        *(slot(1), finger(8), *at(9, 9), slot(0), SYN),
        *((EV_ABS, MT_X, 110), SYN, finger(-1), SYN),
    )
    assert await reports(3, Kernel(SLOTTED), stroke) == [(100, 200, True), (110, 200, True), (110, 200, False)]


async def test_a_panel_that_vanishes_is_waited_for_and_its_finger_is_up() -> None:
    down = ((EV_ABS, ABS_X, 0), PRESSED, SYN)
    assert await reports(3, Kernel(TABLET), down, down) == [(0, 0, True), (0, 0, False), (0, 0, True)]


async def test_where_the_finger_was_last_is_known_when_the_panel_is_taken_back() -> None:
    kernel = Kernel(TABLET)
    with EvdevTouch("panel", 480, 800, opener=kernel.open) as touch:
        touch.let_go()
        kernel.events((EV_ABS, ABS_X, 16384), (EV_ABS, ABS_Y, 32767), SYN)  # another's touch
        touch.take()
        hearing = asyncio.ensure_future(heard(touch, 1))
        await asyncio.sleep(0.01)
        kernel.events((EV_ABS, ABS_X, 16384), PRESSED, SYN)  # the kernel tells no axis that did not change
        assert await hearing == [(240, 799, True)]


async def test_what_was_on_the_glass_when_it_was_let_go_is_forgotten() -> None:
    kernel = Kernel(TABLET)
    with EvdevTouch("panel", 480, 800, opener=kernel.open) as touch:
        hearing = asyncio.ensure_future(heard(touch, 1))
        await kernel.until(lambda kernel: kernel.files)
        # two reports in one reading: the second is still ours to tell when the panel is let go
        kernel.events((EV_ABS, ABS_X, 16384), PRESSED, SYN, (EV_ABS, ABS_X, 0), SYN)
        assert await hearing == [(240, 0, True)]
        touch.let_go()
        touch.take()
        hearing = asyncio.ensure_future(heard(touch, 1))
        await asyncio.sleep(0.01)
        kernel.events(LIFTED, SYN, (EV_ABS, ABS_Y, 32767), PRESSED, SYN)
        assert await hearing == [(0, 799, True)]


async def test_of_two_reports_the_second_is_forgotten_too_when_it_is_let_go() -> None:
    kernel = Kernel(SLOTTED)
    with EvdevTouch("panel", 480, 800, opener=kernel.open) as touch:
        hearing = asyncio.ensure_future(heard(touch, 2))
        await kernel.until(lambda kernel: kernel.files)
        kernel.events(finger(1), *at(5, 6), SYN, finger(2), SYN)  # one lifted, another set down in its place
        assert await hearing == [(5, 6, True), (5, 6, False)]
        touch.let_go()
        touch.take()
        hearing = asyncio.ensure_future(heard(touch, 1))
        await asyncio.sleep(0.01)
        kernel.events(finger(-1), SYN, finger(3), *at(70, 80), SYN)
        assert await hearing == [(70, 80, True)]


async def test_a_turned_and_calibrated_panel() -> None:
    tap = (EV_ABS, ABS_X, 32767), (EV_ABS, ABS_Y, 0), PRESSED, SYN
    assert await reports(1, Kernel(TABLET), tap, rotation=90) == [(0, 0, True)]
    assert await reports(1, Kernel(TABLET), tap, matrix=matrix_of("-1 0 1 0 1 0")) == [(0, 0, True)]


def test_three_values_and_the_pressure_beside_them() -> None:
    x, y, is_down = point = Point(1, 2, True, 77)
    assert (x, y, is_down, point.pressure) == (1, 2, True, 77)
    assert Point(1, 2, True).pressure is None


# --- two touches: slots ----------------------------------------------------------------------------------------------
def test_the_example_of_slots_in_the_kernels_document() -> None:
    """linux/Documentation/input/multi-touch-protocol.rst, Protocol Example B, with x[0], y[0] 10, 20 and 300, 400."""
    glass = Axes(SLOTTED).glass()
    both = slot(0), finger(45), *at(10, 20), slot(1), finger(46), *at(300, 400), SYN
    assert said(glass, *both) == [(10, 20, True)]
    assert said(glass, slot(0), (EV_ABS, MT_X, 15), SYN) == [(15, 20, True)]
    assert said(glass, finger(-1), SYN) == [(15, 20, False)]
    assert said(glass, slot(1), (EV_ABS, MT_X, 310), SYN, finger(-1), SYN) == []


def test_the_second_finger_is_nobodys_until_it_is_set_down_anew() -> None:
    glass = Axes(SLOTTED).glass()
    assert said(glass, finger(1), *at(10, 10), SYN, slot(1), finger(2), *at(400, 400), SYN) == [(10, 10, True)]
    assert said(glass, slot(0), finger(-1), SYN, slot(1), *at(410, 410), SYN) == [(10, 10, False)]
    assert said(glass, finger(-1), SYN, finger(3), SYN) == [(410, 410, True)]


def test_the_emulated_pointer_that_jumps_to_the_second_finger_is_not_followed() -> None:
    """input_mt_report_pointer_emulation moves ABS_X to the other finger while BTN_TOUCH stays down."""
    glass = Axes(SLOTTED | {ABS_X: (0, 479), ABS_Y: (0, 799)}).glass()
    said(glass, finger(1), *at(10, 10), PRESSED, (EV_ABS, ABS_X, 10), (EV_ABS, ABS_Y, 10), SYN)
    said(glass, slot(1), finger(2), *at(400, 400), SYN)
    jump = slot(0), finger(-1), (EV_ABS, ABS_X, 400), (EV_ABS, ABS_Y, 400), SYN
    assert said(glass, *jump) == [(10, 10, False)]


def test_one_finger_follows_another_in_one_report() -> None:
    glass = Axes(SLOTTED).glass()
    said(glass, finger(1), *at(10, 10), SYN)
    assert said(glass, finger(2), *at(99, 99), SYN) == [(10, 10, False), (99, 99, True)]


def test_the_slot_that_is_spoken_of_is_asked_for() -> None:
    """The kernel tells the slot only when it changes: opened after a second finger, the next may be of slot 1."""
    glass = Axes(SLOTTED, {ABS_MT_SLOT: 1}).glass()
    assert said(glass, finger(5), *at(7, 8), SYN, slot(0), finger(6), *at(9, 9), SYN) == [(7, 8, True)]


@pytest.mark.parametrize("number", [0, 9])
def test_a_finger_that_was_there_before_is_nobodys(number: int) -> None:
    panel = Axes(SLOTTED)
    panel.slots = {ABS_MT_TRACKING_ID: [-1] * 10, MT_X: [50] * 10, MT_Y: [60] * 10}
    panel.slots[ABS_MT_TRACKING_ID][number] = 4
    glass = panel.glass()
    assert said(glass, slot(number), *at(70, 80), SYN) == []
    assert said(glass, finger(-1), SYN, finger(5), SYN) == [(70, 80, True)]


@pytest.mark.parametrize("number", [MOST_CONTACTS, -1, 2**31 - 1])
def test_more_slots_than_fingers_are_not_looked_at(number: int) -> None:
    assert said(Axes(SLOTTED).glass(), slot(number), finger(1), *at(5, 5), SYN) == []


def test_a_place_that_nobody_told_is_not_guessed() -> None:
    panel = Axes(SLOTTED)
    assert said(panel.glass(), finger(1), (EV_ABS, MT_Y, 60), SYN) == []
    panel.slots = {ABS_MT_TRACKING_ID: [-1] * 10, MT_X: [50], MT_Y: [0]}
    assert said(panel.glass(), finger(1), (EV_ABS, MT_Y, 60), SYN) == [(50, 60, True)]


# --- two touches: packets --------------------------------------------------------------------------------------------
def packet(*places: tuple[int, int]) -> list[Event]:
    return [event for place in places for event in (*at(*place), MT_SYN)]


def test_the_example_of_packets_in_the_kernels_document() -> None:
    """linux/Documentation/input/multi-touch-protocol.rst, Protocol Example A, with places of our own."""
    glass = Axes(PACKETS).glass()
    assert said(glass, *packet((10, 20), (300, 400)), SYN) == [(10, 20, True)]
    assert said(glass, *packet((12, 22), (300, 400)), SYN) == [(12, 22, True)]
    assert said(glass, *packet((301, 401)), SYN) == [(12, 22, False)]
    assert said(glass, MT_SYN, SYN) == []


def test_the_order_of_packets_does_not_matter() -> None:
    glass = Axes(PACKETS).glass()
    said(glass, *packet((10, 20), (300, 400)), SYN)
    assert said(glass, *packet((302, 402), (14, 24)), SYN) == [(14, 24, True)]
    assert said(glass, *packet((304, 404), (18, 28), (200, 200)), SYN) == [(18, 28, True)]


def test_packets_with_tracking_ids_are_told_apart_by_them() -> None:
    glass = Axes(PACKETS).glass()
    said(glass, finger(0), *at(10, 20), MT_SYN, finger(1), *at(30, 20), MT_SYN, SYN)
    crossed = finger(1), *at(12, 20), MT_SYN, finger(0), *at(28, 20), MT_SYN, SYN
    assert said(glass, *crossed) == [(28, 20, True)]


def test_more_packets_than_fingers_are_not_looked_at() -> None:
    glass = Axes(PACKETS).glass()
    assert said(glass, *[MT_SYN] * MOST_CONTACTS, *packet((10, 20)), SYN) == []
    assert said(glass, *[MT_SYN] * (MOST_CONTACTS - 1), *packet((10, 20)), SYN) == [(10, 20, True)]


def test_the_last_packet_may_be_missing_where_the_button_is_told() -> None:
    glass = Axes(PACKETS).glass()
    said(glass, *packet((10, 20)), PRESSED, SYN)
    assert said(glass, LIFTED, SYN) == [(10, 20, False)]


# --- trembling, pressure ---------------------------------------------------------------------------------------------
def test_a_finger_that_trembles_within_a_pixel_is_still() -> None:
    glass = Axes(TABLET).glass()
    assert said(glass, (EV_ABS, ABS_X, 16384), PRESSED, SYN) == [(240, 0, True)]
    assert said(glass, *((EV_ABS, ABS_X, 16384 + step) if step % 2 else SYN for step in range(60))) == []
    assert said(glass, (EV_ABS, ABS_X, 16460), SYN, LIFTED, SYN) == [(241, 0, True), (241, 0, False)]


def test_lifted_and_pressed_in_one_report_is_two_presses() -> None:
    glass = Axes(TABLET).glass()
    assert said(glass, PRESSED, SYN, LIFTED, PRESSED, SYN) == [(0, 0, True), (0, 0, False), (0, 0, True)]


def test_a_hand_above_the_glass_is_nothing() -> None:
    glass = Axes(TABLET).glass()
    assert said(glass, (EV_ABS, ABS_X, 16384), SYN, (EV_ABS, ABS_X, 0), SYN, LIFTED, SYN) == []


@pytest.mark.parametrize(
    ("axes", "begin", "press"),
    [
        (TABLET | {ABS_PRESSURE: (20, 275)}, (PRESSED,), ABS_PRESSURE),
        (SLOTTED | {MT_PRESSURE: (20, 275)}, (finger(1), *at(0, 0)), MT_PRESSURE),
    ],
)
def test_pressure_is_of_the_panels_range(axes: dict[int, tuple[int, int]], begin: Any, press: int) -> None:
    glass = Axes(axes).glass()
    told = []
    for value in (0, 20, 147, 275, 999):
        told += said(glass, *begin, (EV_ABS, press, value), SYN, LIFTED, finger(-1), SYN)
    assert [point.pressure for point in told if point.is_down] == [0, 0, 127, 255, 255]


def test_pressure_of_packets_is_the_followed_fingers() -> None:
    glass = Axes(PACKETS | {MT_PRESSURE: (0, 255)}).glass()
    two = *at(1, 2), (EV_ABS, MT_PRESSURE, 90), MT_SYN, *at(300, 300), (EV_ABS, MT_PRESSURE, 10), MT_SYN, SYN
    assert [point.pressure for point in said(glass, *two)] == [90]


def test_a_panel_that_feels_no_pressure_says_none() -> None:
    glass = Axes(TABLET).glass()
    assert [point.pressure for point in said(glass, (EV_ABS, ABS_PRESSURE, 9), PRESSED, SYN)] == [None]


# --- lost events -----------------------------------------------------------------------------------------------------
LOST = DROPPED, finger(-1), *at(1, 1), LIFTED  # what comes between SYN_DROPPED and SYN_REPORT is of no use


def test_lost_events_lift_the_one_finger_that_cannot_be_told_from_another() -> None:
    glass = Axes(TABLET).glass()
    said(glass, (EV_ABS, ABS_X, 16384), PRESSED, SYN)
    assert said(glass, *LOST, SYN) == [(240, 0, False)]
    assert said(glass, (EV_ABS, ABS_X, 0), SYN, LIFTED, SYN) == []
    assert said(glass, PRESSED, SYN) == [(0, 0, True)]


def test_after_lost_events_the_place_is_asked_for() -> None:
    panel = Axes(TABLET)
    glass = panel.glass()
    said(glass, *LOST)
    panel.places = {ABS_X: 16384, ABS_Y: 32767}
    assert said(glass, SYN, PRESSED, SYN) == [(240, 799, True)]


def test_the_same_finger_goes_on_after_lost_events_where_it_has_moved_to() -> None:
    panel = Axes(SLOTTED)
    glass = panel.glass()
    said(glass, finger(1), *at(10, 10), SYN)
    panel.slots = {ABS_MT_TRACKING_ID: [1, 2, *[-1] * 8], MT_X: [30, 400], MT_Y: [40, 400]}
    assert said(glass, *LOST, SYN) == [(30, 40, True)]
    assert said(glass, (EV_ABS, MT_X, 31), SYN, finger(-1), SYN) == [(31, 40, True), (31, 40, False)]


def test_another_finger_after_lost_events_is_nobodys() -> None:
    panel = Axes(SLOTTED)
    glass = panel.glass()
    said(glass, finger(1), *at(10, 10), SYN)
    panel.slots = {ABS_MT_TRACKING_ID: [9, *[-1] * 9], MT_X: [30], MT_Y: [40]}
    assert said(glass, *LOST, SYN) == [(10, 10, False)]
    assert said(glass, *at(50, 50), SYN) == []
    assert said(glass, finger(10), SYN) == [(50, 50, True)]


def test_lost_packets_lift_the_finger_and_who_is_there_next_is_nobodys() -> None:
    glass = Axes(PACKETS).glass()
    said(glass, *packet((10, 20)), SYN)
    assert said(glass, DROPPED, *packet((11, 21)), SYN) == [(10, 20, False)]
    assert said(glass, *packet((12, 22)), SYN, *packet((13, 23)), SYN, MT_SYN, SYN) == []
    assert said(glass, *packet((14, 24)), SYN) == [(14, 24, True)]


def test_what_was_told_before_events_were_lost_is_of_no_use() -> None:
    glass = Axes(PACKETS).glass()
    said(glass, *packet((10, 20)), SYN)
    assert said(glass, *packet((11, 21)), DROPPED, SYN) == [(10, 20, False)]


def test_a_panel_that_is_gone_when_it_is_asked_lifts_the_finger() -> None:
    panel = Axes(TABLET)
    glass = panel.glass()
    said(glass, PRESSED, SYN)
    panel.is_there = False
    assert said(glass, DROPPED, SYN) == [(0, 0, False)]


def test_slots_are_asked_as_the_kernel_wants_it() -> None:
    """linux/input.h: EVIOCGMTSLOTS(len) _IOC(_IOC_READ, 'E', 0x0a, len); a code, then a value of each slot."""
    assert EVIOCGMTSLOTS | struct.calcsize("I10i") << 16 == 2 << 30 | 44 << 16 | ord("E") << 8 | 0x0A
    with open("/dev/null") as nothing, pytest.raises(OSError, match="ioctl"):
        evdev_slots(nothing, ABS_MT_TRACKING_ID, 10)  # type: ignore[arg-type]  # it is no panel
    with pytest.raises(OSError, match="no device"):
        evdev_slots(Axes(SLOTTED), ABS_MT_TRACKING_ID, 10)


@pytest.mark.parametrize("axes", [{}, {ABS_X: (0, 9)}, {ABS_X: (0, 9), ABS_Y: (5, 5)}, {MT_X: (0, 9), ABS_Y: (0, 9)}])
def test_a_device_without_both_axes_is_no_panel(axes: dict[int, tuple[int, int]]) -> None:
    with pytest.raises(OSError, match="both axes"):
        Axes(axes).glass()


# --- calibration and rotation ----------------------------------------------------------------------------------------
def corners(mounting: Mounting) -> list[tuple[int, int]]:
    """Where the panel's top left, top right, bottom right and bottom left are in the picture."""
    glass = Axes({ABS_X: (100, 899), ABS_Y: (0, 479)}).glass(mounting)
    found = []
    for x, y in ((100, 0), (899, 0), (899, 479), (100, 479)):
        (point,) = said(glass, (EV_ABS, ABS_X, x), (EV_ABS, ABS_Y, y), PRESSED, SYN)
        said(glass, LIFTED, SYN)
        found.append((point.x, point.y))
    return found


def test_corners_of_a_turned_picture_are_corners() -> None:
    top_left, top_right, bottom_right, bottom_left = (0, 0), (479, 0), (479, 799), (0, 799)
    assert corners(Mounting()) == [top_left, top_right, bottom_right, bottom_left]
    assert corners(Mounting(rotation=90)) == [bottom_left, top_left, top_right, bottom_right]
    assert corners(Mounting(rotation=180)) == [bottom_right, bottom_left, top_left, top_right]
    assert corners(Mounting(rotation=270)) == [top_right, bottom_right, bottom_left, top_left]


def test_a_panel_is_calibrated_before_the_picture_is_turned() -> None:
    mirrored = Mounting(matrix_of("-1 0 1 0 1 0"), 90)
    assert corners(mirrored) == [(0, 0), (0, 799), (479, 799), (479, 0)]


@pytest.mark.parametrize(("text", "rotation"), [("0 -1 1 1 0 0", 270), ("-1 0 1 0 -1 1", 180), ("0 1 0 -1 0 1", 90)])
def test_libinputs_own_matrices_turn_the_same_way(text: str, rotation: int) -> None:
    """libinput's documentation has these to turn touches by 90, 180 and 270 degrees: back, as the picture is turned."""
    assert corners(Mounting(matrix_of(text))) == corners(Mounting(rotation=rotation))


shares = st.integers(0, 4096).map(lambda value: share(value, 0, 4096))


@given(shares, shares, st.sampled_from([90, 180, 270]))
def test_turned_all_the_way_round_it_is_where_it_was(x: float, y: float, rotation: int) -> None:
    place = x, y
    for _ in range(4):
        place = turned(ROTATIONS[rotation], *place)
    assert [pixel(at, 4097) for at in place] == [pixel(at, 4097) for at in (x, y)]


@given(shares, shares)
def test_two_quarters_are_a_half(x: float, y: float) -> None:
    quarter, half = ROTATIONS[90], turned(ROTATIONS[180], x, y)
    assert turned(quarter, *turned(quarter, x, y)) == pytest.approx(half)
    assert turned(ROTATIONS[270], *turned(quarter, x, y)) == pytest.approx((x, y))


@given(st.integers(1, 2000), st.data())
def test_every_pixel_is_reached_and_no_other(pixels: int, data: st.DataObject) -> None:
    value = data.draw(st.integers(0, pixels - 1))
    assert pixel(share(value, 0, pixels - 1), pixels) == value
    assert pixel(1 - share(value, 0, pixels - 1), pixels) == pixels - 1 - value


def test_the_edges_are_on_the_picture() -> None:
    assert [pixel(share(value, 100, 900), 480) for value in (0, 100, 900, 5000)] == [0, 0, 479, 479]


@pytest.mark.parametrize("text", ["1 0 0 0 1", "1 0 0 0 1 0 0", "a b c d e f", "nan 0 0 0 1 0", "1 0 inf 0 1 0"])
def test_a_matrix_is_six_numbers(text: str) -> None:
    with pytest.raises(ValueError, match="six numbers"):
        Mounting(matrix_of(text))


def test_a_matrix_or_a_rotation_that_cannot_be_is_refused_at_once() -> None:
    assert matrix_of(" ") == IDENTITY
    with pytest.raises(ValueError, match="no two directions"):
        EvdevTouch("panel", 480, 800, matrix=(1, 1, 0, 2, 2, 0))
    with pytest.raises(ValueError, match="0, 90, 180, 270"):
        EvdevTouch("panel", 480, 800, rotation=45)


# --- any stream ------------------------------------------------------------------------------------------------------
CODES = [ABS_X, ABS_Y, ABS_PRESSURE, MT_X, MT_Y, MT_PRESSURE, ABS_MT_SLOT, ABS_MT_TRACKING_ID, BTN_TOUCH, 0, 2, 3]
values = st.one_of(st.integers(-2, 1000), st.integers(-(2**31), 2**31 - 1))
events = st.one_of(
    st.just(SYN),
    st.just(MT_SYN),
    st.tuples(st.sampled_from([EV_SYN, EV_KEY, EV_ABS]), st.sampled_from(CODES), values),
    st.tuples(st.integers(0, 0x1F), st.integers(0, 0x2FF), values),
)
panels = st.fixed_dictionaries(
    {},
    optional={
        code: st.tuples(st.integers(-50, 50), st.integers(51, 5000))
        for code in (ABS_X, ABS_Y, ABS_PRESSURE, MT_X, MT_Y, MT_PRESSURE, ABS_MT_SLOT, ABS_MT_TRACKING_ID)
    },
).map(lambda axes: {ABS_X: (0, 9), ABS_Y: (0, 9)} | axes)
numbers = st.floats(-1e300, 1e300, allow_nan=False)
matrices = st.tuples(*[numbers] * 6).filter(lambda m: m[0] * m[4] != m[1] * m[3])


@settings(max_examples=300, deadline=None)
@given(panels, st.lists(events, max_size=80), st.sampled_from([*ROTATIONS]), st.one_of(st.just(IDENTITY), matrices))
def test_no_stream_is_a_trouble(axes: Any, stream: Iterable[Event], rotation: int, matrix: Any) -> None:
    """Every point is on the picture; the finger is lifted once for each press; no report comes twice."""
    panel, is_down, last = Axes(axes), False, None
    panel.slots = {ABS_MT_TRACKING_ID: [3] * MOST_CONTACTS} if ABS_MT_SLOT in axes else {}
    for point in said(panel.glass(Mounting(matrix, rotation)), *stream):
        assert 0 <= point.x < 480
        assert 0 <= point.y < 800
        assert point.pressure is None or 0 <= point.pressure <= 255
        assert point.is_down or is_down
        assert point != last
        is_down, last = point.is_down, point


fingers = st.tuples(st.integers(0, 2), st.sampled_from(["down", "up", "move"]), st.integers(0, 479))


@given(st.lists(fingers, max_size=40))
def test_slots_and_packets_of_the_same_hands_say_the_same(moves: list[tuple[int, str, int]]) -> None:
    """Three fingers, far apart, on a panel of each kind."""
    slotted, packets = Axes(SLOTTED).glass(), Axes(PACKETS).glass()
    on_glass: dict[int, tuple[int, int]] = {}
    for name, (number, what, x) in enumerate(moves):
        place = x, number * 300 + 50
        changes: list[Event] = [slot(number)]
        if what == "down" and number not in on_glass:
            changes += [finger(name), *at(*place)]
            on_glass[number] = place
        elif what == "move" and number in on_glass:
            x = max(0, min(479, on_glass[number][0] + x % 50 - 25))
            place = x, place[1]
            changes += at(*place)
            on_glass[number] = place
        elif what == "up" and number in on_glass:
            changes.append(finger(-1))
            del on_glass[number]
        assert said(slotted, *changes, SYN) == said(packets, *packet(*on_glass.values()), MT_SYN, SYN)
