"""Key blocks of F62: the published ones, every length there is, and what must be refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.algorithms.block_cipher import CIPHERS
from keys.algorithms.mac import des_encrypt, kcv, mac, sm4_encrypt, sm4_kcv
from keys.algorithms.working_keys import unwrap, wrap
from terminal.ports import KeyRefused

# cup.md 3.8: TMK, F62, PIK, MAK
PUBLISHED = {
    "worked example": (
        "CA5D92598DCA48CE8A4C76361A9269E9",
        "6701EAD6A9AD51E51AA406E2C27FCFA98D0A74B8B651F9E9BACE9AE10000000000000000AB7153CA",
        "807A23AD32B36D457AE91FDF927570EA",
        "5BB5C72CD00B7338",
    ),
    "host A": (
        "258FB0AB70D025CDB99DF2C4D302D646",
        "46F161A743497B32EAC760DF5EA57DF5900ECCE3977731A7EA402DDF0000000000000000CFF1592A",
        "D931648F3DE313A4A22C15DCA4F4299E",
        "AB7C577CC7A18045",
    ),
}
TMK = bytes.fromhex("CA5D92598DCA48CE8A4C76361A9269E9")  # TEST KEY
SM4_TMK = bytes.fromhex("1234567890ABCDEFABCDEF0987654321")  # TEST KEY
SINGLE, DOUBLE = st.binary(min_size=8, max_size=8), st.binary(min_size=16, max_size=16)


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_block(name):
    tmk, block, pik, mak = map(bytes.fromhex, PUBLISHED[name])
    assert unwrap(tmk, block) == {"pik": pik, "mak": mak}
    assert wrap(tmk, pik, mak) == block


def test_sm4_worked_example():
    """cup.md 3.8: the one key it gives, here as PIK, MAK and TDK of a block of 006."""
    item = bytes.fromhex("3D66234C49E4296FF9C78D8BACBD6A76" + "861E83E3")
    key = bytes.fromhex("F351D490994603795C6EBEE8FAEBB481")
    assert unwrap(SM4_TMK, item * 3, "sm4") == {"pik": key, "mak": key, "tdk": key}
    assert wrap(SM4_TMK, pik=key, mak=key, tdk=key, cipher="sm4") == item * 3
    assert wrap(SM4_TMK, pik=key, mak=key, cipher="sm4") == item * 2


def test_lengths_of_what_an_acquirer_sends():
    """cup.md 3.2."""
    key, one = bytes(range(16)), bytes(range(8))
    assert len(wrap(TMK[:8], one, one, is_single=True)) == 24  # 001
    assert len(wrap(TMK, key, one)) == len(wrap(TMK, key, key)) == 40  # 003
    assert len(wrap(TMK, key, one, key)) == 60  # 004
    assert len(wrap(TMK, key, key, cipher="sm4")) == 40  # 005
    assert len(wrap(TMK, key, key, key, cipher="sm4")) == 60  # 006


@given(st.sampled_from([8, 16]), st.data(), SINGLE, SINGLE)
def test_single_des_round_trip(size, data, pik, mak):
    tmk = data.draw(st.binary(min_size=size, max_size=size))
    assert unwrap(tmk, wrap(tmk, pik=pik, mak=mak, is_single=True)) == {"pik": pik, "mak": mak}


@given(DOUBLE, DOUBLE, SINGLE | DOUBLE, DOUBLE | st.just(b""))
def test_double_des_round_trip(tmk, pik, mak, tdk):
    expected = {"pik": pik, "mak": mak} | ({"tdk": tdk} if tdk else {})
    assert unwrap(tmk, wrap(tmk, pik=pik, mak=mak, tdk=tdk)) == expected


@given(st.sampled_from(["sm4", "aes"]), DOUBLE, DOUBLE, DOUBLE, DOUBLE | st.just(b""))
def test_sm4_and_aes_round_trip(cipher, tmk, pik, mak, tdk):
    expected = {"pik": pik, "mak": mak} | ({"tdk": tdk} if tdk else {})
    assert unwrap(tmk, wrap(tmk, pik=pik, mak=mak, tdk=tdk, cipher=cipher), cipher) == expected


def test_a_mak_replicated_into_both_halves_is_a_single_length_mak():
    """cup.md 3.2: T3. 3DES with K, K is DES with K: its check value and its MACs are those of K."""
    one = bytes.fromhex("5BB5C72CD00B7338")
    item = des_encrypt(TMK, bytes(16)) + kcv(bytes(16))
    taken = unwrap(TMK, item + des_encrypt(TMK, one + one) + kcv(one))["mak"]
    assert taken == one + one
    assert mac("cup", taken, b"a message") == mac("cup", one, b"a message")


def test_an_sm4_mak_has_no_zero_half():
    """cup.md 3.2: 16 bytes in any case; a zero half is ciphertext there."""
    wrapped = sm4_encrypt(SM4_TMK, bytes(16))[:8] + bytes(8)
    key = CIPHERS["sm4"].decrypt(SM4_TMK, wrapped)
    block = sm4_encrypt(SM4_TMK, key) + sm4_kcv(key) + wrapped + sm4_kcv(key)
    assert unwrap(SM4_TMK, block, "sm4")["mak"] == key


@given(st.sampled_from(["single", "double", "tracks", "sm4", "aes"]), st.data())
def test_a_block_altered_in_one_byte_is_refused(kind, data):
    key, one = bytes(range(16)), bytes(range(8))
    block, cipher = {
        "single": (wrap(TMK, one, one, is_single=True), "des"),
        "double": (wrap(TMK, key, one), "des"),
        "tracks": (wrap(TMK, key, key, key), "des"),
        "sm4": (wrap(TMK, key, key, key, cipher="sm4"), "sm4"),
        "aes": (wrap(TMK, key, key, cipher="aes"), "aes"),
    }[kind]
    place = data.draw(st.integers(0, len(block) - 1))
    altered = bytearray(block)
    altered[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(KeyRefused, match="check value"):
        unwrap(TMK, bytes(altered), cipher)


@pytest.mark.parametrize("size", [56, 84, 104])
def test_lengths_whose_layout_is_not_public(size):
    for cipher in CIPHERS:
        with pytest.raises(KeyRefused, match=f"{size} bytes: its layout is not public"):
            unwrap(TMK, bytes(size), cipher)


@pytest.mark.parametrize("size", [75, 100])
def test_lengths_of_one_acquirer(size):
    with pytest.raises(KeyRefused, match=f"{size} bytes: only one acquirer"):
        unwrap(TMK, bytes(size))


@pytest.mark.parametrize("size", [0, 1, 20, 39, 41, 61, 999])
def test_lengths_that_are_none(size):
    with pytest.raises(KeyRefused, match=f"{size} bytes: des has 24, 40, 60"):
        unwrap(TMK, bytes(size))


def test_no_single_length_block_but_of_des():
    with pytest.raises(KeyRefused, match="24 bytes: sm4 has 40, 60"):
        unwrap(SM4_TMK, bytes(24), "sm4")


KEY, ONE = b"\xa7" * 16, b"\xa7" * 8
UNFIT = {
    "single with a TDK": {"pik": ONE, "mak": ONE, "tdk": ONE, "is_single": True},
    "single of SM4": {"pik": ONE, "mak": ONE, "cipher": "sm4", "is_single": True},
    "single with a double-length PIK": {"pik": KEY, "mak": ONE, "is_single": True},
    "double with a single-length PIK": {"pik": ONE, "mak": ONE},
    "double with a single-length TDK": {"pik": KEY, "mak": ONE, "tdk": ONE},
    "SM4 with a short MAK": {"pik": KEY, "mak": ONE, "cipher": "sm4"},
    "no such cipher": {"pik": KEY, "mak": ONE, "cipher": "rot13"},
}


@pytest.mark.parametrize("name", UNFIT)
def test_keys_that_fit_no_block_are_refused_and_not_shown(name):
    with pytest.raises(KeyRefused) as refused:
        wrap(TMK, **UNFIT[name])
    assert "a7" not in str(refused.value)
