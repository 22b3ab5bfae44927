"""The acquirer's lists as the kernel's rows (cup.md 2.13). Law: a row is read whole or refused; none is guessed.

>>> row = application(bytes.fromhex("9F0608A000000333010101 DF010100 9F08020030 DF1105D84000A800 DF1205DC4004F800"
...                                 "DF13050000000000 9F1B0400000000 DF150400000000 DF160199 DF170199 DF14039F3704"))
>>> row.aid.hex(), row.is_partial, row.tac_online.hex(), row.max_target_percent, row.refund.profile
('a000000333010101', True, 'dc4004f800', 99, 'READ_ONLY')
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from terminal.emv import tags, tlv
from terminal.emv.errors import EmvError
from terminal.emv.oda.capk import ring
from terminal.emv.terminal_data import RID, UNIONPAY_TEST, Application, RefundRule, TerminalData, refund_rule

SELECTION, DDOL = 0xDF01, 0xDF14  # application selection indicator: 00 partial names match
TAC_DEFAULT, TAC_ONLINE, TAC_DENIAL = 0xDF11, 0xDF12, 0xDF13
THRESHOLD, MAX_TARGET, TARGET = 0xDF15, 0xDF16, 0xDF17
AID_LENGTH, TAC_LENGTH, AVN_LENGTH = range(5, 17), range(5, 6), range(2, 3)
AMOUNT_LENGTH = range(1, 5)  # as 9F1B goes to a card in four bytes
MOST_PERCENT = 99
INDEX_AT = 5


class ParametersRefused(ValueError):
    """A row cannot be used; the message names the AID or the tag."""


def kernel(
    aids: Iterable[bytes],
    capks: Iterable[bytes],
    exceptions: Iterable[str],
    rules: Mapping[str, RefundRule],
    revoked: Iterable[str] = (),
) -> TerminalData:
    """All of the acquirer's lists. Without AIDs what we ship stands, and `is_downloaded` says so.

    `rules` are the configuration's, by AID or RID in hex: they go before refund_rule's.

    Raises ParametersRefused, CapkRefused.
    """
    rows = tuple(application(item) for item in aids)
    keys = ring(capks, (revocation(one) for one in revoked))
    chosen = tuple(_ruled(row, rules) for row in rows or UNIONPAY_TEST.applications)
    return msgspec.structs.replace(
        UNIONPAY_TEST,
        applications=chosen,
        keys=keys,
        exceptions=tuple(filter(None, exceptions)),
        is_downloaded=bool(rows and keys.capks),
    )


def application(item: bytes) -> Application:
    """One item of 0800/380. Raises ParametersRefused."""
    try:
        values = tlv.unique(tlv.parse(item))
    except EmvError:
        raise ParametersRefused("an application's parameters cannot be read") from None
    aid = _sized(values, tags.AID_TERMINAL, AID_LENGTH)
    version = tags.AVN_TERMINAL if tags.AVN_TERMINAL in values else tags.AVN_CARD  # both are seen (cup.md 2.13)
    return Application(
        aid=aid,
        avn=_sized(values, version, AVN_LENGTH),
        is_partial=values.get(SELECTION, b"\0") == b"\0",
        tac_denial=_sized(values, TAC_DENIAL, TAC_LENGTH),
        tac_online=_sized(values, TAC_ONLINE, TAC_LENGTH),
        tac_default=_sized(values, TAC_DEFAULT, TAC_LENGTH),
        floor_limit=_amount(values, tags.FLOOR_LIMIT),
        threshold=_amount(values, THRESHOLD),
        target_percent=_percent(values, TARGET),
        max_target_percent=_percent(values, MAX_TARGET),
        ddol=values.get(DDOL, b""),
        refund=refund_rule(aid),
    )


def revocation(text: str) -> tuple[bytes, int, bytes]:
    """RID, CAPK index and serial number of a certificate that was taken back (Book 2, 5.1.2), from 18 hex digits."""
    raw = bytes.fromhex(text)
    return raw[RID], raw[INDEX_AT], raw[INDEX_AT + 1 :]


def _ruled(row: Application, rules: Mapping[str, RefundRule]) -> Application:
    rule = rules.get(row.aid.hex().upper()) or rules.get(row.aid[RID].hex().upper())
    return msgspec.structs.replace(row, refund=rule) if rule else row


def _sized(values: Mapping[int, bytes], tag: int, lengths: range) -> bytes:
    value = values.get(tag, b"")
    if len(value) not in lengths:
        raise ParametersRefused(f"{tags.hex_name(tag)} is not there in its length")
    return value


def _amount(values: Mapping[int, bytes], tag: int) -> int:
    """Minor units; a binary number (9F1B: Book 3, annex A). Not there is zero: everything goes online."""
    return int.from_bytes(_sized(values, tag, AMOUNT_LENGTH)) if tag in values else 0


def _percent(values: Mapping[int, bytes], tag: int) -> int:
    """Two digits."""
    digits = values.get(tag, b"\0").hex()
    if not digits.isdecimal() or int(digits) > MOST_PERCENT:
        raise ParametersRefused(f"{tags.hex_name(tag)} is no percentage")
    return int(digits)
