"""The application for a refund, from the form to the money: a value. Law: each step says who, when and why.

    draft --submit--> submitted --review--> under-review --approve--> approved --carry out--> carried-out
      |                   | approve (by policy) ^   | send back                ^                  | the exchange tells
      |                   +---------------------|---|--------------------------+                  v
      |                       submit again +-- returned          undo (nothing went) <-- accepted | refused | unknown
      +--withdraw--> closed (also from submitted, under-review, returned, approved)         |
                                                            accepted --credit--> credited --close--> closed
                                                            refused --close--> closed

`unknown` ends as the exchange does. A later word of the acquirer overrules (terminal/exchange/overruling.py): what is
refused, undone or closed becomes accepted; what only people said was accepted becomes refused. What approves by policy
is "policy"; what the acquirer said is by "acquirer". Who submitted is nobody who approves or returns. Nothing is
carried out while a document or somebody who must agree is missing.
"""

from __future__ import annotations

from enum import Enum

import msgspec

from terminal.exchange.request import FeeSheet
from terminal.exchange.stages import Accepted, GivenUp, NotSent, Refused, Reversed, Stage, Unknown
from terminal.iso8583.kinds import Kind
from terminal.money import Money
from terminal.refund.policy import Need, Needed
from terminal.refund.sale import Sale

POLICY, ACQUIRER, TERMINAL = "policy", "acquirer", "terminal"  # who acted when it was no person
STALE, LEFT = "stale", "left"  # why it was withdrawn: it was too old, the dialogue was left


