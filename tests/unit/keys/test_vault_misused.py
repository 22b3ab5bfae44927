"""What whoever runs as the core, or opens the device, or cuts the power, must not get out of the vault.

Each of these was possible once.
"""

import asyncio
from contextlib import suppress

import msgspec
import pytest

from keys.algorithms.block_cipher import DES, xor
from keys.algorithms.dukpt import Ksn, derived
from keys.algorithms.dukpt_tdes import BDK_TEST, initial_key, next_key, working_key
from keys.algorithms.key_block_tr31 import KeyBlock, OptionalBlock
from keys.algorithms.mac import kcv, retail_mac
from keys.algorithms.working_keys import wrap
from keys.at_rest.key_file import KeyFile
from keys.at_rest.rollback import Witness
from keys.delivery.ceremony import Ceremony
from keys.loading import Loading
from keys.safe import Safe
from keys.service.vault_client import VaultClient
from keys.service.vault_process import _erased_when_opened
from keys.service.vault_server import as_call
from keys.service.vault_wire import WireLost
from keys.vault import Vault
from simulator.key_host import LoadedKey
from terminal.ports import CeremonyRefused, KeyMissing, KeyRefused
from tests.unit.keys.scripted import ScriptedKeypad, typing
from tests.unit.keys.service.test_vault_contract import BLOCK, CARD_KEY, ENTRY, PIN, Rooms, behind_socket
from tests.unit.keys.test_loading import INITIAL_KEY, KEK, KSN, TERMINAL, bring_kek
from tests.unit.keys.test_vault import DEVICE_KEY, MAK2, PAN, PIK2, TDK2, TMK

PARTS = [BLOCK[:20], BLOCK[20:40], BLOCK[40:]]  # PIK, MAK, TDK: each a cryptogram and its check value, as F62 came


def witnessed(folder):
    return KeyFile(folder / "vault", DEVICE_KEY, Witness(folder / "witness", DEVICE_KEY))


@pytest.mark.parametrize("order", [(2, 0, 1), (1, 0, 2), (0, 0, 2), (2, 1, 0)])
async def test_a_key_of_one_place_is_not_put_into_another(tmp_path, order):
    """F62 says nothing of usage: with the PIK as MAK a MAC would encipher a guess of the PIN."""
    vault = Vault.at(tmp_path / "vault", DEVICE_KEY)
    vault.install_tmk(TMK, kcv(TMK))
    await vault.load_working_keys(BLOCK)
    with pytest.raises(KeyRefused, match="a key does one thing"):
        await vault.load_working_keys(b"".join(PARTS[place] for place in order))
    await vault.load_working_keys(wrap(TMK, bytes(range(80, 96)), bytes(range(96, 112))))
    with pytest.raises(KeyRefused, match="a key does one thing"):  # nor the day after
        await vault.load_working_keys(wrap(TMK, bytes(range(112, 128)), PIK2))
    await vault.load_working_keys(wrap(TMK, PIK2, MAK2, TDK2))  # the same for the same is no harm


class Switch:
    """Open whenever `is_open`."""

    def __init__(self):
        self.is_open = False

    async def opened(self):
        while not self.is_open:  # noqa: ASYNC110 - a line has no event here
            await asyncio.sleep(0.005)


async def test_each_opening_erases(tmp_path):
    vault, switch = Vault.at(tmp_path / "vault", DEVICE_KEY), Switch()
    loading = Loading(vault.safe)
    vault.install_tmk(TMK, kcv(TMK))
    watching = asyncio.ensure_future(_erased_when_opened(switch, loading))
    for _ in range(2):
        switch.is_open = True
        async with asyncio.timeout(2):
            assert await loading.erased() == "tamper"
        switch.is_open = False
        await asyncio.sleep(0.15)
        vault.install_tmk(TMK, kcv(TMK))
        assert (await loading.facts()).state == "ready"
    watching.cancel()


@pytest.mark.parametrize("harm", ["gone", "damaged"])
async def test_erased_is_erased_whatever_the_witness_says(tmp_path, harm):
    vault = Vault(Safe(witnessed(tmp_path)))
    vault.install_tmk(TMK, kcv(TMK))
    kept = (tmp_path / "witness").read_bytes()
    if harm == "gone":
        (tmp_path / "witness").unlink()
    else:
        (tmp_path / "witness").write_bytes(kept[:-3])
    await Loading(vault.safe).erase("tamper")
    (tmp_path / "witness").write_bytes(kept)  # who comes later brings it back
    assert witnessed(tmp_path).read().keys == {}


@pytest.mark.parametrize("is_erased", [False, True])
def test_no_ksn_is_used_twice_over_two_deliveries(with_kek, is_erased):
    device = with_kek
    device.load(device.host.bundle(KEK, TERMINAL))
    used = [asyncio.run(device.vault.spend_ksn()) for _ in range(3)]
    if is_erased:
        asyncio.run(device.loading.erase("by-hand"))
        bring_kek(device)
    with pytest.raises(KeyRefused, match="used before"):
        device.load(device.host.bundle(KEK, TERMINAL))  # the bank sends what it has of this terminal
    device.restart()
    if not is_erased:
        used.append(asyncio.run(device.vault.spend_ksn()))
    assert len(set(used)) == len(used)


