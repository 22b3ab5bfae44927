"""The merchant's guide, played: two days at one terminal, from which docs/merchant-guide.*.md takes screens and papers.

Law: what the guide shows was shown. `python -m tests.journey.guide_day` (`make guide`) writes the pictures anew.
"""

from __future__ import annotations

import asyncio
import io
import re
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from PIL import Image

from terminal.events import CodeScanned
from terminal.journal.journal import Operator
from terminal.paper import QrRow, TextRow
from terminal.refund.policy import Policy
from terminal.screens import Say, Shown
from tests.journey.shop import Bank, PlainPasswords, Shop, day
from ui.page import page
from ui.painter import Painter
from ui.text import words

DOCS = Path(__file__).parents[2] / "docs"
LANGUAGES = {"zh": "zh_CN", "en": "en"}  # of the guide's file: of the screens
TOUCH, KEYPAD = "touch-480x800", "keypad-320x240"
LEVELS = 5  # steps of each colour from dark to light in a picture: small files, the same colours to the eye
CODES = {"01": "2580", "00": "135790", "02": "3690", "03": "1470"}  # TEST codes
LIGHT = 228
PATIENCE = 400.0  # virtual seconds to wait for a screen
NIGHT = 22 * 3600.0  # from the first evening to the second morning


def ids(value: Any) -> Iterator[str]:
    """Every sentence that a screen names, the ones within others too; and its kind ("card")."""
    if isinstance(value, Say):
        yield value.id
        for inner in value.args.values():
            yield from ids(inner)
    elif isinstance(value, tuple):
        for one in value:
            yield from ids(one)
    elif isinstance(value, msgspec.Struct):
        yield str(value.__struct_config__.tag)
        for name in value.__struct_fields__:
            yield from ids(getattr(value, name))


class Played:
    """What was seen and printed, by the names that the guide gives it."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.screens: dict[str, Shown] = {}
        self.papers: dict[str, str] = {}

    def said(self, name: str) -> str:
        """All words of a screen, its bars too."""
        shown = self.screens[name]
        told = page(shown, words(self.language, is_strict=True))
        return "\n".join((*told.status, told.title, *told.plain_lines(), told.hint))


class Clerk:
    """Goes by what a screen is, not by its language, and keeps those that the guide shows."""

    def __init__(self, shop: Shop, played: Played) -> None:
        self.shop, self.played = shop, played

    async def on(self, id: str, name: str = "") -> None:
        """Wait for the screen that says this; keep it under a name."""
        front = self.shop.front
        try:
            async with asyncio.timeout(PATIENCE):
                await front.until(lambda shown: id in ids(shown.screen))
        except TimeoutError:
            raise AssertionError(f"never saw {id}; the screen is\n{self.shop.text()}") from None
        if name:
            self.played.screens[name] = msgspec.structs.replace(front.screens[-1], language=self.played.language)

    def keep_seen(self, id: str, name: str) -> None:
        """Keep one that has passed already."""
        shown = next(each for each in self.shop.front.screens if id in ids(each.screen))
        self.played.screens[name] = msgspec.structs.replace(shown, language=self.played.language)

    def keep_paper(self, name: str) -> None:
        """Keep what was printed last, as text; a code or a picture on it is left out."""
        rows = [row.text.rstrip() for row in self.shop.printer.papers[-1] if isinstance(row, TextRow)]
        self.played.papers[name] = "\n".join(rows).strip("\n")

    async def answer(self, id: str, *keys: str, name: str = "") -> None:
        """On the screen that says this, press."""
        await self.on(id, name)
        await self.shop.press(*keys)

    async def type(self, id: str, digits: str, name: str = "") -> None:
        """On the question that says this, type and confirm; it is kept with its digits."""
        await self.on(id)
        await self.shop.type(digits)
        await self.on(id, name)
        await self.shop.press("enter")

    async def idle(self) -> None:
        await self.on("menu.shop")

    async def sell(self, amount: str, card: str, name: str = "") -> None:
        await self.answer("menu.shop", "1")
        await self.type("sale.ask_amount", amount)
        await self.on("card")
        await self.shop.insert(card)
        await self.answer("sale.leave_card", "enter")
        await self.answer("result.sale.accepted", "enter", name=name)
        await self.papers()
        await self.shop.pull()
        await self.idle()

    async def papers(self) -> None:
        await self.answer("printing.tear", "enter")

    async def log_in(self, id: str, name: str = "") -> None:
        await self.on("staff.ask_number", name)
        await self.shop.enter(id)
        await self.type("staff.ask_code", CODES[id])

    async def money_back(self, *way: str) -> None:
        """From idle to the fee sheet: the sale's number in the list, then 1, 2 or 3 (all, a part, all less costs)."""
        sale, how = way[:2]
        await self.answer("menu.shop", "refund")
        await self.answer("find.recent", sale)
        await self.answer("refund.reason", "1")
        await self.answer("refund.how_much", how)

    async def with_card(self, card: str, name: str = "") -> None:
        """From the card until it is sent."""
        await self.on("card")
        await self.shop.insert(card)
        await self.on("refund.confirm", name)
        await self.shop.pull()
        await self.shop.press("enter")

    async def leave(self, id: str) -> None:
        """Back to idle from wherever this is."""
        await self.on(id)
        while "menu.shop" not in ids(self.shop.front.screens[-1].screen):
            await self.shop.press("cancel")
            await self.shop.settle(0.1)


