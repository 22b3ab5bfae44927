"""Everything outside the core, one Protocol each, in the caller's words. Law: plain values in and out, DeviceError out.

A driver implements a port without inheriting it; its simulated twin in simulator/ passes the same contract test.
Every wait is bounded by the caller (`asyncio.timeout`); a port never invents a deadline of its own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from terminal.device_errors import CardMute as CardMute
from terminal.device_errors import CardRemoved as CardRemoved
from terminal.device_errors import CeremonyRefused as CeremonyRefused
from terminal.device_errors import CoverOpen as CoverOpen
from terminal.device_errors import DeviceError as DeviceError
from terminal.device_errors import EntryCancelled as EntryCancelled
from terminal.device_errors import EntryLost as EntryLost
from terminal.device_errors import EntryTimedOut as EntryTimedOut
from terminal.device_errors import KeyMissing as KeyMissing
from terminal.device_errors import KeyRefused as KeyRefused
from terminal.device_errors import KeysErased as KeysErased
from terminal.device_errors import LinkDown as LinkDown
from terminal.device_errors import LinkLost as LinkLost
from terminal.device_errors import NoCard as NoCard
from terminal.device_errors import Overheated as Overheated
from terminal.device_errors import PaperOut as PaperOut
from terminal.device_errors import PinpadLost as PinpadLost
from terminal.device_errors import PrinterLost as PrinterLost
from terminal.device_errors import ReaderMissing as ReaderMissing
from terminal.device_errors import SealBroken as SealBroken
from terminal.device_errors import TwoCards as TwoCards
from terminal.device_errors import VaultGone as VaultGone
from terminal.emv.apdu import Response
from terminal.emv.oda.capk import PublicKey
from terminal.events import Event
from terminal.front_ports import Backlight as Backlight
from terminal.front_ports import Buzzer as Buzzer
from terminal.front_ports import Display as Display
from terminal.front_ports import Voice as Voice
from terminal.key_facts import SealedPin
from terminal.paper import Paper
from terminal.receipt import Receipt
from terminal.screens import PinPrompt, Shown
from terminal.signature import Picture
from terminal.swipe import Swipe
from terminal.vault_ports import CardSlots as CardSlots
from terminal.vault_ports import KeyLoading as KeyLoading
from terminal.vault_ports import Keypad as Keypad
from terminal.vault_ports import SecretKeypad as SecretKeypad
from terminal.vault_ports import TamperSwitch as TamperSwitch
from terminal.vault_ports import Typed as Typed
from terminal.vault_ports import Vault as Vault

Send = Callable[[bytes], Awaitable[Response]]  # a command to the card, as T=1 has it


class Card(Protocol):
    """A powered chip. `protocol` is 0 (T=0) or 1 (T=1); `atr` is raw; `slot` is the name of its PC/SC slot."""

    atr: bytes
    protocol: int
    slot: str

    async def transmit(self, apdu: bytes) -> bytes:
        """One command, one response with SW1 SW2 last. Raises CardRemoved, CardMute."""
        ...

    def lent(self) -> AbstractAsyncContextManager[None]:
        """Within it another process of this terminal may send one command (CardSlots); nothing else is sent then.

        Power and session stay. Entering and leaving raise CardRemoved, and CardMute for a card that was reset.
        """
        ...

    async def close(self) -> None:
        """Power the chip down; never raises."""
        ...


class CardReader(Protocol):
    """One contact slot, or one contactless field, where several cards may come at once."""

    async def is_card_present(self) -> bool:
        """Raises ReaderMissing."""
        ...

    async def wait(self, present: bool) -> None:
        """Return as soon as a card is there (or is gone). Event-driven. Raises ReaderMissing."""
        ...

    async def connect(self) -> Card:
        """Power the chip up. Raises NoCard, CardMute, ReaderMissing; TwoCards in a field."""
        ...


class Stripe(Protocol):
    """A magnetic stripe reader."""

    async def swiped(self) -> Swipe:
        """Wait for a swipe, well read or not; one that happened before is forgotten. Raises ReaderMissing."""
        ...


PaperLeft = Literal["ok", "low", "out"]  # low: the near-end sensor says that the roll is nearly over


class Printer(Protocol):
    """Paper. It is printed whole or not at all, as far as the device can tell. `columns` is 32 or 48."""

    columns: int

    async def print(self, paper: Paper) -> None:
        """Raises PaperOut, PrinterLost (CoverOpen, Overheated); `has_begun` says whether something came out."""
        ...

    async def paper_left(self) -> PaperLeft:
        """Raises PrinterLost (CoverOpen, Overheated)."""
        ...


class Connection(Protocol):
    """One conversation with the acquirer at `address` ("host:port"). Its user keeps one message in flight.

    A `receive` that was given up loses nothing: an answer that comes late is what the next `receive` gives, where the
    wrapping allows it.
    """

    address: str

    async def send(self, frame: bytes) -> None:
        """Raises LinkLost."""
        ...

    async def receive(self) -> bytes:
        """One whole frame, without its length prefix. Raises LinkLost."""
        ...


class Line(Protocol):
    """The way to the acquirer, which may have two addresses."""

    def connect(self, address: str = "") -> AbstractAsyncContextManager[Connection]:
        """Entering raises LinkDown.

        "" is a new exchange: the first address that answers, beginning with the primary or, after a failover, with
        the one that last worked, until it fails. A given address is that one only (docs/adr/0006); one that is no
        longer configured raises LinkDown.
        """
        ...


class Pinpad(Protocol):
    """Where a cardholder types a PIN. It goes into a block, or to the card it belongs to, and nowhere else.

    Both raise what the dialogue raises when the cardholder cancels or leaves.
    """

    async def online(self, prompt: PinPrompt, pan: str) -> SealedPin | None:
        """F52, or None when the cardholder has none. Raises KeyMissing, KeyRefused."""
        ...

    async def offline(self, prompt: PinPrompt, key: PublicKey | None, card: Card, send: Send) -> int | None:
        """The status word of VERIFY; None when the cardholder gave no PIN. `key` enciphers it (EMV Book 2, 7).

        `send` is a command to `card`, which is lent to whoever hands it a PIN in clear.
        """
        ...


class Passwords(Protocol):
    """Codes of people, slow to guess."""

    async def digest(self, code: str) -> str: ...

    async def matches(self, digest: str, code: str) -> bool:
        """A digest of "" is nobody's: False, and it takes as long."""
        ...


