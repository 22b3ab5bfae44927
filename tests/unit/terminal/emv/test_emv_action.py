"""Terminal action analysis (Book 3, 10.7) and GENERATE AC (6.5.5): what is asked, what may come, what is refused."""

from __future__ import annotations

import hashlib

import msgspec
import pytest

from terminal.emv import sale, tags, tlv
from terminal.emv.action import Cryptogram, first_request, is_denied, offline_request
from terminal.emv.errors import CardFaulty
from terminal.emv.sale import Ended, GoOnline
from terminal.emv.terminal_data import Application
from terminal.emv.verification import Tvr
from tests.unit.terminal.emv.chips import (
    AAC,
    AC1,
    AC2,
    AID,
    ARQC,
    CDOL1,
    GENERATE,
    IAD,
    OFFLINE_ROW,
    ONLINE_ONLY,
    TC,
    Scripted,
    format_1,
    format_2,
    objects,
    started,
)

FLAT = Application(AID, tac_online=bytes(5), tac_default=bytes(5))
EXPIRED = bytes.fromhex("0040000000")
NO_IACS: dict[int, bytes] = {tags.IAC_ONLINE: bytes(5), tags.IAC_DEFAULT: bytes(5)}


def with_tac(**codes: bytes) -> Application:
    return msgspec.structs.replace(FLAT, **codes)


@pytest.mark.parametrize(
    ("tvr", "row", "card", "asked"),
    [
        (Tvr(0), FLAT, {}, Cryptogram.TC),  # absent codes of the card judge bits that are set: here is none
        (Tvr.EXPIRED, FLAT, NO_IACS, Cryptogram.TC),
        (Tvr.EXPIRED, FLAT, {}, Cryptogram.ARQC),  # no 9F0F: every bit goes online
        (Tvr.EXPIRED, FLAT, NO_IACS | {tags.IAC_ONLINE: EXPIRED}, Cryptogram.ARQC),
        (Tvr.EXPIRED, with_tac(tac_online=EXPIRED), NO_IACS, Cryptogram.ARQC),
        (Tvr.EXPIRED, FLAT, NO_IACS | {tags.IAC_DENIAL: EXPIRED}, Cryptogram.AAC),
        (Tvr.EXPIRED, with_tac(tac_denial=EXPIRED), NO_IACS, Cryptogram.AAC),
        (Tvr.EXPIRED, with_tac(tac_denial=EXPIRED, tac_online=EXPIRED), {}, Cryptogram.AAC),  # denial goes first
        (Tvr.CVM_FAILED, with_tac(tac_denial=EXPIRED, tac_online=EXPIRED), NO_IACS, Cryptogram.TC),
    ],
)
def test_the_codes_of_both_sides_are_asked(
    tvr: Tvr, row: Application, card: dict[int, bytes], asked: Cryptogram
) -> None:
    assert first_request(tvr, row, card, is_online_only=False) is asked
    assert is_denied(tvr, row, card) == (asked is Cryptogram.AAC)
    online = Cryptogram.AAC if asked is Cryptogram.AAC else Cryptogram.ARQC
    assert first_request(tvr, row, card, is_online_only=True) is online


@pytest.mark.parametrize(
    ("tvr", "row", "card", "asked"),
    [
        (Tvr(0), FLAT, {}, Cryptogram.TC),
        (Tvr.EXPIRED, FLAT, NO_IACS, Cryptogram.TC),
        (Tvr.EXPIRED, FLAT, {}, Cryptogram.AAC),  # no 9F0D: every bit declines
        (Tvr.EXPIRED, FLAT, NO_IACS | {tags.IAC_DEFAULT: EXPIRED}, Cryptogram.AAC),
        (Tvr.EXPIRED, with_tac(tac_default=EXPIRED), NO_IACS, Cryptogram.AAC),
        (Tvr.EXPIRED, with_tac(tac_online=EXPIRED), NO_IACS, Cryptogram.TC),
    ],
)
def test_without_the_acquirer_the_default_codes_decide(
    tvr: Tvr, row: Application, card: dict[int, bytes], asked: Cryptogram
) -> None:
    assert offline_request(tvr, row, card, is_online_only=False) is asked
    assert offline_request(tvr, row, card, is_online_only=True) is Cryptogram.AAC


