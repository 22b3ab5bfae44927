"""What can happen to an exchange, and what it can want done. Law: events are past tense, commands imperative."""

from __future__ import annotations

from enum import Enum

import msgspec

from terminal.iso8583.answers import Reply

# F39 of a 0400, cup.md 2.10
NO_ANSWER, TERMINAL_FAULT, MAC_WRONG, OTHER_FAULT = "98", "96", "A0", "06"

# faults (words of ui/text) that decide how it goes on
KEYS_MISSING = "keys-missing"  # nothing could be signed, or no answer checked
CARD_LOST = "card-lost"
HOW = ("phone", "letter", "statement")  # how a bank says it to people


class Connected(msgspec.Struct, frozen=True):
    """The line is up; nothing of the request has left. What is owed later goes to the same address."""

    address: str = ""


class LineFailed(msgspec.Struct, frozen=True):
    """The line could not be had; nothing of the request has left."""


class Answered(msgspec.Struct, frozen=True):
    """A valid answer to the message of this stage."""

    reply: Reply


class InquiryAnswered(msgspec.Struct, frozen=True):
    """The acquirer's word on a request it was asked about: `response_code` is the request's own, once."""

    is_known: bool
    response_code: str = ""
    rrn: str = ""


class Reconciled(msgspec.Struct, frozen=True):
    """The acquirer's daily file on this request; a file that covers its days and has it not says so."""

    is_listed: bool
    response_code: str = ""
    rrn: str = ""


class Testimony(msgspec.Struct, frozen=True):
    """What two people say that the bank told them, where nothing else ends it (refund.md 2, rule 6).

    It stands until the acquirer itself says how it ended (terminal/exchange/overruling.py)."""

    how: str  # one of HOW
    reference: str  # digits that the bank named: of the call, the letter, the line of the statement
    supervisor: str
    second: str
    asked_by: str
    at: str  # ISO 8601 with zone
    address: str = ""  # where the request went


class Testified(msgspec.Struct, frozen=True):
    """Two people say how it ended, and what they know it by: it was booked, or the acquirer never had it."""

    is_accepted: bool
    testimony: Testimony


class Silent(msgspec.Struct, frozen=True):
    """No valid answer; `reason` as in F39 of a 0400, `fault` the word for what was wrong with it."""

    reason: str = NO_ANSWER
    fault: str = "no-answer"


class CardApproved(msgspec.Struct, frozen=True):
    """The chip gave its TC: `certificate` is F55 with it, hex."""

    certificate: str = ""


class CardFailed(msgspec.Struct, frozen=True):
    """The chip gave an AAC, or is gone."""


class CardLost(msgspec.Struct, frozen=True):
    """The key that sealed its card was erased: what names the card can never be sent again."""


class PowerReturned(msgspec.Struct, frozen=True):
    """The terminal was switched off in this stage."""


class TryDue(msgspec.Struct, frozen=True):
    """Time to try again: to reverse, to ask, to upload."""


Event = (
    Connected
    | LineFailed
    | Answered
    | InquiryAnswered
    | Reconciled
    | Testified
    | Silent
    | CardApproved
    | CardFailed
    | CardLost
    | PowerReturned
    | TryDue
)


class Command(Enum):
    """What the runner is to do next; its result comes back as an event."""

    CONNECT = "connect"
    SEND_REQUEST = "send request"
    SEND_AGAIN = "send again"  # the same bytes, same F11
    COMPLETE_CARD = "complete card"
    SEND_REVERSAL = "send reversal"
    SEND_INQUIRY = "send inquiry"


class Misplaced(Exception):
    """An event that cannot happen in this stage: a fault of the program, never of the line."""
