"""No input makes a decoder of the wire raise anything but its own error, hang, or take memory out of proportion.

The laws are in tests/fuzz/wire_laws.py; `make fuzz` drives them by coverage.
"""

import tracemalloc

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from terminal.iso8583.answers import reply
from terminal.iso8583.codec import decode, encode
from terminal.iso8583.cup import CUP
from terminal.iso8583.frame import unpack
from terminal.iso8583.message import Message, WireError
from tests.fuzz.wire_laws import DIALECTS, FORMS, LAWS, any_body, any_frame, any_length, any_list, any_totals, feed
from tests.vectors import cup_messages as vectors

BODIES = [unpack(bytes.fromhex(one)[2:], CUP.frame).body for one in vectors.CAPTURED.values()]
dialects = st.sampled_from(DIALECTS)
MOST_A_BYTE, MOST_ANYHOW = 64, 32_768  # bytes of memory for a byte of input, and for the smallest


def values(field):
    """Of the field's form, with the oddest bytes a line may bring."""
    size = {"min_size": 0 if field.length_digits else field.size, "max_size": field.size}
    if field.form == "B":
        return st.binary(**size).map(lambda raw: raw.hex().upper())
    if field.form == "A":
        return st.text(st.characters(max_codepoint=255), **size)
    return st.text("0123456789", **size)


@st.composite
def bodies(draw):
    """A message of the dialect, whole or with bytes changed, cut off or added."""
    dialect = draw(dialects)
    form = {field.number: values(field) for field in dialect.layout.fields.values()}
    message = Message(draw(st.sampled_from(["0210", "0230", "0510", "0810"])), {})
    message = Message(message.mti, draw(st.fixed_dictionaries({}, optional=form)))
    raw = bytearray(encode(message, dialect.layout))
    for _ in range(draw(st.integers(0, 3))):
        raw[draw(st.integers(0, len(raw) - 1))] = draw(st.integers(0, 255))
    return dialect, bytes(raw)[: draw(st.integers(0, len(raw)))] if draw(st.booleans()) else bytes(raw)


@settings(max_examples=300)
@given(bodies())
def test_what_is_nearly_a_message(made):
    dialect, raw = made
    any_body(raw, dialect)


@given(dialects, st.binary(max_size=2048))
def test_what_is_no_message(dialect, raw):
    any_body(raw, dialect)


@given(dialects, st.sampled_from(BODIES), st.integers(0, 2000), st.integers(0, 255), st.integers(0, 2000))
def test_what_a_line_said_altered_and_cut(dialect, body, place, byte, cut):
    raw = bytearray(body)
    raw[place % len(raw)] = byte
    any_body(bytes(raw[: cut % len(raw)]), dialect)
    any_body(bytes(raw), dialect)


@given(st.sampled_from(FORMS), st.binary(max_size=100).map(lambda raw: b"\x60" + raw) | st.binary(max_size=100))
def test_any_frame(form, raw):
    any_frame(raw, form)


ODD_DIGITS = "0123456789²³¹ +-_\u00e9"  # some of them are digits to Python


@given(
    st.text("0123456789²³¹ +-_\u00e9", min_size=62, max_size=62)
    | st.text(st.characters(max_codepoint=255), max_size=330)
)
@example("²" * 62)
@example("01" + "²" * 40)
@example(" 1" + "0" * 40)
def test_any_totals(text):
    any_totals(text.encode("latin-1"))


@given(st.binary(max_size=6))
@example("²²²²".encode("latin-1"))
@example(b" 114")
@example(b"+114")
def test_any_length(raw):
    any_length(raw)


@given(st.binary(max_size=300) | st.text("0129F8()\u00b2", max_size=100).map(lambda text: text.encode("latin-1")))
def test_any_list(raw):
    any_list(raw)


@given(st.binary(min_size=1, max_size=200))
def test_any_input_to_any_law(data):
    feed(data)


def test_every_law_is_reached():
    reached = []
    for law in range(len(LAWS)):
        feed(bytes([law]))
        reached.append(LAWS[law % len(LAWS)])
    assert set(reached) == set(LAWS)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_odd_balance_is_no_balance(dialect):
    """² is a digit to Python and no number."""
    said = Message("0210", {39: "00", 54: "1002156C00000000000²"})
    assert reply(dialect, decode(encode(said, dialect.layout), dialect.layout)).balance is None


# --- what a codec must not let pass ----------------------------------------------------------------------------------
@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "fields",
    [{42: "测试商户000000000"}, {44: "€"}, {52: "11 22 33 44 55 66 77"}, {64: "112233445566778 "}, {55: "9f 26 01"}],
)
def test_what_would_arrive_as_something_else_is_refused(dialect, fields):
    (number,) = fields
    with pytest.raises(WireError, match=f"field {number}"):
        encode(Message("0200", fields), dialect.layout)


def test_a_track_with_a_space_is_refused_where_digits_are_packed():
    with pytest.raises(WireError, match="field 35"):
        encode(Message("0200", {35: "62 50"}), CUP.layout)


@pytest.mark.parametrize("bitmap", [b"7024048002C0 801", b"7024 4048002C080", b"+024048002C08015", b"70_4048002C08015"])
def test_a_bitmap_that_is_not_hex_is_none(bitmap):
    with pytest.raises(WireError, match="not hex"):
        decode(b"0200" + bitmap + b"0" * 100, DIALECTS[1].layout)


# --- memory ----------------------------------------------------------------------------------------------------------
def taken(raw, dialect):
    tracemalloc.start()
    try:
        with_error = None
        try:
            message = decode(raw, dialect.layout)
            reply(dialect, message)
        except WireError as error:
            with_error = error
        _, most = tracemalloc.get_traced_memory()
        return most, with_error
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("dialect", DIALECTS)
def test_memory_is_in_proportion(dialect):
    longest = {
        field.number: ("9" * field.size if field.form != "B" else "FF" * field.size)
        for field in dialect.layout.fields.values()
    }
    shortest = {
        number: "" if dialect.layout.fields[number].length_digits else value for number, value in longest.items()
    }
    for fields in (longest, shortest, {}):
        raw = encode(Message("0210", fields), dialect.layout)
        most, wrong = taken(raw, dialect)
        assert wrong is None
        assert most <= MOST_A_BYTE * len(raw) + MOST_ANYHOW
    bits = bytes([0xFF]) * dialect.layout.bitmap_size
    for claim in (b"\x99" * 4096, b"9" * 4096, bytes(1 << 20)):  # lengths that promise more than there is
        mti = b"0210" if dialect.layout.is_ascii else b"\x02\x10"
        most, wrong = taken(mti + bits + claim, dialect)
        assert isinstance(wrong, WireError)
        assert most <= MOST_ANYHOW
