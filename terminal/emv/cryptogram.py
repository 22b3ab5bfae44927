"""GENERATE AC and what it gives. Law: EMV 4.4 Book 3, 6.5.5: two formats, one value; never more than was asked."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from terminal.emv import apdu, dol, tags, tlv
from terminal.emv.action import Cryptogram
from terminal.emv.errors import CardFaulty
from terminal.emv.transport import Link

KIND = 0xC0  # CID b8 b7
CID_END, ATC_END, AC_END = 1, 3, 11  # format 1: CID, ATC, AC, the rest is the IAD
IAD_LONGEST = 32
MAY_FOLLOW = {  # Book 3, 9.3: a card answers with what was asked or with something lower
    Cryptogram.TC: (Cryptogram.TC, Cryptogram.ARQC, Cryptogram.AAC),
    Cryptogram.ARQC: (Cryptogram.ARQC, Cryptogram.AAC),
    Cryptogram.AAC: (Cryptogram.AAC,),
}


class Generated(msgspec.Struct, frozen=True):
    """The values of 9F27, 9F36, 9F26 and 9F10."""

    cid: bytes
    atc: bytes
    cryptogram: bytes
    iad: bytes

    @property
    def kind(self) -> Cryptogram:
        return Cryptogram(self.cid[0] & KIND)


async def generate(link: Link, asked: Cryptogram, cdol: bytes, values: Mapping[int, bytes]) -> Generated:
    """Raises CardFaulty, TlvError."""
    response = await link.send(apdu.generate_ac(asked, dol.fill(cdol, values)))
    if response.sw != apdu.OK:
        raise CardFaulty(f"the card makes no cryptogram (status {response.sw:04X})")
    generated = _parse(response.body)
    if generated.kind not in MAY_FOLLOW[asked]:
        raise CardFaulty("the card answers with a cryptogram that was not asked for")
    return generated


def _parse(body: bytes) -> Generated:
    if body[:1] == bytes((tags.FORMAT_1,)):
        value = tlv.sole(body, tags.FORMAT_1)
        parts = (value[:CID_END], value[CID_END:ATC_END], value[ATC_END:AC_END], value[AC_END:])
    else:
        values = tlv.unique(tlv.parse(tlv.sole(body, tags.FORMAT_2)))
        cid, atc, cryptogram, iad = (values.get(tag, b"") for tag in (tags.CID, tags.ATC, tags.CRYPTOGRAM, tags.IAD))
        parts = (cid, atc, cryptogram, iad)
    cid, atc, cryptogram, iad = parts
    if (len(cid), len(atc), len(cryptogram)) != (1, 2, 8) or len(iad) > IAD_LONGEST:
        raise CardFaulty("the card's cryptogram is not whole")
    return Generated(cid, atc, cryptogram, iad)
