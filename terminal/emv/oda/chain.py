"""From the scheme's key to the card's. Law: EMV 4.4 Book 2, 5.2, 5.3, 6.4, 7.1: each key vouches for the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from terminal.emv import tags
from terminal.emv.oda.capk import Capk, KeyRing, PublicKey
from terminal.emv.oda.certificate import CARD, ISSUER, PADDING, PIN, Certificate, opened, require_card, require_issuer
from terminal.emv.oda.recovery import Check, Unproven
from terminal.emv.oda.static import data_authentication_code, static_data
from terminal.emv.read import Records
from terminal.emv.restrictions import full_date
from terminal.emv.verification import Aip


class Chain(msgspec.Struct, frozen=True):
    """A card's certificates and what they are judged by. Its methods raise Unproven."""

    records: Records
    aip: Aip
    keys: KeyRing
    rid: bytes
    today: str  # YYYYMMDD

    @property
    def pan(self) -> str:
        """Digits; "" when the card gives none."""
        return self.records.values.get(tags.PAN, b"").hex().upper().rstrip(PADDING)

    def capk(self) -> Capk:
        """Book 2, 5.2."""
        index = self.records.values.get(tags.CAPK_INDEX)
        if index is None:
            raise Unproven(Check.DATA_MISSING)
        found = self.keys.find(self.rid, index[0], self.today) if len(index) == 1 else None
        if found is None:
            raise Unproven(Check.CAPK)
        return found

    def open_issuer(self, capk: Capk) -> Certificate:
        """Book 2, 5.3, but for steps 8 to 10."""
        return opened(ISSUER, self.records.values, capk.key)

    def accept_issuer(self, certificate: Certificate, capk: Capk) -> PublicKey:
        """Book 2, 5.3, steps 8 to 10."""
        require_issuer(certificate, capk, self.keys, self.pan, self.today)
        return certificate.key

    def open_card(self, issuer: PublicKey) -> Certificate:
        """Book 2, 6.4, but for steps 8 and 9."""
        return opened(CARD, self.records.values, issuer, static_data(self.records, self.aip))

    def open_pin(self, issuer: PublicKey) -> Certificate:
        """Book 2, 7.1: as 6.4, and the hash covers no static data."""
        return opened(PIN, self.records.values, issuer)

    def accept_card(self, certificate: Certificate) -> PublicKey:
        """Book 2, 6.4, steps 8 and 9; 7.1."""
        require_card(certificate, self.pan, self.today)
        return certificate.key

    def issuer_key(self) -> PublicKey:
        """Book 2, 5.3."""
        capk = self.capk()
        return self.accept_issuer(self.open_issuer(capk), capk)

    def card_key(self) -> PublicKey:
        """Book 2, 6.4."""
        return self.accept_card(self.open_card(self.issuer_key()))

    def pin_key(self) -> PublicKey:
        """Book 2, 7.1: the card's own key for PINs, and its ordinary one when it has none of its own."""
        if PIN.certificate not in self.records.values:
            return self.card_key()
        return self.accept_card(self.open_pin(self.issuer_key()))

    def data_authentication_code(self) -> bytes:
        """9F45 (Book 2, 5.4)."""
        return data_authentication_code(self.issuer_key(), self.records, self.aip)


class Finding(msgspec.Struct, frozen=True):
    """One link as a field tech sees it; `failed` is None when it verifies.

    Size, expiry (YYYYMMDD for the scheme's key, else MMYY) and serial number are there once the signature is right,
    even when the link fails for another reason.
    """

    failed: Check | None
    bits: int = 0
    expiry: str = ""
    serial: str = ""  # hex


class ChainReport(msgspec.Struct, frozen=True):
    """Every link, whatever the AIP promises; a link without what it needs says "data missing"."""

    capk: Finding
    issuer: Finding
    card: Finding
    pin: Finding
    static: Finding


def chain(records: Records, aip: Aip, keys: KeyRing, rid: bytes, terminal: Mapping[int, bytes]) -> Chain:
    """`terminal` holds tags.DATE. Raises CardFaulty when that is no date."""
    return Chain(records, aip, keys, rid, full_date(terminal[tags.DATE]))


def explain_chain(records: Records, aip: Aip, keys: KeyRing, rid: bytes, terminal: Mapping[int, bytes]) -> ChainReport:
    """The same checks, told. Raises CardFaulty as chain() does."""
    links = chain(records, aip, keys, rid, terminal)
    try:
        capk = links.capk()
    except Unproven as wrong:
        below = Finding(Check.SIGNER)
        return ChainReport(Finding(wrong.check), below, below, below, below)
    issuer, key = _told(lambda: links.open_issuer(capk), lambda found: links.accept_issuer(found, capk))
    trusted = Finding(None, capk.key.bits, capk.expiry)
    if key is None:
        below = Finding(Check.SIGNER)
        return ChainReport(trusted, issuer, below, below, below)
    card, _ = _told(lambda: links.open_card(key), links.accept_card)
    pin, _ = _told(lambda: links.open_pin(key), links.accept_card)
    return ChainReport(trusted, issuer, card, pin, _static(links))


def _told(
    open: Callable[[], Certificate], accept: Callable[[Certificate], PublicKey]
) -> tuple[Finding, PublicKey | None]:
    try:
        found = open()
    except Unproven as wrong:
        return Finding(wrong.check), None
    shown = Finding(None, found.key.bits, found.expiry, found.serial.hex().upper())
    try:
        return shown, accept(found)
    except Unproven as wrong:
        return msgspec.structs.replace(shown, failed=wrong.check), None


def _static(links: Chain) -> Finding:
    try:
        links.data_authentication_code()
    except Unproven as wrong:
        return Finding(wrong.check)
    return Finding(None)
