"""Where each field of a CUP money message comes from, and how F60 and F61 are read. Law: a field, a function.

Sources: cup.md 1.5-1.8, 2.2-2.4, 3.3, 3.5.
"""

from __future__ import annotations

from collections.abc import Mapping

from terminal.iso8583.dialect import Asked, Original, Source
from terminal.iso8583.message import Message

READS_CHIP, READS_TAP = "5", "6"  # F60.4: what this card was read by
TAPPED = "07"  # F22
CHIP_WORKED, CHIP_FAILED = "0", "2"  # F60.5: 2 is a fallback to the stripe
UNKNOWN_ORGANISATION = "000"  # F63.1 of a refund
NO_RRN = "0" * 12  # F37 of a void whose sale had none, cup.md 2.3
NO_DATE = "0000"
REVERSED_CHIP_TAGS = ("95", "9F1E", "9F10", "9F36", "DF31")  # F55 of a 0400, cup.md 2.10
NOTICE = "0220"  # its F63 names the card organisation, cup.md 1.8
NO_PIN, WITHOUT_PAN, WITH_PAN = "0", "1", "2"  # F53 d1: X9.8 without the PAN or with it
CIPHERS = {"des": "6", "sm4": "3"}  # F53 d2: double-length DES, SM4
SM4_PLACEHOLDER = "00" * 8  # F52 when the SM4 block travels in F59 A1, cup.md 3.3


def amount(asked: Asked) -> str:
    """F4."""
    return f"{asked.facts.amount.minor:012d}"


def entry_mode(asked: Asked) -> str:
    """F22: the third digit says whether a PIN comes along."""
    mode = asked.plastic.entry_mode
    return f"{mode[:2]}1" if asked.pin_block else mode


def rrn(asked: Asked) -> str:
    """F37 of the original; a reversal has none."""
    if asked.reason:
        return ""
    return asked.facts.original_rrn or (NO_RRN if asked.form.shape == "void" else "")


def pin_block(asked: Asked) -> str:
    """F52; an SM4 block has 16 bytes and travels in F59."""
    if asked.pin_block and asked.choices.cipher == "sm4":
        return SM4_PLACEHOLDER
    return asked.pin_block


def private_59(asked: Asked) -> str:
    """F59 A1: the SM4 PIN block, 16 bytes written as text of hex (the public text leaves the form open)."""
    is_sm4 = asked.pin_block and asked.choices.cipher == "sm4"
    return f"A1{len(asked.pin_block):03d}{asked.pin_block}" if is_sm4 else ""


def security_control(asked: Asked) -> str:
    """F53: present with a PIN or a track, cup.md 3.5."""
    has_track = bool(asked.plastic.track2 or asked.plastic.track3)
    if asked.reason and not asked.choices.has_security_in_reversal:
        return ""
    if not (asked.pin_block or has_track):
        return ""
    choices = asked.choices
    form = NO_PIN if not asked.pin else WITH_PAN if choices.has_pan_in_pin else WITHOUT_PAN
    return f"{form}{CIPHERS[choices.cipher]}{int(has_track and choices.has_encrypted_track)}".ljust(16, "0")


def icc_data(asked: Asked) -> str:
    """F55; a reversal keeps five tags of it."""
    return only(asked.plastic.icc_data, REVERSED_CHIP_TAGS) if asked.reason else asked.plastic.icc_data


def private_60(asked: Asked) -> str:
    """F60: type, batch, 000, what the terminal reads, how the chip did, partial approval (cup.md 1.6)."""
    chip = CHIP_FAILED if asked.facts.is_fallback else CHIP_WORKED
    reads = READS_TAP if asked.plastic.entry_mode.startswith(TAPPED) else READS_CHIP
    return f"{asked.form.type_code}{asked.facts.batch}000{reads}{chip}{int(asked.choices.accepts_partial)}"


