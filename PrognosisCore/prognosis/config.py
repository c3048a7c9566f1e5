"""Options as frozen dataclasses: defaults, then a TOML file, then flags."""

import dataclasses
import tomllib
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

from prognosis.errors import UsageError

Options = TypeVar("Options")


def resolve(kind: type[Options], file: Path | None = None, flags: Mapping[str, Any] | None = None) -> Options:
    """Build options from their defaults, a TOML file, and flags; a later source wins.

    Args:
        kind: A frozen dataclass whose fields all have defaults.
        file: TOML file whose top-level keys are names of fields.
        flags: Values by field name; those that are None are taken as not given.

    Raises:
        UsageError: The file cannot be read, a key is unknown, or a value is of another type than the field.
    """
    values: dict[str, Any] = {}
    if file is not None:
        values |= _typed(kind, _read_toml(file), where=str(file))
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    values |= _typed(kind, given, where="the command line")
    try:
        return kind(**values)
    except ValueError as error:
        raise UsageError(f"Options of {kind.__name__} do not fit: {error}.") from error


def as_plain(options: Any) -> dict[str, Any]:
    """The options as plain values for JSON, to be saved beside results."""
    return {field.name: _plain(getattr(options, field.name)) for field in dataclasses.fields(options)}


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    return list(value) if isinstance(value, tuple) else value


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} is no valid TOML: {error}.") from error


def _typed(kind: type, values: Mapping[str, Any], *, where: str) -> dict[str, Any]:
    hints = get_type_hints(kind)
    typed = {}
    for name, value in values.items():
        if name not in hints:
            known = ", ".join(field.name for field in dataclasses.fields(kind))
            raise UsageError(f"Unknown option '{name}' in {where}.", remedy=f"Known options: {known}.")
        typed[name] = _converted(value, hints[name], f"option '{name}' in {where}")
    return typed


def _converted(value: Any, hint: Any, what: str) -> Any:
    wanted = [kind for kind in (get_args(hint) if type(None) in get_args(hint) else (hint,)) if kind is not type(None)]
    target = wanted[0]
    if isinstance(target, type) and issubclass(target, Enum):
        try:
            return target(value)
        except ValueError as error:
            choices = ", ".join(str(member.value) for member in target)
            raise UsageError(f"Cannot use '{value}' as {what}.", remedy=f"Choose from: {choices}.") from error
    if target is float and type(value) is int:
        return float(value)
    if getattr(target, "__origin__", None) is tuple:
        inner = get_args(target)
        if isinstance(value, list | tuple) and (inner[-1] is Ellipsis or len(inner) == len(value)):
            return tuple(_converted(item, inner[0], what) for item in value)
        raise UsageError(f"{what} needs a list, got {value!r}.")
    if type(value) is not target:
        raise UsageError(f"{what} needs a value of type {target.__name__}, got {value!r}.")
    return value
