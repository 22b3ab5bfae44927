"""The folder of facts of a refund (guide G11): what is kept, exported, checked; and what of it is refused."""

import hashlib
import io
import json
import re
import zipfile

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keys.passwords import ArgonPasswords
from simulator.counter.escpos_decoder import Decoder
from terminal import evidence
from terminal.__main__ import main
from terminal.evidence_bundle import BundleRefused, faults, listed, opened
from terminal.journal.examination import examined
from terminal.journal.journal import Journal
from terminal.journal.look import looked_into
from terminal.journal.store import chained, told
from terminal.paper import TextRow
from tests.journey.shop import Bank, Shop
from tests.journey.test_refund import play
from tests.virtual_time import VirtualClock, inline, run

CODE = "135790"  # TEST code of the supervisor
CONFIG = """
[merchant]
name = "测试商户"
terminal_id = "{terminal}"
merchant_id = "{merchant}"
[line]
addresses = ["bank.test:1"]
security = "plain"
[printer]
target = "file:/dev/null"
[files]
journal = "{folder}/journal"
vault = "{folder}/vault"
device_key = "key"
front_socket = "{folder}/front.sock"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A day with a signed part refund, an unknown one and a void of other sales; the supervisor's code is argon2id."""
    place = tmp_path_factory.mktemp("evidence")
    bank = Bank()

    async def script(shop: Shop):
        await shop.sell("10000")
        shop.desk.has_glass = True
        await shop.refund("3000")
        await shop.see("退货已受理")
        await shop.press("enter")
        await shop.see("请持卡人签名")
        shop.sign()
        await shop.press("enter")
        for _ in range(3):
            if "撕下" in shop.text():
                break
            await shop.press(*"2580", "enter")  # back from the cardholder's hands
        await shop.tear()
        await shop.idle()
        shop.desk.has_glass = False
        await shop.sell("2200", "unionpay-credit")
        bank.line("answer_lost")
        await shop.refund("500", "unionpay-credit")
        await shop.see("结果未知")
        bank.line("up")
        await shop.press("enter")
        await shop.settle(2)
        await shop.press("enter")
        await shop.idle()

    play(place, bank, script)
    _own_code(place)
    (place / "terminal.toml").write_text(
        CONFIG.format(folder=place, terminal="10000001", merchant="898100012345678"), "utf-8"
    )
    return place


def _own_code(place):
    async def work():
        journal = Journal(place / "journal", VirtualClock(), inline)
        supervisor = next(each for each in await journal.operators() if each.id == "00")
        import msgspec

        digest = await ArgonPasswords(memory_kib=64, passes=1).digest(CODE)
        await journal.keep_operator(msgspec.structs.replace(supervisor, password_hash=digest), "code changed", "00")
        await journal.close()

    import asyncio

    asyncio.run(work())


