"""A card as the records may keep it. Law: what was read is sealed at once; numbers are compared as fingerprints."""

from __future__ import annotations

import hashlib

import msgspec

from terminal.dialogue.bad_news import Stopped
from terminal.dialogue.room import Room
from terminal.emv.account import Account
from terminal.exchange.request import CardOnFile, Request
from terminal.exchange.sealed_card import SealLost
from terminal.iso8583.facts import Plastic
from terminal.iso8583.message import mask_pan

CHIP, STRIPE, TAPPED, KEYED = "052", "022", "072", "012"  # F22: no PIN; a card from the records is as a keyed one


class Handed(msgspec.Struct, frozen=True):
    """What was read of a card in whatever way. `entry` is as in CardOnFile; `account` is the chip's."""

    plastic: Plastic
    entry: str
    account: Account | None = None
    is_fallback: bool = False  # the chip could not be read, so the stripe was


class Presented(msgspec.Struct, frozen=True):
    """A card that was read: `sealed` is the plastic under the vault's key, `card` is what the records keep."""

    card: CardOnFile
    sealed: bytes
    is_fallback: bool = False

    def __repr__(self) -> str:
        """As it is printed."""
        return f"Presented({self.card.masked_pan})"


async def seal(room: Room, handed: Handed) -> Presented:
    """As the records may keep it."""
    plastic, account = handed.plastic, handed.account
    sealed = await room.hardware.vault.seal(msgspec.json.encode(plastic))
    card = CardOnFile(
        digest=hashlib.sha256(sealed).hexdigest(),
        fingerprint=await room.hardware.vault.fingerprint(plastic.pan.encode()),
        masked_pan=mask_pan(plastic.pan),
        entry=handed.entry,
        aid=account.aid if account else "",
        label=account.label if account else "",
    )
    return Presented(card, sealed, handed.is_fallback)


async def from_records(room: Room, request: Request) -> Presented:
    """The card of an earlier request, without its track: number and expiry only (F22 012, cup.md 2.3).

    Raises Stopped(card-unproven) when it was lost with erased keys (docs/adr/0009)."""
    try:
        plastic = await room.runner.plastic_of(request)
    except SealLost:
        raise Stopped("card-unproven", card=request.card.masked_pan) from None
    bare = Plastic(plastic.pan, KEYED, plastic.expiry)
    sealed = await room.hardware.vault.seal(msgspec.json.encode(bare))
    card = msgspec.structs.replace(request.card, digest=hashlib.sha256(sealed).hexdigest(), entry="N")
    return Presented(card, sealed)


def of_chip(account: Account, icc_data: bytes = b"") -> Handed:
    """What the wire needs of a chip's account data."""
    return Handed(_of_account(account, CHIP, icc_data), "I", account)


def of_tap(account: Account) -> Handed:
    """The same, through the air."""
    return Handed(_of_account(account, TAPPED), "C", account)


def _of_account(account: Account, entry_mode: str, icc_data: bytes = b"") -> Plastic:
    return Plastic(account.pan, entry_mode, account.expiry, account.psn, account.track2, icc_data.hex().upper())
