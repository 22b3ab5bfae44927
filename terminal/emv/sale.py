"""The chip in a sale, with pauses where someone else must act. Law: EMV 4.4 Book 3, 8.2: each phase in its place.

    start --ChooseApplication--> choose --EnterPin, ShowDocument--> verified --> GoOnline --> complete --> Ended
      \\_ selection, GPO             \\_ records, ODA, restrictions,     \\_ risk, action     \\_ issuer authentication,
                                        cardholder verification           analysis, first AC   scripts, second AC

Each pause is a frozen value that holds all the next function needs; a conversation that is dropped owes nothing.
Not approved by the acquirer, or not asked at all, means an AAC (or what the default action codes say).
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from terminal.emv import tags, tlv
from terminal.emv.account import Account
from terminal.emv.action import Cryptogram, first_request, offline_request
from terminal.emv.cryptogram import Generated
from terminal.emv.holder import (
    Case,
    EnterPin,
    Judged,
    ShowDocument,
    default_tdol,
    judge,
    tried_document,
    tried_pin,
)
from terminal.emv.issuer import Answer, answer_of, authenticate_issuer, run_scripts
from terminal.emv.opening import ChooseApplication, Deal, Opened, open_card, open_chosen
from terminal.emv.signing import generate_signed
from terminal.emv.terminal_data import Application
from terminal.emv.transport import Link
from terminal.emv.verification import Tsi, Tvr

F55 = (  # the order of a captured sale, cup.md 6
    *(tags.CRYPTOGRAM, tags.CID, tags.IAD, tags.UNPREDICTABLE_NUMBER, tags.ATC, tags.TVR, tags.DATE, tags.TYPE),
    *(tags.AMOUNT, tags.CURRENCY, tags.AIP, tags.COUNTRY, tags.AMOUNT_OTHER, tags.CAPABILITIES, tags.CVM_RESULTS),
    *(tags.TERMINAL_TYPE, tags.SERIAL, tags.DF_NAME, tags.AVN_TERMINAL, tags.SEQUENCE),
)
SCRIPT_NOTICE = (  # F55 of a script notice, cup.md 2.12
    *(tags.CAPABILITIES, tags.TVR, tags.UNPREDICTABLE_NUMBER, tags.SERIAL, tags.IAD, tags.CRYPTOGRAM, tags.ATC),
    *(tags.AIP, tags.SCRIPT_RESULTS, tags.COUNTRY, tags.DATE),
)
APPROVED = frozenset({"00", "10", "11", "A2", "A4", "A5", "A6"})  # Book 4, A6; cup.md 4.10
OFFLINE = {  # what CDOL1 gets for 8A, Book 4, 6.3.6
    Cryptogram.TC: {tags.RESPONSE_CODE: b"Y1"},
    Cryptogram.AAC: {tags.RESPONSE_CODE: b"Z1"},
}
UNABLE = {Cryptogram.TC: "Y3", Cryptogram.AAC: "Z3"}  # 8A when the acquirer was not reached, Book 4, A6


class Session(msgspec.Struct, frozen=True):
    """What complete() must know. Holds card data: it is neither shown nor stored."""

    case: Case
    values: dict[int, bytes]
    sent: bytes  # the values of CDOL1: a second CDA signature covers them too
    tvr: Tvr
    tsi: Tsi

    def __repr__(self) -> str:
        """Never the card's data."""
        return f"Session(account={self.case.account!r}, tvr={self.tvr.encoded().hex()})"


class GoOnline(msgspec.Struct, frozen=True):
    """Pause: the card asks its issuer. `icc_data` is F55; it holds no PAN and no track."""

    account: Account
    icc_data: bytes
    needs_signature: bool
    session: Session


class Ended(msgspec.Struct, frozen=True):
    """How it ended; `is_online` tells whether the acquirer was asked.

    `icc_data` is F55 with the final cryptogram; `script_notice` F55 of the notice, b"" without scripts.
    """

    account: Account
    is_approved: bool
    is_online: bool
    tvr: Tvr
    tsi: Tsi
    generated: Generated
    icc_data: bytes
    script_notice: bytes = b""


Step = ChooseApplication | EnterPin | ShowDocument | GoOnline | Ended


async def start(link: Link, deal: Deal, wanted: bytes = b"") -> Step:
    """Begin with a powered card; `wanted` as in opening.open_card. Raises EmvError and transmit's errors, as all do."""
    return await go_on(link, await open_card(link, deal, wanted))


async def choose(link: Link, pause: ChooseApplication, index: int) -> Step:
    """The cardholder chose one of `pause.candidates`."""
    return await go_on(link, await open_chosen(link, pause, index))


async def pin_tried(link: Link, pause: EnterPin, sw: int | None) -> Step:
    """`sw` is VERIFY's status, or 9000 for an online PIN that was entered; None: the cardholder gave none."""
    return await _judged(link, await tried_pin(link, pause, sw))


