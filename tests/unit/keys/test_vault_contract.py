"""One contract of the Vault port: the class in this process, and the same class behind its socket."""

import asyncio
import os
from contextlib import asynccontextmanager, suppress

import pytest

from keys.mac import cup_mac, kcv
from keys.pin_block import pin_of
from keys.track import decrypt_track
from keys.vault import Vault
from keys.vault_client import VaultClient
from keys.vault_server import VaultServer
from keys.vault_wire import Listener
from keys.working_keys import wrap
from terminal.emv.oda.capk import PublicKey
from terminal.ports import KeyMissing, KeyRefused
from tests.unit.keys.test_vault import DEVICE_KEY, MAK2, PAN, PIK2, TDK2, TMK, TRACK2

PIN = "847192"  # TEST PIN
BLOCK = wrap(TMK, PIK2, MAK2, TDK2)
CARD_KEY = PublicKey(b"\xc1" + bytes(range(1, 126)) + b"\xff\xff", 3)  # TEST KEY, 1024 bits, of nobody


@asynccontextmanager
async def in_process(vault, folder):
    yield vault


@asynccontextmanager
async def behind_socket(vault, folder):
    serving = asyncio.ensure_future(VaultServer(vault, Listener(folder / "sock"), os.getuid()).run())
    client = VaultClient(folder / "sock", 2.0)
    try:
        yield client
    finally:
        client.close()
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await serving


@pytest.fixture(params=[in_process, behind_socket])
def opened(request, tmp_path):
    """Opens a vault; with a TMK unless told otherwise."""

    @asynccontextmanager
    async def open_it(has_tmk=True):
        made = Vault(tmp_path / "vault", DEVICE_KEY)
        if has_tmk:
            made.install_tmk(TMK, kcv(TMK))
        async with request.param(made, tmp_path) as vault:
            yield vault

    return open_it


async def test_working_keys_then_mac_pin_and_track(opened):
    async with opened() as vault:
        assert await vault.load_working_keys(BLOCK) is None
        assert await vault.mac(b"block") == cup_mac(MAK2, b"block")
        assert await vault.mac(b"") == cup_mac(MAK2, b"")
        assert pin_of(PIK2, await vault.pin_block(PIN, PAN), PAN) == PIN
        assert pin_of(PIK2, await vault.pin_block(PIN, ""), "") == PIN
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


async def test_a_pin_for_the_card(opened):
    async with opened() as vault:
        assert (await vault.offline_pin(PIN, None, b"")).hex().upper() == "26847192FFFFFFFF"
        assert len(await vault.offline_pin(PIN, CARD_KEY, bytes(8))) == len(CARD_KEY.modulus)


async def test_no_keys_is_said_with_the_same_words(opened):
    async with opened(has_tmk=False) as vault:
        for key, work in (
            ("MAK", vault.mac(b"")),
            ("PIK", vault.pin_block(PIN, PAN)),
            ("TDK", vault.encrypt_track(TRACK2)),
            ("RECORD", vault.seal(b"")),
            ("RECORD", vault.unseal(b"")),
            ("FINGERPRINT", vault.fingerprint(b"")),
            ("TMK", vault.load_working_keys(BLOCK)),
        ):
            with pytest.raises(KeyMissing, match=f"no {key} in the vault"):
                await work


async def test_what_is_refused_is_refused_with_the_same_words(opened):
    async with opened() as vault:
        await vault.load_working_keys(BLOCK)
        for said, work in (
            ("is for des, not for sm4", vault.mac(b"", "cup-sm4")),
            ("a PIN is 4 to 12 digits", vault.pin_block("12", PAN)),
            ("a PAN is 8 to 19 digits", vault.pin_block(PIN, "1")),
            ("a PIN is 4 to 12 digits", vault.offline_pin("ABCD", None, b"")),
            ("gives no challenge", vault.offline_pin(PIN, CARD_KEY, b"")),
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
