"""The thief with the device in hand, the dishonest operator, the forger of files (issue 6).

Law: what is forged opens nothing, moves nothing, says nothing that is false, and stops no shop.
"""

import asyncio
import hashlib
import io
import json
import os
import sqlite3
import zipfile
import zlib
from contextlib import closing, suppress

import msgspec
import pytest
from click.testing import CliRunner

from drivers.export_folder import FolderExport
from drivers.inbox import FolderInbox
from simulator.acquirer.branch import MERCHANT_ID
from simulator.acquirer.reconciliation import reconciliation
from terminal.__main__ import main
from terminal.config import Files
from terminal.dialogue.bad_news import Stopped
from terminal.dialogue.daily_file import read_inbox
from terminal.dialogue.desk import Desk
from terminal.dialogue.note import looks_secret
from terminal.dialogue.proof import Proof
from terminal.events import CodeScanned, KeyPressed, StrokeDrawn
from terminal.evidence import Folder, paper_of, strokes_of
from terminal.evidence import folder as folder_of
from terminal.evidence_pdf import Text, pdf
from terminal.exchange.reconciliation import FileRefused, parsed
from terminal.exchange.stages import Stage, Unknown
from terminal.front_link import MAX_FRAME
from terminal.journal.journal import Journal, Operator
from terminal.policy_file import load_rules
from terminal.ports import ExportFailed
from terminal.refund.receipt_code import read
from terminal.screens import Ask, Sheet, say
from tests.journey.chip_desk import ONLINE_PIN, agreed, refund_prompt, requests, ruled, sale
from tests.journey.chip_desk import play as play_chip
from tests.journey.shop import PIN, Bank, PlainPasswords, ScriptedFront
from tests.journey.test_evidence import bundle, folder, found_wrong, rezipped  # noqa: F401 - fixtures
from tests.journey.test_refund import play
from tests.leaks.opened import opened as opened_for_hunt
from tests.virtual_time import VirtualClock, inline, run

DAY = "2026-11-23"
HEAD = f"#yuanlu-reconciliation,1,{MERCHANT_ID},{DAY},2026-11-24"
COLUMNS = "terminal_id,batch,stan,kind,mti,amount,rrn,response_code,state,at,clearing_date,original_rrn"


@pytest.fixture
def bank():
    bank = Bank()
    yield bank
    bank.ledger.close()


def forged(*rows, amount=0):
    """A daily file that is whole."""
    return "\n".join((HEAD, COLUMNS, *rows, f"#end,{len(rows)},{amount * len(rows)}")) + "\n"


def row(rrn="091947145060", code="00", terminal="10000001", batch="000001", stan="000009", amount=0):
    return f"{terminal},{batch},{stan},refund,0220,{amount},{rrn},{code},approved,{DAY}T10:00:00,1123,"


# --- the forger of daily files ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "bad",
    [
        row(rrn="\x1b@\x1dV0"),  # commands of a printer
        row(rrn="=HYPERLINK(1)"),
        row(rrn="6210940000000003"),  # longer than F37
        row(rrn="1" * 200),
        row(code="0\x1b"),
        row(code="000"),
        row(batch="../../"),
        row(stan="\x07"),
        row(terminal="1" * 20),
        row(terminal="\u202e0000001"),
    ],
)
def test_a_cell_that_no_acquirer_writes_makes_the_file_refused(bad):
    assert len(parsed(forged(row())).rows) == 1
    with pytest.raises(FileRefused):
        parsed(forged(bad))


def test_a_file_full_of_strangers_is_refused_and_fills_no_journal(tmp_path, bank):
    """Each finding is two synced writes and a line that people must read: a forger has 200,000 rows a file."""

    async def script(shop):
        await shop.sell("8800")
        before = await shop.journal.rows("SELECT count(*) FROM event")
        rows = [row(stan=f"{number % 1000000:06d}", batch=f"{number:06d}") for number in range(20_000)]
        bank.inbox.files["a.csv"] = forged(*rows)
        await read_inbox(shop.room)
        assert bank.inbox.verdicts["a.csv"][0] == "refused"
        after = await shop.journal.rows("SELECT count(*) FROM event")
        assert after[0][0] - before[0][0] <= 2

    play(tmp_path, bank, script)


