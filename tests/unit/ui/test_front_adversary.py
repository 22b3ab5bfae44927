"""Front in bad hands: fingers that stay, pages that change under them, a glass that is dark when a PIN is asked.

Law: nothing of another page is painted over a PIN's, and no touch is lost or taken for an answer that it was not.
"""

import asyncio
from pathlib import Path

import msgspec
import pytest

from drivers.keypad import EvdevKeypad
from terminal.events import FrontAttached, KeyPressed
from terminal.pad_link import Face
from terminal.screens import Manner, Notice, Say, Shown, Tone
from tests.unit.drivers.fake_kernel import DOWN, EV_ABS, EV_KEY, PATIENCE, SYN, UP, Kernel
from tests.unit.drivers.secret_pads import BTN_TOUCH, CODES, KEYMAP
from tests.unit.ui.screen_samples import shown
from tests.unit.ui.test_front import heard
from tests.unit.ui.test_front_secret import NEXT, TYPES, WAITS
from tests.unit.ui.test_front_secret import bench as bench
from tests.unit.ui.test_front_senses import GLASS, Desk, Kept, nothing_heard
from ui.front_at_work import POWER, Front
from ui.light import DARK, FULL, Light
from ui.painter import Painter
from ui.senses import Senses

SLID = 0.3  # seconds: longer than any transition
LABELS = (*"7031592846", "clear", "enter")


@pytest.fixture
def socket(tmp_path: Path) -> Path:
    return tmp_path / "front.sock"


class Glass:
    """A sliding front with the vault's pad, and what happened on it in its order."""

    def __init__(self) -> None:
        self.happened: list[object] = []
        self.painter, self.eye = (Painter(GLASS, has_pad=True) for _ in range(2))
        kept = Kept()
        kept.shine = self.happened.append  # type: ignore[method-assign, assignment]
        senses = Senses(kept, kept, kept, Light(0, 0), slides=True)
        self.front = Front(FrontAttached("panel"), self, self.painter, language="en", senses=senses)
        self.kept = kept

    def show(self, pixels: bytes, width: int, height: int) -> None:
        self.happened.append(pixels)

    def picture(self, at: Shown, labels: tuple[str, ...] = ()) -> bytes:
        return bytes(self.eye.paint(at, labels).get_buffer().raw)


# --- transitions -----------------------------------------------------------------------------------------------------
async def test_nothing_of_the_old_page_is_painted_once_a_pin_is_asked():
    glass = Glass()
    glass.front.show(NEXT)
    glass.front.show(shown("en", "ask"))
    await asyncio.sleep(0.06)  # in the middle of its way in
    glass.happened.clear()
    glass.front.show(WAITS)
    await asyncio.sleep(SLID)
    assert glass.happened == [glass.picture(WAITS)], "at once, at its place, and nothing after it"


async def test_the_pad_is_said_to_be_seen_only_when_it_stands_where_it_is_pressed():
    glass = Glass()
    glass.front.show(NEXT)
    glass.front.turn(Face(LABELS, 1), lambda face: glass.happened.append(face))
    glass.happened.clear()
    glass.front.show(TYPES)
    await asyncio.sleep(SLID)
    assert glass.happened == [glass.picture(TYPES, LABELS), Face(LABELS, 1)]


async def test_a_transition_that_another_page_interrupts_paints_no_more():
    glass = Glass()
    for name in ("ask", "sheet", "ok", "unknown"):
        glass.front.show(shown("en", name))
        await asyncio.sleep(0.01)
    await asyncio.sleep(SLID)
    assert glass.happened[-1] == glass.picture(shown("en", "unknown"))
    count = len(glass.happened)
    await asyncio.sleep(SLID)
    assert len(glass.happened) == count


async def test_ink_that_begins_while_the_pad_comes_in_is_not_painted_over(socket: Path):
    desk, at = Desk(socket, slides=True), shown("zh_CN", "sign")
    async with desk.running(shown("zh_CN", "ask")):
        desk.core.show(at)
        async with asyncio.timeout(PATIENCE):
            await desk.panel.frames.get()  # its first frame
        desk.front.point(150, 430, True)
        desk.front.point(300, 450, True)
        await asyncio.sleep(SLID)
        while not desk.panel.frames.empty():
            last = desk.panel.frames.get_nowait()
        assert last == bytes(desk.eye.trace(at, [(150, 430), (300, 450)]).get_buffer().raw)


# --- fingers ---------------------------------------------------------------------------------------------------------
async def test_the_first_tap_after_a_pin_is_heard_though_a_finger_was_down_when_it_was_asked(bench):
    async with bench.front():
        await bench.see(NEXT)
        await bench.taken()
        bench.touch.events((EV_ABS, 0, 360), (EV_ABS, 1, 770), (EV_KEY, BTN_TOUCH, DOWN), SYN)
        await asyncio.sleep(0.02)
        await bench.see(WAITS)  # it is lifted while the panel is the vault's: nobody here is told
        await bench.see(NEXT)
        await bench.taken()
        await bench.hears_nothing()
        bench.tap(360, 770)
        assert await bench.key() == "enter"


