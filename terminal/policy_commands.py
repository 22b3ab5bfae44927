"""`yuanlu policy`: write, check, sign and read the shop's rules (docs/policy.md). Law: a bad policy is not signed.

Exit 0: a terminal would use it today; 1: it would not; the reason is one line, `file:line: reason`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

import click

from terminal.config import Files
from terminal.ports import KeyRefused

if TYPE_CHECKING:
    from terminal.refund.policy import Policy

FILE = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
T = TypeVar("T")
SOON = 60  # days: who gives money back now may look so far ahead for when it arrives


def is_signed(text: bytes, signature: bytes, authority: bytes) -> bool:
    """keys/delivery/policy_signature.py, imported when it is asked: it takes its time."""
    from keys.delivery.policy_signature import is_signed as holds

    return holds(text, signature, authority)


@click.group()
def policy() -> None:
    """The shop's rules for refunds: check, sign, show."""


@policy.command()
@FILE
@click.option("--authority", type=click.Path(path_type=Path), help="Check FILE.sig too, by these public keys (PEM).")
@click.option("--calendar", type=click.Path(path_type=Path), help="Check this calendar of holidays too.")
def check(file: Path, authority: Path | None, calendar: Path | None) -> None:
    """Say whether a terminal would use this policy, and from when to when."""
    found = _read(file, authority)
    today = date.today()  # noqa: DTZ011 - a person's question, answered on his machine
    click.echo(f"{file.name}: version {found.version}, {len(found.reasons)} reasons, {len(found.fees)} fees")
    click.echo(f"signature: {'good' if authority else 'not checked (--authority); a terminal takes no unsigned file'}")
    click.echo(f"in force: from {found.effective} to {found.expires or 'its replacement'}")
    _say_calendar(calendar, today)
    if found.expires is not None and found.expires < today:
        raise click.ClickException(f"it has expired: a terminal gives nothing back since {found.expires}")
    if today < found.effective:
        click.echo(f"NOT YET: a terminal that has it today gives nothing back until {found.effective}")
    if not found.is_refund_on:
        click.echo("refunds are switched off (is_refund_on)")


@policy.command()
@FILE
@click.option("--key", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True, help="PEM.")
def sign(file: Path, key: Path) -> None:
    """Write FILE.sig, for a policy that a terminal would take."""
    from keys.delivery.policy_signature import sign as signed
    from terminal.policy_file import SIGNATURE, PolicyRefused, content, decoded, parsed

    try:
        text = content(file)
        parsed(decoded(text, file.name), file.name)
        pem = content(key)
        is_locked = b"ENCRYPTED" in pem
        password = click.prompt("Password of the key", hide_input=True, err=True).encode() if is_locked else None
        signature = signed(text, pem, password)
    except (PolicyRefused, KeyRefused) as refused:
        _refuse(refused)
    target = file.with_name(file.name + SIGNATURE)
    try:
        target.write_bytes(signature)
    except OSError as error:
        raise click.ClickException(f"{target}: cannot be written: {error.strerror}") from None
    click.echo(f"{target}: signed; install both files")


@policy.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@click.option("--language", type=click.Choice(["zh_CN", "en"]), default="zh_CN", show_default=True)
@click.option("--toml", "as_toml", is_flag=True, help="The file that we ship, to begin one's own with.")
def show(file: Path | None, language: str, as_toml: bool) -> None:
    """The rules in plain words, as merchant and cardholder read them; without FILE, those that we ship."""
    from terminal.policy_file import shipped

    if as_toml:
        click.echo(shipped(), nl=False)
        return
    from terminal.dialogue.policy_view import policy_rows
    from terminal.refund.policy import Policy
    from ui.text import words

    text = words(language).text
    for row in policy_rows(_read(file) if file else Policy()):
        click.echo(f"{text(row.label)}: {text(row.value)}")


def _read(file: Path, authority: Path | None = None) -> Policy:
    from terminal.policy_file import content, decoded, parsed, signed_policy

    if authority is None:
        return _or_refuse(lambda: parsed(decoded(content(file), file.name), file.name))
    where = Files("", "", "", "", policy=str(file), policy_authority=str(authority))
    return _or_refuse(lambda: signed_policy(where, is_signed))


def _say_calendar(file: Path | None, today: date) -> None:
    from terminal.policy_file import content, decoded, parsed_calendar, shipped_calendar

    def read() -> date | None:
        if file is None:
            return shipped_calendar().reaches
        return parsed_calendar(decoded(content(file), file.name), file.name).reaches

    reaches = _or_refuse(read)
    click.echo(f"holidays: known to {reaches or 'no day'}; beyond it, weekends alone are")
    if reaches is None or (reaches - today).days < SOON:
        click.echo(f"NOTE: less than {SOON} days of holidays are known: time for a new calendar (files.calendar)")


def _or_refuse(read: Callable[[], T]) -> T:
    from terminal.policy_file import PolicyRefused

    try:
        return read()
    except PolicyRefused as refused:
        _refuse(refused)


def _refuse(refused: Exception) -> NoReturn:
    raise click.ClickException(str(refused)) from None
