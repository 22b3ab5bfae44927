"""What an application of a test card holds: AIP, AFL, records, keys, certificates. Law: made once of a description.

| record    | holds                                                            | signed |
|-----------|------------------------------------------------------------------|--------|
| SFI 2, 1  | the account: all that a refund reads                             | yes    |
| SFI 2, 2  | what a sale needs besides                                        | yes    |
| SFI 3, 1… | the issuer's certificate; SSAD or the chip's; the PIN key's      | no     |

Signed is what takes part in offline data authentication, and the AIP with it (9F4A; EMV 4.4 Book 3, 10.3).
"""

from __future__ import annotations

import calendar
from functools import cache

import msgspec

from keys.algorithms.cryptogram import IMK_TEST, udk
from keys.algorithms.issuer_script import IMK_SCRIPT_TEST
from keys.card_certificates import Certified, RsaKey, icc_certificate, issuer_certificate, static_signature
from simulator.cards.application_cryptogram import CDOL1, PROFILES
from simulator.cards.key_ring import key_ring
from simulator.cards.settings import ApplicationSettings, ChipSettings
from terminal.emv import tags, tlv
from terminal.emv.verification import Aip

ACCOUNT_SFI, CERTIFICATES_SFI = 2, 3
RID_DIGITS, BIN_DIGITS = 10, 6
EXPIRY = "1249"  # of certificates, MMYY
CODE = bytes.fromhex("DAC1")  # data authentication code
DDOL = bytes.fromhex("9F3704")
ODA = {"none": Aip(0), "sda": Aip.SDA, "dda": Aip.DDA, "cda": Aip.DDA | Aip.CDA}
ISSUER_TAGS = (tags.ISSUER_CERTIFICATE, tags.ISSUER_REMAINDER, tags.ISSUER_EXPONENT)
ICC_TAGS = (tags.ICC_CERTIFICATE, tags.ICC_REMAINDER, tags.ICC_EXPONENT)
PIN_TAGS = (tags.PIN_CERTIFICATE, tags.PIN_REMAINDER, tags.PIN_EXPONENT)
FROM_SETTINGS = (  # what every application of a card says besides its account; "" is left out
    (tags.EFFECTIVE, "effective"),
    (tags.AUC, "auc"),
    (tags.AVN_CARD, "avn"),
    (tags.ISSUER_COUNTRY, "country"),
    (tags.APPLICATION_CURRENCY, "currency"),
    (tags.CVM_LIST, "cvm_list"),
    (tags.IAC_DEFAULT, "iac_default"),
    (tags.IAC_DENIAL, "iac_denial"),
    (tags.IAC_ONLINE, "iac_online"),
    (tags.LOWER_LIMIT, "lower_limit"),
    (tags.UPPER_LIMIT, "upper_limit"),
)
AS_TEXT = (
    (tags.CARDHOLDER_NAME, "holder_name"),
    (tags.IDENTITY_NUMBER, "identity_number"),
)


class Personalised(msgspec.Struct, frozen=True):
    """`records` by SFI, the first one first; `key` makes cryptograms, `script_key` checks the issuer's commands."""

    aip: Aip
    afl: bytes
    records: dict[int, tuple[bytes, ...]]
    key: bytes
    script_key: bytes
    chip_key: RsaKey | None
    pin_key: RsaKey | None

    def __repr__(self) -> str:
        """Never the card's data."""
        return f"Personalised({self.aip!r})"


@cache
def personalised(chip: ChipSettings, application: ApplicationSettings) -> Personalised:
    """`application` with its whole account."""
    profile = PROFILES[chip.behaviour.authenticates]
    aip = profile.aip | ODA[chip.authenticates_itself]
    has_oda = chip.authenticates_itself != "none"
    templates = (tlv.build(_account(application)), tlv.build(_rest(chip, profile.cdol2, has_oda)))
    static = b"".join(templates) + aip.encoded()
    certificates = _certificates(chip, application, static) if has_oda else []
    records = {
        ACCOUNT_SFI: tuple(tlv.build([(tags.RECORD, template)]) for template in templates),
        CERTIFICATES_SFI: tuple(tlv.build([(tags.RECORD, tlv.build(record))]) for record in certificates),
    }
    has_chip_key = chip.authenticates_itself in ("dda", "cda")
    chip_key = key_ring().chips[chip.chip_key].rsa if has_chip_key else None
    psn = application.psn or "00"
    return Personalised(
        aip=aip,
        afl=_afl(len(templates), has_oda, len(certificates)),
        records=records,
        key=udk(IMK_TEST, application.pan, psn),
        script_key=udk(IMK_SCRIPT_TEST, application.pan, psn),
        chip_key=chip_key,
        pin_key=key_ring().pin.rsa if chip.has_pin_key else chip_key,
    )


