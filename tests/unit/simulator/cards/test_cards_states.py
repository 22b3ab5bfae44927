"""The card as a table: after these commands, this one gets this status word; and any bytes get an answer."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.cards.chip import Chip, WasPulled, WentMute
from simulator.cards.tray import card, load_tray
from tests.unit.simulator.cards.talk import Talk

ONES = "01" * 55, "01" * 36  # as long as CDOL1 and CDOL2
SAY = {
    "select": "00A4040005A00000033300",
    "directory": "00A404000E315041592E5359532E444446303100",
    "start": "80A8000002830000",
    "read": "00B2011400",
    "read directory": "00B2010C00",
    "challenge": "0084000000",
    "dda": "00880000047863AFC600",
    "pin": "0020008008" + "26246801FFFFFFFF",
    "wrong pin": "0020008008" + "26111111FFFFFFFF",
    "enciphered pin": "0020008880" + "11" * 128,
    "counter": "80CA9F3600",
    "arqc": f"80AE800037{ONES[0]}00",
    "aac": f"80AE000037{ONES[0]}00",
    "tc again": f"80AE400024{ONES[1]}00",
    "issuer": "008200000A" + "11" * 10,
    "block": "841E000004" + "11" * 4,
    "short script": "841E000003" + "11" * 3,
}
STARTED = ["select", "start"]
ASKED = [*STARTED, "arqc"]
ENDED = [*ASKED, "tc again"]
TABLE = [
    ([], "read", "6985"),
    ([], "start", "6985"),
    ([], "counter", "6985"),
    ([], "challenge", "6985"),
    ([], "arqc", "6985"),
    ([], "pin", "6985"),
    ([], "block", "6985"),
    ([], "select", "9000"),
    ([], "directory", "9000"),
    (["directory"], "read directory", "9000"),
    (["directory"], "start", "6985"),
    (["directory", "select"], "read directory", "6985"),
    (["select"], "read", "6985"),
    (["select"], "dda", "6985"),
    (["select"], "pin", "6985"),
    (["select"], "arqc", "6985"),
    (["select"], "issuer", "6985"),
    (["select"], "challenge", "9000"),
    (["select"], "counter", "9000"),
    (["select"], "start", "9000"),
    (STARTED, "start", "6985"),
    (STARTED, "read", "9000"),
    (STARTED, "read directory", "6A83"),
    (STARTED, "dda", "9000"),
    ([*STARTED, "dda"], "dda", "9000"),
    (STARTED, "pin", "9000"),
    (STARTED, "enciphered pin", "6985"),
    ([*STARTED, "challenge"], "enciphered pin", "6984"),
    ([*STARTED, "challenge", "enciphered pin"], "enciphered pin", "6985"),
    (STARTED, "issuer", "6985"),
    (STARTED, "block", "6985"),
    (STARTED, "arqc", "9000"),
    (ASKED, "dda", "6985"),
    (ASKED, "pin", "6985"),
    (ASKED, "start", "6985"),
    (ASKED, "read", "9000"),
    (ASKED, "arqc", "6700"),
    (ASKED, "issuer", "6300"),
    ([*ASKED, "issuer"], "issuer", "6985"),
    ([*STARTED, "aac"], "issuer", "6985"),
    ([*STARTED, "aac"], "tc again", "6985"),
    ([*STARTED, "aac"], "block", "6988"),
    (ASKED, "block", "6988"),
    (ASKED, "short script", "6987"),
    (ASKED, "tc again", "9000"),
    (ENDED, "tc again", "6985"),
    (ENDED, "arqc", "6985"),
    (ENDED, "issuer", "6985"),
    (ENDED, "block", "6988"),
    (ENDED, "start", "6985"),
    ([*ENDED, "select"], "start", "9000"),
    ([*ENDED, "select"], "block", "6985"),
    ([*STARTED, "wrong pin"], "wrong pin", "63C1"),
    ([*STARTED, "wrong pin", "wrong pin"], "wrong pin", "63C0"),
    ([*STARTED, "wrong pin", "wrong pin", "wrong pin"], "pin", "6983"),
    ([*STARTED, "wrong pin", "wrong pin", "pin"], "wrong pin", "63C2"),
]
EVERY = [one for one in load_tray() if one.chip is not None]


@pytest.mark.parametrize(("before", "command", "sw"), TABLE, ids=lambda part: "+".join(part) or "nothing")
def test_after_these_commands_this_one_gets(before: list[str], command: str, sw: str) -> None:
    chip = card("unionpay-debit-pin").virtual()
    chip.reset()
    for earlier in before:
        chip.respond(bytes.fromhex(SAY[earlier]))
    assert chip.respond(bytes.fromhex(SAY[command]))[-2:].hex().upper() == sw


def answered(chip: Chip, raw: bytes) -> bytes:
    try:
        return chip.respond(raw)
    except (WentMute, WasPulled):
        return b"\x90\0"


HEADERS = ["00A40400", "80A80000", "00B20114", "80AE9000", "00200088", "84240000"]
COMMANDS = st.one_of(
    st.binary(max_size=300),
    st.sampled_from(sorted(SAY.values())).map(bytes.fromhex),
    st.tuples(
        st.sampled_from(["00A40400", "80A80000", "00B20114", "80AE9000", "00200088", "84240000"]), st.binary()
    ).map(lambda pair: bytes.fromhex(pair[0]) + bytes((len(pair[1]) % 256,)) + pair[1]),
)


@settings(max_examples=60)
@given(st.sampled_from(EVERY), st.lists(COMMANDS, max_size=12))
def test_any_bytes_get_an_answer_and_the_card_works_after_a_reset(one: object, said: list[bytes]) -> None:
    chip = one.virtual()  # type: ignore[attr-defined]
    chip.reset()
    for raw in said:
        assert len(answered(chip, raw)) >= 2
    fresh, again = one.virtual(), Talk(chip)  # type: ignore[attr-defined]
    name = one.applications[0].aid  # type: ignore[attr-defined]
    assert again.select(name) == Talk(fresh).select(name)


@given(st.lists(COMMANDS, max_size=8))
def test_a_whole_sale_is_there_after_any_bytes_and_a_reset(said: list[bytes]) -> None:
    chip = card("international-credit").virtual()
    for raw in said:
        answered(chip, raw)
    talk = Talk(chip).start("A000000003")
    assert talk.generate()
    assert talk.generate(0x40, is_second=True)
