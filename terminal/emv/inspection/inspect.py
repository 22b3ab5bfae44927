"""A card explained to a tech. Law: it changes nothing on the card but the ATC; what is wrong is said, not raised.

No GENERATE AC, VERIFY or EXTERNAL AUTHENTICATE; INTERNAL AUTHENTICATE only when asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec

from terminal.emv import cvm, tags, tlv
from terminal.emv.account import account
from terminal.emv.errors import CardFaulty
from terminal.emv.initiate import AflEntry, Initiated
from terminal.emv.inspection import dictionary
from terminal.emv.inspection.collect import Collected, collect
from terminal.emv.inspection.cvm_words import in_words
from terminal.emv.inspection.inspected import (
    ApplicationSeen,
    Inspection,
    Level,
    News,
    Note,
    ObjectSeen,
    RecordSeen,
    bitfield,
    needles,
    objects_seen,
)
from terminal.emv.inspection.listing import Listed, Listing, listing
from terminal.emv.inspection.oda_words import Judged, Subject, judge
from terminal.emv.oda.authentication import Method
from terminal.emv.opening import Deal, terminal_values
from terminal.emv.read import require_mandatory
from terminal.emv.restrictions import restrict
from terminal.emv.selection import Candidate, Selected, row_for
from terminal.emv.terminal_data import RID, Application
from terminal.emv.transport import Link
from terminal.emv.verification import Capabilities, Tvr

WORST_FIRST = (Level.STOP, Level.WRONG, Level.NOTE)


async def inspect(link: Link, deal: Deal, wanted: bytes = b"", with_dda: bool = False) -> Inspection:
    """`wanted` is an AID or its beginning, b"" for every application. Raises CardFaulty for an answer without a status
    word, and whatever the link's `transmit` raises: a card that leaves ends it.
    """
    known = deal.terminal.applications
    found = await listing(link, known)
    chosen = tuple(one for one in found.applications if one.name.startswith(wanted))
    if wanted and not chosen and not found.is_card_blocked:
        chosen = (Listed(wanted, b"", 0, False, False, row_for(wanted, known)),)
    seen = [await _application(link, deal, listed, with_dda) for listed in chosen]
    notes = (*_card_notes(found), *(note for application in seen for note in application.notes))
    return Inspection(found.directory, tuple(seen), _sorted(notes))


async def _application(link: Link, deal: Deal, listed: Listed, with_dda: bool) -> ApplicationSeen:
    row = listed.row or Application(listed.name)
    terminal = terminal_values(deal, row)
    collected = await collect(link, listed, terminal)
    judged: Judged | None = None
    if collected.initiated is not None:
        records, aip = collected.records, collected.initiated.aip
        subject = Subject(aip, records, row, listed.name[RID], deal.terminal, terminal)
        judged = await judge(link, subject, with_dda)
    return _seen(deal, listed, collected, judged, terminal)


def _seen(
    deal: Deal, listed: Listed, collected: Collected, judged: Judged | None, terminal: Mapping[int, bytes]
) -> ApplicationSeen:
    """All of it as it may be read."""
    hidden = needles(collected.records.values)
    label = "".join(letter for letter in listed.label.decode("latin-1") if letter.isascii() and letter.isprintable())
    seen = ApplicationSeen(
        aid=listed.name.hex().upper(),
        label=label.strip(),
        is_in_directory=listed.is_in_directory,
        priority=listed.priority,
        must_confirm=listed.must_confirm,
        profile=listed.row.refund.profile if listed.row else "",
        state=collected.state,
        fci=objects_seen(collected.fci, hidden),
    )
    news = (*collected.news, *_of_terminal(listed))
    if collected.initiated is not None and judged is not None:
        seen = _started(seen, deal, collected, collected.initiated, hidden)
        tvr, restricted = _restricted(collected.records.values, terminal)
        seen = _judged(seen, judged, tvr, has_keys=bool(deal.terminal.keys.capks))
        news = (*news, *_of_records(listed, collected), *restricted, *judged.news)
    return msgspec.structs.replace(seen, notes=_sorted(Note(level, seen.name, says) for level, says in news))


def _started(
    seen: ApplicationSeen, deal: Deal, collected: Collected, initiated: Initiated, hidden: tuple[str, ...]
) -> ApplicationSeen:
    listed_cvm = _cvm_list(collected.records.values)
    capabilities = Capabilities.from_bytes(deal.terminal.capabilities)
    return msgspec.structs.replace(
        seen,
        aip=bitfield(initiated.aip),
        afl=initiated.afl,
        records=tuple(_record(place, pairs, trouble, hidden) for place, pairs, trouble in collected.places),
        asked=tuple(_answer(tag, answer, hidden) for tag, answer in collected.asked),
        cvm=in_words(listed_cvm, capabilities) if listed_cvm else None,
    )


def _answer(tag: int, answer: bytes | int, hidden: tuple[str, ...]) -> ObjectSeen:
    if isinstance(answer, bytes):
        return objects_seen(((tag, answer),), hidden)[0]
    return ObjectSeen(tags.hex_name(tag), dictionary.name(tag), f"refused ({answer:04X})" if answer else "unreadable")


def _judged(seen: ApplicationSeen, judged: Judged, restricted: Tvr, *, has_keys: bool) -> ApplicationSeen:
    return msgspec.structs.replace(
        seen,
        chosen_method=judged.method.value,
        is_authentication_judged=has_keys or judged.method is Method.NONE,
        certificates=judged.certificates,
        tvr=bitfield(judged.tvr | restricted),
        tsi=bitfield(judged.tsi),
    )


def _record(place: AflEntry, pairs: tlv.Pairs, trouble: str, hidden: tuple[str, ...]) -> RecordSeen:
    return RecordSeen(place.sfi, place.first, bool(place.authenticated), objects_seen(pairs, hidden), trouble)


def _card_notes(found: Listing) -> tuple[Note, ...]:
    if found.is_card_blocked:
        return (Note(Level.STOP, "", "the card is BLOCKED, or no payment card (6A81 to SELECT)"),)
    if not found.applications:
        return (Note(Level.STOP, "", "no application of this card is known here"),)
    if found.directory.startswith("wrong"):
        return (Note(Level.WRONG, "", f"its directory is {found.directory}"),)
    return ()


def _of_terminal(listed: Listed) -> tuple[News, ...]:
    return () if listed.row else ((Level.WRONG, "this terminal does not accept it: not in its list of AIDs"),)


def _of_records(listed: Listed, collected: Collected) -> tuple[News, ...]:
    """What a sale (Book 3, 7.2) or a refund would stop at, unless a record could not be read; and the PIN's tries."""
    values = collected.records.values
    is_whole = not any(trouble for _, _, trouble in collected.places)
    stand_in = Candidate(listed.name, "", 0, False, listed.row or Application(listed.name))
    checks: tuple[tuple[str, Callable[[], object]], ...] = (
        ("card error", lambda: account(Selected(stand_in, "", "", b""), values)),
        ("no sale", lambda: require_mandatory(values)),
        ("card error", lambda: _cvm_list(values, is_strict=True)),
    )
    news = [(Level.STOP, f"{what}: {wrong}") for what, check in checks if is_whole and (wrong := _fault(check))]
    tries = dict(collected.asked).get(tags.PIN_TRIES)
    if isinstance(tries, bytes) and tries and tries[-1] <= 1:
        says = "one try of its offline PIN is left" if tries[-1] else "its offline PIN is BLOCKED: no tries left"
        news.append((Level.NOTE if tries[-1] else Level.WRONG, says))
    return tuple(news)


