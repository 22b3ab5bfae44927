"""SM3 and its HMAC against their standards and openssl."""

import hashlib
import hmac
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.algorithms.sm3 import hmac_sm3, sm3

# GB/T 32905-2016, A.1 and A.2
DIGESTS = [
    (b"abc", "66C7F0F462EEEDD9D1F2D46BDC10E4E24167C4875CF2F7A2297DA02B8F4BA8E0"),
    (b"abcd" * 16, "DEBE9FF92275B8A138604889C18E5A4D6FDB70E5387E5765293DCBA39C0C5732"),
]
# GM/T 0042-2015, D.3: key, message, HMAC
COUNTED = bytes(range(1, 38))
MACS = [
    (
        COUNTED[:32],
        b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq" * 2,
        "CA05E144ED05D1857840D1F318A4A8669E559FC8391F414485BFDF7BB408963A",
    ),
    (COUNTED, b"\xcd" * 50, "220BF579DED555393F0159F66C99877822A3ECF610D1552154B41D44B94DB3AE"),
    (b"\x0b" * 32, b"Hi There", "C0BA18C68B90C88BC07DE794BFC7D2C8D19EC31ED8773BC2B390C9604E0BE11E"),
    (b"Jefe", b"what do ya want for nothing?", "2E87F1D16862E6D964B50A5200BF2B10B764FAA9680A296A2405F24BEC39F882"),
]


@pytest.mark.parametrize(("message", "expected"), DIGESTS)
def test_digests_of_the_standard(message, expected):
    assert sm3(message).hex().upper() == expected


@pytest.mark.parametrize(("key", "message", "expected"), MACS)
def test_macs_of_the_standard(key, message, expected):
    assert hmac_sm3(key, message).hex().upper() == expected


@given(st.binary(max_size=200), st.binary(max_size=300))
def test_second_opinion(key, message):
    """The library's HMAC against Python's, over Python's own openssl."""
    assert sm3(message) == hashlib.new("sm3", message).digest()
    assert hmac_sm3(key, message) == hmac.digest(key, message, "sm3")


@pytest.mark.process
@pytest.mark.parametrize("size", [0, 1, 55, 56, 63, 64, 65, 1000])
def test_third_opinion(size):
    message = bytes(range(256)) * 4
    told = subprocess.run(
        ["openssl", "dgst", "-sm3", "-binary"], input=message[:size], capture_output=True, check=True
    ).stdout
    assert sm3(message[:size]) == told
