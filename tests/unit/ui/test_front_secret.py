"""Front while a secret is typed: the hands are let go before it is shown, and taken back with the next screen.

Real drivers of front and vault meet on one device of tests/unit/drivers/fake_kernel.py, the front at a real core's
end of the link.
"""

import asyncio
import contextlib
import os
from pathlib import Path

import pytest

from drivers.keypad import EvdevKeypad
from drivers.secret_glass import EvdevSecretGlass
from drivers.secret_keypad import EvdevSecretKeypad
from drivers.touch import EvdevTouch
from terminal.events import FrontAttached, KeyPressed
from terminal.front_link import FrontLink
from terminal.pad_link import PadLink
from tests.unit.drivers.fake_kernel import DOWN, EV_ABS, EV_KEY, PATIENCE, SYN, UP, Kernel
from tests.unit.drivers.secret_pads import BTN_TOUCH, CODES, KEYMAP
from tests.unit.ui.screen_samples import shown
from ui.front_at_work import Front
from ui.front_config import ConfigRefused, configured
from ui.front_hands import follow_vault, forward_keys, forward_touches, vault_pad
from ui.painter import Painter

CLASS = "touch-480x800"
WAITS, TYPES, AGAIN, NEXT = (shown("en", name) for name in ("pin-waits", "pin-none-yet", "pin", "sheet"))
PAD = vault_pad(Painter(CLASS).device)


class Panel:
    """Keeps what it was shown, and who held the devices then."""

    def __init__(self, *kernels: Kernel) -> None:
        self.kernels = kernels
        self.frames: list[tuple[bytes, bool]] = []
        self._changed = asyncio.Event()

    def show(self, pixels: bytes, width: int, height: int) -> None:
        self.frames.append((pixels, any(kernel.files for kernel in self.kernels)))
        self._changed.set()

    async def until(self, picture: bytes) -> bool:
        """Wait for it to be the last; whether a device was open when it was shown."""
        async with asyncio.timeout(PATIENCE):
            while not self.frames or self.frames[-1][0] != picture:
                self._changed.clear()
                await self._changed.wait()
        return self.frames[-1][1]


class Bench:
    """A core's end, a front with keypad and touch panel, and the vault's drivers for both."""

    def __init__(self, folder: Path, *, has_pad: bool = False) -> None:
        self.core, self.folder, self.has_pad = FrontLink(), folder, has_pad
        self.keypad, self.touch = Kernel(), Kernel({0: (0, 479), 1: (0, 799)})
        self.panel = Panel(self.keypad, self.touch)
        self.eye = Painter(CLASS, has_pad=has_pad)
        self.vault = EvdevSecretKeypad("keypad", KEYMAP, opener=self.keypad.open)
        self.link = PadLink()
        self.glass = EvdevSecretGlass("touch", self.link, lambda below: 0, opener=self.touch.open)

    @contextlib.asynccontextmanager
    async def front(self):
        """A front process, from its start to its end."""
        with (
            EvdevKeypad("keypad", KEYMAP, opener=self.keypad.open) as keypad,
            EvdevTouch("touch", 480, 800, opener=self.touch.open) as touch,
        ):
            painter = Painter(CLASS, has_pad=self.has_pad)
            front = Front(FrontAttached("panel"), self.panel, painter, (keypad, touch), "en")
            works = [
                front.follow(self.folder / "front.sock"),
                forward_keys(front, keypad),
                forward_touches(front, touch),
            ]
            if self.has_pad:
                works.append(follow_vault(front, self.folder / "glass.sock", PAD))
            tasks = [asyncio.ensure_future(work) for work in works]
            try:
                yield front
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def see(self, what, labels=()) -> bool:
        self.core.show(what)
        return await self.panel.until(self.picture(what, labels))

    def picture(self, what, labels=()) -> bytes:
        return bytes(self.eye.paint(what, labels).get_buffer().raw)

    async def taken(self) -> None:
        await self.keypad.until(lambda kernel: kernel.holder)
        await self.touch.until(lambda kernel: kernel.files)

    async def key(self) -> str:
        async with asyncio.timeout(PATIENCE):
            while not isinstance(event := await self.core.event(), KeyPressed):
                pass
            return event.key

    async def hears_nothing(self) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await self.key()

    def tap(self, x: int, y: int) -> None:
        self.touch.events((EV_ABS, 0, x), (EV_ABS, 1, y), (EV_KEY, BTN_TOUCH, DOWN), SYN)
        self.touch.events((EV_KEY, BTN_TOUCH, UP), SYN)


@pytest.fixture
async def bench(tmp_path):
    made = Bench(tmp_path)
    await made.core.listen(tmp_path / "front.sock")
    yield made
    await made.core.close()


@pytest.fixture
async def glass_bench(tmp_path):
    made = Bench(tmp_path, has_pad=True)
    await made.core.listen(tmp_path / "front.sock")
    await made.link.listen(tmp_path / "glass.sock", {os.getuid()})
    yield made
    await made.link.close()
    await made.core.close()


async def test_the_hands_are_let_go_before_the_page_is_painted_and_taken_back(bench):
    async with bench.front():
        await bench.see(NEXT)
        await bench.taken()
        assert not await bench.see(WAITS), "no device is open when it is shown"
        bench.keypad.press(CODES["1"])  # nobody's: neither front nor vault has it
        bench.tap(360, 770)
        async with bench.vault.held() as keypad:
            await bench.see(TYPES)
            bench.keypad.press(CODES["2"])
            async with asyncio.timeout(PATIENCE):
                assert (await keypad.pressed()).key == "2"
            await bench.see(AGAIN)
            bench.keypad.press(CODES["3"])
            bench.tap(360, 770)
            await bench.hears_nothing()
        await bench.see(NEXT)
        await bench.taken()
        bench.keypad.press(CODES["enter"])
        assert await bench.key() == "enter"
        bench.tap(120, 770)
        assert await bench.key() == "cancel"
        await bench.hears_nothing()


