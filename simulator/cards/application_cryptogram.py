"""What a test card says in GENERATE AC and believes in EXTERNAL AUTHENTICATE. Law: the TEST issuer's keys, F55's data.

UnionPay's version 01 (keys/cryptogram.py): what is covered is in F55, so the issuer can compute it again. CDOL1 asks
for more, as the card of the trace does; that is not covered.

A card that authenticates its issuer by the command does not mind when that fails; one that does it in the second
GENERATE AC (91 in CDOL2) then gives an AAC. Neither minds when the issuer says nothing.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from keys.cryptogram import IMK_TEST, Values, application_cryptogram, is_of_issuer, udk
from terminal.emv import dol, tags, tlv
from terminal.emv.verification import Aip

OK, NOT_NOW, WRONG_LENGTH, NOT_OF_ISSUER = (bytes.fromhex(sw) for sw in ("9000", "6985", "6700", "6300"))
AAC, ARQC, KIND = 0x00, 0x80, 0xC0
AUTHENTICATION_LENGTH = range(8, 17)  # 91: EMV 4.4 Book 3, annex A
NO_AUTHENTICATION = bytes(10)  # what a terminal fills in for a 91 that has not come (Book 3, 5.4)
IAD = "07 00 01 03 {:02X} 00 00 01"  # length, key index, version, CVR, algorithm (DES)
CVR_NO_SECOND, CVR_FIRST_SHIFT, CVR_NOT_OF_ISSUER = 0x80, 2, 0x08  # CVR byte 2, as in the trace; second-hand
COVERED = "9F02069F03069F1A0295055F2A029A039C019F3704"
CDOL1 = bytes.fromhex(COVERED + "9F21039F4E149F3403")

Means = Literal["command", "cdol2"]


class Profile(msgspec.Struct, frozen=True):
    """How a card wants its issuer authenticated (Book 3, 10.9)."""

    aip: Aip
    cdol2: bytes


BASE = Aip.CARDHOLDER_VERIFICATION | Aip.TERMINAL_RISK
PROFILES: dict[Means, Profile] = {
    "command": Profile(BASE | Aip.ISSUER_AUTHENTICATION, bytes.fromhex("8A02" + COVERED + "9F21039B02")),
    "cdol2": Profile(BASE, bytes.fromhex("8A02910A" + COVERED + "9F21039B02")),
}


class Cryptograms:
    """A card's key, and where it is in its two cryptograms. `declines`: the second is an AAC whatever happens."""

    def __init__(self, pan: str, psn: str, means: Means, declines: bool) -> None:
        self._key = udk(IMK_TEST, pan, psn or "00")
        self._profile, self._means, self._declines = PROFILES[means], means, declines
        self.restart(0)

    def restart(self, atc: int) -> None:
        """A new transaction: nothing asked, nothing believed."""
        self._atc = atc.to_bytes(2)
        self._count = 0
        self._first_kind = AAC
        self._arqc: Values | None = None
        self._is_of_issuer: bool | None = None

    def generate(self, wanted: int, body: bytes) -> bytes:
        """The response, format 1. `wanted` is P1's kind, `body` the values of CDOL1, then of CDOL2."""
        if self._count == 2:
            return NOT_NOW
        lengths = dol.entries(self._profile.cdol2 if self._count else CDOL1)
        if len(body) != sum(length for _, length in lengths):
            return WRONG_LENGTH
        values = _split(lengths, body)
        self._count += 1
        if self._count == 1:
            self._first_kind = kind = wanted
        else:
            kind = self._second_kind(wanted, values)
        values |= {tags.AIP: int(self._profile.aip).to_bytes(2), tags.ATC: self._atc, tags.IAD: self._iad(kind)}
        values[tags.CRYPTOGRAM] = application_cryptogram(self._key, values)
        if self._count == 1 and kind == ARQC:
            self._arqc = values
        answer = bytes((kind,)) + b"".join(values[tag] for tag in (tags.ATC, tags.CRYPTOGRAM, tags.IAD))
        return tlv.build([(tags.FORMAT_1, answer)]) + OK

    def authenticate(self, issuer: bytes) -> bytes:
        """EXTERNAL AUTHENTICATE, once after an ARQC (Book 3, 6.5.4 and 10.9): a status word."""
        if len(issuer) not in AUTHENTICATION_LENGTH:
            return WRONG_LENGTH
        if self._means != "command" or self._count != 1 or self._is_of_issuer is not None or self._arqc is None:
            return NOT_NOW
        self._is_of_issuer = is_of_issuer(self._key, self._arqc, issuer)
        return OK if self._is_of_issuer else NOT_OF_ISSUER

    def _second_kind(self, wanted: int, values: Values) -> int:
        issuer = values.get(tags.ISSUER_AUTHENTICATION, NO_AUTHENTICATION)
        if self._arqc is not None and issuer != NO_AUTHENTICATION:
            self._is_of_issuer = is_of_issuer(self._key, self._arqc, issuer)
        is_foreign = self._means == "cdol2" and self._is_of_issuer is False
        return AAC if self._declines or is_foreign or wanted == ARQC else wanted

    def _iad(self, kind: int) -> bytes:
        second = CVR_NO_SECOND if self._count == 1 else kind
        failed = CVR_NOT_OF_ISSUER if self._is_of_issuer is False else 0
        return bytes.fromhex(IAD.format(second | self._first_kind >> CVR_FIRST_SHIFT | failed))


def _split(lengths: tuple[tuple[int, int], ...], body: bytes) -> dict[int, bytes]:
    values, at = {}, 0
    for tag, length in lengths:
        values[tag] = body[at : at + length]
        at += length
    return values
