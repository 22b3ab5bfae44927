"""The TEST authority against recovery by plain integers (book2.py), key by key and table by table."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.card_certificates import (
    RsaKey,
    cda_dynamic,
    deciphered_pin,
    dynamic_signature,
    generate,
    icc_certificate,
    issuer_certificate,
    static_signature,
)
from simulator.cards.key_ring import key_ring
from terminal.emv import tags
from tests.unit.simulator.cards import book2

RING = key_ring()
RIDS = sorted(RING.authorities)
CHIP = RING.chips["1"].rsa
PANS = st.text("0123456789", min_size=12, max_size=19)
CHALLENGE = bytes.fromhex("A1B2C3D4E5F60718")


def cn(pan: str) -> bytes:
    return bytes.fromhex(pan + "F" * (len(pan) % 2))


def enciphered(key: RsaKey, clear: bytes) -> bytes:
    modulus = int.from_bytes(key.public.modulus, "big")
    return pow(int.from_bytes(clear, "big"), key.exponent, modulus).to_bytes(key.size, "big")


@pytest.mark.parametrize("key", [*(RING.issuers[rid].rsa for rid in RIDS), CHIP, RING.chips["2"].rsa], ids=repr)
@given(st.integers(0))
def test_the_private_operation_is_the_inverse_of_the_public_one(key: RsaKey, number: int) -> None:
    block = (number % (key.p * key.q)).to_bytes(key.size, "big")
    assert enciphered(key, key.private(block)) == block
    assert pow(int.from_bytes(block, "big"), pow(key.exponent, -1, (key.p - 1) * (key.q - 1)), key.p * key.q).to_bytes(
        key.size, "big"
    ) == key.private(block)


def test_a_block_not_below_the_modulus_is_refused() -> None:
    with pytest.raises(ValueError, match="modulus") as caught:
        CHIP.private(b"\xff" * CHIP.size)
    assert "ff" not in str(caught.value).replace("modulus", "")


@pytest.mark.parametrize("rid", RIDS)
@given(PANS, st.binary(max_size=200))
def test_issuer_and_chip_verify_from_the_authority_down(rid: str, pan: str, static: bytes) -> None:
    authority, issuer = RING.authorities[rid].key.rsa, RING.issuers[rid].rsa
    of_issuer = issuer_certificate(authority, issuer.public, pan[:6], "1249")
    chip = RING.chips["2"].rsa
    of_chip, of_pin = (
        icc_certificate(issuer, chip.public, pan, "1249", static),
        icc_certificate(issuer, RING.pin.rsa.public, pan, "1249"),
    )
    card = {
        tags.PAN: cn(pan),
        tags.ISSUER_CERTIFICATE: of_issuer.certificate,
        tags.ISSUER_REMAINDER: of_issuer.remainder,
        tags.ISSUER_EXPONENT: of_issuer.exponent,
        tags.ICC_CERTIFICATE: of_chip.certificate,
        tags.ICC_REMAINDER: of_chip.remainder,
        tags.ICC_EXPONENT: of_chip.exponent,
        tags.PIN_CERTIFICATE: of_pin.certificate,
        tags.PIN_REMAINDER: of_pin.remainder,
        tags.PIN_EXPONENT: of_pin.exponent,
    }
    key = book2.issuer_key(authority.public.modulus, authority.public.exponent, card)
    assert key == (issuer.public.modulus, issuer.public.exponent)
    assert book2.chip_key(key, card, static) == (chip.public.modulus, b"\1\0\1")
    assert book2.chip_key(key, card, b"", is_pin=True)[0] == RING.pin.rsa.public.modulus
    with pytest.raises(AssertionError):
        book2.chip_key(key, card, static + b"\0")


@given(st.binary(max_size=300))
def test_a_static_signature_holds_its_code_and_covers_the_data(static: bytes) -> None:
    issuer = RING.issuers["A000000333"].rsa
    clear = book2.opened(issuer.public.modulus, b"\3", static_signature(issuer, b"\xda\xc1", static))
    assert clear[:5].hex() == "6a0301dac1"
    assert clear[5:-21] == b"\xbb" * (issuer.size - 26)
    assert book2.has_hash(clear, static)
    assert not book2.has_hash(clear, static + b"\1")


@given(st.binary(min_size=1, max_size=8), st.binary(min_size=4, max_size=4))
def test_a_dynamic_signature_holds_its_data_and_covers_the_number(number: bytes, unpredictable: bytes) -> None:
    dynamic = bytes((len(number),)) + number
    signed = dynamic_signature(CHIP, dynamic, unpredictable)
    key = (CHIP.public.modulus, CHIP.public.exponent)
    assert book2.dynamic_data(key, signed, unpredictable) == dynamic
    with pytest.raises(AssertionError):
        book2.dynamic_data(key, signed, bytes(byte ^ 1 for byte in unpredictable))


def test_the_dynamic_data_of_cda() -> None:
    said = cda_dynamic(bytes(8), b"\x80", b"ARQC1234", b"told")
    assert said == b"\x08" + bytes(8) + b"\x80" + b"ARQC1234" + hashlib.sha1(b"told").digest()


@given(st.binary(min_size=8, max_size=8), st.binary(min_size=111, max_size=111))
def test_an_enciphered_pin_is_for_one_key_and_one_challenge(block: bytes, padding: bytes) -> None:
    data = enciphered(CHIP, b"\x7f" + block + CHALLENGE + padding)
    assert deciphered_pin(CHIP, data, CHALLENGE) == block
    assert deciphered_pin(CHIP, data, bytes(8)) is None
    assert deciphered_pin(CHIP, data[:-1], CHALLENGE) is None
    assert deciphered_pin(RING.chips["3"].rsa, data, CHALLENGE) is None
    assert deciphered_pin(CHIP, enciphered(CHIP, b"\x6a" + block + CHALLENGE + padding), CHALLENGE) is None
    assert deciphered_pin(CHIP, b"\xff" * CHIP.size, CHALLENGE) is None


def test_a_fresh_key_has_the_wanted_size_and_shows_nothing() -> None:
    key = generate(1024)
    assert (key.size, len(key.public.modulus), key.public.exponent) == (128, 128, b"\3")
    assert repr(key) == "RsaKey(1024 bits)"
    assert repr(RING.pin) == "StoredKey(RsaKey(1024 bits))"
