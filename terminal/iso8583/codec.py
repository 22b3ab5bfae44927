"""Message <-> bytes. Law: decode(encode(m)) == m, and a refusal names field and offset but never a value.

>>> encode(Message("0820", {41: "10000001", 42: "123456789012345", 60: "00000001301"})).hex()[:20]
'08200000000000c00010'
"""

from __future__ import annotations

import msgspec

from terminal.iso8583.fields import BY_NAME, BY_NUMBER, Field

MTI_SIZE, BITMAP_SIZE, MAC_SIZE = 2, 8, 8
_DIGITS = frozenset("0123456789")


class WireError(Exception):
    """The bytes are not a message of this dialect; `field` is 0 outside the fields, `offset` counts from the MTI."""

    def __init__(self, what: str, field: int = 0, offset: int = 0) -> None:
        super().__init__(f"{what} (field {field}, offset {offset})")
        self.what, self.field, self.offset = what, field, offset


class Message(msgspec.Struct, frozen=True):
    """An MTI and its fields by number; a number or track is digits, text is text, binary is upper-case hex."""

    mti: str
    fields: dict[int, str] = {}

    def __repr__(self) -> str:
        """Show what may be shown; everything the table calls secret, and everything unknown, is stars."""
        shown = ", ".join(f"{number}={masked(number, value)!r}" for number, value in sorted(self.fields.items()))
        return f"Message({self.mti}: {shown})"

    def __getitem__(self, name: str) -> str:
        """A field by its name in the table; "" when absent."""
        return self.fields.get(BY_NAME[name].number, "")

    def masked_fields(self) -> dict[str, str]:
        """The message as the journal may keep it."""
        return {str(number): masked(number, value) for number, value in sorted(self.fields.items())}


def masked(number: int, value: str) -> str:
    """A field as a log or journal may show it: a PAN as 6+4, other secrets and unknown fields by length only."""
    field = BY_NUMBER.get(number)
    if field is None or field.is_secret:
        if number == 2:
            return mask_pan(value)
        return f"<{len(value)}>"
    return value


def mask_pan(pan: str) -> str:
    """First 6 and last 4; what is too short to hide anything behind them is hidden whole."""
    return pan[:6] + "*" * (len(pan) - 10) + pan[-4:] if len(pan) >= 13 else "*" * len(pan)


def encode(message: Message) -> bytes:
    """MTI, bitmap and fields. Raises WireError for a value its field cannot hold."""
    bitmap, parts = 0, []
    for number in sorted(message.fields):
        parts.append(_write(_known(number, 0), message.fields[number]))
        bitmap |= 1 << (64 - number)
    return bytes.fromhex(message.mti) + bitmap.to_bytes(BITMAP_SIZE) + b"".join(parts)


def decode(raw: bytes) -> Message:
    """The inverse of encode. Raises WireError."""
    start = MTI_SIZE + BITMAP_SIZE
    if len(raw) < start:
        raise WireError("too short for an MTI and a bitmap")
    mti, bitmap = raw[:MTI_SIZE].hex(), int.from_bytes(raw[MTI_SIZE:start])
    if not mti.isdigit():
        raise WireError("the MTI is not digits")
    fields: dict[int, str] = {}
    for number in range(1, 65):
        if bitmap >> (64 - number) & 1:
            fields[number], start = _read(_known(number, MTI_SIZE), raw, start)
    if start != len(raw):
        raise WireError(f"{len(raw) - start} bytes after the last field", 0, start)
    return Message(mti, fields)


def mac_block(message: Message) -> bytes:
    """What the MAC is computed over: MTI up to the field before F64, with bit 64 set (cup.md 3.4)."""
    return encode(Message(message.mti, {**message.fields, 64: "00" * MAC_SIZE}))[:-MAC_SIZE]


def _known(number: int, offset: int) -> Field:
    field = BY_NUMBER.get(number)
    if field is None:
        raise WireError("not a field of this dialect", number, offset)
    return field


def _write(field: Field, value: str) -> bytes:
    if field.form == "A":
        data = value.ljust(0 if field.prefix else field.size).encode("latin-1", "replace")
        length = len(data)
    elif field.form == "B":
        data = _hex(field, value)
        length = len(data)
    else:
        length = len(value)
        value = value.replace("=", "D") if field.form == "Z" else value
        data = _hex(field, ("0" * (length % 2) + value) if field.form == "NR" else value + "0" * (length % 2))
        _check(field, value, 0)
    if length > field.size or (not field.prefix and length != field.size):
        raise WireError(f"{length} where the form allows {field.size}", field.number)
    prefix = bytes.fromhex(f"{length:0{field.prefix * 2}d}") if field.prefix else b""
    return prefix + data


def _read(field: Field, raw: bytes, start: int) -> tuple[str, int]:
    length = field.size
    if field.prefix:
        digits = raw[start : start + field.prefix].hex()
        if len(digits) < field.prefix * 2 or not digits.isdigit():
            raise WireError("its length is not BCD", field.number, start)
        length, start = int(digits), start + field.prefix
    if length > field.size:
        raise WireError(f"{length} where the form allows {field.size}", field.number, start)
    size = length if field.form in "AB" else (length + 1) // 2
    data = raw[start : start + size]
    if len(data) < size:
        raise WireError(f"ends after {len(data)} of {size} bytes", field.number, start)
    return _value(field, data, length, start), start + size


def _value(field: Field, data: bytes, length: int, offset: int) -> str:
    if field.form == "A":
        text = data.decode("latin-1")
        return text if field.prefix else text.rstrip(" ")
    digits = data.hex().upper()
    if field.form == "B":
        return digits
    digits = digits[len(digits) - length :] if field.form == "NR" else digits[:length]
    _check(field, digits, offset)
    return digits.replace("D", "=") if field.form == "Z" else digits


def _hex(field: Field, value: str) -> bytes:
    try:
        return bytes.fromhex(value)
    except ValueError:
        raise WireError("a character that its form does not allow", field.number) from None


def _check(field: Field, value: str, offset: int) -> None:
    if field.form != "Z" and not set(value) <= _DIGITS:
        raise WireError("a character that its form does not allow", field.number, offset)
