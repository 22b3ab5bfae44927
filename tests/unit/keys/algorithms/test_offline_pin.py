"""A PIN for the card: format 2 in the clear, and under a key of the card as Book 2, 7.2 lays it out. TEST PINS."""

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from keys.algorithms.offline_pin import enciphered, plain
from terminal.emv.oda.capk import PublicKey
from terminal.ports import KeyRefused

CHALLENGE = bytes(range(8))


@pytest.fixture(scope="module")
def card():
    """The numbers of a card's private key, made by another implementation."""
    return rsa.generate_private_key(65537, 1024).private_numbers()


def public(card) -> PublicKey:
    return PublicKey(card.public_numbers.n.to_bytes(128), 65537)


def test_the_card_finds_the_block_its_challenge_and_chance(card):
    opened = []
    for _ in range(2):
        sent = enciphered("123456", public(card), CHALLENGE)
        assert len(sent) == 128
        opened.append(pow(int.from_bytes(sent), card.d, card.public_numbers.n).to_bytes(128))
    for clear in opened:
        assert clear[:17].hex() == "7f" + "26123456ffffffff" + CHALLENGE.hex()
    assert opened[0][17:] != opened[1][17:]  # 111 bytes of chance, never the same


@pytest.mark.parametrize(("pin", "block"), [("1234", "241234ffffffffff"), ("123456789012", "2c123456789012ff")])
def test_a_plain_block(pin, block):
    assert plain(pin).hex() == block


@pytest.mark.parametrize("pin", ["", "123", "1234567890123", "12a4", "１２３４"])
def test_what_is_no_pin_is_refused_and_not_shown(pin):
    with pytest.raises(KeyRefused) as refused:
        plain(pin)
    assert not pin or pin not in str(refused.value)


@pytest.mark.parametrize("challenge", [b"", CHALLENGE[:7], CHALLENGE + b"\0"])
def test_a_challenge_of_another_length_is_refused(card, challenge):
    with pytest.raises(KeyRefused):
        enciphered("1234", public(card), challenge)


def test_a_key_too_short_for_a_pin_is_refused():
    with pytest.raises(KeyRefused):
        enciphered("1234", PublicKey(b"\x81" * 24, 3), CHALLENGE)
