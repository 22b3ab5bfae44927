"""Secrets in, what was found where out. Law: a finding names the secret, the form and the place, never the value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from tests.leaks import processes
from tests.leaks.encodings import WIDTHS, Needle, Secret, views

DIGITS = frozenset(b"0123456789")


class Finding(msgspec.Struct, frozen=True, order=True):
    """`at` is the offset in its view."""

    secret: str
    form: str
    place: str
    at: int

    def __str__(self) -> str:
        return f"{self.secret} as {self.form} in {self.place} at {self.at:#x}"


def search(place: str, haystack: bytes, secrets: Iterable[Secret]) -> list[Finding]:
    """The first place of each form of each secret in these bytes."""
    seen = views(haystack)
    found = []
    for secret in secrets:
        for needle in secret.needles:
            at = _first(seen[needle.view], needle)
            if at >= 0:
                found.append(Finding(secret.name, needle.form, place, at))
    return found


def search_text(place: str, text: str, secrets: Iterable[Secret]) -> list[Finding]:
    return search(place, text.encode("utf-8", "surrogatepass"), secrets)


def search_files(folder: Path, secrets: Iterable[Secret], but: Iterable[str] = ()) -> list[Finding]:
    """Every file below; `but` names files (by name) that may hold them."""
    wanted, passed = tuple(secrets), frozenset(but)
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and path.name not in passed:
            found += search(str(path.relative_to(folder)), path.read_bytes(), wanted)
    return found


def search_process(name: str, pid: int, secrets: Iterable[Secret]) -> list[Finding]:
    """Its memory and the files that it holds open. Raises OSError for a process that is gone."""
    wanted = tuple(secrets)
    found = []
    for where, raw in (*processes.image(pid), *processes.open_files(pid)):
        found += search(f"{name} {where}", raw, wanted)
    return found


def _first(view: bytes, needle: Needle) -> int:
    if not needle.is_whole:
        return view.find(needle.bytes)
    width = WIDTHS.get(needle.form, 1)
    return next((at for at in _all(view, needle.bytes) if not _has_digit_beside(view, at, needle.bytes, width)), -1)


def _all(view: bytes, wanted: bytes) -> Iterator[int]:
    at = view.find(wanted)
    while at >= 0:
        yield at
        at = view.find(wanted, at + 1)


def _has_digit_beside(view: bytes, at: int, wanted: bytes, width: int) -> bool:
    """Digits of the same width of character."""
    before, after = view[max(0, at - width) : at], view[at + len(wanted) : at + len(wanted) + width]
    return any(len(one) == width and _is_digit(one) for one in (before, after))


def _is_digit(character: bytes) -> bool:
    shown = character.replace(b"\0", b"")
    return len(shown) == 1 and shown[0] in DIGITS
