"""The card of an exchange, out of the journal. Law: a seal is called lost only by a vault that is well.

| the vault                                          | then                                      |
|----------------------------------------------------|-------------------------------------------|
| opens the seal                                     | the card                                  |
| is away, or was erased and has no keys yet         | KeyMissing: everything waits              |
| does not open it, nor what it seals itself today   | KeyRefused: it is not well, and all waits |
| does not open it, but what it seals itself today   | SealLost: its key was erased, for ever    |

Keys that are loaded anew come with another record key (keys/safe.py): no card of before opens again.
"""

from __future__ import annotations

import msgspec

from terminal.exchange.request import Request
from terminal.iso8583.facts import Plastic
from terminal.journal.journal import Journal
from terminal.ports import KeyRefused, Vault

PROBE = b"does this vault open what it seals?"


class SealLost(KeyRefused):
    """The key that sealed this card is gone: nobody can read it any more."""


async def plastic_of(journal: Journal, vault: Vault, request: Request) -> Plastic:
    """Raises SealLost; KeyMissing, KeyRefused when the vault cannot say; JournalFailed when no card is there."""
    sealed = await journal.sealed_card(request.card.digest)
    try:
        return msgspec.json.decode(await vault.unseal(sealed), type=Plastic)
    except KeyRefused as refused:
        if not await _is_well(vault):
            raise
        raise SealLost(str(refused)) from None


async def _is_well(vault: Vault) -> bool:
    """A fault of the vault, or of the way to it, is KeyRefused too (keys/service/vault_server.py)."""
    return await vault.unseal(await vault.seal(PROBE)) == PROBE