DEBIT, CREDIT, OTHER = "unionpay-debit", "unionpay-credit", "unionpay-debit-other"


async def first_evening(clerk: Clerk) -> None:
    """What the second morning finds: a refund that nobody knows the end of, an application, a day not settled."""
    shop = clerk.shop
    await shop.first_day()
    clerk.keep_seen("staff.must_change", "first-code")
    for id, role in (("02", "operator"), ("03", "senior")):
        digest = await PlainPasswords().digest(CODES[id])
        await shop.journal.keep_operator(Operator(id, role, digest, is_factory=False), "enrolled", "00")
    await shop.press("refund")
    await shop.supervisor_code()
    await shop.press("cancel")
    await shop.idle()
    if clerk.played.language == "en":
        await shop.press("7")
    await clerk.sell("60000", CREDIT)
    await clerk.sell("10000", DEBIT)
    await clerk.money_back("2", "1")
    await clerk.answer("fees.title", "enter")
    await clerk.answer("staff.ask_supervisor", "cancel", name="supervisor")
    await clerk.answer("approval.no_supervisor", "1", name="supervisor-away")
    await clerk.answer("approval.waiting", "enter", name="waiting")
    shop.bank.line("answer_lost")
    await clerk.money_back("1", "2")
    await clerk.type("refund.ask_amount", "4000")
    await clerk.answer("fees.title", "enter")
    await clerk.with_card(DEBIT)
    await clerk.answer("result.unknown", "enter", name="unknown")
    await clerk.idle()
    clerk.keep_paper("unknown")
    await clerk.answer("menu.shop", "9")
    await shop.settle(NIGHT)
    shop.bank.line("up")


async def morning(clerk: Clerk) -> None:
    """Log in, the list of what is left, the sale of a day."""
    await clerk.log_in("01", "log-in")
    await clerk.answer("morning.title", "cancel", name="morning")
    await clerk.on("menu.shop", "menu")


async def whole_sale_of_today(clerk: Clerk) -> None:
    """A void: the six keys of the guide."""
    await clerk.sell("8800", DEBIT, "sold")
    await clerk.answer("menu.shop", "refund")
    await clerk.answer("find.recent", "1", name="which-sale")
    await clerk.answer("refund.reason", "1", name="reason")
    await clerk.answer("refund.how_much", "1", name="how-much")
    await clerk.on("fees.title", "whole")
    await clerk.answer("fees.title", "enter")
    await clerk.with_card(DEBIT, "check")
    await clerk.on("hint.undo", "undo")
    await clerk.answer("result.void.accepted", "enter", name="voided")
    await clerk.papers()


async def asked_about(clerk: Clerk) -> None:
    """Yesterday's unknown one; the line is up again."""
    await clerk.answer("menu.shop", "4")
    await clerk.answer("records.title", "1")
    await clerk.answer("hint.ask_now", "enter", name="ask-now")
    await clerk.answer("result.refund.accepted", "enter", name="late-answer")
    await clerk.papers()


