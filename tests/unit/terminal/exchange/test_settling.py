"""What a settlement says and uploads, as laws over the exchanges of a batch (cup.md 2.11)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.exchange.request import CardOnFile, Original, Request, Terms
from terminal.exchange.settling import What, address_of, items_of, totals_of
from terminal.exchange.stages import Accepted, NotSent, Refused, Unknown
from terminal.iso8583.answers import Reply
from terminal.iso8583.cup import CUP
from terminal.iso8583.kinds import Kind, Side, Silence
from terminal.iso8583.message import WireError
from terminal.iso8583.settlement import BALANCED, NOT_BALANCED, Totals, totals, verdict
from terminal.money import Money


def accepted(number, kind=Kind.SALE, minor=100, entry="S", organisation="CUP", address="", certificate="", of=""):
    stan = f"{number:06d}"
    card = CardOnFile("d", "f", "621094******0003", entry)
    original = Original(of, "", "", "", "", "", Money(minor)) if of else None
    request = Request(
        f"000001-{stan}", kind, stan, "000001", Money(minor), "2026-11-23T10:00:00", "01", card,
        Terms(Silence.QUERY), original=original,
    )  # fmt: skip
    reply = Reply("0210", "00", card_organisation=organisation)
    return Accepted(request, reply, certificate=certificate, address=address)


def items(stages, mine=NOT_BALANCED, foreign=NOT_BALANCED, address=""):
    return [(item.what, item.exchange_ids, item.stan) for item in items_of(stages, mine, foreign, address)]


def test_the_order_of_an_upload():
    stages = [
        accepted(1, entry="I", certificate="9F27"),
        accepted(2, Kind.REFUND),
        accepted(3),
        accepted(4, Kind.OFFLINE_SETTLEMENT),
        accepted(5, Kind.VOID, entry="N"),
        accepted(6, Kind.PRE_AUTH),
        accepted(7, Kind.MOTO_REFUND),
    ]
    assert items(stages) == [
        (What.OFFLINE, ("000001-000004",), "000004"),  # its own F11
        (What.DETAILS, ("000001-000003", "000001-000005"), ""),
        (What.NOTICE, ("000001-000002",), "000002"),
        (What.CERTIFICATE, ("000001-000001",), ""),
    ]


def test_a_certificate_against_a_wrong_arpc_is_told_of_after_all_certificates():
    against, fine = "95050000008040", "95050000008000"
    stages = [accepted(n, entry="I", certificate=said) for n, said in enumerate((against, fine), start=1)]
    told = [(what, ids) for what, ids, _ in items(stages, BALANCED, BALANCED)]
    assert told == [
        (What.CERTIFICATE, ("000001-000001",)),
        (What.CERTIFICATE, ("000001-000002",)),
        (What.AGAINST_ISSUER, ("000001-000001",)),
    ]


def test_a_balanced_side_uploads_certificates_only():
    stages = [accepted(1), accepted(2, organisation="VIS"), accepted(3, entry="I", certificate="9F27")]
    assert items(stages, BALANCED, BALANCED) == [(What.CERTIFICATE, ("000001-000003",), "")]
    assert items(stages, BALANCED, NOT_BALANCED)[0] == (What.DETAILS, ("000001-000002",), "")


def test_a_notice_that_another_address_accepted_is_not_sent_there():
    """An acquirer that has it not would book it: the refund would be paid twice (docs/adr/0006)."""
    stages = [accepted(1, Kind.REFUND, address="a:1"), accepted(2, Kind.REFUND, address="b:1")]
    assert address_of(stages) == "a:1"
    assert items(stages, address="a:1") == [(What.NOTICE, ("000001-000001",), "000001")]


def test_an_adjusted_sale_is_not_counted_its_adjustment_is():
    stages = [accepted(1, minor=100), accepted(2, Kind.TIP, 120, of="000001-000001")]
    assert totals_of(stages, CUP.forms) == Totals(debit=120, debits=1)


def test_what_was_not_accepted_counts_nothing_and_is_not_uploaded():
    request = accepted(1, Kind.REFUND).request
    stages = [Unknown(request, "98"), Refused(request, "51"), NotSent(request, "line")]
    assert totals_of(stages, CUP.forms) == Totals()
    assert items(stages) == []


@given(st.lists(st.tuples(st.sampled_from(sorted(CUP.forms, key=lambda kind: kind.value)), st.integers(1, 10**6))))
def test_the_sums_are_those_of_the_sides(made):
    stages = [accepted(number, kind, minor) for number, (kind, minor) in enumerate(made, 1)]
    found = totals_of(stages, CUP.forms)
    for side, sum_of, count in ((Side.DEBIT, found.debit, found.debits), (Side.CREDIT, found.credit, found.credits)):
        on_side = [minor for kind, minor in made if CUP.forms[kind].side is side]
        assert (sum_of, count) == (sum(on_side), len(on_side))
    if max(found.debits, found.credits) < 1000:
        assert totals(found.text()) == found


@given(st.integers(0, 40))
def test_every_detail_is_in_one_pack_of_at_most_eight(count):
    packs = [item.exchange_ids for item in items_of([accepted(n + 1) for n in range(count)], 2, 2)]
    assert [id for pack in packs for id in pack] == [f"000001-{n + 1:06d}" for n in range(count)]
    assert all(1 <= len(pack) <= 8 for pack in packs)


@given(st.integers(0, 20), st.sets(st.integers(1, 20)))
def test_what_cannot_be_sent_keeps_nothing_else_from_being_sent(count, numbers):
    lost = frozenset(f"000001-{n:06d}" for n in numbers)
    packs = [item.exchange_ids for item in items_of([accepted(n + 1) for n in range(count)], 2, 2, lost=lost)]
    assert sorted(id for pack in packs for id in pack) == [f"000001-{n + 1:06d}" for n in range(count)]
    assert all(1 <= len(pack) <= 8 and (lost >= set(pack) or lost.isdisjoint(pack)) for pack in packs)


def test_a_batch_that_cannot_be_said_is_refused_before_anything_is_owed():
    with pytest.raises(WireError):
        Totals(debit=1, debits=1000).text()
    with pytest.raises(WireError):
        verdict("0" * 62)
