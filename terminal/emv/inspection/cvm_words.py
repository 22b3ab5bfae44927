"""The CVM list in words. Law: EMV 4.4 Book 3, annex C3; what a terminal can do of it is cvm.NEEDS.

>>> rule = in_words(cvm.cvm_list(bytes.fromhex("000003E8000000004206")), Capabilities.ONLINE_PIN).rules[0]
>>> rule.method, rule.condition, rule.otherwise, rule.is_supported
('online PIN', 'amount under X', 'next rule', True)
"""

from __future__ import annotations

import msgspec

from terminal.emv import cvm
from terminal.emv.cvm import CvmList, Rule
from terminal.emv.verification import Capabilities

METHODS = {
    cvm.FAIL: "fail",
    cvm.PLAIN_PIN: "plain PIN, checked by the card",
    cvm.ONLINE_PIN: "online PIN",
    cvm.PLAIN_PIN_SIGNED: "plain PIN, checked by the card, and signature",
    cvm.ENCIPHERED_PIN: "enciphered PIN, checked by the card",
    cvm.ENCIPHERED_PIN_SIGNED: "enciphered PIN, checked by the card, and signature",
    cvm.SIGNATURE: "signature",
    cvm.NO_CVM: "no CVM needed",
    cvm.IDENTITY_DOCUMENT: "cardholder's document (PBOC)",
    0x3F: "not available for use",
}
CONDITIONS = {
    cvm.ALWAYS: "always",
    0x01: "unattended cash",
    cvm.NO_CASH: "neither cash nor cashback",
    cvm.IF_SUPPORTED: "the terminal can",
    0x04: "manual cash",
    0x05: "purchase with cashback",
    cvm.UNDER_X: "amount under X",
    cvm.OVER_X: "amount over X",
    cvm.UNDER_Y: "amount under Y",
    cvm.OVER_Y: "amount over Y",
}
SCHEMES_OWN, ISSUERS_OWN, SCHEMES_CONDITION = range(0x20, 0x30), range(0x30, 0x3F), 0x80


class RuleWords(msgspec.Struct, frozen=True):
    """One rule. `code` is its two bytes in hex; `otherwise`: what follows when it cannot be done or fails."""

    code: str
    method: str
    condition: str
    otherwise: str
    is_supported: bool


class CvmWords(msgspec.Struct, frozen=True):
    """`x` and `y` in minor units of the application's currency."""

    x: int
    y: int
    rules: tuple[RuleWords, ...]


def in_words(listed: CvmList, capabilities: Capabilities) -> CvmWords:
    """For a terminal of these capabilities (9F33)."""
    return CvmWords(listed.x, listed.y, tuple(_rule(rule, capabilities) for rule in listed.rules))


def _rule(rule: Rule, capabilities: Capabilities) -> RuleWords:
    needed = cvm.NEEDS.get(rule.method)
    return RuleWords(
        code=f"{rule.byte:02X}{rule.condition:02X}",
        method=METHODS.get(rule.method) or _reserved(rule.method),
        condition=CONDITIONS.get(rule.condition)
        or ("the scheme's own" if rule.condition & SCHEMES_CONDITION else "reserved"),
        otherwise="next rule" if rule.byte & cvm.APPLY_NEXT else "fail",
        is_supported=needed is not None and needed in capabilities,
    )


def _reserved(method: int) -> str:
    if method in SCHEMES_OWN:
        return "the scheme's own"
    return "the issuer's own" if method in ISSUERS_OWN else "reserved"
