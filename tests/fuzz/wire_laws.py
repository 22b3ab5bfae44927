"""What must hold for any bytes from a line. Law: a decoder raises its own error or nothing, and makes little of little.

`feed` is one input: its first byte says which law, the rest is what came. Driven by hypothesis in
tests/unit/terminal/iso8583/test_wire_fuzz.py and by coverage in tests/fuzz/fuzz.py.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from terminal.iso8583 import parameters
from terminal.iso8583.answers import difference, must_be_signed, reply
from terminal.iso8583.codec import decode, encode, mac_block, placed
from terminal.iso8583.cup import cup
from terminal.iso8583.cup_management import told
from terminal.iso8583.dialect import Choices, Dialect
from terminal.iso8583.frame import FrameForm, unpack
from terminal.iso8583.international import international
from terminal.iso8583.length import ASCII_4, BINARY_2, LengthWrong
from terminal.iso8583.message import HIDDEN, WireError
from terminal.iso8583.response_codes import lookup
from terminal.iso8583.settlement import details, details_text, totals, verdict

DIALECTS: tuple[Dialect, ...] = (
    cup(),
    international(Choices()),
    international(Choices(bitmap="binary", length="2 binary", mac="cmac")),
    international(Choices(keys="dukpt-tdes")),
    international(Choices(keys="dukpt-aes", mac="cmac")),
)
PAN = 2
MOST_GROWTH = 2  # characters of values for a byte of input: binary is written as hex
FORMS = (FrameForm(), FrameForm(has_header=False), FrameForm(has_tpdu=False, has_header=False))


def any_frame(raw: bytes, form: FrameForm) -> None:
    """Taken apart and put together, it is the same."""
    with contextlib.suppress(WireError):
        envelope = unpack(raw, form)
        assert envelope.pack() == raw
        assert 0 <= envelope.demand <= 15
        assert unpack(envelope.answered(envelope.body).pack(), form).body == envelope.body


def any_body(raw: bytes, dialect: Dialect) -> None:
    """What decodes is a message that encodes, and every view of it is there."""
    wrong = _refused(raw, dialect)
    if wrong is not None:
        assert 0 <= wrong.offset <= len(raw)
        return
    message = decode(raw, dialect.layout)
    assert sum(map(len, message.fields.values())) <= MOST_GROWTH * len(raw)
    assert [number for number, *_ in placed(raw, dialect.layout)] == sorted(message.fields)
    again = encode(message, dialect.layout)
    assert len(raw) - len(again) in (0, dialect.layout.bitmap_size)  # a second bitmap with no bit set is left out
    assert decode(again, dialect.layout) == message
    assert len(mac_block(message, dialect.layout)) <= len(raw) + 16 + 16  # a second bitmap may be added
    heard = reply(dialect, message)
    lookup(heard.response_code)
    told(heard.private)
    difference(message, message)
    must_be_signed(dialect, message, message)
    dialect.batch_of(message), dialect.original_of(message), dialect.type_of(message)
    assert repr(message)
    shown = message.masked_fields()
    assert all(shown[str(number)][:1] in ("<", "*") for number in HIDDEN & message.fields.keys() - {PAN})


def _refused(raw: bytes, dialect: Dialect) -> WireError | None:
    try:
        decode(raw, dialect.layout)
    except WireError as error:
        return error
    return None


def any_totals(raw: bytes) -> None:
    """F48 in every reading."""
    text = raw.decode("latin-1")
    for read in (totals, verdict, details):
        with contextlib.suppress(WireError):
            read(text)
    with contextlib.suppress(WireError):
        assert details(details_text(details(text))) == details(text)


def any_length(raw: bytes) -> None:
    """A length that is one is said as it was."""
    for form in (BINARY_2, ASCII_4):
        with contextlib.suppress(LengthWrong):
            assert form.packed(form.parsed(raw)) == raw
            assert form.parsed(raw) <= form.most


def any_list(raw: bytes) -> None:
    """F62 of the downloads in every reading."""
    for read in (
        parameters.list_reply,
        parameters.started,
        parameters.key_names,
        parameters.tlv_names,
        parameters.settings,
        parameters.contactless,
        parameters.bins,
        lambda raw: parameters.keyed(raw, is_capk=True),
        lambda raw: parameters.keyed(raw, is_capk=False),
    ):
        with contextlib.suppress(parameters.ListRefused):
            read(raw)


def _of_body(dialect: Dialect) -> Callable[[bytes], None]:
    return lambda raw: any_body(raw, dialect)


def _of_frame(form: FrameForm) -> Callable[[bytes], None]:
    return lambda raw: any_frame(raw, form)


LAWS: tuple[Callable[[bytes], None], ...] = (
    *map(_of_body, DIALECTS),
    *map(_of_frame, FORMS),
    any_totals,
    any_length,
    any_list,
)


def feed(data: bytes) -> None:
    """Raises only where a law is broken."""
    if data:
        LAWS[data[0] % len(LAWS)](data[1:])
