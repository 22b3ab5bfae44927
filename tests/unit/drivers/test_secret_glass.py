"""The vault's pad on glass: turned and calibrated as the front's touch panel is, and one finger after the other."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from drivers.fingers import ABS_MT_SLOT, ABS_MT_TRACKING_ID
from drivers.secret_glass import EvdevSecretGlass
from drivers.touch import matrix_of
from terminal.pad_link import PadLink, VaultLink
from terminal.ports import Keypad
from tests.unit.drivers.device_time import run
from tests.unit.drivers.fake_kernel import DOWN, EV_ABS, EV_KEY, SYN, UP, Kernel
from tests.unit.drivers.secret_pads import BTN_TOUCH, PAD, PIN_KEYS

ABS_X, ABS_Y, MT_X, MT_Y = 0, 1, 0x35, 0x36
Script = Callable[[Kernel, Keypad], Coroutine[Any, Any, None]]


def middle(key: str) -> tuple[int, int]:
    cell = PAD.cells[PIN_KEYS.index(key)]
    return cell.x + cell.w // 2, cell.y + cell.h // 2


def dialogue(folder: Path, kernel: Kernel, script: Script, **options: Any) -> None:
    """The script while the pad is held and its face can be seen."""

    async def show(path: Path) -> None:
        async with VaultLink.attach(path, PAD) as front:
            async for face in front.faces():
                if face.labels:
                    front.drawn(face)

    async def play() -> None:
        link, path = PadLink(), folder / "glass.sock"
        await link.listen(path, {os.getuid()})
        showing = asyncio.ensure_future(show(path))
        try:
            async with EvdevSecretGlass("panel", link, opener=kernel.open, **options).held() as keypad:
                await script(kernel, keypad)
        finally:
            showing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await showing
            await link.close()

    run(play())


async def typed(keypad: Keypad, count: int) -> list[str]:
    async with asyncio.timeout(5):
        return [(await keypad.pressed()).key for _ in range(count)]


def test_the_place_of_a_key_turns_with_the_picture(tmp_path: Path) -> None:
    """A picture of 480 by 800 that is turned clockwise by 90 degrees, on a panel of 800 by 480."""

    async def script(kernel: Kernel, keypad: Keypad) -> None:
        for key in ("2", "7", "enter"):
            x, y = middle(key)
            kernel.events((EV_ABS, ABS_X, 799 - y), (EV_ABS, ABS_Y, x), (EV_KEY, BTN_TOUCH, DOWN), SYN)
            kernel.events((EV_KEY, BTN_TOUCH, UP), SYN)
        assert await typed(keypad, 3) == ["2", "7", "enter"]

    dialogue(tmp_path, Kernel({ABS_X: (0, 799), ABS_Y: (0, 479)}), script, rotation=90)


def test_the_place_of_a_key_is_calibrated(tmp_path: Path) -> None:
    async def script(kernel: Kernel, keypad: Keypad) -> None:
        x, y = middle("4")
        kernel.events((EV_ABS, ABS_X, 479 - x), (EV_ABS, ABS_Y, y), (EV_KEY, BTN_TOUCH, DOWN), SYN)
        kernel.events((EV_KEY, BTN_TOUCH, UP), SYN)
        assert await typed(keypad, 1) == ["4"]

    panel = Kernel({ABS_X: (0, 479), ABS_Y: (0, 799)})
    dialogue(tmp_path, panel, script, matrix=matrix_of("-1 0 1 0 1 0"))


def test_a_finger_in_the_place_of_another_in_one_report_is_the_next_key(tmp_path: Path) -> None:
    async def script(kernel: Kernel, keypad: Keypad) -> None:
        (x, y), (next_x, next_y) = middle("5"), middle("9")
        kernel.events((EV_ABS, ABS_MT_TRACKING_ID, 1), (EV_ABS, MT_X, x), (EV_ABS, MT_Y, y), SYN)
        kernel.events((EV_ABS, ABS_MT_TRACKING_ID, 2), (EV_ABS, MT_X, next_x), (EV_ABS, MT_Y, next_y), SYN)
        assert await typed(keypad, 1) == ["5"]
        kernel.events((EV_ABS, ABS_MT_TRACKING_ID, -1), SYN)
        assert await typed(keypad, 1) == ["9"]

    dialogue(tmp_path, Kernel({MT_X: (0, 479), MT_Y: (0, 799), ABS_MT_SLOT: (0, 9)}), script)


def test_a_palm_beside_the_finger_types_nothing(tmp_path: Path) -> None:
    async def script(kernel: Kernel, keypad: Keypad) -> None:
        (x, y), (palm_x, palm_y) = middle("5"), middle("9")
        kernel.events((EV_ABS, ABS_MT_TRACKING_ID, 1), (EV_ABS, MT_X, x), (EV_ABS, MT_Y, y), SYN)
        palm = (EV_ABS, ABS_MT_TRACKING_ID, 2), (EV_ABS, MT_X, palm_x), (EV_ABS, MT_Y, palm_y), SYN
        kernel.events((EV_ABS, ABS_MT_SLOT, 1), *palm)
        kernel.events((EV_ABS, ABS_MT_SLOT, 0), (EV_ABS, ABS_MT_TRACKING_ID, -1), SYN)
        assert await typed(keypad, 1) == ["5"]
        kernel.events((EV_ABS, ABS_MT_SLOT, 1), (EV_ABS, ABS_MT_TRACKING_ID, -1), SYN)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await keypad.pressed()

    dialogue(tmp_path, Kernel({MT_X: (0, 479), MT_Y: (0, 799), ABS_MT_SLOT: (0, 9)}), script)


def test_an_angle_that_cannot_be_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="degrees"):
        EvdevSecretGlass("panel", PadLink(), rotation=45)
