"""Key blocks: the published ones, psec's opinion, every character changed, and usage that cannot be changed."""

import string

import psec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keys.algorithms.key_block_tr31 import (
    ALGORITHMS,
    EXPORTABILITIES,
    USAGES,
    VERSIONS,
    KeyBlock,
    OptionalBlock,
    unwrap,
    wrap,
)
from terminal.ports import KeyRefused

# TR-31:2018 and X9.143:2021 as github.com/openemv/tr31, test/tr31_decrypt_test.c, gives them (the standards are not
# free to read); the payShield blocks were made by an HSM and are from there too. KBPK, key block, key. TEST KEYS.
D_KBPK = "88E1AB2A2E3DD38C1FA039A536500CC8A87AB9D62DC92C01058FA79F44657DE6"
KEY = "3F419E1CB7079442AA37474C2EFBF8B8"
PUBLISHED = {
    "TR-31:2018, A.7.2.2": (
        "DD7515F2BFC17F85CE48F3CA25CB21F6",
        "B0080P0TE00E000094B420079CC80BA3461F86FE26EFC4A3B8E4FA4C5F5341176EED7B727B8A248E",
        KEY,
    ),
    "TR-31:2018, A.7.3.2": (
        "1D22BF32387C600AD97F9B97A51311AC",
        "B0104B0TX12S0100KS1800604B120F9292800000BB68BE8680A400D9191AD4ECE45B6E6C0D21C4738A52190E248719E24B433627",
        "E8BC63E5479455E26577F715D587FE68",
    ),
    "TR-31:2018, A.7.4": (
        D_KBPK,
        "D0112P0AE00E0000B82679114F470F540165EDFBF7E250FCEA43F810D215F8D207E2E417C07156A27E8E31DA05F7425509593D03A457DC34",
        KEY,
    ),
    "X9.143:2021, 8.1": (
        D_KBPK,
        "D0144P0AE00E00002C77FA3F4A553BED6E88AE5C172A4166E3D4ACA8E2AC71C158A476FAC12C13C3"
        "829DE55D3AB54C48F4C4FEF7AC75E90FC47F1B77E7B19A73ED46E64410082557",
        KEY,
    ),
    "X9.143:2021, 8.4.2": (
        "1D22BF32387C600AD97F9B97A51311AC",
        "B0120B0TX12S0100KS1800604B120F929280000015CEB14B76D551F21EC43A75390FA118A98C6CB049E3B9E864A5F4A8B9A5108A"
        "6DB5635C95B042D7",
        "E8BC63E5479455E26577F715D587FE68",
    ),
    "payShield 10k, B": (
        "EFE0853B256B583D868F251CE99EA1D9",
        "B0080K0TN00N00001C414014375212C24995E405B5EE052CB92B67F455EA2680F6751088F9F1C228",
        "5DB50B454F8389ADCE573BE50861F2BF",
    ),
    "payShield 10k, D carries TDES": (
        "41" * 32,
        "D0112B0TN00N000037DB9B046B7B0048785690759580ABC3B9842AB4BB7717B49E92528E575785D8123559376A2553B27BE94F054F4E971C",
        "1FA1F7CEC798D91545DA8AE0C7796BD9",
    ),
    "payShield 10k, D carries AES-256": (
        "41" * 32,
        "D0144D0AN00N0000127862F945C2DED04530FAF7CDBC8B0BA10C7AA79BD5E0C2C5D6AC173BF588E4"
        "B19ACF1357178D50EA0AB193228E13958304FC6149632DFDCADF3A5B3D57E814",
        "BE19E6A07A760F10EF8E83A226B63AAD141F463FDDD4F47DB244B4023EC3CACC",
    ),
}
KS = OptionalBlock("KS", "00604B120F9292800000")
IMMUTABLE = ("TR-31:2018, A.7.3.2", "X9.143:2021, 8.1")  # one of each version, one with an optional block
PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))
# psec takes 3DES from where cryptography no longer keeps it; ours runs under "error" in the others
oracle = pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
TEXT = st.text(PRINTABLE, max_size=300)


@st.composite
def shipments(draw: st.DrawFn) -> tuple[bytes, KeyBlock]:
    """A KBPK and a key block that it may protect."""
    version = draw(st.sampled_from(sorted(VERSIONS)))
    algorithm = draw(st.sampled_from(VERSIONS[version].algorithms))
    kbpk = draw(st.sampled_from(sorted(VERSIONS[version].kbpk)))
    same = ALGORITHMS[algorithm].cipher is VERSIONS[version].cipher
    size = draw(st.sampled_from([size for size in ALGORITHMS[algorithm].sizes if size <= kbpk or not same]))
    usage = draw(st.sampled_from(sorted(USAGES)))
    ids = st.text(string.ascii_uppercase + string.digits, min_size=2, max_size=2).filter("PB".__ne__)
    blocks = draw(st.lists(st.builds(OptionalBlock, ids, TEXT), max_size=4, unique_by=lambda block: block.id))
    block = KeyBlock(
        version,
        usage,
        algorithm,
        draw(st.sampled_from(USAGES[usage])),
        draw(st.binary(min_size=size, max_size=size)),
        draw(st.sampled_from(EXPORTABILITIES)),
        draw(st.text(string.ascii_uppercase + string.digits, min_size=2, max_size=2)),
        tuple(blocks),
    )
    return draw(st.binary(min_size=kbpk, max_size=kbpk)), block


