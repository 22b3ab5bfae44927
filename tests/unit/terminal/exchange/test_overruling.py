"""The acquirer's later word: it overrules people and refusals, confirms them, and never unsays its own."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.exchange.events import InquiryAnswered, Reconciled
from terminal.exchange.overruling import asked_again, heard, is_reversal_of_fortune, rests_on
from terminal.exchange.stages import Accepted, GivenUp, NotSent, Refused, Reversed, Stage, Unknown
from terminal.iso8583.answers import Reply
from terminal.iso8583.kinds import Silence
from tests.unit.terminal.exchange.test_stages import GIVEN_UP, REFUND, REPEATED, SAID_OF_A, SALE, by_people

BOOKED, NO, GONE = Reconciled(True, "00", "42"), Reconciled(True, "51"), Reconciled(False)
NEVER = Refused(REFUND, "not-received", SAID_OF_A)
LATE = Accepted(REFUND, Reply("0230", "00", rrn="42"), is_late=True, address="a:1")
UNDONE = Reversed(SALE, "98", "no-answer", SAID_OF_A)


@pytest.mark.parametrize(
    ("held", "word", "after", "is_loud"),
    [
        (by_people(REFUND, SAID_OF_A), BOOKED, LATE, False),
        (by_people(REFUND, SAID_OF_A), InquiryAnswered(True, "00", "42"), LATE, False),
        (by_people(REFUND, SAID_OF_A), NO, Refused(REFUND, "51"), True),
        (by_people(REFUND, SAID_OF_A), GONE, Refused(REFUND, "not-received"), True),
        (by_people(REFUND, SAID_OF_A), InquiryAnswered(False), Refused(REFUND, "not-received"), True),
        (by_people(REFUND, SAID_OF_A), InquiryAnswered(True, "68"), by_people(REFUND, SAID_OF_A), False),
        (by_people(SALE), GONE, Reversed(SALE, "98"), True),
        (NEVER, BOOKED, LATE, True),
        (NEVER, InquiryAnswered(True, "00", "42"), LATE, True),
        (NEVER, GONE, Refused(REFUND, "not-received"), False),
        (NEVER, NO, Refused(REFUND, "51"), False),
        (UNDONE, BOOKED, Accepted(SALE, Reply("0210", "00", rrn="42"), is_late=True, address="a:1"), True),
        (UNDONE, GONE, Reversed(SALE, "98"), False),
        (Refused(REFUND, "51"), BOOKED, Accepted(REFUND, Reply("0230", "00", rrn="42"), is_late=True), True),
        (Refused(REFUND, "94"), BOOKED, Refused(REFUND, "94"), False),  # that F11 may be another's
        (Refused(REFUND, "51"), GONE, Refused(REFUND, "51"), False),
        (LATE, GONE, LATE, False),
        (LATE, NO, LATE, False),
        (Reversed(SALE, "98"), BOOKED, Reversed(SALE, "98"), False),
        (NotSent(REFUND, "line"), BOOKED, NotSent(REFUND, "line"), False),
        (Unknown(REFUND, "98"), GONE, Refused(REFUND, "not-received"), False),
        (GivenUp(GIVEN_UP, "98"), GONE, Reversed(GIVEN_UP, "98"), False),
        (GivenUp(GIVEN_UP, "98"), InquiryAnswered(False), GivenUp(GIVEN_UP, "98"), False),
    ],
)
def test_what_becomes_of_it(held, word, after, is_loud):
    assert heard(held, word) == after
    assert is_reversal_of_fortune(held, after) is is_loud


HELD = st.sampled_from(
    [by_people(REFUND), by_people(SALE), NEVER, UNDONE, LATE, Refused(REFUND, "51"), Refused(REFUND, "94")]
)
CODES = st.sampled_from(["00", "51", "68", "09", "94", "10", "11"])
WORDS = st.one_of(
    st.builds(Reconciled, st.booleans(), CODES, st.just("42")),
    st.builds(InquiryAnswered, st.booleans(), CODES, st.just("42")),
)


@given(HELD, st.lists(WORDS, max_size=8))
def test_once_the_acquirer_has_said_yes_it_stays_yes_and_people_never_speak_again(stage, words):
    has_spoken, is_booked = rests_on(stage) is None, stage == LATE
    for word in words:
        stage = heard(stage, word)
        assert msgspec.json.decode(msgspec.json.encode(stage), type=Stage) == stage
        assert not has_spoken or rests_on(stage) is None
        has_spoken |= rests_on(stage) is None
        is_booked |= isinstance(stage, Accepted) and rests_on(stage) is None
        assert not is_booked or isinstance(stage, Accepted), "its own acceptance is not taken back by silence"


def test_what_rests_on_people_is_asked_about_where_it_went_and_never_sent_again():
    assert asked_again(by_people(REFUND, SAID_OF_A)) == Unknown(REFUND, "98", address="a:1")
    assert asked_again(NEVER) == Unknown(REFUND, "98", address="a:1")
    assert asked_again(LATE) is None
    assert asked_again(UNDONE) is None
    repeated = Refused(REPEATED, "not-received", SAID_OF_A)
    assert repeated.request.terms.silence is Silence.REPEAT
    assert asked_again(repeated) is None
