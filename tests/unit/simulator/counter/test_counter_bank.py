"""The bank's part of the counter's page: its HTTP interface, and a bank that is open behind it (docs/counter.md)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from drivers.jbig import JbigCoder
from drivers.line import TcpLine
from simulator.acquirer.branch import TERMINAL_ID
from simulator.acquirer.fault_script import PHRASES, parsed
from simulator.acquirer.faults import Faults
from simulator.acquirer.server import serve
from simulator.counter.bank import CounterBank
from simulator.counter.desk import BankDesk, CannotShow
from simulator.counter.web import STATIC, counter_app
from terminal.iso8583.cup_management import signature
from terminal.signature import drawn
from tests.unit.simulator.acquirer.acq_lines import a_sale, told_over
from tests.unit.simulator.acquirer.acq_terminal import Bank, TestTerminal, open_bank
from tests.unit.simulator.counter.counter_desk import CardboardDesk

HOME = "http://127.0.0.1:8321"
SCRIPT = "0220 answer lost; 0200 25% seed 7 request cut 30"


@pytest.fixture
def desk() -> CardboardDesk:
    return CardboardDesk()


@pytest.fixture
async def page(desk: CardboardDesk) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(counter_app(desk)), base_url=HOME) as client:
        yield client


async def test_faults_are_set_in_words_told_and_cleared(page: httpx.AsyncClient) -> None:
    assert (await page.post("/api/faults", json={"script": SCRIPT})).json() == {"ok": True}
    assert (await page.post("/api/faults", json={"script": "keys expire"})).json() == {"ok": True}
    told = (await page.get("/api/faults")).json()
    assert told == {"line": "up", "waiting": [*SCRIPT.split("; "), "keys expire"]}
    assert (await page.post("/api/faults", json={"clear": True})).json() == {"ok": True}
    assert (await page.get("/api/faults")).json()["waiting"] == []


async def test_a_script_is_taken_whole_or_not_at_all(page: httpx.AsyncClient) -> None:
    answer = await page.post("/api/faults", json={"script": "0220 answer lost; 0220 anser lost"})
    assert answer.status_code == 400
    assert "rule 2: 'anser' after '0220'" in answer.json()["error"]
    assert (await page.get("/api/faults")).json()["waiting"] == []


@pytest.mark.parametrize(
    ("body", "asked"),
    [
        ({"days": 1}, ("days", 1)),
        ({"days": -1}, ("days", -1)),
        ({"expire_keys": True}, ("expire keys",)),
        ({"demand": "3"}, ("demand", "3")),
        ({"down": 20}, ("down", 20.0)),
    ],
)
async def test_what_is_asked_reaches_the_bank(
    page: httpx.AsyncClient, desk: CardboardDesk, body: object, asked: tuple[Any, ...]
) -> None:
    assert (await page.post("/api/bank", json=body)).json() == {"ok": True}
    assert desk.asked == [asked]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/faults", b"{}", 400),
        ("/api/faults", b'{"script": "keys expire", "clear": true}', 400),
        ("/api/faults", b'{"script": 5}', 400),
        ("/api/faults", b'{"script": "0220"}', 400),
        ("/api/faults", b'{"script": "' + b"x" * 70_000 + b'"}', 413),
        ("/api/bank", b"{}", 400),
        ("/api/bank", b'{"days": 0}', 400),
        ("/api/bank", b'{"days": 367}', 400),
        ("/api/bank", b'{"days": 1, "expire_keys": true}', 400),
        ("/api/bank", b'{"down": 3601}', 400),
        ("/api/bank", b'{"down": -1}', 400),
        ("/api/bank", b'{"rob": true}', 400),
        ("/api/bank", b'{"demand": "0"}', 404),
        ("/api/bank", b'{"demand": "money"}', 404),
    ],
)
async def test_what_cannot_be_is_refused_with_a_sentence(
    page: httpx.AsyncClient, desk: CardboardDesk, path: str, body: bytes, status: int
) -> None:
    answer = await page.post(path, content=body)
    assert answer.status_code == status
    assert " " in answer.json()["error"]
    assert desk.asked == []
    assert desk.bank.waiting == []


@pytest.mark.parametrize(("query", "day"), [("?day=2026-04-27", "2026-04-27"), ("", "2026-04-28")])
async def test_the_reconciliation_file_is_a_download(page: httpx.AsyncClient, query: str, day: str) -> None:
    answer = await page.get(f"/api/reconciliation{query}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == f'attachment; filename="reconciliation-{day}.csv"'
    assert answer.text.splitlines()[1] == f"{day},退货,3000"


@pytest.mark.parametrize("day", ["yesterday", "2026-13-01", "2026-02-30", '2026-04-28"; x="'])
async def test_what_is_no_date_is_refused(page: httpx.AsyncClient, day: str) -> None:
    answer = await page.get("/api/reconciliation", params={"day": day})
    assert answer.status_code == 400
    assert "a date like" in answer.json()["error"]


async def test_a_signature_is_a_picture(page: httpx.AsyncClient) -> None:
    answer = await page.get("/api/signature/1.png")
    assert answer.headers["content-type"] == "image/png"
    assert answer.content.startswith(b"\x89PNG")


@pytest.mark.parametrize(("id", "status", "said"), [("9", 404, "no signature"), ("2", 409, "libjbig")])
async def test_a_signature_that_cannot_be_shown(page: httpx.AsyncClient, id: str, status: int, said: str) -> None:
    answer = await page.get(f"/api/signature/{id}.png")
    assert answer.status_code == status
    assert said in answer.json()["error"]


def test_the_page_offers_every_fault_in_both_languages() -> None:
    script = (STATIC / "words.js").read_text("utf-8")
    table = script[script.index("const FAULTS") : script.index("const NEEDS")]
    offered = re.findall(r'\["([^"]+)", "([^"]*)", "([^"]+)", "([^"]+)"\]', table)
    assert {phrase for phrase, *_ in offered} == set(PHRASES)
    for phrase, need, zh, en in offered:
        parsed(f"{phrase} {dict(NEEDED)[need]}")
        assert re.search(r"[\u4e00-\u9fff]", zh)
        assert en.isascii()


NEEDED = [("", ""), ("s", "1.5"), ("bytes", "30"), ("F39", "96"), ("days", "1"), ("code", "3")]


def test_everything_in_the_panel_has_a_name_in_both_languages() -> None:
    text = (STATIC / "index.html").read_text("utf-8")
    for control in re.findall(r"<(?:button|a)\b[^>]*>", text):
        assert 'id="language"' in control or ("data-zh=" in control and "data-en=" in control)
    labels = re.findall(r"<label.*?</label>", text, re.DOTALL)
    assert sum(len(re.findall(r"<(?:select|input|textarea)\b", label)) for label in labels) == len(
        re.findall(r"<(?:select|input|textarea)\b", text)
    )


# --- a bank that is open ---------------------------------------------------------------------------------------------
class OpenBank:
    """A bank on plain TCP, its desk at the counter, and a terminal that has signed in."""

    def __init__(self, bank: Bank, desk: BankDesk, line: TcpLine) -> None:
        self.bank, self.desk, self.line = bank, desk, line
        self.terminal = TestTerminal(bank.host, bank.clock)

    async def sell(self) -> tuple[str, int]:
        """F39 of a sale's answer, and what its header demands."""
        answer = await told_over(self.line, self.terminal, a_sale(self.terminal))
        return answer["response_code"], self.terminal.demand


