"""A virtual card's cryptograms command by command: what is covered, what is believed, what the CVR remembers."""

from __future__ import annotations

import pytest

from keys.cryptogram import IMK_TEST, application_cryptogram, issuer_authentication, udk
from simulator.cards.application_cryptogram import CDOL1, PROFILES
from simulator.cards.chip import Chip
from simulator.cards.tray import card
from terminal.emv import dol, tags, tlv

DEBIT = card("unionpay-debit")
KEY = udk(IMK_TEST, DEBIT.pan, DEBIT.psn)
START = ("00A4040008A00000033301010100", "80A8000002830000")
TERMINAL = {
    tags.AMOUNT: bytes.fromhex("000000006580"),
    tags.AMOUNT_OTHER: bytes(6),
    tags.COUNTRY: bytes.fromhex("0156"),
    tags.TVR: bytes.fromhex("8000008000"),
    tags.CURRENCY: bytes.fromhex("0156"),
    tags.DATE: bytes.fromhex("261124"),
    tags.TYPE: b"\0",
    tags.UNPREDICTABLE_NUMBER: bytes.fromhex("7863AFC6"),
    tags.RESPONSE_CODE: b"00",
}
CVR_2 = 4  # in 9F10


def started(**behaviour: object) -> Chip:
    chip = DEBIT.virtual(**behaviour)
    for command in START:
        assert chip.respond(bytes.fromhex(command)).endswith(b"\x90\0")
    return chip


def first_of(chip: Chip, kind: int = 0x80, aip: str = "1C00") -> dict[int, bytes]:
    """What the card says to the first GENERATE AC, and what it was told."""
    return generate(chip, kind, CDOL1, TERMINAL, aip)


def second_of(chip: Chip, kind: int = 0x40) -> dict[int, bytes]:
    return generate(chip, kind, PROFILES["command"].cdol2, TERMINAL, "1C00")


def second_of_cdol2(chip: Chip, issuer: bytes) -> dict[int, bytes]:
    return generate(chip, 0x40, PROFILES["cdol2"].cdol2, TERMINAL | {tags.ISSUER_AUTHENTICATION: issuer}, "1800")


def generate(chip: Chip, kind: int, cdol: bytes, told: dict[int, bytes], aip: str) -> dict[int, bytes]:
    body = dol.fill(cdol, told)
    said = chip.respond(bytes((0x80, 0xAE, kind, 0, len(body))) + body + b"\0")
    assert said.endswith(b"\x90\0")
    value = tlv.sole(said[:-2], tags.FORMAT_1)
    parts = (value[:1], value[1:3], value[3:11], value[11:])
    card_s = dict(zip((tags.CID, tags.ATC, tags.CRYPTOGRAM, tags.IAD), parts, strict=True))
    return told | card_s | {tags.AIP: bytes.fromhex(aip)}


def authenticate(chip: Chip, issuer: bytes) -> str:
    return chip.respond(bytes((0x00, 0x82, 0, 0, len(issuer))) + issuer).hex()


def test_both_cryptograms_are_the_issuer_s_to_recompute() -> None:
    chip = started()
    first = first_of(chip)
    assert application_cryptogram(KEY, first) == first[tags.CRYPTOGRAM]
    second = second_of(chip)
    assert application_cryptogram(KEY, second) == second[tags.CRYPTOGRAM] != first[tags.CRYPTOGRAM]


@pytest.mark.parametrize(
    ("kinds", "cvr"),
    [((0x80, 0x40), (0xA0, 0x60)), ((0x80, 0x00), (0xA0, 0x20)), ((0x00, 0x00), (0x80, 0x00))],
)
def test_the_cvr_says_which_cryptograms_were_given(kinds: tuple[int, int], cvr: tuple[int, int]) -> None:
    chip = started()
    first, second = first_of(chip, kinds[0]), second_of(chip, kinds[1])
    assert (first[tags.IAD][CVR_2], second[tags.IAD][CVR_2]) == cvr
    assert (first[tags.CID][0], second[tags.CID][0]) == kinds


def test_the_issuer_is_authenticated_once_and_after_an_arqc() -> None:
    chip = started()
    assert authenticate(chip, bytes(10)) == "6985"
    first = first_of(chip)
    right = issuer_authentication(KEY, first, b"00")
    assert authenticate(chip, right[:7]) == "6700"
    assert authenticate(chip, right) == "9000"
    assert authenticate(chip, right) == "6985"
    assert not second_of(chip)[tags.IAD][CVR_2] & 0x08


@pytest.mark.parametrize("word", [b"05", b"0"])
def test_a_wrong_word_is_not_believed_and_the_cvr_remembers(word: bytes) -> None:
    chip = started()
    first = first_of(chip)
    assert authenticate(chip, issuer_authentication(KEY, first, b"00")[:8] + word) == "6300"
    assert authenticate(chip, issuer_authentication(KEY, first, b"00")) == "6985"
    second = second_of(chip)
    assert (second[tags.CID], second[tags.IAD][CVR_2]) == (b"\x40", 0x68)


def test_after_an_aac_there_is_nothing_to_authenticate() -> None:
    chip = started()
    first = first_of(chip, 0x00)
    assert authenticate(chip, issuer_authentication(KEY, first, b"00")) == "6985"


def test_a_card_of_cdol2_takes_no_command_for_it() -> None:
    chip = started(authenticates="cdol2")
    first = first_of(chip, aip="1800")
    assert application_cryptogram(KEY, first) == first[tags.CRYPTOGRAM]
    right = issuer_authentication(KEY, first, b"00")
    assert authenticate(chip, right) == "6985"
    second = second_of_cdol2(chip, right)
    assert (second[tags.CID], second[tags.IAD][CVR_2]) == (b"\x40", 0x60)


def test_a_card_of_cdol2_gives_an_aac_to_a_stranger() -> None:
    chip = started(authenticates="cdol2")
    first_of(chip)
    second = second_of_cdol2(chip, b"\x01" * 10)
    assert (second[tags.CID], second[tags.IAD][CVR_2]) == (b"\0", 0x28)


@pytest.mark.parametrize("length", [0, 54, 56])
def test_a_body_that_is_not_as_long_as_the_list_is_refused(length: int) -> None:
    chip = started()
    body = bytes(length)
    assert chip.respond(bytes((0x80, 0xAE, 0x80, 0, length)) + body + b"\0").hex() == "6700"
    assert first_of(chip)[tags.CID] == b"\x80"


def test_after_the_second_cryptogram_or_a_new_start_it_is_too_late() -> None:
    chip = started()
    right = issuer_authentication(KEY, first_of(chip), b"00")
    second_of(chip)
    assert authenticate(chip, right) == "6985"
    for command in START:
        chip.respond(bytes.fromhex(command))
    assert authenticate(chip, right) == "6985"
