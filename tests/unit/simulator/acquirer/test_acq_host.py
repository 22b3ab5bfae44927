"""The bank's rules as dialogues: what a terminal says, what must answer, what is in the books afterwards."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from acq_terminal import CHIP, OPENING, OTHER_CARD, PAN, Bank, TestTerminal, open_bank

from keys.mac import cup_mac
from simulator.acquirer.branch import MERCHANT_ID, TERMINAL_ID, TEST_TMK
from terminal.iso8583.codec import Message, decode, encode, mac_block
from terminal.iso8583.frame import unpack
from terminal.iso8583.messages import Facts, Identity, Kind, Plastic, echo, financial, inquiry, reversal, signed
from terminal.money import Money

FROM_THE_RECORDS = Plastic(PAN, "012", expiry="3012")


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
    assert stranger.say(echo("000001", stranger.me)).response_code == "00"
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
    message = financial(Facts(Kind.SALE, "000050", "000001", Money(100)), CHIP, terminal.me)
    frame = terminal.frame(message)
    wrong = terminal.heard(message, bank.host.answer(frame[:-1] + bytes([frame[-1] ^ 1])))
    assert wrong["response_code"] == "A0"
    unsigned = unpack(frame)
    bare = msgspec.structs.replace(unsigned, body=encode(message))
    assert terminal.heard(message, bank.host.answer(bare.pack()))["response_code"] == "A0"
    assert bank.balance() == OPENING
    assert bank.entries() == []


def test_unknown_merchant_03_and_unknown_terminal_97(terminal: TestTerminal) -> None:
    terminal.me = Identity(TERMINAL_ID, "898100099999999")
    assert terminal.sale(100)[1].response_code == "03"
    terminal.me, terminal.mak = Identity("99999999", MERCHANT_ID), b""
    assert terminal.sale(100)[1].response_code == "97"


@pytest.mark.parametrize(
    ("mti", "changes", "said"),
    [
        ("0100", {3: "030000"}, "12"),
        ("0820", {60: "00000001002"}, "40"),
        ("0200", {3: "310000"}, "40"),
        ("0200", {25: "08"}, "40"),
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
    good = financial(Facts(Kind.SALE, "000050", "000001", Money(100)), CHIP, terminal.me)
    fields = {number: value for number, value in {**good.fields, **changes}.items() if value}
    if mti == "0100":
        terminal.mak = b""  # nobody proves or signs what the bank does not know
    assert terminal.say(Message(mti, fields)).response_code == said


def test_malformed_fields_30_and_a_frame_that_is_none_is_not_answered(bank: Bank, terminal: TestTerminal) -> None:
    frame = terminal.frame(financial(Facts(Kind.SALE, "000050", "000001", Money(100)), CHIP, terminal.me))
    answer = decode(unpack(bank.host.answer(frame[:-10])).body)
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


# --- void ------------------------------------------------------------------------------------------------------------
def test_a_void(bank: Bank, terminal: TestTerminal) -> None:
    facts, sale = terminal.sale(500)
    void = terminal.void_facts(facts, sale)
    said = terminal.ask(void, FROM_THE_RECORDS)
    assert (said.response_code, bool(said.approval_code), said.rrn != sale.rrn) == ("00", True, True)
    assert bank.balance() == OPENING
    assert [entry["state"] for entry in bank.entries()] == ["approved", "voided"]
    assert bank.entries()[0]["original_rrn"] == sale.rrn
    assert terminal.ask(terminal.void_facts(facts, sale)).response_code == "12"
    assert bank.balance() == OPENING


def test_voids_that_are_refused(bank: Bank, terminal: TestTerminal) -> None:
    facts, sale = terminal.sale(500)
    assert terminal.ask(terminal.void_facts(facts, sale, 499)).response_code == "64"
    assert terminal.ask(terminal.void_facts(facts, sale), OTHER_CARD).response_code == "14"
    never = msgspec.structs.replace(facts, stan="000999")
    assert terminal.ask(terminal.void_facts(never, sale)).response_code == "25"
    other_rrn = msgspec.structs.replace(sale, rrn="000000000000")
    assert terminal.ask(terminal.void_facts(facts, other_rrn)).response_code == "25"
    failed, refused = terminal.sale(OPENING)
    assert refused.response_code == "51"
    assert terminal.ask(terminal.void_facts(failed, refused)).response_code == "12"
    assert bank.balance() == OPENING - 500


def test_a_void_after_a_part_was_refunded_12(bank: Bank, terminal: TestTerminal) -> None:
    facts, sale = terminal.sale(500)
    assert terminal.ask(terminal.refund_facts(sale, 1)).response_code == "00"
    assert terminal.ask(terminal.void_facts(facts, sale)).response_code == "12"


def test_a_void_on_the_next_day_or_in_the_next_batch_25(bank: Bank, terminal: TestTerminal) -> None:
    facts, sale = terminal.sale(500)
    bank.clock.at += timedelta(days=1)
    assert terminal.ask(terminal.void_facts(facts, sale)).response_code == "25"
    bank.clock.at -= timedelta(days=1)
    bank.ledger.close_batch(TERMINAL_ID)
    terminal.sign_in()
    assert terminal.ask(terminal.void_facts(facts, sale)).response_code == "25"


# --- refund ----------------------------------------------------------------------------------------------------------
def test_refunds_in_parts_up_to_the_sale(bank: Bank, terminal: TestTerminal) -> None:
    _, sale = terminal.sale(500)
    first = terminal.ask(terminal.refund_facts(sale, 200))
    assert (first.response_code, first.approval_code, first.rrn != sale.rrn) == ("00", "", True)
    assert bank.balance() == OPENING - 300
    assert terminal.ask(terminal.refund_facts(sale, 301)).response_code == "61"
    assert terminal.ask(terminal.refund_facts(sale, 300), CHIP).response_code == "00"
    assert terminal.ask(terminal.refund_facts(sale, 1)).response_code == "61"
    assert bank.balance() == OPENING


def test_a_refund_days_later_in_another_batch(bank: Bank, terminal: TestTerminal) -> None:
    _, sale = terminal.sale(500)
    bank.clock.at += timedelta(days=40)
    bank.ledger.close_batch(TERMINAL_ID)
    terminal.sign_in()
    assert terminal.ask(terminal.refund_facts(sale, 500)).response_code == "00"


def test_refunds_that_are_refused(bank: Bank, terminal: TestTerminal) -> None:
    _, sale = terminal.sale(500)
    assert terminal.ask(terminal.refund_facts(sale, 100), FROM_THE_RECORDS).response_code == "30"
    assert terminal.ask(terminal.refund_facts(sale, 0)).response_code == "13"
    assert terminal.ask(terminal.refund_facts(sale, 100), OTHER_CARD).response_code == "14"
    wrong_day = msgspec.structs.replace(sale, date="0313")
    assert terminal.ask(terminal.refund_facts(wrong_day, 100)).response_code == "25"
    never = msgspec.structs.replace(sale, rrn="999999999999")
    assert terminal.ask(terminal.refund_facts(never, 100)).response_code == "25"
    refund = terminal.ask(terminal.refund_facts(sale, 100))
    assert terminal.ask(terminal.refund_facts(refund, 100)).response_code == "25"  # a refund is not a sale
    assert bank.balance() == OPENING - 400


def test_a_refund_of_a_sale_that_is_not_good_any_more_12(bank: Bank, terminal: TestTerminal) -> None:
    facts, voided = terminal.sale(500)
    terminal.ask(terminal.void_facts(facts, voided))
    assert terminal.ask(terminal.refund_facts(voided, 100)).response_code == "12"
    facts, reversed_sale = terminal.sale(500)
    terminal.reverse(facts)
    assert terminal.ask(terminal.refund_facts(reversed_sale, 100)).response_code == "12"
    _, refused = terminal.sale(OPENING * 2)
    assert terminal.ask(terminal.refund_facts(refused, 100)).response_code == "12"
    assert bank.balance() == OPENING


def test_another_merchant_cannot_refund_the_sale(bank: Bank, terminal: TestTerminal) -> None:
    _, sale = terminal.sale(500)
    bank.ledger.add_terminal("20000001", "898100087654321", "OTHER", TEST_TMK)
    other = replace(terminal, me=Identity("20000001", "898100087654321"), mak=b"", last_stan=0)
    other.sign_in()
    assert other.ask(other.refund_facts(sale, 100)).response_code == "25"


# --- reversal --------------------------------------------------------------------------------------------------------
def test_a_sale_is_reversed_once(bank: Bank, terminal: TestTerminal) -> None:
    facts, _ = terminal.sale(500)
    assert [terminal.reverse(facts).response_code for _ in range(3)] == ["00"] * 3
    assert bank.balance() == OPENING
    assert bank.entries()[0]["state"] == "reversed"


def test_a_reversed_void_leaves_the_sale_good(bank: Bank, terminal: TestTerminal) -> None:
    facts, sale = terminal.sale(500)
    void = terminal.void_facts(facts, sale)
    terminal.ask(void)
    assert [terminal.reverse(void).response_code for _ in range(2)] == ["00"] * 2
    assert bank.balance() == OPENING - 500
    assert terminal.ask(terminal.void_facts(facts, sale)).response_code == "00"


def test_a_reversal_that_overtakes_its_original(bank: Bank, terminal: TestTerminal) -> None:
    late = Facts(Kind.SALE, terminal.stan(), terminal.batch, Money(500))
    assert [terminal.reverse(late).response_code for _ in range(2)] == ["25"] * 2
    assert [terminal.ask(late).response_code for _ in range(2)] == ["12"] * 2
    assert terminal.reverse(late).response_code == "25"
    assert bank.balance() == OPENING
    facts, sale = terminal.sale(300)
    late_void = terminal.void_facts(facts, sale)
    assert terminal.reverse(late_void).response_code == "25"
    assert terminal.ask(late_void).response_code == "12"
    assert bank.balance() == OPENING - 300


def test_reversals_that_change_nothing(bank: Bank, terminal: TestTerminal) -> None:
    refused, _ = terminal.sale(OPENING * 2)
    assert terminal.reverse(refused).response_code == "00"
    facts, sale = terminal.sale(500)
    assert terminal.reverse(msgspec.structs.replace(facts, amount=Money(499))).response_code == "64"
    terminal.ask(terminal.refund_facts(sale, 100))
    assert terminal.reverse(facts).response_code == "12"
    facts, sale = terminal.sale(500)
    terminal.ask(terminal.void_facts(facts, sale))
    assert terminal.reverse(facts).response_code == "12"
    assert bank.balance() == OPENING - 400


def test_a_reversal_needs_its_mac(bank: Bank, terminal: TestTerminal) -> None:
    facts, _ = terminal.sale(500)
    terminal_mak, terminal.mak = terminal.mak, b"wrongkey"
    frame = terminal.frame(reversal(facts, CHIP, terminal.me, "98"))
    terminal.mak = terminal_mak
    assert decode(unpack(bank.host.answer(frame)).body)["response_code"] == "A0"
    assert bank.balance() == OPENING - 500


def test_a_reversal_after_the_batch_was_closed(bank: Bank, terminal: TestTerminal) -> None:
    facts, _ = terminal.sale(500)
    bank.ledger.close_batch(TERMINAL_ID)
    assert terminal.reverse(facts).response_code == "77"
    terminal.sign_in()
    assert terminal.reverse(facts).response_code == "00"
    assert bank.balance() == OPENING


# --- inquiry ---------------------------------------------------------------------------------------------------------
def test_an_inquiry_tells_what_the_refund_was_told(bank: Bank, terminal: TestTerminal) -> None:
    _, sale = terminal.sale(500)
    good, bad = terminal.refund_facts(sale, 200), terminal.refund_facts(sale, 400)
    accepted, refused = terminal.ask(good), terminal.ask(bad)
    for facts, said in ((good, accepted), (bad, refused)):
        told = terminal.inquire(facts)
        assert told.response_code == "00"
        assert bytes.fromhex(told.private).decode() == said.response_code + said.rrn
    assert bank.balance() == OPENING - 300


def test_a_refund_that_was_not_known_is_never_booked(bank: Bank, terminal: TestTerminal) -> None:
    _, sale = terminal.sale(500)
    late = terminal.refund_facts(sale, 200)
    assert [terminal.inquire(late).response_code for _ in range(2)] == ["25"] * 2
    assert terminal.ask(late).response_code == "12"
    assert terminal.inquire(late).response_code == "25"
    assert bank.balance() == OPENING - 500
    assert terminal.ask(terminal.refund_facts(sale, 500)).response_code == "00"


def test_a_refund_can_be_asked_about_after_the_batch_was_closed(bank: Bank, terminal: TestTerminal) -> None:
    _, sale = terminal.sale(500)
    facts = terminal.refund_facts(sale, 200)
    terminal.ask(facts)
    bank.ledger.close_batch(TERMINAL_ID)
    terminal.sign_in()
    assert terminal.inquire(facts).response_code == "00"


def test_a_sale_is_not_a_refund_to_an_inquiry(terminal: TestTerminal) -> None:
    facts, _ = terminal.sale(500)
    assert terminal.inquire(facts).response_code == "25"


def test_a_forged_inquiry_buries_nothing(bank: Bank, terminal: TestTerminal) -> None:
    _, sale = terminal.sale(500)
    facts = terminal.refund_facts(sale, 200)
    mak, terminal.mak = terminal.mak, b"wrongkey"
    frame = terminal.frame(inquiry(facts, "000090", "0314", terminal.me))
    terminal.mak = mak
    assert decode(unpack(bank.host.answer(frame)).body)["response_code"] == "A0"
    assert terminal.ask(facts).response_code == "00"


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
    kept = "".join(row[0] for row in bank.ledger._db.execute("SELECT fields FROM message"))
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
    old = terminal.mak
    terminal.sign_in()
    message = financial(Facts(Kind.SALE, "000050", "000001", Money(100)), CHIP, terminal.me)
    stale = signed(message, cup_mac(old, mac_block(message)))
    terminal_frame = unpack(terminal.frame(message))
    answer = bank.host.answer(msgspec.structs.replace(terminal_frame, body=encode(stale)).pack())
    assert decode(unpack(answer).body)["response_code"] == "A0"
