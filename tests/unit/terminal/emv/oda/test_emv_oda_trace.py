"""Offline data authentication of the real UnionPay card of the trace, against the scheme's published test key 09."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from simulator.acquirer.downloads import capks
from terminal.emv import tags, tlv
from terminal.emv.errors import CardFaulty
from terminal.emv.initiate import locator
from terminal.emv.oda.authentication import Authenticated, Method, authenticate_card, pin_key
from terminal.emv.oda.capk import KeyRing, ring
from terminal.emv.oda.chain import explain_chain
from terminal.emv.oda.recovery import Check
from terminal.emv.read import Records, read
from terminal.emv.transport import Link
from terminal.emv.verification import Aip, Capabilities, Tsi, Tvr

TRACE = (Path(__file__).parents[4] / "vectors/unionpay_contact_sale.txt").read_text("ascii").split()
ANSWERS = {bytes.fromhex(asked): bytes.fromhex(answer) for asked, answer in zip(TRACE[::2], TRACE[1::2], strict=True)}
CHALLENGE = "00880000047863AFC600"
PUBLISHED = bytes.fromhex("07000659A2F145F4")  # tests/vectors/README.md: the number behind its length (Book 2, 6.5.1)
UNIONPAY = bytes.fromhex("A000000333")
KEYS = ring(key.whole() for key in capks())
AIP, AFL = Aip(0x7C00), bytes.fromhex("0801030010010501")
TERMINAL = {tags.DATE: bytes.fromhex("150316"), tags.UNPREDICTABLE_NUMBER: bytes.fromhex("7863AFC6")}
SDA, DDA = Capabilities.SDA, Capabilities.DDA


async def replay(command: bytes) -> bytes:
    return ANSWERS[command]


LINK = Link(replay, 1)


async def records() -> Records:
    return await read(LINK, locator(AFL), lambda _: False)


async def authenticated(
    capabilities: Capabilities = SDA | DDA, keys: KeyRing = KEYS, terminal: dict[int, bytes] = TERMINAL
) -> Authenticated:
    found = await records()
    return await authenticate_card(LINK, AIP, found, terminal, capabilities, keys, UNIONPAY, bytes.fromhex("9F3704"))


async def test_the_afl_says_that_one_record_is_signed() -> None:
    found = await records()
    assert found.is_signable
    assert found.signed == tlv.sole(bytes.fromhex(TRACE[TRACE.index("00B2011400") + 1])[:-2], tags.RECORD)


async def test_the_card_answers_the_challenge() -> None:
    done = await authenticated()
    assert (done.method, done.tvr, done.tsi, done.icc_key) == (Method.DDA, Tvr(0), Tsi.ODA_PERFORMED, None)
    length, number = PUBLISHED[0], PUBLISHED[1:]
    assert done.recovered == {tags.ICC_DYNAMIC_NUMBER: number}
    assert len(number) == length


async def test_the_issuer_signed_its_static_data() -> None:
    done = await authenticated(SDA)
    assert (done.method, done.tvr, done.tsi) == (Method.SDA, Tvr.SDA_SELECTED, Tsi.ODA_PERFORMED)
    assert len(done.recovered[tags.DATA_AUTHENTICATION_CODE]) == 2


async def test_its_chain_is_told_link_by_link() -> None:
    report = explain_chain(await records(), AIP, KEYS, UNIONPAY, TERMINAL)
    assert (report.capk.failed, report.capk.bits, report.capk.expiry) == (None, 1408, "20301231")
    assert (report.issuer.failed, report.issuer.bits, len(report.issuer.serial)) == (None, 1408, 6)
    assert (report.card.failed, report.card.bits, len(report.card.serial)) == (None, 1408, 6)
    assert (report.pin.failed, report.static.failed) == (Check.DATA_MISSING, None)
    assert "6210948" not in repr(report)


async def test_without_a_key_for_pins_its_own_key_enciphers_them() -> None:
    key = pin_key(await records(), AIP, KEYS, UNIONPAY, TERMINAL)
    assert key is not None
    assert (key.bits, repr(key)) == (1408, "PublicKey(1408 bits)")


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        ("301130", {"issuer": None, "card": None}),
        ("310101", {"capk": Check.CAPK, "issuer": Check.SIGNER}),
    ],
)
async def test_time_passes(today: str, expected: dict[str, Check | None]) -> None:
    report = explain_chain(await records(), AIP, KEYS, UNIONPAY, TERMINAL | {tags.DATE: bytes.fromhex(today)})
    assert {name: getattr(report, name).failed for name in expected} == expected


def other_key(keys: KeyRing) -> KeyRing:
    return KeyRing({(UNIONPAY, 9): msgspec.structs.replace(keys.capks[UNIONPAY, 0x08], index=9)})


@pytest.mark.parametrize("keys", [lambda _: KeyRing(), other_key])
async def test_a_card_of_another_issuer_is_not_even_asked(keys: Callable[[KeyRing], KeyRing]) -> None:
    done = await authenticated(keys=keys(KEYS), terminal=TERMINAL | {tags.UNPREDICTABLE_NUMBER: bytes(4)})
    assert (done.tvr, done.tsi, done.recovered) == (Tvr.DDA_FAILED, Tsi.ODA_PERFORMED, {})


async def test_a_revoked_certificate_fails() -> None:
    serial = bytes.fromhex(explain_chain(await records(), AIP, KEYS, UNIONPAY, TERMINAL).issuer.serial)
    revoking = KeyRing(KEYS.capks, frozenset({(UNIONPAY, 9, serial)}))
    assert (await authenticated(keys=revoking)).tvr == Tvr.DDA_FAILED
    report = explain_chain(await records(), AIP, revoking, UNIONPAY, TERMINAL)
    assert (report.issuer.failed, report.issuer.serial) == (Check.REVOKED, serial.hex().upper())
    assert report.card.failed is Check.SIGNER


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(lambda body: body[:20] + bytes((body[20] ^ 1,)) + body[21:], id="another signature"),
        pytest.param(lambda body: b"\x81" + body[1:], id="another template"),
        pytest.param(lambda body: body[:-1], id="cut"),
        pytest.param(lambda body: b"", id="nothing"),
        pytest.param(lambda body: bytes.fromhex("7700"), id="no signature in the template"),
        pytest.param(lambda body: bytes.fromhex("7703 9F4B00"), id="an empty signature"),
    ],
)
async def test_a_wrong_answer_to_the_challenge_fails(answer: Callable[[bytes], bytes]) -> None:
    async def transmit(command: bytes) -> bytes:
        right = ANSWERS[command]
        return answer(right[:-2]) + right[-2:] if command.hex().upper() == CHALLENGE else right

    done = await authenticate_card(
        Link(transmit, 1), AIP, await records(), TERMINAL, DDA, KEYS, UNIONPAY, bytes.fromhex("9F3704")
    )
    assert (done.tvr, done.tsi) == (Tvr.DDA_FAILED, Tsi.ODA_PERFORMED)


async def test_the_answer_may_stand_in_a_template_with_others() -> None:
    async def transmit(command: bytes) -> bytes:
        signature = tlv.sole(ANSWERS[command][:-2], tags.FORMAT_1)
        inside = tlv.build([(tags.ATC, b"\x00\x06"), (tags.SIGNED_DYNAMIC, signature)])
        return tlv.build([(tags.FORMAT_2, inside)]) + b"\x90\x00"

    done = await authenticate_card(
        Link(transmit, 1), AIP, await records(), TERMINAL, DDA, KEYS, UNIONPAY, bytes.fromhex("9F3704")
    )
    assert done.tvr == Tvr(0)


@pytest.mark.parametrize("sw", ["6985", "6A88", "6300", "6D00"])
async def test_a_status_word_that_no_paragraph_foresees_is_a_faulty_card(sw: str) -> None:
    async def transmit(command: bytes) -> bytes:
        return bytes.fromhex(sw)

    with pytest.raises(CardFaulty, match=sw):
        await authenticate_card(
            Link(transmit, 1), AIP, await records(), TERMINAL, DDA, KEYS, UNIONPAY, bytes.fromhex("9F3704")
        )


async def test_a_card_that_is_pulled_is_the_driver_s_to_tell() -> None:
    class Pulled(Exception):
        pass

    async def transmit(command: bytes) -> bytes:
        raise Pulled

    with pytest.raises(Pulled):
        await authenticate_card(
            Link(transmit, 1), AIP, await records(), TERMINAL, DDA, KEYS, UNIONPAY, bytes.fromhex("9F3704")
        )
