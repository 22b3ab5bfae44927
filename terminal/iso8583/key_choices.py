"""Which keys, MAC and PIN format go together, and which KSN came first. Law: what an acquirer cannot mean is refused.

| keys       | mac   | pin_format   | the vault's name for F52                  | KSN      |
|------------|-------|--------------|-------------------------------------------|----------|
| session    | x9.19 | iso-0, iso-3 | iso-0, iso-3                              | none     |
| session    | cmac  | iso-4        | iso-4                                     | none     |
| dukpt-tdes | x9.19 | iso-0, iso-3 | dukpt-tdes:iso-0, dukpt-tdes:iso-3        | 10 bytes |
| dukpt-aes  | cmac  | iso-4        | dukpt-aes:iso-4                           | 12 bytes |

The first format of a row is what a pin_format of "" means. A KSN and its counter: ANSI X9.24-1:2009, annex A;
X9.24-3:2017, 6.
"""

from __future__ import annotations

from collections.abc import Mapping

from terminal.iso8583.dialect import Choices

ROWS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("session", "x9.19"): ("iso-0", "iso-3"),
    ("session", "x9.9"): ("iso-0", "iso-3"),
    ("session", "cmac"): ("iso-4",),
    ("dukpt-tdes", "x9.19"): ("iso-0", "iso-3"),
    ("dukpt-aes", "cmac"): ("iso-4",),
}
SESSION = "session"
RESPONSE = "-response"  # the same scheme's key for the MAC of an answer
KSN_SIZES = {"dukpt-tdes": 10, "dukpt-aes": 12}  # bytes
COUNTERS = {10: 21, 12: 32}  # bytes of a KSN -> bits of its counter
PIN_SIZES = {"iso-0": 8, "iso-3": 8, "iso-4": 16}  # bytes of F52


def pin_format(choices: Choices) -> str:
    """A name of ISO 9564-1's formats, as chosen or as the keys have it. Raises ValueError."""
    formats = ROWS.get((choices.keys, choices.mac))
    if formats is None:
        mac = next(mac for keys, mac in ROWS if keys == choices.keys)
        raise ValueError(f'keys = "{choices.keys}" goes with mac = "{mac}", not with "{choices.mac}"')
    if choices.pin_format and choices.pin_format not in formats:
        wanted = " or ".join(f'"{one}"' for one in formats)
        given = f'keys = "{choices.keys}" and mac = "{choices.mac}"'
        raise ValueError(f'{given} make a pin_format of {wanted}, not of "{choices.pin_format}"')
    return choices.pin_format or formats[0]


def vault_format(choices: Choices) -> str:
    """The same as the vault has it (Vault.enter_pin). Raises ValueError."""
    name = pin_format(choices)
    return name if choices.keys == SESSION else f"{choices.keys}:{name}"


def is_overtaken(ksn: bytes, by: bytes) -> bool:
    """Whether `by` is the same KSN or a later one of the same initial key.

    >>> first, second = bytes.fromhex("FFFF9876543210E00001"), bytes.fromhex("FFFF9876543210E00002")
    >>> is_overtaken(first, second), is_overtaken(second, first), is_overtaken(second, bytes.fromhex("AA" * 10))
    (True, False, False)
    """
    bits = COUNTERS.get(len(ksn), 0)
    mine, its = int.from_bytes(ksn), int.from_bytes(by)
    return len(ksn) == len(by) and mine >> bits == its >> bits and mine <= its
