"""A chip in the middle of a sale: asked, completed, asked again after a wrong PIN. Law: what the acquirer said, the
card hears too: an approval, a refusal with its scripts, or that nobody was reached.
"""

from __future__ import annotations

import contextlib
import os

from terminal.dialogue.bad_news import Stopped
from terminal.dialogue.chip import CHANCE, Chip, Talked, converse, deal
from terminal.dialogue.presented import Handed, of_chip
from terminal.dialogue.ready import needs_parameters
from terminal.dialogue.room import Room
from terminal.dialogue.stretch import timed
from terminal.emv import sale
from terminal.emv.action import Reason
from terminal.emv.errors import EmvError
from terminal.emv.opening import PURCHASE
from terminal.emv.sale import Ended, GoOnline
from terminal.exchange.scripts import owe_script_notice
from terminal.exchange.stages import Accepted, Stage
from terminal.iso8583.answers import Reply
from terminal.journal.store import JournalFailed
from terminal.money import Money
from terminal.ports import Card, CardMute, CardRemoved, NoCard, ReaderMissing
from terminal.screens import say

GONE = (CardRemoved, CardMute, NoCard, ReaderMissing, EmvError, TimeoutError)


class ChipSale:
    """A card that asked for its issuer, and stays powered until `aclose`."""

    def __init__(self, room: Room, chip: Chip, amount: Money, talked: Talked) -> None:
        self._room, self._chip, self._amount = room, chip, amount
        self._take(talked)

    def _take(self, talked: Talked) -> None:
        assert isinstance(talked.end, GoOnline)
        self._online, self.pin = talked.end, talked.pin
        self.handed: Handed = of_chip(self._online.account, self._online.icc_data)
        self._ended: Ended | None = None
        self._is_told = False

    async def complete(self, reply: Reply) -> str | None:
        """The card's last word on an answer (performer.Completion): F55 with its TC, or None."""
        ended = await self._finish(reply.response_code, bytes.fromhex(reply.icc_data))
        return ended.icc_data.hex().upper() if ended is not None and ended.is_approved else None

    async def let_go(self, stage: Stage) -> None:
        """What is left to say when the exchange has come to `stage`: that there was no answer, or scripts to report."""
        if not self._is_told:
            await self._room.desk.work(self._chip.title, self._finish("", b""), lambda: say("stage.recording"))
        if isinstance(stage, Accepted) and self._ended is not None and self._ended.script_notice:
            notice = self._ended.script_notice.hex().upper()
            with contextlib.suppress(JournalFailed):  # no money depends on it
                await owe_script_notice(self._room.journal, stage.request.id, notice)

    async def again(self, stan: str) -> bool:
        """A new transaction with the same card and account, from a cold reset; False when it is another's, has left,
        or does not want. Raises Cancelled, TimedOut.
        """
        before, title = self._online.account, self._chip.title
        try:
            card = await self._room.desk.work(title, self._reconnected(), lambda: say("card.reading"))
            self._chip = Chip(self._room, title, card, was_pin_wrong=True)
            talked = await _talk(self._room, self._chip, self._amount, stan, bytes.fromhex(before.aid))
        except (*GONE, Stopped):
            return False
        assert isinstance(talked.end, GoOnline)
        if (talked.end.account.pan, talked.end.account.aid) != (before.pan, before.aid):
            return False
        self._take(talked)
        return True

    async def _reconnected(self) -> Card:
        await self._chip.close()
        return await timed(self._room.hardware.card_reader.connect())

    async def aclose(self) -> None:
        """Power the card down."""
        await self._chip.close()

    async def _finish(self, response_code: str, icc_reply: bytes) -> Ended | None:
        self._is_told = True
        try:
            done = sale.complete(self._chip.link, self._online.session, response_code, icc_reply)
            self._ended = await timed(done)
        except GONE:
            return None
        return self._ended


def declined(talked: Talked) -> Stopped:
    """An AAC (an online-only terminal asks for no TC): not accepted where the card says so (Book 3, table 14)."""
    is_refused = isinstance(talked.end, Ended) and talked.end.generated.reason is Reason.SERVICE_NOT_ALLOWED
    return Stopped("card-not-accepted" if is_refused else "card-declined")


async def on_chip(room: Room, chip: Chip, amount: Money, stan: str) -> ChipSale:
    """From selection to the first GENERATE AC. Raises Stopped when the card declines, or nothing is known of chips."""
    if needs_parameters(room):
        raise Stopped("parameters-missing")
    return ChipSale(room, chip, amount, await _talk(room, chip, amount, stan))


async def _talk(room: Room, chip: Chip, amount: Money, stan: str, aid: bytes = b"") -> Talked:
    wanted = deal(room, amount, stan, PURCHASE, os.urandom(CHANCE))
    talked = await converse(room, chip, sale.start(chip.link, wanted, aid), sale.choose, amount)
    if isinstance(talked.end, GoOnline):
        return talked
    raise declined(talked)
