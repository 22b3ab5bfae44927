"""The shop's rules from their files: policy and calendar. Law: what is not whole, signed and in force is not used.

A terminal whose policy file is refused sells, and gives nothing back: `Rules.trouble` says why.
"""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path

import msgspec

from terminal.config import Files
from terminal.refund.arrival import Calendar
from terminal.refund.policy import Policy


class Rules(msgspec.Struct, frozen=True):
    """What is in force. `trouble` is "" or why the policy file is not used: "file:line: reason"."""

    policy: Policy = Policy()
    calendar: Calendar = Calendar()
    trouble: str = ""


class PolicyRefused(ValueError):
    """`file:line: reason`, for who wrote it."""


def load_rules(where: Files) -> Rules:
    """Those of the configured files, or ours."""
    if not where.policy:
        return Rules()
    try:
        return Rules(parsed(Path(where.policy).read_text("utf-8")))
    except (OSError, PolicyRefused) as refused:
        return Rules(trouble=str(refused))


def parsed(text: str) -> Policy:
    """Raises PolicyRefused."""
    try:
        return msgspec.convert(tomllib.loads(text), Policy)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise PolicyRefused(str(error)) from None


def shipped() -> str:
    """The text of the policy that we ship."""
    return (files("terminal.refund") / "policy.toml").read_text("utf-8")
