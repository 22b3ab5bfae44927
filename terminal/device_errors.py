"""What can go wrong outside the core. Law: named for what went wrong; no message holds card data."""

from __future__ import annotations


class DeviceError(Exception):
    """Something outside the core failed. The message never holds card data."""


class NoCard(DeviceError):
    """The slot is empty."""


class CardRemoved(DeviceError):
    """The card left while it was needed."""


class CardMute(DeviceError):
    """The card does not answer, or not as EMV asks (wrong way round, dirty chip, broken)."""


class TwoCards(DeviceError):
    """More than one card is in the field: one card only."""


class ReaderMissing(DeviceError):
    """There is no card reader, or its service does not run."""


class PaperOut(DeviceError):
    """The printer has no paper. `has_begun`: part of this paper came out; it is printed again whole, and marked."""

    def __init__(self, *arguments: object, has_begun: bool = False) -> None:
        super().__init__(*arguments)
        self.has_begun = has_begun


class PrinterLost(DeviceError):
    """The printer does not answer. `has_begun` as for PaperOut."""

    def __init__(self, *arguments: object, has_begun: bool = False) -> None:
        super().__init__(*arguments)
        self.has_begun = has_begun


class CoverOpen(PrinterLost):
    """The lid of the printer is open."""


class Overheated(PrinterLost):
    """The printer's head is too hot; it goes on by itself when it has cooled down."""


class LinkDown(DeviceError):
    """No connection to the acquirer could be made: not one byte of a message has left."""


class LinkLost(DeviceError):
    """The connection broke after it was made: what was sent may have arrived."""


class KeyMissing(DeviceError):
    """The vault has no such key: keys must be loaded, or the terminal must sign in."""


class KeysErased(KeyMissing):
    """The keys were erased, and custodians must load them anew; the message is why: "by-hand", "tamper"."""

    @property
    def why(self) -> str:
        """A word of ui/text (erased.<why>)."""
        return str(self)


class VaultGone(KeyMissing):
    """The vault does not answer: whether it holds keys is not known."""


class KeyRefused(DeviceError):
    """A key's check value is wrong; the key was not taken."""


class SealBroken(KeyRefused):
    """A sealed record does not open with the key that this vault seals with: altered, or of another key."""


class CeremonyRefused(KeyRefused):
    """A component, or a key made of components, is not taken; the message is why: a word of ui/text (refused.<why>)."""

    @property
    def why(self) -> str:
        """The word."""
        return str(self)


class PinpadLost(DeviceError):
    """The PIN pad does not answer."""


class EntryCancelled(DeviceError):
    """Who was typing a secret pressed cancel."""


class EntryLost(KeyRefused):
    """What was typed for a card is gone: the vault was started again, or it took too long."""


class EntryTimedOut(DeviceError):
    """Nobody typed, or not fast enough."""
