"""Issuer scripts (Book 3, 10.10; Book 4, A5): five bytes each, a bit of the TVR, and none stops a sale."""

from __future__ import annotations

import pytest

from keys.algorithms.issuer_script import BLOCK_APPLICATION, put_data
from simulator.acquirer.issuer import Script as IssuerScript
from simulator.acquirer.issuer import TestIssuer
from simulator.cards.chip import WasPulled
from terminal.emv import sale, tags, tlv
from terminal.emv.errors import CardBlocked, CardFaulty, ReplyFaulty
from terminal.emv.sale import Ended, GoOnline
from terminal.emv.scripts import scripts
from terminal.emv.transport import Link
from terminal.emv.verification import Tsi, Tvr
from tests.unit.terminal.emv.chips import ARQC, Scripted, Wire, deal, format_1, objects, started

COMMANDS = ("841E000004AABBCCDD", "8424000004AABBCCDD", "84DA9F580501AABBCCDD")
BEFORE, AFTER = Tvr.SCRIPT_FAILED_BEFORE, Tvr.SCRIPT_FAILED_AFTER


def script(*commands: str, tag: str = "72", number: str = "0000002A") -> bytes:
    inside = tlv.build([(tags.SCRIPT_ID, bytes.fromhex(number))] if number else [])
    inside += tlv.build((tags.SCRIPT_COMMAND, bytes.fromhex(command)) for command in commands)
    return tlv.build([(int(tag, 16), inside)])


async def completed(icc_reply: bytes, response_code: str = "00", **answers: list[str]) -> tuple[Scripted, Ended]:
    """`answers` by instruction."""
    others = {name.removeprefix("to_"): said for name, said in answers.items()}
    chip = Scripted(others={"1E": ["9000"], "24": ["9000"], "DA": ["9000"], **others})
    step = await started(chip)
    assert isinstance(step, GoOnline)
    return chip, await sale.complete(chip.link, step.session, response_code, icc_reply)


def results(done: Ended) -> str:
    return objects(done.script_notice)["DF31"] if done.script_notice else ""


async def test_a_script_before_and_one_after_the_second_cryptogram() -> None:
    chip, done = await completed(script(COMMANDS[0], tag="71", number="00000001") + script(*COMMANDS[1:]))
    assert chip.instructions == "AE 1E AE 24 DA"
    assert results(done) == "2000000001200000002A"
    assert done.tvr & (BEFORE | AFTER) == Tvr(0)
    assert Tsi.SCRIPTS_PERFORMED in done.tsi
    assert [command.hex().upper() for command in chip.heard("24")] == [COMMANDS[1]]


async def test_the_second_cryptogram_covers_what_became_of_the_first_scripts() -> None:
    chip, _ = await completed(script(COMMANDS[0], tag="71"), to_1E=["6A80"])
    told = chip.heard("AE")[1][5:-1]
    assert (told[12:17].hex(), told[17:19].hex()) == ("8000000020", "6c00")


@pytest.mark.parametrize("tag", ["71", "72"])
@pytest.mark.parametrize(
    ("commands", "answers", "result", "is_failed"),
    [
        (COMMANDS, {}, "200000002A", False),
        (COMMANDS, {"to_1E": ["6A80"]}, "110000002A", True),
        (COMMANDS, {"to_24": ["6985"]}, "120000002A", True),
        (COMMANDS, {"to_DA": ["6985"]}, "130000002A", True),
        (COMMANDS, {"to_1E": ["6281"], "to_24": ["63C2"]}, "200000002A", False),  # warnings go on
        (COMMANDS[:1] * 20, {"to_1E": ["9000"] * 15 + ["6F00"]}, "1F0000002A", True),  # 15 and above
        (COMMANDS[:1] * 20, {"to_1E": ["9000"] * 14 + ["6F00"]}, "1F0000002A", True),
        (COMMANDS[:1] * 20, {"to_1E": ["9000"] * 13 + ["6F00"]}, "1E0000002A", True),
        ((), {}, "000000002A", True),  # no command
        (("841E00",), {}, "000000002A", True),  # no command either
        (("841E000005AABB",), {}, "000000002A", True),  # whose Lc lies
        (("841E0000",), {}, "200000002A", False),
        (("841E000000",), {}, "200000002A", False),
    ],
)
async def test_what_becomes_of_a_script(
    tag: str, commands: tuple[str, ...], answers: dict[str, list[str]], result: str, is_failed: bool
) -> None:
    chip, done = await completed(script(*commands, tag=tag), **answers)
    assert results(done) == result
    assert done.tvr & (BEFORE | AFTER) == ((BEFORE if tag == "71" else AFTER) if is_failed else Tvr(0))
    assert done.is_approved
    if "to_24" in answers and is_failed:
        assert not chip.heard("DA")  # nothing after the one that failed


