"""The bank behind the test cards: it verifies their ARQC and answers with an ARPC. Law: F55 alone tells; TEST KEYS.

A card of another issuer (the replayed one) is not ours: its ARQC cannot be judged, and `owns` says so.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from typing import Protocol

import msgspec

from keys.algorithms.cryptogram import IMK_TEST, CryptogramUnknown, application_cryptogram, issuer_authentication, udk
from keys.algorithms.issuer_script import IMK_SCRIPT_TEST, ScriptCommand, secured
from simulator.cards.description import CardDescription
from simulator.cards.tray import load_tray
from terminal.emv import tags, tlv
from terminal.emv.errors import EmvError

APPROVED = "00"  # F39
APPROVES, DECLINES = bytes.fromhex("00800000"), bytes(4)  # CSU byte 2, b8: online approval (Book 3, annex C, CCD)
KIND, ARQC = 0xC0, 0x80  # 9F27
PSN_DIGITS = 2
SCRIPT_ID = bytes.fromhex("00000001")


class Issuer(Protocol):
    """Whom a bank asks about a chip."""

    def owns(self, pan: str) -> bool: ...

    def is_genuine(self, pan: str, psn: str, icc_data: bytes) -> bool: ...

    def authenticate(self, pan: str, psn: str, icc_data: bytes, response_code: str) -> bytes: ...


class Script(msgspec.Struct, frozen=True):
    """What the issuer wants done to a card, before (71) or after (72) its second cryptogram (Book 3, 10.10)."""

    commands: tuple[ScriptCommand, ...]
    is_before: bool = False


class TestIssuer:
    """`pan` is F2 or the track's, `psn` is F23 or 5F34, "" when there is none; `icc_data` is the request's F55."""

    __test__ = False  # a bank; pytest takes the name for a test's

    def __init__(
        self, cards: Iterable[CardDescription] | None = None, scripts: Mapping[str, Script] | None = None
    ) -> None:
        """`cards` are those it gave out; by default the shipped tray. `scripts` go with every answer, by PAN."""
        given_out = load_tray() if cards is None else cards
        own = [card for card in given_out if card.chip is not None and not card.chip.is_trace]
        self._pans = frozenset(pan for card in own for pan in card.pans)
        self._scripts = {} if scripts is None else scripts

    def owns(self, pan: str) -> bool:
        """Whether this bank gave the card out, with a chip."""
        return pan in self._pans

    def verify(self, pan: str, psn: str, icc_data: bytes) -> bool:
        """Whether the card of that number made the ARQC for these data. What cannot be read is not genuine."""
        try:
            values = _values(icc_data)
            expected = application_cryptogram(_key(pan, psn), values)
        except (EmvError, CryptogramUnknown, ValueError):
            return False
        said, cid = values.get(tags.CRYPTOGRAM, b""), values.get(tags.CID, b"")
        return len(cid) == 1 and cid[0] & KIND == ARQC and hmac.compare_digest(said, expected)

    is_genuine = verify  # the bank's word for it

    def authenticate(self, pan: str, psn: str, icc_data: bytes, response_code: str) -> bytes:
        """The answer's F55: 9F36 as in the request, 91, scripts (cup.md 6); b"" when the ARQC is not genuine.

        `response_code` is F39. Raises ValueError when that is not two characters of ASCII.
        """
        word = response_code.encode("ascii")
        if len(word) != 2:
            raise ValueError("a response code has two characters")
        if not self.verify(pan, psn, icc_data):
            return b""
        values = _values(icc_data)
        update = APPROVES if response_code == APPROVED else DECLINES
        issuer = issuer_authentication(_key(pan, psn), values, word, update)
        told = tlv.build([(tags.ATC, values[tags.ATC]), (tags.ISSUER_AUTHENTICATION, issuer)])
        return told + (self.script(pan, psn, icc_data, self._scripts[pan]) if pan in self._scripts else b"")

    def script(self, pan: str, psn: str, icc_data: bytes, script: Script) -> bytes:
        """Template 71 or 72 with 9F18 and a command after the other, each with its MAC (Book 3, 10.10; Book 2, 9.2).

        `icc_data` has 9F10, 9F26 and 9F36 of the transaction; an AAC's will do. Raises EmvError, CryptogramUnknown.
        """
        values, key = _values(icc_data), _key(pan, psn, IMK_SCRIPT_TEST)
        commands = [(tags.SCRIPT_COMMAND, secured(command, key, values)) for command in script.commands]
        inside = tlv.build([(tags.SCRIPT_ID, SCRIPT_ID), *commands])
        return tlv.build([(tags.SCRIPT_BEFORE if script.is_before else tags.SCRIPT_AFTER, inside)])


def _values(icc_data: bytes) -> dict[int, bytes]:
    """Raises EmvError."""
    return tlv.unique(tlv.parse(icc_data))


def _key(pan: str, psn: str, imk: bytes = IMK_TEST) -> bytes:
    """F23 has three digits, 5F34 two; a card without is 00 (Book 2, A1.4)."""
    return udk(imk, pan, psn[-PSN_DIGITS:].zfill(PSN_DIGITS))