@pytest.mark.parametrize("is_erased", [True, False])
def test_no_mac_under_a_key_of_before(with_kek, is_erased):
    device = with_kek
    device.load(device.host.bundle(KEK, TERMINAL))
    asyncio.run(device.vault.spend_ksn())
    made = asyncio.run(device.vault.mac(b"block", "dukpt-tdes"))
    assert made == retail_mac(working_key(derived(next_key, INITIAL_KEY, Ksn(KSN, 1)), "mac-request"), b"block")
    if is_erased:
        asyncio.run(device.loading.erase("tamper"))
    else:
        other = KSN[:4] + bytes([KSN[4] ^ 0x10]) + KSN[5:]
        key = initial_key(BDK_TEST, Ksn.of(other))
        block = KeyBlock("D", "B1", "T", "X", key, blocks=(OptionalBlock("KS", other.hex().upper()),))
        device.host.keys[TERMINAL] = [LoadedKey("dukpt", block)]
        device.load(device.host.bundle(KEK, TERMINAL))
    with pytest.raises(KeyMissing):
        asyncio.run(device.vault.mac(b"block", "dukpt-tdes"))


def test_what_was_refused_has_not_happened_and_what_was_not_has(tmp_path):
    """The witness cannot be written: the change before it is the last that is taken."""
    safe = Safe(witnessed(tmp_path))
    safe.take({"tmk.1": safe.made(b"16 bytes of key.", "sm4", "tmk.1", "test")})
    (tmp_path / "witness.new").mkdir()  # as a full or read-only partition has it
    taken = {"tmk.1", "record", "fingerprint"}
    for place in ("tmk.2", "tmk.3"):
        with suppress(KeyRefused):
            safe.take({place: safe.made(place.encode().ljust(16), "sm4", place, "test")})
            taken.add(place)
    assert {fact.place for fact in safe.facts().keys} == taken
    assert "tmk.3" not in taken
    again = Safe(witnessed(tmp_path))  # nor does that stop a start
    assert {fact.place for fact in again.facts().keys} == taken
    (tmp_path / "witness.new").rmdir()
    again.take({"tmk.4": again.made(b"another 16 bytes", "sm4", "tmk.4", "test")})
    assert "tmk.4" in {fact.place for fact in Safe(witnessed(tmp_path)).facts().keys}


def odd(key):
    """The same DES key with odd parity, as a printed letter has it."""
    return bytes(byte & 0xFE | (1 ^ (byte >> 1).bit_count() & 1) for byte in key)


def test_the_same_component_in_odd_parity_adds_nothing():
    raw = bytes.fromhex("1032547698BADCFE0023456789AACCEF")  # TEST COMPONENT
    assert raw != odd(raw)
    assert DES.encrypt(raw, bytes(8)) == DES.encrypt(odd(raw), bytes(8))
    with pytest.raises(CeremonyRefused, match="no-protection"):
        Ceremony("tmk.1", "des", 16).with_component("91", raw).with_component("92", odd(raw))


def test_halves_that_differ_in_parity_only_are_single_des():
    key, other = bytes.fromhex("0123456789ABCDEF" + "0023456789ABCDEF"), bytes(range(16))
    whole = Ceremony("tmk.1", "des", 16).with_component("91", other).with_component("92", xor(key, other))
    with pytest.raises(CeremonyRefused, match="weak"):
        whole.key()


@pytest.mark.parametrize("how", ["hung up", "erased"])
async def test_a_pin_for_a_card_is_forgotten_with_its_asker(tmp_path, how):
    made = Vault.at(tmp_path / "vault", DEVICE_KEY)
    made.install_tmk(TMK, kcv(TMK))
    async with behind_socket(Rooms(made.safe, ScriptedKeypad(*typing(PIN))), tmp_path) as (client, loading):
        first = VaultClient(tmp_path / "sock", 2.0)
        await first.enter_card_pin(ENTRY, lambda _: None)
        if how == "erased":
            await loading.erase("tamper")
        else:
            first.close()  # the core is killed and started again
            await asyncio.sleep(0.05)
        with pytest.raises(KeyRefused, match="no PIN was typed"):
            await client.encipher_card_pin(CARD_KEY, bytes(8))
        first.close()


def test_another_terminals_bundle_is_refused_whoever_asks(with_kek):
    device = with_kek
    device.load(device.host.bundle(KEK, TERMINAL))
    device.host.keys["10000002"] = device.host.keys[TERMINAL]
    theirs = device.host.bundle(KEK, "10000002")  # under the same KEK: the same custodians went round the shops
    with pytest.raises(KeyRefused, match=f"keys here are for terminal {TERMINAL}"):
        device.load(theirs, "10000002")


def test_a_frame_with_text_that_is_none_says_nothing():
    pack, text = msgspec.msgpack.encode, b"\xff" + PAN.encode()
    body = bytearray(b"\x93" + pack("EncryptTrack") + bytes([0xA0 | len(text)]) + text + pack("des"))
    with pytest.raises(WireLost) as lost:
        as_call(body)
    assert PAN not in str(lost.value)
    assert lost.value.__cause__ is None


def test_a_file_of_many_brackets_is_damaged(tmp_path):
    (tmp_path / "vault").write_bytes(b'{"a":' + b"[" * 60_000)
    with pytest.raises(KeyRefused, match="does not open"):
        KeyFile(tmp_path / "vault", bytes(32)).read()
