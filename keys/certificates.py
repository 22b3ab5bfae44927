"""X.509 for a closed network: the pin of a key, and a TEST authority that certifies whatever a test asks for.

Law: what is issued here is for the counter and for tests, never for a device: that one gets its certificates by
provisioning. The defaults of `Wanted` make a good server for 127.0.0.1; each field makes it bad in one way.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFE = timedelta(days=30)
PUBLIC_EXPONENT = 65537
PURPOSES = {"server": ExtendedKeyUsageOID.SERVER_AUTH, "client": ExtendedKeyUsageOID.CLIENT_AUTH}
RSA_BITS = {"rsa": 2048, "rsa-1024": 1024}

KeyKind = Literal["ec", "rsa", "rsa-1024"]
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def public_key_pin(certificate_der: bytes) -> str:
    """Base64 SHA-256 of SubjectPublicKeyInfo (RFC 7469, 2.4). Raises ValueError for what is no certificate."""
    key = x509.load_der_x509_certificate(certificate_der).public_key()
    spki = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(spki).digest()).decode("ascii")


class Wanted(msgspec.Struct, frozen=True):
    """What a TEST certificate shall say; times are counted from now."""

    name: str = "127.0.0.1"  # the common name, which proves nothing
    addresses: tuple[str, ...] = ("127.0.0.1",)  # subjectAltName, iPAddress
    hosts: tuple[str, ...] = ()  # subjectAltName, dNSName
    key: KeyKind = "ec"
    since: timedelta = timedelta(hours=-1)
    until: timedelta = LIFE
    purpose: Literal["server", "client"] = "server"
    is_authority: bool = False
    names_authority_key: bool = True  # RFC 5280, 4.2.1.1: it must


AUTHORITY = Wanted("yuanlu TEST authority", addresses=(), is_authority=True)
TERMINAL = Wanted("yuanlu TEST terminal", addresses=(), purpose="client")


class Holder:
    """A TEST certificate and its key; `chain` is what a server shows: its own first, without the root."""

    def __init__(self, certificate: x509.Certificate, key: PrivateKey, above: tuple[x509.Certificate, ...]) -> None:
        self.certificate, self.key = certificate, key
        is_root = certificate.subject == certificate.issuer
        self._passed_on = () if is_root else (certificate, *above)
        self.chain = (certificate, *above)

    def issue(self, wanted: Wanted = Wanted()) -> Holder:  # noqa: B008 - frozen
        """A certificate under this one, whether this one may issue or not."""
        key = _new_key(wanted.key)
        certificate = _signed(wanted, key, self.certificate.subject, self.key)
        return Holder(certificate, key, self._passed_on)

    @property
    def pin(self) -> str:
        """As in the terminal's configuration."""
        return public_key_pin(self.certificate.public_bytes(serialization.Encoding.DER))

    def write(self, folder: Path, stem: str) -> None:
        """`stem`.pem (the chain) and `stem`.key; what is there already is replaced."""
        folder.mkdir(parents=True, exist_ok=True)
        pem = b"".join(one.public_bytes(serialization.Encoding.PEM) for one in self.chain)
        (folder / f"{stem}.pem").write_bytes(pem)
        secret = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        (folder / f"{stem}.key").touch(mode=0o600)
        (folder / f"{stem}.key").write_bytes(secret)


def self_signed(wanted: Wanted = AUTHORITY) -> Holder:
    """A TEST root, or a server that vouches for itself."""
    key = _new_key(wanted.key)
    return Holder(_signed(wanted, key, _name(wanted.name), key), key, ())


def make_test_authority(folder: Path, host: str = "127.0.0.1") -> None:
    """Write ca.pem, and server and client (.pem, .key) under it, into `folder`; what is there is replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    authority = self_signed()
    (folder / "ca.pem").write_bytes(authority.certificate.public_bytes(serialization.Encoding.PEM))
    authority.issue(Wanted(host, addresses=(host,))).write(folder, "server")
    authority.issue(TERMINAL).write(folder, "client")


def _new_key(kind: KeyKind) -> PrivateKey:
    if kind == "ec":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(PUBLIC_EXPONENT, RSA_BITS[kind])


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _signed(wanted: Wanted, key: PrivateKey, issuer: x509.Name, issuer_key: PrivateKey) -> x509.Certificate:
    now, public = datetime.now(UTC), key.public_key()
    draft = (
        x509.CertificateBuilder(issuer, _name(wanted.name), public, x509.random_serial_number())
        .not_valid_before(now + wanted.since)
        .not_valid_after(now + wanted.until)
        .add_extension(x509.BasicConstraints(wanted.is_authority, None), critical=True)
        .add_extension(_usage(wanted.is_authority), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )
    if wanted.names_authority_key:
        above = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
        draft = draft.add_extension(above, critical=False)
    names: list[x509.GeneralName] = [x509.IPAddress(ipaddress.ip_address(one)) for one in wanted.addresses]
    names += [x509.DNSName(one) for one in wanted.hosts]
    if names:
        draft = draft.add_extension(x509.SubjectAlternativeName(names), critical=False)
    if not wanted.is_authority:
        draft = draft.add_extension(x509.ExtendedKeyUsage([PURPOSES[wanted.purpose]]), critical=False)
    return draft.sign(issuer_key, hashes.SHA256())


def _usage(is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        content_commitment=False,
        key_encipherment=not is_authority,  # so that the RSA key exchange of old suites could be spoken at all
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )
