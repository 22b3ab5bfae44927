"""A card out of the journal: there, away, or lost for ever; a vault that is not well proves nothing."""

import asyncio
import hashlib

import msgspec
import pytest

from keys.algorithms.mac import kcv
from keys.at_rest.key_file import KeyFile
from keys.loading import Loading
from keys.safe import Safe
from keys.vault import Vault
from simulator.acquirer.branch import TEST_TMK
from terminal.exchange.request import CardOnFile, Request, Terms
from terminal.exchange.sealed_card import SealLost, plastic_of
from terminal.iso8583.facts import Plastic
from terminal.iso8583.kinds import Kind, Silence
from terminal.journal.journal import Journal
from terminal.journal.store import JournalFailed
from terminal.money import Money
from terminal.ports import KeyMissing, KeyRefused, KeysErased, VaultGone
from tests.virtual_time import VirtualClock

CARD = Plastic("6210940000000029", "022", "3012")  # TEST CARD
DEVICE_KEY = bytes(range(32))  # TEST KEY


class Away:
    """A vault of another process, which is not there."""

    async def unseal(self, sealed):
        raise VaultGone("TEST")


class Unwell:
    """As keys/service/vault_server.py answers for a vault with a fault: everything is KeyRefused."""

    async def unseal(self, sealed):
        raise KeyRefused("the vault has a fault: MemoryError")

    seal = unseal


class Deaf(Unwell):
    """It seals, and opens nothing."""

    async def seal(self, secret):
        return bytes(40)


class Bench:
    """A vault with its keys, and a journal with one card."""

    def __init__(self, tmp_path):
        safe = Safe(KeyFile(tmp_path / "vault", DEVICE_KEY))
        self.vault, self.loading = Vault(safe), Loading(safe)
        self.journal = Journal(tmp_path / "journal", VirtualClock(), inline)
        self.load()

    def load(self):
        self.vault.install_tmk(TEST_TMK, kcv(TEST_TMK))

    async def begun(self):
        sealed = await self.vault.seal(msgspec.json.encode(CARD))
        card = CardOnFile(hashlib.sha256(sealed).hexdigest(), "f", "621094******0029", "S")
        request = Request(
            "000001-000001", Kind.SALE, "000001", "000001", Money(100), "2026-11-23T10:00:00+08:00", "01", card,
            Terms(Silence.REVERSE),
        )  # fmt: skip
        await self.journal.begin(request, sealed)
        return request


async def inline(work):
    return work()


def on(tmp_path, script):
    bench = Bench(tmp_path)
    try:
        asyncio.run(script(bench))
    finally:
        asyncio.run(bench.journal.close())


def test_it_is_read_while_its_key_is_there(tmp_path):
    async def script(bench):
        request = await bench.begun()
        assert await plastic_of(bench.journal, bench.vault, request) == CARD

    on(tmp_path, script)


def test_erased_it_is_away_and_lost_as_soon_as_there_are_other_keys(tmp_path):
    async def script(bench):
        request = await bench.begun()
        await bench.loading.erase("tamper")
        with pytest.raises(KeysErased):
            await plastic_of(bench.journal, bench.vault, request)
        bench.load()
        with pytest.raises(SealLost) as lost:
            await plastic_of(bench.journal, bench.vault, request)
        assert CARD.pan not in str(lost.value)

    on(tmp_path, script)


@pytest.mark.parametrize(("vault", "raised"), [(Away(), VaultGone), (Unwell(), KeyRefused), (Deaf(), KeyRefused)])
def test_a_vault_that_is_away_or_not_well_proves_nothing(tmp_path, vault, raised):
    async def script(bench):
        request = await bench.begun()
        with pytest.raises((KeyMissing, KeyRefused)) as trouble:
            await plastic_of(bench.journal, vault, request)
        assert type(trouble.value) is raised

    on(tmp_path, script)


def test_a_card_that_the_journal_has_not_is_not_called_lost(tmp_path):
    async def script(bench):
        request = await bench.begun()
        other = msgspec.structs.replace(request, card=msgspec.structs.replace(request.card, digest="0" * 64))
        with pytest.raises(JournalFailed):
            await plastic_of(bench.journal, bench.vault, other)

    on(tmp_path, script)
