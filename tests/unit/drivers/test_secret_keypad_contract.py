"""SecretKeypad: whoever holds it hears its keys alone, from the moment it is held to the moment it is let go.

The evdev ones run on tests/unit/drivers/fake_kernel.py. What is left to a board: that the real kernel does what it
says there, and that no other way from the keys to another process is open (a console, a second node of the device).
"""

from __future__ import annotations

import asyncio
import socket
import stat

import pytest

from drivers.secret_glass import EvdevSecretGlass
from drivers.secret_keypad import EvdevSecretKeypad
from simulator.secret_keypad import KeyWire, SocketSecretKeypad
from terminal.pad_link import PadLink
from terminal.ports import PinpadLost
from tests.unit.drivers.device_time import run
from tests.unit.drivers.fake_kernel import EV_KEY, HELD, SYN, UP, Kernel
from tests.unit.drivers.secret_pads import (
    BTN_TOUCH,
    CODES,
    KEYMAP,
    KINDS,
    PAD,
    EvdevHand,
    QueueHand,
    glass,
    hand_on,
)

each = pytest.mark.parametrize("kind", KINDS)


async def typed(keypad, count):
    async with asyncio.timeout(5):
        return [(await keypad.pressed()).key for _ in range(count)]


async def says_nothing(keypad):
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await keypad.pressed()


def dialogue(kind, folder, script):
    async def play():
        async with hand_on(kind, folder) as hand:
            await script(hand)

    run(play())


@each
def test_keys_come_in_their_order(kind, tmp_path):
    async def script(hand):
        async with hand.pad.held() as keypad:
            for key in ("2", "4", "clear", "6", "8", "0", "enter"):
                await hand.press(key)
            assert await typed(keypad, 7) == ["2", "4", "clear", "6", "8", "0", "enter"]
            await says_nothing(keypad)

    dialogue(kind, tmp_path, script)


@each
def test_what_is_pressed_while_it_is_not_held_is_forgotten(kind, tmp_path):
    async def script(hand):
        for _ in range(3):
            await hand.press("9")
            async with hand.pad.held() as keypad:
                await hand.press("5")
                assert await typed(keypad, 1) == ["5"]
                await hand.press("7")  # in the queue when the entry ends

    dialogue(kind, tmp_path, script)


@each
def test_an_entry_that_fails_lets_it_go(kind, tmp_path):
    async def script(hand):
        with pytest.raises(ZeroDivisionError):
            async with hand.pad.held():
                raise ZeroDivisionError
        entering = asyncio.ensure_future(_wait_for_a_key(hand.pad))
        await asyncio.sleep(0.1)
        entering.cancel()
        await asyncio.gather(entering, return_exceptions=True)
        async with hand.pad.held() as keypad:
            await hand.press("1")
            assert await typed(keypad, 1) == ["1"]

    dialogue(kind, tmp_path, script)


async def _wait_for_a_key(pad):
    async with pad.held() as keypad:
        await keypad.pressed()


@each
def test_whoever_gives_up_waiting_loses_no_key(kind, tmp_path):
    async def script(hand):
        async with hand.pad.held() as keypad:
            await says_nothing(keypad)
            await hand.press("1")
            await hand.press("2")
            assert await typed(keypad, 2) == ["1", "2"]

    dialogue(kind, tmp_path, script)


@each
def test_another_who_holds_it_on_is_said(kind, tmp_path):
    async def script(hand):
        loop = asyncio.get_running_loop()
        async with hand.held_elsewhere():
            began = loop.time()
            with pytest.raises(PinpadLost):
                await _wait_for_a_key(hand.pad)
            assert 1.0 <= loop.time() - began < 1.2
        async with hand.pad.held() as keypad:
            await hand.press("1")
            assert await typed(keypad, 1) == ["1"]

    dialogue(kind, tmp_path, script)


@each
def test_another_who_lets_go_in_time_is_waited_for(kind, tmp_path):
    async def script(hand):
        async def elsewhere():
            async with hand.held_elsewhere():
                await asyncio.sleep(0.6)

        other = asyncio.ensure_future(elsewhere())
        await asyncio.sleep(0.1)
        await hand.press("9")  # the other's
        async with hand.pad.held() as keypad:
            assert other.done()
            await hand.press("1")
            assert await typed(keypad, 1) == ["1"]

    dialogue(kind, tmp_path, script)


