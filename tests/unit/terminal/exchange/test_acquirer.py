"""The acquirer's client: one message in flight, answers told apart by what they answer, MACs over what really came."""

import asyncio
import hashlib
from contextlib import asynccontextmanager

import pytest

from keys.algorithms.mac import kcv
from keys.vault import Vault
from simulator.acquirer.branch import MERCHANT_ID, TERMINAL_ID, TEST_TMK, open_test_branch
from simulator.acquirer.faults import Faults, Spoil
from simulator.acquirer.host import Host
from simulator.acquirer.ledger import Ledger
from simulator.acquirer.line import SimulatedLine
from terminal.exchange.acquirer import Acquirer, Deadlines, Unanswered
from terminal.exchange.talk import Talk
from terminal.iso8583.codec import MAC_SIZE
from terminal.iso8583.cup import cup
from terminal.iso8583.dialect import Choices, SignIn
from terminal.iso8583.facts import Facts, Identity, Plastic
from terminal.iso8583.frame import Envelope, unpack
from terminal.iso8583.kinds import Kind
from terminal.iso8583.messages import financial
from terminal.journal.journal import Journal
from terminal.money import Money
from tests.virtual_time import VirtualClock, inline, run

DIALECT = cup(Choices(has_inquiry=True))
ME = Identity(TERMINAL_ID, MERCHANT_ID)
PAN = "6225000000000014"  # TEST CARD
CARD = Plastic(PAN, "022", "3012", track2=f"{PAN}=30122201000000000000")


class Wire:
    """A bank, a line and a client on virtual time."""

    def __init__(self, folder, line=None):
        self.clock, self.faults, self.ledger = VirtualClock(), Faults(), Ledger(":memory:")
        open_test_branch(self.ledger)
        self.ledger.add_account(PAN, "TEST", 100_000)
        chance = iter(hashlib.sha512(str(n).encode()).digest() for n in range(1, 1 << 20))
        host = Host(self.ledger, self.clock, lambda size: next(chance)[:size], DIALECT)
        self.line = SimulatedLine(host, self.faults)
        self.vault = Vault.at(folder / "vault", bytes(32))
        self.vault.install_tmk(TEST_TMK, kcv(TEST_TMK))
        self.journal = Journal(folder / "journal", self.clock, inline)
        wired = line(self.line, self.vault) if line else self.line
        self.acquirer = Acquirer(wired, self.vault, self.journal, ME, DIALECT, Deadlines(15.0, 60.0))

    async def sign_in(self):
        reply = await self.acquirer.ask_once(DIALECT.sign_in(DIALECT, ME, SignIn("000001", "000001", "01", "")))
        await self.vault.load_working_keys(bytes.fromhex(reply.private))

    def sale(self, stan):
        return financial(DIALECT, Facts(Kind.SALE, stan, "000001", Money(100)), CARD, ME)


def dialogue(folder, script, line=None):
    async def work():
        wire = Wire(folder, line)
        try:
            await wire.sign_in()
            return await script(wire)
        finally:
            await wire.journal.close()
            wire.ledger.close()

    return run(work())


def test_a_late_answer_is_put_by_and_the_right_one_waited_for(tmp_path):
    async def script(wire):
        talk = Talk(wire.acquirer)
        async with talk.stack:
            wire.faults.spoil_next(Spoil.LATE)  # 65 s, the deadline is 60
            with pytest.raises(Unanswered) as silence:
                await talk.ask(wire.sale("000002"))
            assert silence.value.fault == "no-answer"
            wire.faults.spoil_next(Spoil.LATE)
            with pytest.raises(Unanswered):  # its own is late too, but the first one came
                await talk.ask(wire.sale("000003"))
            assert [(late.mti, late.stan, late.reply.response_code) for late in wire.acquirer.late] == [
                ("0200", "000002", "00")
            ]
            reply = await talk.ask(wire.sale("000004"))
            assert reply.response_code == "00"
            await asyncio.sleep(10)
            assert (await talk.ask(wire.sale("000005"))).response_code == "00"
            assert [late.stan for late in wire.acquirer.late] == ["000002", "000003"]

    dialogue(tmp_path, script)


def test_an_answer_that_comes_twice_is_not_taken_for_the_next(tmp_path):
    async def script(wire):
        talk = Talk(wire.acquirer)
        async with talk.stack:
            wire.faults.spoil_next(Spoil.DUPLICATE)
            first = await talk.ask(wire.sale("000002"))
            second = await talk.ask(wire.sale("000003"))
            assert first.rrn != second.rrn
            assert [late.stan for late in wire.acquirer.late] == ["000002"]

    dialogue(tmp_path, script)


def test_one_message_is_in_flight(tmp_path):
    """The second leaves when the first has its answer, or has been given up."""

    async def script(wire):
        before = len(wire.line.sent)
        wire.faults.spoil_next(Spoil.LOST)
        first = asyncio.create_task(wire.acquirer.ask_once(wire.sale("000002")))
        second = asyncio.create_task(wire.acquirer.ask_once(wire.sale("000003")))
        await asyncio.sleep(59)
        assert len(wire.line.sent) == before + 1
        await asyncio.wait({first, second})
        assert isinstance(first.exception(), Unanswered)
        assert second.result().response_code == "00"
        assert len(wire.line.sent) == before + 2

    dialogue(tmp_path, script)


class Padding:
    """A Line port before the bank's: an acquirer that answers with an F60 of 13 digits, padded with F (cup.md 1.4)."""

    def __init__(self, line, vault):
        self._line, self._vault = line, vault

    @asynccontextmanager
    async def connect(self, address=""):
        async with self._line.connect(address) as self._connection:
            self.address = self._connection.address
            yield self

    async def send(self, frame):
        await self._connection.send(frame)

    async def receive(self):
        envelope = unpack(await self._connection.receive(), DIALECT.frame)
        if envelope.body[:2].hex() != "0210":
            return envelope.pack()
        even, odd = bytes.fromhex("0014" + "22000001000500"), bytes.fromhex("0013" + "2200000100050F")
        assert even in envelope.body
        body = envelope.body[:-MAC_SIZE].replace(even, odd)
        return Envelope(envelope.tpdu, envelope.header, body + await self._vault.mac(body)).pack()


def test_the_mac_is_checked_over_the_bytes_as_they_came(tmp_path):
    async def script(wire):
        reply = await wire.acquirer.ask_once(wire.sale("000002"))
        assert (reply.response_code, reply.batch) == ("00", "000001")

    dialogue(tmp_path, script, line=Padding)
