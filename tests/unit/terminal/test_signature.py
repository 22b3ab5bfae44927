"""The picture of a signature and its receipt elements: what is drawn, what is sent, what the acquirer reads."""

from __future__ import annotations

import subprocess
from math import cos, hypot, pi, sin
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from drivers.jbig import JbigCoder
from terminal.events import StrokeDrawn
from terminal.signature import (
    DIGITS,
    ELEMENTS,
    ELEMENTS_MOST,
    MARGIN,
    PEN,
    SIGNATURE_MOST,
    SPARED,
    THIN_PEN,
    Element,
    ElementRefused,
    NothingDrawn,
    Picture,
    ReceiptElements,
    TooLong,
    decoded,
    drawn,
    receipt_elements,
    sent,
)

CODER = JbigCoder()

REFUND = ReceiptElements(
    "原路商店", "退货", "01", "20260427103000", "02", card_organisation=" ", original_rrn="091947145060"
)
points = st.tuples(st.integers(0, 1000), st.integers(0, 1000))
strokes = st.lists(st.lists(points, min_size=1, max_size=6).map(tuple), min_size=1, max_size=4).map(tuple)


def dots(picture: Picture) -> set[tuple[int, int]]:
    """Where the ink is, read as the docstring of Picture says."""
    pitch = (picture.width + 7) // 8
    return {
        (x, y)
        for y in range(picture.height)
        for x in range(pitch * 8)
        if picture.bits[y * pitch + x // 8] & (0x80 >> x % 8)
    }


def box(picture: Picture) -> tuple[int, int, int, int]:
    """The first and last column, the first and last row of ink."""
    across, down = {x for x, _ in dots(picture)}, {y for _, y in dots(picture)}
    return min(across), max(across), min(down), max(down)


def pieces(ink: set[tuple[int, int]]) -> int:
    """How many groups of ink there are that touch nowhere."""
    left, count = set(ink), 0
    while left:
        count, edge = count + 1, [left.pop()]
        while edge:
            x, y = edge.pop()
            near = left & {(x + dx, y + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)}
            left -= near
            edge.extend(near)
    return count


# --- what is drawn ---------------------------------------------------------------------------------------------------
def art(picture: Picture) -> str:
    """The picture as text."""
    ink = dots(picture)
    return "\n".join(
        "".join("#" if (x, y) in ink else "." for x in range(picture.width)) for y in range(picture.height)
    )


def test_a_touch_is_a_round_dot_in_the_middle() -> None:
    picture = drawn((((700, 20),),), 11, 9)
    assert art(picture) == "\n".join(
        (
            "...........",
            "...........",
            "...........",
            ".....#.....",
            "....###....",
            ".....#.....",
            "...........",
            "...........",
            "...........",
        )
    )


def test_lines_are_three_dots_thick_with_round_ends_and_joints() -> None:
    picture = drawn((((0, 0), (500, 0), (500, 1000)),), 17, 15)
    assert art(picture) == "\n".join(
        (
            ".................",
            ".................",
            ".................",
            "....########.....",
            "...##########....",
            "....#########....",
            "..........###....",
            "..........###....",
            "..........###....",
            "..........###....",
            "..........###....",
            "...........#.....",
            ".................",
            ".................",
            ".................",
        )
    )


def test_a_slanted_line_keeps_to_the_nearest_dots() -> None:
    """8 across and 2 2/3, which is 3, down: the middle falls 0 .375 .75 1.125 1.5 1.875 2.25 2.625 3."""
    picture = drawn((((0, 0), (1000, 800)),), 17, 13)
    assert art(picture) == "\n".join(
        (
            ".................",
            ".................",
            ".................",
            ".................",
            "....##...........",
            "...#####.........",
            "....#######......",
            "......#######....",
            "........######...",
            "...........##....",
            ".................",
            ".................",
            ".................",
        )
    )


def test_a_signature_has_the_size_of_the_upload() -> None:
    picture = drawn((((0, 0), (1000, 1000)),))
    assert (picture.width, picture.height, len(picture.bits)) == (224, 160, 28 * 160)


@given(strokes)
def test_ink_stays_inside_the_margin_and_fills_one_direction(signed: Any) -> None:
    left, right, top, bottom = box(drawn(signed))
    assert MARGIN - 1 <= left <= right <= 224 - MARGIN
    assert MARGIN - 1 <= top <= bottom <= 160 - MARGIN
    is_dot = len({point for stroke in signed for point in stroke}) == 1
    assert is_dot or (left, right) == (MARGIN - 1, 224 - MARGIN) or (top, bottom) == (MARGIN - 1, 160 - MARGIN)
    # in the middle, as far as whole dots go
    assert abs(left - (223 - right)) <= 2
    assert abs(top - (159 - bottom)) <= 2


@given(strokes)
def test_a_stroke_is_one_piece(signed: Any) -> None:
    assert pieces(dots(drawn(signed[:1]))) == 1
    assert pieces(dots(drawn(signed))) <= len(signed)


@given(
    st.lists(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=1, max_size=5), min_size=1),
    st.integers(0, 500),
    st.integers(0, 500),
)
def test_where_on_the_pad_it_was_signed_does_not_matter(signed: Any, right: int, down: int) -> None:
    moved = [[(x + right, y + down) for x, y in stroke] for stroke in signed]
    assert drawn(moved) == drawn(signed)


