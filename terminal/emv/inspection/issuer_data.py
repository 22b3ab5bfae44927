"""Issuer application data (9F10) in words. Law: for display only; a form is told by its shape, never guessed at.

CCD: EMV 4.4 Book 3, annex C7. The other forms are the schemes' own and second-hand: UnionPay and PBOC (JR/T 0025) and
VIS (Visa) alike but for the algorithm byte; M-Chip (Mastercard). Of VIS, the short form of CVN 10 and 18 only.

>>> issuer_data(bytes.fromhex("07000103A0A80201")).flags[-1]  # the real card of emv.md 4, after its DDA
'offline dynamic data authentication performed'
"""

from __future__ import annotations

import msgspec

CCD_LENGTH, CCD_MARK, CCD_MIDDLE, CCD_FORMAT = 32, 0x0F, 16, 0x0A  # C7.1: 0F at bytes 1 and 17, CCI A. at byte 2
PBOC_LENGTH, VIS_LENGTH, CVR_LENGTH = 7, 6, 3
MCHIP_LENGTHS = {18: 8, 20: 10, 26: 16, 28: 18}  # whole -> counters, M/Chip 4 and Advance
PBOC, VIS, MCHIP, CCD, UNKNOWN = "UnionPay/PBOC", "VIS", "M-Chip", "CCD", "unknown"
KINDS = ("AAC", "TC", "ARQC", "reserved")  # two bits of an answered GENERATE AC
SECOND_KINDS = ("AAC", "TC", "not asked for", "reserved")

Flags = tuple[tuple[int, int, str], ...]  # byte (from 1), mask, name

CCD_FLAGS: Flags = (  # C7.3
    (1, 0x08, "combined DDA performed"),
    (1, 0x04, "offline dynamic data authentication performed"),
    (1, 0x02, "issuer authentication not performed"),
    (1, 0x01, "issuer authentication failed"),
    (2, 0x08, "offline PIN verification performed"),
    (2, 0x04, "offline PIN verification failed"),
    (2, 0x02, "PIN try limit exceeded"),
    (2, 0x01, "last online transaction not completed"),
    (3, 0x80, "lower offline transaction count limit exceeded"),
    (3, 0x40, "upper offline transaction count limit exceeded"),
    (3, 0x20, "lower cumulative offline amount limit exceeded"),
    (3, 0x10, "upper cumulative offline amount limit exceeded"),
    (3, 0x08, "issuer's own bit 1"),
    (3, 0x04, "issuer's own bit 2"),
    (3, 0x02, "issuer's own bit 3"),
    (3, 0x01, "issuer's own bit 4"),
    (4, 0x08, "issuer script processing failed"),
    (4, 0x04, "offline data authentication failed on the transaction before"),
    (4, 0x02, "told to go online on the next transaction"),
    (4, 0x01, "unable to go online"),
)
VIS_FLAGS: Flags = (  # byte 1 is the first after the CVR's length
    (1, 0x08, "issuer authentication performed and failed"),
    (1, 0x04, "offline PIN verification performed"),
    (1, 0x02, "offline PIN verification failed"),
    (1, 0x01, "unable to go online"),
    (2, 0x80, "last online transaction not completed"),
    (2, 0x40, "PIN try limit exceeded"),
    (2, 0x20, "velocity counters exceeded"),
    (2, 0x10, "new card"),
    (2, 0x08, "issuer authentication failed on the last online transaction"),
    (2, 0x04, "issuer authentication not performed after the last online authorisation"),
    (2, 0x02, "application blocked by the card: PIN try limit exceeded"),
    (2, 0x01, "offline static data authentication failed on the last transaction"),
    (3, 0x08, "issuer script processing failed"),
    (3, 0x04, "offline dynamic data authentication failed on the last transaction"),
    (3, 0x02, "offline dynamic data authentication performed"),
)
MCHIP_FLAGS: Flags = (
    (1, 0x04, "offline PIN verification performed"),
    (1, 0x02, "offline enciphered PIN verification performed"),
    (1, 0x01, "offline PIN verification successful"),
    (2, 0x80, "DDA returned"),
    (2, 0x40, "CDA returned in the first GENERATE AC"),
    (2, 0x20, "CDA returned in the second GENERATE AC"),
    (2, 0x10, "issuer authentication performed"),
    (2, 0x08, "default action code skipped on CAT 3"),
    (4, 0x80, "last online transaction not completed"),
    (4, 0x40, "unable to go online"),
    (4, 0x20, "offline PIN verification not performed"),
    (4, 0x10, "offline PIN verification failed"),
    (4, 0x08, "PIN try limit exceeded"),
    (4, 0x04, "international transaction"),
    (4, 0x02, "domestic transaction"),
    (4, 0x01, "terminal takes the offline PIN to be right though it is not"),
    (5, 0x80, "lower consecutive offline limit exceeded"),
    (5, 0x40, "upper consecutive offline limit exceeded"),
    (5, 0x20, "lower cumulative offline limit exceeded"),
    (5, 0x10, "upper cumulative offline limit exceeded"),
    (5, 0x08, "told to go online on the next transaction"),
    (5, 0x04, "issuer authentication failed"),
    (5, 0x02, "script received"),
    (5, 0x01, "script failed"),
    (6, 0x02, "match in the additional check table"),
    (6, 0x01, "no match in the additional check table"),
)


