"""Events of the journal in words. Law: what has no words of its own is told by its kind and its plain fields.

| kind of event                  | told by                                  |
|--------------------------------|------------------------------------------|
| stage                          | kind, outcome and amount of the exchange |
| application                    | its number, its last step and by whom    |
| operator                       | whom, what was done, by whom and why     |
| bad-news                       | the sentence that was shown, and its code|
| any other of WORDS             | a sentence                               |
| one that nobody here knows     | its kind                                 |
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from terminal.dialogue.bad_news import CODES
from terminal.dialogue.office.applied import person
from terminal.dialogue.outcome import PROGRESS, word
from terminal.exchange.stages import Accepted, Stage
from terminal.iso8583.message import NAMES
from terminal.journal.report_book import Event
from terminal.refund.application import Application
from terminal.screens import Row, Say, say

MONEY = ("finding", "settlement-forced", "fees-shown")
PEOPLE = ("scam-stopped", "scam-passed", "locked", "practice-began", "practice-ended", "checked", "evidence-exported")
TROUBLES = ("keys-erased", "finding", "settlement-forced", "backup-failed")
GROUPS: dict[str, tuple[str, ...]] = {
    "money": ("begun", "stage", "sent", "received", "unanswered", "settlement", "item", "owed", "reconciled", *MONEY),
    "applications": ("application", "attachment"),
    "people": ("logged-in", "logged-out", "operator", "office-opened", "exported", *PEOPLE),
    "keys": ("signed-in", "signed-off", "key-loaded", "keys-erased", "parameters"),
    "troubles": ("bad-news", "unanswered", "reconciliation-refused", "chip-not-closed", "program-fault", *TROUBLES),
}
WORDS = frozenset(kind for kinds in GROUPS.values() for kind in kinds) | {"setting", "closed", "backup"}
DONE = frozenset(  # what is said of an operator in the journal (proof.py, staff.py, people.py)
    {
        *("seeded", "removed", "unlocked", "locked", "code right", "code tried", "code changed"),
        *("lock ran out", "lock begins anew", "not there", "practice", "role operator", "role senior"),
    }
)
SETTINGS = frozenset(  # what the journal remembers by name
    {
        *("stan", "batch", "application", "language", "morning", "given-up-told"),
        *("settlement-failures", "keys-known", "erased"),
    }
)
KEPT = frozenset({"paper", "signature", "photo"})  # kinds of attachments
LOADED = frozenset({"capk", "aid", "stripe", "contactless", "blocked-bin"})  # kinds of parameters
ANSWERS = frozenset({"agreed", "left", "silent"})  # of a cardholder who was shown the costs (customer.py)
MAKER = "factory"  # who seeded the first people (staff.py)
LABELS = frozenset(
    {
        *("id", "by", "operator", "batch", "file", "sha256", "place", "check_value", "state", "kind", "fault"),
        *("owner", "count", "answer", "source", "at"),
    }
)
TOLD = frozenset({"why", "role", "what", "name", "code"})  # the headline has them
SAY_ID = re.compile(r"[a-z_]+(\.[a-z_-]+)+")
LONGEST = 48  # characters of a plain field that are shown; its rest is in the export
_stage: msgspec.json.Decoder[Stage] = msgspec.json.Decoder(Stage)
_application: msgspec.json.Decoder[Application] = msgspec.json.Decoder(Application)


def headline(event: Event) -> Say:
    """One sentence; never raises, whatever an earlier version wrote."""
    try:
        return _headline(event)
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
        return say("audit.other", kind=event.kind)


def in_short(event: Event) -> Say:
    """The same on one line."""
    if event.kind == "bad-news":
        said = _read(event)
        return say("audit.told", code=said.get("code", ""))
    return headline(event)


def rows_of(event: Event) -> list[Row]:
    """Its plain fields; of a stage and an application those that matter."""
    try:
        if event.kind == "stage":
            return _stage_rows(_stage.decode(event.body))
        if event.kind == "application":
            return _application_rows(_application.decode(event.body))
    except msgspec.DecodeError:
        return []
    fields = {name: _plain(value) for name, value in _read(event).items() if value and name not in TOLD}
    if event.kind in ("sent", "received"):
        return [Row(field(name), value) for name, value in fields.items() if name.isdigit()]
    return [Row(_label(name), _value(name, value)) for name, value in fields.items()]


def _headline(event: Event) -> Say:
    if event.kind == "stage":
        stage = _stage.decode(event.body)
        amount = stage.amount if isinstance(stage, Accepted) else stage.request.amount
        return say("audit.stage", kind=say(f"kind.{stage.request.kind.value}"), what=_how(stage), amount=f"¥{amount}")
    if event.kind == "application":
        one = _application.decode(event.body)
        state, by = say(f"applied.state.{one.state.value}"), one.marks[-1].by if one.marks else one.requester
        return say("audit.application", id=one.id, state=state, by=person(by))
    said = _read(event)
    if event.kind == "operator":
        return _operator(said)
    if event.kind == "bad-news":
        return _bad_news(said)
    return say(f"audit.{event.kind}", **_holes(event, said)) if event.kind in WORDS else _other(event)


def _holes(event: Event, said: dict[str, str]) -> dict[str, str | Say]:
    """What the sentence of this kind wants."""
    if event.kind in ("logged-in", "logged-out", "scam-stopped", "scam-passed", "locked", "checked"):
        return {"id": said.get("operator", "")}
    by_kind: dict[str, dict[str, str | Say]] = {
        "fees-shown": {"id": said.get("id", "")},
        "evidence-exported": {"id": said.get("id", ""), "by": said.get("by", "")},
        "settlement-forced": {"batch": said.get("batch", ""), "by": said.get("by", "")},
        "begun": {"id": said.get("id", "")},
        "setting": {"name": _label(next(iter(said), ""))},
        "office-opened": {"id": said.get("by", "")},
        "exported": {"id": said.get("by", "")},
        "key-loaded": {"place": said.get("place", "")},
        "attachment": {"owner": said.get("owner", ""), "what": _kind(said.get("kind", ""))},
        "owed": {"id": said.get("id", "")},
        "settlement": {"batch": said.get("batch", "")},
        "item": {"batch": said.get("batch", ""), "code": said.get("code", "")},
        "parameters": {"kind": _kind(said.get("kind", ""))},
    }
    if event.kind in ("sent", "received", "unanswered"):
        return {"what": said.get("what", "")}
    return by_kind.get(event.kind, {})


def _other(event: Event) -> Say:
    return say("audit.other", kind=event.kind)


def _how(stage: Stage) -> Say:
    return say(PROGRESS[type(stage)]) if type(stage) in PROGRESS else word(stage)


def _operator(said: dict[str, str]) -> Say:
    """ "locked, suspicion" is what and why."""
    what, _, why = said["why"].partition(", ")
    done: str | Say = say(f"audit.done.{what.replace(' ', '-')}") if what in DONE else what
    if why:
        done = say("story.with", what=done, more=say(f"operators.why.{why}"))
    return say("audit.operator", id=said["id"], what=done, by=_value("by", said["by"]))


def _bad_news(said: dict[str, str]) -> Say:
    name = said["name"]
    if name not in CODES:
        return say("audit.bad-news", code=said["code"], what=name)
    holes: dict[str, str | Say] = {
        key: say(value) if SAY_ID.fullmatch(value) else value
        for key, value in said.items()
        if key not in ("name", "code")
    }
    return say("audit.bad-news", code=said["code"], what=Say(f"bad.{name}", holes))


def _stage_rows(stage: Stage) -> list[Row]:
    request = stage.request
    return [
        Row(say("row.voucher"), request.id),
        Row(say("row.card"), request.card.masked_pan),
        Row(say("row.operator"), request.operator),
        *([Row(say("row.rrn"), stage.reply.rrn)] if isinstance(stage, Accepted) else []),
    ]


def _application_rows(one: Application) -> list[Row]:
    return [
        Row(say("row.amount"), f"¥{one.amount}"),
        Row(say("applied.requester"), one.requester),
        *(Row(say(f"applied.act.{mark.act.value}"), person(mark.by)) for mark in one.marks[-3:]),
    ]


def field(number: str) -> Say:
    """The label of a field of a message."""
    known = number.isdigit() and int(number) in NAMES
    return say("story.field", number=number, name=say(f"field.{number}") if known else "")


def _label(name: str) -> Say:
    if name in SETTINGS - LABELS:
        return say(f"audit.setting.{name}")
    return say(f"audit.field.{name}") if name in LABELS else say("audit.field", name=name)


def _value(name: str, value: str) -> str | Say:
    if name == "by" and value == MAKER:
        return say("audit.by.maker")
    if name == "answer" and value in ANSWERS:
        return say(f"audit.answer.{value}")
    return _kind(value) if name == "kind" else value


def _kind(value: str) -> str | Say:
    """In words, of what was kept with a refund or downloaded."""
    return say(f"audit.kind.{value}") if value in KEPT | LOADED else value


def _read(event: Event) -> dict[str, str]:
    """Its plain fields; what is no word or number is left out."""
    try:
        said = msgspec.json.decode(event.body, type=dict[str, Any])
    except msgspec.DecodeError:
        return {}
    return {name: str(value) for name, value in said.items() if isinstance(value, str | int)}


def _plain(text: str) -> str:
    """Short enough for a row."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
