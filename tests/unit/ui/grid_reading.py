"""What is read from the views of a character display, for tests. Law: it knows the pieces, not how they were set."""

import itertools

import pygame

from terminal.screens import Shown
from ui.bitmap_fonts import BitmapFonts
from ui.device_class import Rect
from ui.grid import View, grid
from ui.grid_marks import BLACK, WHITE
from ui.page import Page, page
from ui.pieces import Ink, Piece, Plate
from ui.qr import modules
from ui.text import words

WIDE, TALL, ROW = 128, 64, 16
FONTS = BitmapFonts()


class Glass:
    width, height = WIDE, TALL


def views(at: Shown) -> tuple[View, ...]:
    return grid(told(at), Glass(), FONTS, at)


def told(at: Shown) -> Page:
    return page(at, words(at.language))


def painted(view: View) -> pygame.Surface:
    surface = pygame.Surface((WIDE, TALL), 0, 32)
    surface.fill(WHITE)
    for piece in view:
        if isinstance(piece, Ink):
            surface.blit(FONTS.draw(piece.text, piece.size, piece.colour, piece.is_bold), (piece.x, piece.y))
        elif isinstance(piece, Plate):
            surface.fill(piece.colour, piece.rect)
    return surface


def dots(view: View) -> list[str]:
    surface = painted(view)
    return ["".join("#" if surface.get_at((x, y))[0] < 128 else "." for x in range(WIDE)) for y in range(TALL)]


def box(piece: Piece) -> Rect:
    if isinstance(piece, Ink):
        wide = FONTS.width(piece.text, piece.size, piece.is_bold)
        return Rect(piece.x, piece.y, wide, FONTS.height(piece.size))
    return piece.rect


def inks(view: View) -> list[Ink]:
    return sorted((piece for piece in view if isinstance(piece, Ink)), key=lambda ink: (ink.y, ink.x))


def bare(text: str) -> str:
    return "".join(text.split())


def has_bar(view: View) -> bool:
    return Plate(Rect(0, 0, WIDE, ROW), BLACK) in view


def read(at: Shown) -> str:
    """What is read from the first view to the last: a title once, what stays on the last lines once."""
    on, text = told(at), ""
    stars = {line.label for line in on.lines if line.style == "stars"}
    first = [ink.text for ink in inks(views(at)[0]) if ink.text in stars]
    for number, view in enumerate(views(at)):
        for ink in inks(view):
            stays = ink.text in stars or (number and on.kind == "ask" and ink.y == TALL - ROW)
            text += "" if stays or (number and ink.y == 0 and has_bar(view)) else ink.text
    return bare(" ".join((*first, text)))


def said(at: Shown) -> list[str]:
    """Every sentence, label and value that must be read on the page."""
    on = told(at)
    found = [on.title, on.place, on.hint, *(on.status if on.kind == "menu" else ())]
    for line in on.lines:
        if line.style == "code" and len(modules(line.value)) <= TALL:
            found.append(line.label)
        elif line.style == "item":
            found += (line.number + line.label, line.value)
        elif line.style in ("stars", "text", "prompt", "wait", "headline"):
            found.append(line.label)
        else:
            found += (line.label, line.value)
    return [bare(text) for text in found if text]


def check(at: Shown) -> None:
    text = read(at)
    for sentence in said(at):
        assert sentence in text, sentence
    for view in views(at):
        for piece in view:
            x, y, w, h = box(piece)
            assert x >= 0 <= y, piece
            assert x + w <= WIDE, piece
            assert y + h <= TALL, piece
        for one, other in itertools.combinations(inks(view), 2):
            assert not pygame.Rect(box(one)).colliderect(box(other)), (one, other)
        assert {piece.colour for piece in view if not isinstance(piece, Ink) or piece.text} <= {BLACK, WHITE}
