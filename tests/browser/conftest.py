"""A counter and a browser for a module of tests: Debian's Chromium, the counter as `yuanlu counter` starts it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from simulator.cards.pcscd import free_pair
from tests.browser.visitor import Visitor

CHROMIUM = "/usr/bin/chromium"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a counter that is open."""
    port = free_pair()
    process = subprocess.Popen(
        [sys.executable, "-m", "terminal", "counter", "--state", str(tmp_path_factory.mktemp("counter"))],
        env={**os.environ, "PORT": str(port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        assert process.stdout is not None
        assert f"http://127.0.0.1:{port}".encode() in process.stdout.readline()
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        told, _ = process.communicate(timeout=20)
    assert b"Traceback" not in told, told.decode()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium without a window."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def visitor(home: str, browser: Browser) -> Iterator[Visitor]:
    """Somebody at the page; leaves it only when nothing went wrong in the console and nobody else was called."""
    context = browser.new_context(base_url=home, viewport={"width": 1280, "height": 900}, accept_downloads=True)
    with Visitor(context.new_page(), home) as visitor:
        yield visitor
    context.close()
    assert visitor.complaints == []
    assert visitor.strangers == []
