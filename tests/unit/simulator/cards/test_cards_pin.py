"""The PIN in a card: plain and enciphered, tries that run out, and what the CVR tells the issuer."""

from __future__ import annotations

import psec
import pytest

from simulator.cards.tray import card
from terminal.emv import tags
from tests.unit.simulator.cards import book2
from tests.unit.simulator.cards.talk import Talk

PIN, WRONG = "246801", "111111"  # TEST PINs
ENCIPHERED, PLAIN = "unionpay-credit-enciphered-pin", "unionpay-credit-offline-pin"
CVR_2, CVR_3 = 4, 5  # in 9F10
PADDING = bytes(range(1, 112))


def block(pin: str) -> bytes:
    """ISO 9564-1 format 2, by psec."""
    return bytes.fromhex(psec.pinblock.encode_pinblock_iso_2(pin).hex())


def started(id: str) -> Talk:
    return Talk(card(id).virtual()).start()


def plain(talk: Talk, pin: str) -> str:
    talk.send("00200080", block(pin), expects=False)
    return talk.sw


def enciphered(talk: Talk, pin: str, key: tuple[bytes, bytes], challenge: bytes | None = None) -> str:
    number = talk.say("00840000") if challenge is None else challenge
    clear = b"\x7f" + block(pin) + number + PADDING
    data = pow(int.from_bytes(clear, "big"), int.from_bytes(key[1], "big"), int.from_bytes(key[0], "big"))
    talk.send("00200088", data.to_bytes(128, "big"), expects=False)
    return talk.sw


def pin_key(talk: Talk) -> tuple[bytes, bytes]:
    issuer = book2.issuer_key(*talk.authority("A000000333"), talk.values)
    return book2.chip_key(issuer, talk.values, talk.static, is_pin=tags.PIN_CERTIFICATE in talk.values)


@pytest.mark.parametrize("id", [PLAIN, ENCIPHERED])
def test_a_plain_pin(id: str) -> None:
    talk = started(id)
    assert plain(talk, PIN) == "9000"
    assert talk.generate()[tags.IAD][CVR_2] == 0xA4  # offline PIN performed


@pytest.mark.parametrize("id", [ENCIPHERED, "unionpay-debit"])
def test_an_enciphered_pin_under_the_pin_key_or_the_chip_s_own(id: str) -> None:
    talk = started(id)
    assert enciphered(talk, WRONG, pin_key(talk)) == "63C2"
    assert enciphered(talk, PIN, pin_key(talk)) == "9000"
    assert talk.generate()[tags.IAD][CVR_2] == 0xA4


def test_a_card_without_a_key_deciphers_nothing() -> None:
    talk = started(PLAIN)
    talk.say("00840000")
    talk.send("00200088", bytes(128), expects=False)
    assert talk.sw == "6985"


def test_a_challenge_serves_once_and_an_old_one_costs_no_try() -> None:
    talk = started(ENCIPHERED)
    key = pin_key(talk)
    old = talk.say("00840000")
    assert len(old) == 8
    assert old != talk.say("00840000")
    assert enciphered(talk, WRONG, key, old) == "6984"
    assert enciphered(talk, PIN, key, old) == "6985"
    talk.say("00840000")
    talk.send("00200088", bytes(127), expects=False)
    assert talk.sw == "6700"
    assert talk.say("80CA9F17").hex() == "9f170103"


def test_tries_run_out_and_stay_out() -> None:
    talk = started(PLAIN)
    assert [plain(talk, WRONG) for _ in range(4)] == ["63C2", "63C1", "63C0", "6983"]
    assert talk.say("80CA9F17").hex() == "9f170100"
    assert plain(talk, PIN) == "6983"
    iad = talk.generate()[tags.IAD]
    assert (iad[CVR_2], iad[CVR_3]) == (0xA6, 0x40)  # performed, failed; try limit exceeded
    talk.chip.reset()
    assert plain(talk.start(), PIN) == "6983"


def test_a_right_pin_brings_the_tries_back_and_clears_the_failure() -> None:
    talk = started(PLAIN)
    assert [plain(talk, pin) for pin in (WRONG, WRONG, PIN, WRONG)] == ["63C2", "63C1", "9000", "63C2"]
    assert plain(talk, PIN) == "9000"
    iad = talk.generate()[tags.IAD]
    assert (iad[CVR_2], iad[CVR_3]) == (0xA4, 0)


@pytest.mark.parametrize("body", ["26246801FFFFFF", "26246801FFFFFFFFFF"])
def test_a_block_of_another_length_costs_no_try(body: str) -> None:
    talk = started(PLAIN)
    talk.send("00200080", bytes.fromhex(body), expects=False)
    assert talk.sw == "6700"
    assert talk.say("80CA9F17").hex() == "9f170103"


@pytest.mark.parametrize("body", ["06246801FFFFFFFF", "25246801FFFFFFFF", "26246801FFFFFFF0", "FF" * 8])
def test_a_block_of_another_format_is_a_wrong_pin(body: str) -> None:
    talk = started(PLAIN)
    talk.send("00200080", bytes.fromhex(body), expects=False)
    assert talk.sw == "63C2"
