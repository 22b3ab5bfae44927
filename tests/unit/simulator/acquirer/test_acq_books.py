"""The bank's law under anything a terminal may do: postings sum to 0, no sale gives back more than it took.

A model beside the bank says what every answer and every balance must be. A card is overdrawn only by a correction: a
reversal, or the void of a completion whose rest was spent.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, precondition, rule

from simulator.acquirer.branch import MERCHANT_ID, TERMINAL_ID
from simulator.acquirer.manner import Manner
from terminal.iso8583.answers import Reply
from terminal.iso8583.facts import Facts
from terminal.iso8583.kinds import Kind
from terminal.iso8583.settlement import Totals, verdict
from terminal.money import Money
from tests.unit.simulator.acquirer.acq_terminal import OPENING, OTHER_PAN, PAN, TestTerminal, open_bank

AMOUNTS = st.integers(1, 40_000)
DELAY = 60  # seconds until a refund is credited
Sold = tuple[Facts, Reply]


@dataclass
class Sale:
    """What the model knows of an approved sale or completion."""

    amount: int
    state: str = "approved"
    refunded: int = 0

    @property
    def is_whole(self) -> bool:
        return self.state == "approved" and not self.refunded


@dataclass
class Hold:
    """What the model knows of a pre-authorisation."""

    amount: int
    more: int = 0
    state: str = "open"


class Books(RuleBasedStateMachine):
    """Sales, voids, refunds, holds, reversals, inquiries and repeats in any order."""

    manner = Manner()
    sales = Bundle("sales")
    reversible = Bundle("reversible")
    said = Bundle("said")
    unsent = Bundle("unsent")
    holds = Bundle("holds")
    completions = Bundle("completions")
    completion_voids = Bundle("completion_voids")

    def __init__(self) -> None:
        super().__init__()
        self.bank = open_bank(manner=self.manner)
        self.terminal = TestTerminal(self.bank.host, self.bank.clock)
        self.terminal.sign_in()
        self.available, self.held, self.pending = OPENING, 0, 0
        self.corrected = 0  # how much corrections may have overdrawn
        self.sold: dict[str, Sale] = {}
        self.voids: dict[str, str] = {}  # F11 of a void -> the sale's rrn
        self.on_hold: dict[str, Hold] = {}  # by rrn
        self.whole: dict[str, int] = {}  # rrn of a completion -> what its hold was
        self.buried: set[str] = set()

    def teardown(self) -> None:
        self.bank.ledger.close()

    def balances(self) -> list[int]:
        return [account["balance"] for account in self.bank.ledger.report()["accounts"]]

    # --- sales -------------------------------------------------------------------------------------------------------
    @rule(target=sales, amount=AMOUNTS)
    def sell(self, amount: int) -> object:
        facts, reply = self.terminal.sale(amount)
        is_good = amount <= self.available
        assert reply.response_code == ("00" if is_good else "51")
        self.sold[reply.rrn] = Sale(amount, "approved" if is_good else "refused")
        self.available -= amount * is_good
        return (facts, reply)

    @rule(target=reversible, sold=sales)
    def void(self, sold: Sold) -> object:
        facts = self.terminal.void_facts(*sold)
        sale = self.sold[sold[1].rrn]
        reply = self.terminal.ask(facts)
        assert reply.response_code == ("00" if sale.is_whole else "12")
        if sale.is_whole:
            sale.state = "voided"
            self.available += sale.amount
            self.voids[facts.stan] = sold[1].rrn
        return facts

    @rule(target=said, sold=sales, amount=AMOUNTS)
    def refund(self, sold: Sold, amount: int) -> object:
        facts = self.terminal.refund_facts(sold[1], amount)
        reply = self.terminal.ask(facts)
        self.refunds(facts, reply)
        return (facts, reply)

    @rule(target=said, sold=sales)
    def refund_all_of_it(self, sold: Sold) -> object:
        facts = self.terminal.refund_facts(sold[1], sold[0].amount.minor)
        reply = self.terminal.ask(facts)
        self.refunds(facts, reply)
        return (facts, reply)

    def refunds(self, facts: Facts, reply: Reply) -> None:
        sale, amount = self.sold[facts.original_rrn], facts.amount.minor
        is_good = sale.state == "approved" and sale.refunded + amount <= sale.amount
        assert reply.response_code == ("00" if is_good else "61" if sale.state == "approved" else "12")
        if is_good:
            sale.refunded += amount
            if self.manner.credit_seconds:
                self.pending += amount
            else:
                self.available += amount

    @rule()
    def time_goes_by(self) -> None:
        self.bank.clock.at += timedelta(seconds=DELAY)
        self.bank.host.credit_due()
        self.available, self.pending = self.available + self.pending, 0

    # --- reversals ---------------------------------------------------------------------------------------------------
    @rule(sold=sales)
    def reverse_sale(self, sold: Sold) -> None:
        sale = self.sold[sold[1].rrn]
        code = self.terminal.reverse(sold[0]).response_code
        assert code == ("00" if sale.is_whole or sale.state in ("reversed", "refused") else "12")
        if sale.is_whole:
            sale.state = "reversed"
            self.available += sale.amount

    @rule(facts=reversible)
    def reverse_void(self, facts: Facts) -> None:
        assert self.terminal.reverse(facts).response_code == "00"
        rrn = self.voids.pop(facts.stan, "")
        if rrn:
            self.sold[rrn].state = "approved"
            self.available -= self.sold[rrn].amount
            self.corrected += self.sold[rrn].amount

    @rule(facts=reversible)
    def reverse_void_twice(self, facts: Facts) -> None:
        self.reverse_void(facts)
        before = self.balances()
        self.terminal.reverse(facts)
        assert self.balances() == before

    # --- holds -------------------------------------------------------------------------------------------------------
    @rule(target=holds, amount=AMOUNTS)
    def set_aside(self, amount: int) -> object:
        facts, reply = self.terminal.does(Kind.PRE_AUTH, amount)
        assert reply.response_code == ("00" if amount <= self.available else "51")
        if reply.response_code != "00":
            return multiple()
        self.on_hold[reply.rrn] = Hold(amount)
        self.available, self.held = self.available - amount, self.held + amount
        return (facts, reply)

    @rule(held=holds, amount=AMOUNTS)
    def set_more_aside(self, held: Sold, amount: int) -> None:
        hold = self.on_hold[held[1].rrn]
        code = self.terminal.does(Kind.PRE_AUTH_MORE, amount, held)[1].response_code
        assert code == ("12" if hold.state != "open" else "00" if amount <= self.available else "51")
        if code == "00":
            hold.more += amount
            self.available, self.held = self.available - amount, self.held + amount

    @rule(held=holds)
    def let_go(self, held: Sold) -> None:
        hold = self.on_hold[held[1].rrn]
        whole = hold.amount + hold.more
        code = self.terminal.does(Kind.PRE_AUTH_VOID, whole, held)[1].response_code
        assert code == ("00" if hold.state == "open" else "12")
        self.released(hold, code == "00")

    @rule(held=holds)
    def reverse_hold(self, held: Sold) -> None:
        hold = self.on_hold[held[1].rrn]
        code = self.terminal.reverse(held[0]).response_code
        is_done = hold.state == "reversed"
        assert code == ("00" if is_done or (hold.state == "open" and not hold.more) else "12")
        self.released(hold, code == "00" and not is_done, "reversed")

    def released(self, hold: Hold, is_good: bool, state: str = "released") -> None:
        if is_good:
            whole = hold.amount + hold.more
            hold.state = state
            self.available, self.held = self.available + whole, self.held - whole

    @rule(target=completions, held=holds, percent=st.integers(1, 130))
    def complete(self, held: Sold, percent: int) -> object:
        hold = self.on_hold[held[1].rrn]
        whole = hold.amount + hold.more
        amount = max(1, whole * percent // 100)
        facts, reply = self.terminal.does(Kind.COMPLETION, amount, held)
        if hold.state != "open":
            expected = "12"
        elif amount * 100 > whole * 115:
            expected = "61"
        else:
            expected = "51" if amount - whole > max(self.available, 0) else "00"
        assert reply.response_code == expected
        if expected != "00":
            return multiple()
        hold.state = "completed"
        self.whole[reply.rrn] = whole
        self.available, self.held = self.available + whole - amount, self.held - whole
        self.sold[reply.rrn] = Sale(amount)
        return (facts, reply, held[1].rrn)

    @rule(target=completion_voids, done=completions)
    def void_completion(self, done: tuple[Facts, Reply, str]) -> object:
        sale = self.sold[done[1].rrn]
        facts, reply = self.terminal.does(Kind.COMPLETION_VOID, sale.amount, done[:2])
        assert reply.response_code == ("00" if sale.is_whole else "12")
        if not sale.is_whole:
            return multiple()
        sale.state = "voided"
        self.hold_again(done)
        return (facts, done)

    @rule(done=completions)
    def reverse_completion(self, done: tuple[Facts, Reply, str]) -> None:
        sale = self.sold[done[1].rrn]
        code = self.terminal.reverse(done[0]).response_code
        assert code == ("00" if sale.is_whole or sale.state == "reversed" else "12")
        if sale.is_whole:
            sale.state = "reversed"
            self.hold_again(done)

    def hold_again(self, done: tuple[Facts, Reply, str]) -> None:
        hold = self.on_hold[done[2]]
        whole = hold.amount + hold.more
        hold.state = "open"
        self.available, self.held = self.available - whole + self.sold[done[1].rrn].amount, self.held + whole
        self.corrected += max(0, whole - self.sold[done[1].rrn].amount)

    @rule(target=said, done=completions, amount=AMOUNTS)
    def refund_completion(self, done: tuple[Facts, Reply, str], amount: int) -> object:
        return self.refund(done[:2], amount)

    @rule(voided=consumes(completion_voids))
    def reverse_completion_void(self, voided: tuple[Facts, tuple[Facts, Reply, str]]) -> None:
        facts, done = voided
        hold, sale = self.on_hold[done[2]], self.sold[done[1].rrn]
        before = self.balances()
        code = self.terminal.reverse(facts).response_code
        whole = hold.amount + hold.more
        assert code == ("00" if hold.state == "open" and whole == self.whole[done[1].rrn] else "12")
        if code == "12":
            assert self.balances() == before
            return
        assert sale.state == "voided"
        hold.state, sale.state = "completed", "approved"
        self.available, self.held = self.available + whole - sale.amount, self.held - whole
        self.corrected += max(0, sale.amount - whole)

    # --- repeats and questions ---------------------------------------------------------------------------------------
    @rule(target=unsent, sold=sales, amount=AMOUNTS)
    def compose_refund(self, sold: Sold, amount: int) -> object:
        return self.terminal.refund_facts(sold[1], amount)

    @rule(facts=unsent)
    def inquire_before_it_came(self, facts: Facts) -> None:
        if self.bank.ledger.entry_of(TERMINAL_ID, "0220", facts.batch, facts.stan) is None:
            assert self.terminal.inquire(facts).response_code == "25"
            self.buried.add(facts.stan)

    @rule(target=said, facts=consumes(unsent))
    def the_late_refund_comes(self, facts: Facts) -> object:
        reply = self.terminal.ask(facts)
        if facts.stan in self.buried:
            assert reply.response_code == "12"
            return multiple()
        self.refunds(facts, reply)
        return (facts, reply)

    @rule(told=said)
    def inquire(self, told: Sold) -> None:
        facts, reply = told
        before = self.balances()
        answer = self.terminal.inquire(facts)
        assert bytes.fromhex(answer.private).decode() == reply.response_code + reply.rrn
        assert self.balances() == before

    @rule(told=st.one_of(said, sales, holds))
    def repeat(self, told: Sold) -> None:
        before = self.balances()
        answer = self.terminal.ask(told[0])
        if self.manner.repeats == "94":
            assert answer.response_code == "94"
        else:
            assert answer == told[1]
        assert self.balances() == before

    @rule(amount=AMOUNTS)
    def reversal_overtakes(self, amount: int) -> None:
        facts = Facts(Kind.SALE, self.terminal.stan(), self.terminal.batch, Money(amount))
        before = self.balances()
        assert self.terminal.reverse(facts).response_code == "25"
        assert self.terminal.ask(facts).response_code == "12"
        assert self.balances() == before

    # --- the end of the batch ----------------------------------------------------------------------------------------
    @rule()
    def settle(self) -> None:
        """The bank's own sums are what this model adds up."""
        counted = [sale for sale in self.sold.values() if sale.state in ("approved", "voided")]
        voided = [sale.amount for sale in counted if sale.state == "voided"]
        refunds = [
            row["amount"] for row in self.bank.entries() if row["kind"] == "refund" and row["state"] != "refused"
        ]
        assert sum(refunds) == sum(sale.refunded for sale in self.sold.values())
        sums = Totals(
            debit=sum(sale.amount for sale in counted),
            debits=len(counted),
            credit=sum(voided) + sum(refunds),
            credits=len(voided) + len(refunds),
        )
        assert verdict(self.terminal.settle(sums).totals) == (1, 1)

    @precondition(lambda self: self.sold)
    @invariant()
    def no_sale_gives_back_more_than_it_took(self) -> None:
        for rrn, sale in self.sold.items():
            given = self.bank.ledger.refunded(rrn)
            assert given == sale.refunded
            assert given <= sale.amount
        credited = {row["original_rrn"]: 0 for row in self.bank.entries()}
        for row in self.bank.entries():
            if row["kind"] in ("void", "refund", "completion-void") and row["state"] in (
                *("approved", "pending", "credited"),
            ):
                credited[row["original_rrn"]] += row["amount"]
        assert all(amount <= self.sold[rrn].amount for rrn, amount in credited.items() if rrn in self.sold and amount)

    @invariant()
    def the_books_balance(self) -> None:
        assert self.bank.has_it_right()
        assert self.bank.balance(PAN) == self.available
        assert -self.corrected <= self.available <= OPENING
        assert self.bank.ledger.balance(f"hold:{PAN}") == self.held >= 0
        assert self.bank.ledger.balance("clearing") == self.pending >= 0
        taken = OPENING - self.available - self.held - self.pending
        assert self.bank.ledger.balance(MERCHANT_ID) == taken
        assert self.bank.balance(OTHER_PAN) == OPENING


