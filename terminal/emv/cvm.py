"""Cardholder verification. Law: EMV 4.4 Book 3, 10.5: walk the card's list; a rule that cannot be done or fails gives
way to the next only if it says so (b7).

begin() gives Verified, or Trying: a method that someone else must carry out (the PIN pad, the merchant). tried() takes
what came of it and walks on. Nothing here has ever seen a PIN.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

import msgspec

from terminal.emv import tags
from terminal.emv.errors import CardFaulty
from terminal.emv.verification import Aip, Capabilities, Tvr

METHOD, APPLY_NEXT = 0x3F, 0x40  # byte 1 of a rule, annex C3
FAIL, PLAIN_PIN, ONLINE_PIN, PLAIN_PIN_SIGNED, ENCIPHERED_PIN, ENCIPHERED_PIN_SIGNED = range(6)
SIGNATURE, NO_CVM = 0x1E, 0x1F
IDENTITY_DOCUMENT = 0x20  # PBOC: shown to the merchant
NEEDS = {  # method -> what the terminal must be capable of
    PLAIN_PIN: Capabilities.PLAIN_OFFLINE_PIN,
    ONLINE_PIN: Capabilities.ONLINE_PIN,
    PLAIN_PIN_SIGNED: Capabilities.PLAIN_OFFLINE_PIN | Capabilities.SIGNATURE,
    ENCIPHERED_PIN: Capabilities.ENCIPHERED_OFFLINE_PIN,
    ENCIPHERED_PIN_SIGNED: Capabilities.ENCIPHERED_OFFLINE_PIN | Capabilities.SIGNATURE,
    SIGNATURE: Capabilities.SIGNATURE,
    NO_CVM: Capabilities.NO_CVM,
    IDENTITY_DOCUMENT: Capabilities.IDENTITY_DOCUMENT,
}
OFFLINE_PINS = frozenset((PLAIN_PIN, PLAIN_PIN_SIGNED, ENCIPHERED_PIN, ENCIPHERED_PIN_SIGNED))
ENCIPHERED = frozenset((ENCIPHERED_PIN, ENCIPHERED_PIN_SIGNED))
PINS = OFFLINE_PINS | {ONLINE_PIN}
SIGNED = frozenset((PLAIN_PIN_SIGNED, ENCIPHERED_PIN_SIGNED, SIGNATURE))
ANY_OFFLINE_PIN = Capabilities.PLAIN_OFFLINE_PIN | Capabilities.ENCIPHERED_OFFLINE_PIN
ALWAYS, NO_CASH, IF_SUPPORTED = 0x00, 0x02, 0x03  # byte 2 of a rule, annex C3, that a sale of goods can meet
UNDER_X, OVER_X, UNDER_Y, OVER_Y = 0x06, 0x07, 0x08, 0x09
NOT_KNOWN, FAILED, SUCCESSFUL = 0x00, 0x01, 0x02  # byte 3 of the results, Book 4, A4
NONE_PERFORMED = bytes.fromhex("3F0000")
NONE_APPLIED = bytes((0x3F, 0x00, FAILED))  # Book 4, 6.3.4.5
AMOUNTS, RULE = 8, 2  # bytes: X and Y, then rules
LENGTHS = range(AMOUNTS + RULE, 253, RULE)  # 8E, annex A


class Outcome(Enum):
    """What came of a method that was tried."""

    DONE = "done"
    FAILED = "failed"
    NOT_ENTERED = "not-entered"  # the cardholder gave no PIN
    LIMIT_EXCEEDED = "limit-exceeded"  # no PIN tries left
    PAD_BROKEN = "pad-broken"


class Rule(msgspec.Struct, frozen=True):
    """Two bytes of the list."""

    byte: int
    condition: int

    @property
    def method(self) -> int:
        return self.byte & METHOD

    def results(self, how: int) -> bytes:
        """9F34 when this was the last method performed."""
        return bytes((self.byte, self.condition, how))


class CvmList(msgspec.Struct, frozen=True):
    """Tag 8E: amounts X and Y in the application's currency, and the rules."""

    x: int
    y: int
    rules: tuple[Rule, ...]


class Ability(msgspec.Struct, frozen=True):
    """What bears on which rule can be done: `amount` in minor units, a document to show."""

    capabilities: Capabilities
    amount: int
    is_same_currency: bool = False
    has_document: bool = False


class Verified(msgspec.Struct, frozen=True):
    """`results` is 9F34; `is_performed` the TSI's bit."""

    results: bytes
    tvr: Tvr = Tvr(0)
    is_performed: bool = True

    @property
    def needs_signature(self) -> bool:
        """Whether the paper must be signed."""
        return self.results[2] != FAILED and self.results[0] & METHOD in SIGNED


class Trying(msgspec.Struct, frozen=True):
    """A method is due: rule number `at` of the list. `last` is what 9F34 would be if nothing better came."""

    cvm_list: CvmList
    ability: Ability
    at: int
    tvr: Tvr = Tvr(0)
    last: bytes = NONE_APPLIED
    is_bypassed: bool = False

    @property
    def rule(self) -> Rule:
        """The rule that is being tried."""
        return self.cvm_list.rules[self.at]


