"""DUKPT at the bank: a key for each message, every PIN format; no KSN that was used, lies behind or is another's."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec
import psec
import pytest

from keys.algorithms import dukpt_aes, dukpt_tdes
from keys.algorithms.dukpt import DukptDevice, FutureKeys, Ksn, NextKey, TransactionKey, loaded
from keys.algorithms.mac import cmac, retail_mac
from keys.algorithms.pin_formats import format_of
from simulator.acquirer import dukpt
from simulator.acquirer.branch import TERMINAL_ID, TEST_TMK, dukpt_of, open_test_branch, open_test_dukpt
from simulator.acquirer.ledger import Ledger
from terminal.iso8583.answers import Reply, difference, reply
from terminal.iso8583.codec import decode, encode, mac_block, mac_field
from terminal.iso8583.dialect import Choices, Dialect, SignIn
from terminal.iso8583.facts import Facts, Identity, Plastic
from terminal.iso8583.frame import Envelope, unpack
from terminal.iso8583.international import international
from terminal.iso8583.kinds import Kind
from terminal.iso8583.message import Message
from terminal.iso8583.messages import financial, reversal
from terminal.key_facts import SealedPin
from terminal.money import Money
from terminal.ports import KeyRefused
from tests.unit.simulator.acquirer.acq_terminal import ME, Bank, open_bank

AT = "2025-03-14T10:30:00+08:00"
RICH, PIN, WRONG = "6225000000000048", "123456", "654321"  # TEST CARD, TEST PINS
CARD = Plastic(RICH, "022", track2=f"{RICH}=30122201000000000000")
MAC = 8
SETS = [("dukpt-tdes", "x9.19", "iso-0"), ("dukpt-tdes", "x9.19", "iso-3"), ("dukpt-aes", "cmac", "iso-4")]
NEXT: dict[str, NextKey] = {"dukpt-tdes": dukpt_tdes.next_key, "dukpt-aes": dukpt_aes.next_key}
REQUEST = {"dukpt-tdes": "mac-request", "dukpt-aes": "mac-generation"}
ANSWER = {"dukpt-tdes": "mac-response", "dukpt-aes": "mac-verification"}


class Device:
    """A terminal with its DUKPT in the open: it spends, signs, and checks every answer that is signed."""

    def __init__(self, bank: Bank, dialect: Dialect, number: int = 0, keys: tuple[bytes, bytes] | None = None) -> None:
        self.bank, self.dialect, self.scheme = bank, dialect, dialect.choices.keys
        self.me = Identity(f"{int(TERMINAL_ID) + number:08d}", ME.merchant_id)
        key, ksn = keys or dukpt_of(self.scheme, number)
        self._device = DukptDevice(NEXT[self.scheme], loaded(NEXT[self.scheme], key, Ksn.of(ksn)), _forget)
        self.last_stan = 0
        self.is_signed = False  # the last answer

    def spend(self) -> TransactionKey:
        return self._device.advance()

    def key(self, spent: TransactionKey, usage: str) -> bytes:
        if self.scheme == "dukpt-tdes":
            return dukpt_tdes.working_key(spent, usage)
        return dukpt_aes.working_key(spent, usage, 16)

    def facts(self, kind: Kind, amount: int, of: tuple[Facts, Reply] | None = None) -> Facts:
        self.last_stan += 1
        facts = Facts(kind, f"{self.last_stan:06d}", "000001", Money(amount), at=AT)
        if of is None:
            return facts
        was, said = of
        return msgspec.structs.replace(
            facts,
            original_stan=was.stan,
            original_batch=was.batch,
            original_rrn=said.rrn,
            original_approval_code=said.approval_code,
            original_date=said.date,
        )

    def pin(self, spent: TransactionKey, digits: str) -> SealedPin:
        form = format_of(self.dialect.pin_format.rpartition(":")[2])
        return SealedPin(form.seal(self.key(spent, "pin"), digits, RICH), spent.ksn.encoded())

    def frame(self, message: Message, spent: TransactionKey | None) -> bytes:
        """With its KSN and MAC, where it has one."""
        if spent is not None:
            message = message.with_fields({53: spent.ksn.encoded().hex().upper()})
            block = mac_block(message, self.dialect.layout)
            message = message.with_fields({mac_field(message): self.mac(spent, REQUEST, block).hex().upper()})
        return Envelope(bytes.fromhex(self.dialect.choices.tpdu), b"", encode(message, self.dialect.layout)).pack()

    def mac(self, spent: TransactionKey, usages: dict[str, str], block: bytes) -> bytes:
        make: Callable[[bytes, bytes], bytes] = retail_mac if self.scheme == "dukpt-tdes" else cmac
        return make(self.key(spent, usages[self.scheme]), block)

    def hear(self, message: Message, frame: bytes, spent: TransactionKey | None) -> Reply:
        body = unpack(self.bank.host.answer(frame), self.dialect.frame).body
        answer = decode(body, self.dialect.layout)
        assert difference(message, answer) is None
        self.is_signed = bool(answer.mac)
        if self.is_signed:
            assert spent is not None
            assert bytes.fromhex(answer.mac) == self.mac(spent, ANSWER, body[:-MAC])
            assert answer["security_control"] == spent.ksn.encoded().hex().upper()
        return reply(self.dialect, answer)

    def say(self, message: Message, spent: TransactionKey | None = None) -> Reply:
        spent = spent or (self.spend() if message.mac else None)
        return self.hear(message, self.frame(message, spent), spent)

    def sign_in(self) -> Reply:
        self.last_stan += 1
        said = SignIn(f"{self.last_stan:06d}", "000001", "01", AT)
        return self.say(self.dialect.sign_in(self.dialect, self.me, said))

    def ask(self, facts: Facts, digits: str = "") -> Reply:
        spent = self.spend()
        pin = self.pin(spent, digits) if digits else None
        return self.say(financial(self.dialect, facts, CARD, self.me, pin), spent)

    def does(
        self, kind: Kind, amount: int, of: tuple[Facts, Reply] | None = None, digits: str = ""
    ) -> tuple[Facts, Reply]:
        facts = self.facts(kind, amount, of)
        return facts, self.ask(facts, digits)


def _forget(_: FutureKeys) -> None:
    """Its disk: a test's terminal is never switched off."""


