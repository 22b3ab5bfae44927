"""Track encryption: where the block lies, what short tracks become, and the way back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.algorithms.mac import des_decrypt, des_encrypt, sm4_decrypt, sm4_encrypt
from keys.algorithms.track import decrypt_track, encrypt_track
from terminal.ports import KeyRefused

TDK = b"\x44" * 16  # TEST KEY, that of the constructed messages in cup.md 6
TRACK2 = "1234567890123456789=0508201781999168302"  # the example of cup.md 3.6, 39 nibbles
PARTS = {"des": (des_encrypt, des_decrypt, 16), "sm4": (sm4_encrypt, sm4_decrypt, 32)}
TRACKS = st.from_regex(r"[0-9]{1,19}=[0-9=]{0,84}", fullmatch=True)


def test_the_block_of_the_example():
    """cup.md 3.6: odd, TDB2 = 08 20 17 81 99 91 68 30; what is around it stays."""
    changed = des_encrypt(TDK, bytes.fromhex("0820178199916830")).hex().upper()
    assert encrypt_track(TDK, TRACK2) == "1234567890123456789D05" + changed + "2"


def test_the_block_of_an_even_track():
    """cup.md 3.6: a track 3 of 104 nibbles with TDB3 = 00 00 00 3D 00 00 00 00 before its last byte."""
    track = "99" + "1" * 84 + "0000003=00000000" + "12"
    assert len(track) == 104
    encrypted = encrypt_track(TDK, track)
    assert encrypted == track[:86] + des_encrypt(TDK, bytes.fromhex("0000003D00000000")).hex().upper() + "12"


def test_the_track_of_the_constructed_sale():
    """cup.md 6: sale, swiped, TDK 44 x 16; F35 as it was sent."""
    sent = "6225000000000014FA46A278ACB013A90"
    assert decrypt_track(TDK, sent) == "6225000000000014=3012201000001230"
    assert encrypt_track(TDK, decrypt_track(TDK, sent)) == sent


@pytest.mark.parametrize(("length", "start", "end"), [(33, 0, 32), (34, 0, 32), (37, 4, 36), (104, 70, 102)])
def test_where_the_sm4_block_lies(length, start, end):
    """cup.md 3.6: 32 nibbles, at -33 (odd) or -34 (even)."""
    track = ("6225000000000014=" + "12345678901234567890" * 5)[:length]
    nibbles = track.replace("=", "D")
    changed = sm4_encrypt(TDK, bytes.fromhex(nibbles[start:end])).hex().upper()
    assert encrypt_track(TDK, track, "sm4") == nibbles[:start] + changed + nibbles[end:]


@pytest.mark.parametrize("cipher", PARTS)
def test_a_short_track_gets_f_on_its_left_until_the_block_fits(cipher):
    _, decrypt, block = PARTS[cipher]
    for length in range(1, block + 3):
        track = "123=" * 20
        track = track[:length]
        encrypted = encrypt_track(TDK, track, cipher)
        tail = 1 if length % 2 else 2
        assert len(encrypted) == max(length, block + tail)
        plain = decrypt(TDK, bytes.fromhex(encrypted[:block])).hex().upper() + encrypted[block:]
        assert plain == track.replace("=", "D").rjust(block + tail, "F")
        assert decrypt_track(TDK, encrypted, cipher) == track


def test_no_track_is_eight_bytes_of_f():
    """cup.md 3.6."""
    for cipher in PARTS:
        assert encrypt_track(TDK, "", cipher) == "F" * 16
        assert decrypt_track(TDK, "F" * 16, cipher) == ""


@given(st.sampled_from(sorted(PARTS)), st.binary(min_size=16, max_size=16), TRACKS)
def test_the_bank_reads_the_track_that_was_swiped(cipher, key, track):
    encrypted = encrypt_track(key, track, cipher)
    assert set(encrypted) <= set("0123456789ABCDEF")
    assert encrypted == encrypt_track(key, track.replace("=", "D"), cipher)
    assert decrypt_track(key, encrypted, cipher) == track
    # a wire codec that knows tracks turns every D into "="
    assert decrypt_track(key, encrypted.replace("D", "="), cipher) == track


@pytest.mark.parametrize("track", ["6225F0", ";6225=1?", "6225 =", "６２２５", "A"])
def test_what_is_no_track_is_refused_and_not_shown(track):
    with pytest.raises(KeyRefused) as refused:
        encrypt_track(TDK, track)
    assert str(refused.value) == "a track is digits and separators"


@pytest.mark.parametrize("nibbles", ["", "F" * 15, "1" * 16, "X" * 33, "１" * 33])
def test_what_is_no_encrypted_track_is_refused(nibbles):
    for cipher in PARTS:
        with pytest.raises(KeyRefused, match="no encrypted track"):
            decrypt_track(TDK, nibbles, cipher)


def test_another_key_does_not_make_a_track():
    with pytest.raises(KeyRefused) as refused:
        decrypt_track(bytes(16), encrypt_track(TDK, TRACK2))
    assert str(refused.value) == "this does not decrypt to a track"


def test_no_track_under_aes():
    for work in (encrypt_track, decrypt_track):
        with pytest.raises(KeyRefused, match="only des, sm4"):
            work(TDK, TRACK2, "aes")
