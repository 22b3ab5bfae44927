"""A chip that speaks T=0. Law: EMV 4.4 Book 1, 9.3: data come for GET RESPONSE or the right Le, never unasked."""

from __future__ import annotations

from simulator.cards.chip import Chip

GET_RESPONSE = 0xC0
READS = (0xB2, 0xCA)  # READ RECORD, GET DATA: case 2, the answer is 6Cxx until Le is right
NOTHING_WAITS = bytes.fromhex("6985")
MORE, WRONG_LENGTH = 0x61, 0x6C


class T0:
    """Wraps a chip that answers as in T=1."""

    def __init__(self, chip: Chip) -> None:
        self._chip, self._waiting = chip, b""

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
        ins, p3 = command[1], command[4] if len(command) > 4 else 0
        if ins == GET_RESPONSE:
            return self._fetch(p3)
        self._waiting = b""
        if ins in READS:
            return self._read(command, p3)
        answer = self._chip.respond(command + b"\0")
        if len(answer) == 2:
            return answer
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
