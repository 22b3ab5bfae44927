"""What may be done with a hold (预授权). Law: completed or released once; what is pending or unknown counts as done.

>>> str(most(Money(10000)))
'115.00'
"""

from __future__ import annotations

from collections.abc import Sequence

from terminal.exchange.stages import NotSent, Refused, Reversed, Stage
from terminal.money import Money

MOST_PERCENT = 115  # of the hold, what a completion may take: the rule of the Chinese card scheme


def most(hold: Money) -> Money:
    """The largest completion, rounded down to the fen."""
    return Money(hold.minor * MOST_PERCENT // 100, hold.currency)


def is_free(after: Sequence[Stage]) -> bool:
    """Nothing that came after it stands or may stand."""
    return all(isinstance(stage, Refused | NotSent | Reversed) for stage in after)
