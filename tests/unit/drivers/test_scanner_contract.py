"""The Scanner port: what is reported, for the driver over a played kernel and for its simulated twin alike."""

from __future__ import annotations

import asyncio

import pytest
from evdev import ecodes
from hypothesis import given
from hypothesis import strategies as st

from drivers.scanner import LONGEST, EvdevScanner, may_be_card, reported
from simulator.scanner import SimulatedScanner
from terminal.events import CodeScanned
from terminal.refund.receipt_code import text
from terminal.swipe import has_check_digit
from tests.unit.drivers.fake_kernel import DOWN, EV_KEY, EV_SYN, HELD, PATIENCE, SYN, UP, Kernel
from tests.unit.drivers.wedge import NAMES, SHIFT, SHIFTED

PAN = "6210940000000003"  # TEST CARD
RECEIPT = text("10000001", "898310000000001", "2026-11-23", "091947145060", "000001-000123")


class TypingHand:
    """Holds codes before a scanner that types."""

    def __init__(self) -> None:
        self.kernel = Kernel()
        self.scanner = EvdevScanner("scanner", opener=self.kernel.open, reopen_after=0, break_after=0.05)

    async def scan(self, code: str) -> None:
        await self.kernel.until(lambda kernel: kernel.holder)
        self.type(code + "\r")

    def type(self, code: str) -> None:
        for character in code:
            self.press(character)

    def press(self, character: str) -> None:
        is_capital = character.isupper()
        plain = SHIFTED.get(character, character.lower())
        code = ecodes.ecodes["KEY_" + NAMES.get(plain, plain.upper())]
        if is_capital or plain != character:
            self.kernel.events((EV_KEY, SHIFT, DOWN), SYN)
        self.kernel.press(code)
        if is_capital or plain != character:
            self.kernel.events((EV_KEY, SHIFT, UP), SYN)


class QueueHand:
    """The same for the twin."""

    def __init__(self) -> None:
        self.scanner = SimulatedScanner()

    async def scan(self, code: str) -> None:
        self.scanner.scan(code)


@pytest.fixture(params=[TypingHand, QueueHand])
def hand(request):
    return request.param()


async def heard(hand, *codes: str, count: int) -> list[str]:
    async def listen():
        return [(await hand.scanner.scanned()).text for _ in range(count)]

    listening = asyncio.ensure_future(listen())
    try:
        for code in codes:
            await asyncio.sleep(0)
            await hand.scan(code)
        async with asyncio.timeout(PATIENCE):
            return await listening
    finally:
        listening.cancel()


# --- the contract ----------------------------------------------------------------------------------------------------
async def test_every_printable_character_comes_as_it_is(hand):
    every = "".join(map(chr, range(0x20, 0x7F)))
    apart = every.replace("0123456789", "0123x456789")
    assert await heard(hand, apart, count=1) == [apart]


async def test_a_receipts_code_and_a_short_code_come_whole_and_in_order(hand):
    assert await heard(hand, RECEIPT, "000001-000123", count=2) == [RECEIPT, "000001-000123"]


@pytest.mark.parametrize(
    "code",
    [PAN, f"x{PAN}y", f"99{PAN}", f"{PAN}11", "6210 9400 0000 0003", "6210-9400-0000-0003", f";{PAN}=2512?"],
)
async def test_what_may_hold_a_card_number_is_not_reported(hand, code):
    assert may_be_card(code)
    assert await heard(hand, code, RECEIPT, count=1) == [RECEIPT]


async def test_too_long_a_code_is_reported_as_unreadable(hand):
    longest = "x" * LONGEST
    assert await heard(hand, longest, longest + "x", RECEIPT, count=3) == [longest, "", RECEIPT]


# --- the law ---------------------------------------------------------------------------------------------------------
@given(st.text(st.sampled_from("ab:=; -"), max_size=9), st.text("0123456789", min_size=12, max_size=18), st.data())
def test_no_card_number_is_ever_reported(around, digits, data):
    pan = digits + next(d for d in "0123456789" if has_check_digit(digits + d))
    grouped = "".join(digit + data.draw(st.sampled_from(["", "", " ", "-"])) for digit in pan[:-1]) + pan[-1]
    before, after = data.draw(st.tuples(st.just(around), st.text("0123456789x ", max_size=5)))
    assert reported(before + grouped + after) is None


