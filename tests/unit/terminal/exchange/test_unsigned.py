"""What could not be signed never left: a 94 to the first that did proves nothing."""

from terminal.exchange.events import KEYS_MISSING, Answered, Connected, Silent, TryDue
from terminal.exchange.request import CardOnFile, Request, Terms
from terminal.exchange.stages import Accepted, AwaitingReply, Uploading
from terminal.iso8583.answers import Reply
from terminal.iso8583.kinds import Kind, Silence
from terminal.money import Money

CARD = CardOnFile("0" * 64, "f", "621094******0029", "S")


def request(kind):
    return Request(
        "000001-000001", kind, "000001", "000001", Money(100), "2026-11-23T10:00:00+08:00", "01", CARD,
        Terms(Silence.REPEAT),
    )  # fmt: skip


def test_offline_money():
    step = Uploading(request(Kind.OFFLINE_SETTLEMENT)).on(TryDue())
    step = step.stage.on(Connected("bank.test:1"))
    while step.command is not None:
        step = step.stage.on(Silent(fault=KEYS_MISSING))
    step = step.stage.on(TryDue())
    after = step.stage.on(Answered(Reply("0230", "94"))).stage
    assert not isinstance(after, Accepted), after


def test_a_refund_that_is_repeated():
    step = AwaitingReply(request(Kind.REFUND), "bank.test:1").on(Silent(fault=KEYS_MISSING))
    after = step.stage.on(Answered(Reply("0230", "94"))).stage
    assert not isinstance(after, Accepted), after
