"""The checklist of a refund: what must be there before it goes on. Law: 确认 goes on only when nothing is missing.

| document | key      | then                                   | kept                                       |
|----------|----------|----------------------------------------|--------------------------------------------|
| receipt  | its digit| seen                                   | that it was seen                           |
| form     | its digit| printed; 已签署                         | that it was signed                         |
| identity | its digit| which kind, its last four              | kind and last four, never the number       |
| photo    | its digit| the camera; none: a note in its place  | the picture, sealed by the vault; the note |
| note     | its digit| digits typed, or a code scanned        | at most 40 characters                      |

Nothing is on disk until 确认; then the pictures first, and the application that names them after them.
"""

from __future__ import annotations

import asyncio
import hashlib

import msgspec

from terminal.application_paper import application_paper
from terminal.dialogue.applications import now_of
from terminal.dialogue.bad_news import tell
from terminal.dialogue.desk import Cancelled
from terminal.dialogue.note import short_note
from terminal.dialogue.printing import shop, style
from terminal.dialogue.room import Room
from terminal.ports import Camera, CameraLost, PaperOut, PrinterLost
from terminal.receipt import Receipt
from terminal.refund.application import Application, Document, with_document
from terminal.screens import Item, Menu, Say, say
from terminal.sealed_pieces import sealed

TITLE = say("papers.title")
RECEIPT, FORM, IDENTITY, PHOTO, NOTE = "receipt", "form", "identity", "photo", "note"
IDENTITIES = ("id-card", "residence", "hk-macao", "taiwan", "passport", "foreigner", "other")
LAST = 4
CAMERA_SECONDS = 10.0
KIND_OF_PICTURE = "photo"  # Attachment.kind


class Found(msgspec.Struct, frozen=True):
    """A document that was shown just now; `picture` is sealed."""

    document: Document
    picture: bytes = b""

    def __repr__(self) -> str:
        """Without the picture."""
        return f"Found({self.document.kind})"


async def with_evidence(room: Room, application: Application) -> Application:
    """The application with every document that is missing. Raises Cancelled, TimedOut: nothing was kept then."""
    wanted = application.missing
    if not wanted:
        return application
    found: dict[str, Found] = {}
    is_told = False
    while True:
        key = await room.desk.key(_checklist(room, application, found, is_told))
        is_told = key == "enter"
        if key == "enter" and not _missing(application, found):
            return await _kept(room, application, found)
        if not (key.isdigit() and 1 <= int(key) <= len(application.documents_wanted)):
            continue
        kind = application.documents_wanted[int(key) - 1]
        await _act(room, application, kind, found)
        if len(wanted) == 1 and not _missing(application, found):  # one document, one key
            return await _kept(room, application, found)


def words_of(document: Document) -> Say:
    """What is known of a document, for whoever looks at an application."""
    if document.digest:
        return say("papers.pictured")
    if document.kind == IDENTITY:
        kind, _, last = document.text.partition("*")
        return say("papers.identity.value", kind=say(f"identity.{kind}"), last=last)
    return say("papers.text", text=document.text) if document.text else say(f"papers.{document.kind}.there")


def _missing(application: Application, found: dict[str, Found]) -> tuple[str, ...]:
    return tuple(kind for kind in application.missing if kind not in found)


def _checklist(room: Room, application: Application, found: dict[str, Found], is_told: bool) -> Menu:
    missing = _missing(application, found)
    items = tuple(
        Item(_label(room, kind), say("papers.missing") if kind in missing else say("papers.there"))
        for kind in application.documents_wanted
    )
    line = say("papers.left", count=str(len(missing))) if missing else say("papers.all_there")
    if missing and is_told:
        line = say("papers.blocked", document=_label(room, missing[0]))
    return Menu(TITLE, items, (line,), hint=say("hint.papers" if missing else "hint.papers.done"))


def _label(room: Room, kind: str) -> Say:
    """A photo that nothing can take is a note, and is called so."""
    return say("papers.photo.note") if kind == PHOTO and room.hardware.camera is None else say(f"papers.{kind}")


