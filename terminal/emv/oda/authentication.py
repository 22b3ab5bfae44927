"""Offline data authentication. Law: EMV 4.4 Book 3, 10.3: the best method that both can; its result is bits of the TVR.

What a card sends wrong fails the authentication and ends nothing; what it does not send at all, or a status word that
the Books do not foresee, is a faulty card.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

import msgspec

from terminal.emv import apdu, dol, tags, tlv
from terminal.emv.errors import CardFaulty, TlvError
from terminal.emv.oda.capk import KeyRing, PublicKey
from terminal.emv.oda.chain import Chain, chain
from terminal.emv.oda.dynamic import dynamic_number
from terminal.emv.oda.recovery import Check, Unproven, require
from terminal.emv.read import Records
from terminal.emv.transport import Link
from terminal.emv.verification import Aip, Capabilities, Tsi, Tvr

CHALLENGE = (tags.UNPREDICTABLE_NUMBER, 4)  # what a DDOL must ask for


class Method(Enum):
    """In the order of Book 3, 10.3; XDA of EMV 4.4 is not offered."""

    CDA = "cda"
    DDA = "dda"
    SDA = "sda"
    NONE = "none"


BOTH = {  # what card and terminal must both say
    Method.CDA: (Aip.CDA, Capabilities.CDA),
    Method.DDA: (Aip.DDA, Capabilities.DDA),
    Method.SDA: (Aip.SDA, Capabilities.SDA),
}
TO_ISSUER = (tags.CAPK_INDEX, tags.ISSUER_CERTIFICATE, tags.ISSUER_EXPONENT)
TO_CARD = (*TO_ISSUER, tags.ICC_CERTIFICATE, tags.ICC_EXPONENT)
MANDATORY = {  # Book 3, 7.2, tables 29 and 30; the remainders where a certificate is too small for its key
    Method.CDA: TO_CARD,
    Method.DDA: TO_CARD,
    Method.SDA: (*TO_ISSUER, tags.SIGNED_STATIC),
}
FAILED = {Method.CDA: Tvr.CDA_FAILED, Method.DDA: Tvr.DDA_FAILED, Method.SDA: Tvr.SDA_FAILED}


class Authenticated(msgspec.Struct, frozen=True):
    """With CDA the answer of GENERATE AC is still to be checked with `icc_key` (dynamic.check_cda).

    Until then the TSI says nothing of it. `recovered` is 9F45 after SDA, 9F4C after DDA.
    """

    method: Method
    tvr: Tvr
    tsi: Tsi
    icc_key: PublicKey | None = None
    recovered: Mapping[int, bytes] = {}


def chosen(aip: Aip, capabilities: Capabilities) -> Method:
    """Book 3, 10.3."""
    both = (method for method, (card, terminal) in BOTH.items() if card in aip and terminal in capabilities)
    return next(both, Method.NONE)


async def authenticate_card(
    link: Link,
    aip: Aip,
    records: Records,
    terminal: Mapping[int, bytes],
    capabilities: Capabilities,
    keys: KeyRing,
    rid: bytes,
    default_ddol: bytes,
) -> Authenticated:
    """`terminal` holds 9A, 9F37 and what else a DDOL may ask. Raises CardFaulty, and whatever `transmit` raises."""
    method = chosen(aip, capabilities)
    if method is Method.NONE:
        return Authenticated(method, Tvr.ODA_NOT_PERFORMED, Tsi(0))
    selected = Tvr.SDA_SELECTED if method is Method.SDA else Tvr(0)
    links = chain(records, aip, keys, rid, terminal)
    try:
        require(all(tag in records.values for tag in MANDATORY[method]), Check.DATA_MISSING)
        if method is Method.CDA:
            return Authenticated(method, selected, Tsi(0), icc_key=links.card_key())
        if method is Method.DDA:
            recovered = {tags.ICC_DYNAMIC_NUMBER: await _challenge(link, links, terminal, default_ddol)}
        else:
            recovered = {tags.DATA_AUTHENTICATION_CODE: links.data_authentication_code()}
    except Unproven as wrong:
        missing = Tvr.ICC_DATA_MISSING if wrong.check is Check.DATA_MISSING else Tvr(0)
        return Authenticated(method, selected | FAILED[method] | missing, Tsi.ODA_PERFORMED)
    return Authenticated(method, selected, Tsi.ODA_PERFORMED, recovered=recovered)


def pin_key(records: Records, aip: Aip, keys: KeyRing, rid: bytes, terminal: Mapping[int, bytes]) -> PublicKey | None:
    """What enciphers a PIN for the card (Book 2, 7.1); None when no key of it can be trusted. Raises CardFaulty."""
    try:
        return chain(records, aip, keys, rid, terminal).pin_key()
    except Unproven:
        return None


async def _challenge(link: Link, links: Chain, terminal: Mapping[int, bytes], default_ddol: bytes) -> bytes:
    """9F4C (Book 2, 6.5). A card whose key is not trusted is not asked. Raises Unproven, CardFaulty."""
    card = links.card_key()
    values = links.records.values
    ddol = values.get(tags.DDOL, default_ddol)
    try:
        has_challenge = CHALLENGE in dol.entries(ddol)
        asked = dol.fill(ddol, {**values, **terminal})
    except TlvError:
        raise Unproven(Check.DDOL) from None
    require(has_challenge, Check.DDOL)
    response = await link.send(apdu.internal_authenticate(asked))
    if response.sw != apdu.OK:  # Book 3, 6.3.5: a status word that no paragraph foresees ends the transaction
        raise CardFaulty(f"the card does not authenticate itself (status {response.sw:04X})")
    return dynamic_number(card, _signature(response.body), asked)


def _signature(body: bytes) -> bytes:
    """9F4B out of format 1 or 2 (Book 3, 6.5.9.4). Raises Unproven."""
    try:
        if body[:1] == bytes((tags.FORMAT_1,)):
            return tlv.sole(body, tags.FORMAT_1)
        signature = tlv.unique(tlv.parse(tlv.sole(body, tags.FORMAT_2))).get(tags.SIGNED_DYNAMIC)
    except CardFaulty:
        raise Unproven(Check.RESPONSE) from None
    if signature is None:
        raise Unproven(Check.RESPONSE)
    return signature
