"""Faults in words: `0220 answer lost; 0400 x2 says 96; 0200 25% seed 7 request cut 30`. Law: parsed whole or refused.

A rule is [MTI or any] [xN or always] [P% [seed S]] and a phrase of the table; rules end with ; or the line, # begins a
remark. Without xN a rule is for one message, with P% alone for all.

>>> [spelled(rule) for rule in parsed("0220 answer lost; 25% wrong MAC # a remark")]
['0220 answer lost', '25% wrong mac']
"""

from __future__ import annotations

import re

import msgspec

from simulator.acquirer.fault_rules import ALWAYS, CERTAIN, WITH_CODE, BankEvent, Fault, Rule, Spoil


class Argument(msgspec.Struct, frozen=True):
    """What follows a phrase: `form` a whole word must match, and the most it may be."""

    name: str
    form: str
    most: float = 0.0


BYTES = Argument("a number of bytes", r"\d{1,5}", 65_535)
SECONDS = Argument("seconds", r"\d{1,4}(\.\d{1,3})?", 3_600)
DAYS = Argument("a number of days", r"[+-]?\d{1,3}", 366)
CODE = Argument("a response code", r"[0-9A-Z]{2}")
DIGIT = Argument("what is demanded, one digit or b or c", r"[1-9BC]")

PHRASES: dict[str, tuple[Spoil | BankEvent, Argument | None]] = {
    "request lost": (Spoil.REQUEST_LOST, None),
    "request cut": (Spoil.REQUEST_CUT, BYTES),
    "request twice": (Spoil.REQUEST_TWICE, None),
    "answer lost": (Spoil.LOST, None),
    "answer cut": (Spoil.ANSWER_CUT, BYTES),
    "answer twice": (Spoil.DUPLICATE, None),
    "answer late": (Spoil.LATE, None),
    "answer after": (Spoil.DELAY, SECONDS),
    "answer swapped": (Spoil.REORDER, None),
    "answer garbage": (Spoil.GARBAGE, None),
    "answer truncated": (Spoil.TRUNCATED, None),
    "wrong mac": (Spoil.WRONG_MAC, None),
    "wrong stan": (Spoil.WRONG_STAN, None),
    "wrong amount": (Spoil.WRONG_AMOUNT, None),
    "wrong terminal": (Spoil.WRONG_TERMINAL, None),
    "says": (Spoil.SAYS, CODE),
    "refused": (Spoil.REFUSED_WITH, CODE),
    "bank down": (BankEvent.DOWN_FOR, SECONDS),
    "bank day": (BankEvent.SHIFT_DAY, DAYS),
    "bank demands": (BankEvent.DEMAND, DIGIT),
    "keys expire": (BankEvent.EXPIRE_KEYS, None),
}
SAME = {"f11": "stan", "f4": "amount", "f41": "terminal", "f64": "mac"}  # after "wrong"
FIRST_WORDS = tuple(dict.fromkeys(phrase.split()[0] for phrase in PHRASES))
OF_WHAT = {what: (phrase, argument) for phrase, (what, argument) in PHRASES.items()}
MTI, TIMES, PERCENT, SEED = r"0[1-8]\d0", r"x[1-9]\d{0,5}", r"\d{1,3}(\.\d{1,3})?%", r"\d{1,9}"


class ScriptWrong(ValueError):
    """Names the rule and the word that is not understood."""


def parsed(text: str) -> tuple[Rule, ...]:
    """The rules, in order. Raises ScriptWrong."""
    lines = [line.partition("#")[0] for line in text.splitlines()]
    words = [part.split() for line in lines for part in line.split(";")]
    return tuple(_rule(each, number) for number, each in enumerate((each for each in words if each), 1))


def spelled(rule: Rule) -> str:
    """The shortest text that is parsed to this rule."""
    is_certain = rule.percent >= CERTAIN
    words = [rule.mti] if rule.mti else []
    if rule.times != (1 if is_certain else ALWAYS):
        words.append("always" if rule.times == ALWAYS else f"x{rule.times}")
    if not is_certain:
        words.append(f"{rule.percent:g}%")
        words += ["seed", str(rule.seed)] if rule.seed else []
    fault = rule.fault
    words.append(OF_WHAT[fault.what][0])
    words += [fault.code] if fault.code else []
    words += [f"{fault.number:.3f}".rstrip("0").rstrip(".")] if fault.number is not None else []
    return " ".join(words)


class _Words:
    """A rule's words, taken one by one."""

    def __init__(self, words: list[str], number: int) -> None:
        self._words, self._number, self._last = words, number, ""

    def taken(self, form: str) -> str:
        """The next word, if it has this form; else ""."""
        if not (self._words and re.fullmatch(form, self._words[0], re.IGNORECASE)):
            return ""
        self._last = self._words.pop(0)
        return self._last

    def wanted(self, form: str, what: str) -> str:
        return self.taken(form) or self._refuse(what)

    def end(self) -> None:
        if self._words:
            self._refuse("nothing")

    def _refuse(self, what: str) -> str:
        found = f"{self._words[0]!r}" if self._words else "the end"
        after = f" after {self._last!r}" if self._last else ""
        raise ScriptWrong(f"rule {self._number}: {found}{after}, where {what} should be")


def _rule(text: list[str], number: int) -> Rule:
    words = _Words(text, number)
    mti = words.taken(f"{MTI}|any")
    times = words.taken(f"{TIMES}|always")
    percent = words.taken(PERCENT)
    seed = words.taken("seed") and words.wanted(SEED, "a number") if percent else ""
    chance = float(percent[:-1]) if percent else CERTAIN
    if not 0 < chance <= CERTAIN:
        raise ScriptWrong(f"rule {number}: {percent!r} is not a chance of more than 0 and at most 100 per cent")
    fault = _fault(words, number)
    words.end()
    return Rule(
        fault=fault,
        mti="" if mti.lower() == "any" else mti,
        times=_times(times, is_certain=not percent or chance >= CERTAIN),
        percent=chance,
        seed=int(seed or 0) if chance < CERTAIN else 0,
    )


def _times(word: str, *, is_certain: bool) -> int:
    if not word:
        return 1 if is_certain else ALWAYS
    return ALWAYS if word.lower() == "always" else int(word[1:])


def _fault(words: _Words, number: int) -> Fault:
    first = words.wanted("|".join(FIRST_WORDS), f"an MTI, any, xN, always, P% or {', '.join(FIRST_WORDS)}").lower()
    seconds = [phrase.split()[1] for phrase in PHRASES if phrase.startswith(f"{first} ")]
    if seconds:
        also = list(SAME) if first == "wrong" else []
        second = words.wanted("|".join((*seconds, *also)), ", ".join(seconds)).lower()
        first = f"{first} {SAME.get(second, second)}"
    what, argument = PHRASES[first]
    if argument is None:
        return Fault(what)
    word = words.wanted(argument.form, argument.name)
    if what in WITH_CODE:
        return Fault(what, word.upper())
    if abs(float(word)) > argument.most:
        raise ScriptWrong(f"rule {number}: {word!r} is more than {argument.most:g} {argument.name}")
    return Fault(what, number=float(word))