def opened(keys: str, rule: str, format: str) -> tuple[Bank, Dialect]:
    dialect = international(Choices(keys=keys, mac=rule, pin_format=format))  # type: ignore[arg-type]
    bank = open_bank(dialect=dialect)
    open_test_branch(bank.ledger, 2)
    open_test_dukpt(bank.ledger, keys, 2)
    bank.ledger.add_account(RICH, "Rich", 5000, PIN)
    return bank, dialect


@pytest.fixture(params=SETS, ids="-".join)
def there(request: pytest.FixtureRequest) -> Iterator[tuple[Bank, Device]]:
    bank, dialect = opened(*request.param)
    device = Device(bank, dialect)
    said = device.sign_in()
    assert (said.response_code, said.batch, said.private) == ("00", "000001", "")  # no keys come
    yield bank, device
    assert bank.has_it_right()
    bank.ledger.close()


def test_a_day_of_pins(there: tuple[Bank, Device]) -> None:
    bank, device = there
    sale = device.does(Kind.SALE, 1000, digits=PIN)
    assert sale[1].response_code == "00"
    assert device.is_signed
    assert [device.does(Kind.SALE, 500, digits=pin)[1].response_code for pin in (WRONG, PIN)] == ["55", "00"]
    assert device.is_signed
    assert device.does(Kind.REFUND, 400, sale)[1].response_code == "00"
    voided = device.does(Kind.SALE, 70, digits=PIN)
    assert device.does(Kind.VOID, 70, voided)[1].response_code == "00"
    facts, _ = device.does(Kind.SALE, 900, digits=PIN)
    undo = reversal(device.dialect, facts, CARD, device.me, "98")
    assert [device.say(undo).response_code for _ in range(2)] == ["00", "00"]  # each with a KSN of its own
    balance = device.does(Kind.BALANCE, 0, digits=PIN)[1].balance
    assert balance is not None
    assert balance.minor == bank.balance(RICH) == 5000 - 1000 - 500 + 400


def test_a_repeated_frame_is_refused_and_moves_nothing(there: tuple[Bank, Device]) -> None:
    bank, device = there
    facts, spent = device.facts(Kind.SALE, 100), device.spend()
    message = financial(device.dialect, facts, CARD, device.me, device.pin(spent, PIN))
    frame = device.frame(message, spent)
    assert device.hear(message, frame, spent).response_code == "00"
    assert device.hear(message, frame, spent).response_code == "A0"
    assert not device.is_signed  # nothing is signed for whoever only repeats
    assert bank.balance(RICH) == 4900


