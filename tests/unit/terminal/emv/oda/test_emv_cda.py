"""The signature around a cryptogram: a test card signs by the Book's table, both GENERATE ACs, and is spoiled."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.emv import tags, tlv
from terminal.emv.oda.authentication import authenticate_card
from terminal.emv.oda.dynamic import CdaChecked, check_cda
from terminal.emv.transport import Link
from tests.unit.terminal.emv.oda.card_issuer import AIP, ALL, DDOL, NUMBER, RID, TERMINAL, UN, dynamic, issued, records

PDOL, CDOL1, CDOL2 = b"what the PDOL asked", b"what CDOL1 asked" + UN, b"what CDOL2 asked" + UN
ARQC, TC = b"\x80", b"\x40"
CRYPTOGRAM = bytes.fromhex("B04398D218017BF9")
IAD = bytes.fromhex("07000103A0A80201")
CHIP = issued().chip


def answer(cid: bytes, sent: bytes, with_iad: bool, order: tuple[int, ...] = ()) -> bytes:
    """The inside of template 77 (Book 2, table 18), signed over what was sent and what else is in it."""
    objects = {tags.CID: cid, tags.ATC: b"\x00\x06", tags.IAD: IAD}
    names = [tag for tag in order or tuple(objects) if with_iad or tag != tags.IAD]
    covered = tlv.build((tag, objects[tag]) for tag in names)
    signature = CHIP.sign(dynamic(CHIP.size, dynamic_data(cid, sent + covered), UN))
    at = len(names) - 1  # the signature stands before the last
    listed = [(tag, objects[tag]) for tag in names]
    return tlv.build([*listed[:at], (tags.SIGNED_DYNAMIC, signature), *listed[at:]])


def dynamic_data(cid: bytes, covered: bytes, number: bytes = NUMBER) -> bytes:
    """Book 2, table 19."""
    return bytes((len(number),)) + number + cid + CRYPTOGRAM + hashlib.sha1(covered).digest()


def checked(inside: bytes, sent: bytes) -> CdaChecked | None:
    values = dict(tlv.parse(inside))
    covered = sent + tlv.without(inside, tags.SIGNED_DYNAMIC)
    return check_cda(CHIP.public, values[tags.SIGNED_DYNAMIC], values[tags.CID], UN, covered)


@pytest.mark.parametrize("with_iad", [True, False])
@pytest.mark.parametrize(
    ("cid", "sent"),
    [(ARQC, PDOL + CDOL1), (TC, PDOL + CDOL1), (TC, PDOL + CDOL1 + CDOL2), (ARQC, CDOL1)],
    ids=["online", "offline", "second", "without a PDOL"],
)
def test_both_cryptograms_come_signed(cid: bytes, sent: bytes, with_iad: bool) -> None:
    assert checked(answer(cid, sent, with_iad), sent) == CdaChecked(CRYPTOGRAM, NUMBER, cid)


def test_the_order_is_the_card_s() -> None:
    turned = (tags.IAD, tags.ATC, tags.CID)
    inside = answer(ARQC, PDOL + CDOL1, True, turned)
    assert checked(inside, PDOL + CDOL1) is not None
    values = dict(tlv.parse(inside))
    again = tlv.build((tag, values[tag]) for tag in (*reversed(turned), tags.SIGNED_DYNAMIC))
    assert checked(again, PDOL + CDOL1) is None


@pytest.mark.parametrize(
    "sent",
    [PDOL + CDOL1, CDOL1 + CDOL2, PDOL + CDOL2, PDOL + CDOL2 + CDOL1, PDOL + CDOL1 + CDOL2 + b"\x00", b""],
)
def test_the_second_covers_all_that_was_sent(sent: bytes) -> None:
    inside = answer(TC, PDOL + CDOL1 + CDOL2, True)
    assert checked(inside, PDOL + CDOL1 + CDOL2) is not None
    assert checked(inside, sent) is None


@pytest.mark.parametrize(
    ("tag", "value"),
    [(tags.CID, TC), (tags.CID, b""), (tags.ATC, b"\x00\x07"), (tags.IAD, IAD[:-1] + b"\x02"), (tags.ATC, b"\x06")],
)
def test_what_stands_beside_the_signature_cannot_be_changed(tag: int, value: bytes) -> None:
    inside = dict(tlv.parse(answer(ARQC, PDOL + CDOL1, True)))
    assert checked(tlv.build({**inside, tag: value}.items()), PDOL + CDOL1) is None


COVERED = b"covered"


def signature(data: bytes | None = None, sent: bytes = UN, **changes: Any) -> bytes:
    return CHIP.sign(dynamic(CHIP.size, dynamic_data(ARQC, COVERED) if data is None else data, sent, **changes))


WHOLE = dynamic_data(ARQC, COVERED)


@pytest.mark.parametrize(
    ("signed", "cid", "is_right"),
    [
        (signature(), ARQC, True),
        (signature(dynamic_data(ARQC, COVERED, b"\x00\x06")), ARQC, True),
        (signature(WHOLE + b"more"), ARQC, True),  # the leftmost bytes are ours (6.6.1)
        (signature(header=0x6B), ARQC, False),
        (signature(trailer=0xBB), ARQC, False),
        (signature(form=3), ARQC, False),
        (signature(hashed_by=2), ARQC, False),
        (signature(hash=bytes(20)), ARQC, False),
        (signature(length=len(WHOLE) - 1), ARQC, False),
        (signature(length=0), ARQC, False),
        (signature(length=255), ARQC, False),
        (signature(dynamic_data(ARQC, COVERED, b"\x06")), ARQC, False),
        (signature(dynamic_data(ARQC, COVERED, bytes(9))), ARQC, False),
        (signature(dynamic_data(TC, COVERED)), ARQC, False),
        (signature(), TC, False),
        (signature(), b"", False),
        (signature(dynamic_data(ARQC, b"other")), ARQC, False),
        (signature(sent=UN[::-1]), ARQC, False),
        (signature(sent=b""), ARQC, False),
        (signature()[:-1], ARQC, False),
        (signature() + b"\x00", ARQC, False),
        (b"", ARQC, False),
    ],
)
def test_a_signature_fails_where_it_is_wrong(signed: bytes, cid: bytes, is_right: bool) -> None:
    assert (check_cda(CHIP.public, signed, cid, UN, COVERED) is not None) is is_right


def test_another_card_s_key_opens_nothing() -> None:
    assert check_cda(issued().bank.public, signature(), ARQC, UN, COVERED) is None


@given(st.integers(0, CHIP.size - 1), st.integers(1, 255))
def test_one_wrong_byte_anywhere_fails(at: int, mask: int) -> None:
    right = signature()
    assert check_cda(CHIP.public, right[:at] + bytes((right[at] ^ mask,)) + right[at + 1 :], ARQC, UN, COVERED) is None


@given(st.binary(max_size=260), st.binary(max_size=3))
def test_garbage_fails(signed: bytes, cid: bytes) -> None:
    assert check_cda(CHIP.public, signed, cid, UN, COVERED) is None


@given(st.binary(min_size=1, max_size=119), st.integers(0, 255))
def test_dynamic_data_of_any_content_are_read_or_refused(data: bytes, length: int) -> None:
    """Rightly signed, whatever they say."""
    assert check_cda(CHIP.public, signature(data, length=length), ARQC, UN, COVERED) is None


async def test_from_the_records_to_the_cryptogram() -> None:
    async def transmit(command: bytes) -> bytes:
        raise AssertionError("CDA needs no command of its own")

    issue = issued()
    done = await authenticate_card(
        Link(transmit, 1), AIP, records(issue.values()), TERMINAL, ALL, issue.keys, RID, DDOL
    )
    inside = answer(ARQC, PDOL + CDOL1, True)
    values = dict(tlv.parse(inside))
    covered = PDOL + CDOL1 + tlv.without(inside, tags.SIGNED_DYNAMIC)
    assert done.icc_key is not None
    result = check_cda(done.icc_key, values[tags.SIGNED_DYNAMIC], values[tags.CID], UN, covered)
    assert result is not None
    assert (result.cryptogram, result.dynamic_number, result.cid) == (CRYPTOGRAM, NUMBER, ARQC)
