"""PadLink: a point in the cell that shows a digit is that digit, however they are shuffled; only a front is let in."""

import asyncio
import contextlib
import itertools
import os
import stat

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.events import DIGITS
from terminal.pad_link import Cell, Drawn, Face, Pad, PadLink, VaultLink, key_at, laid_out
from terminal.ports import PinpadLost
from ui.front_hands import vault_pad
from ui.layout import DEVICE_CLASSES

PAD = vault_pad(DEVICE_CLASSES["touch-480x800"])
KEYS = tuple(cell.key for cell in PAD.cells)
PLACES = range(len(DIGITS), 1, -1)  # what chance is asked, one after the other
DRAWS = st.tuples(*(st.integers(0, below - 1) for below in PLACES))
ME = {os.getuid()}


def shuffled(draws):
    left = iter(zip(PLACES, draws, strict=True))

    def chance(below):
        asked, drawn = next(left)
        assert asked == below
        return drawn

    labels = laid_out(PAD, chance)
    assert not list(left), "every draw is used"
    return labels


@given(DRAWS, st.sampled_from(KEYS), st.data())
def test_a_point_in_the_cell_that_shows_a_key_is_that_key(draws, key, data):
    labels = shuffled(draws)
    cell = PAD.cells[labels.index(key)]
    x = data.draw(st.integers(cell.x, cell.x + cell.w - 1))
    y = data.draw(st.integers(cell.y, cell.y + cell.h - 1))
    assert key_at(PAD, labels, x, y) == key


@given(st.integers(0, 479), st.integers(0, 799))
def test_beside_the_cells_is_nothing(x, y):
    inside = [cell for cell in PAD.cells if cell.x <= x < cell.x + cell.w and cell.y <= y < cell.y + cell.h]
    assert len(inside) <= 1
    assert key_at(PAD, KEYS, x, y) == (inside[0].key if inside else None)


@given(DRAWS)
def test_only_digits_are_shuffled_and_none_is_lost(draws):
    labels = shuffled(draws)
    assert sorted(labels) == sorted(KEYS)
    assert [a for a, b in zip(labels, KEYS, strict=True) if b not in DIGITS] == [
        key for key in KEYS if key not in DIGITS
    ]


@given(DRAWS, DRAWS)
def test_each_chance_is_a_layout_of_its_own(one, other):
    """10! chances and 10! layouts: where no two chances meet, all layouts are as likely."""
    assert (shuffled(one) == shuffled(other)) == (one == other)


def test_each_of_the_first_draws_counts():
    stays = [below - 1 for below in PLACES]
    assert shuffled(stays) == KEYS
    first = itertools.product(*map(range, PLACES[:3]))
    assert len({shuffled([*draws, *stays[3:]]) for draws in first}) == 10 * 9 * 8


@pytest.mark.parametrize("cell", PAD.cells)
def test_a_cell_ends_where_it_is_drawn_to_end(cell):
    right, bottom = cell.x + cell.w - 1, cell.y + cell.h - 1
    assert {key_at(PAD, KEYS, x, y) for x in (cell.x, right) for y in (cell.y, bottom)} == {cell.key}
    around = [(cell.x - 1, cell.y), (right + 1, cell.y), (cell.x, cell.y - 1), (cell.x, bottom + 1)]
    assert {key_at(PAD, KEYS, x, y) for x, y in around} == {None}


def test_without_chance_it_is_as_it_is_drawn_on_keypads():
    assert laid_out(PAD, None) == KEYS


WELL = PAD.cells


@pytest.mark.parametrize(
    "cells",
    [
        (),
        WELL[1:],
        (*WELL[1:], WELL[1]),
        (*WELL, Cell("7", 0, 0, 10, 10)),
        (*WELL, Cell("letter", 0, 0, 10, 10)),
        (*WELL, Cell("up", 470, 0, 11, 10)),
        (*WELL, Cell("up", 0, 795, 10, 6)),
        (*WELL, Cell("up", WELL[0].x + WELL[0].w - 1, WELL[0].y, 2, 2)),
        (*WELL, Cell("up", 0, 0, 480, 800)),
    ],
)
def test_a_pad_that_nobody_could_type_on_is_refused(cells):
    raw = msgspec.json.encode({"width": 480, "height": 800, "cells": [msgspec.to_builtins(cell) for cell in cells]})
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(raw, type=Pad)


