"""One application of a test card: its states and its commands. Law: EMV 4.4 Book 3, 6.5 and 10; wrong order is 6985.

selected --GPO--> started --ARQC--> asked --TC, AAC--> ended, or from started at once; SELECT begins again, anywhere.

| state         | what is taken besides GET DATA and GET CHALLENGE                          |
|---------------|---------------------------------------------------------------------------|
| selected      | GET PROCESSING OPTIONS                                                    |
| started       | READ RECORD, INTERNAL AUTHENTICATE, VERIFY, GENERATE AC                   |
| asked         | READ RECORD, EXTERNAL AUTHENTICATE (once), GENERATE AC, issuer's commands |
| ended         | READ RECORD, issuer's commands                                            |
"""

from __future__ import annotations

from collections.abc import Callable

from keys.algorithms.issuer_script import is_secured, mac_size
from keys.algorithms.mac import des_encrypt
from keys.card_certificates import cda_dynamic, deciphered_pin, dynamic_signature
from simulator.cards.application_cryptogram import (
    AAC,
    DDA_PERFORMED,
    KIND,
    PIN_BLOCKED,
    PIN_FAILED,
    PIN_PERFORMED,
    Cryptograms,
    Manner,
)
from simulator.cards.cardholder_pin import CardholderPin
from simulator.cards.command import (
    DATA_NOT_FOUND,
    NOT_NOW,
    NOT_SECURED,
    OK,
    RECORD_NOT_FOUND,
    REFERENCE_INVALID,
    WRONG_LENGTH,
    WRONG_MAC,
    WRONG_PARAMETERS,
    Command,
    Refused,
)
from simulator.cards.personalisation import DDOL, personalised
from simulator.cards.settings import ApplicationSettings, ChipSettings
from terminal.emv import dol, tags, tlv

CDA = 0x10  # GENERATE AC, P1 (Book 3, 6.5.5.2)
PLAIN, ENCIPHERED = 0x80, 0x88  # VERIFY, P2 (Book 3, 6.5.12.2)
PUTTABLE = {0x9F58: 1, 0x9F59: 1}  # the payment systems' offline limits, of the card's own risk management; second-hand


class CardWide:
    """What all applications of a card share."""

    def __init__(self, pin: CardholderPin, is_blocked: bool) -> None:
        self.pin, self.is_blocked = pin, is_blocked


