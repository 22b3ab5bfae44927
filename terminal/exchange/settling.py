"""A settlement as a machine (cup.md 2.11, 4.7). Law: as an exchange: a stage is on disk before its message leaves.

    Totalling --TotalsAnswered--> ItemsDue --ItemAnswered, RoundDone--> Ending --EndAnswered--> Settled
    and from each of the three: --two people--> Settled, by force

The items of the upload lie in the batch book, each with its F11 and whether it was acknowledged: after a power cut the
same stage is found, and only what is missing goes again. Silence leaves it where it is; while it is open nothing else
is sent. An item that no round could deliver, or whose card was lost with its key, is listed, and does not keep the
batch open for ever. A settlement that the acquirer never takes ends by two people after FORCED_AFTER: not as settled,
but as over here; what the acquirer has not acknowledged is named, and its cards are kept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from enum import Enum

import msgspec

from terminal.emv import tags, tlv
from terminal.emv.errors import EmvError
from terminal.emv.verification import Tvr
from terminal.exchange.stages import Accepted, Open, Stage, state
from terminal.iso8583.dialect import Form
from terminal.iso8583.kinds import Kind, Side
from terminal.iso8583.message import WireError
from terminal.iso8583.settlement import BALANCED, MOST_DETAILS, Totals, totals

ROUNDS = 3  # 重发次数 + 1, cup.md 2.11
HOME_ORGANISATIONS = frozenset({"", "000", "CUP"})  # 内卡, cup.md 2.11
OFFLINE = (Kind.OFFLINE_SETTLEMENT, Kind.ADJUSTMENT, Kind.TIP, Kind.OFFLINE_SALE)
REPLACING = (Kind.ADJUSTMENT, Kind.TIP)
NOTICES = (Kind.REFUND, Kind.OFFLINE_REFUND, Kind.COMPLETION_NOTICE)  # a MOTO refund is not uploaded, cup.md 2.11
NO_DETAIL = (Kind.PRE_AUTH, Kind.PRE_AUTH_VOID, Kind.PRE_AUTH_MORE)
CHIP_TOO = (Kind.VOID, Kind.COMPLETION, Kind.COMPLETION_VOID)  # in the stripe list even when made by chip
CHIP = "I"
FORCED_AFTER, FORCED_TRIES = timedelta(days=1), 3  # since the first of so many attempts that the acquirer did not take
UPLOAD = "upload"  # kind of what is owed (journal/owed.py): an exchange of which no upload could tell, and its card
LOST = "card-lost"  # instead of F39: the item names a card that nobody can read any more, and was not sent


class What(Enum):
    """A sort of item, in the order of the upload."""

    OFFLINE = "offline"  # 1, 2: the message again as 0320
    DETAILS = "details"  # 4: up to eight stripe transactions
    NOTICE = "notice"  # 5: the message again as 0320
    CERTIFICATE = "certificate"  # 6: an approved chip sale with its TC
    AGAINST_ISSUER = "against-issuer"  # 8: one that the card approved although its issuer did not prove itself


class Item(msgspec.Struct, frozen=True):
    """One message of the upload; `stan` "" is still to be taken (offline and notices keep their own)."""

    what: What
    exchange_ids: tuple[str, ...]
    stan: str = ""


class Totalling(msgspec.Struct, frozen=True, tag="totalling"):
    """The 0500 is owed, or may have left."""

    batch: str
    stan: str
    totals: Totals
    operator: str
    address: str = ""  # where the batch was made, and nowhere else (docs/adr/0006)


class ItemsDue(msgspec.Struct, frozen=True, tag="items-due"):
    """The acquirer has compared: `mine` and `foreign` are its verdicts. Items are owed, round by round."""

    batch: str
    totals: Totals
    mine: int
    foreign: int
    round: int = 1
    address: str = ""
    theirs: Totals | None = None  # what the acquirer's answer had for its own


class Ending(msgspec.Struct, frozen=True, tag="ending"):
    """The end of the upload is owed, or may have left."""

    batch: str
    totals: Totals
    mine: int
    foreign: int
    stan: str
    count: int
    missing: int
    address: str = ""
    theirs: Totals | None = None


class Untold(msgspec.Struct, frozen=True):
    """An exchange of which the upload could not tell, or that was open. `amount` in minor units."""

    stan: str
    kind: Kind
    amount: int
    state: str = ""  # of one that was open (terminal/exchange/stages.py)


class Settled(msgspec.Struct, frozen=True, tag="settled"):
    """The batch is closed; `missing` items were never acknowledged, `refused` ones with another code than 00 or 94.

    `lost` names the exchanges of which an item could not be sent, `waiting` those of the batch that were open. One that
    two people ended by force is not settled: `unproven` is what the acquirer has not acknowledged, `fault` its last
    word; `mine` and `foreign` are NO_VERDICT where it gave none."""

    batch: str
    totals: Totals
    mine: int
    foreign: int
    count: int
    missing: int
    refused: int = 0
    lost: tuple[Untold, ...] = ()
    theirs: Totals | None = None
    waiting: tuple[Untold, ...] = ()
    forced_by: tuple[str, ...] = ()
    fault: str = ""
    unproven: tuple[Untold, ...] = ()

    @property
    def is_balanced(self) -> bool:
        return is_balanced(self.mine, self.foreign) and not self.forced_by


NO_VERDICT = 0
Settling = Totalling | ItemsDue | Ending | Settled


def is_balanced(mine: int, foreign: int) -> bool:
    return mine == foreign == BALANCED


def totals_of(stages: Iterable[Stage], forms: Mapping[Kind, Form]) -> Totals:
    """What the acquirer should have of this batch: a voided sale counts as debit, its void as credit."""
    totals = Totals()
    for stage in _standing(stages):
        form = forms.get(stage.request.kind)
        if form is None or form.side is Side.NONE:
            continue
        name = ("" if _is_home(stage) else "foreign_") + form.side.value
        totals = msgspec.structs.replace(
            totals,
            **{name: getattr(totals, name) + stage.amount.minor, f"{name}s": getattr(totals, f"{name}s") + 1},
        )
    return totals


def told_totals(ours: Totals, text: str) -> Totals | None:
    """The acquirer's own sums of a 0510; None where it gave none: unreadable, or ours given back (cup.md 2.11)."""
    try:
        theirs = totals(text)
    except WireError:
        return None
    return None if theirs == ours else theirs


