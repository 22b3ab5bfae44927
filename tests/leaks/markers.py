"""Numbers that are nowhere else, put on test cards and into test people's hands. Law: TEST DATA, and random.

What stays of a card is what may be shown: the first six digits of its number, and what the stripe says about its use.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from simulator.acquirer.branch import TEST_TMK
from simulator.cards.description import CardDescription
from terminal.dialogue.codes import CUSTODIANS, FACTORY, ROLES, is_weak
from tests.leaks import encodings
from tests.leaks.encodings import Secret

SHOWN_FIRST, SHOWN_LAST = 6, 4  # digits of a card number that may be shown (PCI DSS 4.0, 3.4.1)
SHORT, LONG = 6, 12  # digits of a PIN: as people have it, and the most there are
EXPIRY_AND_SERVICE = 7
LONGEST_TRACK = 37  # F35
BRINGING = CUSTODIANS[:2]  # who has a component of the TMK
HALF = 8  # bytes of a component: one key of DES


class Markers:
    """Cards and secrets of one run."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self.card_pin, self.wrong_pin, self.short_pin = self._digits(LONG), self._digits(LONG), self._digits(SHORT)
        self.online_pin = self._digits(LONG)
        staff = {**{id: role for id, role, _ in FACTORY}, **dict.fromkeys(BRINGING, "custodian")}
        self.codes = {id: self._code(ROLES[role].size) for id, role in staff.items()}
        first = chance.randbytes(len(TEST_TMK))
        self.components = dict(zip(BRINGING, (first, encodings.xor(first, TEST_TMK)), strict=True))
        self.cards: list[CardDescription] = []

    def marked(self, card: CardDescription) -> CardDescription:
        """The same card with an account, stripe data and PIN of its own."""
        body = card.pan[:SHOWN_FIRST] + self._digits(len(card.pan) - SHOWN_FIRST - 1)
        pan = body + check_digit(body)
        head = f"{pan}={card.track2.partition('=')[2][:EXPIRY_AND_SERVICE]}"
        track2 = head + self._digits(LONGEST_TRACK - len(head))
        chip = replace(card.chip, pin=self.card_pin) if card.chip is not None else None
        self.cards.append(replace(card, pan=pan, track2=track2, chip=chip))
        return self.cards[-1]

    def of_cards(self) -> list[Secret]:
        return [secret for card in self.cards for secret in of_card(card)]

    def of_people(self) -> list[Secret]:
        """PINs, alone and in clear blocks."""
        pans = [card.pan for card in self.cards]
        pins = {"online PIN": self.online_pin, "PIN of the cards": self.card_pin, "wrong PIN": self.wrong_pin}
        return [
            *(encodings.number(name, pin) for name, pin in pins.items()),
            *(encodings.pin(f"{name} (block)", pin, pans) for name, pin in pins.items()),
            encodings.pin("short PIN", self.short_pin, pans),
        ]

    def of_components(self) -> list[Secret]:
        """Each half alone: who finds a whole one finds both."""
        return [
            encodings.key(f"component of {id}, byte {start}", component[start : start + HALF])
            for id, component in self.components.items()
            for start in range(0, len(component), HALF)
        ]

    def of_staff(self) -> list[Secret]:
        """The codes of the longer ones: four digits are in every amount and every year."""
        return [encodings.pin(f"code of {id}", code) for id, code in self.codes.items() if len(code) >= SHORT]

    def _code(self, size: int) -> str:
        while is_weak(code := self._digits(size)):
            pass
        return code

    def _digits(self, count: int) -> str:
        return "".join(self._chance.choices("0123456789", k=count))


def of_card(card: CardDescription) -> list[Secret]:
    """The number, the twelve digits of it that a PIN block takes, and what the stripe says behind the service code."""
    inside = card.track2.partition("=")[2][EXPIRY_AND_SERVICE:]
    named = {"PAN": card.pan, "PAN's twelve": card.pan[-13:-1], "discretionary data": inside}
    return [encodings.number(f"{what} of {card.id}", digits) for what, digits in named.items()]


def of_keys(keys: Mapping[str, bytes]) -> list[Secret]:
    return [encodings.key(name, raw) for name, raw in keys.items() if raw]


def shows_more(text: str, pans: Iterable[str]) -> list[str]:
    """What of a text, in whatever groups, shows more of a card number than its first six and last four digits."""
    found, joined = [], ungrouped(text)
    for pan in pans:
        parts = {"first seven": pan[: SHOWN_FIRST + 1], "last five": "*" + pan[-SHOWN_LAST - 1 :]}
        found += [
            f"the {name} digits of a card of {pan[:SHOWN_FIRST]}" for name, part in parts.items() if part in joined
        ]
    return found


def ungrouped(text: str) -> str:
    return text.encode().translate(None, encodings.SEPARATORS).decode("utf-8", "replace")


def check_digit(body: str) -> str:
    """ISO/IEC 7812-1, annex B.

    >>> check_digit("621094800000002")
    '9'
    """
    doubled = (int(one) * (1 + place % 2) for place, one in enumerate(reversed(body), 1))
    return str(-sum(value // 10 + value % 10 for value in doubled) % 10)
