"""Message <-> bytes, by a layout. Law: decode(encode(m)) == m, and a refusal names field and offset but never a value.

>>> from terminal.iso8583.cup_fields import CUP_LAYOUT
>>> encode(Message("0820", {41: "10000001", 42: "123456789012345", 60: "00000001301"}), CUP_LAYOUT).hex()[:20]
'08200000000000c00010'
"""

from __future__ import annotations

from collections.abc import Iterator

from terminal.iso8583.layout import Field, Layout
from terminal.iso8583.message import MAC_FIELDS, Message, WireError

MAC_SIZE = 8
FIRST_BITMAP = 64
_DIGITS = frozenset("0123456789")
_HEX = frozenset(b"0123456789ABCDEFabcdef")


def encode(message: Message, layout: Layout) -> bytes:
    """MTI, bitmap and fields. Raises WireError for a value its field cannot hold."""
    bitmap, parts = 0, []
    for number in sorted(message.fields):
        parts.append(_write(_known(layout, number, 0), message.fields[number], layout.is_ascii))
        bitmap |= 1 << (128 - number)
    is_long = bool(bitmap & (1 << 64) - 1)
    bits = (bitmap | 1 << 127).to_bytes(16) if is_long else (bitmap >> 64).to_bytes(8)
    mti = message.mti.encode() if layout.is_ascii else bytes.fromhex(message.mti)
    return mti + (bits.hex().upper().encode() if layout.is_bitmap_hex else bits) + b"".join(parts)


def decode(raw: bytes, layout: Layout) -> Message:
    """The inverse of encode. Raises WireError."""
    return Message(mti_of(raw, layout), {number: value for number, value, _, _ in placed(raw, layout)})


def placed(raw: bytes, layout: Layout) -> Iterator[tuple[int, str, int, int]]:
    """Every field as it is read: number, value, where its bytes (with their length) start and end. Raises WireError."""
    bitmap, end = bitmap_of(raw, layout)
    while bitmap:
        number, start = 129 - bitmap.bit_length(), end
        bitmap ^= 1 << (128 - number)
        value, end = _read(_known(layout, number, layout.mti_size), raw, start, layout.is_ascii)
        yield number, value, start, end
    if end != len(raw):
        raise WireError(f"{len(raw) - end} bytes after the last field", 0, end)


def mac_block(message: Message, layout: Layout) -> bytes:
    """What the MAC is computed over: MTI up to the field before it, with its bit set (cup.md 3.4)."""
    number = mac_field(message)
    return encode(Message(message.mti, {**message.fields, number: "00" * MAC_SIZE}), layout)[:-MAC_SIZE]


def mac_field(message: Message) -> int:
    """64, or 128 when the message has a second bitmap (ISO 8583:1987)."""
    return MAC_FIELDS[any(number > FIRST_BITMAP for number in message.fields)]


def mti_of(raw: bytes, layout: Layout) -> str:
    """The MTI in front. Raises WireError."""
    part = raw[: layout.mti_size]
    if len(part) < layout.mti_size:
        raise WireError("too short for an MTI")
    mti = part.decode("latin-1") if layout.is_ascii else part.hex()
    if not (mti.isascii() and mti.isdigit()):
        raise WireError("the MTI is not digits")
    return mti


def bitmap_of(raw: bytes, layout: Layout) -> tuple[int, int]:
    """128 bits without the one that announces the second half, and where the fields begin. Raises WireError."""
    bits, start = _bits(raw, layout.mti_size, layout)
    if not bits >> 63:
        return bits << 64, start
    if layout.last_field == FIRST_BITMAP:
        raise WireError("a second bitmap, which this dialect has not", 1, start - layout.bitmap_size)
    more, start = _bits(raw, start, layout)
    return (bits << 64 | more) & ~(1 << 127), start


def _bits(raw: bytes, start: int, layout: Layout) -> tuple[int, int]:
    end = start + layout.bitmap_size
    part = raw[start:end]
    if len(part) < layout.bitmap_size:
        raise WireError("too short for a bitmap", 0, start)
    if not layout.is_bitmap_hex:
        return int.from_bytes(part), end
    if not set(part) <= _HEX:
        raise WireError("the bitmap is not hex", 0, start)
    return int(part, 16), end


def _known(layout: Layout, number: int, offset: int) -> Field:
    field = layout.fields.get(number)
    if field is None:
        raise WireError("not a field of this dialect", number, offset)
    return field


def _write(field: Field, value: str, is_ascii: bool) -> bytes:
    form = field.form
    if form == "A":
        data = _text(field, value.ljust(0 if field.length_digits else field.size))
        length = len(data)
    elif form == "B":
        data = _hex(field, value)
        length = len(data)
    else:
        length = len(value)
        _check(field, value, 0)
        data = _text(field, value) if is_ascii else _bcd(field, value)
    if length > field.size or (not field.length_digits and length != field.size):
        raise WireError(f"{length} where the form allows {field.size}", field.number)
    return _length(field, length, is_ascii) + data


def _length(field: Field, length: int, is_ascii: bool) -> bytes:
    digits = field.length_digits
    if not digits:
        return b""
    return f"{length:0{digits}d}".encode() if is_ascii else bytes.fromhex(f"{length:0{digits + digits % 2}d}")


def _bcd(field: Field, value: str) -> bytes:
    pad = "0" * (len(value) % 2)
    value = value.replace("=", "D") if field.form == "Z" else value
    return _hex(field, pad + value if field.form == "NR" else value + pad)


def _read(field: Field, raw: bytes, start: int, is_ascii: bool) -> tuple[str, int]:
    length = field.size
    if field.length_digits:
        length, start = _announced(field, raw, start, is_ascii)
    if length > field.size:
        raise WireError(f"{length} where the form allows {field.size}", field.number, start)
    size = length if is_ascii or field.form in "AB" else (length + 1) // 2
    data = raw[start : start + size]
    if len(data) < size:
        raise WireError(f"ends after {len(data)} of {size} bytes", field.number, start)
    return _value(field, data, length, start, is_ascii), start + size


def _announced(field: Field, raw: bytes, start: int, is_ascii: bool) -> tuple[int, int]:
    size = field.length_digits if is_ascii else (field.length_digits + 1) // 2
    part = raw[start : start + size]
    digits = part.decode("latin-1") if is_ascii else part.hex()
    if len(part) < size or not (digits.isascii() and digits.isdigit()):
        raise WireError("its length is not a number", field.number, start)
    return int(digits), start + size


def _value(field: Field, data: bytes, length: int, offset: int, is_ascii: bool) -> str:
    if field.form == "A":
        text = data.decode("latin-1")
        return text if field.length_digits else text.rstrip(" ")
    if is_ascii and field.form != "B":
        text = data.decode("latin-1")
        _check(field, text, offset)
        return text
    digits = data.hex().upper()
    if field.form == "B":
        return digits
    digits = digits[len(digits) - length :] if field.form == "NR" else digits[:length]
    _check(field, digits, offset)
    return digits.replace("D", "=") if field.form == "Z" else digits


def _text(field: Field, value: str) -> bytes:
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        raise WireError("a character that its form does not allow", field.number) from None


def _hex(field: Field, value: str) -> bytes:
    try:
        data = bytes.fromhex(value)
    except ValueError:
        data = b""
    if 2 * len(data) != len(value):  # fromhex passes over spaces
        raise WireError("a character that its form does not allow", field.number)
    return data


def _check(field: Field, value: str, offset: int) -> None:
    if field.form != "Z" and not set(value) <= _DIGITS:
        raise WireError("a character that its form does not allow", field.number, offset)
