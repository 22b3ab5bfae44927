"""The counter: the back room, one front of the terminal, and the page. Law: what the page shows is what really is.

The front here is a front like the device's: it attaches over the same socket and paints with the same painter.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import Any

from simulator.acquirer.faults import LineState
from simulator.counter import captions, printer
from simulator.counter.back_room import BackRoom
from simulator.counter.bank import CounterBank
from simulator.counter.card_notes import listed
from simulator.counter.film import Film, gif
from simulator.counter.film_web import has_ffmpeg
from simulator.counter.glass import Glass, body_of, device_classes
from simulator.counter.training import Training
from simulator.scanner import SimulatedScanner
from simulator.secret_keypad import KeyWire
from terminal.events import CodeScanned, FrontAttached, KeyPressed, StrokeDrawn
from terminal.front_link import CoreLink
from terminal.screens import Notice, PinPad, Shown, Tone, say
from ui.page import page
from ui.sound import tones
from ui.text import words

WAITING = Shown(Notice(say("desk.product"), Tone.PLAIN, say("desk.starting"), hint=say("hint.wait")))
RETRY = 0.05  # seconds between attempts to attach, while the core starts
PULSE = 0.1  # seconds between looks at what moves by itself: a text that runs, paper, the printer
HELD = 5.0  # seconds that a key on glass looks pressed at most, when its finger is never lifted


class Shop:
    """The CounterDesk of a real shop."""

    def __init__(self, room: BackRoom, device: str) -> None:
        self._room, self._film = room, Film()
        self._shown, self.serial, self.frame = WAITING, 0, 0
        self._glass = Glass(device, WAITING, self._repainted)
        self._sound: tuple[int, tuple[int, ...]] = (0, ())  # the last one, and with which screen it came
        self._speech: tuple[int, str] = (0, "")
        self._key = ""  # what was pressed last, for the film
        self._changed, self._moved = asyncio.Event(), asyncio.Event()
        self._link: CoreLink | None = None
        self._following: asyncio.Task[None] | None = None
        self._is_gone = True  # the core, and not only this front for another one
        self._scanner = SimulatedScanner()
        self._keypad = KeyWire(room.keypad_path)
        self._typing: set[asyncio.Task[bool]] = set()
        self.bank = CounterBank(room.host, room.faults, room.bank)
        self._training = Training(self, self._repainted)

    # --- the front -----------------------------------------------------------------------------------------------
    async def attend(self) -> None:
        """Attach to the core, again and again: it may lose its current at any moment."""
        while True:
            self._following = asyncio.create_task(self._follow())
            try:
                await asyncio.wait((self._following,))
            finally:
                self._following.cancel()
            self._link = None
            if self._is_gone:
                self._show(WAITING)
                await asyncio.sleep(RETRY)

    async def _follow(self) -> None:
        me = FrontAttached("counter", has_glass=self._glass.device.is_touch)
        self._is_gone = True
        with contextlib.suppress(OSError):
            async with CoreLink.attach(self._room.folder / "front.sock", me) as self._link:
                async for shown in self._link.screens():
                    self._show(shown)

    async def forward_codes(self) -> None:
        """Every code to the core; none while somebody types a secret, as at a device."""
        while True:
            code = await self._scanner.scanned()
            if not isinstance(self._shown.screen, PinPad):
                self._report(code)

    async def keep_time(self) -> None:
        """What moves without a new screen: a text that runs, paper that comes out, a printer that has none."""
        seen = self._printed()
        while True:
            await asyncio.sleep(PULSE)
            self._glass.pulse(PULSE)
            if (now := self._printed()) != seen:
                seen = now
                self._repainted()

    def _printed(self) -> tuple[int, str]:
        return self._room.printer.count, self._room.printer.state

    def _show(self, shown: Shown) -> None:
        if shown.screen != self._shown.screen or shown.status != self._shown.status or shown != self._shown:
            before, self._shown, self.serial = self._shown, shown, self.serial + 1
            if sound := tones(before, shown):
                self._sound = self.serial, sound
            if shown.manner.is_spoken:
                from ui.speech import spoken  # most people see

                if text := spoken(before, shown):
                    self._speech = self.serial, text
            self._glass.show(shown)
            self._key = ""
            self._changed.set()
            self._changed = asyncio.Event()

    def _repainted(self) -> None:
        """There is a new picture, or something else to look at."""
        self.frame += 1
        self._film.add(self._glass.png, self._key, self._room.printer.count)
        self._moved.set()
        self._moved = asyncio.Event()

    # --- CounterDesk ---------------------------------------------------------------------------------------------
    def screen(self) -> dict[str, Any]:
        shown = page(self._shown, words(self._shown.language))
        manner = self._shown.manner
        return {
            "kind": shown.kind,
            "title": shown.title,
            "lines": shown.plain_lines(),
            "hint": shown.hint,
            "status": list(shown.status),
            "language": shown.language,
            "theme": manner.theme,
            "is_quiet": manner.is_quiet,
            "sound": {"serial": self._sound[0], "tones": list(self._sound[1])},
            "speech": {"serial": self._speech[0], "text": self._speech[1]},
        }

    def screen_png(self) -> bytes:
        return self._glass.png()

    async def changed(self, serial: int, timeout: float) -> int:
        """The newest serial, as soon as it differs from `serial` or the time is over."""
        if self.serial == serial:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    await self._changed.wait()
        return self.serial

    async def moved(self, frame: int, timeout: float) -> int:
        """The newest frame, as soon as it differs from `frame` or the time is over."""
        if self.frame == frame:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    await self._moved.wait()
        return self.frame

    def press(self, key: str) -> None:
        """To whoever holds the keypad: the vault, while a secret is typed, else the front."""
        self._key = captions.of_key(key, self._shown)
        self._glass.press(key)
        if isinstance(self._shown.screen, PinPad):
            typing = asyncio.ensure_future(self._keypad.press(key))
            self._typing.add(typing)
            typing.add_done_callback(self._typing.discard)
        elif not self._glass.scrolls(key):
            self._report(KeyPressed(key))

    def touch(self, stroke: list[tuple[int, int]], is_down: bool = False) -> None:
        """A drag on the pad is a stroke; anywhere else a touch is the key under it, where it began and ended.

        `is_down`: the finger has come down and has not been lifted; what is under it is shown as pressed.
        """
        drawn = self._glass.stroke(stroke)
        key = self._glass.hit(*stroke[-1]) if drawn is None or len(stroke) == 1 else None
        if is_down:
            if key is not None:
                self._glass.press(key, HELD)
        elif key is not None and key == self._glass.hit(*stroke[0]):
            self._key = captions.of_key(key, self._shown)
            self._glass.press(key)
            if not self._glass.scrolls(key):
                self._report(KeyPressed(key))
        elif drawn is not None:
            self._report(drawn)

    def turn_into(self, device: str) -> None:
        """Another device class, in the middle of anything; the core sees a front go and another one come."""
        self._glass.turn_into(device)
        if self._following is not None:
            self._is_gone = False
            self._following.cancel()

    def scan(self, text: str) -> None:
        if not self._scanner.scan(text):
            raise ValueError("the scanner keeps to itself what may hold a card number")

    def cards(self) -> list[dict[str, Any]]:
        return listed(self._room.tray, self._room.inserted)

    async def insert(self, id: str) -> None:
        self._handle_card("insert")
        await self._room.insert(id)
        self._repainted()

    async def swipe(self, id: str) -> None:
        self._handle_card("swipe")
        self._room.swipe(id)

    async def tap(self, id: str) -> None:
        self._handle_card("tap")
        await self._room.tap(id)

    async def remove(self) -> None:
        self._handle_card("remove")
        await self._room.remove()
        self._repainted()

    def _handle_card(self, how: str) -> None:
        self._key = captions.of_card(how, self._shown)
        self._repainted()

    def papers(self) -> list[dict[str, Any]]:
        return self._room.printer.papers()

    @property
    def line(self) -> str:
        return self._room.faults.state.value

    def set_line(self, state: str) -> None:
        self._room.faults.state = LineState(state)

    def set_printer(self, state: str) -> None:
        self._room.printer.set_state(state)

    def ledger(self) -> dict[str, Any]:
        return self.bank.ledger()

    async def power_cut(self) -> None:
        await self._room.cut_power()

    def record(self, is_on: bool) -> None:
        """Begin a film, or end it."""
        if is_on:
            self._film.start(self._room.printer.count)
            self._key = ""
        self._repainted()
        if not is_on:
            self._film.stop()
            self._repainted()

    async def film_gif(self) -> bytes:
        """Raises FilmEmpty, FilmTooLong."""
        moments = self._film.take()
        papers = self._film.since_start([paper["png"] for paper in self._room.printer.papers()])
        return await asyncio.to_thread(gif, moments, papers)

    def lessons(self) -> list[dict[str, Any]]:
        return self._training.lessons()

    async def set_up(self, lesson: str) -> None:
        await self._training.set_up(lesson)

    def prepare(self) -> None:
        self._training.prepare()

    def facts(self) -> dict[str, Any]:
        return {
            "cards": self._room.card_path,
            "device": self._glass.device.name,
            "body": body_of(self._glass.device),
            "devices": device_classes(),
            "papers": self._room.printer.count,
            "printers": list(printer.STATES),
            "preparing": self._training.is_preparing,
            "trouble": self._training.trouble,
            "film": {
                "recording": self._film.is_recording,
                "moments": self._film.count,
                "seconds": round(self._film.seconds),
                "mp4": has_ffmpeg(),
            },
            "python": sys.version.split()[0],
            "core_pid": self._room.core_pid,
            "line": self.line,
            "printer": self._room.printer.state,
        }

    def _report(self, event: KeyPressed | StrokeDrawn | CodeScanned) -> None:
        if self._link is not None:
            self._link.report(event)