class PictureCoder(Protocol):
    """Signatures as F62 carries them (cup.md 5.1); under a millisecond, so no coroutine."""

    def encode(self, picture: Picture) -> bytes:
        """JBIG1. Raises DeviceError when there is no coder, or it does not take the picture."""
        ...

    def decode(self, raw: bytes) -> Picture:
        """The inverse, exact. Raises DeviceError for whatever is not one whole picture."""
        ...


class Inbox(Protocol):
    """Where field staff and the back office put the acquirer's files."""

    async def waiting(self) -> list[tuple[str, str]]:
        """Name and text of each file not read yet; one that is not text comes as it can be read. Raises DeviceError."""
        ...

    async def put_by(self, name: str, verdict: str, why: str) -> None:
        """Out of the way, marked with the verdict; `why` is written beside it when it is not "". Raises DeviceError."""
        ...


class ExportFailed(DeviceError):
    """Nothing was written that could be taken for whole; `why` is "missing", "full" or "lost"."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Export(Protocol):
    """Where files go that are to be taken away: a USB stick, a folder."""

    async def put(self, name: str, content: bytes) -> str:
        """Whole or not at all, and on the medium when this returns: the name it has there. Raises ExportFailed."""
        ...


class Front(Protocol):
    """Who shows Screens and sends Events; there may be none at the moment."""

    def show(self, shown: Shown) -> None:
        """The newest screen replaces the one before; never blocks."""
        ...

    async def event(self) -> Event:
        """The next event."""
        ...


class Clock(Protocol):
    """The terminal's time of day, aware of its zone. Deadlines use the event loop's clock, not this one."""

    def now(self) -> datetime: ...

    def adopt(self, now: datetime) -> None:
        """Take over the acquirer's time."""
        ...

    def uptime(self) -> tuple[str, float]:
        """Which start of the device this is, and seconds since then, asleep too. Setting the time moves neither."""
        ...


class CameraLost(DeviceError):
    """There is no camera at its place any more, or it gives no picture."""


class Camera(Protocol):
    """A USB camera or document scanner, for a picture of a document or of goods."""

    async def photo(self) -> bytes:
        """One picture of now: a JPEG of at most a mebibyte, with nothing in it but the picture. Raises CameraLost."""
        ...


@dataclass(frozen=True)
class Hardware:
    """One of each."""

    card_reader: CardReader
    stripe: Stripe | None  # None: nothing can be swiped
    printer: Printer
    line: Line
    vault: Vault
    loading: KeyLoading
    passwords: Passwords
    front: Front
    clock: Clock
    typeset: Callable[[Receipt, int], Paper]  # a Receipt, set for so many columns
    inbox: Inbox
    coder: PictureCoder | None = None  # None: signatures stay on paper
    tap: CardReader | None = None  # None: cards are inserted or swiped
    camera: Camera | None = None  # None: a note is written where the policy wants a photo
    export: Export | None = None  # None: nothing leaves this terminal as a file
