"""A test card that computes its answers. Law: EMV's commands and states (Books 1 to 3), a description's data.

Any bytes get an answer: what is no command 6700, an unknown class 6E00, an unknown instruction 6D00; what is known
but not due 6985. Its keys are TEST KEYS: simulator/acquirer/issuer.py verifies its cryptograms.
"""

from __future__ import annotations

from simulator.cards.application import COMMANDS, Application, CardWide
from simulator.cards.cardholder_pin import CardholderPin
from simulator.cards.command import (
    APPLICATION_BLOCKED,
    CARD_BLOCKED,
    FILE_NOT_FOUND,
    NOT_NOW,
    OK,
    RECORD_NOT_FOUND,
    UNKNOWN_CLASS,
    UNKNOWN_COMMAND,
    WRONG_PARAMETERS,
    Command,
    Refused,
    parse,
)
from simulator.cards.personalisation import application_fci, directory_record, fci
from simulator.cards.settings import ApplicationSettings, ChipSettings
from terminal.emv import tags

PSE = b"1PAY.SYS.DDF01"  # Book 1, 12.2.2
DIRECTORY_SFI = 1
SELECT, READ_RECORD = 0xA4, 0xB2
BY_NAME, FIRST, NEXT = 0x04, 0x00, 0x02  # Book 1, 11.3.2
SHORTEST_NAME = 5  # an RID
KNOWN = {(0x00, SELECT), *COMMANDS}
INSTRUCTIONS = {ins for _, ins in KNOWN}


class VirtualCard:
    """Answers as in T=1; t0.T0 wraps it for T=0."""

    def __init__(self, settings: ChipSettings, applications: tuple[ApplicationSettings, ...]) -> None:
        self._settings = settings
        behaviour = settings.behaviour
        self._card = CardWide(CardholderPin(settings.pin, settings.pin_tries), behaviour.blocked == "card")
        self._applications = tuple(Application(settings, one, self._card) for one in applications)
        self._fcis = tuple(application_fci(settings, one) for one in applications)
        self._directory = tuple(map(directory_record, applications)) if settings.has_directory else ()
        self.reset()

    @property
    def atr(self) -> bytes:
        return self._settings.answer_to_reset

    @property
    def protocol(self) -> int:
        return self._settings.protocol

    def reset(self) -> None:
        self._is_directory_open = False
        self._selected: Application | None = None
        self._asked, self._found_at = b"", -1  # of the last SELECT: the name, and where it matched

    def respond(self, command: bytes) -> bytes:
        """Any command gets an answer."""
        try:
            return self._answer(parse(command))
        except Refused as refused:
            return refused.sw

    def _answer(self, command: Command) -> bytes:
        if command.ins not in INSTRUCTIONS:
            return UNKNOWN_COMMAND
        if (command.cla, command.ins) not in KNOWN:
            return UNKNOWN_CLASS
        if command.ins == SELECT:
            return self._select(command)
        if self._is_directory_open and command.ins == READ_RECORD:
            return self._read_directory(command)
        if self._selected is None:
            return NOT_NOW
        return self._selected.answer(command)

    def _select(self, command: Command) -> bytes:
        """Book 1, 11.3 and 12.3.1: a name or the beginning of one, its first or its next occurrence."""
        if self._card.is_blocked:
            return CARD_BLOCKED
        if command.p1 != BY_NAME or command.p2 not in (FIRST, NEXT):
            return WRONG_PARAMETERS
        if command.body == PSE and self._directory and command.p2 == FIRST:
            self.reset()
            self._is_directory_open = True
            return fci(PSE, ((tags.SFI, bytes((DIRECTORY_SFI,))),)) + OK
        start = self._found_at + 1 if command.p2 == NEXT and command.body == self._asked else 0
        is_first = command.p2 == FIRST or start > 0
        at = self._match(command.body, start) if is_first and len(command.body) >= SHORTEST_NAME else None
        if at is None:
            return FILE_NOT_FOUND
        self._is_directory_open, self._asked, self._found_at = False, command.body, at
        self._selected = self._applications[at]
        self._selected.select()
        return self._fcis[at] + (APPLICATION_BLOCKED if self._selected.is_blocked else OK)

    def _match(self, name: bytes, start: int) -> int | None:
        names = enumerate(application.name for application in self._applications)
        return next((at for at, own in names if at >= start and own.startswith(name)), None)

    def _read_directory(self, command: Command) -> bytes:
        is_there = command.p2 >> 3 == DIRECTORY_SFI and 1 <= command.p1 <= len(self._directory)
        return self._directory[command.p1 - 1] + OK if is_there else RECORD_NOT_FOUND
