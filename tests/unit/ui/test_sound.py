"""What a screen sounds like: every tone by itself, once, whatever happens to the bar above it."""

import msgspec

from terminal.screens import Manner, Notice, PinPad, Say, Sheet, Shown, Status, Tone
from ui.sound import SOUNDS, clicks, tones


def told(tone: Tone, **more) -> Shown:
    return Shown(Notice(Say("desk.product"), tone, Say("desk.starting")), **more)


def test_every_tone_has_a_sound_and_no_two_sound_alike():
    assert set(SOUNDS) == {tone.value for tone in Tone}
    assert len(set(SOUNDS.values())) == len(SOUNDS)
    assert [len(SOUNDS[tone]) for tone in ("ok", "look", "wrong")] == [1, 2, 3]  # refund.md 4
    assert sum(SOUNDS["unknown"]) > 2 * sum(SOUNDS["wrong"]), "it cannot be mistaken for three short ones"


def test_a_screen_sounds_when_it_comes_and_not_when_it_is_drawn_again():
    first = told(Tone.UNKNOWN, serial=1)
    assert tones(None, first) == SOUNDS["unknown"]
    assert tones(told(Tone.OK), first) == SOUNDS["unknown"]
    assert tones(first, told(Tone.UNKNOWN, serial=2, status=Status(line="bad"))) == ()
    assert tones(first, msgspec.structs.replace(first, screen=Sheet(Say("desk.product"), ()))) == ()


def test_a_key_clicks_but_not_where_keys_are_quiet_and_never_while_a_secret_is_typed():
    assert clicks(told(Tone.PLAIN))
    assert not clicks(told(Tone.PLAIN, manner=Manner(is_quiet=True)))
    assert not clicks(Shown(PinPad(Say("desk.product"), 3)))
    assert not clicks(None)


def test_what_a_screen_means_is_sounded_though_keys_are_quiet():
    assert tones(None, told(Tone.WRONG, manner=Manner(is_quiet=True))) == SOUNDS["wrong"]
