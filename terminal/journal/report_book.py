"""Looking things up for the supervisor's desk: exchanges, shifts, one exchange's story, events. Law: it only reads.

Lists are given a page at a time from where the last page ended (keyset), so that the hundred-thousandth event comes as
fast as the first. A shift is a span of the chain: what began between an operator's log-in and what ended his shift.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from terminal.exchange.stages import Connecting, Stage, Uploading
from terminal.journal.owed import Rows
from terminal.journal.store import JournalFailed
from terminal.refund.application import Application

IN, OUT = "logged-in", "logged-out"
MESSAGES = ("sent", "received", "unanswered")
AT_ONCE = 500  # values in one query
LAST = 1 << 62  # above every seq
_stage: msgspec.json.Decoder[Stage] = msgspec.json.Decoder(Stage)
_application: msgspec.json.Decoder[Application] = msgspec.json.Decoder(Application)
_id: msgspec.json.Decoder[dict[str, str]] = msgspec.json.Decoder(dict[str, str])


class Search(msgspec.Struct, frozen=True):
    """What an exchange must be; "" and None: anything. `first` and `last` are days, YYYY-MM-DD."""

    first: str = ""
    last: str = ""
    amount: int | None = None
    last_four: str = ""
    stan: str = ""
    rrn: str = ""
    operator: str = ""
    kinds: tuple[str, ...] = ()
    state: str = ""


class Shift(msgspec.Struct, frozen=True):
    """`ended` "": it goes on. Events of it stand between `first_seq` and `last_seq`."""

    operator: str
    began: str
    ended: str
    first_seq: int
    last_seq: int


class Event(msgspec.Struct, frozen=True):
    """One link of the chain; `body` is JSON of whoever wrote it."""

    seq: int
    at: str
    kind: str
    body: bytes

    def __repr__(self) -> str:
        """Without its body."""
        return f"Event({self.seq}, {self.kind})"


class Span(msgspec.Struct, frozen=True):
    """Which events: of these kinds (none: of all), between two seqs, both in it, and on this day ("": on any)."""

    kinds: tuple[str, ...] = ()
    first: int = 1
    last: int = LAST
    day: str = ""


class ReportBook:
    """Over the journal's own reading."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    # --- exchanges -----------------------------------------------------------------------------------------------
    async def count(self, search: Search) -> int:
        where, arguments = _where(search)
        rows = await self._rows(f"SELECT COUNT(*) FROM exchange WHERE {where}", *arguments)  # noqa: S608 - our own words
        return int(str(rows[0][0]))

    async def page(self, search: Search, limit: int, after: Stage | None = None) -> list[Stage]:
        """Newest first, from behind `after`."""
        where, arguments = _where(search)
        if after is not None:
            where += " AND (day, at, id) < (?, ?, ?)"
            arguments += (after.request.at[:10], after.request.at, after.request.id)
        order = "at DESC, id DESC" if search.operator else "day DESC, at DESC, id DESC"  # the same, as an index has it
        rows = await self._rows(
            f"SELECT stage FROM exchange WHERE {where} ORDER BY {order} LIMIT ?",  # noqa: S608 - our own words
            *arguments,
            limit,
        )
        return _stages(rows)

    async def of_days(self, first: str, last: str) -> list[Stage]:
        """All that began on these days and those between, oldest first."""
        rows = await self._rows("SELECT stage FROM exchange WHERE day BETWEEN ? AND ? ORDER BY at, id", first, last)
        return _stages(rows)

    # --- applications --------------------------------------------------------------------------------------------
    async def applications(self, limit: int, after: Application | None = None) -> list[Application]:
        """Newest first, from behind `after`: they are numbered as they come."""
        before = after.id if after is not None else "A"  # digits stand before it
        return _applications(
            await self._rows("SELECT body FROM application WHERE id < ? ORDER BY id DESC LIMIT ?", before, limit)
        )

    async def application_count(self) -> int:
        return int(str((await self._rows("SELECT COUNT(*) FROM application"))[0][0]))

    async def applications_of(self, exchange_ids: Sequence[str]) -> dict[str, Application]:
        """By the id of the exchange that carried each out."""
        found: dict[str, Application] = {}
        for start in range(0, len(exchange_ids), AT_ONCE):
            ids = exchange_ids[start : start + AT_ONCE]
            marks = ", ".join("?" * len(ids))
            rows = await self._rows(f"SELECT body FROM application WHERE exchange_id IN ({marks})", *ids)  # noqa: S608 - only marks
            found |= {one.exchange_id: one for one in _applications(rows)}
        return found

    # --- shifts --------------------------------------------------------------------------------------------------
    async def shifts(self, limit: int, before: int = LAST) -> list[Shift]:
        """Newest first, those that began before this seq."""
        rows = await self._rows(
            "SELECT seq, at, body FROM event WHERE kind = ? AND seq < ? ORDER BY seq DESC LIMIT ?", IN, before, limit
        )
        return [await self._shift(int(str(seq)), str(at), body) for seq, at, body in rows]

    async def shift_count(self) -> int:
        return int(str((await self._rows("SELECT COUNT(*) FROM event WHERE kind = ?", IN))[0][0]))

    async def of_shift(self, shift: Shift) -> list[Stage]:
        """All that began in it, oldest first."""
        rows = await self._rows(
            "SELECT stage FROM exchange WHERE id IN (SELECT json_extract(CAST(body AS TEXT), '$.id') FROM event"
            " WHERE kind = 'begun' AND seq > ? AND seq < ?) ORDER BY at, id",
            shift.first_seq,
            shift.last_seq,
        )
        return _stages(rows)

    async def _shift(self, seq: int, at: str, body: object) -> Shift:
        """After a power cut nobody logged out: the next log-in ended it."""
        operator = _id.decode(body).get("operator", "") if isinstance(body, bytes) else ""
        ends = [
            rows[0]
            for kind in (IN, OUT)
            if (
                rows := await self._rows(
                    "SELECT seq, at FROM event WHERE kind = ? AND seq > ? ORDER BY seq LIMIT 1", kind, seq
                )
            )
        ]
        last, ended = min(((int(str(end)), str(when)) for end, when in ends), default=(LAST, ""))
        return Shift(operator, at, ended, seq, last)

    # --- one exchange --------------------------------------------------------------------------------------------
    async def stages_of(self, stage: Stage) -> list[tuple[Event, Stage]]:
        """Every stage it went through, oldest first; from the day it began, or from the start where that misses any."""
        told = await self._stages_from(stage, await self._first_seq(stage.request.at))
        if not told or not isinstance(told[0][1], Connecting | Uploading):
            told = await self._stages_from(stage, 1)  # the clock was set back meanwhile
        return told

    async def _stages_from(self, stage: Stage, seq: int) -> list[tuple[Event, Stage]]:
        mark = f'"request":{{"id":"{stage.request.id}"'.encode()
        found = await self._events("kind = 'stage' AND seq >= ? AND instr(body, ?) > 0 ORDER BY seq", seq, mark)
        told = [(event, _stage.decode(event.body)) for event in found]
        return [(event, one) for event, one in told if one.request.at == stage.request.at]

    async def messages(self, first: int, last: int) -> list[Event]:
        """What went over the line between two seqs, oldest first."""
        kinds = ", ".join(f"'{kind}'" for kind in MESSAGES)
        return await self._events(f"kind IN ({kinds}) AND seq BETWEEN ? AND ? ORDER BY seq", first, last)

    async def begun(self, id: str, before: int) -> int:
        """Where in the chain it was begun; `before`, a seq of its first stage, when there is no word of that."""
        rows = await self._rows(
            "SELECT seq FROM event WHERE kind = 'begun' AND seq <= ? AND body = ? ORDER BY seq DESC LIMIT 1",
            before,
            msgspec.json.encode({"id": id}),
        )
        return int(str(rows[0][0])) if rows else before

    # --- events --------------------------------------------------------------------------------------------------
    async def of_day(self, kinds: tuple[str, ...], day: str) -> Span:
        """The events of a day; found once, so that its pages come fast. Of a day without any: an empty span."""
        low, high = f"{day}T", f"{day}U"
        rows = await self._rows("SELECT min(seq), max(seq) FROM event WHERE at >= ? AND at < ?", low, high)
        first, last = rows[0]
        return Span(kinds, int(str(first)), int(str(last)), day) if first is not None else Span(kinds, 1, 0, day)

    async def event_count(self, span: Span) -> int:
        where, arguments = _within(span)
        one = f"SELECT COUNT(*) FROM event WHERE {where}"  # noqa: S608 - our own words
        counts = [await self._rows(f"{one}{kind}", *arguments, *name) for kind, name in _by_kind(span)]
        return sum(int(str(rows[0][0])) for rows in counts)

    async def events(self, span: Span, limit: int, before: int = LAST) -> list[Event]:
        """Newest first, those before this seq. Each kind is walked by its own index, and the newest are taken."""
        where, arguments = _within(msgspec.structs.replace(span, last=min(span.last, before - 1)))
        found = [
            event
            for kind, name in _by_kind(span)
            for event in await self._events(f"{where}{kind} ORDER BY seq DESC LIMIT ?", *arguments, *name, limit)
        ]
        return sorted(found, key=lambda event: -event.seq)[:limit]

    # --- inside --------------------------------------------------------------------------------------------------
    async def _events(self, where: str, *arguments: object) -> list[Event]:
        rows = await self._rows(f"SELECT seq, at, kind, CAST(body AS BLOB) FROM event WHERE {where}", *arguments)  # noqa: S608 - our own words
        return [msgspec.convert(dict(zip(Event.__struct_fields__, row, strict=True)), Event) for row in rows]

    async def _first_seq(self, at: str) -> int:
        """A seq before which nothing of this moment stands; by halves, an hour of a clock that went back allowed."""
        rows = await self._rows("SELECT max(seq) FROM event")
        low, high = 1, int(str(rows[0][0] or 1))
        early = _hour_before(at)
        while low < high:
            middle = (low + high) // 2
            (when,) = (await self._rows("SELECT at FROM event WHERE seq = ?", middle))[0]
            low, high = (middle + 1, high) if str(when) < early else (low, middle)
        return low


