"""A look at the terminal by several checks at once. Law: whatever a device does, each check has its end in its time.

One echo test serves all checks that want to know of the acquirer. It has the runner's turn, so that no exchange is
disturbed; where an exchange has it, nothing is sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from enum import Enum

import msgspec

from terminal import log
from terminal.dialogue.room import Room
from terminal.exchange.acquirer import Unanswered
from terminal.iso8583.answers import Reply
from terminal.iso8583.response_codes import SIGN_IN_AGAIN
from terminal.journal.store import JournalFailed
from terminal.ports import DeviceError, KeyMissing, KeyRefused, LinkDown
from terminal.screens import Say, say

ECHO_SECONDS = 8.0


class Verdict(Enum):
    """How a check ended."""

    RUNNING = "running"
    PASS = "pass"  # noqa: S105 - a verdict
    FAIL = "fail"
    SKIPPED = "skipped"


class Found(msgspec.Struct, frozen=True):
    """What a check says; `why` is "" only for one that says nothing here (no backup is wanted)."""

    verdict: Verdict
    why: Say = say("")

    @property
    def said(self) -> Say:
        """The verdict and its reason in one."""
        return say(f"live.{self.verdict.value}", why=self.why)


RUNNING = Found(Verdict.RUNNING)
BUSY = Found(Verdict.SKIPPED, say("live.busy"))
NO_ROW = Found(Verdict.SKIPPED)


class Echo(msgspec.Struct, frozen=True):
    """What became of the echo test: `end` is "busy", "down", "silent", "keys" or "answered"."""

    end: str
    reply: Reply | None = None


Check = tuple[float, Callable[["Look"], Awaitable[Found]]]  # seconds it may take, and what looks


def passed(id: str = "live.fine", /, **args: str | Say) -> Found:
    return Found(Verdict.PASS, say(id, **args))


def failed(id: str, /, **args: str | Say) -> Found:
    return Found(Verdict.FAIL, say(id, **args))


class Look:
    """One look: each check in a task of its own. `found` is in the order of `checks`; `changed` is told of each end."""

    def __init__(self, room: Room, checks: Mapping[str, Check], changed: Callable[[], None]) -> None:
        self.room, self._checks, self._changed = room, checks, changed
        self.found = dict.fromkeys(checks, RUNNING)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._echo: asyncio.Task[Echo] | None = None

    async def __aenter__(self) -> Look:
        self.begin(*self.found)
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in (*self._tasks.values(), self._echo):
            if task is not None:
                task.cancel()

    def begin(self, *names: str) -> None:
        """Run these (again)."""
        self._echo = None if self._echo is None or self._echo.done() else self._echo
        for name in names:
            if name in self._tasks:
                self._tasks[name].cancel()
            self.found[name] = RUNNING
            self._tasks[name] = asyncio.create_task(self._run(name))

    async def done(self) -> dict[str, Found]:
        """When every check has its end, which is after the longest of their seconds at most."""
        await asyncio.gather(*self._tasks.values())
        return self.found

    async def echo(self) -> Echo:
        """One echo test for all rows that tell of it."""
        if self._echo is None:
            self._echo = asyncio.create_task(_echo(self.room))
        return await asyncio.shield(self._echo)

    async def _run(self, name: str) -> None:
        seconds, check = self._checks[name]
        self.found[name] = await _within(seconds, check(self))
        self._changed()


async def _within(seconds: float, work: Awaitable[Found]) -> Found:
    """However long `work` goes on: a device that hangs is let go of, and that is what is found."""
    task = asyncio.ensure_future(work)
    task.add_done_callback(lambda done: done.cancelled() or done.exception())  # nobody may wait for it any more
    try:
        if not (await asyncio.wait({task}, timeout=seconds))[0]:
            return failed("live.no_end", seconds=f"{seconds:.0f}")
        return task.result()
    except JournalFailed:
        return failed("live.journal.bad")
    except DeviceError:
        return failed("live.no_device")
    except Exception as error:  # noqa: BLE001 - a fault of the program in one check must not take the others along
        log.write("program-fault", error=error)
        return failed("live.fault")
    finally:
        task.cancel()


async def _echo(room: Room) -> Echo:
    """回响测试: it owes nothing, so it may end in any way (cup.md 2.8)."""
    if room.runner.turn.locked():
        return Echo("busy")
    acquirer = room.acquirer
    try:
        async with asyncio.timeout(ECHO_SECONDS), room.runner.turn:
            message = acquirer.dialect.echo(acquirer.dialect, acquirer.me, await room.journal.batch())
            return Echo("answered", await acquirer.ask_once(message))
    except TimeoutError:
        return Echo("silent" if acquirer.is_line_up else "down")
    except LinkDown:
        return Echo("down")
    except (KeyMissing, KeyRefused):
        return Echo("keys")
    except Unanswered as unanswered:
        room.runner.is_sign_in_due |= unanswered.reason in SIGN_IN_AGAIN
        return Echo("silent")
