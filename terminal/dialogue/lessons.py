"""The lessons of the practice mode: the terminal's own dialogues, a bank that does as it is told, and what was learnt.

| lesson  | the sale before it      | what goes on                                       | learnt when                 |
|---------|-------------------------|----------------------------------------------------|-----------------------------|
| void    | of today                | all of it                                          | the bank has voided it      |
| costs   | of yesterday            | all less kept cost and handling fee                | the bank has the rest       |
| refused | of yesterday            | the bank says the code that was chosen             | refused, and nothing moved  |
| unknown | of yesterday            | no answer is heard; later there is one             | ended, and went back once   |
| silent  | of today                | the void is not answered: reversed                 | nothing moved               |
| wrong   | of yesterday            | first another card, then the right one             | the right card has it       |
| slot    | of yesterday            | the last customer's card is still in the slot      | the right card has it       |
| paper   | of yesterday            | the roll is at its end                             | it went back once           |
| people  | of yesterday, large     | somebody of rank agrees, with a code of practice   | two people are on it        |

Law: the terminal's and the bank's books are compared after each; a lesson that ends otherwise says so.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Protocol

import msgspec

from terminal.dialogue.approval import review_queue
from terminal.dialogue.desk import Cancelled, Desk
from terminal.dialogue.guarded import guarded
from terminal.dialogue.outcome import sentence
from terminal.dialogue.records import look_up
from terminal.dialogue.refund import give_back
from terminal.dialogue.room import Room
from terminal.exchange.stages import Accepted, Open, Refused, Reversed, Stage, Unknown, state
from terminal.iso8583.kinds import Kind
from terminal.screens import Ask, CardPrompt, Item, Menu, Notice, Row, Say, Screen, Sheet, Tone, say

TITLE = say("practice.title")
REFUSALS = ("61", "49", "14", "41", "40", "05", "91", "A0")  # to choose from: each of another kind
VOID, REFUND = "0200", "0220"


class Lesson(msgspec.Struct, frozen=True):
    """`amount` of the sale in minor units. `silent`: answers to this MTI are lost until the first dialogue is over.

    `acts` can be chosen after the first refund, until it is learnt. `code` is what the bank answers, "" as it should.
    """

    id: str
    amount: int = 8_800
    days_ago: int = 1
    silent: str = ""
    loses_inquiry: bool = False  # and everything after it
    code: str = ""
    begins_with: str = ""  # "wrong": another card is presented first; "slot": it is in the slot already
    has_paper: bool = True
    acts: tuple[str, ...] = ("again",)


LESSONS = (
    Lesson("void", days_ago=0),
    Lesson("costs", 10_000),
    Lesson("refused", 6_000),
    Lesson("unknown", 6_000, loses_inquiry=True, acts=("open",)),
    Lesson("silent", days_ago=0, silent=VOID),
    Lesson("wrong", begins_with="wrong"),
    Lesson("slot", begins_with="slot"),
    Lesson("paper", has_paper=False),
    Lesson("people", 80_000, acts=("again", "reviews")),
)


class Practice(Protocol):
    """One lesson's terminal and bank (terminal/practice.py)."""

    @property
    def room(self) -> Room: ...

    async def before(self) -> None:
        """The hand that holds cards, ready for one more dialogue."""
        ...

    def mend(self) -> None:
        """The line is as it should be from now on."""
        ...

    def credited(self) -> list[int]:
        """What the bank's books say went back, minor units each."""
        ...

    def owner_has(self) -> int:
        """What is on the account of the sale's card, less what was there before the sale."""
        ...


class School(Protocol):
    """All that practises (terminal/practice.py)."""

    desk: Desk

    @property
    def is_left(self) -> bool:
        """Cancel was pressed twice at once: out of everything."""
        ...

    @property
    def can_print(self) -> bool: ...

    prints: bool  # on the real printer; else papers are only counted

    def lesson(self, lesson: Lesson) -> AbstractAsyncContextManager[Practice]:
        """A room of its own, with the sale in its journal."""
        ...


async def lessons(school: School) -> None:
    """The list of lessons, until cancel or cancel twice. Raises TimedOut."""
    while not school.is_left:
        choices: list[tuple[Lesson | None, Item]] = [(each, Item(say(f"practice.{each.id}"))) for each in LESSONS]
        if school.can_print:
            choices.append((None, Item(say("practice.print"), say("practice.on" if school.prints else "practice.off"))))
        try:
            chosen = await school.desk.choose(TITLE, choices)
            if chosen is None:
                school.prints = not school.prints
            else:
                await _lesson(school, await _with_code(school, chosen))
        except Cancelled:
            return


async def _with_code(school: School, lesson: Lesson) -> Lesson:
    """Which refusal is practised. Raises Cancelled, TimedOut."""
    if lesson.id != "refused":
        return lesson
    codes = [(code, Item(say("help.refusal", code=code, why=say(sentence(code))))) for code in REFUSALS]
    return msgspec.structs.replace(lesson, code=await school.desk.choose(say("practice.refused"), codes))


async def _lesson(school: School, lesson: Lesson) -> None:
    """From the task to what was learnt. Leaving it is back at the list. Raises TimedOut."""
    desk, act = school.desk, "again"
    async with school.lesson(lesson) as practice:
        with contextlib.suppress(Cancelled):
            await desk.agree(_task(lesson))
            while True:
                await practice.before()
                await guarded(practice.room, ACTS[act])
                practice.mend()
                if school.is_left:
                    return
                stages = await _given_back(practice)
                if LEARNT[lesson.id](practice, stages):
                    await desk.tell(_learnt(lesson, practice, stages), 60.0)
                    return
                act = await _next(desk, lesson, stages)


