"""Cardholder verification. Law: EMV 4.4 Book 3, 10.5: walk the card's list, take the first rule that can be done.

This terminal takes a signature or nothing at all; every PIN method is one it does not support.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from terminal.emv import tags
from terminal.emv.errors import CardFaulty
from terminal.emv.verification import Aip, Tvr

METHOD, APPLY_NEXT = 0x3F, 0x40  # byte 1 of a rule, annex C3
FAIL, SIGNATURE, NO_CVM = 0x00, 0x1E, 0x1F
PINS = frozenset((0x01, 0x02, 0x03, 0x04, 0x05))  # plain, online, plain + signature, enciphered, enciphered + signature
IDENTITY_DOCUMENT = 0x20  # PBOC: shown to the merchant
KNOWN = PINS | {FAIL, SIGNATURE, NO_CVM, IDENTITY_DOCUMENT}
ALWAYS, NO_CASH, IF_SUPPORTED = 0x00, 0x02, 0x03  # byte 2 of a rule, annex C3, that a sale of goods can meet
UNDER_X, OVER_X, UNDER_Y, OVER_Y = 0x06, 0x07, 0x08, 0x09
NOT_KNOWN, FAILED, SUCCESSFUL = 0x00, 0x01, 0x02  # byte 3 of the results, Book 4, A4
NONE_PERFORMED = bytes.fromhex("3F0000")
NONE_APPLIED = bytes((0x3F, 0x00, FAILED))
AMOUNTS, RULE = 8, 2  # bytes: X and Y, then rules
RESULT = {SIGNATURE: NOT_KNOWN, NO_CVM: SUCCESSFUL}  # the methods this terminal supports


class Verified(msgspec.Struct, frozen=True):
    """`results` is 9F34."""

    results: bytes
    tvr: Tvr
    is_performed: bool

    @property
    def needs_signature(self) -> bool:
        """Whether the paper must be signed."""
        return self.results[0] & METHOD == SIGNATURE


def verify(aip: Aip, card: Mapping[int, bytes], amount: int, currency: bytes) -> Verified:
    """`amount` in minor units of `currency` (numeric, as in 5F2A). Raises CardFaulty."""
    if Aip.CARDHOLDER_VERIFICATION not in aip:
        return Verified(NONE_PERFORMED, Tvr(0), False)
    if not card.get(tags.CVM_LIST):
        return Verified(NONE_PERFORMED, Tvr.ICC_DATA_MISSING, False)
    limits, listed = rules(card[tags.CVM_LIST])
    return _walk(limits, listed, amount, card.get(tags.APPLICATION_CURRENCY) == currency)


def rules(cvm_list: bytes) -> tuple[tuple[int, int], tuple[tuple[int, int], ...]]:
    """(X, Y) and the rules as (method byte, condition). Raises CardFaulty."""
    if len(cvm_list) < AMOUNTS + RULE or (len(cvm_list) - AMOUNTS) % RULE:
        raise CardFaulty("the list of verification methods has a wrong length")
    limits = int.from_bytes(cvm_list[:4]), int.from_bytes(cvm_list[4:AMOUNTS])
    return limits, tuple((cvm_list[at], cvm_list[at + 1]) for at in range(AMOUNTS, len(cvm_list), RULE))


def _walk(
    limits: tuple[int, int], listed: tuple[tuple[int, int], ...], amount: int, is_same_currency: bool
) -> Verified:
    tvr = Tvr(0)
    for byte, condition in listed:
        method = byte & METHOD
        if not _is_met(condition, method, limits, amount, is_same_currency):
            continue
        if method in RESULT:
            return Verified(bytes((byte, condition, RESULT[method])), tvr, True)
        if method not in KNOWN:
            tvr |= Tvr.UNRECOGNISED_CVM
        if method in PINS:
            tvr |= Tvr.PIN_PAD_MISSING  # Book 4, 6.3.4
        if method == FAIL:
            return Verified(bytes((byte, condition, FAILED)), tvr | Tvr.CVM_FAILED, True)
        if not byte & APPLY_NEXT:
            break
    return Verified(NONE_APPLIED, tvr | Tvr.CVM_FAILED, True)


def _is_met(condition: int, method: int, limits: tuple[int, int], amount: int, is_same_currency: bool) -> bool:
    """Cash conditions and those nobody defined are never met in a sale (annex C3)."""
    if condition in (ALWAYS, NO_CASH):
        return True
    if condition == IF_SUPPORTED:
        return method in RESULT
    x, y = limits
    by_amount = {UNDER_X: amount < x, OVER_X: amount > x, UNDER_Y: amount < y, OVER_Y: amount > y}
    return is_same_currency and by_amount.get(condition, False)
