"""A key on its way under a key: TR-31:2018 and ANSI X9.143:2021, versions B and D. Law: a key comes with its usage.

Every character is under the MAC, and means one thing only: hex is upper case, no field is blank.

TR-31:2018, A.7.2.2, and X9.143:2021, 8.1 (TEST KEYS):

>>> kbpk = bytes.fromhex("DD7515F2BFC17F85CE48F3CA25CB21F6")
>>> text = "B0080P0TE00E000094B420079CC80BA3461F86FE26EFC4A3B8E4FA4C5F5341176EED7B727B8A248E"
>>> unwrap(kbpk, text, "P0")
KeyBlock(B, P0, T, E, 00, E)
>>> unwrap(kbpk, text, "P0").key.hex().upper()
'3F419E1CB7079442AA37474C2EFBF8B8'
>>> kbpk = bytes.fromhex("88E1AB2A2E3DD38C1FA039A536500CC8A87AB9D62DC92C01058FA79F44657DE6")
>>> text = "D0144P0AE00E00002C77FA3F4A553BED6E88AE5C172A4166E3D4ACA8E2AC71C158A476FAC12C13C3829DE55D3AB54C48F4C4FEF7AC"
>>> unwrap(kbpk, text + "75E90FC47F1B77E7B19A73ED46E64410082557", "P0").key.hex().upper()
'3F419E1CB7079442AA37474C2EFBF8B8'
"""

from __future__ import annotations

import hmac
import os
import re

import msgspec
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.cmac import CMAC

from keys.algorithms.block_cipher import AES, DES, BlockCipher
from terminal.ports import KeyRefused


class Version(msgspec.Struct, frozen=True):
    """`kbpk` is what the derivation says of the KBPK, by its bytes; `algorithms` the keys that may be carried."""

    cipher: BlockCipher
    kbpk: dict[int, str]
    algorithms: tuple[str, ...]


class Algorithm(msgspec.Struct, frozen=True):
    """Bytes of a key, shortest first; a KBPK of `cipher` is no shorter than the key (PCI PIN, annex C)."""

    cipher: BlockCipher
    sizes: tuple[int, ...]


VERSIONS = {  # TR-31:2018, 5.3.2.1: the algorithm indicator
    "B": Version(DES, {16: "0000", 24: "0001"}, ("T",)),
    "D": Version(AES, {16: "0002", 24: "0003", 32: "0004"}, ("T", "A")),
}
ALGORITHMS = {"T": Algorithm(DES, (16, 24)), "A": Algorithm(AES, (16, 24, 32))}  # TR-31:2018, A.5.2
ANY = "N"  # a mode that every usage has: what the usage says and nothing else (TR-31:2018, A.5.3)
CRYPT, MAC_MODES, DERIVE = (*"BDE", ANY), (*"CGV", ANY), ("X", ANY)
USAGES = {  # usage -> modes (A.5.1): what a terminal is given, and its acquirer gives
    "B0": DERIVE,  # BDK
    "B1": DERIVE,  # DUKPT initial key
    "D0": CRYPT,  # track data
    "K0": CRYPT,  # key encryption: a TMK
    "K1": CRYPT,  # KBPK
    "M0": MAC_MODES,  # ISO 16609 algorithm 1
    "M1": MAC_MODES,  # ISO/IEC 9797-1 algorithm 1
    "M3": MAC_MODES,  # ISO/IEC 9797-1 algorithm 3
    "M6": MAC_MODES,  # CMAC
    "P0": CRYPT,  # PIN
}
EXPORTABILITIES = ("E", "N", "S")  # TR-31:2018, A.5.5
NO_VERSION = "00"
HEADER = re.compile(  # the fixed part, 16 characters
    rf"([{''.join(VERSIONS)}])([0-9]{{4}})([A-Z0-9]{{2}})([A-Z])([A-Z])([A-Z0-9]{{2}})([A-Z])([0-9]{{2}})00"
)
HEADER_SIZE = 16
VERSION_NUMBER = re.compile(r"[A-Z0-9]{2}")  # "c" and a character: a component, which is no key (A.5.4)
BLOCK_ID = re.compile(r"[A-Z0-9]{2}")
# Its name and length; 00 and a longer one when two digits are too few. TR-31 counts that one in bytes (02), the
# certificate of X9.143, 8.5, in digits (04): four digits in both.
OPTIONAL = re.compile(r"([A-Z0-9]{2})(?:(?!00)([0-9A-F]{2})|00(?:02|04)([0-9A-F]{4}))")
TEXT = re.compile(r"[ -~]*")
PADDING = "PB"  # the optional block that fills the header up (A.5.6)
HEX = re.compile(r"[0-9A-F]+")
SHORT, LONG, MOST = 4, 10, 9999  # characters before an optional block's text; of a whole key block
ENCRYPTION, AUTHENTICATION = "0000", "0001"  # 5.3.2.1, key usage indicator


