"""The vault: what goes in never comes out, and a damaged file is a clear error."""

import asyncio

import pytest

from keys.algorithms.block_cipher import CIPHERS
from keys.algorithms.check_value import check_value
from keys.algorithms.mac import RULES, cup_mac, kcv, mac
from keys.algorithms.pin_block import pin_of
from keys.algorithms.track import decrypt_track
from keys.algorithms.working_keys import wrap
from keys.passwords import ArgonPasswords
from keys.vault import Vault
from terminal.key_facts import SecretEntry
from terminal.ports import KeyMissing, KeyRefused
from tests.unit.keys.at_rest.vault_versions import FINGERPRINT, SEALED, VERSION_1

DEVICE_KEY = bytes(range(32))  # TEST KEY
TMK = bytes.fromhex("CA5D92598DCA48CE8A4C76361A9269E9")  # TEST KEY: worked example of cup.md 3.8
BLOCK = bytes.fromhex("6701EAD6A9AD51E51AA406E2C27FCFA98D0A74B8B651F9E9BACE9AE10000000000000000AB7153CA")
MAK = bytes.fromhex("5BB5C72CD00B7338")
PIK2, MAK2, TDK2 = bytes(range(16)), bytes(range(16, 32)), bytes(range(32, 48))  # TEST KEYS
PAN, TRACK2 = "6250000000000001", "6250000000000001=30122010000000000"


def check_values(vault):
    """KCV by place, of those keys that have one."""
    return {fact.place: fact.check_value for fact in vault.safe.facts().keys if fact.check_value}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "vault"


@pytest.fixture
def vault(path):
    made = Vault.at(path, DEVICE_KEY)
    made.install_tmk(TMK, kcv(TMK))
    return made


def test_working_keys_make_macs_after_a_restart_too(vault, path):
    asyncio.run(vault.load_working_keys(BLOCK))
    again = Vault.at(path, DEVICE_KEY)
    assert asyncio.run(again.mac(b"block")) == cup_mac(MAK, b"block")
    assert check_values(again) == {"tmk.1": kcv(TMK).hex().upper(), "pik": "8D0A74B8", "mak": "AB7153CA"}


def test_a_bad_block_leaves_the_keys_as_they_were(vault):
    asyncio.run(vault.load_working_keys(BLOCK))
    for bad in (BLOCK[:-1] + b"\0", BLOCK[:-4], b"", bytes(40)):
        with pytest.raises(KeyRefused):
            asyncio.run(vault.load_working_keys(bad))
    assert asyncio.run(vault.mac(b"block")) == cup_mac(MAK, b"block")


def test_wrong_check_value_of_the_tmk(path):
    with pytest.raises(KeyRefused):
        Vault.at(path, DEVICE_KEY).install_tmk(TMK, b"\0\0\0\0")
    assert not path.exists()


def test_no_keys_is_said(path):
    empty = Vault.at(path, DEVICE_KEY)
    for work in (
        empty.mac(b""),
        empty.mac(b"", "cmac"),
        empty.enter_pin(SecretEntry(), PAN, "iso-0", print),
        empty.encrypt_track(TRACK2),
        empty.seal(b""),
        empty.unseal(b""),
        empty.fingerprint(b""),
        empty.load_working_keys(BLOCK),
    ):
        with pytest.raises(KeyMissing):
            asyncio.run(work)


def signed_in(path, cipher, tdk=TDK2):
    """A vault whose TMK and working keys are of that cipher."""
    vault = Vault.at(path, DEVICE_KEY)
    vault.install_tmk(TMK, check_value(cipher, TMK), cipher)
    asyncio.run(vault.load_working_keys(wrap(TMK, PIK2, MAK2, tdk, cipher=cipher), cipher))
    return vault


@pytest.mark.parametrize("cipher", CIPHERS)
@pytest.mark.parametrize("rule", RULES)
def test_a_mac_rule_takes_keys_of_its_own_cipher_only(path, cipher, rule):
    signed_in(path, cipher)
    vault = Vault.at(path, DEVICE_KEY)  # the cipher is remembered
    if RULES[rule].cipher == cipher:
        assert asyncio.run(vault.mac(b"block", rule)) == mac(rule, MAK2, b"block")
    else:
        with pytest.raises(KeyRefused, match=f"the MAK in the vault is for {cipher}, not for {RULES[rule].cipher}"):
            asyncio.run(vault.mac(b"block", rule))


@pytest.mark.parametrize("cipher", ["des", "sm4"])
def test_pin_and_track_go_out_under_keys_of_their_cipher_only(path, cipher):
    vault, other = signed_in(path, cipher), {"des": "sm4", "sm4": "des"}[cipher]
    formats = {"des": "iso-0", "sm4": "iso-0-sm4"}
    assert pin_of(PIK2, vault.seal_pin("847192", PAN, formats[cipher]).block, PAN, cipher) == "847192"
    assert decrypt_track(TDK2, asyncio.run(vault.encrypt_track(TRACK2, cipher)), cipher) == TRACK2
    for work in (
        lambda: vault.seal_pin("847192", PAN, formats[other]),
        lambda: asyncio.run(vault.encrypt_track(TRACK2, other)),
    ):
        with pytest.raises(KeyRefused, match=f"is for {cipher}, not for {other}") as refused:
            work()
        assert "847192" not in str(refused.value)
        assert PAN not in str(refused.value)


