"""Remote loading as a dialogue: the device asks once, its bank answers, and whatever else answers gets nowhere."""

import base64
import json
import ssl
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psec
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from keys.algorithms.key_block_tr31 import KeyBlock
from keys.delivery.certificate_chain import trusted_key
from keys.delivery.device_identity import Identity, certified, new_identity
from keys.delivery.document import LoadedKey, sealed
from keys.delivery.key_distribution import make_token, read_request
from keys.delivery.remote_loading import NONCE, new_nonce, request
from simulator.key_host import KeyHost
from terminal.ports import KeyRefused
from tests.unit.keys.delivery.key_scene import (
    KEK,
    NOW,
    SECRET,
    TERMINAL,
    TMK,
    key_host_role,
    openssl,
    resigned,
    scene,
    seal_of,
    text_of,
)

# what altered certificates make the parser say
altered = pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")


@pytest.mark.parametrize("kind", ["p256", "p384", "rsa-3072"])
def test_a_device_gets_its_keys(kind):
    here = scene(kind)
    assert here.open(here.token()) == (TMK, KEK)


@settings(max_examples=25, deadline=None)
@given(st.binary(min_size=NONCE, max_size=NONCE), st.from_regex(r"[0-9A-Za-z]{8}", fullmatch=True), st.data())
def test_whatever_the_nonce_the_terminal_and_the_keys(nonce, terminal, data):
    here = scene()
    slots = data.draw(st.lists(st.integers(1, 9), min_size=1, unique=True))
    keys = tuple(
        LoadedKey(f"tmk.{slot}", KeyBlock("D", "K0", "A", "D", data.draw(st.binary(min_size=16, max_size=16))))
        for slot in slots
    )
    asked = read_request(request(here.device, nonce, terminal), here.host.anchors, NOW)
    token = make_token(asked, keys, here.host.chain, here.host.sign)
    assert here.open(token, nonce=nonce, terminal=terminal) == keys


@altered
def test_every_character_of_a_token_is_vouched_for():
    here = scene()
    token = here.token()
    for place in range(len(token)):
        was = token[place : place + 1]
        for other in {b"0", b"B", b"", was.swapcase()} - {was}:
            with pytest.raises(KeyRefused):
                here.open(token[:place] + other + token[place + 1 :])


@altered
def test_every_character_of_a_request_is_vouched_for():
    here = scene()
    asked = request(here.device, here.nonce, TERMINAL)
    assert read_request(asked, here.host.anchors, NOW).nonce == here.nonce
    for place in range(len(asked)):
        was = asked[place : place + 1]
        for other in {b"0", b"B", b"", was.swapcase()} - {was}:
            with pytest.raises(KeyRefused):
                here.host.answer(asked[:place] + other + asked[place + 1 :])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(["ask", "answer", "late", "again"]), max_size=8))
def test_a_token_is_taken_once_and_only_for_the_last_request(acts):
    """The caller's law: the nonce is replaced by asking and forgotten by taking."""
    here = scene()
    open_nonce, tokens = b"", []  # tokens: (nonce, text)
    for act in acts:
        if act == "ask":
            open_nonce = new_nonce()
        elif act == "answer" and open_nonce:
            tokens.append((open_nonce, here.host.answer(request(here.device, open_nonce, TERMINAL))))
            assert here.open(tokens[-1][1], nonce=open_nonce) == (TMK, KEK)
            open_nonce = b""
        elif act in ("late", "again") and tokens:
            nonce, token = tokens[0 if act == "late" else -1]
            assert nonce != open_nonce
            here.refused(token, "another request" if open_nonce else "asked for no keys", nonce=open_nonce)


def test_who_it_is_for():
    here = scene()
    token = here.token()
    here.refused(token, "is for terminal 12345678", terminal="87654321")
    here.refused(token, "another request", nonce=new_nonce())
    here.refused(token, "has asked for no keys", nonce=b"")
    other = new_identity()
    enrolled = certified(other, here.host.enroll(other, TERMINAL), here.host.anchors, NOW)
    here.refused(token, "for another device", device=enrolled)


