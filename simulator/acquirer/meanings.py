"""What a field says, in words. Law: tables; what may not be shown is not in a sentence either, unless `clear`.

A tag of the chip is shown only when it is known to hold nothing of the card.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from simulator.acquirer.wire_words import (
    ACCOUNTS,
    CHIP,
    CIPHERS,
    CLASSES,
    CLASSES_OF_HEADER,
    CODES,
    CONDITIONS,
    DEMANDS,
    ENTRIES,
    FUNCTIONS,
    NETWORK,
    PARTIAL,
    PIN_FORMS,
    PINS,
    READS,
    SHOWN_TAGS,
    STATES,
    TAGS,
    TRACKS,
    TRANSACTIONS,
    TYPES,
    VERDICTS,
)
from terminal.emv import tags as emv
from terminal.emv.errors import TlvError
from terminal.emv.tlv import parse
from terminal.iso8583.answers import Reply, reply
from terminal.iso8583.dialect import Dialect
from terminal.iso8583.frame import Envelope
from terminal.iso8583.kinds import Silence
from terminal.iso8583.message import Message, WireError, mask_pan
from terminal.iso8583.response_codes import lookup
from terminal.iso8583.settlement import SIDE_SIZE, details, totals
from terminal.money import Money
from terminal.screens import Say
from ui.text import words

ASKED_BY = {"1": "0", "3": "2"}  # MTI, digit 3: of an answer's request
SERIAL = "Sequence No"  # F62 of a sign-in, cup.md 2.6


class Seen(msgspec.Struct, frozen=True):
    """What a meaning may look at: the message as far as it was read, and its answer's view of it."""

    dialect: Dialect
    message: Message
    reply: Reply | None
    clear: bool

    @property
    def is_answer(self) -> bool:
        return self.message.mti[2:3] in ("1", "3")


Meaning = Callable[[Seen, str], list[str]]


def seen(dialect: Dialect, message: Message, clear: bool) -> Seen:
    """Once a message."""
    return Seen(dialect, message, reply(dialect, message) if message.mti else None, clear)


def of_mti(mti: str) -> str:
    """In words.

    >>> of_mti("0220"), of_mti("0421")
    ('financial advice', 'reversal advice, repeated')
    """
    said = f"{CLASSES.get(mti[1:2], 'unknown class')} {FUNCTIONS.get(mti[2:3], 'of an unknown function')}"
    repeated = ", repeated" if mti[3:] in ("1", "3", "5") else ""
    return said + repeated + ("" if mti[:1] == "0" else ", of a private version")


def of_kind(dialect: Dialect, message: Message) -> str:
    """What kind of money message this is, answers or undoes; "" for another."""
    asked = message.mti[:2] + ASKED_BY.get(message.mti[2:3], message.mti[2:3]) + "0"
    said = (message["processing_code"], dialect.type_of(message))
    for kind, form in dialect.forms.items():
        if said == (form.processing_code, form.type_code + form.condition_code):
            if asked == dialect.reversal_mti and form.silence is Silence.REVERSE:
                return f"reversal of {kind.value}"
            if asked == form.mti:
                return kind.value
    return ""


def of_envelope(envelope: Envelope) -> list[tuple[str, bytes, str]]:
    """TPDU and header: name, bytes, meaning."""
    parts = []
    if envelope.tpdu:
        said = envelope.tpdu.hex()
        parts.append(("TPDU", envelope.tpdu, f"id {said[:2]}, to {said[2:6]}, from {said[6:]}"))
    if envelope.header:
        said = envelope.header.hex().upper()
        text = f"{_in(CLASSES_OF_HEADER, said[:2])}; version {said[2:4]}; {_in(STATES, said[4])} mode; "
        parts.append(("header", envelope.header, f"{text}wanted: {_in(DEMANDS, said[5])}; software {said[6:]}"))
    return parts


def of_field(seen: Seen, number: int, value: str) -> list[str]:
    """Lines of meaning; none where the value says it all."""
    meaning = (CUP if seen.dialect.name == "cup" else INTERNATIONAL).get(number) or MEANINGS.get(number)
    return meaning(seen, value) if meaning and value else []


def _in(table: Mapping[str, str], code: str) -> str:
    return f"{code} {table.get(code, 'unknown')}"


def _processing_code(_: Seen, value: str) -> list[str]:
    return [f"{_in(TRANSACTIONS, value[:2])}, from {_in(ACCOUNTS, value[2:4])}, to {_in(ACCOUNTS, value[4:])}"]


def _time(_: Seen, value: str) -> list[str]:
    return [":".join(value[at : at + 2] for at in range(0, 6, 2))]


def _entry_mode(_: Seen, value: str) -> list[str]:
    return [f"{_in(ENTRIES, value[:2])}, {_in(PINS, value[2:])}"]


def _response_code(seen: Seen, value: str) -> list[str]:
    if not seen.is_answer:
        return ["why it is undone"]
    row, language = lookup(value), words("en")
    code = value if row.is_listed else "other"
    said = language.sentences.get(f"code.{code}", "")
    sentence = language.text(Say(f"code.{code}", {"code": value})) if said else "not in the table"
    return [f"{sentence}; to act: {row.who.value}; next: {row.next.value}"]


def _parties(seen: Seen, _: str) -> list[str]:
    return [f"issuer {seen.reply.issuer}, acquirer {seen.reply.acquirer}"] if seen.reply else []


