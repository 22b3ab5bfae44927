"""Every card of ours that authenticates itself verifies from the bank's CAPK down, by the Books' tables alone."""

from __future__ import annotations

import hashlib

import pytest

from simulator.cards.tray import card, load_tray
from terminal.emv import dol, tags, tlv
from terminal.emv.verification import Aip
from tests.unit.simulator.cards import book2
from tests.unit.simulator.cards.talk import TERMINAL, Talk

UN = TERMINAL[tags.UNPREDICTABLE_NUMBER]
SPOILT = ("wrong-certificate", "wrong-signature")
WAYS = {
    (one.id, application.aid): one.chip.authenticates_itself
    for one in load_tray()
    if one.chip and one.id not in SPOILT
    for application in one.applications
}
ODA = {"none": Aip(0), "sda": Aip.SDA, "dda": Aip.DDA, "cda": Aip.DDA | Aip.CDA}


def those(*ways: str) -> list[tuple[str, str]]:
    return sorted(name for name, way in WAYS.items() if way in ways)


def issuer_key(talk: Talk, aid: str) -> tuple[bytes, bytes]:
    return book2.issuer_key(*talk.authority(aid), talk.values)


def chip_key(talk: Talk, aid: str) -> tuple[bytes, bytes]:
    return book2.chip_key(issuer_key(talk, aid), talk.values, talk.static)


@pytest.mark.parametrize(("id", "aid"), those("none", "sda", "dda", "cda"))
def test_the_aip_and_the_records_say_how(id: str, aid: str) -> None:
    if card(id).chip.behaviour.spoils or id in ("mute", "pulled", "blocked", "unionpay-trace"):  # type: ignore[union-attr]
        return
    talk = Talk(card(id).virtual()).start(aid)
    aip, way = Aip.from_bytes(talk.values[tags.AIP]), WAYS[id, aid]
    assert aip & (Aip.SDA | Aip.DDA | Aip.CDA) == ODA[way]
    assert (tags.SIGNED_STATIC in talk.values) == (way == "sda")
    assert (tags.ICC_CERTIFICATE in talk.values) == (way in ("dda", "cda"))
    assert (tags.CAPK_INDEX in talk.values) == bool(talk.static) == (way != "none")
    assert aip & Aip.CARDHOLDER_VERIFICATION


@pytest.mark.parametrize(("id", "aid"), those("sda"))
def test_static_data(id: str, aid: str) -> None:
    talk = Talk(card(id).virtual()).start(aid)
    clear = book2.opened(*issuer_key(talk, aid), talk.values[tags.SIGNED_STATIC])
    assert clear[1:3] == b"\3\1"
    assert book2.has_hash(clear, talk.static)
    assert not book2.has_hash(clear, talk.static[:-1])


@pytest.mark.parametrize(("id", "aid"), those("dda", "cda"))
def test_dynamic_data(id: str, aid: str) -> None:
    talk = Talk(card(id).virtual()).start(aid)
    key = chip_key(talk, aid)
    numbers = set()
    for _ in range(2):
        talk.start(aid)
        answer = talk.send("00880000", dol.fill(talk.values[tags.DDOL], TERMINAL))
        signed = dict(tlv.leaves(answer)).get(tags.SIGNED_DYNAMIC) or tlv.sole(answer, tags.FORMAT_1)
        dynamic = book2.dynamic_data(key, signed, UN)
        assert len(dynamic) == dynamic[0] + 1 == 9
        numbers.add(dynamic)
    assert len(numbers) == 2
    assert talk.generate()[tags.IAD][6] == 0x02  # DDA performed
    talk.send("00880000", b"123")
    assert talk.sw == "6985"


@pytest.mark.parametrize("length", [0, 3, 5])
def test_the_ddol_has_its_length(length: int) -> None:
    talk = Talk(card("unionpay-debit").virtual()).start()
    talk.say("00880000" if not length else bytes((0x00, 0x88, 0, 0, length)) + bytes(length))
    assert talk.sw == "6700"


@pytest.mark.parametrize(("id", "aid"), those("cda"))
@pytest.mark.parametrize("kinds", [(0x90, 0x50), (0x50,), (0x90, 0x10), (0x10,)])
def test_a_cryptogram_with_its_signature(id: str, aid: str, kinds: tuple[int, ...]) -> None:
    talk = Talk(card(id).virtual()).start(aid)
    key, fci_told, numbers = chip_key(talk, aid), talk.told, set()
    for turn, kind in enumerate(kinds):
        said = talk.generate(kind, is_second=turn == 1)
        if not kind & 0xC0:
            assert tags.SIGNED_DYNAMIC not in said
            assert len(said[tags.CRYPTOGRAM]) == 8
            continue
        dynamic = book2.dynamic_data(key, said[tags.SIGNED_DYNAMIC], UN)
        assert tags.CID in said
        number, rest = dynamic[1 : 1 + dynamic[0]], dynamic[1 + dynamic[0] :]
        assert len(number) == 8
        assert number not in numbers
        numbers.add(number)
        assert (rest[:1], len(rest)) == (said[tags.CID], 29)
        said_without = [(tag, said[tag]) for tag in (tags.CID, tags.ATC, tags.IAD)]
        assert hashlib.sha1(talk.told + tlv.build(said_without)).digest() == rest[9:]
        assert talk.told.startswith(fci_told)


def test_without_the_request_or_without_cda_there_is_no_signature() -> None:
    assert tags.SIGNED_DYNAMIC not in Talk(card("unionpay-debit-other").virtual()).start().generate(0x80)
    assert tags.SIGNED_DYNAMIC not in Talk(card("unionpay-debit").virtual()).start().generate(0x90)


def test_the_pin_key_has_a_certificate_of_its_own() -> None:
    talk = Talk(card("unionpay-credit-enciphered-pin").virtual()).start()
    pin = book2.chip_key(issuer_key(talk, "A000000333"), talk.values, b"", is_pin=True)
    assert pin != chip_key(talk, "A000000333")


def verified(talk: Talk) -> tuple[bytes, bytes]:
    """The issuer's key, when everything static verifies."""
    key = issuer_key(talk, "A000000333")
    if tags.SIGNED_STATIC in talk.values:
        assert book2.has_hash(book2.opened(*key, talk.values[tags.SIGNED_STATIC]), talk.static)
    else:
        assert book2.chip_key(key, talk.values, talk.static)
    return key


@pytest.mark.parametrize("id", SPOILT)
def test_the_gallery_s_certificates_do_not_verify(id: str) -> None:
    assert verified(Talk(card(id).virtual(spoils="")).start())
    with pytest.raises(AssertionError):
        verified(Talk(card(id).virtual()).start())


def test_a_wrong_signature_comes_with_a_right_certificate() -> None:
    assert issuer_key(Talk(card("wrong-signature").virtual()).start(), "A000000333")
