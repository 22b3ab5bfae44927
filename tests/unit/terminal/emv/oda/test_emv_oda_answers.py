"""What a card answers to a challenge, which key a PIN goes under, and garbage in every place."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.emv import tags, tlv
from terminal.emv.oda.authentication import Method, authenticate_card, pin_key
from terminal.emv.oda.capk import PublicKey
from terminal.emv.oda.chain import explain_chain
from terminal.emv.read import Records
from terminal.emv.transport import Link
from terminal.emv.verification import Capabilities, Tsi, Tvr
from tests.unit.terminal.emv.oda.card_issuer import (
    AIP,
    ALL,
    DDOL,
    NUMBER,
    OK,
    OWNER,
    RID,
    SIGNED,
    TERMINAL,
    UN,
    Paper,
    authenticated,
    dynamic,
    flipped,
    issued,
    key,
    records,
    reported,
)


@pytest.mark.parametrize(
    ("data", "changes", "is_right"),
    [
        (b"\x08" + NUMBER, {}, True),
        (b"\x02\x00\x06", {}, True),
        (b"\x02\x00\x06" + b"more of the card's", {}, True),
        (b"\x08" + NUMBER, {"header": 0x6C}, False),
        (b"\x08" + NUMBER, {"trailer": 0}, False),
        (b"\x08" + NUMBER, {"form": 3}, False),
        (b"\x08" + NUMBER, {"hashed_by": 3}, False),
        (b"\x08" + NUMBER, {"hash": bytes(20)}, False),
        (b"\x08" + NUMBER, {"length": 8}, False),  # cuts the number
        (b"\x08" + NUMBER, {"length": 0}, False),
        (b"\x08" + NUMBER, {"length": 120}, False),  # more than there is
        (b"\x01\x06", {}, False),
        (b"\x00", {}, False),
        (b"\x09" + bytes(9), {}, False),
    ],
)
async def test_the_answer_to_a_challenge(data: bytes, changes: dict[str, Any], is_right: bool) -> None:
    chip = issued().chip
    answer = tlv.build([(tags.FORMAT_1, chip.sign(dynamic(chip.size, data, UN, **changes)))])
    done = await authenticated(issued(), Capabilities.DDA, answer=answer)
    assert done.tvr == (Tvr(0) if is_right else Tvr.DDA_FAILED)
    assert done.recovered == ({tags.ICC_DYNAMIC_NUMBER: data[1 : 1 + data[0]]} if is_right else {})


async def test_an_answer_to_another_challenge_is_none() -> None:
    chip = issued().chip
    old = tlv.build([(tags.FORMAT_1, chip.sign(dynamic(chip.size, b"\x02\x00\x06", flipped(UN))))])
    assert (await authenticated(issued(), Capabilities.DDA, answer=old)).tvr == Tvr.DDA_FAILED


@pytest.mark.parametrize(
    ("of_card", "default", "is_right"),
    [
        (None, "9F3704", True),
        (None, "", False),
        (None, "9F1A02", False),
        ("9F37049F1A0295055F3401", "", True),
        ("9F1A02", "9F3704", False),  # the default is for cards that have none
        ("", "9F3704", False),
        ("9F3702", "9F3704", False),  # no challenge worth the name
        ("9F37", "9F3704", False),
        ("9F3704" + "9F1AFF" * 2, "9F3704", False),  # more than a command can carry
    ],
)
async def test_the_list_of_dynamic_data(of_card: str | None, default: str, is_right: bool) -> None:
    ddol = None if of_card is None else bytes.fromhex(of_card)
    card = records(issued().values(), {tags.DDOL: ddol})
    done = await authenticated(issued(), Capabilities.DDA, card, default_ddol=bytes.fromhex(default))
    assert (done.tvr, done.tsi) == (Tvr(0) if is_right else Tvr.DDA_FAILED, Tsi.ODA_PERFORMED)


async def test_the_challenge_is_the_terminal_s_whatever_the_card_calls_one() -> None:
    commands = []

    async def transmit(command: bytes) -> bytes:
        commands.append(command)
        return OK

    card = records(issued().values(), {tags.UNPREDICTABLE_NUMBER: bytes(4)})
    await authenticate_card(Link(transmit, 1), AIP, card, TERMINAL, Capabilities.DDA, issued().keys, RID, DDOL)
    assert [command.hex().upper() for command in commands] == ["00880000047863AFC600"]


async def test_data_are_missing_even_where_the_scheme_s_key_is_unknown() -> None:
    card = records(issued().values(), {tags.CAPK_INDEX: b"\x78", tags.ICC_EXPONENT: None, tags.SIGNED_STATIC: None})
    dda = await authenticated(issued(), Capabilities.DDA, card)
    assert dda.tvr == Tvr.DDA_FAILED | Tvr.ICC_DATA_MISSING
    sda = await authenticated(issued(), Capabilities.SDA, card)
    assert sda.tvr == Tvr.SDA_SELECTED | Tvr.SDA_FAILED | Tvr.ICC_DATA_MISSING


def pin_values(**changes: Any) -> dict[int, bytes | None]:
    """Book 2, 7.1: the hash covers no static data."""
    own = key(1152, 3, 5)
    certificate, remainder = replace(Paper(0x04, OWNER, own.modulus), **changes).signed(issued().bank)
    return {tags.PIN_CERTIFICATE: certificate, tags.PIN_EXPONENT: b"\x03", tags.PIN_REMAINDER: remainder}


def pin_key_of(changes: dict[int, bytes | None]) -> PublicKey | None:
    return pin_key(records(issued().values(), changes), AIP, issued().keys, RID, TERMINAL)


def test_a_pin_goes_under_the_card_s_key_for_pins() -> None:
    assert pin_key_of(pin_values()) == key(1152, 3, 5).public
    report = reported(issued(), pin_values())
    assert (report.pin.failed, report.pin.bits) == (None, 1152)


def test_or_under_its_ordinary_key() -> None:
    assert pin_key_of({}) == issued().chip.public


@pytest.mark.parametrize(
    "changes",
    [
        pin_values(beyond=SIGNED + AIP.encoded()),
        pin_values(form=2),
        pin_values(owner=b"\xff" * 10),
        pin_values(expiry=bytes.fromhex("0215")),
        pin_values() | {tags.PIN_EXPONENT: None},
        pin_values() | {tags.PIN_REMAINDER: None},
        {tags.PIN_CERTIFICATE: b""},
        {tags.ICC_CERTIFICATE: None},
        {tags.CAPK_INDEX: None},
    ],
)
def test_a_key_that_cannot_be_trusted_enciphers_no_pin(changes: dict[int, bytes | None]) -> None:
    assert pin_key_of(changes) is None


def test_nobody_is_named() -> None:
    certificate, _ = issued().card.signed(issued().bank)
    done = reported(issued()), reported(issued(), {tags.PAN: b"\x62"})
    assert "6210948" not in repr(done)
    assert certificate.hex() not in repr(done)


CERTIFICATES = (
    *(tags.CAPK_INDEX, tags.ISSUER_CERTIFICATE, tags.ISSUER_EXPONENT, tags.ISSUER_REMAINDER, tags.ICC_CERTIFICATE),
    *(tags.ICC_EXPONENT, tags.ICC_REMAINDER, tags.SIGNED_STATIC, tags.STATIC_TAGS, tags.PIN_CERTIFICATE),
    *(tags.PIN_EXPONENT, tags.PIN_REMAINDER, tags.PAN, tags.DDOL),
)
METHODS = st.sampled_from([Capabilities.SDA, Capabilities.DDA, ALL])
BITS = {Method.SDA: Tvr.SDA_FAILED, Method.DDA: Tvr.DDA_FAILED, Method.CDA: Tvr.CDA_FAILED}


@given(st.dictionaries(st.sampled_from(CERTIFICATES), st.binary(max_size=260)), METHODS)
async def test_garbage_fails(garbage: dict[int, bytes], capabilities: Capabilities) -> None:
    done = await authenticated(issued(), capabilities, Records(garbage))
    assert done.tvr & BITS[done.method]
    explain_chain(Records(garbage), AIP, issued().keys, RID, TERMINAL)
    assert pin_key(Records(garbage), AIP, issued().keys, RID, TERMINAL) is None


@given(st.binary(max_size=260))
async def test_a_garbled_answer_to_the_challenge_fails(answer: bytes) -> None:
    assert (await authenticated(issued(), Capabilities.DDA, answer=answer)).tvr == Tvr.DDA_FAILED


@given(st.binary(min_size=153, max_size=153), st.booleans(), METHODS)
async def test_a_certificate_of_any_content_is_read_or_refused(
    content: bytes, is_framed: bool, capabilities: Capabilities
) -> None:
    """Rightly signed and hashed, whatever it says."""
    ca = issued().ca
    exponent = b"\x03"
    middle = b"\x02" + content[:9] + b"\x01\x01" + content[9:] if is_framed else b"\x02" + (content * 2)[: ca.size - 23]
    middle = middle[: ca.size - 22].ljust(ca.size - 22, b"\xbb")
    plain = b"\x6a" + middle + hashlib.sha1(middle + exponent).digest() + b"\xbc"
    card = records(issued().values(), {tags.ISSUER_CERTIFICATE: ca.sign(plain), tags.ISSUER_REMAINDER: None})
    done = await authenticated(issued(), capabilities, card)
    assert done.tvr & BITS[done.method]
    explain_chain(card, AIP, issued().keys, RID, TERMINAL)


@given(st.sampled_from(CERTIFICATES[1:8]), st.integers(0, 10_000), st.integers(1, 255))
async def test_one_wrong_byte_anywhere_fails(tag: int, at: int, mask: int) -> None:
    values = issued().values()
    at %= len(values[tag])
    spoiled = values[tag][:at] + bytes((values[tag][at] ^ mask,)) + values[tag][at + 1 :]
    method = Capabilities.SDA if tag == tags.SIGNED_STATIC else ALL
    done = await authenticated(issued(), method, records(values, {tag: spoiled}))
    assert done.tvr & BITS[done.method]
