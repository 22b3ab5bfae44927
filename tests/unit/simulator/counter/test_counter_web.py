"""The counter's HTTP interface, request by request (docs/counter.md)."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from simulator.counter.desk import CounterDesk
from simulator.counter.web import STATIC, counter_app
from tests.unit.simulator.counter.counter_desk import CardboardDesk

HOME = "http://127.0.0.1:8321"


@pytest.fixture
def desk() -> CardboardDesk:
    return CardboardDesk()


@pytest.fixture
async def page(desk: CounterDesk) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(counter_app(desk)), base_url=HOME) as client:
        yield client


@pytest.mark.parametrize("path", ["/", *(f"/static/{file.name}" for file in sorted(STATIC.iterdir()))])
async def test_the_page_is_whole_and_closed(page: httpx.AsyncClient, path: str) -> None:
    answer = await page.get(path)
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_page_has_no_inline_script_and_no_foreign_resource() -> None:
    text = (STATIC / "index.html").read_text("utf-8")
    assert re.findall(r"<script(?![^>]*src=)", text) == []
    assert re.findall(r"\son\w+=|\sstyle=", text) == []
    for file in STATIC.iterdir():
        assert re.findall(r"https?://|@import", file.read_text("utf-8")) == []


async def test_screen(page: httpx.AsyncClient) -> None:
    told = (await page.get("/api/screen")).json()
    assert set(told) == {
        *("kind", "title", "lines", "hint", "status", "language", "theme", "is_quiet", "sound", "speech")
    }
    picture = await page.get("/api/screen.png")
    assert picture.headers["content-type"] == "image/png"
    assert picture.headers["cache-control"] == "no-store"
    assert picture.content.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("path", "body", "asked"),
    [
        ("/api/key", {"key": "7"}, ("key", "7")),
        ("/api/key", {"key": "00"}, ("key", "00")),
        ("/api/key", {"key": "refund"}, ("key", "refund")),
        ("/api/card", {"swipe": "stripe"}, ("swipe", "stripe")),
        ("/api/touch", {"stroke": [[0, 799]]}, ("touch", (0, 799))),
        ("/api/touch", {"stroke": [[1, 2], [3, 4]]}, ("touch", (1, 2), (3, 4))),
        ("/api/touch", {"stroke": [[1, 2]], "is_down": True}, ("down", (1, 2))),
        ("/api/device", {"name": "lcd-128x64"}, ("device", "lcd-128x64")),
        ("/api/lesson", {"id": "no-paper"}, ("lesson", "no-paper")),
        ("/api/lesson", {"prepare": True}, ("prepare",)),
        ("/api/film", {"record": True}, ("record", True)),
        ("/api/scan", {"text": "000001-000123"}, ("scan", "000001-000123")),
        ("/api/power", {"cut": True}, ("power cut",)),
        ("/api/printer", {"state": "out"}, ("printer", "out")),
    ],
)
async def test_what_is_asked_reaches_the_desk(
    page: httpx.AsyncClient, desk: CardboardDesk, path: str, body: object, asked: tuple[Any, ...]
) -> None:
    assert (await page.post(path, json=body)).json() == {"ok": True}
    assert desk.asked == [asked]


async def test_a_card_goes_in_and_out(page: httpx.AsyncClient) -> None:
    for body, is_in in (({"insert": "debit"}, True), ({"remove": True}, False)):
        assert (await page.post("/api/card", json=body)).status_code == 200
        assert [card["inserted"] for card in (await page.get("/api/cards")).json()] == [is_in, False]


async def test_the_line_is_switched_and_told(page: httpx.AsyncClient) -> None:
    await page.post("/api/line", json={"state": "answer_lost"})
    assert (await page.get("/api/facts")).json()["line"] == "answer_lost"


async def test_paper_and_ledger(page: httpx.AsyncClient) -> None:
    paper, _ = (await page.get("/api/paper")).json()
    assert paper["text"] == "签购单\n退货 REFUND\nRMB  -30.00"
    assert base64.b64decode(paper["png"]).startswith(b"\x89PNG")
    assert (await page.get("/api/ledger")).json()["sum_of_postings"] == 0


async def test_only_the_papers_that_are_not_known_yet(page: httpx.AsyncClient) -> None:
    for since, count in (("0", 2), ("1", 1), ("2", 0), ("999999", 0)):
        assert len((await page.get("/api/paper", params={"since": since})).json()) == count
    for since in ("-1", "x", "", "1e3", "²", "1000000"):
        refused = await page.get("/api/paper", params={"since": since})
        assert (refused.status_code, " " in refused.json()["error"]) == (400, True)


async def test_a_film_that_cannot_be_had_says_why(page: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")  # no ffmpeg there
    for query, status, word in (("", 409, "3 MB"), ("?format=mp4", 409, "ffmpeg"), ("?format=avi", 400, "gif or mp4")):
        refused = await page.get("/api/film" + query)
        assert refused.status_code == status
        assert word in refused.json()["error"]
    await page.post("/api/film", json={"record": True})
    assert (await page.get("/api/film")).status_code == 404


async def test_lessons_are_told_in_both_languages(page: httpx.AsyncClient) -> None:
    lessons = (await page.get("/api/lessons")).json()
    assert [lesson["id"] for lesson in lessons] == ["answer-lost", "no-paper", "wrong-card", "bank-96", "power-cut"]
    assert all(lesson[what][way] for lesson in lessons for what in ("name", "try", "see") for way in ("zh", "en"))


async def test_one_sale_is_made_at_a_time(page: httpx.AsyncClient) -> None:
    assert (await page.post("/api/lesson", json={"prepare": True})).status_code == 200
    assert (await page.post("/api/lesson", json={"prepare": True})).status_code == 409


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/key", b"", 400),
        ("/api/key", b"{", 400),
        ("/api/key", b"\xff", 400),
        ("/api/key", b'{"key": 7}', 400),
        ("/api/key", b'{"key": "7", "more": 1}', 400),
        ("/api/key", b'{"key": "77"}', 404),
        ("/api/key", b'{"key": "' + b"7" * 70_000 + b'"}', 413),
        ("/api/card", b"{}", 400),
        ("/api/card", b'{"insert": "debit", "remove": true}', 400),
        ("/api/card", b'{"insert": "nobody"}', 404),
        ("/api/card", b'{"insert": "stripe"}', 409),
        ("/api/card", b'{"tap": "stripe"}', 409),
        ("/api/touch", b'{"stroke": []}', 400),
        ("/api/touch", b'{"stroke": [[1, -1]]}', 400),
        ("/api/touch", b'{"stroke": [[1, 99999]]}', 400),
        ("/api/touch", b'{"stroke": [[1, 2, 3]]}', 400),
        ("/api/touch", b'{"stroke": [[1, 1.5]]}', 400),
        ("/api/touch", b'{"stroke": [' + b",".join([b"[1, 1]"] * 2_001) + b"]}", 400),
        ("/api/device", b'{"name": "abacus"}', 404),
        ("/api/device", b'{"name": "../../etc/passwd"}', 404),
        ("/api/lesson", b"{}", 400),
        ("/api/lesson", b'{"id": "no-paper", "prepare": true}', 400),
        ("/api/lesson", b'{"id": "idleness"}', 404),
        ("/api/film", b"{}", 400),
        ("/api/scan", b'{"text": ""}', 400),
        ("/api/scan", b'{"text": "' + b"1" * 4_097 + b'"}', 400),
        ("/api/scan", b'{"text": "6210940000000003"}', 409),
        ("/api/line", b'{"state": "sideways"}', 404),
        ("/api/printer", b'{"state": "jammed"}', 404),
        ("/api/power", b'{"cut": false}', 400),
    ],
)
async def test_what_cannot_be_is_refused_with_a_sentence(
    page: httpx.AsyncClient, desk: CardboardDesk, path: str, body: bytes, status: int
) -> None:
    answer = await page.post(path, content=body)
    assert answer.status_code == status
    assert " " in answer.json()["error"]
    assert desk.asked == []


async def test_a_card_is_tapped_and_a_third_one_finds_no_room(page: httpx.AsyncClient, desk: CardboardDesk) -> None:
    for _ in range(2):
        assert (await page.post("/api/card", json={"tap": "debit"})).status_code == 200
    assert desk.asked == [("tap", "debit")] * 2
    refused = await page.post("/api/card", json={"tap": "debit"})
    assert (refused.status_code, refused.json()["error"]) == (409, "two cards are held to the reader already")


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example:8321"},
        {"host": "127.0.0.1.evil.example:8321"},
        {"host": "127.0.0.1:9999"},
        {"host": "127.0.0.1"},
        {"host": ""},
        {"origin": "http://evil.example"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "https://127.0.0.1:8321"},
        {"origin": "null"},
    ],
)
async def test_pages_from_elsewhere_are_turned_away(
    page: httpx.AsyncClient, desk: CardboardDesk, headers: dict[str, str]
) -> None:
    answer = await page.post("/api/key", json={"key": "7"}, headers=headers)
    assert answer.status_code == 403
    assert " " in answer.json()["error"]
    assert desk.asked == []


@pytest.mark.parametrize("host", ["127.0.0.1:8321", "localhost:8321", "[::1]:8321"])
async def test_our_own_names_are_let_in(page: httpx.AsyncClient, host: str) -> None:
    answer = await page.post("/api/key", json={"key": "7"}, headers={"host": host, "origin": f"http://{host}"})
    assert answer.status_code == 200


async def test_events_tell_the_frame_now_and_at_each_change(desk: CardboardDesk) -> None:
    told: list[bytes] = []

    async def send(message: dict[str, Any]) -> None:
        told.append(message.get("body", b""))
        if b"data: 1\n" in told[-1]:
            desk.frame = 2
            desk.has_changed.set()

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"} if any(b"data: 2\n" in each for each in told) else await _nothing()

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "method": "GET",
        "path": "/api/events",
        "raw_path": b"/api/events",
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"localhost:8321")],
        "server": ("127.0.0.1", 8321),
    }
    await counter_app(desk)(scope, receive, send)  # type: ignore[arg-type]
    assert b"".join(told) == b"event: frame\ndata: 1\n\nevent: frame\ndata: 2\n\n"


async def _nothing() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": True}
