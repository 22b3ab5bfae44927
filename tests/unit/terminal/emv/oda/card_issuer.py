"""A card issuer for tests: writes certificates and signatures by the tables of Book 2, without the terminal's reader.

TEST KEYS: made anew in each run. The account number is a test card's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa

from terminal.emv import tags, tlv
from terminal.emv.oda.authentication import Authenticated, authenticate_card
from terminal.emv.oda.capk import Capk, KeyRing, PublicKey
from terminal.emv.oda.chain import ChainReport, explain_chain
from terminal.emv.read import Records
from terminal.emv.transport import Link
from terminal.emv.verification import Aip, Capabilities

RID, INDEX = bytes.fromhex("A000000333"), 0x77
PAN = bytes.fromhex("6210948000000011")
OWNER = PAN.ljust(10, b"\xff")
UN = bytes.fromhex("7863AFC6")
TERMINAL = {tags.DATE: bytes.fromhex("150316"), tags.UNPREDICTABLE_NUMBER: UN, tags.COUNTRY: b"\x01\x56"}
SIGNED = bytes.fromhex("5A08621094800000001157")
AIP = Aip(0x7D00)  # SDA, DDA, CDA and more
ALL = Capabilities.SDA | Capabilities.DDA | Capabilities.CDA
DDOL = bytes.fromhex("9F3704")
NUMBER = bytes.fromhex("0123456789ABCDEF")
OK = b"\x90\x00"


class Rsa:
    """A pair: TEST KEY."""

    def __init__(self, bits: int, exponent: int) -> None:
        numbers = rsa.generate_private_key(exponent, bits).private_numbers()
        self.size, self.n, self.d = bits // 8, numbers.public_numbers.n, numbers.d
        self.modulus, self.exponent = (
            self.n.to_bytes(self.size),
            bytes((exponent,)) if exponent < 256 else b"\x01\0\x01",
        )
        self.public = PublicKey(self.modulus, exponent)

    def sign(self, plain: bytes) -> bytes:
        assert len(plain) == self.size
        return pow(int.from_bytes(plain), self.d, self.n).to_bytes(self.size)


@cache
def key(bits: int, exponent: int = 3, which: int = 0) -> Rsa:
    return Rsa(bits, exponent)


@dataclass(frozen=True)
class Paper:
    """A certificate before it is signed (Book 2, tables 2, 11 and 24); None: what is right."""

    form: int
    owner: bytes
    modulus: bytes
    exponent: bytes = b"\x03"
    expiry: bytes = bytes.fromhex("1249")
    serial: bytes = bytes.fromhex("0000A1")
    beyond: bytes = b""
    header: int = 0x6A
    trailer: int = 0xBC
    hashed_by: int = 1
    algorithm: int = 1
    modulus_length: int | None = None
    exponent_length: int | None = None
    hash: bytes | None = None

    def parts(self, size: int) -> tuple[bytes, bytes, bytes]:
        """What is signed, its hash, the remainder."""
        room = size - 22 - 10 - len(self.owner)
        lengths = (
            len(self.modulus) if self.modulus_length is None else self.modulus_length,
            len(self.exponent) if self.exponent_length is None else self.exponent_length,
        )
        name = bytes((self.form,)) + self.owner + self.expiry + self.serial
        middle = name + bytes((self.hashed_by, self.algorithm, *lengths)) + self.modulus[:room].ljust(room, b"\xbb")
        remainder = self.modulus[room:]
        digest = hashlib.sha1(middle + remainder + self.exponent + self.beyond).digest()
        return middle, self.hash or digest, remainder

    def signed(self, by: Rsa) -> tuple[bytes, bytes]:
        middle, digest, remainder = self.parts(by.size)
        return by.sign(bytes((self.header,)) + middle + digest + bytes((self.trailer,))), remainder


@dataclass(frozen=True)
class Issue:
    """One card and the keys above it."""

    ca: Rsa
    bank: Rsa
    chip: Rsa
    issuer: Paper
    card: Paper

    def values(self) -> dict[int, bytes | None]:
        return {**written(self)}

    def written(self) -> dict[int, bytes]:
        certificate, remainder = self.issuer.signed(self.ca)
        own, own_remainder = self.card.signed(self.bank)
        found = {
            tags.PAN: PAN,
            tags.CAPK_INDEX: bytes((INDEX,)),
            tags.STATIC_TAGS: b"\x82",
            tags.ISSUER_CERTIFICATE: certificate,
            tags.ISSUER_EXPONENT: self.issuer.exponent,
            tags.ISSUER_REMAINDER: remainder,
            tags.ICC_CERTIFICATE: own,
            tags.ICC_EXPONENT: self.card.exponent,
            tags.ICC_REMAINDER: own_remainder,
            tags.SIGNED_STATIC: self.bank.sign(static(self.bank.size)),
        }
        return {tag: value for tag, value in found.items() if value}

    @property
    def keys(self) -> KeyRing:
        revoked = frozenset({(RID, INDEX, bytes.fromhex("BADBAD"))})
        return KeyRing({(RID, INDEX): Capk(RID, INDEX, self.ca.public, "")}, revoked)


@cache
def written(issue: Issue) -> dict[int, bytes]:
    return issue.written()


def static(size: int, **changes: Any) -> bytes:
    """Book 2, table 3."""
    told = {"header": 0x6A, "form": 3, "hashed_by": 1, "trailer": 0xBC, "beyond": SIGNED + AIP.encoded(), **changes}
    middle = bytes((told["form"], told["hashed_by"])) + b"\xda\xc1" + b"\xbb" * (size - 26)
    digest = hashlib.sha1(middle + told["beyond"]).digest()
    return bytes((told["header"],)) + middle + told.get("hash", digest) + bytes((told["trailer"],))


def dynamic(size: int, data: bytes, sent: bytes, **changes: Any) -> bytes:
    """Book 2, table 15."""
    told = {"header": 0x6A, "form": 5, "hashed_by": 1, "trailer": 0xBC, "length": len(data), **changes}
    middle = bytes((told["form"], told["hashed_by"], told["length"])) + data.ljust(size - 25, b"\xbb")
    digest = hashlib.sha1(middle + sent).digest()
    return bytes((told["header"],)) + middle + told.get("hash", digest) + bytes((told["trailer"],))


@cache
def issued(sizes: tuple[int, int, int] = (1408, 1280, 1152), exponent: int = 3) -> Issue:
    ca, bank, chip = (key(bits, exponent, which) for which, bits in enumerate(sizes))
    issuer = Paper(0x02, PAN[:4], bank.modulus, bank.exponent)
    card = Paper(0x04, OWNER, chip.modulus, chip.exponent, beyond=SIGNED + AIP.encoded())
    return Issue(ca, bank, chip, issuer, card)


SMALLER = (1408, 1280, 1152)  # each key is longer than the certificate has room for
ROOMY = (1984, 1536, 1152)  # none is


def records(values: Mapping[int, bytes | None], changes: Mapping[int, bytes | None] = {}) -> Records:
    return Records({tag: value for tag, value in {**values, **changes}.items() if value is not None}, SIGNED)


def reported(issue: Issue, changes: Mapping[int, bytes | None] = {}) -> ChainReport:
    return explain_chain(records(issue.values(), changes), AIP, issue.keys, RID, TERMINAL)


async def authenticated(
    issue: Issue,
    capabilities: Capabilities,
    found: Records | None = None,
    answer: bytes | None = None,
    default_ddol: bytes = DDOL,
) -> Authenticated:
    async def transmit(command: bytes) -> bytes:
        if answer is not None:
            return answer + OK
        sent = command[5 : 5 + command[4]]
        signature = issue.chip.sign(dynamic(issue.chip.size, bytes((len(NUMBER),)) + NUMBER, sent))
        return tlv.build([(tags.FORMAT_1, signature)]) + OK

    card = found or records(issue.values())
    return await authenticate_card(Link(transmit, 1), AIP, card, TERMINAL, capabilities, issue.keys, RID, default_ddol)


def flipped(value: bytes, at: int = 0) -> bytes:
    return value[:at] + bytes((value[at] ^ 1,)) + value[at + 1 :]
