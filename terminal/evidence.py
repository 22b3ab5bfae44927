"""The folder of facts of one refund, as values (guide G11). Law: what the chain says, in its order; nothing is added.

| part         | from                                                                        |
|--------------|-----------------------------------------------------------------------------|
| refund, sale | their newest stage: request, fee sheet, card as 6 + 4, answer               |
| application  | form, decision and its needs, policy version, marks, documents              |
| steps        | each stage of both, with its time                                           |
| messages     | what was sent and received, masked as the journal keeps it                  |
| pictures     | receipts as printed, the signature, photos: by their digests                |
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Any

import msgspec

from terminal.exchange.stages import Stage
from terminal.paper import Paper, PaperRow
from terminal.refund.application import Application

PAPER, SIGNED = "paper", "signature"  # kinds of attachments that are kept here
MOST_OPENED = 4 << 20  # bytes; a forged bundle may hold what grows a thousandfold
Strokes = tuple[tuple[tuple[int, int], ...], ...]
Link = tuple[int, str, str, bytes]  # an event: number, time, kind, body


class Step(msgspec.Struct, frozen=True):
    """A stage was entered; `of` is "refund" or "sale", `why` a fault, a response code or ""."""

    at: str
    of: str
    stage: str
    why: str = ""


class Told(msgspec.Struct, frozen=True):
    """One message, or that there was no answer: `way` is sent, received or unanswered, `what` the MTI or the reason."""

    at: str
    way: str
    what: str
    fields: dict[str, str]


class Picture(msgspec.Struct, frozen=True):
    """`digest` is that of the chain; what was dropped after its time has `is_kept` False."""

    at: str
    owner: str
    kind: str
    digest: str
    is_kept: bool = True


class Folder(msgspec.Struct, frozen=True):
    """All of it."""

    refund: Stage
    sale: Stage | None
    application: Application | None
    steps: tuple[Step, ...]
    messages: tuple[Told, ...]
    pictures: tuple[Picture, ...]


def folder(refund: Stage, sale: Stage | None, application: Application | None, links: Iterable[Link]) -> Folder:
    """From what belongs to the refund, oldest first (terminal/journal/evidence_book.py)."""
    steps, messages, pictures, dropped = [], [], [], set()
    for _, at, kind, body in links:
        said: Any = msgspec.json.decode(body)
        match kind:
            case "stage":
                of = "refund" if said["request"]["id"] == refund.request.id else "sale"
                steps.append(Step(at, of, said["type"], _why(said)))
            case "sent" | "received" | "unanswered":
                messages.append(Told(at, kind, said.pop("what"), said))
            case "attachment":
                pictures.append(Picture(at, said["owner"], said["kind"], said["sha256"]))
            case "dropped":
                dropped |= {tuple(one) for one in said["attachments"]}
    kept = (_kept(picture, dropped) for picture in dict.fromkeys(pictures))
    return Folder(refund, sale, application, tuple(steps), tuple(messages), tuple(kept))


def _why(said: Any) -> str:
    return str(said.get("response_code") or said.get("fault") or said.get("why") or "")


def _kept(picture: Picture, dropped: set[tuple[str, ...]]) -> Picture:
    is_gone = (picture.owner, picture.kind, picture.digest) in dropped
    return msgspec.structs.replace(picture, is_kept=not is_gone)


# --- how pictures lie in the journal ---------------------------------------------------------------------------------
def kept_paper(paper: Paper) -> bytes:
    """The very rows that the printer was given, small."""
    return zlib.compress(msgspec.json.encode(paper), 9)


def paper_of(body: bytes) -> Paper:
    """The inverse. Raises ValueError."""
    return msgspec.json.decode(_opened(body), type=tuple[PaperRow, ...])


def kept_strokes(strokes: Strokes) -> bytes:
    """Strokes in per mille of the pad."""
    return zlib.compress(msgspec.json.encode(strokes), 9)


def strokes_of(body: bytes) -> Strokes:
    """The inverse. Raises ValueError."""
    return msgspec.json.decode(_opened(body), type=Strokes)


def _opened(body: bytes) -> bytes:
    opener = zlib.decompressobj()
    try:
        opened = opener.decompress(body, MOST_OPENED)
    except zlib.error as error:
        raise ValueError(str(error)) from None
    if not opener.eof:
        raise ValueError("cut, or larger than any paper")
    return opened
