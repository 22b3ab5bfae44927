"""Signatures through libjbig: exact there and back, read by Debian's jbigkit-bin, and safe from garbage."""

from __future__ import annotations

import math
import random
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from drivers.jbig import HEADER, LARGEST, CoderMissing, JbigCoder, PictureRefused
from terminal.ports import DeviceError, PictureCoder
from terminal.signature import SIGNATURE_MOST, Picture, drawn

CODER = JbigCoder()


@st.composite
def pictures(draw: st.DrawFn, largest: int = 60) -> Picture:
    width, height = draw(st.integers(1, largest)), draw(st.integers(1, largest))
    pitch, spare = (width + 7) // 8, -width % 8
    noise = draw(st.binary(min_size=pitch * height, max_size=pitch * height))
    last = 0xFF << spare & 0xFF
    return Picture(
        width, height, bytes(byte & last if at % pitch == pitch - 1 else byte for at, byte in enumerate(noise))
    )


def scribble(seed: int, points: int) -> Picture:
    """A pen sent to and fro all over the pad."""
    chance = random.Random(seed)
    return drawn((tuple((chance.randrange(1001), chance.randrange(1001)) for _ in range(points)),))


def page(lines: int) -> Picture:
    """The pad filled with lines of close writing, as by a child."""

    def height(line: int, step: int) -> int:
        return round(1000 / lines * (line + 0.5 + 0.45 * math.sin(1.7 * step + line**2)))

    return drawn(tuple(tuple((40 + 9 * step, height(line, step)) for step in range(100)) for line in range(lines)))


def handwriting() -> Picture:
    """Loops from left to right as in a name written in one go, a line under it and a dot."""
    loops = tuple(
        (
            round(80 + 0.7 * step + 60 * math.sin(step / 24)),
            round(480 + 240 * math.cos(step / 24) * math.sin(step / 170 + 0.6)),
        )
        for step in range(0, 1100, 6)
    )
    return drawn((loops, ((60, 850), (500, 800), (940, 870)), ((900, 160),)))


def pbm(picture: Picture) -> bytes:
    return f"P4\n{picture.width} {picture.height}\n".encode() + picture.bits


def tool(*command: str, given: bytes) -> bytes:
    """What Debian's tool writes for what it is given."""
    return subprocess.run(command, input=given, capture_output=True, check=True, timeout=10).stdout


def from_pbm(data: bytes) -> Picture:
    """A P4 file, whose rows are ours: most significant bit left, 1 for black."""
    head = re.match(rb"P4\s+(\d+)\s+(\d+)\s", data)
    assert head
    return Picture(int(head[1]), int(head[2]), data[head.end() :])


# --- there and back --------------------------------------------------------------------------------------------------
def test_it_is_the_port() -> None:
    coder: PictureCoder = JbigCoder()
    assert coder.decode(coder.encode(handwriting())) == handwriting()


@given(pictures())
def test_a_picture_comes_back_exactly(picture: Picture) -> None:
    assert CODER.decode(CODER.encode(picture)) == picture


