"""The simulated stripe reader: a swipe reaches who waits, and nobody else."""

from __future__ import annotations

import asyncio

import pytest

from simulator.cards.reader import SimulatedReader, SimulatedStripe
from simulator.cards.tray import card
from terminal.ports import CardRemoved, ReaderMissing
from terminal.swipe import Swipe


async def test_a_swipe_reaches_who_waits() -> None:
    stripe, first, second = SimulatedStripe(), card("stripe-only").track2, card("unionpay-credit").track2
    stripe.swipe(second.encode())  # nobody waits
    waiting = asyncio.create_task(stripe.swiped())
    await asyncio.sleep(0)
    stripe.swipe(first.encode())
    stripe.swipe(second.encode())
    assert await waiting == Swipe("", first)


@pytest.mark.parametrize("track2", [b"", b"E", b"62500=", b"\xff"])
async def test_a_bad_stripe_is_a_swipe_that_could_not_be_read(track2: bytes) -> None:
    stripe = SimulatedStripe()
    waiting = asyncio.create_task(stripe.swiped())
    await asyncio.sleep(0)
    stripe.swipe(track2)
    assert await waiting == Swipe()


async def test_who_leaves_is_forgotten() -> None:
    stripe = SimulatedStripe()
    waiting = asyncio.create_task(stripe.swiped())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    stripe.swipe(card("stripe-only").track2.encode())


async def test_an_unplugged_reader_is_missing_until_it_is_back() -> None:
    reader = SimulatedReader()
    reader.insert(card("unionpay-debit").virtual())
    powered = await reader.connect()
    waiting = asyncio.create_task(reader.wait(False))
    await asyncio.sleep(0)
    reader.unplug()
    with pytest.raises(ReaderMissing):
        await waiting
    with pytest.raises(CardRemoved):
        await powered.transmit(bytes(5))
    reader.plug()
    assert await reader.is_card_present()
