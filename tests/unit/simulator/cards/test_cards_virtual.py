"""Virtual chips command by command: selection, T=0, and the ways to misbehave."""

from __future__ import annotations

import msgspec
import pytest

from simulator.cards.chip import Chip, WasPulled, WentMute, seconds_taken
from simulator.cards.description import CardDescription
from simulator.cards.tray import card
from terminal.emv import tags
from tests.unit.simulator.cards.talk import Talk

SELECT_PSE = "00A404000E315041592E5359532E4444463031"
SELECT_DEBIT = "00A4040008A000000333010101"
GPO = "80A80000028300"
FIRST_RECORD = "00B20114"
TWO = card("two-accounts")


def say(chip: Chip, command: str) -> str:
    return chip.respond(bytes.fromhex(command)).hex().upper()


def changed(id: str, **settings: object) -> CardDescription:
    whole = card(id)
    assert whole.chip is not None
    return msgspec.structs.replace(whole, chip=msgspec.structs.replace(whole.chip, **settings))


@pytest.fixture
def chip() -> Chip:
    return card("declines").virtual(declines=False)


def test_a_start_happens_once_and_counts(chip: Chip) -> None:
    talk = Talk(chip).start()
    talk.say(GPO)
    assert talk.sw == "6985"
    assert talk.say("80CA9F36").hex() == "9f36020001"
    chip.reset()
    talk.say(FIRST_RECORD)
    assert talk.sw == "6985"
    assert talk.start().say("80CA9F36").hex() == "9f36020002"


def test_the_options_are_of_the_pdol_s_length() -> None:
    talk = Talk(card("unionpay-debit").virtual())
    assert talk.select()[tags.PDOL].hex() == "9f1a029c015f2a02"
    for body in ("8300", "83050156000156AA", "8306015600015600", "81050156000156"):
        talk.send("80A80000", bytes.fromhex(body))
        assert talk.sw == "6700"
    talk.send("80A80000", bytes.fromhex("83050156000156"))
    assert talk.sw == "9000"


def test_names_in_part_and_the_next_one() -> None:
    talk = Talk(TWO.virtual())
    assert talk.select("A000000333")[tags.DF_NAME].hex() == "a000000333010101"
    assert talk.select("A000000333", is_next=True)[tags.DF_NAME].hex() == "a000000333010102"
    assert talk.select("A000000333", is_next=True) == {}
    assert talk.sw == "6A82"
    assert talk.select("A000000333010102")[tags.PRIORITY] == b"\x82"
    assert talk.select("A000000333010102", is_next=True) == {}
    assert talk.select("A00000033301010202") == {}
    assert talk.select("A0000003") == {}
    assert talk.select("A000000333010101")
    assert talk.select("A000000333", is_next=True) == {}  # a name that was not asked for first
    talk.send("00A40000", bytes.fromhex("3F00"))
    assert talk.sw == "6A86"


def test_two_applications_have_their_own_account_counter_and_cryptogram() -> None:
    debit, credit = TWO.applications
    assert (debit.pan, credit.pan) == TWO.pans
    talk = Talk(TWO.virtual())
    of_credit = talk.start(credit.aid).generate()
    assert talk.values[tags.PAN].hex() == credit.pan
    of_debit = talk.start(debit.aid).generate()
    assert talk.values[tags.PAN].hex() == debit.pan
    assert of_credit[tags.ATC] == of_debit[tags.ATC] == b"\0\1"
    assert of_credit[tags.CRYPTOGRAM] != of_debit[tags.CRYPTOGRAM]


def test_the_directory_names_every_application() -> None:
    talk = Talk(TWO.virtual())
    body = talk.say(SELECT_PSE)
    assert body.hex() == "6f15840e315041592e5359532e4444463031a503880101"
    first, second = talk.say("00B2010C"), talk.say("00B2020C")
    assert "a000000333010101" in first.hex()
    assert "a000000333010102" in second.hex()
    assert second.hex().endswith("870182")
    talk.say("00B2030C")
    assert talk.sw == "6A83"
    talk.say(GPO)
    assert talk.sw == "6985"
    assert Talk(card("unionpay-debit-other").virtual()).say(SELECT_PSE) == b""