# --- the same, with a card ---

EXCEEDED = Tvr.FLOOR_LIMIT_EXCEEDED.encoded().hex()
OVER = {"amount": OFFLINE_ROW.floor_limit}


async def test_a_denial_code_asks_for_an_aac_and_ends() -> None:
    chip = Scripted({tags.IAC_DENIAL: EXCEEDED}, says=(format_1(AAC),))
    step = await started(chip, **OVER)
    assert isinstance(step, Ended)
    assert (step.is_approved, step.is_online, chip.instructions) == (False, False, GENERATE)
    assert chip.commands[-1][2] == 0x00


async def test_a_sale_within_all_limits_is_approved_by_the_card_alone() -> None:
    chip = Scripted(says=(format_1(TC),))
    step = await started(chip)
    assert isinstance(step, Ended)
    assert (step.is_approved, step.is_online, chip.instructions) == (True, False, GENERATE)
    assert chip.commands[-1][2] == 0x40
    assert (step.tvr.encoded().hex(), step.tsi.encoded().hex()) == ("8000000000", "6800")


async def test_the_same_sale_at_an_online_only_terminal_goes_online() -> None:
    chip = Scripted()
    step = await started(chip, terminal_type=ONLINE_ONLY)
    assert isinstance(step, GoOnline)
    assert chip.commands[-1][2] == 0x80


async def test_a_card_may_want_its_issuer_where_the_terminal_does_not() -> None:
    chip = Scripted(says=(format_1(ARQC), format_1(TC, AC2)))
    step = await started(chip)
    assert isinstance(step, GoOnline)
    assert chip.commands[-1][2] == 0x40
    done = await sale.complete(chip.link, step.session, "00", b"")
    assert done.is_approved


@pytest.mark.parametrize(("terminal_type", "response", "code"), [("22", TC, b"Y3"), ("21", AAC, b"Z3")])
async def test_an_acquirer_that_is_not_reached(terminal_type: str, response: str, code: bytes) -> None:
    chip = Scripted(says=(format_1(ARQC), format_1(response, AC2)))
    step = await started(chip, terminal_type=terminal_type)
    assert isinstance(step, GoOnline)
    done = await sale.complete(chip.link, step.session, "", b"")
    assert (done.is_approved, done.is_online) == (response == TC, False)
    assert chip.commands[-1][2] == int(response, 16)
    assert chip.commands[-1][5:7] == code


async def test_default_codes_decline_what_could_not_go_online() -> None:
    chip = Scripted({tags.IAC_DEFAULT: EXCEEDED}, says=(format_1(ARQC), format_1(AAC)))
    step = await started(chip, **OVER)
    assert isinstance(step, GoOnline)
    assert not (await sale.complete(chip.link, step.session, "", b"")).is_approved
    assert (chip.commands[-1][2], chip.commands[-1][5:7]) == (0x00, b"Z3")


@pytest.mark.parametrize(
    ("says", "record", "code"),
    [((format_1(TC),), {}, b"Y1"), ((format_1(AAC),), {tags.IAC_DENIAL: EXCEEDED}, b"Z1"),
     ((format_1(ARQC),), {tags.IAC_ONLINE: EXCEEDED}, b"\0\0")],
)  # fmt: skip
async def test_cdol1_is_told_what_the_terminal_decided(
    says: tuple[str, ...], record: dict[int, str], code: bytes
) -> None:
    """8A before an acquirer spoke (Book 4, 6.3.6)."""
    chip = Scripted({tags.CDOL1: "8A02 9F3704", **record}, says=says)
    await started(chip, **({} if code == b"Y1" else OVER))
    assert chip.commands[-1][5:7] == code


@pytest.mark.parametrize("form", [format_1, format_2])
@pytest.mark.parametrize("iad", [IAD, "", "0F" * 32])
async def test_both_formats_say_the_same(form: object, iad: str) -> None:
    step = await started(Scripted(says=(form(ARQC, AC1, iad, "00FF"),)))  # type: ignore[operator]
    assert isinstance(step, GoOnline)
    said = objects(step.icc_data)
    assert (said["9F27"], said["9F36"], said["9F26"], said["9F10"]) == ("80", "00FF", AC1, iad)


