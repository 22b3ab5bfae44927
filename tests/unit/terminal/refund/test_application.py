"""Applications: a table without dead ends, marks that are never lost, and outcomes that only the exchange tells."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.exchange import ends
from terminal.exchange.stages import Accepted, NotSent, Refused, Reversed, Unknown
from terminal.iso8583.kinds import Kind
from terminal.refund.application import (
    ACQUIRER,
    BY_ANOTHER,
    MOVES,
    OPEN,
    POLICY,
    SENT,
    TERMINAL,
    UNSENT,
    Act,
    Application,
    Document,
    Mark,
    NotAllowed,
    SamePerson,
    State,
    followed,
    moved,
    with_document,
)
from terminal.refund.policy import Need, Needed
from tests.unit.terminal.refund.histories import SHEET, STAGES, back, sale

AT = "2026-11-23T10:00:00+08:00"
DRAFT = Application("000001", sale(), SHEET, "returned", Kind.REFUND, "01", AT, "factory")
SAID = ends.Testimony("phone", "123456", "00", "02", "01", AT)
NEEDS = {need: (Needed(need, "amount"),) for need in (Need.REVIEW, Need.SUPERVISOR, Need.SECOND_PERSON)}
STATES_BY_EXCHANGE = (State.ACCEPTED, State.REFUSED, State.UNKNOWN)


def walked(*steps, application=DRAFT):
    """`steps`: an act, or an act and by whom."""
    for step in steps:
        act, by = step if isinstance(step, tuple) else (step, "01")
        application = moved(application, act, AT, by)
        if act is Act.CARRY_OUT:
            application = msgspec.structs.replace(application, exchange_id="000001-000002")
    return application


def sent(*more):
    return walked(Act.SUBMIT, (Act.APPROVE, "02"), Act.CARRY_OUT, *more)


# --- the table --------------------------------------------------------------------------------------------------------
def test_only_closed_is_an_end_and_every_state_reaches_it():
    exits = {state: {after for (before, _), after in MOVES.items() if before is state} - {state} for state in State}
    assert all(exits[state] for state in State if state is not State.CLOSED)
    # what is closed ends there, but for the acquirer's later word on what it was closed for
    assert {act for state, act in MOVES if state is State.CLOSED} == {Act.ACCEPT, Act.REFUSE}
    reached = {State.CLOSED}
    while more := {state for state in State if exits[state] & reached} - reached:
        reached |= more
    assert reached == set(State)
    known = {State.DRAFT}
    while more := {after for state in known for after in exits[state]} - known:
        known |= more
    assert known == set(State)


def test_nobody_knows_how_it_ended_but_the_exchange():
    """What is out is out: no person's act leads from it or to an outcome."""
    told = {Act.ACCEPT, Act.REFUSE, Act.LOSE, Act.UNDO}
    for (before, act), after in MOVES.items():
        if before is not after and (before in SENT or after in STATES_BY_EXCHANGE):
            assert act in told
    assert set(OPEN) == set(UNSENT) | set(SENT)


@given(st.lists(st.tuples(st.integers(0, 99), st.sampled_from(["00", "01", "02", POLICY, TERMINAL])), max_size=40))
def test_every_path_keeps_all_marks_and_who_asks_is_nobody_who_agrees(steps):
    """Now and then an act is tried that the table has not."""
    application, taken = DRAFT, []
    for choice, by in steps:
        known = [act for act in Act if (application.state, act) in MOVES]
        act = (known + known + list(Act))[choice % (2 * len(known) + len(Act))]
        try:
            after = moved(application, act, AT, by)
        except NotAllowed as stop:
            is_self = act in BY_ANOTHER and by == application.requester
            is_again = isinstance(stop, SamePerson) and by in application.agreed
            assert (application.state, act) not in MOVES or is_self or is_again
            continue
        assert after.state is MOVES[application.state, act]
        taken.append(Mark(act, AT, by))
        application = after
        assert application.marks == tuple(taken)
        assert application.requester not in application.agreed
    agreed = [mark for mark in application.marks if mark.act in BY_ANOTHER]
    assert all(mark.by != "01" for mark in agreed)


def test_what_is_returned_again_and_again_keeps_every_mark():
    steps = [(Act.SUBMIT, "01"), (Act.REVIEW, "02"), (Act.SEND_BACK, "02")] * 10
    assert [(mark.act, mark.by) for mark in walked(*steps).marks] == steps


@pytest.mark.parametrize("act", BY_ANOTHER)
def test_the_requester_neither_reviews_nor_approves_nor_returns(act):
    waiting = walked(Act.SUBMIT, (Act.REVIEW, "02"))
    with pytest.raises(SamePerson):
        moved(waiting, act, AT, "01")
    assert moved(waiting, act, AT, "02")


def test_one_person_agrees_once():
    approved = walked(Act.SUBMIT, (Act.APPROVE, "02"))
    with pytest.raises(SamePerson):
        moved(approved, Act.AGREE, AT, "02")
    assert moved(approved, Act.AGREE, AT, "03").agreed == ("02", "03")


def test_who_agreed_before_it_was_returned_has_to_agree_anew():
    again = walked(Act.SUBMIT, (Act.APPROVE, "02"), (Act.SEND_BACK, "03"), Act.SUBMIT)
    assert again.agreed == ()


