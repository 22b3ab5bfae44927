"""`yuanlu`: the command line. One function per sub-command, nothing but wiring; heavy parts are imported where used."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from terminal.config import Config, ConfigRefused, load
from terminal.evidence_commands import evidence
from terminal.journal_commands import journal
from terminal.key_commands import keys
from terminal.policy_commands import policy

if TYPE_CHECKING:
    from terminal.card_inspection import Viewpoint

BAD_CONFIGURATION = 78  # EX_CONFIG of sysexits.h: systemd does not restart on it
CARD_TROUBLE, NO_READER = 1, 69  # the second is EX_UNAVAILABLE
LIKE_AN_AID = re.compile(r"([0-9A-Fa-f]{2}){0,16}")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """yuanlu: the refund desk of a payment terminal."""


@main.command()
@click.option("--config", type=click.Path(path_type=Path), required=True, help="The terminal's TOML file.")
def terminal(config: Path) -> None:
    """Run the core of a terminal until it is told to stop."""
    from terminal.app import serve

    try:
        _until_told(serve(_loaded(config)))
    except ConfigRefused as error:
        _refuse(error)


@main.command("check-config")
@click.argument("config", type=click.Path(path_type=Path))
def check_config(config: Path) -> None:
    """Say whether a configuration file would be accepted."""
    _loaded(config)
    click.echo(f"{config}: accepted")


main.add_command(keys)
main.add_command(journal)
main.add_command(evidence)
main.add_command(policy)


@main.command()
@click.option("--config", type=click.Path(path_type=Path), required=True, help="The terminal's TOML file.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def reconcile(config: Path, file: Path) -> None:
    """Check the acquirer's daily file and hand it to the running terminal (docs/protocol.md)."""
    from drivers.inbox import hand_in
    from terminal.exchange.reconciliation import FileRefused, parsed

    inbox = _loaded(config).files.inbox
    if not inbox:
        raise click.ClickException("files.inbox is not configured: the terminal reads no reconciliation files")
    try:
        found = parsed(file.read_text("utf-8", "replace"))
    except FileRefused as refused:
        raise click.ClickException(f"{file}: {refused}") from None
    try:
        place = hand_in(Path(inbox), file)
    except OSError as error:
        raise click.ClickException(f"{inbox}: cannot be written: {error.strerror}") from None
    click.echo(f"{len(found.rows)} rows, {found.first} to {found.last}: handed in as {place.name}; read within 30 s")


@main.group()
def card() -> None:
    """Look into a card."""


@card.command("inspect")
@click.option("--reader", default="", help="PC/SC name of the reader, or its beginning; else --config's, or the first.")
@click.option("--config", type=click.Path(path_type=Path), help="Judge as this terminal: its AIDs and CAPKs.")
@click.option("--test-keys", is_flag=True, help="Judge the certificates by published TEST keys.")
@click.option("--aid", default="", help="Only applications whose AID begins so (hex).")
@click.option("--dda", is_flag=True, help="Let the card sign too (INTERNAL AUTHENTICATE).")
@click.option("--apdus", is_flag=True, help="List the commands, and the status and length of each answer.")
@click.option("--json", "as_json", is_flag=True, help="JSON instead of text.")
def inspect_card(
    reader: str, config: Path | None, test_keys: bool, aid: str, dda: bool, apdus: bool, as_json: bool
) -> None:
    """Read the card in the reader and explain it; account, tracks and names are masked.

    No GENERATE AC, VERIFY or EXTERNAL AUTHENTICATE is sent: nothing on the card changes but its transaction counter
    (ATC), by GET PROCESSING OPTIONS. Exit 0: read; 1: trouble with the card; 69: no reader.
    """
    if config and test_keys:
        raise click.UsageError("--test-keys and --config exclude each other: a terminal has its own keys")
    if not LIKE_AN_AID.fullmatch(aid):
        raise click.UsageError("--aid is hexadecimal, 16 bytes at most")
    name = bytes.fromhex(aid)
    loaded = _loaded(config) if config else None
    wanted = reader or (loaded.reader.name if loaded else "")
    sys.exit(_until_told(_inspected(wanted, _viewpoint(loaded, test_keys), name, dda, apdus, as_json)))


def _viewpoint(config: Config | None, test_keys: bool) -> Viewpoint:
    from terminal.card_inspection import Viewpoint, of_terminal
    from terminal.emv.terminal_data import UNIONPAY_TEST

    if config:
        try:
            return of_terminal(config)
        except ConfigRefused as error:
            _refuse(error)
    view = Viewpoint(UNIONPAY_TEST, "none; give --config or --test-keys")
    if not test_keys:
        return view
    from simulator.acquirer.downloads import capks

    return view.with_keys((key.whole() for key in capks()), "TEST keys: what they vouch for is a test card")


async def _inspected(reader: str, view: Viewpoint, name: bytes, dda: bool, apdus: bool, as_json: bool) -> int:
    import secrets

    from drivers.card_reader import PcscReader
    from drivers.clock import SystemClock
    from terminal.card_inspection import as_text_or_json, report
    from terminal.emv.errors import EmvError
    from terminal.ports import DeviceError, ReaderMissing

    deal = view.deal(SystemClock(view.zone).now(), secrets.token_bytes(4))
    try:
        made = await report(PcscReader(reader), deal, view.keys, name, dda)
    except (DeviceError, EmvError) as trouble:
        click.echo(str(trouble), err=True)
        return NO_READER if isinstance(trouble, ReaderMissing) else CARD_TROUBLE
    click.echo(as_text_or_json(made, apdus, as_json))
    return 0 if made.is_any_read else CARD_TROUBLE


@main.command()
@click.option("--headless", is_flag=True, help="No browser page; needs --play.")
@click.option("--play", type=click.Choice(["refund"]), help="Play a guide by itself and exit.")
@click.option("--port", default=8321, envvar="PORT", show_default=True, help="Port of the page on 127.0.0.1.")
@click.option("--state", type=click.Path(path_type=Path), help="Keep journal, keys and bank here; else start anew.")
@click.option("--device", default="touch-480x800", show_default=True, help="Device class of the screen.")
def counter(headless: bool, play: str | None, port: int, state: Path | None, device: str) -> None:
    """A whole counter on this machine: terminal, bank, cards, paper. TEST CARDS AND TEST KEYS ONLY."""
    from simulator.counter.opening import open_shop

    if headless and not play:
        raise click.UsageError("--headless needs --play")
    sys.exit(_until_told(open_shop(port, play, headless, state, device)))


def _loaded(path: Path) -> Config:
    try:
        return load(path)
    except ConfigRefused as error:
        _refuse(error)


def _refuse(error: ConfigRefused) -> NoReturn:
    click.echo(f"configuration refused: {error}", err=True)
    sys.exit(BAD_CONFIGURATION)


def _until_told(work: Coroutine[Any, Any, int | None]) -> int:
    """Run to the end; SIGTERM and SIGINT end it in order. The exit code."""

    async def supervised() -> int:
        task = asyncio.ensure_future(work)
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        try:
            return await task or 0
        except asyncio.CancelledError:
            return 0

    return asyncio.run(supervised())


if __name__ == "__main__":
    main()
