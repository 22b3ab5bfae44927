"""Script MACs against pyemv and psec, and what a card takes for its issuer's."""

from __future__ import annotations

import psec
import pyemv
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.algorithms.cryptogram import CryptogramUnknown, udk
from keys.algorithms.issuer_script import (
    BLOCK_APPLICATION,
    BLOCK_CARD,
    IMK_SCRIPT_TEST,
    UNBLOCK_APPLICATION,
    UNBLOCK_PIN,
    ScriptCommand,
    is_secured,
    mac_size,
    put_data,
    secured,
)
from terminal.emv import tags

# pyemv takes 3DES from where cryptography no longer keeps it, and with two keys
oracle = pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
PANS = st.text("0123456789", min_size=12, max_size=16)  # longer ones: pyemv's CVN 18 takes option B
COMMANDS = st.sampled_from([BLOCK_APPLICATION, UNBLOCK_APPLICATION, BLOCK_CARD, UNBLOCK_PIN, put_data(0x9F58, b"\5")])
IADS = {"UnionPay 01": "07000103A0000001", "CVN 10": "06010A03A00000", "CVN 18": "06011203A00000"}
KEY = udk(IMK_SCRIPT_TEST, "6210948000000029", "01")


def of(length: int) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=length, max_size=length)


def said(version: str, atc: bytes, cryptogram: bytes) -> dict[int, bytes]:
    return {tags.IAD: bytes.fromhex(IADS[version]), tags.ATC: atc, tags.CRYPTOGRAM: cryptogram}


@oracle
@pytest.mark.parametrize(("version", "oracle"), [("CVN 10", pyemv.cvn.VisaCVN10), ("CVN 18", pyemv.cvn.VisaCVN18)])
@given(PANS, of(2), of(8), COMMANDS)
def test_visa_s_macs_are_pyemv_s(
    version: str, oracle: type, pan: str, atc: bytes, cryptogram: bytes, command: ScriptCommand
) -> None:
    theirs = oracle(IMK_SCRIPT_TEST, IMK_SCRIPT_TEST, IMK_SCRIPT_TEST, pan, "01")
    header = command.header + bytes((len(command.data) + 8,))
    expected = header + command.data + theirs.generate_command_mac(header, cryptogram, atc, command.data)
    assert secured(command, udk(IMK_SCRIPT_TEST, pan, "01"), said(version, atc, cryptogram)) == expected


@oracle
@given(of(2), of(8), COMMANDS)
def test_unionpay_s_mac_is_psec_s_under_its_session_key(atc: bytes, cryptogram: bytes, command: ScriptCommand) -> None:
    halves = bytes(6) + atc + bytes(6) + bytes(byte ^ 0xFF for byte in atc)
    session_key = psec.des.encrypt_tdes_ecb(KEY, halves)
    header = command.header + bytes((len(command.data) + 4,))
    covered = header + atc + cryptogram + command.data
    mac = psec.mac.generate_retail_mac(session_key[:8], session_key[8:], covered, padding=2)[:4]
    assert secured(command, KEY, said("UnionPay 01", atc, cryptogram)) == header + command.data + mac


@given(st.sampled_from(sorted(IADS)), of(2), of(8), COMMANDS, st.data())
def test_a_card_takes_its_issuer_s_command_and_no_other_bit(
    version: str, atc: bytes, cryptogram: bytes, command: ScriptCommand, data: st.DataObject
) -> None:
    values = said(version, atc, cryptogram)
    raw = secured(command, KEY, values)
    assert is_secured(raw, KEY, values)
    assert len(raw) == 5 + len(command.data) + mac_size(values)
    bit = data.draw(st.integers(0, 8 * len(raw) - 1))
    assert not is_secured((int.from_bytes(raw, "big") ^ 1 << bit).to_bytes(len(raw), "big"), KEY, values)
    assert not is_secured(raw, udk(IMK_SCRIPT_TEST, "6210948000000029", "02"), values)
    assert not is_secured(raw, KEY, values | {tags.ATC: bytes(byte ^ 1 for byte in atc)})


@pytest.mark.parametrize("iad", ["", "0601", "0FA501A0A8020000", "06011403A00000"])
def test_a_version_without_scripts(iad: str) -> None:
    with pytest.raises(CryptogramUnknown, match="script"):
        secured(BLOCK_CARD, KEY, {tags.IAD: bytes.fromhex(iad), tags.ATC: bytes(2), tags.CRYPTOGRAM: bytes(8)})
