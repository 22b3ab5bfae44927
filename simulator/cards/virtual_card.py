"""A UnionPay-like test card that computes its answers. Law: EMV's commands and states, a description's data.

Its cryptograms are the TEST issuer's (application_cryptogram.py): simulator/acquirer/issuer.py verifies them.
"""

from __future__ import annotations

import calendar
from typing import TYPE_CHECKING

from simulator.cards.application_cryptogram import CDOL1, KIND, NOT_NOW, OK, PROFILES, Cryptograms
from terminal.emv import tags, tlv

if TYPE_CHECKING:
    from simulator.cards.description import CardDescription, ChipSettings

PSE = b"1PAY.SYS.DDF01"
DIRECTORY_SFI, RECORDS_SFI = 1, 2
CARD_BLOCKED, APPLICATION_BLOCKED = bytes.fromhex("6A81"), bytes.fromhex("6283")
FILE_NOT_FOUND, RECORD_NOT_FOUND, DATA_NOT_FOUND = (bytes.fromhex(sw) for sw in ("6A82", "6A83", "6A88"))
UNKNOWN_COMMAND = bytes.fromhex("6D00")
AFL = bytes.fromhex("10010200")  # SFI 2, records 1 and 2
FIXED = (  # what every card here says besides its account
    (tags.EFFECTIVE, "100101"),
    (tags.AUC, "FF00"),
    (tags.AVN_CARD, "0030"),
    (tags.ISSUER_COUNTRY, "0156"),
    (tags.APPLICATION_CURRENCY, "0156"),
    (tags.CVM_LIST, "000000000000000042031E031F00"),  # online PIN, signature, none
    (0x9F0D, "D8609CA800"),  # IAC default
    (tags.IAC_DENIAL, "0010000000"),
    (0x9F0F, "D8689CF800"),  # IAC online
)
FIRST_ATC = 1


class VirtualCard:
    """Answers as in T=1; t0.T0 wraps it for T=0."""

    def __init__(self, card: CardDescription) -> None:
        if card.chip is None:
            raise ValueError(f"{card.id} has no chip")
        self._settings, behaviour = card.chip, card.chip.behaviour
        self._atc = FIRST_ATC - 1
        self._profile = PROFILES[behaviour.authenticates]
        self._cryptograms = Cryptograms(card.pan, card.psn, behaviour.authenticates, behaviour.declines)
        self._records = {DIRECTORY_SFI: (_directory(card.chip),), RECORDS_SFI: _records(card, self._profile.cdol2)}
        self.reset()

    @property
    def atr(self) -> bytes:
        return self._settings.answer_to_reset

    @property
    def protocol(self) -> int:
        return self._settings.protocol

    def reset(self) -> None:
        self._selected = b""
        self._has_started = False

    def respond(self, command: bytes) -> bytes:
        """Any command gets an answer; what is not known gets 6D00."""
        answer = {
            0xA4: self._select,
            0xA8: self._start,
            0xB2: self._read,
            0xCA: self._get_data,
            0xAE: self._generate,
            0x82: self._authenticate,
        }.get(command[1] if len(command) > 4 else 0)
        return answer(command) if answer else UNKNOWN_COMMAND

    def _select(self, command: bytes) -> bytes:
        name, own = command[5 : 5 + command[4]], bytes.fromhex(self._settings.aid)
        if self._settings.behaviour.blocked == "card":
            return CARD_BLOCKED
        is_first = command[3] & 0x03 == 0
        if name == PSE and self._settings.has_directory and is_first:
            self._selected, self._has_started = PSE, False
            return _fci(PSE, ((tags.SFI, bytes((DIRECTORY_SFI,))),)) + OK
        if not (own.startswith(name) and is_first and len(name) >= 5):
            return FILE_NOT_FOUND
        self._selected, self._has_started = own, False
        if self._settings.behaviour.blocked == "application":
            return APPLICATION_BLOCKED
        return _fci(own, _label(self._settings)) + OK

    def _start(self, command: bytes) -> bytes:
        if self._selected in (b"", PSE) or self._has_started:
            return NOT_NOW
        self._has_started = True
        self._atc += 1
        self._cryptograms.restart(self._atc)
        aip = int(self._profile.aip).to_bytes(2)
        if self._settings.gpo_format == 1:
            return tlv.build([(tags.FORMAT_1, aip + AFL)]) + OK
        return tlv.build([(tags.FORMAT_2, tlv.build([(tags.AIP, aip), (tags.AFL, AFL)]))]) + OK

    def _read(self, command: bytes) -> bytes:
        sfi, number = command[3] >> 3, command[2]
        is_open = self._selected == PSE if sfi == DIRECTORY_SFI else self._has_started
        records = self._records.get(sfi, ()) if is_open else ()
        return records[number - 1] + OK if 1 <= number <= len(records) else RECORD_NOT_FOUND

    def _get_data(self, command: bytes) -> bytes:
        if command[2:4] == bytes.fromhex("9F36"):
            return tlv.build([(tags.ATC, self._atc.to_bytes(2))]) + OK
        return DATA_NOT_FOUND

    def _generate(self, command: bytes) -> bytes:
        if not self._has_started:
            return NOT_NOW
        return self._cryptograms.generate(command[2] & KIND, command[5 : 5 + command[4]])

    def _authenticate(self, command: bytes) -> bytes:
        return self._cryptograms.authenticate(command[5 : 5 + command[4]]) if self._has_started else NOT_NOW


def _fci(name: bytes, inside: tlv.Pairs) -> bytes:
    proprietary = (tags.FCI_PROPRIETARY, tlv.build(inside))
    return tlv.build([(tags.FCI, tlv.build([(tags.DF_NAME, name), proprietary]))])


def _label(settings: ChipSettings) -> tlv.Pairs:
    pdol = ((tags.PDOL, bytes.fromhex(settings.pdol)),) if settings.pdol else ()
    return ((tags.LABEL, settings.label.encode()), (tags.PRIORITY, b"\x01"), *pdol)


def _directory(settings: ChipSettings) -> bytes:
    name = (tags.AID_CARD, bytes.fromhex(settings.aid))
    entry = tlv.build([name, (tags.LABEL, settings.label.encode()), (tags.PRIORITY, b"\x01")])
    return tlv.build([(tags.RECORD, tlv.build([(tags.APPLICATION_TEMPLATE, entry)]))])


def _records(card: CardDescription, cdol2: bytes) -> tuple[bytes, bytes]:
    """The account, then what a sale needs besides."""
    account = [
        (tags.TRACK2, bytes.fromhex(_even(card.track2.replace("=", "D")))),
        (tags.PAN, bytes.fromhex(_even(card.pan))),
        (tags.EXPIRY, bytes.fromhex(card.expiry + _last_day(card.expiry))),
    ]
    if card.psn:
        account.append((tags.PSN, bytes.fromhex(card.psn)))
    rest = [(tag, bytes.fromhex(value)) for tag, value in FIXED] + [(tags.CDOL1, CDOL1), (tags.CDOL2, cdol2)]
    return tlv.build([(tags.RECORD, tlv.build(account))]), tlv.build([(tags.RECORD, tlv.build(rest))])


def _even(digits: str) -> str:
    return digits + "F" * (len(digits) % 2)


def _last_day(expiry: str) -> str:
    return f"{calendar.monthrange(2000 + int(expiry[:2]), int(expiry[2:]))[1]:02d}"
