"""A vault file that was put back is noticed, whatever is cut; what each anchor cannot notice is a test too."""

import resource
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from keys.at_rest.durable import put
from keys.at_rest.rollback import INDEX, TpmCounter, Witness, checked
from terminal.ports import KeyRefused
from tests.unit.keys.at_rest.software_tpm import SoftwareTpm, cut

DEVICE_KEY = bytes(range(32))  # TEST KEY


class Books:
    """As small as a user of an anchor can be: one file, which holds nothing but its generation."""

    def __init__(self, path, anchor):
        self.path, self.anchor = path, anchor

    def open(self):
        if not self.path.exists():
            return self.anchor.begin()
        generation = int(self.path.read_bytes())
        checked(self.anchor, generation)
        self.anchor.advance(generation)
        return generation

    def write(self):
        generation = self.open() + 1
        put(self.path, str(generation).encode())
        self.anchor.advance(generation)
        return generation


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    with SoftwareTpm(tmp_path_factory.mktemp("tpm")) as machine:
        yield machine


def witness(folder, _=None, key=DEVICE_KEY):
    return Witness(folder / "witness", key)


indices = iter(range(INDEX, INDEX + 1000))


def counter(folder, machine, key=DEVICE_KEY):
    kept = folder / "index"
    if not kept.exists():
        kept.write_text(str(next(indices)))
    return TpmCounter(folder, key, machine.tpm, int(kept.read_text()))


KINDS = pytest.mark.parametrize("kind", [witness, pytest.param(counter, marks=pytest.mark.process)])


@pytest.fixture
def books(kind, tmp_path, machine):
    return Books(tmp_path / "vault", kind(tmp_path, machine))


@KINDS
def test_it_begins_with_the_first_write_and_goes_up_by_one(books):
    assert books.anchor.read() == 0
    begun = books.open()
    assert begun > 0
    assert books.open() == books.anchor.begin() == books.anchor.read() == begun  # nothing was written yet
    assert [books.write() for _ in range(3)] == [begun + 1, begun + 2, begun + 3]
    assert books.open() == books.anchor.read() == begun + 3


@KINDS
def test_each_older_file_is_refused(books):
    files = [(books.write(), books.path.read_bytes())[1] for _ in range(4)]
    for older, file in enumerate(reversed(files)):
        books.path.write_bytes(file)
        if older:
            with pytest.raises(KeyRefused, match=f"{older} behind the last one"):
                books.open()
        else:
            books.open()


@KINDS
def test_a_file_that_is_gone_is_not_made_anew(books):
    books.write()
    books.path.unlink()
    with pytest.raises(KeyRefused, match="it is gone or an earlier one was put in its place"):
        books.open()


@KINDS
def test_a_file_from_the_future_is_refused(books):
    """Two ahead: no power cut does that."""
    generation = books.write()
    books.path.write_text(str(generation + 2))
    with pytest.raises(KeyRefused, match="newer than its witness"):
        books.open()


@KINDS
def test_an_anchor_moves_by_one_step_or_none(books):
    with pytest.raises(KeyRefused, match="one step"):
        books.anchor.advance(1)
    stands = books.write()
    for to in (stands - 1, stands + 2, 0, -1):
        with pytest.raises(KeyRefused, match="one step"):
            books.anchor.advance(to)
    books.anchor.advance(stands)
    assert books.anchor.read() == stands


@KINDS
def test_a_power_cut_at_any_step_leaves_books_that_open(kind, tmp_path, machine):
    """From the first opening on: what is found afterwards is the old state or the new one, and work goes on."""
    for writes in (0, 2):
        step, is_done = 0, False
        while not is_done:
            folder = tmp_path / f"{writes}-{step}"
            folder.mkdir()
            books = Books(folder / "vault", kind(folder, machine))
            before = [books.write() for _ in range(writes)]
            is_done = cut(step, books.write)
            found = books.open()
            assert found == books.anchor.read()
            if before:
                assert found in (before[-1], before[-1] + 1)
            assert books.write() == found + 1
            assert {file.name for file in folder.iterdir()} <= {"vault", "witness", "counter", "index"}
            step += 1
        assert step > 8  # it was cut that often


@KINDS
def test_its_file_taken_away_or_altered_is_said(books, tmp_path, machine, kind):
    books.write()
    mark = next(file for file in tmp_path.iterdir() if file.name in ("witness", "counter"))
    whole = mark.read_bytes()
    for at in range(len(whole)):
        mark.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(KeyRefused):
            books.open()
    mark.write_bytes(whole)
    with pytest.raises(KeyRefused, match="of another device key"):
        kind(tmp_path, machine, bytes(32)).read()
    mark.unlink()
    with pytest.raises(KeyRefused, match="is gone: bring it back; or remove vault file"):
        books.open()
    mark.mkdir()
    with pytest.raises(KeyRefused, match="cannot be read"):
        books.open()


