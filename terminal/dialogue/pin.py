"""A cardholder's PIN. Law: it is typed into the vault; here there are stars, and what the vault makes of it.

No PIN is an answer too, where the shop's rule allows it (cup.md 3.3).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec

from terminal.dialogue.desk import Cancelled, Desk, TimedOut
from terminal.dialogue.room import Room
from terminal.dialogue.stretch import timed
from terminal.emv import apdu
from terminal.emv.oda.capk import PublicKey
from terminal.iso8583.kinds import Kind
from terminal.key_facts import SealedPin, SecretEntry
from terminal.money import Money
from terminal.ports import Card, EntryCancelled, EntryLost, EntryTimedOut, PinpadLost, ReaderMissing, Send, Typed, Vault
from terminal.screens import PinPad, PinPrompt, Row, Say, say

T = TypeVar("T")
CHALLENGE = 8  # bytes (EMV 4.4 Book 3, 6.5.6)
NO_CHALLENGE = 0x6F00  # for the kernel: the verification failed
TRIES = 3  # wrong PINs in a row, each with an F11 of its own (cup.md 4.10)


class VaultPinpad:
    """The Pinpad port of a terminal whose vault has the keypad while a PIN is typed. `format` names the PIN block,
    `given` is told that the cardholder has the terminal in his hands now."""

    def __init__(
        self,
        desk: Desk,
        vault: Vault,
        format: Callable[[], str],
        may_skip: bool = True,
        given: Callable[[], None] = lambda: None,
    ) -> None:
        self._desk, self._vault, self._format, self._given = desk, vault, format, given
        self._entry = SecretEntry(may_skip=may_skip)

    async def online(self, prompt: PinPrompt, pan: str) -> SealedPin | None:
        """Raises Cancelled, TimedOut, PinpadLost, KeyMissing, KeyRefused."""
        entry = self._entry_for(prompt)
        return await entered(self._desk, prompt, lambda typed: self._vault.enter_pin(entry, pan, self._format(), typed))

    async def offline(self, prompt: PinPrompt, key: PublicKey | None, card: Card, send: Send) -> int | None:
        """Raises Cancelled, TimedOut, PinpadLost, KeyRefused and what the card raises (EMV 4.4 Book 3, 10.5.1)."""
        entry = self._entry_for(prompt)
        if not await entered(self._desk, prompt, lambda typed: self._vault.enter_card_pin(entry, typed)):
            return None
        if key is None:
            return await self._shown_to(card)
        response = await send(apdu.get_challenge())
        if len(response.body) != CHALLENGE:
            return response.sw if response.sw != apdu.OK else NO_CHALLENGE
        try:
            block = await self._vault.encipher_card_pin(key, response.body)
        except EntryLost:
            raise PinpadLost("what was typed is gone") from None
        return (await send(apdu.verify(True, block))).sw

    def _entry_for(self, prompt: PinPrompt) -> SecretEntry:
        self._given()
        return msgspec.structs.replace(self._entry, may_skip=self._entry.may_skip and prompt.may_skip)

    async def _shown_to(self, card: Card) -> int:
        """From the vault to the card, past this process. A vault that reaches no reader is no PIN pad for it."""
        try:
            async with card.lent():
                return await timed(self._vault.show_card_pin(card.slot))
        except (ReaderMissing, EntryLost):
            raise PinpadLost("the vault does not reach this reader, or was started again") from None


async def entered(
    desk: Desk, prompt: PinPrompt, enter: Callable[[Typed], Awaitable[T]], *, size: int = 0, is_hex: bool = False
) -> T:
    """Somebody types into the vault, and here are as many stars. Raises Cancelled, TimedOut and what `enter` raises.

    A count that is told again is a confirm key that came too soon.
    """
    counted: list[int] = []

    def typed(count: int) -> None:
        is_too_short = counted[-1:] == [count]
        more = (say(too_short, least=str(least)),) if is_too_short else ()
        counted.append(count)
        desk.show(pad(count, more))

    def pad(count: int | None, more: tuple[Say, ...] = ()) -> PinPad:
        return PinPad(prompt.title, count, prompt.rows, (*more, *prompt.lines), is_hex=is_hex, size=size)

    least, too_short = size or SecretEntry().least, "ceremony.too_short" if is_hex else "pin.too_short"
    desk.show(pad(None))
    try:
        return await desk.elsewhere(enter(typed))
    except EntryCancelled:
        raise Cancelled from None
    except EntryTimedOut:
        raise TimedOut from None


def prompt(
    title: Say, amount: Money | None, *, is_again: bool = False, tries_left: int | None = None, may_skip: bool = True
) -> PinPrompt:
    """What the cardholder reads: how much, whether the last PIN was wrong, and what to do without one."""
    rows = (Row(say("row.amount"), f"¥{amount}", is_strong=True),) if amount is not None else ()
    again = (say("pin.again"),) if is_again else ()
    left = (say("pin.tries_left", count=str(tries_left)),) if tries_left is not None else ()
    none = (say("pin.none"),) if may_skip and not is_again else ()
    return PinPrompt(title, rows, (say("pin.ask"), *again, *left, *none), may_skip)


async def ask_pin(
    room: Room, title: Say, amount: Money | None, pan: str, *, is_again: bool = False
) -> SealedPin | None:
    """F52, or None when the cardholder has no PIN. Raises Cancelled, TimedOut, KeyMissing, KeyRefused."""
    may_skip = room.config.cards.may_skip_pin and not is_again  # a wrong PIN is not mended by none
    return await room.pinpad.online(prompt(title, amount, is_again=is_again, may_skip=may_skip), pan)


def is_asked(room: Room, kind: Kind) -> bool:
    """Whether this shop asks for a PIN with this kind of payment."""
    return kind in room.config.pin_for
