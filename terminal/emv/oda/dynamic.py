"""Signatures that a card makes for one transaction. Law: EMV 4.4 Book 2, 6.5 (DDA) and 6.6 (CDA).

The card signs its dynamic data, so many bytes as it says, filled up with BB; the hash also covers what the terminal
sent. With DDA the dynamic data begin with a number; with CDA the kind of cryptogram, the cryptogram and the hash of
the whole transaction follow it.
"""

from __future__ import annotations

import msgspec

from terminal.emv.oda.capk import PublicKey
from terminal.emv.oda.recovery import HASH_LENGTH, Check, Frame, Unproven, hash_of, recover, require

SIGNED = Frame(form=0x05, hash_algorithm_at=1, fixed=3)  # Book 2, tables 17 and 22
LENGTH_AT = 2
NUMBER_LENGTH = range(2, 9)  # 9F4C
CID_LENGTH, CRYPTOGRAM_LENGTH = 1, 8


class CdaChecked(msgspec.Struct, frozen=True):
    """What the signature held: 9F26, 9F4C and 9F27."""

    cryptogram: bytes
    dynamic_number: bytes
    cid: bytes


def dynamic_number(card: PublicKey, signed: bytes, ddol_values: bytes) -> bytes:
    """9F4C, 2 to 8 bytes, out of the 9F4B of INTERNAL AUTHENTICATE (Book 2, 6.5.2). Raises Unproven."""
    number, _ = _opened(card, signed, ddol_values)
    return number


def check_cda(
    icc_key: PublicKey, signature: bytes, cid: bytes, unpredictable_number: bytes, transaction_data: bytes
) -> CdaChecked | None:
    """None when it fails (Book 2, 6.6.2). `signature` is 9F4B, `cid` 9F27, `unpredictable_number` 9F37 as it was sent.

    `transaction_data`: the values sent by the PDOL, those by CDOL1, at the second GENERATE AC those by CDOL2 too,
    then the objects of this response but 9F4B, with tag and length, in the order they came (step 10).
    """
    try:
        return _cda(icc_key, signature, cid, unpredictable_number, transaction_data)
    except Unproven:
        return None


def _cda(key: PublicKey, signature: bytes, cid: bytes, unpredictable_number: bytes, covered: bytes) -> CdaChecked:
    number, rest = _opened(key, signature, unpredictable_number)
    signed_cid, rest = rest[:CID_LENGTH], rest[CID_LENGTH:]
    cryptogram, transaction_hash = rest[:CRYPTOGRAM_LENGTH], rest[CRYPTOGRAM_LENGTH:][:HASH_LENGTH]
    require(signed_cid == cid, Check.CID)
    require(hash_of(covered) == transaction_hash, Check.TRANSACTION)
    return CdaChecked(cryptogram, number, signed_cid)


def _opened(key: PublicKey, signed: bytes, sent: bytes) -> tuple[bytes, bytes]:
    """The card's number and the dynamic data after it."""
    recovered = recover(key, signed, SIGNED)
    recovered.require_hash(sent)
    length, filled = recovered.fields[LENGTH_AT], recovered.fields[LENGTH_AT + 1 :]
    require(0 < length <= len(filled), Check.DYNAMIC_DATA)
    data = filled[:length]
    end = 1 + data[0]
    require(data[0] in NUMBER_LENGTH and end <= length, Check.DYNAMIC_DATA)
    return data[1:end], data[end:]
