"""Choosing an application: the directory and all its failures, the list, the cardholder, the next one."""

from __future__ import annotations

import msgspec
import pytest

from terminal.emv import apdu, tlv
from terminal.emv.errors import CardBlocked, CardFaulty, NotAccepted
from terminal.emv.opening import ChooseApplication, Opened, open_card, open_chosen
from terminal.emv.selection import PSE
from terminal.emv.terminal_data import UNIONPAY_TEST
from terminal.emv.transport import Link
from tests.unit.terminal.emv.chips import deal

DEBIT, CREDIT = (bytes.fromhex(f"A0000003330101{kind}") for kind in ("01", "02"))
LONG_DEBIT = DEBIT + b"\x01"
STRANGER = bytes.fromhex("A000000333010199")


def fci(name: bytes, *inside: tuple[int, bytes]) -> bytes:
    return tlv.build([(0x6F, tlv.build([(0x84, name), (0xA5, tlv.build(inside))]))]) + b"\x90\x00"


def entry(name: bytes, priority: int, label: bytes = b"UICC") -> bytes:
    inside = tlv.build([(0x4F, name), (0x50, label), (0x87, bytes((priority,)))])
    return tlv.build([(0x70, tlv.build([(0x61, inside)]))]) + b"\x90\x00"


class Directory:
    """A card with a payment directory. `pse` overrides the reply to its SELECT, `replies` any other."""

    def __init__(self, *entries: bytes, pse: str = "", **replies: str) -> None:
        self.heard: list[str] = []
        self.replies = {apdu.select(PSE): bytes.fromhex(pse) if pse else fci(PSE, (0x88, b"\x01"))}
        for number, record in enumerate(entries, 1):
            self.replies[apdu.read_record(1, number)] = record
        self.replies[apdu.read_record(1, len(entries) + 1)] = bytes.fromhex("6A83")
        for name in (DEBIT, CREDIT):
            self.replies[apdu.select(name)] = fci(name, (0x50, b"UICC"))
        self.replies.update({bytes.fromhex(command): bytes.fromhex(reply) for command, reply in replies.items()})

    async def transmit(self, command: bytes) -> bytes:
        self.heard.append(command.hex().upper())
        if command[1] == 0xA8 and command not in self.replies:
            return bytes.fromhex("80061C00080101009000")
        return self.replies.get(command, bytes.fromhex("6A82"))

    @property
    def link(self) -> Link:
        return Link(self.transmit, 1)


async def opened(card: Directory, *choices: int) -> str:
    """The application that was started, with the cardholder's choices; every one of them is asked for."""
    step, left = await open_card(card.link, deal(UNIONPAY_TEST)), list(choices)
    while isinstance(step, ChooseApplication):
        step = await open_chosen(card.link, step, left.pop(0))
    assert not left
    return step.selected.aid


async def offered(card: Directory) -> ChooseApplication:
    pause = await open_card(card.link, deal(UNIONPAY_TEST))
    assert isinstance(pause, ChooseApplication)
    return pause


def hexed(command: bytes) -> str:
    return command.hex().upper()


async def test_the_best_is_offered_first_and_no_priority_comes_last() -> None:
    for first, second, order in ((2, 1, [CREDIT, DEBIT]), (0, 15, [CREDIT, DEBIT]), (1, 1, [DEBIT, CREDIT])):
        pause = await offered(Directory(entry(DEBIT, first), entry(CREDIT, second)))
        assert [candidate.name for candidate in pause.candidates] == order


@pytest.mark.parametrize(("index", "name"), [(0, CREDIT), (1, DEBIT)])
async def test_the_cardholder_chooses(index: int, name: bytes) -> None:
    assert await opened(Directory(entry(DEBIT, 2), entry(CREDIT, 1)), index) == hexed(name)


async def test_a_single_application_is_not_asked_about() -> None:
    assert await opened(Directory(entry(DEBIT, 1))) == hexed(DEBIT)


async def test_what_must_be_confirmed_is_asked_even_when_it_is_alone() -> None:
    card = Directory(entry(DEBIT, 0x81))
    pause = await offered(card)
    assert (len(pause.candidates), pause.candidates[0].must_confirm) == (1, True)
    assert hexed(apdu.select(DEBIT)) not in card.heard
    assert isinstance(await open_chosen(card.link, pause, 0), Opened)


