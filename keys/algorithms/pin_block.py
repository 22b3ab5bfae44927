"""The PIN on its way to the issuer: ISO 9564-1 format 0 under the PIK (cup.md 3.3). Law: no error shows a PIN.

What every format shares is here too: which PIN and PAN are any, and the PIN field read back. The other formats are in
pin_formats.py. cup.md 3.3, before encryption, and 3.8, the SM4 worked example:

>>> clear_block("123456", "123456789012345678", 8).hex().upper()
'061253DFFEDCBA98'
>>> pik = bytes.fromhex("F351D490994603795C6EBEE8FAEBB481")
>>> pin_block(pik, "123654", "6230606601007726888", "sm4").hex().upper()
'CD01D6AD8F0A484C52A9364A0595AD60'
"""

from __future__ import annotations

from keys.algorithms.block_cipher import BlockCipher, cipher_of, xor
from terminal.ports import KeyRefused

PIN_DIGITS = range(4, 13)  # ISO 9564-1, 9.3.2
PAN_DIGITS = range(8, 20)  # ISO/IEC 7812-1
PAN_PART = 12  # rightmost digits of the PAN, its check digit left out
CIPHERS_OF_PIN = ("des", "sm4")  # AES has a format of its own: 4


def pin_block(key: bytes, pin: str, pan: str, cipher: str = "des") -> bytes:
    """8 bytes with DES (F52), 16 with SM4 (F59 A1). `pan` "" is the form without PAN (F53: 1). Raises KeyRefused."""
    rule = _rule(cipher)
    return rule.encrypt(key, clear_block(pin, pan, rule.block))


def pin_of(key: bytes, block: bytes, pan: str, cipher: str = "des") -> str:
    """The inverse, for the bank. Raises KeyRefused when key, PAN and block do not make a format 0 block."""
    rule = _rule(cipher)
    check_block(block, rule)
    clear = xor(rule.decrypt(key, block), pan_field(pan, rule.block))
    return pin_in(clear.hex(), "0", "f")


def clear_block(pin: str, pan: str, size: int) -> bytes:
    """Format 0 before encryption, `size` bytes: the PIN field XOR the PAN field."""
    check_pin(pin)
    field = f"0{len(pin):X}{pin}".ljust(2 * size, "F")
    return xor(bytes.fromhex(field), pan_field(pan, size))


def pan_field(pan: str, size: int) -> bytes:
    """The PAN field of formats 0 and 3 (ISO 9564-1), `size` bytes; zeros for `pan` "". Raises KeyRefused."""
    if not pan:
        return bytes(size)
    check_pan(pan)
    return bytes.fromhex(pan[:-1][-PAN_PART:].rjust(2 * size, "0"))


def pin_in(field: str, control: str, fill: str) -> str:
    """The PIN in a PIN field of lower-case hex: format `control`, then length, PIN, and only digits of `fill`.

    Raises KeyRefused when it is no such field.
    """
    size = int(field[1], 16)
    pin, rest = field[2 : 2 + size], field[2 + size :]
    if field[0] != control or size not in PIN_DIGITS or not pin.isdecimal() or rest.strip(fill):
        raise KeyRefused(f"this is no PIN block of format {control}")
    return pin


def check_pin(pin: str) -> None:
    """Raises KeyRefused for what is no PIN."""
    if not _is_number(pin, PIN_DIGITS):
        raise KeyRefused("a PIN is 4 to 12 digits")


def check_pan(pan: str) -> None:
    """Raises KeyRefused for what is no PAN."""
    if not _is_number(pan, PAN_DIGITS):
        raise KeyRefused("a PAN is 8 to 19 digits")


def check_block(block: bytes, rule: BlockCipher) -> None:
    """A PIN block is one block of its cipher. Raises KeyRefused."""
    if len(block) != rule.block:
        raise KeyRefused(f"a PIN block of {len(block)} bytes is none of {rule.name}")


def _is_number(text: str, digits: range) -> bool:
    return text.isascii() and text.isdecimal() and len(text) in digits


def _rule(cipher: str) -> BlockCipher:
    if cipher not in CIPHERS_OF_PIN:
        raise KeyRefused(f"there is no PIN block under {cipher!r}, only under {', '.join(CIPHERS_OF_PIN)}")
    return cipher_of(cipher)
