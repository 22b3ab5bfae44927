"""The two ways in, against the real UnionPay card of the trace and the tray's virtual ones, over T=1 and T=0."""

from __future__ import annotations

import pytest

from simulator.cards.chip import Chip
from simulator.cards.tray import card
from terminal.emv import sale, tags, tlv
from terminal.emv.account import Account
from terminal.emv.errors import CardBlocked, CardFaulty, EmvError, ReplyFaulty
from terminal.emv.refund import read_account
from terminal.emv.sale import Declined, GoOnline
from terminal.emv.terminal_data import UNIONPAY_TEST
from terminal.money import Money

UN = bytes.fromhex("7863AFC6")
AUTHENTICATED = bytes.fromhex("910A11223344556677883030")
TRACE_TVR = "8080008000"  # the card is of version 0020 and we of 0030; no offline data authentication
TRACE_READ_ONLY, TRACE_BEGIN, TRACE_COMPLETE = 11, 17, 1  # commands


class Wire:
    """Counts what goes to a chip."""

    def __init__(self, chip: Chip) -> None:
        self.chip = chip
        self.commands: list[bytes] = []
        self.bytes = 0

    async def transmit(self, command: bytes) -> bytes:
        answer = self.chip.respond(command)
        self.commands.append(command)
        self.bytes += len(command) + len(answer)
        return answer


async def begun(wire: Wire) -> GoOnline | Declined:
    return await sale.begin(
        wire.transmit, wire.chip.protocol, UNIONPAY_TEST, Money(6580), "150316", "003510", UN, "000403"
    )


async def online(wire: Wire) -> GoOnline:
    result = await begun(wire)
    assert isinstance(result, GoOnline)
    return result


async def read(id: str) -> tuple[Account, Wire]:
    wire = Wire(card(id).virtual())
    return await read_account(wire.transmit, wire.chip.protocol, UNIONPAY_TEST), wire


async def test_a_refund_reads_the_real_card_and_stops_when_it_knows_the_account() -> None:
    account, wire = await read("unionpay-trace")
    assert (account.pan, account.psn, account.expiry) == ("6210948000000011", "001", "3010")
    assert account.track2 == "6210948000000011=301020100000"
    assert (account.aid, account.label, account.scheme) == ("A000000333010102", "UICC CREDIT", "unionpay")
    assert len(wire.commands) == TRACE_READ_ONLY
    assert wire.commands[-1].hex() == "00b2011400"  # the record with 5A, 5F24 and 5F34; six more stay unread
    assert not any(command[1] == 0xAE for command in wire.commands)


@pytest.mark.parametrize(
    ("id", "commands"),
    [
        ("unionpay-debit", 6),  # directory 3, SELECT, GPO, one record
        ("unionpay-debit-other", 8),  # directory missing, four AIDs, SELECT, GPO, one record
        ("unionpay-credit", 11),  # T=0: each answer is fetched, or asked for twice
        ("expired", 6),
    ],
)
async def test_a_refund_reads_every_card_of_the_tray(id: str, commands: int) -> None:
    account, wire = await read(id)
    described = card(id)
    assert (account.pan, account.expiry, account.track2) == (described.pan, described.expiry, described.track2)
    assert int(account.psn) == int(described.psn)
    assert len(wire.commands) == commands


@pytest.mark.parametrize("id", ["blocked", "blocked-application"])
async def test_a_blocked_card_is_said_to_be_blocked(id: str) -> None:
    with pytest.raises(CardBlocked):
        await read(id)


async def test_a_sale_goes_online_with_the_real_card_s_arqc_and_ends_in_its_tc() -> None:
    wire = Wire(card("unionpay-trace").virtual())
    asked = await online(wire)
    values = dict(tlv.parse(asked.icc_data))
    assert values[tags.CRYPTOGRAM].hex().upper() == "B04398D218017BF9"
    assert (values[tags.CVM_RESULTS].hex(), values[tags.TVR].hex()) == ("5e0300", TRACE_TVR)
    assert asked.needs_signature
    assert len(wire.commands) == TRACE_BEGIN
    done = await sale.complete(wire.transmit, 1, asked.session, "00", b"")
    assert done.is_approved
    assert done.tc.hex().upper() == "E5869B494D460AB4"
    assert (done.atc.hex(), done.tsi.hex(), done.label) == ("0006", "6800", "UICC CREDIT")
    assert len(wire.commands) == TRACE_BEGIN + TRACE_COMPLETE


async def test_the_first_cryptogram_is_asked_for_as_in_the_trace_but_for_the_tvr() -> None:
    wire = Wire(card("unionpay-trace").virtual())
    await online(wire)
    asked = wire.commands[-1].hex().upper()
    assert asked == (
        "80AE800037" "000000006580" "000000000000" "0156" "8080008000" "0156" "150316" "00" "7863AFC6"
        "003510" + "00" * 20 + "5E0300" "00"
    )  # fmt: skip


async def test_issuer_authentication_that_fails_is_noted_and_the_card_decides() -> None:
    wire = Wire(card("unionpay-trace").virtual())
    asked = await online(wire)
    done = await sale.complete(wire.transmit, 1, asked.session, "00", AUTHENTICATED)
    assert wire.commands[-2].hex().upper().startswith("008200000A1122334455667788")
    assert (done.is_approved, done.tvr.hex(), done.tsi.hex()) == (True, "8080008040", "7800")


