"""The cover of an exported folder, printed from the command line. Law: the files are written; a printer undoes nothing.

Not pure: it opens the terminal's printer. Where the terminal prints at the same moment, one of the two is told.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import click

from terminal.config import Config
from terminal.evidence import Folder
from terminal.evidence_bundle import Exported, Head
from terminal.evidence_cover_paper import Export, evidence_cover_paper
from terminal.ports import PaperOut, PrinterLost
from terminal.refund.rules import Policy
from terminal.shop_paper import Shop, Style


async def print_cover(config: Config, folder: Folder, who: Exported, head: Head, bundle: Path, language: str) -> None:
    """`bundle` is the zip as it was written. Raises click.ClickException when nothing came out."""
    from drivers.printer import EscposPrinter
    from ui.paper import typeset

    told, merchant = config.printer, config.merchant
    shop = Shop(merchant.name, merchant.merchant_id, merchant.terminal_id, merchant.support_phone, Policy().arrival)
    digest = hashlib.sha256(bundle.read_bytes()).hexdigest()
    export = Export(who.at, who.supervisor, bundle.name, digest, head.seq, head.hash)
    style = Style(language=told.language or language, is_demo=merchant.is_test)
    try:
        printer = EscposPrinter(told.target, told.columns, profile=told.profile)
        await printer.print(typeset(evidence_cover_paper(folder, export, shop, style), printer.columns))
    except (ValueError, PaperOut, PrinterLost) as error:
        raise click.ClickException(f"the files are written; the cover was not printed: {error}") from None
