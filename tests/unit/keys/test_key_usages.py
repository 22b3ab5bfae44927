"""A key does one thing: every pair of a key's usage and an operation, of which only the diagonal passes."""

import asyncio

import msgspec
import pytest

from keys.algorithms.block_cipher import DES
from keys.algorithms.key_block_tr31 import KeyBlock
from keys.algorithms.pin_formats import format_of
from keys.algorithms.working_keys import wrap
from keys.at_rest.key_file import Contents, Key, KeyFile
from keys.delivery.bundle import LoadedKey, make_bundle
from keys.dukpt_device import first_keys
from keys.loading import Loading
from keys.places import OF_TR31, OWN, TMK_PLACE, USAGES, tmk_place, usage_of
from keys.vault import Vault
from terminal.ports import KeyRefused
from tests.unit.keys.test_vault import DEVICE_KEY, MAK2, PAN, PIK2, TDK2, TMK, TRACK2

TERMINAL = "10000001"
BUNDLE = make_bundle(TMK, TERMINAL, 1, [LoadedKey("tmk.3", KeyBlock("B", "K0", "T", "D", MAK2))], "des")
FUTURE = first_keys(PIK2, bytes.fromhex("FFFF9876543210E00000"), "dukpt-tdes")
ALL_USAGES = ("tmk", *dict.fromkeys(USAGES.values()))
OPERATIONS = {  # what is done -> the one usage that may do it
    "load working keys": ("tmk", lambda vault: vault.load_working_keys(wrap(TMK, PIK2, MAK2))),
    "encipher a PIN": ("pin", lambda vault: sealed_pin(vault, "iso-0")),
    "make a MAC": ("mac", lambda vault: vault.mac(b"block")),
    "make a retail MAC": ("mac", lambda vault: vault.mac(b"block", "x9.19")),
    "encipher a track": ("track", lambda vault: vault.encrypt_track(TRACK2)),
    "seal a record": ("record", lambda vault: vault.seal(b"TEST")),
    "open a bundle": ("kek", lambda vault: Loading(vault.safe).load_bundle(BUNDLE, TERMINAL)),
    "spend a KSN": ("dukpt", lambda vault: vault.spend_ksn()),
    "tell a card": ("fingerprint", lambda vault: vault.fingerprint(PAN.encode())),
}
PLACES = ("tmk.1", "kek", "pik", "mak", "tdk", "dukpt", "record", "fingerprint")


async def sealed_pin(vault, format):
    return vault.seal_pin("1234", PAN, format)


@pytest.mark.parametrize("usage", ALL_USAGES)
@pytest.mark.parametrize("what", OPERATIONS)
def test_only_the_diagonal_passes(tmp_path, what, usage):
    """Every place holds a key that is for `usage` and fits otherwise: the cipher and length are what is asked for."""
    wanted, operation = OPERATIONS[what]
    keys = {place: Key(TMK * (2 if place in OWN else 1), OWN.get(place, "des"), usage) for place in PLACES}
    KeyFile(tmp_path / "vault", DEVICE_KEY).write(Contents(keys, FUTURE))
    vault = Vault.at(tmp_path / "vault", DEVICE_KEY)
    if usage == wanted:
        asyncio.run(operation(vault))
    else:
        with pytest.raises(KeyRefused, match=f"is for {usage}, not for {wanted}"):
            asyncio.run(operation(vault))


def test_every_place_has_one_usage_and_every_tr31_usage_of_a_terminal_a_place():
    assert set(OF_TR31.values()) <= set(ALL_USAGES)
    for place in (*USAGES, *map(tmk_place, range(1, 10))):
        assert usage_of(place) in ALL_USAGES
    for place in ("tmk", "tmk.0", "tmk.10", "", "PIK", "pik\n"):
        assert not TMK_PLACE.fullmatch(place)
        with pytest.raises(KeyRefused, match="no place for keys"):
            usage_of(place)


def test_a_key_that_was_loaded_is_for_its_place(tmp_path):
    vault = Vault.at(tmp_path / "vault", DEVICE_KEY)
    vault.install_tmk(TMK, DES.check_value(TMK), slot=3)
    asyncio.run(vault.load_working_keys(wrap(TMK, PIK2, MAK2, TDK2), "des", 3))
    found = msgspec.to_builtins(vault.safe.facts())["keys"]
    assert {fact["place"]: fact["usage"] for fact in found} == {
        "tmk.3": "tmk",
        "pik": "pin",
        "mak": "mac",
        "tdk": "track",
        "record": "record",
        "fingerprint": "fingerprint",
    }
    assert format_of("iso-0").read(PIK2, vault.seal_pin("1234", PAN, "iso-0").block, PAN) == "1234"
