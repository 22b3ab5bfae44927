"""The international dialect (ISO 8583:1987, ASCII). Law: ISO's own tables; where ISO leaves a choice it is in Choices.

A refund is a purchase-return authorisation: 0100 with F3 20xxxx, undone by a 0420 as any other. F90 names an original;
a message that has it has a second bitmap, and then its MAC in F128. How this file was made: docs/new-acquirer.md.

With DUKPT, F53 of every message that has a MAC is its KSN, in the form ISO 8583:1993 gives that field (LL, bytes); an
answer repeats it. Without, there is no F53.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from terminal.iso8583.dialect import Asked, Choices, Dialect, Form, Original, Shape, SignIn, Source, shape
from terminal.iso8583.facts import Identity
from terminal.iso8583.frame import FrameForm
from terminal.iso8583.key_choices import KSN_SIZES, PIN_SIZES, RESPONSE, SESSION, pin_format, vault_format
from terminal.iso8583.kinds import Kind, Side, Silence
from terminal.iso8583.layout import Field, Layout, table
from terminal.iso8583.length import ASCII_4, BINARY_2
from terminal.iso8583.message import Message, WireError
from terminal.iso8583.messages import composed

REVERSAL = "0420"
SIGN_IN, ECHO = "001", "301"  # F70
LENGTHS = {"4 ascii": ASCII_4, "2 binary": BINARY_2}
REASONS = {"98": "68", "96": "22", "A0": "06"}  # F39 of a 0420: the house's words of cup.md 2.10 in ISO's
NO_INSTITUTION = "0" * 22  # F90.4 and 90.5: acquiring and forwarding institution, which a terminal does not know
NO_STAN, NO_DATE, NO_TIME = "0" * 6, "0" * 4, "0" * 6
BATCH = 6  # characters of F60
PIN_BLOCK, KSN = 52, 53
KSN_MOST = 48  # bytes of F53 (ISO 8583:1993, security related control information)

FIELDS: Mapping[int, Field] = table(  # ISO 8583:1987, table of data elements; 55-63 are the acquirer's
    (2, "N", 2, 19),
    (3, "N", 0, 6),
    (4, "N", 0, 12),
    (7, "N", 0, 10),
    (11, "N", 0, 6),
    (12, "N", 0, 6),
    (13, "N", 0, 4),
    (14, "N", 0, 4),
    (15, "N", 0, 4),
    (18, "N", 0, 4),
    (22, "N", 0, 3),
    (23, "N", 0, 3),
    (24, "N", 0, 3),
    (25, "N", 0, 2),
    (26, "N", 0, 2),
    (32, "N", 2, 11),
    (35, "Z", 2, 37),
    (36, "Z", 3, 104),
    (37, "A", 0, 12),
    (38, "A", 0, 6),
    (39, "A", 0, 2),
    (41, "A", 0, 8),
    (42, "A", 0, 15),
    (44, "A", 2, 25),
    (48, "A", 3, 999),
    (49, "A", 0, 3),
    (52, "B", 0, 8),
    (53, "N", 0, 16),
    (54, "A", 3, 120),
    (55, "B", 3, 255),
    (60, "A", 3, BATCH),
    (62, "B", 3, 999),
    (63, "A", 3, 999),
    (64, "B", 0, 8),
    (70, "N", 0, 3),
    (90, "N", 0, 42),
    (128, "B", 0, 8),
)

REVERSE, REPEAT, NOTHING = Silence.REVERSE, Silence.REPEAT, Silence.NOTHING
DEBIT, CREDIT, NONE = Side.DEBIT, Side.CREDIT, Side.NONE
NAMED, DATED, HELD = ("0200", "batch", "stan"), ("0200", "date"), ("0100", "date")  # what F90 must say; batch is F60

FORMS: dict[Kind, Form] = {  # F3: 00 goods, 02 adjustment, 20 return, 31 balance; account 30 is credit
    Kind.SALE: Form("0200", "000000", "00", "", REVERSE, DEBIT, "sale"),
    Kind.VOID: Form("0200", "020000", "00", "", REVERSE, CREDIT, "void", NAMED),
    Kind.REFUND: Form("0100", "200000", "00", "", REVERSE, CREDIT, "refund", DATED),
    Kind.BALANCE: Form("0100", "310000", "00", "", NOTHING, NONE, "balance"),
    Kind.PRE_AUTH: Form("0100", "003000", "06", "", REVERSE, NONE, "sale"),
    Kind.PRE_AUTH_VOID: Form("0100", "020000", "06", "", REVERSE, NONE, "after-pre-auth", HELD),
    Kind.COMPLETION: Form("0220", "003000", "06", "", REPEAT, DEBIT, "after-pre-auth", HELD),
}
CARD = "2C 3M 4M 7M 11M 12M 13M 14C 22M 23C 24M 25M 26C 35C 41M 42M 49M 52C"
ANSWER = "2C 3M 4C 7C 11M 12C 13C 15C 24C 25C 32C 37C 38C 39M 41M 42M 44C 49C 54C 55C 60C 64C 90C 128C"
NETWORK = "7C 11C 12C 13C 24C 37C 39M 41M 42M 60C 62C 70M"
SHAPES = {
    "sale": shape(f"{CARD} 55C 60M 64M", ANSWER),
    "balance": shape(f"{CARD.replace(' 4M', '')} 55C 60M 64M", ANSWER),
    "void": shape(f"{CARD} 37M 38C 60M 90M 128M", ANSWER),
    "refund": shape(f"{CARD} 37C 38C 60M 90M 128M", ANSWER),
    "after-pre-auth": shape(f"{CARD} 38M 60M 90M 128M", ANSWER),
    "reversal": shape("2C 3M 4M 7M 11M 12M 13M 14C 22M 23C 24M 25M 38C 39M 41M 42M 49M 60M 90M 128M", ANSWER),
    "sign-in": shape("7M 11M 12M 13M 24M 41M 42M 60M 70M", NETWORK),
    "echo": shape("24M 41M 42M 60M 70M", NETWORK),
}


def transmission_time(at: str) -> str:
    """F7: MMDDhhmmss in UTC, of an ISO 8601 time; "" of "". Raises WireError when the time has no zone."""
    moment = datetime.fromisoformat(at) if at else None
    if moment is not None and moment.tzinfo is None:
        raise WireError("a time without its zone", 7)
    return f"{moment.astimezone(UTC):%m%d%H%M%S}" if moment else ""


def local(at: str) -> tuple[str, str]:
    """F12 and F13: hhmmss and MMDD of the terminal's own clock."""
    return at[11:13] + at[14:16] + at[17:19], at[5:7] + at[8:10]


