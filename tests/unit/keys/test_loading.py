"""Deliveries of keys into a vault: all of one or nothing, each once, and what was there before stays until then."""

import asyncio
from datetime import UTC, datetime

import pytest

from keys.algorithms.dukpt import Ksn, derived
from keys.algorithms.dukpt_tdes import BDK_TEST, initial_key, next_key, working_key
from keys.algorithms.key_block_tr31 import KeyBlock, OptionalBlock
from keys.algorithms.mac import cup_mac, kcv, retail_mac
from keys.algorithms.pin_block import pin_of
from keys.algorithms.working_keys import wrap
from keys.at_rest.key_file import KeyFile
from keys.at_rest.rollback import Witness
from keys.loading import Loading
from keys.safe import Safe
from keys.vault import Vault
from simulator.key_host import KeyHost, LoadedKey
from terminal.ports import KeyMissing, KeyRefused, KeysErased
from tests.unit.keys.scripted import ScriptedKeypad, typing
from tests.unit.keys.test_vault import DEVICE_KEY, MAK2, PAN, PIK2, TMK

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
TERMINAL = "10000001"
KEK = bytes(range(50, 66))  # TEST KEY
KSN = bytes.fromhex("FFFF9876543210E00000")
INITIAL_KEY = initial_key(BDK_TEST, Ksn.of(KSN))
NEW_TMK = bytes(range(1, 17))  # TEST KEY


class Device:
    """A terminal's vault, its loading, and the bank's key host."""

    def __init__(self, folder):
        self.folder, self.host = folder, KeyHost(lambda: NOW)
        self.host.keys[TERMINAL] = [
            LoadedKey("tmk.2", KeyBlock("D", "K0", "T", "D", NEW_TMK)),
            LoadedKey(
                "dukpt", KeyBlock("D", "B1", "T", "X", INITIAL_KEY, blocks=(OptionalBlock("KS", KSN.hex().upper()),))
            ),
        ]
        (folder / "authority.pem").write_bytes(self.host.anchors)
        self.restart()

    def restart(self):
        """What is on the disk is all there is."""
        self.safe = Safe(KeyFile(self.folder / "vault", DEVICE_KEY), now=lambda: NOW)
        self.keypad = ScriptedKeypad()
        self.vault = Vault(self.safe, self.keypad)
        self.loading = Loading(self.safe, self.keypad, self.folder / "authority.pem")

    def places(self):
        return {fact.place for fact in self.safe.facts().keys}

    def load(self, delivery, terminal_id=TERMINAL):
        return asyncio.run(self.loading.load_bundle(delivery, terminal_id))

    def ask(self):
        return asyncio.run(self.loading.remote_request(TERMINAL))

    def certify(self):
        """The first request is for a certificate, which the bank's CA gives."""
        assert self.ask().startswith(b"-----BEGIN CERTIFICATE REQUEST-----")
        self.load(self.host.enroll(self.safe.identity, TERMINAL))


def bring_kek(device):
    """Two custodians do."""

    async def ceremony():
        parts = bytes(16 * [7]), bytes(one ^ 7 for one in KEK)
        await device.loading.begin_ceremony("kek", "aes", 16)
        for custodian, part in zip(("91", "92"), parts, strict=True):
            device.keypad.keys = typing(part.hex().upper())
            await device.loading.enter_component(custodian, lambda _: None)
        await device.loading.keep_combined()

    asyncio.run(ceremony())


def test_a_bundle_is_taken_whole_and_works_after_a_restart(with_kek):
    device = with_kek
    loaded = device.load(device.host.bundle(KEK, TERMINAL))
    assert {(fact.place, fact.source, fact.made) for fact in loaded} == {
        ("tmk.2", "bundle", "2026-11-24T09:30:00+00:00"),
        ("dukpt", "bundle", "2026-11-24T09:30:00+00:00"),
    }
    device.restart()
    asyncio.run(device.vault.load_working_keys(wrap(NEW_TMK, PIK2, MAK2), "des", 2))
    assert asyncio.run(device.vault.mac(b"block")) == cup_mac(MAK2, b"block")
    check_dukpt(device, 1)
    assert {"tmk.1", "kek"} <= device.places()


