"""Issuer scripts end to end: the TEST issuer writes them, the card obeys, and remembers what it did."""

from __future__ import annotations

import pytest

from keys.algorithms.issuer_script import (
    BLOCK_APPLICATION,
    BLOCK_CARD,
    UNBLOCK_APPLICATION,
    UNBLOCK_PIN,
    ScriptCommand,
    put_data,
)
from simulator.acquirer.issuer import Script, TestIssuer
from simulator.cards.tray import card
from terminal.emv import tags, tlv
from tests.unit.simulator.cards.talk import Said, Talk, f55

ISSUER = TestIssuer()
CVR_4 = 6  # in 9F10
IDS = ("unionpay-credit", "unionpay-debit", "international-credit", "international-debit")
AIDS = {id: card(id).chip.aid for id in IDS}  # type: ignore[union-attr]


def asked(id: str, kind: int = 0x80) -> tuple[Talk, Said]:
    talk = Talk(card(id).virtual()).start(AIDS[id])
    return talk, talk.generate(kind)


def commands(id: str, said: Said, *wanted: ScriptCommand) -> list[bytes]:
    own = card(id)
    template = ISSUER.script(own.pan, own.psn, f55(said), Script(wanted))
    inside = tlv.parse(tlv.sole(template, tags.SCRIPT_AFTER))
    assert inside[0] == (tags.SCRIPT_ID, bytes.fromhex("00000001"))
    return [value for tag, value in inside if tag == tags.SCRIPT_COMMAND]


def obey(talk: Talk, id: str, said: Said, *wanted: ScriptCommand) -> list[str]:
    answers = []
    for command in commands(id, said, *wanted):
        talk.say(command, expects=False)
        answers.append(talk.sw)
    return answers


@pytest.mark.parametrize("id", IDS)
def test_a_pin_is_unblocked(id: str) -> None:
    talk = Talk(card(id).virtual()).start(AIDS[id])
    for _ in range(3):
        talk.send("00200080", bytes.fromhex("26111111FFFFFFFF"), expects=False)
    said = talk.generate()
    assert obey(talk, id, said, UNBLOCK_PIN) == ["9000"]
    assert talk.say("80CA9F17").hex() == "9f170103"


@pytest.mark.parametrize("id", IDS)
def test_an_application_is_blocked_and_unblocked_again(id: str) -> None:
    talk, said = asked(id)
    assert obey(talk, id, said, BLOCK_APPLICATION) == ["9000"]
    talk.chip.reset()
    talk.select(AIDS[id])
    assert talk.sw == "6283"
    said = talk.start(AIDS[id]).generate()
    assert said[tags.CID] == b"\0"
    assert obey(talk, id, said, UNBLOCK_APPLICATION) == ["9000"]
    assert talk.start(AIDS[id]).generate()[tags.CID] == b"\x80"


@pytest.mark.parametrize("id", IDS)
def test_a_card_is_blocked_for_good(id: str) -> None:
    talk, said = asked(id)
    assert obey(talk, id, said, BLOCK_CARD) == ["9000"]
    talk.chip.reset()
    talk.select(AIDS[id])
    assert talk.sw == "6A81"
    talk.say("00A404000E315041592E5359532E4444463031")
    assert talk.sw == "6A81"


@pytest.mark.parametrize("id", IDS)
def test_data_are_put_and_read_back(id: str) -> None:
    talk, said = asked(id)
    wanted = (put_data(0x9F58, b"\5"), put_data(0x9F59, b"\7\7"), put_data(0x9F36, b"\0\0"))
    assert obey(talk, id, said, *wanted) == ["9000", "6700", "6A88"]
    assert talk.say("80CA9F58").hex() == "9f580105"
    assert talk.say("80CA9F59").hex() == "9f590100"


def test_the_cvr_counts_commands_until_it_has_told_of_them() -> None:
    id = "unionpay-debit"
    talk, said = asked(id)
    talk.generate(0x40, is_second=True)
    assert obey(talk, id, said, UNBLOCK_PIN, put_data(0x9F58, b"\5"), put_data(0x9F36, b"")) == ["9000", "9000", "6A88"]
    talk.start(AIDS[id])
    assert talk.generate()[tags.IAD][CVR_4] == 0x38  # three, and one of them failed
    assert talk.generate(0x40, is_second=True)[tags.IAD][CVR_4] == 0x38
    assert talk.start(AIDS[id]).generate()[tags.IAD][CVR_4] == 0x00


def test_the_cvr_counts_to_fifteen() -> None:
    talk, said = asked("unionpay-debit")
    obey(talk, "unionpay-debit", said, *[UNBLOCK_PIN] * 17)
    assert talk.generate(0x40, is_second=True)[tags.IAD][CVR_4] == 0xF0


@pytest.mark.parametrize("id", IDS)
def test_a_wrong_or_missing_mac_changes_nothing(id: str) -> None:
    talk, said = asked(id)
    (right,) = commands(id, said, BLOCK_CARD)
    for wrong, sw in (
        (right[:-1] + bytes((right[-1] ^ 1,)), "6988"),
        (right[:1] + b"\x1e" + right[2:], "6988"),
        (right[:4] + b"\x03" + right[5:8], "6987"),
        (right[:4], "6987"),
        (b"\x80" + right[1:], "6E00"),
    ):
        talk.say(wrong, expects=False)
        assert talk.sw == sw
    talk.select(AIDS[id])
    assert talk.sw == "9000"


def test_a_script_is_for_one_transaction_and_one_card() -> None:
    talk, said = asked("unionpay-debit")
    (old,) = commands("unionpay-debit", said, BLOCK_CARD)
    talk.start()
    talk.say(old, expects=False)
    assert talk.sw == "6985"
    talk.generate()
    talk.say(old, expects=False)
    assert talk.sw == "6988"
    other, other_said = asked("unionpay-credit")
    other.say(commands("unionpay-debit", other_said, BLOCK_CARD)[0], expects=False)
    assert other.sw == "6988"


@pytest.mark.parametrize("header", ["84240001", "84240100", "841E0001"])
def test_parameters_that_nobody_defined(header: str) -> None:
    talk, said = asked("unionpay-debit")
    assert obey(talk, "unionpay-debit", said, ScriptCommand(bytes.fromhex(header))) == ["6A86"]
    assert obey(talk, "unionpay-debit", said, ScriptCommand(BLOCK_CARD.header, b"\1")) == ["6700"]
    talk.select()
    assert talk.sw == "9000"
