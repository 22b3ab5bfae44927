"""Command and response over T=0 and T=1. Law: EMV 4.4 Book 1, 9.3 and annex A; the phases above see no difference.

T=0 shows Le by asking: 61xx is fetched with GET RESPONSE, 6Cxx is sent again with the right P3, and a warning
62xx or 63xx that comes before the data is kept and given back with it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from terminal.emv.apdu import EXPECT_ALL, OK, Response, get_response
from terminal.emv.errors import CardFaulty

Transmit = Callable[[bytes], Awaitable[bytes]]  # one command, one response with SW1 SW2 last

HEADER = 4  # CLA INS P1 P2
MORE, WRONG_LENGTH = 0x61, 0x6C  # SW1, Book 1, 9.3.1.2
WARNINGS = (0x62, 0x63)
LONGEST_CHAIN = 16  # GET RESPONSE after GET RESPONSE: a card that never ends is faulty
LONGEST_BODY = 256


class Link:
    """A powered card. `send` takes a command as T=1 has it."""

    def __init__(self, transmit: Transmit, protocol: int) -> None:
        self._transmit, self._is_t0 = transmit, protocol == 0

    async def send(self, command: bytes) -> Response:
        """Raises CardFaulty, and whatever `transmit` raises."""
        if not self._is_t0:
            return await self._exchange(command)
        has_body = len(command) > HEADER + 1 and command[HEADER] > 0
        expects_body = not has_body or len(command) > HEADER + 1 + command[HEADER]
        tpdu = command[: HEADER + 1 + command[HEADER]] if has_body else command[:HEADER] + EXPECT_ALL
        return await self._chain(tpdu, expects_body and has_body)

    async def _chain(self, tpdu: bytes, is_case_4: bool) -> Response:
        body, warning = b"", 0
        for _ in range(LONGEST_CHAIN):
            answer = await self._exchange(tpdu)
            body += answer.body
            if len(body) > LONGEST_BODY:
                break
            sw1, sw2 = divmod(answer.sw, 0x100)
            if sw1 == MORE:
                tpdu = get_response(sw2)
            elif sw1 == WRONG_LENGTH and len(tpdu) == HEADER + 1:
                tpdu = tpdu[:HEADER] + bytes((sw2,))
            elif sw1 in WARNINGS and is_case_4 and not warning and not body:
                warning, tpdu = answer.sw, get_response(0)  # Book 1, annex A: the data follow the warning
            else:
                return Response(body, warning if warning and (answer.sw == OK or not body) else answer.sw)
        raise CardFaulty("the card does not end its response")

    async def _exchange(self, tpdu: bytes) -> Response:
        raw = await self._transmit(tpdu)
        if len(raw) < 2:
            raise CardFaulty("a response without a status word")
        if len(raw) > LONGEST_BODY + 2:
            raise CardFaulty("a response longer than a short command can have")
        return Response(raw[:-2], int.from_bytes(raw[-2:]))
