"""A sale's pauses, its issuer and its end, as commands and answers."""

from __future__ import annotations

import msgspec
import pytest

from keys.algorithms.offline_pin import enciphered, plain
from simulator.cards.tray import card
from terminal.emv import apdu, sale, tags, tlv
from terminal.emv.errors import EmvError
from terminal.emv.holder import EnterPin, PinForm, ShowDocument
from terminal.emv.opening import ChooseApplication
from terminal.emv.sale import GoOnline, Step
from terminal.emv.verification import Capabilities, Tsi, Tvr
from tests.unit.terminal.emv.chips import (
    AAC,
    AC2,
    ARQC,
    DOWNLOADED,
    GET_DATA,
    ONLINE_ONLY,
    TC,
    UN,
    Scripted,
    Wire,
    begun,
    format_1,
    objects,
    started,
)

OK = 0x9000
PIN_LIST = "0000000000000000 4103 4203 1E03 1F00"
OFFLINE_PIN = {tags.CVM_LIST: PIN_LIST}
RIGHT, WRONG = "246801", "135790"  # TEST PINs


async def paused(wire: Wire) -> EnterPin:
    step = await begun(wire)
    assert isinstance(step, EnterPin)
    return step


async def verify(wire: Wire, pause: EnterPin, pin: str) -> int:
    """What the PIN pad does: VERIFY, under the card's key where it wants that."""
    if pause.key is None:
        return (await wire.link.send(apdu.verify(False, plain(pin)))).sw
    challenge = (await wire.link.send(apdu.get_challenge())).body
    return (await wire.link.send(apdu.verify(True, enciphered(pin, pause.key, challenge)))).sw


def said(step: Step) -> tuple[str, str, str]:
    """9F34, TVR and TSI of what went to the acquirer."""
    assert isinstance(step, GoOnline)
    values = objects(step.icc_data)
    return values["9F34"], values["95"], step.session.tsi.encoded().hex().upper()


# --- PIN ---

OFFLINE_CARDS = {  # card -> form, 9F34 and TVR after the right PIN
    "unionpay-credit-offline-pin": (PinForm.PLAIN, "410302", "0200008000"),  # SDA
    "unionpay-credit-enciphered-pin": (PinForm.ENCIPHERED, "440302", "0000008000"),
}


@pytest.mark.parametrize("id", OFFLINE_CARDS)
async def test_a_wrong_pin_is_asked_for_again_and_the_right_one_goes_on(id: str) -> None:
    form, results, tvr = OFFLINE_CARDS[id]
    wire = Wire(id)
    pause = await paused(wire)
    assert (pause.form, pause.tries_left, pause.is_again) == (form, 3, False)
    assert (pause.key is not None) == (form is PinForm.ENCIPHERED)
    again = await sale.pin_tried(wire.link, pause, await verify(wire, pause, WRONG))
    assert isinstance(again, EnterPin)
    assert (again.form, again.tries_left, again.is_again) == (form, 2, True)
    step = await sale.pin_tried(wire.link, again, await verify(wire, again, RIGHT))
    assert said(step) == (results, tvr, "E800")
    assert len(wire.heard(GET_DATA)) == (1 if wire.chip.protocol else 2)  # the tries left are asked for once
    assert isinstance(step, GoOnline)
    assert not step.needs_signature


@pytest.mark.parametrize("id", OFFLINE_CARDS)
async def test_the_last_try_lost_leaves_the_other_methods(id: str) -> None:
    wire = Wire(id)
    step: Step = await paused(wire)
    for left in (2, 1):
        assert isinstance(step, EnterPin)
        step = await sale.pin_tried(wire.link, step, await verify(wire, step, WRONG))
        assert isinstance(step, EnterPin)
        assert (step.tries_left, step.is_again) == (left, True)
    assert isinstance(step, EnterPin)
    step = await sale.pin_tried(wire.link, step, await verify(wire, step, WRONG))
    assert isinstance(step, EnterPin)  # an online PIN may still be entered (Book 4, 6.3.4.2)
    assert (step.form, step.tries_left, step.is_again) == (PinForm.ONLINE, None, False)
    step = await sale.pin_tried(wire.link, step, OK)
    results, tvr, _ = said(step)
    assert results == "420300"
    assert Tvr.from_bytes(bytes.fromhex(tvr)) & Tvr(0xFF0000) == Tvr.PIN_TRY_LIMIT_EXCEEDED | Tvr.ONLINE_PIN_ENTERED


@pytest.mark.parametrize("id", OFFLINE_CARDS)
async def test_a_card_without_tries_is_not_asked_for_its_pin(id: str) -> None:
    wire = Wire(id)
    pause = await paused(wire)
    for _ in range(3):
        await verify(wire, pause, WRONG)
    blocked = await paused(Wire(wire.chip))
    assert blocked.form is PinForm.ONLINE
    assert Tvr.PIN_TRY_LIMIT_EXCEEDED in blocked.trying.tvr


