"""The exchange, read like its picture: what happened, where it goes, what is done next."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.exchange import events as happened
from terminal.exchange.events import (
    Answered,
    CardApproved,
    CardFailed,
    CardLost,
    Command,
    Connected,
    InquiryAnswered,
    LineFailed,
    Misplaced,
    PowerReturned,
    Reconciled,
    Silent,
    TryDue,
)
from terminal.exchange.request import CardOnFile, FeeSheet, Original, Request, Terms
from terminal.exchange.stages import (
    Accepted,
    AwaitingReply,
    Completing,
    Connecting,
    Ended,
    GivenUp,
    NotSent,
    Open,
    Refused,
    Reversed,
    Reversing,
    Stage,
    Unknown,
    Uploading,
)
from terminal.iso8583.answers import Reply
from terminal.iso8583.kinds import Kind, Silence
from terminal.money import Money

CARD = CardOnFile("digest", "fingerprint", "625000******0001", "I")
ORIGINAL = Original("000001-000001", "000001", "000001", "091947145060", "123456", "1123", Money(1000))


def request(kind: Kind, silence: Silence | None = None, **more) -> Request:
    rules = more.pop("rules", {})
    return Request(
        "000001-000002",
        kind,
        "000002",
        "000001",
        Money(1000),
        "2026-11-23T10:00:00+08:00",
        "01",
        CARD,
        Terms(silence or (Silence.QUERY if kind is Kind.REFUND else Silence.REVERSE), **rules),
        original=None if kind is Kind.SALE else ORIGINAL,
        fee_sheet=FeeSheet(Money(1000)),
        **more,
    )


REFUND, VOID, SALE = request(Kind.REFUND), request(Kind.VOID), request(Kind.SALE)
CHIP_SALE = request(Kind.SALE, needs_completion=True)
REPEATED = request(Kind.REFUND, Silence.REPEAT)  # an acquirer that guarantees to know a repeat
OFFLINE = request(Kind.OFFLINE_SALE, Silence.REPEAT)
PARTIAL = request(Kind.SALE, rules={"may_be_partial": True})
DROPPED = request(Kind.SALE, rules={"reverses_mismatch": False})
GIVEN_UP = request(Kind.SALE, rules={"keeps_reversal": False})
PART = Reply("0210", "10", amount=Money(400))
OK, NO, SILENT_ISSUER = Reply("0230", "00", rrn="1"), Reply("0230", "51"), Reply("0230", "68")
DOUBLED = Reply("0230", "94")
KEYS_AWAY = Silent(fault="keys-missing")
SAID = happened.Testimony("phone", "20261124", "00", "02", "01", "2026-11-24T09:00:00+08:00")
SAID_OF_A = msgspec.structs.replace(SAID, address="a:1")
BY_PEOPLE = {silence: Reply(mti, "00") for silence, mti in ((Silence.QUERY, "0230"), (Silence.REVERSE, "0210"))}


def by_people(request: Request, testimony: happened.Testimony = SAID) -> Accepted:
    return Accepted(request, BY_PEOPLE[request.terms.silence], True, "", testimony.address, testimony)


def unknown(request: Request, fault: str = "no-answer", reason: str = "98") -> Unknown:
    return Unknown(request, reason, 1, fault=fault)


def uploading(attempts: int, sent: int) -> Uploading:
    return Uploading(OFFLINE, attempts, sent, "a:1")


def reversing(request: Request, fault: str = "no-answer", reason: str = "98") -> Reversing:
    return Reversing(request, reason, 1, fault=fault)


@pytest.mark.parametrize(
    ("stage", "event", "next_stage", "command"),
    [
        (Connecting(REFUND), Connected(), AwaitingReply(REFUND), Command.SEND_REQUEST),
        (Connecting(REFUND), LineFailed(), NotSent(REFUND, "line"), None),
        (Connecting(REFUND), PowerReturned(), NotSent(REFUND, "power"), None),
        (AwaitingReply(REFUND), Answered(OK), Accepted(REFUND, OK), None),
        (AwaitingReply(REFUND), Answered(NO), Refused(REFUND, "51"), None),
        (AwaitingReply(REFUND), Answered(SILENT_ISSUER), unknown(REFUND, "issuer-silent"), Command.SEND_INQUIRY),
        (AwaitingReply(REFUND), Answered(Reply("0230", "09")), unknown(REFUND, "issuer-silent"), Command.SEND_INQUIRY),
        (AwaitingReply(REFUND), Answered(Reply("0230", "94")), unknown(REFUND, "duplicate"), Command.SEND_INQUIRY),
        (AwaitingReply(REFUND), Silent(), unknown(REFUND), Command.SEND_INQUIRY),
        (AwaitingReply(REFUND), Silent("A0", "mac-wrong"), unknown(REFUND, "mac-wrong", "A0"), Command.SEND_INQUIRY),
        (AwaitingReply(REFUND), PowerReturned(), unknown(REFUND, "power"), Command.SEND_INQUIRY),
        (AwaitingReply(REPEATED), Silent(), unknown(REPEATED), Command.SEND_AGAIN),
        (
            AwaitingReply(REPEATED),
            Answered(Reply("0230", "94")),
            unknown(REPEATED, "duplicate"),
            Command.SEND_AGAIN,
        ),
        (AwaitingReply(VOID), Silent(), reversing(VOID), Command.SEND_REVERSAL),
        (AwaitingReply(VOID), Answered(SILENT_ISSUER), reversing(VOID, "issuer-silent"), Command.SEND_REVERSAL),
        (AwaitingReply(VOID), Answered(Reply("0210", "94")), Refused(VOID, "94"), None),
        (AwaitingReply(VOID), PowerReturned(), reversing(VOID, "power"), Command.SEND_REVERSAL),
        (AwaitingReply(VOID, "a:1"), Silent(), Reversing(VOID, "98", 1, address="a:1"), Command.SEND_REVERSAL),
        (AwaitingReply(SALE), Silent("06", "other-stan"), reversing(SALE, "other-stan", "06"), Command.SEND_REVERSAL),
        (AwaitingReply(DROPPED), Silent("06", "other-stan"), Unknown(DROPPED, "06", fault="other-stan"), None),
        (AwaitingReply(DROPPED), Silent(), reversing(DROPPED), Command.SEND_REVERSAL),
        (AwaitingReply(SALE), Answered(PART), reversing(SALE, "part-not-asked", "06"), Command.SEND_REVERSAL),
        (AwaitingReply(PARTIAL), Answered(PART), Accepted(PARTIAL, PART), None),
        (AwaitingReply(REFUND), Answered(PART), unknown(REFUND, "part-not-asked", "06"), Command.SEND_INQUIRY),
        (AwaitingReply(CHIP_SALE), Answered(OK), Completing(CHIP_SALE, OK), Command.COMPLETE_CARD),
        (Completing(CHIP_SALE, OK), CardApproved("9F27"), Accepted(CHIP_SALE, OK, certificate="9F27"), None),
        (Completing(CHIP_SALE, OK), CardFailed(), reversing(CHIP_SALE, "card-failed", "96"), Command.SEND_REVERSAL),
        (Completing(CHIP_SALE, OK), PowerReturned(), reversing(CHIP_SALE, "card-failed", "96"), Command.SEND_REVERSAL),
        (Reversing(VOID, "98", 1), Answered(Reply("0410", "00")), Reversed(VOID, "98"), None),
        (Reversing(VOID, "98", 1), Answered(Reply("0410", "25")), Reversed(VOID, "98"), None),
        (Reversing(VOID, "98", 1), Answered(Reply("0410", "12")), Reversed(VOID, "98"), None),
        (Reversing(VOID, "98", 1), Answered(Reply("0410", "96")), Reversing(VOID, "98", 2), Command.SEND_REVERSAL),
        (Reversing(VOID, "98", 2), Silent(), Reversing(VOID, "98", 3), Command.SEND_REVERSAL),
        (Reversing(VOID, "98", 3), Silent(), Reversing(VOID, "98", 3), None),
        (Reversing(VOID, "98", 3), TryDue(), Reversing(VOID, "98", 1), Command.SEND_REVERSAL),
        (Reversing(GIVEN_UP, "98", 2), Silent(), Reversing(GIVEN_UP, "98", 3), Command.SEND_REVERSAL),
        (Reversing(GIVEN_UP, "98", 3), Silent(), GivenUp(GIVEN_UP, "98"), None),
        (Reversing(GIVEN_UP, "98", 3), KEYS_AWAY, Reversing(GIVEN_UP, "98", 3), None),
        (Reversing(VOID, "98", 1), KEYS_AWAY, Reversing(VOID, "98", 1), None),
        (Reversing(VOID, "98", 1), CardLost(), GivenUp(VOID, "98", "card-lost"), None),
        (GivenUp(VOID, "98", "card-lost"), Reconciled(False), Reversed(VOID, "98", "card-lost"), None),
        (GivenUp(GIVEN_UP, "98"), Reconciled(False), Reversed(GIVEN_UP, "98"), None),
        (GivenUp(GIVEN_UP, "98"), Reconciled(True, "51"), Refused(GIVEN_UP, "51"), None),
        (GivenUp(GIVEN_UP, "98"), TryDue(), GivenUp(GIVEN_UP, "98"), None),
        (Unknown(REFUND, "98", 1), Silent(), Unknown(REFUND, "98", 1), None),
        (Unknown(REFUND, "98", 1), TryDue(), Unknown(REFUND, "98", 2), Command.SEND_INQUIRY),
        (Unknown(REFUND, "98", 1), PowerReturned(), Unknown(REFUND, "98", 2), Command.SEND_INQUIRY),
        (Unknown(REFUND, "98", 1), InquiryAnswered(True, "51"), Refused(REFUND, "51"), None),
        (Unknown(REFUND, "98", 1), InquiryAnswered(True, "68"), Unknown(REFUND, "98", 1), None),
        (Unknown(REFUND, "98", 1), InquiryAnswered(False), Refused(REFUND, "not-received"), None),
        (Unknown(REFUND, "98", 1), Reconciled(True, "51"), Refused(REFUND, "51"), None),
        (Unknown(REFUND, "98", 1), Reconciled(False), Refused(REFUND, "not-received"), None),
        (Unknown(REFUND, "98", 1), happened.Testified(True, SAID), by_people(REFUND), None),
        (Unknown(REFUND, "98", 1, "a:1"), happened.Testified(True, SAID), by_people(REFUND, SAID_OF_A), None),
        (
            Unknown(REFUND, "98", 1, "a:1"),
            happened.Testified(False, SAID),
            Refused(REFUND, "not-received", SAID_OF_A),
            None,
        ),
        (GivenUp(VOID, "98", "card-lost"), happened.Testified(True, SAID), by_people(VOID), None),
        (
            GivenUp(VOID, "98", "card-lost"),
            happened.Testified(False, SAID),
            Reversed(VOID, "98", "card-lost", SAID),
            None,
        ),
        (Unknown(REFUND, "98", 1), Answered(OK), Accepted(REFUND, OK, is_late=True), None),
        (Unknown(REFUND, "98", 1), Answered(NO), Unknown(REFUND, "98", 1), None),
        (Unknown(REPEATED, "98", 1), TryDue(), Unknown(REPEATED, "98", 2), Command.SEND_AGAIN),
        (Unknown(REPEATED, "98", 1), Answered(NO), Unknown(REPEATED, "98", 1), None),
        (Unknown(REPEATED, "98", 1), Answered(Reply("0230", "61")), Unknown(REPEATED, "98", 1), None),
        (Unknown(REPEATED, "98", 1), Answered(DOUBLED), Accepted(REPEATED, DOUBLED, is_late=True), None),
        (unknown(REPEATED), CardLost(), unknown(REPEATED, "card-lost"), None),
        (unknown(REPEATED, "card-lost"), TryDue(), unknown(REPEATED, "card-lost"), None),
        (unknown(REPEATED, "card-lost"), Answered(DOUBLED), unknown(REPEATED, "card-lost"), None),
        (unknown(REPEATED, "card-lost"), Reconciled(False), Refused(REPEATED, "not-received"), None),
        (Unknown(REPEATED, "98", 1), Answered(Reply("0230", "77")), Unknown(REPEATED, "98", 1), None),
        (Unknown(REFUND, "98", 1), Answered(DOUBLED), Unknown(REFUND, "98", 1), None),
        (Unknown(SALE, "06", 0), TryDue(), Unknown(SALE, "06", 0), None),
        (Uploading(OFFLINE), TryDue(), Uploading(OFFLINE), Command.CONNECT),
        (Uploading(OFFLINE), LineFailed(), Uploading(OFFLINE), None),
        (Uploading(OFFLINE), Connected("a:1"), uploading(1, 1), Command.SEND_AGAIN),
        (uploading(1, 1), Silent(), uploading(2, 2), Command.SEND_AGAIN),
        (uploading(3, 3), Silent(), uploading(3, 3), None),
        (uploading(3, 3), TryDue(), uploading(1, 4), Command.SEND_AGAIN),
        (Uploading(OFFLINE), CardLost(), Unknown(OFFLINE, "98", fault="card-lost"), None),
        (uploading(1, 1), CardLost(), Unknown(OFFLINE, "98", address="a:1", fault="card-lost"), None),
        (uploading(1, 1), PowerReturned(), uploading(1, 1), None),
        (uploading(2, 2), Answered(DOUBLED), Accepted(OFFLINE, DOUBLED, is_late=True, address="a:1"), None),
        (uploading(1, 1), Answered(DOUBLED), Unknown(OFFLINE, "98", address="a:1", fault="duplicate"), None),
        (uploading(1, 1), Answered(NO), Refused(OFFLINE, "51"), None),
        (uploading(3, 3), Answered(Reply("0230", "96")), uploading(3, 3), None),
    ],
)
def test_dialogue(stage, event, next_stage, command):
    step = stage.on(event)
    assert (step.stage, step.command) == (next_stage, command)


EVENTS = st.sampled_from(
    [
        Connected(),
        LineFailed(),
        Answered(OK),
        Answered(NO),
        Answered(SILENT_ISSUER),
        Answered(Reply("0410", "25")),
        InquiryAnswered(True, "00", "1"),
        InquiryAnswered(True, "51"),
        InquiryAnswered(False),
        Reconciled(True, "00", "1"),
        Reconciled(True, "51"),
        Reconciled(False),
        happened.Testified(True, SAID),
        happened.Testified(False, SAID),
        Answered(PART),
        Answered(DOUBLED),
        Silent(),
        Silent("A0", "mac-wrong"),
        Silent("06", "other-amount"),
        CardApproved(),
        CardFailed(),
        CardLost(),
        KEYS_AWAY,
        PowerReturned(),
        TryDue(),
    ]
)


REQUESTS = st.sampled_from([REFUND, VOID, SALE, CHIP_SALE, REPEATED, PARTIAL, DROPPED, GIVEN_UP])


@given(REQUESTS, st.lists(EVENTS, max_size=30))
def test_laws_of_every_walk(request, events):
    stage, sent, silence = Connecting(request), 0, request.terms.silence
    for event in events:
        if not isinstance(stage, Open):
            break
        try:
            step = stage.on(event)
        except Misplaced:
            continue
        sent += step.command is Command.SEND_REQUEST
        assert sent <= 1, "a request is never sent twice"
        assert step.command is not Command.SEND_AGAIN or silence is Silence.REPEAT, "only by contract is it repeated"
        if silence is Silence.REVERSE:
            assert step.command is not Command.SEND_INQUIRY, "a void or sale is reversed, not asked about"
            assert not isinstance(step.stage, Unknown) or not request.terms.reverses_mismatch
        else:
            assert not isinstance(step.stage, Reversing | Reversed), "a refund is never reversed"
        if isinstance(stage, Unknown) and not isinstance(step.stage, Unknown):
            assert isinstance(event, Answered | InquiryAnswered | Reconciled | happened.Testified), (
                "unknown ends by a word"
            )
        if isinstance(event, happened.Testified):
            assert isinstance(stage, Unknown | GivenUp), "people end only what nothing else ends"
            assert step.command is None, "their word sends nothing"
            assert isinstance(step.stage, Ended)
        assert getattr(step.stage, "testimony", None) is None or isinstance(event, happened.Testified), (
            "nobody else testifies"
        )
        if isinstance(stage, Reversing) and isinstance(step.stage, GivenUp):
            assert event == CardLost() or not request.terms.keeps_reversal, "a reversal is kept while it can be sent"
            assert event != KEYS_AWAY, "keys that are away end nothing"
        if isinstance(step.stage, NotSent):
            assert sent == 0, "what may have left is never called unsent"
        if isinstance(step.stage, Accepted):
            assert step.stage.amount <= request.amount
        assert (step.command is None) or isinstance(step.stage, Open)
        stage = step.stage


@given(st.sampled_from([Connecting, AwaitingReply, Uploading]), REQUESTS)
def test_every_stage_survives_the_disk(kind, request):
    stage = kind(request)
    assert msgspec.json.decode(msgspec.json.encode(stage), type=Stage) == stage


@given(REQUESTS, st.sampled_from(["", "10.0.0.1:9000"]), st.lists(EVENTS, max_size=12))
def test_what_is_owed_goes_where_the_request_went(request, address, events):
    stage = AwaitingReply(request, address)
    for event in events:
        if not isinstance(stage, Open) or not hasattr(stage, "address"):
            break
        assert stage.address == address
        try:
            stage = stage.on(event).stage
        except Misplaced:
            continue


def test_an_ended_stage_takes_no_events():
    for kind in Ended.__args__:
        assert not hasattr(kind, "on")
