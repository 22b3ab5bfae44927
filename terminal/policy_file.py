"""The shop's rules from their files: policy and calendar. Law: what is not whole, signed and in force is not used.

| what is wrong with the policy file                      | what comes of it                                        |
|---------------------------------------------------------|---------------------------------------------------------|
| not there, not signed, signed by another, unreadable    | no refund: `Rules.trouble`; all else is sold on         |
| an unknown key, a wrong type, a rule against another    | the same, with the line, or both lines                  |
| not in force yet, or expired                            | decided at each refund (terminal/refund/policy.py)      |

A calendar that is refused is not used: ours is, for it only says when money may arrive. The signature is looked at
first: nothing of a file that nobody vouches for is parsed, nor shown.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from terminal.config import Files
from terminal.ports import KeyRefused
from terminal.refund.arrival import Calendar
from terminal.refund.contradictions import Contradiction, contradictions
from terminal.refund.policy import Policy
from terminal.toml_lines import line_of_error, nearest, places, syntax_line

IsSigned = Callable[[bytes, bytes, bytes], bool]  # text, signature, authority; raises KeyRefused
SIGNATURE = ".sig"  # what follows the policy's name
MOST_BYTES = 1 << 16
SHIPPED = "policy.toml"
T = TypeVar("T")


class PolicyRefused(ValueError):
    """`file:line: reason` or `file:line and line: reason`, for who wrote it; the file without its folder."""


def shipped() -> str:
    """The text of the policy that we ship."""
    return (files("terminal.refund") / SHIPPED).read_text("utf-8")


@cache
def shipped_calendar() -> Calendar:
    """Of China, as far as it was announced when this was released."""
    return parsed_calendar((files("terminal.refund") / "calendar.toml").read_text("utf-8"))


class Rules(msgspec.Struct, frozen=True):
    """What is in force. `trouble`: why the policy file is not used, "" when it is; `calendar_trouble` likewise."""

    policy: Policy = Policy()
    calendar: Calendar = msgspec.field(default_factory=shipped_calendar)
    trouble: str = ""
    calendar_trouble: str = ""


def load_rules(where: Files, is_signed: IsSigned | None = None) -> Rules:
    """Those of the configured files, or ours. Without `is_signed` nobody can vouch for a file, and none is used."""
    policy, trouble = Policy(), ""
    calendar, calendar_trouble = shipped_calendar(), ""
    try:
        policy = signed_policy(where, is_signed) if where.policy else policy
    except PolicyRefused as refused:
        trouble = str(refused)
    try:
        calendar = _calendar_of(Path(where.calendar)) if where.calendar else calendar
    except PolicyRefused as refused:
        calendar_trouble = str(refused)
    return Rules(policy, calendar, trouble, calendar_trouble)


def signed_policy(where: Files, is_signed: IsSigned | None) -> Policy:
    """Of the configured file, if it is signed. Raises PolicyRefused."""
    path = Path(where.policy)
    text = content(path)
    signature = content(path.with_name(path.name + SIGNATURE), f"{path.name}: it is not signed")
    if not where.policy_authority or is_signed is None:
        raise PolicyRefused(f"{path.name}: nobody is named who vouches for it (files.policy_authority)")
    authority = content(Path(where.policy_authority))
    try:
        if not is_signed(text, signature, authority):
            raise PolicyRefused(f"{path.name}: its signature is not of this file, or not by who vouches for it")
    except KeyRefused as refused:
        raise PolicyRefused(f"{Path(where.policy_authority).name}: {refused}") from None
    return parsed(decoded(text, path.name), path.name)


def parsed(text: str, name: str = SHIPPED) -> Policy:
    """A policy whose rules do not contradict each other. Raises PolicyRefused."""
    policy = _converted(text, name, Policy)
    found = next(iter(contradictions(policy)), None)
    if found is not None:
        raise PolicyRefused(_both_lines(found, text, name))
    return policy


def parsed_calendar(text: str, name: str = "calendar.toml") -> Calendar:
    """Raises PolicyRefused."""
    return _converted(text, name, Calendar)


def content(path: Path, why: str = "") -> bytes:
    """Of a small file. Raises PolicyRefused, with `why` for one that is not there."""
    try:
        if path.is_fifo():
            raise PolicyRefused(f"{path.name}: cannot be read: it is a pipe")  # opened, it would be waited for
        with path.open("rb") as stream:
            text = stream.read(MOST_BYTES + 1)
    except OSError as error:
        is_missing = isinstance(error, FileNotFoundError)
        raise PolicyRefused(why if is_missing and why else f"{path.name}: cannot be read: {error.strerror}") from None
    if len(text) > MOST_BYTES:
        raise PolicyRefused(f"{path.name}: more than {MOST_BYTES} bytes")
    return text


def decoded(text: bytes, name: str) -> str:
    """Raises PolicyRefused."""
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        raise PolicyRefused(f"{name}:{line}: not UTF-8") from None


def _calendar_of(path: Path) -> Calendar:
    return parsed_calendar(decoded(content(path), path.name), path.name)


def _converted(text: str, name: str, shape: type[T]) -> T:
    def convert(raw: dict[str, Any]) -> T:
        return msgspec.convert(raw, shape)

    try:
        raw = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise PolicyRefused(f"{name}:{syntax_line(text, str(error))}: {error}") from None
    try:
        return convert(raw)
    except msgspec.ValidationError as error:
        raise PolicyRefused(f"{name}:{line_of_error(text, raw, str(error), convert)}: {error}") from None


def _both_lines(found: Contradiction, text: str, name: str) -> str:
    """`file:line and line: reason`; what is as shipped and not in the file has no line, and is named."""
    known = places(text)
    lines = {place: nearest(known, place) for place in (found.first, found.second) if place}
    inside = sorted({line for line in lines.values() if line})
    outside = [".".join(map(str, place)) for place, line in lines.items() if not line]
    head = f"{name}:{' and line '.join(map(str, inside))}" if inside else name
    return f"{head}{''.join(f' and {each} as shipped' for each in outside)}: {found.why}"
