"""PIN blocks by their formats: published examples, psec's opinion, and what the bank must refuse without showing it."""

from collections import Counter

import psec.pinblock
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.algorithms.block_cipher import AES, DES, cipher_of, xor
from keys.algorithms.pin_block import clear_block
from keys.algorithms.pin_formats import (
    FORMATS,
    clear_block_3,
    format_of,
    pan_field_4,
    pin_block_3,
    pin_block_4,
    pin_field_4,
    pin_of_3,
    pin_of_4,
)
from terminal.ports import KeyRefused

PIK = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")  # TEST KEY
AES_PIK = bytes.fromhex("00112233445566778899AABBCCDDEEFF")  # TEST KEY
PAN = "6225000000000014"
PINS = st.text("0123456789", min_size=4, max_size=12)
PANS = st.text("0123456789", min_size=8, max_size=19)
LONG_PANS = st.text("0123456789", min_size=13, max_size=19)  # psec's formats 0 and 3 know no shorter ones
AES_KEYS = st.sampled_from(AES.key_sizes).flatmap(lambda size: st.binary(min_size=size, max_size=size))
DES_KEYS = st.sampled_from((16, 24)).flatmap(lambda size: st.binary(min_size=size, max_size=size))

# ANSI X9.24-3:2017, test vectors, AES-128 PIN keys of the first three transactions (TEST KEYS); A is the block between
X9_24_3 = [
    (
        "AF8CB133A78F8DC2D1359F18527593FB",
        "DE84127CF6DCA7DFE47BDE89057CB820",
        "A912150391AB65A67E52883D81CE2D15",
    ),
    (
        "D30BDC73EC9714B000BEC66BDB7B6D09",
        "37489F3DB975A040CD1EEE9E68051A44",
        "52A00503BD34BA1383F6A7EE9FE2547F",
    ),
    ("7D69F01F3B45449F62C7816ECE723268", "", "A5A27E82B43A9A866A93D7ABE89CEF93"),
]


def always(text):
    return lambda size: bytes.fromhex(text)[:size]


def key_of(name):
    return AES_PIK if FORMATS[name].cipher == "aes" else PIK


def sealed(name):
    """A block of PIN 847192 that is the same in every run."""
    if name in ("iso-3", "iso-4"):
        seal = {"iso-3": pin_block_3, "iso-4": pin_block_4}[name]
        return seal(key_of(name), "847192", PAN, always("0102030405060708090A"))
    return format_of(name).seal(key_of(name), "847192", PAN)


@pytest.mark.parametrize(("key", "between", "expected"), X9_24_3)
def test_format_4_of_x9_24_3(key, between, expected):
    key, chance = bytes.fromhex(key), always("2F69ADDE2E9E7ACE")
    assert pin_field_4("1234", chance).hex().upper() == "441234AAAAAAAAAA2F69ADDE2E9E7ACE"
    assert pan_field_4("4111111111111111").hex().upper() == "44111111111111111000000000000000"
    assert AES.encrypt(key, pin_field_4("1234", chance)).hex().upper().startswith(between)
    assert pin_block_4(key, "1234", "4111111111111111", chance).hex().upper() == expected
    assert pin_of_4(key, bytes.fromhex(expected), "4111111111111111") == "1234"


@pytest.mark.parametrize(
    ("pan", "expected"),
    [
        ("112233445566778899", "61122334455667788990000000000000"),  # psec, its documentation
        ("432198765432109870", "64321987654321098700000000000000"),  # moov-io/pinblock, its tests
        ("411111111111111", "34111111111111110000000000000000"),  # openemv/pinblock, its tests, and the next
        ("123456789", "00001234567890000000000000000000"),
        ("6225000000000000014", "76225000000000000014000000000000"),
    ],
)
def test_pan_fields_of_format_4(pan, expected):
    assert pan_field_4(pan).hex() == expected


def test_a_format_4_block_of_psec_s_documentation():
    assert pin_of_4(AES_PIK, bytes.fromhex("E4BE5B623AF7E006AC319E5B93544564"), "1234567890123456") == "1234"


def test_format_3_as_ibm_explains_it():
    """IBM, CCA PIN block formats, ISO-3; the PAN there is told without its check digit."""
    made = clear_block_3("123456", "1112223334445550", always("0005010402030302"))
    assert made.hex().upper() == "361216759CFA8889"


def test_format_3_as_eftlab_explains_it():
    """EFTlab, complete list of PIN blocks, ISO-3."""
    block = DES.encrypt(PIK, bytes.fromhex("3412ACC9B98CDF43"))
    assert pin_of_3(PIK, block, "43219876543210987") == "1234"


@given(PINS, LONG_PANS, DES_KEYS)
def test_format_3_second_opinion(pin, pan, key):
    clear = DES.decrypt(key, pin_block_3(key, pin, pan))
    assert psec.pinblock.decode_pinblock_iso_3(clear, pan) == pin
    assert pin_of_3(key, DES.encrypt(key, psec.pinblock.encode_pinblock_iso_3(pin, pan)), pan) == pin


