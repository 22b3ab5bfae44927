"""The bank's keys at work: working keys, MAC, PIN, tracks. Law: what does not decrypt or verify is refused.

A terminal's sign-in says which keys it wants (60.3, cup.md 1.6); from then on it is served with those. With DUKPT each
message has keys of its own (dukpt.py).
"""

from __future__ import annotations

import hmac
from collections.abc import Callable

import msgspec

from keys.algorithms.mac import mac, rule_of
from keys.algorithms.pin_formats import format_of
from keys.algorithms.track import decrypt_track
from keys.algorithms.working_keys import wrap
from simulator.acquirer.message_keys import MessageKeys
from simulator.acquirer.request import Refusal
from terminal.iso8583.codec import MAC_SIZE
from terminal.iso8583.dialect import Dialect
from terminal.iso8583.message import Message
from terminal.ports import KeyRefused

Chance = Callable[[int], bytes]  # so many random bytes
PADS_ZERO = "0" * 16  # F52 when the SM4 block travels in F59 A1, cup.md 3.3
SM4_BLOCK = "A1032"  # F59: tag A1, 32 characters
WITHOUT_PAN = "1"  # F53 d1: X9.8 without the PAN
ENCRYPTED = "1"  # F53 d3
CUP_RULES = {"des": "cup", "sm4": "cup-sm4"}


class KeyForm(msgspec.Struct, frozen=True):
    """What a sign-in gives."""

    cipher: str
    has_tdk: bool = False
    is_single: bool = False


KEY_FORMS = {  # 60.3, cup.md 1.6
    "001": KeyForm("des", is_single=True),
    "003": KeyForm("des"),
    "004": KeyForm("des", has_tdk=True),
    "005": KeyForm("sm4"),
    "006": KeyForm("sm4", has_tdk=True),
}


class WorkingKeys(msgspec.Struct, frozen=True):
    """Fresh keys in clear, and the block the terminal gets."""

    pik: bytes
    mak: bytes
    tdk: bytes
    cipher: str
    mac_rule: str
    block: bytes

    def __repr__(self) -> str:
        """Never a key."""
        return f"WorkingKeys({self.cipher})"


def fresh_keys(dialect: Dialect, code: str, tmk: bytes, chance: Chance) -> WorkingKeys:
    """For a sign-in of the given 60.3; a dialect whose MAC is not CUP's says the cipher itself."""
    form = KEY_FORMS[code]
    is_cup = dialect.mac_rule in CUP_RULES.values()
    cipher = form.cipher if is_cup else rule_of(dialect.mac_rule).cipher
    rule = CUP_RULES[cipher] if is_cup else dialect.mac_rule
    pik = chance(8 if form.is_single else 16)
    mak = chance(8 if rule == "cup" else 16)
    tdk = chance(16) if form.has_tdk else b""
    block = wrap(tmk, pik, mak, tdk, cipher=cipher, is_single=form.is_single)
    return WorkingKeys(pik, mak, tdk, cipher, rule, block)


def is_authentic(keys: MessageKeys, message: Message, body: bytes) -> bool:
    """Over the bytes as they came: a pad nibble may be anything."""
    sent = bytes.fromhex(message.mac)
    if not sent or not keys.mak:
        return False
    return hmac.compare_digest(sent, mac(keys.mac_rule, keys.mak, body[:-MAC_SIZE]))


def signature(keys: MessageKeys, block: bytes) -> bytes:
    """F64 of an answer's block."""
    return mac(keys.mac_rule, keys.answer_mak, block)


def clear_track(keys: MessageKeys, dialect: Dialect, message: Message) -> str:
    """F35 as a stripe has it. Raises Refusal 99: the keys of the two are out of step (cup.md 3.6)."""
    track = message["track2"]
    if not track or dialect.ksn_field or message["security_control"][2:3] != ENCRYPTED:
        return track
    try:
        return decrypt_track(keys.tdk, track, keys.cipher)
    except KeyRefused:
        raise Refusal("99") from None


def pin(keys: MessageKeys, dialect: Dialect, message: Message, pan: str) -> str:
    """The PIN of F52 or F59 A1; "" when none came. Raises Refusal 99 when it is none (cup.md 2.5)."""
    block = message["pin_block"]
    if not block:
        return ""
    private = message["private_59"]
    if block == PADS_ZERO and private.startswith(SM4_BLOCK):
        block = private[len(SM4_BLOCK) :]
    try:
        return format_of(_pin_format(keys, dialect, message)).read(keys.pik, bytes.fromhex(block), pan)
    except (KeyRefused, ValueError):
        raise Refusal("99") from None


def _pin_format(keys: MessageKeys, dialect: Dialect, message: Message) -> str:
    """CUP says in F53 whether the PAN is in it; elsewhere it is agreed."""
    if dialect.mac_rule not in CUP_RULES.values():
        return dialect.pin_format.rpartition(":")[2]
    cipher = "-sm4" if keys.cipher == "sm4" else ""
    return f"iso-0{cipher}{'-without-pan' if message['security_control'][:1] == WITHOUT_PAN else ''}"
