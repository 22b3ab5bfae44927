"""A contactless test card: what UnionPay, Visa and Mastercard give to a tap. Law: EMV Contactless Books B and C-n, T=1.

Every card here is a TEST card, and its cryptogram is a filler: what is under test asks for the account only. A card
that is not asked for an online cryptogram approves offline, as a real one with offline funds may.
"""

from __future__ import annotations

import calendar
from typing import Literal

import msgspec

from terminal.emv import dol, tags, tlv

PPSE = b"2PAY.SYS.DDF01"
ATR = bytes.fromhex("3B80800101")  # PC/SC part 3: no historical bytes
OK, FILE_NOT_FOUND, RECORD_NOT_FOUND = (bytes.fromhex(sw) for sw in ("9000", "6A82", "6A83"))
NOT_NOW, UNKNOWN_COMMAND, WRONG_LENGTH = (bytes.fromhex(sw) for sw in ("6985", "6D00", "6700"))
AIDS = {"unionpay": "A000000333010101", "visa": "A0000000031010", "mastercard": "A0000000041010"}
PDOLS = {
    "unionpay": "9F66049F02069F03069F1A0295055F2A029A039C019F3704",
    "visa": "9F66049F02069F03069F1A0295055F2A029A039C019F3704",
    "mastercard": "9F1A029F3501",
}
AIPS = {"unionpay": "7C00", "visa": "2000", "mastercard": "1980"}
STRIPE_AIP = "0000"  # Mastercard: no EMV mode
MASTERCARD_AFL = bytes.fromhex("0801010010010101")  # mag-stripe mode's record, then EMV mode's
RECORDS_AFL = bytes.fromhex("10010100")
STRIPE_PLACE, ACCOUNT_PLACE = (1, 1), (2, 1)  # SFI and record
QUICK, ONLINE_CRYPTOGRAM = 0x20_00_00_00, 0x00_80_00_00  # 9F66
ARQC, TC = b"\x80", b"\x40"  # 9F27
STRIPE_TRACK2 = 0x9F6B
TEST_CRYPTOGRAM = bytes.fromhex("7E57" * 4)
FIRST_ATC = b"\x00\x01"

Kind = Literal["unionpay", "visa", "mastercard"]


class ContactlessSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`psn` two digits or '', `expiry` YYMM, `track2` as a stripe reader gives it, `aid` hex ('' is the kind's)."""

    kind: Kind
    pan: str
    expiry: str
    track2: str
    psn: str = ""
    aid: str = ""
    label: str = "TEST TAP"
    gives: Literal["account", "records"] = "account"  # with GPO, or in a record; Mastercard: in records always
    is_stripe_only: bool = False  # Mastercard: mag-stripe mode and no other
    refuses: Literal["", "6984", "6985", "6986"] = ""  # GPO's status

    def __repr__(self) -> str:
        """Never the card's data."""
        return f"ContactlessSettings({self.kind})"


class ContactlessCard:
    """A Chip. `cid` is the kind of cryptogram it made last (9F27), `heard` every command since it was brought."""

    atr, protocol = ATR, 1

    def __init__(self, settings: ContactlessSettings) -> None:
        self._settings = settings
        self._aid = bytes.fromhex(settings.aid or AIDS[settings.kind])
        self._pdol = bytes.fromhex(PDOLS[settings.kind])
        self.cid, self.heard = b"", list[bytes]()
        self.reset()

    def reset(self) -> None:
        self._is_selected = self._has_started = False
        self.heard.clear()

    def respond(self, command: bytes) -> bytes:
        """Any command gets an answer; what is not known gets 6D00."""
        self.heard.append(command)
        answer = {0xA4: self._select, 0xA8: self._start, 0xB2: self._read}.get(command[1] if len(command) > 4 else 0)
        return answer(command) if answer else UNKNOWN_COMMAND

    def _select(self, command: bytes) -> bytes:
        name, label = command[5 : 5 + command[4]], (tags.LABEL, self._settings.label.encode())
        self._is_selected, self._has_started = name == self._aid, False
        if name == PPSE:
            entry = tlv.build([(tags.AID_CARD, self._aid), label, (tags.PRIORITY, b"\x01")])
            listed = tlv.build([(tags.APPLICATION_TEMPLATE, entry)])
            return _fci(PPSE, ((tags.ISSUER_DISCRETIONARY, listed),))
        return _fci(name, (label, (tags.PDOL, self._pdol))) if self._is_selected else FILE_NOT_FOUND

    def _start(self, command: bytes) -> bytes:
        if not self._is_selected or self._has_started:
            return NOT_NOW
        if self._settings.refuses:
            return bytes.fromhex(self._settings.refuses)
        asked = tlv.sole(command[5 : 5 + command[4]], tags.COMMAND_TEMPLATE)
        if len(asked) != sum(length for _, length in dol.entries(self._pdol)):
            return WRONG_LENGTH
        if self._settings.kind == "mastercard":
            aip = STRIPE_AIP if self._settings.is_stripe_only else AIPS["mastercard"]
            return self._started(((tags.AIP, bytes.fromhex(aip)), (tags.AFL, MASTERCARD_AFL)))
        ttq = int.from_bytes(asked[:4])
        if not ttq & QUICK:
            return NOT_NOW
        self.cid = ARQC if ttq & ONLINE_CRYPTOGRAM else TC
        return self._started((*self._quick(), *self._signed()))

    def _started(self, options: tlv.Pairs) -> bytes:
        self._has_started = True
        return tlv.build([(tags.FORMAT_2, tlv.build(options))]) + OK

    def _quick(self) -> tlv.Pairs:
        """qPBOC and qVSDC: the account with GPO, or where the records are."""
        aip = (tags.AIP, bytes.fromhex(AIPS[self._settings.kind]))
        if self._settings.gives == "account":
            return (aip, *self._account())
        return aip, (tags.AFL, RECORDS_AFL)

    def _signed(self) -> tlv.Pairs:
        return (tags.ATC, FIRST_ATC), (tags.CRYPTOGRAM, TEST_CRYPTOGRAM), (tags.CID, self.cid)

    def _read(self, command: bytes) -> bytes:
        place = command[3] >> 3, command[2]
        is_mastercard = self._settings.kind == "mastercard"
        if not self._has_started or not (is_mastercard or self._settings.gives == "records"):
            return RECORD_NOT_FOUND
        if place == STRIPE_PLACE and is_mastercard:
            return _record(((STRIPE_TRACK2, self._track2()),))
        if place == ACCOUNT_PLACE and not self._settings.is_stripe_only:
            pan, expiry = _filled(self._settings.pan), self._settings.expiry
            numbers = (tags.PAN, pan), (tags.EXPIRY, bytes.fromhex(expiry + _last_day(expiry)))
            return _record((*self._account(), *numbers))
        return RECORD_NOT_FOUND

    def _account(self) -> tlv.Pairs:
        track2 = (tags.TRACK2, self._track2())
        return (track2, (tags.PSN, bytes.fromhex(self._settings.psn))) if self._settings.psn else (track2,)

    def _track2(self) -> bytes:
        return _filled(self._settings.track2.replace("=", "D"))


def _fci(name: bytes, inside: tlv.Pairs) -> bytes:
    proprietary = (tags.FCI_PROPRIETARY, tlv.build(inside))
    return tlv.build([(tags.FCI, tlv.build([(tags.DF_NAME, name), proprietary]))]) + OK


def _record(inside: tlv.Pairs) -> bytes:
    return tlv.build([(tags.RECORD, tlv.build(inside))]) + OK


def _filled(digits: str) -> bytes:
    return bytes.fromhex(digits + "F" * (len(digits) % 2))


def _last_day(expiry: str) -> str:
    return f"{calendar.monthrange(2000 + int(expiry[:2]), int(expiry[2:]))[1]:02d}"
