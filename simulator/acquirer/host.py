"""The bank's front office: a frame in, a frame out. Law: what is not understood or not proven moves nothing.

Order of the checks (cup.md 2.5): form 30, MTI 12, terminal 97, merchant 03, disabled 58, signed in and batch 77,
MAC and KSN A0, kind 40, fields 30, card 14, PIN and track 99, decided before 94, dead 12; then the rules of its kind. A
refusal before "decided before" leaves no entry.

A reversal and an inquiry carry the batch of their original in F60.2 (cup.md 1.6), so theirs is not compared: a refund
nobody knows about must stay askable after the batch was closed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from simulator.acquirer.back_office import SERVICES, Office
from simulator.acquirer.composing import Verdict, answer_mti, composed
from simulator.acquirer.decisions import Decision, decide
from simulator.acquirer.dukpt import served
from simulator.acquirer.entry import State, Terminal
from simulator.acquirer.issuer import Issuer
from simulator.acquirer.ledger import Ledger
from simulator.acquirer.manner import Manner
from simulator.acquirer.message_keys import NO_KEYS, MessageKeys, session_keys
from simulator.acquirer.request import Refusal, Request, Visit, held_to, parsed, tags
from simulator.acquirer.routing import OF_ANY_BATCH, OF_CARDS, SIGNED, Route, Routes, Work
from simulator.acquirer.rules import ARQC, QUESTIONS, REFUNDS, Desk
from simulator.acquirer.security import Chance, clear_track, is_authentic, pin, signature
from simulator.acquirer.settlement_desk import wrong_totals
from simulator.acquirer.undoing import asked_of, inquire, reverse
from terminal.iso8583.codec import MAC_SIZE, decode, encode, mac_field
from terminal.iso8583.cup import CUP
from terminal.iso8583.dialect import Dialect
from terminal.iso8583.frame import Envelope, unpack
from terminal.iso8583.message import Message, WireError

ATC = 0x9F36
DEMANDS = frozenset("123456789bc")
DEFAULT_MANNER = Manner()


class Clock(Protocol):
    """The bank's time of day; its date is the clearing day."""

    def now(self) -> datetime: ...


Alter = Callable[[Message], Message]  # what a fault does to an answer before it is signed


