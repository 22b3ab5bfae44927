"""Commands and responses as values. Law: EMV 4.4 Book 1, 11.3 and Book 3, 6.5; the bytes are those of T=1.

>>> select(b"1PAY.SYS.DDF01").hex().upper()
'00A404000E315041592E5359532E444446303100'
>>> read_record(1, 1).hex().upper()
'00B2010C00'
"""

from __future__ import annotations

import msgspec

from terminal.emv import tags, tlv

OK = 0x9000
SELECTED_BLOCKED = 0x6283  # Book 1, 12.3.3: the application is invalidated
CARD_BLOCKED = 0x6A81  # Book 1, 12.3.2: the card is blocked, or does not know SELECT
FILE_NOT_FOUND = 0x6A82
RECORD_NOT_FOUND = 0x6A83
CONDITIONS_NOT_SATISFIED = 0x6985

EXPECT_ALL = b"\0"  # Le 00


class Response(msgspec.Struct, frozen=True):
    """`body` is without the status word. It may be card data, so it is not shown."""

    body: bytes
    sw: int

    def __repr__(self) -> str:
        return f"Response({len(self.body)} bytes, sw={self.sw:04X})"


def select(name: bytes, is_next: bool = False) -> bytes:
    """SELECT by name, first or next occurrence (Book 1, 11.3)."""
    return _command(0x00, 0xA4, 0x04, 0x02 if is_next else 0x00, name) + EXPECT_ALL


def read_record(sfi: int, record: int) -> bytes:
    """READ RECORD (Book 1, 11.2)."""
    return bytes((0x00, 0xB2, record, sfi << 3 | 0x04)) + EXPECT_ALL


def get_processing_options(pdol_values: bytes) -> bytes:
    """GET PROCESSING OPTIONS (Book 3, 6.5.8): the values stand in template 83."""
    return _command(0x80, 0xA8, 0x00, 0x00, tlv.build([(tags.COMMAND_TEMPLATE, pdol_values)])) + EXPECT_ALL


def generate_ac(reference: int, cdol_values: bytes) -> bytes:
    """GENERATE APPLICATION CRYPTOGRAM (Book 3, 6.5.5); `reference` is P1."""
    return _command(0x80, 0xAE, reference, 0x00, cdol_values) + EXPECT_ALL


def internal_authenticate(ddol_values: bytes) -> bytes:
    """INTERNAL AUTHENTICATE (Book 3, 6.5.9)."""
    return _command(0x00, 0x88, 0x00, 0x00, ddol_values) + EXPECT_ALL


def get_data(tag: int) -> bytes:
    """GET DATA (Book 3, 6.5.7); the tag is P1 P2."""
    return bytes((0x80, 0xCA)) + tag.to_bytes(2) + EXPECT_ALL


def get_challenge() -> bytes:
    """GET CHALLENGE (Book 3, 6.5.6): eight unpredictable bytes of the card."""
    return bytes((0x00, 0x84, 0x00, 0x00)) + EXPECT_ALL


def verify(is_enciphered: bool, pin_data: bytes) -> bytes:
    """VERIFY (Book 3, 6.5.12): P2 is 80 for a plain PIN block, 88 for an enciphered one."""
    return _command(0x00, 0x20, 0x00, 0x88 if is_enciphered else 0x80, pin_data)


def external_authenticate(issuer_authentication: bytes) -> bytes:
    """EXTERNAL AUTHENTICATE (Book 3, 6.5.4)."""
    return _command(0x00, 0x82, 0x00, 0x00, issuer_authentication)


def get_response(length: int) -> bytes:
    """GET RESPONSE (Book 1, 9.3.1.3), T=0 only."""
    return bytes((0x00, 0xC0, 0x00, 0x00, length))


def _command(cla: int, ins: int, p1: int, p2: int, body: bytes) -> bytes:
    return bytes((cla, ins, p1, p2, len(body))) + body
