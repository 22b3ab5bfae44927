"""Stripe tracks: what readers write is read, checked as far as it can be, and never shown. TEST CARDS only."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.swipe import Swipe, has_check_digit, lrc, parse

PAN, OTHER = "6210948000000110", "6250946000000016"
TRACK1 = f"B{PAN}^FENG/ER^35121010000000000"
TRACK2 = f"{PAN}=35121010000000000"
TRACK3 = f"99{PAN}=1561560000000000000003000000114000003512=000000000000=000000000000=0"
ALL = Swipe(TRACK1, TRACK2, TRACK3)
STARTS = ("%", ";", "+")
CHARACTERS = "".join(map(chr, range(0x20, 0x60)))


# --- an independent LRC: the bits on the card, with their parity, counted column by column ---------------------------
def encoded(character: str, start: str) -> str:
    """A character as recorded, most significant bit first, its odd parity bit in front (ISO/IEC 7811-2)."""
    value, size = (ord(character) - 0x20, 6) if start == "%" else (ord(character) - 0x30, 4)
    if start == "+" and character == "+":  # on the card it is a ";"
        value = 0xB
    bits = f"{value:0{size}b}"
    return str((bits.count("1") + 1) % 2) + bits


def is_even_in_every_column(track: str, check: str) -> bool:
    rows = [encoded(character, track[0])[1:] for character in track + check]
    return all(column.count("1") % 2 == 0 for column in zip(*rows, strict=True))


def with_check(start: str, track: str) -> str:
    body = f"{start}{track}?"
    space = CHARACTERS if start == "%" else "0123456789:;<=>?"
    return body + next(check for check in space if is_even_in_every_column(body, check))


def written(swipe: Swipe, ends: str = "", has_lrc: bool = False, starts: tuple[str, str, str] = STARTS) -> str:
    """What a reader sends."""
    tracks = zip(starts, (swipe.track1, swipe.track2, swipe.track3), strict=True)
    return "".join((with_check(*it) if has_lrc else f"{it[0]}{it[1]}?") + ends for it in tracks if it[1])


def read(text: str) -> Swipe | None:
    return parse(text.encode("latin-1"))


# --- cards -----------------------------------------------------------------------------------------------------------
def completed(digits: str) -> str:
    """With its check digit, by trying the ten: ISO/IEC 7812-1, annex B as the standard's table has it."""
    doubled = "0246813579"
    for last in "0123456789":
        weighed = [int(doubled[int(d)]) if i % 2 else int(d) for i, d in enumerate(reversed(digits + last))]
        if str(sum(weighed)).endswith("0"):
            return digits + last
    raise AssertionError


digits = st.text("0123456789", max_size=11)
pans = st.text("0123456789", min_size=11, max_size=18).map(completed)
names = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ /.-'", min_size=2, max_size=26)


@st.composite
def swipes(draw: st.DrawFn) -> Swipe:
    pan = draw(pans)
    first = f"B{pan}^{draw(names)}^{draw(st.sampled_from(['3512', '^']))}{draw(st.sampled_from(['201', '^']))}"
    second = f"{pan}=3512{draw(st.sampled_from(['101', '201', '620']))}{draw(digits)}"[:37]
    third = f"99{pan}={draw(st.text('0123456789=', min_size=40, max_size=80))}=="
    has = draw(st.sets(st.sampled_from([1, 2, 3]), min_size=1))
    return Swipe(
        first + draw(digits) if 1 in has else "",
        second if 2 in has else "",
        third if 3 in has else "",
    )


@given(swipes(), st.booleans(), st.sampled_from(["", "\r", "\n", "\r\n"]), st.sampled_from(["+", ";"]))
def test_what_is_written_is_read(swipe: Swipe, has_lrc: bool, ends: str, third: str):
    assert read(written(swipe, ends, has_lrc, ("%", ";", third))) == swipe


