"""9F10 in words: the real card's own, and samples whose reading was published by others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.emv.inspection import issuer_data as iad
from terminal.emv.inspection.issuer_data import IssuerData, issuer_data


def read(raw: str) -> tuple[IssuerData, dict[str, str]]:
    said = issuer_data(bytes.fromhex(raw))
    return said, {part.name: part.value for part in said.parts}


def test_the_real_card_before_and_after_the_acquirer() -> None:
    """emv.md 4: an ARQC after DDA, then a TC; EXTERNAL AUTHENTICATE got 6700, so no issuer was authenticated."""
    said, parts = read("07000103A0A80201")
    assert (said.form, said.is_second_hand) == ("UnionPay/PBOC", True)
    assert (parts["first GENERATE AC"], parts["second GENERATE AC"]) == ("ARQC", "not asked for")
    assert (parts["cryptogram version"], parts["derivation key index"], parts["algorithm"]) == ("01", "00", "01")
    assert "offline dynamic data authentication performed" in said.flags
    said, parts = read("0700010360AC0201")
    assert (parts["first GENERATE AC"], parts["second GENERATE AC"]) == ("ARQC", "TC")
    assert "issuer authentication not performed after the last online authorisation" in said.flags


def test_a_balance_after_it_is_the_issuer_s_own() -> None:
    said, parts = read("07010103900000010A010000001000A1B2C3D4")
    assert (said.form, parts["issuer's own"]) == ("UnionPay/PBOC", "010000001000A1B2C3D4")


def test_visa_as_others_read_it() -> None:
    """CVR 03A4B800: binaryfoo/emv-bertlv, VisaCardVerificationResultsDecoderTest."""
    said, parts = read("06010A03A4B800")
    assert (said.form, parts["cryptogram version"]) == ("VIS", "0A")
    assert (parts["second GENERATE AC"], parts["first GENERATE AC"]) == ("not asked for", "ARQC")
    assert said.flags == (
        "offline PIN verification performed",
        "last online transaction not completed",
        "velocity counters exceeded",
        "new card",
        "issuer authentication failed on the last online transaction",
    )


def test_m_chip() -> None:
    """The IAD that M/Chip test cards have everywhere; 22 in byte 4: no offline PIN, domestic."""
    said, parts = read("0110A00003220000000000000000000000FF")
    assert (said.form, parts["cryptogram version"], parts["PIN tries left, low nibble"]) == ("M-Chip", "10", "3")
    assert (parts["first GENERATE AC"], parts["second GENERATE AC"]) == ("ARQC", "not asked for")
    assert said.flags == ("offline PIN verification not performed", "domestic transaction")
    assert parts["counters, plain or enciphered"] == "00000000000000FF"


def test_ccd() -> None:
    """EMV Book 3, annex C7.2 and C7.3."""
    said, parts = read("0FA501" + "6435902A00" + "0102030405060708" + "0F" + "11" * 15)
    assert (said.form, said.is_second_hand) == ("CCD", False)
    assert (parts["second GENERATE AC"], parts["first GENERATE AC"]) == ("TC", "ARQC")
    assert (parts["PIN tries left, low nibble"], parts["script commands done"]) == ("3", "2")
    assert said.flags == (
        "offline dynamic data authentication performed",
        "offline PIN verification failed",
        "last online transaction not completed",
        "lower offline transaction count limit exceeded",
        "upper cumulative offline amount limit exceeded",
        "issuer script processing failed",
        "told to go online on the next transaction",
    )
    assert (parts["counters"], parts["issuer's own"]) == ("0102030405060708", "11" * 15)


@pytest.mark.parametrize("raw", ["", "07", "0700010304", "06010A02A4B800", "07000103A0A8020105", "0F" * 32])
def test_what_has_no_known_shape_stays_hex(raw: str) -> None:
    said, parts = read(raw)
    assert (said.form, parts, said.flags) == ("unknown", {"value": raw}, ())


@given(st.binary(max_size=40))
def test_any_bytes_have_a_reading(raw: bytes) -> None:
    assert issuer_data(raw).parts


@pytest.mark.parametrize("table", [iad.CCD_FLAGS, iad.VIS_FLAGS, iad.MCHIP_FLAGS])
def test_each_bit_has_one_name(table: iad.Flags) -> None:
    assert len({(byte, mask) for byte, mask, _ in table}) == len({name for _, _, name in table}) == len(table)
