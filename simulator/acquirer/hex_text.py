"""Messages out of text as people keep it. Law: a message a line or a block; what is no hex is one wrong message.

Between the bytes may stand spaces, colons and 0x; # begins a comment. Lines without a blank one between them are one
message where together they have the length that stands in front, or where not every one of them begins like a frame.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

BETWEEN = re.compile(r"0[xX]|[\s:,]")
COMMENT = re.compile(r"#.*")


class Found(msgspec.Struct, frozen=True):
    """`line` is where it begins, from 1; `raw` is None where that is no hex."""

    line: int
    raw: bytes | None

    def __repr__(self) -> str:
        """Never the bytes."""
        return f"Found(line {self.line})"


def messages(text: str, begins: Callable[[bytes], bool], is_whole: Callable[[bytes], bool]) -> list[Found]:
    """`begins` knows a line that may be a frame, `is_whole` bytes that say their own length and have it."""
    found: list[Found] = []
    block: list[Found] = []
    for number, line in enumerate([*text.splitlines(), ""], 1):
        said = COMMENT.sub("", line)
        if said.strip():
            block.append(Found(number, _bytes(said)))
        elif not line.strip():
            found += _divided(block, begins, is_whole)
            block = []
    return found


def _divided(block: list[Found], begins: Callable[[bytes], bool], is_whole: Callable[[bytes], bool]) -> list[Found]:
    parts = [found.raw for found in block]
    known = [part for part in parts if part is not None]
    if len(known) < len(parts) or len(parts) < 2:
        return block
    whole = b"".join(known)
    if is_whole(whole) or not all(map(begins, known)):
        return [Found(block[0].line, whole)]
    return block


def _bytes(line: str) -> bytes | None:
    try:
        return bytes.fromhex(BETWEEN.sub("", line))
    except ValueError:
        return None
