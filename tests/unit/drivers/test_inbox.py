"""The inbox: a file is read once, and stays beside with its verdict; a folder that cannot be used is said."""

import pytest

from drivers.inbox import MOST_BYTES, FolderInbox, InboxFailed, hand_in


async def test_no_folder_is_an_empty_inbox(tmp_path):
    assert await FolderInbox("").waiting() == []
    assert await FolderInbox(str(tmp_path / "not there")).waiting() == []


async def test_a_file_handed_in_waits_until_it_is_put_by(tmp_path):
    source, inbox = tmp_path / "bank.txt", FolderInbox(str(tmp_path / "inbox"))
    source.write_text("one,two\n", "utf-8")
    assert hand_in(tmp_path / "inbox", source).name == "bank.csv"
    assert await inbox.waiting() == [("bank.csv", "one,two\n")]
    await inbox.put_by("bank.csv", "refused", "line 1: no head")
    assert await inbox.waiting() == []
    assert (tmp_path / "inbox" / "bank.csv.refused").read_text("utf-8") == "one,two\n"
    assert (tmp_path / "inbox" / "bank.csv.refused.why").read_text("utf-8") == "line 1: no head\n"


async def test_a_file_on_its_way_is_not_seen_and_names_are_in_order(tmp_path):
    (tmp_path / "b.csv").write_text("b")
    (tmp_path / "a.csv").write_text("a")
    (tmp_path / "c.coming").write_text("c")
    assert [name for name, _ in await FolderInbox(str(tmp_path)).waiting()] == ["a.csv", "b.csv"]


async def test_what_is_not_text_or_too_long_is_still_read_to_be_refused(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"\xff\xfe")
    with (tmp_path / "b.csv").open("wb") as file:
        file.truncate(MOST_BYTES + 10)
    (_, odd), (_, long) = await FolderInbox(str(tmp_path)).waiting()
    assert odd == "\ufffd\ufffd"
    assert len(long) == MOST_BYTES


async def test_one_that_cannot_be_read_does_not_hide_the_others(tmp_path):
    (tmp_path / "a.csv").mkdir()
    (tmp_path / "b.csv").write_text("b")
    assert await FolderInbox(str(tmp_path)).waiting() == [("b.csv", "b")]


async def test_evidence_is_never_overwritten(tmp_path):
    inbox = FolderInbox(str(tmp_path))
    for text in ("one", "two"):
        (tmp_path / "day.csv").write_text(text)
        await inbox.put_by("day.csv", "done", "")
    assert (tmp_path / "day.csv.done").read_text() == "one"
    assert (tmp_path / "day.csv.2.done").read_text() == "two"


async def test_a_folder_that_cannot_be_used_is_a_device_error(tmp_path):
    with pytest.raises(InboxFailed):
        await FolderInbox(str(tmp_path)).put_by("gone.csv", "done", "")