def check_dukpt(device, counter):
    """The next KSN is that one, and PIN and MAC are under its keys, as the host derives them."""
    ksn = asyncio.run(device.vault.spend_ksn())
    assert Ksn.of(ksn) == Ksn(KSN, counter)
    key = derived(next_key, INITIAL_KEY, Ksn.of(ksn))
    mac = asyncio.run(device.vault.mac(b"block", "dukpt-tdes"))
    assert mac == retail_mac(working_key(key, "mac-request"), b"block")
    sealed = device.vault.seal_pin("1234", PAN, "dukpt-tdes:iso-0")
    assert Ksn.of(sealed.ksn) == Ksn(KSN, counter + 1)
    assert pin_of(working_key(derived(next_key, INITIAL_KEY, Ksn.of(sealed.ksn)), "pin"), sealed.block, PAN) == "1234"


def test_the_initial_key_is_not_kept(with_kek):
    with_kek.load(with_kek.host.bundle(KEK, TERMINAL))
    file = KeyFile(with_kek.folder / "vault", DEVICE_KEY).read()
    held = [key.secret for key in file.keys.values()] + list(file.future.keys)
    assert INITIAL_KEY not in held
    assert file.keys["dukpt"].secret == b""


def test_a_bundle_is_taken_once_also_after_a_restart(with_kek):
    first, second = (with_kek.host.bundle(KEK, TERMINAL) for _ in range(2))
    with_kek.load(second)
    with_kek.restart()
    for old in (first, second):
        with pytest.raises(KeyRefused, match="too late"):
            with_kek.load(old)


def test_a_foreign_bundle_leaves_the_keys_as_they_were(with_kek):
    before = (with_kek.folder / "vault").read_bytes()
    for delivery, said in (
        (with_kek.host.bundle(KEK, TERMINAL)[:-2] + b"\n", "no seal"),
        (with_kek.host.bundle(bytes(16), TERMINAL), "another KEK"),
        (b"", "no key delivery"),
        (b"\xff" * 100, "no key delivery"),
    ):
        with pytest.raises(KeyRefused, match=said):
            with_kek.load(delivery)
    with pytest.raises(KeyRefused, match="is for terminal"):
        with_kek.load(with_kek.host.bundle(KEK, TERMINAL), "10000002")
    assert (with_kek.folder / "vault").read_bytes() == before


def test_a_disk_that_is_full_takes_none_of_it(with_kek):
    with_kek.folder.joinpath("vault.new").mkdir()
    bundle = with_kek.host.bundle(KEK, TERMINAL)
    with pytest.raises(KeyRefused, match="cannot be written"):
        with_kek.load(bundle)
    assert "tmk.2" not in with_kek.places()
    with_kek.folder.joinpath("vault.new").rmdir()
    assert len(with_kek.load(bundle)) == 2  # and it is still good


def test_a_bundle_without_a_kek(device):
    with pytest.raises(KeyMissing, match="no KEK"):
        device.load(device.host.bundle(KEK, TERMINAL))


def test_a_key_host_sends_keys_to_a_device_that_asked(device):
    device.certify()
    device.restart()
    token = device.host.answer(device.ask())
    device.restart()
    assert {fact.source for fact in device.load(token)} == {"remote"}
    asyncio.run(device.vault.load_working_keys(wrap(NEW_TMK, PIK2, MAK2), "des", 2))
    check_dukpt(device, 1)
    with pytest.raises(KeyRefused, match="asked for no keys, or has got them already"):
        device.load(token)


def test_a_token_for_an_earlier_question_is_refused(device):
    device.certify()
    earlier = device.host.answer(device.ask())
    later = device.host.answer(device.ask())
    with pytest.raises(KeyRefused, match="answers another request"):
        device.load(earlier)
    assert len(device.load(later)) == 2


def test_another_banks_host_and_another_devices_certificate(device, tmp_path_factory):
    device.certify()
    stranger = KeyHost(lambda: NOW)
    stranger.devices, stranger.keys, stranger.authority = device.host.devices, device.host.keys, device.host.authority
    request = device.ask()
    stranger.chain, stranger.sign = KeyHost(lambda: NOW).chain, KeyHost(lambda: NOW).sign
    with pytest.raises(KeyRefused):
        device.load(stranger.answer(request))
    other = Device(tmp_path_factory.mktemp("other"))
    other.host = device.host
    assert other.ask()
    with pytest.raises(KeyRefused, match="another device's"):
        device.load(device.host.enroll(other.safe.identity, "10000002"))
    assert len(device.load(device.host.answer(request))) == 2


