"""密钥管理: what keys there are, components, erasing. Law: only for the administrator; no key is ever shown."""

from __future__ import annotations

from terminal.dialogue.bad_news import Stopped
from terminal.dialogue.key_ceremony import bring_key, no_open_books
from terminal.dialogue.room import Room
from terminal.key_facts import KeyFact
from terminal.ports import KeyRefused
from terminal.screens import Item, Row, Sheet, say

TITLE = say("keys.title")
SHOWN = ("tmk", "kek", "pin", "mac", "track", "dukpt")  # usages; the terminal's own keys say nothing to a person


async def manage_keys(room: Room) -> None:
    """One entry. Raises Cancelled, TimedOut, Stopped, KeyMissing."""
    await room.staff.administrator(say("keys.why"))
    entries = ((_show, "keys.show"), (bring_key, "keys.bring"), (_erase, "keys.erase"))
    act = await room.desk.choose(TITLE, [(act, Item(say(label))) for act, label in entries])
    await act(room)


async def _show(room: Room) -> None:
    facts = await room.hardware.loading.facts()
    rows = tuple(_row(fact) for fact in facts.keys if fact.usage in SHOWN)
    lines = (say(f"keys.state.{facts.state}"), say(f"keys.under.{facts.protection}"))
    await room.desk.agree(Sheet(TITLE, rows, lines, hint=say("hint.any")))


def _row(fact: KeyFact) -> Row:
    kind, _, slot = fact.place.partition(".")
    return Row(say(f"place.{kind}", slot=slot), f"{fact.check_value or '-'} {fact.made[:10]}".strip())


async def _erase(room: Room) -> None:
    """Every key, after the batch is settled: what is owed is signed with them. Raises Stopped."""
    await no_open_books(room)
    await room.desk.agree(Sheet(TITLE, (), (say("keys.erase.sure"), say("keys.erase.after"))))
    try:
        await room.hardware.loading.erase("by-hand")
    except KeyRefused:
        raise Stopped("erase-unwritten") from None
    room.is_signed_in = False
    await room.refresh_status()
    raise Stopped("keys-erased", why=say("erased.by-hand"))
