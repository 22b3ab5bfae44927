"""The end of a batch: totals compared, items uploaded, differences listed, the batch closed."""

from __future__ import annotations

import msgspec
import pytest

from terminal.iso8583.cup import cup
from terminal.iso8583.cup_management import certificate, details, notice_again, totals, upload_end
from terminal.iso8583.dialect import Choices
from terminal.iso8583.facts import Plastic
from terminal.iso8583.kinds import Kind
from terminal.iso8583.settlement import BALANCED, NOT_BALANCED, WRONG, Detail, Totals, verdict
from terminal.iso8583.settlement import totals as totals_of
from tests.unit.simulator.acquirer.acq_terminal import CHIP, OPENING, OTHER_CARD, PAN, Bank, TestTerminal, signed_in

NOTHING = Totals()
ALL_GOOD = (BALANCED, BALANCED)


def busy(terminal: TestTerminal) -> Totals:
    """A batch with one of everything that counts, and some that does not; its totals."""
    terminal.sale(1000)
    voided = terminal.sale(300)
    terminal.ask(terminal.void_facts(*voided))
    _, refunded = terminal.sale(500)
    terminal.ask(terminal.refund_facts(refunded, 200))
    reversed_sale, _ = terminal.sale(70)
    terminal.reverse(reversed_sale)
    terminal.sale(OPENING * 2)
    terminal.does(Kind.BALANCE, 0)
    held = terminal.does(Kind.PRE_AUTH, 400)
    completed = terminal.does(Kind.COMPLETION, 400, held)
    terminal.does(Kind.COMPLETION_VOID, 400, completed)
    tipped = terminal.sale(100)
    terminal.does(Kind.TIP, 120, tipped)
    return Totals(debit=1000 + 300 + 500 + 400 + 120, debits=5, credit=300 + 200 + 400, credits=3)


# --- totals ----------------------------------------------------------------------------------------------------------
def test_balanced(bank: Bank, terminal: TestTerminal) -> None:
    said = terminal.settle(busy(terminal))
    assert (verdict(said.totals), said.response_code) == (ALL_GOOD, "")
    assert terminal.finish(0, is_balanced=True).response_code == "00"
    assert bank.disputes() == []
    assert terminal.sale(100)[1].response_code == "77"
    assert terminal.sign_in().batch == "000002"
    assert verdict(terminal.settle(NOTHING).totals) == ALL_GOOD


@pytest.mark.parametrize(
    "wrong",
    [
        {"debit": 2319},
        {"debits": 4},
        {"credit": 901},
        {"credits": 4},
    ],
)
def test_one_number_is_wrong(terminal: TestTerminal, wrong: dict[str, int]) -> None:
    own = busy(terminal)
    said = terminal.settle(msgspec.structs.replace(own, **wrong))
    assert verdict(said.totals) == (NOT_BALANCED, BALANCED)
    assert totals_of(said.totals) == own


def test_foreign_cards_have_sums_of_their_own(bank: Bank, terminal: TestTerminal) -> None:
    bank.ledger.add_account("4000000000000002", "Foreign", 1000, organisation="VIS")
    card = Plastic("4000000000000002", "022", track2="4000000000000002=3012")
    sale = terminal.sale(500, card)
    terminal.sale(80)
    terminal.does(Kind.REFUND, 100, sale, card)  # its F63 is 000: counted as home (cup.md 1.8)
    mine = Totals(debit=80, debits=1, credit=100, credits=1, foreign_debit=500, foreign_debits=1)
    assert verdict(terminal.settle(mine).totals) == ALL_GOOD
    assert verdict(terminal.settle(Totals(debit=580, debits=2, credit=100, credits=1)).totals) == (2, 2)


def test_only_the_side_that_is_not_balanced_is_searched(bank: Bank, terminal: TestTerminal) -> None:
    bank.ledger.add_account("4000000000000002", "Foreign", 1000, organisation="VIS")
    card = Plastic("4000000000000002", "022", track2="4000000000000002=3012")
    foreign, _ = terminal.sale(500, card)
    terminal.sale(80)
    assert verdict(terminal.settle(Totals(debit=80, debits=1)).totals) == (BALANCED, NOT_BALANCED)
    assert terminal.finish(0, is_balanced=False).response_code == "00"
    assert bank.disputes() == [(foreign.stan, "not sent by the terminal", 0, 500)]


def test_500_transactions_that_do_not_balance(bank: Bank, terminal: TestTerminal) -> None:
    sold = [terminal.sale(100)[0] for _ in range(499)]
    lost = terminal.sale(100)[0]
    assert verdict(terminal.settle(Totals(debit=49_900, debits=499)).totals) == (NOT_BALANCED, BALANCED)
    for start in range(0, 499, 8):
        rows = [Detail(facts.stan, PAN, 100) for facts in sold[start : start + 8]]
        assert terminal.upload(*rows).response_code == "00"
    assert terminal.finish(499, is_balanced=False).response_code == "00"
    assert bank.disputes() == [(lost.stan, "not sent by the terminal", 0, 100)]
    assert bank.balance() == OPENING - 50_000