def original(asked: Asked) -> str:
    """F61 (cup.md 1.7). A reversal of a message that has one names the message it reverses."""
    facts, form = asked.facts, asked.form
    if asked.reason and form.original:
        named = facts.batch + facts.stan
        return named + NO_DATE if "date" in form.original else named
    parts = {
        "batch": facts.original_batch or "0" * 6,
        "stan": facts.original_stan or "0" * 6,
        "zeros": "0" * 12,
        "date": facts.original_date or NO_DATE,
        "mode": "00",  # 61.4: authorised at a POS
    }
    text = "".join(parts[name] for name in form.original)
    if form.shape == "void" and asked.choices.void_original_digits == 16:
        text += facts.original_date or NO_DATE
    return text


def private_62(asked: Asked) -> str:
    """F62 of a refund of offline money: the original's terminal, 8 characters (cup.md 2.4)."""
    is_wanted = asked.form.shape == "offline-refund" and not asked.reason
    return asked.facts.original_terminal_id.encode("ascii", "replace").hex().upper() if is_wanted else ""


def private_63(asked: Asked) -> str:
    """F63: the card organisation of a refund or notice, the operator elsewhere (cup.md 1.8)."""
    choices = asked.choices
    by_operator = choices.refund_names == "operator" and asked.form.shape == "refund"
    if asked.form.mti == NOTICE and not by_operator:
        return UNKNOWN_ORGANISATION
    return operator(asked.facts.operator, choices.operator_form) if by_operator else ""


def operator(number: str, form: str) -> str:
    """F63 of a sign-in or settlement: 2 digits and a space, or 3 digits.

    >>> operator("01", "2 and space"), operator("01", "3 digits")
    ('01 ', '001')
    """
    return f"{number:<3}" if form == "2 and space" else f"{number:0>3}"


def only(icc_data: str, tags: tuple[str, ...]) -> str:
    """The given tags of a flat BER-TLV string of hex, in its own order; lengths are one byte here (F55 <= 255)."""
    kept, rest = "", bytes.fromhex(icc_data)
    while rest:
        size = 2 if rest[0] & 0x1F == 0x1F else 1
        end = size + 1 + rest[size]
        if rest[:size].hex().upper() in tags:
            kept += rest[:end].hex().upper()
        rest = rest[end:]
    return kept


SOURCES: Mapping[str, Source] = {
    "pan": lambda asked: asked.plastic.pan,
    "processing_code": lambda asked: asked.form.processing_code,
    "amount": amount,
    "stan": lambda asked: asked.facts.stan,
    "expiry": lambda asked: asked.plastic.expiry,
    "entry_mode": entry_mode,
    "psn": lambda asked: asked.plastic.psn,
    "condition_code": lambda asked: asked.form.condition_code,
    "pin_capture_code": lambda asked: asked.choices.pin_capture if asked.pin_block else "",
    "track2": lambda asked: asked.plastic.track2,
    "track3": lambda asked: asked.plastic.track3,
    "rrn": rrn,
    "approval_code": lambda asked: asked.facts.original_approval_code or asked.approval_code,
    "response_code": lambda asked: asked.reason,
    "terminal_id": lambda asked: asked.me.terminal_id,
    "merchant_id": lambda asked: asked.me.merchant_id,
    "currency": lambda asked: asked.facts.amount.numeric,
    "pin_block": pin_block,
    "security_control": security_control,
    "icc_data": icc_data,
    "private_59": private_59,
    "private_60": private_60,
    "original": original,
    "private_62": private_62,
    "private_63": private_63,
}


def batch_of(message: Message) -> str:
    """F60.2; F60 of 8, 11, 12, 13, 14, 17 or 21 digits is accepted."""
    return message["private_60"][2:8]


def type_of(message: Message) -> str:
    """F60.1, and F25 where one type serves several kinds (instalments, points, MOTO)."""
    return message["private_60"][:2] + message["condition_code"]


def original_of(message: Message) -> Original:
    """F61: batch, F11 and date, whichever it says."""
    text = message["original"]
    return text[:6].strip("0") and text[:6], text[6:12].strip("0") and text[6:12], text[12:16]
