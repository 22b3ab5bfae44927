"""The two ways in, against the real UnionPay card of the trace and the tray's virtual ones, over T=1 and T=0.

The trace's own terminal said other things of itself (country 0036, time 10:54), so its commands are not ours byte for
byte; what the card decided, and what it proved over 7863AFC6, must be.
"""

from __future__ import annotations

import msgspec
import pytest

from simulator.acquirer.issuer import TestIssuer
from simulator.cards.tray import card
from terminal.emv import refund, sale, tags
from terminal.emv.action import Cryptogram
from terminal.emv.errors import CardBlocked, CardFaulty, ReplyFaulty
from terminal.emv.holder import EnterPin, ShowDocument
from terminal.emv.oda.capk import KeyRing
from terminal.emv.opening import REFUND, ChooseApplication
from terminal.emv.refund import Captured
from terminal.emv.sale import Ended, GoOnline, Step
from terminal.emv.terminal_data import UNIONPAY_TEST
from terminal.emv.verification import Tsi, Tvr
from tests.unit.terminal.emv.chips import DOWNLOADED, GENERATE, GET_DATA, READ, SELECT, Wire, deal, objects

CREDIT = bytes.fromhex("A000000333010102")
TRACE_DAY = "150316"
WRONG_ARPC = bytes.fromhex("910A11223344556677883030")


async def traced(wire: Wire, **changed: object) -> GoOnline:
    """The sale of the trace: the cardholder chooses the first of three applications."""
    pause = await sale.start(wire.link, deal(date=TRACE_DAY, **changed))  # type: ignore[arg-type]
    assert isinstance(pause, ChooseApplication)
    asked = await sale.choose(wire.link, pause, 0)
    assert isinstance(asked, GoOnline)
    return asked


async def online(wire: Wire) -> GoOnline:
    """A sale as far as the acquirer: the first application, an online PIN, a right document."""
    step: Step = await sale.start(wire.link, deal())
    while not isinstance(step, GoOnline):
        match step:
            case ChooseApplication():
                step = await sale.choose(wire.link, step, 0)
            case EnterPin():
                step = await sale.pin_tried(wire.link, step, 0x9000)
            case ShowDocument():
                step = await sale.document_shown(wire.link, step, True)
            case _:
                raise AssertionError(step)
    return step


def approval(id: str, asked: GoOnline) -> bytes:
    """The test issuer's F55."""
    account = asked.account
    return TestIssuer().authenticate(account.pan, account.psn, asked.icc_data, "00")


async def refunded(wire: Wire, wanted: bytes = b"") -> refund.Step:
    date = TRACE_DAY if wire.chip.atr and wanted == CREDIT else "261124"
    return await refund.start(wire.link, deal(date=date, type=REFUND), wanted)


# --- the real card ---


async def test_a_refund_of_a_known_sale_asks_the_real_card_six_times() -> None:
    wire = Wire("unionpay-trace")
    captured = await refunded(wire, CREDIT)
    assert isinstance(captured, Captured)
    account = captured.account
    assert (account.pan, account.psn, account.expiry) == ("6210948000000011", "001", "3010")
    assert account.track2 == "6210948000000011=301020100000"
    assert (account.aid, account.label, account.scheme) == (CREDIT.hex().upper(), "UICC CREDIT", "unionpay")
    # SELECT and GPO; three records hold 57 but no 5F34, the fourth has 5A, 5F24 and 5F34; five more stay unread
    assert [command.hex()[:8] for command in wire.commands] == [
        "00a40400",
        "80a80000",
        "00b2010c",
        "00b2020c",
        "00b2030c",
        "00b20114",
    ]


async def test_without_the_application_s_name_the_directory_and_its_four_records_come_first() -> None:
    wire = Wire("unionpay-trace")
    pause = await refunded(wire)
    assert isinstance(pause, ChooseApplication)
    assert [candidate.label for candidate in pause.candidates] == ["UICC CREDIT", "UICC DEBIT", "UICC QUASICREDIT"]
    assert len(wire.commands) == 5
    assert isinstance(await refund.choose(wire.link, pause, 0), Captured)
    assert len(wire.commands) == 11