@given(PINS, PANS, AES_KEYS)
def test_format_4_second_opinion(pin, pan, key):
    assert psec.pinblock.decipher_pinblock_iso_4(key, pin_block_4(key, pin, pan), pan) == pin
    assert pin_of_4(key, psec.pinblock.encipher_pinblock_iso_4(key, pin, pan), pan) == pin
    assert pan_field_4(pan) == psec.pinblock.encode_pan_field_iso_4(pan)


@given(PINS, LONG_PANS, DES_KEYS)
def test_format_0_second_opinion(pin, pan, key):
    block = format_of("iso-0").seal(key, pin, pan)
    assert psec.pinblock.decode_pinblock_iso_0(DES.decrypt(key, block), pan) == pin
    assert format_of("iso-0").read(key, block, pan) == pin


@given(st.sampled_from(list(FORMATS)), PINS, PANS)
def test_the_bank_reads_the_pin_that_was_typed(name, pin, pan):
    form, key = format_of(name), key_of(name)
    block = form.seal(key, pin, pan)
    assert len(block) == cipher_of(form.cipher).block
    assert form.read(key, block, pan) == pin


def test_format_3_fills_fairly():
    """Of 256 bytes each letter gets as many; the four that would tip the scales are thrown again."""
    firsts = Counter()
    for byte in range(256):
        throws = iter([bytes([byte]) * 10, bytes(10)])
        made = clear_block_3("1234", "00000000", lambda _, throws=throws: next(throws)).hex()
        firsts[made[6]] += 1
        assert len(list(throws)) == (byte < 252)
    assert firsts == {"a": 42 + 4, "b": 42, "c": 42, "d": 42, "e": 42, "f": 42}


@pytest.mark.parametrize("name", ["iso-3", "iso-4"])
def test_two_blocks_of_one_pin_differ(name):
    assert len({format_of(name).seal(key_of(name), "1234", PAN) for _ in range(50)}) == 50


def test_format_4_asks_for_8_bytes_of_chance():
    assert pin_field_4("123456789012", lambda size: b"\x5a" * size).hex() == "4c123456789012aa" + "5a" * 8


@pytest.mark.parametrize("name", FORMATS)
def test_every_altered_byte_is_refused(name):
    """For these keys and this chance; docs of the module say how often another block would pass."""
    form, key, block = format_of(name), key_of(name), sealed(name)
    for place in range(len(block)):
        for change in range(1, 256):
            altered = bytearray(block)
            altered[place] ^= change
            with pytest.raises(KeyRefused) as refused:
                form.read(key, bytes(altered), PAN)
            assert str(refused.value) == f"this is no PIN block of format {name[4]}"


@pytest.mark.parametrize("name", FORMATS)
def test_another_key_is_refused(name):
    form, key, block = format_of(name), key_of(name), sealed(name)
    for bit in (2, 4, 64):  # 1 is the parity of a DES key, which no cipher reads
        other = bytes([key[0] ^ bit]) + key[1:]
        with pytest.raises(KeyRefused, match="no PIN block"):
            form.read(other, block, PAN)


def other_pans(pan):
    for place, digit in enumerate(pan):
        for other in set("0123456789") - {digit}:
            yield pan[:place] + other + pan[place + 1 :]
    yield from (pan + "0", "0" + pan, pan[1:], pan[:-1], pan[::-1])


def test_format_4_refuses_every_other_pan():
    block = pin_block_4(AES_PIK, "123456789012", PAN, always("0102030405060708"))
    for other in other_pans(PAN):
        with pytest.raises(KeyRefused, match="format 4"):
            pin_of_4(AES_PIK, block, other)


def test_format_0_notices_another_pan_in_its_fill_only():
    """4 digits of PIN meet the first 2 of the 12 digits: these can make another PIN; the rest meets the fill."""
    form = format_of("iso-0")
    block = form.seal(PIK, "1234", PAN)
    noticed, part = set(), range(len(PAN) - 13, len(PAN) - 1)
    for place in range(len(PAN)):
        other = PAN[:place] + ("1" if PAN[place] != "1" else "0") + PAN[place + 1 :]
        try:
            form.read(PIK, block, other)
        except KeyRefused:
            noticed.add(place)
    assert noticed == set(part[2:])


def test_format_3_cannot_know_every_other_pan():
    """Fill A and 1 in the PAN is fill B and 0: so format 3 is no check of the PAN."""
    block = pin_block_3(PIK, "1234", "6225000000000014", always("00" * 10))
    assert pin_of_3(PIK, block, "6225000000000004") == "1234"
    with pytest.raises(KeyRefused):
        pin_of_3(PIK, block, "6225000000000084")  # A XOR 9


CLEAR = {
    "format 0": "041234FFFFFFFFFF",
    "format 1": "1412347895ABCDEF",
    "format 2": "241234FFFFFFFFFF",
    "format 5": "541234AAAAAAAAAA",
    "3 digits": "{}3123AAAAAAAAAAA",
    "13 digits": "{}D1234567890123A",
    "15 digits": "{}F1234567890123A",
    "a letter in the PIN": "{}4123AAAAAAAAAAA",
    "a digit in the fill": "{}41234AAAAAAAAA9",
    "zeros": "0000000000000000",
}


