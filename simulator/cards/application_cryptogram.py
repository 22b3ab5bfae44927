"""What a test card says in GENERATE AC and believes of its issuer. Law: the TEST issuer's keys, F55's data.

Which data are covered and how, the version in 9F10 says (keys/algorithms/cryptogram.py). CDOL1 asks for more, as the
card of the trace does; that is not covered. The CVR has the bits of VIS, which PBOC took over: second-hand, both.

A card that authenticates its issuer by EXTERNAL AUTHENTICATE does not mind when that fails, unless it `minds`; one
that does it in the second GENERATE AC (91 in CDOL2) then gives an AAC. None minds when the issuer says nothing.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from keys.algorithms.cryptogram import Values, application_cryptogram, is_of_issuer
from simulator.cards.command import NOT_NOW, NOT_OF_ISSUER, OK, WRONG_LENGTH, Refused
from terminal.emv import dol, tags
from terminal.emv.verification import Aip

AAC, ARQC, KIND = 0x00, 0x80, 0xC0
AUTHENTICATION_LENGTH = range(8, 17)  # 91: EMV 4.4 Book 3, annex A
NO_AUTHENTICATION = bytes(10)  # what a terminal fills in for a 91 that has not come (Book 3, 5.4)
IADS = {  # length, key index, version; the CVR; UnionPay adds the algorithm (DES)
    "unionpay-01": "07 00 01 03 {} 01",
    "10": "06 01 0A 03 {}",
    "18": "06 01 12 03 {}",
}
NO_SECOND, FIRST_SHIFT = 0x80, 2  # CVR byte 2: the kinds of both cryptograms, as in the trace
ISSUER_FAILED, PIN_PERFORMED, PIN_FAILED = 0x08_0000, 0x04_0000, 0x02_0000  # byte 2
PIN_BLOCKED = 0x40_00  # byte 3
SCRIPTS_SHIFT, MOST_SCRIPTS, SCRIPT_FAILED, DDA_PERFORMED = 4, 15, 0x08, 0x02  # byte 4
COVERED = "9F02069F03069F1A0295055F2A029A039C019F3704"
CDOL1 = bytes.fromhex(COVERED + "9F21039F4E149F3403")

Means = Literal["command", "cdol2"]
Cvn = Literal["unionpay-01", "10", "18"]


class Profile(msgspec.Struct, frozen=True):
    """How a card wants its issuer authenticated (Book 3, 10.9)."""

    aip: Aip
    cdol2: bytes


BASE = Aip.CARDHOLDER_VERIFICATION | Aip.TERMINAL_RISK
PROFILES: dict[Means, Profile] = {
    "command": Profile(BASE | Aip.ISSUER_AUTHENTICATION, bytes.fromhex("8A02" + COVERED + "9F21039B02")),
    "cdol2": Profile(BASE, bytes.fromhex("8A02910A" + COVERED + "9F21039B02")),
}


class Manner(msgspec.Struct, frozen=True):
    """`declines`: the second cryptogram is an AAC whatever happens; `minds`: it is when the issuer was not genuine."""

    cvn: Cvn
    means: Means
    aip: Aip
    declines: bool = False
    minds: bool = False


class Scripts:
    """What the issuer's secured commands did, until a transaction ends after they were told of."""

    def __init__(self) -> None:
        self.count, self.has_failed = 0, False

    @property
    def cvr(self) -> int:
        return min(self.count, MOST_SCRIPTS) << SCRIPTS_SHIFT | (SCRIPT_FAILED if self.has_failed else 0)


class Cryptograms:
    """Where a card is in its two cryptograms. `events` are CVR bits of what went before the first."""

    def __init__(self, key: bytes, manner: Manner) -> None:
        self._key, self._manner = key, manner
        self.scripts = Scripts()
        self.restart(0)

    def restart(self, atc: int) -> None:
        """A new transaction: nothing asked, nothing believed."""
        self._atc = atc.to_bytes(2)
        self.events = 0
        self.count = 0
        self.first: Values | None = None  # what was said with the first cryptogram
        self._first_kind = AAC
        self._is_of_issuer: bool | None = None

    @property
    def cdol(self) -> bytes:
        """What the next GENERATE AC must bring."""
        return PROFILES[self._manner.means].cdol2 if self.count else CDOL1

    @property
    def has_issuer_approved(self) -> bool:
        return self._is_of_issuer is True

    def generate(self, wanted: int, body: bytes) -> dict[int, bytes]:
        """9F27, 9F36, 9F26 and 9F10. `wanted` is P1's kind, `body` the values of `cdol`. Raises Refused."""
        if self.count == 2 or (self.count == 1 and self._first_kind != ARQC):
            raise Refused(NOT_NOW)
        lengths = dol.entries(self.cdol)
        if len(body) != sum(length for _, length in lengths):
            raise Refused(WRONG_LENGTH)
        told = _split(lengths, body)
        self.count += 1
        kind = self._second_kind(wanted, told) if self.count == 2 else wanted
        if self.count == 1:
            self._first_kind = kind
        said = {tags.CID: bytes((kind,)), tags.ATC: self._atc, tags.IAD: self._iad(kind)}
        covered = told | said | {tags.AIP: self._manner.aip.encoded()}
        said[tags.CRYPTOGRAM] = application_cryptogram(self._key, covered)
        if self.count == 1:
            self.first = covered | said
        else:
            self.scripts = Scripts()
        return said

    def authenticate(self, issuer: bytes) -> bytes:
        """EXTERNAL AUTHENTICATE, once after an ARQC (Book 3, 6.5.4 and 10.9): a status word. Raises Refused."""
        if len(issuer) not in AUTHENTICATION_LENGTH:
            raise Refused(WRONG_LENGTH)
        is_due = self._manner.means == "command" and self.count == 1 and self._is_of_issuer is None
        if not is_due or self.first is None or self._first_kind != ARQC:
            raise Refused(NOT_NOW)
        self._is_of_issuer = is_of_issuer(self._key, self.first, issuer)
        return OK if self._is_of_issuer else NOT_OF_ISSUER

    def _second_kind(self, wanted: int, told: Values) -> int:
        issuer = told.get(tags.ISSUER_AUTHENTICATION, NO_AUTHENTICATION)
        if self.first is not None and issuer != NO_AUTHENTICATION:
            self._is_of_issuer = is_of_issuer(self._key, self.first, issuer)
        minds = self._manner.minds or self._manner.means == "cdol2"
        is_foreign = minds and self._is_of_issuer is False
        return AAC if self._manner.declines or is_foreign or wanted == ARQC else wanted

    def _iad(self, kind: int) -> bytes:
        kinds = (NO_SECOND if self.count == 1 else kind) | self._first_kind >> FIRST_SHIFT
        failed = ISSUER_FAILED if self._is_of_issuer is False else 0
        cvr = kinds << 16 | failed | self.events | self.scripts.cvr
        return bytes.fromhex(IADS[self._manner.cvn].format(cvr.to_bytes(3).hex()))


def _split(lengths: tuple[tuple[int, int], ...], body: bytes) -> dict[int, bytes]:
    values, at = {}, 0
    for tag, length in lengths:
        values[tag] = body[at : at + length]
        at += length
    return values
