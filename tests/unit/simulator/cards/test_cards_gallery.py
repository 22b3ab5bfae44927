"""The gallery of bad cards: what each of them does wrong, and that it is the only thing."""

from __future__ import annotations

from typing import get_args

import pytest

from simulator.cards.spoiled import SPOILERS, Spoiling
from simulator.cards.tray import card, load_tray
from terminal.emv import tags, tlv
from terminal.emv.errors import TlvError
from tests.unit.simulator.cards.talk import Talk

SPOILT = {one.chip.behaviour.spoils: one.id for one in load_tray() if one.chip and one.chip.behaviour.spoils}


def begun(id: str) -> tuple[Talk, bytes]:
    """Selected, and the answer to GPO."""
    talk = Talk(card(id).virtual())
    talk.select()
    return talk, talk.say("80A80000028300")


def test_every_spoiling_has_its_card() -> None:
    assert {"", *SPOILERS} == set(get_args(Spoiling)) == {"", *SPOILT}


@pytest.mark.parametrize("id", SPOILT.values())
def test_without_its_spoiling_a_card_is_whole(id: str) -> None:
    talk = Talk(card(id).virtual(spoils="")).start()
    assert tags.CDOL1 in talk.values
    assert talk.generate()[tags.CID] == b"\x80"
    assert card(id).virtual().atr == card(id).virtual(spoils="").atr


def test_a_malformed_record_is_no_tlv() -> None:
    talk, _ = begun("malformed-record")
    record = tlv.sole(talk.say("00B20114"), tags.RECORD)
    with pytest.raises(TlvError):
        tlv.parse(record)
    assert tlv.parse(talk.say("00B20214"))


def test_a_tag_comes_twice() -> None:
    talk, _ = begun("duplicate-tag")
    names = [tag for tag, _ in tlv.parse(tlv.sole(talk.say("00B20114"), tags.RECORD))]
    assert [tag for tag in set(names) if names.count(tag) > 1] == [tags.PAN]


def test_cdol1_is_missing() -> None:
    talk = Talk(card("missing-tag").virtual()).start()
    assert tags.CDOL1 not in talk.values
    assert tags.CDOL2 in talk.values


def test_a_card_refuses_to_start() -> None:
    talk, _ = begun("refuses-start")
    assert talk.sw == "6985"


@pytest.mark.parametrize(("id", "afl"), [("afl-out-of-range", "f8010200"), ("afl-too-long", "10010300")])
def test_the_afl_names_what_is_not_there(id: str, afl: str) -> None:
    talk, options = begun(id)
    assert tlv.sole(options, tags.FORMAT_1)[2:].hex() == afl
    line = bytes.fromhex(afl)
    talk.say(bytes((0x00, 0xB2, line[2], line[0] | 4)))
    assert talk.sw == "6A83"


@pytest.mark.parametrize("kind", [0x80, 0x40, 0x90])
def test_an_aac_whatever_is_asked(kind: int) -> None:
    assert Talk(card("answers-aac").virtual()).start().generate(kind)[tags.CID] == b"\0"


def test_a_spoiling_finds_its_object_in_either_format() -> None:
    own = card("unionpay-debit")
    talk = Talk(own.virtual(spoils="afl-out-of-range"))
    talk.select()
    options = dict(tlv.leaves(talk.say("80A8000007" + "83050156000156")))
    assert options[tags.AFL][0] == 0xF8


def test_an_application_nobody_knows() -> None:
    talk = Talk(card("not-accepted").virtual())
    for rid in ("A000000333", "A000000003", "A000000004"):
        talk.select(rid)
        assert talk.sw == "6A82"
    assert talk.start("A000000999").values
