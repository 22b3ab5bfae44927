"""Choosing an application: the directory and all its failures, the list, the cardholder, the next one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from terminal.emv import apdu, tags, tlv
from terminal.emv.errors import CardBlocked, CardFaulty, NotAccepted
from terminal.emv.opening import open_application
from terminal.emv.selection import PSE, Candidate
from terminal.emv.terminal_data import UNIONPAY_TEST
from terminal.emv.transport import Link

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


async def opened(card: Directory, choose: Callable[..., object] | None = None) -> str:
    found = await open_application(
        Link(card.transmit, 1),
        UNIONPAY_TEST,
        lambda application: {tags.AVN_TERMINAL: application.avn},
        choose,  # type: ignore[arg-type]
    )
    return found.selected.aid


def hexed(command: bytes) -> str:
    return command.hex().upper()


async def test_the_card_s_priority_decides_when_nobody_chooses() -> None:
    assert await opened(Directory(entry(DEBIT, 2), entry(CREDIT, 1))) == hexed(CREDIT)


async def test_no_priority_comes_last() -> None:
    assert await opened(Directory(entry(DEBIT, 0), entry(CREDIT, 15))) == hexed(CREDIT)


async def test_the_cardholder_chooses_and_is_shown_the_best_first() -> None:
    async def choose(candidates: tuple[Candidate, ...]) -> int:
        assert [candidate.name for candidate in candidates] == [CREDIT, DEBIT]
        return 1

    assert await opened(Directory(entry(DEBIT, 2), entry(CREDIT, 1)), choose) == hexed(DEBIT)


async def test_what_must_be_confirmed_is_not_taken_without_the_cardholder() -> None:
    assert await opened(Directory(entry(DEBIT, 0x81), entry(CREDIT, 2))) == hexed(CREDIT)
    with pytest.raises(NotAccepted):
        await opened(Directory(entry(DEBIT, 0x81)))


async def test_what_must_be_confirmed_is_asked_even_when_it_is_alone() -> None:
    asked = []

    async def choose(candidates: tuple[Candidate, ...]) -> int:
        asked.append(candidates)
        return 0

    assert await opened(Directory(entry(DEBIT, 0x81)), choose) == hexed(DEBIT)
    assert len(asked) == 1


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
    assert await opened(card) == hexed(DEBIT)
    assert hexed(apdu.select(CREDIT)) in card.heard


@pytest.mark.parametrize("record", ["6985", "70035F209000", "7705610361010190009000"])
async def test_a_broken_directory_falls_back_to_the_list(record: str) -> None:
    assert await opened(Directory(bytes.fromhex(record))) == hexed(DEBIT)


async def test_a_blocked_card_is_told_from_a_foreign_one() -> None:
    with pytest.raises(CardBlocked):
        await opened(Directory(pse="6A81"))
    with pytest.raises(CardBlocked):
        await opened(Directory(pse="6A82", **{hexed(apdu.select(DEBIT)): "6A81"}))
    blocked = {hexed(apdu.select(name)): "6283" for name in (DEBIT, CREDIT)}
    with pytest.raises(CardBlocked):
        await opened(Directory(entry(DEBIT, 1), entry(CREDIT, 2), **blocked))
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
    assert await opened(Directory(pse="6A82", **replies)) == hexed(DEBIT + b"\x02")


async def test_an_application_that_refuses_gives_way_to_the_next() -> None:
    class Refusing(Directory):
        starts = 0

        async def transmit(self, command: bytes) -> bytes:
            if command[1] == 0xA8:
                self.starts += 1
                if self.starts == 1:
                    return bytes.fromhex("6985")
            return await super().transmit(command)

    assert await opened(Refusing(entry(DEBIT, 1), entry(CREDIT, 2))) == hexed(CREDIT)
    with pytest.raises(NotAccepted, match="refuses"):
        await opened(Refusing(entry(DEBIT, 1)))


async def test_a_final_select_that_names_another_application_drops_the_candidate() -> None:
    replies = {hexed(apdu.select(DEBIT)): hexed(fci(CREDIT))}
    assert await opened(Directory(entry(DEBIT, 1), entry(CREDIT, 2), **replies)) == hexed(CREDIT)


async def test_a_start_that_fails_otherwise_is_a_faulty_card() -> None:
    for reply in ("6700", "9000", "80029000", "800500000801019000", "7706820200009401009000"):
        with pytest.raises(CardFaulty):
            await opened(Directory(entry(DEBIT, 1), **{hexed(apdu.get_processing_options(b"")): reply}))


async def test_both_formats_of_a_start_are_read() -> None:
    for reply in ("80061C00080101009000", "770A82021C009404080101009000"):
        card = Directory(entry(DEBIT, 1), **{hexed(apdu.get_processing_options(b"")): reply})
        assert await opened(card) == hexed(DEBIT)


async def test_the_preferred_name_is_shown_where_its_letters_are_known() -> None:
    seen = []

    async def choose(candidates: tuple[Candidate, ...]) -> int:
        seen.extend(candidate.label for candidate in candidates)
        return 0

    replies = {
        hexed(apdu.select(DEBIT)): hexed(
            fci(DEBIT, (0x50, b"PLAIN"), (0x9F12, "Débit".encode("latin-1")), (0x9F11, b"\x01"))
        ),
        hexed(apdu.select(CREDIT)): hexed(fci(CREDIT, (0x50, b"PLAIN"), (0x9F12, b"\xe0\xe1"), (0x9F11, b"\x05"))),
    }
    await opened(Directory(pse="6A82", **replies), choose)
    assert seen == ["Débit", "PLAIN"]