class LaterBooks(Books):
    """The same where refunds take their time and a repeat is recognised."""

    manner = Manner(repeats="same answer", credit_seconds=DELAY)


class Twice(RuleBasedStateMachine):
    """Even where every repeat is booked anew the books balance, and no more goes back than was sold."""

    messages = Bundle("messages")

    def __init__(self) -> None:
        super().__init__()
        self.bank = open_bank(manner=Manner(repeats="booked twice"))
        self.terminal = TestTerminal(self.bank.host, self.bank.clock)
        self.terminal.sign_in()

    def teardown(self) -> None:
        self.bank.ledger.close()

    @rule(target=messages, amount=AMOUNTS)
    def sell(self, amount: int) -> object:
        return self.terminal.sale(amount)

    @rule(target=messages, sold=messages, amount=AMOUNTS)
    def refund(self, sold: Sold, amount: int) -> object:
        return self.terminal.does(Kind.REFUND, amount, sold)

    @rule(told=messages)
    def repeat(self, told: Sold) -> None:
        assert self.terminal.ask(told[0]).response_code != "94"

    @rule(told=messages)
    def reverse(self, told: Sold) -> None:
        code = self.terminal.reverse(told[0]).response_code
        assert code in (("00", "12") if told[0].kind is Kind.SALE else ("40",))

    @invariant()
    def the_books_balance(self) -> None:
        assert self.bank.has_it_right()
        given: dict[str, int] = {}
        taken: dict[str, int] = {}
        for row in self.bank.entries():
            if row["kind"] == "refund" and row["state"] == "approved":
                given[row["original_rrn"]] = given.get(row["original_rrn"], 0) + row["amount"]
            if row["kind"] == "sale" and row["state"] == "approved":
                taken[row["rrn"]] = row["amount"]
        assert all(amount <= taken[rrn] for rrn, amount in given.items())
        assert self.bank.balance() == OPENING - sum(taken.values()) + sum(given.values())


for machine in (Books, LaterBooks, Twice):
    machine.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestBooks, TestLaterBooks, TestTwice = Books.TestCase, LaterBooks.TestCase, Twice.TestCase
