"""The acquirer as the terminal talks to it: message, MAC, frame, answer, checks. Law: a bad answer is no answer.

`ask` returns a checked Reply or raises Unanswered with the reason as in F39 of a 0400 (cup.md 2.10, 2.17).
"""

from __future__ import annotations

import asyncio
import hmac
from contextlib import AsyncExitStack

import msgspec

from terminal.exchange.stages import MAC_WRONG, NO_ANSWER, OTHER_FAULT
from terminal.iso8583.codec import Message, WireError, decode, encode, mac_block
from terminal.iso8583.frame import Envelope, unpack
from terminal.iso8583.messages import (
    APPROVED,
    INQUIRY,
    REVERSAL_CLEARED,
    REVERSAL_MTI,
    Identity,
    Reply,
    mismatch,
    reply,
    signed,
)
from terminal.journal.journal import Journal
from terminal.ports import Connection, Line, LinkDown, LinkLost, Vault

NO_MAC = frozenset({"0800", "0820"})  # cup.md 2.11: management messages carry none


class Deadlines(msgspec.Struct, frozen=True):
    """Seconds (refund.md 3)."""

    connect: float = 15.0
    answer: float = 60.0


class Unanswered(Exception):
    """Whether the acquirer had the message is not known."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{detail} ({reason})")
        self.reason, self.detail = reason, detail


class Acquirer:
    """One per terminal; one message in flight at a time, by the runner's order."""

    def __init__(self, line: Line, vault: Vault, journal: Journal, me: Identity, deadlines: Deadlines) -> None:
        self._line, self._vault, self._journal = line, vault, journal
        self.me, self._deadlines = me, deadlines
        self.is_line_up: bool | None = None  # as the last attempt found it

    async def connect(self, stack: AsyncExitStack) -> Connection:
        """Raises LinkDown within the connect deadline."""
        try:
            async with asyncio.timeout(self._deadlines.connect):
                connection = await stack.enter_async_context(self._line.connect())
        except TimeoutError:
            self.is_line_up = False
            raise LinkDown("no connection within the deadline") from None
        except LinkDown:
            self.is_line_up = False
            raise
        self.is_line_up = True
        return connection

    async def ask(self, connection: Connection, message: Message) -> Reply:
        """Send and wait. Raises Unanswered; never anything that could be taken for an answer."""
        if message.mti not in NO_MAC:
            message = signed(message, await self._vault.mac(mac_block(message)))
        frame = Envelope(bytes.fromhex(self.me.tpdu), bytes.fromhex(self.me.header), encode(message)).pack()
        self._journal.note("sent", message.mti, message.masked_fields())
        try:
            async with asyncio.timeout(self._deadlines.answer):
                await connection.send(frame)
                answer = await connection.receive()
        except TimeoutError:
            raise self._unanswered(NO_ANSWER, "no answer within the deadline") from None
        except LinkLost as error:
            self.is_line_up = False
            raise self._unanswered(NO_ANSWER, str(error)) from None
        return await self._checked(message, answer)

    async def ask_once(self, message: Message) -> Reply:
        """Connect, ask, hang up. Raises LinkDown, Unanswered."""
        async with AsyncExitStack() as stack:
            return await self.ask(await self.connect(stack), message)

    async def _checked(self, request: Message, frame: bytes) -> Reply:
        try:
            envelope = unpack(frame)
            answer = decode(envelope.body)
        except WireError as error:
            raise self._unanswered(OTHER_FAULT, str(error)) from None
        self._journal.note("received", answer.mti, answer.masked_fields())
        wrong = mismatch(request, answer)
        if wrong:
            raise self._unanswered(OTHER_FAULT, f"the answer is to another question: {wrong} differs")
        if _must_be_signed(request, answer) and not await self._is_authentic(answer):
            raise self._unanswered(MAC_WRONG, "the MAC of the answer is wrong")
        return reply(answer, envelope.demand)

    async def _is_authentic(self, answer: Message) -> bool:
        mac = bytes.fromhex(answer["mac"])
        return hmac.compare_digest(mac, await self._vault.mac(mac_block(answer)))

    def _unanswered(self, reason: str, detail: str) -> Unanswered:
        self._journal.note("unanswered", reason, {"detail": detail})
        return Unanswered(reason, detail)


def _must_be_signed(request: Message, answer: Message) -> bool:
    """Whether a wrong or missing F64 makes it no answer.

    An approval is signed always (cup.md 3.4); so is what clears a reversal, and any answer to an inquiry, for "not
    known" ends an UNKNOWN (docs/adr/0002). A refusal need not be, but a MAC that is there must be right.
    """
    if request.mti in NO_MAC:
        return False
    code = answer["response_code"]
    clears = code in (REVERSAL_CLEARED if request.mti == REVERSAL_MTI else APPROVED)
    return bool(answer["mac"]) or clears or request["processing_code"] == INQUIRY.processing_code
