"""What a worker says, a line of JSON each; every other line is its log."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Progressed:
    """A step stands where it stands."""

    step: str
    done: int
    total: int


@dataclass(frozen=True)
class Warned:
    """The reader should know this."""

    text: str


@dataclass(frozen=True)
class Complained:
    """Why the command fails, and what to do."""

    what: str
    remedy: str


@dataclass(frozen=True)
class Started:
    """A command was taken on."""

    number: int


@dataclass(frozen=True)
class Ended:
    """A command came to its end."""

    number: int
    code: int


@dataclass(frozen=True)
class Ready:
    """The worker can take a command."""


@dataclass(frozen=True)
class Said:
    """A line for the log."""

    text: str


Message = Progressed | Warned | Complained | Started | Ended | Ready | Said


def message_of(line: str) -> Message:
    """Understand a line; what is no known message is taken as a line of the log."""
    if not line.startswith("{"):
        return Said(line)
    try:
        content = json.loads(line)
    except (ValueError, RecursionError):
        return Said(line)
    try:
        return _known(content) or Said(line)
    except (KeyError, TypeError, ValueError):
        return Said(line)


def _known(content: Mapping[str, Any]) -> Message | None:
    match content["event"]:
        case "progress":
            return Progressed(str(content["step"]), int(content["done"]), int(content["total"]))
        case "warning":
            return Warned(str(content["text"]))
        case "error":
            return Complained(str(content["text"]), str(content["remedy"]))
        case "started":
            return Started(int(content["id"]))
        case "finished":
            return Ended(int(content["id"]), int(content["code"]))
        case "ready":
            return Ready()
        case _:
            return None
