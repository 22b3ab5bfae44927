"""`yuanlu-acquirer explain`: every captured message, keys and MACs with their vectors, and what does not parse."""

import itertools
import json

import msgspec
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from keys.algorithms import dukpt_aes, dukpt_tdes
from keys.algorithms.mac import mac
from keys.algorithms.working_keys import wrap
from simulator.acquirer.dukpt import keys_from_bdk
from simulator.acquirer.explain import explain
from simulator.acquirer.explanation import Window, explained
from simulator.acquirer.hex_text import messages
from terminal.iso8583.codec import encode, mac_block, mac_field
from terminal.iso8583.cup import CUP
from terminal.iso8583.dialect import Choices
from terminal.iso8583.facts import Facts, Identity, Plastic
from terminal.iso8583.frame import Envelope
from terminal.iso8583.international import FORMS, international
from terminal.iso8583.kinds import Kind, Silence
from terminal.iso8583.message import Message
from terminal.iso8583.messages import financial, reversal
from terminal.iso8583.settlement import Detail, Totals, details_text
from terminal.money import Money
from tests.vectors import cup_messages as vectors

ALL = {**vectors.CAPTURED, **vectors.CONSTRUCTED}
PAN = "6224242900000113"  # of the captured chip sale: a test card
ME = Identity("10000001", "123456789012345")
CARD = Plastic("6225000000000014", "022", track2="6225000000000014=3012")  # TEST CARD
FRAMINGS = list(itertools.product(("hex", "binary"), ("4 ascii", "2 binary")))
AT = "2025-04-28T09:19:47+08:00"


def run(*arguments, said=None):
    return CliRunner().invoke(explain, [*arguments], input=said)


def told(*arguments, said=None, status=0):
    result = run("--json", *arguments, said=said)
    assert result.exit_code == status, result.output
    return json.loads(result.output)


def part(message, name):
    return next(part for part in message["parts"] if part["name"] == name)


def framed(dialect, message):
    header = bytes.fromhex(dialect.choices.header) if dialect.frame.has_header else b""
    frame = Envelope(bytes.fromhex(dialect.choices.tpdu), header, encode(message, dialect.layout)).pack()
    return (dialect.frame.length.packed(len(frame)) + frame).hex()


# --- every captured message ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ALL)
def test_a_captured_message_is_explained_byte_by_byte(name):
    raw = bytes.fromhex(ALL[name])
    (message,) = told(ALL[name])
    assert message["wrong"] is None
    assert message["size"] == len(raw)
    at = 0
    for piece in message["parts"]:
        assert piece["offset"] == at, piece["name"]
        at += piece["size"]
    assert at == len(raw)
    announced = part(message, "bitmap")["meaning"][0].split()
    assert announced == [str(piece["field"]) for piece in message["parts"] if piece["field"]]


@pytest.mark.parametrize("name", ALL)
def test_the_text_says_the_same_in_lines(name):
    result = run(ALL[name])
    assert result.exit_code == 0
    (message,) = told(ALL[name])
    for piece in message["parts"]:
        label = f"F{piece['field']} {piece['name']}" if piece["field"] else piece["name"]
        assert f"{piece['offset']:5} {label}" in result.output
        for meaning in piece["meaning"]:
            assert meaning in result.output


def test_what_a_chip_sale_says():
    (message,) = told(vectors.CAPTURED["chip sale"])
    assert (message["mti"], message["meaning"], message["kind"]) == ("0200", "financial request", "sale")
    said = {piece["field"]: piece for piece in message["parts"] if piece["field"]}
    assert said[3]["meaning"] == ["00 goods and services, from 00 default, to 00 default"]
    assert said[4]["meaning"] == ["0.01"]
    assert said[22]["meaning"] == ["07 contactless chip, 1 with PIN"]
    assert said[53]["meaning"] == ["2 X9.8 with PAN, 6 double DES, 0 track in clear"]
    assert "9F26 cryptogram: 95BBE372271DDA7C" in said[55]["meaning"]
    assert "60.2 batch 000024" in said[60]["meaning"]
    assert said[64]["meaning"] == ['as text "8F651B26"']


