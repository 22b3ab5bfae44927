"""A refund's folder as a PDF, in Chinese or English. Law: the words of ui/text, the values of the folder, no others.

`blocks` says what is on it, line by line; `pdf` sets it on A4 with the one font, of which the used glyphs are embedded.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from terminal.evidence import Folder
from terminal.evidence_bundle import Exported, Head
from terminal.exchange.stages import state
from terminal.refund.application import Application
from terminal.screens import Say, say
from ui.text import Words, words
from ui.theme import font_file
from ui.wrap import wrap

WIDTH, HEIGHT, MARGIN = 595.0, 842.0, 48.0  # points, A4
LABEL = 130.0  # points of the left column
SIZES = {"title": 16, "heading": 12, "row": 9, "small": 7}
LEADING = 1.45
MOST_PICTURE = (360.0, 560.0)  # points
FONT = "yuanlu"
TENTHS = 10  # of a point: `wrap` measures in whole numbers


class Text(msgspec.Struct, frozen=True):
    """A line across; `size` is one of SIZES."""

    text: str
    size: str = "row"


class Pair(msgspec.Struct, frozen=True):
    """Label left, value right."""

    label: str
    value: str


class Image(msgspec.Struct, frozen=True):
    """A picture of the bundle, by its name."""

    name: str
    caption: str


Block = Text | Pair | Image


def blocks(folder: Folder, exported: Exported, head: Head, pictures: Mapping[str, str], language: str) -> list[Block]:
    """`pictures`: caption ids by the names of what can be drawn."""
    spoken = words(language)
    return [
        *_top(folder, exported, spoken),
        *_money(folder, spoken),
        *(_application(folder.application, spoken) if folder.application else ()),
        *_course(folder, spoken),
        *_pictures(folder, pictures, spoken),
        *_proof(head, spoken),
    ]


def _top(folder: Folder, exported: Exported, spoken: Words) -> Iterator[Block]:
    refund = folder.refund.request
    yield Text(spoken.text(say("folder.title")), "title")
    if exported.is_test:
        yield Text(spoken.text(say("paper.demo")), "heading")
    yield from _pairs(
        spoken,
        ("paper.merchant", exported.merchant),
        ("paper.merchant_id", exported.merchant_id),
        ("paper.terminal_id", exported.terminal_id),
        ("folder.exported", f"{_when(exported.at)}  {exported.supervisor}"),
        ("paper.kind", say(f"kind.{refund.kind.value}")),
        ("folder.state", say(f"folder.stage.{state(folder.refund)}")),
    )


def _money(folder: Folder, spoken: Words) -> Iterator[Block]:
    request, reply = folder.refund.request, getattr(folder.refund, "reply", None)
    card, fees, original = request.card, request.fee_sheet, request.original
    yield Text(spoken.text(say("folder.money")), "heading")
    yield from _pairs(
        spoken,
        ("paper.batch", request.batch),
        ("paper.voucher", request.stan),
        ("paper.rrn", reply.rrn if reply else ""),
        ("paper.approval_code", reply.approval_code if reply else ""),
        ("paper.at", _when(request.at)),
        ("paper.operator", request.operator),
        ("paper.supervisor", request.supervisor),
        ("paper.card", f"{card.masked_pan} /{card.entry}"),
        ("paper.reason", say(f"reason.{request.reason}") if request.reason else ""),
    )
    if fees is not None:
        yield from _pairs(
            spoken,
            ("fees.original", str(fees.original)),
            ("fees.before", str(fees.refunded_before)),
            ("fees.part", "" if fees.part is None else str(fees.part)),
            ("fees.kept_cost", str(fees.kept_cost)),
            ("fees.handling_fee", str(fees.handling_fee)),
        )
    yield Pair(spoken.text(say("fees.this")), str(request.amount))
    if original is not None:
        yield from _pairs(
            spoken,
            ("paper.original_date", f"{original.date[:2]}/{original.date[2:]}"),
            ("paper.original_rrn", original.rrn),
            ("paper.original_voucher", original.stan),
        )


def _application(one: Application, spoken: Words) -> Iterator[Block]:
    yield Text(spoken.text(say("folder.application", id=one.id)), "heading")
    needs = ", ".join(sorted({needed.need.value for needed in one.needs})) or "-"
    rules = ", ".join(dict.fromkeys(needed.rule for needed in one.needs)) or "-"
    yield from _pairs(
        spoken,
        ("folder.policy", one.policy_version),
        ("folder.needs", needs),
        ("folder.rules", rules),
        ("folder.requester", one.requester),
    )
    for mark in one.marks:
        why = f"  {mark.why}" if mark.why else ""
        yield Pair(_when(mark.at), f"{spoken.text(say(f'folder.act.{mark.act.value}'))}  {mark.by}{why}")
    for document in one.documents:
        text = f"  {document.text}" if document.text else ""
        digest = f"  SHA-256 {document.digest}" if document.digest else ""
        yield Pair(
            _when(document.at), f"{spoken.text(say(f'folder.document.{document.kind}'))}  {document.by}{text}{digest}"
        )


def _course(folder: Folder, spoken: Words) -> Iterator[Block]:
    yield Text(spoken.text(say("folder.course")), "heading")
    for step in folder.steps:
        of, stage = say(f"folder.{step.of}"), say(f"folder.stage.{step.stage}")
        why = f"  {step.why}" if step.why else ""
        yield Pair(_when(step.at), f"{spoken.text(of)}: {spoken.text(stage)}{why}")
    yield Text(spoken.text(say("folder.messages")), "heading")
    for one in folder.messages:
        way = spoken.text(say(f"folder.{one.way}"))
        fields = "  ".join(f"{number}={value}" for number, value in one.fields.items())
        yield Text(f"{_when(one.at)}  {way} {one.what}  {fields}", "small")


def _pictures(folder: Folder, pictures: Mapping[str, str], spoken: Words) -> Iterator[Block]:
    yield Text(spoken.text(say("folder.pictures")), "heading")
    for picture in folder.pictures:
        gone = "" if picture.is_kept else f"  {spoken.text(say('folder.dropped'))}"
        yield Text(f"{_when(picture.at)}  {_kind(picture.kind, spoken)}  SHA-256 {picture.digest}{gone}", "small")
    for name, kind in pictures.items():
        yield Image(name, _kind(kind, spoken))


def _proof(head: Head, spoken: Words) -> Iterator[Block]:
    yield Text(spoken.text(say("folder.proof")), "heading")
    yield Text(spoken.text(say("folder.proof.what")))
    yield from _pairs(
        spoken,
        ("folder.first", f"{head.first}"),
        ("folder.before", head.before),
        ("folder.head", f"{head.seq}"),
        ("folder.head_hash", head.hash),
    )
    yield Text("yuanlu evidence check FILE.zip", "small")


def _pairs(spoken: Words, *rows: tuple[str, str | Say]) -> Iterator[Block]:
    for label, value in rows:
        if value:
            yield Pair(spoken.text(say(label)), spoken.text(value))


def _kind(kind: str, spoken: Words) -> str:
    known = kind if f"folder.picture.{kind}" in spoken.sentences else "other"
    return spoken.text(say(f"folder.picture.{known}"))


def _when(at: str) -> str:
    return at[:19].replace("T", " ")


# --- on paper --------------------------------------------------------------------------------------------------------
def pdf(content: list[Block], files: Mapping[str, bytes]) -> bytes:
    """A4 pages. Raises FontMissing."""
    page = _Page(files)
    for block in content:
        page.add(block)
    return page.done()


class _Page:
    """Where on which page the next block goes."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        from reportlab.pdfbase.pdfmetrics import registerFont, stringWidth
        from reportlab.pdfbase.ttfonts import TTFont
        from reportlab.pdfgen.canvas import Canvas

        registerFont(TTFont(FONT, str(font_file())))
        self._out, self._files, self._width_of = io.BytesIO(), files, stringWidth
        self._canvas: Any = Canvas(self._out, pagesize=(WIDTH, HEIGHT), invariant=True)
        self._y, self._number = HEIGHT - MARGIN, 1

    def add(self, block: Block) -> None:
        match block:
            case Text(text, size):
                self._y -= 6 if size == "heading" else 0
                self._set([(MARGIN, text, WIDTH - 2 * MARGIN)], SIZES[size])
            case Pair(label, value):
                right = MARGIN + LABEL
                self._set([(MARGIN, label, LABEL - 8), (right, value, WIDTH - MARGIN - right)], SIZES["row"])
            case Image(name, caption):
                self._image(self._files[name], caption)

    def done(self) -> bytes:
        self._end_page()
        self._canvas.save()
        return self._out.getvalue()

    def _set(self, columns: list[tuple[float, str, float]], size: int) -> None:
        """Columns side by side, each on as many lines as it needs."""
        wrapped = [(x, self._wrapped(text, width, size)) for x, text, width in columns]
        for line in range(max(len(lines) for _, lines in wrapped)):
            self._room(size * LEADING)
            self._canvas.setFont(FONT, size)
            for x, lines in wrapped:
                if line < len(lines):
                    self._canvas.drawString(x, self._y, lines[line])

    def _wrapped(self, text: str, width: float, size: int) -> list[str]:
        return wrap(_clean(text), int(width * TENTHS), lambda part: int(self._width_of(part, FONT, size) * TENTHS))

    def _image(self, content: bytes, caption: str) -> None:
        from reportlab.lib.utils import ImageReader

        image = ImageReader(io.BytesIO(content))
        width, height = image.getSize()
        scale = min(MOST_PICTURE[0] / width, MOST_PICTURE[1] / height, 0.5)
        if self._y - height * scale - 30 < MARGIN:
            self._turn()
        self._set([(MARGIN, caption, WIDTH - 2 * MARGIN)], SIZES["row"])
        self._room(height * scale + 4)
        self._canvas.drawImage(image, MARGIN, self._y, width * scale, height * scale)
        self._room(8)

    def _room(self, height: float) -> None:
        if self._y - height < MARGIN:
            self._turn()
        self._y -= height

    def _turn(self) -> None:
        self._end_page()
        self._y, self._number = HEIGHT - MARGIN, self._number + 1

    def _end_page(self) -> None:
        self._canvas.setFont(FONT, SIZES["small"])
        self._canvas.drawCentredString(WIDTH / 2, MARGIN / 2, str(self._number))
        self._canvas.showPage()


def _clean(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)
