"""Backup and restore of the journal (guide G7), and a journal that is full: nothing is lost, everything is said."""

import asyncio
import errno
import json
import os
import shutil
import subprocess
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from terminal.__main__ import main
from terminal.dialogue.backup import back_up, backup_state, manage_backup
from terminal.exchange.stages import Accepted
from terminal.journal import backup
from terminal.journal.backup import BackupRefused, header_at, kept, opened_into
from terminal.journal.examination import examined
from terminal.journal.restoring import check_idle, check_place, put_in_place
from terminal.journal.store import JournalFailed
from terminal.refund.policy import Policy
from tests.journey.shop import Bank, Shop, day
from tests.virtual_time import run

CONFIG = """
[merchant]
name = "测试商户"
terminal_id = "{terminal}"
merchant_id = "898100012345678"
[line]
addresses = ["bank.test:1"]
security = "plain"
[printer]
target = "file:/dev/null"
[files]
journal = "{folder}/journal"
vault = "{folder}/vault"
device_key = "{key}"
front_socket = "{folder}/front.sock"
backup = "{folder}/stick"
"""


class Inline(ThreadPoolExecutor):
    """A thread pool without threads: virtual time waits for none."""

    def submit(self, work, /, *arguments, **named):
        done: Future = Future()
        try:
            done.set_result(work(*arguments, **named))
        except Exception as error:  # noqa: BLE001 - whoever waits hears it
            done.set_exception(error)
        return done


def with_stick(folder, script, bank=None, is_new=True, stick="stick", **more):
    """A start of the terminal with a backup folder."""

    async def whole(shop: Shop):
        asyncio.get_running_loop().set_default_executor(Inline(1))
        files = msgspec.structs.replace(shop.config.files, backup=str(folder / stick) if stick else "")
        shop.room.config = shop.config = msgspec.structs.replace(shop.config, files=files)
        await (shop.first_day() if is_new else shop.another_day())
        await script(shop)

    return day(folder, bank or Bank(), whole, **more)


async def answer(shop, key):
    """To the dialogue beside the menu, which takes its turn with the keys."""
    await shop.press("up", key)


async def made(shop):
    """A backup, and its file."""
    assert await back_up(shop.room)
    await shop.press("up")
    await shop.idle()
    return kept(Path(shop.config.files.backup), shop.config.merchant.terminal_id)[0]


@pytest.fixture
def stick(tmp_path):
    (tmp_path / "stick").mkdir()
    return tmp_path / "stick"


def restored(folder, file, vault, is_forced=False):
    """As `yuanlu journal restore` does it, with the vault of the shop."""
    snapshot, target = folder / "restoring", folder / "journal"
    check_idle(target)
    header = run(opened_into(file, snapshot, vault))
    assert examined(snapshot).findings == ()
    if not is_forced:
        check_place(target, snapshot, header)
    return put_in_place(snapshot, target, header, "2026-11-23T20:00:00+08:00")


def test_g7_a_backup_on_demand_is_written_and_shown_on_the_self_check(tmp_path, stick):
    async def script(shop):
        await shop.sell("900")
        managing = asyncio.ensure_future(manage_backup(shop.room))
        await shop.see("备份完成", "保存份数", "同一块盘")
        await answer(shop, "enter")
        await managing
        shop.state = await backup_state(shop.room)

    shop = with_stick(tmp_path, script)
    (file,) = stick.iterdir()
    assert header_at(file).terminal_id == shop.config.merchant.terminal_id
    assert (shop.state.is_there, shop.state.count, shop.state.at) == (True, 1, header_at(file).at)
    assert not [path for path in tmp_path.iterdir() if "snapshot" in path.name]

    async def morning(shop: Shop):
        asyncio.get_running_loop().set_default_executor(Inline(1))
        files = msgspec.structs.replace(shop.config.files, backup=str(stick))
        shop.room.config = msgspec.structs.replace(shop.config, files=files)
        shop.switch_on()
        await shop.see("自检", "备份", "0 小时前")

    day(tmp_path, Bank(), morning)


