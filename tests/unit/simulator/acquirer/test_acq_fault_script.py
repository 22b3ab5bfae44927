"""The language of faults: what is said, what it means, and what is refused with the word that is wrong."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from simulator.acquirer.fault_rules import ALWAYS, WITH_CODE, WITH_NUMBER, BankEvent, Fault, Rule, Spoil
from simulator.acquirer.fault_script import PHRASES, ScriptWrong, parsed, spelled

MANUAL = Path(__file__).parents[4] / "docs" / "counter.md"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("0220 answer lost", Rule(Fault(Spoil.LOST), "0220")),
        ("0400 x2 says 96", Rule(Fault(Spoil.SAYS, "96"), "0400", times=2)),
        (
            "0200 25% seed 7 request cut 30",
            Rule(Fault(Spoil.REQUEST_CUT, number=30), "0200", ALWAYS, percent=25, seed=7),
        ),
        ("any always answer after 0.25", Rule(Fault(Spoil.DELAY, number=0.25), times=ALWAYS)),
        ("x3 50% refused a0", Rule(Fault(Spoil.REFUSED_WITH, "A0"), times=3, percent=50)),
        ("100% Answer Twice", Rule(Fault(Spoil.DUPLICATE))),
        ("Wrong F4", Rule(Fault(Spoil.WRONG_AMOUNT))),
        ("wrong f41", Rule(Fault(Spoil.WRONG_TERMINAL))),
        ("wrong F11", Rule(Fault(Spoil.WRONG_STAN))),
        ("wrong F64", Rule(Fault(Spoil.WRONG_MAC))),
        ("0220 bank down 5", Rule(Fault(BankEvent.DOWN_FOR, number=5), "0220")),
        ("bank day -1", Rule(Fault(BankEvent.SHIFT_DAY, number=-1))),
        ("bank demands 3", Rule(Fault(BankEvent.DEMAND, "3"))),
        ("keys expire", Rule(Fault(BankEvent.EXPIRE_KEYS))),
    ],
)
def test_a_rule(text: str, rule: Rule) -> None:
    assert parsed(text) == (rule,)


def test_rules_stand_on_lines_or_after_semicolons_and_remarks_are_nothing() -> None:
    text = "0220 answer lost;; keys expire  # the first day\n\n# 0200 answer lost\n0400 says 25;"
    assert [spelled(rule) for rule in parsed(text)] == ["0220 answer lost", "keys expire", "0400 says 25"]
    assert parsed(" ; \n# nothing\n") == ()


@pytest.mark.parametrize(
    ("text", "rule", "word"),
    [
        ("0220 anser lost", 1, "'anser' after '0220'"),
        ("keys expire; 0220 answer lots", 2, "'lots' after 'answer'"),
        ("0220", 1, "the end after '0220'"),
        ("0220 request cut", 1, "the end after 'cut'"),
        ("0220 request cut -1", 1, "'-1' after 'cut'"),
        ("0220 request cut 70000", 1, "'70000'"),
        ("0220 answer lost now", 1, "'now' after 'lost'"),
        ("0210 answer cut 3 4", 1, "'4' after '3'"),
        ("0200 seed 7 answer lost", 1, "'seed' after '0200'"),
        ("0200 5% seed x answer lost", 1, "'x' after 'seed'"),
        ("x0 answer lost", 1, "'x0'"),
        ("0% answer lost", 1, "'0%'"),
        ("101% answer lost", 1, "'101%'"),
        ("says", 1, "the end after 'says'"),
        ("says 5", 1, "'5' after 'says'"),
        ("bank down 9999", 1, "'9999'"),
        ("bank demands 0", 1, "'0' after 'demands'"),
        ("9200 answer lost", 1, "'9200'"),
    ],
)
def test_what_is_not_understood_is_named(text: str, rule: int, word: str) -> None:
    with pytest.raises(ScriptWrong) as refusal:
        parsed(text)
    assert str(refusal.value).startswith(f"rule {rule}: {word}")


def faults() -> st.SearchStrategy[Fault]:
    """Every fault that can be said, with what it needs."""
    codes = {
        what: st.sampled_from("123456789BC") if what is BankEvent.DEMAND else st.from_regex(r"\A[0-9A-Z]{2}\Z")
        for what in WITH_CODE
    }
    thousandths = st.integers(0, 3_600_000).map(lambda count: count / 1000)
    numbers = {
        Spoil.DELAY: thousandths,
        BankEvent.DOWN_FOR: thousandths,
        BankEvent.SHIFT_DAY: st.integers(-366, 366).map(float),
    }
    return st.one_of(
        st.builds(
            Fault,
            st.just(what),
            codes.get(what, st.just("")),
            numbers.get(what, st.integers(0, 65_535).map(float)) if what in WITH_NUMBER else st.none(),
        )
        for what in (*Spoil, *BankEvent)
    )


def rules() -> st.SearchStrategy[Rule]:
    certain = st.builds(Rule, faults(), MTIS, st.integers(0, 999_999))
    hundredths = st.integers(1, 9_999).map(lambda count: count / 100)
    return certain | st.builds(Rule, faults(), MTIS, st.integers(0, 999_999), hundredths, st.integers(0, 10**9 - 1))


MTIS = st.sampled_from(["", "0100", "0200", "0220", "0320", "0400", "0420", "0500", "0620", "0800", "0820"])


@given(st.lists(rules(), max_size=4))
@example([Rule(Fault(Spoil.DELAY, number=1234.567), percent=99.99)])
def test_what_is_spelled_is_parsed_to_the_same(listed: list[Rule]) -> None:
    assert list(parsed("; ".join(map(spelled, listed)))) == listed


@given(st.text(alphabet="0248x%;# seed\nanswerlostcutkeyspir", max_size=60) | st.text(max_size=60))
def test_any_text_is_rules_or_refused(text: str) -> None:
    with contextlib.suppress(ScriptWrong):  # and nothing else
        told = parsed(text)
        assert parsed("\n".join(map(spelled, told))) == told


def test_every_fault_has_its_phrase_and_stands_in_the_manual() -> None:
    assert {what for what, _ in PHRASES.values()} == {*Spoil, *BankEvent}
    manual = MANUAL.read_text("utf-8")
    assert [phrase for phrase in PHRASES if f"`{phrase}" not in manual] == []
