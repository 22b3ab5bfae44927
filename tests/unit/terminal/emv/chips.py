"""What the kernel's tests talk to: a wire to a card of the tray, and a chip whose every answer is scripted.

TEST CARDS AND TEST KEYS ONLY: 6210948000000029 and the tray's are no real account's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from simulator.acquirer.downloads import applications, capks
from simulator.cards.chip import Chip
from simulator.cards.tray import card
from terminal.emv import sale, tags, tlv
from terminal.emv.opening import PURCHASE, Deal
from terminal.emv.parameters import kernel
from terminal.emv.sale import Step
from terminal.emv.terminal_data import UNIONPAY_TEST, Application, TerminalData
from terminal.emv.transport import Link
from terminal.money import Money

UN = bytes.fromhex("7863AFC6")
AID = bytes.fromhex("A000000333010101")
PAN = "6210948000000029"
DOWNLOADED = kernel(applications().values(), [key.whole() for key in capks()], (), {})  # all that the test bank tells
OFFLINE_TERMINAL = msgspec.structs.replace(
    DOWNLOADED,
    terminal_type=b"\x22",
    applications=tuple(
        msgspec.structs.replace(
            row, floor_limit=100_000, tac_online=bytes(5), tac_default=bytes(5), target_percent=0, max_target_percent=0
        )
        for row in DOWNLOADED.applications
    ),
)
SELECT, GPO, READ, GET_DATA, GENERATE = "A4", "A8", "B2", "CA", "AE"
OK = bytes.fromhex("9000")
CDOL1 = "9F0206 9F0306 9F1A02 9505 5F2A02 9A03 9C01 9F3704 9F3403"
CDOL2 = "8A02 910A 9505 9B02 9F3704"
RECORD = {  # of a card that asks for a signature, else nothing
    tags.PAN: PAN,
    tags.EXPIRY: "351231",
    tags.PSN: "01",
    tags.TRACK2: "6210948000000029D35122200000000000",
    tags.CDOL1: CDOL1,
    tags.CDOL2: CDOL2,
    tags.CVM_LIST: "0000000000000000 1E03 1F00",
    tags.APPLICATION_CURRENCY: "0156",
    tags.IAC_DENIAL: "0000000000",
    tags.IAC_ONLINE: "0000000000",
    tags.IAC_DEFAULT: "0000000000",
}
OFFLINE_ROW = Application(AID, tac_online=bytes(5), tac_default=bytes(5), floor_limit=100_000)
ONLINE_ONLY, OFFLINE_TOO = "21", "22"  # 9F35
AC1, AC2, IAD = "1122334455667788", "99AABBCCDDEEFF00", "06010A03A00000"
AAC, TC, ARQC = "00", "40", "80"


def format_1(cid: str, cryptogram: str = AC1, iad: str = IAD, atc: str = "0001") -> str:
    """A GENERATE AC response."""
    return tlv.build([(0x80, bytes.fromhex(cid + atc + cryptogram + iad))]).hex() + "9000"


def format_2(cid: str, cryptogram: str = AC1, iad: str = IAD, atc: str = "0001") -> str:
    """The same, in objects."""
    pairs = ((tags.CID, cid), (tags.ATC, atc), (tags.CRYPTOGRAM, cryptogram), (tags.IAD, iad))
    inside = tlv.build((tag, bytes.fromhex(value)) for tag, value in pairs if value)
    return tlv.build([(0x77, inside)]).hex() + "9000"


class Scripted:
    """One application, by its AID. `says` are the answers to GENERATE AC in their order; `data` those to GET DATA;
    `others` those to whole commands or to an instruction's byte (hex), each a list that the last stays of.
    """

    def __init__(
        self,
        record: Mapping[int, str | None] = {},
        says: tuple[str, ...] = (format_1(ARQC), format_1(TC, AC2)),
        aip: str = "1800",
        pdol: str = "",
        data: Mapping[int, str] = {},
        others: Mapping[str, list[str]] = {},
    ) -> None:
        merged = {**RECORD, **record}
        inside = tlv.build((tag, bytes.fromhex(value)) for tag, value in merged.items() if value is not None)
        self.replies = {
            SELECT: self._fci(pdol),
            GPO: [f"8006{aip}10010100 9000"],
            READ: [(tlv.build([(0x70, inside)]) + OK).hex()],
            GENERATE: list(says),
            **{key: list(answers) for key, answers in others.items()},
        }
        self._data = data
        self.commands: list[bytes] = []

    @staticmethod
    def _fci(pdol: str) -> list[str]:
        proprietary = tlv.build([(0x50, b"TEST"), *([(0x9F38, bytes.fromhex(pdol))] if pdol else [])])
        return [(tlv.build([(0x6F, tlv.build([(0x84, AID), (0xA5, proprietary)]))]) + OK).hex()]

    async def transmit(self, command: bytes) -> bytes:
        self.commands.append(command)
        ins = f"{command[1]:02X}"
        if ins == GET_DATA:
            tag = int.from_bytes(command[2:4])
            said = self._data.get(tag)
            return bytes.fromhex("6A88") if said is None else tlv.build([(tag, bytes.fromhex(said))]) + OK
        if ins == SELECT and AID not in command:
            return bytes.fromhex("6A82")
        answers = self.replies.get(command.hex().upper()) or self.replies.get(ins) or ["6D00"]
        return bytes.fromhex(answers.pop(0) if len(answers) > 1 else answers[0])

    @property
    def link(self) -> Link:
        return Link(self.transmit, 1)

    def heard(self, ins: str) -> list[bytes]:
        """The commands of one instruction."""
        return [command for command in self.commands if f"{command[1]:02X}" == ins]

    @property
    def instructions(self) -> str:
        """All that were heard after GET PROCESSING OPTIONS and the records."""
        return " ".join(f"{command[1]:02X}" for command in self.commands if f"{command[1]:02X}" not in "A4 A8 B2")


class Wire:
    """A tray's card; `alter` may change an answer (command, answer -> answer)."""

    def __init__(self, chip: Chip | str, alter: Callable[[bytes, bytes], bytes] = lambda _, answer: answer) -> None:
        self.chip = card(chip).virtual() if isinstance(chip, str) else chip
        self._alter = alter
        self.commands: list[bytes] = []

    async def transmit(self, command: bytes) -> bytes:
        self.commands.append(command)
        return self._alter(command, self.chip.respond(command))

    @property
    def link(self) -> Link:
        return Link(self.transmit, self.chip.protocol)

    def heard(self, ins: str) -> list[bytes]:
        return [command for command in self.commands if f"{command[1]:02X}" == ins]