async def test_the_vault_gets_the_keypad_while_the_page_is_still_being_sent(bench):
    """The core shows the page and asks the vault at once: one holds it on only for as long as a page is painted."""
    async with bench.front():
        await bench.see(NEXT)
        await bench.taken()
        bench.core.show(WAITS)
        async with asyncio.timeout(PATIENCE), bench.vault.held() as keypad:
            bench.keypad.press(CODES["7"])
            assert (await keypad.pressed()).key == "7"


async def test_an_entry_that_ends_and_begins_at_once(bench):
    async with bench.front():
        await bench.see(NEXT)
        await bench.taken()
        for digit in "123":
            for page in (WAITS, NEXT, WAITS, AGAIN):
                bench.core.show(page)
            async with asyncio.timeout(PATIENCE), bench.vault.held() as keypad:
                await bench.panel.until(bench.picture(AGAIN))
                bench.keypad.press(CODES[digit])
                assert (await keypad.pressed()).key == digit
                await bench.hears_nothing()
        await bench.see(NEXT)
        await bench.taken()
        bench.keypad.press(CODES["enter"])
        assert await bench.key() == "enter"


async def test_a_front_that_comes_back_in_the_middle_of_an_entry_takes_nothing(bench):
    async with bench.front():
        await bench.see(WAITS)
    async with bench.vault.held() as keypad:
        bench.core.show(TYPES)
        async with bench.front():
            await bench.panel.until(bench.picture(TYPES))
            await asyncio.sleep(0.02)
            assert bench.keypad.files == [bench.keypad.holder], "the vault's, and nobody tries"
            assert not bench.touch.files
            bench.keypad.press(CODES["4"])
            async with asyncio.timeout(PATIENCE):
                assert (await keypad.pressed()).key == "4"


async def test_a_front_begins_with_nothing_in_its_hands(bench):
    async with bench.front():
        await asyncio.sleep(0.05)  # the core listens and has not said anything
        assert not bench.keypad.files
        assert not bench.touch.files
        await bench.see(NEXT)
        await bench.taken()


async def test_without_a_core_the_front_has_its_keys_back(bench):
    async with bench.front():
        await bench.see(TYPES)
        await bench.core.close()
        await bench.taken()
        again = FrontLink()
        await again.listen(bench.folder / "front.sock")
        bench.core = again
        assert not await bench.see(WAITS)


async def test_a_key_that_comes_another_way_is_not_told_either(bench):
    async with bench.front() as front:
        await bench.see(TYPES)
        front.report(KeyPressed("5"))  # of a desktop window
        front.point(360, 770, True)
        front.point(360, 770, False)
        await bench.hears_nothing()
        await bench.see(NEXT)
        front.report(KeyPressed("enter"))
        assert await bench.key() == "enter"


async def test_a_finger_that_was_down_before_presses_nothing_after(bench):
    async with bench.front() as front:
        await bench.see(NEXT)
        front.point(360, 770, True)
        await bench.see(TYPES)
        front.point(360, 770, True)
        await bench.see(NEXT)
        front.point(360, 770, False)
        await bench.hears_nothing()


# --- glass -----------------------------------------------------------------------------------------------------------
async def test_on_glass_the_vault_types_what_the_front_shows(glass_bench):
    bench = glass_bench
    async with bench.front():
        await bench.see(NEXT)
        await bench.taken()
        await bench.see(WAITS)
        async with bench.glass.held() as keypad:
            labels = bench.link._front.face.labels
            await bench.see(TYPES, labels)
            for key in ("7", "0", "clear", "enter"):
                cell = PAD.cells[labels.index(key)]
                bench.tap(cell.x + cell.w // 2, cell.y + cell.h // 2)
                async with asyncio.timeout(PATIENCE):
                    assert (await keypad.pressed()).key == key
            await bench.hears_nothing()
        await bench.panel.until(bench.picture(TYPES))  # no face: nothing that could be pressed
        await bench.see(NEXT)
        await bench.taken()
        bench.tap(360, 770)
        assert await bench.key() == "enter"


async def test_a_face_that_comes_before_its_page_waits_for_it(glass_bench):
    bench = glass_bench
    async with bench.front():
        await bench.see(NEXT)
        await bench.taken()

        async def enter():
            async with bench.glass.held():
                return bench.link._front.face.labels

        entering = asyncio.ensure_future(enter())
        await asyncio.sleep(0.05)
        assert not entering.done()
        assert bench.panel.frames[-1][0] == bench.picture(NEXT), "a face is for no other page"
        bench.core.show(WAITS)
        labels = await entering
        assert bench.picture(WAITS, labels) in [frame for frame, _ in bench.panel.frames]


async def test_without_a_vault_the_glass_has_no_digits(glass_bench):
    bench = glass_bench
    async with bench.front():
        await bench.see(WAITS)
        async with bench.glass.held():
            await bench.link.close()
            await bench.panel.until(bench.picture(WAITS))


@pytest.mark.parametrize("wrong", [{"glass": "/run/g", "keypad": "evdev:k", "touch": "evdev:t"}, {"glass": "/run/g"}])
def test_a_device_with_a_keypad_has_no_pad_on_its_glass(wrong):
    with pytest.raises(ConfigRefused, match="glass"):
        configured(None, wrong)
    assert configured(None, {"glass": "/run/g", "touch": "evdev:t"}).glass == "/run/g"