@given(
    st.from_regex(r"[0-9]{8}", fullmatch=True),
    st.from_regex(r"[0-9]{15}", fullmatch=True),
    st.dates(),
    st.from_regex(r"[0-9]{12}", fullmatch=True),
)
def test_every_code_of_ours_is_reported(terminal_id, merchant_id, day, rrn):
    for code in (text(terminal_id, merchant_id, day.isoformat(), rrn, ""), f"{rrn[:6]}-{rrn[6:]}", rrn):
        assert reported(code) == CodeScanned(code)


@given(st.text(max_size=40))
def test_what_is_reported_is_printable_ascii_or_nothing(code):
    told = reported(code)
    assert told is None or told.text in ("", code)
    assert told is None or (told.text.isascii() and (told.text.isprintable() or not told.text))


# --- the driver alone ------------------------------------------------------------------------------------------------
@pytest.fixture
async def typing():
    hand = TypingHand()
    with hand.scanner:
        yield hand


async def test_it_is_grabbed_and_let_go(typing):
    assert await heard(typing, "a", count=1) == ["a"]
    assert typing.kernel.holder
    typing.scanner.__exit__(None, None, None)
    assert not typing.kernel.files


async def test_a_code_that_broke_off_is_forgotten(typing):
    listening = asyncio.ensure_future(heard(typing, "ab", count=1))
    assert await listening == ["ab"]
    waiting = asyncio.ensure_future(typing.scanner.scanned())
    await asyncio.sleep(0)
    typing.type("0000")
    await asyncio.sleep(0.15)
    typing.type("000001-000123\r")
    assert (await asyncio.wait_for(waiting, PATIENCE)).text == "000001-000123"


async def test_a_scanner_that_is_pulled_out_within_a_code_comes_back_empty(typing):
    waiting = asyncio.ensure_future(typing.scanner.scanned())
    await typing.kernel.until(lambda kernel: kernel.holder)
    typing.type("half")
    await asyncio.sleep(0.01)
    typing.kernel.pull_out()
    await asyncio.sleep(0.01)
    typing.kernel.is_there = True
    await typing.scan("whole")
    assert (await asyncio.wait_for(waiting, PATIENCE)).text == "whole"


async def test_lost_events_make_a_code_unreadable_and_the_next_is_whole(typing):
    waiting = asyncio.ensure_future(typing.scanner.scanned())
    await typing.kernel.until(lambda kernel: kernel.holder)
    typing.type("ABC")
    typing.kernel.events((EV_KEY, SHIFT, DOWN), (EV_SYN, ecodes.SYN_DROPPED, 0))
    typing.type("abc\r")
    assert (await asyncio.wait_for(waiting, PATIENCE)).text == ""
    assert await heard(typing, "abc", count=1) == ["abc"]


async def test_what_is_no_character_and_an_enter_alone_are_nothing(typing):
    waiting = asyncio.ensure_future(typing.scanner.scanned())
    await typing.kernel.until(lambda kernel: kernel.holder)
    typing.kernel.events((EV_KEY, ecodes.KEY_1, HELD), (EV_KEY, ecodes.KEY_1, UP), (EV_KEY, 700, DOWN), (4, 4, 30))
    typing.kernel.press(ecodes.KEY_ENTER)
    typing.kernel.press(ecodes.KEY_F1)
    typing.kernel.press(ecodes.KEY_CAPSLOCK)
    typing.kernel.press(ecodes.KEY_KP7)
    typing.kernel.press(ecodes.KEY_KPENTER)
    assert (await asyncio.wait_for(waiting, PATIENCE)).text == "7"


async def test_whoever_gives_up_waiting_loses_no_code(typing):
    for _ in range(2):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.005):
                await typing.scanner.scanned()
    assert await heard(typing, RECEIPT, count=1) == [RECEIPT]
