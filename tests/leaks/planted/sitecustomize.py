"""A terminal that leaks on purpose, for the control of the hunt. TEST ONLY: Python loads it where PYTHONPATH says so.

| place   | the card number is                              |
|---------|-------------------------------------------------|
| memory  | kept for ever, as BCD, and a component with it  |
| log     | written to, in base64                           |
| file    | written to the folder of temporary files, in hex |
| journal | remembered as a setting, in groups of four      |
| printer | printed                                         |
| screen  | shown                                           |
"""

from __future__ import annotations

import base64
import os
import sys
from pathlib import Path
from typing import Any

KEPT: list[bytes] = []


def _plant() -> None:
    from terminal.dialogue import presented
    from terminal.paper import TextRow
    from terminal.screens import Progress, Row, say

    sealed = presented.seal

    async def leaking(room: Any, handed: Any) -> Any:
        pan = handed.plastic.pan
        KEPT.append(bytes.fromhex(pan))
        typed = Path(os.environ["TMPDIR"], "typed")  # no component comes to the core: the test puts one there
        KEPT.append(typed.read_bytes())
        typed.unlink()
        os.write(2, base64.b64encode(f"a card: {pan}".encode()) + b"\n")  # past the log, which would not take it
        Path(os.environ["TMPDIR"], "leaked").write_text(pan.encode().hex(), "ascii")
        await room.journal.remember("leaked", " ".join(pan[start : start + 4] for start in range(0, len(pan), 4)))
        await room.hardware.printer.print((TextRow(pan),))
        room.desk.show(Progress(say("desk.product"), say("desk.starting"), rows=(Row(say("row.amount"), pan),)))
        return await sealed(room, handed)

    presented.seal = leaking


if __name__ == "sitecustomize" and "terminal" in sys.orig_argv:  # the core, and not who collects tests
    _plant()
