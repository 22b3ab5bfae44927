"""What `yuanlu card inspect` tells. Law: 80 columns at most, the worst news first; only what anybody may read is in it.

English only: it is for techs and developers, and speaks in the Books' own words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from textwrap import wrap

import msgspec

from terminal.emv import tags
from terminal.emv.cvm import ALWAYS, FAIL
from terminal.emv.inspection.cvm_words import CONDITIONS, METHODS, CvmWords
from terminal.emv.inspection.inspected import (
    ApplicationSeen,
    Bitfield,
    CertificateSeen,
    Inspection,
    Level,
    Note,
    ObjectSeen,
    RecordSeen,
)
from terminal.emv.inspection.meaning import FLAGS

WIDTH, LABEL, DEEP = 80, 14, 10
LEVELS = {Level.STOP: "STOP", Level.WRONG: "WRONG", Level.NOTE: "note"}
PROFILES = {  # a refund's, emv.md 2
    "": "NO: its AID is not in this terminal's list",
    "READ_ONLY": "yes; a refund only reads the account",
    "AAC_CLOSE": "yes; a refund reads the account and asks for an AAC",
    "ARQC": "yes; a refund asks for an ARQC",
    "FULL": "yes; a refund goes the whole way of a sale",
}
STATES = {
    "read": "could be read",
    "blocked": "BLOCKED by its issuer",
    "refused": "refuses a transaction",
    "faulty": "does not start as it should",
    "not selectable": "cannot be selected",
}
ORDERS = {"sda": "SDA", "dda": "DDA", "cda": "CDA", "none": "none that card and terminal share"}
VERDICTS = {True: "ok", False: "WRONG", None: "-"}


class CommandSeen(msgspec.Struct, frozen=True):
    """One command, and how long its answer was. `sent` is hex, cut after the header where it may hold card data."""

    kind: str
    sent: str
    sw: str
    answer_bytes: int  # without the status word
    milliseconds: float


class Report(msgspec.Struct, frozen=True):
    """All there is to say. `keys` says whose keys judged the certificates."""

    atr: str
    protocol: str
    keys: str
    milliseconds: float  # spent waiting for the card
    card: Inspection
    command_count: int
    commands: tuple[CommandSeen, ...]

    @property
    def is_any_read(self) -> bool:
        """Whether at least one application could be read."""
        return any(seen.state == "read" for seen in self.card.applications)


def lines(report: Report, with_commands: bool) -> Iterator[str]:
    """Top to bottom, as it is read out on the phone."""
    card = report.card
    yield from _labelled("Card", f"{report.protocol}, ATR {report.atr}")
    yield from _labelled("Directory", card.directory)
    yield from _labelled("Scheme keys", report.keys)
    yield from _labelled(
        "Time", f"{_counted(report.command_count, 'command')}, {report.milliseconds:.0f} ms waiting for the card"
    )
    yield ""
    yield from _news(card.notes)
    for number, application in enumerate(card.applications, 1):
        yield ""
        yield f"APPLICATION {number} OF {len(card.applications)}: {application.name}"
        yield from _application(application)
    if with_commands:
        yield ""
        yield "COMMANDS (answers are counted, not shown)"
        for number, command in enumerate(report.commands, 1):
            yield from _command(number, command)


def _news(notes: Iterable[Note]) -> Iterator[str]:
    told = [(LEVELS[note.level], f"{note.of}: {note.says}" if note.of else note.says) for note in notes]
    yield "WORST NEWS FIRST" if told else "NO BAD NEWS"
    for level, says in told:
        yield from _indented(f"  {level:<7}", says)


def _application(seen: ApplicationSeen) -> Iterator[str]:
    yield from _labelled("  AID", seen.aid)
    yield from _labelled("  Accepted", PROFILES[seen.profile])
    yield from _labelled("  Listed", _listed(seen))
    yield from _labelled("  State", STATES[seen.state])
    if seen.state == "read":
        yield from _summary(seen)
        yield from _certificates(seen)
        yield from _cvm(seen.cvm)
    if seen.fci:
        yield "  On selection (FCI)"
        yield from _objects(seen.fci)
    for record in seen.records:
        yield from _record(record)


def _listed(seen: ApplicationSeen) -> str:
    place = "in the card's directory" if seen.is_in_directory else "not in the card's directory"
    number = f", number {seen.priority}" if seen.priority else ", without priority"
    return place + number + (", the cardholder must confirm it" if seen.must_confirm else "")


def _summary(seen: ApplicationSeen) -> Iterator[str]:
    psn = seen.value(tags.PSN)
    yield from _labelled("  Account", (seen.value(tags.PAN) or "none") + (f", sequence number {psn}" if psn else ""))
    from_date, to_date = (seen.value(tag) or "(not said)" for tag in (tags.EFFECTIVE, tags.EXPIRY))
    yield from _labelled("  Dates", f"good from {from_date} to {to_date}")
    for answer in seen.asked:
        yield from _labelled(f"  {answer.tag}", f"{answer.name}: {answer.value}{_aside(answer.meaning)}")
    yield from _bits("  AIP", seen.aip)
    for line in seen.afl:
        signed = f", {line.authenticated} signed" if line.authenticated else ""
        records = f"record {line.first}" if line.first == line.last else f"records {line.first} to {line.last}"
        yield from _labelled("  AFL", f"SFI {line.sfi}, {records}{signed}")
    yield from _bits("  TVR so far", seen.tvr)
    yield from _bits("  TSI so far", seen.tsi)
    if not seen.is_authentication_judged:
        yield from _labelled("", "(nothing of data authentication: no scheme keys here)")


def _certificates(seen: ApplicationSeen) -> Iterator[str]:
    if seen.certificates:
        yield f"  Data authentication: {ORDERS[seen.chosen_method]}"
    for certificate in seen.certificates:
        yield from _certificate(certificate)


def _certificate(seen: CertificateSeen) -> Iterator[str]:
    yield from _indented(f"    {VERDICTS[seen.is_right]:<6}", f"{seen.name}: {seen.says}")


def _cvm(listed: CvmWords | None) -> Iterator[str]:
    if listed is None:
        return
    amounts = f", X = {listed.x}, Y = {listed.y} minor units" if listed.x or listed.y else ""
    yield f"  Cardholder verification (CVM list{amounts})"
    for number, rule in enumerate(listed.rules, 1):
        able = "" if rule.is_supported or rule.method == METHODS[FAIL] else "; NOT by this terminal"
        when = rule.condition if rule.condition == CONDITIONS[ALWAYS] else f"if {rule.condition}"
        says = f"{rule.method}, {when}{able}; failing that: {rule.otherwise}"
        yield from _indented(f"    {number:>2}  {rule.code}  ", says)


def _record(record: RecordSeen) -> Iterator[str]:
    yield f"  SFI {record.sfi} record {record.number}{', signed' if record.is_signed else ''}"
    if record.trouble:
        yield from _indented("    ", record.trouble)
    yield from _objects(record.objects)


def _objects(objects: Iterable[ObjectSeen]) -> Iterator[str]:
    for seen in objects:
        is_flags, is_short = int(seen.tag, 16) in FLAGS, len(seen.meaning) == 1
        aside = _aside(seen.meaning) if is_short and not is_flags else ""
        yield from _indented(f"    {seen.tag:<6}", f"{seen.name}: {seen.value}{aside}")
        if is_flags:
            yield from _indented(" " * DEEP, ", ".join(seen.meaning) or "no bit set")
        elif not is_short:
            for line in seen.meaning:
                yield from _indented(" " * DEEP + "- ", line)


def _bits(label: str, seen: Bitfield | None) -> Iterator[str]:
    if seen is not None:
        yield from _labelled(label, f"{seen.value}  {', '.join(seen.names) or 'no bit set'}")


def _command(number: int, seen: CommandSeen) -> Iterator[str]:
    yield f"  {number:>3}  {seen.kind}: {seen.sw}, {_counted(seen.answer_bytes, 'byte')}, {seen.milliseconds:.1f} ms"
    yield from _indented(" " * 7, seen.sent)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def _aside(meaning: tuple[str, ...]) -> str:
    return f" ({'; '.join(meaning)})" if meaning else ""


def _labelled(label: str, text: str) -> Iterator[str]:
    yield from _indented(f"{label:<{LABEL}}", text)


def _indented(start: str, text: str) -> Iterator[str]:
    """Lines of at most WIDTH, all but the first under the text of the first."""
    parts = wrap(text, WIDTH - len(start)) or [""]
    yield (start + parts[0]).rstrip()
    for part in parts[1:]:
        yield " " * len(start) + part
