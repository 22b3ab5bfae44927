"""Keys on their way to this terminal: what a bundle and a token have in common. Law: all of a delivery, or nothing.

A document is ASCII text, one JSON object a line, each line ended by a line feed (docs/key-loading.md):

| line          | is                                                                           |
|---------------|------------------------------------------------------------------------------|
| first         | the header: the format's name, and what is known before a key is             |
| those between | one key each: `place` (keys/places.py) and `block` (TR-31)                   |
| last          | the seal over every byte before it: "cmac" or "signature", hex in upper case |
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, TypeVar

import msgspec

from keys.algorithms.key_block_tr31 import HEADER_SIZE, KeyBlock, unwrap, wrap
from keys.places import OF_TR31, usage_of
from terminal.ports import KeyRefused

MOST_BYTES = 1 << 16
LINE_END = b"\n"
SEAL = re.compile(rb'\{"([a-z]+)":"((?:[0-9A-F]{2})+)"\}\n')
MODES = {  # usage -> TR-31 modes that let this terminal do its part (TR-31:2018, A.5.3); N: any
    "tmk": "DBN",
    "kek": "DBN",
    "pin": "EBN",
    "mac": "CN",  # it makes MACs and checks them
    "track": "EBN",
    "dukpt": "XN",
}
KSN, KEY_IDENTIFIER = "KS", "IK"  # optional blocks of an initial key (X9.143:2021, 6.3.6)
KSN_DIGITS = {KSN: (20, 24), KEY_IDENTIFIER: (16,)}
COUNTER_DIGITS = 8  # what follows an initial key's identifier in the KSN of AES (X9.24-3:2017, 6.2)
HEX = re.compile(r"[0-9A-F]+")

TerminalId = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z]{8}\Z")]  # F41
Shape = TypeVar("Shape", bound=msgspec.Struct)


class LoadedKey(msgspec.Struct, frozen=True):
    """A key and the place it is for. The block is of a usage and mode that belong there. Raises KeyRefused."""

    place: str
    block: KeyBlock

    def __post_init__(self) -> None:
        """What lies in a place is what the place is for."""
        usage = _usage(self.place, self.block.usage)
        if self.block.mode not in MODES[usage]:
            raise KeyRefused(f"the key for {self.place} may not do what is done there: its mode is {self.block.mode}")
        if usage == "dukpt":
            self.initial_ksn()

    def initial_ksn(self) -> bytes:
        """Of a DUKPT initial key: 10 bytes (TDES) or 12 (AES). Raises KeyRefused when it came without."""
        for block in self.block.blocks:
            if len(block.text) in KSN_DIGITS.get(block.id, ()) and HEX.fullmatch(block.text):
                counter = "0" * COUNTER_DIGITS if block.id == KEY_IDENTIFIER else ""
                return bytes.fromhex(block.text + counter)
        raise KeyRefused("this initial key came without its KSN (optional block KS, or IK)")


class KeyLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One key as it travels; `block` is TR-31."""

    place: str
    block: str


class Document(msgspec.Struct, frozen=True):
    """What came, in parts. Nothing of it is believed before `seal` holds over `text`."""

    text: bytes
    lines: tuple[bytes, ...]
    seal: bytes

    def header(self, shape: type[Shape]) -> Shape:
        """The first line. Raises KeyRefused."""
        return _parsed(self.lines[0], shape)

    def keys(self, kbpk: bytes, version: str) -> tuple[LoadedKey, ...]:
        """The lines between, opened. Raises KeyRefused for the first that is not as it must be."""
        lines = [_parsed(line, KeyLine) for line in self.lines[1:]]
        return checked(opened(kbpk, version, line.place, line.block) for line in lines)


def parted(document: bytes, kind: str) -> Document:
    """A whole document of this kind of seal. Raises KeyRefused."""
    if not document.isascii() or len(document) > MOST_BYTES or not document.endswith(LINE_END):
        raise KeyRefused("this is no key delivery, or its end is missing")
    *lines, last = document.splitlines(keepends=True)
    found = SEAL.fullmatch(last)
    if found is None or not lines:
        raise KeyRefused("this key delivery has no seal, or a tool has changed its line ends")
    if found[1].decode() != kind:
        raise KeyRefused(f"this key delivery has no {kind}")
    return Document(b"".join(lines), tuple(lines), bytes.fromhex(found[2].decode()))


def text_of(header: msgspec.Struct, kbpk: bytes, version: str, keys: Iterable[LoadedKey]) -> bytes:
    """Header and keys, to be sealed. Raises KeyRefused."""
    kept = checked(keys)
    if any(key.block.version != version for key in kept):
        raise KeyRefused(f"the key blocks of this delivery are of version {version} only")
    lines = [KeyLine(key.place, wrap(kbpk, key.block)) for key in kept]
    return b"".join(msgspec.json.encode(line) + LINE_END for line in (header, *lines))


def sealed(text: bytes, kind: str, seal: bytes) -> bytes:
    """The whole document."""
    return text + msgspec.json.encode({kind: seal.hex().upper()}) + LINE_END


def opened(kbpk: bytes, version: str, place: str, block: str) -> LoadedKey:
    """One key for that place. Raises KeyRefused."""
    if not block.startswith(version):
        raise KeyRefused(f"a key block that is not of version {version} cannot come under this key")
    usage = block[5:7] if len(block) > HEADER_SIZE else ""
    _usage(place, usage)
    return LoadedKey(place, unwrap(kbpk, block, usage))


def checked(keys: Iterable[LoadedKey]) -> tuple[LoadedKey, ...]:
    """One key for a place, one at least. Raises KeyRefused."""
    kept = tuple(keys)
    if not kept:
        raise KeyRefused("this key delivery has no key in it")
    if len({key.place for key in kept}) != len(kept):
        raise KeyRefused("this key delivery has two keys for one place")
    return kept


def _usage(place: str, tr31: str) -> str:
    """The usage that place and key block agree in."""
    usage = usage_of(place)
    if OF_TR31.get(tr31) != usage:
        raise KeyRefused(f"what is for {place} is another kind of key (TR-31 usage {tr31[:2]!r})")
    return usage


def _parsed(line: bytes, shape: type[Shape]) -> Shape:
    try:
        return msgspec.json.decode(line, type=shape)
    except (msgspec.MsgspecError, UnicodeDecodeError):  # their messages may quote the line
        raise KeyRefused("a line of this key delivery cannot be read, or is of another format") from None
