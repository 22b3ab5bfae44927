"""The bank's law under anything a terminal may do: postings sum to 0, no sale gives back more than it took."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, precondition, rule

from terminal.iso8583.messages import Facts, Kind, Reply
from terminal.money import Money
from tests.unit.simulator.acquirer.acq_terminal import OPENING, OTHER_PAN, PAN, TestTerminal, open_bank

AMOUNTS = st.integers(1, 40_000)
Sold = tuple[Facts, Reply]


class Books(RuleBasedStateMachine):
    """Sales, voids, refunds, reversals, inquiries and repeats in any order."""

    sales = Bundle("sales")
    reversible = Bundle("reversible")
    said = Bundle("said")
    unsent = Bundle("unsent")

    def __init__(self) -> None:
        super().__init__()
        self.bank = open_bank()
        self.terminal = TestTerminal(self.bank.host, self.bank.clock)
        self.terminal.sign_in()
        self.refunded: dict[str, int] = {}
        self.taken: dict[str, int] = {}
        self.buried: set[str] = set()

    def teardown(self) -> None:
        self.bank.ledger.close()

    def balances(self) -> list[int]:
        return [account["balance"] for account in self.bank.ledger.report()["accounts"]]

    @rule(target=sales, amount=AMOUNTS)
    def sell(self, amount: int) -> object:
        before = self.bank.balance() or 0
        facts, reply = self.terminal.sale(amount)
        assert reply.response_code == ("00" if amount <= before else "51")
        self.taken[reply.rrn] = amount
        return (facts, reply)

    @rule(target=reversible, sold=sales)
    def void(self, sold: Sold) -> object:
        facts = self.terminal.void_facts(*sold)
        reply = self.terminal.ask(facts)
        assert reply.response_code in ("00", "12")
        if reply.response_code == "00":
            assert not self.refunded.get(sold[1].rrn)
        return facts

    @rule(target=said, sold=sales, amount=AMOUNTS)
    def refund(self, sold: Sold, amount: int) -> object:
        facts = self.terminal.refund_facts(sold[1], amount)
        reply = self.terminal.ask(facts)
        assert reply.response_code in ("00", "12", "61")
        if reply.response_code == "00":
            self.refunded[sold[1].rrn] = self.refunded.get(sold[1].rrn, 0) + amount
        return (facts, reply)

    @rule(target=said, sold=sales)
    def refund_all_of_it(self, sold: Sold) -> object:
        return self.refund(sold, sold[0].amount.minor)

    @rule(sold=sales)
    def reverse_sale(self, sold: Sold) -> None:
        assert self.terminal.reverse(sold[0]).response_code in ("00", "12")

    @rule(facts=reversible)
    def reverse_void(self, facts: Facts) -> None:
        assert self.terminal.reverse(facts).response_code == "00"

    @rule(facts=reversible)
    def reverse_void_twice(self, facts: Facts) -> None:
        self.terminal.reverse(facts)
        before = self.balances()
        self.terminal.reverse(facts)
        assert self.balances() == before

    @rule(target=unsent, sold=sales, amount=AMOUNTS)
    def compose_refund(self, sold: Sold, amount: int) -> object:
        return self.terminal.refund_facts(sold[1], amount)

    @rule(facts=unsent)
    def inquire_before_it_came(self, facts: Facts) -> None:
        if self.bank.ledger.entry_of("10000001", "0220", facts.batch, facts.stan) is None:
            assert self.terminal.inquire(facts).response_code == "25"
            self.buried.add(facts.stan)

    @rule(target=said, facts=consumes(unsent))
    def the_late_refund_comes(self, facts: Facts) -> object:
        reply = self.terminal.ask(facts)
        if facts.stan in self.buried:
            assert reply.response_code == "12"
            return multiple()
        assert reply.response_code in ("00", "12", "61")
        if reply.response_code == "00":
            self.refunded[facts.original_rrn] = self.refunded.get(facts.original_rrn, 0) + facts.amount.minor
        return (facts, reply)

    @rule(told=said)
    def inquire(self, told: Sold) -> None:
        facts, reply = told
        before = self.balances()
        answer = self.terminal.inquire(facts)
        assert bytes.fromhex(answer.private).decode() == reply.response_code + reply.rrn
        assert self.balances() == before

    @rule(told=st.one_of(said, sales))
    def repeat(self, told: Sold) -> None:
        before = self.balances()
        assert self.terminal.ask(told[0]).response_code == "94"
        assert self.balances() == before

    @rule(amount=AMOUNTS)
    def reversal_overtakes(self, amount: int) -> None:
        facts = Facts(Kind.SALE, self.terminal.stan(), self.terminal.batch, Money(amount))
        before = self.balances()
        assert self.terminal.reverse(facts).response_code == "25"
        assert self.terminal.ask(facts).response_code == "12"
        assert self.balances() == before

    @precondition(lambda self: self.taken)
    @invariant()
    def no_sale_gives_back_more_than_it_took(self) -> None:
        for rrn, taken in self.taken.items():
            given = self.bank.ledger.refunded(rrn)
            assert given == self.refunded.get(rrn, 0)
            assert given <= taken
        credited = {row["original_rrn"]: 0 for row in self.bank.entries()}
        for row in self.bank.entries():
            if row["kind"] in ("void", "refund") and row["state"] == "approved":
                credited[row["original_rrn"]] += row["amount"]
        assert all(amount <= self.taken.get(rrn, 0) for rrn, amount in credited.items())

    @invariant()
    def the_books_balance(self) -> None:
        assert self.bank.ledger.sum_of_postings() == 0
        assert 0 <= (self.bank.balance(PAN) or 0) <= OPENING
        assert self.bank.balance(OTHER_PAN) == OPENING
        posted = self.bank.ledger._db.execute(
            "SELECT account.balance, COALESCE((SELECT SUM(amount) FROM posting WHERE credit = account.id), 0)"
            " - COALESCE((SELECT SUM(amount) FROM posting WHERE debit = account.id), 0) FROM account"
        )
        assert all(balance == moved for balance, moved in posted)


Books.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestBooks = Books.TestCase