def _hour_before(at: str) -> str:
    from datetime import datetime, timedelta

    return (datetime.fromisoformat(at) - timedelta(hours=1)).isoformat(timespec="milliseconds")


def _where(search: Search) -> tuple[str, tuple[object, ...]]:
    kinds = ", ".join("?" * len(search.kinds))
    clauses: list[tuple[str, tuple[object, ...]]] = [
        *([("day >= ?", (search.first,))] if search.first else []),
        *([("day <= ?", (search.last,))] if search.last else []),
        *([("amount = ?", (search.amount,))] if search.amount is not None else []),
        *([(f"kind IN ({kinds})", search.kinds)] if search.kinds else []),
        *(
            (f"{name} = ?", (value,))
            for name in ("last_four", "stan", "rrn", "operator", "state")
            if (value := getattr(search, name))
        ),
    ]
    words = " AND ".join(clause for clause, _ in clauses) or "TRUE"
    return words, tuple(value for _, values in clauses for value in values)


def _within(span: Span) -> tuple[str, tuple[object, ...]]:
    day = (f"{span.day}T", f"{span.day}U") if span.day else ()
    return "seq BETWEEN ? AND ?" + (" AND at >= ? AND at < ?" if day else ""), (span.first, span.last, *day)


def _by_kind(span: Span) -> Iterable[tuple[str, tuple[str, ...]]]:
    return [(" AND kind = ?", (kind,)) for kind in span.kinds] or [("", ())]


def _stages(rows: list[tuple[object, ...]]) -> list[Stage]:
    try:
        return [_stage.decode(row[0]) for row in rows if isinstance(row[0], bytes)]
    except msgspec.DecodeError as error:
        raise JournalFailed(f"a stage in the journal cannot be read: {error}") from None


def _applications(rows: list[tuple[object, ...]]) -> list[Application]:
    try:
        return [_application.decode(row[0]) for row in rows if isinstance(row[0], bytes)]
    except msgspec.DecodeError as error:
        raise JournalFailed(f"an application in the journal cannot be read: {error}") from None