@pytest.mark.parametrize(
    "pse",
    [
        "6A82",  # no directory
        "6A83",
        "6283",  # the directory is blocked
        "6F00",
        "9000",  # no FCI
        "6F0284009000",  # no SFI
        "6F07A50588031122339000",  # a wrong SFI
    ],
)
async def test_without_a_directory_the_terminal_s_own_list_is_used(pse: str) -> None:
    card = Directory(pse=pse)
    assert await opened(card, 0) == hexed(DEBIT)
    assert hexed(apdu.select(CREDIT)) in card.heard


@pytest.mark.parametrize("record", ["6985", "70035F209000", "7705610361010190009000"])
async def test_a_broken_directory_falls_back_to_the_list(record: str) -> None:
    assert await opened(Directory(bytes.fromhex(record)), 1) == hexed(CREDIT)


async def test_a_blocked_card_is_told_from_a_foreign_one() -> None:
    with pytest.raises(CardBlocked):
        await opened(Directory(pse="6A81"))
    with pytest.raises(CardBlocked):
        await opened(Directory(pse="6A82", **{hexed(apdu.select(DEBIT)): "6A81"}))
    blocked = {hexed(apdu.select(name)): "6283" for name in (DEBIT, CREDIT)}
    with pytest.raises(CardBlocked):
        await opened(Directory(entry(DEBIT, 1), entry(CREDIT, 2), **blocked), 0)
    with pytest.raises(CardBlocked):
        await opened(Directory(pse="6A82", **blocked))
    foreign = {hexed(apdu.select(name)): "6A82" for name in (DEBIT, CREDIT)}
    with pytest.raises(NotAccepted):
        await opened(Directory(entry(STRANGER, 1), **foreign))


async def test_a_longer_name_on_the_card_matches_and_the_next_occurrence_is_asked_for() -> None:
    replies = {
        hexed(apdu.select(DEBIT)): hexed(fci(LONG_DEBIT, (0x50, b"ONE"))),
        hexed(apdu.select(DEBIT, is_next=True)): hexed(fci(DEBIT + b"\x02", (0x50, b"TWO"), (0x87, b"\x01"))),
        hexed(apdu.select(DEBIT + b"\x02")): hexed(fci(DEBIT + b"\x02", (0x50, b"TWO"))),
        hexed(apdu.select(CREDIT)): "6A82",
    }
    assert await opened(Directory(pse="6A82", **replies), 0) == hexed(DEBIT + b"\x02")


async def test_an_application_that_refuses_gives_way_to_the_next() -> None:
    class Refusing(Directory):
        starts = 0

        async def transmit(self, command: bytes) -> bytes:
            if command[1] == 0xA8:
                self.starts += 1
                if self.starts == 1:
                    return bytes.fromhex("6985")
            return await super().transmit(command)

    card = Refusing(entry(DEBIT, 1), entry(CREDIT, 2))
    assert await opened(card, 0) == hexed(CREDIT)
    assert card.heard.count(hexed(apdu.select(DEBIT))) == 1  # not again in this session (Book 4, 6.3.1)
    with pytest.raises(NotAccepted):
        await opened(Refusing(entry(DEBIT, 1)))


async def test_the_rest_is_asked_about_again_when_one_refuses() -> None:
    names = (DEBIT, CREDIT, DEBIT[:-1] + b"\x03")
    replies = {hexed(apdu.select(names[2])): hexed(fci(names[2])), hexed(apdu.select(CREDIT)): "6A82"}
    card = Directory(*(entry(name, turn) for turn, name in enumerate(names, 1)), **replies)
    again = await open_chosen(card.link, await offered(card), 1)
    assert isinstance(again, ChooseApplication)
    assert [candidate.name for candidate in again.candidates] == [names[0], names[2]]


async def test_one_blocked_among_those_that_refuse_is_a_blocked_card() -> None:
    replies = {hexed(apdu.select(DEBIT)): "6283", hexed(apdu.select(CREDIT)): "6A82"}
    with pytest.raises(CardBlocked):
        await opened(Directory(entry(DEBIT, 1), entry(CREDIT, 2), **replies), 0)


