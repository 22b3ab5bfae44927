"""Everything about no card's money: sign-in to settlement. Law: a function a work; each a line of cup.md 2.6-2.15.

A refusal here is F39 of the answer; the terminal and its merchant are known when a function is called.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from simulator.acquirer import evidence, settlement_desk
from simulator.acquirer.composing import Verdict
from simulator.acquirer.decisions import decide
from simulator.acquirer.downloads import DOWNLOADS, OBEYS
from simulator.acquirer.entry import State, Terminal
from simulator.acquirer.request import Refusal, Visit, parsed
from simulator.acquirer.routing import Route, Work, code_of
from simulator.acquirer.rules import REFUNDS, Desk
from simulator.acquirer.security import Chance, clear_track, fresh_keys
from terminal.iso8583.dialect import Dialect
from terminal.iso8583.kinds import Kind
from terminal.iso8583.message import Message

SIGN_IN_DEMAND = "3"  # 处理要求, cup.md 1.3
GOOD = Verdict("00")


class Office(msgspec.Struct, frozen=True):
    """Who does it: the same desk as the money's, and chance for keys."""

    desk: Desk
    dialect: Dialect
    chance: Chance


def sign_in(office: Office, visit: Visit, terminal: Terminal, _: Route) -> Verdict:
    """Fresh keys of the kind that 60.3 asks for (cup.md 2.6, 3.2); the terminal adopts the bank's batch. With DUKPT
    there are no keys to give."""
    message = visit.message
    if not office.dialect.has_working_keys:
        office.desk.ledger.change_terminal(terminal.terminal_id, is_signed_in=True)
        return Verdict("00", batch=terminal.batch, obeys=SIGN_IN_DEMAND)
    code = office.dialect.choices.sign_in if message["network_code"] else code_of(message)
    keys = fresh_keys(office.dialect, code, terminal.tmk, office.chance)
    columns = {"pik": keys.pik, "mak": keys.mak, "tdk": keys.tdk, "cipher": keys.cipher, "mac_rule": keys.mac_rule}
    office.desk.ledger.change_terminal(terminal.terminal_id, **columns, is_signed_in=True)
    batch = terminal.batch if message["network_code"] else f"00{terminal.batch}{code}"
    return Verdict("00", private=keys.block.hex().upper(), batch=batch, obeys=SIGN_IN_DEMAND)


def sign_off(office: Office, visit: Visit, terminal: Terminal, _: Route) -> Verdict:
    """The working keys end (cup.md 2.7)."""
    none = {"pik": b"", "mak": b"", "tdk": b""}
    office.desk.ledger.change_terminal(terminal.terminal_id, **none, is_signed_in=False)
    return GOOD


def echo(office: Office, visit: Visit, terminal: Terminal, _: Route) -> Verdict:
    """Somebody is there (cup.md 2.8)."""
    return GOOD


def status(office: Office, visit: Visit, terminal: Terminal, _: Route) -> Verdict:
    """What the terminal reports is among the messages (cup.md 2.8)."""
    return Verdict("00", obeys=OBEYS["362"])


def download(office: Office, visit: Visit, terminal: Terminal, _: Route) -> Verdict:
    """A list, an item, or the end of it (cup.md 2.13)."""
    code = code_of(visit.message)
    told = DOWNLOADS[code](bytes.fromhex(visit.message["private_62"]))
    return Verdict("00", private=told.hex().upper(), obeys=OBEYS.get(code, ""))


def signature(office: Office, visit: Visit, terminal: Terminal, _: Route) -> Verdict:
    """电子签名上送."""
    at = visit.now.isoformat()
    evidence.keep_signature(office.desk.ledger, office.dialect, visit.message, code_of(visit.message), at)
    return GOOD


def script_notice(office: Office, visit: Visit, terminal: Terminal, _: Route) -> Verdict:
    """脚本通知."""
    evidence.keep_script_notice(office.desk.ledger, office.dialect, visit.message)
    return GOOD


# --- settlement ------------------------------------------------------------------------------------------------------
def totals(office: Office, visit: Visit, terminal: Terminal, _: Route) -> Verdict:
    """批结算."""
    _of_this_batch(office, visit.message, terminal)
    at = visit.now.isoformat()
    return Verdict(
        "00", totals=settlement_desk.settle(office.desk.ledger, office.dialect, visit.message, at, visit.day)
    )


def upload(office: Office, visit: Visit, terminal: Terminal, route: Route) -> Verdict:
    """批上送: details, certificates, what a chip refused, the end."""
    _of_this_batch(office, visit.message, terminal)
    items = settlement_desk.begun(office.desk.ledger, office.dialect, visit.message)
    if route.work is Work.DETAILS:
        settlement_desk.take_details(items)
    elif route.work is Work.CERTIFICATE:
        settlement_desk.take_certificate(items)
    elif route.work is Work.FAILED:
        settlement_desk.take_failed(items)
    else:
        settlement_desk.finish(items, office.dialect)
    return GOOD


def notice(office: Office, visit: Visit, terminal: Terminal, route: Route) -> Verdict:
    """A refund or another notice, once more as it was (cup.md 2.11, orders 1, 2 and 5)."""
    _of_this_batch(office, visit.message, terminal)
    items = settlement_desk.begun(office.desk.ledger, office.dialect, visit.message)
    if settlement_desk.is_had(items, "notice"):
        raise Refusal("94")
    items.keep("notice", visit.message["stan"], visit.message["stan"])
    try:
        _compare(office, visit, terminal, route.kinds[0], items)
    except Refusal:
        items.dispute(visit.message["stan"], settlement_desk.NOT_GOOD, int(visit.message["amount"]), 0)
    return GOOD


def _compare(office: Office, visit: Visit, terminal: Terminal, kind: Kind, items: settlement_desk.Upload) -> None:
    """Book what the bank has not, when it may. Raises Refusal for a notice that cannot be read or was refused."""
    message = visit.message
    # a track may be under the keys of another sign-in
    track2 = "" if message["pan"] else clear_track(visit.keys, office.dialect, message)
    request = parsed(office.dialect, kind, visit, track2, office.desk.manner.currency)
    if settlement_desk.compare_notice(items, request.mti, request.amount):
        booked = decide(office.desk, request, "" if kind in REFUNDS else request.approval_code).entry
        if booked.state is State.REFUSED:
            raise Refusal(booked.response_code)


def _of_this_batch(office: Office, message: Message, terminal: Terminal) -> None:
    """The bank's own open batch, or one that was closed before: its answers may have been lost. Raises Refusal 77."""
    batch = office.dialect.batch_of(message)
    if batch == terminal.batch and terminal.is_signed_in:
        return
    found = settlement_desk.settlement_of(office.desk.ledger, terminal.terminal_id, batch)
    if found is None or not found.is_closed:
        raise Refusal("77")


Service = Callable[[Office, Visit, Terminal, Route], Verdict]
SERVICES: Mapping[Work, Service] = {
    Work.SIGN_IN: sign_in,
    Work.SIGN_OFF: sign_off,
    Work.ECHO: echo,
    Work.STATUS: status,
    Work.DOWNLOAD: download,
    Work.SIGNATURE: signature,
    Work.SCRIPT_NOTICE: script_notice,
    Work.TOTALS: totals,
    Work.NOTICE: notice,
    **dict.fromkeys((Work.DETAILS, Work.CERTIFICATE, Work.FAILED, Work.UPLOAD_END), upload),
}
