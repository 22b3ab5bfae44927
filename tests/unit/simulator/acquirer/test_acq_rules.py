"""Giving back, as dialogues: void, refund, reversal, inquiry; what must answer, and what is in the books afterwards."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import msgspec

from simulator.acquirer.branch import TERMINAL_ID, TEST_TMK
from terminal.iso8583.codec import decode
from terminal.iso8583.facts import Facts, Identity
from terminal.iso8583.frame import unpack
from terminal.iso8583.kinds import Kind
from terminal.iso8583.messages import reversal
from terminal.money import Money
from tests.unit.simulator.acquirer.acq_terminal import (
    CHIP,
    FROM_THE_RECORDS,
    OPENING,
    OTHER_CARD,
    Bank,
    TestTerminal,
)


def said_to(bank: Bank, terminal: TestTerminal, frame: bytes) -> str:
    """F39."""
    answer = unpack(bank.host.answer(frame), terminal.dialect.frame)
    return decode(answer.body, terminal.dialect.layout)["response_code"]


# --- void ------------------------------------------------------------------------------------------------------------
def test_a_void(bank: Bank, terminal: TestTerminal) -> None:
    facts, sale = terminal.sale(500)
    void = terminal.void_facts(facts, sale)
    said = terminal.ask(void, FROM_THE_RECORDS)
    assert (said.response_code, bool(said.approval_code), said.rrn != sale.rrn) == ("00", True, True)
    assert bank.balance() == OPENING
    assert [entry["state"] for entry in bank.entries()] == ["approved", "voided"]
    assert bank.entries()[0]["original_rrn"] == sale.rrn
    assert terminal.ask(terminal.void_facts(facts, sale)).response_code == "12"
    assert bank.balance() == OPENING


def test_voids_that_are_refused(bank: Bank, terminal: TestTerminal) -> None:
    facts, sale = terminal.sale(500)
    assert terminal.ask(terminal.void_facts(facts, sale, 499)).response_code == "64"
    assert terminal.ask(terminal.void_facts(facts, sale), OTHER_CARD).response_code == "14"
    never = msgspec.structs.replace(facts, stan="000999")
    assert terminal.ask(terminal.void_facts(never, sale)).response_code == "25"
    other_rrn = msgspec.structs.replace(sale, rrn="000000000000")
    assert terminal.ask(terminal.void_facts(facts, other_rrn)).response_code == "25"
    failed, refused = terminal.sale(OPENING)
    assert refused.response_code == "51"
    assert terminal.ask(terminal.void_facts(failed, refused)).response_code == "12"
    assert bank.balance() == OPENING - 500


def test_a_void_after_a_part_was_refunded_12(bank: Bank, terminal: TestTerminal) -> None:
    facts, sale = terminal.sale(500)
    assert terminal.ask(terminal.refund_facts(sale, 1)).response_code == "00"
    assert terminal.ask(terminal.void_facts(facts, sale)).response_code == "12"


def test_a_void_on_the_next_day_or_in_the_next_batch_25(bank: Bank, terminal: TestTerminal) -> None:
    facts, sale = terminal.sale(500)
    bank.clock.at += timedelta(days=1)
    assert terminal.ask(terminal.void_facts(facts, sale)).response_code == "25"
    bank.clock.at -= timedelta(days=1)
    bank.ledger.close_batch(TERMINAL_ID)
    terminal.sign_in()
    assert terminal.ask(terminal.void_facts(facts, sale)).response_code == "25"


# --- refund ----------------------------------------------------------------------------------------------------------
def test_refunds_in_parts_up_to_the_sale(bank: Bank, terminal: TestTerminal) -> None:
    _, sale = terminal.sale(500)
    first = terminal.ask(terminal.refund_facts(sale, 200))
    assert (first.response_code, first.approval_code, first.rrn != sale.rrn) == ("00", "", True)
    assert bank.balance() == OPENING - 300
    assert terminal.ask(terminal.refund_facts(sale, 301)).response_code == "61"
    assert terminal.ask(terminal.refund_facts(sale, 300), CHIP).response_code == "00"
    assert terminal.ask(terminal.refund_facts(sale, 1)).response_code == "61"
    assert bank.balance() == OPENING


def test_a_refund_days_later_in_another_batch(bank: Bank, terminal: TestTerminal) -> None:
    _, sale = terminal.sale(500)
    bank.clock.at += timedelta(days=40)
    bank.ledger.close_batch(TERMINAL_ID)
    terminal.sign_in()
    assert terminal.ask(terminal.refund_facts(sale, 500)).response_code == "00"


def test_refunds_that_are_refused(bank: Bank, terminal: TestTerminal) -> None:
    _, sale = terminal.sale(500)
    assert terminal.ask(terminal.refund_facts(sale, 100), FROM_THE_RECORDS).response_code == "30"
    assert terminal.ask(terminal.refund_facts(sale, 0)).response_code == "13"
    assert terminal.ask(terminal.refund_facts(sale, 100), OTHER_CARD).response_code == "14"
    wrong_day = msgspec.structs.replace(sale, date="0313")
    assert terminal.ask(terminal.refund_facts(wrong_day, 100)).response_code == "25"
    never = msgspec.structs.replace(sale, rrn="999999999999")
    assert terminal.ask(terminal.refund_facts(never, 100)).response_code == "25"
    refund = terminal.ask(terminal.refund_facts(sale, 100))
    assert terminal.ask(terminal.refund_facts(refund, 100)).response_code == "25"  # a refund is not a sale
    assert bank.balance() == OPENING - 400


def test_a_refund_of_a_sale_that_is_not_good_any_more_12(bank: Bank, terminal: TestTerminal) -> None:
    facts, voided = terminal.sale(500)
    terminal.ask(terminal.void_facts(facts, voided))
    assert terminal.ask(terminal.refund_facts(voided, 100)).response_code == "12"
    facts, reversed_sale = terminal.sale(500)
    terminal.reverse(facts)
    assert terminal.ask(terminal.refund_facts(reversed_sale, 100)).response_code == "12"
    _, refused = terminal.sale(OPENING * 2)
    assert terminal.ask(terminal.refund_facts(refused, 100)).response_code == "12"
    assert bank.balance() == OPENING


def test_another_merchant_cannot_refund_the_sale(bank: Bank, terminal: TestTerminal) -> None:
    _, sale = terminal.sale(500)
    bank.ledger.add_terminal("20000001", "898100087654321", "OTHER", TEST_TMK)
    other = replace(terminal, me=Identity("20000001", "898100087654321"), keys={}, last_stan=0)
    other.sign_in()
    assert other.ask(other.refund_facts(sale, 100)).response_code == "25"


def test_who_does_not_name_the_original_30(bank: Bank, terminal: TestTerminal) -> None:
    facts, sale = terminal.sale(500)
    void = terminal.financial(terminal.void_facts(facts, sale))
    refund = terminal.financial(terminal.refund_facts(sale, 100))
    question = terminal.inquiry(terminal.refund_facts(sale, 100))
    for message, originals in (
        (void, ("000001", "000000000000", "0000010000")),
        (refund, ("000000000000", "000000000000031")),
        (question, ("0000000000000314", "0000010000000314")),
    ):
        for original in originals:
            assert terminal.say(message.with_fields({61: original})).response_code == "30"
    assert len(bank.entries()) == 1


# --- reversal --------------------------------------------------------------------------------------------------------
def test_a_sale_is_reversed_once(bank: Bank, terminal: TestTerminal) -> None:
    facts, _ = terminal.sale(500)
    assert [terminal.reverse(facts).response_code for _ in range(3)] == ["00"] * 3
    assert bank.balance() == OPENING
    assert bank.entries()[0]["state"] == "reversed"


def test_a_reversed_void_leaves_the_sale_good(bank: Bank, terminal: TestTerminal) -> None:
    facts, sale = terminal.sale(500)
    void = terminal.void_facts(facts, sale)
    terminal.ask(void)
    assert [terminal.reverse(void).response_code for _ in range(2)] == ["00"] * 2
    assert bank.balance() == OPENING - 500
    assert terminal.ask(terminal.void_facts(facts, sale)).response_code == "00"


def test_a_reversal_that_overtakes_its_original(bank: Bank, terminal: TestTerminal) -> None:
    late = Facts(Kind.SALE, terminal.stan(), terminal.batch, Money(500))
    assert [terminal.reverse(late).response_code for _ in range(2)] == ["25"] * 2
    assert [terminal.ask(late).response_code for _ in range(2)] == ["12"] * 2
    assert terminal.reverse(late).response_code == "25"
    assert bank.balance() == OPENING
    facts, sale = terminal.sale(300)
    late_void = terminal.void_facts(facts, sale)
    assert terminal.reverse(late_void).response_code == "25"
    assert terminal.ask(late_void).response_code == "12"
    assert bank.balance() == OPENING - 300


def test_reversals_that_change_nothing(bank: Bank, terminal: TestTerminal) -> None:
    refused, _ = terminal.sale(OPENING * 2)
    assert terminal.reverse(refused).response_code == "00"
    facts, sale = terminal.sale(500)
    assert terminal.reverse(msgspec.structs.replace(facts, amount=Money(499))).response_code == "64"
    terminal.ask(terminal.refund_facts(sale, 100))
    assert terminal.reverse(facts).response_code == "12"
    facts, sale = terminal.sale(500)
    terminal.ask(terminal.void_facts(facts, sale))
    assert terminal.reverse(facts).response_code == "12"
    assert bank.balance() == OPENING - 400


def test_a_reversal_needs_its_mac(bank: Bank, terminal: TestTerminal) -> None:
    facts, _ = terminal.sale(500)
    keys, terminal.keys = terminal.keys, {"mak": b"wrongkey"}
    frame = terminal.frame(reversal(terminal.dialect, facts, CHIP, terminal.me, "98"))
    terminal.keys = keys
    assert said_to(bank, terminal, frame) == "A0"
    assert bank.balance() == OPENING - 500


def test_a_reversal_after_the_batch_was_closed(bank: Bank, terminal: TestTerminal) -> None:
    facts, _ = terminal.sale(500)
    bank.ledger.close_batch(TERMINAL_ID)
    assert terminal.reverse(facts).response_code == "77"
    terminal.sign_in()
    assert terminal.reverse(facts).response_code == "00"
    assert bank.balance() == OPENING


# --- inquiry ---------------------------------------------------------------------------------------------------------
def test_an_inquiry_tells_what_the_refund_was_told(bank: Bank, terminal: TestTerminal) -> None:
    _, sale = terminal.sale(500)
    good, bad = terminal.refund_facts(sale, 200), terminal.refund_facts(sale, 400)
    accepted, refused = terminal.ask(good), terminal.ask(bad)
    for facts, said in ((good, accepted), (bad, refused)):
        told = terminal.inquire(facts)
        assert told.response_code == "00"
        assert bytes.fromhex(told.private).decode() == said.response_code + said.rrn
    assert bank.balance() == OPENING - 300


def test_a_refund_that_was_not_known_is_never_booked(bank: Bank, terminal: TestTerminal) -> None:
    _, sale = terminal.sale(500)
    late = terminal.refund_facts(sale, 200)
    assert [terminal.inquire(late).response_code for _ in range(2)] == ["25"] * 2
    assert terminal.ask(late).response_code == "12"
    assert terminal.inquire(late).response_code == "25"
    assert bank.balance() == OPENING - 500
    assert terminal.ask(terminal.refund_facts(sale, 500)).response_code == "00"


def test_a_refund_can_be_asked_about_after_the_batch_was_closed(bank: Bank, terminal: TestTerminal) -> None:
    _, sale = terminal.sale(500)
    facts = terminal.refund_facts(sale, 200)
    terminal.ask(facts)
    bank.ledger.close_batch(TERMINAL_ID)
    terminal.sign_in()
    assert terminal.inquire(facts).response_code == "00"


def test_a_sale_is_not_a_refund_to_an_inquiry(terminal: TestTerminal) -> None:
    facts, _ = terminal.sale(500)
    assert terminal.inquire(facts).response_code == "25"


def test_a_forged_inquiry_buries_nothing(bank: Bank, terminal: TestTerminal) -> None:
    _, sale = terminal.sale(500)
    facts = terminal.refund_facts(sale, 200)
    keys, terminal.keys = terminal.keys, {"mak": b"wrongkey"}
    frame = terminal.frame(terminal.inquiry(facts))
    terminal.keys = keys
    assert said_to(bank, terminal, frame) == "A0"
    assert terminal.ask(facts).response_code == "00"
