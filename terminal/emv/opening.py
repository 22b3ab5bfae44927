"""How every transaction starts: candidates, final SELECT, GPO. Law: 6985 at GPO: try the next (Book 3, 10.1).

A choice is a pause: `open_card` or `open_chosen` gives ChooseApplication, and `open_chosen` goes on with an index.
"""

from __future__ import annotations

import contextlib

import msgspec

from terminal.emv import dol, tags
from terminal.emv.errors import ApplicationBlocked, ApplicationRefused
from terminal.emv.initiate import Initiated, initiate
from terminal.emv.selection import Candidate, Candidates, Selected, candidates, is_choice, named, nothing_left, select
from terminal.emv.terminal_data import Application, TerminalData
from terminal.emv.transport import Link
from terminal.money import Money

PURCHASE, REFUND = b"\x00", b"\x20"  # 9C: the first two digits of the processing code
UNPREDICTABLE = 4
LARGEST_BINARY = 0xFFFF_FFFF  # tag 81: four bytes


class Deal(msgspec.Struct, frozen=True):
    """What is to be done with the card. `date` YYMMDD, `time` HHMMSS, `stan` digits, four unpredictable bytes.

    `chance`, 1 to 99, is drawn by the caller for random selection (Book 3, 10.6.2).
    """

    terminal: TerminalData
    amount: Money
    date: str
    time: str
    unpredictable_number: bytes
    stan: str
    type: bytes = PURCHASE  # 9C
    chance: int = 99
    is_forced_online: bool = False  # by the merchant, who suspects something (Book 3, annex C5)

    def __post_init__(self) -> None:
        if len(self.unpredictable_number) != UNPREDICTABLE:
            raise ValueError("the unpredictable number has four bytes")


class Opened(msgspec.Struct, frozen=True):
    """An application that has started. `terminal` is what the terminal says of itself and the deal, by tag."""

    deal: Deal
    selected: Selected
    initiated: Initiated
    terminal: dict[int, bytes]
    pdol_values: bytes  # as they were sent: a CDA signature covers them

    @property
    def application(self) -> Application:
        """The terminal's row for it."""
        return self.selected.candidate.application

    def __repr__(self) -> str:
        """Its name; nothing of the card."""
        return f"Opened({self.selected.aid})"


class ChooseApplication(msgspec.Struct, frozen=True):
    """Pause: the cardholder chooses; go on with `open_chosen`. `has_blocked`: one was dropped as blocked."""

    deal: Deal
    candidates: Candidates
    has_blocked: bool = False


async def open_card(link: Link, deal: Deal, wanted: bytes = b"") -> Opened | ChooseApplication:
    """`wanted` is the whole name of an application known to be right (a refund's: that of its sale), which is then
    selected at once, without the directory. Raises CardBlocked, NotAccepted, CardFaulty.
    """
    known = named(wanted, deal.terminal.applications)
    if known is not None:
        with contextlib.suppress(ApplicationRefused):
            return await _open(link, deal, known)
    return await _go_on(link, ChooseApplication(deal, await candidates(link, deal.terminal.applications)))


async def open_chosen(link: Link, pause: ChooseApplication, index: int) -> Opened | ChooseApplication:
    """Go on with the candidate chosen. One that refuses is dropped, and the rest are asked about again."""
    left, has_blocked = pause.candidates, pause.has_blocked
    try:
        return await _open(link, pause.deal, left[index])
    except ApplicationRefused as refused:
        has_blocked |= isinstance(refused, ApplicationBlocked)
    return await _go_on(link, ChooseApplication(pause.deal, left[:index] + left[index + 1 :], has_blocked))


async def _go_on(link: Link, pause: ChooseApplication) -> Opened | ChooseApplication:
    """Nobody is asked where there is nothing to choose."""
    if not pause.candidates:
        raise nothing_left(pause.has_blocked)
    return pause if is_choice(pause.candidates) else await open_chosen(link, pause, 0)


async def _open(link: Link, deal: Deal, candidate: Candidate) -> Opened:
    """SELECT and GET PROCESSING OPTIONS. Raises ApplicationRefused."""
    selected = await select(link, candidate)
    values = terminal_values(deal, candidate.application)
    pdol_values = dol.fill(selected.pdol, values)
    return Opened(deal, selected, await initiate(link, pdol_values), values, pdol_values)


def terminal_values(deal: Deal, application: Application) -> dict[int, bytes]:
    """The data objects that are the terminal's own (Book 3, annex A)."""
    terminal = deal.terminal
    return {
        tags.AID_TERMINAL: application.aid,
        tags.AVN_TERMINAL: application.avn,
        tags.FLOOR_LIMIT: application.floor_limit.to_bytes(4),
        tags.COUNTRY: terminal.country,
        tags.CURRENCY: terminal.currency,
        tags.EXPONENT: b"\x02",
        tags.SERIAL: terminal.serial,
        tags.TERMINAL_ID: terminal.terminal_id,
        tags.MERCHANT_ID: terminal.merchant_id,
        tags.MERCHANT_NAME: terminal.merchant_name,
        tags.CAPABILITIES: terminal.capabilities,
        tags.ADDITIONAL_CAPABILITIES: terminal.additional_capabilities,
        tags.TERMINAL_TYPE: terminal.terminal_type,
        tags.AMOUNT: _bcd(str(deal.amount.minor), 6),
        tags.AMOUNT_BINARY: min(deal.amount.minor, LARGEST_BINARY).to_bytes(4),
        tags.AMOUNT_OTHER: bytes(6),
        tags.AMOUNT_OTHER_BINARY: bytes(4),
        tags.DATE: _bcd(deal.date, 3),
        tags.TIME: _bcd(deal.time, 3),
        tags.UNPREDICTABLE_NUMBER: deal.unpredictable_number,
        tags.SEQUENCE: _bcd(deal.stan, 4),
        tags.TYPE: deal.type,
        tags.TVR: bytes(5),
    }


def _bcd(digits: str, size: int) -> bytes:
    return bytes.fromhex(digits.zfill(2 * size))