def fci(name: bytes, inside: tlv.Pairs) -> bytes:
    """The answer to SELECT (Book 1, 11.3.4)."""
    proprietary = (tags.FCI_PROPRIETARY, tlv.build(inside))
    return tlv.build([(tags.FCI, tlv.build([(tags.DF_NAME, name), proprietary]))])


def application_fci(chip: ChipSettings, application: ApplicationSettings) -> bytes:
    """Label, priority, PDOL and language of one application."""
    pdol = ((tags.PDOL, bytes.fromhex(chip.pdol)),) if chip.pdol else ()
    language = ((tags.LANGUAGE, chip.language.encode("ascii")),) if chip.language else ()
    return fci(bytes.fromhex(application.aid), (*_named(application), *pdol, *language))


def directory_record(application: ApplicationSettings) -> bytes:
    """One entry of the payment system directory (Book 1, 12.2.3)."""
    entry = tlv.build([(tags.AID_CARD, bytes.fromhex(application.aid)), *_named(application)])
    return tlv.build([(tags.RECORD, tlv.build([(tags.APPLICATION_TEMPLATE, entry)]))])


def _named(application: ApplicationSettings) -> tlv.Pairs:
    return ((tags.LABEL, application.label.encode("ascii")), (tags.PRIORITY, bytes((application.indicator,))))


def _account(application: ApplicationSettings) -> list[tuple[int, bytes]]:
    expiry = application.track2.partition("=")[2][:4]
    account = [
        (tags.TRACK2, bytes.fromhex(_even(application.track2.replace("=", "D")))),
        (tags.PAN, bytes.fromhex(_even(application.pan))),
        (tags.EXPIRY, bytes.fromhex(expiry + _last_day(expiry))),
    ]
    return [*account, (tags.PSN, bytes.fromhex(application.psn))] if application.psn else account


def _rest(chip: ChipSettings, cdol2: bytes, has_oda: bool) -> list[tuple[int, bytes]]:
    told = [(tag, bytes.fromhex(getattr(chip, name))) for tag, name in FROM_SETTINGS]
    told += [(tag, getattr(chip, name).encode("ascii")) for tag, name in AS_TEXT]
    if chip.identity_number:
        told.append((tags.IDENTITY_KIND, bytes.fromhex(chip.identity_kind)))
    told += [(tags.CDOL1, CDOL1), (tags.CDOL2, cdol2)]
    if has_oda:
        told += [(tags.STATIC_TAGS, bytes((tags.AIP,))), (tags.DDOL, DDOL)]
    return [(tag, value) for tag, value in told if value]


def _certificates(chip: ChipSettings, application: ApplicationSettings, static: bytes) -> list[list[tuple[int, bytes]]]:
    """The records of SFI 3."""
    rid, ring = application.aid[:RID_DIGITS], key_ring()
    authority, issuer = ring.authorities[rid], ring.issuers[rid].rsa
    of_issuer = _certified(ISSUER_TAGS, _issuer_certificate(rid, application.pan[:BIN_DIGITS]))
    records = [[(tags.CAPK_INDEX, bytes.fromhex(authority.index)), *of_issuer]]
    if chip.authenticates_itself == "sda":
        records.append([(tags.SIGNED_STATIC, static_signature(issuer, CODE, static))])
    else:
        key = ring.chips[chip.chip_key].rsa.public
        records.append(_certified(ICC_TAGS, icc_certificate(issuer, key, application.pan, EXPIRY, static)))
    if chip.has_pin_key:
        pin = ring.pin.rsa.public
        records.append(_certified(PIN_TAGS, icc_certificate(issuer, pin, application.pan, EXPIRY)))
    return records


@cache
def _issuer_certificate(rid: str, bin: str) -> Certified:
    ring = key_ring()
    return issuer_certificate(ring.authorities[rid].key.rsa, ring.issuers[rid].rsa.public, bin, EXPIRY)


def _certified(names: tuple[int, int, int], key: Certified) -> list[tuple[int, bytes]]:
    values = zip(names, (key.certificate, key.remainder, key.exponent), strict=True)
    return [(tag, value) for tag, value in values if value]


def _afl(signed: int, has_oda: bool, certificates: int) -> bytes:
    """Book 3, 10.2: SFI, first, last, how many of them are signed."""
    afl = bytes((ACCOUNT_SFI << 3, 1, signed, signed if has_oda else 0))
    return afl + bytes((CERTIFICATES_SFI << 3, 1, certificates, 0)) if certificates else afl


def _even(digits: str) -> str:
    return digits + "F" * (len(digits) % 2)


def _last_day(expiry: str) -> str:
    return f"{calendar.monthrange(2000 + int(expiry[:2]), int(expiry[2:]))[1]:02d}"