async def _act(room: Room, application: Application, kind: str, found: dict[str, Found]) -> None:
    """One document; 取消 within it leaves it as it was. A receipt that is marked by mistake is unmarked by its key."""
    if kind == RECEIPT and found.pop(RECEIPT, None) is not None:
        return
    try:
        one = await _shown(room, application, kind)
    except Cancelled:
        return
    if one is not None:
        found[kind] = one


async def _shown(room: Room, application: Application, kind: str) -> Found | None:
    if kind == FORM:
        return await _signed_form(room, application)
    if kind == IDENTITY:
        return _found(room, kind, await _identity(room))
    if kind == PHOTO:
        return await _photo(room)
    return _found(room, kind, await short_note(room, say("papers.note.ask")) if kind == NOTE else "")


def _found(room: Room, kind: str, text: str = "", picture: bytes = b"") -> Found:
    digest = hashlib.sha256(picture).hexdigest() if picture else ""
    return Found(Document(kind, now_of(room), room.operator, text, digest), picture)


async def _signed_form(room: Room, application: Application) -> Found | None:
    """Printed, then signed by hand; out of paper, or not signed: it is not there."""
    while True:
        if not await _printed(room, application_paper(application, shop(room), style(room))):
            return None
        choices = ((True, Item(say("papers.signed"))), (False, Item(say("papers.print_again"))))
        if await room.desk.choose(say("papers.form"), choices, say("papers.form.ask")):
            return _found(room, FORM)


async def _printed(room: Room, paper: Receipt) -> bool:
    """Not as after the money (terminal/dialogue/printing.py): nothing was done yet. 取消 on trouble: False."""
    printer = room.hardware.printer
    while True:
        try:
            rows = room.hardware.typeset(paper, printer.columns)
            await room.desk.work(say("papers.form"), printer.print(rows), lambda: say("printing.busy"))
        except (PaperOut, PrinterLost):
            room.desk.set_status(paper="bad")
            if await tell(room.desk, room.journal, "form-unprinted", say("papers.form")) != "enter":
                return False
        else:
            room.desk.set_status(paper="ok")
            return True


async def _identity(room: Room) -> str:
    """Kind and last four; the whole number is nowhere asked for."""
    kinds = [(kind, Item(say(f"identity.{kind}"))) for kind in IDENTITIES]
    kind = await room.desk.choose(say("papers.identity"), kinds)
    ask, hint = say("papers.identity.last"), say("papers.identity.hint")
    return f"{kind}*{await room.desk.digits(say(f'identity.{kind}'), ask, (LAST, LAST), hint)}"


async def _photo(room: Room) -> Found:
    """A picture; a note where there is no camera, or it gives none: that it is only a note stands in its words."""
    camera = room.hardware.camera
    if camera is not None:
        try:
            taking = room.desk.work(say("papers.photo"), _taken(room, camera), lambda: say("papers.photo.busy"))
            return _found(room, PHOTO, picture=await taking)
        except CameraLost:
            if await tell(room.desk, room.journal, "camera-lost", say("papers.photo")) != "enter":
                raise Cancelled from None
    return _found(room, PHOTO, await short_note(room, say("papers.photo.instead")))


async def _taken(room: Room, camera: Camera) -> bytes:
    """The picture, sealed; it is nowhere in clear but here."""
    try:
        async with asyncio.timeout(CAMERA_SECONDS):
            picture = await camera.photo()
    except TimeoutError:
        raise CameraLost("the camera takes too long") from None
    return await sealed(room.hardware.vault, picture)


async def _kept(room: Room, application: Application, found: dict[str, Found]) -> Application:
    """All of them in the application; a picture on disk is named by an application on disk."""
    for one in found.values():
        application = with_document(application, one.document)
        if one.picture:
            await room.journal.attachments.keep(application.id, KIND_OF_PICTURE, one.document.at, one.picture)
    if any(one.picture for one in found.values()):
        await room.journal.applications.keep(application)
    return application
