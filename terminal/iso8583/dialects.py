"""The dialects by name, as a configuration names them. Law: a new acquirer is one more line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from terminal.iso8583.cup import cup
from terminal.iso8583.dialect import Choices, Dialect
from terminal.iso8583.international import international

DIALECTS: Mapping[str, Callable[[Choices], Dialect]] = {"cup": cup, "international": international}


def by_name(name: str, choices: Choices) -> Dialect:
    """Raises ValueError for a name that is none of them."""
    make = DIALECTS.get(name)
    if make is None:
        raise ValueError(f"no dialect {name!r}; there is {', '.join(sorted(DIALECTS))}")
    return make(choices)
