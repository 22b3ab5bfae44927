"""A teller beneath the dialogues: every kind of money message, from the request to the bank's books, without a key.

`agrees` is the law of all of it: what the terminal believes and what the bank booked are the same, to the fen.
"""

from __future__ import annotations

from terminal.dialogue.presented import Handed, seal
from terminal.dialogue.ready import signed_in
from terminal.dialogue.wanted import wanted
from terminal.exchange.request import Original
from terminal.exchange.runner import ReversalOwed
from terminal.exchange.stages import Accepted, NotSent, Open, Refused, Reversed, Stage, Unknown, Uploading
from terminal.iso8583.facts import Plastic
from terminal.iso8583.kinds import Kind, Silence
from terminal.money import Money
from terminal.refund.sale import original_of
from tests.journey.shop import Bank, Shop

CARD = "unionpay-debit"
AMOUNT = 12_345
FIRST = {  # what must have been before
    Kind.VOID: Kind.SALE,
    Kind.REFUND: Kind.SALE,
    Kind.PRE_AUTH_MORE: Kind.PRE_AUTH,
    Kind.PRE_AUTH_VOID: Kind.PRE_AUTH,
    Kind.COMPLETION: Kind.PRE_AUTH,
    Kind.COMPLETION_NOTICE: Kind.PRE_AUTH,
    Kind.COMPLETION_VOID: Kind.COMPLETION,
    Kind.ADJUSTMENT: Kind.SALE,
    Kind.TIP: Kind.SALE,
    Kind.OFFLINE_SALE: Kind.LOAD,  # what a chip pays with must be on it
    Kind.OFFLINE_REFUND: Kind.OFFLINE_SALE,
    Kind.INSTALMENT_VOID: Kind.INSTALMENT,
    Kind.POINTS_VOID: Kind.POINTS,
    Kind.MOTO_VOID: Kind.MOTO_SALE,
    Kind.MOTO_REFUND: Kind.MOTO_SALE,
    Kind.MOTO_PRE_AUTH_VOID: Kind.MOTO_PRE_AUTH,
    Kind.MOTO_COMPLETION: Kind.MOTO_PRE_AUTH,
    Kind.MOTO_COMPLETION_NOTICE: Kind.MOTO_PRE_AUTH,
    Kind.MOTO_COMPLETION_VOID: Kind.MOTO_COMPLETION,
    Kind.RESERVATION_VOID: Kind.RESERVATION,
    Kind.CASH_TOP_UP_VOID: Kind.CASH_TOP_UP,
}
OFFLINE = (Kind.OFFLINE_SETTLEMENT, Kind.ADJUSTMENT, Kind.TIP, Kind.OFFLINE_SALE)
CHIP = (Kind.OFFLINE_SALE, Kind.LOAD, Kind.LOAD_OTHER, Kind.CASH_TOP_UP, Kind.CASH_TOP_UP_VOID)
TC = "9F2608112233445566778895050000000000"  # F55 of what a chip approved by itself; TEST DATA
GOOD = {"approved", "voided", "pending", "credited", "adjusted"}
UNDONE = {"refused", "reversed"}


class Teller:
    """Over one start of the terminal."""

    def __init__(self, shop: Shop) -> None:
        self.shop, self.bank, self.room = shop, shop.bank, shop.room
        self.room.operator = "01"

    async def sign_in(self) -> None:
        await signed_in(self.room)

    def plastic(self, kind: Kind) -> Plastic:
        card = self.bank.tray[CARD]
        if kind.value.startswith("moto"):
            return Plastic(card.pan, "012", card.expiry)
        if kind in CHIP:
            return Plastic(card.pan, "052", card.expiry, card.psn.zfill(3), icc_data=TC)
        return Plastic(card.pan, "022", card.expiry, track2=card.track2)

    async def before(self, kind: Kind) -> Accepted | None:
        """What must have been before this kind, done."""
        first = FIRST.get(kind)
        if first is None:
            return None
        stage = await self.do(first, original=await self.before(first))
        if isinstance(stage, Uploading):
            await self.room.runner.pay_debts()
            stage = await self.now(stage)
        assert isinstance(stage, Accepted), stage
        return stage

    async def do(self, kind: Kind, amount: int = 0, original: Accepted | None = None) -> Stage:
        """Ask for it; offline money is stored. An adjustment is for a tip more, a void for the whole."""
        plastic = self.plastic(kind)
        presented = await seal(self.room, Handed(plastic, "I" if plastic.entry_mode == "052" else "S"))
        of = original_of(original) if original else None
        if of is not None:
            of = Original(*(getattr(of, name) for name in of.__struct_fields__[:-1]), self.room.acquirer.me.terminal_id)
        money = Money(amount or (original.amount.minor if original else AMOUNT))
        request = await wanted(self.room, kind, money, presented.card, original=of)
        if kind in OFFLINE:
            return await self.room.runner.store(request, presented.sealed)
        return await self.room.runner.carry_out(request, presented.sealed)

    async def now(self, stage: Stage) -> Stage:
        return await self.room.journal.exchange(stage.request.id) or stage

    async def put_right(self) -> None:
        """The line is well again: sign in when that is due, pay what is owed, ask about what nobody knows."""
        self.bank.faults.clear()
        await self.sign_in()
        await self.room.runner.pay_debts()
        for stage in await self.room.journal.open_stages():
            if isinstance(stage, Unknown):
                await self.room.runner.ask_about(stage)

    async def try_to_put_right(self) -> bool:
        try:
            await self.put_right()
        except ReversalOwed:
            return False
        return True


def agrees(bank: Bank, stages: list[Stage], silence: dict[Kind, Silence]) -> None:
    """Each exchange of the terminal against the bank's entry of the same number, and the sum of all postings."""
    entries = {(entry["kind"], entry["batch"], entry["stan"]): entry for entry in bank.ledger.report()["transactions"]}
    for stage in stages:
        request = stage.request
        entry = entries.pop((request.kind.value, request.batch, request.stan), None)
        state = entry["state"] if entry else "absent"
        match stage:
            case Accepted():
                assert state in GOOD, (stage, state)
                assert entry["amount"] == stage.amount.minor
            case Refused(_, code):
                assert state in {"refused", "absent"}, (stage, state)
                assert code != "not-received" or state == "absent"
            case Reversed():
                assert state in UNDONE | {"absent"}, (stage, state)
                assert silence[request.kind] is Silence.REVERSE
            case NotSent():
                assert state == "absent", (stage, state)
            case _:
                raise AssertionError(f"not ended: {stage}")
        assert not isinstance(stage, Open)
    standing = [entry for entry in entries.values() if entry["state"] not in UNDONE]
    assert not standing, f"the bank has what the terminal does not know: {standing}"
    assert bank.ledger.sum_of_postings() == 0
