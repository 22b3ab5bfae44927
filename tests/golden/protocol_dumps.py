"""One annotated dump per message, made by a terminal and its bank that really said them. TEST CARDS, TEST KEYS.

`python -m tests.golden.protocol_dumps` writes them anew into docs/protocol.md; a person reviews the difference.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from click.testing import CliRunner

from simulator.acquirer.branch import TEST_TMK
from simulator.acquirer.explain import explain
from simulator.acquirer.host import Host
from terminal.dialogue.management import manage
from terminal.dialogue.ready import asked_once
from terminal.exchange.scripts import owe_script_notice
from terminal.exchange.signatures import owe_signature, send_signatures
from terminal.exchange.stages import Accepted
from terminal.iso8583.cup import CUP
from terminal.iso8583.cup_management import status
from terminal.iso8583.facts import Facts
from terminal.iso8583.kinds import Kind, Silence
from terminal.iso8583.messages import financial
from terminal.money import Money
from tests.journey.shop import Bank, Shop, day
from tests.journey.teller import OFFLINE, TC, Teller

PAGE = Path(__file__).parents[2] / "docs" / "protocol.md"
BEGIN, END = "<!-- dumps: begin -->", "<!-- dumps: end -->"


def heard() -> list[bytes]:
    """Every frame that went over the line on a day with one of everything, in order, both ways."""
    frames: list[bytes] = []

    class Listening(Host):
        def answer(self, frame: bytes, *more: object, **named: object) -> bytes:
            frames.append(frame)
            answer = super().answer(frame, *more, **named)  # type: ignore[arg-type]
            frames.append(answer)
            return answer

    bank = Bank()
    with tempfile.TemporaryDirectory() as folder:
        day(Path(folder), bank, one_of_everything, host=Listening, issuer=None)
    bank.ledger.close()
    return frames


async def one_of_everything(shop: Shop) -> None:
    teller, room, bank = Teller(shop), shop.room, shop.bank
    await teller.sign_in()
    acquirer, journal = room.acquirer, room.journal
    for kind, form in CUP.forms.items():
        if form.silence is Silence.NOTHING:
            facts = Facts(kind, await journal.next_stan(), await journal.batch(), Money(0))
            await asked_once(room, financial(acquirer.dialect, facts, teller.plastic(kind), acquirer.me))
        else:
            await teller.do(kind, original=await teller.before(kind))
        if kind in OFFLINE:
            await room.runner.pay_debts()
    sale = await teller.do(Kind.SALE)
    assert isinstance(sale, Accepted)
    for kind, mti, original in ((Kind.SALE, "0200", None), (Kind.VOID, "0200", sale), (Kind.REFUND, "0220", sale)):
        bank.spoil("lost", mti)
        await teller.do(kind, original=original)
    await owe_script_notice(journal, sale.request.id, "DF310500000000009F36020001")
    await room.runner.pay_debts()
    await owe_signature(journal, sale, bytes.fromhex("0000010000E0000000A000000080000008"))  # no real signature
    await send_signatures(journal, acquirer, "TEST")
    await asked_once(room, acquirer.dialect.echo(acquirer.dialect, acquirer.me, await journal.batch()))
    await asked_once(room, status(acquirer.dialect, acquirer.me, await journal.batch(), "111"))
    await downloads(shop)
    await journal.enter(Accepted(sale.request, sale.reply, certificate=TC))
    taken = await teller.do(Kind.SALE)  # only the bank will have it: the totals differ, and everything is uploaded
    await journal.write([], lambda db: db.execute("DELETE FROM exchange WHERE id = ?", (taken.request.id,)))
    await room.settler.settle("01", lambda *_: None)
    room.is_signed_in = False
    await teller.sign_in()
    await sign_off(shop)


async def downloads(shop: Shop) -> None:
    await with_keys(shop, "2", "参数已下载")


async def sign_off(shop: Shop) -> None:
    await with_keys(shop, "3", "已签退")


async def with_keys(shop: Shop, key: str, seen: str) -> None:
    """The management dialogue, by its keys."""
    shop.terminal = asyncio.ensure_future(manage(shop.room))
    await shop.see("签退")
    await shop.press(key)
    await shop.see(seen)
    await shop.press("enter")
    await shop.terminal
    shop.terminal = None


def dumps() -> str:
    """The page's part, as Markdown."""
    frames = heard()
    spelled = "\n".join(f"{len(frame):04X}{frame.hex().upper()}" for frame in frames)
    result = CliRunner().invoke(explain, ["--tmk", TEST_TMK.hex()], input=spelled)
    assert result.exit_code == 0, result.output
    told: dict[str, str] = {}
    for block in result.output.strip().split("\n\n"):
        first, *rest = block.splitlines()
        title = first.partition("bytes: ")[2]
        told.setdefault(f"{title} ({_code(rest)})", "\n".join(rest))
    return "\n\n".join(f"### {title}\n\n```\n{text}\n```" for title, text in sorted(told.items()))


def _code(lines: list[str]) -> str:
    """60.1 and 60.3, and F25 where it tells kinds apart."""
    found = [line.split()[1:3] for line in lines if line.split()[:1] in (["60.1"], ["60.3"])]
    condition = [line.split()[3] for line in lines if " F25 " in line]
    return ", ".join([" ".join(pair) for pair in found] + [f"F25 {code}" for code in condition if code != "00"]) or "–"


def page() -> str:
    """docs/protocol.md with the dumps as they are now."""
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}\n\n{dumps()}\n\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