class OptionalBlock(msgspec.Struct, frozen=True):
    """`id` is two characters; `text` printable ASCII: KS holds a KSN, TS a time."""

    id: str
    text: str


class KeyBlock(msgspec.Struct, frozen=True):
    """A key and what it may do, in TR-31's own letters; `blocks` without padding. Raises KeyRefused."""

    version: str
    usage: str
    algorithm: str
    mode: str
    key: bytes
    exportability: str = "N"
    key_version: str = NO_VERSION
    blocks: tuple[OptionalBlock, ...] = ()

    def __post_init__(self) -> None:
        """Each field has a value of its table, and goes with the others."""
        version = VERSIONS.get(self.version)
        if version is None or self.algorithm not in version.algorithms:
            raise KeyRefused("a key block of this version carries no key of this algorithm")
        if len(self.key) not in ALGORITHMS[self.algorithm].sizes:
            raise KeyRefused(f"a key of {len(self.key)} bytes is none of this algorithm")
        if self.mode not in USAGES.get(self.usage, ()):
            raise KeyRefused("a key block has no such usage, or no such mode of it")
        if self.exportability not in EXPORTABILITIES:
            raise KeyRefused("a key block has no such exportability")
        if not VERSION_NUMBER.fullmatch(self.key_version):
            raise KeyRefused("a key block has no such key version, or holds a component of a key")
        _check_blocks(self.blocks)

    def __repr__(self) -> str:
        """The header only."""
        fields = (self.version, self.usage, self.algorithm, self.mode, self.key_version, self.exportability)
        return f"KeyBlock({', '.join(fields + tuple(block.id for block in self.blocks))})"


def wrap(kbpk: bytes, block: KeyBlock) -> str:
    """As it is sent. The key's length does not show: all keys of an algorithm take the place of the longest.

    Raises KeyRefused: no KBPK for this version, or one shorter than the key.
    """
    rule = _rule(kbpk, block.version)
    _check_strength(kbpk, rule, block)
    size = rule.cipher.block
    clear = (8 * len(block.key)).to_bytes(2) + block.key
    place = 2 + ALGORITHMS[block.algorithm].sizes[-1]
    clear += os.urandom(place + -place % size - len(clear))
    written, count = _written(block.blocks, size)
    length = HEADER_SIZE + len(written) + 2 * (len(clear) + size)
    if length > MOST:
        raise KeyRefused("the optional blocks are too long for a key block")
    fields = (block.usage, block.algorithm, block.mode, block.key_version, block.exportability)
    header = f"{block.version}{length:04}{''.join(fields)}{count:02}00{written}"
    mac = _cmac(rule.cipher, _derived(kbpk, rule, AUTHENTICATION), header.encode() + clear)
    encryptor = Cipher(rule.cipher.keyed(_derived(kbpk, rule, ENCRYPTION)), modes.CBC(mac)).encryptor()
    return header + (encryptor.update(clear) + encryptor.finalize() + mac).hex().upper()


