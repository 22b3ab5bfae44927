"""The dictionary: the Book's names, and masks that fail closed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.emv import tags
from terminal.emv.cvm import cvm_list
from terminal.emv.inspection import dictionary
from terminal.emv.inspection.cvm_words import in_words
from terminal.emv.inspection.meaning import meaning
from terminal.emv.verification import Capabilities

PAN = "6210948000000011"  # the TEST card of emv.md 4
SECRET = (
    0x56,
    0x57,
    0x5A,
    0x5F20,
    0x80,
    0x90,
    0x93,
    0x99,
    0x9F05,
    0x9F0B,
    0x9F1F,
    0x9F20,
    0x9F24,
    0x9F2D,
    0x9F46,
    0x9F61,
)
NO_OBJECTS_OF_A_CARD = {tags.SCRIPT_RESULTS}  # DF31 is the acquirer's


@pytest.mark.parametrize(
    ("tag", "name"),  # read off EMV 4.3 Book 3, annex B, table 33
    [
        (0x4F, "Application dedicated file (ADF) name"),
        (0x5F34, "PAN sequence number"),
        (0x82, "Application interchange profile"),
        (0x8E, "Cardholder verification method (CVM) list"),
        (0x94, "Application file locator"),
        (0x9F07, "Application usage control"),
        (0x9F0E, "Issuer action code - denial"),
        (0x9F13, "Last online ATC register"),
        (0x9F17, "PIN try counter"),
        (0x9F2D, "ICC PIN encipherment public key certificate"),
        (0x9F42, "Application currency code"),
        (0x9F49, "Dynamic data authentication data object list (DDOL)"),
        (0x9F4A, "Static data authentication tag list"),
        (0x9F4D, "Log entry"),
        (0xBF0C, "FCI issuer discretionary data"),
    ],
)
def test_a_tag_has_the_book_s_name(tag: int, name: str) -> None:
    assert dictionary.name(tag) == name


def test_every_tag_the_kernel_knows_has_a_name() -> None:
    known = {tag for tag in vars(tags).values() if isinstance(tag, int)} - NO_OBJECTS_OF_A_CARD
    assert {tags.hex_name(tag) for tag in known if tag not in dictionary.ENTRIES} == set()


@pytest.mark.parametrize(
    ("tag", "value", "shown"),
    [
        (tags.PAN, PAN, "621094******0011"),
        (tags.PAN, "6210948000000000046F", "621094*********0046"),
        (tags.PAN, "62109480046F", "(6 bytes, not shown)"),  # too short to be masked
        (tags.PAN, "62109480A0000011", "(8 bytes, not shown)"),
        (tags.TRACK2, "6210948000000011D301020100000F", "621094******0011 = 3010 201, rest not shown"),
        (tags.TRACK2, "6210948000000011301020100000", "(14 bytes, not shown)"),  # no separator
        (tags.TRACK2, "6210948000000011D3010", None),
        (tags.EXPIRY, "301031", "2030-10-31"),
        (tags.EXPIRY, "3010", "3010"),  # not a date: as it is
        (tags.LABEL, "5549434320", '"UICC "'),
        (tags.LABEL, "D2F8C1AA", "D2F8C1AA"),  # GBK: no text that every screen has
        (tags.ISSUER_COUNTRY, "0156", "0156"),
        (0xDF7E, PAN, "(8 bytes, not shown)"),  # unknown: counted
        (tags.AUC, "", "(empty)"),
    ],
)
def test_a_value_is_shown_in_its_form_or_masked(tag: int, value: str, shown: str | None) -> None:
    raw = bytes.fromhex(value + "F" * (len(value) % 2))
    assert dictionary.shown(tag, raw) == (shown or f"({len(raw)} bytes, not shown)")


@pytest.mark.parametrize("tag", [*SECRET, 0xDF7E], ids=tags.hex_name)
@given(value=st.binary(min_size=4, max_size=40) | st.from_regex(rb"\d{12,40}", fullmatch=True))
def test_a_secret_value_is_never_whole(tag: int, value: bytes) -> None:
    said = dictionary.shown(tag, value) + "".join(meaning(tag, value) if dictionary.is_open(tag) else ())
    assert not dictionary.is_open(tag)
    assert value.hex() not in said.lower()
    digits = value.hex().rstrip("f").partition("d")[0]
    assert len(digits) < 12 or digits not in said
    assert value.decode("latin-1") not in said


@given(tag=st.sampled_from(sorted(dictionary.ENTRIES)), value=st.binary(max_size=40))
def test_any_value_has_a_line(tag: int, value: bytes) -> None:
    said = [dictionary.shown(tag, value), *meaning(tag, value)]
    assert all(line.isprintable() for line in said)


def test_the_cvm_list_of_the_real_card_in_words() -> None:
    terminal = Capabilities.SIGNATURE | Capabilities.NO_CVM
    rules = in_words(cvm_list(bytes.fromhex("00000000000000005E0342031F00")), terminal).rules
    assert [(rule.method, rule.condition, rule.otherwise, rule.is_supported) for rule in rules] == [
        ("signature", "the terminal can", "next rule", True),
        ("online PIN", "the terminal can", "next rule", False),
        ("no CVM needed", "always", "fail", True),
    ]


@pytest.mark.parametrize(
    ("rule", "method", "condition"),  # Book 3, annex C3
    [
        ("0000", "fail", "always"),
        ("0104", "plain PIN, checked by the card", "manual cash"),
        ("4505", "enciphered PIN, checked by the card, and signature", "purchase with cashback"),
        ("2009", "cardholder's document (PBOC)", "amount over Y"),
        ("2F80", "the scheme's own", "the scheme's own"),
        ("3E0A", "the issuer's own", "reserved"),
        ("3F01", "not available for use", "unattended cash"),
        ("0700", "reserved", "always"),
    ],
)
def test_a_rule_in_words(rule: str, method: str, condition: str) -> None:
    (said,) = in_words(cvm_list(bytes(8) + bytes.fromhex(rule)), Capabilities(0)).rules
    assert (said.code, said.method, said.condition) == (rule, method, condition)
