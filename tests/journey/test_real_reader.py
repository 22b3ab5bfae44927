"""Every good card over a real pcscd and vpcd, in T=0 and in T=1: sale, refund and void, its issuer at the other end.

The reader is pyscard's, the service this run's own; the PIN goes through the vault; what a terminal's screens would ask
is answered here. What the card is told and says is the product's own kernel, driver, vault and issuer.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from drivers.card_reader import PcscReader
from drivers.card_slots import PcscCardSlots
from keys.at_rest.key_file import KeyFile
from keys.safe import Safe
from keys.vault import Vault
from simulator.acquirer.downloads import applications, capks
from simulator.acquirer.issuer import TestIssuer
from simulator.cards.pcscd import READER_NAME, PrivatePcscd
from simulator.cards.tray import CardDescription, card, load_tray
from simulator.cards.vpcd import VpcdCard
from terminal.dialogue.desk import Desk
from terminal.dialogue.pin import VaultPinpad
from terminal.emv import apdu, refund, sale, tags, tlv
from terminal.emv.holder import EnterPin, PinForm, ShowDocument
from terminal.emv.opening import PURCHASE, REFUND, ChooseApplication, Deal
from terminal.emv.parameters import kernel
from terminal.emv.refund import Captured
from terminal.emv.sale import Ended, GoOnline
from terminal.emv.transport import Link
from terminal.emv.verification import Tsi, Tvr
from terminal.events import Event
from terminal.money import Money
from terminal.ports import Card
from terminal.screens import PinPrompt, Shown, say
from tests.unit.keys.scripted import ScriptedKeypad, typing

pytestmark = pytest.mark.process
LISTS = kernel(applications().values(), (key.whole() for key in capks()), (), {})
ISSUER = TestIssuer()
PIN = "246801"  # TEST PIN of every card
SDA = Tvr.FLOOR_LIMIT_EXCEEDED | Tvr.SDA_SELECTED
DYNAMIC = Tvr.FLOOR_LIMIT_EXCEEDED
ONLINE_PIN = Tvr.ONLINE_PIN_ENTERED
GOOD = {  # card -> TVR of its sale
    "unionpay-trace": DYNAMIC | Tvr.DIFFERENT_VERSIONS,  # the real card is of version 0020
    "unionpay-debit": DYNAMIC,
    "unionpay-debit-other": DYNAMIC,  # CDA
    "unionpay-credit": SDA,
    "unionpay-debit-pin": DYNAMIC | ONLINE_PIN,
    "unionpay-credit-offline-pin": SDA,
    "unionpay-credit-enciphered-pin": DYNAMIC,
    "unionpay-identity": DYNAMIC,
    "two-accounts": DYNAMIC,
    "international-credit": DYNAMIC,  # CDA
    "international-debit": SDA | ONLINE_PIN,
}


def deal(type: bytes) -> Deal:
    return Deal(LISTS, Money(6580), "261124", "120000", bytes.fromhex("7863AFC6"), "000403", type)


class NoFront:
    """A terminal that nobody looks at: its stars are not what is tried here."""

    def show(self, shown: Shown) -> None:
        return None

    async def event(self) -> Event:
        return await asyncio.get_running_loop().create_future()


def vault_pinpad(folder: Path) -> VaultPinpad:
    """The product's own, whose vault hears the PIN and reaches the card past it."""
    keypad = ScriptedKeypad(*typing(PIN))
    vault = Vault(Safe(KeyFile(folder / "vault", bytes(32))), keypad, PcscCardSlots())
    return VaultPinpad(Desk(NoFront()), vault, lambda: "iso-0")


async def online(link: Link, powered: Card, pinpad: VaultPinpad) -> GoOnline:
    """From the slot to the question for the issuer, whoever else is asked on the way."""
    step = await sale.start(link, deal(PURCHASE))
    while not isinstance(step, GoOnline):
        match step:
            case ChooseApplication():
                step = await sale.choose(link, step, 0)
            case EnterPin(form=PinForm.ONLINE):
                step = await sale.pin_tried(link, step, apdu.OK)
            case EnterPin():
                sw = await pinpad.offline(PinPrompt(say("kind.sale")), step.key, powered, link.send)
                step = await sale.pin_tried(link, step, sw)
            case ShowDocument():
                step = await sale.document_shown(link, step, True)
            case _:
                raise AssertionError(step)
    return step


def answer(described: CardDescription, asked: GoOnline) -> bytes:
    """The real card's own issuer is not here: what the trace has for it stands in."""
    if described.chip is not None and described.chip.is_trace:
        return b""
    reply = ISSUER.authenticate(asked.account.pan, asked.account.psn, asked.icc_data, "00")
    assert reply, "the issuer does not know its card's ARQC"
    return reply


def test_every_good_card_with_a_chip_is_here():
    assert {one.id for one in load_tray() if one.chip is not None and not one.is_bad} == set(GOOD)


@pytest.mark.parametrize("protocol", [0, 1], ids=["T=0", "T=1"])
@pytest.mark.parametrize("id", GOOD)
async def test_a_sale_a_refund_and_a_void(pcscd: PrivatePcscd, tmp_path, id: str, protocol: int) -> None:
    described, pinpad, reader = card(id), vault_pinpad(tmp_path), PcscReader(READER_NAME)
    chip = described.virtual_in(protocol)
    held = VpcdCard(chip, pcscd.port)
    await held.insert()
    await reader.wait(True)

    powered = await reader.connect()
    assert powered.protocol == protocol
    link = Link(powered.transmit, powered.protocol)
    asked = await online(link, powered, pinpad)
    said = dict(tlv.parse(asked.icc_data))
    assert Tvr.from_bytes(said[tags.TVR]) == GOOD[id], Tvr.from_bytes(said[tags.TVR]).names()
    done = await sale.complete(link, asked.session, "00", answer(described, asked))
    await powered.close()
    assert isinstance(done, Ended)
    assert done.is_approved
    assert Tvr.ISSUER_AUTHENTICATION_FAILED not in done.tvr
    assert (Tsi.ODA_PERFORMED in done.tsi, Tsi.CARD_RISK_PERFORMED in done.tsi) == (True, True)

    for wanted in (bytes.fromhex(asked.account.aid), b""):  # the sale's application known, and not
        powered = await reader.connect()
        link = Link(powered.transmit, powered.protocol)
        step = await refund.start(link, deal(REFUND), wanted)
        if isinstance(step, ChooseApplication):
            assert not wanted
            step = await refund.choose(link, step, 0)
        await powered.close()
        assert isinstance(step, Captured)
        assert (step.account, step.trouble) == (asked.account, "")
        assert step.closing == ("" if step.account.scheme == "unionpay" else "AAC")

    await held.pull()
    await reader.wait(False)
