"""Data object lists: what the card asks for, filled in. Law: EMV 4.4 Book 3, 5.4; what we do not know is zeros.

>>> fill(bytes.fromhex("9F02069F1A029F3704"), {0x9F02: b"\\x12\\x34", 0x9F1A: b"\\x01\\x56"}).hex()
'000000001234015600000000'
"""

from __future__ import annotations

from collections.abc import Mapping

from terminal.emv import tags, tlv
from terminal.emv.errors import TlvError

LONGEST = 252  # Book 3, 5.4: command data of GENERATE AC and GPO are a short APDU's


def entries(dol: bytes) -> tuple[tuple[int, int], ...]:
    """Tag and wanted length, in order. Raises TlvError."""
    found, at = [], 0
    while at < len(dol):
        tag, at = tlv.tag_at(dol, at)
        if at >= len(dol):
            raise TlvError("a list names a tag without its length")
        found.append((tag, dol[at]))
        at += 1
    if sum(length for _, length in found) > LONGEST:
        raise TlvError("a list asks for more than one command can carry")
    return tuple(found)


def fill(dol: bytes, values: Mapping[int, bytes]) -> bytes:
    """The values one after the other, each cut or padded to the wanted length. Raises TlvError."""
    return b"".join(_fit(tag, values.get(tag, b""), length) for tag, length in entries(dol))


def _fit(tag: int, value: bytes, length: int) -> bytes:
    if not value or tlv.is_constructed(tag):
        return bytes(length)
    if tag in tags.NUMERIC:
        return value[-length:].rjust(length, b"\0") if length else b""
    return value[:length].ljust(length, b"\xff" if tag in tags.COMPRESSED else b"\0")
