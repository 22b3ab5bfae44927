"""Every fault as the terminal meets it: one contract for the in-process line, TLS, and HTTP over TLS."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from keys.algorithms.mac import cup_mac
from keys.certificates import make_test_authority
from simulator.acquirer.fault_script import parsed
from simulator.acquirer.faults import Faults, LineState, Spoil
from terminal.iso8583.answers import difference
from terminal.iso8583.codec import decode, mac_block
from terminal.iso8583.cup import CUP
from terminal.iso8583.frame import unpack
from terminal.iso8583.message import Message, WireError
from terminal.iso8583.response_codes import APPROVED, PARTLY_APPROVED, TABLE
from terminal.ports import Line, LinkDown, LinkLost
from tests.unit.simulator.acquirer.acq_lines import (
    AT_LAST,
    STEP,
    WAYS,
    a_refund,
    a_sale,
    asked_on,
    heard_over,
    opened,
    silence_over,
    told_over,
    until,
)
from tests.unit.simulator.acquirer.acq_terminal import OPENING, Bank, TestTerminal

CODES = [row.code for row in TABLE if row.code not in {*APPROVED, PARTLY_APPROVED}]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    make_test_authority(folder)
    return folder


@pytest.fixture
def faults() -> Faults:
    return Faults(delay=0.05, late=0.05)


@pytest.fixture(params=WAYS)
async def line(
    request: pytest.FixtureRequest, bank: Bank, terminal: TestTerminal, faults: Faults, certificates: Path
) -> AsyncIterator[Line]:
    async with opened(request.param, bank, faults, certificates) as way:
        yield way


def message_of(frame: bytes) -> Message:
    return decode(unpack(frame, CUP.frame).body, CUP.layout)


def is_signed(terminal: TestTerminal, answer: Message) -> bool:
    return bytes.fromhex(answer.mac) == cup_mac(terminal.mak, mac_block(answer, CUP.layout))


# --- the line as a whole ---------------------------------------------------------------------------------------------
async def test_up(line: Line, bank: Bank, terminal: TestTerminal) -> None:
    assert (await told_over(line, terminal, a_sale(terminal)))["response_code"] == "00"
    assert bank.balance() == OPENING - 500


async def test_down(line: Line, faults: Faults, bank: Bank, terminal: TestTerminal) -> None:
    faults.state = LineState.DOWN
    with pytest.raises(LinkDown):
        await heard_over(line, terminal, a_sale(terminal))
    faults.state = LineState.UP
    async with line.connect() as connection:
        faults.state = LineState.DOWN
        with pytest.raises(LinkLost):
            await asked_on(connection, terminal.frame(a_sale(terminal)))
    assert bank.balance() == OPENING


async def test_slow(line: Line, faults: Faults, terminal: TestTerminal) -> None:
    faults.state = LineState.SLOW
    before = asyncio.get_running_loop().time()
    await told_over(line, terminal, a_sale(terminal))
    assert asyncio.get_running_loop().time() - before >= faults.delay


async def test_it_breaks_while_the_answer_is_waited_for(line: Line, faults: Faults, terminal: TestTerminal) -> None:
    faults.state = LineState.SLOW
    async with line.connect() as connection:
        await connection.send(terminal.frame(a_sale(terminal)))
        receiving = asyncio.ensure_future(connection.receive())
        await asyncio.sleep(STEP)
        faults.state = LineState.DOWN
        with pytest.raises(LinkLost):
            await receiving


@pytest.mark.parametrize(("state", "moved"), [(LineState.ANSWER_LOST, 500), (LineState.REQUEST_LOST, 0)])
async def test_silence(
    line: Line, faults: Faults, bank: Bank, terminal: TestTerminal, state: LineState, moved: int
) -> None:
    faults.state = state
    await silence_over(line, terminal, a_sale(terminal))
    await until(lambda: bank.balance() == OPENING - moved)
    faults.state = LineState.UP
    await told_over(line, terminal, a_sale(terminal))
    assert bank.balance() == OPENING - moved - 500


# --- one message -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("phrase", "named"), [("wrong F11", "stan"), ("wrong F4", "amount"), ("wrong F41", "terminal_id")]
)
async def test_the_answer_to_another_question(
    line: Line, faults: Faults, bank: Bank, terminal: TestTerminal, phrase: str, named: str
) -> None:
    faults.add(*parsed(phrase))
    sale = a_sale(terminal)
    answer = message_of(await heard_over(line, terminal, sale))
    found = difference(sale, answer)
    assert found is not None
    assert found.name == named
    assert is_signed(terminal, answer)
    assert bank.balance() == OPENING - 500


async def test_a_wrong_mac_once(line: Line, faults: Faults, terminal: TestTerminal) -> None:
    faults.add(*parsed("wrong mac"))
    sale = a_sale(terminal)
    answer = message_of(await heard_over(line, terminal, sale))
    assert difference(sale, answer) is None
    assert not is_signed(terminal, answer)
    await told_over(line, terminal, a_sale(terminal))


@pytest.mark.parametrize("phrase", ["answer garbage", "answer truncated"])
async def test_what_is_no_message(line: Line, faults: Faults, bank: Bank, terminal: TestTerminal, phrase: str) -> None:
    faults.add(*parsed(phrase))
    frame = await heard_over(line, terminal, a_sale(terminal))
    with pytest.raises(WireError):
        message_of(frame)
    assert bank.balance() == OPENING - 500


@pytest.mark.parametrize(("phrase", "moved"), [("answer lost", 500), ("request lost", 0), ("answer swapped", 500)])
async def test_one_that_is_not_heard(
    line: Line, faults: Faults, bank: Bank, terminal: TestTerminal, phrase: str, moved: int
) -> None:
    faults.add(*parsed(phrase))
    await silence_over(line, terminal, a_sale(terminal))
    await until(lambda: bank.balance() == OPENING - moved)
    assert (await told_over(line, terminal, a_sale(terminal)))["response_code"] == "00"
    assert bank.balance() == OPENING - moved - 500


@pytest.mark.parametrize("phrase", ["answer late", "answer after 0.05"])
async def test_a_late_answer_comes(line: Line, faults: Faults, terminal: TestTerminal, phrase: str) -> None:
    faults.add(*parsed(phrase))
    before = asyncio.get_running_loop().time()
    await told_over(line, terminal, a_sale(terminal))
    assert asyncio.get_running_loop().time() - before >= 0.05


@pytest.mark.parametrize("size", [0, 1, 5, 40])
async def test_an_answer_that_is_cut(line: Line, faults: Faults, bank: Bank, terminal: TestTerminal, size: int) -> None:
    faults.add(*parsed(f"answer cut {size}"))
    with pytest.raises(LinkLost):
        await heard_over(line, terminal, a_sale(terminal))
    assert bank.balance() == OPENING - 500
    await told_over(line, terminal, a_sale(terminal))


async def test_an_answer_is_whole_and_then_the_line_breaks(line: Line, faults: Faults, terminal: TestTerminal) -> None:
    faults.add(*parsed("answer cut 2000"))
    async with asyncio.timeout(AT_LAST), line.connect() as connection:
        sale = a_sale(terminal)
        await connection.send(terminal.frame(sale))
        terminal.heard(sale, await connection.receive())
        with pytest.raises(LinkLost):
            await asked_on(connection, terminal.frame(a_sale(terminal)))


@pytest.mark.parametrize(("size", "moved"), [(0, 0), (30, 0), (2000, 500)])
async def test_a_request_that_is_cut(
    line: Line, faults: Faults, bank: Bank, terminal: TestTerminal, size: int, moved: int
) -> None:
    faults.add(*parsed(f"0200 request cut {size}"))
    with pytest.raises(LinkLost):
        await heard_over(line, terminal, a_sale(terminal))
    assert bank.balance() == OPENING - moved


async def test_a_request_that_the_line_doubles(line: Line, faults: Faults, bank: Bank, terminal: TestTerminal) -> None:
    faults.add(*parsed("request twice"))
    first, second = a_sale(terminal), a_sale(terminal)
    async with asyncio.timeout(AT_LAST), line.connect() as connection:
        await connection.send(terminal.frame(first))
        assert terminal.heard(first, await connection.receive())["response_code"] == "00"
        await connection.send(terminal.frame(second))
        assert terminal.heard(first, await connection.receive())["response_code"] == "94"
    await until(lambda: bank.balance() == OPENING - 1000)


async def test_an_answer_that_comes_twice(line: Line, faults: Faults, bank: Bank, terminal: TestTerminal) -> None:
    faults.add(*parsed("answer twice"))
    first, second, third = (a_sale(terminal) for _ in range(3))
    async with asyncio.timeout(AT_LAST), line.connect() as connection:
        once = await asked_on(connection, terminal.frame(first))
        assert await asked_on(connection, terminal.frame(second)) == once
        answer = await asked_on(connection, terminal.frame(third))
        assert terminal.heard(second, answer)["response_code"] == "00"
    await until(lambda: bank.balance() == OPENING - 1500)


async def test_every_response_code_at_will(line: Line, faults: Faults, bank: Bank, terminal: TestTerminal) -> None:
    for place, code in enumerate(CODES):
        faults.add(*parsed(f"0200 refused {code}; 0200 says {code}"))
        for moved in (place, place + 1):
            assert (await told_over(line, terminal, a_sale(terminal, 1)))["response_code"] == code
            assert bank.balance() == OPENING - moved


# --- the bank's own doing --------------------------------------------------------------------------------------------
async def test_down_for_a_while(line: Line, faults: Faults, bank: Bank, terminal: TestTerminal) -> None:
    faults.add(*parsed("0200 bank down 0.1"))
    with pytest.raises(LinkLost):
        await heard_over(line, terminal, a_sale(terminal))
    with pytest.raises(LinkDown):
        await heard_over(line, terminal, a_sale(terminal))
    assert bank.balance() == OPENING
    await until(lambda: faults.state is LineState.UP)
    await told_over(line, terminal, a_sale(terminal))


async def test_keys_expire_for_the_terminal_that_speaks(line: Line, faults: Faults, terminal: TestTerminal) -> None:
    faults.add(*parsed("keys expire"))
    sale = a_sale(terminal)
    assert message_of(await heard_over(line, terminal, sale))["response_code"] == "77"
    assert message_of(await heard_over(line, terminal, a_sale(terminal)))["response_code"] == "77"


async def test_the_clearing_day_moves_before_the_message(
    line: Line, faults: Faults, bank: Bank, terminal: TestTerminal
) -> None:
    faults.add(*parsed("bank day 1"))
    assert bank.host.clearing_day() == "2025-03-14"
    assert (await told_over(line, terminal, a_sale(terminal)))["settlement_date"] == "0315"


async def test_a_demand_is_in_the_header(line: Line, faults: Faults, terminal: TestTerminal) -> None:
    faults.add(*parsed("bank demands b"))
    frame = await heard_over(line, terminal, a_sale(terminal))
    assert unpack(frame, CUP.frame).demand == 0xB


# --- which message ---------------------------------------------------------------------------------------------------
async def test_a_rule_waits_for_its_mti(line: Line, faults: Faults, terminal: TestTerminal) -> None:
    faults.spoil_next(Spoil.REFUSED_WITH, "0220", "96")
    said = await told_over(line, terminal, a_sale(terminal))
    assert said["response_code"] == "00"
    refused = await told_over(line, terminal, a_refund(terminal, said["rrn"], 1))
    assert refused["response_code"] == "96"
    assert faults.waiting() == []


def hits(script: str, mtis: list[str]) -> list[bool]:
    faults = Faults()
    faults.add(*parsed(script))
    return [faults.take(mti) is not None for mti in mtis]


def test_how_often() -> None:
    assert hits("0220 x2 answer lost", ["0220", "0200", "0220", "0220"]) == [True, False, True, False]
    assert hits("any answer lost", ["0800", "0220"]) == [True, False]
    assert hits("0220 always answer lost", ["0220"] * 5) == [True] * 5


def test_a_message_meets_one_rule_only() -> None:
    faults = Faults()
    faults.add(*parsed("answer lost; 0220 keys expire"))
    assert [fault and fault.what.value for fault in map(faults.take, ["0220", "0220", "0220"])] == [
        "lost",
        "expire_keys",
        None,
    ]


def test_chance_repeats_itself_and_another_seed_is_another_day() -> None:
    mtis = ["0220"] * 400
    first = hits("0220 25% seed 7 answer lost", mtis)
    assert first == hits("0220 25% seed 7 answer lost", mtis)
    assert first != hits("0220 25% seed 8 answer lost", mtis)
    assert 70 <= sum(first) <= 130
    assert sum(hits("0220 x3 25% seed 7 answer lost", mtis)) == 3


def test_what_waits_is_told_with_the_times_that_are_left() -> None:
    faults = Faults()
    faults.add(*parsed("0220 x3 answer lost; 50% seed 2 keys expire"))
    faults.take("0220")
    assert faults.waiting() == list(parsed("0220 x2 answer lost; 50% seed 2 keys expire"))
    faults.clear()
    assert faults.waiting() == []


def test_a_fault_has_what_it_needs() -> None:
    with pytest.raises(ValueError, match="go together"):
        Faults().spoil_next(Spoil.REFUSED_WITH)
    with pytest.raises(ValueError, match="go together"):
        Faults().spoil_next(Spoil.GARBAGE, response_code="51")
    with pytest.raises(ValueError, match="go together"):
        Faults().spoil_next(Spoil.REQUEST_CUT)


async def test_clear(line: Line, faults: Faults, terminal: TestTerminal) -> None:
    faults.go_down(3600)
    faults.spoil_next(Spoil.GARBAGE)
    faults.clear()
    await told_over(line, terminal, a_sale(terminal))


async def test_who_sets_the_line_anew_is_not_overruled_when_the_bank_comes_back() -> None:
    faults = Faults()
    faults.go_down(STEP)
    faults.state = LineState.SLOW
    await asyncio.sleep(3 * STEP)
    assert faults.state is LineState.SLOW
