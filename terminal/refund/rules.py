"""The shop's rules for giving money back, as data. Law: one file says them all; what is not in it is as here.

Amounts are minor units, days are calendar days, rules are those of refund.md 2 and 3. terminal/refund/policy.toml
spells the same defaults for who writes a file of his own; terminal/policy_file.py reads and checks one. What is wrong
with a field by itself is refused here; what two fields say against each other, in terminal/refund/contradictions.py.

| need           | what it asks for before the card is asked for                                        |
|----------------|--------------------------------------------------------------------------------------|
| evidence       | the documents of the checklist                                                       |
| review         | somebody of rank, not who asks, reads the application and approves it: now or later   |
| supervisor     | the supervisor's code, now; who is not there can review it later                      |
| second person  | one more person's code, neither who asks nor who approved                             |
| pause          | two questions and a wait: somebody may be talked into it on the phone                 |
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from enum import Enum
from itertools import pairwise

import msgspec

REASONS = ("returned", "cancelled", "overcharged", "defective", "service", "other")
DOCUMENTS = ("receipt", "form", "identity", "photo", "note")
WEEK = 7
MOST_AMOUNT = 10**12 - 1  # F4 has twelve digits
MOST_DAYS = 3650
MOST_ARRIVAL = 60  # working days
BOUNDS = {  # of the policy's numbers: least, most
    "days": (0, MOST_DAYS),
    "cap": (1, MOST_AMOUNT),
    "day_cap": (1, MOST_AMOUNT),
    "supervisor_above": (0, MOST_AMOUNT),
    "operator_day_cap": (0, MOST_AMOUNT),
    "review_above": (0, MOST_AMOUNT),
    "second_person_above": (0, MOST_AMOUNT),
    "most_refunds": (1, 50),  # refund.md 3
    "seconds_between": (0, 86_400),
    "typed_costs_permille": (0, 1000),
    "pause_above": (0, MOST_AMOUNT),
    "pause_seconds": (0, 600),
    "undo_seconds": (0, 30),  # refund.md 2, rule 9
    "application_days": (0, MOST_DAYS),
    "nag_hours": (0, 24 * MOST_DAYS),
    "lock_seconds": (0, 86_400),
    "evidence_days": (1, 2 * MOST_DAYS),
}


class Level(Enum):
    """What comes of a rule of refund.md 2, 10 that is not kept."""

    OFF = "off"
    WARN = "warn"
    SUPERVISOR = "supervisor"
    FORBID = "forbid"


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Up to `most`, and the level above it."""

    most: int
    level: Level

    def __post_init__(self) -> None:
        if self.most < 0:
            raise ValueError("most: not below 0")

    def level_of(self, found: int) -> Level:
        return self.level if found > self.most else Level.OFF


class Velocity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often and how much, found out here, without asking anybody (refund.md 2, 10)."""

    per_hour: Rule = Rule(10, Level.SUPERVISOR)  # refunds by one operator in 60 minutes, this one counted
    per_shift: Rule = Rule(2_000_000, Level.SUPERVISOR)  # given back by one operator since he logged in, with this one
    same_card: Rule = Rule(3, Level.SUPERVISOR)  # refunds to one card within card_days, this one counted
    card_days: int = 30
    old_sale: Rule = Rule(90, Level.SUPERVISOR)  # days, by an operator without rank
    outside_hours: Level = Level.SUPERVISOR

    def __post_init__(self) -> None:
        if not 1 <= self.card_days <= MOST_DAYS:
            raise ValueError(f"card_days: 1 to {MOST_DAYS}")


class Reason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why money is given back; `id` is one of REASONS. `fee` names one of the policy's fees."""

    id: str
    documents: tuple[str, ...] = ()
    fee: str = ""
    is_reviewed: bool = False


class Tier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Up to and with `up_to` (None: all above): so much in thousandths, plus so much."""

    up_to: int | None = None
    permille: int = 0
    fixed: int = 0


class Fee(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A handling fee: the tier that the amount falls into, within `least` and `most`."""

    tiers: tuple[Tier, ...]
    least: int = 0
    most: int | None = None

    def __post_init__(self) -> None:
        ends = [tier.up_to for tier in self.tiers]
        if not ends or ends[-1] is not None or None in ends[:-1]:
            raise ValueError("tiers: the last one has no up_to, and only the last")
        if any(before >= after for before, after in pairwise(end for end in ends if end is not None)):
            raise ValueError("tiers: they go upwards")
        if any(not 0 <= tier.permille <= 1000 or tier.fixed < 0 or (tier.up_to or 0) < 0 for tier in self.tiers):
            raise ValueError("tiers: permille is 0 to 1000, fixed and up_to are not below 0")
        if self.least < 0:
            raise ValueError("least: not below 0")
        if self.most is not None and self.most < self.least:
            raise ValueError("most: not below least")


