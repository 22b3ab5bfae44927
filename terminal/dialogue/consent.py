"""Whose code stands for a consent to a refund. Law: nobody agrees to what he asked for, handed in or agreed to already.

| consent        | who                                        | asked                                     |
|----------------|--------------------------------------------|-------------------------------------------|
| supervisor     | 00                                         | his code, at once                         |
| review         | 00, or an operator of role senior          | number and code                           |
| second person  | 00, or any operator                        | number and code                           |

Whether a number is anybody's is not told to who has no code; of what rank he is, only after his code was right.
"""

from __future__ import annotations

from collections.abc import Sequence

from terminal.dialogue.bad_news import Stopped, tell
from terminal.dialogue.codes import OPERATORS, SENIOR, SUPERVISOR
from terminal.dialogue.proof import TITLE
from terminal.dialogue.room import Room
from terminal.journal.journal import Operator
from terminal.money import Money
from terminal.refund.application import Act, Application
from terminal.refund.policy import Need
from terminal.screens import Say, say

MAY_REVIEW = (SUPERVISOR, *OPERATORS)


async def supervisor(room: Room, application: Application) -> str:
    """His number. Raises Cancelled, TimedOut; Stopped when he is locked, or had a part in it."""
    if SUPERVISOR in parties(application):
        raise Stopped("same-person")
    return await room.staff.supervisor(why(room, application, Need.SUPERVISOR), application.requester)


async def reviewer(room: Room, but: frozenset[str] = frozenset(), *lines: Say) -> str:
    """The number of one of rank who is none of `but`. Raises Cancelled, TimedOut."""
    while True:
        who = await _somebody(room, say("consent.reviewer"), MAY_REVIEW, but, lines)
        if who is not None and (who.id == SUPERVISOR or who.role == SENIOR):
            return who.id
        if who is not None:
            await tell(room.desk, room.journal, "not-reviewer", TITLE, id=who.id)


async def second_person(room: Room, application: Application) -> str:
    """The number of one who had no part in it. Raises Cancelled, TimedOut."""
    line = why(room, application, Need.SECOND_PERSON)
    return await one_more(room, say("consent.second"), MAY_REVIEW, parties(application), line)


async def one_more(room: Room, prompt: Say, among: Sequence[str], but: frozenset[str], line: Say) -> str:
    """The number of one `among` these and none of `but`, by number and code. Raises Cancelled, TimedOut."""
    while True:
        who = await _somebody(room, prompt, among, but, (line,))
        if who is not None:
            return who.id


def parties(application: Application) -> frozenset[str]:
    """Who asked for it, handed it in or had a say in it since it was last handed in."""
    handed_in = (mark.by for mark in application.marks if mark.act is Act.SUBMIT)
    return frozenset((application.requester, *handed_in, *application.agreed))


def why(room: Room, application: Application, *needs: Need) -> Say:
    """How much, and each rule that asks for it."""
    found = [_rule(room, each.need, each.rule) for each in application.needs if each.need in needs]
    return say("consent.why", amount=str(application.amount), rules=_listed(found))


async def _somebody(
    room: Room, prompt: Say, among: Sequence[str], but: frozenset[str], lines: tuple[Say, ...]
) -> Operator | None:
    """By number and code; None, and said, when it cannot be he."""
    id = await room.desk.digits(TITLE, prompt, (2, 2), *lines)
    if id in but:
        await tell(room.desk, room.journal, "same-person", TITLE)
        return None
    if id not in among:
        await tell(room.desk, room.journal, "operator-unknown", TITLE, id=id)
        return None
    ask, proof = say("staff.ask_code", id=id), room.staff.proof
    found = await proof.find(id) or Operator(id, "nobody", "", is_factory=False)
    try:
        if not await proof.prove(found, ask, *lines):
            return None
        return await proof.replace_code(found) if found.is_factory else found
    except Stopped as stop:  # locked: somebody else may do it
        await tell(room.desk, room.journal, stop.name, TITLE, **stop.args_)
        return None


def _rule(room: Room, need: Need, rule: str) -> Say:
    """In words; an amount is said with the limit that it is above."""
    policy = room.policy
    limits = {
        Need.REVIEW: policy.review_above,
        Need.SUPERVISOR: policy.supervisor_above,
        Need.SECOND_PERSON: policy.second_person_above,
    }
    if rule == "amount" and need in limits:
        return say("consent.above", limit=str(Money(limits[need])))
    return say(f"rule.{rule}")


def _listed(rules: list[Say]) -> Say:
    """One after the other; none at all is said by nobody's rule: the policy of now has it."""
    if not rules:
        return say("rule.amount")
    listed = rules[0]
    for rule in rules[1:]:
        listed = say("consent.and", first=listed, second=rule)
    return listed
