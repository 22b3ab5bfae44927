"""Application selection. Law: EMV 4.4 Book 1, 12: the directory first, then our list; the cardholder may choose.

candidates() asks the card what it has, best first; select() makes one the current application.
A candidate that turns out not to work is dropped and the rest go on.
"""

from __future__ import annotations

import msgspec

from terminal.emv import apdu, tags, tlv
from terminal.emv.apdu import Response
from terminal.emv.errors import ApplicationBlocked, ApplicationRefused, CardBlocked, EmvError, NotAccepted
from terminal.emv.terminal_data import Application
from terminal.emv.transport import Link

PSE = b"1PAY.SYS.DDF01"  # Book 1, 12.2.2
DIRECTORY_SFI = range(1, 11)  # Book 1, 12.2.3
LAST_RECORD = 255
MOST_OF_ONE_AID = 16  # SELECT next on one AID: a card that never ends is faulty
CONFIRM, PRIORITY = 0x80, 0x0F  # tag 87, Book 1, 12.2.3
LATIN_1 = b"\x01"  # 9F11: the one code table we can show (ISO 8859-1)
NAME_LENGTH = range(5, 17)  # ISO/IEC 7816-5: an ADF name


class Candidate(msgspec.Struct, frozen=True):
    """An application of the card that the terminal knows too."""

    name: bytes  # ADF name, 4F or 84
    label: str
    priority: int  # 1 is first, 0 is none
    must_confirm: bool
    application: Application


class Selected(msgspec.Struct, frozen=True):
    """The current application."""

    candidate: Candidate
    aid: str
    label: str
    pdol: bytes


Candidates = tuple[Candidate, ...]


async def candidates(link: Link, known: tuple[Application, ...]) -> Candidates:
    """Best first. Raises CardBlocked, NotAccepted."""
    found = await _directory(link, known)
    is_any_blocked = False
    if not found:
        found, is_any_blocked = await _list(link, known)
    if not found:
        raise nothing_left(is_any_blocked)
    return tuple(sorted(found, key=lambda candidate: candidate.priority or PRIORITY + 1))


def is_choice(left: Candidates) -> bool:
    """Whether the cardholder must be asked: several, or one that wants to be confirmed (Book 1, 12.4)."""
    return len(left) > 1 or any(candidate.must_confirm for candidate in left)


async def select(link: Link, chosen: Candidate) -> Selected:
    """Make it the current application (Book 1, 12.4). Raises ApplicationRefused, ApplicationBlocked."""
    response = await link.send(apdu.select(chosen.name))
    if response.sw == apdu.SELECTED_BLOCKED:
        raise ApplicationBlocked
    selected = _selected(chosen, response.body) if response.sw == apdu.OK else None
    if selected is None:
        raise ApplicationRefused
    return selected


def named(name: bytes, known: tuple[Application, ...]) -> Candidate | None:
    """An application known by its whole name before the card was asked; None when the terminal knows none of it."""
    return next(iter(_matches({tags.DF_NAME: name}, tags.DF_NAME, known)), None)


def row_for(name: bytes, known: tuple[Application, ...]) -> Application | None:
    """The best row of ours for one name: the same name before a partial one (Book 1, 12.3.1)."""
    fits = [row for row in known if name == row.aid or (row.is_partial and name.startswith(row.aid))]
    return max(fits, key=lambda row: len(row.aid), default=None)


def nothing_left(is_any_blocked: bool) -> EmvError:
    """Why no application is left."""
    if is_any_blocked:
        return CardBlocked("every application of this card that we know is blocked")
    return NotAccepted("no application of this card is known here")


