"""Paper after the money. Law: no paper, no printer: said, printed again on demand; the money is not reopened.

What was printed of a refund, and how it was signed, is kept with it (guide G11): `terminal/evidence.py` reads it.
"""

from __future__ import annotations

import msgspec

from terminal.chip_paper import needs_signature
from terminal.dialogue import bad_news
from terminal.dialogue.customer import fees_shown, in_customers_hands
from terminal.dialogue.paper_queue import Printing
from terminal.dialogue.room import Room
from terminal.evidence import PAPER, SIGNED, kept_paper, kept_strokes
from terminal.exchange.signatures import KIND as SIGNATURE
from terminal.exchange.signatures import OWED, owe_signature, printed, send_signatures, to_be_printed
from terminal.exchange.stages import Accepted, GivenUp, Reversed, Stage, Unknown
from terminal.iso8583.kinds import GIVES_BACK
from terminal.journal.store import JournalFailed
from terminal.ports import DeviceError
from terminal.receipt import Copy, Receipt
from terminal.screens import Notice, Tone, say
from terminal.signature import NothingDrawn, TooLong, sent
from terminal.voucher import Shop, Strokes, Style, feature_code, reversed_paper, unknown_paper, voucher

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
        room.logo,
    )


async def print_outcome(room: Room, stage: Stage, told: Notice | None = None, is_reprint: bool = False) -> None:
    """Signature and both copies of an accepted exchange, or the one paper of an unknown or a reversed one.

    `told` is the result screen: the first paper comes out while it stands there, but where he signs on glass first.
    """
    room.desk.at_step(-1)
    if isinstance(stage, Unknown | GivenUp):
        first = _kept(room, stage, unknown_paper(stage, shop(room), style(room)))
        await _tell(room, told)
        await came_out(room, first)
    elif isinstance(stage, Accepted):
        is_here = room.desk.has_glass and not is_reprint and not stage.is_late  # late: no cardholder at the counter
        is_signed = is_here and needs_signature(stage)
        await _tell(room, told if is_signed else None)
        strokes = await _signature(room, stage) if is_signed else ()
        first = await _copy(room, stage, COPIES[0], strokes, is_reprint)
        await _tell(room, None if is_signed else told)
        await _other_copies(room, stage, first, strokes, is_reprint)
    elif isinstance(stage, Reversed):
        first = _kept(room, stage, reversed_paper(stage, shop(room), style(room)))
        await _tell(room, told)
        await came_out(room, first)
    else:
        await _tell(room, told)


async def _tell(room: Room, told: Notice | None) -> None:
    if told is not None:
        await room.desk.tell(told)


async def _other_copies(room: Room, stage: Accepted, before: Printing, strokes: Strokes, is_reprint: bool) -> None:
    """Each after the one before was torn off. The last one comes out by itself: the next dialogue may begin."""
    for copy in COPIES[1 : room.config.printer.copies]:
        if not await came_out(room, before):
            break  # he left it: the rest can be printed from the records too
        await room.desk.tell(Notice(TITLE, Tone.OK, say("printing.tear"), hint=say("printing.next")), BETWEEN_COPIES)
        before = await _copy(room, stage, copy, strokes, is_reprint)
    if not is_reprint and await room.journal.owed.all(SIGNATURE, OWED):
        await _upload_earlier(room, stage)


async def _copy(room: Room, stage: Accepted, copy: Copy, strokes: Strokes, is_reprint: bool) -> Printing:
    wanted = style(room, copy=copy, strokes=strokes, is_reprint=is_reprint)
    wanted = msgspec.structs.replace(
        wanted, is_other_card=await _is_other_card(room, stage), original_day=await _original_day(room, stage)
    )
    return _kept(room, stage, voucher(stage, shop(room), wanted))


async def print_receipt(room: Room, receipt: Receipt) -> bool:
    """One paper that somebody waits for; whether it came out. What stood still before it has a new try."""
    if room.papers.trouble:
        room.papers.retry()
    return await came_out(room, room.papers.put(receipt))


async def came_out(room: Room, printing: Printing) -> bool:
    """Wait for it; on trouble the merchant chooses to try again or to leave it. Nobody there: it comes out later."""
    while not printing.over.is_set():
        if not room.papers.trouble:
            await room.desk.work(TITLE, room.papers.settled(printing), lambda: say("printing.busy"))
        if room.papers.trouble and not await tell_trouble(room, printing):
            break
    return bool(printing.out)


