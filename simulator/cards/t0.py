"""A chip that speaks T=0. Law: EMV 4.4 Book 1, 9.3: data come for GET RESPONSE or the right Le, never unasked."""

from __future__ import annotations

from simulator.cards.chip import Chip

GET_RESPONSE = 0xC0
READS = (0xB2, 0xCA, 0x84)  # READ RECORD, GET DATA, GET CHALLENGE: case 2, the answer is 6Cxx until Le is right
NOTHING_WAITS = bytes.fromhex("6985")
MORE, WRONG_LENGTH = 0x61, 0x6C
WARNINGS = (0x62, 0x63)
OK = bytes.fromhex("9000")
TOO_SHORT = bytes.fromhex("6700")
HEADER = 5  # CLA INS P1 P2 P3


class T0:
    """Wraps a chip that answers as in T=1. `warns_first`: a warning comes before the data (Book 1, annex A)."""

    def __init__(self, chip: Chip, warns_first: bool = False) -> None:
        self._chip, self._warns_first, self._waiting = chip, warns_first, b""

    @property
    def atr(self) -> bytes:
        return self._chip.atr

    @property
    def protocol(self) -> int:
        return 0

    def reset(self) -> None:
        self._waiting = b""
        self._chip.reset()

    def respond(self, command: bytes) -> bytes:
        if len(command) < HEADER - 1:
            return TOO_SHORT
        ins, p3 = command[1], command[4] if len(command) >= HEADER else 0
        if ins == GET_RESPONSE:
            return self._fetch(p3)
        self._waiting = b""
        if ins in READS:
            return self._read(command, p3)
        answer = self._chip.respond(command + b"\0" if len(command) > HEADER else command[:HEADER])
        if len(answer) == 2:
            return answer
        if self._warns_first and answer[-2] in WARNINGS:
            self._waiting = answer[:-2] + OK
            return answer[-2:]
        self._waiting = answer
        return bytes((MORE, len(answer) - 2 & 0xFF))

    def _read(self, command: bytes, p3: int) -> bytes:
        answer = self._chip.respond(command[:4] + b"\0")
        length = len(answer) - 2
        return answer if length in (0, p3) else bytes((WRONG_LENGTH, length & 0xFF))

    def _fetch(self, p3: int) -> bytes:
        if not self._waiting:
            return NOTHING_WAITS
        length = len(self._waiting) - 2
        if p3 == length & 0xFF:
            answer, self._waiting = self._waiting, b""
            return answer
        return bytes((WRONG_LENGTH, length & 0xFF))
