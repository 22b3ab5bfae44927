"""How it looks: two themes, colours by meaning, and the one font. Law: words stand on their ground at 7:1 or more.

| tone    | what it means                   | accent |
|---------|---------------------------------|--------|
| plain   | nothing out of the ordinary     | slate  |
| out     | money is being given back       | blue   |
| ok      | accepted                        | green  |
| look    | read this first                 | amber  |
| wrong   | refused                         | red    |
| unknown | nobody knows yet                | violet |

Colour is never the only sign: every tone has a drawn sign of its own (ui/shapes.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

Colour = tuple[int, int, int]
Pair = tuple[Colour, Colour]  # ground, ink

WHITE: Colour = (255, 255, 255)
CODE_LIGHT: Colour = WHITE  # a QR code is dark on light on every glass: some cameras read no other
CODE_DARK: Colour = (22, 27, 34)
CHIP: Colour = (255, 214, 92)  # the contacts of the card in a picture


@dataclass(frozen=True)
class Theme:
    """Colours by what they are for; see the table above for the tones of `accent` (ink) and `banner` (ground)."""

    name: str
    ground: Colour
    ink: Colour
    muted: Colour
    hairline: Colour
    field: Colour  # of what is typed, and the signature pad
    band: Colour  # behind the amount
    badge: Colour  # behind the number of a choice
    lit: Colour  # behind a choice that is being pressed
    tray: Colour  # behind the keys
    bar: Colour  # the status bar
    status: Colour
    alert: Colour
    watermark: Colour  # paper's own pattern, not text: the same words stand above the pad in ink
    on_accent: Colour  # what is drawn on a sign or a card
    on_banner: Colour
    accent: dict[str, Colour]
    banner: dict[str, Colour]
    keycap: dict[str, Pair]

    def read_on(self) -> Iterator[Pair]:
        """Every pair of ground and ink that carries words."""
        for ground in (self.ground, self.field, self.band, self.lit):
            yield ground, self.ink
            yield ground, self.muted
        for accent in self.accent.values():
            yield self.ground, accent
            yield self.field, accent
            yield accent, self.on_accent
        for banner in self.banner.values():
            yield banner, self.on_banner
        yield from self.keycap.values()
        yield from ((self.bar, self.status), (self.bar, self.alert), (self.alert, self.bar))
        yield self.badge, self.ink


_DAY_ACCENT: dict[str, Colour] = {
    "plain": (52, 64, 78),
    "out": (12, 70, 142),
    "ok": (0, 88, 54),
    "look": (112, 66, 0),
    "wrong": (152, 18, 30),
    "unknown": (88, 42, 138),
}
DAY = Theme(
    name="day",
    ground=(250, 250, 248),
    ink=(20, 25, 32),
    muted=(70, 78, 87),
    hairline=(222, 225, 225),
    field=WHITE,
    band=(236, 240, 244),
    badge=(229, 234, 239),
    lit=(224, 237, 251),
    tray=(221, 225, 229),
    bar=(24, 30, 38),
    status=(205, 211, 216),
    alert=(255, 214, 92),
    watermark=(206, 209, 208),
    on_accent=WHITE,
    on_banner=WHITE,
    accent=_DAY_ACCENT,
    banner=_DAY_ACCENT,
    keycap={
        "digit": (WHITE, (20, 25, 32)),
        "plain": ((240, 243, 245), (44, 56, 70)),
        "refund": ((12, 70, 142), WHITE),
        "cancel": ((152, 18, 30), WHITE),
        "clear": ((255, 206, 64), (20, 25, 32)),
        "enter": ((0, 88, 54), WHITE),
    },
)
NIGHT = Theme(
    name="night",
    ground=(15, 19, 24),
    ink=(232, 236, 240),
    muted=(166, 175, 184),
    hairline=(44, 51, 59),
    field=(26, 32, 39),
    band=(29, 36, 44),
    badge=(42, 50, 60),
    lit=(16, 34, 54),
    tray=(9, 12, 16),
    bar=(4, 6, 8),
    status=(168, 176, 184),
    alert=(236, 190, 70),
    watermark=(64, 71, 78),
    on_accent=(8, 11, 14),
    on_banner=(240, 243, 246),
    accent={
        "plain": (188, 198, 208),
        "out": (122, 184, 255),
        "ok": (104, 214, 156),
        "look": (244, 186, 92),
        "wrong": (255, 154, 150),
        "unknown": (208, 174, 255),
    },
    banner={
        "plain": (38, 46, 56),
        "out": (12, 62, 120),
        "ok": (0, 74, 46),
        "look": (92, 56, 4),
        "wrong": (122, 18, 28),
        "unknown": (72, 38, 112),
    },
    keycap={
        "digit": ((44, 52, 61), (238, 241, 244)),
        "plain": ((32, 39, 47), (206, 214, 222)),
        "refund": ((12, 62, 120), (240, 243, 246)),
        "cancel": ((122, 18, 28), (250, 240, 240)),
        "clear": ((214, 166, 52), (15, 19, 24)),
        "enter": ((0, 74, 46), (238, 248, 243)),
    },
)
THEMES = {each.name: each for each in (DAY, NIGHT)}

FONT = "wqy-microhei"
FONT_PACKAGE = "fonts-wqy-microhei"
FONT_ROOTS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))


class FontMissing(RuntimeError):
    """The one font is not installed, or cannot be opened."""


def theme(name: str) -> Theme:
    """The theme of that name; a front that is told another one shows the day."""
    return THEMES.get(name, DAY)


def font_file(roots: tuple[Path, ...] = FONT_ROOTS) -> Path:
    """The file of the font by its name, wherever the distribution keeps it."""
    for root in roots:
        for found in sorted(root.rglob(f"{FONT}.tt[cf]")):
            return found
    raise FontMissing(f"the font {FONT} is missing: install the Debian package {FONT_PACKAGE}")


def mixed(one: Colour, other: Colour, per_cent: int) -> Colour:
    """So much of the other colour in the one.

    >>> mixed((0, 0, 0), (200, 100, 50), 50)
    (100, 50, 25)
    """
    red, green, blue = (a + (b - a) * per_cent // 100 for a, b in zip(one, other, strict=True))
    return red, green, blue


def contrast(one: Colour, other: Colour) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.1, definition of contrast ratio; 7 is its AAA).

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
