"""F62 of the downloads as values (cup.md 2.13). Law: read whole or refused; nothing is guessed of what is cut off.

>>> bins(b"0662500004" + b"6225")
['625000', '6225']
>>> settings(b"1160" + b"231")
{'11': b'60', '23': b'1'}
"""

from __future__ import annotations

import msgspec

# code of a stripe-card parameter -> its length; 22 is a name of 40 bytes, 26 the switches (cup.md 2.13)
SETTING_SIZES = {
    "11": 2, "12": 2, "13": 1, "14": 14, "15": 14, "16": 14, "17": 14, "18": 1, "19": 2, "20": 1, "21": 1,
    "22": 40, "23": 1, "24": 1, "25": 1, "26": 4, "27": 2,
}  # fmt: skip
NONE, COMPLETE, MORE = "0", "1", "2"
RID, INDEX, AID = "9F06", "9F22", "9F06"


class ListRefused(ValueError):
    """It cannot be used; the argument is a word: "unreadable", "endless", "unusable"."""


class ListReply(msgspec.Struct, frozen=True):
    """The first byte says whether there is more; the rest is the list or the item."""

    body: bytes
    has_more: bool


class Started(msgspec.Struct, frozen=True):
    """A part of the blocked BINs: `last` is the number to go on from."""

    body: bytes
    last: str
    has_more: bool


def list_reply(raw: bytes) -> ListReply:
    """A list (0 none, 1 complete, 2 more) or an item (1: here it is)."""
    flag = raw[:1].decode("ascii", "replace")
    if flag not in (NONE, COMPLETE, MORE):
        raise ListRefused("unreadable")
    return ListReply(b"" if flag == NONE else raw[1:], flag == MORE)


def started(raw: bytes) -> Started:
    """A flag, the last number of three digits, and BINs."""
    flag, last = raw[:1].decode("ascii", "replace"), raw[1:4].decode("ascii", "replace")
    if flag not in (NONE, COMPLETE, MORE) or (flag != NONE and not last.isdigit()):
        raise ListRefused("unreadable")
    return Started(raw[4:], last, flag == MORE)


def key_names(body: bytes) -> list[bytes]:
    """RID and index of each CAPK, as they are asked for: 9F06 and 9F22, without the expiry (DF05)."""
    names, rid = [], b""
    for tag, _, whole in _tlv(body):
        if tag == RID:
            rid = whole
        elif tag == INDEX:
            names.append(rid + whole)
    return names


def tlv_names(body: bytes) -> list[bytes]:
    """Each AID, as it is asked for."""
    return [whole for tag, _, whole in _tlv(body) if tag == AID]


def keyed(body: bytes, *, is_capk: bool) -> str:
    """The name an item is kept under: RID and index, or AID, in hex."""
    values = {tag: value for tag, value, _ in _tlv(body)}
    if RID not in values or (is_capk and INDEX not in values):
        raise ListRefused("unreadable")
    return values[RID].hex().upper() + (values[INDEX].hex().upper() if is_capk else "")


def settings(raw: bytes) -> dict[str, bytes]:
    """Code and value of the stripe-card parameters."""
    found, rest = {}, raw
    while rest:
        code = rest[:2].decode("ascii", "replace")
        size = SETTING_SIZES.get(code, 0)
        value, rest = rest[2 : 2 + size], rest[2 + size :]
        if not size or len(value) < size:
            raise ListRefused("unreadable")
        found[code] = value
    return found


def contactless(raw: bytes) -> dict[str, bytes]:
    """Tag of six characters, length of three digits, value."""
    found, rest = {}, raw
    while rest:
        tag, length = rest[:6].decode("ascii", "replace"), rest[6:9].decode("ascii", "replace")
        if len(length) < 3 or not length.isdigit() or len(rest) < 9 + int(length):
            raise ListRefused("unreadable")
        found[tag], rest = rest[9 : 9 + int(length)], rest[9 + int(length) :]
    return found


def bins(body: bytes) -> list[str]:
    """Length of two digits and the first digits of blocked cards."""
    found, rest = [], body.decode("ascii", "replace")
    while rest:
        length = rest[:2]
        if not length.isdigit() or int(length) == 0 or len(rest) < 2 + int(length):
            raise ListRefused("unreadable")
        found.append(rest[2 : 2 + int(length)])
        rest = rest[2 + int(length) :]
    return found


def _tlv(body: bytes) -> list[tuple[str, bytes, bytes]]:
    """Flat BER-TLV as (tag, value, whole); lengths of one byte, or 81 and 82."""
    found, start = [], 0
    while start < len(body):
        size = 2 if body[start] & 0x1F == 0x1F else 1
        tag, place = body[start : start + size].hex().upper(), start + size
        first = body[place : place + 1]
        extra = first[0] & 0x7F if first and first[0] & 0x80 else 0
        if not first or extra > 2:
            raise ListRefused("unreadable")
        length = int.from_bytes(body[place + 1 : place + 1 + extra]) if extra else first[0]
        end = place + 1 + extra + length
        if end > len(body):
            raise ListRefused("unreadable")
        found.append((tag, body[end - length : end], body[start:end]))
        start = end
    return found