def test_a_ksn_that_lies_behind_or_was_skipped_is_refused(there: tuple[Bank, Device]) -> None:
    bank, device = there
    skipped, later = device.spend(), device.spend()
    sale = financial(device.dialect, device.facts(Kind.SALE, 100), CARD, device.me)
    assert device.say(sale, later).response_code == "00"
    again = financial(device.dialect, device.facts(Kind.SALE, 100), CARD, device.me)
    assert device.say(again, skipped).response_code == "A0"
    assert bank.balance(RICH) == 4900


def test_a_wrong_mac_spends_no_ksn_and_gets_nothing_signed(there: tuple[Bank, Device]) -> None:
    """Else a stranger could burn a terminal's KSNs, or have a refusal signed before the request is made."""
    bank, device = there
    spent = device.spend()
    message = financial(device.dialect, device.facts(Kind.SALE, 100), CARD, device.me)
    frame = device.frame(message, spent)
    assert device.hear(message, frame[:-1] + bytes([frame[-1] ^ 1]), spent).response_code == "A0"
    assert not device.is_signed
    assert device.hear(message, frame, spent).response_code == "00"
    assert bank.balance(RICH) == 4900


def test_a_refused_message_spends_its_ksn(there: tuple[Bank, Device]) -> None:
    """What was refused because nobody was signed in must not be booked when somebody repeats it later."""
    bank, device = there
    bank.host.expire_keys(device.me.terminal_id)
    spent = device.spend()
    message = financial(device.dialect, device.facts(Kind.SALE, 100), CARD, device.me)
    frame = device.frame(message, spent)
    assert device.hear(message, frame, spent).response_code == "77"
    assert device.is_signed
    assert device.sign_in().response_code == "00"
    assert device.hear(message, frame, spent).response_code == "A0"
    assert bank.balance(RICH) == 5000


def test_keys_of_another_terminal_are_none_of_this_one(there: tuple[Bank, Device]) -> None:
    bank, device = there
    other = Device(bank, device.dialect, 1)
    other.sign_in()
    spent = other.spend()
    message = financial(device.dialect, device.facts(Kind.SALE, 100), CARD, device.me)
    assert device.hear(message, other.frame(message, spent), spent).response_code == "A0"
    assert other.does(Kind.SALE, 100, digits=PIN)[1].response_code == "00"
    assert device.does(Kind.SALE, 100, digits=PIN)[1].response_code == "00"


@pytest.mark.parametrize("said", ["", "00", "FFFF9876543210FFFFFF", "FF" * 12, "FF" * 16])
def test_what_is_no_ksn_is_refused(there: tuple[Bank, Device], said: str) -> None:
    bank, device = there
    message = financial(device.dialect, device.facts(Kind.SALE, 100), CARD, device.me).with_fields({53: said})
    assert device.hear(message, device.frame(message, None), None).response_code == "A0"
    assert not device.is_signed
    assert bank.balance(RICH) == 5000


def test_a_pin_under_another_key_99(there: tuple[Bank, Device]) -> None:
    """The block was made for another KSN than that of the message."""
    bank, device = there
    pin, spent = device.pin(device.spend(), PIN), device.spend()
    message = financial(device.dialect, device.facts(Kind.SALE, 100), CARD, device.me, pin)
    assert device.say(message, spent).response_code == "99"
    assert bank.balance(RICH) == 5000


def test_a_terminal_without_dukpt_is_not_served() -> None:
    bank, dialect = opened(*SETS[0])
    bank.ledger.add_terminal("10000009", ME.merchant_id, "TEST", TEST_TMK)
    device = Device(bank, dialect)
    device.me = Identity("10000009", ME.merchant_id)
    assert device.sign_in().response_code == "00"
    assert device.does(Kind.SALE, 100)[1].response_code == "A0"
    bank.ledger.close()