def test_a_square_on_the_pad_is_a_square_in_the_picture() -> None:
    # the pad is 12 : 5, so its width in per mille is 5/12 of its height
    left, right, top, bottom = box(drawn((((100, 0), (350, 0), (350, 600), (100, 600), (100, 0)),)))
    assert right - left == bottom - top == 160 - 2 * MARGIN + 1


def test_points_off_the_pad_are_set_on_its_edge() -> None:
    assert drawn((((-50, 2000), (1001, -1)),)) == drawn((((0, 1000), (1000, 0)),))


def test_a_stroke_is_smoothed() -> None:
    """A ring of 16 points: the outermost ink of a polygon with these corners is its corners, of a ring it is not."""
    ring = [(round(500 + 200 * cos(at * pi / 8)), round(500 + 480 * sin(at * pi / 8))) for at in range(17)]
    ink = dots(drawn((ring,)))
    middle_x, middle_y = (min(x for x, _ in ink) + max(x for x, _ in ink)) / 2, (min(y for _, y in ink) + 158) / 2
    far = [hypot(x - middle_x, y - middle_y) for x, y in ink]
    assert max(far) - min(far) < 6  # the line's own three, and less than the polygon's 1.5 more


def test_a_thin_pen_is_one_dot_wide() -> None:
    picture = drawn((((0, 0), (1000, 0)),), 17, 13, pen=THIN_PEN)
    assert dots(picture) == {(x, 6) for x in range(MARGIN, 17 - MARGIN)}


@given(strokes)
def test_thin_ink_is_the_middle_of_the_other(signed: Any) -> None:
    thin = dots(drawn(signed, pen=THIN_PEN))
    assert dots(drawn(signed)) == {(x + dx, y + dy) for x, y in thin for dx, dy in PEN}


def written(chance: Random, across: int, down: int, many: int) -> list[list[tuple[int, int]]]:
    """Rows of characters all over the pad, one stroke of so many points each."""
    return [
        [
            (
                round((column + 0.9 * chance.random()) * 1000 / across),
                round((row + 0.9 * chance.random()) * 1000 / down),
            )
            for _ in range(many)
        ]
        for row in range(down)
        for column in range(across)
    ]


writing = st.builds(
    written, st.integers(0, 2**32).map(Random), st.integers(1, 24), st.integers(1, 10), st.integers(1, 9)
)


@settings(max_examples=40, deadline=None)
@given(writing)
@example(written(Random(1), 24, 8, 4))
@example(written(Random(1), 20, 8, 8))
def test_any_scribble_is_sent_within_its_field_or_signed_again(signed: Any) -> None:
    """Debian's jbgtopbm is the second opinion on what is sent: one of the two pens, dot for dot."""
    pens = [drawn(signed, pen=pen) for pen in (PEN, THIN_PEN)]
    try:
        raw = sent(signed, CODER.encode)
    except TooLong:
        assert all(len(CODER.encode(picture)) > SIGNATURE_MOST for picture in pens)
        return
    assert len(raw) <= SIGNATURE_MOST
    read = subprocess.run(["jbgtopbm", "-"], input=raw, capture_output=True, check=True, timeout=10).stdout
    assert read in [b"P4\n%10d\n%10d\n" % (224, 160) + picture.bits for picture in pens]


def test_the_usual_pen_is_taken_as_long_as_it_fits() -> None:
    name = written(Random(1), 3, 1, 8)
    assert sent(name, CODER.encode) == CODER.encode(drawn(name))


def test_close_writing_is_sent_with_the_thin_pen() -> None:
    close = written(Random(1), 24, 8, 4)
    assert len(CODER.encode(drawn(close))) > SIGNATURE_MOST
    assert CODER.decode(sent(close, CODER.encode)) == drawn(close, pen=THIN_PEN)


def test_a_page_of_close_writing_is_signed_again() -> None:
    with pytest.raises(TooLong):
        sent(written(Random(1), 20, 8, 8), CODER.encode)


