"""Random days at the counter: people, cards, silences, power cuts, settlements, midnight, and the laws after each.

Refunds are reviewed at once or later, carried out by another, changed after they were agreed to, made to another card,
ended by two people who lie, and overruled by the bank and its file.

After each journey the laws hold and the terminal's books are the bank's. A few days in every test run; ten thousand
journeys with `make campaign` (YUANLU_JOURNEYS).
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from simulator.acquirer.reconciliation import reconciliation
from terminal.exchange.overruling import rests_on
from terminal.exchange.stages import Accepted, GivenUp, Open, Unknown
from terminal.iso8583.kinds import Kind
from terminal.journal.journal import Operator
from terminal.refund.application import OPEN, Act, State
from terminal.refund.policy import Need, Policy
from terminal.refund.rules import OtherCard
from tests.journey.cashier import CODES, Cashier, Plan
from tests.journey.shop import MERCHANT_ID, Bank, PowerCut, Shop
from tests.virtual_time import START, VirtualLoop

STEPS = 20
JOURNEYS = int(os.environ.get("YUANLU_JOURNEYS", "200"))
CARDS = ("unionpay-debit", "unionpay-credit")
LINES = ("up",) * 5 + ("down", "answer_lost", "answer_lost", "request_lost")
WHAT = ("sell",) * 4 + ("refund",) * 8 + ("settle", "wait", "other_operator", "review", "review", "testify", "file")
OPERATORS = ("01", "02", "03")
WANTS = (  # ids of labels; what is not offered is not wanted
    *((),) * 4,
    ("approval.later", "approval.back"),
    ("review.return", "approval.mend"),
    ("review.return", "approval.withdraw"),
    ("review.ask", "papers.note", "approval.mend"),
    ("refund.change",),
    ("another_card.yes",),
    ("another_card.yes",),
)
ABSENT = (*((),) * 3, ("staff.ask_supervisor", "consent.second"), ("consent.second",))
SAID = ("testimony.accepted", "testimony.not_received")
OVERRULED = 3_800.0  # seconds: what only people say is asked about hourly
TALK = 16  # actions of a testimony; what comes after them is left
CUTS = (12, 25, 33, 41, 50, 56, 63, 70, 80, 95, 120)  # moments
PATIENCE = (None,) * 8 + (2, 5, 8, 11)  # actions until he has had enough
ASKED = 200.0  # seconds: the question under way has had its time-out, and another has been answered
AMOUNTS = (1, 4_999, 10_000, 60_000, 120_000, 180_000, 320_000)
PARTS = (1, 100, 4_999, 55_000, 120_000)
LATER = ("approval.later", "approval.absent", "approval.second_later")
POLICY = Policy(
    lock_seconds=0,
    seconds_between=1,
    undo_seconds=1,
    pause_seconds=1,
    review_above=150_000,
    second_person_above=100_000,
    pause_above=200_000,
    other_card=OtherCard(is_on=True, hours=0),
)
GIVEN_BACK = (Kind.REFUND, Kind.VOID)
FIRST = START.date().isoformat()


class Wish(NamedTuple):
    """What comes next at the counter. `cut`: the current fails at that moment from now."""

    what: str
    amount: int
    part: int
    costs: int
    card: str
    sale: int
    reason: int
    how: int
    hours: int
    wants: tuple[str, ...]
    absent: tuple[str, ...]
    people: tuple[str, ...]
    line: str
    patience: int | None
    cut: int | None


WISHES = st.builds(
    Wish,
    what=st.sampled_from(WHAT),
    amount=st.sampled_from(AMOUNTS),
    part=st.sampled_from(PARTS),
    costs=st.sampled_from((0, 50, 5_000)),
    card=st.sampled_from((CARDS[0],) * 3 + CARDS),
    sale=st.sampled_from((1, 1, 2, 2, 3, 4, 8)),
    reason=st.integers(1, 6),
    how=st.sampled_from((1, 1, 1, 2, 2, 3)),
    hours=st.sampled_from((1, 14, 24, 24 * 8)),
    wants=st.sampled_from(WANTS),
    absent=st.sampled_from(ABSENT),
    people=st.permutations(("01", "02", "03", "00")).map(tuple),
    line=st.sampled_from(LINES),
    patience=st.sampled_from(PATIENCE),
    cut=st.sampled_from((None,) * 40 + CUTS),
)


class Days(RuleBasedStateMachine):
    """One terminal and its bank, over days and power cuts."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner(loop_factory=VirtualLoop)
        self.folder = Path(tempfile.mkdtemp(prefix="days-"))
        self.bank, self.offset, self.journeys, self.me = Bank(), timedelta(), 0, "01"
        self.is_asked = True  # the bank, about what nobody knows, before the next journey
        self.shop = self.run(self._first_morning())

    def run(self, work):
        return self.runner.run(work)

    # --- the days ------------------------------------------------------------------------------------------------
    @rule(wish=WISHES)
    def go_on(self, wish):
        """One journey, from idle to idle, or time that passes."""
        getattr(self, wish.what)(wish)

    def sell(self, wish):
        plan = Plan(asks={"sale.ask_amount": str(wish.amount)}, card=wish.card, me=self.me)
        self.journey("1", plan, wish)

    def refund(self, wish):
        asks = {
            "refund.ask_amount": str(wish.part),
            "refund.ask_kept_cost": str(wish.costs),
            "refund.ask_handling_fee": str(wish.costs // 2),
        }
        menus = {
            "find.recent": wish.sale,
            "refund.reason": wish.reason,
            "refund.how_much": wish.how,
        }
        self.journey("refund", self.with_people(wish, menus=menus, asks=asks), wish)

    def with_people(self, wish, **more) -> Plan:
        wants = (*LATER, *wish.wants) if wish.absent else wish.wants
        return Plan(card=wish.card, me=self.me, wants=wants, absent=wish.absent, people=wish.people, **more)

    def settle(self, wish):
        self.journey(("down", "1"), Plan(me=self.me), wish)

    def review(self, wish):
        self.journey(("down", "5"), self.with_people(wish, menus={"review.queue": wish.sale}), wish)

    def testify(self, wish):
        """A refund that nobody knows the end of, and two people who say one; true or not, the bank overrules it."""
        self.sell(wish._replace(line="up", cut=None, patience=None))
        line = "answer_lost" if wish.costs else "request_lost"
        lost = wish._replace(line=line, cut=None, patience=None, sale=1, part=1, how=2, absent=())
        self.is_asked = False
        self.refund(lost)
        plan = Plan(me=self.me, wants=("track.testify", SAID[wish.how % 2]), people=wish.people, patience=TALK)
        self.journey(("down", "6"), plan, lost._replace(cut=wish.cut, patience=None))
        self.is_asked = True
        self.bank.line("up")
        self.journey("5", Plan(me=self.me), wish._replace(line="up", cut=None, patience=None))  # its keys may be old
        self.run(asyncio.sleep(OVERRULED))

    def file(self, wish):
        """The bank's file of all these days: it may end, confirm and overrule, and never makes money."""
        last = self.run(self._today())
        self.bank.inbox.files[f"{self.journeys}.csv"] = reconciliation(self.bank.ledger, FIRST, MERCHANT_ID, last)
        self.refund(wish)
        assert all(verdict == "done" for verdict, _ in self.bank.inbox.verdicts.values())

    async def _today(self) -> str:
        return self.shop.clock.now().date().isoformat()

    def other_operator(self, wish):
        self.me = OPERATORS[(OPERATORS.index(self.me) + wish.sale) % len(OPERATORS)]
        self.journey("9", Plan(me=self.me), wish)

    def wait(self, wish):
        """Midnight, a weekend; the terminal is left alone for a while besides."""
        self.shop.clock.offset += timedelta(hours=wish.hours)
        self.offset = self.shop.clock.offset
        self.run(asyncio.sleep(ASKED))

    # --- what each is made of ------------------------------------------------------------------------------------
    def journey(self, keys, plan: Plan, wish: Wish) -> None:
        """From idle to idle; a power cut in it is followed by a new start."""
        if wish.patience is not None:
            plan.patience = wish.patience
        if wish.cut is not None:
            self.cut_in(wish.cut)
        self.journeys += 1
        try:
            self.run(self._journey(keys, plan, wish.line))
        except PowerCut:
            self.run(self._after_the_cut())

    def cut_in(self, moments: int) -> None:
        current = self.shop.current
        current.is_armed, current.cut_at = True, current.moments + moments

    async def _journey(self, keys, plan: Plan, line: str) -> None:
        cashier = Cashier(self.shop)
        self.bank.line(line)
        await self.shop.press(*([keys] if isinstance(keys, str) else keys))
        await cashier.until_idle(plan)
        self.shop.current.cut_at = None
        if await self.shop.reader.is_card_present():
            await self.shop.pull()
        if self.is_asked:
            self.bank.line("up")
            await asyncio.sleep(ASKED)

    async def _first_morning(self) -> Shop:
        shop = Shop(self.folder, self.bank, POLICY)
        await shop.first_day()
        for id, role in (("02", "operator"), ("03", "senior")):
            digest = await shop.hardware.passwords.digest(CODES[id])
            await shop.journal.keep_operator(Operator(id, role, digest, is_factory=False), "added", "00")
        await shop.sell("10000")
        await shop.press("refund")
        await shop.supervisor_code()
        await shop.press("cancel")
        await shop.idle()
        return shop

    async def _after_the_cut(self) -> None:
        await self.shop.switch_off()
        self.bank.line("up")
        self.shop = Shop(self.folder, self.bank, POLICY)
        self.shop.clock.offset = self.offset + timedelta(minutes=10)
        self.shop.switch_on()
        await self.shop.see("自检")
        await Cashier(self.shop).until_idle(Plan(me=self.me))
        await asyncio.sleep(ASKED)

    # --- the laws ------------------------------------------------------------------------------------------------
    @invariant()
    def the_books_are_the_banks(self):
        self.run(self._books())

    @invariant()
    def applications_obey(self):
        self.run(self._applications())

    @invariant()
    @precondition(lambda self: self.journeys % 10 == 0)
    def the_chain_is_whole(self):
        assert self.run(self.shop.journal.verify()) is None

    async def _books(self) -> None:
        assert self.bank.ledger.sum_of_postings() == 0
        credited = self.bank.credited()
        sales = {stage.reply.rrn: stage for stage in await self._sales()}
        for rrn, sale in sales.items():
            stages = await self.shop.journal.given_back(sale.request.id)
            told = sum(stage.amount.minor for stage in stages if isinstance(stage, Accepted))
            open_ones = [stage for stage in stages if isinstance(stage, Open)]
            at_bank = credited.pop(rrn, 0)
            assert len(open_ones) <= 1, "two open refunds of one sale"
            assert not any(isinstance(stage, Unknown) for stage in open_ones), "asked about, and still unknown"
            most = sum(stage.request.amount.minor for stage in open_ones)
            assert told <= at_bank <= told + most, f"{rrn}: {told} told, {at_bank} at the bank, {most} open"
            assert at_bank <= sale.amount.minor, "more than the sale"
            assert told + most <= sale.amount.minor, "more than the sale, pending included"
        assert not credited, "the bank gave back what the terminal does not know"

    async def _sales(self) -> list[Accepted]:
        found = await self.shop.journal.sales()
        return [stage for stage in found if isinstance(stage, Accepted)]

    async def _applications(self) -> None:
        applications = await self.shop.journal.applications.recent(1000)
        open_of: dict[str, int] = {}
        for one in applications:
            if one.state in OPEN:
                open_of[one.sale.id] = open_of.get(one.sale.id, 0) + 1
            agreed = {mark.by for mark in one.marks if mark.act in (Act.APPROVE, Act.AGREE, Act.SEND_BACK)}
            assert one.requester not in agreed, "who asked has agreed"
            handed_in = {mark.by for mark in one.marks if mark.act is Act.SUBMIT}
            assert not handed_in & set(one.agreed), "who handed it in has agreed"
            is_sent = any(mark.act is Act.CARRY_OUT for mark in one.marks)
            is_short = one.missing or any(one.waits_for(need) for need in Need)
            assert not (is_sent and is_short), "sent before everything was there"
            assert one.fees.refund.minor > 0
            parts = one.fees.taken_up.minor - one.fees.kept_cost.minor - one.fees.handling_fee.minor
            assert parts == one.amount.minor
            stage = await self.shop.journal.exchange(one.exchange_id) if one.exchange_id else None
            if one.state is State.ACCEPTED:
                assert isinstance(stage, Accepted)
            if isinstance(stage, Accepted):
                assert one.state in (State.ACCEPTED, State.CREDITED, State.CLOSED)
            if stage is not None and stage.request.kind in GIVEN_BACK:
                assert stage.request.amount == one.amount
            if (testimony := rests_on(stage)) is not None:
                people = {testimony.supervisor, testimony.second}
                assert len(people) == 2
                assert not people & {one.requester, stage.request.operator, *handed_in}, "a witness of his own refund"
            assert not isinstance(stage, GivenUp)
        assert all(count == 1 for count in open_of.values()), "two applications of one sale"

    def teardown(self):
        self.run(self.shop.switch_off())
        self.runner.close()
        self.bank.ledger.close()
        shutil.rmtree(self.folder)


IS_CAMPAIGN = "YUANLU_JOURNEYS" in os.environ
Days.TestCase.settings = settings(
    max_examples=max(1, JOURNEYS // STEPS),
    stateful_step_count=STEPS,
    deadline=None,
    derandomize=not IS_CAMPAIGN,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.generate, Phase.shrink) if IS_CAMPAIGN else (Phase.explicit, Phase.generate),
    print_blob=False,
)
test_random_days = Days.TestCase
