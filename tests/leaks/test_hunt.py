"""The hunt itself. Law: a secret hidden among random bytes is found in every form, and without one nothing is."""

import base64
import json
import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.leaks import encodings, hunt

PANS = st.text("0123456789", min_size=13, max_size=19)
KEYS = st.binary(min_size=16, max_size=16)
PINS = st.text("0123456789", min_size=4, max_size=9)
NOISE = st.binary(max_size=60)
SEPARATORS = st.sampled_from(["", " ", "-", ".", "/", "\n", ":"])
SHARED = st.sampled_from("0123456789ABCDEF")
WRITERS = {  # written by nobody of the hunt: these are Python's own
    "ascii": lambda text: text.encode(),
    "utf-16-le": lambda text: text.encode("utf-16-le"),
    "utf-16-be": lambda text: text.encode("utf-16-be"),
    "utf-32-le": lambda text: text.encode("utf-32-le"),
    "hex": lambda text: text.encode().hex().encode(),
    "HEX": lambda text: text.encode().hex(":").upper().encode(),
    "escaped": lambda text: "".join(f"\\x{ord(one):02x}" for one in text).encode(),
    "numbers": lambda text: json.dumps(list(text.encode())).encode(),
    "hex in utf-16": lambda text: text.encode().hex().encode("utf-16-le"),
}


def found(secret, haystack):
    return bool(hunt.search("here", haystack, [secret]))


@pytest.mark.parametrize("writer", WRITERS)
@given(pan=PANS, before=NOISE, after=NOISE)
@settings(max_examples=60)
def test_a_number_written_in_any_way_is_found(writer, pan, before, after):
    assert found(encodings.number("pan", pan), before + WRITERS[writer](pan) + after)


@given(pan=PANS, before=NOISE, after=NOISE, between=SEPARATORS, group=st.integers(1, 5))
def test_a_number_in_groups_is_found(pan, before, after, between, group):
    grouped = between.join(pan[start : start + group] for start in range(0, len(pan), group))
    assert found(encodings.number("pan", pan), before + grouped.encode() + after)


@given(pan=PANS, before=NOISE, after=NOISE, first=SHARED, last=SHARED, is_shifted=st.booleans())
def test_a_number_in_bcd_is_found_on_either_nibble(pan, before, after, first, last, is_shifted):
    nibbles = (first if is_shifted else "") + pan
    nibbles += last if len(nibbles) % 2 else ""
    assert found(encodings.number("pan", pan), before + bytes.fromhex(nibbles) + after)


@given(pan=PANS, before=NOISE, after=NOISE, is_bcd=st.booleans(), is_url=st.booleans(), is_wrapped=st.booleans())
def test_a_number_in_base64_is_found_wherever_it_stands(pan, before, after, is_bcd, is_url, is_wrapped):
    body = bytes.fromhex(pan[: len(pan) // 2 * 2]) if is_bcd else pan.encode()
    encode = base64.urlsafe_b64encode if is_url else base64.encodebytes if is_wrapped else base64.b64encode
    assert found(encodings.number("pan", pan), b"<" + encode(before + body + after) + b">")


def test_base64_of_either_alphabet_and_in_lines_is_found():
    pan, raw = "6210948271828184590", bytes.fromhex("FBEFBEFFFFBE00112233445566778899")
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        assert found(encodings.key("key", raw), encode(raw))
    assert b"+" in base64.b64encode(raw)
    lines = base64.encodebytes(bytes(50) + pan.encode())
    assert b"\n" in lines.rstrip(b"\n")
    assert found(encodings.number("pan", pan), lines)


def test_what_stands_far_off_is_not_beside():
    assert found(encodings.pin("pin", "739154"), b"739154" + bytes(64) + b"1")


@given(key=KEYS, before=NOISE, after=NOISE, writer=st.sampled_from(["raw", "hex", "HEX", "escaped", "b64", "list"]))
@example(bytes(range(0x61, 0x71)), b"", b"", "raw")
def test_a_key_written_in_any_way_is_found(key, before, after, writer):
    written = {
        "raw": before + key + after,
        "hex": before + key.hex(" ").encode("utf-16-be") + after,
        "HEX": before + key.hex().upper().encode() + after,
        "escaped": repr(b"\xff" + key + b"\xff").encode(),
        "b64": base64.b64encode(before + key + after),
        "list": json.dumps([*before, *key, *after]).encode(),
    }
    has_quotes = b"'" in key and b'"' not in key  # repr then quotes with the other one
    assert found(encodings.key("key", key), written[writer]) or (writer == "escaped" and has_quotes)


@given(
    pin=PINS,
    before=NOISE,
    after=NOISE,
    code=st.sampled_from(["ascii", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]),
)
def test_a_pin_is_found_alone_and_not_inside_a_number(pin, before, after, code):
    secret = encodings.pin("pin", pin)
    assert found(secret, before + f"[{pin}]".encode(code) + after)
    assert not found(secret, f"[1{pin}]".encode(code))
    assert not found(secret, f"[{pin}1]".encode(code))


@given(pin=PINS, pan=PANS, before=NOISE, after=NOISE)
def test_a_clear_pin_block_is_found(pin, pan, before, after):
    secret = encodings.pin("pin", pin, (pan,))
    field = bytes.fromhex(f"0{len(pin):X}{pin}".ljust(16, "F"))
    account = bytes.fromhex("0000" + pan[-13:-1])
    block_0 = bytes(one ^ other for one, other in zip(field, account, strict=True))
    block_2 = bytes.fromhex(f"2{len(pin):X}{pin}".ljust(16, "F"))
    for block in (block_0, block_2):
        assert found(secret, before + block + after)
        assert found(secret, before + block.hex().encode() + after)


def test_another_implementations_pin_block_is_found():
    """psec's format 0 (ISO 9564-1, 9.3.2)."""
    import psec.pinblock

    block = psec.pinblock.encode_pinblock_iso_0("1234", "5555555555555555")
    assert found(encodings.pin("pin", "1234", ("5555555555555555",)), b".." + block + b"..")


@given(seed=st.integers(0, 2**32))
@settings(max_examples=20, deadline=None)
def test_random_bytes_hold_nothing(seed):
    chance = random.Random(seed)
    digits = "".join(chance.choices("0123456789", k=16))
    secrets = (
        encodings.number("pan", digits),
        encodings.number("twelve digits", digits[:12]),
        encodings.key("key", chance.randbytes(16)),
        encodings.pin("pin", "739154826", (digits,)),
    )
    assert hunt.search("noise", chance.randbytes(200_000), secrets) == []


def test_nothing_that_is_told_has_the_secret_in_it():
    pan = "6210948271828184"
    secret = encodings.number("pan", pan)
    told = [str(one) + repr(one) for one in hunt.search("here", b"x" + pan.encode() + bytes.fromhex(pan), [secret])]
    assert told
    assert pan not in "".join([*told, repr(secret), repr(secret.needles)])
    assert pan[6:] not in "".join([*told, repr(secret), repr(secret.needles)])