@pytest.mark.parametrize(
    ("sw", "bits"),
    [
        (0x63C0, Tvr.PIN_TRY_LIMIT_EXCEEDED),
        (0x6983, Tvr.PIN_TRY_LIMIT_EXCEEDED),
        (0x6984, Tvr.PIN_TRY_LIMIT_EXCEEDED),
        (0x6700, Tvr(0)),
        (None, Tvr.PIN_NOT_ENTERED),
    ],
)
async def test_what_verify_says_is_what_the_tvr_says(sw: int | None, bits: Tvr) -> None:
    chip = Scripted({tags.CVM_LIST: "0000000000000000 4100 1E00"}, data={tags.PIN_TRIES: "03"})
    pause = await started(chip)
    assert isinstance(pause, EnterPin)
    step = await sale.pin_tried(chip.link, pause, sw)
    assert isinstance(step, GoOnline)
    assert step.session.tvr & Tvr(0xFF0000) == bits
    assert (objects(step.icc_data)["9F34"], step.needs_signature) == ("1E0000", True)


async def test_a_pin_refused_after_a_wrong_one_does_not_exceed_the_limit() -> None:
    """Book 4, 6.3.4.3: before or after several unsuccessful tries."""
    chip = Scripted(OFFLINE_PIN, data={tags.PIN_TRIES: "03"})
    pause = await started(chip)
    assert isinstance(pause, EnterPin)
    again = await sale.pin_tried(chip.link, pause, 0x63C2)
    assert isinstance(again, EnterPin)
    step = await sale.pin_tried(chip.link, again, None)  # and the online PIN is not asked for
    assert isinstance(step, GoOnline)
    assert step.session.tvr & Tvr(0xFF0000) == Tvr.PIN_NOT_ENTERED
    assert objects(step.icc_data)["9F34"] == "1E0300"


async def test_a_broken_pin_pad_is_told_and_the_list_goes_on() -> None:
    wire = Wire("unionpay-debit-pin")
    step = await sale.pin_pad_broken(wire.link, await paused(wire))
    assert said(step) == ("1E0300", "0000108000", "E800")


async def test_an_online_pin_asks_the_card_nothing() -> None:
    wire = Wire("unionpay-debit-pin")
    pause = await paused(wire)
    assert (pause.form, pause.key, pause.tries_left) == (PinForm.ONLINE, None, None)
    before = len(wire.commands)
    assert said(await sale.pin_tried(wire.link, pause, OK)) == ("420300", "0000048000", "E800")
    assert len(wire.commands) == before + 1
    assert not wire.heard("20")


async def test_an_online_pin_that_was_not_given_leaves_the_signature() -> None:
    wire = Wire("unionpay-debit-pin")
    step = await sale.pin_tried(wire.link, await paused(wire), None)
    assert said(step) == ("1E0300", "0000088000", "E800")
    assert isinstance(step, GoOnline)
    assert step.needs_signature


async def test_without_a_trusted_key_no_pin_is_enciphered_nor_are_its_tries_asked_for() -> None:
    """Book 2, 7.1: the method fails; the next one is taken."""
    wire = Wire("unionpay-credit-enciphered-pin")
    step = await begun(wire, msgspec.structs.replace(DOWNLOADED, keys=type(DOWNLOADED.keys)()))
    assert isinstance(step, EnterPin)
    assert step.form is PinForm.ONLINE
    assert not wire.heard(GET_DATA)


@pytest.mark.parametrize(("tries", "left"), [({}, None), ({tags.PIN_TRIES: "01"}, 1), ({tags.PIN_TRIES: ""}, None)])
async def test_the_tries_left_are_the_card_s_word(tries: dict[int, str], left: int | None) -> None:
    chip = Scripted(OFFLINE_PIN, data=tries)
    pause = await started(chip)
    assert isinstance(pause, EnterPin)
    assert pause.tries_left == left


async def test_a_terminal_without_offline_pins_does_not_ask_for_tries() -> None:
    can = Capabilities.SIGNATURE | Capabilities.NO_CVM
    chip = Scripted({tags.CVM_LIST: "0000000000000000 4100 1E00"}, data={tags.PIN_TRIES: "03"})
    step = await started(chip, capabilities=can.encoded())
    assert isinstance(step, GoOnline)
    assert not chip.heard(GET_DATA)
    assert Tvr.PIN_PAD_MISSING in step.session.tvr


# --- document, choice ---


@pytest.mark.parametrize(("is_right", "results"), [(True, "600302"), (False, "1E0300")])
async def test_the_merchant_compares_the_document(is_right: bool, results: str) -> None:
    wire = Wire("unionpay-identity")
    pause = await begun(wire)
    assert isinstance(pause, ShowDocument)
    assert (pause.kind, pause.number) == ("00", "110101199001010015")
    assert said(await sale.document_shown(wire.link, pause, is_right)) == (results, "0000008000", "E800")


@pytest.mark.parametrize("index", [0, 1])
async def test_the_cardholder_s_choice_is_the_account_that_pays(index: int) -> None:
    wire = Wire("two-accounts")
    pause = await begun(wire)
    assert isinstance(pause, ChooseApplication)
    step = await sale.choose(wire.link, pause, index)
    assert isinstance(step, GoOnline)
    assert step.account.pan == card("two-accounts").pans[index]


