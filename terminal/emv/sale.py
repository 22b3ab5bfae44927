"""The chip in a sale, in two halves with the acquirer between. Law: EMV 4.4 Book 3, 8.2: each phase in its place.

begin():    selection, GPO, records, restrictions, cardholder verification, terminal risk, action analysis, first AC
complete(): issuer authentication, second AC; not approved by the acquirer, or not asked at all, means an AAC
Scripts (71, 72) in the acquirer's reply are not carried out.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from terminal.emv import apdu, tags, tlv
from terminal.emv.account import Account, account
from terminal.emv.action import Cryptogram, first_request
from terminal.emv.authentication import authenticate
from terminal.emv.cryptogram import Generated, generate
from terminal.emv.cvm import Verified, verify
from terminal.emv.errors import EmvError, ReplyFaulty
from terminal.emv.opening import Opened, open_application, terminal_values
from terminal.emv.read import read, require_mandatory
from terminal.emv.restrictions import restrict
from terminal.emv.risk import manage
from terminal.emv.selection import Choose
from terminal.emv.terminal_data import Application, TerminalData
from terminal.emv.transport import Link, Transmit
from terminal.emv.verification import Aip, Tsi, Tvr
from terminal.money import Money

__all__ = ["Completed", "Declined", "EmvError", "GoOnline", "Session", "begin", "complete"]

PURCHASE = b"\x00"  # 9C
F55 = (  # the order of a captured sale, cup.md 6
    tags.CRYPTOGRAM,
    tags.CID,
    tags.IAD,
    tags.UNPREDICTABLE_NUMBER,
    tags.ATC,
    tags.TVR,
    tags.DATE,
    tags.TYPE,
    tags.AMOUNT,
    tags.CURRENCY,
    tags.AIP,
    tags.COUNTRY,
    tags.AMOUNT_OTHER,
    tags.CAPABILITIES,
    tags.CVM_RESULTS,
    tags.TERMINAL_TYPE,
    tags.SERIAL,
    tags.DF_NAME,
    tags.AVN_TERMINAL,
    tags.SEQUENCE,
)
APPROVED = frozenset({"00", "10", "11", "A2", "A4", "A5", "A6"})  # Book 4, A6; cup.md 4.10
UNABLE_TO_GO_ONLINE = "Z3"  # 8A, Book 4, A6
ISSUER_AUTHENTICATION_LENGTH = range(8, 17)  # 91, annex A


class Session(msgspec.Struct, frozen=True):
    """What complete() must know of begin(). Holds card data: it is neither shown nor stored."""

    account: Account
    aip: Aip
    cdol2: bytes
    values: Mapping[int, bytes]
    tvr: Tvr
    tsi: Tsi

    def __repr__(self) -> str:
        """Never the card's data."""
        return f"Session(account={self.account!r}, tvr={self.tvr.encoded().hex()})"


class GoOnline(msgspec.Struct, frozen=True):
    """The card asks its issuer. `icc_data` is F55; it holds no PAN and no track."""

    account: Account
    icc_data: bytes
    needs_signature: bool
    session: Session


class Declined(msgspec.Struct, frozen=True):
    """The card or the action codes said no before the acquirer was asked."""

    aid: str
    label: str
    tvr: bytes
    tsi: bytes


class Completed(msgspec.Struct, frozen=True):
    """`tc` is the final cryptogram: a TC when approved, else an AAC. `icc_data` is F55 with it, for the upload."""

    is_approved: bool
    tc: bytes
    tvr: bytes
    tsi: bytes
    aid: str
    label: str
    atc: bytes
    icc_data: bytes


async def begin(
    transmit: Transmit,
    protocol: int,
    terminal: TerminalData,
    amount: Money,
    date: str,
    time: str,
    unpredictable_number: bytes,
    stan: str,
    choose: Choose | None = None,
) -> GoOnline | Declined:
    """`date` YYMMDD, `time` HHMMSS, four unpredictable bytes. Raises EmvError and transmit's errors."""
    if len(unpredictable_number) != 4:
        raise ValueError("the unpredictable number has four bytes")
    sale = {
        tags.AMOUNT: _bcd(str(amount.minor), 6),
        tags.AMOUNT_OTHER: bytes(6),
        tags.DATE: _bcd(date, 3),
        tags.TIME: _bcd(time, 3),
        tags.UNPREDICTABLE_NUMBER: unpredictable_number,
        tags.SEQUENCE: _bcd(stan, 4),
        tags.TYPE: PURCHASE,
        tags.TVR: bytes(5),
    }

    def values(application: Application) -> dict[int, bytes]:
        return {**terminal_values(terminal, application), **sale}

    link = Link(transmit, protocol)
    opened = await open_application(link, terminal, values, choose)
    card = (await read(link, opened.initiated.afl, lambda _: False)).values
    require_mandatory(card)
    return await _ask_card(link, opened, card, values(opened.selected.candidate.application), amount.minor)