async def test_f55_has_the_order_of_the_captured_sale() -> None:
    order = [
        tags.hex_name(tag) for tag, _ in tlv.parse((await online(Wire(card("unionpay-debit").virtual()))).icc_data)
    ]
    assert " ".join(order) == (
        "9F26 9F27 9F10 9F37 9F36 95 9A 9C 9F02 5F2A 82 9F1A 9F03 9F33 9F34 9F35 9F1E 84 9F09 9F41"
    )


async def test_f55_is_the_terminal_s_and_the_card_s_own_words() -> None:
    values = dict(tlv.parse((await online(Wire(card("unionpay-debit").virtual()))).icc_data))
    assert values[tags.AMOUNT].hex() == "000000006580"
    assert (values[tags.SEQUENCE].hex(), values[tags.SERIAL]) == ("00000403", b"00000001")
    assert (values[tags.UNPREDICTABLE_NUMBER], values[tags.DATE].hex()) == (UN, "150316")
    assert values[tags.DF_NAME].hex().upper() == "A000000333010101"


@pytest.mark.parametrize("id", ["unionpay-debit", "unionpay-credit", "unionpay-debit-other", "expired"])
async def test_an_approved_sale_ends_in_a_tc(id: str) -> None:
    wire = Wire(card(id).virtual())
    asked = await online(wire)
    done = await sale.complete(wire.transmit, wire.chip.protocol, asked.session, "00", AUTHENTICATED)
    assert done.is_approved
    assert done.tsi.hex() == "7800"


@pytest.mark.parametrize("response_code", ["51", "", "05"])
async def test_without_approval_the_card_is_asked_for_an_aac(response_code: str) -> None:
    wire = Wire(card("unionpay-debit").virtual())
    asked = await online(wire)
    done = await sale.complete(wire.transmit, 1, asked.session, response_code, b"")
    assert not done.is_approved
    assert wire.commands[-1][2] == 0x00
    assert wire.commands[-1][5:7] == (response_code or "Z3").encode()


async def test_a_card_that_declines_after_the_acquirer_approved_is_not_approved() -> None:
    wire = Wire(card("declines").virtual())
    asked = await online(wire)
    assert not (await sale.complete(wire.transmit, 1, asked.session, "00", b"")).is_approved


async def test_action_codes_that_deny_end_before_the_acquirer() -> None:
    class Denied(Wire):
        async def transmit(self, command: bytes) -> bytes:
            return (await super().transmit(command)).replace(
                bytes.fromhex("9F0E050010000000"), bytes.fromhex("9F0E050010008000")
            )

    result = await begun(Denied(card("unionpay-debit").virtual()))
    assert isinstance(result, Declined)
    assert result.tvr.hex() == "8000008000"


@pytest.mark.parametrize("reply", ["6985", "9000", "80039000", "800A80006B" + "00" * 7 + "9000"])
async def test_a_cryptogram_that_is_not_whole_is_a_faulty_card(reply: str) -> None:
    class Broken(Wire):
        async def transmit(self, command: bytes) -> bytes:
            answer = await super().transmit(command)
            return bytes.fromhex(reply) if command[1] == 0xAE else answer

    with pytest.raises(EmvError):
        await begun(Broken(card("unionpay-debit").virtual()))


async def test_a_card_may_not_give_more_than_was_asked() -> None:
    class Generous(Wire):
        async def transmit(self, command: bytes) -> bytes:
            answer = await super().transmit(command)
            return answer[:2] + b"\x40" + answer[3:] if command[1] == 0xAE else answer

    with pytest.raises(CardFaulty, match="not asked for"):
        await begun(Generous(card("unionpay-debit").virtual()))


@pytest.mark.parametrize("reply", ["91", "9103112233", "91081122334455667788" * 2])
async def test_chip_data_of_the_acquirer_that_cannot_be_read(reply: str) -> None:
    wire = Wire(card("unionpay-debit").virtual())
    asked = await online(wire)
    with pytest.raises(ReplyFaulty):
        await sale.complete(wire.transmit, 1, asked.session, "00", bytes.fromhex(reply))


async def test_track_2_and_the_account_number_must_agree() -> None:
    class Differing(Wire):
        async def transmit(self, command: bytes) -> bytes:
            return (await super().transmit(command)).replace(
                bytes.fromhex("5A086210948000000029"), bytes.fromhex("5A086210948000000011")
            )

    with pytest.raises(CardFaulty, match="differ") as caught:
        await read_account(Differing(card("unionpay-debit").virtual()).transmit, 1, UNIONPAY_TEST)
    assert "6210948" not in str(caught.value)


async def test_what_is_secret_is_not_shown() -> None:
    wire = Wire(card("unionpay-debit").virtual())
    asked = await online(wire)
    described = card("unionpay-debit")
    for shown in (asked, asked.session, asked.account, described, described.virtual()):
        assert "6210948" not in repr(shown)
        assert "6210948" not in str(shown)
    assert "6210948" not in f"{asked.icc_data.hex()} {asked!r}"