@pytest.mark.parametrize("name", [b"\xff\xfe.csv", b"a" * 250 + b".csv"])
def test_no_name_of_a_file_stops_those_behind_it(tmp_path, bank, name):
    inbox = tmp_path / "in"
    inbox.mkdir()

    async def script(shop):
        await shop.sell("8800")
        bank.line("answer_lost")
        await shop.refund("500")
        await shop.see("结果未知")
        bank.line("up")
        os.close(os.open(os.path.join(os.fsencode(inbox), name), os.O_CREAT | os.O_WRONLY))
        (inbox / "zz.csv").write_text(reconciliation(bank.ledger, DAY, MERCHANT_ID))
        texts = await _listed(inbox)
        shop.bank.inbox.files.clear()
        assert len(texts) == 2
        driver = FolderInbox(str(inbox))
        driver._done = _at_once
        object.__setattr__(shop.room.hardware, "inbox", driver)
        await read_inbox(shop.room)
        assert "zz.csv.done" in os.listdir(inbox)
        assert await driver.waiting() == []
        refunds = await shop.journal.rows("SELECT state FROM exchange WHERE kind = 'refund'")
        assert refunds == [("accepted",)]

    play(tmp_path, bank, script)


async def _at_once(work):
    return work()


async def _listed(place):
    driver = FolderInbox(str(place))
    driver._done = _at_once
    return await driver.waiting()


async def test_a_pipe_or_a_device_in_the_inbox_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.csv")
    (tmp_path / "b.csv").symlink_to("/dev/zero")
    (tmp_path / "c.csv").write_text("c")
    waiting = FolderInbox(str(tmp_path)).waiting()
    try:
        async with asyncio.timeout(5):
            assert await waiting == [("c.csv", "c")]
    finally:  # let a thread go that waits for somebody to write
        os.close(os.open(tmp_path / "a.csv", os.O_RDWR | os.O_NONBLOCK))


# --- the forger of evidence ------------------------------------------------------------------------------------------
def _index(files):
    return json.loads(files["evidence.json"])


def _with(files, index, **more):
    whole = {**files, **more}
    index["files"] = {
        name: hashlib.sha256(content).hexdigest() for name, content in whole.items() if name != "evidence.json"
    }
    return {**whole, "evidence.json": json.dumps(index).encode()}


def _retold(index):
    """Facts anew from the events that are left, as the forger has our program too."""

    was = msgspec.json.decode(json.dumps(index["facts"]), type=Folder)
    id = was.refund.request.id
    newest = {}
    for event in index["events"]:
        if event["kind"] == "stage":
            said = json.loads(event["body"])
            newest[said["request"]["id"]] = event["body"]

    refund = msgspec.json.decode(newest[id], type=Stage)
    links = [(one["seq"], one["at"], one["kind"], one["body"].encode()) for one in index["events"]]
    told = folder_of(refund, was.sale, was.application, links)
    index["facts"] = json.loads(msgspec.json.encode(told))


def test_an_event_that_is_left_out_is_found(rezipped, tmp_path):  # noqa: F811
    """The last stage is dropped, and all digests and facts are made anew: an accepted refund would be an open one."""
    index = _index(rezipped)
    assert not found_wrong(_with(rezipped, index), tmp_path)
    own = index["facts"]["refund"]["request"]["id"]
    last = max(
        each["seq"]
        for each in index["events"]
        if each["kind"] == "stage" and json.loads(each["body"])["request"]["id"] == own
    )
    index["events"] = [each for each in index["events"] if each["seq"] != last]
    _retold(index)
    assert found_wrong(_with(rezipped, index), tmp_path)


