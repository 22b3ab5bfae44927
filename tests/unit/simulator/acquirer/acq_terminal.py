"""A terminal small enough for a test: it builds requests, keeps its keys, and checks every answer it gets."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

import msgspec

from keys.algorithms.mac import mac
from keys.algorithms.pin_block import pin_block
from keys.algorithms.track import encrypt_track
from keys.algorithms.working_keys import unwrap
from simulator.acquirer.branch import MERCHANT_ID, TERMINAL_ID, TEST_TMK, open_test_branch
from simulator.acquirer.host import Host
from simulator.acquirer.issuer import Issuer
from simulator.acquirer.ledger import Ledger
from simulator.acquirer.manner import Manner
from terminal.iso8583.answers import Reply, difference, reply
from terminal.iso8583.codec import decode, encode, mac_block
from terminal.iso8583.cup import cup
from terminal.iso8583.cup_management import details, download, notice_again, totals, upload_end
from terminal.iso8583.dialect import Choices, Dialect, SignIn
from terminal.iso8583.facts import Facts, Identity, Plastic
from terminal.iso8583.frame import Envelope, unpack
from terminal.iso8583.kinds import Kind
from terminal.iso8583.message import Message
from terminal.iso8583.messages import financial, reversal
from terminal.iso8583.settlement import Detail, Totals
from terminal.key_facts import SealedPin
from terminal.money import Money

PAN, OTHER_PAN = "6225000000000014", "6225000000000022"
CARD = Plastic(PAN, "022", track2=f"{PAN}=30122201000000000000")
CHIP = Plastic(PAN, "052", expiry="3012", psn="001")
OTHER_CARD = Plastic(OTHER_PAN, "052", expiry="3012", psn="001")
FROM_THE_RECORDS = Plastic(PAN, "012", expiry="3012")
ME = Identity(TERMINAL_ID, MERCHANT_ID)
OPENING = 100_000
ASKING = cup(Choices(has_inquiry=True))
UNSIGNED = ("0800", "0820", "0320", "0500")


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
    keys: dict[str, bytes] = field(default_factory=dict)
    answers: list[Message] = field(default_factory=list)
    demand: int = 0  # of the last answer's header
    dialect: Dialect = ASKING

    @property
    def mak(self) -> bytes:
        return self.keys.get("mak", b"")

    def stan(self) -> str:
        self.last_stan += 1
        return f"{self.last_stan:06d}"

    def signed(self, message: Message) -> Message:
        value = mac(self.dialect.mac_rule, self.mak, mac_block(message, self.dialect.layout)) if self.mak else b"0" * 8
        return message.with_fields({64: value.hex().upper()})

    def frame(self, message: Message) -> bytes:
        if message.mti not in UNSIGNED or message.mac:
            message = self.signed(message)
        choices = self.dialect.choices
        body = encode(message, self.dialect.layout)
        return Envelope(bytes.fromhex(choices.tpdu), bytes.fromhex(choices.header), body).pack()

    def say(self, message: Message) -> Reply:
        """Send, and check the answer as a terminal does (cup.md 2.17)."""
        return reply(self.dialect, self.heard(message, self.host.answer(self.frame(message))))

    def heard(self, message: Message, frame: bytes) -> Message:
        envelope = unpack(frame, self.dialect.frame)
        self.demand = envelope.demand
        answer = decode(envelope.body, self.dialect.layout)
        differs = difference(message, answer)
        assert differs is None, differs
        if (message.mti not in UNSIGNED or message.mac) and self.mak:
            block = mac_block(answer, self.dialect.layout)
            assert bytes.fromhex(answer.mac) == mac(self.dialect.mac_rule, self.mak, block)
        self.answers.append(answer)
        return answer

    def sign_in(self) -> Reply:
        said = self.say(self.dialect.sign_in(self.dialect, self.me, SignIn(self.stan(), self.batch, "01", "")))
        if said.private:
            self.keys = unwrap(TEST_TMK, bytes.fromhex(said.private), self.dialect.choices.cipher)
            self.batch = said.batch
        return said

    def echo(self) -> Reply:
        return self.say(self.dialect.echo(self.dialect, self.me, self.batch))

    # --- money -------------------------------------------------------------------------------------------------------
    def facts(self, kind: Kind, amount: int, of: tuple[Facts, Reply] | None = None) -> Facts:
        """A message of this kind, about the one in `of`: everything that is known of it is said."""
        facts = Facts(kind, self.stan(), self.batch, Money(amount))
        if of is None:
            return facts
        was, said = of
        return msgspec.structs.replace(
            facts,
            original_stan=was.stan,
            original_batch=was.batch,
            original_rrn=said.rrn,
            original_approval_code=said.approval_code,
            original_date=said.date,
            original_terminal_id=self.me.terminal_id,
        )

    def ask(self, facts: Facts, card: Plastic = CARD, pin: str = "") -> Reply:
        return self.say(self.financial(facts, card, pin))

    def financial(self, facts: Facts, card: Plastic = CARD, pin: str = "") -> Message:
        choices = self.dialect.choices
        block = SealedPin(pin_block(self.keys["pik"], pin, card.pan, choices.cipher)) if pin else None
        if card.track2 and choices.has_encrypted_track:
            track2 = encrypt_track(self.keys["tdk"], card.track2, choices.cipher).replace("D", "=")
            card = msgspec.structs.replace(card, track2=track2)
        return financial(self.dialect, facts, card, self.me, block)

    def does(
        self, kind: Kind, amount: int, of: tuple[Facts, Reply] | None = None, card: Plastic = CARD
    ) -> tuple[Facts, Reply]:
        facts = self.facts(kind, amount, of)
        return facts, self.ask(facts, card)

    def sale(self, amount: int, card: Plastic = CARD) -> tuple[Facts, Reply]:
        return self.does(Kind.SALE, amount, card=card)

    def void_facts(self, sale: Facts, said: Reply, amount: int | None = None) -> Facts:
        return self.facts(Kind.VOID, sale.amount.minor if amount is None else amount, (sale, said))

    def refund_facts(self, said: Reply, amount: int) -> Facts:
        return Facts(
            Kind.REFUND, self.stan(), self.batch, Money(amount), original_rrn=said.rrn, original_date=said.date
        )

    def reverse(self, facts: Facts, card: Plastic = CARD) -> Reply:
        return self.say(reversal(self.dialect, facts, card, self.me, "98"))

    def inquire(self, facts: Facts) -> Reply:
        return self.say(self.inquiry(facts))

    def inquiry(self, facts: Facts) -> Message:
        assert self.dialect.inquiry is not None
        asked = msgspec.structs.replace(facts, at="2025-03-14T10:30:00+08:00")
        return self.dialect.inquiry(self.dialect, self.me, asked, self.stan())

    # --- settlement --------------------------------------------------------------------------------------------------
    def settle(self, sums: Totals) -> Reply:
        return self.say(totals(self.dialect, self.me, self.stan(), self.batch, "01", sums))

    def upload(self, *rows: Detail) -> Reply:
        return self.say(details(self.dialect, self.me, self.stan(), self.batch, rows))

    def notify(self, facts: Facts, card: Plastic = CARD) -> Reply:
        return self.say(notice_again(self.financial(facts, card)))

    def finish(self, count: int, is_balanced: bool) -> Reply:
        return self.say(upload_end(self.dialect, self.me, self.stan(), self.batch, count, is_balanced))

    def download(self, code: str, wanted: bytes = b"") -> bytes:
        said = self.say(download(self.dialect, self.me, self.batch, code, wanted))
        assert said.response_code == "00"
        return bytes.fromhex(said.private)


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

    def disputes(self) -> list[tuple[str, str, int, int]]:
        """F11, what, the terminal's amount, the bank's."""
        return [tuple(row) for row in self.ledger.run("SELECT stan, what, said, own FROM dispute ORDER BY id")]

    def has_it_right(self) -> bool:
        """Balances are what was posted, a card's "hold:" is its open holds, and all of it together is 0."""
        posted = self.ledger.run(
            "SELECT account.balance = COALESCE((SELECT SUM(amount) FROM posting WHERE credit = account.id), 0)"
            " - COALESCE((SELECT SUM(amount) FROM posting WHERE debit = account.id), 0) FROM account"
        )
        held = self.ledger.run(
            "SELECT balance = COALESCE((SELECT SUM(amount) FROM hold WHERE state = 'open' AND 'hold:' || pan = id), 0)"
            " FROM account WHERE kind = 'hold'"
        )
        return all(row[0] for row in (*posted, *held)) and self.ledger.sum_of_postings() == 0


def open_bank(
    path: str = ":memory:", manner: Manner | None = None, dialect: Dialect = ASKING, issuer: Issuer | None = None
) -> Bank:
    ledger, clock = Ledger(path), StoppedClock()
    open_test_branch(ledger)
    ledger.add_account(PAN, "Test Card", OPENING)
    ledger.add_account(OTHER_PAN, "Other Card", OPENING)
    host = Host(ledger, clock, random.Random(1).randbytes, dialect, manner or Manner(), issuer)
    return Bank(ledger, host, clock)


def signed_in(bank: Bank, dialect: Dialect = ASKING, me: Identity = ME) -> TestTerminal:
    terminal = TestTerminal(bank.host, bank.clock, me, dialect=dialect)
    assert terminal.sign_in().response_code == "00"
    return terminal
