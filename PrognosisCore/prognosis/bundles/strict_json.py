"""Frozen dataclasses from JSON, strictly: every key known, every type right, every number finite."""

import json
import math
import reprlib
import types
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from prognosis.errors import ModelError

_Record = TypeVar("_Record")
_KIND_NAMES = {str: "a text", bool: "true or false", int: "a whole number", float: "a number"}
_FREE_DEPTH = 4


@dataclass(frozen=True)
class _Place:
    """Where in a file a value stands, for messages."""

    file: Path
    key: str = ""

    def inside(self, key: str) -> "_Place":
        return _Place(self.file, f"{self.key}.{key}" if self.key else key)

    def error(self, what: str) -> ModelError:
        where = f"{self.file}: '{self.key}'" if self.key else f"{self.file}:"
        return ModelError(
            f"{where} {what}.",
            remedy="The model is damaged or was made for another version of Prognosis: get it again.",
        )


def parse_record(kind: type[_Record], raw: bytes, file: Path) -> _Record:
    """Build a dataclass from JSON text whose keys are exactly its fields, at every level.

    A field may be a text, number, truth value, enumeration, dataclass, tuple, mapping from text, any of these or None,
    or Any: free settings of texts, numbers, truth values, tuples and mappings. Lists become tuples.

    Args:
        kind: A dataclass; a ValueError raised as it is built counts as a bad value.
        raw: UTF-8 text.
        file: Where the text comes from, for messages.

    Raises:
        ModelError: The text is no JSON, or a key is unknown, missing, repeated, of another type or not finite.
    """
    place = _Place(file)
    try:
        content = json.loads(raw.decode("utf-8"), object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError) as error:
        raise place.error(f"cannot be read as JSON ({error})") from error
    built: _Record = _value(kind, content, place)
    return built


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    content = dict(pairs)
    if len(content) != len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key '{next(key for key in keys if keys.count(key) > 1)}' stands twice")
    return content


def _value(kind: Any, value: object, place: _Place) -> Any:
    origin, arguments = get_origin(kind), get_args(kind)
    if kind is Any:
        return _free(value, place, _FREE_DEPTH)
    if origin is types.UnionType:
        return None if value is None else _value(arguments[0], value, place)
    if origin is Mapping:
        pairs = _mapping(value, place).items()
        return {_scalar(str, key, place): _value(arguments[1], item, place.inside(key)) for key, item in pairs}
    if origin is tuple:
        return _tuple(arguments, value, place)
    if is_dataclass(kind):
        return _record(kind, value, place)
    if issubclass(kind, Enum):
        return _choice(kind, value, place)
    return _scalar(kind, value, place)


def _record(kind: Any, value: object, place: _Place) -> Any:
    content = _mapping(value, place)
    names = [field.name for field in fields(kind)]
    for name in names:
        if name not in content:
            raise place.inside(name).error("is missing")
    for key in content:
        if key not in names:
            raise place.inside(key).error("is not a known key")
    hints = get_type_hints(kind)
    values = {name: _value(hints[name], content[name], place.inside(name)) for name in names}
    try:
        return kind(**values)
    except ValueError as error:
        raise place.error(str(error)) from error


def _mapping(value: object, place: _Place) -> dict[str, object]:
    if not isinstance(value, dict):
        raise place.error(f"should be a mapping, got {reprlib.repr(value)}")
    return value


def _tuple(kinds: tuple[Any, ...], value: object, place: _Place) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise place.error(f"should be a list, got {reprlib.repr(value)}")
    each = [kinds[0]] * len(value) if kinds[-1] is Ellipsis else kinds
    if len(each) != len(value):
        raise place.error(f"should hold {len(each)} values, got {len(value)}")
    return tuple(
        _value(kind, item, place.inside(str(at))) for at, (kind, item) in enumerate(zip(each, value, strict=True))
    )


def _choice(kind: type[Enum], value: object, place: _Place) -> Enum:
    for member in kind:
        if member.value == value:
            return member
    known = ", ".join(f"'{member.value}'" for member in kind)
    raise place.error(f"is {reprlib.repr(value)}; known are {known}")


def _scalar(kind: type, value: object, place: _Place) -> str | bool | int | float:
    if kind is float and type(value) in (int, float):
        return _finite(value, place)
    if type(value) is not kind:
        raise place.error(f"should be {_KIND_NAMES[kind]}, got {reprlib.repr(value)}")
    if isinstance(value, str) and (not value.strip() or any(map(_is_control, value))):
        raise place.error("is empty or holds control characters")
    return value  # type: ignore[return-value]  # type(value) is kind: one of the four


def _finite(value: Any, place: _Place) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise place.error("is not a finite number")
    return number


def _is_control(character: str) -> bool:
    return character not in "\n\t" and unicodedata.category(character) in {"Cc", "Cs"}


def _free(value: object, place: _Place, depth: int) -> Any:
    if depth and isinstance(value, dict):
        return {_scalar(str, key, place): _free(item, place.inside(key), depth - 1) for key, item in value.items()}
    if depth and isinstance(value, list):
        return tuple(_free(item, place.inside(str(at)), depth - 1) for at, item in enumerate(value))
    if type(value) not in _KIND_NAMES:
        raise place.error(f"should be a text, number, truth value, or list of them, got {reprlib.repr(value)}")
    return _scalar(type(value), value, place)