async def test_the_first_tap_is_heard_when_the_core_is_back(socket: Path):
    desk, at = Desk(socket), shown("zh_CN", "sheet")
    async with desk.running(at):
        x, y = desk.place_of(at, "enter")
        desk.front.point(x, y, True)
        link, desk.front._link = desk.front._link, None
        desk.front.show(desk.front._away(1))
        desk.front.point(x, y, False)
        desk.front._link = link
        await desk.show(shown("zh_CN", "ask"))
        await desk.show(at)
        desk.front.point(x, y, True)
        desk.front.point(x, y, False)
        assert await heard(desk.core) == KeyPressed("enter")


async def test_a_finger_held_over_a_change_of_question_answers_neither(socket: Path):
    desk = Desk(socket)
    first, second = (Shown(Notice(Say("hint.any"), Tone.LOOK, Say(f"front.{what}"))) for what in ("title", "waiting"))
    async with desk.running(first):
        x, y = desk.place_of(first, "enter")
        desk.front.point(x, y, True)
        await desk.show(second)  # by its deadline: the same title says another thing
        desk.front.point(x, y, True)
        desk.front.point(x, y, False)
        await nothing_heard(desk)


async def test_a_finger_is_lifted_at_the_window_while_a_pin_is_typed(socket: Path):
    desk, at = Desk(socket), shown("zh_CN", "sheet")
    async with desk.running(at):
        x, y = desk.place_of(at, "enter")
        desk.front.point(x, y, True)
        await desk.show(TYPES)
        desk.front.point(x, y, False)
        await desk.show(at)
        desk.front.point(x, y, True)
        desk.front.point(x, y, False)
        assert await heard(desk.core) == KeyPressed("enter")


# --- light and voice -------------------------------------------------------------------------------------------------
async def test_a_dark_glass_is_light_before_a_pin_is_asked_and_stays_so():
    glass = Glass()
    glass.front.show(NEXT)
    glass.front.press(POWER)
    assert glass.happened[-1] == DARK
    glass.front.turn(Face(LABELS, 1), lambda face: glass.happened.append(face))
    glass.happened.clear()
    glass.front.show(TYPES)
    assert glass.happened == [FULL, glass.picture(TYPES, LABELS), Face(LABELS, 1)]
    glass.front.press(POWER)
    glass.front.tend(1000.0)
    assert DARK not in glass.happened, "he types there"


async def test_a_voice_is_told_nothing_of_where_the_digits_are_or_which_were_typed():
    told = []
    for labels in (LABELS, LABELS[::-1]):
        glass = Glass()
        glass.front.show(msgspec.structs.replace(NEXT, manner=Manner(is_spoken=True)))
        glass.front.turn(Face(labels, 1))
        for count in (0, 1, 2, 1, 6):
            screen = msgspec.structs.replace(TYPES.screen, count=count)
            glass.front.show(msgspec.structs.replace(TYPES, screen=screen, manner=Manner(is_spoken=True)))
        told.append(glass.kept.said)
    assert told[0] == told[1]
    assert len(told[0]) > 3
    assert glass.kept.clicks == 0


async def test_the_waiting_page_keeps_the_manner_of_the_shop(socket: Path):
    desk, manner = Desk(socket), Manner(theme="night", is_large=True, is_spoken=True)
    async with desk.running(msgspec.structs.replace(shown("zh_CN", "sheet"), manner=manner)):
        assert desk.front._away(3).manner == manner


# --- keypad ----------------------------------------------------------------------------------------------------------
async def test_a_keypad_that_is_pulled_out_in_the_middle_of_a_code_adds_no_digit():
    kernel = Kernel()
    with EvdevKeypad("keypad", KEYMAP, opener=kernel.open, reopen_after=0.01) as keypad:
        async with asyncio.timeout(PATIENCE):
            asking = asyncio.ensure_future(keypad.happened())
            await kernel.until(lambda kernel: kernel.holder)
            kernel.events((EV_KEY, CODES["2"], DOWN), SYN)
            assert (await asking).key == "2"
            asking = asyncio.ensure_future(keypad.happened())
            kernel.pull_out()
            await asyncio.sleep(0.02)
            kernel.is_there = True
            await kernel.until(lambda kernel: kernel.holder)
            kernel.events((EV_KEY, CODES["2"], UP), SYN)  # of the digit from before
            kernel.press(CODES["5"])
            assert (await asking).key == "5"


async def test_a_key_that_is_stuck_is_one_key_and_holds_up_no_other():
    kernel, stuck = Kernel(), []
    with EvdevKeypad("keypad", KEYMAP, opener=kernel.open, stuck=stuck.append, stuck_after=0.02) as keypad:
        async with asyncio.timeout(PATIENCE):
            asking = asyncio.ensure_future(keypad.happened())
            await kernel.until(lambda kernel: kernel.holder)
            kernel.events((EV_KEY, CODES["7"], DOWN), SYN)
            assert (await asking) == KeyPressed("7")
            asking = asyncio.ensure_future(keypad.happened())
            while not stuck:  # noqa: ASYNC110 - it is told by a plain call
                await asyncio.sleep(0.005)
            kernel.events((EV_KEY, CODES["7"], 2), SYN)
            kernel.press(CODES["enter"])
            assert (await asking) == KeyPressed("enter")
    assert stuck == ["digit"], "not which: it may be of a code"