@given(swipes(), st.permutations([0, 1, 2]), st.booleans())
def test_in_any_order(swipe: Swipe, order: list[int], has_lrc: bool):
    alone = [Swipe(swipe.track1), Swipe("", swipe.track2), Swipe("", "", swipe.track3)]
    assert read("".join(written(alone[index], has_lrc=has_lrc) for index in order)) == swipe


@given(swipes(), st.data())
def test_one_changed_character_is_found_by_the_check(swipe: Swipe, data: st.DataObject):
    """Save one: where the LRC looks like an end, and the end before it is lost, nothing says that there was an LRC."""
    tracks = {name: text for name, text in msgspec.structs.asdict(swipe).items() if text}
    name = data.draw(st.sampled_from(sorted(tracks)))
    lines = {each: written(Swipe(**{each: text}), has_lrc=True) for each, text in tracks.items()}
    line = lines[name]
    at = data.draw(st.integers(0, len(line) - 1))
    other = data.draw(st.sampled_from(CHARACTERS + "\r\n\0").filter(lambda character: character != line[at]))
    if at == 0 and {line[0], other} == {";", "+"}:
        return  # the same on the card: not a change
    changed = line[:at] + other + line[at + 1 :]
    result = read("".join(lines[each] if each != name else changed for each in lines)) or Swipe()
    is_blind = len(lines) == 1 and line.endswith("??") and at == len(line) - 2
    for each, text in msgspec.structs.asdict(result).items():
        if not is_blind:
            assert text in ("", tracks.get(each, ""))
    if at < len(line) - 1 and not is_blind:
        assert getattr(result, name) == ""


@given(st.binary(max_size=300))
def test_noise_never_raises(raw: bytes):
    parse(raw)


@given(st.text("%;+?=^BE0123456789\r\n ", max_size=120))
def test_noise_that_looks_like_tracks_never_raises_and_never_makes_a_wrong_account(text: str):
    swipe = read(text)
    if swipe is not None and swipe.track2:
        assert has_check_digit(swipe.track2.partition("=")[0])
        assert swipe.track2 in text


def test_the_published_check_of_a_real_reader():
    """A calibration card's track 3, read by a reader that sends the LRC: Stack Overflow, "Longitudinal Redundancy Check
    fails" of 2010-05-20; the reader said 30."""
    track = (
        "3444444444455555" "5555566666666667" "7777777778888888" "8889999999999000"
        "0000000123411111" "1111122222222223" "33333333"
    )  # fmt: skip
    assert lrc(f";{track}?").encode() == b"\x30"
    assert is_even_in_every_column(f";{track}?", "0")


@pytest.mark.parametrize("end", ["", "\r", "\r\n", "\r\n\r\n", "\x03"])
def test_three_tracks_with_any_end(end):
    assert read(written(ALL) + end) == ALL
    assert read("\x02" + written(ALL, has_lrc=True) + end) == ALL


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"%E?;{TRACK2}?+E?", Swipe("", TRACK2)),
        (f"%E?;{TRACK2}?;E?", Swipe("", TRACK2)),
        (f"%?;{TRACK2}?;?", Swipe("", TRACK2)),
        (f"%E?{with_check(';', TRACK2)}+E?", Swipe("", TRACK2)),
        (";E?", Swipe()),
        ("%E?;E?+E?", Swipe()),
        (f"%{TRACK1}?;E?", Swipe(TRACK1)),
        (f"xx;{TRACK2}?", Swipe("", TRACK2)),
    ],
)
def test_what_the_reader_could_not_read_is_not_there(text, expected):
    assert read(text) == expected


@pytest.mark.parametrize("text", ["", "\r\n", "hello?\r\n", f";{TRACK2}", f"{TRACK2}?", "\x00\xff?"])
def test_what_is_no_swipe(text):
    assert read(text) is None


def with_pan(pan: str) -> str:
    return f"{pan}=3512101"


