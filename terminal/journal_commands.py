"""`yuanlu journal`: verify, backup, restore. Law: verifying changes nothing; restoring loses nothing that is there.

| exit | verify                                                        |
|------|---------------------------------------------------------------|
| 0    | whole                                                         |
| 1    | a link of the chain is broken: the first is named             |
| 3    | the chain is whole, and a row or a picture is not as it says  |
| 4    | this is no journal, or it cannot be read                      |
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TypeVar

import click
import msgspec

from terminal.config import Config, ConfigRefused, load
from terminal.ports import DeviceError, KeysErased, Vault

T = TypeVar("T")
BAD_CONFIGURATION = 78  # EX_CONFIG
FAILED = {  # why (terminal/journal/backup.py)
    "missing": "the folder of files.backup is not there",
    "full": "the medium of files.backup is full; the backups of before are there",
    "lost": "the medium of files.backup was pulled, or it failed; the backups of before are there",
    "busy": "an exchange or a settlement is under way: try again when it has ended",
}
BROKEN, DIFFERS, UNREADABLE = 1, 3, 4
CONFIG = click.option("--config", type=click.Path(path_type=Path), required=True, help="The terminal's TOML file.")
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def journal() -> None:
    """A terminal's journal: verify, backup, restore."""


@journal.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="JSON instead of text.")
def verify(path: Path, as_json: bool) -> None:
    """Walk the hash chain of a journal, and compare what was drawn from it; the file is not written to.

    Exit 0: whole; 1: the first broken link is named; 3: rows or pictures differ from the chain; 4: unreadable.
    """
    from terminal.journal.examination import examined
    from terminal.journal.store import JournalFailed

    try:
        found = examined(path)
    except JournalFailed as error:
        click.echo(str(error), err=True)
        raise SystemExit(UNREADABLE) from None
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
    else:
        for finding in found.findings:
            is_link = finding.what == "event"
            at = f"broken at event {finding.which} ({finding.why})"
            click.echo(at if is_link else f"{finding.what} {finding.which}: {finding.why}")
        if not found.findings:
            click.echo(f"whole: {found.events} events, head {found.head}")
    raise SystemExit((DIFFERS if found.is_chain_whole else BROKEN) if found.findings else 0)


@journal.command()
@CONFIG
def backup(config: Path) -> None:
    """Write a sealed backup into files.backup, beside the running terminal."""
    loaded = _loaded(config)
    if not loaded.files.backup:
        raise click.ClickException("files.backup is not configured: there is no place for a backup")
    made = _with_vault(loaded, lambda vault: _backed_up(loaded, vault))
    click.echo(f"{made}: written")


@journal.command()
@CONFIG
@click.option("--force", is_flag=True, help="Also over a journal that is newer, another one, or damaged.")
@click.argument("backup", type=FILE)
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
def restore(config: Path, force: bool, backup: Path, target: Path) -> None:
    """Put the journal of a backup at TARGET (files.journal), with the terminal stopped.

    What was there is kept beside it. What happened since the backup is missing: read docs/evidence.md.
    """
    loaded = _loaded(config)
    _with_vault(loaded, lambda vault: _restored(loaded, vault, backup, target, force))


async def _backed_up(config: Config, vault: Vault) -> Path:
    from drivers.clock import SystemClock
    from terminal.journal.backup import BackupFailed, header_of, sealed_copy
    from terminal.journal.store import JournalFailed

    now = SystemClock(config.zone).now().isoformat(timespec="seconds")
    source, snapshot = Path(config.files.journal), Path(f"{config.files.journal}.snapshot-by-hand")
    if not Path(config.files.backup).is_dir():
        raise BackupFailed("missing")
    try:
        snapshot.unlink(missing_ok=True)
        snap(source, snapshot)
        header = header_of(snapshot, config.merchant.terminal_id, now)
        return await sealed_copy(snapshot, header, Path(config.files.backup), vault, asyncio.to_thread)
    except (JournalFailed, OSError) as error:
        raise click.ClickException(str(error)) from None
    finally:
        snapshot.unlink(missing_ok=True)


def snap(journal: Path, snapshot: Path) -> None:
    """A copy of one moment. Raises JournalFailed."""
    from terminal.journal.look import looked_into

    with looked_into(journal) as db:
        db.execute("COMMIT")  # it may not be within a transaction; what it reads is of one moment all the same
        db.execute("VACUUM INTO ?", (str(snapshot),))


async def _restored(config: Config, vault: Vault, backup: Path, target: Path, force: bool) -> None:
    from drivers.clock import SystemClock
    from terminal.journal.backup import BackupRefused, header_at, opened_into
    from terminal.journal.examination import examined
    from terminal.journal.restoring import check_idle, check_place, put_in_place
    from terminal.journal.store import JournalFailed

    snapshot = Path(f"{target}.restoring")
    try:
        if header_at(backup).terminal_id != config.merchant.terminal_id:
            raise BackupRefused("the backup is of another terminal")
        check_idle(target)
        header = await opened_into(backup, snapshot, vault)
        if found := examined(snapshot).findings:
            raise BackupRefused(f"the journal in the backup is not whole: {found[0].what} {found[0].which}")
        if not force:
            check_place(target, snapshot, header)
        aside = put_in_place(snapshot, target, header, SystemClock(config.zone).now().isoformat(timespec="seconds"))
    except (BackupRefused, JournalFailed, OSError) as error:
        raise click.ClickException(str(error)) from None
    finally:
        for more in ("", "-wal", "-shm"):
            Path(f"{snapshot}{more}").unlink(missing_ok=True)
    click.echo(f"{target}: as it was at {header.at}, {header.head} events")
    if aside:
        click.echo(f"what was there is now {aside}")
    click.echo("Start the terminal, sign in and settle: the acquirer tells what is missing (docs/evidence.md).")


def _with_vault(config: Config, work: Callable[[Vault], Awaitable[T]]) -> T:
    from terminal.journal.backup import BackupFailed

    async def inside() -> T:
        from terminal.app import opened_vault as opened

        async with AsyncExitStack() as stack:
            return await work(opened(config.files, stack)[0])

    try:
        return asyncio.run(inside())
    except KeysErased:
        raise click.ClickException(
            "the keys were erased: nothing can be sealed, and no backup opens any more"
        ) from None
    except BackupFailed as error:
        raise click.ClickException(FAILED.get(error.why, str(error))) from None
    except DeviceError as error:
        raise click.ClickException(str(error)) from None


def _loaded(path: Path) -> Config:
    try:
        return load(path)
    except ConfigRefused as error:
        click.echo(f"configuration refused: {error}", err=True)
        raise SystemExit(BAD_CONFIGURATION) from None
