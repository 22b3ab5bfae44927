"""What is outside the front: pixels, light, sound. Law: as terminal/ports.py; nothing here waits."""

from __future__ import annotations

from typing import Protocol


class Display(Protocol):
    """Pixels, on the front's side of the link."""

    def show(self, pixels: bytes, width: int, height: int) -> None:
        """`pixels` is width * height * 4 bytes, 0xXXRRGGBB little-endian, no padding between rows.

        Raises PanelMissing when the picture can never be shown here; a panel that is away for a while shows the newest
        picture when it is back.
        """
        ...


class Backlight(Protocol):
    """The light behind the panel, on the front's side."""

    def shine(self, per_cent: int) -> None:
        """0 is dark. Never raises: a light that cannot be changed stays as it is."""
        ...


class Buzzer(Protocol):
    """Something that beeps, on the front's side. Both return at once and never raise."""

    def play(self, tones: tuple[int, ...]) -> None:
        """Milliseconds of each tone, with a pause between (ui/sound.py); a new one ends what is being played."""
        ...

    def click(self) -> None:
        """A key was heard."""
        ...


class Voice(Protocol):
    """Something that reads aloud, on the front's side. Both return at once and never raise."""

    def read(self, text: str, language: str) -> None:
        """ "zh_CN" or "en"; a new text ends the one before."""
        ...

    def hush(self) -> None: ...
