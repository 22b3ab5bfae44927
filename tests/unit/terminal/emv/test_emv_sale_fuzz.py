"""What no card and no acquirer can do to a sale or a refund: show card data, crash it, or keep it from ending."""

from __future__ import annotations

import contextlib

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from terminal.emv import refund, sale, tags
from terminal.emv.errors import EmvError
from terminal.emv.holder import EnterPin, ShowDocument
from terminal.emv.opening import REFUND, ChooseApplication, Deal
from terminal.emv.sale import GoOnline
from tests.unit.terminal.emv.chips import (
    AAC,
    AC2,
    ARQC,
    DOWNLOADED,
    OFFLINE_ROW,
    OFFLINE_TERMINAL,
    PAN,
    Scripted,
    Wire,
    begun,
    deal,
    format_1,
    started,
)

OK = 0x9000

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
