"""What a value of a card says, in words. Law: EMV 4.4 Book 3, annex A and C; nothing is said of a secret value.

>>> meaning(tags.AUC, bytes.fromhex("3900"))
('domestic goods', 'international goods', 'domestic services', 'at other terminals')
>>> meaning(tags.DDOL, bytes.fromhex("9F3704"))
('9F37 Unpredictable number, 4 bytes',)
"""

from __future__ import annotations

from collections.abc import Callable

from terminal.emv import dol, tags
from terminal.emv.errors import TlvError
from terminal.emv.inspection import dictionary
from terminal.emv.inspection.issuer_data import issuer_data
from terminal.emv.selection import CONFIRM, PRIORITY
from terminal.emv.verification import Aip, Auc, Bits, Tsi, Tvr

CAPITALS = {word.lower(): word for word in ("SDA", "DDA", "CDA", "ODA", "CVM", "ICC", "PIN", "TDOL", "ATMs")}
FLAGS: dict[int, type[Bits]] = {
    **dict.fromkeys((tags.IAC_DEFAULT, tags.IAC_DENIAL, tags.IAC_ONLINE, tags.TVR), Tvr),
    tags.TSI: Tsi,
    tags.AIP: Aip,
    tags.AUC: Auc,
}


def words(flags: Bits) -> tuple[str, ...]:
    """The names of the bits that are set, as people write them.

    >>> words(Tvr.SDA_FAILED | Tvr.PIN_NOT_ENTERED)
    ('SDA failed', 'PIN not entered')
    """
    return tuple(" ".join(CAPITALS.get(word, word) for word in flag.lower().split("_")) for flag in flags.names())


def meaning(tag: int, value: bytes) -> tuple[str, ...]:
    """One line each; none where the value says it all, or cannot be read."""
    if tag in FLAGS:
        return words(FLAGS[tag].from_bytes(value))
    say = SAYERS.get(tag)
    return say(value) if say and value else ()


def _list(value: bytes) -> tuple[str, ...]:
    """A data object list (Book 3, 5.4)."""
    try:
        wanted = dol.entries(value)
    except TlvError:
        return ("not a list of tags and lengths",)
    return tuple(
        f"{tags.hex_name(tag)} {dictionary.name(tag)}, {length} byte{'s' * (length != 1)}" for tag, length in wanted
    )


def _priority(value: bytes) -> tuple[str, ...]:
    """Book 1, 12.2.3."""
    place = value[0] & PRIORITY
    said = f"number {place}" if place else "no priority"
    return (said + (", the cardholder must confirm it" if value[0] & CONFIRM else ""),)


def _count(value: bytes) -> tuple[str, ...]:
    """A counter or a limit."""
    return (f"{int.from_bytes(value)} decimal",)


def _issuer_data(value: bytes) -> tuple[str, ...]:
    read = issuer_data(value)
    form = f"form {read.form}" + (", second-hand" if read.is_second_hand else "")
    return (form, *(f"{part.name}: {part.value}" for part in read.parts), *read.flags)


SAYERS: dict[int, Callable[[bytes], tuple[str, ...]]] = {
    **dict.fromkeys((tags.PDOL, tags.CDOL1, tags.CDOL2, tags.DDOL, tags.TDOL), _list),
    **dict.fromkeys((tags.ATC, tags.LAST_ONLINE_ATC, tags.PIN_TRIES, tags.LOWER_LIMIT, tags.UPPER_LIMIT), _count),
    tags.PRIORITY: _priority,
    tags.IAD: _issuer_data,
}
