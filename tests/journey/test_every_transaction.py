"""Every transaction of cup.md 2.1, terminal to bank, with everything that can go wrong between them.

Whatever happens, in the end nothing is open and both sides' books say the same.
"""

import pytest

from terminal.dialogue.ready import asked_once
from terminal.exchange.stages import Accepted, NotSent, Refused, Reversed, Unknown, Uploading
from terminal.iso8583.cup import cup
from terminal.iso8583.facts import Facts
from terminal.iso8583.kinds import Kind, Silence
from terminal.iso8583.messages import financial
from terminal.money import Money
from tests.journey.shop import INQUIRY, Bank, day
from tests.journey.teller import OFFLINE, Teller, agrees

FORMS = cup(INQUIRY).forms
SILENCE = {kind: form.silence for kind, form in FORMS.items()}
ASKED = [kind for kind in FORMS if SILENCE[kind] is Silence.NOTHING]
ONLINE = [kind for kind in FORMS if kind not in ASKED and kind not in OFFLINE]
ENDS = {Silence.REVERSE: Reversed, Silence.QUERY: Unknown}
CAMPAIGN = pytest.mark.campaign  # each kind with each; a test run holds the law for some, the campaign for all
SPOILED = ("lost", "wrong_mac", "wrong_stan", "wrong_amount", "wrong_terminal", "garbage", "truncated")
SOME_SPOILED = ("lost", "wrong_mac", *(pytest.param(what, marks=CAMPAIGN) for what in SPOILED[2:]))


@pytest.fixture
def bank():
    bank = Bank()
    yield bank
    bank.ledger.close()


def play(folder, bank, script):
    """A script with a teller; then everything must have ended, and the books agree."""

    async def whole(shop):
        teller = Teller(shop)
        await teller.sign_in()
        await script(teller)
        await teller.put_right()
        agrees(bank, await shop.journal.recent(1000), SILENCE)

    day(folder, bank, whole, issuer=None)  # a teller has no chip that could make a cryptogram


@pytest.mark.parametrize("kind", [*ONLINE, *OFFLINE], ids=lambda kind: kind.value)
def test_it_is_accepted(tmp_path, bank, kind):
    async def script(teller):
        stage = await teller.do(kind, original=await teller.before(kind))
        if kind in OFFLINE:
            assert isinstance(stage, Uploading)
            await teller.room.runner.pay_debts()
            stage = await teller.now(stage)
        assert isinstance(stage, Accepted), stage

    play(tmp_path, bank, script)


@pytest.mark.parametrize("kind", ASKED, ids=lambda kind: kind.value)
def test_a_question_moves_nothing(tmp_path, bank, kind):
    async def script(teller):
        room, before = teller.room, bank.balance()
        facts = Facts(kind, await room.journal.next_stan(), await room.journal.batch(), Money(0))
        dialect = room.acquirer.dialect
        reply = await asked_once(room, financial(dialect, facts, teller.plastic(kind), room.acquirer.me))
        assert reply.response_code == "00"
        assert bank.balance() == before
        if kind is Kind.BALANCE:
            assert reply.balance == Money(before)

    play(tmp_path, bank, script)


@pytest.mark.parametrize("what", SOME_SPOILED)
@pytest.mark.parametrize("kind", ONLINE, ids=lambda kind: kind.value)
def test_an_answer_that_is_none(tmp_path, bank, kind, what):
    """Booked, and the answer cannot be used: reversed, or unknown until it was asked about. Both end the same way on
    both sides."""

    async def script(teller):
        original = await teller.before(kind)
        bank.spoil(what, FORMS[kind].mti)
        stage = await teller.do(kind, original=original)
        if SILENCE[kind] is Silence.REVERSE:
            assert isinstance(stage, Reversed), stage
        else:
            assert isinstance(stage, Accepted), stage
            assert stage.is_late

    play(tmp_path, bank, script)


@pytest.mark.parametrize("kind", ONLINE, ids=lambda kind: kind.value)
def test_a_request_that_never_arrived(tmp_path, bank, kind):
    async def script(teller):
        original = await teller.before(kind)
        bank.line("request_lost")
        stage = await teller.do(kind, original=original)
        assert stage.__struct_config__.tag == ("reversing" if SILENCE[kind] is Silence.REVERSE else "unknown")
        await teller.put_right()
        assert isinstance(await teller.now(stage), Reversed | Refused)

    play(tmp_path, bank, script)


@pytest.mark.parametrize(
    "code", ["51", "96", *(pytest.param(code, marks=CAMPAIGN) for code in ("61", "A0", "77", "99"))]
)
@pytest.mark.parametrize("kind", ONLINE, ids=lambda kind: kind.value)
def test_it_is_refused(tmp_path, bank, kind, code):
    async def script(teller):
        original = await teller.before(kind)
        bank.spoil("refused_with", FORMS[kind].mti, code)
        stage = await teller.do(kind, original=original)
        assert stage == Refused(stage.request, code)
        assert teller.room.runner.is_sign_in_due == (code in ("A0", "77", "99"))

    play(tmp_path, bank, script)


@pytest.mark.parametrize("code", ["68", "98", "09"])
@pytest.mark.parametrize("kind", ONLINE, ids=lambda kind: kind.value)
def test_the_issuer_is_silent(tmp_path, bank, kind, code):
    async def script(teller):
        original = await teller.before(kind)
        bank.spoil("says", FORMS[kind].mti, code)
        stage = await teller.do(kind, original=original)
        assert isinstance(stage, Reversed if SILENCE[kind] is Silence.REVERSE else Accepted), stage

    play(tmp_path, bank, script)


@pytest.mark.parametrize("kind", ONLINE, ids=lambda kind: kind.value)
def test_no_line_is_nothing_sent(tmp_path, bank, kind):
    async def script(teller):
        original = await teller.before(kind)
        bank.line("down")
        stage = await teller.do(kind, original=original)
        assert stage == NotSent(stage.request, "line")

    play(tmp_path, bank, script)


@pytest.mark.parametrize("kind", OFFLINE, ids=lambda kind: kind.value)
@pytest.mark.parametrize("what", SPOILED)
def test_an_upload_goes_again_with_the_same_number_until_it_is_answered(tmp_path, bank, kind, what):
    async def script(teller):
        stage = await teller.do(kind, original=await teller.before(kind))
        bank.spoil(what, FORMS[kind].mti)
        await teller.room.runner.pay_debts()
        stage = await teller.now(stage)
        assert isinstance(stage, Accepted), stage
        assert stage.reply.response_code == "94"  # the first was booked, the second is known for a repeat

    play(tmp_path, bank, script)
