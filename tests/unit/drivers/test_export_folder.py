"""The Export port over real folders and real mounts: whole or not there, whatever fails in between."""

import asyncio
import os
import resource
import subprocess

import pytest

from drivers.export_folder import FolderExport
from terminal.ports import Export, ExportFailed

BIG = b"x" * 200_000


def put(place, name="a.csv", content=b"content"):
    export: Export = FolderExport(str(place))
    return asyncio.run(export.put(name, content))


def test_a_file_is_there_whole_and_nothing_beside_it(tmp_path):
    assert put(tmp_path / "new" / "folder") == "a.csv"
    assert [(path.name, path.read_bytes()) for path in (tmp_path / "new" / "folder").iterdir()] == [
        ("a.csv", b"content")
    ]


def test_what_is_there_is_never_overwritten(tmp_path):
    names = [put(tmp_path, content=text) for text in (b"1", b"2", b"3")]
    assert names == ["a.csv", "a-2.csv", "a-3.csv"]
    assert (tmp_path / "a.csv").read_bytes() == b"1"


def test_the_rest_of_a_broken_try_is_written_over(tmp_path):
    (tmp_path / ".a.csv.coming").write_bytes(b"half of an earlier")
    assert put(tmp_path) == "a.csv"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv"]


def test_a_link_in_the_place_of_the_temporary_file_is_not_followed(tmp_path):
    (tmp_path / "kept").write_bytes(b"kept")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".a.csv.coming").symlink_to(tmp_path / "kept")
    with pytest.raises(ExportFailed):
        put(tmp_path / "out")
    assert (tmp_path / "kept").read_bytes() == b"kept"


@pytest.mark.parametrize("name", ["", "../a.csv", "a/b.csv", ".a.csv", "/etc/a"])
def test_only_plain_names(tmp_path, name):
    with pytest.raises(ValueError, match="not a file"):
        put(tmp_path, name)


def test_without_a_stick_nothing_is_written_below_it(tmp_path):
    with pytest.raises(ExportFailed) as failed:
        put(f"usb:{tmp_path}")
    assert failed.value.why == "missing"
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ExportFailed, match="missing"):
        put(f"usb:{tmp_path / 'none'}")
    assert not (tmp_path / "none").exists()


def test_a_failure_in_the_middle_of_a_file_leaves_none(tmp_path):
    """The kernel itself stops the write, after a part of it (EFBIG)."""
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, old[1]))
    try:
        with pytest.raises(ExportFailed) as failed:
            put(tmp_path, content=BIG)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
    assert failed.value.why == "full"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_gone_meanwhile_is_lost_and_not_made_again(tmp_path):
    """Pulled between opening and writing: the handle leads to what is no folder any more."""
    place = tmp_path / "stick"
    place.mkdir()
    export = FolderExport(str(place))
    folder = export._opened()
    place.rmdir()
    from drivers.export_folder import _kept

    with pytest.raises(ExportFailed) as failed:
        _kept(folder, "a.csv", b"content", export._is_there)
    os.close(folder)
    assert failed.value.why == "lost"
    assert not place.exists()


def mounted(place, *options):
    done = subprocess.run(["mount", "-t", "tmpfs", *options, "tmpfs", str(place)], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("this account may not mount")


@pytest.fixture
def stick(tmp_path):
    """A real mount of 64 KiB."""
    place = tmp_path / "stick"
    place.mkdir()
    mounted(place, "-o", "size=64k")
    yield place
    subprocess.run(["umount", "-l", str(place)], capture_output=True, check=False)


def test_a_stick_takes_a_file_and_a_full_one_says_so(stick):
    assert put(f"usb:{stick}") == "a.csv"
    with pytest.raises(ExportFailed) as failed:
        put(f"usb:{stick}", "b.csv", BIG)
    assert failed.value.why == "full"
    assert sorted(path.name for path in stick.iterdir()) == ["a.csv"]


def test_a_stick_that_is_pulled_while_it_is_written_is_lost(stick, tmp_path):
    """Unmounted under the open handle, as a pulled stick is: the file is not taken for kept."""
    from drivers.export_folder import _kept

    export = FolderExport(f"usb:{stick}")
    folder = export._opened()
    subprocess.run(["umount", "-l", str(stick)], check=True)
    with pytest.raises(ExportFailed) as failed:
        _kept(folder, "a.csv", b"content", export._is_there)
    os.close(folder)
    assert failed.value.why == "lost"
    assert list(stick.iterdir()) == []  # nothing in the empty folder below it
