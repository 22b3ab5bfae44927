"""Panel: a picture in a framebuffer file, 32 and 16 bits, padded rows, in the middle of a larger panel."""

import struct
from pathlib import Path

import pytest

from drivers.panel import FIXED, FramebufferPanel, Geometry, PanelMissing, WindowPanel, geometry

RED, GREEN, BLUE, WHITE = 0xFF0000, 0x00FF00, 0x0000FF, 0xFFFFFF
PICTURE = struct.pack("<4I", RED, GREEN, BLUE, WHITE)  # 2 x 2


def shown_on(tmp_path: Path, shape: Geometry) -> bytes:
    file = tmp_path / "fb"
    file.write_bytes(bytes(shape.start + shape.stride * shape.height))
    with FramebufferPanel(file, shape) as panel:
        panel.show(PICTURE, 2, 2)
    return file.read_bytes()


def test_32_bits_with_padded_rows(tmp_path: Path):
    rows = shown_on(tmp_path, Geometry(2, 2, 32, 12))
    assert rows == PICTURE[:8] + bytes(4) + PICTURE[8:] + bytes(4)


def test_32_bits_ignore_the_unused_byte(tmp_path: Path):
    assert shown_on(tmp_path, Geometry(2, 2, 32, 8)) == PICTURE


def test_16_bits_are_rgb565(tmp_path: Path):
    rows = shown_on(tmp_path, Geometry(2, 2, 16, 6))
    assert struct.unpack("<2H2x2H2x", rows) == (0xF800, 0x07E0, 0x001F, 0xFFFF)


def test_a_larger_panel_shows_it_in_the_middle(tmp_path: Path):
    rows = shown_on(tmp_path, Geometry(4, 4, 16, 8, start=8))
    words = struct.unpack("<20H", rows)
    lit = {place: word for place, word in enumerate(words) if word}
    assert lit == {9: 0xF800, 10: 0x07E0, 13: 0x001F, 14: 0xFFFF}


def test_a_smaller_panel_refuses_it(tmp_path: Path):
    with pytest.raises(PanelMissing, match="1x2 pixels, the picture 2x2"):
        shown_on(tmp_path, Geometry(1, 2, 32, 4))


def test_other_depths_and_missing_files_are_refused(tmp_path: Path):
    with pytest.raises(PanelMissing, match="24 bits"):
        shown_on(tmp_path, Geometry(2, 2, 24, 8))
    with pytest.raises(PanelMissing, match="nowhere"), FramebufferPanel(tmp_path / "nowhere"):
        pass


def test_a_plain_file_is_no_framebuffer(tmp_path: Path):
    (tmp_path / "fb").write_bytes(bytes(16))
    with pytest.raises(PanelMissing), FramebufferPanel(tmp_path / "fb"):
        pass


def test_what_the_kernel_says():
    variable = struct.pack("=7I", 480, 800, 480, 1600, 0, 800, 32).ljust(160, b"\0")
    fixed = FIXED.pack(b"bochs", 0, 0, 0, 0, 0, 0, 0, 0, 1920).ljust(80, b"\0")
    assert geometry(variable, fixed) == Geometry(480, 800, 32, 1920, 800 * 1920)


def test_a_window_shows_and_reports(monkeypatch: pytest.MonkeyPatch):
    import pygame

    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    with WindowPanel("desk") as window:
        window.show(PICTURE * 16, 8, 8)
        window.reported()
        for event in (
            pygame.event.Event(pygame.KEYDOWN, key=pygame.K_RETURN),
            pygame.event.Event(pygame.MOUSEBUTTONDOWN, pos=(3, 4), button=1),
            pygame.event.Event(pygame.MOUSEMOTION, pos=(4, 4), buttons=(1, 0, 0)),
            pygame.event.Event(pygame.MOUSEBUTTONUP, pos=(4, 5), button=1),
            pygame.event.Event(pygame.QUIT),
        ):
            pygame.event.post(event)
        reported = window.reported()
    assert [getattr(happened, "key", happened) for happened in reported] == [
        "enter",
        (3, 4, True),
        (4, 4, True),
        (4, 5, False),
        None,
    ]
