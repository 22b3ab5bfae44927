"""The panel: pixels out of the process. Law: the picture is shown whole and unscaled, in the middle, or refused.

| setting   | panel            | for                                                                         |
|-----------|------------------|-----------------------------------------------------------------------------|
| fb:PATH   | FramebufferPanel | the device: no X, no Mesa, nothing that would need executable memory         |
| window    | WindowPanel      | a desktop; it has keys, a mouse and fingers too                              |
| kms       | KmsPanel         | a device with a GPU, where pygame's SDL has KMSDRM                            |
| none      | MemoryPanel      | nobody looks: a dry run, the counter, a test                                  |
"""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType

from drivers.canvas import ROTATIONS, opaque
from drivers.framebuffer import FramebufferPanel as FramebufferPanel
from drivers.pixels import Geometry as Geometry
from drivers.pixels import PanelMissing as PanelMissing
from terminal.events import DIGITS, KeyPressed

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
import pygame

WINDOW_KEYS = {
    **{getattr(pygame, f"K_{digit}"): digit for digit in DIGITS},
    **{getattr(pygame, f"K_KP{digit}"): digit for digit in DIGITS},
    pygame.K_RETURN: "enter",
    pygame.K_KP_ENTER: "enter",
    pygame.K_BACKSPACE: "clear",
    pygame.K_ESCAPE: "cancel",
    pygame.K_UP: "up",
    pygame.K_DOWN: "down",
    pygame.K_PERIOD: "00",
    pygame.K_F1: "func",
    pygame.K_F2: "refund",
}
VISIBLE_AGAIN = (pygame.WINDOWEXPOSED, pygame.WINDOWSHOWN, pygame.WINDOWRESTORED, pygame.VIDEOEXPOSE)
FINGER = (pygame.FINGERDOWN, pygame.FINGERMOTION, pygame.FINGERUP)
MOUSE = (pygame.MOUSEBUTTONDOWN, pygame.MOUSEBUTTONUP, pygame.MOUSEMOTION)
NO_KMS = (
    "KMSDRM: {reason}; the SDL in pygame's wheel has none: install Debian's python3-pygame, or set display fb:/dev/fb0"
)
Picture = tuple[bytes, int, int]  # pixels, width, height
Pointer = tuple[int, int, bool]  # x, y of the picture, whether it is down


def display(
    setting: str, *, rotation: int = 0, title: str = "yuanlu"
) -> FramebufferPanel | WindowPanel | KmsPanel | MemoryPanel:
    """The panel that a setting means, to be entered. A window is never turned. Raises ValueError for other settings."""
    if rotation not in ROTATIONS:
        raise ValueError(f"rotation {rotation}: it is 0, 90, 180 or 270")
    kind, _, where = setting.partition(":")
    if kind == "fb" and where:
        return FramebufferPanel(Path(where), rotation=rotation)
    if setting == "window":
        return WindowPanel(title)
    if setting == "kms":
        return KmsPanel(rotation)
    if setting == "none":
        return MemoryPanel()
    raise ValueError(f"display {setting!r}: it is fb:PATH, window, kms or none")


class MemoryPanel:
    """A Display port that keeps the newest picture. `width`, `height`: what it can hold; 0 is any."""

    def __init__(self, width: int = 0, height: int = 0) -> None:
        self._width, self._height = width, height
        self.newest: Picture | None = None

    def __enter__(self) -> MemoryPanel:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.newest = None

    def show(self, pixels: bytes, width: int, height: int) -> None:
        """Display port. Raises PanelMissing."""
        if self._width:
            _origin((self._width, self._height), width, height)
        self.newest = bytes(pixels), width, height