def entry_mode(asked: Asked) -> str:
    """F22: the third digit says whether a PIN comes along."""
    mode = asked.plastic.entry_mode
    return f"{mode[:2]}1" if asked.pin_block else mode


def ksn(asked: Asked) -> str:
    """F53: the KSN of the PIN; zeros where the acquirer's client spends one for the MAC."""
    return (asked.pin.ksn if asked.pin else bytes(KSN_SIZES[asked.choices.keys])).hex().upper()


def original_elements(asked: Asked) -> str:
    """F90: MTI, F11 and F7 of the original. A reversal's original is the request itself, and exact; that of a void or
    refund is out of the records, which hold the date of its answer and no F7."""
    facts = asked.facts
    if asked.reason:
        return f"{asked.form.mti}{facts.stan}{transmission_time(facts.at)}{NO_INSTITUTION}"
    named = asked.form.original[0] + (facts.original_stan or NO_STAN)
    return named + (facts.original_date or NO_DATE) + NO_TIME + NO_INSTITUTION


SOURCES: Mapping[str, Source] = {
    "pan": lambda asked: asked.plastic.pan,
    "processing_code": lambda asked: asked.form.processing_code,
    "amount": lambda asked: f"{asked.facts.amount.minor:012d}",
    "transmission_time": lambda asked: transmission_time(asked.facts.at),
    "stan": lambda asked: asked.facts.stan,
    "time": lambda asked: local(asked.facts.at)[0],
    "date": lambda asked: local(asked.facts.at)[1],
    "expiry": lambda asked: asked.plastic.expiry,
    "entry_mode": entry_mode,
    "psn": lambda asked: asked.plastic.psn,
    "network_id": lambda asked: asked.choices.network_id,
    "condition_code": lambda asked: asked.form.condition_code,
    "pin_capture_code": lambda asked: asked.choices.pin_capture if asked.pin_block else "",
    "track2": lambda asked: asked.plastic.track2,
    "rrn": lambda asked: asked.facts.original_rrn,
    "approval_code": lambda asked: asked.facts.original_approval_code or asked.approval_code,
    "response_code": lambda asked: REASONS.get(asked.reason, asked.reason),
    "terminal_id": lambda asked: asked.me.terminal_id,
    "merchant_id": lambda asked: asked.me.merchant_id,
    "currency": lambda asked: asked.facts.amount.numeric,
    "pin_block": lambda asked: asked.pin_block,
    "security_control": ksn,
    "icc_data": lambda asked: asked.plastic.icc_data,
    "private_60": lambda asked: asked.facts.batch,
    "original_elements": original_elements,
}


