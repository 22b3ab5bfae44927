"""Script notices: what an issuer's script did to the card (cup.md 2.12). Law: told before any reversal, then dropped.

A notice keeps its F11 when it is sent again, and is given up after its attempts: no money depends on it.
"""

from __future__ import annotations

import msgspec

from terminal.exchange.acquirer import Acquirer, Unanswered
from terminal.exchange.sealed_card import plastic_of
from terminal.exchange.stages import Accepted
from terminal.iso8583.cup_management import script_notice
from terminal.iso8583.message import WireError
from terminal.iso8583.messages import financial
from terminal.journal.journal import Journal
from terminal.journal.owed import Owed
from terminal.ports import DeviceError, KeyMissing, Vault

KIND, ATTEMPTS = "script", 3


class ScriptResult(msgspec.Struct, frozen=True):
    """Of one sale: `icc_data` is F55 of the notice, hex, with DF31."""

    exchange_id: str
    stan: str
    icc_data: str


async def owe_script_notice(journal: Journal, exchange_id: str, icc_data: str) -> None:
    """Remember to tell the acquirer; F11 is taken now and kept."""
    result = ScriptResult(exchange_id, await journal.next_stan(), icc_data)
    await journal.owed.keep(Owed(KIND, exchange_id, "owed", 0, msgspec.json.encode(result)))


async def send_scripts(journal: Journal, acquirer: Acquirer, vault: Vault) -> None:
    """Each one once; any answer clears it (its code is the issuer's business), and so does the last attempt."""
    for owed in await journal.owed.all(KIND, "owed"):
        tries = owed.tries + 1
        is_told = await _told(journal, acquirer, vault, msgspec.json.decode(owed.body, type=ScriptResult))
        state = "sent" if is_told else "given-up" if tries >= ATTEMPTS else "owed"
        await journal.owed.keep(msgspec.structs.replace(owed, tries=tries, state=state))


async def _told(journal: Journal, acquirer: Acquirer, vault: Vault, result: ScriptResult) -> bool:
    stage = await journal.exchange(result.exchange_id)
    if not isinstance(stage, Accepted):
        return True  # reversed meanwhile: there is nothing to tell
    reply = stage.reply
    answered = {13: reply.date, 32: reply.acquirer_id, 37: reply.rrn, 38: reply.approval_code, 55: result.icc_data}
    try:
        plastic = await plastic_of(journal, vault, stage.request)
        request = financial(acquirer.dialect, stage.request.facts(), plastic, acquirer.me)
        await acquirer.ask_once(script_notice(acquirer.dialect, acquirer.me, result.stan, request, answered))
    except KeyMissing:  # away: it waits, as all else does
        raise
    except (Unanswered, DeviceError, WireError):  # no money depends on it: it is given up after its attempts
        return False
    return True
