"""A card explained: the real card of the trace, the gallery, and what must never be said of any of them."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.acquirer.downloads import capks
from simulator.cards.chip import Chip
from simulator.cards.tray import card
from terminal.emv import tags
from terminal.emv.inspection.inspect import inspect
from terminal.emv.inspection.inspected import ApplicationSeen, Inspection, Level, needles, objects_seen
from terminal.emv.oda.capk import KeyRing, ring
from terminal.emv.opening import Deal
from terminal.emv.terminal_data import UNIONPAY_TEST, Application
from terminal.emv.transport import Link
from terminal.money import Money
from tests.virtual_time import run

UN = bytes.fromhex("7863AFC6")  # what the real card signed, emv.md 4
KEYS = ring(key.whole() for key in capks())
GET_PROCESSING_OPTIONS = 0xA8
GENERATE_AC, VERIFY, EXTERNAL_AUTHENTICATE, INTERNAL_AUTHENTICATE = 0xAE, 0x20, 0x82, 0x88
Spoil = Callable[[bytes, bytes], bytes]  # command, answer -> answer


class Wire:
    """A chip, what was sent to it, and a hand that changes its answers."""

    def __init__(self, chip: Chip, spoil: Spoil = lambda _, answer: answer) -> None:
        self.chip, self._spoil = chip, spoil
        self.sent: list[bytes] = []

    async def transmit(self, command: bytes) -> bytes:
        self.sent.append(command)
        return self._spoil(command, self.chip.respond(command))


async def inspected(
    id: str, *, keys: KeyRing = KEYS, dda: bool = False, aid: str = "", spoil: Spoil = lambda _, answer: answer
) -> tuple[Inspection, Wire]:
    wire = Wire(card(id).virtual(), spoil)
    terminal = msgspec.structs.replace(UNIONPAY_TEST, keys=keys)
    deal = Deal(terminal, Money(0), "261124", "103000", UN, "000000")
    return await inspect(Link(wire.transmit, wire.chip.protocol), deal, bytes.fromhex(aid), dda), wire


def replacing(old: str, new: str) -> Spoil:
    return lambda _, answer: answer.replace(bytes.fromhex(old), bytes.fromhex(new))


def verdicts(seen: ApplicationSeen) -> list[bool | None]:
    return [certificate.is_right for certificate in seen.certificates]


def news(found: Inspection) -> list[tuple[Level, str]]:
    return [(note.level, note.says) for note in found.notes]


async def test_the_real_card_is_explained() -> None:
    found, wire = await inspected("unionpay-trace", dda=True)
    assert [seen.aid[-2:] for seen in found.applications] == ["02", "01", "03"]
    seen = found.applications[0]
    assert (seen.label, seen.priority, seen.profile, seen.state) == ("UICC CREDIT", 1, "READ_ONLY", "read")
    assert seen.aip is not None
    assert seen.aip.value == "7C00"
    assert [(line.sfi, line.first, line.last, line.authenticated) for line in seen.afl] == [
        (1, 1, 3, 0),
        (2, 1, 5, 1),
        (4, 1, 1, 0),
    ]
    assert (seen.value(tags.PAN), seen.value(tags.PSN)) == ("621094******0011", "01")
    assert (seen.value(tags.EFFECTIVE), seen.value(tags.EXPIRY)) == ("2011-09-01", "2030-10-31")
    assert seen.cvm is not None
    assert [rule.method for rule in seen.cvm.rules] == ["signature", "online PIN", "no CVM needed"]
    assert [(each.tag, each.value) for each in seen.asked] == [
        ("9F36", "0006"),
        ("9F13", "0001"),
        ("9F17", "refused (6A88)"),
        ("9F4F", "refused (6A88)"),
    ]
    assert INTERNAL_AUTHENTICATE in {command[1] for command in wire.sent}


async def test_the_real_card_s_chain_verifies_and_its_signature_is_the_published_one() -> None:
    found, _ = await inspected("unionpay-trace", dda=True)
    seen = found.applications[0]
    assert verdicts(seen) == [True, True, True, None, True, True]  # it has no PIN certificate
    assert "000659A2F145F4" in seen.certificates[-1].says  # 9F4C of emv.md 4 without its length
    assert seen.tvr is not None
    assert seen.tsi is not None
    assert (seen.chosen_method, seen.tvr.value, seen.tsi.value) == ("dda", "0080000000", "8000")


async def test_without_keys_nothing_is_judged_and_the_missing_one_is_named() -> None:
    found, wire = await inspected("unionpay-trace", keys=KeyRing(), dda=True)
    seen = found.applications[0]
    assert True not in verdicts(seen)
    assert False not in verdicts(seen)
    assert (Level.NOTE, "certificates cannot be verified: no CAPK A000000333/09 here") in news(found)
    assert not seen.is_authentication_judged
    assert seen.tvr is not None
    assert seen.tvr.names == ("different versions",)
    assert INTERNAL_AUTHENTICATE not in {command[1] for command in wire.sent}  # a key that is not trusted is not asked


GALLERY = [
    ("expired", Level.WRONG, "EXPIRED: good to 2020-12-31"),
    ("blocked", Level.STOP, "the card is BLOCKED, or no payment card (6A81 to SELECT)"),
    ("blocked-application", Level.STOP, "BLOCKED by its issuer (6283 to SELECT)"),
    ("refuses-start", Level.STOP, "refuses a transaction (6985 to GET PROCESSING OPTIONS)"),
    ("missing-tag", Level.STOP, "no sale: the card lacks mandatory data (8C)"),
    ("not-accepted", Level.WRONG, "this terminal does not accept it: not in its list of AIDs"),
    ("wrong-certificate", Level.WRONG, "issuer certificate: does not verify (trailer)"),
    ("wrong-signature", Level.WRONG, "static data signature: does not verify (trailer)"),
]


@pytest.mark.parametrize(("id", "level", "says"), GALLERY)
async def test_the_worst_of_a_bad_card_is_said_first(id: str, level: Level, says: str) -> None:
    found, _ = await inspected(id)
    assert news(found)[0] == (level, says)


@pytest.mark.parametrize("id", ["duplicate-tag", "malformed-record", "afl-too-long"])
async def test_a_record_that_is_wrong_does_not_hide_the_rest(id: str) -> None:
    found, _ = await inspected(id)
    (seen,) = found.applications
    level, says = news(found)[0]
    assert level is Level.STOP
    assert says.startswith("card error, SFI 2 record ")
    assert [bool(record.trouble) for record in seen.records].count(True) == 1
    assert [level for level, _ in news(found)].count(Level.STOP) == 1  # what follows from it is not said again
    assert any(record.objects for record in seen.records)
    assert seen.asked


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("8408A000000333010102A52F", "8408A000000333010199A52F", "answers under another name than it is listed by"),
        ("9F14017F9F2301FF", "9F14017F5F340102", "card error: the card gives 5F34 twice"),
        (
            "5A086210948000000011",
            "5A086210948000000029",
            "card error: track 2 and the account number of the chip differ",
        ),
        (
            "8E0E00000000000000005E0342031F00",
            "8E070000000000000000000000000000",  # and padding
            "card error: the list of verification methods has a wrong length",
        ),
    ],
)
async def test_what_the_kernel_would_stop_at_is_said(old: str, new: str, says: str) -> None:
    found, _ = await inspected("unionpay-trace", aid="A000000333010102", spoil=replacing(old, new))
    level, said = news(found)[0]
    assert (level, said) == (Level.STOP, says)


@pytest.mark.parametrize("dda", [False, True])
@pytest.mark.parametrize(
    ("id", "tvr"),
    [
        ("wrong-certificate", "0800000000"),
        ("wrong-signature", "4200000000"),
        ("unionpay-debit", "0000000000"),
        ("expired", "8040000000"),
    ],
)
async def test_the_tvr_is_what_a_sale_would_have(id: str, tvr: str, dda: bool) -> None:
    found, _ = await inspected(id, dda=dda)
    seen = found.applications[0]
    assert seen.tvr is not None
    assert seen.tvr.value == tvr


async def test_a_blocked_card_is_left_alone() -> None:
    _, wire = await inspected("blocked")
    assert len(wire.sent) == 1


async def test_a_card_that_gives_one_name_again_and_again_is_listed_once() -> None:
    chip = card("unionpay-debit-other").virtual()

    async def transmit(command: bytes) -> bytes:
        sent.append(command)
        return chip.respond(command[:3] + b"\0" + command[4:] if command[1] == 0xA4 else command)  # next is first

    sent: list[bytes] = []
    rid = Application(bytes.fromhex("A000000333"))
    deal = Deal(msgspec.structs.replace(UNIONPAY_TEST, applications=(rid,)), Money(0), "261124", "103000", UN, "0")
    found = await inspect(Link(transmit, chip.protocol), deal)
    assert [seen.aid for seen in found.applications] == ["A000000333010101"]


@pytest.mark.parametrize("id", ["unionpay-debit", "unionpay-credit", "unionpay-debit-other", "two-accounts"])
async def test_a_good_card_is_no_news(id: str) -> None:
    found, _ = await inspected(id, dda=True)
    assert found.notes == ()
    assert all(seen.state == "read" and False not in verdicts(seen) for seen in found.applications)


IDS = ("unionpay-trace", "unionpay-credit", "international-debit", "two-accounts", "wrong-certificate", "answers-aac")


@pytest.mark.parametrize("id", IDS)
async def test_nothing_is_sent_that_changes_the_card(id: str) -> None:
    _, wire = await inspected(id)
    sent = {command[1] for command in wire.sent}
    assert not sent & {GENERATE_AC, VERIFY, EXTERNAL_AUTHENTICATE, INTERNAL_AUTHENTICATE}


@pytest.mark.parametrize("id", IDS)
async def test_what_is_secret_is_nowhere_in_it(id: str) -> None:
    found, _ = await inspected(id, dda=True)
    said = msgspec.json.encode(found).decode() + repr(found)
    described = card(id)
    for secret in (described.pan, described.track2.partition("=")[2][4:], described.holder_en):
        assert secret not in said
        assert secret.encode().hex().upper() not in said
    assert "110101198602300001" not in said  # 9F61 of the real card


async def test_an_account_number_where_none_belongs_is_not_shown() -> None:
    """An application currency code (9F42) that holds the account number."""
    pan, record = "6210948000000011", "701B9F080200205F300202019F49039F37049F420201565F2503110901"
    spoil = replacing(record, record.replace("701B", "7021").replace("9F42020156", "9F4208" + pan))
    found, _ = await inspected("unionpay-trace", spoil=spoil)
    assert found.applications[0].value(tags.APPLICATION_CURRENCY) == "(8 bytes, not shown)"
    assert pan not in msgspec.json.encode(found).decode()


@pytest.mark.parametrize(
    "value",
    [b"MR ZHANG/SAN", b"6210948000000011", bytes.fromhex("06210948000000011F"), b"id 110101198602300001"],
)
def test_a_value_that_holds_name_document_or_account_is_counted(value: bytes) -> None:
    hidden = needles(
        {
            tags.CARDHOLDER_NAME: b"ZHANG/SAN ",
            tags.IDENTITY_NUMBER: b"110101198602300001",
            tags.TRACK2: bytes.fromhex("6210948000000011D3010201"),
        }
    )
    (seen,) = objects_seen([(tags.LABEL, value)], hidden)
    assert (seen.value, seen.meaning) == (f"({len(value)} bytes, not shown)", ())
    assert objects_seen([(tags.LABEL, b"UICC CREDIT")], hidden)[0].value == '"UICC CREDIT"'


async def test_offline_pin_tries_are_told() -> None:
    def tries(left: str) -> Spoil:
        return lambda command, answer: (
            bytes.fromhex(f"9F1701{left}9000") if command[1:4] == bytes.fromhex("CA9F17") else answer
        )

    blocked, _ = await inspected("unionpay-credit-offline-pin", spoil=t0_last(tries("00")))
    assert (Level.WRONG, "its offline PIN is BLOCKED: no tries left") in news(blocked)
    last, _ = await inspected("unionpay-credit-offline-pin", spoil=t0_last(tries("01")))
    assert (Level.NOTE, "one try of its offline PIN is left") in news(last)


def t0_last(spoil: Spoil) -> Spoil:
    """Leave a T=0 procedure byte (6Cxx) as it is."""
    return lambda command, answer: answer if answer[-2:-1] == b"\x6c" else spoil(command, answer)


async def test_one_application_may_be_asked_for() -> None:
    found, wire = await inspected("two-accounts", aid="A000000333010102")
    assert {seen.aid for seen in found.applications} == {"A000000333010102"}
    assert [command[1] for command in wire.sent].count(GET_PROCESSING_OPTIONS) == 1


async def test_an_application_that_is_not_there_is_said_so() -> None:
    found, _ = await inspected("unionpay-debit", aid="A0000000031010")
    (seen,) = found.applications
    assert (seen.state, seen.profile) == ("not selectable", "")
    assert news(found)[0] == (Level.STOP, "cannot be selected (6A82)")


@pytest.mark.parametrize(
    ("old", "new", "directory"),
    [
        ("6F15840E", "6F16840E", "wrong: not the template that was due, or bytes around it"),
        ("880101", "88010B", "wrong: it does not say where its records are"),
        ("4F08A000000333010103", "4F04A000000333010103", "wrong: "),
    ],
)
async def test_a_wrong_directory_is_said_and_the_list_goes_on(old: str, new: str, directory: str) -> None:
    found, _ = await inspected("unionpay-trace", spoil=replacing(old, new))
    assert found.directory.startswith(directory)
    assert "A000000333010102" in [seen.aid for seen in found.applications]
    assert any(note.level is Level.WRONG and note.of == "" for note in found.notes)


async def test_a_card_with_nothing_on_it() -> None:
    found, _ = await inspected("unionpay-debit", spoil=lambda *_: bytes.fromhex("6A82"))
    assert news(found) == [(Level.STOP, "no application of this card is known here")]


@pytest.mark.parametrize("byte", [b"", b"\x90\x00", bytes.fromhex("6F009000"), bytes.fromhex("FFFFFFFF9000")])
async def test_an_answer_that_is_none_of_the_books_ends_in_words(byte: bytes) -> None:
    """From the n-th command on the card answers rubbish; only a lost status word ends the inspection."""
    for start in range(2, 14):
        count = 0

        def rubbish(_: bytes, answer: bytes, start: int = start) -> bytes:
            nonlocal count
            count += 1
            return answer if count < start else byte + (b"" if byte else b"\x6f\x00")

        found, _ = await inspected("unionpay-debit", spoil=rubbish)
        assert any(note.level is Level.STOP for note in found.notes) or found.applications[0].state == "read"


@settings(deadline=None, max_examples=150)
@given(
    id=st.sampled_from(["unionpay-trace", "two-accounts", "unionpay-debit-other", "unionpay-credit-enciphered-pin"]),
    at=st.integers(0, 30),
    place=st.integers(0, 250),
    byte=st.integers(0, 255),
)
def test_one_wrong_byte_anywhere_ends_in_a_report(id: str, at: int, place: int, byte: int) -> None:
    count = 0

    def spoiled(_: bytes, answer: bytes) -> bytes:
        nonlocal count
        count += 1
        where = place % len(answer)
        return answer[:where] + bytes((byte,)) + answer[where + 1 :] if count == at + 1 else answer

    found, _ = run(inspected(id, dda=True, spoil=spoiled))
    assert all(seen.state == "read" or seen.notes for seen in found.applications)
    assert card(id).pan not in msgspec.json.encode(found).decode()
