"""The chip in a refund or a void: a profile per application. Law: the card is asked what the profile needs (emv.md 2).

READ_ONLY            selection, GPO, READ RECORD until the account is known; the card may leave at once
AAC_CLOSE, ARQC      the same, then one GENERATE AC that closes the card's session
FULL                 a sale with 9C = 20: `sale` goes on with its pauses

An AAC is the expected answer to a close, never a decline; a close that fails leaves the account valid. There is no
cardholder verification and no authentication but in FULL; an expired application is read like any other unless the
profile's restrictions are on: the acquirer decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from terminal.emv import sale, tags
from terminal.emv.account import Account, account, has_account
from terminal.emv.action import Cryptogram, is_denied
from terminal.emv.cryptogram import generate
from terminal.emv.cvm import NONE_PERFORMED
from terminal.emv.errors import CardFaulty, NotAccepted
from terminal.emv.opening import REFUND, ChooseApplication, Deal, Opened, open_card, open_chosen
from terminal.emv.read import read
from terminal.emv.restrictions import restrict
from terminal.emv.terminal_data import Profile, RefundRule
from terminal.emv.transport import Link
from terminal.emv.verification import Tsi, Tvr

__all__ = ["REFUND", "Captured", "Step", "choose", "start"]

CLOSES: dict[Profile, Cryptogram] = {"AAC_CLOSE": Cryptogram.AAC, "ARQC": Cryptogram.ARQC}


class Captured(msgspec.Struct, frozen=True):
    """The account is known. `closing` is the cryptogram the card closed with, or "" when none was asked for.

    `trouble` says why a close failed, "" when it did not: it changes nothing for the refund.
    """

    account: Account
    closing: str = ""
    trouble: str = ""


Step = Captured | sale.Step


async def start(link: Link, deal: Deal, wanted: bytes = b"") -> Step:
    """Begin with a powered card; `wanted` is the sale's application (opening.open_card). Raises EmvError."""
    return await _by_profile(link, await open_card(link, deal, wanted))


async def choose(link: Link, pause: ChooseApplication, index: int) -> Step:
    """The cardholder chose one of `pause.candidates`."""
    return await _by_profile(link, await open_chosen(link, pause, index))


async def _by_profile(link: Link, opened: Opened | ChooseApplication) -> Step:
    if isinstance(opened, ChooseApplication):
        return opened
    rule = opened.application.refund
    if rule.profile == "FULL":
        return await sale.go_on(link, opened)
    closing = CLOSES.get(rule.profile)
    card = (await read(link, opened.initiated.afl, _needed(rule, closing))).values
    holder = account(opened.selected, card)
    tvr = Tvr.ODA_NOT_PERFORMED
    if rule.restrictions == "on":
        tvr |= restrict(card, opened.terminal)
        if is_denied(tvr, opened.application, card):
            raise NotAccepted("the application's version, usage or dates do not allow this")
    if closing is None:
        return Captured(holder)
    return await _close(link, opened, holder, card, closing, tvr)


def _needed(rule: RefundRule, closing: Cryptogram | None) -> Callable[[Mapping[int, bytes]], bool]:
    """When enough was read. What is to be judged may stand in any record (Book 3, 10.4)."""
    if rule.restrictions == "on":
        return lambda _: False
    if closing is None:
        return has_account
    return lambda card: has_account(card) and tags.CDOL1 in card


async def _close(
    link: Link, opened: Opened, holder: Account, card: Mapping[int, bytes], closing: Cryptogram, tvr: Tvr
) -> Captured:
    """GENERATE AC, whose answer changes nothing (emv.md 2). Without a CDOL1 there is nothing to ask with."""
    if tags.CDOL1 not in card:
        return Captured(holder, "", "the card lacks mandatory data (8C)")
    amount = {} if opened.application.refund.cdol_amount == "actual" else {tags.AMOUNT: bytes(6)}
    values = {
        **card,
        **opened.terminal,
        **amount,
        tags.AIP: opened.initiated.aip.encoded(),
        tags.TVR: tvr.encoded(),
        tags.TSI: Tsi(0).encoded(),
        tags.CVM_RESULTS: NONE_PERFORMED,
    }
    try:
        generated = await generate(link, closing, card[tags.CDOL1], values)
    except CardFaulty as error:
        return Captured(holder, "", str(error))
    return Captured(holder, generated.kind.name)
