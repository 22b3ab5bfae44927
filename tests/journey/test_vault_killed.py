"""The vault's process is killed in the middle of a payment or a refund: the exchange goes on, or ends by its rule.

The vault is a real process with a real socket; the rest is the shop on virtual time, which stands still while the vault
is asked. Each call of the vault after 确认 is a moment: request MAC, the answer's MAC, the reversal's MAC and so on.
"""

import asyncio
import dataclasses
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager, suppress

import pytest

from keys.service.vault_client import VaultClient
from terminal.exchange.stages import Accepted, Open, Refused, Reversed
from terminal.furnish import furnish
from terminal.iso8583.kinds import Kind
from tests.journey.shop import DEVICE_KEY, Bank, day
from tests.journey.test_power_cut import SALE, morning

PATIENCE, GONE = 5.0, 0.05  # real seconds for a vault that comes back, and for one that does not
PART = "4000"

pytestmark = pytest.mark.process


class VaultProcess:
    """`yuanlu-vault` over a shop's folder, which may be killed and started again."""

    def __init__(self, folder, device_key):
        self._folder, self._process = folder, None
        self.socket = folder / "vault.sock"
        self._device_key = device_key

    def start(self):
        """Returns when it listens."""
        options = [f"--vault={self._folder / 'vault'}", f"--device-key=file:{self._device_key}"]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "keys.service.vault_process", *options, f"--socket={self.socket}"],
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            with suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
                probe.connect(str(self.socket))
                return
            time.sleep(0.01)
        raise AssertionError("the vault does not start")

    def kill(self):
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None


class AskedAside:
    """The Vault port of a shop on virtual time: its client has a loop and a thread of its own, on real time.

    `watch` hears of each call before it is made.
    """

    def __init__(self, client, loop, watch):
        self._client, self._loop, self._watch = client, loop, watch

    def __getattr__(self, name):
        method = getattr(self._client, name)

        async def ask(*arguments):
            self._watch(name)
            return asyncio.run_coroutine_threadsafe(method(*arguments), self._loop).result()

        return ask


class Killer:
    """Counts the calls since it was armed, and kills the vault before some of them."""

    def __init__(self, process, is_time, is_back_at_once):
        self._process, self._is_time, self._is_back_at_once = process, is_time, is_back_at_once
        self.is_armed, self.calls, self.kills = False, [], 0

    def __call__(self, name):
        if not self.is_armed:
            return
        self.calls.append(name)
        if self._is_time(len(self.calls)):
            self._process.kill()
            self.kills += 1
            if self._is_back_at_once:
                self._process.start()


@contextmanager
def plugged_in(folder, is_time, is_back_at_once):
    """Yields the killer, the process, and what gives a shop the vault's process."""
    with tempfile.NamedTemporaryFile() as device_key:  # not on the shop's disk
        device_key.write(DEVICE_KEY)
        device_key.flush()
        with _plugged_in(VaultProcess(folder, device_key.name), is_time, is_back_at_once) as parts:
            yield parts