@pytest.mark.parametrize("kind", ["received", "sent", "owed", "attachment"])
def test_a_message_or_a_picture_that_is_left_out_is_found(rezipped, tmp_path, kind):  # noqa: F811
    index = _index(rezipped)
    one = [each for each in index["events"] if each["kind"] == kind][-1]
    index["events"].remove(one)
    _retold(index)
    files = dict(rezipped)
    if kind == "attachment":
        files.pop(f"kept/{json.loads(one['body'])['sha256']}")
    assert found_wrong(_with(files, index), tmp_path)


def _checked(files, place):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as zip:
        for name, content in files.items():
            zip.writestr(name, content)
    (place / "one.zip").write_bytes(out.getvalue())
    return CliRunner().invoke(main, ["evidence", "check", str(place / "one.zip")])


def test_what_is_only_to_look_at_is_named_when_somebody_else_drew_it(rezipped, tmp_path):  # noqa: F811
    """Pictures and PDF are in no link of the chain: who alters them makes their digests anew."""
    index = _index(rezipped)
    papers = [name for name in rezipped if name.startswith("pictures/")]
    assert len(papers) > 1
    whole = _checked(_with(rezipped, index), tmp_path)
    assert (whole.exit_code, "NOTE" in whole.output) == (0, False), whole.output
    image = _checked(_with({**rezipped, papers[0]: b"\x89PNG forged"}, index), tmp_path)
    assert f"NOTE: {papers[0]} is only to look at" in image.output
    paper = _checked(_with({**rezipped, "evidence.pdf": b"%PDF-1.4 forged"}, index), tmp_path)
    assert "NOTE: evidence.pdf is only to look at" in paper.output


def test_events_in_another_order_are_found(rezipped, tmp_path):  # noqa: F811
    index = _index(rezipped)
    index["events"][0], index["events"][1] = index["events"][1], index["events"][0]
    assert found_wrong(_with(rezipped, index), tmp_path)


def test_two_bundles_spliced_are_found(rezipped, tmp_path):  # noqa: F811
    """The head of one, the events of another."""
    index = _index(rezipped)
    for part, value in (("hash", "00" * 32), ("seq", index["head"]["seq"] - 1), ("before", "11" * 32)):
        spliced = {**index, "head": {**index["head"], part: value}}
        assert found_wrong(_with(rezipped, spliced), tmp_path)


def test_what_grows_a_thousandfold_when_it_is_opened_is_no_paper():
    bomb = zlib.compress(b" " * (64 << 20), 9)
    for opened in (paper_of, strokes_of):
        with pytest.raises(ValueError, match="larger"):
            opened(bomb)
        with pytest.raises(ValueError, match="cut"):
            opened(bomb[:100])


# --- codes -----------------------------------------------------------------------------------------------------------
def test_prompts_side_by_side_give_no_more_tries_than_three(tmp_path):
    """Two command lines, or one beside the device: each would count from what it read before the code was typed."""

    async def script():
        passwords, clock = PlainPasswords(), VirtualClock()
        journal = Journal(tmp_path / "journal", clock, inline)
        right = await passwords.digest("135790")
        await journal.keep_operator(Operator("00", "supervisor", right, is_factory=False), "seeded", "factory")
        compared = []

        class Counting(PlainPasswords):
            async def matches(self, digest, code):
                compared.append(code)
                return await super().matches(digest, code)

        fronts = [ScriptedFront() for _ in range(6)]

        async def attack(front):
            proof = Proof(Desk(front), journal, Counting(), clock)
            await proof.prove(await proof.find("00"), say("staff.ask_supervisor"))

        attacks = [asyncio.ensure_future(attack(front)) for front in fronts]
        for front in fronts:
            await front.until(lambda shown: isinstance(shown.screen, Ask))
        for number, front in enumerate(fronts):
            for key in (*f"11111{number}", "enter"):
                front.report(KeyPressed(key))
        await asyncio.sleep(5)
        assert len(compared) <= 3
        ended = [task for task in attacks if task.done()]
        assert ended
        assert all(isinstance(task.exception(), Stopped) for task in ended)
        for task in attacks:
            task.cancel()
        await asyncio.gather(*attacks, return_exceptions=True)
        await journal.close()

    run(script())


