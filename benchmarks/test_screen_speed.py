"""The painter: one full screen per device class, painted anew each time (4 ms at 480x800); a stroke as it grows."""

import itertools

import pytest

from terminal.screens import Ask, Item, Manner, Menu, Notice, Row, Screen, Sheet, Shown, SignPad, Tone, say
from ui.layout import NAMES
from ui.painter import Painter


def amount(number: int) -> str:
    """Another one each time, so that nothing but glyphs has been drawn before."""
    return f"¥{number % 10_000_000 / 100:,.2f}"


def rows(number: int) -> tuple[Row, ...]:
    card = Row(say("row.card"), f"621094******{number % 10_000:04}")
    return Row(say("row.amount"), amount(number), is_strong=True), card, Row(say("row.rrn"), f"{number:012}")


def result(number: int) -> Screen:
    told = (say("result.refund.do", first="3", last=str(number % 90)),)
    return Notice(say("kind.refund"), Tone.OK, say("result.refund.accepted"), told, rows(number))


def question(number: int) -> Screen:
    return Ask(say("kind.give_back"), say("refund.ask_amount"), amount(number)[1:], "CNY", rows(number)[1:])


def menu(number: int) -> Screen:
    items = tuple(Item(f"2026-11-24 {number + n:08}", amount(number + n)) for n in range(9))
    return Menu(say("menu.tracker"), items, page=1, pages=number % 90 + 2)


def sheet(number: int) -> Screen:
    return Sheet(say("refund.confirm"), rows(number) + rows(number + 1)[1:] + rows(number + 2)[1:])


@pytest.mark.parametrize("screen", [result, question, menu, sheet], ids=lambda screen: screen.__name__)
@pytest.mark.parametrize("device", NAMES)
def test_paint(benchmark, device, screen):
    benchmark.group = f"paint: {device}"
    painter, serial = Painter(device), itertools.count(1)

    def paint():
        number = next(serial)
        language, night = ("zh_CN", "en")[number % 2], ("day", "night")[number // 2 % 2]
        return painter.paint(
            Shown(screen(number * 7919), language=language, serial=number, step=2, steps=5, manner=Manner(theme=night))
        )

    benchmark(paint)


@pytest.mark.parametrize("device", ["touch-480x800", "touch-720x1280"])
def test_a_point_more(benchmark, device):
    """A stroke of up to 400 points grows by one."""
    benchmark.group = "a point more of a stroke"
    painter, at = Painter(device), Shown(SignPad(say("sign.title", kind=say("kind.refund")), "¥88.00", "4021A7F3"))
    area = painter._pad(at)
    points = [(area.x + 5 + n % 400, area.y + 20 + (n * 7) % 60) for n in range(401)]
    lengths = itertools.cycle(range(1, 401))
    benchmark(lambda: painter.trace(at, points[: next(lengths)]))
