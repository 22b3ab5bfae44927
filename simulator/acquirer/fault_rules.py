"""A fault as it is asked for: what, to which messages, how often. Law: a fault has what it needs, and no more.

See faults.py for what becomes of it, and fault_script.py for how a person writes it.
"""

from __future__ import annotations

from enum import Enum

import msgspec

ALWAYS = 0  # times
CERTAIN = 100.0  # per cent


class Spoil(Enum):
    """What happens to one message and its answer."""

    REQUEST_LOST = "request_lost"
    REQUEST_CUT = "request_cut"  # so many bytes of the frame pass, then the line breaks
    REQUEST_TWICE = "request_twice"  # the line doubles it: two requests, two answers
    WRONG_MAC = "wrong_mac"
    WRONG_STAN = "wrong_stan"
    WRONG_AMOUNT = "wrong_amount"
    WRONG_TERMINAL = "wrong_terminal"
    GARBAGE = "garbage"
    TRUNCATED = "truncated"
    LATE = "late"
    DELAY = "delay"  # so many seconds
    LOST = "lost"
    ANSWER_CUT = "answer_cut"  # so many bytes of the frame, after its length, then the line breaks
    DUPLICATE = "duplicate"  # the answer comes twice
    REORDER = "reorder"  # it comes after the answer to the next request on its connection
    REFUSED_WITH = "refused_with"  # the given F39 instead of booking; takes effect on a sale, void or refund
    SAYS = "says"  # booked as it should be, but the answer carries the given F39 (68: the issuer is silent)


class BankEvent(Enum):
    """What the bank does just before it looks at a message."""

    DOWN_FOR = "down_for"  # so many seconds; the message is not looked at
    SHIFT_DAY = "shift_day"  # so many clearing days
    EXPIRE_KEYS = "expire_keys"  # of the terminal that speaks
    DEMAND = "demand"  # 处理要求 for the terminal that speaks (cup.md 1.3)


WITH_CODE = frozenset({Spoil.REFUSED_WITH, Spoil.SAYS, BankEvent.DEMAND})
WITH_NUMBER = frozenset(
    {Spoil.REQUEST_CUT, Spoil.ANSWER_CUT, Spoil.DELAY, BankEvent.DOWN_FOR, BankEvent.SHIFT_DAY}
)  # bytes, bytes, seconds, seconds, days


class Fault(msgspec.Struct, frozen=True):
    """`code` is F39 or what is demanded, `number` so many bytes, seconds or days. ValueError on a wrong match."""

    what: Spoil | BankEvent
    code: str = ""
    number: float | None = None

    def __post_init__(self) -> None:
        if bool(self.code) != (self.what in WITH_CODE):
            raise ValueError(f"{self.what.value} and a code of {self.code!r} do not go together")
        if (self.number is not None) != (self.what in WITH_NUMBER):
            raise ValueError(f"{self.what.value} and a number of {self.number} do not go together")


class Rule(msgspec.Struct, frozen=True):
    """A fault for the next `times` messages of an MTI (any when ""), each hit with a chance of `percent`."""

    fault: Fault
    mti: str = ""
    times: int = 1
    percent: float = CERTAIN
    seed: int = 0
