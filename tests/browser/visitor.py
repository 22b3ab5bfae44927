"""Somebody at the counter's page, with a keyboard or a mouse: looks, waits for what is there, never for a while."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from typing import Any, Self, TypeVar

from playwright.sync_api import ConsoleMessage, Page, Request

PATIENCE, LOOK_AGAIN = 20_000, 30  # milliseconds for one screen; between two looks
T = TypeVar("T")
COMPUTER_KEYS = {
    "enter": "Enter",
    "cancel": "Escape",
    "clear": "Backspace",
    "refund": "F2",
    "func": "F1",
    "down": "ArrowDown",
}


class Visitor:
    """`page` is open. `complaints`: what the console said; `strangers`: addresses that are not the counter's."""

    def __init__(self, page: Page, home: str) -> None:
        self.page, self._home = page, home
        self.complaints, self.strangers = list[str](), list[str]()

    def __enter__(self) -> Self:
        self.page.set_default_timeout(PATIENCE)
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._called)
        self.page.goto("/")
        self.page.wait_for_selector("#lessons li")
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _called(self, request: Request) -> None:
        if not request.url.startswith((self._home + "/", "data:")):
            self.strangers.append(request.url)

    # --- eyes ----------------------------------------------------------------------------------------------------
    def text(self) -> str:
        """What a screen reader has been told of the screen."""
        return self.page.text_content("#spoken") or ""

    def see(self, *texts: str) -> None:
        """Wait for a screen with all of these."""
        self.see_any([texts])

    def see_any(self, wanted: Sequence[tuple[str, ...]]) -> int:
        """Wait for one of several screens; which one."""
        told: list[str] = []

        def looked() -> int | None:
            told[:] = [self.text()]
            return next((at for at, texts in enumerate(wanted) if all(text in told[0] for text in texts)), None)

        found = self._until(looked)
        assert found is not None, f"{wanted} never came; the screen is\n{told[0]}"
        return found

    def wait(self, condition: str) -> None:
        """For an expression of the page."""
        assert self._until(lambda: self.page.evaluate(condition) or None), f"it never was that {condition}"

    def _until(self, look: Callable[[], T | None]) -> T | None:
        """Playwright's own wait_for_function evaluates strings in the page, which the page forbids."""
        end = time.monotonic() + PATIENCE / 1000
        while (found := look()) is None and time.monotonic() < end:
            self.page.wait_for_timeout(LOOK_AGAIN)
        return found

    def ask(self, path: str) -> Any:
        """A GET of the counter's interface, as the page would."""
        return self.page.evaluate("path => fetch(path).then((answer) => answer.json())", path)

    def turn_into(self, device: str) -> None:
        """Choose the device class, and wait until it stands there."""
        kind = next(one for one in self.ask("/api/facts")["devices"] if one["name"] == device)
        self.page.select_option("#device-class", device)
        self.wait(f"document.querySelector('.machine').dataset.body === '{kind['body']}'")
        self.wait(f"document.getElementById('screen').naturalWidth === {kind['width']}")

    # --- hands ---------------------------------------------------------------------------------------------------
    def keys(self, *keys: str) -> None:
        """On the computer's keyboard, each when the terminal has taken the one before."""
        for key in keys:
            self._and_taken(lambda key=key: self.page.keyboard.press(COMPUTER_KEYS.get(key, key)))  # type: ignore[misc]

    def enter(self, digits: str) -> None:
        self.keys(*digits, "enter")

    def _and_taken(self, act: Callable[[], None]) -> None:
        with self.page.expect_response(re.compile("/api/key$")):
            act()

    def tab_to(self, selector: str) -> None:
        """With the tabulator alone, forward, until it is focused."""
        for _ in range(200):
            if self.page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"the tabulator never came to {selector}")

    def push(self, selector: str) -> None:
        """By keyboard: go there and press the space bar."""
        self.tab_to(selector)
        self.page.keyboard.press("Space")

    def leave_all(self) -> None:
        """Focus on nothing, so that Enter is the device's."""
        self.page.evaluate("document.activeElement.blur()")

    def prepare(self) -> None:
        """A sale of 88.00, and the terminal at its menu."""
        self.page.click("#prepare")
        self.page.wait_for_selector("#prepare:disabled")
        self.page.wait_for_selector("#prepare:not(:disabled)")
        self.see("消费", "退款", "交易记录")

    def touch(self, x: int, y: int) -> None:
        """The glass, in pixels of the device."""
        self.page.mouse.click(*self.place(x, y))

    def place(self, x: int, y: int) -> tuple[float, float]:
        """Where a pixel of the device is on the page."""
        self.wait("document.getElementById('screen').naturalWidth > 0")
        left, top, wide, pixels = self.page.evaluate(
            "() => { const image = document.getElementById('screen'); image.scrollIntoView({block: 'center'});"
            "const box = image.getBoundingClientRect(); return [box.x, box.y, box.width, image.naturalWidth || 480]; }"
        )
        return left + (x + 0.5) * wide / pixels, top + (y + 0.5) * wide / pixels