def begin(aip: Aip, card: Mapping[int, bytes], ability: Ability) -> Verified | Trying:
    """Raises CardFaulty for a list that is none."""
    if Aip.CARDHOLDER_VERIFICATION not in aip:
        return Verified(NONE_PERFORMED, is_performed=False)
    if len(card.get(tags.CVM_LIST, b"")) in (0, AMOUNTS):  # a list without rules is none (10.5)
        return Verified(NONE_PERFORMED, Tvr.ICC_DATA_MISSING, is_performed=False)
    return _walk(Trying(cvm_list(card[tags.CVM_LIST]), ability, at=0))


def tried(trying: Trying, outcome: Outcome) -> Verified | Trying:
    """Walk on with what came of the method (Book 3, 10.5.1 to 10.5.5)."""
    rule = trying.rule
    if outcome is Outcome.DONE:
        is_known = rule.method in (PLAIN_PIN, ENCIPHERED_PIN, IDENTITY_DOCUMENT)
        entered = Tvr.ONLINE_PIN_ENTERED if rule.method == ONLINE_PIN else Tvr(0)
        return Verified(rule.results(SUCCESSFUL if is_known else NOT_KNOWN), trying.tvr | entered)
    said = {
        Outcome.NOT_ENTERED: Tvr.PIN_NOT_ENTERED,
        Outcome.LIMIT_EXCEEDED: Tvr.PIN_TRY_LIMIT_EXCEEDED,
        Outcome.PAD_BROKEN: Tvr.PIN_PAD_MISSING,
    }.get(outcome, Tvr(0))
    is_bypassed = trying.is_bypassed or outcome is Outcome.NOT_ENTERED
    failed = msgspec.structs.replace(trying, tvr=trying.tvr | said, last=rule.results(FAILED), is_bypassed=is_bypassed)
    return _next(failed)


def cvm_list(raw: bytes) -> CvmList:
    """Raises CardFaulty."""
    if len(raw) not in LENGTHS:
        raise CardFaulty("the list of verification methods has a wrong length")
    rules = tuple(Rule(raw[at], raw[at + 1]) for at in range(AMOUNTS, len(raw), RULE))
    return CvmList(int.from_bytes(raw[:4]), int.from_bytes(raw[4:AMOUNTS]), rules)


def _walk(trying: Trying) -> Verified | Trying:
    """From rule `at` to the first one whose condition is met."""
    if trying.at >= len(trying.cvm_list.rules):
        return _failed(trying)
    rule, ability = trying.rule, trying.ability
    if not _is_met(rule, trying.cvm_list, ability):
        return _walk(msgspec.structs.replace(trying, at=trying.at + 1))
    if rule.method == FAIL:
        return Verified(rule.results(FAILED), trying.tvr | Tvr.CVM_FAILED)
    if not _is_supported(rule.method, ability):
        return _next(msgspec.structs.replace(trying, tvr=trying.tvr | _why_not(rule.method, ability)))
    if rule.method == SIGNATURE:
        return Verified(rule.results(NOT_KNOWN), trying.tvr)
    if rule.method == NO_CVM:
        return Verified(rule.results(SUCCESSFUL), trying.tvr)
    if rule.method in PINS and trying.is_bypassed:  # once refused, no PIN is asked for again (Book 4, 6.3.4.3)
        return tried(trying, Outcome.NOT_ENTERED)
    return trying


def _next(trying: Trying) -> Verified | Trying:
    """The rule in hand was no success: on to the next, if it allows that."""
    if not trying.rule.byte & APPLY_NEXT:
        return _failed(trying)
    return _walk(msgspec.structs.replace(trying, at=trying.at + 1))


def _failed(trying: Trying) -> Verified:
    return Verified(trying.last, trying.tvr | Tvr.CVM_FAILED)


def _is_met(rule: Rule, listed: CvmList, ability: Ability) -> bool:
    """Cash conditions and those nobody defined are never met in a sale of goods (annex C3)."""
    if rule.condition in (ALWAYS, NO_CASH):
        return True
    if rule.condition == IF_SUPPORTED:
        return _is_supported(rule.method, ability)
    amount = ability.amount
    by_amount = {
        UNDER_X: amount < listed.x,
        OVER_X: amount > listed.x,
        UNDER_Y: amount < listed.y,
        OVER_Y: amount > listed.y,
    }
    return ability.is_same_currency and by_amount.get(rule.condition, False)


def _is_supported(method: int, ability: Ability) -> bool:
    needed = NEEDS.get(method)
    if needed is None or needed not in ability.capabilities:
        return False
    return method != IDENTITY_DOCUMENT or ability.has_document


def _why_not(method: int, ability: Ability) -> Tvr:
    """What a rule that cannot be done leaves in the TVR (10.5, 10.5.1, 10.5.2)."""
    if method not in NEEDS:
        return Tvr.UNRECOGNISED_CVM
    lacks_pad = (method == ONLINE_PIN and Capabilities.ONLINE_PIN not in ability.capabilities) or (
        method in OFFLINE_PINS and not ability.capabilities & ANY_OFFLINE_PIN
    )
    return Tvr.PIN_PAD_MISSING if lacks_pad else Tvr(0)
