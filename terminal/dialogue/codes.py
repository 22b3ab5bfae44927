"""Whose codes there are, and what a code may be. Law: everybody sets the own code; nobody else ever knows it.

| ids     | role          | digits | factory code | does                                  | source     |
|---------|---------------|--------|--------------|---------------------------------------|------------|
| 01-90   | operator      | 4      | 0000 (01)    | transactions                          | cup.md 4.1 |
| 01-90   | senior        | 4      | none         | transactions; reviews those of others | ours       |
| 00      | supervisor    | 6      | 123456       | agrees to refunds; operators          | cup.md 4.1 |
| 99      | administrator | 8      | 88888888     | keys, parameters; custodians          | cup.md 4.1 |
| 91-93   | custodian     | 8      | none         | a component of a key                  | ours       |
| 01-90   | nobody        | 4      | none         | nothing: a number that was only tried | ours       |

That two persons have the same code is not looked for: who may try codes for his own would find another's that way.
"""

from __future__ import annotations

from itertools import pairwise

import msgspec

WRONG_CODES = 3
OPERATOR, SENIOR = "operator", "senior"
SUPERVISOR, ADMINISTRATOR, FIRST_OPERATOR = "00", "99", "01"
CUSTODIANS = ("91", "92", "93")
OPERATORS = tuple(f"{number:02d}" for number in range(1, 91))
STRAIGHT = ({1}, {9})  # from digit to digit, modulo 10: 1234 and 8901, 4321 and 1098


class Role(msgspec.Struct, frozen=True):
    """`size` in digits; `seconds` that three wrong codes lock for, None: until the supervisor unlocks."""

    size: int
    seconds: float | None = 1800.0


ROLES = {
    "operator": Role(4, None),
    "senior": Role(4, None),
    "supervisor": Role(6),
    "administrator": Role(8),
    "custodian": Role(8),
    "nobody": Role(4, None),  # to whom it must look as to an operator
}
# id, role, code; the administrator's may be another (administrator_code of the acquirer's dialect)
FACTORY = (
    (FIRST_OPERATOR, "operator", "0000"),
    (SUPERVISOR, "supervisor", "123456"),
    (ADMINISTRATOR, "administrator", "88888888"),
)


def is_weak(code: str) -> bool:
    """Whether anybody would try it early: a factory code, digits in a row, or one part over and over.

    >>> [code for code in ("1234", "0987", "7777", "1212", "123123", "88888888", "2580", "135790") if not is_weak(code)]
    ['2580', '135790']
    """
    steps = {(int(after) - int(before)) % 10 for before, after in pairwise(code)}
    is_repeated = any(code == code[:part] * (len(code) // part) for part in range(1, len(code)))
    return is_repeated or steps in STRAIGHT or code in {factory for _, _, factory in FACTORY}
