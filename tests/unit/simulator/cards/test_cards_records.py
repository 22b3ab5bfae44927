"""What a card's file says is what its records, its FCI and GET DATA say."""

from __future__ import annotations

import json

import msgspec
import pytest

from simulator.cards.key_ring import key_ring
from simulator.cards.make_keys import CAPKS, with_ours
from simulator.cards.tray import card
from terminal.emv import tags
from tests.unit.simulator.cards.talk import Talk

VISA, MASTERCARD = "A0000000031010", "A0000000041010"
SAID = {
    "international-credit": {
        tags.CARDHOLDER_NAME: b"KONG/LIU",
        tags.AVN_CARD: b"\x00\x96",
        tags.ISSUER_COUNTRY: b"\x08\x40",
        tags.APPLICATION_CURRENCY: b"\x08\x40",
        tags.LOWER_LIMIT: b"\x02",
        tags.UPPER_LIMIT: b"\x05",
        tags.CVM_LIST: bytes.fromhex("00000000000000001E031F00"),
    },
    "international-debit": {tags.AVN_CARD: b"\x00\x02"},
    "unionpay-identity": {
        tags.IDENTITY_NUMBER: b"110101199001010015",
        tags.IDENTITY_KIND: b"\x00",
        tags.CARDHOLDER_NAME: b"SHI SI",
        tags.CVM_LIST: bytes.fromhex("000000000000000060031E031F00"),
    },
    "unionpay-debit-pin": {tags.CVM_LIST: bytes.fromhex("000000000000000042031E031F00"), tags.AUC: b"\xff\x00"},
    "unionpay-credit-offline-pin": {tags.CVM_LIST: bytes.fromhex("0000000000000000410342031E031F00")},
    "unionpay-credit-enciphered-pin": {tags.CVM_LIST: bytes.fromhex("0000000000000000440342031E031F00")},
    "unionpay-credit": {tags.EXPIRY: bytes.fromhex("331231"), tags.EFFECTIVE: bytes.fromhex("100101")},
}
NEVER = (tags.LOWER_LIMIT, tags.UPPER_LIMIT, tags.CARDHOLDER_NAME, tags.IDENTITY_NUMBER, tags.IDENTITY_KIND)


@pytest.mark.parametrize("id", SAID)
def test_the_records_say_what_the_file_says(id: str) -> None:
    own = card(id)
    talk = Talk(own.virtual()).start(own.applications[0].aid)
    assert {tag: talk.values.get(tag) for tag in SAID[id]} == SAID[id]
    assert not [tag for tag in NEVER if tag not in SAID[id] and tag in talk.values]
    assert talk.values[tags.TRACK2].hex().upper().rstrip("F") == own.track2.replace("=", "D")


def test_the_fci_has_label_language_and_what_it_wants_to_know() -> None:
    fci = Talk(card("international-credit").virtual()).select(VISA)
    assert fci[tags.LABEL] == b"TEST CREDIT"
    assert fci[tags.LANGUAGE] == b"en"
    assert fci[tags.PDOL].hex() == "9f33039f1a02"
    assert tags.PDOL not in Talk(card("international-debit").virtual()).select(MASTERCARD)


def test_the_counters_go_on_where_the_file_says() -> None:
    talk = Talk(card("international-credit").virtual()).start(VISA)
    assert (talk.say("80CA9F36").hex(), talk.say("80CA9F13").hex()) == ("9f36020029", "9f13020028")


@pytest.mark.parametrize(("tries", "pin"), [(5, "123456"), (1, "1234")])
def test_a_pin_of_its_own(tries: int, pin: str) -> None:
    own = card("unionpay-credit-offline-pin")
    assert own.chip is not None
    chip = msgspec.structs.replace(own.chip, pin=pin, pin_tries=tries)
    talk = Talk(msgspec.structs.replace(own, chip=chip).virtual()).start()
    assert talk.say("80CA9F17")[-1] == tries
    talk.send("00200080", bytes.fromhex(f"2{len(pin)}{pin}".ljust(16, "F")), expects=False)
    assert talk.sw == "9000"
    none = Talk(msgspec.structs.replace(own, chip=msgspec.structs.replace(chip, pin="")).virtual()).start()
    none.send("00200080", bytes.fromhex("26123456FFFFFFFF"), expects=False)
    assert none.sw == "6984"


def test_the_bank_s_capks_are_the_authorities_of_the_key_file() -> None:
    told = CAPKS.read_text("utf-8")
    assert with_ours(told, {rid: authority.key.rsa for rid, authority in key_ring().authorities.items()}) == told
    ours = [key for key in json.loads(told)["keys"] if key["index"] == "D7"]
    assert [8 * len(key["modulus"]) // 2 for key in ours] == [1408, 1152, 1280]
