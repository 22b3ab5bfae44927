"""Cardholder verification as a table: a list, what the terminal can, what came of each method -> 9F34, TVR, TSI.

The expectations are Book 3, 10.5, annex C3, and the rows of Book 4, 6.3.4.5, table 2; not our own output.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.emv import cvm, tags
from terminal.emv.cvm import Ability, Outcome, Trying, Verified
from terminal.emv.errors import CardFaulty, EmvError
from terminal.emv.verification import Aip, Capabilities, Tvr

CAN = Capabilities
ALL = CAN.PLAIN_OFFLINE_PIN | CAN.ONLINE_PIN | CAN.SIGNATURE | CAN.ENCIPHERED_OFFLINE_PIN | CAN.NO_CVM
DOCUMENTS = ALL | CAN.IDENTITY_DOCUMENT
NO_PAD = CAN.SIGNATURE | CAN.NO_CVM
DONE, FAILED, NOT_ENTERED = Outcome.DONE, Outcome.FAILED, Outcome.NOT_ENTERED
LIMIT, BROKEN = Outcome.LIMIT_EXCEEDED, Outcome.PAD_BROKEN
AMOUNTS = "00001000 00002000"  # X = 4096, Y = 8192
FAIL = Tvr.CVM_FAILED


def first(rules: str, can: Capabilities = ALL, amount: int = 1000, **ability: bool) -> Verified | Trying:
    card = {tags.CVM_LIST: bytes.fromhex(AMOUNTS + rules)}
    ability.setdefault("is_same_currency", True)
    return cvm.begin(Aip.CARDHOLDER_VERIFICATION, card, Ability(can, amount, **ability))


def ended(state: Verified | Trying, *outcomes: Outcome) -> Verified:
    """Every outcome is asked for, and none besides."""
    for outcome in outcomes:
        assert isinstance(state, Trying)
        state = cvm.tried(state, outcome)
    assert isinstance(state, Verified)
    return state


@pytest.mark.parametrize(
    ("rules", "can", "outcomes", "results", "bits", "is_signed"),
    [
        # signature; no CVM
        ("1E00", ALL, (), "1E0000", Tvr(0), True),
        ("5E03 1F00", ALL, (), "5E0300", Tvr(0), True),
        ("1F00", ALL, (), "1F0002", Tvr(0), False),
        ("5F00", ALL, (), "5F0002", Tvr(0), False),
        # plain and enciphered PIN, checked by the card
        ("0100", ALL, (DONE,), "010002", Tvr(0), False),
        ("4400 1E00", ALL, (DONE,), "440002", Tvr(0), False),
        ("0100", ALL, (FAILED,), "010001", FAIL, False),
        ("4100 1E00", ALL, (FAILED,), "1E0000", Tvr(0), True),
        ("0100", ALL, (LIMIT,), "010001", FAIL | Tvr.PIN_TRY_LIMIT_EXCEEDED, False),
        ("4100 1E00", ALL, (LIMIT,), "1E0000", Tvr.PIN_TRY_LIMIT_EXCEEDED, True),
        ("4100 0200", ALL, (LIMIT, DONE), "020000", Tvr.PIN_TRY_LIMIT_EXCEEDED | Tvr.ONLINE_PIN_ENTERED, False),
        ("4100", ALL, (FAILED,), "410001", FAIL, False),  # "go to next", and there is none
        ("4100 1F07", ALL, (FAILED,), "410001", FAIL, False),  # nor one whose condition is met
        # the one after it is not performed, so the last that was stands
        ("4100 4200", CAN.PLAIN_OFFLINE_PIN, (FAILED,), "410001", FAIL | Tvr.PIN_PAD_MISSING, False),
        ("4100 3C00", ALL, (FAILED,), "410001", FAIL | Tvr.UNRECOGNISED_CVM, False),
        ("4100 0400", ALL, (FAILED, FAILED), "040001", FAIL, False),
        # online PIN
        ("0200", ALL, (DONE,), "020000", Tvr.ONLINE_PIN_ENTERED, False),
        ("4203 1E03", ALL, (DONE,), "420300", Tvr.ONLINE_PIN_ENTERED, False),
        # bypass: no PIN is asked for a second time
        ("0200", ALL, (NOT_ENTERED,), "020001", FAIL | Tvr.PIN_NOT_ENTERED, False),
        ("4200 1E00", ALL, (NOT_ENTERED,), "1E0000", Tvr.PIN_NOT_ENTERED, True),
        ("4100 4200 1F00", ALL, (NOT_ENTERED,), "1F0002", Tvr.PIN_NOT_ENTERED, False),
        ("4100 0200", ALL, (NOT_ENTERED,), "020001", FAIL | Tvr.PIN_NOT_ENTERED, False),
        ("4100 4400 4300 4500 0200", ALL, (NOT_ENTERED,), "020001", FAIL | Tvr.PIN_NOT_ENTERED, False),
        # the PIN pad
        ("0100", ALL, (BROKEN,), "010001", FAIL | Tvr.PIN_PAD_MISSING, False),
        ("4200 1E00", ALL, (BROKEN,), "1E0000", Tvr.PIN_PAD_MISSING, True),
        ("0200", NO_PAD, (), "3F0001", FAIL | Tvr.PIN_PAD_MISSING, False),
        ("4100 1E00", NO_PAD, (), "1E0000", Tvr.PIN_PAD_MISSING, True),
        # one form of offline PIN is enough for a PIN pad to be there (10.5.1)
        ("4400 1E00", NO_PAD | CAN.PLAIN_OFFLINE_PIN, (), "1E0000", Tvr(0), True),
        ("4100 1E00", NO_PAD | CAN.ENCIPHERED_OFFLINE_PIN, (), "1E0000", Tvr(0), True),
        # combinations: both must be supported; the paper is not judged yet
        ("0300", ALL, (DONE,), "030000", Tvr(0), True),
        ("0500", ALL, (DONE,), "050000", Tvr(0), True),
        ("0300", ALL, (FAILED,), "030001", FAIL, False),
        ("4300 1F00", ALL & ~CAN.SIGNATURE, (), "1F0002", Tvr(0), False),
        # fail: whatever b7 says, nothing follows
        ("0000", ALL, (), "000001", FAIL, False),
        ("4000 1F00", ALL, (), "400001", FAIL, False),
        ("4100 0000", ALL, (FAILED,), "000001", FAIL, False),
        # not recognised, not supported
        ("7C00 1F00", ALL, (), "1F0002", Tvr.UNRECOGNISED_CVM, False),
        ("3C00 1F00", ALL, (), "3F0001", FAIL | Tvr.UNRECOGNISED_CVM, False),
        ("0600", ALL, (), "3F0001", FAIL | Tvr.UNRECOGNISED_CVM, False),
        ("1F00", CAN.SIGNATURE, (), "3F0001", FAIL, False),
        ("1E00 1F00", CAN.NO_CVM, (), "3F0001", FAIL, False),  # b7 is 0
        ("5E00 1F00", CAN.NO_CVM, (), "1F0002", Tvr(0), False),
        # the condition "if it is supported" is not met: the rule is passed over, whatever b7 says
        ("0203 1E03 1F00", NO_PAD, (), "1E0300", Tvr(0), True),
        ("0203", NO_PAD, (), "3F0001", FAIL, False),
        # other conditions
        ("1F01 1F04 1F05 1F0A 1F80", ALL, (), "3F0001", FAIL, False),  # cash, and what nobody defined
        ("0001 1F02", ALL, (), "1F0202", Tvr(0), False),
    ],
)
def test_a_list_is_walked_as_the_books_say(
    rules: str, can: Capabilities, outcomes: tuple[Outcome, ...], results: str, bits: Tvr, is_signed: bool
) -> None:
    verified = ended(first(rules, can), *outcomes)
    assert (verified.results.hex().upper(), verified.tvr) == (results, bits)
    assert (verified.needs_signature, verified.is_performed) == (is_signed, True)


@pytest.mark.parametrize(
    ("condition", "amount", "is_met"),
    [
        ("06", 4095, True),
        ("06", 4096, False),  # under X
        ("07", 4096, False),
        ("07", 4097, True),  # over X
        ("08", 8191, True),
        ("08", 8192, False),  # under Y
        ("09", 8192, False),
        ("09", 8193, True),  # over Y
    ],
)
def test_amounts_are_judged_in_the_application_s_currency(condition: str, amount: int, is_met: bool) -> None:
    rules = f"1E{condition} 1F00"
    expected = f"1e{condition}00" if is_met else "1f0002"
    assert ended(first(rules, amount=amount)).results.hex() == expected
    assert ended(first(rules, amount=amount, is_same_currency=False)).results.hex() == "1f0002"


def test_an_identity_document_is_shown_to_whom_takes_it() -> None:
    assert ended(first("6000 1E00", DOCUMENTS, has_document=True), DONE).results.hex() == "600002"
    failed = ended(first("6000 1E00", DOCUMENTS, has_document=True), FAILED)
    assert (failed.results.hex(), failed.tvr) == ("1e0000", Tvr(0))
    between = ended(first("4200 6000 4100 1E00", DOCUMENTS, has_document=True), NOT_ENTERED, FAILED)  # no second PIN
    assert (between.results.hex(), between.tvr) == ("1e0000", Tvr.PIN_NOT_ENTERED)
    failed = ended(first("2000", DOCUMENTS, has_document=True), FAILED)
    assert (failed.results.hex(), failed.tvr) == ("200001", FAIL)
    for can, has_document in ((ALL, True), (DOCUMENTS, False)):
        passed = ended(first("6003 1E03", can, has_document=has_document))
        assert (passed.results.hex(), passed.tvr) == ("1e0300", Tvr(0))


def test_no_verification_when_the_card_does_not_ask_or_cannot_say() -> None:
    ability = Ability(ALL, 1)
    none = cvm.begin(Aip(0), {tags.CVM_LIST: b"x"}, ability)
    assert none == Verified(bytes.fromhex("3F0000"), Tvr(0), is_performed=False)
    for card in ({}, {tags.CVM_LIST: b""}, {tags.CVM_LIST: bytes(8)}):  # no rules: as if no list (10.5)
        missing = cvm.begin(Aip.CARDHOLDER_VERIFICATION, card, ability)
        assert missing == Verified(bytes.fromhex("3F0000"), Tvr.ICC_DATA_MISSING, is_performed=False)


@pytest.mark.parametrize("length", [1, 7, 9, 11, 253, 254, 40_000])
def test_a_list_of_a_wrong_length_is_a_faulty_card(length: int) -> None:
    with pytest.raises(CardFaulty):
        cvm.begin(Aip.CARDHOLDER_VERIFICATION, {tags.CVM_LIST: bytes.fromhex("41") * length}, Ability(ALL, 1))


def test_the_longest_list_is_walked_to_its_end() -> None:
    assert ended(first("7C00" * 122)).results.hex() == "3f0001"


@given(
    st.binary(min_size=1, max_size=40),
    st.integers(0, 10**12),
    st.integers(0, 0xFFFFFF),
    st.booleans(),
    st.lists(st.sampled_from(Outcome)),
)
def test_any_list_ends_in_a_result_or_an_emv_error(
    raw: bytes, amount: int, can: int, has_document: bool, outcomes: list[Outcome]
) -> None:
    ability = Ability(Capabilities(can), amount, True, has_document)
    try:
        state = cvm.begin(Aip.CARDHOLDER_VERIFICATION, {tags.CVM_LIST: raw}, ability)
    except EmvError:
        return
    turns = 0
    while isinstance(state, Trying):
        state = cvm.tried(state, outcomes.pop() if outcomes else FAILED)
        turns += 1
    assert turns <= len(raw) // 2
    assert len(state.results) == 3
    is_failed = state.results[2] == 1
    assert is_failed == (FAIL in state.tvr)
    assert not (is_failed and state.needs_signature)
