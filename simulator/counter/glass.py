"""What the counter's device shows just now: a Shown, painted for one device class. Law: a new picture, a new number.

It is a front like the device's: the same painter, the same viewer. The device class may be another one at any moment.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable

from PIL import Image

from terminal.events import StrokeDrawn
from terminal.screens import Shown
from ui.device_class import DeviceClass
from ui.layout import DEVICE_CLASSES
from ui.painter import Painter
from ui.viewer import Viewer

PRESS_SECONDS = 0.15  # so long a key looks pressed when nobody says how long it is held


class Glass:
    """`repainted` is called after each new picture, with what the picture is of."""

    def __init__(self, device: str, shown: Shown, repainted: Callable[[], None]) -> None:
        self._repainted = repainted
        self._release: asyncio.TimerHandle | None = None
        self.shown, self.pressed = shown, ""
        self._plug(device)

    @property
    def device(self) -> DeviceClass:
        """The class it is now."""
        return self._painter.device

    def turn_into(self, device: str) -> None:
        """Another device class, the same screen. Raises DeviceClassUnknown."""
        self._plug(device)
        self._repainted()

    def show(self, shown: Shown) -> None:
        """Another screen; what is pressed stays pressed until it is let go."""
        self.shown = shown
        self._viewer.show(shown)
        self._repainted()

    def scrolls(self, key: str) -> bool:
        """Whether the device takes this key for itself, to show more of what is there; then the core has no part."""
        is_taken = bool(self._viewer.key(key))
        if is_taken:
            self._repainted()
        return is_taken

    def pulse(self, seconds: float) -> None:
        """Time has passed; a text that runs has run on."""
        if self._viewer.pulse(seconds):
            self._repainted()

    def press(self, key: str, seconds: float = PRESS_SECONDS) -> None:
        """Show a key as pressed, for a moment."""
        if self._release is not None:
            self._release.cancel()
        self._release = asyncio.get_running_loop().call_later(seconds, self._let_go)
        self._set_pressed(key)

    def png(self) -> bytes:
        """The picture as a file."""
        out = io.BytesIO()
        self.picture().save(out, "PNG", compress_level=1)
        return out.getvalue()

    def picture(self) -> Image.Image:
        """The picture, a copy."""
        surface = self._painter.paint(self.shown, view=self._viewer.view, pressed=self.pressed)
        return Image.frombytes("RGB", surface.get_size(), surface.get_buffer().raw, "raw", "BGRX")

    def hit(self, x: int, y: int) -> str | None:
        """The key drawn at these pixels."""
        return self._painter.hit(self.shown, x, y, view=self._viewer.view)

    def stroke(self, points: list[tuple[int, int]]) -> StrokeDrawn | None:
        """Pixels on the signature pad as a stroke; None anywhere else."""
        return self._painter.stroke(self.shown, points)

    def _plug(self, device: str) -> None:
        self._painter = Painter(device)
        self._viewer = Viewer(self._painter)
        self._viewer.show(self.shown)

    def _let_go(self) -> None:
        self._release = None
        self._set_pressed("")

    def _set_pressed(self, key: str) -> None:
        if key != self.pressed:
            self.pressed = key
            self._repainted()


def device_classes() -> list[dict[str, object]]:
    """Every class there is, as the page wants it: name, pixels, and its kind of body (glass, keypad, lcd)."""
    return [
        {"name": one.name, "width": one.width, "height": one.height, "body": body_of(one)}
        for one in DEVICE_CLASSES.values()
    ]


def body_of(device: DeviceClass) -> str:
    """
    >>> [body_of(DEVICE_CLASSES[name]) for name in ("touch-480x800", "keypad-320x240", "lcd-128x64")]
    ['glass', 'keypad', 'lcd']
    """
    if device.is_touch:
        return "glass"
    return "lcd" if device.is_grid else "keypad"
