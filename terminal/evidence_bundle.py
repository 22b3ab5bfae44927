"""A refund's folder to take away, and its proof (docs/evidence.md). Law: whoever has the bundle can check it alone.

| in the zip            | content                                                                                    |
|-----------------------|--------------------------------------------------------------------------------------------|
| evidence.json         | who exported it; the facts; the events of the refund as they are in the chain; the digest   |
|                       | of every other file                                                                        |
| chain.bin             | told(n) of every event from the refund's first one to the head, 32 bytes each (store.py)   |
| kept/SHA256           | a picture as the journal keeps it: its digest is in the chain                              |
| pictures/NN-KIND.png  | the same to look at                                                                        |
| evidence.pdf          | all of it on paper, the head's hash at its end                                             |

`faults` follows the chain from the hash before the refund's first event over all that are not shown, to the head. A
head that is known from elsewhere (a later bundle, a backup, the journal itself) proves since when nothing was altered.
"""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

import msgspec

from terminal.evidence import Folder
from terminal.evidence import folder as folder_of
from terminal.journal.evidence_book import EXPORTED, Records
from terminal.journal.store import chained, told

FORM = "yuanlu-evidence/1"
INDEX, CHAIN, PDF = "evidence.json", "chain.bin", "evidence.pdf"
KEPT, PICTURES = "kept/", "pictures/"
DIGEST = 32
TAKEN = ("until", "events")  # names in the event of an export
MOST_FILE = 256 << 20  # bytes of one file in a bundle that is read
MADE_AT = (1980, 1, 1, 0, 0, 0)  # of files in the zip: the same folder is the same bytes

UNREADABLE = (ValueError, RecursionError)  # msgspec.DecodeError and UnicodeDecodeError are the first
DAMAGED = (
    OSError,
    zipfile.BadZipFile,
    zlib.error,
    ValueError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    struct.error,
)


