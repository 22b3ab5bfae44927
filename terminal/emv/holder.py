"""From the records to a verified cardholder. Law: EMV 4.4 Book 3, 10.2 to 10.6; the pauses of 10.5 are values.

judge() reads, authenticates, restricts and begins the card's list of methods; tried_pin() and tried_document() go on
with what came of one. The PIN is between the PIN pad and the card: here only a status word of VERIFY is ever seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

import msgspec

from terminal.emv import apdu, cvm, dol, risk, tags, tlv
from terminal.emv.account import Account, account
from terminal.emv.cvm import Outcome, Trying, Verified
from terminal.emv.errors import TlvError
from terminal.emv.oda.authentication import Authenticated, authenticate_card, pin_key
from terminal.emv.oda.capk import PublicKey
from terminal.emv.opening import Opened
from terminal.emv.read import Records, read, require_mandatory
from terminal.emv.restrictions import restrict
from terminal.emv.transport import Link
from terminal.emv.verification import Capabilities, Tsi, Tvr

TRIES_LEFT = 0x63C0  # SW of VERIFY and its low nibble (Book 3, 6.5.12)
BLOCKED = (0x6983, 0x6984)


class PinForm(Enum):
    """How a PIN travels."""

    PLAIN = "plain"  # to the card
    ENCIPHERED = "enciphered"  # to the card, under its key
    ONLINE = "online"  # to the issuer, in F52


class Case(msgspec.Struct, frozen=True):
    """All that is known of the card before its holder is verified."""

    opened: Opened
    records: Records
    account: Account
    authenticated: Authenticated
    tvr: Tvr  # of authentication and restrictions


class EnterPin(msgspec.Struct, frozen=True):
    """Pause: the cardholder types a PIN. `tries_left` is the card's word, None when it did not say.

    `key` enciphers an ENCIPHERED one.
    """

    form: PinForm
    account: Account
    tries_left: int | None
    is_again: bool
    key: PublicKey | None
    case: Case
    trying: Trying


class ShowDocument(msgspec.Struct, frozen=True):
    """Pause: the merchant compares a document (PBOC). `kind` is 9F62, `number` 9F61: shown to the merchant, no log."""

    kind: str
    number: str
    case: Case
    trying: Trying

    def __repr__(self) -> str:
        """Never the number."""
        return f"ShowDocument(kind={self.kind!r})"


class Judged(msgspec.Struct, frozen=True):
    """Ready for the first GENERATE AC."""

    case: Case
    verified: Verified
    tvr: Tvr
    tsi: Tsi

    @property
    def needs_signature(self) -> bool:
        """Whether the paper must be signed."""
        return self.verified.needs_signature

    def values(self) -> dict[int, bytes]:
        """By tag: the card's objects, the terminal's, and what was found."""
        opened = self.case.opened
        return {
            **self.case.records.values,
            **self.case.authenticated.recovered,
            **opened.terminal,
            tags.AIP: opened.initiated.aip.encoded(),
            tags.DF_NAME: opened.selected.candidate.name,
            tags.TVR: self.tvr.encoded(),
            tags.TSI: self.tsi.encoded(),
            tags.CVM_RESULTS: self.verified.results,
        }


Paused = EnterPin | ShowDocument


async def judge(link: Link, opened: Opened) -> Judged | Paused:
    """Read application data to the first method of verification. Raises CardFaulty."""
    records = await read(link, opened.initiated.afl, lambda _: False)
    require_mandatory(records.values)
    holder, terminal = account(opened.selected, records.values), opened.deal.terminal
    aip, application = opened.initiated.aip, opened.application
    capabilities = Capabilities.from_bytes(terminal.capabilities)
    authenticated = await authenticate_card(
        link, aip, records, opened.terminal, capabilities, terminal.keys, application.rid, application.ddol
    )
    tvr = authenticated.tvr | restrict(records.values, opened.terminal)
    first = cvm.begin(aip, records.values, _ability(opened, records))
    case = Case(opened, records, holder, authenticated, tvr)
    return await _go_on(link, case, first)


async def tried_pin(link: Link, pause: EnterPin, sw: int | None, is_broken: bool = False) -> Judged | Paused:
    """`sw` as in sale.pin_tried. A wrong PIN with tries left is asked for again (Book 3, 10.5.1)."""
    if sw is None:
        outcome = Outcome.PAD_BROKEN if is_broken else Outcome.NOT_ENTERED
    elif sw & 0xFFF0 == TRIES_LEFT and sw != TRIES_LEFT:
        return msgspec.structs.replace(pause, tries_left=sw & 0x0F, is_again=True)
    elif sw == apdu.OK:
        outcome = Outcome.DONE
    else:
        outcome = Outcome.LIMIT_EXCEEDED if sw == TRIES_LEFT or sw in BLOCKED else Outcome.FAILED
    return await _go_on(link, pause.case, cvm.tried(pause.trying, outcome))


async def tried_document(link: Link, pause: ShowDocument, is_right: bool) -> Judged | Paused:
    """The merchant's word."""
    outcome = Outcome.DONE if is_right else Outcome.FAILED
    return await _go_on(link, pause.case, cvm.tried(pause.trying, outcome))


