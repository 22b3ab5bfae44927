"""密钥管理: what keys there are, components, erasing. Law: only for the administrator; no key is ever shown."""

from __future__ import annotations

from functools import partial

from terminal.dialogue.applications import now_of
from terminal.dialogue.bad_news import Stopped
from terminal.dialogue.key_ceremony import bring_key, no_open_books
from terminal.dialogue.printing import print_receipt, shop, style
from terminal.dialogue.room import Room
from terminal.key_check_paper import SHOWN, key_check_paper
from terminal.key_facts import KeyFact
from terminal.ports import KeyRefused
from terminal.screens import Item, Row, Sheet, say

TITLE = say("keys.title")


async def manage_keys(room: Room) -> None:
    """One entry. Raises Cancelled, TimedOut, Stopped, KeyMissing."""
    boss = await room.staff.administrator(say("keys.why"))
    entries = (
        (_show, "keys.show"),
        (bring_key, "keys.bring"),
        (_erase, "keys.erase"),
        (partial(_print, boss=boss), "paper.keys"),
    )
    act = await room.desk.choose(TITLE, [(act, Item(say(label))) for act, label in entries])
    await act(room)


async def _show(room: Room) -> None:
    facts = await room.hardware.loading.facts()
    rows = tuple(_row(fact) for fact in facts.keys if fact.usage in SHOWN)
    lines = (say(f"keys.state.{facts.state}"), say(f"keys.under.{facts.protection}"))
    await room.desk.agree(Sheet(TITLE, rows, lines, hint=say("hint.any")))


async def _print(room: Room, boss: str) -> None:
    """Places and check values, for the other side to compare."""
    facts = await room.hardware.loading.facts()
    await print_receipt(room, key_check_paper(facts, boss, shop(room), style(room), now_of(room)))


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
