"""A receipt: from its lines to the bytes for the printer, warm. Wanted: <= 100 ms, with QR code and signature."""

import pytest

from drivers.printer_bytes import escpos_bands
from drivers.printer_profile import profile
from terminal.receipt import Blank, Code, Copy, Heading, Pair, Receipt, Rule, Signature, Text
from terminal.screens import say
from ui.paper import typeset

WANTED = 0.1  # seconds
STROKES = tuple(tuple((40 * n + 7 * m, 300 + 50 * (m % 8)) for m in range(40)) for n in range(12))
ROWS = tuple(
    Pair(say("row.amount"), f"RMB {number}88.00", is_large=not number % 7)
    if number % 3
    else Text(say("result.refund.accepted"))
    for number in range(36)
)
RECEIPT = Receipt(
    (
        Heading(say("kind.refund")),
        Rule(),
        *ROWS,
        Code("https://refund.test/?rrn=091947145060&amount=88.00&terminal=33333333&batch=000001"),
        Signature(STROKES),
        Blank(2),
    ),
    Copy.MERCHANT,
)


@pytest.mark.benchmark(group="bytes of a refund receipt with QR code and signature")
@pytest.mark.parametrize(
    ("name", "columns"),
    [("generic-58", 32), ("generic-80", 48), ("head-58-raster", 32), ("epson-tm-t88iii", 42)],
)
def test_receipt(benchmark, name, columns):
    model, numbers = profile(name), iter(range(10**9))

    def bands():
        lines = (*RECEIPT.lines, Code(f"https://refund.test/?rrn={next(numbers):012}"))  # no code is drawn twice
        return escpos_bands(typeset(Receipt(lines, RECEIPT.copy), columns), columns, model)

    bands()
    benchmark(bands)
    if benchmark.stats:  # none where benchmarks are off
        assert benchmark.stats.stats.max < WANTED
