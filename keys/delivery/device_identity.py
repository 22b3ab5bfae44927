"""Who this device is to a key distribution host: a key pair of its own making. Law: the private half never leaves.

The key is EC P-256, for signatures (ECDSA) and for key agreement (ECDH): made in a millisecond where RSA-3072 of the
same strength takes a small processor many seconds, and small enough for any certificate and screen. What travels
under it is as strong as AES-128 and no stronger (NIST SP 800-57-1, 5.6.1.1).
"""

from __future__ import annotations

import hashlib
from datetime import datetime

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import NameOID

from keys.delivery.certificate_chain import trusted_key
from terminal.ports import KeyRefused

CURVE = ec.SECP256R1()
SIZE = 32  # bytes of a number of the curve
SHOWN = 16  # characters of a name's fingerprint that a person compares


class Identity(msgspec.Struct, frozen=True):
    """`secret` is PKCS #8, DER; `csr` PEM, for the bank's CA; `certificate` DER, b"" until the CA has given it."""

    secret: bytes
    csr: str
    certificate: bytes = b""

    def __repr__(self) -> str:
        """The name only."""
        return f"Identity({self.name})"

    @property
    def name(self) -> str:
        """SHA-256 of SubjectPublicKeyInfo, hex in upper case: what the bank knows this device by."""
        return key_name(self.key().public_key())

    def key(self) -> ec.EllipticCurvePrivateKey:
        """Raises KeyRefused when it is none."""
        try:
            key = serialization.load_der_private_key(self.secret, None)
        except (ValueError, TypeError):
            key = None
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != CURVE.name:
            raise KeyRefused("the key of this device cannot be read")
        return key

    def signature(self, text: bytes) -> bytes:
        """ECDSA with SHA-256: r and s, 64 bytes."""
        r, s = decode_dss_signature(self.key().sign(text, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(SIZE) + s.to_bytes(SIZE)


def key_name(public: ec.EllipticCurvePublicKey) -> str:
    """64 characters."""
    info = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(info).hexdigest().upper()


def new_identity() -> Identity:
    """A fresh key and what asks for its certificate (PKCS #10); without a certificate yet."""
    key = ec.generate_private_key(CURVE)
    common = x509.NameAttribute(NameOID.COMMON_NAME, f"yuanlu {key_name(key.public_key())[:SHOWN]}")
    asked = x509.CertificateSigningRequestBuilder(x509.Name([common])).sign(key, hashes.SHA256())
    secret = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Identity(secret, asked.public_bytes(serialization.Encoding.PEM).decode("ascii"))


def certified(identity: Identity, certificate: bytes, authority: bytes, now: datetime) -> Identity:
    """With the certificate (PEM) that a CA under the anchors (PEM) gave this device. Raises KeyRefused."""
    try:
        der = x509.load_pem_x509_certificate(certificate).public_bytes(serialization.Encoding.DER)
    except ValueError:
        raise KeyRefused("this is no certificate") from None
    key = trusted_key([der], authority, "device", now)
    if not isinstance(key, ec.EllipticCurvePublicKey) or key_name(key) != identity.name:
        raise KeyRefused("this certificate is another device's")
    return msgspec.structs.replace(identity, certificate=der)
