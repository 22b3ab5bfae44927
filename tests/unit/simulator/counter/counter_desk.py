"""A CounterDesk of cardboard: it shows one screen and writes down what it is asked to do."""

from __future__ import annotations

import asyncio
import io
from typing import Any

from PIL import Image, ImageDraw

from simulator.acquirer.fault_script import parsed, spelled
from simulator.counter.desk import CannotShow
from simulator.counter.film import FilmEmpty, FilmTooLong
from simulator.counter.lessons import BY_ID, LESSONS, CannotPrepare, told
from simulator.counter.paper import as_png, as_text
from terminal.paper import TextRow
from ui.layout import device_class

LINES = ("up", "down", "slow", "answer_lost", "request_lost")
PNG = b"\x89PNG..."
RECEIPT = (TextRow("签购单", is_tall=True), TextRow("退货 REFUND"), TextRow("RMB  -30.00", is_large=True))


class CardboardBank:
    """A BankDesk of cardboard; `asked` as at its counter."""

    def __init__(self, asked: list[tuple[Any, ...]]) -> None:
        self.asked, self.waiting = asked, list[str]()

    def faults(self) -> dict[str, Any]:
        return {"line": "up", "waiting": self.waiting}

    def add_faults(self, script: str) -> None:
        self.waiting += map(spelled, parsed(script))

    def clear_faults(self) -> None:
        self.waiting.clear()

    def day(self) -> str:
        return "2026-04-28"

    def shift_day(self, days: int) -> None:
        self.asked.append(("days", days))

    def expire_keys(self) -> None:
        self.asked.append(("expire keys",))

    def demand(self, code: str) -> None:
        if code not in tuple("123456789bc"):
            raise ValueError(code)
        self.asked.append(("demand", code))

    def go_down(self, seconds: float) -> None:
        self.asked.append(("down", seconds))

    def reconciliation(self, day: str) -> str:
        return f"day,kind,amount\r\n{day},退货,3000\r\n"

    def signature_png(self, id: int) -> bytes:
        if id == 2:
            raise CannotShow("the signature cannot be shown here: libjbig.so.0 is not installed")
        return {1: PNG}[id]


class CardboardDesk:
    """`asked` is what came through, in order."""

    def __init__(self) -> None:
        self.serial, self.frame, self.line, self.inserted = 1, 1, "up", ""
        self.film: Exception = FilmTooLong("the film is longer than 3 MB can hold: record a shorter one")
        self.asked: list[tuple[Any, ...]] = []
        self.has_changed = asyncio.Event()
        self.bank = CardboardBank(self.asked)

    def screen(self) -> dict[str, Any]:
        return {
            "kind": "menu",
            "title": "原路",
            "lines": ["1 消费", "2 退款"],
            "sound": {"serial": 0, "tones": []},
            "hint": "按数字选择",
            "status": ["测试"],
            "language": "zh_CN",
            "theme": "day",
            "is_quiet": False,
            "speech": {"serial": 0, "text": ""},
        }

    def screen_png(self) -> bytes:
        picture = Image.new("RGB", (480, 800), "white")
        ImageDraw.Draw(picture).rectangle((0, 0, 480, 60), fill="#143c64")
        out = io.BytesIO()
        picture.save(out, "PNG")
        return out.getvalue()

    async def changed(self, serial: int, timeout: float) -> int:
        return self.serial

    async def moved(self, frame: int, timeout: float) -> int:
        self.asked.append(("moved", frame))
        await self.has_changed.wait()
        return self.frame

    def press(self, key: str) -> None:
        self.asked.append(("key", key))

    def touch(self, stroke: list[tuple[int, int]], is_down: bool = False) -> None:
        self.asked.append(("down" if is_down else "touch", *stroke))

    def turn_into(self, device: str) -> None:
        device_class(device)
        self.asked.append(("device", device))

    def scan(self, text: str) -> None:
        if text == "6210940000000003":  # TEST CARD
            raise ValueError("the scanner keeps to itself what may hold a card number")
        self.asked.append(("scan", text))

    def cards(self) -> list[dict[str, Any]]:
        chip, stripe, note = ["insert", "swipe", "tap"], ["swipe"], {"zh": "", "en": ""}
        return [
            {
                "id": "debit",
                "name": {"zh": "借记卡", "en": "Debit"},
                "inserted": self.inserted != "",
                "bad": False,
                "kinds": chip,
                "note": note,
            },
            {
                "id": "stripe",
                "name": {"zh": "磁条卡", "en": "Stripe"},
                "inserted": False,
                "bad": True,
                "kinds": stripe,
                "note": note,
            },
        ]

    async def insert(self, id: str) -> None:
        self.inserted = id

    async def swipe(self, id: str) -> None:
        self.asked.append(("swipe", id))

    async def tap(self, id: str) -> None:
        if self.asked.count(("tap", id)) == 2:
            raise ValueError("two cards are held to the reader already")
        self.asked.append(("tap", id))

    async def remove(self) -> None:
        self.inserted = ""

    def papers(self) -> list[dict[str, Any]]:
        return [{"text": as_text(rows), "png": as_png(rows, 32)} for rows in (RECEIPT, RECEIPT[:2])]

    def set_line(self, state: str) -> None:
        if state not in LINES:
            raise ValueError(state)
        self.line = state

    def set_printer(self, state: str) -> None:
        if state not in ("ok", "out", "off"):
            raise ValueError(state)
        self.asked.append(("printer", state))

    def ledger(self) -> dict[str, Any]:
        return {"accounts": [], "transactions": [], "messages": [], "sum_of_postings": 0}

    async def power_cut(self) -> None:
        self.asked.append(("power cut",))

    def record(self, is_on: bool) -> None:
        self.asked.append(("record", is_on))
        self.film = FilmEmpty("no film has been made")

    async def film_gif(self) -> bytes:
        raise self.film

    def lessons(self) -> list[dict[str, Any]]:
        return [told(lesson) for lesson in LESSONS]

    async def set_up(self, lesson: str) -> None:
        self.asked.append(("lesson", BY_ID[lesson].id))

    def prepare(self) -> None:
        if ("prepare",) in self.asked:
            raise CannotPrepare("a sale is being made already")
        self.asked.append(("prepare",))

    def facts(self) -> dict[str, Any]:
        return {"cards": "in-process", "device": "touch-480x800", "line": self.line, "printer": "ok"}
