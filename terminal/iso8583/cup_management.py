"""The CUP dialect's messages about no card's money: sign-in to settlement. Law: cup.md 2.6-2.8, 2.11-2.15, 5.1.

They carry no MAC, but for the script notice and the signature.
"""

from __future__ import annotations

from collections.abc import Callable

from terminal.iso8583.answers import INQUIRY
from terminal.iso8583.cup_private import CHIP_WORKED, READS_CHIP, operator
from terminal.iso8583.dialect import Dialect, SignIn
from terminal.iso8583.facts import Facts, Identity
from terminal.iso8583.message import Message
from terminal.iso8583.messages import composed
from terminal.iso8583.settlement import Detail, Totals, against_issuer_text, certificate_text, details_text

# F60.3, cup.md 1.6
SIGN_OFF, ECHO, STATUS = "002", "301", "362"
TOTALS, UPLOAD, NOT_BALANCED_END, BALANCED_END = "201", "201", "202", "207"
CERTIFICATE = {True: "203", False: "205"}  # IC, online and approved; by whether the totals were balanced
CHIP_NOTICE = {True: "204", False: "206"}
SCRIPT = "951"
INQUIRY_TYPE = "01"  # F60.1
TOLD_SIZE = 14  # F62 of an inquiry's answer: F39 (2) and F37 (12)
SIGNATURE_TYPE = "07"  # F60.1
SERIAL = "Sequence No"  # F62 of a sign-in, cup.md 2.6


def sign_in(dialect: Dialect, me: Identity, said: SignIn) -> Message:
    """0800: working keys, please (cup.md 2.6)."""
    serial = f"{SERIAL}{len(said.serial):02d}{said.serial}".encode().hex().upper() if said.serial else ""
    fields = {
        11: said.stan,
        60: f"00{said.batch}{dialect.choices.sign_in}",
        62: serial,
        63: operator(said.operator, dialect.choices.operator_form),
    }
    return composed(dialect, "sign-in", "0800", me, fields)


def inquiry(dialect: Dialect, me: Identity, facts: Facts, stan: str) -> Message:
    """Asks what became of a refund: F61 names its batch, F11 and date MMDD (docs/protocol.md)."""
    fields = {
        3: INQUIRY[1],
        4: f"{facts.amount.minor:012d}",
        11: stan,
        25: "00",
        49: facts.amount.numeric,
        60: f"{INQUIRY_TYPE}{facts.batch}000",
        61: f"{facts.batch}{facts.stan}{facts.at[5:7]}{facts.at[8:10]}",
    }
    return composed(dialect, "inquiry", INQUIRY[0], me, fields)


def told(private: str) -> tuple[str, str] | None:
    """F39 and F37 of the refund asked about, out of F62 (hex); None when it does not say."""
    text = bytes.fromhex(private).decode("ascii", "replace")
    return (text[:2], text[2:].strip()) if len(text) == TOLD_SIZE and text[:2].isalnum() else None


def sign_off(dialect: Dialect, me: Identity, stan: str, batch: str) -> Message:
    """0820/002: the working keys end (cup.md 2.7)."""
    return composed(dialect, "sign-off", "0820", me, {11: stan, 60: f"00{batch}{SIGN_OFF}"})


def echo(dialect: Dialect, me: Identity, batch: str) -> Message:
    """0820/301: is anybody there? No F11 (cup.md 2.8)."""
    return composed(dialect, "echo", "0820", me, {60: f"00{batch}{ECHO}"})


def status(dialect: Dialect, me: Identity, batch: str, report: str) -> Message:
    """0820/362: how the terminal does, in the acquirer's own words (cup.md 2.8)."""
    return composed(dialect, "status", "0820", me, {60: f"00{batch}{STATUS}", 62: report.encode().hex().upper()})


def download(dialect: Dialect, me: Identity, batch: str, code: str, wanted: bytes) -> Message:
    """A list (0820) or an item (0800) of parameters, or its end, by F60.3 (cup.md 2.13)."""
    mti = "0820" if code in ("372", "373", "382") else "0800"
    return composed(dialect, "download", mti, me, {60: f"00{batch}{code}", 62: wanted.hex().upper()})


