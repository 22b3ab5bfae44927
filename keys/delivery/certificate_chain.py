"""Whose key is this: X.509 certificates up to a trust anchor, and signatures. Law: the key says the algorithm.

No text, token or certificate chooses how its signature is checked; who vouches for a key does, by the kind of its own.

| key            | signature                                            | bytes |
|----------------|------------------------------------------------------|-------|
| EC P-256       | ECDSA with SHA-256, r and s (FIPS 186-5, 6)          | 64    |
| EC P-384       | ECDSA with SHA-384, r and s                          | 96    |
| RSA, 3072 bits | PSS with SHA-256, salt of 32 bytes (RFC 8017, 8.1)   | 384 - |
| SM2            | SM2 with SM3, r and s (GB/T 32918.2, keys/algorithms/sm2.py)    | 64    |

What is checked of a chain (RFC 5280, 6.1): signatures, names, validity, CA and path length, key usage, and that its
first one has the purpose that is asked for: a device that the same CA certified is no key distribution host. Nothing is
known of revocation here: an authority that is no longer trusted is taken out of the anchors.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from keys.algorithms import sm2
from terminal.ports import KeyRefused

PURPOSES = {  # extended key usage: our own, below 2.25, where a UUID is a name (ITU-T X.667)
    "device": x509.ObjectIdentifier("2.25.87031942808953573226531024579807270407"),
    "key-host": x509.ObjectIdentifier("2.25.273547505786622463529508934190187603776"),
}
NAMES = {"device": "this device", "key-host": "the key distribution host"}
MOST_CERTIFICATES = 4  # the signer's, and those between it and the anchor
LEAST_RSA_BITS = 3072  # as strong as P-256 (NIST SP 800-57-1, 5.6.1.1)
DIGESTS: dict[str, hashes.HashAlgorithm] = {"secp256r1": hashes.SHA256(), "secp384r1": hashes.SHA384()}
PSS = padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256.digest_size)
STRONG = ("sha256", "sha384", "sha512")  # in certificates
KNOWN = (x509.BasicConstraints, x509.KeyUsage, x509.ExtendedKeyUsage)  # critical extensions that are obeyed here
SM2_WITH_SM3 = x509.ObjectIdentifier("1.2.156.10197.1.501")  # GM/T 0006
# SubjectPublicKeyInfo of an SM2 key to where its point begins: id-ecPublicKey, 1.2.156.10197.1.301 (GM/T 0015)
SM2_KEY = bytes.fromhex("3059301306072A8648CE3D020106082A811CCF5501822D034200")
VERSION_TAG, LONG_LENGTH = 0xA0, 0x80  # DER (X.690, 8.1.3)
KEY_ELEMENT = 5  # of TBSCertificate after its version (RFC 5280, 4.1)
FOREIGN = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)


class Sm2Key(msgspec.Struct, frozen=True):
    """04, x, y: 65 bytes."""

    point: bytes


PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | Sm2Key


def trusted_key(chain: Sequence[bytes], authority: bytes, purpose: str, now: datetime) -> PublicKey:
    """The key of the first certificate (DER), each vouched for by the next, the last by an anchor (PEM, `authority`).

    `purpose` is a name of PURPOSES; `now` is aware of its zone. Raises KeyRefused.
    """
    whose = NAMES[purpose]
    if not 0 < len(chain) <= MOST_CERTIFICATES:
        raise KeyRefused(f"{whose} shows no certificate, or too many")
    try:
        shown = [x509.load_der_x509_certificate(one) for one in chain]
        anchors = x509.load_pem_x509_certificates(authority)
        anchor = next((one for one in anchors if _is_issued(shown[-1], one)), None)
        if anchor is None:
            raise KeyRefused(f"nobody this terminal trusts has certified {whose}")
        _check_path([*shown, anchor], whose, now)
        _check_signer(shown[0], purpose)
        return key_of(shown[0])
    except FOREIGN:
        raise KeyRefused(f"a certificate of {whose} cannot be read") from None


def key_of(certificate: x509.Certificate) -> PublicKey:
    """Raises KeyRefused for a key of a kind that is none of the table's; ValueError for none at all."""
    info = _key_element(certificate.tbs_certificate_bytes)
    if info.startswith(SM2_KEY):
        sm2.point_of(info[len(SM2_KEY) :])
        return Sm2Key(info[len(SM2_KEY) :])
    key = certificate.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in DIGESTS:
        return key
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= LEAST_RSA_BITS:
        return key
    raise KeyRefused("a certificate is for a key that is too weak, or of a kind that is not taken")


