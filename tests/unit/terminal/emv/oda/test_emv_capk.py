"""Keys of the schemes: published ones recompute, a download wrong anywhere is refused, an expired one is none."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from importlib.resources import files

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.emv import tlv
from terminal.emv.oda.capk import Capk, CapkRefused, KeyRing, PublicKey, of_download, ring

PUBLISHED = json.loads((files("simulator.acquirer") / "capk_test.json").read_text("ascii"))["keys"]
UNIONPAY = bytes.fromhex("A000000333")
MODULUS = bytes.fromhex(next(key["modulus"] for key in PUBLISHED if (key["rid"], key["index"]) == ("A000000333", "08")))
RID, INDEX, MODULUS_AT, CHECK_SUM, EXPONENT, EXPIRY, HASHED_BY, ALGORITHM = (
    *(0x9F06, 0x9F22, 0xDF02, 0xDF03),
    *(0xDF04, 0xDF05, 0xDF06, 0xDF07),
)
WHOLE = {
    RID: UNIONPAY,
    INDEX: b"\x08",
    EXPIRY: bytes.fromhex("20301231"),
    HASHED_BY: b"\x01",
    ALGORITHM: b"\x01",
    MODULUS_AT: MODULUS,
    EXPONENT: b"\x03",
    CHECK_SUM: bytes.fromhex("EE23B616C95C02652AD18860E48787C079E8E85A"),
}


def item(changes: Mapping[int, bytes | None] = {}, is_summed_again: bool = False) -> bytes:
    values = {tag: value for tag, value in {**WHOLE, **changes}.items() if value is not None}
    if is_summed_again:
        summed = values[RID] + values[INDEX] + values[MODULUS_AT] + values[EXPONENT]
        values[CHECK_SUM] = hashlib.sha1(summed).digest()
    return tlv.build(values.items())


@pytest.mark.parametrize("key", PUBLISHED, ids=lambda key: f"{key['rid']}/{key['index']}")
def test_a_published_key_comes_with_its_published_check_sum(key: dict[str, str]) -> None:
    names = {RID: "rid", INDEX: "index", MODULUS_AT: "modulus", EXPONENT: "exponent", CHECK_SUM: "sha1"}
    capk = of_download(item({tag: bytes.fromhex(key[name]) for tag, name in names.items()}))
    assert (capk.rid.hex().upper(), capk.index) == (key["rid"], int(key["index"], 16))
    assert (capk.key.modulus.hex().upper(), capk.key.exponent) == (key["modulus"], int(key["exponent"], 16))


@pytest.mark.parametrize("expiry", [bytes.fromhex("20301231"), b"20301231"])
def test_the_expiry_comes_in_two_forms(expiry: bytes) -> None:
    assert of_download(item({EXPIRY: expiry})).expiry == "20301231"


@pytest.mark.parametrize("expiry", [None, b""])
def test_a_key_may_have_no_expiry(expiry: bytes | None) -> None:
    keys = ring([item({EXPIRY: expiry})])
    assert keys.find(UNIONPAY, 8, "99991231") is not None


@pytest.mark.parametrize("tag", [tag for tag in WHOLE if tag != EXPIRY], ids=hex)
def test_a_key_that_lacks_something_is_refused(tag: int) -> None:
    with pytest.raises(CapkRefused, match=f"lacks {tag:X}"):
        of_download(item({tag: None}))
    with pytest.raises(CapkRefused, match=f"lacks {tag:X}"):
        of_download(item({tag: b""}))


@pytest.mark.parametrize("tag", [RID, INDEX, MODULUS_AT, EXPONENT, CHECK_SUM], ids=hex)
def test_one_wrong_bit_is_refused(tag: int) -> None:
    spoiled = bytes((WHOLE[tag][0] ^ 0x02,)) + WHOLE[tag][1:]
    with pytest.raises(CapkRefused, match="check sum"):
        of_download(item({tag: spoiled}))


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({HASHED_BY: b"\x02"}, "algorithm"),
        ({ALGORITHM: b"\x04"}, "algorithm"),  # SM2
        ({RID: bytes(4)}, "name"),
        ({INDEX: bytes(2)}, "name"),
        ({EXPIRY: b"\x20\x30"}, "expiry"),
        ({EXPIRY: b"2030AB31"}, "expiry"),
        ({EXPIRY: bytes.fromhex("2030FF31")}, "expiry"),
        ({MODULUS_AT: bytes(143) + b"\x01"}, "does not know"),
        ({MODULUS_AT: MODULUS[:-1] + b"\x02"}, "does not know"),
        ({MODULUS_AT: b"\xff" * 249}, "does not know"),
        ({EXPONENT: b"\x00"}, "does not know"),
        ({EXPONENT: b"\x01"}, "does not know"),
        ({EXPONENT: b"\x02"}, "does not know"),
        ({EXPONENT: b"\x05"}, "does not know"),
        ({EXPONENT: MODULUS}, "does not know"),
    ],
)
def test_a_key_that_is_none_of_ours_is_refused_even_with_its_check_sum(changes: dict[int, bytes], word: str) -> None:
    with pytest.raises(CapkRefused, match=word):
        of_download(item(changes, is_summed_again=True))


def test_a_key_twice_told_or_cut_off_is_refused() -> None:
    with pytest.raises(CapkRefused, match="twice"):
        of_download(item() + tlv.build([(RID, UNIONPAY)]))
    with pytest.raises(CapkRefused, match="not a key"):
        of_download(item()[:-1])


def test_an_expired_key_is_none() -> None:
    keys = ring([item()])
    assert keys.find(UNIONPAY, 8, "20301231") == of_download(item())
    assert keys.find(UNIONPAY, 8, "20310101") is None
    assert keys.find(UNIONPAY, 9, "20301231") is None
    assert keys.find(bytes.fromhex("A000000003"), 8, "20301231") is None


def test_of_two_keys_with_one_name_the_later_stands() -> None:
    keys = ring([item(), item({EXPIRY: bytes.fromhex("20401231")})])
    assert keys.capks[UNIONPAY, 8].expiry == "20401231"


def test_the_revoked_are_known_by_all_three_numbers() -> None:
    keys = ring([item()], [(UNIONPAY, 8, b"abc")])
    capk = keys.capks[UNIONPAY, 8]
    assert keys.is_revoked(capk, b"abc")
    assert not keys.is_revoked(capk, b"abd")
    assert not keys.is_revoked(msgspec.structs.replace(capk, index=9), b"abc")
    assert not KeyRing().is_revoked(capk, b"abc")


@pytest.mark.parametrize(
    ("modulus", "exponent"),
    [
        (b"", 3),
        (bytes(128), 3),
        (bytes(127) + b"\x01", 3),
        (b"\x80" + bytes(127), 3),
        (b"\xff" * 249, 3),
        (MODULUS, 0),
        (MODULUS, 1),
        (MODULUS, 2),
        (MODULUS, 0x010003),
        (MODULUS, -3),
    ],
)
def test_there_is_no_key_that_emv_does_not_know(modulus: bytes, exponent: int) -> None:
    with pytest.raises(ValueError, match="EMV does not know"):
        PublicKey(modulus, exponent)


def test_a_key_shows_its_size_only() -> None:
    assert repr(PublicKey(MODULUS, 3)) == "PublicKey(1152 bits)"


@given(st.binary(max_size=300))
def test_garbage_is_refused(garbage: bytes) -> None:
    with pytest.raises(CapkRefused):
        of_download(garbage)


@given(st.integers(0, len(item()) - 1), st.integers(1, 255))
def test_a_download_spoiled_anywhere_is_refused_or_of_another_date(at: int, mask: int) -> None:
    whole = item()
    try:
        capk = of_download(whole[:at] + bytes((whole[at] ^ mask,)) + whole[at + 1 :])
    except CapkRefused:
        return
    assert msgspec.structs.replace(capk, expiry="20301231") == Capk(UNIONPAY, 8, PublicKey(MODULUS, 3), "20301231")
