"""X.509 for a closed network: a small test CA and the server's certificate under it. TEST KEYS ONLY.

The counter and the tests speak real TLS with it; a device gets its certificates by provisioning.
"""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LIFE = timedelta(days=30)


def make_test_authority(folder: Path, host: str = "127.0.0.1") -> None:
    """Write ca.pem, server.pem and server.key (P-256) into `folder`; what is there already is replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    authority_key, server_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = _name("yuanlu TEST authority")
    ca = _draft(authority, authority, authority_key).add_extension(x509.BasicConstraints(True, 0), critical=True)
    server = _draft(_name(host), authority, server_key).add_extension(
        x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))]), critical=False
    )
    (folder / "ca.pem").write_bytes(_pem(ca.sign(authority_key, hashes.SHA256())))
    (folder / "server.pem").write_bytes(_pem(server.sign(authority_key, hashes.SHA256())))
    secret = server_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "server.key").touch(mode=0o600)
    (folder / "server.key").write_bytes(secret)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _draft(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return x509.CertificateBuilder(
        issuer, subject, key.public_key(), x509.random_serial_number(), now - timedelta(hours=1), now + LIFE
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
