"""A stage of an exchange as paper: 签购单. Law: only what the journal knows is printed; 6+4 of the card.

| stage            | paper                                                                                  |
|------------------|----------------------------------------------------------------------------------------|
| Accepted         | `voucher`: of a sale, void, refund, hold, completion and what undoes them               |
| Unknown, GivenUp | `unknown_paper`: 结果待确认, what to do and what not                                      |
| Reversed         | `reversed_paper`: 已冲正, for who saw a message of his bank; nothing is owed              |

Order of lines: refund.md 5 and cup.md 4.9. Words are ids; the paper's language is chosen by who prints. The card's
expiry is not printed: no acquirer here requires it, and no record holds it.
"""

from __future__ import annotations

from datetime import date

from terminal.chip_paper import chip_rows, needs_signature
from terminal.exchange.request import Original, Request
from terminal.exchange.stages import Accepted, GivenUp, Reversed, Unknown
from terminal.iso8583.kinds import GIVES_BACK, Kind
from terminal.money import Money
from terminal.receipt import (
    Blank,
    Code,
    Copy,
    Heading,
    InWords,
    Line,
    Pair,
    Receipt,
    Rule,
    Signature,
    Text,
    Type,
)
from terminal.refund import receipt_code
from terminal.refund.arrival import expected
from terminal.refund.sale import ELSEWHERE, TYPED, Origin
from terminal.screens import Say, say
from terminal.shop_paper import Shop as Shop
from terminal.shop_paper import Strokes as Strokes
from terminal.shop_paper import Style as Style
from terminal.shop_paper import day_of, head, known, moment
from terminal.shop_paper import foot as foot

SIGNATURE_ROWS = 3
HEX = frozenset("0123456789ABCDEFabcdef")
FALLBACK = "F"  # entry of a chip that could not be read, so that its stripe was
NO_NUMBER = "000000"  # batch and voucher of a sale of another terminal (cup.md 2.3)
HOLDS = frozenset({Kind.PRE_AUTH, Kind.PRE_AUTH_MORE, Kind.MOTO_PRE_AUTH})
RELEASES = frozenset({Kind.PRE_AUTH_VOID, Kind.MOTO_PRE_AUTH_VOID})


def feature_code(settlement_date: str, rrn: str) -> str:
    """交易特征码, 8 hex digits (cup.md 5.3): MMDD and RRN folded; "" when the RRN is not 12 hex digits (F37 is AN12).

    >>> feature_code("0427", "091947145060")
    '43335979'
    """
    spelled = (settlement_date or "0000") + (rrn or "0" * 12)
    if len(spelled) != 16 or not set(spelled) <= HEX:
        return ""
    first, second = bytes.fromhex(spelled[:8]), bytes.fromhex(spelled[8:])
    return bytes(a ^ b for a, b in zip(first, second, strict=True)).hex().upper()


def voucher(stage: Accepted, shop: Shop, style: Style) -> Receipt:
    """The receipt of whatever was accepted."""
    request, reply = stage.request, stage.reply
    return _paper(
        style,
        *_head(shop, style, request),
        *_card(request, reply.issuer, reply.acquirer),
        Rule(),
        Type(say(f"kind.{request.kind.value}")),
        *known(
            (say("paper.batch"), request.batch),
            (say("paper.voucher"), request.stan),
            (say("paper.approval_code"), reply.approval_code),
            (say("paper.at"), moment(request.at)),
            (say("paper.rrn"), reply.rrn),
        ),
        *_amount(request.kind, stage.amount),
        *known((say("paper.remark"), reply.remark)),
        *_given_back(request, style, _arrival(request, shop)),
        *_proof(stage),
        Rule(),
        _code(request, shop, reply.rrn),
        _short_code(f"{request.batch}-{request.stan}"),
        *_signature(stage, style),
        *foot(shop, style),
    )


