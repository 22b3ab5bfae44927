"""One contract of the Vault port: the class in this process, and the same class behind its socket."""

import asyncio
import os
from contextlib import asynccontextmanager, suppress

import pytest

from keys.algorithms.mac import cup_mac, kcv
from keys.algorithms.pin_block import pin_of
from keys.algorithms.track import decrypt_track
from keys.algorithms.working_keys import wrap
from keys.loading import Loading
from keys.service.vault_client import VaultClient
from keys.service.vault_server import VaultServer
from keys.service.vault_wire import Listener
from keys.vault import Vault
from terminal.emv.oda.capk import PublicKey
from terminal.key_facts import SecretEntry
from terminal.ports import (
    CeremonyRefused,
    EntryCancelled,
    EntryTimedOut,
    KeyMissing,
    KeyRefused,
    KeysErased,
    ReaderMissing,
)
from tests.unit.keys.scripted import ScriptedKeypad, typing
from tests.unit.keys.test_vault import DEVICE_KEY, MAK2, PAN, PIK2, TDK2, TMK, TRACK2

PIN = "847192"  # TEST PIN
BLOCK = wrap(TMK, PIK2, MAK2, TDK2)
ENTRY, QUICK = SecretEntry(), SecretEntry(first_seconds=0.05, between_seconds=0.05)
CARD_KEY = PublicKey(b"\xc1" + bytes(range(1, 126)) + b"\xff\xff", 3)  # TEST KEY, 1024 bits, of nobody


class Rooms:
    """What a vault's process has, over one safe, with a hand on its keypad."""

    def __init__(self, safe, keypad):
        self.vault, self.loading = Vault(safe, keypad), Loading(safe, keypad)

    def hung_up(self):
        self.vault.forget_card_pin()


@asynccontextmanager
async def in_process(rooms, folder):
    yield rooms.vault, rooms.loading


@asynccontextmanager
async def behind_socket(rooms, folder):
    serving = asyncio.ensure_future(VaultServer(rooms, Listener(folder / "sock"), {os.getuid()}).run())
    client = VaultClient(folder / "sock", 2.0)
    try:
        yield client, client
    finally:
        client.close()
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await serving


@pytest.fixture(params=[in_process, behind_socket])
def rooms(request, tmp_path):
    """Opens vault and loading; with a TMK unless told otherwise. `keys` are typed as soon as the keypad is held."""

    @asynccontextmanager
    async def open_it(*keys, has_tmk=True):
        made = Vault.at(tmp_path / "vault", DEVICE_KEY)
        if has_tmk:
            made.install_tmk(TMK, kcv(TMK))
        open_it.keypad = ScriptedKeypad(*keys)
        async with request.param(Rooms(made.safe, open_it.keypad), tmp_path) as both:
            yield both

    return open_it


@pytest.fixture
def opened(rooms):
    """The vault of `rooms`."""

    @asynccontextmanager
    async def open_it(*keys, **how):
        async with rooms(*keys, **how) as (vault, _):
            yield vault

    return open_it


async def test_working_keys_then_mac_pin_and_track(opened):
    async with opened() as vault:
        assert await vault.load_working_keys(BLOCK) is None
        assert await vault.mac(b"block") == cup_mac(MAK2, b"block")
        assert await vault.mac(b"") == cup_mac(MAK2, b"")
        assert decrypt_track(TDK2, await vault.encrypt_track(TRACK2)) == TRACK2


async def test_a_record_is_sealed_and_opens(opened):
    async with opened() as vault:
        for record in (b"", b"TEST record", bytes(range(256)) * 8):
            sealed = await vault.seal(record)
            assert record == b"" or record not in sealed
            assert await vault.unseal(sealed) == record
        with pytest.raises(KeyRefused, match="does not open"):
            await vault.unseal(sealed[:-1] + bytes([sealed[-1] ^ 1]))


