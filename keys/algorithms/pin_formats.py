"""Every PIN block an acquirer may ask for, by name: ISO 9564-1 formats 0, 3 and 4, and format 0 over SM4's 16 bytes.

DUKPT takes the same formats under a key of its KSN (keys/dukpt_device.py: "dukpt-aes:iso-4").

Law: a format takes keys of its own cipher only; chance is the system's; what is no block is refused and not shown.

What reading a block can know. A wrong key or an altered block leaves digits as if by chance: one in 17 million still
reads as format 0 or 4, one in 200,000 as format 3. Formats 0 and 3 bind 12 digits of the PAN, and another PAN shows
only where it meets the fill (in format 3 not always there); format 4 binds the whole PAN.

IBM's example of format 3 before encryption (its PAN is told without check digit), and of format 4 the one in ANSI
X9.24-3:2017, test vectors:

>>> fill_of_10_and_more = bytes([0, 5, 1, 4, 2, 3, 3, 2])
>>> clear_block_3("123456", "111222333444555" + "0", lambda _: fill_of_10_and_more).hex().upper()
'361216759CFA8889'
>>> pik, chance = bytes.fromhex("AF8CB133A78F8DC2D1359F18527593FB"), bytes.fromhex("2F69ADDE2E9E7ACE")
>>> pin_block_4(pik, "1234", "4111111111111111", lambda _: chance).hex().upper()
'A912150391AB65A67E52883D81CE2D15'
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial

import msgspec

from keys.algorithms.block_cipher import AES, DES, SM4, xor
from keys.algorithms.pin_block import check_block, check_pan, check_pin, pan_field, pin_block, pin_in, pin_of
from terminal.ports import KeyRefused

FILL_3 = "ABCDEF"  # ISO 9564-1, format 3: each as likely as the others
FAIR = 256 - 256 % len(FILL_3)  # a byte below chooses fairly
CHANCE_4 = 8  # bytes
PAN_LENGTH_FROM = 12  # format 4 tells how many digits there are beyond

Chance = Callable[[int], bytes]


class PinFormat(msgspec.Struct, frozen=True):
    """`cipher` names the cipher of the PIK; `seal` takes PIK, PIN, PAN; `read` takes PIK, block, PAN. KeyRefused."""

    cipher: str
    seal: Callable[[bytes, str, str], bytes]
    read: Callable[[bytes, bytes, str], str]


def format_of(name: str) -> PinFormat:
    """Raises KeyRefused when there is no format of this name."""
    try:
        return FORMATS[name]
    except KeyError:
        raise KeyRefused(f"there is no PIN format {name!r}, only {', '.join(FORMATS)}") from None


def pin_block_3(key: bytes, pin: str, pan: str, chance: Chance = os.urandom) -> bytes:
    """8 bytes under DES; two blocks of one PIN differ. Raises KeyRefused."""
    return DES.encrypt(key, clear_block_3(pin, pan, chance))


def pin_of_3(key: bytes, block: bytes, pan: str) -> str:
    """The inverse, for the bank. Raises KeyRefused when key, PAN and block do not make a format 3 block."""
    check_pan(pan)
    check_block(block, DES)
    return pin_in(xor(DES.decrypt(key, block), pan_field(pan, DES.block)).hex(), "3", FILL_3.lower())


def clear_block_3(pin: str, pan: str, chance: Chance) -> bytes:
    """Format 3 before encryption (ISO 9564-1), 8 bytes. A PAN is needed. Raises KeyRefused."""
    check_pin(pin)
    check_pan(pan)
    head = f"3{len(pin):X}{pin}"
    return xor(bytes.fromhex(head + _fill(2 * DES.block - len(head), chance)), pan_field(pan, DES.block))


def pin_block_4(key: bytes, pin: str, pan: str, chance: Chance = os.urandom) -> bytes:
    """16 bytes under AES: the PIN field enciphered, XOR the PAN field, enciphered (ISO 9564-1:2017). KeyRefused."""
    return AES.encrypt(key, xor(AES.encrypt(key, pin_field_4(pin, chance)), pan_field_4(pan)))


def pin_of_4(key: bytes, block: bytes, pan: str) -> str:
    """The inverse, for the bank. Raises KeyRefused when key, PAN and block do not make a format 4 block."""
    check_block(block, AES)
    field = AES.decrypt(key, xor(AES.decrypt(key, block), pan_field_4(pan)))
    return pin_in(field[:-CHANCE_4].hex(), "4", "a")


def pin_field_4(pin: str, chance: Chance) -> bytes:
    """Control 4, length, PIN, fill A to 8 bytes, and 8 bytes of chance (ISO 9564-1:2017, format 4)."""
    check_pin(pin)
    return bytes.fromhex(f"4{len(pin):X}{pin}".ljust(2 * (AES.block - CHANCE_4), "A")) + chance(CHANCE_4)


def pan_field_4(pan: str) -> bytes:
    """Digits beyond 12, the PAN with its check digit (a short one after zeros), zeros: 16 bytes (format 4)."""
    check_pan(pan)
    digits = pan.rjust(PAN_LENGTH_FROM, "0")
    return bytes.fromhex(f"{len(digits) - PAN_LENGTH_FROM}{digits}".ljust(2 * AES.block, "0"))


def _fill(count: int, chance: Chance) -> str:
    digits = ""
    while len(digits) < count:
        digits += "".join(FILL_3[byte % len(FILL_3)] for byte in chance(count) if byte < FAIR)
    return digits[:count]


def _without_pan(cipher: str) -> PinFormat:
    """Format 0 as F53 d1 = 1 has it (cup.md 3.3): the PAN is looked at, and goes into no block."""

    def seal(key: bytes, pin: str, pan: str) -> bytes:
        pan_field(pan, DES.block)
        return pin_block(key, pin, "", cipher)

    def read(key: bytes, block: bytes, pan: str) -> str:
        pan_field(pan, DES.block)
        return pin_of(key, block, "", cipher)

    return PinFormat(cipher, seal, read)


FORMATS = {
    "iso-0": PinFormat(DES.name, pin_block, pin_of),
    "iso-0-sm4": PinFormat(SM4.name, partial(pin_block, cipher=SM4.name), partial(pin_of, cipher=SM4.name)),
    "iso-0-without-pan": _without_pan(DES.name),
    "iso-0-sm4-without-pan": _without_pan(SM4.name),
    "iso-3": PinFormat(DES.name, pin_block_3, pin_of_3),
    "iso-4": PinFormat(AES.name, pin_block_4, pin_of_4),
}
