"""The bank's side of remote loading: read a device's request, answer with a token. Law: who asks is proved first.

A device uses none of it; the simulator does, and whoever tries out a real key distribution host.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from keys.delivery.certificate_chain import is_signed, trusted_key
from keys.delivery.device_identity import CURVE, key_name
from keys.delivery.document import LoadedKey, parted, sealed, text_of
from keys.delivery.remote_loading import SIGNATURE, TOKEN, VERSION, RequestHeader, TokenHeader, agreed, context
from terminal.ports import KeyRefused

Sign = Callable[[bytes], bytes]  # a text to its signature, of the kind its key makes (certificate_chain.py)


class Asked(msgspec.Struct, frozen=True):
    """A request that was proved: `device` is the name of its key, `public` the key."""

    terminal_id: str
    nonce: bytes
    device: str
    public: ec.EllipticCurvePublicKey


def read_request(request: bytes, authority: bytes, now: datetime) -> Asked:
    """What a device under these anchors (PEM) asks for. Raises KeyRefused."""
    document = parted(request, SIGNATURE)
    header = document.header(RequestHeader)
    public = trusted_key([header.certificate], authority, "device", now)
    if not isinstance(public, ec.EllipticCurvePublicKey) or public.curve.name != CURVE.name:
        raise KeyRefused("the key of this device is not one of P-256")
    if not is_signed(public, document.text, document.seal) or len(document.lines) != 1:
        raise KeyRefused("this request was altered: its signature is wrong")
    return Asked(header.terminal_id, bytes.fromhex(header.nonce), key_name(public), public)


def make_token(asked: Asked, keys: Iterable[LoadedKey], chain: Sequence[bytes], sign: Sign) -> bytes:
    """`chain` is the host's certificate and those above it (DER); `sign` its key. Raises KeyRefused."""
    ephemeral = ec.generate_private_key(CURVE)
    point = ephemeral.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    nonce = asked.nonce.hex().upper()
    header = TokenHeader(TOKEN, asked.terminal_id, nonce, asked.device, point.hex().upper(), tuple(chain))
    text = text_of(header, agreed(ephemeral, asked.public, asked.nonce, context(header)), VERSION, keys)
    return sealed(text, SIGNATURE, sign(text))
