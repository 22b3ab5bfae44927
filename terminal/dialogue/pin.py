"""A cardholder's PIN. Law: it becomes a block at once and is kept nowhere; no PIN is an answer too (cup.md 3.3)."""

from __future__ import annotations

from collections.abc import Callable

from terminal.dialogue.desk import Desk
from terminal.dialogue.room import Room
from terminal.emv import apdu
from terminal.emv.oda.capk import PublicKey
from terminal.iso8583.kinds import Kind
from terminal.money import Money
from terminal.ports import Send, Vault
from terminal.screens import PinPrompt, Row, Say, say

LEAST, MOST = 4, 12
CHALLENGE = 8  # bytes (EMV 4.4 Book 3, 6.5.6)
NO_CHALLENGE = 0x6F00  # for the kernel: the verification failed
TRIES = 3  # wrong PINs in a row, each with an F11 of its own (cup.md 4.10)


class DeskPinpad:
    """The Pinpad port of a terminal whose keypad is the front's: the vault makes the block. `cipher` is the PIK's."""

    def __init__(self, desk: Desk, vault: Vault, cipher: Callable[[], str]) -> None:
        self._desk, self._vault, self._cipher = desk, vault, cipher

    async def online(self, prompt: PinPrompt, pan: str) -> str:
        """Raises Cancelled, TimedOut, KeyMissing, KeyRefused."""
        pin = await self._typed(prompt)
        return (await self._vault.pin_block(pin, pan, self._cipher())).hex().upper() if pin else ""

    async def offline(self, prompt: PinPrompt, key: PublicKey | None, send: Send) -> int | None:
        """Raises Cancelled, TimedOut, KeyRefused and what the card raises (EMV 4.4 Book 3, 10.5.1)."""
        pin = await self._typed(prompt)
        if not pin:
            return None
        challenge = b""
        if key is not None:
            response = await send(apdu.get_challenge())
            challenge = response.body
            if len(challenge) != CHALLENGE:
                return response.sw if response.sw != apdu.OK else NO_CHALLENGE
        block = await self._vault.offline_pin(pin, key, challenge)
        return (await send(apdu.verify(key is not None, block))).sw

    async def _typed(self, prompt: PinPrompt) -> str:
        lines = prompt.lines
        while True:
            pin = await self._desk.digits(
                prompt.title, say("pin.ask"), (0, MOST), *lines, is_secret=True, rows=prompt.rows
            )
            if not pin or len(pin) >= LEAST:
                return pin
            lines = (say("pin.too_short", least=str(LEAST)),)


def prompt(title: Say, amount: Money | None, *, is_again: bool = False, tries_left: int | None = None) -> PinPrompt:
    """What the cardholder reads: how much, and whether the last PIN was wrong."""
    rows = (Row(say("row.amount"), f"¥{amount}", is_strong=True),) if amount is not None else ()
    first = say("pin.again") if is_again else say("pin.none")
    left = (say("pin.tries_left", count=str(tries_left)),) if tries_left is not None else ()
    return PinPrompt(title, rows, (first, *left))


async def ask_pin(room: Room, title: Say, amount: Money | None, pan: str, *, is_again: bool = False) -> str:
    """F52 as hex, or "" when the cardholder has none. Raises Cancelled, TimedOut, KeyMissing, KeyRefused."""
    return await room.pinpad.online(prompt(title, amount, is_again=is_again), pan)


def is_asked(room: Room, kind: Kind) -> bool:
    """Whether this shop asks for a PIN with this kind of payment."""
    return kind in room.config.pin_for
