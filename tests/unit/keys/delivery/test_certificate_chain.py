"""Certificates and signatures: who may vouch for whom, as openssl sees it too, with 国密 and without."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from keys.algorithms.sm2 import signature_of
from keys.delivery.certificate_chain import trusted_key
from keys.delivery.document import sealed
from keys.delivery.key_distribution import make_token, read_request
from keys.delivery.remote_loading import request
from keys.delivery.role_certificates import new_authority
from simulator.key_host import CA_LIFE, HOST_LIFE, KeyHost
from terminal.ports import KeyRefused
from tests.unit.keys.delivery.key_scene import (
    KEK,
    NOW,
    TERMINAL,
    TMK,
    key_host_role,
    openssl,
    resigned,
    scene,
    seal_of,
    text_of,
)


def test_only_a_key_host_of_this_bank_signs_tokens():
    here = scene()
    root = here.host.authority
    assert here.open(here.signed_by(root.issue(key_host_role(here)))) == (TMK,)
    stranger = KeyHost(lambda: NOW)  # the same names, other keys
    here.refused(here.signed_by(stranger.authority.issue(key_host_role(here))), "not given by the one|nobody")
    foreign = KeyHost(lambda: NOW, name="TEST foreign bank")
    here.refused(here.signed_by(foreign.authority.issue(key_host_role(here))), "nobody this terminal trusts")
    here.refused(here.signed_by(new_authority(key_host_role(here))), "nobody this terminal trusts")
    for fields in ({"purpose": "device"}, {"purpose": ""}, {"is_authority": True}):
        here.refused(here.signed_by(root.issue(key_host_role(here, **fields))), "not one for the key distribution host")
    here.refused(here.signed_by(root), "not one for the key distribution host")
    here.refused(here.signed_by(root.issue(key_host_role(here, demands=True))), "demands what is not known")
    here.refused(here.signed_by(root.issue(key_host_role(here), "rsa-2048")), "too weak")
    # a device that the same CA has certified signs as a host
    device = root.issue(here.host.role("TEST device", HOST_LIFE, purpose="device"))
    here.refused(here.signed_by(device), "not one for the key distribution host")


def test_times_of_certificates():
    here = scene()
    token = here.token()
    day = timedelta(days=1)
    assert here.open(token, now=NOW + HOST_LIFE)
    assert here.open(token, now=NOW - day)
    for now in (NOW + HOST_LIFE + timedelta(seconds=1), NOW - day - timedelta(seconds=1)):
        here.refused(token, "has expired or does not hold yet", now=now)
    expired = here.host.authority.issue(key_host_role(here), "p256")
    here.refused(here.signed_by(expired), "has expired", now=NOW + HOST_LIFE + day)
    lasting = here.host.authority.issue(here.host.role("TEST KDH", CA_LIFE + day, purpose="key-host"))
    assert here.open(here.signed_by(lasting), now=NOW + CA_LIFE)
    here.refused(here.signed_by(lasting), "has expired", now=NOW + CA_LIFE + day)  # the anchor has


def test_authorities_between():
    here = scene()
    root = here.host.authority

    def between(above, **fields):
        return above.issue(here.host.role("TEST CA between", HOST_LIFE, **{"is_authority": True, **fields}))

    middle = between(root)
    host = middle.issue(key_host_role(here))
    assert here.open(here.signed_by(host, middle)) == (TMK,)
    here.refused(here.signed_by(host), "nobody")
    here.refused(here.signed_by(host, root), "not given by the one above|nobody")
    here.refused(here.signed_by(host, between(root)), "not given by the one above it")  # the same name, another key
    here.refused(here.signed_by(host, middle, *[root] * 4), "too many")
    no_ca = between(root, is_authority=False, purpose="key-host")
    here.refused(here.signed_by(no_ca.issue(key_host_role(here)), no_ca), "not given by the one above it")
    lower = between(middle)
    low = here.signed_by(lower.issue(key_host_role(here)), lower, middle)
    assert here.open(low) == (TMK,)
    short = between(root, most_below=0)
    lower = between(short)
    here.refused(here.signed_by(lower.issue(key_host_role(here)), lower, short), "not given by the one above it")
    old = here.host.role("TEST CA between", -timedelta(hours=1), is_authority=True)
    expired = root.issue(old)
    here.refused(here.signed_by(expired.issue(key_host_role(here)), expired), "has expired")


def test_an_authority_is_named_or_there_is_none():
    here = scene()
    token = here.token()
    other = KeyHost(lambda: NOW, name="TEST foreign bank")
    assert here.open(token, authority=other.anchors + here.host.anchors) == (TMK, KEK)
    here.refused(token, "nobody", authority=other.anchors)
    here.refused(token, "cannot be read", authority=b"no certificate")
    here.refused(resigned(token, here.host.sign, chain=[]), "no certificate")
    here.refused(resigned(token, here.host.sign, chain=[base64.b64encode(b"0").decode()]), "cannot be read")


def test_one_kind_of_signature_for_one_kind_of_key():
    """A good signature by the right key, made in another way than keys of its kind do."""
    here, rsa_here = scene(), scene("rsa-3072")
    token = here.token()
    text = text_of(token)
    key = here.host.sign.__self__.key
    der = key.sign(text, ec.ECDSA(hashes.SHA256()))
    sha384 = key.sign(text, ec.ECDSA(hashes.SHA384()))
    padded = seal_of(token)[:32] + b"\0" + seal_of(token)[32:]  # the same two numbers, another spelling
    for seal in (der, sha384, padded):
        here.refused(sealed(text, "signature", seal), "signature is wrong")
    text = text_of(rsa_here.token())
    key = rsa_here.host.sign.__self__.key
    weak = padding.PSS(padding.MGF1(hashes.SHA256()), 20)
    for way in (padding.PKCS1v15(), weak):
        rsa_here.refused(sealed(text, "signature", key.sign(text, way, hashes.SHA256())), "signature is wrong")
    rsa_here.refused(sealed(text, "signature", bytes(384)), "signature is wrong")


@pytest.mark.process
def test_openssl_holds_our_csr_and_certificates_for_good(tmp_path):
    here = scene()
    said = openssl("req", "-verify", "-noout", told=here.device.csr.encode())
    assert b"verify OK" in said.stdout + said.stderr
    (tmp_path / "ca.pem").write_bytes(here.host.anchors)
    chain = {"device": here.device.certificate, "host": here.host.chain[0]}
    for name, der in chain.items():
        pem = tmp_path / f"{name}.pem"
        pem.write_bytes(openssl("x509", "-inform", "DER", told=der).stdout)
        at = str(int(NOW.timestamp()))
        said = openssl("verify", "-attime", at, "-CAfile", tmp_path / "ca.pem", pem)
        assert said.stdout.strip().endswith(b"OK")


@pytest.mark.process
@pytest.mark.parametrize("kind", ["p256", "p384", "rsa-3072"])
def test_openssl_verifies_what_is_signed(tmp_path, kind):
    here = scene(kind)
    for document, der in (
        (here.token(), here.host.chain[0]),
        (request(here.device, here.nonce, TERMINAL), here.device.certificate),
    ):
        public = tmp_path / "key.pem"
        public.write_bytes(openssl("x509", "-inform", "DER", "-pubkey", "-noout", told=der).stdout)
        seal = seal_of(document)
        words = ["-sha256"]
        if len(seal) < 100:
            half = len(seal) // 2
            words = ["-sha256" if half == 32 else "-sha384"]
            seal = encode_dss_signature(int.from_bytes(seal[:half]), int.from_bytes(seal[half:]))
        else:
            words += ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"]
        (tmp_path / "seal").write_bytes(seal)
        told = ("dgst", *words, "-verify", public, "-signature", tmp_path / "seal")
        assert openssl(*told, told=text_of(document)).stdout == b"Verified OK\n"
        assert openssl(*told, told=text_of(document) + b" ", check=False).returncode != 0


EXTENSIONS = """[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
[ca_that_may_not]
basicConstraints = critical, CA:TRUE
keyUsage = critical, digitalSignature
[no_ca_that_may]
basicConstraints = critical, CA:FALSE
keyUsage = critical, keyCertSign
[no_words]
[host]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, 2.25.273547505786622463529508934190187603776
[device]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature, keyAgreement
extendedKeyUsage = critical, 2.25.87031942808953573226531024579807270407
"""
DISTID = "distid:1234567812345678"


class GuomiBank:
    """A 国密 CA and a KDH of openssl's own making: nothing of ours signs with SM2."""

    def __init__(self, folder, algorithm="SM2"):
        self.folder, self.now = folder, datetime.now(UTC)
        (folder / "extensions").write_text(EXTENSIONS)
        for name in ("ca", "host"):
            openssl("genpkey", "-algorithm", "SM2", "-out", folder / f"{name}.key")
        self.issue("ca", "ca")
        self.issue("host", "host")

    def issue(self, name, section, above="ca", digest="-sm3"):
        f = self.folder
        key, csr, pem = f / f"{name}.key", f / f"{name}.csr", f / f"{name}.pem"
        openssl("req", "-new", "-key", key, "-sm3", "-sigopt", DISTID, "-subj", f"/CN=TEST SM2 {name}", "-out", csr)
        signer = ["-signkey", key] if name == above else ["-CA", f / f"{above}.pem", "-CAkey", f / f"{above}.key"]
        ways = ("-extfile", f / "extensions", "-extensions", section, "-days", 30, "-sigopt", DISTID)
        openssl("x509", "-req", "-in", csr, "-vfyopt", DISTID, digest, *signer, *ways, "-out", pem)

    def pem(self, name):
        return (self.folder / f"{name}.pem").read_bytes()

    def der(self, name):
        return openssl("x509", "-in", self.folder / f"{name}.pem", "-outform", "DER").stdout

    def point(self, name):
        return openssl("pkey", "-in", self.folder / f"{name}.key", "-pubout", "-outform", "DER").stdout[-65:]

    def sign(self, text, name="host", digest="sm3"):
        (self.folder / "text").write_bytes(text)
        words = ("-sign", "-rawin", "-digest", digest, "-pkeyopt", DISTID, "-inkey", self.folder / f"{name}.key")
        return signature_of(openssl("pkeyutl", *words, "-in", self.folder / "text").stdout)


@pytest.fixture(scope="module")
def guomi(tmp_path_factory):
    return GuomiBank(tmp_path_factory.mktemp("guomi"))


@pytest.mark.process
def test_a_guomi_key_host(guomi):
    """SM2 with SM3 under an SM2 CA; the device's own key and its certificate stay P-256."""
    here = scene()
    asked = read_request(request(here.device, here.nonce, TERMINAL), here.host.anchors, NOW)
    token = make_token(asked, (TMK,), [guomi.der("host")], guomi.sign)
    ways = {"now": guomi.now + timedelta(seconds=5), "authority": guomi.pem("ca")}
    assert here.open(token, **ways) == (TMK,)
    here.refused(token, "nobody", now=ways["now"])  # the other bank's anchors
    here.refused(token, "has expired", authority=ways["authority"], now=guomi.now + timedelta(days=31))
    here.refused(sealed(text_of(token), "signature", guomi.sign(text_of(token) + b" ")), "signature is wrong", **ways)
    here.refused(sealed(text_of(token), "signature", guomi.sign(text_of(token), "ca")), "signature is wrong", **ways)
    # an ECDSA signature by a host of P-256, under the certificate of SM2: no way to choose another algorithm
    here.refused(sealed(text_of(token), "signature", here.host.sign(text_of(token))), "signature is wrong", **ways)
    head = text_of(token)
    for place in range(0, len(head), 40):
        altered = head[:place] + bytes([head[place] ^ 1]) + head[place + 1 :]
        here.refused(sealed(altered, "signature", seal_of(token)), None, **ways)


@pytest.mark.process
@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")  # of altered certificates
def test_a_guomi_certificate_is_checked_to_the_bit(guomi, tmp_path):
    """Altered bytes of a KDH's certificate: what openssl refuses to believe is refused here."""
    now = guomi.now + timedelta(seconds=5)
    der = guomi.der("host")
    assert trusted_key([der], guomi.pem("ca"), "key-host", now).point == guomi.point("host")
    (tmp_path / "ca.pem").write_bytes(guomi.pem("ca"))
    shown = tmp_path / "shown.der"
    words = ("verify", "-vfyopt", DISTID, "-CAfile", tmp_path / "ca.pem", shown)
    shown.write_bytes(der)
    assert openssl(*words).stdout.strip().endswith(b"OK")
    for place in range(0, len(der), 7):
        altered = der[:place] + bytes([der[place] ^ 1]) + der[place + 1 :]
        with pytest.raises(KeyRefused):
            trusted_key([altered], guomi.pem("ca"), "key-host", now)
        shown.write_bytes(altered)
        assert openssl(*words, check=False).returncode != 0
    with pytest.raises(KeyRefused, match="not one for this device"):
        trusted_key([der], guomi.pem("ca"), "device", now)


@pytest.mark.process
def test_a_weak_digest_vouches_for_nobody_nor_does_half_an_authority(tmp_path):
    """By openssl: SHA-1 and SHA-224 under a good CA; authorities that lack one of the two words, or both."""
    curve = ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
    config, key = tmp_path / "openssl.cnf", tmp_path / "key"
    config.write_text("[req]\ndistinguished_name = name\n[name]\n" + EXTENSIONS)
    openssl("genpkey", *curve, "-out", key)
    ask = ("req", "-new", "-config", config, "-key", key)
    csr = openssl(*ask, "-subj", "/CN=TEST host").stdout
    now = datetime.now(UTC) + timedelta(seconds=5)

    def authority(section):
        return openssl(*ask, "-x509", "-extensions", section, "-subj", "/CN=TEST CA", "-days", 30).stdout

    def host(digest):
        (tmp_path / "ca.pem").write_bytes(authority("ca"))
        words = ("-CA", tmp_path / "ca.pem", "-CAkey", key, digest, "-days", 30, "-outform", "DER")
        return openssl("x509", "-req", *words, "-extfile", config, "-extensions", "host", told=csr).stdout

    assert trusted_key([host("-sha256")], authority("ca"), "key-host", now)
    for section in ("ca_that_may_not", "no_ca_that_may", "no_words"):
        with pytest.raises(KeyRefused, match="not given by the one above it"):
            trusted_key([host("-sha256")], authority(section), "key-host", now)
    for digest in ("-sha1", "-sha224"):
        with pytest.raises(KeyRefused, match=r"nobody this terminal trusts|cannot be read"):
            trusted_key([host(digest)], authority("ca"), "key-host", now)
