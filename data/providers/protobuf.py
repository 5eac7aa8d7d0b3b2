"""The wire format of protocol buffers, as much of it as one flat message needs: no schema, no dependency."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

VARINT: Final = 0
EIGHT_BYTES: Final = 1
BYTES: Final = 2
FOUR_BYTES: Final = 5
LONGEST_VARINT: Final = 10
_FIXED: Final = {EIGHT_BYTES: 8, FOUR_BYTES: 4}


class Field(NamedTuple):
    """One field as it came: its number, how it is written, and its raw value."""

    number: int
    wire: int
    value: int | bytes

    def signed(self) -> int:
        """Value of a `sint64`: zig-zag, so that small negative numbers stay short."""
        raw = self._varint()
        return (raw >> 1) ^ -(raw & 1)

    def unsigned(self) -> int:
        """Value of an enum or of an `int32` that is not negative."""
        return self._varint()

    def text(self) -> str:
        """Value of a `string`."""
        return self._bytes(BYTES).decode("utf-8")

    def float32(self) -> float:
        """Value of a `float`."""
        value: float = struct.unpack("<f", self._bytes(FOUR_BYTES))[0]
        return value

    def float64(self) -> float:
        """Value of a `double`."""
        value: float = struct.unpack("<d", self._bytes(EIGHT_BYTES))[0]
        return value

    def _varint(self) -> int:
        if self.wire != VARINT or not isinstance(self.value, int):
            raise ValueError(_told(self, "a number"))
        return self.value

    def _bytes(self, wire: int) -> bytes:
        if self.wire != wire or not isinstance(self.value, bytes):
            raise ValueError(_told(self, {BYTES: "a text", FOUR_BYTES: "a float", EIGHT_BYTES: "a double"}[wire]))
        return self.value


def fields(message: bytes) -> Iterator[Field]:
    """Give the fields of a message in the order of their bytes.

    Raises
    ------
    ValueError
        The message breaks off, or holds what no message of this kind does.

    Examples
    --------
    >>> [(field.number, field.text()) for field in fields(bytes.fromhex("0a044141504c"))]
    [(1, 'AAPL')]
    """
    place = 0
    while place < len(message):
        tag, place = _varint(message, place)
        number, wire = tag >> 3, tag & 7
        value, place = _value(message, place, wire)
        if not number:
            raise ValueError("a field without a number")
        yield Field(number, wire, value)


def _value(message: bytes, place: int, wire: int) -> tuple[int | bytes, int]:
    if wire == VARINT:
        return _varint(message, place)
    if wire == BYTES:
        length, place = _varint(message, place)
    elif wire in _FIXED:
        length = _FIXED[wire]
    else:
        raise ValueError(f"a field of the unknown kind {wire}")
    if place + length > len(message):
        raise ValueError("the message breaks off")
    return message[place : place + length], place + length


def _varint(message: bytes, place: int) -> tuple[int, int]:
    """Read a number of seven bits a byte, lowest first, up to 64 bits."""
    value = 0
    for index, byte in enumerate(message[place : place + LONGEST_VARINT]):
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, place + index + 1
    raise ValueError("the message breaks off")


def _told(field: Field, due: str) -> str:
    return f"field {field.number} is not {due}"