def test_a_pad_and_a_face_come_through_whole():
    assert msgspec.json.decode(msgspec.json.encode(PAD), type=Pad) == PAD
    assert repr(Face(KEYS, 7)) == "Face(7)"


@pytest.fixture
async def vault(tmp_path):
    link = PadLink()
    await link.listen(tmp_path / "glass.sock", ME)
    yield link
    await link.close()


@contextlib.asynccontextmanager
async def front(tmp_path, heard):
    """A front that draws whatever it hears."""

    async def follow():
        async with VaultLink.attach(tmp_path / "glass.sock", PAD) as link:
            async for face in link.faces():
                heard.append(face.labels)
                link.drawn(face)

    showing = asyncio.ensure_future(follow())
    try:
        yield showing
    finally:
        showing.cancel()
        await asyncio.gather(showing, return_exceptions=True)


async def test_a_face_for_the_time_of_an_entry(vault, tmp_path):
    heard = []
    async with front(tmp_path, heard):
        for _ in range(2):
            async with vault.faced(lambda below: 0, 5) as face:
                assert heard[-1] == face.labels != KEYS
                cell = PAD.cells[face.labels.index("3")]
                assert face.key_at(cell.x, cell.y) == "3"
        async with vault.faced(None, 5) as face:
            assert face.labels == KEYS
    assert [bool(labels) for labels in heard[:5]] == [True, False, True, False, True]


async def test_a_late_word_of_the_face_before_is_not_taken_for_this_one(vault, tmp_path):
    async with VaultLink.attach(tmp_path / "glass.sock", PAD) as link:
        faces = link.faces()

        async def late():
            first = await anext(faces)
            await anext(faces)
            await anext(faces)
            link.drawn(first)

        answering = asyncio.ensure_future(late())
        for _ in range(2):
            with pytest.raises(PinpadLost):
                async with vault.faced(None, 0.2):
                    pass
        await answering


async def test_a_front_that_comes_in_time_is_waited_for(vault, tmp_path):
    async def enter():
        async with vault.faced(None, 5) as face:
            return face.labels

    entering = asyncio.ensure_future(enter())
    await asyncio.sleep(0.01)
    async with front(tmp_path, []):
        assert await entering == KEYS


async def test_the_front_that_came_last_is_the_one(vault, tmp_path):
    first, second = [], []
    async with front(tmp_path, first) as one:
        async with vault.faced(None, 5) as face:
            gone = asyncio.Event()
            face.when_gone = gone.set
            async with front(tmp_path, second):
                async with asyncio.timeout(5):
                    await gone.wait()
                    await one
        async with front(tmp_path, second), vault.faced(None, 5):
            assert KEYS in second


@pytest.mark.parametrize("line", [b"\n", b'{"width": 480}\n', b"x" * 70_000 + b"\n", b'{"serial": 1}\n'])
async def test_who_is_no_front_is_cut(vault, tmp_path, line):
    reader, writer = await asyncio.open_unix_connection(str(tmp_path / "glass.sock"))
    with contextlib.suppress(ConnectionError):
        writer.write(line)
        async with asyncio.timeout(5):
            assert await reader.read() == b""
    writer.close()
    with pytest.raises(PinpadLost):
        async with vault.faced(None, 0.05):
            pass


async def test_a_process_of_another_user_is_cut(tmp_path):
    link = PadLink()
    await link.listen(tmp_path / "glass.sock", {os.getuid() + 1})
    heard = []
    async with front(tmp_path, heard) as showing:
        with pytest.raises(PinpadLost):
            async with link.faced(None, 0.2):
                pass
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(5):
                await showing
    assert heard == []
    await link.close()


async def test_the_socket_is_for_the_group(vault, tmp_path):
    assert stat.S_IMODE((tmp_path / "glass.sock").stat().st_mode) == 0o660


def test_drawn_says_which():
    assert msgspec.json.encode(Drawn(3)) == b'{"serial":3}'