@pytest.mark.parametrize(
    ("template", "result"),
    [
        ("7203 9F1804", "0000000000"),  # no TLV
        ("7205 8606841E00", "0000000000"),
        ("7209 9F18020102 8602841E", "0000000102"),
        ("7206 8604841E0000", "2000000000"),  # no number
    ],
)
async def test_a_script_that_cannot_be_read_is_not_performed(template: str, result: str) -> None:
    _, done = await completed(bytes.fromhex(template))
    assert results(done) == result
    assert (AFTER in done.tvr) == (result[0] == "0")
    assert done.is_approved
    assert Tsi.SCRIPTS_PERFORMED in done.tsi


async def test_one_that_fails_does_not_stop_the_next_one() -> None:
    chip, done = await completed(script(COMMANDS[0]) + script(COMMANDS[1], number="00000002"), to_1E=["6A80"])
    assert results(done) == "110000002A2000000002"
    assert chip.instructions == "AE AE 1E 24"


async def test_scripts_run_when_the_acquirer_declined() -> None:
    _, done = await completed(script(COMMANDS[0]), "51", to_AE=[format_1(ARQC), format_1("00")])
    assert (done.is_approved, results(done)) == (False, "200000002A")


async def test_no_scripts_no_notice_and_none_when_nobody_was_reached() -> None:
    _, done = await completed(b"")
    assert (done.script_notice, Tsi.SCRIPTS_PERFORMED in done.tsi) == (b"", False)
    chip, done = await completed(script(COMMANDS[0]), "")
    assert (done.script_notice, chip.instructions) == (b"", "AE AE")


async def test_the_notice_has_what_the_acquirer_wants() -> None:
    _, done = await completed(script(COMMANDS[0]), to_1E=["6A80"])
    said = objects(done.script_notice)
    assert " ".join(said) == "9F33 95 9F37 9F1E 9F10 9F26 9F36 82 DF31 9F1A 9A"
    assert (said["95"], said["9F26"]) == ("8000000010", "99AABBCCDDEEFF00")
    assert objects(done.icc_data)["95"] == "8000000010"


@pytest.mark.parametrize("reply", ["72", "7205", "9F", "720386"])
def test_a_reply_that_is_no_tlv_is_the_acquirer_s_fault(reply: str) -> None:
    with pytest.raises(ReplyFaulty):
        scripts(bytes.fromhex(reply))


async def test_an_answer_without_a_status_word_is_a_script_that_failed() -> None:
    _, done = await completed(script(COMMANDS[0]), to_1E=["90"])
    assert results(done) == "110000002A"


async def test_a_card_that_is_pulled_in_a_script_is_the_driver_s_to_tell() -> None:
    chip = Scripted()
    step = await started(chip)
    assert isinstance(step, GoOnline)

    async def transmit(command: bytes) -> bytes:
        if command[1] == 0x1E:
            raise WasPulled
        return await chip.transmit(command)

    with pytest.raises(WasPulled):
        await sale.complete(Link(transmit, 1), step.session, "00", script(COMMANDS[0]))


@pytest.mark.parametrize("is_before", [True, False])
@pytest.mark.parametrize("id", ["unionpay-debit", "unionpay-credit", "international-credit"])
async def test_the_issuer_s_own_scripts_with_their_macs(id: str, is_before: bool) -> None:
    wire = Wire(id)
    step = await sale.start(wire.link, deal())
    assert isinstance(step, GoOnline)
    account = step.account
    order = IssuerScript((put_data(0x9F58, b"\x05"), BLOCK_APPLICATION), is_before)
    reply = TestIssuer(scripts={account.pan: order}).authenticate(account.pan, account.psn, step.icc_data, "00")
    done = await sale.complete(wire.link, step.session, "00", reply)
    assert results(done) == "2000000001"
    again = Wire(wire.chip)
    with pytest.raises(CardBlocked):
        await sale.start(again.link, deal())


async def test_a_script_with_a_wrong_mac_fails_at_its_command() -> None:
    wire = Wire("unionpay-debit")
    step = await sale.start(wire.link, deal())
    assert isinstance(step, GoOnline)
    done = await sale.complete(wire.link, step.session, "00", script(COMMANDS[0]))
    assert (results(done), AFTER in done.tvr, done.is_approved) == ("110000002A", True, True)


async def test_a_final_cryptogram_that_fails_is_a_faulty_card() -> None:
    chip = Scripted(says=(format_1(ARQC), "6985"))
    step = await started(chip)
    assert isinstance(step, GoOnline)
    with pytest.raises(CardFaulty):
        await sale.complete(chip.link, step.session, "00", script(COMMANDS[0]))
