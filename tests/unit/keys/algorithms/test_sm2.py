"""SM2 signatures: the standard's example, openssl's, and what must not hold."""

import subprocess

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from keys.algorithms.sm2 import A, B, G, N, P, digest, holds, is_signed, point_of, signature_of, signer_digest
from terminal.ports import KeyRefused

# GM/T 0003.5-2012, A.2, the same in GB/T 32918.5-2017 (a TEST KEY)
PUBLIC = bytes.fromhex(
    "0409F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
    "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
)
MESSAGE = b"message digest"
ZA = "B2E14C5C79C6DF5B85F4FE7ED8DB7A262B9DA7E07CCB0EA9F4747B8CCDA8A4F3"
E = "F0B43E94BA45ACCAACE692ED534382EB17E6AB5A19CE7B31F4486FDFC0D28640"
R = 0xF5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3
S = 0xB1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA
GENERATOR = bytes.fromhex(
    "0432C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7"
    "BC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0"
)


def raw(r, s):
    return r.to_bytes(32) + s.to_bytes(32)


def openssl(*words, told=b""):
    return subprocess.run(["openssl", *map(str, words)], input=told, capture_output=True, check=True).stdout


@pytest.fixture
def key(tmp_path):
    """A TEST key of openssl's own making: its file and its public half."""
    path = tmp_path / "key.pem"
    openssl("genpkey", "-algorithm", "SM2", "-out", path)
    return path, openssl("pkey", "-in", path, "-pubout", "-outform", "DER")[-65:]


def signed_by(path, message, identity="1234567812345678"):
    text = path.with_suffix(".txt")
    text.write_bytes(message)
    words = ("-sign", "-rawin", "-digest", "sm3", "-pkeyopt", f"distid:{identity}")
    return openssl("pkeyutl", *words, "-inkey", path, "-in", text)


def test_the_example_of_the_standard_step_by_step():
    assert signer_digest(PUBLIC).hex().upper() == ZA
    assert f"{digest(PUBLIC, MESSAGE):064X}" == E
    assert is_signed(PUBLIC, MESSAGE, raw(R, S))


@pytest.mark.process
@pytest.mark.parametrize("message", [b"", b"a certificate", bytes(range(256)) * 9])
def test_what_openssl_signs_holds(key, message):
    path, public = key
    signature = signature_of(signed_by(path, message))
    assert is_signed(public, message, signature)
    assert not is_signed(public, message + b"!", signature)
    assert not is_signed(PUBLIC, message, signature)


@pytest.mark.process
def test_another_id_is_another_signer(key):
    path, public = key
    assert not is_signed(public, MESSAGE, signature_of(signed_by(path, MESSAGE, "ALICE123@YAHOO.COM")))


@pytest.mark.process
def test_openssl_agrees_about_altered_bytes(key, tmp_path):
    """Every eighth of r and s: neither of the two takes it."""
    path, public = key
    signature = bytearray(signature_of(signed_by(path, MESSAGE)))
    for place in range(0, 64, 8):
        altered = bytearray(signature)
        altered[place] ^= 1
        (tmp_path / "signature").write_bytes(
            encode_dss_signature(int.from_bytes(altered[:32]), int.from_bytes(altered[32:]))
        )
        words = ("-verify", "-rawin", "-digest", "sm3", "-pkeyopt", "distid:1234567812345678", "-inkey", path)
        with pytest.raises(subprocess.CalledProcessError):
            openssl("pkeyutl", *words, "-in", path.with_suffix(".txt"), "-sigfile", tmp_path / "signature")
        assert not is_signed(public, MESSAGE, bytes(altered))


def test_every_altered_byte_is_noticed():
    signature = raw(R, S)
    for place in range(64):
        altered = bytearray(signature)
        altered[place] ^= 0x5A
        assert not is_signed(PUBLIC, MESSAGE, bytes(altered))