def test_what_a_card_does_not_know(chip: Chip) -> None:
    talk = Talk(chip).start()
    for command, sw in (
        ("00B20914", "6A83"),
        ("00B2013C", "6A83"),
        ("80CA9F79", "6A88"),
        ("00A4040008A000000003010101", "6A82"),
        ("00D60000", "6D00"),
        ("80A40400", "6E00"),
        ("00AE8000", "6E00"),
        ("0020010008246801FFFFFFFFFF", "6A86"),
        ("008200000411223344", "6700"),
    ):
        talk.say(command, expects=False)
        assert (command, talk.sw) == (command, sw)
    assert say(chip, "00B2") == "6700"
    assert say(chip, "00A4040008A0") == "6700"
    assert say(chip, "00A404000000") == "6700"


def test_a_blocked_application_starts_and_gives_an_aac_only() -> None:
    talk = Talk(card("blocked-application").virtual())
    assert talk.select()[tags.DF_NAME].hex() == "a000000333010101"
    assert talk.sw == "6283"
    assert talk.start().generate(0x80)[tags.CID] == b"\0"


def test_t0_gives_data_only_when_they_are_fetched() -> None:
    chip = card("unionpay-credit").virtual()
    assert chip.protocol == 0
    assert chip.atr.hex().upper() == "3B6500002063CB6800"
    more = say(chip, SELECT_PSE)
    assert more[:2] == "61"
    assert say(chip, "00C0000000") == "6C" + more[2:]
    assert say(chip, f"00C00000{more[2:]}").endswith("9000")
    assert say(chip, f"00C00000{more[2:]}") == "6985"
    wrong = say(chip, "00B2010C00")
    assert wrong[:2] == "6C"
    assert say(chip, f"00B2010C{wrong[2:]}").endswith("9000")
    assert say(chip, "00B2020C00") == "6A83"
    assert say(chip, SELECT_DEBIT[:-2] + "02")[:2] == "61"
    assert say(chip, "0084000000") == "6C08"
    assert len(say(chip, "0084000008")) == 20
    assert say(chip, "00B2") == "6700"
    chip.reset()


@pytest.mark.parametrize(("warns_first", "dialogue"), [(True, ("6283", "9000")), (False, ("61", "6283"))])
def test_a_warning_comes_before_the_data_or_with_them(warns_first: bool, dialogue: tuple[str, str]) -> None:
    chip = changed("blocked-application", protocol=0, warns_first=warns_first).virtual()
    first = say(chip, SELECT_DEBIT)
    assert first.startswith(dialogue[0])
    length = say(chip, "00C0000000").removeprefix("6C")
    assert say(chip, f"00C00000{length}").startswith("6F")
    say(chip, SELECT_DEBIT)
    assert say(chip, f"00C00000{length}").endswith(dialogue[1])


def test_the_replayed_card_speaks_as_in_its_trace() -> None:
    chip = card("unionpay-trace").virtual()
    assert (chip.protocol, chip.atr.hex().upper()) == (1, "3BE000FF8131FE4514")
    assert say(chip, "00880000041122334400")[:6] == "8081B0"  # lenient: the trace's answer
    assert say(chip, "80CA9F7900") == "6A88"
    assert say(chip, "0084000000") == "6D00"
    assert say(chip, "80AE00000100" + "00")[4:6] == "00"
    assert say(chip, "80AE") == "6700"


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


def test_a_slow_card_says_how_long_it_takes_from_its_nth_command_on() -> None:
    slow = card("slow").virtual()
    took = []
    for _ in range(4):
        assert say(slow, SELECT_PSE).endswith("9000")
        took.append(seconds_taken(slow))
    assert took == [0.0, 0.0, 4.0, 4.0]
    never = card("slow").virtual(slow_at=0, mute_at=9)
    say(never, SELECT_PSE)
    assert seconds_taken(never) == 0.0
    slow.reset()
    say(slow, SELECT_PSE)
    assert seconds_taken(slow) == seconds_taken(card("unionpay-debit").virtual()) == 0.0


def test_a_stripe_has_no_chip() -> None:
    with pytest.raises(ValueError, match="no chip"):
        card("stripe-only").virtual()
    assert card("stripe-only").applications == ()


def test_nothing_of_a_card_is_shown() -> None:
    whole = card("two-accounts")
    assert whole.chip is not None
    shown = repr(whole) + repr(whole.chip) + repr(whole.applications)
    assert not [number for number in (*whole.pans, whole.chip.pin) if number in shown]
