"""docs/protocol.md shows what is really said: `python -m tests.golden.protocol_dumps` writes it anew."""

import re

from terminal.iso8583.cup import CUP
from tests.golden.protocol_dumps import PAGE, page


def test_the_page_shows_what_the_wire_carries():
    assert page() == PAGE.read_text("utf-8")


def test_every_message_of_the_dialect_has_its_dump():
    """Each row of the message table is there, as a request and as its answer, by its MTI and 60.1 or 60.3."""
    text = PAGE.read_text("utf-8")
    for form in CUP.forms.values():
        for mti in (form.mti, f"{int(form.mti) + 10:04d}"):
            assert re.search(rf"^### {mti} .*type {form.type_code},", text, re.M), (mti, form.type_code)
    for mti in ("0400", "0410", "0500", "0510", "0320", "0330", "0620", "0630", "0800", "0810", "0820", "0830"):
        assert f"### {mti} " in text
