"""What must hold for any bytes from a card, or about cards from the acquirer. Law: the kernel raises its own error or
nothing, asks a bounded number of times, and shows no account.

`feed` is one input: its first byte says which law, the rest is what came. Driven by hypothesis in
tests/unit/terminal/emv/test_emv_fuzz.py and by coverage in tests/fuzz/fuzz.py. A conversation is the answers of a
card one after the other, each with its length before it; when they are out, the card answers 6F00.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Coroutine
from typing import Any

from simulator.cards.chip import Chip, WasPulled, WentMute
from simulator.cards.description import CardDescription
from terminal.emv import apdu, atr, cvm, dol, issuer, refund, sale, tags, tlv
from terminal.emv.contactless import atr as contactless_atr
from terminal.emv.contactless.account import read_tapped
from terminal.emv.errors import EmvError
from terminal.emv.holder import EnterPin, PinForm, ShowDocument
from terminal.emv.initiate import locator
from terminal.emv.oda.authentication import authenticate_card, pin_key
from terminal.emv.oda.capk import Capk, CapkRefused, KeyRing, PublicKey, of_download
from terminal.emv.opening import PURCHASE, REFUND, ChooseApplication, Deal
from terminal.emv.parameters import ParametersRefused, application
from terminal.emv.read import Records
from terminal.emv.sale import GoOnline
from terminal.emv.terminal_data import UNIONPAY_TEST, Application
from terminal.emv.transport import Link
from terminal.emv.verification import Aip, Capabilities
from terminal.money import Money

RID = bytes.fromhex("A000000333")
MODULUS = bytes.fromhex("C1") + bytes(range(1, 127)) + b"\x01"  # no one knows its factors, nor needs to
KEYS = KeyRing({(RID, index): Capk(RID, index, PublicKey(MODULUS, 3), "") for index in range(256)})
TERMINAL = {tags.DATE: bytes.fromhex("261124"), tags.UNPREDICTABLE_NUMBER: b"\x01\x02\x03\x04"}
DEAL = {
    type: Deal(UNIONPAY_TEST, Money(6580), "261124", "120000", b"\x01\x02\x03\x04", "000403", type)
    for type in (PURCHASE, REFUND)
}
MOST_PAUSES = 40
FAILS = bytes.fromhex("6F00")
ALL = Capabilities(0xFFFFFF)


class Asked(Exception):
    """The card was asked more often than there can be answers."""


class Script:
    """A card that answers what it is told to."""

    def __init__(self, raw: bytes) -> None:
        self._rest, self.count = raw, 0
        self._most = 2 * len(raw) + 400  # our own AIDs, each as often as the card seems to have it

    async def transmit(self, command: bytes) -> bytes:
        """The next answer."""
        self.count += 1
        if self.count > self._most:
            raise Asked
        if not self._rest:
            return FAILS
        length = self._rest[0]
        answer, self._rest = self._rest[1 : 1 + length], self._rest[1 + length :]
        return answer if len(answer) > 1 else FAILS


class Heard:
    """A card whose answers are written down."""

    def __init__(self, chip: Chip) -> None:
        self._chip, self.answers = chip, list[bytes]()

    async def transmit(self, command: bytes) -> bytes:
        """The chip's own answer, or none of one that went wrong."""
        try:
            answer = self._chip.respond(command)
        except (WentMute, WasPulled):
            answer = FAILS
        self.answers.append(answer)
        return answer


def conversation(card: CardDescription) -> list[bytes]:
    """What a card answers in a sale, to its end or to where it goes wrong."""
    chip = card.virtual()
    heard = Heard(chip)
    with contextlib.suppress(EmvError):
        finished(_sold(Link(heard.transmit, chip.protocol)))
    return heard.answers


def told(*answers: bytes) -> bytes:
    """The answers of a conversation as one input; what is longer than a length can say is cut."""
    return b"".join(bytes((len(answer[:255]),)) + answer[:255] for answer in answers)


def finished(work: Coroutine[Any, Any, Any]) -> Any:
    """The result of a coroutine that waits for nothing."""
    try:
        work.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("the kernel waits for something")


def any_tlv(raw: bytes) -> None:
    """What parses is what it was, and no deeper than it may be."""
    with contextlib.suppress(EmvError):
        pairs = tlv.parse(raw)
        assert tlv.parse(tlv.build(pairs)) == pairs
        assert len(tlv.without(raw, tags.PAN)) <= len(raw)
        assert sum(len(value) for _, value in tlv.leaves(raw)) <= len(raw)