# --- over the kernel -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["evdev", "glass"])
def test_nobody_else_hears_it_and_it_is_closed_afterwards(kind, tmp_path):
    async def script(hand):
        other = hand.kernel.open("somebody who listens")
        await hand.press("1")
        assert list(other.read()), "it hears, before"
        async with hand.pad.held() as keypad:
            await hand.press("2")
            assert await typed(keypad, 1) == ["2"]
            with pytest.raises(BlockingIOError):
                list(other.read())
        assert hand.kernel.holder is None
        assert hand.kernel.files == [other]
        await hand.press("3")
        assert list(other.read()), "and after"
        with pytest.raises(PinpadLost):
            await keypad.pressed()

    dialogue(kind, tmp_path, script)


@pytest.mark.parametrize("kind", ["evdev", "glass"])
def test_a_device_that_is_pulled_out_is_lost(kind, tmp_path):
    async def script(hand):
        async with hand.pad.held() as keypad:
            waiting = asyncio.ensure_future(keypad.pressed())
            await asyncio.sleep(0.1)
            hand.kernel.pull_out()
            with pytest.raises(PinpadLost):
                await waiting
        with pytest.raises(PinpadLost):
            await _wait_for_a_key(hand.pad)
        hand.kernel.is_there = True
        async with hand.pad.held() as keypad:
            await hand.press("1")
            assert await typed(keypad, 1) == ["1"]

    dialogue(kind, tmp_path, script)


def test_a_key_that_is_down_from_before_is_ignored():
    async def play():
        hand = EvdevHand()
        hand.kernel.events((EV_KEY, CODES["clear"], 1), SYN)
        async with hand.pad.held() as keypad:
            hand.kernel.events((EV_KEY, CODES["clear"], HELD), SYN, (EV_KEY, CODES["clear"], HELD), SYN)
            hand.kernel.events((EV_KEY, CODES["clear"], UP), SYN)
            await hand.press("4")
            assert await typed(keypad, 1) == ["4"]

    run(play())


class BetweenOpenAndGrab(Kernel):
    """A key is pressed in the very moment in which the vault takes the keypad."""

    def grab(self, file):
        self.press(CODES["8"])
        super().grab(file)


def test_what_came_between_opening_and_holding_is_forgotten():
    async def play():
        kernel = BetweenOpenAndGrab()
        async with EvdevSecretKeypad("keypad", KEYMAP, opener=kernel.open).held() as keypad:
            kernel.press(CODES["1"])
            assert await typed(keypad, 1) == ["1"]

    run(play())


# --- glass -----------------------------------------------------------------------------------------------------------
def on_glass(folder, script, **options):
    async def play():
        async with glass(folder / "glass.sock", **options) as hand:
            await script(hand)

    run(play())


def test_a_face_is_shown_for_the_time_of_the_entry(tmp_path):
    async def script(hand):
        async with hand.pad.held():
            assert hand.labels == tuple(cell.key for cell in PAD.cells)
        await asyncio.sleep(0.1)
        assert hand.labels == ()

    on_glass(tmp_path, script)


def test_a_finger_that_was_there_before_or_slides_types_nothing(tmp_path):
    async def script(hand):
        hand.touch(50, 450)
        async with hand.pad.held() as keypad:
            hand.kernel.events((EV_KEY, BTN_TOUCH, UP), SYN)
            hand.touch(50, 450)
            hand.kernel.events((3, 0, 2 * 170), SYN, (EV_KEY, BTN_TOUCH, UP), SYN)  # from 1 to 2
            hand.tap(115, 450)  # between 1 and 2
            hand.tap(200, 100)  # above the pad
            await hand.press("8")
            assert await typed(keypad, 1) == ["8"]

    on_glass(tmp_path, script)


def test_the_same_place_twice_is_the_same_key_twice(tmp_path):
    async def script(hand):
        for _ in range(2):  # the second entry begins where the kernel tells no axis any more
            async with hand.pad.held() as keypad:
                await hand.press("5")
                await hand.press("5")
                assert await typed(keypad, 2) == ["5", "5"]

    on_glass(tmp_path, script)


def test_without_a_front_there_is_no_pad(tmp_path):
    async def script(hand):
        with pytest.raises(PinpadLost):
            await _wait_for_a_key(hand.pad)
        assert hand.kernel.holder is None

    on_glass(tmp_path, script, has_front=False)


def test_a_face_that_nobody_draws_is_taken_back(tmp_path):
    async def script(hand):
        hand.is_drawing = False
        with pytest.raises(PinpadLost):
            await _wait_for_a_key(hand.pad)
        await asyncio.sleep(0.1)
        assert [bool(face) for face in hand.faces] == [True, False]
        hand.is_drawing = True
        async with hand.pad.held() as keypad:
            await hand.press("1")
            assert await typed(keypad, 1) == ["1"]

    on_glass(tmp_path, script)


