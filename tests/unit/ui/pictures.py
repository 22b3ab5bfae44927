"""What the tests of the painter read in a picture, and the device classes it draws pixel by pixel."""

from __future__ import annotations

import pygame
from PIL import Image

from terminal.screens import Shown
from ui.fonts import Fonts
from ui.layout import DEVICE_CLASSES
from ui.painter import Painter

SHARED = Fonts()
GRAPHICAL = [name for name, device in DEVICE_CLASSES.items() if not device.is_grid]
WITH_PAD = [f"{name} with a pad" for name in GRAPHICAL if DEVICE_CLASSES[name].is_touch]


def picture_of(surface: pygame.Surface) -> Image.Image:
    return Image.frombytes("RGBX", surface.get_size(), surface.get_buffer().raw, "raw", "BGRX").convert("RGB")


def key_centres(painter: Painter, at: Shown) -> dict[str, tuple[int, int]]:
    device = painter.device
    found: dict[str, list[tuple[int, int]]] = {}
    for y in range(0, device.height, 6):
        for x in range(0, device.width, 6):
            if key := painter.hit(at, x, y):
                found.setdefault(key, []).append((x, y))
    return {key: points[len(points) // 2] for key, points in found.items()}