def _task(lesson: Lesson) -> Sheet:
    rows = (
        Row(say("practice.sale"), say("practice.today" if lesson.days_ago == 0 else "practice.yesterday")),
        Row(say("row.amount"), f"¥{lesson.amount / 100:.2f}", is_strong=True),
    )
    return Sheet(say(f"practice.{lesson.id}"), rows, (say(f"practice.{lesson.id}.task"),), hint=say("practice.begin"))


async def _next(desk: Desk, lesson: Lesson, stages: list[Stage]) -> str:
    """Not there yet: what now? Raises Cancelled, TimedOut."""
    acts = lesson.acts if any(isinstance(stage, Open) for stage in stages) or "open" not in lesson.acts else ("again",)
    choices = [(act, Item(say(f"practice.act.{act}"))) for act in acts]
    return await desk.choose(say(f"practice.{lesson.id}"), choices, say("practice.not_yet"))


def _learnt(lesson: Lesson, practice: Practice, stages: list[Stage]) -> Notice:
    """The two books side by side."""
    ours = sum(stage.amount.minor for stage in stages if isinstance(stage, Accepted))
    theirs, times = sum(practice.credited()), str(len(practice.credited()))
    rows = (
        Row(say("practice.outcome"), say(f"outcome.{state(stages[-1])}")),
        Row(say("practice.ours"), f"¥{ours / 100:.2f}"),
        Row(
            say("practice.theirs"),
            say("practice.times", amount=f"{theirs / 100:.2f}", count=times),
        ),
    )
    word = say(f"practice.{lesson.id}.learnt")
    if ours != theirs:  # never; but nothing is taught that is not so
        return Notice(TITLE, Tone.WRONG, say("practice.differ"), (), rows)
    return Notice(TITLE, Tone.OK, say("practice.well_done"), (word,), rows)


# --- when it is learnt -----------------------------------------------------------------------------------------------
async def _given_back(practice: Practice) -> list[Stage]:
    """Every void and refund of the lesson, oldest first."""
    recent = await practice.room.journal.recent()
    return [stage for stage in reversed(recent) if stage.request.kind in (Kind.VOID, Kind.REFUND)]


def _is(kind: Kind | None, practice: Practice, stages: list[Stage]) -> bool:
    """Accepted, once, and on the sale's own card."""
    accepted = [stage for stage in stages if isinstance(stage, Accepted) and kind in (None, stage.request.kind)]
    return len(accepted) == 1 and len(practice.credited()) == 1


def _with_costs(practice: Practice, stages: list[Stage]) -> bool:
    sheets = [stage.request.fee_sheet for stage in stages if isinstance(stage, Accepted)]
    return any(sheet and (sheet.kept_cost + sheet.handling_fee).minor for sheet in sheets) and bool(practice.credited())


def _refused(practice: Practice, stages: list[Stage]) -> bool:
    return any(isinstance(stage, Refused) for stage in stages) and not practice.credited()


def _reversed(practice: Practice, stages: list[Stage]) -> bool:
    return any(isinstance(stage, Reversed) for stage in stages) and not practice.credited()


def _ended(practice: Practice, stages: list[Stage]) -> bool:
    return not any(isinstance(stage, Unknown) for stage in stages) and _is(Kind.REFUND, practice, stages)


def _on_its_card(practice: Practice, stages: list[Stage]) -> bool:
    return _is(None, practice, stages) and practice.owner_has() == 0


def _agreed(practice: Practice, stages: list[Stage]) -> bool:
    return _is(None, practice, stages) and any(stage.request.supervisor for stage in stages)


LEARNT: dict[str, Callable[[Practice, list[Stage]], bool]] = {
    "void": partial(_is, Kind.VOID),
    "costs": _with_costs,
    "refused": _refused,
    "unknown": _ended,
    "silent": _reversed,
    "wrong": _on_its_card,
    "slot": _on_its_card,
    "paper": partial(_is, None),
    "people": _agreed,
}
ACTS: dict[str, Callable[[Room], Awaitable[None]]] = {
    "again": give_back,
    "open": partial(look_up, only_open=True),
    "reviews": review_queue,
}


# --- the tutor's hints -----------------------------------------------------------------------------------------------
HINTS = {  # by an id on the screen
    "find.recent": "practice.hint.sale",
    "find.how": "practice.hint.sale",
    "refund.reason": "practice.hint.reason",
    "fees.title": "practice.hint.sheet",
    "refund.confirm": "practice.hint.confirm",
    "card.empty_first": "practice.hint.empty",
    "bad.card-differs": "practice.hint.differs",
    "bad.paper-out": "practice.hint.paper",
    "result.unknown": "practice.hint.unknown",
    "printing.tear": "practice.hint.tear",
}
ALL_OF_IT = ("void", "unknown", "silent", "wrong", "slot", "paper", "people", "refused")


def hint(lesson: Lesson, screen: Screen) -> Say | None:
    """What to do next, in a few words; None where the screen says it all."""
    for id in _ids(screen):
        if id in HINTS:
            return say(HINTS[id])
        if id == "refund.how_much":
            return say("practice.hint.all" if lesson.id in ALL_OF_IT else "practice.hint.costs")
        if id.startswith("refund.ask_"):
            return say("practice.hint.amount")
    if isinstance(screen, CardPrompt):
        return say("practice.hint.card")
    if isinstance(screen, Ask) and not screen.unit:  # a code, or whose it is
        return say("practice.codes")
    return say("practice.hint.choose") if isinstance(screen, Menu) else None


def _ids(screen: Screen) -> list[str]:
    """Whatever is said on a screen, the most telling first."""
    parts = [getattr(screen, name, None) for name in ("headline", "prompt", "title")]
    said = [part.id for part in parts if isinstance(part, Say)]
    return [*said, *(line.id for line in getattr(screen, "lines", ()))]
