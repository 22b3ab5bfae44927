"""`yuanlu card inspect`: from a reader to a report. Law: answers of the card are counted in the list of commands, never
kept; a card that does not end is given up.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import msgspec

from terminal.card_report import CommandSeen, Report, lines
from terminal.config import Config, ConfigRefused
from terminal.emv.inspection.inspect import inspect
from terminal.emv.oda.capk import CapkRefused, ring
from terminal.emv.opening import Deal
from terminal.emv.parameters import ParametersRefused
from terminal.emv.terminal_data import TerminalData
from terminal.emv.transport import Link
from terminal.exchange.downloads import AID, BLOCKED, CAPK
from terminal.journal.look import parameters
from terminal.journal.store import JournalFailed
from terminal.money import Money
from terminal.ports import Card, CardMute, CardReader

LONGEST_ANSWER, LONGEST = 10.0, 60.0  # seconds: one command, and all of them; at 9,600 bit/s a card takes a third
NO_STAN = "000000"
HEADER = 5  # CLA INS P1 P2 P3
KINDS = {
    0xA4: "SELECT",
    0xA8: "GET PROCESSING OPTIONS",
    0xB2: "READ RECORD",
    0xC0: "GET RESPONSE",
    0xCA: "GET DATA",
    0x88: "INTERNAL AUTHENTICATE",
}
MAY_HOLD_CARD_DATA = 0x88  # a DDOL may ask for anything


class Viewpoint(msgspec.Struct, frozen=True):
    """Who looks at the card. `keys` says in words whose scheme keys these are."""

    terminal: TerminalData
    keys: str
    zone: str = "Asia/Shanghai"

    def with_keys(self, capks: Iterable[bytes], keys: str) -> Viewpoint:
        """Other scheme keys, as they are downloaded. Raises CapkRefused."""
        return msgspec.structs.replace(
            self, terminal=msgspec.structs.replace(self.terminal, keys=ring(capks)), keys=keys
        )

    def deal(self, now: datetime, unpredictable_number: bytes) -> Deal:
        """A sale of nothing: what a card that is only looked at is told."""
        return Deal(self.terminal, Money(0), f"{now:%y%m%d}", f"{now:%H%M%S}", unpredictable_number, NO_STAN)


class Listener:
    """A card that is listened to."""

    def __init__(self, card: Card) -> None:
        self._card = card
        self.commands: list[CommandSeen] = []

    async def transmit(self, command: bytes) -> bytes:
        """The Card's, with a deadline. Raises CardRemoved, CardMute."""
        started = time.perf_counter()
        try:
            async with asyncio.timeout(LONGEST_ANSWER):
                answer = await self._card.transmit(command)
        except TimeoutError:
            raise CardMute(f"the card does not answer its command number {len(self.commands) + 1}") from None
        took = (time.perf_counter() - started) * 1000
        sent = command[:HEADER] if command[1] == MAY_HOLD_CARD_DATA else command
        kind = KINDS.get(command[1], f"{command[1]:02X}")
        sw, length = answer[-2:].hex().upper(), max(len(answer) - 2, 0)
        self.commands.append(CommandSeen(kind, sent.hex().upper(), sw, length, round(took, 2)))
        return answer


async def report(reader: CardReader, deal: Deal, keys: str, wanted: bytes, with_dda: bool) -> Report:
    """Of the card in the reader. Raises NoCard, CardMute, CardRemoved, ReaderMissing, EmvError."""
    try:
        async with asyncio.timeout(LONGEST):
            card = await reader.connect()
            listener = Listener(card)
            try:
                seen = await inspect(Link(listener.transmit, card.protocol), deal, wanted, with_dda)
            finally:
                await card.close()
    except TimeoutError:
        raise CardMute("the card does not come to an end") from None
    waited = round(sum(command.milliseconds for command in listener.commands), 1)
    commands = tuple(listener.commands)
    return Report(card.atr.hex().upper(), f"T={card.protocol}", keys, waited, seen, len(commands), commands)


def of_terminal(config: Config) -> Viewpoint:
    """By what the acquirer gave this terminal, out of its journal. Raises ConfigRefused."""
    journal = Path(config.files.journal)
    try:
        aids, capks, blocked = (parameters(journal, sort.kind) for sort in (AID, CAPK, BLOCKED))
        terminal = config.emv.kernel(aids.values(), capks.values(), blocked)
    except (JournalFailed, CapkRefused, ParametersRefused) as wrong:
        raise ConfigRefused(f"{journal}: {wrong}") from None
    return Viewpoint(terminal, f"{len(terminal.keys.capks)} of this terminal's acquirer", config.zone)


def as_text_or_json(made: Report, with_commands: bool, as_json: bool) -> str:
    """What is printed."""
    if not as_json:
        return "\n".join(lines(made, with_commands))
    shown = made if with_commands else msgspec.structs.replace(made, commands=())
    return msgspec.json.format(msgspec.json.encode(shown), indent=2).decode()
