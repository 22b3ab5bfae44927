"""Every kind of money message: what it moves, what its reversal moves back, and which may not be reversed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import msgspec
import pytest

from terminal.iso8583.answers import Reply
from terminal.iso8583.facts import Facts, Plastic
from terminal.iso8583.kinds import Kind, Silence
from terminal.iso8583.messages import reversal
from tests.unit.simulator.acquirer.acq_terminal import ASKING, CARD, OPENING, PAN, Bank, TestTerminal

TC = "9F2608112233445566778895050000000000"
KEYED = Plastic(PAN, "012", expiry="3012")
EC = Plastic(PAN, "072", expiry="3012", psn="001", icc_data=TC)
Done = tuple[Facts, Reply]

SOLD_BY = {
    Kind.VOID: Kind.SALE,
    Kind.REFUND: Kind.SALE,
    Kind.INSTALMENT_VOID: Kind.INSTALMENT,
    Kind.POINTS_VOID: Kind.POINTS,
    Kind.MOTO_VOID: Kind.MOTO_SALE,
    Kind.MOTO_REFUND: Kind.MOTO_SALE,
    Kind.RESERVATION_VOID: Kind.RESERVATION,
    Kind.PRE_AUTH_MORE: Kind.PRE_AUTH,
    Kind.PRE_AUTH_VOID: Kind.PRE_AUTH,
    Kind.COMPLETION: Kind.PRE_AUTH,
    Kind.COMPLETION_NOTICE: Kind.PRE_AUTH,
    Kind.MOTO_PRE_AUTH_VOID: Kind.MOTO_PRE_AUTH,
    Kind.MOTO_COMPLETION: Kind.MOTO_PRE_AUTH,
    Kind.MOTO_COMPLETION_NOTICE: Kind.MOTO_PRE_AUTH,
    Kind.COMPLETION_VOID: Kind.COMPLETION,
    Kind.MOTO_COMPLETION_VOID: Kind.MOTO_COMPLETION,
    Kind.CASH_TOP_UP_VOID: Kind.CASH_TOP_UP,
    Kind.OFFLINE_REFUND: Kind.OFFLINE_SALE,
    Kind.OFFLINE_SALE: Kind.LOAD,
    Kind.ADJUSTMENT: Kind.OFFLINE_SETTLEMENT,
    Kind.TIP: Kind.SALE,
}
# kind -> what it does to the card, the merchant, and what is set aside, of 1000 that its original was about
MOVES = {
    Kind.SALE: (-1000, 1000, 0),
    Kind.VOID: (1000, -1000, 0),
    Kind.REFUND: (1000, -1000, 0),
    Kind.OFFLINE_REFUND: (1000, -1000, 0),
    Kind.BALANCE: (0, 0, 0),
    Kind.PRE_AUTH: (-1000, 0, 1000),
    Kind.PRE_AUTH_MORE: (-1000, 0, 1000),
    Kind.PRE_AUTH_VOID: (1000, 0, -1000),
    Kind.COMPLETION: (0, 1000, -1000),
    Kind.COMPLETION_NOTICE: (0, 1000, -1000),
    Kind.COMPLETION_VOID: (0, -1000, 1000),
    Kind.OFFLINE_SETTLEMENT: (-1000, 1000, 0),
    Kind.ADJUSTMENT: (0, 0, 0),
    Kind.TIP: (0, 0, 0),
    Kind.OFFLINE_SALE: (0, 1000, 0),
    Kind.INSTALMENT: (-1000, 1000, 0),
    Kind.INSTALMENT_VOID: (1000, -1000, 0),
    Kind.POINTS: (0, 1000, 0),
    Kind.POINTS_VOID: (0, -1000, 0),
    Kind.POINTS_BALANCE: (0, 0, 0),
    Kind.MOTO_SALE: (-1000, 1000, 0),
    Kind.MOTO_VOID: (1000, -1000, 0),
    Kind.MOTO_REFUND: (1000, -1000, 0),
    Kind.MOTO_PRE_AUTH: (-1000, 0, 1000),
    Kind.MOTO_PRE_AUTH_VOID: (1000, 0, -1000),
    Kind.MOTO_COMPLETION: (0, 1000, -1000),
    Kind.MOTO_COMPLETION_NOTICE: (0, 1000, -1000),
    Kind.MOTO_COMPLETION_VOID: (0, -1000, 1000),
    Kind.RESERVATION: (-1000, 1000, 0),
    Kind.RESERVATION_VOID: (1000, -1000, 0),
    Kind.LOAD: (-1000, 0, 0),
    Kind.LOAD_OTHER: (-1000, 0, 0),
    Kind.CASH_TOP_UP: (0, -1000, 0),
    Kind.CASH_TOP_UP_VOID: (0, 1000, 0),
    Kind.ACCOUNT_CHECK: (0, 0, 0),
}
QUESTIONS = {Kind.BALANCE, Kind.POINTS_BALANCE, Kind.ACCOUNT_CHECK}
REFUNDS = {Kind.REFUND, Kind.MOTO_REFUND, Kind.OFFLINE_REFUND}  # cup.md 2.4: without F38
NOTICES_WITHOUT_A_CODE = {Kind.OFFLINE_SALE, Kind.OFFLINE_SETTLEMENT, Kind.ADJUSTMENT}  # nobody approved them
REVERSIBLE = [kind for kind, form in ASKING.forms.items() if form.silence is Silence.REVERSE]
NOT_REVERSIBLE = [kind for kind in ASKING.forms if kind not in REVERSIBLE]


def plastic(kind: Kind) -> Plastic:
    return EC if kind is Kind.OFFLINE_SALE else CARD


def done(terminal: TestTerminal, kind: Kind, amount: int = 1000) -> Done:
    """A message of this kind, after everything that must come before it."""
    needed = SOLD_BY.get(kind)
    before = done(terminal, needed, amount) if needed else None
    made = terminal.does(kind, amount, before, plastic(kind))
    assert made[1].response_code == "00", kind
    return made


def books(bank: Bank) -> tuple[int, int, int]:
    merchant = bank.ledger.balance("898100012345678")
    return bank.balance() or 0, merchant, bank.ledger.balance(f"hold:{PAN}")


def moved(bank: Bank, act: Callable[[], object]) -> tuple[int, ...]:
    before = books(bank)
    act()
    return tuple(now - was for now, was in zip(books(bank), before, strict=True))


@pytest.fixture
def points(bank: Bank) -> None:
    with bank.ledger.commit():
        bank.ledger.post("", "bank", bank.ledger.sub_account("points", PAN), 5000)


def test_the_table_of_this_test_is_whole() -> None:
    assert set(MOVES) == set(ASKING.forms) == set(Kind)


@pytest.mark.parametrize("kind", list(MOVES), ids=lambda kind: kind.value)
def test_what_it_moves(bank: Bank, terminal: TestTerminal, points: None, kind: Kind) -> None:
    needed = SOLD_BY.get(kind)
    before = done(terminal, needed) if needed else None
    assert moved(bank, lambda: terminal.does(kind, 1000, before, plastic(kind))) == MOVES[kind]
    answer = terminal.answers[-1]
    assert answer["response_code"] == "00"
    shape = ASKING.shapes[ASKING.forms[kind].shape].answer
    assert set(answer.fields) <= set(shape)
    assert all(answer.fields.get(number) for number, presence in shape.items() if presence == "M"), answer
    is_silent = kind in QUESTIONS or kind in REFUNDS or kind in NOTICES_WITHOUT_A_CODE
    assert len(answer["approval_code"]) == (0 if is_silent else 6)
    assert bank.has_it_right()


@pytest.mark.parametrize("kind", REVERSIBLE, ids=lambda kind: kind.value)
def test_its_reversal_moves_it_back_once(bank: Bank, terminal: TestTerminal, points: None, kind: Kind) -> None:
    facts, _ = done(terminal, kind)
    back = tuple(-amount for amount in MOVES[kind])
    assert moved(bank, lambda: terminal.reverse(facts)) == back
    assert terminal.answers[-1]["response_code"] == "00"
    assert moved(bank, lambda: terminal.reverse(facts)) == (0, 0, 0)
    assert terminal.answers[-1]["response_code"] == "00"
    assert bank.entries()[0]["state"] == "reversed"
    assert bank.has_it_right()


@pytest.mark.parametrize("kind", [kind for kind in REVERSIBLE if kind in SOLD_BY], ids=lambda kind: kind.value)
def test_after_the_reversal_the_original_is_as_good_as_before(
    bank: Bank, terminal: TestTerminal, points: None, kind: Kind
) -> None:
    before = done(terminal, SOLD_BY[kind])
    facts, _ = terminal.does(kind, 1000, before)
    terminal.reverse(facts)
    assert moved(bank, lambda: terminal.does(kind, 1000, before)) == MOVES[kind]
    assert terminal.answers[-1]["response_code"] == "00"


@pytest.mark.parametrize("kind", REVERSIBLE, ids=lambda kind: kind.value)
def test_a_reversal_that_came_first_kills_it(bank: Bank, terminal: TestTerminal, points: None, kind: Kind) -> None:
    needed = SOLD_BY.get(kind)
    facts = terminal.facts(kind, 1000, done(terminal, needed) if needed else None)
    before = books(bank)
    assert terminal.reverse(facts).response_code == "25"
    assert terminal.ask(facts).response_code == "12"
    assert books(bank) == before


@pytest.mark.parametrize("kind", NOT_REVERSIBLE, ids=lambda kind: kind.value)
def test_what_has_no_reversal_is_not_reversed(bank: Bank, terminal: TestTerminal, points: None, kind: Kind) -> None:
    facts, _ = done(terminal, kind)
    before = books(bank)
    assert terminal.reverse(facts, plastic(kind)).response_code == "40"
    assert books(bank) == before


@pytest.mark.parametrize("kind", [*SOLD_BY, Kind.SALE, Kind.LOAD], ids=lambda kind: kind.value)
def test_the_second_time_94(bank: Bank, terminal: TestTerminal, points: None, kind: Kind) -> None:
    facts, _ = done(terminal, kind)
    before = books(bank)
    assert terminal.ask(facts, plastic(kind)).response_code == "94"
    assert books(bank) == before


@pytest.mark.parametrize(
    "kind", [kind for kind, was in SOLD_BY.items() if was is not Kind.LOAD], ids=lambda kind: kind.value
)
def test_without_its_original_25(bank: Bank, terminal: TestTerminal, points: None, kind: Kind) -> None:
    facts, said = done(terminal, SOLD_BY[kind])
    never = (
        msgspec.structs.replace(facts, stan="000999"),
        msgspec.structs.replace(said, rrn="999999999999", approval_code="999999"),
    )
    before = books(bank)
    assert terminal.does(kind, 1000, never)[1].response_code == "25"
    assert books(bank) == before


@pytest.mark.parametrize("kind", REVERSIBLE, ids=lambda kind: kind.value)
def test_a_reversal_of_yesterdays_is_22_and_changes_nothing(
    bank: Bank, terminal: TestTerminal, points: None, kind: Kind
) -> None:
    facts, _ = done(terminal, kind)
    bank.host.shift_day(1)
    before = books(bank)
    assert terminal.reverse(facts).response_code == "22"
    assert books(bank) == before
    bank.host.shift_day(-1)
    assert terminal.reverse(facts).response_code == "00"


def test_a_void_s_reversal_names_the_void(bank: Bank, terminal: TestTerminal) -> None:
    sale, said = terminal.sale(1000)
    void = terminal.void_facts(sale, said)
    terminal.ask(void)
    terminal.reverse(void)
    assert terminal.answers[-1]["response_code"] == "00"
    row = bank.ledger.one("SELECT received FROM message ORDER BY id DESC LIMIT 1")
    assert row is not None
    assert msgspec.json.decode(row[0])["61"] == void.batch + void.stan


def test_a_reversal_that_names_the_sale_instead_is_30_and_clears_nothing(bank: Bank, terminal: TestTerminal) -> None:
    sale, said = terminal.sale(1000)
    void = terminal.void_facts(sale, said)
    terminal.ask(void)
    wrong = reversal(terminal.dialect, void, CARD, terminal.me, "98").with_fields({61: sale.batch + sale.stan})
    assert terminal.say(wrong).response_code == "30"
    assert bank.balance() == OPENING


def test_questions_tell_the_balance_and_leave_no_entry(bank: Bank, terminal: TestTerminal, points: None) -> None:
    terminal.does(Kind.PRE_AUTH, 1000)
    held = len(bank.entries())
    _, said = terminal.does(Kind.BALANCE, 0)
    assert said.balance is not None
    assert said.balance.minor == OPENING - 1000
    _, said = terminal.does(Kind.POINTS_BALANCE, 0)
    assert said.balance is not None
    assert said.balance.minor == 5000
    unknown = Plastic("6225000000000030", "022", track2="6225000000000030=3012")
    assert terminal.does(Kind.ACCOUNT_CHECK, 0, card=unknown)[1].response_code == "14"
    expired = Plastic(PAN, "052", expiry="2502")
    assert terminal.does(Kind.BALANCE, 0, card=expired)[1].response_code == "54"
    assert len(bank.entries()) == held


# --- rules of single kinds -------------------------------------------------------------------------------------------
def test_by_mail_a_card_may_be_keyed(terminal: TestTerminal) -> None:
    sale = terminal.does(Kind.MOTO_SALE, 1000, card=KEYED)
    assert sale[1].response_code == "00"
    assert terminal.does(Kind.MOTO_REFUND, 400, sale, KEYED)[1].response_code == "00"
    assert terminal.does(Kind.MOTO_PRE_AUTH, 1000, card=KEYED)[1].response_code == "00"
    for kind in (Kind.SALE, Kind.PRE_AUTH, Kind.INSTALMENT, Kind.POINTS, Kind.RESERVATION):
        assert terminal.does(kind, 1000, card=KEYED)[1].response_code == "57"


@pytest.mark.parametrize("kind", [Kind.INSTALMENT, Kind.POINTS, Kind.MOTO_SALE, Kind.OFFLINE_SALE])
def test_a_refund_of_what_is_not_refunded_so_12(bank: Bank, terminal: TestTerminal, points: None, kind: Kind) -> None:
    sale = done(terminal, kind)
    before = books(bank)
    assert terminal.does(Kind.REFUND, 100, sale)[1].response_code == "12"
    assert books(bank) == before


@pytest.mark.parametrize(
    "kind", [Kind.RESERVATION, Kind.COMPLETION, Kind.COMPLETION_NOTICE, Kind.OFFLINE_SETTLEMENT, Kind.ADJUSTMENT]
)
def test_a_refund_of_everything_else_that_was_paid(bank: Bank, terminal: TestTerminal, kind: Kind) -> None:
    sale = done(terminal, kind)
    assert moved(bank, lambda: terminal.does(Kind.REFUND, 100, sale)) == (100, -100, 0)
    assert terminal.does(Kind.REFUND, 901, sale)[1].response_code == "61"


def test_a_tip_is_on_top_up_to_a_fifth_and_the_sale_is_the_tip_s_from_then_on(
    bank: Bank, terminal: TestTerminal
) -> None:
    sale = terminal.sale(1000)
    assert terminal.does(Kind.TIP, 999, sale)[1].response_code == "64"
    assert terminal.does(Kind.TIP, 1201, sale)[1].response_code == "61"
    tip = terminal.does(Kind.TIP, 1200, sale)
    assert (tip[1].response_code, bank.balance()) == ("00", OPENING - 1200)
    assert terminal.does(Kind.TIP, 1200, sale)[1].response_code == "12"
    assert terminal.does(Kind.VOID, 1000, sale)[1].response_code == "12"
    assert terminal.does(Kind.REFUND, 100, sale)[1].response_code == "12"
    assert terminal.does(Kind.REFUND, 1200, tip)[1].response_code == "00"
    assert bank.balance() == OPENING


def test_an_adjustment_goes_both_ways(bank: Bank, terminal: TestTerminal) -> None:
    offline = terminal.does(Kind.OFFLINE_SETTLEMENT, 1000)
    assert terminal.does(Kind.ADJUSTMENT, 700, offline)[1].response_code == "00"
    other = terminal.does(Kind.OFFLINE_SETTLEMENT, 1000)
    assert terminal.does(Kind.ADJUSTMENT, OPENING, other)[1].response_code == "51"
    assert terminal.does(Kind.ADJUSTMENT, 1500, other)[1].response_code == "00"
    assert bank.balance() == OPENING - 700 - 1500


def test_electronic_cash_is_loaded_before_it_is_spent(bank: Bank, terminal: TestTerminal) -> None:
    assert terminal.does(Kind.OFFLINE_SALE, 1, card=EC)[1].response_code == "51"
    terminal.does(Kind.LOAD, 600)
    top_up = terminal.does(Kind.CASH_TOP_UP, 400)
    assert bank.ledger.balance(f"purse:{PAN}") == 1000
    sale = terminal.does(Kind.OFFLINE_SALE, 700, card=EC)
    assert sale[1].response_code == "00"
    assert terminal.does(Kind.CASH_TOP_UP_VOID, 400, top_up)[1].response_code == "51"
    assert terminal.does(Kind.OFFLINE_REFUND, 701, sale)[1].response_code == "61"
    assert terminal.does(Kind.OFFLINE_REFUND, 700, sale)[1].response_code == "00"
    assert bank.ledger.balance(f"purse:{PAN}") == 300
    assert bank.balance() == OPENING - 600 + 700


def test_a_load_for_another_card(bank: Bank, terminal: TestTerminal) -> None:
    facts = terminal.facts(Kind.LOAD_OTHER, 500)
    message = terminal.financial(facts).with_fields({62: b"6225000000000022".hex().upper()})
    assert terminal.say(message).response_code == "00"
    assert bank.ledger.balance("purse:6225000000000022") == 500
    facts = terminal.facts(Kind.LOAD_OTHER, 500)
    message = terminal.financial(facts).with_fields({62: b"6225000000000030".hex().upper()})
    assert terminal.say(message).response_code == "14"


def test_points_are_not_money(bank: Bank, terminal: TestTerminal, points: None) -> None:
    assert terminal.does(Kind.POINTS, 5001)[1].response_code == "51"
    assert terminal.does(Kind.POINTS, 5000)[1].response_code == "00"
    assert (bank.balance(), bank.ledger.balance(f"points:{PAN}")) == (OPENING, 0)


# --- pre-authorisations ----------------------------------------------------------------------------------------------
def test_a_completion_up_to_115_percent_of_the_hold(bank: Bank, terminal: TestTerminal) -> None:
    held = terminal.does(Kind.PRE_AUTH, 1000)
    assert terminal.does(Kind.COMPLETION, 1151, held)[1].response_code == "61"
    assert terminal.does(Kind.COMPLETION, 1150, held)[1].response_code == "00"
    assert (bank.balance(), bank.ledger.balance(f"hold:{PAN}")) == (OPENING - 1150, 0)
    assert terminal.does(Kind.COMPLETION, 1, held)[1].response_code == "12"
    assert terminal.does(Kind.PRE_AUTH_VOID, 1000, held)[1].response_code == "12"


def test_a_completion_lets_go_of_the_rest_and_its_void_holds_all_of_it_again(
    bank: Bank, terminal: TestTerminal
) -> None:
    held = terminal.does(Kind.PRE_AUTH, 1000)
    completed = terminal.does(Kind.COMPLETION, 300, held)
    assert (bank.balance(), bank.ledger.balance(f"hold:{PAN}")) == (OPENING - 300, 0)
    void = terminal.facts(Kind.COMPLETION_VOID, 300, completed)
    assert terminal.ask(void).response_code == "00"
    assert (bank.balance(), bank.ledger.balance(f"hold:{PAN}")) == (OPENING - 1000, 1000)
    assert terminal.reverse(void).response_code == "00"
    assert (bank.balance(), bank.ledger.balance(f"hold:{PAN}")) == (OPENING - 300, 0)
    assert terminal.does(Kind.COMPLETION, 300, held)[1].response_code == "12"


def test_what_was_added_is_part_of_the_hold(bank: Bank, terminal: TestTerminal) -> None:
    held = terminal.does(Kind.PRE_AUTH, 1000)
    assert terminal.does(Kind.PRE_AUTH_MORE, 500, held)[1].response_code == "00"
    assert terminal.reverse(held[0]).response_code == "12"
    assert terminal.does(Kind.PRE_AUTH_VOID, 1000, held)[1].response_code == "64"
    assert terminal.does(Kind.PRE_AUTH_VOID, 1500, held)[1].response_code == "00"
    assert bank.balance() == OPENING
    assert terminal.does(Kind.PRE_AUTH_MORE, 500, held)[1].response_code == "12"


def test_a_void_of_a_completion_that_was_completed_again_is_not_reversed(bank: Bank, terminal: TestTerminal) -> None:
    held = terminal.does(Kind.PRE_AUTH, 1000)
    completed = terminal.does(Kind.COMPLETION, 300, held)
    void = terminal.facts(Kind.COMPLETION_VOID, 300, completed)
    terminal.ask(void)
    terminal.does(Kind.PRE_AUTH_MORE, 100, held)
    assert terminal.reverse(void).response_code == "12"
    terminal.does(Kind.COMPLETION, 1100, held)
    assert terminal.reverse(void).response_code == "12"
    assert (bank.balance(), bank.ledger.balance(f"hold:{PAN}")) == (OPENING - 1100, 0)


def test_a_hold_is_not_to_be_spent_and_lasts_until_another_day(bank: Bank, terminal: TestTerminal) -> None:
    held = terminal.does(Kind.PRE_AUTH, OPENING)
    assert terminal.sale(1)[1].response_code == "51"
    assert terminal.does(Kind.PRE_AUTH, 1)[1].response_code == "51"
    assert terminal.does(Kind.PRE_AUTH_MORE, 1, held)[1].response_code == "51"
    bank.clock.at += timedelta(days=7)
    assert terminal.does(Kind.COMPLETION, OPENING + 1, held)[1].response_code == "51"
    wrong_day = held[0], msgspec.structs.replace(held[1], date="0313")
    assert terminal.does(Kind.COMPLETION, 10, wrong_day)[1].response_code == "25"
    assert terminal.does(Kind.COMPLETION_NOTICE, 10, held)[1].response_code == "00"
    assert bank.balance() == OPENING - 10


def test_by_mail_and_at_the_counter_are_two_kinds_of_hold(terminal: TestTerminal) -> None:
    held = terminal.does(Kind.MOTO_PRE_AUTH, 1000)
    assert terminal.does(Kind.COMPLETION, 1000, held)[1].response_code == "25"
    assert terminal.does(Kind.MOTO_COMPLETION, 1000, held)[1].response_code == "00"
