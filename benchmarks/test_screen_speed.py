"""The painter: one full screen per device class, painted anew each time."""

import pytest

from terminal.screens import Notice, Row, Shown, Tone, say
from ui.painter import Painter

ROWS = (Row(say("row.amount"), "¥88.00", is_strong=True), Row(say("row.card"), "621094******0029"))


@pytest.mark.benchmark(group="paint a result screen")
@pytest.mark.parametrize("device", ["touch-480x800", "keypad-320x240"])
def test_paint(benchmark, device):
    painter, serial = Painter(device), iter(range(10**9))

    def paint():
        notice = Notice(say("kind.refund"), Tone.OK, say("result.refund.accepted"), rows=ROWS)
        return painter.paint(Shown(notice, serial=next(serial), language=("zh_CN", "en")[next(serial) % 2]))

    benchmark(paint)
