"""The application for a refund, from the form to the money: a value. Law: each step says who, when and why.

    draft --submit--> submitted --review--> under-review --approve--> approved --carry out--> carried-out
      |                   | approve (by policy) ^   | send back                ^                  | the exchange tells
      |                   +---------------------|---|--------------------------+                  v
      |                       submit again +-- returned          undo (nothing went) <-- accepted | refused | unknown
      +--withdraw--> closed (also from submitted, under-review, returned, approved)         |
                                                            accepted --credit--> credited --close--> closed
                                                            refused --close--> closed

`unknown` ends as the exchange does, and a late answer overrules: it may become accepted or refused. What approves by
policy is "policy"; what the acquirer said is by "acquirer". Who submitted is nobody who approves or returns.
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
    (State.REFUSED, Act.ACCEPT): State.ACCEPTED,  # a late acceptance overrules (refund.md 2, rule 6)
    (State.ACCEPTED, Act.CREDIT): State.CREDITED,
    (State.CREDITED, Act.CLOSE): State.CLOSED,
    (State.REFUSED, Act.CLOSE): State.CLOSED,
    **{(state, Act.WITHDRAW): State.CLOSED for state in UNSENT},
    **{(state, Act.ADD): state for state in State if state is not State.CLOSED},
    **{(state, Act.AGREE): state for state in (State.SUBMITTED, State.UNDER_REVIEW, State.APPROVED)},
}
BY_ANOTHER = (Act.REVIEW, Act.APPROVE, Act.SEND_BACK, Act.AGREE)


class NotAllowed(Exception):
    """This cannot be done to an application that is there: on another screen it went on meanwhile."""


class SamePerson(NotAllowed):
    """Nobody reviews, approves or agrees to what he asked for, or to what he agreed to already (refund.md 2, 8)."""


class Mark(msgspec.Struct, frozen=True):
    """A step: `by` is a person's number, or POLICY, ACQUIRER, TERMINAL; `why` an id of words or what was typed."""

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
    note: str = ""

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
        return next((mark.by for mark in reversed(self.marks) if mark.act is Act.APPROVE), "")

    @property
    def agreed(self) -> tuple[str, ...]:
        """The persons who approved or agreed since it was last submitted."""
        since = max((at for at, mark in enumerate(self.marks) if mark.act is Act.SUBMIT), default=0)
        acts = (Act.APPROVE, Act.AGREE)
        return tuple(mark.by for mark in self.marks[since:] if mark.act in acts and mark.by != POLICY)

    def waits_for(self, need: Need) -> bool:
        """Whether it still has this need of people."""
        is_needed = any(each.need is need for each in self.needs)
        if need in (Need.REVIEW, Need.SUPERVISOR):
            return is_needed and self.approver in ("", POLICY)
        return is_needed and need is Need.SECOND_PERSON and len(set(self.agreed)) < 2


def moved(application: Application, act: Act, at: str, by: str, why: str = "") -> Application:
    """One step on. Raises NotAllowed, SamePerson."""
    after = MOVES.get((application.state, act))
    if after is None:
        raise NotAllowed(f"{act.value} of what is {application.state.value}")
    is_again = act is Act.AGREE and by in application.agreed
    if act in BY_ANOTHER and by not in (POLICY, TERMINAL) and (by == application.requester or is_again):
        raise SamePerson(act.value)
    mark = Mark(act, at, by, why)
    return msgspec.structs.replace(application, state=after, marks=(*application.marks, mark))


def with_document(application: Application, document: Document) -> Application:
    """The same with one document more; one of its kind that was there is kept beside it. Raises NotAllowed."""
    added = moved(application, Act.ADD, document.at, document.by, document.kind)
    return msgspec.structs.replace(added, documents=(*added.documents, document))


def followed(application: Application, stage: Stage | None, at: str) -> Application:
    """In step with what became of its exchange; the same value when nothing is new. None: it never began."""
    act = _told(stage)
    if application.state not in (*SENT, State.REFUSED) or act is None:
        return application
    if (application.state, act) not in MOVES:
        return application
    code = stage.response_code if isinstance(stage, Refused) else ""
    by = TERMINAL if act in (Act.UNDO, Act.LOSE) else ACQUIRER
    return moved(application, act, at, by, code)


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
