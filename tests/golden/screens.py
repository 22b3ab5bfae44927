"""Every screen as it looks: a hash of its pixels in every device class and language, and docs/gallery to look at.

Law: what changes on any glass changes a line here, and a person looks at it. A line of screens.json is a screen; its
hashes are those of CLASSES x LANGUAGES in that order, over all views of it, one below the other.

    python -m tests.golden.screens        hashes and gallery of the screens in shown.json (`make gallery`)
    python -m tests.golden.screens anew   plays the journeys before, for shown.json itself; three minutes
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import msgspec

from terminal.screens import Manner, Shown
from tests.golden import shown_screens
from tests.golden.shown_screens import Seen
from ui.layout import NAMES
from ui.painter import Painter

FILE = Path(__file__).parent / "screens.json"
COMMAND = "make gallery"
CLASSES, LANGUAGES = NAMES, ("zh_CN", "en")
EACH = [(device, language) for device in CLASSES for language in LANGUAGES]
DIGITS = 12  # of a hash
MANNERS = {"night": Manner(theme="night"), "large": Manner(is_large=True)}
ALSO = (  # these in every manner, one of each kind and tone
    "menu+shop+sale+open_refunds+hint.main",
    "ask+give_back+refund.ask_amount",
    "sheet+fees.title+fees.original+sees.refund+why.part+hint.policy",
    "sheet+refund.confirm+row.kind+refund.may_remove+hint.send_or_change",
    "card+give_back+insert-swipe",
    "pin+sale+stars+pin.ask+pin.none",
    "sign+sign.title",
    "progress+refund+stage.awaiting-reply",
    "notice+refund+result.refund.accepted+result.refund.do",
    "notice+refund+result.unknown+result.unknown.do+result.unknown.not",
    "error-D01",
    "code-61",
    "sheet+track.line+row.rrn",
    "notice+printing.title+printing.tear+printing.next",
)


@cache
def painter(device: str) -> Painter:
    return Painter(device)


@cache
def screens() -> dict[str, Seen]:
    """By name."""
    return {seen.name: seen for seen in shown_screens.kept()}


def every() -> Iterator[tuple[str, Shown]]:
    """Each screen by its name; those of ALSO in the other manners too."""
    for name, seen in screens().items():
        yield name, seen.shown
    for manner, how in MANNERS.items():
        for name in ALSO:
            yield f"{name} {manner}", msgspec.structs.replace(screens()[name].shown, manner=how)


def hash_of(shown: Shown, device: str, language: str) -> str:
    """Of the raw pixels of all views."""
    told, eye = msgspec.structs.replace(shown, language=language), painter(device)
    digest = hashlib.sha256()
    for view in range(eye.views(told)):
        digest.update(eye.paint(told, view=view).get_buffer().raw)
    return digest.hexdigest()[:DIGITS]


def kept() -> dict[str, list[str]]:
    """The hashes that a person has agreed to, by name of the screen, in the order of EACH."""
    return {name: line.split() for name, line in msgspec.json.decode(FILE.read_bytes(), type=dict[str, str]).items()}


def write(hashes: dict[str, Sequence[str]]) -> None:
    """One line per screen."""
    lines = (f'"{name}": "{" ".join(each)}"' for name, each in hashes.items())
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")


def main(how: Sequence[str]) -> None:
    """The one command."""
    from tests.golden import gallery

    if "anew" in how:
        shown_screens.write(shown_screens.played())
    write({name: [hash_of(shown, *each) for each in EACH] for name, shown in every()})
    gallery.write()


if __name__ == "__main__":
    main(sys.argv[1:])
