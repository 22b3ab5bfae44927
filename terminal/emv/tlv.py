"""BER-TLV, parsed and built. Law: EMV 4.4 Book 3, annex B; what is not TLV is refused, never guessed at.

>>> pse = bytes.fromhex("6F15840E315041592E5359532E4444463031A503880101")
>>> find(parse(pse), 0x88).hex()
'01'
>>> build([(0x9F26, b"ab"), (0x95, bytes(5))]).hex()
'9f2602616295050000000000'
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from terminal.emv.errors import CardFaulty, TlvError

CONSTRUCTED = 0x20  # annex B1, tag byte 1, b6
LONG_TAG, MORE_TAG = 0x1F, 0x80  # annex B1: five bits set, then b8 as long as the tag goes on
LONGEST_TAG = 3
LONG_LENGTH = 0x80  # annex B2
LONGEST_LENGTH = 2  # bytes after 81 or 82: no EMV object is longer than 65535
DEEPEST = 8

Pairs = tuple[tuple[int, bytes], ...]


def parse(data: bytes) -> Pairs:
    """One level of tag and value, in order; 00 between objects is padding (annex B1). Raises TlvError."""
    return tuple((tag, value) for tag, value, _ in _objects(data))


def without(data: bytes, tag: int) -> bytes:
    """The bytes as they came, but for padding and the objects of one tag: what a signature among them covers."""
    return b"".join(whole for at, _, whole in _objects(data) if at != tag)


def sole(data: bytes, tag: int) -> bytes:
    """The value of the one object that `data` must be, with nothing before or after it. Raises TlvError."""
    at_tag, at = _tag(data, 0)
    length, at = _length(data, at)
    if at_tag != tag or at + length != len(data):
        raise TlvError("not the template that was due, or bytes around it")
    return data[at:]


def leaves(data: bytes, depth: int = 0) -> Pairs:
    """Every primitive object, however deep. Raises TlvError."""
    if depth > DEEPEST:
        raise TlvError("templates are nested too deep")
    found: list[tuple[int, bytes]] = []
    for tag, value in parse(data):
        found.extend(leaves(value, depth + 1) if is_constructed(tag) else ((tag, value),))
    return tuple(found)


def find(pairs: Iterable[tuple[int, bytes]], tag: int) -> bytes | None:
    """The first value of a tag, looked for inside templates too."""
    for at, value in pairs:
        if at == tag:
            return value
        if is_constructed(at) and (inner := find(parse(value), tag)) is not None:
            return inner
    return None


def unique(pairs: Iterable[tuple[int, bytes]]) -> dict[int, bytes]:
    """By tag. A tag that comes twice breaks Book 3, 10.2. Raises CardFaulty."""
    found: dict[int, bytes] = {}
    for tag, value in pairs:
        if tag in found:
            raise CardFaulty("the card gives a data object twice")
        found[tag] = value
    return found


def build(pairs: Iterable[tuple[int, bytes]]) -> bytes:
    """The inverse of parse, shortest lengths."""
    return b"".join(_tag_bytes(tag) + _length_bytes(len(value)) + value for tag, value in pairs)


def is_constructed(tag: int) -> bool:
    """Whether the value is a template of other objects."""
    return bool(_tag_bytes(tag)[0] & CONSTRUCTED)


def tag_at(data: bytes, at: int) -> tuple[int, int]:
    """The tag that starts at `at`, and where it ends: for tag-and-length lists. Raises TlvError."""
    return _tag(data, at)


def _objects(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Tag, value and the whole object."""
    at = 0
    while at < len(data):
        if data[at] == 0:
            at += 1
            continue
        start = at
        tag, at = _tag(data, at)
        length, at = _length(data, at)
        if at + length > len(data):
            raise TlvError("an object is longer than what holds it")
        yield tag, data[at : at + length], data[start : at + length]
        at += length


def _tag(data: bytes, at: int) -> tuple[int, int]:
    if at >= len(data):
        raise TlvError("a tag is missing")
    end = at + 1
    if data[at] & LONG_TAG == LONG_TAG:
        while True:
            if end >= len(data) or end - at >= LONGEST_TAG:
                raise TlvError("a tag does not end")
            end += 1
            if not data[end - 1] & MORE_TAG:
                break
    return int.from_bytes(data[at:end]), end


def _length(data: bytes, at: int) -> tuple[int, int]:
    if at >= len(data):
        raise TlvError("a length is missing")
    first = data[at]
    if first < LONG_LENGTH:
        return first, at + 1
    size = first - LONG_LENGTH
    if not 1 <= size <= LONGEST_LENGTH or at + 1 + size > len(data):
        raise TlvError("a length is not one that EMV knows")
    return int.from_bytes(data[at + 1 : at + 1 + size]), at + 1 + size


def _tag_bytes(tag: int) -> bytes:
    return tag.to_bytes((tag.bit_length() + 7) // 8 or 1)


def _length_bytes(length: int) -> bytes:
    if length < LONG_LENGTH:
        return bytes((length,))
    size = 1 if length <= 0xFF else LONGEST_LENGTH
    return bytes((LONG_LENGTH + size,)) + length.to_bytes(size)
