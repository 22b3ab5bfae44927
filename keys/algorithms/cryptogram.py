"""The issuer's side of a chip: card keys, application cryptograms, ARPC. Law: EMV 4.4 Book 2, 8.1, 8.2, A1.3, A1.4.

The card says in 9F10 by which version it computes; VERSIONS is what each of them means. CCD's is the Books' own. The
schemes' own papers are not public: CVN 10 and CVN 18 are second-hand (PyPI pyemv agrees), and so is UnionPay's 01
(JR/T 0025, 应用密文), which gives the ARQC and the ARPC of the one example known (test_cryptogram.py).

CVN 10 of emv.md 4:

>>> data = "000000004000 000000000000 0124 8000048000 0124 191105 01 52BF4585 1800 001C".split()
>>> said = dict(zip(ELEMENTS, map(bytes.fromhex, data))) | {tags.IAD: bytes.fromhex("06010A03A06010")}
>>> key = udk(IMK_TEST, "1234567890123456", "00")
>>> arqc = application_cryptogram(key, said)
>>> arqc.hex().upper(), issuer_authentication(key, said | {tags.CRYPTOGRAM: arqc}, b"00").hex().upper()
('29CCA15AE665FA2E', '28993816AFAE4AEB3030')
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping

import msgspec

from keys.algorithms.block_cipher import xor
from keys.algorithms.mac import des_encrypt, retail_mac
from terminal.emv import tags
from terminal.ports import KeyRefused

IMK_TEST = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")  # TEST KEY: everybody knows it, and is meant to

Values = Mapping[int, bytes]  # by tag

KEY = 16
MASK = bytes((0xFF,)) * 8
ELEMENTS = {  # what every version covers, in this order, with its length (Book 2, 8.1.1); a part of 9F10 follows
    tags.AMOUNT: 6,
    tags.AMOUNT_OTHER: 6,
    tags.COUNTRY: 2,
    tags.TVR: 5,
    tags.CURRENCY: 2,
    tags.DATE: 3,
    tags.TYPE: 1,
    tags.UNPREDICTABLE_NUMBER: 4,
    tags.AIP: 2,
    tags.ATC: 2,
}
VERSION_AT, CVR = 2, slice(3, 7)  # 9F10: length, derivation key index, version, CVR (its length 03 and three bytes)
LENGTHS = (6, 7)  # what the schemes' own 9F10 begins with; UnionPay adds the algorithm
WHOLE = slice(None)
CCD_LENGTH, CCD_FORMAT = 32, bytes.fromhex("0FA5")  # 9F10: length, common core identifier (Book 3, annex C, CCD)
NO_UPDATE = bytes(4)  # CSU (Book 3, annex C, CCD)
METHOD_1, METHOD_2 = b"", b"\x80"  # ISO/IEC 9797-1, 6.3.2 and 6.3.3: what goes before the zeros


class CryptogramUnknown(Exception):
    """No known version, or not the data elements that it covers."""


class ArpcMethod(msgspec.Struct, frozen=True):
    """91 is the ARPC, then the word it speaks for: the response code, or the CSU and what else the issuer adds."""

    compute: Callable[[bytes, bytes, bytes], bytes]  # session key, ARQC, word
    size: int
    word: range  # lengths


class Version(msgspec.Struct, frozen=True):
    """`session_key` takes the card's key and the ATC; `of_iad` is what of 9F10 is covered; zeros follow `padding`."""

    session_key: Callable[[bytes, bytes], bytes]
    of_iad: slice
    padding: bytes
    arpc: ArpcMethod


def udk(imk: bytes, pan: str, psn: str) -> bytes:
    """The card's own key, 16 bytes, odd parity (Book 2, A1.4.1: option A, of any length of PAN). `psn` two digits.

    DES ignores the parity bits; the Book sets them. Raises KeyRefused, ValueError.
    """
    if len(imk) != KEY:
        raise KeyRefused(f"a key of {len(imk)} bytes is no issuer master key")
    digits = pan + psn
    if not (digits.isascii() and digits.isdigit() and len(psn) == 2):
        raise ValueError("an account number is digits, its sequence number two of them")
    block = bytes.fromhex(digits[-16:].zfill(16))
    return odd_parity(des_encrypt(imk, block + xor(block, MASK)))


