"""The check value (KCV) of a key, by the rule of its cipher. Law: it tells keys apart and says nothing of the key.

DES and SM4: a block of zeros enciphered, 4 bytes (cup.md 3.2, CV; its first three are the KCV of ANSI X9.24-1). AES:
the CMAC of a block of zeros, 5 bytes (ANSI X9.24-1:2017, Annex A; TR-31:2018, optional blocks KC and KP, method 01),
since enciphered zeros are what CMAC makes its subkeys of.

The protection key of the manual of openemv/tr31 (its block KP says 00 ECAD62), and the key and subkey K1 of NIST
SP 800-38B, D.1: the CMAC of a block of zeros is K1 enciphered.

>>> check_value("des", bytes.fromhex("AB2E09DB3EF0BA71E0CE6CD755C23A3B"))[:3].hex().upper()
'ECAD62'
>>> key, subkey = bytes.fromhex("2B7E151628AED2A6ABF7158809CF4F3C"), bytes.fromhex("FBEED618357133667C85E08F7236A8DE")
>>> check_value("aes", key) == AES.encrypt(key, subkey)[:5]
True
"""

from __future__ import annotations

from cryptography.hazmat.primitives.cmac import CMAC

from keys.algorithms.block_cipher import AES, cipher_of
from terminal.ports import KeyRefused

CMAC_CHECK_VALUE = 5


def check_value(cipher: str, key: bytes) -> bytes:
    """4 bytes for DES and SM4, 5 for AES. Raises KeyRefused: no such cipher, no key of it."""
    return _by_cmac(key) if cipher == AES.name else cipher_of(cipher).check_value(key)


def _by_cmac(key: bytes) -> bytes:
    if len(key) not in AES.key_sizes:
        raise KeyRefused(f"a key of {len(key)} bytes is none for {AES.name}")
    running = CMAC(AES.keyed(key))
    running.update(bytes(AES.block))
    return running.finalize()[:CMAC_CHECK_VALUE]
