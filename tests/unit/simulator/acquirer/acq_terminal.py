"""A terminal small enough for a test: it builds requests, keeps its keys, and checks every answer it gets."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from keys.mac import cup_mac
from keys.working_keys import unwrap
from simulator.acquirer.branch import MERCHANT_ID, TERMINAL_ID, TEST_TMK, open_test_branch
from simulator.acquirer.host import Host
from simulator.acquirer.ledger import Ledger
from terminal.iso8583.codec import Message, decode, encode, mac_block
from terminal.iso8583.frame import Envelope, unpack
from terminal.iso8583.messages import (
    Facts,
    Identity,
    Kind,
    Plastic,
    Reply,
    financial,
    inquiry,
    mismatch,
    reply,
    reversal,
    sign_in,
    signed,
)
from terminal.money import Money

PAN, OTHER_PAN = "6225000000000014", "6225000000000022"
CARD = Plastic(PAN, "022", track2=f"{PAN}=30122201000000000000")
CHIP = Plastic(PAN, "052", expiry="3012", psn="001")
OTHER_CARD = Plastic(OTHER_PAN, "052", expiry="3012", psn="001")
ME = Identity(TERMINAL_ID, MERCHANT_ID)
OPENING = 100_000


@dataclass
class StoppedClock:
    """Stands still until a test moves it."""

    at: datetime = datetime(2025, 3, 14, 10, 30, tzinfo=timezone(timedelta(hours=8)))

    def now(self) -> datetime:
        return self.at


@dataclass
class TestTerminal:
    """Speaks to the host; `stan` counts up by itself."""

    __test__ = False
    host: Host
    clock: StoppedClock
    me: Identity = ME
    batch: str = "000001"
    last_stan: int = 0
    mak: bytes = b""
    answers: list[Message] = field(default_factory=list)

    def stan(self) -> str:
        self.last_stan += 1
        return f"{self.last_stan:06d}"

    def frame(self, message: Message) -> bytes:
        if message.mti not in ("0800", "0820"):
            message = signed(message, cup_mac(self.mak, mac_block(message)) if self.mak else b"0" * 8)
        return Envelope(bytes.fromhex(self.me.tpdu), bytes.fromhex(self.me.header), encode(message)).pack()

    def say(self, message: Message) -> Reply:
        """Send, and check the answer as a terminal does (cup.md 2.17)."""
        answer = self.heard(message, self.host.answer(self.frame(message)))
        return reply(answer)

    def heard(self, message: Message, frame: bytes) -> Message:
        envelope = unpack(frame)
        assert envelope.demand == 0
        answer = decode(envelope.body)
        assert mismatch(message, answer) == ""
        if message.mti not in ("0800", "0820") and self.mak:
            assert bytes.fromhex(answer["mac"]) == cup_mac(self.mak, mac_block(answer))
        self.answers.append(answer)
        return answer

    def sign_in(self) -> Reply:
        said = self.say(sign_in(self.stan(), self.batch, "01", self.me))
        if said.private:
            self.mak = unwrap(TEST_TMK, bytes.fromhex(said.private))["mak"]
            self.batch = said.batch
        return said

    def sale(self, amount: int, card: Plastic = CARD) -> tuple[Facts, Reply]:
        facts = Facts(Kind.SALE, self.stan(), self.batch, Money(amount))
        return facts, self.say(financial(facts, card, self.me))

    def void_facts(self, sale: Facts, said: Reply, amount: int | None = None) -> Facts:
        return Facts(
            Kind.VOID,
            self.stan(),
            self.batch,
            sale.amount if amount is None else Money(amount),
            original_stan=sale.stan,
            original_batch=sale.batch,
            original_rrn=said.rrn,
            original_approval_code=said.approval_code,
        )

    def refund_facts(self, said: Reply, amount: int) -> Facts:
        return Facts(
            Kind.REFUND, self.stan(), self.batch, Money(amount), original_rrn=said.rrn, original_date=said.date
        )

    def ask(self, facts: Facts, card: Plastic = CARD) -> Reply:
        return self.say(financial(facts, card, self.me))

    def reverse(self, facts: Facts, card: Plastic = CARD) -> Reply:
        return self.say(reversal(facts, card, self.me, "98"))

    def inquire(self, facts: Facts) -> Reply:
        return self.say(inquiry(facts, self.stan(), "0314", self.me))


@dataclass
class Bank:
    """Ledger, host and clock of one test."""

    ledger: Ledger
    host: Host
    clock: StoppedClock

    def balance(self, pan: str = PAN) -> int | None:
        return self.ledger.card_balance(pan)

    def entries(self) -> list[dict[str, object]]:
        """Newest first."""
        shown: list[dict[str, object]] = self.ledger.report()["transactions"]
        return shown


def open_bank(path: str = ":memory:") -> Bank:
    ledger, clock = Ledger(path), StoppedClock()
    open_test_branch(ledger)
    ledger.add_account(PAN, "Test Card", OPENING)
    ledger.add_account(OTHER_PAN, "Other Card", OPENING)
    return Bank(ledger, Host(ledger, clock, random.Random(1).randbytes), clock)
