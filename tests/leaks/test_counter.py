"""The leak hunt over real processes: a whole day with markers, and then nothing of them is anywhere. TEST DATA ONLY.

Searched: memory and open files of every process but the vault (pcscd is Debian's, the bank is not ours), every file of
the terminal, its log, what went to the printer, what was shown. The control is a terminal that leaks on purpose.

Codes of staff are not looked for in memory: glibc leaves the last 8 bytes of a freed block, and of a code of at most 7
digits that is all of it; the front and the core see codes by their nature. PINs, components and keys they never see.
The vault's own memory has a law of its own: test_vault.py.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from pathlib import Path

import pytest

from simulator.acquirer.branch import TEST_TMK
from tests.leaks import hunt, markers
from tests.leaks.ceremony import bring_master_key
from tests.leaks.counter import Counter, opened
from tests.leaks.hunt import Finding

pytestmark = pytest.mark.process
PLANTS = Path(__file__).parent / "planted"
OF_THE_BANK = ("bank.db", "bank.db-wal", "bank.db-shm")
FOR_THE_VAULT = ("device.key",)
QUIET = 0.3  # seconds from the last screen to the image: what runs behind it (journal, printer, reader) has ended


def working(counter: Counter) -> dict[str, int]:
    """The processes that may know no secret."""
    return {"core": counter.room.core_pid, "front": counter.front_pid}


async def in_memory(counter: Counter, secrets: list[hunt.Secret]) -> list[Finding]:
    await asyncio.sleep(QUIET)
    return [found for name, pid in working(counter).items() for found in hunt.search_process(name, pid, secrets)]


def outside(counter: Counter, secrets: list[hunt.Secret]) -> list[Finding]:
    """Files and log, printer, screens."""
    return [
        *hunt.search_files(counter.room.folder, secrets, (*OF_THE_BANK, *FOR_THE_VAULT)),
        *hunt.search("printer", bytes(counter.tape.raw), secrets),
        *hunt.search_text("screens", "\n".join(counter.shop.seen), secrets),
    ]


async def a_day(counter: Counter) -> dict[str, bytes]:
    """Every way a card, a PIN and a key come into a terminal; the keys that there were."""
    mark = counter.markers
    await counter.open()
    await counter.sell("unionpay-debit")
    await counter.give_back("unionpay-debit", amount="3000")
    counter.refuse_next_pin()
    await counter.sell("unionpay-debit-pin", pins=[mark.wrong_pin, mark.online_pin])
    await counter.give_back("unionpay-debit-pin")
    await counter.sell("unionpay-credit-offline-pin", pins=[mark.wrong_pin, mark.short_pin, mark.card_pin])
    await counter.sell("unionpay-credit-enciphered-pin", pins=[mark.wrong_pin, mark.short_pin, mark.card_pin])
    await counter.sell("stripe-only", "swipe")
    await counter.lose_a_sale("unionpay-debit")
    await counter.sell("unionpay-debit")
    await counter.give_back("unionpay-debit", "tap", amount="3000")
    await counter.ask_balance("unionpay-debit", pins=[mark.online_pin])
    await counter.hold("stripe-only", "swipe", pins=[mark.online_pin])
    keys = {"TMK": TEST_TMK, **counter.keys()}
    await counter.settle()
    await bring_master_key(counter)
    await counter.sell("unionpay-debit-pin", pins=[mark.online_pin])
    return keys | {f"{name} of the new sign-in": key for name, key in counter.keys().items()}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Temporary files of the terminal's processes are files of the terminal."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    return tmp_path


async def test_after_a_day_nothing_is_left(folder):
    async with opened(folder, random.Random()) as counter:
        keys = await a_day(counter)
        keys["device key"] = (folder / "device.key").read_bytes()
        await counter.idle()
        mark = counter.markers
        secrets = [*mark.of_cards(), *mark.of_people(), *mark.of_components(), *markers.of_keys(keys)]
        found = await in_memory(counter, secrets)
        found += outside(counter, [*secrets, *mark.of_staff()])
        assert not found, "\n".join(map(str, found))
        pans = [card.pan for card in mark.cards]
        assert not markers.shows_more(f"{counter.paper()}\n{counter.shop.seen}", pans)
        assert f"{pans[0][:6]}******{pans[0][-4:]}" in markers.ungrouped(counter.paper())


async def test_a_card_that_is_being_read_is_seen(folder):
    """What the hunt above does not find it can find: the same look, a moment too early."""
    async with opened(folder, random.Random()) as counter:
        await counter.open()
        await counter.ask_for_card()
        await counter.room.insert("unionpay-debit")
        await counter.player.see("请勿拔卡，直到")
        secrets = markers.of_card(counter.markers.cards[0])
        assert {finding.secret for finding in await in_memory(counter, secrets)} == {one.name for one in secrets}
        assert outside(counter, secrets) == []


async def test_a_terminal_that_leaks_is_caught(folder, monkeypatch):
    """One sale on a terminal with planted leaks (planted/sitecustomize.py), each in a form of its own."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(PLANTS), *filter(None, sys.path))))
    async with opened(folder, random.Random()) as counter:
        typed, *_ = counter.markers.components.values()
        (folder / "tmp" / "typed").write_bytes(typed)
        await counter.open()
        await counter.sell("unionpay-debit")
        secrets = [*counter.markers.of_cards(), *counter.markers.of_components()]
        found = [*await in_memory(counter, secrets), *outside(counter, secrets)]
        places = {(finding.form.partition("+")[0], finding.place.partition(" ")[0]) for finding in found}
        assert {
            ("bcd", "core"),
            ("bytes", "core"),
            ("ascii, base64", "terminal.log"),
            ("ascii, hex", "tmp/leaked"),
            ("digits", "printer"),
            ("digits", "screens"),
        } <= places
        assert any(form == "digits" and place.startswith("journal") for form, place in places)