def waiting_of(stages: Iterable[Stage]) -> tuple[Untold, ...]:
    """Those of a batch that are open; they are not in its totals."""
    opened = [stage for stage in stages if isinstance(stage, Open)]
    return tuple(_untold(stage, state(stage)) for stage in opened)


def untold(stages: Iterable[Stage], acknowledged: Collection[str] = ()) -> tuple[Untold, ...]:
    """Accepted exchanges of a batch that stand in its totals, but those whose ids the acquirer acknowledged."""
    return tuple(_untold(stage) for stage in _standing(stages) if stage.request.id not in acknowledged)


def may_be_forced(failures: int, since: datetime, now: datetime) -> bool:
    """Whether the acquirer had its chance: so many attempts that reached it, over so long."""
    return failures >= FORCED_TRIES and now - since >= FORCED_AFTER


def address_of(stages: Iterable[Stage]) -> str:
    """Where the first of a batch was accepted: its settlement goes there."""
    return next((stage.address for stage in stages if isinstance(stage, Accepted) and stage.address), "")


def items_of(
    stages: Iterable[Stage], mine: int, foreign: int, address: str = "", lost: frozenset[str] = frozenset()
) -> list[Item]:
    """What is to be uploaded of a batch after these verdicts, in the order of cup.md 2.11.

    A notice may be booked by an acquirer that has it not, so one that another address accepted is not sent.
    Exchanges whose cards are `lost` share no message with others: it could not be sent."""
    accepted = _standing(stages)
    due = [stage for stage in accepted if (mine if _is_home(stage) else foreign) != BALANCED]
    here = [stage for stage in due if stage.address in ("", address)]
    details = [stage.request.id for stage in due if _is_detail(stage)]
    packs = [*_packs([id for id in details if id not in lost]), *_packs([id for id in details if id in lost])]
    return [
        *(_again(What.OFFLINE, stage) for stage in here if stage.request.kind in OFFLINE),
        *(Item(What.DETAILS, pack) for pack in packs),
        *(_again(What.NOTICE, stage) for stage in here if stage.request.kind in NOTICES),
        *(Item(What.CERTIFICATE, (stage.request.id,)) for stage in accepted if stage.certificate),
        *(Item(What.AGAINST_ISSUER, (stage.request.id,)) for stage in accepted if _is_against_issuer(stage)),
    ]


def _untold(stage: Stage, word: str = "") -> Untold:
    amount = stage.amount if isinstance(stage, Accepted) else stage.request.amount
    return Untold(stage.request.stan, stage.request.kind, amount.minor, word)


def _standing(stages: Iterable[Stage]) -> list[Accepted]:
    """What counts: an adjusted sale is not counted, its adjustment stands for it (cup.md 2.11)."""
    accepted = [stage for stage in stages if isinstance(stage, Accepted)]
    replaced = {
        stage.request.original.exchange_id
        for stage in accepted
        if stage.request.original and stage.request.kind in REPLACING
    }
    return [stage for stage in accepted if stage.request.id not in replaced]


def _packs(ids: list[str]) -> list[tuple[str, ...]]:
    return [tuple(ids[start : start + MOST_DETAILS]) for start in range(0, len(ids), MOST_DETAILS)]


def _again(what: What, stage: Accepted) -> Item:
    return Item(what, (stage.request.id,), stage.request.stan)


def _is_detail(stage: Accepted) -> bool:
    kind = stage.request.kind
    if kind in OFFLINE or kind in NOTICES or kind in NO_DETAIL or kind is Kind.MOTO_REFUND:
        return False
    return stage.request.card.entry != CHIP or kind in CHIP_TOO


def _is_against_issuer(stage: Accepted) -> bool:
    """ARPC错仍承兑: the TVR of the card's last word says so."""
    try:
        said = dict(tlv.parse(bytes.fromhex(stage.certificate)))
    except EmvError:  # written by an earlier version: no settlement stops for it
        return False
    return Tvr.ISSUER_AUTHENTICATION_FAILED in Tvr.from_bytes(said.get(tags.TVR, b""))


def _is_home(stage: Accepted) -> bool:
    return stage.reply.card_organisation.strip() in HOME_ORGANISATIONS