@settings(max_examples=10)
@given(st.integers(1, LARGEST // 8), st.integers(1, LARGEST), st.integers(0, 2**32))
@example(LARGEST // 8, LARGEST, 7)
def test_large_ones_too(pitch: int, height: int, seed: int) -> None:
    """The noise comes from a seed: so many bytes are more than hypothesis would draw."""
    picture = Picture(pitch * 8, height, random.Random(seed).randbytes(pitch * height))
    assert CODER.decode(CODER.encode(picture)) == picture


def test_what_is_written_is_the_basic_fax_profile() -> None:
    """ITU-T T.82 6.2: DL D P - XD YD L0 MX MY order options; T.85: one layer, L0 128."""
    header = CODER.encode(handwriting())[:HEADER]
    assert header.hex(" ") == "00 00 01 00 00 00 00 e0 00 00 00 a0 00 00 00 80 00 00 00 08"


def test_many_at_the_same_time_do_not_mix() -> None:
    wanted = [scribble(seed, 20 + seed) for seed in range(12)]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(lambda picture: CODER.decode(CODER.encode(picture)), wanted * 4)) == wanted * 4


def test_a_larger_picture_is_not_sent() -> None:
    assert CODER.encode(Picture(LARGEST, 1, bytes(LARGEST // 8)))
    for width, height in ((LARGEST + 8, 1), (8, LARGEST + 1)):
        with pytest.raises(PictureRefused):
            CODER.encode(Picture(width, height, bytes(width // 8 * height)))


def test_without_the_library_the_coder_is_missing() -> None:
    with pytest.raises(CoderMissing) as missing:
        JbigCoder("libjbig-of-nobody.so.0")
    assert isinstance(missing.value, DeviceError)


def test_another_library_is_no_coder() -> None:
    with pytest.raises(CoderMissing):
        JbigCoder("libc.so.6")


# --- how many bytes --------------------------------------------------------------------------------------------------
def test_a_signature_fits_its_field() -> None:
    assert 200 < len(CODER.encode(handwriting())) <= SIGNATURE_MOST


def test_a_dense_scribble_does_not_and_is_to_be_signed_again() -> None:
    assert len(CODER.encode(page(4))) <= SIGNATURE_MOST < len(CODER.encode(page(10)))


# --- the second opinion ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("reader", ["jbgtopbm", "jbgtopbm85"])
def test_debian_reads_ours(reader: str) -> None:
    for picture in (handwriting(), scribble(2, 40), scribble(3, 200)):
        assert from_pbm(tool(reader, "-", given=CODER.encode(picture))) == picture


@settings(max_examples=15, deadline=None)
@given(pictures())
def test_debian_reads_ours_of_any_size(picture: Picture) -> None:
    assert from_pbm(tool("jbgtopbm", "-", given=CODER.encode(picture))) == picture


@pytest.mark.parametrize(
    "options",
    [
        "",
        "-q",
        "-f",  # T.85
        "-q -s 7",
        "-q -s 160 -m 127",
        "-q -p 0 -o 0",
        "-q -p 64",  # the two-line template
        "-q -p 72 -r",  # SDRST after each stripe
        "-q -C remark",
        "-q -c -m 60",
    ],
)
def test_we_read_debians(options: str) -> None:
    for picture in (handwriting(), scribble(4, 60)):
        raw = tool("pbmtojbg", *options.split(), "-", given=pbm(picture))
        assert CODER.decode(raw) == picture


@settings(max_examples=15, deadline=None)
@given(pictures())
def test_we_read_debians_of_any_size(picture: Picture) -> None:
    assert CODER.decode(tool("pbmtojbg", "-", given=pbm(picture))) == picture


# --- what is not a picture -------------------------------------------------------------------------------------------
RAW = CODER.encode(handwriting())


@pytest.mark.parametrize("options", ["-d 2", "-q -p 40 -Y 200"])
def test_layers_and_late_heights_are_refused(options: str) -> None:
    raw = tool("pbmtojbg", *options.split(), "-", given=pbm(handwriting()))
    with pytest.raises(PictureRefused, match="layers, planes or options"):
        CODER.decode(raw)


def test_shades_of_grey_are_refused() -> None:
    raw = tool("pbmtojbg", "-q", "-", given=b"P5\n16 16\n255\n" + bytes(range(256)))
    with pytest.raises(PictureRefused, match="layers, planes or options"):
        CODER.decode(raw)


def test_every_truncation_is_refused() -> None:
    for size in range(len(RAW)):
        with pytest.raises(PictureRefused):
            CODER.decode(RAW[:size])


def test_bytes_after_the_picture_are_refused() -> None:
    with pytest.raises(PictureRefused, match="after"):
        CODER.decode(RAW + b"\0")


@pytest.mark.parametrize(
    ("at", "wrong"),
    [
        (0, "01"),  # DL
        (1, "01"),  # D
        (2, "00"),  # P
        (2, "ff"),
        (4, "00000000"),  # XD
        (4, "00000401"),
        (4, "ffffffff"),
        (8, "00000000"),  # YD
        (8, "00000401"),
        (8, "ffffffff"),
        (12, "00000000"),  # L0
        (16, "80"),  # MX
        (18, "10"),  # order
        (19, "88"),  # options: undefined, VLENGTH, a private table, the last one again
        (19, "28"),
        (19, "0e"),
        (19, "0f"),
    ],
)
def test_headers_of_another_kind_are_refused(at: int, wrong: str) -> None:
    new = bytes.fromhex(wrong)
    with pytest.raises(PictureRefused):
        CODER.decode(RAW[:at] + new + RAW[at + len(new) :])


@pytest.mark.parametrize(
    "marker",
    ["ff0500000050", "ff04", "ff01", "ff07ffffffff", "ff06000000000800", "ff0600000000ff00", "ff0600000000087f"],
)
def test_markers_out_of_place_are_refused(marker: str) -> None:
    """T.82 6.2.6: a new height, an abort, a reserved one, an endless comment, template moves that are not announced."""
    with pytest.raises(PictureRefused):
        CODER.decode(RAW[:HEADER] + bytes.fromhex(marker) + RAW[HEADER:])


@settings(max_examples=400)
@given(st.binary(max_size=400))
def test_garbage_is_refused(raw: bytes) -> None:
    with pytest.raises(PictureRefused):
        CODER.decode(raw if raw[:3] != bytes((0, 0, 1)) else b"")


MARKERS = st.sampled_from([bytes((0xFF, code)) for code in range(9)])


@settings(max_examples=400, deadline=None)
@given(
    header=st.tuples(
        st.integers(1, LARGEST).map(lambda size: size.to_bytes(4)),
        st.integers(1, LARGEST).map(lambda size: size.to_bytes(4)),
        st.one_of(st.integers(0, 300), st.integers(0, 2**32 - 1)).map(lambda size: size.to_bytes(4)),
        st.binary(min_size=3, max_size=3),
        st.sampled_from([bytes((options,)) for options in (0x00, 0x08, 0x1C, 0x40, 0x5C)]),
    ),
    body=st.lists(st.one_of(st.binary(max_size=40), MARKERS), max_size=20).map(b"".join),
)
def test_garbage_behind_a_good_header_is_read_or_refused(header: tuple[bytes, ...], body: bytes) -> None:
    read_or_refused(bytes((0, 0, 1, 0)) + b"".join(header) + body)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(RAW) - 1), st.integers(0, 255)), min_size=1, max_size=8))
def test_damage_is_read_or_refused(damage: list[tuple[int, int]]) -> None:
    raw = bytearray(RAW)
    for at, byte in damage:
        raw[at] = byte
    read_or_refused(bytes(raw))


def read_or_refused(raw: bytes) -> None:
    """JBIG has no checksum (F64 has), so damage may give another picture; it is one of the size its header says."""
    try:
        picture = CODER.decode(raw)
    except PictureRefused:
        return
    assert (picture.width, picture.height) == (int.from_bytes(raw[4:8]), int.from_bytes(raw[8:12]))
    assert CODER.decode(CODER.encode(picture)) == picture
