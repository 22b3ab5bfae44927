"""The chip in a refund or a void: profile READ_ONLY. Law: the card is asked who it is and nothing else (emv.md 2).

Selection, GPO, READ RECORD until the account is known; no GENERATE AC, so the card may leave before the acquirer
is called. An expired application is read like any other: the acquirer decides.
"""

from __future__ import annotations

from terminal.emv import tags
from terminal.emv.account import Account, account, has_account
from terminal.emv.opening import open_application, terminal_values
from terminal.emv.read import read
from terminal.emv.selection import Choose
from terminal.emv.terminal_data import Application, TerminalData
from terminal.emv.transport import Link, Transmit

REFUND = b"\x20"  # 9C, ISO 8583 processing code 20


async def read_account(
    transmit: Transmit, protocol: int, terminal: TerminalData, choose: Choose | None = None
) -> Account:
    """`choose` lets the cardholder pick; without it the card's priority does. Raises EmvError, transmit's errors."""

    def values(application: Application) -> dict[int, bytes]:
        return {**terminal_values(terminal, application), tags.TYPE: REFUND}

    link = Link(transmit, protocol)
    opened = await open_application(link, terminal, values, choose)
    return account(opened.selected, (await read(link, opened.initiated.afl, has_account)).values)