class Host:
    """One bank. Synchronous; one message at a time; each is one commit, or all of `answer_all` are one."""

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        chance: Chance,
        dialect: Dialect = CUP,
        manner: Manner = DEFAULT_MANNER,
        issuer: Issuer | None = None,
    ) -> None:
        self.ledger, self.dialect, self.manner = ledger, dialect, manner
        self._clock, self._chance, self._routes = clock, chance, Routes(dialect)
        self._desk = Desk(ledger, manner, issuer)
        self._office = Office(self._desk, dialect, chance)
        self._shift = timedelta()
        self._credits_later = bool(manner.credit_seconds) or ledger.has_pending()

    # --- messages ----------------------------------------------------------------------------------------------------
    def answer(self, frame: bytes, refuse_with: str = "", alter: Alter | None = None) -> bytes:
        """The answer's frame, without length; b"" when there is no telling whom to answer.

        `refuse_with`: a money message that passes every check is refused with this F39, and nothing is booked.
        `alter`: changes the answer (never the books) before it gets its MAC.
        """
        try:
            envelope = unpack(frame, self.dialect.frame)
        except WireError:
            return b""
        with self.ledger.commit():
            return self._answered(envelope, refuse_with, alter)

    def answer_all(self, frames: Sequence[bytes]) -> list[bytes]:
        """Many messages in one commit, each in a savepoint of its own; when it returns, all of it is on disk.

        What the books refuse (a full disk) is answered with 96 and leaves nothing behind.
        """
        with self.ledger.commit():
            return [self._saved(frame) for frame in frames]

    def _saved(self, frame: bytes) -> bytes:
        try:
            envelope = unpack(frame, self.dialect.frame)
        except WireError:
            return b""
        try:
            with self.ledger.savepoint():
                return self._answered(envelope, "", None)
        except sqlite3.Error:
            return self._without_terminal(envelope, "96")

    def _answered(self, envelope: Envelope, refuse_with: str, alter: Alter | None) -> bytes:
        try:
            message = decode(envelope.body, self.dialect.layout)
        except WireError:
            return self._without_terminal(envelope, "30")
        visit = self._visit(message, envelope.body)
        route = self._routes.route(message)
        try:
            verdict = self._decided(visit, route, refuse_with)
        except Refusal as refusal:
            code = refusal.response_code
            is_totals = route is not None and route.work is Work.TOTALS
            verdict = Verdict(code, totals=wrong_totals(message["additional_data"]) if is_totals else "")
        is_money = route.work in OF_CARDS if route else self._routes.is_money(message.mti)
        answer = composed(visit, verdict, route.shape if route else None, is_money, self.manner.remarks)
        if alter is not None:
            answer = alter(answer)
        is_signed = route.work in SIGNED if route else is_money
        answer, raw = self._sealed(answer, visit.keys if is_signed else NO_KEYS)
        self.ledger.note(visit.now.isoformat(), message, answer)
        return envelope.answered(raw, self._demand(visit.terminal, verdict)).pack()

    def _without_terminal(self, envelope: Envelope, code: str) -> bytes:
        """To a message that nobody can read, or write down: its MTI and F39."""
        layout = self.dialect.layout
        raw = envelope.body[: layout.mti_size]
        mti = raw.decode("latin-1") if layout.is_ascii else raw.hex()
        if not (mti.isascii() and mti.isdigit()):
            return b""
        answer = Message(answer_mti(mti), {39: code})
        if code == "30":
            self.ledger.note(self._clock.now().isoformat(), Message(mti), answer)
        return envelope.answered(encode(answer, layout)).pack()

    def _visit(self, message: Message, body: bytes) -> Visit:
        now = self._clock.now()
        if self._credits_later:
            self.ledger.credit_due(now.isoformat())
        number = f"{now:%y%j}{self.ledger.next_number() % 10_000_000:07d}"  # F37: 12 digits
        terminal, is_session = self.ledger.terminal(message["terminal_id"]), self.dialect.has_working_keys
        keys = session_keys(terminal) if is_session else served(self.ledger, self.dialect, message, body)
        return Visit(message, body, terminal, keys, number, now, self._day(now))

    def _sealed(self, answer: Message, keys: MessageKeys) -> tuple[Message, bytes]:
        """With its MAC when there is a key; encoded once."""
        if not keys.answer_mak:
            return answer, encode(answer, self.dialect.layout)
        number = mac_field(answer)
        raw = encode(answer.with_fields({number: "00" * MAC_SIZE}), self.dialect.layout)[:-MAC_SIZE]
        mac = signature(keys, raw)
        return answer.with_fields({number: mac.hex().upper()}), raw + mac

    def _demand(self, terminal: Terminal | None, verdict: Verdict) -> int:
        """The first demand that is not obeyed yet."""
        if terminal is None or not terminal.demands:
            return 0
        left = terminal.demands.replace(verdict.obeys, "") if verdict.obeys else terminal.demands
        if left != terminal.demands:
            self.ledger.change_terminal(terminal.terminal_id, demands=left)
        return int(left[:1] or "0", 16)

    # --- decisions ---------------------------------------------------------------------------------------------------
    def _decided(self, visit: Visit, route: Route | None, refuse_with: str) -> Verdict:
        message = visit.message
        if not self._routes.is_known(message.mti):
            raise Refusal("12")
        terminal = _known(visit)
        if (route.work in SIGNED) if route else self._routes.is_money(message.mti):
            self._proven(visit, terminal, route)
        if route is None:
            raise Refusal("40")
        held_to(route.shape, message)
        if route.work not in OF_CARDS:
            return SERVICES[route.work](self._office, visit, terminal, route)
        if route.work in (Work.REVERSAL, Work.INQUIRY):
            return self._looked_up(visit, route, terminal, refuse_with)
        return self._of_a_card(visit, route, terminal, refuse_with)

    def _proven(self, visit: Visit, terminal: Terminal, route: Route | None) -> None:
        is_of_any_batch = route is not None and route.work in OF_ANY_BATCH
        is_batch_right = is_of_any_batch or self.dialect.batch_of(visit.message) in ("", terminal.batch)
        if not terminal.is_signed_in or not is_batch_right:
            raise Refusal("77")
        if not is_authentic(visit.keys, visit.message, visit.body):
            raise Refusal("A0")

    def _of_a_card(self, visit: Visit, route: Route, terminal: Terminal, refuse_with: str) -> Verdict:
        message, kind = visit.message, route.kinds[0]
        track2 = clear_track(visit.keys, self.dialect, message)
        request = parsed(self.dialect, kind, visit, track2, self.manner.currency)
        if message["pin_block"]:
            request = _with_pin(request, pin(visit.keys, self.dialect, message, request.pan))
        chip = tags(request.icc_data) if request.icc_data else {}
        if route.work is Work.QUESTION:
            done = QUESTIONS[kind](self._desk, request) if not refuse_with else None
            return Verdict("00", balance=done.balance) if done else Verdict(refuse_with)
        decision = decide(self._desk, request, self._approval_code(request), refuse_with)
        icc_data = self._for_the_chip(request, chip, decision, terminal)
        return Verdict(decision.entry.response_code, decision.entry, icc_data=icc_data)

    def _approval_code(self, request: Request) -> str:
        """A notice tells the code it was approved by; one of a refund has none (cup.md 2.4)."""
        if request.kind in self._routes.notices:
            return "" if request.kind in REFUNDS else request.approval_code
        return f"{int.from_bytes(self._chance(4)) % 1_000_000:06d}"

    def _for_the_chip(self, request: Request, chip: dict[int, bytes], decision: Decision, terminal: Terminal) -> str:
        """F55: what the issuer answers its card, and a script that waits for this terminal."""
        issuer = self._desk.issuer
        if issuer is None or ARQC not in chip or not issuer.owns(request.pan):
            return ""
        entry = decision.entry
        told = issuer.authenticate(request.pan, request.psn, bytes.fromhex(request.icc_data), entry.response_code)
        if terminal.script and entry.state is State.APPROVED and not decision.is_repeat:
            self.ledger.change_terminal(terminal.terminal_id, script=b"")
            told += terminal.script
        return told.hex().upper()

    def _looked_up(self, visit: Visit, route: Route, terminal: Terminal, refuse_with: str) -> Verdict:
        icc_data, is_reversal = visit.message["icc_data"], route.work is Work.REVERSAL
        atc = tags(icc_data).get(ATC, b"") if icc_data else b""
        asked = asked_of(self.dialect, self.manner.currency, visit, route.kinds, terminal, by_f61=not is_reversal)
        if not is_reversal:
            return Verdict("00", private=inquire(self.ledger, asked).encode().hex().upper())
        if not refuse_with:
            reverse(self._desk, asked)
        return Verdict(refuse_with or "00", icc_data=_tlv(ATC, atc).hex().upper() if atc else "")

    # --- what tests and the counter set ------------------------------------------------------------------------------
    def clearing_day(self) -> str:
        """YYYY-MM-DD: the clock's date, and what `shift_day` added."""
        return self._day(self._clock.now())

    def shift_day(self, days: int) -> None:
        """Move the clearing day without the clock: the settlement date changes (系统日切)."""
        self._shift += timedelta(days=days)

    def credit_due(self) -> int:
        """Pending refunds whose time has come reach their cardholders (every message does the same); how many."""
        with self.ledger.commit():
            return self.ledger.credit_due(self._clock.now().isoformat())

    def expire_keys(self, terminal_id: str) -> None:
        """Its next money message is answered 77, until a new sign-in."""
        with self.ledger.commit():
            self.ledger.change_terminal(terminal_id, is_signed_in=False)

    def disable(self, terminal_id: str, is_disabled: bool = True) -> None:
        """Everything it asks is answered 58."""
        with self.ledger.commit():
            self.ledger.change_terminal(terminal_id, is_disabled=is_disabled)

    def demand(self, terminal_id: str, code: str) -> None:
        """处理要求 (cup.md 1.3) in the header of every answer until obeyed; several wait in line.

        `code` is "1" to "9", "b" or "c". Raises ValueError for another one.
        """
        digit = code.lower()
        if digit not in DEMANDS:
            raise ValueError(f"nothing is demanded by {code!r}")
        with self.ledger.commit():
            terminal = self.ledger.terminal(terminal_id)
            if terminal is not None and digit not in terminal.demands:
                self.ledger.change_terminal(terminal_id, demands=terminal.demands + digit)

    def give_script(self, terminal_id: str, script: bytes) -> None:
        """Template 71 or 72, whole, for the next approved chip sale of ours at this terminal."""
        with self.ledger.commit():
            self.ledger.change_terminal(terminal_id, script=script)

    def _day(self, now: datetime) -> str:
        return f"{now + self._shift:%Y-%m-%d}"


def _known(visit: Visit) -> Terminal:
    if visit.terminal is None:
        raise Refusal("97")
    if visit.message["merchant_id"] != visit.terminal.merchant_id:
        raise Refusal("03")
    if visit.terminal.is_disabled:
        raise Refusal("58")
    return visit.terminal


def _with_pin(request: Request, digits: str) -> Request:
    return msgspec.structs.replace(request, pin=digits)


def _tlv(tag: int, value: bytes) -> bytes:
    return tag.to_bytes(2 if tag > 0xFF else 1) + bytes([len(value)]) + value