# --- evil codes ------------------------------------------------------------------------------------------------------
def test_a_code_of_letters_that_only_look_like_ascii_names_nothing():
    kelvin, long_s = "\u212a", "\u017f"
    for odd in (kelvin, long_s):
        assert read(f"yuanlu:10000001:2026-11-23:{odd * 12}") is None
        assert read(f"yuanlu:1000000{odd}:2026-11-23:091947145060") is None
    assert read("YUANLU:10000001:2026-11-23:091947145060") is not None


def test_a_scan_in_impatience_leaves_no_later_key_to_answer(tmp_path):
    """Within a dialogue that hears codes, a scan while the terminal is at work is passed over like any key."""

    async def script():
        front = ScriptedFront()
        desk = Desk(front)
        with desk.hearing_codes():
            work = asyncio.ensure_future(desk.work(say("desk.product"), asyncio.sleep(3), lambda: say("desk.starting")))
            await asyncio.sleep(0.5)
            front.report(CodeScanned("000001-000001"))
            await asyncio.sleep(0.5)
            front.report(KeyPressed("enter"))
            await work
        assert front._inbox.empty()

    run(script())


SHOWN = (
    "yuanlu:10000001:2026-11-23:\x1b[2J\x1b[H0000",
    "%s%s%n{0.__class__}",
    "=cmd|'/c calc'!A0",
    "A" * 100_000,
    "6210940000000003=25122010000000000000",
    "../../../etc/passwd",
    "\x00",
    "\ud800",
    "",
)


@pytest.mark.parametrize("code", SHOWN)
def test_an_evil_code_is_said_to_be_no_receipt_and_is_written_nowhere(tmp_path, bank, code):
    async def script(shop):
        await shop.sell("8800")
        await shop.press("refund")
        await shop.supervisor_code()
        await shop.see("退哪一笔")
        shop.front.report(CodeScanned(code))
        await shop.settle(1)
        assert "程序" not in shop.text()
        assert len(shop.text()) < 2000
        await shop.press("cancel", "cancel", "cancel")
        await shop.idle()
        shop.front.report(CodeScanned(code))
        await shop.settle(30)
        rows = await shop.journal.rows("SELECT kind, CAST(body AS TEXT) FROM event")
        assert not [kind for kind, _ in rows if kind == "program-fault"]
        if len(code) > 4:
            assert not [body for _, body in rows if code[-20:] in body or "6210940000000003" in body]

    play(tmp_path, bank, script)


def test_strokes_without_end_do_not_make_a_screen_that_no_front_can_read(tmp_path, bank):
    """A frame of more than MAX_FRAME lets every front go, and the last screen is what it is shown when it is back."""

    async def script(shop):
        shop.desk.has_glass = True
        await shop.pay("900", "unionpay-debit")
        await shop.see("消费成功")
        await shop.press("enter")
        await shop.see("请持卡人签名")
        for number in range(300):
            shop.front.report(StrokeDrawn(tuple((1000 - number, 999 - at % 500) for at in range(1000))))
        await shop.settle(5)
        largest = max(len(msgspec.msgpack.encode(shown)) for shown in shop.front.screens[-50:])
        assert largest < MAX_FRAME
        await shop.see("请持卡人签名")

    play(tmp_path, bank, script)


def test_an_unknown_refund_is_not_ended_by_a_file_of_another_shop_or_terminal(tmp_path, bank):
    async def script(shop):
        await shop.sell("8800")
        bank.line("request_lost")
        await shop.refund("500")
        await shop.see("结果未知")
        (stage,) = [each for each in await shop.journal.open_stages() if isinstance(each, Unknown)]
        text = forged()
        bank.inbox.files["a.csv"] = text.replace(MERCHANT_ID, "898100012345679")
        bank.inbox.files["b.csv"] = text.replace(",2026-11-24", f",{DAY}")  # a day is in two days' files
        other = row(terminal="10000002", stan=stage.request.stan, batch=stage.request.batch, amount=500)
        bank.inbox.files["c.csv"] = forged(other, amount=500).replace("2026-11-24", DAY)
        await read_inbox(shop.room)
        assert bank.inbox.verdicts["a.csv"][0] == "refused"
        assert isinstance(await shop.journal.exchange(stage.request.id), Unknown)

    play(tmp_path, bank, script)


