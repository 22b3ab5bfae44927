"""What an inspection found, as values. Law: only what anybody may read is in here; nothing in it can be unmasked.

They go to text and JSON as they are (terminal/card_inspection.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Literal

import msgspec

from terminal.emv import tags
from terminal.emv.initiate import AflEntry
from terminal.emv.inspection import dictionary
from terminal.emv.inspection.cvm_words import CvmWords
from terminal.emv.inspection.meaning import meaning, words
from terminal.emv.verification import Bits

NEEDLES = {
    tags.CARDHOLDER_NAME: 4,
    tags.CARDHOLDER_NAME_LONG: 4,
    tags.IDENTITY_NUMBER: 6,
}  # tag -> shortest that counts
SHORTEST_PAN = 8  # digits, ISO/IEC 7812-1

State = Literal["read", "blocked", "refused", "faulty", "not selectable"]


class Level(StrEnum):
    """How bad a piece of news is, the worst first."""

    STOP = "stop"  # no transaction is possible
    WRONG = "wrong"  # a sale may be declined, or a tech should know why
    NOTE = "note"


News = tuple[Level, str]  # a sentence of one application


class Note(msgspec.Struct, frozen=True):
    """One piece of news. `of` is an application's label or AID, "" for the card."""

    level: Level
    of: str
    says: str


class ObjectSeen(msgspec.Struct, frozen=True):
    """A data object: tag in hex, the Book's name, the value as it may be shown, and what it says."""

    tag: str
    name: str
    value: str
    meaning: tuple[str, ...] = ()


class RecordSeen(msgspec.Struct, frozen=True):
    """`is_signed`: it takes part in offline data authentication. `trouble`: why it could not be read, or ""."""

    sfi: int
    number: int
    is_signed: bool
    objects: tuple[ObjectSeen, ...]
    trouble: str = ""


class CertificateSeen(msgspec.Struct, frozen=True):
    """A link of the chain from the scheme to the card. `is_right` is None for what is absent or cannot be judged."""

    name: str
    is_right: bool | None
    says: str


class Bitfield(msgspec.Struct, frozen=True):
    """A bit field in hex and the names of its bits that are set."""

    value: str
    names: tuple[str, ...]


class ApplicationSeen(msgspec.Struct, frozen=True):
    """One application. `tvr` and `tsi` are what a sale here would have after the restrictions, before the CVM.

    `profile` is how a refund here treats it, "" when the terminal does not accept it. `chosen_method` of offline data
    authentication is "cda", "dda", "sda" or "none"; without any scheme key it is not judged, and not in the TVR.
    """

    aid: str
    label: str
    is_in_directory: bool
    priority: int  # 1 is first, 0 is none
    must_confirm: bool
    profile: str
    state: State
    notes: tuple[Note, ...] = ()
    fci: tuple[ObjectSeen, ...] = ()
    aip: Bitfield | None = None
    afl: tuple[AflEntry, ...] = ()
    records: tuple[RecordSeen, ...] = ()
    asked: tuple[ObjectSeen, ...] = ()  # by GET DATA
    cvm: CvmWords | None = None
    chosen_method: str = "none"
    is_authentication_judged: bool = False
    certificates: tuple[CertificateSeen, ...] = ()
    tvr: Bitfield | None = None
    tsi: Bitfield | None = None

    @property
    def name(self) -> str:
        """What people call it."""
        return self.label or self.aid

    def value(self, tag: int) -> str:
        """As it is shown, "" for what no record holds."""
        wanted = tags.hex_name(tag)
        objects = (each for record in self.records for each in record.objects)
        return next((each.value for each in objects if each.tag == wanted), "")


class Inspection(msgspec.Struct, frozen=True):
    """A whole card. `directory` says what 1PAY.SYS.DDF01 was; `notes` are all the news, worst first."""

    directory: str
    applications: tuple[ApplicationSeen, ...]
    notes: tuple[Note, ...]


def bitfield(flags: Bits) -> Bitfield:
    """Hex and words."""
    return Bitfield(flags.encoded().hex().upper(), words(flags))


def needles(values: Mapping[int, bytes]) -> tuple[str, ...]:
    """What must not be found in any value that is shown: account number, name and document, as hex digits."""
    found = []
    for digits in (values.get(tags.PAN, b"").hex().rstrip("f"), values.get(tags.TRACK2, b"").hex().partition("d")[0]):
        if len(digits) >= SHORTEST_PAN:
            found += [digits, digits.encode().hex()]
    for tag, shortest in NEEDLES.items():
        text = values.get(tag, b"").strip()
        if len(text) >= shortest:
            found.append(text.hex())
    return tuple(found)


def objects_seen(pairs: Iterable[tuple[int, bytes]], hidden: tuple[str, ...]) -> tuple[ObjectSeen, ...]:
    """As dictionary.shown allows; open values that hold one of `hidden` (of needles()) are only counted."""
    return tuple(_seen(tag, value, hidden) for tag, value in pairs)


def _seen(tag: int, value: bytes, hidden: tuple[str, ...]) -> ObjectSeen:
    name = dictionary.name(tag)
    if dictionary.is_open(tag) and any(needle in value.hex() for needle in hidden):
        return ObjectSeen(tags.hex_name(tag), name, dictionary.COUNTED.format(len(value)))
    said = meaning(tag, value) if dictionary.is_open(tag) else ()
    return ObjectSeen(tags.hex_name(tag), name, dictionary.shown(tag, value), said)