def refund_id(place):
    """Of the signed one: the oldest."""
    result = CliRunner().invoke(main, ["evidence", "list", "--config", str(place / "terminal.toml"), "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.output)[-1]["id"]


def export(place, out, name, codes=(CODE,), language="zh_CN", config="terminal.toml", *more):
    words = [
        "evidence",
        "export",
        name,
        "--config",
        str(place / config),
        "--out",
        str(out),
        "--language",
        language,
        *more,
    ]
    return CliRunner().invoke(main, words, input="".join(f"{code}\n" for code in codes))


@pytest.fixture(scope="module")
def bundle(folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    result = export(folder, out, refund_id(folder))
    assert result.exit_code == 0, result.output
    return next(out.glob("*.zip"))


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_the_cover_is_printed_with_the_digest_of_the_bundle(folder, tmp_path, language):
    text = (folder / "terminal.toml").read_text("utf-8")
    (folder / "printing.toml").write_text(text.replace("file:/dev/null", f"file:{tmp_path / 'paper'}"), "utf-8")
    result = export(folder, tmp_path / "out", refund_id(folder), (CODE,), language, "printing.toml", "--cover")
    assert result.exit_code == 0, result.output
    (paper,) = Decoder().feed((tmp_path / "paper").read_bytes()).papers
    said = "".join(row.text for row in paper if isinstance(row, TextRow)).replace(" ", "")
    digest = hashlib.sha256(next((tmp_path / "out").glob("*.zip")).read_bytes()).hexdigest()
    assert {"zh_CN": "证据", "en": "EVIDENCE"}[language] in said
    assert digest in said.lower()


def test_a_cover_that_does_not_come_out_leaves_the_files_and_says_so(folder, tmp_path):
    text = (folder / "terminal.toml").read_text("utf-8")
    (folder / "printing.toml").write_text(text.replace("file:/dev/null", "serial:/dev/none"), "utf-8")
    result = export(folder, tmp_path / "out", refund_id(folder), (CODE,), "zh_CN", "printing.toml", "--cover")
    assert result.exit_code == 1
    assert "the files are written; the cover was not printed" in result.output
    assert len([*(tmp_path / "out").iterdir()]) == 2


def test_g11_a_refund_goes_out_as_pdf_and_bundle_and_the_bundle_proves_itself(folder, bundle):
    index, files = opened(bundle)
    assert [*faults(index, files)] == []
    checked = CliRunner().invoke(main, ["evidence", "check", str(bundle), "--journal", str(folder / "journal")])
    assert checked.exit_code == 0, checked.output
    assert index.head.hash in checked.output
    assert files["evidence.pdf"].startswith(b"%PDF")
    facts = json.loads(bytes(index.facts))
    assert facts["refund"]["type"] == "accepted"
    assert facts["application"]["policy_version"]
    assert [mark["act"] for mark in facts["application"]["marks"]][:2] == ["submit", "approve"]
    assert [step["of"] for step in facts["steps"]][:1] == ["sale"]
    assert [step["stage"] for step in facts["steps"] if step["of"] == "refund"] == [
        *("connecting", "awaiting-reply", "accepted")
    ]
    messages = [(told["way"], told["what"]) for told in facts["messages"]]
    signature = [("sent", "0820"), ("received", "0830")]
    assert messages == [("sent", "0220"), ("received", "0230"), *signature]
    assert sorted(picture["kind"] for picture in facts["pictures"]) == ["paper", "paper", "signature"]


def test_the_receipt_that_is_kept_is_the_one_that_was_printed(tmp_path):
    bank = Bank()

    async def script(shop):
        await shop.sell("900")
        await shop.refund()
        await shop.see("撤销已受理")
        await shop.done()
        (stage,) = await shop.journal.recent(1)
        shop.kept = [evidence.paper_of(one.body) for one in await shop.journal.attachments.of(stage.request.id)]

    shop = play(tmp_path, bank, script)
    assert shop.kept == shop.printer.papers[-2:]
    assert examined(tmp_path / "journal").findings == ()


def test_no_card_number_and_no_code_is_in_it(folder, bundle):
    index, files = opened(bundle)
    with zipfile.ZipFile(bundle) as zip:
        text = zip.read("evidence.json").decode()
    pans = {pan for card in Bank().tray.values() for pan in card.pans}
    assert not [pan for pan in pans if pan in text or any(pan.encode() in content for content in files.values())]
    assert CODE not in text
    assert re.search(r"\d{6}\*{6}\d{4}", text)
    del index


def test_what_is_on_the_pdf_is_told_in_both_languages_without_a_hole(folder, bundle):
    from terminal.evidence_pdf import blocks

    index, _ = opened(bundle)
    import msgspec

    whole = msgspec.json.decode(index.facts, type=evidence.Folder)
    for language, word in (("zh_CN", "退款证据"), ("en", "Refund: evidence")):
        lines = [str(block) for block in blocks(whole, index.exported, index.head, {"x": "paper"}, language)]
        assert word in lines[0]
        assert index.head.hash in "".join(lines)
        assert not [line for line in lines if re.search(r"\[[a-z_]+\.", line)]


def test_an_unknown_one_is_found_by_batch_and_voucher(folder, tmp_path):
    listed = CliRunner().invoke(main, ["evidence", "list", "--config", str(folder / "terminal.toml"), "--json"])
    newest = json.loads(listed.output)[0]
    result = export(folder, tmp_path, newest["id"], language="en")
    assert result.exit_code == 0, result.output
    index, files = opened(next(tmp_path.glob("*.zip")))
    assert [*faults(index, files)] == []
    ways = [told["way"] for told in json.loads(bytes(index.facts))["messages"]]
    assert ways[:2] == ["sent", "unanswered"]


def test_a_name_that_is_nobodys_and_that_of_a_sale_are_refused_before_a_code_is_asked(folder, tmp_path):
    result = export(folder, tmp_path, "999999999999", codes=())
    assert result.exit_code == 1
    assert "evidence list" in result.output


def test_three_wrong_codes_lock_as_on_the_device_and_every_try_is_in_the_chain(folder, tmp_path):
    with looked_into(folder / "journal") as db:
        before = db.execute("SELECT count(*) FROM event").fetchone()[0]
    result = export(folder, tmp_path, refund_id(folder), codes=("111222", "222333", "333444", CODE))
    assert result.exit_code == 77, result.output
    assert not list(tmp_path.iterdir())
    with looked_into(folder / "journal") as db:
        said = [
            bytes(body)
            for (body,) in db.execute("SELECT body FROM event WHERE seq > ? AND kind = 'operator'", (before,))
        ]
        failures, lock = db.execute("SELECT failures, lock FROM operator WHERE id = '00'").fetchone()
    assert sum(b"code tried" in body for body in said) == 3
    assert failures == 3
    assert lock
    again = export(folder, tmp_path, refund_id(folder))
    assert again.exit_code == 77
    _unlock(folder)


def _unlock(place):
    async def work():
        journal = Journal(place / "journal", VirtualClock(), inline)
        import msgspec

        supervisor = next(each for each in await journal.operators() if each.id == "00")
        await journal.keep_operator(msgspec.structs.replace(supervisor, failures=0, lock=None), "unlocked", "00")
        await journal.close()

    run(work())


def test_the_terminal_goes_on_writing_beside_an_export(tmp_path):
    """Two processes append: none forgets the other's link."""
    bank = Bank()

    async def script(shop):
        await shop.sell("900")
        other = Journal(tmp_path / "journal", shop.clock, inline)
        await other.record("evidence-exported", {"id": "x", "by": "00"})
        await shop.refund()
        await shop.see("撤销已受理")
        await other.close()
        await shop.done()
        assert await shop.journal.verify() is None

    play(tmp_path, bank, script)
    assert examined(tmp_path / "journal").findings == ()


class Files(dict):
    """By name; too many to be shown."""

    def __repr__(self):
        return "Files()"


@pytest.fixture(scope="module")
def rezipped(bundle):
    with zipfile.ZipFile(bundle) as zip:
        return Files({name: zip.read(name) for name in zip.namelist()})


def found_wrong(files, place):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as zip:
        for name, content in files.items():
            zip.writestr(name, content)
    (place / "altered.zip").write_bytes(out.getvalue())
    try:
        index, others = opened(place / "altered.zip")
    except BundleRefused:
        return True
    return bool([*faults(index, others)])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(which=st.integers(0, 20), at=st.integers(0, 1 << 20), bit=st.integers(0, 7))
def test_a_byte_altered_in_any_file_of_a_bundle_is_found(rezipped, tmp_path, which, at, bit):
    name = sorted(rezipped)[which % len(rezipped)]
    content = bytearray(rezipped[name])
    content[at % len(content)] ^= 1 << bit
    is_white = name == "evidence.json" and _same_json(bytes(content), rezipped[name])
    assert found_wrong({**rezipped, name: bytes(content)}, tmp_path) or is_white


def _same_json(one, other):
    """White space between two values says nothing."""
    try:
        return json.loads(one) == json.loads(other)
    except ValueError:
        return False


def test_a_file_more_or_less_is_found(rezipped, tmp_path):
    assert not found_wrong(rezipped, tmp_path)
    assert found_wrong({**rezipped, "more": b"x"}, tmp_path)
    assert found_wrong({name: content for name, content in rezipped.items() if name != "chain.bin"}, tmp_path)


@pytest.mark.parametrize("kind", ["begun", "owed", "stage", "application"])
def test_an_event_told_otherwise_is_found(rezipped, tmp_path, kind):
    index = json.loads(rezipped["evidence.json"])
    event = next(each for each in index["events"] if each["kind"] == kind)
    event["at"] = "2020" + event["at"][4:]
    assert found_wrong({**rezipped, "evidence.json": json.dumps(index).encode()}, tmp_path)


@pytest.mark.parametrize("is_head_forged", [False, True])
def test_whoever_makes_all_hashes_anew_reaches_another_head(rezipped, tmp_path, is_head_forged):
    """The forger tells an event that is in no fact otherwise, and makes every digest and link anew. Only the head, as
    somebody else knows it, gives him away: with a forged one the bundle is whole, and is another chain's."""
    index = json.loads(rezipped["evidence.json"])
    event = next(each for each in index["events"] if each["kind"] == "begun")
    event["at"] = "2020" + event["at"][4:]
    first, chain = index["head"]["first"], bytearray(rezipped["chain.bin"])
    by_seq = {each["seq"]: each for each in index["events"]}
    previous = bytes.fromhex(index["head"]["before"])
    for place in range(len(chain) // 32):
        one = by_seq.get(first + place)
        if one is not None:
            if one["kind"] == "evidence-exported":  # the forger says anew what was taken away, too
                shown = ((each["seq"], each["hash"]) for each in index["events"])
                body = json.loads(one["body"])
                one["body"] = json.dumps({**body, **listed(shown, int(body["until"]))})
            said = told(one["seq"], one["at"], one["kind"], one["body"].encode())
            chain[place * 32 : place * 32 + 32] = said
        hash = chained(previous, bytes(chain[place * 32 : place * 32 + 32]))
        if one is not None:
            one["previous"], one["hash"] = previous.hex(), hash.hex()
        previous = hash
    index["files"]["chain.bin"] = hashlib.sha256(chain).hexdigest()
    known = index["head"]["hash"]
    if is_head_forged:
        index["head"]["hash"] = previous.hex()
    files = {**rezipped, "chain.bin": bytes(chain), "evidence.json": json.dumps(index).encode()}
    assert found_wrong(files, tmp_path) is not is_head_forged
    assert previous.hex() != known


def test_old_pictures_are_dropped_and_the_chain_keeps_their_digest(tmp_path):
    from terminal.dialogue.backup import drop_old_evidence

    bank = Bank()

    async def script(shop):
        await shop.sell("2200", "unionpay-credit")
        await shop.refund(card="unionpay-credit")
        await shop.see("撤销已受理")
        await shop.done()
        await shop.sell("900")
        bank.line("answer_lost")
        await shop.refund("500")
        await shop.see("结果未知")
        bank.line("down")
        await shop.press("enter")
        await shop.settle(5)
        shop.bank.line("down")
        late = await shop.journal.recent(2)
        shop.ids = {type(stage).__name__: stage.request.id for stage in late}
        shop.clock.offset += __import__("datetime").timedelta(days=401)
        shop.dropped = await drop_old_evidence(shop.room)
        shop.left = {name: len(await shop.journal.attachments.of(id)) for name, id in shop.ids.items()}

    shop = play(tmp_path, bank, script)
    assert shop.dropped == 2
    assert shop.left == {"Accepted": 0, "Unknown": 1}, "what is open keeps its paper"
    assert examined(tmp_path / "journal").findings == ()


def test_a_picture_that_vanished_without_being_dropped_is_named(tmp_path):
    import sqlite3

    bank = Bank()

    async def script(shop):
        await shop.sell("900")
        await shop.refund()
        await shop.see("撤销已受理")
        await shop.done()

    play(tmp_path, bank, script)
    with sqlite3.connect(tmp_path / "journal") as db:
        db.execute("DELETE FROM attachment WHERE rowid = (SELECT min(rowid) FROM attachment)")
    db.close()
    (finding,) = examined(tmp_path / "journal").findings
    assert (finding.what, finding.why) == ("attachment", "is missing")


def test_a_bundle_is_not_checked_against_what_is_no_journal(bundle, tmp_path):
    (tmp_path / "none").write_text("no journal", "utf-8")
    checked = CliRunner().invoke(main, ["evidence", "check", str(bundle), "--journal", str(tmp_path / "none")])
    assert isinstance(checked.exception, SystemExit), checked.exception
    assert (checked.exit_code, checked.output.count("\n")) == (1, 1)


def test_a_folder_that_cannot_be_made_is_told_before_a_code_is_typed(folder, tmp_path):
    (tmp_path / "file").write_text("", "utf-8")
    made = export(folder, tmp_path / "file" / "out", refund_id(folder))
    assert (made.exit_code, "cannot be written" in made.output, "密码" in made.output) == (1, True, False)
