"""The same hunt behind every journey: one that leaks fails. Law: it costs milliseconds, and no journey asks for it.

A journey runs in one process on virtual time, its vault and its bank beside it: its memory says nothing. What it
showed, printed and left in its folder does. tests/journey/conftest.py puts a Watch around every test there.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from simulator.acquirer.branch import TERMINAL_ID, TEST_TMK
from simulator.cards.tray import load_tray
from tests.journey.shop import DEVICE_KEY, PIN, Shop
from tests.leaks import encodings, hunt
from tests.leaks.encodings import Secret
from tests.leaks.hunt import Finding
from tests.leaks.markers import of_keys, shows_more
from tests.leaks.opened import opened

FIRST = 13  # digits: cards of one issuer differ in the last ones only, so that a few needles stand for all of them


class Watch:
    """Sees every terminal that is switched off, and remembers what leaked."""

    def __init__(self) -> None:
        self.found: list[Finding] = []
        self._folders: dict[Path, dict[str, bytes]] = {}

    def see(self, shop: Shop) -> None:
        """What it showed and printed; its folder comes at the end, with the keys that it had."""
        shown = "\n".join(map(str, shop.front.screens))
        printed = str(shop.printer.papers)
        self.found += hunt.search_text("screens", shown, of_the_tray())
        self.found += hunt.search_text("printer", printed, of_the_tray())
        self.found += [Finding(more, "digits", "screens or printer", 0) for more in shows_more(shown + printed, pans())]
        keys = self._folders.setdefault(shop.folder, {"TMK": TEST_TMK, "device key": DEVICE_KEY})
        known = shop.bank.ledger.terminal(TERMINAL_ID)
        if known is not None:
            signed_in = {"PIK": known.pik, "MAK": known.mak, "TDK": known.tdk}
            keys |= {f"{name} {len(keys)}": raw for name, raw in signed_in.items() if raw not in (b"", *keys.values())}

    def judge(self) -> None:
        """Raises AssertionError, naming the secret, its form and its place."""
        for folder, keys in self._folders.items():
            secrets = (*of_the_tray(), *of_keys(keys))
            self.found += hunt.search_files(folder, secrets)
            for place, content in opened(folder):
                self.found += hunt.search(place, content, secrets)
        assert not self.found, "leaked:\n" + "\n".join(map(str, self.found))


@lru_cache(maxsize=1)
def pans() -> tuple[str, ...]:
    """Of every card of the tray."""
    return tuple(sorted({pan for card in load_tray() for pan in card.pans}))


@lru_cache(maxsize=1)
def of_the_tray() -> tuple[Secret, ...]:
    """Every card's number, and the PIN of all of them."""
    numbers = {pan[:FIRST] for pan in pans()}
    return (
        *(encodings.number(f"a card number of {first[:6]}", first) for first in sorted(numbers)),
        encodings.pin("PIN", PIN, pans()),
    )
