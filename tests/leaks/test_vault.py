"""The vault's own memory: when nobody types and nothing is asked, it holds keys, and nothing else. TEST DATA ONLY.

Looked for: every PIN that was typed, every component, every card number and track that it was handed. The control is
the same look while somebody types, and while a component waits for the other.
"""

from __future__ import annotations

import asyncio
import os
import random

import pytest

from tests.leaks import hunt
from tests.leaks.ceremony import ask_for_custodians, bring_master_key, confirm_component, type_component
from tests.leaks.counter import PIN_ASKED, Counter, opened
from tests.leaks.hunt import Finding

ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="the vault lets only root look (prctl(2), PR_SET_DUMPABLE)")
pytestmark = [pytest.mark.process, ROOT]
QUIET = 0.3  # seconds from the last screen to the image


async def in_the_vault(counter: Counter) -> list[Finding]:
    await asyncio.sleep(QUIET)
    mark = counter.markers
    secrets = [*mark.of_cards(), *mark.of_people(), *mark.of_components()]
    return hunt.search_process("vault", counter.room.vault_pid, secrets)


async def all_that_it_hears(counter: Counter) -> None:
    """PINs right, wrong and short; of the bank and of both sorts of cards; cards sealed and opened; components."""
    mark = counter.markers
    await counter.open()
    counter.refuse_next_pin()
    await counter.sell("unionpay-debit-pin", pins=[mark.wrong_pin, mark.online_pin])
    await counter.give_back("unionpay-debit-pin")
    await counter.sell("unionpay-credit-offline-pin", pins=[mark.wrong_pin, mark.short_pin, mark.card_pin])
    await counter.sell("unionpay-credit-enciphered-pin", pins=[mark.wrong_pin, mark.short_pin, mark.card_pin])
    await counter.ask_balance("unionpay-debit", pins=[mark.online_pin])
    await counter.hold("stripe-only", "swipe", pins=[mark.online_pin])
    await counter.settle()
    await bring_master_key(counter)
    await counter.sell("unionpay-debit-pin", pins=[mark.online_pin])


async def test_when_nothing_is_asked_nothing_is_kept_but_keys(tmp_path):
    async with opened(tmp_path, random.Random()) as counter:
        await all_that_it_hears(counter)
        await counter.idle()
        found = await in_the_vault(counter)
        assert not found, "\n".join(map(str, found))


async def test_what_is_being_typed_is_seen_and_forgotten_when_it_is_cancelled(tmp_path):
    """What the test above does not find it can find: a PIN before 确认 is pressed.

    A short one: it is the last 8 bytes of its block, which only Python's malloc_debug overwrites.
    """
    async with opened(tmp_path, random.Random()) as counter:
        await counter.open()
        await counter.second_page("3")
        await counter.player.see("请插卡")
        await counter.present("stripe-only", "swipe")
        await counter.player.see(PIN_ASKED)
        await counter.pad_ready()
        await counter.player.press(*counter.markers.short_pin)
        assert {"short PIN", "PAN of stripe-only"} <= names(await in_the_vault(counter))
        await counter.player.press("cancel")
        await counter.idle()
        assert await in_the_vault(counter) == []


async def test_a_component_is_held_until_the_ceremony_ends(tmp_path):
    """The same, typed and then kept for the other one."""
    async with opened(tmp_path, random.Random()) as counter:
        await counter.open()
        await ask_for_custodians(counter)
        first, _ = counter.markers.components
        halves = {secret.name for secret in counter.markers.of_components() if f"of {first}" in secret.name}
        await type_component(counter, first)
        assert names(await in_the_vault(counter)) == halves
        await confirm_component(counter)
        await counter.player.see("请输入保管员号")
        assert names(await in_the_vault(counter)) == halves
        await counter.player.press("cancel")
        await counter.idle()
        assert await in_the_vault(counter) == []


def names(found: list[Finding]) -> set[str]:
    return {finding.secret for finding in found}
