"""Bit fields as flags with the Books' names. Law: EMV 4.4 Book 3, annex C and Book 4, annex A; byte 1 is leftmost.

>>> Tvr.EXPIRED.encoded().hex().upper(), Tsi.from_bytes(bytes.fromhex("E800")).names()
('0040000000', ('ODA_PERFORMED', 'CVM_PERFORMED', 'CARD_RISK_PERFORMED', 'TERMINAL_RISK_PERFORMED'))
"""

from __future__ import annotations

from enum import IntFlag
from typing import Self


class Bits(IntFlag):
    """A bit field of `SIZE` bytes; bits that the Books reserve are kept and have no name."""

    @classmethod
    def size(cls) -> int:
        """In bytes."""
        return SIZES[cls.__name__]

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:  # type: ignore[override]
        """What a card or a table says; a value too short is filled with zeros at its right."""
        return cls(int.from_bytes(raw[: cls.size()].ljust(cls.size(), b"\0")))

    def encoded(self) -> bytes:
        """The value of the tag."""
        return int(self).to_bytes(self.size())

    def names(self) -> tuple[str, ...]:
        """The names of the bits that are set, in the Books' order."""
        return tuple(flag.name for flag in type(self) if flag in self and flag.name)


def _bit(byte: int, mask: int, size: int) -> int:
    return mask << 8 * (size - byte)


class Tvr(Bits):
    """Terminal verification results, tag 95 (Book 3, annex C5)."""

    ODA_NOT_PERFORMED = _bit(1, 0x80, 5)
    SDA_FAILED = _bit(1, 0x40, 5)
    ICC_DATA_MISSING = _bit(1, 0x20, 5)
    ON_EXCEPTION_FILE = _bit(1, 0x10, 5)
    DDA_FAILED = _bit(1, 0x08, 5)
    CDA_FAILED = _bit(1, 0x04, 5)
    SDA_SELECTED = _bit(1, 0x02, 5)
    DIFFERENT_VERSIONS = _bit(2, 0x80, 5)
    EXPIRED = _bit(2, 0x40, 5)
    NOT_YET_EFFECTIVE = _bit(2, 0x20, 5)
    SERVICE_NOT_ALLOWED = _bit(2, 0x10, 5)
    NEW_CARD = _bit(2, 0x08, 5)
    CVM_FAILED = _bit(3, 0x80, 5)
    UNRECOGNISED_CVM = _bit(3, 0x40, 5)
    PIN_TRY_LIMIT_EXCEEDED = _bit(3, 0x20, 5)
    PIN_PAD_MISSING = _bit(3, 0x10, 5)
    PIN_NOT_ENTERED = _bit(3, 0x08, 5)
    ONLINE_PIN_ENTERED = _bit(3, 0x04, 5)
    FLOOR_LIMIT_EXCEEDED = _bit(4, 0x80, 5)
    LOWER_LIMIT_EXCEEDED = _bit(4, 0x40, 5)
    UPPER_LIMIT_EXCEEDED = _bit(4, 0x20, 5)
    RANDOMLY_SELECTED = _bit(4, 0x10, 5)
    MERCHANT_FORCED_ONLINE = _bit(4, 0x08, 5)
    DEFAULT_TDOL_USED = _bit(5, 0x80, 5)
    ISSUER_AUTHENTICATION_FAILED = _bit(5, 0x40, 5)
    SCRIPT_FAILED_BEFORE = _bit(5, 0x20, 5)
    SCRIPT_FAILED_AFTER = _bit(5, 0x10, 5)


class Tsi(Bits):
    """Transaction status information, tag 9B (Book 3, annex C6)."""

    ODA_PERFORMED = _bit(1, 0x80, 2)
    CVM_PERFORMED = _bit(1, 0x40, 2)
    CARD_RISK_PERFORMED = _bit(1, 0x20, 2)
    ISSUER_AUTHENTICATION_PERFORMED = _bit(1, 0x10, 2)
    TERMINAL_RISK_PERFORMED = _bit(1, 0x08, 2)
    SCRIPTS_PERFORMED = _bit(1, 0x04, 2)