async def part_with_costs(clerk: Clerk) -> None:
    """100.00, of which 15.00 costs and a fee of 2.50 are kept; before it, too much is asked for."""
    await clerk.sell("10000", CREDIT)
    await clerk.money_back("1", "2")
    await clerk.type("refund.ask_amount", "10001")
    await clerk.answer("bad.above-remaining", "enter", name="too-much")
    await clerk.leave("refund.how_much")
    await clerk.money_back("1", "1")
    await clerk.answer("fees.title", "enter")
    await clerk.on("card")
    await clerk.shop.insert(OTHER)
    await clerk.answer("bad.card-differs", "enter", name="wrong-card")
    await clerk.shop.pull()
    await clerk.money_back("1", "3")
    await clerk.type("refund.ask_kept_cost", "1500")
    await clerk.type("refund.ask_handling_fee", "250")
    await clerk.on("fees.title", "costs")
    await clerk.answer("fees.title", "enter")
    await clerk.with_card(CREDIT)
    await clerk.answer("result.refund.accepted", "enter", name="accepted")
    await clerk.papers()
    await clerk.idle()
    clerk.keep_paper("costs")


async def reviewed_later(clerk: Clerk) -> None:
    """What waits since yesterday; 03 is a senior."""
    await clerk.answer("menu.shop", "down")
    await clerk.answer("menu.reviews", "5", name="menu-2")
    await clerk.answer("review.item", "1", name="queue")
    await clerk.answer("approval.now", "1", name="review-one")
    await clerk.type("consent.reviewer", "03")
    await clerk.type("staff.ask_code", CODES["03"])
    await clerk.answer("review.requester", "enter", name="review")
    await clerk.answer("review.return", "1", name="verdict")
    await clerk.answer("approval.go", "1", name="approved")
    await clerk.with_card(CREDIT)
    await clerk.answer("result.refund.accepted", "enter")
    await clerk.papers()


async def goes_wrong(clerk: Clerk) -> None:
    """Refused by the bank, and help from there; out of paper; both over, and nothing is done twice."""
    shop = clerk.shop
    await clerk.sell("3000", DEBIT)
    await clerk.money_back("1", "2")
    await clerk.type("refund.ask_amount", "2000")
    shop.bank.spoil("refused_with", "0220", "61")
    await clerk.answer("fees.title", "enter")
    await clerk.with_card(DEBIT)
    await clerk.answer("result.refused", "func", name="refused")
    await clerk.answer("help.who", "cancel", name="refused-help")
    await clerk.answer("result.refused", "enter")
    await clerk.idle()
    shop.printer.is_out = True
    await clerk.money_back("1", "1")
    await clerk.answer("fees.title", "enter")
    await clerk.with_card(DEBIT)
    await clerk.answer("result.void.accepted", "enter")
    await clerk.on("bad.paper-out", "paper-out")
    shop.printer.is_out = False
    await shop.press("enter")
    await clerk.papers()


async def line_for_the_bank(clerk: Clerk) -> None:
    """What has not arrived yet, and what the cardholder may tell his bank."""
    await clerk.answer("menu.shop", "down")
    await clerk.answer("menu.tracker", "6")
    await clerk.answer("menu.tracker", "1", name="tracker")
    await clerk.answer("hint.track", "enter", name="story")
    await clerk.answer("track.line", "1", name="track-menu")
    await clerk.answer("hint.code_next", "enter", name="bank-line")
    await clerk.on("track.line", "bank-code")
    await clerk.leave("track.line")


async def scanned(clerk: Clerk) -> None:
    """The receipt's code instead of the list: what went back already, then a sale."""
    shop = clerk.shop
    codes = [row.content for paper in shop.printer.papers for row in paper if isinstance(row, QrRow)]
    shop.front.report(CodeScanned(codes[-1]))
    await clerk.answer("bad.not-a-sale", "cancel", name="scanned-refund")
    await clerk.idle()
    shop.front.report(CodeScanned(codes[2]))
    await clerk.on("refund.reason", "scanned-sale")
    await clerk.leave("refund.reason")


async def asking(clerk: Clerk) -> None:
    """Help, and practice."""
    await clerk.answer("menu.shop", "8")
    await clerk.answer("help.walk", "8", name="help")
    await clerk.on("help.all")
    await clerk.shop.settle(5)
    await clerk.on("help.all", "checks")
    await clerk.leave("help.all")
    await clerk.answer("menu.shop", "down")
    await clerk.answer("menu.practice", "8")
    await clerk.answer("practice.void", "4", name="practice")
    await clerk.answer("practice.begin", "enter", name="lesson")
    await clerk.on("find.recent", "lesson-sale")
    await clerk.shop.press("cancel", "cancel")  # twice: out of the practice
    await clerk.idle()