def block_of(**changed: object) -> KeyBlock:
    fields = {"version": "D", "usage": "P0", "algorithm": "A", "mode": "E", "key": bytes.fromhex(KEY)}
    return KeyBlock(**(fields | changed))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_block(name: str) -> None:
    kbpk, text, key = PUBLISHED[name]
    block = unwrap(bytes.fromhex(kbpk), text, text[5:7])
    assert block.key.hex().upper() == key
    assert (block.version, block.usage, block.algorithm, block.mode) == (text[0], text[5:7], text[7], text[8])
    assert (block.key_version, block.exportability) == (text[9:11], text[11])
    assert block.blocks == ((KS,) if "KS" in text else ())


@oracle
@given(shipments())
def test_what_we_wrap_we_unwrap_and_so_does_psec(shipment: tuple[bytes, KeyBlock]) -> None:
    kbpk, block = shipment
    text = wrap(kbpk, block)
    assert unwrap(kbpk, text, block.usage) == block
    header, key = psec.tr31.unwrap(kbpk, text)
    assert key == block.key
    assert str(header)[5:12] == f"{block.usage}{block.algorithm}{block.mode}{block.key_version}{block.exportability}"
    assert {id: data for id, data in header.blocks.items() if id != "PB"} == {b.id: b.text for b in block.blocks}


@oracle
@given(shipments())
def test_what_psec_wraps_we_unwrap(shipment: tuple[bytes, KeyBlock]) -> None:
    kbpk, block = shipment
    fields = (block.version, block.usage, block.algorithm, block.mode, block.key_version, block.exportability)
    header = psec.tr31.Header(*fields)
    for optional in block.blocks:
        header.blocks[optional.id] = optional.text
    assert unwrap(kbpk, psec.tr31.wrap(kbpk, header, block.key), block.usage) == block


def test_two_wraps_of_one_key_differ_and_hide_its_length() -> None:
    kbpk = bytes.fromhex(D_KBPK)
    texts = {wrap(kbpk, block_of()) for _ in range(50)}
    assert len(texts) == 50
    assert {len(wrap(kbpk, block_of(key=bytes(size)))) for size in (16, 24, 32)} == {144}


@pytest.mark.parametrize("name", IMMUTABLE)
def test_every_character_changed_to_every_other(name: str) -> None:
    """Lower-case hex too, which many a parser reads as the same byte."""
    kbpk, text = bytes.fromhex(PUBLISHED[name][0]), PUBLISHED[name][1]
    taken = []
    for at, was in enumerate(text):
        for changed in PRINTABLE.replace(was, ""):
            forged = text[:at] + changed + text[at + 1 :]
            try:
                taken.append(unwrap(kbpk, forged, forged[5:7]))
            except KeyRefused:
                continue
    assert taken == []


@pytest.mark.parametrize("name", IMMUTABLE)
def test_cut_or_lengthened(name: str) -> None:
    """With a length that is true, so that nothing but the MAC stands between."""
    kbpk, text = bytes.fromhex(PUBLISHED[name][0]), PUBLISHED[name][1]
    others = [text[:end] for end in range(len(text))] + [text + "0" * more for more in range(1, 65)]
    for other in others:
        for said in (other, other[:1] + f"{len(other):04}" + other[5:]):
            with pytest.raises(KeyRefused):
                unwrap(kbpk, said, "P0" if "P0" in text else "B0")


@pytest.mark.parametrize("usage", USAGES)
def test_usage_is_bound(usage: str) -> None:
    kbpk = bytes.fromhex(D_KBPK)
    text = wrap(kbpk, block_of(usage=usage, mode="N"))
    assert unwrap(kbpk, text, usage).usage == usage
    for other in USAGES.keys() - {usage}:
        with pytest.raises(KeyRefused):
            unwrap(kbpk, text, other)


def test_another_kbpk() -> None:
    for kbpk, text, _ in PUBLISHED.values():
        whole = bytes.fromhex(kbpk)
        for other in (whole[:-1] + bytes((whole[-1] ^ 2,)), whole[:16], whole[:8], b"", whole + whole):
            if other != whole:
                with pytest.raises(KeyRefused):
                    unwrap(other, text, text[5:7])


