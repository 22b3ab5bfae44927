"""Virtual chips command by command: states, T=0, and the ways to misbehave."""

from __future__ import annotations

import pytest

from simulator.cards.chip import Chip, WasPulled, WentMute
from simulator.cards.tray import card

SELECT_PSE = "00A404000E315041592E5359532E444446303100"
SELECT_DEBIT = "00A4040008A00000033301010100"
GPO = "80A8000002830000"
FIRST_RECORD = "00B2011400"
FIRST, SECOND = "01" * 55, "01" * 36  # as long as CDOL1 and CDOL2


def say(chip: Chip, command: str) -> str:
    return chip.respond(bytes.fromhex(command)).hex().upper()


def generate(chip: Chip, kind: str, body: str = FIRST) -> str:
    return say(chip, f"80AE{kind}00{len(body) // 2:02X}{body}00")


@pytest.fixture
def chip() -> Chip:
    return card("declines").virtual(declines=False)


@pytest.fixture
def started(chip: Chip) -> Chip:
    assert say(chip, SELECT_DEBIT).endswith("9000")
    assert say(chip, GPO).endswith("9000")
    return chip


def test_records_and_cryptograms_need_a_started_application(chip: Chip) -> None:
    assert say(chip, FIRST_RECORD) == "6A83"
    assert generate(chip, "80") == "6985"
    assert say(chip, GPO) == "6985"
    assert say(chip, SELECT_PSE).endswith("9000")
    assert say(chip, GPO) == "6985"


def test_a_start_happens_once_and_counts(started: Chip) -> None:
    assert say(started, GPO) == "6985"
    assert say(started, "80CA9F3600") == "9F360200019000"
    started.reset()
    assert say(started, FIRST_RECORD) == "6A83"
    say(started, SELECT_DEBIT)
    say(started, GPO)
    assert say(started, "80CA9F3600") == "9F360200029000"


def test_cryptograms_follow_what_was_asked_and_repeat_with_their_data(started: Chip) -> None:
    first = generate(started, "80")
    assert first[4:10] == "800001"
    assert generate(started, "40", SECOND)[4:6] == "40"
    assert generate(started, "40", SECOND) == "6985"
    again = card("declines").virtual(declines=False)
    for command in (SELECT_DEBIT, GPO):
        say(again, command)
    assert generate(again, "80") == first
    say(again, SELECT_DEBIT)


def test_a_second_request_for_an_arqc_is_an_aac(started: Chip) -> None:
    generate(started, "80")
    assert generate(started, "80", SECOND)[4:6] == "00"


def test_what_a_card_does_not_know(started: Chip) -> None:
    assert say(started, "00B2091400") == "6A83"
    assert say(started, "80CA9F7900") == "6A88"
    assert say(started, "00A4040008A00000000301010100") == "6A82"
    assert say(started, "00A40402084131323334353637" + "00") == "6A82"
    assert say(started, "008800000411223344") == "6D00"
    assert say(started, "00B2") == "6D00"
    assert say(started, "008200000411223344") == "6700"
    assert say(started, "00820000081122334455667788") == "6985"  # no ARQC yet that an issuer could answer


def test_t0_gives_data_only_when_they_are_fetched() -> None:
    chip = card("unionpay-credit").virtual()
    assert chip.protocol == 0
    assert chip.atr.hex().upper() == "3B6500002063CB6800"
    more = say(chip, SELECT_PSE[:-2])
    assert more[:2] == "61"
    assert say(chip, "00C0000000") == "6C" + more[2:]
    assert say(chip, f"00C00000{more[2:]}").endswith("9000")
    assert say(chip, f"00C00000{more[2:]}") == "6985"
    wrong = say(chip, "00B2010C00")
    assert wrong[:2] == "6C"
    assert say(chip, f"00B2010C{wrong[2:]}").endswith("9000")
    assert say(chip, "00B2020C00") == "6A83"
    chip.reset()


def test_the_replayed_card_speaks_t0_too() -> None:
    chip = card("unionpay-trace").virtual()
    assert (chip.protocol, chip.atr.hex().upper()) == (1, "3BE000FF8131FE4514")
    assert say(chip, "00880000041122334400")[:6] == "8081B0"  # lenient: the trace's answer
    assert say(chip, "80CA9F7900") == "6A88"
    assert say(chip, "0084000000") == "6D00"
    assert say(chip, "80AE00000100" + "00")[4:6] == "00"


def test_a_card_goes_mute_or_leaves_at_its_nth_command() -> None:
    mute = card("unionpay-debit").virtual(mute_at=2)
    mute.reset()
    say(mute, SELECT_PSE)
    for _ in range(2):
        with pytest.raises(WentMute):
            say(mute, SELECT_PSE)
    mute.reset()
    say(mute, SELECT_PSE)
    pulled = card("pulled").virtual()
    assert (pulled.protocol, pulled.atr) == (1, card("unionpay-debit").virtual().atr)
    for _ in range(3):
        say(pulled, SELECT_PSE)
    with pytest.raises(WasPulled):
        say(pulled, SELECT_PSE)


def test_a_stripe_has_no_chip() -> None:
    with pytest.raises(ValueError, match="no chip"):
        card("stripe-only").virtual()
