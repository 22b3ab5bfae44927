"""GENERATE AC and what it gives. Law: EMV 4.4 Book 3, 6.5.5: two formats, one value; never more than was asked.

With CDA the cryptogram stands inside a signature (9F4B), which dynamic.py opens.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from terminal.emv import apdu, dol, tags, tlv
from terminal.emv.action import Cryptogram, Reason
from terminal.emv.errors import CardFaulty
from terminal.emv.transport import Link

KIND = 0xC0  # CID b8 b7
REASON = 0x07  # CID b3 to b1
CDA_REQUESTED = 0x10  # P1 b5 (6.5.5.2)
CID_END, ATC_END, AC_END = 1, 3, 11  # format 1: CID, ATC, AC, the rest is the IAD
AC_LENGTH, IAD_LONGEST = 8, 32
MAY_FOLLOW = {  # Book 3, 9.3: a card answers with what was asked or with something lower
    Cryptogram.TC: (Cryptogram.TC, Cryptogram.ARQC, Cryptogram.AAC),
    Cryptogram.ARQC: (Cryptogram.ARQC, Cryptogram.AAC),
    Cryptogram.AAC: (Cryptogram.AAC,),
}


class Generated(msgspec.Struct, frozen=True):
    """The values of 9F27, 9F36, 9F26 and 9F10. With a signature (9F4B) the cryptogram is b"" until that is opened."""

    cid: bytes
    atc: bytes
    cryptogram: bytes
    iad: bytes
    signature: bytes = b""
    sent: bytes = b""  # the values of the CDOL as the card got them
    covered: bytes = b""  # the response's objects but the signature, in order: what its hash covers (Book 2, 6.6.2)
    dynamic_number: bytes = b""  # 9F4C, out of the signature

    def __repr__(self) -> str:
        """What the card decided; not what it was told, which may be card data."""
        return f"Generated({self.cid.hex()})"

    @property
    def kind(self) -> Cryptogram:
        """What the card decided."""
        return Cryptogram(self.cid[0] & KIND)

    @property
    def reason(self) -> Reason:
        """And why."""
        said = self.cid[0] & REASON
        return Reason(said) if said in Reason._value2member_map_ else Reason.NONE

    def values(self) -> dict[int, bytes]:
        """By tag, for F55 and the CDOL2 (9F4C: Book 2, 6.6.2)."""
        said = {tags.CRYPTOGRAM: self.cryptogram, tags.CID: self.cid, tags.ATC: self.atc, tags.IAD: self.iad}
        return said | ({tags.ICC_DYNAMIC_NUMBER: self.dynamic_number} if self.dynamic_number else {})


async def generate(
    link: Link, asked: Cryptogram, cdol: bytes, values: Mapping[int, bytes], wants_cda: bool = False
) -> Generated:
    """Raises CardFaulty, TlvError. `wants_cda` asks for a signature around a TC or ARQC."""
    sent = dol.fill(cdol, values)
    has_cda = wants_cda and asked is not Cryptogram.AAC
    response = await link.send(apdu.generate_ac(asked | CDA_REQUESTED if has_cda else asked, sent))
    if response.sw != apdu.OK:
        raise CardFaulty(f"the card makes no cryptogram (status {response.sw:04X})")
    generated = _parse(response.body, sent)
    if generated.kind not in MAY_FOLLOW[asked]:
        raise CardFaulty("the card answers with a cryptogram that was not asked for")
    if not generated.cryptogram and (not has_cda or generated.kind is Cryptogram.AAC):  # 6.5.5.4
        raise CardFaulty("the card signs what it was not asked to sign")
    return generated


def _parse(body: bytes, sent: bytes) -> Generated:
    if body[:1] == bytes((tags.FORMAT_1,)):
        value = tlv.sole(body, tags.FORMAT_1)
        parts = value[:CID_END], value[CID_END:ATC_END], value[ATC_END:AC_END], value[AC_END:]
        return _whole(Generated(*parts, sent=sent))
    inside = tlv.sole(body, tags.FORMAT_2)
    values = tlv.unique(tlv.parse(inside))
    cid, atc, cryptogram, iad = (values.get(tag, b"") for tag in (tags.CID, tags.ATC, tags.CRYPTOGRAM, tags.IAD))
    signature, covered = values.get(tags.SIGNED_DYNAMIC, b""), tlv.without(inside, tags.SIGNED_DYNAMIC)
    return _whole(Generated(cid, atc, cryptogram, iad, signature, sent, covered))


def _whole(generated: Generated) -> Generated:
    wanted = (0, AC_LENGTH) if generated.signature else (AC_LENGTH,)
    lengths = len(generated.cid), len(generated.atc)
    if lengths != (1, 2) or len(generated.cryptogram) not in wanted or len(generated.iad) > IAD_LONGEST:
        raise CardFaulty("the card's cryptogram is not whole")
    return generated
