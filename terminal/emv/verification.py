"""TVR and TSI as flags with the Books' names. Law: EMV 4.4 Book 3, annex C5 and C6; byte 1 is the leftmost."""

from __future__ import annotations

from enum import IntFlag


def _bit(byte: int, mask: int, size: int) -> int:
    return mask << 8 * (size - byte)


class Tvr(IntFlag):
    """Terminal verification results, tag 95."""

    ODA_NOT_PERFORMED = _bit(1, 0x80, 5)
    ICC_DATA_MISSING = _bit(1, 0x20, 5)
    DIFFERENT_VERSIONS = _bit(2, 0x80, 5)
    EXPIRED = _bit(2, 0x40, 5)
    NOT_YET_EFFECTIVE = _bit(2, 0x20, 5)
    SERVICE_NOT_ALLOWED = _bit(2, 0x10, 5)
    CVM_FAILED = _bit(3, 0x80, 5)
    UNRECOGNISED_CVM = _bit(3, 0x40, 5)
    PIN_PAD_MISSING = _bit(3, 0x10, 5)
    FLOOR_LIMIT_EXCEEDED = _bit(4, 0x80, 5)
    ISSUER_AUTHENTICATION_FAILED = _bit(5, 0x40, 5)

    def encoded(self) -> bytes:
        """Five bytes."""
        return int(self).to_bytes(5)


class Tsi(IntFlag):
    """Transaction status information, tag 9B."""

    ODA_PERFORMED = _bit(1, 0x80, 2)
    CVM_PERFORMED = _bit(1, 0x40, 2)
    CARD_RISK_PERFORMED = _bit(1, 0x20, 2)
    ISSUER_AUTHENTICATION_PERFORMED = _bit(1, 0x10, 2)
    TERMINAL_RISK_PERFORMED = _bit(1, 0x08, 2)

    def encoded(self) -> bytes:
        """Two bytes."""
        return int(self).to_bytes(2)


class Aip(IntFlag):
    """Application interchange profile, tag 82 (annex C1)."""

    SDA = _bit(1, 0x40, 2)
    DDA = _bit(1, 0x20, 2)
    CARDHOLDER_VERIFICATION = _bit(1, 0x10, 2)
    TERMINAL_RISK = _bit(1, 0x08, 2)
    ISSUER_AUTHENTICATION = _bit(1, 0x04, 2)
    CDA = _bit(1, 0x01, 2)
