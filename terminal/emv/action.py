"""Terminal action analysis. Law: EMV 4.4 Book 3, 10.7: TVR against the acquirer's and the issuer's action codes."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

from terminal.emv import tags
from terminal.emv.terminal_data import Application
from terminal.emv.verification import Tvr

ABSENT_DENIAL = bytes(5)  # Book 3, 10.7: what stands for an IAC that the card has not


class Cryptogram(IntEnum):
    """What is asked of GENERATE AC (P1) and what came (CID), bits 8 and 7 (Book 3, table 12)."""

    AAC = 0x00
    TC = 0x40
    ARQC = 0x80
    RESERVED = 0xC0


def first_request(tvr: Tvr, application: Application, card: Mapping[int, bytes]) -> Cryptogram:
    """AAC when a denial code matches; else ARQC: an online-only terminal never asks for a TC here (10.7)."""
    denial = card.get(tags.IAC_DENIAL, ABSENT_DENIAL)
    if int(tvr) & (int.from_bytes(denial) | int.from_bytes(application.tac_denial)):
        return Cryptogram.AAC
    return Cryptogram.ARQC