async def pin_pad_broken(link: Link, pause: EnterPin) -> Step:
    """The PIN pad does not work."""
    return await _judged(link, await tried_pin(link, pause, None, is_broken=True))


async def document_shown(link: Link, pause: ShowDocument, is_right: bool) -> Step:
    """The merchant compared the cardholder's document with what the card says."""
    return await _judged(link, await tried_document(link, pause, is_right))


async def complete(link: Link, session: Session, response_code: str, icc_reply: bytes) -> Ended:
    """`response_code` is F39, "" when the acquirer was not reached; `icc_reply` is its F55."""
    answer = answer_of(icc_reply) if response_code else Answer()
    case, application = session.case, session.case.opened.application
    tvr, tsi = await authenticate_issuer(link, case.opened.initiated.aip, session.tvr, session.tsi, answer)
    before, tvr, tsi = await run_scripts(link, answer.before, Tvr.SCRIPT_FAILED_BEFORE, tvr, tsi)
    tvr |= default_tdol(case.records.values, tags.CDOL2)
    asked = _final_request(case, application, response_code, tvr)
    values = {
        **session.values,
        tags.RESPONSE_CODE: (response_code or UNABLE[asked]).encode("ascii"),
        tags.ISSUER_AUTHENTICATION: answer.authentication,
        tags.TVR: tvr.encoded(),
        tags.TSI: tsi.encoded(),
    }
    final, failed = await generate_signed(link, case, asked, tags.CDOL2, values, session.sent)
    tvr |= failed
    after, tvr, tsi = await run_scripts(link, answer.after, Tvr.SCRIPT_FAILED_AFTER, tvr, tsi)
    values |= {**final.values(), tags.TVR: tvr.encoded(), tags.TSI: tsi.encoded()}
    is_approved = final.kind is Cryptogram.TC and not failed
    notice = _notice(values, before + after)
    return Ended(case.account, is_approved, bool(response_code), tvr, tsi, final, f55(values), notice)


def f55(values: Mapping[int, bytes]) -> bytes:
    """The chip's data for the acquirer."""
    return tlv.build((tag, values[tag]) for tag in F55)


async def go_on(link: Link, opened: Opened | ChooseApplication) -> Step:
    """From an application that has started."""
    return opened if isinstance(opened, ChooseApplication) else await _judged(link, await judge(link, opened))


async def _judged(link: Link, judged: Judged | EnterPin | ShowDocument) -> Step:
    """From the cardholder's verification to the first GENERATE AC and what it says."""
    if not isinstance(judged, Judged):
        return judged
    case, application = judged.case, judged.case.opened.application
    is_online_only = case.opened.deal.terminal.is_online_only
    asked = first_request(judged.tvr, application, case.records.values, is_online_only)
    values = judged.values() | OFFLINE.get(asked, {})
    generated, failed = await generate_signed(link, case, asked, tags.CDOL1, values)
    tvr, tsi = judged.tvr | failed, judged.tsi | Tsi.CARD_RISK_PERFORMED
    if generated.signature or failed:
        tsi |= Tsi.ODA_PERFORMED
    values |= {**generated.values(), tags.TVR: tvr.encoded(), tags.TSI: tsi.encoded()}
    session = Session(case, values, generated.sent, tvr, tsi)
    if generated.kind is not Cryptogram.ARQC:
        is_approved = generated.kind is Cryptogram.TC and not failed
        return Ended(case.account, is_approved, False, tvr, tsi, generated, f55(values))
    if failed:  # a signature that is not the card's: no question to the acquirer, an AAC at once (Book 3, 10.3; 6.6)
        return await _refused(link, session)
    return GoOnline(case.account, f55(values), judged.needs_signature, session)


async def _refused(link: Link, session: Session) -> Ended:
    """A second GENERATE AC that asks for an AAC."""
    values = {**session.values, tags.RESPONSE_CODE: b"Z1", tags.ISSUER_AUTHENTICATION: b""}
    final, _ = await generate_signed(link, session.case, Cryptogram.AAC, tags.CDOL2, values, session.sent)
    values |= final.values()
    return Ended(session.case.account, False, False, session.tvr, session.tsi, final, f55(values))


def _final_request(case: Case, application: Application, response_code: str, tvr: Tvr) -> Cryptogram:
    """Book 3, 10.11: the acquirer's word; without it the default action codes (10.7)."""
    if response_code:
        return Cryptogram.TC if response_code in APPROVED else Cryptogram.AAC
    is_online_only = case.opened.deal.terminal.is_online_only
    return offline_request(tvr, application, case.records.values, is_online_only)


def _notice(values: Mapping[int, bytes], results: bytes) -> bytes:
    if not results:
        return b""
    said = {**values, tags.SCRIPT_RESULTS: results}
    return tlv.build((tag, said[tag]) for tag in SCRIPT_NOTICE)
