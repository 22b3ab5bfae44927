"""Downloads walked to their ends, as a terminal does; and what the header demands until it is obeyed."""

from __future__ import annotations

import hashlib

import pytest

from simulator.acquirer.downloads import applications, capks
from simulator.cards.key_ring import key_ring
from simulator.cards.tray import load_tray
from terminal.emv.tlv import parse
from terminal.iso8583.cup_management import download as asked
from terminal.iso8583.cup_management import status
from tests.unit.simulator.acquirer.acq_terminal import Bank, TestTerminal

RID_OR_AID, INDEX, EXPIRY, HASH, MODULUS, EXPONENT = 0x9F06, 0x9F22, 0xDF05, 0xDF03, 0xDF02, 0xDF04


def listed(terminal: TestTerminal, code: str, size: int) -> list[tuple[bytes, ...]]:
    """Every item of a list that comes in pages, each the values of `size` objects."""
    found: list[tuple[bytes, ...]] = []
    while True:
        page = terminal.download(code, f"1{len(found):02d}".encode())
        values = [value for _, value in parse(page[1:])]
        found += [tuple(values[start : start + size]) for start in range(0, len(values), size)]
        if page[:1] != b"2":
            assert page[:1] == b"1"
            return found


@pytest.mark.parametrize("code", ["372", "373"])
def test_every_capk(terminal: TestTerminal, code: str) -> None:
    names = listed(terminal, code, 3)
    assert len(names) == len(capks()) == len(set(names))
    for rid, index, expiry in names:
        told = terminal.download("370", bytes([0x9F, 0x06, 5, *rid, 0x9F, 0x22, 1, *index]))
        assert told[:1] == b"1"
        key = dict(parse(told[1:]))
        assert (key[RID_OR_AID], key[INDEX], key[EXPIRY]) == (rid, index, expiry)
        assert hashlib.sha1(rid + index + key[MODULUS] + key[EXPONENT]).digest() == key[HASH]
    assert terminal.download("371") == b""
    assert terminal.download("370", bytes.fromhex("9F0605A0000003339F2201FF")) == b"0"
    assert terminal.download(code, b"199") == b"0"


def test_every_application(terminal: TestTerminal) -> None:
    aids = listed(terminal, "382", 1)
    assert [aid.hex().upper() for (aid,) in aids] == list(applications())
    for (aid,) in aids:
        told = terminal.download("380", bytes([0x9F, 0x06, len(aid), *aid]))
        tags = [tag for tag, _ in parse(told[1:])]
        assert tags == [0x9F06, 0xDF01, 0x9F08, 0xDF11, 0xDF12, 0xDF13, 0x9F1B, 0xDF15, 0xDF16, 0xDF17, 0xDF14,
                        0xDF18, 0x9F7B, 0xDF19, 0xDF20, 0xDF21]  # fmt: skip
    assert terminal.download("380", bytes.fromhex("9F0605A000000999")) == b"0"
    assert terminal.download("381") == b""


def test_a_terminal_gets_what_it_needs_for_every_card_of_the_tray(terminal: TestTerminal) -> None:
    for one in load_tray():
        for application in one.applications:
            known = [aid for aid in applications() if application.aid.startswith(aid)]
            assert bool(known) == (one.id != "not-accepted")
            if one.chip and one.chip.authenticates_itself != "none":
                name = bytes.fromhex(application.aid[:10]), key_ring().authorities[application.aid[:10]].index
                told = terminal.download("370", b"\x9f\x06\x05" + name[0] + b"\x9f\x22\x01" + bytes.fromhex(name[1]))
                assert told[:1] == b"1"


def test_international_applications_have_codes_of_their_own(terminal: TestTerminal) -> None:
    told = dict(parse(terminal.download("380", bytes.fromhex("9F0607A0000000041010"))[1:]))
    assert (told[0x9F08].hex(), told[0xDF13]) == ("0002", bytes(5))
    assert told[0xDF12].hex().upper() == "FC50ACF800"


def test_stripe_and_contactless_parameters(terminal: TestTerminal) -> None:
    told = terminal.download("360")
    assert told.startswith(b"1160" + b"1260" + b"133")
    assert "测试商户".encode("gbk").ljust(40) in told
    assert b"26\xff\xff\xff\xff27" in told
    assert terminal.download("361") == b""
    rest, found = terminal.download("394").decode(), {}
    while rest:
        size = int(rest[6:9])
        found[rest[:6]], rest = rest[9 : 9 + size], rest[9 + size :]
    assert found["FF8058"] == "000000030000"
    assert len(found) == 7
    assert terminal.download("395") == b""


def test_every_blocked_card(terminal: TestTerminal) -> None:
    bins: list[str] = []
    told = b"2000"
    while told[:1] == b"2":
        told = terminal.download("390", told[1:4])
        rest = told[4:].decode()
        while rest:
            bins.append(rest[2 : 2 + int(rest[:2])])
            rest = rest[2 + int(rest[:2]) :]
    assert told[:1] == b"1"
    assert len(bins) == 5 == int(told[1:4])
    assert terminal.download("390", b"005") == b"0005"
    assert terminal.download("391") == b""


@pytest.mark.parametrize(("code", "wanted"), [("372", b"1"), ("382", b"1xx"), ("390", b"0"), ("370", b"\x9f")])
def test_what_is_asked_wrongly_30(terminal: TestTerminal, code: str, wanted: bytes) -> None:
    message = asked(terminal.dialect, terminal.me, terminal.batch, code, wanted)
    assert terminal.say(message).response_code == "30"


def test_who_has_not_signed_in_may_download(stranger: TestTerminal) -> None:
    assert stranger.download("361") == b""


# --- 处理要求 -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("code", "obeyed_by"), [("1", "361"), ("4", "371"), ("5", "381"), ("7", "391"), ("9", "395")])
def test_a_demand_stands_until_its_download_has_ended(
    bank: Bank, terminal: TestTerminal, code: str, obeyed_by: str
) -> None:
    bank.host.demand(terminal.me.terminal_id, code)
    bank.host.demand(terminal.me.terminal_id, code)
    for _ in range(2):
        terminal.sale(100)
        assert terminal.demand == int(code)
    terminal.download(obeyed_by)
    assert terminal.demand == 0
    terminal.sale(100)
    assert terminal.demand == 0


def test_a_new_sign_in_and_a_status_report_on_demand(bank: Bank, terminal: TestTerminal) -> None:
    bank.host.demand(terminal.me.terminal_id, "3")
    bank.host.demand(terminal.me.terminal_id, "2")
    terminal.echo()
    assert terminal.demand == 3
    terminal.sign_in()
    assert terminal.demand == 2
    said = terminal.say(status(terminal.dialect, terminal.me, terminal.batch, "PAPER OK"))
    assert (said.response_code, terminal.demand) == ("00", 0)


def test_there_is_no_such_demand(bank: Bank) -> None:
    for code in ("0", "d", "", "33"):
        with pytest.raises(ValueError, match="nothing is demanded"):
            bank.host.demand("10000001", code)
    bank.host.demand("10000001", "B")
    assert bank.ledger.terminal("10000001").demands == "b"  # type: ignore[union-attr]
