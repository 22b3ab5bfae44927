"""The counter for real: core as a child process, pcscd, TLS, pty and sockets. What virtual time cannot show."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from contextlib import asynccontextmanager, suppress

import httpx
import pytest

from simulator.acquirer.faults import LineState
from simulator.cards.pcscd import free_pair
from simulator.counter.back_room import BackRoom
from simulator.counter.play import CODE, Player, first_log_in, log_in, replace_factory_codes, sell, tear_off
from simulator.counter.shop import Shop

pytestmark = pytest.mark.process


class Counter:
    """A counter without a page: the room, the front, and a player."""

    def __init__(self, room: BackRoom) -> None:
        self.room, self.shop = room, Shop(room, "keypad-320x240")
        self.player = Player(self.shop)
        self.front = asyncio.create_task(self.shop.attend())

    async def lose_front(self) -> None:
        self.front.cancel()
        with suppress(asyncio.CancelledError):
            await self.front

    def new_front(self) -> None:
        self.shop = Shop(self.room, "keypad-320x240")
        self.player = Player(self.shop)
        self.front = asyncio.create_task(self.shop.attend())

    async def idle(self) -> None:
        await self.player.see("消费", "退款", "交易记录")

    async def sell(self) -> None:
        await sell(self.player, "8800")
        await self.player.press("enter")
        await tear_off(self.player)
        await self.room.remove()
        await self.idle()

    async def refund_until_sent(self) -> None:
        await self.player.press("refund")
        await replace_factory_codes(self.player)
        await self.player.see("退哪一笔")
        await self.player.press("1")
        await self.player.see("退款原因")
        await self.player.press("1")
        await self.player.see("退多少")
        await self.player.press("2")
        await self.player.see("请输入退款金额")
        await self.player.enter("3000")
        await self.player.see("退款明细")
        await self.player.press("enter")
        await self.player.see("请插卡")
        await self.player.insert()
        await self.player.see("再核对一遍")
        await self.room.remove()
        await self.player.press("enter")

    def refunds(self) -> list[int]:
        return [entry["amount"] for entry in self.room.ledger.report()["transactions"] if entry["kind"] == "refund"]


@asynccontextmanager
async def opened(folder, answer_seconds=8.0):
    async with BackRoom(folder, answer_seconds) as room:
        counter = Counter(room)
        try:
            yield counter
        finally:
            await counter.lose_front()


async def test_a_front_that_dies_in_the_middle_of_a_refund_loses_nothing(tmp_path):
    async with opened(tmp_path) as counter:
        assert counter.room.card_path == "pcscd", "the tests need the real pcscd"
        await first_log_in(counter.player)
        await counter.sell()
        counter.room.faults.state, counter.room.faults.delay = LineState.SLOW, 1.5
        await counter.refund_until_sent()
        await counter.player.see("已发送，等待应答")
        await counter.lose_front()
        await asyncio.sleep(0)
        counter.new_front()
        await counter.player.see("退货已受理", "30.00")
        assert counter.refunds() == [3000]


async def killed_while_waiting(folder, when):
    async with opened(folder) as counter:
        await first_log_in(counter.player)
        await counter.sell()
        counter.room.faults.state = LineState.ANSWER_LOST if when == "lost" else LineState.SLOW
        counter.room.faults.delay = 1.0
        await counter.refund_until_sent()
        await counter.player.see("已发送，等待应答")
        counter.room.faults.state = LineState.UP
        await counter.room.cut_power()
        await log_in(counter.player, CODE)
        await counter.idle()
        await counter.player.press("3")
        await counter.player.see("退货 已受理")
        assert counter.refunds() == [3000]


@pytest.mark.parametrize("when", ["sent", "lost"])
def test_a_killed_core_finds_its_refund_again(tmp_path, when):
    asyncio.run(killed_while_waiting(tmp_path, when))
    verified = subprocess.run(
        [sys.executable, "-m", "terminal", "journal", "verify", str(tmp_path / "journal.db")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert verified.returncode == 0
    assert verified.stdout.startswith("whole: ")


def test_play_refund_is_green(tmp_path):
    played = subprocess.run(
        [sys.executable, "-m", "terminal", "counter", "--headless", "--play", "refund", "--state", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert played.returncode == 0, played.stdout[-3000:] + played.stderr[-2000:]
    for text in (
        "退货已受理",
        "撤销已受理",
        "签购单",
        "演示 DEMO 凭证无效",
        "收单行",
        "OK: 42.50 went back, postings sum to 0",
    ):
        assert text in played.stdout


def test_a_refused_configuration_ends_with_78_and_file_line_reason(tmp_path):
    wrong = tmp_path / "terminal.toml"
    wrong.write_text('language = "en"\ncolour = "blue"\n', "utf-8")
    refused = subprocess.run(
        [sys.executable, "-m", "terminal", "terminal", "--config", str(wrong)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 78
    assert "terminal.toml:" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_the_page_answers_and_the_counter_ends_in_order(tmp_path):
    port = free_pair()
    env = {**os.environ, "PORT": str(port)}
    process = subprocess.Popen(
        [sys.executable, "-m", "terminal", "counter", "--state", str(tmp_path)],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        assert f"http://127.0.0.1:{port}".encode() in process.stdout.readline()
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", transport=httpx.HTTPTransport(retries=5)) as client:
            assert client.get("/api/screen").json()["kind"]
            assert client.get("/api/screen.png").content.startswith(b"\x89PNG")
            facts = client.get("/api/facts").json()
            assert facts["cards"] == "pcscd"
            assert client.post("/api/key", json={"key": "nonsense"}).status_code == 404
            assert json.loads(client.get("/api/ledger").text)["sum_of_postings"] == 0
    finally:
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=20)
    assert b"Traceback" not in out, out.decode()
    assert process.returncode == 0
    with pytest.raises(ProcessLookupError):
        os.kill(facts["core_pid"], 0)  # the core has ended with its counter
