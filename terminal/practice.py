"""The practice room: a whole terminal and its bank beside the real one. Law: nothing of the real one but its screen.

| part             | here                                                                              |
|------------------|-----------------------------------------------------------------------------------|
| journal          | in memory: nothing of a practice is ever on disk                                  |
| vault            | in memory, TEST KEYS ONLY                                                         |
| line and bank    | simulator/acquirer in this process; there is no address and no socket             |
| reader           | simulator/cards; the tutor is the cardholder, TEST CARDS ONLY                     |
| clock            | reads the real one; what the bank says is not adopted, and yesterday can be played |
| printer          | counts papers; on demand the real one, each paper marked 演示 DEMO                 |
| front, passwords | the real ones: neither remembers anything                                         |

It imports the simulator and the keys, so it is imported when somebody practises (terminal/dialogue/practice.py).
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import cache
from pathlib import Path

import msgspec

from keys.algorithms.check_value import check_value
from keys.loading import Loading
from keys.safe import Safe
from keys.vault import Vault
from simulator.acquirer.branch import MERCHANT_ID, TERMINAL_ID, TEST_TMK, open_test_branch
from simulator.acquirer.fault_rules import Spoil
from simulator.acquirer.faults import Faults, LineState
from simulator.acquirer.host import Host
from simulator.acquirer.issuer import TestIssuer
from simulator.acquirer.ledger import Ledger
from simulator.acquirer.line import SimulatedLine
from simulator.cards.description import CardDescription
from simulator.cards.reader import SimulatedReader
from simulator.cards.tray import card
from terminal.config import Config, DialectConfig, EmvConfig, Files, KeysConfig, LineConfig, ReaderConfig
from terminal.dialogue.applications import now_of
from terminal.dialogue.card import of_stripe
from terminal.dialogue.codes import SENIOR, SUPERVISOR
from terminal.dialogue.desk import Desk
from terminal.dialogue.lessons import REFUND, Lesson
from terminal.dialogue.presented import Handed, Presented, seal
from terminal.dialogue.ready import signed_in
from terminal.dialogue.room import Room
from terminal.dialogue.wanted import wanted
from terminal.exchange.stages import Accepted
from terminal.furnish import furnish
from terminal.iso8583.dialect import Choices
from terminal.iso8583.dialects import by_name
from terminal.iso8583.kinds import Kind
from terminal.journal.journal import Journal, Operator
from terminal.money import Money
from terminal.policy_file import Rules
from terminal.ports import Front, Hardware, Printer
from terminal.practice_devices import EmptyInbox, MemoryKeyFile, PracticeClock, PracticePrinter, marked
from terminal.practice_tutor import Tutor
from terminal.refund.policy import Policy
from terminal.swipe import Swipe

CHOICES = Choices(has_inquiry=True)
POLICY = Policy(version="practice", seconds_between=0, pause_seconds=2)
CARD, OTHER_CARD = "unionpay-debit", "unionpay-debit-other"
OPENING = 1_000_000  # minor units on each test account
CONNECT_SECONDS, ANSWER_SECONDS = 2.0, 4.0  # nobody waits a minute to learn what silence is
CODE, SUPERVISOR_CODE, SENIOR_CODE = "2580", "135790", "3690"  # shown on the screen (practice.codes)
Digest = Callable[[str], Awaitable[str]]
SENIORS = ("02", "03")  # one of them is not who practises


class School:
    """What outlives a lesson: the desk on the lent front, the tutor before it, and whether paper is wanted."""

    def __init__(self, real: Room, front: Front) -> None:
        self._real, self._tutor = real, Tutor(front)
        self.desk = Desk(self._tutor, real.desk.language)
        self.desk.has_glass, self.desk.manner = real.desk.has_glass, real.desk.manner
        self.desk.set_status(is_test=True, operator=real.operator)
        self.prints = False
        self._digests: dict[str, str] = {}  # of the codes of practice: slow to make, and they never change

    @property
    def is_left(self) -> bool:
        return self._tutor.is_left

    @property
    def can_print(self) -> bool:
        return True

    async def close(self) -> None:
        """Nothing is shown any more."""
        self._tutor.lesson = None

    async def _digest(self, code: str) -> str:
        if code not in self._digests:
            self._digests[code] = await self._real.hardware.passwords.digest(code)
        return self._digests[code]

    @asynccontextmanager
    async def lesson(self, lesson: Lesson) -> AsyncIterator[Practice]:
        """A terminal and a bank of their own, signed in, with the sale in their books."""
        to_paper = self._real.hardware.printer if self.prints else None
        practice = Practice(self._real, self._tutor, self.desk, lesson, to_paper)
        self._tutor.lesson = practice
        try:
            await practice.open(self._digest)
            yield practice
        finally:
            self._tutor.lesson = self.desk.help = None
            await practice.close()


class Practice:
    """One lesson's terminal and bank."""

    def __init__(self, real: Room, tutor: Tutor, desk: Desk, lesson: Lesson, to_paper: Printer | None) -> None:
        self.plan = lesson
        self.clock = PracticeClock(real.hardware.clock)
        self.faults, self.ledger = Faults(), _bank()
        host = Host(
            self.ledger,
            self.clock,
            os.urandom,
            by_name("cup", CHOICES),
            issuer=TestIssuer((_card(CARD), _card(OTHER_CARD))),
        )
        self.reader = SimulatedReader()
        self.printer = PracticePrinter(real.hardware.printer.columns, to_paper)
        safe = Safe(MemoryKeyFile())
        vault = Vault(safe)
        vault.install_tmk(TEST_TMK, check_value(CHOICES.cipher, TEST_TMK), CHOICES.cipher)
        hardware = Hardware(
            card_reader=self.reader,
            stripe=None,
            printer=self.printer,
            line=SimulatedLine(host, self.faults),
            vault=vault,
            loading=Loading(safe),
            passwords=real.hardware.passwords,
            front=tutor,
            clock=self.clock,
            typeset=marked(real.hardware.typeset),
            inbox=EmptyInbox(),
            coder=real.hardware.coder,
        )
        self.journal = Journal(Path(":memory:"), self.clock, _inline)
        self.room = furnish(_config(real.config), hardware, self.journal, desk, Rules(POLICY))
        self.room.operator = real.operator
        self._is_right_card = not lesson.begins_with

    async def open(self, digest: Digest) -> None:
        """People with codes of practice, a sign-in, the sale, and then what goes wrong."""
        await self._enrol(digest)
        self.clock.ago = timedelta(days=self.plan.days_ago)
        self.room.shift_began = now_of(self.room)
        await self.room.refresh_kernel()
        await signed_in(self.room)
        await self._sell()
        self.clock.ago = timedelta()
        self.room.shift_began = now_of(self.room)
        self._go_wrong()

    async def close(self) -> None:
        """Forget it all, once the papers are out."""
        await self.room.papers.finished()
        await self.room.papers.close()
        await self.journal.close()
        self.ledger.close()

    async def before(self) -> None:
        """The slot is empty, unless the lesson is about the card in it."""
        self.reader.pull()
        if self.plan.begins_with == "slot" and not self._is_right_card:
            self._insert(OTHER_CARD)
            self._is_right_card = True

    def serve(self, accepts: tuple[str, ...]) -> None:
        """What the cardholder's hand does at a card prompt."""
        self.reader.pull()
        if "remove" in accepts:
            return
        self._insert(CARD if self._is_right_card else OTHER_CARD)
        self._is_right_card = True

    def mend(self) -> None:
        """The line is up, nothing waits to go wrong."""
        self.faults.clear()

    def credited(self) -> list[int]:
        entries = self.ledger.report()["transactions"]
        return [
            entry["amount"] for entry in entries if entry["kind"] in ("refund", "void") and entry["state"] == "approved"
        ]

    def owner_has(self) -> int:
        return (self.ledger.card_balance(_card(CARD).pan) or 0) - OPENING

    def new_roll(self) -> None:
        """Confirm prints then."""
        self.printer.is_out = False

    def _insert(self, id: str) -> None:
        self.reader.insert(_card(id).virtual())

    def _go_wrong(self) -> None:
        if self.plan.code:
            self.faults.spoil_next(Spoil.REFUSED_WITH, REFUND, self.plan.code)
        if self.plan.silent:
            self.faults.spoil_next(Spoil.LOST, self.plan.silent)
        if self.plan.loses_inquiry:
            self.faults.state = LineState.ANSWER_LOST
        self.printer.is_out = not self.plan.has_paper

    async def _enrol(self, digest: Digest) -> None:
        senior = next(id for id in SENIORS if id != self.room.operator)
        for id, role, code in (
            (self.room.operator, "operator", CODE),
            (SUPERVISOR, "supervisor", SUPERVISOR_CODE),
            (senior, SENIOR, SENIOR_CODE),
        ):
            await self.journal.keep_operator(Operator(id, role, await digest(code), is_factory=False), "practice", id)

    async def _sell(self) -> None:
        """As the terminal sells, without a screen."""
        presented = await _presented(self.room, _card(CARD))
        request = await wanted(self.room, Kind.SALE, Money(self.plan.amount), presented.card)
        stage = await self.room.runner.carry_out(request, presented.sealed)
        assert isinstance(stage, Accepted)