# --- nothing goes while anything is missing ---------------------------------------------------------------------------
@pytest.mark.parametrize("need", NEEDS)
def test_nothing_is_carried_out_while_somebody_must_agree(need):
    wanting = msgspec.structs.replace(DRAFT, needs=NEEDS[need])
    by_policy = walked(Act.SUBMIT, (Act.APPROVE, POLICY), application=wanting)
    with pytest.raises(NotAllowed):
        moved(by_policy, Act.CARRY_OUT, AT, "01")
    one = walked(Act.SUBMIT, (Act.APPROVE, "02"), application=wanting)
    assert moved(one, Act.CARRY_OUT, AT, "01").state is State.CARRIED_OUT


def test_a_second_person_is_one_besides_who_approved():
    both = (Needed(Need.SUPERVISOR, "amount"), Needed(Need.SECOND_PERSON, "amount"))
    one = walked(Act.SUBMIT, (Act.APPROVE, "00"), application=msgspec.structs.replace(DRAFT, needs=both))
    with pytest.raises(NotAllowed):
        moved(one, Act.CARRY_OUT, AT, "01")
    assert moved(moved(one, Act.AGREE, AT, "03"), Act.CARRY_OUT, AT, "01").state is State.CARRIED_OUT


def test_nothing_is_carried_out_while_a_document_is_missing():
    wanting = msgspec.structs.replace(DRAFT, documents_wanted=("receipt", "note"))
    approved = walked(Act.SUBMIT, (Act.APPROVE, POLICY), application=wanting)
    approved = with_document(approved, Document("receipt", AT, "01"))
    assert approved.missing == ("note",)
    with pytest.raises(NotAllowed):
        moved(approved, Act.CARRY_OUT, AT, "01")
    assert moved(with_document(approved, Document("note", AT, "01", "seen")), Act.CARRY_OUT, AT, "01")


# --- what the exchange tells ------------------------------------------------------------------------------------------
def stage(kind, testimony=None):
    made = back(Kind.REFUND, 10_000, kind)
    return made if testimony is None else msgspec.structs.replace(made, testimony=testimony)


@pytest.mark.parametrize(
    ("kind", "state", "by"),
    [
        (Accepted, State.ACCEPTED, ACQUIRER),
        (Refused, State.REFUSED, ACQUIRER),
        (Unknown, State.UNKNOWN, TERMINAL),
        (NotSent, State.APPROVED, TERMINAL),
        (Reversed, State.APPROVED, TERMINAL),
    ],
)
def test_it_follows(kind, state, by):
    after = followed(sent(), stage(kind), AT)
    assert (after.state, after.marks[-1].by) == (state, by)
    assert followed(after, stage(kind), AT) is after  # told twice is told once


@pytest.mark.parametrize(
    ("kind", "state"),
    [(Accepted, State.ACCEPTED), (Refused, State.REFUSED), (Reversed, State.APPROVED), (NotSent, State.APPROVED)],
)
def test_unknown_ends_as_the_exchange_does(kind, state):
    unknown = followed(sent(), stage(Unknown), AT)
    after = followed(unknown, stage(kind), AT)
    assert after.state is state
    assert after.marks[:-1] == unknown.marks


def test_what_never_began_is_as_before_but_a_lost_record_tells_nothing():
    assert followed(sent(), None, AT).state is State.APPROVED
    unknown = followed(sent(), stage(Unknown), AT)
    assert followed(unknown, None, AT) is unknown


def test_what_was_undone_and_sent_again_follows_the_second_exchange():
    again = moved(followed(sent(), stage(NotSent), AT), Act.CARRY_OUT, AT, "01")
    assert followed(again, stage(NotSent), AT).state is State.APPROVED
    assert followed(again, stage(Accepted), AT).state is State.ACCEPTED


@pytest.mark.parametrize("before", [Unknown, Refused, Reversed])
@pytest.mark.parametrize("closes", [False, True])
def test_a_late_acceptance_overrules(before, closes):
    application = followed(sent(), stage(before), AT)
    if closes and before is not Unknown:
        end = Act.CLOSE if application.state is State.REFUSED else Act.WITHDRAW
        application = moved(application, end, AT, "00")
        assert application.state is State.CLOSED
    after = followed(application, stage(Accepted), AT)
    assert after.state is State.ACCEPTED
    assert after.marks[:-1] == application.marks


def test_people_are_named_until_the_acquirer_speaks_and_it_overrules_them():
    said = followed(followed(sent(), stage(Unknown), AT), stage(Accepted, SAID), AT)
    assert (said.state, said.marks[-1].by) == (State.ACCEPTED, "00 02")
    for kind in (Refused, Reversed):
        assert followed(said, stage(kind), AT).state is State.REFUSED
    closed = walked((Act.CREDIT, "00"), (Act.CLOSE, "00"), application=said)
    assert followed(closed, stage(Refused), AT).state is State.REFUSED
    assert followed(closed, stage(Accepted), AT) is closed


def test_what_was_withdrawn_before_it_was_sent_follows_nothing():
    withdrawn = walked(Act.SUBMIT, Act.WITHDRAW)
    for kind in STAGES:
        assert followed(withdrawn, stage(kind), AT) is withdrawn


@given(st.lists(st.sampled_from([*STAGES, None]), max_size=8))
def test_following_never_loses_an_outcome_and_never_makes_one_up(stages):
    application = sent()
    for kind in stages:
        after = followed(application, None if kind is None else stage(kind), AT)
        assert after.marks[: len(application.marks)] == application.marks
        if after.state is not application.state:
            assert len(after.marks) == len(application.marks) + 1
        if after.state is State.ACCEPTED and application.state is not State.ACCEPTED:
            assert kind is Accepted
        if kind is Accepted:
            assert after.state is State.ACCEPTED
        if application.state is State.ACCEPTED and kind in (Unknown, None):
            assert after is application
        application = after