def any_list(raw: bytes) -> None:
    """Lists of tags and lengths, of records, of methods."""
    with contextlib.suppress(EmvError):
        wanted = dol.entries(raw)
        assert len(dol.fill(raw, {tags.AMOUNT: b"\x12", tags.PAN: b"\x62\x10"})) == sum(size for _, size in wanted)
    with contextlib.suppress(EmvError):
        assert all(0 < entry.first <= entry.last for entry in locator(raw))
    for capabilities in (Capabilities(0), ALL):
        with contextlib.suppress(EmvError):
            state = cvm.begin(Aip.CARDHOLDER_VERIFICATION, {tags.CVM_LIST: raw}, cvm.Ability(capabilities, 1000, True))
            for outcome in list(cvm.Outcome)[1:] * len(raw):
                state = cvm.tried(state, outcome) if isinstance(state, cvm.Trying) else state
            assert isinstance(state, cvm.Verified)
            assert len(state.results) == 3


def any_certificates(raw: bytes) -> None:
    """Objects of a card: whatever they are, they prove nothing, and say so in bits."""
    try:
        values = tlv.unique(tlv.parse(raw))
    except EmvError:
        return
    values.setdefault(tags.CAPK_INDEX, b"\x08")
    values.setdefault(tags.PAN, bytes.fromhex("6210948000000029"))
    records = Records(values, raw)
    for aip in (Aip.SDA, Aip.DDA, Aip.CDA | Aip.DDA | Aip.SDA):
        link = Link(Script(b"").transmit, 1)
        with contextlib.suppress(EmvError):
            finished(authenticate_card(link, aip, records, TERMINAL, ALL, KEYS, RID, b"\x9f\x37\x04"))
    with contextlib.suppress(EmvError):
        pin_key(records, Aip.DDA, KEYS, RID, TERMINAL)


def any_reply(raw: bytes) -> None:
    """F55 of an answer, and rows of the downloads."""
    with contextlib.suppress(EmvError):
        issuer.answer_of(raw)
    with contextlib.suppress(CapkRefused):
        of_download(raw)
    with contextlib.suppress(ParametersRefused):
        assert isinstance(application(raw), Application)


def any_atr(raw: bytes) -> None:
    """An answer to reset, in the slot and in the field."""
    with contextlib.suppress(EmvError):
        assert atr.protocol(raw) in (0, 1)
    with contextlib.suppress(EmvError):
        assert contactless_atr.check(raw) == 1


def any_sale(raw: bytes) -> None:
    """A whole sale with such a card, in T=1 and T=0: it ends, and no pause shows the account."""
    for protocol in (0, 1):
        script = Script(raw)
        with contextlib.suppress(EmvError):
            finished(_sold(Link(script.transmit, protocol)))


def any_refund(raw: bytes) -> None:
    """The same for a refund, by insertion and by tap."""
    for protocol in (0, 1):
        script = Script(raw)
        with contextlib.suppress(EmvError):
            step = finished(refund.start(Link(script.transmit, protocol), DEAL[REFUND]))
            while isinstance(step, ChooseApplication):
                step = finished(refund.choose(Link(script.transmit, protocol), step, 0))
    with contextlib.suppress(EmvError):
        finished(read_tapped(Script(raw).transmit, UNIONPAY_TEST, TERMINAL))


async def _sold(link: Link) -> None:
    step = await sale.start(link, DEAL[PURCHASE])
    for _ in range(MOST_PAUSES):
        match step:
            case ChooseApplication():
                step = await sale.choose(link, step, 0)
            case EnterPin(form=PinForm.ONLINE):
                step = await sale.pin_tried(link, step, None)
            case EnterPin():
                step = await sale.pin_tried(link, step, (await link.send(apdu.verify(False, bytes(8)))).sw)
            case ShowDocument():
                step = await sale.document_shown(link, step, False)
            case GoOnline():
                assert step.account.pan not in repr(step)
                step = await sale.complete(link, step.session, "00", bytes.fromhex("910A11223344556677883030"))
            case _:
                assert step.account.pan not in repr(step)
                return


LAWS: tuple[Callable[[bytes], None], ...] = (
    any_tlv,
    any_list,
    any_certificates,
    any_reply,
    any_atr,
    any_sale,
    any_refund,
)


def feed(data: bytes) -> None:
    """Raises only where a law is broken."""
    if data:
        LAWS[data[0] % len(LAWS)](data[1:])
