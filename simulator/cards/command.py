"""A command as a card sees it, and the words it answers with. Law: EMV 4.4 Book 1, 11.1 and Book 3, 6.3.5; bytes only.

>>> parse(bytes.fromhex("00A40400 02 3F00 00")).body.hex(), parse(bytes.fromhex("00B2010C00")).body
('3f00', b'')
"""

from __future__ import annotations

import msgspec

HEADER = 4  # CLA INS P1 P2; then Lc, or Le alone
(
    OK,
    APPLICATION_BLOCKED,
    NOT_OF_ISSUER,
    WRONG_LENGTH,
    PIN_BLOCKED,
    REFERENCE_INVALID,
    NOT_NOW,
    NOT_SECURED,
    WRONG_MAC,
    CARD_BLOCKED,
    FILE_NOT_FOUND,
    RECORD_NOT_FOUND,
    WRONG_PARAMETERS,
    DATA_NOT_FOUND,
    UNKNOWN_COMMAND,
    UNKNOWN_CLASS,
) = (
    bytes.fromhex(sw)
    for sw in (
        *("9000", "6283", "6300", "6700", "6983", "6984", "6985", "6987"),
        *("6988", "6A81", "6A82", "6A83", "6A86", "6A88", "6D00", "6E00"),
    )
)


class Refused(Exception):
    """The card answers with a status word and nothing else."""

    def __init__(self, sw: bytes) -> None:
        super().__init__(sw.hex())
        self.sw = sw


class Command(msgspec.Struct, frozen=True):
    """Without Le. The body may be a PIN, so it is not shown."""

    cla: int
    ins: int
    p1: int
    p2: int
    body: bytes

    def __repr__(self) -> str:
        return f"Command({self.cla:02X} {self.ins:02X})"

    @property
    def encoded(self) -> bytes:
        """Header, Lc and body: what a MAC is about."""
        return bytes((self.cla, self.ins, self.p1, self.p2, len(self.body))) + self.body


def parse(raw: bytes) -> Command:
    """Raises Refused (6700) when Lc and the bytes do not agree."""
    if len(raw) < HEADER:
        raise Refused(WRONG_LENGTH)
    body, length = b"", raw[HEADER] if len(raw) > HEADER + 1 else 0
    if len(raw) > HEADER + 1:
        body = raw[HEADER + 1 : HEADER + 1 + length]
        if not length or len(raw) - HEADER - 1 - length not in (0, 1) or len(body) != length:
            raise Refused(WRONG_LENGTH)
    return Command(raw[0], raw[1], raw[2], raw[3], body)
