"""The counter, opened: the back room, its front, the page, or a play of the guide. Law: what was opened is closed."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from pathlib import Path

from simulator.counter.back_room import BackRoom
from simulator.counter.page_server import serve_page
from simulator.counter.play import play_refund
from simulator.counter.shop import Shop

SHORT_ANSWER = 8.0  # seconds of patience for a lost answer at the counter; a device has 60


async def open_shop(port: int, play: str | None, headless: bool, state: Path | None, device: str) -> int:
    """Run the counter until it is told to stop, or until the play is over; the exit code."""
    with contextlib.ExitStack() as stack:
        folder = state or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="yuanlu-")))
        async with BackRoom(folder.resolve(), SHORT_ANSWER) as room:
            shop = Shop(room, device)
            fronts = [asyncio.create_task(each) for each in (shop.attend(), shop.forward_codes(), shop.keep_time())]
            try:
                work = [] if headless else [serve_page(shop, port)]
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
