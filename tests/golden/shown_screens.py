"""Which screens there are: what the journeys show, one of each skeleton. Law: a name follows from the ids alone.

| of a screen             | in its name                                                                      |
|-------------------------|----------------------------------------------------------------------------------|
| bad news                | its code: error-D01                                                              |
| a refusal of the bank   | the response code: code-61                                                       |
| any other               | kind, title, question, sentences, hint; the first row or choice                  |
| amounts, numbers, names | nothing: of all that differ in them only, the longest is kept                    |

`python -m tests.golden.screens anew` plays the journeys and writes shown.json. Errors and response codes that no
journey shows are put in, so that all are there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from terminal.dialogue import bad_news, outcome
from terminal.iso8583.response_codes import TABLE
from terminal.screens import CardPrompt, Menu, Notice, PinPad, Say, Screen, Sheet, Shown, Status, say
from tests.journey import guide_day
from tests.journey.shop import WATCHING, Shop
from ui.text import HOLE, words

FILE = Path(__file__).parent / "shown.json"
JOURNEYS = Path(__file__).parents[1] / "journey"
NOT_PLAYED = (  # the same screens a thousand times, or other processes
    *("random_days", "power_cut", "money_adversary", "real_reader", "processes", "vault_killed", "dukpt"),
    *("erased_faults", "key_presses", "merchant_guide"),
)
OFTEN = {"desk.patience", "desk.in_words", "help.code", "practice.says"}  # sentences that come and go on one screen
DATA = re.compile(
    r"audit\.|find\.recent|papers\.|morning\.title|refund\.reason|help\.refusal"
)  # menus of what there is
ANY_CODE = "help.refusal"  # one page with the sentence of any response code, which is in code-NN already
USUAL = {"hint.menu", "hint.ask", "hint.confirm", "hint.any", "hint.wait", "hint.cancel", "hint.pin", "hint.sign"}
FILLED = {
    "amount": "¥1,256.50", "limit": "¥1,000.00", "left": "¥82.50", "most": "¥82.50", "operator": "01", "id": "01",
    "count": "3", "days": "90", "minutes": "30", "code": "61", "date": "2026-11-23", "day": "2026-11-23",
    "file": "20261123.csv", "name": "20261123.csv", "voucher": "000001-000007", "number": "000001-000007",
}  # fmt: skip
CALM = Status("ok", "ok", True, "01")


class Seen(msgspec.Struct, frozen=True, omit_defaults=True):
    """A screen of the terminal: its name, the first journey that shows it, which of the cashier's journeys do."""

    name: str
    shown: Shown
    journey: str = ""
    eyes: tuple[str, ...] = ()


# --- names -----------------------------------------------------------------------------------------------------------
def name_of(screen: Screen) -> str:
    """Readable, and the same for all that differ only in what is filled in."""
    if isinstance(screen, Notice):
        if screen.headline.id.startswith("bad."):
            return f"error-{bad_news.CODES[screen.headline.id.removeprefix('bad.')]}"
        why = screen.headline.args.get("why")
        if screen.headline.id == "result.refused" and isinstance(why, Say):
            return why.id.replace(".", "-")
    parts = [str(screen.__struct_config__.tag), screen.title.id, *_asked(screen)]
    if screen.title.id != ANY_CODE:
        parts += sorted({line.id for line in getattr(screen, "lines", ())} - OFTEN)
    parts += [screen.hint.id] if screen.hint.id not in USUAL else []
    return "+".join(part.removeprefix("kind.").removeprefix("menu.") for part in parts)


def _asked(screen: Screen) -> Iterator[str]:
    """What else tells one from another."""
    yield from (getattr(screen, field).id for field in ("prompt", "headline", "stage") if hasattr(screen, field))
    match screen:
        case CardPrompt():
            yield "-".join(screen.accepts)
        case PinPad():
            yield "waits" if screen.count is None else "stars"
        case Sheet(rows=(first, *_)):
            yield first.label.id
        case Menu(items=items):
            labels = [item.label.id if isinstance(item.label, Say) else "" for item in items]
            is_data = DATA.match(screen.title.id) or "" in labels or not labels
            yield "list" if is_data else labels[0]


