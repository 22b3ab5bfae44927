"""The kinds of acquirer: what each does with a repeat, and what else a manner decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import msgspec
import pytest

from simulator.acquirer.manner import Manner
from terminal.iso8583.cup import cup
from terminal.iso8583.dialect import Choices
from terminal.iso8583.facts import Plastic
from terminal.iso8583.kinds import Kind
from terminal.money import Money
from tests.unit.simulator.acquirer.acq_terminal import (
    OPENING,
    OTHER_PAN,
    PAN,
    Bank,
    TestTerminal,
    open_bank,
    signed_in,
)

Opened = Callable[[Manner], Bank]
SAME, TWICE = Manner(repeats="same answer"), Manner(repeats="booked twice")
PART = cup(Choices(has_inquiry=True, accepts_partial=True))


# --- repeats ---------------------------------------------------------------------------------------------------------
def test_the_same_answer_again(bank_of: Opened) -> None:
    bank = bank_of(SAME)
    terminal = signed_in(bank)
    facts, first = terminal.sale(1000)
    told = terminal.answers[-1]
    bank.clock.at += timedelta(hours=3)
    assert terminal.ask(facts) == first
    assert terminal.answers[-1] == told
    refund = terminal.refund_facts(first, 400)
    told_of_refund = terminal.ask(refund)
    terminal.sign_in()  # another key, another MAC, the same answer
    assert terminal.ask(refund) == told_of_refund
    refused = terminal.sale(OPENING)
    assert terminal.ask(refused[0]) == refused[1]
    assert bank.balance() == OPENING - 600
    assert [entry["kind"] for entry in bank.entries()] == ["sale", "refund", "sale"]


def test_the_same_number_for_something_else_94(bank_of: Opened) -> None:
    bank = bank_of(SAME)
    terminal = signed_in(bank)
    facts, _ = terminal.sale(1000)
    assert terminal.ask(msgspec.structs.replace(facts, amount=Money(999))).response_code == "94"
    other = Plastic(OTHER_PAN, "022", track2=f"{OTHER_PAN}=3012")
    assert terminal.ask(facts, other).response_code == "94"
    assert terminal.ask(msgspec.structs.replace(facts, kind=Kind.MOTO_SALE)).response_code == "94"
    assert bank.balance() == OPENING - 1000


def test_booked_twice(bank_of: Opened) -> None:
    bank = bank_of(TWICE)
    terminal = signed_in(bank)
    _, sale = terminal.sale(1000)
    refund = terminal.refund_facts(sale, 400)
    first, second = terminal.ask(refund), terminal.ask(refund)
    assert (first.response_code, second.response_code, first.rrn != second.rrn) == ("00", "00", True)
    assert bank.balance() == OPENING - 200
    assert terminal.ask(refund).response_code == "61"  # even he gives no more back than was sold
    assert bank.ledger.refunded(sale.rrn) == 800


def test_of_two_bookings_each_is_reversed(bank_of: Opened) -> None:
    bank = bank_of(TWICE)
    terminal = signed_in(bank)
    facts, _ = terminal.sale(1000)
    terminal.ask(facts)
    assert bank.balance() == OPENING - 2000
    assert [terminal.reverse(facts).response_code for _ in range(3)] == ["00"] * 3
    assert bank.balance() == OPENING


@pytest.mark.parametrize("manner", [SAME, TWICE])
def test_what_is_dead_stays_dead_in_every_manner(bank_of: Opened, manner: Manner) -> None:
    bank = bank_of(manner)
    terminal = signed_in(bank)
    _, sale = terminal.sale(1000)
    late = terminal.refund_facts(sale, 400)
    assert terminal.inquire(late).response_code == "25"
    assert [terminal.ask(late).response_code for _ in range(2)] == ["12", "12"]
    assert bank.balance() == OPENING - 1000


# --- a refund that takes its time -------------------------------------------------------------------------------------
def test_a_refund_is_pending_and_then_credited(bank_of: Opened) -> None:
    bank = bank_of(Manner(credit_seconds=3600))
    terminal = signed_in(bank)
    _, sale = terminal.sale(1000)
    facts = terminal.refund_facts(sale, 400)
    assert terminal.ask(facts).response_code == "00"
    assert (bank.balance(), bank.entries()[0]["state"]) == (OPENING - 1000, "pending")
    assert terminal.ask(terminal.refund_facts(sale, 601)).response_code == "61"
    assert terminal.inquire(facts).response_code == "00"
    bank.clock.at += timedelta(seconds=3599)
    assert bank.host.credit_due() == 0
    bank.clock.at += timedelta(seconds=1)
    assert bank.host.credit_due() == 1
    state = {entry["rrn"]: entry["state"] for entry in bank.entries()}
    assert (bank.balance(), state[bank.entries()[1]["rrn"]]) == (OPENING - 600, "credited")
    bank.clock.at += timedelta(days=1)
    assert bank.host.credit_due() == 0
    assert bank.balance() == OPENING - 600


def test_any_message_brings_the_credit_and_a_new_bank_pays_what_the_old_one_owed(tmp_path: object) -> None:
    path = f"{tmp_path}/bank"
    bank = open_bank(path, Manner(credit_seconds=60))
    terminal = signed_in(bank)
    _, sale = terminal.sale(1000)
    terminal.ask(terminal.refund_facts(sale, 400))
    bank.clock.at += timedelta(seconds=60)
    terminal.echo()
    assert bank.balance() == OPENING - 600
    terminal.ask(terminal.refund_facts(sale, 600))
    bank.ledger.close()
    again = open_bank(path)
    again.clock.at = bank.clock.at + timedelta(seconds=60)
    TestTerminal(again.host, again.clock).echo()
    assert again.balance() == OPENING
    assert again.has_it_right()
    again.ledger.close()


# --- limits ----------------------------------------------------------------------------------------------------------
def test_a_limit_for_one_sale_61(bank_of: Opened) -> None:
    terminal = signed_in(bank_of(Manner(limit_per_sale=500)))
    assert terminal.sale(501)[1].response_code == "61"
    assert terminal.sale(500)[1].response_code == "00"


def test_an_age_for_refunds_49(bank_of: Opened) -> None:
    bank = bank_of(Manner(refund_days=30))
    terminal = signed_in(bank)
    _, sale = terminal.sale(500)
    bank.clock.at += timedelta(days=30)
    assert terminal.ask(terminal.refund_facts(sale, 100)).response_code == "00"
    bank.clock.at += timedelta(days=1)
    assert terminal.ask(terminal.refund_facts(sale, 100)).response_code == "49"
    assert bank.balance() == OPENING - 400


def test_a_late_reversal_where_it_is_allowed(bank_of: Opened) -> None:
    bank = bank_of(Manner(allows_late_reversal=True))
    terminal = signed_in(bank)
    facts, _ = terminal.sale(500)
    bank.host.shift_day(1)
    assert terminal.reverse(facts).response_code == "00"
    assert bank.balance() == OPENING


def test_a_reversal_of_what_was_refused_yesterday_or_never_came_is_as_today(bank: Bank, terminal: TestTerminal) -> None:
    refused, _ = terminal.sale(OPENING + 1)
    never = terminal.facts(Kind.SALE, 100)
    bank.host.shift_day(1)
    assert terminal.reverse(refused).response_code == "00"
    assert terminal.reverse(never).response_code == "25"


def test_the_clearing_day(bank: Bank, terminal: TestTerminal) -> None:
    assert bank.host.clearing_day() == "2025-03-14"
    facts, sale = terminal.sale(500)
    bank.host.shift_day(1)
    assert bank.host.clearing_day() == "2025-03-15"
    _, next_sale = terminal.sale(500)
    assert (next_sale.settlement_date, next_sale.date) == ("0315", "0314")
    assert terminal.ask(terminal.void_facts(facts, sale)).response_code == "25"
    assert terminal.ask(terminal.refund_facts(next_sale, 500)).response_code == "00"  # F61.3 is F13, not F15


# --- part of it ------------------------------------------------------------------------------------------------------
@pytest.fixture
def part() -> Iterator[Bank]:
    bank = open_bank(manner=Manner(accepts_partial=True), dialect=PART)
    yield bank
    assert bank.has_it_right()
    bank.ledger.close()


def test_a_part_is_approved_with_10_and_voided_or_reversed_as_it_was(part: Bank) -> None:
    terminal = signed_in(part, PART)
    facts, said = terminal.sale(OPENING + 500)
    assert (said.response_code, said.amount) == ("10", Money(OPENING))
    assert part.balance() == 0
    assert terminal.ask(terminal.void_facts(facts, said, OPENING + 500)).response_code == "64"
    assert terminal.ask(terminal.void_facts(facts, said, OPENING)).response_code == "00"
    facts, _ = terminal.sale(OPENING + 500)
    assert terminal.reverse(facts).response_code == "00"
    assert part.balance() == OPENING


def test_a_part_is_not_refunded_beyond_itself(part: Bank) -> None:
    terminal = signed_in(part, PART)
    _, said = terminal.sale(OPENING + 500)
    assert terminal.ask(terminal.refund_facts(said, OPENING + 1)).response_code == "61"
    assert terminal.ask(terminal.refund_facts(said, OPENING)).response_code == "00"


def test_who_says_nothing_of_parts_gets_none(part: Bank) -> None:
    assert signed_in(part).sale(OPENING + 500)[1].response_code == "51"


def test_the_bank_s_words_for_the_receipt(bank_of: Opened) -> None:
    bank = bank_of(Manner(remarks=("测试银行", "", "有疑问请致电", "")))
    _, said = signed_in(bank).sale(500)
    assert (said.card_organisation, said.remark) == ("CUP", "测试银行 有疑问请致电")


def test_a_foreign_card(bank: Bank, terminal: TestTerminal) -> None:
    bank.ledger.add_account("4000000000000002", "Foreign", 1000, organisation="VIS")
    card = Plastic("4000000000000002", "022", track2="4000000000000002=3012")
    assert terminal.sale(500, card)[1].card_organisation == "VIS"
    assert terminal.sale(500)[1].card_organisation == "CUP"
    assert PAN not in repr(bank.ledger.account(PAN))
