"""Terminal risk management. Law: EMV 4.4 Book 3, 10.6: it protects acquirer and issuer, whatever the AIP says of it.

The caller brings chance (a number from 1 to 99) and what the card answered to GET DATA; nothing here asks anybody.

>>> row = Application(b"", floor_limit=10_000, threshold=2_000, target_percent=20, max_target_percent=60)
>>> chance_of(row, 1_000), chance_of(row, 6_000), chance_of(row, 9_999)
(20, 40, 59)
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from terminal.emv import tags
from terminal.emv.terminal_data import Application
from terminal.emv.verification import Tvr

CONSECUTIVE = (tags.LOWER_LIMIT, tags.UPPER_LIMIT)  # both must be there for a velocity check (10.6.3)


class Counters(msgspec.Struct, frozen=True):
    """9F36 and 9F13 as GET DATA gave them; None for what the card did not give."""

    atc: int | None
    last_online: int | None


def manage(application: Application, amount: int, chance: int, is_listed: bool, is_forced: bool) -> Tvr:
    """Exception file, merchant's will, floor limit, random selection (10.6.1, 10.6.2). `amount` in minor units."""
    found = Tvr.ON_EXCEPTION_FILE if is_listed else Tvr(0)
    if is_forced:
        found |= Tvr.MERCHANT_FORCED_ONLINE
    if amount >= application.floor_limit:
        return found | Tvr.FLOOR_LIMIT_EXCEEDED
    return found | Tvr.RANDOMLY_SELECTED if chance <= chance_of(application, amount) else found


def chance_of(application: Application, amount: int) -> int:
    """How many per cent of such sales go online by chance (10.6.2): more of them the nearer the floor limit."""
    target, most = application.target_percent, application.max_target_percent
    if amount < application.threshold:
        return target
    between = application.floor_limit - application.threshold
    return target + (most - target) * (amount - application.threshold) // between


def wants_counters(card: Mapping[int, bytes]) -> bool:
    """Whether the card has both limits; else no counter is asked for (10.6.3)."""
    return all(card.get(tag) for tag in CONSECUTIVE)


def velocity(card: Mapping[int, bytes], counters: Counters) -> Tvr:
    """Consecutive offline sales against the card's limits (10.6.3). A card with limits but no counters: both."""
    if counters.last_online is None or counters.atc is None or counters.atc <= counters.last_online:
        found = Tvr.LOWER_LIMIT_EXCEEDED | Tvr.UPPER_LIMIT_EXCEEDED
    else:
        offline = counters.atc - counters.last_online
        found = Tvr.LOWER_LIMIT_EXCEEDED if offline > card[tags.LOWER_LIMIT][0] else Tvr(0)
        if offline > card[tags.UPPER_LIMIT][0]:
            found |= Tvr.UPPER_LIMIT_EXCEEDED
    return found | Tvr.NEW_CARD if counters.last_online == 0 else found
