"""Who vouches for a policy file: a detached signature over its bytes. Law: the key says the algorithm, never the file.

| key (PEM)  | signature, as openssl makes it               | in the .sig file |
|------------|----------------------------------------------|------------------|
| Ed25519    | RFC 8032, 5.1.6: 64 bytes                    | base64           |
| EC P-256   | ECDSA with SHA-256 (FIPS 186-5, 6), DER      | base64           |

The authority is a file of one or more public keys; more than one while a key is being replaced. No certificates: whose
end of validity would switch refunds off on a day that nobody chose (docs/adr/0010-the-policy-is-a-signed-file.md).
"""

from __future__ import annotations

import base64
import binascii
import re

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from terminal.ports import KeyRefused

PUBLIC_KEY = re.compile(rb"-----BEGIN PUBLIC KEY-----.+?-----END PUBLIC KEY-----", re.DOTALL)
ECDSA = ec.ECDSA(hashes.SHA256())
CURVE = "secp256r1"  # P-256
LINE = 64
FOREIGN = (ValueError, TypeError, UnsupportedAlgorithm)

PublicKey = ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey


def is_signed(text: bytes, signature: bytes, authority: bytes) -> bool:
    """Whether one of the authority's keys made this signature (a .sig file) of `text`.

    Raises KeyRefused for an authority that holds no key, or one of another kind.
    """
    keys = [_public(pem) for pem in PUBLIC_KEY.findall(authority)]
    if not keys:
        raise KeyRefused("the authority holds no public key")
    try:
        raw = base64.b64decode(b"".join(signature.split()), validate=True)
    except binascii.Error:
        return False
    return any(_holds(key, text, raw) for key in keys)


def sign(text: bytes, private_key: bytes, password: bytes | None = None) -> bytes:
    """The content of the .sig file. `private_key` is PEM. Raises KeyRefused."""
    try:
        key = serialization.load_pem_private_key(private_key, password)
    except FOREIGN:
        raise KeyRefused("the private key cannot be read, or its password is another one") from None
    if isinstance(key, ed25519.Ed25519PrivateKey):
        raw = key.sign(text)
    elif isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name == CURVE:
        raw = key.sign(text, ECDSA)
    else:
        raise KeyRefused("a policy is signed with an Ed25519 or P-256 key")
    spelled = base64.b64encode(raw)
    return b"".join(spelled[at : at + LINE] + b"\n" for at in range(0, len(spelled), LINE))


def _public(pem: bytes) -> PublicKey:
    try:
        key = serialization.load_pem_public_key(pem)
    except FOREIGN:
        raise KeyRefused("a key of the authority cannot be read") from None
    if isinstance(key, ed25519.Ed25519PublicKey):
        return key
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == CURVE:
        return key
    raise KeyRefused("a key of the authority is neither Ed25519 nor P-256")


def _holds(key: PublicKey, text: bytes, signature: bytes) -> bool:
    try:
        if isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, text)
        else:
            key.verify(signature, text, ECDSA)
    except InvalidSignature:
        return False
    return True
