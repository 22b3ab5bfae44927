"""证据封面: goes with an exported folder of one refund. Law: what is on it can be held against the folder, alone.

Order: shop, the refund, its facts, the digests, who exported it and when, how to check. No card number but 6 + 4.
"""

from __future__ import annotations

import msgspec

from terminal.bank_line import NO_RRN, amount_of, rrn_of
from terminal.evidence import Folder
from terminal.exchange.stages import state
from terminal.receipt import Blank, InWords, Line, Pair, Receipt, Rule, Text
from terminal.screens import say
from terminal.shop_paper import Shop, Style, foot, head, known, moment
from terminal.voucher import grouped

HASH_GROUP = 8  # hex digits: a person compares as many at a glance
SIGN_ROWS = 2


class Export(msgspec.Struct, frozen=True):
    """One export. `head` is the hash of the chain's last event, `digest` the SHA-256 of the zip file; both hex."""

    at: str
    supervisor: str
    file: str
    digest: str
    seq: int
    head: str


def evidence_cover_paper(folder: Folder, export: Export, shop: Shop, style: Style) -> Receipt:
    """One paper, nobody's copy: it lies in front of the folder."""
    lines: list[Line] = [
        *head(say("paper.cover"), shop, style),
        Rule(),
        *_refund(folder),
        Rule(),
        *_facts(folder),
        Rule(),
        Text(say("paper.cover.file")),
        Text(say("verbatim", text=export.file)),
        Text(say("paper.cover.digest")),
        Text(say("verbatim", text=_hash(export.digest))),
        Text(say("paper.cover.head", seq=str(export.seq))),
        Text(say("verbatim", text=_hash(export.head))),
        Rule(),
        Pair(say("paper.cover.at"), moment(export.at)),
        Pair(say("paper.cover.by"), export.supervisor),
        Text(say("paper.cover.signature")),
        Blank(SIGN_ROWS),
        Rule(),
        Text(say("paper.cover.check")),
        Text(say("verbatim", text=f"yuanlu evidence check {export.file}")),
        Rule(),
        *foot(shop, style),
    ]
    return Receipt(tuple(lines), style.copy, style.language)


def _refund(folder: Folder) -> list[Line]:
    stage = folder.refund
    request, amount = stage.request, amount_of(stage)
    return [
        Pair(say("paper.kind"), say(f"kind.{request.kind.value}")),
        Pair(say("paper.cover.state"), say(f"outcome.{state(stage)}")),
        *known(
            (say("paper.batch"), request.batch),
            (say("paper.voucher"), request.stan),
            (say("paper.at"), moment(request.at)),
            (say("paper.rrn"), rrn_of(stage).replace(NO_RRN, "")),
            (say("paper.card"), grouped(request.card.masked_pan)),
            (say("paper.operator"), request.operator),
            (say("paper.supervisor"), request.supervisor),
            (say("paper.application"), request.application),
            (say("paper.reason"), say(f"reason.{request.reason}") if request.reason else ""),
        ),
        Pair(say("paper.amount"), f"RMB {amount}", is_large=True),
        InWords(say("paper.in_words"), amount),
    ]


def _facts(folder: Folder) -> list[Line]:
    kept = [picture for picture in folder.pictures if picture.is_kept]
    gone = len(folder.pictures) - len(kept)
    return [
        Pair(say("paper.cover.steps"), str(len(folder.steps))),
        Pair(say("paper.cover.messages"), str(len(folder.messages))),
        Pair(say("paper.cover.pictures"), str(len(kept))),
        *([Pair(say("paper.cover.gone"), str(gone))] if gone else []),
        *(Pair(say(f"folder.picture.{_kind(picture.kind)}"), picture.digest[: 2 * HASH_GROUP]) for picture in kept),
    ]


def _kind(kind: str) -> str:
    return kind if kind in ("paper", "signature", "photo") else "other"


def _hash(digest: str) -> str:
    return " ".join(digest[start : start + HASH_GROUP] for start in range(0, len(digest), HASH_GROUP))
