"""A sale's pauses, the signature around its cryptograms, its issuer and its end; and that nothing can make it crash."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keys.offline_pin import enciphered, plain
from simulator.acquirer.issuer import TestIssuer
from simulator.cards.tray import card
from terminal.emv import apdu, refund, sale, tags, tlv
from terminal.emv.action import Cryptogram
from terminal.emv.authentication import Method
from terminal.emv.errors import EmvError
from terminal.emv.holder import EnterPin, PinForm, ShowDocument
from terminal.emv.opening import REFUND, ChooseApplication, Deal
from terminal.emv.sale import Ended, GoOnline, Step
from terminal.emv.terminal_data import TerminalData
from terminal.emv.verification import Capabilities, Tsi, Tvr
from tests.unit.terminal.emv.chips import (
    AAC,
    AC1,
    AC2,
    ARQC,
    DOWNLOADED,
    GENERATE,
    GET_DATA,
    OFFLINE_ROW,
    ONLINE_ONLY,
    PAN,
    TC,
    UN,
    Scripted,
    Wire,
    deal,
    format_1,
    objects,
    started,
)

OK = 0x9000
PIN_LIST = "0000000000000000 4103 4203 1E03 1F00"
OFFLINE_PIN = {tags.CVM_LIST: PIN_LIST}
RIGHT, WRONG = "246801", "135790"  # TEST PINs
OFFLINE_TERMINAL = msgspec.structs.replace(
    DOWNLOADED,
    terminal_type=b"\x22",
    applications=tuple(
        msgspec.structs.replace(row, floor_limit=100_000, tac_online=bytes(5), tac_default=bytes(5))
        for row in DOWNLOADED.applications
    ),
)


async def begun(wire: Wire, data: TerminalData = DOWNLOADED) -> Step:
    return await sale.start(wire.link, deal(data))


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


# --- CDA (Book 2, 6.6; Book 4, 6.3.2.1) ---

CDA_CARDS = ("unionpay-debit-other", "international-credit")


def on_generate(change: Callable[[dict[int, bytes]], dict[int, bytes]], turn: int) -> Wire:
    """A card with CDA whose `turn`-th cryptogram is changed: its objects in template 77."""
    count = 0

    def alter(command: bytes, answer: bytes) -> bytes:
        nonlocal count
        if command[1] != 0xAE:
            return answer
        count += 1
        if count != turn:
            return answer
        changed = change(dict(tlv.parse(tlv.sole(answer[:-2], tags.FORMAT_2))))
        return tlv.build([(tags.FORMAT_2, tlv.build(changed.items()))]) + answer[-2:]

    return Wire("unionpay-debit-other", alter)


def spoiled(values: dict[int, bytes]) -> dict[int, bytes]:
    signature = values[tags.SIGNED_DYNAMIC]
    return values | {tags.SIGNED_DYNAMIC: signature[:-1] + bytes((signature[-1] ^ 1,))}


def unsigned(values: dict[int, bytes]) -> dict[int, bytes]:
    return {tag: value for tag, value in values.items() if tag != tags.SIGNED_DYNAMIC} | {
        tags.CRYPTOGRAM: bytes.fromhex(AC1)
    }


def another_iad(values: dict[int, bytes]) -> dict[int, bytes]:
    iad = values[tags.IAD]
    return values | {tags.IAD: iad[:-1] + bytes((iad[-1] ^ 1,))}


def empty(values: dict[int, bytes]) -> dict[int, bytes]:
    return values | {tags.SIGNED_DYNAMIC: b"", tags.CRYPTOGRAM: bytes.fromhex(AC1)}


WRONGS = pytest.mark.parametrize("wrong", [spoiled, unsigned, another_iad, empty])


@pytest.mark.parametrize("id", CDA_CARDS)
async def test_the_cryptogram_comes_out_of_its_signature(id: str) -> None:
    wire = Wire(id)
    step = await begun(wire)
    assert isinstance(step, GoOnline)
    assert step.session.case.authenticated.method is Method.CDA
    assert wire.heard(GENERATE)[0][2] == 0x90
    assert len(step.session.values[tags.ICC_DYNAMIC_NUMBER]) == 8  # for a CDOL2 that asks for it (6.6.2)
    account = step.account
    assert TestIssuer().verify(account.pan, account.psn, step.icc_data)
    assert Tsi.ODA_PERFORMED in step.session.tsi
    reply = TestIssuer().authenticate(account.pan, account.psn, step.icc_data, "00")
    done = await sale.complete(wire.link, step.session, "00", reply)
    assert wire.heard(GENERATE)[1][2] == 0x50
    assert (done.is_approved, Tvr.CDA_FAILED in done.tvr, len(done.generated.cryptogram)) == (True, False, 8)


@WRONGS
async def test_an_arqc_whose_signature_fails_is_followed_by_an_aac_at_once(
    wrong: Callable[[dict[int, bytes]], dict[int, bytes]],
) -> None:
    wire = on_generate(wrong, 1)
    step = await begun(wire)
    assert isinstance(step, Ended)
    assert (step.is_approved, step.is_online, step.generated.kind) == (False, False, Cryptogram.AAC)
    assert Tvr.CDA_FAILED in step.tvr
    assert Tsi.ODA_PERFORMED in step.tsi
    second = wire.heard(GENERATE)[1]
    assert (second[2], second[5:7]) == (0x00, b"Z1")
    assert step.tvr.encoded() in second  # and the card is told


@WRONGS
async def test_a_tc_whose_signature_fails_is_no_approval_and_asks_nothing_more(
    wrong: Callable[[dict[int, bytes]], dict[int, bytes]],
) -> None:
    wire = on_generate(wrong, 1)
    step = await begun(wire, OFFLINE_TERMINAL)
    assert isinstance(step, Ended)
    assert wire.heard(GENERATE)[0][2] == 0x50
    assert (step.is_approved, step.generated.kind, Tvr.CDA_FAILED in step.tvr) == (False, Cryptogram.TC, True)
    assert len(wire.heard(GENERATE)) == 1


async def test_a_tc_with_its_signature_is_an_approval_offline() -> None:
    wire = Wire("unionpay-debit-other")
    step = await begun(wire, OFFLINE_TERMINAL)
    assert isinstance(step, Ended)
    assert (step.is_approved, step.is_online, step.tvr, step.tsi.encoded().hex()) == (True, False, Tvr(0), "e800")


@WRONGS
async def test_a_second_signature_that_fails_is_no_approval(
    wrong: Callable[[dict[int, bytes]], dict[int, bytes]],
) -> None:
    wire = on_generate(wrong, 2)
    step = await begun(wire)
    assert isinstance(step, GoOnline)
    done = await sale.complete(wire.link, step.session, "00", b"")
    assert (done.is_approved, done.is_online, Tvr.CDA_FAILED in done.tvr) == (False, True, True)


async def test_no_signature_is_asked_around_an_aac() -> None:
    wire = Wire("unionpay-debit-other")
    step = await begun(wire)
    assert isinstance(step, GoOnline)
    done = await sale.complete(wire.link, step.session, "51", b"")
    assert wire.heard(GENERATE)[1][2] == 0x00
    assert (done.is_approved, Tvr.CDA_FAILED in done.tvr) == (False, False)


async def test_a_card_whose_key_is_not_trusted_is_not_asked_to_sign() -> None:
    wire = Wire("unionpay-debit-other")
    step = await begun(wire, msgspec.structs.replace(DOWNLOADED, keys=type(DOWNLOADED.keys)()))
    assert isinstance(step, GoOnline)
    assert wire.heard(GENERATE)[0][2] == 0x80
    assert Tvr.CDA_FAILED in step.session.tvr
    assert Tsi.ODA_PERFORMED in step.session.tsi


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


# --- nothing is shown ---

TOLD = {tags.CDOL1: "5713 9F3704", tags.CDOL2: "5A08 5713"}  # a card that wants to be told its own number


async def test_no_pause_and_no_end_shows_card_data() -> None:
    shown: list[object] = []
    for id in ("unionpay-debit", "unionpay-debit-pin", "unionpay-credit-enciphered-pin", "two-accounts"):
        shown.append(await begun(Wire(id)))
    wire = Wire("unionpay-identity")
    pause = await begun(wire)
    shown += [pause, await sale.document_shown(wire.link, pause, True)]  # type: ignore[arg-type]
    chip = Scripted(TOLD, pdol="5A08")
    step = await started(chip)
    assert isinstance(step, GoOnline)
    shown += [step, step.session, step.session.case, step.account, step.session.case.records]
    shown += [step.session.case.opened, await sale.complete(chip.link, step.session, "00", b"")]
    closing = Scripted(TOLD)
    shown.append(await refund.start(closing.link, deal(DOWNLOADED, type=REFUND)))
    for value in shown:
        for text in (repr(value), str(value)):
            for secret in ("6210948", "6250946", "110101199", bytes.fromhex(PAN).hex(), repr(bytes.fromhex(PAN))[2:-1]):
                assert secret not in text, type(value)


# --- nothing crashes ---

CARDS = ("unionpay-debit", "unionpay-debit-other", "unionpay-credit-offline-pin", "unionpay-identity", "two-accounts")
REPLY = bytes.fromhex("910A11223344556677880000 720F9F180400000001 8606841E00000400")
FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


async def to_the_end(wire: Wire, wanted: Deal, sw: int | None, response_code: str) -> None:
    start, choose = (refund.start, refund.choose) if wanted.type == REFUND else (sale.start, sale.choose)
    step: refund.Step = await start(wire.link, wanted)
    for _ in range(12):
        match step:
            case ChooseApplication():
                step = await choose(wire.link, step, 0)
            case EnterPin():
                step = await sale.pin_tried(wire.link, step, sw)
            case ShowDocument():
                step = await sale.document_shown(wire.link, step, sw == OK)
            case GoOnline():
                step = await sale.complete(wire.link, step.session, response_code, REPLY)
            case _:
                return
    raise AssertionError("it does not end")


def mutated(answer: bytes, at: int, what: bytes, how: str) -> bytes:
    place = at % max(1, len(answer))
    match how:
        case "replace":
            return what
        case "body":
            return what + answer[-2:]
        case "overwrite":
            return answer[:place] + what + answer[place + len(what) :]
        case "insert":
            return answer[:place] + what + answer[place:]
        case _:
            return answer[:place]


@FUZZ
@given(
    id=st.sampled_from(CARDS),
    turn=st.integers(0, 24),
    at=st.integers(0, 255),
    what=st.binary(min_size=1, max_size=40),
    how=st.sampled_from(["replace", "body", "overwrite", "insert", "cut"]),
    sw=st.sampled_from([OK, None, 0x6983, 0x6F00]),
    response_code=st.sampled_from(["00", "51", ""]),
    is_refund=st.booleans(),
    is_offline=st.booleans(),
)
async def test_whatever_a_card_answers_once_is_an_end_or_an_emv_error(
    id: str,
    turn: int,
    at: int,
    what: bytes,
    how: str,
    sw: int | None,
    response_code: str,
    is_refund: bool,
    is_offline: bool,
) -> None:
    wire = Wire(id, lambda _, answer: mutated(answer, at, what, how) if len(wire.commands) == turn + 1 else answer)
    data = OFFLINE_TERMINAL if is_offline else DOWNLOADED
    message = ""
    try:
        await to_the_end(wire, deal(data, type=REFUND if is_refund else b"\0"), sw, response_code)
    except EmvError as error:
        message = str(error)
    assert "62109" not in message
    assert len(wire.commands) < 1000


@FUZZ
@given(st.binary(max_size=64), st.sampled_from(["00", "51", ""]))
async def test_whatever_an_acquirer_answers_is_an_end_or_an_emv_error(reply: bytes, response_code: str) -> None:
    chip = Scripted(aip="1C00", says=(format_1(ARQC), format_1(AAC, AC2)))
    step = await started(chip)
    assert isinstance(step, GoOnline)
    try:
        await sale.complete(chip.link, step.session, response_code, reply)
    except EmvError:
        assert chip.instructions == "AE"  # before the card heard anything


@FUZZ
@given(st.dictionaries(st.sampled_from([*range(0x50, 0x5F), 0x82, 0x8A, *range(0x8C, 0x9F), 0x5F24, 0x5F34, 0x9F07,
       0x9F08, 0x9F0D, 0x9F0E, 0x9F0F, 0x9F14, 0x9F23, 0x9F42, 0x9F49, 0x9F4A, 0x9F61, 0x9F62]),
       st.binary(max_size=30), max_size=6))  # fmt: skip
async def test_whatever_a_record_holds_is_an_end_or_an_emv_error(record: dict[int, bytes]) -> None:
    wire = Scripted({tag: value.hex() for tag, value in record.items()}, aip="7D00")
    with contextlib.suppress(EmvError):
        await started(wire, OFFLINE_ROW, keys=DOWNLOADED.keys)
