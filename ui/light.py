"""How bright the glass is. Law: a function of when somebody last did something, and of what is shown.

| since the last key, touch or new screen | shown                                               | light  |
|-----------------------------------------|-----------------------------------------------------|--------|
| less than `dim_after` seconds           | anything                                            | full   |
| more                                    | a menu, a question, something to be read            | dimmed |
| more than `dark_after`                  | the same                                            | none   |
| any                                     | a card, PIN or signature is waited for, or work     | full   |

On a dark glass nobody sees what he would press: the first key or touch only makes it light.
"""

from __future__ import annotations

from terminal.screens import CardPrompt, PinPad, Progress, Screen, SignPad

FULL, DIMMED, DARK = 100, 30, 0  # per cent
BUSY = (CardPrompt, PinPad, Progress, SignPad)


class Light:
    """Times are seconds of any clock that does not go back; 0 for `dim_after` or `dark_after` is never."""

    def __init__(self, dim_after: float, dark_after: float, now: float = 0.0) -> None:
        self._dim_after, self._dark_after = dim_after, dark_after
        self._since, self._is_off = now, False

    def wake(self, now: float) -> None:
        """Something happened."""
        self._since, self._is_off = now, False

    def turn_off(self) -> None:
        """The power key: dark until something happens."""
        self._is_off = True

    def level(self, now: float, screen: Screen | None) -> int:
        """
        >>> light = Light(60, 300)
        >>> light.level(59, None), light.level(61, None), light.level(301, None)
        (100, 30, 0)
        """
        if self._is_off:
            return DARK
        if isinstance(screen, BUSY):
            self._since = now  # what comes after it begins light
            return FULL
        idle = now - self._since
        if self._dark_after and idle >= self._dark_after:
            return DARK
        return DIMMED if self._dim_after and idle >= self._dim_after else FULL