async def test_a_sale_authenticates_the_real_card_over_the_trace_s_number() -> None:
    wire = Wire("unionpay-trace")
    asked = await traced(wire)
    said = objects(asked.icc_data)
    # its version is 0020 and ours 0030; it was never online; 65.80 is above a floor limit of zero; 9F14 is 7F, 9F23 FF
    assert (asked.session.tvr, said["95"]) == (Tvr.DIFFERENT_VERSIONS | Tvr.FLOOR_LIMIT_EXCEEDED, "0080008000")
    assert asked.session.tsi.encoded().hex() == "e800"
    assert said["9F26"] == "B04398D218017BF9"
    assert (said["9F27"], said["9F36"], said["9F34"]) == ("80", "0006", "5E0300")
    assert asked.needs_signature


async def test_the_real_card_is_asked_twenty_times_in_a_sale() -> None:
    wire = Wire("unionpay-trace")
    asked = await traced(wire)
    # directory 1 and its records 4; SELECT, GPO; nine records; INTERNAL AUTHENTICATE; two counters, as it has limits
    assert len(wire.commands) == 1 + 4 + 2 + 9 + 1 + 2 + 1
    assert [command.hex()[:8] for command in wire.commands[-4:-1]] == ["00880000", "80ca9f36", "80ca9f13"]
    done = await sale.complete(wire.link, asked.session, "00", b"")
    assert len(wire.commands) == 21
    assert (done.is_approved, done.is_online, done.generated.cryptogram.hex()) == (True, True, "e5869b494d460ab4")
    assert objects(done.icc_data)["9F26"] == "E5869B494D460AB4"


async def test_its_dynamic_number_is_known_to_the_kernel() -> None:
    asked = await traced(Wire("unionpay-trace"))
    assert asked.session.values[tags.ICC_DYNAMIC_NUMBER].hex().upper() == "000659A2F145F4"
    assert asked.session.case.authenticated.tvr == Tvr(0)


async def test_issuer_authentication_fails_as_it_did_in_the_trace_and_the_card_approves_all_the_same() -> None:
    wire = Wire("unionpay-trace")
    asked = await traced(wire)
    done = await sale.complete(wire.link, asked.session, "00", WRONG_ARPC)  # 6700, as then
    assert (done.is_approved, done.tvr.encoded().hex(), done.tsi.encoded().hex()) == (True, "0080008040", "f800")


async def test_the_trace_s_second_cryptogram_had_our_tsi_too() -> None:
    """F800 stands at the end of the CDOL2 of the trace: nothing but the terminal's own words differs."""
    wire = Wire("unionpay-trace")
    asked = await traced(wire)
    await sale.complete(wire.link, asked.session, "00", WRONG_ARPC)
    assert wire.commands[-1].hex().upper().endswith("F80000")


async def test_without_the_scheme_s_key_it_is_not_asked_to_prove_itself() -> None:
    wire = Wire("unionpay-trace")
    asked = await traced(wire, data=msgspec.structs.replace(DOWNLOADED, keys=KeyRing()))
    assert Tvr.DDA_FAILED in asked.session.tvr
    assert not wire.heard("88")


async def test_what_we_ship_before_any_download_authenticates_nobody() -> None:
    wire = Wire("unionpay-trace")
    asked = await traced(wire, data=UNIONPAY_TEST)
    assert Tvr.DDA_FAILED in asked.session.tvr
    assert Tsi.ODA_PERFORMED in asked.session.tsi


async def test_the_first_cryptogram_is_asked_for_as_in_the_trace_but_for_the_terminal_s_own() -> None:
    wire = Wire("unionpay-trace")
    await traced(wire)
    assert wire.commands[-1].hex().upper() == (
        "80AE800037" "000000006580" "000000000000" "0156" "0080008000" "0156" "150316" "00" "7863AFC6"
        "003510" + "00" * 20 + "5E0300" "00"
    )  # fmt: skip


# --- the tray ---

