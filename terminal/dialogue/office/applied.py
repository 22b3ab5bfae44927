"""An application for a refund, told whole: form, documents, and who did what to it when and why. Law: it only tells."""

from __future__ import annotations

from terminal.dialogue.documents import words_of
from terminal.dialogue.office.pages import come_back, read
from terminal.dialogue.outcome import sentence
from terminal.dialogue.policy_view import version_words
from terminal.dialogue.room import Room
from terminal.iso8583.response_codes import lookup
from terminal.refund.application import ACQUIRER, POLICY, TERMINAL, Act, Application, Document, Mark
from terminal.refund.rules import DOCUMENTS
from terminal.screens import Item, Row, Say, say

TITLE = say("office.refunds")
NOBODYS = (POLICY, ACQUIRER, TERMINAL)
WHYS = ("stale", "left", "amount", "another-card", "cardholder")  # application.py, carry_on.py, tracker.py
SAID = ("returned.", "wants.")  # how ids of words begin that a reviewer gave as his reason (reviewing.py)


async def tell_application(room: Room, application: Application) -> None:
    """The form, then its marks and documents until cancel. Raises Cancelled, TimedOut."""
    await read(room, say("applied.title", id=application.id), form(application), hint=say("hint.parts"))
    parts = [("marks", [_mark(mark) for mark in application.marks]), ("documents", _documents(application))]
    while True:
        choices = [((name, rows), Item(say(f"applied.{name}"), str(len(rows)))) for name, rows in parts]
        name, rows = await room.desk.choose(say("applied.title", id=application.id), choices)
        if rows:
            await come_back(room, TITLE, read(room, say(f"applied.{name}"), rows))


def form(application: Application) -> list[Row]:
    """What was asked for, and where it is."""
    sale, fees = application.sale, application.fees
    costs = fees.kept_cost + fees.handling_fee
    return [
        Row(say("applied.state"), say(f"applied.state.{application.state.value}"), is_strong=True),
        Row(say("row.amount"), f"¥{application.amount}"),
        Row(say("row.kind"), say(f"kind.{application.kind.value}")),
        Row(say("row.reason"), say(f"reason.{application.reason}")),
        Row(say("applied.requester"), application.requester),
        Row(say("row.at"), moment(application.at)),
        *([Row(say("applied.approver"), person(application.approver))] if application.approver else []),
        Row(say("fees.original"), f"¥{sale.amount}"),
        Row(say("applied.sale_day"), sale.at[:10]),
        *([Row(say("paper.original_rrn"), sale.original.rrn)] if sale.original.rrn else []),
        *([Row(say("row.card"), sale.card.masked_pan)] if sale.card is not None else []),
        *([Row(say("row.costs"), f"¥{costs}")] if costs.minor else []),
        *([Row(say("applied.other_card"), say("applied.yes"))] if application.is_other_card else []),
        *([Row(say("row.voucher"), application.exchange_id)] if application.exchange_id else []),
        Row(say("applied.policy"), version_words(application.policy_version)),
        *(Row(say("applied.missing"), _document_name(kind)) for kind in application.missing),
    ]


def person(by: str) -> str | Say:
    """Who acted: a number, or the words for what is no person."""
    return say(f"applied.by.{by}") if by in NOBODYS else by


def moment(at: str) -> str:
    """As a person reads it, to the minute."""
    return at[:16].replace("T", " ")


def _mark(mark: Mark) -> Row:
    step = say("applied.step", at=moment(mark.at)[5:], by=person(mark.by))
    value = say("story.with", what=step, more=_why(mark)) if mark.why else step
    return Row(say(f"applied.act.{mark.act.value}"), value)


def _why(mark: Mark) -> str | Say:
    """An id of words, a response code, or what was typed."""
    if mark.act is Act.ADD:
        return _document_name(mark.why)
    if mark.act is Act.REFUSE:
        code = mark.why
        return say(sentence(code), code=code) if len(code) != 2 or lookup(code).is_listed else code
    if mark.why.startswith("bad."):
        return say("returned.stale")
    if mark.why.startswith(SAID):
        return say(mark.why)
    return say(f"applied.mark.{mark.why}") if mark.why in WHYS else mark.why


def _documents(application: Application) -> list[Row]:
    return [Row(_document_name(each.kind), _document(each)) for each in application.documents]


def _document(each: Document) -> Say:
    step = say("applied.step", at=moment(each.at)[5:], by=person(each.by))
    return say("story.with", what=step, more=words_of(each))


def _document_name(kind: str) -> Say:
    return say(f"applied.document.{kind}") if kind in DOCUMENTS else say("applied.document", kind=kind)
