"""What is seen and heard of a front besides the picture: light, buzzer, voice. Law: what a device has not is silent."""

from __future__ import annotations

import time
from collections.abc import Callable

from terminal.ports import Backlight, Buzzer, Voice
from ui.light import Light


class Unlit:
    """Backlight of a device whose light cannot be changed."""

    def shine(self, per_cent: int) -> None:
        return None


class Silent:
    """Buzzer and Voice of a device that has none."""

    def play(self, tones: tuple[int, ...]) -> None:
        return None

    def click(self) -> None:
        return None

    def read(self, text: str, language: str) -> None:
        return None

    def hush(self) -> None:
        return None


class Senses:
    """What is seen and heard besides the picture. `slides`: new pages come in from the side."""

    def __init__(
        self,
        backlight: Backlight | None = None,
        buzzer: Buzzer | None = None,
        voice: Voice | None = None,
        light: Light | None = None,
        *,
        slides: bool = False,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.backlight = backlight or Unlit()
        self.buzzer, self.voice = buzzer or Silent(), voice or Silent()
        self.light, self.slides, self.now = light or Light(0, 0), slides, now
