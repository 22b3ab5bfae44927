"""T=0 and T=1 show the same response; an ATR that EMV forbids is refused."""

from __future__ import annotations

import pytest

from terminal.emv import apdu, atr
from terminal.emv.errors import CardFaulty
from terminal.emv.transport import Link

SELECT = apdu.select(b"1PAY.SYS.DDF01")
SELECT_T0 = SELECT[:-1].hex().upper()


class Script:
    """A card that says its lines, to exactly these commands."""

    def __init__(self, *lines: tuple[str, str]) -> None:
        self.lines = list(lines)

    async def transmit(self, command: bytes) -> bytes:
        heard, said = self.lines.pop(0)
        assert command.hex().upper() == heard
        return bytes.fromhex(said)


async def answer(command: bytes, *lines: tuple[str, str]) -> tuple[str, str]:
    script = Script(*lines)
    response = await Link(script.transmit, 0).send(command)
    assert not script.lines
    return response.body.hex().upper(), f"{response.sw:04X}"


async def test_a_command_with_data_both_ways_is_fetched() -> None:
    assert await answer(SELECT, (SELECT_T0, "6103"), ("00C0000003", "0102039000")) == ("010203", "9000")


async def test_more_is_fetched_as_long_as_there_is_more() -> None:
    lines = ((SELECT_T0, "6102"), ("00C0000002", "01026101"), ("00C0000001", "039000"))
    assert await answer(SELECT, *lines) == ("010203", "9000")


async def test_the_right_length_is_asked_for_again() -> None:
    assert await answer(apdu.read_record(1, 1), ("00B2010C00", "6C02"), ("00B2010C02", "AABB9000")) == ("AABB", "9000")


async def test_get_response_too_may_have_a_wrong_length() -> None:
    lines = ((SELECT_T0, "6100"), ("00C0000000", "6C01"), ("00C0000001", "019000"))
    assert await answer(SELECT, *lines) == ("01", "9000")


async def test_a_warning_before_the_data_is_kept() -> None:
    lines = ((SELECT_T0, "6283"), ("00C0000000", "6C01"), ("00C0000001", "019000"))
    assert await answer(SELECT, *lines) == ("01", "6283")


async def test_a_warning_without_data_stays_a_warning() -> None:
    assert await answer(SELECT, (SELECT_T0, "6300"), ("00C0000000", "6F00")) == ("", "6300")


async def test_an_error_ends_the_exchange() -> None:
    assert await answer(SELECT, (SELECT_T0, "6A82")) == ("", "6A82")


async def test_a_command_without_an_expected_answer_is_sent_as_it_is() -> None:
    command = apdu.external_authenticate(bytes(8))
    assert await answer(command, ("0082000008" + "00" * 8, "9000")) == ("", "9000")


async def test_a_card_that_never_ends_is_faulty() -> None:
    async def transmit(command: bytes) -> bytes:
        return bytes.fromhex("6101")

    with pytest.raises(CardFaulty):
        await Link(transmit, 0).send(SELECT)


async def test_t1_sends_the_command_as_it_is_once() -> None:
    script = Script((SELECT.hex().upper(), "6283"))
    assert (await Link(script.transmit, 1).send(SELECT)).sw == 0x6283


@pytest.mark.parametrize("protocol", [0, 1])
async def test_a_response_without_a_status_word_is_faulty(protocol: int) -> None:
    async def transmit(command: bytes) -> bytes:
        return b"\x90"

    with pytest.raises(CardFaulty, match="status word"):
        await Link(transmit, protocol).send(SELECT)


@pytest.mark.parametrize(
    ("good", "is_warm", "protocol"),
    [
        ("3B6500002063CB6800", False, 0),
        ("3BE000FF8131FE4514", False, 1),
        ("3F6500002063CB6800", False, 0),  # inverse convention
        ("3B600000", False, 0),  # TB1 and TC1 only
        ("3B6501002063CB6800", True, 0),  # TB1 is free in a warm reset
    ],
)
def test_a_basic_answer_to_reset(good: str, is_warm: bool, protocol: int) -> None:
    assert atr.protocol(bytes.fromhex(good), is_warm) == protocol


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "3F00",  # pcscd takes it: no TB1
        "3B6501002063CB6800",  # TB1 is not 00
        "3C6500002063CB6800",  # no such convention
        "3B6500002063CB68",  # too short
        "3B6500002063CB680000",  # too long
        "3BE000FF8131FE45",  # pcscd takes it: no TCK
        "3BE000FF8131FE4515",  # wrong TCK
        "3BE000FF8131FE7520",  # BWI out of range
        "3BE000FF81310F45E5",  # IFSC out of range
        "3BE000",  # cut short
        "3BF0140000810000",  # a rate EMV does not allow
    ],
)
def test_an_answer_to_reset_that_emv_forbids(bad: str) -> None:
    with pytest.raises(CardFaulty):
        atr.protocol(bytes.fromhex(bad))
