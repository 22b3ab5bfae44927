"""A provisioning bundle: keys under the key-encrypting key (KEK) whose components came earlier. Law: taken once.

| header        | is                                                                     |
|---------------|------------------------------------------------------------------------|
| `format`      | "yuanlu-bundle-1"                                                      |
| `terminal_id` | F41 of the only terminal it is for                                     |
| `sequence`    | above that of every bundle this terminal took before                   |
| `kek`         | the check value of the KEK it is under                                 |
| `mac_key`     | a key of this bundle only, a TR-31 block (M6) under the KEK; its block |
|               | LB holds format, terminal and sequence, so it serves no other bundle   |

The seal is CMAC by `mac_key`, whole (16 bytes; 8 with TDES). So a bank needs what an HSM has anyway: make a key, wrap
it by TR-31, make a CMAC.

>>> kek, terminal = bytes(range(16)), "12345678"  # TEST KEYS
>>> tmk = LoadedKey("tmk.1", KeyBlock("D", "K0", "A", "D", bytes(range(16, 32))))
>>> open_bundle(kek, terminal, 6, make_bundle(kek, terminal, 7, [tmk]))
Opened(keys=(LoadedKey(place='tmk.1', block=KeyBlock(D, K0, A, D, 00, N)),), sequence=7)
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Iterable
from typing import Annotated, Final, Literal

import msgspec
from cryptography.hazmat.primitives.cmac import CMAC

from keys.algorithms.block_cipher import AES, DES, BlockCipher
from keys.algorithms.check_value import check_value
from keys.algorithms.key_block_tr31 import KeyBlock, OptionalBlock, unwrap, wrap
from keys.delivery.document import LoadedKey as LoadedKey
from keys.delivery.document import TerminalId, parted, sealed, text_of
from terminal.ports import KeyRefused

FORMAT: Final = "yuanlu-bundle-1"
CMAC_SEAL = "cmac"
LABEL = "LB"  # X9.143:2021, 6.3.6: what the key is called
MAC_USAGE, MAC_KEY = "M6", 16  # bytes
MOST_SEQUENCE = (1 << 53) - 1  # what every JSON reader holds exactly

Sequence = Annotated[int, msgspec.Meta(ge=1, le=MOST_SEQUENCE)]


class Kind(msgspec.Struct, frozen=True):
    """By the cipher of the KEK: the version of its key blocks, and the algorithm of the bundle's MAC key."""

    cipher: BlockCipher
    version: str
    algorithm: str


KINDS = {AES.name: Kind(AES, "D", "A"), DES.name: Kind(DES, "B", "T")}


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first line."""

    format: Literal["yuanlu-bundle-1"]
    terminal_id: TerminalId
    sequence: Sequence
    kek: str
    mac_key: str


class Opened(msgspec.Struct, frozen=True):
    """What a bundle held; `sequence` is to be kept with the keys, in one write."""

    keys: tuple[LoadedKey, ...]
    sequence: int


def open_bundle(kek: bytes, terminal_id: str, last_sequence: int, bundle: bytes, cipher: str = AES.name) -> Opened:
    """All keys of a bundle. `cipher` is the KEK's. Raises KeyRefused for whatever is not as it must be."""
    kind = _kind(cipher)
    document = parted(bundle, CMAC_SEAL)
    header = document.header(Header)
    if header.terminal_id != terminal_id:
        raise KeyRefused(f"this bundle is for terminal {header.terminal_id}, not for {terminal_id}")
    if header.kek != _check_value(kek, kind):
        raise KeyRefused("this bundle is under another KEK than this terminal's: load its components first")
    if not hmac.compare_digest(_cmac(_mac_key(kek, kind, header), kind, document.text), document.seal):
        raise KeyRefused("this bundle was altered: its CMAC is wrong")
    if header.sequence <= last_sequence:
        raise KeyRefused(f"bundle {header.sequence} comes too late: number {last_sequence} was loaded already")
    return Opened(document.keys(kek, kind.version), header.sequence)


def make_bundle(
    kek: bytes, terminal_id: str, sequence: int, keys: Iterable[LoadedKey], cipher: str = AES.name
) -> bytes:
    """The bank's side. Key blocks are of version D under AES, B under DES. Raises KeyRefused."""
    kind = _kind(cipher)
    key = os.urandom(MAC_KEY)
    label = OptionalBlock(LABEL, _label(terminal_id, sequence))
    mac_key = wrap(kek, KeyBlock(kind.version, MAC_USAGE, kind.algorithm, "C", key, blocks=(label,)))
    header = Header(FORMAT, terminal_id, sequence, _check_value(kek, kind), mac_key)
    text = text_of(header, kek, kind.version, keys)
    return sealed(text, CMAC_SEAL, _cmac(key, kind, text))


def _mac_key(kek: bytes, kind: Kind, header: Header) -> bytes:
    """The bundle's own. Only who has the KEK makes one, and this one for this terminal and sequence."""
    block = unwrap(kek, header.mac_key, MAC_USAGE)
    if (block.version, block.algorithm) != (kind.version, kind.algorithm):
        raise KeyRefused("the MAC key of this bundle is of another cipher than the KEK")
    if OptionalBlock(LABEL, _label(header.terminal_id, header.sequence)) not in block.blocks:
        raise KeyRefused("the MAC key of this bundle belongs to another bundle")
    return block.key


def _label(terminal_id: str, sequence: int) -> str:
    return f"{FORMAT} {terminal_id} {sequence}"


def _kind(cipher: str) -> Kind:
    if cipher not in KINDS:
        raise KeyRefused(f"a KEK of {cipher} opens no bundles, only {', '.join(KINDS)}")
    return KINDS[cipher]


def _check_value(kek: bytes, kind: Kind) -> str:
    return check_value(kind.cipher.name, kek).hex().upper()


def _cmac(key: bytes, kind: Kind, text: bytes) -> bytes:
    running = CMAC(kind.cipher.keyed(key))
    running.update(text)
    return running.finalize()