def test_an_error_is_verdict_3_with_its_code(bank: Bank, terminal: TestTerminal) -> None:
    good = totals(terminal.dialect, terminal.me, "000090", terminal.batch, "01", NOTHING)
    for changes, code in (({60: "00000077201"}, "77"), ({42: "898100099999999"}, "03"), ({48: "00"}, "30")):
        answer = terminal.say(good.with_fields(changes))
        assert (answer.response_code, verdict(answer.totals)) == (code, (WRONG, WRONG))
    bank.host.expire_keys(terminal.me.terminal_id)
    assert terminal.settle(NOTHING).response_code == "77"
    assert bank.ledger.report()["settlements"] == []


# --- uploads ---------------------------------------------------------------------------------------------------------
def test_details_are_compared_and_never_move_money(bank: Bank, terminal: TestTerminal) -> None:
    good, amount, card = (terminal.sale(100)[0] for _ in range(3))
    refused, _ = terminal.sale(OPENING * 2)
    assert verdict(terminal.settle(NOTHING).totals) == (NOT_BALANCED, BALANCED)
    before = bank.balance()
    rows = (
        Detail(good.stan, PAN, 100),
        Detail(amount.stan, PAN, 90),
        Detail(card.stan, OTHER_CARD.pan, 100),
        Detail(refused.stan, PAN, OPENING * 2),
        Detail("000999", PAN, 55),
    )
    assert terminal.upload(*rows).response_code == "00"
    assert terminal.upload(*rows).response_code == "94"
    assert terminal.upload(Detail(good.stan, PAN, 100), Detail("000998", PAN, 1)).response_code == "00"
    assert bank.disputes() == [
        (amount.stan, "another amount", 90, 100),
        (card.stan, "another card", 100, 100),
        (refused.stan, "refused or undone by the bank", OPENING * 2, 0),
        ("000999", "not in the bank's books", 55, 0),
        ("000998", "not in the bank's books", 1, 0),
    ]
    assert bank.balance() == before
    assert terminal.finish(6, is_balanced=False).response_code == "00"


def test_a_notice_that_the_bank_has_is_compared(bank: Bank, terminal: TestTerminal) -> None:
    _, sale = terminal.sale(500)
    facts = terminal.refund_facts(sale, 200)
    terminal.ask(facts)
    terminal.settle(NOTHING)
    before = bank.balance()
    assert [terminal.notify(facts).response_code for _ in range(2)] == ["00", "94"]
    assert bank.balance() == before
    assert bank.disputes() == []


def test_a_notice_that_the_bank_has_not_is_booked_once(bank: Bank, terminal: TestTerminal) -> None:
    _, sale = terminal.sale(500)
    held = terminal.does(Kind.PRE_AUTH, 300)
    refund = terminal.refund_facts(sale, 200)
    completion = terminal.facts(Kind.COMPLETION_NOTICE, 300, held)
    terminal.settle(Totals(debit=800, debits=2, credit=200, credits=1))
    assert [terminal.notify(refund).response_code for _ in range(2)] == ["00", "94"]
    assert [terminal.notify(completion).response_code for _ in range(2)] == ["00", "94"]
    assert bank.balance() == OPENING - 300 - 300
    booked = bank.ledger.entry_of(terminal.me.terminal_id, "0220", terminal.batch, completion.stan)
    assert booked is not None
    assert booked.approval_code == held[1].approval_code
    assert terminal.upload(Detail(terminal_stan(sale.rrn, bank), PAN, 500)).response_code == "00"
    assert verdict(terminal.settle(Totals(debit=800, debits=2, credit=200, credits=1)).totals) == ALL_GOOD
    assert terminal.inquire(refund).response_code == "00"
    assert bank.disputes() == []


def terminal_stan(rrn: str, bank: Bank) -> str:
    found = bank.ledger.entry(rrn)
    assert found is not None
    return found.stan


def test_a_notice_that_was_refused_is_dead_or_breaks_a_rule_is_a_dispute(bank: Bank, terminal: TestTerminal) -> None:
    _, sale = terminal.sale(500)
    refused, dead, too_much = (terminal.refund_facts(sale, amount) for amount in (600, 200, 501))
    assert terminal.ask(refused).response_code == "61"
    assert terminal.inquire(dead).response_code == "25"
    terminal.settle(NOTHING)
    assert [terminal.notify(facts).response_code for facts in (refused, dead, too_much)] == ["00"] * 3
    assert bank.balance() == OPENING - 500
    assert bank.disputes() == [
        (refused.stan, "refused or undone by the bank", 600, 0),
        (dead.stan, "never to be booked", 200, 0),
        (too_much.stan, "refused or undone by the bank", 501, 0),
    ]


