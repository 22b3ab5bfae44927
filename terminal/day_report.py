"""What a day or a shift came to, as values. Law: the sums are those of the journal's stages, to the fen.

An exchange belongs to the day and to the shift in which it began, whenever it ended; so a report made later may say
more (what was unknown has ended), and `made_at` tells which is newer. `net` = sales - voids - refunds.

| counted as | kinds                                                     | when              |
|------------|-----------------------------------------------------------|-------------------|
| sales      | SALES; not one that was adjusted: the adjustment stands    | Accepted          |
| voids      | VOIDS                                                     | Accepted          |
| refunds    | REFUNDS                                                   | Accepted          |
| unknown    | all three                                                 | Unknown, GivenUp  |
| pending    | all three                                                 | any other open one|
| nowhere    | holds, questions, and money put on a card: the till has it | always            |

`DayReport` is what a desk above the terminals reads (JSON, `encoded`): fields are added, never changed; `version`
counts changes that a reader must know of. Sums are minor units.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date

import msgspec

from terminal.exchange.settling import REPLACING
from terminal.exchange.stages import Accepted, GivenUp, Open, Refused, Stage, Unknown, state
from terminal.iso8583.kinds import Kind
from terminal.refund.application import Application, State
from terminal.refund.arrival import Calendar, card_kind, expected
from terminal.refund.rules import Arrival

VERSION = 1
REFUNDS = frozenset({Kind.REFUND, Kind.OFFLINE_REFUND, Kind.MOTO_REFUND})
VOIDS = frozenset(
    {
        *(Kind.VOID, Kind.COMPLETION_VOID, Kind.INSTALMENT_VOID, Kind.POINTS_VOID),
        *(Kind.MOTO_VOID, Kind.MOTO_COMPLETION_VOID, Kind.RESERVATION_VOID),
    }
)
SALES = frozenset(
    {
        *(Kind.SALE, Kind.COMPLETION, Kind.COMPLETION_NOTICE, Kind.OFFLINE_SETTLEMENT, Kind.ADJUSTMENT, Kind.TIP),
        *(Kind.OFFLINE_SALE, Kind.INSTALMENT, Kind.POINTS, Kind.MOTO_SALE, Kind.MOTO_COMPLETION),
        *(Kind.MOTO_COMPLETION_NOTICE, Kind.RESERVATION),
    }
)
COLUMNS = {**dict.fromkeys(SALES, "sales"), **dict.fromkeys(VOIDS, "voids"), **dict.fromkeys(REFUNDS, "refunds")}
ARRIVED = (State.CREDITED, State.CLOSED)


class Tally(msgspec.Struct, frozen=True):
    """How many, and how much together."""

    count: int = 0
    minor: int = 0

    def plus(self, minor: int) -> Tally:
        return Tally(self.count + 1, self.minor + minor)


class Sums(msgspec.Struct, frozen=True):
    """By what it was."""

    sales: Tally = Tally()
    voids: Tally = Tally()
    refunds: Tally = Tally()

    @property
    def net(self) -> int:
        """What is left, minor units."""
        return self.sales.minor - self.voids.minor - self.refunds.minor

    @property
    def all(self) -> Tally:
        """How many, and how much moved, in whichever direction."""
        parts = (self.sales, self.voids, self.refunds)
        return Tally(sum(part.count for part in parts), sum(part.minor for part in parts))

    def plus(self, column: str, minor: int) -> Sums:
        return msgspec.structs.replace(self, **{column: getattr(self, column).plus(minor)})


class Part(msgspec.Struct, frozen=True):
    """The sums of one operator, reason or card kind."""

    key: str
    sums: Sums


class Entry(msgspec.Struct, frozen=True):
    """One exchange; `card` is first 6 and last 4, `amount` minor units, what is not known is ""."""

    id: str
    at: str
    kind: str
    state: str
    amount: int
    operator: str
    card: str
    card_kind: str
    rrn: str = ""
    approval_code: str = ""
    response_code: str = ""
    original_id: str = ""
    original_rrn: str = ""
    reason: str = ""
    kept_cost: int = 0
    handling_fee: int = 0
    supervisor: str = ""
    application: str = ""
    is_late: bool = False


class Scope(msgspec.Struct, frozen=True):
    """What it is about: `kind` is "day" or "shift"; `first` and `last` are its days, or its moments (ISO 8601)."""

    kind: str
    first: str
    last: str
    operator: str = ""  # whose shift
    merchant_id: str = ""
    terminal_id: str = ""
    made_at: str = ""
    made_by: str = ""


class DayReport(msgspec.Struct, frozen=True):
    """The whole; `net` stands beside its parts for readers that do not add up."""

    scope: Scope
    sums: Sums
    net: int
    by_operator: tuple[Part, ...]
    by_reason: tuple[Part, ...]  # of what gives back
    by_card_kind: tuple[Part, ...]
    kept_costs: Tally
    handling_fees: Tally
    unknown: Sums
    pending: Sums
    late: Tally  # refunds that should be there by now, and nobody says that they are
    entries: tuple[Entry, ...]
    currency: str = "CNY"
    version: int = VERSION


class Follow(msgspec.Struct, frozen=True):
    """What lateness is judged by; `applications` by the id of their exchange."""

    today: date
    arrival: Arrival
    calendar: Calendar
    applications: Mapping[str, Application] = {}


def day_report(scope: Scope, stages: Iterable[Stage], follow: Follow) -> DayReport:
    """`stages`: each exchange of the scope once, as it stands now, oldest first."""
    counted = [stage for stage in stages if stage.request.kind in COLUMNS]
    done = _standing(counted)
    open_ones = [stage for stage in counted if isinstance(stage, Open)]
    unknown = [stage for stage in open_ones if isinstance(stage, Unknown | GivenUp)]
    late = {stage.request.id: _minor(stage) for stage in done if is_late(stage, follow)}
    back = [stage for stage in done if COLUMNS[stage.request.kind] != "sales"]
    sheets = [stage.request.fee_sheet for stage in back if stage.request.fee_sheet is not None]
    return DayReport(
        scope,
        sums := _sums(done),
        sums.net,
        _parts(done, lambda stage: stage.request.operator),
        _parts(back, lambda stage: stage.request.reason or "none"),
        _parts(done, lambda stage: card_kind(stage.request.card)),
        _tally(sheet.kept_cost.minor for sheet in sheets),
        _tally(sheet.handling_fee.minor for sheet in sheets),
        _sums(unknown),
        _sums([stage for stage in open_ones if not isinstance(stage, Unknown | GivenUp)]),
        Tally(len(late), sum(late.values())),
        tuple(_entry(stage, stage.request.id in late) for stage in counted),
    )


def is_late(stage: Stage, follow: Follow) -> bool:
    """An accepted refund that should be there by now (terminal/refund/arrival.py), and is not said to be."""
    if not isinstance(stage, Accepted) or stage.request.kind not in REFUNDS:
        return False
    application = follow.applications.get(stage.request.id)
    if application is not None and application.state in ARRIVED:
        return False
    day = date.fromisoformat(stage.request.at[:10])
    return follow.today > expected(day, stage.request.card, follow.arrival, follow.calendar)[1]


def encoded(report: DayReport) -> bytes:
    """For the desk above: JSON, UTF-8."""
    return msgspec.json.format(msgspec.json.encode(report), indent=1)


def _standing(stages: Iterable[Stage]) -> list[Accepted]:
    """What counts: an adjusted sale is not counted, its adjustment stands for it (cup.md 2.11)."""
    accepted = [stage for stage in stages if isinstance(stage, Accepted)]
    changed = [stage.request.original for stage in accepted if stage.request.kind in REPLACING]
    replaced = {original.exchange_id for original in changed if original is not None}
    return [stage for stage in accepted if stage.request.id not in replaced]


def _minor(stage: Stage) -> int:
    return (stage.amount if isinstance(stage, Accepted) else stage.request.amount).minor


def _sums(stages: Iterable[Stage]) -> Sums:
    sums = Sums()
    for stage in stages:
        sums = sums.plus(COLUMNS[stage.request.kind], _minor(stage))
    return sums


def _tally(parts: Iterable[int]) -> Tally:
    kept = [minor for minor in parts if minor]
    return Tally(len(kept), sum(kept))


def _parts(stages: Iterable[Accepted], key: Callable[[Accepted], str]) -> tuple[Part, ...]:
    """By key, in the order of keys."""
    found: dict[str, list[Accepted]] = {}
    for stage in stages:
        found.setdefault(key(stage), []).append(stage)
    return tuple(Part(name, _sums(found[name])) for name in sorted(found))


def _entry(stage: Stage, late: bool) -> Entry:
    request = stage.request
    reply = stage.reply if isinstance(stage, Accepted) else None
    sheet, original = request.fee_sheet, request.original
    return Entry(
        request.id,
        request.at,
        request.kind.value,
        state(stage),
        _minor(stage),
        request.operator,
        request.card.masked_pan,
        card_kind(request.card),
        reply.rrn if reply else "",
        reply.approval_code if reply else "",
        stage.response_code if isinstance(stage, Refused) else reply.response_code if reply else "",
        original.exchange_id if original else "",
        original.rrn if original else "",
        request.reason,
        sheet.kept_cost.minor if sheet else 0,
        sheet.handling_fee.minor if sheet else 0,
        request.supervisor,
        request.application,
        late,
    )