class WindowPanel:
    """A Display port in a desktop window, which also has keys, a mouse and fingers."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._window: pygame.Surface | None = None
        self._newest: Picture | None = None
        self._finger: int | None = None

    def __enter__(self) -> WindowPanel:
        try:
            pygame.display.init()
        except pygame.error as reason:
            raise PanelMissing(f"no window: {reason}") from reason
        pygame.display.set_caption(self._title)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._window = self._newest = None
        pygame.display.quit()

    def show(self, pixels: bytes, width: int, height: int) -> None:
        """Display port; the window takes the size of the first picture. Raises PanelMissing for a larger one."""
        try:
            self._window = self._window or pygame.display.set_mode((width, height))
        except pygame.error as reason:
            raise PanelMissing(f"no window: {reason}") from reason
        _origin(self._window.get_size(), width, height)
        self._newest = bytes(pixels), width, height
        _blit(self._window, self._newest, 0)

    def reported(self) -> list[KeyPressed | Pointer | None]:
        """What happened since the last call; None when the window was closed.

        A window that can be seen again is drawn again. What SDL makes of a finger as a mouse is not told twice.
        """
        found: list[KeyPressed | Pointer | None] = []
        events = pygame.event.get()
        for event in events:
            if event.type == pygame.QUIT:
                found.append(None)
            elif event.type == pygame.KEYDOWN and event.key in WINDOW_KEYS:
                found.append(KeyPressed(WINDOW_KEYS[event.key]))
            elif pointer := self._pointed(event):
                found.append(pointer)
        if self._window and self._newest and any(event.type in VISIBLE_AGAIN for event in events):
            _blit(self._window, self._newest, 0)
        return found

    def _pointed(self, event: pygame.event.Event) -> Pointer | None:
        if event.type in FINGER and self._window is not None:
            return self._felt(event, *self._window.get_size())
        if event.type in MOUSE and not getattr(event, "touch", False):
            is_held = event.buttons[0] if event.type == pygame.MOUSEMOTION else event.button == 1
            x, y = event.pos
            return self._on_picture(x, y, event.type != pygame.MOUSEBUTTONUP) if is_held else None
        return None

    def _felt(self, event: pygame.event.Event, wide: int, high: int) -> Pointer | None:
        """One finger at a time: the first that is down. SDL gives it in shares of the window."""
        if self._finger is None and event.type == pygame.FINGERDOWN:
            self._finger = event.finger_id
        if event.finger_id != self._finger:
            return None
        if event.type == pygame.FINGERUP:
            self._finger = None
        x, y = min(int(event.x * wide), wide - 1), min(int(event.y * high), high - 1)
        return self._on_picture(x, y, event.type != pygame.FINGERUP)

    def _on_picture(self, x: int, y: int, is_down: bool) -> Pointer:
        if self._window is None or self._newest is None:
            return x, y, is_down
        left, top = _origin(self._window.get_size(), *self._newest[1:])
        return x - left, y - top, is_down


class KmsPanel:
    """A Display port on the whole screen, by KMSDRM. Fingers and keys are evdev's: SDL gives them raw here."""

    def __init__(self, rotation: int = 0) -> None:
        self._rotation = rotation
        self._screen: pygame.Surface | None = None
        self._driver: str | None = None

    def __enter__(self) -> KmsPanel:
        self._driver = os.environ.get("SDL_VIDEODRIVER")
        os.environ["SDL_VIDEODRIVER"] = "kmsdrm"
        try:
            pygame.display.init()
            self._screen = pygame.display.set_mode((0, 0), pygame.FULLSCREEN)
            pygame.mouse.set_visible(False)
        except pygame.error as reason:
            self.__exit__(None, None, None)
            raise PanelMissing(NO_KMS.format(reason=reason)) from reason
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._screen = None
        pygame.display.quit()
        os.environ.pop("SDL_VIDEODRIVER", None)
        if self._driver is not None:
            os.environ["SDL_VIDEODRIVER"] = self._driver

    def show(self, pixels: bytes, width: int, height: int) -> None:
        """Display port. Raises PanelMissing."""
        if self._screen is None:
            raise PanelMissing("KMSDRM is not open")
        pygame.event.pump()
        _blit(self._screen, (pixels, width, height), self._rotation)


def _origin(room: tuple[int, int], width: int, height: int) -> tuple[int, int]:
    """Where a picture begins that stands in the middle. Raises PanelMissing for one that is larger."""
    if width > room[0] or height > room[1]:
        raise PanelMissing(f"the panel has {room[0]}x{room[1]} pixels, the picture {width}x{height}")
    return (room[0] - width) // 2, (room[1] - height) // 2


def _blit(target: pygame.Surface, picture: Picture, rotation: int) -> None:
    surface = opaque(*picture)
    if rotation:
        surface = pygame.transform.rotate(surface, -rotation)
    origin = _origin(target.get_size(), *surface.get_size())
    target.fill((0, 0, 0))
    target.blit(surface, origin)
    pygame.display.flip()
