"""Everything one application of a card says. Law: as far as the card lets us; no bad record hides the rest.

The kernel's own functions do the reading, one record at a time. For inspection: read.py stops at the first fault.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from terminal.emv import apdu, dol, tags, tlv
from terminal.emv.errors import ApplicationRefused, CardFaulty, EmvError
from terminal.emv.initiate import AflEntry, Initiated, initiate
from terminal.emv.inspection.inspected import Level, News, State
from terminal.emv.inspection.listing import Listed
from terminal.emv.read import Records, read
from terminal.emv.transport import Link

ASKED = (tags.ATC, tags.LAST_ONLINE_ATC, tags.PIN_TRIES, tags.LOG_FORMAT)  # GET DATA (Book 3, 7.3); each may be refused
STATES: dict[int, State] = {apdu.OK: "read", apdu.SELECTED_BLOCKED: "blocked"}

Place = tuple[AflEntry, tlv.Pairs, str]  # a line of one record, its objects, why it could not be read


class Collected(msgspec.Struct, frozen=True):
    """What one application said. None of it may be shown as it is."""

    fci: tlv.Pairs = ()
    initiated: Initiated | None = None
    places: tuple[Place, ...] = ()
    records: Records = Records({})
    asked: tuple[tuple[int, bytes | int], ...] = ()  # tag, and the value or the status word of a refusal
    state: State = "read"
    news: tuple[News, ...] = ()

    def __repr__(self) -> str:
        """Never the card's data."""
        return f"Collected({self.state}, {len(self.places)} records)"


async def collect(link: Link, listed: Listed, terminal: Mapping[int, bytes]) -> Collected:
    """SELECT, GET PROCESSING OPTIONS, READ RECORD, GET DATA. `terminal` fills the PDOL. Raises what `transmit` does."""
    response = await link.send(apdu.select(listed.name))
    fci, news = _fci(listed, response)
    state = STATES.get(response.sw, "not selectable")
    if state != "read":
        return Collected(fci=fci, state=state, news=news)
    try:
        initiated = await initiate(link, dol.fill(dict(fci).get(tags.PDOL, b""), terminal))
    except ApplicationRefused:
        refused = (Level.STOP, "refuses a transaction (6985 to GET PROCESSING OPTIONS)")
        return Collected(fci=fci, state="refused", news=(*news, refused))
    except EmvError as wrong:
        return Collected(fci=fci, state="faulty", news=(*news, (Level.STOP, f"card error: {wrong}")))
    places, records, troubles = await _records(link, initiated.afl)
    asked = [(tag, await _asked(link, tag)) for tag in ASKED]
    return Collected(fci, initiated, places, records, tuple(asked), "read", (*news, *troubles))


def _fci(listed: Listed, response: apdu.Response) -> tuple[tlv.Pairs, tuple[News, ...]]:
    """Book 1, 11.3.4."""
    if response.sw == apdu.SELECTED_BLOCKED:
        news: tuple[News, ...] = ((Level.STOP, "BLOCKED by its issuer (6283 to SELECT)"),)
    elif response.sw != apdu.OK:
        return (), ((Level.STOP, f"cannot be selected ({response.sw:04X})"),)
    else:
        news = ()
    try:
        fci = tlv.leaves(tlv.sole(response.body, tags.FCI))
        values = tlv.unique(fci)
    except CardFaulty as wrong:
        return (), (*news, (Level.STOP, f"its file control information is wrong: {wrong}"))
    if values.get(tags.DF_NAME) != listed.name:
        news = (*news, (Level.STOP, "answers under another name than it is listed by"))
    return fci, news


async def _records(link: Link, afl: tuple[AflEntry, ...]) -> tuple[tuple[Place, ...], Records, tuple[News, ...]]:
    """Every record of the AFL by itself (Book 3, 10.2). `Records` is what a sale would have, as far as it goes."""
    seen: list[Place] = []
    found, signed, is_signable = dict[int, bytes](), b"", True
    news: list[News] = []
    for place in (place for line in afl for place in _one_by_one(line)):
        try:
            record = await read(link, (place,), lambda _: False)
        except EmvError as wrong:
            seen.append((place, (), str(wrong)))
            news.append((Level.STOP, f"card error, SFI {place.sfi} record {place.first}: {wrong}"))
            continue
        seen.append((place, tuple(record.values.items()), ""))
        twice = [tags.hex_name(tag) for tag in record.values if tag in found]
        if twice:
            news.append((Level.STOP, f"card error: the card gives {', '.join(twice)} twice"))
        found = {**record.values, **found}
        signed, is_signable = signed + record.signed, is_signable and record.is_signable
    return tuple(seen), Records(found, signed, is_signable), tuple(news)


def _one_by_one(line: AflEntry) -> Iterator[AflEntry]:
    for number in range(line.first, line.last + 1):
        yield AflEntry(line.sfi, number, number, int(number < line.first + line.authenticated))


async def _asked(link: Link, tag: int) -> bytes | int:
    """GET DATA (Book 3, 6.5.7): the value, or the status word that refuses it; 0 for an answer that is none."""
    response = await link.send(apdu.get_data(tag))
    if response.sw != apdu.OK:
        return response.sw
    try:
        return tlv.sole(response.body, tag)
    except EmvError:
        return 0