# --- the journal, altered by hand ------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def used(tmp_path_factory):
    """A journal with a settled batch, an operator more, and a refund."""
    place, bank = tmp_path_factory.mktemp("used"), Bank()

    async def script(shop):
        await shop.sell("8800")
        await shop.refund("500")
        await shop.see("退货已受理")
        await shop.done()
        await shop.settle_batch()
        await shop.see("结算完成")
        await shop.settle(300)

    play(place, bank, script)
    bank.ledger.close()
    return place / "journal"


ALTERED = {
    "event": "UPDATE event SET at = '2020' || substr(at, 5) WHERE seq = (SELECT max(seq) / 2 FROM event)",
    "event dropped": "DELETE FROM event WHERE seq = (SELECT max(seq) / 2 FROM event)",
    "event's number": "UPDATE event SET seq = seq + 1 WHERE seq = (SELECT max(seq) FROM event)",
    "exchange": "UPDATE exchange SET operator = '02'",
    "exchange dropped": "DELETE FROM exchange WHERE kind = 'refund'",
    "application": "UPDATE application SET requester = '02'",
    "application dropped": "DELETE FROM application",
    "settlement": "UPDATE settlement SET stage = replace(CAST(stage AS TEXT), '8800', '8801')",
    "settlement reopened": "UPDATE settlement SET is_open = 1",
    "settlement dropped": "DELETE FROM settlement",
    "setting": "UPDATE setting SET value = '000001' WHERE name = 'stan'",
    "setting dropped": "DELETE FROM setting WHERE name = 'stan'",
    "owed": "INSERT INTO owed VALUES ('testimony', 'x', 'confirmed', 0, x'')",
    "attachment": "UPDATE attachment SET body = x'00'",
    "attachment dropped": "DELETE FROM attachment",
    "sealed card": "INSERT INTO sealed_card VALUES ('00', x'00')",
    "rank": "UPDATE operator SET role = 'senior' WHERE id = '01'",
    "stranger": "INSERT INTO operator SELECT '55', role, password_hash, 0, 0, '' FROM operator WHERE id = '01'",
    "supervisor dropped": "DELETE FROM operator WHERE id = '00'",
}


@pytest.mark.parametrize("what", ALTERED)
def test_whatever_is_altered_by_hand_is_found(used, tmp_path, what):
    with closing(sqlite3.connect(used)) as there, closing(sqlite3.connect(tmp_path / "j")) as here:
        there.backup(here)
        assert CliRunner().invoke(main, ["journal", "verify", str(tmp_path / "j")]).exit_code == 0
        assert here.execute(ALTERED[what]).rowcount > 0
        here.commit()
    assert CliRunner().invoke(main, ["journal", "verify", str(tmp_path / "j")]).exit_code in (1, 3)


# --- after the PIN of a refund ---------------------------------------------------------------------------------------
async def _door_after_pin(shop):
    """A refund whose card asked for a PIN, by a device with glass: it is to be given back before 确认."""
    await sale(shop, ONLINE_PIN)
    await shop.see("请持卡人输入密码")
    await shop.enter(PIN)
    await agreed(shop)
    await refund_prompt(shop, "400")
    shop.desk.has_glass = True
    await shop.insert(ONLINE_PIN)
    await shop.see("请持卡人输入密码", "¥4.00")
    await shop.enter(PIN)
    await shop.see("请将终端交还收银员")


def test_nobody_confirms_a_refund_when_no_code_can_be_proven(tmp_path, bank):
    """A fault at the door logs the operator out; what he had begun ends there, and is not the holder's to confirm."""

    async def script(shop):
        await _door_after_pin(shop)
        before = len(requests(shop, "0220"))
        await shop.journal.rows("PRAGMA query_only = 1")
        await shop.enter("2580")
        await shop.see("密码无法核对，操作员已退出")
        await shop.journal.rows("PRAGMA query_only = 0")
        await shop.press("enter")
        await shop.settle(2)
        assert "再核对一遍" not in shop.text()
        await shop.press("enter")
        await shop.settle(30)
        await shop.see("请输入操作员号")
        assert len(requests(shop, "0220")) == before

    play_chip(tmp_path, bank, script, emv=ruled("FULL"))


