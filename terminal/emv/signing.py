"""GENERATE AC as a transaction needs it: TC hash before it, CDA signature after it. Law: EMV 4.4 Book 2, 6.6.

A signature that is missing or wrong does not stop here: it is a TVR bit, and who asked decides.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import msgspec

from terminal.emv import dol, tags
from terminal.emv.action import Cryptogram
from terminal.emv.cryptogram import Generated, generate
from terminal.emv.holder import Case
from terminal.emv.oda.authentication import Method
from terminal.emv.oda.dynamic import check_cda
from terminal.emv.transport import Link
from terminal.emv.verification import Tvr


async def generate_signed(
    link: Link, case: Case, asked: Cryptogram, cdol_tag: int, values: Mapping[int, bytes], sent_before: bytes = b""
) -> tuple[Generated, Tvr]:
    """`sent_before` are the values of CDOL1 at the second GENERATE AC. Raises CardFaulty, TlvError."""
    cdol = case.records.values[cdol_tag]
    has_cda = case.authenticated.method is Method.CDA and case.authenticated.icc_key is not None
    generated = await generate(link, asked, cdol, _with_hash(case, cdol, values), has_cda)
    if not has_cda or generated.kind is Cryptogram.AAC:
        return generated, Tvr(0)
    return _opened(case, generated, sent_before)


def _opened(case: Case, generated: Generated, sent_before: bytes) -> tuple[Generated, Tvr]:
    """The cryptogram out of its signature (Book 2, 6.6.2)."""
    key, opened = case.authenticated.icc_key, case.opened
    assert key is not None
    covered = opened.pdol_values + sent_before + generated.sent + generated.covered
    number = opened.terminal[tags.UNPREDICTABLE_NUMBER]
    checked = check_cda(key, generated.signature, generated.cid, number, covered)
    if checked is None:
        return generated, Tvr.CDA_FAILED
    proven = msgspec.structs.replace(generated, cryptogram=checked.cryptogram, dynamic_number=checked.dynamic_number)
    return proven, Tvr(0)


def _with_hash(case: Case, cdol: bytes, values: Mapping[int, bytes]) -> Mapping[int, bytes]:
    """98, the TC hash value, where the list asks for it: SHA-1 over the values of the TDOL (Book 3, 9.2.2)."""
    if all(tag != tags.TC_HASH for tag, _ in dol.entries(cdol)):
        return values
    tdol = case.records.values.get(tags.TDOL) or case.opened.application.tdol
    digest = hashlib.sha1(dol.fill(tdol, values), usedforsecurity=False).digest()
    return {**values, tags.TC_HASH: digest}
