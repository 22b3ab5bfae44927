"""RSA recovery of EMV 4.4 Book 2 by plain integers, written for tests: a second opinion on what our authority makes."""

from __future__ import annotations

import hashlib

from terminal.emv import tags

Values = dict[int, bytes]


def opened(modulus: bytes, exponent: bytes, signed: bytes) -> bytes:
    """The recovered data, when header, trailer and length are right."""
    assert len(signed) == len(modulus)
    number = pow(int.from_bytes(signed, "big"), int.from_bytes(exponent, "big"), int.from_bytes(modulus, "big"))
    clear = number.to_bytes(len(modulus), "big")
    assert clear[0] == 0x6A
    assert clear[-1] == 0xBC
    return clear


def has_hash(clear: bytes, covered: bytes) -> bool:
    """Whether the hash inside is over all between the header and itself, and `covered`."""
    return hashlib.sha1(clear[1:-21] + covered).digest() == clear[-21:-1]


def key_in(clear: bytes, head: int, remainder: bytes) -> bytes:
    """The modulus in a certificate: `head` bytes come before its two algorithm bytes and two lengths."""
    size = clear[head + 2]
    room = clear[head + 4 : -21]
    assert room[size:].strip(b"\xbb") == b""
    modulus = room[:size] + remainder
    assert len(modulus) == size
    return modulus


def issuer_key(modulus: bytes, exponent: bytes, card: Values) -> tuple[bytes, bytes]:
    """Modulus and exponent of a card's issuer, verified by its authority's key (Book 2, 5.3)."""
    clear = opened(modulus, exponent, card[tags.ISSUER_CERTIFICATE])
    assert clear[1] == 0x02
    assert card[tags.PAN].hex().startswith(clear[2:6].hex().rstrip("f"))
    assert clear[6:8] == b"\x12\x49"
    remainder, of_issuer = card.get(tags.ISSUER_REMAINDER, b""), card[tags.ISSUER_EXPONENT]
    assert clear[11:13] == b"\x01\x01"
    assert clear[14] == len(of_issuer)
    assert has_hash(clear, remainder + of_issuer)
    return key_in(clear, 11, remainder), of_issuer


def chip_key(issuer: tuple[bytes, bytes], card: Values, static: bytes, is_pin: bool = False) -> tuple[bytes, bytes]:
    """Modulus and exponent of a chip, or of its PIN key, verified by the issuer's (Book 2, 6.4 and 7.1)."""
    names = (tags.PIN_CERTIFICATE, tags.PIN_REMAINDER, tags.PIN_EXPONENT)
    certificate, rest, own = names if is_pin else (tags.ICC_CERTIFICATE, tags.ICC_REMAINDER, tags.ICC_EXPONENT)
    clear = opened(*issuer, card[certificate])
    assert clear[1] == 0x04
    assert clear[2:12].hex().rstrip("f") == card[tags.PAN].hex().rstrip("f")
    remainder, exponent = card.get(rest, b""), card[own]
    assert clear[20] == len(exponent)
    assert has_hash(clear, remainder + exponent + (b"" if is_pin else static))
    return key_in(clear, 17, remainder), exponent


def dynamic_data(key: tuple[bytes, bytes], signed: bytes, covered: bytes) -> bytes:
    """ICC dynamic data of a signed dynamic application data (Book 2, 6.5.2)."""
    clear = opened(*key, signed)
    assert clear[1:3] == b"\x05\x01"
    length = clear[3]
    assert clear[4 + length : -21].strip(b"\xbb") == b""
    assert has_hash(clear, covered)
    return clear[4 : 4 + length]
