"""A file is whole, or what was there before is; for power cuts see who uses it (test_rollback, test_device_key)."""

import os
import resource

import pytest

from keys.at_rest.durable import put
from tests.unit.keys.at_rest.software_tpm import cut


def test_it_replaces_or_is_the_first(tmp_path):
    put(tmp_path / "file", b"one", is_first=True)
    with pytest.raises(FileExistsError):
        put(tmp_path / "file", b"two", is_first=True)
    assert (tmp_path / "file").read_bytes() == b"one"
    with (tmp_path / "file").open("rb") as old:
        put(tmp_path / "file", b"two")
        assert old.read() == b"one"  # another file is in its place: this one was never half written
    assert (tmp_path / "file").read_bytes() == b"two"
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("is_first", [True, False])
def test_a_full_disk_changes_nothing(tmp_path, is_first):
    if not is_first:
        put(tmp_path / "file", b"one")
    before = os.listdir(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            put(tmp_path / "file", b"three", is_first=is_first)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert os.listdir(tmp_path) == before
    assert is_first or (tmp_path / "file").read_bytes() == b"one"


def test_cut_anywhere_it_is_the_one_or_the_other(tmp_path):
    seen, step, is_done = set(), 0, False
    while not is_done:
        put(tmp_path / "file", b"one")
        is_done = cut(step, lambda: put(tmp_path / "file", b"two" * 1000))
        seen.add((tmp_path / "file").read_bytes())
        step += 1
    assert seen == {b"one", b"two" * 1000}


def test_what_a_cut_left_is_no_hindrance_and_nobody_elses_door(tmp_path):
    (tmp_path / "elsewhere").write_bytes(b"mine")
    (tmp_path / "file.new").symlink_to(tmp_path / "elsewhere")
    put(tmp_path / "file", b"one")
    assert (tmp_path / "elsewhere").read_bytes() == b"mine"
    assert (tmp_path / "file").read_bytes() == b"one"
    assert not (tmp_path / "file").is_symlink()
