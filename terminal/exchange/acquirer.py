"""The acquirer as the terminal talks to it: message, MAC, frame, answer, checks. Law: a bad answer is no answer.

`ask` returns a checked Reply or raises Unanswered with the reason as in F39 of a 0400 (cup.md 2.10, 2.17) and a word
for the fault. A frame that answers an earlier message is not the answer waited for: it is put by in `late`.

With DUKPT every message that leaves has a KSN of its own, also one that is said again: that of its PIN, or one spent
for it. Its keys are gone with the next one, so an answer to an earlier message proves nothing and is passed over.
"""

from __future__ import annotations

import asyncio
import hmac
from collections import deque
from contextlib import AsyncExitStack

import msgspec

from terminal import log
from terminal.exchange.events import MAC_WRONG, NO_ANSWER, OTHER_FAULT
from terminal.iso8583.answers import ECHOED, Reply, difference, must_be_signed, reply
from terminal.iso8583.codec import MAC_SIZE, decode, encode, mac_block, mac_field
from terminal.iso8583.dialect import Dialect
from terminal.iso8583.facts import Identity, Plastic
from terminal.iso8583.frame import Envelope, unpack
from terminal.iso8583.key_choices import is_overtaken
from terminal.iso8583.message import MAC_FIELDS, Message, WireError
from terminal.journal.journal import Journal
from terminal.key_facts import SealedPin
from terminal.ports import Connection, KeyRefused, Line, LinkDown, LinkLost, Vault

COMPARED = frozenset({*(number for number, _ in ECHOED), *MAC_FIELDS})  # of a request, by which its answer is told
REMEMBERED = 32  # messages whose answers may still come: late, or twice


class Deadlines(msgspec.Struct, frozen=True):
    """Seconds (refund.md 3)."""

    connect: float = 15.0
    answer: float = 60.0


class Unanswered(Exception):
    """Whether the acquirer had the message is not known. `fault` is the word of ui/text (fault.<word>)."""

    def __init__(self, reason: str, fault: str, detail: str) -> None:
        super().__init__(f"{detail} ({reason})")
        self.reason, self.fault, self.detail = reason, fault, detail


class Late(msgspec.Struct, frozen=True):
    """A valid answer to a message that nobody waits for any more, by the message's MTI and F11."""

    mti: str
    stan: str
    reply: Reply


