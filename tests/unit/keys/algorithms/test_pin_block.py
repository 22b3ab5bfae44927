"""PIN blocks of the notes, psec's opinion on them, and what the bank must refuse without showing it."""

import psec.pinblock
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.algorithms.mac import des_encrypt, sm4_encrypt
from keys.algorithms.pin_block import clear_block, pin_block, pin_of
from terminal.ports import KeyRefused

PIK = b"\x22" * 16  # TEST KEY, that of the constructed messages in cup.md 6
SM4_PIK = bytes.fromhex("F351D490994603795C6EBEE8FAEBB481")  # TEST KEY: cup.md 3.8, SM4 worked example
PAN = "6225000000000014"
PINS = st.text("0123456789", min_size=4, max_size=12)
PANS = st.text("0123456789", min_size=13, max_size=19)
CIPHERS = st.sampled_from([("des", 8), ("des", 16), ("sm4", 16)])


@pytest.mark.parametrize(
    ("pan", "expected"), [("123456789012345678", "061253DFFEDCBA98"), ("1234567890123456", "0612713176FEDCBA")]
)
def test_clear_blocks_of_cup_md_3_3(pan, expected):
    assert clear_block("123456", pan, 8).hex().upper() == expected


def test_sm4_worked_example():
    """cup.md 3.3 and 3.8."""
    pan = "6230606601007726888"
    assert clear_block("123654", pan, 16).hex().upper() == "06123654FFFFFFFFFFFF99FEFF88D977"
    block = pin_block(SM4_PIK, "123654", pan, "sm4")
    assert block.hex().upper() == "CD01D6AD8F0A484C52A9364A0595AD60"
    assert pin_of(SM4_PIK, block, pan, "sm4") == "123654"


def test_the_pin_block_of_the_constructed_sale():
    """cup.md 6: sale, swiped, PIN 123456, PIK 22 x 16."""
    assert pin_block(PIK, "123456", PAN).hex().upper() == "6E83D8C871679F76"


def test_without_pan_the_block_is_the_pin_field():
    assert clear_block("1234", "", 8).hex().upper() == "041234FFFFFFFFFF"
    block = pin_block(PIK, "1234", "")
    assert block == des_encrypt(PIK, bytes.fromhex("041234FFFFFFFFFF"))
    assert pin_of(PIK, block, "") == "1234"


def test_a_short_pan_is_filled_with_zeros():
    assert clear_block("1234", "62500001", 8).hex().upper() == "041234FFF9DAFFFF"


@given(PINS, PANS)
def test_clear_block_second_opinion(pin, pan):
    assert clear_block(pin, pan, 8) == psec.pinblock.encode_pinblock_iso_0(pin, pan)


@given(CIPHERS, st.data(), PINS, PANS | st.just(""))
def test_the_bank_reads_the_pin_that_was_typed(kind, data, pin, pan):
    cipher, size = kind
    key = data.draw(st.binary(min_size=size, max_size=size))
    block = pin_block(key, pin, pan, cipher)
    assert len(block) == {"des": 8, "sm4": 16}[cipher]
    assert pin_of(key, block, pan, cipher) == pin


CLEAR = {
    "format 1": "1412347895ABCDEF",
    "format 2": "241234FFFFFFFFFF",
    "format 3": "341234ABCDEFABCD",
    "3 digits": "03123FFFFFFFFFFF",
    "13 digits": "0D1234567890123F",
    "a letter in the PIN": "04123AFFFFFFFFFF",
    "fill that is none": "041234FFFFFFFFF0",
    "zeros": "0000000000000000",
}


@pytest.mark.parametrize("name", CLEAR)
def test_what_is_no_format_0_block_is_refused_and_not_shown(name):
    for cipher, key, encrypt in (("des", PIK, des_encrypt), ("sm4", SM4_PIK, sm4_encrypt)):
        clear = bytes.fromhex(CLEAR[name]).ljust({"des": 8, "sm4": 16}[cipher], b"\xff")
        with pytest.raises(KeyRefused) as refused:
            pin_of(key, encrypt(key, clear), "", cipher)
        assert str(refused.value) == "this is no PIN block of format 0"


def test_another_pan_or_key_does_not_open_the_block():
    block = pin_block(PIK, "1234", PAN)
    for key, pan in ((PIK, "6225000000900014"), (PIK, ""), (bytes(16), PAN)):
        with pytest.raises(KeyRefused):
            pin_of(key, block, pan)


@pytest.mark.parametrize("size", [0, 7, 9, 16])
def test_a_block_of_another_size(size):
    with pytest.raises(KeyRefused, match=f"{size} bytes"):
        pin_of(PIK, bytes(size), PAN)


@pytest.mark.parametrize("pin", ["", "847", "8471928471928", "8471x", "84 71", "８４７１", "-8471", "84.71"])
def test_a_pin_that_is_none_is_refused_and_not_shown(pin):
    with pytest.raises(KeyRefused) as refused:
        pin_block(PIK, pin, PAN)
    assert str(refused.value) == "a PIN is 4 to 12 digits"
    assert refused.value.__context__ is None


@pytest.mark.parametrize("pan", ["6225000", "62250000000000140000", "6225=0000", "６２２５００００００００００１４"])
def test_a_pan_that_is_none_is_refused_and_not_shown(pan):
    with pytest.raises(KeyRefused) as refused:
        pin_block(PIK, "847192", pan)
    assert str(refused.value) == "a PAN is 8 to 19 digits"


def test_no_pin_block_under_aes():
    for work in (lambda: pin_block(bytes(16), "1234", PAN, "aes"), lambda: pin_of(bytes(16), bytes(16), PAN, "aes")):
        with pytest.raises(KeyRefused, match="only under des, sm4"):
            work()
