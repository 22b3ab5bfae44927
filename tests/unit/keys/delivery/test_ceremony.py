"""A key in parts: two people, full length, no part alone says anything, and what is weak or doubled is refused."""

import secrets
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.algorithms.block_cipher import xor
from keys.algorithms.check_value import check_value
from keys.delivery.ceremony import SIZES, Ceremony
from terminal.ports import CeremonyRefused

# TEST COMPONENTS; the KCV of the first is known from ANSI X9.24-1, whose test BDK it is (08D7B4)
FIRST, SECOND = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"), bytes.fromhex("F1E0D3C2B5A49786FEDCBA9876543210")
SHAPES = [(cipher, size) for cipher, sizes in SIZES.items() for size in sizes]


def held(*components, place="tmk.1", cipher="des", size=16):
    made = Ceremony(place, cipher, size)
    for number, component in enumerate(components, 91):
        made = made.with_component(str(number), component)
    return made


@given(st.sampled_from(SHAPES), st.integers(2, 3), st.data())
def test_the_key_is_the_xor_of_all_whatever_the_order(shape, count, data):
    cipher, size = shape
    parts = data.draw(st.lists(st.binary(min_size=size, max_size=size), min_size=count, max_size=count, unique=True))
    whole = reduce(xor, parts)
    try:
        made = held(*parts, cipher=cipher, size=size)
        assert made.key() == whole == held(*reversed(parts), cipher=cipher, size=size).key()
        assert made.check_value() == check_value(cipher, whole).hex().upper()
    except CeremonyRefused:
        blocks = [whole[start : start + 8] for start in range(0, size, 8)]
        assert not all(map(any, parts)) or not any(whole) or (cipher == "des" and len(set(blocks)) < len(blocks))


@pytest.mark.parametrize(("cipher", "size"), SHAPES)
def test_each_custodian_sees_the_kcv_of_his_own_component_only(cipher, size):
    first, second = secrets.token_bytes(size), secrets.token_bytes(size)
    one = held(first, cipher=cipher, size=size)
    two = one.with_component("92", second)
    assert one.component_check_value() == check_value(cipher, first).hex().upper()
    assert two.component_check_value() == check_value(cipher, second).hex().upper()
    assert two.check_value() not in (one.component_check_value(), two.component_check_value())


def test_a_known_check_value():
    assert held(FIRST).component_check_value()[:6] == "08D7B4"


def test_one_person_is_not_two():
    with pytest.raises(CeremonyRefused, match="same-custodian"):
        held(FIRST).with_component("91", SECOND)


def test_one_component_is_no_key_and_four_are_too_many():
    for made in (held(), held(FIRST)):
        for ask in (made.key, made.check_value):
            with pytest.raises(CeremonyRefused, match="too-few"):
                ask()
    with pytest.raises(CeremonyRefused, match="too-many"):
        held(FIRST, SECOND, bytes(range(16)), bytes(range(1, 17)))


@pytest.mark.parametrize("size", [0, 15, 17, 24, 32])
def test_a_component_of_another_length(size):
    with pytest.raises(CeremonyRefused, match="length"):
        held(bytes(range(1, size + 1)))


def test_a_component_that_protects_nothing():
    with pytest.raises(CeremonyRefused, match="no-protection"):
        held(bytes(16))
    with pytest.raises(CeremonyRefused, match="no-protection"):
        held(FIRST, FIRST)


def test_components_that_make_a_weak_key():
    """Three that cancel out, and halves that are equal: double length DES would be single DES."""
    with pytest.raises(CeremonyRefused, match="weak"):
        held(FIRST, SECOND, xor(FIRST, SECOND)).key()
    with pytest.raises(CeremonyRefused, match="weak"):
        held(FIRST, xor(FIRST, b"8 bytes." * 2)).key()
    assert held(FIRST, xor(FIRST, b"8 bytes." * 2), cipher="sm4").key()


@pytest.mark.parametrize(
    ("place", "cipher", "size"),
    [("pik", "des", 16), ("record", "aes", 32), ("tmk.1", "des", 8), ("tmk.1", "rc4", 16), ("kek", "sm4", 32)],
)
def test_what_custodians_do_not_load(place, cipher, size):
    with pytest.raises(CeremonyRefused, match="no-such-key"):
        Ceremony(place, cipher, size)


def test_nothing_of_a_component_shows():
    made = held(FIRST, SECOND)
    assert repr(made) == "Ceremony(tmk.1, 91, 92)"
    for part in (FIRST, SECOND, made.key()):
        assert part.hex() not in repr(made).lower()
