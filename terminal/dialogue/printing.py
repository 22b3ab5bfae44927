"""Paper after the money. Law: no paper, no printer: said, printed again on demand; the money is not reopened.

What was printed of a refund, and how it was signed, is kept with it (guide G11): `terminal/evidence.py` reads it.
"""

from __future__ import annotations

import msgspec

from terminal.dialogue import bad_news
from terminal.dialogue.customer import fees_shown, in_customers_hands
from terminal.dialogue.room import Room
from terminal.evidence import PAPER, SIGNED, kept_paper, kept_strokes
from terminal.exchange.signatures import KIND as SIGNATURE
from terminal.exchange.signatures import OWED, owe_signature, printed, send_signatures, to_be_printed
from terminal.exchange.stages import Accepted, GivenUp, Stage, Unknown
from terminal.iso8583.kinds import GIVES_BACK
from terminal.journal.store import JournalFailed
from terminal.paper import Paper
from terminal.ports import DeviceError, PaperOut, PrinterLost
from terminal.receipt import Copy, Receipt
from terminal.screens import Notice, Tone, say
from terminal.signature import SIGNATURE_MOST, NothingDrawn, drawn
from terminal.voucher import Shop, Strokes, Style, feature_code, unknown_paper, voucher

TITLE = say("printing.title")
BETWEEN_COPIES = 2.0  # seconds, cup.md 4.9
COPIES = (Copy.MERCHANT, Copy.CARDHOLDER)


def shop(room: Room) -> Shop:
    """What stands on every paper."""
    merchant = room.config.merchant
    return Shop(
        merchant.name,
        merchant.merchant_id,
        merchant.terminal_id,
        merchant.support_phone,
        room.policy.arrival,
        room.calendar,
    )


async def print_outcome(room: Room, stage: Stage, is_reprint: bool = False) -> None:
    """Signature and both copies of an accepted exchange, or the one paper of an unknown one."""
    if isinstance(stage, Unknown | GivenUp):
        await _print_and_keep(room, stage, unknown_paper(stage, shop(room), style(room)))
    if not isinstance(stage, Accepted):
        return
    strokes = () if is_reprint else await _signature(room, stage)
    for copy in COPIES[: room.config.printer.copies]:
        wanted = style(room, copy=copy, strokes=strokes, is_reprint=is_reprint)
        wanted = msgspec.structs.replace(wanted, is_other_card=await _is_other_card(room, stage))
        await _print_and_keep(room, stage, voucher(stage, shop(room), wanted))
        if copy is not COPIES[: room.config.printer.copies][-1]:
            await room.desk.tell(
                Notice(TITLE, Tone.OK, say("printing.tear"), hint=say("printing.next")), BETWEEN_COPIES
            )
    if not is_reprint and await room.journal.owed.all(SIGNATURE, OWED):
        await _upload_earlier(room, stage)


async def print_receipt(room: Room, receipt: Receipt) -> Paper | None:
    """One paper; on trouble the merchant chooses to try again or to leave it. What came out, None for nothing."""
    while True:
        try:
            paper = room.hardware.typeset(receipt, room.hardware.printer.columns)
            await room.desk.work(TITLE, room.hardware.printer.print(paper), lambda: say("printing.busy"))
        except (PaperOut, PrinterLost) as error:
            room.desk.set_status(paper="bad")
            name = "paper-out" if isinstance(error, PaperOut) else "printer-lost"
            if await bad_news.tell(room.desk, room.journal, name, TITLE) != "enter":
                return None
        else:
            room.desk.set_status(paper="ok")
            return paper


async def _is_other_card(room: Room, stage: Stage) -> bool:
    """Whether it went to a card that is not the sale's: it is marked."""
    application = await room.journal.applications.of_exchange(stage.request.id)
    return application is not None and application.is_other_card


async def _print_and_keep(room: Room, stage: Stage, receipt: Receipt) -> None:
    paper = await print_receipt(room, receipt)
    if paper is not None:
        await _keep(room, stage, PAPER, kept_paper(paper))


async def _keep(room: Room, stage: Stage, kind: str, body: bytes) -> None:
    """With the refund. A journal that is full is said; the paper is out and the money over all the same."""
    if stage.request.kind not in GIVES_BACK:
        return
    at = room.hardware.clock.now().isoformat(timespec="seconds")
    try:
        await room.journal.attachments.keep(stage.request.id, kind, at, body)
    except JournalFailed:
        await bad_news.tell(room.desk, room.journal, "journal-failed", TITLE)


def style(room: Room, copy: Copy = Copy.NONE, strokes: Strokes = (), is_reprint: bool = False) -> Style:
    """How a paper is wanted here."""
    return Style(copy, room.desk.language, strokes, is_reprint, room.config.merchant.is_test)


async def print_unsent_signatures(room: Room) -> None:
    """The acquirer will not have these signatures: the merchant's copies, to be signed by hand (cup.md 5.4)."""
    for owed, stage in await to_be_printed(room.journal):
        await print_receipt(room, voucher(stage, shop(room), style(room, copy=Copy.MERCHANT, is_reprint=True)))
        await printed(room.journal, owed)


async def _signature(room: Room, stage: Accepted) -> Strokes:
    """Strokes for the paper, and their picture owed to the acquirer (cup.md 5.3, 5.4)."""
    if not room.desk.has_glass or stage.is_late:  # a late answer finds no cardholder at the counter
        return ()
    title = say("sign.title", kind=say(f"kind.{stage.request.kind.value}"))
    code = feature_code(stage.reply.settlement_date, stage.reply.rrn)
    async with in_customers_hands(room):  # kept before it is handed back: a power cut then loses no signature
        await fees_shown(room, stage)
        while True:
            strokes = await room.desk.sign(title, stage.amount, code)
            if not strokes:
                return ()
            if await _owed(room, stage, strokes):
                await _keep(room, stage, SIGNED, kept_strokes(strokes))
                return strokes
            await bad_news.tell(room.desk, room.journal, "signature-too-long", title)


async def _owed(room: Room, stage: Accepted, strokes: Strokes) -> bool:
    """Keep it for the upload; False when it is too long to send and must be signed again."""
    coder = room.hardware.coder
    if coder is None or "signatures" not in room.acquirer.dialect.offers:
        return True  # it is on the paper
    try:
        image = coder.encode(drawn(strokes))
    except (DeviceError, NothingDrawn):
        return True
    if len(image) > SIGNATURE_MOST:
        return False
    await owe_signature(room.journal, stage, image)
    return True


async def _upload_earlier(room: Room, stage: Accepted) -> None:
    """Signatures of earlier transactions go with this one (cup.md 5.4)."""
    name = room.config.merchant.name
    sending = send_signatures(room.journal, room.acquirer, name, but=stage.request.id)
    await room.desk.work(TITLE, sending, lambda: say("settlement.signatures"))
    await print_unsent_signatures(room)
