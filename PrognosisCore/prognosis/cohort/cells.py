"""Single cells of a table. What cannot be read raises a ValueError that says why."""

import math
import re
from datetime import date, datetime
from typing import Literal

ZeroTimes = Literal["refuse", "keep"]
EMPTY = ("", "NA", "NaN", "nan", "N/A", "n/a", "#N/A", ".", "?")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_INFINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)
_EVENTS = {"0": False, "0.0": False, "false": False, "1": True, "1.0": True, "true": True}
_MOST_QUOTED = 60


def quoted(text: str) -> str:
    """A cell's text as it may stand in a message."""
    shown = text if len(text) <= _MOST_QUOTED else f"{text[:_MOST_QUOTED]}..."
    return f"'{''.join(letter if letter.isprintable() else ' ' for letter in shown)}'"


def read_id(text: str) -> str:
    if not text:
        raise ValueError("it is empty")
    return text


def is_number(text: str) -> bool:
    """Whether a cell is written as a number, be it an infinite one."""
    return bool(_NUMBER.fullmatch(text) or _INFINITE.fullmatch(text))


def read_number(text: str) -> float:
    if not is_number(text):
        comma = " (with a decimal comma)" if _NUMBER.fullmatch(text.replace(",", ".", 1)) else ""
        raise ValueError(f"{quoted(text)} is no number{comma}" if text else "it is empty")
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{quoted(text)} is infinite")
    return value


def read_time(text: str, zero_times: ZeroTimes) -> float:
    if text in EMPTY:
        raise ValueError(f"time is missing, got {quoted(text)}" if text else "it is empty")
    value = read_number(text)
    if value < 0 or (value == 0 and zero_times == "refuse"):
        remedy = ": correct it, or accept such times with --zero-times keep" if value == 0 else ""
        raise ValueError(f"time must be above zero, got {text}{remedy}")
    return value


def read_event(text: str) -> bool:
    event = _EVENTS.get(text.lower())
    if event is None:
        raise ValueError(f"event must be 0 or 1, got {quoted(text)}" if text else "it is empty")
    return event


def read_date(text: str) -> date:
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        raise ValueError(f"{quoted(text)} is no date like 2024-03-31") from None