def _fault(check: Callable[[], object]) -> str:
    try:
        check()
    except CardFaulty as wrong:
        return str(wrong)
    return ""


def _restricted(values: Mapping[int, bytes], terminal: Mapping[int, bytes]) -> tuple[Tvr, tuple[News, ...]]:
    """Book 3, 10.4."""
    try:
        tvr = restrict(values, terminal)
    except CardFaulty as wrong:
        return Tvr(0), ((Level.STOP, f"card error: {wrong}"),)
    said = {
        Tvr.EXPIRED: (Level.WRONG, f"EXPIRED: good to {_shown(tags.EXPIRY, values)}"),
        Tvr.NOT_YET_EFFECTIVE: (Level.WRONG, f"NOT YET VALID: good from {_shown(tags.EFFECTIVE, values)}"),
        Tvr.SERVICE_NOT_ALLOWED: (Level.WRONG, "its usage control does not allow a sale here"),
        Tvr.DIFFERENT_VERSIONS: (
            Level.NOTE,
            f"its version is {_shown(tags.AVN_CARD, values)}, ours {_shown(tags.AVN_TERMINAL, terminal)}",
        ),
    }
    return tvr, tuple(news for bit, news in said.items() if bit in tvr)


def _cvm_list(values: Mapping[int, bytes], is_strict: bool = False) -> cvm.CvmList | None:
    """Book 3, 10.5; None for none, and for a wrong one unless `is_strict`. Raises CardFaulty then."""
    if tags.CVM_LIST not in values:
        return None
    try:
        return cvm.cvm_list(values[tags.CVM_LIST])
    except CardFaulty:
        if is_strict:
            raise
        return None


def _shown(tag: int, values: Mapping[int, bytes]) -> str:
    return dictionary.shown(tag, values[tag]) if tag in values else "(not said)"


def _sorted(notes: Iterable[Note]) -> tuple[Note, ...]:
    return tuple(sorted(notes, key=lambda note: WORST_FIRST.index(note.level)))