async def complete(
    transmit: Transmit, protocol: int, session: Session, response_code: str, icc_reply: bytes
) -> Completed:
    """`response_code` is F39, '' when the acquirer was not reached; `icc_reply` is F55. Raises as begin."""
    link = Link(transmit, protocol)
    issuer = _issuer_authentication(icc_reply)
    tvr, tsi = await _authenticate_issuer(link, session, issuer)
    values = {
        **session.values,
        tags.RESPONSE_CODE: (response_code or UNABLE_TO_GO_ONLINE).encode("ascii"),
        tags.ISSUER_AUTHENTICATION: issuer,
        tags.TVR: tvr.encoded(),
        tags.TSI: tsi.encoded(),
    }
    asked = Cryptogram.TC if response_code in APPROVED else Cryptogram.AAC
    final = await generate(link, asked, session.cdol2, values)
    return Completed(
        is_approved=final.kind is Cryptogram.TC,
        tc=final.cryptogram,
        tvr=tvr.encoded(),
        tsi=tsi.encoded(),
        aid=session.account.aid,
        label=session.account.label,
        atc=final.atc,
        icc_data=_f55(_with_cryptogram(values, final)),
    )


async def _ask_card(
    link: Link, opened: Opened, card: Mapping[int, bytes], terminal: dict[int, bytes], amount: int
) -> GoOnline | Declined:
    """From the records to the first GENERATE AC."""
    selected, aip = opened.selected, opened.initiated.aip
    application = selected.candidate.application
    holder = account(selected, card)
    tvr = authenticate() | restrict(card, terminal)
    verified = verify(aip, card, amount, terminal[tags.CURRENCY])
    tvr |= verified.tvr | manage(application, amount)
    tsi = Tsi.TERMINAL_RISK_PERFORMED | (Tsi.CVM_PERFORMED if verified.is_performed else Tsi(0))
    values = {
        **card,
        **terminal,
        tags.AIP: int(aip).to_bytes(2),
        tags.DF_NAME: selected.candidate.name,
        tags.TVR: tvr.encoded(),
        tags.TSI: tsi.encoded(),
        tags.CVM_RESULTS: verified.results,
    }
    generated = await generate(link, first_request(tvr, application, card), card[tags.CDOL1], values)
    tsi |= Tsi.CARD_RISK_PERFORMED
    if generated.kind is Cryptogram.AAC:
        return Declined(selected.aid, selected.label, tvr.encoded(), tsi.encoded())
    session = Session(holder, aip, card[tags.CDOL2], _with_cryptogram(values, generated), tvr, tsi)
    return _online(session, verified)


def _online(session: Session, verified: Verified) -> GoOnline:
    return GoOnline(session.account, _f55(session.values), verified.needs_signature, session)


def _f55(values: Mapping[int, bytes]) -> bytes:
    return tlv.build((tag, values[tag]) for tag in F55)


def _with_cryptogram(values: Mapping[int, bytes], generated: Generated) -> dict[int, bytes]:
    return {
        **values,
        tags.CRYPTOGRAM: generated.cryptogram,
        tags.CID: generated.cid,
        tags.ATC: generated.atc,
        tags.IAD: generated.iad,
    }


def _issuer_authentication(icc_reply: bytes) -> bytes:
    try:
        return tlv.unique(tlv.parse(icc_reply)).get(tags.ISSUER_AUTHENTICATION, b"")
    except EmvError:
        raise ReplyFaulty("the acquirer's chip data cannot be read") from None


async def _authenticate_issuer(link: Link, session: Session, issuer: bytes) -> tuple[Tvr, Tsi]:
    """EXTERNAL AUTHENTICATE when the card wants it and the issuer answered (Book 3, 10.9)."""
    tvr, tsi = session.tvr, session.tsi
    if not issuer or Aip.ISSUER_AUTHENTICATION not in session.aip:
        return tvr, tsi
    if len(issuer) not in ISSUER_AUTHENTICATION_LENGTH:
        raise ReplyFaulty("the acquirer's issuer authentication data have a wrong length")
    response = await link.send(apdu.external_authenticate(issuer))
    if response.sw != apdu.OK:
        tvr |= Tvr.ISSUER_AUTHENTICATION_FAILED
    return tvr, tsi | Tsi.ISSUER_AUTHENTICATION_PERFORMED


def _bcd(digits: str, size: int) -> bytes:
    return bytes.fromhex(digits.zfill(2 * size))