@pytest.mark.parametrize("format", ["iso-0", "iso-3", "iso-4"])
def test_every_format_under_the_keys_of_a_sign_in(format: str) -> None:
    dialect = international(Choices(mac="cmac" if format == "iso-4" else "x9.19", pin_format=format))  # type: ignore[arg-type]
    bank = open_bank(dialect=dialect)
    bank.ledger.add_account(RICH, "Rich", 5000, PIN)
    said = dialect.sign_in(dialect, ME, SignIn("000001", "000001", "01", AT))
    frame = Envelope(bytes.fromhex(dialect.choices.tpdu), b"", encode(said, dialect.layout)).pack()
    bank.host.answer(frame)
    known = bank.ledger.terminal(ME.terminal_id)
    assert known is not None

    def sale(stan: int, pin: str) -> str:
        facts = Facts(Kind.SALE, f"{stan:06d}", "000001", Money(100), at=AT)
        message = financial(dialect, facts, CARD, ME, SealedPin(format_of(format).seal(known.pik, pin, RICH)))
        make = cmac if format == "iso-4" else retail_mac
        right = make(known.mak, mac_block(message, dialect.layout))
        body = encode(message.with_fields({64: right.hex().upper()}), dialect.layout)
        answer = bank.host.answer(Envelope(bytes.fromhex(dialect.choices.tpdu), b"", body).pack())
        return decode(unpack(answer, dialect.frame).body, dialect.layout)["response_code"]

    assert [sale(2, WRONG), sale(3, PIN)] == ["55", "00"]
    assert bank.balance(RICH) == 4900
    bank.ledger.close()


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")  # psec's own import
def test_another_implementation_reads_the_pin_in_its_message() -> None:
    """psec opens what the bank opens, with the published key of that KSN."""
    bank, dialect = opened(*SETS[0])
    device = Device(bank, dialect)
    device.sign_in()
    spent = device.spend()
    message = financial(dialect, device.facts(Kind.SALE, 100), CARD, device.me, device.pin(spent, PIN))
    assert message["security_control"] == "FFFF9876543210E00001"
    key = bytes.fromhex("042666B49184CF5C68DE9628D0397B36")  # X9.24-1:2009, A.4.2: PIN encryption key of this KSN
    clear = psec.des.decrypt_tdes_ecb(key, bytes.fromhex(message["pin_block"]))
    assert psec.pinblock.decode_pinblock_iso_0(clear, RICH) == PIN
    assert device.say(message, spent).response_code == "00"
    bank.ledger.close()


def test_nothing_of_it_is_shown(there: tuple[Bank, Device]) -> None:
    bank, device = there
    spent = device.spend()
    sealed = device.pin(spent, PIN)
    device.say(financial(device.dialect, device.facts(Kind.SALE, 100), CARD, device.me, sealed), spent)
    key, _ = dukpt_of(device.scheme)
    kept = "".join(row[0] for row in bank.ledger.run("SELECT received || sent FROM message"))
    shown = (kept + str(bank.ledger.report()) + repr(sealed)).upper()
    for secret in (key, spent.key, sealed.block, spent.ksn.encoded(), device.key(spent, "pin")):
        assert secret.hex().upper() not in shown
    assert repr(dukpt.keys_of(bank.ledger, device.dialect, Message("0200"))) == "MessageKeys()"


def test_books_keep_the_last_ksn(tmp_path: object) -> None:
    path = f"{tmp_path}/bank.db"
    dialect = international(Choices(keys="dukpt-tdes"))
    bank = open_bank(path, dialect=dialect)
    open_test_dukpt(bank.ledger, "dukpt-tdes")
    bank.ledger.add_account(RICH, "Rich", 5000, PIN)
    device = Device(bank, dialect)
    device.sign_in()
    spent, message = device.spend(), financial(dialect, device.facts(Kind.SALE, 100), CARD, device.me)
    frame = device.frame(message, spent)
    assert device.hear(message, frame, spent).response_code == "00"
    bank.ledger.close()
    again = open_bank(path, dialect=dialect)
    open_test_dukpt(again.ledger, "dukpt-tdes")  # leaves what is there
    device.bank = again
    assert device.hear(message, frame, spent).response_code == "A0"
    again.ledger.close()


def test_a_ksn_says_nothing_of_an_encrypted_track() -> None:
    """CUP's F53 has a 1 there."""
    keys = bytes(range(16)), bytes.fromhex("FF1F9876543210E00000")
    bank, dialect = opened(*SETS[0])
    bank.ledger.add_terminal("10000009", ME.merchant_id, "TEST", TEST_TMK)
    dukpt.add(bank.ledger, "10000009", *keys)
    device = Device(bank, dialect, 8, keys)
    device.sign_in()
    assert device.does(Kind.SALE, 100, digits=PIN)[1].response_code == "00"
    bank.ledger.close()


def test_no_ksn_no_keys() -> None:
    ledger = Ledger(":memory:")
    open_test_branch(ledger)
    with pytest.raises(KeyRefused):
        dukpt.add(ledger, TERMINAL_ID, bytes(16), bytes(9))
    ledger.close()