def unwrap(kbpk: bytes, text: str, expected_usage: str) -> KeyBlock:
    """The inverse, for who knows what key is coming. Raises KeyRefused for whatever else comes."""
    found = HEADER.match(text)
    if found is None or not text.isascii() or int(found[2]) != len(text):
        raise KeyRefused("this is no key block, or it has another length than it says")
    version, _, usage, algorithm, mode, key_version, exportability, count = found.groups()
    rule = _rule(kbpk, version)
    size = rule.cipher.block
    blocks, end = _read(text, int(count))
    secret = text[end:]
    if end % size or not HEX.fullmatch(secret) or len(secret) % (2 * size):
        raise KeyRefused("what follows the header of this key block is no key and MAC")
    data = bytes.fromhex(secret)
    clear = _authentic(kbpk, rule, text[:end], data[:-size], data[-size:])
    bits = int.from_bytes(clear[:2])
    key = clear[2 : 2 + bits // 8]
    if 8 * len(key) != bits:
        raise KeyRefused("the key in this key block has another length than it says")
    block = KeyBlock(version, usage, algorithm, mode, key, exportability, key_version, blocks)
    _check_strength(kbpk, rule, block)
    if block.usage != expected_usage:
        raise KeyRefused(f"the key in this key block is for {block.usage}, not for {expected_usage}")
    return block


def _authentic(kbpk: bytes, rule: Version, header: str, encrypted: bytes, mac: bytes) -> bytes:
    """TR-31:2018, 5.3.2: the MAC is of what is encrypted, and its initialization vector."""
    decryptor = Cipher(rule.cipher.keyed(_derived(kbpk, rule, ENCRYPTION)), modes.CBC(mac)).decryptor()
    clear = decryptor.update(encrypted) + decryptor.finalize()
    if not hmac.compare_digest(_cmac(rule.cipher, _derived(kbpk, rule, AUTHENTICATION), header.encode() + clear), mac):
        raise KeyRefused("the MAC of this key block is wrong")
    return clear


def _derived(kbpk: bytes, rule: Version, usage: str) -> bytes:
    """TR-31:2018, 5.3.2.1: KBEK or KBAK, as long as the KBPK, block by block."""
    told = bytes.fromhex(f"{usage}00{rule.kbpk[len(kbpk)]}") + (8 * len(kbpk)).to_bytes(2)
    blocks = -(-len(kbpk) // rule.cipher.block)
    return b"".join(_cmac(rule.cipher, kbpk, bytes((at,)) + told) for at in range(1, blocks + 1))[: len(kbpk)]


def _cmac(cipher: BlockCipher, key: bytes, message: bytes) -> bytes:
    """NIST SP 800-38B, a whole block of it."""
    running = CMAC(cipher.keyed(key))
    running.update(message)
    return running.finalize()


def _rule(kbpk: bytes, version: str) -> Version:
    rule = VERSIONS[version]
    if len(kbpk) not in rule.kbpk:
        raise KeyRefused(f"a KBPK of {len(kbpk)} bytes is none for version {version}")
    return rule


def _check_strength(kbpk: bytes, rule: Version, block: KeyBlock) -> None:
    if ALGORITHMS[block.algorithm].cipher is rule.cipher and len(block.key) > len(kbpk):
        raise KeyRefused("the KBPK is shorter than the key in its key block")


def _check_blocks(blocks: tuple[OptionalBlock, ...]) -> None:
    ids = [block.id for block in blocks]
    if len(set(ids)) != len(ids) or PADDING in ids or len(ids) > 98:
        raise KeyRefused("an optional block comes twice, or one too many")
    if not all(BLOCK_ID.fullmatch(block.id) and TEXT.fullmatch(block.text) for block in blocks):
        raise KeyRefused("an optional block has no such name or text")


def _written(blocks: tuple[OptionalBlock, ...], size: int) -> tuple[str, int]:
    """The optional blocks and how many, padded to a block of the cipher (TR-31:2018, A.5.6, PB)."""
    written = ""
    for block in blocks:
        short, long = SHORT + len(block.text), LONG + len(block.text)
        written += block.id + (f"{short:02X}" if short <= 0xFF else f"0002{long:04X}") + block.text
    if not len(written) % size:
        return written, len(blocks)
    fill = -(len(written) + SHORT) % size
    return f"{written}{PADDING}{SHORT + fill:02X}{'0' * fill}", len(blocks) + 1


def _read(text: str, count: int) -> tuple[tuple[OptionalBlock, ...], int]:
    """The optional blocks without padding, and where they end. Raises KeyRefused."""
    blocks, at = [], HEADER_SIZE
    for left in reversed(range(count)):
        found = OPTIONAL.match(text, at)
        if found is None:
            raise KeyRefused("an optional block of this key block cannot be read")
        start, end = found.end(), at + int(found[2] or found[3], 16)
        if not start <= end <= len(text) or (found[1] == PADDING and left):
            raise KeyRefused("an optional block of this key block cannot be read")
        if found[1] != PADDING:
            blocks.append(OptionalBlock(found[1], text[start:end]))
        at = end
    return tuple(blocks), at
