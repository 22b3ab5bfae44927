"""A track on its way to the acquirer: one block of it under the TDK (cup.md 3.6). Law: no error shows a track.

The block (TDB) ends one nibble before the end of a track of odd length, two before the end of an even one: whole bytes
of the packed track, its last byte left out. The example of cup.md 3.6, whose TDB is 0820178199916830:

>>> track = "1234567890123456789=0508201781999168302"
>>> encrypted = encrypt_track(b"TEST KEY", track)
>>> encrypted[:22], DES.decrypt(b"TEST KEY", bytes.fromhex(encrypted[22:38])).hex(), encrypted[38:]
('1234567890123456789D05', '0820178199916830', '2')
>>> decrypt_track(b"TEST KEY", encrypted) == track
True
"""

from __future__ import annotations

from collections.abc import Callable

from keys.algorithms.block_cipher import DES, SM4, BlockCipher
from terminal.ports import KeyRefused

SEPARATOR, PACKED_SEPARATOR = "=", "D"
FILL = "F"
NO_TRACK = FILL * 16  # cup.md 3.6: 8 bytes of F
CIPHERS_OF_TRACK = {cipher.name: cipher for cipher in (DES, SM4)}
_DIGITS, _NIBBLES = frozenset("0123456789"), frozenset("0123456789ABCDEF")


def encrypt_track(key: bytes, track: str, cipher: str = "des") -> str:
    """Nibbles, upper case; any of them may be in the encrypted block. `track`: digits and "=" or "D", no sentinels.

    A track too short for the block gets F on its left until the block fits; "" is 16 times F. Raises KeyRefused.
    """
    rule = _rule(cipher)
    nibbles = track.replace(SEPARATOR, PACKED_SEPARATOR)
    if not set(nibbles) <= _DIGITS | {PACKED_SEPARATOR}:
        raise KeyRefused("a track is digits and separators")
    if not nibbles:
        return NO_TRACK
    # The source says "shorter than 17: F on the left" and not how far. Until the block fits keeps odd odd, even even.
    nibbles = nibbles.rjust(2 * rule.block + _tail(nibbles), FILL)
    return _replaced(nibbles, rule, rule.encrypt, key)


def decrypt_track(key: bytes, track: str, cipher: str = "des") -> str:
    """The inverse, for the bank: digits and "=". Raises KeyRefused when key and nibbles do not make a track.

    A "=" in `track` counts as the nibble D: a wire codec writes track fields that way.
    """
    rule = _rule(cipher)
    nibbles = track.replace(SEPARATOR, PACKED_SEPARATOR)
    if nibbles == NO_TRACK:
        return ""
    if not set(nibbles) <= _NIBBLES or len(nibbles) < 2 * rule.block + _tail(nibbles):
        raise KeyRefused("this is no encrypted track")
    plain = _replaced(nibbles, rule, rule.decrypt, key).lstrip(FILL).replace(PACKED_SEPARATOR, SEPARATOR)
    if not set(plain) <= _DIGITS | {SEPARATOR}:
        raise KeyRefused("this does not decrypt to a track")
    return plain


def _replaced(nibbles: str, rule: BlockCipher, change: Callable[[bytes, bytes], bytes], key: bytes) -> str:
    end = len(nibbles) - _tail(nibbles)
    start = end - 2 * rule.block
    changed = change(key, bytes.fromhex(nibbles[start:end])).hex().upper()
    return nibbles[:start] + changed + nibbles[end:]


def _tail(nibbles: str) -> int:
    """How many nibbles stay behind the block: the last data byte of the packed track."""
    return 1 if len(nibbles) % 2 else 2


def _rule(cipher: str) -> BlockCipher:
    try:
        return CIPHERS_OF_TRACK[cipher]
    except KeyError:
        raise KeyRefused(f"tracks are not encrypted under {cipher!r}, only {', '.join(CIPHERS_OF_TRACK)}") from None
