"""Ids of words that are put together at run time: prefix -> what may follow. Each family is the table it comes from."""

from terminal.dialogue import checks, help_pages, lessons, look, policy_view
from terminal.dialogue import help as helping
from terminal.dialogue.bad_news import CODES
from terminal.dialogue.chip import DOCUMENTS as IDS_OF_EMV
from terminal.dialogue.documents import IDENTITIES
from terminal.dialogue.find_sale import HERE
from terminal.dialogue.manner import CHOICES
from terminal.dialogue.office.applied import NOBODYS, WHYS
from terminal.dialogue.office.audit import ALL
from terminal.dialogue.office.audit_words import ANSWERS, DONE, GROUPS, KEPT, LABELS, LOADED, SETTINGS, WORDS
from terminal.dialogue.office.operators import WHYS as OPERATOR_WHYS
from terminal.dialogue.office.story import SIGNED
from terminal.dialogue.reviewing import RETURNED
from terminal.exchange.downloads import SORTS
from terminal.exchange.events import HOW
from terminal.exchange.stages import NOT_RECEIVED, Ended, Open
from terminal.iso8583.answers import ECHOED
from terminal.iso8583.kinds import Kind
from terminal.iso8583.message import NAMES
from terminal.iso8583.response_codes import TABLE, Who
from terminal.refund.application import Act, State
from terminal.refund.arrival import KINDS, UNKNOWN
from terminal.refund.policy import Need
from terminal.refund.rules import DOCUMENTS, REASONS

OTHER = "other"  # stands for every code that is not listed
SPOKEN = (*(row.code for row in TABLE), OTHER)
RESULTS = ("accepted", "do", "reversed", "reversed.do")
SPEEDS = ("per-hour", "per-shift", "same-card", "old-sale", "outside-hours")
STAGES = {each.__struct_config__.tag for each in (*Open.__args__, *Ended.__args__)}
SIDES = {"debit", "credit"}

FAMILIES = {
    "applied.": {"marks", "documents"},
    "applied.act.": {act.value for act in Act},
    "applied.by.": set(NOBODYS),
    "applied.document.": set(DOCUMENTS),
    "applied.mark.": set(WHYS),
    "applied.state.": {state.value for state in State},
    "audit.": WORDS,
    "audit.answer.": ANSWERS,
    "audit.done.": {done.replace(" ", "-") for done in DONE},
    "audit.field.": LABELS,
    "audit.group.": {ALL, *GROUPS},
    "audit.kind.": {*KEPT, *LOADED},
    "audit.setting.": SETTINGS - LABELS,
    "bad.": {f"{name}{end}" for name in CODES for end in ("", ".do")},
    "code.": {f"{code}{end}" for code in (*SPOKEN, NOT_RECEIVED) for end in ("", ".do")},
    "copy.": {"merchant", "cardholder"},
    "document.": {*IDS_OF_EMV, "compare", "same", "other"},
    "fault.": {
        *("no-answer", "line-lost", "line-down", "unreadable", "mac-wrong", "mac-missing", "issuer-silent"),
        *("part-not-asked", "duplicate", "power", "card-failed", "keys-missing", "inquiry-unclear"),
        *(
            f"other-{name}"
            for name in ("mti", "response-code", *(NAMES[number].replace("_", "-") for number, _ in ECHOED))
        ),
    },
    "field.": {str(number) for number in NAMES},
    "manner.": set(CHOICES),
    "finance.": {"sales", "voids", "refunds"},
    "finance.card.": {*KINDS.values(), UNKNOWN},
    "finance.paper.": {"day", "shift"},
    "find.": {*HERE, "elsewhere", "naked"},
    "folder.": {"refund", "sale", "sent", "received", "unanswered"},
    "folder.act.": {act.value for act in Act},
    "folder.document.": set(DOCUMENTS),
    "folder.picture.": {"paper", "signature", "photo", "other"},
    "folder.stage.": STAGES,
    "help.": {
        *(*helping.MENU, *helping.MORE),
        *(f"{page.id}{end}" for page in help_pages.PAGES for end in ("", ".what", ".do")),
        *(f"walk.{step}{end}" for step in helping.WALK for end in ("", ".keys", ".do")),
        *(f"who.{who.value}" for who in Who),
        *(f"act.{act}" for act in helping.ACTS),
    },
    "identity.": set(IDENTITIES),
    "kind.": {"give_back", *(kind.value for kind in Kind)},
    "live.": {
        *(*checks.CHECKS, *(verdict.value for verdict in look.Verdict)),
        *("acquirer.down", "acquirer.silent", "acquirer.keys", "unknown.file", "unknown.soon", "unknown.hourly"),
    },
    "manage.": {sort.kind for sort in SORTS},
    "mismatch.": SIDES,
    "mismatch.ours.": SIDES,
    "mismatch.theirs.": SIDES,
    "need.": {need.value for need in Need},
    "operators.why.": set(OPERATOR_WHYS),
    "outcome.": STAGES,
    "paper.": {f"{word}{end}" for word in ("unknown", "given-up") for end in (".what", ".do", ".not")},
    "papers.": {*DOCUMENTS, *(f"{kind}.there" for kind in ("receipt", "form", "photo", "note"))},
    "policy.": {
        *("supervisor_above", "review_above", "second_person_above", "pause_above"),
        *("other_card", "elsewhere", "naked"),
        *(f"document.{document}" for document in DOCUMENTS),
        *(f"arrival.{kind}" for kind in ("debit", "credit", "unknown")),
        *(f"day.{day}" for day in policy_view.DAYS),
        *(f"often.{rule}" for rule in SPEEDS),
        *(f"level.{level}" for level in ("warn", "supervisor", "forbid")),
    },
    "practice.": {
        *(f"{lesson.id}{end}" for lesson in lessons.LESSONS for end in ("", ".task", ".learnt")),
        *(f"act.{act}" for act in lessons.ACTS),
    },
    "reason.": set(REASONS),
    "refunds.": {"waiting", "approved", "unknown", "late"},
    "result.": {f"{kind}.{end}" for kind in ("sale", "void", "refund", "other") for end in RESULTS},
    "returned.": {*RETURNED, "stale"},
    "review.": {"approve", "return", "ask"},
    "review.age.": {"minutes", "hours", "days"},
    "review.state.": {"submitted", "under-review", "returned", "approved", "second-person"},
    "role.": {"operator", "senior"},
    "rule.": {
        *("amount", "reason", "operator-day", "elsewhere", "naked", "other-card", "documents"),
        *SPEEDS,
    },
    "search.": {"day", "amount", "last_four", "voucher", "rrn", "operator", "kind"},
    "sees.": {"void", "refund"},
    "settlement.": {"totals", "items", "ending"},
    "settlement.due.": {"yesterday", "earlier", "open"},
    "signature.": {*SIGNED, "paper"},
    "story.": {"sent", "received", "unanswered"},
    "testimony.": {f"{how}{end}" for how in HOW for end in ("", ".number")},
    "track.act.": {act.value for act in Act},
    "wants.": set(DOCUMENTS),
    "why.": {
        *("same-day", "part", "partly-refunded", "settled", "other-day", "void-refused", "elsewhere", "naked"),
        *("completion", "no-void", "other-card"),
    },
}
