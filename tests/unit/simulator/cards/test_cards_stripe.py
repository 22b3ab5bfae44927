"""The simulated stripe reader: a swipe reaches who waits, and nobody else."""

from __future__ import annotations

import asyncio

import pytest

from simulator.cards.reader import SimulatedReader, SimulatedStripe
from simulator.cards.tray import card
from terminal.ports import CardRemoved, ReaderMissing


async def test_a_swipe_reaches_who_waits() -> None:
    stripe = SimulatedStripe()
    stripe.swipe(b"lost")
    waiting = asyncio.create_task(stripe.swiped())
    await asyncio.sleep(0)
    stripe.swipe(b"62=3512")
    stripe.swipe(b"second")
    assert await waiting == b"62=3512"


async def test_who_leaves_is_forgotten() -> None:
    stripe = SimulatedStripe()
    waiting = asyncio.create_task(stripe.swiped())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    stripe.swipe(b"62=3512")


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
