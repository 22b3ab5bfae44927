"""The acquirer's client under DUKPT: a KSN for every message, and no answer proven by another message's key."""

import asyncio
import hashlib
from contextlib import asynccontextmanager

import pytest

from keys.vault import Vault
from simulator.acquirer.branch import MERCHANT_ID, TERMINAL_ID, dukpt_of, open_test_branch, open_test_dukpt
from simulator.acquirer.faults import Faults, Spoil
from simulator.acquirer.host import Host
from simulator.acquirer.ledger import Ledger
from simulator.acquirer.line import SimulatedLine
from terminal.exchange.acquirer import Acquirer, Deadlines, Unanswered
from terminal.exchange.talk import Talk
from terminal.iso8583.codec import decode, encode
from terminal.iso8583.dialect import Choices, SignIn
from terminal.iso8583.facts import Facts, Identity, Plastic
from terminal.iso8583.frame import Envelope, unpack
from terminal.iso8583.international import international
from terminal.iso8583.kinds import Kind
from terminal.iso8583.messages import financial, reversal
from terminal.journal.journal import Journal
from terminal.money import Money
from terminal.ports import KeyMissing, KeyRefused
from tests.virtual_time import VirtualClock, inline, run

ME = Identity(TERMINAL_ID, MERCHANT_ID)
PAN, PIN = "6225000000000014", "246801"  # TEST CARD, TEST PIN
CARD = Plastic(PAN, "022", "3012", track2=f"{PAN}=30122201000000000000")
AT = "2026-11-24T10:00:00+08:00"
SETS = [("dukpt-tdes", "x9.19", "iso-3"), ("dukpt-aes", "cmac", "iso-4")]
FIRST = {"dukpt-tdes": 0xFFFF9876543210E00000, "dukpt-aes": 0x123456789012345600000000}


class Wire:
    """A bank, a line and a client on virtual time, with DUKPT in a vault."""

    def __init__(self, folder, keys, mac, format):
        self.keys, self.dialect = keys, international(Choices(keys=keys, mac=mac, pin_format=format))
        self.clock, self.faults, self.ledger = VirtualClock(), Faults(), Ledger(":memory:")
        open_test_branch(self.ledger)
        open_test_dukpt(self.ledger, keys)
        self.ledger.add_account(PAN, "TEST", 100_000, pin=PIN)
        chance = iter(hashlib.sha512(str(n).encode()).digest() for n in range(1, 1 << 20))
        host = Host(self.ledger, self.clock, lambda size: next(chance)[:size], self.dialect)
        self.line = SimulatedLine(host, self.faults)
        self.vault = Vault.at(folder / "vault", bytes(32))
        self.journal = Journal(folder / "journal", self.clock, inline)
        self.acquirer = Acquirer(self.line, self.vault, self.journal, ME, self.dialect, Deadlines(15.0, 60.0))
        self.folder = folder

    def load(self):
        self.vault.install_dukpt(*dukpt_of(self.keys), self.keys)

    async def sign_in(self):
        sign_in = self.dialect.sign_in(self.dialect, ME, SignIn("000001", "000001", "01", AT))
        assert (await self.acquirer.ask_once(sign_in)).response_code == "00"

    def facts(self, stan):
        return Facts(Kind.SALE, stan, "000001", Money(100), at=AT)

    def sale(self, stan, pin=None):
        return financial(self.dialect, self.facts(stan), CARD, ME, pin)

    def pin(self, digits=PIN):
        return self.vault.seal_pin(digits, PAN, self.dialect.pin_format)

    def counters(self):
        """Of every message with a KSN, as they left."""
        sent = [decode(unpack(frame, self.dialect.frame).body, self.dialect.layout) for frame in self.line.sent]
        said = [message["security_control"] for message in sent if message["security_control"]]
        return [int(ksn, 16) - FIRST[self.keys] for ksn in said]


