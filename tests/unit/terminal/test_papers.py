"""Papers of the desk behind the counter. Law: details add up to the totals; no key, no card and no secret is on any."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.exchange.request import CardOnFile, Original, Request, Terms
from terminal.exchange.settling import totals_of
from terminal.exchange.stages import Accepted, AwaitingReply, GivenUp, NotSent, Refused, Reversed, Unknown
from terminal.iso8583.answers import Reply
from terminal.iso8583.cup import CUP
from terminal.iso8583.kinds import Kind, Silence
from terminal.key_check_paper import key_check_paper
from terminal.key_facts import KeyFact, VaultFacts
from terminal.money import Money
from terminal.morning_paper import morning_paper
from terminal.receipt import Pair
from terminal.screens import say
from terminal.self_test_paper import self_test_paper
from terminal.settlement_details_paper import parted, settlement_details_paper
from terminal.voucher import Style
from tests.golden.receipt_samples import CHECKS, LOGO, SHOP, WAITING
from ui.paper import typeset

AT = "2026-11-28T08:30:00+08:00"
CARD = CardOnFile("digest", "print", "621094******0003", "I")
ENDS = {
    "accepted": lambda request, reply: Accepted(request, reply),
    "refused": lambda request, reply: Refused(request, "51"),
    "not-sent": lambda request, reply: NotSent(request, "line"),
    "reversed": lambda request, reply: Reversed(request, "98"),
    "unknown": lambda request, reply: Unknown(request, "98"),
    "given-up": lambda request, reply: GivenUp(request, "98"),
    "awaiting": lambda request, reply: AwaitingReply(request),
}


@st.composite
def batches(draw) -> tuple:
    """A batch of anything: every kind and end, cards from here and abroad, adjustments of what is in it."""
    stages: list = []
    for number in range(1, draw(st.integers(0, 12)) + 1):
        kind = draw(st.sampled_from([*Kind]) | st.sampled_from([Kind.SALE, Kind.REFUND, Kind.ADJUSTMENT]))
        earlier = draw(st.sampled_from(stages)) if stages and draw(st.booleans()) else None
        original = Original(earlier.request.id, "", "", "", "", "", Money(1)) if earlier is not None else None
        stan, amount = f"{number:06d}", Money(draw(st.integers(1, 10**9)))
        request = Request(
            f"000001-{stan}", kind, stan, "000001", amount, AT, "01", CARD, Terms(Silence.QUERY), original=original
        )
        reply = Reply("0210", "00", rrn="091947145060", card_organisation=draw(st.sampled_from(["CUP", "", "VIS"])))
        stages.append(ENDS[draw(st.sampled_from([*ENDS]) | st.just("accepted"))](request, reply))
    return tuple(stages)


@given(batches())
def test_the_lines_that_count_add_up_to_the_totals_and_each_exchange_has_its_line(stages):
    counted, others = parted(stages, CUP.forms)
    totals = totals_of(stages, CUP.forms)
    debits = [minor for _, minor in counted if minor > 0]
    credits = [minor for _, minor in counted if minor < 0]
    assert (sum(debits), len(debits)) == (totals.debit + totals.foreign_debit, totals.debits + totals.foreign_debits)
    assert (-sum(credits), len(credits)) == (
        totals.credit + totals.foreign_credit,
        totals.credits + totals.foreign_credits,
    )
    lines = settlement_details_paper(stages, CUP.forms, "000001", "01", SHOP, Style(), AT).lines
    printed = [line for line in lines if isinstance(line, Pair) and line.label.id == "paper.details.item"]
    assert [line.value for line in printed[: len(counted)]] == [str(Money(minor)) for _, minor in counted]
    assert sorted(stage.request.id for stage in (*(stage for stage, _ in counted), *others)) == [
        stage.request.id for stage in stages
    ]
    net = next(line.value for line in lines if isinstance(line, Pair) and line.label.id == "paper.net")
    assert net == str(Money(sum(minor for _, minor in counted)))


@pytest.mark.parametrize("place", ["tmk.1", "kek", "pik", "mak", "tdk", "dukpt"])
@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_every_key_that_says_something_is_on_the_check_and_the_terminals_own_are_not(place, language):
    usage = {"pik": "pin", "mak": "mac", "tdk": "track"}.get(place, place.partition(".")[0])
    keys = (
        KeyFact(place, usage, "sm4", "1A2B3C", AT, "bundle"),
        KeyFact("device", "device", "aes", "FFEEDD", AT, "own"),
    )
    text = printed(key_check_paper(VaultFacts("ready", "tpm", 3, keys), "99", SHOP, Style(language=language), AT))
    assert "1A2B3C" in text
    assert "FFEEDD" not in text
    assert "[" not in text


@pytest.mark.parametrize("state", ["ready", "empty", "erased"])
@pytest.mark.parametrize("protection", ["tpm", "credential", "passphrase", "file"])
def test_a_check_of_no_keys_says_so_in_every_state(state, protection):
    text = printed(key_check_paper(VaultFacts(state, protection, 0), "99", SHOP, Style(), AT))
    assert "没有密钥。" in text
    assert "[" not in text


@pytest.mark.parametrize(
    ("ends", "said", "unsaid"),
    [
        ((True, True), ("全部通过",), ("不通过", "没有检查")),
        ((True, False), ("不通过",), ("全部通过", "没有检查")),
        ((True, None), ("没有检查",), ("全部通过", "不通过")),
        ((None, False), ("没有检查", "不通过"), ("全部通过",)),
    ],
)
def test_what_was_not_looked_at_is_neither_passed_nor_failed(ends, said, unsaid):
    checks = [(say("live.network"), say("verbatim", text="x"), end) for end in ends]
    text = printed(self_test_paper(checks, "00", SHOP, Style(), AT))
    assert all(word in text for word in said)
    assert not any(word in text for word in unsaid)


def test_the_self_test_has_a_row_for_each_check():
    receipt = self_test_paper(CHECKS, "00", SHOP, Style(), AT)
    assert {what.id for what, _, _ in CHECKS} <= {line.label.id for line in receipt.lines if isinstance(line, Pair)}


@pytest.mark.parametrize("at", range(3))
def test_each_part_of_the_morning_list_says_what_to_do_and_is_left_out_when_empty(at):
    one, marks = WAITING[at], ("逾期未到账", "结果未知", "在途")
    text = printed(morning_paper([one], (), "01", SHOP, Style(), AT))
    assert [mark in text for mark in marks] == [index == at for index in range(3)]
    assert "没有未了的事" not in text
    assert one.stage.request.stan in text


def test_the_logo_stands_above_all_else():
    shop = msgspec.structs.replace(SHOP, logo=LOGO)
    for receipt in (
        morning_paper((), (), "01", shop, Style(is_demo=True), AT),
        self_test_paper((), "", shop, Style(), AT),
    ):
        first, *rest = receipt.lines
        assert (first.width, first.height, first.bits) == (LOGO.width, LOGO.height, LOGO.bits)
        assert type(first) not in map(type, rest)


def printed(receipt, columns: int = 48) -> str:
    return "\n".join(row.text for row in typeset(receipt, columns) if hasattr(row, "text"))