def test_frame_header_and_tpdu():
    (message,) = told(vectors.CAPTURED["sign-in 003"])
    assert part(message, "length")["meaning"] == ["91 bytes follow"]
    assert part(message, "TPDU")["meaning"] == ["id 60, to 0003, from 0000"]
    assert part(message, "private_62")["meaning"] == ["device 3150SXX-4C304119"]
    assert part(message, "private_63")["meaning"] == ["operator 01"]
    envelope = Envelope(bytes.fromhex("6000030000"), bytes.fromhex("603103311108"), bytes(10))
    assert "wanted: 3 sign in again" in explained(Window(CUP, "cup"), 1, envelope.pack()).parts[1].meaning[0]


def test_an_answer_in_words():
    (message,) = told(vectors.CAPTURED["chip sale answer"])
    assert part(message, "response_code")["meaning"] == ["accepted; to act: nobody; next: none"]
    assert part(message, "additional_response")["meaning"] == ["issuer 90310000, acquirer 03025840"]
    (message,) = told(vectors.CAPTURED["reversal answer"])
    assert message["kind"] == "reversal of sale"


@pytest.mark.parametrize("code", ["51", "77", "Q9"])
def test_a_refusal_in_words(code):
    answer = Message("0210", {3: "000000", 11: "000001", 39: code})
    (meaning,) = part(told(framed(CUP, answer))[0], "response_code")["meaning"]
    assert "; to act: " in meaning
    assert not meaning.startswith(("[", "accepted"))


def test_settlement_totals_and_details():
    sums = Totals(debit=8800, debits=2, credit=3000, credits=1).text(1, 2)
    (message,) = told(framed(CUP, Message("0510", {48: sums, 60: "00000001201"})))
    home, foreign = part(message, "additional_data")["meaning"]
    assert home == "home cards: debit 88.00 in 2, credit 30.00 in 1; 1 balanced"
    assert foreign.endswith("2 not balanced")
    rows = details_text((Detail("000001", CARD.pan, 5000),))
    upload = framed(CUP, Message("0320", {48: rows, 60: "00000001201"}))
    assert part(told(upload)[0], "additional_data")["meaning"] == ["000001 622500******0014 50.00"]
    assert part(told(upload, "--clear")[0], "additional_data")["meaning"] == [f"000001 {CARD.pan} 50.00"]


# --- card data -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ALL)
def test_nothing_of_the_card_is_shown_unless_asked_for(name):
    hidden = {2, 14, 35, 36, 48, 52, 54, 55, 57, 58, 59, 62}
    (clear,) = told(ALL[name], "--clear")
    secrets = [piece["value"] for piece in clear["parts"] if piece["field"] in hidden and len(piece["value"]) > 6]
    for shown in (run(ALL[name]).output, run("--json", ALL[name]).output):
        for secret in secrets:
            assert secret not in shown
    for piece in told(ALL[name])[0]["parts"]:
        if piece["field"] in hidden:
            assert piece["is_masked"]


@given(st.binary(min_size=1, max_size=60))
def test_a_chips_card_data_is_by_length_whatever_else_is_there(rest):
    secret = bytes.fromhex(PAN)
    tags = b"".join(
        tag + bytes([len(secret)]) + secret for tag in (b"\x5a", b"\x57", b"\x5f\x20", b"\x9f\x20", b"\x9f\x6b")
    )
    sale = Message("0200", {55: (tags + rest).hex().upper()})
    for shown in (run(framed(CUP, sale)).output, run("--json", framed(CUP, sale)).output):
        assert PAN not in shown


def test_a_card_number_read_in_the_wrong_place_is_by_length():
    misread = framed(CUP, Message("0200", {41: "62242429", 42: "000001130000000"}))[4:] + "00"
    (message,) = told(misread, status=1)
    assert part(message, "merchant_id")["value"] == "<15>"
    assert part(message, "terminal_id")["value"] == "62242429"
    assert part(told(misread, "--clear", status=1)[0], "merchant_id")["value"] == "000001130000000"


def test_an_unknown_tag_is_by_length():
    sale = Message("0200", {55: "DF7F021234"})
    assert part(told(framed(CUP, sale))[0], "icc_data")["meaning"] == ["DF7F unknown: <2 bytes>"]
    assert part(told(framed(CUP, sale), "--clear")[0], "icc_data")["meaning"] == ["DF7F unknown: 1234"]


def test_a_balance_is_an_amount_only_in_clear():
    answer = framed(CUP, Message("0210", {39: "00", 54: "1002156C000000012345"}))
    assert part(told(answer)[0], "balance")["meaning"] == ["account 10, amount 02, currency 156, <amount>"]
    assert "C 000000012345" in part(told(answer, "--clear")[0], "balance")["meaning"][0]


