"""What a magnetic stripe says, from what its reader wrote. Law: what is not surely read is "", and nothing is shown.

| track | start  | characters        | number | what                                                     | ISO/IEC |
|-------|--------|-------------------|--------|----------------------------------------------------------|---------|
| 1     | %      | 20-5F but % + ; ? | to 76  | B, PAN, ^, name, ^, expiry or ^, service code or ^, more | 7813    |
| 2     | ;      | 0-9 and =         | to 37  | PAN, =, expiry, service code, more                       | 7813    |
| 3     | + or ; | 0-9 and =         | 38-104 | format code, PAN, =, more with at least two =            | 4909    |

A line is tracks in any order, each ended by "?" and perhaps its longitudinal redundancy check (LRC); control characters
are between lines. On the card track 3 starts like track 2, but its fixed fields alone are longer than that: a ";" with
more than 37 characters is track 3. A line with anything else between its tracks is not trusted at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import reduce
from operator import xor

import msgspec

SHAPES = {  # group 1 is the account number
    1: re.compile(r"B([0-9]{12,19})\^[ -\]]{2,26}\^([0-9]{4}|\^)([0-9]{3}|\^)[ -_]*"),
    2: re.compile(r"([0-9]{12,19})=[0-9]{7}[0-9]*"),
    3: re.compile(r"[0-9]{2}([0-9]{12,19})=[0-9]*=[0-9]*=[0-9=]*"),  # 4909, fields 4, 22 and 24
}
SIZES = {1: range(77), 2: range(38), 3: range(38, 105)}  # without sentinels and LRC; with them at most 79, 40 and 107
LINE_ENDS = re.compile(r"[\x00-\x1F\x7F]+")
SWIPED = re.compile(r"[%;+][^?]*\?.*")  # what a line must hold to be of a swipe; what stands before is passed over
# an LRC may look like a start sentinel: it is one that is followed by another, or by nothing
TRACK = re.compile(r"([%;+])([^%;+?]*)\?([ -_](?=[%;+]|\Z))?")
UNREAD = ("", "E")  # what readers send between the sentinels of a track that they could not read
CODED_SETS = {"%": (0x20, 0x3F), ";": (0x30, 0x0F), "+": (0x30, 0x0F)}  # ASCII of 0, and the data bits (ISO/IEC 7811-2)


class Swipe(msgspec.Struct, frozen=True):
    """The tracks of one swipe, ASCII without sentinels and LRC; "" was not there, or could not be read."""

    track1: str = ""
    track2: str = ""  # F35, with "="
    track3: str = ""  # F36, with "="

    def __repr__(self) -> str:
        """Never the card's data."""
        return f"Swipe(has {', '.join(name for name in self.__struct_fields__ if getattr(self, name)) or 'nothing'})"


class _Track(msgspec.Struct, frozen=True):
    number: int
    text: str
    lrc: str  # "": the reader sent none
    is_sound: bool

    def __repr__(self) -> str:
        """Never the card's data."""
        return f"_Track({self.number})"


def parse(raw: bytes) -> Swipe | None:
    """One swipe of a reader's output; None for what is no swipe at all. Never raises.

    Readable is what has its shape, the LRC if the reader sends one, and an account number with a right check digit;
    without an LRC that digit is all that finds a wrong one, and every real card has it.

    A test card without account, as readers send it with and without LRC, and unread:

    >>> swipe = parse(b"%E?;6210948000000110=35121010000000000?\\r\\n")
    >>> swipe, swipe.track2
    (Swipe(has track2), '6210948000000110=35121010000000000')
    >>> parse(b";6210948000000110=35121010000000000?" + lrc(";6210948000000110=35121010000000000?").encode())
    Swipe(has track2)
    >>> parse(b";6210948000000110=35121010000000000?0"), parse(b"hello")
    (Swipe(has nothing), None)
    """
    lines = [found.group() for line in LINE_ENDS.split(raw.decode("latin-1")) if (found := SWIPED.search(line))]
    if not lines:
        return None
    tracks = [track for line in lines for track in _tracks(line) if track.text not in UNREAD]
    has_lrc = any(track.lrc for track in tracks)
    texts = {track.number: track.text for track in tracks if track.is_sound and (track.lrc or not has_lrc)}
    for number in (1, 2, 3):
        if sum(track.number == number for track in tracks) > 1:  # two cards, or one and a half
            texts.pop(number, None)
    return _agreed(Swipe(*(texts.get(number, "") for number in (1, 2, 3))))


def lrc(track: str) -> str:
    """The check character of a track, sentinels included: even parity over each data bit (ISO/IEC 7811-2).

    Track 3's start sentinel is that of track 2 on the card, whatever the reader writes for it.

    Its own parity bit is odd like any other's, and no reader sends it. The first two examples are from MagTek's
    "I/O interface for TTL magnetic stripe readers", section 3, the third from Datacard's CP80 service manual, 2-23:

    >>> lrc(";0?"), lrc(";01?"), lrc("%7C^SZ?")
    ('4', '5', '9')
    """
    zero, bits = CODED_SETS[track[0]]
    return chr(zero + (reduce(xor, (ord(character) - zero for character in track)) & bits))


def has_check_digit(pan: str) -> bool:
    """Whether the last digit is right (ISO/IEC 7812-1, annex B: Luhn).

    >>> has_check_digit("49927398716"), has_check_digit("49927398717")
    (True, False)
    """
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in pan[-2::-2])
    return (sum(doubled) + sum(map(int, pan[::-2]))) % 10 == 0


def _tracks(line: str) -> Iterator[_Track]:
    """The tracks of one line; none when there is anything between or after them."""
    found = list(TRACK.finditer(line))
    if "".join(match.group() for match in found) != line:
        return
    for match in found:
        start, text, check = match.group(1), match.group(2), match.group(3) or ""
        number = _number(start, text)
        shape = SHAPES[number].fullmatch(text)
        is_sound = shape is not None and len(text) in SIZES[number] and check in ("", lrc(f"{start}{text}?"))
        yield _Track(number, text, check, is_sound)


def _number(start: str, text: str) -> int:
    if start == "%":
        return 1
    return 3 if start == "+" or len(text) not in SIZES[2] else 2


def _agreed(swipe: Swipe) -> Swipe:
    """Without the accounts whose check digit is wrong, and without both of two that differ."""
    pans = {
        number: found.group(1)
        for number, text in ((1, swipe.track1), (2, swipe.track2))
        if (found := SHAPES[number].fullmatch(text)) and has_check_digit(found.group(1))
    }
    if len(set(pans.values())) > 1:
        pans = {}
    return Swipe(swipe.track1 if 1 in pans else "", swipe.track2 if 2 in pans else "", swipe.track3)
