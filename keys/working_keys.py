"""F62 of a sign-in reply: working keys under the TMK (cup.md 3.2). Law: all check values right, or nothing taken.

The key block of cup.md 3.8, worked example:

>>> tmk = bytes.fromhex("CA5D92598DCA48CE8A4C76361A9269E9")
>>> block = bytes.fromhex("6701EAD6A9AD51E51AA406E2C27FCFA98D0A74B8B651F9E9BACE9AE10000000000000000AB7153CA")
>>> unwrap(tmk, block)["pik"].hex().upper(), unwrap(tmk, block)["mak"].hex().upper()
('807A23AD32B36D457AE91FDF927570EA', '5BB5C72CD00B7338')
"""

from __future__ import annotations

from keys.mac import des_decrypt, des_encrypt, kcv
from terminal.ports import KeyRefused

CV = 4
# length of the block -> (name, bytes) of each key in it; each is followed by its check value
LAYOUTS: dict[int, tuple[tuple[str, int], ...]] = {
    24: (("pik", 8), ("mak", 8)),
    40: (("pik", 16), ("mak", 16)),
    60: (("pik", 16), ("mak", 16), ("tdk", 16)),
}


def unwrap(tmk: bytes, block: bytes) -> dict[str, bytes]:
    """Plaintext keys by name. Raises KeyRefused for an unknown length or a wrong check value."""
    layout = LAYOUTS.get(len(block))
    if layout is None:
        raise KeyRefused(f"a working-key block of {len(block)} bytes is none of {sorted(LAYOUTS)}")
    keys, rest = {}, block
    for name, size in layout:
        wrapped, check, rest = rest[:size], rest[size : size + CV], rest[size + CV :]
        if name == "mak" and not any(wrapped[8:]):
            wrapped = wrapped[:8]  # 8 bytes and 8 of zero: a single-length MAK
        key = des_decrypt(tmk, wrapped)
        if kcv(key) != check:
            raise KeyRefused(f"the check value of the {name.upper()} is wrong")
        keys[name] = key
    return keys


def wrap(tmk: bytes, pik: bytes, mak: bytes) -> bytes:
    """The 40-byte block an acquirer sends for 60.3 = 003: a double-length PIK, a single- or double-length MAK."""
    wrapped_mak = des_encrypt(tmk, mak)
    return des_encrypt(tmk, pik) + kcv(pik) + wrapped_mak + bytes(16 - len(wrapped_mak)) + kcv(mak)