# --- collecting ------------------------------------------------------------------------------------------------------
class Collection:
    """Of each name the longest, whatever came first."""

    def __init__(self) -> None:
        self.journey = ""
        self._found: dict[str, tuple[bool, bool, int, bytes]] = {}
        self._journeys: dict[str, set[str]] = {}

    def see(self, shop: Shop) -> None:
        """All that a terminal has shown; for WATCHING."""
        for shown in shop.front.screens:
            self.add(shown)

    def add(self, shown: Shown) -> None:
        """One more."""
        name = name_of(shown.screen)
        raw = FREE.sub(rb"\g<1>79000", msgspec.json.encode(msgspec.structs.replace(shown, serial=0)))
        calm = not shown.status.is_test, not shown.status.keys_erased  # of practice and accidents what they alone have
        self._found[name] = max(self._found.get(name, (False, False, 0, b"")), (*calm, len(raw), raw))
        self._journeys.setdefault(name, set()).add(self.journey)

    @property
    def names(self) -> set[str]:
        return set(self._found)

    def all(self) -> list[Seen]:
        """By name, as they are written."""
        return [
            Seen(
                name,
                msgspec.json.decode(raw, type=Shown),
                min(self._journeys[name]).split("[")[0],
                tuple(sorted({found[1] for each in self._journeys[name] if (found := EYES.search(each))})),
            )
            for name, (*_, raw) in sorted(self._found.items())
        ]


FREE = re.compile(rb'("megabytes":")\d+')  # of this machine's disk
EYES = re.compile(r"test_cashiers_eyes::test_every_screen_of\[(\w+)\]")


class Player:
    """A pytest plugin: what each test's terminals show."""

    def __init__(self) -> None:
        self.collection = Collection()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        self.collection.journey = f"{item.path.stem}::{item.name}"
        with watching(self.collection.see):
            return (yield)


@contextmanager
def watching(see: Callable[[Shop], None]) -> Iterator[None]:
    """What is seen of each terminal that is switched off meanwhile."""
    WATCHING.append(see)
    try:
        yield
    finally:
        WATCHING.remove(see)


def played() -> list[Seen]:
    """Every journey that brings screens of its own, played once; three minutes. Raises SystemExit when one fails."""
    player = Player()
    files = [str(path) for path in sorted(JOURNEYS.glob("test_*.py")) if path.stem[5:] not in NOT_PLAYED]
    code = pytest.main([*files, "-k", "not cut_at_every", "-p", "no:xdist"], plugins=[player])
    if code:
        raise SystemExit(f"a journey failed ({code}): shown.json is as it was")
    player.collection.journey = "guide_day"
    with watching(player.collection.see):
        guide_day.played("zh")
    return with_families(player.collection)


def with_families(found: Collection) -> list[Seen]:
    """With every error and every response code, whether or not a journey meets it."""
    found.journey = "~"  # behind every other
    for notice in (*_errors(), *_refusals()):
        if name_of(notice) not in found.names:
            found.add(Shown(notice, CALM))
    return [msgspec.structs.replace(each, journey=each.journey.strip("~")) for each in found.all()]


def _errors() -> Iterable[Notice]:
    sentences = words("zh_CN").sentences
    for name in bad_news.CODES:
        holes = {hole for id in (f"bad.{name}", f"bad.{name}.do") for hole in HOLE.findall(sentences[id])}
        yield bad_news.notice(name, say("kind.give_back"), **{hole: FILLED.get(hole, "2") for hole in holes})


def _refusals() -> Iterable[Notice]:
    return (outcome.refusal(say("kind.refund"), code) for code in (*(row.code for row in TABLE), "Q9"))


# --- kept ------------------------------------------------------------------------------------------------------------
def lean(value: Any, default: Any = None) -> Any:
    """As JSON, without what every screen has by default."""
    if isinstance(value, msgspec.Struct):
        config, told = value.__struct_config__, {}
        for field in msgspec.structs.fields(value):
            held = getattr(value, field.name)
            if field.required or held != field.default:
                told[field.name] = lean(held)
        return {config.tag_field: config.tag, **told} if config.tag else told
    if isinstance(value, tuple):
        return [lean(each) for each in value]
    if isinstance(value, dict):
        return {key: lean(each) for key, each in value.items()}
    return msgspec.to_builtins(value)


def write(screens: Iterable[Seen]) -> None:
    """One line per screen."""
    lines = (msgspec.json.encode(lean(each)).decode() for each in screens)
    FILE.write_text("[\n" + ",\n".join(lines) + "\n]\n", "utf-8")


def kept() -> list[Seen]:
    """Every screen, by name."""
    return msgspec.json.decode(FILE.read_bytes(), type=list[Seen])
