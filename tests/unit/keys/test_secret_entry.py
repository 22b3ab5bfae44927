"""What is typed into the vault: the count goes out, the digits do not, and every end is one of four."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.secret_entry import HEX, NUMBERS, typed_secret
from terminal.events import KEYS, KeyPressed
from terminal.key_facts import SecretEntry
from terminal.ports import EntryCancelled, EntryTimedOut, PinpadLost
from tests.unit.keys.scripted import ScriptedKeypad, typing
from tests.virtual_time import run

PIN = SecretEntry()
KEY = SecretEntry(32, 32, False)


def typed(*keys, entry=PIN, alphabet=NUMBERS):
    """What comes of these keys, and the counts that went out."""
    counts = []
    secret = run(typed_secret(ScriptedKeypad(*keys), entry, counts.append, alphabet))
    return secret, counts


def test_digits_then_confirm():
    assert typed(*typing("1234")) == ("1234", [0, 1, 2, 3, 4])
    assert typed("00", "00", "enter") == ("0000", [0, 2, 4])


def test_clear_takes_the_last_away_and_nothing_from_nothing():
    assert typed("clear", "1", "2", "clear", "clear", "clear", *typing("9876"))[0] == "9876"


def test_a_confirm_that_comes_too_soon_is_told_by_the_same_count():
    assert typed("1", "enter", "2", "3", "4", "enter") == ("1234", [0, 1, 1, 2, 3, 4])


def test_a_thirteenth_digit_is_not_taken():
    assert typed(*typing("1234567890123"))[0] == "123456789012"
    assert typed(*("00",) * 7, "enter")[0] == "000000000000"
    assert typed("1", *("00",) * 6, "enter")[0] == "100000000000"


def test_nothing_is_an_answer_where_the_rule_allows_it():
    assert typed("enter") == ("", [0])
    with pytest.raises(EntryTimedOut):
        typed("enter", entry=SecretEntry(may_skip=False))


def test_keys_that_mean_nothing_here_do_nothing():
    assert typed("up", "down", "refund", "func", *typing("1234"))[0] == "1234"
    assert typed("func", "1", *typing("234"), entry=PIN) == ("1234", [0, 1, 2, 3, 4])


@given(st.text("0123456789ABCDEF", min_size=32, max_size=32))
def test_every_component_can_be_typed(component):
    assert typed(*typing(component), entry=KEY, alphabet=HEX)[0] == component


def test_func_reaches_one_key_only():
    assert typed("func", "up", "1", *typing("2" * 31), entry=KEY, alphabet=HEX)[0] == "1" + "2" * 31
    assert typed("func", "func", "6", *typing("2" * 31), entry=KEY, alphabet=HEX)[0] == "F" + "2" * 31
    assert typed("func", "7", *typing("2" * 32), entry=KEY, alphabet=HEX)[0] == "2" * 32


@given(st.lists(st.sampled_from(KEYS), max_size=40))
def test_whatever_is_pressed_the_counts_are_all_that_is_told(keys):
    counts = []
    pad = ScriptedKeypad(*keys)
    try:
        secret = run(typed_secret(pad, PIN, counts.append))
    except (EntryCancelled, EntryTimedOut):
        secret = None
    assert not pad.is_held
    assert counts[0] == 0
    assert all(0 <= count <= PIN.most for count in counts)
    if secret:
        assert PIN.least <= len(secret) <= PIN.most
        assert counts[-1] == len(secret)


@pytest.mark.parametrize(("keys", "seconds"), [((), 60), (("1",), 20), (("1", "2"), 20)])
def test_who_does_not_type_is_not_waited_for(keys, seconds):
    async def timed():
        loop = asyncio.get_running_loop()
        before = loop.time()
        with pytest.raises(EntryTimedOut):
            await typed_secret(ScriptedKeypad(*keys), PIN, print)
        assert loop.time() - before == pytest.approx(seconds)

    run(timed())


def test_no_keypad_or_one_that_goes_away_is_said():
    class Pulled:
        @asynccontextmanager
        async def held(self):
            yield self

        async def pressed(self):
            raise PinpadLost("the keypad is gone")

    for pad in (None, Pulled()):
        with pytest.raises(PinpadLost):
            run(typed_secret(pad, PIN, print))


def test_a_cancelled_entry_lets_the_keypad_go():
    pad = ScriptedKeypad("1", "cancel")
    with pytest.raises(EntryCancelled):
        run(typed_secret(pad, PIN, print))
    assert not pad.is_held
    assert KeyPressed("cancel") not in pad.keys
