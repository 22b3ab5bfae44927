"""Every sign-in with its keys; encrypted tracks; PINs right, wrong, wrong three times and undecipherable."""

from __future__ import annotations

import json

import msgspec
import pytest

from keys.algorithms.pin_block import pin_block
from terminal.iso8583.cup import cup
from terminal.iso8583.cup_management import sign_off
from terminal.iso8583.dialect import Choices
from terminal.iso8583.facts import Plastic
from terminal.iso8583.kinds import Kind
from tests.unit.simulator.acquirer.acq_terminal import CARD, CHIP, OPENING, PAN, Bank, TestTerminal, signed_in

RICH, PIN = "6225000000000048", "123456"
CARD_WITH_PIN = Plastic(RICH, "022", track2=f"{RICH}=30122201000000000000")
SIZES = {"001": (24, 8), "003": (40, 8), "004": (60, 8), "005": (40, 16), "006": (60, 16)}  # F62, MAK


@pytest.mark.parametrize("code", list(SIZES))
def test_every_sign_in(bank: Bank, code: str) -> None:
    dialect = cup(Choices(sign_in=code, has_inquiry=True))  # type: ignore[arg-type]
    bank.ledger.add_account(RICH, "Rich", 5000, PIN)
    terminal = signed_in(bank, dialect)
    block, mak = SIZES[code]
    assert len(bytes.fromhex(terminal.answers[-1]["private_62"])) == block
    assert len(terminal.mak) == mak
    assert terminal.answers[-1]["private_60"] == f"00000001{code}"
    facts = terminal.facts(Kind.SALE, 500)
    said = terminal.ask(facts, CARD_WITH_PIN, PIN)
    assert said.response_code == "00"
    assert terminal.ask(terminal.facts(Kind.SALE, 500), CARD_WITH_PIN, "654321").response_code == "55"
    assert terminal.reverse(facts, CARD_WITH_PIN).response_code == "00"
    assert bank.balance(RICH) == 5000


@pytest.mark.parametrize("code", ["004", "006"])
def test_tracks_travel_encrypted(bank: Bank, code: str) -> None:
    dialect = cup(Choices(sign_in=code, has_inquiry=True))  # type: ignore[arg-type]
    terminal = signed_in(bank, dialect)
    message = terminal.financial(terminal.facts(Kind.SALE, 500))
    assert message["track2"] not in (CARD.track2, "")
    assert terminal.say(message.with_fields({2: ""})).response_code == "00"  # the bank reads the card off the track
    good = terminal.financial(terminal.facts(Kind.SALE, 500))
    terminal.sign_in()
    assert terminal.say(good).response_code == "99"  # encrypted under the key before
    assert bank.balance() == OPENING - 500


def test_an_encrypted_track_without_a_key_for_it_99(bank: Bank, terminal: TestTerminal) -> None:
    message = terminal.financial(terminal.facts(Kind.SALE, 500)).with_fields({53: "0610000000000000"})
    assert terminal.say(message).response_code == "99"
    assert bank.entries() == []


def test_a_wrong_pin_three_times(bank: Bank, terminal: TestTerminal) -> None:
    bank.ledger.add_account(RICH, "Rich", 5000, PIN)

    def sale(pin: str) -> str:
        return terminal.ask(terminal.facts(Kind.SALE, 100), CARD_WITH_PIN, pin).response_code

    assert [sale("000000"), sale("111111"), sale(PIN)] == ["55", "55", "00"]
    assert [sale("000000"), sale("111111"), sale("222222"), sale(PIN)] == ["55", "55", "75", "75"]
    assert bank.balance(RICH) == 4900
    assert terminal.ask(terminal.facts(Kind.SALE, 100), CARD_WITH_PIN).response_code == "00"  # by signature


