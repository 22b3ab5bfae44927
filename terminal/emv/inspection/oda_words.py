"""Offline data authentication as a tech sees it. Law: the kernel's own checks (EMV 4.4 Book 2, 5 and 6), told in words.

Without any scheme key nothing is judged, and the TVR says nothing of it: the keys are what is missing, not the card's.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from terminal.emv import tags
from terminal.emv.errors import CardFaulty
from terminal.emv.inspection.inspected import CertificateSeen, Level, News
from terminal.emv.oda.authentication import FAILED, Authenticated, Method, authenticate_card, chosen
from terminal.emv.oda.chain import ChainReport, Finding, explain_chain
from terminal.emv.oda.recovery import Check
from terminal.emv.read import Records
from terminal.emv.terminal_data import Application, TerminalData
from terminal.emv.transport import Link
from terminal.emv.verification import Aip, Capabilities, Tsi, Tvr

ANY = Aip.SDA | Aip.DDA | Aip.CDA
ISSUER, CARD, PIN, STATIC = "issuer certificate", "card certificate", "PIN certificate", "static data signature"
DYNAMIC = "dynamic signature (DDA)"
HELD_IN = {
    ISSUER: tags.ISSUER_CERTIFICATE,
    CARD: tags.ICC_CERTIFICATE,
    PIN: tags.PIN_CERTIFICATE,
    STATIC: tags.SIGNED_STATIC,
}
NEEDED_BY = {STATIC: Aip.SDA, CARD: Aip.DDA | Aip.CDA, ISSUER: ANY}  # what the AIP promises by it


BAD_NEWS = {
    Check.EXPIRY: "EXPIRED",
    Check.REVOKED: "REVOKED by its scheme",
    Check.ISSUER: "is another issuer's",
    Check.PAN: "is another card's",
}


class Subject(msgspec.Struct, frozen=True):
    """An application that was read, and whose terminal looks at it. `values` are terminal_values()."""

    aip: Aip
    records: Records
    row: Application
    rid: bytes
    terminal: TerminalData
    values: Mapping[int, bytes]


class Judged(msgspec.Struct, frozen=True):
    """`tvr` and `tsi` are this phase's bits; `news` are levels and sentences."""

    method: Method
    certificates: tuple[CertificateSeen, ...]
    tvr: Tvr
    tsi: Tsi
    news: tuple[News, ...] = ()


async def judge(link: Link, subject: Subject, with_dda: bool) -> Judged:
    """INTERNAL AUTHENTICATE is sent only `with_dda`, and only to a card whose key is trusted. Raises transmit's."""
    method = chosen(subject.aip, Capabilities.from_bytes(subject.terminal.capabilities))
    if not subject.aip & ANY:
        return Judged(method, (), Tvr.ODA_NOT_PERFORMED, Tsi(0), ((Level.NOTE, "offers no data authentication"),))
    report = explain_chain(subject.records, subject.aip, subject.terminal.keys, subject.rid, subject.values)
    certificates = _certificates(subject, report)
    news = _news(subject, report, certificates)
    dynamic: Authenticated | None = None
    if with_dda and Aip.DDA in subject.aip:
        dynamic, seen = await _dynamic(link, subject, report)
        certificates += (seen,)
        news += ((Level.WRONG, f"{DYNAMIC}: {seen.says}"),) if seen.is_right is False else ()
    tvr, tsi = await _bits(link, subject, method, report, dynamic)
    return Judged(method, certificates, tvr, tsi, news)


async def _bits(
    link: Link, subject: Subject, method: Method, report: ChainReport, dynamic: Authenticated | None
) -> tuple[Tvr, Tsi]:
    """What the kernel would have; a DDA that was not asked for fails only by its certificates."""
    if method is not Method.NONE and not subject.terminal.keys.capks:
        return Tvr(0), Tsi(0)
    if method is Method.DDA:
        if dynamic is not None:
            return dynamic.tvr, dynamic.tsi
        cause = next((one.failed for one in (report.capk, report.issuer, report.card) if one.failed), None)
        missing = Tvr.ICC_DATA_MISSING if cause is Check.DATA_MISSING else Tvr(0)
        return (FAILED[method] | missing if cause else Tvr(0)), Tsi.ODA_PERFORMED
    capabilities = Capabilities.from_bytes(subject.terminal.capabilities)
    done = await _authenticated(link, subject, capabilities)  # SDA and CDA send nothing here
    return done.tvr, done.tsi


