"""The ciphers against their standards, and keys that are none."""

import pytest

from keys.algorithms.block_cipher import AES, CIPHERS, DES, SM4, cipher_of, xor
from keys.algorithms.mac import des_decrypt, des_encrypt, kcv, sm4_decrypt, sm4_encrypt, sm4_kcv
from terminal.ports import KeyRefused

PUBLISHED = {
    # FIPS 81 (1980), table B1
    "DES": (
        DES,
        "0123456789ABCDEF",
        b"Now is the time for all ".hex(),
        "3FA40E8A984D48156A271787AB8883F9893D51EC4B563B53",
    ),
    # NIST SP 800-67 rev. 1, B.1 (three keys)
    "TDEA": (
        DES,
        "0123456789ABCDEF23456789ABCDEF01456789ABCDEF0123",
        b"The qufck brown fox jump".hex(),
        "A826FD8CE53B855FCCE21C8112256FE668D5C05DD9B6B900",
    ),
    # GB/T 32907-2016, A.1
    "SM4": (
        SM4,
        "0123456789ABCDEFFEDCBA9876543210",
        "0123456789ABCDEFFEDCBA9876543210",
        "681EDF34D206965E86B3E94F536E4246",
    ),
    # FIPS 197, C.1
    "AES": (
        AES,
        "000102030405060708090A0B0C0D0E0F",
        "00112233445566778899AABBCCDDEEFF",
        "69C4E0D86A7B0430D8CDB78070B4C55A",
    ),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_vector(name):
    cipher, key, plain, secret = PUBLISHED[name]
    assert cipher.encrypt(bytes.fromhex(key), bytes.fromhex(plain)).hex().upper() == secret
    assert cipher.decrypt(bytes.fromhex(key), bytes.fromhex(secret)).hex() == plain.lower()


@pytest.mark.parametrize("name", CIPHERS)
def test_a_key_of_a_wrong_size_is_refused_and_not_shown(name):
    cipher = cipher_of(name)
    for size in set(range(40)) - set(cipher.key_sizes):
        key = b"\xa7" * size
        for work in (cipher.encrypt, cipher.decrypt):
            with pytest.raises(KeyRefused) as refused:
                work(key, bytes(cipher.block))
            assert "a7" not in str(refused.value)


def test_no_such_cipher():
    with pytest.raises(KeyRefused, match="only des, sm4, aes"):
        cipher_of("DES")


def test_one_key_in_both_halves_is_single_des():
    """cup.md 3.2: T3 puts K into both halves; 3DES with K, K, K is DES with K."""
    key = bytes.fromhex("0123456789ABCDEF")
    assert des_encrypt(key * 2, bytes(16)) == des_encrypt(key * 3, bytes(16)) == des_encrypt(key, bytes(16))
    assert kcv(key) == kcv(key * 2)


def test_check_values_of_the_worked_examples():
    """cup.md 3.8."""
    assert kcv(bytes.fromhex("807A23AD32B36D457AE91FDF927570EA")).hex().upper() == "8D0A74B8"
    assert kcv(bytes.fromhex("5BB5C72CD00B7338")).hex().upper() == "AB7153CA"
    assert sm4_kcv(bytes.fromhex("F351D490994603795C6EBEE8FAEBB481")).hex().upper() == "861E83E3"


def test_the_short_names_are_ecb():
    key = bytes(range(16))
    assert des_decrypt(key, des_encrypt(key, b"8 bytes." * 3)) == b"8 bytes." * 3
    assert sm4_decrypt(key, sm4_encrypt(key, b"16 bytes of text" * 3)) == b"16 bytes of text" * 3
    assert sm4_encrypt(key, b"16 bytes of text" * 2)[:16] == sm4_encrypt(key, b"16 bytes of text" * 2)[16:]


def test_xor_wants_one_length():
    with pytest.raises(ValueError, match="shorter"):
        xor(bytes(8), bytes(7))