async def _directory(link: Link, known: tuple[Application, ...]) -> Candidates:
    """By the payment system environment; nothing when it is missing, blocked or wrong (Book 1, 12.3.2)."""
    response = await link.send(apdu.select(PSE))
    if response.sw == apdu.CARD_BLOCKED:
        raise CardBlocked("the card is blocked")
    if response.sw != apdu.OK:  # 6A82, 6A83: none; 6283: blocked; the rest: by the list
        return ()
    try:
        inside = dict(tlv.leaves(tlv.sole(response.body, tags.FCI)))
        sfi = inside.get(tags.SFI, b"")
        if len(sfi) != 1 or sfi[0] not in DIRECTORY_SFI:
            return ()
        return await _entries(link, sfi[0], inside.get(tags.CODE_TABLE, b""), known)
    except EmvError:
        return ()


async def _entries(link: Link, sfi: int, code_table: bytes, known: tuple[Application, ...]) -> Candidates:
    """`code_table` is 9F11 of the directory: its entries have none of their own (Book 1, table 8)."""
    found: list[Candidate] = []
    for record in range(1, LAST_RECORD + 1):
        response = await link.send(apdu.read_record(sfi, record))
        if response.sw == apdu.RECORD_NOT_FOUND:
            break
        if response.sw != apdu.OK:
            return ()
        for tag, entry in tlv.parse(tlv.sole(response.body, tags.RECORD)):
            if tag == tags.APPLICATION_TEMPLATE:
                values = {tags.CODE_TABLE: code_table, **tlv.unique(tlv.parse(entry))}
                found.extend(_matches(values, tags.AID_CARD, known))
    return tuple(found)


async def _list(link: Link, known: tuple[Application, ...]) -> tuple[Candidates, bool]:
    """By our own AIDs, each as often as the card has it (Book 1, 12.3.3)."""
    found: list[Candidate] = []
    is_any_blocked = False
    for application in known:
        for turn in range(MOST_OF_ONE_AID):
            response = await link.send(apdu.select(application.aid, is_next=turn > 0))
            if response.sw == apdu.CARD_BLOCKED and turn == 0:
                raise CardBlocked("the card is blocked")
            if response.sw not in (apdu.OK, apdu.SELECTED_BLOCKED):
                break
            is_any_blocked |= response.sw == apdu.SELECTED_BLOCKED
            matched = _of_fci(response, application)
            if response.sw == apdu.OK:
                found.extend(candidate for candidate in matched if candidate not in found)
            if not application.is_partial or any(candidate.name == application.aid for candidate in matched):
                break
    return tuple(found), is_any_blocked


def _of_fci(response: Response, application: Application) -> Candidates:
    try:
        inside = tlv.unique(tlv.leaves(tlv.sole(response.body, tags.FCI)))
    except EmvError:
        return ()
    return _matches(inside, tags.DF_NAME, (application,))


def _matches(values: dict[int, bytes], name_tag: int, known: tuple[Application, ...]) -> Candidates:
    """As a candidate, when we have a row for its name."""
    name = values.get(name_tag, b"")
    if len(name) not in NAME_LENGTH:
        return ()
    row = row_for(name, known)
    if row is None:
        return ()
    priority = (values.get(tags.PRIORITY) or b"\0")[0]
    return (Candidate(name, _label(values), priority & PRIORITY, bool(priority & CONFIRM), row),)


def _selected(chosen: Candidate, fci: bytes) -> Selected | None:
    """What the final SELECT says, or nothing when it is not an FCI of this application (Book 1, 11.3.4)."""
    try:
        values = tlv.unique(tlv.leaves(tlv.sole(fci, tags.FCI)))
    except EmvError:
        return None
    if values.get(tags.DF_NAME) != chosen.name:
        return None
    return Selected(chosen, chosen.name.hex().upper(), _label(values) or chosen.label, values.get(tags.PDOL, b""))


def _label(values: dict[int, bytes]) -> str:
    """The preferred name where we can show its code table, else the label (Book 1, 12.2.4)."""
    preferred = values.get(tags.PREFERRED_NAME, b"") if values.get(tags.CODE_TABLE) == LATIN_1 else b""
    text = (preferred or values.get(tags.LABEL, b"")).decode("latin-1")
    return "".join(letter for letter in text if letter.isprintable()).strip()
