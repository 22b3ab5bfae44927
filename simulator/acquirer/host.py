"""The bank's front office: a frame in, a frame out. Law: what is not understood or not proven moves nothing.

Order of the checks (cup.md 2.5): form 30, MTI 12, terminal 97, merchant 03, signed in and batch 77, MAC A0, kind 40,
fields 30, decided before 94, dead 12; then the rules of its kind. A refusal before "decided before" leaves no entry.

A reversal and an inquiry carry the batch of their original in F60.2 (cup.md 1.6), so theirs is not compared: a refund
nobody knows about must stay askable after the batch was closed.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import msgspec

from keys.mac import cup_mac
from keys.working_keys import wrap
from simulator.acquirer import rules
from simulator.acquirer.ledger import Ledger, Terminal
from simulator.acquirer.rules import Refusal, Request, Service
from terminal.iso8583.codec import MAC_SIZE, Message, WireError, decode, encode, mac_block
from terminal.iso8583.frame import Envelope, unpack
from terminal.iso8583.messages import ECHO, FORMS, INQUIRY, REVERSAL_MTI, SIGN_IN_DOUBLE_LENGTH, Form, Kind, signed

ACQUIRER_ID = "03060000"  # F32, and the second half of F44
ISSUER_ID = "01020000"  # F44, first half
CARD_ORGANISATION = "CUP"  # F63.1
CONDITION_CODE = "00"  # F25
PIK_SIZE, MAK_SIZE = 16, 8
ECHOED = (2, 3, 4, 11, 14, 23, 25, 41, 42, 49, 53, 60)  # cup.md 2.2, present in the request -> in the answer
ECHOED_BY_MANAGEMENT = (11, 41, 42, 60)  # cup.md 2.15
MANAGEMENT = {("0800", SIGN_IN_DOUBLE_LENGTH), ("0820", ECHO)}  # MTI, F60.3


def _route(form: Form, mti: str = "") -> tuple[str, str, str]:
    return mti or form.mti, form.processing_code, form.type_code


SERVICES = {  # (MTI, F3, F60.1) -> what is asked
    _route(FORMS[Kind.SALE]): Service.SALE,
    _route(FORMS[Kind.VOID]): Service.VOID,
    _route(FORMS[Kind.REFUND]): Service.REFUND,
    _route(FORMS[Kind.SALE], REVERSAL_MTI): Service.REVERSAL_OF_SALE,
    _route(FORMS[Kind.VOID], REVERSAL_MTI): Service.REVERSAL_OF_VOID,
    _route(INQUIRY): Service.INQUIRY,
}
OF_ANY_BATCH = {Service.REVERSAL_OF_SALE, Service.REVERSAL_OF_VOID, Service.INQUIRY}
MONEY_MTIS = {mti for mti, _, _ in SERVICES}
F61_LENGTHS = {
    Service.VOID: (12, 16),
    Service.REFUND: (16,),
    Service.REVERSAL_OF_VOID: (12, 16),
    Service.INQUIRY: (16,),
}
CARD_NEEDED = {Service.SALE, Service.VOID, Service.REFUND}
RRN_NEEDED = {Service.VOID, Service.REFUND}


class Clock(Protocol):
    """The bank's time of day; its date is the clearing day."""

    def now(self) -> datetime: ...


Chance = Callable[[int], bytes]  # so many random bytes
Alter = Callable[[Message], Message]  # what a fault does to an answer before it is signed


class Verdict(msgspec.Struct, frozen=True):
    """What the answer says beyond what it echoes; `private` is F62 in hex."""

    response_code: str
    approval_code: str = ""
    private: str = ""


