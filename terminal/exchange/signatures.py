"""Signatures on their way to the acquirer (cup.md 5.4). Law: three tries, then paper; the money is never touched.

A signature goes with the next transaction and before a settlement. 00 and 94 are received; another answer, or the
third silence, means that the paper receipt is signed instead.
"""

from __future__ import annotations

import msgspec

from terminal.exchange.acquirer import Acquirer, Unanswered
from terminal.exchange.stages import Accepted
from terminal.iso8583.cup_management import signature
from terminal.iso8583.kinds import Kind
from terminal.iso8583.message import WireError
from terminal.iso8583.response_codes import ITEM_ACCEPTED, SIGN_IN_AGAIN
from terminal.journal.journal import Journal
from terminal.journal.owed import Owed
from terminal.ports import DeviceError
from terminal.signature import ElementRefused, ReceiptElements, receipt_elements

KIND, TRIES = "signature", 3  # 签名重发次数, cup.md 4.3
OWED, SENT, TO_PRINT, ON_PAPER = "owed", "sent", "to-print", "on-paper"
UNKNOWN_ORGANISATION = " "  # FF09 of a refund when the acquirer names none
KIND_TEXTS = {  # FF01 is Chinese on the wire, whatever the terminal's language (cup.md 5.2)
    Kind.SALE: "消费",
    Kind.VOID: "消费撤销",
    Kind.REFUND: "退货",
    Kind.PRE_AUTH: "预授权",
    Kind.PRE_AUTH_VOID: "预授权撤销",
    Kind.COMPLETION: "预授权完成",
    Kind.COMPLETION_NOTICE: "预授权完成通知",
    Kind.COMPLETION_VOID: "预授权完成撤销",
}


async def owe_signature(journal: Journal, stage: Accepted, image: bytes) -> None:
    """Keep it until the acquirer has it. `image` is JBIG, at most SIGNATURE_MOST bytes."""
    await journal.owed.keep(Owed(KIND, stage.request.id, OWED, 0, image))


async def send_signatures(journal: Journal, acquirer: Acquirer, merchant_name: str, but: str = "") -> None:
    """Each owed one once, but for that of exchange `but`."""
    for owed in await journal.owed.all(KIND, OWED):
        stage = await journal.exchange(owed.id)
        if owed.id == but or not isinstance(stage, Accepted):
            continue
        state = await _sent(acquirer, stage, owed, merchant_name)
        await journal.owed.keep(msgspec.structs.replace(owed, tries=owed.tries + 1, state=state))


async def to_be_printed(journal: Journal) -> list[tuple[Owed, Accepted]]:
    """Those that are to be signed on paper, until `printed` says that they were."""
    found = [(owed, await journal.exchange(owed.id)) for owed in await journal.owed.all(KIND, TO_PRINT)]
    return [(owed, stage) for owed, stage in found if isinstance(stage, Accepted)]


async def printed(journal: Journal, owed: Owed) -> None:
    """Its paper came out."""
    await journal.owed.keep(msgspec.structs.replace(owed, state=ON_PAPER))


def elements(stage: Accepted, merchant_name: str) -> bytes:
    """F55 of the upload: what the acquirer needs to set the receipt itself. Raises ElementRefused."""
    request, reply = stage.request, stage.reply
    original, kind = request.original, request.kind
    is_refund, is_void = kind is Kind.REFUND, kind in (Kind.VOID, Kind.PRE_AUTH_VOID, Kind.COMPLETION_VOID)
    date = reply.date or request.at[5:7] + request.at[8:10]
    time = reply.time or request.at[11:19].replace(":", "")
    return receipt_elements(
        ReceiptElements(
            merchant_name=merchant_name,
            kind_text=KIND_TEXTS.get(kind, "消费"),
            operator=request.operator,
            at=f"{request.at[:4]}{date}{time}",
            copies="02",
            acquirer=reply.acquirer,
            issuer=reply.issuer,
            approval_code=reply.approval_code,
            card_organisation=reply.card_organisation or (UNKNOWN_ORGANISATION if is_refund else ""),
            application_label=request.card.label,
            aid=request.card.aid,
            remark=reply.remark,
            original_stan=original.stan if original and is_void else "",
            original_rrn=original.rrn if original and is_refund else "",
            original_date=original.date if original and is_refund else "",
        )
    )


async def _sent(acquirer: Acquirer, stage: Accepted, owed: Owed, merchant_name: str) -> str:
    """The state it is in after one try."""
    request, reply = stage.request, stage.reply
    of = {4: f"{stage.amount.minor:012d}", 11: request.stan, 15: reply.settlement_date, 37: reply.rrn}
    try:
        told = elements(stage, merchant_name)
        message = signature(acquirer.dialect, acquirer.me, of, request.batch, told, owed.body)
        answer = await acquirer.ask_once(message)
    except (ElementRefused, WireError):
        return TO_PRINT  # it can never be sent
    except (Unanswered, DeviceError):
        return TO_PRINT if owed.tries + 1 >= TRIES else OWED
    if answer.response_code in ITEM_ACCEPTED:
        return SENT
    is_over = answer.response_code not in SIGN_IN_AGAIN or owed.tries + 1 >= TRIES
    return TO_PRINT if is_over else OWED