def test_nothing_of_the_journal_can_be_read_in_the_backup(tmp_path, stick):
    async def script(shop):
        await shop.sell("900")
        (stage,) = await shop.journal.recent(1)
        shop.stage, shop.hash = stage, (await shop.journal.operators())[0].password_hash
        shop.file = await made(shop)

    shop = with_stick(tmp_path, script)
    raw = shop.file.read_bytes()
    for secret in (
        b"SQLite format",
        shop.stage.reply.rrn.encode(),
        shop.hash.encode(),
        shop.stage.request.card.fingerprint.encode(),
    ):
        assert secret not in raw
    assert (tmp_path / "journal").read_bytes().count(b"SQLite format") == 1


def test_a_restored_terminal_sells_and_refunds_and_the_books_agree_with_the_bank(tmp_path, stick):
    """What happened since the backup is missing; what happens from then on is the bank's to the fen."""
    bank = Bank()

    async def before(shop):
        await shop.sell("10000")
        shop.file = await made(shop)
        for _ in range(4):  # after the backup: lost with the disk
            await shop.sell("2200")

    first = with_stick(tmp_path, before, bank)
    for name in ("journal", "journal-wal", "journal-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    assert restored(tmp_path, first.file, first.hardware.vault) is None

    async def after(shop):
        assert [stage.amount.minor for stage in await shop.journal.sales()] == [10000]
        await shop.sell("700")
        await shop.press("refund")
        await shop.supervisor_code()
        await shop.press("cancel")
        await shop.idle()
        await shop.settle(61)
        await shop.refund_until_card("2", sale="2")
        await shop.see("请输入退款金额")
        await shop.enter("4000")
        await shop.see("退款明细")
        await shop.press("enter")
        await shop.present("unionpay-debit")
        await shop.see("再核对一遍")
        await shop.pull()
        await shop.press("enter")
        await shop.see("退货已受理")
        await shop.done()
        shop.stages = await shop.journal.recent()

    second = with_stick(tmp_path, after, bank, is_new=False)
    entries = {(entry["batch"], entry["stan"]): entry for entry in bank.ledger.report()["transactions"]}
    ours = {(stage.request.batch, stage.request.stan): stage for stage in second.stages}
    assert all(isinstance(stage, Accepted) for stage in ours.values())
    assert {key: stage.amount.minor for key, stage in ours.items()} == {key: entries[key]["amount"] for key in ours}
    missing = [entry["amount"] for key, entry in entries.items() if key not in ours and entry["kind"] == "sale"]
    assert missing == [2200] * 4, "the settlement tells: the bank has these more"
    assert bank.balance() == 1_000_000 - 10_000 - 4 * 2200 - 700 + 4000
    assert bank.ledger.sum_of_postings() == 0
    assert examined(tmp_path / "journal").findings == ()


def test_an_older_backup_is_not_put_over_a_newer_journal_but_by_force_and_then_it_is_kept_beside(tmp_path, stick):
    async def script(shop):
        await shop.sell("900")
        shop.file = await made(shop)
        await shop.sell("800")

    shop = with_stick(tmp_path, script)
    before = (tmp_path / "journal").read_bytes()
    with pytest.raises(BackupRefused, match="newer"):
        restored(tmp_path, shop.file, shop.hardware.vault)
    assert (tmp_path / "journal").read_bytes() == before
    aside = restored(tmp_path, shop.file, shop.hardware.vault, is_forced=True)
    assert aside.read_bytes() == before
    assert examined(tmp_path / "journal").findings == ()
    assert examined(aside).findings == ()


def test_a_journal_that_was_altered_or_is_in_use_is_not_replaced_unasked(tmp_path, stick):
    import sqlite3

    async def script(shop):
        await shop.sell("900")
        shop.file = await made(shop)
        with pytest.raises(BackupRefused, match="in use"):
            check_idle(tmp_path / "journal")

    shop = with_stick(tmp_path, script)
    with sqlite3.connect(tmp_path / "journal") as db:
        db.execute("DELETE FROM event WHERE seq > 3")
        db.execute("UPDATE event SET hash = x'00' WHERE seq = 3")
    db.close()
    with pytest.raises(BackupRefused, match="another one, or was altered"):
        restored(tmp_path, shop.file, shop.hardware.vault)
    (tmp_path / "journal").write_bytes(b"no database at all" * 1000)
    with pytest.raises(BackupRefused, match="cannot be read"):
        restored(tmp_path, shop.file, shop.hardware.vault)


def test_another_vault_does_not_open_it(tmp_path, stick):
    async def script(shop):
        shop.file = await made(shop)

    shop = with_stick(tmp_path, script)
    (tmp_path / "other").mkdir()
    other = with_stick(tmp_path / "other", script_of_nothing, stick="")
    with pytest.raises(BackupRefused, match="does not open"):
        run(opened_into(shop.file, tmp_path / "x", other.hardware.vault))


async def script_of_nothing(shop):
    pass


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A backup, and the vault that opens it."""
    folder = tmp_path_factory.mktemp("backup")
    (folder / "stick").mkdir()

    async def script(shop):
        await shop.sell("900")
        shop.file = await made(shop)

    return with_stick(folder, script)


def is_refused(whole, content, folder):
    (folder / "altered").write_bytes(content)
    try:
        run(opened_into(folder / "altered", folder / "out", whole.hardware.vault))
    except BackupRefused:
        return True
    return False


WITHOUT_FIXTURES = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@WITHOUT_FIXTURES
@given(at=st.integers(0, 1 << 30), bit=st.integers(0, 7), is_mended=st.booleans())
def test_a_byte_altered_anywhere_is_refused_though_the_mark_is_made_anew(whole, tmp_path, at, bit, is_mended):
    content = bytearray(whole.file.read_bytes())
    content[at % len(content)] ^= 1 << bit
    assert is_refused(
        whole, mended(content) if is_mended and at % len(content) < len(content) - 36 else bytes(content), tmp_path
    )


@WITHOUT_FIXTURES
@given(at=st.integers(0, 1 << 30), is_mended=st.booleans())
def test_a_cut_file_is_refused(whole, tmp_path, at, is_mended):
    content = whole.file.read_bytes()
    cut = content[: at % len(content)]
    left = mended(cut + bytes(36)) if is_mended else cut
    assume(left != content)  # only its mark was cut off, and made anew
    assert is_refused(whole, left, tmp_path)


def mended(content):
    """With a mark that fits, as whoever alters it on purpose would make it."""
    import hashlib

    body = bytes(content[:-36])
    return body + b"end\n" + hashlib.sha256(body).digest()


def pieces_of(content):
    """The two lines, and the pieces with their lengths."""
    end = content.index(b"\n", content.index(b"\n") + 1) + 1
    pieces, at = [], end
    while content[at : at + 4] != b"end\n" or len(content) - at != 36:
        size = int.from_bytes(content[at : at + 4])
        pieces.append(content[at : at + 4 + size])
        at += 4 + size
    return content[:end], pieces


def test_pieces_out_of_their_order_left_out_or_of_another_backup_are_refused(whole, tmp_path):
    lines, pieces = pieces_of(whole.file.read_bytes())
    assert len(pieces) > 2
    mark = bytes(36)
    assert not is_refused(whole, mended(lines + b"".join(pieces) + mark), tmp_path)
    for wrong in ([pieces[1], pieces[0], *pieces[2:]], pieces[:-1], [*pieces, pieces[-1]], [pieces[0], *pieces[:-1]]):
        assert is_refused(whole, mended(lines + b"".join(wrong) + mark), tmp_path)
    assert is_refused(whole, mended(lines + b"".join(pieces) + b"end\n" + b"more" * 20 + mark), tmp_path)
    header = json.loads(lines.split(b"\n")[1])
    header["salt"] = "00" * 16
    other = b"yuanlu backup 1\n" + json.dumps(header).encode() + b"\n"
    assert is_refused(whole, mended(other + b"".join(pieces) + mark), tmp_path)


@contextmanager
def failing(monkeypatch, number, after):
    """The medium fails at the write after so many bytes: the system's own error, through a real file object."""
    real = Path.open

    class Failing:
        def __init__(self, file):
            self.file, self.written = file, 0

        def __getattr__(self, name):
            return getattr(self.file, name)

        def write(self, part):
            self.written += len(part)
            if self.written > after:
                raise OSError(number, os.strerror(number))
            return self.file.write(part)

    def opened(self, mode="r", *more, **named):
        file = real(self, mode, *more, **named)
        return Failing(file) if mode == "wb" and self.name.endswith(".partial") else file

    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", opened)
        yield


@pytest.mark.parametrize(("number", "words"), [(errno.ENOSPC, "已满"), (errno.EIO, "被拔出")])
def test_a_stick_that_is_full_or_pulled_is_said_and_the_backup_of_before_stays(
    tmp_path, stick, monkeypatch, number, words
):
    async def script(shop):
        file = await made(shop)
        before = file.read_bytes()
        await shop.settle(5)
        await shop.sell("900")
        with failing(monkeypatch, number, 8_000):
            backing = asyncio.ensure_future(back_up(shop.room))
            await shop.see(words, "原来的备份还在")
            await answer(shop, "cancel")
            assert await backing is False
        assert [path.name for path in stick.iterdir()] == [file.name]
        assert file.read_bytes() == before
        header_at(file)

    with_stick(tmp_path, script)


@pytest.fixture
def small_stick(tmp_path):
    """A real medium, soon full."""
    place = tmp_path / "stick"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)], capture_output=True).returncode:
        pytest.skip("nothing can be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_real_medium_that_is_full_keeps_the_backup_that_is_on_it(tmp_path, small_stick):
    async def script(shop):
        file = await made(shop)
        before = file.read_bytes()
        with suppress(OSError), (small_stick / "holiday.avi").open("wb") as film:
            while True:
                film.write(bytes(4096))
        await shop.settle(5)
        backing = asyncio.ensure_future(back_up(shop.room))
        await shop.see("已满", "B03")
        await answer(shop, "cancel")
        assert await backing is False
        assert sorted(path.name for path in small_stick.iterdir()) == ["holiday.avi", file.name]
        assert file.read_bytes() == before

    with_stick(tmp_path, script)


def test_a_stick_that_is_not_there_is_said_and_confirm_tries_again(tmp_path):
    async def script(shop):
        backing = asyncio.ensure_future(back_up(shop.room))
        await shop.see("找不到备份的 U 盘", "B02")
        (tmp_path / "stick").mkdir()
        await answer(shop, "enter")
        assert await backing

    with_stick(tmp_path, script)


def test_without_a_place_the_settlement_is_not_disturbed_and_the_entry_says_so(tmp_path):
    async def script(shop):
        assert await back_up(shop.room) is False
        from terminal.dialogue.bad_news import Stopped

        with pytest.raises(Stopped) as stopped:
            await manage_backup(shop.room)
        assert stopped.value.name == "backup-off"

    with_stick(tmp_path, script, stick="")


def test_seven_are_kept_of_this_terminal_and_others_are_left_alone(tmp_path, stick):
    (stick / "yuanlu-99999999-20200101T000000-000000001.backup").write_bytes(b"another terminal's")
    (stick / "holiday.jpg").write_bytes(b"")

    async def script(shop):
        for _ in range(9):
            shop.last = await made(shop)
            await shop.settle(3600)

    shop = with_stick(tmp_path, script)
    ours = kept(stick, shop.config.merchant.terminal_id)
    assert len(ours) == backup.KEPT
    assert ours[0] == shop.last
    assert len(list(stick.iterdir())) == backup.KEPT + 2


def test_while_an_exchange_is_in_the_middle_there_is_no_backup(tmp_path, stick):
    """A journal restored from then would reverse what was accepted meanwhile."""
    from terminal.exchange.stages import AwaitingReply

    async def script(shop):
        await shop.sell("900")
        (stage,) = await shop.journal.recent(1)
        await shop.journal.enter(AwaitingReply(stage.request))
        backing = asyncio.ensure_future(back_up(shop.room))
        await shop.see("还没做完", "B05")
        await answer(shop, "cancel")
        assert await backing is False
        assert not list(stick.iterdir())
        await shop.journal.enter(stage)

    with_stick(tmp_path, script)


# --- on the command line ---------------------------------------------------------------------------------------------
@pytest.fixture
def device_key(tmp_path_factory):
    """Not where the shop keeps its things: nothing there may hold a key."""
    place = tmp_path_factory.mktemp("device") / "key"
    place.write_bytes(bytes(range(32)))  # TEST KEY
    return place


def configured(folder, terminal_id, key):
    (folder / "terminal.toml").write_text(CONFIG.format(folder=folder, terminal=terminal_id, key=key), "utf-8")
    return str(folder / "terminal.toml")


def test_by_hand_a_backup_of_another_terminal_a_cut_one_and_no_place_are_refused(tmp_path, stick, device_key):
    async def script(shop):
        shop.file = await made(shop)

    shop = with_stick(tmp_path, script)
    words = [
        "journal",
        "restore",
        "--config",
        configured(tmp_path, "99999999", device_key),
        str(shop.file),
        str(tmp_path / "x"),
    ]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 1
    assert "of another terminal" in result.output
    words[3] = configured(tmp_path, shop.config.merchant.terminal_id, device_key)
    shop.file.write_bytes(shop.file.read_bytes()[:-1])
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 1
    assert "cut or damaged" in result.output
    assert not (tmp_path / "x").exists()


def test_by_hand_beside_the_terminal_and_back_with_the_terminal_stopped(tmp_path, stick, device_key):
    async def script(shop):
        await shop.sell("900")

    shop = with_stick(tmp_path, script)
    config = configured(tmp_path, shop.config.merchant.terminal_id, device_key)
    result = CliRunner().invoke(main, ["journal", "backup", "--config", config])
    assert result.exit_code == 0, result.output
    (file,) = stick.iterdir()
    shutil.move(tmp_path / "journal", tmp_path / "lost")
    result = CliRunner().invoke(main, ["journal", "restore", "--config", config, str(file), str(tmp_path / "journal")])
    assert result.exit_code == 0, result.output
    assert "settle" in result.output
    verified = CliRunner().invoke(main, ["journal", "verify", str(tmp_path / "journal"), "--json"])
    assert verified.exit_code == 0, verified.output
    assert json.loads(verified.output)["findings"] == []


# --- a disk that is full ---------------------------------------------------------------------------------------------
def test_a_journal_that_is_full_is_said_nothing_is_sent_and_nothing_is_lost(tmp_path):
    """max_page_count is a full disk as SQLite sees it (SQLITE_FULL)."""
    bank = Bank()

    async def script(shop):
        await shop.sell("10000")
        pages = shop.journal._store.rows("PRAGMA page_count")[0][0]
        shop.journal._store.rows(f"PRAGMA max_page_count = {pages}")
        for _ in range(30):  # until the free part of the last pages is used up
            try:
                await shop.journal.record("fill", {"x": "y" * 900})
            except JournalFailed:
                break
        await shop.press("1")
        await shop.see("请输入消费金额")
        await shop.enter("900")
        await shop.present("unionpay-debit")
        for _ in range(20):
            await shop.settle(1)
            if "D03" in shop.text():
                break
            await shop.press("enter")
        await shop.see("D03")
        await shop.pull()
        shop.journal._store.rows("PRAGMA max_page_count = 1000000")
        await shop.press("enter")
        await shop.idle()
        await shop.settle(61)
        await shop.sell("500")
        assert await shop.journal.verify() is None
        assert await shop.journal.open_stages() == []
        shop.sums = sum(stage.amount.minor for stage in await shop.journal.sales())

    async def whole(shop):
        await shop.first_day()
        await script(shop)

    shop = day(tmp_path, bank, whole, Policy())
    assert 1_000_000 - bank.balance() == shop.sums == 10_500
    assert examined(tmp_path / "journal").findings == ()
