"""Which help page opens on which bad news. Law: every name has a page; one that nobody thought of has its family's.

Words: `help.<page>` is the title, `.what` what happened, `.do` who must act and the next key. `checks` run while the
page is open (terminal/dialogue/checks.py); `acts` are offered beside them (terminal/dialogue/help.py).
"""

from __future__ import annotations

import msgspec

from terminal.dialogue.bad_news import CODES


class Page(msgspec.Struct, frozen=True):
    """One page; `names` of bad news lead to it."""

    id: str
    checks: tuple[str, ...] = ()
    acts: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


PAGES = (
    Page("refused", ("signed", "network", "acquirer")),
    Page("late", ("late", "unknown")),
    Page(
        "form",
        ("returned", "reviews"),
        names=(
            *("application-open", "sheet-stale", "no-reviews", "application-stale", "application-moved"),
            *("begin-anew", "reason-gone"),
        ),
    ),
    Page("slow", ("reviews",)),
    Page("papers", ("printer",), names=("camera-lost", "note-secret", "form-unprinted")),
    Page("unknown", ("unknown", "network", "acquirer"), names=("unknown-open", "ended-meanwhile", "nothing-tracked")),
    Page(
        "file",
        ("late", "unknown"),
        names=(
            *("file-overruled-accepted", "file-overruled-refused", "file-stranger", "file-altered", "file-booked"),
            *("file-not-booked", "file-missing", "sale-not-booked"),
        ),
    ),
    Page(
        "log-in",
        names=("password-wrong", "password-locked", "password-weak", "password-differs", "operator-unknown"),
    ),
    Page("factory", names=("factory-password",)),
    Page("two-people", names=("same-person", "not-reviewer", "own-role", "last-operator", "office-rank")),
    Page("locked", names=("door-stuck",)),
    Page("network", ("network", "acquirer", "clock"), names=("line-down", "no-answer")),
    Page("sign-in", ("signed", "network", "acquirer", "keys"), names=("acquirer-refused",)),
    Page("parameters", ("network", "acquirer"), names=("parameters-missing", "download-refused")),
    Page("reversal", ("reversal", "network", "acquirer"), names=("reversal-owed", "reversal-open")),
    Page("keys", ("keys", "signed"), names=("keys-refused", "keys-missing", "keys-erased", "vault-gone")),
    Page("ceremony", ("keys",), names=("ceremony-refused", "erase-unwritten")),
    Page("pinpad", ("keys",), names=("pinpad-lost",)),
    Page("reader", ("reader",), names=("reader-missing",)),
    Page(
        "card",
        ("reader",),
        names=("card-mute", "card-removed", "card-faulty", "stripe-unreadable", "card-has-chip", "swipe-instead"),
    ),
    Page("bad-card", names=("card-blocked", "card-not-accepted", "card-declined", "card-listed", "number-wrong")),
    Page("tap", ("reader",), names=("two-cards", "see-phone", "use-contact")),
    Page("wrong-card", names=("card-differs", "card-unproven", "other-card-off")),
    Page(
        "find",
        names=(
            *("sale-not-found", "nothing-found", "code-unreadable", "other-shop", "other-terminal", "not-a-sale"),
            *("day-wrong", "day-ahead", "amount-contradicts", "sale-not-taken"),
        ),
    ),
    Page("given-back", ("unknown", "late"), names=("nothing-left", "voided", "too-many", "too-soon")),
    Page("amount", names=("amount-zero", "above-remaining", "costs-too-high", "costs-above-policy")),
    Page(
        "policy",
        ("policy", "clock"),
        names=("refund-off", "policy-early", "policy-expired", "policy-refused", "elsewhere-off", "naked-off"),
    ),
    Page("clock", ("clock", "network", "acquirer"), names=("clock-back", "clock-went-back")),
    Page(
        "limit",
        ("policy",),
        names=(
            *("too-old", "above-cap", "above-day-cap", "per-hour", "per-shift", "same-card", "old-sale"),
            "outside-hours",
        ),
    ),
    Page("paper", ("printer",), ("print",), ("paper-out",)),
    Page("printer", ("printer",), ("print",), ("printer-lost", "printer-open", "printer-hot")),
    Page("records", ("journal", "disk", "backup"), names=("journal-failed",)),
    Page("fault", ("journal", "disk"), names=("program-fault",)),
    Page("signature", names=("signature-too-long",)),
    Page(
        "settlement",
        ("settlement", "network", "acquirer"),
        names=("settlement-open", "settlement-stuck", "settle-first", "batch-full", "no-settlement"),
    ),
    Page("not-offered", names=("not-offered", "no-balance")),
    Page("hold", names=("hold-not-found", "completion-not-found", "above-hold")),
    Page("export", ("disk",), names=("export-none", "export-missing", "export-full", "export-lost")),
    Page(
        "backup",
        ("backup", "disk"),
        names=("backup-off", "backup-missing", "backup-full", "backup-lost", "backup-busy", "backup-no-room"),
    ),
    Page("other", ("network", "acquirer", "signed", "journal")),
)
BY_ID = {page.id: page for page in PAGES}
BY_NAME = {name: page for page in PAGES for name in page.names}
# by the letter of its code, for a name that stands in no row
FAMILIES = {
    "P": "log-in",
    "L": "network",
    "K": "keys",
    "C": "card",
    "R": "limit",
    "D": "records",
    "S": "settlement",
    "H": "hold",
    "M": "export",
    "A": "form",
    "B": "backup",
    "U": "unknown",
    "G": "locked",
}


def page_of(name: str) -> Page:
    """The page for a name of bad news, or for a page's own id; "other" for what is neither.

    >>> page_of("line-down").id, page_of("late").id, page_of("never heard of").id
    ('network', 'late', 'other')
    """
    if name in BY_NAME:
        return BY_NAME[name]
    return BY_ID.get(name) or BY_ID[FAMILIES.get(CODES.get(name, "-")[0], "other")]