def common_session_key(key: bytes, atc: bytes) -> bytes:
    """Book 2, A1.3.1, with R = ATC and six zeros: byte 3 tells the halves apart."""
    halves = (atc + bytes((mark,)) + bytes(5) for mark in (0xF0, 0x0F))
    return odd_parity(des_encrypt(key, b"".join(halves)))


def unionpay_session_key(key: bytes, atc: bytes) -> bytes:
    """PBOC (JR/T 0025), second-hand: six zeros and the ATC, six zeros and its complement."""
    return odd_parity(des_encrypt(key, bytes(6) + atc + bytes(6) + xor(atc, MASK[:2])))


def no_session_key(key: bytes, atc: bytes) -> bytes:
    """CVN 10: the card's key itself."""
    return key


def arpc_1(session_key: bytes, arqc: bytes, response_code: bytes) -> bytes:
    """Eight bytes (Book 2, 8.2.1). `response_code` is 8A, two characters."""
    return des_encrypt(session_key, xor(arqc, response_code + bytes(6)))


def arpc_2(session_key: bytes, arqc: bytes, word: bytes) -> bytes:
    """Four bytes (Book 2, 8.2.2). `word` is the CSU, four bytes, and up to eight of the issuer's own."""
    return retail_mac(session_key, arqc + word + METHOD_2)[:4]


RESPONSE_CODE, STATUS_UPDATE = ArpcMethod(arpc_1, 8, range(2, 3)), ArpcMethod(arpc_2, 4, range(4, 13))
CCD = Version(common_session_key, WHOLE, METHOD_2, STATUS_UPDATE)
UNIONPAY, CVN_10, CVN_18 = 0x01, 0x0A, 0x12
VERSIONS = {
    UNIONPAY: Version(unionpay_session_key, CVR, METHOD_2, RESPONSE_CODE),
    CVN_10: Version(no_session_key, CVR, METHOD_1, RESPONSE_CODE),
    CVN_18: Version(common_session_key, WHOLE, METHOD_2, STATUS_UPDATE),
}


def version_of(iad: bytes) -> Version:
    """By 9F10. Raises CryptogramUnknown."""
    if len(iad) == CCD_LENGTH and iad.startswith(CCD_FORMAT):
        return CCD
    has_version = len(iad) >= CVR.stop and iad[0] in LENGTHS
    version = VERSIONS.get(iad[VERSION_AT]) if has_version else None
    if version is None:
        raise CryptogramUnknown("the issuer application data name no known cryptogram version")
    return version


def application_cryptogram(key: bytes, values: Values) -> bytes:
    """9F26, eight bytes, of the card's key: ISO/IEC 9797-1 algorithm 3 (Book 2, A1.2.1). Raises CryptogramUnknown."""
    iad = values.get(tags.IAD, b"")
    version = version_of(iad)
    for tag, length in ELEMENTS.items():
        if len(values.get(tag, b"")) != length:
            raise CryptogramUnknown(f"{tags.hex_name(tag)} is not there in its {length} bytes")
    covered = b"".join(values[tag] for tag in ELEMENTS) + iad[version.of_iad]
    return retail_mac(version.session_key(key, values[tags.ATC]), covered + version.padding)


def issuer_authentication(key: bytes, values: Values, response_code: bytes, status_update: bytes = NO_UPDATE) -> bytes:
    """91 for the card that sent `values`: 9F26, 9F36 and 9F10. The version takes one of the two words.

    `response_code` is 8A, two bytes; `status_update` the CSU, four. Raises CryptogramUnknown.
    """
    method = version_of(values.get(tags.IAD, b"")).arpc
    word = response_code if method is RESPONSE_CODE else status_update
    return _arpc(key, values, word) + word


def is_of_issuer(key: bytes, values: Values, authentication: bytes) -> bool:
    """The card's question about 91, after it sent `values`. Raises CryptogramUnknown."""
    method = version_of(values.get(tags.IAD, b"")).arpc
    arpc, word = authentication[: method.size], authentication[method.size :]
    return len(word) in method.word and hmac.compare_digest(arpc, _arpc(key, values, word))


def odd_parity(key: bytes) -> bytes:
    """The lowest bit of each byte makes the number of ones odd."""
    return bytes(byte & 0xFE | (byte >> 1).bit_count() % 2 ^ 1 for byte in key)


def _arpc(key: bytes, values: Values, word: bytes) -> bytes:
    version = version_of(values.get(tags.IAD, b""))
    session_key = version.session_key(key, values[tags.ATC])
    return version.arpc.compute(session_key, values[tags.CRYPTOGRAM], word)
