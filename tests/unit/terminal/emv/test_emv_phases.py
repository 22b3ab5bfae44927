"""Processing restrictions and the places of bits: what the tables say is what the TVR says (Book 3, 10.4, annex C)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.emv import tags
from terminal.emv.errors import CardFaulty
from terminal.emv.restrictions import full_date, restrict
from terminal.emv.verification import Aip, Tsi, Tvr

CNY = bytes.fromhex("0156")
TERMINAL = {tags.AVN_TERMINAL: b"\x00\x30", tags.COUNTRY: CNY, tags.DATE: bytes.fromhex("261123")}


@pytest.mark.parametrize(
    ("card", "bits"),
    [
        ({}, Tvr(0)),
        ({tags.AVN_CARD: "0030"}, Tvr(0)),
        ({tags.AVN_CARD: "0020"}, Tvr.DIFFERENT_VERSIONS),
        ({tags.EXPIRY: "261122"}, Tvr.EXPIRED),
        ({tags.EXPIRY: "261123"}, Tvr(0)),  # its last day
        ({tags.EXPIRY: "991231"}, Tvr.EXPIRED),  # 1999
        ({tags.EXPIRY: "491231"}, Tvr(0)),  # 2049
        ({tags.EFFECTIVE: "261123"}, Tvr(0)),  # its first day
        ({tags.EFFECTIVE: "261124"}, Tvr.NOT_YET_EFFECTIVE),
        ({tags.EFFECTIVE: "990101"}, Tvr(0)),
        ({tags.AUC: "FF00", tags.ISSUER_COUNTRY: "0156"}, Tvr(0)),
        ({tags.AUC: "FE00", tags.ISSUER_COUNTRY: "0156"}, Tvr.SERVICE_NOT_ALLOWED),  # cash machines only
        ({tags.AUC: "FE00"}, Tvr.SERVICE_NOT_ALLOWED),  # that needs no country (10.4.2)
        ({tags.AUC: "1500", tags.ISSUER_COUNTRY: "0156"}, Tvr.SERVICE_NOT_ALLOWED),  # abroad only
        ({tags.AUC: "1500", tags.ISSUER_COUNTRY: "0840"}, Tvr(0)),
        ({tags.AUC: "2100", tags.ISSUER_COUNTRY: "0156"}, Tvr(0)),  # goods at home
        ({tags.AUC: "0900", tags.ISSUER_COUNTRY: "0156"}, Tvr(0)),  # services at home
        ({tags.AUC: "C100", tags.ISSUER_COUNTRY: "0156"}, Tvr.SERVICE_NOT_ALLOWED),  # cash
        ({tags.AUC: "0100"}, Tvr(0)),  # no issuer country: not judged
        ({tags.ISSUER_COUNTRY: "0840"}, Tvr(0)),  # no usage control
        (
            {tags.AVN_CARD: "0001", tags.EXPIRY: "200101", tags.EFFECTIVE: "300101", tags.AUC: "0000"},
            Tvr.DIFFERENT_VERSIONS | Tvr.EXPIRED | Tvr.NOT_YET_EFFECTIVE | Tvr.SERVICE_NOT_ALLOWED,
        ),
    ],
)
def test_restrictions_set_bits_and_stop_nothing(card: dict[int, str], bits: Tvr) -> None:
    values = {tags.EXPIRY: "351231", **card}
    assert restrict({tag: bytes.fromhex(value) for tag, value in values.items()}, TERMINAL) == bits


@pytest.mark.parametrize("date", [b"", b"\x26\x11", b"\xff\xff\xff", b"\x26\x1a\x01", bytes(4)])
def test_a_date_that_is_none_is_a_faulty_card(date: bytes) -> None:
    with pytest.raises(CardFaulty):
        restrict({tags.EXPIRY: date}, TERMINAL)


@given(st.integers(0, 99), st.integers(1, 12), st.integers(1, 28))
def test_the_century_turns_at_fifty(year: int, month: int, day: int) -> None:
    assert full_date(bytes.fromhex(f"{year:02d}{month:02d}{day:02d}")) == (
        f"{1900 + year if year >= 50 else 2000 + year}{month:02d}{day:02d}"
    )


def test_bits_stand_where_the_books_put_them() -> None:
    assert Tvr.ODA_NOT_PERFORMED.encoded().hex() == "8000000000"
    assert Tvr.NEW_CARD.encoded().hex() == "0008000000"
    assert Tvr.ONLINE_PIN_ENTERED.encoded().hex() == "0000040000"
    assert Tvr.FLOOR_LIMIT_EXCEEDED.encoded().hex() == "0000008000"
    assert Tvr.MERCHANT_FORCED_ONLINE.encoded().hex() == "0000000800"
    assert Tvr.ISSUER_AUTHENTICATION_FAILED.encoded().hex() == "0000000040"
    assert (Tsi.ODA_PERFORMED.encoded().hex(), Tsi.SCRIPTS_PERFORMED.encoded().hex()) == ("8000", "0400")
    assert Aip.CDA.encoded().hex() == "0100"