async def end_of_day(clerk: Clerk) -> None:
    """Settlement and the day's sums."""
    await clerk.answer("menu.shop", "down")
    await clerk.answer("menu.settlement", "1")
    await clerk.answer("settlement.net", "enter", name="totals")
    await clerk.answer("settlement.balanced", "enter", name="settled")
    await clerk.answer("menu.shop", "down")
    await clerk.answer("menu.office", "7")
    await clerk.answer("office.who", "enter")
    await clerk.type("staff.ask_supervisor", CODES["00"])
    await clerk.answer("office.finance", "3", name="office")
    await clerk.answer("finance.which", "1")
    await clerk.on("finance.of_day", "day")
    await clerk.leave("finance.of_day")


PARTS = (
    first_evening,
    morning,
    whole_sale_of_today,
    asked_about,
    part_with_costs,
    reviewed_later,
    goes_wrong,
    line_for_the_bank,
    scanned,
    asking,
    end_of_day,
)


@cache
def played(language: str) -> Played:
    """Both days, with the policy that is shipped."""
    kept = Played(LANGUAGES[language])

    async def script(shop: Shop) -> None:
        clerk = Clerk(shop, kept)
        for part in PARTS:
            await part(clerk)

    bank = Bank()
    with tempfile.TemporaryDirectory() as folder:
        day(Path(folder), bank, script, Policy())
    bank.ledger.close()
    return kept


# --- the pages -------------------------------------------------------------------------------------------------------
PICTURE = re.compile(r"screens/guide/(\w+)/([a-z0-9-]+?)(-keypad)?\.png")
PAPER = re.compile(r"(<!-- paper: ([a-z-]+) -->\n```text\n).*?(```)", re.DOTALL)


def guide(language: str) -> Path:
    return DOCS / f"merchant-guide.{language}.md"


def pictures_of(language: str) -> dict[str, tuple[str, str]]:
    """File name -> device class and screen, as the guide names them."""
    text = guide(language).read_text("utf-8")
    found = PICTURE.finditer(text)
    return {Path(each[0]).name: (KEYPAD if each[3] else TOUCH, each[2]) for each in found if each[1] == language}


def folder_of(language: str) -> Path:
    return DOCS / "screens" / "guide" / language


def picture(language: str, device: str, name: str) -> Image.Image:
    """The screen in few colours, that of the big glass at three quarters of its size."""
    painted = Image.open(io.BytesIO(_painter(device).png(played(language).screens[name]))).convert("RGB")
    if device == TOUCH:
        painted = painted.resize((painted.width * 3 // 4, painted.height * 3 // 4), Image.Resampling.BOX)
    return painted.point([_fewer(each) for each in range(256)] * 3)


def _fewer(value: int) -> int:
    """Light grounds in finer steps, so that none takes a tint."""
    if value >= LIGHT:
        return LIGHT + round((value - LIGHT) / 9) * 9
    return round(round(value * LEVELS / 255) * 255 / LEVELS)


@cache
def _painter(device: str) -> Painter:
    return Painter(device)


def with_papers(language: str, text: str) -> str:
    """The guide with the papers that were printed."""
    return PAPER.sub(lambda block: f"{block[1]}{played(language).papers[block[2]]}\n{block[3]}", text)


def write(language: str) -> None:
    """The pictures that the guide names, and no other; its papers."""
    folder = folder_of(language)
    folder.mkdir(parents=True, exist_ok=True)
    wanted = pictures_of(language)
    for left in folder.iterdir():
        if left.name not in wanted:
            left.unlink()
    for file, (device, name) in wanted.items():
        painted = picture(language, device, name)
        assert painted.getcolors(256), f"{file}: more colours than a palette has"
        few = painted.convert("P", palette=Image.Palette.ADAPTIVE, colors=256)
        few.save(folder / file, optimize=True)
    page_ = guide(language)
    page_.write_text(with_papers(language, page_.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    for each in sys.argv[1:] or LANGUAGES:
        write(each)