def batch_of(message: Message) -> str:
    """F60."""
    return message["private_60"]


def original_of(message: Message) -> Original:
    """F60, and F11 and date out of F90."""
    named = message["original_elements"]
    return batch_of(message), named[4:10].strip("0") and named[4:10], named[10:14].strip("0") and named[10:14]


def sign_in(dialect: Dialect, me: Identity, said: SignIn) -> Message:
    """0800/001: working keys, please; they come in F62."""
    time, date = local(said.at)
    fields = {7: transmission_time(said.at), 11: said.stan, 12: time, 13: date, 24: dialect.choices.network_id}
    return composed(dialect, "sign-in", "0800", me, {**fields, 60: said.batch, 70: SIGN_IN})


def echo(dialect: Dialect, me: Identity, batch: str) -> Message:
    """0800/301: is anybody there?"""
    return composed(dialect, "echo", "0800", me, {24: dialect.choices.network_id, 60: batch, 70: ECHO})


def international(choices: Choices) -> Dialect:
    """The dialect as one acquirer wants it. Raises ValueError for choices that are CUP's, or do not go together."""
    if choices.sign_in != "003":
        raise ValueError("sign_in is CUP's choice; the international dialect has one, with tracks in clear")
    if len(choices.network_id) != 3 or not choices.network_id.isdigit():
        raise ValueError("network_id has 3 digits")
    if not choices.has_pan_in_pin:
        raise ValueError("has_pan_in_pin is CUP's choice; here every PIN block is made with the PAN")
    is_dukpt = choices.keys != SESSION
    return Dialect(
        name="international",
        layout=Layout(_fields(choices), is_ascii=True, is_bitmap_hex=choices.bitmap == "hex", last_field=128),
        frame=FrameForm(length=LENGTHS[choices.length], has_header=False),
        mac_rule=choices.keys if is_dukpt else choices.mac,
        forms=FORMS,
        shapes={name: _with_ksn(row) for name, row in SHAPES.items()} if is_dukpt else SHAPES,
        sources=SOURCES,
        reversal_mti=REVERSAL,
        batch_of=batch_of,
        original_of=original_of,
        type_of=lambda message: message["condition_code"],
        sign_in=sign_in,
        echo=echo,
        choices=choices,
        pin_format=vault_format(choices),
        ksn_field=KSN if is_dukpt else 0,
        answer_mac_rule=choices.keys + RESPONSE if is_dukpt else "",
    )


def _fields(choices: Choices) -> Mapping[int, Field]:
    """F52 as long as its block, and F53 where it is a KSN."""
    changed = table((PIN_BLOCK, "B", 0, PIN_SIZES[pin_format(choices)]))
    if choices.keys != SESSION:
        changed |= table((KSN, "B", 2, KSN_MOST))
    return {**FIELDS, **changed}


def _with_ksn(row: Shape) -> Shape:
    if not row.is_signed:
        return row
    return Shape({**row.request, KSN: "M"}, {**row.answer, KSN: "C"})