@pytest.mark.parametrize(
    "changed",
    [
        {"version": "A"},
        {"version": "B"},  # an AES key under TDES
        {"version": ""},
        {"usage": "C0"},
        {"usage": ""},
        {"mode": "C"},  # of a MAC key
        {"mode": ""},
        {"mode": "EN"},
        {"algorithm": "D"},
        {"algorithm": "TA"},
        {"algorithm": ""},
        {"key": b""},
        {"key": bytes(8)},
        {"key": bytes(17)},
        {"algorithm": "T", "key": bytes(32)},
        {"exportability": "X"},
        {"exportability": ""},
        {"key_version": "c1"},  # a component
        {"key_version": "1"},
        {"blocks": (KS, KS)},
        {"blocks": (OptionalBlock("PB", "0000"),)},
        {"blocks": (OptionalBlock("K", ""),)},
        {"blocks": (OptionalBlock("TS", "\n"),)},
        {"blocks": (OptionalBlock("TS", "é"),)},
    ],
)
def test_fields_that_are_none(changed: dict[str, object]) -> None:
    with pytest.raises(KeyRefused):
        block_of(**changed)


@oracle
@pytest.mark.parametrize(
    ("kbpk", "header", "key"),
    [
        (bytes(32), "D0000C0AC00N0000", 16),  # a usage no terminal has
        (bytes(32), "D0000P0AC00N0000", 16),  # a mode of another usage
        (bytes(32), "D0000P0AE00X0000", 16),
        (bytes(32), "D0000P0DE00N0000", 8),  # single DES
        (bytes(16), "D0000P0AE00N0000", 32),  # under a shorter key
        (bytes(16), "B0000P0TE00N0000", 24),
        (bytes(16), "B0000P0AE00N0000", 16),  # AES under TDES
        (bytes(16), "A0000P0TE00N0000", 16),
        (bytes(16), "C0000P0TE00N0000", 16),
        (bytes(32), "D0000P0AE00N0000", 15),
    ],
)
def test_authentic_blocks_of_others_that_are_not_for_us(kbpk: bytes, header: str, key: int) -> None:
    text = psec.tr31.wrap(kbpk, header, bytes(key))
    with pytest.raises(KeyRefused):
        unwrap(kbpk, text, header[5:7])


def test_a_kbpk_shorter_than_the_key() -> None:
    with pytest.raises(KeyRefused):
        wrap(bytes(16), block_of(key=bytes(24)))
    with pytest.raises(KeyRefused):
        wrap(bytes(16), KeyBlock("B", "P0", "T", "E", bytes(24)))


@oracle
@pytest.mark.parametrize("size", [0, 250, 251, 252, 253, 4000])
def test_optional_blocks_on_both_sides_of_a_length_of_two_digits(size: int) -> None:
    kbpk, block = bytes.fromhex(D_KBPK), block_of(blocks=(OptionalBlock("CT", "x" * size), KS))
    text = wrap(kbpk, block)
    assert text[18:20] == ("00" if size > 251 else f"{size + 4:02X}")
    assert unwrap(kbpk, text, "P0") == block
    assert psec.tr31.unwrap(kbpk, text)[0].blocks["CT"] == "x" * size


def test_more_optional_blocks_than_a_length_of_four_digits_can_say() -> None:
    assert len(wrap(bytes(32), block_of(blocks=(OptionalBlock("CT", "x" * 9000),)))) < 9999
    with pytest.raises(KeyRefused):
        wrap(bytes(32), block_of(blocks=(OptionalBlock("CT", "x" * 9900),)))


def test_no_key_in_what_is_shown() -> None:
    block = block_of(blocks=(KS,))
    assert repr(block) == str(block) == "KeyBlock(D, P0, A, E, 00, N, KS)"
    assert KEY not in repr([block]).upper()
    with pytest.raises(KeyRefused) as refused:
        block_of(version="B")
    assert KEY not in str(refused.value).upper()


def test_it_is_a_value() -> None:
    with pytest.raises(AttributeError):
        block_of().usage = "K0"  # type: ignore[misc]


HEADS = st.sampled_from([text for _, text, _ in PUBLISHED.values()])


@settings(max_examples=500)
@given(st.text() | st.builds(lambda head, at, tail: head[:at] + tail, HEADS, st.integers(0, 150), st.text(PRINTABLE)))
def test_any_text_is_refused_and_nothing_else(text: str) -> None:
    published = {block for _, block, _ in PUBLISHED.values()}
    for size in (0, 16, 32):
        try:
            unwrap(bytes(size), text, "P0")
        except KeyRefused:
            continue
        assert text in published


@settings(max_examples=300)
@given(HEADS, st.integers(0, 99), st.text(PRINTABLE, max_size=40))
def test_any_optional_blocks_are_refused_and_nothing_else(head: str, count: int, middle: str) -> None:
    """Lengths that are true, so that the optional blocks are read."""
    text = head[:12] + f"{count:02}" + "00" + middle + head[16:]
    text = text[:1] + f"{len(text):04}" + text[5:]
    if text != head:
        with pytest.raises(KeyRefused):
            unwrap(bytes.fromhex(D_KBPK)[: 32 if head[0] == "D" else 16], text, head[5:7])