class Part(msgspec.Struct, frozen=True):
    """A piece of it: what it is, and its value in words, a number, or hex."""

    name: str
    value: str


class IssuerData(msgspec.Struct, frozen=True):
    """`flags` are the CVR's bits that are set. `is_second_hand`: named from what is told, not from the Books."""

    form: str
    is_second_hand: bool
    parts: tuple[Part, ...]
    flags: tuple[str, ...] = ()


def issuer_data(raw: bytes) -> IssuerData:
    """The value of 9F10, by its shape; what has none of these is of form "unknown" and stays hex."""
    if _is_ccd(raw):
        return _ccd(raw)
    if _is_vis(raw, PBOC_LENGTH):
        return _vis(raw, PBOC, PBOC_LENGTH)
    if _is_vis(raw, VIS_LENGTH):
        return _vis(raw, VIS, VIS_LENGTH)
    if len(raw) in MCHIP_LENGTHS:
        return _mchip(raw)
    return IssuerData(UNKNOWN, True, (Part("value", _hex(raw)),))


def _is_ccd(raw: bytes) -> bool:
    """Annex C7.1."""
    is_long = len(raw) == CCD_LENGTH and raw[0] == raw[CCD_MIDDLE] == CCD_MARK
    return is_long and raw[1] >> 4 == CCD_FORMAT


def _is_vis(raw: bytes, length: int) -> bool:
    """Length, key, version, CVR of three bytes; then nothing, or the issuer's own with its length."""
    if len(raw) <= length or raw[0] != length or raw[3] != CVR_LENGTH:
        return False
    rest = raw[length + 1 :]
    return not rest or rest[0] == len(rest) - 1


def _ccd(raw: bytes) -> IssuerData:
    """Annex C7.2 and C7.3."""
    cvr = raw[3:8]
    parts = (
        Part("common core identifier", _hex(raw[1:2])),
        Part("derivation key index", _hex(raw[2:3])),
        *_kinds(cvr[0]),
        Part("PIN tries left, low nibble", str(cvr[1] >> 4)),
        Part("script commands done", str(cvr[3] >> 4)),
        Part("counters", _hex(raw[8:CCD_MIDDLE])),
        Part("issuer's own", _hex(raw[CCD_MIDDLE + 1 :])),
    )
    return IssuerData(CCD, False, parts, _named(cvr, CCD_FLAGS))


def _vis(raw: bytes, form: str, length: int) -> IssuerData:
    cvr, rest = raw[4:7], raw[length + 1 :]
    parts = [
        Part("derivation key index", _hex(raw[1:2])),
        Part("cryptogram version", _hex(raw[2:3])),
        *_kinds(cvr[0]),
        Part("script commands done", str(cvr[2] >> 4)),
    ]
    if form == PBOC:
        parts.append(Part("algorithm", _hex(raw[7:8])))
    if rest:
        parts.append(Part("issuer's own", _hex(rest[1:])))
    return IssuerData(form, True, tuple(parts), _named(cvr, VIS_FLAGS))


def _mchip(raw: bytes) -> IssuerData:
    cvr, counters = raw[2:8], MCHIP_LENGTHS[len(raw)]
    parts = (
        Part("derivation key index", _hex(raw[:1])),
        Part("cryptogram version", _hex(raw[1:2])),
        *_kinds(cvr[0]),
        Part("script counter, low nibble", str(cvr[2] >> 4)),
        Part("PIN tries left, low nibble", str(cvr[2] & 0x0F)),
        Part("data authentication code or ICC dynamic number", _hex(raw[8:10])),
        Part("counters, plain or enciphered", _hex(raw[10 : 10 + counters])),
    )
    return IssuerData(MCHIP, True, parts, _named(cvr, MCHIP_FLAGS))


def _kinds(first: int) -> tuple[Part, Part]:
    """Bits 8 to 5 of the CVR's first byte, alike in all forms."""
    return (
        Part("first GENERATE AC", KINDS[first >> 4 & 3]),
        Part("second GENERATE AC", SECOND_KINDS[first >> 6]),
    )


def _named(cvr: bytes, flags: Flags) -> tuple[str, ...]:
    return tuple(name for byte, mask, name in flags if cvr[byte - 1] & mask)


def _hex(raw: bytes) -> str:
    return raw.hex().upper()
