"""Typed requests -> messages, by the dialect's tables. Law: the message table decides what is sent; nothing else does.

A mandatory field without a value, or one the table does not know, is a WireError before a byte has left.
"""

from __future__ import annotations

from terminal.iso8583.dialect import Asked, Dialect, Form
from terminal.iso8583.facts import Facts, Identity, Plastic
from terminal.iso8583.kinds import Kind
from terminal.iso8583.message import MAC_FIELDS, NAMES, Message, WireError
from terminal.key_facts import SealedPin

MAC_TO_COME = "00" * 8  # the acquirer's client puts the MAC there


def financial(dialect: Dialect, facts: Facts, plastic: Plastic, me: Identity, pin: SealedPin | None = None) -> Message:
    """Any kind of money message (cup.md 2.1-2.4, 2.16); its MAC is to come, and the KSN of one without a PIN."""
    form = form_of(dialect, facts.kind)
    return _made(dialect, form.shape, form.mti, Asked(form, facts, plastic, me, dialect.choices, pin))


def reversal(
    dialect: Dialect, facts: Facts, plastic: Plastic, me: Identity, reason: str, approval_code: str = ""
) -> Message:
    """0400 or 0420: the same F11, F39 the reason, no track, no PIN, no RRN (cup.md 2.10)."""
    form = form_of(dialect, facts.kind)
    asked = Asked(form, facts, plastic, me, dialect.choices, reason=reason, approval_code=approval_code)
    return _made(dialect, "reversal", dialect.reversal_mti, asked)


def composed(dialect: Dialect, shape: str, mti: str, me: Identity, fields: dict[int, str]) -> Message:
    """A message whose values are given; held to its row of the message table."""
    return _held(dialect, shape, Message(mti, {**fields, 41: me.terminal_id, 42: me.merchant_id}))


def form_of(dialect: Dialect, kind: Kind) -> Form:
    """Raises WireError for a kind that the dialect has not."""
    form = dialect.forms.get(kind)
    if form is None:
        raise WireError(f"this dialect has no {kind.value}")
    return form


def _made(dialect: Dialect, shape: str, mti: str, asked: Asked) -> Message:
    wanted = dialect.shapes[shape].request
    sources = dialect.sources
    fields = {}
    for number in wanted:
        source = sources.get(NAMES[number])
        if source is not None:
            fields[number] = source(asked)
    return _held(dialect, shape, Message(mti, fields))


def _held(dialect: Dialect, shape: str, message: Message) -> Message:
    """Without empty fields, with room for the MAC where one belongs."""
    wanted = dialect.shapes[shape].request
    fields = {number: value for number, value in message.fields.items() if value}
    for number in fields:
        if number not in wanted:
            raise WireError(f"not a field of this {shape}", number)
    for number, presence in wanted.items():
        if number in MAC_FIELDS:
            fields[number] = MAC_TO_COME
        elif presence == "M" and number not in fields:
            raise WireError(f"missing from this {shape}", number)
    return Message(message.mti, fields)