_card = cache(card)


def _bank() -> Ledger:
    ledger = Ledger(":memory:")
    open_test_branch(ledger)
    for id in (CARD, OTHER_CARD):
        ledger.add_account(_card(id).pan, "TEST", OPENING)
    return ledger


def _config(real: Config) -> Config:
    """As here, but of the test branch, with nothing that leads anywhere."""
    merchant = msgspec.structs.replace(
        real.merchant, name="演示 DEMO", terminal_id=TERMINAL_ID, merchant_id=MERCHANT_ID, is_test=True
    )
    return msgspec.structs.replace(
        real,
        merchant=merchant,
        line=LineConfig(
            ("practice.invalid:1",),
            security="plain",
            connect_seconds=CONNECT_SECONDS,
            answer_seconds=ANSWER_SECONDS,
        ),
        files=Files(journal=":memory:", vault="", device_key="", front_socket=""),
        dialect=DialectConfig("cup", CHOICES),
        reader=ReaderConfig(),
        emv=EmvConfig(),
        keys=KeysConfig(),
        pin_for=(),
    )


async def _presented(room: Room, description: CardDescription) -> Presented:
    """The card of the sale, as a chip of its kind would be on file."""
    handed = Handed(of_stripe(Swipe(track2=description.track2)), "I")
    presented = await seal(room, handed)
    application = description.applications[0]
    on_file = msgspec.structs.replace(presented.card, aid=application.aid, label=application.label)
    return Presented(on_file, presented.sealed)


async def _inline(work: Callable[[], object]) -> object:
    """The journal's worker thread, without the thread: there is no disk to wait for."""
    return work()
