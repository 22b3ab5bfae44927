"""What the driver sends is what the decoder reads; what nobody knows is reported."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from drivers.printer_bytes import CANCEL, CLEAR, FILLER, escpos_bytes
from simulator.counter.escpos_decoder import CLEARED, NOW, Decoder
from simulator.counter.paper import as_png, as_text
from terminal.paper import ImageRow, Paper, TextRow

ROWS = st.builds(
    TextRow,
    st.text(st.characters(codec="gb18030", exclude_categories=("Cc", "Cs", "Co")), max_size=24),
    is_large=st.booleans(),
).flatmap(lambda row: st.just(row) if row.is_large else st.builds(TextRow, st.just(row.text), is_tall=st.booleans()))
PAPERS = st.lists(ROWS, max_size=8).map(tuple)


def texts(rows: Paper) -> list[TextRow]:
    """The text rows without the feed before the cut."""
    found = [row for row in rows if isinstance(row, TextRow)]
    while found and not found[-1].text:
        found.pop()
    return found


@settings(deadline=None)  # the first call loads the printer's package
@given(PAPERS)
def test_round_trip(paper: Paper) -> None:
    decoded = Decoder().feed(escpos_bytes(paper, 32))
    assert len(decoded.papers) == 1
    assert texts(decoded.papers[0]) == texts(paper)
    assert (decoded.unknown, decoded.rest) == ((), b"")


@given(PAPERS, st.integers(1, 7))
def test_bytes_may_come_in_any_pieces(paper: Paper, size: int) -> None:
    data = escpos_bytes((*paper, ImageRow(16, 2, b"\x10\x04\x1b\x40")), 32) + b"\x10\x04\x04"
    decoder = Decoder()
    pieces = [decoder.feed(data[at : at + size]) for at in range(0, len(data), size)]
    whole = Decoder().feed(data)
    assert tuple(paper for piece in pieces for paper in piece.papers) == whole.papers
    assert tuple(request for piece in pieces for request in piece.status_requests) == whole.status_requests == (4,)


@pytest.mark.parametrize(
    ("data", "unknown"),
    [
        (b"\x1bZ1", "1b5a"),
        (b"\x1c!\x01", "1c21"),
        (b"\x1dk\x02", "1d6b"),
        (b"\x10\x14\x01\x00\x01", "1014 not obeyed: an order of no use here"),
        (b"\x07", "07"),
        (b"\x1d(k\x03\x001A0", "1d286b not drawn: a code of the printer's own"),
        (b"\x1dv0\x03\x01\x00\x01\x00\xff", "03 not drawn: stretched raster"),
    ],
)
def test_what_nobody_knows_is_reported(data: bytes, unknown: str) -> None:
    assert unknown in Decoder().feed(data).unknown


@pytest.mark.parametrize(
    ("data", "row"),
    [
        (b"\x1d!\x11A\n", TextRow("A", is_large=True)),
        (b"\x1b!\x30A\n", TextRow("A", is_large=True)),
        (b"\x1b!\x10A\n", TextRow("A", is_tall=True)),
        (b"\x1d!\x11\x1b@A\n", TextRow("A")),
        (b"\x1bE\x01\x1ba\x02\x1bt\x00\x1bR\x0fA\r\n", TextRow("A")),
        (b"\x1c&\xcd\xcb\n", TextRow("退")),
        (b"\x1c&\x1c.\x9c\n", TextRow("£")),
        (b"\x1c&\x81\x30\x84\x36\n", TextRow("¥")),
        (b"\x1dv0\x00\x01\x00\x02\x00\x1d\x56", ImageRow(8, 2, b"\x1dV")),
        (b"begun", TextRow("begun")),
    ],
)
@pytest.mark.parametrize("cut", [b"\x1dV\x00", b"\x1dV1", b"\x1dVB\x00"])
def test_the_subset(data: bytes, row: TextRow | ImageRow, cut: bytes) -> None:
    decoded = Decoder().feed(data + cut)
    assert decoded.papers == ((row,),)
    assert decoded.unknown == ()


def test_strips_are_one_picture_until_something_else_is_printed() -> None:
    strip = b"\x1dv0\x00\x01\x00\x02\x00"
    decoded = Decoder().feed(
        strip + b"ab" + b"\x10\x04\x04" + strip + b"cd" + b"\x1ba\x00" + strip + b"ef" + b"\x1dV\x00"
    )
    assert decoded.papers == ((ImageRow(8, 4, b"abcd"), ImageRow(8, 2, b"ef")),)


def test_a_question_in_a_picture_is_heard_and_drawn() -> None:
    decoded = Decoder().feed(b"\x1dv0\x00\x03\x00\x01\x00\x10\x04\x02\x1dV\x00")
    assert decoded.questions == ((NOW, 2),)
    assert decoded.papers == ((ImageRow(24, 1, b"\x10\x04\x02"),),)


def test_what_was_not_printed_can_be_thrown_away() -> None:
    decoded = Decoder().feed(b"first\nbegun" + CANCEL + FILLER * 3 + b"again" + CLEAR + b"last\n\x1dV\x00")
    assert decoded.papers == ((TextRow("first"), TextRow("last")),)
    assert decoded.questions == ((CLEARED, 0),)
    assert decoded.unknown == ()


def test_without_a_knife_a_paper_ends_where_it_is_fed_out() -> None:
    decoded = Decoder(has_knife=False).feed(b"one\n\x1bd\x01two\n\x1bd\x01")
    assert decoded.papers == ((TextRow("one"), TextRow("")), (TextRow("two"), TextRow("")))


def test_paper_as_text_and_picture() -> None:
    rows = (TextRow("退货 REFUND"), TextRow("大", is_large=True), ImageRow(16, 2, b"\xff\xff\x00\x00"))
    assert as_text(rows) == "退货 REFUND\n大\n[16x2]"
    for columns, width in ((32, 384), (48, 576)):
        picture = Image.open(io.BytesIO(as_png(rows, columns)))
        assert picture.width - 24 == width
        assert picture.getextrema() != (252, 252)


def test_a_column_is_as_wide_as_the_printer_sets_it() -> None:
    """GB18030 sets on a whole square what takes it two bytes, such as the dash and the multiplication sign."""

    def left_of_bar(text: str) -> int:
        picture = Image.open(io.BytesIO(as_png((TextRow(text + "|"),), 32)))
        inked = [x for x in range(picture.width) if min(picture.crop((x, 12, x + 1, 42)).tobytes()) < 128]
        return inked[-1] // 12

    assert left_of_bar("  ") == left_of_bar("\u3000") == left_of_bar("×") == left_of_bar("—")
