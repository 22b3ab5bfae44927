"""SM2 signatures of 国密 certificates, verified (GB/T 32918.2-2016) for the signer's ID 1234567812345678 (GM/T 0009).

Law: only public values come in here, so nothing has to be computed in constant time; nothing is ever signed. What is
no point of the curve is no key and is refused; every other fault makes a signature that does not hold.

GM/T 0003.5-2012, A.2:

>>> public = b"\\4" + bytes.fromhex("09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
...                                "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13")
>>> signature = bytes.fromhex("F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
...                           "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA")
>>> is_signed(public, b"message digest", signature), is_signed(public, b"message digesT", signature)
(True, False)
"""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from keys.algorithms.sm3 import sm3
from terminal.ports import KeyRefused

# GM/T 0003.5-2012, clause 3: y^2 = x^3 + ax + b over the integers modulo P; G makes N points
P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFC
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
G = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
SIZE = 32  # bytes of a number
UNCOMPRESSED = b"\x04"
SIGNER = b"1234567812345678"  # GM/T 0009-2012, clause 10

Point = tuple[int, int] | None  # None is the point at infinity


def is_signed(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` (r and s, 64 bytes) is one of `message` under `public` (GB/T 32918.2, 7.1).

    `public` is 04, x, y: 65 bytes. Raises KeyRefused when it is no point of the curve.
    """
    point = point_of(public)
    if len(signature) != 2 * SIZE:
        return False
    return holds(point, digest(public, message), int.from_bytes(signature[:SIZE]), int.from_bytes(signature[SIZE:]))


def holds(point: tuple[int, int], e: int, r: int, s: int) -> bool:
    """Whether r and s sign e under the key `point` (GB/T 32918.2, 7.1, B1, B2, B5 to B7)."""
    t = (r + s) % N
    if not (0 < r < N and 0 < s < N and t):
        return False
    end = _sum_of_multiples(s, G, t, point)
    return end is not None and (e + end[0]) % N == r


def digest(public: bytes, message: bytes) -> int:
    """e: what is signed, SM3 of ZA and message (GB/T 32918.2, 7.1, B3 and B4)."""
    return int.from_bytes(sm3(signer_digest(public) + message))


def signer_digest(public: bytes) -> bytes:
    """ZA: SM3 of the ID, the curve and the key, 32 bytes (GB/T 32918.2, 5.5)."""
    curve = b"".join(number.to_bytes(SIZE) for number in (A, B, *G))
    return sm3((8 * len(SIGNER)).to_bytes(2) + SIGNER + curve + public[len(UNCOMPRESSED) :])


def signature_of(der: bytes) -> bytes:
    """r and s, 64 bytes, of a certificate's SEQUENCE of two INTEGERs (GM/T 0009-2012, 7.3). Raises KeyRefused."""
    try:
        r, s = decode_dss_signature(der)
        return r.to_bytes(SIZE) + s.to_bytes(SIZE)
    except (ValueError, OverflowError):
        raise KeyRefused("this is no SM2 signature") from None


def point_of(public: bytes) -> tuple[int, int]:
    """x and y of a key of 65 bytes. Raises KeyRefused when it is no point of the curve."""
    x, y = int.from_bytes(public[1 : 1 + SIZE]), int.from_bytes(public[1 + SIZE :])
    is_point = len(public) == 1 + 2 * SIZE and public.startswith(UNCOMPRESSED) and x < P and y < P
    if not is_point or (y * y - x**3 - A * x - B) % P:
        raise KeyRefused("this is no SM2 public key")
    return x, y  # the curve has prime order: every point but infinity makes all of it


def _sum_of_multiples(s: int, left: Point, t: int, right: Point) -> Point:
    """[s]left + [t]right, both in one walk over the bits."""
    table = (None, left, right, _sum(left, right))
    end: Point = None
    for place in reversed(range(N.bit_length())):
        end = _sum(end, end)
        end = _sum(end, table[(s >> place & 1) + 2 * (t >> place & 1)])
    return end


def _sum(left: Point, right: Point) -> Point:
    """GM/T 0003.1-2012, 3.2.3.1."""
    if left is None or right is None:
        return right if left is None else left
    (x1, y1), (x2, y2) = left, right
    if x1 == x2 and (y1 + y2) % P == 0:
        return None
    rise, run = (3 * x1 * x1 + A, 2 * y1) if left == right else (y2 - y1, x2 - x1)
    slope = rise * pow(run, -1, P) % P
    x = (slope * slope - x1 - x2) % P
    return x, (slope * (x1 - x) - y1) % P
