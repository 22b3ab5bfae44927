"""参数打印: what this terminal is told and runs by, for who services it. Law: values and versions; no key, no password.

`target` is the kind of the printer's line only ("serial", "net"); addresses are the acquirer's as configured.
"""

from __future__ import annotations

import msgspec

from terminal.receipt import Line, Pair, Receipt, Rule
from terminal.screens import Say, say
from terminal.shop_paper import Shop, Style, foot, head, known, made


class ConfigFacts(msgspec.Struct, frozen=True):
    """What is not known is "". Counts are of the lists that the kernel of the chip works by."""

    program: str  # version of yuanlu
    kernel: str  # of EMV, version
    policy: str | Say  # version in force
    dialect: str
    addresses: tuple[str, ...]
    security: str
    zone: str
    language: str
    tmk_slot: int
    batch: str
    printer: str
    columns: int
    copies: int
    applications: int
    public_keys: int
    revoked: int
    blocked: int
    schema: str = ""  # of the journal, version
    calendar: str = ""  # version of the holidays


def config_paper(facts: ConfigFacts, operator: str, shop: Shop, style: Style, at: str) -> Receipt:
    """`at` is ISO 8601."""
    lines: list[Line] = [
        *head(say("paper.config"), shop, style),
        *made(at, operator),
        Rule(),
        *known(
            (say("paper.config.program"), facts.program),
            (say("paper.config.kernel"), facts.kernel),
            (say("paper.config.policy"), facts.policy),
            (say("paper.config.calendar"), facts.calendar),
            (say("paper.config.schema"), facts.schema),
        ),
        Rule(),
        Pair(say("paper.config.dialect"), facts.dialect),
        *(Pair(say("paper.config.address", number=str(at)), one) for at, one in enumerate(facts.addresses, 1)),
        Pair(say("paper.config.security"), facts.security),
        Pair(say("paper.config.slot"), str(facts.tmk_slot)),
        Pair(say("paper.batch"), facts.batch),
        Rule(),
        *_lists(facts),
        Rule(),
        Pair(say("paper.config.zone"), facts.zone),
        Pair(say("paper.config.language"), facts.language),
        Pair(say("paper.config.printer"), facts.printer),
        Pair(say("paper.config.columns"), str(facts.columns)),
        Pair(say("paper.config.copies"), str(facts.copies)),
        Rule(),
        *foot(shop, style),
    ]
    return Receipt(tuple(lines), style.copy, style.language)


def _lists(facts: ConfigFacts) -> list[Line]:
    lists: tuple[tuple[Say, int], ...] = (
        (say("paper.config.applications"), facts.applications),
        (say("paper.config.public_keys"), facts.public_keys),
        (say("paper.config.revoked"), facts.revoked),
        (say("paper.config.blocked"), facts.blocked),
    )
    return [Pair(label, str(count)) for label, count in lists]
