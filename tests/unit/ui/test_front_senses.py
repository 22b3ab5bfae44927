"""Front, with its senses: keys light up, pages slide and scroll, the glass goes dark, what is shown is heard.

The core's end of the link is real; light, buzzer and voice keep what they were told.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from terminal.events import FrontAttached, KeyPressed
from terminal.front_link import FrontLink
from terminal.screens import Ask, Manner, Notice, Progress, Say, Shown, Tone
from tests.unit.ui.screen_samples import shown
from tests.unit.ui.test_front import PATIENCE, Panel, heard
from ui.front_at_work import POWER, Front
from ui.light import DARK, DIMMED, FULL, Light
from ui.painter import Painter
from ui.senses import Senses

GLASS = "touch-480x800"


class Kept:
    """A light, a buzzer and a voice."""

    def __init__(self) -> None:
        self.levels: list[int] = []
        self.clicks = 0
        self.played: list[tuple[int, ...]] = []
        self.said: list[tuple[str, str]] = []

    def shine(self, per_cent: int) -> None:
        self.levels.append(per_cent)

    def play(self, tones: tuple[int, ...]) -> None:
        self.played.append(tones)

    def click(self) -> None:
        self.clicks += 1

    def read(self, text: str, language: str) -> None:
        self.said.append((text, language))

    def hush(self) -> None:
        return None


class Desk:
    """A front at a real link, in the hands of a test."""

    def __init__(self, socket: Path, device: str = GLASS, light: Light | None = None, *, slides: bool = False) -> None:
        self.now = 100.0
        self.panel, self.kept, self.eye, self.socket = Panel(), Kept(), Painter(device), socket
        senses = Senses(self.kept, self.kept, self.kept, light, slides=slides, now=lambda: self.now)
        self.front = Front(FrontAttached("panel"), self.panel, Painter(device), language="en", senses=senses)
        self.core = FrontLink()

    @contextlib.asynccontextmanager
    async def running(self, first: Shown) -> AsyncIterator[None]:
        await self.core.listen(self.socket)
        following = asyncio.ensure_future(self.front.follow(self.socket))
        try:
            await heard(self.core)
            await self.show(first)
            yield
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
            await self.core.close()

    async def show(self, at: Shown) -> None:
        self.core.show(at)
        await self.panel.until(self.picture(at))

    def picture(self, at: Shown, **how: object) -> bytes:
        return bytes(self.eye.paint(at, **how).get_buffer().raw)  # type: ignore[arg-type]

    def place_of(self, at: Shown, key: str) -> tuple[int, int]:
        device = self.eye.device
        spots = ((x, y) for y in range(device.height - 1, 0, -5) for x in range(0, device.width, 5))
        return next(spot for spot in spots if self.eye.hit(at, *spot) == key)


@pytest.fixture
def socket(tmp_path: Path) -> Path:
    return tmp_path / "front.sock"


async def nothing_heard(desk: Desk) -> None:
    await asyncio.sleep(0.02)
    assert desk.core._inbox.empty()


async def test_a_key_on_glass_is_lit_while_it_is_down_and_told_when_it_is_let_go(socket: Path):
    desk, at = Desk(socket), shown("zh_CN", "ask")
    async with desk.running(at):
        x, y = desk.place_of(at, "5")
        desk.front.point(x, y, True)
        assert desk.panel.frames.get_nowait() == desk.picture(at, pressed="5") != desk.picture(at)
        assert desk.kept.clicks == 1
        await nothing_heard(desk)
        desk.front.point(x, y, False)
        assert desk.panel.frames.get_nowait() == desk.picture(at)
        assert await heard(desk.core) == KeyPressed("5")


async def test_a_finger_that_leaves_its_key_lets_go_of_it(socket: Path):
    desk, at = Desk(socket), shown("zh_CN", "ask")
    async with desk.running(at):
        x, y = desk.place_of(at, "5")
        desk.front.point(x, y, True)
        desk.front.point(x, 60, True)
        assert desk.panel.frames.get_nowait() == desk.picture(at, pressed="5")
        assert desk.panel.frames.get_nowait() == desk.picture(at)
        desk.front.point(x, 60, False)
        await nothing_heard(desk)


async def test_a_finger_that_is_down_while_the_page_changes_presses_nothing_of_the_new_one(socket: Path):
    desk, at, then = Desk(socket), shown("zh_CN", "ask"), shown("zh_CN", "sheet")
    async with desk.running(at):
        x, y = desk.place_of(at, "5")
        desk.front.point(x, y, True)
        await desk.show(then)
        x, y = desk.place_of(then, "enter")
        desk.front.point(x, y, True)
        desk.front.point(x, y, False)
        await nothing_heard(desk)
        desk.front.point(x, y, True)
        desk.front.point(x, y, False)
        assert await heard(desk.core) == KeyPressed("enter")


async def test_a_fast_typist_loses_no_key_while_the_digit_before_comes_back(socket: Path):
    desk = Desk(socket)
    at, then = (Shown(Ask(Say("hint.ask"), Say("hint.ask"), value)) for value in ("1", "12"))
    async with desk.running(at):
        x, y = desk.place_of(at, "7")
        desk.front.point(x, y, True)
        desk.core.show(then)
        await desk.panel.until(desk.picture(then, pressed="7"))
        desk.front.point(x, y, False)
        assert await heard(desk.core) == KeyPressed("7")


async def test_a_new_page_slides_in_and_stands_within_150_milliseconds(socket: Path):
    desk, at, then = Desk(socket, slides=True), shown("zh_CN", "ask"), shown("zh_CN", "sheet")
    async with desk.running(at):
        begun = asyncio.get_running_loop().time()
        desk.core.show(then)
        async with asyncio.timeout(PATIENCE):
            first = await desk.panel.frames.get()
        assert first not in (desk.picture(at), desk.picture(then))
        await desk.panel.until(desk.picture(then))
        assert asyncio.get_running_loop().time() - begun < 1, "80 ms, and what a busy machine adds"


@pytest.mark.parametrize("why", ["chosen", "same question"])
async def test_without_a_transition_it_stands_at_once(socket: Path, why: str):
    desk, at = Desk(socket, slides=True), Shown(Ask(Say("hint.ask"), Say("hint.ask"), "1"))
    then = Shown(Ask(Say("hint.ask"), Say("hint.ask"), "12"))
    if why == "chosen":
        then = msgspec.structs.replace(shown("zh_CN", "sheet"), manner=Manner(is_still=True))
    async with desk.running(at):
        desk.core.show(then)
        async with asyncio.timeout(PATIENCE):
            assert await desk.panel.frames.get() == desk.picture(then)


async def test_the_glass_goes_down_and_the_first_key_only_makes_it_light(socket: Path):
    desk, at = Desk(socket, light=Light(60, 300, 100.0)), shown("zh_CN", "ask")
    async with desk.running(at):
        for seconds, level in ((61, DIMMED), (301, DARK)):
            desk.now = 100.0 + seconds
            desk.front.tend(0.5)
            assert desk.kept.levels[-1] == level
        desk.front.press("enter")
        assert desk.kept.levels[-1] == FULL
        await nothing_heard(desk)
        desk.front.press("enter")
        assert await heard(desk.core) == KeyPressed("enter")


async def test_the_first_touch_of_a_dark_glass_is_nothing_else_either(socket: Path):
    desk, at = Desk(socket, light=Light(0, 0)), shown("zh_CN", "ask")
    async with desk.running(at):
        desk.front.press(POWER)
        assert desk.kept.levels == [DARK]
        x, y = desk.place_of(at, "5")
        for is_down in (True, True, False):
            desk.front.point(x, y, is_down)
        assert desk.kept.levels == [DARK, FULL]
        await nothing_heard(desk)
        desk.front.point(x, y, True)
        desk.front.point(x, y, False)
        assert await heard(desk.core) == KeyPressed("5")


async def test_news_make_a_dark_glass_light_and_a_changed_status_does_not(socket: Path):
    desk, at = Desk(socket, light=Light(0, 0)), shown("zh_CN", "ask")
    async with desk.running(at):
        desk.front.press(POWER)
        await desk.show(msgspec.structs.replace(at, status=msgspec.structs.replace(at.status, operator="77")))
        assert desk.kept.levels == [DARK]
        await desk.show(shown("zh_CN", "unknown"))
        assert desk.kept.levels == [DARK, FULL]


async def test_a_result_sounds_once_and_a_key_clicks_unless_it_is_to_be_quiet(socket: Path):
    desk = Desk(socket)
    told = Shown(Notice(Say("hint.any"), Tone.WRONG, Say("hint.any")))
    async with desk.running(shown("zh_CN", "ask")):
        await desk.show(told)
        await desk.show(msgspec.structs.replace(told, status=msgspec.structs.replace(told.status, operator="01")))
        assert len(desk.kept.played) == 1
        desk.front.press("1")
        assert desk.kept.clicks == 1
        await desk.show(msgspec.structs.replace(shown("zh_CN", "ask"), manner=Manner(is_quiet=True, theme="night")))
        desk.front.press("1")
        assert desk.kept.clicks == 1


async def test_it_is_read_aloud_where_that_is_chosen_only(socket: Path):
    desk, at = Desk(socket), shown("zh_CN", "sheet")
    async with desk.running(shown("zh_CN", "ask")):
        await desk.show(at)
        assert desk.kept.said == []
        await desk.show(msgspec.structs.replace(shown("en", "ok"), manner=Manner(is_spoken=True)))
        assert [language for _, language in desk.kept.said] == ["en"]


async def test_a_page_longer_than_the_glass_is_scrolled_by_its_keys_and_by_itself(socket: Path):
    desk, at = Desk(socket, "lcd-128x64"), shown("zh_CN", "sheet")
    last = desk.eye.views(at) - 1
    async with desk.running(at):
        for view in range(1, last + 1):
            desk.front.press("down")
            assert desk.panel.frames.get_nowait() == desk.picture(at, view=view)
        await nothing_heard(desk)
        desk.front.press("down")
        assert await heard(desk.core) == KeyPressed("down"), "at the end it is the core's"
        busy = Shown(Progress(Say("hint.any"), Say("front.waiting"), 12, lines=(Say("front.waiting.more"),)))
        assert desk.eye.views(busy) > 1
        await desk.show(busy)
        desk.front.tend(2.6)
        assert desk.panel.frames.get_nowait() == desk.picture(busy, view=1)
