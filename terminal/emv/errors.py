"""What can be wrong with a chip. Law: *try the next* stays inside this package, *stop* leaves it; no card data."""

from __future__ import annotations


class EmvError(Exception):
    """Stop: this card ends this operation. `code` is stable, the message says what was wrong."""

    code = "card-faulty"


class CardFaulty(EmvError):
    """卡片错误: the card breaks a rule of the Books."""

    code = "card-faulty"


class CardBlocked(EmvError):
    """The card, or every application on it that we know, is blocked by its issuer."""

    code = "card-blocked"


class NotAccepted(EmvError):
    """The card holds no application that this terminal knows."""

    code = "card-not-accepted"


class ReplyFaulty(EmvError):
    """The acquirer's chip data (F55) cannot be read."""


class TlvError(CardFaulty):
    """Bytes that are not BER-TLV as EMV Book 3, annex B, wants them."""


class ApplicationRefused(Exception):
    """Try the next: the chosen application does not want this transaction (6985 at GPO, Book 3, 10.1)."""


class ApplicationBlocked(ApplicationRefused):
    """Try the next: this application was blocked by its issuer (6283 at SELECT, Book 1, 12.4)."""


class UseContact(EmvError):
    """请插卡: tapped, the card gives nothing; in the slot it may (Book B, "Insert, Swipe or Try Another Card")."""

    code = "use-contact"


class SeePhone(EmvError):
    """The phone wants to be unlocked first, and tapped again (Book C-3, 6986 at GPO)."""

    code = "see-phone"
