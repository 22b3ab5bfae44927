"""Certificates for the roles of remote loading, made for tests and the simulator. Law: no real key is certified here.

A bank's CA does this with its own tools (docs/key-loading.md). The defaults of `Role` make a good certificate; each
field makes it bad in one way.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Literal

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import NameOID

from keys.delivery.certificate_chain import DIGESTS, PSS, PURPOSES
from terminal.ports import KeyRefused

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey
KeyKind = Literal["p256", "p384", "rsa-3072", "rsa-2048"]
NEW_KEY: dict[KeyKind, Callable[[], PrivateKey]] = {
    "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "rsa-3072": lambda: rsa.generate_private_key(65537, 3072),
    "rsa-2048": lambda: rsa.generate_private_key(65537, 2048),
}


class Role(msgspec.Struct, frozen=True):
    """`since` and `until` are aware of their zone. `purpose` "" is no key's; `demands` is a critical extension."""

    name: str
    since: datetime
    until: datetime
    purpose: Literal["device", "key-host", ""] = ""
    is_authority: bool = False
    most_below: int | None = None  # pathLenConstraint
    demands: bool = False


class Holder(msgspec.Struct, frozen=True):
    """A TEST certificate and its key."""

    certificate: x509.Certificate
    key: PrivateKey

    def __repr__(self) -> str:
        """The name only."""
        return f"Holder({self.certificate.subject.rfc4514_string()})"

    @property
    def pem(self) -> bytes:
        """The certificate."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def der(self) -> bytes:
        """The certificate."""
        return self.certificate.public_bytes(serialization.Encoding.DER)

    def issue(self, role: Role, kind: KeyKind = "p256") -> Holder:
        """A certificate under this one, whether this one may issue or not."""
        key = NEW_KEY[kind]()
        return Holder(_signed(role, key.public_key(), self.certificate.subject, self.key), key)

    def certify(self, csr: str, role: Role) -> bytes:
        """PEM for who asks with a CSR (PEM); the name is the role's. Raises KeyRefused."""
        asked = x509.load_pem_x509_csr(csr.encode("ascii"))
        public = asked.public_key()
        if not asked.is_signature_valid or not isinstance(public, PublicKey):
            raise KeyRefused("who asks for this certificate does not have its key")
        certificate = _signed(role, public, self.certificate.subject, self.key)
        return certificate.public_bytes(serialization.Encoding.PEM)

    def sign(self, text: bytes) -> bytes:
        """As keys/delivery/certificate_chain.py says for this kind of key."""
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(text, PSS, hashes.SHA256())
        size = (self.key.curve.key_size + 7) // 8
        r, s = decode_dss_signature(self.key.sign(text, ec.ECDSA(DIGESTS[self.key.curve.name])))
        return r.to_bytes(size) + s.to_bytes(size)


def new_authority(role: Role, kind: KeyKind = "p256") -> Holder:
    """A TEST root."""
    key = NEW_KEY[kind]()
    return Holder(_signed(role, key.public_key(), _name(role.name), key), key)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _signed(role: Role, public: PublicKey, issuer: x509.Name, key: PrivateKey) -> x509.Certificate:
    draft = (
        x509.CertificateBuilder(issuer, _name(role.name), public, x509.random_serial_number())
        .not_valid_before(role.since)
        .not_valid_after(role.until)
        .add_extension(x509.BasicConstraints(role.is_authority, role.most_below), critical=True)
        .add_extension(_usage(role.is_authority), critical=True)
    )
    if role.purpose:
        draft = draft.add_extension(x509.ExtendedKeyUsage([PURPOSES[role.purpose]]), critical=True)
    if role.demands:
        draft = draft.add_extension(x509.InhibitAnyPolicy(0), critical=True)
    return draft.sign(key, hashes.SHA256())


def _usage(is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=not is_authority,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )
