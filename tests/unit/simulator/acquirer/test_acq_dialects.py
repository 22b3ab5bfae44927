"""The same bank in the international dialect, and in a CUP without a header: routes follow the dialect's tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from keys.algorithms.mac import mac
from keys.algorithms.working_keys import unwrap
from simulator.acquirer.branch import TEST_TMK
from simulator.acquirer.host import Host
from terminal.iso8583.answers import Reply, difference, reply
from terminal.iso8583.codec import decode, encode, mac_block, mac_field
from terminal.iso8583.cup import cup
from terminal.iso8583.dialect import Choices, Dialect, SignIn
from terminal.iso8583.facts import Facts
from terminal.iso8583.frame import Envelope, unpack
from terminal.iso8583.international import international
from terminal.iso8583.kinds import Kind
from terminal.iso8583.message import Message
from terminal.iso8583.messages import financial, reversal
from terminal.money import Money
from tests.unit.simulator.acquirer.acq_terminal import CARD, ME, OPENING, Bank, open_bank, signed_in

AT = "2025-03-14T10:30:00+08:00"


@dataclass
class Foreigner:
    """A terminal of the international dialect."""

    host: Host
    dialect: Dialect
    mak: bytes = b""
    batch: str = "000001"
    last_stan: int = 0

    def stan(self) -> str:
        self.last_stan += 1
        return f"{self.last_stan:06d}"

    def say(self, message: Message) -> Reply:
        layout = self.dialect.layout
        if message.mac:
            message = message.with_fields({mac_field(message): self._mac(message)})
        frame = Envelope(bytes.fromhex(self.dialect.choices.tpdu), b"", encode(message, layout)).pack()
        answer = decode(unpack(self.host.answer(frame), self.dialect.frame).body, layout)
        assert difference(message, answer) is None
        if message.mac:
            assert answer.mac == self._mac(answer)
        return reply(self.dialect, answer)

    def _mac(self, message: Message) -> str:
        return mac(self.dialect.mac_rule, self.mak, mac_block(message, self.dialect.layout)).hex().upper()

    def sign_in(self) -> None:
        said = self.say(self.dialect.sign_in(self.dialect, ME, SignIn(self.stan(), self.batch, "01", AT)))
        assert said.response_code == "00"
        self.mak = unwrap(TEST_TMK, bytes.fromhex(said.private), self.dialect.choices.cipher)["mak"]
        self.batch = said.batch

    def does(self, kind: Kind, amount: int, of: tuple[Facts, Reply] | None = None) -> tuple[Facts, Reply]:
        was, said = of or (None, None)
        facts = Facts(
            kind,
            self.stan(),
            self.batch,
            Money(amount),
            original_stan=was.stan if was else "",
            original_batch=was.batch if was else "",
            original_rrn=said.rrn if said else "",
            original_approval_code=said.approval_code if said else "",
            original_date=said.date if said else "",
            at=AT,
        )
        return facts, self.say(financial(self.dialect, facts, CARD, ME))

    def reverse(self, facts: Facts) -> Reply:
        return self.say(reversal(self.dialect, facts, CARD, ME, "98"))


@pytest.fixture(params=["x9.19", "cmac"])
def abroad(request: pytest.FixtureRequest) -> Iterator[tuple[Bank, Foreigner]]:
    dialect = international(Choices(mac=request.param))
    bank = open_bank(dialect=dialect)
    terminal = Foreigner(bank.host, dialect)
    terminal.sign_in()
    yield bank, terminal
    assert bank.has_it_right()
    bank.ledger.close()


def test_a_day_abroad(abroad: tuple[Bank, Foreigner]) -> None:
    bank, terminal = abroad
    assert terminal.say(terminal.dialect.echo(terminal.dialect, ME, terminal.batch)).response_code == "00"
    sale = terminal.does(Kind.SALE, 1000)
    assert (sale[1].response_code, len(sale[1].approval_code)) == ("00", 6)
    refund = terminal.does(Kind.REFUND, 400, sale)
    assert (refund[1].response_code, len(refund[1].approval_code)) == ("00", 6)
    assert terminal.does(Kind.REFUND, 601, sale)[1].response_code == "61"
    balance = terminal.does(Kind.BALANCE, 0)[1].balance
    assert balance is not None
    assert balance.minor == OPENING - 600
    voided = terminal.does(Kind.SALE, 70)
    assert terminal.does(Kind.VOID, 70, voided)[1].response_code == "00"
    held = terminal.does(Kind.PRE_AUTH, 500)
    assert terminal.does(Kind.COMPLETION, 500, held)[1].response_code == "00"
    assert bank.balance() == OPENING - 600 - 500


@pytest.mark.parametrize(
    ("kind", "first"),
    [
        (Kind.SALE, None),
        (Kind.VOID, Kind.SALE),
        (Kind.REFUND, Kind.SALE),
        (Kind.PRE_AUTH, None),
        (Kind.PRE_AUTH_VOID, Kind.PRE_AUTH),
    ],
)
def test_everything_that_is_reversed_there(abroad: tuple[Bank, Foreigner], kind: Kind, first: Kind | None) -> None:
    bank, terminal = abroad
    of = terminal.does(first, 500) if first else None
    before = bank.balance()
    facts, said = terminal.does(kind, 500, of)
    assert said.response_code == "00"
    assert [terminal.reverse(facts).response_code for _ in range(2)] == ["00", "00"]
    assert bank.balance() == before
    assert terminal.does(kind, 500, of)[1].response_code == "00"


def test_a_reversed_refund_may_be_made_again_and_no_more(abroad: tuple[Bank, Foreigner]) -> None:
    bank, terminal = abroad
    sale = terminal.does(Kind.SALE, 500)
    facts, _ = terminal.does(Kind.REFUND, 500, sale)
    terminal.reverse(facts)
    assert bank.ledger.refunded(sale[1].rrn) == 0
    assert terminal.does(Kind.REFUND, 500, sale)[1].response_code == "00"
    assert terminal.does(Kind.REFUND, 1, sale)[1].response_code == "61"


def test_a_reversal_that_came_first_abroad(abroad: tuple[Bank, Foreigner]) -> None:
    bank, terminal = abroad
    facts = Facts(Kind.SALE, terminal.stan(), terminal.batch, Money(500), at=AT)
    assert terminal.reverse(facts).response_code == "25"
    assert terminal.say(financial(terminal.dialect, facts, CARD, ME)).response_code == "12"
    assert bank.balance() == OPENING


def test_a_wrong_mac_abroad(abroad: tuple[Bank, Foreigner]) -> None:
    bank, terminal = abroad
    facts = Facts(Kind.SALE, terminal.stan(), terminal.batch, Money(500), at=AT)
    message = financial(terminal.dialect, facts, CARD, ME)
    body = encode(message, terminal.dialect.layout)
    answer = bank.host.answer(Envelope(bytes.fromhex(terminal.dialect.choices.tpdu), b"", body).pack())
    said = decode(unpack(answer, terminal.dialect.frame).body, terminal.dialect.layout)
    assert said["response_code"] == "A0"
    assert bank.balance() == OPENING


def test_malformed_abroad_30(abroad: tuple[Bank, Foreigner]) -> None:
    bank, terminal = abroad
    answer = bank.host.answer(bytes.fromhex(terminal.dialect.choices.tpdu) + b"0200" + b"8000000000000000" + b"1")
    said = decode(unpack(answer, terminal.dialect.frame).body, terminal.dialect.layout)
    assert (said.mti, said["response_code"]) == ("0210", "30")


def test_an_acquirer_without_header_and_without_inquiry() -> None:
    dialect = cup(Choices(has_header=False, void_original_digits=16))
    bank = open_bank(dialect=dialect)
    terminal = signed_in(bank, dialect)
    facts, said = terminal.sale(500)
    assert terminal.ask(terminal.void_facts(facts, said)).response_code == "00"
    asking = cup(Choices(has_inquiry=True, has_header=False))
    terminal.dialect = asking
    assert terminal.inquire(facts).response_code == "40"
    bank.ledger.close()
