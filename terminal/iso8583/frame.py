"""TPDU and header around a message (cup.md 1.1-1.3). Law: the length prefix belongs to the line, not to the frame.

LEN | TPDU(5) | HEADER(6) | MTI BITMAP FIELDS [MAC]; a dialect says which of TPDU and header it has.
"""

from __future__ import annotations

import msgspec

from terminal.iso8583.length import BINARY_2, LengthForm
from terminal.iso8583.message import WireError

TPDU_SIZE, HEADER_SIZE = 5, 6
TPDU_ID = 0x60
SHORTEST_BODY = 10  # an MTI and a bitmap


class FrameForm(msgspec.Struct, frozen=True):
    """What stands before a message. The line writes `length`."""

    length: LengthForm = BINARY_2
    has_tpdu: bool = True
    has_header: bool = True


class Envelope(msgspec.Struct, frozen=True):
    """`tpdu` is 5 bytes or none, `header` 6 bytes (BCD of 12 digits) or none, `body` starts with the MTI."""

    tpdu: bytes
    header: bytes
    body: bytes

    @property
    def demand(self) -> int:
        """处理要求: what the acquirer wants next (cup.md 1.3, digit 6 of the header); 3 is a new sign-in."""
        return self.header[2] & 0x0F if self.header else 0

    def pack(self) -> bytes:
        """The frame, without its length prefix."""
        return self.tpdu + self.header + self.body

    def answered(self, body: bytes, demand: int = 0) -> Envelope:
        """The reply's envelope: TPDU addresses swapped, header copied but for the demand (cup.md 1.2, 1.3)."""
        tpdu = self.tpdu[:1] + self.tpdu[3:5] + self.tpdu[1:3]
        header = self.header and self.header[:2] + bytes([self.header[2] & 0xF0 | demand]) + self.header[3:]
        return Envelope(tpdu, header, body)


def unpack(frame: bytes, form: FrameForm) -> Envelope:
    """Raises WireError when it is too short for a message or does not begin with a TPDU."""
    tpdu_size, header_size = TPDU_SIZE * form.has_tpdu, HEADER_SIZE * form.has_header
    if len(frame) < tpdu_size + header_size + SHORTEST_BODY:
        raise WireError(f"a frame of {len(frame)} bytes holds no message")
    if form.has_tpdu and frame[0] != TPDU_ID:
        raise WireError("the frame does not begin with a TPDU")
    rest = frame[tpdu_size:]
    return Envelope(frame[:tpdu_size], rest[:header_size], rest[header_size:])
