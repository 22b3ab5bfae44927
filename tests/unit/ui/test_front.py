"""Front: against a real core's end of the link, with a fake panel, keypad and finger."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from drivers.touch import Point
from terminal.events import CodeScanned, Event, FrontAttached, FrontDetached, KeyPressed, StrokeDrawn
from terminal.front_link import FrontLink
from terminal.screens import Shown
from tests.unit.ui.screen_samples import shown
from ui.front_at_work import Front
from ui.front_config import ConfigRefused, FrontConfig, configured
from ui.front_hands import forward_codes, forward_keys, forward_touches
from ui.painter import Painter

PATIENCE = 5  # seconds, for a machine under load; nothing here waits that long


class Panel:
    """Keeps what it was shown."""

    def __init__(self) -> None:
        self.frames: asyncio.Queue[bytes] = asyncio.Queue()

    def show(self, pixels: bytes, width: int, height: int) -> None:
        assert len(pixels) == width * height * 4
        self.frames.put_nowait(pixels)

    async def until(self, picture: bytes) -> None:
        async with asyncio.timeout(PATIENCE):
            while await self.frames.get() != picture:
                pass


class Hands:
    """A keypad and a touch panel that do what they are told."""

    def __init__(self) -> None:
        self.keys: asyncio.Queue[KeyPressed] = asyncio.Queue()
        self.points: asyncio.Queue[Point] = asyncio.Queue()

    async def happened(self) -> KeyPressed:
        return await self.keys.get()

    async def touched(self) -> Point:
        return await self.points.get()

    def draw(self, *points: tuple[int, int]) -> None:
        for x, y in points:
            self.points.put_nowait(Point(x, y, True))
        self.points.put_nowait(Point(*points[-1], False))


class Codes:
    """A scanner that reads what it is told."""

    def __init__(self) -> None:
        self.codes: asyncio.Queue[CodeScanned] = asyncio.Queue()

    async def scanned(self) -> CodeScanned:
        return await self.codes.get()


class Bench:
    """One front on one panel."""

    def __init__(self, socket: Path) -> None:
        self.panel, self.hands, self.eye = Panel(), Hands(), Painter("touch-480x800")
        self.socket = socket
        self.front = Front(FrontAttached("panel"), self.panel, Painter("touch-480x800"), language="en")

    def picture(self, at: Shown) -> bytes:
        return bytes(self.eye.paint(at).get_buffer().raw)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        works = (
            self.front.follow(self.socket),
            forward_keys(self.front, self.hands),
            forward_touches(self.front, self.hands),
        )
        tasks = [asyncio.ensure_future(work) for work in works]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "front.sock")


@pytest.fixture
async def core(tmp_path: Path) -> AsyncIterator[FrontLink]:
    link = FrontLink()
    await link.listen(tmp_path / "front.sock")
    yield link
    await link.close()


async def heard(core: FrontLink) -> Event:
    async with asyncio.timeout(PATIENCE):
        return await core.event()


async def test_a_screen_is_shown_and_a_key_is_told(bench: Bench, core: FrontLink):
    async with bench.running():
        assert await heard(core) == FrontAttached("panel")
        core.show(shown("en", "ask"))
        await bench.panel.until(bench.picture(shown("en", "ask")))
        bench.hands.keys.put_nowait(KeyPressed("enter"))
        assert await heard(core) == KeyPressed("enter")


async def test_a_scanned_code_is_told_but_not_while_a_pin_is_typed(bench: Bench, core: FrontLink):
    scanner = Codes()
    async with bench.running():
        forwarding = asyncio.ensure_future(forward_codes(bench.front, scanner))
        await heard(core)
        core.show(shown("en", "pin"))
        await bench.panel.until(bench.picture(shown("en", "pin")))
        scanner.codes.put_nowait(CodeScanned("while a PIN is typed"))
        await asyncio.sleep(0.01)
        core.show(shown("en", "ask"))
        await bench.panel.until(bench.picture(shown("en", "ask")))
        scanner.codes.put_nowait(CodeScanned("000001-000123"))
        assert await heard(core) == CodeScanned("000001-000123")
        forwarding.cancel()


async def test_a_front_that_dies_comes_back_to_the_last_screen(bench: Bench, core: FrontLink):
    async with bench.running():
        await heard(core)
        core.show(shown("en", "progress"))
        await bench.panel.until(bench.picture(shown("en", "progress")))
    assert await heard(core) == FrontDetached("panel")
    again = Bench(bench.socket)
    async with again.running():
        await again.panel.until(bench.picture(shown("en", "progress")))


async def test_the_core_goes_and_comes_back(bench: Bench, core: FrontLink, tmp_path: Path):
    async with bench.running():
        await heard(core)
        core.show(shown("en", "ok"))
        await bench.panel.until(bench.picture(shown("en", "ok")))
        await core.close()
        await bench.panel.until(bench.picture(bench.front._away(0)))
        bench.hands.keys.put_nowait(KeyPressed("enter"))  # meant for a page that is gone
        second = FrontLink()
        await second.listen(tmp_path / "front.sock")
        second.show(shown("en", "sheet"))
        await bench.panel.until(bench.picture(shown("en", "sheet")))
        assert await heard(second) == FrontAttached("panel")
        bench.hands.keys.put_nowait(KeyPressed("cancel"))
        assert await heard(second) == KeyPressed("cancel")
        await second.close()


async def test_a_finger_presses_and_signs(bench: Bench, core: FrontLink):
    async with bench.running():
        await heard(core)
        core.show(shown("en", "sheet"))
        await bench.panel.until(bench.picture(shown("en", "sheet")))
        bench.hands.draw((360, 770), (362, 772))
        assert await heard(core) == KeyPressed("enter")
        bench.hands.draw((360, 770), (120, 770))  # slid from one key to another: neither
        bench.hands.draw((120, 770))
        assert await heard(core) == KeyPressed("cancel")
        core.show(shown("en", "sign"))
        await bench.panel.until(bench.picture(shown("en", "sign")))
        bench.hands.draw((150, 430), (300, 450))
        stroke = await heard(core)
        assert isinstance(stroke, StrokeDrawn)
        assert len(stroke.points) == 2


async def test_the_same_screen_is_not_displayed_twice(bench: Bench):
    bench.front.show(shown("en", "ok"))
    bench.front.show(shown("en", "ok"))
    assert bench.panel.frames.qsize() == 1


def test_the_options_overrule_the_file(tmp_path: Path):
    file = tmp_path / "front.toml"
    file.write_text('device_class = "keypad-320x240"\nname = "lcd"\n')
    assert configured(file, {"name": "other", "touch": None}) == FrontConfig(
        device_class="keypad-320x240", name="other"
    )


@pytest.mark.parametrize("text", ['colour = "red"\n', "name = 7\n", "name = \n"])
def test_a_setting_that_is_not_understood_is_refused(tmp_path: Path, text: str):
    file = tmp_path / "front.toml"
    file.write_text(text)
    with pytest.raises(ConfigRefused, match=r"front\.toml"):
        configured(file, {})
