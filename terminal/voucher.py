"""A stage of an exchange as paper: 签购单. Law: only what the journal knows is printed; 6+4 of the card.

Order of lines: refund.md 5 and cup.md 4.9. Words are ids; the paper's language is chosen by who prints.
"""

from __future__ import annotations

from datetime import date

import msgspec

from terminal.exchange.request import Request
from terminal.exchange.stages import Accepted, GivenUp, Unknown
from terminal.iso8583.kinds import GIVES_BACK, Kind
from terminal.money import Money
from terminal.receipt import Blank, Code, Copy, Heading, Line, Pair, Receipt, Rule, Signature, Text
from terminal.refund import receipt_code
from terminal.refund.arrival import Calendar, expected
from terminal.refund.rules import Arrival
from terminal.refund.sale import ELSEWHERE, TYPED, Origin
from terminal.screens import Say, say

Strokes = tuple[tuple[tuple[int, int], ...], ...]
SIGNATURE_ROWS = 3
HEX = frozenset("0123456789ABCDEFabcdef")


class Shop(msgspec.Struct, frozen=True):
    """What stands on every paper of a shop. `arrival` is the working days until a refund is there, by card kind, and
    `calendar` says which days those are."""

    name: str
    merchant_id: str
    terminal_id: str
    support_phone: str
    arrival: Arrival
    calendar: Calendar = Calendar()


class Style(msgspec.Struct, frozen=True):
    """How one paper is wanted. `is_other_card`: the application says that this is not the card of the sale."""

    copy: Copy = Copy.NONE
    language: str = "zh_CN"
    strokes: Strokes = ()
    is_reprint: bool = False
    is_demo: bool = False
    is_other_card: bool = False


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
    """The receipt of an accepted sale, void or refund."""
    request, reply = stage.request, stage.reply
    lines: list[Line] = [
        *_head(shop, style, request),
        *_card(request, reply.issuer, reply.acquirer),
        Rule(),
        Heading(say(f"kind.{request.kind.value}")),
        Pair(say("paper.batch"), request.batch),
        Pair(say("paper.voucher"), request.stan),
        *([Pair(say("paper.approval_code"), reply.approval_code)] if reply.approval_code else []),
        Pair(say("paper.at"), _at(request)),
        Pair(say("paper.rrn"), reply.rrn),
        Pair(say("paper.amount"), f"RMB {_signed(request.kind, stage.amount)}", is_large=True),
        *([Pair(say("paper.remark"), reply.remark)] if reply.remark else []),
        *_given_back(request, style),
        *_arrives(request, shop),
        *_chip(request),
        *([Text(say("paper.testified"))] if stage.testimony is not None else []),
        Rule(),
        *_signature(stage, style),
        _code(request, shop, reply.rrn),
        Text(say("paper.short_code", code=f"{request.batch}-{request.stan}"), is_centred=True),
        *foot(shop, style),
    ]
    return Receipt(tuple(lines), style.copy, style.language)


def unknown_paper(stage: Unknown | GivenUp, shop: Shop, style: Style) -> Receipt:
    """结果待确认: what to do, and above all what not to do. Of a reversal that cannot be sent any more it is the money
    itself that is in doubt, so the words are others."""
    request = stage.request
    words, kind = ("given-up" if isinstance(stage, GivenUp) else "unknown"), say(f"kind.{request.kind.value}")
    lines: list[Line] = [
        *_head(shop, style, request),
        *_card(request),
        Rule(),
        Heading(say("paper.unknown")),
        Pair(say("paper.kind"), kind),
        Pair(say("paper.batch"), request.batch),
        Pair(say("paper.voucher"), request.stan),
        Pair(say("paper.at"), _at(request)),
        Pair(say("paper.amount"), f"RMB {_signed(request.kind, request.amount)}", is_large=True),
        *_given_back(request, style),
        Rule(),
        Text(say(f"paper.{words}.what", kind=kind)),
        Text(say(f"paper.{words}.do", kind=kind)),
        Text(say(f"paper.{words}.not", kind=kind)),
        _code(request, shop),
        Text(say("paper.short_code", code=request.id), is_centred=True),
        *foot(shop, style),
    ]
    return Receipt(tuple(lines), style.copy, style.language)


