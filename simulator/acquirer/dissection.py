"""One message on the wire, taken apart as far as it goes. Law: every byte has a place; what stops it is named.

Offsets count from the first byte that was given. A length in front is taken for one when it says what follows it.
"""

from __future__ import annotations

import msgspec

from terminal.iso8583.codec import bitmap_of, mti_of, placed
from terminal.iso8583.dialect import Dialect
from terminal.iso8583.frame import Envelope, unpack
from terminal.iso8583.length import LengthForm, LengthWrong
from terminal.iso8583.message import Message, WireError


class Place(msgspec.Struct, frozen=True):
    """A field: where it lies (its length included), and its value as in a Message."""

    number: int
    offset: int
    size: int
    value: str

    def __repr__(self) -> str:
        """Where, never what."""
        return f"Place({self.number}, {self.offset}, {self.size})"


class Wrong(msgspec.Struct, frozen=True):
    """Why it does not parse; `field` is 0 outside the fields."""

    what: str
    field: int
    offset: int


class Dissection(msgspec.Struct, frozen=True):
    """`start` is where the MTI lies; `message` holds the fields that could be read."""

    raw: bytes
    length: bytes
    start: int
    envelope: Envelope | None = None
    message: Message = Message("")
    bits: tuple[int, ...] = ()
    bits_end: int = 0
    places: tuple[Place, ...] = ()
    wrong: Wrong | None = None

    def __repr__(self) -> str:
        """Never the card's data."""
        return f"Dissection({self.message.mti}, {len(self.raw)} bytes)"


def dissected(raw: bytes, dialect: Dialect) -> Dissection:
    """Never raises: what does not parse ends in `wrong`."""
    size = dialect.frame.length.size if has_length(raw, dialect.frame.length) else 0
    try:
        envelope = unpack(raw[size:], dialect.frame)
    except WireError as error:
        return Dissection(raw, raw[:size], size, wrong=Wrong(error.what, 0, size))
    body, layout = envelope.body, dialect.layout
    start = len(raw) - len(body)
    mti, bits_end, wrong = "", start, None
    bits: tuple[int, ...] = ()
    places: list[Place] = []
    try:
        mti = mti_of(body, layout)
        bitmap, end = bitmap_of(body, layout)
        bits, bits_end = _numbers(bitmap), start + end
        for number, value, begin, end in placed(body, layout):
            places.append(Place(number, start + begin, end - begin, value))
    except WireError as error:
        wrong = Wrong(error.what, error.field, start + error.offset)
    message = Message(mti, {place.number: place.value for place in places})
    return Dissection(raw, raw[:size], start, envelope, message, bits, bits_end, tuple(places), wrong)


def has_length(raw: bytes, form: LengthForm) -> bool:
    """Whether it begins with a length of all the rest."""
    try:
        return len(raw) > form.size and form.parsed(raw[: form.size]) == len(raw) - form.size
    except LengthWrong:
        return False


def _numbers(bitmap: int) -> tuple[int, ...]:
    return tuple(number for number in range(1, 129) if bitmap >> (128 - number) & 1)