class Host:
    """One bank. Synchronous; one message at a time; each is one commit."""

    def __init__(self, ledger: Ledger, clock: Clock, chance: Chance) -> None:
        self.ledger, self._clock, self._chance = ledger, clock, chance

    def answer(self, frame: bytes, refuse_with: str = "", alter: Alter | None = None) -> bytes:
        """The answer's frame, without length; b"" when there is no telling whom to answer.

        `refuse_with`: a sale, void or refund that passes every check is refused with this F39 and not booked.
        `alter`: changes the answer (never the books) before it gets its MAC.
        """
        try:
            envelope = unpack(frame)
        except WireError:
            return b""
        with self.ledger.commit():
            try:
                message = decode(envelope.body)
            except WireError:
                return self._malformed(envelope)
            now = self._clock.now()
            self.ledger.note("received", now.isoformat(), message)
            answer, mak = self._answer(message, envelope.body, now, refuse_with)
            if alter is not None:
                answer = alter(answer)
            if mak and message.mti in MONEY_MTIS:
                answer = signed(answer, cup_mac(mak, mac_block(answer)))
            self.ledger.note("sent", now.isoformat(), answer)
        return envelope.answered(encode(answer)).pack()

    def _malformed(self, envelope: Envelope) -> bytes:
        mti = envelope.body[:2].hex()
        if not mti.isdigit():
            return b""
        answer = Message(_answer_mti(mti), {39: "30"})
        self.ledger.note("sent", self._clock.now().isoformat(), answer)
        return envelope.answered(encode(answer)).pack()

    def _answer(self, message: Message, body: bytes, now: datetime, refuse_with: str) -> tuple[Message, bytes]:
        """The answer without MAC, and the MAK for it (b"" when there is none)."""
        terminal = self.ledger.terminal(message["terminal_id"])
        mak = terminal.mak if terminal else b""
        number = f"{now:%y%j}{self.ledger.next_number() % 10_000_000:07d}"  # F37: 12 digits
        try:
            if message.mti in MONEY_MTIS:
                verdict = self._money(message, body, terminal, number, now, refuse_with)
            else:
                verdict = self._management(message, terminal)
        except Refusal as refusal:
            verdict = Verdict(refusal.response_code)
        return _composed(message, terminal, verdict, number, now), mak

    # --- management --------------------------------------------------------------------------------------------------
    def _management(self, message: Message, terminal: Terminal | None) -> Verdict:
        if message.mti not in {mti for mti, _ in MANAGEMENT}:
            raise Refusal("12")
        known = _known(message, terminal)
        code = message["private_60"][8:11]
        if (message.mti, code) not in MANAGEMENT:
            raise Refusal("40")
        if code == ECHO:
            return Verdict("00")
        if not message["stan"]:
            raise Refusal("30")
        pik, mak = self._chance(PIK_SIZE), self._chance(MAK_SIZE)
        self.ledger.sign_in(known.terminal_id, pik, mak)
        return Verdict("00", private=wrap(known.tmk, pik, mak).hex().upper())

    # --- money -------------------------------------------------------------------------------------------------------
    def _money(
        self, message: Message, body: bytes, terminal: Terminal | None, number: str, now: datetime, refuse_with: str
    ) -> Verdict:
        known = _known(message, terminal)
        service = SERVICES.get((message.mti, message["processing_code"], message["private_60"][:2]))
        is_batch_right = service in OF_ANY_BATCH or message["private_60"][2:8] == known.batch
        if not known.is_signed_in or not is_batch_right:
            raise Refusal("77")
        if not _is_authentic(message, body, known.mak):
            raise Refusal("A0")
        if service is None or message["condition_code"] != CONDITION_CODE:
            raise Refusal("40")
        request = _parsed(service, message, number, now)
        match service:
            case Service.INQUIRY:
                return Verdict("00", private=rules.inquire(self.ledger, request).encode().hex().upper())
            case Service.REVERSAL_OF_SALE | Service.REVERSAL_OF_VOID:
                rules.reverse(self.ledger, request, Kind.SALE if service is Service.REVERSAL_OF_SALE else Kind.VOID)
                return Verdict("00")
        return self._booked(request, refuse_with)

    def _booked(self, request: Request, refuse_with: str) -> Verdict:
        rules.check_number(self.ledger, request)
        approval_code = ""
        if request.service is not Service.REFUND:  # cup.md 2.4: like a sale's answer, but without F38
            approval_code = f"{int.from_bytes(self._chance(4)) % 1_000_000:06d}"
        response_code = rules.book(self.ledger, request, approval_code, refuse_with)
        return Verdict(response_code, approval_code if response_code == "00" else "")


def _known(message: Message, terminal: Terminal | None) -> Terminal:
    if terminal is None:
        raise Refusal("97")
    if message["merchant_id"] != terminal.merchant_id:
        raise Refusal("03")
    return terminal


def _is_authentic(message: Message, body: bytes, mak: bytes) -> bool:
    """Over the bytes as they came: a pad nibble may be anything."""
    mac = bytes.fromhex(message["mac"])
    return bool(mac) and hmac.compare_digest(mac, cup_mac(mak, body[:-MAC_SIZE]))


def _parsed(service: Service, message: Message, number: str, now: datetime) -> Request:
    """Raises Refusal 30 for what is missing or does not fit, 14 when F2 and the track name two cards."""
    track_pan, _, after = message["track2"].partition("=")
    pan = message["pan"] or track_pan
    needed = [message["stan"], message["amount"], message["currency"]]
    needed += [pan, message["entry_mode"]] if service in CARD_NEEDED else []
    needed += [message["rrn"]] if service in RRN_NEEDED else []
    is_original_right = service not in F61_LENGTHS or len(message["original"]) in F61_LENGTHS[service]
    if not all(needed) or not is_original_right or message["currency"] != rules.CURRENCY:
        raise Refusal("30")
    if track_pan and pan != track_pan:
        raise Refusal("14")
    return Request(
        service=service,
        mti=message.mti,
        terminal_id=message["terminal_id"],
        merchant_id=message["merchant_id"],
        stan=message["stan"],
        batch=message["private_60"][2:8],
        amount=int(message["amount"]),
        pan=pan,
        expiry=message["expiry"] or after[:4],
        entry_mode=message["entry_mode"],
        rrn=message["rrn"],
        original=message["original"],
        rrn_here=number,
        at=now.isoformat(),
        date=f"{now:%Y-%m-%d}",
        month=f"{now:%y%m}",
    )


def _composed(message: Message, terminal: Terminal | None, verdict: Verdict, number: str, now: datetime) -> Message:
    is_money = message.mti in MONEY_MTIS
    echoed = {n: message.fields[n] for n in (ECHOED if is_money else ECHOED_BY_MANAGEMENT) if n in message.fields}
    fields = {
        **echoed,
        12: f"{now:%H%M%S}",
        13: f"{now:%m%d}",
        32: ACQUIRER_ID,
        37: number,
        38: verdict.approval_code,
        39: verdict.response_code,
        62: verdict.private,
    }
    if is_money:
        fields |= {
            2: message["pan"] or message["track2"].partition("=")[0],
            15: f"{now:%m%d}",
            44: f"{ISSUER_ID:<11}{ACQUIRER_ID:<11}",
            63: CARD_ORGANISATION,
        }
    elif message.mti == "0800" and terminal and verdict.response_code == "00":
        fields[60] = "00" + terminal.batch + SIGN_IN_DOUBLE_LENGTH  # the terminal adopts the bank's (cup.md 2.6)
    return Message(_answer_mti(message.mti), {n: value for n, value in fields.items() if value})


def _answer_mti(mti: str) -> str:
    return f"{(int(mti) + 10) % 10_000:04d}"