def is_signed(key: PublicKey, text: bytes, signature: bytes) -> bool:
    """Whether this is a signature of `text` under `key`, of the one kind that its keys make."""
    if isinstance(key, Sm2Key):
        return sm2.is_signed(key.point, text, signature)
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, text, PSS, hashes.SHA256())
            return True
        size = (key.curve.key_size + 7) // 8
        r, s = int.from_bytes(signature[:size]), int.from_bytes(signature[size:])
        if len(signature) == 2 * size:
            key.verify(encode_dss_signature(r, s), text, ec.ECDSA(DIGESTS[key.curve.name]))
            return True
    except InvalidSignature:
        pass
    return False


def _check_path(path: Sequence[x509.Certificate], whose: str, now: datetime) -> None:
    for place, one in enumerate(path):
        if not one.not_valid_before_utc <= now <= one.not_valid_after_utc:
            raise KeyRefused(f"a certificate of {whose} has expired or does not hold yet; or the clock is wrong")
        if any(seen.critical and not isinstance(seen.value, KNOWN) for seen in one.extensions):
            raise KeyRefused(f"a certificate of {whose} demands what is not known here")
        if place and not (_may_certify(one, place - 1) and _is_issued(path[place - 1], one)):
            raise KeyRefused(f"a certificate of {whose} was not given by the one above it")


def _may_certify(authority: x509.Certificate, below: int) -> bool:
    """RFC 5280, 4.2.1.9 and 4.2.1.3; `below` is how many authorities are under this one."""
    try:
        basic = authority.extensions.get_extension_for_class(x509.BasicConstraints).value
        usage = authority.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return basic.ca and usage.key_cert_sign and (basic.path_length is None or basic.path_length >= below)


def _check_signer(certificate: x509.Certificate, purpose: str) -> None:
    """RFC 5280, 4.2.1.3 and 4.2.1.12: it may sign, it may not certify, and it is what it says."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
        purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        if usage.digital_signature and not usage.key_cert_sign and PURPOSES[purpose] in purposes:
            return
    except x509.ExtensionNotFound:
        pass
    raise KeyRefused(f"the certificate that is shown is not one for {NAMES[purpose]}")


def _is_issued(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    """RFC 5280, 6.1.3, a, 1 and 4. Raises what FOREIGN names for keys that are not known."""
    if certificate.issuer != authority.subject:
        return False
    key = key_of(authority)
    if isinstance(key, Sm2Key):
        is_sm2 = certificate.signature_algorithm_oid == SM2_WITH_SM3
        signature = sm2.signature_of(certificate.signature)
        return is_sm2 and sm2.is_signed(key.point, certificate.tbs_certificate_bytes, signature)
    digest = certificate.signature_hash_algorithm
    try:
        certificate.verify_directly_issued_by(authority)
    except InvalidSignature:
        return False
    return digest is not None and digest.name in STRONG


def _key_element(certificate: bytes) -> bytes:
    """SubjectPublicKeyInfo of a TBSCertificate, whose DER was found whole before."""
    content, _ = _content(certificate, 0)
    start, position = content, 0 if certificate[content] == VERSION_TAG else 1
    while True:
        _, end = _content(certificate, start)
        if position == KEY_ELEMENT + 1:
            return certificate[start:end]
        start, position = end, position + 1


def _content(der: bytes, at: int) -> tuple[int, int]:
    """Where the content of the element at `at` begins, and where it ends (X.690, 8.1.3)."""
    first = der[at + 1]
    if first < LONG_LENGTH:
        return at + 2, at + 2 + first
    begin = at + 2 + (first - LONG_LENGTH)
    return begin, begin + int.from_bytes(der[at + 2 : begin])