async def _go_on(link: Link, case: Case, state: Verified | Trying) -> Judged | Paused:
    """A method that is due becomes a pause, unless the card already says that it is hopeless."""
    while isinstance(state, Trying):
        method = state.rule.method
        if method == cvm.IDENTITY_DOCUMENT:
            values = case.records.values
            number = values[tags.IDENTITY_NUMBER].decode("latin-1").strip()
            return ShowDocument(values[tags.IDENTITY_KIND].hex(), number, case, state)
        if method == cvm.ONLINE_PIN:
            return EnterPin(PinForm.ONLINE, case.account, None, False, None, case, state)
        key = _pin_key(case) if method in cvm.ENCIPHERED else None
        if method in cvm.ENCIPHERED and key is None:  # Book 2, 7.1
            state = cvm.tried(state, Outcome.FAILED)
            continue
        tries_left = await _number(link, tags.PIN_TRIES)
        if tries_left != 0:
            form = PinForm.PLAIN if key is None else PinForm.ENCIPHERED
            return EnterPin(form, case.account, tries_left, False, key, case, state)
        state = cvm.tried(state, Outcome.LIMIT_EXCEEDED)
    return await _manage_risk(link, case, state)


async def _manage_risk(link: Link, case: Case, verified: Verified) -> Judged:
    """Terminal risk management (10.6), with the card's counters only where its limits want them."""
    opened, card = case.opened, case.records.values
    deal, terminal = opened.deal, opened.deal.terminal
    is_listed = case.account.pan.startswith(terminal.exceptions) if terminal.exceptions else False
    tvr = case.tvr | verified.tvr
    tvr |= risk.manage(opened.application, deal.amount.minor, deal.chance, is_listed, deal.is_forced_online)
    tvr |= default_tdol(card, tags.CDOL1)
    if risk.wants_counters(card):
        counters = risk.Counters(await _number(link, tags.ATC), await _number(link, tags.LAST_ONLINE_ATC))
        tvr |= risk.velocity(card, counters)
    tsi = case.authenticated.tsi | Tsi.TERMINAL_RISK_PERFORMED
    return Judged(case, verified, tvr, tsi | (Tsi.CVM_PERFORMED if verified.is_performed else Tsi(0)))


def default_tdol(card: Mapping[int, bytes], cdol_tag: int) -> Tvr:
    """Whether a list asks for a TC hash that the card does not say how to make (Book 3, 9.2.2). Raises TlvError."""
    has_hash = any(tag == tags.TC_HASH for tag, _ in dol.entries(card[cdol_tag]))
    return Tvr.DEFAULT_TDOL_USED if has_hash and not card.get(tags.TDOL) else Tvr(0)


async def _number(link: Link, tag: int) -> int | None:
    """A counter by GET DATA (Book 3, 6.5.7); None when the card does not give it."""
    response = await link.send(apdu.get_data(tag))
    try:
        value = tlv.sole(response.body, tag) if response.sw == apdu.OK else b""
    except TlvError:
        value = b""
    return int.from_bytes(value) if value else None


def _pin_key(case: Case) -> PublicKey | None:
    opened = case.opened
    terminal = opened.deal.terminal
    return pin_key(case.records, opened.initiated.aip, terminal.keys, opened.application.rid, opened.terminal)


def _ability(opened: Opened, records: Records) -> cvm.Ability:
    card, terminal = records.values, opened.deal.terminal
    return cvm.Ability(
        capabilities=Capabilities.from_bytes(terminal.capabilities),
        amount=opened.deal.amount.minor,
        is_same_currency=card.get(tags.APPLICATION_CURRENCY) == terminal.currency,
        has_document=bool(card.get(tags.IDENTITY_NUMBER) and card.get(tags.IDENTITY_KIND)),
    )