@pytest.fixture
async def counter() -> AsyncIterator[OpenBank]:
    bank, faults = open_bank(), Faults()
    async with await serve(bank.host, faults, None) as server:
        line = TcpLine((f"127.0.0.1:{server.port}",), None)
        counter = OpenBank(bank, CounterBank(bank.host, faults, server), line)
        counter.terminal.sign_in()
        yield counter
    bank.ledger.close()


@pytest.mark.process
async def test_what_is_set_at_the_counter_is_met_by_the_terminal(counter: OpenBank) -> None:
    desk = counter.desk
    desk.add_faults("0200 x2 refused 51")
    assert await counter.sell() == ("51", 0)
    assert desk.faults() == {"line": "up", "waiting": ["0200 refused 51"]}
    desk.clear_faults()
    assert await counter.sell() == ("00", 0)
    desk.demand("3")
    assert await counter.sell() == ("00", 3)
    desk.expire_keys()
    assert (await counter.sell())[0] == "77"
    with pytest.raises(ValueError, match="a"):
        desk.demand("a")


@pytest.mark.process
async def test_the_day_and_its_file(counter: OpenBank) -> None:
    desk = counter.desk
    assert await counter.sell() == ("00", 0)
    desk.shift_day(1)
    assert desk.day() == "2025-03-15"
    lines = {day: desk.reconciliation(day).splitlines() for day in ("2025-03-14", "2025-03-15")}
    assert [len(of_day) for of_day in lines.values()] == [4, 3]
    assert lines["2025-03-14"][2].startswith(TERMINAL_ID)
    assert desk.faults()["line"] == "up"
    desk.go_down(3_600)
    assert desk.faults()["line"] == "down"


@pytest.mark.process
async def test_a_signature_is_shown_or_said_to_be_no_picture(counter: OpenBank) -> None:
    terminal = counter.terminal
    for number, image in enumerate((JbigCoder().encode(drawn([[(100, 100), (900, 900)]])), b"no picture"), 1):
        facts, said = terminal.sale(500)
        of = {4: "000000000500", 11: facts.stan, 15: said.settlement_date, 37: said.rrn}
        terminal.say(signature(terminal.dialect, terminal.me, of, facts.batch, b"\xff\0\4TEST", image))
        newest, *_ = counter.desk.ledger()["signatures"]
        assert newest["id"] == number
    assert counter.desk.signature_png(1).startswith(b"\x89PNG")
    with pytest.raises(CannotShow, match="cannot be shown here"):
        counter.desk.signature_png(2)
    with pytest.raises(KeyError):
        counter.desk.signature_png(3)