def test_nothing_drawn_is_nothing_to_send() -> None:
    with pytest.raises(NothingDrawn):
        sent((), CODER.encode)


@pytest.mark.parametrize("signed", [(), ((),), ((), ())])
def test_nothing_drawn_is_no_signature(signed: Any) -> None:
    with pytest.raises(NothingDrawn):
        drawn(signed)


def test_strokes_are_what_a_front_reports() -> None:
    event = msgspec.json.decode(b'{"type":"stroke","points":[[0,0],[1000,1000]]}', type=StrokeDrawn)
    assert drawn((event.points,)) == drawn((((0, 0), (1000, 1000)),))


def test_a_picture_needs_room_inside_its_margin() -> None:
    assert drawn((((0, 0), (1000, 1000)),), 9, 9).height == 9
    with pytest.raises(ValueError, match="room"):
        drawn((((0, 0), (1000, 1000)),), 224, 8)


@pytest.mark.parametrize(
    ("width", "height", "bits"),
    [
        (0, 1, b""),
        (1, 0, b""),
        (8, 2, b"\0"),
        (8, 1, b"\0\0"),
        (9, 1, b"\xff"),
        (7, 1, b"\x01"),
        (9, 2, b"\0\0\xff\x40"),
    ],
)
def test_bits_that_are_not_a_picture_are_refused(width: int, height: int, bits: bytes) -> None:
    with pytest.raises(ValueError, match="picture"):
        Picture(width, height, bits)


def test_no_repr_shows_a_signature_or_a_card() -> None:
    shown = repr(drawn((((0, 0), (1000, 1000)),))) + repr(msgspec.structs.replace(REFUND, expiry="3012"))
    assert shown == "Picture(224 x 160)ReceiptElements(kind_text='退货')"


# --- the receipt elements --------------------------------------------------------------------------------------------
def test_the_elements_of_a_refund_byte_by_byte() -> None:
    """By hand from cup.md 5.2; the GBK of 原路商店 and 退货 by iconv."""
    assert receipt_elements(msgspec.structs.replace(REFUND, original_date="0420", acquirer="01020000")).hex(" ") == (
        "ff 00 08 d4 ad c2 b7 c9 cc b5 ea "
        "ff 01 04 cd cb bb f5 "
        "ff 02 01 01 "
        "ff 03 0b 30 31 30 32 30 30 30 30 20 20 20 "
        "ff 06 07 20 26 04 27 10 30 00 "
        "ff 09 03 20 20 20 "
        "ff 0a 03 31 35 36 "
        "ff 62 06 09 19 47 14 50 60 "
        "ff 63 02 04 20 "
        "ff 70 01 02"
    )


def forms(element: Element) -> st.SearchStrategy[str]:
    """Every text an element can carry whole, and "" where it may be absent."""
    printable = st.characters(min_codepoint=0x20, max_codepoint=0x7E)
    match element.form:
        case "G":
            chinese = st.text(st.sampled_from("原路退货商店　消费撤销ABC 19"), min_size=1, max_size=20)
            whole = chinese.filter(lambda text: len(text.encode("gbk")) <= element.most)
        case "P":
            whole = st.text(printable, min_size=1, max_size=element.most).map(lambda text: text.rstrip(" ") or " ")
        case "A":
            whole = st.text(printable, min_size=element.least, max_size=element.most)
        case "N":
            whole = st.text(st.sampled_from(sorted(DIGITS)), min_size=element.most * 2, max_size=element.most * 2)
        case _:
            whole = st.binary(min_size=element.least, max_size=element.most).map(lambda data: data.hex().upper())
    return whole if element.is_due else st.just("") | whole


elements_sent = st.builds(ReceiptElements, **{element.name: forms(element) for element in ELEMENTS})


@given(elements_sent)
def test_the_acquirer_reads_what_was_sent(sent: ReceiptElements) -> None:
    raw = receipt_elements(sent)
    assert len(raw) <= ELEMENTS_MOST
    got = decoded(raw)
    spared = [name for name in SPARED if getattr(sent, name) and not getattr(got, name)]
    assert msgspec.structs.replace(got, **{name: getattr(sent, name) for name in spared}) == sent
    # left out in order, and none that would have fitted
    assert spared == [name for name in SPARED if getattr(sent, name)][: len(spared)]
    if spared:
        last = next(element for element in ELEMENTS if element.name == spared[-1])
        value = getattr(sent, last.name)
        assert len(raw) + 3 + len(value.encode("gbk")) > ELEMENTS_MOST


