"""MAC of the CUP dialect ("CUP-ECB", cup.md 3.4) and key check values (cup.md 3.2).

The published packet with a known key (cup.md 3.4, V2):

>>> block = bytes.fromhex("128000A0048020C00011424F4230303220202020000089022000371001888888888801145D991252192600"
...                       "0000003832333932393438303030303030303030303131313438000803000030")
>>> cup_mac(b"1" * 8, block)
b'C15DC46C'
"""

from __future__ import annotations

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

BLOCK = 8


def _triple(key: bytes) -> TripleDES:
    """8, 16 or 24 bytes as the three keys DES-EDE wants; one key three times is single DES."""
    parts = {8: key * 3, 16: key + key[:8], 24: key}
    return TripleDES(parts[len(key)])


def des_encrypt(key: bytes, data: bytes) -> bytes:
    """ECB; `data` is a multiple of 8 bytes."""
    encryptor = Cipher(_triple(key), modes.ECB()).encryptor()  # noqa: S305 - the dialect's own mode
    return encryptor.update(data) + encryptor.finalize()


def des_decrypt(key: bytes, data: bytes) -> bytes:
    """ECB; `data` is a multiple of 8 bytes."""
    decryptor = Cipher(_triple(key), modes.ECB()).decryptor()  # noqa: S305 - the dialect's own mode
    return decryptor.update(data) + decryptor.finalize()


def kcv(key: bytes) -> bytes:
    """The check value: first 4 bytes of eight zero bytes encrypted."""
    return des_encrypt(key, bytes(BLOCK))[:4]


def cup_mac(key: bytes, block: bytes) -> bytes:
    """F64: XOR all 8-byte blocks, spell the result as hex, encrypt, XOR, encrypt; the first 8 hex characters."""
    block += bytes(-len(block) % BLOCK)
    folded = 0
    for start in range(0, len(block), BLOCK):
        folded ^= int.from_bytes(block[start : start + BLOCK])
    spelled = f"{folded:016X}".encode()
    first = des_encrypt(key, spelled[:BLOCK])
    mixed = bytes(a ^ b for a, b in zip(first, spelled[BLOCK:], strict=True))
    return des_encrypt(key, mixed).hex().upper()[:BLOCK].encode()
