"""A journey as a film: what was shown, pressed and printed, and when. Law: pictures are the painter's, no digit is told
that is not on the screen itself.

| of a moment | in the picture                                                               |
|-------------|------------------------------------------------------------------------------|
| the screen  | left, as the device painted it; an LCD magnified in whole pixels             |
| the paper   | right, the newest one, coming up out of the slot                             |
| the key     | below, by its name; a digit by its name only where it chooses from a menu    |
| the time    | below, since the beginning; a long wait is shown for LONGEST seconds at most |
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from PIL import Image, ImageDraw, ImageFont, ImageOps

from ui.theme import font_file

MOST_MOMENTS, MOST_SECONDS = 900, 900.0  # then it stops by itself
MOST_BYTES = 3_000_000
SHORTEST, LONGEST, LAST = 80, 1_600, 3_000  # milliseconds of a picture; of the last one
LADDER = ((1.0, 128), (1.0, 32), (0.75, 32), (0.5, 32), (0.5, 16))  # scale and colours, the first that is small enough
SCREEN, PAPER_WIDE, GAP, STRIP = (330, 550), 250, 18, 40
RISE = 5  # pictures in which a paper comes out
GROUND, STRIP_GROUND, INK, PAPER, CAP, SLOT = "#d9dee3", "#1f262d", "#ffffff", "#fcfcf9", "#4a5662", "#11161b"
LCD_HEIGHT = 100  # a screen lower than this is an LCD
LCD_INK, LCD_GLASS = "#16210a", "#b4d286"


class FilmEmpty(LookupError):
    """Nothing has been recorded."""


class FilmTooLong(ValueError):
    """It does not fit into MOST_BYTES, however small it is made."""


@dataclass(frozen=True)
class Moment:
    """At `seconds` from the beginning: a screen as PNG bytes, the key that was just pressed, how many papers."""

    seconds: float
    screen: bytes
    key: str
    papers: int


class Film:
    """`start`, then `add` at each change, then `gif`. `clock` is in seconds, of any beginning."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._began = clock, 0.0
        self._moments: list[Moment] = []
        self._papers_before = 0
        self.is_recording = False

    @property
    def count(self) -> int:
        """How many moments there are."""
        return len(self._moments)

    @property
    def seconds(self) -> float:
        """From the first moment to the last."""
        return self._moments[-1].seconds if self._moments else 0.0

    def start(self, papers: int) -> None:
        """A new film; `papers` that are out already are not part of it."""
        self._moments, self._began, self._papers_before = [], self._clock(), papers
        self.is_recording = True

    def stop(self) -> None:
        """No more is added."""
        self.is_recording = False

    def add(self, screen: Callable[[], bytes], key: str, papers: int) -> None:
        """One more moment, if it differs from the last; `screen` is asked only while a film is made."""
        if not self.is_recording:
            return
        seconds = self._clock() - self._began
        if self.count >= MOST_MOMENTS or seconds > MOST_SECONDS:
            self.stop()
            return
        now = Moment(seconds, screen(), key, papers - self._papers_before)
        last = self._moments[-1] if self._moments else None
        if last is None or (now.screen, now.papers) != (last.screen, last.papers) or (key and key != last.key):
            self._moments.append(now)

    def take(self) -> tuple[Moment, ...]:
        """What there is so far. Raises FilmEmpty."""
        if not self._moments:
            raise FilmEmpty("no film has been made")
        return tuple(self._moments)

    def since_start(self, papers: list[bytes]) -> list[bytes]:
        """Those of all papers that came out while it was made."""
        return papers[self._papers_before :]


def gif(moments: tuple[Moment, ...], papers: list[bytes], most: int = MOST_BYTES) -> bytes:
    """The film; `papers` are PNG files, oldest first. Raises FilmTooLong.

    Each picture holds only what has changed since the one before (Pillow sees to that), all share one palette.
    """
    pictures = list(_pictures(moments, papers))
    for scale, colours in LADDER:
        made = _encoded(pictures, scale, colours)
        if len(made) <= most:
            return made
    raise FilmTooLong(f"the film is longer than {most // 1_000_000} MB can hold: record a shorter one")


def _encoded(pictures: list[tuple[Image.Image, int]], scale: float, colours: int) -> bytes:
    images = [
        image if scale == 1.0 else image.reduce(2) if scale == 0.5 else _scaled(image, scale) for image, _ in pictures
    ]
    palette = _palette(images, colours)
    frames = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
    out = io.BytesIO()
    times = [milliseconds for _, milliseconds in pictures]
    frames[0].save(
        out, "GIF", save_all=True, append_images=frames[1:], duration=times, loop=0, optimize=False, disposal=1
    )
    return out.getvalue()


