"""Issuer scripts: commands the issuer has the card carry out. Law: EMV 4.4 Book 3, 10.10; no failure ends the sale.

Each template 71 (before the second GENERATE AC) or 72 (after it) is one script: 9F18 its number, 86 its commands.

>>> before, after = scripts(bytes.fromhex("72 0F 9F18 04 00000001 86 06 841E00000400"))
>>> before, len(after), after[0].number.hex()
((), 1, '00000001')
"""

from __future__ import annotations

import msgspec

from terminal.emv import tags, tlv
from terminal.emv.errors import CardFaulty, EmvError, ReplyFaulty
from terminal.emv.transport import Link

NUMBER = 4  # bytes of 9F18
COMMAND_LEAST = 4  # CLA INS P1 P2
NOT_PERFORMED, FAILED, DONE = 0x00, 0x10, 0x20  # result byte 1, Book 4, A5
LAST_COUNTED = 0x0F  # command number 15 stands for that and all above
GOES_ON = (0x90, 0x62, 0x63)  # SW1 (10.10)


class Script(msgspec.Struct, frozen=True):
    """`commands` are APDUs as the issuer made them; None when the template could not be read."""

    number: bytes
    commands: tuple[bytes, ...] | None


def scripts(icc_reply: bytes) -> tuple[tuple[Script, ...], tuple[Script, ...]]:
    """Those before and those after the second GENERATE AC, in their order. Raises ReplyFaulty."""
    try:
        pairs = tlv.parse(icc_reply)
    except EmvError:
        raise ReplyFaulty("the acquirer's chip data cannot be read") from None
    before = tuple(_script(value) for tag, value in pairs if tag == tags.SCRIPT_BEFORE)
    return before, tuple(_script(value) for tag, value in pairs if tag == tags.SCRIPT_AFTER)


async def carry_out(link: Link, script: Script) -> bytes:
    """The five bytes of its result (Book 4, A5). Raises what `transmit` raises."""
    if script.commands is None:
        return bytes((NOT_PERFORMED,)) + script.number
    for index, command in enumerate(script.commands, start=1):
        try:
            response = await link.send(command)
        except CardFaulty:
            return _failed(script, index)
        if response.sw >> 8 not in GOES_ON:
            return _failed(script, index)
    return bytes((DONE,)) + script.number


def is_failed(results: bytes) -> bool:
    """Whether one of the five-byte results is not a success."""
    return any(results[at] & 0xF0 != DONE for at in range(0, len(results), 1 + NUMBER))


def _failed(script: Script, index: int) -> bytes:
    return bytes((FAILED | min(index, LAST_COUNTED),)) + script.number


def _script(template: bytes) -> Script:
    """A template that is no TLV, or has a command that is none, is not performed at all."""
    try:
        pairs = tlv.parse(template)
    except EmvError:
        return Script(bytes(NUMBER), None)
    number = next((value for tag, value in pairs if tag == tags.SCRIPT_ID), b"")
    commands = tuple(value for tag, value in pairs if tag == tags.SCRIPT_COMMAND)
    is_whole = bool(commands) and all(_is_command(command) for command in commands)
    return Script(number[:NUMBER].rjust(NUMBER, b"\0"), commands if is_whole else None)


def _is_command(command: bytes) -> bool:
    """A short APDU whose Lc, if it has one, is true."""
    body = len(command) - COMMAND_LEAST - 1
    return len(command) >= COMMAND_LEAST and (body < 1 or body - command[COMMAND_LEAST] in (0, 1))