def _head(shop: Shop, style: Style, request: Request) -> list[Line]:
    return [
        *([Text(say("paper.demo"), is_centred=True)] if style.is_demo else []),
        Heading(say("paper.title")),
        *([Text(say(f"copy.{style.copy.value}"), is_centred=True)] if style.copy is not Copy.NONE else []),
        Rule(),
        Pair(say("paper.merchant"), shop.name),
        Pair(say("paper.merchant_id"), shop.merchant_id),
        Pair(say("paper.terminal_id"), shop.terminal_id),
        Pair(say("paper.operator"), request.operator),
    ]


def _card(request: Request, issuer: str = "", acquirer: str = "") -> list[Line]:
    grouped = request.card.masked_pan
    spaced = " ".join(grouped[start : start + 4] for start in range(0, len(grouped), 4))
    return [
        *([Pair(say("paper.issuer"), issuer)] if issuer else []),
        Pair(say("paper.card"), f"{spaced} /{request.card.entry}"),
        *([Pair(say("paper.acquirer"), acquirer)] if acquirer else []),
    ]


def _code(request: Request, shop: Shop, rrn: str = "") -> Code:
    """Finds it again when the paper is scanned."""
    return Code(receipt_code.text(shop.terminal_id, shop.merchant_id, request.at[:10], rrn, request.id))


def _given_back(request: Request, style: Style) -> list[Line]:
    original, fees = request.original, request.fee_sheet
    if original is None or fees is None:
        return []
    return [
        Rule(),
        Pair(say("paper.original_date"), f"{original.date[:2]}/{original.date[2:]}"),
        Pair(say("paper.original_rrn"), original.rrn),
        Pair(say("paper.original_voucher"), original.stan),
        Pair(say("fees.original"), str(fees.original)),
        Pair(say("fees.before"), str(fees.refunded_before)),
        *([Pair(say("fees.part"), str(fees.part))] if fees.part is not None else []),
        Pair(say("fees.kept_cost"), str(fees.kept_cost)),
        Pair(say("fees.handling_fee"), str(fees.handling_fee)),
        Pair(say("fees.this"), str(request.amount)),
        Pair(say("fees.left"), str(fees.remaining - request.amount)),
        Pair(say("paper.reason"), say(f"reason.{request.reason}")),
        *([Pair(say("paper.supervisor"), request.supervisor)] if request.supervisor else []),
        *([Pair(say("paper.application"), request.application)] if request.application else []),
        *(Text(mark) for mark in _marks(request, style)),
    ]


def _arrives(request: Request, shop: Shop) -> list[Line]:
    """Of what was accepted; nobody knows when what nobody knows of arrives."""
    if request.original is None or request.fee_sheet is None:
        return []
    return [Pair(say("paper.arrival"), _arrival(request, shop))]


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
    return say("paper.arrival.dates", first=f"{first:%Y/%m/%d}", last=f"{last:%m/%d}")


def _chip(request: Request) -> list[Line]:
    card = request.card
    return [
        *([Pair(say("paper.aid"), card.aid)] if card.aid else []),
        *([Pair(say("paper.label"), card.label)] if card.label else []),
    ]


def _signature(stage: Accepted, style: Style) -> list[Line]:
    if style.copy is Copy.CARDHOLDER:  # cup.md 4.9: no signature on the cardholder's copy
        return []
    code = feature_code(stage.reply.settlement_date, stage.reply.rrn)
    agreed = say("paper.agree.sale") if stage.request.kind is Kind.SALE else say("paper.agree.back")
    named: list[Line] = [Pair(say("paper.code"), code)] if code else []
    if style.strokes:
        return [Text(say("paper.signature")), Signature(style.strokes), *named, Text(agreed)]
    return [Text(say("paper.signature")), Blank(SIGNATURE_ROWS), Rule(), Text(agreed)]


def foot(shop: Shop, style: Style) -> list[Line]:
    """The last lines of every paper."""
    return [
        *([Text(say("paper.duplicated"), is_centred=True)] if style.is_reprint else []),
        Text(say("paper.support", phone=shop.support_phone), is_centred=True),
        *([Text(say("paper.demo"), is_centred=True)] if style.is_demo else []),
    ]


def _signed(kind: Kind, amount: Money) -> str:
    return f"-{amount}" if kind in GIVES_BACK else str(amount)


def _at(request: Request) -> str:
    return request.at[:19].replace("-", "/").replace("T", " ")
