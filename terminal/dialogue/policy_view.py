"""The shop's policy in plain words, for merchant and cardholder (guide G10). Law: shown as it is decided by."""

from __future__ import annotations

from terminal.dialogue.room import Room
from terminal.money import Money
from terminal.screens import Row, Sheet, say


async def show_policy(room: Room) -> None:
    """One sheet. Raises Cancelled, TimedOut."""
    policy = room.policy
    rows = (
        Row(say("policy.days"), say("policy.days.value", days=str(policy.days))),
        Row(say("policy.cap"), f"¥{Money(policy.cap)}"),
        Row(say("policy.supervisor_above"), f"¥{Money(policy.supervisor_above)}"),
    )
    await room.desk.agree(Sheet(say("policy.title"), rows, hint=say("hint.any")))