def test_what_a_terminal_would_obey_is_not_printed():
    shown = run(framed(CUP, Message("0210", {39: "00", 44: "\x1b[2J\x07"}))).output
    assert "\x1b" not in shown
    assert "\x07" not in shown


# --- MAC -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", vectors.CONSTRUCTED)
def test_a_mac_is_right_under_its_key_and_wrong_under_another(name):
    asked = ("--mak", vectors.CONSTRUCTED_MAK)
    assert told(vectors.CONSTRUCTED[name], *asked)[0]["mac"]["is_right"] is True
    assert told(vectors.CONSTRUCTED[name], "--mak", "44" * 8)[0]["mac"]["is_right"] is False
    assert told(vectors.CONSTRUCTED[name])[0]["mac"] == {
        "field": 64,
        "rule": "cup",
        "is_right": None,
        "reason": "no MAK is given",
    }
    assert "MAC in F64 (cup): right" in run(vectors.CONSTRUCTED[name], *asked).output
    assert "MAC in F64 (cup): WRONG" in run(vectors.CONSTRUCTED[name], "--mak", "44" * 8).output


def test_the_mac_of_a_message_whose_fields_are_private():
    (message,) = told(vectors.PRIVATE, "--mak", "31" * 8, status=1)
    assert message["mac"]["is_right"] is True
    assert message["wrong"] == {"what": "not a field of this dialect", "field": 9, "offset": 15}


def test_another_rule_and_a_key_that_is_none():
    sale = vectors.CONSTRUCTED["sale, swiped, PIN 123456"]
    found = told(sale, "--mac-rule", "x9.19", "--mak", "33" * 16)[0]["mac"]
    assert (found["rule"], found["is_right"]) == ("x9.19", False)
    assert "is none" in told(sale, "--mak", "3333")[0]["mac"]["reason"]
    assert run(sale, "--mak", "xyz").exit_code == 2


# --- working keys ----------------------------------------------------------------------------------------------------
ANSWER = vectors.CAPTURED["sign-in answer, known TMK"]
CLEAR_KEYS = ("D931648F3DE313A4A22C15DCA4F4299E", "AB7C577CC7A18045")  # cup.md 3.8, host A


def test_keys_of_a_real_sign_in_by_their_check_values():
    result = run(ANSWER, "--tmk", vectors.KNOWN_TMK)
    assert "PIK check value 900ECCE3 right" in result.output
    assert "MAK check value CFF1592A right" in result.output
    (message,) = told(ANSWER, "--tmk", vectors.KNOWN_TMK)
    assert [(key["name"], key["is_right"], key["key"]) for key in message["keys"]] == [
        ("pik", True, ""),
        ("mak", True, ""),
    ]
    assert not any(key in result.output for key in CLEAR_KEYS)
    assert tuple(key["key"] for key in told(ANSWER, "--tmk", vectors.KNOWN_TMK, "--clear")[0]["keys"]) == CLEAR_KEYS


def test_keys_under_another_tmk_are_wrong_and_without_one_not_opened():
    (message,) = told(ANSWER, "--tmk", "11" * 16)
    assert [key["is_right"] for key in message["keys"]] == [False, False]
    assert told(ANSWER)[0]["keys_reason"] == "no TMK is given"
    assert "is none" in told(ANSWER, "--tmk", "1122")[0]["keys_reason"]


def test_a_block_of_no_public_layout_is_said_to_be_one():
    answer = Message("0810", {39: "00", 60: "00000001003", 62: "AB" * 56})
    assert told(framed(CUP, answer), "--tmk", "11" * 16)[0]["keys_reason"] == "a block of 56 bytes, of no public layout"


def test_the_mak_of_a_sign_in_checks_what_its_terminal_says_afterwards():
    tmk, mak = bytes(range(16)), b"\x33" * 8
    block = wrap(tmk, b"\x22" * 16, mak).hex().upper()
    answer = framed(CUP, Message("0810", {39: "00", 41: "12345678", 60: "00000001003", 62: block}))
    text = f"{answer}\n{vectors.CONSTRUCTED['sale, swiped, PIN 123456']}\n{vectors.CAPTURED['reversal']}\n"
    sign_in, sale, of_another = told("--tmk", tmk.hex(), said=text)
    assert sign_in["mac"] is None
    assert sale["mac"]["is_right"] is True
    assert of_another["mac"]["is_right"] is None