class Exported(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When, and on whose word: an event of the chain, written before the folder leaves."""

    at: str
    supervisor: str
    terminal_id: str
    merchant_id: str
    merchant: str
    is_test: bool = False

    def told(self, id: str) -> dict[str, str]:
        """The event's body, of the refund `id`; with it goes `listed`."""
        plain = {name: str(getattr(self, name)) for name in self.__struct_fields__ if name != "at"}
        return {"id": id, **plain}


class Shown(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An event as the chain has it; `body` is its very text."""

    seq: int
    at: str
    kind: str
    body: str
    previous: str
    hash: str


class Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The last event at the time of the export, and what the first one here follows from."""

    seq: int
    hash: str
    first: int
    before: str


class Index(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """evidence.json; `facts` are a Folder."""

    form: str
    exported: Exported
    head: Head
    facts: msgspec.Raw
    events: tuple[Shown, ...]
    files: dict[str, str]


class BundleRefused(Exception):
    """This is no bundle that can be checked."""


def head_of(records: Records) -> Head:
    return Head(records.head, records.head_hash.hex(), records.first, records.before.hex())


def listed(events: Iterable[tuple[int, str]], until: int) -> dict[str, str]:
    """What is taken away, for the chain: the number of the last event, and a digest of the hashes of those that
    belong to the refund. Who shows one fewer than these would need another chain."""
    hashes = "".join(hash for seq, hash in events if seq <= until)
    return {TAKEN[0]: str(until), TAKEN[1]: hashlib.sha256(hashes.encode()).hexdigest()}


def packed(records: Records, folder: Folder, exported: Exported, files: Mapping[str, bytes]) -> bytes:
    """The zip. `files` are the pictures and the PDF by their names."""
    whole = {CHAIN: records.told, **files}
    events = tuple(
        Shown(one.seq, one.at, one.kind, one.body.decode("utf-8"), one.previous.hex(), one.hash.hex())
        for one in records.events
    )
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(whole.items())}
    facts = msgspec.Raw(msgspec.json.encode(folder))
    index = msgspec.json.encode(Index(FORM, exported, head_of(records), facts, events, digests))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as zip:
        for name, content in ((INDEX, msgspec.json.format(index, indent=1)), *sorted(whole.items())):
            zip.writestr(zipfile.ZipInfo(name, MADE_AT), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def opened(bundle: Path) -> tuple[Index, dict[str, bytes]]:
    """Its index and its other files. Raises BundleRefused."""
    try:
        with zipfile.ZipFile(bundle) as zip:
            if any(entry.file_size > MOST_FILE for entry in zip.infolist()):
                raise BundleRefused("a file in the bundle is too large")
            names = zip.namelist()
            files = {name: zip.read(name) for name in names}
    except DAMAGED as error:
        raise BundleRefused(f"this is no bundle, or it is damaged: {error}") from None
    if len(names) != len(files) or INDEX not in files:
        raise BundleRefused("this is no bundle: a file is missing or there twice")
    try:
        return msgspec.json.decode(files.pop(INDEX), type=Index), files
    except UNREADABLE as error:
        raise BundleRefused(f"{INDEX} cannot be read: {error}") from None


def faults(index: Index, files: Mapping[str, bytes]) -> Iterator[str]:
    """What is wrong with it, in the order of looking; nothing: it is whole up to its head."""
    if index.form != FORM:
        yield f"this is {index.form}, not {FORM}"
        return
    for name in sorted(index.files.keys() | files.keys()):
        if name not in files:
            yield f"{name} is missing"
        elif hashlib.sha256(files[name]).hexdigest() != index.files.get(name):
            yield f"{name} was altered"
    yield from _chain_faults(index, files.get(CHAIN, b""))
    yield from _picture_faults(index, files)
    yield from _fact_faults(index)


def _chain_faults(index: Index, chain: bytes) -> Iterator[str]:
    shown = {event.seq: event for event in index.events}
    count = index.head.seq - index.head.first + 1
    if len(chain) != count * DIGEST or not shown or min(shown) != index.head.first or len(shown) < len(index.events):
        yield "the chain has not as many links as it says"
        return
    previous = _bytes(index.head.before)
    for number in range(count):
        seq, said = index.head.first + number, chain[number * DIGEST : (number + 1) * DIGEST]
        hash = chained(previous, said)
        event = shown.pop(seq, None)
        if event is not None and not _is_link(event, previous, said, hash):
            yield f"event {seq} does not belong to the chain"
        previous = hash
    if shown:
        yield "an event is not between the first one and the head"
    if previous != _bytes(index.head.hash):
        yield "the chain does not lead to its head"


def _is_link(event: Shown, previous: bytes, said: bytes, hash: bytes) -> bool:
    is_said = told(event.seq, event.at, event.kind, event.body.encode("utf-8")) == said
    return is_said and (_bytes(event.previous), _bytes(event.hash)) == (previous, hash)


def _picture_faults(index: Index, files: Mapping[str, bytes]) -> Iterator[str]:
    """What lies here as kept is what the chain names."""
    named = {str(each.get("sha256")) for each in map(_said, index.events) if "sha256" in each}
    for name, content in files.items():
        if name.startswith(KEPT) and (
            hashlib.sha256(content).hexdigest() != name[len(KEPT) :] or name[len(KEPT) :] not in named
        ):
            yield f"{name} is not in the chain"


def _fact_faults(index: Index) -> Iterator[str]:
    """The facts are those of the events, and not told otherwise."""
    try:
        folder = msgspec.json.decode(index.facts, type=Folder)
    except UNREADABLE:
        yield "the facts cannot be read"
        return
    links = [(event.seq, event.at, event.kind, event.body.encode("utf-8")) for event in index.events]
    try:
        newest = _newest(index.events)
        again = folder_of(folder.refund, folder.sale, folder.application, links)
        facts = msgspec.json.decode(index.facts)
    except (KeyError, TypeError, *UNREADABLE):
        yield "the events cannot be read"
        return
    told_otherwise = facts != _plain(again) or any(
        value is not None and _plain(value) != newest.get(key)
        for key, value in (
            (("stage", folder.refund.request.id), folder.refund),
            (("stage", folder.sale.request.id if folder.sale else ""), folder.sale),
            (("application", folder.application.id if folder.application else ""), folder.application),
        )
    )
    at, said = next(((one.at, _said(one)) for one in reversed(index.events) if one.kind == EXPORTED), ("", {}))
    taken: dict[str, object] = {name: said.pop(name) for name in TAKEN if name in said}
    if taken and not _is_all(index.events, taken):
        yield "events of this refund were left out"
    if (index.exported.at, index.exported.told(folder.refund.request.id)) != (at, said):
        yield "who exported it is not what the chain says"
    if told_otherwise:
        yield "the facts are not those of the events"


def _is_all(events: tuple[Shown, ...], taken: dict[str, object]) -> bool:
    """Whether these are what the chain says was taken away; a program of before did not say it."""
    until = str(taken.get("until"))
    return until.isdecimal() and listed(((one.seq, one.hash) for one in events), int(until)) == taken


def _plain(value: object) -> object:
    return msgspec.json.decode(msgspec.json.encode(value))


def _newest(events: tuple[Shown, ...]) -> dict[tuple[str, str], object]:
    """What the last event of each stage and application says."""
    found: dict[tuple[str, str], object] = {}
    for event in events:
        said = _said(event)
        if event.kind == "stage":
            found[event.kind, str(said["request"]["id"])] = said  # type: ignore[index] # KeyError, TypeError: told above
        elif event.kind == "application":
            found[event.kind, str(said["id"])] = said
    return found


def _said(event: Shown) -> dict[str, object]:
    try:
        said = msgspec.json.decode(event.body)
    except UNREADABLE:
        return {}
    return said if isinstance(said, dict) else {}


def _bytes(text: str) -> bytes:
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        return b""
    return raw if raw.hex() == text else b""


def name_of(folder: Folder, at: datetime) -> str:
    """Of the files, without an ending."""
    return f"yuanlu-refund-{folder.refund.request.id}-{at:%Y%m%dT%H%M%S}"
