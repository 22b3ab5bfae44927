"""The vault: what goes in never comes out, and a damaged file is a clear error."""

import asyncio

import pytest

from keys.mac import cup_mac, kcv
from keys.passwords import ArgonPasswords
from keys.vault import Vault
from keys.working_keys import unwrap, wrap
from terminal.ports import KeyMissing, KeyRefused

DEVICE_KEY = bytes(range(32))  # TEST KEY
TMK = bytes.fromhex("CA5D92598DCA48CE8A4C76361A9269E9")  # TEST KEY: worked example of cup.md 3.8
BLOCK = bytes.fromhex("6701EAD6A9AD51E51AA406E2C27FCFA98D0A74B8B651F9E9BACE9AE10000000000000000AB7153CA")
MAK = bytes.fromhex("5BB5C72CD00B7338")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "vault"


@pytest.fixture
def vault(path):
    made = Vault(path, DEVICE_KEY)
    made.install_tmk(TMK, kcv(TMK))
    return made


def test_working_keys_make_macs_after_a_restart_too(vault, path):
    asyncio.run(vault.load_working_keys(BLOCK))
    again = Vault(path, DEVICE_KEY)
    assert asyncio.run(again.mac(b"block")) == cup_mac(MAK, b"block")
    assert again.check_values() == {"tmk": kcv(TMK).hex().upper(), "pik": "8D0A74B8", "mak": "AB7153CA"}


def test_a_bad_block_leaves_the_keys_as_they_were(vault):
    asyncio.run(vault.load_working_keys(BLOCK))
    for bad in (BLOCK[:-1] + b"\0", BLOCK[:-4], b"", bytes(40)):
        with pytest.raises(KeyRefused):
            asyncio.run(vault.load_working_keys(bad))
    assert asyncio.run(vault.mac(b"block")) == cup_mac(MAK, b"block")


def test_wrong_check_value_of_the_tmk(path):
    with pytest.raises(KeyRefused):
        Vault(path, DEVICE_KEY).install_tmk(TMK, b"\0\0\0\0")
    assert not path.exists()


def test_no_keys_is_said(path):
    empty = Vault(path, DEVICE_KEY)
    for work in (empty.mac(b""), empty.seal(b""), empty.fingerprint(b""), empty.load_working_keys(BLOCK)):
        with pytest.raises(KeyMissing):
            asyncio.run(work)


def test_sealed_records_open_only_unaltered(vault):
    sealed = asyncio.run(vault.seal(b"card data"))
    assert b"card data" not in sealed
    assert asyncio.run(vault.unseal(sealed)) == b"card data"
    for place in range(len(sealed)):
        altered = bytearray(sealed)
        altered[place] ^= 1
        with pytest.raises(KeyRefused):
            asyncio.run(vault.unseal(bytes(altered)))


def test_equal_numbers_have_equal_fingerprints_and_only_they(vault, tmp_path):
    other = Vault(tmp_path / "other", DEVICE_KEY)
    other.install_tmk(TMK, kcv(TMK))
    first = asyncio.run(vault.fingerprint(b"6250000000000001"))
    assert first == asyncio.run(vault.fingerprint(b"6250000000000001"))
    assert first != asyncio.run(vault.fingerprint(b"6250000000000019"))
    assert first != asyncio.run(other.fingerprint(b"6250000000000001"))


def test_another_device_or_a_damaged_file_is_refused_and_kept(vault, path):
    before = path.read_bytes()
    with pytest.raises(KeyRefused, match="load the keys anew"):
        Vault(path, bytes(32))
    path.write_bytes(before[:-10])
    with pytest.raises(KeyRefused):
        Vault(path, DEVICE_KEY)
    assert path.read_bytes() == before[:-10]


def test_nothing_of_a_key_on_disk_or_in_words(vault, path):
    asyncio.run(vault.load_working_keys(BLOCK))
    kept = path.read_bytes()
    for key in (TMK, MAK):
        assert key not in kept
        assert key.hex() not in repr(vault).lower()
    assert path.stat().st_mode & 0o777 == 0o600


def test_wrap_is_what_unwrap_takes():
    keys = unwrap(TMK, wrap(TMK, bytes(range(16)), bytes(range(16, 32))))
    assert keys == {"pik": bytes(range(16)), "mak": bytes(range(16, 32))}


def test_passwords():
    passwords = ArgonPasswords(memory_kib=64, passes=1)  # the rule is tested, not its cost
    digest = asyncio.run(passwords.digest("2580"))
    assert "2580" not in digest
    assert asyncio.run(passwords.matches(digest, "2580"))
    assert not asyncio.run(passwords.matches(digest, "2581"))
    assert not asyncio.run(passwords.matches("no digest", "2580"))
