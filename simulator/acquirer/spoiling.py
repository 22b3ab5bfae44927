"""How an answer is spoiled: before its MAC is made, or byte by byte after it. Law: what is changed, and nothing else.

A change before the MAC leaves an answer that is right in every other way; a change after it leaves bytes.
"""

from __future__ import annotations

from collections.abc import Callable

from terminal.iso8583.codec import MAC_SIZE, decode
from terminal.iso8583.dialect import Dialect
from terminal.iso8583.frame import unpack
from terminal.iso8583.message import NUMBERS, Message, WireError

Change = Callable[[Message], Message]


def another_number(name: str) -> Change:
    """This field of digits, one higher; it keeps its length."""

    def change(answer: Message) -> Message:
        value = answer[name] or "0"
        return answer.with_fields({NUMBERS[name]: f"{(int(value) + 1) % 10 ** len(value):0{len(value)}d}"})

    return change


def another_terminal(answer: Message) -> Message:
    """Another F41: the last character changes."""
    value = answer["terminal_id"]
    return answer.with_fields({NUMBERS["terminal_id"]: value[:-1] + ("1" if value[-1:] != "1" else "2")})


def saying(response_code: str) -> Change:
    """Another F39."""
    return lambda answer: answer.with_fields({NUMBERS["response_code"]: response_code})


def wrong_mac(answer: bytes) -> bytes:
    """Another last byte, so another F64 (or, without one, another last field)."""
    return answer[:-1] + bytes([answer[-1] ^ 0x01])


def garbage(answer: bytes) -> bytes:
    """As long as the answer, and nothing of it."""
    return b"\x55" * len(answer)


def truncated(answer: bytes) -> bytes:
    """A whole frame that holds no whole message."""
    return answer[: -MAC_SIZE - 1]


def mti_of(frame: bytes, dialect: Dialect) -> str:
    """ "" when there is none."""
    try:
        raw = unpack(frame, dialect.frame).body[: dialect.layout.mti_size]
    except WireError:
        return ""
    return raw.decode("latin-1") if dialect.layout.is_ascii else raw.hex()


def terminal_of(frame: bytes, dialect: Dialect) -> str:
    """F41; "" when the frame does not say."""
    try:
        return decode(unpack(frame, dialect.frame).body, dialect.layout)["terminal_id"]
    except WireError:
        return ""
