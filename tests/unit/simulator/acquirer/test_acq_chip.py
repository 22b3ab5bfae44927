"""Chip sales at the bank that gave the card out: cryptograms verified, answers for the card, scripts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from simulator.acquirer.issuer import TestIssuer
from simulator.acquirer.manner import Manner
from simulator.cards.tray import card
from terminal.emv import sale, tlv
from terminal.emv.opening import Deal
from terminal.emv.sale import GoOnline
from terminal.emv.terminal_data import UNIONPAY_TEST
from terminal.emv.transport import Link
from terminal.iso8583.facts import Plastic
from terminal.iso8583.kinds import Kind
from terminal.money import Money
from tests.unit.simulator.acquirer.acq_terminal import OPENING, Bank, TestTerminal, open_bank, signed_in

DEBIT = card("unionpay-debit")
ATC, ANSWER, SCRIPT = 0x9F36, 0x91, 0x72
UPDATE = bytes.fromhex("72079F180400000001")


@pytest.fixture
def bank() -> Iterator[Bank]:
    opened = open_bank(issuer=TestIssuer())
    opened.ledger.add_account(DEBIT.pan, "Debit", OPENING)
    yield opened
    assert opened.has_it_right()
    opened.ledger.close()


def asked(amount: int) -> Plastic:
    """The card's own words for a sale, up to the ARQC."""
    chip = DEBIT.virtual()

    async def transmit(command: bytes) -> bytes:
        return chip.respond(command)

    chip.reset()
    deal = Deal(UNIONPAY_TEST, Money(amount), "250314", "103000", bytes.fromhex("7863AFC6"), "000403")
    begun = asyncio.run(sale.start(Link(transmit, chip.protocol), deal))
    assert isinstance(begun, GoOnline)
    psn = begun.account.psn.zfill(3)
    return Plastic(begun.account.pan, "052", DEBIT.expiry, psn, icc_data=begun.icc_data.hex().upper())


def told(terminal: TestTerminal) -> dict[int, bytes]:
    return dict(tlv.parse(bytes.fromhex(terminal.answers[-1]["icc_data"])))


def test_a_genuine_card_is_answered_by_its_issuer(terminal: TestTerminal) -> None:
    plastic = asked(500)
    assert terminal.sale(500, plastic)[1].response_code == "00"
    answer = told(terminal)
    sent = dict(tlv.parse(bytes.fromhex(plastic.icc_data)))
    assert set(answer) == {ATC, ANSWER}
    assert answer[ATC] == sent[ATC]
    assert len(answer[ANSWER]) in range(8, 17)


def test_a_card_that_changed_its_mind_59(bank: Bank, terminal: TestTerminal) -> None:
    plastic = asked(500)
    at = plastic.icc_data.index("9F2608") + 6
    flipped = f"{int(plastic.icc_data[at], 16) ^ 1:X}"
    wrong = Plastic(plastic.pan, "052", plastic.expiry, plastic.psn, icc_data=_replaced(plastic.icc_data, at, flipped))
    assert terminal.sale(500, wrong)[1].response_code == "59"
    assert terminal.answers[-1]["icc_data"] == ""
    assert bank.balance(DEBIT.pan) == OPENING


def test_a_refused_card_is_answered_too(bank: Bank, terminal: TestTerminal) -> None:
    assert terminal.sale(OPENING + 1, asked(OPENING + 1))[1].response_code == "51"
    assert ANSWER in told(terminal)


def test_a_script_goes_with_the_next_approved_chip_sale_once(bank: Bank, terminal: TestTerminal) -> None:
    bank.host.give_script(terminal.me.terminal_id, UPDATE)
    terminal.sale(100)
    terminal.sale(OPENING + 1, asked(OPENING + 1))
    assert SCRIPT not in told(terminal)
    terminal.sale(500, asked(500))
    assert told(terminal)[SCRIPT] == UPDATE[2:]
    terminal.sale(500, asked(500))
    assert SCRIPT not in told(terminal)


def test_a_repeat_that_is_recognised_has_its_answer_but_no_script() -> None:
    bank = open_bank(issuer=TestIssuer(), manner=Manner(repeats="same answer"))
    bank.ledger.add_account(DEBIT.pan, "Debit", OPENING)
    terminal = signed_in(bank)
    facts, plastic = terminal.facts(Kind.SALE, 500), asked(500)
    first = terminal.ask(facts, plastic)
    bank.host.give_script(terminal.me.terminal_id, UPDATE)
    assert terminal.ask(facts, plastic) == first
    assert bank.balance(DEBIT.pan) == OPENING - 500
    bank.ledger.close()


def test_pre_authorisations_are_verified_as_well(terminal: TestTerminal) -> None:
    facts = terminal.facts(Kind.PRE_AUTH, 700)
    assert terminal.ask(facts, asked(700)).response_code == "00"
    assert ANSWER in told(terminal)
    said = terminal.reverse(facts, asked(700))
    assert (said.response_code, set(told(terminal))) == ("00", {ATC})


def test_a_card_of_another_bank_is_not_judged(bank: Bank) -> None:
    stranger = open_bank(issuer=TestIssuer(()))
    stranger.ledger.add_account(DEBIT.pan, "Debit", OPENING)
    terminal = signed_in(stranger)
    plastic = asked(500)
    assert terminal.sale(500, plastic)[1].response_code == "00"
    assert terminal.answers[-1]["icc_data"] == ""
    stranger.ledger.close()


def test_chip_data_that_are_no_tlv_30(bank: Bank, terminal: TestTerminal) -> None:
    broken = Plastic(DEBIT.pan, "052", DEBIT.expiry, "001", icc_data="9F2608AABB")
    message = terminal.financial(terminal.facts(Kind.SALE, 500), broken)
    assert terminal.say(message).response_code == "30"
    assert bank.entries() == []


def _replaced(text: str, at: int, by: str) -> str:
    return text[:at] + by + text[at + len(by) :]