@pytest.mark.parametrize("name", CLEAR)
def test_what_is_no_block_is_refused_and_not_shown(name):
    pan = "00000000"
    block_3 = DES.encrypt(PIK, bytes.fromhex(CLEAR[name].format(3)))
    inner = AES.encrypt(AES_PIK, bytes.fromhex(CLEAR[name].format(4)) + bytes(8))
    block_4 = AES.encrypt(AES_PIK, xor(inner, pan_field_4(pan)))
    for read, key, block, number in ((pin_of_3, PIK, block_3, 3), (pin_of_4, AES_PIK, block_4, 4)):
        with pytest.raises(KeyRefused) as refused:
            read(key, block, pan)
        assert str(refused.value) == f"this is no PIN block of format {number}"


def test_one_format_is_not_read_as_another():
    clear_0, clear_3 = clear_block("1234", PAN, 8), clear_block_3("1234", PAN, always("00" * 10))
    with pytest.raises(KeyRefused, match="format 3"):
        pin_of_3(PIK, DES.encrypt(PIK, clear_0), PAN)
    with pytest.raises(KeyRefused, match="format 0"):
        format_of("iso-0").read(PIK, DES.encrypt(PIK, clear_3), PAN)
    with pytest.raises(KeyRefused, match="format 4"):
        pin_of_4(PIK, format_of("iso-0-sm4").seal(PIK, "1234", PAN), PAN)


def test_fill_f_of_format_4_is_none():
    """Format 4 fills with A alone, where format 3 takes A to F."""
    field = bytes.fromhex("441234AAAAAAAAAF") + bytes(8)
    block = AES.encrypt(AES_PIK, xor(AES.encrypt(AES_PIK, field), pan_field_4(PAN)))
    with pytest.raises(KeyRefused, match="format 4"):
        pin_of_4(AES_PIK, block, PAN)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("pin", ["", "847", "8471928471928", "8471x", "84 71", "８４７１"])
def test_a_pin_that_is_none_is_refused_and_not_shown(name, pin):
    with pytest.raises(KeyRefused) as refused:
        format_of(name).seal(key_of(name), pin, PAN)
    assert str(refused.value) == "a PIN is 4 to 12 digits"
    assert refused.value.__context__ is None


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("pan", ["6225000", "62250000000000140000", "6225=0000", "６２２５００００００００００１４"])
def test_a_pan_that_is_none_is_refused_and_not_shown(name, pan):
    form, key = format_of(name), key_of(name)
    block = form.seal(key, "847192", PAN)
    for work in (lambda: form.seal(key, "847192", pan), lambda: form.read(key, block, pan)):
        with pytest.raises(KeyRefused) as refused:
            work()
        assert str(refused.value) == "a PAN is 8 to 19 digits"


@pytest.mark.parametrize("name", FORMATS)
def test_without_pan_there_is_format_0_only(name):
    form, key = format_of(name), key_of(name)
    if name.startswith("iso-0"):
        assert form.read(key, form.seal(key, "1234", ""), "") == "1234"
        return
    for work in (lambda: form.seal(key, "1234", ""), lambda: form.read(key, form.seal(key, "1234", PAN), "")):
        with pytest.raises(KeyRefused, match="a PAN is"):
            work()


@pytest.mark.parametrize("name", ["iso-0", "iso-0-sm4"])
def test_the_form_without_pan_is_format_0_of_no_pan(name):
    key, form = key_of(name), format_of(f"{name}-without-pan")
    block = form.seal(key, "1234", PAN)
    assert block == format_of(name).seal(key, "1234", "")
    assert form.read(key, block, "6225000000000022") == "1234"  # it tells nobody whose card it is
    with pytest.raises(KeyRefused, match="no PIN block of format 0"):
        format_of(name).read(key, block, "9999999999999999")


@pytest.mark.parametrize("name", FORMATS)
def test_blocks_and_keys_of_other_sizes(name):
    form, key = format_of(name), key_of(name)
    cipher = cipher_of(form.cipher)
    for size in set(range(34)) - {cipher.block}:
        with pytest.raises(KeyRefused, match=f"a PIN block of {size} bytes"):
            form.read(key, bytes(size), PAN)
    for size in set(range(40)) - set(cipher.key_sizes):
        for work in (
            lambda size=size: form.seal(b"\xa7" * size, "1234", PAN),
            lambda size=size: form.read(b"\xa7" * size, bytes(cipher.block), PAN),
        ):
            with pytest.raises(KeyRefused, match=f"a key of {size} bytes") as refused:
                work()
            assert "a7" not in str(refused.value)


def test_no_such_format():
    with pytest.raises(KeyRefused, match="no PIN format 'iso-1', only iso-0, iso-0-sm4, iso-0-without-pan, "):
        format_of("iso-1")
