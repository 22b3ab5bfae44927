"""Data objects in words: name, and how a value may be shown. Law: EMV 4.4 Book 3, annex A; masks fail closed.

What names the cardholder or the account is masked or only counted; a tag that is not in the table is only counted.
Certificates are counted too: with a CAPK anybody recovers the account number from an ICC certificate (Book 2, 6.4).
Rows marked PBOC are of JR/T 0025, second-hand.

>>> shown(tags.PAN, bytes.fromhex("6210948000000011")), shown(tags.EXPIRY, bytes.fromhex("301031"))
('621094******0011', '2030-10-31')
>>> shown(tags.CARDHOLDER_NAME, b"ZHANG/SAN"), shown(tags.AUC, bytes.fromhex("FF00"))
('(9 bytes, not shown)', 'FF00')
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto

import msgspec

from terminal.emv import tags
from terminal.emv.errors import CardFaulty
from terminal.emv.restrictions import full_date

PAN_HEAD, PAN_TAIL = 6, 4  # PCI DSS 3.4.1: the most that may be shown
PAN_DIGITS = range(12, 20)  # shorter ones would be shown almost whole
COUNTED = "({} bytes, not shown)"
UNKNOWN = "unknown"


class Form(Enum):
    """How a value is written down."""

    HEX = auto()
    DIGITS = auto()  # format n
    DATE = auto()  # YYMMDD
    TIME = auto()  # HHMMSS
    TEXT = auto()  # format an, ans
    ACCOUNT = auto()  # the account number: masked
    TRACK = auto()  # track 2: the account masked, expiry and service code; no discretionary data
    SECRET = auto()  # only counted


class Entry(msgspec.Struct, frozen=True):
    """A row of the dictionary."""

    name: str
    form: Form = Form.HEX


ENTRIES = {
    tags.AID_CARD: Entry("Application dedicated file (ADF) name"),
    tags.LABEL: Entry("Application label", Form.TEXT),
    0x56: Entry("Track 1 data", Form.SECRET),
    tags.TRACK2: Entry("Track 2 equivalent data", Form.TRACK),
    tags.PAN: Entry("Application primary account number (PAN)", Form.ACCOUNT),
    tags.CARDHOLDER_NAME: Entry("Cardholder name", Form.SECRET),
    tags.EXPIRY: Entry("Application expiration date", Form.DATE),
    tags.EFFECTIVE: Entry("Application effective date", Form.DATE),
    tags.ISSUER_COUNTRY: Entry("Issuer country code", Form.DIGITS),
    tags.CURRENCY: Entry("Transaction currency code", Form.DIGITS),
    tags.LANGUAGE: Entry("Language preference", Form.TEXT),
    tags.SERVICE_CODE: Entry("Service code", Form.DIGITS),
    tags.PSN: Entry("PAN sequence number", Form.DIGITS),
    tags.EXPONENT: Entry("Transaction currency exponent", Form.DIGITS),
    0x5F50: Entry("Issuer URL", Form.TEXT),
    0x5F53: Entry("International bank account number (IBAN)", Form.SECRET),
    0x5F54: Entry("Bank identifier code (BIC)", Form.TEXT),
    0x5F55: Entry("Issuer country code, two letters", Form.TEXT),
    0x5F56: Entry("Issuer country code, three letters", Form.TEXT),
    0x5F57: Entry("Account type", Form.DIGITS),
    tags.APPLICATION_TEMPLATE: Entry("Application template"),
    tags.FCI: Entry("File control information (FCI) template"),
    tags.RECORD: Entry("Record template"),
    tags.SCRIPT_BEFORE: Entry("Issuer script template 1"),
    tags.SCRIPT_AFTER: Entry("Issuer script template 2"),
    0x73: Entry("Directory discretionary template"),
    tags.FORMAT_2: Entry("Response message template, format 2"),
    tags.FORMAT_1: Entry("Response message template, format 1", Form.SECRET),
    tags.AMOUNT_BINARY: Entry("Amount, authorised (binary)"),
    tags.AIP: Entry("Application interchange profile"),
    tags.COMMAND_TEMPLATE: Entry("Command template"),
    tags.DF_NAME: Entry("Dedicated file (DF) name"),
    tags.SCRIPT_COMMAND: Entry("Issuer script command", Form.SECRET),
    tags.PRIORITY: Entry("Application priority indicator"),
    tags.SFI: Entry("Short file identifier"),
    0x89: Entry("Authorisation code", Form.TEXT),
    tags.RESPONSE_CODE: Entry("Authorisation response code", Form.TEXT),
    tags.CDOL1: Entry("Card risk management data object list 1 (CDOL1)"),
    tags.CDOL2: Entry("Card risk management data object list 2 (CDOL2)"),
    tags.CVM_LIST: Entry("Cardholder verification method (CVM) list"),
    tags.CAPK_INDEX: Entry("Certification authority public key index"),
    tags.ISSUER_CERTIFICATE: Entry("Issuer public key certificate", Form.SECRET),
    tags.ISSUER_AUTHENTICATION: Entry("Issuer authentication data"),
    tags.ISSUER_REMAINDER: Entry("Issuer public key remainder", Form.SECRET),
    tags.SIGNED_STATIC: Entry("Signed static application data", Form.SECRET),
    tags.AFL: Entry("Application file locator"),
    tags.TVR: Entry("Terminal verification results"),
    tags.TDOL: Entry("Transaction certificate data object list (TDOL)"),
    tags.TC_HASH: Entry("Transaction certificate (TC) hash value"),
    tags.PIN_DATA: Entry("Transaction PIN data", Form.SECRET),
    tags.DATE: Entry("Transaction date", Form.DATE),
    tags.TSI: Entry("Transaction status information"),
    tags.TYPE: Entry("Transaction type", Form.DIGITS),
    0x9D: Entry("Directory definition file (DDF) name"),
    tags.FCI_PROPRIETARY: Entry("FCI proprietary template"),
    tags.ISSUER_DISCRETIONARY: Entry("FCI issuer discretionary data"),
    0x42: Entry("Issuer identification number", Form.DIGITS),
    0x9F01: Entry("Acquirer identifier", Form.DIGITS),
    tags.AMOUNT: Entry("Amount, authorised (numeric)", Form.DIGITS),
    tags.AMOUNT_OTHER: Entry("Amount, other (numeric)", Form.DIGITS),
    tags.AMOUNT_OTHER_BINARY: Entry("Amount, other (binary)"),
    0x9F05: Entry("Application discretionary data", Form.SECRET),
    tags.AID_TERMINAL: Entry("Application identifier (AID), terminal"),
    tags.AUC: Entry("Application usage control"),
    tags.AVN_CARD: Entry("Application version number, card"),
    tags.AVN_TERMINAL: Entry("Application version number, terminal"),
    tags.CARDHOLDER_NAME_LONG: Entry("Cardholder name extended", Form.SECRET),
    tags.IAC_DEFAULT: Entry("Issuer action code - default"),
    tags.IAC_DENIAL: Entry("Issuer action code - denial"),
    tags.IAC_ONLINE: Entry("Issuer action code - online"),
    tags.IAD: Entry("Issuer application data"),
    tags.CODE_TABLE: Entry("Issuer code table index", Form.DIGITS),
    tags.PREFERRED_NAME: Entry("Application preferred name", Form.TEXT),
    tags.LAST_ONLINE_ATC: Entry("Last online ATC register"),
    tags.LOWER_LIMIT: Entry("Lower consecutive offline limit"),
    tags.CATEGORY: Entry("Merchant category code", Form.DIGITS),
    tags.MERCHANT_ID: Entry("Merchant identifier", Form.TEXT),
    tags.PIN_TRIES: Entry("PIN try counter"),
    tags.SCRIPT_ID: Entry("Issuer script identifier"),
    0x9F19: Entry("Token requestor ID", Form.DIGITS),
    tags.COUNTRY: Entry("Terminal country code", Form.DIGITS),
    tags.FLOOR_LIMIT: Entry("Terminal floor limit"),
    tags.TERMINAL_ID: Entry("Terminal identification", Form.TEXT),
    tags.RISK_DATA: Entry("Terminal risk management data"),
    tags.SERIAL: Entry("Interface device serial number", Form.TEXT),
    tags.TRACK1_DISCRETIONARY: Entry("Track 1 discretionary data", Form.SECRET),
    tags.TRACK2_DISCRETIONARY: Entry("Track 2 discretionary data", Form.SECRET),
    tags.TIME: Entry("Transaction time", Form.TIME),
    tags.CAPK_INDEX_TERMINAL: Entry("Certification authority public key index, terminal"),
    tags.UPPER_LIMIT: Entry("Upper consecutive offline limit"),
    0x9F24: Entry("Payment account reference (PAR)", Form.SECRET),
    0x9F25: Entry("Last four digits of PAN", Form.DIGITS),
    tags.CRYPTOGRAM: Entry("Application cryptogram"),
    tags.CID: Entry("Cryptogram information data"),
    tags.PIN_CERTIFICATE: Entry("ICC PIN encipherment public key certificate", Form.SECRET),
    tags.PIN_EXPONENT: Entry("ICC PIN encipherment public key exponent"),
    tags.PIN_REMAINDER: Entry("ICC PIN encipherment public key remainder", Form.SECRET),
    tags.ISSUER_EXPONENT: Entry("Issuer public key exponent"),
    tags.CAPABILITIES: Entry("Terminal capabilities"),
    tags.CVM_RESULTS: Entry("CVM results"),
    tags.TERMINAL_TYPE: Entry("Terminal type", Form.DIGITS),
    tags.ATC: Entry("Application transaction counter (ATC)"),
    tags.UNPREDICTABLE_NUMBER: Entry("Unpredictable number"),
    tags.PDOL: Entry("Processing options data object list (PDOL)"),
    tags.ENTRY_MODE: Entry("Point-of-service entry mode", Form.DIGITS),
    0x9F3A: Entry("Amount, reference currency"),
    0x9F3B: Entry("Application reference currency", Form.DIGITS),
    0x9F3C: Entry("Transaction reference currency code", Form.DIGITS),
    0x9F3D: Entry("Transaction reference currency exponent", Form.DIGITS),
    tags.ADDITIONAL_CAPABILITIES: Entry("Additional terminal capabilities"),
    tags.SEQUENCE: Entry("Transaction sequence counter", Form.DIGITS),
    tags.APPLICATION_CURRENCY: Entry("Application currency code", Form.DIGITS),
    0x9F43: Entry("Application reference currency exponent", Form.DIGITS),
    0x9F44: Entry("Application currency exponent", Form.DIGITS),
    tags.DATA_AUTHENTICATION_CODE: Entry("Data authentication code"),
    tags.ICC_CERTIFICATE: Entry("ICC public key certificate", Form.SECRET),
    tags.ICC_EXPONENT: Entry("ICC public key exponent"),
    tags.ICC_REMAINDER: Entry("ICC public key remainder", Form.SECRET),
    tags.DDOL: Entry("Dynamic data authentication data object list (DDOL)"),
    tags.STATIC_TAGS: Entry("Static data authentication tag list"),
    tags.SIGNED_DYNAMIC: Entry("Signed dynamic application data", Form.SECRET),
    tags.ICC_DYNAMIC_NUMBER: Entry("ICC dynamic number"),
    tags.LOG_ENTRY: Entry("Log entry"),
    tags.MERCHANT_NAME: Entry("Merchant name and location", Form.TEXT),
    tags.LOG_FORMAT: Entry("Log format"),
    tags.IDENTITY_NUMBER: Entry("Cardholder's document, number (PBOC)", Form.SECRET),
    tags.IDENTITY_KIND: Entry("Cardholder's document, kind (PBOC)"),
    0x9F63: Entry("Product identification (PBOC)"),
    0x9F6B: Entry("Track 2 data, contactless", Form.SECRET),
    0x9F6C: Entry("Card transaction qualifiers, contactless"),
    tags.TTQ: Entry("Terminal transaction qualifiers, contactless"),
    0x9F74: Entry("Electronic cash issuer authorisation code (PBOC)", Form.TEXT),
    0x9F77: Entry("Electronic cash balance limit (PBOC)", Form.DIGITS),
    0x9F78: Entry("Electronic cash single transaction limit (PBOC)", Form.DIGITS),
    0x9F79: Entry("Electronic cash balance (PBOC)", Form.DIGITS),
    0x9F7A: Entry("Electronic cash terminal support indicator (PBOC)"),
}


def name(tag: int) -> str:
    """In the Book's words, or "unknown".

    >>> name(tags.CDOL1), name(0xDF7E)
    ('Card risk management data object list 1 (CDOL1)', 'unknown')
    """
    return ENTRIES[tag].name if tag in ENTRIES else UNKNOWN


def is_open(tag: int) -> bool:
    """Whether the whole value may be shown."""
    return tag in ENTRIES and ENTRIES[tag].form not in (Form.SECRET, Form.ACCOUNT, Form.TRACK)


def shown(tag: int, value: bytes) -> str:
    """A value as it may be read by anybody; what does not have its form is hex if its tag is open, else counted."""
    writer = WRITERS[ENTRIES[tag].form if tag in ENTRIES else Form.SECRET]
    written = writer(value)
    if written:
        return written
    return value.hex().upper() if is_open(tag) else COUNTED.format(len(value))


def masked(pan: str) -> str:
    """First six, last four; "" for what is no account number long enough to be masked.

    >>> masked("6210948000000000046"), masked("62109480046")
    ('621094*********0046', '')
    """
    if not pan.isdecimal() or len(pan) not in PAN_DIGITS:
        return ""
    return pan[:PAN_HEAD] + "*" * (len(pan) - PAN_HEAD - PAN_TAIL) + pan[-PAN_TAIL:]


def _digits(value: bytes) -> str:
    digits = value.hex()
    return digits if digits.isdecimal() else ""


def _date(value: bytes) -> str:
    try:
        date = full_date(value)
    except CardFaulty:
        return ""
    return f"{date[:4]}-{date[4:6]}-{date[6:]}"


def _time(value: bytes) -> str:
    digits = _digits(value)
    return f"{digits[:2]}:{digits[2:4]}:{digits[4:]}" if len(digits) == 6 else ""


def _text(value: bytes) -> str:
    text = value.decode("latin-1")
    return f'"{text}"' if text.isascii() and text.isprintable() else ""


def _account(value: bytes) -> str:
    return masked(value.hex().upper().rstrip("F"))


def _track(value: bytes) -> str:
    """Of tag 57: no discretionary data, which may hold a CVV."""
    pan, separator, rest = value.hex().upper().partition("D")
    account = masked(pan)
    if not (account and separator and rest[:7].isdecimal() and len(rest) >= 7):
        return ""
    return f"{account} = {rest[:4]} {rest[4:7]}, rest not shown"


WRITERS: dict[Form, Callable[[bytes], str]] = {
    Form.HEX: lambda value: value.hex().upper() or "(empty)",
    Form.DIGITS: _digits,
    Form.DATE: _date,
    Form.TIME: _time,
    Form.TEXT: _text,
    Form.ACCOUNT: _account,
    Form.TRACK: _track,
    Form.SECRET: lambda _: "",
}
