"""What can go wrong between terminal and bank, on demand. Law: a fault changes what is heard, never what is booked.

Three exceptions with names of their own: REFUSED_WITH makes the bank itself say no, REQUEST_TWICE asks it twice, and a
BankEvent is the bank's own doing.

| state        | connect | request   | answer               |
|--------------|---------|-----------|----------------------|
| up           | yes     | processed | at once              |
| down         | refused | never     | the line breaks      |
| slow         | yes     | processed | after `delay`        |
| answer_lost  | yes     | processed | never; line is open  |
| request_lost | yes     | never     | never; line is open  |

A message meets the first rule that fits it, and no other. A rule of chance draws from its own seed, once for each
message that comes as far as it: the same messages in the same order meet the same faults.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from enum import Enum

import msgspec

from simulator.acquirer.fault_rules import ALWAYS, CERTAIN, BankEvent, Fault, Rule
from simulator.acquirer.fault_rules import Spoil as Spoil
from simulator.acquirer.host import Host
from simulator.acquirer.spoiling import (
    Change,
    another_number,
    another_terminal,
    garbage,
    mti_of,
    saying,
    terminal_of,
    truncated,
    wrong_mac,
)
from terminal.iso8583.dialect import Dialect
from terminal.ports import LinkLost

SLOW_DELAY = 8.0  # seconds
LATE_DELAY = 65.0  # seconds: after the terminal's 60


class LineState(Enum):
    """How the line is."""

    UP = "up"
    DOWN = "down"
    SLOW = "slow"
    ANSWER_LOST = "answer_lost"
    REQUEST_LOST = "request_lost"


SILENCING = frozenset({Spoil.LOST, Spoil.REQUEST_LOST})
CHANGES: dict[Spoil | BankEvent, Change] = {
    Spoil.WRONG_STAN: another_number("stan"),
    Spoil.WRONG_AMOUNT: another_number("amount"),
    Spoil.WRONG_TERMINAL: another_terminal,
}
MANGLES: dict[Spoil | BankEvent, Callable[[bytes], bytes]] = {
    Spoil.WRONG_MAC: wrong_mac,
    Spoil.GARBAGE: garbage,
    Spoil.TRUNCATED: truncated,
}


class _Waiting:
    """A rule, how often it may still hit, and its dice."""

    def __init__(self, rule: Rule) -> None:
        self.rule, self.left = rule, rule.times
        self._dice = random.Random(rule.seed)

    def hits(self, mti: str) -> bool:
        if self.rule.mti not in ("", mti):
            return False
        return self.rule.percent >= CERTAIN or self._dice.random() * CERTAIN < self.rule.percent

    def rest(self) -> Rule:
        return msgspec.structs.replace(self.rule, times=self.left)


class Faults:
    """Set by the counter's panel, a script and tests; obeyed by both lines. Used by one thread."""

    def __init__(self, state: LineState = LineState.UP, delay: float = SLOW_DELAY, late: float = LATE_DELAY) -> None:
        self.state, self.delay, self.late = state, delay, late
        self._waiting: list[_Waiting] = []
        self._repair: asyncio.TimerHandle | None = None

    def spoil_next(
        self, spoil: Spoil, mti: str | None = None, response_code: str = "", number: float | None = None
    ) -> None:
        """What happens to the next request (of this MTI) and its answer; several wait in line. Raises ValueError."""
        self.add(Rule(Fault(spoil, response_code, number), mti or ""))

    def add(self, *rules: Rule) -> None:
        """Behind those that wait."""
        self._waiting += [_Waiting(rule) for rule in rules]

    def waiting(self) -> list[Rule]:
        """In order, with the times that are left."""
        return [each.rest() for each in self._waiting]

    def clear(self) -> None:
        """The line is up and nothing waits."""
        self._mended()
        self.state = LineState.UP
        self._waiting.clear()

    def go_down(self, seconds: float) -> None:
        """The line is down for a while, on the running loop's clock; then it is up, unless somebody set it else."""
        self._mended()
        self.state = LineState.DOWN
        self._repair = asyncio.get_running_loop().call_later(seconds, self._come_up)

    def take(self, mti: str) -> Fault | None:
        """The fault that this message meets."""
        for each in self._waiting:
            if not each.hits(mti):
                continue
            if each.rule.times != ALWAYS:
                each.left -= 1
                if not each.left:
                    self._waiting.remove(each)
            return each.rule.fault
        return None

    def meet(self, frame: bytes, dialect: Dialect) -> Passage:
        """What becomes of this request. Raises LinkLost when the line is down."""
        if self.state is LineState.DOWN:
            raise LinkLost("the line broke")
        if self.state is LineState.REQUEST_LOST:
            return Passage(frame, Fault(Spoil.REQUEST_LOST))
        fault = self.take(mti_of(frame, dialect))
        if fault is not None and fault.what is BankEvent.DOWN_FOR:
            self.go_down(fault.number or 0.0)
            raise LinkLost("the line broke")
        delay = self.delay if self.state is LineState.SLOW else 0.0
        if fault is not None and fault.what in (Spoil.LATE, Spoil.DELAY):
            delay = self.late if fault.number is None else fault.number
        return Passage(frame, fault, delay, self.state is LineState.ANSWER_LOST)

    def _come_up(self) -> None:
        self._repair = None
        if self.state is LineState.DOWN:
            self.state = LineState.UP

    def _mended(self) -> None:
        if self._repair is not None:
            self._repair.cancel()
            self._repair = None


