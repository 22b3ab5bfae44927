"""How it looks: colours by meaning and the one font. Law: text on its ground has a contrast of 7:1 or more (WCAG AAA).

Colour is never the only sign: every tone has a drawn sign of its own (ui/shapes.py).
"""

from __future__ import annotations

from pathlib import Path

Colour = tuple[int, int, int]

GROUND: Colour = (250, 250, 247)
INK: Colour = (22, 27, 34)
MUTED: Colour = (72, 79, 87)
HAIRLINE: Colour = (214, 216, 214)
FIELD: Colour = (255, 255, 255)
KEY: Colour = (234, 237, 238)
BAR: Colour = (30, 37, 45)
ON_DARK: Colour = (255, 255, 255)
STATUS: Colour = (205, 211, 216)
ALERT: Colour = (255, 214, 92)
WATERMARK: Colour = (206, 209, 208)  # paper's own pattern, not text: the same words stand above the pad in ink

ACCENT: dict[str, Colour] = {
    "plain": (17, 62, 104),
    "ok": (0, 86, 52),
    "look": (110, 66, 0),
    "wrong": (148, 18, 28),
    "unknown": (82, 40, 132),
}
KEYCAP: dict[str, tuple[Colour, Colour]] = {  # role: ground, ink
    "digit": (KEY, INK),
    "plain": (KEY, ACCENT["plain"]),
    "cancel": (ACCENT["wrong"], ON_DARK),
    "clear": ((255, 206, 64), INK),
    "enter": (ACCENT["ok"], ON_DARK),
}
READ_ON: tuple[tuple[Colour, Colour], ...] = (  # every pair of ink and ground that carries words
    (INK, GROUND),
    (MUTED, GROUND),
    (INK, FIELD),
    (MUTED, FIELD),
    (STATUS, BAR),
    (ALERT, BAR),
    (BAR, ALERT),
    *((accent, GROUND) for accent in ACCENT.values()),
    *((ON_DARK, accent) for accent in ACCENT.values()),
    *((ink, ground) for ground, ink in KEYCAP.values()),
)

FONT = "wqy-microhei"
FONT_PACKAGE = "fonts-wqy-microhei"
FONT_ROOTS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))


class FontMissing(RuntimeError):
    """The one font is not installed."""


def font_file(roots: tuple[Path, ...] = FONT_ROOTS) -> Path:
    """The file of the font by its name, wherever the distribution keeps it."""
    for root in roots:
        for found in sorted(root.rglob(f"{FONT}.tt[cf]")):
            return found
    raise FontMissing(f"the font {FONT} is missing: install the Debian package {FONT_PACKAGE}")


def contrast(one: Colour, other: Colour) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.1, definition of contrast ratio).

    >>> contrast((0, 0, 0), (255, 255, 255))
    21.0
    """
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Colour) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in (c / 255 for c in colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