async def test_a_fingerprint_is_the_same_for_the_same_card_only(opened):
    async with opened() as vault:
        first = await vault.fingerprint(b"6250000000000001")
        assert first == await vault.fingerprint(b"6250000000000001") != await vault.fingerprint(b"6250000000000019")
        assert len(first) == 32


@pytest.mark.parametrize("pan", [PAN, ""])
async def test_a_pin_is_counted_here_and_known_there(opened, pan):
    counts = []
    async with opened(*typing(PIN)) as vault:
        await vault.load_working_keys(BLOCK)
        sealed = await vault.enter_pin(ENTRY, pan, "iso-0", counts.append)
        assert pin_of(PIK2, sealed.block, pan) == PIN
        assert (counts, sealed.ksn) == ([0, 1, 2, 3, 4, 5, 6], b"")
        assert "847192" not in repr(sealed)


async def test_no_pin_is_an_answer(opened):
    async with opened("enter", "enter", "enter") as vault:
        await vault.load_working_keys(BLOCK)
        assert await vault.enter_pin(ENTRY, PAN, "iso-0", print) is None
        assert await vault.enter_card_pin(ENTRY, print) is False
        with pytest.raises(KeyRefused, match="no PIN was typed"):
            await vault.encipher_card_pin(CARD_KEY, bytes(8))


@pytest.mark.parametrize(
    ("keys", "error"), [(("1", "2", "cancel"), EntryCancelled), (("1",), EntryTimedOut), ((), EntryTimedOut)]
)
async def test_an_entry_that_ends_without_a_pin_lets_the_keypad_go(rooms, keys, error):
    async with rooms(*keys) as (vault, _):
        await vault.load_working_keys(BLOCK)
        with pytest.raises(error):
            await vault.enter_pin(QUICK, PAN, "iso-0", print)
        assert not rooms.keypad.is_held
        assert await vault.mac(b"block") == cup_mac(MAK2, b"block")


async def test_whoever_gives_an_entry_up_ends_it(rooms):
    async with rooms("1", "2") as (vault, _):
        await vault.load_working_keys(BLOCK)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await vault.enter_pin(ENTRY, PAN, "iso-0", print)
        await asyncio.sleep(0.05)
        assert (rooms.keypad.held_times, rooms.keypad.is_held) == (1, False)
        rooms.keypad.keys = typing(PIN)
        assert pin_of(PIK2, (await vault.enter_pin(ENTRY, PAN, "iso-0", print)).block, PAN) == PIN


async def test_nobody_types_a_pin_for_a_key_that_is_not_there(rooms):
    async with rooms(*typing(PIN)) as (vault, _):
        with pytest.raises(KeyMissing, match="no PIK"):
            await vault.enter_pin(ENTRY, PAN, "iso-0", print)
        assert rooms.keypad.held_times == 0


async def test_a_pin_for_the_card_is_used_once(opened):
    async with opened(*typing(PIN)) as vault:
        assert await vault.enter_card_pin(ENTRY, print) is True
        assert len(await vault.encipher_card_pin(CARD_KEY, bytes(8))) == len(CARD_KEY.modulus)
        with pytest.raises(KeyRefused, match="no PIN was typed"):
            await vault.encipher_card_pin(CARD_KEY, bytes(8))


async def test_a_vault_without_a_reader_shows_no_card_a_pin(opened):
    async with opened(*typing(PIN)) as vault:
        await vault.enter_card_pin(ENTRY, print)
        with pytest.raises(ReaderMissing):
            await vault.show_card_pin("slot")


