"""Every way a secret may lie about. Law: a form is a row of a table; whoever adds a way to write adds a row, no code.

A needle is looked for in one of three views of what is searched, each made in one pass, so that memory takes seconds:

| view     | is                                                               | so one needle also finds             |
|----------|------------------------------------------------------------------|--------------------------------------|
| raw      | the bytes, long rows of NUL shortened                            |                                      |
| base64   | its characters, without NUL and line ends                        | UTF-16, UTF-32 of both ends, wrapped |
| squeezed | digits and a to f, without separators and quotes, in lower case  | 6210 9480, 62:10, repr, JSON lists   |

Not looked for: what is compressed, a picture, reversed digits, ciphers. Nothing here writes so.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Iterator

import msgspec

RAW, BASE64, SQUEEZED = "raw", "base64", "squeezed"
SHORTEST = {RAW: 6, BASE64: 7, SQUEEZED: 8}  # bytes: what is shorter is in some hundred megabytes by chance
NOT_IN_TEXT = b"\0\r\n"
SEPARATORS = NOT_IN_TEXT + b" \t-./:,;_|\\xX'\"[]()"
EMPTY, GAP = bytes(64), bytes(4)  # most of a memory image is nothing, and nothing is slow to search
BASE64_RUNS = re.compile(rb"[0-9A-Za-z+/_-]{7,}")
HEX_RUNS = re.compile(rb"[0-9a-f]{8,}")
LOWER = bytes(range(256)).lower()
ALIGNMENTS = (0, 1, 2)
LEAD = (0, 2, 3)  # characters of base64 that bytes in front of the secret have a part in, by their number modulo 3
WIDTHS = {"ascii": 1, "utf-16": 2, "utf-32": 4}  # bytes of a character
BLOCK = 8  # bytes
FILLED = (("0", "F"), ("2", "F"), ("4", "A"))  # ISO 9564-1, 9.3: a format of PIN block, and what fills it
DECIMALS, LEAST_DECIMALS = ", decimals", 8  # digits that must be there besides zeros


class Needle(msgspec.Struct, frozen=True):
    """What to look for, where. `is_whole`: no digit may stand beside it (it is short, and numbers are many)."""

    form: str
    view: str
    bytes: bytes
    is_whole: bool = False

    def __repr__(self) -> str:
        """Never the secret."""
        return f"Needle({self.form})"


class Secret(msgspec.Struct, frozen=True):
    """One marker. `name` may be told, what it stands for may not."""

    name: str
    needles: tuple[Needle, ...]

    def __repr__(self) -> str:
        return f"Secret({self.name})"


def views(haystack: bytes) -> dict[str, bytes]:
    """By name; runs of characters that are too short for any needle are left out."""
    return {
        RAW: haystack.replace(EMPTY, GAP),
        BASE64: b"\n".join(BASE64_RUNS.findall(haystack.translate(None, NOT_IN_TEXT))),
        SQUEEZED: b"\n".join(HEX_RUNS.findall(haystack.translate(LOWER, SEPARATORS))),
    }


# --- secrets ---------------------------------------------------------------------------------------------------------
def number(name: str, digits: str) -> Secret:
    """A PAN, a track's data, a long PIN: 12 digits or more, as text and as BCD of both alignments."""
    text = digits.encode("ascii")
    written = [*_of_bytes("ascii", text), *_of_bytes("utf-16", digits.encode("utf-16-le"))]
    for skip in (0, 1):
        written += _of_bytes(f"bcd+{skip}", packed(digits, skip), is_text=False)
    return _secret(name, Needle("digits", SQUEEZED, text), *written)


def key(name: str, raw: bytes) -> Secret:
    """A key or a block: bytes, their hex, and both again in base64."""
    low, high = raw.hex().encode("ascii"), raw.hex().upper().encode("ascii")
    written = (*_of_bytes("bytes", raw, is_text=False), *_of_bytes("hex", low), *_of_bytes("HEX", high))
    return _secret(name, Needle("hex", SQUEEZED, low), *written)


def pin(name: str, digits: str, pans: Iterable[str] = ()) -> Secret:
    """A PIN of 4 to 12 digits: alone as text, and in clear blocks: ISO 9564-1, formats 0 (these PANs), 2 and 4."""
    wide = [Needle(code, RAW, bytes(width - 1).join(_each(digits)), is_whole=True) for code, width in WIDTHS.items()]
    fields = {form: bytes.fromhex(f"{form}{len(digits):X}{digits}".ljust(2 * BLOCK, fill)) for form, fill in FILLED}
    blocks = [(f"format {form}", field) for form, field in fields.items()]
    blocks += [("format 0 with PAN", xor(fields["0"], bytes.fromhex(f"0000{pan[-13:-1]}"))) for pan in pans]
    shown = [Needle(f"{form}, hex", SQUEEZED, block.hex().encode("ascii")) for form, block in blocks]
    return _secret(name, *wide, *(Needle(form, RAW, block) for form, block in blocks), *shown)


def xor(one: bytes, other: bytes) -> bytes:
    """Of the same length."""
    return bytes(left ^ right for left, right in zip(one, other, strict=True))


def packed(nibbles: str, skip: int) -> bytes:
    """The whole bytes of it in BCD, from this nibble on; what shares a byte with a neighbour is left out."""
    inside = nibbles[skip:]
    return bytes.fromhex(inside[: len(inside) // 2 * 2])


def base64_of(raw: bytes, alignment: int, encode: Callable[[bytes], bytes] = base64.b64encode) -> bytes:
    """The characters that this many bytes in front, and whatever comes after, do not change."""
    whole = (alignment + len(raw)) * 8 // 6
    return encode(bytes(alignment) + raw)[LEAD[alignment] : whole]


# --- forms -----------------------------------------------------------------------------------------------------------
def _of_bytes(name: str, body: bytes, is_text: bool = True) -> Iterator[Needle]:
    """This body as decimal numbers and base64; a text also as hex; what is no text as it is and as Python's repr.

    The hex of BCD, and of a key, is text that is looked for as such.
    """
    if is_text:
        yield Needle(f"{name}, hex", SQUEEZED, body.hex().encode("ascii"))
    else:
        yield Needle(name, RAW, body)
        yield Needle(f"{name}, escaped", RAW, repr(body)[2:-1].encode("ascii"))
    yield Needle(f"{name}{DECIMALS}", SQUEEZED, "".join(map(str, body)).encode("ascii"))
    for alignment in ALIGNMENTS:
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield Needle(f"{name}, base64+{alignment}", BASE64, base64_of(body, alignment, encode))


def _secret(name: str, *needles: Needle) -> Secret:
    """Each needle once, none that chance would find."""
    long = (one for one in needles if one.is_whole or len(one.bytes) >= SHORTEST[one.view])
    return Secret(name, tuple(dict.fromkeys(one for one in long if not _is_sparse(one))))


def _is_sparse(needle: Needle) -> bool:
    """The bytes of a BCD that is mostly zeros, as decimal numbers, say little: chance finds them in a database."""
    is_bcd_told = needle.form.startswith("bcd") and needle.form.endswith(DECIMALS)
    return is_bcd_told and len(needle.bytes.replace(b"0", b"")) < LEAST_DECIMALS


def _each(text: str) -> list[bytes]:
    return [character.encode("ascii") for character in text]
