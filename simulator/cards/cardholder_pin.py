"""A card's PIN and its try counter. Law: EMV 4.4 Book 3, 6.5.12; Book 2, 7; TEST PINs only, and none is shown."""

from __future__ import annotations

from simulator.cards.command import OK, PIN_BLOCKED, REFERENCE_INVALID, WRONG_LENGTH, Refused

BLOCK = 8
FORMAT_2 = 2  # ISO 9564-1, format 2: its nibble, the length, the digits, F
TRIES_LEFT = 0x63C0


class CardholderPin:
    """One for the whole card: resets do not bring a try back. No digits: the card has no PIN (6984)."""

    def __init__(self, digits: str, tries: int) -> None:
        self._block = bytes.fromhex(f"{FORMAT_2}{len(digits):X}{digits}".ljust(2 * BLOCK, "F")) if digits else b""
        self._limit = self.tries = tries

    def require(self) -> None:
        """Raises Refused when there is nothing to verify against."""
        if not self._block:
            raise Refused(REFERENCE_INVALID)
        if not self.tries:
            raise Refused(PIN_BLOCKED)

    def verify(self, block: bytes) -> bytes:
        """A status word; a wrong PIN costs a try. Raises Refused."""
        if len(block) != BLOCK:
            raise Refused(WRONG_LENGTH)
        self.require()
        if block == self._block:
            self.tries = self._limit
            return OK
        self.tries -= 1
        return (TRIES_LEFT | self.tries).to_bytes(2)

    def unblock(self) -> None:
        """PIN UNBLOCK: all tries are back."""
        self.tries = self._limit
