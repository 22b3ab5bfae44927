"""What a chip sale leaves on paper: its proof, and whether it is signed. Law: read from the card's last word (F55).

| row      | tag  | is                                                          |
|----------|------|-------------------------------------------------------------|
| AID      | 84   | the application, and its label; from the request            |
| TC       | 9F26 | the card's certificate                                      |
| TVR      | 95   | what the terminal found                                     |
| ATC      | 9F36 | the card's own count                                        |

TSI (9B) is in no captured F55 (cup.md 6) and so in no stage: it is not printed. A refund only reads the card: AID and
label are all there is of it.
"""

from __future__ import annotations

from terminal.emv import tags, tlv
from terminal.emv.cvm import FAILED, METHOD, NO_CVM
from terminal.emv.errors import EmvError
from terminal.exchange.stages import Accepted
from terminal.iso8583.kinds import Kind
from terminal.receipt import Line
from terminal.screens import say
from terminal.shop_paper import known


def chip_rows(stage: Accepted) -> list[Line]:
    """In the order of cup.md 4.9; nothing of a stripe."""
    card, said = stage.request.card, _said(stage)
    return known(
        (say("paper.aid"), card.aid),
        (say("paper.label"), card.label),
        (say("paper.tc"), _hex(said, tags.CRYPTOGRAM)),
        (say("paper.tvr"), _hex(said, tags.TVR)),
        (say("paper.atc"), _hex(said, tags.ATC)),
    )


def needs_signature(stage: Accepted) -> bool:
    """False of a sale whose card asked for no proof of its holder (9F34: no CVM required, and not failed)."""
    results = _said(stage).get(tags.CVM_RESULTS, b"")
    is_free = len(results) == 3 and results[0] & METHOD == NO_CVM and results[2] != FAILED
    return stage.request.kind is not Kind.SALE or not is_free


def _said(stage: Accepted) -> dict[int, bytes]:
    try:
        return dict(tlv.parse(bytes.fromhex(stage.certificate)))
    except EmvError:  # written by an earlier version: the paper does without
        return {}


def _hex(said: dict[int, bytes], tag: int) -> str:
    return said.get(tag, b"").hex().upper()
