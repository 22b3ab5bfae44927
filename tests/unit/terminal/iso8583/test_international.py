"""The international dialect: against ISO 8583:1987's coding rules by hand, and against pyiso8583 for every field."""

import itertools
from datetime import datetime
from pathlib import Path

import iso8583
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.algorithms.mac import mac
from terminal.iso8583.answers import difference, must_be_signed, reply
from terminal.iso8583.codec import decode, encode, mac_block, mac_field
from terminal.iso8583.cup import cup
from terminal.iso8583.dialect import Choices, SignIn
from terminal.iso8583.dialects import by_name
from terminal.iso8583.facts import Facts, Identity, Plastic
from terminal.iso8583.frame import Envelope, unpack
from terminal.iso8583.international import FIELDS, FORMS, SHAPES, international
from terminal.iso8583.kinds import Kind, Silence
from terminal.iso8583.message import MAC_FIELDS, NAMES, Message, WireError
from terminal.iso8583.messages import financial, reversal
from terminal.key_facts import SealedPin
from terminal.money import Money

ME = Identity("10000001", "123456789012345")
AT = "2025-04-28T09:19:47+08:00"
CARD = Plastic("6225000000000014", "022", track2="6225000000000014=3012")  # TEST CARD
REFUND = Facts(
    Kind.REFUND,
    "000007",
    "000001",
    Money(5000),
    original_stan="000003",
    original_rrn="091947145060",
    original_date="0427",
    at=AT,
    operator="01",
)
KEYS = {"x9.19": bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"), "cmac": bytes(range(16))}  # TEST KEYS
SETS = (("session", "x9.19"), ("session", "cmac"), ("dukpt-tdes", "x9.19"), ("dukpt-aes", "cmac"))
KSNS = {"dukpt-tdes": "FFFF9876543210E00001", "dukpt-aes": "123456789012345600000001"}
DIALECTS = [
    international(Choices(bitmap=bitmap, length=length, keys=keys, mac=rule))
    for bitmap, length, (keys, rule) in itertools.product(("hex", "binary"), ("4 ascii", "2 binary"), SETS)
]
INTERNATIONAL = international(Choices())
dialects = st.sampled_from(DIALECTS)


# --- by hand ---------------------------------------------------------------------------------------------------------
BY_HAND = [  # ISO 8583:1987: n is digits, ans is text padded right, LL and LLL are digits, b is bytes
    ("MTI", b"0100"),  # an authorisation request
    ("first bitmap", b"F238058028C08010"),  # 1 2 3 4 7 | 11 12 13 | 22 24 | 25 | 35 37 | 41 42 | 49 | 60
    ("second bitmap", b"0000004000000001"),  # 90 | 128
    ("F2 n..19 LL", b"16" + b"6225000000000014"),
    ("F3 n6", b"200000"),  # 20 return, from the default account, to the default account
    ("F4 n12", b"000000005000"),  # 50.00
    ("F7 n10 MMDDhhmmss, UTC", b"0428011947"),
    ("F11 n6", b"000007"),
    ("F12 n6 hhmmss, local", b"091947"),
    ("F13 n4 MMDD, local", b"0428"),
    ("F22 n3", b"022"),
    ("F24 n3", b"003"),
    ("F25 n2", b"00"),
    ("F35 z..37 LL", b"21" + b"6225000000000014=3012"),
    ("F37 an12", b"091947145060"),
    ("F41 ans8", b"10000001"),
    ("F42 ans15", b"123456789012345"),
    ("F49 an3", b"156"),
    ("F60 ans..6 LLL", b"006" + b"000001"),
    ("F90 n42", b"0200" + b"000003" + b"0427000000" + b"00000000000" + b"00000000000"),
    ("F128 b64", bytes(8)),
]


def test_a_refund_is_byte_for_byte_what_iso_8583_says():
    raw = encode(financial(INTERNATIONAL, REFUND, CARD, ME), INTERNATIONAL.layout)
    for what, expected in BY_HAND:
        assert raw[: len(expected)] == expected, what
        raw = raw[len(expected) :]
    assert raw == b""


def test_a_binary_bitmap_is_the_same_bits_in_half_the_bytes():
    binary = international(Choices(bitmap="binary"))
    body = encode(financial(binary, REFUND, CARD, ME), binary.layout)
    assert body[:20] == b"0100" + bytes.fromhex("F238058028C080100000004000000001")
    assert body[20:] == b"".join(part for _, part in BY_HAND[3:])


def test_the_mac_is_over_all_that_stands_before_it():
    block = mac_block(financial(INTERNATIONAL, REFUND, CARD, ME), INTERNATIONAL.layout)
    assert block == b"".join(part for _, part in BY_HAND[:-1])


# --- what the tables say ---------------------------------------------------------------------------------------------
def test_a_request_with_a_field_above_64_has_its_mac_in_128_and_any_other_in_64():
    for name, row in SHAPES.items():
        above = [number for number in row.request if 64 < number < 128]
        assert all(row.request[number] == "M" for number in above), name
        if name not in ("sign-in", "echo"):
            assert set(row.request) & set(MAC_FIELDS) == {128 if above else 64}, name


def test_every_field_of_the_message_table_has_a_name_a_form_and_a_source():
    for name, row in SHAPES.items():
        assert (row.request.keys() | row.answer.keys()) <= FIELDS.keys() & NAMES.keys(), name
        if name not in ("sign-in", "echo"):
            given_by = {number for number in row.request if NAMES[number] in INTERNATIONAL.sources}
            assert row.request.keys() - given_by <= set(MAC_FIELDS), name
    assert {form.shape for form in FORMS.values()} <= SHAPES.keys()


def test_mti_processing_code_and_type_tell_every_kind_apart():
    said = {(form.mti, form.processing_code, form.condition_code) for form in FORMS.values()}
    assert len(said) == len(FORMS)


def test_what_silence_means():
    silent = {kind: INTERNATIONAL.silence(kind) for kind in FORMS}
    assert silent.pop(Kind.BALANCE) is Silence.NOTHING
    assert silent.pop(Kind.COMPLETION) is Silence.REPEAT  # an advice
    assert set(silent.values()) == {Silence.REVERSE}


# --- reversal --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("reason", "iso"), [("98", "68"), ("96", "22"), ("A0", "06"), ("06", "06")])
def test_a_reversal_names_the_message_it_reverses(reason, iso):
    undo = reversal(INTERNATIONAL, REFUND, CARD, ME, reason)
    assert undo.mti == "0420"
    assert undo["original_elements"] == "0100" + "000007" + "0428011947" + "0" * 22
    assert undo["response_code"] == iso
    assert mac_field(undo) == 128
    assert not {35, 37, 52, 55} & undo.fields.keys()
    assert INTERNATIONAL.original_of(undo) == ("000001", "000007", "0428")


def test_what_an_original_is_known_by():
    void = Facts(Kind.VOID, "000008", "000001", Money(1), original_stan="000003", original_rrn="1" * 12, at=AT)
    assert INTERNATIONAL.original_of(financial(INTERNATIONAL, void, CARD, ME)) == ("000001", "000003", "")
    refund = financial(INTERNATIONAL, REFUND, CARD, ME)
    assert INTERNATIONAL.original_of(refund) == ("000001", "000003", "0427")


def test_a_time_without_its_zone_is_no_time():
    sale = Facts(Kind.SALE, "000001", "000001", Money(1), at=AT[:19])
    with pytest.raises(WireError, match="field 7"):
        financial(INTERNATIONAL, sale, CARD, ME)


# --- sign-in and echo ------------------------------------------------------------------------------------------------
def test_sign_in_and_echo():
    said = INTERNATIONAL.sign_in(INTERNATIONAL, ME, SignIn("000001", "000009", "01", AT))
    identity = {24: "003", 41: ME.terminal_id, 42: ME.merchant_id, 60: "000009"}
    assert said == Message("0800", {7: "0428011947", 11: "000001", 12: "091947", 13: "0428", **identity, 70: "001"})
    echo = INTERNATIONAL.echo(INTERNATIONAL, ME, "000009")
    assert echo == Message("0800", {**identity, 70: "301"})
    assert not said.mac
    assert not echo.mac


def test_the_answer_to_a_sign_in_carries_keys_and_batch():
    said = INTERNATIONAL.sign_in(INTERNATIONAL, ME, SignIn("000001", "000009", "01", AT))
    answer = said.with_fields({7: "", 39: "00", 60: "000010", 62: "AB" * 40})
    answer = decode(encode(Message("0810", answer.fields), INTERNATIONAL.layout), INTERNATIONAL.layout)
    assert difference(said, answer) is None
    assert not must_be_signed(INTERNATIONAL, said, answer)
    heard = reply(INTERNATIONAL, answer)
    assert (heard.response_code, heard.batch, heard.private) == ("00", "000010", "AB" * 40)


# --- answers ---------------------------------------------------------------------------------------------------------
def test_an_approval_must_be_signed_in_64_or_128():
    asked = financial(INTERNATIONAL, REFUND, CARD, ME)
    fields = {number: asked.fields[number] for number in (3, 4, 11, 41, 42)} | {39: "00"}
    assert must_be_signed(INTERNATIONAL, asked, Message("0110", fields))
    assert must_be_signed(INTERNATIONAL, asked, Message("0110", {**fields, 39: "51", 64: "00" * 8}))
    assert must_be_signed(INTERNATIONAL, asked, Message("0110", {**fields, 39: "51", 128: "00" * 8}))
    undo = reversal(INTERNATIONAL, REFUND, CARD, ME, "98")
    assert must_be_signed(INTERNATIONAL, undo, Message("0430", {**fields, 39: "25"}))


# --- registry --------------------------------------------------------------------------------------------------------
def test_dialects_by_name():
    assert by_name("international", Choices()).name == "international"
    assert by_name("cup", Choices()).name == "cup"
    with pytest.raises(ValueError, match="cup, international"):
        by_name("klingon", Choices())


@pytest.mark.parametrize(
    ("make", "choices"),
    [
        (international, Choices(sign_in="004")),
        (international, Choices(sign_in="005")),
        (international, Choices(network_id="3")),
        (cup, Choices(mac="cmac")),
        (cup, Choices(bitmap="binary")),
        (cup, Choices(length="2 binary")),
        (cup, Choices(keys="dukpt-tdes")),
        (international, Choices(has_pan_in_pin=False)),
    ],
)
def test_a_choice_that_is_another_dialects_is_refused(make, choices):
    with pytest.raises(ValueError, match=r"choice|digits"):
        make(choices)


@pytest.mark.parametrize(
    ("keys", "rule", "format", "name"),
    [
        ("session", "x9.19", "", "iso-0"),
        ("session", "x9.19", "iso-3", "iso-3"),
        ("session", "cmac", "", "iso-4"),
        ("dukpt-tdes", "x9.19", "", "dukpt-tdes:iso-0"),
        ("dukpt-tdes", "x9.19", "iso-3", "dukpt-tdes:iso-3"),
        ("dukpt-aes", "cmac", "", "dukpt-aes:iso-4"),
        ("dukpt-aes", "cmac", "iso-4", "dukpt-aes:iso-4"),
    ],
)
def test_what_the_vault_is_asked_for(keys, rule, format, name):
    dialect = international(Choices(keys=keys, mac=rule, pin_format=format))
    assert dialect.pin_format == name
    assert dialect.has_working_keys is (keys == "session")
    assert dialect.layout.fields[52].size == (16 if name.endswith("iso-4") else 8)
    assert (dialect.mac_rule, dialect.answer_mac_rule) == (
        (rule, "") if keys == "session" else (keys, f"{keys}-response")
    )


@pytest.mark.parametrize(
    ("keys", "rule", "format", "sentence"),
    [
        ("dukpt-tdes", "cmac", "", 'keys = "dukpt-tdes" goes with mac = "x9.19", not with "cmac"'),
        ("dukpt-aes", "x9.19", "", 'keys = "dukpt-aes" goes with mac = "cmac", not with "x9.19"'),
        ("session", "x9.19", "iso-4", 'make a pin_format of "iso-0" or "iso-3", not of "iso-4"'),
        ("session", "cmac", "iso-0", 'make a pin_format of "iso-4", not of "iso-0"'),
        ("dukpt-tdes", "x9.19", "iso-4", 'make a pin_format of "iso-0" or "iso-3", not of "iso-4"'),
        ("dukpt-aes", "cmac", "iso-3", 'make a pin_format of "iso-4", not of "iso-3"'),
    ],
)
def test_keys_that_do_not_go_together_are_refused_with_a_sentence(keys, rule, format, sentence):
    with pytest.raises(ValueError, match=sentence):
        international(Choices(keys=keys, mac=rule, pin_format=format))


@pytest.mark.parametrize("format", ["iso-3", "iso-4"])
def test_the_cup_dialect_has_one_pin_format(format):
    with pytest.raises(ValueError, match='F52 in "iso-0" only'):
        cup(Choices(pin_format=format))


@pytest.mark.parametrize(
    ("choices", "name", "control"),
    [
        (Choices(), "iso-0", "2600000000000000"),
        (Choices(pin_format="iso-0"), "iso-0", "2600000000000000"),
        (Choices(has_pan_in_pin=False), "iso-0-without-pan", "1600000000000000"),
        (Choices(sign_in="005"), "iso-0-sm4", "2300000000000000"),
        (Choices(sign_in="005", has_pan_in_pin=False), "iso-0-sm4-without-pan", "1300000000000000"),
    ],
)
def test_cups_pin_with_and_without_the_pan(choices, name, control):
    dialect = cup(choices)
    assert dialect.pin_format == name
    sale, size = Facts(Kind.SALE, "000001", "000001", Money(1)), 16 if "sm4" in name else 8
    assert financial(dialect, sale, CARD, ME, SealedPin(bytes(size)))["security_control"] == control
    assert financial(dialect, sale, CARD, ME)["security_control"] == "0" + control[1:]


# --- DUKPT -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("keys", "rule"), SETS[2:])
def test_every_message_with_a_mac_has_room_for_its_ksn(keys, rule):
    dialect, ksn = international(Choices(keys=keys, mac=rule)), KSNS[keys]
    sale = Facts(Kind.SALE, "000001", "000001", Money(1), at=AT)
    pin = SealedPin(bytes(dialect.layout.fields[52].size - 1) + b"1", bytes.fromhex(ksn))
    made = financial(dialect, sale, CARD, ME, pin)
    assert made["security_control"] == ksn
    raw = encode(made, dialect.layout)
    assert f"{len(ksn) // 2:02d}".encode() + bytes.fromhex(ksn) in raw  # LL, bytes
    for without in (financial(dialect, sale, CARD, ME), reversal(dialect, sale, CARD, ME, "98")):
        assert without["security_control"] == "0" * len(ksn)
    assert "security_control" not in [NAMES[number] for number in dialect.shapes["sign-in"].request]
    with pytest.raises(WireError, match="field 53"):
        financial(dialect, sale, CARD, ME, SealedPin(pin.block))


def test_neither_ksn_nor_pin_is_in_a_record():
    dialect, ksn = international(Choices(keys="dukpt-tdes")), KSNS["dukpt-tdes"]
    sale = Facts(Kind.SALE, "000001", "000001", Money(1), at=AT)
    made = financial(dialect, sale, CARD, ME, SealedPin(bytes.fromhex("1122334455667788"), bytes.fromhex(ksn)))
    kept = made.masked_fields()
    assert (kept["52"], kept["53"]) == ("<16>", "<20>")
    for shown in (str(kept), repr(made)):
        assert ksn not in shown
        assert "1122334455667788" not in shown
    assert financial(cup(), sale, CARD, ME).masked_fields()["53"] == "0600000000000000"


def test_the_mac_rule_says_the_cipher_of_the_keys():
    assert [Choices(mac=rule).cipher for rule in ("x9.19", "cmac")] == ["des", "aes"]


def test_the_page_for_a_new_acquirer_lists_every_choice():
    page = (Path(__file__).parents[4] / "docs" / "new-acquirer.md").read_text()
    assert [name for name in Choices.__struct_fields__ if f"`{name}`" not in page] == []


# --- laws ------------------------------------------------------------------------------------------------------------
def values(field):
    size = {"min_size": 1 if field.length_digits else field.size, "max_size": field.size}
    if field.form == "A":
        return st.text("ABCDEFGHIJ0123456789", **size)
    if field.form == "B":
        return st.binary(**size).map(lambda raw: raw.hex().upper())
    return st.text("0123456789=D" if field.form == "Z" else "0123456789", **size)


def specification(layout):
    """The same table as pyiso8583 wants it."""
    bitmap = {"data_enc": "ascii", "max_len": 16} if layout.is_bitmap_hex else {"data_enc": "b", "max_len": 8}
    fixed = {"len_enc": "ascii", "len_type": 0}
    spec = {
        "h": {**fixed, "data_enc": "ascii", "max_len": 0},
        "t": {**fixed, "data_enc": "ascii", "max_len": 4},
        "p": {**fixed, **bitmap},
        "1": {**fixed, **bitmap},
    }
    for field in layout.fields.values():
        spec[str(field.number)] = {
            "data_enc": "b" if field.form == "B" else "latin-1",
            "len_enc": "ascii",
            "len_type": field.length_digits,
            "max_len": field.size,
        }
    return spec


def spoken(dialect):
    """A dialect, its table for pyiso8583, and a message of it."""
    fields = {field.number: values(field) for field in dialect.layout.fields.values()}
    mtis = st.sampled_from(["0100", "0200", "0220", "0420", "0810"])
    messages = st.builds(Message, mtis, st.fixed_dictionaries({}, optional=fields))
    return st.tuples(st.just(dialect), st.just(specification(dialect.layout)), messages)


@given(st.one_of([spoken(dialect) for dialect in DIALECTS]))
def test_round_trip_and_second_opinion_both_ways(said):
    dialect, spec, message = said
    raw = encode(message, dialect.layout)
    assert decode(raw, dialect.layout) == message
    document = {"t": message.mti} | {str(number): value for number, value in message.fields.items()}
    theirs, _ = iso8583.encode(dict(document), spec)
    assert bytes(theirs) == raw
    read, _ = iso8583.decode(raw, spec)
    assert {key: read[key] for key in read.keys() - {"h", "p", "1"}} == document


PLASTICS = st.builds(
    Plastic,
    st.text("0123456789", min_size=13, max_size=19),
    st.sampled_from(["052", "022", "012"]),
    expiry=st.sampled_from(["", "3012"]),
    psn=st.sampled_from(["", "001"]),
    track2=st.sampled_from(["", "6225000000000014=30122010000000000000"]),
    icc_data=st.binary(max_size=255).map(lambda raw: raw.hex().upper()),
)
NUMBERS = st.integers(1, 999_999).map(lambda number: f"{number:06d}")
FACTS = st.builds(
    Facts,
    st.sampled_from(sorted(FORMS, key=str)),
    NUMBERS,
    NUMBERS,
    st.integers(1, 10**12 - 1).map(Money),
    original_stan=NUMBERS,
    original_batch=NUMBERS,
    original_rrn=st.text("0123456789ABC", min_size=12, max_size=12),
    original_approval_code=st.text("0123456789ABC", min_size=6, max_size=6),
    original_date=st.dates().map(lambda day: f"{day:%m%d}"),
    at=st.datetimes(datetime(2025, 1, 1), datetime(2028, 12, 31)).map(  # noqa: DTZ001 - the zone is added
        lambda at: at.isoformat(timespec="seconds") + "+08:00"
    ),
)


@given(dialects, FACTS, PLASTICS, st.booleans())
def test_every_kind_with_every_choice_goes_and_comes_with_its_mac(dialect, facts, plastic, has_pin):
    choices = dialect.choices
    block, ksn = bytes(range(1, 1 + dialect.layout.fields[52].size)), bytes.fromhex(KSNS.get(choices.keys, ""))
    pin = SealedPin(block, ksn) if has_pin else None
    for made in (
        financial(dialect, facts, plastic, ME, pin),
        reversal(dialect, facts, plastic, ME, "98", "123456"),
    ):
        key = KEYS[choices.mac]
        right = mac(choices.mac, key, mac_block(made, dialect.layout)).hex().upper()
        signed = made.with_fields({mac_field(made): right})
        frame = Envelope(bytes.fromhex(dialect.choices.tpdu), b"", encode(signed, dialect.layout)).pack()
        length = dialect.frame.length.packed(len(frame))
        assert dialect.frame.length.parsed(length) == len(frame)
        body = unpack(frame, dialect.frame).body
        read = decode(body, dialect.layout)
        assert read == signed
        assert read.mac == right
        assert mac(choices.mac, key, body[:-8]).hex().upper() == right
        assert dialect.batch_of(read) == facts.batch