class Application:
    """`select` begins it; `answer` takes every command of COMMANDS."""

    def __init__(self, chip: ChipSettings, own: ApplicationSettings, card: CardWide) -> None:
        self.name = bytes.fromhex(own.aid)
        self.is_blocked = chip.behaviour.blocked == "application"
        self._chip, self._card, self._holds = chip, card, personalised(chip, own)
        behaves = chip.behaviour
        manner = Manner(chip.cvn, behaves.authenticates, self._holds.aip, behaves.declines, behaves.minds)
        self._cryptograms = Cryptograms(self._holds.key, manner)
        self._atc, self._last_online = chip.atc, chip.last_online_atc
        self._put = {tag: bytes(length) for tag, length in PUTTABLE.items()}
        self._challenges = 0
        self.select()

    def select(self) -> None:
        """SELECT: a transaction that was under way is over."""
        self._is_started, self._told, self._challenge = False, b"", b""
        self._cryptograms.restart(self._atc)

    def answer(self, command: Command) -> bytes:
        """Raises Refused."""
        return COMMANDS[command.cla, command.ins](self, command)

    def start(self, command: Command) -> bytes:
        """GET PROCESSING OPTIONS (Book 3, 6.5.8)."""
        if self._is_started:
            raise Refused(NOT_NOW)
        wanted = sum(length for _, length in dol.entries(bytes.fromhex(self._chip.pdol)))
        if command.body[:2] != bytes((tags.COMMAND_TEMPLATE, wanted)) or len(command.body) != wanted + 2:
            raise Refused(WRONG_LENGTH)
        self._is_started, self._told = True, command.body[2:]
        self._atc += 1
        self._cryptograms.restart(self._atc)
        values = {tags.AIP: self._holds.aip.encoded(), tags.AFL: self._holds.afl}
        return self._formatted(values) + OK

    def read(self, command: Command) -> bytes:
        """READ RECORD (Book 3, 6.5.11)."""
        self._require(self._is_started)
        records = self._holds.records.get(command.p2 >> 3, ())
        if not 1 <= command.p1 <= len(records):
            raise Refused(RECORD_NOT_FOUND)
        return records[command.p1 - 1] + OK

    def get_data(self, command: Command) -> bytes:
        """GET DATA (Book 3, 6.5.7)."""
        values = {
            tags.ATC: self._atc.to_bytes(2),
            tags.LAST_ONLINE_ATC: self._last_online.to_bytes(2),
            tags.PIN_TRIES: bytes((self._card.pin.tries,)),
            **self._put,
        }
        tag = command.p1 << 8 | command.p2
        if tag not in values:
            raise Refused(DATA_NOT_FOUND)
        return tlv.build([(tag, values[tag])]) + OK

    def get_challenge(self, command: Command) -> bytes:
        """GET CHALLENGE (Book 3, 6.5.6). Not to be foreseen without the card's key: enough for a test card."""
        self._challenges += 1
        self._challenge = des_encrypt(self._holds.script_key, self._challenges.to_bytes(8))
        return self._challenge + OK

    def authenticate_itself(self, command: Command) -> bytes:
        """INTERNAL AUTHENTICATE: DDA (Book 3, 6.5.9; Book 2, 6.5)."""
        self._require(self._is_started and not self._cryptograms.count and self._holds.chip_key is not None)
        if len(command.body) != sum(length for _, length in dol.entries(DDOL)):
            raise Refused(WRONG_LENGTH)
        assert self._holds.chip_key is not None
        number = self._dynamic_number()
        signed = dynamic_signature(self._holds.chip_key, bytes((len(number),)) + number, command.body)
        self._cryptograms.events |= DDA_PERFORMED
        return self._formatted({tags.SIGNED_DYNAMIC: signed}) + OK

    def verify(self, command: Command) -> bytes:
        """VERIFY, plain and enciphered (Book 3, 6.5.12; Book 2, 7)."""
        self._require(self._is_started and not self._cryptograms.count)
        if command.p1 or command.p2 not in (PLAIN, ENCIPHERED):
            raise Refused(WRONG_PARAMETERS)
        self._card.pin.require()
        sw = self._card.pin.verify(self._deciphered(command.body) if command.p2 == ENCIPHERED else command.body)
        events = self._cryptograms.events & ~PIN_FAILED
        failed = 0 if sw == OK else PIN_FAILED
        self._cryptograms.events = events | PIN_PERFORMED | failed | (0 if self._card.pin.tries else PIN_BLOCKED)
        return sw

    def generate(self, command: Command) -> bytes:
        """GENERATE AC, with or without a signature over it (Book 3, 6.5.5; Book 2, 6.6.1)."""
        self._require(self._is_started)
        wanted = AAC if self.is_blocked else command.p1 & KIND
        said = self._cryptograms.generate(wanted, command.body)
        body = self._signed(command.body, said) if command.p1 & CDA and said[tags.CID][0] != AAC else b""
        self._told += command.body
        if self._cryptograms.has_issuer_approved:
            self._last_online = self._atc
        order = (tags.CID, tags.ATC, tags.CRYPTOGRAM, tags.IAD)
        return (body or self._formatted({tag: said[tag] for tag in order})) + OK

    def authenticate_issuer(self, command: Command) -> bytes:
        """EXTERNAL AUTHENTICATE (Book 3, 6.5.4)."""
        self._require(self._is_started)
        return self._cryptograms.authenticate(command.body)

    def take_script(self, command: Command) -> bytes:
        """A command of the issuer with its MAC (Book 2, 9.2; Book 3, 6.5.1, 2, 3 and 10, and PUT DATA)."""
        said = self._cryptograms.first
        if said is None:
            raise Refused(NOT_NOW)
        scripts = self._cryptograms.scripts
        scripts.count += 1
        try:
            self._obey(command, command.body[: -mac_size(said)], len(command.body) - mac_size(said))
        except Refused:
            scripts.has_failed = True
            raise
        return OK

    def _obey(self, command: Command, data: bytes, length: int) -> None:
        said = self._cryptograms.first
        assert said is not None
        if length < 0:
            raise Refused(NOT_SECURED)
        if not is_secured(command.encoded, self._holds.script_key, said):
            raise Refused(WRONG_MAC)
        tag = command.p1 << 8 | command.p2
        if command.ins == PUT_DATA:
            self._replace(tag, data)
        elif tag or data:
            raise Refused(WRONG_PARAMETERS if tag else WRONG_LENGTH)
        elif command.ins == BLOCK_CARD:
            self._card.is_blocked = True
        elif command.ins == UNBLOCK_PIN:
            self._card.pin.unblock()
        else:
            self.is_blocked = command.ins == BLOCK_APPLICATION

    def _replace(self, tag: int, data: bytes) -> None:
        if tag not in PUTTABLE:
            raise Refused(DATA_NOT_FOUND)
        if len(data) != PUTTABLE[tag]:
            raise Refused(WRONG_LENGTH)
        self._put[tag] = data

    def _signed(self, told: bytes, said: dict[int, bytes]) -> bytes:
        """Template 77 with 9F4B, b"" from a card without CDA (Book 2, 6.6.1)."""
        key = self._holds.chip_key
        if key is None or self._chip.authenticates_itself != "cda":
            return b""
        before = [(tag, said[tag]) for tag in (tags.CID, tags.ATC)]
        after = [(tags.IAD, said[tags.IAD])]
        covered = self._told + told + tlv.build([*before, *after])
        dynamic = cda_dynamic(self._dynamic_number(), said[tags.CID], said[tags.CRYPTOGRAM], covered)
        first = self._cryptograms.first
        assert first is not None
        signature = dynamic_signature(key, dynamic, first[tags.UNPREDICTABLE_NUMBER])
        return tlv.build([(tags.FORMAT_2, tlv.build([*before, (tags.SIGNED_DYNAMIC, signature), *after]))])

    def _deciphered(self, data: bytes) -> bytes:
        """The PIN block (Book 2, 7.2). The challenge serves once."""
        challenge, self._challenge = self._challenge, b""
        key = self._holds.pin_key
        if key is None or not challenge:
            raise Refused(NOT_NOW)
        if len(data) != key.size:
            raise Refused(WRONG_LENGTH)
        block = deciphered_pin(key, data, challenge)
        if block is None:
            raise Refused(REFERENCE_INVALID)
        return block

    def _dynamic_number(self) -> bytes:
        """9F4C: another one for each transaction and each step of it (Book 2, 6.5.2)."""
        step = self._cryptograms.count.to_bytes(2)
        return des_encrypt(self._holds.key, b"9F4C" + self._atc.to_bytes(2) + step)

    def _formatted(self, values: dict[int, bytes]) -> bytes:
        """Format 1 or 2 (Book 3, 6.5.5.4, 6.5.8.4 and 6.5.9.4)."""
        if self._chip.gpo_format == 1:
            return tlv.build([(tags.FORMAT_1, b"".join(values.values()))])
        return tlv.build([(tags.FORMAT_2, tlv.build(values.items()))])

    @staticmethod
    def _require(holds: bool) -> None:
        if not holds:
            raise Refused(NOT_NOW)


BLOCK_APPLICATION, UNBLOCK_APPLICATION, BLOCK_CARD, UNBLOCK_PIN, PUT_DATA = 0x1E, 0x18, 0x16, 0x24, 0xDA
COMMANDS: dict[tuple[int, int], Callable[[Application, Command], bytes]] = {  # by CLA and INS
    (0x80, 0xA8): Application.start,
    (0x00, 0xB2): Application.read,
    (0x80, 0xCA): Application.get_data,
    (0x00, 0x84): Application.get_challenge,
    (0x00, 0x88): Application.authenticate_itself,
    (0x00, 0x20): Application.verify,
    (0x80, 0xAE): Application.generate,
    (0x00, 0x82): Application.authenticate_issuer,
    **{
        (0x84, ins): Application.take_script
        for ins in (BLOCK_APPLICATION, UNBLOCK_APPLICATION, BLOCK_CARD, UNBLOCK_PIN, PUT_DATA)
    },
}