def test_a_token_moved_by_the_host_itself_opens_for_nobody_else():
    """Even under a signature that holds: terminal, device and ephemeral key are part of the key agreement."""
    here = scene()
    token = here.token()
    here.refused(resigned(token, here.host.sign, terminal_id="87654321"), "MAC of this key block", terminal="87654321")
    other = new_identity()
    here.refused(resigned(token, here.host.sign, device=other.name), "MAC of this key block", device=other)
    here.refused(resigned(token, here.host.sign, nonce="00" * NONCE), "MAC of this key block", nonce=bytes(NONCE))
    again = json.loads(here.token().splitlines()[0])["ephemeral"]
    here.refused(resigned(token, here.host.sign, ephemeral=again), "MAC of this key block")
    here.refused(resigned(token, here.host.sign, ephemeral="04" + "00" * 64), "ephemeral key of this token is none")
    for wrong in ({"format": "yuanlu-token-2"}, {"more": 1}, {"ephemeral": "02" + "00" * 32}, {"nonce": "00"}):
        here.refused(resigned(token, here.host.sign, **wrong), "another format")


def test_the_signature_cannot_be_stripped_or_lent():
    here = scene()
    token = here.token()
    here.refused(text_of(token), "has no seal")
    here.refused(sealed(text_of(token), "cmac", bytes(16)), "has no signature")
    for seal in (bytes(64), b"\0", bytes(63), seal_of(token) + b"\0", seal_of(token)[:32], seal_of(here.token())):
        here.refused(sealed(text_of(token), "signature", seal), "signature is wrong")
    here.refused(sealed(text_of(token), "signature", here.device.signature(text_of(token))), "signature is wrong")
    here.refused(request(here.device, here.nonce, TERMINAL), "another format")
    bundle = here.host.bundle(bytes(16), TERMINAL)
    here.refused(bundle, "has no signature")


def test_a_token_has_the_law_of_every_delivery():
    here = scene()
    asked = read_request(request(here.device, here.nonce, TERMINAL), here.host.anchors, NOW)
    for keys, match in (((), "no key in it"), ((TMK, TMK), "two keys for one place")):
        with pytest.raises(KeyRefused, match=match):
            make_token(asked, keys, here.host.chain, here.host.sign)
    lines = here.token().splitlines(keepends=True)
    for body in ((), (lines[1], lines[1])):
        text = lines[0] + b"".join(body)
        here.refused(sealed(text, "signature", here.host.sign(text)), "no key in it|two keys")
    longer = LoadedKey("kek", KeyBlock("D", "K1", "A", "D", bytes(32)))
    with pytest.raises(KeyRefused, match="shorter than the key"):  # P-256 is as strong as AES-128
        make_token(asked, (longer,), here.host.chain, here.host.sign)


def test_a_device_asks_when_it_is_certified():
    here = scene()
    fresh = new_identity()
    with pytest.raises(KeyRefused, match="no certificate yet"):
        request(fresh, here.nonce, TERMINAL)
    with pytest.raises(KeyRefused, match="nonce"):
        request(here.device, b"short", TERMINAL)
    certificate = here.host.enroll(fresh, TERMINAL)
    assert certified(fresh, certificate, here.host.anchors, NOW).name == fresh.name
    for one, pem, anchors, match in (
        (here.device, certificate, here.host.anchors, "another device's"),
        (fresh, certificate, KeyHost(lambda: NOW, name="TEST foreign bank").anchors, "nobody"),
        (fresh, b"nothing", here.host.anchors, "no certificate"),
        (fresh, here.host.authority.pem, here.host.anchors, "not one for this device"),
        (fresh, here.host.authority.issue(key_host_role(here)).pem, here.host.anchors, "not one for this device"),
    ):
        with pytest.raises(KeyRefused, match=match):
            certified(one, pem, anchors, NOW)
    with pytest.raises(KeyRefused, match="cannot be read"):
        Identity(b"no key", "").key()