class Heard(msgspec.Struct, frozen=True):
    """What comes back of a request: `frame` None is silence, `delay` is in seconds, `more` follows at once.

    `cut`: so many bytes of the frame come, then the line breaks. `is_held`: it comes after the next one.
    """

    frame: bytes | None
    delay: float = 0.0
    more: tuple[bytes, ...] = ()
    cut: int | None = None
    is_held: bool = False

    async def wait(self) -> bytes:
        """The whole answer in its time, or for ever. Raises LinkLost when the line breaks in it."""
        if self.frame is None:
            await asyncio.Event().wait()
        if self.delay:
            await asyncio.sleep(self.delay)
        frame = self.frame or b""
        if self.cut is not None and self.cut < max(len(frame), 1):
            raise LinkLost("the line broke before the answer was whole")
        return frame


SILENCE = Heard(None)
BROKEN = Heard(b"", cut=0)


class Passage(msgspec.Struct, frozen=True):
    """One request on its way through whatever is wrong; `delay` is its answer's, in seconds."""

    frame: bytes
    fault: Fault | None = None
    delay: float = 0.0
    is_answer_lost: bool = False

    @property
    def is_plain(self) -> bool:
        """The bank has it once, and does with it what it always does."""
        return self.fault is None

    def asked(self, host: Host) -> list[bytes]:
        """The bank's answers, with what happens at the bank. On the bank's own thread."""
        if self.fault is None:
            return [host.answer(self.frame)]
        self._happen(host, self.fault)
        answers = [self._answer(host, self.fault) for _ in range(self._copies(self.fault))]
        mangle = MANGLES.get(self.fault.what)
        return [mangle(answer) if mangle and answer else answer for answer in answers]

    def heard(self, answers: list[bytes]) -> Heard:
        """What the terminal hears of them."""
        what = self.fault.what if self.fault else None
        if what is Spoil.REQUEST_CUT:
            return BROKEN
        said = [answer for answer in answers if answer]
        if self.is_answer_lost or what in SILENCING or not said:
            return SILENCE
        if what is Spoil.DUPLICATE:
            said *= 2
        cut = int(self.fault.number or 0) if self.fault and what is Spoil.ANSWER_CUT else None
        return Heard(said[0], self.delay, tuple(said[1:]), cut, what is Spoil.REORDER)

    def _copies(self, fault: Fault) -> int:
        match fault.what:
            case Spoil.REQUEST_LOST:
                return 0
            case Spoil.REQUEST_CUT:
                return int((fault.number or 0) >= len(self.frame))  # all of it has passed when the line breaks
            case Spoil.REQUEST_TWICE:
                return 2
        return 1

    def _answer(self, host: Host, fault: Fault) -> bytes:
        if fault.what is Spoil.REFUSED_WITH:
            return host.answer(self.frame, refuse_with=fault.code)
        change = saying(fault.code) if fault.what is Spoil.SAYS else CHANGES.get(fault.what)
        return host.answer(self.frame, alter=change)

    def _happen(self, host: Host, fault: Fault) -> None:
        match fault.what:
            case BankEvent.SHIFT_DAY:
                host.shift_day(int(fault.number or 0))
            case BankEvent.EXPIRE_KEYS:
                host.expire_keys(terminal_of(self.frame, host.dialect))
            case BankEvent.DEMAND:
                host.demand(terminal_of(self.frame, host.dialect), fault.code)


def pass_on(host: Host, faults: Faults, frame: bytes) -> Heard:
    """Carry a request to the bank, through whatever is wrong. Raises LinkLost when the line is down."""
    passage = faults.meet(frame, host.dialect)
    return passage.heard(passage.asked(host))
