"""What comes after the money: signatures, script notices, the daily file; and many messages in one commit."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import pytest

from simulator.acquirer.branch import MERCHANT_ID, open_test_branch
from simulator.acquirer.ledger import Ledger
from simulator.acquirer.reconciliation import reconciliation
from terminal.iso8583.answers import Reply
from terminal.iso8583.codec import decode
from terminal.iso8583.cup_management import script_notice, signature
from terminal.iso8583.facts import Facts, Identity
from terminal.iso8583.frame import unpack
from terminal.iso8583.kinds import Kind
from terminal.iso8583.message import Message
from terminal.iso8583.messages import reversal
from tests.unit.simulator.acquirer.acq_terminal import CHIP, OPENING, Bank, TestTerminal

IMAGE, ELEMENTS = bytes(range(200)), bytes.fromhex("FF000454455354")


def signed(terminal: TestTerminal, facts: Facts, said: Reply, image: bytes = IMAGE, code: str = "") -> Message:
    of = {4: f"{facts.amount.minor:012d}", 11: facts.stan, 15: said.settlement_date, 37: said.rrn}
    message = signature(terminal.dialect, terminal.me, of, facts.batch, ELEMENTS, image)
    return message.with_fields({60: f"07{facts.batch}{code}"}) if code else message


# --- signatures ------------------------------------------------------------------------------------------------------
def test_a_signature(bank: Bank, terminal: TestTerminal) -> None:
    facts, said = terminal.sale(500)
    message = signed(terminal, facts, said)
    assert [terminal.say(message).response_code for _ in range(2)] == ["00", "94"]
    assert bank.ledger.report()["signatures"] == [{"id": 1, "rrn": said.rrn, "size": 200}]
    assert bank.ledger.signature(1) == IMAGE
    with pytest.raises(KeyError):
        bank.ledger.signature(2)


@pytest.mark.parametrize("kind", [Kind.VOID, Kind.REFUND])
def test_a_signature_of_what_was_given_back(bank: Bank, terminal: TestTerminal, kind: Kind) -> None:
    facts, said = terminal.does(kind, 500, terminal.sale(500))
    assert terminal.say(signed(terminal, facts, said)).response_code == "00"


def test_signatures_that_belong_to_nothing_25(bank: Bank, terminal: TestTerminal) -> None:
    facts, said = terminal.sale(500)
    message = signed(terminal, facts, said)
    refused, no = terminal.sale(OPENING * 2)
    for wrong in (
        message.with_fields({4: "000000000499"}),
        message.with_fields({11: "000999"}),
        message.with_fields({60: "07000002800"}),
        signed(terminal, refused, no),
    ):
        assert terminal.say(wrong).response_code == "25"
    assert bank.ledger.report()["signatures"] == []


def test_a_signature_needs_its_mac_and_a_sign_in(bank: Bank, terminal: TestTerminal) -> None:
    facts, said = terminal.sale(500)
    frame = terminal.frame(signed(terminal, facts, said))
    answer = bank.host.answer(frame[:-1] + bytes([frame[-1] ^ 1]))
    assert decode(unpack(answer, terminal.dialect.frame).body, terminal.dialect.layout)["response_code"] == "A0"
    bank.host.expire_keys(terminal.me.terminal_id)
    assert terminal.say(signed(terminal, facts, said)).response_code == "77"
    assert bank.ledger.report()["signatures"] == []


def test_a_signature_of_the_batch_before(bank: Bank, terminal: TestTerminal) -> None:
    facts, said = terminal.sale(500)
    bank.ledger.close_batch(terminal.me.terminal_id)
    terminal.sign_in()
    assert terminal.say(signed(terminal, facts, said)).response_code == "00"


def test_a_signature_in_parts(bank: Bank, terminal: TestTerminal) -> None:
    facts, said = terminal.sale(500)

    def send(code: str, image: bytes) -> str:
        return terminal.say(signed(terminal, facts, said, image, code)).response_code

    assert send("802", b"b") == "25"
    assert [send("801", b"a"), send("801", b"a"), send("803", b"c"), send("802", b"b"), send("803", b"c")] == [
        *("00", "94", "25", "00", "00"),
    ]
    assert bank.ledger.signature(1) == b"abc"
    assert send("800", b"whole") == "94"


# --- script notices --------------------------------------------------------------------------------------------------
def test_a_script_notice(bank: Bank, terminal: TestTerminal) -> None:
    facts, said = terminal.sale(500, CHIP)
    answered = {13: said.date, 32: said.acquirer_id, 37: said.rrn, 38: said.approval_code, 55: "DF3105200000000A"}
    message = script_notice(terminal.dialect, terminal.me, terminal.stan(), terminal.financial(facts, CHIP), answered)
    assert [terminal.say(message).response_code for _ in range(2)] == ["00", "00"]
    kept = [tuple(row) for row in bank.ledger.run("SELECT stan, rrn, icc_data FROM script_notice")]
    assert kept == [(message["stan"], said.rrn, "DF3105200000000A")]
    never = message.with_fields({61: "0000010009990314", 11: terminal.stan()})
    assert terminal.say(never).response_code == "25"


# --- the daily file --------------------------------------------------------------------------------------------------
def test_the_daily_file(bank: Bank, terminal: TestTerminal) -> None:
    voided, sale = terminal.sale(500)
    terminal.ask(terminal.void_facts(voided, sale))
    tipped = terminal.sale(100)
    terminal.does(Kind.TIP, 110, tipped)
    reversed_sale, _ = terminal.sale(70)
    terminal.reverse(reversed_sale)
    terminal.sale(OPENING * 2)
    text = reconciliation(bank.ledger, "2025-03-14", MERCHANT_ID)
    lines = text.splitlines()
    assert lines[0] == f"#yuanlu-reconciliation,1,{MERCHANT_ID},2025-03-14,2025-03-14"
    assert lines[1] == ("terminal_id,batch,stan,kind,mti,amount,rrn,response_code,state,at,clearing_date,original_rrn")
    assert lines[2] == (
        f"10000001,000001,{voided.stan},sale,0200,500,{sale.rrn},00,voided,2025-03-14T10:30:00+08:00,2025-03-14,"
    )
    states = [line.split(",")[8] for line in lines[2:-1]]
    assert states == ["voided", "approved", "voided", "approved", "reversed", "refused"]
    assert lines[3].split(",")[11] == sale.rrn
    assert lines[-1] == f"#end,6,{500 + 500 + 100 + 110 + 70 + OPENING * 2}"
    assert "6225" not in text.replace(sale.rrn, "")
    assert text.endswith("\n")


def test_a_day_and_a_merchant_of_its_own(bank: Bank, terminal: TestTerminal) -> None:
    terminal.sale(500)
    bank.host.shift_day(1)
    terminal.sale(600)
    assert reconciliation(bank.ledger, "2025-03-15", MERCHANT_ID).splitlines()[-1] == "#end,1,600"
    assert reconciliation(bank.ledger, "2025-03-15", "898100087654321").splitlines()[-1] == "#end,0,0"


# --- the house -------------------------------------------------------------------------------------------------------
def test_many_in_one_commit_each_by_itself(bank: Bank, terminal: TestTerminal) -> None:
    _, sale = terminal.sale(1000)
    refunds = [terminal.financial(terminal.refund_facts(sale, 300)) for _ in range(4)]
    frames = [terminal.frame(message) for message in refunds]
    answers = bank.host.answer_all([frames[0], b"\x55" * 40, *frames[1:], frames[0], frames[1][:-5]])
    assert answers[1] == b""
    good = [answers[0], *answers[2:5]]
    said = [terminal.heard(message, answer) for message, answer in zip(refunds, good, strict=True)]
    assert [answer["response_code"] for answer in said] == ["00", "00", "00", "61"]
    assert terminal.heard(refunds[0], answers[5])["response_code"] == "94"
    assert decode(unpack(answers[6], terminal.dialect.frame).body, terminal.dialect.layout)["response_code"] == "30"
    assert bank.balance() == OPENING - 100


def test_what_the_books_refuse_is_96_and_leaves_the_rest_alone(bank: Bank, terminal: TestTerminal) -> None:
    _, sale = terminal.sale(1000)
    good, bad = terminal.refund_facts(sale, 300), terminal.refund_facts(sale, 301)
    bank.ledger.run(
        "CREATE TRIGGER full BEFORE INSERT ON posting WHEN new.amount = 301 BEGIN SELECT RAISE(FAIL, 'disk'); END"
    )
    answers = bank.host.answer_all([terminal.frame(terminal.financial(facts)) for facts in (bad, good)])
    codes = [decode(unpack(a, terminal.dialect.frame).body, terminal.dialect.layout)["response_code"] for a in answers]
    assert codes == ["96", "00"]
    assert bank.balance() == OPENING - 700
    assert bank.ledger.refunded(sale.rrn) == 300


def test_a_disabled_terminal_58(bank: Bank, terminal: TestTerminal) -> None:
    bank.host.disable(terminal.me.terminal_id)
    assert terminal.sale(100)[1].response_code == "58"
    assert terminal.sign_in().response_code == "58"
    bank.host.disable(terminal.me.terminal_id, is_disabled=False)
    assert terminal.sale(100)[1].response_code == "00"


def test_forced_refusals_reach_reversals_and_questions_too(bank: Bank, terminal: TestTerminal) -> None:
    facts, _ = terminal.sale(500)
    message = reversal(terminal.dialect, facts, CHIP, terminal.me, "98")
    frame = terminal.frame(message)
    assert terminal.heard(message, bank.host.answer(frame, refuse_with="96"))["response_code"] == "96"
    assert bank.balance() == OPENING - 500
    assert terminal.reverse(facts).response_code == "00"
    question = terminal.financial(terminal.facts(Kind.BALANCE, 0))
    said = terminal.heard(question, bank.host.answer(terminal.frame(question), refuse_with="91"))
    assert (said["response_code"], said["balance"]) == ("91", "")


def test_many_terminals_of_one_branch(bank: Bank, terminal: TestTerminal) -> None:
    open_test_branch(bank.ledger, 3)
    for number in (2, 3):
        other = replace(terminal, me=Identity(f"1000000{number}", MERCHANT_ID), keys={}, last_stan=0)
        other.sign_in()
        assert other.sale(100)[1].response_code == "00"
    assert bank.balance() == OPENING - 200
    assert bank.ledger.terminal("10000004") is None


def test_books_of_another_version_are_not_touched(tmp_path: object) -> None:
    path = f"{tmp_path}/old"
    with sqlite3.connect(path) as old:
        old.execute("CREATE TABLE entry (rrn TEXT)")
    old.close()
    with pytest.raises(ValueError, match="another version"):
        Ledger(path)


def test_a_frame_with_one_wrong_byte_moves_nothing(bank: Bank, terminal: TestTerminal) -> None:
    frame = terminal.frame(terminal.financial(terminal.facts(Kind.SALE, 100)))
    for at in range(11, len(frame)):
        bank.host.answer(frame[:at] + bytes([frame[at] ^ 0x11]) + frame[at + 1 :])
        bank.host.answer(frame[:at])
    assert bank.balance() == OPENING
    assert bank.entries() == []
