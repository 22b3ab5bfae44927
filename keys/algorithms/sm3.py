"""SM3 and HMAC-SM3, the digest of 国密 (GB/T 32905-2016, GM/T 0042-2015). Law: bytes in, 32 bytes out.

GB/T 32905-2016, A.1, and GM/T 0042-2015, D.3:

>>> sm3(b"abc").hex().upper()
'66C7F0F462EEEDD9D1F2D46BDC10E4E24167C4875CF2F7A2297DA02B8F4BA8E0'
>>> hmac_sm3(b"Jefe", b"what do ya want for nothing?").hex().upper()
'2E87F1D16862E6D964B50A5200BF2B10B764FAA9680A296A2405F24BEC39F882'
"""

from __future__ import annotations

from cryptography.hazmat.primitives.hashes import SM3, Hash
from cryptography.hazmat.primitives.hmac import HMAC


def sm3(message: bytes) -> bytes:
    """The digest, 32 bytes."""
    running = Hash(SM3())
    running.update(message)
    return running.finalize()


def hmac_sm3(key: bytes, message: bytes) -> bytes:
    """HMAC (RFC 2104) over SM3, 32 bytes; a key of any length."""
    running = HMAC(key, SM3())
    running.update(message)
    return running.finalize()
