"""The card of an exchange, out of the journal. Law: a seal is called lost only by a vault that is well.

| the vault                                          | then                                      |
|----------------------------------------------------|-------------------------------------------|
| opens the seal                                     | the card                                  |
| is away, or was erased and has no keys yet         | KeyMissing: everything waits              |
| has a fault                                        | KeyRefused: everything waits              |
| says twice that the seal is broken, and opens what | SealLost: its key was erased, for ever    |
| it seals itself in between                         |                                           |

Keys that are loaded anew come with another record key (keys/safe.py): no card of before opens again.
"""

from __future__ import annotations

import msgspec

from terminal.exchange.request import Request
from terminal.iso8583.facts import Plastic
from terminal.journal.journal import Journal
from terminal.ports import KeyRefused, SealBroken, Vault

PROBE = b"does this vault open what it seals?"


class SealLost(KeyRefused):
    """The key that sealed this card is gone: nobody can read it any more."""


async def plastic_of(journal: Journal, vault: Vault, request: Request) -> Plastic:
    """Raises SealLost; KeyMissing, KeyRefused when the vault cannot say; JournalFailed when no card is there."""
    sealed = await journal.sealed_card(request.card.digest)
    try:
        return await _opened(vault, sealed)
    except SealBroken:
        if not await _is_well(vault):
            raise
    try:
        return await _opened(vault, sealed)
    except SealBroken as broken:
        raise SealLost(str(broken)) from None


async def _opened(vault: Vault, sealed: bytes) -> Plastic:
    return msgspec.json.decode(await vault.unseal(sealed), type=Plastic)


async def _is_well(vault: Vault) -> bool:
    """It opens what it seals itself."""
    return await vault.unseal(await vault.seal(PROBE)) == PROBE