async def test_a_pause_may_be_resumed_twice_as_it_is_a_value() -> None:
    chip = Scripted({tags.CVM_LIST: "0000000000000000 4200 1E00"}, says=(format_1(ARQC),))
    pause = await started(chip)
    assert isinstance(pause, EnterPin)
    first = await sale.pin_tried(chip.link, pause, OK)
    assert await sale.pin_tried(chip.link, pause, OK) == first


# --- the issuer (Book 3, 10.9), the end (10.11) ---

ARPC = "91 0A 11223344556677880000"


@pytest.mark.parametrize(
    ("aip", "reply", "sw", "is_sent", "bits"),
    [
        ("1C00", ARPC, "9000", True, Tvr(0)),
        ("1C00", ARPC, "6300", True, Tvr.ISSUER_AUTHENTICATION_FAILED),
        ("1C00", ARPC, "6700", True, Tvr.ISSUER_AUTHENTICATION_FAILED),
        ("1C00", "", "9000", False, Tvr(0)),  # the issuer said nothing
        ("1800", ARPC, "9000", False, Tvr(0)),  # the card takes it with CDOL2
    ],
)
async def test_the_issuer_proves_itself_by_command(aip: str, reply: str, sw: str, is_sent: bool, bits: Tvr) -> None:
    chip = Scripted(aip=aip, others={"82": [sw]})
    step = await started(chip)
    assert isinstance(step, GoOnline)
    done = await sale.complete(chip.link, step.session, "00", bytes.fromhex(reply))
    assert [command.hex() for command in chip.heard("82")] == (["008200000a11223344556677880000"] if is_sent else [])
    assert done.tvr & Tvr.ISSUER_AUTHENTICATION_FAILED == bits
    assert (Tsi.ISSUER_AUTHENTICATION_PERFORMED in done.tsi) == is_sent
    told = chip.commands[-1][5:-1]  # 8A, 91, TVR, TSI, number
    assert told[2:12] == (bytes.fromhex(ARPC)[2:] if reply else bytes(10))
    assert (told[12:17], told[17:19], told[19:]) == (done.tvr.encoded(), done.tsi.encoded(), UN)
    assert done.is_approved


@pytest.mark.parametrize("length", [8, 16])
async def test_issuer_authentication_has_eight_to_sixteen_bytes(length: int) -> None:
    chip = Scripted(aip="1C00", others={"82": ["9000"]})
    step = await started(chip)
    assert isinstance(step, GoOnline)
    await sale.complete(chip.link, step.session, "00", tlv.build([(0x91, bytes(length))]))
    assert chip.heard("82")[0][4] == length


@pytest.mark.parametrize(
    ("response_code", "asked", "told"),
    [
        *((code, TC, code) for code in ("00", "10", "11", "A2", "A4", "A5", "A6")),
        *((code, AAC, code) for code in ("01", "05", "51", "91", "A0", "12")),
        ("", AAC, "Z3"),  # online only: not reached
    ],
)
async def test_the_card_hears_what_the_acquirer_said(response_code: str, asked: str, told: str) -> None:
    chip = Scripted(says=(format_1(ARQC), format_1(asked, AC2)))
    step = await started(chip, terminal_type=ONLINE_ONLY)
    assert isinstance(step, GoOnline)
    done = await sale.complete(chip.link, step.session, response_code, b"")
    assert (chip.commands[-1][2], chip.commands[-1][5:7]) == (int(asked, 16), told.encode())
    assert (done.is_approved, done.is_online) == (asked == TC, bool(response_code))
    assert objects(done.icc_data)["9F26"] == AC2


async def test_what_comes_with_no_answer_is_not_read() -> None:
    chip = Scripted(aip="1C00", says=(format_1(ARQC), format_1(AAC)))
    step = await started(chip, terminal_type=ONLINE_ONLY)
    assert isinstance(step, GoOnline)
    await sale.complete(chip.link, step.session, "", bytes.fromhex(ARPC))
    assert chip.instructions == "AE AE"


async def test_an_aac_after_an_approval_is_not_approved() -> None:
    chip = Scripted(says=(format_1(ARQC), format_1(AAC, AC2)))
    step = await started(chip)
    assert isinstance(step, GoOnline)
    done = await sale.complete(chip.link, step.session, "00", b"")
    assert (done.is_approved, done.is_online, objects(done.icc_data)["9F27"]) == (False, True, "00")


@pytest.mark.parametrize("tag", [tags.PAN, tags.EXPIRY, tags.CDOL1, tags.CDOL2])
async def test_mandatory_data_that_are_missing_end_a_sale(tag: int) -> None:
    chip = Scripted({tag: None})
    with pytest.raises(EmvError):
        await started(chip)
    assert chip.instructions == ""


async def test_a_list_of_methods_that_is_missing_is_told() -> None:
    step = await started(Scripted({tags.CVM_LIST: None}))
    assert said(step) == ("3F0000", "A000000000", "2800")