@pytest.mark.parametrize(
    ("r", "s"),
    [
        (0, S),
        (R, 0),
        (0, 0),
        (N, S),
        (R, N),
        (R, N - S),
        (N - R, S),
        (R, N - R),
        (S, R),
        (2**256 - 1, 2**256 - 1),
        (1, 1),
    ],
)
def test_numbers_that_make_no_signature(r, s):
    assert not is_signed(PUBLIC, MESSAGE, raw(r, s))


FORGED = {
    # r, s and the e they would sign for the key G, were the limits of 7.1 not kept: the sum of the multiples is G
    "r is 0": (0, (N + 1) // 2, 0),
    "r is N": (N, (N + 1) // 2, 0),
    "s is 0": (1, 0, 1),
    "s is N": (1, N, 1),
    "r and s make N": (N - 1, 1, N - 1),
}


@pytest.mark.parametrize("name", FORGED)
def test_numbers_at_the_limits_sign_nothing(name):
    r, s, plus = FORGED[name]
    assert not holds(G, (plus - G[0]) % N, r, s)


def test_numbers_within_the_limits_do():
    """The control, made the same way: r is 3, s is -1, so t is 2, and [-1]G + [2]G is G."""
    assert holds(G, (3 - G[0]) % N, 3, N - 1)


def test_the_whole_curve_is_walked_without_stumbling():
    """[s]G + [t]P where P is G itself: doubling, and with P = -G the way through infinity."""
    negative = GENERATOR[:33] + (P - int.from_bytes(GENERATOR[33:])).to_bytes(32)
    for public in (GENERATOR, negative):
        for r, s in ((N - 1, 1), (1, 1), (2, N - 1), (R, S)):
            assert not is_signed(public, MESSAGE, raw(r, s))


@pytest.mark.parametrize("size", [0, 63, 65, 128])
def test_a_signature_of_another_size(size):
    assert not is_signed(PUBLIC, MESSAGE, (raw(R, S) * 2)[:size])


NO_KEYS = {
    "empty": b"",
    "without its 04": PUBLIC[1:],
    "compressed": b"\x03" + PUBLIC[1:33],
    "compressed and filled": b"\x03" + PUBLIC[1:],
    "infinity": b"\x00",
    "zeros": b"\x04" + bytes(64),
    "off the curve": PUBLIC[:-1] + b"\x14",
    "x and y changed": b"\x04" + PUBLIC[33:] + PUBLIC[1:33],
    "too long": PUBLIC + b"\x00",
    "a number beyond the field": b"\x04" + b"\xff" * 64,
}


def test_a_number_has_one_spelling():
    """x and x + P are the same to the field, and one of them is none."""
    x = next(x for x in range(99) if pow(x**3 + A * x + B, (P - 1) // 2, P) == 1)
    y = pow(x**3 + A * x + B, (P + 1) // 4, P)
    assert point_of(b"\x04" + raw(x, y)) == (x, y)
    with pytest.raises(KeyRefused, match="no SM2 public key"):
        point_of(b"\x04" + raw(x + P, y))


@pytest.mark.parametrize("name", NO_KEYS)
def test_what_is_no_key_is_refused(name):
    with pytest.raises(KeyRefused, match="no SM2 public key"):
        is_signed(NO_KEYS[name], MESSAGE, raw(R, S))


def test_a_signature_as_certificates_spell_it():
    assert signature_of(encode_dss_signature(R, S)) == raw(R, S)
    assert signature_of(encode_dss_signature(1, N - 1)) == raw(1, N - 1)


DER = encode_dss_signature(R, S)
NO_DER = {
    "empty": b"",
    "raw": raw(R, S),
    "cut": DER[:-1],
    "something after it": DER + b"\x00",
    "a long length": b"\x30\x81" + DER[1:],
    "one number": bytes.fromhex("3003020101"),
    "three numbers": bytes.fromhex("3009020101020101020101"),
    "a negative number": bytes.fromhex("3006020101020181"),
    "a number too long": encode_dss_signature(R, 2**256),
}


@pytest.mark.parametrize("name", NO_DER)
def test_what_is_no_signature_is_refused(name):
    with pytest.raises(KeyRefused, match="no SM2 signature"):
        signature_of(NO_DER[name])
