"""Taking a pickle apart into instructions, without carrying any out.

The byte codes are those of Python's pickle protocols 2 to 5; of the older text instructions only names are known, which
protocol 2 still writes in lines.
"""

import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

from prognosis.bundles.foreign.limits import LARGEST_NUMBER_BYTES, LONGEST_LINE, LONGEST_TEXT, NotDataError, shown

_NUMBERS = {
    b"\x80": ("PROTO", struct.Struct("<B")),
    b"\x95": ("FRAME", struct.Struct("<Q")),
    b"K": ("BININT1", struct.Struct("<B")),
    b"M": ("BININT2", struct.Struct("<H")),
    b"J": ("BININT", struct.Struct("<i")),
    b"G": ("BINFLOAT", struct.Struct(">d")),
    b"h": ("BINGET", struct.Struct("<B")),
    b"j": ("LONG_BINGET", struct.Struct("<I")),
    b"q": ("BINPUT", struct.Struct("<B")),
    b"r": ("LONG_BINPUT", struct.Struct("<I")),
}
_COUNTED = {
    b"\x8a": ("LONG1", struct.Struct("<B")),
    b"\x8b": ("LONG4", struct.Struct("<I")),
    b"U": ("SHORT_BINSTRING", struct.Struct("<B")),
    b"T": ("BINSTRING", struct.Struct("<I")),
    b"\x8c": ("SHORT_BINUNICODE", struct.Struct("<B")),
    b"X": ("BINUNICODE", struct.Struct("<I")),
    b"\x8d": ("BINUNICODE8", struct.Struct("<Q")),
    b"C": ("SHORT_BINBYTES", struct.Struct("<B")),
    b"B": ("BINBYTES", struct.Struct("<I")),
    b"\x8e": ("BINBYTES8", struct.Struct("<Q")),
    b"\x96": ("BYTEARRAY8", struct.Struct("<Q")),
}
_BARE = {
    b".": "STOP",
    b"(": "MARK",
    b"0": "POP",
    b"1": "POP_MARK",
    b"2": "DUP",
    b"N": "NONE",
    b"\x88": "NEWTRUE",
    b"\x89": "NEWFALSE",
    b"]": "EMPTY_LIST",
    b"l": "LIST",
    b"a": "APPEND",
    b"e": "APPENDS",
    b")": "EMPTY_TUPLE",
    b"t": "TUPLE",
    b"\x85": "TUPLE1",
    b"\x86": "TUPLE2",
    b"\x87": "TUPLE3",
    b"}": "EMPTY_DICT",
    b"d": "DICT",
    b"s": "SETITEM",
    b"u": "SETITEMS",
    b"\x8f": "EMPTY_SET",
    b"\x90": "ADDITEMS",
    b"\x91": "FROZENSET",
    b"\x94": "MEMOIZE",
    b"\x93": "STACK_GLOBAL",
    b"R": "REDUCE",
    b"\x81": "NEWOBJ",
    b"b": "BUILD",
    b"Q": "BINPERSID",
}
_REFUSED = {
    b"i": ("INST", "a class to be built,", 2),
    b"o": ("OBJ", "a class to be built", 0),
    b"\x92": ("NEWOBJ_EX", "a class to be built", 0),
    b"\x82": ("EXT1", "a registered extension", 0),
    b"\x83": ("EXT2", "a registered extension", 0),
    b"\x84": ("EXT4", "a registered extension", 0),
    b"P": ("PERSID", "an outside object,", 1),
    b"\x97": ("NEXT_BUFFER", "an outside buffer", 0),
    b"\x98": ("READONLY_BUFFER", "an outside buffer", 0),
}
_TEXTS = ("SHORT_BINSTRING", "BINSTRING", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8")


class Instruction(NamedTuple):
    """One step of a pickle.

    Args:
        name: As Python's `pickletools` calls it.
        argument: A number, text or bytes; (module, name) for GLOBAL; None where there is none.
        end: Position in the file behind it.
    """

    name: str
    argument: Any
    end: int


def instructions(raw: bytes, at: int) -> Iterator[Instruction]:
    """The instructions of one pickle up to and with its STOP.

    Args:
        raw: The file.
        at: Where the pickle begins.

    Raises:
        NotDataError: An instruction builds a class or asks for something outside.
        ValueError: The pickle is cut short or damaged.
    """
    while True:
        code = raw[at : at + 1]
        at += 1
        if code in _BARE:
            instruction = Instruction(_BARE[code], None, at)
        elif code in _NUMBERS:
            name, layout = _NUMBERS[code]
            instruction = Instruction(name, _number(raw, at, layout), at + layout.size)
        elif code in _COUNTED:
            name, layout = _COUNTED[code]
            start = at + layout.size
            end = start + _number(raw, at, layout)
            instruction = Instruction(name, _counted(raw, start, end, name), end)
        elif code == b"c":
            module, middle = _line(raw, at)
            name, end = _line(raw, middle)
            instruction = Instruction("GLOBAL", (module, name), end)
        else:
            raise _unusable(raw, at, code)
        at = instruction.end
        yield instruction
        if instruction.name == "STOP":
            return


def _number(raw: bytes, at: int, layout: struct.Struct) -> Any:
    if len(raw) - at < layout.size:
        raise ValueError("it is cut short")
    return layout.unpack_from(raw, at)[0]


def _counted(raw: bytes, start: int, end: int, name: str) -> str | bytes | bytearray | int:
    if end > len(raw):
        raise ValueError("it is cut short")
    if name in _TEXTS:
        if end - start > LONGEST_TEXT:
            raise ValueError(f"it holds a text of {end - start} bytes")
        return raw[start:end].decode("utf-8", "surrogatepass")
    if name in ("LONG1", "LONG4"):
        if end - start > LARGEST_NUMBER_BYTES:
            raise ValueError("it holds a number of too many digits")
        return int.from_bytes(raw[start:end], "little", signed=True)
    return bytearray(raw[start:end]) if name == "BYTEARRAY8" else raw[start:end]


def _line(raw: bytes, at: int) -> tuple[str, int]:
    """A line and where the next one begins."""
    end = raw.find(b"\n", at, at + LONGEST_LINE)
    if end < 0:
        raise ValueError("a name in it is cut short or has no end")
    return raw[at:end].decode("utf-8"), end + 1


def _unusable(raw: bytes, at: int, code: bytes) -> ValueError:
    if code not in _REFUSED:
        what = f"the byte {code.hex()} is no instruction of a pickle that is known here" if code else "it is cut short"
        return ValueError(what)
    name, what, count = _REFUSED[code]
    lines = []
    for _ in range(count):
        line, at = _line(raw, at)
        lines.append(line)
    named = f" {shown('.'.join(lines))}" if lines else ""
    return NotDataError(f"asks for {what}{named} (pickle instruction {name})")