@pytest.mark.parametrize(
    "answer",
    [
        "6985",
        "6283",
        "9000",
        "80039000",
        "800A80006B" + "00" * 7 + "9000",  # a byte is missing
        format_1(ARQC, AC1, "00" * 33),
        format_1("C0"),  # reserved
        format_2("", AC1),
        format_2(ARQC, ""),
        format_2(ARQC, AC1 + "00"),
        format_2(ARQC, AC1, atc=""),
        format_2("8000", AC1),
        "770B9F2701809F2701809F36" + "9000",
        "5A0100" + "9000",
        format_1(ARQC)[:-4] + "009000",  # a byte behind the template
    ],
)
async def test_a_cryptogram_that_is_not_whole_is_a_faulty_card(answer: str) -> None:
    with pytest.raises(CardFaulty):
        await started(Scripted(says=(answer,)))


@pytest.mark.parametrize("cid", [AAC, ARQC, TC])
async def test_no_card_may_sign_instead_of_a_cryptogram_that_was_asked_for_unsigned(cid: str) -> None:
    """9F4B where no CDA was asked for: 9F26 is mandatory then (6.5.5.4)."""
    signed = f"9F2701{cid} 9F36020001 9F4B0D {'00' * 13}"
    answer = tlv.build([(tags.FORMAT_2, bytes.fromhex(signed))]).hex() + "9000"
    with pytest.raises(CardFaulty, match="signs"):
        await started(Scripted(says=(answer,)))


@pytest.mark.parametrize(("asked", "given"), [("80", TC), ("00", ARQC), ("00", TC)])
async def test_a_card_may_not_give_more_than_was_asked(asked: str, given: str) -> None:
    record = {tags.IAC_DENIAL: EXCEEDED} if asked == "00" else {tags.IAC_ONLINE: EXCEEDED}
    chip = Scripted(record, says=(format_1(given),))
    with pytest.raises(CardFaulty, match="not asked for"):
        await started(chip, **OVER)
    assert chip.commands[-1][2] == int(asked, 16)


async def test_a_second_cryptogram_that_wants_to_go_online_again_is_no_approval() -> None:
    chip = Scripted(says=(format_1(ARQC), format_1(ARQC, AC2)))
    step = await started(chip)
    assert isinstance(step, GoOnline)
    assert not (await sale.complete(chip.link, step.session, "00", b"")).is_approved


# --- the TC hash (Book 3, 9.2.2) ---

HASHED = CDOL1 + " 9814"
AMOUNT_AND_NUMBER = bytes.fromhex("000000006580 7863AFC6")


@pytest.mark.parametrize(
    ("record", "row", "covered", "is_default"),
    [
        ({tags.TDOL: "9F0206 9F3704"}, OFFLINE_ROW, AMOUNT_AND_NUMBER, False),
        ({}, msgspec.structs.replace(OFFLINE_ROW, tdol=bytes.fromhex("9F02069F3704")), AMOUNT_AND_NUMBER, True),
        ({}, OFFLINE_ROW, b"", True),  # a default of no objects
    ],
)
async def test_a_tc_hash_covers_what_the_tdol_lists(
    record: dict[int, str], row: Application, covered: bytes, is_default: bool
) -> None:
    chip = Scripted({tags.CDOL1: HASHED, **record}, says=(format_1(TC),))
    step = await started(chip, row)
    assert isinstance(step, Ended)
    assert chip.commands[-1][-21:-1] == hashlib.sha1(covered).digest()
    assert (Tvr.DEFAULT_TDOL_USED in step.tvr) == is_default


async def test_a_hash_that_only_the_second_list_wants_is_told_in_time() -> None:
    chip = Scripted({tags.CDOL2: "9505 9814"})
    step = await started(chip)
    assert isinstance(step, GoOnline)
    assert Tvr.DEFAULT_TDOL_USED not in step.session.tvr
    await sale.complete(chip.link, step.session, "00", b"")
    told = chip.commands[-1][5:-1]
    assert (told[:5].hex(), told[5:]) == ("8000000080", hashlib.sha1(b"").digest())


async def test_no_hash_where_none_is_asked_for() -> None:
    step = await started(Scripted({tags.TDOL: "9F0206"}))
    assert isinstance(step, GoOnline)
    assert Tvr.DEFAULT_TDOL_USED not in step.session.tvr
