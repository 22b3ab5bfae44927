"""Contactless: from the tap to the account, and nothing else. Law: EMV Contactless Book B, 3.3; READ_ONLY (emv.md 2).

One tap is PPSE, SELECT, GPO, and READ RECORD only while the account is not known: UnionPay's qPBOC and Visa's qVSDC
give it with GPO, Mastercard in its records. The cryptogram that comes with GPO is passed over whatever its kind: an
AAC there is the card's opinion of a purchase, and no refusal of a refund. No GENERATE AC, no authentication, no
cardholder verification: the card may leave the field at once.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from terminal.emv import apdu, dol, tags, tlv
from terminal.emv.account import Account, account
from terminal.emv.contactless.atr import CONTACTLESS
from terminal.emv.contactless.entry import Entry, entries
from terminal.emv.errors import ApplicationBlocked, ApplicationRefused, CardBlocked, CardFaulty, SeePhone, UseContact
from terminal.emv.initiate import AIP_LENGTH, locator
from terminal.emv.read import read
from terminal.emv.selection import select
from terminal.emv.terminal_data import TerminalData
from terminal.emv.transport import Link, Transmit

ACCOUNT = (tags.TRACK2, tags.PSN)  # without them the records are read to their end
STRIPE_TRACK2 = 0x9F6B  # Mastercard's track 2 in mag-stripe mode; the same number is another object for Visa
USE_CONTACT, SEE_PHONE = 0x6984, 0x6986  # at GPO, Book C-3 and C-7
EMV_MODE = 0x0080  # AIP byte 2, Book C-2, annex A: the card knows more than mag-stripe mode
STRIPE_RECORD = bytes.fromhex("08010100")  # AFL: SFI 1, record 1, where Mastercard keeps mag-stripe mode data

Values = Mapping[int, bytes]


async def read_tapped(transmit: Transmit, terminal: TerminalData, values: Values, wanted: bytes = b"") -> Account:
    """The account of a card in the field.

    `values` is the deal's: 9A, 9F37, 9C and the like; what is missing is zeros, such as a refund's amount.
    `wanted` is the whole name of an application to prefer (the sale's). Raises UseContact, SeePhone, NotAccepted,
    CardBlocked, CardFaulty, and what `transmit` raises.
    """
    link = Link(transmit, CONTACTLESS)
    is_any_blocked = False
    for entry in await entries(link, terminal.applications, wanted):
        try:
            return await _read(link, entry, {**_of_terminal(terminal), **values, tags.TTQ: entry.kernel.ttq})
        except ApplicationRefused as refused:  # Book B, 3.3.3.3 and 3.5: the next combination
            is_any_blocked |= isinstance(refused, ApplicationBlocked)
    if is_any_blocked:
        raise CardBlocked("every application of this card that we know is blocked")
    raise UseContact("no application of this card wants to be read by tap")


async def _read(link: Link, entry: Entry, terminal: Values) -> Account:
    selected = await select(link, entry.candidate)
    response = await link.send(apdu.get_processing_options(dol.fill(selected.pdol, terminal)))
    _require_start(response.sw)
    options = _options(response.body)
    afl = options.get(tags.AFL, b"")
    if not entry.kernel.has_stripe_mode:
        return account(selected, await _with_records(link, options, afl, ACCOUNT))
    if int.from_bytes(options[tags.AIP]) & EMV_MODE:  # Book C-2, S3: its other record is not read in EMV mode
        return account(selected, await _with_records(link, options, afl.removeprefix(STRIPE_RECORD), ACCOUNT))
    card = await _with_records(link, options, afl, (STRIPE_TRACK2,))
    of_stripe = {tags.TRACK2: card[STRIPE_TRACK2]} if STRIPE_TRACK2 in card else {}
    # its discretionary digits wait for a cryptogram (CVC3) that a refund does not ask for: number and expiry are
    # good, the track as a whole is not
    return msgspec.structs.replace(account(selected, of_stripe), track2="")


def _require_start(sw: int) -> None:
    """What a kernel makes of the status of GPO. Raises ApplicationRefused, UseContact, SeePhone, CardFaulty."""
    if sw == apdu.CONDITIONS_NOT_SATISFIED:
        raise ApplicationRefused
    if sw == USE_CONTACT:
        raise UseContact("the card wants to be inserted")
    if sw == SEE_PHONE:
        raise SeePhone("the phone wants to be unlocked")
    if sw != apdu.OK:
        raise CardFaulty(f"the application does not start (status {sw:04X})")


def _options(body: bytes) -> dict[int, bytes]:
    """GPO's answer by tag; format 1 holds the AIP and the AFL only (Book 3, 6.5.8.4)."""
    if body[:1] == bytes((tags.FORMAT_1,)):
        value = tlv.sole(body, tags.FORMAT_1)
        options = {tags.AIP: value[:AIP_LENGTH], tags.AFL: value[AIP_LENGTH:]}
    else:
        options = tlv.unique(tlv.leaves(tlv.sole(body, tags.FORMAT_2)))
    if len(options.get(tags.AIP, b"")) != AIP_LENGTH:
        raise CardFaulty("the application interchange profile has a wrong length")
    return options


async def _with_records(link: Link, options: dict[int, bytes], afl: bytes, needed: tuple[int, ...]) -> dict[int, bytes]:
    """GPO's answer and as many records as are needed; there may be none when GPO said all (Book C-3, C-7)."""

    def is_enough(found: Values) -> bool:
        return all(tag in options or tag in found for tag in needed)

    if not afl or is_enough({}):
        return options
    records = (await read(link, locator(afl), is_enough)).values
    if any(options.get(tag, value) != value for tag, value in records.items()):
        raise CardFaulty("the card gives a data object twice, and not the same")
    return {**options, **records}


def _of_terminal(terminal: TerminalData) -> dict[int, bytes]:
    """What a PDOL may ask of the terminal itself (Book A, 5.7)."""
    return {
        tags.COUNTRY: terminal.country,
        tags.CURRENCY: terminal.currency,
        tags.TERMINAL_TYPE: terminal.terminal_type,
        tags.CAPABILITIES: terminal.capabilities,
        tags.ADDITIONAL_CAPABILITIES: terminal.additional_capabilities,
        tags.SERIAL: terminal.serial,
    }