@contextmanager
def _plugged_in(process, is_time, is_back_at_once):
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    client = VaultClient(process.socket, PATIENCE if is_back_at_once else GONE)
    killer = Killer(process, is_time, is_back_at_once)

    def into(shop):
        shop.hardware = dataclasses.replace(shop.hardware, vault=AskedAside(client, loop, killer))
        shop.room = furnish(shop.config, shop.hardware, shop.journal, shop.desk)

    process.start()
    try:
        yield killer, process, into
    finally:
        process.kill()
        loop.call_soon_threadsafe(client.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def refund_to_confirm(shop):
    await shop.refund_until_card("2")
    await shop.see("请输入退款金额")
    await shop.enter(PART)
    await shop.see("退款明细")
    await shop.press("enter")
    await shop.present("unionpay-debit")
    await shop.see("再核对一遍")
    await shop.pull()


async def sale_to_confirm(shop):
    await shop.press("1")
    await shop.see("请输入消费金额")
    await shop.enter(PART)
    await shop.present("unionpay-debit")
    await shop.see("确认")


WAYS = {"refund": (Kind.REFUND, refund_to_confirm), "sale": (Kind.SALE, sale_to_confirm)}


def played(folder, way, line, is_time, is_back_at_once=False):
    """One payment with its vault killed, a vault started again, another day. The killer, and how the payment ended."""
    bank, (kind, to_confirm) = Bank(), WAYS[way]
    day(folder, bank, morning)
    with plugged_in(folder, is_time, is_back_at_once) as (killer, process, into):

        async def script(shop):
            into(shop)
            await shop.another_day()
            await to_confirm(shop)
            killer.is_armed = True
            bank.line(line)
            await shop.press("enter")
            await shop.settle(200)
            killer.is_armed = False
            bank.line("up")
            if killer.kills and not is_back_at_once:
                process.start()
            await shop.press("enter", "enter")
            await shop.settle(100)

        async def afterwards(shop):
            into(shop)
            await shop.another_day()
            await shop.settle(300)
            assert await shop.journal.open_stages() == []
            assert await shop.journal.verify() is None
            shop.stages = await shop.journal.recent()

        day(folder, bank, script)
        shop = day(folder, bank, afterwards)
    mine = [stage for stage in shop.stages if stage.request.kind is kind and stage.request.amount.minor == int(PART)]
    assert not any(isinstance(stage, Open) for stage in shop.stages)
    books_agree(bank, shop.stages)
    return killer, mine[0] if mine else None


def books_agree(bank, stages):
    done = [stage for stage in stages if isinstance(stage, Accepted)]
    sold = sum(stage.amount.minor for stage in done if stage.request.kind is Kind.SALE)
    back = sum(stage.amount.minor for stage in done if stage.request.kind is not Kind.SALE)
    held = 1_000_000 - bank.balance()
    assert held == sold - back, f"the terminal has {sold} sold and {back} given back, the bank holds {held}"
    assert sold in (SALE, SALE + int(PART))
    assert back in (0, int(PART))
    assert bank.ledger.sum_of_postings() == 0


NOTHING = type(None)  # not begun: no money was asked for, and the merchant was told that keys are missing
ENDS = {  # call of the vault before which it is killed: how the payment ends after the vault is back
    ("refund", "up"): (
        ("unseal", NOTHING),  # the card of the sale
        ("mac", Refused),  # request: not sent; the acquirer, asked by inquiry, does not know it
        ("mac", Accepted),  # answer: believed only when it was asked for again
    ),
    ("refund", "answer_lost"): (
        ("unseal", NOTHING),
        ("mac", Refused),
        ("mac", Accepted),  # inquiry
        ("mac", Accepted),  # its answer
    ),
    ("sale", "up"): (
        ("unseal", NOTHING),
        ("mac", Reversed),  # request: not sent, and reversed all the same, for the journal cannot know
        ("mac", Reversed),  # answer: cannot be believed, and the reversal waits for the vault
    ),
    ("sale", "answer_lost"): (
        ("unseal", NOTHING),
        ("mac", Reversed),
        ("mac", Reversed),  # reversal, whose answer is lost too
        ("mac", Reversed),  # and again
        ("mac", Reversed),
    ),
}


@pytest.mark.parametrize(("way", "line"), ENDS, ids="-".join)
def test_killed_before_each_call_and_started_later(tmp_path, way, line):
    expected = ENDS[way, line]
    for moment, (name, end) in enumerate(expected, 1):
        folder = tmp_path / str(moment)
        folder.mkdir()
        killer, ended = played(folder, way, line, lambda call, moment=moment: call == moment)
        assert (killer.calls[moment - 1], type(ended)) == (name, end), f"call {moment}"
        shutil.rmtree(folder)
    killer, ended = played(tmp_path, way, line, lambda call: False)
    assert killer.calls == [name for name, _ in expected], "there are more moments than were tried"
    assert isinstance(ended, Accepted) or (way, line) == ("sale", "answer_lost")


@pytest.mark.parametrize("way", WAYS)
def test_killed_before_every_call_and_back_at_once_nobody_notices(tmp_path, way):
    killer, ended = played(tmp_path, way, "up", lambda call: True, is_back_at_once=True)
    assert killer.kills == len(killer.calls) >= 3
    assert isinstance(ended, Accepted)
