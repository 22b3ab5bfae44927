"""What is asked of the acquirer, as a value that may lie on disk. Law: no card data, only the digest of sealed data."""

from __future__ import annotations

import msgspec

from terminal.iso8583.dialect import Dialect
from terminal.iso8583.facts import Facts
from terminal.iso8583.kinds import Kind, Silence
from terminal.money import Money

ZERO = Money(0)


class CardOnFile(msgspec.Struct, frozen=True):
    """A card as the records know it: `digest` finds the sealed data, `fingerprint` compares, `masked_pan` shows."""

    digest: str
    fingerprint: str
    masked_pan: str  # first 6 and last 4
    entry: str  # I inserted, S swiped, N no card
    scheme: str = ""
    aid: str = ""
    label: str = ""


class Original(msgspec.Struct, frozen=True):
    """The sale that is given back, or the hold that is completed; what is not known of it is ""."""

    exchange_id: str
    stan: str
    batch: str
    rrn: str
    approval_code: str
    date: str  # MMDD, F13 of the sale's answer
    amount: Money
    terminal_id: str = ""  # of a refund of offline money


NO_ORIGINAL = Original("", "", "", "", "", "", ZERO)


class FeeSheet(msgspec.Struct, frozen=True):
    """original - refunded before - kept cost - handling fee = refund, when all of the rest is given back.

    `part` stands in the place of the rest where only so much of it is taken up; None: all of it.
    """

    original: Money
    refunded_before: Money = ZERO
    kept_cost: Money = ZERO
    handling_fee: Money = ZERO
    part: Money | None = None

    @property
    def remaining(self) -> Money:
        """What may still be given back, before costs."""
        return self.original - self.refunded_before

    @property
    def taken_up(self) -> Money:
        """What this refund is about, before costs."""
        return self.remaining if self.part is None else self.part

    @property
    def refund(self) -> Money:
        """What goes back to the card."""
        return self.taken_up - self.kept_cost - self.handling_fee


class Terms(msgspec.Struct, frozen=True):
    """By what rules of the dialect a request was made; they hold until it has ended, whatever is configured since."""

    silence: Silence
    reversal_attempts: int = 3
    keeps_reversal: bool = True
    reverses_mismatch: bool = True
    may_be_partial: bool = False


def terms(dialect: Dialect, kind: Kind) -> Terms:
    """The terms of this kind of request today."""
    choices, silence = dialect.choices, dialect.silence(kind)
    return Terms(
        silence,
        choices.reversal_attempts,
        choices.keeps_reversal,
        choices.reverses_mismatch,
        choices.accepts_partial and kind is Kind.SALE,
    )


class Request(msgspec.Struct, frozen=True):
    """One money request. `id` is batch and F11: unique on this terminal until F11 wraps within a batch."""

    id: str
    kind: Kind
    stan: str
    batch: str
    amount: Money
    at: str  # ISO 8601 with zone, the terminal's clock
    operator: str
    card: CardOnFile
    terms: Terms
    original: Original | None = None
    fee_sheet: FeeSheet | None = None
    reason: str = ""
    supervisor: str = ""  # who agreed, by number, a space between two
    application: str = ""  # id of what it carries out
    needs_completion: bool = False  # a chip sale: the card has the last word
    is_fallback: bool = False  # the chip could not be read, so the stripe was

    def facts(self) -> Facts:
        """The part that goes on the wire."""
        original = self.original or NO_ORIGINAL
        return Facts(
            self.kind,
            self.stan,
            self.batch,
            self.amount,
            original_stan=original.stan,
            original_batch=original.batch,
            original_rrn=original.rrn,
            original_approval_code=original.approval_code,
            original_date=original.date,
            original_terminal_id=original.terminal_id,
            at=self.at,
            operator=self.operator,
            is_fallback=self.is_fallback,
        )
