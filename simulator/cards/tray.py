"""The tray of test cards on the counter. Law: one TOML file is one card, found by its place, refused by its name."""

from __future__ import annotations

import tomllib
from pathlib import Path

import msgspec

from simulator.cards.description import CardDescription

__all__ = ["CardDescription", "CardRefused", "card", "load_card", "load_tray"]

SHIPPED = Path(__file__).parent


class CardRefused(Exception):
    """`file: reason`, for whoever wrote the card."""


def load_tray(folder: Path = SHIPPED) -> tuple[CardDescription, ...]:
    """Every card of a folder, by file name. Raises CardRefused."""
    return tuple(load_card(path) for path in sorted(folder.glob("*.toml")))


def load_card(path: Path) -> CardDescription:
    """One card; its id is the file's name. Raises CardRefused."""
    try:
        described = {**tomllib.loads(path.read_text("utf-8")), "id": path.stem}
        return msgspec.convert(described, CardDescription)
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise CardRefused(f"{path.name}: {error}") from None


def card(id: str) -> CardDescription:
    """A shipped card by its id. Raises CardRefused."""
    return load_card(SHIPPED / f"{id}.toml")
