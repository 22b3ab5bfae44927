"""Every check of a card's certificates, each spoiled in one place: which check fails, and what the TVR says."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest

from terminal.emv import tags
from terminal.emv.oda.authentication import Method, authenticate_card
from terminal.emv.oda.capk import KeyRing
from terminal.emv.oda.chain import explain_chain
from terminal.emv.oda.recovery import Check
from terminal.emv.read import Records
from terminal.emv.transport import Link
from terminal.emv.verification import Aip, Capabilities, Tsi, Tvr
from tests.unit.terminal.emv.oda.card_issuer import (
    AIP,
    ALL,
    DDOL,
    NUMBER,
    OK,
    OWNER,
    PAN,
    RID,
    ROOMY,
    SIGNED,
    SMALLER,
    TERMINAL,
    authenticated,
    flipped,
    issued,
    key,
    records,
    reported,
    static,
)


@pytest.mark.parametrize("exponent", [3, 65537])
@pytest.mark.parametrize("sizes", [SMALLER, ROOMY, (1984, 1984, 1984)])
async def test_a_good_card_is_proven_by_every_method(sizes: tuple[int, int, int], exponent: int) -> None:
    issue = issued(sizes, exponent)
    sda = await authenticated(issue, Capabilities.SDA)
    assert (sda.method, sda.tvr, sda.tsi) == (Method.SDA, Tvr.SDA_SELECTED, Tsi.ODA_PERFORMED)
    assert sda.recovered == {tags.DATA_AUTHENTICATION_CODE: b"\xda\xc1"}
    dda = await authenticated(issue, Capabilities.SDA | Capabilities.DDA)
    assert (dda.method, dda.tvr, dda.tsi) == (Method.DDA, Tvr(0), Tsi.ODA_PERFORMED)
    assert dda.recovered == {tags.ICC_DYNAMIC_NUMBER: NUMBER}
    cda = await authenticated(issue, ALL)
    assert (cda.method, cda.tvr, cda.tsi) == (Method.CDA, Tvr(0), Tsi(0))  # GENERATE AC has still to answer
    assert cda.icc_key == issue.chip.public
    report = reported(issue)
    assert [report.capk.bits, report.issuer.bits, report.card.bits] == list(sizes)
    assert [link.failed for link in (report.capk, report.issuer, report.card, report.static)] == [None] * 4
    assert (report.issuer.expiry, report.issuer.serial) == ("1249", "0000A1")


@pytest.mark.parametrize(
    ("aip", "capabilities", "method"),
    [
        (0x6100, ALL, Method.CDA),
        (0x6000, ALL, Method.DDA),
        (0x4000, ALL, Method.SDA),
        (0x1C00, ALL, Method.NONE),
        (0x6100, Capabilities.SDA | Capabilities.DDA, Method.DDA),
        (0x6100, Capabilities.SDA, Method.SDA),
        (0x2100, Capabilities.SDA, Method.NONE),
        (0x6100, Capabilities(0), Method.NONE),
    ],
)
async def test_the_best_method_that_both_can(aip: int, capabilities: Capabilities, method: Method) -> None:
    async def transmit(command: bytes) -> bytes:
        return OK

    nothing = Records({})
    done = await authenticate_card(Link(transmit, 1), Aip(aip), nothing, TERMINAL, capabilities, KeyRing(), RID, DDOL)
    missing, performed = Tvr.ICC_DATA_MISSING, Tsi.ODA_PERFORMED
    assert (done.method, done.tvr, done.tsi) == {
        Method.CDA: (method, Tvr.CDA_FAILED | missing, performed),
        Method.DDA: (method, Tvr.DDA_FAILED | missing, performed),
        Method.SDA: (method, Tvr.SDA_FAILED | Tvr.SDA_SELECTED | missing, performed),
        Method.NONE: (method, Tvr.ODA_NOT_PERFORMED, Tsi(0)),
    }[method]


FRAME = [  # what is wrong in both kinds of certificate
    ({"header": 0x6B}, Check.HEADER),
    ({"header": 0x4A}, Check.HEADER),
    ({"trailer": 0xCC}, Check.TRAILER),
    ({"form": 0x03}, Check.FORMAT),
    ({"hashed_by": 2}, Check.HASH_ALGORITHM),
    ({"algorithm": 2}, Check.ALGORITHM),
    ({"hash": bytes(range(20))}, Check.HASH),
    ({"expiry": bytes.fromhex("0215")}, Check.EXPIRY),  # today is 16 March 2015
    ({"expiry": bytes.fromhex("1214")}, Check.EXPIRY),
    ({"expiry": bytes.fromhex("1250")}, Check.EXPIRY),  # 1950
    ({"expiry": bytes.fromhex("1349")}, Check.EXPIRY),
    ({"expiry": bytes.fromhex("0049")}, Check.EXPIRY),
    ({"expiry": bytes.fromhex("0A49")}, Check.EXPIRY),
    ({"exponent_length": 3}, Check.EXPONENT),
    ({"exponent": b"\x00"}, Check.KEY),
    ({"exponent": b"\x01"}, Check.KEY),
    ({"exponent": b"\x02"}, Check.KEY),
    ({"exponent": b"\x01\x00\x03"}, Check.KEY),
    ({"modulus": bytes(144)}, Check.KEY),
    ({"modulus": bytes(143) + b"\x01"}, Check.KEY),
    ({"modulus": b"\xfe" * 144}, Check.KEY),
    ({"modulus": b"\xff" * 249}, Check.KEY),
    ({"modulus_length": 0}, Check.KEY),
]
OF_ISSUER = [
    *FRAME,
    ({"form": 0x04}, Check.FORMAT),
    ({"owner": bytes.fromhex("62109481")}, Check.ISSUER),
    ({"owner": bytes.fromhex("6210948F")}, None),
    ({"owner": bytes.fromhex("6211FFFF")}, Check.ISSUER),
    ({"owner": bytes.fromhex("621FFFFF")}, None),
    ({"owner": bytes.fromhex("62FFFFFF")}, Check.ISSUER),  # two digits
    ({"owner": bytes.fromhex("FFFFFFFF")}, Check.ISSUER),
    ({"owner": bytes.fromhex("62F09480")}, Check.ISSUER),
    ({"serial": bytes.fromhex("BADBAD")}, Check.REVOKED),
    ({"expiry": bytes.fromhex("0315")}, None),  # to the end of the month
]
OF_CARD = [
    *FRAME,
    ({"form": 0x02}, Check.FORMAT),
    ({"owner": OWNER[:7] + b"\x12\xff\xff"}, Check.PAN),
    ({"owner": PAN + b"\x00\xff"}, Check.PAN),
    ({"owner": PAN[:7].ljust(10, b"\xff")}, Check.PAN),
    ({"owner": b"\xff" * 10}, Check.PAN),
    ({"serial": bytes.fromhex("BADBAD")}, None),  # the list is of issuers' certificates
    ({"beyond": SIGNED}, Check.HASH),
    ({"beyond": SIGNED[:-1] + b"\x56" + AIP.encoded()}, Check.HASH),
    ({"expiry": bytes.fromhex("0315")}, None),
]


@pytest.mark.parametrize("sizes", [SMALLER, ROOMY])
@pytest.mark.parametrize(("changes", "check"), OF_ISSUER)
def test_an_issuer_certificate_fails_where_it_is_wrong(
    changes: dict[str, Any], check: Check | None, sizes: tuple[int, int, int]
) -> None:
    issue = issued(sizes)
    report = reported(replace(issue, issuer=replace(issue.issuer, **changes)))
    assert (report.capk.failed, report.issuer.failed) == (None, check)
    assert report.card.failed is report.static.failed is (Check.SIGNER if check else None)


@pytest.mark.parametrize("sizes", [SMALLER, ROOMY])
@pytest.mark.parametrize(("changes", "check"), OF_CARD)
async def test_a_card_s_certificate_fails_where_it_is_wrong(
    changes: dict[str, Any], check: Check | None, sizes: tuple[int, int, int]
) -> None:
    issue = issued(sizes)
    spoiled = replace(issue, card=replace(issue.card, **changes))
    report = reported(spoiled)
    assert (report.issuer.failed, report.card.failed, report.static.failed) == (None, check, None)
    done = await authenticated(spoiled, ALL)
    assert done.tvr == (Tvr.CDA_FAILED if check else Tvr(0))
    assert done.tsi == (Tsi.ODA_PERFORMED if check else Tsi(0))
    assert (done.icc_key is None) is bool(check)


STALE = [  # right in itself, but another one than was signed
    {"owner": bytes.fromhex("6210FFFF")},
    {"expiry": bytes.fromhex("1149")},
    {"serial": bytes.fromhex("0000A2")},
    {"algorithm": 2},
    {"exponent_length": 3},
    {"modulus": key(1280, 3, 9).modulus},
]


@pytest.mark.parametrize("changes", STALE, ids=lambda changes: next(iter(changes)))
def test_every_field_is_under_the_hash(changes: dict[str, Any]) -> None:
    issue = issued()
    _, digest, _ = issue.issuer.parts(issue.ca.size)
    assert reported(replace(issue, issuer=replace(issue.issuer, hash=digest, **changes))).issuer.failed is Check.HASH


@pytest.mark.parametrize(
    ("sizes", "check"), [(SMALLER, Check.REMAINDER), (ROOMY, Check.DATA_MISSING)], ids=["too short", "absent"]
)
async def test_a_modulus_longer_than_what_there_is_of_it(sizes: tuple[int, int, int], check: Check) -> None:
    issue = issued(sizes)
    assert reported(replace(issue, issuer=replace(issue.issuer, modulus_length=248))).issuer.failed is check
    spoiled = replace(issue, card=replace(issue.card, modulus_length=248))
    assert reported(spoiled).card.failed is check
    missing = Tvr.ICC_DATA_MISSING if check is Check.DATA_MISSING else Tvr(0)
    assert (await authenticated(spoiled, Capabilities.DDA)).tvr == Tvr.DDA_FAILED | missing


VALUES: list[tuple[int, Any, str, Check]] = [
    (tags.CAPK_INDEX, lambda _: None, "capk", Check.DATA_MISSING),
    (tags.CAPK_INDEX, lambda _: b"", "capk", Check.CAPK),
    (tags.CAPK_INDEX, lambda _: b"\x78", "capk", Check.CAPK),
    (tags.CAPK_INDEX, lambda value: value * 2, "capk", Check.CAPK),
    (tags.ISSUER_CERTIFICATE, lambda _: None, "issuer", Check.DATA_MISSING),
    (tags.ISSUER_CERTIFICATE, lambda value: value[:-1], "issuer", Check.LENGTH),
    (tags.ISSUER_CERTIFICATE, lambda value: value + b"\x00", "issuer", Check.LENGTH),
    (tags.ISSUER_EXPONENT, lambda _: None, "issuer", Check.DATA_MISSING),
    (tags.ISSUER_EXPONENT, lambda _: b"\x01\x00\x01", "issuer", Check.HASH),
    (tags.ISSUER_REMAINDER, lambda _: None, "issuer", Check.DATA_MISSING),
    (tags.ISSUER_REMAINDER, lambda value: flipped(value), "issuer", Check.HASH),
    (tags.ISSUER_REMAINDER, lambda value: value[:-1], "issuer", Check.HASH),
    (tags.PAN, lambda _: None, "issuer", Check.ISSUER),
    (tags.PAN, lambda value: flipped(value, 3), "issuer", Check.ISSUER),
    (tags.PAN, lambda value: flipped(value, 7), "card", Check.PAN),
    (tags.ICC_CERTIFICATE, lambda _: None, "card", Check.DATA_MISSING),
    (tags.ICC_CERTIFICATE, lambda value: value[1:], "card", Check.LENGTH),
    (tags.ICC_EXPONENT, lambda _: None, "card", Check.DATA_MISSING),
    (tags.ICC_EXPONENT, lambda _: b"\x00\x03", "card", Check.HASH),
    (tags.ICC_REMAINDER, lambda _: None, "card", Check.DATA_MISSING),
    (tags.ICC_REMAINDER, lambda value: flipped(value, 5), "card", Check.HASH),
    (tags.STATIC_TAGS, lambda _: None, "card", Check.HASH),  # the AIP was signed
    (tags.STATIC_TAGS, lambda _: b"", "card", Check.TAG_LIST),
    (tags.STATIC_TAGS, lambda _: b"\x82\x82", "card", Check.TAG_LIST),
    (tags.STATIC_TAGS, lambda _: b"\x5a", "static", Check.TAG_LIST),
    (tags.SIGNED_STATIC, lambda _: None, "static", Check.DATA_MISSING),
    (tags.SIGNED_STATIC, lambda value: value[:-1], "static", Check.LENGTH),
    (tags.SIGNED_STATIC, lambda _: b"", "static", Check.LENGTH),
]


@pytest.mark.parametrize(("tag", "spoil", "link", "check"), VALUES)
async def test_what_the_card_gives_wrong_or_not_at_all(tag: int, spoil: Any, link: str, check: Check) -> None:
    values = issued().values()
    changes = {tag: spoil(values[tag])}
    assert getattr(reported(issued(), changes), link).failed is check
    missing = Tvr.ICC_DATA_MISSING if check is Check.DATA_MISSING else Tvr(0)
    if link != "static":
        assert (await authenticated(issued(), ALL, records(values, changes))).tvr == Tvr.CDA_FAILED | missing
        dda = await authenticated(issued(), Capabilities.DDA, records(values, changes))
        assert (dda.tvr, dda.tsi) == (Tvr.DDA_FAILED | missing, Tsi.ODA_PERFORMED)
    if link != "card":
        sda = await authenticated(issued(), Capabilities.SDA, records(values, changes))
        assert (sda.tvr, sda.tsi) == (Tvr.SDA_SELECTED | Tvr.SDA_FAILED | missing, Tsi.ODA_PERFORMED)


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({}, None),
        ({"header": 0x6B}, Check.HEADER),
        ({"trailer": 0xBB}, Check.TRAILER),
        ({"form": 5}, Check.FORMAT),
        ({"hashed_by": 0}, Check.HASH_ALGORITHM),
        ({"hash": bytes(20)}, Check.HASH),
        ({"beyond": SIGNED}, Check.HASH),
    ],
)
def test_signed_static_data_fail_where_they_are_wrong(changes: dict[str, Any], check: Check | None) -> None:
    bank = issued().bank
    assert reported(issued(), {tags.SIGNED_STATIC: bank.sign(static(bank.size, **changes))}).static.failed is check


async def test_records_outside_their_template_cannot_be_signed() -> None:
    card = Records(issued().values(), SIGNED, is_signable=False)
    report = explain_chain(card, AIP, issued().keys, RID, TERMINAL)
    assert (report.issuer.failed, report.card.failed, report.static.failed) == (None, Check.RECORDS, Check.RECORDS)
    assert (await authenticated(issued(), ALL, card)).tvr == Tvr.CDA_FAILED


def test_a_remainder_that_is_not_needed_is_signed_all_the_same() -> None:
    issue = issued(ROOMY)
    certificate, _ = issue.issuer.signed(issue.ca)
    middle, _, _ = issue.issuer.parts(issue.ca.size)
    digest = hashlib.sha1(middle + b"more" + issue.issuer.exponent).digest()
    with_more, _ = replace(issue.issuer, hash=digest).signed(issue.ca)
    assert reported(issue, {tags.ISSUER_REMAINDER: b"more"}).issuer.failed is Check.HASH
    more = {tags.ISSUER_REMAINDER: b"more", tags.ISSUER_CERTIFICATE: with_more}
    assert reported(issue, more).issuer.failed is None
    assert reported(issue, {tags.ISSUER_CERTIFICATE: certificate}).issuer.failed is None
