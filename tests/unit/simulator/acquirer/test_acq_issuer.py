"""A test card, the real kernel and the bank that gave the card out: ARQC one way, ARPC the other."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.cryptogram import ELEMENTS, IMK_TEST, application_cryptogram, is_of_issuer, udk
from simulator.acquirer.issuer import APPROVES, DECLINES, TestIssuer
from simulator.cards.chip import Chip
from simulator.cards.tray import card, load_tray
from terminal.emv import sale, tags, tlv
from terminal.emv.sale import Completed, GoOnline
from terminal.emv.terminal_data import UNIONPAY_TEST
from terminal.emv.verification import Tvr
from terminal.money import Money

ISSUER = TestIssuer()
DEBIT = card("unionpay-debit")
UN = bytes.fromhex("7863AFC6")
IDS = sorted(c.id for c in load_tray() if c.chip and not c.chip.is_trace and not c.chip.behaviour.blocked)
COVERED_IAD = range(2, 7)  # 9F10: version and CVR


async def asked_of(chip: Chip, amount: int, unpredictable_number: bytes = UN) -> GoOnline:
    async def transmit(command: bytes) -> bytes:
        return chip.respond(command)

    chip.reset()
    money, stan = Money(amount), "000403"
    asked = await sale.begin(
        transmit, chip.protocol, UNIONPAY_TEST, money, "261124", "101112", unpredictable_number, stan
    )
    assert isinstance(asked, GoOnline)
    return asked


def ask(chip: Chip, amount: int = 6580, unpredictable_number: bytes = UN) -> GoOnline:
    return asyncio.run(asked_of(chip, amount, unpredictable_number))


def finish(chip: Chip, asked: GoOnline, response_code: str, icc_reply: bytes) -> Completed:
    async def transmit(command: bytes) -> bytes:
        return chip.respond(command)

    return asyncio.run(sale.complete(transmit, chip.protocol, asked.session, response_code, icc_reply))


def answered(asked: GoOnline, response_code: str) -> bytes:
    return ISSUER.authenticate(asked.account.pan, asked.account.psn, asked.icc_data, response_code)


def failed(done: Completed) -> bool:
    return bool(int.from_bytes(done.tvr) & Tvr.ISSUER_AUTHENTICATION_FAILED)


DEBIT_ASKED = ask(DEBIT.virtual())


@pytest.mark.parametrize("id", IDS)
def test_every_card_s_arqc_is_genuine_and_its_issuer_s_answer_too(id: str) -> None:
    chip = card(id).virtual(mute_at=0, pull_at=0) if id != "wrong-way" else card(id).virtual()
    asked = ask(chip)
    assert ISSUER.owns(asked.account.pan)
    assert ISSUER.verify(asked.account.pan, asked.account.psn, asked.icc_data)
    done = finish(chip, asked, "00", answered(asked, "00"))
    assert done.is_approved is (id != "declines")
    assert not failed(done)


@given(st.integers(1, 10**12 - 1), st.binary(min_size=4, max_size=4), st.integers(1, 5))
def test_an_arqc_is_genuine_whatever_the_sale(amount: int, unpredictable_number: bytes, sales: int) -> None:
    chip = DEBIT.virtual()
    for _ in range(sales):
        asked = ask(chip, amount, unpredictable_number)
    values = dict(tlv.parse(asked.icc_data))
    assert int.from_bytes(values[tags.ATC]) == sales
    assert ISSUER.verify(DEBIT.pan, DEBIT.psn, asked.icc_data)


@given(st.data())
def test_any_other_bit_is_not_genuine(data: st.DataObject) -> None:
    values = dict(tlv.parse(DEBIT_ASKED.icc_data))
    tag = data.draw(st.sampled_from([*ELEMENTS, tags.CRYPTOGRAM, tags.IAD]))
    at = data.draw(st.sampled_from(COVERED_IAD if tag == tags.IAD else range(len(values[tag]))))
    changed = bytearray(values[tag])
    changed[at] ^= 1 << data.draw(st.integers(0, 7))
    assert not ISSUER.verify(DEBIT.pan, DEBIT.psn, tlv.build({**values, tag: bytes(changed)}.items()))


@pytest.mark.parametrize("psn", ["01", "001", "1"])
def test_f23_and_5f34_name_the_same_card(psn: str) -> None:
    assert ISSUER.verify(DEBIT.pan, psn, DEBIT_ASKED.icc_data)


@pytest.mark.parametrize(
    ("pan", "psn"), [(DEBIT.pan, "02"), (DEBIT.pan, ""), ("6210948000000060", "01"), ("none", "01"), ("", "")]
)
def test_another_card_s_number_is_not_genuine(pan: str, psn: str) -> None:
    assert not ISSUER.verify(pan, psn, DEBIT_ASKED.icc_data)
    assert ISSUER.authenticate(pan, psn, DEBIT_ASKED.icc_data, "00") == b""


def test_a_cryptogram_that_is_no_arqc_is_not_taken_for_one() -> None:
    values = dict(tlv.parse(DEBIT_ASKED.icc_data))
    for cid in (b"\x40", b"\x00", b"", b"\x80\x80"):
        assert not ISSUER.verify(DEBIT.pan, DEBIT.psn, tlv.build({**values, tags.CID: cid}.items()))


@given(st.binary(max_size=60))
def test_what_cannot_be_read_is_not_genuine(icc_data: bytes) -> None:
    assert not ISSUER.verify(DEBIT.pan, DEBIT.psn, icc_data)


@pytest.mark.parametrize("tag", [*ELEMENTS, tags.CRYPTOGRAM, tags.IAD, tags.CID])
def test_chip_data_that_are_not_whole_are_not_genuine(tag: int) -> None:
    values = dict(tlv.parse(DEBIT_ASKED.icc_data))
    del values[tag]
    assert not ISSUER.verify(DEBIT.pan, DEBIT.psn, tlv.build(values.items()))


def test_the_answer_has_the_form_of_the_captured_one() -> None:
    assert answered(DEBIT_ASKED, "00").hex().upper().startswith("9F36020001910A")
    assert answered(DEBIT_ASKED, "51").endswith(b"51")
    for wrong in ("", "0", "000"):
        with pytest.raises(ValueError, match="two characters"):
            answered(DEBIT_ASKED, wrong)


@pytest.mark.parametrize(("response_code", "update"), [("00", APPROVES), ("51", DECLINES)])
def test_a_card_of_cvn_18_gets_a_status_update(response_code: str, update: bytes) -> None:
    key = udk(IMK_TEST, DEBIT.pan, DEBIT.psn)
    values = dict(tlv.parse(DEBIT_ASKED.icc_data)) | {tags.IAD: bytes.fromhex("06011203A00000")}
    values[tags.CRYPTOGRAM] = application_cryptogram(key, values)
    reply = ISSUER.authenticate(DEBIT.pan, DEBIT.psn, tlv.build(values.items()), response_code)
    issuer = dict(tlv.parse(reply))[tags.ISSUER_AUTHENTICATION]
    assert issuer[4:] == update
    assert is_of_issuer(key, values, issuer)


def test_the_replayed_card_is_another_issuer_s() -> None:
    asked = ask(card("unionpay-trace").virtual())
    assert not ISSUER.owns(asked.account.pan)
    assert not ISSUER.verify(asked.account.pan, asked.account.psn, asked.icc_data)
    assert not ISSUER.owns(card("stripe-only").pan)


@given(st.integers(0, 79))
def test_a_wrong_answer_fails_and_is_noted(bit: int) -> None:
    chip = DEBIT.virtual()
    asked = ask(chip)
    reply = answered(asked, "00")
    wrong = (int.from_bytes(reply) ^ 1 << bit).to_bytes(len(reply))
    assert failed(finish(chip, asked, "00", wrong))


@given(st.integers(0, 79))
def test_a_card_that_authenticates_by_cdol2_declines_after_a_wrong_answer(bit: int) -> None:
    chip = DEBIT.virtual(authenticates="cdol2")
    asked = ask(chip)
    assert ISSUER.verify(DEBIT.pan, DEBIT.psn, asked.icc_data)
    reply = answered(asked, "00")
    wrong = (int.from_bytes(reply) ^ 1 << bit).to_bytes(len(reply))
    assert not finish(chip, asked, "00", wrong).is_approved


@pytest.mark.parametrize("has_answer", [True, False])
def test_a_card_that_authenticates_by_cdol2_approves_after_the_right_answer_or_none(has_answer: bool) -> None:
    chip = DEBIT.virtual(authenticates="cdol2")
    asked = ask(chip)
    assert finish(chip, asked, "00", answered(asked, "00") if has_answer else b"").is_approved


def test_an_answer_to_the_sale_before_fails() -> None:
    chip = DEBIT.virtual()
    before = answered(ask(chip), "00")
    assert failed(finish(chip, ask(chip), "00", before))
