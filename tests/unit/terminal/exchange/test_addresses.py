"""Two addresses of one acquirer that keep their own lists: what is owed goes where its request went (ADR 6)."""

import hashlib
from contextlib import asynccontextmanager

import msgspec

from simulator.acquirer.faults import Faults, LineState, Spoil
from simulator.acquirer.host import Host
from simulator.acquirer.ledger import Ledger
from simulator.acquirer.line import SimulatedLine
from terminal.exchange.request import CardOnFile, Original, Request, terms
from terminal.exchange.runner import ReversalOwed, Runner
from terminal.exchange.stages import Accepted, AwaitingReply, NotSent, Reversed, Reversing, Unknown
from terminal.iso8583.kinds import Kind
from terminal.money import Money
from terminal.ports import LinkDown
from tests.unit.terminal.exchange.test_acquirer import CARD, DIALECT, dialogue
from tests.virtual_time import VirtualClock

A, B = "a.test:1", "b.test:1"


class TwoAddresses:
    """The Line port over two banks: the first that answers, or the given one only."""

    def __init__(self, line, _):
        self.other_ledger, self.other_faults = Ledger(":memory:"), Faults()
        other = Host(self.other_ledger, VirtualClock(), bytes, DIALECT)
        line._address = A
        self.lines = {A: line, B: SimulatedLine(other, self.other_faults, B)}

    @asynccontextmanager
    async def connect(self, address=""):
        for each in (address,) if address else (A, B):
            try:
                async with self.lines[each].connect(each) as connection:
                    yield connection
                    return
            except LinkDown:
                if address or each == B:
                    raise


async def request(wire, kind, sale=None):
    sealed = await wire.vault.seal(msgspec.json.encode(CARD))
    card = CardOnFile(hashlib.sha256(sealed).hexdigest(), "print", "622500******0014", "S")
    stan, batch = await wire.journal.next_stan(), await wire.journal.batch()
    of = sale and Original(
        sale.request.id, sale.request.stan, batch, sale.reply.rrn, "", sale.reply.date, sale.request.amount
    )
    at = wire.clock.now().isoformat(timespec="seconds")
    wanted = Request(
        f"{batch}-{stan}", kind, stan, batch, Money(100), at, "01", card, terms(DIALECT, kind), original=of
    )  # fmt: skip
    return wanted, sealed


def two(folder, script):
    async def work(wire):
        await wire.journal.remember("stan", "000001")  # the sign-in took it
        wire.runner = Runner(wire.journal, wire.acquirer, wire.vault)
        try:
            await script(wire, wire.acquirer._line)
        finally:
            wire.acquirer._line.other_ledger.close()

    dialogue(folder, work, line=TwoAddresses)


def test_a_refund_without_an_answer_is_asked_about_where_it_went(tmp_path):
    async def script(wire, line):
        sale = await wire.runner.carry_out(*await request(wire, Kind.SALE))
        assert isinstance(sale, Accepted)
        assert sale.address == A
        wire.faults.spoil_next(Spoil.LOST, "0220")
        wire.faults.spoil_next(Spoil.LOST, "0200")
        stage = await wire.runner.carry_out(*await request(wire, Kind.REFUND, sale))
        assert isinstance(stage, Unknown)
        assert stage.address == A
        wire.faults.state = LineState.DOWN
        assert isinstance(await wire.runner.ask_about(stage), Unknown)
        assert line.lines[B].sent == []  # B would say "not known", and the refund would be paid again
        wire.faults.state = LineState.UP
        assert isinstance(await wire.runner.ask_about(stage), Accepted)

    two(tmp_path, script)


def test_a_reversal_waits_for_the_address_its_sale_went_to(tmp_path):
    async def script(wire, line):
        wire.faults.state = LineState.ANSWER_LOST
        stage = await wire.runner.carry_out(*await request(wire, Kind.SALE))
        assert isinstance(stage, Reversing)
        wire.faults.state = LineState.DOWN
        try:
            await wire.runner.pay_debts()
        except ReversalOwed:
            assert line.lines[B].sent == []
        else:
            raise AssertionError("a reversal was paid at an address that is down")
        wire.faults.state = LineState.UP
        await wire.runner.pay_debts()
        assert isinstance(await wire.journal.exchange(stage.request.id), Reversed)

    two(tmp_path, script)


def test_after_a_power_cut_it_is_still_the_same_address(tmp_path):
    async def script(wire, line):
        sale = await wire.runner.carry_out(*await request(wire, Kind.SALE))
        refund, sealed = await request(wire, Kind.REFUND, sale)
        await wire.journal.begin(refund, sealed)
        await wire.journal.enter(AwaitingReply(refund, A))
        wire.faults.state = LineState.DOWN
        (stage,) = await wire.runner.resume()
        assert isinstance(stage, Unknown)
        assert line.lines[B].sent == []

    two(tmp_path, script)


def test_of_which_nothing_has_left_it_may_go_to_the_other(tmp_path):
    async def script(wire, line):
        wire.faults.state = LineState.DOWN
        stage = await wire.runner.carry_out(*await request(wire, Kind.SALE))
        assert line.lines[B].sent
        assert not isinstance(stage, NotSent)

    two(tmp_path, script)
