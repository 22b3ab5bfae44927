"""The tray: every shipped card is a whole, valid test card; a bad file is refused by its name."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from simulator.cards.key_ring import key_ring
from simulator.cards.replay_card import TRACE
from simulator.cards.tray import CardDescription, CardRefused, load_card, load_tray

VECTOR = Path(__file__).parents[3] / "vectors" / "unionpay_contact_sale.txt"
OLD = {  # id -> PAN, AID; the ones that journeys and guides are written with
    "blocked": ("6210948000000060", "A000000333010101"),
    "blocked-application": ("6210948000000094", "A000000333010101"),
    "declines": ("6210948000000052", "A000000333010101"),
    "expired": ("6250946000000024", "A000000333010102"),
    "mute": ("6210948000000078", "A000000333010101"),
    "pulled": ("6210948000000086", "A000000333010101"),
    "stripe-only": ("6210948000000110", ""),
    "unionpay-credit": ("6250946000000016", "A000000333010102"),
    "unionpay-debit": ("6210948000000029", "A000000333010101"),
    "unionpay-debit-other": ("6210948000000000046", "A000000333010101"),
    "unionpay-trace": ("6210948000000011", "A000000333010101"),
    "wrong-way": ("6210948000000102", "A000000333010101"),
}
TRAY = {card.id: card for card in load_tray()}


WHOLE = "name_zh='a'\nname_en='a'\nholder_zh='a'\nholder_en='a'\npan='62'\nexpiry='3512'\ntrack2='62=3512'\n"


def luhn(pan: str) -> int:
    """ISO/IEC 7812-1: zero when the check digit is right."""
    return (sum(map(int, pan[-1::-2])) + sum(sum(divmod(2 * int(digit), 10)) for digit in pan[-2::-2])) % 10


@pytest.mark.parametrize("card", TRAY.values(), ids=TRAY)
def test_a_card_is_whole(card: CardDescription) -> None:
    assert card.name_zh
    assert card.name_en
    assert card.holder_zh
    assert card.holder_en
    assert 16 <= len(card.pan) <= 19
    assert len(card.track2) <= 37
    service_code = card.track2.partition("=")[2][4:7]
    assert (service_code[0] in "26") == (card.chip is not None)


@pytest.mark.parametrize("card", [card for card in TRAY.values() if card.id != "unionpay-trace"], ids=repr)
def test_a_card_number_of_ours_has_its_check_digit(card: CardDescription) -> None:
    assert luhn(card.pan) == 0


@pytest.mark.parametrize("id", OLD)
def test_the_first_cards_keep_their_account_and_ask_no_pin(id: str) -> None:
    pan, aid = OLD[id]
    assert TRAY[id].pan == pan
    if aid:
        assert TRAY[id].applications[0].aid == aid
        assert TRAY[id].chip.cvm_list[16:] == "1E031F00"  # type: ignore[union-attr]


def test_every_card_is_another_one() -> None:
    pans = [pan for card in TRAY.values() for pan in card.pans]
    assert len(set(pans)) == len(pans) == len(TRAY) + 1 == 32


@pytest.mark.parametrize("card", [card for card in TRAY.values() if len(card.pans) > 1], ids=repr)
def test_every_application_s_number_has_its_check_digit_and_is_a_chip_s(card: CardDescription) -> None:
    for application in card.applications:
        assert luhn(application.pan) == 0
        assert application.track2.partition("=")[2][4] == "2"


def test_a_card_is_made_at_once() -> None:
    """Its keys are on file; what is signed is signed once."""
    for card in TRAY.values():
        if card.chip is not None:
            card.virtual()
    start = time.process_time()
    for _ in range(10):
        for card in TRAY.values():
            if card.chip is not None:
                card.virtual()
    assert time.process_time() - start < 0.005 * 10 * len(TRAY)


def test_the_keys_are_marked_as_what_they_are() -> None:
    assert key_ring().note.startswith("TEST KEYS ONLY")


def test_the_shipped_trace_is_the_published_vector() -> None:
    assert TRACE.read_bytes() == VECTOR.read_bytes()


def test_the_replayed_card_s_stripe_says_what_its_chip_says() -> None:
    assert "570F" + TRAY["unionpay-trace"].track2.replace("=", "D") + "F" in VECTOR.read_text("ascii")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("pan = ", "Invalid value"),
        ("colour = 'red'", "unknown field"),
        (
            "name_zh='a'\nname_en='a'\nholder_zh='a'\nholder_en='a'\npan='62'\nexpiry='3512'\ntrack2='63=3512'",
            "track2 begins with",
        ),
        (WHOLE + "[chip]\ncolour = 'red'", "unknown field"),
        (WHOLE + "[chip]\npin = '12'", "4 to 12 digits"),
        (WHOLE + "[chip]\nauthenticates_itself = 'rsa'", "Invalid enum value"),
        (WHOLE + "[chip]\nbehaviour = { spoils = 'milk' }", "Invalid enum value"),
        (WHOLE + "[[chip.applications]]\naid='A0'\nlabel='a'\npriority=16", "priority"),
        (WHOLE + "[[chip.applications]]\naid='A0'\nlabel='a'\npan='62'\ntrack2='63=3512'", "track2 begins with"),
    ],
)
def test_a_bad_card_is_refused_by_its_file_name(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(CardRefused, match=rf"bad\.toml: .*{reason}"):
        load_card(path)
    with pytest.raises(CardRefused, match="none"):
        load_card(tmp_path / "none.toml")
