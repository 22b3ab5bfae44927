"""What can go wrong between terminal and bank, on demand. Law: a fault changes what is heard, never what is booked.

One exception with a name of its own: REFUSED_WITH makes the bank itself say no, and then nothing is booked.

| state        | connect | request   | answer               |
|--------------|---------|-----------|----------------------|
| up           | yes     | processed | at once              |
| down         | refused | never     | the line breaks      |
| slow         | yes     | processed | after `delay`        |
| answer_lost  | yes     | processed | never; line is open  |
| request_lost | yes     | never     | never; line is open  |
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import Enum

import msgspec

from simulator.acquirer.host import Alter, Host
from terminal.iso8583.codec import MAC_SIZE, Message, WireError
from terminal.iso8583.frame import unpack
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


class Spoil(Enum):
    """What happens to one answer."""

    WRONG_MAC = "wrong_mac"
    WRONG_STAN = "wrong_stan"
    WRONG_AMOUNT = "wrong_amount"
    GARBAGE = "garbage"
    TRUNCATED = "truncated"
    LATE = "late"
    LOST = "lost"
    REFUSED_WITH = "refused_with"  # the given F39 instead of booking; takes effect on a sale, void or refund
    SAYS = "says"  # booked as it should be, but the answer carries the given F39 (68: the issuer is silent)


class Spoiled(msgspec.Struct, frozen=True):
    """One spoiler waiting for the next request of its MTI (any when None)."""

    spoil: Spoil
    mti: str | None = None
    response_code: str = ""  # F39 of REFUSED_WITH and SAYS


class Faults:
    """Set by the counter's panel and by tests; obeyed by both lines."""

    def __init__(self, state: LineState = LineState.UP, delay: float = SLOW_DELAY, late: float = LATE_DELAY) -> None:
        self.state, self.delay, self.late = state, delay, late
        self._waiting: list[Spoiled] = []

    def spoil_next(self, spoil: Spoil, mti: str | None = None, response_code: str = "") -> None:
        """Spoil the answer to the next request (of this MTI); several wait in line."""
        if bool(response_code) != (spoil in (Spoil.REFUSED_WITH, Spoil.SAYS)):
            raise ValueError(f"{spoil.value} and a response code of {response_code!r} do not go together")
        self._waiting.append(Spoiled(spoil, mti, response_code))

    def clear(self) -> None:
        """The line is up and nothing waits."""
        self.state = LineState.UP
        self._waiting.clear()

    def take(self, frame: bytes) -> Spoiled | None:
        """The spoiler meant for this request, once."""
        mti = _mti(frame)
        for index, spoiled in enumerate(self._waiting):
            if spoiled.mti in (None, mti):
                return self._waiting.pop(index)
        return None


class Heard(msgspec.Struct, frozen=True):
    """What comes back of a request: `frame` None is silence; `delay` is in seconds."""

    frame: bytes | None
    delay: float = 0.0

    async def wait(self) -> bytes:
        """The answer in its time, or for ever."""
        if self.frame is None:
            await asyncio.Event().wait()
        if self.delay:
            await asyncio.sleep(self.delay)
        return self.frame or b""


SILENCE = Heard(None)


def pass_on(host: Host, faults: Faults, frame: bytes) -> Heard:
    """Carry a request to the bank, through whatever is wrong. Raises LinkLost when the line is down."""
    if faults.state is LineState.DOWN:
        raise LinkLost("the line broke")
    if faults.state is LineState.REQUEST_LOST:
        return SILENCE
    spoiled = faults.take(frame)
    answer = _answered(host, frame, spoiled)
    is_lost = faults.state is LineState.ANSWER_LOST or (spoiled is not None and spoiled.spoil is Spoil.LOST)
    if is_lost or not answer:
        return SILENCE
    delay = faults.delay if faults.state is LineState.SLOW else 0.0
    if spoiled is not None and spoiled.spoil is Spoil.LATE:
        delay = faults.late
    return Heard(answer, delay)


def _answered(host: Host, frame: bytes, spoiled: Spoiled | None) -> bytes:
    if spoiled is None:
        return host.answer(frame)
    if spoiled.spoil is Spoil.REFUSED_WITH:
        return host.answer(frame, refuse_with=spoiled.response_code)
    answer = host.answer(frame, alter=_alteration(spoiled))
    mangle = MANGLES.get(spoiled.spoil)
    return mangle(answer) if mangle and answer else answer


def _alteration(spoiled: Spoiled) -> Alter | None:
    """A change that is made before the MAC, so that nothing but the change is wrong."""
    match spoiled.spoil:
        case Spoil.WRONG_STAN:
            return lambda answer: _with(answer, 11, f"{(int(answer['stan'] or '0') + 1) % 1_000_000:06d}")
        case Spoil.WRONG_AMOUNT:
            return lambda answer: _with(answer, 4, f"{int(answer['amount'] or '0') + 1:012d}")
        case Spoil.SAYS:
            return lambda answer: _with(answer, 39, spoiled.response_code)
    return None


def _wrong_mac(answer: bytes) -> bytes:
    """Another last byte, so another F64 (or, without one, another last field)."""
    return answer[:-1] + bytes([answer[-1] ^ 0x01])


def _garbage(answer: bytes) -> bytes:
    return b"\x55" * len(answer)


def _truncated(answer: bytes) -> bytes:
    return answer[: -MAC_SIZE - 1]


MANGLES: dict[Spoil, Callable[[bytes], bytes]] = {
    Spoil.WRONG_MAC: _wrong_mac,
    Spoil.GARBAGE: _garbage,
    Spoil.TRUNCATED: _truncated,
}


def _with(message: Message, number: int, value: str) -> Message:
    return Message(message.mti, {**message.fields, number: value})


def _mti(frame: bytes) -> str:
    try:
        return unpack(frame).body[:2].hex()
    except WireError:
        return ""
