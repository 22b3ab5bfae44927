"""打印: papers about the terminal itself. Law: each says what is so at this moment; none moves money.

| paper      | what for                                                            |
|------------|---------------------------------------------------------------------|
| last       | 结算总计 of the last settlement once more                             |
| details    | 交易明细, every exchange of the batch that is open, or of the last one |
| self-test  | 自检: each check with its result, and whether every dot prints          |
| config     | 参数: what this terminal is told and runs by, for who services it       |
"""

from __future__ import annotations

from terminal.config_paper import ConfigFacts, config_paper
from terminal.dialogue.applications import now_of
from terminal.dialogue.bad_news import Stopped
from terminal.dialogue.checks import look
from terminal.dialogue.look import NO_ROW, Found, Verdict
from terminal.dialogue.policy_view import version_words
from terminal.dialogue.printing import print_receipt, shop, style
from terminal.dialogue.room import Room
from terminal.dialogue.settlement import print_last
from terminal.exchange.settling import Settled
from terminal.log_words import version
from terminal.screens import Item, say
from terminal.self_test_paper import self_test_paper
from terminal.settlement_details_paper import settlement_details_paper

TITLE = say("papers.menu")
GOOD = {Verdict.PASS: True, Verdict.FAIL: False}


async def print_papers(room: Room) -> None:
    """One of them. Raises Cancelled, TimedOut, Stopped."""
    acts = (
        (print_last, "manage.last_settlement"),
        (print_details, "paper.details"),
        (print_self_test, "paper.test"),
        (print_config, "paper.config"),
    )
    act = await room.desk.choose(TITLE, [(act, Item(say(label))) for act, label in acts])
    await act(room)


async def print_details(room: Room) -> None:
    """Of the open batch; where nothing is in it, of the one that was settled last. Raises Stopped."""
    batch = await room.journal.batch()
    stages = await room.journal.of_batch(batch)
    if not stages:
        settled = await room.journal.settlements.last()
        if not isinstance(settled, Settled):
            raise Stopped("no-settlement")
        batch, stages = settled.batch, await room.journal.of_batch(settled.batch)
    forms = room.acquirer.dialect.forms
    paper = settlement_details_paper(stages, forms, batch, room.operator, shop(room), style(room), now_of(room))
    await print_receipt(room, paper)


async def print_self_test(room: Room) -> None:
    """Every check is made anew."""

    async def made() -> list[tuple[str, Found]]:
        async with look(room) as looked:
            return list((await looked.done()).items())

    found = await room.desk.work(TITLE, made(), lambda: say("papers.busy"))
    checks = [(say(f"live.{name}"), one.said, GOOD.get(one.verdict)) for name, one in found if one is not NO_ROW]
    await print_receipt(room, self_test_paper(checks, room.operator, shop(room), style(room), now_of(room)))


async def print_config(room: Room) -> None:
    """No key, no password; of the printer's line only what kind it is."""
    config, kernel = room.config, room.kernel
    facts = ConfigFacts(
        program=version(),
        kernel="",
        policy=version_words(room.policy.version),
        dialect=config.dialect.name,
        addresses=config.line.addresses,
        security=config.line.security,
        zone=config.zone,
        language=config.language,
        tmk_slot=config.keys.tmk_slot,
        batch=await room.journal.batch(),
        printer=config.printer.target.partition(":")[0],
        columns=config.printer.columns,
        copies=config.printer.copies,
        applications=len(kernel.applications),
        public_keys=len(kernel.keys.capks),
        revoked=len(config.emv.revoked),
        blocked=len(kernel.exceptions),
    )
    await print_receipt(room, config_paper(facts, room.operator, shop(room), style(room), now_of(room)))