class Documents(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """These are wanted for more than this."""

    above: int
    documents: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.above < 0 or not self.documents:
            raise ValueError("documents for more than an amount: above is not below 0, and one document at least")


class OtherCard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A card that is not the sale's: account closed, card lost or replaced (refund.md 2, 3)."""

    is_on: bool = False
    hours: int = 24  # a younger sale is never given back to another card
    documents: tuple[str, ...] = ("receipt", "identity", "note")

    def __post_init__(self) -> None:
        if self.hours < 0:
            raise ValueError("hours: not below 0")


class NoRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A sale that this terminal did not make, or none at all (refund.md 2, 12)."""

    is_on: bool = False
    documents: tuple[str, ...] = ("receipt",)
    cap: int = 200_000

    def __post_init__(self) -> None:
        if not 1 <= self.cap <= MOST_AMOUNT:
            raise ValueError(f"cap: 1 to {MOST_AMOUNT}")


class Elsewhere(NoRecord, frozen=True, forbid_unknown_fields=True):
    """A sale of another terminal of the shop."""

    is_on: bool = True


class Naked(NoRecord, frozen=True, forbid_unknown_fields=True):
    """No sale at all: what a file leaves out is stricter."""

    documents: tuple[str, ...] = ("receipt", "identity", "note")


class Arrival(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Working days until the cardholder has it, first and last (refund.md 3)."""

    debit: tuple[int, int] = (1, 3)
    credit: tuple[int, int] = (3, 7)
    unknown: tuple[int, int] = (1, 7)

    def __post_init__(self) -> None:
        for kind in self.__struct_fields__:
            first, last = getattr(self, kind)
            if not 0 <= first <= last <= MOST_ARRIVAL:
                raise ValueError(f"{kind}: first and last day, 0 to {MOST_ARRIVAL}")


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of it. `hours` are "HH:MM-HH:MM" from Monday on, "" is closed, "18:00-02:00" goes past midnight;
    none at all: always open."""

    version: str = "factory"
    effective: date = date(2026, 1, 1)
    expires: date | None = None  # its last day
    is_refund_on: bool = True
    days: int = 180  # a sale older than this is not given back here
    cap: int = 1_000_000  # one refund (cup.md 4.3: 10,000.00)
    day_cap: int = 5_000_000  # all refunds of one day
    supervisor_above: int = 50_000  # above this the supervisor agrees
    operator_day_cap: int = 500_000  # and above this, all of one operator's refunds of a day together
    review_above: int = 300_000
    second_person_above: int = 500_000
    most_refunds: int = 50  # of one sale (refund.md 3)
    seconds_between: int = 60  # two refunds of one sale (refund.md 3)
    reasons: tuple[Reason, ...] = tuple(Reason(id) for id in REASONS)
    documents: tuple[Documents, ...] = (Documents(100_000, ("receipt",)), Documents(300_000, ("receipt", "form")))
    fees: dict[str, Fee] = {}
    typed_costs_permille: int = 1000  # of what remains: how much of it may be kept by typing
    velocity: Velocity = Velocity()
    hours: tuple[str, ...] = ()
    other_card: OtherCard = OtherCard()
    elsewhere: Elsewhere = Elsewhere()
    naked: Naked = Naked()
    pause_above: int = 500_000  # the scam interrupter; a naked refund always
    pause_seconds: int = 10
    undo_seconds: int = 3
    application_days: int = 7  # one that waits longer has to be made anew
    nag_hours: int = 4  # one that waits longer is said at each log-in
    arrival: Arrival = Arrival()
    is_handed_over: bool = True  # the cardholder holds the device to sign: leaving that asks the operator's code
    lock_seconds: int = 600  # the menu locks when nobody presses anything; 0 is never
    evidence_days: int = 400  # kept at least (refund.md 3: a year)

    def __post_init__(self) -> None:
        """Refuses what is wrong in itself: "<field>: <reason>"."""
        why = next(self._faults(), "")
        if why:
            raise ValueError(why)

    def _faults(self) -> Iterator[str]:
        for field, (least, most) in BOUNDS.items():
            if not least <= getattr(self, field) <= most:
                yield f"{field}: {least} to {most}"
        known = {reason.id for reason in self.reasons}
        for is_wrong, why in (
            (not self.version.strip(), "version: not empty"),
            (not 0 < len(self.reasons) <= len(REASONS), "reasons: one at least"),
            (len(known) < len(self.reasons), "reasons: each once"),
            (not known <= set(REASONS), f"reasons: of {', '.join(REASONS)}"),
            (len(self.hours) not in (0, WEEK), "hours: of seven days, or none"),
            (not all(map(_is_span, self.hours)), 'hours: "HH:MM-HH:MM", or "" for a day that is closed'),
        ):
            if is_wrong:
                yield why
        for field, documents in self._wanted_documents():
            if not set(documents) <= set(DOCUMENTS):
                yield f"{field}: documents are of {', '.join(DOCUMENTS)}"

    def has_reason(self, id: str) -> bool:
        return any(reason.id == id for reason in self.reasons)

    def reason(self, id: str) -> Reason:
        """Raises StopIteration for one that the policy has not."""
        return next(reason for reason in self.reasons if reason.id == id)

    def _wanted_documents(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        yield from (("documents", each.documents) for each in self.documents)
        yield from (("reasons", reason.documents) for reason in self.reasons)
        for field in ("other_card", "elsewhere", "naked"):
            yield field, getattr(self, field).documents


def _is_span(hours: str) -> bool:
    """
    >>> [_is_span(hours) for hours in ("", "09:00-22:00", "22:00-02:00", "09:00-24:00", "9-22", "24:00-09:00")]
    [True, True, True, True, False, False]
    """
    first, dash, last = hours.partition("-")
    return not hours or (dash == "-" and _is_time(first) and _is_time(last) and first not in ("24:00", last))


def _is_time(time: str) -> bool:
    hour, colon, minute = time.partition(":")
    is_digits = len(hour) == len(minute) == 2 and (hour + minute).isascii() and (hour + minute).isdigit()
    return colon == ":" and is_digits and (time == "24:00" or (int(hour) < 24 and int(minute) < 60))