def test_the_host_answers_its_own_devices_only():
    here = scene()
    fresh = new_identity()
    other = certified(fresh, here.host.enroll(fresh, "87654321"), here.host.anchors, NOW)
    with pytest.raises(KeyRefused, match="this device is not that terminal"):
        here.host.answer(request(other, here.nonce, TERMINAL))
    stranger = KeyHost(lambda: NOW, name="TEST foreign bank")
    with pytest.raises(KeyRefused, match="nobody"):
        stranger.answer(request(here.device, here.nonce, TERMINAL))
    der = bytearray(base64.b64decode("".join(fresh.csr.splitlines()[1:-1])))
    der[-1] ^= 1
    pem = "-----BEGIN CERTIFICATE REQUEST-----\n%s\n-----END CERTIFICATE REQUEST-----\n"
    forged = Identity(fresh.secret, pem % base64.b64encode(der).decode())
    longer = text_of(request(here.device, here.nonce, TERMINAL)) + b'{"place":"tmk.1","block":""}\n'
    with pytest.raises(KeyRefused, match="altered"):
        here.host.answer(sealed(longer, "signature", here.device.signature(longer)))
    with pytest.raises(KeyRefused, match="does not have its key"):
        here.host.enroll(forged, TERMINAL)


def test_nothing_shows_a_key():
    here = scene()
    shown = [here.device, here.host.authority, here.open(here.token()), here.device.certificate, here.device.csr]
    told = "".join(map(repr, shown)).encode() + here.token() + request(here.device, here.nonce, TERMINAL)
    number = here.device.key().private_numbers().private_value.to_bytes(32)
    for secret in (SECRET, number, here.device.secret):
        assert secret.hex().encode() not in told.lower()
        assert base64.b64encode(secret) not in told
        assert secret not in told
        assert repr(secret)[2:-1].encode() not in told


@pytest.mark.process
def test_openssl_agrees_on_the_key(tmp_path):
    """ECDH and HKDF by openssl, from the device's side: the key that opens the token's blocks."""
    here = scene()
    token = here.token()
    head, body = (json.loads(line) for line in token.splitlines()[:2])
    (tmp_path / "device.der").write_bytes(here.device.secret)
    prefix = bytes.fromhex("3059301306072A8648CE3D020106082A8648CE3D030107034200")  # RFC 5480, P-256
    (tmp_path / "ephemeral.der").write_bytes(prefix + bytes.fromhex(head["ephemeral"]))
    words = ("-inkey", tmp_path / "device.der", "-keyform", "DER", "-peerkey", tmp_path / "ephemeral.der")
    shared = openssl("pkeyutl", "-derive", *words, "-peerform", "DER").stdout
    info = f"yuanlu-token-1 {TERMINAL} {head['device']} {head['ephemeral']}".encode()
    options = (f"hexkey:{shared.hex()}", f"hexsalt:{here.nonce.hex()}", f"hexinfo:{info.hex()}", "digest:SHA256")
    kbpk = openssl("kdf", "-keylen", 16, "-binary", *(w for o in options for w in ("-kdfopt", o)), "HKDF").stdout
    header, secret = psec.tr31.unwrap(kbpk, body["block"])
    assert (header.key_usage, secret) == ("K0", SECRET)


@pytest.mark.process
def test_a_bank_certifies_as_the_manual_says(tmp_path):
    """docs/key-loading.md, its own openssl command and file."""
    manual = (Path(__file__).parents[4] / "docs/key-loading.md").read_text()
    command = next(line.split() for line in manual.splitlines() if line.startswith("openssl x509 -req"))
    roles = manual[manual.index("[device]") : manual.index("```", manual.index("[device]"))]
    here, fresh = scene(), new_identity()
    (tmp_path / "roles.cnf").write_text(roles)
    (tmp_path / "ca.pem").write_bytes(here.host.anchors)
    (tmp_path / "device.csr").write_text(fresh.csr)
    secret = here.host.authority.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "ca.key").write_bytes(secret)
    now = datetime.now(UTC) + timedelta(seconds=5)
    pem = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True).stdout
    device = certified(fresh, pem, here.host.anchors, now)
    assert read_request(request(device, here.nonce, TERMINAL), here.host.anchors, now).device == fresh.name
    command[-1] = "key_host"
    pem = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True).stdout
    der = ssl.PEM_cert_to_DER_cert(pem.decode())
    assert trusted_key([der], here.host.anchors, "key-host", now)
    with pytest.raises(KeyRefused, match="not one for this device"):
        certified(fresh, pem, here.host.anchors, now)