def test_a_notice_under_the_keys_of_another_sign_in(bank: Bank) -> None:
    dialect = cup(Choices(sign_in="004"))
    terminal = signed_in(bank, dialect)
    _, sale = terminal.sale(500)
    message = notice_again(terminal.financial(terminal.refund_facts(sale, 200)))
    terminal.sign_in()
    terminal.settle(NOTHING)
    assert terminal.say(message).response_code == "00"
    assert bank.balance() == OPENING - 300
    assert bank.disputes() == []
    unreadable = message.with_fields({2: "", 11: terminal.stan()})
    assert terminal.say(unreadable).response_code == "00"
    assert bank.disputes() == [(unreadable["stan"], "refused or undone by the bank", 200, 0)]
    assert terminal.finish(2, is_balanced=False).response_code == "00"


def test_after_balanced_totals_no_notice_is_booked(bank: Bank, terminal: TestTerminal) -> None:
    _, sale = terminal.sale(500)
    facts = terminal.refund_facts(sale, 200)
    assert verdict(terminal.settle(Totals(debit=500, debits=1)).totals) == ALL_GOOD
    assert terminal.notify(facts).response_code == "00"
    assert bank.balance() == OPENING - 500
    assert bank.disputes() == [(facts.stan, "not in the bank's books", 200, 0)]


@pytest.mark.parametrize("is_its_own_number", [True, False])
def test_certificates_of_chip_sales(bank: Bank, terminal: TestTerminal, is_its_own_number: bool) -> None:
    undone, _ = terminal.sale(500, CHIP)
    terminal.reverse(undone, CHIP)
    facts, _ = terminal.sale(500, CHIP)
    other, _ = terminal.sale(500, CHIP)
    terminal.settle(NOTHING)
    icc_data = "9F26081122334455667788"
    plastic = msgspec.structs.replace(CHIP, icc_data=icc_data)

    def send(stan: str) -> str:
        item = terminal.financial(facts, plastic)
        message = certificate(terminal.dialect, terminal.me, stan, terminal.batch, item, is_balanced=False)
        return terminal.say(message).response_code

    numbers = [facts.stan, other.stan] if is_its_own_number else [terminal.stan(), terminal.stan()]
    assert [send(number) for number in (*numbers, numbers[0])] == ["00", "00", "94"]
    assert send("000777") == "00"
    assert terminal.finish(3, is_balanced=False).response_code == "00"
    assert bank.disputes() == [("000777", "not in the bank's books", 500, 0)]


def test_what_a_chip_refused_is_kept(bank: Bank, terminal: TestTerminal) -> None:
    terminal.settle(NOTHING)
    item = terminal.financial(terminal.facts(Kind.SALE, 100), msgspec.structs.replace(CHIP, icc_data="9F3602001E"))
    message = certificate(terminal.dialect, terminal.me, terminal.stan(), terminal.batch, item, is_balanced=True)
    failed = message.with_fields({60: f"00{terminal.batch}20450"})
    assert [terminal.say(failed).response_code for _ in range(2)] == ["00", "94"]
    assert terminal.finish(1, is_balanced=True).response_code == "00"


def test_the_end_checks_the_count_and_may_be_said_again(bank: Bank, terminal: TestTerminal) -> None:
    sale, _ = terminal.sale(100)
    own = Totals(debit=100, debits=1)
    wrong = terminal.settle(NOTHING).totals
    terminal.upload(Detail(sale.stan, PAN, 100))
    assert terminal.finish(2, is_balanced=False).response_code == "95"
    assert terminal.sale(1)[1].response_code == "00"
    assert terminal.finish(1, is_balanced=False).response_code == "00"
    assert terminal.finish(1, is_balanced=False).response_code == "00"  # the answer was lost
    assert terminal.upload(Detail(sale.stan, PAN, 100)).response_code == "94"
    assert terminal.settle(own).totals == wrong
    assert terminal.sign_in().batch == "000002"


def test_nothing_is_uploaded_before_totals(terminal: TestTerminal) -> None:
    sale, _ = terminal.sale(100)
    assert terminal.upload(Detail(sale.stan, PAN, 100)).response_code == "12"
    assert terminal.finish(0, is_balanced=True).response_code == "12"


def test_malformed_uploads_30(bank: Bank, terminal: TestTerminal) -> None:
    terminal.settle(NOTHING)
    sale, _ = terminal.sale(100)
    good = details(terminal.dialect, terminal.me, "000090", terminal.batch, (Detail(sale.stan, PAN, 100),))
    for text in ("", "02", "09" + "0" * 40, "01" + "0" * 39):
        assert terminal.say(good.with_fields({48: text})).response_code == "30"
    end = upload_end(terminal.dialect, terminal.me, "000091", terminal.batch, 0, True)
    assert terminal.say(end.with_fields({48: "00"})).response_code == "30"
    assert list(bank.ledger.run("SELECT * FROM upload")) == []


def test_the_report_shows_settlements(bank: Bank, terminal: TestTerminal) -> None:
    terminal.sale(100)
    terminal.settle(NOTHING)
    assert terminal.finish(0, is_balanced=False).response_code == "00"
    shown = bank.ledger.report()["settlements"][0]
    assert (shown["batch"], shown["home"], shown["is_closed"], shown["disputes"]) == ("000001", 2, 1, 1)
