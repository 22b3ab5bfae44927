"""The film: what is in it and what is not, how long it shows a moment, and how large it may be."""

from __future__ import annotations

import io
import random

import pytest
from PIL import Image

from simulator.counter.film import (
    LAST,
    LONGEST,
    MOST_MOMENTS,
    MOST_SECONDS,
    SHORTEST,
    Film,
    FilmEmpty,
    FilmTooLong,
    Moment,
    gif,
)
from simulator.counter.paper import as_png
from terminal.paper import TextRow

PAPER = as_png([TextRow(f"行 {number}") for number in range(20)], 32)


def screen(colour: str, size: tuple[int, int] = (320, 240)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    return out.getvalue()


def noise(seed: int) -> bytes:
    out = io.BytesIO()
    Image.frombytes("RGB", (320, 240), random.Random(seed).randbytes(320 * 240 * 3)).save(out, "PNG")
    return out.getvalue()


class Watch:
    """A clock that is set by hand."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def times(film: bytes) -> list[int]:
    """Milliseconds of each picture."""
    picture = Image.open(io.BytesIO(film))
    told = []
    for number in range(getattr(picture, "n_frames", 1)):
        picture.seek(number)
        told.append(int(picture.info["duration"]))
    return told


def test_nothing_is_added_before_it_starts_or_after_it_stops() -> None:
    film = Film(Watch())
    film.add(lambda: pytest.fail("a picture is made for nobody"), "1", 0)
    with pytest.raises(FilmEmpty):
        film.take()
    film.start(0)
    film.add(lambda: screen("red"), "", 0)
    film.stop()
    film.add(lambda: screen("blue"), "", 0)
    assert film.count == 1


def test_what_has_not_changed_is_no_moment() -> None:
    watch = Watch()
    film = Film(watch)
    film.start(3)
    for seconds, colour, key, papers in (
        (0, "red", "", 3),
        (1, "red", "", 3),
        (2, "red", "确认", 3),
        (3, "red", "确认", 3),
        (4, "red", "确认", 4),
        (5, "blue", "", 4),
    ):
        watch.now = 100 + seconds
        film.add(lambda colour=colour: screen(colour), key, papers)  # type: ignore[misc]
    assert [(each.seconds, each.key, each.papers) for each in film.take()] == [
        (0, "", 0),
        (2, "确认", 0),
        (4, "确认", 1),
        (5, "", 1),
    ]
    assert film.since_start([b"a", b"b", b"c", b"d"]) == [b"d"]


@pytest.mark.parametrize("end", ["moments", "seconds"])
def test_a_film_ends_by_itself(end: str) -> None:
    watch = Watch()
    film = Film(watch)
    film.start(0)
    for number in range(MOST_MOMENTS + 5 if end == "moments" else 3):
        watch.now = 100 + (number / 100 if end == "moments" else number * MOST_SECONDS)
        film.add(lambda: b"", str(number), 0)
    assert not film.is_recording
    assert film.count == (MOST_MOMENTS if end == "moments" else 2)


def test_a_long_wait_is_shown_for_a_moment_and_the_end_stays() -> None:
    moments = tuple(
        Moment(seconds, screen(colour), "", 0)
        for seconds, colour in ((0, "red"), (0.001, "green"), (0.501, "blue"), (60, "white"))
    )
    assert times(gif(moments, [])) == [SHORTEST, 500, LONGEST, LAST]


def test_a_paper_comes_out_once() -> None:
    moments = (
        Moment(0, screen("red"), "", 0),
        Moment(1, screen("red"), "", 1),
        Moment(2, screen("blue"), "", 1),
    )
    without, with_paper = times(gif(moments, [])), times(gif(moments, [PAPER]))
    assert with_paper[1:5] == [SHORTEST] * 4  # it rises
    assert [*with_paper[:1], *with_paper[5:]] == [1000, 1000, LAST]
    assert without == [2000, LAST] or without == [1000, 1000, LAST]
    picture = Image.open(io.BytesIO(gif(moments, [PAPER])))
    picture.seek(picture.n_frames - 1)  # type: ignore[attr-defined]
    whole = picture.convert("RGB")
    assert whole.getpixel((whole.width - 20, whole.height - 70)) == (252, 252, 252)


def test_an_lcd_is_magnified_in_whole_pixels() -> None:
    lcd = Image.new("1", (128, 64), 1)
    for x in range(0, 128, 2):
        lcd.putpixel((x, 0), 0)
    out = io.BytesIO()
    lcd.save(out, "PNG")
    picture = Image.open(io.BytesIO(gif((Moment(0, out.getvalue(), "", 0),), []))).convert("L")
    row = [int(picture.getpixel((18 + x, (396 - 128) // 2))) for x in range(8)]  # type: ignore[arg-type]
    dark, light = min(row), max(row)
    assert row == [dark, dark, light, light] * 2
    assert light - dark > 120


def test_it_is_made_smaller_until_it_fits_or_refused() -> None:
    moments = tuple(Moment(number, noise(number), "", 0) for number in range(12))
    large = gif(moments, [], most=50_000_000)
    small = gif(moments, [], most=len(large) // 3)
    assert len(small) <= len(large) // 3
    assert Image.open(io.BytesIO(small)).width < Image.open(io.BytesIO(large)).width
    with pytest.raises(FilmTooLong, match="record a shorter one"):
        gif(moments, [], most=1_000)
