"""CDA in a sale: the cryptogram in its signature, and what follows one that fails (Book 2, 6.6; Book 4, 6.3.2.1)."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from simulator.acquirer.issuer import TestIssuer
from terminal.emv import sale, tags, tlv
from terminal.emv.action import Cryptogram
from terminal.emv.oda.authentication import Method
from terminal.emv.sale import Ended, GoOnline
from terminal.emv.verification import Tsi, Tvr
from tests.unit.terminal.emv.chips import (
    AC1,
    DOWNLOADED,
    GENERATE,
    OFFLINE_TERMINAL,
    Wire,
    begun,
)

CDA_CARDS = ("unionpay-debit-other", "international-credit")


def on_generate(change: Callable[[dict[int, bytes]], dict[int, bytes]], turn: int) -> Wire:
    """A card with CDA whose `turn`-th cryptogram is changed: its objects in template 77."""
    count = 0

    def alter(command: bytes, answer: bytes) -> bytes:
        nonlocal count
        if command[1] != 0xAE:
            return answer
        count += 1
        if count != turn:
            return answer
        changed = change(dict(tlv.parse(tlv.sole(answer[:-2], tags.FORMAT_2))))
        return tlv.build([(tags.FORMAT_2, tlv.build(changed.items()))]) + answer[-2:]

    return Wire("unionpay-debit-other", alter)


def spoiled(values: dict[int, bytes]) -> dict[int, bytes]:
    signature = values[tags.SIGNED_DYNAMIC]
    return values | {tags.SIGNED_DYNAMIC: signature[:-1] + bytes((signature[-1] ^ 1,))}


def unsigned(values: dict[int, bytes]) -> dict[int, bytes]:
    return {tag: value for tag, value in values.items() if tag != tags.SIGNED_DYNAMIC} | {
        tags.CRYPTOGRAM: bytes.fromhex(AC1)
    }


def another_iad(values: dict[int, bytes]) -> dict[int, bytes]:
    iad = values[tags.IAD]
    return values | {tags.IAD: iad[:-1] + bytes((iad[-1] ^ 1,))}


def empty(values: dict[int, bytes]) -> dict[int, bytes]:
    return values | {tags.SIGNED_DYNAMIC: b"", tags.CRYPTOGRAM: bytes.fromhex(AC1)}


WRONGS = pytest.mark.parametrize("wrong", [spoiled, unsigned, another_iad, empty])


@pytest.mark.parametrize("id", CDA_CARDS)
async def test_the_cryptogram_comes_out_of_its_signature(id: str) -> None:
    wire = Wire(id)
    step = await begun(wire)
    assert isinstance(step, GoOnline)
    assert step.session.case.authenticated.method is Method.CDA
    assert wire.heard(GENERATE)[0][2] == 0x90
    assert len(step.session.values[tags.ICC_DYNAMIC_NUMBER]) == 8  # for a CDOL2 that asks for it (6.6.2)
    account = step.account
    assert TestIssuer().verify(account.pan, account.psn, step.icc_data)
    assert Tsi.ODA_PERFORMED in step.session.tsi
    reply = TestIssuer().authenticate(account.pan, account.psn, step.icc_data, "00")
    done = await sale.complete(wire.link, step.session, "00", reply)
    assert wire.heard(GENERATE)[1][2] == 0x50
    assert (done.is_approved, Tvr.CDA_FAILED in done.tvr, len(done.generated.cryptogram)) == (True, False, 8)


@WRONGS
async def test_an_arqc_whose_signature_fails_is_followed_by_an_aac_at_once(
    wrong: Callable[[dict[int, bytes]], dict[int, bytes]],
) -> None:
    wire = on_generate(wrong, 1)
    step = await begun(wire)
    assert isinstance(step, Ended)
    assert (step.is_approved, step.is_online, step.generated.kind) == (False, False, Cryptogram.AAC)
    assert Tvr.CDA_FAILED in step.tvr
    assert Tsi.ODA_PERFORMED in step.tsi
    second = wire.heard(GENERATE)[1]
    assert (second[2], second[5:7]) == (0x00, b"Z1")
    assert step.tvr.encoded() in second  # and the card is told


@WRONGS
async def test_a_tc_whose_signature_fails_is_no_approval_and_asks_nothing_more(
    wrong: Callable[[dict[int, bytes]], dict[int, bytes]],
) -> None:
    wire = on_generate(wrong, 1)
    step = await begun(wire, OFFLINE_TERMINAL)
    assert isinstance(step, Ended)
    assert wire.heard(GENERATE)[0][2] == 0x50
    assert (step.is_approved, step.generated.kind, Tvr.CDA_FAILED in step.tvr) == (False, Cryptogram.TC, True)
    assert len(wire.heard(GENERATE)) == 1


async def test_a_tc_with_its_signature_is_an_approval_offline() -> None:
    wire = Wire("unionpay-debit-other")
    step = await begun(wire, OFFLINE_TERMINAL)
    assert isinstance(step, Ended)
    assert (step.is_approved, step.is_online, step.tvr, step.tsi.encoded().hex()) == (True, False, Tvr(0), "e800")


@WRONGS
async def test_a_second_signature_that_fails_is_no_approval(
    wrong: Callable[[dict[int, bytes]], dict[int, bytes]],
) -> None:
    wire = on_generate(wrong, 2)
    step = await begun(wire)
    assert isinstance(step, GoOnline)
    done = await sale.complete(wire.link, step.session, "00", b"")
    assert (done.is_approved, done.is_online, Tvr.CDA_FAILED in done.tvr) == (False, True, True)


async def test_no_signature_is_asked_around_an_aac() -> None:
    wire = Wire("unionpay-debit-other")
    step = await begun(wire)
    assert isinstance(step, GoOnline)
    done = await sale.complete(wire.link, step.session, "51", b"")
    assert wire.heard(GENERATE)[1][2] == 0x00
    assert (done.is_approved, Tvr.CDA_FAILED in done.tvr) == (False, False)


async def test_a_card_whose_key_is_not_trusted_is_not_asked_to_sign() -> None:
    wire = Wire("unionpay-debit-other")
    step = await begun(wire, msgspec.structs.replace(DOWNLOADED, keys=type(DOWNLOADED.keys)()))
    assert isinstance(step, GoOnline)
    assert wire.heard(GENERATE)[0][2] == 0x80
    assert Tvr.CDA_FAILED in step.session.tvr
    assert Tsi.ODA_PERFORMED in step.session.tsi
