"""密钥核对单: which slots hold a key, and each key's check value, for two custodians. Law: check values and no key.

Usages that say something to a person are SHOWN; the terminal's own keys are not listed.
"""

from __future__ import annotations

from terminal.key_facts import KeyFact, VaultFacts
from terminal.receipt import Blank, Line, Pair, Receipt, Rule, Text
from terminal.screens import say
from terminal.shop_paper import Shop, Style, foot, head, made, moment

SHOWN = ("tmk", "kek", "pin", "mac", "track", "dukpt")
NONE = "-"
SIGN_ROWS = 2


def key_check_paper(facts: VaultFacts, operator: str, shop: Shop, style: Style, at: str) -> Receipt:
    """`at` is ISO 8601."""
    shown = [fact for fact in facts.keys if fact.usage in SHOWN]
    lines: list[Line] = [
        *head(say("paper.keys"), shop, style),
        *made(at, operator),
        Rule(),
        Text(say(f"keys.state.{facts.state}")),
        Text(say(f"keys.under.{facts.protection}")),
        Pair(say("paper.keys.generation"), str(facts.generation)),
        Rule(),
        *(line for fact in shown for line in _key(fact)),
        *([] if shown else [Text(say("paper.keys.none"))]),
        Rule(),
        Text(say("paper.keys.compare")),
        *(line for number in ("1", "2") for line in _signed(number)),
        *foot(shop, style),
    ]
    return Receipt(tuple(lines), style.copy, style.language)


def _key(fact: KeyFact) -> list[Line]:
    kind, _, slot = fact.place.partition(".")
    made_on = moment(fact.made[:10]) or NONE
    return [
        Pair(say(f"place.{kind}", slot=slot), fact.check_value or NONE),
        Pair(say("verbatim", text=f"  {fact.cipher}"), made_on),
    ]


def _signed(number: str) -> list[Line]:
    return [Text(say("paper.keys.custodian", number=number)), Blank(SIGN_ROWS), Rule()]
