"""No bytes of a card make the kernel raise anything but its own error, ask for ever, or take memory out of proportion.

The laws are in tests/fuzz/chip_laws.py; `make fuzz` drives them by coverage.
"""

from __future__ import annotations

import tracemalloc
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.cards.tray import card
from tests.fuzz import chip_laws as laws
from tests.fuzz.chip_laws import LAWS, feed

IDS = ("unionpay-trace", "unionpay-debit", "unionpay-credit", "unionpay-debit-other", "two-accounts")
MOST_A_BYTE, MOST_ANYHOW = 2_000, 400_000  # bytes of memory for a byte of input, and for the smallest


@cache
def conversation(id: str) -> tuple[bytes, ...]:
    """What a good card answers in a sale."""
    return tuple(laws.conversation(card(id)))


@st.composite
def spoiled(draw: st.DrawFn) -> bytes:
    """A good conversation with one answer changed, cut, longer, or another's."""
    answers = list(conversation(draw(st.sampled_from(IDS))))
    at = draw(st.integers(0, len(answers) - 1))
    whole = bytearray(answers[at])
    match draw(st.sampled_from(("change", "cut", "more", "other", "any"))):
        case "change":
            for _ in range(draw(st.integers(1, 3))):
                whole[draw(st.integers(0, len(whole) - 1))] = draw(st.integers(0, 255))
        case "cut":
            del whole[draw(st.integers(0, len(whole) - 1)) : -2]
        case "more":
            whole[-2:-2] = draw(st.binary(max_size=20))
        case "other":
            whole = bytearray(draw(st.sampled_from(answers)))
        case "any":
            whole = bytearray(draw(st.binary(min_size=2, max_size=255)))
    answers[at] = bytes(whole)
    return laws.told(*answers)


@given(st.binary(max_size=600), st.integers(0, len(LAWS) - 1))
def test_any_bytes(raw: bytes, law: int) -> None:
    feed(bytes((law,)) + raw)


@given(spoiled())
def test_a_good_card_with_one_bad_answer(raw: bytes) -> None:
    laws.any_sale(raw)
    laws.any_refund(raw)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["8F", "90", "92", "93", "9F32", "9F46", "9F47", "9F48", "9F2D", "9F2E"]),
            st.binary(max_size=250),
        ),
        max_size=8,
    )
)
def test_any_certificates(pairs: list[tuple[str, bytes]]) -> None:
    laws.any_certificates(laws.tlv.build((int(tag, 16), value) for tag, value in dict(pairs).items()))


def test_a_good_conversation_is_one_of_the_seeds() -> None:
    """The law's own sale goes to its end with a good card: it does not only see refusals."""
    assert any(answer.startswith(bytes.fromhex("7781")) or answer[:1] == b"\x80" for answer in conversation(IDS[0]))
    assert len(conversation("unionpay-debit")) > 10


@pytest.mark.parametrize("law", range(len(LAWS)))
@pytest.mark.parametrize("raw", [b"\x70" * 4000, b"\x01" * 4000, b"\xff" * 4000, bytes(4000), b"\x30\x80" * 2000])
def test_memory_stays_in_proportion(law: int, raw: bytes) -> None:
    feed(bytes((law,)) + raw[:8])
    tracemalloc.start()
    try:
        feed(bytes((law,)) + raw)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MOST_ANYHOW + MOST_A_BYTE * len(raw)
