"""The wire against messages of real lines, and against pyiso8583 as an independent second opinion."""

import contextlib

import iso8583
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.algorithms.mac import cup_mac
from keys.algorithms.working_keys import unwrap
from terminal.iso8583 import codec
from terminal.iso8583.cup import CUP
from terminal.iso8583.frame import unpack
from terminal.iso8583.message import Message, WireError, mask_pan
from terminal.ports import KeyRefused
from tests.vectors import cup_messages as vectors

FIELDS = CUP.layout.fields.values()


def encode(message):
    return codec.encode(message, CUP.layout)


def decode(raw):
    return codec.decode(raw, CUP.layout)


def mac_block(message):
    return codec.mac_block(message, CUP.layout)


def body_of(hexed: str) -> bytes:
    frame = bytes.fromhex(hexed)
    assert int.from_bytes(frame[:2]) == len(frame) - 2
    return unpack(frame[2:], CUP.frame).body


@pytest.mark.parametrize("name", vectors.CAPTURED)
def test_captured_message_decodes_and_encodes_byte_for_byte(name):
    body = body_of(vectors.CAPTURED[name])
    assert encode(decode(body)) == body


@pytest.mark.parametrize("name", vectors.CONSTRUCTED)
def test_constructed_message_carries_the_mac_of_the_rule(name):
    body = body_of(vectors.CONSTRUCTED[name])
    message = decode(body)
    assert encode(message) == body
    mac = cup_mac(bytes.fromhex(vectors.CONSTRUCTED_MAK), mac_block(message))
    assert mac == bytes.fromhex(message["mac"])


def test_mac_of_a_real_packet_with_a_known_key():
    body = body_of(vectors.PRIVATE)
    assert cup_mac(b"1" * 8, body[:-8]) == body[-8:] == b"C15DC46C"


def test_working_keys_of_a_real_sign_in():
    message = decode(body_of(vectors.CAPTURED["sign-in answer, known TMK"]))
    keys = unwrap(bytes.fromhex(vectors.KNOWN_TMK), bytes.fromhex(message["private_62"]))
    assert keys["pik"].hex().upper() == "D931648F3DE313A4A22C15DCA4F4299E"
    assert keys["mak"].hex().upper() == "AB7C577CC7A18045"


@pytest.mark.parametrize("place", range(40))
def test_a_key_block_altered_in_one_byte_is_refused_or_harmless(place):
    """A wrong check value refuses the whole block. Only the zero half of the MAK's slot may hide a change: then it is
    taken for a double-length key, whose check value is another one."""
    message = decode(body_of(vectors.CAPTURED["sign-in answer, known TMK"]))
    block = bytearray(bytes.fromhex(message["private_62"]))
    block[place] ^= 0x41
    with pytest.raises(KeyRefused):
        unwrap(bytes.fromhex(vectors.KNOWN_TMK), bytes(block))


def test_pad_nibble_of_the_acquirer_may_be_anything():
    """cup.md 1.4: some acquirers pad F60 with F (captured 0810)."""
    raw = bytes.fromhex("08100000000000000010" + "001100000001003F")
    assert decode(raw)["private_60"] == "00000001003"


def specification():
    """The same table as pyiso8583 wants it."""
    bare = {"len_enc": "bcd", "len_type": 0}
    spec = {
        "h": {**bare, "data_enc": "b", "max_len": 0},
        "t": {**bare, "data_enc": "b", "max_len": 2},
        "p": {**bare, "data_enc": "b", "max_len": 8},
        "1": {**bare, "data_enc": "b", "max_len": 8},
    }
    for field in FIELDS:
        is_text = field.form == "A"
        form = {
            "data_enc": "latin-1" if is_text else "b",
            "len_enc": "bcd",
            "len_type": (field.length_digits + 1) // 2,
            "max_len": field.size,
            "len_count": "bytes" if field.form in "AB" else "nibbles",
        }
        if field.form == "NR":
            form["left_pad"] = "0"
        elif field.form not in "AB":
            form["right_pad"] = "0"
        spec[str(field.number)] = form
    return spec


SPECIFICATION = specification()
DIGITS = "0123456789"


def values(field):
    size = {"min_size": 1 if field.length_digits else field.size, "max_size": field.size}
    if field.form == "A":
        return st.text("ABCDEFGHIJ0123456789", **size)
    if field.form == "B":
        return st.binary(**size).map(lambda raw: raw.hex().upper())
    return st.text(DIGITS, **size)


MESSAGES = st.builds(
    Message,
    st.sampled_from(["0200", "0220", "0400", "0810"]),
    st.fixed_dictionaries({}, optional={field.number: values(field) for field in FIELDS}),
)


@given(MESSAGES)
def test_round_trip_and_second_opinion(message):
    raw = encode(message)
    assert decode(raw) == message
    document = {"t": message.mti} | {str(number): value for number, value in message.fields.items()}
    theirs, _ = iso8583.encode(document, SPECIFICATION)
    assert bytes(theirs) == raw


@given(st.binary(max_size=300))
def test_garbage_raises_only_our_error(raw):
    with contextlib.suppress(WireError):
        assert encode(decode(raw))[:10] == raw[:10]


@given(st.sampled_from(sorted(vectors.CAPTURED)), st.data())
def test_a_captured_message_cut_or_altered_raises_only_our_error(name, data):
    body = bytearray(body_of(vectors.CAPTURED[name]))
    place = data.draw(st.integers(0, len(body) - 1))
    body[place] ^= data.draw(st.integers(1, 255))
    cut = data.draw(st.integers(0, len(body)))
    with contextlib.suppress(WireError):
        decode(bytes(body[:cut]))


def test_what_a_message_shows_of_itself_holds_no_card_data():
    message = decode(body_of(vectors.CAPTURED["chip sale"]))
    for shown in (repr(message), str(message.masked_fields())):
        assert "6224242900000113" not in shown
        assert "6224242900000113D2806201" not in shown
        assert "622424******0113" in shown


def test_a_number_too_short_to_hide_anything_is_hidden_whole():
    assert mask_pan("123456789012") == "*" * 12
    assert mask_pan("6250000000000001") == "625000******0001"
