"""The block ciphers under every working key: DES, SM4 and AES, one block after the other (ECB). Law: a key has one.

A dialect names its cipher: "des" (single, double or triple length), "sm4", "aes".

GB/T 32907-2016, A.1, and FIPS 81, table B1:

>>> SM4.encrypt(*[bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")] * 2).hex().upper()
'681EDF34D206965E86B3E94F536E4246'
>>> DES.encrypt(bytes.fromhex("0123456789ABCDEF"), b"Now is t").hex().upper()
'3FA40E8A984D4815'
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import BlockCipherAlgorithm, Cipher, algorithms, modes

from terminal.ports import KeyRefused

CHECK_VALUE = 4


class BlockCipher(msgspec.Struct, frozen=True):
    """`block` and `key_sizes` in bytes. A key of another size raises KeyRefused."""

    name: str
    block: int
    key_sizes: tuple[int, ...]
    keyed: Callable[[bytes], BlockCipherAlgorithm]

    def encrypt(self, key: bytes, data: bytes) -> bytes:
        """ECB; `data` is a multiple of `block` bytes."""
        encryptor = self._cipher(key).encryptor()
        return encryptor.update(data) + encryptor.finalize()

    def decrypt(self, key: bytes, data: bytes) -> bytes:
        """ECB; `data` is a multiple of `block` bytes."""
        decryptor = self._cipher(key).decryptor()
        return decryptor.update(data) + decryptor.finalize()

    def check_value(self, key: bytes) -> bytes:
        """The first 4 bytes of one block of zeros encrypted (cup.md 3.2, CV)."""
        return self.encrypt(key, bytes(self.block))[:CHECK_VALUE]

    def _cipher(self, key: bytes) -> Cipher[modes.ECB]:
        if len(key) not in self.key_sizes:
            raise KeyRefused(f"a key of {len(key)} bytes is none for {self.name}")
        return Cipher(self.keyed(key), modes.ECB())  # noqa: S305 - the dialect's own mode


def _triple(key: bytes) -> TripleDES:
    """8, 16 or 24 bytes as the three keys DES-EDE wants; one key three times is single DES."""
    parts = {8: key * 3, 16: key + key[:8], 24: key}
    return TripleDES(parts[len(key)])


DES = BlockCipher("des", 8, (8, 16, 24), _triple)
SM4 = BlockCipher("sm4", 16, (16,), algorithms.SM4)
AES = BlockCipher("aes", 16, (16, 24, 32), algorithms.AES)
CIPHERS = {cipher.name: cipher for cipher in (DES, SM4, AES)}


def cipher_of(name: str) -> BlockCipher:
    """Raises KeyRefused when there is no cipher of this name."""
    try:
        return CIPHERS[name]
    except KeyError:
        raise KeyRefused(f"there is no cipher {name!r}, only {', '.join(CIPHERS)}") from None


def xor(left: bytes, right: bytes) -> bytes:
    """Two strings of one length."""
    return bytes(a ^ b for a, b in zip(left, right, strict=True))
