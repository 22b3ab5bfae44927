"""Check values against published ones, openssl and a second derivation."""

import subprocess

import pytest

from keys.algorithms.block_cipher import AES, CIPHERS, cipher_of
from keys.algorithms.check_value import check_value
from terminal.ports import KeyRefused

BY_ZEROS = {
    # openemv/tr31, README: block KP of the printed key block and its protection key
    "the protection key of a key block": ("des", "AB2E09DB3EF0BA71E0CE6CD755C23A3B", "ECAD62"),
    # the same block, KC: the key in it
    "the key in a key block": ("des", "BF82DAC6A33DF92CE66E15B70E5DCEB6", "0169E3"),
    # cup.md 3.8
    "cup, double length": ("des", "807A23AD32B36D457AE91FDF927570EA", "8D0A74B8"),
    "cup, single length": ("des", "5BB5C72CD00B7338", "AB7153CA"),
    "cup, SM4": ("sm4", "F351D490994603795C6EBEE8FAEBB481", "861E83E3"),
}
# NIST SP 800-38B, D.1 to D.3: key, K1
SUBKEYS = [
    ("2B7E151628AED2A6ABF7158809CF4F3C", "FBEED618357133667C85E08F7236A8DE"),
    ("8E73B0F7DA0E6452C810F32B809079E562F8EAD2522C6B7B", "448A5B1C93514B273EE6439DD4DAA296"),
    ("603DEB1015CA71BE2B73AEF0857D77811F352C073B6108D72D9810A30914DFF4", "CAD1ED03299EEDAC2E9A99808621502F"),
]


@pytest.mark.parametrize("name", BY_ZEROS)
def test_zeros_enciphered(name):
    cipher, key, expected = BY_ZEROS[name]
    assert check_value(cipher, bytes.fromhex(key)).hex().upper().startswith(expected)


@pytest.mark.parametrize(("key", "subkey"), SUBKEYS)
def test_aes_is_the_cmac_of_zeros(key, subkey):
    """SP 800-38B, 6.2: of one full block M it is K1 XOR M enciphered."""
    assert check_value("aes", bytes.fromhex(key)) == AES.encrypt(bytes.fromhex(key), bytes.fromhex(subkey))[:5]


@pytest.mark.process
@pytest.mark.parametrize(("key", "bits"), [(key, 4 * len(key)) for key, _ in SUBKEYS])
def test_aes_second_opinion(key, bits):
    command = ["openssl", "mac", "-cipher", f"AES-{bits}-CBC", "-macopt", f"hexkey:{key}", "-binary", "CMAC"]
    told = subprocess.run(command, input=bytes(16), capture_output=True, check=True).stdout
    assert check_value("aes", bytes.fromhex(key)) == told[:5]


@pytest.mark.parametrize("name", CIPHERS)
def test_a_key_of_a_wrong_size_is_refused_and_not_shown(name):
    for size in set(range(40)) - set(cipher_of(name).key_sizes):
        with pytest.raises(KeyRefused) as refused:
            check_value(name, b"\xa7" * size)
        assert "a7" not in str(refused.value)


def test_no_such_cipher():
    with pytest.raises(KeyRefused, match="no cipher 'rsa'"):
        check_value("rsa", bytes(16))
