"""A virtual card's cryptograms command by command: what is covered, what is believed, what the CVR remembers."""

from __future__ import annotations

import pytest

from keys.algorithms.cryptogram import IMK_TEST, application_cryptogram, issuer_authentication, udk
from simulator.cards.tray import card
from terminal.emv import tags
from tests.unit.simulator.cards.talk import Said, Talk

DEBIT = card("unionpay-debit")
KEY = udk(IMK_TEST, DEBIT.pan, DEBIT.psn)
CVR_2 = 4  # in 9F10


def started(**behaviour: object) -> Talk:
    return Talk(DEBIT.virtual(**behaviour)).start()


def authenticate(talk: Talk, issuer: bytes) -> str:
    talk.send("00820000", issuer, expects=False)
    return talk.sw


def second_of_cdol2(talk: Talk, issuer: bytes) -> Said:
    return talk.generate(0x40, is_second=True, more={tags.ISSUER_AUTHENTICATION: issuer})


@pytest.mark.parametrize("id", ["unionpay-debit", "unionpay-credit", "international-credit", "international-debit"])
def test_both_cryptograms_are_the_issuer_s_to_recompute(id: str) -> None:
    own = card(id)
    assert own.chip is not None
    talk, key = Talk(own.virtual()).start(own.chip.aid), udk(IMK_TEST, own.pan, own.psn)
    first = talk.generate()
    assert application_cryptogram(key, first) == first[tags.CRYPTOGRAM]
    second = talk.generate(0x40, is_second=True)
    assert application_cryptogram(key, second) == second[tags.CRYPTOGRAM] != first[tags.CRYPTOGRAM]


@pytest.mark.parametrize(
    ("id", "iad"),
    [
        ("unionpay-debit", "07000103A0000001"),
        ("international-debit", "06010A03A00000"),
        ("international-credit", "06011203A00000"),
    ],
)
def test_the_version_is_in_9f10(id: str, iad: str) -> None:
    own = card(id)
    assert own.chip is not None
    assert Talk(own.virtual()).start(own.chip.aid).generate()[tags.IAD].hex().upper() == iad


@pytest.mark.parametrize(
    ("kinds", "cvr"),
    [((0x80, 0x40), (0xA0, 0x60)), ((0x80, 0x00), (0xA0, 0x20))],
)
def test_the_cvr_says_which_cryptograms_were_given(kinds: tuple[int, int], cvr: tuple[int, int]) -> None:
    talk = started()
    first, second = talk.generate(kinds[0]), talk.generate(kinds[1], is_second=True)
    assert (first[tags.IAD][CVR_2], second[tags.IAD][CVR_2]) == cvr
    assert (first[tags.CID][0], second[tags.CID][0]) == kinds


@pytest.mark.parametrize(("kind", "cvr"), [(0x00, 0x80), (0x40, 0x90)])
def test_a_first_cryptogram_that_asks_nobody_is_the_last(kind: int, cvr: int) -> None:
    talk = started()
    said = talk.generate(kind)
    assert (said[tags.CID][0], said[tags.IAD][CVR_2]) == (kind, cvr)
    talk.send("80AE0000", bytes(36))
    assert talk.sw == "6985"


def test_the_issuer_is_authenticated_once_and_after_an_arqc() -> None:
    talk = started()
    assert authenticate(talk, bytes(10)) == "6985"
    first = talk.generate()
    right = issuer_authentication(KEY, first, b"00")
    assert authenticate(talk, right[:7]) == "6700"
    assert authenticate(talk, right) == "9000"
    assert authenticate(talk, right) == "6985"
    assert not talk.generate(0x40, is_second=True)[tags.IAD][CVR_2] & 0x08
    assert talk.say("80CA9F13").hex() == "9f13020001"


@pytest.mark.parametrize("word", [b"05", b"0"])
def test_a_wrong_word_is_not_believed_and_the_cvr_remembers(word: bytes) -> None:
    talk = started()
    first = talk.generate()
    assert authenticate(talk, issuer_authentication(KEY, first, b"00")[:8] + word) == "6300"
    assert authenticate(talk, issuer_authentication(KEY, first, b"00")) == "6985"
    second = talk.generate(0x40, is_second=True)
    assert (second[tags.CID], second[tags.IAD][CVR_2]) == (b"\x40", 0x68)
    assert talk.say("80CA9F13").hex() == "9f13020000"


def test_a_card_that_minds_gives_an_aac_then() -> None:
    talk = Talk(card("minds-issuer").virtual()).start()
    talk.generate()
    assert authenticate(talk, bytes(10)) == "6300"
    second = talk.generate(0x40, is_second=True)
    assert (second[tags.CID], second[tags.IAD][CVR_2]) == (b"\0", 0x28)


def test_after_an_aac_there_is_nothing_to_authenticate() -> None:
    talk = started()
    first = talk.generate(0x00)
    assert authenticate(talk, issuer_authentication(KEY, first, b"00")) == "6985"


def test_a_card_of_cdol2_takes_no_command_for_it() -> None:
    talk = started(authenticates="cdol2")
    first = talk.generate()
    assert application_cryptogram(KEY, first) == first[tags.CRYPTOGRAM]
    right = issuer_authentication(KEY, first, b"00")
    assert authenticate(talk, right) == "6985"
    second = second_of_cdol2(talk, right)
    assert (second[tags.CID], second[tags.IAD][CVR_2]) == (b"\x40", 0x60)


def test_a_card_of_cdol2_gives_an_aac_to_a_stranger() -> None:
    talk = started(authenticates="cdol2")
    talk.generate()
    second = second_of_cdol2(talk, b"\x01" * 10)
    assert (second[tags.CID], second[tags.IAD][CVR_2]) == (b"\0", 0x28)


@pytest.mark.parametrize("length", [0, 54, 56])
def test_a_body_that_is_not_as_long_as_the_list_is_refused(length: int) -> None:
    talk = started()
    talk.say("80AE8000" if not length else bytes((0x80, 0xAE, 0x80, 0, length)) + bytes(length))
    assert talk.sw == "6700"
    assert talk.generate()[tags.CID] == b"\x80"


def test_after_the_second_cryptogram_or_a_new_start_it_is_too_late() -> None:
    talk = started()
    right = issuer_authentication(KEY, talk.generate(), b"00")
    talk.generate(0x40, is_second=True)
    assert authenticate(talk, right) == "6985"
    talk.start()
    assert authenticate(talk, right) == "6985"


def test_cryptograms_repeat_with_their_data() -> None:
    assert started().generate() == started().generate()


def test_a_second_request_for_an_arqc_is_an_aac() -> None:
    talk = started()
    talk.generate()
    assert talk.generate(0x80, is_second=True)[tags.CID] == b"\0"