@pytest.mark.parametrize(
    "track2",
    [
        with_pan(completed("1" * 10)),  # 11 digits
        with_pan(completed("1" * 19)),  # 20
        f"{PAN}=351210",  # half a service code
        f"{PAN}3512101",
        f"{PAN}=3512101=1",
        f"{PAN}=3512101" + "0" * 14,  # 38 characters
        f"{PAN}D35121010000",
        f"{PAN}=3512A010000",
        f"{PAN}=3512:010000",
        with_pan(PAN[:-1] + "1"),  # its check digit is 0
        with_pan(PAN[:7] + "1" + PAN[8:]),
        f"{PAN[:-1]}\u0660=35121010000",
    ],
)
def test_a_track_2_of_the_wrong_shape_is_unreadable(track2):
    assert parse(f";{track2}?".encode()) in (Swipe(), None)


@pytest.mark.parametrize("size", [12, 19])
def test_the_shortest_and_the_longest_account(size):
    track = with_pan(completed("1" * (size - 1)))
    assert read(f";{track}?") == Swipe("", track)


@pytest.mark.parametrize(
    "track1",
    [
        TRACK1.lower(),
        TRACK1.replace("B", "A"),
        TRACK1.replace("FENG/ER", "F"),
        TRACK1.replace("FENG/ER", "F" * 27),
        TRACK1.replace(PAN, PAN[:-1] + "1"),
        TRACK1 + "0" * (77 - len(TRACK1)),
    ],
)
def test_a_track_1_of_the_wrong_shape_is_unreadable(track1):
    assert read(f"%{track1}?;{TRACK2}?") == Swipe("", TRACK2)


def test_a_full_track_1():
    track = TRACK1 + "0" * (76 - len(TRACK1))
    assert read(f"%{track}?") == Swipe(track)


@pytest.mark.parametrize(
    "track3", [TRACK3 + "0" * (105 - len(TRACK3)), TRACK3[:37], "99=" + TRACK3, TRACK3 + ":", f"99{PAN}={'0' * 60}=0"]
)
def test_a_track_3_of_the_wrong_shape_is_unreadable(track3):
    assert read(f";{TRACK2}?+{track3}?") == Swipe("", TRACK2)


def test_two_accounts_on_one_card_are_none():
    other = TRACK1.replace(PAN, OTHER)
    assert read(f"%{other}?") == Swipe(other)
    assert read(f"%{other}?;{TRACK2}?+{TRACK3}?") == Swipe("", "", TRACK3)


@pytest.mark.parametrize("again", [TRACK2, TRACK2.replace(PAN, OTHER)])
@pytest.mark.parametrize("end", ["", "\r\n"])
def test_two_swipes_at_once_are_none(again, end):
    assert read(f";{TRACK2}?{end};{again}?{end}") == Swipe()


@pytest.mark.parametrize("check", ["1", "?", ";", "+", "%"])
def test_a_wrong_check_makes_a_track_unreadable(check):
    assert check != with_check(";", TRACK2)[-1]
    assert read(f";{TRACK2}?{check}") == Swipe()
    assert read(f";{TRACK2}?{check}{with_check('%', TRACK1)}") == Swipe(TRACK1)


def test_a_reader_that_checks_one_track_checks_all():
    assert read(f"{with_check('%', TRACK1)}\r;{TRACK2}?\r") == Swipe(TRACK1)


@pytest.mark.parametrize("text", [f";{TRACK2}?00", f"%{TRACK1};{TRACK2}?+{TRACK3}?", f";{TRACK2}? ;", f";{TRACK2}?%X"])
def test_a_line_with_more_than_tracks_is_not_trusted(text):
    assert read(text) == Swipe()


@given(swipes())
def test_nothing_is_shown(swipe: Swipe):
    shown = repr(swipe) + str(swipe) + f"{swipe}"
    assert not any(text in shown for text in msgspec.structs.astuple(swipe) if text)
    assert not any(
        character.isdigit() for character in shown.replace("track1", "").replace("track2", "").replace("track3", "")
    )
