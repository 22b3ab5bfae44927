"""Where keys lie in the vault and what each may do. Law: a key does one thing, in whatever place it is found.

| place         | usage       | TR-31      | does                                              |
|---------------|-------------|------------|---------------------------------------------------|
| tmk.1 - tmk.9 | tmk         | K0         | opens F62's working keys (cup.md 3.1)             |
| kek           | kek         | K1         | opens provisioning bundles                        |
| pik           | pin         | P0         | enciphers PIN blocks                              |
| mak           | mac         | M0 - M6    | makes MACs                                        |
| tdk           | track       | D0         | enciphers a block of a track                      |
| dukpt         | dukpt       | B1         | makes the keys of one transaction after the other |
| record        | record      |            | seals card data on this terminal's disk           |
| fingerprint   | fingerprint |            | tells card numbers apart without showing them     |
"""

from __future__ import annotations

import re

from terminal.ports import KeyRefused

TMK_PLACE = re.compile(r"tmk\.[1-9]")
USAGES = {  # place -> usage; a TMK's place has a number
    "kek": "kek",
    "pik": "pin",
    "mak": "mac",
    "tdk": "track",
    "dukpt": "dukpt",
    "record": "record",
    "fingerprint": "fingerprint",
}
WORKING = ("pik", "mak", "tdk")  # what a sign-in replaces
OWN = {"record": "aes-gcm", "fingerprint": "hmac-sha256"}  # made here, never loaded: place -> cipher
LOADED = ("tmk", "kek")  # usages of keys that custodians bring
OF_TR31 = {  # TR-31:2018, A.5.1
    "K0": "tmk",
    "K1": "kek",
    "P0": "pin",
    "M0": "mac",
    "M1": "mac",
    "M3": "mac",
    "M6": "mac",
    "D0": "track",
    "B1": "dukpt",
}


def tmk_place(slot: int) -> str:
    """Raises KeyRefused: slots are 1 to 9."""
    place = f"tmk.{slot}"
    usage_of(place)
    return place


def usage_of(place: str) -> str:
    """What keys of that place are for. Raises KeyRefused when there is no such place."""
    if TMK_PLACE.fullmatch(place):
        return "tmk"
    try:
        return USAGES[place]
    except KeyError:
        raise KeyRefused(f"there is no place for keys called {place!r}") from None
