"""BER-TLV and lists of it: what is built is read back, and bad bytes raise EmvError and nothing else."""

from __future__ import annotations

import contextlib

import pytest
from ber_tlv.tlv import BadLength, BadTag, UnexpectedEnd
from ber_tlv.tlv import Tlv as Oracle
from hypothesis import given
from hypothesis import strategies as st

from terminal.emv import cvm, dol, initiate, read, tags, tlv
from terminal.emv.account import account
from terminal.emv.errors import CardFaulty, EmvError, TlvError
from terminal.emv.selection import Candidate, Selected
from terminal.emv.terminal_data import UNIONPAY_TEST

KNOWN_TAGS = sorted(value for name, value in vars(tags).items() if name.isupper() and isinstance(value, int))
PRIMITIVE = [tag for tag in KNOWN_TAGS if not tlv.is_constructed(tag)]
ROW = UNIONPAY_TEST.applications[0]
SELECTED = Selected(Candidate(ROW.aid, "UICC", 1, False, ROW), ROW.aid.hex(), "UICC", b"")


@given(st.lists(st.tuples(st.sampled_from(KNOWN_TAGS), st.binary(max_size=300))))
def test_what_is_built_is_read_back(pairs: list[tuple[int, bytes]]) -> None:
    assert tlv.parse(tlv.build(pairs)) == tuple(pairs)


LEAVES = st.tuples(st.sampled_from(PRIMITIVE), st.binary(max_size=300))
TEMPLATES = (tags.FCI, tags.RECORD, tags.APPLICATION_TEMPLATE, tags.FCI_PROPRIETARY, tags.ISSUER_DISCRETIONARY)
TREES = st.recursive(LEAVES, lambda inside: st.tuples(st.sampled_from(TEMPLATES), st.lists(inside, max_size=4)))


def built(tree) -> bytes:
    tag, value = tree
    return tlv.build([(tag, value if isinstance(value, bytes) else b"".join(map(built, value)))])


def tree_of(tag: int, value: bytes):
    return (tag, [tree_of(*one) for one in tlv.parse(value)] if tlv.is_constructed(tag) else value)


def plain(tree):
    """The oracle's own form as ours: it leaves a template of two bytes or less closed."""
    tag, value = tree
    if isinstance(value, list):
        return (tag, [plain(one) for one in value])
    return tree_of(tag, value) if len(value) <= 2 else (tag, bytes(value))


@given(st.lists(TREES, max_size=5))
def test_another_library_sees_the_same_tree(trees: list) -> None:
    raw = b"".join(map(built, trees))
    ours = [tree_of(tag, value) for tag, value in tlv.parse(raw)]
    assert ours == trees
    assert [plain(tree) for tree in Oracle.parse(raw)] == ours
    assert Oracle.build(trees) == raw


@given(st.binary(max_size=120))
def test_what_another_library_refuses_is_refused_here_too(raw: bytes) -> None:
    """The reverse does not hold: it takes tags and lengths that EMV forbids."""
    try:
        Oracle.parse(raw)
    except (BadLength, BadTag, UnexpectedEnd):
        with pytest.raises(EmvError):
            tlv.leaves(raw)


@given(st.lists(st.tuples(st.sampled_from(PRIMITIVE), st.binary(max_size=20)), max_size=5), st.integers(0, 9))
def test_padding_and_templates_do_not_hide_objects(pairs: list[tuple[int, bytes]], zeros: int) -> None:
    inner = bytes(zeros).join((b"", tlv.build(pairs), b""))
    assert tlv.leaves(tlv.build([(tags.RECORD, inner)])) == tuple(pairs)


@given(st.binary(max_size=80))
def test_any_bytes_give_a_value_or_an_emv_error(data: bytes) -> None:
    for take in (
        tlv.parse,
        tlv.leaves,
        dol.entries,
        initiate.locator,
        initiate._options,
        cvm.cvm_list,
        lambda data: tlv.sole(data, tags.RECORD),
        lambda data: tlv.unique(tlv.parse(data)),
        lambda data: account(SELECTED, {tags.TRACK2: data, tags.PAN: data[:10], tags.EXPIRY: data[:3], tags.PSN: data}),
        lambda data: account(SELECTED, {tags.TRACK2: data}),
    ):
        with contextlib.suppress(EmvError):
            take(data)


@given(st.binary(max_size=60), st.dictionaries(st.sampled_from(PRIMITIVE), st.binary(max_size=30)))
def test_a_filled_list_is_as_long_as_it_asks(data: bytes, values: dict[int, bytes]) -> None:
    try:
        wanted = sum(length for _, length in dol.entries(data))
    except EmvError:
        return
    assert len(dol.fill(data, values)) == wanted


@pytest.mark.parametrize(
    "bad",
    [
        "5A",  # no length
        "5A0812",  # longer than what holds it
        "5A80",  # indefinite length
        "5A8300000112",  # a length that EMV does not know
        "5A81",  # a length cut short
        "9F",  # a tag that does not end
        "DF8181810100",  # a tag too long
    ],
)
def test_malformed_objects_are_refused(bad: str) -> None:
    with pytest.raises(TlvError):
        tlv.parse(bytes.fromhex(bad))


def test_a_template_stands_alone() -> None:
    assert tlv.sole(bytes.fromhex("70035F2000"), tags.RECORD) == bytes.fromhex("5F2000")
    for bad in ("70035F200000", "0070035F2000", "77035F2000"):
        with pytest.raises(TlvError):
            tlv.sole(bytes.fromhex(bad), tags.RECORD)


def test_nesting_ends() -> None:
    deep = b""
    for _ in range(12):
        deep = tlv.build([(tags.RECORD, deep)])
    with pytest.raises(TlvError, match="nested"):
        tlv.leaves(deep)


def test_an_object_comes_once() -> None:
    with pytest.raises(CardFaulty, match="twice"):
        tlv.unique(((tags.PAN, b"\x62"), (tags.PAN, b"\x62")))


@pytest.mark.parametrize(
    ("entry", "value", "filled"),
    [
        ("9F0206", "1234", "000000001234"),  # n: from the right
        ("9F0201", "1234", "34"),
        ("5A0A", "6210948000000011", "6210948000000011FFFF"),  # cn: from the left, F
        ("9F1E0A", "3030303030303031", "30303030303030310000"),  # the rest: from the left, 00
        ("9F1E02", "3030303030303031", "3030"),
        ("7003", "010203", "000000"),  # a template is nothing to ask for
        ("9F4E03", "", "000000"),  # not known
    ],
)
def test_values_are_fitted_by_their_format(entry: str, value: str, filled: str) -> None:
    dol_bytes = bytes.fromhex(entry)
    tag = dol.entries(dol_bytes)[0][0]
    assert dol.fill(dol_bytes, {tag: bytes.fromhex(value)}) == bytes.fromhex(filled)


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "080103",  # not a multiple of four
        "00010100",  # SFI 0
        "F8010100",  # SFI 31
        "09010100",  # the low bits of the SFI are not zero
        "08000100",  # record 0
        "08020100",  # last before first
        "08010203",  # more authenticated than read
    ],
)
def test_a_file_locator_that_cannot_be_is_refused(bad: str) -> None:
    with pytest.raises(CardFaulty):
        initiate.locator(bytes.fromhex(bad))


def test_mandatory_objects_are_named_when_they_lack() -> None:
    with pytest.raises(CardFaulty, match="5A, 8C"):
        read.require_mandatory({tags.EXPIRY: b"1", tags.CDOL2: b"1"})
