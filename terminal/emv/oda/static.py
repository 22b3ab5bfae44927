"""Static data authentication. Law: EMV 4.4 Book 2, 5.1.1, 5.4, Book 3, 10.3: what was signed stays as it was."""

from __future__ import annotations

from terminal.emv import tags
from terminal.emv.oda.capk import PublicKey
from terminal.emv.oda.recovery import Check, Frame, recover, require
from terminal.emv.read import Records
from terminal.emv.verification import Aip

SIGNED = Frame(form=0x03, hash_algorithm_at=1, fixed=4)  # Book 2, table 7
CODE = slice(2, 4)
ONLY_AIP = bytes((tags.AIP,))


def static_data(records: Records, aip: Aip) -> bytes:
    """The records that the AFL marks, then the AIP when 9F4A lists it; it may list nothing else. Raises Unproven."""
    require(records.is_signable, Check.RECORDS)
    listed = records.values.get(tags.STATIC_TAGS)
    require(listed in (None, ONLY_AIP), Check.TAG_LIST)
    return records.signed if listed is None else records.signed + aip.encoded()


def data_authentication_code(issuer: PublicKey, records: Records, aip: Aip) -> bytes:
    """9F45, two bytes, out of 93 (Book 2, 5.4). Raises Unproven."""
    require(tags.SIGNED_STATIC in records.values, Check.DATA_MISSING)
    recovered = recover(issuer, records.values[tags.SIGNED_STATIC], SIGNED)
    recovered.require_hash(static_data(records, aip))
    return recovered.fields[CODE]