def longest(**changes: str) -> ReceiptElements:
    """Every element as long as it may be."""
    filling = {"G": "退" * 20, "P": "X" * 40, "A": "X" * 40, "N": "1" * 40, "B": "AB" * 40}
    sizes = {"G": 20, "P": 1, "A": 1, "N": 2, "B": 2}
    full = {
        element.name: filling[element.form][: element.most * sizes[element.form]]
        for element in ELEMENTS
        if element.name not in changes
    }
    return ReceiptElements(**full, **changes)


def test_what_is_too_long_loses_the_remark_first_then_the_labels() -> None:
    def kept(elements: ReceiptElements) -> list[str]:
        return [name for name in SPARED if getattr(decoded(receipt_elements(elements)), name)]

    assert SPARED == ("remark", "preferred_name", "application_label")
    assert kept(longest()) == []
    assert kept(longest(acquirer="")) == ["application_label"]
    assert kept(longest(acquirer="", issuer="")) == ["preferred_name", "application_label"]
    assert kept(longest(kind_text="退货", issuer="", original_terminal_id="", aid="")) == list(SPARED)


def test_without_what_can_be_spared_everything_fits() -> None:
    assert len(receipt_elements(longest(**dict.fromkeys(SPARED, "")))) == 243 <= ELEMENTS_MOST
    assert sum(3 + element.most for element in ELEMENTS if element.name not in SPARED) == 243


def test_the_table_is_the_struct_and_tags_ascend() -> None:
    assert {element.name for element in ELEMENTS} == set(ReceiptElements.__struct_fields__)
    tags = [element.tag for element in ELEMENTS]
    assert tags == sorted(set(tags))


@given(st.text(st.sampled_from("退A"), min_size=1, max_size=60))
def test_text_is_cut_between_characters(name: str) -> None:
    got = decoded(receipt_elements(msgspec.structs.replace(REFUND, merchant_name=name))).merchant_name
    assert name.startswith(got)
    assert len(got.encode("gbk")) <= 40
    assert got == name or len((got + name[len(got)]).encode("gbk")) > 40


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("merchant_name", ""),
        ("merchant_name", "\N{GRINNING FACE}"),
        ("kind_text", ""),
        ("operator", "1"),
        ("operator", "A1"),
        ("operator", "1 "),
        ("at", "202604271030"),
        ("copies", "2"),
        ("acquirer", "中国银行"),
        ("acquirer", "X" * 12),
        ("approval_code", "1234567"),
        ("approval_code", "12\n"),
        ("currency", ""),
        ("expiry", "31 2"),
        ("original_rrn", "09194714506A"),
        ("original_rrn", "091947145"),
        ("cryptogram", "AB" * 7),
        ("cryptogram", "AB" * 7 + "A"),
        ("cryptogram", "AB" * 7 + " A"),
        ("aid", "A0000003"),
        ("application_label", "X" * 17),
        ("application_label", "é"),
    ],
)
def test_what_cannot_be_encoded_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(ElementRefused, match=f"^{name} ") as refused:
        receipt_elements(msgspec.structs.replace(REFUND, **{name: value}))
    assert not value or value not in str(refused.value)


SENT = receipt_elements(REFUND)


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "merchant_name is missing"),
        (SENT[:-4], "copies is missing"),
        (SENT + SENT[:11], "merchant_name comes twice"),
        (SENT + b"\xff\x05\x02\x31", "in the middle"),
        (SENT + b"\xff\x05", "in the middle"),
        (SENT + b"\xff\x05\x01\x31", "expiry has 1 bytes"),
        (SENT + b"\xff\x05\x02\x3a\x12", "expiry is not of its form"),
        (SENT + b"\xff\x40\x01\x81", "remark is not of its form"),
        (SENT + b"\xff\x40\x00", "remark has 0 bytes"),
        (SENT + b"\xff\x07\x0612345\x07", "approval_code is not of its form"),
        (SENT + b"\xff\x30\x01\xe9", "application_label is not of its form"),
    ],
)
def test_the_acquirer_refuses_what_is_wrong(raw: bytes, why: str) -> None:
    with pytest.raises(ElementRefused, match=why):
        decoded(raw)


def test_the_acquirer_passes_over_tags_that_are_not_ours() -> None:
    assert decoded(b"\xff\x26\x04\x01\x02\x03\x04" + SENT + b"\xff\x82\x00") == REFUND


@given(st.binary(max_size=60), st.integers(0, len(SENT)))
def test_whatever_comes_is_read_or_refused(noise: bytes, at: int) -> None:
    raw = SENT[:at] + noise + SENT[at:]
    try:
        got = decoded(raw)
    except ElementRefused:
        return
    assert decoded(receipt_elements(got)) == got
