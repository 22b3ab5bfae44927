"""The shop's picture for the head of its papers, from a PNG. Law: black on white, and no larger than a head prints.

Not pure: it reads a file, and Pillow is loaded only when there is a picture to read.
"""

from __future__ import annotations

from pathlib import Path

from terminal.signature import Picture

MOST_WIDE, MOST_TALL = 384, 200  # dots: 58 mm paper, and no longer than a thumb
DARK = 128  # of 255: what is darker is ink


class LogoRefused(ValueError):
    """`file: reason`, for the tech who configured it."""


def logo(path: Path) -> Picture:
    """What is clear is paper. Raises LogoRefused."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path, formats=("PNG",)) as image:
            if image.width > MOST_WIDE or image.height > MOST_TALL:
                raise LogoRefused(f"{path}: {image.width} x {image.height} dots, at most {MOST_WIDE} x {MOST_TALL}")
            clear = image.convert("RGBA")
            paper = Image.new("RGBA", clear.size, "white")
            ink = Image.alpha_composite(paper, clear).convert("L").point([255 * (at < DARK) for at in range(256)], "1")
    except UnidentifiedImageError:
        raise LogoRefused(f"{path}: not a PNG") from None
    except (OSError, ValueError, SyntaxError) as error:  # Pillow: a damaged PNG is any of them
        if isinstance(error, LogoRefused):
            raise
        raise LogoRefused(f"{path}: cannot be read: {getattr(error, 'strerror', None) or 'damaged'}") from None
    except Image.DecompressionBombError:
        raise LogoRefused(f"{path}: larger than any logo") from None
    return Picture(ink.width, ink.height, ink.tobytes())