def unknown_paper(stage: Unknown | GivenUp, shop: Shop, style: Style) -> Receipt:
    """结果待确认: what to do, and above all what not to do. Of a reversal that cannot be sent any more it is the money
    itself that is in doubt, so the words are others."""
    request = stage.request
    words, kind = ("given-up" if isinstance(stage, GivenUp) else "unknown"), say(f"kind.{request.kind.value}")
    what, do, never = (say(f"paper.{words}.{part}", kind=kind) for part in ("what", "do", "not"))
    if isinstance(stage, Unknown) and request.kind not in GIVES_BACK:
        what, never = say("paper.unknown.other.what", kind=kind), say("paper.unknown.other.not", kind=kind)
    shown = [*_amount(request.kind, request.amount), *_given_back(request, style)]
    return _of_no_answer(say("paper.unknown"), request, shop, style, shown, (what, do, never))


def reversed_paper(stage: Reversed, shop: Shop, style: Style) -> Receipt:
    """已冲正: what happened, that nothing is owed, and what becomes of a message that his bank may have sent."""
    request, kind = stage.request, say(f"kind.{stage.request.kind.value}")
    if request.kind in GIVES_BACK | RELEASES:
        told = (say("paper.reversed.back", kind=kind), say("paper.reversed.back.do"))
    else:
        told = (say("paper.reversed.sale", kind=kind), say("paper.reversed.sale.do"))
    testified = (say("paper.testified"),) if stage.testimony is not None else ()
    named = [] if request.original is None else [Rule(), *_original(request.original, style)]
    shown = [Pair(say("paper.amount"), f"RMB {request.amount}"), *named]
    return _of_no_answer(say("paper.reversed"), request, shop, style, shown, (*told, *testified))


def _of_no_answer(
    title: Say, request: Request, shop: Shop, style: Style, shown: list[Line], told: tuple[Say, ...]
) -> Receipt:
    return _paper(
        style,
        *_head(shop, style, request),
        *_card(request),
        Rule(),
        Heading(title),
        Pair(say("paper.kind"), say(f"kind.{request.kind.value}")),
        Pair(say("paper.batch"), request.batch),
        Pair(say("paper.voucher"), request.stan),
        Pair(say("paper.at"), moment(request.at)),
        *shown,
        Rule(),
        *(Text(sentence) for sentence in told),
        _code(request, shop),
        _short_code(request.id),
        *foot(shop, style),
    )


def _paper(style: Style, *lines: Line) -> Receipt:
    return Receipt(lines, style.copy, style.language)


def _head(shop: Shop, style: Style, request: Request) -> list[Line]:
    of: list[Line] = [Text(say(f"copy.{style.copy.value}"), is_centred=True)] if style.copy is not Copy.NONE else []
    return [*head(say("paper.title"), shop, style, *of), Pair(say("paper.operator"), request.operator)]


def _card(request: Request, issuer: str = "", acquirer: str = "") -> list[Line]:
    entry = FALLBACK if request.is_fallback else request.card.entry
    return known(
        (say("paper.issuer"), issuer),
        (say("paper.card"), f"{grouped(request.card.masked_pan)} /{entry}"),
        (say("paper.acquirer"), acquirer),
    )


def grouped(masked_pan: str) -> str:
    """By four, as it stands on the card.

    >>> grouped("621094******0003")
    '6210 94** **** 0003'
    """
    return " ".join(masked_pan[start : start + 4] for start in range(0, len(masked_pan), 4))


def _amount(kind: Kind, amount: Money) -> list[Line]:
    """What goes back is written out too."""
    sign = "-" if kind in GIVES_BACK else ""
    large = Pair(say("paper.amount"), f"RMB {sign}{amount}", is_large=True)
    return [large, InWords(say("paper.in_words"), amount)] if kind in GIVES_BACK else [large]


def _code(request: Request, shop: Shop, rrn: str = "") -> Code:
    """Finds it again when the paper is scanned."""
    return Code(receipt_code.text(shop.terminal_id, shop.merchant_id, request.at[:10], rrn, request.id))


def _short_code(code: str) -> Text:
    """The same to type, for when the paper has faded."""
    return Text(say("paper.short_code", code=code), is_centred=True)


