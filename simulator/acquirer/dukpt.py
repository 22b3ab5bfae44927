"""DUKPT at the bank: a terminal's initial key, and the last KSN it used. Law: a KSN is taken once, only forwards.

A KSN is used up by the first message whose MAC is right, whatever is then decided of it. Before that nothing is signed
under it: an answer that a stranger could have asked for beforehand proves nothing. TEST KEYS ONLY.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from keys.algorithms import dukpt_aes, dukpt_tdes
from keys.algorithms.dukpt import Ksn, NextKey, TransactionKey, derived
from simulator.acquirer.ledger import Ledger
from simulator.acquirer.message_keys import NO_KEYS, MessageKeys
from simulator.acquirer.security import is_authentic
from terminal.iso8583.dialect import Dialect
from terminal.iso8583.message import Message
from terminal.ports import KeyRefused


class Scheme(msgspec.Struct, frozen=True):
    """`usages` name the keys of PIN, request MAC and answer MAC (keys/algorithms/dukpt_*.py)."""

    next_key: NextKey
    cipher: str
    mac_rule: str  # of keys/algorithms/mac.py
    usages: tuple[str, str, str]


SCHEMES: Mapping[str, Scheme] = {
    "dukpt-tdes": Scheme(dukpt_tdes.next_key, "des", "x9.19", ("pin", "mac-request", "mac-response")),
    "dukpt-aes": Scheme(dukpt_aes.next_key, "aes", "cmac", ("pin", "mac-generation", "mac-verification")),
}


def add(ledger: Ledger, terminal_id: str, initial_key: bytes, initial_ksn: bytes) -> None:
    """A terminal's TEST keys; one that has some is left as it is. Raises KeyRefused for what is no KSN."""
    Ksn.of(initial_ksn)
    with ledger.commit():
        sql = "INSERT OR IGNORE INTO dukpt (terminal_id, initial_key, ksn) VALUES (?, ?, ?)"
        ledger.run(sql, terminal_id, initial_key, initial_ksn)


def served(ledger: Ledger, dialect: Dialect, message: Message, body: bytes) -> MessageKeys:
    """The keys of its KSN, used up by its right MAC, inside a commit; none without one. `body` is as it came."""
    keys = keys_of(ledger, dialect, message)
    if not is_authentic(keys, message, body):
        return NO_KEYS
    ksn = bytes.fromhex(message.fields[dialect.ksn_field])
    ledger.run("UPDATE dukpt SET ksn = ? WHERE terminal_id = ?", ksn, message["terminal_id"])
    return keys


def keys_of(ledger: Ledger, dialect: Dialect, message: Message) -> MessageKeys:
    """Of the message's KSN; none when that is another terminal's, was used, or lies behind."""
    row = ledger.one("SELECT initial_key, ksn FROM dukpt WHERE terminal_id = ?", message["terminal_id"])
    said = message.fields.get(dialect.ksn_field, "")
    if row is None or not said:
        return NO_KEYS
    try:
        ksn, last = Ksn.of(bytes.fromhex(said)), Ksn.of(row["ksn"])
        if ksn.initial != last.initial or ksn.counter <= last.counter:
            return NO_KEYS
        return _message_keys(dialect.choices.keys, row["initial_key"], ksn)
    except KeyRefused:
        return NO_KEYS


def keys_from_bdk(scheme: str, bdk: bytes, ksn: bytes) -> MessageKeys:
    """Of any terminal whose initial key comes from this BDK. Raises KeyRefused."""
    named = Ksn.of(ksn)
    maker = dukpt_tdes if SCHEMES[scheme].cipher == "des" else dukpt_aes
    return _message_keys(scheme, maker.initial_key(bdk, named), named)


def _message_keys(name: str, initial_key: bytes, ksn: Ksn) -> MessageKeys:
    scheme = SCHEMES[name]
    transaction_key = derived(scheme.next_key, initial_key, ksn)
    pik, mak, answer_mak = (_working_key(scheme, transaction_key, usage) for usage in scheme.usages)
    return MessageKeys(pik, mak, answer_mak, b"", scheme.cipher, scheme.mac_rule)


def _working_key(scheme: Scheme, transaction_key: TransactionKey, usage: str) -> bytes:
    if scheme.cipher == "des":
        return dukpt_tdes.working_key(transaction_key, usage)
    return dukpt_aes.working_key(transaction_key, usage, len(transaction_key.key))