@pytest.fixture(params=SETS, ids=lambda row: row[0])
def dialogue(request, tmp_path):
    """Plays a script against a terminal that has signed in."""

    def play(script, is_loaded=True):
        async def work():
            wire = Wire(tmp_path, *request.param)
            try:
                if is_loaded:
                    wire.load()
                await wire.sign_in()
                return await script(wire)
            finally:
                await wire.journal.close()
                wire.ledger.close()

        return run(work())

    return play


def test_every_message_has_a_ksn_of_its_own_and_a_pin_brings_its_own(dialogue):
    async def script(wire):
        ask = wire.acquirer.ask_once
        assert (await ask(wire.sale("000002"))).response_code == "00"
        assert (await ask(wire.sale("000003", wire.pin()))).response_code == "00"
        assert (await ask(wire.sale("000004", wire.pin("000000")))).response_code == "55"
        undo = reversal(wire.dialect, wire.facts("000003"), CARD, ME, "98")
        assert [(await ask(undo)).response_code for _ in range(2)] == ["00", "00"]
        assert wire.counters() == [1, 2, 3, 4, 5]
        assert wire.ledger.card_balance(PAN) == 100_000 - 100

    dialogue(script)


def test_a_message_without_a_mac_spends_none(dialogue):
    async def script(wire):
        echo = wire.dialect.echo(wire.dialect, ME, "000001")
        assert (await wire.acquirer.ask_once(echo)).response_code == "00"
        assert (await wire.acquirer.ask_once(wire.sale("000002"))).response_code == "00"
        assert wire.counters() == [1]

    dialogue(script)


def test_a_pin_that_was_overtaken_is_not_sent(dialogue):
    async def script(wire):
        pin = wire.pin()
        assert wire.acquirer.serves(pin)
        await wire.acquirer.ask_once(wire.sale("000002"))
        assert not wire.acquirer.serves(pin)
        before = len(wire.line.sent)
        with pytest.raises(KeyRefused, match="since this PIN was typed"):
            await wire.acquirer.ask_once(wire.sale("000003", pin))
        assert len(wire.line.sent) == before
        assert wire.acquirer.serves(None)
        assert (await wire.acquirer.ask_once(wire.sale("000004", wire.pin()))).response_code == "00"

    dialogue(script)


def test_a_pin_is_sent_once(dialogue):
    async def script(wire):
        pin = wire.pin()
        assert (await wire.acquirer.ask_once(wire.sale("000002", pin))).response_code == "00"
        assert not wire.acquirer.serves(pin)
        with pytest.raises(KeyRefused):
            await wire.acquirer.ask_once(wire.sale("000003", pin))

    dialogue(script)


def test_new_initial_keys_do_not_make_a_pin_look_old(dialogue):
    """KSNs of another initial key may be lower; the terminal was not restarted."""

    async def script(wire):
        await wire.acquirer.ask_once(wire.sale("000002"))
        size = len(dukpt_of(wire.keys)[1])
        wire.vault.install_dukpt(dukpt_of(wire.keys)[0], bytes(size), wire.keys)
        assert wire.acquirer.serves(wire.pin())

    dialogue(script)


def test_an_answer_to_an_earlier_message_is_passed_over(dialogue):
    """Late or twice, it cannot be proven any more, and it does not spoil what is asked now."""

    async def script(wire):
        talk = Talk(wire.acquirer)
        async with talk.stack:
            wire.faults.spoil_next(Spoil.LATE)  # 65 s, the deadline is 60
            with pytest.raises(Unanswered) as silence:
                await talk.ask(wire.sale("000002"))
            assert silence.value.fault == "no-answer"
            assert (await talk.ask(wire.sale("000003"))).response_code == "00"
            wire.faults.spoil_next(Spoil.DUPLICATE)
            assert (await talk.ask(wire.sale("000004"))).response_code == "00"
            assert (await talk.ask(wire.sale("000005"))).response_code == "00"
        assert not wire.acquirer.late

    dialogue(script)