LIST = 1 + 8 + 1  # the directory is not there, eight names of ours, one of them a second time
COUNTS = {  # card -> commands of a refund, of a sale up to the acquirer, and from there on
    "unionpay-debit": (6, 11, 2),  # directory 3, SELECT, GPO, 1 or 4 records; INTERNAL AUTHENTICATE, GENERATE AC
    "unionpay-debit-other": (LIST + 2, LIST + 6, 1 + 1),  # CDA: nothing but GENERATE AC
    "unionpay-debit-pin": (6, 11, 2),
    "unionpay-identity": (6, 11, 2),
    "expired": (6, 8, 2),  # no authentication: two records
    "international-credit": (8, 12, 2),  # refund closed by an AAC; limits: two counters; CDA
    "unionpay-credit": (11, 19, 3),  # T=0: each answer is fetched, or asked for twice
    "international-debit": (15, 19, 3),
}


@pytest.mark.parametrize("id", COUNTS)
async def test_no_card_is_asked_more_than_is_needed(id: str) -> None:
    of_refund, to_acquirer, after = COUNTS[id]
    wire = Wire(id)
    assert isinstance(await refunded(wire), Captured)
    assert len(wire.commands) == of_refund
    wire = Wire(id)
    asked = await online(wire)
    assert len(wire.commands) == to_acquirer
    done = await sale.complete(wire.link, asked.session, "00", approval(id, asked))
    assert done.is_approved
    assert len(wire.commands) == to_acquirer + after


@pytest.mark.parametrize("id", COUNTS)
async def test_every_good_card_is_authenticated_and_believes_its_issuer(id: str) -> None:
    wire = Wire(id)
    asked = await online(wire)
    account = asked.account
    assert TestIssuer().verify(account.pan, account.psn, asked.icc_data)
    done = await sale.complete(wire.link, asked.session, "00", approval(id, asked))
    failures = Tvr.SDA_FAILED | Tvr.DDA_FAILED | Tvr.CDA_FAILED | Tvr.ISSUER_AUTHENTICATION_FAILED
    assert not done.tvr & failures
    assert (Tsi.ODA_PERFORMED in done.tsi) == (id != "expired")
    assert Tsi.ISSUER_AUTHENTICATION_PERFORMED in done.tsi
    assert (Tvr.EXPIRED in done.tvr) == (id == "expired")


@pytest.mark.parametrize("id", [*COUNTS, "unionpay-credit-offline-pin", "unionpay-credit-enciphered-pin"])
async def test_a_refund_reads_every_card_of_the_tray(id: str) -> None:
    captured = await refunded(Wire(id))
    assert isinstance(captured, Captured)
    account, described = captured.account, card(id)
    assert (account.pan, account.expiry, account.track2) == (described.pan, described.expiry, described.track2)
    assert int(account.psn) == int(described.psn)
    assert captured.trouble == ""


async def test_get_data_is_not_asked_by_a_refund_nor_without_limits_and_offline_pins() -> None:
    for id in COUNTS:
        wire = Wire(id)
        await refunded(wire)
        assert not wire.heard(GET_DATA)
    wire = Wire("unionpay-debit")
    await online(wire)
    assert not wire.heard(GET_DATA)


@pytest.mark.parametrize("id", ["blocked", "blocked-application"])
async def test_a_blocked_card_is_said_to_be_blocked(id: str) -> None:
    with pytest.raises(CardBlocked):
        await refunded(Wire(id))


@pytest.mark.parametrize("id", ["malformed-record", "duplicate-tag", "missing-tag", "afl-out-of-range", "afl-too-long"])
async def test_a_card_that_breaks_the_books_ends_before_any_cryptogram(id: str) -> None:
    wire = Wire(id)
    with pytest.raises(CardFaulty):
        await sale.start(wire.link, deal())
    assert not wire.heard(GENERATE)


@pytest.mark.parametrize(
    ("id", "bits"), [("wrong-certificate", Tvr.DDA_FAILED), ("wrong-signature", Tvr.SDA_FAILED | Tvr.SDA_SELECTED)]
)
async def test_a_card_that_is_not_genuine_is_told_to_the_acquirer(id: str, bits: Tvr) -> None:
    asked = await online(Wire(id))
    assert bits in asked.session.tvr
    assert Tsi.ODA_PERFORMED in asked.session.tsi