async def test_a_known_name_is_selected_at_once_and_the_directory_asked_only_when_it_refuses() -> None:
    card = Directory(entry(DEBIT, 1))
    assert isinstance(await open_card(card.link, deal(UNIONPAY_TEST), CREDIT), Opened)
    assert card.heard[0] == hexed(apdu.select(CREDIT))
    assert len(card.heard) == 2
    for reply in ("6A82", "6283", "6985"):
        card = Directory(entry(DEBIT, 1), **{hexed(apdu.select(CREDIT)): reply})
        found = await open_card(card.link, deal(UNIONPAY_TEST), CREDIT)
        assert isinstance(found, Opened)
        assert found.selected.candidate.name == DEBIT


async def test_a_wanted_name_that_nobody_here_knows_is_not_selected() -> None:
    card = Directory(entry(DEBIT, 1))
    assert isinstance(await open_card(card.link, deal(UNIONPAY_TEST), STRANGER), Opened)
    assert hexed(apdu.select(STRANGER)) not in card.heard


async def test_a_row_that_wants_the_whole_name_takes_no_longer_one() -> None:
    rows = tuple(msgspec.structs.replace(row, is_partial=False) for row in UNIONPAY_TEST.applications)
    whole = msgspec.structs.replace(UNIONPAY_TEST, applications=rows)
    card = Directory(entry(LONG_DEBIT, 1), entry(CREDIT, 2))
    found = await open_card(card.link, deal(whole))
    assert isinstance(found, Opened)
    assert found.selected.candidate.name == CREDIT


async def test_a_final_select_that_names_another_application_drops_the_candidate() -> None:
    replies = {hexed(apdu.select(DEBIT)): hexed(fci(CREDIT))}
    assert await opened(Directory(entry(DEBIT, 1), entry(CREDIT, 2), **replies), 0) == hexed(CREDIT)


async def test_a_start_that_fails_otherwise_is_a_faulty_card() -> None:
    for reply in ("6700", "9000", "80029000", "800500000801019000", "7706820200009401009000"):
        with pytest.raises(CardFaulty):
            await opened(Directory(entry(DEBIT, 1), **{hexed(apdu.get_processing_options(b"")): reply}))


async def test_both_formats_of_a_start_are_read() -> None:
    for reply in ("80061C00080101009000", "770A82021C009404080101009000"):
        card = Directory(entry(DEBIT, 1), **{hexed(apdu.get_processing_options(b"")): reply})
        assert await opened(card) == hexed(DEBIT)


async def test_the_preferred_name_is_shown_where_its_letters_are_known() -> None:
    replies = {
        hexed(apdu.select(DEBIT)): hexed(
            fci(DEBIT, (0x50, b"PLAIN"), (0x9F12, "Débit".encode("latin-1")), (0x9F11, b"\x01"))
        ),
        hexed(apdu.select(CREDIT)): hexed(fci(CREDIT, (0x50, b"PLAIN"), (0x9F12, b"\xe0\xe1"), (0x9F11, b"\x05"))),
    }
    pause = await offered(Directory(pse="6A82", **replies))
    assert [candidate.label for candidate in pause.candidates] == ["Débit", "PLAIN"]


@pytest.mark.parametrize(("table", "label"), [(b"\x01", "Débit"), (b"\x05", "PLAIN"), (b"", "PLAIN")])
async def test_the_directory_s_code_table_is_that_of_its_entries(table: bytes, label: str) -> None:
    """Book 1, 12.2.2: 9F11 stands in the FCI of the directory, 9F12 in its entries."""
    pse = fci(PSE, (0x88, b"\x01"), *([(0x9F11, table)] if table else []))
    inside = ((0x4F, DEBIT), (0x50, b"PLAIN"), (0x9F12, "Débit".encode("latin-1")), (0x87, b"\x81"))
    record = tlv.build([(0x70, tlv.build([(0x61, tlv.build(inside))]))]) + b"\x90\x00"
    pause = await offered(Directory(record, pse=pse.hex()))
    assert [candidate.label for candidate in pause.candidates] == [label]
