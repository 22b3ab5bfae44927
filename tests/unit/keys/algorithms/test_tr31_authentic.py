"""Key blocks whose MAC is right, by a second hand, and which are wrong all the same: who made them had the KBPK."""

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

from keys.algorithms.key_block_tr31 import OptionalBlock, unwrap
from terminal.ports import KeyRefused

KBPK = bytes.fromhex("88E1AB2A2E3DD38C1FA039A536500CC8A87AB9D62DC92C01058FA79F44657DE6")  # TEST KEY: X9.143, 8.1
KEY = "3F419E1CB7079442AA37474C2EFBF8B8"
CLEAR = "0080" + KEY + "00" * 14


def cmac(key: bytes, message: bytes) -> bytes:
    running = CMAC(AES(key))
    running.update(message)
    return running.finalize()


def authentic(clear: str = CLEAR, count: str = "00", optional: str = "", more: int = 0) -> str:
    """TR-31:2018, 5.3.2, version D with AES-256, written a second time. `more` is how far its length is wrong."""
    data = bytes.fromhex(clear)
    kbek, kbak = (b"".join(cmac(KBPK, bytes((at, 0, use, 0, 0, 4, 1, 0))) for at in (1, 2)) for use in (0, 1))
    header = f"D{16 + len(optional) + 2 * len(data) + 32 + more:04}P0AE00E{count}00{optional}"
    mac = cmac(kbak, header.encode() + data)
    encryptor = Cipher(AES(kbek), modes.CBC(mac)).encryptor()
    return header + (encryptor.update(data) + encryptor.finalize() + mac).hex().upper()


@pytest.mark.parametrize("clear", [CLEAR, "00C0" + KEY + "00" * 14, "0080" + KEY + "FF" * 46])
def test_a_key_and_any_padding(clear: str) -> None:
    assert unwrap(KBPK, authentic(clear), "P0").key == bytes.fromhex(clear)[2 : 2 + int(clear[:4], 16) // 8]


@pytest.mark.parametrize(
    "clear",
    [
        "0100" + KEY + "00" * 14,  # 32 bytes, where only 30 are
        "0118" + KEY + "00" * 30,  # 35
        "0081" + KEY + "00" * 14,  # bits that are no bytes
        "00C0" + KEY[:28],  # 24 bytes, where only 14 are
        "0100" + KEY + KEY[:16] + "00" * 6,  # 32 bytes, and there is one key of 24 and more in what there is
        "0000" + KEY[:28],
        "FFFF" + KEY + "00" * 14,
        "",
    ],
)
def test_a_key_of_another_length_than_it_says(clear: str) -> None:
    with pytest.raises(KeyRefused):
        unwrap(KBPK, authentic(clear), "P0")


@pytest.mark.parametrize(
    ("count", "optional", "ids"),
    [
        ("01", "KS1000604B120F92", ("KS",)),
        ("02", "TS04PB0C00000000", ("TS",)),
        ("02", "TS04PB0Cany text", ("TS",)),
        ("01", "CT00020020" + "x" * 22, ("CT",)),
        ("01", "CT00040020" + "x" * 22, ("CT",)),
        ("01", "PB10000000000000", ()),
    ],
)
def test_optional_blocks_that_are(count: str, optional: str, ids: tuple[str, ...]) -> None:
    assert tuple(block.id for block in unwrap(KBPK, authentic(CLEAR, count, optional), "P0").blocks) == ids


def test_an_optional_blocks_text() -> None:
    text = authentic(CLEAR, "02", "TS0Ca ~ 9:00PB04")
    assert unwrap(KBPK, text, "P0").blocks == (OptionalBlock("TS", "a ~ 9:00"),)


@pytest.mark.parametrize(
    ("count", "optional"),
    [
        ("02", "PB0C00000000TS04"),  # padding, and more after it
        ("02", "TS08AAAATS08AAAA"),  # twice
        ("01", "TS04"),  # not a whole block of the cipher
        ("02", "TS020E0123456789"),  # shorter than its own name and length: the next begins inside
        ("01", "TS00020AAAAAAAAA"),  # the same with a long length
        ("01", "TS00030010AAAAAA"),  # a length of three bytes
        ("01", "TS10AAAA\nAAAAAAA"),
        ("01", "TS10AAAA\x7fAAAAAAA"),
        ("01", "ts10AAAAAAAAAAAA"),
        ("01", "TS0FAAAAAAAAAAAA"),
        ("01", "TSFFAAAAAAAAAAAA"),  # behind the end
        ("02", "TS10AAAAAAAAAAAA"),  # one, and not two
        ("00", "TS10AAAAAAAAAAAA"),
        ("99", "TS10AAAAAAAAAAAA"),
    ],
)
def test_optional_blocks_that_are_none(count: str, optional: str) -> None:
    with pytest.raises(KeyRefused):
        unwrap(KBPK, authentic(CLEAR, count, optional), "P0")


@pytest.mark.parametrize("more", [-32, -16, 16, 32, 1000])
def test_another_length_than_it_has(more: int) -> None:
    with pytest.raises(KeyRefused):
        unwrap(KBPK, authentic(more=more), "P0")


@pytest.mark.parametrize("strange", ["\ud800", "é", "０", "\0"])
def test_characters_that_no_key_block_has(strange: str) -> None:
    whole = authentic(CLEAR, "01", "TS10AAAAAAAAAAAA")
    for at in range(len(whole)):
        with pytest.raises(KeyRefused):
            unwrap(KBPK, whole[:at] + strange + whole[at + 1 :], "P0")
