"""The CUP dialect (Q/CUP 009 as collected in cup.md). Law: a row a message; what acquirers may choose is in Choices.

Rows of SHAPES: cup.md 2.2 and 2.15, the union of what the sources demand; a refund has no F55 (the card is only read).
"""

from __future__ import annotations

import msgspec

from terminal.iso8583.cup_fields import CUP_LAYOUT
from terminal.iso8583.cup_management import echo, inquiry, sign_in
from terminal.iso8583.cup_private import SOURCES, batch_of, original_of, type_of
from terminal.iso8583.dialect import Choices, Dialect, Form, shape
from terminal.iso8583.frame import FrameForm
from terminal.iso8583.kinds import Kind, Side, Silence

REVERSE, REPEAT, QUERY, NOTHING = Silence.REVERSE, Silence.REPEAT, Silence.QUERY, Silence.NOTHING
DEBIT, CREDIT, NONE = Side.DEBIT, Side.CREDIT, Side.NONE
NAMED, DATED, FULL = ("batch", "stan"), ("zeros", "date"), ("batch", "stan", "date")  # what F61 is made of, cup.md 1.7

FORMS: dict[Kind, Form] = {  # cup.md 2.1
    Kind.SALE: Form("0200", "000000", "00", "22", REVERSE, DEBIT, "sale"),
    Kind.VOID: Form("0200", "200000", "00", "23", REVERSE, CREDIT, "void", NAMED),
    Kind.REFUND: Form("0220", "200000", "00", "25", QUERY, CREDIT, "refund", DATED),
    Kind.OFFLINE_REFUND: Form("0220", "200000", "00", "27", QUERY, CREDIT, "offline-refund", FULL),
    Kind.BALANCE: Form("0200", "310000", "00", "01", NOTHING, NONE, "balance"),
    Kind.PRE_AUTH: Form("0100", "030000", "06", "10", REVERSE, NONE, "sale"),
    Kind.PRE_AUTH_MORE: Form("0100", "030000", "60", "10", REVERSE, NONE, "pre-auth-more", DATED),
    Kind.PRE_AUTH_VOID: Form("0100", "200000", "06", "11", REVERSE, NONE, "after-pre-auth", DATED),
    Kind.COMPLETION: Form("0200", "000000", "06", "20", REVERSE, DEBIT, "after-pre-auth", DATED),
    Kind.COMPLETION_VOID: Form("0200", "200000", "06", "21", REVERSE, CREDIT, "completion-void", FULL),
    Kind.COMPLETION_NOTICE: Form("0220", "000000", "06", "24", QUERY, DEBIT, "after-pre-auth", DATED),
    Kind.OFFLINE_SETTLEMENT: Form("0220", "000000", "00", "30", REPEAT, DEBIT, "offline", ("zeros", "date", "mode")),
    Kind.ADJUSTMENT: Form("0220", "000000", "00", "32", REPEAT, DEBIT, "adjustment", (*FULL, "mode")),
    Kind.TIP: Form("0220", "000000", "00", "34", REPEAT, DEBIT, "adjustment", (*FULL, "mode")),
    Kind.OFFLINE_SALE: Form("0200", "000000", "00", "36", REPEAT, DEBIT, "offline-sale"),
    Kind.INSTALMENT: Form("0200", "000000", "64", "22", REVERSE, DEBIT, "sale"),
    Kind.INSTALMENT_VOID: Form("0200", "200000", "64", "23", REVERSE, CREDIT, "void", NAMED),
    Kind.POINTS: Form("0200", "000000", "65", "22", REVERSE, DEBIT, "sale"),
    Kind.POINTS_VOID: Form("0200", "200000", "65", "23", REVERSE, CREDIT, "void", NAMED),
    Kind.POINTS_BALANCE: Form("0200", "310000", "65", "03", NOTHING, NONE, "balance"),
    Kind.MOTO_SALE: Form("0200", "000000", "08", "22", REVERSE, DEBIT, "sale"),
    Kind.MOTO_VOID: Form("0200", "200000", "08", "23", REVERSE, CREDIT, "void", NAMED),
    Kind.MOTO_REFUND: Form("0220", "200000", "08", "25", QUERY, CREDIT, "refund", DATED),
    Kind.MOTO_PRE_AUTH: Form("0100", "030000", "18", "10", REVERSE, NONE, "sale"),
    Kind.MOTO_PRE_AUTH_VOID: Form("0100", "200000", "18", "11", REVERSE, NONE, "after-pre-auth", DATED),
    Kind.MOTO_COMPLETION: Form("0200", "000000", "18", "20", REVERSE, DEBIT, "after-pre-auth", DATED),
    Kind.MOTO_COMPLETION_VOID: Form("0200", "200000", "18", "21", REVERSE, CREDIT, "completion-void", FULL),
    Kind.MOTO_COMPLETION_NOTICE: Form("0220", "000000", "18", "24", QUERY, DEBIT, "after-pre-auth", DATED),
    Kind.RESERVATION: Form("0200", "000000", "67", "54", REVERSE, DEBIT, "sale"),
    Kind.RESERVATION_VOID: Form("0200", "200000", "67", "53", REVERSE, CREDIT, "void", NAMED),
    Kind.LOAD: Form("0200", "600000", "91", "45", REVERSE, NONE, "sale"),
    Kind.CASH_TOP_UP: Form("0200", "630000", "91", "46", REVERSE, CREDIT, "sale"),
    Kind.LOAD_OTHER: Form("0200", "620000", "91", "47", REVERSE, NONE, "load-other"),
    Kind.CASH_TOP_UP_VOID: Form("0200", "170000", "91", "51", REVERSE, DEBIT, "top-up-void", NAMED),
    Kind.ACCOUNT_CHECK: Form("0100", "330000", "00", "01", NOTHING, NONE, "balance"),
}
ANSWER = (
    "2C 3M 4M 11M 12M 13M 14C 15M 22C 23C 25M 32M 37M 38C 39M 41M 42M 44M 49M 53C 54C 55C 57C 59C 60M 61C 62C 63M 64C"
)
CARD = "2C 3M 4M 11M 14C 22M 23C 25M 26C 35C 36C 41M 42M 49M 52C 53C"
MANAGED = "11C 12M 13M 15C 32C 37C 39M 41M 42M 48C 55C 60M 61C 62C 63C 64C"
SHAPES = {
    "sale": shape(f"{CARD} 54C 55C 59C 60M 62C 63C 64M", ANSWER),
    "void": shape(f"{CARD} 37M 38C 59C 60M 61M 62C 63C 64M", ANSWER),
    "refund": shape(f"{CARD} 37M 38C 59C 60M 61M 62C 63M 64M", ANSWER),
    "offline-refund": shape(f"{CARD} 37C 38C 59C 60M 61M 62M 63M 64M", ANSWER),
    "balance": shape(f"{CARD.replace(' 4M', '')} 55C 59C 60M 62C 63C 64M", ANSWER.replace(" 4M", " 4C")),
    "pre-auth-more": shape(f"{CARD} 38M 55C 59C 60M 61M 62C 63C 64M", ANSWER),
    "after-pre-auth": shape(f"{CARD} 38M 59C 60M 61M 62C 63C 64M", ANSWER),
    "completion-void": shape(f"{CARD} 37M 38C 59C 60M 61M 63C 64M", ANSWER),
    "offline": shape("2C 3M 4M 11M 14C 22M 25M 35C 38C 41M 42M 48C 49M 60M 61M 63M 64M", ANSWER),
    "adjustment": shape("2C 3M 4M 11M 14C 22M 25M 37M 38C 41M 42M 48C 49M 60M 61M 63M 64M", ANSWER),
    "offline-sale": shape("2M 3M 4M 11M 14C 22M 23C 25M 41M 42M 49M 55M 60M 63C 64M", ANSWER),
    "load-other": shape(f"{CARD} 55C 59C 60M 62C 63C 64M", ANSWER),
    "top-up-void": shape(f"{CARD} 37M 38C 55C 59C 60M 61M 63C 64M", ANSWER),
    "reversal": shape("2C 3M 4M 11M 14C 22M 23C 25M 38C 39M 41M 42M 49M 53C 55C 60M 61C 62C 64M", ANSWER),
    "inquiry": shape("3M 4M 11M 25M 41M 42M 49M 60M 61M 64M", ANSWER),  # ours, docs/protocol.md
    "sign-in": shape("11M 41M 42M 60M 62C 63M", MANAGED),
    "sign-off": shape("11M 41M 42M 60M", MANAGED),
    "echo": shape("41M 42M 60M", MANAGED),
    "status": shape("41M 42M 60M 62M", MANAGED),
    "download": shape("41M 42M 60M 62C", MANAGED),
    "totals": shape("11M 41M 42M 48M 49M 60M 63M", MANAGED.replace("39M", "39C").replace("48C", "48M")),
    "details": shape("11M 41M 42M 48M 60M", MANAGED),
    "certificate": shape("2M 4M 11M 22M 23C 41M 42M 55M 60M 62M", MANAGED.replace("11C", "4C 11C")),
    "upload-end": shape("11M 41M 42M 48M 60M", MANAGED),
    "script-notice": shape(
        "2C 3M 4C 11M 22M 23C 25M 32C 37M 38C 41M 42M 49M 55M 60M 61M 64M", f"2C 3M 4C {MANAGED} 49C"
    ),
    "signature": shape("2C 3C 4M 11M 15M 25C 37C 41M 42M 55M 60M 62M 64M", MANAGED),
}
DEFAULTS = Choices()
INTERNATIONAL = ("bitmap", "length", "mac", "keys")
PIN_FORMAT = "iso-0"  # F53 d1 knows no other, cup.md 3.5
OFFERS = frozenset({"settlement", "downloads", "signatures", "sign-off", "status", "script-notices", "offline"})


