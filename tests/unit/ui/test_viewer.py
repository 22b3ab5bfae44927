"""Viewer: who scrolls, what turns by itself, what stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from terminal.screens import (
    Ask,
    CardPrompt,
    Item,
    Manner,
    Menu,
    Notice,
    PinPad,
    Progress,
    Row,
    Say,
    Screen,
    Sheet,
    Shown,
    SignPad,
    Status,
    Tone,
)
from ui.viewer import PERIOD, Viewer

TITLE = Say("refund.title")
MENU = Shown(Menu(TITLE, (Item("one"),)))
PROGRESS = Shown(Progress(TITLE, Say("stage")))


class Pages:
    """A painter to whom every page has as many views as it is told."""

    def __init__(self, views: int = 3) -> None:
        self.many = views

    def views(self, shown: Shown) -> int:
        return self.many


def seen(views: int, shown: Shown) -> Viewer:
    viewer = Viewer(Pages(views))
    viewer.show(shown)
    return viewer


def test_keys_scroll_while_there_is_somewhere_to_go():
    viewer = seen(3, MENU)
    steps = [(viewer.key(key), viewer.view) for key in ("up", "down", "down", "down", "5", "up", "enter", "up", "up")]
    assert steps == [
        (False, 0),
        (True, 1),
        (True, 2),
        (False, 2),
        (False, 2),
        (True, 1),
        (False, 1),
        (True, 0),
        (False, 0),
    ]


def test_before_anything_is_shown_every_key_is_the_cores():
    viewer = Viewer(Pages())
    assert (viewer.key("down"), viewer.pulse(60), viewer.view) == (False, False, 0)


SAME: list[tuple[Screen, Screen]] = [
    (Ask(TITLE, Say("how.much"), "12"), Ask(TITLE, Say("how.much"), "125")),
    (Progress(TITLE, Say("stage"), 3), Progress(TITLE, Say("stage"), 4)),
    (PinPad(TITLE, 2), PinPad(TITLE, 3)),
    (SignPad(TITLE, "1.00", "4021A7F3"), SignPad(TITLE, "1.00", "4021A7F3", (((1, 2), (3, 4)),))),
    (MENU.screen, MENU.screen),
]


@pytest.mark.parametrize(("before", "after"), SAME)
def test_what_is_typed_and_how_long_it_takes_change_no_view(before: Screen, after: Screen):
    viewer = seen(3, Shown(before))
    assert viewer.key("down")
    viewer.show(Shown(after, Status("bad", "bad", True, "01", 3), serial=9))
    assert viewer.view == 1


OTHER: list[tuple[Shown, Shown]] = [
    (MENU, Shown(Menu(TITLE, (Item("one"),), page=2, pages=2))),
    (MENU, replace(MENU, language="en")),
    (MENU, replace(MENU, step=2, steps=5)),
    (MENU, replace(MENU, manner=Manner(is_large=True))),
    (PROGRESS, Shown(Progress(TITLE, Say("stage.next")))),
    (Shown(PinPad(TITLE, None)), Shown(PinPad(TITLE, 0))),
    (Shown(Ask(TITLE, Say("a"), "1")), Shown(Ask(TITLE, Say("b"), "1"))),
]


@pytest.mark.parametrize(("before", "after"), OTHER)
def test_another_page_is_seen_from_its_beginning(before: Shown, after: Shown):
    viewer = seen(3, before)
    assert viewer.key("down")
    viewer.show(after)
    assert viewer.view == 0


def test_when_it_has_fewer_views_the_last_one_is_seen():
    pages = Pages(3)
    viewer = Viewer(pages)
    viewer.show(MENU)
    assert viewer.key("down")
    assert viewer.key("down")
    pages.many = 2
    viewer.show(replace(MENU, status=Status("ok")))
    assert viewer.view == 1


TURNING: list[Screen] = [
    Progress(TITLE, Say("stage")),
    CardPrompt(TITLE, ("insert",)),
    Notice(TITLE, Tone.OK, Say("done")),
    PinPad(TITLE, 0),
    PinPad(TITLE, None),
]
STANDING: list[Screen] = [
    MENU.screen,
    Ask(TITLE, Say("how.much"), ""),
    Sheet(TITLE, (Row(Say("a"), "b"),)),
    SignPad(TITLE, "1.00", "4021A7F3"),
    Notice(TITLE, Tone.OK, Say("done"), qr="scan me"),
]


@pytest.mark.parametrize("screen", TURNING)
def test_where_nobody_presses_it_turns_by_itself_and_begins_anew(screen: Screen):
    viewer = seen(3, Shown(screen))
    turned = [(viewer.pulse(PERIOD / 2), viewer.view) for _ in range(6)]
    assert turned == [(False, 0), (True, 1), (False, 1), (True, 2), (False, 2), (True, 0)]


@pytest.mark.parametrize("screen", STANDING)
def test_what_is_read_or_typed_stands(screen: Screen):
    viewer = seen(3, Shown(screen))
    assert not viewer.pulse(10 * PERIOD)
    assert viewer.view == 0


def test_a_page_of_one_view_is_never_painted_anew():
    assert not any(seen(1, PROGRESS).pulse(PERIOD) for _ in range(3))


def test_who_scrolls_is_left_alone_until_another_page():
    viewer = seen(3, PROGRESS)
    assert viewer.key("down")
    assert not viewer.pulse(10 * PERIOD)
    viewer.show(Shown(Progress(TITLE, Say("stage"), 8)))
    assert not viewer.pulse(10 * PERIOD)
    viewer.show(Shown(Progress(TITLE, Say("stage.next"))))
    assert viewer.pulse(PERIOD)


def test_the_seconds_of_a_progress_do_not_keep_it_from_turning():
    viewer = seen(2, PROGRESS)
    turned = []
    for second in range(1, 6):
        viewer.show(Shown(Progress(TITLE, Say("stage"), second)))
        turned.append(viewer.pulse(1.0))
    assert turned == [False, False, True, False, False]


def test_a_new_page_has_its_whole_time():
    viewer = seen(2, PROGRESS)
    assert not viewer.pulse(PERIOD - 0.1)
    viewer.show(Shown(Progress(TITLE, Say("stage.next"))))
    assert not viewer.pulse(PERIOD - 0.1)


@given(
    st.lists(
        st.one_of(
            st.sampled_from(["up", "down", "1", "enter"]),
            st.floats(0, 10),
            st.sampled_from([*TURNING, *STANDING]),
            st.integers(0, 4),
        )
    )
)
def test_the_view_is_always_one_that_there_is(events: list[str | float | Screen | int]):
    pages = Pages()
    viewer = Viewer(pages)
    for event in events:
        before, was = viewer.view, pages.many
        if isinstance(event, str):
            assert viewer.key(event) == (viewer.view != before)
        elif isinstance(event, float):
            assert viewer.pulse(event) == (viewer.view != before)
        else:
            pages.many = event if isinstance(event, int) else was
            viewer.show(MENU if isinstance(event, int) else Shown(event))
        assert 0 <= viewer.view < max(1, pages.many)
