"""A lock in time, and in journals: it never ends early, and one of before is carried over as a whole new one."""

import sqlite3
from importlib.resources import files

from hypothesis import given
from hypothesis import strategies as st

from terminal.dialogue import locks
from terminal.dialogue.codes import ROLES, is_weak
from terminal.dialogue.proof import Proof
from terminal.journal.journal import Journal, Lock
from tests.virtual_time import VirtualClock, inline, run

HALF_HOUR = 1800.0
# what happens: seconds pass and somebody looks, or the device is started again and somebody looks then
HAPPENINGS = st.lists(st.tuples(st.booleans(), st.floats(0, 4000)), max_size=12)


@given(st.floats(0, 1e6), HAPPENINGS)
def test_a_lock_ends_exactly_after_its_seconds_since_it_was_first_seen_at_this_start(begin, happenings):
    boot, now, first_seen = 0, begin, begin
    lock = locks.begun(("0", now), HALF_HOUR)
    for is_start, seconds in happenings:
        boot, now = (boot + 1, seconds) if is_start else (boot, now + seconds)
        if is_start:
            first_seen = now
        lock = locks.standing(lock, (str(boot), now))
        is_over = now - first_seen >= HALF_HOUR
        assert (lock is None) is is_over
        if lock is None:
            break
        assert 1 <= locks.minutes_left(lock, (str(boot), now)) <= 30


@given(st.floats(0, 1e9), st.text(max_size=3))
def test_a_lock_without_an_end_has_none(now, boot):
    lock = Lock("", 0, None)
    assert locks.standing(lock, (boot, now)) == lock


def test_time_that_runs_backwards_begins_the_lock_anew():
    lock = Lock("a", 1000.0, HALF_HOUR)
    assert locks.standing(lock, ("a", 10.0)) == Lock("a", 10.0, HALF_HOUR)


def test_no_lock_stays_none():
    assert locks.standing(None, ("a", 0.0)) is None


@given(st.integers(0, 9), st.sampled_from([1, 9, 0]), st.sampled_from([4, 6, 8]))
def test_digits_in_a_row_are_weak_wherever_they_begin(first, step, size):
    assert is_weak("".join(str((first + step * place) % 10) for place in range(size)))


@given(st.text("0123456789", min_size=1, max_size=4), st.sampled_from([4, 6, 8]))
def test_a_part_over_and_over_is_weak(part, size):
    if size % len(part) == 0 and len(part) < size:
        assert is_weak(part * (size // len(part)))


def test_most_codes_are_not_weak():
    """The rule must leave enough to choose from: 4 digits are few."""
    assert sum(is_weak(f"{number:04d}") for number in range(10_000)) < 150


def test_a_journal_of_before_has_its_locks_as_whole_new_ones(tmp_path):
    """Version 2 kept the time of day at which a lock ends, "always", or ""."""
    before = (("00", "2020-01-01T10:00:00+08:00"), ("01", "always"), ("02", ""))
    with sqlite3.connect(tmp_path / "j") as db:
        for number in (1, 2):
            db.executescript((files("terminal.journal") / "schema" / f"{number:03d}.sql").read_text("utf-8"))
        db.execute("PRAGMA user_version = 2")
        for id, until in before:
            role = "supervisor" if id == "00" else "operator"
            db.execute("INSERT INTO operator VALUES (?, ?, 'digest', 0, 2, ?)", (id, role, until))
    db.close()

    async def look():
        clock = VirtualClock()
        clock.since = 5 * 24 * 3600.0  # the program is new, the device has long been on
        journal = Journal(tmp_path / "j", clock, inline)
        try:
            found = {one.id: one for one in await Proof(None, journal, None, clock).everybody()}
            assert {one.password_hash for one in found.values()} == {"digest"}
            assert {one.failures for one in found.values()} == {2}
            return clock, {id: one.lock for id, one in found.items()}, await journal.operators()
        finally:
            await journal.close()

    clock, kept, on_disk = run(look())
    assert kept == {"00": Lock(clock.boot, clock.since, HALF_HOUR), "01": Lock("", 0, None), "02": None}
    assert {one.id: one.lock for one in on_disk} == kept  # the next start of the program goes on from there


def test_only_operators_are_locked_until_somebody_unlocks():
    assert {name for name, role in ROLES.items() if role.seconds is None} == {"operator", "senior", "nobody"}
    assert {role.seconds for role in ROLES.values()} == {None, HALF_HOUR}
