"""Make the TEST keys of the cards anew: `python -m simulator.cards.make_keys`. Law: run by a person, and rarely.

It writes test_keys.json and puts the authorities' public keys among the bank's CAPKs (capk_test.json). Every
certificate changes with it; nothing else does, for cards name keys, not numbers.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from keys.card_certificates import RsaKey, generate
from simulator.cards.key_ring import KEYS

CAPKS = Path(__file__).parents[1] / "acquirer" / "capk_test.json"
NOTE = "TEST KEYS ONLY, private and all: the authority, issuers and chips of the virtual cards (make_keys.py)"
INDEX = "D7"  # of no published test CAPK
EXPIRY = "20491231"
AUTHORITIES = {"A000000333": 1408, "A000000003": 1152, "A000000004": 1280}  # RID -> bits
ISSUERS = {"A000000333": (1152, 3), "A000000003": (1152, 65537), "A000000004": (1024, 3)}  # bits, exponent
CHIPS = {"1": (1024, 3), "2": (1024, 65537), "3": (1024, 3)}
PIN = (1024, 3)


def main() -> None:
    """Both files."""
    authorities = {rid: generate(bits) for rid, bits in AUTHORITIES.items()}
    ring = {
        "note": NOTE,
        "authorities": {rid: {"index": INDEX, "key": _told(key)} for rid, key in authorities.items()},
        "issuers": {rid: _told(generate(*wanted)) for rid, wanted in ISSUERS.items()},
        "chips": {name: _told(generate(*wanted)) for name, wanted in CHIPS.items()},
        "pin": _told(generate(*PIN)),
    }
    KEYS.write_text(json.dumps(ring, indent=1) + "\n", "ascii")
    CAPKS.write_text(with_ours(CAPKS.read_text("utf-8"), authorities), "utf-8")


def _told(key: RsaKey) -> dict[str, Any]:
    return {"p": f"{key.p:X}", "q": f"{key.q:X}", "exponent": key.exponent}


def with_ours(capks: str, authorities: dict[str, RsaKey]) -> str:
    """The file with our keys at its end, one a line as the others."""
    told = json.loads(capks)
    others = [key for key in told["keys"] if key["index"] != INDEX]
    lines = [json.dumps(key) for key in (*others, *(_capk(rid, key) for rid, key in authorities.items()))]
    note = json.dumps(told["note"].partition("; index ")[0] + f"; index {INDEX} is ours (simulator/cards/make_keys.py)")
    return '{\n  "note": ' + note + ',\n  "keys": [\n    ' + ",\n    ".join(lines) + "\n  ]\n}\n"


def _capk(rid: str, key: RsaKey) -> dict[str, str]:
    modulus, exponent = key.public.modulus, key.public.exponent
    digest = hashlib.sha1(bytes.fromhex(rid + INDEX) + modulus + exponent)  # noqa: S324 - Book 2, 11.2.2
    return {
        "rid": rid,
        "index": INDEX,
        "expiry": EXPIRY,
        "exponent": exponent.hex().upper(),
        "sha1": digest.hexdigest().upper(),
        "modulus": modulus.hex().upper(),
    }


if __name__ == "__main__":
    main()
