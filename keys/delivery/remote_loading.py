"""Keys from a key distribution host (KDH), in one pass after TR-34's manner. Law: asked for once, taken once.

| request       | is                                                               |
|---------------|------------------------------------------------------------------|
| `format`      | "yuanlu-key-request-1"                                           |
| `terminal_id` | F41                                                              |
| `nonce`       | 32 random bytes, hex                                             |
| `certificate` | this device's, DER in base64                                     |
| seal          | "signature" under the device's key (keys/delivery/certificate_chain.py)   |

| token         | is                                                               |
|---------------|------------------------------------------------------------------|
| `format`      | "yuanlu-token-1"                                                 |
| `terminal_id` | as asked                                                         |
| `nonce`       | as asked                                                         |
| `device`      | the name of the device's key (keys/delivery/device_identity.py)           |
| `ephemeral`   | the KDH's public key of this token only: 04, x, y of P-256, hex  |
| `chain`       | the KDH's certificate and those above it, DER in base64          |
| seal          | "signature" under the KDH's key, over all of it                  |

The key-block protection key (KBPK, AES-128) is agreed on and not sent: ECDH of the ephemeral key with the device's
(NIST SP 800-56A, 6.2.2.2, C(1e, 1s)), HKDF with SHA-256 (RFC 5869; salt: the nonce; info: `context`).
"""

from __future__ import annotations

import hmac
import os
from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from keys.delivery.certificate_chain import is_signed, trusted_key
from keys.delivery.device_identity import CURVE, Identity
from keys.delivery.document import LINE_END, LoadedKey, TerminalId, parted, sealed
from terminal.ports import KeyRefused

REQUEST: Final = "yuanlu-key-request-1"
TOKEN: Final = "yuanlu-token-1"  # noqa: S105 - a format's name
SIGNATURE = "signature"
NONCE, KBPK = 32, 16  # bytes
VERSION = "D"  # of the key blocks

Hex32 = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-F]{64}\Z")]
Point = Annotated[str, msgspec.Meta(pattern=r"^04[0-9A-F]{128}\Z")]


class RequestHeader(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The only line of a request but for its seal."""

    format: Literal["yuanlu-key-request-1"]
    terminal_id: TerminalId
    nonce: Hex32
    certificate: bytes


class TokenHeader(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first line of a token."""

    format: Literal["yuanlu-token-1"]
    terminal_id: TerminalId
    nonce: Hex32
    device: Hex32
    ephemeral: Point
    chain: tuple[bytes, ...]


def new_nonce() -> bytes:
    """32 bytes. The vault keeps it until its token was taken, or until it asks anew."""
    return os.urandom(NONCE)


def request(identity: Identity, nonce: bytes, terminal_id: str) -> bytes:
    """What the device shows to a KDH, signed. Raises KeyRefused when it is not certified yet."""
    if not identity.certificate:
        raise KeyRefused("this device has no certificate yet: the bank's CA gives one for its request (CSR)")
    if len(nonce) != NONCE:
        raise KeyRefused(f"a nonce of {len(nonce)} bytes is none")
    header = RequestHeader(REQUEST, terminal_id, nonce.hex().upper(), identity.certificate)
    text = msgspec.json.encode(header) + LINE_END
    return sealed(text, SIGNATURE, identity.signature(text))


def open_token(
    identity: Identity, authority: bytes, nonce: bytes, terminal_id: str, token: bytes, now: datetime
) -> tuple[LoadedKey, ...]:
    """All keys of a token. `authority`: trust anchors, PEM. `nonce`: of the open request, b"" when there is none.

    The caller forgets the nonce in the write that keeps the keys. Raises KeyRefused for whatever is not as it must be.
    """
    if len(nonce) != NONCE:
        raise KeyRefused("this device has asked for no keys, or has got them already")
    document = parted(token, SIGNATURE)
    header = document.header(TokenHeader)
    if not is_signed(trusted_key(header.chain, authority, "key-host", now), document.text, document.seal):
        raise KeyRefused("this token was altered, or another signed it: its signature is wrong")
    if not hmac.compare_digest(bytes.fromhex(header.nonce), nonce):
        raise KeyRefused("this token answers another request than the last one")
    if header.terminal_id != terminal_id:
        raise KeyRefused(f"this token is for terminal {header.terminal_id}, not for {terminal_id}")
    if header.device != identity.name:
        raise KeyRefused("this token is for another device")
    ephemeral = point_of(header.ephemeral)
    return document.keys(agreed(identity.key(), ephemeral, nonce, context(header)), VERSION)


def agreed(key: ec.EllipticCurvePrivateKey, public: ec.EllipticCurvePublicKey, nonce: bytes, info: bytes) -> bytes:
    """The KBPK, the same on both sides."""
    return HKDF(hashes.SHA256(), KBPK, nonce, info).derive(key.exchange(ec.ECDH(), public))


def context(header: TokenHeader) -> bytes:
    """What the KBPK is for: format, terminal, device and ephemeral key, each after a space."""
    return " ".join((TOKEN, header.terminal_id, header.device, header.ephemeral)).encode()


def point_of(spelled: str) -> ec.EllipticCurvePublicKey:
    """A public key of P-256. Raises KeyRefused when it is no point of the curve."""
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(CURVE, bytes.fromhex(spelled))
    except ValueError:
        raise KeyRefused("the ephemeral key of this token is none") from None