def test_an_authority_that_is_not_there_is_said(device):
    device.ask()
    (device.folder / "authority.pem").unlink()
    with pytest.raises(KeyRefused, match="No such file"):
        device.load(b"-----BEGIN CERTIFICATE-----")
    with pytest.raises(KeyRefused, match="no authority"):
        asyncio.run(Loading(device.safe).load_bundle(b"-----BEGIN CERTIFICATE-----", TERMINAL))


def test_erased_keys_are_gone_from_the_disk_and_only_a_new_key_ends_it(device):
    asyncio.run(device.vault.load_working_keys(wrap(TMK, PIK2, MAK2)))
    path = device.folder / "vault"
    old = path.open("rb")  # the blocks that the old file had
    with old:
        asyncio.run(device.loading.erase("tamper"))
        assert set(old.read()) == {0}
    device.restart()
    assert device.safe.facts().state == "erased"
    with pytest.raises(KeysErased, match="tamper"):
        asyncio.run(device.vault.mac(b""))
    assert KeyFile(path, DEVICE_KEY).read().keys == {}
    device.vault.install_tmk(TMK, kcv(TMK))
    asyncio.run(device.vault.load_working_keys(wrap(TMK, PIK2, MAK2)))
    assert asyncio.run(device.vault.mac(b"block")) == cup_mac(MAK2, b"block")


def test_erasing_is_heard_by_who_waits_for_it(device):
    async def waited():
        waiting = asyncio.ensure_future(device.loading.erased())
        await asyncio.sleep(0)
        assert not waiting.done()
        await device.loading.erase("by-hand")
        return await waiting

    assert asyncio.run(waited()) == "by-hand"


def test_a_full_disk_has_the_erasing_in_the_blocks_of_the_old_file(with_kek):
    device = with_kek
    device.load(device.host.bundle(KEK, TERMINAL))
    used = asyncio.run(device.vault.spend_ksn())
    old = (device.folder / "vault").read_bytes()
    device.folder.joinpath("vault.new").mkdir()
    asyncio.run(device.loading.erase("tamper"))
    with pytest.raises(KeysErased):
        asyncio.run(device.vault.fingerprint(b""))
    assert len((device.folder / "vault").read_bytes()) == len(old)
    device.folder.joinpath("vault.new").rmdir()
    device.restart()
    assert (device.safe.facts().state, device.places()) == ("erased", set())
    bring_kek(device)
    with pytest.raises(KeyRefused, match="used before"):  # the history is there too
        device.load(device.host.bundle(KEK, TERMINAL))
    assert Ksn.of(used).counter == 1


def test_a_disk_that_takes_nothing_at_all_is_said_and_the_memory_is_empty(device):
    device.folder.joinpath("vault.new").mkdir()
    (device.folder / "vault").unlink()
    with pytest.raises(KeyRefused, match="cannot be written"):
        asyncio.run(device.loading.erase("tamper"))
    with pytest.raises(KeysErased):
        asyncio.run(device.vault.fingerprint(b""))


def test_erased_while_the_witness_was_behind_it_starts_and_says_so(tmp_path):
    def opened():
        return Safe(KeyFile(tmp_path / "vault", DEVICE_KEY, Witness(tmp_path / "witness", DEVICE_KEY)))

    safe = opened()
    safe.take({"tmk.1": safe.made(TMK, "des", "tmk.1", "test")})
    (tmp_path / "witness.new").mkdir()  # its partition is full
    safe.take({"tmk.2": safe.made(TMK[::-1], "des", "tmk.2", "test")})
    safe.erase("tamper")
    (tmp_path / "witness.new").rmdir()
    again = opened()
    assert again.facts().state == "erased"
    again.take({"tmk.1": again.made(TMK, "des", "tmk.1", "test")})
    assert opened().facts().state == "ready"