def test_a_pin_is_asked_of_refunds_voids_and_questions_too(bank: Bank, terminal: TestTerminal) -> None:
    bank.ledger.add_account(RICH, "Rich", 5000, PIN)
    sale = terminal.does(Kind.SALE, 100, card=CARD_WITH_PIN)
    for kind, amount in ((Kind.REFUND, 10), (Kind.VOID, 100)):
        facts = terminal.facts(kind, amount, sale)
        assert terminal.ask(facts, CARD_WITH_PIN, "000000").response_code == "55"
    assert terminal.ask(terminal.facts(Kind.BALANCE, 0), CARD_WITH_PIN, PIN).response_code == "00"
    assert terminal.ask(terminal.facts(Kind.REFUND, 10, sale), CARD_WITH_PIN, PIN).response_code == "00"


def test_a_pin_block_without_the_card_in_it(bank: Bank, terminal: TestTerminal) -> None:
    bank.ledger.add_account(RICH, "Rich", 5000, PIN)

    def sale(pin: str) -> str:
        block = pin_block(terminal.keys["pik"], pin, "").hex().upper()
        message = terminal.financial(terminal.facts(Kind.SALE, 100), CARD_WITH_PIN, PIN)
        return terminal.say(message.with_fields({52: block, 53: "1600000000000000"})).response_code

    assert [sale(PIN), sale("000000")] == ["00", "55"]


def test_a_card_without_a_pin_takes_any(terminal: TestTerminal) -> None:
    assert terminal.ask(terminal.facts(Kind.SALE, 100), CARD, "9999").response_code == "00"


def test_a_pin_block_that_is_none_99_and_nothing_is_decided(bank: Bank, terminal: TestTerminal) -> None:
    facts = terminal.facts(Kind.SALE, 100)
    message = terminal.financial(facts, CARD, PIN).with_fields({52: "1122334455667788"})
    assert terminal.say(message).response_code == "99"
    assert bank.entries() == []
    assert terminal.ask(facts).response_code == "00"


def test_a_pin_block_of_another_card_is_none_of_this_one(bank: Bank, terminal: TestTerminal) -> None:
    bank.ledger.add_account(RICH, "Rich", 5000, PIN)
    other = terminal.financial(terminal.facts(Kind.SALE, 100), CHIP, PIN)
    mine = terminal.financial(terminal.facts(Kind.SALE, 100), CARD_WITH_PIN, PIN)
    assert terminal.say(mine.with_fields({52: other["pin_block"]})).response_code == "99"
    assert bank.balance(RICH) == 5000


def test_keys_end_with_sign_off_and_when_the_bank_says_so(bank: Bank, terminal: TestTerminal) -> None:
    bank.host.expire_keys(terminal.me.terminal_id)
    assert terminal.sale(100)[1].response_code == "77"
    terminal.sign_in()
    assert terminal.sale(100)[1].response_code == "00"
    assert terminal.say(sign_off(terminal.dialect, terminal.me, terminal.stan(), terminal.batch)).response_code == "00"
    terminal.keys = {}
    assert terminal.sale(100)[1].response_code == "77"
    assert terminal.sign_in().response_code == "00"
    assert terminal.sale(100)[1].response_code == "00"


def test_no_pin_and_no_key_is_ever_shown(bank: Bank, terminal: TestTerminal) -> None:
    bank.ledger.add_account(RICH, "Rich", 5000, "918273")
    terminal.ask(terminal.facts(Kind.SALE, 100), CARD_WITH_PIN, "918273")
    known = bank.ledger.terminal(terminal.me.terminal_id)
    assert known is not None
    kept = "".join(row[0] for row in bank.ledger.run("SELECT received || sent FROM message"))
    shown = kept + json.dumps(bank.ledger.report()) + repr(known) + repr(bank.ledger.account(RICH))
    assert "918273" not in shown
    assert RICH not in shown
    assert PAN not in shown
    for key in (known.mak, known.pik, known.tmk):
        assert key.hex() not in shown.lower()
    assert msgspec.structs.asdict(known)["mac_rule"] == "cup"
