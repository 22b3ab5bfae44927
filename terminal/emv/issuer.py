"""What comes back from the issuer: authentication and scripts. Law: EMV 4.4 Book 3, 10.9 and 10.10."""

from __future__ import annotations

import msgspec

from terminal.emv import apdu, tags, tlv
from terminal.emv.errors import EmvError, ReplyFaulty
from terminal.emv.scripts import Script, carry_out, is_failed, scripts
from terminal.emv.transport import Link
from terminal.emv.verification import Aip, Tsi, Tvr

AUTHENTICATION_LENGTH = range(8, 17)  # 91, annex A


class Answer(msgspec.Struct, frozen=True):
    """F55 of the acquirer's answer. `authentication` is 91, b"" when the issuer said nothing."""

    authentication: bytes = b""
    before: tuple[Script, ...] = ()
    after: tuple[Script, ...] = ()


def answer_of(icc_reply: bytes) -> Answer:
    """Raises ReplyFaulty for what is no TLV, or a 91 of a wrong length."""
    before, after = scripts(icc_reply)
    try:
        found = [value for tag, value in tlv.parse(icc_reply) if tag == tags.ISSUER_AUTHENTICATION]
    except EmvError:
        raise ReplyFaulty("the acquirer's chip data cannot be read") from None
    if len(found) > 1 or any(len(value) not in AUTHENTICATION_LENGTH for value in found):
        raise ReplyFaulty("the acquirer's issuer authentication data have a wrong length")
    return Answer(found[0] if found else b"", before, after)


async def authenticate_issuer(link: Link, aip: Aip, tvr: Tvr, tsi: Tsi, answer: Answer) -> tuple[Tvr, Tsi]:
    """EXTERNAL AUTHENTICATE when the card wants it and the issuer answered (10.9)."""
    if not answer.authentication or Aip.ISSUER_AUTHENTICATION not in aip:
        return tvr, tsi
    response = await link.send(apdu.external_authenticate(answer.authentication))
    if response.sw != apdu.OK:
        tvr |= Tvr.ISSUER_AUTHENTICATION_FAILED
    return tvr, tsi | Tsi.ISSUER_AUTHENTICATION_PERFORMED


async def run_scripts(link: Link, due: tuple[Script, ...], failed: Tvr, tvr: Tvr, tsi: Tsi) -> tuple[bytes, Tvr, Tsi]:
    """All of them, whatever becomes of each: their results, five bytes each (10.10; Book 4, A5)."""
    if not due:
        return b"", tvr, tsi
    results = b"".join([await carry_out(link, script) for script in due])
    return results, tvr | failed if is_failed(results) else tvr, tsi | Tsi.SCRIPTS_PERFORMED