def test_a_supervisor_who_takes_over_does_not_confirm_what_another_began(tmp_path, bank):
    """There is no operator any more: a refund would be nobody's."""

    async def script(shop):
        await _door_after_pin(shop)
        await shop.press("cancel", "2")
        await shop.see("请主管输入密码")
        start = len(shop.front.screens)
        await shop.enter("135790")
        await shop.see("请输入操作员号")
        assert not [each for each in shop.front.screens[start:] if isinstance(each.screen, Sheet)]
        assert requests(shop, "0220") == []

    play_chip(tmp_path, bank, script, emv=ruled("FULL"))


# --- numbers of cards and people -------------------------------------------------------------------------------------
@pytest.mark.parametrize("between", ["", " ", "-", "/", ",", ":", "_", "\u00b7", " - ", "\u2013"])
def test_a_card_number_in_groups_is_no_note(between):
    assert looks_secret(between.join(("4111", "1111", "1111", "1111")))  # TEST CARD
    assert looks_secret(f"no. {between.join(('110105', '19491231', '002X'))}")
    assert not looks_secret("2026-11-23/417")


@pytest.mark.parametrize("where", ["attachment", "zip", "pdf", "nested"])
def test_the_hunt_behind_every_journey_sees_into_what_is_compressed(tmp_path, where):
    """Papers are kept as zlib, evidence is a zip with a PDF in it: a number there would not be seen as it lies."""
    text = msgspec.json.encode([{"text": "6210940000000003"}])  # TEST CARD
    if where == "attachment":
        with closing(sqlite3.connect(tmp_path / "journal")) as db:
            db.execute("CREATE TABLE attachment (kind TEXT, body BLOB)")
            db.execute("INSERT INTO attachment VALUES ('paper', ?)", (zlib.compress(text, 9),))
            db.commit()
    else:
        paper = pdf([Text("6210940000000003")], {}) if where == "pdf" else zlib.compress(text)
        with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as zip:
            zip.writestr("kept/0", text if where == "zip" else paper)
    found = [place for place, content in opened_for_hunt(tmp_path) if b"6210940000000003" in content]
    assert found or where == "pdf"
    if where == "pdf":  # its text is numbers of glyphs: what was set is looked for in the font's own map
        assert [place for place, _ in opened_for_hunt(tmp_path) if "stream" in place]


# --- sticks and files that somebody prepared -------------------------------------------------------------------------
@pytest.mark.parametrize("trap", ["pipe", "link", "rest"])
async def test_a_stick_with_a_trap_on_it_neither_hangs_the_export_nor_leads_it_elsewhere(tmp_path, trap):
    stick, vault = tmp_path / "stick", tmp_path / "vault"
    stick.mkdir()
    vault.write_text("keys")
    coming = stick / ".day.csv.coming"
    {"pipe": os.mkfifo, "link": lambda at: at.symlink_to(vault), "rest": lambda at: at.write_text("old")}[trap](coming)
    async with asyncio.timeout(10):
        with suppress(ExportFailed):  # said, and the trap is gone
            await FolderExport(str(stick)).put("day.csv", b"totals")
        await FolderExport(str(stick)).put("day.csv", b"totals")
    assert (stick / "day.csv").read_bytes() == b"totals"
    assert not (stick / "day.csv").is_symlink()
    assert vault.read_text() == "keys"


def test_a_policy_that_is_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "policy.toml")
    rules = load_rules(Files("", "", "", "", policy=str(tmp_path / "policy.toml")))
    assert "a pipe" in rules.trouble
    (tmp_path / "zero.toml").symlink_to("/dev/zero")
    assert load_rules(Files("", "", "", "", policy=str(tmp_path / "zero.toml"))).trouble