class Stripping:
    """A Line port before the bank's: an acquirer that does not repeat F53 when it answers a second time."""

    def __init__(self, line, dialect):
        self._line, self._dialect, self._heard = line, dialect, set()

    @asynccontextmanager
    async def connect(self, address=""):
        async with self._line.connect(address) as self._connection:
            self.address = self._connection.address
            yield self

    async def send(self, frame):
        await self._connection.send(frame)

    async def receive(self):
        frame = await self._connection.receive()
        if frame not in self._heard:
            self._heard.add(frame)
            return frame
        envelope = unpack(frame, self._dialect.frame)
        bare = decode(envelope.body, self._dialect.layout).with_fields({53: ""})
        return Envelope(envelope.tpdu, envelope.header, encode(bare, self._dialect.layout)).pack()


def test_an_answer_to_an_earlier_message_is_passed_over_also_without_its_ksn(dialogue):
    async def script(wire):
        wire.acquirer._line = Stripping(wire.line, wire.dialect)
        talk = Talk(wire.acquirer)
        async with talk.stack:
            wire.faults.spoil_next(Spoil.DUPLICATE)
            assert (await talk.ask(wire.sale("000002"))).response_code == "00"
            assert (await talk.ask(wire.sale("000003"))).response_code == "00"

    dialogue(script)


def test_a_reversal_said_again_is_not_answered_by_the_first_ones_answer(dialogue):
    """Same MTI and F11, another KSN: only F53 tells the two answers apart."""

    async def script(wire):
        undo = reversal(wire.dialect, wire.facts("000002"), CARD, ME, "98")
        talk = Talk(wire.acquirer)
        async with talk.stack:
            assert (await talk.ask(wire.sale("000002"))).response_code == "00"
            for _ in range(2):  # the first one's answer comes while the second's is waited for
                wire.faults.spoil_next(Spoil.LATE)
                with pytest.raises(Unanswered) as silence:
                    await talk.ask(undo)
                assert silence.value.fault == "no-answer"
            assert (await talk.ask(undo)).response_code == "00"
        assert wire.counters() == [1, 2, 3, 4]
        assert wire.ledger.card_balance(PAN) == 100_000

    dialogue(script)


def test_a_wrong_mac_is_no_answer(dialogue):
    async def script(wire):
        wire.faults.spoil_next(Spoil.WRONG_MAC)
        with pytest.raises(Unanswered) as wrong:
            await wire.acquirer.ask_once(wire.sale("000002"))
        assert wrong.value.fault == "mac-wrong"

    dialogue(script)


def test_without_keys_nothing_is_sent(dialogue):
    async def script(wire):
        before = len(wire.line.sent)
        with pytest.raises(KeyMissing):
            await wire.acquirer.ask_once(wire.sale("000002"))
        assert len(wire.line.sent) == before

    dialogue(script, is_loaded=False)


def test_a_vault_put_back_from_a_copy_is_refused_by_the_bank(dialogue):
    """Its KSNs were used: A0, nothing is booked."""

    async def script(wire):
        file = wire.folder / "vault"
        copy = file.read_bytes()
        assert (await wire.acquirer.ask_once(wire.sale("000002"))).response_code == "00"
        file.write_bytes(copy)
        wire.acquirer._vault = Vault.at(file, bytes(32))
        assert (await wire.acquirer.ask_once(wire.sale("000003"))).response_code == "A0"
        assert wire.ledger.card_balance(PAN) == 100_000 - 100

    dialogue(script)


def test_neither_ksn_nor_pin_is_in_the_journal(dialogue):
    async def script(wire):
        pin = wire.pin()
        await wire.acquirer.ask_once(wire.sale("000002", pin))
        await asyncio.sleep(0)
        await wire.journal.record("end", {})
        kept = b"".join(path.read_bytes() for path in wire.folder.iterdir() if path.name.startswith("journal"))
        assert b"0200" in kept
        for secret in (pin.ksn, pin.block):
            assert secret not in kept
            assert secret.hex().upper().encode() not in kept.upper()

    dialogue(script)
