"""A terminal of a few lines that talks to a chip: no kernel of ours is in it; a card is judged by the Books alone."""

from __future__ import annotations

import json
from pathlib import Path

from simulator.cards.chip import Chip
from terminal.emv import dol, tags, tlv

CAPKS = Path(__file__).parents[4] / "simulator" / "acquirer" / "capk_test.json"
AUTHORITIES = {
    (key["rid"], key["index"]): (bytes.fromhex(key["modulus"]), bytes.fromhex(key["exponent"]))
    for key in json.loads(CAPKS.read_text("utf-8"))["keys"]
}
TERMINAL = {
    tags.AMOUNT: bytes.fromhex("000000006580"),
    tags.AMOUNT_OTHER: bytes(6),
    tags.COUNTRY: bytes.fromhex("0156"),
    tags.TVR: bytes.fromhex("8000008000"),
    tags.CURRENCY: bytes.fromhex("0156"),
    tags.DATE: bytes.fromhex("261124"),
    tags.TYPE: b"\0",
    tags.UNPREDICTABLE_NUMBER: bytes.fromhex("7863AFC6"),
    tags.RESPONSE_CODE: b"00",
    tags.CAPABILITIES: bytes.fromhex("E0F8C8"),
}
F55 = (
    *(tags.CRYPTOGRAM, tags.CID, tags.IAD, tags.UNPREDICTABLE_NUMBER, tags.ATC, tags.TVR, tags.DATE, tags.TYPE),
    *(tags.AMOUNT, tags.CURRENCY, tags.AIP, tags.COUNTRY, tags.AMOUNT_OTHER),
)
Said = dict[int, bytes]
PARTS = (tags.CID, tags.ATC, tags.CRYPTOGRAM, tags.IAD)


class Talk:
    """One card in one reader. `sw` is the last status word, in hex."""

    def __init__(self, chip: Chip) -> None:
        chip.reset()
        self.chip, self.sw = chip, ""
        self.values: dict[int, bytes] = {}
        self.static = self.told = b""

    def say(self, command: str | bytes, expects: bool = True) -> bytes:
        """The body of the answer, over T=1 or T=0. `command` has no Le."""
        raw = command if isinstance(command, bytes) else bytes.fromhex(command)
        if self.chip.protocol == 1:
            answer = self.chip.respond(raw + b"\0" * expects)
        else:
            answer = self._t0(raw if len(raw) > 4 else raw + b"\0")
        self.sw = answer[-2:].hex().upper()
        return answer[:-2]

    def send(self, header: str, body: bytes, expects: bool = True) -> bytes:
        return self.say(bytes.fromhex(header) + bytes((len(body),)) + body, expects)

    def select(self, name: str | bytes = "A000000333", is_next: bool = False) -> dict[int, bytes]:
        """The FCI's objects by tag."""
        body = self.send(
            "00A40402" if is_next else "00A40400", name if isinstance(name, bytes) else bytes.fromhex(name)
        )
        return dict(tlv.leaves(body)) if body else {}

    def start(self, name: str = "A000000333") -> Talk:
        """SELECT, GPO and every record."""
        fci = self.select(name)
        self.told = dol.fill(fci.get(tags.PDOL, b""), TERMINAL)
        body = self.send("80A80000", bytes((0x83, len(self.told))) + self.told)
        assert self.sw == "9000"
        if body[0] == tags.FORMAT_1:
            value = tlv.sole(body, tags.FORMAT_1)
            aip, afl = value[:2], value[2:]
        else:
            inside = dict(tlv.parse(tlv.sole(body, tags.FORMAT_2)))
            aip, afl = inside[tags.AIP], inside[tags.AFL]
        self.values, self.static = {tags.AIP: aip}, b""
        for sfi, first, last, signed in zip(*(afl[at::4] for at in range(4)), strict=True):
            for number in range(first, last + 1):
                record = tlv.sole(self.say(bytes((0x00, 0xB2, number, sfi | 4))), tags.RECORD)
                self.values |= dict(tlv.parse(record))
                self.static += record if number < first + signed else b""
        self.static += aip if tags.STATIC_TAGS in self.values else b""
        return self

    def generate(
        self, kind: int = 0x80, more: dict[int, bytes] | None = None, is_second: bool = False
    ) -> dict[int, bytes]:
        """What the card says, and what it was told."""
        told = TERMINAL | (more or {})
        body = dol.fill(self.values[tags.CDOL2 if is_second else tags.CDOL1], told)
        answer = self.send(f"80AE{kind:02X}00", body)
        assert self.sw == "9000"
        self.told += body
        if answer[0] == tags.FORMAT_1:
            value = tlv.sole(answer, tags.FORMAT_1)
            said = dict(zip(PARTS, (value[:1], value[1:3], value[3:11], value[11:]), strict=True))
        else:
            said = dict(tlv.parse(tlv.sole(answer, tags.FORMAT_2)))
        return told | said | {tags.AIP: self.values[tags.AIP]}

    def authority(self, aid: str) -> tuple[bytes, bytes]:
        """The bank's CAPK that the card names."""
        return AUTHORITIES[aid[:10], self.values[tags.CAPK_INDEX].hex().upper()]

    def _t0(self, tpdu: bytes) -> bytes:
        body = b""
        while True:
            answer = self.chip.respond(tpdu)
            body, (sw1, sw2) = body + answer[:-2], answer[-2:]
            if sw1 == 0x61:
                tpdu = bytes((0x00, 0xC0, 0, 0, sw2))
            elif sw1 == 0x6C:
                tpdu = tpdu[:4] + bytes((sw2,))
            else:
                return body + answer[-2:]


def f55(said: dict[int, bytes]) -> bytes:
    """What a terminal sends of it to the bank."""
    return tlv.build((tag, said[tag]) for tag in F55)
