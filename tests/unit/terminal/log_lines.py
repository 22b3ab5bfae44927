"""What a log wrote, for tests. The log of the process is given back afterwards."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from terminal import log


class Heard:
    """What a log wrote."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def raw(self) -> bytes:
        return self._path.read_bytes()

    @property
    def events(self) -> list[dict[str, Any]]:
        """Each line without its time."""
        return [
            {key: value for key, value in json.loads(line).items() if key != "at"} for line in self.raw.splitlines()
        ]


@contextlib.contextmanager
def heard() -> Iterator[Heard]:
    with tempfile.NamedTemporaryFile() as file:
        log.configure(file.fileno())
        try:
            yield Heard(Path(file.name))
        finally:
            log.release()


def said(event: str, **fields: object) -> dict[str, Any]:
    """The one line of it."""
    with heard() as lines:
        log.write(event, **fields)
        (line,) = lines.events
    return line