def cup(choices: Choices = DEFAULTS) -> Dialect:
    """The dialect as one acquirer wants it. Raises ValueError for choices that are another dialect's."""
    if any(getattr(choices, name) != getattr(DEFAULTS, name) for name in INTERNATIONAL):
        raise ValueError(f"{', '.join(INTERNATIONAL)} are choices of the international dialect")
    if choices.pin_format not in ("", PIN_FORMAT):
        raise ValueError(f'pin_format = "{choices.pin_format}": the CUP dialect has F52 in "{PIN_FORMAT}" only')
    forms = dict(FORMS)
    if choices.refund_silence == "repeat":
        for kind in (Kind.REFUND, Kind.MOTO_REFUND, Kind.OFFLINE_REFUND):
            forms[kind] = msgspec.structs.replace(forms[kind], silence=REPEAT)
    return Dialect(
        name="cup",
        layout=CUP_LAYOUT,
        frame=FrameForm(has_header=choices.has_header),
        mac_rule="cup-sm4" if choices.cipher == "sm4" else "cup",
        forms=forms,
        shapes=SHAPES,
        sources=SOURCES,
        reversal_mti="0400",
        batch_of=batch_of,
        original_of=original_of,
        type_of=type_of,
        sign_in=sign_in,
        echo=echo,
        inquiry=inquiry if choices.has_inquiry else None,
        offers=OFFERS,
        choices=choices,
        pin_format=_pin_format(choices),
    )


def _pin_format(choices: Choices) -> str:
    """The vault's name for it (keys/algorithms/pin_formats.py)."""
    cipher = "-sm4" if choices.cipher == "sm4" else ""
    return f"{PIN_FORMAT}{cipher}{'' if choices.has_pan_in_pin else '-without-pan'}"


CUP = cup()
