"""Issuer script commands: built with their MAC, and checked by the card. Law: EMV 4.4 Book 2, 9.2 (format 2) and 9.3.

What the MAC is over: the command's header with its length, the ATC, the first cryptogram of the transaction, the
command's data. By which session key, the card's cryptogram version says: CVN 10 and 18 are second-hand (PyPI pyemv
agrees), and so is UnionPay's 01 (JR/T 0025), whose MAC is the first four bytes.

A PIN unblock of CVN 10, which pyemv's VisaCVN10 makes too:

>>> from keys.algorithms.cryptogram import udk
>>> said = {tags.IAD: bytes.fromhex("06010A03A00000"), tags.ATC: b"\\0\\x1c", tags.CRYPTOGRAM: bytes(8)}
>>> secured(UNBLOCK_PIN, udk(IMK_SCRIPT_TEST, "1234567890123456", "00"), said).hex().upper()
'842400000833F08AA00B5FCB33'
"""

from __future__ import annotations

import hmac
from collections.abc import Callable

import msgspec

from keys.algorithms.block_cipher import xor
from keys.algorithms.cryptogram import (
    CVN_10,
    CVN_18,
    LENGTHS,
    MASK,
    METHOD_2,
    UNIONPAY,
    VERSION_AT,
    CryptogramUnknown,
    Values,
    odd_parity,
    unionpay_session_key,
)
from keys.algorithms.mac import retail_mac
from terminal.emv import tags

IMK_SCRIPT_TEST = bytes.fromhex("9E15204313F7318ACB79B90BD986AD29")  # TEST KEY: for the MACs of scripts only

HEADER = 4  # CLA INS P1 P2


class ScriptCommand(msgspec.Struct, frozen=True):
    """CLA INS P1 P2 and the data before the MAC (Book 3, 6.5)."""

    header: bytes
    data: bytes = b""


BLOCK_APPLICATION = ScriptCommand(bytes.fromhex("841E0000"))
UNBLOCK_APPLICATION = ScriptCommand(bytes.fromhex("84180000"))
BLOCK_CARD = ScriptCommand(bytes.fromhex("84160000"))
UNBLOCK_PIN = ScriptCommand(bytes.fromhex("84240000"))


def put_data(tag: int, value: bytes) -> ScriptCommand:
    """PUT DATA of a tag of two bytes (the payment systems' own; Book 3, 6.5 leaves it to them)."""
    return ScriptCommand(bytes.fromhex("84DA") + tag.to_bytes(2), value)


def visa_session_key(key: bytes, atc: bytes) -> bytes:
    """The ATC and its complement on the last bytes of the halves; second-hand."""
    return odd_parity(xor(key, bytes(6) + atc + bytes(6) + xor(atc, MASK[:2])))


class MacRule(msgspec.Struct, frozen=True):
    """`size` bytes of the MAC are sent."""

    session_key: Callable[[bytes, bytes], bytes]
    size: int


RULES = {
    UNIONPAY: MacRule(unionpay_session_key, 4),
    CVN_10: MacRule(visa_session_key, 8),
    CVN_18: MacRule(visa_session_key, 8),
}


def secured(command: ScriptCommand, key: bytes, said: Values) -> bytes:
    """The command as it goes to the card (Book 2, 9.2.1.2). `key` is the card's for scripts, `said` as in is_secured.

    Raises CryptogramUnknown.
    """
    size = _rule(said).size
    header = command.header + bytes((len(command.data) + size,))
    return header + command.data + _mac(header, command.data, key, said)


def is_secured(command: bytes, key: bytes, said: Values) -> bool:
    """Whether the issuer made it. `said` has 9F26, 9F36 and 9F10 of the transaction. Raises CryptogramUnknown."""
    header, body, size = command[: HEADER + 1], command[HEADER + 1 :], _rule(said).size
    return hmac.compare_digest(body[-size:], _mac(header, body[:-size], key, said))


def mac_size(said: Values) -> int:
    """Bytes. Raises CryptogramUnknown."""
    return _rule(said).size


def _mac(header: bytes, data: bytes, key: bytes, said: Values) -> bytes:
    rule = _rule(said)
    covered = header + said[tags.ATC] + said[tags.CRYPTOGRAM] + data + METHOD_2
    return retail_mac(rule.session_key(key, said[tags.ATC]), covered)[: rule.size]


def _rule(said: Values) -> MacRule:
    iad = said.get(tags.IAD, b"")
    rule = RULES.get(iad[VERSION_AT]) if len(iad) > VERSION_AT and iad[0] in LENGTHS else None
    if rule is None:
        raise CryptogramUnknown("no script can be secured for this cryptogram version")
    return rule
