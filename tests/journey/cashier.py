"""A cashier who follows the screens, whatever comes: a plan says what he wants, the screens what he does next.

| screen     | what he does                                                                     |
|------------|----------------------------------------------------------------------------------|
| Menu       | what the plan wants, where it is offered; its digit for this title; else 1       |
| Menu       | of papers: each that is missing; of the interrupter: nobody is on the phone      |
| Ask        | the plan's digits for this prompt; codes of whoever is asked; numbers of people  |
| Sheet      | confirms                                                                         |
| Notice     | confirms                                                                         |
| CardPrompt | the plan's card, or takes out the one that is in                                 |
| PinPad     | the TEST PIN                                                                     |
| SignPad    | signs                                                                            |
| Progress   | waits                                                                            |

After `patience` actions he has had enough and presses cancel until the terminal is idle. A menu or a notice that comes
back and back he leaves by cancel.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from terminal.screens import Ask, CardPrompt, Menu, Notice, PinPad, Progress, Say, Sheet, SignPad
from tests.journey.shop import PIN, Shop

IDLE, SALES, PAPERS = "menu.shop", "find.recent", "papers.title"
PEOPLE = ("consent.reviewer", "consent.second", "testimony.second", "forced.ask_second")
CALM = {"scam.phone": "2", "scam.told": "1"}
LEFT_OVER = "morning.title"  # a list that only cancel leaves
TYPED = {  # what is typed where the plan says nothing
    "papers.note.ask": "77",
    "papers.photo.instead": "77",
    "papers.identity.last": "1234",
    **{f"testimony.{how}.number": "20261124" for how in ("phone", "letter", "statement")},
}
SUPERVISOR, ADMINISTRATOR = "135790", "24681357"
CODES = {"01": "2580", "02": "1470", "03": "3690", "00": SUPERVISOR, "99": ADMINISTRATOR}
MOST_ACTIONS = 120
AGAIN = 3  # times the same key on the same screen
LONG = 4_000.0  # virtual seconds without a new screen: the terminal hangs


class Stuck(AssertionError):
    """The terminal did not come back to idle."""


@dataclass
class Plan:
    """What the cashier wants. `menus` and `asks` go by the id of the title or the prompt; `wants` are ids of labels,
    taken wherever they are offered, first ones first; `people` come one after the other when more are asked for;
    `absent` are prompts of people who are not there."""

    menus: dict[str, int] = field(default_factory=dict)
    asks: dict[str, str] = field(default_factory=dict)
    card: str = "unionpay-debit"
    way: str = "insert"
    patience: int = MOST_ACTIONS
    me: str = "01"
    wants: tuple[str, ...] = ()
    people: tuple[str, ...] = ("03", "02", "00")
    absent: tuple[str, ...] = ()


class Cashier:
    """At one terminal, while its power is on."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.did: list[str] = []
        self.came = 0  # people who were asked for

    async def until_idle(self, plan: Plan) -> None:
        """Answer screens until the main menu is there. Raises Stuck; PowerCut when the current failed."""
        self.did, self.came = [], 0
        for _ in range(2 * MOST_ACTIONS):
            seen = len(self.shop.front.screens)
            await self._settled()
            if self.is_idle():
                return
            if len(self.did) >= plan.patience and not self._must_prove():
                await self._press("cancel")
            else:
                await self._answer(plan)
            await self._changed(seen)
        raise Stuck(f"not idle after {self.did[-40:]}\n{self.shop.text()}")

    def _must_prove(self) -> bool:
        """Nothing but a code leads on: cancel was no answer."""
        last = self.did[-1] if self.did else ""
        return self.screen_id() == "staff.ask_code" and last.startswith(("staff.ask_code", "staff.ask_number"))

    def is_idle(self) -> bool:
        screen = self.screen()
        return isinstance(screen, Menu) and screen.title.id == IDLE

    def screen(self):
        return self.shop.front.screens[-1].screen

    async def _answer(self, plan: Plan) -> None:
        screen = self.screen()
        match screen:
            case Menu():
                await self._press(self._choice(screen, plan))
            case Ask(prompt=prompt) if prompt.id in plan.absent:
                await self._press("cancel")
            case Ask(prompt=prompt):
                await self._type(self._digits(prompt, plan))
            case CardPrompt(accepts=accepts):
                await self._card(accepts, plan)
            case PinPad():
                await self._type(PIN)
            case SignPad():
                self.shop.sign()
                await self._press("enter")
            case Sheet() | Notice():
                await self._press("enter")
            case Progress():
                self.did.append("wait")

    def _choice(self, menu: Menu, plan: Plan) -> str:
        labels = [item.label.id if isinstance(item.label, Say) else "" for item in menu.items]
        for number, item in enumerate(menu.items, 1):
            if menu.title.id == PAPERS and isinstance(item.detail, Say) and item.detail.id == "papers.missing":
                return str(number)
        if menu.title.id == PAPERS:
            return "enter"
        if menu.title.id == LEFT_OVER:
            return "cancel"
        if calm := next((CALM[line.id] for line in menu.lines if line.id in CALM), ""):
            return calm
        if wanted := next((want for want in plan.wants if want in labels), ""):
            return str(labels.index(wanted) + 1)
        last = len(labels) - (menu.title.id == SALES and len(labels) > 1)  # the last of the sales is "another way"
        return str(min(max(1, plan.menus.get(menu.title.id, 1)), last))

    def _digits(self, prompt: Say, plan: Plan) -> str:
        if prompt.id in plan.asks:
            return plan.asks[prompt.id]
        if prompt.id == "staff.ask_number":
            return plan.me
        if prompt.id in PEOPLE:
            self.came += 1
            return plan.people[(self.came - 1) % len(plan.people)]
        if prompt.id == "staff.ask_supervisor":
            return SUPERVISOR
        who = prompt.args.get("id")
        if isinstance(who, str) and who in CODES:
            return CODES[who]
        return TYPED.get(prompt.id, "")

    async def _card(self, accepts: tuple[str, ...], plan: Plan) -> None:
        if accepts == ("remove",):
            await self.shop.pull()
            self.did.append("pull")
        elif plan.way == "swipe" and "swipe" in accepts:
            await self.shop.swipe(plan.card)
            self.did.append(f"swipe {plan.card}")
        else:
            await self.shop.insert(plan.card)
            self.did.append(f"insert {plan.card}")

    async def _type(self, digits: str) -> None:
        self.did.append(f"{self.screen_id()}: {digits and '...'}")
        await self.shop.press(*digits, "enter")

    async def _press(self, key: str) -> None:
        if isinstance(self.screen(), Menu | Notice) and self.did.count(f"{self.screen_id()}: {key}") >= AGAIN:
            key = "cancel"
        self.did.append(f"{self.screen_id()}: {key}")
        await self.shop.press(key)

    def screen_id(self) -> str:
        screen = self.screen()
        prompt = getattr(screen, "prompt", None) or getattr(screen, "headline", None) or screen.title
        return prompt.id

    async def _settled(self) -> None:
        """Nothing more is under way: a screen that waits for somebody."""
        await asyncio.sleep(0.02)
        loop = asyncio.get_running_loop()
        end = loop.time() + LONG
        while isinstance(self.screen(), Progress) or self._is_resting():
            if loop.time() > end:
                raise Stuck(f"at work for ever: {self.shop.text()}")
            self._is_alive()
            await asyncio.sleep(1.0)

    def _is_resting(self) -> bool:
        """A screen that no key of ours answers: the terminal is starting."""
        screen = self.screen()
        return isinstance(screen, Notice) and screen.headline.id == "desk.starting"

    async def _changed(self, seen: int) -> None:
        """The answer was taken, or nothing came of it for a while."""
        for _ in range(50):
            self._is_alive()
            if len(self.shop.front.screens) > seen:
                return
            await asyncio.sleep(0.05)

    def _is_alive(self) -> None:
        terminal = self.shop.terminal
        assert terminal is not None
        if terminal.done():
            terminal.result()
            raise Stuck("the terminal has ended")