def _given_back(request: Request, style: Style, arrival: str | Say = "") -> list[Line]:
    """The sale and its fee sheet; of a hold that is completed or released only what names it. Nobody knows when what
    nobody knows of arrives: no `arrival` then."""
    original, fees = request.original, request.fee_sheet
    if original is None:
        return []
    if fees is None:
        return [Rule(), *_original(original, style), Pair(say("paper.original_amount"), str(original.amount))]
    return [
        Rule(),
        *_original(original, style),
        Pair(say("fees.original"), str(fees.original)),
        Pair(say("fees.before"), str(fees.refunded_before)),
        *([Pair(say("fees.part"), str(fees.part))] if fees.part is not None else []),
        Pair(say("fees.kept_cost"), str(fees.kept_cost)),
        Pair(say("fees.handling_fee"), str(fees.handling_fee)),
        Pair(say("fees.this"), str(request.amount)),
        Pair(say("fees.left"), str(fees.remaining - request.amount)),
        *known(
            (say("paper.reason"), say(f"reason.{request.reason}") if request.reason else ""),
            (say("paper.arrival"), arrival),
            (say("paper.supervisor"), request.supervisor),
            (say("paper.application"), request.application),
        ),
        *(Text(mark) for mark in _marks(request, style)),
    ]


def _original(original: Original, style: Style) -> list[Line]:
    """What is not known of it is not made up (terminal/refund/sale.py)."""
    day = style.original_day or (original.exchange_id[-10:] if original.exchange_id.startswith(ELSEWHERE) else "")
    return known(
        (say("paper.original_date"), day_of(original.date, day)),
        (say("paper.original_rrn"), original.rrn),
        (say("paper.original_voucher"), original.stan.replace(NO_NUMBER, "")),
        (say("paper.original_approval_code"), original.approval_code),
    )


def _marks(request: Request, style: Style) -> list[Say]:
    """What somebody who looks into this refund later must know at once."""
    original = request.original
    is_elsewhere = original is not None and original.exchange_id.startswith(ELSEWHERE)
    is_naked = original is not None and original.exchange_id.startswith(Origin.NAKED.value)
    return [
        *([say("paper.elsewhere")] if is_elsewhere else []),
        *([say("paper.naked")] if is_naked else []),
        *([say("paper.other_card")] if style.is_other_card else []),
        *([say("paper.typed_card")] if request.card.entry == TYPED else []),
    ]


def _arrival(request: Request, shop: Shop) -> str | Say:
    """By the day it was asked for: that is when the acquirer had it, however late it said so."""
    if request.kind is Kind.VOID:
        return say("paper.arrival.void")
    first, last = expected(date.fromisoformat(request.at[:10]), request.card, shop.arrival, shop.calendar)
    year = "" if first.year == last.year else f"{last:%Y}/"
    return say("paper.arrival.dates", first=f"{first:%Y/%m/%d}", last=f"{year}{last:%m/%d}")


def _proof(stage: Accepted) -> list[Line]:
    testified: list[Line] = [Text(say("paper.testified"))] if stage.testimony is not None else []
    return [*chip_rows(stage), *testified]


def _signature(stage: Accepted, style: Style) -> list[Line]:
    if style.copy is Copy.CARDHOLDER:  # cup.md 4.9: no signature on the cardholder's copy
        return []
    if not needs_signature(stage) and not style.strokes:
        return [Rule(), Text(say("paper.not_signed"), is_centred=True)]
    code = feature_code(stage.reply.settlement_date, stage.reply.rrn)
    agreed = Text(_agreed(stage.request.kind))
    if style.strokes:
        return [
            Rule(),
            Text(say("paper.signature")),
            Signature(style.strokes),
            *known((say("paper.code"), code)),
            agreed,
        ]
    return [Rule(), Text(say("paper.signature")), Blank(SIGNATURE_ROWS), Rule(), agreed]


def _agreed(kind: Kind) -> Say:
    if kind in GIVES_BACK:
        return say("paper.agree.back")
    if kind in RELEASES:
        return say("paper.agree.release")
    return say("paper.agree.hold") if kind in HOLDS else say("paper.agree.sale")