class Acquirer:
    """One per terminal; one message in flight at a time."""

    def __init__(
        self, line: Line, vault: Vault, journal: Journal, me: Identity, dialect: Dialect, deadlines: Deadlines
    ) -> None:
        self._line, self._vault, self._journal = line, vault, journal
        self.me, self.dialect, self._deadlines = me, dialect, deadlines
        self.is_line_up: bool | None = None  # as the last attempt found it
        self.demands: set[int] = set()  # 处理要求 that were heard and not yet met, cup.md 1.3
        self.late: deque[Late] = deque(maxlen=REMEMBERED)
        self._in_flight = asyncio.Lock()
        self._asked: dict[tuple[str, str], Message] = {}  # by the answer's MTI and F11
        self._ksn = b""  # of the last message

    async def connect(self, stack: AsyncExitStack, address: str = "") -> Connection:
        """To this address only, or to any where it is "". Raises LinkDown within the connect deadline."""
        try:
            async with asyncio.timeout(self._deadlines.connect):
                connection = await stack.enter_async_context(self._line.connect(address))
        except TimeoutError:
            self._line_is(False)
            raise LinkDown("no connection within the deadline") from None
        except LinkDown:
            self._line_is(False)
            raise
        self._line_is(True)
        return connection

    async def ask(self, connection: Connection, message: Message) -> Reply:
        """Send and wait. Raises Unanswered; never anything that could be taken for an answer."""
        async with self._in_flight:
            message = await self._signed(message)
            frame = self._framed(message)
            self._journal.note("sent", message.mti, message.masked_fields())
            try:
                async with asyncio.timeout(self._deadlines.answer):
                    await connection.send(frame)
                    return await self._answer_to(message, connection)
            except TimeoutError:
                raise self._unanswered(NO_ANSWER, "no-answer", "no answer within the deadline") from None
            except LinkLost as error:
                self._line_is(False)
                raise self._unanswered(NO_ANSWER, "line-lost", str(error)) from None

    async def ask_once(self, message: Message, address: str = "") -> Reply:
        """Connect, ask, hang up. Raises LinkDown, Unanswered."""
        async with AsyncExitStack() as stack:
            return await self.ask(await self.connect(stack, address), message)

    async def protected(self, plastic: Plastic) -> Plastic:
        """The card's tracks as the dialect wants them on the wire (cup.md 3.6). Raises KeyMissing."""
        choices = self.dialect.choices
        if not choices.has_encrypted_track:
            return plastic
        tracks = [
            await self._vault.encrypt_track(track, choices.cipher) if track else ""
            for track in (plastic.track2, plastic.track3)
        ]
        return msgspec.structs.replace(plastic, track2=tracks[0], track3=tracks[1])

    def serves(self, pin: SealedPin | None) -> bool:
        """Whether a message may still carry it: no later KSN was spent since it was typed."""
        return pin is None or not self.dialect.ksn_field or not is_overtaken(pin.ksn, self._ksn)

    async def _signed(self, message: Message) -> Message:
        if not message.mac:
            return message
        message = await self._numbered(message)
        mac = await self._vault.mac(mac_block(message, self.dialect.layout), self.dialect.mac_rule)
        return message.with_fields({mac_field(message): mac.hex().upper()})

    async def _numbered(self, message: Message) -> Message:
        """With its KSN, if the dialect has any. Raises KeyMissing; KeyRefused for a PIN's that was overtaken."""
        number = self.dialect.ksn_field
        if not number:
            return message
        ksn = bytes.fromhex(message.fields.get(number, ""))
        if not any(ksn):
            ksn = await self._vault.spend_ksn()
        elif is_overtaken(ksn, self._ksn):
            raise KeyRefused("another message was sent since this PIN was typed")
        self._ksn = ksn
        return message.with_fields({number: ksn.hex().upper()})

    def _framed(self, message: Message) -> bytes:
        form, choices = self.dialect.frame, self.dialect.choices
        tpdu = bytes.fromhex(choices.tpdu) if form.has_tpdu else b""
        header = bytes.fromhex(choices.header) if form.has_header else b""
        self._remember(message)
        return Envelope(tpdu, header, encode(message, self.dialect.layout)).pack()

    def _remember(self, message: Message) -> None:
        told = {number: value for number, value in message.fields.items() if number in COMPARED}
        self._asked[_answer_key(message)] = Message(message.mti, told)  # no card, no PIN
        if len(self._asked) > REMEMBERED:
            del self._asked[next(iter(self._asked))]

    async def _answer_to(self, request: Message, connection: Connection) -> Reply:
        """The next frame that answers `request`; answers to earlier messages are put by. Raises Unanswered."""
        while True:
            envelope, answer = self._read(await connection.receive())
            if self._proves_nothing(request, answer):
                continue
            key = (answer.mti, answer["stan"])
            earlier = self._asked.get(key) if key != _answer_key(request) else None
            if earlier is None:
                return await self._checked(request, answer, envelope)
            heard = await self._checked(earlier, answer, envelope)
            self.late.append(Late(earlier.mti, earlier["stan"], heard))

    def _proves_nothing(self, request: Message, answer: Message) -> bool:
        """It names another KSN, or answers a message whose KSN is not the last any more."""
        number = self.dialect.ksn_field
        if not number:
            return False
        key = (answer.mti, answer["stan"])
        is_earlier = key != _answer_key(request) and key in self._asked
        return is_earlier or answer.fields.get(number) not in (None, request.fields.get(number))

    def _read(self, frame: bytes) -> tuple[Envelope, Message]:
        try:
            envelope = unpack(frame, self.dialect.frame)
            answer = decode(envelope.body, self.dialect.layout)
        except WireError as error:
            raise self._unanswered(OTHER_FAULT, "unreadable", str(error)) from None
        self._journal.note("received", answer.mti, answer.masked_fields())
        return envelope, answer

    async def _checked(self, request: Message, answer: Message, envelope: Envelope) -> Reply:
        wrong = difference(request, answer)
        if wrong is not None:
            detail = f"the answer is to another question: {wrong.name} (field {wrong.field})"
            raise self._unanswered(OTHER_FAULT, f"other-{wrong.name.replace('_', '-')}", detail)
        if must_be_signed(self.dialect, request, answer) and not await self._is_authentic(answer, envelope.body):
            fault = "mac-wrong" if answer.mac else "mac-missing"
            raise self._unanswered(MAC_WRONG, fault, "the MAC of the answer is wrong or missing")
        if envelope.demand:
            self.demands.add(envelope.demand)
        return reply(self.dialect, answer, envelope.demand)

    async def _is_authentic(self, answer: Message, body: bytes) -> bool:
        """Over the bytes as they came: a pad nibble of the acquirer's may be anything (cup.md 1.4)."""
        if not answer.mac:
            return False
        rule = self.dialect.answer_mac_rule or self.dialect.mac_rule
        right = await self._vault.mac(body[:-MAC_SIZE], rule)
        return hmac.compare_digest(bytes.fromhex(answer.mac), right)

    def _line_is(self, is_up: bool) -> None:
        if is_up is not self.is_line_up:
            log.write("line-up" if is_up else "line-down")
        self.is_line_up = is_up

    def _unanswered(self, reason: str, fault: str, detail: str) -> Unanswered:
        log.write("unanswered", reason=reason, fault=fault)
        self._journal.note("unanswered", reason, {"fault": fault, "detail": detail})
        return Unanswered(reason, fault, detail)


def _answer_key(request: Message) -> tuple[str, str]:
    return f"{int(request.mti) + 10:04d}", request["stan"]
