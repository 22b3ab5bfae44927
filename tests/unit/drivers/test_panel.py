"""Panel: one contract for every Display; a window with keys, mouse and fingers; what a setting means."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from drivers.panel import FramebufferPanel, KmsPanel, MemoryPanel, PanelMissing, WindowPanel, display
from terminal.ports import Display
from tests.unit.drivers.framebuffers import LAYOUTS, Bench, colour, shaped

WIDE, HIGH = 24, 16
Wrong = Callable[[bytes, int, int], list[str]]  # what cannot be seen of a picture
FILES = [f"{layout} {rotation}" for layout in LAYOUTS for rotation in (0, 90, 180, 270)]


def noise(width: int, height: int, seed: int) -> bytes:
    return random.Random(seed).randbytes(width * height * 4)


@pytest.fixture(params=["memory", "window", *FILES])
def stand(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """An open panel for pictures of WIDE by HIGH, and an eye on it."""
    with ExitStack() as opened:
        if request.param == "memory":
            memory = opened.enter_context(MemoryPanel(WIDE, HIGH))
            yield SimpleNamespace(panel=memory, wrong=lambda *picture: [] if memory.newest == picture else ["other"])
        elif request.param == "window":
            monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
            yield SimpleNamespace(panel=opened.enter_context(WindowPanel("desk")), wrong=wrong_in_window)
        else:
            layout, _, turned = request.param.rpartition(" ")
            size = (WIDE, HIGH) if turned in ("0", "180") else (HIGH, WIDE)
            bench = Bench(tmp_path, shaped(layout, *size, padding=3, start=5), int(turned))
            yield SimpleNamespace(panel=opened.enter_context(bench.panel), wrong=bench.wrong)


def wrong_in_window(pixels: bytes, width: int, height: int) -> list[str]:
    import pygame

    seen = pygame.display.get_surface()
    left, top = (seen.get_width() - width) // 2, (seen.get_height() - height) // 2
    return [
        f"{x},{y}"
        for x in range(seen.get_width())
        for y in range(seen.get_height())
        if tuple(seen.get_at((x, y)))[:3]
        != (
            colour(pixels, width, x - left, y - top)
            if left <= x < left + width and top <= y < top + height
            else (0, 0, 0)
        )
    ]


def test_a_display(stand: SimpleNamespace):
    panel: Display = stand.panel
    wrong: Wrong = stand.wrong
    for seed in (1, 2, 2, 3):
        picture = noise(WIDE, HIGH, seed)
        panel.show(picture, WIDE, HIGH)
        assert wrong(picture, WIDE, HIGH) == []
    for width, height in ((WIDE + 1, HIGH), (WIDE, HIGH + 1)):
        with pytest.raises(PanelMissing, match=f"{WIDE}x{HIGH} pixels, the picture {width}x{height}"):
            panel.show(noise(width, height, 4), width, height)
        assert wrong(picture, WIDE, HIGH) == []
    small = noise(9, 7, 5)
    panel.show(small, 9, 7)
    assert wrong(small, 9, 7) == []


def test_what_a_setting_means(tmp_path: Path):
    made = [display(setting) for setting in ("fb:/dev/fb0", "window", "kms", "none")]
    assert [type(panel) for panel in made] == [FramebufferPanel, WindowPanel, KmsPanel, MemoryPanel]
    with pytest.raises(PanelMissing, match="nowhere"), display(f"fb:{tmp_path}/nowhere", rotation=270):
        pass
    for setting in ("fb:", "fb", "screen", ""):
        with pytest.raises(ValueError, match="it is fb:PATH, window, kms or none"):
            display(setting)
    with pytest.raises(ValueError, match="45"):
        display("fb:/dev/fb0", rotation=45)


def test_no_kms_says_what_to_do(monkeypatch: pytest.MonkeyPatch):
    import os

    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    with pytest.raises(PanelMissing, match="set display fb:/dev/fb0"), KmsPanel():
        pass
    assert os.environ["SDL_VIDEODRIVER"] == "dummy"


# --- the window ---


@pytest.fixture
def window(monkeypatch: pytest.MonkeyPatch) -> Iterator[WindowPanel]:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    with WindowPanel("desk") as panel:
        panel.show(noise(WIDE, HIGH, 1), WIDE, HIGH)
        panel.reported()
        yield panel


def after(window: WindowPanel, *events: tuple[int, dict[str, Any]]) -> list[Any]:
    """What is reported after these."""
    import pygame

    for kind, says in events:
        pygame.event.post(pygame.event.Event(kind, says))
    return [getattr(happened, "key", happened) for happened in window.reported()]


def test_keys_and_mouse(window: WindowPanel):
    import pygame

    reported = after(
        window,
        (pygame.KEYDOWN, {"key": pygame.K_RETURN}),
        (pygame.KEYDOWN, {"key": pygame.K_q}),
        (pygame.MOUSEBUTTONDOWN, {"pos": (3, 4), "button": 3}),
        (pygame.MOUSEBUTTONDOWN, {"pos": (3, 4), "button": 1}),
        (pygame.MOUSEMOTION, {"pos": (4, 4), "buttons": (1, 0, 0)}),
        (pygame.MOUSEBUTTONUP, {"pos": (4, 5), "button": 1}),
        (pygame.MOUSEMOTION, {"pos": (4, 4), "buttons": (0, 0, 0)}),
        (pygame.QUIT, {}),
    )
    assert reported == ["enter", (3, 4, True), (4, 4, True), (4, 5, False), None]


def test_one_finger_and_not_what_sdl_makes_of_it(window: WindowPanel):
    import pygame

    def finger(kind: int, which: int, x: float, y: float) -> tuple[int, dict[str, Any]]:
        return kind, {"touch_id": 1, "finger_id": which, "x": x, "y": y}

    mouse = {"pos": (12, 8), "button": 1, "touch": True}
    reported = after(
        window,
        finger(pygame.FINGERMOTION, 7, 0.1, 0.1),
        finger(pygame.FINGERDOWN, 7, 0.5, 0.5),
        (pygame.MOUSEBUTTONDOWN, mouse),
        finger(pygame.FINGERDOWN, 8, 0.1, 0.1),
        finger(pygame.FINGERMOTION, 8, 0.2, 0.1),
        finger(pygame.FINGERMOTION, 7, 1.0, 1.0),
        finger(pygame.FINGERUP, 8, 0.1, 0.1),
        finger(pygame.FINGERUP, 7, 0.0, 0.25),
        (pygame.MOUSEBUTTONUP, mouse),
        finger(pygame.FINGERDOWN, 9, 0.25, 0.0),
    )
    assert reported == [(12, 8, True), (23, 15, True), (0, 4, False), (6, 0, True)]


def test_a_point_is_of_the_picture(window: WindowPanel):
    import pygame

    window.show(noise(14, 6, 2), 14, 6)
    down = {"pos": (5, 5), "button": 1}
    finger = {"touch_id": 1, "finger_id": 0, "x": 0.5, "y": 0.5}
    assert after(window, (pygame.MOUSEBUTTONDOWN, down), (pygame.FINGERDOWN, finger)) == [(0, 0, True), (7, 3, True)]


@pytest.mark.parametrize("kind", ["WINDOWEXPOSED", "WINDOWSHOWN", "WINDOWRESTORED", "VIDEOEXPOSE"])
def test_seen_again_is_drawn_again(window: WindowPanel, kind: str):
    import pygame

    pygame.display.get_surface().fill((9, 9, 9))
    assert after(window) == []
    assert wrong_in_window(noise(WIDE, HIGH, 1), WIDE, HIGH)
    assert after(window, (getattr(pygame, kind), {})) == []
    assert wrong_in_window(noise(WIDE, HIGH, 1), WIDE, HIGH) == []