async def _dynamic(link: Link, subject: Subject, report: ChainReport) -> tuple[Authenticated | None, CertificateSeen]:
    """INTERNAL AUTHENTICATE (Book 2, 6.5), whatever else the AIP offers."""
    if report.card.failed is not None:
        return None, CertificateSeen(DYNAMIC, None, "not asked for: the card's key is not trusted")
    try:
        done = await _authenticated(link, subject, Capabilities.DDA)
    except CardFaulty as wrong:
        return None, CertificateSeen(DYNAMIC, False, str(wrong))
    number = done.recovered.get(tags.ICC_DYNAMIC_NUMBER)
    if number is None:
        return done, CertificateSeen(DYNAMIC, False, "does not verify")
    return done, CertificateSeen(DYNAMIC, True, f"verifies, the card's number is {number.hex().upper()}")


async def _authenticated(link: Link, subject: Subject, capabilities: Capabilities) -> Authenticated:
    return await authenticate_card(
        link,
        subject.aip,
        subject.records,
        subject.values,
        capabilities,
        subject.terminal.keys,
        subject.rid,
        subject.row.ddol,
    )


def _certificates(subject: Subject, report: ChainReport) -> tuple[CertificateSeen, ...]:
    links = {ISSUER: report.issuer, CARD: report.card, PIN: report.pin, STATIC: report.static}
    rest = (_link(subject.records, name, finding) for name, finding in links.items())
    return (_scheme_key(subject, report.capk), *rest)


def _scheme_key(subject: Subject, found: Finding) -> CertificateSeen:
    name, place = f"scheme key {_named(subject)}", _place(subject)
    if found.failed is None:
        return CertificateSeen(
            name, True, _details(found, f"expires {_day(found.expiry)}" if found.expiry else "no expiry")
        )
    if place is None:
        return CertificateSeen(name, None, "the card does not name one (no 8F)")
    held = subject.terminal.keys.capks.get(place)
    if held is not None:
        return CertificateSeen(name, False, f"EXPIRED {_day(held.expiry)}")
    return CertificateSeen(name, None, "not here: nothing below can be verified")


def _link(records: Records, name: str, found: Finding) -> CertificateSeen:
    if HELD_IN[name] not in records.values:
        return CertificateSeen(name, None, "the card has none")
    details = _details(found, f"expires {found.expiry[:2]}/{found.expiry[2:]}" if found.expiry else "", found.serial)
    if found.failed is None:
        return CertificateSeen(name, True, f"verifies{', ' if details else ''}{details}")
    if found.failed is Check.SIGNER:
        return CertificateSeen(name, None, "cannot be verified: the one above is not trusted")
    wrong = BAD_NEWS.get(found.failed, f"does not verify ({found.failed.value})")
    return CertificateSeen(name, False, f"{wrong}{', ' if details else ''}{details}")


def _details(found: Finding, expiry: str, serial: str = "") -> str:
    parts = (f"{found.bits} bits" if found.bits else "", expiry, f"serial {serial}" if serial else "")
    return ", ".join(part for part in parts if part)


def _news(subject: Subject, report: ChainReport, certificates: tuple[CertificateSeen, ...]) -> tuple[News, ...]:
    """What is wrong, what the AIP promises and the card has not, and a key that is not here."""
    news = [(Level.WRONG, f"{one.name}: {one.says}") for one in certificates if one.is_right is False]
    for name, promise in NEEDED_BY.items():
        if subject.aip & promise and HELD_IN[name] not in subject.records.values:
            news.append((Level.WRONG, f"its AIP promises what needs a {name}, and the card has none"))
    if report.capk.failed is not None and certificates[0].is_right is None:
        news.append((Level.NOTE, f"certificates cannot be verified: no CAPK {_named(subject)} here"))
    return tuple(news)


def _place(subject: Subject) -> tuple[bytes, int] | None:
    index = subject.records.values.get(tags.CAPK_INDEX, b"")
    return (subject.rid, index[0]) if len(index) == 1 else None


def _named(subject: Subject) -> str:
    place = _place(subject)
    return f"{subject.rid.hex().upper()}/{place[1]:02X}" if place else f"of {subject.rid.hex().upper()}"


def _day(digits: str) -> str:
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"
