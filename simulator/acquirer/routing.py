"""Which message is which. Law: the routes are made of the dialect's own tables, once; no number is spelled twice.

A money message is known by MTI, F3 and what the dialect's `type_of` says; a management message by MTI and network code
(F60.3, or F70 where a dialect has it), for which ISO 8583 and CUP agree on 001, 002 and 301.
"""

from __future__ import annotations

from enum import Enum

import msgspec

from simulator.acquirer.downloads import DOWNLOADS
from simulator.acquirer.rules import QUESTIONS
from simulator.acquirer.security import KEY_FORMS
from terminal.iso8583.answers import is_inquiry
from terminal.iso8583.dialect import Asked, Dialect, Form, Shape
from terminal.iso8583.facts import Facts, Identity, Plastic
from terminal.iso8583.kinds import Kind, Silence
from terminal.iso8583.message import NUMBERS, Message
from terminal.money import Money

NETWORK_MTIS = ("0800", "0820")
TOTALS_MTI, UPLOAD_MTI, SCRIPT_MTI = "0500", "0320", "0620"
SIGNATURE_TYPE = "07"  # F60.1, cup.md 5.1
TELLS_APART = ("processing_code", "condition_code", "private_60", "private_63", "network_id")


class Work(Enum):
    """What is to be done; the value is the name of its row in the message table, where that is fixed."""

    MONEY = "money"
    QUESTION = "question"
    REVERSAL = "reversal"
    INQUIRY = "inquiry"
    SIGN_IN = "sign-in"
    SIGN_OFF = "sign-off"
    ECHO = "echo"
    STATUS = "status"
    DOWNLOAD = "download"
    SIGNATURE = "signature"
    SCRIPT_NOTICE = "script-notice"
    TOTALS = "totals"
    DETAILS = "details"
    NOTICE = "notice"
    CERTIFICATE = "certificate"
    FAILED = "failed"
    UPLOAD_END = "upload-end"


OF_CARDS = frozenset({Work.MONEY, Work.QUESTION, Work.REVERSAL, Work.INQUIRY})
SIGNED = OF_CARDS | {Work.SIGNATURE, Work.SCRIPT_NOTICE}
OF_ANY_BATCH = frozenset({Work.REVERSAL, Work.INQUIRY, Work.SIGNATURE, Work.SCRIPT_NOTICE})  # theirs is the original's
NETWORK = {  # network code -> work
    **dict.fromkeys(KEY_FORMS, Work.SIGN_IN),
    "002": Work.SIGN_OFF,
    "301": Work.ECHO,
    "362": Work.STATUS,
    **dict.fromkeys(DOWNLOADS, Work.DOWNLOAD),
}
UPLOADS = {  # 60.3 of a 0320, cup.md 2.11
    "201": Work.DETAILS,
    **dict.fromkeys(("203", "205"), Work.CERTIFICATE),
    **dict.fromkeys(("204", "206"), Work.FAILED),
    **dict.fromkeys(("202", "207"), Work.UPLOAD_END),
}
Key = tuple[str, str, str]


class Route(msgspec.Struct, frozen=True):
    """`kinds` are those a message may be about: one for money, several where a reversal does not tell them apart."""

    work: Work
    shape: Shape | None
    kinds: tuple[Kind, ...] = ()


class Routes:
    """Of one dialect."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._money: dict[Key, tuple[Kind, ...]] = {}
        self._reversals: dict[Key, tuple[Kind, ...]] = {}
        self._notices: dict[Key, tuple[Kind, ...]] = {}
        for kind, form in dialect.forms.items():
            _add(self._money, self._key(form, kind, form.mti), kind)
            if form.silence is Silence.REVERSE:
                _add(self._reversals, self._key(form, kind, dialect.reversal_mti, "98"), kind)
            if form.silence in (Silence.QUERY, Silence.REPEAT):
                _add(self._notices, self._key(form, kind, UPLOAD_MTI), kind)
        self.notices = tuple(kinds[0] for kinds in self._notices.values())
        self._mtis = {form.mti for form in dialect.forms.values()} | {dialect.reversal_mti}

    def is_money(self, mti: str) -> bool:
        """One of the MTIs that carry a card's money, or a repeat of the reversal (0421)."""
        return mti in self._mtis or self._is_reversal(mti)

    def is_known(self, mti: str) -> bool:
        """There is something of this MTI that the bank does."""
        return self.is_money(mti) or mti in (*NETWORK_MTIS, TOTALS_MTI, UPLOAD_MTI, SCRIPT_MTI)

    def route(self, message: Message) -> Route | None:
        """None for what nobody serves."""
        mti, shapes = message.mti, self._dialect.shapes
        if self._is_reversal(mti):
            kinds = self._reversals.get(self._key_of(message, self._dialect.reversal_mti))
            return Route(Work.REVERSAL, shapes["reversal"], kinds) if kinds else None
        if self._dialect.inquiry is not None and is_inquiry(message):
            return Route(Work.INQUIRY, shapes.get("inquiry"), self.notices)
        if mti in self._mtis:
            kinds = self._money.get(self._key_of(message, mti))
            return self._of(Work.QUESTION if kinds[0] in QUESTIONS else Work.MONEY, kinds[0]) if kinds else None
        return self._management(message)

    def _management(self, message: Message) -> Route | None:
        mti, code = message.mti, code_of(message)
        work: Work | None = None
        if mti == UPLOAD_MTI:
            kinds = self._notices.get(self._key_of(message, mti))
            if kinds:
                return self._of(Work.NOTICE, kinds[0])
            work = UPLOADS.get(code)
        elif mti == TOTALS_MTI:
            work = Work.TOTALS if code == "201" else None
        elif mti == SCRIPT_MTI:
            work = Work.SCRIPT_NOTICE if code == "951" else None
        elif mti in NETWORK_MTIS:
            is_signature = message["private_60"][:2] == SIGNATURE_TYPE
            work = Work.SIGNATURE if is_signature else NETWORK.get(code)
        return Route(work, self._dialect.shapes.get(work.value)) if work else None

    def _of(self, work: Work, kind: Kind) -> Route:
        return Route(work, self._dialect.shapes[self._dialect.forms[kind].shape], (kind,))

    def _is_reversal(self, mti: str) -> bool:
        return mti[:3] == self._dialect.reversal_mti[:3] and mti[3] in "01"

    def _key_of(self, message: Message, mti: str) -> Key:
        return mti, message["processing_code"], self._dialect.type_of(message)

    def _key(self, form: Form, kind: Kind, mti: str, reason: str = "") -> Key:
        """What a message of this form says of itself, by the dialect's own sources."""
        facts = Facts(kind, "000001", "000001", Money(1))
        asked = Asked(form, facts, Plastic("", "022"), Identity("", ""), self._dialect.choices, reason=reason)
        sources = self._dialect.sources
        fields = {NUMBERS[name]: sources[name](asked) for name in TELLS_APART if name in sources}
        return self._key_of(Message(mti, fields), mti)


def code_of(message: Message) -> str:
    """F70, or F60.3."""
    return message["network_code"] or message["private_60"][8:11]


def _add(routes: dict[Key, tuple[Kind, ...]], key: Key, kind: Kind) -> None:
    routes[key] = (*routes.get(key, ()), kind)
