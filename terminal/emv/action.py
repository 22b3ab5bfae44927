"""Terminal action analysis. Law: EMV 4.4 Book 3, 10.7: TVR against the acquirer's and the issuer's action codes."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

from terminal.emv import tags
from terminal.emv.terminal_data import Application
from terminal.emv.verification import Tvr

NO_BIT, EVERY_BIT = bytes(5), b"\xff" * 5  # Book 3, 10.7: what stands for an IAC that the card has not


class Cryptogram(IntEnum):
    """What is asked of GENERATE AC (P1) and what came (CID), bits 8 and 7 (Book 3, table 12)."""

    AAC = 0x00
    TC = 0x40
    ARQC = 0x80
    RESERVED = 0xC0


class Reason(IntEnum):
    """Why a card answers so: CID, bits 3 to 1 (Book 3, table 14); what is reserved says nothing."""

    NONE = 0
    SERVICE_NOT_ALLOWED = 1
    PIN_TRY_LIMIT_EXCEEDED = 2
    ISSUER_AUTHENTICATION_FAILED = 3


def first_request(tvr: Tvr, application: Application, card: Mapping[int, bytes], is_online_only: bool) -> Cryptogram:
    """AAC when a denial code matches; ARQC when an online code does, or the terminal is online only; else TC."""
    if is_denied(tvr, application, card):
        return Cryptogram.AAC
    is_online = tvr & _codes(card.get(tags.IAC_ONLINE, EVERY_BIT), application.tac_online)
    return Cryptogram.ARQC if is_online or is_online_only else Cryptogram.TC


def is_denied(tvr: Tvr, application: Application, card: Mapping[int, bytes]) -> bool:
    """Whether a denial code matches."""
    return bool(tvr & _codes(card.get(tags.IAC_DENIAL, NO_BIT), application.tac_denial))


def offline_request(tvr: Tvr, application: Application, card: Mapping[int, bytes], is_online_only: bool) -> Cryptogram:
    """When the acquirer was not reached: AAC when a default code matches, or the terminal is online only; else TC."""
    is_denied_now = tvr & _codes(card.get(tags.IAC_DEFAULT, EVERY_BIT), application.tac_default)
    return Cryptogram.AAC if is_denied_now or is_online_only else Cryptogram.TC


def _codes(issuer: bytes, acquirer: bytes) -> Tvr:
    return Tvr.from_bytes(issuer) | Tvr.from_bytes(acquirer)
