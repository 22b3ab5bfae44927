"""A real card, replayed from its trace (unionpay_trace.txt). Law: what the trace holds is answered byte for byte.

What depends on the terminal's own data cannot be in a trace: GENERATE AC is answered by what is asked for (the
first and the second of the trace; their CID with AAC when an AAC is asked), INTERNAL and EXTERNAL AUTHENTICATE
as in the trace whatever their data.
"""

from __future__ import annotations

from pathlib import Path

from simulator.cards.settings import ChipSettings

TRACE = Path(__file__).parent / "unionpay_trace.txt"
SELECT, READ_RECORD, GET_DATA, GENERATE_AC = 0xA4, 0xB2, 0xCA, 0xAE
LENIENT = (0x88, 0x82)  # INTERNAL AUTHENTICATE, EXTERNAL AUTHENTICATE
UNKNOWN = {SELECT: "6A82", READ_RECORD: "6A83", GET_DATA: "6A88"}
HEADER, WRONG_LENGTH = 5, bytes.fromhex("6700")  # CLA INS P1 P2 and Lc or Le
KIND, AAC = 0xC0, 0x00
CID_AT = 2  # format 1: 80, length, CID


class ReplayCard:
    """Answers as in T=1; t0.T0 wraps it for T=0."""

    def __init__(self, settings: ChipSettings) -> None:
        self._settings = settings
        self._exact: dict[tuple[bytes, bytes], bytes] = {}
        self._by_instruction: dict[int, bytes] = {}
        self._cryptograms: dict[int, bytes] = {}
        self._load(TRACE.read_text("ascii").split())
        self.reset()

    @property
    def atr(self) -> bytes:
        return self._settings.answer_to_reset

    @property
    def protocol(self) -> int:
        return self._settings.protocol

    def reset(self) -> None:
        self._selected = b""

    def respond(self, command: bytes) -> bytes:
        """Any command gets an answer."""
        if len(command) < HEADER:
            return WRONG_LENGTH
        ins = command[1]
        if ins == GENERATE_AC:
            return self._generate(command[2] & KIND)
        answer = self._exact.get((b"" if ins == SELECT else self._selected, command))
        if answer is None:
            return self._by_instruction.get(ins) or bytes.fromhex(UNKNOWN.get(ins, "6D00"))
        if ins == SELECT:
            self._selected = _name(command)
        return answer

    def _generate(self, kind: int) -> bytes:
        if kind in self._cryptograms:
            return self._cryptograms[kind]
        model = next(iter(self._cryptograms.values()))
        return model[:CID_AT] + bytes((AAC,)) + model[CID_AT + 1 :]

    def _load(self, lines: list[str]) -> None:
        """Commands and responses by turns."""
        selected = b""
        for command, answer in zip(map(bytes.fromhex, lines[::2]), map(bytes.fromhex, lines[1::2]), strict=True):
            ins = command[1]
            if ins == SELECT:
                selected = _name(command)
            if ins == GENERATE_AC:
                self._cryptograms[command[2] & KIND] = answer
            elif ins in LENIENT:
                self._by_instruction[ins] = answer
            else:
                self._exact.setdefault((b"" if ins == SELECT else selected, command), answer)


def _name(command: bytes) -> bytes:
    return command[5 : 5 + command[4]]