@KINDS
def test_a_full_disk_is_refused_and_loses_nothing(books, kind):
    """RLIMIT_FSIZE of 0: the kernel takes no byte more."""
    stands = books.write()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
        with pytest.raises((KeyRefused, OSError)):
            books.write()
        if kind is witness:
            with pytest.raises(KeyRefused, match="witness cannot be written: File too large"):
                books.anchor.advance(stands + 1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert books.open() == stands
    assert books.write() == stands + 1


def test_a_witness_does_not_notice_the_whole_disk_put_back(tmp_path):
    books = Books(tmp_path / "disk" / "vault", Witness(tmp_path / "disk" / "witness", DEVICE_KEY))
    books.path.parent.mkdir()
    stands = books.write()
    shutil.copytree(tmp_path / "disk", tmp_path / "copy")
    books.write()
    shutil.rmtree(tmp_path / "disk")
    shutil.copytree(tmp_path / "copy", tmp_path / "disk")
    assert books.open() == stands


def test_files_of_an_earlier_life_do_not_fit_a_new_witness(tmp_path):
    books = Books(tmp_path / "vault", witness(tmp_path))
    old = [(books.write(), books.path.read_bytes())[1] for _ in range(3)]
    books.path.unlink()
    (tmp_path / "witness").unlink()  # what a tech does who loads the keys anew
    for _ in range(3):
        books.write()
    for file in old:
        books.path.write_bytes(file)
        with pytest.raises(KeyRefused):
            books.open()


@pytest.mark.process
def test_a_tpm_notices_the_whole_disk_put_back_also_after_a_restart(tmp_path, machine):
    (tmp_path / "disk").mkdir()
    books = Books(tmp_path / "disk" / "vault", counter(tmp_path / "disk", machine))
    books.write()
    shutil.copytree(tmp_path / "disk", tmp_path / "copy")
    books.write()
    shutil.rmtree(tmp_path / "disk")
    shutil.copytree(tmp_path / "copy", tmp_path / "disk")
    machine.restart()
    with pytest.raises(KeyRefused, match="1 behind the last one"):
        Books(books.path, counter(tmp_path / "disk", machine)).open()


@pytest.mark.process
def test_a_counter_that_was_deleted_does_not_let_an_old_file_in(tmp_path, machine):
    books = Books(tmp_path / "vault", counter(tmp_path, machine))
    old = [(books.write(), books.path.read_bytes())[1] for _ in range(3)]
    machine.tpm.run("nvundefine", (hex(int((tmp_path / "index").read_text()))), "-C", "o")
    with pytest.raises(KeyRefused, match="the TPM has lost its counter"):
        books.open()
    books.path.unlink()
    (tmp_path / "counter").unlink()
    books.write()
    for file in old:
        books.path.write_bytes(file)
        with pytest.raises(KeyRefused, match="behind the last one"):
            books.open()


@pytest.mark.process
def test_another_tpm_or_none_is_said(tmp_path, machine):
    books = Books(tmp_path / "vault", counter(tmp_path, machine))
    books.write()
    with SoftwareTpm(tmp_path / "other") as other, pytest.raises(KeyRefused, match="lost its counter"):
        Books(books.path, counter(tmp_path, other)).open()
    with pytest.raises(KeyRefused, match="no TPM answers"):
        Books(books.path, counter(tmp_path, other)).open()


@pytest.mark.process
def test_a_counter_of_another_key_is_left_alone(tmp_path, machine):
    Books(tmp_path / "vault", counter(tmp_path, machine)).write()
    (tmp_path / "counter").unlink()
    with pytest.raises(KeyRefused, match="wants a password"):
        counter(tmp_path, machine, bytes(32)).begin()


class WitnessMachine(RuleBasedStateMachine):
    """One disk, a thief with copies of the vault file, and a power switch. The model is what was last written."""

    @initialize()
    def new(self):
        self.folder = Path(tempfile.mkdtemp())
        self.books = Books(self.folder / "vault", witness(self.folder))
        self.last = self.books.open()
        self.copies = []
        self.is_genuine = True

    def teardown(self):
        shutil.rmtree(self.folder)

    @precondition(lambda self: self.is_genuine)
    @rule()
    def write(self):
        assert self.books.write() == self.last + 1
        self.last += 1
        self.copies.append(self.books.path.read_bytes())

    @precondition(lambda self: self.is_genuine)
    @rule(step=st.integers(0, 20))
    def write_and_cut(self, step):
        cut(step, self.books.write)
        found = self.books.open()
        assert found in (self.last, self.last + 1)
        self.last = found
        if self.books.path.exists():
            self.copies.append(self.books.path.read_bytes())

    @precondition(lambda self: self.copies)
    @rule(data=st.data())
    def put_back(self, data):
        old = data.draw(st.sampled_from(self.copies))
        self.books.path.write_bytes(old)
        self.is_genuine = int(old) == self.last

    @precondition(lambda self: self.copies)
    @rule()
    def take_away(self):
        self.books.path.unlink(missing_ok=True)
        self.is_genuine = False

    @precondition(lambda self: not self.is_genuine)
    @rule()
    def bring_back(self):
        self.books.path.write_text(str(self.last))
        self.is_genuine = True

    @invariant()
    def opens_only_the_last(self):
        if not hasattr(self, "last"):
            return
        if self.is_genuine:
            assert self.books.open() == self.last
        else:
            with pytest.raises(KeyRefused):
                self.books.open()


TestWitnessMachine = WitnessMachine.TestCase
TestWitnessMachine.settings = settings(
    max_examples=40, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