async def test_a_card_that_answers_with_an_aac_declines_without_the_acquirer() -> None:
    wire = Wire("answers-aac")
    ended = await sale.start(wire.link, deal())
    assert isinstance(ended, Ended)
    assert (ended.is_approved, ended.is_online, ended.generated.kind) == (False, False, Cryptogram.AAC)
    assert len(wire.heard(GENERATE)) == 1


async def test_the_cardholder_s_second_account_is_the_one_that_is_read() -> None:
    wire = Wire("two-accounts")
    pause = await refunded(wire)
    assert isinstance(pause, ChooseApplication)
    captured = await refund.choose(wire.link, pause, 1)
    assert isinstance(captured, Captured)
    assert captured.account.pan == "6250946000000222"
    assert len(wire.heard(READ)) == 3 + 1


async def test_a_known_application_is_selected_without_the_directory() -> None:
    wire = Wire("two-accounts")
    captured = await refunded(wire, CREDIT)
    assert isinstance(captured, Captured)
    assert captured.account.pan == "6250946000000222"
    assert len(wire.heard(SELECT)) == 1


async def test_f55_has_the_order_of_the_captured_sale() -> None:
    asked = await online(Wire("unionpay-debit"))
    assert " ".join(objects(asked.icc_data)) == (
        "9F26 9F27 9F10 9F37 9F36 95 9A 9C 9F02 5F2A 82 9F1A 9F03 9F33 9F34 9F35 9F1E 84 9F09 9F41"
    )


async def test_f55_is_the_terminal_s_and_the_card_s_own_words() -> None:
    said = objects((await online(Wire("unionpay-debit"))).icc_data)
    assert (said["9F02"], said["9F41"], said["9F1E"]) == ("000000006580", "00000403", b"00000001".hex())
    assert (said["9F37"], said["9A"], said["84"]) == ("7863AFC6", "261124", "A000000333010101")
    assert said["82"] == "3C00"  # DDA, cardholder verification, terminal risk management, issuer authentication


async def test_a_card_that_declines_after_the_acquirer_approved_is_not_approved() -> None:
    wire = Wire("declines")
    asked = await online(wire)
    done = await sale.complete(wire.link, asked.session, "00", b"")
    assert (done.is_approved, done.is_online, done.generated.kind) == (False, True, Cryptogram.AAC)


async def test_a_card_that_minds_its_issuer_gives_an_aac_to_a_wrong_arpc() -> None:
    wire = Wire("minds-issuer")
    asked = await online(wire)
    done = await sale.complete(wire.link, asked.session, "00", WRONG_ARPC)
    assert Tvr.ISSUER_AUTHENTICATION_FAILED in done.tvr
    assert not done.is_approved


@pytest.mark.parametrize("reply", ["91", "9103112233", "91081122334455667788" * 2])
async def test_chip_data_of_the_acquirer_that_cannot_be_read(reply: str) -> None:
    wire = Wire("unionpay-debit")
    asked = await online(wire)
    with pytest.raises(ReplyFaulty):
        await sale.complete(wire.link, asked.session, "00", bytes.fromhex(reply))


async def test_track_2_and_the_account_number_must_agree() -> None:
    right, other = (bytes.fromhex(f"5A08{pan}") for pan in ("6210948000000029", "6210948000000011"))
    wire = Wire("unionpay-debit", lambda _, answer: answer.replace(right, other))
    with pytest.raises(CardFaulty, match="differ") as caught:
        await refunded(wire)
    assert "6210948" not in str(caught.value)


async def test_a_card_without_an_expiry_date_is_faulty() -> None:
    wire = Wire("unionpay-debit", lambda _, answer: answer.replace(bytes.fromhex("5F24"), bytes.fromhex("5F34")))
    with pytest.raises(CardFaulty):
        await sale.start(wire.link, deal())