async def tell_trouble(room: Room, printing: Printing | None = None) -> bool:
    """Why no paper comes out; whether the queue goes on at once. Confirm tries again, cancel gives up `printing`, or
    the first where nobody waits for one."""
    trouble = room.papers.trouble
    key = await bad_news.tell(room.desk, room.journal, trouble, TITLE)
    if not room.papers.trouble:  # meanwhile it came out: the help has a test of the printer
        return True
    if key == "enter" or trouble == "journal-failed":  # that one is out
        room.papers.retry()
        return True
    if key:
        room.papers.give_up(printing)
    else:
        room.papers.wait()
    return False


async def _is_other_card(room: Room, stage: Stage) -> bool:
    """Whether it went to a card that is not the sale's: it is marked."""
    application = await room.journal.applications.of_exchange(stage.request.id)
    return application is not None and application.is_other_card


async def _original_day(room: Room, stage: Stage) -> str:
    """Where the records know the year of the sale."""
    original = stage.request.original
    sold = await room.journal.exchange(original.exchange_id) if original is not None else None
    return sold.request.at[:10] if sold is not None else ""


def _kept(room: Room, stage: Stage, receipt: Receipt) -> Printing:
    """On its way out, and with the refund once it is out."""
    return room.papers.put(receipt, lambda paper: _keep(room, stage, PAPER, kept_paper(paper)))


async def _keep(room: Room, stage: Stage, kind: str, body: bytes) -> None:
    """With the refund. Raises JournalFailed."""
    if stage.request.kind in GIVES_BACK:
        at = room.hardware.clock.now().isoformat(timespec="seconds")
        await room.journal.attachments.keep(stage.request.id, kind, at, body)


def style(room: Room, copy: Copy = Copy.NONE, strokes: Strokes = (), is_reprint: bool = False) -> Style:
    """How a paper is wanted here."""
    language = room.config.printer.language or room.desk.language
    return Style(copy, language, strokes, is_reprint, room.config.merchant.is_test)


async def print_unsent_signatures(room: Room) -> None:
    """The acquirer will not have these signatures: the merchant's copies, to be signed by hand (cup.md 5.4)."""
    for owed, stage in await to_be_printed(room.journal):
        await print_receipt(room, voucher(stage, shop(room), style(room, copy=Copy.MERCHANT, is_reprint=True)))
        await printed(room.journal, owed)


async def _signature(room: Room, stage: Accepted) -> Strokes:
    """Strokes for the paper, and their picture owed to the acquirer (cup.md 5.3, 5.4)."""
    title = say("sign.title", kind=say(f"kind.{stage.request.kind.value}"))
    code = feature_code(stage.reply.settlement_date, stage.reply.rrn)
    async with in_customers_hands(room):  # kept before it is handed back: a power cut then loses no signature
        await fees_shown(room, stage)
        while True:
            strokes = await room.desk.sign(title, stage.amount, code)
            if not strokes:
                return ()
            if await _owed(room, stage, strokes):
                try:
                    await _keep(room, stage, SIGNED, kept_strokes(strokes))
                except JournalFailed:  # the money is over all the same
                    await bad_news.tell(room.desk, room.journal, "journal-failed", TITLE)
                return strokes
            await bad_news.tell(room.desk, room.journal, "signature-too-long", title)


async def _owed(room: Room, stage: Accepted, strokes: Strokes) -> bool:
    """Keep it for the upload; False when it is too long to send and must be signed again."""
    coder = room.hardware.coder
    if coder is None or "signatures" not in room.acquirer.dialect.offers:
        return True  # it is on the paper
    try:
        image = sent(strokes, coder.encode)
    except TooLong:
        return False
    except (DeviceError, NothingDrawn):
        return True
    await owe_signature(room.journal, stage, image)
    return True


async def _upload_earlier(room: Room, stage: Accepted) -> None:
    """Signatures of earlier transactions go with this one (cup.md 5.4)."""
    name = room.config.merchant.name
    sending = send_signatures(room.journal, room.acquirer, name, but=stage.request.id)
    await room.desk.work(TITLE, sending, lambda: say("settlement.signatures"))
    await print_unsent_signatures(room)