async def test_two_custodians_bring_a_key(rooms):
    first, second = bytes(range(16)), bytes(range(100, 116))  # TEST COMPONENTS
    together = bytes(a ^ b for a, b in zip(first, second, strict=True))
    counts = []
    async with rooms(*typing(first.hex().upper()), *typing(second.hex().upper())) as (vault, loading):
        await loading.begin_ceremony("tmk.2", "des", 16)
        assert await loading.enter_component("91", counts.append) == kcv(first).hex().upper()
        with pytest.raises(CeremonyRefused, match="too-few"):
            await loading.combined()
        with pytest.raises(CeremonyRefused, match="same-custodian"):
            await loading.enter_component("91", print)
        assert await loading.enter_component("92", print) == kcv(second).hex().upper()
        assert await loading.combined() == kcv(together).hex().upper()
        assert "tmk.2" not in {fact.place for fact in (await loading.facts()).keys}
        await loading.keep_combined()
        fact = next(fact for fact in (await loading.facts()).keys if fact.place == "tmk.2")
        assert (fact.usage, fact.cipher, fact.check_value) == ("tmk", "des", kcv(together).hex().upper())
        assert fact.source == "components"
        assert counts == list(range(33))
        await vault.load_working_keys(wrap(together, PIK2, MAK2), "des", 2)
        assert await vault.mac(b"block") == cup_mac(MAK2, b"block")
        with pytest.raises(CeremonyRefused, match="ended"):
            await loading.combined()


async def test_erased_is_said_to_everyone_from_then_on(rooms):
    async with rooms() as (vault, loading):
        await vault.load_working_keys(BLOCK)
        await loading.erase("by-hand")
        for work in (vault.mac(b""), vault.fingerprint(b""), vault.seal(b""), vault.load_working_keys(BLOCK)):
            with pytest.raises(KeysErased, match="by-hand"):
                await work
        facts = await loading.facts()
        assert (facts.state, facts.erased, facts.keys) == ("erased", "by-hand", ())


async def test_no_keys_is_said_with_the_same_words(opened):
    async with opened(has_tmk=False) as vault:
        for key, work in (
            ("MAK", vault.mac(b"")),
            ("PIK", vault.enter_pin(ENTRY, PAN, "iso-0", print)),
            ("DUKPT", vault.enter_pin(ENTRY, PAN, "dukpt-aes:iso-4", print)),
            ("DUKPT", vault.spend_ksn()),
            ("DUKPT", vault.mac(b"", "dukpt-tdes")),
            ("TDK", vault.encrypt_track(TRACK2)),
            ("RECORD", vault.seal(b"")),
            ("RECORD", vault.unseal(b"")),
            ("FINGERPRINT", vault.fingerprint(b"")),
            ("TMK.1", vault.load_working_keys(BLOCK)),
            ("TMK.3", vault.load_working_keys(BLOCK, "des", 3)),
        ):
            with pytest.raises(KeyMissing, match=f"no {key} in the vault"):
                await work


async def test_what_is_refused_is_refused_with_the_same_words(opened):
    async with opened(*typing(PIN)) as vault:
        await vault.load_working_keys(BLOCK)
        for said, work in (
            ("is for des, not for sm4", vault.mac(b"", "cup-sm4")),
            ("a PAN is 8 to 19 digits", vault.enter_pin(ENTRY, "1", "iso-0", print)),
            ("is for des, not for sm4", vault.enter_pin(ENTRY, PAN, "iso-0-sm4", print)),
            ("no PIN format", vault.enter_pin(ENTRY, PAN, "iso-1", print)),
            ("no PIN was typed", vault.encipher_card_pin(CARD_KEY, bytes(8))),
            ("no PIN was typed", vault.show_card_pin("slot")),
            ("no place for keys", vault.load_working_keys(BLOCK, "des", 0)),
            ("digits and separators", vault.encrypt_track("A")),
            ("block of 59 bytes", vault.load_working_keys(BLOCK[:-1])),
            ("no such rule", vault.mac(b"", "no such rule")),
        ):
            with pytest.raises(KeyRefused, match=said):
                await work
        assert await vault.mac(b"block") == cup_mac(MAK2, b"block")  # and none of it harmed the keys


async def test_many_ask_at_once_and_each_gets_its_own_answer(opened):
    async with opened() as vault:
        await vault.load_working_keys(BLOCK)
        blocks = [bytes([number]) * (number + 1) for number in range(50)]
        assert await asyncio.gather(*map(vault.mac, blocks)) == [cup_mac(MAK2, block) for block in blocks]
