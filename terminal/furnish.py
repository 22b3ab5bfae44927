"""The room of the dialogues, put together from its parts. Law: wiring only; which devices those are is the caller's."""

from __future__ import annotations

from functools import partial

from terminal.config import Config
from terminal.dialogue.backup import back_up
from terminal.dialogue.customer import hand_over
from terminal.dialogue.desk import Desk
from terminal.dialogue.help import help_on
from terminal.dialogue.pin import VaultPinpad
from terminal.dialogue.room import Room
from terminal.dialogue.staff import Staff
from terminal.exchange.acquirer import Acquirer, Deadlines
from terminal.exchange.runner import Runner
from terminal.exchange.settler import Settler
from terminal.iso8583.dialects import by_name
from terminal.iso8583.facts import Identity
from terminal.journal.journal import Journal
from terminal.policy_file import Rules
from terminal.ports import Hardware


def furnish(config: Config, hardware: Hardware, journal: Journal, desk: Desk, rules: Rules | None = None) -> Room:
    """The room of the dialogues, from its parts; `rules` None: as we ship them."""
    rules = rules or Rules()
    merchant, line = config.merchant, config.line
    me = Identity(merchant.terminal_id, merchant.merchant_id)
    deadlines = Deadlines(line.connect_seconds, line.answer_seconds)
    dialect = by_name(config.dialect.name, config.dialect.choices)
    acquirer = Acquirer(hardware.line, hardware.vault, journal, me, dialect, deadlines)
    runner = Runner(journal, acquirer, hardware.vault)
    desk.set_status(is_test=merchant.is_test)
    room = Room(
        desk=desk,
        journal=journal,
        runner=runner,
        settler=Settler(journal, acquirer, runner),
        acquirer=acquirer,
        staff=Staff(desk, journal, hardware.passwords, hardware.clock, dialect.choices.administrator_code),
        hardware=hardware,
        config=config,
        pinpad=VaultPinpad(
            desk, hardware.vault, lambda: dialect.pin_format, config.cards.may_skip_pin, lambda: hand_over(room)
        ),
        policy=rules.policy,
        policy_trouble=rules.trouble,
        calendar=rules.calendar,
        calendar_trouble=rules.calendar_trouble,
        back_up=back_up,
    )
    desk.help = partial(help_on, room)
    return room
