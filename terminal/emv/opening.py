"""How every transaction starts: candidates, final SELECT, GPO. Law: 6985 at GPO: try the next (Book 3, 10.1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from terminal.emv import tags
from terminal.emv.errors import ApplicationRefused, NotAccepted
from terminal.emv.initiate import Initiated, initiate
from terminal.emv.selection import Choose, Selected, candidates, select
from terminal.emv.terminal_data import Application, TerminalData
from terminal.emv.transport import Link

Values = Mapping[int, bytes]


class Opened(msgspec.Struct, frozen=True):
    """An application that has started."""

    selected: Selected
    initiated: Initiated


async def open_application(
    link: Link, terminal: TerminalData, values: Callable[[Application], Values], choose: Choose | None
) -> Opened:
    """Raises CardBlocked, NotAccepted, CardFaulty."""
    left = await candidates(link, terminal.applications, may_ask=choose is not None)
    while left:
        selected, left = await select(link, left, choose)
        try:
            return Opened(selected, await initiate(link, selected.pdol, values(selected.candidate.application)))
        except ApplicationRefused:
            continue
    raise NotAccepted("every application of the card refuses to start")


def terminal_values(terminal: TerminalData, application: Application) -> dict[int, bytes]:
    """The data objects that are the terminal's own (Book 3, annex A)."""
    return {
        tags.AID_TERMINAL: application.aid,
        tags.AVN_TERMINAL: application.avn,
        tags.FLOOR_LIMIT: application.floor_limit.to_bytes(4),
        tags.COUNTRY: terminal.country,
        tags.CURRENCY: terminal.currency,
        tags.SERIAL: terminal.serial,
        tags.CAPABILITIES: terminal.capabilities,
        tags.ADDITIONAL_CAPABILITIES: terminal.additional_capabilities,
        tags.TERMINAL_TYPE: terminal.terminal_type,
    }