def terminal(row: Application = OFFLINE_ROW, terminal_type: str = ONLINE_ONLY, **changed: Any) -> TerminalData:
    """Of one application."""
    return msgspec.structs.replace(
        UNIONPAY_TEST, applications=(row,), terminal_type=bytes.fromhex(terminal_type), **changed
    )


def deal(data: TerminalData = DOWNLOADED, amount: int = 6580, date: str = "261124", **changed: Any) -> Deal:
    """A purchase of 65.80."""
    changed.setdefault("type", PURCHASE)
    return Deal(data, Money(amount), date, "003510", UN, "000403", **changed)


async def started(chip: Scripted, row: Application = OFFLINE_ROW, **changed: Any) -> Step:
    """A sale at a terminal that may also go offline, with the scripted application selected at once."""
    terminal_type = changed.pop("terminal_type", OFFLINE_TOO)
    parts = {name: changed.pop(name) for name in ("capabilities", "exceptions", "keys") if name in changed}
    return await sale.start(chip.link, deal(terminal(row, terminal_type, **parts), **changed))


async def begun(wire: Wire, data: TerminalData = DOWNLOADED) -> Step:
    """A sale with a card of the tray."""
    return await sale.start(wire.link, deal(data))


def objects(icc_data: bytes) -> dict[str, str]:
    """F55 by tag, in hex."""
    return {tags.hex_name(tag): value.hex().upper() for tag, value in tlv.parse(icc_data)}
