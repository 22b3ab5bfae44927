"""The bank's front office as dialogues: who is let in, what a sale needs, and what the books show."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from simulator.acquirer.branch import MERCHANT_ID, TERMINAL_ID
from terminal.iso8583.codec import decode, encode
from terminal.iso8583.facts import Facts, Identity, Plastic
from terminal.iso8583.frame import unpack
from terminal.iso8583.kinds import Kind
from terminal.iso8583.message import Message
from terminal.iso8583.messages import financial
from terminal.money import Money
from tests.unit.simulator.acquirer.acq_terminal import ASKING, CHIP, OPENING, PAN, Bank, TestTerminal, open_bank


# --- sign-in and echo ------------------------------------------------------------------------------------------------
def test_sign_in_gives_fresh_keys_time_and_the_banks_batch(stranger: TestTerminal) -> None:
    stranger.batch = "000777"
    first = stranger.sign_in()
    assert (first.response_code, first.time, first.date, first.batch) == ("00", "103000", "0314", "000001")
    assert {11, 12, 13, 32, 37, 39, 41, 42, 60, 62} == set(stranger.answers[-1].fields)
    assert stranger.sign_in().private != first.private


def test_sign_in_of_an_unknown_terminal_and_of_an_unknown_merchant(stranger: TestTerminal) -> None:
    stranger.me = Identity("99999999", MERCHANT_ID)
    assert stranger.sign_in().response_code == "97"
    stranger.me = Identity(TERMINAL_ID, "898100099999999")
    assert stranger.sign_in().response_code == "03"


def test_echo(stranger: TestTerminal) -> None:
    assert stranger.echo().response_code == "00"
    assert stranger.answers[-1].mti == "0830"


# --- before any money ------------------------------------------------------------------------------------------------
def test_without_sign_in_77(stranger: TestTerminal) -> None:
    assert stranger.sale(100)[1].response_code == "77"


def test_another_batch_77(terminal: TestTerminal) -> None:
    terminal.batch = "000002"
    assert terminal.sale(100)[1].response_code == "77"


def test_after_the_batch_is_closed_a_new_sign_in_brings_the_next(bank: Bank, terminal: TestTerminal) -> None:
    bank.ledger.close_batch(TERMINAL_ID)
    assert terminal.sale(100)[1].response_code == "77"
    assert terminal.sign_in().batch == "000002"
    assert terminal.sale(100)[1].response_code == "00"


def test_a_wrong_mac_and_a_missing_mac_A0(bank: Bank, terminal: TestTerminal) -> None:
    message = financial(ASKING, Facts(Kind.SALE, "000050", "000001", Money(100)), CHIP, terminal.me)
    frame = terminal.frame(message)
    wrong = terminal.heard(message, bank.host.answer(frame[:-1] + bytes([frame[-1] ^ 1])))
    assert wrong["response_code"] == "A0"
    unsigned = unpack(frame, ASKING.frame)
    bare = msgspec.structs.replace(unsigned, body=encode(message.with_fields({64: ""}), ASKING.layout))
    assert terminal.heard(message, bank.host.answer(bare.pack()))["response_code"] == "A0"
    assert bank.balance() == OPENING
    assert bank.entries() == []


def test_unknown_merchant_03_and_unknown_terminal_97(terminal: TestTerminal) -> None:
    terminal.me = Identity(TERMINAL_ID, "898100099999999")
    assert terminal.sale(100)[1].response_code == "03"
    terminal.me, terminal.keys = Identity("99999999", MERCHANT_ID), {}
    assert terminal.sale(100)[1].response_code == "97"


@pytest.mark.parametrize(
    ("mti", "changes", "said"),
    [
        ("0240", {3: "030000"}, "12"),
        ("0820", {60: "00000001364", 64: ""}, "40"),
        ("0100", {3: "030000"}, "40"),
        ("0200", {3: "310000"}, "40"),
        ("0200", {25: "07"}, "40"),
        ("0200", {60: "20000001000500"}, "40"),
        ("0200", {49: "840"}, "30"),
        ("0200", {11: ""}, "30"),
        ("0200", {4: ""}, "30"),
        ("0200", {2: ""}, "30"),
        ("0200", {22: ""}, "30"),
        ("0200", {4: "000000000000"}, "13"),
        ("0200", {35: "6225000000000022=3012"}, "14"),
    ],
)
def test_what_is_not_understood(terminal: TestTerminal, mti: str, changes: dict[int, str], said: str) -> None:
    good = financial(ASKING, Facts(Kind.SALE, "000050", "000001", Money(100)), CHIP, terminal.me)
    fields = {number: value for number, value in {**good.fields, **changes}.items() if value}
    if mti == "0240":
        terminal.keys = {}  # nobody proves or signs what the bank does not know
    assert terminal.say(Message(mti, fields)).response_code == said


def test_malformed_fields_30_and_a_frame_that_is_none_is_not_answered(bank: Bank, terminal: TestTerminal) -> None:
    frame = terminal.frame(financial(ASKING, Facts(Kind.SALE, "000050", "000001", Money(100)), CHIP, terminal.me))
    answer = decode(unpack(bank.host.answer(frame[:-10]), ASKING.frame).body, ASKING.layout)
    assert (answer.mti, answer["response_code"]) == ("0210", "30")
    assert bank.host.answer(b"\x55" * 80) == b""
    assert bank.host.answer(b"") == b""
    assert bank.balance() == OPENING


def test_the_same_number_again_94_and_nothing_booked(bank: Bank, terminal: TestTerminal) -> None:
    facts, first = terminal.sale(100)
    assert first.response_code == "00"
    assert terminal.ask(facts).response_code == "94"
    assert bank.balance() == OPENING - 100
    refused, _ = terminal.sale(OPENING * 2)
    assert terminal.ask(refused).response_code == "94"


# --- sale ------------------------------------------------------------------------------------------------------------
def test_a_sale(bank: Bank, terminal: TestTerminal) -> None:
    _, said = terminal.sale(1234)
    assert (said.response_code, len(said.rrn), len(said.approval_code)) == ("00", 12, 6)
    assert (said.date, said.time, said.settlement_date) == ("0314", "103000", "0314")
    assert (said.issuer, said.acquirer, said.card_organisation) == ("01020000", "03060000", "CUP")
    answer = terminal.answers[-1]
    assert answer["pan"] == PAN
    assert not {22, 35, 52, 61} & set(answer.fields)
    assert bank.balance() == OPENING - 1234
    assert bank.ledger.report()["accounts"][-1]["balance"] == 1234


def test_reference_numbers_are_unique(terminal: TestTerminal) -> None:
    assert len({terminal.sale(1)[1].rrn for _ in range(20)}) == 20


@pytest.mark.parametrize(
    ("card", "amount", "said"),
    [
        (Plastic("6225000000000030", "052", expiry="3012"), 100, "14"),
        (Plastic(MERCHANT_ID, "052", expiry="3012"), 100, "14"),
        (Plastic(PAN, "052", expiry="2502"), 100, "54"),
        (Plastic(PAN, "052", expiry="2503"), 100, "00"),
        (Plastic(PAN, "022", track2=f"{PAN}=2502201"), 100, "54"),
        (Plastic(PAN, "012", expiry="3012"), 100, "57"),
        (CHIP, OPENING + 1, "51"),
        (CHIP, OPENING, "00"),
    ],
)
def test_sales_that_may_be_refused(bank: Bank, terminal: TestTerminal, card: Plastic, amount: int, said: str) -> None:
    _, answer = terminal.sale(amount, card)
    assert answer.response_code == said
    assert bool(answer.approval_code) == (said == "00")
    assert bank.balance() == OPENING - (amount if said == "00" else 0)
    assert bank.entries()[0]["state"] == ("approved" if said == "00" else "refused")


# --- the books -------------------------------------------------------------------------------------------------------
def test_the_report_balances_and_masks(bank: Bank, terminal: TestTerminal) -> None:
    _, sale = terminal.sale(500)
    terminal.ask(terminal.refund_facts(sale, 200))
    report = bank.ledger.report()
    assert report["sum_of_postings"] == 0
    assert PAN not in json.dumps(report)
    assert report["transactions"][0] == {
        "kind": "refund",
        "amount": 200,
        "state": "approved",
        "response_code": "00",
        "rrn": terminal.answers[-1]["rrn"],
        "original_rrn": sale.rrn,
        "stan": "000003",
        "batch": "000001",
        "at": "2025-03-14T10:30:00+08:00",
        "masked_pan": "622500******0014",
    }
    assert [message["direction"] for message in report["messages"][:2]] == ["sent", "received"]
    assert set(report["messages"][0]) == {"mti", "stan", "response_code", "direction", "at"}
    cards = [account for account in report["accounts"] if account["kind"] == "card"]
    assert cards[0] == {
        "kind": "card",
        "name": "Test Card",
        "masked_pan": "622500******0014",
        "balance": OPENING - 300,
    }
    assert PAN not in repr(bank.ledger.entry(sale.rrn))


def test_no_card_number_and_no_key_among_the_messages(bank: Bank, terminal: TestTerminal) -> None:
    terminal.sale(500)
    kept = "".join(row[0] for row in bank.ledger.run("SELECT received || sent FROM message"))
    assert PAN not in kept
    assert terminal.mak.hex() not in kept.lower()
    assert "622500******0014" in kept


def test_the_books_survive_and_opening_again_changes_nothing(tmp_path: Path) -> None:
    path = str(tmp_path / "bank.sqlite")
    before = open_bank(path)
    terminal = TestTerminal(before.host, before.clock)
    terminal.sign_in()
    facts, sale = terminal.sale(500)
    before.ledger.close()
    after = open_bank(path)
    terminal.host = after.host
    assert after.balance() == OPENING - 500
    assert terminal.ask(facts).response_code == "94"
    assert terminal.ask(terminal.refund_facts(sale, 500)).response_code == "00"
    assert after.ledger.sum_of_postings() == 0
    after.ledger.close()


def test_signing_in_twice_makes_the_old_key_worthless(bank: Bank, terminal: TestTerminal) -> None:
    old = terminal.keys
    terminal.sign_in()
    message = financial(ASKING, Facts(Kind.SALE, "000050", "000001", Money(100)), CHIP, terminal.me)
    fresh, terminal.keys = terminal.keys, old
    stale = terminal.frame(message)
    terminal.keys = fresh
    assert terminal.heard(message, bank.host.answer(stale))["response_code"] == "A0"