@pytest.mark.parametrize("cipher", CIPHERS)
def test_a_tmk_opens_blocks_of_its_own_cipher_only(path, cipher):
    vault = signed_in(path, cipher)
    for other in set(CIPHERS) - {cipher}:
        with pytest.raises(KeyRefused, match=f"the TMK.1 in the vault is for {cipher}, not for {other}"):
            asyncio.run(vault.load_working_keys(wrap(TMK, PIK2, MAK2, cipher=other), other))
    assert check_values(vault) == {
        name: check_value(cipher, key).hex().upper()
        for name, key in {"tmk.1": TMK, "pik": PIK2, "mak": MAK2, "tdk": TDK2}.items()
    }


def test_a_sign_in_without_tdk_leaves_no_tdk_of_the_one_before(path):
    vault = signed_in(path, "des")
    asyncio.run(vault.load_working_keys(wrap(TMK, PIK2, MAK)))
    with pytest.raises(KeyMissing, match="no TDK"):
        asyncio.run(vault.encrypt_track(TRACK2))


@pytest.mark.parametrize(("cipher", "size"), [("des", 24), ("des", 0), ("sm4", 8), ("sm4", 32), ("aes", 8)])
def test_a_tmk_of_a_wrong_size(path, cipher, size):
    with pytest.raises(KeyRefused, match=f"TMK of {size} bytes"):
        Vault.at(path, DEVICE_KEY).install_tmk(bytes(size), bytes(4), cipher)
    assert not path.exists()


def test_a_check_value_of_another_cipher(path):
    with pytest.raises(KeyRefused, match="check value of the TMK"):
        Vault.at(path, DEVICE_KEY).install_tmk(TMK, kcv(TMK), "sm4")
    with pytest.raises(KeyRefused, match="no cipher"):
        Vault.at(path, DEVICE_KEY).install_tmk(TMK, kcv(TMK), "")


def test_a_terminal_of_single_des(path):
    """cup.md 3.2, 60.3 = 001: TMK, PIK and MAK of 8 bytes."""
    vault = Vault.at(path, DEVICE_KEY)
    vault.install_tmk(TMK[:8], kcv(TMK[:8]))
    asyncio.run(vault.load_working_keys(wrap(TMK[:8], PIK2[:8], MAK, is_single=True)))
    assert asyncio.run(vault.mac(b"block")) == cup_mac(MAK, b"block")
    assert pin_of(PIK2[:8], vault.seal_pin("1234", "", "iso-0").block, "") == "1234"


def test_a_vault_of_version_1_works_on(path):
    path.write_text(VERSION_1)
    vault = Vault.at(path, DEVICE_KEY)
    assert asyncio.run(vault.mac(b"block")) == cup_mac(MAK, b"block")
    assert asyncio.run(vault.fingerprint(b"6250000000000001")) == FINGERPRINT
    assert asyncio.run(vault.unseal(SEALED)) == b"TEST record"
    asyncio.run(vault.load_working_keys(BLOCK))  # writes version 3
    assert asyncio.run(Vault.at(path, DEVICE_KEY).unseal(SEALED)) == b"TEST record"


def test_a_disk_that_is_full_leaves_the_keys_in_use_as_they_were(vault, path):
    asyncio.run(vault.load_working_keys(BLOCK))
    path.with_suffix(".new").mkdir()
    with pytest.raises(KeyRefused, match="cannot be written"):
        asyncio.run(vault.load_working_keys(wrap(TMK, PIK2, MAK2)))
    assert asyncio.run(vault.mac(b"block")) == cup_mac(MAK, b"block")


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
    other = Vault.at(tmp_path / "other", DEVICE_KEY)
    other.install_tmk(TMK, kcv(TMK))
    first = asyncio.run(vault.fingerprint(b"6250000000000001"))
    assert first == asyncio.run(vault.fingerprint(b"6250000000000001"))
    assert first != asyncio.run(vault.fingerprint(b"6250000000000019"))
    assert first != asyncio.run(other.fingerprint(b"6250000000000001"))


def test_another_device_or_a_damaged_file_is_refused_and_kept(vault, path):
    before = path.read_bytes()
    with pytest.raises(KeyRefused, match="load the keys anew"):
        Vault.at(path, bytes(32))
    path.write_bytes(before[:-10])
    with pytest.raises(KeyRefused):
        Vault.at(path, DEVICE_KEY)
    assert path.read_bytes() == before[:-10]


def test_nothing_of_a_key_on_disk_or_in_words(vault, path):
    asyncio.run(vault.load_working_keys(BLOCK))
    kept = path.read_bytes()
    for key in (TMK, MAK):
        assert key not in kept
        assert key.hex() not in repr(vault).lower()
    assert path.stat().st_mode & 0o777 == 0o600


def test_passwords():
    passwords = ArgonPasswords(memory_kib=64, passes=1)  # the rule is tested, not its cost
    digest = asyncio.run(passwords.digest("2580"))
    assert "2580" not in digest
    assert asyncio.run(passwords.matches(digest, "2580"))
    assert not asyncio.run(passwords.matches(digest, "2581"))
    assert not asyncio.run(passwords.matches("no digest", "2580"))
