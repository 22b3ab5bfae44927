"""What every dialogue is handed: the desk, the records, the runner, the devices. Law: wiring only, made in app.py."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import msgspec

from terminal.config import Config
from terminal.dialogue.desk import Desk
from terminal.dialogue.paper_queue import PaperQueue
from terminal.dialogue.staff import Staff
from terminal.emv.oda.capk import CapkRefused
from terminal.emv.parameters import ParametersRefused
from terminal.emv.terminal_data import UNIONPAY_TEST, TerminalData
from terminal.exchange.acquirer import Acquirer
from terminal.exchange.downloads import AID, BLOCKED, CAPK
from terminal.exchange.runner import Runner
from terminal.exchange.settler import Settler
from terminal.journal.journal import Journal
from terminal.ports import Hardware, Pinpad
from terminal.refund.application import WAITING
from terminal.refund.arrival import Calendar
from terminal.refund.policy import Policy
from terminal.signature import Picture


@dataclass
class Room:
    """`operator` is who is logged in; "" before that. `is_signed_in` is the acquirer's sign-in."""

    desk: Desk
    journal: Journal
    runner: Runner
    settler: Settler
    acquirer: Acquirer
    staff: Staff
    hardware: Hardware
    config: Config
    pinpad: Pinpad
    policy: Policy = field(default_factory=Policy)
    policy_trouble: str = ""  # why its policy file is not used; no refund then
    calendar: Calendar = field(default_factory=Calendar)
    calendar_trouble: str = ""  # why its file is not used; ours is then
    back_up: Callable[[Room], Awaitable[bool]] | None = None  # before a batch is settled
    kernel: TerminalData = UNIONPAY_TEST  # until the acquirer's lists are read
    operator: str = ""
    shift_began: str = ""  # when he logged in, ISO 8601
    is_signed_in: bool = field(default=False)
    logo: Picture | None = None  # for the head of every paper
    papers: PaperQueue = field(init=False)

    def __post_init__(self) -> None:
        devices, desk = self.hardware, self.desk
        self.papers = PaperQueue(devices.printer, devices.typeset, lambda paper: desk.set_status(paper=paper))

    async def refresh_kernel(self) -> None:
        """Take the acquirer's applications, keys and blocked cards as they were last downloaded.

        Lists of an earlier version that cannot be used are as none: the next sign-in fetches them anew.
        """
        lists, emv = self.journal.parameters, self.config.emv
        aids, capks, blocked = [await lists.all(sort.kind) for sort in (AID, CAPK, BLOCKED)]
        try:
            found = emv.kernel(aids.values(), capks.values(), blocked)
        except (CapkRefused, ParametersRefused):
            found = emv.kernel((), (), blocked)
        merchant = self.config.merchant
        self.kernel = msgspec.structs.replace(
            found,
            serial=merchant.terminal_id.encode("ascii", "replace"),
            terminal_id=merchant.terminal_id.encode("ascii", "replace"),
            merchant_id=merchant.merchant_id.encode("ascii", "replace"),
            merchant_name=merchant.name.encode("gbk", "replace"),
        )

    async def refresh_status(self) -> None:
        """Bring the status bar in step with what is known."""
        stages = await self.journal.open_stages()
        up = self.acquirer.is_line_up
        self.desk.set_status(
            line="" if up is None else "ok" if up else "bad",
            is_signed_in=self.is_signed_in,
            operator=self.operator,
            open_refunds=len(stages),
            reviews=len(await self.journal.applications.in_state(WAITING)),
        )
