"""`yuanlu evidence`: list, export, check. Law: a folder leaves only by a supervisor's code, and the chain says so.

The terminal may run beside: it is read as it is at one moment; the few records of an export come between its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from terminal.config import Config, ConfigRefused, load

if TYPE_CHECKING:
    from terminal.evidence import Folder
    from terminal.evidence_bundle import Exported, Index
    from terminal.journal.attachment_book import Attachment
    from terminal.journal.evidence_book import Records
    from terminal.ports import Clock, Vault

BAD_CONFIGURATION = 78  # EX_CONFIG
NOT_ALLOWED = 77  # EX_NOPERM
CONFIG = click.option("--config", type=click.Path(path_type=Path), required=True, help="The terminal's TOML file.")
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def evidence() -> None:
    """The folder of facts of one refund: list, export, check."""


@evidence.command("list")
@CONFIG
@click.option("--json", "as_json", is_flag=True, help="JSON instead of text.")
def list_refunds(config: Path, as_json: bool) -> None:
    """Refunds and voids in the journal, the newest first, by the names that `export` takes."""
    from terminal.journal.evidence_book import refunds
    from terminal.journal.look import looked_into
    from terminal.journal.store import JournalFailed
    from terminal.money import Money

    try:
        with looked_into(Path(_loaded(config).files.journal)) as db:
            found = refunds(db)
    except JournalFailed as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
        return
    for one in found:
        click.echo(f"{one.id}  {one.rrn or '-':12}  {one.at[:19]}  {one.kind:6}  {one.state:12}  {Money(one.amount)}")


@evidence.command()
@CONFIG
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder to write into.")
@click.option("--language", type=click.Choice(["zh_CN", "en"]), help="Of the PDF; else the configured one.")
@click.option("--cover", is_flag=True, help="Also print its cover, to be signed, on the terminal's printer.")
@click.argument("name", metavar="RRN")
def export(config: Path, out: Path, language: str | None, cover: bool, name: str) -> None:
    """Write the folder of a refund as PDF and as a zip that can be checked; asks for the supervisor's code.

    RRN, or batch and voucher number like 000001-000123 where there is no RRN. Exit 77: the code was not proven.
    """
    from terminal.journal.store import JournalFailed

    loaded = _loaded(config)
    try:
        asyncio.run(_export(loaded, out, language or loaded.language, name, has_cover=cover))
    except JournalFailed as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{out}: cannot be written: {error.strerror or error}") from None


@evidence.command()
@click.argument("bundle", type=FILE)
@click.option("--journal", type=FILE, help="Also look whether its head is in this journal.")
def check(bundle: Path, journal: Path | None) -> None:
    """Check a bundle alone: every event, every picture, and the chain to its head. Exit 1: not whole."""
    from terminal.evidence_bundle import BundleRefused, faults, opened
    from terminal.journal.store import JournalFailed

    try:
        index, files = opened(bundle)
        found = [*faults(index, files)]
        if journal is not None and not found and not _has_head(journal, index.head.seq, index.head.hash):
            found.append("the journal does not have this head")
    except (BundleRefused, JournalFailed) as refused:
        click.echo(str(refused))
        raise SystemExit(1) from None
    for name in () if found else unproven(index, files):
        click.echo(f"NOTE: {name} is only to look at, and not what this program draws of what is proven")
    click.echo(
        "\n".join(found) if found else f"whole: {len(index.events)} events, head {index.head.seq} {index.head.hash}"
    )
    raise SystemExit(1 if found else 0)


# --- exporting -------------------------------------------------------------------------------------------------------
async def _export(config: Config, out: Path, language: str, name: str, *, has_cover: bool) -> None:
    from drivers.clock import SystemClock
    from terminal import evidence as facts
    from terminal.dialogue.codes import SUPERVISOR
    from terminal.evidence_bundle import Exported, head_of, listed, name_of
    from terminal.journal.evidence_book import EXPORTED, found, records
    from terminal.journal.look import looked_into

    path, clock = Path(config.files.journal), SystemClock(config.zone)
    with looked_into(path) as db:
        refund = found(db, name)  # who names none that is there need not type his code
        before = records(db, refund)
    out.mkdir(parents=True, exist_ok=True)  # who names a folder that cannot be made need not either
    merchant = config.merchant
    who = Exported("", SUPERVISOR, merchant.terminal_id, merchant.merchant_id, merchant.name, merchant.is_test)
    taken = listed(((one.seq, one.hash.hex()) for one in before.events), before.head)
    await _proven(path, clock, config, {**who.told(refund.request.id), **taken})
    with looked_into(path) as db:
        whole = records(db, refund)
    links = [(one.seq, one.at, one.kind, one.body) for one in whole.events]
    folder = facts.folder(whole.stage, whole.sale, whole.application, links)
    at = next(one.at for one in reversed(whole.events) if one.kind == EXPORTED)
    who = msgspec.structs.replace(who, at=at)
    async with AsyncExitStack() as stack:
        files, shown = await _pictures(whole, config, stack)
    written = _written(out, name_of(folder, clock.now()), _contents(whole, folder, who, files, shown, language))
    click.echo("\n".join(str(each) for each in written))
    if has_cover:
        from terminal.evidence_cover import print_cover

        await print_cover(config, folder, who, head_of(whole), written[-1], language)


async def _proven(path: Path, clock: Clock, config: Config, event: dict[str, str]) -> None:
    """The supervisor's code; who he is and what he takes away is in the chain before it leaves."""
    from keys.passwords import ArgonPasswords
    from terminal.command_desk import CommandDesk, NotProven
    from terminal.dialogue.bad_news import Stopped
    from terminal.dialogue.codes import SUPERVISOR
    from terminal.dialogue.desk import Cancelled
    from terminal.dialogue.proof import Proof
    from terminal.journal.evidence_book import EXPORTED
    from terminal.journal.journal import Journal
    from terminal.journal.look import version
    from terminal.journal.store import SCHEMA_VERSION
    from terminal.screens import say

    if version(path) != SCHEMA_VERSION:
        raise click.ClickException("the journal is of an earlier program: start the terminal once")
    desk, journal = CommandDesk(config.language), Journal(path, clock, _at_once)
    try:
        proof = Proof(desk, journal, ArgonPasswords(), clock)
        who = await proof.find(SUPERVISOR)
        if who is None or who.is_factory:
            raise NotProven("the supervisor has no code of his own yet: it is set on the terminal")
        await proof.prove(who, say("staff.ask_supervisor"))
        await journal.record(EXPORTED, event)
    except (NotProven, Stopped, Cancelled) as error:
        if isinstance(error, Stopped):
            desk.say_stopped(error)
        else:
            click.echo(str(error) or "not proven", err=True)
        raise SystemExit(NOT_ALLOWED) from None
    finally:
        await journal.close()


