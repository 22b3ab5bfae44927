"""The acquirer's later word on what has ended already. Law: it overrules people and refusals; silence nothing.

| held                              | booked            | refused           | not there                    |
|-----------------------------------|-------------------|-------------------|------------------------------|
| open (Unknown, GivenUp)           | as stages.py says | as stages.py says | as stages.py says            |
| accepted, by two people           | accepted          | refused           | refused: never received (1)  |
| never received, by two people     | accepted          | refused           | never received               |
| reversed, by two people           | accepted          | refused           | reversed                     |
| refused by the acquirer (not 94)  | accepted          | -                 | -                            |
| everything else                   | -                 | -                 | -                            |

(1) reversed, of what is reversed on silence. Once the acquirer has spoken, the testimony is gone from the value; the
chain keeps it. A 94 is left alone: that F11 may be another's, so a row under it may be another's too.
"""

from __future__ import annotations

import msgspec

from terminal.exchange.ends import LATE_MTI
from terminal.exchange.events import NO_ANSWER, InquiryAnswered, Reconciled, Testimony
from terminal.exchange.stages import (
    NOT_RECEIVED,
    Accepted,
    GivenUp,
    Refused,
    Reversed,
    Stage,
    Unknown,
    state,
)
from terminal.exchange.verdicts import DUPLICATE, NOT_DECIDED
from terminal.iso8583.answers import Reply
from terminal.iso8583.kinds import Silence
from terminal.iso8583.response_codes import APPROVED, PARTLY_APPROVED

Word = InquiryAnswered | Reconciled


def heard(stage: Stage, word: Word) -> Stage:
    """Where it goes by the acquirer's word; the same value when that says nothing new."""
    if isinstance(stage, Unknown | GivenUp):
        return stage.on(word).stage if not (isinstance(stage, GivenUp) and isinstance(word, InquiryAnswered)) else stage
    if not isinstance(stage, Accepted | Refused | Reversed):
        return stage
    is_there = word.is_listed if isinstance(word, Reconciled) else word.is_known
    if not is_there:
        return _absent(stage)
    if word.response_code in APPROVED:
        return _booked(stage, word)
    is_verdict = word.response_code not in NOT_DECIDED | {DUPLICATE, PARTLY_APPROVED}
    return Refused(stage.request, word.response_code) if is_verdict and stage.testimony is not None else stage


def is_reversal_of_fortune(before: Stage, after: Stage) -> bool:
    """Whether people must hear of it: they were told otherwise before."""
    return state(before) != state(after) and isinstance(before, Accepted | Refused | Reversed)


def asked_again(stage: Stage) -> Unknown | None:
    """As what its acquirer is asked about it once more, while only people have spoken; None: it is not asked.

    Asked, never sent again: not even where a repeat is known for one."""
    testimony = rests_on(stage)
    if testimony is None or stage.request.terms.silence is not Silence.QUERY:
        return None
    return Unknown(stage.request, NO_ANSWER, address=testimony.address)


def rests_on(stage: Stage | None) -> Testimony | None:
    """Who says so, as long as the acquirer has not."""
    return stage.testimony if isinstance(stage, Accepted | Refused | Reversed) else None


def _absent(stage: Accepted | Refused | Reversed) -> Stage:
    if stage.testimony is None:
        return stage
    if not isinstance(stage, Accepted):
        return msgspec.structs.replace(stage, testimony=None)
    if stage.request.terms.silence is Silence.REVERSE:
        return Reversed(stage.request, NO_ANSWER)
    return Refused(stage.request, NOT_RECEIVED)


def _booked(stage: Accepted | Refused | Reversed, word: Word) -> Stage:
    is_final = stage.testimony is None and not isinstance(stage, Refused)
    if is_final or (isinstance(stage, Refused) and stage.response_code == DUPLICATE):
        return stage
    address = stage.testimony.address if stage.testimony is not None else ""
    answer = Reply(LATE_MTI.get(stage.request.terms.silence, "0230"), word.response_code, rrn=word.rrn)
    return Accepted(stage.request, answer, is_late=True, address=address)
