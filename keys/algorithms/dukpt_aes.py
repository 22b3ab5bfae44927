"""AES-DUKPT: a terminal's keys from its KSN. Law: ANSI X9.24-3:2017, 6. A key never makes a longer one.

X9.24-3:2017, test vectors of the supplement (AES-128 from an AES-128 BDK), the first KSN:

>>> from keys.algorithms.dukpt import derived
>>> ksn = Ksn.of(bytes.fromhex("123456789012345600000001"))
>>> first = initial_key(BDK_TEST, ksn)
>>> first.hex().upper()
'1273671EA26AC29AFA4D1084127652A1'
>>> working_key(derived(next_key, first, ksn), "pin", 16).hex().upper()
'AF8CB133A78F8DC2D1359F18527593FB'
"""

from __future__ import annotations

from keys.algorithms.block_cipher import AES
from keys.algorithms.dukpt import Ksn, TransactionKey
from terminal.ports import KeyRefused

BDK_TEST = bytes.fromhex("FEDCBA9876543210F1F1F1F1F1F1F1F1")  # TEST KEY: X9.24-3, supplement

KSN, IDENTIFIER = 12, 8  # bytes; the initial key ID
VERSION = b"\x01"  # 6.3.2
ALGORITHMS = {16: "0002", 24: "0003", 32: "0004"}  # AES by bytes of a key (6.3.2, algorithm indicator)
DERIVATION, INITIAL = "8000", "8001"  # 6.3.2, key usage indicator; what a working key is for follows
USAGES = {
    "key": "0002",
    "pin": "1000",
    "mac-generation": "2000",
    "mac-verification": "2001",
    "mac": "2002",
    "data-encryption": "3000",
    "data-decryption": "3001",
    "data": "3002",
}


def initial_key(bdk: bytes, ksn: Ksn) -> bytes:
    """The initial key of the terminal that sends `ksn`, as long as the BDK (6.3.1). Raises KeyRefused."""
    _check(bdk, ksn)
    return _derived_key(bdk, INITIAL, ksn.initial[:IDENTIFIER], len(bdk))


def next_key(key: bytes, ksn: Ksn) -> bytes:
    """The key of `ksn`, whose lowest one `key` did not have yet (6.3.3). Raises KeyRefused."""
    _check(key, ksn)
    return _derived_key(key, DERIVATION, _context(ksn), len(key))


def working_key(transaction_key: TransactionKey, usage: str, size: int) -> bytes:
    """`size` bytes for one of USAGES (6.3.3): 16, 24 or 32, no more than the key has. Raises KeyRefused."""
    _check(transaction_key.key, transaction_key.ksn)
    if usage not in USAGES:
        raise KeyRefused(f"there is no working key for {usage!r}, only for {', '.join(USAGES)}")
    if size not in ALGORITHMS or size > len(transaction_key.key):
        raise KeyRefused(f"a key of {len(transaction_key.key)} bytes makes no AES key of {size}")
    return _derived_key(transaction_key.key, USAGES[usage], _context(transaction_key.ksn), size)


def _context(ksn: Ksn) -> bytes:
    return ksn.encoded()[KSN - IDENTIFIER :]  # the derivation ID and the counter


def _derived_key(key: bytes, usage: str, context: bytes, size: int) -> bytes:
    """6.4: a counter of blocks, the usage, what is made, whom for and when; encrypted under `key`."""
    told = bytes.fromhex(usage + ALGORITHMS[size]) + (8 * size).to_bytes(2) + context
    blocks = -(-size // AES.block)
    return AES.encrypt(key, b"".join(VERSION + bytes((at,)) + told for at in range(1, blocks + 1)))[:size]


def _check(key: bytes, ksn: Ksn) -> None:
    if len(key) not in ALGORITHMS or len(ksn.initial) != KSN:
        raise KeyRefused(f"AES-DUKPT has AES keys and KSNs of {KSN} bytes, not {len(key)} and {len(ksn.initial)}")