# --- text ------------------------------------------------------------------------------------------------------------
def test_hex_as_people_keep_it():
    sign_in = ANSWER
    pairs = [sign_in[at : at + 2] for at in range(0, len(sign_in), 2)]
    ways = [
        sign_in.lower(),
        " ".join(pairs),
        ":".join(pairs),
        " ".join(f"0x{pair}" for pair in pairs),
        f"# an answer\n{sign_in}  # seen today\n",
        "\n".join(" ".join(pairs[at : at + 16]) for at in range(0, len(pairs), 16)),
        sign_in[4:],  # without its length
    ]
    for way in ways:
        (message,) = told(said=way)
        assert message["wrong"] is None
        assert part(message, "stan")["value"] == "500211"


def test_many_messages_a_line_or_a_block_each():
    lines = "\n".join(ALL.values())
    wrapped = "\n\n".join("\n".join([one[:60], one[60:]]) for one in ALL.values())
    bare = "\n\n".join("\n".join([one[4:60], one[60:]]) for one in ALL.values())
    for text in (lines, wrapped, bare):
        assert [message["size"] for message in told(said=text)] in (
            [len(one) // 2 for one in ALL.values()],
            [len(one) // 2 - 2 for one in ALL.values()],
        )


def test_from_a_file_an_argument_and_standard_input(tmp_path):
    file = tmp_path / "messages.txt"
    file.write_text(f"# two\n{ANSWER}\n{vectors.PRIVATE}\n")
    found = told(str(file), ANSWER, "-", said=ANSWER, status=1)
    assert [message["mti"] for message in found] == ["0810", "1280", "0810", "0810"]
    assert run(str(tmp_path / "none.txt")).exit_code == 2
    assert run(said="# nothing\n").exit_code == 2


# --- what does not parse ---------------------------------------------------------------------------------------------
def test_what_was_read_is_shown_and_the_rest_named_by_field_and_offset():
    cut = bytes.fromhex(vectors.CONSTRUCTED["sale, swiped, PIN 123456"])[2:50]
    result = run(cut.hex())
    assert result.exit_code == 1
    assert "F3 processing_code     000000" in result.output
    assert "(field 35, offset 38)" in result.output
    assert "Traceback" not in result.output


def test_one_wrong_message_does_not_hide_the_others():
    found = told(said=f"{ANSWER}\nthis is no hex\n{ANSWER[:-3]}\n{ANSWER}\n", status=1)
    assert [message["wrong"] is None for message in found] == [True, False, False, True]
    assert [message["line"] for message in found] == [1, 2, 3, 4]
    assert found[1]["wrong"]["what"] == "this is no hex"


WINDOWS = [Window(CUP, "cup", b"\x11" * 16, b"\x33" * 8)] + [
    Window(international(Choices(bitmap=bitmap, length=length)), "x9.19", b"\x11" * 16, b"\x33" * 16)
    for bitmap, length in FRAMINGS
]
WINDOWS.append(Window(international(Choices(keys="dukpt-tdes")), "dukpt-tdes", bdk=b"\x11" * 16))


@given(st.sampled_from(WINDOWS), st.binary(max_size=300))
def test_garbage_is_explained_as_what_does_not_parse(window, raw):
    told = explained(window, 1, raw)
    assert told.size == len(raw)
    assert sum(piece.size for piece in told.parts) <= len(raw)
    assert told.wrong is None or 0 <= told.wrong.offset <= len(raw)


@given(st.sampled_from(sorted(ALL)), st.data())
def test_a_captured_message_altered_is_explained_as_far_as_it_goes(name, data):
    raw = bytearray(bytes.fromhex(ALL[name]))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    told = explained(WINDOWS[0], 1, bytes(raw))
    at = 0
    for piece in told.parts:
        assert piece.offset == at
        at += piece.size
    if told.wrong is None:
        assert at == len(raw)
    elif at == len(raw):  # cut just before a field, or the last field of the bitmap is none of this dialect
        assert told.wrong.offset == len(raw) or told.wrong.what == "not a field of this dialect"


@given(st.text(max_size=200))
def test_any_text_is_messages_or_not(text):
    found = messages(text, lambda raw: raw[:1] == b"\x60", lambda raw: False)
    assert [one.line for one in found] == sorted(one.line for one in found)


# --- the international dialect ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", FORMS)
@pytest.mark.parametrize(("bitmap", "length"), FRAMINGS)
@pytest.mark.parametrize("rule", ["x9.19", "cmac"])
def test_the_international_dialect(kind, bitmap, length, rule):
    dialect, key = international(Choices(bitmap=bitmap, length=length, mac=rule)), bytes(range(16))
    facts = Facts(
        kind,
        "000007",
        "000001",
        Money(5000),
        original_rrn="1" * 12,
        original_approval_code="123456",
        original_date="0427",
        at=AT,
    )
    undone = kind if dialect.silence(kind) is Silence.REVERSE else Kind.SALE
    undoing = reversal(dialect, msgspec.structs.replace(facts, kind=undone), CARD, ME, "98")
    asked = financial(dialect, facts, CARD, ME), undoing
    frames = [
        framed(
            dialect,
            one.with_fields({mac_field(one): mac(rule, key, mac_block(one, dialect.layout)).hex().upper()}),
        )
        for one in asked
    ]
    options = (
        "--dialect",
        "international",
        "--bitmap",
        bitmap,
        "--length",
        length,
        "--mac-rule",
        rule,
        "--mak",
        key.hex(),
    )
    found = told(*options, said="\n".join(frames))
    assert [message["kind"] for message in found] == [kind.value, f"reversal of {undone.value}"]
    assert [message["mac"]["is_right"] for message in found] == [True, True]
    assert part(found[1], "original_elements")["meaning"][0].startswith(
        f"MTI {FORMS[undone].mti}, F11 000007, F7 0428011947"
    )
    assert not any(CARD.pan in str(message) for message in found)


@pytest.mark.parametrize("keys", ["dukpt-tdes", "dukpt-aes"])
def test_a_mac_of_dukpt_is_checked_with_the_bdk(keys):
    """A sale and its answer, as the bank of the simulator speaks; and with another BDK."""
    ksn = {"dukpt-tdes": "FFFF9876543210E00001", "dukpt-aes": "123456789012345600000001"}[keys]
    maker = dukpt_tdes if keys == "dukpt-tdes" else dukpt_aes
    dialect = international(Choices(keys=keys, mac="x9.19" if keys == "dukpt-tdes" else "cmac"))
    served = keys_from_bdk(keys, maker.BDK_TEST, bytes.fromhex(ksn))
    sale = financial(dialect, Facts(Kind.SALE, "000007", "000001", Money(5000), at=AT), CARD, ME)
    answer = Message("0210", {number: sale.fields[number] for number in (3, 4, 11, 41, 42)} | {39: "00", 64: "00" * 8})
    frames = []
    for message, key in ((sale, served.mak), (answer, served.answer_mak)):
        named = message.with_fields({53: ksn})
        right = mac(served.mac_rule, key, mac_block(named, dialect.layout))
        frames.append(framed(dialect, named.with_fields({64: right.hex().upper()})))
    options = ("--dialect", "international", "--keys", keys)
    for bdk, is_right in ((maker.BDK_TEST.hex(), True), ("11" * 16, False)):
        found = told(*options, "--bdk", bdk, said="\n".join(frames))
        assert [message["mac"]["is_right"] for message in found] == [is_right, is_right]
        assert found[0]["mac"]["rule"] == keys
        assert part(found[0], "security_control")["meaning"] == [f"KSN of {len(ksn) // 2} bytes"]
    assert ksn not in str(found)
    assert [message["mac"]["reason"] for message in told(*options, said="\n".join(frames))] == ["no BDK is given"] * 2


@given(st.sampled_from(WINDOWS), st.data())
def test_any_message_of_a_dialect_is_explained(window, data):
    """A meaning takes whatever its field may hold."""
    fields = {}
    for field in window.dialect.layout.fields.values():
        size = {"min_size": 0 if field.length_digits else field.size, "max_size": field.size}
        if field.form == "A":
            text = st.text(st.characters(max_codepoint=255), **size)
        elif field.form == "B":
            text = st.binary(**size).map(lambda raw: raw.hex().upper())
        else:
            text = st.text("0123456789", **size)
        fields[field.number] = data.draw(st.none() | text)
    mti = data.draw(st.sampled_from(["0210", "0320", "0510", "0800", "0810", "0420"]))
    said = Message(mti, {number: value for number, value in fields.items() if value is not None})
    told = explained(window, 1, bytes.fromhex(framed(window.dialect, said)))
    assert told.wrong is None
    assert [piece.field for piece in told.parts if piece.field] == sorted(said.fields)
