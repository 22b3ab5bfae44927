"""TDES-DUKPT: a terminal's keys from its KSN. Law: ANSI X9.24-1:2009, annex A. No key is parity-adjusted.

X9.24-1:2009, A.4.1 and A.4.2, the first KSN and the key that its PIN is encrypted with:

>>> from keys.algorithms.dukpt import derived
>>> ksn = Ksn.of(bytes.fromhex("FFFF9876543210E00001"))
>>> ipek = initial_key(BDK_TEST, ksn)
>>> ipek.hex().upper()
'6AC292FAA1315B4D858AB3A3D7D5933A'
>>> working_key(derived(next_key, ipek, ksn), "pin").hex().upper()
'042666B49184CF5C68DE9628D0397B36'
"""

from __future__ import annotations

from keys.algorithms.block_cipher import DES, xor
from keys.algorithms.dukpt import Ksn, TransactionKey
from terminal.ports import KeyRefused

BDK_TEST = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")  # TEST KEY: X9.24-1, A.4

KEY, HALF, KSN = 16, 8, 10  # bytes
MASK = bytes.fromhex("C0C0C0C000000000") * 2  # A.2, A.6
USAGES = {  # what makes a working key of a transaction key (A.4.1, table A-1), the same for both halves
    "pin": "00000000000000FF",
    "mac-request": "000000000000FF00",
    "mac-response": "00000000FF000000",
    "data-request": "0000000000FF0000",
    "data-response": "000000FF00000000",
}
ONE_WAY = ("data-request", "data-response")  # encrypted under themselves (A.4.1)


def initial_key(bdk: bytes, ksn: Ksn) -> bytes:
    """The IPEK of the terminal that sends `ksn`, 16 bytes (A.6). Raises KeyRefused."""
    _check(bdk, ksn)
    identifier = ksn.initial[:HALF]
    return DES.encrypt(bdk, identifier) + DES.encrypt(xor(bdk, MASK), identifier)


def next_key(key: bytes, ksn: Ksn) -> bytes:
    """The key of `ksn`, whose lowest one `key` did not have yet (A.2, Non-reversible Key Generation Process)."""
    _check(key, ksn)
    register = ksn.encoded()[-HALF:]
    return _half(xor(key, MASK), register) + _half(key, register)


def working_key(transaction_key: TransactionKey, usage: str) -> bytes:
    """16 bytes, for one of USAGES (A.4.1). Raises KeyRefused."""
    _check(transaction_key.key, transaction_key.ksn)
    if usage not in USAGES:
        raise KeyRefused(f"there is no working key for {usage!r}, only for {', '.join(USAGES)}")
    key = xor(transaction_key.key, bytes.fromhex(USAGES[usage]) * 2)
    return DES.encrypt(key, key) if usage in ONE_WAY else key


def _half(key: bytes, register: bytes) -> bytes:
    left, right = key[:HALF], key[HALF:]
    return xor(DES.encrypt(left, xor(register, right)), right)


def _check(key: bytes, ksn: Ksn) -> None:
    if len(key) != KEY or len(ksn.initial) != KSN:
        raise KeyRefused(f"TDES-DUKPT has keys of {KEY} bytes and KSNs of {KSN}")