class Aip(Bits):
    """Application interchange profile, tag 82 (Book 3, annex C1)."""

    SDA = _bit(1, 0x40, 2)
    DDA = _bit(1, 0x20, 2)
    CARDHOLDER_VERIFICATION = _bit(1, 0x10, 2)
    TERMINAL_RISK = _bit(1, 0x08, 2)
    ISSUER_AUTHENTICATION = _bit(1, 0x04, 2)
    CDA = _bit(1, 0x01, 2)


class Auc(Bits):
    """Application usage control, tag 9F07 (Book 3, annex C2)."""

    DOMESTIC_CASH = _bit(1, 0x80, 2)
    INTERNATIONAL_CASH = _bit(1, 0x40, 2)
    DOMESTIC_GOODS = _bit(1, 0x20, 2)
    INTERNATIONAL_GOODS = _bit(1, 0x10, 2)
    DOMESTIC_SERVICES = _bit(1, 0x08, 2)
    INTERNATIONAL_SERVICES = _bit(1, 0x04, 2)
    AT_ATMS = _bit(1, 0x02, 2)
    AT_OTHER_TERMINALS = _bit(1, 0x01, 2)
    DOMESTIC_CASHBACK = _bit(2, 0x80, 2)
    INTERNATIONAL_CASHBACK = _bit(2, 0x40, 2)


class Capabilities(Bits):
    """Terminal capabilities, tag 9F33 (Book 4, annex A2)."""

    MANUAL_KEY_ENTRY = _bit(1, 0x80, 3)
    MAGNETIC_STRIPE = _bit(1, 0x40, 3)
    CONTACT_CHIP = _bit(1, 0x20, 3)
    PLAIN_OFFLINE_PIN = _bit(2, 0x80, 3)
    ONLINE_PIN = _bit(2, 0x40, 3)
    SIGNATURE = _bit(2, 0x20, 3)
    ENCIPHERED_OFFLINE_PIN = _bit(2, 0x10, 3)
    NO_CVM = _bit(2, 0x08, 3)
    IDENTITY_DOCUMENT = _bit(2, 0x01, 3)  # PBOC: a bit that the Books reserve
    SDA = _bit(3, 0x80, 3)
    DDA = _bit(3, 0x40, 3)
    CARD_CAPTURE = _bit(3, 0x20, 3)
    CDA = _bit(3, 0x08, 3)


class AdditionalCapabilities(Bits):
    """Additional terminal capabilities, tag 9F40 (Book 4, annex A3)."""

    CASH = _bit(1, 0x80, 5)
    GOODS = _bit(1, 0x40, 5)
    SERVICES = _bit(1, 0x20, 5)
    CASHBACK = _bit(1, 0x10, 5)
    INQUIRY = _bit(1, 0x08, 5)
    TRANSFER = _bit(1, 0x04, 5)
    PAYMENT = _bit(1, 0x02, 5)
    ADMINISTRATIVE = _bit(1, 0x01, 5)
    CASH_DEPOSIT = _bit(2, 0x80, 5)
    NUMERIC_KEYS = _bit(3, 0x80, 5)
    LETTER_KEYS = _bit(3, 0x40, 5)
    COMMAND_KEYS = _bit(3, 0x20, 5)
    FUNCTION_KEYS = _bit(3, 0x10, 5)
    PRINTS_FOR_ATTENDANT = _bit(4, 0x80, 5)
    PRINTS_FOR_CARDHOLDER = _bit(4, 0x40, 5)
    SHOWS_TO_ATTENDANT = _bit(4, 0x20, 5)
    SHOWS_TO_CARDHOLDER = _bit(4, 0x10, 5)
    CODE_TABLE_10 = _bit(4, 0x02, 5)
    CODE_TABLE_9 = _bit(4, 0x01, 5)
    CODE_TABLE_1 = _bit(5, 0x01, 5)


SIZES = {"Tvr": 5, "Tsi": 2, "Aip": 2, "Auc": 2, "Capabilities": 3, "AdditionalCapabilities": 5}
