"""Cards that break one rule of the Books each. Law: a wrapper and a table; the card inside is a whole one.

A spoiling changes the command that reaches the card, or the card's answer; it knows nothing else of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from simulator.cards.chip import Chip
from simulator.cards.command import NOT_NOW, OK
from terminal.emv import tags, tlv

READ_RECORD, GPO, GENERATE_AC = 0xB2, 0xA8, 0xAE
KIND = 0xC0
LAST_SFI = 0xF8  # 31: one beyond what there can be (Book 3, 5.3)

Spoiling = Literal[
    "",
    "malformed-record",
    "duplicate-tag",
    "missing-cdol1",
    "wrong-certificate",
    "wrong-signature",
    "refuses-start",
    "afl-out-of-range",
    "afl-too-long",
    "answers-aac",
]


class Spoiler(msgspec.Struct, frozen=True):
    """Of one instruction: what becomes of the command, and of an answer with 9000; or the answer is `refuses`."""

    ins: int
    refuses: bytes = b""
    command: Callable[[bytes], bytes] = bytes
    answer: Callable[[bytes], bytes] = bytes


def _record(change: Callable[[dict[int, bytes]], list[tuple[int, bytes]]]) -> Callable[[bytes], bytes]:
    """A record with its objects changed, in a right template."""

    def changed(body: bytes) -> bytes:
        objects = dict(tlv.parse(tlv.sole(body, tags.RECORD)))
        return tlv.build([(tags.RECORD, tlv.build(change(objects)))])

    return changed


def _longer_than_it_is(body: bytes) -> bytes:
    """The last object of the account ends beyond its template (annex B)."""
    objects = tlv.parse(tlv.sole(body, tags.RECORD))
    if tags.TRACK2 not in dict(objects):
        return body
    return tlv.build([(tags.RECORD, tlv.build(objects)[:-1])])


def _twice(objects: dict[int, bytes]) -> list[tuple[int, bytes]]:
    return [*objects.items(), *((tag, value) for tag, value in objects.items() if tag == tags.PAN)]


def _without(tag: int) -> Callable[[dict[int, bytes]], list[tuple[int, bytes]]]:
    return lambda objects: [(at, value) for at, value in objects.items() if at != tag]


def _flipped(*spoilt: int) -> Callable[[dict[int, bytes]], list[tuple[int, bytes]]]:
    """The last byte of these objects is another one."""
    return lambda objects: [
        (tag, value[:-1] + bytes((value[-1] ^ 1,)) if tag in spoilt else value) for tag, value in objects.items()
    ]


def _locator(change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """An answer to GPO with another AFL, in either format."""

    def changed(body: bytes) -> bytes:
        if body[0] == tags.FORMAT_1:
            value = tlv.sole(body, tags.FORMAT_1)
            return tlv.build([(tags.FORMAT_1, value[:2] + change(value[2:]))])
        objects = dict(tlv.parse(tlv.sole(body, tags.FORMAT_2)))
        return tlv.build([(tags.FORMAT_2, tlv.build((objects | {tags.AFL: change(objects[tags.AFL])}).items()))])

    return changed


def _asks_for_aac(command: bytes) -> bytes:
    return command[:2] + bytes((command[2] & ~KIND,)) + command[3:]


SPOILERS: dict[str, Spoiler] = {
    "malformed-record": Spoiler(READ_RECORD, answer=_longer_than_it_is),
    "duplicate-tag": Spoiler(READ_RECORD, answer=_record(_twice)),
    "missing-cdol1": Spoiler(READ_RECORD, answer=_record(_without(tags.CDOL1))),
    "wrong-certificate": Spoiler(READ_RECORD, answer=_record(_flipped(tags.ISSUER_CERTIFICATE))),
    "wrong-signature": Spoiler(READ_RECORD, answer=_record(_flipped(tags.SIGNED_STATIC, tags.ICC_CERTIFICATE))),
    "refuses-start": Spoiler(GPO, refuses=NOT_NOW),
    "afl-out-of-range": Spoiler(GPO, answer=_locator(lambda afl: bytes((LAST_SFI,)) + afl[1:])),
    "afl-too-long": Spoiler(GPO, answer=_locator(lambda afl: afl[:2] + bytes((afl[2] + 1,)) + afl[3:])),
    "answers-aac": Spoiler(GENERATE_AC, command=_asks_for_aac),
}


class Spoiled:
    """A chip with one spoiling."""

    def __init__(self, chip: Chip, spoiling: str) -> None:
        self._chip, self._spoiler = chip, SPOILERS[spoiling]

    @property
    def atr(self) -> bytes:
        return self._chip.atr

    @property
    def protocol(self) -> int:
        return self._chip.protocol

    def reset(self) -> None:
        self._chip.reset()

    def respond(self, command: bytes) -> bytes:
        if len(command) < 4 or command[1] != self._spoiler.ins:
            return self._chip.respond(command)
        if self._spoiler.refuses:
            return self._spoiler.refuses
        answer = self._chip.respond(self._spoiler.command(command))
        return self._spoiler.answer(answer[:-2]) + OK if answer.endswith(OK) and len(answer) > 2 else answer
