"""`yuanlu-acquirer`: the bank by itself, for terminals on this machine. TEST KEYS AND TEST CARDS ONLY.

One function per sub-command, nothing but wiring.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import msgspec

from drivers.clock import SystemClock
from drivers.jbig import CoderMissing, PictureRefused
from keys.certificates import make_test_authority
from simulator.acquirer import picture
from simulator.acquirer.branch import MERCHANT_ID, TERMINAL_ID, TEST_TMK_KCV, open_test_branch, open_test_dukpt
from simulator.acquirer.explain import explain
from simulator.acquirer.fault_rules import Rule
from simulator.acquirer.fault_script import ScriptWrong, parsed
from simulator.acquirer.faults import Faults
from simulator.acquirer.host import Host
from simulator.acquirer.ledger import Ledger
from simulator.acquirer.manner import Manner
from simulator.acquirer.reconciliation import reconciliation as day_file
from simulator.acquirer.server import serve as listen
from simulator.acquirer.stream import STREAMS, WrapName
from terminal.iso8583.dialect import Choices
from terminal.iso8583.dialects import DIALECTS, by_name

ZONE = "Asia/Shanghai"
MOST_TERMINALS = 10_000
OURS = {"has_inquiry": "true"}  # who does not ask is not disturbed by it
PICTURES = {".png": picture.png, ".pbm": picture.pbm}

books_option = click.option(
    "--ledger", "books", type=click.Path(path_type=Path), required=True, help="The bank's SQLite file."
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """A test bank that speaks ISO 8583."""


main.add_command(explain)


def _choices(_: click.Context, __: click.Parameter, settings: tuple[str, ...]) -> Choices:
    said = dict(OURS)
    for setting in settings:
        name, _equals, said[name] = setting.partition("=")
    try:
        return msgspec.convert(said, Choices, strict=False)
    except msgspec.ValidationError as error:
        raise click.BadParameter(str(error)) from None


def _manner(_: click.Context, __: click.Parameter, settings: tuple[str, ...]) -> Manner:
    said: dict[str, Any] = {}
    for setting in settings:
        name, _equals, value = setting.partition("=")
        if name not in Manner.__struct_fields__:
            raise click.BadParameter(f"{name!r} is none of {', '.join(Manner.__struct_fields__)}")
        try:
            said[name] = msgspec.json.decode(value)
        except msgspec.DecodeError:
            said[name] = value  # a word without quotes
    try:
        return msgspec.convert(said, Manner)
    except msgspec.ValidationError as error:
        raise click.BadParameter(str(error)) from None


def _rules(_: click.Context, __: click.Parameter, text: str) -> tuple[Rule, ...]:
    try:
        return parsed(Path(text[1:]).read_text("utf-8") if text.startswith("@") else text)
    except (OSError, UnicodeDecodeError, ScriptWrong) as error:
        raise click.BadParameter(str(error)) from None


@main.command()
@books_option
@click.option("--port", default=8583, show_default=True, help="Port on 127.0.0.1; 0 takes a free one.")
@click.option("--certificates", type=click.Path(path_type=Path), help="Folder; made when missing.")
@click.option("--plain", is_flag=True, help="No TLS: a laboratory only.")
@click.option("--asks-certificate", is_flag=True, help="A terminal must show one under the folder's ca.pem.")
@click.option("--wrap", type=click.Choice(sorted(STREAMS)), default="length", show_default=True)
@click.option("--dialect", type=click.Choice(sorted(DIALECTS)), default="cup", show_default=True)
@click.option("--choice", "choices", multiple=True, callback=_choices, help="NAME=VALUE, see docs/new-acquirer.md.")
@click.option("--manner", multiple=True, callback=_manner, help="NAME=VALUE, see simulator/acquirer/manner.py.")
@click.option("--faults", "rules", default="", callback=_rules, help="In words (docs/counter.md), or @FILE.")
@click.option("--terminals", type=click.IntRange(1, MOST_TERMINALS), default=1, show_default=True)
@click.option("--account", "accounts", type=(str, str, int), multiple=True, help="A test card: PAN NAME FEN.")
def serve(
    books: Path,
    port: int,
    certificates: Path | None,
    plain: bool,
    asks_certificate: bool,
    wrap: WrapName,
    dialect: str,
    choices: Choices,
    manner: Manner,
    rules: tuple[Rule, ...],
    terminals: int,
    accounts: tuple[tuple[str, str, int], ...],
) -> None:
    """Open the test branch and answer until told to stop."""
    if plain == (certificates is not None):
        raise click.UsageError("say --certificates FOLDER, or --plain for no TLS at all")
    try:
        spoken = by_name(dialect, choices)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--choice") from None
    if certificates is not None and not (certificates / "server.pem").exists():
        make_test_authority(certificates)
    faults = Faults()
    faults.add(*rules)
    with _ledger(books) as ledger:
        open_test_branch(ledger, terminals)
        if not spoken.has_working_keys:
            open_test_dukpt(ledger, choices.keys, terminals)
        for pan, name, balance in accounts:
            ledger.add_account(pan, name, balance)
        host = Host(ledger, SystemClock(ZONE), os.urandom, spoken, manner)
        asyncio.run(_until_told(host, faults, certificates, port, asks_certificate, wrap))


async def _until_told(
    host: Host, faults: Faults, certificates: Path | None, port: int, asks_certificate: bool, wrap: WrapName
) -> None:
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    listening = await listen(host, faults, certificates, port, asks_certificate=asks_certificate, wrap=wrap)
    async with listening as server:
        click.echo(f"listening on 127.0.0.1:{server.port}, terminal {TERMINAL_ID}, merchant {MERCHANT_ID}")
        has_tmk = host.dialect.has_working_keys
        known = f"TMK check value {TEST_TMK_KCV.hex().upper()}" if has_tmk else f"{host.dialect.mac_rule} of a test BDK"
        click.echo(f"{known} (a public TEST key)")
        with contextlib.suppress(asyncio.CancelledError):
            await told.wait()


@main.command()
@books_option
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The clearing day.")
@click.option("--to", type=click.DateTime(["%Y-%m-%d"]), help="Its last day, when it is of several.")
@click.option("--merchant", default=MERCHANT_ID, show_default=True)
def reconciliation(books: Path, day: datetime, to: datetime | None, merchant: str) -> None:
    """The day's reconciliation file of a merchant (CSV), to standard output."""
    with _opened(books) as ledger:
        click.echo(day_file(ledger, f"{day:%Y-%m-%d}", merchant, f"{to:%Y-%m-%d}" if to else ""), nl=False)


@main.command()
@books_option
@click.argument("id", type=int)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A file named .png or .pbm.")
def signature(books: Path, id: int, out: Path) -> None:
    """An electronic signature as a picture."""
    if out.suffix not in PICTURES:
        raise click.BadParameter("the file's name ends in .png or .pbm", param_hint="--out")
    with _opened(books) as ledger:
        try:
            out.write_bytes(PICTURES[out.suffix](picture.decoded(ledger.signature(id))))
        except KeyError:
            raise click.ClickException(f"the bank has no signature {id}") from None
        except (CoderMissing, PictureRefused, OSError) as error:
            raise click.ClickException(str(error)) from None


def _opened(books: Path) -> Ledger:
    """Only books that are there: a look must not make new ones."""
    if not books.exists():
        raise click.ClickException(f"there are no books at {books}")
    return _ledger(books)


def _ledger(books: Path) -> Ledger:
    try:
        return Ledger(books)
    except ValueError as error:
        raise click.ClickException(str(error)) from None


if __name__ == "__main__":
    main()
