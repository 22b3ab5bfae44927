"""A conversation with a chip, and with the people it wants to hear. Law: the kernel pauses, this asks, it goes on.

The card stays powered from `connect` to `close`; each stretch of commands has a deadline of its own, the people have
theirs. What the people do not give (no application, no PIN) is an answer too, or leaves the dialogue as ever.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import msgspec

from terminal.dialogue.pin import prompt
from terminal.dialogue.room import Room
from terminal.dialogue.stretch import timed
from terminal.emv import apdu, refund, sale
from terminal.emv.apdu import Response
from terminal.emv.holder import EnterPin, PinForm, ShowDocument
from terminal.emv.opening import UNPREDICTABLE, ChooseApplication, Deal
from terminal.emv.refund import Captured
from terminal.emv.sale import Ended, GoOnline
from terminal.emv.transport import Link
from terminal.key_facts import SealedPin
from terminal.money import Money
from terminal.ports import Card, PinpadLost
from terminal.screens import Item, Say, say

T = TypeVar("T")
Choose = Callable[[Link, ChooseApplication, int], Coroutine[Any, Any, refund.Step]]
HIGHEST_CHANCE = 99  # EMV 4.4 Book 3, 10.6.2: a number from 1 to 99
CHANCE = UNPREDICTABLE + 4  # bytes: the unpredictable number, and random selection
DOCUMENTS = ("00", "01", "02", "03", "04", "05")  # tag 9F62, PBOC


class Chip:
    """A powered card at this desk."""

    def __init__(self, room: Room, title: Say, card: Card, was_pin_wrong: bool = False) -> None:
        """`was_pin_wrong`: the issuer has refused the online PIN of the transaction before."""
        self._room, self.title, self.card, self.was_pin_wrong = room, title, card, was_pin_wrong
        self.link = Link(card.transmit, card.protocol)

    async def work(self, talk: Coroutine[Any, Any, T]) -> T:
        """A stretch of commands with 读卡中 on the screen. Raises TimeoutError and what it raises."""
        return await self._room.desk.work(self.title, timed(talk), lambda: say("card.reading"))

    async def send(self, command: bytes) -> Response:
        """For the PIN pad: one command within the deadline. Raises TimeoutError and what the card raises."""
        return await timed(self.link.send(command))

    async def close(self) -> None:
        """Power it down."""
        await self.card.close()


class Talked(msgspec.Struct, frozen=True):
    """Where a conversation came to, and what the vault made of an online PIN on the way."""

    end: Captured | GoOnline | Ended
    pin: SealedPin | None = None

    def __repr__(self) -> str:
        """Without the PIN."""
        return f"Talked({self.end!r})"


def deal(room: Room, amount: Money, stan: str, type: bytes, chance: bytes) -> Deal:
    """What is to be done with the card, at this moment; CHANCE bytes of chance."""
    now = room.hardware.clock.now()
    return Deal(
        terminal=room.kernel,
        amount=amount,
        date=now.strftime("%y%m%d"),
        time=now.strftime("%H%M%S"),
        unpredictable_number=chance[:UNPREDICTABLE],
        stan=stan,
        type=type,
        chance=1 + int.from_bytes(chance[UNPREDICTABLE:]) % HIGHEST_CHANCE,
    )


async def converse(
    room: Room, chip: Chip, first: Coroutine[Any, Any, refund.Step], choose: Choose, amount: Money
) -> Talked:
    """From the kernel's first step to where the card has nothing more to ask; `choose` is the kernel's own way on
    after a choice. Raises Cancelled, TimedOut, TimeoutError, and what card, kernel and PIN pad raise.
    """
    step: sale.Step | refund.Step = await chip.work(first)
    pin: SealedPin | None = None
    while True:
        match step:
            case ChooseApplication():
                index = await _chosen(room, chip.title, step)
                step = await chip.work(choose(chip.link, step, index))
            case EnterPin():
                step, pin = await _pin(room, chip, step, amount)
            case ShowDocument():
                is_right = await _is_shown(room, chip.title, step)
                step = await chip.work(sale.document_shown(chip.link, step, is_right))
            case end:
                return Talked(end, pin)


async def _chosen(room: Room, title: Say, pause: ChooseApplication) -> int:
    """Which application (Book 1, 12.4): by its label, else by its name."""
    found = pause.candidates
    choices = [(at, Item(one.label or one.name.hex().upper())) for at, one in enumerate(found)]
    return await room.desk.choose(title, choices, say("card.choose"))


async def _pin(room: Room, chip: Chip, pause: EnterPin, amount: Money) -> tuple[sale.Step, SealedPin | None]:
    """The PIN pad's part (Book 3, 10.5.1 and 10.5.2), then the kernel's."""
    is_wrong = chip.was_pin_wrong and pause.form is PinForm.ONLINE
    is_again, may_skip = pause.is_again or is_wrong, room.config.cards.may_skip_pin and not is_wrong
    asked = prompt(chip.title, amount, is_again=is_again, tries_left=pause.tries_left, may_skip=may_skip)
    pin: SealedPin | None = None
    try:
        if pause.form is PinForm.ONLINE:
            pin = await room.pinpad.online(asked, pause.account.pan)
            sw = apdu.OK if pin else None
        else:
            sw = await room.pinpad.offline(asked, pause.key, chip.card, chip.send)
    except PinpadLost:
        return await chip.work(sale.pin_pad_broken(chip.link, pause)), None
    return await chip.work(sale.pin_tried(chip.link, pause, sw)), pin


async def _is_shown(room: Room, title: Say, pause: ShowDocument) -> bool:
    """PBOC's method 20: the merchant compares the document with the card."""
    kind = pause.kind if pause.kind in DOCUMENTS else "05"
    lines = (say(f"document.{kind}", number=pause.number), say("document.compare"))
    choices = [(True, Item(say("document.same"))), (False, Item(say("document.other")))]
    return await room.desk.choose(title, choices, *lines)