class State(Enum):
    """Where an application is (guide G9)."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    UNDER_REVIEW = "under-review"
    RETURNED = "returned"
    APPROVED = "approved"
    CARRIED_OUT = "carried-out"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    CREDITED = "credited"
    CLOSED = "closed"


class Act(Enum):
    """What moves it."""

    SUBMIT = "submit"
    REVIEW = "review"
    APPROVE = "approve"
    SEND_BACK = "send-back"
    CARRY_OUT = "carry-out"
    ACCEPT = "accept"
    REFUSE = "refuse"
    LOSE = "lose"  # nobody knows
    UNDO = "undo"  # nothing was sent, or it was reversed: approved as before
    CREDIT = "credit"
    CLOSE = "close"
    WITHDRAW = "withdraw"
    AGREE = "agree"  # one more person; it stays where it is
    ADD = "add"  # a document; it stays where it is


WAITING = (State.SUBMITTED, State.UNDER_REVIEW)
UNSENT = (State.DRAFT, *WAITING, State.RETURNED, State.APPROVED)
SENT = (State.CARRIED_OUT, State.UNKNOWN)
OVERRULED = (State.REFUSED, State.CLOSED, *WAITING, State.RETURNED, State.APPROVED)  # by a late acceptance (rule 6)
OPEN = (*UNSENT, *SENT)  # no second refund of the same sale beside one of these

MOVES: dict[tuple[State, Act], State] = {
    (State.DRAFT, Act.SUBMIT): State.SUBMITTED,
    (State.RETURNED, Act.SUBMIT): State.SUBMITTED,
    (State.SUBMITTED, Act.REVIEW): State.UNDER_REVIEW,
    (State.UNDER_REVIEW, Act.REVIEW): State.UNDER_REVIEW,  # another looks at it: the first was called away
    (State.SUBMITTED, Act.APPROVE): State.APPROVED,
    (State.UNDER_REVIEW, Act.APPROVE): State.APPROVED,
    (State.UNDER_REVIEW, Act.SEND_BACK): State.RETURNED,
    (State.APPROVED, Act.CARRY_OUT): State.CARRIED_OUT,
    (State.APPROVED, Act.SEND_BACK): State.RETURNED,  # what it was decided on has changed meanwhile
    (State.CARRIED_OUT, Act.ACCEPT): State.ACCEPTED,
    (State.CARRIED_OUT, Act.REFUSE): State.REFUSED,
    (State.CARRIED_OUT, Act.LOSE): State.UNKNOWN,
    (State.CARRIED_OUT, Act.UNDO): State.APPROVED,
    (State.UNKNOWN, Act.ACCEPT): State.ACCEPTED,
    (State.UNKNOWN, Act.REFUSE): State.REFUSED,
    (State.UNKNOWN, Act.UNDO): State.APPROVED,
    (State.ACCEPTED, Act.CREDIT): State.CREDITED,
    (State.CREDITED, Act.CLOSE): State.CLOSED,
    (State.REFUSED, Act.CLOSE): State.CLOSED,
    **{(state, Act.WITHDRAW): State.CLOSED for state in UNSENT},
    **{(state, Act.ADD): state for state in State if state is not State.CLOSED},
    **{(state, Act.AGREE): state for state in (State.SUBMITTED, State.UNDER_REVIEW, State.APPROVED)},
    **{(state, Act.ACCEPT): State.ACCEPTED for state in OVERRULED},
    **{(state, Act.REFUSE): State.REFUSED for state in (State.ACCEPTED, State.CREDITED, State.CLOSED)},
}
OUTCOMES = (Act.ACCEPT, Act.REFUSE, Act.LOSE, Act.UNDO)
OF_PEOPLE = (Need.REVIEW, Need.SUPERVISOR, Need.SECOND_PERSON)
BY_ANOTHER = (Act.REVIEW, Act.APPROVE, Act.SEND_BACK, Act.AGREE)


class NotAllowed(Exception):
    """This cannot be done to an application that is there: on another screen it went on meanwhile."""


class SamePerson(NotAllowed):
    """Nobody reviews, approves or agrees to what he asked for, or to what he agreed to already (refund.md 2, 8)."""


class Mark(msgspec.Struct, frozen=True):
    """A step: `by` is a person's number (two, a space between), or POLICY, ACQUIRER, TERMINAL; `why` an id of words,
    or what was typed."""

    act: Act
    at: str  # ISO 8601 with zone
    by: str
    why: str = ""


class Document(msgspec.Struct, frozen=True):
    """One thing of the checklist. `text` is short and masked (type and last four of an ID, a note); `digest` names
    an attachment of the journal (photo, picture of a receipt), "" when there is none."""

    kind: str  # of rules.DOCUMENTS
    at: str
    by: str
    text: str = ""
    digest: str = ""


class Application(msgspec.Struct, frozen=True):
    """`id` is six digits, counted here. `kind` is what was last decided; `exchange_id` what carries it out."""

    id: str
    sale: Sale
    fees: FeeSheet
    reason: str
    kind: Kind
    requester: str
    at: str
    policy_version: str
    needs: tuple[Needed, ...] = ()
    documents_wanted: tuple[str, ...] = ()
    documents: tuple[Document, ...] = ()
    marks: tuple[Mark, ...] = ()
    state: State = State.DRAFT
    exchange_id: str = ""
    is_other_card: bool = False
    has_typed_costs: bool = False

    @property
    def amount(self) -> Money:
        """What goes back to the card."""
        return self.fees.refund

    @property
    def missing(self) -> tuple[str, ...]:
        """Documents of the checklist that are not there."""
        there = {document.kind for document in self.documents}
        return tuple(kind for kind in self.documents_wanted if kind not in there)

    @property
    def approver(self) -> str:
        """Who approved it last, "" when nobody has; POLICY when nobody had to."""
        return next((mark.by for mark in reversed(self._since_submitted) if mark.act is Act.APPROVE), "")

    @property
    def agreed(self) -> tuple[str, ...]:
        """The persons who approved or agreed since it was last submitted."""
        acts = (Act.APPROVE, Act.AGREE)
        return tuple(mark.by for mark in self._since_submitted if mark.act in acts and mark.by != POLICY)

    @property
    def _since_submitted(self) -> tuple[Mark, ...]:
        since = max((at for at, mark in enumerate(self.marks) if mark.act is Act.SUBMIT), default=0)
        return self.marks[since:]

    def waits_for(self, need: Need) -> bool:
        """Whether it still has this need of people."""
        is_needed = any(each.need is need for each in self.needs)
        if need in (Need.REVIEW, Need.SUPERVISOR):
            return is_needed and self.approver in ("", POLICY)
        is_approved_too = any(each.need in (Need.REVIEW, Need.SUPERVISOR) for each in self.needs)
        return is_needed and need is Need.SECOND_PERSON and len(set(self.agreed)) < 1 + is_approved_too


def moved(application: Application, act: Act, at: str, by: str, why: str = "") -> Application:
    """One step on. Raises NotAllowed, SamePerson."""
    after = MOVES.get((application.state, act))
    if after is None:
        raise NotAllowed(f"{act.value} of what is {application.state.value}")
    is_again = act is Act.AGREE and by in application.agreed
    if act in BY_ANOTHER and by not in (POLICY, TERMINAL) and (by == application.requester or is_again):
        raise SamePerson(act.value)
    if act is Act.CARRY_OUT and (application.missing or any(map(application.waits_for, OF_PEOPLE))):
        raise NotAllowed("carry-out before everything is there")
    mark = Mark(act, at, by, why)
    return msgspec.structs.replace(application, state=after, marks=(*application.marks, mark))


def with_document(application: Application, document: Document) -> Application:
    """The same with one document more; one of its kind that was there is kept beside it. Raises NotAllowed."""
    added = moved(application, Act.ADD, document.at, document.by, document.kind)
    return msgspec.structs.replace(added, documents=(*added.documents, document))


def followed(application: Application, stage: Stage | None, at: str) -> Application:
    """In step with what became of its exchange; the same value when nothing is new. None: it never began."""
    before, told = _outcome(application), _told(stage)
    if stage is None and application.state is not State.CARRIED_OUT:
        return application  # it did begin, so its record is lost: nobody knows more than before
    if before is Act.ACCEPT and told is Act.UNDO:
        told = Act.REFUSE  # people said it was booked, the acquirer says it was not
    is_news = told is not before and (before in (None, Act.LOSE) or Act.ACCEPT in (before, told))
    if told is None or not is_news or (application.state, told) not in MOVES:
        return application
    if not application.exchange_id and application.state not in SENT:
        return application
    code = stage.response_code if isinstance(stage, Refused) else ""
    return moved(application, told, at, _teller(stage, told), code)


def _outcome(application: Application) -> Act | None:
    """What its exchange told last; None: nothing yet."""
    acts = (mark.act for mark in reversed(application.marks) if mark.act in (*OUTCOMES, Act.CARRY_OUT))
    last = next(acts, None)
    return None if last is Act.CARRY_OUT else last


def _teller(stage: Stage | None, told: Act) -> str:
    """Who says so: the two people, while the acquirer has not."""
    if isinstance(stage, Accepted | Refused | Reversed) and stage.testimony is not None:
        return f"{stage.testimony.supervisor} {stage.testimony.second}"
    return TERMINAL if told in (Act.UNDO, Act.LOSE) else ACQUIRER


def _told(stage: Stage | None) -> Act | None:
    match stage:
        case None | NotSent() | Reversed():
            return Act.UNDO
        case Accepted():
            return Act.ACCEPT
        case Refused():
            return Act.REFUSE
        case Unknown() | GivenUp():
            return Act.LOSE
    return None  # it is still on its way
