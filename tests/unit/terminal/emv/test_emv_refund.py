"""The profiles of a refund (emv.md 2): what each asks of the card, and that a close changes nothing."""

from __future__ import annotations

import msgspec
import pytest

from terminal.emv import refund, sale, tags
from terminal.emv.errors import CardFaulty, NotAccepted
from terminal.emv.opening import REFUND, Deal
from terminal.emv.refund import Captured
from terminal.emv.sale import GoOnline
from terminal.emv.terminal_data import Application, Profile, RefundRule, refund_rule
from tests.unit.terminal.emv.chips import (
    AAC,
    ARQC,
    GENERATE,
    OFFLINE_ROW,
    PAN,
    READ,
    TC,
    Scripted,
    deal,
    format_1,
    terminal,
)

EXPIRED = {tags.EXPIRY: "201231", tags.TRACK2: "6210948000000029D20122200000000000"}


def row(profile: Profile, **rule: str) -> Application:
    return msgspec.structs.replace(OFFLINE_ROW, refund=RefundRule(profile, **rule))  # type: ignore[arg-type]


def wanted(application: Application) -> Deal:
    return deal(terminal(application), type=REFUND)


async def captured(chip: Scripted, profile: Profile, **rule: str) -> Captured:
    step = await refund.start(chip.link, wanted(row(profile, **rule)))
    assert isinstance(step, Captured)
    assert step.account.pan == PAN
    return step


@pytest.mark.parametrize(
    ("rid", "profile"),
    [
        ("A000000333", "READ_ONLY"),
        ("A000000003", "AAC_CLOSE"),
        ("A000000004", "AAC_CLOSE"),
        ("A000000152", "ARQC"),
        ("A000000277", "FULL"),
        ("A000000999", "AAC_CLOSE"),
    ],
)
def test_each_scheme_has_its_profile(rid: str, profile: str) -> None:
    rule = refund_rule(bytes.fromhex(rid + "1010"))
    assert (rule.profile, rule.cdol_amount, rule.restrictions) == (profile, "zero", "off")


async def test_a_read_only_refund_makes_no_cryptogram() -> None:
    chip = Scripted()
    step = await captured(chip, "READ_ONLY")
    assert (step.closing, step.trouble) == ("", "")
    assert chip.instructions == ""


@pytest.mark.parametrize(
    ("profile", "p1", "answer", "closing"),
    [
        ("AAC_CLOSE", 0x00, AAC, "AAC"),
        ("ARQC", 0x80, ARQC, "ARQC"),
        ("ARQC", 0x80, AAC, "AAC"),  # lower is allowed, and no decline
    ],
)
async def test_a_close_asks_one_cryptogram_and_nothing_else(
    profile: Profile, p1: int, answer: str, closing: str
) -> None:
    chip = Scripted(says=(format_1(answer),))
    step = await captured(chip, profile)
    assert (step.closing, step.trouble, chip.instructions) == (closing, "", GENERATE)
    told = chip.commands[-1]
    assert told[2] == p1
    # amounts zero, country, TVR 80.. (no authentication), currency, date, type 20, number, 9F34 3F0000
    assert told[5:-1].hex() == "00" * 12 + "0156" + "8000000000" + "0156" + "261124" + "20" + "7863afc6" + "3f0000"


async def test_the_amount_is_told_where_the_profile_says_so() -> None:
    chip = Scripted(says=(format_1(AAC),))
    await captured(chip, "AAC_CLOSE", cdol_amount="actual")
    assert chip.commands[-1][5:11].hex() == "000000006580"


@pytest.mark.parametrize("answer", ["6985", "6F00", "9000", "80039000", format_1(TC), format_1("C0"), "90"])
async def test_a_close_that_fails_leaves_the_account(answer: str) -> None:
    step = await captured(Scripted(says=(answer,)), "AAC_CLOSE")
    assert (step.closing, bool(step.trouble)) == ("", True)
    assert PAN not in step.trouble


async def test_a_list_that_cannot_be_filled_leaves_the_account() -> None:
    assert (await captured(Scripted({tags.CDOL1: "9F02"}), "AAC_CLOSE")).trouble


async def test_a_card_that_says_not_what_to_ask_with_is_not_asked() -> None:
    chip = Scripted({tags.CDOL1: None})
    step = await captured(chip, "AAC_CLOSE")
    assert (step.closing, bool(step.trouble), chip.instructions) == ("", True, "")


@pytest.mark.parametrize("profile", ["READ_ONLY", "AAC_CLOSE", "ARQC"])
async def test_an_expired_card_is_read_like_any_other(profile: Profile) -> None:
    step = await captured(Scripted(EXPIRED, says=(format_1(AAC),)), profile)
    assert step.trouble == ""


@pytest.mark.parametrize("profile", ["READ_ONLY", "AAC_CLOSE", "ARQC"])
async def test_restrictions_are_judged_where_the_profile_wants_them(profile: Profile) -> None:
    denies = {tags.IAC_DENIAL: "0040000000"}
    chip = Scripted({**EXPIRED, **denies}, says=(format_1(AAC),))
    with pytest.raises(NotAccepted):
        await captured(chip, profile, restrictions="on")
    assert chip.instructions == ""
    assert (await captured(Scripted(denies, says=(format_1(AAC),)), profile, restrictions="on")).trouble == ""
    chip = Scripted(EXPIRED, says=(format_1(AAC),))  # nobody denies what is expired: the acquirer decides
    assert await captured(chip, profile, restrictions="on")
    if profile != "READ_ONLY":
        assert chip.commands[-1][19:24].hex() == "8040000000"


async def test_what_is_judged_is_read_in_whichever_record_it_stands() -> None:
    """The account is in the first record, its use (9F07) and the denial in the second."""
    account = "".join(("7020", "5A08", PAN, "5F2403351231", "5F340101", "5711"))
    first = bytes.fromhex(account) + bytes.fromhex("6210948000000029D35122200000000000")
    first = bytes((0x70, len(first) - 2)) + first[2:]
    second = bytes.fromhex("700E 9F0702FE00 9F0E050010000000".replace(" ", ""))
    second = bytes((0x70, len(second) - 2)) + second[2:]
    others = {
        "00B2010C00": [first.hex() + "9000"],
        "00B2020C00": [second.hex() + "9000"],
        "A8": ["80061800080102009000"],
    }
    chip = Scripted(others=others)
    assert await captured(chip, "READ_ONLY")
    assert len(chip.heard(READ)) == 1
    with pytest.raises(NotAccepted):
        await captured(Scripted(others=others), "READ_ONLY", restrictions="on")


async def test_a_full_refund_is_a_sale_of_its_own_type() -> None:
    chip = Scripted()
    step = await refund.start(chip.link, wanted(row("FULL")))
    assert isinstance(step, GoOnline)
    assert chip.commands[-1][5:11].hex() == "000000006580"
    assert chip.commands[-1][5 + 24] == 0x20  # behind amounts, country, TVR, currency and date
    assert (await sale.complete(chip.link, step.session, "00", b"")).is_approved


async def test_a_card_without_an_account_is_faulty() -> None:
    with pytest.raises(CardFaulty):
        await captured(Scripted({tags.PAN: None, tags.TRACK2: None}), "READ_ONLY")


async def test_a_refund_does_without_what_only_a_sale_must_have() -> None:
    assert await captured(Scripted({tags.CDOL2: None, tags.CDOL1: None, tags.CVM_LIST: None}), "READ_ONLY")
