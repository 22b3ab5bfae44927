"""F62 of a sign-in reply: working keys under the TMK (cup.md 3.2). Law: all check values right, or nothing taken.

The key block of cup.md 3.8, worked example:

>>> tmk = bytes.fromhex("CA5D92598DCA48CE8A4C76361A9269E9")
>>> block = bytes.fromhex("6701EAD6A9AD51E51AA406E2C27FCFA98D0A74B8B651F9E9BACE9AE10000000000000000AB7153CA")
>>> unwrap(tmk, block)["pik"].hex().upper(), unwrap(tmk, block)["mak"].hex().upper()
('807A23AD32B36D457AE91FDF927570EA', '5BB5C72CD00B7338')
"""

from __future__ import annotations

from keys.algorithms.block_cipher import CHECK_VALUE, DES, cipher_of
from terminal.ports import KeyRefused

Layout = tuple[tuple[str, int], ...]  # (name, bytes) of each key in the block; each is followed by its check value
SINGLE: Layout = (("pik", 8), ("mak", 8))
PLAIN_TRACKS: Layout = (("pik", 16), ("mak", 16))
ALL: Layout = (*PLAIN_TRACKS, ("tdk", 16))
# cipher -> bytes of the block -> what is in it (60.3 in the comment). No public text gives AES a key block; it is
# SM4's here, for the acquirer of the international dialect that asks for a CMAC.
LAYOUTS: dict[str, dict[int, Layout]] = {
    "des": {24: SINGLE, 40: PLAIN_TRACKS, 60: ALL},  # 001, 003, 004
    "sm4": {40: PLAIN_TRACKS, 60: ALL},  # 005, 006
    "aes": {40: PLAIN_TRACKS, 60: ALL},
}
NOT_PUBLIC = "its layout is not public"
ONE_ACQUIRER = "only one acquirer sends it, in a layout of its own"
UNKNOWN = {56: NOT_PUBLIC, 84: NOT_PUBLIC, 104: NOT_PUBLIC, 75: ONE_ACQUIRER, 100: ONE_ACQUIRER}


def unwrap(tmk: bytes, block: bytes, cipher: str = "des") -> dict[str, bytes]:
    """Plaintext keys by name ("pik", "mak", "tdk"), a single-length MAK as 8 bytes.

    The TMK decrypts at the length it has. Raises KeyRefused for an unknown length or a wrong check value.
    """
    rule = cipher_of(cipher)
    keys, rest = {}, block
    for name, size in _layout(len(block), cipher):
        wrapped, check, rest = rest[:size], rest[size : size + CHECK_VALUE], rest[size + CHECK_VALUE :]
        if name == "mak" and rule is DES and not any(wrapped[8:]):
            wrapped = wrapped[:8]  # 8 bytes and 8 of zero: a single-length MAK. K twice needs no rule: it is K alone.
        key = rule.decrypt(tmk, wrapped)
        if rule.check_value(key) != check:
            raise KeyRefused(f"the check value of the {name.upper()} is wrong")
        keys[name] = key
    return keys


def wrap(
    tmk: bytes, pik: bytes, mak: bytes, tdk: bytes = b"", *, cipher: str = "des", is_single: bool = False
) -> bytes:
    """The block an acquirer sends: 24 bytes when `is_single` (60.3 = 001), 60 with a TDK, else 40.

    PIK and TDK are as long as their places; a MAK of 8 bytes in a place of 16 is followed by zeros (DES only).
    Raises KeyRefused when a key does not fit.
    """
    rule, keys = cipher_of(cipher), {"pik": pik, "mak": mak} | ({"tdk": tdk} if tdk else {})
    layout = SINGLE if is_single else ALL if tdk else PLAIN_TRACKS
    if layout not in LAYOUTS[cipher].values() or len(layout) != len(keys):
        raise KeyRefused(f"a single-length block holds no TDK and belongs to {DES.name}")
    block = b""
    for name, size in layout:
        key = keys[name]
        if len(key) != size and not (name == "mak" and rule is DES and len(key) == DES.block):
            raise KeyRefused(f"a {name.upper()} of {len(key)} bytes has no place of {size}")
        block += rule.encrypt(tmk, key).ljust(size, b"\0") + rule.check_value(key)
    return block


def _layout(size: int, cipher: str) -> Layout:
    try:
        return LAYOUTS[cipher][size]
    except KeyError:
        why = UNKNOWN.get(size, f"{cipher} has {', '.join(map(str, LAYOUTS[cipher]))}")
        raise KeyRefused(f"a working-key block of {size} bytes: {why}") from None