def totals(dialect: Dialect, me: Identity, stan: str, batch: str, by: str, sums: Totals) -> Message:
    """0500: what the terminal believes of its batch (cup.md 2.11)."""
    fields = {
        11: stan,
        48: sums.text(),
        49: sums.currency,
        60: f"00{batch}{TOTALS}",
        63: operator(by, dialect.choices.operator_form),
    }
    return composed(dialect, "totals", "0500", me, fields)


def details(dialect: Dialect, me: Identity, stan: str, batch: str, rows: tuple[Detail, ...]) -> Message:
    """0320/201: up to eight approved stripe transactions (cup.md 2.11, order 4)."""
    return composed(dialect, "details", "0320", me, {11: stan, 48: details_text(rows), 60: f"00{batch}{UPLOAD}"})


def notice_again(request: Message) -> Message:
    """0320: a refund or notice, exactly as it was, without its MAC (cup.md 2.11, orders 1 and 5)."""
    return Message("0320", {number: value for number, value in request.fields.items() if number != 64})


def certificate(dialect: Dialect, me: Identity, stan: str, batch: str, item: Message, is_balanced: bool) -> Message:
    """0320/203 or 205: an approved chip sale with its TC (cup.md 2.11, order 6). `item` is the sale's request, its
    F55 with the card's last cryptogram."""
    return _of_chip(dialect, me, stan, f"{batch}{CERTIFICATE[is_balanced]}", item, certificate_text)


def against_issuer(dialect: Dialect, me: Identity, stan: str, batch: str, item: Message, is_balanced: bool) -> Message:
    """0320/204 or 206: the card approved although its issuer's ARPC was wrong (cup.md 2.11, order 8)."""
    return _of_chip(dialect, me, stan, f"{batch}{CHIP_NOTICE[is_balanced]}", item, against_issuer_text)


def _of_chip(
    dialect: Dialect, me: Identity, stan: str, batch_and_code: str, item: Message, text: Callable[[str, str], str]
) -> Message:
    fields = {
        2: item["pan"],
        4: item["amount"],
        11: stan,
        22: item["entry_mode"],
        23: item["psn"],
        55: item["icc_data"],
        60: f"00{batch_and_code}{READS_CHIP}{CHIP_WORKED}",
        62: text(item["amount"], item["currency"]).encode().hex().upper(),
    }
    return composed(dialect, "certificate", "0320", me, fields)


def upload_end(dialect: Dialect, me: Identity, stan: str, batch: str, count: int, is_balanced: bool) -> Message:
    """0320/207 or 202: all is sent (cup.md 2.11, order 9)."""
    code = BALANCED_END if is_balanced else NOT_BALANCED_END
    return composed(dialect, "upload-end", "0320", me, {11: stan, 48: f"{count:04d}", 60: f"00{batch}{code}"})


def script_notice(dialect: Dialect, me: Identity, stan: str, request: Message, answered: dict[int, str]) -> Message:
    """0620/951: what the issuer's script did to the card (cup.md 2.12). `request` is the sale's message; `answered`
    holds F32, F37, F38, F13 of its answer and F55 with the script results."""
    batch, original = request["private_60"][2:8], request["stan"]
    fields = {number: request.fields.get(number, "") for number in (2, 3, 4, 22, 23, 25, 49)}
    fields |= {
        11: stan,
        32: answered.get(32, ""),
        37: answered.get(37, ""),
        38: answered.get(38, ""),
        55: answered.get(55, ""),
        60: f"00{batch}{SCRIPT}{READS_CHIP}{CHIP_WORKED}",
        61: f"{batch}{original}{answered.get(13) or '0000'}",
    }
    return composed(dialect, "script-notice", "0620", me, fields)


def signature(dialect: Dialect, me: Identity, of: dict[int, str], batch: str, elements: bytes, image: bytes) -> Message:
    """0820/800: the cardholder's signature for the exchange whose F4, F11, F15 and F37 are in `of` (cup.md 5.1)."""
    fields = {
        **of,
        15: of.get(15) or "0000",
        55: elements.hex().upper(),
        60: f"{SIGNATURE_TYPE}{batch}{dialect.choices.signature_code}",
        62: image.hex().upper(),
    }
    return composed(dialect, "signature", "0820", me, fields)
