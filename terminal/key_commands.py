"""`yuanlu keys`: what a tech asks the vault. Law: facts and check values, never a key; what erases asks first.

Run as root or as the core's user; the vault lets nobody else in. It may run while the terminal runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import click
import msgspec

from terminal.config import Config, ConfigRefused, load
from terminal.key_facts import KeyFact, VaultFacts
from terminal.ports import DeviceError, KeyLoading

T = TypeVar("T")
BAD_CONFIGURATION = 78  # EX_CONFIG
COLUMNS = ("place", "usage", "cipher", "check value", "made", "source")
CONFIG = click.option("--config", type=click.Path(path_type=Path), required=True, help="The terminal's TOML file.")


@click.group()
def keys() -> None:
    """Keys: status, loading, erasing."""


@keys.command()
@CONFIG
@click.option("--json", "as_json", is_flag=True, help="JSON instead of text.")
def status(config: Path, as_json: bool) -> None:
    """Places, usages, algorithms, check values and age; never a key. Exit 0: ready; 1: empty or erased."""
    facts = _asked(config, lambda loading, _: loading.facts())
    click.echo(msgspec.json.encode(facts).decode() if as_json else "\n".join(lines(facts)))
    raise SystemExit(0 if facts.state == "ready" else 1)


@keys.command()
@CONFIG
@click.option("--yes", is_flag=True, help="Do not ask.")
def erase(config: Path, yes: bool) -> None:
    """Erase every key, for good. The terminal says so at once, and moves no money until keys are loaded anew."""
    if not yes:
        click.confirm("Erase every key of this terminal? Custodians will have to load them anew", abort=True)
    _asked(config, lambda loading, _: loading.erase("by-hand"))
    click.echo("erased")


@keys.command("load")
@CONFIG
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def load_file(config: Path, file: Path) -> None:
    """Load a provisioning bundle, or the answer of a key distribution host (docs/key-loading.md). All of it or none."""
    content = file.read_bytes()
    loaded = _asked(config, lambda loading, terminal_id: loading.load_bundle(content, terminal_id))
    click.echo("\n".join(_table(loaded)) if loaded else "certificate kept; `yuanlu keys request` asks for keys now")


@keys.command()
@CONFIG
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def request(config: Path, file: Path) -> None:
    """Write what a key distribution host needs to send keys to this terminal, once."""
    file.write_bytes(_asked(config, lambda loading, terminal_id: loading.remote_request(terminal_id)))
    click.echo(f"{file}: send it to the key distribution host; its answer is for `yuanlu keys load`")


@keys.command()
@click.argument("source")
@click.option("--pcrs", default="", help="For tpm: what the key is sealed to, like sha256:7.")
def prepare(source: str, pcrs: str) -> None:
    """Make the key that opens the vault: tpm:/folder, credential:NAME, passphrase:/file or auto:/folder."""
    from keys.at_rest.prepare import prepare as prepared

    try:
        click.echo(prepared(source, pcrs) if pcrs else prepared(source))
    except DeviceError as error:
        raise click.ClickException(str(error)) from None


def lines(facts: VaultFacts) -> list[str]:
    """For a person, 80 columns wide."""
    said = f"vault: {facts.state}, under {facts.protection}, change {facts.generation}"
    if facts.erased:
        said += f"; erased {facts.erased_at} ({facts.erased})"
    return [said, *_table(facts.keys)]


def _table(keys: tuple[KeyFact, ...]) -> list[str]:
    rows = [COLUMNS, *((key.place, key.usage, key.cipher, key.check_value, key.made, key.source) for key in keys)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _asked(path: Path, ask: Callable[[KeyLoading, str], Awaitable[T]]) -> T:
    try:
        config = load(path)
    except ConfigRefused as error:
        click.echo(f"configuration refused: {error}", err=True)
        raise SystemExit(BAD_CONFIGURATION) from None
    try:
        return asyncio.run(_answered(config, ask))
    except DeviceError as error:
        raise click.ClickException(str(error)) from None


async def _answered(config: Config, ask: Callable[[KeyLoading, str], Awaitable[T]]) -> T:
    if not config.files.vault_socket:
        raise click.ClickException("files.vault_socket is not configured: the keys are in the terminal's own process")
    from keys.service.vault_client import VaultClient

    client = VaultClient(Path(config.files.vault_socket))
    try:
        return await ask(client, config.merchant.terminal_id)
    finally:
        client.close()