def _additional(seen: Seen, value: str) -> list[str]:
    """F48 of a settlement (cup.md 2.11): totals, details, or a count."""
    try:
        if len(value) == 2 * SIDE_SIZE:
            sums = totals(value)
            mine = (sums.debit, sums.debits, sums.credit, sums.credits, value[SIDE_SIZE - 1])
            foreign = (sums.foreign_debit, sums.foreign_debits, sums.foreign_credit, sums.foreign_credits, value[-1])
            return [_side("home", *mine), _side("foreign", *foreign)]
        if seen.message.mti in ("0320", "0330") and len(value) > 4:
            return [f"{row.stan} {_pan(seen, row.pan)} {Money(row.amount)}" for row in details(value)]
    except WireError:
        return ["not what a settlement says"]
    return [f"{int(value)} in all"] if len(value) == 4 and value.isdecimal() else []


def _side(name: str, debit: int, debits: int, credit: int, credits: int, verdict: str) -> str:
    sums = f"debit {Money(debit)} in {debits}, credit {Money(credit)} in {credits}"
    return f"{name} cards: {sums}; {_in(VERDICTS, verdict)}"


def _pan(seen: Seen, pan: str) -> str:
    return pan if seen.clear else mask_pan(pan)


def _security_control(_: Seen, value: str) -> list[str]:
    return [f"{_in(PIN_FORMS, value[:1])}, {_in(CIPHERS, value[1:2])}, {_in(TRACKS, value[2:3])}"]


def _balance(seen: Seen, value: str) -> list[str]:
    """F54: 20 characters an amount (cup.md 1.5)."""
    said = []
    for at in range(0, len(value) - 19, 20):
        part = value[at : at + 20]
        amount = f"{part[7]} {part[8:]}" if seen.clear else "<amount>"
        said.append(f"account {part[:2]}, amount {part[2:4]}, currency {part[4:7]}, {amount}")
    return said


def _icc_data(seen: Seen, value: str) -> list[str]:
    try:
        pairs = parse(bytes.fromhex(value))
    except TlvError:
        return ["not TLV"]
    return [f"{emv.hex_name(tag)} {TAGS.get(tag, 'unknown')}: {_tag(seen, tag, data)}" for tag, data in pairs]


def _tag(seen: Seen, tag: int, data: bytes) -> str:
    return data.hex().upper() if seen.clear or tag in SHOWN_TAGS else f"<{len(data)} bytes>"


def _private_60(_: Seen, value: str) -> list[str]:
    """cup.md 1.6; 8 digits are the least."""
    said = [f"60.1 type {_in(TYPES, value[:2])}", f"60.2 batch {value[2:8]}"]
    said += [f"60.3 code {_in(CODES, value[8:11])}"] if value[8:11] else []
    said += [f"60.4 reads {_in(READS, value[11])}"] if value[11:12] else []
    said += [f"60.5 {_in(CHIP, value[12])}"] if value[12:13] else []
    said += [f"60.6 {_in(PARTIAL, value[13])}"] if value[13:14] else []
    return said + ([f"60.7 account {value[14:17]}"] if value[14:17] else [])


def _original(_: Seen, value: str) -> list[str]:
    """cup.md 1.7."""
    names = (("batch", 0, 6), ("F11", 6, 12), ("date", 12, 16), ("authorised how", 16, 18), ("authorised by", 18, 29))
    return [f"61.{at} {name} {value[a:b]}" for at, (name, a, b) in enumerate(names, 1) if value[a:b]]


def _private_62(_: Seen, value: str) -> list[str]:
    """The device of a sign-in (cup.md 2.6); keys are explained elsewhere, all else may be the card's."""
    text = bytes.fromhex(value).decode("latin-1")
    return [f"device {text[len(SERIAL) + 2 :]}"] if text.startswith(SERIAL) else []


def _private_63(seen: Seen, value: str) -> list[str]:
    if seen.message.mti in ("0800", "0500"):
        return [f"operator {value.strip()}"]
    said = [f"63.1 organisation {value[:3]}"]
    return said + ([f"63.2 {seen.reply.remark}"] if seen.reply and seen.reply.remark else [])


def _mac(_: Seen, value: str) -> list[str]:
    raw = bytes.fromhex(value)
    return [f'as text "{raw.decode("ascii")}"'] if raw.isalnum() else []


def _original_elements(_: Seen, value: str) -> list[str]:
    """ISO 8583:1987, data element 90."""
    parts = f"MTI {value[:4]}, F11 {value[4:10]}, F7 {value[10:20]}"
    return [f"{parts}, acquirer {value[20:31]}, forwarder {value[31:]}"]


MEANINGS: Mapping[int, Meaning] = {
    3: _processing_code,
    4: lambda _, value: [str(Money(int(value)))],
    7: lambda _, value: [f"{value[:2]}-{value[2:4]} {value[4:6]}:{value[6:8]}:{value[8:]} UTC"],
    12: _time,
    13: lambda _, value: [f"{value[:2]}-{value[2:]}"],
    15: lambda _, value: [f"{value[:2]}-{value[2:]}"],
    22: _entry_mode,
    25: lambda _, value: [_in(CONDITIONS, value)],
    26: lambda _, value: [f"a PIN of at most {int(value)}"],
    39: _response_code,
    44: _parties,
    54: _balance,
    55: _icc_data,
    64: _mac,
    128: _mac,
}
CUP: Mapping[int, Meaning] = {
    48: _additional,
    53: _security_control,
    60: _private_60,
    61: _original,
    62: _private_62,
    63: _private_63,
}
INTERNATIONAL: Mapping[int, Meaning] = {
    53: lambda seen, value: [f"KSN of {len(value) // 2} bytes"] if seen.dialect.ksn_field else [],
    60: lambda _, value: [f"batch {value}"],
    70: lambda _, value: [_in(NETWORK, value)],
    90: _original_elements,
}
