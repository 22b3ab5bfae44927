"""The exchange, read like its picture: what happened, where it goes, what is done next."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.exchange.request import CardOnFile, FeeSheet, Original, Request
from terminal.exchange.stages import (
    Accepted,
    Answered,
    AwaitingReply,
    CardApproved,
    CardFailed,
    Command,
    Completing,
    Connected,
    Connecting,
    Ended,
    InquiryAnswered,
    LineFailed,
    Misplaced,
    NotSent,
    Open,
    PowerReturned,
    Refused,
    Reversed,
    Reversing,
    Silent,
    Stage,
    TryDue,
    Unknown,
)
from terminal.iso8583.messages import Kind, Reply
from terminal.money import Money

CARD = CardOnFile("digest", "fingerprint", "625000******0001", "I")
ORIGINAL = Original("000001-000001", "000001", "000001", "091947145060", "123456", "1123", Money(1000))


def request(kind: Kind, **more) -> Request:
    return Request(
        "000001-000002",
        kind,
        "000002",
        "000001",
        Money(1000),
        "2026-11-23T10:00:00+08:00",
        "01",
        CARD,
        original=None if kind is Kind.SALE else ORIGINAL,
        fee_sheet=FeeSheet(Money(1000)),
        **more,
    )


REFUND, VOID, SALE = request(Kind.REFUND), request(Kind.VOID), request(Kind.SALE)
CHIP_SALE = request(Kind.SALE, needs_completion=True)
OK, NO, SILENT_ISSUER = Reply("0230", "00", rrn="1"), Reply("0230", "51"), Reply("0230", "68")


@pytest.mark.parametrize(
    ("stage", "event", "next_stage", "command"),
    [
        (Connecting(REFUND), Connected(), AwaitingReply(REFUND), Command.SEND_REQUEST),
        (Connecting(REFUND), LineFailed(), NotSent(REFUND, "line"), None),
        (Connecting(REFUND), PowerReturned(), NotSent(REFUND, "power"), None),
        (AwaitingReply(REFUND), Answered(OK), Accepted(REFUND, OK), None),
        (AwaitingReply(REFUND), Answered(NO), Refused(REFUND, "51"), None),
        (AwaitingReply(REFUND), Answered(SILENT_ISSUER), Unknown(REFUND, "98", 1), Command.SEND_INQUIRY),
        (AwaitingReply(REFUND), Answered(Reply("0230", "94")), Unknown(REFUND, "98", 1), Command.SEND_INQUIRY),
        (AwaitingReply(REFUND), Silent(), Unknown(REFUND, "98", 1), Command.SEND_INQUIRY),
        (AwaitingReply(REFUND), Silent("A0"), Unknown(REFUND, "A0", 1), Command.SEND_INQUIRY),
        (AwaitingReply(REFUND), PowerReturned(), Unknown(REFUND, "98", 1), Command.SEND_INQUIRY),
        (AwaitingReply(VOID), Silent(), Reversing(VOID, "98", 1), Command.SEND_REVERSAL),
        (AwaitingReply(VOID), Answered(SILENT_ISSUER), Reversing(VOID, "98", 1), Command.SEND_REVERSAL),
        (AwaitingReply(VOID), Answered(Reply("0210", "94")), Refused(VOID, "94"), None),
        (AwaitingReply(VOID), PowerReturned(), Reversing(VOID, "98", 1), Command.SEND_REVERSAL),
        (AwaitingReply(SALE), Silent("06"), Reversing(SALE, "06", 1), Command.SEND_REVERSAL),
        (AwaitingReply(CHIP_SALE), Answered(OK), Completing(CHIP_SALE, OK), Command.COMPLETE_CARD),
        (Completing(CHIP_SALE, OK), CardApproved(), Accepted(CHIP_SALE, OK), None),
        (Completing(CHIP_SALE, OK), CardFailed(), Reversing(CHIP_SALE, "96", 1), Command.SEND_REVERSAL),
        (Completing(CHIP_SALE, OK), PowerReturned(), Reversing(CHIP_SALE, "96", 1), Command.SEND_REVERSAL),
        (Reversing(VOID, "98", 1), Answered(Reply("0410", "00")), Reversed(VOID, "98"), None),
        (Reversing(VOID, "98", 1), Answered(Reply("0410", "25")), Reversed(VOID, "98"), None),
        (Reversing(VOID, "98", 1), Answered(Reply("0410", "12")), Reversed(VOID, "98"), None),
        (Reversing(VOID, "98", 1), Answered(Reply("0410", "96")), Reversing(VOID, "98", 2), Command.SEND_REVERSAL),
        (Reversing(VOID, "98", 2), Silent(), Reversing(VOID, "98", 3), Command.SEND_REVERSAL),
        (Reversing(VOID, "98", 3), Silent(), Reversing(VOID, "98", 3), None),
        (Reversing(VOID, "98", 3), TryDue(), Reversing(VOID, "98", 1), Command.SEND_REVERSAL),
        (Unknown(REFUND, "98", 1), Silent(), Unknown(REFUND, "98", 1), None),
        (Unknown(REFUND, "98", 1), TryDue(), Unknown(REFUND, "98", 2), Command.SEND_INQUIRY),
        (Unknown(REFUND, "98", 1), PowerReturned(), Unknown(REFUND, "98", 2), Command.SEND_INQUIRY),
        (Unknown(REFUND, "98", 1), InquiryAnswered(True, "51"), Refused(REFUND, "51"), None),
        (Unknown(REFUND, "98", 1), InquiryAnswered(False), Refused(REFUND, "not-received"), None),
        (Unknown(REFUND, "98", 1), Answered(OK), Accepted(REFUND, OK, is_late=True), None),
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
        Silent(),
        Silent("A0"),
        CardApproved(),
        CardFailed(),
        PowerReturned(),
        TryDue(),
    ]
)


@given(st.sampled_from([REFUND, VOID, SALE, CHIP_SALE]), st.lists(EVENTS, max_size=30))
def test_laws_of_every_walk(request, events):
    stage, sent = Connecting(request), 0
    for event in events:
        if not isinstance(stage, Open):
            break
        try:
            step = stage.on(event)
        except Misplaced:
            continue
        sent += step.command is Command.SEND_REQUEST
        assert sent <= 1, "a request is never sent twice"
        if request.kind is Kind.REFUND:
            assert not isinstance(step.stage, Reversing | Reversed), "a refund is never reversed"
        else:
            assert not isinstance(step.stage, Unknown), "a void or sale is reversed, not asked about"
        if isinstance(stage, Unknown) and not isinstance(step.stage, Unknown):
            assert isinstance(event, Answered | InquiryAnswered), "unknown ends only by an answer"
        if isinstance(step.stage, NotSent):
            assert sent == 0, "what may have left is never called unsent"
        assert (step.command is None) or isinstance(step.stage, Open)
        stage = step.stage


@given(st.sampled_from([Connecting, AwaitingReply]), st.sampled_from([REFUND, VOID, SALE]))
def test_every_stage_survives_the_disk(kind, request):
    stage = kind(request)
    assert msgspec.json.decode(msgspec.json.encode(stage), type=Stage) == stage


def test_an_ended_stage_takes_no_events():
    for kind in Ended.__args__:
        assert not hasattr(kind, "on")
