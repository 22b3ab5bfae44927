"""F64, the MAC of a message, by the name of its rule. Law: a rule works with keys of its own cipher only.

The published packet with a known key (cup.md 3.4, V2), and ISO/IEC 9797-1:2011, B.4:

>>> block = bytes.fromhex("128000A0048020C00011424F4230303220202020000089022000371001888888888801145D991252192600"
...                       "0000003832333932393438303030303030303030303131313438000803000030")
>>> mac("cup", b"1" * 8, block)
b'C15DC46C'
>>> mac("x9.19", bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"), b"Now is the time for all ").hex().upper()
'A1C72E74EA3FA9B6'
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

from keys.algorithms.block_cipher import AES, DES, SM4, BlockCipher, xor
from terminal.ports import KeyRefused

MAC = 8  # bytes of F64
RETAIL_KEY = 16  # K and K'

des_encrypt, des_decrypt, kcv = DES.encrypt, DES.decrypt, DES.check_value
sm4_encrypt, sm4_decrypt, sm4_kcv = SM4.encrypt, SM4.decrypt, SM4.check_value


class MacRule(msgspec.Struct, frozen=True):
    """`cipher` is the name of the cipher whose keys the rule takes; `compute` makes F64 of key and MAC block."""

    cipher: str
    compute: Callable[[bytes, bytes], bytes]


def mac(rule: str, key: bytes, block: bytes) -> bytes:
    """The 8 bytes of F64. `block` is MTI to the field before F64. Raises KeyRefused: no such rule, no key for it."""
    return rule_of(rule).compute(key, block)


def rule_of(name: str) -> MacRule:
    """Raises KeyRefused when there is no rule of this name."""
    try:
        return RULES[name]
    except KeyError:
        raise KeyRefused(f"there is no MAC rule {name!r}, only {', '.join(RULES)}") from None


def cup_mac(key: bytes, block: bytes) -> bytes:
    """CUP-ECB with DES, as long as the key is (cup.md 3.4): 8 upper-case hex characters."""
    return _folded(DES, key, block)


def sm4_cup_mac(key: bytes, block: bytes) -> bytes:
    """CUP-ECB with SM4 (cup.md 3.4, SM4 MAC): 8 upper-case hex characters."""
    # The source is ambiguous: "the first 8 bytes of the result, hex-encoded" may be 8 characters of the hex or the
    # hex of 8 bytes. F64 holds 8 bytes, and DES sends the first 8 characters: so it is read here. Ask the acquirer.
    return _folded(SM4, key, block)


def retail_mac(key: bytes, block: bytes) -> bytes:
    """ANSI X9.19, ISO/IEC 9797-1 algorithm 3 with DES, padding method 1: 8 bytes. `key` is K and K', 16 bytes."""
    if len(key) != RETAIL_KEY:
        raise KeyRefused(f"a key of {len(key)} bytes is none for a retail MAC")
    last = _last_of_chain(DES, key[:8], block)
    return DES.encrypt(key[:8], DES.decrypt(key[8:], last))  # 9797-1, output transformation 3


def cbc_mac(key: bytes, block: bytes) -> bytes:
    """ANSI X9.9, ISO/IEC 9797-1 algorithm 1 with DES as long as the key is, padding method 1: 8 bytes."""
    return _last_of_chain(DES, key, block)


def cmac(key: bytes, block: bytes) -> bytes:
    """NIST SP 800-38B with AES, the first 8 bytes. `key` is 16, 24 or 32 bytes."""
    if len(key) not in AES.key_sizes:
        raise KeyRefused(f"a key of {len(key)} bytes is none for {AES.name}")
    running = CMAC(algorithms.AES(key))
    running.update(block)
    return running.finalize()[:MAC]


def _last_of_chain(cipher: BlockCipher, key: bytes, block: bytes) -> bytes:
    if len(key) not in cipher.key_sizes:
        raise KeyRefused(f"a key of {len(key)} bytes is none for {cipher.name}")
    block += bytes(-len(block) % cipher.block or (0 if block else cipher.block))  # 9797-1, 6.3.2
    chain = Cipher(cipher.keyed(key), modes.CBC(bytes(cipher.block))).encryptor()
    return (chain.update(block) + chain.finalize())[-cipher.block :]


def _folded(cipher: BlockCipher, key: bytes, block: bytes) -> bytes:
    """XOR all blocks, spell the result as hex, encrypt, XOR, encrypt; the first 8 hex characters."""
    size = cipher.block
    block += bytes(-len(block) % size)
    folded = 0
    for start in range(0, len(block), size):
        folded ^= int.from_bytes(block[start : start + size])
    spelled = f"{folded:0{2 * size}X}".encode()
    mixed = xor(cipher.encrypt(key, spelled[:size]), spelled[size:])
    return cipher.encrypt(key, mixed).hex().upper()[:MAC].encode()


RULES = {
    "cup": MacRule(DES.name, cup_mac),
    "cup-sm4": MacRule(SM4.name, sm4_cup_mac),
    "x9.19": MacRule(DES.name, retail_mac),
    "x9.9": MacRule(DES.name, cbc_mac),
    "cmac": MacRule(AES.name, cmac),
}
