"""The counter, opened: the back room, one front of the terminal, the page. Law: what the page shows is what really is.

The front here is a front like the device's: it attaches over the same socket and paints with the same painter.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import tempfile
from pathlib import Path
from typing import Any

from simulator.acquirer.faults import LineState
from simulator.cards.description import CardDescription
from simulator.counter.back_room import BackRoom
from simulator.counter.bank import CounterBank
from simulator.counter.play import play_refund
from simulator.scanner import SimulatedScanner
from simulator.secret_keypad import KeyWire
from terminal.events import CodeScanned, FrontAttached, KeyPressed, StrokeDrawn
from terminal.front_link import CoreLink
from terminal.screens import Notice, PinPad, Shown, Tone, say
from ui.page import page
from ui.painter import Painter
from ui.sound import tones
from ui.text import words

WAITING = Shown(Notice(say("desk.product"), Tone.PLAIN, say("desk.starting"), hint=say("hint.wait")))
RETRY = 0.05  # seconds between attempts to attach, while the core starts
SHORT_ANSWER = 8.0  # seconds of patience for a lost answer at the counter; a device has 60


class Shop:
    """The CounterDesk of a real shop."""

    def __init__(self, room: BackRoom, device: str) -> None:
        self._room, self._painter = room, Painter(device)
        self._shown, self.serial = WAITING, 0
        self._sound: tuple[int, tuple[int, ...]] = (0, ())  # the last one, and with which screen it came
        self._changed = asyncio.Event()
        self._link: CoreLink | None = None
        self._scanner = SimulatedScanner()
        self._keypad = KeyWire(room.keypad_path)
        self._typing: set[asyncio.Task[bool]] = set()
        self.bank = CounterBank(room.host, room.faults, room.bank)

    # --- the front -----------------------------------------------------------------------------------------------
    async def attend(self) -> None:
        """Attach to the core, again and again: it may lose its current at any moment."""
        me = FrontAttached("counter", has_glass=self._painter.device.is_touch)
        while True:
            with contextlib.suppress(OSError):
                async with CoreLink.attach(self._room.folder / "front.sock", me) as self._link:
                    async for shown in self._link.screens():
                        self._show(shown)
            self._link = None
            self._show(WAITING)
            await asyncio.sleep(RETRY)

    async def forward_codes(self) -> None:
        """Every code to the core; none while somebody types a secret, as at a device."""
        while True:
            code = await self._scanner.scanned()
            if not isinstance(self._shown.screen, PinPad):
                self._report(code)

    def _show(self, shown: Shown) -> None:
        if shown.screen != self._shown.screen or shown.status != self._shown.status or shown != self._shown:
            sound, self.serial = tones(self._shown, shown), self.serial + 1
            self._shown = shown
            if sound:
                self._sound = self.serial, sound
            self._changed.set()
            self._changed = asyncio.Event()

    # --- CounterDesk ---------------------------------------------------------------------------------------------
    def screen(self) -> dict[str, Any]:
        shown = page(self._shown, words(self._shown.language))
        return {
            "kind": shown.kind,
            "title": shown.title,
            "lines": shown.plain_lines(),
            "hint": shown.hint,
            "status": list(shown.status),
            "language": shown.language,
            "sound": {"serial": self._sound[0], "tones": list(self._sound[1])},
        }

    def screen_png(self) -> bytes:
        return self._painter.png(self._shown)

    async def changed(self, serial: int, timeout: float) -> int:
        """The newest serial, as soon as it differs from `serial` or the time is over."""
        if self.serial == serial:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    await self._changed.wait()
        return self.serial

    def press(self, key: str) -> None:
        """To whoever holds the keypad: the vault, while a secret is typed, else the front."""
        if isinstance(self._shown.screen, PinPad):
            typing = asyncio.ensure_future(self._keypad.press(key))
            self._typing.add(typing)
            typing.add_done_callback(self._typing.discard)
        else:
            self._report(KeyPressed(key))

    def touch(self, stroke: list[tuple[int, int]]) -> None:
        """A drag on the pad is a stroke; anywhere else a touch is the key under it."""
        drawn = self._painter.stroke(self._shown, stroke)
        key = self._painter.hit(self._shown, *stroke[-1]) if drawn is None or len(stroke) == 1 else None
        if key is not None:
            self._report(KeyPressed(key))
        elif drawn is not None:
            self._report(drawn)

    def scan(self, text: str) -> None:
        if not self._scanner.scan(text):
            raise ValueError("the scanner keeps to itself what may hold a card number")

    def cards(self) -> list[dict[str, Any]]:
        return [
            {
                "id": card.id,
                "name": {"zh": card.name_zh, "en": card.name_en},
                "inserted": card.id == self._room.inserted,
                "bad": card.is_bad,
                "kinds": [
                    *(["insert"] if card.chip is not None else []),
                    "swipe",
                    *(["tap"] if card.tap else []),
                ],
            }
            for card in sorted(self._room.tray.values(), key=_place)
        ]

    async def insert(self, id: str) -> None:
        await self._room.insert(id)

    async def swipe(self, id: str) -> None:
        self._room.swipe(id)

    async def tap(self, id: str) -> None:
        await self._room.tap(id)

    async def remove(self) -> None:
        await self._room.remove()

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

    def facts(self) -> dict[str, Any]:
        return {
            "cards": self._room.card_path,
            "device": self._painter.device.name,
            "python": sys.version.split()[0],
            "core_pid": self._room.core_pid,
            "line": self.line,
            "printer": self._room.printer.state,
        }

    def _report(self, event: KeyPressed | StrokeDrawn | CodeScanned) -> None:
        if self._link is not None:
            self._link.report(event)


def _place(card: CardDescription) -> tuple[bool, bool, str]:
    """Good ones first, and of those the everyday ones."""
    return card.is_bad, not card.id.startswith("unionpay"), card.id


async def open_shop(port: int, play: str | None, headless: bool, state: Path | None, device: str) -> int:
    """Run the counter until it is told to stop, or until the play is over; the exit code."""
    with contextlib.ExitStack() as stack:
        folder = state or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="yuanlu-")))
        async with BackRoom(folder.resolve(), SHORT_ANSWER) as room:
            shop = Shop(room, device)
            fronts = [asyncio.create_task(each) for each in (shop.attend(), shop.forward_codes())]
            try:
                work = [] if headless else [_page(shop, port)]
                if play is None:
                    await asyncio.gather(*work)
                    return 0
                serving = [asyncio.create_task(each) for each in work]
                try:
                    return await play_refund(shop)
                finally:
                    for task in serving:
                        task.cancel()
            finally:
                for front in fronts:
                    front.cancel()


async def _page(shop: Shop, port: int) -> None:
    """The page on loopback."""
    import uvicorn

    from simulator.counter.web import counter_app

    config = uvicorn.Config(
        counter_app(shop),
        host="127.0.0.1",
        port=port,
        log_level="warning",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=1,  # an open page's event stream would hold the end for ever
    )
    sys.stdout.write(f"yuanlu counter: http://127.0.0.1:{port}  (Ctrl-C ends it; TEST CARDS AND TEST KEYS ONLY)\n")
    sys.stdout.flush()
    server = uvicorn.Server(config)
    # uvicorn would end the process by the signal it got; the core and pcscd must be ended first
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
    await server.serve()
