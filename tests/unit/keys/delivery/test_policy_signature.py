"""Signatures of a policy: as openssl makes and checks them; another file, key or kind of key is refused. TEST keys."""

import base64
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.delivery.policy_signature import is_signed, sign
from terminal.ports import KeyRefused
from tests.unit.keys.delivery.key_scene import openssl

TEXT = b'version = "TEST"\n'
KINDS = ("ed25519", "p256")
NEW = {
    "ed25519": ("genpkey", "-algorithm", "ed25519"),
    "p256": ("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"),
    "p384": ("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"),
    "rsa": ("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"),
}


def new_pair(kind):
    """Private and public, PEM."""
    private = openssl(*NEW[kind]).stdout
    return private, openssl("pkey", "-pubout", told=private).stdout


PAIRS = {kind: new_pair(kind) for kind in NEW}


@pytest.mark.parametrize("kind", KINDS)
def test_ours_is_checked_by_openssl_and_openssls_by_us(tmp_path, kind):
    private, public = PAIRS[kind]
    for name, content in (("text", TEXT), ("key", private), ("public", public)):
        (tmp_path / name).write_bytes(content)
    raw = ("-rawin",) if kind == "ed25519" else ("-rawin", "-digest", "sha256")

    def files(*names):
        return [word for name in names for word in (f"-{name[0]}", str(tmp_path / name[1]))]

    (tmp_path / "ours").write_bytes(base64.b64decode(sign(TEXT, private)))
    checked = openssl(
        "pkeyutl", "-verify", "-pubin", *raw, *files(("inkey", "public"), ("in", "text"), ("sigfile", "ours"))
    )
    assert b"Verified Successfully" in checked.stdout
    openssl("pkeyutl", "-sign", *raw, *files(("inkey", "key"), ("in", "text"), ("out", "theirs")))
    spelled = subprocess.run(["base64"], input=(tmp_path / "theirs").read_bytes(), capture_output=True, check=True)
    assert is_signed(TEXT, spelled.stdout, public)


@pytest.mark.parametrize("kind", KINDS)
def test_another_text_or_key_or_nothing_of_a_signature_is_no_signature(kind):
    private, public = PAIRS[kind]
    good = sign(TEXT, private)
    assert is_signed(TEXT, good, public)
    assert not is_signed(TEXT + b" ", good, public)
    assert not is_signed(TEXT, good, new_pair(kind)[1])
    for bad in (b"", b"!", b"AAAA", good[:-3], b"\xff", good + b"AAAA"):
        assert not is_signed(TEXT, bad, public)


def test_an_authority_of_two_keys_takes_either():
    both = b"".join(PAIRS[kind][1] for kind in KINDS)
    assert all(is_signed(TEXT, sign(TEXT, PAIRS[kind][0]), both) for kind in KINDS)


@pytest.mark.parametrize("kind", ["p384", "rsa"])
def test_keys_of_other_kinds_are_not_taken(kind):
    private, public = PAIRS[kind]
    with pytest.raises(KeyRefused, match="neither Ed25519 nor P-256"):
        is_signed(TEXT, b"AAAA", public)
    with pytest.raises(KeyRefused, match="signed with an Ed25519 or P-256 key"):
        sign(TEXT, private)


@pytest.mark.parametrize(
    ("authority", "why"),
    [
        (b"", "no public key"),
        (PAIRS["ed25519"][0], "no public key"),  # the private one, by mistake
        (b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "cannot be read"),
    ],
)
def test_an_authority_without_a_key_is_refused(authority, why):
    with pytest.raises(KeyRefused, match=why):
        is_signed(TEXT, sign(TEXT, PAIRS["ed25519"][0]), authority)


def test_a_locked_key_wants_its_password_and_no_word_of_it_is_said(tmp_path):
    private, public = PAIRS["p256"]
    locked = openssl("pkey", "-aes256", "-passout", "pass:TEST password", told=private).stdout
    assert is_signed(TEXT, sign(TEXT, locked, b"TEST password"), public)
    for password in (None, b"another"):
        with pytest.raises(KeyRefused) as refused:
            sign(TEXT, locked, password)
        assert "another one" in str(refused.value)
        assert refused.value.__suppress_context__


@given(st.binary(max_size=200))
def test_no_bytes_break_the_check(signature):
    assert not is_signed(TEXT, signature, PAIRS["p256"][1])
