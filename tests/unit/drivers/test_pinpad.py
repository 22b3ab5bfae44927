"""A PIN pad on a serial line, over a real pty: what is typed, what comes of it, and what a line can do to a frame.

TEST keys, TEST PINs. psec is the second opinion on the PIN block, cryptography's RSA on the card's.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psec
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from drivers.pinpad import SerialPinpad
from drivers.pinpad_frame import LONGEST, Again, Damaged, Frames, Said, Status, Word, framed
from keys.algorithms.block_cipher import cipher_of
from keys.algorithms.pin_formats import format_of
from simulator.pinpad import SimulatedPinpad
from terminal.emv.oda.capk import PublicKey
from terminal.key_facts import SealedPin, SecretEntry
from terminal.ports import (
    EntryCancelled,
    EntryTimedOut,
    KeyMissing,
    KeyRefused,
    KeysErased,
    PinpadLost,
)

PAN = "6228480000000000017"  # TEST
TMKS = {(1, "des"): bytes(range(16)), (2, "sm4"): bytes(range(1, 17)), (3, "aes"): bytes(range(2, 18))}  # TEST
PIKS = {"des": bytes(range(32, 48)), "sm4": bytes(range(48, 64)), "aes": bytes(range(64, 80))}  # TEST
SLOTS = {"des": 1, "sm4": 2, "aes": 3}
ENTRY = SecretEntry()
QUICK = SecretEntry(first_seconds=1, between_seconds=1)
ANSWER = 0.3  # seconds; a real pad has 2
NO_ONE = "/dev/serial/no-such-pad"


@pytest.fixture
async def pad() -> AsyncIterator[SimulatedPinpad]:
    with SimulatedPinpad(TMKS) as made:
        yield made


@pytest.fixture
def driver(pad: SimulatedPinpad) -> Iterator[SerialPinpad]:
    with SerialPinpad(pad.path, answer_seconds=ANSWER) as made:
        yield made


async def load(driver: SerialPinpad, cipher: str = "des") -> None:
    rule, key, tmk = cipher_of(cipher), PIKS[cipher], TMKS[SLOTS[cipher], cipher]
    await driver.load_pin_key(rule.encrypt(tmk, key), rule.check_value(key), cipher, SLOTS[cipher])


async def type_at(pad: SimulatedPinpad, *keys: str) -> None:
    while not pad.is_asking:  # noqa: ASYNC110 - a hand sees the prompt
        await asyncio.sleep(0.001)
    pad.press(*keys)


async def entered(pad: SimulatedPinpad, driver: SerialPinpad, *keys: str, format: str = "iso-0", entry=ENTRY, pan=PAN):
    """The block of what the hand types, and what was told of it meanwhile."""
    told: list[int] = []
    hand = asyncio.create_task(type_at(pad, *keys))
    try:
        return await driver.enter_pin(entry, pan, format, told.append), told
    finally:
        await hand


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")  # psec's
async def test_a_pin_block_that_another_implementation_opens(pad: SimulatedPinpad, driver: SerialPinpad) -> None:
    await load(driver)
    sealed, told = await entered(pad, driver, *"123456", "enter")
    assert isinstance(sealed, SealedPin)
    clear = psec.des.decrypt_tdes_ecb(PIKS["des"], sealed.block)
    assert psec.pinblock.decode_pinblock_iso_0(clear, PAN) == "123456"
    assert told == [0, 1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(("format", "cipher"), [("iso-3", "des"), ("iso-0-sm4", "sm4"), ("iso-4", "aes")])
async def test_every_format_is_opened_by_the_bank(pad: SimulatedPinpad, driver: SerialPinpad, format: str, cipher: str):
    await load(driver, cipher)
    sealed, _ = await entered(pad, driver, *"98765", "enter", format=format)
    assert format_of(format).read(PIKS[cipher], sealed.block, PAN) == "98765"


async def test_what_the_hand_does_is_told_as_a_count_and_a_short_pin_is_told_again(pad, driver) -> None:
    await load(driver)
    sealed, told = await entered(pad, driver, *"12", "enter", "clear", "clear", "clear", *"1234", "enter")
    assert told == [0, 1, 2, 2, 1, 0, 1, 2, 3, 4]
    assert format_of("iso-0").read(PIKS["des"], sealed.block, PAN) == "1234"


async def test_the_thirteenth_digit_is_none(pad, driver) -> None:
    await load(driver)
    sealed, told = await entered(pad, driver, *"1234567890123", "enter")
    assert told[-1] == 12
    assert format_of("iso-0").read(PIKS["des"], sealed.block, PAN) == "123456789012"


async def test_no_pin_is_an_answer_where_it_may_be(pad, driver) -> None:
    await load(driver)
    assert await entered(pad, driver, "enter") == (None, [0])
    must = SecretEntry(may_skip=False)
    sealed, told = await entered(pad, driver, "enter", *"1234", "enter", entry=must)
    assert sealed is not None
    assert told[:2] == [0, 0]


async def test_the_cardholder_cancels(pad, driver) -> None:
    await load(driver)
    with pytest.raises(EntryCancelled):
        await entered(pad, driver, *"12", "cancel")
    assert not pad.is_asking


async def test_nobody_types(pad, driver) -> None:
    await load(driver)
    with pytest.raises(EntryTimedOut):
        await entered(pad, driver, *"12", entry=QUICK)


async def test_who_gives_the_entry_up_stops_the_pad_and_its_late_answer_is_nobody_s(pad, driver) -> None:
    await load(driver)
    giving_up = asyncio.create_task(driver.enter_pin(ENTRY, PAN, "iso-0", lambda _: None))
    await type_at(pad, *"12")
    giving_up.cancel()
    with pytest.raises(asyncio.CancelledError):
        await giving_up
    async with asyncio.timeout(2):  # it hears of it over the line, long before its own time is over
        while pad.is_asking:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    sealed, told = await entered(pad, driver, *"1234", "enter")
    assert told == [0, 1, 2, 3, 4]
    assert sealed is not None


async def test_a_pin_without_its_key_is_not_asked_for(pad, driver) -> None:
    with pytest.raises(KeyMissing):
        await driver.enter_pin(ENTRY, PAN, "iso-0", lambda _: None)
    assert not pad.is_asking


async def test_a_key_is_taken_only_with_its_check_value_and_its_master_key(pad, driver) -> None:
    with pytest.raises(KeyRefused):
        await driver.load_pin_key(bytes(16), bytes(4))
    with pytest.raises(KeyMissing):
        await driver.load_pin_key(bytes(16), bytes(4), slot=9)
    with pytest.raises(KeyRefused, match="no cipher 'rc4'"):
        await driver.load_pin_key(bytes(16), bytes(4), "rc4")
    with pytest.raises(KeyRefused, match="no PIN block 'iso-9'"):
        await driver.enter_pin(ENTRY, PAN, "iso-9", lambda _: None)
    with pytest.raises(KeyMissing):  # none of them left a key behind
        await driver.enter_pin(ENTRY, PAN, "iso-0", lambda _: None)


async def test_a_pan_that_is_none_makes_no_block(pad, driver) -> None:
    await load(driver)
    with pytest.raises(KeyRefused):
        await entered(pad, driver, *"1234", "enter", pan="12")


async def test_a_pad_that_was_opened_has_no_keys(pad, driver) -> None:
    await load(driver)
    pad.open()
    with pytest.raises(KeysErased, match="was opened"):
        await driver.enter_pin(ENTRY, PAN, "iso-0", lambda _: None)


async def test_a_pin_for_the_card_under_the_card_s_key(pad, driver) -> None:
    """EMV 4.4 Book 2, 7.2: 7F, the block of format 2, the challenge, and a filling that fits the key."""
    private = rsa.generate_private_key(65537, 1024)  # TEST
    public = private.public_key().public_numbers()
    key, challenge = PublicKey(public.n.to_bytes(128), public.e), bytes(range(8))
    hand = asyncio.create_task(type_at(pad, *"246801", "enter"))
    assert await driver.enter_card_pin(ENTRY, lambda _: None)
    await hand
    data = await driver.encipher_card_pin(key, challenge)
    clear = pow(int.from_bytes(data), private.private_numbers().d, public.n).to_bytes(128)
    assert clear[:17] == b"\x7f" + bytes.fromhex("26246801FFFFFFFF") + challenge
    with pytest.raises(KeyRefused):  # once
        await driver.encipher_card_pin(key, challenge)


async def test_no_pin_for_the_card(pad, driver) -> None:
    hand = asyncio.create_task(type_at(pad, "enter"))
    assert not await driver.enter_card_pin(ENTRY, lambda _: None)
    await hand


async def test_no_pin_is_handed_out_in_clear(driver) -> None:
    with pytest.raises(PinpadLost, match="in clear"):
        await driver.show_card_pin("Virtual PCD 00 00")


@pytest.mark.parametrize("spoilt", [1, 2])
async def test_a_damaged_answer_is_asked_for_again(pad, driver, spoilt: int) -> None:
    pad.spoils = spoilt
    await load(driver)
    assert pad.spoils == 0


async def test_a_line_that_damages_all_is_lost(pad, driver) -> None:
    pad.spoils = 3
    with pytest.raises(PinpadLost, match="whole"):
        await load(driver)
    await load(driver)  # what came too late belongs to nobody


async def test_a_damaged_question_is_said_again(pad, driver) -> None:
    await load(driver)
    pad.is_mute = True
    loading = asyncio.create_task(load(driver))
    await asyncio.sleep(0.02)
    pad.is_mute = False
    pad.say(b"\x15")
    await loading


async def test_noise_and_half_a_frame_before_the_answer(pad, driver) -> None:
    await load(driver)
    pad.say(b"\xff\x00\x55")
    await load(driver)
    pad.say(b"\x02\x00\x09half")
    await load(driver)


async def test_a_piece_of_an_answer_and_then_silence_is_asked_for_again(pad, driver) -> None:
    pad.cuts = 1
    await load(driver)
    assert pad.cuts == 0


async def test_a_mute_pad_is_lost_in_time_and_found_again(pad, driver) -> None:
    pad.is_mute = True
    started = asyncio.get_running_loop().time()
    with pytest.raises(PinpadLost, match="does not answer"):
        await load(driver)
    assert asyncio.get_running_loop().time() - started < 3 * ANSWER
    pad.is_mute = False
    await load(driver)


async def test_an_answer_that_nobody_knows_is_no_answer(pad, driver) -> None:
    for status in (bytes((99,)), b""):
        pad.is_mute = True
        loading = asyncio.create_task(load(driver))
        await asyncio.sleep(0.02)
        pad.say(framed(Said(driver._number, Word.LOAD_KEY, status)))
        with pytest.raises(PinpadLost, match="nobody knows"):
            await loading


async def test_a_pad_that_is_pulled_out(pad, driver) -> None:
    await load(driver)
    entering = asyncio.create_task(driver.enter_pin(ENTRY, PAN, "iso-0", lambda _: None))
    await type_at(pad, *"12")
    pad.unplug()
    with pytest.raises(PinpadLost, match="is gone"):
        await entering
    with pytest.raises(PinpadLost, match="is gone"):  # and the line that is not there any more
        await load(driver)


async def test_no_pad_at_all() -> None:
    with pytest.raises(PinpadLost), SerialPinpad(NO_ONE) as driver:
        await driver.enter_card_pin(ENTRY, lambda _: None)


async def test_no_second_program_gets_the_line(pad, driver) -> None:
    await load(driver)
    with pytest.raises(PinpadLost), SerialPinpad(pad.path, answer_seconds=ANSWER) as other:
        await load(other)


async def test_no_account_and_no_pin_in_a_message_or_a_repr(pad, driver) -> None:
    said = Said(1, Word.ONLINE_PIN, b"\0" + PAN.encode())
    assert PAN not in repr(said)
    assert PAN.encode().hex() not in repr(said)
    await load(driver)
    with pytest.raises(EntryCancelled) as caught:
        await entered(pad, driver, *"1234", "cancel")
    shown = f"{caught.value!r} {caught.value.__context__!r} {pad!r} {driver!r}"
    assert not any(secret in shown for secret in (PAN, "1234", PIKS["des"].hex()))


frames = st.builds(Said, st.integers(0, 255), st.integers(0, 255), st.binary(max_size=300))


@given(st.lists(frames, max_size=5), st.lists(st.integers(1, 40), max_size=40))
def test_frames_come_whole_however_they_are_cut(said: list[Said], cuts: list[int]) -> None:
    stream, parser, heard = b"".join(map(framed, said)), Frames(), []
    for cut in cuts:
        heard += parser.take(stream[:cut])
        stream = stream[cut:]
    heard += parser.take(stream)
    assert heard == said
    assert not parser.has_begun


@given(frames, st.integers(1, 2000), st.integers(1, 255))
def test_one_altered_byte_never_gives_another_frame(said: Said, place: int, change: int) -> None:
    raw = bytearray(framed(said))
    raw[place % len(raw)] ^= change
    assert all(not isinstance(heard, Said) for heard in Frames().take(bytes(raw)))


@given(st.binary(max_size=300))
def test_no_bytes_break_the_parser(raw: bytes) -> None:
    parser = Frames()
    assert all(isinstance(heard, Said | Damaged | Again) for heard in parser.take(raw))


def test_a_length_that_no_frame_has_is_not_waited_for() -> None:
    for length in (0, 1, LONGEST + 1, 0xFFFF):
        parser = Frames()
        assert list(parser.take(b"\x02" + length.to_bytes(2))) == [Damaged()]
        assert not parser.has_begun


def test_the_frames_of_the_manual() -> None:
    """docs/pin-pad.md, worked example."""
    question = Said(1, Word.CARD_PIN, bytes((4, 12, 1, 60, 20)))
    assert framed(question).hex().upper() == "0200070143040C013C140367"
    assert framed(Said(1, Word.CARD_PIN, bytes((Status.DONE,)))).hex().upper() == "0200030143000342"


def test_pyserial_is_imported_by_who_has_a_pad_only() -> None:
    code = "import sys, drivers.pinpad; sys.exit('serial' in sys.modules)"
    subprocess.run((sys.executable, "-c", code), cwd=Path(__file__).parents[3], check=True)