def _scaled(image: Image.Image, scale: float) -> Image.Image:
    return image.resize((int(image.width * scale), int(image.height * scale)), Image.Resampling.LANCZOS)


def _palette(images: list[Image.Image], colours: int) -> Image.Image:
    """One palette for all, from a sheet of pictures evenly over the film."""
    chosen = images[:: max(1, len(images) // 24)]
    sheet = Image.new("RGB", (chosen[0].width, chosen[0].height * len(chosen)))
    for number, image in enumerate(chosen):
        sheet.paste(image, (0, number * image.height))
    return sheet.quantize(colours, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)


def _pictures(moments: tuple[Moment, ...], papers: list[bytes]) -> Iterator[tuple[Image.Image, int]]:
    """Every picture and its milliseconds."""
    sheets = [_paper(png) for png in papers]
    out = 0
    for moment, lasts in zip(moments, _durations(moments), strict=True):
        screen = _screen(moment.screen)
        for number in range(out, min(moment.papers, len(sheets))):
            for step in range(1, RISE):
                yield _composed(moment, screen, sheets[number], step / RISE), SHORTEST
        out = max(out, min(moment.papers, len(sheets)))
        yield _composed(moment, screen, sheets[out - 1] if out else None, 1.0), lasts


def _durations(moments: tuple[Moment, ...]) -> Iterable[int]:
    gaps = [
        max(SHORTEST, min(LONGEST, round(1000 * (after.seconds - before.seconds))))
        for before, after in pairwise(moments)
    ]
    return [*gaps, LAST]


def _screen(png: bytes) -> Image.Image:
    """The screen at the size it has in the film."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    wide, tall = SCREEN
    if image.height < LCD_HEIGHT:
        times = max(1, wide // image.width)
        image = ImageOps.colorize(image.convert("L"), LCD_INK, LCD_GLASS)
        return image.resize((image.width * times, image.height * times), Image.Resampling.NEAREST)
    scale = min(wide / image.width, tall / image.height, 1.0)
    return image if scale == 1.0 else _scaled(image, scale)


def _paper(png: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(png)).convert("RGB")
    return _scaled(image, PAPER_WIDE / image.width)


def _composed(moment: Moment, screen: Image.Image, paper: Image.Image | None, out: float) -> Image.Image:
    """`out` is how much of the paper has come out of the slot, 0 to 1."""
    tall = max(screen.height, 360) + 2 * GAP
    wide = screen.width + PAPER_WIDE + 3 * GAP
    picture = Image.new("RGB", (wide, tall + STRIP), GROUND)
    left = 2 * GAP + screen.width
    if paper is not None:
        rises = round(min(paper.height, tall - GAP) * out)
        shown = paper.crop((0, 0, PAPER_WIDE, rises)) if paper.height <= tall - GAP else _end_of(paper, rises)
        picture.paste(shown, (left, tall - shown.height))
    draw = ImageDraw.Draw(picture)
    draw.rounded_rectangle((left - 6, tall - 5, left + PAPER_WIDE + 6, tall + 1), 3, SLOT)
    picture.paste(screen, (GAP, (tall - screen.height) // 2))
    _draw_strip(draw, moment, wide, tall)
    return picture


def _end_of(paper: Image.Image, rises: int) -> Image.Image:
    """Of a paper longer than the picture: what is near the slot at last, where the amount is."""
    return paper.crop((0, paper.height - rises, PAPER_WIDE, paper.height))


def _draw_strip(draw: ImageDraw.ImageDraw, moment: Moment, wide: int, top: int) -> None:
    draw.rectangle((0, top, wide, top + STRIP), STRIP_GROUND)
    middle = top + STRIP // 2
    minutes, seconds = divmod(int(moment.seconds), 60)
    draw.text((GAP, middle), f"{minutes}:{seconds:02}", INK, _font(18), anchor="lm")
    if moment.key:
        font = _font(18)
        width = max(30, int(font.getlength(moment.key)) + 20)
        draw.rounded_rectangle((GAP + 66, top + 6, GAP + 66 + width, top + STRIP - 6), 6, CAP)
        draw.text((GAP + 66 + width // 2, middle), moment.key, INK, font, anchor="mm")


def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(font_file()), size)
