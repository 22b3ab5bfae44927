"""The tray: every shipped card is a whole, valid test card; a bad file is refused by its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.cards.replay_card import TRACE
from simulator.cards.tray import CardDescription, CardRefused, load_card, load_tray

VECTOR = Path(__file__).parents[3] / "vectors" / "unionpay_contact_sale.txt"
TRAY = {card.id: card for card in load_tray()}


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


def test_every_card_is_another_one() -> None:
    assert len({card.pan for card in TRAY.values()}) == len(TRAY) == 12


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
    ],
)
def test_a_bad_card_is_refused_by_its_file_name(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(CardRefused, match=rf"bad\.toml: .*{reason}"):
        load_card(path)
    with pytest.raises(CardRefused, match="none"):
        load_card(tmp_path / "none.toml")
