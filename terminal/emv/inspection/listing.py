"""Every application of a card, known here or not. Law: EMV 4.4 Book 1, 12.2 and 12.3: the directory, then our list.

For inspection: selection.py keeps only what the terminal accepts, and stops at the first way that gives something.
"""

from __future__ import annotations

import msgspec

from terminal.emv import apdu, tags, tlv
from terminal.emv.errors import CardFaulty, EmvError
from terminal.emv.selection import (
    CONFIRM,
    DIRECTORY_SFI,
    LAST_RECORD,
    MOST_OF_ONE_AID,
    NAME_LENGTH,
    PRIORITY,
    PSE,
    row_for,
)
from terminal.emv.terminal_data import Application
from terminal.emv.transport import Link

NO_PRIORITY_IS_LAST = PRIORITY + 1
ABSENT = {
    apdu.CARD_BLOCKED: "the card is blocked, or does not know SELECT",
    apdu.SELECTED_BLOCKED: "blocked",
    apdu.FILE_NOT_FOUND: "none",
    apdu.RECORD_NOT_FOUND: "none",
}


class Listed(msgspec.Struct, frozen=True):
    """One application. `row` is the terminal's own, None when it accepts no such application."""

    name: bytes  # ADF name, 4F or 84
    label: bytes  # 50
    priority: int  # 1 is first, 0 is none
    must_confirm: bool
    is_in_directory: bool
    row: Application | None


class Listing(msgspec.Struct, frozen=True):
    """`directory` says in words what 1PAY.SYS.DDF01 was. Best application first."""

    directory: str
    is_card_blocked: bool
    applications: tuple[Listed, ...]


async def listing(link: Link, known: tuple[Application, ...]) -> Listing:
    """Raises what the link's `transmit` raises; a directory that is wrong is said, not raised."""
    said, found, sw = await _directory(link, known)
    is_card_blocked = sw == apdu.CARD_BLOCKED
    if not is_card_blocked:
        for row in known:
            if not any(one.name.startswith(row.aid) for one in found):
                found += await _by_aid(link, row)
    best_first = sorted(found, key=lambda one: one.priority or NO_PRIORITY_IS_LAST)
    return Listing(said, is_card_blocked, tuple(best_first))


async def _directory(link: Link, known: tuple[Application, ...]) -> tuple[str, list[Listed], int]:
    """What it was in words, what it lists, and the status word (Book 1, 12.3.2)."""
    response = await link.send(apdu.select(PSE))
    if response.sw != apdu.OK:
        return f"{ABSENT.get(response.sw, 'none')} ({response.sw:04X})", [], response.sw
    found: list[Listed] = []
    try:
        sfi = tlv.find(tlv.parse(tlv.sole(response.body, tags.FCI)), tags.SFI)
        if sfi is None or len(sfi) != 1 or sfi[0] not in DIRECTORY_SFI:
            raise CardFaulty("it does not say where its records are")
        await _entries(link, sfi[0], known, found)
    except EmvError as wrong:
        return f"wrong: {wrong}", found, response.sw
    return f"read, {len(found)} listed", found, response.sw


async def _entries(link: Link, sfi: int, known: tuple[Application, ...], found: list[Listed]) -> None:
    """Book 1, 12.2.3. Raises CardFaulty, TlvError; what was found before stays."""
    for record in range(1, LAST_RECORD + 1):
        response = await link.send(apdu.read_record(sfi, record))
        if response.sw == apdu.RECORD_NOT_FOUND:
            return
        if response.sw != apdu.OK:
            raise CardFaulty(f"record {record} cannot be read (status {response.sw:04X})")
        for tag, entry in tlv.parse(tlv.sole(response.body, tags.RECORD)):
            if tag == tags.APPLICATION_TEMPLATE:
                values = tlv.unique(tlv.parse(entry))
                name = values.get(tags.AID_CARD, b"")
                if len(name) not in NAME_LENGTH:
                    raise CardFaulty(f"record {record} names no application")
                found.append(_listed(name, values, row_for(name, known), is_in_directory=True))


async def _by_aid(link: Link, row: Application) -> list[Listed]:
    """By one AID of ours, as often as the card has it (Book 1, 12.3.3)."""
    found: list[Listed] = []
    for turn in range(MOST_OF_ONE_AID):
        response = await link.send(apdu.select(row.aid, is_next=turn > 0))
        if response.sw not in (apdu.OK, apdu.SELECTED_BLOCKED):
            break
        values = _fci(response.body)
        name = values.get(tags.DF_NAME, row.aid)
        if any(one.name == name for one in found):
            break
        found.append(_listed(name, values, row, is_in_directory=False))
        if name == row.aid or not row.is_partial:
            break
    return found


def _fci(body: bytes) -> dict[int, bytes]:
    """Nothing of one that is wrong; the inspection selects it again and says so."""
    try:
        return tlv.unique(tlv.leaves(tlv.sole(body, tags.FCI)))
    except EmvError:
        return {}


def _listed(name: bytes, values: dict[int, bytes], row: Application | None, *, is_in_directory: bool) -> Listed:
    priority = (values.get(tags.PRIORITY) or b"\0")[0]
    return Listed(
        name, values.get(tags.LABEL, b""), priority & PRIORITY, bool(priority & CONFIRM), is_in_directory, row
    )