def test_a_touch_of_what_could_not_be_seen_yet_types_nothing(tmp_path):
    async def script(hand):
        hand.draw_after = 0.5
        asyncio.get_running_loop().call_later(0.2, hand.tap, 50, 450)
        async with hand.pad.held() as keypad:
            await says_nothing(keypad)
            await hand.press("1")
            assert await typed(keypad, 1) == ["1"]

    on_glass(tmp_path, script)


def test_a_front_that_goes_ends_the_entry(tmp_path):
    async def script(hand):
        front = asyncio.ensure_future(hand.show())
        async with hand.pad.held() as keypad:
            waiting = asyncio.ensure_future(keypad.pressed())
            await asyncio.sleep(0.1)
            front.cancel()
            with pytest.raises(PinpadLost):
                await waiting

    on_glass(tmp_path, script, has_front=False)


def test_a_panel_without_axes_is_no_pad(tmp_path):
    async def script(hand):
        hand.kernel.axes.clear()
        with pytest.raises(PinpadLost):
            await _wait_for_a_key(hand.pad)
        assert not hand.kernel.files

    on_glass(tmp_path, script)


# --- the simulated ones ----------------------------------------------------------------------------------------------
def test_a_key_on_the_wire_is_answered(tmp_path):
    async def play():
        path = tmp_path / "keys.sock"
        wire = KeyWire(path)
        assert not await wire.press("1"), "nobody holds it"
        async with SocketSecretKeypad(path).held() as keypad:
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert not await wire.press("letter")
            assert await wire.press("2")
            assert await typed(keypad, 1) == ["2"]
        assert not path.exists()
        assert not await wire.press("3")

    run(play())


def test_keys_pressed_at_once_keep_their_order(tmp_path):
    async def play():
        wire = KeyWire(tmp_path / "keys.sock")
        async with SocketSecretKeypad(tmp_path / "keys.sock").held() as keypad:
            assert all(await asyncio.gather(*(wire.press(str(at % 10)) for at in range(30))))
            assert await typed(keypad, 30) == [str(at % 10) for at in range(30)]

    run(play())


def test_a_key_is_answered_before_the_next_one_leaves(tmp_path):
    async def play():
        here, most = 0, 0

        async def slow(reader, writer):
            nonlocal here, most
            here += 1
            most = max(most, here)
            await reader.readline()
            await asyncio.sleep(0.1)
            here -= 1
            writer.write(b"taken\n")
            writer.close()

        server = await asyncio.start_unix_server(slow, path=str(tmp_path / "keys.sock"))
        wire = KeyWire(tmp_path / "keys.sock")
        await asyncio.gather(*(wire.press("1") for _ in range(3)))
        server.close()
        assert most == 1

    run(play())


def test_a_socket_that_a_killed_vault_left_behind_is_replaced(tmp_path):
    async def play():
        path = tmp_path / "keys.sock"
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(str(path))
        async with SocketSecretKeypad(path).held() as keypad:
            await KeyWire(path).press("1")
            assert await typed(keypad, 1) == ["1"]

    run(play())


def test_a_folder_that_is_not_there_is_said(tmp_path):
    async def play():
        with pytest.raises(PinpadLost):
            await _wait_for_a_key(SocketSecretKeypad(tmp_path / "nowhere" / "keys.sock"))

    run(play())


def test_a_file_that_is_no_socket_is_not_replaced(tmp_path):
    async def play():
        path = tmp_path / "keys.sock"
        path.write_text("somebody's")
        with pytest.raises(PinpadLost):
            await _wait_for_a_key(SocketSecretKeypad(path))
        assert path.read_text() == "somebody's"

    run(play())


def test_a_queue_says_whether_it_took_the_key():
    async def play():
        hand = QueueHand()
        assert not hand.queue.press("1")
        async with hand.pad.held():
            assert hand.queue.press("1")
        assert not hand.queue.press("1")

    run(play())


def test_no_layout_is_in_any_repr(tmp_path):
    async def script(hand):
        async with hand.pad.held() as keypad:
            for told in (hand.link, hand.link._front, hand.link._front.face, keypad, hand.pad):
                assert "'7'" not in repr(told), told

    on_glass(tmp_path, script)


def test_nothing_is_opened_before_it_is_held():
    kernel = Kernel()
    EvdevSecretKeypad("keypad", KEYMAP, opener=kernel.open)
    EvdevSecretGlass("panel", PadLink(), opener=kernel.open)
    assert not kernel.files