async def _at_once(work: Callable[[], object]) -> object:
    """Nobody else waits in this process."""
    return work()


async def _pictures(whole: Records, config: Config, stack: AsyncExitStack) -> tuple[dict[str, bytes], dict[str, str]]:
    """Files of the bundle, and the kinds of those that can be drawn, by their names."""
    from terminal.app import opened_vault as opened
    from terminal.evidence_bundle import KEPT, PICTURES
    from terminal.ports import DeviceError

    files = {f"{KEPT}{one.digest}": one.body for one in whole.attachments}
    shown: dict[str, str] = {}
    vault: Vault | None = None
    for number, one in enumerate(whole.attachments, 1):
        try:
            vault = vault or opened(config.files, stack)[0]
        except DeviceError:
            vault = None  # photos stay sealed: they lie in the bundle as they are kept
        picture = await _picture(one, vault)
        if picture:
            name = f"{PICTURES}{number:02d}-{one.kind}.{'jpg' if picture.startswith(JPEG) else 'png'}"
            files[name], shown[name] = picture, one.kind
    return files, shown


JPEG, PNG = b"\xff\xd8\xff", b"\x89PNG"


async def _picture(one: Attachment, vault: Vault | None) -> bytes:
    """To look at; b"" for what cannot be."""
    from terminal import evidence as facts
    from terminal.evidence_picture import paper_png, strokes_png
    from terminal.ports import DeviceError
    from terminal.sealed_pieces import unsealed

    try:
        if one.kind == facts.PAPER:
            return paper_png(facts.paper_of(one.body))
        if one.kind == facts.SIGNED:
            return strokes_png(facts.strokes_of(one.body))
        opened = await unsealed(vault, one.body) if vault is not None else b""
    except (ValueError, DeviceError):
        return b""
    return opened if opened.startswith((JPEG, PNG)) else b""


