"""A TEST certification authority for chip cards: certificates and signatures of SDA, DDA and CDA. Law: EMV 4.4 Book 2.

Every one of them is the same thing (Book 2, A2.1): 6A, a header, what is said, padding of BB, the SHA-1 over that and
over what is covered but not sent, BC; then RSA with plain integers. The tables are the Book's, in its order.
"""

from __future__ import annotations

import hashlib

import msgspec
from cryptography.hazmat.primitives.asymmetric import rsa

HEADER, TRAILER, PAD = b"\x6a", b"\xbc", b"\xbb"
SHA_1 = RSA = b"\x01"
ISSUER, SSAD, ICC, SDAD = b"\x02", b"\x03", b"\x04", b"\x05"  # certificate and signed data formats
AROUND = 22  # 6A, the hash, BC
ISSUER_ROOM, ICC_ROOM = 36, 42  # what a certificate holds beside the key (Book 2, 6.1: NCA - 36, NI - 42)
PAN_SIZE = 10
SERIAL = bytes.fromhex("000001")
PIN_HEADER, PIN_BLOCK, CHALLENGE = 0x7F, slice(1, 9), slice(9, 17)  # Book 2, 7.2


class PublicKey(msgspec.Struct, frozen=True):
    """`modulus` big-endian without leading zeros, `exponent` likewise: 03 or 010001."""

    modulus: bytes
    exponent: bytes


class RsaKey(msgspec.Struct, frozen=True):
    """A private key by its two primes."""

    p: int
    q: int
    exponent: int = 3

    def __repr__(self) -> str:
        """Never the key."""
        return f"RsaKey({8 * self.size} bits)"

    @property
    def size(self) -> int:
        """Bytes of the modulus."""
        return ((self.p * self.q).bit_length() + 7) // 8

    @property
    def public(self) -> PublicKey:
        return PublicKey((self.p * self.q).to_bytes(self.size), _shortest(self.exponent))

    def private(self, block: bytes) -> bytes:
        """The private operation (Book 2, B2.1) by the Chinese remainders. Raises ValueError: not below the modulus."""
        value = int.from_bytes(block)
        if value >= self.p * self.q:
            raise ValueError("the block is not below the modulus")
        of_p = pow(value, pow(self.exponent, -1, self.p - 1), self.p)
        of_q = pow(value, pow(self.exponent, -1, self.q - 1), self.q)
        lifted = of_q + self.q * ((of_p - of_q) * pow(self.q, -1, self.p) % self.p)
        return lifted.to_bytes(self.size)


class Certified(msgspec.Struct, frozen=True):
    """What a card holds of a certified key: certificate, what did not fit into it, exponent."""

    certificate: bytes
    remainder: bytes
    exponent: bytes


def generate(bits: int, exponent: int = 3) -> RsaKey:
    """A fresh TEST key."""
    made = rsa.generate_private_key(exponent, bits).private_numbers()
    return RsaKey(made.p, made.q, exponent)


def issuer_certificate(authority: RsaKey, key: PublicKey, bin: str, expiry: str) -> Certified:
    """90, 92 and 9F32 (Book 2, table 2). `bin` is 3 to 8 digits of the PAN, `expiry` MMYY."""
    who = ISSUER + bytes.fromhex(bin.ljust(8, "F") + expiry) + SERIAL
    return _certified(authority, who, key, ISSUER_ROOM, b"")


def icc_certificate(issuer: RsaKey, key: PublicKey, pan: str, expiry: str, static: bytes = b"") -> Certified:
    """9F46, 9F48 and 9F47 (Book 2, table 6). `static` is the data to be authenticated (Book 3, 10.3).

    A PIN encipherment key's 9F2D, 9F2F and 9F2E are the same without `static` (Book 2, table 23).
    """
    who = ICC + bytes.fromhex(pan.ljust(2 * PAN_SIZE, "F") + expiry) + SERIAL
    return _certified(issuer, who, key, ICC_ROOM, static)


def static_signature(issuer: RsaKey, code: bytes, static: bytes) -> bytes:
    """93 (Book 2, table 3). `code` is the data authentication code, two bytes."""
    return _signed(issuer, SSAD + SHA_1 + code, static)


def dynamic_signature(icc: RsaKey, dynamic: bytes, covered: bytes) -> bytes:
    """9F4B (Book 2, table 15). `covered` is what the DDOL asks for; for CDA the unpredictable number (table 18)."""
    return _signed(icc, SDAD + SHA_1 + bytes((len(dynamic),)) + dynamic, covered)


def cda_dynamic(number: bytes, cid: bytes, cryptogram: bytes, told: bytes) -> bytes:
    """ICC dynamic data of CDA (Book 2, table 19). `told` is all that the transaction data hash code is over."""
    return bytes((len(number),)) + number + cid + cryptogram + hashlib.sha1(told).digest()  # noqa: S324 - EMV's own


def deciphered_pin(key: RsaKey, data: bytes, challenge: bytes) -> bytes | None:
    """The PIN block of an enciphered VERIFY (Book 2, 7.2), None when it is not for this key and challenge."""
    if len(data) != key.size or int.from_bytes(data) >= key.p * key.q:
        return None
    clear = key.private(data)
    return clear[PIN_BLOCK] if clear[0] == PIN_HEADER and clear[CHALLENGE] == challenge else None


def _certified(signer: RsaKey, who: bytes, key: PublicKey, around: int, covered: bytes) -> Certified:
    room = signer.size - around
    sizes = bytes((len(key.modulus), len(key.exponent)))
    body = who + SHA_1 + RSA + sizes + key.modulus[:room].ljust(room, PAD)
    remainder = key.modulus[room:]
    return Certified(_signed(signer, body, remainder + key.exponent + covered), remainder, key.exponent)


def _signed(signer: RsaKey, body: bytes, covered: bytes) -> bytes:
    body = body.ljust(signer.size - AROUND, PAD)
    digest = hashlib.sha1(body + covered).digest()  # noqa: S324 - EMV's own
    return signer.private(HEADER + body + digest + TRAILER)


def _shortest(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8)
