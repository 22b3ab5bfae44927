"""Restrictions, cardholder verification and action analysis: what the tables say is what the TVR and 9F34 say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.emv import cvm, tags
from terminal.emv.action import Cryptogram, first_request
from terminal.emv.errors import CardFaulty, EmvError
from terminal.emv.restrictions import restrict
from terminal.emv.risk import manage
from terminal.emv.terminal_data import Application
from terminal.emv.verification import Aip, Tvr

CNY = bytes.fromhex("0156")
TERMINAL = {tags.AVN_TERMINAL: b"\x00\x30", tags.COUNTRY: CNY, tags.DATE: bytes.fromhex("261123")}
ROW = Application(bytes.fromhex("A000000333010101"))


@pytest.mark.parametrize(
    ("card", "bits"),
    [
        ({}, Tvr(0)),
        ({tags.AVN_CARD: "0030"}, Tvr(0)),
        ({tags.AVN_CARD: "0020"}, Tvr.DIFFERENT_VERSIONS),
        ({tags.EXPIRY: "261122"}, Tvr.EXPIRED),
        ({tags.EXPIRY: "261123"}, Tvr(0)),
        ({tags.EXPIRY: "991231"}, Tvr.EXPIRED),  # 1999
        ({tags.EXPIRY: "491231"}, Tvr(0)),  # 2049
        ({tags.EFFECTIVE: "261124"}, Tvr.NOT_YET_EFFECTIVE),
        ({tags.EFFECTIVE: "990101"}, Tvr(0)),
        ({tags.AUC: "FF00", tags.ISSUER_COUNTRY: "0156"}, Tvr(0)),
        ({tags.AUC: "FE00", tags.ISSUER_COUNTRY: "0156"}, Tvr.SERVICE_NOT_ALLOWED),  # cash machines only
        ({tags.AUC: "1500", tags.ISSUER_COUNTRY: "0156"}, Tvr.SERVICE_NOT_ALLOWED),  # abroad only
        ({tags.AUC: "1500", tags.ISSUER_COUNTRY: "0840"}, Tvr(0)),
        ({tags.AUC: "0100"}, Tvr(0)),  # no issuer country: not judged
    ],
)
def test_restrictions_set_bits_and_stop_nothing(card: dict[int, str], bits: Tvr) -> None:
    values = {tags.EXPIRY: "351231", **card}
    assert restrict({tag: bytes.fromhex(value) for tag, value in values.items()}, TERMINAL) == bits


def test_a_date_that_is_none_is_a_faulty_card() -> None:
    with pytest.raises(CardFaulty):
        restrict({tags.EXPIRY: b"\xff\xff\xff"}, TERMINAL)


AMOUNTS = "0000100000002000"  # X = 4096, Y = 8192


@pytest.mark.parametrize(
    ("rules", "results", "bits"),
    [
        ("5E03 4203 1F00", "5E0300", Tvr(0)),  # the real card: a signature
        ("4203 1E03 1F00", "1E0300", Tvr(0)),  # a PIN we have no pad for is passed over
        ("1F00", "1F0002", Tvr(0)),
        ("0200", "3F0001", Tvr.CVM_FAILED | Tvr.PIN_PAD_MISSING),  # a PIN always, and nothing else
        ("4200 1E00", "1E0000", Tvr.PIN_PAD_MISSING),
        ("4000", "400001", Tvr.CVM_FAILED),  # fail
        ("0000 1F00", "000001", Tvr.CVM_FAILED),
        ("7C00 1F00", "1F0002", Tvr.UNRECOGNISED_CVM),
        ("3C00 1F00", "3F0001", Tvr.UNRECOGNISED_CVM | Tvr.CVM_FAILED),
        ("2000 1F00", "3F0001", Tvr.CVM_FAILED),  # an identity document we do not take
        ("1F06", "1F0602", Tvr(0)),  # under X
        ("1F07", "3F0001", Tvr.CVM_FAILED),
        ("1F08", "1F0802", Tvr(0)),
        ("1F09", "3F0001", Tvr.CVM_FAILED),
        ("1F01 1F04 1F05 1F80", "3F0001", Tvr.CVM_FAILED),  # cash, and conditions nobody defined
        ("1F02", "1F0202", Tvr(0)),
    ],
)
def test_the_first_rule_that_can_be_done_is_done(rules: str, results: str, bits: Tvr) -> None:
    card = {tags.CVM_LIST: bytes.fromhex(AMOUNTS + rules), tags.APPLICATION_CURRENCY: CNY}
    verified = cvm.verify(Aip.CARDHOLDER_VERIFICATION, card, 1000, CNY)
    assert (verified.results.hex().upper(), verified.tvr, verified.is_performed) == (results, bits, True)
    assert verified.needs_signature == (results[1] == "E")


def test_amount_rules_need_the_card_s_own_currency() -> None:
    card = {tags.CVM_LIST: bytes.fromhex(AMOUNTS + "1F06"), tags.APPLICATION_CURRENCY: b"\x08\x40"}
    assert cvm.verify(Aip.CARDHOLDER_VERIFICATION, card, 1000, CNY).results.hex() == "3f0001"


def test_no_verification_when_the_card_does_not_ask_or_cannot_say() -> None:
    assert cvm.verify(Aip(0), {tags.CVM_LIST: b"x"}, 1, CNY) == cvm.Verified(cvm.NONE_PERFORMED, Tvr(0), False)
    missing = cvm.verify(Aip.CARDHOLDER_VERIFICATION, {}, 1, CNY)
    assert missing == cvm.Verified(cvm.NONE_PERFORMED, Tvr.ICC_DATA_MISSING, False)


@given(st.binary(min_size=1, max_size=40), st.integers(0, 10**12))
def test_any_list_ends_in_a_result_or_an_emv_error(cvm_list: bytes, amount: int) -> None:
    try:
        verified = cvm.verify(Aip.CARDHOLDER_VERIFICATION, {tags.CVM_LIST: cvm_list}, amount, CNY)
    except EmvError:
        return
    assert len(verified.results) == 3


def test_every_sale_exceeds_a_floor_limit_of_zero() -> None:
    assert manage(ROW, 0) == Tvr.FLOOR_LIMIT_EXCEEDED
    assert manage(Application(ROW.aid, floor_limit=100), 99) == Tvr(0)


def test_action_codes_of_either_side_deny() -> None:
    assert first_request(Tvr.EXPIRED, ROW, {}) is Cryptogram.ARQC
    assert first_request(Tvr.EXPIRED, ROW, {tags.IAC_DENIAL: bytes.fromhex("0040000000")}) is Cryptogram.AAC
    strict = Application(ROW.aid, tac_denial=bytes.fromhex("0040000000"))
    assert first_request(Tvr.EXPIRED, strict, {}) is Cryptogram.AAC
    assert first_request(Tvr.CVM_FAILED, strict, {}) is Cryptogram.ARQC


def test_bits_stand_where_the_books_put_them() -> None:
    assert Tvr.ODA_NOT_PERFORMED.encoded().hex() == "8000000000"
    assert Tvr.FLOOR_LIMIT_EXCEEDED.encoded().hex() == "0000008000"
    assert Tvr.ISSUER_AUTHENTICATION_FAILED.encoded().hex() == "0000000040"