def _contents(
    whole: Records, folder: Folder, who: Exported, files: dict[str, bytes], shown: dict[str, str], language: str
) -> dict[str, bytes]:
    """By the ending of the name."""
    from terminal.evidence_bundle import PDF, head_of, packed
    from terminal.evidence_pdf import blocks, pdf

    paper = pdf(blocks(folder, who, head_of(whole), shown, language), files)
    return {".pdf": paper, ".zip": packed(whole, folder, who, {**files, PDF: paper})}


def _written(out: Path, name: str, contents: dict[str, bytes]) -> list[Path]:
    """Each whole or not at all, also on a stick that is pulled. Raises OSError."""
    import os

    written = []
    for ending, content in contents.items():
        place, partial = out / f"{name}{ending}", out / f"{name}{ending}.partial"
        try:
            with partial.open("xb") as file:
                os.fchmod(file.fileno(), 0o600)  # photos and signatures are in it
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(partial, place)
        finally:
            partial.unlink(missing_ok=True)
        written.append(place)
    return written


def unproven(index: Index, files: Mapping[str, bytes]) -> list[str]:
    """Files to look at that are not drawn again alike from what the chain proves: photos, which are proven in their
    sealed form only; what another version drew; what a forger did."""
    from terminal.evidence import Folder
    from terminal.evidence_bundle import KEPT, PDF, PICTURES
    from terminal.evidence_pdf import blocks, pdf
    from terminal.journal.attachment_book import Attachment

    kept = {name[len(KEPT) :]: content for name, content in files.items() if name.startswith(KEPT)}
    folder = msgspec.json.decode(index.facts, type=Folder)
    found = ((one, kept.get(one.digest, b"")) for one in folder.pictures)
    pictures = [Attachment(one.digest, one.owner, one.kind, one.at, body) for one, body in found]
    drawn = {asyncio.run(_picture(one, None)) for one in pictures}
    shown = {name: name.rpartition(".")[0].partition("-")[2] for name in files if name.startswith(PICTURES)}
    doubtful = [name for name in shown if files[name] not in drawn]
    if doubtful:  # they are on the PDF too, and what a forger put there is not opened
        return [*doubtful, PDF]
    papers = {pdf(blocks(folder, index.exported, index.head, shown, language), files) for language in ("zh_CN", "en")}
    return [PDF] if files.get(PDF) not in papers else []


def _has_head(journal: Path, seq: int, hash: str) -> bool:
    from terminal.journal.examination import examined
    from terminal.journal.look import looked_into

    with looked_into(journal) as db:
        row = db.execute("SELECT hash FROM event WHERE seq = ?", (seq,)).fetchone()
    return row is not None and bytes(row[0]).hex() == hash and examined(journal).is_chain_whole


def _loaded(path: Path) -> Config:
    try:
        return load(path)
    except ConfigRefused as error:
        click.echo(f"configuration refused: {error}", err=True)
        raise SystemExit(BAD_CONFIGURATION) from None
