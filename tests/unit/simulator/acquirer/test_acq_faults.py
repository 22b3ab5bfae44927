"""Every fault as the terminal meets it, on the in-process line; delays are short because the clock is real here."""

from __future__ import annotations

import asyncio

import pytest

from keys.mac import cup_mac
from simulator.acquirer.faults import Faults, LineState, Spoil
from simulator.acquirer.line import SimulatedLine
from terminal.iso8583.codec import Message, WireError, decode, mac_block
from terminal.iso8583.frame import unpack
from terminal.iso8583.messages import Facts, Kind, financial, mismatch
from terminal.money import Money
from terminal.ports import Line, LinkDown, LinkLost
from tests.unit.simulator.acquirer.acq_terminal import CHIP, OPENING, Bank, TestTerminal

PATIENCE = 0.02  # seconds a test listens to silence


def a_sale(terminal: TestTerminal, amount: int = 500) -> Message:
    return financial(Facts(Kind.SALE, terminal.stan(), terminal.batch, Money(amount)), CHIP, terminal.me)


async def heard_over(line: Line, terminal: TestTerminal, message: Message) -> bytes:
    async with line.connect() as connection:
        await connection.send(terminal.frame(message))
        return await connection.receive()


async def test_up(bank: Bank, terminal: TestTerminal) -> None:
    line = SimulatedLine(bank.host, Faults())
    sale = a_sale(terminal)
    assert terminal.heard(sale, await heard_over(line, terminal, sale))["response_code"] == "00"
    assert line.sent == [terminal.frame(sale)]


async def test_down(bank: Bank, terminal: TestTerminal) -> None:
    faults = Faults(LineState.DOWN)
    line = SimulatedLine(bank.host, faults)
    with pytest.raises(LinkDown):
        await heard_over(line, terminal, a_sale(terminal))
    faults.state = LineState.UP
    async with line.connect() as connection:
        faults.state = LineState.DOWN
        with pytest.raises(LinkLost):
            await connection.send(terminal.frame(a_sale(terminal)))
    assert bank.balance() == OPENING


async def test_slow(bank: Bank, terminal: TestTerminal) -> None:
    line = SimulatedLine(bank.host, Faults(LineState.SLOW, delay=0.05))
    sale = a_sale(terminal)
    before = asyncio.get_running_loop().time()
    terminal.heard(sale, await heard_over(line, terminal, sale))
    assert asyncio.get_running_loop().time() - before >= 0.05


@pytest.mark.parametrize(("state", "moved"), [(LineState.ANSWER_LOST, 500), (LineState.REQUEST_LOST, 0)])
async def test_silence(bank: Bank, terminal: TestTerminal, state: LineState, moved: int) -> None:
    line = SimulatedLine(bank.host, Faults(state))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            await heard_over(line, terminal, a_sale(terminal))
    assert bank.balance() == OPENING - moved


@pytest.mark.parametrize(("spoil", "named"), [(Spoil.WRONG_STAN, "stan"), (Spoil.WRONG_AMOUNT, "amount")])
async def test_the_answer_to_another_question(bank: Bank, terminal: TestTerminal, spoil: Spoil, named: str) -> None:
    faults = Faults()
    faults.spoil_next(spoil)
    line, sale = SimulatedLine(bank.host, faults), a_sale(terminal)
    answer = decode(unpack(await heard_over(line, terminal, sale)).body)
    assert mismatch(sale, answer) == named
    assert bytes.fromhex(answer["mac"]) == cup_mac(terminal.mak, mac_block(answer))
    assert bank.balance() == OPENING - 500


async def test_a_wrong_mac_once(bank: Bank, terminal: TestTerminal) -> None:
    faults = Faults()
    faults.spoil_next(Spoil.WRONG_MAC)
    line, first, second = SimulatedLine(bank.host, faults), a_sale(terminal), a_sale(terminal)
    answer = decode(unpack(await heard_over(line, terminal, first)).body)
    assert bytes.fromhex(answer["mac"]) != cup_mac(terminal.mak, mac_block(answer))
    terminal.heard(second, await heard_over(line, terminal, second))


@pytest.mark.parametrize("spoil", [Spoil.GARBAGE, Spoil.TRUNCATED])
async def test_what_is_no_message(bank: Bank, terminal: TestTerminal, spoil: Spoil) -> None:
    faults = Faults()
    faults.spoil_next(spoil)
    frame = await heard_over(SimulatedLine(bank.host, faults), terminal, a_sale(terminal))
    with pytest.raises(WireError):
        decode(unpack(frame).body)
    assert bank.balance() == OPENING - 500


@pytest.mark.parametrize("spoil", [Spoil.LATE, Spoil.LOST])
async def test_one_answer_late_or_lost(bank: Bank, terminal: TestTerminal, spoil: Spoil) -> None:
    faults = Faults()
    faults.spoil_next(spoil)
    line = SimulatedLine(bank.host, faults)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            await heard_over(line, terminal, a_sale(terminal))
    sale = a_sale(terminal)
    assert terminal.heard(sale, await heard_over(line, terminal, sale))["response_code"] == "00"
    assert bank.balance() == OPENING - 1000


async def test_a_late_answer_comes(bank: Bank, terminal: TestTerminal) -> None:
    faults = Faults(late=0.01)
    faults.spoil_next(Spoil.LATE)
    sale = a_sale(terminal)
    terminal.heard(sale, await heard_over(SimulatedLine(bank.host, faults), terminal, sale))


@pytest.mark.parametrize(("spoil", "code", "moved"), [(Spoil.REFUSED_WITH, "51", 0), (Spoil.SAYS, "68", 500)])
async def test_a_forced_code(bank: Bank, terminal: TestTerminal, spoil: Spoil, code: str, moved: int) -> None:
    faults = Faults()
    faults.spoil_next(spoil, response_code=code)
    sale = a_sale(terminal)
    answer = terminal.heard(sale, await heard_over(SimulatedLine(bank.host, faults), terminal, sale))
    assert answer["response_code"] == code
    assert bank.balance() == OPENING - moved


async def test_a_spoiler_waits_for_its_mti(bank: Bank, terminal: TestTerminal) -> None:
    faults = Faults()
    faults.spoil_next(Spoil.REFUSED_WITH, "0220", "96")
    line, sale = SimulatedLine(bank.host, faults), a_sale(terminal)
    said = terminal.heard(sale, await heard_over(line, terminal, sale))
    assert said["response_code"] == "00"
    facts = Facts(
        Kind.REFUND, terminal.stan(), terminal.batch, Money(1), original_rrn=said["rrn"], original_date="0314"
    )
    refund = financial(facts, CHIP, terminal.me)
    assert terminal.heard(refund, await heard_over(line, terminal, refund))["response_code"] == "96"
    told = terminal.inquire(facts)
    assert bytes.fromhex(told.private)[:2] == b"96"


def test_a_spoiler_and_its_code_go_together() -> None:
    with pytest.raises(ValueError, match="go together"):
        Faults().spoil_next(Spoil.REFUSED_WITH)
    with pytest.raises(ValueError, match="go together"):
        Faults().spoil_next(Spoil.GARBAGE, response_code="51")


async def test_clear(bank: Bank, terminal: TestTerminal) -> None:
    faults = Faults(LineState.DOWN)
    faults.spoil_next(Spoil.GARBAGE)
    faults.clear()
    sale = a_sale(terminal)
    terminal.heard(sale, await heard_over(SimulatedLine(bank.host, faults), terminal, sale))
